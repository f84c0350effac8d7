package linetest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Event is one webhook event, as JSON fields.
type Event map[string]any

// Source is where an event comes from. A group event of a person on a PC, and
// any but a message, may have no User.
type Source struct{ User, Group, Room string }

func (f Source) json() map[string]any {
	out := map[string]any{"type": "user"}
	switch {
	case f.Group != "":
		out["type"], out["groupId"] = "group", f.Group
	case f.Room != "":
		out["type"], out["roomId"] = "room", f.Room
	}
	if f.User != "" {
		out["userId"] = f.User
	}
	return out
}

func (f Source) to() string {
	if f.Group != "" {
		return f.Group
	}
	if f.Room != "" {
		return f.Room
	}
	return f.User
}

// NewEvent makes an event of a type with a fresh id and, except for those that
// LINE gives none, a fresh reply token. Its user becomes a friend if unknown.
func (s *Server) NewEvent(typ string, from Source) Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	if from.User != "" && s.users[from.User] == nil {
		s.users[from.User] = &user{name: "田中", language: "ja", friend: true}
	}
	now := s.o.Now()
	e := Event{
		"type": typ, "mode": "active", "timestamp": now.UnixMilli(), "source": from.json(),
		"webhookEventId":  "01" + strings.ToUpper(random(12)),
		"deliveryContext": map[string]any{"isRedelivery": false},
	}
	if typ != "unfollow" && typ != "leave" && typ != "memberLeft" && typ != "unsend" {
		token := random(16)
		s.replies[token] = &replyToken{to: from.to(), at: now}
		e["replyToken"] = token
	}
	return e
}

// Said is a text message. In a group, mention names the part of the text that
// addresses the bot; empty = it is not addressed.
func (s *Server) Said(from Source, text, mention string) Event {
	e := s.NewEvent("message", from)
	s.mu.Lock()
	s.next++
	message := map[string]any{"type": "text", "id": fmt.Sprint(5000 + s.next), "text": text, "quoteToken": "q" + random(8), "markAsReadToken": random(8)}
	s.mu.Unlock()
	if mention != "" {
		at := strings.Index(text, mention)
		message["mention"] = map[string]any{"mentionees": []any{map[string]any{
			"type": "user", "index": units(text[:at]), "length": units(mention), "userId": BotID, "isSelf": true,
		}}}
	}
	e["message"] = message
	return e
}

// Pressed is a postback of a button's data.
func (s *Server) Pressed(from Source, data string) Event {
	e := s.NewEvent("postback", from)
	e["postback"] = map[string]any{"data": data}
	return e
}

// Redelivered is the same event told again: the same id and reply token, which
// is good for another minute unless it was used.
func (s *Server) Redelivered(e Event) Event {
	again := Event{}
	for k, v := range e {
		again[k] = v
	}
	again["deliveryContext"] = map[string]any{"isRedelivery": true}
	s.mu.Lock()
	defer s.mu.Unlock()
	token, _ := e["replyToken"].(string)
	at, _ := e["timestamp"].(int64)
	if have := s.replies[token]; have != nil && !have.used && s.o.Now().Sub(time.UnixMilli(at)) < 20*time.Minute {
		have.at = s.o.Now()
	}
	return again
}

// Body is the webhook body of a batch of events; none = the console's "verify".
func Body(events ...Event) []byte {
	if events == nil {
		events = []Event{}
	}
	b, err := json.Marshal(map[string]any{"destination": BotID, "events": events})
	if err != nil {
		panic("linetest: " + err.Error())
	}
	return b
}

// Sign is the X-Line-Signature of a body.
func Sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Request is a signed webhook request to url.
func (s *Server) Request(ctx context.Context, url string, events ...Event) (*http.Request, error) {
	body := Body(events...)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("linetest: %w", err)
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("User-Agent", "LineBotWebhook/2.0")
	r.Header.Set("X-Line-Signature", Sign(s.o.ChannelSecret, body))
	return r, nil
}

// Post sends a batch of events to url, as LINE does: once, within 2 s. It
// answers the status.
func (s *Server) Post(ctx context.Context, url string, events ...Event) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r, err := s.Request(ctx, url, events...)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, fmt.Errorf("linetest: the webhook was not answered: %w", err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return 0, fmt.Errorf("linetest: the webhook's answer broke off: %w", err)
	}
	return res.StatusCode, nil
}
