package slacktest

import (
	"slices"
	"strings"
	"testing"
)

// TestRules holds the table together: every name in it exists, every length is a
// number, and the numbers that sheets and pages agree on are there.
func TestRules(t *testing.T) {
	known := func(name string) bool { return rules.Objects[name] != nil }
	for surface, s := range rules.Surfaces {
		for _, b := range s.Blocks {
			if !known(b) {
				t.Errorf("surface %s: no such block %s", surface, b)
			}
		}
	}
	for set, names := range rules.Sets {
		for _, n := range names {
			if !known(n) {
				t.Errorf("set %s: no such element %s", set, n)
			}
		}
	}
	kinds := []string{"str", "url", "bool", "int", "enum", "date", "plain", "text", "blocks", "obj", "elem", "list", "objs", "texts", "strs"}
	for name, rule := range rules.Objects {
		for field, v := range rule {
			spec, ok := v.(string)
			if !ok {
				for _, f := range listed(v) {
					if _, has := rule[f]; !has && f != "type" {
						t.Errorf("%s asks for %s, which it does not have", name, f)
					}
				}
				continue
			}
			words := strings.Fields(spec)
			if !slices.Contains(kinds, words[0]) {
				t.Errorf("%s.%s: no such rule %q", name, field, spec)
			}
			switch words[0] {
			case "obj", "objs":
				if !known(words[1]) {
					t.Errorf("%s.%s: no such object %s", name, field, words[1])
				}
			case "elem", "list":
				if rules.Sets[words[1]] == nil {
					t.Errorf("%s.%s: no such set %s", name, field, words[1])
				}
			}
		}
	}
	for where, want := range map[[2]string]string{
		{"section", "text"}: "text 1 3000", {"header", "text"}: "plain 1 150", {"actions", "elements"}: "list actions_element 1 25",
		{"button", "text"}: "plain 1 75", {"button", "value"}: "str 1 2000", {"option", "value"}: "str 1 75", {"modal", "title"}: "plain 1 24",
		{"modal", "private_metadata"}: "str 0 3000", {"static_select", "options"}: "objs option 1 100", {"image", "alt_text"}: "str 1 2000",
	} {
		if got := rules.Objects[where[0]][where[1]]; got != want {
			t.Errorf("%v is %v, want %s", where, got, want)
		}
	}
	if rules.Surfaces["message"].Max != 50 || rules.Surfaces["modal"].Max != 100 || rules.Surfaces["home"].Max != 100 {
		t.Errorf("blocks of surfaces: %+v", rules.Surfaces)
	}
}

func listed(v any) []string {
	if _, ok := v.([]any); !ok {
		return nil // "untyped": true
	}
	return strs(v)
}
