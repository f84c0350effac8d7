package models

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"akari/bot"
)

// Waiting is an inbound that cannot be handled before a fact about its sender
// or its room has been fetched.
type Waiting struct {
	ID         ID
	Inbound    bot.Inbound
	ReceivedAt time.Time
	UntilAt    time.Time
}

// Wait keeps an inbound until a moment. ErrDuplicate: it waits already.
func (t *Tx) Wait(in bot.Inbound, until time.Time) error {
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	err = t.db.Exec("INSERT INTO waiting (id,source_key,platform,connection,user,inbound,received_at,until_at) VALUES (?,?,?,?,?,?,?,?)",
		NewID(), in.Key, in.From.Platform, in.From.Connection, in.From.User, string(b), t.now, until.UTC().Truncate(time.Microsecond)).Error
	if isDuplicate(err) {
		return ErrDuplicate
	}
	return err
}

// StopWaiting takes an inbound out of the waiting ones and tells whether it was
// there: of several processes one goes on with it.
func (t *Tx) StopWaiting(id ID) (bool, error) {
	r := t.db.Exec("DELETE FROM waiting WHERE id = ?", id)
	return r.RowsAffected == 1, r.Error
}

// WaitingInbounds answers up to limit waiting inbounds, oldest first.
func (t *Tx) WaitingInbounds(limit int) ([]Waiting, error) {
	type row struct {
		ID         ID
		Inbound    string
		ReceivedAt time.Time
		UntilAt    time.Time
	}
	rows, err := all[row](t.db, "SELECT id,inbound,received_at,until_at FROM waiting ORDER BY id LIMIT ?", limit)
	if err != nil {
		return nil, err
	}
	out := make([]Waiting, 0, len(rows))
	for _, r := range rows {
		w := Waiting{ID: r.ID, ReceivedAt: r.ReceivedAt, UntilAt: r.UntilAt}
		if err := json.Unmarshal([]byte(r.Inbound), &w.Inbound); err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

// WantPerson asks the fact loop for what the platform says about an account.
func (t *Tx) WantPerson(id bot.Identity) error {
	return t.db.Exec("UPDATE accounts SET wanted_at = ? WHERE platform = ? AND connection = ? AND user = ? AND wanted_at IS NULL", t.now, id.Platform, id.Connection, id.User).Error
}

// HurryPerson is WantPerson for somebody who waits for an answer: they come before
// the thousands that a campaign asks about. Who was put off stays so.
func (t *Tx) HurryPerson(id bot.Identity) error {
	return t.db.Exec("UPDATE accounts SET wanted_at = ? WHERE platform = ? AND connection = ? AND user = ? AND (wanted_at IS NULL OR wanted_at <= ?)",
		t.now.Add(-24*time.Hour), id.Platform, id.Connection, id.User, t.now).Error
}

// WantRoom asks the fact loop for what the platform says about a room.
func (t *Tx) WantRoom(room ID) error {
	return t.db.Exec("UPDATE rooms SET wanted_at = ? WHERE id = ? AND wanted_at IS NULL", t.now, room).Error
}

// StalePerson forgets the fact about an account: the platform told of a change.
func (t *Tx) StalePerson(id bot.Identity) error {
	return t.db.Exec("UPDATE accounts SET fact_at = NULL, wanted_at = ? WHERE platform = ? AND connection = ? AND user = ?", t.now, id.Platform, id.Connection, id.User).Error
}

// StaleRoom forgets the fact about a room: it was shared, unshared or renamed.
func (t *Tx) StaleRoom(at bot.Address) error {
	return t.db.Exec("UPDATE rooms SET fact_at = NULL, wanted_at = ? WHERE platform = ? AND connection = ? AND room = ?", t.now, at.Platform, at.Connection, at.Room).Error
}

// WantedPeople answers accounts whose fact is wanted by now, the longest wanted
// first, but none of the connections in without.
func (t *Tx) WantedPeople(without []bot.Lane, limit int) ([]Account, error) {
	where, args := outside(without, t.now)
	return all[Account](t.db, "SELECT id,platform,connection,user,person_id,claim,fact_at,wanted_at FROM accounts WHERE wanted_at <= ?"+where+" ORDER BY wanted_at LIMIT ?", append(args, limit)...)
}

// WantedRooms answers rooms as WantedPeople does accounts.
func (t *Tx) WantedRooms(without []bot.Lane, limit int) ([]Room, error) {
	where, args := outside(without, t.now)
	return all[Room](t.db, "SELECT "+roomColumns+" FROM rooms WHERE wanted_at <= ?"+where+" ORDER BY wanted_at LIMIT ?", append(args, limit)...)
}

// outside leaves connections out.
func outside(lanes []bot.Lane, args ...any) (string, []any) {
	var b strings.Builder
	for _, l := range lanes {
		b.WriteString(" AND NOT (platform = ? AND connection = ?)")
		args = append(args, l.Platform, l.Connection)
	}
	return b.String(), args
}

// MoveAccount remembers when, by the platform's clock, somebody came or went. False:
// something later is known already.
func (t *Tx) MoveAccount(account ID, at time.Time) (newest bool, err error) {
	at = micro(at)
	r := t.db.Exec("UPDATE accounts SET moved_at = ? WHERE id = ? AND (moved_at IS NULL OR moved_at < ?)", at, account, at)
	return r.RowsAffected > 0, r.Error
}

// SavePersonFact keeps what the platform says about an account, as of now.
func (t *Tx) SavePersonFact(account ID, f bot.PersonFact) error {
	b, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return t.db.Exec("UPDATE accounts SET fact = ?, fact_at = ?, wanted_at = NULL WHERE id = ?", string(b), t.now, account).Error
}

// SaveRoomFact keeps what the platform says about a room, as of now.
func (t *Tx) SaveRoomFact(room ID, f bot.RoomFact) error {
	b, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return t.db.Exec("UPDATE rooms SET fact = ?, fact_at = ?, wanted_at = NULL, name = CASE WHEN ? = '' THEN name ELSE ? END WHERE id = ?", string(b), t.now, f.Name, f.Name, room).Error
}

// WentStale tells whether the platform said, after a moment, that the fact about an
// account or a room has changed (StalePerson, StaleRoom): what it answered to a question
// of that moment is not to be kept. Nobody changes the row until the transaction ends.
func (t *Tx) WentStale(table string, id ID, asked time.Time) (bool, error) {
	if table != "accounts" && table != "rooms" {
		return false, errFactsOf
	}
	type row struct{ FactAt, WantedAt *time.Time }
	r, err := first[row](t.db, "SELECT fact_at, wanted_at FROM "+table+" WHERE id = ?"+t.store.lockingOne(), id)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return r.FactAt == nil && r.WantedAt != nil && r.WantedAt.After(asked), err
}

// errFactsOf says that a caller named a table that holds no facts.
var errFactsOf = errors.New("facts are about accounts and rooms")

// DropFact stops asking for a fact that nobody can be asked for.
func (t *Tx) DropFact(table string, id ID) error {
	if table != "accounts" && table != "rooms" {
		return errFactsOf
	}
	return t.db.Exec("UPDATE "+table+" SET wanted_at = NULL WHERE id = ?", id).Error
}

// PutOffFacts tries a fact again later; the old fact keeps its age.
func (t *Tx) PutOffFacts(table string, id ID, until time.Time) error {
	switch table {
	case "accounts", "rooms":
		return t.db.Exec("UPDATE "+table+" SET wanted_at = ? WHERE id = ?", until.UTC().Truncate(time.Microsecond), id).Error
	}
	return errFactsOf
}
