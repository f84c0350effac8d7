package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"
)

// lane is the loop of one lane: look, take tokens, claim exactly what may go
// now, send. What is claimed never waits.
type lane struct {
	Lane
	s        *Sender
	platform Platform
	wake     chan struct{}        // something new may be due
	free     chan struct{}        // a slot, or an address, is free again
	rooms    map[string]time.Time // addresses that have no token before then; under s.mu
	rested   time.Time            // no look before then
	dry      time.Time            // the lane itself has no token before then
}

// lookGap is the least time between two looks of which the second only waits for
// tokens: what has gathered meanwhile leaves together, for the price of one look.
const lookGap = 100 * time.Millisecond

// maxSkip bounds how many addresses a look leaves out.
const maxSkip = 200

func (l *lane) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
		case <-l.free:
			if time.Now().Before(l.dry) {
				continue // no token yet; the timer tells when
			}
		case <-timer.C:
		}
		if !l.rest(ctx) {
			return
		}
		again := l.work(ctx)
		if again > 0 {
			timer.Reset(max(again, lookGap))
		}
	}
}

// restFactor bounds what looks that find nothing cost: behind a long queue for one
// slow room a look reads all of it, and every new message asks for a look. They may
// take a fifth of the time; the database is needed by webhooks.
const restFactor = 4

// rest waits until the lane may be looked at again; false = ctx has ended.
func (l *lane) rest(ctx context.Context) bool {
	wait := time.Until(l.rested)
	if wait <= 0 {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// work sends until nothing may go now, and answers after how long something
// may; 0 = only a nudge or the next look tells.
func (l *lane) work(ctx context.Context) time.Duration {
	slots := l.s.slots[l.Platform]
	for ctx.Err() == nil {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return 0
		}
		n := 1
		for ; n < l.s.Concurrency; n++ {
			select {
			case slots <- struct{}{}:
				continue
			default:
			}
			break
		}
		sent, again := l.pass(ctx, n)
		for range n - sent {
			<-slots
		}
		if sent == 0 || sent < n && again > 0 {
			return again // whatever else is due has no token
		}
	}
	return 0
}

// pass looks once and sends at most n. It answers how many left.
func (l *lane) pass(ctx context.Context, n int) (sent int, again time.Duration) {
	if left := l.s.hushed(l.Lane); left > 0 {
		return 0, left
	}
	began := time.Now()
	picked, again, err := l.pick(ctx, n)
	if len(picked) == 0 {
		l.rested = time.Now().Add(min(l.s.Poll, restFactor*time.Since(began)))
	}
	if err != nil && ctx.Err() == nil {
		l.s.Log.Error("the outbox cannot be looked at", "lane", l.String(), "why", err)
		return 0, l.s.Poll
	}
	picked, later := l.takeLane(ctx, picked)
	if later > 0 {
		l.dry = time.Now().Add(max(later, lookGap))
	}
	again = sooner(again, later)
	if len(picked) == 0 {
		return 0, again
	}
	ids := make([]string, len(picked))
	for i, c := range picked {
		ids[i] = c.ID
	}
	got := l.s.claim(ctx, ids)
	l.giveBack(ctx, picked, got)
	for _, f := range got {
		l.s.launch(f, l.s.slots[l.Platform])
	}
	return len(got), again
}

// pick finds up to n due deliveries to different addresses that are free and
// have a token.
func (l *lane) pick(ctx context.Context, n int) (picked []Candidate, again time.Duration, err error) {
	perRoom := rate(l.s.RoomRate, l.Lane)
	skip, wait := l.blocked()
	again = wait
	for round := 0; round < 8 && len(picked) < n; round++ {
		limit := n * 4
		due, pause, err := l.s.Outbox.Due(ctx, l.Lane, skip, limit)
		if err != nil || pause > 0 {
			return picked, sooner(again, pause), err
		}
		for _, c := range due {
			if slices.Contains(skip, c.To) || len(picked) == n {
				continue
			}
			if len(skip) < maxSkip {
				skip = append(skip, c.To) // one at a time to each address
			}
			if perRoom > 0 {
				got, later := l.s.Pacer.Take(ctx, l.roomKey(c.To), perRoom, 1, 1, 0)
				if got == 0 {
					l.s.mu.Lock()
					l.rooms[c.To] = time.Now().Add(later)
					l.s.mu.Unlock()
					again = sooner(again, later)
					continue
				}
			}
			picked = append(picked, c)
		}
		if len(due) < limit || len(skip) >= maxSkip {
			break
		}
	}
	return picked, again, nil
}

// blocked answers the addresses that cannot be spoken to now, and when the
// first of those without a token may.
func (l *lane) blocked() (skip []string, again time.Duration) {
	now := time.Now()
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	for to, at := range l.rooms {
		if !at.After(now) {
			delete(l.rooms, to)
			continue
		}
		again = sooner(again, at.Sub(now))
		if len(skip) < maxSkip {
			skip = append(skip, to)
		}
	}
	for to := range l.s.busy {
		if len(skip) < 2*maxSkip {
			skip = append(skip, to)
		}
	}
	return skip, again
}

// takeLane keeps those for which the lane has tokens; answers may take the
// share that is reserved for them. Tokens of the others' rooms go back.
func (l *lane) takeLane(ctx context.Context, picked []Candidate) ([]Candidate, time.Duration) {
	perMinute := rate(l.s.Rate, l.Lane)
	if perMinute <= 0 || len(picked) == 0 {
		return picked, 0
	}
	slices.SortStableFunc(picked, func(a, b Candidate) int { return int(a.Priority - b.Priority) })
	answers := 0
	for answers < len(picked) && picked[answers].Priority == Answers {
		answers++
	}
	got, again := 0, time.Duration(0)
	if answers > 0 {
		got, again = l.s.Pacer.Take(ctx, l.String(), perMinute, 0, answers, 0)
	}
	if rest := len(picked) - answers; got == answers && rest > 0 {
		more, later := l.s.Pacer.Take(ctx, l.String(), perMinute, 0, rest, l.s.InteractiveShare)
		got, again = got+more, later
	}
	if perRoom := rate(l.s.RoomRate, l.Lane); perRoom > 0 {
		for _, c := range picked[got:] {
			l.s.Pacer.GiveBack(ctx, l.roomKey(c.To), perRoom, 1, 1)
		}
	}
	return picked[:got], again
}

// giveBack returns the tokens of what was not claimed: another process was quicker.
func (l *lane) giveBack(ctx context.Context, picked []Candidate, got []*flight) {
	if len(picked) == len(got) {
		return
	}
	ctx = context.WithoutCancel(ctx)
	claimed := make(map[string]bool, len(got))
	for _, f := range got {
		claimed[f.ID] = true
	}
	perRoom := rate(l.s.RoomRate, l.Lane)
	for _, c := range picked {
		if !claimed[c.ID] && perRoom > 0 {
			l.s.Pacer.GiveBack(ctx, l.roomKey(c.To), perRoom, 1, 1)
		}
	}
	if perMinute := rate(l.s.Rate, l.Lane); perMinute > 0 {
		l.s.Pacer.GiveBack(ctx, l.String(), perMinute, 0, len(picked)-len(got))
	}
}

// roomKey names the bucket of an address: whatever we do there counts together.
func (l *lane) roomKey(to string) string { return roomKey(l.Platform, l.Connection, to) }

// roomKey hashes the address: one-to-one it is somebody's id, which has no place in Redis.
func roomKey(platform, connection, to string) string {
	sum := sha256.Sum256([]byte(to))
	return platform + "/" + connection + "//" + hex.EncodeToString(sum[:12])
}

func rate(of func(Lane) int, l Lane) int {
	if of == nil {
		return 0
	}
	return of(l)
}

// sooner is the earlier of two waits, of which 0 means none.
func sooner(a, b time.Duration) time.Duration {
	if a <= 0 || b > 0 && b < a {
		return b
	}
	return a
}
