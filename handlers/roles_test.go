package handlers

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"akari/bot"
)

// documented is one row of docs/roles.md.
type documented struct {
	needs    need
	unmapped bool
	cells    []string // direct, shared, staff, unmapped
}

// rolesTable reads the table of docs/roles.md.
func rolesTable(t *testing.T) map[string]documented {
	t.Helper()
	b, err := os.ReadFile("../docs/roles.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(b), "| route | needs | direct | shared | staff | unmapped |\n|---|---|---|---|---|---|\n")
	if !found {
		t.Fatal("docs/roles.md has no table with the columns route, needs, direct, shared, staff, unmapped")
	}
	out := map[string]documented{}
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "|") {
			break
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if len(cells) != 6 {
			t.Errorf("a row of %d cells: %s", len(cells), line)
			continue
		}
		if _, twice := out[cells[0]]; twice {
			t.Errorf("%q stands there twice", cells[0])
		}
		out[cells[0]] = documented{needs: need(cells[1]), unmapped: cells[5] == "works", cells: cells[2:]}
	}
	return out
}

// builtRoutes is everything that can be asked of the bot, under the names of the table.
func builtRoutes() map[string]route {
	out := map[string]route{}
	for kind, of := range map[string]map[string]route{"press": presses, "word": words, "command": commands, "form": forms} {
		for name, r := range of {
			out[kind+" "+name] = r
		}
	}
	for name, c := range choices {
		// Choices belong to a form that also works in unmapped rooms, and are
		// asked of the account alone: load knows no room.
		out["choice "+name] = route{needs: c.needs, unmapped: true}
	}
	for _, in := range []bot.Inbound{{Kind: bot.Said, Text: "a question"}, {Kind: bot.Said, Text: " "}, {Kind: bot.Opened}} {
		r := routeOf(in)
		out[string(in.Kind)+" "+r.name] = r
	}
	return out
}

func TestRolesAreAsDocumented(t *testing.T) {
	table, built := rolesTable(t), builtRoutes()
	for _, name := range slices.Sorted(maps.Keys(built)) {
		row, ok := table[name]
		switch {
		case !ok:
			t.Errorf("%q can be asked for, and docs/roles.md does not say who may", name)
		case row.needs != built[name].needs:
			t.Errorf("%q needs %s; docs/roles.md says %s", name, built[name].needs, row.needs)
		case row.unmapped != built[name].unmapped:
			t.Errorf("%q works in an unmapped room: %t; docs/roles.md says %t", name, built[name].unmapped, row.unmapped)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		if _, ok := built[name]; !ok {
			t.Errorf("docs/roles.md lists %q, which nobody can ask for", name)
		}
		for _, cell := range table[name].cells {
			if !slices.Contains([]string{"here", "private", "refused", "works", "–", ""}, cell) {
				t.Errorf("docs/roles.md does not explain the cell %q of %q", cell, name)
			}
		}
	}
}

// Every word that people type leads to a route, and the page names it.
func TestSynonymsAreWordsAndDocumented(t *testing.T) {
	b, err := os.ReadFile("../docs/roles.md")
	if err != nil {
		t.Fatal(err)
	}
	for s, w := range synonyms {
		if _, ok := words[w]; !ok {
			t.Errorf("%q stands for %q, which is no word", s, w)
		}
		if strings.ContainsAny(s, "?？") || s == "つかいかた" || s == "しりょう" {
			continue // spellings of the others
		}
		if !strings.Contains(string(b), s) {
			t.Errorf("docs/roles.md does not name the word %s", s)
		}
	}
}
