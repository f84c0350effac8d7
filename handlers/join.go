package handlers

import (
	"encoding/hex"
	"time"

	"akari/bot"
	"akari/models"
)

// factual answers what to do with an inbound that is a fact about the world and
// needs nobody's authority, or nil.
func factual(in bot.Inbound) func(*Turn) error {
	switch in.Kind {
	case bot.Joined:
		return (*Turn).joined
	case bot.Left:
		return (*Turn).left
	case bot.Changed:
		return (*Turn).changed
	case bot.Withdrawn:
		return (*Turn).withdrawn
	case bot.Watched:
		return (*Turn).watched
	case bot.Unknown:
		return (*Turn).unknown
	}
	return nil
}

// unknown keeps that something came which we do not know.
func (t *Turn) unknown() error {
	t.event.Detail = models.Detail{"what": clip(t.In.Name, 60)}
	return nil
}

// joined greets: a room that the bot entered, or a person who opened one-to-one
// talk with it.
func (t *Turn) joined() error {
	t.event.Kind = models.Joined
	if t.In.At.Direct {
		return t.began()
	}
	v, err := t.identify(maxAgeRead)
	if err != nil {
		return err
	}
	t.event.Outcome = models.OutcomeHandled
	if t.In.From.User != "" { // somebody else entered: who reads along may have changed
		if t.Room.ID.IsZero() {
			return nil
		}
		return t.tx.StaleRoom(t.In.At)
	}
	if v == waitForFacts { // whose room it is can be said before the fact is here
		if t.Room.ID.IsZero() {
			if t.Room, err = t.tx.AddRoom(t.In.At); err != nil {
				return err
			}
		}
		if err := t.tx.WantRoom(t.Room.ID); err != nil {
			return err
		}
	}
	if t.Room.ID.IsZero() {
		return nil
	}
	if newest, err := t.tx.MoveRoom(t.Room.ID, t.happened(), false); err != nil || !newest {
		return err // the bot has left again since
	}
	if !t.Room.Mapped() {
		t.event.Outcome = models.OutcomeUnmapped
		return t.askWhose()
	}
	lang := ""
	if p, err := t.tx.Partner(t.Room.PartnerID); err == nil {
		lang = p.Language
	}
	t.send(t.greeting(lang, t.Room.Kind == models.RoomShared), sending{to: t.In.At, priority: bot.Notices})
	return nil
}

// greetAgain is how long a person who was just spoken to is not greeted.
const greetAgain = 10 * time.Minute

// began greets a person who opened one-to-one talk, followed us, or unblocked us.
func (t *Turn) began() error {
	v, err := t.identify(maxAgeRead)
	if err != nil {
		return err
	}
	t.Lang = t.language()
	if t.In.From.Platform == "line" {
		if newest, err := t.friend(true); err != nil || !newest {
			t.event.Outcome = models.OutcomeHandled
			return err // they have blocked us since
		}
		if !t.Who.Person.ID.IsZero() && t.Who.Person.LeftAt == nil {
			v = goOn // known, and just became a friend again
		}
	}
	switch v {
	case goOn:
		t.event.Outcome = models.OutcomeHandled
		// LINE WORKS also tells of a room that our own first message opened.
		spoke, err := t.tx.SpokeTo(t.Who.Person.ID, t.tx.Now().Add(-greetAgain))
		if err != nil || spoke {
			return err
		}
		return t.speak(t.greeting(t.Lang, true))
	case waitForFacts:
		t.event.ID = models.ID{}
		return t.wait()
	}
	t.event.Outcome = models.OutcomeUnknown
	t.inviteFirst()
	return nil
}

// friend keeps whether a LINE account can be reached, unless something later is
// known of it.
func (t *Turn) friend(yes bool) (newest bool, err error) {
	if t.Who.Account.ID.IsZero() {
		if err := t.tx.AddAccount(t.In.From, models.ID{}); err != nil {
			return false, err
		}
		if t.Who, err = t.tx.Whois(t.In.From); err != nil {
			return false, err
		}
	}
	if newest, err = t.tx.MoveAccount(t.Who.Account.ID, t.happened()); err != nil || !newest {
		return newest, err
	}
	f := t.Who.Account.Fact.PersonFact
	f.Gone = !yes
	return true, t.tx.SavePersonFact(t.Who.Account.ID, f)
}

// happened is when the inbound happened by the platform's clock, by which those
// of one platform are put in order, however they arrive.
func (t *Turn) happened() time.Time {
	if t.In.Time.IsZero() {
		return t.tx.Now()
	}
	return t.In.Time
}

// greeting says who the bot is and how to use it.
func (t *Turn) greeting(lang string, partner bool) bot.Message {
	if lang == "" {
		lang = "ja"
	}
	say := func(key string, args ...any) string {
		return t.h.Library.Say(lang, key, append(args, "desk", t.h.Vendor.Desk, "vendor", t.h.Vendor.Name)...)
	}
	if !partner {
		return bot.Message{Text: say("greeting.staff")}
	}
	return bot.Message{Text: say("greeting.partner"), Buttons: menuButtons(say)}
}

// left keeps that somebody, or the bot itself, is gone.
func (t *Turn) left() error {
	t.event.Kind, t.event.Outcome = models.Left, models.OutcomeHandled
	if err := t.look(); err != nil {
		return err
	}
	t.actor.partner = t.Who.Partner.ID
	switch {
	case t.In.At.Direct && t.In.From.Platform == "line":
		_, err := t.friend(false)
		return err
	case t.In.At.Direct:
		return nil
	case t.In.From.User == "":
		return t.roomLeft()
	case t.Room.ID.IsZero():
		return nil
	}
	return t.tx.StaleRoom(t.In.At)
}

// roomLeft keeps that the bot is no longer in a room, also in one it has not heard
// of: the word that it entered may still be on its way.
func (t *Turn) roomLeft() (err error) {
	if t.Room.ID.IsZero() {
		if t.Room, err = t.tx.AddRoom(t.In.At); err != nil {
			return err
		}
	}
	_, err = t.tx.MoveRoom(t.Room.ID, t.happened(), true)
	return err
}

// changed forgets a fact that the platform says is stale.
func (t *Turn) changed() error {
	t.event.Kind, t.event.Outcome = "changed", models.OutcomeHandled
	t.event.Detail = models.Detail{"what": clip(t.In.Name, 60)}
	if to := t.In.Args.Get("to"); to != "" && t.In.At.Room != "" {
		return t.tx.RenameRoom(t.In.At, clip(to, 190))
	}
	if t.In.At.Room != "" {
		if err := t.tx.StaleRoom(t.In.At); err != nil {
			return err
		}
	}
	if t.In.From.User != "" {
		return t.tx.StalePerson(t.In.From)
	}
	return nil
}

// withdrawn respects that somebody took back what they wrote: our copy goes,
// the fact stays.
func (t *Turn) withdrawn() error {
	t.event.Kind, t.event.Outcome = models.Withdrawn, models.OutcomeHandled
	if err := t.look(); err != nil {
		return err
	}
	t.actor.partner = t.Who.Partner.ID
	hash := messageHash(t.In)
	if hash == nil {
		return nil
	}
	t.In.EffectKey = withdrawal(hash) // the message itself may still be on its way
	n, err := t.tx.Withdraw(hash)
	t.event.Detail = models.Detail{"texts": n}
	return err
}

// withdrawal is the effect of taking a message back.
func withdrawal(messageHash []byte) string { return "withdrawn/" + hex.EncodeToString(messageHash) }

// respectWithdrawal keeps nothing of a message that was taken back before it came.
func (t *Turn) respectWithdrawal() error {
	hash := messageHash(t.In)
	if len(t.texts) == 0 || hash == nil {
		return nil
	}
	gone, err := t.tx.HadEffect(effectKey(withdrawal(hash)))
	if gone {
		t.texts = nil
	}
	return err
}
