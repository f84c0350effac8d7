package line_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"akari/bot"
	"akari/bot/line"
	"akari/bot/line/linetest"
)

// heardAt is 700 ms after the recorded events.
var heardAt = time.UnixMilli(1778465647823).UTC()

func clock() time.Time { return heardAt }

func hook(body []byte, signature string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/hooks/line", bytes.NewReader(body))
	r.Header.Set("X-Line-Signature", signature)
	return r
}

func recorded(t testing.TB) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("testdata/hear/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no recorded webhooks: %v", err)
	}
	out := map[string][]byte{}
	for _, path := range paths {
		if strings.HasSuffix(path, ".golden.json") {
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(path), ".json")] = b
	}
	return out
}

func TestHearRecorded(t *testing.T) {
	p := platform(t, line.Options{Now: clock})
	for name, body := range recorded(t) {
		t.Run(name, func(t *testing.T) {
			if !strings.HasPrefix(name, "x_") { // x_: what LINE's file does not know
				if found := linetest.CheckWebhook(body); len(found) > 0 {
					t.Errorf("LINE would not send it: %s", strings.Join(found, "\n"))
				}
			}
			in, err := p.Hear(hook(body, linetest.Sign("line-secret", body)))
			if err != nil {
				t.Fatal(err)
			}
			keys := map[string]bool{}
			for _, one := range in {
				sane(t, one)
				if keys[one.Key] {
					t.Errorf("two happenings have the key %s", one.Key)
				}
				keys[one.Key] = true
			}
			golden(t, filepath.Join("testdata", "hear", name+".golden.json"), in)
		})
	}
}

// sane is what every Inbound must be, whatever was sent.
func sane(t testing.TB, in bot.Inbound) {
	t.Helper()
	switch {
	case !strings.HasPrefix(in.Key, "line:") || len(in.Key) > 190 || !utf8.ValidString(in.Key):
		t.Errorf("a bad key: %q", in.Key)
	case in.From.User != "" && strings.Contains(in.Key, in.From.User):
		t.Errorf("the key tells the user id: %q", in.Key)
	case in.Kind == "" || in.From.Platform != "line" && in.Kind != bot.Handshake || in.Time.IsZero() || in.Time.Location() != time.UTC:
		t.Errorf("incomplete: %+v", in)
	case !utf8.ValidString(in.Text) || !utf8.ValidString(in.Name):
		t.Errorf("not valid UTF-8")
	case in.Kind == bot.Said && in.Via == "":
		t.Errorf("said, but not to whom")
	case in.Kind == bot.Pressed && in.Name == "":
		t.Errorf("pressed, but not what")
	}
	if _, err := json.Marshal(in); err != nil {
		t.Errorf("cannot be written down: %v", err)
	}
}

func TestHearSignature(t *testing.T) {
	p := platform(t, line.Options{Now: clock, ChannelSecrets: []string{"new", "old"}})
	body := linetest.Body()
	for _, c := range []struct {
		name      string
		signature string
		body      []byte
		want      error
	}{
		{"current secret", linetest.Sign("new", body), body, nil},
		{"former secret", linetest.Sign("old", body), body, nil},
		{"foreign secret", linetest.Sign("other", body), body, bot.ErrSignature},
		{"empty secret", linetest.Sign("", body), body, bot.ErrSignature},
		{"none", "", body, bot.ErrSignature},
		{"no base64", "%%%", body, bot.ErrSignature},
		{"cut", linetest.Sign("new", body)[:40], body, bot.ErrSignature},
		{"re-encoded body", linetest.Sign("new", body), append([]byte(" "), body...), bot.ErrSignature},
		{"signed null", linetest.Sign("new", []byte("null")), []byte("null"), bot.ErrMalformed},
		{"signed nothing", linetest.Sign("new", nil), nil, bot.ErrMalformed},
		{"signed no events", linetest.Sign("new", []byte(`{"destination":"U"}`)), []byte(`{"destination":"U"}`), bot.ErrMalformed},
		{"signed null events", linetest.Sign("new", []byte(`{"events":null}`)), []byte(`{"events":null}`), bot.ErrMalformed},
		{"signed other form", linetest.Sign("new", []byte(`{"events":{}}`)), []byte(`{"events":{}}`), bot.ErrMalformed},
	} {
		in, err := p.Hear(hook(c.body, c.signature))
		if !errors.Is(err, c.want) || c.want != nil && in != nil {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestHearVector(t *testing.T) {
	// The example of "Verify webhook signature" (developers.line.biz).
	body := []byte(`{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}`)
	p := platform(t, line.Options{Now: clock, ChannelSecrets: []string{"8c570fa6dd201bb328f1c1eac23a96d8"}})
	in, err := p.Hear(hook(body, "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs="))
	if err != nil || len(in) != 1 || in[0].Kind != bot.Handshake {
		t.Errorf("the official example is answered %v, %v", in, err)
	}
}

func TestHearBrokenBody(t *testing.T) {
	p := platform(t, line.Options{Now: clock})
	r := httptest.NewRequest(http.MethodPost, "/hooks/line", iotest.ErrReader(&http.MaxBytesError{Limit: 10}))
	var large *http.MaxBytesError
	if _, err := p.Hear(r); !errors.As(err, &large) {
		t.Errorf("a body too large is %v", err)
	}
}

func TestHearReplyToken(t *testing.T) {
	p := platform(t, line.Options{Now: clock})
	for name, body := range recorded(t) {
		in, err := p.Hear(hook(body, linetest.Sign("line-secret", body)))
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range in {
			if one.Reply.Token != "" && !one.Reply.Until.Equal(heardAt.Add(50*time.Second)) {
				t.Errorf("%s: the reply token is trusted until %v", name, one.Reply.Until)
			}
			if old := heardAt.Sub(one.Time) > 20*time.Minute; old && one.Reply.Token != "" {
				t.Errorf("%s: a reply token of an event %v old is trusted", name, heardAt.Sub(one.Time))
			}
		}
	}
}

func FuzzHear(f *testing.F) {
	for _, body := range recorded(f) {
		f.Add(body)
	}
	f.Add([]byte(`{"events":[` + strings.Repeat("[", 20_000) + `]}`))
	f.Add([]byte(`{"events":[{"type":"message","mode":"active","source":{"type":"user"},"message":{"type":"text","text":"\ud800","mention":{"mentionees":[{"type":"user","isSelf":true,"index":0,"length":1}]}}}]}`))
	p := platform(f, line.Options{Now: clock})
	f.Fuzz(func(t *testing.T, body []byte) {
		in, err := p.Hear(hook(body, linetest.Sign("line-secret", body)))
		if err != nil && !errors.Is(err, bot.ErrMalformed) {
			t.Fatalf("a signed body is refused with %v", err)
		}
		for _, one := range in {
			sane(t, one)
		}
	})
}

// Whatever a mention says, what is left is the text without some of its
// characters, in order.
func FuzzMention(f *testing.F) {
	f.Add("👨‍👩‍👧 @あかり 価格表は?", int32(9), int32(4))
	f.Add("𠮷𠮷", int32(1), int32(2))
	f.Add("a", int32(-2147483648), int32(2147483647))
	p := platform(f, line.Options{Now: clock})
	f.Fuzz(func(t *testing.T, text string, index, length int32) {
		event := linetest.Event{"type": "message", "mode": "active", "timestamp": 1, "source": map[string]any{"type": "group", "groupId": linetest.GroupID(1)},
			"webhookEventId": "01A", "message": map[string]any{"type": "text", "id": "1", "text": text, "mention": map[string]any{
				"mentionees": []any{map[string]any{"type": "user", "isSelf": true, "index": index, "length": length}}}}}
		body := linetest.Body(event)
		in, err := p.Hear(hook(body, linetest.Sign("line-secret", body)))
		if err != nil || len(in) != 1 || in[0].Via != bot.Mention {
			t.Fatalf("a mention of us is not heard: %v, %v", in, err)
		}
		rest := []rune(text) // each bad byte becomes U+FFFD, as in JSON
		for _, r := range in[0].Text {
			for len(rest) > 0 && rest[0] != r {
				rest = rest[1:]
			}
			if len(rest) == 0 {
				t.Fatalf("%q is not what is left of %q", in[0].Text, text)
			}
			rest = rest[1:]
		}
	})
}
