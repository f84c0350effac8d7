package models

import (
	"encoding/json"
	"errors"
	"time"

	"akari/bot"
)

// The states of a gap: 未対応, 対応中, 回答済.
const (
	GapOpen   = "open"
	GapDoing  = "doing"
	GapClosed = "answered"
)

// Gap is a question without an answer, until somebody answers it. Equal
// questions are one gap with several askers.
type Gap struct {
	ID         ID
	Status     string
	Language   string
	QuestionID ID // of its Text
	AnswerID   ID
	OwnerID    ID
	Department string
	EntryKey   string // of the entry that it became
	DueAt      time.Time
	CreatedAt  time.Time
	AnsweredAt *time.Time
	AnsweredBy ID
	Epoch      int64
	Askers     int // how often it was asked
}

// Asker is one who waits for a gap's answer, and where they asked.
type Asker struct {
	GapID     ID
	EventID   ID
	PersonID  ID
	PartnerID ID
	At        bot.Address
	ToldAt    *time.Time
}

const gapColumns = "g.id,g.status,g.language,g.question_id,g.answer_id,g.owner_id,g.department,g.entry_key,g.due_at,g.created_at,g.answered_at,g.answered_by,g.epoch," +
	"(SELECT COUNT(*) FROM gap_askers a WHERE a.gap_id = g.id) AS askers"

// OpenGap adds an asker to the open gap with this hash, making the gap if there
// is none. isNew tells which. Until the transaction ends nobody answers the gap: who
// joins it in that moment would wait for ever.
func (t *Tx) OpenGap(hash []byte, g Gap, a Asker) (out Gap, isNew bool, err error) {
	out, err = first[Gap](t.db, "SELECT "+gapColumns+" FROM gaps g WHERE g.open_hash = ?"+t.store.lockingOne(), hash)
	if errors.Is(err, ErrNotFound) {
		isNew, out = true, g
		out.ID, out.Status = NewID(), GapOpen
		err = t.db.Exec("INSERT INTO gaps (id,open_hash,status,language,question_id,owner_id,department,entry_key,due_at,created_at,epoch) VALUES (?,?,?,?,?,?,?,'',?,?,1)",
			out.ID, hash, out.Status, g.Language, g.QuestionID, g.OwnerID, g.Department, g.DueAt.UTC().Truncate(time.Microsecond), t.now).Error
		if isDuplicate(err) { // somebody asked the same at the same moment
			isNew = false
			out, err = first[Gap](t.db, "SELECT "+gapColumns+" FROM gaps g WHERE g.open_hash = ?"+t.store.lockingOne(), hash)
		}
	}
	if err != nil {
		return Gap{}, false, err
	}
	at, err := json.Marshal(a.At)
	if err != nil {
		return Gap{}, false, err
	}
	err = t.db.Exec("INSERT INTO gap_askers (gap_id,event_id,person_id,partner_id,at,created_at) VALUES (?,?,?,?,?,?)",
		out.ID, a.EventID, a.PersonID, a.PartnerID, string(at), t.now).Error
	if isDuplicate(err) { // the same question escalated twice: one asker
		return out, false, nil
	}
	out.Askers++
	return out, isNew, err
}

// GapOf answers a gap. Staff scope.
func (t *Tx) GapOf(id ID) (Gap, error) {
	return first[Gap](t.db, "SELECT "+gapColumns+" FROM gaps g WHERE g.id = ?", id)
}

// Gaps answers up to limit gaps that are not answered, the most urgent first.
// Staff scope.
func (t *Tx) Gaps(limit int) ([]Gap, error) {
	return all[Gap](t.db, "SELECT "+gapColumns+" FROM gaps g WHERE g.status IN ('open','doing') ORDER BY g.due_at, g.id LIMIT ?", limit)
}

// CountGaps answers how many gaps are not answered.
func (t *Tx) CountGaps() (int64, error) {
	return first[int64](t.db, "SELECT COUNT(*) FROM gaps WHERE status IN ('open','doing')")
}

// TakeGap says who works on a gap. false: it is answered already.
func (t *Tx) TakeGap(id, owner ID) (bool, error) {
	r := t.db.Exec("UPDATE gaps SET status = 'doing', owner_id = ?, epoch = epoch + 1 WHERE id = ? AND status <> 'answered'", owner, id)
	return r.RowsAffected == 1, r.Error
}

// AnswerGap ends a gap. false: somebody else answered it before.
func (t *Tx) AnswerGap(id, by, answer ID) (bool, error) {
	r := t.db.Exec("UPDATE gaps SET status = 'answered', open_hash = NULL, answer_id = ?, answered_by = ?, answered_at = ?, epoch = epoch + 1 WHERE id = ? AND status <> 'answered'", answer, by, t.now, id)
	return r.RowsAffected == 1, r.Error
}

// GapBecame says which entry a gap became.
func (t *Tx) GapBecame(id ID, entry string) error {
	return t.db.Exec("UPDATE gaps SET entry_key = ?, epoch = epoch + 1 WHERE id = ?", entry, id).Error
}

// AskersOf answers who waits for a gap's answer and was not told yet.
func (t *Tx) AskersOf(gap ID) ([]Asker, error) {
	type row struct {
		GapID, EventID, PersonID, PartnerID ID
		At                                  string
	}
	rows, err := all[row](t.db, "SELECT gap_id,event_id,person_id,partner_id,at FROM gap_askers WHERE gap_id = ? AND told_at IS NULL ORDER BY event_id", gap)
	if err != nil {
		return nil, err
	}
	out := make([]Asker, len(rows))
	for i, r := range rows {
		out[i] = Asker{GapID: r.GapID, EventID: r.EventID, PersonID: r.PersonID, PartnerID: r.PartnerID}
		if err := json.Unmarshal([]byte(r.At), &out[i].At); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// AskerTold remembers that an asker was told the answer.
func (t *Tx) AskerTold(a Asker) error {
	return t.db.Exec("UPDATE gap_askers SET told_at = ? WHERE gap_id = ? AND event_id = ?", t.now, a.GapID, a.EventID).Error
}
