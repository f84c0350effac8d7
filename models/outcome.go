package models

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"
)

// Outcome is what a partner reports came of it: a meeting, a quote, a deal.
type Outcome struct {
	ID         ID
	ExternalID string // what the vendor's own system calls it; the same one is the same outcome
	PartnerID  ID
	PersonID   ID
	Title      string
	Stage      string
	Amount     *int64 // hundredths of the currency's unit; nil = not told
	Currency   string
	ClosedOn   *string // YYYY-MM-DD
	Materials  Strings
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// The stages that have a name of their own; others are kept as they are written.
const (
	StageMeeting = "meeting"
	StageQuote   = "quote"
	StageWon     = "won"
	StageLost    = "lost"
)

// What SaveOutcome did.
const (
	OutcomeAdded     = "added"
	OutcomeChanged   = "changed"
	OutcomeUnchanged = "unchanged"
)

const outcomeColumns = "id,external_id,partner_id,person_id,title,stage,amount,currency,closed_on,materials"

// SaveOutcome keeps an outcome under its external id. The first time it is an
// event; the same again changes nothing.
func (t *Tx) SaveOutcome(o Outcome) (string, error) {
	have, err := first[Outcome](t.db, "SELECT "+outcomeColumns+" FROM outcomes WHERE external_id = ?", o.ExternalID)
	switch {
	case errors.Is(err, ErrNotFound):
		return OutcomeAdded, t.addOutcome(o)
	case err != nil:
		return "", err
	case have.same(o):
		return OutcomeUnchanged, nil
	}
	err = t.db.Exec("UPDATE outcomes SET partner_id = ?, person_id = ?, title = ?, stage = ?, amount = ?, currency = ?, closed_on = ?, materials = ?, updated_at = ? WHERE id = ?",
		o.PartnerID, o.PersonID, o.Title, o.Stage, o.Amount, o.Currency, o.ClosedOn, o.Materials.JSON(), t.now, have.ID).Error
	return OutcomeChanged, err
}

// OutcomeOf answers the outcome under an external id. Staff scope.
func (t *Tx) OutcomeOf(externalID string) (Outcome, error) {
	return first[Outcome](t.db, "SELECT "+outcomeColumns+" FROM outcomes WHERE external_id = ?", externalID)
}

func (t *Tx) addOutcome(o Outcome) error {
	o.ID = NewID()
	err := t.db.Exec("INSERT INTO outcomes ("+outcomeColumns+",created_at,updated_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
		o.ID, o.ExternalID, o.PartnerID, o.PersonID, o.Title, o.Stage, o.Amount, o.Currency, o.ClosedOn, o.Materials.JSON(), t.now, t.now).Error
	if isDuplicate(err) {
		return ErrDuplicate
	}
	if err != nil {
		return err
	}
	// The log holds no words: the external id may carry a customer's name.
	sum := sha256.Sum256([]byte(o.ExternalID))
	key := hex.EncodeToString(sum[:])
	e := Event{Kind: OutcomeReported, Class: ClassHuman, PartnerID: o.PartnerID, PersonID: o.PersonID, ObjectKind: "outcome", ObjectKey: key, EffectKey: "outcome/" + key}
	if o.Amount != nil {
		e.Amount = o.Amount
	}
	named, err := t.namesPeople()
	if err != nil {
		return err
	}
	if !named {
		e.PersonID = ID{}
	}
	return t.Append(e)
}

// namesPeople tells whether events may name a person (privacy.person_level).
func (t *Tx) namesPeople() (bool, error) {
	v, err := first[int64](t.db, "SELECT value FROM versions WHERE name = 'person_level'")
	if errors.Is(err, ErrNotFound) {
		return true, nil
	}
	return v != 0, err
}

func (o Outcome) same(p Outcome) bool {
	number := func(a, b *int64) bool { return a == b || a != nil && b != nil && *a == *b }
	text := func(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }
	return o.PartnerID == p.PartnerID && o.PersonID == p.PersonID && o.Title == p.Title && o.Stage == p.Stage && o.Currency == p.Currency &&
		number(o.Amount, p.Amount) && text(o.ClosedOn, p.ClosedOn) && o.Materials.JSON() == p.Materials.JSON()
}

// OutcomeSum is what outcomes of a stage add up to in one currency.
type OutcomeSum struct {
	PartnerID ID
	Stage     string
	Currency  string
	N         int64
	Amount    int64 // hundredths
}

// OutcomesIn adds up outcomes by partner, stage and currency: those that closed
// on the days from first to last, and those without a day that were told then.
func (t *Tx) OutcomesIn(firstDay, lastDay string, from, to time.Time) ([]OutcomeSum, error) {
	return all[OutcomeSum](t.db, "SELECT partner_id, stage, currency, COUNT(*) AS n, COALESCE(SUM(amount), 0) AS amount FROM outcomes "+
		"WHERE closed_on >= ? AND closed_on <= ? OR closed_on IS NULL AND created_at >= ? AND created_at < ? GROUP BY partner_id, stage, currency ORDER BY stage, currency",
		firstDay, lastDay, micro(from), micro(to))
}
