package slack_test

import (
	"reflect"
	"strings"
	"testing"

	"akari/bot/slack"
)

func TestSections(t *testing.T) {
	line := strings.Repeat("あ", 40)
	for name, c := range map[string]struct {
		in    string
		limit int
		want  []string
	}{
		"nothing":              {"", 50, nil},
		"blank":                {" \n \n", 50, nil},
		"fits":                 {"一\n\n二 & <三>", 50, []string{"一\n\n二 &amp; &lt;三&gt;"}},
		"after a line":         {line + "\n" + line, 50, []string{line, line}},
		"in a line":            {line + line, 50, []string{line + strings.Repeat("あ", 10), strings.Repeat("あ", 30)}},
		"not in an escape":     {strings.Repeat("&", 25), 52, []string{strings.Repeat("&amp;", 10), strings.Repeat("&amp;", 10), strings.Repeat("&amp;", 5)}},
		"not in an address":    {line + "https://example.com/x", 50, []string{line, "<https://example.com/x>"}},
		"not in a grapheme":    {strings.Repeat("あ", 48) + "👨‍👩‍👧", 50, []string{strings.Repeat("あ", 48), "👨‍👩‍👧"}},
		"address in Japanese":  {"詳しくはhttps://example.com/a?b=1&c=2。", 50, []string{"詳しくは<https://example.com/a?b=1&amp;c=2>。"}},
		"address at the end":   {"see https://example.com/.", 50, []string{"see <https://example.com/>."}},
		"address in brackets":  {"(https://example.com/a_(b))", 50, []string{"(<https://example.com/a_(b)>)"}},
		"address with a bar":   {"https://a.example/x|y", 50, []string{"<https://a.example/x%7Cy>"}},
		"address in an attack": {"<https://a.example|好>", 50, []string{"&lt;<https://a.example>|好&gt;"}},
		"no address":           {"https:// と http://", 50, []string{"https:// と http://"}},
		"two addresses":        {"https://a.example https://b.example", 50, []string{"<https://a.example> <https://b.example>"}},
		"already escaped":      {"&lt;!channel&gt;", 50, []string{"&amp;lt;!channel&amp;gt;"}},
	} {
		if got := slack.Sections(c.in, c.limit); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{
		"価格":                           "価格",
		"a &amp; b &lt;c&gt;":          "a & b <c>",
		"&amp;lt;":                     "&lt;",
		"&nbsp; & &":                   "&nbsp; & &",
		"<@U1>":                        "@U1",
		"<@U1|田中>":                     "@田中",
		"<#C1|aoba> <#C2|> <#C3>":      "#aoba #C2 #C3",
		"<https://a.example?b&amp;c>":  "https://a.example?b&c",
		"<http://a.example|a.example>": "a.example",
		"<https://a.example|資料>":       "資料 (https://a.example)",
		"<mailto:a@b.example|a@b.example> <tel:03-1|03-1>":           "a@b.example 03-1",
		"<!here> <!channel|channel> <!subteam^S1|@営業> <!subteam^S2>": "@here @channel @営業 @S2",
		"<!date^1^{date}|2026-09-21> <!date^1^{date}>":               "2026-09-21 @date",
		"1 < 2": "1 < 2",
		"<>":    "",
	} {
		if got := slack.Unescape(in); got != want {
			t.Errorf("%q reads %q, want %q", in, got, want)
		}
	}
}
