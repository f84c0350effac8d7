package models

import (
	"context"
	"sync"
	"time"
)

// group lets work that arrives while other work of its kind is under way share
// the next round trip, as databases do with their own log. Nothing waits for
// company: a single piece of work starts at once, in the goroutine that brought it.
type group[E any] struct {
	mu      sync.Mutex
	waiting []E
	leaders int
}

// groupTime bounds a shared round trip.
const groupTime = 5 * time.Second

// join adds a piece of work. do is called with it alone, before join returns, or
// later with it and whatever else waits, at most most pieces at a time; at most
// leaders calls are under way at once. do must end when its context does.
func (g *group[E]) join(ctx context.Context, e E, leaders, most int, do func(context.Context, []E)) {
	g.mu.Lock()
	if g.leaders >= leaders {
		g.waiting = append(g.waiting, e)
		g.mu.Unlock()
		return
	}
	g.leaders++
	g.mu.Unlock()
	do(ctx, []E{e})
	if batch := g.next(most); batch != nil {
		go g.lead(batch, most, do)
	}
}

// lead works until nothing waits.
func (g *group[E]) lead(batch []E, most int, do func(context.Context, []E)) {
	for ; batch != nil; batch = g.next(most) {
		ctx, cancel := context.WithTimeout(context.Background(), groupTime)
		do(ctx, batch)
		cancel()
	}
}

// next takes what waits; nil: nothing does, and its caller leads no more.
func (g *group[E]) next(most int) []E {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := min(len(g.waiting), most)
	if n == 0 {
		g.leaders--
		g.waiting = nil // let go of the array
		return nil
	}
	batch := g.waiting[:n:n]
	g.waiting = g.waiting[n:]
	return batch
}
