package models

import (
	"strings"
	"time"
)

// lateRow is an event of an earlier week that became known, or changed its class, in this one.
type lateRow struct {
	PartnerID  ID
	Kind       string
	Detail     string
	OwnClass   *string
	LinkID     ID
	Visit      *string
	RecordedAt time.Time
	CutAt      *time.Time // of the week it occurred in; nil = before the first week
}

const (
	lateColumns = "e.partner_id, e.kind, e.detail, e.class AS own_class, e.link_id, e.visit, e.recorded_at, w.cut_at FROM events e"
	lateWeek    = " LEFT JOIN weeks w ON e.occurred_at >= w.week_start AND e.occurred_at < w.week_end"
)

// corrections are what this week learned about the weeks before it: what came in
// late, and visits that were classed anew. Numbers of people have none: who
// else acted is not a sum.
func (t *Tx) corrections(row weekRow) (map[ID]Counts, error) {
	since, until := row.noticing()
	if !until.After(since) {
		return nil, nil
	}
	late, err := all[lateRow](t.db, "SELECT "+lateColumns+t.by("events_recorded")+lateWeek+" WHERE e.recorded_at >= ? AND e.recorded_at < ? AND e.occurred_at < ? AND e.partner_id IS NOT NULL"+
		" AND (w.cut_at IS NULL OR e.recorded_at >= w.cut_at)", since, until, row.WeekStart)
	if err != nil {
		return nil, err
	}
	out := map[ID]Counts{}
	classes := classBook{t: t}
	for _, e := range late {
		class, err := classes.of(e, until)
		if err != nil {
			return nil, err
		}
		correct(out, e, class, +1)
	}
	anew, err := all[lateRow](t.db, "SELECT "+lateColumns+t.by("events_link")+lateWeek+" JOIN (SELECT DISTINCT link_id, visit FROM visit_classes WHERE since > ? AND since <= ?) k"+
		" ON k.link_id = e.link_id AND k.visit = e.visit WHERE e.occurred_at < ? AND e.partner_id IS NOT NULL", since, until, row.WeekStart)
	if err != nil {
		return nil, err
	}
	for _, e := range anew {
		counted := since // when its class was last told
		if e.CutAt != nil && e.CutAt.After(counted) {
			counted = *e.CutAt
		}
		if e.RecordedAt.Before(counted) && counted.Before(until) {
			if err := classes.move(out, e, counted, until); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// classBook answers what a visit was taken for at a moment.
type classBook struct{ t *Tx }

func (b classBook) of(e lateRow, at time.Time) (*string, error) {
	if e.Visit == nil {
		return e.OwnClass, nil
	}
	kept, err := all[string](b.t.db, "SELECT class FROM visit_classes WHERE link_id = ? AND visit = ? AND since <= ? ORDER BY since DESC LIMIT 1", e.LinkID, *e.Visit, micro(at))
	if err == nil && len(kept) == 0 { // no count had met it by then: what it was first taken for
		kept, err = all[string](b.t.db, "SELECT class FROM visit_classes WHERE link_id = ? AND visit = ? ORDER BY since LIMIT 1", e.LinkID, *e.Visit)
	}
	if err != nil || len(kept) == 0 {
		return e.OwnClass, err
	}
	return &kept[0], nil
}

// move takes an event out of the class it was counted in and into the new one.
func (b classBook) move(out map[ID]Counts, e lateRow, from, to time.Time) error {
	before, err := b.of(e, from)
	if err != nil {
		return err
	}
	after, err := b.of(e, to)
	if err != nil {
		return err
	}
	correct(out, e, before, -1)
	correct(out, e, after, +1)
	return nil
}

// correct adds one event, or takes it away.
func correct(out map[ID]Counts, e lateRow, class *string, by int64) {
	for _, f := range Figures {
		if f.People || f.Product != (class == nil) || !f.Product && *class != ClassHuman || !strings.Contains(e.Detail, f.Detail) {
			continue
		}
		for _, k := range f.Kinds {
			if k == e.Kind {
				if out[e.PartnerID] == nil {
					out[e.PartnerID] = Counts{}
				}
				out[e.PartnerID][f.Key] += by
			}
		}
	}
}
