package models

import (
	"errors"
	"time"
)

// Standstill is how long a clock had not gone before this tick, by the wall and
// by the machine. First says that it never went before, Last when it did, by the
// machine: a Last earlier than one seen before is a database that went back in time.
type Standstill struct {
	First        bool
	Wall, Steady time.Duration
	Last         time.Time
}

// Tick says that a clock goes, at most once in every, and answers how long it
// had stood still. By the wall a standstill may be negative: clocks are set back.
func (t *Tx) Tick(name string, every time.Duration) (Standstill, error) {
	type row struct{ WallAt, SteadyAt time.Time }
	steady := t.store.steady()
	last, err := first[row](t.db, "SELECT wall_at, steady_at FROM clocks WHERE name = ?"+t.store.lockingOne(), name)
	if errors.Is(err, ErrNotFound) {
		err = t.db.Exec("INSERT INTO clocks (name, wall_at, steady_at) VALUES (?,?,?)", name, t.now, steady).Error
		if isDuplicate(err) {
			err = nil
		}
		return Standstill{First: true, Last: steady}, err
	}
	if err != nil {
		return Standstill{}, err
	}
	s := Standstill{Wall: t.now.Sub(last.WallAt), Steady: steady.Sub(last.SteadyAt), Last: last.SteadyAt}
	if s.Steady >= 0 && s.Steady < every && s.Wall.Abs() < every {
		return s, nil
	}
	return s, t.db.Exec("UPDATE clocks SET wall_at = ?, steady_at = ? WHERE name = ?", t.now, steady, name).Error
}

// Quota is what a platform said is left to send this month.
type Quota struct {
	Platform   string
	Connection string
	Most       *int64 // nil = unlimited
	Used       int64
	At         time.Time
}

// Left is how many messages may still be sent; ok is false when there is no limit.
func (q Quota) Left() (left int64, ok bool) {
	if q.Most == nil {
		return 0, false
	}
	return max(0, *q.Most-q.Used), true
}

// SaveQuota keeps what a platform said.
func (t *Tx) SaveQuota(q Quota) error {
	err := t.db.Exec("INSERT INTO quotas (platform,connection,most,used,at) VALUES (?,?,?,?,?)", q.Platform, q.Connection, q.Most, q.Used, t.now).Error
	if !isDuplicate(err) {
		return err
	}
	return t.db.Exec("UPDATE quotas SET most = ?, used = ?, at = ? WHERE platform = ? AND connection = ?", q.Most, q.Used, t.now, q.Platform, q.Connection).Error
}

// QuotaOf answers what is known of a platform's quota; nothing known is unlimited.
func (t *Tx) QuotaOf(platform string) (Quota, error) {
	q, err := first[Quota](t.db, "SELECT platform,connection,most,used,at FROM quotas WHERE platform = ? ORDER BY at DESC LIMIT 1", platform)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return q, err
}
