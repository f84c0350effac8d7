package models

import (
	"strings"
	"time"
)

// EventFilter picks events of the log. What is zero is no condition.
type EventFilter struct {
	From, To time.Time // from From to before To; both are required
	Figure   *Figure   // what is counted by it
	Kind     string
	Class    string // "none" = without a class: what the product did
	Partner  ID
	Person   ID
	Object   string // a material's or an entry's key
	Campaign int64
	Persons  bool // whether persons may be told
	BeforeAt *time.Time
	BeforeID ID // with BeforeAt: only what comes behind this one, newest first
	Limit    int
}

// EventLine is one event as staff read it.
type EventLine struct {
	ID            ID
	Kind          string
	Class         *string
	Platform      string
	PartnerKey    *string
	PartnerName   *string
	PersonKey     *string
	PersonName    *string
	ObjectKind    string
	ObjectKey     string
	ObjectVersion int
	CampaignID    *int64
	Page          *int
	OccurredAt    time.Time
	RecordedAt    time.Time
}

// EventSum is how much a filter picks, counted no further than Most events.
type EventSum struct {
	N      int64
	People int64 // different persons among them; 0 where the log knows none
	More   bool  // there are more than counted
}

// EventSumMost is as far as EventSum counts.
const EventSumMost = 20000

const eventClass = "COALESCE(v.class, e.class)"

// where words the filter, and says which index it goes through.
func (f EventFilter) where() (sql, index string, args []any) {
	sql, args, index = "e.occurred_at >= ? AND e.occurred_at < ?", []any{micro(f.From), micro(f.To)}, "events_week"
	and := func(condition string, values ...any) { sql, args = sql+" AND "+condition, append(args, values...) }
	if f.Figure != nil {
		and("e.kind IN ?", f.Figure.Kinds)
		and("e.partner_id IS NOT NULL")
		switch {
		case f.Figure.Product:
			and(eventClass + " IS NULL")
		default:
			and(eventClass + " = 'human'")
		}
		if f.Figure.Detail != "" {
			and("e.detail LIKE ?", "%"+f.Figure.Detail+"%")
		}
	}
	if f.Kind != "" {
		and("e.kind = ?", f.Kind)
	}
	switch f.Class {
	case "":
	case "none":
		and(eventClass + " IS NULL")
	default:
		and(eventClass+" = ?", f.Class)
	}
	if f.Campaign != 0 {
		and("e.campaign_id = ?", f.Campaign)
		index = "events_campaign"
	}
	if f.Object != "" {
		and("e.object_key = ?", f.Object)
		index = "events_object"
	}
	if !f.Partner.IsZero() {
		and("e.partner_id = ?", f.Partner)
		index = "events_partner"
	}
	if !f.Person.IsZero() {
		and("e.person_id = ?", f.Person)
		index = "events_person"
	}
	return sql, index, args
}

// eventJoin is what a class needs.
const eventJoin = " LEFT JOIN visits v ON v.link_id = e.link_id AND v.visit = e.visit"

// SumEvents counts what a filter picks. Staff scope.
func (t *Tx) SumEvents(f EventFilter) (EventSum, error) {
	where, index, args := f.where()
	s, err := first[EventSum](t.db, "SELECT COUNT(*) AS n, COUNT(DISTINCT x.person_id) AS people FROM (SELECT e.person_id FROM events e"+t.by(index)+eventJoin+
		" WHERE "+where+" LIMIT ?) AS x", append(args, EventSumMost+1)...)
	if s.N > EventSumMost {
		s.N, s.More = EventSumMost, true
	}
	if !f.Persons {
		s.People = 0
	}
	return s, err
}

// Events answers the events that a filter picks, the newest first, at most Limit.
// Staff scope.
//
// No index is in the order of time and id, so first the moment is found at which
// the page ends, and then only what lies before it is sorted.
func (t *Tx) Events(f EventFilter) ([]EventLine, error) {
	where, index, args := f.where()
	if f.BeforeAt != nil {
		at := micro(*f.BeforeAt)
		where, args = where+" AND e.occurred_at <= ? AND (e.occurred_at < ? OR e.id < ?)", append(args, at, at, f.BeforeID)
	}
	type border struct{ OccurredAt time.Time }
	ends, err := all[border](t.db, "SELECT e.occurred_at FROM events e"+t.by(index)+eventJoin+" WHERE "+where+" ORDER BY e.occurred_at DESC LIMIT 1 OFFSET ?", append(args[:len(args):len(args)], f.Limit-1)...)
	if err != nil {
		return nil, err
	}
	if len(ends) > 0 {
		where, args = where+" AND e.occurred_at >= ?", append(args, ends[0].OccurredAt)
	}
	person, with := "w.`key` AS person_key, w.name AS person_name", " LEFT JOIN people w ON w.id = e.person_id"
	if !f.Persons {
		person, with = "NULL AS person_key, NULL AS person_name", ""
	}
	return all[EventLine](t.db, strings.Join([]string{"SELECT e.id, e.kind, " + eventClass + " AS class, e.platform, p.`key` AS partner_key, p.name AS partner_name", person,
		"e.object_kind, e.object_key, e.object_version, e.campaign_id, e.page, e.occurred_at, e.recorded_at FROM events e" + t.by(index) + eventJoin + " LEFT JOIN partners p ON p.id = e.partner_id" + with +
			" WHERE " + where + " ORDER BY e.occurred_at DESC, e.id DESC LIMIT ?"}, ", "), append(args, f.Limit)...)
}
