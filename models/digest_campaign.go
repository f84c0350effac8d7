package models

import "time"

// CampaignsBetween answers the campaigns whose message was being sent at some
// moment of a span, the newest first, at most limit. Staff scope.
func (t *Tx) CampaignsBetween(from, to time.Time, limit int) ([]Campaign, error) {
	return all[Campaign](t.db, "SELECT "+campaignColumns+" FROM campaigns WHERE started_at < ? AND (finished_at IS NULL OR finished_at >= ?) AND deleted_at IS NULL "+
		"AND (state <> 'cancelled' OR updated_at >= ?) ORDER BY started_at DESC, id DESC LIMIT ?", micro(to), micro(from), micro(from), limit)
}

// Support is what one member of staff did in a span, besides answering gaps.
type Support struct {
	PersonID  ID
	Sent      int64 // campaigns launched by them that turned running
	Delivered int64 // messages of campaigns they own that a platform took
	Recorded  int64 // 対応記録, see RecordedBetween
}

// Recorded is how often somebody wrote down what they did for a partner.
type Recorded struct {
	PartnerID, PersonID ID // PersonID is zero where the log knows no persons
	N                   int64
}

// RecordedBetween answers what staff recorded in a span. Staff scope.
func (t *Tx) RecordedBetween(from, to time.Time) ([]Recorded, error) {
	return all[Recorded](t.db, "SELECT e.partner_id, e.person_id, COUNT(*) AS n FROM events e"+t.by("events_kind")+
		" WHERE e.occurred_at >= ? AND e.occurred_at < ? AND e.kind = ? AND e.class = 'staff' GROUP BY e.partner_id, e.person_id", micro(from), micro(to), SupportRecorded)
}

// SupportBetween answers what staff sent in a span and what of theirs was delivered,
// by person; an act without a person is the zero id's. partners limits it to what
// went to them, nil does not. Staff scope.
func (t *Tx) SupportBetween(from, to time.Time, partners []ID) (map[ID]Support, error) {
	type row struct {
		PersonID ID
		N        int64
	}
	out := map[ID]Support{}
	read := func(sql string, add func(*Support, int64), args ...any) error {
		rows, err := all[row](t.db, sql, args...)
		for _, r := range rows {
			s := out[r.PersonID]
			s.PersonID = r.PersonID
			add(&s, r.N)
			out[r.PersonID] = s
		}
		return err
	}
	reached := ""
	args := []any{micro(from), micro(to)}
	if partners != nil {
		reached, args = " AND EXISTS (SELECT 1 FROM recipients r WHERE r.campaign_id = c.id AND r.partner_id IN ?)", append(args, partners)
	}
	err := read("SELECT c.launched_by AS person_id, COUNT(*) AS n FROM campaigns c WHERE c.started_at >= ? AND c.started_at < ? AND c.deleted_at IS NULL"+reached+" GROUP BY c.launched_by",
		func(s *Support, n int64) { s.Sent += n }, args...)
	if err != nil {
		return nil, err
	}
	where, args := among("d.partner_id", partners, micro(to), micro(from), micro(from), micro(to))
	err = read("SELECT c.owner_id AS person_id, COUNT(*) AS n FROM campaigns c JOIN deliveries d ON d.campaign_id = c.id WHERE c.started_at < ? AND c.updated_at >= ? AND c.deleted_at IS NULL "+
		"AND d.state = 'sent' AND d.ended_at >= ? AND d.ended_at < ?"+where+" GROUP BY c.owner_id", func(s *Support, n int64) { s.Delivered += n }, args...)
	if err != nil {
		return nil, err
	}
	return out, err
}
