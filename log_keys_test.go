package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Log keys come from one list, which operators read in docs/operations.md §8.
func TestLogKeysAreOnTheList(t *testing.T) {
	text, err := os.ReadFile("docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## 8. Logs")
	section, _, _ = strings.Cut(section, "\n## 9.")
	known := map[string]bool{}
	for row := range strings.SplitSeq(section, "\n") {
		if cells := strings.Split(row, "|"); len(cells) > 2 {
			for _, word := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(cells[1], -1) {
				known[word[1]] = true
			}
		}
	}
	used := 0
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "testdata" || strings.HasSuffix(d.Name(), "test") || d.Name() == "data") {
			return filepath.SkipDir
		}
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			for _, key := range logKeys(n) {
				used++
				if !known[key] {
					t.Errorf("%s: log key %q is not on the list in docs/operations.md", files.Position(n.Pos()), key)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if used < 20 || len(known) < 20 {
		t.Errorf("%d keys used, %d known: the test looks at nothing", used, len(known))
	}
}

// logKeys are the literal keys of a call such as log.Info("…", "key", value).
func logKeys(n ast.Node) (keys []string) {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return nil
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	var from string
	switch x := method.X.(type) {
	case *ast.Ident:
		from = x.Name
	case *ast.SelectorExpr:
		from = x.Sel.Name
	}
	switch method.Sel.Name {
	case "Debug", "Info", "Warn", "Error":
	default:
		return nil
	}
	if strings.ToLower(from) != "log" && from != "slog" {
		return nil
	}
	for i := 1; i < len(call.Args); i += 2 {
		if literal, ok := call.Args[i].(*ast.BasicLit); ok && literal.Kind == token.STRING {
			key, _ := strconv.Unquote(literal.Value)
			keys = append(keys, key)
		}
	}
	return keys
}
