package bot

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// SenderOptions says how messages leave. Zero values mean the defaults of
// config.yaml.
type SenderOptions struct {
	Platforms   []Platform
	Outbox      Outbox
	Pacer       Pacer
	Concurrency int           // sends at once, per platform; one-shot replies have as many again
	Timeout     time.Duration // of one call of Platform.Send
	Lease       time.Duration // the same as the outbox's
	Heartbeat   time.Duration // how often leases are renewed
	Poll        time.Duration // how often the outbox is looked at without a nudge; at least 250 ms
	Grace       time.Duration // after Run's context has ended: time for sends in flight

	// InteractiveShare of every lane's bucket is kept for answers.
	InteractiveShare float64
	// Rate is how many requests per minute a lane may make, RoomRate how many go
	// to one address of it; 0 = no limit. A nil func limits nothing.
	Rate     func(Lane) int
	RoomRate func(Lane) int

	Log     *slog.Logger
	Observe func(Observation) // metrics; may be nil, must not block
}

// Observation is the end of one call to a platform.
type Observation struct {
	Lane    Lane
	Settled Settled
	Took    time.Duration // of the call; 0 when none was made
	Found   bool          // it was a look for a delivery in doubt
	Err     error         // as the platform answered
}

// findOperation is the lane of looks for deliveries in doubt.
const findOperation = "find"

// nudgeGap is the least time between two looks that nudges ask for: under a
// flood of inbound one look serves many of them.
const nudgeGap = 25 * time.Millisecond

// minPoll is the fastest that anything is polled.
const minPoll = 250 * time.Millisecond

// Sender takes due deliveries from an Outbox and sends them through Platforms.
type Sender struct {
	SenderOptions
	platforms map[string]Platform
	kick      chan struct{} // a nudge from this process
	tell      chan struct{} // … to be told to the others

	mu       sync.Mutex
	running  bool
	ctx      context.Context // of claiming: ends first
	flying   context.Context // of sends in flight: ends after Grace
	lanes    map[Lane]*lane
	busy     map[string]int // addresses with a send in flight, by connection
	flights  map[string]*flight
	slots    map[string]chan struct{}
	loops    sync.WaitGroup
	inFlight sync.WaitGroup
	nudging  time.Time          // when the next late nudge comes; zero = none is meant to
	quiet    map[Lane]time.Time // lanes that are to be left alone until then; Operation "" = the connection
	stuck    int                // flights whose end cannot be written at the moment
}

// NewSender makes a sender; Run sets it to work.
func NewSender(o SenderOptions) *Sender {
	s := &Sender{
		SenderOptions: o, platforms: map[string]Platform{}, kick: make(chan struct{}, 1), tell: make(chan struct{}, 1),
		lanes: map[Lane]*lane{}, busy: map[string]int{}, flights: map[string]*flight{}, slots: map[string]chan struct{}{}, quiet: map[Lane]time.Time{},
	}
	for _, p := range o.Platforms {
		s.platforms[p.Name()] = p
	}
	s.Concurrency = cmp.Or(s.Concurrency, 8)
	s.Timeout, s.Lease, s.Grace = cmp.Or(s.Timeout, 30*time.Second), cmp.Or(s.Lease, 60*time.Second), cmp.Or(s.Grace, 20*time.Second)
	s.Heartbeat = min(cmp.Or(s.Heartbeat, 10*time.Second), s.Lease/3)
	s.Poll = max(cmp.Or(s.Poll, time.Second), minPoll)
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	for name := range s.platforms {
		s.slots[name] = make(chan struct{}, s.Concurrency)
		s.slots[name+hurrySlots] = make(chan struct{}, s.Concurrency)
	}
	return s
}

// hurrySlots is the key of the slots that one-shot replies have for themselves:
// a trigger dies in three seconds, however slow everything else is.
const hurrySlots = "!"

// Run sends until ctx ends; then it claims nothing more, gives sends in flight
// the time of Grace, gives back what has not begun, and returns. To be called once.
func (s *Sender) Run(ctx context.Context) {
	flying, drop := context.WithCancel(context.WithoutCancel(ctx))
	defer drop()
	s.mu.Lock()
	s.running, s.ctx, s.flying = true, ctx, flying
	s.mu.Unlock()

	s.loops.Go(func() { s.discover(ctx) })
	s.loops.Go(func() { s.every(ctx, s.Heartbeat, s.beat) })
	s.loops.Go(func() { s.every(ctx, s.Poll, s.sweep) })
	s.loops.Go(func() { s.every(ctx, s.Poll, s.reconcile) })
	s.loops.Go(func() { s.tellOthers(ctx) })
	<-ctx.Done()

	s.mu.Lock()
	s.running = false
	s.mu.Unlock()
	beating, still := context.WithCancel(flying)
	var last sync.WaitGroup
	last.Go(func() { s.every(beating, s.Heartbeat, s.beat) }) // the leases of what is still in flight
	s.loops.Wait()
	done := make(chan struct{})
	go func() { s.inFlight.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(s.Grace):
		s.Log.Warn("sends are cut off", "why", "they did not end within the grace after the order to stop")
		drop()
		<-done
	}
	still()
	last.Wait()
}

// Nudge makes the sender look at the outbox now, in this process and the
// others. With lanes given, this process looks at just those.
func (s *Sender) Nudge(lanes ...Lane) {
	if len(lanes) == 0 {
		poke(s.kick)
	}
	for _, l := range lanes {
		if ln := s.lane(l); ln != nil {
			poke(ln.wake)
		}
	}
	poke(s.tell)
}

// NudgeFor is Nudge after something was owed to these addresses. While none of them
// has a token it waits for the first that will: behind a room's long queue a look
// reads much and finds nothing, and every message to the room would ask for one.
func (s *Sender) NudgeFor(to ...Address) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.firstToken(to)
	if !at.After(time.Now()) {
		s.Nudge()
		return
	}
	if !s.nudging.IsZero() && !s.nudging.After(at) {
		return
	}
	s.nudging = at
	time.AfterFunc(time.Until(at), func() {
		s.mu.Lock()
		if s.nudging.Equal(at) {
			s.nudging = time.Time{}
		}
		s.mu.Unlock()
		s.Nudge()
	})
}

// firstToken is when the first of these addresses may be spoken to, as far as is
// known; zero = now. mu must be held.
func (s *Sender) firstToken(to []Address) (first time.Time) {
	for _, a := range to {
		var at time.Time
		name := a.String()
		for l, ln := range s.lanes {
			if l.Platform == a.Platform && l.Connection == a.Connection && ln.rooms[name].After(at) {
				at = ln.rooms[name]
			}
		}
		if at.IsZero() {
			return at
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}

// Hurry sends these deliveries at once, ahead of every bucket: fresh one-shot
// replies, right after their commit.
func (s *Sender) Hurry(ids ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.running || len(ids) == 0 {
		return // another process, or the next start, finds them in the outbox
	}
	s.loops.Go(func() { s.hurry(ids) })
}

// poke leaves a sign where one suffices.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// every runs fn at once and then in intervals, until ctx ends.
func (s *Sender) every(ctx context.Context, d time.Duration, fn func(context.Context)) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for {
		fn(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// discover finds the lanes in which something is owed and wakes them.
func (s *Sender) discover(ctx context.Context) {
	nudges := s.Pacer.Nudges(ctx)
	tick := time.NewTicker(s.Poll)
	defer tick.Stop()
	for {
		last := time.Now()
		lanes, err := s.Outbox.Lanes(ctx)
		if err != nil && ctx.Err() == nil {
			s.Log.Error("the outbox cannot be looked at", "why", err)
		}
		for _, l := range lanes {
			if ln := s.lane(l); ln != nil {
				poke(ln.wake)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.kick:
		case _, ok := <-nudges:
			if !ok {
				nudges = nil
			}
		}
		if gap := nudgeGap - time.Since(last); gap > 0 {
			select {
			case <-ctx.Done():
				return
			case <-time.After(gap):
			}
		}
	}
}

// tellOthers passes nudges on. It is apart, so that nobody waits for it.
func (s *Sender) tellOthers(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.tell:
			s.Pacer.Nudge(ctx)
		}
	}
}

// lane answers the loop of a lane and begins it if need be; nil when the sender
// does not run, or has no such platform.
func (s *Sender) lane(l Lane) *lane {
	s.mu.Lock()
	defer s.mu.Unlock()
	ln := s.lanes[l]
	if ln == nil && s.running && s.platforms[l.Platform] != nil {
		ln = &lane{s: s, Lane: l, platform: s.platforms[l.Platform], wake: make(chan struct{}, 1), free: make(chan struct{}, 1), rooms: map[string]time.Time{}}
		s.lanes[l] = ln
		ctx := s.ctx
		s.loops.Go(func() { ln.run(ctx) })
	}
	return ln
}

// sweep ends what ran out.
func (s *Sender) sweep(ctx context.Context) {
	s.mu.Lock()
	stuck := s.stuck > 0
	s.mu.Unlock()
	if stuck {
		return // the database was away: first the ends that we know, then those that we must guess
	}
	n, err := s.Outbox.Sweep(ctx)
	if err != nil && ctx.Err() == nil {
		s.Log.Error("the outbox cannot be swept", "why", err)
	}
	if n > 0 {
		poke(s.kick)
	}
}

// observe tells the metrics.
func (s *Sender) observe(o Observation) {
	if s.Observe != nil {
		s.Observe(o)
	}
}

// alarm says loudly what an operator must repair.
func (s *Sender) alarm(l Lane, err error) {
	var r *Refused
	if errors.As(err, &r) {
		s.Log.Error("the platform refuses the connection; it is left alone for a minute", "platform", l.Platform, "connection", l.Connection,
			"code", r.Code, "do", "run akari check --live and renew the token or the scopes")
	}
}
