package linetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A double that takes what LINE refuses proves nothing: these must be refused.
func TestCheckRequestRefuses(t *testing.T) {
	push := func(messages string) string {
		return `{"to":"` + UserID(1) + `","messages":[` + messages + `],"notificationDisabled":false,"customAggregationUnits":[]}`
	}
	bubble := func(body string) string {
		return push(`{"type":"flex","altText":"a","contents":{"type":"bubble","body":{"type":"box","layout":"vertical","contents":[` + body + `]}}}`)
	}
	for _, c := range []struct{ name, body, want string }{
		{"good text", push(`{"type":"text","text":"a"}`), ""},
		{"good flex", bubble(`{"type":"text","text":"a","wrap":true}`), ""},
		{"good button", bubble(`{"type":"button","action":{"type":"postback","label":"a","data":"a.b","displayText":"a"}}`), ""},
		{"no type", push(`{"text":"a"}`), `type is ""`},
		{"unknown type", push(`{"type":"file"}`), `type is "file"`},
		{"text without text", push(`{"type":"text"}`), "text is missing"},
		{"empty text", push(`{"type":"text","text":""}`), "0 long"},
		{"text of 5001", push(`{"type":"text","text":"` + strings.Repeat("あ", 5001) + `"}`), "5001 long"},
		{"surrogates count twice", push(`{"type":"text","text":"` + strings.Repeat("𠮷", 2501) + `"}`), "5002 long"},
		{"unknown property", push(`{"type":"text","text":"a","colour":"red"}`), "colour is unknown"},
		{"six messages", push(strings.TrimSuffix(strings.Repeat(`{"type":"text","text":"a"},`, 6), ",")), "6 items"},
		{"no messages", push(``), "0 items"},
		{"units null", strings.Replace(push(`{"type":"text","text":"a"}`), `[]}`, `null}`, 1), "null"},
		{"no receiver", `{"messages":[{"type":"text","text":"a"}]}`, "to is missing"},
		{"action without type", bubble(`{"type":"button","action":{"label":"a","data":"b"}}`), `type is ""`},
		{"component without type", bubble(`{"text":"a"}`), `type is ""`},
		{"unknown component", bubble(`{"type":"form"}`), `type is "form"`},
		{"button without action", bubble(`{"type":"button"}`), "action is missing"},
		{"data of 301", bubble(`{"type":"button","action":{"type":"postback","label":"a","data":"` + strings.Repeat("x", 301) + `"}}`), "301 long"},
		{"label of 41", bubble(`{"type":"button","action":{"type":"postback","data":"a","label":"` + strings.Repeat("x", 41) + `"}}`), "41 long"},
		{"script address", bubble(`{"type":"button","action":{"type":"uri","label":"a","uri":"javascript:alert(1)"}}`), "no address that"},
		{"contents null", push(`{"type":"flex","altText":"a","contents":{"type":"bubble","body":{"type":"box","layout":"vertical","contents":null}}}`), "null"},
		{"no altText", push(`{"type":"flex","contents":{"type":"bubble"}}`), "altText"},
		{"http picture", push(`{"type":"image","originalContentUrl":"http://a/b.png","previewImageUrl":"https://a/b.png"}`), "originalContentUrl"},
		{"wrong enum", bubble(`{"type":"text","text":"a","weight":"heavy"}`), "heavy"},
		{"text as number", push(`{"type":"text","text":1}`), "a number"},
		{"13 bubbles", push(`{"type":"flex","altText":"a","contents":{"type":"carousel","contents":[` + strings.TrimSuffix(strings.Repeat(`{"type":"bubble"},`, 13), ",") + `]}}`), "13 bubbles"},
		{"two sizes", push(`{"type":"flex","altText":"a","contents":{"type":"carousel","contents":[{"type":"bubble","size":"kilo"},{"type":"bubble","size":"mega"}]}}`), "several sizes"},
		{"heavy bubble", bubble(`{"type":"text","text":"` + strings.Repeat("x", 31_000) + `"}`), "at most 30000"},
		{"no JSON", `{`, "no JSON"},
	} {
		found := strings.Join(CheckRequest("PushMessageRequest", []byte(c.body)), "; ")
		if c.want == "" && found != "" || !strings.Contains(found, c.want) {
			t.Errorf("%s: found %q, want %q", c.name, found, c.want)
		}
	}
	if found := CheckRequest("NoSuchSchema", []byte(`{}`)); len(found) != 1 {
		t.Errorf("a schema that does not exist judges")
	}
	if found := CheckWebhook([]byte(`{"destination":"U","events":[{"type":"message"}]}`)); len(found) == 0 {
		t.Errorf("an event without anything is a webhook")
	}
}

// The double's own events are what LINE sends.
func TestEventsAreWebhooks(t *testing.T) {
	s := Start(Options{})
	defer s.Close()
	group := Source{Group: GroupID(1), User: UserID(1)}
	follow := s.NewEvent("follow", Source{User: UserID(1)})
	follow["follow"] = map[string]any{"isUnblocked": false}
	said := s.Said(group, "𠮷 @あかり 価格", "@あかり")
	body := Body(follow, said, s.Redelivered(said), s.Pressed(Source{Group: GroupID(1)}, "a.b"), s.NewEvent("join", Source{Room: RoomID(1)}), s.NewEvent("unfollow", Source{User: UserID(1)}))
	if found := CheckWebhook(body); len(found) > 0 {
		t.Error(strings.Join(found, "\n"))
	}
	if !bytes.Contains(body, []byte(`"index":3,"isSelf":true,"length":4`)) {
		t.Errorf("the mention does not count UTF-16 units: %s", body)
	}
	if found := CheckWebhook(Body()); len(found) > 0 {
		t.Error(found)
	}
}

func TestRules(t *testing.T) {
	now := time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC)
	s := Start(Options{AccessToken: "good", Now: func() time.Time { return now }})
	defer s.Close()
	s.AddUser(UserID(1), "田中")
	s.AddGroup(GroupID(1), "青葉", UserID(1))
	key := "0193578c-4d3e-7a11-9c57-3f2d8a61b00a"
	message := func(to string) string { return fmt.Sprintf(`{"to":%q,"messages":[{"type":"text","text":"a"}]}`, to) }
	call := func(path, token, key, body string) (int, string, http.Header) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		if key != "" {
			r.Header.Set("X-Line-Retry-Key", key)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(b), res.Header
	}
	const push, reply = "/v2/bot/message/push", "/v2/bot/message/reply"
	token, _ := s.Said(Source{User: UserID(1)}, "a", "")["replyToken"].(string)
	answer := fmt.Sprintf(`{"replyToken":%q,"messages":[{"type":"text","text":"a"}]}`, token)
	video := fmt.Sprintf(`{"to":%q,"messages":[{"type":"video","originalContentUrl":"https://a/v","previewImageUrl":"https://a/p","trackingId":"c81"}]}`, GroupID(1))
	for _, c := range []struct {
		name, path, token, key, body string
		want                         int
	}{
		{"no token", push, "", key, message(UserID(1)), 401},
		{"wrong token", push, "bad", key, message(UserID(1)), 401},
		{"no key", push, "good", "", message(UserID(1)), 400},
		{"no UUID", push, "good", "d-1", message(UserID(1)), 400},
		{"broken", push, "good", key, `{"to":1}`, 400},
		{"unknown user", push, "good", key, message(UserID(5)), 400},
		{"unknown group", push, "good", key, message(GroupID(5)), 400},
		{"tracked video to a group", push, "good", key, video, 400},
		{"good", push, "good", key, message(UserID(1)), 200},
		{"again", push, "good", key, message(UserID(1)), 409},
		{"reply with a key", reply, "good", key, answer, 400},
		{"reply", reply, "good", "", answer, 200},
		{"reply again", reply, "good", "", answer, 400},
		{"unknown path", "/v2/bot/message/fax", "good", key, `{}`, 404},
	} {
		status, body, header := call(c.path, c.token, c.key, c.body)
		if status != c.want {
			t.Errorf("%s: %d, want %d: %s", c.name, status, c.want, body)
		}
		if header.Get("X-Line-Request-Id") == "" {
			t.Errorf("%s: no request id", c.name)
		}
		if status == http.StatusConflict {
			var e struct{ SentMessages []struct{ ID string } }
			if json.Unmarshal([]byte(body), &e) != nil || len(e.SentMessages) != 1 || e.SentMessages[0].ID != s.Sent()[0].ID || header.Get("X-Line-Accepted-Request-Id") == "" {
				t.Errorf("a 409 does not tell what was sent: %s", body)
			}
		}
	}
	if len(s.Sent()) != 2 {
		t.Errorf("%d messages were accepted", len(s.Sent()))
	}
	if n := len(s.Wrong()); n != 5 {
		t.Errorf("%d wrong requests are told, there were 5: %v", n, s.Wrong())
	}
	call(push, "good", key, message(GroupID(1)))
	if wrong := s.Wrong(); !strings.Contains(wrong[len(wrong)-1], "another body") {
		t.Errorf("another body under the same key is not noticed")
	}
	now = now.Add(24 * time.Hour)
	if status, _, _ := call(push, "good", key, message(UserID(1))); status != 200 {
		t.Errorf("a key of 24 hours is still known: %d", status)
	}
}

func TestPost(t *testing.T) {
	s := Start(Options{})
	defer s.Close()
	var got []byte
	var signature string
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, _ = io.ReadAll(r.Body)
		signature = r.Header.Get("X-Line-Signature")
	}))
	defer hook.Close()
	status, err := s.Post(t.Context(), hook.URL, s.Said(Source{User: UserID(1)}, "価格", ""))
	if err != nil || status != 200 || signature != Sign("line-secret", got) || !strings.Contains(string(got), "価格") {
		t.Errorf("%d, %v, %s", status, err, got)
	}
}
