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

// aCount is how functions of models that answer figures are called.
var aCount = regexp.MustCompile(`^(Count|Sum|Known|Last|Old|Report|Corrections|Gaps|Answered|Recorded|Support|Outcomes|Load|Reach|Progress|AudienceSize|AckMoments)`)

// noFigures are functions called like that which nobody is shown a number of.
var noFigures = map[string]string{
	"CountEvents": "for tests", "CountInbounds": "for tests", "CountEventsOfDelivery": "whether something was written once",
	"Gaps": "the gaps themselves", "LastDigest": "a text that was sent", "Recorded": "whether it is on record",
	"OutcomeList": "the results themselves", "Sum": "a load added up", "Known": "whether somebody is",
}

// docs/figures.md says of every function in models that counts what it counts, and
// names none that is not there.
func TestEveryCountIsExplained(t *testing.T) {
	page, err := os.ReadFile("docs/figures.md")
	if err != nil {
		t.Fatal(err)
	}
	explained := map[string]bool{}
	for _, m := range regexp.MustCompile("`models\\.([A-Z][A-Za-z]*)`").FindAllStringSubmatch(string(page), -1) {
		explained[m[1]] = true
	}
	sources, err := filepath.Glob("models/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, path := range sources {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || !f.Name.IsExported() {
				continue
			}
			if name := f.Name.Name; aCount.MatchString(name) || explained[name] {
				found[name] = true
				if !explained[name] && noFigures[name] == "" && name != "Count" {
					t.Errorf("%s: %s counts something that docs/figures.md does not explain: a row with what it is counted from and what it does not say", path, name)
				}
			}
		}
	}
	for name := range explained {
		if !found[name] {
			t.Errorf("docs/figures.md names models.%s, which is not there", name)
		}
	}
	if len(found) < 20 {
		t.Fatalf("only %d counts found: have they got other names?", len(found))
	}
}
