package handlers

import (
	"context"
	"errors"
	"strings"

	"akari/bot"
	"akari/models"
)

// 「未確認者へ再送」, sending again to one recipient, and taking a campaign back.

// Remind sends a reminder to everybody who still owes an acknowledgement, because a
// person asks for it: in private, in the window, to nobody who acknowledges before
// it leaves, and never within a working day of another reminder. It answers to how
// many. With look it only tells.
func (a *Campaigning) Remind(id int64, look bool) (c models.Campaign, n int, err error) {
	if c, err = a.load(actRemind, id); err != nil {
		return c, 0, err
	}
	object := campaignObject(id)
	if c.State != models.CampaignRunning && c.State != models.CampaignFinished {
		return c, 0, a.refuse(actRemind, object, "campaign.not_sending", "id", id, "state", wordOf("campaign.state_"+c.State))
	}
	owed, err := a.tx.Owed(c)
	if err != nil {
		return c, 0, err
	}
	for _, o := range owed {
		if !o.Acknowledged {
			n++
		}
	}
	if n == 0 {
		return c, 0, a.refuse(actRemind, object, "compose.nobody_missing", "id", id)
	}
	steps, err := a.tx.StepsOf(id)
	if err != nil {
		return c, 0, err
	}
	cals, err := a.h.calendars(a.tx)
	if err != nil {
		return c, 0, err
	}
	step := models.ManualReminder(1)
	for _, s := range steps {
		if !models.IsReminder(s.Step) {
			continue
		}
		if next := cals.vendor().Plus(s.BeganAt, 1); next.After(a.tx.Now()) {
			return c, 0, a.refuse(actRemind, object, "compose.reminded_lately", "at", a.h.moment(next, a.h.clockTurn(a.tx).Lang))
		}
		step = max(step, s.Step+1)
	}
	if look {
		return c, n, nil
	}
	if err := a.tx.BeginStep(id, step); err != nil {
		return c, 0, err
	}
	return c, n, a.audit(actRemind, object, "done", models.Detail{"missing": n})
}

// remindCampaign asks whether it is meant; remindNow does it.
func (t *Turn) remindCampaign() error { return t.remind(true) }
func (t *Turn) remindNow() error      { return t.remind(false) }

func (t *Turn) remind(look bool) error {
	if err := t.tx.Writes(); err != nil {
		return err
	}
	c, ok, err := t.theCampaign()
	if err != nil || !ok {
		return err
	}
	c, n, err := t.campaigning().Remind(c.ID, look)
	if stop, err := t.did(err); err != nil || stop {
		return err
	}
	if look {
		t.private(bot.Message{Text: t.Say("compose.remind_sure", "title", c.Title, "count", n), Buttons: []bot.Button{
			{Label: t.Say("compose.remind_now"), Press: aboutIt("campaign.remind_now", c), Style: bot.Primary}}})
		return nil
	}
	t.private(bot.Message{Text: t.Say("compose.reminded", "title", c.Title, "count", n)})
	return nil
}

// resendPressed sends to one recipient again.
func (t *Turn) resendPressed() error {
	if err := t.tx.Writes(); err != nil {
		return err
	}
	if _, ok, err := t.theCampaign(); err != nil || !ok {
		return err
	}
	id, err := models.ParseID(t.In.Args.Get("d"))
	if err != nil {
		return t.gone(models.ErrNotFound)
	}
	if stop, err := t.did(t.campaigning().Resend(id)); err != nil || stop {
		return err
	}
	t.queued, t.board = true, true
	t.private(bot.Message{Text: t.Say("compose.resent")})
	return nil
}

// recallForm asks for the correction, if there is one, before a campaign is taken back.
func (t *Turn) recallForm() error {
	c, ok, err := t.theCampaign()
	if err != nil || !ok {
		return err
	}
	f := bot.Form{Name: "campaign.recall", Title: t.Say("compose.recall_title"), Text: t.Say("compose.recall_text", "title", c.Title), Submit: t.Say("compose.recall_submit"), Args: aboutIt("", c).Args}
	for _, lang := range t.h.Vendor.Languages {
		text := t.field(bot.Lines, "text_"+lang)
		text.Label, text.Hint = t.Say("compose.recall_field", "language", t.Say("compose.language_"+lang)), ""
		f.Fields = append(f.Fields, text)
	}
	return t.Form(f)
}

// submitRecall takes a campaign back. Every message takes a row, so it is done in
// the background, and who asked is told.
func (t *Turn) submitRecall() error {
	if err := t.tx.Writes(); err != nil {
		return err
	}
	c, ok, err := t.theCampaign()
	if err != nil || !ok {
		return err
	}
	if stop, err := t.did(t.campaigning().may(actRecall, campaignObject(c.ID))); err != nil || stop {
		return err
	}
	if err := t.keepDraft(t.draft, t.In.Args); err != nil {
		return err
	}
	if ok, err := t.useDraft(); err != nil || !ok {
		return err
	}
	err = t.tx.WantCard(models.Card{CampaignID: c.ID, Kind: models.CardRecall, To: t.direct(), PersonID: t.Who.Person.ID, Language: t.Lang, DraftID: t.draft.ID})
	t.board = true
	t.private(bot.Message{Text: t.Say("compose.recalling", "title", c.Title)})
	return err
}

// doRecall takes a campaign back in the name of the one who asked.
func (h *Handlers) doRecall(ctx context.Context, card models.Card) error {
	err := h.Store.InTx(ctx, func(tx *models.Tx) error {
		if _, err := tx.LockCard(card.ID); err != nil {
			return ignoreMissing(err)
		}
		draft, err := tx.DraftOf(card.DraftID)
		if err != nil {
			return errors.Join(ignoreMissing(err), tx.DropCard(card.ID))
		}
		who, err := tx.WhoisPerson(card.PersonID)
		if err != nil {
			return errors.Join(ignoreMissing(err), tx.DropCard(card.ID))
		}
		text := models.LangText{}
		for _, lang := range h.Vendor.Languages {
			if v := strings.TrimSpace(draft.Form.Field("text_" + lang)); v != "" {
				text[lang] = v
			}
		}
		out, err := h.Campaigning(tx, who.Person).Recall(ctx, card.CampaignID, text)
		m := bot.Message{Text: h.Library.Say(card.Language, "compose.recall_done", "id", card.CampaignID, "deleted", out.Deleted, "corrected", out.Corrected)}
		var no *Refusal
		if errors.As(err, &no) {
			m.Text, err = h.sayRefusal(card.Language, no.Key, no.Args), nil
		}
		if err != nil {
			return err
		}
		t := h.clockTurn(tx)
		t.Tell(card.To, who, m)
		return errors.Join(tx.QueueDeliveries(t.owed...), tx.DropCard(card.ID))
	})
	if err == nil {
		h.Nudge()
	}
	return err
}
