package models

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// What is deleted when it has been kept long enough, and how figures survive it
// (docs/privacy.md, docs/decisions/retention.md).
//
// Events go by whole weeks of the vendor, and only weeks whose figures are final: so
// each kept week can still be recounted to the unit, and each deleted one keeps the
// figures it was told with. The mark says up to when; whoever counts looks at it.

// retainEvents is the mark's name.
const retainEvents = "events"

// leftoverFor is how long what is over (used or expired forms, invitations, ways in)
// lies about before it goes.
const leftoverFor = 30 * 24 * time.Hour

// retainBatch is how many rows one transaction deletes: short beside a running serve.
const (
	retainBatch     = 500
	retainBatchLite = 100
)

// RetainOptions says what to delete.
type RetainOptions struct {
	Zone      *time.Location // of the weeks
	Events    time.Duration  // age at which events and what belongs to them go; 0 = never
	Questions time.Duration  // age at which the words of people go; 0 = never
	Dry       bool           // count only
	ActorID   ID             // who does it, zero = the operator
	Role      string
}

// Retained says what was deleted, or would be.
type Retained struct {
	DryRun  bool           `json:"dry_run"`
	Before  *time.Time     `json:"events_before,omitempty"` // nil = no events were due
	Words   *time.Time     `json:"texts_before,omitempty"`
	Waiting string         `json:"waiting,omitempty"` // the week that is not final yet, so that events from it on stay
	Deleted map[string]int `json:"deleted"`           // rows, by table
}

// ErrWholeLog says that the whole log would be over: a wrong clock or a wrong setting.
var ErrWholeLog = errors.New("every event would be older than privacy.event_retention: look at this machine's clock and at the setting; nothing was deleted")

// Retain deletes what has been kept long enough, in short transactions. It may be
// interrupted at any moment and run again, also beside serve; a second run deletes
// nothing. On MySQL it needs the rights of database.migrate_dsn.
func (s *Store) Retain(ctx context.Context, o RetainOptions) (Retained, error) {
	out := Retained{DryRun: o.Dry, Deleted: map[string]int{}}
	var cut time.Time
	if o.Events > 0 {
		var err error
		if cut, out.Waiting, err = s.retentionCut(ctx, o.Zone, o.Events); err != nil {
			return out, err
		}
	}
	now := s.Now()
	var steps []retainStep
	if o.Questions > 0 {
		words := now.Add(-o.Questions)
		out.Words = &words
		steps = append(steps, wordSteps(words)...)
	}
	if !cut.IsZero() {
		out.Before = &cut
		if !o.Dry {
			if err := s.markRetention(ctx, cut, o); err != nil {
				return out, err
			}
		}
		steps = append(steps, eventSteps(cut)...)
	}
	steps = append(steps, leftoverSteps(now.Add(-leftoverFor))...)
	for _, step := range steps {
		n, err := s.retain(ctx, step, o.Dry)
		if out.Deleted[step.table] += n; err != nil {
			return out, fmt.Errorf("while deleting from %s: %w", step.table, err)
		}
	}
	if o.Dry {
		return out, nil
	}
	if err := s.forgetPages(ctx); err != nil {
		return out, err
	}
	return out, s.InTx(ctx, func(t *Tx) error {
		if !cut.IsZero() {
			if err := t.db.Exec("UPDATE retention SET done_at = ? WHERE name = ?", t.now, retainEvents).Error; err != nil {
				return err
			}
		}
		detail := Detail{}
		for table, n := range out.Deleted {
			if n > 0 {
				detail[table] = n
			}
		}
		return t.Audit(Act{ActorID: o.ActorID, Role: o.Role, Action: "retention.run", Object: "retention", Result: "done", Detail: detail})
	})
}

// ForgetWords deletes the words of people that are older than a moment: what the
// runtime user may do, and serve does every hour. It answers how many rows went.
func (s *Store) ForgetWords(ctx context.Context, before time.Time) (n int, err error) {
	for _, step := range wordSteps(micro(before)) {
		k, err := s.retain(ctx, step, false)
		if n += k; err != nil {
			return n, err
		}
	}
	if n == 0 {
		return 0, nil
	}
	if err := s.forgetPages(ctx); err != nil {
		return n, err
	}
	return n, s.InTx(ctx, func(t *Tx) error {
		return t.Audit(Act{Role: "clock", Action: "retention.texts", Object: "retention", Result: "done", Detail: Detail{"texts": n}})
	})
}

// RetainedBefore answers up to when events have been deleted; zero = nothing was.
func (t *Tx) RetainedBefore() (time.Time, error) {
	type row struct{ BeforeAt time.Time }
	m, err := first[row](t.db, "SELECT before_at FROM retention WHERE name = ?", retainEvents)
	if errors.Is(err, ErrNotFound) {
		return time.Time{}, nil
	}
	return m.BeforeAt.UTC(), err
}

// retentionCut answers up to when events go: the beginning of the week that holds
// the moment, or of the first one before it that is not final. waiting names that
// one. Zero = nothing is due.
func (s *Store) retentionCut(ctx context.Context, zone *time.Location, keep time.Duration) (cut time.Time, waiting string, err error) {
	err = s.View(ctx, func(t *Tx) error {
		want := WeekOf(t.now.Add(-keep), zone)
		mark, err := t.RetainedBefore()
		if err != nil {
			return err
		}
		type row struct{ RecordedAt time.Time }
		newest, err := first[row](t.db, "SELECT recorded_at FROM events ORDER BY recorded_at DESC LIMIT 1")
		if errors.Is(err, ErrNotFound) {
			cut = mark
			return nil
		}
		if err != nil {
			return err
		}
		if newest.RecordedAt.Before(want.Start) {
			return ErrWholeLog
		}
		oldest, err := first[row](t.db, "SELECT recorded_at FROM events ORDER BY recorded_at LIMIT 1")
		if err != nil {
			return err
		}
		w := WeekOf(oldest.RecordedAt, zone)
		if w.Start.Before(mark) {
			w = WeekOf(mark, zone)
		}
		for ; w.Start.Before(want.Start); w = w.After(zone) {
			k, err := first[weekRow](t.db, "SELECT "+weekColumns+" FROM weeks WHERE week_start = ?", micro(w.Start))
			if err != nil && !errors.Is(err, ErrNotFound) {
				return err
			}
			if err != nil || !k.Final || !k.WeekEnd.Equal(w.End) {
				waiting = w.ISO
				break
			}
		}
		if cut = w.Start; cut.Before(mark) {
			cut = mark // an earlier run with a shorter retention: what it began is ended
		}
		if !oldest.RecordedAt.Before(cut) && mark.IsZero() {
			cut = time.Time{}
		}
		return nil
	})
	return cut, waiting, err
}

// markRetention writes down up to when events are over, before the first one goes.
func (s *Store) markRetention(ctx context.Context, cut time.Time, o RetainOptions) error {
	return s.InTx(ctx, func(t *Tx) error {
		mark, err := t.RetainedBefore()
		if err != nil || !cut.After(mark) {
			return err
		}
		sql := "UPDATE retention SET before_at = ?, done_at = NULL WHERE name = ?"
		if mark.IsZero() {
			sql = "INSERT INTO retention (before_at, name) VALUES (?,?)"
		}
		if err := t.db.Exec(sql, micro(cut), retainEvents).Error; err != nil {
			return err
		}
		return t.Audit(Act{ActorID: o.ActorID, Role: o.Role, Action: "retention.begin", Object: "retention", Result: "done", Detail: Detail{"before": cut.Format(time.RFC3339)}})
	})
}

// retainStep is one kind of row that goes.
type retainStep struct {
	table string
	key   string // a column to go through the table by, in its order; several rows may share a value
	index string // "" = the key's own; else a column that finds every row that goes
	where string
	args  []any
	// before runs in the same transaction, with the keys that go.
	before []string
	// instead of deleting: SET …
	set string
}

// wordSteps delete what people wrote. A gap goes on without its words, and
// equal questions do not join it any more: its hash could be guessed.
func wordSteps(before time.Time) []retainStep {
	return []retainStep{{table: "texts", key: "id", index: "created_at", where: "created_at < ?", args: []any{before}, before: []string{
		"UPDATE gaps SET question_id = NULL, open_hash = NULL, epoch = epoch + 1 WHERE question_id IN ?", "UPDATE gaps SET answer_id = NULL WHERE answer_id IN ?"}}}
}

// eventSteps delete events and what stands for them, in an order in which each
// looks only at what is still there.
func eventSteps(cut time.Time) []retainStep {
	at := []any{cut}
	const (
		ended = "state IN ('sent','failed','expired','cancelled','skipped') AND ended_at < ?"
		// What stands for events goes only if none of them stays, also in a dry run.
		stays = "(e.recorded_at >= ? OR e.occurred_at >= ?)"
	)
	return []retainStep{
		{table: "events", key: "recorded_at", where: "recorded_at < ? AND occurred_at < ?", args: []any{cut, cut}},
		// Whether a digest was sent is told by its delivery until that goes.
		{table: "deliveries", key: "id", where: ended, args: at, before: []string{
			"UPDATE digests SET state = CASE (SELECT d.state FROM deliveries d WHERE d.id = digests.delivery_id) WHEN 'sent' THEN 'sent' ELSE 'failed' END WHERE delivery_id IN ?"}},
		{table: "acks", key: "id", where: "at < ?", args: at},
		{table: "uses", key: "id", where: "at < ?", args: at},
		{table: "readers", key: "link_id", where: "at < ?", args: at},
		{table: "visits", key: "link_id", where: "started_at < ? AND NOT EXISTS (SELECT 1 FROM events e WHERE e.link_id = visits.link_id AND e.visit = visits.visit AND " + stays + ")", args: []any{cut, cut, cut}},
		{table: "visit_classes", key: "link_id", where: "since < ? AND NOT EXISTS (SELECT 1 FROM events e WHERE e.link_id = visit_classes.link_id AND e.visit = visit_classes.visit AND " + stays + ")", args: []any{cut, cut, cut}},
		{table: "links", key: "id", where: "expires_at < ? AND NOT EXISTS (SELECT 1 FROM events e WHERE e.link_id = links.id AND " + stays + ")" +
			" AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.link_id = links.id AND NOT (" + ended + " AND d.ended_at IS NOT NULL)) AND NOT EXISTS (SELECT 1 FROM acks a WHERE a.link_id = links.id AND a.at >= ?)" +
			" AND NOT EXISTS (SELECT 1 FROM uses u WHERE u.link_id = links.id AND u.at >= ?) AND NOT EXISTS (SELECT 1 FROM visits v WHERE v.link_id = links.id AND v.started_at >= ?)",
			args: []any{cut, cut, cut, cut, cut, cut, cut}, before: []string{"DELETE FROM link_materials WHERE link_id IN ?"}},
		{table: "gap_askers", key: "gap_id", where: "EXISTS (SELECT 1 FROM gaps g WHERE g.id = gap_askers.gap_id AND g.answered_at < ?)", args: at},
		{table: "gaps", key: "id", where: "answered_at < ?", args: at},
		{table: "recipients", key: "campaign_id", where: "campaign_id IN (SELECT c.id FROM campaigns c WHERE c.finished_at < ?)", args: at},
		{table: "outcomes", key: "id", where: "person_id IS NOT NULL AND created_at < ?", args: at, set: "person_id = NULL"},
		{table: "agents", key: "hash", where: "seen_at < ?", args: at},
	}
}

// leftoverSteps delete what has long been over.
func leftoverSteps(before time.Time) []retainStep {
	at := []any{before}
	return []retainStep{
		{table: "drafts", key: "id", where: "expires_at < ?", args: at},
		{table: "invitations", key: "code_hash", where: "expires_at < ?", args: at},
		{table: "waiting", key: "id", where: "until_at < ?", args: at},
		{table: "staff_entries", key: "id", where: "expires_at < ?", args: at},
		{table: "staff_sessions", key: "id", where: "expires_at < ?", args: at},
	}
}

// retain does one step batch by batch, going through the table once; of a dry run
// it only counts.
func (s *Store) retain(ctx context.Context, step retainStep, dry bool) (n int, err error) {
	if dry {
		err = s.View(ctx, func(t *Tx) (err error) {
			n, err = first[int](t.db, "SELECT COUNT(*) FROM "+step.table+" WHERE "+step.where, step.args...)
			return err
		})
		return n, err
	}
	batch := retainBatch
	if s.driver == driverSQLite {
		batch = retainBatchLite
	}
	var last any
	for {
		var keys []any
		err := s.View(ctx, func(t *Tx) (err error) {
			keys, err = t.retainKeys(step, last, batch)
			return err
		})
		if err != nil || len(keys) == 0 {
			return n, err
		}
		went := 0
		err = s.InTx(ctx, func(t *Tx) error {
			if err := t.secureDelete(); err != nil {
				return err
			}
			for _, sql := range step.before {
				if err := t.db.Exec(sql, keys).Error; err != nil {
					return err
				}
			}
			sql := "DELETE FROM " + step.table
			if step.set != "" {
				sql = "UPDATE " + step.table + " SET " + step.set
			}
			r := t.db.Exec(sql+" WHERE "+step.key+" IN ? AND "+step.where, append([]any{keys}, step.args...)...)
			went = int(r.RowsAffected)
			return r.Error
		})
		if n += went; err != nil {
			return n, err
		}
		last = keys[len(keys)-1]
	}
}

// retainKeys answers the next keys of rows that go, behind the last ones.
func (t *Tx) retainKeys(step retainStep, last any, limit int) ([]any, error) {
	sql, args := "SELECT DISTINCT "+step.key+" AS k FROM "+step.table+" WHERE "+step.where, step.args
	if last != nil && step.index == "" {
		sql, args = sql+" AND "+step.key+" > ?", append(args[:len(args):len(args)], last)
	}
	by := step.key
	if step.index != "" {
		by = step.index
		sql = "SELECT " + step.key + " AS k FROM " + step.table + " WHERE " + step.where
	}
	rows, err := t.db.Raw(sql+" ORDER BY "+by+" LIMIT ?", append(args[:len(args):len(args)], limit)...).Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var keys []any
	for rows.Next() {
		var k any
		if err := rows.Scan(&k); err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, rows.Err()
}
