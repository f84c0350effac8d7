package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Every module that is linked into the program has its line in THIRD_PARTY.md.
func TestThirdPartyNamesEveryLinkedModule(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("THIRD_PARTY.md")
	if err != nil {
		t.Fatal(err)
	}
	modules := strings.Fields(string(out))
	slices.Sort(modules)
	modules = slices.Compact(modules)
	if len(modules) < 20 {
		t.Fatalf("only %d modules: the test looks at nothing", len(modules))
	}
	for _, m := range modules {
		// The stub in third_party/ replaces this one and is ours.
		if m != "akari" && m != "github.com/mattn/go-sqlite3" && !strings.Contains(string(text), "| "+m+" |") {
			t.Errorf("THIRD_PARTY.md lacks %s", m)
		}
	}
	for _, must := range []string{"Nara Institute of Science and Technology", "NO WARRANTY", "SIL Open Font License", "Electronic Dictionary Research", "Princeton University", "Mozilla Foundation", "Leon Sorokin"} {
		if !strings.Contains(string(text), must) {
			t.Errorf("THIRD_PARTY.md lacks the notice with %q", must)
		}
	}
}
