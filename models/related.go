package models

import "time"

// Result is one outcome, for comparing what came before it.
type Result struct {
	PartnerID ID
	ClosedOn  *string
	CreatedAt time.Time
}

// ResultsBetween answers the outcomes of some stages that closed on the days from
// first to last, or, without a day, were told in the span. Staff scope.
func (t *Tx) ResultsBetween(stages []string, firstDay, lastDay string, from, to time.Time) ([]Result, error) {
	return all[Result](t.db, "SELECT partner_id, closed_on, created_at FROM outcomes WHERE stage IN ? AND (closed_on >= ? AND closed_on <= ? OR closed_on IS NULL AND created_at >= ? AND created_at < ?) ORDER BY partner_id",
		stages, firstDay, lastDay, micro(from), micro(to))
}

// OpenedBefore answers the materials that a human of a partner opened in a span:
// a range of the partner's own events, whatever the length of the log.
func (t *Tx) OpenedBefore(partner ID, from, to time.Time) ([]string, error) {
	return all[string](t.db, "SELECT DISTINCT e.object_key FROM events e"+t.by("events_partner")+" LEFT JOIN visits v ON v.link_id = e.link_id AND v.visit = e.visit "+
		"WHERE e.partner_id = ? AND e.occurred_at >= ? AND e.occurred_at < ? AND e.kind = 'opened' AND e.object_key <> '' AND "+humanly, partner, micro(from), micro(to))
}
