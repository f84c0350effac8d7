package line_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"akari/bot"
	"akari/bot/line"
	"akari/bot/line/linetest"
	"akari/bot/zoo"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, path string, got any) {
	t.Helper()
	b, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	b = append(b, '\n')
	if *update {
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("no golden file; run the test with -update and look at what it writes: %v", err)
	}
	if diff := cmp.Diff(string(want), string(b)); diff != "" {
		t.Errorf("not as in %s (-want +got):\n%s", path, diff)
	}
}

func platform(t testing.TB, o line.Options) *line.Platform {
	t.Helper()
	if o.ChannelSecrets == nil {
		o.ChannelSecrets = []string{"line-secret"}
	}
	if o.ChannelID == "" {
		o.ChannelID = "2000000001"
	}
	p, err := line.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func direct(n int) bot.Address {
	return bot.Address{Platform: "line", Connection: "line", User: linetest.UserID(n), Direct: true}
}

// calls are the frozen bodies of a message.
func calls(t testing.TB, p *line.Platform, m bot.Message, to bot.Address) [][]byte {
	t.Helper()
	var out [][]byte
	for _, parts := range bot.Pack(bot.Fit(m, p.Limits()), p.Limits()) {
		body, err := p.Render(bot.Delivery{ID: "d", Act: bot.Post, To: to, Parts: parts})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, body)
	}
	return out
}

// A golden file's "messages" can be pasted one by one into the Flex Message
// Simulator (https://developers.line.biz/flex-simulator/), its "contents" that is.
func TestRenderZoo(t *testing.T) {
	p := platform(t, line.Options{})
	for _, c := range zoo.Messages() {
		t.Run(c.Name, func(t *testing.T) {
			var bodies []json.RawMessage
			got := map[string]string{}
			for _, body := range calls(t, p, c.Message, direct(1)) {
				if found := linetest.CheckRequest("PushMessageRequest", body); len(found) > 0 {
					t.Errorf("LINE would refuse it: %s", strings.Join(found, "\n"))
				}
				typed(t, body)
				actions(t, body, got)
				bodies = append(bodies, body)
			}
			if diff := cmp.Diff(wanted(c.Message), got); diff != "" {
				t.Errorf("what can be pressed is not what was given:\n%s", diff)
			}
			golden(t, filepath.Join("testdata", "render", c.Name+".json"), bodies)
		})
	}
}

func wanted(m bot.Message) map[string]string {
	out := map[string]string{}
	add := func(buttons []bot.Button) {
		for _, b := range buttons {
			out[b.Press.Encode()+b.Open] = "once"
		}
	}
	add(m.Buttons)
	for _, c := range m.Cards {
		add(c.Buttons)
	}
	if m.Form != nil {
		out[m.Form.Open] = "once"
	}
	return out
}

func actions(t *testing.T, body []byte, got map[string]string) {
	t.Helper()
	var pushed struct{ Messages []json.RawMessage }
	if err := json.Unmarshal(body, &pushed); err != nil {
		t.Fatal(err)
	}
	walk(pushed.Messages, func(v map[string]any) {
		a, ok := v["action"].(map[string]any)
		if !ok {
			return
		}
		does := fmt.Sprint(a["data"])
		if a["type"] == "uri" {
			does = fmt.Sprint(a["uri"])
		} else if a["displayText"] != a["label"] {
			t.Errorf("a press leaves %q in the talk, its label is %q", a["displayText"], a["label"])
		}
		if got[does] != "" {
			t.Errorf("%s is there twice", does)
		}
		got[does] = "once"
	})
}

func walk(raw any, f func(map[string]any)) {
	b, _ := json.Marshal(raw)
	var v any
	if json.Unmarshal(b, &v) != nil {
		return
	}
	var down func(any)
	down = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				down(x)
			}
		case map[string]any:
			f(v)
			for _, x := range v {
				down(x)
			}
		}
	}
	down(v)
}

// typed: an SDK value passed by value loses its type without a word, so every
// message, container, component and action must have one; and a text must wrap.
func typed(t *testing.T, body []byte) {
	t.Helper()
	walk(json.RawMessage(body), func(v map[string]any) {
		if _, root := v["messages"]; root {
			return
		}
		if s, _ := v["type"].(string); s == "" {
			t.Errorf("no type in %v", v)
		}
		if wrap, has := v["wrap"]; has && wrap != true {
			t.Errorf("a text is cut instead of wrapped: %v", v["text"])
		}
		if v["type"] == "box" && v["contents"] == nil {
			t.Errorf("a box without contents")
		}
	})
}

func TestRenderIsPure(t *testing.T) {
	p := platform(t, line.Options{})
	for _, c := range zoo.Messages() {
		a, b := calls(t, p, c.Message, direct(1)), calls(t, p, c.Message, direct(1))
		for i := range a {
			if !bytes.Equal(a[i], b[i]) {
				t.Errorf("%s: equal deliveries have unequal bytes", c.Name)
			}
		}
	}
}

// A personal link stands exactly once in all that leaves, altText included.
func TestRenderLinkOnce(t *testing.T) {
	p := platform(t, line.Options{})
	for _, c := range zoo.Messages() {
		whole := string(bytes.Join(calls(t, p, c.Message, direct(1)), nil))
		for _, b := range c.Message.Buttons {
			if n := strings.Count(whole, b.Open); b.Open != "" && n != 1 {
				t.Errorf("%s: the link is there %d times", c.Name, n)
			}
		}
	}
}

func TestRenderReceiver(t *testing.T) {
	p := platform(t, line.Options{Units: true})
	group := bot.Address{Platform: "line", Connection: "line", Room: linetest.GroupID(1), User: linetest.UserID(2)}
	stranger := group
	stranger.User = ""
	film := func(tracking string, private bool) []bot.Message {
		return []bot.Message{{Private: private, Video: &bot.Video{URL: "https://example.com/v.mp4", Cover: bot.Image{URL: "https://example.com/v.png"}, Tracking: tracking}}}
	}
	text, secret := []bot.Message{{Text: "資料です"}}, []bot.Message{{Text: "資料です", Private: true}}
	for _, c := range []struct {
		name string
		d    bot.Delivery
		want string // its receiver, or part of the error
	}{
		{"one to one", bot.Delivery{Act: bot.Post, To: direct(1), Parts: text}, linetest.UserID(1)},
		{"group", bot.Delivery{Act: bot.Post, To: group, Parts: text}, linetest.GroupID(1)},
		{"private in a group", bot.Delivery{Act: bot.Private, To: group, Parts: text}, linetest.UserID(2)},
		{"a private part in a group", bot.Delivery{Act: bot.Post, To: group, Parts: secret}, linetest.UserID(2)},
		{"private for nobody known", bot.Delivery{Act: bot.Post, To: stranger, Parts: secret}, "the receiver is no"},
		{"a path", bot.Delivery{Act: bot.Post, To: bot.Address{User: "U../../richmenu", Direct: true}, Parts: text}, "the receiver is no"},
		{"a video", bot.Delivery{Act: bot.Post, To: direct(1), Parts: film("ab12.1", false)}, linetest.UserID(1)},
		{"a video in a group", bot.Delivery{Act: bot.Post, To: group, Parts: film("ab12.1", false)}, "only one-to-one"},
		{"a private video in a group", bot.Delivery{Act: bot.Post, To: group, Parts: film("ab12.1", true)}, linetest.UserID(2)},
		{"a video with words as its id", bot.Delivery{Act: bot.Post, To: direct(1), Parts: film("田中", false)}, "tracking id"},
		{"a video not tracked", bot.Delivery{Act: bot.Post, To: direct(1), Parts: film("", false)}, "tracking id"},
		{"update", bot.Delivery{Act: bot.Update, To: direct(1), Parts: text}, `cannot "update"`},
		{"nothing", bot.Delivery{Act: bot.Post, To: direct(1)}, "0 messages"},
		{"six", bot.Delivery{Act: bot.Post, To: direct(1), Parts: []bot.Message{text[0], text[0], text[0], text[0], text[0], text[0]}}, "6 messages"},
		{"not fitted", bot.Delivery{Act: bot.Post, To: direct(1), Parts: []bot.Message{{Text: strings.Repeat("あ", 4501)}}}, "not fitted"},
		{"a press too long", bot.Delivery{Act: bot.Post, To: direct(1), Parts: []bot.Message{{Text: "a", Buttons: []bot.Button{{Label: "b", Press: bot.NewPress("a.b", "k", strings.Repeat("x", 300))}}}}}, "at most 300"},
		{"a button for nothing", bot.Delivery{Act: bot.Post, To: direct(1), Parts: []bot.Message{{Text: "a", Buttons: []bot.Button{{Label: "b"}}}}}, "neither press nor address"},
	} {
		body, err := p.Render(c.d)
		var pushed struct{ To string }
		switch {
		case err != nil && !strings.Contains(err.Error(), c.want):
			t.Errorf("%s: %v", c.name, err)
		case err == nil && (json.Unmarshal(body, &pushed) != nil || pushed.To != c.want):
			t.Errorf("%s: to %q, want %q", c.name, pushed.To, c.want)
		}
	}
}

func TestRenderUnits(t *testing.T) {
	for tag, want := range map[string]string{"c81": `["c81"]`, "": `[]`, "キャンペーン": `[]`} {
		for _, admitted := range []bool{true, false} {
			p := platform(t, line.Options{Units: admitted})
			body, err := p.Render(bot.Delivery{Act: bot.Post, To: direct(1), Tag: tag, Parts: []bot.Message{{Text: "a"}}})
			if err != nil {
				t.Fatal(err)
			}
			if !admitted {
				want = `[]`
			}
			if !bytes.Contains(body, []byte(`"customAggregationUnits":`+want)) {
				t.Errorf("tag %q, admitted %v: %s", tag, admitted, body)
			}
		}
	}
}

// The heaviest shelf that Fit lets through is still within 50 KB a carousel.
func TestRenderHeavyShelf(t *testing.T) {
	p := platform(t, line.Options{})
	var m bot.Message
	for i := range 10 {
		c := bot.Card{Title: strings.Repeat("<", 40), Text: strings.Repeat("&", 300), Image: &bot.Image{URL: "https://example.com/" + strings.Repeat("i", 1900)}}
		for j := range 4 {
			c.Buttons = append(c.Buttons, bot.Button{Label: strings.Repeat(">", 40), Press: bot.NewPress("a.b", "k", fmt.Sprint(i, j, strings.Repeat("x", 280)))})
		}
		m.Cards = append(m.Cards, c)
	}
	bodies := calls(t, p, m, direct(1))
	got := map[string]string{}
	for _, body := range bodies {
		if found := linetest.CheckRequest("PushMessageRequest", body); len(found) > 0 {
			t.Errorf("LINE would refuse it: %s", strings.Join(found, "\n"))
		}
		actions(t, body, got)
	}
	if len(got) != 40 {
		t.Errorf("%d of 40 buttons are left", len(got))
	}
}
