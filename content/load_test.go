package content

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
)

// write puts files into a fresh content folder and gives its path.
func write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		put(t, dir, name, text)
	}
	return dir
}

func put(t testing.TB, dir, name, text string) {
	t.Helper()
	p := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, o Options) (*Library, []Problem) {
	t.Helper()
	if o.Embedded == nil {
		o.Embedded = fstest.MapFS{"words/ja.yaml": {Data: []byte("faq.none: なし\nhi: \"こんにちは、{name}様\"\n")}, "words/en.yaml": {Data: []byte("faq.none: none\nhi: Hello {name}\n")}}
	}
	o.Small = true
	l, probs, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return l, probs
}

func listing(ps []Problem) string {
	var b strings.Builder
	for _, p := range ps {
		b.WriteString(p.String() + "\n")
	}
	return b.String()
}

func entryYAML(key, question string) string {
	return fmt.Sprintf("  - key: %s\n    question: %s\n    answer: 答えです\n", key, question)
}

func TestFiveFaultsInOneFileAreFiveProblems(t *testing.T) {
	dir := write(t, map[string]string{"faq/a.yaml": `entries:
  - key: one
    question: 一つ目
    anser: 綴りが違う
    answer: はい
  - key: Two
    question: 二つ目
    answer: はい
  - key: three
    question: [並び]
    answer: はい
  - key: four
    question: 四つ目
    answer: はい
    valid_from: 2026-05-01
    valid_until: 2026-04-01
  - key: five
    question: 五つ目
    answer: はい
    audience: {partner: [p-aoba]}
  - key: six
    question: 六つ目
    answer: これは出る
`})
	l, probs := open(t, Options{Dir: dir})
	want := []string{
		`faq/a.yaml:4: entry one has an unknown field "anser": did you mean "answer"?`,
		`faq/a.yaml:6: key "Two" must be small letters`,
		`faq/a.yaml:10: question must be a text or {ja: …, en: …}, not a list`,
		`faq/a.yaml:16: entry four ends (valid_until 2026-04-01) before it begins (valid_from 2026-05-01)`,
		`faq/a.yaml:20: audience has an unknown field "partner": did you mean "partners"?`,
	}
	if len(probs) != len(want) {
		t.Fatalf("%d problems, want %d:\n%s", len(probs), len(want), listing(probs))
	}
	for i, w := range want {
		if !strings.HasPrefix(probs[i].String(), w) {
			t.Errorf("problem %d: %s\nwant %s", i, probs[i], w)
		}
	}
	if es := l.AllEntries(); len(es) != 1 || es[0].Key != "six" || es[0].Line != 21 {
		t.Errorf("served %+v, want only six of line 21", es)
	}
}

func TestABrokenEntryDoesNotSinkItsFile(t *testing.T) {
	for name, broken := range map[string]string{
		"open quote":      "  - key: broken\n    question: \"開いたまま\n    answer: x\n",
		"bad indentation": "  - key: broken\n    question: a\n   answer: b\n",
		"open bracket":    "  - key: broken\n    question: a\n    answer: b\n    tags: [a, b\n",
		"tab":             "  - key: broken\n\tquestion: a\n    answer: b\n",
		"colon in text":   "  - key: broken\n    question: a: b: c\n    answer: b\n",
		"anchor":          "  - key: broken\n    question: &x a\n    answer: *x\n",
	} {
		t.Run(name, func(t *testing.T) {
			src := "# head\nentries:\n" + entryYAML("before", "前の質問") + broken + entryYAML("after", "後の質問")
			l, probs := open(t, Options{Dir: write(t, map[string]string{"faq/a.yaml": src})})
			if len(probs) == 0 {
				t.Fatal("no problem was named")
			}
			for _, p := range probs {
				if p.File != "faq/a.yaml" || p.Line < 6 || p.Line > 9 {
					t.Errorf("problem %s: want a line of the broken entry, 6 to 9", p)
				}
			}
			for _, k := range []string{"before", "after"} {
				e, ok := l.Entry(k, Reader{})
				if !ok {
					t.Errorf("%s is not served", k)
				} else if k == "after" && e.Line != 6+strings.Count(broken, "\n") {
					t.Errorf("after is on line %d, want %d", e.Line, 6+strings.Count(broken, "\n"))
				}
			}
			if _, ok := l.AnyEntry("broken"); ok {
				t.Error("the broken entry is served")
			}
		})
	}
}

func TestCrossChecks(t *testing.T) {
	dir := write(t, map[string]string{
		"faq/a.yaml": "entries:\n" + entryYAML("same", "質問") + "    materials: [price-lst]\n",
		"faq/b.yaml": "entries:\n" + entryYAML("same", "別の質問"),
		"materials/materials.yaml": `materials:
  - {key: price-list, kind: document, title: 価格表, file: price.pdf}
  - {key: fake, kind: document, title: 偽物, file: fake.pdf}
  - {key: gone, kind: video, title: 動画, file: gone.mp4}
  - {key: away, kind: document, title: 外, file: ../../etc/passwd}
  - {key: tool, kind: tool, title: 道具, file: price.pdf}
  - {key: doc, kind: document, title: 文書, url: "https://example.com/"}
  - {key: odd, kind: documnt, title: 文書, file: price.pdf}
  - {key: cover, kind: document, title: 文書, file: price.pdf, image: fake.pdf}
  - {key: ver, kind: document, title: 文書, file: price.pdf, version: "3"}
`,
		"materials/price.pdf": "%PDF-1.7\n…",
		"materials/fake.pdf":  "PK\x03\x04word/document.xml",
	})
	_, probs := open(t, Options{Dir: dir})
	got := listing(probs)
	for _, want := range []string{
		`faq/a.yaml:2: entry same names the material "price-lst", which does not exist: did you mean "price-list"?`,
		`faq/b.yaml:2: entry same is already in faq/a.yaml:2; that one is served`,
		`materials/materials.yaml:3: material fake is a document, which is a PDF, but fake.pdf looks like application/vnd`,
		`materials/materials.yaml:4: material gone: file materials/gone.mp4 does not exist`,
		`materials/materials.yaml:5: material away: file "../../etc/passwd" must be a path beside`,
		`materials/materials.yaml:6: material tool is a tool: it has a url, not a file`,
		`materials/materials.yaml:6: material tool is a tool and needs a url`,
		`materials/materials.yaml:7: material doc is a document: only a tool has a url`,
		`materials/materials.yaml:7: material doc is a document and needs a file`,
		`materials/materials.yaml:8: material odd has an unknown kind "documnt": did you mean "document"?`,
		`materials/materials.yaml:9: material cover: its cover must be a PNG or JPEG picture`,
		`materials/materials.yaml:10: version must be a whole number from 1`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing problem: %s", want)
		}
	}
	if len(probs) != 12 {
		t.Errorf("%d problems, want 12:\n%s", len(probs), got)
	}
}

func TestAReloadThatBreaksAFileKeepsItsLastGoodEntries(t *testing.T) {
	dir := write(t, map[string]string{"faq/a.yaml": "entries:\n" + entryYAML("one", "一") + entryYAML("two", "二")})
	l, _ := open(t, Options{Dir: dir})

	put(t, dir, "faq/a.yaml", "entries:\n  - key: one\n    question: \"一\n"+entryYAML("two", "二の新しい形"))
	if ps := l.Reload(); len(ps) == 0 {
		t.Error("the broken entry is not named")
	}
	if e, ok := l.Entry("one", Reader{}); !ok || e.Question["ja"] != "一" {
		t.Errorf("one: %+v %v, want its last good state", e, ok)
	}
	if e, _ := l.Entry("two", Reader{}); e.Question["ja"] != "二の新しい形" {
		t.Errorf("two: %q, want the new state", e.Question["ja"])
	}

	put(t, dir, "faq/a.yaml", "}}} nothing of the kind")
	if ps := l.Reload(); len(ps) == 0 {
		t.Error("the unreadable file is not named")
	}
	if n := len(l.AllEntries()); n != 2 {
		t.Errorf("%d entries after the whole file broke, want 2", n)
	}

	put(t, dir, "faq/a.yaml", "entries:\n"+entryYAML("two", "二"))
	if ps := l.Reload(); len(ps) != 0 {
		t.Errorf("problems after the repair: %s", listing(ps))
	}
	if _, ok := l.AnyEntry("one"); ok {
		t.Error("one is still served although it was deleted")
	}
	if err := os.Remove(filepath.Join(dir, "faq/a.yaml")); err != nil {
		t.Fatal(err)
	}
	l.Reload()
	if n := len(l.AllEntries()); n != 0 {
		t.Errorf("%d entries after the file was removed", n)
	}
}

func TestWatchSeesChangesWhileReadersReadOn(t *testing.T) {
	dir := write(t, map[string]string{"faq/a.yaml": "entries:\n" + entryYAML("k", "版は零です")})
	l, _ := open(t, Options{Dir: dir})
	ctx, cancel := context.WithCancel(t.Context())
	reported := make(chan int, 100)
	var wg sync.WaitGroup
	wg.Go(func() { l.Watch(ctx, 5*time.Millisecond, func(ps []Problem) { reported <- len(ps) }) })
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				e, ok := l.Entry("k", Reader{})
				if !ok || e.Question["ja"] == "" {
					t.Error("a reader saw a half-loaded entry")
					return
				}
				if r := l.Search("版は何ですか", Reader{}); len(r.Hits) != 1 {
					t.Errorf("a reader found %d entries, want 1", len(r.Hits))
					return
				}
			}
		})
	}
	for i := range 10 {
		put(t, dir, "faq/tmp", entryYAML("k", fmt.Sprintf("版は%d番です", i)))
		b, _ := os.ReadFile(filepath.Join(dir, "faq/tmp"))
		put(t, dir, "faq/tmp", "entries:\n"+string(b))
		if err := os.Rename(filepath.Join(dir, "faq/tmp"), filepath.Join(dir, "faq/a.yaml")); err != nil {
			t.Fatal(err)
		}
		select {
		case n := <-reported:
			if n != 0 {
				t.Errorf("change %d: %d problems", i, n)
			}
		case <-time.After(time.Minute):
			t.Fatalf("change %d was not seen", i)
		}
		if e, _ := l.Entry("k", Reader{}); e.Question["ja"] != fmt.Sprintf("版は%d番です", i) {
			t.Errorf("after change %d: %s", i, e.Question["ja"])
		}
	}
	cancel()
	wg.Wait()
}

func TestPlainFormsAreJapanese(t *testing.T) {
	l, probs := open(t, Options{Dir: write(t, map[string]string{"faq/a.yaml": `entries:
  - key: k
    question: 質問
    variants: [一, 二]
    answer: {en: Yes it is}
    owner: s-ito
    audience: [p-aoba]
`})})
	if len(probs) > 0 {
		t.Fatal(listing(probs))
	}
	e, _ := l.AnyEntry("k")
	if e.Question["ja"] != "質問" || len(e.Variants["ja"]) != 2 || e.Answer.In("ja") != "Yes it is" || e.Owner.Person != "s-ito" || len(e.Audience.Partners) != 1 {
		t.Errorf("%+v", e)
	}
}

func TestHostileYAMLIsRefusedQuietly(t *testing.T) {
	for name, src := range map[string]string{
		"deep flow":    strings.Repeat("[", 100_000),
		"deep maps":    strings.Repeat("{a: ", 100_000),
		"deep dashes":  strings.Repeat("- ", 100_000) + "x",
		"deep indent":  deepIndent(2000),
		"laughs":       "a: &a [x,x]\nb: &b [*a,*a]\nentries: [*b,*b]\n",
		"two docs":     "entries: []\n---\nentries: []\n",
		"bad utf8":     "entries:\n  - key: k\n    question: \"\xff\xfe\"\n    answer: b\n",
		"binary":       "\x00\x01\x02\x03",
		"wrong top":    "- a\n- b\n",
		"unknown top":  "entires: []\n",
		"entries text": "entries: all of them\n",
	} {
		t.Run(name, func(t *testing.T) {
			l, probs := open(t, Options{Dir: write(t, map[string]string{"faq/a.yaml": src, "faq/b.yaml": "entries:\n" + entryYAML("ok", "大丈夫")})})
			if len(probs) == 0 {
				t.Error("no problem was named")
			}
			if _, ok := l.Entry("ok", Reader{}); !ok || len(l.AllEntries()) != 1 {
				t.Error("the other file's entry must be served, and nothing else")
			}
		})
	}
}

func deepIndent(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}
