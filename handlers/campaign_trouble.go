package handlers

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"akari/bot"
	"akari/content"
	"akari/models"
)

// Resend sends a campaign's message to one recipient again, because a person has
// looked and says so: the next round. Nothing is ever sent a second time without
// that. delivery is any part of what they look at.
func (a *Campaigning) Resend(delivery models.ID) error {
	d, err := a.tx.DeliveryOf(delivery)
	if err != nil || d.CampaignID == nil {
		return errors.Join(err, a.refuse(actResend, "delivery:"+delivery.String(), "campaign.no_delivery"))
	}
	c, err := a.load(actResend, *d.CampaignID)
	if err != nil {
		return err
	}
	object := campaignObject(c.ID)
	if c.State == models.CampaignCancelled {
		return a.refuse(actResend, object, "campaign.cancelled", "id", c.ID)
	}
	parts, err := a.tx.LockRound(d)
	if err != nil {
		return err
	}
	if len(parts) == 0 || parts[0].Round != d.Round || !slices.ContainsFunc(parts, resendable) || slices.ContainsFunc(parts, underWay) {
		return a.refuse(actResend, object, "campaign.not_resendable")
	}
	if err := a.tx.ReplaceRound(parts); err != nil {
		return err
	}
	if err := a.again(c, parts[0]); err != nil {
		return err
	}
	return a.audit(actResend, object, "done", models.Detail{"delivery": delivery.String(), "round": parts[0].Round + 1, "was": d.State})
}

func resendable(d models.Delivery) bool {
	return d.State == models.StateHeld || d.State == models.StateUnconfirmed || d.State == models.StateFailed || d.State == models.StateExpired
}

func underWay(d models.Delivery) bool {
	return d.State == models.StateQueued || d.State == models.StateSending
}

// again owes the next round of a message to the same address, with the same link.
func (a *Campaigning) again(c models.Campaign, was models.Delivery) error {
	r := models.Recipient{Kind: models.KindRoom}
	if !was.PersonID.IsZero() {
		rs, err := a.tx.PeopleAsRecipients([]models.ID{was.PersonID})
		if err != nil || len(rs) == 0 {
			return errors.Join(err, a.refuse(actResend, campaignObject(c.ID), "campaign.not_resendable"))
		}
		r = rs[0]
	} else if p, err := a.tx.Partner(was.PartnerID); err != nil {
		return err
	} else {
		r.Partner = p
	}
	made, err := a.h.printer(letterOf(c, was.Step)).print(was.Where(), a.h.langOf(r), r.Kind != models.KindPerson)
	if err != nil {
		return err
	}
	ds := make([]models.Delivery, len(made))
	for i, f := range made {
		ds[i] = models.Delivery{Act: bot.Post, Priority: bot.Campaigns, To: was.Where(), PartnerID: was.PartnerID, PersonID: was.PersonID, CampaignID: &c.ID, Step: was.Step, Round: was.Round + 1,
			LinkID: was.LinkID, MaterialKey: was.MaterialKey, MaterialVersion: was.MaterialVersion, Guard: was.Guard, Body: &f.body, Operation: f.operation}
	}
	models.Chain(ds)
	return a.tx.QueueDeliveries(ds...)
}

// TestSend sends a campaign's message to one staff member: no campaign id, a test
// link, so that it never counts.
func (a *Campaigning) TestSend(id int64, to models.ID) error {
	c, err := a.load(actTest, id)
	if err != nil {
		return err
	}
	who, err := a.tx.WhoisPerson(to)
	if err != nil || who.Person.Side != models.SideStaff {
		return errors.Join(ignoreMissing(err), a.refuse(actTest, campaignObject(id), "campaign.test_staff"))
	}
	t := a.h.clockTurn(a.tx)
	at, ok, err := t.addressOf(to)
	if err != nil {
		return err
	}
	if !ok && a.h.platforms["playground"] != nil {
		at, ok = bot.Address{Platform: "playground", Connection: "playground", User: who.Person.Key, Direct: true}, true
	}
	if !ok {
		return a.refuse(actTest, campaignObject(id), "campaign.test_nowhere")
	}
	return a.test(c, who, at)
}

// testTo is TestSend to where the one who acts is.
func (a *Campaigning) testTo(id int64, who models.Who, at bot.Address) error {
	c, err := a.load(actTest, id)
	if err != nil {
		return err
	}
	return a.test(c, who, at)
}

func (a *Campaigning) test(c models.Campaign, who models.Who, at bot.Address) error {
	to := who.Person.ID
	lang := a.h.langOf(models.Recipient{Person: who.Person})
	made, err := a.h.printer(letterOf(c, 0)).print(at, lang, false)
	if err != nil {
		return err
	}
	var link models.Link
	materials := a.h.versions(c.Spec.Materials)
	if len(materials) > 0 {
		if link, err = a.tx.NewLink(models.Link{PersonID: to, Language: lang, Purpose: models.PurposeTest, ExpiresAt: a.tx.Now().Add(a.h.LinkTTL)}, materials...); err != nil {
			return err
		}
	}
	ds := make([]models.Delivery, len(made))
	for i, f := range made {
		ds[i] = models.Delivery{Act: bot.Post, Priority: bot.Notices, To: at, PersonID: to, LinkID: link.ID, Body: &f.body, Operation: f.operation}
	}
	models.Chain(ds)
	if err := a.tx.QueueDeliveries(ds...); err != nil {
		return err
	}
	return a.audit(actTest, campaignObject(c.ID), "done", models.Detail{"to": to.String()}) // not the key: the log cannot forget
}

// Recalled says how a campaign was taken back.
type Recalled struct {
	Deleted   int `json:"deleted"`   // messages that the platform takes away
	Corrected int `json:"corrected"` // addresses that get a correction
}

// Recall takes a campaign's messages back: on Slack they are deleted, elsewhere,
// where nothing can be taken away, the correction follows as a message of its own.
// The campaign is cancelled first, so that nothing of it follows. With a correction Slack's first
// message to each address is replaced by it, and what came later is deleted. Whoever
// got several messages reads the correction once.
func (a *Campaigning) Recall(ctx context.Context, id int64, correction models.LangText) (out Recalled, err error) {
	c, err := a.load(actRecall, id)
	if err != nil {
		return out, err
	}
	if c.Open() {
		return out, a.refuse(actRecall, campaignObject(id), "campaign.nothing_sent", "id", id)
	}
	if done, err := a.tx.RecalledBefore(id); err != nil || done {
		return out, errors.Join(err, a.refuse(actRecall, campaignObject(id), "campaign.recalled_already", "id", id))
	}
	if c.State != models.CampaignCancelled {
		if c, err = a.tx.CancelCampaign(c); err != nil {
			return out, err
		}
	}
	if err := a.tx.ReopenBoards(id); err != nil {
		return out, err
	}
	for _, p := range a.h.Platforms {
		r := recalling{c: c, p: p, correction: correction, told: map[string]bool{}, out: &out}
		for cursor := (models.Delivery{}); ; {
			sent, err := a.tx.Sent(id, p.Name(), cursor, planBatch)
			if err != nil {
				return out, err
			}
			if len(sent) == 0 {
				break
			}
			if err := a.takeBack(r, sent); err != nil {
				return out, err
			}
			cursor = sent[len(sent)-1]
		}
	}
	return out, a.audit(actRecall, campaignObject(id), "done", models.Detail{"deleted": out.Deleted, "corrected": out.Corrected})
}

// recalling is the taking back of a campaign's messages on one platform.
type recalling struct {
	c          models.Campaign
	p          bot.Platform
	correction models.LangText
	told       map[string]bool // the addresses that are told already
	out        *Recalled
}

// takeBack owes what takes one batch of messages back. These deliveries carry no
// campaign id: they are about it, not of it, and no pause stops them.
func (a *Campaigning) takeBack(r recalling, sent []models.Delivery) error {
	var ds []models.Delivery
	deletes := r.p.Name() == "slack"
	for _, d := range sent {
		back := models.Delivery{Priority: bot.Notices, To: d.Where(), PartnerID: d.PartnerID, PersonID: d.PersonID, Guard: d.Guard}
		if deletes && (len(r.correction) == 0 || r.told[d.Address]) {
			back.Act, back.Ref = bot.Delete, d.PlatformMessageID
			r.out.Deleted++
			ds = append(ds, back)
			continue
		}
		if r.told[d.Address] {
			continue
		}
		r.told[d.Address] = true
		r.out.Corrected++
		var chain []models.Delivery
		for i, parts := range bot.Pack(bot.Fit(bot.Message{Text: a.correctionFor(r, d)}, r.p.Limits()), r.p.Limits()) {
			one := back
			one.Act, one.Parts = bot.Post, parts
			if deletes && i == 0 {
				one.Act, one.Ref = bot.Update, d.PlatformMessageID
			}
			chain = append(chain, one)
		}
		models.Chain(chain)
		ds = append(ds, chain...)
	}
	return a.tx.QueueDeliveries(ds...)
}

// correctionFor is what the reader of a message that is taken back is told.
func (a *Campaigning) correctionFor(r recalling, d models.Delivery) string {
	lang := "ja"
	if w, err := a.tx.WhoisPerson(d.PersonID); err == nil {
		lang = a.h.langOf(models.Recipient{Person: w.Person, Partner: w.Partner})
	}
	if text := plain(content.Text(r.correction).In(lang)); text != "" {
		return a.h.Library.Say(lang, "campaign.corrected", "title", r.c.Title, "text", text)
	}
	return a.h.Library.Say(lang, "campaign.recalled", "title", r.c.Title)
}

// ReportOf answers how a campaign stands. Staff scope.
func (h *Handlers) ReportOf(ctx context.Context, id int64) (c models.Campaign, r models.CampaignReport, troubles []models.Trouble, skipped map[string]int, err error) {
	err = h.Store.View(ctx, func(tx *models.Tx) (err error) {
		if c, err = tx.CampaignOf(id); err != nil {
			return err
		}
		if r, err = tx.ReportCampaign(c); err != nil {
			return err
		}
		if troubles, err = tx.Troubles(id, 200, 0); err != nil {
			return err
		}
		skipped, err = tx.SkippedOf(id)
		return err
	})
	if errors.Is(err, models.ErrNotFound) {
		err = h.refusal("campaign.unknown", "id", fmt.Sprint(id))
	}
	if !h.PersonLevel {
		r.Missing = []string{}
		for i := range troubles {
			if troubles[i].PersonKey != "" { // the address of one person is one person
				troubles[i].PersonKey, troubles[i].Person, troubles[i].Address = "", "", ""
			}
		}
	}
	return c, r, troubles, skipped, err
}

// TestTo is TestSend by the staff member's key; "" = the one who acts.
func (a *Campaigning) TestTo(id int64, key string) error {
	if key == "" {
		return a.TestSend(id, a.By.ID)
	}
	p, err := a.tx.PersonByKey(key)
	if errors.Is(err, models.ErrNotFound) {
		return a.refuse(actTest, campaignObject(id), "campaign.no_staff", "key", key)
	}
	if err != nil {
		return err
	}
	return a.TestSend(id, p.ID)
}
