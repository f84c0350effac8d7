package playground_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"akari/bot"
	"akari/bot/playground"
)

// at is the clock of these tests.
var at = time.Date(2026, 10, 5, 1, 2, 3, 456789999, time.UTC)

func fixed() *playground.Platform {
	return playground.New(playground.Options{
		Now:      func() time.Time { return at },
		Personas: func(context.Context) ([]playground.Persona, error) { return people(), nil },
	})
}

// posted is a request as our own page makes it; headers change it ("-" removes).
func posted(body string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://localhost:8080/hooks/playground", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", "http://localhost:8080")
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] == "-" {
			r.Header.Del(headers[i])
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	return r
}

const (
	anID  = "7f0c3c52-6a0e-4a57-9a43-0d5b7d1f9c11"
	hello = `{"id":"` + anID + `","kind":"say","as":"aoba-01","room":"direct-aoba-01","text":"こんにちは"}`
)

func TestOnlyOurOwnPageIsHeard(t *testing.T) {
	for _, one := range []struct {
		headers []string
		ok      bool
	}{
		{nil, true},
		{[]string{"Content-Type", "application/json; charset=utf-8"}, true},
		{[]string{"Origin", "-"}, true},
		{[]string{"Sec-Fetch-Site", "-"}, true},
		{[]string{"Sec-Fetch-Site", "-", "Origin", "-"}, false},
		{[]string{"Content-Type", "text/plain"}, false},
		{[]string{"Content-Type", "application/x-www-form-urlencoded"}, false},
		{[]string{"Content-Type", "-"}, false},
		{[]string{"Content-Type", "text/plain; application/json"}, false},
		{[]string{"Sec-Fetch-Site", "cross-site"}, false},
		{[]string{"Sec-Fetch-Site", "same-site"}, false},
		{[]string{"Sec-Fetch-Site", "none"}, false},
		{[]string{"Origin", "https://evil.example"}, false},
		{[]string{"Origin", "http://localhost:9999"}, false},
		{[]string{"Origin", "null"}, false},
		{[]string{"Origin", "file://"}, false},
		{[]string{"Origin", "http://localhost:8080.evil.example"}, false},
	} {
		p := fixed()
		got, err := p.Hear(posted(hello, one.headers...))
		if one.ok != (err == nil) || (!one.ok && (!errors.Is(err, bot.ErrSignature) || got != nil)) {
			t.Errorf("%v: %v", one.headers, err)
		}
	}
	r := posted(hello)
	r.Method = http.MethodGet
	if _, err := fixed().Hear(r); !errors.Is(err, bot.ErrSignature) {
		t.Errorf("a GET: %v", err)
	}
}

func TestWhatIsHeard(t *testing.T) {
	got, err := fixed().Hear(posted(hello))
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	in := got[0]
	if in.Key != "playground:"+anID || strings.Contains(in.Key, "aoba-01") || in.Message != anID {
		t.Errorf("key %q message %q", in.Key, in.Message)
	}
	if want := at.Truncate(time.Microsecond); !in.Time.Equal(want) || in.Time.Location() != time.UTC {
		t.Errorf("the time is %s, not %s", in.Time, want)
	}
	if want := (bot.Address{Platform: "playground", Connection: "playground", Room: "direct-aoba-01", User: "aoba-01", Direct: true}); in.At != want {
		t.Errorf("it comes from %+v", in.At)
	}
}

func TestTheSameDeedTwiceIsOneLine(t *testing.T) {
	p := fixed()
	first, _ := p.Hear(posted(hello))
	second, err := p.Hear(posted(hello))
	if err != nil || first[0].Key != second[0].Key {
		t.Fatalf("%v %v %v", first, second, err)
	}
	if s := stateOf(t, p, "aoba-01", "direct-aoba-01"); strings.Count(s, `"こんにちは"`) != 1 {
		t.Errorf("the room holds %s", s)
	}
}

func stateOf(t testing.TB, p *playground.Platform, as, room string) string {
	t.Helper()
	w := httptest.NewRecorder()
	p.Pages().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/play/state?as="+as+"&room="+room, nil))
	if w.Code != http.StatusOK {
		t.Fatalf("the state: %d %s", w.Code, w.Body)
	}
	_, lines, _ := strings.Cut(w.Body.String(), `"lines":`)
	return lines
}

func TestWhatCannotBeIsMalformed(t *testing.T) {
	long := strings.Repeat("あ", 12001)
	for name, body := range map[string]string{
		"no JSON":             `hello`,
		"empty":               ``,
		"null":                `null`,
		"a list":              `[]`,
		"too big":             `{"text":"` + strings.Repeat("x", 300<<10) + `"}`,
		"bad UTF-8":           "{\"id\":\"" + anID + "\",\"kind\":\"say\",\"as\":\"aoba-01\",\"room\":\"aoba\",\"text\":\"\xff\"}",
		"no id":               `{"kind":"say","as":"aoba-01","room":"aoba","text":"x"}`,
		"an id of other form": `{"id":"{` + anID + `}","kind":"say","as":"aoba-01","room":"aoba","text":"x"}`,
		"upper-case id":       `{"id":"` + strings.ToUpper(anID) + `","kind":"say","as":"aoba-01","room":"aoba","text":"x"}`,
		"nobody":              `{"id":"` + anID + `","kind":"say","as":"eve","room":"aoba","text":"x"}`,
		"another's room":      `{"id":"` + anID + `","kind":"say","as":"midori-01","room":"aoba","text":"x"}`,
		"another's direct":    `{"id":"` + anID + `","kind":"say","as":"midori-01","room":"direct-aoba-01","text":"x"}`,
		"no text":             `{"id":"` + anID + `","kind":"say","as":"aoba-01","room":"aoba","text":" \n"}`,
		"long text":           `{"id":"` + anID + `","kind":"say","as":"aoba-01","room":"aoba","text":"` + long + `"}`,
		"no such thread":      `{"id":"` + anID + `","kind":"say","as":"aoba-01","room":"aoba","text":"x","thread":"y"}`,
		"no such kind":        `{"id":"` + anID + `","kind":"shout","as":"aoba-01","room":"aoba","text":"x"}`,
		"no such message":     `{"id":"` + anID + `","kind":"press","as":"aoba-01","room":"aoba","message":"m","press":{"name":"a.b"}}`,
		"no open form":        `{"id":"` + anID + `","kind":"submit","as":"aoba-01","room":"aoba","draft":"d","values":{}}`,
		"another's line":      `{"id":"` + anID + `","kind":"withdraw","as":"aoba-01","room":"aoba","message":"m"}`,
	} {
		p := fixed()
		if got, err := p.Hear(posted(body)); !errors.Is(err, bot.ErrMalformed) || got != nil {
			t.Errorf("%s: %v %v", name, got, err)
		}
		if s := stateOf(t, p, "aoba-01", "aoba"); !strings.HasPrefix(s, "[]") {
			t.Errorf("%s leaves a trace: %s", name, s)
		}
	}
}

func TestNobodyPressesWhatIsNotThere(t *testing.T) {
	p := fixed()
	room := bot.Address{Room: "aoba", User: "aoba-01"}
	public := deliver(t, p, bot.Delivery{Act: bot.Post, To: room, Parts: []bot.Message{{Text: "x", Buttons: []bot.Button{{Label: "A", Press: bot.NewPress("a.b", "m", "1")}}}}})
	private := deliver(t, p, bot.Delivery{Act: bot.Private, To: room, Parts: []bot.Message{{Text: "x", Buttons: []bot.Button{{Label: "A", Press: bot.NewPress("a.b")}}}}})
	press := func(as, message, press string) error {
		_, err := p.Hear(posted(`{"id":"` + uuid.NewString() + `","kind":"press","as":"` + as + `","room":"aoba","message":"` + message + `","press":` + press + `}`))
		return err
	}
	if err := press("aoba-02", public, `{"name":"a.b","args":{"m":["1"]}}`); err != nil {
		t.Errorf("a real press: %v", err)
	}
	if err := press("aoba-01", private, `{"name":"a.b"}`); err != nil {
		t.Errorf("a real private press: %v", err)
	}
	for name, err := range map[string]error{
		"other arguments":    press("aoba-02", public, `{"name":"a.b","args":{"m":["2"]}}`),
		"other name":         press("aoba-02", public, `{"name":"campaign.launch","args":{"m":["1"]}}`),
		"no name":            press("aoba-02", public, `{}`),
		"another's private":  press("aoba-02", private, `{"name":"a.b"}`),
		"another partner's":  press("midori-01", public, `{"name":"a.b","args":{"m":["1"]}}`),
		"a home tab not had": press("aoba-01", "home", `{"name":"a.b"}`),
	} {
		if !errors.Is(err, bot.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPeopleThatCannotBeReadAreNotAFaultOfTheRequest(t *testing.T) {
	down := errors.New("database is away")
	p := playground.New(playground.Options{Personas: func(context.Context) ([]playground.Persona, error) { return nil, down }})
	_, err := p.Hear(posted(hello))
	if !errors.Is(err, down) || errors.Is(err, bot.ErrMalformed) || errors.Is(err, bot.ErrSignature) {
		t.Errorf("heard %v", err)
	}
}

func FuzzHear(f *testing.F) {
	f.Add(hello)
	f.Add(`{"id":"` + anID + `","kind":"press","as":"aoba-01","room":"aoba","message":"home","press":{"name":"a.b","args":{"k":["v"]}}}`)
	f.Add(`{"id":"` + anID + `","kind":"submit","as":"aoba-01","room":"aoba","draft":"d","values":{"a":["b","c"]}}`)
	f.Add(`{"id":"` + anID + `","kind":"say","as":"s-ito","room":"staff","text":"@Akari @akari　＠AKARI /akari"}`)
	f.Fuzz(func(t *testing.T, body string) {
		p := fixed()
		got, err := p.Hear(posted(body))
		if err != nil {
			if got != nil || !errors.Is(err, bot.ErrMalformed) {
				t.Fatalf("%v with %v", err, got)
			}
			return
		}
		for _, in := range got {
			if in.Kind == "" || len(in.Key) > 190 || in.At.Room == "" || in.Via == bot.Ambient && in.At.Thread == "" {
				t.Fatalf("heard %+v", in)
			}
			again, err := p.Hear(posted(body))
			if in.Kind != bot.Withdrawn && (err != nil || len(again) != 1 || again[0].Key != in.Key || again[0].Text != in.Text) {
				t.Fatalf("heard again %+v %v", again, err)
			}
		}
	})
}
