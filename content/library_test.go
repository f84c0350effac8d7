package content

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestAudience(t *testing.T) {
	aoba := Reader{Partner: "p-aoba", Tier: "gold", Tags: []string{"東日本"}}
	for _, c := range []struct {
		name string
		a    Audience
		r    Reader
		want bool
	}{
		{"nobody named is everybody", Audience{}, Reader{}, true},
		{"named", Audience{Partners: []string{"p-aoba"}}, aoba, true},
		{"other", Audience{Partners: []string{"p-midori"}}, aoba, false},
		{"tier", Audience{Tiers: []string{"gold", "silver"}}, aoba, true},
		{"all must hold", Audience{Partners: []string{"p-aoba"}, Tiers: []string{"silver"}}, aoba, false},
		{"tag", Audience{Tags: []string{"東日本"}}, aoba, true},
		{"no tag", Audience{Tags: []string{"東日本"}}, Reader{Partner: "p-aoba"}, false},
		{"an empty key never matches", Audience{Partners: []string{""}}, Reader{}, false},
		{"an empty tier never matches", Audience{Tiers: []string{""}}, Reader{Partner: "p"}, false},
		{"an empty tag never matches", Audience{Tags: []string{""}}, Reader{Tags: []string{""}}, false},
		{"staff", Audience{Partners: []string{"p-midori"}}, Reader{Staff: true}, true},
		{"public only", Audience{Partners: []string{"p-aoba"}}, Reader{Partner: "p-aoba", PublicOnly: true}, false},
		{"public only wins over staff", Audience{Partners: []string{"p-aoba"}}, Reader{Staff: true, PublicOnly: true}, false},
		{"public only sees what is for all", Audience{}, Reader{PublicOnly: true}, true},
		{"case counts", Audience{Partners: []string{"P-AOBA"}}, aoba, false},
	} {
		if got := c.a.Includes(c.r); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

const twoPartners = `entries:
  - key: all
    question: 見積書の作り方
    answer: はい
  - key: aoba
    question: 見積書の作り方 青葉向け
    answer: はい
    audience: [p-aoba]
  - key: past
    question: 見積書の作り方 昨年度
    answer: はい
    valid_until: 2026-03-31
  - key: future
    question: 見積書の作り方 来年度
    answer: はい
    valid_from: 2027-04-01
`

func TestNobodyFindsWhatIsNotForThemOrNotForToday(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*3600)
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, tokyo)
	l, probs := open(t, Options{Dir: write(t, map[string]string{"faq/a.yaml": twoPartners}), Zone: tokyo, Now: func() time.Time { return now }})
	if len(probs) > 0 {
		t.Fatal(listing(probs))
	}
	find := func(r Reader) string {
		var keys []string
		for _, h := range l.Search("見積書の作り方", r).Hits {
			keys = append(keys, h.Key)
		}
		slices.Sort(keys)
		return strings.Join(keys, " ")
	}
	for _, c := range []struct {
		name string
		at   time.Time
		r    Reader
		want string
	}{
		{"aoba", now, Reader{Partner: "p-aoba"}, "all aoba"},
		{"midori", now, Reader{Partner: "p-midori"}, "all"},
		{"a room of two organisations", now, Reader{Partner: "p-aoba", PublicOnly: true}, "all"},
		{"the last moment of the last day", time.Date(2026, 3, 31, 23, 59, 59, 999999999, tokyo), Reader{}, "all past"},
		{"the next day", time.Date(2026, 4, 1, 0, 0, 0, 0, tokyo), Reader{}, "all"},
		{"still the day before in UTC", time.Date(2027, 3, 31, 15, 0, 0, 0, time.UTC), Reader{}, "all future"},
		{"staff", now, Reader{Staff: true}, "all aoba"},
	} {
		now = c.at
		if got := find(c.r); got != c.want {
			t.Errorf("%s: found %q, want %q", c.name, got, c.want)
		}
	}
	if _, ok := l.Entry("aoba", Reader{Partner: "p-midori"}); ok {
		t.Error("midori can open aoba's entry by its key")
	}
}

const someMaterials = `materials:
  - {key: price-2026, kind: document, title: {ja: 価格表 2026年度下期, en: Price list FY2026 H2}, file: p.pdf, audience: {tiers: [gold]}, download: true}
  - {key: price-2025, kind: document, title: 価格表 2025年度, file: p.pdf, valid_until: 2026-03-31}
  - {key: demo, kind: tool, title: 見積もりシミュレーター, url: "https://tools.example.com/estimate"}
  - {key: next, kind: document, title: 新製品ガイド, file: p.pdf, valid_from: 2027-01-01}
`

func TestMaterialsAreGivenByAudienceAndDay(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	dir := write(t, map[string]string{"materials/materials.yaml": someMaterials, "materials/p.pdf": "%PDF-1.7 x"})
	l, probs := open(t, Options{Dir: dir, Now: func() time.Time { return now }})
	if len(probs) > 0 {
		t.Fatal(listing(probs))
	}
	gold := Reader{Partner: "p-aoba", Tier: "gold"}
	for _, c := range []struct {
		key  string
		r    Reader
		want State
	}{
		{"price-2026", gold, Served}, {"price-2026", Reader{Partner: "x"}, NotFor}, {"price-2025", gold, Expired},
		{"next", gold, NotYet}, {"nothing", gold, Unknown}, {"demo", Reader{}, Served},
	} {
		m, got := l.Material(c.key, c.r)
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.key, got, c.want)
		}
		if (got == NotFor || got == Unknown) && (m.Key != "" || len(m.Title) > 0) {
			t.Errorf("%s: %s, yet its title is told", c.key, got)
		}
	}
	if got := len(l.Materials(gold)); got != 2 {
		t.Errorf("gold may have %d materials, want 2", got)
	}
	m, _ := l.Material("price-2026", gold)
	f, err := l.OpenFile(m)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, _ := io.ReadAll(f); string(b) != "%PDF-1.7 x" || m.Type != "application/pdf" || m.Size != int64(len(b)) || m.Name() != "p.pdf" {
		t.Errorf("file %q, type %s, size %d, name %s", b, m.Type, m.Size, m.Name())
	}
	tool, _ := l.Material("demo", gold)
	if _, err := l.OpenFile(tool); !errors.Is(err, ErrNoFile) {
		t.Errorf("opening a tool: %v, want ErrNoFile", err)
	}
}

func TestMaterialsNamed(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	dir := write(t, map[string]string{"materials/materials.yaml": someMaterials, "materials/p.pdf": "%PDF-1.7 x"})
	for _, small := range []bool{true, false} {
		l, _, err := Open(Options{Dir: dir, Small: small, Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		<-l.Ready()
		for _, c := range []struct{ text, want string }{
			{"価格表 2026年度下期", "price-2026"},
			{"価格表をください", "price-2026"},
			{"最新の価格表を送ってもらえますか", "price-2026"},
			{"price list please", "price-2026"},
			{"見積りシミュレータ", "demo"},
			{"見積もりシミュレーターのURLを教えて", "demo"},
			{"新製品ガイド", ""},
			{"こんにちは", ""},
			{"価格表の改定はいつですか", ""},
			{"価格表はどこ？", "price-2026"},
			{"ｶｶｸ表", ""},
			{"PRICE LIST", "price-2026"},
			{"how is the price list calculated for resellers", ""},
			{"来週の打ち合わせの時間を変えたい", ""},
			{"年度", ""},
			{"", ""},
		} {
			got := ""
			if ms := l.MaterialsNamed(c.text, Reader{Partner: "p", Tier: "gold"}); len(ms) > 0 {
				got = ms[0].Key
			}
			if got != c.want {
				t.Errorf("small %v: %q named %q, want %q", small, c.text, got, c.want)
			}
		}
		if ms := l.MaterialsNamed("価格表", Reader{Partner: "p"}); len(ms) > 0 {
			t.Errorf("a partner outside the audience was offered %s", ms[0].Key)
		}
	}
}

func TestRowsOverlayFilesByKey(t *testing.T) {
	store := t.TempDir()
	sha, size, mime, err := StoreFile(store, strings.NewReader("%PDF-1.7 stored"))
	if err != nil {
		t.Fatal(err)
	}
	dir := write(t, map[string]string{"faq/a.yaml": "entries:\n" + entryYAML("k", "古い質問") + entryYAML("other", "別"),
		"materials/materials.yaml": "materials:\n  - {key: m, kind: document, title: 古い, file: m.pdf}\n", "materials/m.pdf": "%PDF-1.7 file"})
	l, _ := open(t, Options{Dir: dir, Files: os.DirFS(store)})
	body := func(v any) json.RawMessage { b, _ := json.Marshal(v); return b }
	rows := []Row{
		{"faq", "k", body(map[string]any{"key": "k", "question": "新しい質問", "answer": "新しい答え", "materials": []string{"m"}})},
		{"faq", "added", body(map[string]any{"key": "added", "question": map[string]string{"en": "Added?"}, "answer": "はい"})},
		{"material", "m", body(map[string]any{"key": "m", "kind": "document", "title": "新しい", "sha256": sha, "file_name": "新.pdf", "type": mime, "size": size, "version": 2})},
	}
	if ps := l.Overlay(rows); len(ps) > 0 {
		t.Fatal(listing(ps))
	}
	if e, _ := l.AnyEntry("k"); e.Question["ja"] != "新しい質問" {
		t.Errorf("k asks %q", e.Question["ja"])
	}
	if r := l.Search("新しい質問", Reader{}); len(r.Hits) == 0 || r.Hits[0].Key != "k" {
		t.Errorf("the row's words are not searched: %+v", r)
	}
	m, _ := l.AnyMaterial("m")
	f, err := l.OpenFile(m)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(f)
	f.Close()
	if string(b) != "%PDF-1.7 stored" || m.Name() != "新.pdf" || m.Version != 2 {
		t.Errorf("file %q name %q version %d", b, m.Name(), m.Version)
	}
	if got := l.Overlays(); len(got) != 3 || got[0].String() != "faq k comes from the database and stands over faq/a.yaml:2" || got[1].File != "" {
		t.Errorf("overlays %v", got)
	}
	if e, ok := l.FileEntry("k"); !ok || e.Question["ja"] != "古い質問" {
		t.Errorf("under the row the file says %v", e.Question)
	}
	if e, ok := l.FileEntry("other"); !ok || e.Key != "other" {
		t.Error("an entry over which nothing lies is not in its file")
	}
	// The library's own bodies are accepted again.
	e, _ := l.AnyEntry("k")
	if ps := CheckRow(Row{"faq", "k", e.Body()}); len(ps) > 0 {
		t.Errorf("an entry's own body is refused: %s", listing(ps))
	}
	if ps := CheckRow(Row{"material", "m", m.Body()}); len(ps) > 0 {
		t.Errorf("a material's own body is refused: %s", listing(ps))
	}

	// A broken row takes its key out of service and nothing else.
	ps := l.Overlay([]Row{{"faq", "k", json.RawMessage(`{"key":"k","question":"x","answer":"y","audiense":["p"]}`)}, {"faq", "z", json.RawMessage(`{`)}, {"faq", "a", json.RawMessage(`{"key":"b","question":"x","answer":"y"}`)}, {"gap", "a", nil}})
	if len(ps) != 4 || !strings.Contains(listing(ps), `row faq/k: entry k has an unknown field "audiense": did you mean "audience"?`) {
		t.Errorf("problems of broken rows:\n%s", listing(ps))
	}
	if _, ok := l.AnyEntry("k"); ok {
		t.Error("the file's entry is served although a broken row stands over it")
	}
	if _, ok := l.AnyEntry("other"); !ok {
		t.Error("another entry went with the broken row")
	}
	l.Overlay(nil)
	if e, _ := l.AnyEntry("k"); e.Question["ja"] != "古い質問" || len(l.Overlays()) != 0 {
		t.Error("without rows the files must stand again")
	}
}

func TestTheSampleStepsAsideButItsWordsStay(t *testing.T) {
	emb := fstest.MapFS{
		"faq/a.yaml":    {Data: []byte("entries:\n" + entryYAML("sample", "見本の質問"))},
		"words/ja.yaml": {Data: []byte("hi: こんにちは\n")}, "words/en.yaml": {Data: []byte("hi: Hello\n")},
	}
	l, _ := open(t, Options{Embedded: emb})
	if _, ok := l.Entry("sample", Reader{}); !ok {
		t.Fatal("the sample is not served")
	}
	l.Overlay([]Row{{"faq", "own", json.RawMessage(`{"key":"own","question":"自社","answer":"はい"}`)}})
	l.HideSample(true)
	if es := l.AllEntries(); len(es) != 1 || es[0].Key != "own" {
		t.Errorf("after stepping aside: %v", es)
	}
	if got := l.Say("ja", "hi"); got != "こんにちは" {
		t.Errorf("words went too: %q", got)
	}
	if r := l.Search("見本の質問", Reader{}); len(r.Hits) > 0 {
		t.Error("the sample is still found")
	}
	l.HideSample(false)
	if len(l.AllEntries()) != 2 {
		t.Error("the sample did not come back")
	}
}

func TestWords(t *testing.T) {
	l, probs := open(t, Options{Dir: write(t, map[string]string{"words/ja.yaml": "hi: やあ {name}さん\nhii: 綴り違い\n"})})
	if got := listing(probs); got != `words/ja.yaml:2: word "hii" is said nowhere: did you mean "hi"?`+"\n" {
		t.Errorf("problems: %s", got)
	}
	for _, c := range []struct{ got, want string }{
		{l.Say("ja", "hi", "name", "田中"), "やあ 田中さん"},
		{l.Say("en", "hi", "name", "{name}"), "Hello {name}"},
		{l.Say("fr", "faq.none"), "なし"},
		{l.Say("ja", "no.such.key"), "no.such.key"},
		{l.Say("ja", "hi"), "やあ {name}さん"},
		{l.Say("ja", "hi", "name"), "やあ {name}さん"},
		{l.Say("ja", "hi", "name", 3), "やあ 3さん"},
		{strings.Join(l.Languages(), " "), "en ja"},
		{strings.Join(l.Keys(), " "), "faq.none hi"},
		{strings.Join(l.Missing(), " "), ""},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	gaps, _ := open(t, Options{Embedded: fstest.MapFS{
		"words/ja.yaml": {Data: []byte("a: あ\nb: \"{n}件\"\n")}, "words/en.yaml": {Data: []byte("b: items\nc: c\n")}}})
	if got := strings.Join(gaps.Missing(), "; "); got != "en a; ja b has the placeholders {n}, not none; ja c" && got != "en a; ja c; ja b has the placeholders {n}, not none" {
		t.Errorf("missing: %s", got)
	}
}

func TestBuiltInWordsAreComplete(t *testing.T) {
	l, _, err := Open(Options{Small: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range l.Missing() {
		t.Error(m)
	}
	if len(l.Keys()) == 0 {
		t.Error("there are no words")
	}
}

func TestStoredFilesAreWholeAndPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "files")
	sha, size, mime, err := StoreFile(dir, strings.NewReader("%PDF-1.4\nhello"))
	if err != nil {
		t.Fatal(err)
	}
	if size != 14 || mime != "application/pdf" || !shaForm(sha) {
		t.Errorf("%s %d %s", sha, size, mime)
	}
	p := filepath.Join(dir, filepath.FromSlash(StoredPath(sha)))
	st, err := os.Stat(p)
	if err != nil {
		t.Fatal(err)
	}
	if st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", st.Mode().Perm())
	}
	if again, _, _, err := StoreFile(dir, strings.NewReader("%PDF-1.4\nhello")); err != nil || again != sha {
		t.Errorf("the same bytes again: %s %v", again, err)
	}
	if _, _, kind, err := StoreFile(t.TempDir(), bytes.NewReader(workbook(t, [][]any{{"質問"}}))); err != nil || !Office.accepts(kind) {
		t.Errorf("a workbook is stored as %s, %v", kind, err)
	}
	for name, r := range map[string]io.Reader{"empty": strings.NewReader(""), "torn": io.MultiReader(strings.NewReader("%PDF"), errReader{})} {
		if _, _, _, err := StoreFile(dir, r); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	n := 0
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, _ error) error {
		if !d.IsDir() {
			n++
		}
		return nil
	})
	if n != 1 {
		t.Errorf("%d files lie in storage, want 1: failed ones must be cleared away", n)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errors.New("torn") }

func TestSniff(t *testing.T) {
	for _, c := range []struct{ head, name, want string }{
		{"%PDF-1.7", "", "application/pdf"},
		{"\xef\xbb\xbf%PDF-1.7", "", "application/pdf"},
		{"PK\x03\x04........word/document.xml", "", openXML + "wordprocessingml.document"},
		{"PK\x03\x04....[Content_Types].xml", "a.XLSX", openXML + "spreadsheetml.sheet"},
		{"PK\x03\x04something", "a.xlsx", "application/zip"},
		{"\x00\x00\x00\x18ftypmp42........", "", "video/mp4"},
		{"\x89PNG\r\n\x1a\n", "", "image/png"},
		{"<html>", "x.pdf", "text/html"},
		{"", "", "text/plain"},
	} {
		if got := sniff([]byte(c.head), c.name); got != c.want {
			t.Errorf("%q: %s, want %s", c.head, got, c.want)
		}
	}
	if sniff(bytes.Repeat([]byte{0}, 100), "") == "application/pdf" {
		t.Error("zeros are no PDF")
	}
}

func TestStoredFilesThatNothingUsesAreCleared(t *testing.T) {
	dir, long := t.TempDir(), time.Now().Add(-StoredGrace-time.Minute)
	store := func(text string, at time.Time) (sha, name string) {
		sha, _, _, err := StoreFile(dir, strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		name = filepath.Join(dir, StoredPath(sha))
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
		return sha, name
	}
	there := func(name string) bool { _, err := os.Stat(name); return err == nil }
	inUse, a := store("in use", long)
	inFile, b := store("in a file of content.dir", long)
	_, fresh := store("just uploaded", time.Now())
	taken, c := store("taken up again", long)
	gone, d := store("used for nothing", long)
	_, again := store("uploaded again", long)
	if _, _, _, err := StoreFile(dir, strings.NewReader("uploaded again")); err != nil {
		t.Fatal(err)
	}
	back, e := store("its clearing was interrupted, and it is in use", long)
	half, other := filepath.Join(dir, ".incoming-1"), filepath.Join(dir, "README")
	for _, name := range []string{half, other} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, long, long); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(e, e+".going"); err != nil {
		t.Fatal(err)
	}
	files := t.TempDir()
	if err := os.WriteFile(filepath.Join(files, "m.yaml"), []byte("materials: [{key: x, sha256: "+inFile+"}"), 0o600); err != nil { // broken YAML, too
		t.Fatal(err)
	}
	used := map[string]bool{back: true}
	StoredIn(used, `{"key":"m","sha256":"`+inUse+`"}`)
	if err := StoredInFiles(used, files); err != nil {
		t.Fatal(err)
	}
	if err := UseStored(dir, taken); err != nil {
		t.Fatal(err)
	}
	if n, err := ClearStored(dir, used, true); err != nil || n < 2 || !there(d) || !there(half) {
		t.Fatal("looking clears", n, err)
	}
	if n, err := ClearStored(dir, used, false); err != nil || n != 2 {
		t.Error(n, err)
	}
	for what, name := range map[string]string{"in use": a, "named by a file": b, "fresh": fresh, "taken up": c, "uploaded again": again, "interrupted": e, "not ours": other} {
		if !there(name) {
			t.Errorf("the one that is %s was cleared", what)
		}
	}
	if there(d) || there(half) {
		t.Error("what nothing uses is still there")
	}
	if err := UseStored(dir, gone); !errors.Is(err, fs.ErrNotExist) {
		t.Error("it can be taken up although it is gone:", err)
	}
	if n, err := ClearStored(filepath.Join(dir, "none"), nil, false); err != nil || n != 0 {
		t.Error("no storage yet", n, err)
	}
}
