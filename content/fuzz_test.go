package content

import (
	"math"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"
)

// FuzzSearch: whatever a person sends, search answers in bounds and without
// panic, and the same way twice.
func FuzzSearch(f *testing.F) {
	for _, s := range []string{"", "価格表はどこ", "ＡＰＩ ｷｰ", "\xff\xfe\x00", "👨‍👩‍👧‍👦🏳️‍🌈", "مرحبا كيف", "‮abc", "ー", "ーーーー", "々", "é́́́", "a'b’c", strings.Repeat("﷽", 50),
		"office365 5.7.750", "はひふへほ", "ｶﾞｷﾞ", strings.Repeat("あ", 1000), "ヷヸ𠮷野家", "\u200d\u200d", "'", "’’", "３,０００円"} {
		f.Add(s)
	}
	emb := fstest.MapFS{"words/ja.yaml": {Data: []byte("a: b\n")}, "faq/a.yaml": {Data: []byte("entries:\n" +
		entryYAML("one", "価格表はどこですか") + entryYAML("two", "APIキーの再発行") + entryYAML("three", "'ー 5.7.750'") + entryYAML("four", "はひふへほ"))},
		"materials/materials.yaml": {Data: []byte("materials:\n  - {key: m, kind: tool, title: 価格表 2026, url: 'https://a.example/'}\n")}}
	small, _, err := Open(Options{Embedded: emb, Small: true})
	if err != nil {
		f.Fatal(err)
	}
	full, _, err := Open(Options{Embedded: emb})
	if err != nil {
		f.Fatal(err)
	}
	<-full.Ready()
	f.Fuzz(func(t *testing.T, s string) {
		for _, l := range []*Library{small, full} {
			r := l.Search(s, Reader{})
			if len(r.Hits) == 0 && r.Decision != None {
				t.Fatalf("decided %s without a hit", r.Decision)
			}
			last := math.Inf(1)
			for _, h := range r.Hits {
				if !(h.Score >= 0 && h.Score <= 1) || h.Score > last {
					t.Fatalf("score %v after %v", h.Score, last)
				}
				last = h.Score
				if _, ok := l.Entry(h.Key, Reader{}); !ok {
					t.Fatalf("hit %q is no entry", h.Key)
				}
			}
			again := l.Search(s, Reader{})
			if len(again.Hits) != len(r.Hits) || again.Decision != r.Decision || (len(r.Hits) > 0 && again.Hits[0] != r.Hits[0]) {
				t.Fatalf("the same question was answered differently: %+v, %+v", r, again)
			}
			l.MaterialsNamed(s, Reader{})
		}
		if n := normalize(s, 100); !utf8.ValidString(n) || utf8.RuneCountInString(n) > 400 {
			t.Fatalf("normalized to %d characters, valid %v", utf8.RuneCountInString(n), utf8.ValidString(n))
		}
	})
}

// FuzzLoad: whatever stands in a file, the other file is served, every problem
// has a place in the file, and what is served is sound.
func FuzzLoad(f *testing.F) {
	for _, s := range []string{"", "entries:\n" + entryYAML("k", "質問"), "entries: [", "a: *b", "entries:\n- key: k\n  question: \"x\n- key: l\n  question: q\n  answer: a\n",
		"entries:\n  -\n  - - -\n", "entries:\n- {key: k, question: {ja: a, en: b}, answer: c, audience: {tiers: [x]}}\n", "? a\n: b", "%YAML 1.2\n---\nentries: []", "entries: !!seq []", "\t", "entries:\n- key: k\n  question: |\n    a\n   b\n", "entries:\r\n- key: k\r\n", "<<: {a: b}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		lines := strings.Count(string(src), "\n") + strings.Count(string(src), "\r") + 1
		for _, area := range []string{areaFAQ, areaMaterials, areaWords} {
			name := area + "/ja.yaml"
			good := loadFile(name, area, []byte(goodFile[area]), nil)
			for _, old := range []*contentFile{nil, good} {
				c := loadFile(name, area, src, old)
				for _, p := range c.problems {
					if p.File != name || p.Line < 0 || p.Line > lines+1 || p.Text == "" {
						t.Fatalf("problem %+v in a file of %d lines", p, lines)
					}
				}
				for _, e := range c.entries {
					if !ValidKey(e.Key) || len(e.Question) == 0 || len(e.Answer) == 0 || !utf8.ValidString(e.Question.In("ja")) {
						t.Fatalf("served %+v", e)
					}
				}
				for _, m := range c.materials {
					if !ValidKey(m.Key) || len(m.Title) == 0 || (m.Kind == Tool) != (m.URL != "") {
						t.Fatalf("served %+v", m)
					}
				}
			}
		}
		// The same bytes as a row.
		if e, ps := DecodeEntry(src); len(ps) == 0 {
			if again, ps := DecodeEntry(e.Body()); len(ps) > 0 || again.Key != e.Key || again.Audience.Everybody() != e.Audience.Everybody() {
				t.Fatalf("an entry's own body is refused or changed: %v %+v", ps, again)
			}
		}
		DecodeMaterial(src)
	})
}

var goodFile = map[string]string{
	areaFAQ:       "entries:\n" + entryYAML("k", "質問"),
	areaMaterials: "materials:\n  - {key: m, kind: tool, title: 道具, url: 'https://a.example/'}\n",
	areaWords:     "a: b\n",
}

// FuzzImport: whatever is in the file, imported entries are sound and every
// problem names the file.
func FuzzImport(f *testing.F) {
	f.Add([]byte(sheet))
	f.Add([]byte("question,answer\nq,a\n"))
	f.Add([]byte("質問\t回答\n\"a\"\"\tb\n"))
	f.Add([]byte("\xff\xfeq\x00"))
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte("\x8e\xbf\x96\xe2,\x89\xf1\x93\x9a\na,b\n"))
	f.Add([]byte("question;answer;audience\nq;a;tier:x\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		es, ps := ImportFAQ(strings.NewReader(string(src)), "f")
		seen := map[string]bool{}
		for _, e := range es {
			if !ValidKey(e.Key) || seen[e.Key] || len(e.Question) == 0 || len(e.Answer) == 0 {
				t.Fatalf("imported %+v", e)
			}
			seen[e.Key] = true
			if bad := CheckRow(Row{"faq", e.Key, e.Body()}); len(bad) > 0 {
				t.Fatalf("an imported entry is refused as a row: %v", bad)
			}
		}
		for _, p := range ps {
			if p.File != "f" || p.Text == "" {
				t.Fatalf("problem %+v", p)
			}
		}
	})
}
