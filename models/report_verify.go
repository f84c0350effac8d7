package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Difference is a stored figure that a recount of the log does not confirm.
type Difference struct {
	Week    time.Time `json:"week_start"`
	Partner string    `json:"partner_key"`
	Metric  string    `json:"metric"`
	Stored  int64     `json:"stored"`
	Counted int64     `json:"counted"`
}

// Verified is what report verify answers.
type Verified struct {
	Weeks int `json:"weeks"`
	Cells int `json:"cells"` // figures compared
	// Beyond are weeks whose events are older than privacy.event_retention and were
	// deleted: they keep the figures they were told with, and cannot be recounted.
	Beyond      int          `json:"weeks_beyond_retention"`
	BeyondUntil *time.Time   `json:"beyond_retention_until,omitempty"`
	Differences []Difference `json:"differences"`
}

// VerifyWeeks recounts every stored figure of the weeks that begin from a moment
// to before another; zero times are no bound. It changes nothing.
func (s *Store) VerifyWeeks(ctx context.Context, from, to time.Time) (Verified, error) {
	out := Verified{Differences: []Difference{}}
	err := s.View(ctx, func(t *Tx) error {
		weeks, err := t.weeksIn(from, to)
		if err != nil {
			return err
		}
		names, err := t.partnerKeys()
		if err != nil {
			return err
		}
		mark, err := t.RetainedBefore()
		if err != nil {
			return err
		}
		if !mark.IsZero() {
			out.BeyondUntil = &mark
		}
		for _, w := range weeks {
			if w.WeekStart.Before(mark) {
				out.Beyond++
				continue
			}
			// Visits that this week noticed to be something else may lie in deleted weeks.
			told := !mark.IsZero() && w.WeekStart.Before(mark.Add(reclassedFor+w.WeekEnd.Sub(w.WeekStart)+w.NoticedUntil.Sub(w.WeekEnd)))
			if err := t.verifyWeek(w, names, told, &out); err != nil {
				return err
			}
			out.Weeks++
		}
		return nil
	})
	return out, err
}

func (t *Tx) weeksIn(from, to time.Time) ([]weekRow, error) {
	if to.IsZero() {
		to = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if from.IsZero() {
		from = time.Date(1000, 1, 1, 0, 0, 0, 0, time.UTC) // the least that both databases know
	}
	return all[weekRow](t.db, "SELECT "+weekColumns+" FROM weeks WHERE week_start >= ? AND week_start < ? ORDER BY week_start", micro(from), micro(to))
}

func (t *Tx) partnerKeys() (map[ID]string, error) {
	type row struct {
		ID  ID
		Key string
	}
	rows, err := all[row](t.db, "SELECT id, `key` FROM partners")
	out := map[ID]string{}
	for _, r := range rows {
		out[r.ID] = r.Key
	}
	return out, err
}

// verifyWeek compares a week; ownOnly leaves its corrections out.
func (t *Tx) verifyWeek(w weekRow, names map[ID]string, ownOnly bool, out *Verified) error {
	type at struct {
		partner ID
		part    int
		metric  string
	}
	stored, err := all[cell](t.db, "SELECT partner_id,part,metric,value FROM weekly WHERE week_start = ? ORDER BY partner_id, part, metric", w.WeekStart)
	if err != nil {
		return err
	}
	counted, err := t.recount(w)
	if err != nil {
		return err
	}
	if ownOnly {
		corrects := func(c cell) bool { return c.Part == partCorrection }
		stored, counted = slices.DeleteFunc(stored, corrects), slices.DeleteFunc(counted, corrects)
	}
	want := map[at]int64{}
	for _, c := range counted {
		want[at{c.PartnerID, c.Part, c.Metric}] = c.Value
	}
	differ := func(where at, have, counts int64) {
		metric := where.metric
		if where.part == partCorrection {
			metric = "correction." + metric
		}
		out.Differences = append(out.Differences, Difference{w.WeekStart, names[where.partner], metric, have, counts})
	}
	for _, c := range stored {
		where := at{c.PartnerID, c.Part, c.Metric}
		if want[where] != c.Value {
			differ(where, c.Value, want[where])
		}
		delete(want, where)
	}
	for _, c := range counted { // what is left was not stored
		where := at{c.PartnerID, c.Part, c.Metric}
		if n, missing := want[where]; missing {
			differ(where, 0, n)
		}
	}
	out.Cells += len(stored) + len(want)
	return nil
}

// Rebuilt is what report rebuild answers.
type Rebuilt struct {
	Weeks int `json:"weeks"`
	Cells int `json:"cells"`
}

// oldestRebuilt bounds how far back a rebuild begins by itself: an event with a
// broken clock must not make thousands of empty weeks.
const oldestRebuilt = 10

// settleRebuild is waited for before counting: every transaction that began
// before the cut has ended by then or was given up (server.ack_deadline is 1.5 s).
var settleRebuild = 2 * time.Second

// RebuildWeeks makes the figures of closed weeks anew from what is known now, and
// then what later weeks noticed of them. Final weeks stay final. It is audited.
func (s *Store) RebuildWeeks(ctx context.Context, zone *time.Location, grace time.Duration, from, to time.Time) (Rebuilt, error) {
	var out Rebuilt
	cut := s.Now()
	select {
	case <-ctx.Done():
		return out, ctx.Err()
	case <-time.After(settleRebuild):
	}
	weeks, err := s.weeksToRebuild(ctx, zone, cut, from, to)
	if err != nil || len(weeks) == 0 {
		return out, err
	}
	made := map[time.Time]bool{}
	var spans []Period        // whose events may now belong elsewhere
	for _, w := range weeks { // the oldest first: a week's corrections depend on the cuts of those before it
		made[w.Start] = true
		spans = append(spans, Period{From: w.Start, To: w.End})
		err := s.InTx(ctx, func(t *Tx) error {
			gone, err := t.giveWay(w)
			spans = append(spans, gone...)
			if err != nil {
				return err
			}
			return t.rebuildWeek(w, grace, cut)
		})
		if err != nil {
			return out, fmt.Errorf("while counting the week %s anew: %w", w.ISO, err)
		}
	}
	out.Weeks = len(weeks)
	err = s.InTx(ctx, func(t *Tx) error {
		told, err := t.toldOf(spans)
		if err != nil {
			return err
		}
		for _, w := range told {
			if made[w.WeekStart.UTC()] {
				continue
			}
			if err := t.replaceCorrections(w); err != nil {
				return err
			}
		}
		if out.Cells, err = first[int](t.db, "SELECT COUNT(*) FROM weekly WHERE week_start >= ? AND week_start <= ?", weeks[0].Start, weeks[len(weeks)-1].Start); err != nil {
			return err
		}
		return t.Audit(Act{Role: "operator", Action: "report.rebuild", Object: weeks[0].ISO + "/" + weeks[len(weeks)-1].ISO, Result: "done", Detail: Detail{"weeks": len(weeks)}})
	})
	return out, err
}

// giveWay removes weeks of another zone that overlap a week, and answers when they were.
func (t *Tx) giveWay(w Week) (gone []Period, err error) {
	over, err := all[weekRow](t.db, "SELECT "+weekColumns+" FROM weeks WHERE week_start <> ? AND week_start < ? AND week_end > ?", w.Start, w.End, w.Start)
	for _, o := range over {
		gone = append(gone, Period{From: o.WeekStart, To: o.WeekEnd})
		for _, table := range []string{"weekly", "weeks"} {
			if err := t.db.Exec("DELETE FROM "+table+" WHERE week_start = ?", o.WeekStart).Error; err != nil {
				return gone, err
			}
		}
	}
	return gone, err
}

// toldOf answers the weeks that may have corrections of what happened in some
// spans: those that noticed an event of them late, or a visit in them classed anew.
// It reads the spans' own events, whatever the length of the log.
func (t *Tx) toldOf(spans []Period) ([]weekRow, error) {
	moments := map[time.Time]bool{}
	first := spans[0].From
	for _, s := range spans {
		if s.From.Before(first) {
			first = s.From
		}
		late, err := all[time.Time](t.db, "SELECT DISTINCT e.recorded_at FROM events e"+t.by("events_week")+" WHERE e.occurred_at >= ? AND e.occurred_at < ? AND e.recorded_at >= ?", micro(s.From), micro(s.To), micro(s.To))
		if err != nil {
			return nil, err
		}
		anew, err := all[time.Time](t.db, "SELECT DISTINCT k.since FROM visit_classes k JOIN (SELECT DISTINCT e.link_id, e.visit FROM events e"+t.by("events_week")+
			" WHERE e.occurred_at >= ? AND e.occurred_at < ? AND e.visit IS NOT NULL) x ON x.link_id = k.link_id AND x.visit = k.visit", micro(s.From), micro(s.To))
		if err != nil {
			return nil, err
		}
		for _, at := range slices.Concat(late, anew) {
			moments[at] = true
		}
	}
	weeks, err := t.weeksIn(first, time.Time{})
	return slices.DeleteFunc(weeks, func(w weekRow) bool {
		since, until := w.noticing()
		for at := range moments {
			if !at.Before(since) && !at.After(until) {
				return false
			}
		}
		return true
	}), err
}

func (t *Tx) rebuildWeek(w Week, grace time.Duration, cut time.Time) error {
	row := weekRow{WeekStart: w.Start, WeekEnd: w.End, NoticedUntil: micro(w.End.Add(grace)), CutAt: cut, MadeAt: t.now}
	row.Final = cut.After(row.NoticedUntil.Add(settleFinal))
	if _, err := t.lockWeek(row); err != nil {
		return err
	}
	if err := t.keepClasses(row, true); err != nil {
		return err
	}
	return t.replaceWeek(row)
}

// weeksToRebuild are the closed weeks of a span, or from the first event on.
func (s *Store) weeksToRebuild(ctx context.Context, zone *time.Location, now, from, to time.Time) (out []Week, err error) {
	last := LastWeek(now, zone)
	var mark time.Time
	if err := s.View(ctx, func(t *Tx) (err error) { mark, err = t.RetainedBefore(); return err }); err != nil {
		return nil, err
	}
	if from.IsZero() {
		err = s.View(ctx, func(t *Tx) error {
			type row struct{ OccurredAt time.Time }
			oldest, err := first[row](t.db, "SELECT occurred_at FROM events WHERE occurred_at > ? ORDER BY occurred_at LIMIT 1", now.AddDate(-oldestRebuilt, 0, 0))
			from = oldest.OccurredAt
			return err
		})
		if errors.Is(err, ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
	}
	if from.Before(mark) { // weeks whose events were deleted keep what they were told with
		from = mark
	}
	for w := WeekOf(from, zone); !w.Start.After(last.Start) && (to.IsZero() || w.Start.Before(to)); w = w.After(zone) {
		out = append(out, w)
	}
	return out, nil
}

// WeeklyRow is a row of v_weekly.
type WeeklyRow struct {
	PartnerKey string
	WeekStart  time.Time
	Metric     string
	Value      int64
	Final      bool
}

// Weekly answers the figures of the week that begins at a moment. Staff scope.
func (t *Tx) Weekly(start time.Time) ([]WeeklyRow, error) {
	return all[WeeklyRow](t.db, "SELECT partner_key,week_start,metric,value,final FROM v_weekly WHERE week_start = ? ORDER BY partner_key, metric", micro(start))
}
