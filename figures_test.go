package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// docs/figures.md explains every kind of event that models can write, in both
// languages, and none that nobody writes.
func TestEveryKindOfEventIsExplained(t *testing.T) {
	page, err := os.ReadFile("docs/figures.md")
	if err != nil {
		t.Fatal(err)
	}
	explained := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\|$").FindAllStringSubmatch(string(page), -1) {
		if explained[m[1]] {
			t.Errorf("docs/figures.md explains %s twice", m[1])
		}
		explained[m[1]] = true
	}
	kinds := eventKinds(t)
	for kind := range kinds {
		if !explained[kind] {
			t.Errorf("docs/figures.md does not explain the event %s: a row with its Japanese and English name, what it says and what it does not", kind)
		}
	}
	for kind := range explained {
		if !kinds[kind] {
			t.Errorf("docs/figures.md explains %s, which is no kind in the code", kind)
		}
	}
}

// saysKinds is how the comment of constants that are kinds of event reads.
var saysKinds = regexp.MustCompile(`(?i)\b(kinds of event|events? of)\b`)

// eventKinds reads the kinds from the code: the constants in models whose comment
// says that they are such, and kinds that handlers write as they stand.
func eventKinds(t *testing.T) map[string]bool {
	t.Helper()
	kinds := map[string]bool{}
	sources, err := filepath.Glob("models/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range sources {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST || !saysKinds.MatchString(g.Doc.Text()) {
				continue
			}
			for _, spec := range g.Specs {
				for _, v := range spec.(*ast.ValueSpec).Values {
					kinds[literal(t, v)] = true
				}
			}
		}
	}
	if len(kinds) < 15 {
		t.Fatalf("only %d kinds found in models: have their comments changed?", len(kinds))
	}
	files, err := filepath.Glob("handlers/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no handlers found: %v", err)
	}
	written := regexp.MustCompile(`(?:\.Record\(|event\.Kind(?:, t\.event\.\w+)* = )"([a-z_]+)"`)
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range written.FindAllStringSubmatch(string(b), -1) {
			kinds[m[1]] = true
		}
	}
	return kinds
}

func literal(t *testing.T, e ast.Expr) string {
	t.Helper()
	l, ok := e.(*ast.BasicLit)
	if !ok {
		t.Fatalf("a kind of event is not a plain string: %v", e)
	}
	s, err := strconv.Unquote(l.Value)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
