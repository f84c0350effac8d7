package slack_test

import (
	"context"
	"testing"
	"time"

	"akari/bot"
	"akari/bot/slack"
	"akari/bot/slack/slacktest"
)

func TestFind(t *testing.T) {
	s, p := world(t, nil)
	ctx := context.Background()
	s.Say("C0AOBA", "U0ITO", "前からある話", "")
	d := inRoom("C0AOBA")
	if ts, err := p.Find(ctx, d); ts != "" || err != nil {
		t.Errorf("not sent yet: %q, %v", ts, err)
	}
	s.Fail(slacktest.Fault{Method: "chat.postMessage", Drop: true, Accept: true})
	if _, err := send(t, p, d); err == nil {
		t.Fatal("the connection was dropped")
	}
	for range 250 { // more than one page of talk since
		s.Say("C0AOBA", "U0ITO", "その後の話", "")
	}
	ts, err := p.Find(ctx, d)
	if err != nil || ts == "" || ts != s.Messages("C0AOBA")[1].TS {
		t.Errorf("found %q, %v", ts, err)
	}
	reply := d
	reply.Key, reply.To.Thread = "0193578c-4d3e-7a11-9c57-3f2d8a61b100", ts
	if got, err := p.Find(ctx, reply); got != "" || err != nil {
		t.Errorf("a reply not sent: %q, %v", got, err)
	}
	want, err := send(t, p, reply)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := p.Find(ctx, reply); got != want || err != nil {
		t.Errorf("a reply: %q, %v, want %q", got, err, want)
	}
	d.Key = "0193578c-4d3e-7a11-9c57-3f2d8a61b101"
	d.IntentAt = time.Now().Add(-time.Hour)
	if got, err := p.Find(ctx, d); got != "" || err != nil {
		t.Errorf("the whole room was read: %q, %v", got, err)
	}
	for name, fault := range map[string]slacktest.Fault{
		"500": {Status: 500}, "throttled": {Status: 429}, "scope": {Code: "missing_scope"}, "dropped": {Drop: true}, "junk": {Body: "x"},
		"cut off": {Body: `{"ok":true,"messages":[],"has_more":true}`},
	} {
		fault.Method = "conversations.history"
		s.Fail(fault)
		if got, err := p.Find(ctx, d); err == nil {
			t.Errorf("%s: history was not readable, and yet %q is the answer", name, got)
		}
	}
	for _, act := range []bot.Act{bot.OpenForm, bot.Home, bot.Private} {
		blind := d
		blind.Act, blind.To.User = act, "U0TANAKA"
		if got, err := p.Find(ctx, blind); err == nil {
			t.Errorf("%s cannot be looked up, and yet %q is the answer", act, got)
		}
	}
}

// TestFindWithShiftedClock: what is "since the intent" is measured on Slack's
// clock, so that a shifted clock of ours does not hide a message.
func TestFindWithShiftedClock(t *testing.T) {
	for _, shift := range []time.Duration{-36 * time.Hour, 0, 300 * 24 * time.Hour} {
		s, p := world(t, func(o *slack.Options) { o.Now = func() time.Time { return time.Now().Add(shift) } })
		d := inRoom("C0AOBA")
		d.IntentAt = time.Now().Add(shift)
		want, err := send(t, p, d)
		if err != nil {
			t.Fatal(err)
		}
		s.Say("C0AOBA", "U0ITO", "x", "")
		if got, err := p.Find(context.Background(), d); got != want || err != nil {
			t.Errorf("clock off by %v: %q, %v", shift, got, err)
		}
	}
}

func TestFindUpdateAndDelete(t *testing.T) {
	s, p := world(t, nil)
	ctx := context.Background()
	d := inRoom("C0AOBA")
	ts, err := send(t, p, d)
	if err != nil {
		t.Fatal(err)
	}
	change := d
	change.Key, change.Act, change.Ref = "0193578c-4d3e-7a11-9c57-3f2d8a61b102", bot.Update, ts
	if got, err := p.Find(ctx, change); got != "" || err != nil {
		t.Errorf("not updated yet: %q, %v", got, err)
	}
	if _, err := send(t, p, change); err != nil {
		t.Fatal(err)
	}
	if got, err := p.Find(ctx, change); got != ts || err != nil {
		t.Errorf("updated: %q, %v", got, err)
	}
	change.Act, change.Parts = bot.Delete, nil
	if got, err := p.Find(ctx, change); got != "" || err != nil {
		t.Errorf("not deleted yet: %q, %v", got, err)
	}
	if _, err := send(t, p, change); err != nil || len(s.Messages("C0AOBA")) != 0 {
		t.Fatal(err)
	}
	if got, err := p.Find(ctx, change); got != ts || err != nil {
		t.Errorf("deleted: %q, %v", got, err)
	}
}
