package models

import (
	"context"
	"errors"
	"time"

	"akari/bot"
)

// pausedFor answers how long a lane is still paused. A pause of a whole
// connection has no operation. Pauses follow the machine's clock.
func (t *Tx) pausedFor(lane bot.Lane) (time.Duration, error) {
	type row struct{ UntilAt time.Time }
	until, err := first[row](t.db, "SELECT until_at FROM pauses WHERE platform = ? AND connection = ? AND operation IN (?, '') ORDER BY until_at DESC LIMIT 1", lane.Platform, lane.Connection, lane.Operation)
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return max(0, until.UntilAt.Sub(t.store.steady())), nil
}

// pause makes every process leave a lane alone; it never shortens a pause.
// Operation "" means the whole connection.
func (t *Tx) pause(lane bot.Lane, d time.Duration) error {
	until := t.store.steady().Add(d)
	err := t.db.Exec("INSERT INTO pauses (platform, connection, operation, until_at) VALUES (?,?,?,?)", lane.Platform, lane.Connection, lane.Operation, until).Error
	if !isDuplicate(err) {
		return err
	}
	return t.db.Exec("UPDATE pauses SET until_at = ? WHERE platform = ? AND connection = ? AND operation = ? AND until_at < ?",
		until, lane.Platform, lane.Connection, lane.Operation, until).Error
}

// Pause makes every process leave a lane alone for a while; Operation "" means
// the whole connection.
func (s *Store) Pause(ctx context.Context, lane bot.Lane, d time.Duration) error {
	return s.InTx(ctx, func(t *Tx) error { return t.pause(lane, d) })
}
