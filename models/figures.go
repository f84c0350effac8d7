package models

import (
	"context"
	"time"
)

// Backlog is what the product owes at a moment, for gauges.
type Backlog struct {
	Deliveries map[string]int64 // by state, of those that have not ended well
	OldestDue  time.Duration    // how long the oldest claimable delivery has been due; 0 = none is
	Gaps       int64            // questions that wait for an answer
}

// Backlog counts what is owed. Ended deliveries are not counted here: there may
// be millions, and what was sent is in the log.
func (s *Store) Backlog(ctx context.Context) (Backlog, error) {
	b := Backlog{Deliveries: map[string]int64{"queued": 0, "sending": 0, "unconfirmed": 0, "held": 0, "failed": 0}}
	err := s.View(ctx, func(t *Tx) error {
		type row struct {
			State string
			N     int64
		}
		rows, err := all[row](t.db, "SELECT state, COUNT(*) AS n FROM deliveries WHERE state IN ('queued','sending','unconfirmed','held','failed') GROUP BY state")
		if err != nil {
			return err
		}
		for _, r := range rows {
			b.Deliveries[r.State] = r.N
		}
		type due struct{ DueAt time.Time }
		oldest, err := all[due](t.db, "SELECT due_at FROM deliveries WHERE state = 'queued' AND due_at <= ? ORDER BY due_at LIMIT 1", t.now)
		if err != nil {
			return err
		}
		if len(oldest) > 0 {
			b.OldestDue = max(0, t.now.Sub(oldest[0].DueAt))
		}
		b.Gaps, err = first[int64](t.db, "SELECT COUNT(*) FROM gaps WHERE status <> 'answered'")
		return err
	})
	return b, err
}
