package handlers

import (
	"akari/bot"
	"akari/models"
)

// What the buttons of a campaign's cards do.

// testCampaign sends the message to the one who pressed; it never counts.
func (t *Turn) testCampaign() error {
	c, ok, err := t.asSeen()
	if err != nil || !ok {
		return err
	}
	a := t.campaigning()
	// Where they pressed is where they look: on that platform, if it is theirs.
	at := t.direct()
	if at.User == "" {
		err = a.TestSend(c.ID, t.Who.Person.ID)
	} else {
		err = a.testTo(c.ID, t.Who, at)
	}
	if stop, err := t.did(err); err != nil || stop {
		return err
	}
	t.queued = true
	if !t.In.At.Direct {
		t.private(bot.Message{Text: t.Say("compose.tested")})
	}
	return nil
}

// askApproval asks a second person: in the staff's rooms, where there are any, else
// each one who may.
func (t *Turn) askApproval() error {
	c, ok, err := t.asSeen()
	if err != nil || !ok {
		return err
	}
	waits := c.State == models.CampaignPaused && c.Why == models.PausedApproval
	if c.State != models.CampaignDraft && !waits {
		return t.showCampaignOf(c)
	}
	if stop, err := t.did(t.campaigning().ask(c)); err != nil || stop {
		return err
	}
	told, err := t.h.askApprovers(t.tx, c)
	if err != nil {
		return err
	}
	t.queued, t.board = true, true
	key := "compose.asked"
	if told == 0 {
		key = "compose.nobody_approves"
	}
	t.private(bot.Message{Text: t.Say(key, "id", c.ID)})
	return nil
}

// approveCampaign is the second person's yes, to the version they were shown.
func (t *Turn) approveCampaign() error {
	c, ok, err := t.asSeen()
	if err != nil || !ok {
		return err
	}
	c, needed, err := t.campaigning().Approve(c.ID)
	if stop, err := t.did(err); err != nil || stop {
		return err
	}
	t.board, t.queued = true, true
	if !needed {
		t.private(bot.Message{Text: t.Say("compose.no_approval_needed", "id", c.ID)})
		return nil
	}
	t.private(bot.Message{Text: t.Say("compose.approved", "id", c.ID)})
	author := c.EditedBy
	if author.IsZero() {
		author = c.CreatedBy
	}
	lang := t.h.langOf(models.Recipient{})
	say := func(key string, args ...any) string { return t.h.Library.Say(lang, key, args...) }
	m := bot.Message{Text: say("compose.approved_for_you", "id", c.ID, "title", c.Title, "person", t.Who.Person.Name)}
	next := bot.Button{Label: say("compose.launch"), Press: aboutIt("campaign.launch", c), Style: bot.Primary}
	if c.State == models.CampaignPaused {
		next = bot.Button{Label: say("compose.resume"), Press: aboutIt("campaign.resume", c), Style: bot.Primary}
	}
	m.Buttons = []bot.Button{next, {Label: say("compose.preview"), Press: aboutIt("campaign.preview", c)}}
	return t.h.tellPerson(t.tx, author, m)
}

// launchCampaign sends what was shown: an undo window lies in between.
func (t *Turn) launchCampaign() error {
	c, ok, err := t.asSeen()
	if err != nil || !ok {
		return err
	}
	c, fresh, err := t.campaigning().Launch(c.ID)
	if stop, err := t.did(err); err != nil || stop {
		return err
	}
	t.board = true
	if !fresh {
		return t.showCampaignOf(c)
	}
	m := bot.Message{Text: t.Say("compose.launched", "id", c.ID, "title", c.Title, "start", t.moment(*c.DueAt)), Buttons: []bot.Button{
		{Label: t.Say("compose.undo"), Press: aboutIt("campaign.cancel", c), Style: bot.Danger},
		{Label: t.Say("compose.pause"), Press: aboutIt("campaign.pause", c)},
	}}
	t.private(m)
	return nil
}

func (t *Turn) pauseCampaign() error {
	return t.move("compose.paused", (*Campaigning).Pause, func(c models.Campaign) []bot.Button {
		return []bot.Button{{Label: t.Say("compose.resume"), Press: aboutIt("campaign.resume", c), Style: bot.Primary}, {Label: t.Say("compose.cancel"), Press: aboutIt("campaign.cancel", c), Style: bot.Danger}}
	})
}

func (t *Turn) resumeCampaign() error {
	act := (*Campaigning).Resume
	if t.In.Args.Get("as") == "is" {
		act = (*Campaigning).ResumeAsIs
	}
	return t.move("compose.resumed", act, func(c models.Campaign) []bot.Button {
		return []bot.Button{{Label: t.Say("compose.pause"), Press: aboutIt("campaign.pause", c)}}
	})
}

// cancelCampaign ends it for good; in the undo window that is the undo. What it
// owes is taken back by the campaigns' clock.
func (t *Turn) cancelCampaign() error {
	return t.move("compose.cancelled", (*Campaigning).Cancel, func(models.Campaign) []bot.Button { return nil })
}

// move is an act that changes a campaign's state. Pressed again, it shows how the
// campaign stands.
func (t *Turn) move(done string, act func(*Campaigning, int64) (models.Campaign, bool, error), next func(models.Campaign) []bot.Button) error {
	if err := t.tx.Writes(); err != nil {
		return err
	}
	c, ok, err := t.theCampaign()
	if err != nil || !ok {
		return err
	}
	c, fresh, err := act(t.campaigning(), c.ID)
	if stop, err := t.did(err); err != nil || stop {
		return err
	}
	t.board = true
	if !fresh {
		return t.showCampaignOf(c)
	}
	t.private(bot.Message{Text: t.Say(done, "id", c.ID, "title", c.Title), Buttons: next(c)})
	return nil
}

// previewCampaign shows the message once more, as every platform will show it.
func (t *Turn) previewCampaign() error {
	c, ok, err := t.theCampaign()
	if err != nil || !ok {
		return err
	}
	return t.showDraft(c)
}

// samplePressed is a button of a preview: it looks like the real one, and does nothing.
func (t *Turn) samplePressed() error {
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Commanded, "press", "campaign.sample"
	t.private(bot.Message{Text: t.Say("compose.sample")})
	return nil
}

// whyForm asks for which partner 「なぜ入っている?」 is to be answered.
func (t *Turn) whyForm() error {
	c, ok, err := t.theCampaign()
	if err != nil || !ok {
		return err
	}
	return t.Form(bot.Form{Name: "campaign.why", Title: t.Say("compose.why_title"), Text: t.Say("compose.why_text", "title", c.Title), Submit: t.Say("compose.why_submit"),
		Args:   aboutIt("", c).Args,
		Fields: []bot.Field{{Name: "partner", Label: t.Say("room.form_partner"), Kind: bot.Choice, Load: "campaign.partners", Required: true}}})
}

// submitWhy says which conditions hold for a partner.
func (t *Turn) submitWhy() error {
	c, ok, err := t.theCampaign()
	if err != nil || !ok {
		return err
	}
	p, err := t.tx.PartnerByKey(clip(t.In.Args.Get("partner"), 128))
	if err != nil {
		if ignoreMissing(err) != nil {
			return err
		}
		return t.complain("partner", "form.choice")
	}
	why, n, err := t.tx.Why(t.h.targets(c.Spec), p)
	if err != nil {
		return err
	}
	if ok, err := t.useDraft(); err != nil || !ok {
		return err
	}
	key := "compose.why_out"
	if n > 0 {
		key = "compose.why_in"
	}
	text := t.Say(key, "partner", p.Name, "count", n)
	for _, r := range why {
		mark := "compose.why_no"
		if r.Holds {
			mark = "compose.why_yes"
		}
		condition, err := t.h.conditionText(t.tx, r, t.Lang)
		if err != nil {
			return err
		}
		text += "\n" + t.Say(mark, "condition", condition)
	}
	t.private(bot.Message{Text: text, Buttons: []bot.Button{{Label: t.Say("compose.why_again"), Press: aboutIt("campaign.why", c)}}})
	return nil
}
