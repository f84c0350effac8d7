// Package playgroundtest speaks to a running playground as people do, so that a
// test reads like the conversation it is about:
//
//	tanaka := playgroundtest.New(t, url).As("aoba-01").In("room")
//	tanaka.Say("@Akari 価格表はどこ？")
//	tanaka.See() // every new line that 田中 sees
//	tanaka.Press("価格表")
//
// Every wait ends at a timeout, which fails the test and shows what there was.
package playgroundtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"akari/bot"
	"akari/bot/playground"
)

// Client is one browser's worth of access to a playground.
type Client struct {
	t    testing.TB
	base string
	http *http.Client
	// Timeout bounds every wait; Settle is how long it must stay quiet before an
	// answer counts as whole.
	Timeout, Settle time.Duration
	// Busy, if set, tells whether the bot has more to say that is due: on a slow
	// machine the parts of an answer can be further apart than Settle.
	Busy func() bool
}

// New speaks to the playground at baseURL, e.g. http://127.0.0.1:8080.
func New(t testing.TB, baseURL string) *Client {
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &Client{
		t: t, base: strings.TrimRight(baseURL, "/"), http: &http.Client{Transport: tr},
		Timeout: time.Minute, Settle: 150 * time.Millisecond,
	}
}

// Person is somebody in the playground, with a live line to it.
type Person struct {
	c     *Client
	user  string
	nudge chan struct{} // something that the person can see has changed
}

// As becomes a persona, by user id.
func (c *Client) As(user string) *Person {
	c.t.Helper()
	p := &Person{c: c, user: user, nudge: make(chan struct{}, 1)}
	if _, ok := p.persona(p.state("", 0)); !ok {
		c.t.Fatalf("the playground has nobody with the user id %q", user)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.listen(ctx)
	}()
	c.t.Cleanup(func() { cancel(); <-done })
	return p
}

// listen follows the live line until the test ends. A line that breaks is not an
// error by itself: waits also look at the state once when they begin and end.
func (p *Person) listen(ctx context.Context) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.c.base+"/play/stream?as="+url.QueryEscape(p.user), nil)
	if err != nil {
		return
	}
	answer, err := p.c.http.Do(r)
	if err != nil {
		return
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "data:") {
			select {
			case p.nudge <- struct{}{}:
			default:
			}
		}
	}
}

func (p *Person) state(room string, since int64) playground.State {
	p.c.t.Helper()
	q := url.Values{"as": {p.user}, "room": {room}, "since": {fmt.Sprint(since)}}
	answer, err := p.c.http.Get(p.c.base + "/play/state?" + q.Encode())
	if err != nil {
		p.c.t.Fatalf("the state of the playground: %v", err)
	}
	defer answer.Body.Close()
	var s playground.State
	if answer.StatusCode != http.StatusOK {
		p.c.t.Fatalf("the state of the playground: HTTP %d", answer.StatusCode)
	}
	if err := json.NewDecoder(answer.Body).Decode(&s); err != nil {
		p.c.t.Fatalf("the state of the playground: %v", err)
	}
	return s
}

func (p *Person) persona(s playground.State) (playground.Persona, bool) {
	i := slices.IndexFunc(s.Personas, func(x playground.Persona) bool { return x.User == p.user })
	if i < 0 {
		return playground.Persona{}, false
	}
	return s.Personas[i], true
}

// In takes a seat in a room, named by its id, its name or its kind ("direct" is
// the one-to-one room). What stands there already counts as seen.
func (p *Person) In(room string) *Seat {
	p.c.t.Helper()
	s := p.state("", 0)
	persona, _ := p.persona(s)
	for _, by := range []func(playground.Room) string{
		func(r playground.Room) string { return r.ID },
		func(r playground.Room) string { return r.Name },
		func(r playground.Room) string { return r.Kind },
	} {
		if i := slices.IndexFunc(persona.Rooms, func(r playground.Room) bool { return by(r) == room }); i >= 0 {
			seat := &Seat{p: p, room: persona.Rooms[i], mark: s.Rev}
			if s.Form != nil {
				seat.draft = s.Form.Draft
			}
			seat.home = asJSON(s.Home)
			return seat
		}
	}
	p.c.t.Fatalf("%s is in no room %q", p.user, room)
	return nil
}

// Seat is a person in a room.
type Seat struct {
	p     *Person
	room  playground.Room
	mark  int64  // what is older has been seen
	draft string // the form that has been seen
	home  string // the home tab that has been seen
}

// answer is what the playground answers to a deed.
type answer struct {
	OK      bool              `json:"ok"`
	Errors  map[string]string `json:"errors"`
	Options []bot.Option      `json:"options"`
}

// deed posts one thing that the person does, with the headers of our own page.
func (s *Seat) deed(what map[string]any) answer {
	t, c := s.p.c.t, s.p.c
	t.Helper()
	whole := map[string]any{"id": uuid.NewString(), "as": s.p.user, "room": s.room.ID}
	for k, v := range what {
		whole[k] = v
	}
	raw := c.post("/hooks/playground", whole)
	a := answer{OK: true}
	if len(bytes.TrimSpace(raw)) > 0 {
		if err := json.Unmarshal(raw, &a); err != nil {
			t.Fatalf("%v by %s: the answer %s: %v", what["kind"], s.p.user, raw, err)
		}
	}
	return a
}

// post sends JSON with the headers of our own page, and answers what came back.
func (c *Client) post(path string, what map[string]any) []byte {
	t := c.t
	t.Helper()
	body, err := json.Marshal(what)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, c.base+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", c.base)
	got, err := c.http.Do(r)
	if err != nil {
		t.Fatalf("%v by %v: %v", what["kind"], what["as"], err)
	}
	defer got.Body.Close()
	raw, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode != http.StatusOK {
		t.Fatalf("%v by %v: HTTP %d %s %v", what["kind"], what["as"], got.StatusCode, raw, err)
	}
	return raw
}

// Say says something, as typed: "@Akari …" is a mention, "/akari" a command.
func (s *Seat) Say(text string) *Seat {
	s.p.c.t.Helper()
	s.deed(map[string]any{"kind": "say", "text": text})
	return s
}

// Reply says something in the thread of the newest line that holds the given
// part; an empty part is the newest line of all.
func (s *Seat) Reply(part, text string) *Seat {
	s.p.c.t.Helper()
	lines := s.p.state(s.room.ID, 0).Lines
	for _, l := range slices.Backward(lines) {
		if !l.Only && strings.Contains(l.Text, part) {
			thread := l.Thread
			if thread == "" {
				thread = l.ID
			}
			s.deed(map[string]any{"kind": "say", "text": text, "thread": thread})
			return s
		}
	}
	s.p.c.t.Fatalf("%s sees no line with %q to reply to; there are:\n%s", s.p.user, part, strings.Join(s.All(), "\n"))
	return s
}

// Command gives a slash command: Command("akari", "menu").
func (s *Seat) Command(name, text string) *Seat {
	s.p.c.t.Helper()
	return s.Say(strings.TrimSpace("/" + name + " " + text))
}

// Join tells that the person entered the room.
func (s *Seat) Join() *Seat { s.p.c.t.Helper(); s.deed(map[string]any{"kind": "join"}); return s }

// Leave tells that the person left the room.
func (s *Seat) Leave() *Seat { s.p.c.t.Helper(); s.deed(map[string]any{"kind": "leave"}); return s }

// Invite tells that the bot was added to the room.
func (s *Seat) Invite() *Seat { s.p.c.t.Helper(); s.deed(map[string]any{"kind": "invite"}); return s }

// Home opens the bot's home tab.
func (s *Seat) Home() *Seat { s.p.c.t.Helper(); s.deed(map[string]any{"kind": "home"}); return s }

// Withdraw deletes the person's own newest line that holds the given part.
func (s *Seat) Withdraw(part string) *Seat {
	s.p.c.t.Helper()
	for _, l := range slices.Backward(s.p.state(s.room.ID, 0).Lines) {
		if l.Author.User == s.p.user && !l.Command && strings.Contains(l.Text, part) {
			s.deed(map[string]any{"kind": "withdraw", "message": l.ID})
			return s
		}
	}
	s.p.c.t.Fatalf("%s has said nothing with %q", s.p.user, part)
	return s
}
