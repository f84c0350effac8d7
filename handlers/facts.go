package handlers

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"akari/bot"
	"akari/models"
)

// How the fact loop works: so many at once, so long for each, and so long to
// wait after a failure.
const (
	factsAtOnce  = 8
	factTimeout  = 5 * time.Second
	factRetry    = 5 * time.Second
	factInterval = time.Second
)

func (h *Handlers) wantFacts() {
	select {
	case h.wanted <- struct{}{}:
	default:
	}
}

// RunFacts fetches what platforms say about accounts and rooms whenever a fact
// is wanted, and then goes on with the inbounds that waited for it. It returns
// when ctx ends.
func (h *Handlers) RunFacts(ctx context.Context) {
	tick := time.NewTicker(factInterval)
	defer tick.Stop()
	for {
		if err := h.fetchFacts(ctx); err != nil && ctx.Err() == nil {
			h.Log.Warn("facts could not be fetched", "error", err)
		}
		if err := h.resume(ctx); err != nil && ctx.Err() == nil {
			h.Log.Warn("waiting inbounds could not be handled", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-h.wanted:
		case <-tick.C:
		}
	}
}

// The lanes in which platforms are asked for facts.
const (
	FactsOfPeople = "facts.people"
	FactsOfRooms  = "facts.rooms"
)

func peopleLane(a models.Account) bot.Lane {
	return bot.Lane{Platform: a.Platform, Connection: a.Connection, Operation: FactsOfPeople}
}

// factRests are the connections that are not asked for facts for a while, because
// they said so, or because our own pace does: a campaign may want thousands at once.
type factRests struct {
	mu    sync.Mutex
	until map[bot.Lane]time.Time
}

// rest leaves a lane alone for a while.
func (f *factRests) rest(l bot.Lane, d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.until == nil {
		f.until = map[bot.Lane]time.Time{}
	}
	if at := time.Now().Add(d); at.After(f.until[l]) { //nolint:forbidigo // how long to wait: monotonic
		f.until[l] = at
	}
}

// resting answers which lanes of an operation are to be left alone now.
func (f *factRests) resting(operation string) (out []bot.Lane) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for l, at := range f.until {
		if time.Now().After(at) { //nolint:forbidigo // how long to wait: monotonic
			delete(f.until, l)
		} else if l.Operation == operation {
			out = append(out, l)
		}
	}
	return out
}

// mayAsk tells whether a lane may be asked for one more fact now.
func (h *Handlers) mayAsk(ctx context.Context, l bot.Lane) bool {
	if slices.Contains(h.factRests.resting(l.Operation), l) {
		return false
	}
	if h.FactPace == nil {
		return true
	}
	wait := h.FactPace(ctx, l)
	if wait > 0 {
		h.factRests.rest(l, wait)
	}
	return wait <= 0
}

// fetchFacts asks the platforms for every wanted fact and writes it back.
func (h *Handlers) fetchFacts(ctx context.Context) error {
	var people []models.Account
	var rooms []models.Room
	err := h.Store.View(ctx, func(tx *models.Tx) (err error) {
		if people, err = tx.WantedPeople(h.factRests.resting(FactsOfPeople), 100); err != nil {
			return err
		}
		rooms, err = tx.WantedRooms(h.factRests.resting(FactsOfRooms), 100)
		return err
	})
	if err != nil {
		return err
	}
	slots := make(chan struct{}, factsAtOnce)
	run := func(l bot.Lane, do func(bot.Lane)) {
		slots <- struct{}{} // before it is asked whether it may: what the last answer said counts
		if !h.mayAsk(ctx, l) {
			<-slots
			return
		}
		go func() {
			defer func() { <-slots }()
			do(l)
		}()
	}
	for _, a := range people {
		run(peopleLane(a), func(l bot.Lane) { h.fetchPerson(ctx, l, a) })
	}
	for _, r := range rooms {
		run(bot.Lane{Platform: r.Platform, Connection: r.Connection, Operation: FactsOfRooms}, func(l bot.Lane) { h.fetchRoom(ctx, l, r) })
	}
	for range factsAtOnce {
		slots <- struct{}{}
	}
	return nil
}

func (h *Handlers) fetchPerson(ctx context.Context, l bot.Lane, a models.Account) {
	h.fetch(ctx, "accounts", a.ID, l, func(ctx context.Context, s bot.FactSource) (func(*models.Tx) error, error) {
		f, err := s.Person(ctx, bot.Identity{Platform: a.Platform, Connection: a.Connection, User: a.User})
		return func(tx *models.Tx) error {
			if err := tx.SavePersonFact(a.ID, f); err != nil || a.PersonID.IsZero() || f.Name == "" {
				return err
			}
			return tx.NamePerson(a.PersonID, clip(f.Name, 200))
		}, err
	})
}

func (h *Handlers) fetchRoom(ctx context.Context, l bot.Lane, r models.Room) {
	h.fetch(ctx, "rooms", r.ID, l, func(ctx context.Context, s bot.FactSource) (func(*models.Tx) error, error) {
		f, err := s.Room(ctx, r.Address())
		return func(tx *models.Tx) error { return tx.SaveRoomFact(r.ID, f) }, err
	})
}

// fetch asks for one fact and writes it, or puts it off: the old fact keeps its
// age, so what needs a young one fails closed. An answer during which the platform said
// that something has changed is thrown away: the next look asks again.
func (h *Handlers) fetch(ctx context.Context, table string, id models.ID, l bot.Lane, ask func(context.Context, bot.FactSource) (func(*models.Tx) error, error)) {
	save := func(tx *models.Tx) error { return tx.DropFact(table, id) } // of a platform that was switched off
	asked, err := h.Store.Now(), error(nil)
	if source, ok := h.platforms[l.Platform].(bot.FactSource); ok {
		asking, cancel := context.WithTimeout(ctx, factTimeout)
		save, err = ask(asking, source)
		cancel()
	}
	if err != nil {
		wait := factRetry
		var t *bot.Throttled
		if errors.As(err, &t) {
			wait = max(wait, t.After)
			h.factRests.rest(l, t.After) // the others are not asked for meanwhile either
		}
		h.Log.Warn("a fact could not be fetched", "platform", l.Platform, "about", table, "error", err)
		save = func(tx *models.Tx) error { return tx.PutOffFacts(table, id, tx.Now().Add(wait)) }
	}
	err = h.Store.InTx(ctx, func(tx *models.Tx) error {
		if changed, err := tx.WentStale(table, id, asked); err != nil || changed {
			return err
		}
		return save(tx)
	})
	if err != nil && ctx.Err() == nil {
		h.Log.Warn("a fact could not be written", "platform", l.Platform, "about", table, "error", err)
	}
}

// resume goes on with inbounds whose facts are here now, or whose time is up.
func (h *Handlers) resume(ctx context.Context) error {
	var waiting []models.Waiting
	err := h.Store.View(ctx, func(tx *models.Tx) (err error) {
		waiting, err = tx.WaitingInbounds(200)
		return err
	})
	if err != nil {
		return err
	}
	for _, w := range waiting {
		one, cancel := context.WithTimeout(ctx, factTimeout)
		_, err := h.persist(one, w.Inbound, w)
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}
