package models

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// How the figures of closed weeks are kept (rulings 17).
//
// Every event belongs to the week it occurred in. It is counted there if it was
// recorded before the week's cut; else it is a correction in the week that was
// open for news when it came, and no event is counted twice or never. The class
// of a visit is kept as each count saw it, so that a recount finds the same, and
// a visit that is classed anew later is a correction too.

// Settling is how long a moment must lie back before what was recorded until then
// is counted: transactions that began before it have ended, and clocks of
// processes may differ.
const (
	settleProvisional = 30 * time.Second
	settleFinal       = 10 * time.Minute
)

// reclassedFor is how long a visit may be classed anew and be a correction:
// longer than that, its figures stay as they were told.
const reclassedFor = 8 * 7 * 24 * time.Hour

// weekRow is a closed week.
type weekRow struct {
	WeekStart    time.Time
	WeekEnd      time.Time
	NoticedUntil time.Time // news until then are this week's own
	CutAt        time.Time
	Final        bool
	MadeAt       time.Time
}

const weekColumns = "week_start,week_end,noticed_until,cut_at,final,made_at"

// cell is one stored figure.
type cell struct {
	PartnerID ID
	Part      int // partOwn or partCorrection
	Metric    string
	Value     int64
}

const (
	partOwn        = 0
	partCorrection = 1
)

// CloseWeeks makes the figures of every week that is over: final once its grace
// has passed, provisional before and then made again as a whole. It answers how
// many weeks it made. Any number of processes may do it at once.
func (s *Store) CloseWeeks(ctx context.Context, zone *time.Location, grace time.Duration) (made int, err error) {
	for {
		w, cut, final, ok, err := s.nextWeek(ctx, zone, grace)
		if err != nil || !ok {
			return made, err
		}
		err = s.InTx(ctx, func(t *Tx) error { return t.makeWeek(w, grace, cut, final) })
		if isDuplicate(err) {
			continue // another process made the row at the same moment
		}
		if err != nil {
			return made, fmt.Errorf("while counting the week %s: %w", w.ISO, err)
		}
		made++
	}
}

// provisionalEvery is how often a week within its grace is counted again.
const provisionalEvery = 10 * time.Minute

// nextWeek finds the oldest week that is to be made, if any.
func (s *Store) nextWeek(ctx context.Context, zone *time.Location, grace time.Duration) (w Week, cut time.Time, final, ok bool, err error) {
	err = s.View(ctx, func(t *Tx) error {
		last := LastWeek(t.now.Add(-settleProvisional), zone)
		open, err := all[weekRow](t.db, "SELECT "+weekColumns+" FROM weeks WHERE final = 0 ORDER BY week_start")
		if err != nil {
			return err
		}
		for _, o := range open {
			if w = WeekOf(o.WeekStart, zone); !w.Start.Equal(o.WeekStart) || !w.End.Equal(o.WeekEnd) {
				continue // vendor.time_zone was changed since: akari report rebuild makes the weeks anew
			}
			over := t.now.After(o.NoticedUntil.Add(settleFinal))
			if over || t.now.Sub(o.MadeAt) >= provisionalEvery || o.MadeAt.After(t.now) {
				cut, final, ok = t.now.Add(-settleProvisional), over, true
				if over {
					cut = o.NoticedUntil
				}
				return nil
			}
		}
		if w, ok, err = t.unmade(zone, last); err != nil || !ok {
			return err
		}
		cut, final = t.now.Add(-settleProvisional), t.now.After(w.End.Add(grace+settleFinal))
		if final {
			cut = w.End.Add(grace)
		}
		return nil
	})
	return w, cut, final, ok, err
}

// unmade answers the first closed week without a row: the one after the newest,
// or the one of the first thing recorded.
func (t *Tx) unmade(zone *time.Location, last Week) (Week, bool, error) {
	newest, err := first[weekRow](t.db, "SELECT "+weekColumns+" FROM weeks ORDER BY week_start DESC LIMIT 1")
	if err == nil {
		w := WeekOf(newest.WeekEnd, zone)
		return w, !w.Start.After(last.Start), nil
	}
	if !errors.Is(err, ErrNotFound) {
		return Week{}, false, err
	}
	type row struct{ RecordedAt time.Time }
	oldest, err := first[row](t.db, "SELECT recorded_at FROM events ORDER BY recorded_at LIMIT 1")
	if errors.Is(err, ErrNotFound) {
		return Week{}, false, nil
	}
	w := WeekOf(oldest.RecordedAt, zone)
	return w, !w.Start.After(last.Start), err
}

// makeWeek counts a week and replaces its figures, all in one transaction.
func (t *Tx) makeWeek(w Week, grace time.Duration, cut time.Time, final bool) error {
	row := weekRow{WeekStart: w.Start, WeekEnd: w.End, NoticedUntil: micro(w.End.Add(grace)), CutAt: micro(cut), Final: final, MadeAt: t.now}
	had, err := t.lockWeek(row)
	if err != nil {
		return err
	}
	if had.Final && !final { // another process was ahead
		return nil
	}
	if err := t.keepClasses(row, false); err != nil {
		return err
	}
	return t.replaceWeek(row)
}

// lockWeek takes a week's row, making it if need be: whoever comes second waits.
func (t *Tx) lockWeek(row weekRow) (had weekRow, err error) {
	r := t.db.Exec("UPDATE weeks SET epoch = epoch + 1 WHERE week_start = ?", row.WeekStart)
	if r.Error != nil {
		return had, r.Error
	}
	if r.RowsAffected > 0 {
		return first[weekRow](t.db, "SELECT "+weekColumns+" FROM weeks WHERE week_start = ?", row.WeekStart)
	}
	err = t.db.Exec("INSERT INTO weeks ("+weekColumns+",epoch) VALUES (?,?,?,?,?,?,1)", row.WeekStart, row.WeekEnd, row.NoticedUntil, row.CutAt, row.Final, row.MadeAt).Error
	return weekRow{}, err // a duplicate means that somebody is ahead: the next look finds the week made
}

// replaceWeek puts what a week's cells are now in the place of what they were.
func (t *Tx) replaceWeek(row weekRow) error {
	cells, err := t.recount(row)
	if err != nil {
		return err
	}
	if err := t.db.Exec("DELETE FROM weekly WHERE week_start = ?", row.WeekStart).Error; err != nil {
		return err
	}
	if err := t.writeCells(row, cells); err != nil {
		return err
	}
	return t.db.Exec("UPDATE weeks SET week_end = ?, noticed_until = ?, cut_at = ?, final = ?, made_at = ?, epoch = epoch + 1 WHERE week_start = ?",
		row.WeekEnd, row.NoticedUntil, row.CutAt, row.Final, row.MadeAt, row.WeekStart).Error
}

// replaceCorrections puts what a week noticed of earlier ones in the place of what
// stood there; its own figures do not depend on other weeks.
func (t *Tx) replaceCorrections(row weekRow) error {
	if _, err := t.lockWeek(row); err != nil {
		return err
	}
	corrections, err := t.corrections(row)
	if err != nil {
		return err
	}
	if err := t.db.Exec("DELETE FROM weekly WHERE week_start = ? AND part = ?", row.WeekStart, partCorrection).Error; err != nil {
		return err
	}
	return t.writeCells(row, cellsOf(nil, partCorrection, corrections))
}

func (t *Tx) writeCells(row weekRow, cells []cell) error {
	for from := 0; from < len(cells); from += insertBatch {
		batch := cells[from:min(from+insertBatch, len(cells))]
		args := make([]any, 0, len(batch)*5)
		for _, c := range batch {
			args = append(args, row.WeekStart, c.PartnerID, c.Part, c.Metric, c.Value)
		}
		if err := t.db.Exec("INSERT INTO weekly (week_start,partner_id,part,metric,value) VALUES "+rows(len(batch), 5), args...).Error; err != nil {
			return err
		}
	}
	return nil
}

// keepClasses keeps, as of the week's cut, the class of every visit that the
// week or its corrections meet and that has another class than was last kept.
//
// A week that is made anew keeps them all: a week that is closed late, with a cut
// before this one, must not put another class before it.
func (t *Tx) keepClasses(row weekRow, anew bool) error {
	const insert = "INSERT INTO visit_classes (link_id,visit,since,class) SELECT n.link_id, n.visit, ?, n.class FROM ("
	unlessKept := ") n WHERE NOT EXISTS (SELECT 1 FROM visit_classes c WHERE c.link_id = n.link_id AND c.visit = n.visit AND c.since >= ?)"
	if !anew {
		unlessKept += " AND n.class <> COALESCE((SELECT c.class FROM visit_classes c WHERE c.link_id = n.link_id AND c.visit = n.visit ORDER BY c.since DESC LIMIT 1), '')"
	}
	met := func(index string) string {
		return "SELECT DISTINCT v.link_id, v.visit, v.class FROM events e" + t.by(index) + " JOIN visits v ON v.link_id = e.link_id AND v.visit = e.visit WHERE e.visit IS NOT NULL AND "
	}
	if err := t.db.Exec(insert+met("events_week")+"e.occurred_at >= ? AND e.occurred_at < ? AND e.recorded_at < ?"+unlessKept,
		row.CutAt, row.WeekStart, row.WeekEnd, row.CutAt, row.CutAt).Error; err != nil {
		return err
	}
	since, until := row.noticing()
	if err := t.db.Exec(insert+met("events_recorded")+"e.recorded_at >= ? AND e.recorded_at < ? AND e.occurred_at < ?"+unlessKept,
		row.CutAt, since, until, row.WeekStart, row.CutAt).Error; err != nil {
		return err
	}
	if anew {
		return nil // what was classed anew elsewhere is news of the week that is closed next
	}
	changed := "SELECT DISTINCT v.link_id, v.visit, v.class FROM visit_classes k JOIN visits v ON v.link_id = k.link_id AND v.visit = k.visit WHERE k.since >= ? AND k.class <> v.class"
	return t.db.Exec(insert+changed+unlessKept, row.CutAt, row.NoticedUntil.Add(-reclassedFor), row.CutAt).Error
}

// noticing is the span in which what was recorded is news of this week: from the
// end of the week before's to the end of its own, or to its cut before that.
func (w weekRow) noticing() (since, until time.Time) {
	since = w.WeekStart.Add(w.NoticedUntil.Sub(w.WeekEnd))
	until = w.NoticedUntil
	if !w.Final && w.CutAt.Before(until) {
		until = w.CutAt
	}
	return since, until
}

// recount is a week's cells as a pure function of the log and the classes kept.
func (t *Tx) recount(row weekRow) ([]cell, error) {
	c, err := t.Count(Period{From: row.WeekStart, To: row.WeekEnd, Cut: &row.CutAt})
	if err != nil {
		return nil, err
	}
	corrections, err := t.corrections(row)
	if err != nil {
		return nil, err
	}
	return cellsOf(cellsOf(nil, partOwn, c.Partners), partCorrection, corrections), nil
}

// cellsOf adds figures to cells, without those that are 0.
func cellsOf(out []cell, part int, counts map[ID]Counts) []cell {
	for partner, figures := range counts {
		for _, f := range Figures { // in this order, so that writers lock in the same
			if n := figures[f.Key]; n != 0 {
				out = append(out, cell{partner, part, f.Key, n})
			}
		}
	}
	return out
}
