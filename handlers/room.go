package handlers

import (
	"time"

	"akari/bot"
	"akari/models"
)

// onceADay is how often an unmapped room is told so, and staff are asked again.
const onceADay = 24 * time.Hour

// unmapped is what happens in a room that is nobody's yet: not a word of
// content, one polite line a day, and the question to staff whose it is.
func (t *Turn) unmapped(r route) error {
	if t.actor.known && t.actor.staff && r.unmapped {
		t.event.Outcome = models.OutcomeHandled
		if !r.allows(t) {
			return t.refused(r)
		}
		return r.do(t)
	}
	return t.askWhose()
}

// askWhose asks staff whose room this is, and tells the room.
func (t *Turn) askWhose() error {
	if t.Room.ID.IsZero() {
		return nil
	}
	if t.older(t.Room.ToldAt, onceADay) {
		t.send(bot.Message{Text: t.h.Library.Say("ja", "room.unmapped", "desk", t.h.Vendor.Desk)}, sending{to: t.here(), priority: bot.Notices})
		if err := t.tx.RoomTold(t.Room.ID); err != nil {
			return err
		}
	}
	if !t.older(t.Room.AskedAt, onceADay) {
		return nil
	}
	if err := t.tx.RoomAsked(t.Room.ID); err != nil {
		return err
	}
	name := t.Room.Name
	if name == "" {
		name = t.Room.Room
	}
	say := func(key string, args ...any) string { return t.h.Library.Say("ja", key, args...) }
	return t.TellStaff(bot.Message{Text: say("room.ask", "room", name, "platform", say("platform."+t.Room.Platform)), Buttons: []bot.Button{
		{Label: say("room.choose"), Press: bot.NewPress("room.map", "r", t.Room.ID.String()), Style: bot.Primary},
	}})
}

// mapRoomForm asks which partner a room is: the one a button names, or the one
// the command was typed in.
func (t *Turn) mapRoomForm() error {
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Commanded, "word", "link"
	room := t.Room
	if id, err := models.ParseID(t.In.Args.Get("r")); err == nil {
		if room, err = t.tx.RoomByID(id); err != nil {
			return t.gone(err)
		}
	}
	if room.ID.IsZero() {
		t.Refuse("room.here_only")
		return nil
	}
	name := room.Name
	if name == "" {
		name = room.Room
	}
	var now []string
	if !room.PartnerID.IsZero() {
		p, err := t.tx.Partner(room.PartnerID)
		if err != nil {
			return ignoreMissing(err)
		}
		now = []string{p.Key}
	}
	return t.Form(bot.Form{Name: "room.map", Title: t.Say("room.form_title"), Text: t.Say("room.form_text", "room", name), Submit: t.Say("form.save"),
		Args:   map[string][]string{"r": {room.ID.String()}},
		Fields: []bot.Field{{Name: "partner", Label: t.Say("room.form_partner"), Hint: t.Say("room.form_hint"), Kind: bot.Choice, Load: "partner.choices", Value: now, Required: true}}})
}

// staffChoice is the choice that makes a room the staff's own.
const staffChoice = "-staff"

// partnerChoices lists partners whose name contains what was typed.
func (t *Turn) partnerChoices(typed string) ([]bot.Option, error) {
	ps, err := t.tx.PartnersNamed(typed, t.upTo())
	if err != nil {
		return nil, err
	}
	out := make([]bot.Option, 0, len(ps)+1)
	for _, p := range ps {
		out = append(out, bot.Option{Label: clip(p.Name, 75), Value: p.Key})
	}
	return append(out, bot.Option{Label: t.Say("room.staff_choice"), Value: staffChoice}), nil
}

// submitRoom maps a room and greets the people in it.
func (t *Turn) submitRoom() error {
	id, err := models.ParseID(t.In.Args.Get("r"))
	if err != nil {
		return t.gone(models.ErrNotFound)
	}
	room, err := t.tx.RoomByID(id)
	if err != nil {
		return t.gone(err)
	}
	var partner models.Partner
	if choice := t.In.Args.Get("partner"); choice != staffChoice {
		if partner, err = t.tx.PartnerByKey(clip(choice, 100)); err != nil {
			if ignoreMissing(err) != nil {
				return err
			}
			return t.complain("partner", "form.choice")
		}
	} else if room.Outsiders() {
		return t.complain("partner", "room.outsiders")
	}
	if ok, err := t.useDraft(); err != nil || !ok {
		return err
	}
	if err := t.mapRoom(room, partner); err != nil {
		return err
	}
	name := partner.Name
	if partner.ID.IsZero() {
		name = t.Say("room.staff_choice")
	}
	if t.In.At.Room != room.Room {
		t.Reply(bot.Message{Text: t.Say("room.mapped", "partner", name)})
	}
	return t.audit("room.map", room.ID.String(), "done")
}

// mapRoom says whose a room is, a partner's or staff's, and greets those in it.
func (t *Turn) mapRoom(room models.Room, partner models.Partner) error {
	if err := t.tx.MapRoom(room.ID, partner.ID); err != nil {
		return err
	}
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.RoomMapped, "room", room.ID.String()
	t.Tell(room.Address(), models.Who{Partner: partner}, t.greeting(partner.Language, !partner.ID.IsZero()))
	return nil
}
