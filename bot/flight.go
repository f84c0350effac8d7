package bot

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// flight is one claimed delivery until its end is written.
type flight struct {
	Delivery
	lane  Lane
	to    string
	slots chan struct{}

	mu    sync.Mutex
	until time.Time // on the monotonic clock: when the lease ends
}

// databaseTimeout bounds a claim or the writing of an end; both go on when the
// sender was told to stop, because half of either would be doubt.
const databaseTimeout = 10 * time.Second

// claim takes deliveries. A lease counts from before the claim was asked for.
func (s *Sender) claim(ctx context.Context, ids []string) []*flight {
	until := time.Now().Add(s.Lease)
	detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), databaseTimeout)
	defer cancel()
	ds, err := s.Outbox.Claim(detached, ids, s.render)
	if err != nil {
		s.Log.Error("deliveries cannot be claimed", "why", err)
		return nil
	}
	out := make([]*flight, 0, len(ds))
	for _, d := range ds {
		out = append(out, &flight{Delivery: d, to: d.To.String(), until: until, lane: s.laneOf(d)})
	}
	return out
}

func (s *Sender) laneOf(d Delivery) Lane {
	l := Lane{Platform: d.To.Platform, Connection: d.To.Connection}
	if p := s.platforms[l.Platform]; p != nil {
		l.Operation = p.Operation(d)
	}
	return l
}

func (s *Sender) render(d Delivery) (body []byte, err error) {
	p := s.platforms[d.To.Platform]
	if p == nil {
		return nil, fmt.Errorf("platform %q is not set up in this process", d.To.Platform)
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("rendering broke: %v", r)
		}
	}()
	return p.Render(d)
}

// hurry claims and sends one-shot replies.
func (s *Sender) hurry(ids []string) {
	s.mu.Lock()
	ctx := s.ctx
	s.mu.Unlock()
	for _, f := range s.claim(ctx, ids) {
		slots := s.slots[f.lane.Platform+hurrySlots]
		select {
		case slots <- struct{}{}:
			s.launch(f, slots)
		default: // as many again hang already; this one goes the ordinary way
			s.release(f)
		}
	}
}

// launch sends a claimed delivery beside everything else. It owns one of slots.
func (s *Sender) launch(f *flight, slots chan struct{}) {
	f.slots = slots
	s.mu.Lock()
	s.busy[f.to]++
	s.flights[f.ID] = f
	s.inFlight.Add(1)
	s.mu.Unlock()
	go s.fly(f)
}

func (s *Sender) land(f *flight) {
	s.mu.Lock()
	if s.busy[f.to]--; s.busy[f.to] <= 0 {
		delete(s.busy, f.to)
	}
	delete(s.flights, f.ID)
	ln := s.lanes[f.lane]
	s.mu.Unlock()
	<-f.slots
	if ln != nil {
		poke(ln.free) // its address is free, and so is its slot
	}
	s.inFlight.Done()
}

// fly sends and writes the end.
func (s *Sender) fly(f *flight) {
	defer s.land(f)
	if !s.begin(f) {
		s.release(f)
		return
	}
	began := time.Now()
	receipt, err := s.send(f.Delivery)
	took := time.Since(began)
	s.hush(f.lane, err)
	settled := s.settle(f, receipt, err)
	s.after(f, settled, took, err)
}

// begin is the last look before the first byte: is the lease still ours on the
// monotonic clock, and may anything leave at all?
func (s *Sender) begin(f *flight) bool {
	s.mu.Lock()
	stopping := !s.running
	s.mu.Unlock()
	if stopping || s.hushed(f.lane) > 0 {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Now().Before(f.until)
}

// hush keeps this process from sending into a lane from the moment of a 429
// on: the pause in the database takes a few milliseconds to be written, and in
// these a busy lane would send more. It is short; the row decides how long.
func (s *Sender) hush(l Lane, err error) {
	var throttled *Throttled
	var refused *Refused
	switch {
	case errors.As(err, &throttled) && throttled.Whole:
	case errors.As(err, &refused) && refused.Down:
		l.Operation = ""
	default:
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quiet[l] = time.Now().Add(time.Second)
}

// hushed answers how long a lane is still to be left alone by this process.
func (s *Sender) hushed(l Lane) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	until := s.quiet[l]
	if whole := s.quiet[Lane{Platform: l.Platform, Connection: l.Connection}]; whole.After(until) {
		until = whole
	}
	return max(0, time.Until(until))
}

func (s *Sender) send(d Delivery) (receipt string, err error) {
	ctx, cancel := context.WithTimeout(s.flying, s.Timeout)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			s.Log.Error("sending broke", "platform", d.To.Platform, "delivery", d.ID, "why", fmt.Sprint(r), "stack", string(debug.Stack()))
			err = &InDoubt{Err: errors.New("sending broke")}
		}
	}()
	return s.platforms[d.To.Platform].Send(ctx, d)
}

func (s *Sender) release(fs ...*flight) {
	ctx, cancel := context.WithTimeout(context.Background(), databaseTimeout)
	defer cancel()
	for _, f := range fs {
		if err := s.Outbox.Release(ctx, f.Delivery); err != nil {
			s.Log.Error("a delivery cannot be given back; its lease will run out", "delivery", f.ID, "why", err)
		}
	}
}

// settleFor is how long the end of a call is kept in hand while the database is
// away. After a shorter time the end would become doubt, needlessly.
const settleFor = 5 * time.Minute

// settle writes the end, again and again while the database is away.
func (s *Sender) settle(f *flight, receipt string, sendErr error) Settled {
	giveUp := time.Now().Add(settleFor)
	stuck := false
	defer func() {
		if stuck {
			s.count(-1)
		}
	}()
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		ctx, cancel := context.WithTimeout(context.Background(), databaseTimeout)
		settled, err := s.Outbox.Settle(ctx, f.Delivery, receipt, sendErr)
		cancel()
		if err == nil {
			return settled
		}
		if !stuck {
			stuck = true
			s.count(1)
		}
		s.Log.Error("the end of a delivery cannot be written yet", "delivery", f.ID, "why", err)
		if time.Now().After(giveUp) {
			return Settled{}
		}
		select {
		case <-s.flying.Done():
			return Settled{}
		case <-time.After(wait):
		}
	}
}

func (s *Sender) count(n int) {
	s.mu.Lock()
	s.stuck += n
	s.mu.Unlock()
}

// after tells everybody whom an end concerns.
func (s *Sender) after(f *flight, settled Settled, took time.Duration, err error) {
	s.observe(Observation{Lane: f.lane, Settled: settled, Took: took, Err: err})
	if settled.State == "" {
		s.Log.Warn("a delivery was no longer ours when it had been sent", "delivery", f.ID, "platform", f.lane.Platform)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var throttled *Throttled
	switch {
	case settled.Down:
		s.alarm(f.lane, err)
	case settled.Pause > 0:
		s.Pacer.Pause(ctx, f.lane.String(), settled.Pause)
	case errors.As(err, &throttled) && throttled.After > 0 && rate(s.RoomRate, f.lane) > 0:
		s.Pacer.Pause(ctx, roomKey(f.lane.Platform, f.lane.Connection, f.to), min(throttled.After, time.Minute))
	}
	if settled.More {
		poke(s.kick)
	}
}

// beat renews the leases of everything in flight.
func (s *Sender) beat(ctx context.Context) {
	s.mu.Lock()
	ds := make([]Delivery, 0, len(s.flights))
	for _, f := range s.flights {
		ds = append(ds, f.Delivery)
	}
	s.mu.Unlock()
	if len(ds) == 0 {
		return
	}
	until := time.Now().Add(s.Lease)
	ids, err := s.Outbox.Heartbeat(ctx, ds...)
	if err != nil {
		if ctx.Err() == nil {
			s.Log.Error("leases cannot be renewed", "why", err)
		}
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if f := s.flights[id]; f != nil {
			f.mu.Lock()
			f.until = until
			f.mu.Unlock()
		}
	}
}

// reconcile looks on the platforms for deliveries in doubt.
func (s *Sender) reconcile(ctx context.Context) {
	ds, err := s.Outbox.Doubtful(ctx, s.Concurrency)
	if err != nil {
		if ctx.Err() == nil {
			s.Log.Error("deliveries in doubt cannot be looked at", "why", err)
		}
		return
	}
	var all sync.WaitGroup
	for _, d := range ds {
		all.Go(func() { s.find(ctx, d) })
	}
	all.Wait()
}

// lookPatience is how long a look waits for its token, at most; half the lease
// of the look bounds it too.
const lookPatience = 5 * time.Second

// lookToken waits for the moment at which the pace has a token for a look. Coming
// back at the next poll instead may miss that moment every time: where Redis loses
// its buckets every 2 s, a token that takes 1.2 s is there for 0.8 s only.
func (s *Sender) lookToken(ctx context.Context, lane Lane, perMinute int) error {
	end := time.Now().Add(min(lookPatience, s.Lease/2))
	for {
		got, again := s.Pacer.Take(ctx, lane.String(), perMinute, 0, 1, 0)
		if got > 0 {
			return nil
		}
		if time.Now().Add(again).After(end) {
			return &Throttled{After: again, Why: "our own pace"}
		}
		select {
		case <-ctx.Done():
			return ctx.Err() // find sees it too, and writes nothing
		case <-time.After(max(again, 10*time.Millisecond)):
		}
	}
}

func (s *Sender) find(ctx context.Context, d Delivery) {
	lane := Lane{Platform: d.To.Platform, Connection: d.To.Connection, Operation: findOperation}
	finder, ok := s.platforms[lane.Platform].(Finder)
	if !ok {
		return // not set up here; another process, or the lease of the look, decides
	}
	receipt, err := "", error(nil)
	if perMinute := rate(s.Rate, lane); perMinute > 0 {
		err = s.lookToken(ctx, lane, perMinute)
	}
	began := time.Now()
	if err == nil {
		limited, cancel := context.WithTimeout(ctx, s.Timeout)
		receipt, err = finder.Find(limited, d)
		cancel()
	}
	if ctx.Err() != nil {
		return // told to stop: the answer is worth nothing
	}
	settled, ferr := s.Outbox.Found(ctx, d, receipt, err)
	if ferr != nil {
		s.Log.Error("what was found cannot be written", "delivery", d.ID, "why", ferr)
		return
	}
	s.observe(Observation{Lane: lane, Settled: settled, Took: time.Since(began), Found: true, Err: err})
	if settled.More || settled.State == "queued" {
		poke(s.kick)
	}
}
