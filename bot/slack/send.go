package slack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"akari/bot"
)

// triggerMax is Slack's own limit on a trigger's age. Later than that a call
// would only be refused.
const triggerMax = 3 * time.Second

// Send makes the one call with a visible effect. The receipt is the message's ts,
// or the view's id; a message through a response address has none.
func (p *Platform) Send(ctx context.Context, d bot.Delivery) (string, error) {
	if len(d.Body) == 0 {
		return "", fmt.Errorf("delivery %s has no body: it must be rendered first", d.Key)
	}
	m := p.methodFor(d)
	body := d.Body
	switch m {
	case responseURL:
		return p.respond(ctx, d)
	case openView:
		if late := d.Reply.Until; !late.IsZero() && p.now().After(late.Add(triggerMax-triggerLife)) {
			return "", &bot.Refused{Code: expiredTrigger}
		}
	case publishView:
	default:
		if d.To.Room == "" {
			if p.direct.get(d.To.User) == "" && m == postMessage {
				return p.sendUnopened(ctx, d)
			}
			var err error
			if body, err = p.opened(ctx, d); err != nil {
				return "", err
			}
		}
	}
	r, err := p.effect(ctx, m, body)
	if err != nil {
		p.forget(d, err)
		return "", err
	}
	return receiptOf(m, r, d)
}

// sendUnopened posts to a person whose one-to-one room is not known yet: to their id,
// which opens the room on the way and answers it (reference/methods/chat.postMessage).
// conversations.open, of tier 3, would let a campaign begin with 50 people a minute and
// hold up every answer meanwhile. It is asked where Slack does not find the person so:
// it then says why.
func (p *Platform) sendUnopened(ctx context.Context, d bot.Delivery) (string, error) {
	r, err := p.effect(ctx, postMessage, d.Body)
	var no *bot.Refused
	if errors.As(err, &no) && no.Code == "channel_not_found" {
		body, err := p.opened(ctx, d)
		if err != nil {
			return "", err
		}
		if r, err = p.effect(ctx, postMessage, body); err != nil {
			p.forget(d, err)
			return "", err
		}
		return receiptOf(postMessage, r, d)
	}
	if err != nil {
		return "", err
	}
	if room := string(r.Channel); plainID(room, 'D') {
		p.direct.put(d.To.User, room)
	}
	return receiptOf(postMessage, r, d)
}

// opened is a body for the one-to-one room of the person it is for.
func (p *Platform) opened(ctx context.Context, d bot.Delivery) ([]byte, error) {
	room, err := p.open(ctx, d.To.User)
	if err != nil {
		return nil, err
	}
	return inRoom(d.Body, d.To.User, room)
}

func receiptOf(m method, r result, d bot.Delivery) (string, error) {
	receipt := r.TS
	switch m {
	case postEphemeral:
		return r.Eph, nil
	case openView, publishView:
		receipt = r.View.ID
	case updateMessage, deleteMessage:
		return d.Ref, nil
	}
	if receipt == "" {
		return "", &bot.InDoubt{Err: fmt.Errorf("%s said yes but gave no id", m)}
	}
	return receipt, nil
}

// open answers the one-to-one room with a person. It is preparation: asking twice
// gives the same room, and nobody sees it.
func (p *Platform) open(ctx context.Context, user string) (string, error) {
	if user == "" {
		return "", errors.New("the delivery names neither a room nor a user")
	}
	if room := p.direct.get(user); room != "" {
		return room, nil
	}
	var r result
	if _, err := p.ask(ctx, "conversations.open", url.Values{"users": {user}}, &r); err != nil {
		return "", err
	}
	if !plainID(string(r.Channel), 'D') {
		return "", errors.New("conversations.open answered no one-to-one room")
	}
	p.direct.put(user, string(r.Channel))
	return string(r.Channel), nil
}

// forget drops a remembered room that Slack does not know any more.
func (p *Platform) forget(d bot.Delivery, err error) {
	var no *bot.Refused
	if d.To.Room == "" && errors.As(err, &no) && no.Code == "channel_not_found" {
		p.direct.drop(d.To.User)
	}
}

// inRoom puts the room's id where Render could only name the person. Everything
// else keeps its bytes.
func inRoom(body []byte, user, room string) ([]byte, error) {
	rest, ok := bytes.CutPrefix(body, append([]byte(`{"channel":`), encode(user)...))
	if !ok {
		return nil, errors.New("the body does not begin with the person it is for: it was not rendered for this delivery")
	}
	return append(append([]byte(`{"channel":`), encode(room)...), rest...), nil
}

// respond sends through a response address: five times within 30 minutes
// (interactivity/handling-user-interaction). A spent one has had no effect, so
// the same message may go as an ephemeral.
func (p *Platform) respond(ctx context.Context, d bot.Delivery) (string, error) {
	a, err := p.do(ctx, d.Reply.URL, "application/json; charset=utf-8", d.Body, false)
	if err != nil {
		err = fmt.Errorf("while calling a response address: %w", err)
		if a.sent {
			return "", &bot.InDoubt{Err: err}
		}
		return "", err
	}
	err = p.responded(a)
	var no *bot.Refused
	if !errors.As(err, &no) || !spent[no.Code] || len(d.Parts) != 1 {
		return "", err
	}
	body, rerr := p.render(d, postEphemeral)
	if rerr != nil {
		return "", err
	}
	r, err := p.effect(ctx, postEphemeral, body)
	if err != nil {
		return "", err
	}
	return receiptOf(postEphemeral, r, d)
}

var spent = map[string]bool{"http_404": true, "http_410": true, "used_url": true, "expired_url": true}

// responded judges the answer of a response address: "ok", or JSON, or the code
// as text.
func (p *Platform) responded(a answer) error {
	text := strings.TrimSpace(string(a.body[:min(len(a.body), 200)]))
	if a.status == http.StatusNotFound || a.status == http.StatusGone || a.status == http.StatusForbidden {
		if spent[text] {
			return &bot.Refused{Code: text}
		}
		return &bot.Refused{Code: fmt.Sprintf("http_%d", a.status)}
	}
	if err := p.status(responseURL, a); err != nil {
		return err
	}
	if text == "ok" || text == "" {
		return nil
	}
	_, err := p.classify(responseURL, a)
	return err
}
