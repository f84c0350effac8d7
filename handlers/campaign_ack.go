package handlers

import (
	"time"

	"akari/bot"
	"akari/models"
)

// showOnLetter changes a campaign's one-to-one message, where the platform can, so
// that it shows its reader's own state: confirmed, with a way to take that back for
// as long as it can be. false: it cannot be changed, or is nobody's own.
func (t *Turn) showOnLetter(m models.Mark) (bool, error) {
	d, err := t.tx.DeliveryOf(m.DeliveryID)
	if err != nil {
		return false, ignoreMissing(err)
	}
	p := t.h.platforms[d.Platform]
	if p == nil || !p.Limits().Updates || !d.Direct || d.PersonID != m.PersonID || d.CampaignID == nil {
		return false, nil
	}
	round, err := t.tx.LockRound(d)
	if err != nil || len(round) == 0 {
		return false, err
	}
	last := round[len(round)-1] // the part with the buttons
	if last.PlatformMessageID == "" || last.Via != "" {
		return false, nil
	}
	c, err := t.tx.CampaignOf(*d.CampaignID)
	if err != nil {
		return false, ignoreMissing(err)
	}
	marks, err := t.marksOf(m)
	if err != nil {
		return false, err
	}
	ack, acked := marks[models.Acks]
	part, ok := t.letterShowing(c, last, len(round), ack, acked && ack.Undoable(t.tx.Now()))
	if !ok {
		return false, nil
	}
	// What was to be shown later is overtaken by what is so now.
	if err := t.tx.CancelChanges(last.Connection, last.PlatformMessageID); err != nil {
		return false, err
	}
	after, err := t.tx.ChangeUnderWay(last.Connection, last.PlatformMessageID)
	if err != nil {
		return false, err
	}
	s := sending{to: last.Where(), act: bot.Update, priority: bot.Answers, ref: last.PlatformMessageID, after: after}
	show := func(part bot.Message, due time.Time) models.ID {
		s.about = []func(*models.Delivery){func(x *models.Delivery) {
			x.LinkID, x.MaterialKey, x.MaterialVersion, x.DueAt = last.LinkID, last.MaterialKey, last.MaterialVersion, due
		}}
		return t.send(part, s)
	}
	s.after = show(part, time.Time{})
	if acked && ack.Undoable(t.tx.Now()) {
		if settled, ok := t.letterShowing(c, last, len(round), ack, false); ok {
			show(settled, ack.At.Add(models.UndoFor))
		}
	}
	return true, nil
}

// letterShowing is the part of a letter that carries the buttons, as its reader sees
// it after they acted. false: it does not fit into the parts that stand there.
func (t *Turn) letterShowing(c models.Campaign, last models.Delivery, parts int, ack models.Mark, undoable bool) (bot.Message, bool) {
	lang := t.h.langOf(models.Recipient{Person: t.Who.Person, Partner: t.Who.Partner})
	say := func(key string, args ...any) string { return t.h.Library.Say(lang, key, args...) }
	l := letterOf(c, last.Step)
	l.acked = !ack.ID.IsZero()
	m := t.h.letterMessage(l, lang, false)
	for i, b := range m.Buttons {
		if b.Press.Args.Get("d") == pressHere { // it stands on a change of the message, and is about the message
			m.Buttons[i].Press = bot.NewPress(b.Press.Name, "d", last.ID.String())
		}
	}
	if !ack.ID.IsZero() {
		kept := m.Buttons[:0]
		for _, b := range m.Buttons {
			if b.Press.Name != "material.ack" {
				kept = append(kept, b)
			}
		}
		m.Buttons = kept
		m.Text += "\n\n" + say("campaign.acked", "at", t.h.moment(ack.At, lang))
		if undoable {
			m.Buttons = append(m.Buttons, bot.Button{Label: say("ack.undo"), Press: bot.NewPress("material.undo", "k", string(models.Acks), "i", ack.ID.String())})
		}
	}
	fit := bot.Fit(m, t.h.platforms[last.Platform].Limits())
	if len(fit) != parts || len(m.Buttons) > 0 && len(fit[parts-1].Buttons) == 0 {
		return bot.Message{}, false
	}
	return fit[parts-1], true
}
