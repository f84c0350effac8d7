package playground

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"akari/bot"
)

// previewKey stands where a real delivery has its own UUID.
const previewKey = "00000000-0000-4000-8000-000000000000"

// A made-up room and person, in the strictest form that any platform asks of ids
// (LINE: a letter and 32 hex digits).
const (
	previewRoom = "C00000000000000000000000000000000"
	previewUser = "U00000000000000000000000000000000"
)

// Preview is how one message would stand on another platform.
type Preview struct {
	Platform string            `json:"platform"`
	Parts    []bot.Message     `json:"parts"`           // what Fit made of it
	Rendered []json.RawMessage `json:"rendered"`        // the bytes that each call would send
	Error    string            `json:"error,omitempty"` // why Rendered is not complete
}

func (p *Platform) servePreview(w http.ResponseWriter, r *http.Request) {
	c, err := p.people(r.Context())
	if err != nil {
		http.Error(w, "the people cannot be read just now", http.StatusServiceUnavailable)
		return
	}
	q := r.URL.Query()
	other := p.preview(q.Get("platform"))
	if other == nil {
		http.Error(w, "no such platform", http.StatusNotFound)
		return
	}
	one := c.users[q.Get("as")]
	m, at, ok := p.shown(one, q.Get("room"), q.Get("message"))
	if !ok {
		http.Error(w, "no such message", http.StatusNotFound)
		return
	}
	writeJSON(w, http.StatusOK, PreviewOn(other, m, at))
}

func (p *Platform) preview(platform string) bot.Platform {
	for _, other := range p.previews {
		if other.Name() == platform {
			return other
		}
	}
	return nil
}

// shown finds a message of the bot that the persona sees, in a room or on the
// home tab.
func (p *Platform) shown(one Persona, roomID, id string) (bot.Message, bot.Address, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := bot.Address{Room: previewRoom, User: previewUser}
	if h := p.homes[one.User]; id == homeRef && h != nil {
		at.Direct = true
		return h.Message, at, true
	}
	room, ok := one.room(roomID)
	if !ok {
		return bot.Message{}, at, false
	}
	at.Direct = room.Kind == KindDirect
	l := p.talks[talkKey(one.User, room)].seen(id, one.User)
	if l == nil || l.Message == nil {
		return bot.Message{}, at, false
	}
	return *l.Message, at, true
}

// PreviewOn fits a message to a platform and renders it there, as a real delivery
// would, to a made-up address.
func PreviewOn(other bot.Platform, m bot.Message, at bot.Address) Preview {
	out := Preview{Platform: other.Name(), Parts: bot.Fit(m, other.Limits()), Rendered: []json.RawMessage{}}
	at.Platform, at.Connection = other.Name(), other.Name()
	act := bot.Post
	if m.Private && !at.Direct {
		act = bot.Private
	}
	// What is drawn has the addresses that work here; what is rendered has them as
	// they are where platforms can reach us, because all of them insist on https.
	parts := bot.Fit(secured(m), other.Limits())
	per := max(other.Limits().PerCall, 1)
	for from := 0; from < len(parts); from += per {
		d := bot.Delivery{
			ID: previewKey, Key: previewKey, Act: act, To: at, Attempt: 1,
			Parts: parts[from:min(from+per, len(parts))],
		}
		if len(d.Parts) == 1 && d.Parts[0].Form != nil && other.Limits().Forms {
			d.Act, d.Reply.Token = bot.OpenForm, "trigger"
		}
		body, err := other.Render(d)
		if err != nil {
			out.Error = err.Error()
			return out
		}
		if !json.Valid(body) { // a platform that speaks forms or text
			body, _ = json.Marshal(string(body))
		}
		out.Rendered = append(out.Rendered, body)
	}
	return out
}

// secured is m with https in every address.
func secured(m bot.Message) bot.Message {
	address := func(s string) string {
		if rest, ok := strings.CutPrefix(s, "http://"); ok {
			return "https://" + rest
		}
		return s
	}
	image := func(i *bot.Image) *bot.Image {
		if i == nil {
			return nil
		}
		return &bot.Image{URL: address(i.URL), Alt: i.Alt}
	}
	buttons := func(list []bot.Button) []bot.Button {
		list = slices.Clone(list)
		for i := range list {
			list[i].Open = address(list[i].Open)
		}
		return list
	}
	m.Image, m.Buttons, m.Cards = image(m.Image), buttons(m.Buttons), slices.Clone(m.Cards)
	for i, c := range m.Cards {
		m.Cards[i].Image, m.Cards[i].Buttons = image(c.Image), buttons(c.Buttons)
	}
	if m.Form != nil {
		f := *m.Form
		f.Open = address(f.Open)
		m.Form = &f
	}
	return m
}
