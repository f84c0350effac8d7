package models

import (
	"strings"
	"time"
)

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

// PartnerSpan is a stretch of time of one partner.
type PartnerSpan struct {
	Partner  ID
	From, To time.Time // from From to before To
}

// OpenedIn answers the materials that a human of each partner opened in its span:
// ranges of the partners' own events, whatever the length of the log. Each partner
// may have one span. Staff scope.
func (t *Tx) OpenedIn(spans []PartnerSpan) (map[ID][]string, error) {
	out := map[ID][]string{}
	if len(spans) == 0 {
		return out, nil
	}
	type row struct {
		PartnerID ID
		ObjectKey string
	}
	var theirs []string
	var args []any
	for _, s := range spans {
		theirs, args = append(theirs, "e.partner_id = ? AND e.occurred_at >= ? AND e.occurred_at < ?"), append(args, s.Partner, micro(s.From), micro(s.To))
	}
	rows, err := all[row](t.db, "SELECT DISTINCT e.partner_id, e.object_key FROM events e"+t.by("events_partner")+" LEFT JOIN visits v ON v.link_id = e.link_id AND v.visit = e.visit "+
		"WHERE ("+strings.Join(theirs, " OR ")+") AND e.kind = 'opened' AND e.object_key <> '' AND "+humanly, args...)
	for _, r := range rows {
		out[r.PartnerID] = append(out[r.PartnerID], r.ObjectKey)
	}
	return out, err
}
