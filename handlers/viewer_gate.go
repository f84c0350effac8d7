package handlers

import (
	"encoding/hex"
	"errors"
	"net/http"
	"sync"
	"time"

	"akari/models"
)

// What may come from outside without end is bounded in memory, per process: the
// bounds protect the database, the figures do not rest on them.

// beaconPace lets a visit report so many times at once and so often afterwards.
// A page reports every few seconds; more comes only when it was offline.
type beaconPace struct {
	mu     sync.Mutex
	visits map[string]pace
}

type pace struct {
	left float64
	at   time.Time
}

const (
	beaconsAtOnce    = 120 // a page that was offline sends what it kept
	beaconsPerSecond = 4
	visitsPaced      = 50_000
)

func newBeaconPace() *beaconPace { return &beaconPace{visits: map[string]pace{}} }

// take answers whether n more reports of a visit are taken now.
func (b *beaconPace) take(visit string, n int, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.visits) > visitsPaced {
		clear(b.visits) // everybody starts full again: better than growing
	}
	p, ok := b.visits[visit]
	if !ok {
		p = pace{beaconsAtOnce, now}
	}
	p.left = min(beaconsAtOnce, p.left+max(0, now.Sub(p.at).Seconds())*beaconsPerSecond)
	p.at = now
	if ok = p.left >= float64(n); ok {
		p.left -= float64(n)
	}
	b.visits[visit] = p
	return ok
}

// hitGate remembers which hits are on record, so that a robot that asks a
// thousand times costs one row an hour.
type hitGate struct {
	mu    sync.Mutex
	hour  int64
	seen  map[string]bool
	links map[models.ID]int
}

const (
	// hitsPerLink is how many kinds of hit (agent and method) of one link are
	// kept in an hour: real links have two or three.
	hitsPerLink = 30
	hitsPerHour = 20_000
)

func newHitGate() *hitGate { return &hitGate{seen: map[string]bool{}, links: map[models.ID]int{}} }

func (g *hitGate) fresh(link models.ID, key string, hour int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.hour != hour {
		g.hour = hour
		clear(g.seen)
		clear(g.links)
	}
	if g.seen[key] || g.links[link] >= hitsPerLink || len(g.seen) >= hitsPerHour {
		return false
	}
	g.seen[key] = true
	g.links[link]++
	return true
}

// hit keeps that something asked for a link's address, without a verdict: at
// most one row an hour for each link, agent and method. A hit that cannot be
// kept is no reason not to answer.
func (h *Handlers) hit(r *http.Request, l models.Link) {
	now := h.Store.Now()
	hour := now.Unix() / 3600
	a := agentOf(r)
	key := "hit/" + l.ID.String() + "/" + hex.EncodeToString(a.Hash) + "/" + clip(r.Method, 10) + "/" + time.Unix(hour*3600, 0).UTC().Format("2006010215")
	if !h.hits.fresh(l.ID, key, hour) {
		return
	}
	detail := models.Detail{"method": clip(r.Method, 10)}
	if a.Agent != "" {
		detail["agent"] = hex.EncodeToString(a.Hash)
	}
	if p := prefetch(r); p != "" {
		detail["purpose"] = p
	}
	if r.Header.Get("Range") != "" {
		detail["range"] = 1
	}
	err := h.Store.InTx(r.Context(), func(tx *models.Tx) error {
		if a.Agent != "" {
			if err := tx.KeepAgent(a); err != nil {
				return err
			}
		}
		e := h.about(l, "", models.LinkMaterial{MaterialKey: l.MaterialKey, MaterialVersion: l.MaterialVersion})
		e.Kind, e.SourceKey, e.Detail = models.Hit, key, detail
		e.PersonID = models.ID{} // nobody says that it was the person
		return tx.Append(e)
	})
	if err != nil && !errors.Is(err, models.ErrDuplicate) {
		h.Log.Warn("a hit is not on record", "error", err)
	}
}

// about is an event of a link's visit and one of its materials.
func (h *Handlers) about(l models.Link, visit string, m models.LinkMaterial) models.Event {
	e := models.Event{Platform: "web", PartnerID: l.PartnerID, PersonID: l.PersonID, LinkID: l.ID, CampaignID: l.CampaignID, DeliveryID: l.DeliveryID,
		ObjectKind: "material", ObjectKey: m.MaterialKey, ObjectVersion: m.MaterialVersion, Visit: visit}
	if !h.PersonLevel {
		e.PersonID = models.ID{}
	}
	return e
}

// robotCache remembers what the list says of an agent: there are few agents, and
// the list is long.
type robotCache struct {
	Robots
	mu    sync.Mutex
	known map[string]string
}

const agentsKnown = 4096

func newRobotCache(rs Robots) *robotCache { return &robotCache{Robots: rs, known: map[string]string{}} }

func (c *robotCache) agent(agent string) string {
	c.mu.Lock()
	class, ok := c.known[agent]
	c.mu.Unlock()
	if ok {
		return class
	}
	class = c.Robots.agent(agent)
	c.mu.Lock()
	if len(c.known) >= agentsKnown {
		clear(c.known)
	}
	c.known[agent] = class
	c.mu.Unlock()
	return class
}
