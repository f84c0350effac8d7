package slack_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
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

func TestSendDirectOpensTheRoomOnce(t *testing.T) {
	s, p := world(t, nil)
	d := inRoom("")
	d.To.User, d.To.Direct = "U0TANAKA", true
	for range 3 {
		if _, err := send(t, p, d); err != nil {
			t.Fatal(err)
		}
	}
	room := s.DirectRoom("U0TANAKA")
	if len(s.Messages(room)) != 3 || len(s.Calls("conversations.open")) != 1 {
		t.Errorf("%d messages, %d openings", len(s.Messages(room)), len(s.Calls("conversations.open")))
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
	s.Fail(slacktest.Fault{Method: "conversations.open", Status: 500})
	d.To.User = "U0ITO"
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

func TestSendFailsInFourWays(t *testing.T) {
	s, p := world(t, func(o *slack.Options) { o.Timeout = 300 * time.Millisecond })
	kind := func(err error) string {
		var throttled *bot.Throttled
		var refused *bot.Refused
		var doubt *bot.InDoubt
		switch {
		case err == nil:
			return "sent"
		case errors.As(err, &throttled):
			if !throttled.Whole {
				return "throttled here"
			}
			return "throttled " + throttled.After.String()
		case errors.As(err, &refused):
			if refused.Down {
				return "down " + refused.Code
			}
			return "refused " + refused.Code
		case errors.As(err, &doubt):
			return "doubt"
		}
		return "retry"
	}
	for name, c := range map[string]struct {
		fault slacktest.Fault
		want  string
		lies  int // messages in the room afterwards
	}{
		"no fault":              {slacktest.Fault{Method: "none"}, "sent", 1},
		"429 with 7":            {slacktest.Fault{Status: 429, RetryAfter: "7"}, "throttled 7s", 0},
		"429 without":           {slacktest.Fault{Status: 429}, "throttled 1m0s", 0},
		"ratelimited":           {slacktest.Fault{Code: "ratelimited", RetryAfter: "9"}, "throttled 9s", 0},
		"rate_limited":          {slacktest.Fault{Code: "rate_limited"}, "throttled 1m0s", 0},
		"message limit":         {slacktest.Fault{Code: "message_limit_exceeded"}, "throttled 5m0s", 0},
		"500":                   {slacktest.Fault{Status: 500}, "doubt", 0},
		"503 after accept":      {slacktest.Fault{Status: 503, Accept: true}, "doubt", 1},
		"302":                   {slacktest.Fault{Status: 302}, "doubt", 0},
		"400":                   {slacktest.Fault{Status: 400}, "refused http_400", 0},
		"403":                   {slacktest.Fault{Status: 403}, "down http_403", 0},
		"408":                   {slacktest.Fault{Status: 408}, "doubt", 0},
		"dropped before accept": {slacktest.Fault{Drop: true}, "doubt", 0},
		"dropped after accept":  {slacktest.Fault{Drop: true, Accept: true}, "doubt", 1},
		"hangs":                 {slacktest.Fault{Hang: 2 * time.Second, Drop: true}, "doubt", 0},
		"internal_error":        {slacktest.Fault{Code: "internal_error", Accept: true}, "doubt", 1},
		"fatal_error":           {slacktest.Fault{Code: "fatal_error"}, "doubt", 0},
		"html":                  {slacktest.Fault{Body: "<html>"}, "doubt", 0},
		"null":                  {slacktest.Fault{Body: "null"}, "doubt", 0},
		"no ok":                 {slacktest.Fault{Body: "{}"}, "doubt", 0},
		"ok without ts":         {slacktest.Fault{Body: `{"ok":true}`}, "doubt", 0},
		"channel_not_found":     {slacktest.Fault{Code: "channel_not_found"}, "refused channel_not_found", 0},
		"restricted":            {slacktest.Fault{Code: "restricted_action_read_only_channel"}, "refused restricted_action_read_only_channel", 0},
		"token_revoked":         {slacktest.Fault{Code: "token_revoked"}, "down token_revoked", 0},
		"missing_scope":         {slacktest.Fault{Code: "missing_scope"}, "down missing_scope", 0},
		"odd code":              {slacktest.Fault{Code: "田中 <x>"}, "refused unreadable_error", 0},
	} {
		t.Run(name, func(t *testing.T) {
			s.AddChannel(slacktest.Channel{ID: "C0AOBA", Members: []string{"U0BOT"}})
			s.Heal()
			before := len(s.Calls("chat.postMessage"))
			if c.fault.Method == "" {
				c.fault.Method = "chat.postMessage"
			}
			s.Fail(c.fault)
			_, err := send(t, p, inRoom("C0AOBA"))
			if got := kind(err); got != c.want {
				t.Errorf("%s (%v), want %s", got, err, c.want)
			}
			if err != nil && (strings.Contains(err.Error(), s.URL) || strings.Contains(err.Error(), s.BotToken)) {
				t.Errorf("the error tells too much: %v", err)
			}
			waitFor(t, func() bool { return len(s.Calls("chat.postMessage")) == before+1 })
			if got := len(s.Messages("C0AOBA")); got != c.lies {
				t.Errorf("%d messages lie in the room, want %d", got, c.lies)
			}
		})
	}
	for room, want := range map[string]string{
		"C0NONE": "refused channel_not_found", "C0OLD": "refused is_archived", "C0OUT": "refused not_in_channel",
	} {
		if _, err := send(t, p, inRoom(room)); kind(err) != want {
			t.Errorf("%s: %v", room, err)
		}
	}
}

func waitFor(t testing.TB, done func() bool) {
	t.Helper()
	for end := time.Now().Add(3 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not happen")
		}
	}
}

// TestNothingWrittenIsNoDoubt: a refused connection, a name that does not resolve.
func TestNothingWrittenIsNoDoubt(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + l.Addr().String() + "/api/"
	_ = l.Close()
	tls := httptest.NewUnstartedServer(http.NotFoundHandler())
	tls.Config.ErrorLog = log.New(io.Discard, "", 0)
	tls.StartTLS() // with a certificate nobody trusts
	defer tls.Close()
	for _, api := range []string{address, tls.URL + "/api/"} {
		p := newPlatform(t, func(o *slack.Options) { o.APIURL, o.AllowInsecure, o.AllowTestHosts = api, true, true })
		d := inRoom("C0AOBA")
		_, err = send(t, p, d)
		var doubt *bot.InDoubt
		if err == nil || errors.As(err, &doubt) {
			t.Errorf("%s: %v", api, err)
		}
		u, _ := url.Parse(api)
		d.Act, d.To.User, d.Reply.URL = bot.Private, "U1", u.Scheme+"://"+u.Host+"/actions/secret"
		if _, err = send(t, p, d); err == nil || errors.As(err, &doubt) || strings.Contains(err.Error(), "secret") {
			t.Errorf("response address: %v", err)
		}
	}
}

// TestOneRequestPerSend: a connection that drops after the request was read is a
// doubt, and never a second request.
func TestOneRequestPerSend(t *testing.T) {
	var mu sync.Mutex
	n := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		n++
		mu.Unlock()
		if n%2 == 0 {
			panic(http.ErrAbortHandler) // read it, then drop the connection
		}
		_, _ = w.Write([]byte(`{"ok":true,"ts":"1790000000.000100"}`))
	}))
	defer srv.Close()
	p := newPlatform(t, func(o *slack.Options) { o.APIURL, o.AllowInsecure = srv.URL+"/api/", true })
	for i := range 6 {
		_, err := send(t, p, inRoom("C0AOBA"))
		var doubt *bot.InDoubt
		if wantDoubt := i%2 == 1; errors.As(err, &doubt) != wantDoubt || wantDoubt == (err == nil) {
			t.Errorf("send %d: %v", i, err)
		}
		mu.Lock()
		if n != i+1 {
			t.Errorf("after %d sends %d requests arrived", i+1, n)
		}
		mu.Unlock()
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 25, 3, 0, 0, 500_000_000, time.UTC)
	for in, want := range map[string]time.Duration{
		"7": 7 * time.Second, " 7 ": 7 * time.Second, "0": time.Second, "": time.Minute, "-5": time.Minute, "soon": time.Minute,
		"1.5": time.Minute, "300": 5 * time.Minute, "301": 5 * time.Minute, "1000000000": 5 * time.Minute,
		"99999999999999999999999": 5 * time.Minute, "Wed, 25 Nov 2026 03:00:30 GMT": 29500 * time.Millisecond,
		"Wed, 25 Nov 2026 02:00:00 GMT": time.Second, "Fri, 25 Nov 2039 02:00:00 GMT": 5 * time.Minute,
	} {
		if got := slack.RetryAfter(in, now, 5*time.Minute); got != want {
			t.Errorf("Retry-After %q: %v, want %v", in, got, want)
		}
	}
}

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
