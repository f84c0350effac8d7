package linetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The clocks of the reference: "Retry API requests", "Send reply message".
const (
	keyLife   = 24 * time.Hour
	replyLife = time.Minute
)

// push: key, schema, key again, quota, receiver; then accepted.
func (s *Server) push(r *request) {
	if !uuidForm.MatchString(r.key) {
		r.broke("no UUID in X-Line-Retry-Key")
		return
	}
	if !r.shaped("PushMessageRequest") {
		return
	}
	var body struct {
		To       string            `json:"to"`
		Messages []json.RawMessage `json:"messages"`
		Units    []string          `json:"customAggregationUnits"`
	}
	if err := json.Unmarshal(r.body, &body); err != nil {
		r.broke("the body cannot be read")
		return
	}
	now := s.o.Now()
	if have := s.keys[r.key]; have != nil && now.Sub(have.at) < keyLife {
		if have.body != string(r.body) {
			s.wrong = append(s.wrong, "push: the same retry key with another body")
		}
		r.fail(http.StatusConflict, "The retry key is already accepted")
		r.answer.(map[string]any)["sentMessages"] = ids(have.ids)
		r.header.Set("X-Line-Accepted-Request-Id", have.request)
		return
	}
	if len(body.Units) > 1 || len(body.Units) == 1 && !unitForm.MatchString(body.Units[0]) {
		r.broke("more than one aggregation unit, or an ill-formed one")
		return
	}
	count, shown, known := s.reach(body.To)
	switch {
	case !known:
		r.fail(http.StatusBadRequest, "The property, 'to', in the request body is invalid (line: -, column: -)")
		return
	case s.o.Quota > 0 && s.used+count > s.o.Quota:
		r.fail(http.StatusTooManyRequests, "You have reached your monthly limit.")
		return
	case body.To[0] != 'U' && strings.Contains(string(r.body), `"trackingId"`):
		r.broke("trackingId in a message to a group")
		return
	}
	s.used += count
	got := s.accept(body.To, body.Messages, Sent{Key: r.key, Units: body.Units, Shown: shown})
	s.keys[r.key] = &accepted{at: now, body: string(r.body), request: r.header.Get("X-Line-Request-Id"), ids: got}
	r.answer = map[string]any{"sentMessages": ids(got)}
}

func (s *Server) reply(r *request) {
	if len(r.r.Header.Values("X-Line-Retry-Key")) > 0 {
		r.broke("X-Line-Retry-Key on a reply")
		return
	}
	if !r.shaped("ReplyMessageRequest") {
		return
	}
	var body struct {
		Token    string            `json:"replyToken"`
		Messages []json.RawMessage `json:"messages"`
	}
	if err := json.Unmarshal(r.body, &body); err != nil {
		r.broke("the body cannot be read")
		return
	}
	token := s.replies[body.Token]
	if token == nil || token.used || s.o.Now().Sub(token.at) > replyLife {
		r.fail(http.StatusBadRequest, "Invalid reply token")
		return
	}
	token.used = true
	_, shown, _ := s.reach(token.to)
	r.answer = map[string]any{"sentMessages": ids(s.accept(token.to, body.Messages, Sent{Reply: true, Shown: shown}))}
}

// shaped judges the body by its schema.
func (r *request) shaped(schema string) bool {
	if !strings.HasPrefix(r.r.Header.Get("Content-Type"), "application/json") {
		r.broke("the content type is not application/json")
		return false
	}
	if found := CheckRequest(schema, r.body); len(found) > 0 {
		r.broke(strings.Join(found, "; "))
		return false
	}
	return true
}

// reach tells how many a push counts for, and whether anybody sees it.
func (s *Server) reach(to string) (count int, shown, known bool) {
	if u := s.users[to]; u != nil {
		return 1, u.friend, true
	}
	if g := s.groups[to]; g != nil {
		return len(g.members), true, true
	}
	return 0, false, false
}

func (s *Server) accept(to string, messages []json.RawMessage, like Sent) []string {
	var out []string
	for _, m := range messages {
		s.next++
		like.ID, like.To, like.Message, like.At = strconv.Itoa(461230966842064897+s.next), to, m, s.o.Now()
		s.sent = append(s.sent, like)
		out = append(out, like.ID)
	}
	return out
}

func ids(list []string) []map[string]string {
	out := []map[string]string{}
	for _, id := range list {
		out = append(out, map[string]string{"id": id, "quoteToken": "q-" + id})
	}
	return out
}

func (s *Server) profile(r *request) {
	id := r.r.PathValue("id")
	if u := s.users[id]; u != nil && u.friend {
		r.answer = map[string]any{"userId": id, "displayName": u.name, "language": u.language}
		return
	}
	r.fail(http.StatusNotFound, "Not found")
}

func (s *Server) summary(r *request) {
	id := r.r.PathValue("id")
	if g := s.groups[id]; g != nil && id[0] == 'C' {
		r.answer = map[string]any{"groupId": id, "groupName": g.name}
		return
	}
	r.fail(http.StatusNotFound, "Not found")
}

func (s *Server) count(r *request) {
	if g := s.groups[r.r.PathValue("id")]; g != nil {
		r.answer = map[string]any{"count": len(g.members)}
		return
	}
	r.fail(http.StatusNotFound, "Not found")
}

// BotID is the account's own user id, which webhooks bear as destination.
var BotID = UserID(0xb07)

func (s *Server) info(r *request) {
	r.answer = map[string]any{"userId": BotID, "basicId": "@123akari", "displayName": "あかり", "chatMode": "bot", "markAsReadMode": "auto"}
}

func (s *Server) endpoint(r *request) {
	if s.webhook.endpoint == "" {
		r.fail(http.StatusNotFound, "Webhook endpoint not found")
		return
	}
	r.answer = map[string]any{"endpoint": s.webhook.endpoint, "active": s.webhook.active}
}

func (s *Server) quota(r *request) {
	r.answer = map[string]any{"type": "none"}
	if s.o.Quota > 0 {
		r.answer = map[string]any{"type": "limited", "value": s.o.Quota}
	}
}

func (s *Server) consumption(r *request) { r.answer = map[string]any{"totalUsage": s.used} }

// Text is the words of a message in order, for assertions: its text, or every
// text and label inside.
func (m Sent) Text() string {
	var v any
	if err := json.Unmarshal(m.Message, &v); err != nil {
		return ""
	}
	var out []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				walk(x)
			}
		case map[string]any:
			for _, key := range []string{"text", "label", "hero", "header", "body", "action", "contents", "footer"} {
				if s, ok := v[key].(string); ok {
					out = append(out, s)
				} else {
					walk(v[key])
				}
			}
		}
	}
	walk(v)
	return strings.Join(out, "\n")
}

// Buttons are the actions of a message by label: postback data or address.
func (m Sent) Buttons() map[string]string {
	out := map[string]string{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				walk(x)
			}
		case map[string]any:
			if a, ok := v["action"].(map[string]any); ok {
				does := a["data"]
				if does == nil {
					does = a["uri"]
				}
				out[fmt.Sprint(a["label"])] = fmt.Sprint(does)
			}
			for _, x := range v {
				walk(x)
			}
		}
	}
	var v any
	if json.Unmarshal(m.Message, &v) == nil {
		walk(v)
	}
	return out
}
