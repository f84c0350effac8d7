package models

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

func readSeed(t *testing.T, text string) (Seed, []string) {
	t.Helper()
	seed, problems := ReadSeed(strings.NewReader(text), "s.yaml")
	var texts []string
	for _, p := range problems {
		texts = append(texts, p.String())
	}
	return seed, texts
}

func TestSeedIsTheSameInYAMLAndJSON(t *testing.T) {
	yaml, problems := readSeed(t, `
staff:
  - {key: s-ito, name: 伊藤, department: 営業部, roles: [admin], accounts: [{platform: slack, org: T0VENDOR, user: U0ITO}]}
partners:
  - key: p-aoba
    name: 青葉商事
    parent:
    tags: [東日本]
    owner: s-ito
    slack_orgs: [T0AOBA]
    rooms: [{platform: lineworks, connection: aoba, id: 12345, kind: shared}]
    people: [{key: aoba-01, name: 田中, role: lead}]
materials: [{key: m1, kind: tool, url: "https://a.example", version: 3, download: true}]
`)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	json, problems := readSeed(t, `{"staff": [{"key": "s-ito", "name": "伊藤", "department": "営業部", "roles": ["admin"], "accounts": [{"platform": "slack", "org": "T0VENDOR", "user": "U0ITO"}]}],
"partners": [{"key": "p-aoba", "name": "\u9752\u8449\u5546\u4e8b", "parent": null, "tags": ["東日本"], "owner": "s-ito", "slack_orgs": ["T0AOBA"],
 "rooms": [{"platform": "lineworks", "connection": "aoba", "id": 12345, "kind": "shared"}], "people": [{"key": "aoba-01", "name": "田中", "role": "lead"}]}],
"materials": [{"key": "m1", "kind": "tool", "url": "https://a.example", "version": 3, "download": true}]}`)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, s := range []*Seed{&yaml, &json} { // lines differ, and nothing else
		s.Staff[0].Line, s.Staff[0].Accounts[0].Line = 0, 0
		s.Partners[0].Line, s.Partners[0].Rooms[0].Line, s.Partners[0].People[0].Line = 0, 0, 0
		s.Materials[0].Line = 0
	}
	if !reflect.DeepEqual(yaml, json) {
		t.Errorf("they differ:\n%+v\n%+v", yaml, json)
	}
	if a := yaml.Staff[0].Accounts[0]; a.Connection != "slack" || a.Org != "T0VENDOR" {
		t.Errorf("the account is %+v", a)
	}
	if got := string(yaml.Materials[0].Body); got != `{"key":"m1","kind":"tool","url":"https://a.example","version":3,"download":true}` {
		t.Errorf("the material is %s", got)
	}
}

func TestSeedFaultsAreNamedWithTheirLines(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"unknown key at the top", "partner: []", `s.yaml:1: the seed has an unknown key "partner"`},
		{"a list that is none", "staff: s-ito", "s.yaml:1: staff must be a list, not text"},
		{"no key", "staff: [{name: a}]", "s.yaml:1: person has no key"},
		{"an unknown role", "staff: [{key: a, roles: [boss]}]", `s.yaml:1: person a: role "boss" is not one of`},
		{"a member's role for staff", "partners: [{key: p, people: [{key: a, role: admin}]}]", `role "admin" is not one of rep, lead`},
		{"an unknown platform", "staff:\n  - key: a\n    accounts: [{platform: teams, user: u}]", `s.yaml:3: account: platform must be slack`},
		{"LINE WORKS without a connection", "staff: [{key: a, accounts: [{platform: lineworks, user: u}]}]", "account on lineworks has no connection"},
		{"a connection where there is one only", "staff: [{key: a, accounts: [{platform: slack, connection: x, user: u}]}]", "platform slack has one connection only"},
		{"an account twice", "staff: [{key: a, accounts: [{platform: line, user: u}]}, {key: b, accounts: [{platform: line, user: u}]}]", "account line line u stands twice"},
		{"an organisation twice", "partners:\n  - {key: a, slack_orgs: [T1]}\n  - {key: b, slack_orgs: [T1]}", "s.yaml:3: Slack organisation T1 stands twice, first on line 2"},
		{"a staff room under a partner", "partners: [{key: a, rooms: [{platform: line, id: r, kind: staff}]}]", `kind must be "shared" here`},
		{"white space inside the quotes", `partners: [{key: " a"}]`, `key " a" begins or ends with white space`},
		{"full-width white space", `partners: [{key: "a　"}]`, "begins or ends with white space"},
		{"a key that is too long", "partners: [{key: " + strings.Repeat("x", 101) + "}]", "key has more than 100 characters"},
		{"an unknown zone", "partners: [{key: a, time_zone: Asia/Edo}]", `time_zone "Asia/Edo" is not known`},
		{"a day that is none", "partners: [{key: a, holidays: [2026-12-32]}]", `not "2026-12-32"`},
		{"a day of both kinds", "partners: [{key: a, holidays: [2026-12-29], workdays: [2026-12-29]}]", "2026-12-29 stands in holidays and in workdays"},
		{"an unknown language", "partners: [{key: a, language: fr}]", "language must be ja or en"},
		{"an alias", "staff: &s []\npartners: *s", "anchors, aliases and tags are not used"},
		{"broken YAML", "staff: [", "s.yaml:1: this is not YAML"},
		{"broken JSON", "{\n\"staff\": [}", "s.yaml:2: this is not JSON"},
		{"something after the JSON", "{} {}", "something follows the end of the JSON"},
		{"not UTF-8", "staff: \xff", "the file is not UTF-8"},
		{"too deep", strings.Repeat("[", 100) + strings.Repeat("]", 100), "nested too deeply"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, problems := readSeed(t, tt.text); len(problems) != 1 || !strings.Contains(problems[0], tt.want) {
				t.Errorf("problems are %q, want one with %q", problems, tt.want)
			}
		})
	}
}

func TestTheExampleSeedIsGood(t *testing.T) {
	f, err := os.Open("../docs/sample/seed.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seed, problems := ReadSeed(f, "seed.yaml")
	if len(problems) > 0 || len(seed.Partners) < 3 {
		t.Errorf("%d partners, %v", len(seed.Partners), problems)
	}
}

// Whatever a file holds: no panic, every problem on a line, and a seed without
// problems has keys without white space around them.
func FuzzReadSeed(f *testing.F) {
	for _, s := range []string{"", "{}", "staff: [{key: a}]", `{"staff":[{"key":"a"}]}`, "partners:\n  - key: p\n    people: [{key: 1, role: lead}]", "a: &a [*a]", "- - -", "{\"a\":1}\n{", "materials: [{key: m, x: 0x1F, y: .inf}]", "? [a]\n: b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		seed, problems := ReadSeed(strings.NewReader(text), "s")
		for _, p := range problems {
			if p.Line < 1 {
				t.Errorf("no line: %s", p)
			}
		}
		if len(problems) > 0 {
			return
		}
		for _, p := range seed.Partners {
			if p.Key == "" || strings.TrimSpace(p.Key) != p.Key {
				t.Errorf("key %q", p.Key)
			}
		}
	})
}
