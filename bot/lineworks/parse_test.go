package lineworks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"akari/bot"
)

func TestAddressedByNameAtTheStart(t *testing.T) {
	for _, c := range []struct {
		name, text, said string
		ok               bool
	}{
		{"Akari", "@Akari 価格表ください", "価格表ください", true},
		{"Akari", "@Akari価格表ください", "価格表ください", true},
		{"Akari", "＠Akari　価格表ください", "価格表ください", true},
		{"Akari", "akari: 価格表", "価格表", true},
		{"Akari", "AKARI:価格表", "価格表", true},
		{"Akari", "ＡＫＡＲＩ、価格表", "価格表", true},
		{"Akari", "Akari\n価格表\n至急 ", "価格表\n至急", true},
		{"Akari", " @ Akari , help", "help", true},
		{"Akari", "Akari", "", true},
		{"Akari", "@Akari", "", true},
		{"Akari", "\u200b@Akari\u200b hi", "hi", true},
		{"@Akari", "Akari hi", "hi", true},
		{"Akari", "Akariさんに聞いて", "", false},
		{"Akari", "Akarix hi", "", false},
		{"Akari", "@Akarix hi", "", false},
		{"Akari", "@Akari2 hi", "", false},
		{"Akari", "ねえ @Akari 価格表", "", false},
		{"Akari", "価格表", "", false},
		{"Akari", "@", "", false},
		{"Akari", "Aka", "", false},
		{"Akari", "", "", false},
		{"", "", "", false},
		{"", "@ hi", "", false},
		{"あかり", "あかり、価格表", "価格表", true},
		{"あかり", "@あかり価格表", "価格表", true},
		{"あかり", "あかりさんの件", "", false},
		{"アガリ", "ｱｶﾞﾘ 価格表", "価格表", true},
		{"アガリ", "アカ\u3099リ 価格表", "価格表", true},
		{"アカ", "ｱｶﾞ 価格表", "", false},
		{"アカ", "@アカ\u3099リ", "", false},
		{"Akari Bot", "@Akari Bot 価格表", "価格表", true},
		{"Akari Bot", "@Ａｋａｒｉ　Ｂｏｔ：価格表", "価格表", true},
		{"Akari", `<m userId="2000001"> 価格表`, "価格表", true},
		{"Akari", `<m userId="2000002"> 価格表`, "", false},
		{"Akari", `<m userId="2000001`, "", false},
	} {
		b := testConnection(c.name)
		if said, ok := b.addressed(c.text); said != c.said || ok != c.ok {
			t.Errorf("bot %q, %q: got %q %v, want %q %v", c.name, c.text, said, ok, c.said, c.ok)
		}
	}
}

func testConnection(name string) *connection {
	return &connection{
		Connection: Connection{Key: "aoba", BotID: "2000001", BotName: name, BotSecrets: []string{"secret"}},
		name:       foldName(name),
	}
}

func TestNeutral(t *testing.T) {
	for _, c := range []struct {
		in, want string
		max      int
	}{
		{`<m userId="all"> x`, "<\u200bm userId=\"all\"> x", 100},
		{`<M userId="all">`, "<\u200bM userId=\"all\">", 100},
		{"<\tm\nuserId=x>", "<\u200b\tm\nuserId=x>", 100},
		{"< m userId=x>", "<\u200b m userId=x>", 100},
		{"<<m userId=x>", "<<\u200bm userId=x>", 100},
		{"<\x00m userId=x>", "<\u200bm userId=x>", 100},
		{"<m userId=x>", "＜m userId=x>", 12},
		{"a < b > c", "a < b > c", 100},
		{"1<2, <b>x</b>", "1<2, <b>x</b>", 100},
		{"a\r\nb\tc", "a\nb\tc", 100},
		{"a\xffb", "a\uFFFDb", 100},
		{"", "", 100},
	} {
		if got := neutral(c.in, c.max); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

// live is what LINE WORKS might read as a mention, taken widely.
var live = regexp.MustCompile(`(?i)<[\s\p{Z}\p{Cc}\p{Cf}]*m`)

func FuzzNeutral(f *testing.F) {
	for _, s := range []string{`<m userId="all">`, "<\u3000M\tuserId=x>", "<<m <m<m >", "<\u200b<m x", "<\u00adm x", "<\x01m y"} {
		f.Add(s, 20)
	}
	f.Fuzz(func(t *testing.T, s string, max int) {
		got := neutral(s, max)
		for _, hit := range live.FindAllString(got, -1) {
			if !strings.HasPrefix(hit, "<"+zeroWidth) {
				t.Fatalf("%q became %q, in which %q is live", s, got, hit)
			}
		}
		if again := neutral(got, utf8.RuneCountInString(got)); again != got {
			t.Fatalf("%q is not stable: %q, then %q", s, got, again)
		}
		if n := utf8.RuneCountInString(strings.ToValidUTF8(s, "\uFFFD")); n <= max && utf8.RuneCountInString(got) > max {
			t.Fatalf("%q grew beyond %d", s, max)
		}
		if strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
			t.Fatalf("%q keeps a control character", got)
		}
		shown := func(s string) string {
			return strings.Map(func(r rune) rune {
				if r == '＜' {
					return '<'
				}
				if r == '\u200b' || unicode.IsControl(r) {
					return -1
				}
				return r
			}, s)
		}
		if shown(got) != shown(strings.ToValidUTF8(s, "\uFFFD")) {
			t.Fatalf("%q reads differently: %q", s, got)
		}
	})
}

func FuzzAddressed(f *testing.F) {
	for _, s := range []string{"@Akari hi", "ｱｶﾘ、価格表", "＠", "Akariさん", `<m userId="2000001">x`, "@Akari\u3099x"} {
		f.Add("Akari", s)
		f.Add("アカリ", s)
		f.Add("\u00c3\u0323", s) // marks whose order a decomposition changes
	}
	f.Fuzz(func(t *testing.T, name, s string) {
		c := testConnection(name)
		said, ok := c.addressed(s)
		switch {
		case !ok && said != "":
			t.Fatalf("%q is not addressed, yet %q is said", s, said)
		case ok && !strings.Contains(s, said) || ok && strings.TrimFunc(said, blank) != said:
			t.Fatalf("%q says %q", s, said)
		}
		if len(c.name) == 0 {
			if ok && !strings.Contains(s, "<m ") {
				t.Fatalf("a bot without a name was addressed by %q", s)
			}
			return
		}
		// Whatever the text, put behind the name it is said to the bot.
		clean := strings.TrimLeftFunc(s, func(r rune) bool { return blank(r) || strings.ContainsRune("、､，,：:", r) })
		if got, ok := c.addressed("@" + name + " " + s); utf8.ValidString(name+s) && (!ok || got != strings.TrimRightFunc(clean, blank)) {
			t.Fatalf("@%s %q: got %q, %v", name, s, got, ok)
		}
	})
}

func FuzzHear(f *testing.F) {
	for _, s := range []string{
		`{"type":"message","source":{"userId":"u","channelId":"r","domainId":"4"},"issuedTime":"2026-05-11T02:14:07.123Z","content":{"type":"text","text":"@Akari x"}}`,
		`{"type":"joined","source":{"channelId":"r"},"members":["a",1,{},null]}`, `{"type":"postback","data":"a.b?c=d","source":{"userId":"u"}}`,
		`{"type":"begin","source":{"userId":"u ","channelId":"r"}}`, `null`, `[]`, `{"TYPE":"join"}`, `{"type":"message","content":{"postback":"start"}}`,
	} {
		f.Add([]byte(s))
	}
	c := testConnection("Akari")
	p := &Platform{conns: map[string]*connection{"aoba": c}, now: func() time.Time { return time.Unix(0, 0) }}
	kinds := map[bot.Kind]bool{bot.Said: true, bot.Pressed: true, bot.Joined: true, bot.Left: true, bot.Unknown: true}
	f.Fuzz(func(t *testing.T, body []byte) {
		hear := func(sign bool) ([]bot.Inbound, error) {
			r := httptest.NewRequest(http.MethodPost, "/hooks/lineworks/aoba", strings.NewReader(string(body)))
			mac := hmac.New(sha256.New, []byte("secret"))
			if sign {
				mac.Write(body)
			}
			r.Header.Set("X-WORKS-BotId", c.BotID)
			r.Header.Set("X-WORKS-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
			return p.Hear(r)
		}
		if _, err := hear(false); !errors.Is(err, bot.ErrSignature) && len(body) > 0 {
			t.Fatalf("unsigned: %v", err)
		}
		all, err := hear(true)
		if err != nil && all != nil {
			t.Fatal("an error and inbounds")
		}
		seen := map[string]bool{}
		for _, in := range all {
			switch {
			case seen[in.Key] || len(in.Key) > 190 || !strings.HasPrefix(in.Key, "lineworks:"):
				t.Fatalf("key %q", in.Key)
			case !kinds[in.Kind] || in.Time.Location() != time.UTC || in.From.Connection != "aoba" || in.At.Connection != "aoba":
				t.Fatalf("%+v", in)
			case in.At.Direct && in.At.User == "", !goodID(in.From.User), !goodID(in.At.Room):
				t.Fatalf("address %+v", in.At)
			case in.Kind == bot.Said && (in.Via == bot.Ambient || in.From.User == "" || in.At.Room != "" && in.Via != bot.Mention):
				t.Fatalf("%+v was stored without being meant for us", in)
			case in.Kind == bot.Pressed && in.From.User == "":
				t.Fatalf("nobody pressed %q", in.Name)
			}
			seen[in.Key] = true
		}
	})
}

func FuzzPress(f *testing.F) {
	f.Add("material.send", "m", `価格<m userId="all">`)
	f.Add("faq.solved", "q", "a&b=c%00\n")
	f.Add("a?", "0", "0")
	p := &Platform{}
	f.Fuzz(func(t *testing.T, name, key, value string) {
		want := bot.NewPress(name, key, value)
		if back, err := bot.ParsePress(want.Encode()); err != nil || back.Name != name {
			return // no name of a press
		}
		a, err := p.action(bot.Button{Label: "押す", Press: want})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := encode(a)
		if err != nil {
			t.Fatal(err)
		}
		o := object(raw)
		in := press(bot.Inbound{From: bot.Identity{User: "u"}}, "x", text(o["postback"]))
		if in.Kind != bot.Pressed || in.Name != want.Name || in.Args.Encode() != want.Args.Encode() {
			t.Fatalf("%+v came back as %+v", want, in)
		}
	})
}
