package models

import (
	"context"
	"time"
)

// BeatEvery is how often a process says that it lives; one that was heard
// within beatWithin counts. Both follow the machine's clock.
const (
	BeatEvery  = 2 * time.Second
	beatWithin = 10 * time.Second
	// beatForget is when the row of a dead process is removed.
	beatForget = time.Hour
)

// Beat says that a process lives and answers how many do, itself included.
func (s *Store) Beat(ctx context.Context, process ID) (n int, err error) {
	err = s.InTx(ctx, func(t *Tx) error {
		now := s.steady()
		r := t.db.Exec("UPDATE processes SET seen_at = ? WHERE id = ?", now, process)
		if r.Error == nil && r.RowsAffected == 0 {
			r = t.db.Exec("INSERT INTO processes (id, started_at, seen_at) VALUES (?,?,?)", process, now, now)
		}
		if r.Error != nil {
			return r.Error
		}
		return t.db.Exec("DELETE FROM processes WHERE seen_at < ?", now.Add(-beatForget)).Error
	})
	if err != nil {
		return 0, err
	}
	return s.Processes(ctx)
}

// Processes answers how many processes were heard lately.
func (s *Store) Processes(ctx context.Context) (n int, err error) {
	err = s.View(ctx, func(t *Tx) error {
		n, err = first[int](t.db, "SELECT COUNT(*) FROM processes WHERE seen_at > ?", s.steady().Add(-beatWithin))
		return err
	})
	return n, err
}

// ByeProcess removes a process that ends in order, so that the others need not
// wait to take its share of the pace.
func (s *Store) ByeProcess(ctx context.Context, process ID) error {
	return s.InTx(ctx, func(t *Tx) error {
		return t.db.Exec("DELETE FROM processes WHERE id = ?", process).Error
	})
}
