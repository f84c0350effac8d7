package slacktest_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"akari/bot/slack/slacktest"
)

func call(t *testing.T, s *slacktest.Server, method string, args map[string]any, change func(*http.Request)) map[string]any {
	t.Helper()
	raw, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, s.APIURL+method, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("Authorization", "Bearer "+s.BotToken)
	if change != nil {
		change(r)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var out map[string]any
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func good() map[string]any {
	return map[string]any{
		"channel": "C1", "text": "hello", "unfurl_links": false, "unfurl_media": false,
		"metadata": map[string]any{"event_type": "akari_delivery", "event_payload": map[string]any{"id": "0193578c-4d3e-7a11-9c57-3f2d8a61b0ff"}},
		"blocks":   []any{map[string]any{"type": "section", "text": map[string]any{"type": "mrkdwn", "text": "hello"}}},
	}
}

// TestStrict damages a good post in every way that Slack (or this project's own
// promise) would refuse.
func TestStrict(t *testing.T) {
	s := slacktest.New(t, slacktest.Options{})
	s.AddChannel(slacktest.Channel{ID: "C1", Members: []string{"U0BOT"}})
	if out := call(t, s, "chat.postMessage", good(), nil); out["ok"] != true {
		t.Fatalf("a good post: %v", out)
	}
	block := func(b map[string]any) func(map[string]any) {
		return func(a map[string]any) { a["blocks"] = []any{b} }
	}
	button := func(change func(map[string]any)) func(map[string]any) {
		b := map[string]any{"type": "button", "action_id": "a", "text": map[string]any{"type": "plain_text", "text": "x"}}
		change(b)
		return block(map[string]any{"type": "actions", "elements": []any{b}})
	}
	text := func(s string) map[string]any { return map[string]any{"type": "mrkdwn", "text": s} }
	for name, c := range map[string]struct {
		damage func(map[string]any)
		want   string
	}{
		"no channel":            {func(a map[string]any) { delete(a, "channel") }, "invalid_arguments"},
		"no text":               {func(a map[string]any) { delete(a, "text") }, "invalid_arguments"},
		"unknown argument":      {func(a map[string]any) { a["as_usr"] = true }, "invalid_arguments"},
		"token in the body":     {func(a map[string]any) { a["token"] = "x" }, "invalid_arguments"},
		"unfurling":             {func(a map[string]any) { a["unfurl_links"] = true }, "invalid_arguments"},
		"unfurling by default":  {func(a map[string]any) { delete(a, "unfurl_media") }, "invalid_arguments"},
		"no metadata":           {func(a map[string]any) { delete(a, "metadata") }, "invalid_metadata_format"},
		"live text":             {func(a map[string]any) { a["text"] = "<!channel>" }, "invalid_arguments"},
		"live block":            {block(map[string]any{"type": "section", "text": text("<@U1>")}), "invalid_arguments"},
		"blocks are no list":    {func(a map[string]any) { a["blocks"] = map[string]any{} }, "invalid_blocks"},
		"unknown block":         {block(map[string]any{"type": "sektion"}), "invalid_blocks"},
		"input in a message":    {block(map[string]any{"type": "input"}), "invalid_blocks"},
		"unknown field":         {block(map[string]any{"type": "divider", "x": 1}), "invalid_blocks"},
		"empty section":         {block(map[string]any{"type": "section"}), "invalid_blocks"},
		"section of 3001":       {block(map[string]any{"type": "section", "text": text(strings.Repeat("あ", 3001))}), "invalid_blocks"},
		"empty text":            {block(map[string]any{"type": "section", "text": text("")}), "invalid_blocks"},
		"image without alt":     {block(map[string]any{"type": "image", "image_url": "https://x.example/a.png"}), "invalid_blocks"},
		"image without address": {block(map[string]any{"type": "image", "alt_text": "x"}), "invalid_blocks"},
		"26 buttons":            {block(map[string]any{"type": "actions", "elements": make([]any, 26)}), "invalid_blocks"},
		"label of 76":           {button(func(b map[string]any) { b["text"].(map[string]any)["text"] = strings.Repeat("x", 76) }), "invalid_blocks"},
		"label in mrkdwn":       {button(func(b map[string]any) { b["text"].(map[string]any)["type"] = "mrkdwn" }), "invalid_blocks"},
		"value of 2001":         {button(func(b map[string]any) { b["value"] = strings.Repeat("x", 2001) }), "invalid_blocks"},
		"odd style":             {button(func(b map[string]any) { b["style"] = "warning" }), "invalid_blocks"},
		"address of no kind":    {button(func(b map[string]any) { b["url"] = "javascript:alert(1)" }), "invalid_blocks"},
		"no room":               {func(a map[string]any) { a["channel"] = "C9" }, "channel_not_found"},
	} {
		a := good()
		c.damage(a)
		if out := call(t, s, "chat.postMessage", a, nil); out["error"] != c.want {
			t.Errorf("%s: %v", name, out)
		}
	}
	for name, c := range map[string]struct {
		change func(*http.Request)
		want   string
	}{
		"no token":       {func(r *http.Request) { r.Header.Del("Authorization") }, "not_authed"},
		"wrong token":    {func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, "invalid_auth"},
		"no charset":     {func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, "invalid_post_type"},
		"as text":        {func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, "invalid_form_data"},
		"retryable POST": {func(r *http.Request) { r.Header.Set("Idempotency-Key", "x") }, "invalid_arguments"},
	} {
		if out := call(t, s, "chat.postMessage", good(), c.change); out["error"] != c.want {
			t.Errorf("%s: %v", name, out)
		}
	}
	if out := call(t, s, "users.info", map[string]any{"user": "U0BOT"}, nil); out["error"] != "invalid_post_type" {
		t.Errorf("a reading method with JSON: %v", out)
	}
	if n := len(s.Messages("C1")); n != 1 {
		t.Errorf("%d messages lie in the room; the refused ones must not", n)
	}
}

func TestViewsAndTriggers(t *testing.T) {
	now := time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC)
	s := slacktest.New(t, slacktest.Options{Now: func() time.Time { return now }})
	plain := func(s string) map[string]any { return map[string]any{"type": "plain_text", "text": s} }
	input := map[string]any{"type": "input", "block_id": "a", "label": plain("x"), "element": map[string]any{"type": "plain_text_input", "action_id": "a"}}
	view := func(change func(map[string]any)) map[string]any {
		v := map[string]any{"type": "modal", "title": plain("x"), "submit": plain("x"), "blocks": []any{input}}
		change(v)
		return v
	}
	open := func(trigger string, v map[string]any) any {
		return call(t, s, "views.open", map[string]any{"trigger_id": trigger, "view": v}, nil)["error"]
	}
	for name, change := range map[string]func(map[string]any){
		"title of 25":      func(v map[string]any) { v["title"] = plain(strings.Repeat("x", 25)) },
		"no submit":        func(v map[string]any) { delete(v, "submit") },
		"metadata of 3001": func(v map[string]any) { v["private_metadata"] = strings.Repeat("x", 3001) },
		"block id twice":   func(v map[string]any) { v["blocks"] = []any{input, input} },
		"101 blocks":       func(v map[string]any) { v["blocks"] = make([]any, 101) },
	} {
		trigger := s.Trigger()
		if got := open(trigger, view(change)); got != "invalid_arguments" {
			t.Errorf("%s: %v", name, got)
		}
	}
	trigger := s.Trigger()
	if got := open(trigger, view(func(map[string]any) {})); got != nil {
		t.Errorf("a good view: %v", got)
	}
	if got := open(trigger, view(func(map[string]any) {})); got != "trigger_exchanged" {
		t.Errorf("the same trigger: %v", got)
	}
	trigger = s.Trigger()
	now = now.Add(3001 * time.Millisecond)
	if got := open(trigger, view(func(map[string]any) {})); got != "expired_trigger_id" {
		t.Errorf("an old trigger: %v", got)
	}
	if got := open("x", view(func(map[string]any) {})); got != "invalid_trigger_id" {
		t.Errorf("no trigger: %v", got)
	}
}

func TestStampsAreUniqueAndGrow(t *testing.T) {
	s := slacktest.New(t, slacktest.Options{})
	s.AddChannel(slacktest.Channel{ID: "C1", Members: []string{"U0BOT"}})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				s.Say("C1", "U1", "x", "")
			}
		})
	}
	wg.Wait()
	last := ""
	for _, m := range s.Messages("C1") {
		if m.TS <= last || len(m.TS) != 17 {
			t.Fatalf("%s after %s", m.TS, last)
		}
		last = m.TS
	}
	if n := len(s.Messages("C1")); n != 1600 {
		t.Errorf("%d messages", n)
	}
}

func TestHistoryHidesMetadataUnlessAsked(t *testing.T) {
	s := slacktest.New(t, slacktest.Options{HistoryMax: 15})
	s.AddChannel(slacktest.Channel{ID: "C1", Members: []string{"U0BOT"}})
	call(t, s, "chat.postMessage", good(), nil)
	for i := range 40 {
		s.Say("C1", "U1", strconv.Itoa(i), "")
	}
	read := func(all, cursor string) (n int, found bool, next string) {
		out := call(t, s, "conversations.history", nil, func(r *http.Request) {
			body := "channel=C1&limit=200&include_all_metadata=" + all + "&cursor=" + cursor
			*r = *mustForm(t, s.APIURL+"conversations.history", s.BotToken, body)
		})
		list, _ := out["messages"].([]any)
		for _, m := range list {
			meta, _ := m.(map[string]any)["metadata"].(map[string]any)
			found = found || meta["event_payload"] != nil
		}
		info, _ := out["response_metadata"].(map[string]any)
		next, _ = info["next_cursor"].(string)
		return len(list), found, next
	}
	for _, all := range []string{"true", "false"} {
		total, cursor, seen := 0, "", false
		for {
			n, found, next := read(all, cursor)
			if n > 15 {
				t.Fatalf("a page of %d", n)
			}
			total, seen, cursor = total+n, seen || found, next
			if cursor == "" {
				break
			}
		}
		if total != 41 || seen != (all == "true") {
			t.Errorf("include_all_metadata=%s: %d messages, payload seen: %v", all, total, seen)
		}
	}
}

func mustForm(t *testing.T, address, token, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

func TestEarlyCallsAreNoticed(t *testing.T) {
	s := slacktest.New(t, slacktest.Options{})
	s.AddChannel(slacktest.Channel{ID: "C1", Members: []string{"U0BOT"}})
	s.Fail(slacktest.Fault{Method: "chat.postMessage", Status: http.StatusTooManyRequests, RetryAfter: "1", Code: "ratelimited"})
	call(t, s, "chat.postMessage", good(), nil)
	if n := len(s.Early()); n != 0 {
		t.Errorf("%d early calls before the pause", n)
	}
	call(t, s, "auth.test", nil, nil)
	call(t, s, "chat.postMessage", good(), nil)
	if early := s.Early(); len(early) != 1 || early[0].Method != "chat.postMessage" {
		t.Errorf("early: %+v", early)
	}
	time.Sleep(1010 * time.Millisecond)
	call(t, s, "chat.postMessage", good(), nil)
	if n := len(s.Early()); n != 1 {
		t.Errorf("%d early calls after the pause", n)
	}
}
