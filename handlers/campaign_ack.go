package handlers

import (
	"maps"
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
	b, err := t.bundleOf(m)
	if err != nil {
		return false, err
	}
	newest := b.newest()
	undoable := !newest.ID.IsZero() && newest.Undoable(t.tx.Now())
	part, ok := t.letterShowing(c, last, len(round), b, undoable)
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
	if undoable {
		if settled, ok := t.letterShowing(c, last, len(round), b, false); ok {
			show(settled, newest.At.Add(models.UndoFor))
		}
	}
	return true, nil
}

// letterShowing is the part of a letter that carries the buttons, as its reader sees
// it after they acted. false: it does not fit into the parts that stand there.
func (t *Turn) letterShowing(c models.Campaign, last models.Delivery, parts int, b bundle, undoable bool) (bot.Message, bool) {
	lang := t.h.langOf(models.Recipient{Person: t.Who.Person, Partner: t.Who.Partner})
	say := func(key string, args ...any) string { return t.h.Library.Say(lang, key, args...) }
	l := letterOf(c, last.Step)
	l.read = b
	m := t.h.letterMessage(l, lang, false)
	for i, x := range m.Buttons {
		if x.Press.Args.Get("d") == pressHere { // it stands on a change of the message, and is about the message
			m.Buttons[i].Press.Args = maps.Clone(x.Press.Args)
			m.Buttons[i].Press.Args.Set("d", last.ID.String())
		}
	}
	if n := b.newest(); !n.ID.IsZero() {
		key := "campaign.acked"
		switch {
		case b.done() < len(b):
			key = "campaign.acked_some"
		case len(b) > 1:
			key = "campaign.acked_all"
		}
		m.Text += "\n\n" + say(key, "at", t.h.moment(n.At, lang), "all", len(b), "done", b.done())
		if undoable {
			m.Buttons = append(m.Buttons, t.h.undoButton(last.ID.String(), lang))
		}
	}
	fit := bot.Fit(m, t.h.platforms[last.Platform].Limits())
	if len(fit) != parts || len(m.Buttons) > 0 && len(fit[parts-1].Buttons) == 0 {
		return bot.Message{}, false
	}
	return fit[parts-1], true
}
