package slack_test

import (
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
)

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
		"404":                   {slacktest.Fault{Status: 404}, "retry", 0},
		"401":                   {slacktest.Fault{Status: 401}, "down http_401", 0},
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
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(5 * time.Millisecond) {
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
