package models

import (
	"encoding/json"
	"errors"
	"time"
)

// Schedule is a moment of every week, in somebody's zone.
type Schedule struct {
	Day time.Weekday
	At  time.Duration // since midnight, as clocks show it
}

// DigestDue answers the week of which an audience is owed the digest: the last
// full local week before the newest due moment. due is false if that was told
// already; last is the ISO week told last, "" for none. After a standstill of
// several weeks only the newest is owed.
func DigestDue(last string, s Schedule, zone *time.Location, now time.Time) (w Week, due bool) {
	at := dueMoment(s, zone, now)
	w = LastWeek(at, zone)
	return w, w.ISO > last
}

// dueMoment is the newest moment of a schedule that is not after now.
func dueMoment(s Schedule, zone *time.Location, now time.Time) time.Time {
	local := now.In(zone)
	ahead := (int(s.Day)-int(local.Weekday())+7)%7 + 7 // from today to the schedule's day, in the week after next at the latest
	for {
		at := wallTime(local.Year(), local.Month(), local.Day()+ahead, s.At, zone)
		if !at.After(now) {
			return at
		}
		ahead -= 7
	}
}

// The states of a digest.
const (
	DigestQueued = "queued"
	DigestFailed = "failed"
)

// Digest is the weekly summary for one audience and one ISO week.
type Digest struct {
	Audience   string
	IsoWeek    string
	WeekStart  time.Time
	WeekEnd    time.Time
	State      string
	ErrorCode  string
	DeliveryID ID     // of its first part
	Said       Counts `gorm:"-"` // what it told, so that the next one can correct it
}

// LastDigest answers the ISO week an audience was told last, "" for none.
func (t *Tx) LastDigest(audience string) (string, error) {
	w, err := first[string](t.db, "SELECT iso_week FROM digests WHERE audience = ? ORDER BY iso_week DESC LIMIT 1", audience)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return w, err
}

// DigestSaid answers what the digest of a week told; ErrNotFound if there was none.
func (t *Tx) DigestSaid(audience, isoWeek string) (Counts, error) {
	s, err := first[string](t.db, "SELECT said FROM digests WHERE audience = ? AND iso_week = ?", audience, isoWeek)
	if err != nil {
		return nil, err
	}
	var c Counts
	return c, json.Unmarshal([]byte(s), &c)
}

// AddDigest takes an audience's week: ErrDuplicate means that somebody else has
// it. It is the only election of who sends; the message is queued in the same
// transaction. A week that had nowhere to go may be taken again when a person asks
// for it.
func (t *Tx) AddDigest(d Digest, again bool) error {
	said, err := json.Marshal(d.Said)
	if err != nil {
		return err
	}
	if again {
		r := t.db.Exec("UPDATE digests SET state = ?, error_code = ?, delivery_id = ?, said = ?, created_at = ? WHERE audience = ? AND iso_week = ? AND state = 'failed' AND delivery_id IS NULL",
			d.State, d.ErrorCode, d.DeliveryID, string(said), t.now, d.Audience, d.IsoWeek)
		if r.Error != nil || r.RowsAffected == 1 {
			return r.Error
		}
	}
	err = t.db.Exec("INSERT INTO digests (audience,iso_week,week_start,week_end,state,error_code,delivery_id,said,created_at) VALUES (?,?,?,?,?,?,?,?,?)",
		d.Audience, d.IsoWeek, micro(d.WeekStart), micro(d.WeekEnd), d.State, d.ErrorCode, d.DeliveryID, string(said), t.now).Error
	if isDuplicate(err) {
		return ErrDuplicate
	}
	return err
}

// DigestsOf answers the digests of a week. Staff scope.
func (t *Tx) DigestsOf(isoWeek string) ([]Digest, error) {
	return all[Digest](t.db, "SELECT audience,iso_week,week_start,week_end,state,error_code,delivery_id FROM digests WHERE iso_week = ? ORDER BY audience", isoWeek)
}
