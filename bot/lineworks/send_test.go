package lineworks_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"akari/bot"
	"akari/bot/lineworks"
	"akari/bot/lineworks/lineworkstest"
)

var hello = bot.Message{Text: "こんにちは"}

func TestSendReachesPersonAndRoom(t *testing.T) {
	w := start(t)
	odd := bot.Address{User: "a/b ?#%2e@aoba.example", Direct: true}
	for _, c := range []struct {
		to            bot.Address
		private       bool
		user, channel string
	}{
		{sato, false, sato.User, ""},
		{room, false, "", room.Room},
		{bot.Address{Room: room.Room, User: sato.User}, true, sato.User, ""},
		{bot.Address{Room: room.Room, User: sato.User, Direct: true}, false, sato.User, ""},
		{odd, false, odd.User, ""},
	} {
		m := hello
		m.Private = c.private
		d := w.post(t, c.to, m)
		receipt, err := w.Send(context.Background(), d)
		if err != nil || receipt != "" {
			t.Fatalf("%+v: got receipt %q and %v", c.to, receipt, err)
		}
		sent := w.double.Sent()
		last := sent[len(sent)-1]
		if last.User != c.user || last.Channel != c.channel || last.Bot != w.bot.ID || string(last.Body) != string(d.Body) {
			t.Errorf("%+v: arrived as %+v", c.to, last)
		}
	}
	w.clean(t)
}

func TestSendRefusesWhatHasNoPlace(t *testing.T) {
	w := start(t)
	for name, d := range map[string]bot.Delivery{
		"nobody":           {Act: bot.Post, To: bot.Address{Connection: "aoba", Direct: true}, Body: []byte("{}")},
		"climbing":         {Act: bot.Post, To: bot.Address{Connection: "aoba", User: "..", Direct: true}, Body: []byte("{}")},
		"update":           {Act: bot.Update, To: bot.Address{Connection: "aoba", User: "u"}, Body: []byte("{}")},
		"no body":          {Act: bot.Post, To: bot.Address{Connection: "aoba", User: "u"}},
		"other connection": {Act: bot.Post, To: bot.Address{Connection: "x", User: "u"}, Body: []byte("{}")},
	} {
		var refused *bot.Refused
		if _, err := w.Send(context.Background(), d); !errors.As(err, &refused) {
			t.Errorf("%s: got %v, want *Refused", name, err)
		}
	}
	if n := len(w.double.Calls()); n != 0 {
		t.Errorf("%d calls were made all the same", n)
	}
}

// The sort of error of each answer, and whether the message is there.
func TestSendErrors(t *testing.T) {
	const (
		fine      = "fine"
		throttled = "throttled"
		refused   = "refused"
		down      = "refused, connection down"
		doubt     = "in doubt"
	)
	sort := func(err error) string {
		var th *bot.Throttled
		var re *bot.Refused
		var in *bot.InDoubt
		switch {
		case err == nil:
			return fine
		case errors.As(err, &th):
			return throttled
		case errors.As(err, &re) && re.Down:
			return down
		case errors.As(err, &re):
			return refused
		case errors.As(err, &in):
			return doubt
		}
		return "plain: " + err.Error()
	}
	cases := []struct {
		name    string
		faults  []lineworkstest.Fault
		want    string
		arrived int
		code    string
	}{
		{"201", nil, fine, 1, ""},
		{"400", []lineworkstest.Fault{{Status: 400}}, refused, 0, "INVALID_PARAMETER"},
		{"403", []lineworkstest.Fault{{Status: 403, Code: "ACCESS_DENIED"}}, refused, 0, "ACCESS_DENIED"},
		{"403 scope", []lineworkstest.Fault{{Status: 403, Header: map[string]string{"WWW-Authenticate": `Bearer error="insufficient_scope"`}}}, down, 0, "insufficient_scope"},
		{"404", []lineworkstest.Fault{{Status: 404, Code: "USER_NOT_EXIST"}}, refused, 0, "USER_NOT_EXIST"},
		{"410", []lineworkstest.Fault{{Status: 410}}, refused, 0, "DELETED"},
		{"413 without a body", []lineworkstest.Fault{{Status: 413}}, refused, 0, "http_413"},
		{"a code that is a sentence", []lineworkstest.Fault{{Status: 400, Code: "user c7a0 is <unknown>"}}, refused, 0, "http_400"},
		{"401 once", []lineworkstest.Fault{{Status: 401}}, fine, 1, ""},
		{"401 twice", []lineworkstest.Fault{{Status: 401}, {Status: 401}}, down, 0, "UNAUTHORIZED"},
		{"429", []lineworkstest.Fault{{Status: 429}}, throttled, 0, ""},
		{"500 before", []lineworkstest.Fault{{Status: 500}}, doubt, 0, ""},
		{"503 before", []lineworkstest.Fault{{Status: 503}}, doubt, 0, ""},
		{"500 after", []lineworkstest.Fault{{Status: 500, AfterAccept: true}}, doubt, 1, ""},
		{"503 after", []lineworkstest.Fault{{Status: 503, AfterAccept: true}}, doubt, 1, ""},
		{"dropped before", []lineworkstest.Fault{{Drop: true}}, doubt, 0, ""},
		{"dropped after", []lineworkstest.Fault{{Drop: true, AfterAccept: true}}, doubt, 1, ""},
		{"hangs after", []lineworkstest.Fault{{Hang: true, AfterAccept: true}}, doubt, 1, ""},
		{"302", []lineworkstest.Fault{{Status: 302, Header: map[string]string{"Location": "https://elsewhere.example/"}}}, down, 0, "http_302"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := start(t, func(o *lineworks.Options, _ *lineworkstest.Options) { o.Timeout = 400 * time.Millisecond })
			w.double.Next("users.messages", c.faults...)
			_, err := w.Send(context.Background(), w.post(t, sato, hello))
			if got := sort(err); got != c.want {
				t.Errorf("got %s (%v), want %s", got, err, c.want)
			}
			var re *bot.Refused
			if errors.As(err, &re) && re.Code != c.code {
				t.Errorf("code %q, want %q", re.Code, c.code)
			}
			if err != nil && strings.Contains(err.Error(), sato.User) {
				t.Errorf("the error shows a user id: %v", err)
			}
			if n := len(w.double.Sent()); n != c.arrived {
				t.Errorf("%d messages arrived, want %d", n, c.arrived)
			}
			w.clean(t)
		})
	}
}

func TestRedirectsNeverGetTheToken(t *testing.T) {
	var hits []string
	var mu sync.Mutex
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		hits = append(hits, r.Header.Get("Authorization"))
	}))
	defer thief.Close()
	w := start(t)
	for _, s := range []int{301, 302, 303, 307, 308} {
		f := lineworkstest.Fault{Status: s, Header: map[string]string{"Location": thief.URL}}
		w.double.Next("users.messages", f)
		w.double.Next("users.get", f)
		if _, err := w.Send(context.Background(), w.post(t, sato, hello)); err == nil {
			t.Errorf("%d counts as sent", s)
		}
		if _, err := w.Person(context.Background(), bot.Identity{Connection: "aoba", User: "u"}); err == nil {
			t.Errorf("%d counts as an answer about a person", s)
		}
	}
	if len(hits) > 0 {
		t.Errorf("the redirect was followed %d times", len(hits))
	}
}

// Where nothing was written, the error is plain: it may be tried again.
func TestSendWithoutConnectionIsNoDoubt(t *testing.T) {
	w := start(t)
	d := w.post(t, sato, hello)
	if _, err := w.Send(context.Background(), d); err != nil { // so that there is a token
		t.Fatal(err)
	}
	plain := func(name string, err error) {
		t.Helper()
		var in *bot.InDoubt
		var re *bot.Refused
		var th *bot.Throttled
		if err == nil || errors.As(err, &in) || errors.As(err, &re) || errors.As(err, &th) {
			t.Errorf("%s: got %v, want a plain error", name, err)
		}
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := w.Send(gone, d)
	plain("cancelled before", err)

	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts and never speaks TLS
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	p, err := lineworks.New(lineworks.Options{
		APIURL: "https://" + l.Addr().String() + "/v1.0", AuthURL: "https://" + l.Addr().String() + "/token",
		Connections: []lineworks.Connection{connection(w.bot)}, Timeout: 200 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Send(context.Background(), d)
	plain("no handshake", err)
}

// An address that answers the token but is dead for messages.
func TestSendConnectErrorAfterTokenIsPlain(t *testing.T) {
	d := lineworkstest.Start(lineworkstest.Options{})
	defer d.Close()
	b := lineworkstest.NewBot("aoba")
	d.Add(b)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := l.Addr().String()
	_ = l.Close()
	p, err := lineworks.New(lineworks.Options{
		APIURL: "http://" + dead, AuthURL: d.AuthURL(), AllowInsecure: true, Connections: []lineworks.Connection{connection(b)},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Send(context.Background(), world{Platform: p, bot: b}.post(t, sato, hello))
	var in *bot.InDoubt
	if err == nil || errors.As(err, &in) {
		t.Errorf("got %v, want a plain error", err)
	}
}

func TestThrottledIsNeverEarlyAndCapped(t *testing.T) {
	w := start(t, func(o *lineworks.Options, _ *lineworkstest.Options) { o.Now = time.Now })
	date := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	cases := []struct {
		name     string
		header   map[string]string
		min, max time.Duration
	}{
		{"missing", nil, time.Minute, time.Minute},
		{"reset", map[string]string{"rateLimit-reset": "17"}, 17 * time.Second, 17 * time.Second},
		{"retry-after", map[string]string{"Retry-After": "30"}, 30 * time.Second, 30 * time.Second},
		{"both, the longer", map[string]string{"rateLimit-reset": "40", "Retry-After": "7"}, 40 * time.Second, 40 * time.Second},
		{"zero", map[string]string{"Retry-After": "0"}, time.Second, time.Second},
		{"fraction", map[string]string{"Retry-After": "2.2"}, 3 * time.Second, 3 * time.Second},
		{"negative", map[string]string{"Retry-After": "-5"}, time.Minute, time.Minute},
		{"text", map[string]string{"Retry-After": "soon"}, time.Minute, time.Minute},
		{"a billion", map[string]string{"Retry-After": "1000000000"}, 5 * time.Minute, 5 * time.Minute},
		{"a huge number", map[string]string{"rateLimit-reset": "999999999999999999"}, 5 * time.Minute, 5 * time.Minute},
		{"date", map[string]string{"Retry-After": date(90 * time.Second)}, 90 * time.Second, 93 * time.Second},
		{"date gone by", map[string]string{"Retry-After": date(-90 * time.Second)}, time.Minute, time.Minute},
		{"far date", map[string]string{"Retry-After": date(48 * time.Hour)}, 5 * time.Minute, 5 * time.Minute},
		{"text beside a number", map[string]string{"Retry-After": "soon", "rateLimit-reset": "5"}, time.Minute, time.Minute},
	}
	for _, c := range cases {
		w.double.Next("channels.messages", lineworkstest.Fault{Status: 429, Header: c.header})
		_, err := w.Send(context.Background(), w.post(t, room, hello))
		var th *bot.Throttled
		if !errors.As(err, &th) || !th.Whole || th.After < c.min || th.After > c.max {
			t.Errorf("%s: got %v, want a pause of the whole operation of %s to %s", c.name, err, c.min, c.max)
		}
	}
}

// The double's own limit: the call after the last one is throttled, and the two
// operations have separate budgets.
func TestOperationsHaveSeparateBudgets(t *testing.T) {
	w := start(t, func(_ *lineworks.Options, o *lineworkstest.Options) { o.PerMinute = 3 })
	for range 3 {
		if _, err := w.Send(context.Background(), w.post(t, sato, hello)); err != nil {
			t.Fatal(err)
		}
	}
	var th *bot.Throttled
	if _, err := w.Send(context.Background(), w.post(t, sato, hello)); !errors.As(err, &th) || th.After > time.Minute {
		t.Errorf("the fourth: got %v", err)
	}
	if _, err := w.Send(context.Background(), w.post(t, room, hello)); err != nil {
		t.Errorf("the room: got %v", err)
	}
}

func TestAtMostFourInFlight(t *testing.T) {
	w := start(t)
	w.double.Decide(func(lineworkstest.Call) *lineworkstest.Fault {
		time.Sleep(5 * time.Millisecond)
		return nil
	})
	d := w.post(t, sato, hello)
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			if _, err := w.Send(context.Background(), d); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := w.double.MostInFlight(); n < 2 || n > 4 {
		t.Errorf("%d calls at once, want 2 to 4", n)
	}
	if n := w.double.Count("token"); n != 1 {
		t.Errorf("%d tokens were minted for callers that came together", n)
	}
	if n := len(w.double.Sent()); n != 40 {
		t.Errorf("%d messages arrived of 40", n)
	}
	w.clean(t)
}

// The real host speaks HTTP/2, where requests are written in another way.
func TestSendOverHTTP2(t *testing.T) {
	d := lineworkstest.New(lineworkstest.Options{})
	defer d.Close()
	server := httptest.NewUnstartedServer(d)
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	b := lineworkstest.NewBot("aoba")
	d.Add(b)
	p, err := lineworks.New(lineworks.Options{
		APIURL: server.URL + lineworkstest.APIPath, AuthURL: server.URL + lineworkstest.TokenPath,
		Connections: []lineworks.Connection{connection(b)}, HTTPClient: server.Client(), Timeout: 400 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	m := world{Platform: p, bot: b}.post(t, sato, hello)
	if _, err := p.Send(context.Background(), m); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]lineworkstest.Fault{
		"dropped": {Drop: true, AfterAccept: true}, "hangs": {Hang: true, AfterAccept: true},
	} {
		d.Next("users.messages", f)
		var in *bot.InDoubt
		if _, err := p.Send(context.Background(), m); !errors.As(err, &in) {
			t.Errorf("%s: got %v, want in doubt", name, err)
		}
	}
	if n := len(d.Sent()); n != 3 {
		t.Errorf("%d messages arrived, want 3", n)
	}
}
