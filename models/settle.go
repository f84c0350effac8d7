package models

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"akari/bot"
)

// verdict is what an answer of a platform means for a row.
type verdict struct {
	state   string
	code    string
	wait    time.Duration // queued, unconfirmed: from now on the machine's clock
	free    bool          // the attempt does not count
	turn    bool          // a one-shot reply becomes a plain one
	pause   time.Duration // of the lane
	down    bool          // … or of the whole connection
	halt    bool          // of the campaign
	receipt string
}

// The words for doubt, which are also counted.
const (
	inDoubt    = "in_doubt"
	lookFailed = "look_failed"
)

// downPause is how long a connection is left alone whose token the platform
// refuses: nothing gets better faster than an operator.
const downPause = time.Minute

// judge decides what an answer means. Pure but for jitter.
func (o *Outbox) judge(d Delivery, receipt string, err error) verdict {
	var throttled *bot.Throttled
	var refused *bot.Refused
	var doubt *bot.InDoubt
	switch {
	case err == nil:
		return verdict{state: StateSent, receipt: receipt}
	case errors.As(err, &throttled):
		return o.judgeThrottled(d, throttled)
	case errors.As(err, &refused):
		return o.judgeRefused(d, refused)
	case errors.As(err, &doubt):
		return o.judgeDoubt(d)
	}
	// Surely not arrived.
	if v, once := o.judgeOnce(d, "unreachable", 0); once {
		return v
	}
	if o.exhausted(d) {
		return verdict{state: StateFailed, code: "too_many_attempts"}
	}
	return verdict{state: StateQueued, code: "unreachable", wait: o.backOff(d.Attempts)}
}

func (o *Outbox) judgeThrottled(d Delivery, e *bot.Throttled) verdict {
	wait := e.After
	if wait <= 0 {
		wait = o.backOff(d.Attempts)
	}
	wait = min(wait, o.RetryAfterMax)
	v, once := o.judgeOnce(d, "throttled", wait)
	if !once {
		v = verdict{state: StateQueued, code: "throttled", wait: wait, free: true}
	}
	if e.Whole {
		v.pause = wait
	}
	return v
}

func (o *Outbox) judgeRefused(d Delivery, e *bot.Refused) verdict {
	code := word(e.Code)
	switch {
	case e.Down && d.Act == bot.OpenForm:
		return verdict{state: StateExpired, code: code, pause: downPause, down: true}
	case e.Down:
		return verdict{state: StateQueued, code: code, wait: downPause, free: true, pause: downPause, down: true}
	case d.Act == bot.OpenForm && strings.Contains(code, "trigger"):
		return verdict{state: StateExpired, code: code}
	case code == codeQuota && d.CampaignID != nil:
		// Nobody is lost: the campaign stops, and goes on when a person says so.
		return verdict{state: StateQueued, code: code, free: true, halt: true}
	case d.Act != bot.OpenForm && (d.OneShot() || d.ReplyURL != ""):
		return verdict{state: StateQueued, code: code, turn: true}
	}
	return verdict{state: StateFailed, code: code}
}

// judgeOnce is for one-shot replies that surely did not arrive: they are never
// tried again as they are.
func (o *Outbox) judgeOnce(d Delivery, code string, wait time.Duration) (verdict, bool) {
	if !d.OneShot() {
		return verdict{}, false
	}
	if d.Act == bot.OpenForm {
		return verdict{state: StateExpired, code: code}, true
	}
	return verdict{state: StateQueued, code: code, turn: true, wait: wait}, true
}

// judgeDoubt: the call may have arrived.
func (o *Outbox) judgeDoubt(d Delivery) verdict {
	switch {
	case d.OneShot():
		return verdict{state: StateUnconfirmed, code: inDoubt, wait: o.ReconcileAfter}
	case o.Policies[d.Platform].SameKey, repeatable(d.Act):
		if o.exhausted(d) {
			return verdict{state: StateFailed, code: "too_many_attempts"}
		}
		return verdict{state: StateQueued, code: inDoubt, wait: o.backOff(d.Attempts)}
	}
	return verdict{state: StateUnconfirmed, code: inDoubt, wait: o.ReconcileAfter}
}

// patience is how long a delivery is tried while its platform answers nobody:
// an outage of a day must lose nothing, and LINE forgets keys after 24 hours.
const patience = 23 * time.Hour

// exhausted tells whether a delivery has been tried often enough. The tries
// count only while the platform answers others: in an outage, a recipient that
// has been tried max_attempts times is not to blame.
func (o *Outbox) exhausted(d Delivery) bool {
	switch {
	case o.Policies[d.Platform].SameKey: // its own end comes with the age of the key, see ready
		return false
	case d.Attempts < o.MaxAttempts:
		return false
	case d.IntentAt != nil && o.store.Now().Sub(*d.IntentAt) >= patience:
		return true
	}
	// Its last failure was before this moment, whatever chance made of the wait.
	return o.answeredSince(d, d.RetryAt.Add(-o.wait(d.Attempts-1)/2))
}

// answeredSince tells whether a delivery's platform has answered anybody since a moment.
func (o *Outbox) answeredSince(d Delivery, moment time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.answered[bot.Lane{Platform: d.Platform, Connection: d.Connection}].After(moment)
}

// heard notes that a platform answered, whatever it said.
func (o *Outbox) heard(m bot.Delivery, err error) {
	var refused *bot.Refused
	if err != nil && (!errors.As(err, &refused) || refused.Down) {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answered[bot.Lane{Platform: m.To.Platform, Connection: m.To.Connection}] = o.store.steady()
}

// repeatable acts leave the same to see when they are done twice.
func repeatable(a bot.Act) bool { return a == bot.Update || a == bot.Delete || a == bot.Home }

// backOff doubles from RetryBase to RetryMax; the second half of each wait is
// chance, so that what failed together does not come back together.
func (o *Outbox) backOff(attempts int) time.Duration {
	wait := o.wait(attempts)
	return wait/2 + rand.N(wait/2+1)
}

func (o *Outbox) wait(attempts int) time.Duration {
	wait := o.RetryBase << min(max(attempts-1, 0), 20)
	if wait <= 0 || wait > o.RetryMax {
		wait = o.RetryMax
	}
	return wait
}

// word makes a platform's code fit to be stored and shown: short, no data.
func word(code string) string {
	code = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' || r == '.' {
			return r
		}
		return '_'
	}, code)
	if code == "" {
		return "refused"
	}
	return code[:min(len(code), 64)]
}

// settleColumns are a delivery without its bytes.
const settleColumns = "id,`key`,act,priority,platform,connection,operation,address,room,user,thread,direct,partner_id,person_id,campaign_id,step,round,part," +
	"after_id,cause_id,link_id,material_key,material_version,guard,ref,reply_token,reply_url,reply_until,fallback_room,via,state,due_at,retry_at," +
	"expires_at,stale_at,claimed_by,lease_until,epoch,attempts,crashes,doubts,looks,intent_at,ended_at,platform_message_id,error_code,created_at"

// Settle implements bot.Outbox.
func (o *Outbox) Settle(ctx context.Context, m bot.Delivery, receipt string, sendErr error) (bot.Settled, error) {
	o.heard(m, sendErr)
	return o.settle(ctx, m, StateSending, func(d Delivery) verdict { return o.judge(d, receipt, sendErr) })
}

// settle applies a verdict to a row that is still in the state and epoch of m.
func (o *Outbox) settle(ctx context.Context, m bot.Delivery, state string, judge func(Delivery) verdict) (out bot.Settled, err error) {
	id, err := ParseID(m.ID)
	if err != nil {
		return out, err
	}
	err = o.store.InTx(ctx, func(t *Tx) error {
		out = bot.Settled{}
		d, err := first[Delivery](t.db, "SELECT "+settleColumns+" FROM deliveries WHERE id = ? AND epoch = ? AND state = ?"+o.store.lockingOne(), id, m.Epoch, state)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		out, err = o.apply(t, d, judge(d))
		return err
	})
	return out, err
}

// apply writes a verdict on a row that is locked.
func (o *Outbox) apply(t *Tx, d Delivery, v verdict) (bot.Settled, error) {
	out := bot.Settled{State: v.state, Code: v.code, Pause: v.pause, Down: v.down}
	if v.pause > 0 {
		lane := d.Lane()
		if v.down {
			lane.Operation = ""
		}
		if err := t.pause(lane, v.pause); err != nil {
			return out, err
		}
	}
	if v.halt {
		if err := o.halt(t, *d.CampaignID); err != nil {
			return out, err
		}
	}
	switch {
	case v.turn:
		out.More = true
		return out, o.turn(t, d, v.wait)
	case v.state == StateQueued || v.state == StateUnconfirmed:
		return out, o.putBack(t, d, v)
	case v.state == StateFailed && o.fallsBack(d):
		out.More = true
		return out, o.fallBack(t, d, v.code)
	}
	if v.state == StateSent {
		n, err := first[int](t.db, "SELECT COUNT(*) FROM deliveries WHERE after_id = ?", d.ID)
		if err != nil {
			return out, err
		}
		out.More = n > 0 // the part behind it
	}
	return out, o.end(t, d, v.state, v.code, v.receipt)
}

// putBack leaves a row to be tried, or looked for, later.
func (o *Outbox) putBack(t *Tx, d Delivery, v verdict) error {
	attempts, doubts, looks := d.Attempts, d.Doubts, d.Looks
	if v.free {
		attempts--
	}
	switch v.code {
	case inDoubt:
		doubts++
	case lookFailed:
		looks++
	}
	return t.db.Exec("UPDATE deliveries SET state = ?, error_code = ?, retry_at = ?, attempts = ?, crashes = ?, doubts = ?, looks = ?, claimed_by = NULL, lease_until = NULL, epoch = epoch + 1 WHERE id = ?",
		v.state, v.code, o.store.steady().Add(v.wait), attempts, d.Crashes, doubts, looks, d.ID).Error
}

// end writes an end (or a hold) with its event, what it means for the parts
// behind it, and whatever Ended adds.
func (o *Outbox) end(t *Tx, d Delivery, state, code, receipt string) error {
	if len(receipt) > 255 {
		receipt = receipt[:255]
	}
	d.State, d.ErrorCode, d.PlatformMessageID = state, code, receipt
	sql := "UPDATE deliveries SET state = ?, error_code = ?, platform_message_id = ?, attempts = ?, crashes = ?, doubts = ?, looks = ?, intent_at = ?, claimed_by = NULL, lease_until = NULL, epoch = epoch + 1"
	args := []any{state, code, receipt, d.Attempts, d.Crashes, d.Doubts, d.Looks, d.IntentAt}
	if state != StateHeld {
		// What a person may still send again keeps its text; the others are blanked.
		sql += ", ended_at = ?, body = NULL, sealed = NULL, reply_token = '', reply_url = ''"
		args = append(args, t.now)
		d.EndedAt = &t.now
	}
	if err := t.db.Exec(sql+" WHERE id = ?", append(args, d.ID)...).Error; err != nil {
		return err
	}
	if err := t.deliveryEvent(d); err != nil {
		return err
	}
	if state != StateSent {
		if err := o.cascade(t, d.ID, state); err != nil {
			return err
		}
	}
	if o.Ended != nil {
		return o.Ended(t, d)
	}
	return nil
}

// deliveryEvent says in the log how a message ended. What was shown to one
// person in passing does not count as delivered; forms, pages, and changes of a message
// that is there already are no messages, whichever way they end.
func (t *Tx) deliveryEvent(d Delivery) error {
	e := Event{
		Kind: Delivered, Platform: d.Platform, Connection: d.Connection, PartnerID: d.PartnerID, PersonID: d.PersonID, CampaignID: d.CampaignID,
		DeliveryID: d.ID, LinkID: d.LinkID, CauseID: d.CauseID, ObjectKey: d.MaterialKey, ObjectVersion: d.MaterialVersion,
	}
	if d.MaterialKey != "" {
		e.ObjectKind = "material"
	}
	message := d.Act == bot.Post || d.Act == bot.Private
	if d.State == StateSent {
		// A message of several parts is delivered once, when its last part is.
		_, err := first[int](t.db, "SELECT 1 FROM deliveries WHERE after_id = ? AND part = ? LIMIT 1", d.ID, d.Part+1)
		if !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	switch {
	case d.State == StateSent && message && d.Via != viaEphemeral:
	case (d.State == StateFailed || d.State == StateExpired) && message:
		e.Kind, e.Detail = DeliveryFailed, Detail{"code": d.ErrorCode}
	default:
		return nil
	}
	return t.Append(e)
}

// cascade ends, or holds, the parts behind one that did not arrive: half a
// message that begins in its middle is worse than none.
func (o *Outbox) cascade(t *Tx, id ID, state string) error {
	next, err := all[Delivery](t.db, "SELECT "+settleColumns+" FROM deliveries WHERE after_id = ? AND state = 'queued'"+o.store.lockingOne(), id)
	if err != nil {
		return err
	}
	for _, d := range next {
		if state == StateHeld {
			err = o.end(t, d, StateHeld, "part_before", "")
		} else {
			err = o.end(t, d, StateCancelled, "part_before", "")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fallsBack tells whether a refused message has another way: a direct message
// that came out of a shared room goes back there, to be seen by that person only.
func (o *Outbox) fallsBack(d Delivery) bool {
	return d.Act == bot.Private && d.Direct && d.FallbackRoom != "" && d.User != ""
}

// fallBack ends the refused message and owes the same, and the parts behind
// it, as ephemerals in the room that they were asked for in.
func (o *Outbox) fallBack(t *Tx, d Delivery, code string) error {
	rest, err := t.chainFrom(d.ID)
	if err != nil {
		return err
	}
	whole, err := t.DeliveryOf(d.ID)
	if err != nil {
		return err
	}
	var again []Delivery
	before := ID{}
	for _, p := range append([]Delivery{whole}, rest...) {
		n := Delivery{
			ID: NewID(), Act: bot.Private, Priority: p.Priority, Platform: p.Platform, Connection: p.Connection, Room: d.FallbackRoom, User: p.User,
			PartnerID: p.PartnerID, PersonID: p.PersonID, CampaignID: p.CampaignID, Step: p.Step, Round: p.Round, Part: p.Part, AfterID: before,
			CauseID: p.CauseID, LinkID: p.LinkID, MaterialKey: p.MaterialKey, MaterialVersion: p.MaterialVersion, Guard: p.Guard,
			Body: p.Body, ExpiresAt: p.ExpiresAt, Via: viaEphemeral,
		}
		again, before = append(again, n), n.ID
	}
	if err := o.end(t, d, StateFailed, code, ""); err != nil { // the cascade cancels the parts behind it
		return err
	}
	return t.QueueDeliveries(again...)
}

// chainFrom answers the parts behind one, in order.
func (t *Tx) chainFrom(id ID) ([]Delivery, error) {
	var out []Delivery
	for {
		d, err := first[Delivery](t.db, "SELECT * FROM deliveries WHERE after_id = ? AND state = 'queued'", id)
		if errors.Is(err, ErrNotFound) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out, id = append(out, d), d.ID
	}
}
