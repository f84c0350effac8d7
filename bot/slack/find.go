package slack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"akari/bot"
)

const (
	// findMargin is how much earlier than the intent a message may seem to be:
	// clocks differ, and an intent is written before the call.
	findMargin = 2 * time.Minute
	// findPage and findPages bound a search. A room with more talk than that since
	// the intent cannot be searched, and says so.
	findPage  = 200
	findPages = 25
)

// found is a message as history shows it, with only what is looked for.
type found struct {
	TS       string `json:"ts"`
	Metadata struct {
		EventType string `json:"event_type"`
		Payload   struct {
			ID string `json:"id"`
		} `json:"event_payload"`
	} `json:"metadata"`
}

func (f found) is(key string) bool {
	return key != "" && f.Metadata.EventType == metadataEvent && f.Metadata.Payload.ID == key
}

type page struct {
	Messages []found `json:"messages"`
	HasMore  bool    `json:"has_more"`
	Meta     struct {
		Cursor string `json:"next_cursor"`
	} `json:"response_metadata"`
}

// Find looks for a delivery by the metadata that its message carries. "" means
// that everything since the intent was read and it is not there; ephemerals and
// views leave no trace, and are an error.
func (p *Platform) Find(ctx context.Context, d bot.Delivery) (string, error) {
	m := p.methodFor(d)
	if m != postMessage && m != updateMessage && m != deleteMessage {
		return "", fmt.Errorf("whether %s had its effect cannot be looked up", m)
	}
	room := d.To.Room
	if room == "" {
		var err error
		if room, err = p.open(ctx, d.To.User); err != nil {
			return "", fmt.Errorf("while looking for delivery %s: %w", d.Key, err)
		}
	}
	var receipt string
	var err error
	switch {
	case m != postMessage:
		receipt, err = p.findChange(ctx, d, room, m)
	case d.To.Thread != "":
		receipt, err = p.findReply(ctx, d, room)
	default:
		receipt, err = p.findPost(ctx, d, room)
	}
	if err != nil {
		return "", fmt.Errorf("while looking for delivery %s: %w", d.Key, err)
	}
	return receipt, nil
}

// findPost reads history from now backwards until before the intent. Slack's own
// clock decides what is before, as ours may be shifted.
func (p *Platform) findPost(ctx context.Context, d bot.Delivery, room string) (string, error) {
	age := p.now().Sub(d.IntentAt) + findMargin
	if d.IntentAt.IsZero() || age < findMargin {
		age = 24 * time.Hour // our clock was set back since: read a whole day
	}
	var since time.Time
	cursor := ""
	for range findPages {
		var got page
		h, err := p.history(ctx, "conversations.history", url.Values{"channel": {room}}, cursor, &got)
		if err != nil {
			return "", err
		}
		if since.IsZero() {
			since = p.slackNow(h).Add(-age)
		}
		for _, f := range got.Messages {
			if f.is(d.Key) {
				return f.TS, nil
			}
			if at, ok := timeOf(f.TS); ok && at.Before(since) {
				return "", nil
			}
		}
		if cursor = got.Meta.Cursor; cursor == "" {
			return "", endOf(got)
		}
	}
	return "", errors.New("the room has more messages since then than can be read")
}

// endOf is an error if a page says that there is more but not where.
func endOf(got page) error {
	if got.HasMore {
		return errors.New("the history ends without saying where it goes on")
	}
	return nil
}

// findReply reads a thread. If its parent was deleted meanwhile, the reply may
// stand in the room by itself.
func (p *Platform) findReply(ctx context.Context, d bot.Delivery, room string) (string, error) {
	cursor := ""
	for range findPages {
		var got page
		_, err := p.history(ctx, "conversations.replies", url.Values{"channel": {room}, "ts": {d.To.Thread}}, cursor, &got)
		var no *bot.Refused
		if errors.As(err, &no) && no.Code == "thread_not_found" {
			return p.findPost(ctx, d, room)
		}
		if err != nil {
			return "", err
		}
		for _, f := range got.Messages {
			if f.is(d.Key) {
				return f.TS, nil
			}
		}
		if cursor = got.Meta.Cursor; cursor == "" {
			return "", endOf(got)
		}
	}
	return "", errors.New("the thread has more messages than can be read")
}

// findChange looks at the one message that was to be updated or deleted.
func (p *Platform) findChange(ctx context.Context, d bot.Delivery, room string, m method) (string, error) {
	var got page
	args := url.Values{"channel": {room}, "ts": {d.Ref}, "latest": {d.Ref}, "inclusive": {"true"}}
	_, err := p.history(ctx, "conversations.replies", args, "", &got)
	var no *bot.Refused
	if errors.As(err, &no) && no.Code == "thread_not_found" {
		got, err = page{}, nil
	}
	if err != nil {
		return "", err
	}
	for _, f := range got.Messages {
		switch {
		case f.TS != d.Ref:
		case m == updateMessage && f.is(d.Key):
			return d.Ref, nil
		default:
			return "", nil
		}
	}
	if m == deleteMessage {
		return d.Ref, nil
	}
	return "", errors.New("the message to be updated is gone")
}

func (p *Platform) history(ctx context.Context, m method, args url.Values, cursor string, into *page) (http.Header, error) {
	args.Set("include_all_metadata", "true")
	args.Set("limit", strconv.Itoa(findPage))
	if cursor != "" {
		args.Set("cursor", cursor)
	}
	return p.ask(ctx, m, args, into)
}

// slackNow is Slack's clock as its answers tell it.
func (p *Platform) slackNow(h http.Header) time.Time {
	if at, err := http.ParseTime(h.Get("Date")); err == nil {
		return at
	}
	return p.now()
}
