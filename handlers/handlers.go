// Package handlers is what we do: one file per thing a person can want.
//
// A handler reads, writes rows and returns messages; the rows and the messages
// commit together. It never speaks to a platform, never sees a platform's JSON,
// and takes every sentence from content/words.
package handlers

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"akari/bot"
	"akari/content"
	"akari/models"
)

// Options are the parts that handlers work with. All are required unless said.
type Options struct {
	Store     *models.Store
	Library   *content.Library
	Platforms []bot.Platform
	Vendor    Vendor
	PublicURL string   // the address put into links, without a slash at the end
	Secrets   [][]byte // the first signs, all verify
	Storage   string   // storage.dir: where the bytes of uploaded materials lie; content.Options.Files reads it
	SpoolDir  string   // where inbounds of platforms that never send again wait out a database loss
	Limits    Limits

	// Connections says which side a LINE WORKS connection is on, by its key.
	Connections map[string]Connection
	// StaffRooms are rooms of staff named in the configuration.
	StaffRooms []bot.Address

	LinkTTL       time.Duration  // how long a personal link opens
	VisibleMin    time.Duration  // how long a page must be seen before a human is believed
	IdleAfter     time.Duration  // without a scroll, key or touch for this long nobody is looking; 0 = a minute
	RedirectHosts []string       // where tools may lead; empty = where the loaded materials lead
	Robots        Robots         // who is no human by its user agent; the zero value = our own list
	Proxies       []netip.Prefix // whose X-Forwarded-For is believed
	NoticeURL     string         // where the purpose notice is explained; may be empty
	AddFriendURL  string         // LINE; may be empty
	PersonLevel   bool           // false: events name no person
	Campaign      CampaignRules  // what keeps campaigns safe
	Digest        DigestOptions  // who is told what every week
	Font          []byte         // TrueType, with Japanese, of the charts; none = no charts
	// PlaygroundBehindLogin: the playground stands beside real platforms, behind the
	// staff pages. Then nobody enters the staff pages from it.
	PlaygroundBehindLogin bool

	Hurry func(deliveryIDs []string) // sends one-shot replies at once; may be nil
	Nudge func(to ...bot.Address)    // look at the outbox now, for what is owed to these if any are named; may be nil

	// FactPace takes the right to ask a connection for one fact, or answers how long
	// there is none; 0 = taken. May be nil: then nothing is limited.
	FactPace func(context.Context, bot.Lane) time.Duration

	Observe Observer // may be nil
	Log     *slog.Logger
}

// Vendor is who speaks.
type Vendor struct {
	Name      string
	Desk      string
	Zone      *time.Location
	Languages []string
}

// Connection is the side of a LINE WORKS connection, from which the side and
// the partner of everybody who writes there follow.
type Connection struct {
	Side    string // "vendor" or "partner"
	Partner string // key
}

// Limits bound a webhook.
type Limits struct {
	MaxBody     int64         // longest body in bytes
	AckDeadline time.Duration // a webhook not committed by then gets 503
}

// Observer is told what happened, for metrics.
type Observer interface {
	Acked(platform string, status int, took time.Duration)
	Received(platform, outcome string)
	Spooled(platform string)
}

type noObserver struct{}

func (noObserver) Acked(string, int, time.Duration) {}
func (noObserver) Received(string, string)          {}
func (noObserver) Spooled(string)                   {}

// Handlers is the mind of the bot.
type Handlers struct {
	Options
	platforms map[string]bot.Platform
	wanted    chan struct{} // facts are wanted: look now
	factRests factRests
	boards    chan struct{} // a campaign has moved: show it now
	awake     chan struct{} // closed when it was looked whether nothing ran for long
	wake      sync.Once
	robots    *robotCache
	pace      *beaconPace // how often pages report
	hits      *hitGate
	popular   popular
	counts    staffCounts
	lost      seldom // inbounds that could not be stored
}

// New puts the mind together.
func New(o Options) *Handlers {
	if o.IdleAfter == 0 {
		o.IdleAfter = time.Minute
	}
	if o.Robots.marks == nil {
		o.Robots = NewRobots()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = noObserver{}
	}
	if o.Nudge == nil {
		o.Nudge = func(...bot.Address) {}
	}
	if o.Hurry == nil {
		o.Hurry = func([]string) {}
	}
	h := &Handlers{Options: o, platforms: map[string]bot.Platform{}, wanted: make(chan struct{}, 1), boards: make(chan struct{}, 1), awake: make(chan struct{}), robots: newRobotCache(o.Robots), pace: newBeaconPace(), hits: newHitGate()}
	for _, p := range o.Platforms {
		h.platforms[p.Name()] = p
	}
	return h
}
