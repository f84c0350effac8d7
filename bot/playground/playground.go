// Package playground is the same contract as a chat page in the browser.
//
// It plays two parts. It is the chat network: it owns the rooms, who said what
// in them, forms that stand open and home tabs, all in bounded memory. And it is
// the bot.Platform that speaks to this network, exactly as the other packages
// below bot speak to theirs. So a newcomer sees the main job without an account
// anywhere, and transcript tests speak to the real road in and out.
package playground

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"akari/bot"
)

// Platform and connection are both called "playground": there is only one.
const (
	name       = "playground"
	connection = "playground"
	botName    = "Akari"
)

// The sides of a Persona.
const (
	SideStaff  = "staff"
	SideMember = "member"
)

// The kinds of a Room.
const (
	KindShared = "shared" // members of one partner and staff
	KindStaff  = "staff"  // staff only
	KindDirect = "direct" // one person and the bot
)

// Persona is somebody a visitor can be.
type Persona struct {
	User        string `json:"user"`         // the account's user id on this platform
	Name        string `json:"name"`         // as shown
	Side        string `json:"side"`         // SideStaff or SideMember
	Partner     string `json:"partner"`      // key of the partner; empty for staff
	PartnerName string `json:"partner_name"` // as shown; empty for staff
	Role        string `json:"role"`         // as shown, e.g. rep, lead, manager
	Rooms       []Room `json:"rooms"`        // in the order shown
}

// Room is a place that a Persona can open. A direct room belongs to one Persona.
type Room struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Kind string `json:"kind"` // KindShared, KindStaff or KindDirect
}

// Options are the parts of a Platform.
type Options struct {
	// Now is the wall clock; nil is the machine's.
	Now func() time.Time
	// Personas answers who can be chosen. It may be asked every few seconds.
	Personas func(ctx context.Context) ([]Persona, error)
	// Page answers GET /play; everything else under /play is data. It comes from
	// outside because this package knows no templates and no sentences.
	Page http.Handler
	// Previews are the platforms whose shape of a message can be looked at.
	Previews []bot.Platform
	// Log takes trouble that no visitor can be told; nil is slog.Default.
	Log *slog.Logger
}

// Platform is the playground. Make it with New.
type Platform struct {
	now      func() time.Time
	personas func(ctx context.Context) ([]Persona, error)
	page     http.Handler
	previews []bot.Platform
	log      *slog.Logger
	born     time.Time // monotonic origin of ages
	epoch    string    // differs after every start: a page then forgets what it had
	done     chan struct{}
	closing  sync.Once

	castMu sync.Mutex
	cast   *cast

	mu       sync.Mutex
	rev      int64                  // grows with every change; all revs below come from it
	talks    map[string]*transcript // by talk key
	forms    map[string]*openForm   // by user
	homes    map[string]*home       // by user
	triggers map[string]trigger     // by token
	streams  map[*stream]struct{}
}

var (
	_ bot.Platform   = (*Platform)(nil)
	_ bot.Finder     = (*Platform)(nil)
	_ bot.FactSource = (*Platform)(nil)
	_ bot.Checker    = (*Platform)(nil)
)

// New makes a playground with empty rooms.
func New(o Options) *Platform {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Personas == nil {
		o.Personas = func(context.Context) ([]Persona, error) { return nil, nil }
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Platform{
		now:      o.Now,
		personas: o.Personas,
		page:     o.Page,
		previews: o.Previews,
		log:      o.Log,
		born:     time.Now(),
		epoch:    newID(),
		done:     make(chan struct{}),
		talks:    map[string]*transcript{},
		forms:    map[string]*openForm{},
		homes:    map[string]*home{},
		triggers: map[string]trigger{},
		streams:  map[*stream]struct{}{},
	}
}

// Name is "playground".
func (p *Platform) Name() string { return name }

// Limits are those of Slack (docs.slack.dev/reference/block-kit), because the
// page behaves like a small Slack.
func (p *Platform) Limits() bot.Limits {
	return bot.Limits{
		Unit:        bot.Runes,
		Text:        3000,
		Buttons:     25,
		ButtonLabel: 75,
		Cards:       10,
		CardTitle:   150,
		CardText:    2000,
		CardButtons: 5,
		CardImage:   true,
		Image:       true,
		Forms:       true,
		Updates:     true,
		PerCall:     1,
		FormTitle:   24,
	}
}

// Close ends all live streams, so that a server can shut down. It may be called
// more than once; the rooms stay readable.
func (p *Platform) Close() { p.closing.Do(func() { close(p.done) }) }

// Check tells that the playground can be spoken to: its personas can be read.
func (p *Platform) Check(ctx context.Context) []bot.CheckLine {
	c, err := p.people(ctx)
	if err != nil {
		return []bot.CheckLine{{Connection: connection, Err: err}}
	}
	return []bot.CheckLine{{Connection: connection, Who: fmt.Sprintf("%s, %d people", botName, len(c.list))}}
}

// castAge is how long personas are believed before they are asked for again; a
// person seeded beside a running server shows up within it.
const castAge = 2 * time.Second

// cast is who there is, as last read.
type cast struct {
	list  []Persona
	users map[string]Persona
	rooms map[string]roomInfo // shared and staff rooms by id
	age   time.Duration       // since Platform.born
}

type roomInfo struct {
	Room
	partners []string
	members  int
}

// people answers the personas. When they cannot be read it goes on with those it
// had, because a chat page that goes blank tells nobody anything.
func (p *Platform) people(ctx context.Context) (*cast, error) {
	p.castMu.Lock()
	defer p.castMu.Unlock()
	age := time.Since(p.born)
	if p.cast != nil && age-p.cast.age < castAge {
		return p.cast, nil
	}
	list, err := p.personas(ctx)
	if err != nil {
		if p.cast != nil {
			p.log.Warn("playground: the people cannot be read, going on with those known", "error", err)
			return p.cast, nil
		}
		return nil, fmt.Errorf("while reading the people of the playground: %w", err)
	}
	c := &cast{list: list, users: map[string]Persona{}, rooms: map[string]roomInfo{}, age: age}
	for _, one := range list {
		c.users[one.User] = one
		for _, room := range one.Rooms {
			if room.Kind == KindDirect {
				continue
			}
			info := c.rooms[room.ID]
			info.Room = room
			info.members++
			if one.Partner != "" && !slices.Contains(info.partners, one.Partner) {
				info.partners = append(info.partners, one.Partner)
			}
			c.rooms[room.ID] = info
		}
	}
	p.cast = c
	return c, nil
}

// room finds a room that the persona is in.
func (one Persona) room(id string) (Room, bool) {
	for _, r := range one.Rooms {
		if r.ID == id {
			return r, true
		}
	}
	return Room{}, false
}

// direct finds the persona's one-to-one room.
func (one Persona) direct() (Room, bool) {
	for _, r := range one.Rooms {
		if r.Kind == KindDirect {
			return r, true
		}
	}
	return Room{}, false
}

// talkKey names the transcript of a room as one person sees it listed.
func talkKey(user string, r Room) string {
	if r.Kind == KindDirect {
		return "direct:" + user
	}
	return "room:" + r.ID
}

// Person says what the network knows about a persona: staff are home, members
// are of their partner's organisation, and anybody else is gone.
func (p *Platform) Person(ctx context.Context, who bot.Identity) (bot.PersonFact, error) {
	c, err := p.people(ctx)
	if err != nil {
		return bot.PersonFact{}, err
	}
	one, ok := c.users[who.User]
	if !ok {
		return bot.PersonFact{Gone: true}, nil
	}
	f := bot.PersonFact{Name: one.Name, Home: one.Side == SideStaff, External: one.Side != SideStaff}
	if one.Partner != "" {
		f.Orgs = []string{one.Partner}
	}
	return f, nil
}

// Room says which partners' people are in a room. The bot is in every room that
// there is.
func (p *Platform) Room(ctx context.Context, at bot.Address) (bot.RoomFact, error) {
	c, err := p.people(ctx)
	if err != nil {
		return bot.RoomFact{}, err
	}
	if at.Direct {
		one, ok := c.users[at.User]
		if !ok {
			return bot.RoomFact{Archived: true}, nil
		}
		room, _ := one.direct()
		return bot.RoomFact{Name: cmp.Or(room.Name, one.Name), Member: true, Private: true, Members: 1}, nil
	}
	info, ok := c.rooms[at.Room]
	if !ok {
		return bot.RoomFact{Archived: true}, nil
	}
	return bot.RoomFact{
		Name: info.Name, Orgs: slices.Clone(info.partners), Member: true,
		Private: info.Kind == KindStaff, Members: info.members,
	}, nil
}
