package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// What the pages for people point at is there: files, tests and make targets.
func TestPagesPointAtWhatIsThere(t *testing.T) {
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	pages = append(pages, "README.md", "README.ja.md")
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	tests := testNames(t)
	for _, page := range pages {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\]\(([^)#]+)[^)]*\)`).FindAllStringSubmatch(string(b), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s points at %s, which is not there", page, m[1])
			}
		}
		for _, m := range regexp.MustCompile("`(Test[A-Z]\\w+)`").FindAllStringSubmatch(string(b), -1) {
			if !tests[m[1]] {
				t.Errorf("%s names %s, and there is no such test", page, m[1])
			}
		}
		for _, m := range regexp.MustCompile("`make ([a-z]+)").FindAllStringSubmatch(string(b), -1) {
			if !strings.Contains(string(makefile), "\n"+m[1]+":") {
				t.Errorf("%s says make %s, and the Makefile has no such target", page, m[1])
			}
		}
	}
}

// Both READMEs list the commands that there are, and no other.
func TestReadmesListEveryCommand(t *testing.T) {
	parser, err := kong.New(&CLI{})
	if err != nil {
		t.Fatal(err)
	}
	built := map[string]bool{}
	for _, leaf := range parser.Model.Leaves(true) {
		built["akari "+strings.Join(strings.Fields(leaf.Path()), " ")] = true
	}
	for _, page := range []string{"README.md", "README.ja.md"} {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		listed := map[string]bool{}
		for _, m := range regexp.MustCompile("(?m)^\\| `(akari [^`]+)` \\|").FindAllStringSubmatch(string(b), -1) {
			// `akari migrate up\|status` and `akari campaign create --file F \| list` are two each.
			group := ""
			for i, part := range strings.Split(m[1], `\|`) {
				words := strings.Fields(regexp.MustCompile(`\[.*?\]|--.*`).ReplaceAllString(part, ""))
				if i == 0 && len(words) > 1 {
					group = strings.Join(words[:len(words)-1], " ")
				} else if i > 0 {
					words = append(strings.Fields(group), words...)
				}
				listed[strings.Join(words, " ")] = true
			}
		}
		for c := range built {
			if !listed[c] {
				t.Errorf("%s does not list %s", page, c)
			}
		}
		for c := range listed {
			if !built[c] {
				t.Errorf("%s lists %s, and there is no such command", page, c)
			}
		}
	}
}

// testNames is every test in the tree.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{$d := .Dir}}{{range .TestGoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, file := range strings.Fields(string(out)) {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func (Test[A-Z]\w+)\(`).FindAllStringSubmatch(string(b), -1) {
			names[m[1]] = true
		}
	}
	return names
}
