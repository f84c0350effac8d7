package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"akari/content"
)

// The examples of docs/content.md are taken as they stand there.
func TestExamplesOfTheContentPageAreGood(t *testing.T) {
	page, err := os.ReadFile("docs/content.md")
	if err != nil {
		t.Fatal(err)
	}
	dir, list := t.TempDir(), ""
	put := func(name, body string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range regexp.MustCompile("(?s)```(yaml|csv)\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		switch {
		case m[1] == "csv":
			list = m[2]
		case strings.HasPrefix(m[2], "entries:"):
			put("faq/faq.yaml", m[2])
		case strings.HasPrefix(m[2], "materials:"):
			put("materials/materials.yaml", m[2])
		default:
			put("words/ja.yaml", m[2])
		}
	}
	for _, like := range []string{"price-list-2026h2.pdf", "price-list-2026h2.png"} {
		b, err := os.ReadFile("content/materials/" + like)
		if err != nil {
			t.Fatal(err)
		}
		put("materials/"+strings.Replace(like, "-2026h2.png", ".png", 1), string(b))
	}
	l, problems, err := content.Open(content.Options{Dir: dir, Small: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s:%d: %s", p.File, p.Line, p.Text)
	}
	if _, ok := l.AnyEntry("price-list-latest"); !ok {
		t.Error("the example's entry is not there")
	}
	if n := len(l.AllMaterials()); n != 2 {
		t.Errorf("%d materials, want the example's 2", n)
	}
	if s := l.Say("ja", "faq.thanks"); s != "お役に立てて何よりです。" {
		t.Errorf("the example's sentence is not said, but %q", s)
	}
	entries, problems := content.ImportFAQ(strings.NewReader(list), "example.csv")
	for _, p := range problems {
		t.Errorf("%s:%d: %s", p.File, p.Line, p.Text)
	}
	if len(entries) != 2 || len(entries[0].Variants["ja"]) != 2 || entries[1].Audience.Tiers[0] != "gold" || entries[1].ValidUntil != "2027-03-31" {
		t.Errorf("the example's list gives %+v", entries)
	}
}
