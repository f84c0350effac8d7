package playground

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"akari/bot"
)

// maxStreams bounds the live pages of one process.
const maxStreams = 200

// heartbeat keeps proxies and phones from closing a quiet stream.
const heartbeat = 15 * time.Second

// Pages serves everything below /play:
//
//	GET  /play           the page (Options.Page)
//	GET  /play/state     ?as=USER&room=ID[&since=REV]: what stands in a room
//	GET  /play/stream    ?as=USER: server-sent events, one per change
//	GET  /play/preview   ?as=USER&room=ID&message=ID&platform=NAME
//	POST /play/close     {as, draft}: the person closed the form
//
// Wrap it in Guard.
func (p *Platform) Pages() http.Handler {
	mux := http.NewServeMux()
	if p.page != nil {
		mux.Handle("GET /play", p.page)
		mux.Handle("GET /play/{$}", http.RedirectHandler("/play", http.StatusSeeOther))
	}
	mux.HandleFunc("GET /play/state", p.serveState)
	mux.HandleFunc("GET /play/stream", p.serveStream)
	mux.HandleFunc("GET /play/preview", p.servePreview)
	mux.HandleFunc("POST /play/close", p.serveClose)
	return mux
}

// State is the answer of GET /play/state.
type State struct {
	Epoch    string           `json:"epoch"` // differs after a restart: forget everything
	Rev      int64            `json:"rev"`   // ask again with since=Rev
	Bot      string           `json:"bot"`
	Personas []Persona        `json:"personas"`
	Lines    []Line           `json:"lines"` // changed after since, oldest first
	Revs     map[string]int64 `json:"revs"`  // newest change of each room of the persona, by room id
	Form     *bot.Form        `json:"form,omitempty"`
	Home     *bot.Message     `json:"home,omitempty"`
	Previews []string         `json:"previews"`
}

func (p *Platform) serveState(w http.ResponseWriter, r *http.Request) {
	c, err := p.people(r.Context())
	if err != nil {
		p.log.Error("playground: the people cannot be read", "error", err)
		http.Error(w, "the people cannot be read just now", http.StatusServiceUnavailable)
		return
	}
	q := r.URL.Query()
	since, _ := strconv.ParseInt(q.Get("since"), 10, 64)
	one := c.users[q.Get("as")]
	s := p.state(one, q.Get("room"), since)
	s.Personas = c.list
	if s.Personas == nil {
		s.Personas = []Persona{}
	}
	writeJSON(w, http.StatusOK, s)
}

// state is what a persona sees of one room; without a room only what is theirs.
func (p *Platform) state(one Persona, roomID string, since int64) State {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := State{Epoch: p.epoch, Rev: p.rev, Bot: botName, Lines: []Line{}, Revs: p.revs(one), Previews: []string{}}
	for _, pre := range p.previews {
		s.Previews = append(s.Previews, pre.Name())
	}
	if f := p.forms[one.User]; f != nil {
		s.Form = &f.Form
	}
	if h := p.homes[one.User]; h != nil {
		s.Home = &h.Message
	}
	room, ok := one.room(roomID)
	if !ok {
		return s
	}
	if t := p.talks[talkKey(one.User, room)]; t != nil {
		for _, l := range t.lines {
			if l.Rev > since && l.visible(one.User) && (since > 0 || !l.Gone) {
				s.Lines = append(s.Lines, *l)
			}
		}
	}
	return s
}

// revs answers the newest change that the persona can see in each of their
// rooms. The caller holds p.mu.
func (p *Platform) revs(one Persona) map[string]int64 {
	out := map[string]int64{}
	for _, room := range one.Rooms {
		t := p.talks[talkKey(one.User, room)]
		if t == nil {
			continue
		}
		for _, l := range t.lines {
			if l.visible(one.User) {
				out[room.ID] = max(out[room.ID], l.Rev)
			}
		}
	}
	return out
}

// stream is one live page. ready has room for one nudge: what changed is looked
// up when it is taken, so none can be lost and none can pile up.
type stream struct{ ready chan struct{} }

// wake nudges all streams. The caller holds p.mu.
func (p *Platform) wake() {
	for s := range p.streams {
		select {
		case s.ready <- struct{}{}:
		default:
		}
	}
}

// change is one server-sent event: the page asks for the state it needs.
type change struct {
	Epoch string           `json:"epoch"`
	Rev   int64            `json:"rev"`
	Revs  map[string]int64 `json:"revs"`
}

func (p *Platform) serveStream(w http.ResponseWriter, r *http.Request) {
	as := r.URL.Query().Get("as")
	s := &stream{ready: make(chan struct{}, 1)}
	p.mu.Lock()
	full := len(p.streams) >= maxStreams
	if !full {
		p.streams[s] = struct{}{}
	}
	p.mu.Unlock()
	if full {
		http.Error(w, "too many pages are open", http.StatusServiceUnavailable)
		return
	}
	defer func() {
		p.mu.Lock()
		delete(p.streams, s)
		p.mu.Unlock()
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	out := http.NewResponseController(w)
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	s.ready <- struct{}{} // begin by saying where we are
	for {
		var err error
		// A page that does not read for two heartbeats is gone. Servers without
		// deadlines (tests) only lose that protection.
		_ = out.SetWriteDeadline(time.Now().Add(2 * heartbeat))
		select {
		case <-p.done:
			return
		case <-r.Context().Done():
			return
		case <-beat.C:
			_, err = io.WriteString(w, ": still here\n\n")
		case <-s.ready:
			err = p.writeChange(w, r, as)
		}
		if err == nil {
			err = out.Flush()
		}
		if err != nil {
			return
		}
	}
}

func (p *Platform) writeChange(w io.Writer, r *http.Request, as string) error {
	c, err := p.people(r.Context())
	if err != nil {
		return err
	}
	p.mu.Lock()
	ch := change{Epoch: p.epoch, Rev: p.rev, Revs: p.revs(c.users[as])}
	p.mu.Unlock()
	body, err := json.Marshal(ch)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "id: %d\nevent: change\ndata: %s\n\n", ch.Rev, body)
	return err
}

func (p *Platform) serveClose(w http.ResponseWriter, r *http.Request) {
	if !sameOrigin(r) {
		http.Error(w, "only our own page may do this", http.StatusUnauthorized)
		return
	}
	var d deed
	if err := json.NewDecoder(io.LimitReader(r.Body, maxBody)).Decode(&d); err != nil {
		http.Error(w, "the body cannot be read", http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	p.closeForm(d.As, d.Draft)
	p.mu.Unlock()
	writeJSON(w, http.StatusOK, answer{OK: true})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "the answer cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
