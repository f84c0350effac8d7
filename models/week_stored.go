package models

import (
	"errors"
	"time"
)

// stored answers the row of a closed week whose kept figures tell what is known of
// it, but of the partners of whom something came in since its last count. ok is false
// where it has to be counted from the log. Of a final week the kept figures tell all.
func (t *Tx) stored(w Week) (row weekRow, late []ID, ok bool, err error) {
	row, err = first[weekRow](t.db, "SELECT "+weekColumns+" FROM weeks WHERE week_start = ?", micro(w.Start))
	if errors.Is(err, ErrNotFound) {
		return row, nil, false, nil
	}
	if err != nil || !row.WeekEnd.Equal(w.End) || row.CutAt.Before(w.End) {
		return row, nil, false, err
	}
	if row.Final {
		return row, nil, true, nil
	}
	late, err = all[ID](t.db, "SELECT DISTINCT e.partner_id FROM events e"+t.by("events_recorded")+" WHERE e.recorded_at >= ? AND e.occurred_at >= ? AND e.occurred_at < ? AND e.partner_id IS NOT NULL LIMIT ?",
		row.CutAt, micro(w.Start), micro(w.End), lateMost+1)
	return row, late, err == nil && len(late) <= lateMost, err
}

// lateMost is of how many partners a week is counted anew one by one: of more, the
// whole week is no dearer.
const lateMost = 20

// CountWeek counts a closed week for every partner: from its kept figures where
// they tell all that is known, else from the log. A final week is what was final
// (rulings 17). figures are those asked for, none = all; more may be answered.
// Staff scope.
func (t *Tx) CountWeek(w Week, figures ...string) (Counted, error) {
	_, late, ok, err := t.stored(w)
	if err != nil {
		return Counted{}, err
	}
	span := Period{From: w.Start, To: w.End}
	if !ok {
		return t.Count(span)
	}
	out := Counted{Partners: map[ID]Counts{}}
	sql, args := "SELECT partner_id, metric, value FROM weekly WHERE week_start = ? AND part = ?", []any{micro(w.Start), partOwn}
	if len(figures) > 0 {
		sql, args = sql+" AND metric IN ?", append(args, figures)
	}
	if err := t.keptInto(&out, sql, args...); err != nil {
		return out, err
	}
	for _, span.Partner = range late {
		c, err := t.Count(span)
		if err != nil {
			return out, err
		}
		out.Partners[span.Partner] = c.Partners[span.Partner]
	}
	return out, nil
}

// keptInto reads kept figures by hand, as countRows does.
func (t *Tx) keptInto(out *Counted, sql string, args ...any) error {
	rows, err := t.db.Raw(sql, args...).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var partner ID
		var metric string
		var value int64
		if err := rows.Scan(&partner, &metric, &value); err != nil {
			return err
		}
		out.of(partner)[metric] = value
	}
	return rows.Err()
}

// SumWeeks adds up kept figures of weeks over some partners, by the moment a week
// begins; nil = all partners. Weeks that are not kept are missing. Staff scope.
func (t *Tx) SumWeeks(weeks []Week, partners []ID, metrics ...string) (map[time.Time]Counts, error) {
	out := map[time.Time]Counts{}
	starts := make([]time.Time, len(weeks))
	for i, w := range weeks {
		starts[i] = micro(w.Start)
	}
	if len(starts) == 0 {
		return out, nil
	}
	kept, err := all[weekRow](t.db, "SELECT "+weekColumns+" FROM weeks WHERE week_start IN ?", starts)
	if err != nil {
		return out, err
	}
	for _, k := range kept {
		for _, w := range weeks {
			if k.WeekStart.Equal(w.Start) && k.WeekEnd.Equal(w.End) && !k.CutAt.Before(w.End) {
				out[k.WeekStart.UTC()] = Counts{}
			}
		}
	}
	type row struct {
		WeekStart time.Time
		Metric    string
		Value     int64
	}
	sql, args := "SELECT week_start, metric, SUM(value) AS value FROM weekly WHERE week_start IN ? AND part = ?", []any{starts, partOwn}
	if partners != nil {
		sql, args = sql+" AND partner_id IN ?", append(args, partners)
	}
	if len(metrics) > 0 {
		sql, args = sql+" AND metric IN ?", append(args, metrics)
	}
	rows, err := all[row](t.db, sql+" GROUP BY week_start, metric", args...)
	for _, r := range rows {
		if c := out[r.WeekStart.UTC()]; c != nil {
			c[r.Metric] = r.Value
		}
	}
	return out, err
}

// CorrectionsIn answers what a week learned of final weeks before it, added up over
// some partners; nil = all. Staff scope.
func (t *Tx) CorrectionsIn(w Week, partners []ID) (Counts, error) {
	type row struct {
		Metric string
		Value  int64
	}
	out := Counts{}
	theirs, args := among("partner_id", partners, micro(w.Start), partCorrection)
	rows, err := all[row](t.db, "SELECT metric, SUM(value) AS value FROM weekly WHERE week_start = ? AND part = ?"+theirs+" GROUP BY metric", args...)
	for _, r := range rows {
		if r.Value != 0 {
			out[r.Metric] = r.Value
		}
	}
	return out, err
}

// SameWeekOfLastHalf answers the week with the same number in the half-year
// before; ok is false where that half had fewer weeks.
func SameWeekOfLastHalf(w Week, zone *time.Location, startMonth int) (Week, bool) {
	at := HalfOf(w, zone, startMonth)
	for range 2 * 27 {
		w = w.Before(zone)
		if h := HalfOf(w, zone, startMonth); h.Second != at.Second && h.Week == at.Week {
			return w, true
		} else if h.Second == at.Second && h.Year != at.Year {
			break
		}
	}
	return Week{}, false
}
