package slack_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"akari/bot"
	"akari/bot/slack"
	"akari/bot/slack/slacktest"
	"akari/bot/zoo"
)

var update = flag.Bool("update", false, "write the golden files anew")

func newPlatform(t testing.TB, change func(*slack.Options)) *slack.Platform {
	t.Helper()
	opt := slack.Options{
		AppID: "A0AKARI", OrgIDs: []string{"T0VENDOR", "E0VENDOR"}, BotToken: "xoxb-test",
		SigningSecrets: []string{"8f742231b10e8888abcd99yyyzzz85a5"},
	}
	if change != nil {
		change(&opt)
	}
	p, err := slack.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestZoo renders every canonical message as it would be queued. To see one, paste
// the file's "blocks" (or the whole "view") into the Block Kit Builder:
// https://app.slack.com/block-kit-builder. To write the files anew:
// go test ./bot/slack -run TestZoo -update
func TestZoo(t *testing.T) {
	p := newPlatform(t, nil)
	for _, c := range zoo.Messages() {
		t.Run(c.Name, func(t *testing.T) {
			for i, m := range bot.Fit(c.Message, p.Limits()) {
				name := fmt.Sprintf("%s.%d.golden.json", c.Name, i+1)
				compareGolden(t, p, filepath.Join("testdata", "zoo", name), zooDelivery(m))
			}
		})
	}
}

// zooDelivery is the delivery that such a message becomes: a form answers a
// press, what is private goes to one person, all else into a thread of a room.
func zooDelivery(m bot.Message) bot.Delivery {
	d := bot.Delivery{
		ID: "1", Key: "0193578c-4d3e-7a11-9c57-3f2d8a61b0ff", Act: bot.Post, Parts: []bot.Message{m},
		To: bot.Address{Platform: "slack", Connection: "slack", Room: "C0AOBA", User: "U0TANAKA", Thread: "1790000000.000100"},
	}
	switch {
	case m.Form != nil:
		d.Act, d.Reply.Token = bot.OpenForm, "13345224609.738474920.8088930838d88f008e0"
	case m.Private:
		d.Act = bot.Private
	}
	return d
}

func compareGolden(t *testing.T, p *slack.Platform, file string, d bot.Delivery) {
	t.Helper()
	body, err := p.Render(d)
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.Render(d)
	if err != nil || !bytes.Equal(body, again) {
		t.Errorf("the same delivery was rendered differently the second time (%v)", err)
	}
	for _, fault := range slackFaults(t, body) {
		t.Errorf("Slack would refuse it: %s", fault)
	}
	for _, text := range slacktest.Live(body) {
		t.Errorf("something comes alive: %q", text)
	}
	got := pretty(t, body)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got:\n%s", file, got)
	}
}

// slackFaults judges a body by Slack's own rules (slacktest/rules.json).
func slackFaults(t testing.TB, body []byte) []string {
	t.Helper()
	var b struct {
		Blocks json.RawMessage `json:"blocks"`
		View   json.RawMessage `json:"view"`
	}
	if err := json.Unmarshal(body, &b); err != nil {
		t.Fatal(err)
	}
	if b.View != nil {
		return slacktest.CheckView(b.View)
	}
	return slacktest.CheckBlocks("message", b.Blocks)
}

func pretty(t testing.TB, raw []byte) []byte {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
