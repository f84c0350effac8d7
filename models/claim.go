package models

import (
	"context"
	"slices"
	"strings"
	"time"

	"akari/bot"
)

// Claim implements bot.Outbox: one short transaction that takes the rows, ends
// those that must not be sent any more, and writes the intent of the others
// together with the bytes that every attempt will send.
func (o *Outbox) Claim(ctx context.Context, ids []string, render bot.Render) (out []bot.Delivery, err error) {
	keys, err := parseIDs(ids)
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	err = o.store.InTx(ctx, func(t *Tx) error {
		out = nil
		rows, err := all[Delivery](t.db, "SELECT * FROM deliveries WHERE id IN ? AND state = 'queued'"+o.store.locking(), keys)
		if err != nil || len(rows) == 0 {
			return err
		}
		// The caller's order is the order of urgency.
		slices.SortStableFunc(rows, func(a, b Delivery) int { return slices.Index(keys, a.ID) - slices.Index(keys, b.ID) })
		ready, err := o.ready(t, rows)
		if err != nil {
			return err
		}
		var claimed []Delivery
		for _, d := range ready {
			m, ok, err := o.intend(t, &d, render)
			if err != nil {
				return err
			}
			if ok {
				claimed, out = append(claimed, d), append(out, m)
			}
		}
		return o.writeIntents(t, claimed)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ready leaves out what may not be sent now, and ends what may never be sent.
func (o *Outbox) ready(t *Tx, rows []Delivery) ([]Delivery, error) {
	arrived, err := t.arrived(rows)
	if err != nil {
		return nil, err
	}
	halted, err := t.halted(rows)
	if err != nil {
		return nil, err
	}
	steady := o.store.steady()
	pauses := map[bot.Lane]time.Duration{}
	var out []Delivery
	for _, d := range rows {
		if d.CampaignID != nil && halted[*d.CampaignID] {
			continue
		}
		if d.DueAt.After(t.now) || d.RetryAt.After(steady) || !d.AfterID.IsZero() && !arrived[d.AfterID] {
			continue
		}
		if d.StaleAt != nil && !d.StaleAt.After(t.now) {
			if err := o.stale(t, d); err != nil {
				return nil, err
			}
			continue
		}
		if p := o.Policies[d.Platform]; p.SameKey && d.IntentAt != nil && t.now.Sub(*d.IntentAt) >= p.For {
			if err := o.end(t, d, StateHeld, "too_old_to_repeat", ""); err != nil {
				return nil, err
			}
			continue
		}
		if d.ErrorCode == CodeRestored && !o.Policies[d.Platform].SameKey && !repeatable(d.Act) {
			// It may have left: it is looked for first, or a person is asked.
			if err := o.putBack(t, d, verdict{state: StateUnconfirmed, code: CodeRestored}); err != nil {
				return nil, err
			}
			continue
		}
		pause, known := pauses[d.Lane()]
		if !known {
			if pause, err = t.pausedFor(d.Lane()); err != nil {
				return nil, err
			}
			pauses[d.Lane()] = pause
		}
		if pause > 0 {
			continue
		}
		if d.Guard == GuardPartner {
			ok, err := o.guard(t, d)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
		}
		if ok, err := o.admit(t, d); err != nil {
			return nil, err
		} else if !ok {
			continue
		}
		out = append(out, d)
	}
	return out, nil
}

// arrived answers which of the parts before these rows are sent.
func (t *Tx) arrived(rows []Delivery) (map[ID]bool, error) {
	var before []ID
	for _, d := range rows {
		if !d.AfterID.IsZero() {
			before = append(before, d.AfterID)
		}
	}
	if len(before) == 0 {
		return nil, nil
	}
	sent, err := all[ID](t.db, "SELECT id FROM deliveries WHERE id IN ? AND state = 'sent'", before)
	out := make(map[ID]bool, len(sent))
	for _, id := range sent {
		out[id] = true
	}
	return out, err
}

// guardPause is how soon a delivery is looked at again whose room must be asked about first.
const guardPause = 2 * time.Second

// guard tells whether a delivery may go into its room: the platform has said
// lately who can read there, and they are all of the delivery's partner.
// Without a fresh fact it waits and the fact is asked for; it fails closed.
func (o *Outbox) guard(t *Tx, d Delivery) (bool, error) {
	room, err := t.RoomAt(bot.Address{Platform: d.Platform, Connection: d.Connection, Room: d.Room})
	if err != nil {
		return false, err
	}
	if room.ID.IsZero() || d.PartnerID.IsZero() {
		return false, o.end(t, d, StateHeld, "room_unknown", "")
	}
	if room.FactAt == nil || t.now.Sub(*room.FactAt) > o.FactAge || room.FactAt.After(t.now.Add(time.Minute)) {
		if err := t.WantRoom(room.ID); err != nil {
			return false, err
		}
		return false, t.db.Exec("UPDATE deliveries SET retry_at = ? WHERE id = ?", o.store.steady().Add(guardPause), d.ID).Error
	}
	partner, err := t.OrgsOf(d.Platform, d.PartnerID)
	if err != nil {
		return false, err
	}
	for _, org := range room.Fact.Orgs {
		if !slices.Contains(partner, org) {
			return false, o.end(t, d, StateHeld, "room_orgs", "")
		}
	}
	return true, nil
}

// intend makes the bytes of a delivery, or takes those of the first attempt.
func (o *Outbox) intend(t *Tx, d *Delivery, render bot.Render) (bot.Delivery, bool, error) {
	d.Attempts++
	d.Epoch++
	if d.IntentAt == nil {
		now := t.now
		d.IntentAt = &now
	}
	m, err := d.message()
	if err != nil {
		o.Log.Error("a delivery cannot be read", "delivery", d.ID.String(), "platform", d.Platform)
		return m, false, o.end(t, *d, StateFailed, "unreadable", "")
	}
	if len(d.Sealed) > 0 {
		if m.Body, err = o.seal.open(d.ID, d.Sealed); err != nil {
			o.Log.Error("a delivery is held", "delivery", d.ID.String(), "why", err)
			return m, false, o.end(t, *d, StateHeld, "unsealable", "")
		}
		return m, true, nil
	}
	if o.Prepare != nil {
		if m.Parts, err = o.Prepare(*d, m.Parts); err != nil {
			o.Log.Error("a delivery cannot be prepared", "delivery", d.ID.String(), "why", err)
			return m, false, o.end(t, *d, StateFailed, "unprepared", "")
		}
	}
	if m.Body, err = render(m); err != nil {
		o.Log.Error("a delivery cannot be rendered", "delivery", d.ID.String(), "platform", d.Platform, "act", string(d.Act), "why", err)
		return m, false, o.end(t, *d, StateFailed, "unrenderable", "")
	}
	d.Sealed = o.seal.seal(d.ID, m.Body)
	return m, true, nil
}

// writeIntents writes all intents of a claim in one statement.
func (o *Outbox) writeIntents(t *Tx, ds []Delivery) error {
	if len(ds) == 0 {
		return nil
	}
	ids := make([]ID, len(ds))
	var cases strings.Builder
	var sealed []any
	for i, d := range ds {
		ids[i] = d.ID
		cases.WriteString(" WHEN ? THEN ?")
		sealed = append(sealed, d.ID, d.Sealed)
	}
	args := append(sealed, t.now, o.Process, o.store.steady().Add(o.Lease), ids)
	return t.db.Exec("UPDATE deliveries SET state = 'sending', sealed = CASE id"+cases.String()+" END, intent_at = COALESCE(intent_at, ?), "+
		"claimed_by = ?, lease_until = ?, epoch = epoch + 1, attempts = attempts + 1 WHERE id IN ?", args...).Error
}

// stale ends a delivery whose time is over, or turns a one-shot reply into a
// plain one (rulings 3): a form is lost with its trigger, a text is not lost
// with its reply token.
func (o *Outbox) stale(t *Tx, d Delivery) error {
	if d.ExpiresAt != nil && !d.ExpiresAt.After(t.now) {
		return o.end(t, d, StateExpired, "expired", "")
	}
	if d.Act == bot.OpenForm {
		return o.end(t, d, StateExpired, "too_late", "")
	}
	return o.turn(t, d, 0)
}

// turn makes a delivery that had a one-shot reply a plain one. Its bytes are
// made anew: a push is not the reply's bytes, and carries our key. Whether the month's
// quota still has room for it the platform itself says.
func (o *Outbox) turn(t *Tx, d Delivery, wait time.Duration) error {
	d.ReplyToken, d.ReplyURL, d.ReplyUntil, d.Sealed = "", "", nil, nil
	d.Operation = o.store.operationOf(d)
	return t.db.Exec("UPDATE deliveries SET state = 'queued', operation = ?, reply_token = '', reply_url = '', reply_until = NULL, stale_at = expires_at, sealed = NULL, "+
		"intent_at = NULL, claimed_by = NULL, lease_until = NULL, retry_at = ?, epoch = epoch + 1 WHERE id = ?", d.Operation, o.store.steady().Add(wait), d.ID).Error
}
