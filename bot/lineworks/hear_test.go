package lineworks_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"akari/bot"
	"akari/bot/lineworks"
	"akari/bot/lineworks/lineworkstest"
)

const hook = "https://akari.example.co.jp/hooks/lineworks/aoba"

// callback is a signed callback as the router hands it over.
func (w world) callback(t *testing.T, body []byte) *http.Request {
	t.Helper()
	r, err := w.bot.Request(context.Background(), hook, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The payloads in testdata/hear are the samples and rules of the pages
// bot-callback-*; each has its Inbounds beside it.
func TestHearGoldens(t *testing.T) {
	b := lineworkstest.NewBot("aoba")
	b.ID, b.Secret = "2000001", "a secret for golden keys"
	c := connection(b)
	p, err := lineworks.New(lineworks.Options{
		APIURL: "https://www.worksapis.com/v1.0", AuthURL: "https://auth.worksmobile.com/oauth2/v2.0/token",
		Connections: []lineworks.Connection{c}, Now: func() time.Time { return noon },
	})
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/hear/*.json")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		if strings.HasSuffix(f, ".golden.json") {
			continue
		}
		n++
		t.Run(strings.TrimSuffix(filepath.Base(f), ".json"), func(t *testing.T) {
			body, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			in, err := p.Hear(world{bot: b}.callback(t, body))
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range in {
				if len(i.Key) > 190 || i.From.User != "" && strings.Contains(i.Key, i.From.User) {
					t.Errorf("key %q is too long or shows a user id", i.Key)
				}
			}
			raw, err := json.Marshal(in)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimPrefix(strings.TrimSuffix(f, ".json"), "testdata/")+".golden.json", indented(t, raw))
		})
	}
	if n < 30 {
		t.Errorf("only %d payloads", n)
	}
}

func TestHearTrustsOnlyTheRightSignature(t *testing.T) {
	w := start(t, func(o *lineworks.Options, _ *lineworkstest.Options) {
		other := connection(lineworkstest.NewBot("minato"))
		other.Key, other.Partner = "minato", "minato"
		o.Connections = append(o.Connections, other)
	})
	body := []byte(`{"type":"message","source":{"userId":"u"},"issuedTime":"2026-05-11T02:14:07Z","content":{"type":"text","text":"hi"}}`)
	minato := lineworkstest.NewBot("minato")
	cases := []struct {
		name   string
		change func(*http.Request)
		want   error
	}{
		{"right", func(*http.Request) {}, nil},
		{"no signature", func(r *http.Request) { r.Header.Del("X-WORKS-Signature") }, bot.ErrSignature},
		{"empty signature", func(r *http.Request) { r.Header.Set("X-WORKS-Signature", "") }, bot.ErrSignature},
		{"other secret", func(r *http.Request) { r.Header.Set("X-WORKS-Signature", lineworkstest.Sign("other", body)) }, bot.ErrSignature},
		{"secret of another bot", func(r *http.Request) { r.Header.Set("X-WORKS-Signature", lineworkstest.Sign(minato.Secret, body)) }, bot.ErrSignature},
		{"url base64", func(r *http.Request) {
			s := r.Header.Get("X-WORKS-Signature")
			r.Header.Set("X-WORKS-Signature", strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(s), "="))
		}, bot.ErrSignature},
		{"cut", func(r *http.Request) { r.Header.Set("X-WORKS-Signature", r.Header.Get("X-WORKS-Signature")[:40]) }, bot.ErrSignature},
		{"re-encoded body", func(r *http.Request) { r.Body = io.NopCloser(bytes.NewReader(append(body, ' '))) }, bot.ErrSignature},
		{"no bot id", func(r *http.Request) { r.Header.Del("X-WORKS-BotId") }, bot.ErrSignature},
		{"foreign bot id", func(r *http.Request) { r.Header.Set("X-WORKS-BotId", minato.ID) }, bot.ErrSignature},
		{"another connection's path", func(r *http.Request) { r.URL.Path = "/hooks/lineworks/minato" }, bot.ErrSignature},
		{"unknown connection", func(r *http.Request) { r.URL.Path = "/hooks/lineworks/nobody" }, bot.ErrNoConnection},
		{"no connection", func(r *http.Request) { r.URL.Path = "/" }, bot.ErrNoConnection},
		{"connection from the pattern", func(r *http.Request) {
			r.SetPathValue("connection", "aoba")
			r.URL.Path = "/elsewhere"
		}, nil},
		{"header in other case", func(r *http.Request) {
			s := r.Header.Get("X-WORKS-Signature")
			r.Header.Del("X-WORKS-Signature")
			r.Header.Set("x-works-signature", s)
		}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := w.callback(t, body)
			c.change(r)
			in, err := w.Hear(r)
			if !errors.Is(err, c.want) || (c.want == nil) != (len(in) == 1) {
				t.Errorf("got %d inbounds and error %v, want %v", len(in), err, c.want)
			}
		})
	}
}

func TestHearAcceptsTheSecretBefore(t *testing.T) {
	b := lineworkstest.NewBot("aoba")
	c := connection(b)
	c.BotSecrets = []string{"the new one", b.Secret}
	p, err := lineworks.New(lineworks.Options{
		APIURL: "https://a.example", AuthURL: "https://a.example/t", Connections: []lineworks.Connection{c},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := world{bot: b}.callback(t, []byte(`{"type":"begin","source":{"userId":"u"}}`))
	if in, err := p.Hear(r); err != nil || len(in) != 1 {
		t.Errorf("got %v, %v", in, err)
	}
}

func TestHearRefusesWhatIsNoEvent(t *testing.T) {
	w := start(t)
	for name, body := range map[string]string{
		"empty": "", "null": "null", "array": `[{"type":"message"}]`, "string": `"message"`, "number": "1",
		"cut": `{"type":"mess`, "two": `{"type":"begin"}{"type":"begin"}`, "form": "type=message", "deep": strings.Repeat(`{"a":`, 100000) + "1" + strings.Repeat("}", 100000),
		"too long": `{"type":"message","x":"` + strings.Repeat("x", 2<<20) + `"}`,
	} {
		if in, err := w.Hear(w.callback(t, []byte(body))); !errors.Is(err, bot.ErrMalformed) {
			t.Errorf("%s: got %v, %v, want ErrMalformed", name, in, err)
		}
	}
	r := w.callback(t, []byte("{}"))
	r.Body = io.NopCloser(iotest.ErrReader(errors.New("gone")))
	if _, err := w.Hear(r); !errors.Is(err, bot.ErrMalformed) {
		t.Errorf("unreadable: got %v", err)
	}
	r = w.callback(t, bytes.Repeat([]byte(" "), 1000))
	r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, 10)
	var tooLong *http.MaxBytesError
	if _, err := w.Hear(r); !errors.As(err, &tooLong) || !errors.Is(err, bot.ErrMalformed) {
		t.Errorf("over the handler's limit: got %v", err)
	}
	if in, err := w.Hear(w.callback(t, []byte("{}"))); err != nil || len(in) != 1 || in[0].Kind != bot.Unknown {
		t.Errorf("an event of no type: got %v, %v, want one Unknown", in, err)
	}
}

func TestHearKeysAreTheSameForTheSameAndNoOther(t *testing.T) {
	w := start(t)
	key := func(e lineworkstest.Event) string {
		t.Helper()
		body, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		in, err := w.Hear(w.callback(t, body))
		if err != nil || len(in) != 1 {
			t.Fatalf("got %v, %v", in, err)
		}
		return in[0].Key
	}
	first := key(w.bot.Says("u", "", "hi", noon))
	if again := key(w.bot.Says("u", "", "hi", noon)); again != first {
		t.Errorf("the same callback has keys %q and %q", first, again)
	}
	if other := key(w.bot.Says("u", "", "hi", noon.Add(time.Millisecond))); other == first {
		t.Error("a second tap has the key of the first")
	}
}

// A button that was sent, pressed and heard again is the press it was.
func TestPressComesBackAsItWasSent(t *testing.T) {
	w := start(t)
	want := bot.NewPress("material.send", "m", "price 2026/10", "q", "価格&<m userId=\"all\">")
	for name, m := range map[string]bot.Message{
		"button": {Text: "価格表です", Buttons: []bot.Button{{Label: "資料:価格表", Press: want}}},
		"card":   {Cards: []bot.Card{{Title: "価格表", Buttons: []bot.Button{{Label: "資料:価格表", Press: want}}}}},
	} {
		if _, err := w.Send(context.Background(), w.post(t, sato, m)); err != nil {
			t.Fatal(err)
		}
		sent := w.double.Sent()
		e, ok := w.bot.Presses(sato.User, sent[len(sent)-1], "資料:価格表", noon)
		if !ok {
			t.Fatalf("%s: the button is not there", name)
		}
		body, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		in, err := w.Hear(w.callback(t, body))
		if err != nil || len(in) != 1 || in[0].Kind != bot.Pressed || in[0].Name != want.Name || in[0].Args.Encode() != want.Args.Encode() {
			t.Errorf("%s: got %+v, %v", name, in, err)
		}
	}
	w.clean(t)
}
