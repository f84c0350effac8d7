package slack_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"akari/bot"
	"akari/bot/slack"
	"akari/bot/slack/slacktest"
	"akari/bot/zoo"
)

// world is a double with a partner's room, a staff member and two outsiders.
func world(t testing.TB, change func(*slack.Options)) (*slacktest.Server, *slack.Platform) {
	t.Helper()
	s := slacktest.New(t, slacktest.Options{})
	s.AddUser(slacktest.User{ID: "U0ITO", Name: "伊藤", Locale: "ja-JP"})
	s.AddUser(slacktest.User{ID: "U0TANAKA", TeamID: "T0AOBA", Name: "田中", DisplayName: "田中(青葉)"})
	s.AddUser(slacktest.User{ID: "U0STRANGE", TeamID: "T0ELSE", Stranger: true})
	s.AddChannel(slacktest.Channel{
		ID: "C0AOBA", Name: "aoba", Members: []string{"U0BOT", "U0ITO", "U0TANAKA"}, ExtShared: true,
		ConnectedTeams: []string{"T0AOBA"}, SharedTeams: []string{"T0VENDOR", "T0AOBA"}, InternalTeams: []string{"T0VENDOR"},
	})
	s.AddChannel(slacktest.Channel{ID: "C0OLD", Members: []string{"U0BOT"}, Archived: true})
	s.AddChannel(slacktest.Channel{ID: "C0OUT", Members: []string{"U0ITO"}})
	p := newPlatform(t, func(o *slack.Options) {
		o.APIURL, o.AllowInsecure, o.AllowTestHosts, o.BotToken = s.APIURL, true, true, s.BotToken
		o.Timeout = 5 * time.Second
		if change != nil {
			change(o)
		}
	})
	return s, p
}

const key1 = "0193578c-4d3e-7a11-9c57-3f2d8a61b0ff"

func inRoom(room string) bot.Delivery {
	return bot.Delivery{
		Key: key1, Act: bot.Post, To: bot.Address{Platform: "slack", Connection: "slack", Room: room},
		Parts: []bot.Message{{Text: "価格表は<2026年>版です", Buttons: []bot.Button{
			{Label: "解決した", Press: bot.NewPress("faq.solved", "q", "1")}, {Label: "開く", Open: "https://akari.example/v/x"},
		}}}, IntentAt: time.Now(),
	}
}

func send(t testing.TB, p *slack.Platform, d bot.Delivery) (string, error) {
	t.Helper()
	var err error
	if d.Body == nil {
		if d.Body, err = p.Render(d); err != nil {
			t.Fatal(err)
		}
	}
	return p.Send(context.Background(), d)
}

func TestSendEveryAct(t *testing.T) {
	s, p := world(t, nil)
	ts, err := send(t, p, inRoom("C0AOBA"))
	if err != nil || len(s.Messages("C0AOBA")) != 1 || s.Messages("C0AOBA")[0].TS != ts {
		t.Fatalf("post: %q, %v, %+v", ts, err, s.Messages("C0AOBA"))
	}
	reply := inRoom("C0AOBA")
	reply.To.Thread = ts
	if _, err := send(t, p, reply); err != nil || s.Messages("C0AOBA")[1].ThreadTS != ts {
		t.Errorf("reply: %v, %+v", err, s.Messages("C0AOBA"))
	}
	update := inRoom("C0AOBA")
	update.To.Thread = ts // where the button was pressed; chat.update takes no thread
	update.Act, update.Ref, update.Parts = bot.Update, ts, []bot.Message{{Text: "訂正しました"}}
	if got, err := send(t, p, update); err != nil || got != ts || s.Messages("C0AOBA")[0].Text != "訂正しました" {
		t.Errorf("update: %q, %v", got, err)
	}
	remove := bot.Delivery{Key: key1, Act: bot.Delete, To: update.To, Ref: ts}
	if got, err := send(t, p, remove); err != nil || got != ts || len(s.Messages("C0AOBA")) != 1 {
		t.Errorf("delete: %q, %v", got, err)
	}
	private := inRoom("C0AOBA")
	private.Act, private.To.User = bot.Private, "U0TANAKA"
	if op := p.Operation(private); op != "chat.postEphemeral" {
		t.Errorf("a private delivery without an address is %s", op)
	}
	if ts, err = send(t, p, private); err != nil || ts == "" {
		t.Errorf("ephemeral: %q, %v", ts, err)
	}
	private.Reply.URL = s.ResponseURL("C0AOBA", "U0TANAKA")
	if _, err = send(t, p, private); err != nil || p.Operation(private) != "response_url" {
		t.Errorf("response address: %v", err)
	}
	seen := s.Messages("C0AOBA")
	if len(seen) != 3 || seen[1].Ephemeral != "U0TANAKA" || seen[2].Ephemeral != "U0TANAKA" {
		t.Errorf("the room shows %+v", seen)
	}
	home := bot.Delivery{Key: key1, Act: bot.Home, To: bot.Address{User: "U0ITO", Direct: true}, Parts: []bot.Message{{Text: "メニュー"}}}
	if _, err = send(t, p, home); err != nil || !strings.Contains(string(s.Home("U0ITO")), "メニュー") {
		t.Errorf("home: %v", err)
	}
}

func TestSendDirectNeedsNoOpening(t *testing.T) {
	s, p := world(t, nil)
	d := inRoom("")
	d.To.User, d.To.Direct = "U0TANAKA", true
	for range 3 {
		if _, err := send(t, p, d); err != nil {
			t.Fatal(err)
		}
	}
	room := s.DirectRoom("U0TANAKA")
	if len(s.Messages(room)) != 3 || len(s.Calls("conversations.open")) != 0 {
		t.Errorf("%d messages, %d openings", len(s.Messages(room)), len(s.Calls("conversations.open")))
	}
	if calls := s.Calls("chat.postMessage"); calls[0].Args["channel"] != "U0TANAKA" || calls[2].Args["channel"] != room {
		t.Errorf("the room that the first message opened is not used: %v, %v", calls[0].Args["channel"], calls[2].Args["channel"])
	}
	// Whom a message to their id does not find is asked for, once.
	s.AddUser(slacktest.User{ID: "U0LATE", TeamID: "T0AOBA", OpenFirst: true})
	d.To.User = "U0LATE"
	for range 2 {
		if _, err := send(t, p, d); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.Messages(s.DirectRoom("U0LATE"))) != 2 || len(s.Calls("conversations.open")) != 1 {
		t.Errorf("%d messages, %d openings", len(s.Messages(s.DirectRoom("U0LATE"))), len(s.Calls("conversations.open")))
	}
	for user, want := range map[string]string{"U0STRANGE": "user_not_found", "U0NOBODY": "user_not_found"} {
		d.To.User = user
		_, err := send(t, p, d)
		var no *bot.Refused
		if !errors.As(err, &no) || no.Code != want || no.Down {
			t.Errorf("%s: %v", user, err)
		}
	}
	// A failure to open has had no effect, so it is never in doubt.
	s.AddUser(slacktest.User{ID: "U0LATER", TeamID: "T0AOBA", OpenFirst: true})
	s.Fail(slacktest.Fault{Method: "conversations.open", Status: 500})
	d.To.User = "U0LATER"
	_, err := send(t, p, d)
	var doubt *bot.InDoubt
	if err == nil || errors.As(err, &doubt) {
		t.Errorf("opening failed: %v", err)
	}
}

func TestSpentResponseAddressFallsBackToEphemeral(t *testing.T) {
	s, p := world(t, nil)
	d := inRoom("C0AOBA")
	d.Act, d.To.User, d.Reply.URL = bot.Private, "U0TANAKA", s.ResponseURL("C0AOBA", "U0TANAKA")
	for i := range 6 {
		if _, err := send(t, p, d); err != nil {
			t.Fatalf("use %d: %v", i+1, err)
		}
	}
	if a, b := len(s.Calls("response_url")), len(s.Calls("chat.postEphemeral")); a != 6 || b != 1 {
		t.Errorf("%d uses of the address, %d ephemerals", a, b)
	}
	for _, c := range s.Calls("response_url") {
		if c.Error != "" && c.Error != "used_url" {
			t.Errorf("the address was refused: %s", c.Error)
		}
	}
	d.Reply.URL = "https://hooks.slack.com.evil.example/actions/x"
	if op := p.Operation(d); op != "chat.postEphemeral" {
		t.Errorf("a foreign address is called: %s", op)
	}
}

func TestOpenForm(t *testing.T) {
	s, p := world(t, nil)
	d := bot.Delivery{Key: key1, Act: bot.OpenForm, To: bot.Address{Room: "C0AOBA", User: "U0TANAKA"}, Parts: []bot.Message{{Text: "x", Form: &bot.Form{
		Name: "outcome.report", Draft: "d1", Title: "商談のご報告をお願いいたします。できるだけ詳しくお書きください。", Submit: "送る", Cancel: "やめる",
		Fields: []bot.Field{{Name: "deal", Label: "商談", Kind: bot.Line, Required: true}},
	}}}, Reply: bot.Reply{Token: s.Trigger(), Until: time.Now().Add(2500 * time.Millisecond)}}
	id, err := send(t, p, d)
	if err != nil || id == "" || len(s.Views()) != 1 || s.Views()[0].ID != id {
		t.Fatalf("%q, %v", id, err)
	}
	var no *bot.Refused
	if _, err = send(t, p, d); !errors.As(err, &no) || no.Code != "trigger_exchanged" {
		t.Errorf("the trigger again: %v", err)
	}
	d.Reply.Until = time.Now().Add(-time.Minute)
	calls := len(s.Calls("views.open"))
	if _, err = send(t, p, d); !errors.As(err, &no) || no.Code != "expired_trigger" || len(s.Calls("views.open")) != calls {
		t.Errorf("a form that comes too late: %v", err)
	}
	s.Fail(slacktest.Fault{Method: "views.open", Code: "trigger_expired"})
	d.Reply.Until = time.Time{}
	if _, err = send(t, p, d); !errors.As(err, &no) || no.Code != "expired_trigger" {
		t.Errorf("Slack says expired: %v", err)
	}
}

func TestBodyIsTheSameAtEveryAttempt(t *testing.T) {
	s, p := world(t, nil)
	d := inRoom("C0AOBA")
	body, err := p.Render(d)
	if err != nil {
		t.Fatal(err)
	}
	d.Body, d.Parts = body, nil // what was written down at attempt 1 is all that is left
	if _, err := p.Send(context.Background(), d); err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal(s.Calls("chat.postMessage")[0].Args)
	if a, b := string(pretty(t, got)), string(pretty(t, body)); a != b {
		t.Errorf("sent %s, rendered %s", a, b)
	}
}

// TestFullShelfIsTaken: the largest message that fits is one that Slack takes,
// together with its limit on all text of a message.
func TestFullShelfIsTaken(t *testing.T) {
	_, p := world(t, nil)
	l := p.Limits()
	fill := func(s string, n int) string { return strings.Repeat(s, n) }
	m := bot.Message{Text: fill("あ", l.TextCards)}
	for range l.Cards {
		c := bot.Card{Title: fill("題", l.CardTitle), Text: fill("文", l.CardText), Image: &bot.Image{URL: "https://akari.example/x.png", Alt: "表紙"}}
		for range l.CardButtons {
			c.Buttons = append(c.Buttons, bot.Button{Label: "資料を受け取る", Press: bot.NewPress("material.send", "m", "price-2026")})
		}
		m.Cards = append(m.Cards, c)
	}
	for range l.Buttons {
		m.Buttons = append(m.Buttons, bot.Button{Label: "担当者に聞く", Press: bot.NewPress("gap.ask")})
	}
	parts := bot.Fit(m, l)
	if len(parts) != 1 {
		t.Fatalf("%d parts: it was meant to be the largest single message", len(parts))
	}
	d := inRoom("C0AOBA")
	d.Parts = parts
	if _, err := send(t, p, d); err != nil {
		t.Error(err)
	}
	// With every character escaped it needs more blocks, but not more than 50.
	for i := range m.Cards {
		m.Cards[i].Title, m.Cards[i].Text = fill("<", l.CardTitle), fill("&", l.CardText)
	}
	m.Text = fill("&", l.TextCards)
	for _, part := range bot.Fit(m, l) {
		d.Parts = []bot.Message{part}
		body, err := p.Render(d)
		if err != nil {
			t.Fatal(err)
		}
		if faults := slackFaults(t, body); faults != nil {
			t.Error(faults)
		}
	}
}

// TestEveryZooMessageIsTaken sends the whole zoo.
func TestEveryZooMessageIsTaken(t *testing.T) {
	s, p := world(t, nil)
	for _, c := range zoo.Messages() {
		for _, m := range bot.Fit(c.Message, p.Limits()) {
			d := zooDelivery(m)
			d.To.Thread = ""
			if m.Form != nil {
				d.Reply.Token = s.Trigger()
			}
			if _, err := send(t, p, d); err != nil {
				t.Errorf("%s: %v", c.Name, err)
			}
		}
	}
	for _, c := range s.Calls("") {
		if c.Error != "" {
			t.Errorf("%s was refused: %s", c.Method, c.Error)
		}
	}
}

// TestTokenDoesNotTravel: a redirect is not followed, and a response address never
// sees the token.
func TestTokenDoesNotTravel(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/actions/") && r.Header.Get("Authorization") != "" {
			t.Error("a response address got the token")
		}
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	}))
	defer srv.Close()
	p := newPlatform(t, func(o *slack.Options) { o.APIURL, o.AllowInsecure, o.AllowTestHosts = srv.URL+"/api/", true, true })
	d := inRoom("C0AOBA")
	var doubt *bot.InDoubt
	if _, err := send(t, p, d); !errors.As(err, &doubt) {
		t.Errorf("a redirect: %v", err)
	}
	d.Act, d.To.User, d.Reply.URL = bot.Private, "U1", srv.URL+"/actions/x"
	if _, err := send(t, p, d); !errors.As(err, &doubt) {
		t.Errorf("a redirect of a response address: %v", err)
	}
}
