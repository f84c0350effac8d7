package models

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"akari/bot"
)

// The road out, for those who write handlers and main:
//
//	store.Operations(func(d bot.Delivery) string { return platforms[d.To.Platform].Operation(d) })
//	outbox, err := models.NewOutbox(store, models.OutboxOptions{Secrets: …, Policies: models.Policies(slack, lineworks), …})
//	sender := bot.NewSender(bot.SenderOptions{Platforms: …, Outbox: outbox, Pacer: coord.New…(…), …})
//	go sender.Run(ctx)                      // cancel ctx to drain
//
//	ds := []models.Delivery{{Act: bot.Post, To: in.At, Parts: []bot.Message{part1}, PartnerID: …, CauseID: event}, {…part2}}
//	models.Chain(ds)                        // part 2 waits until part 1 is sent
//	err := tx.QueueDeliveries(ds...)        // in the transaction of the event; fills ds[i].ID
//	… commit …
//	sender.Nudge()                          // always
//	sender.Hurry(ds[0].ID.String())         // instead, when ds[0].Reply has a Token: a trigger or reply token
//
// A private answer in a shared Slack room: Act Private, To one-to-one (Direct),
// FallbackRoom the room; the hint beside it: Act Private, To the room and User.
// Into partner rooms on Slack set Guard: GuardPartner and PartnerID. A form:
// Act OpenForm with Reply.Token and Reply.Until; OutboxOptions.Ended is called
// in the transaction that ends a row: there queue 「もう一度開く」 when a form
// came too late. MaterialKey, MaterialVersion and LinkID go into the event
// "delivered". Body must hold no personal link: OutboxOptions.Prepare puts it
// in just before the bytes are made. Rows that need a person are in state held.

// Policy is what a platform's answers in doubt are worth.
type Policy struct {
	// SameKey: the platform recognises our key, so the same bytes may be sent
	// again for as long as For after the first intent.
	SameKey bool
	For     time.Duration
	// Finds: the platform can be asked whether a message arrived (bot.Finder).
	Finds bool
	// Retry sends again what cannot be told, instead of leaving it to a person.
	Retry bool
	// RetryAnswers is how often an answer (priority 0) is sent again in any case.
	RetryAnswers int
}

// Policies are the policies of the platforms that we have; slack and lineworks
// are sending.ambiguous: hold or retry.
func Policies(slack, lineworks string) map[string]Policy {
	return map[string]Policy{
		// LINE forgets a retry key after 24 hours and then sends once more.
		"line":      {SameKey: true, For: 23 * time.Hour},
		"slack":     {Finds: true, Retry: slack == "retry"},
		"lineworks": {Retry: lineworks == "retry", RetryAnswers: 1},
		// The playground shows a key once, however often it is told.
		"playground": {SameKey: true, For: 23 * time.Hour},
	}
}

// OutboxOptions says how deliveries are owed. Zero values mean the defaults of
// config.yaml.
type OutboxOptions struct {
	Process        ID       // of this process, see Beat; empty = made
	Secrets        [][]byte // server.secret and the previous ones, the newest first; required
	Policies       map[string]Policy
	Lease          time.Duration
	MaxAttempts    int
	CrashMax       int
	RetryBase      time.Duration
	RetryMax       time.Duration
	ReconcileAfter time.Duration
	RetryAfterMax  time.Duration
	FactAge        time.Duration // how old the fact of a guarded room may be; 0 = 1 h

	// Prepare may change the parts just before the bytes are made, e.g. put the
	// personal link in. Pure: equal deliveries give equal parts. May be nil.
	Prepare func(d Delivery, parts []bot.Message) ([]bot.Message, error)
	// Ended is called in the transaction that ends a delivery or holds it, with
	// its new State and ErrorCode; what it writes commits with the end. May be nil.
	Ended func(t *Tx, d Delivery) error
	// Admit is asked at the claim of the first part of a campaign's message
	// whether it may go now; what it answers commits with the claim. May be nil.
	Admit func(t *Tx, d Delivery) (Admission, error)
	// Halted is called in the transaction in which a campaign was paused because
	// its platform's quota is used up. May be nil.
	Halted func(t *Tx, campaign int64) error
	Log    *slog.Logger
}

// Admission is whether a campaign's message may go now. Zero = it may.
type Admission struct {
	Skip  string    // never, and why
	Later time.Time // not before this moment of the wall clock
}

// Outbox is all deliveries not yet ended. It implements bot.Outbox.
type Outbox struct {
	OutboxOptions
	store *Store
	seal  *sealer

	mu       sync.Mutex
	answered map[bot.Lane]time.Time // when a connection (no operation) last answered this process
}

var _ bot.Outbox = (*Outbox)(nil)

// NewOutbox makes the outbox of one process.
func NewOutbox(s *Store, o OutboxOptions) (*Outbox, error) {
	seal, err := newSealer(o.Secrets)
	if err != nil {
		return nil, err
	}
	if o.Process.IsZero() {
		o.Process = NewID()
	}
	if o.Policies == nil {
		o.Policies = Policies("hold", "hold")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Lease = cmp.Or(o.Lease, 60*time.Second)
	o.RetryBase, o.RetryMax = cmp.Or(o.RetryBase, 2*time.Second), cmp.Or(o.RetryMax, 10*time.Minute)
	o.ReconcileAfter, o.RetryAfterMax = cmp.Or(o.ReconcileAfter, 10*time.Second), cmp.Or(o.RetryAfterMax, 5*time.Minute)
	o.FactAge = cmp.Or(o.FactAge, time.Hour)
	o.MaxAttempts, o.CrashMax = cmp.Or(o.MaxAttempts, 8), cmp.Or(o.CrashMax, 3)
	return &Outbox{OutboxOptions: o, store: s, seal: seal, answered: map[bot.Lane]time.Time{}}, nil
}

// Lanes implements bot.Outbox. It hops from lane to lane over the index: a
// DISTINCT reads every queued row, 75 ms of them for a campaign of 100,000.
func (o *Outbox) Lanes(ctx context.Context) (lanes []bot.Lane, err error) {
	// Row values are a range for SQLite's planner, not for MySQL's; there it is the written-out form.
	after := "(platform, connection, operation) > (@p, @c, @o)"
	if o.store.driver == driverMySQL {
		after = "(platform > @p OR platform = @p AND (connection > @c OR connection = @c AND operation > @o))"
	}
	query := "SELECT platform, connection, operation FROM deliveries WHERE state = 'queued' AND " + after + " ORDER BY platform, connection, operation LIMIT 1"
	err = o.store.View(ctx, func(t *Tx) error {
		var last bot.Lane
		for {
			next, err := first[bot.Lane](t.db, query, sql.Named("p", last.Platform), sql.Named("c", last.Connection), sql.Named("o", last.Operation))
			if errors.Is(err, ErrNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			lanes, last = append(lanes, next), next
		}
	})
	return lanes, err
}

// stream is deliveries of a lane that are fair to each other: all answers, all
// notices, or one campaign.
type stream struct {
	priority bot.Priority
	campaign *int64
}

// maxCampaigns bounds how many campaigns one look goes through; beyond it the
// look begins at another one each time.
const maxCampaigns = 16

// Due implements bot.Outbox.
func (o *Outbox) Due(ctx context.Context, lane bot.Lane, skip []string, limit int) (due []bot.Candidate, pause time.Duration, err error) {
	err = o.store.View(ctx, func(t *Tx) error {
		if pause, err = t.pausedFor(lane); err != nil || pause > 0 {
			return err
		}
		streams, err := t.streams(lane)
		if err != nil {
			return err
		}
		due, err = t.dueIn(lane, streams, skip, limit)
		return err
	})
	return due, pause, err
}

// streams answers what may be due in a lane.
func (t *Tx) streams(lane bot.Lane) (out []stream, err error) {
	var campaigns []stream
	for p := bot.Answers; p <= bot.Campaigns; p++ {
		out = append(out, stream{priority: p})
		// Those that are paused are passed over, however many they are.
		for last := int64(math.MinInt64); len(campaigns) < streamPage; {
			page, err := t.campaignsIn(lane, p, last)
			if err != nil {
				return nil, err
			}
			if len(page) == 0 {
				break
			}
			last = *page[len(page)-1].campaign
			if page, err = t.going(page); err != nil {
				return nil, err
			}
			campaigns = append(campaigns, page...)
		}
	}
	if n := len(campaigns); n > maxCampaigns {
		turn := int(t.store.steady().UnixMilli()/250) % n
		campaigns = slices.Concat(campaigns[turn:], campaigns[:turn])[:maxCampaigns]
	}
	return append(out, campaigns...), nil
}

// streamPage is how many campaigns are found before it is asked which of them go.
const streamPage = 64

// campaignsIn answers the next campaigns after one that have something queued in a
// lane, found by hopping over the index.
func (t *Tx) campaignsIn(lane bot.Lane, p bot.Priority, after int64) (page []stream, err error) {
	type row struct{ ID *int64 }
	for len(page) < streamPage {
		next, err := first[row](t.db, "SELECT MIN(campaign_id) AS id FROM deliveries WHERE state = 'queued' AND platform = ? AND connection = ? AND operation = ? AND priority = ? AND campaign_id > ?",
			lane.Platform, lane.Connection, lane.Operation, int(p), after)
		if err != nil || next.ID == nil {
			return page, err
		}
		page, after = append(page, stream{priority: p, campaign: next.ID}), *next.ID
	}
	return page, nil
}

// dueIn asks every stream for its first rows in one statement and takes them in
// turn within a priority. The part before is looked up as a value, not with
// EXISTS: that MySQL may materialise, and read every row ever sent.
func (t *Tx) dueIn(lane bot.Lane, streams []stream, skip []string, limit int) ([]bot.Candidate, error) {
	steady := t.store.steady()
	var parts []string
	var args []any
	without := ""
	if len(skip) > 0 {
		without = " AND d.address NOT IN ?"
	}
	for i, s := range streams {
		parts = append(parts, fmt.Sprintf(`SELECT * FROM (SELECT d.id, d.address, d.priority, %d AS stream FROM deliveries d
WHERE d.state = 'queued' AND d.platform = ? AND d.connection = ? AND d.operation = ? AND d.priority = ? AND d.campaign_id %s AND d.due_at <= ? AND d.retry_at <= ?%s
AND (d.after_id IS NULL OR (SELECT p.state FROM deliveries p WHERE p.id = d.after_id) = 'sent')
ORDER BY d.due_at, d.retry_at LIMIT %d) s%d`, i, isOr(s.campaign), without, limit, i))
		args = append(args, lane.Platform, lane.Connection, lane.Operation, int(s.priority))
		if s.campaign != nil {
			args = append(args, *s.campaign)
		}
		args = append(args, t.now, steady)
		if len(skip) > 0 {
			args = append(args, skip)
		}
	}
	type row struct {
		ID       ID
		Address  string
		Priority int
		Stream   int
	}
	rows, err := all[row](t.db, strings.Join(parts, " UNION ALL "), args...)
	if err != nil {
		return nil, err
	}
	turns := make(map[int]int, len(streams))
	turn := make([]int, len(rows))
	order := make([]int, len(rows))
	for i, r := range rows {
		order[i], turn[i] = i, turns[r.Stream]
		turns[r.Stream]++
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if d := rows[a].Priority - rows[b].Priority; d != 0 {
			return d
		}
		return turn[a] - turn[b]
	})
	due := make([]bot.Candidate, 0, min(limit, len(rows)))
	for _, i := range order[:min(limit, len(order))] {
		due = append(due, bot.Candidate{ID: rows[i].ID.String(), To: rows[i].Address, Priority: bot.Priority(rows[i].Priority)})
	}
	return due, nil
}

func isOr(campaign *int64) string {
	if campaign == nil {
		return "IS NULL"
	}
	return "= ?"
}

// locking is the end of a SELECT whose rows other processes must pass over. On
// SQLite a transaction is alone anyway.
func (s *Store) locking() string {
	if s.driver == driverMySQL {
		return " FOR UPDATE SKIP LOCKED"
	}
	return ""
}

// lockingOne is like locking, but waits for the row.
func (s *Store) lockingOne() string {
	if s.driver == driverMySQL {
		return " FOR UPDATE"
	}
	return ""
}

func parseIDs(ids []string) ([]ID, error) {
	out := make([]ID, 0, len(ids))
	for _, s := range ids {
		id, err := ParseID(s)
		if err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, nil
}

// Release implements bot.Outbox.
func (o *Outbox) Release(ctx context.Context, ds ...bot.Delivery) error {
	return o.store.InTx(ctx, func(t *Tx) error {
		for _, d := range ds {
			id, err := ParseID(d.ID)
			if err != nil {
				return err
			}
			// The intent of a first attempt is taken back: nothing was tried, as far as is known. (MySQL assigns from left to right.) The sealed bytes stay, they may be sent next time.
			err = t.db.Exec("UPDATE deliveries SET state = 'queued', intent_at = CASE WHEN attempts = 1 AND error_code <> '"+CodeRestored+"' THEN NULL ELSE intent_at END, attempts = attempts - 1, "+
				"claimed_by = NULL, lease_until = NULL, epoch = epoch + 1 WHERE id = ? AND epoch = ? AND state = 'sending'", id, d.Epoch).Error
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Heartbeat implements bot.Outbox.
func (o *Outbox) Heartbeat(ctx context.Context, ds ...bot.Delivery) (ours []string, err error) {
	if len(ds) == 0 {
		return nil, nil
	}
	epochs := make(map[ID]int64, len(ds))
	ids := make([]ID, 0, len(ds))
	for _, d := range ds {
		id, err := ParseID(d.ID)
		if err != nil {
			return nil, err
		}
		epochs[id] = d.Epoch
		ids = append(ids, id)
	}
	err = o.store.InTx(ctx, func(t *Tx) error {
		ours = nil
		rows, err := all[Delivery](t.db, "SELECT id, epoch FROM deliveries WHERE id IN ? AND state = 'sending'"+o.store.lockingOne(), ids)
		if err != nil {
			return err
		}
		var keep []ID
		for _, r := range rows {
			if epochs[r.ID] == r.Epoch {
				keep, ours = append(keep, r.ID), append(ours, r.ID.String())
			}
		}
		if len(keep) == 0 {
			return nil
		}
		return t.db.Exec("UPDATE deliveries SET lease_until = ? WHERE id IN ?", o.store.steady().Add(o.Lease), keep).Error
	})
	return ours, err
}
