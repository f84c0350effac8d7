package playground

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"akari/bot"
)

// homeRef is the message id of a home tab.
const homeRef = "home"

// The words for why the network refuses.
const (
	codeRoom    = "room_not_found"
	codeUser    = "user_not_found"
	codeMessage = "message_not_found"
	codeTrigger = "trigger_expired"
	codeForm    = "no_form"
)

// wire is the body of one delivery.
type wire struct {
	Act     bot.Act      `json:"act"`
	Room    string       `json:"room,omitempty"`
	User    string       `json:"user,omitempty"`
	Thread  string       `json:"thread,omitempty"`
	Direct  bool         `json:"direct,omitempty"`
	Ref     string       `json:"ref,omitempty"`
	Message *bot.Message `json:"message,omitempty"`
}

// Operation is "playground." and the act.
func (p *Platform) Operation(d bot.Delivery) string { return name + "." + string(d.Act) }

// Render writes the neutral message itself as JSON: this network speaks our own
// language.
func (p *Platform) Render(d bot.Delivery) ([]byte, error) {
	w := wire{Act: d.Act, Room: d.To.Room, User: d.To.User, Thread: d.To.Thread, Direct: d.To.Direct, Ref: d.Ref}
	if d.Act != bot.Delete {
		if len(d.Parts) != 1 {
			return nil, fmt.Errorf("while rendering for the playground: a call carries one message, not %d", len(d.Parts))
		}
		w.Message = &d.Parts[0]
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(w); err != nil {
		return nil, fmt.Errorf("while rendering for the playground: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Send lets the message stand in its room. The receipt is the id of the line,
// which is the delivery's key, so that a second attempt changes nothing.
func (p *Platform) Send(ctx context.Context, d bot.Delivery) (string, error) {
	var w wire
	if err := json.Unmarshal(d.Body, &w); err != nil {
		return "", fmt.Errorf("while sending to the playground: the body is not what Render wrote: %w", err)
	}
	c, err := p.people(ctx)
	if err != nil {
		return "", err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch w.Act {
	case bot.Post, bot.Private:
		return p.post(c, w, d.Key)
	case bot.Update, bot.Delete:
		return p.change(w)
	case bot.OpenForm:
		return p.openForm(w, d)
	case bot.Home:
		if _, ok := c.users[w.User]; !ok {
			return "", &bot.Refused{Code: codeUser}
		}
		p.rev++
		p.homes[w.User] = &home{Message: *w.Message, Rev: p.rev}
		p.wake()
		return homeRef, nil
	}
	return "", &bot.Refused{Code: "unknown_act"}
}

func (p *Platform) post(c *cast, w wire, key string) (string, error) {
	if key == "" {
		return "", &bot.Refused{Code: "no_key"}
	}
	line := &Line{
		ID: key, Thread: w.Thread, Author: Author{Name: botName, Bot: true},
		At: p.now().UTC().Truncate(time.Microsecond), Text: w.Message.Text, Message: w.Message,
	}
	talk := "room:" + w.Room
	if w.Direct || w.Room == "" {
		if _, ok := c.users[w.User]; !ok {
			return "", &bot.Refused{Code: codeUser}
		}
		talk = "direct:" + w.User
	} else {
		if _, ok := c.rooms[w.Room]; !ok {
			return "", &bot.Refused{Code: codeRoom}
		}
		if w.Act == bot.Private {
			one, ok := c.users[w.User]
			if _, in := one.room(w.Room); !ok || !in {
				return "", &bot.Refused{Code: codeUser}
			}
			line.Only, line.reader = true, w.User
		}
	}
	p.put(talk, line)
	return line.ID, nil
}

func (p *Platform) change(w wire) (string, error) {
	t, l := p.find(w.Ref)
	if l == nil || (l.Gone && w.Act == bot.Update) {
		return "", &bot.Refused{Code: codeMessage}
	}
	if w.Act == bot.Delete {
		if !l.Gone {
			l.Gone, l.Text, l.Message = true, "", nil
			p.touch(t, l)
		}
		return l.ID, nil
	}
	l.Text, l.Message, l.Edited = w.Message.Text, w.Message, true
	p.touch(t, l)
	return l.ID, nil
}

func (p *Platform) openForm(w wire, d bot.Delivery) (string, error) {
	if w.Message.Form == nil {
		return "", &bot.Refused{Code: codeForm}
	}
	t, ok := p.spend(d.Reply.Token)
	if !ok {
		return "", &bot.Refused{Code: codeTrigger}
	}
	p.rev++
	p.forms[t.user] = &openForm{Form: *w.Message.Form, Rev: p.rev, at: t.at, ref: t.ref}
	p.wake()
	return w.Message.Form.Draft, nil
}

// Find answers whether the room has the delivery. Rooms are in memory, so a line
// that is not there is surely not there.
func (p *Platform) Find(_ context.Context, d bot.Delivery) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, l := p.find(d.Key); l != nil {
		return l.ID, nil
	}
	return "", nil
}
