package slack_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"akari/bot"
	"akari/bot/slack"
	"akari/bot/slack/slacktest"
)

// FuzzHear: whatever is signed is answered by inbounds that hold what is true of
// all, or by one of the three errors; and it is the same a second time.
func FuzzHear(f *testing.F) {
	hooks := []string{"events", "interactions", "options", "commands"}
	for hook, files := range recorded(f) {
		for _, file := range files {
			for i, h := range hooks {
				if h == hook {
					f.Add(byte(i), bodyOf(f, hook, file))
				}
			}
		}
	}
	p := newPlatform(f, at(heardAt))
	f.Fuzz(func(t *testing.T, hook byte, body []byte) {
		h := hooks[int(hook)%len(hooks)]
		got, err := p.Hear(request(h, body, heardAt))
		if err != nil {
			if got != nil || !errors.Is(err, bot.ErrMalformed) && !errors.Is(err, bot.ErrSignature) {
				t.Fatalf("%v, %v", got, err)
			}
			return
		}
		again, _ := p.Hear(request(h, body, heardAt))
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(again)
		if string(a) != string(b) {
			t.Errorf("heard differently the second time:\n%s\n%s", a, b)
		}
		for _, in := range got {
			if len(in.Key) > 190 || len(in.EffectKey) > 190 || in.Kind == "" || in.Time.IsZero() {
				t.Errorf("%+v", in)
			}
			if in.Reply.URL != "" && !strings.HasPrefix(in.Reply.URL, "https://hooks.slack.com/") && !strings.HasPrefix(in.Reply.URL, "https://hooks.slack-gov.com/") {
				u, err := url.Parse(in.Reply.URL)
				if err != nil || u.Scheme != "https" || u.Host != "hooks.slack.com" && u.Host != "hooks.slack-gov.com" {
					t.Errorf("a foreign response address: %q", in.Reply.URL)
				}
			}
			if in.Kind == bot.Pressed && (in.Name == "" || !utf8.ValidString(in.Name)) {
				t.Errorf("%+v", in)
			}
		}
	})
}

// live finds what would become a mention, a broadcast, or a link with a label.
var live = regexp.MustCompile(`<[!@#]|<[^<>]*\|`)

// wrapped is the only thing that may stand in angle brackets.
var wrapped = regexp.MustCompile(`<https?://[!-;=?-{}~]+>`)

// FuzzEscape: nothing that anybody writes comes alive, and nothing is lost.
func FuzzEscape(f *testing.F) {
	for _, s := range []string{
		"<!channel> <@U1> <#C1|x> <https://evil|label>", "https://example.com/a?b=1&c=2。次", "a & b < c > d", "&lt;!here&gt;", "https://x|y>z<!here>",
		"(https://example.com/x)", "https://", "https://<!channel>", strings.Repeat("&", 3001), strings.Repeat("https://example.com/ ", 400), "👨‍👩‍👧",
	} {
		f.Add(s, 3000)
	}
	f.Add("aaaa\nbbbb <c>", 50)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		if limit < 50 || limit > 5000 || !utf8.ValidString(s) {
			return
		}
		parts := slack.Sections(s, limit)
		for _, p := range parts {
			if live.MatchString(p) {
				t.Errorf("it comes alive: %q", p)
			}
			if n := utf8.RuneCountInString(p); n > limit || n == 0 {
				t.Errorf("a section of %d characters, limit %d", n, limit)
			}
			if rest := wrapped.ReplaceAllString(p, ""); strings.ContainsAny(rest, "<>") {
				t.Errorf("a loose bracket: %q", p)
			}
		}
		if plain := slack.Escape(s); strings.ContainsAny(plain, "<>") || slack.Unescape(plain) != s {
			t.Errorf("%q was escaped to %q, which reads %q", s, plain, slack.Unescape(plain))
		}
		// What the reader sees is what was written, but for white space at cuts.
		if !strings.Contains(s, "://") {
			want := strings.Join(strings.Fields(s), "")
			got := strings.Join(strings.Fields(slack.Unescape(strings.Join(parts, ""))), "")
			if got != want {
				t.Errorf("%q reads %q", want, got)
			}
		}
	})
}

// FuzzUnescape: it ends, keeps valid text valid, and undoes each escape once.
func FuzzUnescape(f *testing.F) {
	for _, s := range []string{
		"&amp;lt;", "<@U1|x> <#C1|> <!date^1^{date}|then> <https://x|y>", "<", "<>", "<|>", "<!>", "<@>", "&", "&amp", "<<a>>", "<!subteam^S1>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := slack.Unescape(s)
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Errorf("%q became the broken %q", s, got)
		}
		if !strings.ContainsAny(s, "<&") && got != s {
			t.Errorf("%q became %q", s, got)
		}
		if len(got) > len(s)+1+4*strings.Count(s, "<") {
			t.Errorf("%q grew to %q", s, got)
		}
	})
}

// FuzzPress: a press goes through Slack's JSON and comes back the same.
func FuzzPress(f *testing.F) {
	f.Add("material.send", "m", "price-2026", "見積 & <x>|\"'")
	f.Add("a", "", "", "")
	p := newPlatform(f, at(heardAt))
	tmpl, err := os.ReadFile(filepath.Join("testdata", "hear", "interactions", "button_external.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name, k, v, label string) {
		want := bot.NewPress(name, k, v)
		if back, err := bot.ParsePress(want.Encode()); err != nil || back.Encode() != want.Encode() || strings.TrimSpace(label) == "" || !utf8.ValidString(label+v+k) {
			return
		}
		d := inRoom("C0AOBA")
		d.Parts = []bot.Message{{Text: "x", Buttons: []bot.Button{{Label: label, Press: want}}}}
		body, err := p.Render(d)
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range slackFaults(t, body) {
			t.Errorf("label %q: %s", label, fault)
		}
		var sent struct{ Blocks json.RawMessage }
		if err := json.Unmarshal(body, &sent); err != nil {
			t.Fatal(err)
		}
		buttons := slacktest.Message{Blocks: sent.Blocks}.Buttons()
		payload := map[string]any{}
		if err := json.Unmarshal(tmpl, &payload); err != nil {
			t.Fatal(err)
		}
		payload["actions"].([]any)[0].(map[string]any)["value"] = buttons[0].Value
		raw, _ := json.Marshal(payload)
		got, err := p.Hear(request("interactions", []byte(url.Values{"payload": {string(raw)}}.Encode()), heardAt))
		if err != nil || len(got) != 1 || got[0].Kind != bot.Pressed {
			t.Fatalf("%q came back as %+v, %v", want.Encode(), got, err)
		}
		if back := (bot.Press{Name: got[0].Name, Args: got[0].Args}); back.Encode() != want.Encode() {
			t.Errorf("%q came back as %q", want.Encode(), back.Encode())
		}
	})
}

// FuzzRender: any message that fits is one that Slack takes.
func FuzzRender(f *testing.F) {
	f.Add("text", "title", "card", "label", "https://example.com/x.png", 3)
	f.Add(strings.Repeat("&", 3000), strings.Repeat("<", 150), strings.Repeat(">", 2000), "a*b", "https://example.com/x.png?a=b&c=d", 40)
	p := newPlatform(f, nil)
	f.Fuzz(func(t *testing.T, text, title, card, label, image string, n int) {
		if n < 0 || n > 60 || !utf8.ValidString(text+title+card+label+image) || strings.TrimSpace(label) == "" || strings.TrimSpace(title) == "" {
			return
		}
		m := bot.Message{Text: text, Cards: []bot.Card{{Title: title, Text: card, Image: &bot.Image{URL: image}, Buttons: []bot.Button{{Label: label, Press: bot.NewPress("a.b")}}}}}
		for range n {
			m.Buttons = append(m.Buttons, bot.Button{Label: label, Press: bot.NewPress("a.b")})
		}
		for _, part := range bot.Fit(m, p.Limits()) {
			d := inRoom("C0AOBA")
			d.Parts = []bot.Message{part}
			body, err := p.Render(d)
			if err != nil {
				if strings.Contains(err.Error(), "an address") || strings.Contains(err.Error(), "empty") || strings.Contains(err.Error(), "no label") {
					continue // no picture, or nothing but blanks
				}
				t.Fatal(err)
			}
			for _, fault := range slackFaults(t, body) {
				t.Errorf("%s\n%s", fault, body)
			}
			for _, s := range slacktest.Live(body) {
				t.Errorf("something comes alive: %q", s)
			}
		}
	})
}
