package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"akari/bot"
	"akari/models"
)

// errDrop says that an inbound was not meant for us: nothing of it is kept.
var errDrop = errors.New("not meant for us")

// errAgain says that somebody else was quicker: run again, what they did is found.
var errAgain = errors.New("somebody else was quicker")

// errHeld says that an inbound waits for a fact, and goes on waiting.
var errHeld = errors.New("waits for a fact")

// Receive is the one road in. The event, what the handler wrote and what is
// owed because of it commit together, or nothing does. The same happening told
// twice has one effect. An error means that nothing is on record.
func (h *Handlers) Receive(ctx context.Context, in bot.Inbound) (bot.Outcome, error) {
	switch in.Kind {
	case bot.Handshake:
		return bot.Outcome{}, nil
	case bot.Loaded:
		return h.load(ctx, in)
	case bot.Kept:
		return bot.Outcome{}, h.keep(ctx, in)
	}
	return h.persist(ctx, in, models.Waiting{})
}

// persist runs the turn until it is committed or ctx ends: a database that is
// away for a moment costs nothing but time.
func (h *Handlers) persist(ctx context.Context, in bot.Inbound, waited models.Waiting) (bot.Outcome, error) {
	for {
		t, err := h.turn(ctx, in, waited)
		switch {
		case err == nil:
			h.after(t)
			return t.out, nil
		case errors.Is(err, errDrop), errors.Is(err, errHeld):
			return bot.Outcome{}, nil
		case errors.Is(err, models.ErrDuplicate):
			err = h.repeated(ctx, in, waited)
			if err == nil {
				return bot.Outcome{}, nil
			}
		case !models.IsOutage(err) && !errors.Is(err, errAgain):
			h.Log.Error("a handler failed", "platform", in.At.Platform, "kind", string(in.Kind), "name", in.Name, "error", err)
			if err = h.failed(ctx, in, waited); err == nil {
				return bot.Outcome{}, nil
			}
		}
		select {
		case <-ctx.Done():
			return bot.Outcome{}, fmt.Errorf("while recording an inbound from %s: %w", in.At.Platform, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// turn handles one inbound: by reading alone, if that is all its handler does,
// so that its new rows can share a commit with those of others; else in a
// transaction of its own.
func (h *Handlers) turn(ctx context.Context, in bot.Inbound, waited models.Waiting) (t *Turn, err error) {
	if waited.ID.IsZero() {
		err = h.Store.View(ctx, func(tx *models.Tx) error {
			t = h.newTurn(tx, in)
			return t.run(waited)
		})
		if err == nil {
			return t, h.Store.Record(ctx, t.record())
		}
		if !errors.Is(err, models.ErrReadOnly) {
			return t, err
		}
	}
	err = h.Store.InTx(ctx, func(tx *models.Tx) error {
		t = h.newTurn(tx, in)
		if !waited.ID.IsZero() {
			there, err := tx.StopWaiting(waited.ID)
			if err != nil {
				return err
			}
			if !there {
				return errDrop // another process went on with it
			}
		}
		if err := t.run(waited); err != nil {
			return err
		}
		return tx.Add(t.record())
	})
	return t, err
}

func (h *Handlers) newTurn(tx *models.Tx, in bot.Inbound) *Turn {
	t := &Turn{h: h, tx: tx, In: in, Lang: "ja"}
	t.event = models.Event{ID: models.NewID(), Kind: models.Ignored, Outcome: models.OutcomeIgnored}
	return t
}

// run finds out who acts, finds the handler, and runs it. A panic is an error
// of this inbound alone.
func (t *Turn) run(waited models.Waiting) (err error) {
	defer func() {
		if r := recover(); r != nil {
			t.h.Log.Error("a handler panicked", "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	if err := t.overheard(); err != nil {
		return err
	}
	if do := factual(t.In); do != nil {
		return do(t)
	}
	r := routeOf(t.In)
	if t.In.Kind == bot.Submitted {
		if done, err := t.recallDraft(); err != nil || done {
			return err
		}
	}
	v, err := t.identify(r.maxAge())
	if err != nil {
		return err
	}
	t.Lang = t.language()
	switch v {
	case waitForFacts:
		if waited.ID.IsZero() {
			t.event.ID = models.ID{} // nothing happened yet: no event
			return t.wait()
		}
		if t.tx.Now().Before(waited.UntilAt) {
			return errHeld
		}
		t.event.Outcome = models.OutcomeUnknown
		return t.stranger(r)
	case unknownPerson:
		t.event.Outcome = models.OutcomeUnknown
		return t.stranger(r)
	case unmappedRoom:
		t.event.Outcome = models.OutcomeUnmapped
		return t.unmapped(r)
	}
	t.event.Outcome = models.OutcomeHandled
	if r.asks && t.In.Kind == bot.Said && !t.actor.staff {
		return t.ask()
	}
	if !r.allows(t) {
		return t.refused(r)
	}
	if err := r.do(t); err != nil {
		return err
	}
	return t.respectWithdrawal()
}

// record is everything the turn adds. The inbound's own row carries the keys, so
// a happening that is on record already stops there and takes everything back
// with it.
func (t *Turn) record() models.Record {
	if t.event.ID.IsZero() {
		return models.Record{}
	}
	e := t.newEvent(t.event.Kind)
	e.ID, e.Outcome, e.Detail = t.event.ID, t.event.Outcome, t.event.Detail
	e.ObjectKind, e.ObjectKey, e.ObjectVersion = t.event.ObjectKind, t.event.ObjectKey, t.event.ObjectVersion
	e.CauseID, e.LinkID, e.DeliveryID, e.CampaignID = t.event.CauseID, t.event.LinkID, t.event.DeliveryID, t.event.CampaignID
	e.SourceKey, e.EffectKey = t.In.Key, effectKey(t.In.EffectKey)
	return models.Record{Events: append([]models.Event{e}, t.more...), Texts: t.texts, Links: t.links, Deliveries: t.owed}
}

// effectKey is an inbound's effect as the log keeps it: on Slack it names a
// conversation, which for one-to-one talk is a person's and must not outlive them.
func effectKey(key string) string {
	if key == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(key))
	return "effect/" + hex.EncodeToString(sum[:])
}

// after tells the sender, once everything is committed.
func (h *Handlers) after(t *Turn) {
	if t.event.ID.IsZero() {
		h.Observe.Received(t.In.At.Platform, "waiting")
		h.wantFacts()
		return
	}
	h.Observe.Received(t.In.At.Platform, t.event.Outcome)
	if len(t.hurry) > 0 {
		h.Hurry(t.hurry)
	}
	switch {
	case t.queued:
		h.Nudge()
	case len(t.owed) > len(t.hurry):
		to := make([]bot.Address, len(t.owed))
		for i, d := range t.owed {
			to[i] = d.Where()
		}
		h.Nudge(to...)
	}
	if t.board {
		h.wantBoards()
	}
}

// repeated decides what a duplicate is: the same happening told again has no
// trace at all; another happening of the same effect (Slack tells a mention
// twice) is one row without effect.
func (h *Handlers) repeated(ctx context.Context, in bot.Inbound, waited models.Waiting) error {
	return h.Store.InTx(ctx, func(tx *models.Tx) error {
		if !waited.ID.IsZero() {
			if _, err := tx.StopWaiting(waited.ID); err != nil {
				return err
			}
		}
		known, err := tx.Recorded(in.Key)
		if err != nil || known {
			return err
		}
		t := h.newTurn(tx, in)
		t.In.EffectKey = ""
		if err := tx.Add(t.record()); !errors.Is(err, models.ErrDuplicate) {
			return err
		}
		return nil
	})
}

// failed keeps an inbound whose handler failed, and apologises.
func (h *Handlers) failed(ctx context.Context, in bot.Inbound, waited models.Waiting) error {
	var t *Turn
	err := h.Store.InTx(ctx, func(tx *models.Tx) error {
		t = h.newTurn(tx, in)
		t.event.Kind, t.event.Outcome = models.Failed, models.OutcomeFailed
		if !waited.ID.IsZero() {
			if there, err := tx.StopWaiting(waited.ID); err != nil || !there {
				return err
			}
		}
		if v, err := t.identify(maxAgeRead); err == nil && v == goOn {
			t.Lang = t.language()
			if in.Kind == bot.Said || in.Kind == bot.Pressed || in.Kind == bot.Commanded {
				t.Refuse("failed")
			}
		}
		return tx.Add(t.record())
	})
	if errors.Is(err, models.ErrDuplicate) {
		return nil
	}
	if err == nil {
		h.after(t)
	}
	return err
}

// overheard drops talk that was not meant for us, before anything is kept.
func (t *Turn) overheard() error {
	if t.In.Kind != bot.Said || t.In.Via != bot.Ambient {
		return nil
	}
	ours, err := t.tx.InThread(t.In.At)
	if err != nil {
		return err
	}
	if !ours {
		return errDrop
	}
	return nil
}

// language is what the person is answered in: what they write in now, else what
// is known of them, else Japanese.
func (t *Turn) language() string {
	if _, ours := word(t.In.Text); t.In.Kind == bot.Said && !ours { // "menu" is no sign of English
		if lang := language(t.In.Text); lang != "" {
			return lang
		}
	}
	for _, lang := range []string{t.Who.Person.Language, t.Who.Partner.Language} {
		if lang != "" {
			return lang
		}
	}
	return "ja"
}

// ignoreMissing makes "no such row" no error.
func ignoreMissing(err error) error {
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	return err
}
