package slack_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"akari/bot"
	"akari/bot/slack"
	"akari/bot/slack/slacktest"
)

const secret = "8f742231b10e8888abcd99yyyzzz85a5" // of Slack's published example

var heardAt = time.Date(2026, 9, 21, 14, 13, 25, 250_000_000, time.UTC)

func at(when time.Time) func(*slack.Options) {
	return func(o *slack.Options) { o.Now = func() time.Time { return when } }
}

func request(hook string, body []byte, when time.Time) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/hooks/slack/"+hook, bytes.NewReader(body))
	r.Header.Set("X-Slack-Request-Timestamp", strconv.FormatInt(when.Unix(), 10))
	r.Header.Set("X-Slack-Signature", slacktest.Sign(secret, when.Unix(), body))
	return r
}

// bodyOf reads a recorded payload: JSON for events, JSON that travels in a form
// for interactions and options, a form for commands.
func bodyOf(t testing.TB, hook, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if hook == "interactions" || hook == "options" {
		return []byte(url.Values{"payload": {string(raw)}}.Encode())
	}
	return raw
}

func recorded(t testing.TB) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, hook := range []string{"events", "interactions", "options", "commands"} {
		files, err := filepath.Glob(filepath.Join("testdata", "hear", hook, "*"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no recorded payloads for %s: %v", hook, err)
		}
		for _, f := range files {
			if !strings.HasSuffix(f, ".golden") {
				out[hook] = append(out[hook], f)
			}
		}
	}
	return out
}

// TestHearRecorded translates every recorded payload and compares with its golden.
func TestHearRecorded(t *testing.T) {
	p := newPlatform(t, at(heardAt))
	keys := map[string]string{}
	for hook, files := range recorded(t) {
		for _, file := range files {
			t.Run(hook+"/"+filepath.Base(file), func(t *testing.T) {
				got, err := p.Hear(request(hook, bodyOf(t, hook, file), heardAt))
				if err != nil {
					t.Fatal(err)
				}
				compareInbounds(t, file+".golden", got)
				for _, in := range got {
					checkInbound(t, in)
					if other, twice := keys[in.Key]; twice && in.Key != "" && !strings.Contains(file, "org_wide") && !strings.Contains(other, "org_wide") {
						t.Logf("%s has the key of %s", file, other)
					}
					keys[in.Key] = file
				}
			})
		}
	}
}

func compareInbounds(t *testing.T, golden string, got []bot.Inbound) {
	t.Helper()
	raw, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	text := pretty(t, raw)
	if *update {
		if err := os.WriteFile(golden, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, text) {
		t.Errorf("%s differs; got:\n%s", golden, text)
	}
}

// checkInbound holds what is true of every inbound.
func checkInbound(t testing.TB, in bot.Inbound) {
	t.Helper()
	if in.Kind == "" || len(in.Key) > 190 || (in.Key == "") != (in.Kind == bot.Handshake) {
		t.Errorf("kind %q, key %q", in.Kind, in.Key)
	}
	if u := in.From.User; len(u) > 4 && strings.Contains(in.Key, u) {
		t.Errorf("key %q has a user id in the clear", in.Key)
	}
	if in.From.Platform != "slack" || in.From.Connection != "slack" || in.At.Connection != "slack" {
		t.Errorf("from %+v at %+v", in.From, in.At)
	}
	if raw, _ := json.Marshal(in); strings.Contains(string(raw), "T0AOBA") || strings.Contains(string(raw), "E0AOBA") {
		t.Errorf("an organisation was taken from the payload: %s", raw)
	}
	if in.Time.IsZero() || in.Time.Location() != time.UTC {
		t.Errorf("time %v", in.Time)
	}
}

func hearFile(t testing.TB, p *slack.Platform, hook, name string) []bot.Inbound {
	t.Helper()
	got, err := p.Hear(request(hook, bodyOf(t, hook, filepath.Join("testdata", "hear", hook, name)), heardAt))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestMentionAndItsTwinHaveOneEffect(t *testing.T) {
	p := newPlatform(t, at(heardAt))
	a := hearFile(t, p, "events", "app_mention_external_grid.json")[0]
	b := hearFile(t, p, "events", "message_twin_of_mention.json")[0]
	if a.Key == b.Key || a.EffectKey != b.EffectKey || a.EffectKey != "slack:A0AKARI:C0AOBA:1790000001.000100" {
		t.Errorf("keys %q %q, effects %q %q", a.Key, b.Key, a.EffectKey, b.EffectKey)
	}
	if a.Via != bot.Mention || b.Via != bot.Mention || a.Text != "price?" || b.Text != a.Text {
		t.Errorf("mention %q %q, message %q %q", a.Via, a.Text, b.Via, b.Text)
	}
}

func TestChatterAndBotsGiveNothing(t *testing.T) {
	p := newPlatform(t, at(heardAt))
	for _, name := range []string{
		"message_external_chatter", "message_group_dm_chatter", "message_own", "message_other_bot", "app_mention_by_bot",
		"message_edited_chatter", "message_own_updated", "message_deleted_own", "message_deleted_chatter",
	} {
		if got := hearFile(t, p, "events", name+".json"); len(got) != 0 {
			t.Errorf("%s gives %+v", name, got)
		}
	}
}

// TestCorrectedFormIsAnotherHappening: Slack keeps the hash of a view whose
// submission was refused.
func TestCorrectedFormIsAnotherHappening(t *testing.T) {
	p := newPlatform(t, at(heardAt))
	raw, err := os.ReadFile("testdata/hear/interactions/submission_external.json")
	if err != nil {
		t.Fatal(err)
	}
	hear := func(payload string) bot.Inbound {
		got, err := p.Hear(request("interactions", []byte(url.Values{"payload": {payload}}.Encode()), heardAt))
		if err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
		return got[0]
	}
	first, again := hear(string(raw)), hear(string(raw))
	other := hear(strings.Replace(string(raw), "90日です", "60日です", 1))
	if first.Key != again.Key || first.Key == other.Key {
		t.Errorf("keys %q %q %q", first.Key, again.Key, other.Key)
	}
	if first.Draft != other.Draft || first.Args.Get("g") != "412" || first.Args.Get("answer") != "90日です & <例>" {
		t.Errorf("submission %+v", first)
	}
}

func TestHearRefusesForgeries(t *testing.T) {
	p := newPlatform(t, func(o *slack.Options) {
		at(heardAt)(o)
		o.SigningSecrets = []string{"an-older-secret", secret}
	})
	body := bodyOf(t, "events", "testdata/hear/events/app_mention_home_user.json")
	good := func() *http.Request { return request("events", body, heardAt) }
	if got, err := p.Hear(good()); err != nil || len(got) != 1 {
		t.Fatalf("a good request is refused: %v", err)
	}
	old := request("events", body, heardAt)
	old.Header.Set("X-Slack-Signature", slacktest.Sign("an-older-secret", heardAt.Unix(), body))
	if _, err := p.Hear(old); err != nil {
		t.Errorf("the second secret is refused: %v", err)
	}
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	sig := slacktest.Sign(secret, heardAt.Unix(), body)
	for name, damage := range map[string]func(*http.Request){
		"no signature":         func(r *http.Request) { r.Header.Del("X-Slack-Signature") },
		"no time":              func(r *http.Request) { r.Header.Del("X-Slack-Request-Timestamp") },
		"two signatures":       func(r *http.Request) { r.Header.Add("X-Slack-Signature", sig) },
		"two times":            func(r *http.Request) { r.Header.Add("X-Slack-Request-Timestamp", "1") },
		"empty signature":      set("X-Slack-Signature", ""),
		"scheme v1":            set("X-Slack-Signature", "v1="+sig[3:]),
		"no scheme":            set("X-Slack-Signature", sig[3:]),
		"scheme twice":         set("X-Slack-Signature", "v0="+sig),
		"short":                set("X-Slack-Signature", sig[:len(sig)-2]),
		"odd":                  set("X-Slack-Signature", sig[:len(sig)-1]),
		"long":                 set("X-Slack-Signature", sig+"00"),
		"not hex":              set("X-Slack-Signature", "v0="+strings.Repeat("zz", 32)),
		"other secret":         set("X-Slack-Signature", slacktest.Sign("other", heardAt.Unix(), body)),
		"empty secret":         set("X-Slack-Signature", slacktest.Sign("", heardAt.Unix(), body)),
		"other time":           set("X-Slack-Request-Timestamp", strconv.FormatInt(heardAt.Unix()+1, 10)),
		"time with a sign":     set("X-Slack-Request-Timestamp", "+"+strconv.FormatInt(heardAt.Unix(), 10)),
		"time in fractions":    set("X-Slack-Request-Timestamp", strconv.FormatInt(heardAt.Unix(), 10)+".0"),
		"time as text":         set("X-Slack-Request-Timestamp", "now"),
		"endless time":         set("X-Slack-Request-Timestamp", strings.Repeat("9", 40)),
		"another body":         func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("{}")) },
		"re-encoded body":      func(r *http.Request) { r.Body = io.NopCloser(bytes.NewReader(append(body, '\n'))) },
		"payload in the query": func(r *http.Request) { r.Body = http.NoBody; r.URL.RawQuery = "payload={}" },
	} {
		r := good()
		damage(r)
		if got, err := p.Hear(r); !errors.Is(err, bot.ErrSignature) || got != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for _, hook := range []string{"events", "interactions", "commands"} {
		dir := map[string]string{"events": "app_mention_home_user.json", "interactions": "button_external.json", "commands": "campaign.txt"}
		foreign := bytes.ReplaceAll(bodyOf(t, hook, filepath.Join("testdata", "hear", hook, dir[hook])), []byte("A0AKARI"), []byte("A0OTHER"))
		if _, err := p.Hear(request(hook, foreign, heardAt)); !errors.Is(err, bot.ErrSignature) {
			t.Errorf("another app's %s: %v", hook, err)
		}
	}
}

func TestHearAge(t *testing.T) {
	body := []byte(`{"type":"url_verification","challenge":"x"}`)
	for offset, ok := range map[time.Duration]bool{
		0: true, 299 * time.Second: true, 300 * time.Second: true, 301 * time.Second: false, time.Hour: false,
		-299 * time.Second: true, -300 * time.Second: true, -301 * time.Second: false, 1e6 * time.Hour: false,
	} {
		signed := heardAt.Truncate(time.Second)
		p := newPlatform(t, at(signed.Add(offset)))
		_, err := p.Hear(request("events", body, signed))
		if (err == nil) != ok {
			t.Errorf("age %v: %v", offset, err)
		}
	}
}

// TestOfficialVector is the example of authentication/verifying-requests-from-slack.
func TestOfficialVector(t *testing.T) {
	body := bodyOf(t, "commands", "testdata/hear/commands/official_vector.txt")
	r := httptest.NewRequest(http.MethodPost, "/hooks/slack/commands", bytes.NewReader(body))
	r.Header.Set("X-Slack-Request-Timestamp", "1531420618")
	r.Header.Set("X-Slack-Signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503")
	p := newPlatform(t, at(time.Unix(1531420618, 0)))
	got, err := p.Hear(r)
	if err != nil || len(got) != 1 || got[0].Name != "webhook-collect" || got[0].From.User != "U2CERLKJA" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestHearMalformed(t *testing.T) {
	p := newPlatform(t, at(heardAt))
	deep := strings.Repeat("[", 100_000)
	for hook, bodies := range map[string][]string{
		"events": {"", "null", "[]", "{", `"x"`, "1", "{}", `{"type":""}`, `{"type":"event_callback"}`, `{"type":"event_callback","event":{"type":"message"}}`,
			`{"type":"url_verification"}`, deep, `{"type":"event_callback","event_id":"Ev1","event":` + deep, "payload=%7B%7D", "\xff\xfe"},
		"interactions": {"", "payload=", "payload=null", "payload=[]", "payload={", "x=1", "payload=%7B%7D", `{"type":"block_actions"}`,
			"payload=" + url.QueryEscape(`{"type":"block_actions"}`), "payload=%zz", "payload=" + url.QueryEscape(`{"type":"block_actions","user":`+deep)},
		"options":  {"", "payload=null"},
		"commands": {"", "command=%2Fx", "command=%2Fx&user_id=U1", "%zz", "{}"},
	} {
		for _, body := range bodies {
			if got, err := p.Hear(request(hook, []byte(body), heardAt)); !errors.Is(err, bot.ErrMalformed) {
				t.Errorf("%s %.60q: %v, %v", hook, body, got, err)
			}
		}
	}
	if _, err := p.Hear(request("elsewhere", []byte("{}"), heardAt)); !errors.Is(err, bot.ErrNoConnection) {
		t.Errorf("an unknown path: %v", err)
	}
}

func TestHearBoundsTheBody(t *testing.T) {
	p := newPlatform(t, at(heardAt))
	body := bytes.Repeat([]byte("x"), 10<<20)
	_, err := p.Hear(request("events", body, heardAt))
	var big *http.MaxBytesError
	if !errors.As(err, &big) {
		t.Errorf("a body of 10 MB: %v", err)
	}
}

func TestAnswer(t *testing.T) {
	p := newPlatform(t, at(heardAt))
	many := make([]bot.Option, 150)
	for i := range many {
		many[i] = bot.Option{Label: strings.Repeat("あ", 80), Value: strconv.Itoa(i)}
	}
	var list struct {
		Options []struct{ Text struct{ Text string } } `json:"options"`
	}
	_, _, body := p.Answer(bot.Inbound{Kind: bot.Loaded}, bot.Outcome{Options: many})
	if err := json.Unmarshal(body, &list); err != nil || len(list.Options) != 100 || len([]rune(list.Options[0].Text.Text)) != 75 {
		t.Errorf("%d options, %v", len(list.Options), err)
	}
	for name, c := range map[string]struct {
		in   bot.Inbound
		out  bot.Outcome
		kind string
		body string
	}{
		"nothing":   {bot.Inbound{Kind: bot.Said}, bot.Outcome{}, "", ""},
		"challenge": {bot.Inbound{Kind: bot.Handshake, Text: "abc"}, bot.Outcome{}, "text/plain; charset=utf-8", "abc"},
		"accepted":  {bot.Inbound{Kind: bot.Submitted}, bot.Outcome{}, "", ""},
		"refused": {bot.Inbound{Kind: bot.Submitted}, bot.Outcome{Errors: map[string]string{"answer": "入力してください"}},
			"application/json; charset=utf-8", `{"response_action":"errors","errors":{"answer":"入力してください"}}`},
		"no choices": {bot.Inbound{Kind: bot.Loaded}, bot.Outcome{}, "application/json; charset=utf-8", `{"options":[]}`},
		"a choice": {bot.Inbound{Kind: bot.Loaded}, bot.Outcome{Options: []bot.Option{{Label: "青葉商事", Value: "p-aoba"}, {Label: "x"}}},
			"application/json; charset=utf-8", `{"options":[{"text":{"type":"plain_text","text":"青葉商事"},"value":"p-aoba"}]}`},
	} {
		status, kind, body := p.Answer(c.in, c.out)
		if status != http.StatusOK || kind != c.kind || string(body) != c.body {
			t.Errorf("%s: %d %q %s", name, status, kind, body)
		}
	}
}

// TestRefusalsAreExplainedToTheOperatorOnly: one line, without any signature.
func TestRefusalsAreExplainedToTheOperatorOnly(t *testing.T) {
	var log bytes.Buffer
	p := newPlatform(t, func(o *slack.Options) {
		at(heardAt)(o)
		o.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	body := []byte(`{"type":"url_verification","challenge":"x"}`)
	given := slacktest.Sign("other", heardAt.Unix(), body)
	for range 100 {
		r := request("events", body, heardAt)
		r.Header.Set("X-Slack-Signature", given)
		if _, err := p.Hear(r); !errors.Is(err, bot.ErrSignature) {
			t.Fatalf("%v", err)
		}
	}
	right := slacktest.Sign(secret, heardAt.Unix(), body)
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "signing secret") ||
		strings.Contains(got, given[3:20]) || strings.Contains(got, right[3:20]) || strings.Contains(got, secret) {
		t.Errorf("the log says %s", got)
	}
}
