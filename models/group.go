package models

import "sync"

// group lets work that arrives while other work of its kind is under way share
// the next round trip, as databases do with their own log. Nothing waits for
// company: a single piece of work starts at once.
type group[E any] struct {
	mu      sync.Mutex
	waiting []E
	leaders int
}

// join adds a piece of work. do is called with it and whatever else waits, at
// most most pieces at a time, by at most leaders goroutines at once.
func (g *group[E]) join(e E, leaders, most int, do func([]E)) {
	g.mu.Lock()
	g.waiting = append(g.waiting, e)
	lead := g.leaders < leaders
	if lead {
		g.leaders++
	}
	g.mu.Unlock()
	if lead {
		go g.lead(most, do)
	}
}

// lead works until nothing waits.
func (g *group[E]) lead(most int, do func([]E)) {
	for {
		g.mu.Lock()
		n := min(len(g.waiting), most)
		if n == 0 {
			g.leaders--
			g.waiting = nil // let go of the array
			g.mu.Unlock()
			return
		}
		batch := g.waiting[:n:n]
		g.waiting = g.waiting[n:]
		g.mu.Unlock()
		do(batch)
	}
}
