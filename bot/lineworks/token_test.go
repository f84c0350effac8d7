package lineworks_test

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

	"akari/bot"
	"akari/bot/lineworks"
	"akari/bot/lineworks/lineworkstest"
)

func TestTokenIsKeptAndBothFormsOfExpiryAreRead(t *testing.T) {
	for name, number := range map[string]bool{"string": false, "number": true} {
		t.Run(name, func(t *testing.T) {
			w := start(t, func(_ *lineworks.Options, o *lineworkstest.Options) { o.ExpiresAsNumber = number })
			for range 5 {
				if _, err := w.Send(context.Background(), w.post(t, sato, hello)); err != nil {
					t.Fatal(err)
				}
			}
			if n := w.double.Count("token"); n != 1 {
				t.Errorf("%d tokens for five messages", n)
			}
			w.clean(t)
		})
	}
}

func TestTokenIsRenewedBeforeItsEnd(t *testing.T) {
	// A life of 1 s is renewed after half of it: the double never sees it expire.
	w := start(t, func(_ *lineworks.Options, o *lineworkstest.Options) { o.ExpiresIn = 1 })
	end := time.Now().Add(1300 * time.Millisecond)
	for time.Now().Before(end) {
		if _, err := w.Send(context.Background(), w.post(t, sato, hello)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	for _, c := range w.double.Calls() {
		if c.Status == 401 {
			t.Fatal("a token was used after its end")
		}
	}
	if n := w.double.Count("token"); n < 2 || n > 4 {
		t.Errorf("%d tokens in 1.3 s, want 2 to 4", n)
	}
}

func TestRevokedTokenIsReplacedOnceForAll(t *testing.T) {
	w := start(t)
	d := w.post(t, sato, hello)
	if _, err := w.Send(context.Background(), d); err != nil {
		t.Fatal(err)
	}
	w.double.RevokeTokens()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := w.Send(context.Background(), d); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := w.double.Count("token"); n != 2 {
		t.Errorf("%d tokens, want the first and one more", n)
	}
	if n := len(w.double.Sent()); n != 5 {
		t.Errorf("%d messages arrived, want 5", n)
	}
}

// JWT times follow the wall clock, offset included: when both clocks are a day
// off the token is given, when only ours is it is not.
func TestAssertionFollowsTheClock(t *testing.T) {
	off := func() time.Time { return time.Now().Add(-36 * time.Hour) }
	w := start(t, func(o *lineworks.Options, do *lineworkstest.Options) { o.Now, do.Now = off, off })
	if _, err := w.Send(context.Background(), w.post(t, sato, hello)); err != nil {
		t.Errorf("both clocks off: %v", err)
	}
	w = start(t, func(o *lineworks.Options, _ *lineworkstest.Options) { o.Now = off })
	var re *bot.Refused
	if _, err := w.Send(context.Background(), w.post(t, sato, hello)); !errors.As(err, &re) || !re.Down || re.Code != "invalid_grant" {
		t.Errorf("our clock off: got %v", err)
	}
}

func TestMintFailures(t *testing.T) {
	cases := []struct {
		name   string
		change func(*lineworkstest.Bot)
		fault  *lineworkstest.Fault
		code   string // of Refused{Down}; "" = a plain error
	}{
		{"other secret", func(b *lineworkstest.Bot) { b.ClientSecret = "changed" }, nil, "invalid_client"},
		{"other service account", func(b *lineworkstest.Bot) { b.ServiceAccount = "changed" }, nil, "invalid_grant"},
		{"no scope ticked", func(b *lineworkstest.Bot) { b.Scopes = nil }, nil, "invalid_scope"},
		{"500", nil, &lineworkstest.Fault{Status: 500}, ""},
		{"dropped", nil, &lineworkstest.Fault{Drop: true}, ""},
		{"400 without a word", nil, &lineworkstest.Fault{Status: 400, Code: "x y"}, "token_400"},
		{"redirected", nil, &lineworkstest.Fault{Status: 302, Header: map[string]string{"Location": "https://elsewhere.example"}}, "token_302"},
		{"200 without a token", nil, &lineworkstest.Fault{Status: 200}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			w := start(t, func(o *lineworks.Options, _ *lineworkstest.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
			if c.change != nil {
				w.double.With(func() { c.change(w.bot) })
			}
			if c.fault != nil {
				w.double.Next("token", *c.fault)
			}
			_, err := w.Send(context.Background(), w.post(t, sato, hello))
			var re *bot.Refused
			var in *bot.InDoubt
			switch {
			case err == nil || errors.As(err, &in):
				t.Fatalf("got %v", err)
			case c.code == "" && errors.As(err, &re):
				t.Errorf("got %v, want a plain error", err)
			case c.code != "" && (!errors.As(err, &re) || !re.Down || re.Code != c.code):
				t.Errorf("got %v, want the connection refused with %s", err, c.code)
			}
			for _, secret := range []string{"client-secret", "assertion", "token-2", "eyJ"} {
				if strings.Contains(err.Error()+log.String(), secret) {
					t.Errorf("a secret shows: %v, %s", err, log.String())
				}
			}
			if n := len(w.double.Sent()); n != 0 {
				t.Errorf("%d messages were sent", n)
			}
			// What was only a passing fault is over at the next try.
			if c.code == "" {
				if _, err := w.Send(context.Background(), w.post(t, sato, hello)); err != nil {
					t.Errorf("the next try: %v", err)
				}
			}
		})
	}
}

func TestMintThrottled(t *testing.T) {
	w := start(t)
	w.double.Next("token", lineworkstest.Fault{Status: 429, Header: map[string]string{"Retry-After": "9"}})
	var th *bot.Throttled
	if _, err := w.Send(context.Background(), w.post(t, sato, hello)); !errors.As(err, &th) || th.After != 9*time.Second {
		t.Errorf("got %v", err)
	}
}

// gate holds requests to the token endpoint back until it is opened.
type gate struct{ open chan struct{} }

func (g gate) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/token") {
		select {
		case <-g.open:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}

// A caller that gives up does not take the mint away from the others.
func TestMintOutlivesItsFirstCaller(t *testing.T) {
	g := gate{make(chan struct{})}
	w := start(t, func(o *lineworks.Options, _ *lineworkstest.Options) { o.HTTPClient = &http.Client{Transport: g} })
	d := w.post(t, sato, hello)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	var in *bot.InDoubt
	if _, err := w.Send(ctx, d); !errors.Is(err, context.DeadlineExceeded) || errors.As(err, &in) {
		t.Fatalf("the first: got %v, want a plain error", err)
	}
	second := make(chan error)
	go func() {
		_, err := w.Send(context.Background(), d)
		second <- err
	}()
	close(g.open)
	if err := <-second; err != nil {
		t.Errorf("the second: %v", err)
	}
	if n := w.double.Count("token"); n != 1 {
		t.Errorf("%d tokens were minted, want the one that the first asked for", n)
	}
}

// The connection works with whatever of the scopes is ticked, and says what is
// missing.
func TestScopes(t *testing.T) {
	for _, c := range []struct {
		ticked []string
		check  string // what Check objects to; "" = nothing
	}{
		{[]string{"bot.message", "user.profile.read"}, ""},
		{[]string{"bot.message", "user.read"}, ""},
		{[]string{"bot.message", "user.read", "user.profile.read", "bot"}, ""},
		{[]string{"bot.message"}, "user.profile.read"},
		{[]string{"user.read"}, "bot.message"},
	} {
		w := start(t)
		w.double.With(func() { w.bot.Scopes = c.ticked })
		line := w.Check(context.Background())[0]
		if c.check == "" && line.Err != nil || c.check != "" && (line.Err == nil || !strings.Contains(line.Err.Error(), c.check)) {
			t.Errorf("%v: Check says %v, want %q", c.ticked, line.Err, c.check)
		}
		_, err := w.Send(context.Background(), w.post(t, sato, hello))
		if sends := c.ticked[0] == "bot.message"; sends != (err == nil) {
			t.Errorf("%v: sending gives %v", c.ticked, err)
		}
	}
}
