package playground

import (
	"encoding/json"
	"net/http"

	"akari/bot"
)

// previewKey stands where a real delivery has its own UUID.
const previewKey = "00000000-0000-4000-8000-000000000000"

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

// shown finds a message of the bot that the persona sees: in a room, on the home
// tab, or as the open form.
func (p *Platform) shown(one Persona, roomID, id string) (bot.Message, bot.Address, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := bot.Address{Room: "room", User: "user"}
	if h := p.homes[one.User]; id == homeRef && h != nil {
		at.Direct = true
		return h.Message, at, true
	}
	if f := p.forms[one.User]; f != nil && id == "form" {
		return bot.Message{Text: f.Form.Title, Form: &f.Form}, at, true
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
	per := max(other.Limits().PerCall, 1)
	for from := 0; from < len(out.Parts); from += per {
		d := bot.Delivery{
			ID: previewKey, Key: previewKey, Act: act, To: at, Attempt: 1,
			Parts: out.Parts[from:min(from+per, len(out.Parts))],
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
