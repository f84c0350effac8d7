package playground

import (
	"crypto/rand"
	"slices"
	"time"

	"github.com/google/uuid"

	"akari/bot"
)

// What is kept, so that an open page can stay up for months: the newest
// keptLines of a room, and keptTriggers chances to open a form.
const (
	keptLines    = 500
	keptTriggers = 1000
	triggerAge   = 30 * time.Second // Slack's are 3 s; nobody is hurt by more here
)

// Author is who wrote a line.
type Author struct {
	User        string `json:"user"` // empty for the bot
	Name        string `json:"name"`
	PartnerName string `json:"partner_name,omitempty"`
	Bot         bool   `json:"bot,omitempty"`
}

// Line is one thing that stands in a room, as its readers get it from
// GET /play/state.
type Line struct {
	ID      string       `json:"id"`
	Rev     int64        `json:"rev"`
	Thread  string       `json:"thread,omitempty"` // id of the line that began the thread
	Author  Author       `json:"author"`
	At      time.Time    `json:"at"`
	Text    string       `json:"text"`
	Message *bot.Message `json:"message,omitempty"` // of the bot; Text repeats its text
	Only    bool         `json:"only,omitempty"`    // shown to its reader only
	Command bool         `json:"command,omitempty"` // a slash command, shown to who gave it
	Edited  bool         `json:"edited,omitempty"`
	Gone    bool         `json:"gone,omitempty"` // deleted: a page takes it away

	reader string // the one user who sees it; empty = everybody in the room
}

// transcript is what was said in one room, oldest first.
type transcript struct {
	lines []*Line
	rev   int64
}

// openForm is a form that stands open before one person.
type openForm struct {
	Form bot.Form    `json:"form"`
	Rev  int64       `json:"rev"`
	at   bot.Address // where the press or command came from
	ref  string      // the message that was pressed
}

// home is what the bot shows on one person's home tab.
type home struct {
	Message bot.Message `json:"message"`
	Rev     int64       `json:"rev"`
}

// trigger is one chance to open a form before one person.
type trigger struct {
	user string
	at   bot.Address
	ref  string
	born time.Duration // since Platform.born
}

func newID() string { return uuid.NewString() }

// newToken is an unguessable word.
func newToken() string { return rand.Text() }

// visible tells whether a user may see the line.
func (l *Line) visible(user string) bool { return l.reader == "" || l.reader == user }

// seen finds a line that a user may see. The caller holds p.mu.
func (t *transcript) seen(id, user string) *Line {
	if t == nil {
		return nil
	}
	for _, l := range t.lines {
		if l.ID == id && !l.Gone && l.visible(user) {
			return l
		}
	}
	return nil
}

// put adds a line once: the same id again changes nothing, which makes both a
// repeated request and a repeated delivery harmless. The caller holds p.mu.
func (p *Platform) put(key string, l *Line) {
	t := p.talks[key]
	if t == nil {
		t = &transcript{}
		p.talks[key] = t
	}
	if slices.ContainsFunc(t.lines, func(o *Line) bool { return o.ID == l.ID }) {
		return
	}
	p.touch(t, l)
	t.lines = append(t.lines, l)
	if over := len(t.lines) - keptLines; over > 0 {
		t.lines = slices.Delete(t.lines, 0, over)
	}
}

// touch marks a line as changed and wakes the streams. The caller holds p.mu.
func (p *Platform) touch(t *transcript, l *Line) {
	p.rev++
	l.Rev, t.rev = p.rev, p.rev
	p.wake()
}

// find looks a bot's line up by the platform's id. The caller holds p.mu.
func (p *Platform) find(id string) (*transcript, *Line) {
	for _, t := range p.talks {
		for _, l := range t.lines {
			if l.ID == id && l.Author.Bot {
				return t, l
			}
		}
	}
	return nil, nil
}

// issue makes a trigger and forgets those too old. The caller holds p.mu.
func (p *Platform) issue(user string, at bot.Address, ref string) string {
	age := time.Since(p.born)
	for token, t := range p.triggers {
		if age-t.born > triggerAge || len(p.triggers) >= keptTriggers {
			delete(p.triggers, token)
		}
	}
	token := newToken()
	p.triggers[token] = trigger{user: user, at: at, ref: ref, born: age}
	return token
}

// spend takes a trigger that is still fresh, once. The caller holds p.mu.
func (p *Platform) spend(token string) (trigger, bool) {
	t, ok := p.triggers[token]
	delete(p.triggers, token)
	return t, ok && time.Since(p.born)-t.born <= triggerAge
}

// closeForm takes a person's form away if it is still that draft. The caller
// holds p.mu.
func (p *Platform) closeForm(user, draft string) {
	if f := p.forms[user]; f != nil && f.Form.Draft == draft {
		delete(p.forms, user)
		p.rev++
		p.wake()
	}
}
