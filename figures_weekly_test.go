package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"akari/models"
)

// The weekly figures' table in docs/figures.md is what the program counts by.
// UPDATE_FIGURES=1 writes it.
func TestWeeklyFiguresAreExplained(t *testing.T) {
	const begin, end = "<!-- weekly figures: written by figures_weekly_test.go -->\n", "<!-- end of weekly figures -->\n"
	var b strings.Builder
	b.WriteString("| figure | Japanese | English | formula over `v_event` | corrected later | does not say |\n|---|---|---|---|---|---|\n")
	for _, f := range models.Figures {
		corrected := "yes"
		if f.People {
			corrected = "no"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | `%s` | %s | %s |\n", f.Key, f.JA, f.EN, f.Formula, corrected, f.Not)
	}
	page, err := os.ReadFile("docs/figures.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(page), begin)
	have, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("docs/figures.md has no table between %q and %q", begin, end)
	}
	if os.Getenv("UPDATE_FIGURES") != "" {
		if err := os.WriteFile("docs/figures.md", []byte(before+begin+b.String()+end+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if have != b.String() {
		t.Errorf("docs/figures.md does not say what is counted; UPDATE_FIGURES=1 go test -run TestWeeklyFigures . writes it")
	}
}
