package bot

import (
	"context"
	"time"
)

// Lane is a row of deliveries that share one limit of a platform.
type Lane struct {
	Platform   string
	Connection string
	Operation  string // as Platform.Operation names it
}

// String is the lane as pace keys and logs name it: "slack/slack/chat.postMessage".
func (l Lane) String() string { return l.Platform + "/" + l.Connection + "/" + l.Operation }

// Candidate is a due delivery that nobody has claimed yet.
type Candidate struct {
	ID       string
	To       string // Address.String(): what is spoken to, one at a time
	Priority Priority
}

// Render gives a delivery's bytes; see Platform.Render.
type Render func(Delivery) ([]byte, error)

// Settled is what became of a delivery, or of a look at one.
type Settled struct {
	State string        // the state of the row now; "" = it was no longer ours, nothing was written
	Code  string        // the platform's word for a failure
	Pause time.Duration // > 0: the lane is paused for so long
	Down  bool          // the connection is refused: Pause is for all its lanes
	More  bool          // another delivery may be claimable because of this end
}

// Outbox is where deliveries are owed. All methods may be called from any
// goroutine of any number of processes.
type Outbox interface {
	// Lanes answers the lanes in which something is queued, due or not.
	Lanes(ctx context.Context) ([]Lane, error)
	// Due answers at most limit deliveries of a lane that may be claimed now,
	// answers first, fair between campaigns, none to the addresses in skip. While
	// the lane is paused it answers none and how long the pause still lasts.
	Due(ctx context.Context, lane Lane, skip []string, limit int) (due []Candidate, pause time.Duration, err error)
	// Claim makes deliveries ours for one lease and writes down the intent to
	// send them. It answers those that it got, with the bytes to send.
	Claim(ctx context.Context, ids []string, render Render) ([]Delivery, error)
	// Release gives claimed deliveries back of which surely no byte has left.
	Release(ctx context.Context, ds ...Delivery) error
	// Heartbeat renews the lease of claimed deliveries and answers the ids of
	// those that are still ours.
	Heartbeat(ctx context.Context, ds ...Delivery) ([]string, error)
	// Settle writes how a claimed delivery ended, as Platform.Send answered.
	Settle(ctx context.Context, d Delivery, receipt string, err error) (Settled, error)
	// Sweep ends what ran out: leases of dead processes, one-shot replies,
	// deliveries past their expiry. It answers how many rows it changed.
	Sweep(ctx context.Context) (int, error)
	// Doubtful takes at most limit deliveries in doubt that should be looked for
	// on their platform now.
	Doubtful(ctx context.Context, limit int) ([]Delivery, error)
	// Found writes what Finder.Find answered for a delivery from Doubtful.
	Found(ctx context.Context, d Delivery, receipt string, err error) (Settled, error)
}

// Pacer is what processes agree on about pace right now. Nothing may depend on
// it to be right, but it never lets more through than the limit.
type Pacer interface {
	// Take asks for up to want requests out of perMinute and answers how many
	// may go now, and after how long it is worth asking again when that was not
	// all. burst is how many may go at once after a rest; 0 lets the pacer choose.
	// reserve is the share of the bucket that this caller must leave untouched.
	Take(ctx context.Context, key string, perMinute, burst, want int, reserve float64) (got int, again time.Duration)
	// GiveBack returns what was taken and not used.
	GiveBack(ctx context.Context, key string, perMinute, burst, n int)
	// Pause lets nothing through for a while.
	Pause(ctx context.Context, key string, d time.Duration)
	// Nudge tells the other processes to look at the outbox.
	Nudge(ctx context.Context)
	// Nudges delivers other processes' nudges until ctx ends.
	Nudges(ctx context.Context) <-chan struct{}
}
