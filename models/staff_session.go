package models

import (
	"errors"
	"time"
)

// How long the staff pages stay open to a browser (docs/staff.md).
const (
	StaffEntryLife   = 10 * time.Minute // of a one-time link
	StaffIdle        = 60 * time.Minute // without a request
	StaffSessionLife = 12 * time.Hour   // altogether, from the one-time link
	StaffTurn        = 30 * time.Minute // after which what the cookie holds is replaced
	staffTurnGrace   = time.Minute      // for which its predecessor still works
)

// StaffEntry is a one-time way into the staff pages.
type StaffEntry struct {
	ID        ID
	PersonID  ID
	AccountID ID     // whose facts prove the person; zero in the playground
	Platform  string // where it was asked for
	ExpiresAt time.Time
}

// StaffSession is a browser that is in.
type StaffSession struct {
	ID        ID
	PersonID  ID
	AccountID ID
	Platform  string
	CreatedAt time.Time
	SeenAt    time.Time
	TurnedAt  time.Time
	ExpiresAt time.Time
	Old       bool // came with the predecessor of what the cookie holds now
}

// NewStaffEntry makes a one-time way in, and takes back those that the person
// has not used. What is long over goes.
func (t *Tx) NewStaffEntry(e StaffEntry) error {
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{"DELETE FROM staff_entries WHERE person_id = ? AND used_at IS NULL", []any{e.PersonID}},
		{"DELETE FROM staff_entries WHERE expires_at < ?", []any{t.now.Add(-24 * time.Hour)}},
		{"DELETE FROM staff_sessions WHERE expires_at < ?", []any{t.now.Add(-24 * time.Hour)}},
		{"INSERT INTO staff_entries (id,person_id,account_id,platform,created_at,expires_at) VALUES (?,?,?,?,?,?)",
			[]any{e.ID, e.PersonID, e.AccountID, e.Platform, t.now, t.now.Add(StaffEntryLife)}},
	} {
		if err := t.db.Exec(q.sql, q.args...).Error; err != nil {
			return err
		}
	}
	return nil
}

const openEntry = " FROM staff_entries WHERE id = ? AND used_at IS NULL AND expires_at > ?"

// StaffEntryOf answers a way in that can still be used; else ErrNotFound.
func (t *Tx) StaffEntryOf(id ID) (StaffEntry, error) {
	return first[StaffEntry](t.db, "SELECT id,person_id,account_id,platform,expires_at"+openEntry, id, t.now)
}

// UseStaffEntry takes a way in for its one use. ErrNotFound: unknown, used or
// over; which of them is not told.
func (t *Tx) UseStaffEntry(id ID) (StaffEntry, error) {
	e, err := t.StaffEntryOf(id)
	if err != nil {
		return e, err
	}
	r := t.db.Exec("UPDATE staff_entries SET used_at = ? WHERE id = ? AND used_at IS NULL", t.now, id)
	if r.Error == nil && r.RowsAffected == 0 {
		return e, ErrNotFound
	}
	return e, r.Error
}

// NewStaffSession lets a browser in. hash is of what its cookie holds.
func (t *Tx) NewStaffSession(e StaffEntry, hash []byte) (StaffSession, error) {
	s := StaffSession{ID: NewID(), PersonID: e.PersonID, AccountID: e.AccountID, Platform: e.Platform, CreatedAt: t.now, SeenAt: t.now, TurnedAt: t.now, ExpiresAt: t.now.Add(StaffSessionLife)}
	err := t.db.Exec("INSERT INTO staff_sessions (id,hash,person_id,account_id,platform,created_at,seen_at,turned_at,expires_at) VALUES (?,?,?,?,?,?,?,?,?)",
		s.ID, hash, s.PersonID, s.AccountID, s.Platform, s.CreatedAt, s.SeenAt, s.TurnedAt, s.ExpiresAt).Error
	return s, err
}

// StaffSessionOf answers the open session of a cookie; ErrNotFound: none, ended,
// idle too long, or over.
func (t *Tx) StaffSessionOf(hash []byte) (StaffSession, error) {
	const open = " AND ended_at IS NULL AND expires_at > ? AND seen_at > ?"
	const columns = "SELECT id,person_id,account_id,platform,created_at,seen_at,turned_at,expires_at"
	s, err := first[StaffSession](t.db, columns+" FROM staff_sessions WHERE hash = ?"+open, hash, t.now, t.now.Add(-StaffIdle))
	if !errors.Is(err, ErrNotFound) {
		return s, err
	}
	s, err = first[StaffSession](t.db, columns+" FROM staff_sessions WHERE old_hash = ? AND turned_at > ?"+open, hash, t.now.Add(-staffTurnGrace), t.now, t.now.Add(-StaffIdle))
	s.Old = err == nil
	return s, err
}

// OpenSession is an open session, and whose it is.
type OpenSession struct {
	StaffSession `gorm:"embedded"`
	Key          string // of the person
	Name         string
	Department   string
}

// OpenStaffSessions answers the sessions that are open, the last seen first. Staff
// scope.
func (t *Tx) OpenStaffSessions() ([]OpenSession, error) {
	return all[OpenSession](t.db, "SELECT s.id,s.person_id,s.account_id,s.platform,s.created_at,s.seen_at,s.turned_at,s.expires_at, w.`key`, w.name, w.department FROM staff_sessions s JOIN people w ON w.id = s.person_id"+
		" WHERE s.ended_at IS NULL AND s.expires_at > ? AND s.seen_at > ? ORDER BY s.seen_at DESC, s.id", t.now, t.now.Add(-StaffIdle))
}

// SawStaff keeps a session from becoming idle.
func (t *Tx) SawStaff(id ID) error {
	return t.db.Exec("UPDATE staff_sessions SET seen_at = ? WHERE id = ? AND ended_at IS NULL", t.now, id).Error
}

// TurnStaffSession replaces what the cookie holds. false: another request of the
// same browser has just done so.
func (t *Tx) TurnStaffSession(id ID, from, to []byte) (bool, error) {
	r := t.db.Exec("UPDATE staff_sessions SET old_hash = hash, hash = ?, turned_at = ?, seen_at = ? WHERE id = ? AND hash = ? AND ended_at IS NULL", to, t.now, t.now, id, from)
	return r.RowsAffected == 1, r.Error
}

// EndStaffSession ends one session.
func (t *Tx) EndStaffSession(id ID) error {
	return t.db.Exec("UPDATE staff_sessions SET ended_at = ? WHERE id = ? AND ended_at IS NULL", t.now, id).Error
}

// EndStaffSessionsOf ends every session of a person, and takes back the ways in
// that they have not used. It answers how many sessions were open.
func (t *Tx) EndStaffSessionsOf(person ID) (int64, error) {
	if err := t.db.Exec("DELETE FROM staff_entries WHERE person_id = ? AND used_at IS NULL", person).Error; err != nil {
		return 0, err
	}
	r := t.db.Exec("UPDATE staff_sessions SET ended_at = ? WHERE person_id = ? AND ended_at IS NULL", t.now, person)
	return r.RowsAffected, r.Error
}

// AccountOf answers an account by id.
func (t *Tx) AccountOf(id ID) (Account, error) {
	return first[Account](t.db, "SELECT id,platform,connection,user,person_id,claim,fact_at,fact FROM accounts WHERE id = ?", id)
}
