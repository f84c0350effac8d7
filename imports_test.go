package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// listed is what go list says of a package.
type listed struct {
	ImportPath string
	Doc        string
	Imports    []string
}

// mayImport is design.md §2: down, never up, never sideways. "bot/*" is any
// platform. Packages for tests may import what they test.
var mayImport = map[string][]string{
	"akari":                {"akari/bot", "akari/bot/*", "akari/models", "akari/content", "akari/coord", "akari/web", "akari/handlers"},
	"akari/handlers":       {"akari/models", "akari/bot", "akari/content", "akari/coord", "akari/web"},
	"akari/models":         {"akari/bot"},
	"akari/bot":            {},
	"akari/content":        {},
	"akari/coord":          {},
	"akari/web":            {},
	"akari/bot/slack":      {"akari/bot"},
	"akari/bot/lineworks":  {"akari/bot"},
	"akari/bot/line":       {"akari/bot"},
	"akari/bot/playground": {"akari/bot"},
}

// onlyIn says where packages from outside may be used, and nowhere else.
var onlyIn = map[string][]string{
	"gorm.io/":                        {"akari/models"},
	"github.com/pressly/goose":        {"akari/models"},
	"modernc.org/sqlite":              {"akari/models"},
	"github.com/go-sql-driver/mysql":  {"akari/models", "akari/internal/testenv"},
	"database/sql":                    {"akari/models", "akari/internal/testenv"},
	"github.com/slack-go/":            {"akari/bot/slack"},
	"github.com/line/line-bot-sdk-go": {"akari/bot/line"},
	"github.com/redis/":               {"akari/coord"},
	"github.com/ikawaha/":             {"akari/content"},
	"github.com/xuri/excelize":        {"akari/content"},
	"github.com/alecthomas/kong":      {"akari"},
	"github.com/prometheus/":          {"akari"},
	"net/http/pprof":                  {"akari"},
	"github.com/goccy/go-yaml":        {"akari", "akari/content", "akari/models"},
	"github.com/google/uuid":          {"akari/models", "akari/bot/playground", "akari/bot/lineworks", "akari/bot/slack", "akari/bot/line"},
	"net/http":                        {"akari", "akari/handlers", "akari/web", "akari/bot", "akari/bot/slack", "akari/bot/lineworks", "akari/bot/line", "akari/bot/playground", "akari/content"},
	"html/template":                   {"akari/web"},
}

func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Doc,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

// forTests tells whether a package exists only for tests.
func forTests(path string) bool {
	last := path[strings.LastIndexByte(path, '/')+1:]
	return strings.HasSuffix(last, "test") || last == "zoo" || strings.Contains(path, "/internal/")
}

func allowed(list []string, path string) bool {
	return slices.ContainsFunc(list, func(one string) bool {
		if parent, any := strings.CutSuffix(one, "/*"); any {
			rest, below := strings.CutPrefix(path, parent+"/")
			return below && !strings.Contains(rest, "/")
		}
		return one == path
	})
}

func TestImportsGoDownNeverUpNeverSideways(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range packages(t) {
		seen[p.ImportPath] = true
		if forTests(p.ImportPath) {
			continue
		}
		ours, known := mayImport[p.ImportPath]
		if !known {
			t.Errorf("%s is a package that design.md does not know", p.ImportPath)
			continue
		}
		for _, imported := range p.Imports {
			if imported == "akari" || strings.HasPrefix(imported, "akari/") {
				if !allowed(ours, imported) || forTests(imported) {
					t.Errorf("%s must not import %s", p.ImportPath, imported)
				}
			}
		}
	}
	for path := range mayImport {
		if !seen[path] {
			t.Errorf("%s does not exist", path)
		}
	}
}

func TestOutsidePackagesStayWhereTheyBelong(t *testing.T) {
	for _, p := range packages(t) {
		if forTests(p.ImportPath) && p.ImportPath != "akari/internal/testenv" {
			continue
		}
		for _, imported := range p.Imports {
			for outside, homes := range onlyIn {
				whole := !strings.Contains(outside, ".") // of the standard library: that very package
				if imported != outside && (whole || !strings.HasPrefix(imported, outside)) {
					continue
				}
				if !slices.Contains(homes, p.ImportPath) {
					t.Errorf("%s must not import %s; only %v may", p.ImportPath, imported, homes)
				}
			}
		}
	}
}

// The first sentence of a package's comment is its line in the design and README.
func TestEveryPackageSaysWhatItIs(t *testing.T) {
	purpose := map[string]string{
		"akari":          "Akari puts partner support on the record",
		"akari/bot":      "how we talk",
		"akari/models":   "what we remember",
		"akari/content":  "what we know and how we word it",
		"akari/handlers": "what we do",
		"akari/coord":    "what processes must agree on right now",
		"akari/web":      "pages, css",
	}
	for _, p := range packages(t) {
		if len(p.Doc) < 20 {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
		if want := purpose[p.ImportPath]; !strings.Contains(p.Doc, want) {
			t.Errorf("%s: its comment %q does not say %q", p.ImportPath, p.Doc, want)
		}
	}
}
