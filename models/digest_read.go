package models

import (
	"errors"
	"time"
)

// KnownMembers counts the people known at each partner, who have not left.
func (t *Tx) KnownMembers() (map[ID]int64, error) {
	type row struct {
		PartnerID ID
		N         int64
	}
	rows, err := all[row](t.db, "SELECT partner_id, COUNT(*) AS n FROM people WHERE side = 'member' AND left_at IS NULL AND partner_id IS NOT NULL GROUP BY partner_id")
	out := map[ID]int64{}
	for _, r := range rows {
		out[r.PartnerID] = r.N
	}
	return out, err
}

// KnownMembersOf counts the people known at one partner, who have not left.
func (t *Tx) KnownMembersOf(partner ID) (int64, error) {
	return first[int64](t.db, "SELECT COUNT(*) FROM people WHERE partner_id = ? AND side = 'member' AND left_at IS NULL", partner)
}

// LastActive answers when somebody of a partner last did something before a
// moment; nil = never.
func (t *Tx) LastActive(partner ID, before time.Time) (*time.Time, error) {
	type row struct{ OccurredAt time.Time }
	r, err := first[row](t.db, "SELECT occurred_at FROM events WHERE partner_id = ? AND occurred_at < ? AND class = 'human' ORDER BY occurred_at DESC LIMIT 1", partner, micro(before))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return &r.OccurredAt, err
}

// GapState is how the questions without an answer stood at a moment.
type GapState struct {
	Open    int64
	Overdue int64
	Oldest  *time.Time // when the oldest of them was asked
}

// GapsAt answers how gaps stood at a moment; partners limits it to gaps that
// somebody of them asked, nil does not. Staff scope.
func (t *Tx) GapsAt(at time.Time, partners []ID) (GapState, error) {
	sql := "SELECT COUNT(*) AS open, COALESCE(SUM(CASE WHEN g.due_at < ? THEN 1 ELSE 0 END), 0) AS overdue FROM gaps g WHERE " + gapOpenAt
	args := []any{micro(at), micro(at), micro(at)}
	asked := ""
	if partners != nil {
		asked = " AND EXISTS (SELECT 1 FROM gap_askers a WHERE a.gap_id = g.id AND a.partner_id IN ?)"
		args = append(args, partners)
	}
	s, err := first[GapState](t.db, sql+asked, args...)
	if err != nil || s.Open == 0 {
		return s, err
	}
	type row struct{ CreatedAt time.Time }
	r, err := first[row](t.db, "SELECT g.created_at FROM gaps g WHERE "+gapOpenAt+asked+" ORDER BY g.created_at LIMIT 1", args[1:]...)
	s.Oldest = &r.CreatedAt
	return s, err
}

const gapOpenAt = "g.created_at < ? AND (g.answered_at IS NULL OR g.answered_at >= ?)"

// SupportAnswer is one gap that staff answered.
type SupportAnswer struct {
	PersonID   ID // who answered
	Name       string
	Department string
	PartnerID  ID // of who asked first
	CreatedAt  time.Time
	AnsweredAt time.Time
}

// AnsweredGaps answers the gaps that staff answered in a span. Staff scope.
func (t *Tx) AnsweredGaps(from, to time.Time, partners []ID) ([]SupportAnswer, error) {
	sql := "SELECT w.id AS person_id, COALESCE(w.name, '') AS name, COALESCE(NULLIF(w.department, ''), g.department) AS department, g.created_at, g.answered_at, " +
		"(SELECT a.partner_id FROM gap_askers a WHERE a.gap_id = g.id ORDER BY a.created_at, a.event_id LIMIT 1) AS partner_id " +
		"FROM gaps g LEFT JOIN people w ON w.id = g.answered_by WHERE g.answered_at >= ? AND g.answered_at < ?"
	args := []any{micro(from), micro(to)}
	if partners != nil {
		sql += " AND EXISTS (SELECT 1 FROM gap_askers a WHERE a.gap_id = g.id AND a.partner_id IN ?)"
		args = append(args, partners)
	}
	return all[SupportAnswer](t.db, sql+" ORDER BY g.answered_at", args...)
}

// MaterialsGiven answers the materials of which somebody of a partner has a link.
func (t *Tx) MaterialsGiven(partner ID) (map[string]bool, error) {
	keys, err := all[string](t.db, "SELECT DISTINCT l.material_key FROM links l JOIN people w ON w.id = l.person_id WHERE w.partner_id = ? AND l.purpose = '' AND l.material_key <> ''", partner)
	out := map[string]bool{}
	for _, k := range keys {
		out[k] = true
	}
	return out, err
}
