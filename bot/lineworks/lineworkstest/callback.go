package lineworkstest

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
	"time"
)

// Event is one callback (pages bot-callback-*).
type Event struct {
	Type       string   `json:"type"`
	Source     Source   `json:"source"`
	IssuedTime string   `json:"issuedTime"`
	Content    *Content `json:"content,omitempty"`
	Data       string   `json:"data,omitempty"`
	Members    []string `json:"members,omitempty"`
}

// Source is where a callback comes from. ChannelID is empty one-to-one.
type Source struct {
	UserID    string `json:"userId,omitempty"`
	ChannelID string `json:"channelId,omitempty"`
	DomainID  int64  `json:"domainId,omitempty"`
}

// Content is what a message event holds.
type Content struct {
	Type      string `json:"type"`
	Text      string `json:"text,omitempty"`
	Postback  string `json:"postback,omitempty"`
	PackageID string `json:"packageId,omitempty"`
	StickerID string `json:"stickerId,omitempty"`
	FileID    string `json:"fileId,omitempty"`
}

// Says makes the event of somebody writing, in a room if channel is set.
func (b *Bot) Says(user, channel, text string, at time.Time) Event {
	return Event{
		Type: "message", Source: Source{user, channel, b.DomainID}, IssuedTime: stamp(at),
		Content: &Content{Type: "text", Text: text},
	}
}

// Presses makes the event of somebody pressing the button with this label of a
// message that was sent: a message with a postback, as LINE WORKS makes of it.
// It is false if there is no such button or it opens an address.
func (b *Bot) Presses(user string, s Sent, label string, at time.Time) (Event, bool) {
	var v any
	if json.Unmarshal(s.Body, &v) != nil {
		return Event{}, false
	}
	a := find(v, label)
	if a == nil {
		return Event{}, false
	}
	e := b.Says(user, s.Channel, label, at)
	if t, ok := a["text"].(string); ok && t != "" {
		e.Content.Text = t
	}
	e.Content.Postback, _ = a["postback"].(string)
	return e, true
}

// find looks for the message action with a label, anywhere in a body.
func find(v any, label string) map[string]any {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if a := find(e, label); a != nil {
				return a
			}
		}
	case map[string]any:
		if v["type"] == "message" && v["label"] == label {
			return v
		}
		for _, e := range v {
			if a := find(e, label); a != nil {
				return a
			}
		}
	}
	return nil
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// Sign makes the signature header of a raw body.
func Sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Request makes the signed callback request for a raw body.
func (b *Bot) Request(ctx context.Context, url string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("callback address %q: %w", url, err)
	}
	r.Header.Set("Content-Type", "application/json; charset=UTF-8")
	r.Header.Set("X-WORKS-BotId", b.ID)
	r.Header.Set("X-WORKS-Signature", Sign(b.Secret, body))
	return r, nil
}

// Post delivers one event, once: LINE WORKS never tries again. It answers the
// status.
func (b *Bot) Post(ctx context.Context, client *http.Client, url string, e Event) (int, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return 0, err
	}
	r, err := b.Request(ctx, url, body)
	if err != nil {
		return 0, err
	}
	res, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}
