package models

import (
	"context"
	"errors"
	"time"

	"akari/bot"
)

// sweepBatch bounds a transaction of Sweep; the next round takes the rest.
const sweepBatch = 100

// Sweep implements bot.Outbox.
func (o *Outbox) Sweep(ctx context.Context) (n int, err error) {
	for _, step := range []func(context.Context) (int, error){o.rescue, o.sweepStale, o.giveUpLooking} {
		m, err := step(ctx)
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// rescue takes back what a process left behind that died while sending. Whether
// the bytes had left cannot be known: it is as if the answer had got lost.
func (o *Outbox) rescue(ctx context.Context) (n int, err error) {
	over := o.store.steady()
	var ids []ID
	err = o.store.View(ctx, func(t *Tx) error {
		ids, err = all[ID](t.db, "SELECT id FROM deliveries WHERE state = 'sending' AND lease_until < ? LIMIT ?", over, sweepBatch)
		return err
	})
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	err = o.store.InTx(ctx, func(t *Tx) error {
		rows, err := all[Delivery](t.db, "SELECT "+settleColumns+" FROM deliveries WHERE id IN ? AND state = 'sending' AND lease_until < ?"+o.store.locking(), ids, over)
		if err != nil {
			return err
		}
		for _, d := range rows {
			d.Crashes++
			v := o.judgeDoubt(d)
			if d.Crashes > o.CrashMax {
				v = verdict{state: StateHeld, code: "too_many_crashes"}
			}
			if _, err := o.apply(t, d, v); err != nil {
				return err
			}
		}
		n = len(rows)
		return nil
	})
	return n, err
}

// sweepStale ends or turns what is queued and whose time is over.
func (o *Outbox) sweepStale(ctx context.Context) (n int, err error) {
	var ids []ID
	err = o.store.View(ctx, func(t *Tx) error {
		ids, err = all[ID](t.db, "SELECT id FROM deliveries WHERE state = 'queued' AND stale_at <= ? LIMIT ?", t.now, sweepBatch)
		return err
	})
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	err = o.store.InTx(ctx, func(t *Tx) error {
		rows, err := all[Delivery](t.db, "SELECT * FROM deliveries WHERE id IN ? AND state = 'queued' AND stale_at <= ?"+o.store.locking(), ids, t.now)
		if err != nil {
			return err
		}
		for _, d := range rows {
			// An earlier part's end may have ended this one a moment ago.
			now, err := first[string](t.db, "SELECT state FROM deliveries WHERE id = ?", d.ID)
			if err != nil {
				return err
			}
			if now != StateQueued {
				continue
			}
			if err := o.stale(t, d); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n, err
}

// lookable tells whether the platform can be asked for a delivery: what is shown
// to one person in passing, and what answered a one-shot reply, leaves no trace there.
func (o *Outbox) lookable(d Delivery) bool {
	return o.Policies[d.Platform].Finds && !d.OneShot() && d.Via != viaEphemeral && (d.Act == bot.Post || d.Act == bot.Private)
}

// giveUpLooking decides about deliveries in doubt that nobody can be asked about.
func (o *Outbox) giveUpLooking(ctx context.Context) (n int, err error) {
	rows, err := o.unconfirmed(ctx, sweepBatch)
	if err != nil {
		return 0, err
	}
	for _, d := range rows {
		if o.lookable(d) {
			continue
		}
		m := bot.Delivery{ID: d.ID.String(), Epoch: d.Epoch}
		if _, err := o.settle(ctx, m, StateUnconfirmed, o.judgeUnknowable); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func (o *Outbox) unconfirmed(ctx context.Context, limit int) (rows []Delivery, err error) {
	err = o.store.View(ctx, func(t *Tx) error {
		rows, err = all[Delivery](t.db, "SELECT "+settleColumns+" FROM deliveries WHERE state = 'unconfirmed' AND retry_at <= ? ORDER BY retry_at LIMIT ?", o.store.steady(), limit)
		return err
	})
	return rows, err
}

// judgeUnknowable is the policy for what cannot be told.
func (o *Outbox) judgeUnknowable(d Delivery) verdict {
	if d.ErrorCode == CodeRestored { // it never was in doubt while somebody watched: no policy decides that
		return verdict{state: StateHeld, code: CodeRestored}
	}
	p := o.Policies[d.Platform]
	retry := p.Retry || d.Priority == bot.Answers && d.CampaignID == nil && d.Doubts <= p.RetryAnswers
	if d.OneShot() || !retry || d.Attempts >= o.MaxAttempts {
		return verdict{state: StateHeld, code: inDoubt}
	}
	return verdict{state: StateQueued, code: "repeated"}
}

// Doubtful implements bot.Outbox. Looking is a lease of its own: the epoch keeps
// two processes from both deciding.
func (o *Outbox) Doubtful(ctx context.Context, limit int) (out []bot.Delivery, err error) {
	rows, err := o.unconfirmed(ctx, limit)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if !o.lookable(row) {
			continue
		}
		var got int64
		err := o.store.InTx(ctx, func(t *Tx) error {
			r := t.db.Exec("UPDATE deliveries SET retry_at = ?, epoch = epoch + 1 WHERE id = ? AND epoch = ? AND state = 'unconfirmed'", o.store.steady().Add(o.Lease), row.ID, row.Epoch)
			got = r.RowsAffected
			return r.Error
		})
		if err != nil {
			return out, err
		}
		if got == 0 {
			continue
		}
		row.Epoch++
		m, err := row.message()
		if err != nil {
			return out, err
		}
		out = append(out, m)
	}
	return out, nil
}

// How often a platform is asked about a delivery while it gives no answer,
// before the policy decides: looksMax times while it answers others, looksLast
// times in an outage (a quarter of an hour with the shipped retry_base).
const (
	looksMax  = 5
	looksLast = 10
)

// Found implements bot.Outbox.
func (o *Outbox) Found(ctx context.Context, m bot.Delivery, receipt string, findErr error) (bot.Settled, error) {
	return o.settle(ctx, m, StateUnconfirmed, func(d Delivery) verdict { return o.judgeFound(d, receipt, findErr) })
}

func (o *Outbox) judgeFound(d Delivery, receipt string, err error) verdict {
	var refused *bot.Refused
	var throttled *bot.Throttled
	// While a delivery is looked for, retry_at is the end of the look's lease;
	// the look before failed earlier than this.
	before := d.RetryAt.Add(-o.Lease - o.wait(d.Looks+1)/2)
	switch {
	case err == nil && receipt != "":
		return verdict{state: StateSent, receipt: receipt}
	case err == nil && o.exhausted(d):
		return verdict{state: StateFailed, code: "too_many_attempts"}
	case err == nil:
		return verdict{state: StateQueued, code: "not_arrived"}
	case errors.As(err, &throttled):
		// Asked too often, which says nothing about the delivery.
		return verdict{state: StateUnconfirmed, code: "look_throttled", wait: max(time.Second, min(throttled.After, o.RetryAfterMax))}
	case errors.As(err, &refused), d.Looks+1 >= looksLast, d.Looks+1 >= looksMax && o.answeredSince(d, before):
		return o.judgeUnknowable(d)
	}
	return verdict{state: StateUnconfirmed, code: lookFailed, wait: o.backOff(d.Looks + 1)}
}
