package models

import (
	"time"
)

// Learned is one thing that members did with what a question found: it may teach
// an entry a wording, or that it does not answer one.
type Learned struct {
	EventID  ID     // of the question, whose text is found by it
	Question string // as it was written; for staff only
	EntryKey string
	Picked   bool // chosen among candidates, or made an entry by staff
	Rated    bool // 解決した or 解決しない
	Solved   bool // which of the two
	At       time.Time
}

// Learned answers what members picked and rated since a moment, and which gaps
// became entries, newest first, at most limit of each. What was erased or
// withdrawn is not among it. Staff scope: it holds words of every partner.
func (t *Tx) Learned(since time.Time, limit int) ([]Learned, error) {
	type row struct {
		EventID    ID
		Question   string
		EntryKey   string
		Kind       string
		Detail     string
		OccurredAt time.Time
	}
	rows, err := all[row](t.db, "SELECT e.cause_id AS event_id, x.body AS question, e.object_key AS entry_key, e.kind, e.detail, e.occurred_at "+
		"FROM events e JOIN texts x ON x.event_id = e.cause_id AND x.kind = 'question' "+
		"WHERE e.occurred_at > ? AND e.kind IN ('picked','rated') AND e.class = 'human' AND e.object_kind = 'entry' AND e.object_key <> '' "+
		"ORDER BY e.occurred_at DESC LIMIT ?", since, limit)
	if err != nil {
		return nil, err
	}
	out := make([]Learned, 0, len(rows))
	for _, r := range rows {
		l := Learned{EventID: r.EventID, Question: r.Question, EntryKey: r.EntryKey, At: r.OccurredAt, Picked: r.Kind == Picked, Rated: r.Kind == Rated}
		l.Solved = l.Rated && r.Detail == solvedDetail
		out = append(out, l)
	}
	added, err := all[row](t.db, "SELECT x.event_id, x.body AS question, g.entry_key, g.answered_at AS occurred_at FROM gaps g JOIN texts x ON x.id = g.question_id "+
		"WHERE g.answered_at > ? AND g.entry_key <> '' ORDER BY g.answered_at DESC LIMIT ?", since, limit)
	for _, r := range added {
		out = append(out, Learned{EventID: r.EventID, Question: r.Question, EntryKey: r.EntryKey, At: r.OccurredAt, Picked: true})
	}
	return out, err
}

// solvedDetail is how Append writes what 解決した records.
const solvedDetail = `{"solved":1}`

// AskedBefore is a question that a member asked.
type AskedBefore struct {
	EventID   ID
	PartnerID ID
	Question  string
	At        time.Time
}

// RecentQuestions answers what members asked since a moment, newest first.
// Staff scope: it holds words of every partner.
func (t *Tx) RecentQuestions(since time.Time, limit int) ([]AskedBefore, error) {
	return all[AskedBefore](t.db, "SELECT e.id AS event_id, e.partner_id, x.body AS question, x.created_at AS at "+
		"FROM texts x JOIN events e ON e.id = x.event_id WHERE x.created_at > ? AND x.kind = 'question' AND e.kind = 'asked' AND e.class = 'human' "+
		"ORDER BY x.created_at DESC LIMIT ?", since, limit)
}

// The kinds of lesson and what staff said to it.
const (
	LessonVariant = "variant" // another wording of the entry's question
	LessonNot     = "not"     // a question that the entry does not answer

	LessonTaken  = "taken"
	LessonPassed = "passed"
)

// Lesson is staff's word on a wording for an entry. The wording itself is only
// there as a keyed hash: erasing its asker leaves nothing to read.
type Lesson struct {
	Hash      []byte // of the normalised question
	EntryKey  string
	Kind      string
	Verdict   string
	DecidedBy ID
	DecidedAt time.Time
}

// Lessons answers what staff said to any of these hashes.
func (t *Tx) Lessons(hashes [][]byte) ([]Lesson, error) {
	if len(hashes) == 0 {
		return nil, nil
	}
	return all[Lesson](t.db, "SELECT hash, entry_key, kind, verdict, decided_by, decided_at FROM lessons WHERE hash IN ?", hashes)
}

// DecideLesson keeps what staff said. false: somebody said it before.
func (t *Tx) DecideLesson(l Lesson) (bool, error) {
	err := t.db.Exec("INSERT INTO lessons (entry_key,hash,kind,verdict,decided_by,decided_at) VALUES (?,?,?,?,?,?)", l.EntryKey, l.Hash, l.Kind, l.Verdict, l.DecidedBy, t.now).Error
	if isDuplicate(err) {
		return false, nil
	}
	return err == nil, err
}
