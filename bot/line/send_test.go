package line_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"akari/bot"
	"akari/bot/line"
	"akari/bot/line/linetest"
	"akari/bot/zoo"
)

// world is a double with a clock that tests turn, and a Platform that knows it.
type world struct {
	*linetest.Server
	*line.Platform
	log *bytes.Buffer

	mu  sync.Mutex
	now time.Time
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) later(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func newWorld(t *testing.T, o line.Options, so linetest.Options) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC), log: &bytes.Buffer{}}
	so.Now = w.clock
	w.Server = linetest.Start(so)
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		w.Server.Close()
		goleak.VerifyNone(t, goleak.IgnoreCurrent())
	})
	w.AddUser(linetest.UserID(1), "田中")
	w.AddUser(linetest.UserID(2), "佐藤")
	w.AddGroup(linetest.GroupID(1), "青葉商事×△△社", linetest.UserID(1), linetest.UserID(2), linetest.UserID(3))
	o.APIURL, o.DataAPIURL, o.AllowInsecure, o.Now = w.URL, w.URL, true, w.clock
	o.HTTPClient = &http.Client{Transport: transport}
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	o.Log = slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.Platform = platform(t, o)
	return w
}

const (
	keyA = "0193578c-4d3e-7a11-9c57-3f2d8a61b00a"
	keyB = "0193578c-4d3e-7a11-9c57-3f2d8a61b00b"
)

func (w *world) delivery(t *testing.T, key string, to bot.Address, parts ...bot.Message) bot.Delivery {
	t.Helper()
	if len(parts) == 0 {
		parts = []bot.Message{{Text: "承知しました。"}}
	}
	d := bot.Delivery{ID: "d-" + key, Key: key, Act: bot.Post, To: to, Parts: parts, Attempt: 1}
	body, err := w.Render(d)
	if err != nil {
		t.Fatal(err)
	}
	d.Body = body
	return d
}

func TestSendZoo(t *testing.T) {
	w := newWorld(t, line.Options{}, linetest.Options{})
	n := 0
	for _, c := range zoo.Messages() {
		for _, parts := range bot.Pack(bot.Fit(c.Message, w.Limits()), w.Limits()) {
			key := strings.Replace(keyA, "00a", string([]byte{'1', "0123456789abcdef"[n/16], "0123456789abcdef"[n%16]}), 1)
			n++
			receipt, err := w.Send(t.Context(), w.delivery(t, key, direct(1), parts...))
			if err != nil || len(strings.Split(receipt, ",")) != len(parts) {
				t.Errorf("%s: %q, %v", c.Name, receipt, err)
			}
		}
	}
	for _, wrong := range w.Wrong() {
		t.Error(wrong)
	}
	if w.Minted() != 1 {
		t.Errorf("%d tokens were minted for %d calls", w.Minted(), n)
	}
}

// What is written down is what leaves, at every try the same bytes and key.
func TestSendFrozenBytes(t *testing.T) {
	w := newWorld(t, line.Options{}, linetest.Options{})
	hostile := zoo.Messages()[6].Message
	d := w.delivery(t, keyA, direct(1), bot.Fit(hostile, w.Limits())...)
	w.Fail(linetest.Fault{Path: "push", Status: 500})
	w.Fail(linetest.Fault{Path: "push", After: true, Drop: true})
	for range 2 {
		var doubt *bot.InDoubt
		if _, err := w.Send(t.Context(), d); !errors.As(err, &doubt) {
			t.Fatalf("not in doubt: %v", err)
		}
	}
	receipt, err := w.Send(t.Context(), d)
	if err != nil || receipt != w.Sent()[0].ID {
		t.Errorf("the third try: %q, %v", receipt, err)
	}
	for _, c := range w.Calls() {
		if !bytes.Equal(c.Body, d.Body) || c.Key != keyA {
			t.Errorf("other bytes or another key left:\n%s\n%s", c.Body, d.Body)
		}
	}
	if len(w.Sent()) != 1 || !strings.HasPrefix(w.Sent()[0].Text(), hostile.Text+"\n"+hostile.Buttons[0].Label) {
		t.Errorf("sent: %q", w.Sent()[0].Text())
	}
}

func TestSendStatuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault linetest.Fault
		reply bool
		want  string
		sent  int
	}{
		{"ok", linetest.Fault{Path: "none"}, false, "sent", 1},
		{"400 unknown user", linetest.Fault{Status: 400, Message: "The property, 'to', in the request body is invalid (line: -, column: -)"}, false, "refused unreachable", 0},
		{"400 not in the group", linetest.Fault{Status: 400, Message: "Failed to send messages"}, false, "refused unreachable", 0},
		{"400 other", linetest.Fault{Status: 400, Message: "The request body has 2 error(s)"}, false, "refused 400", 0},
		{"403", linetest.Fault{Status: 403, Message: "Access to this API is not available for your account"}, false, "refused 403 down", 0},
		{"401 twice", linetest.Fault{Status: 401, Count: 2}, false, "refused 401 down", 0},
		{"401 once", linetest.Fault{Status: 401}, false, "sent", 1},
		{"413", linetest.Fault{Status: 413}, false, "refused 413", 0},
		{"429 rate", linetest.Fault{Status: 429, Message: "The API rate limit has been exceeded. Try again later."}, false, "throttled 30s whole", 0},
		{"429 rate, after", linetest.Fault{Status: 429, Header: http.Header{"Retry-After": {"7"}}}, false, "throttled 7s whole", 0},
		{"429 rate, a date", linetest.Fault{Status: 429, Header: http.Header{"Retry-After": {"Wed, 25 Nov 2026 03:00:00 GMT"}}}, false, "throttled 30s whole", 0}, // gone by
		{"429 rate, a date to come", linetest.Fault{Status: 429, Header: http.Header{"Retry-After": {"Wed, 25 Nov 2026 03:02:00 GMT"}}}, false, "throttled 2m0s whole", 0},
		{"429 rate, absurd", linetest.Fault{Status: 429, Header: http.Header{"Retry-After": {"100000000000000000000"}}}, false, "throttled 1h0m0s whole", 0},
		{"429 rate, longer than we ask", linetest.Fault{Status: 429, Header: http.Header{"Retry-After": {"7200"}}}, false, "throttled 1h0m0s whole", 0},
		{"429 quota", linetest.Fault{Status: 429, Message: "You have reached your monthly limit."}, false, "refused quota", 0},
		{"500", linetest.Fault{Status: 500}, false, "doubt", 0},
		{"503 accepted", linetest.Fault{Status: 503, After: true}, false, "doubt", 1},
		{"hang accepted", linetest.Fault{Hang: true, After: true}, false, "doubt", 1},
		{"drop accepted", linetest.Fault{Drop: true, After: true}, false, "doubt", 1},
		{"garbled", linetest.Fault{Garbled: true, After: true}, false, "doubt", 1},
		{"302", linetest.Fault{Status: 302, Header: http.Header{"Location": {"/v2/bot/message/reply"}}}, false, "other", 0},
		{"reply ok", linetest.Fault{Path: "none"}, true, "sent", 1},
		{"reply 400", linetest.Fault{Status: 400, Message: "Invalid reply token"}, true, "refused reply_token", 0},
		{"reply 500", linetest.Fault{Status: 500}, true, "doubt", 0},
		{"reply hang accepted", linetest.Fault{Hang: true, After: true}, true, "doubt", 1},
		{"reply garbled", linetest.Fault{Garbled: true, After: true}, true, "sent", 1},
		{"reply 409", linetest.Fault{Status: 409}, true, "refused 409", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			patience := 20 * time.Second
			if c.fault.Hang {
				patience = time.Second
			}
			w := newWorld(t, line.Options{Timeout: patience}, linetest.Options{})
			if c.fault.Path == "" {
				c.fault.Path = "/message/"
			}
			w.Fail(c.fault)
			d := w.delivery(t, keyA, direct(1))
			if c.reply {
				d.Reply.Token, _ = w.Said(linetest.Source{User: linetest.UserID(1)}, "質問", "")["replyToken"].(string)
			}
			_, err := w.Send(t.Context(), d)
			if got := outcome(err); got != c.want {
				t.Errorf("%s (%v), want %s", got, err, c.want)
			}
			if len(w.Sent()) != c.sent {
				t.Errorf("%d messages arrived, want %d", len(w.Sent()), c.sent)
			}
			if err != nil && strings.Contains(err.Error(), "承知しました") {
				t.Errorf("the error tells the message")
			}
		})
	}
}

func outcome(err error) string {
	var refused *bot.Refused
	var throttled *bot.Throttled
	var doubt *bot.InDoubt
	switch {
	case err == nil:
		return "sent"
	case errors.As(err, &doubt):
		return "doubt"
	case errors.As(err, &refused) && refused.Down:
		return "refused " + refused.Code + " down"
	case errors.As(err, &refused):
		return "refused " + refused.Code
	case errors.As(err, &throttled) && throttled.Whole:
		return "throttled " + throttled.After.String() + " whole"
	}
	return "other"
}

func TestSendSameKey(t *testing.T) {
	w := newWorld(t, line.Options{}, linetest.Options{})
	d := w.delivery(t, keyA, direct(1), bot.Message{Text: "一"}, bot.Message{Text: "二"})
	first, err := w.Send(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	w.later(23 * time.Hour)
	w.ExpireTokens()
	again, err := w.Send(t.Context(), d)
	if err != nil || again != first || !strings.Contains(first, ",") || len(w.Sent()) != 2 {
		t.Errorf("the same key again: %q after %q, %v, %d messages", again, first, err, len(w.Sent()))
	}
	w.later(2 * time.Hour)
	w.ExpireTokens()
	if third, err := w.Send(t.Context(), d); err != nil || third == first || len(w.Sent()) != 4 {
		t.Errorf("the double forgets no key after 24 hours: %q, %v", third, err)
	}
}

func TestSendReplyThenPush(t *testing.T) {
	w := newWorld(t, line.Options{}, linetest.Options{Quota: 200})
	d := w.delivery(t, keyA, direct(1))
	token, _ := w.Said(linetest.Source{User: linetest.UserID(1)}, "質問", "")["replyToken"].(string)
	d.Reply = bot.Reply{Token: token}
	if w.Operation(d) != "reply" {
		t.Errorf("the operation is %s", w.Operation(d))
	}
	if strings.Contains(string(d.Body), token) {
		t.Errorf("the reply token is written down")
	}
	if _, err := w.Send(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if got := w.Sent()[0]; !got.Reply || got.To != linetest.UserID(1) {
		t.Errorf("not a reply: %+v", got)
	}
	_, err := w.Send(t.Context(), d) // used
	if outcome(err) != "refused reply_token" {
		t.Errorf("a used token: %v", err)
	}
	late := w.Said(linetest.Source{User: linetest.UserID(1)}, "質問", "")
	d.Reply.Token, _ = late["replyToken"].(string)
	w.later(61 * time.Second)
	w.ExpireTokens()
	if _, err := w.Send(t.Context(), d); outcome(err) != "refused reply_token" {
		t.Errorf("a token of 61 s: %v", err)
	}
	w.Redelivered(late)
	if _, err := w.Send(t.Context(), d); err != nil {
		t.Errorf("a redelivered token: %v", err)
	}
	d.Reply = bot.Reply{} // the caller falls back: the same frozen bytes
	if w.Operation(d) != "push" {
		t.Errorf("the operation is %s", w.Operation(d))
	}
	if _, err := w.Send(t.Context(), d); err != nil || w.Sent()[2].Reply {
		t.Errorf("the fall back: %v", err)
	}
	for _, wrong := range w.Wrong() {
		t.Error(wrong)
	}
}

// A reply is seen by the whole group; what is private must not be one.
func TestSendPrivateIsNoReply(t *testing.T) {
	w := newWorld(t, line.Options{}, linetest.Options{})
	from := linetest.Source{Group: linetest.GroupID(1), User: linetest.UserID(2)}
	to := bot.Address{Platform: "line", Connection: "line", Room: from.Group, User: from.User}
	d := w.delivery(t, keyA, to, bot.Message{Text: "佐藤様専用です", Private: true})
	d.Reply.Token, _ = w.Pressed(from, "a.b")["replyToken"].(string)
	if _, err := w.Send(t.Context(), d); err != nil || w.Operation(d) != "push" {
		t.Fatalf("%v, %s", err, w.Operation(d))
	}
	bare := d
	bare.Parts = nil // all that is left is the frozen body
	if _, err := w.Send(t.Context(), bare); err != nil || len(w.Sent()) != 1 {
		t.Errorf("without its parts it is sent otherwise: %v", err)
	}
	if got := w.Sent()[0]; got.To != from.User || got.Reply {
		t.Errorf("what is private went to %s", got.To)
	}
	if _, err := w.Send(t.Context(), w.delivery(t, keyB, to)); err != nil || w.Sent()[1].To != from.Group {
		t.Errorf("what is not private: %v", err)
	}
}

func TestSendQuotaAndBlocked(t *testing.T) {
	w := newWorld(t, line.Options{}, linetest.Options{Quota: 4})
	w.Block(linetest.UserID(2))
	group := bot.Address{Platform: "line", Connection: "line", Room: linetest.GroupID(1)}
	if _, err := w.Send(t.Context(), w.delivery(t, keyA, group)); err != nil { // counts three
		t.Fatal(err)
	}
	if _, err := w.Send(t.Context(), w.delivery(t, keyB, group)); outcome(err) != "refused quota" {
		t.Errorf("beyond the quota: %v", err)
	}
	w.SetQuota(0, 0)
	if receipt, err := w.Send(t.Context(), w.delivery(t, keyB, direct(2))); err != nil || receipt == "" || w.Sent()[1].Shown {
		t.Errorf("to one who blocked us: %q, %v", receipt, err)
	}
	if _, err := w.Send(t.Context(), w.delivery(t, strings.Replace(keyA, "0a", "0c", 1), direct(99))); outcome(err) != "refused unreachable" {
		t.Errorf("to nobody: %v", err)
	}
}

func TestSendUnreachableServer(t *testing.T) {
	w := newWorld(t, line.Options{ChannelAccessToken: "long-lived"}, linetest.Options{AccessToken: "long-lived"})
	d := w.delivery(t, keyA, direct(1))
	gone := platform(t, line.Options{ChannelAccessToken: "long-lived", APIURL: "http://127.0.0.1:1", AllowInsecure: true, Timeout: time.Second})
	if _, err := gone.Send(t.Context(), d); outcome(err) != "other" {
		t.Errorf("a call that never left: %v", err)
	}
	d.Reply.Token = "t"
	if _, err := gone.Send(t.Context(), d); outcome(err) != "other" {
		t.Errorf("a reply that never left: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Send(ctx, d); err == nil {
		t.Errorf("a cancelled call is sent")
	}
	for _, body := range []string{"", "null", "{}", `{"to":"U../x","messages":[{"type":"text"}]}`, `{"to":"` + linetest.UserID(1) + `","messages":[{}]}`} {
		if _, err := w.Send(t.Context(), bot.Delivery{Key: keyA, Body: []byte(body)}); outcome(err) != "refused bad_body" {
			t.Errorf("the body %q: %v", body, err)
		}
	}
}

func TestTokens(t *testing.T) {
	t.Run("many callers, one mint", func(t *testing.T) {
		w := newWorld(t, line.Options{}, linetest.Options{})
		d := w.delivery(t, keyA, direct(1))
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				if _, err := w.Send(context.Background(), d); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if w.Minted() != 1 || len(w.Sent()) != 1 {
			t.Errorf("%d tokens, %d messages", w.Minted(), len(w.Sent()))
		}
	})
	t.Run("re-minted once when refused", func(t *testing.T) {
		w := newWorld(t, line.Options{}, linetest.Options{})
		for i, key := range []string{keyA, keyB} {
			if _, err := w.Send(t.Context(), w.delivery(t, key, direct(1))); err != nil || w.Minted() != i+1 {
				t.Errorf("%v, %d tokens", err, w.Minted())
			}
			w.ExpireTokens()
		}
	})
	t.Run("while the secret is being replaced", func(t *testing.T) {
		w := newWorld(t, line.Options{ChannelSecrets: []string{"not yet", "line-secret"}}, linetest.Options{})
		if _, err := w.Send(t.Context(), w.delivery(t, keyA, direct(1))); err != nil || w.Minted() != 1 {
			t.Errorf("%v, %d tokens", err, w.Minted())
		}
	})
	t.Run("replaced before its end", func(t *testing.T) {
		w := newWorld(t, line.Options{}, linetest.Options{TokenLife: time.Second})
		if _, err := w.Send(t.Context(), w.delivery(t, keyA, direct(1))); err != nil {
			t.Fatal(err)
		}
		time.Sleep(600 * time.Millisecond) // half of a short life, on the monotonic clock
		if _, err := w.Send(t.Context(), w.delivery(t, keyB, direct(1))); err != nil || w.Minted() != 2 {
			t.Errorf("%v, %d tokens", err, w.Minted())
		}
	})
	t.Run("long-lived", func(t *testing.T) {
		w := newWorld(t, line.Options{ChannelAccessToken: "long-lived"}, linetest.Options{AccessToken: "long-lived"})
		if _, err := w.Send(t.Context(), w.delivery(t, keyA, direct(1))); err != nil || w.Minted() != 0 {
			t.Errorf("%v, %d tokens", err, w.Minted())
		}
	})
	t.Run("long-lived and wrong", func(t *testing.T) {
		w := newWorld(t, line.Options{ChannelAccessToken: "wrong"}, linetest.Options{AccessToken: "long-lived"})
		if _, err := w.Send(t.Context(), w.delivery(t, keyA, direct(1))); outcome(err) != "refused 401 down" || len(w.Calls()) != 1 {
			t.Errorf("%v, %d calls", err, len(w.Calls()))
		}
	})
	for _, c := range []struct {
		name  string
		fault linetest.Fault
		want  string
	}{
		{"wrong secret", linetest.Fault{Status: 400}, "refused token down"},
		{"throttled", linetest.Fault{Status: 429}, "throttled 30s whole"},
		{"broken", linetest.Fault{Status: 500}, "other"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, line.Options{}, linetest.Options{})
			c.fault.Path = "/oauth2/"
			w.Fail(c.fault)
			if _, err := w.Send(t.Context(), w.delivery(t, keyA, direct(1))); outcome(err) != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
			if len(w.Sent()) != 0 {
				t.Errorf("sent without a token")
			}
		})
	}
}

// Nothing that is logged tells a secret, a token, an id of a person or a text.
func TestLogIsClean(t *testing.T) {
	w := newWorld(t, line.Options{}, linetest.Options{})
	w.Fail(linetest.Fault{Path: "push", Status: 400, Message: "the text 承知しました is wrong"})
	_, err := w.Send(t.Context(), w.delivery(t, keyA, direct(1)))
	told := w.log.String() + err.Error()
	if !strings.Contains(told, "line_request_id=") {
		t.Errorf("LINE's request id is not kept: %s", told)
	}
	for _, secret := range []string{"承知", "line-secret", "stateless-", linetest.UserID(1)} {
		if strings.Contains(told, secret) {
			t.Errorf("the log tells %q: %s", secret, told)
		}
	}
}

func TestNew(t *testing.T) {
	good := line.Options{ChannelID: "2", ChannelSecrets: []string{"s"}}
	for want, change := range map[string]func(*line.Options){
		"no channel secret":    func(o *line.Options) { o.ChannelSecrets = nil },
		"secret is empty":      func(o *line.Options) { o.ChannelSecrets = []string{"s", ""} },
		"line.channel_id":      func(o *line.Options) { o.ChannelID = "" },
		"line.api_url must":    func(o *line.Options) { o.APIURL = "http://api.line.me" },
		"line.data_api_url mu": func(o *line.Options) { o.DataAPIURL = "ftp://x" },
	} {
		o := good
		change(&o)
		if _, err := line.New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if p, err := line.New(good); err != nil || p.Name() != "line" {
		t.Errorf("good options: %v", err)
	}
}
