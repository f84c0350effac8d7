package handlers

import (
	"context"
	"errors"
	"slices"
	"time"

	"akari/bot"
	"akari/models"
)

// planBatch is how many recipients one transaction writes deliveries for
// (rulings 21): a crash loses at most so much work, and nothing else.
const planBatch = 500

// resolve writes down who a due campaign is for, once, and checks once more what
// may have changed since it was launched. It answers false when the campaign was
// paused instead, or when it is not known yet whether those who decided still may:
// patient says that this may take a moment more.
func (h *Handlers) resolve(ctx context.Context, id int64, patient bool) (bool, error) {
	on := false
	err := h.Store.InTx(ctx, func(tx *models.Tx) error {
		on = false
		if err := tx.LockPlanning(); err != nil {
			return err
		}
		c, err := tx.LockCampaign(id)
		if err != nil || c.State != models.CampaignScheduled || c.DueAt == nil || c.DueAt.After(tx.Now()) {
			return ignoreMissing(err)
		}
		if c.ResolvedAt != nil {
			on = true
			return nil
		}
		if ok, wait, err := h.mayGo(tx, c); err != nil || !ok && !(wait && patient) {
			return h.halt(tx, c, models.PausedAuthority, err)
		} else if wait {
			return nil
		}
		if why := h.unservable(c.Spec); why {
			return h.halt(tx, c, models.PausedMaterial, nil)
		}
		limit := h.Campaign.MaxPerPartnerPerWeek
		if c.Spec.OverrideCap != "" {
			limit = 0
		}
		g := h.targets(c.Spec)
		if n, err := tx.CountTargets(g); err != nil {
			return err
		} else if n == 0 {
			return h.halt(tx, c, models.PausedEmpty, nil)
		} else if ok, err := h.approved(tx, c, n); err != nil || !ok {
			return h.halt(tx, c, models.PausedApproval, err)
		}
		week := models.WeekOf(*c.DueAt, h.Vendor.Zone)
		if _, err := tx.ResolveAudience(c, g, limit, week.Start, week.End); err != nil {
			return err
		}
		on = true
		return nil
	})
	return on, err
}

// halt pauses a campaign and tells staff why. err, if there is one, wins.
func (h *Handlers) halt(tx *models.Tx, c models.Campaign, why string, err error) error {
	if err != nil {
		return err
	}
	if c, err = tx.PauseCampaign(c, why); err != nil {
		return err
	}
	return h.tellCampaign(tx, c, "campaign.paused_"+why)
}

// approved tells whether so many recipients may be written to: nobody had to
// approve, or somebody has approved this version for at least as many, give or
// take a tenth.
func (h *Handlers) approved(tx *models.Tx, c models.Campaign, n int) (bool, error) {
	if !h.Campaign.approvalNeeded(n) {
		return true, nil
	}
	approvals, err := tx.ApprovalsOf(c)
	return slices.ContainsFunc(approvals, func(a models.Approval) bool { return n <= a.Recipients+a.Recipients/10 }), err
}

// mayGo looks once more at who launched and who approved (rulings 11). wait says that
// the platforms have to be asked about one of them first; they are.
func (h *Handlers) mayGo(tx *models.Tx, c models.Campaign) (ok, wait bool, err error) {
	who := []struct {
		id  models.ID
		act string
	}{{c.LaunchedBy, actLaunch}}
	approvals, err := tx.ApprovalsOf(c)
	if err != nil {
		return false, false, err
	}
	for _, a := range approvals {
		who = append(who, struct {
			id  models.ID
			act string
		}{a.PersonID, actApprove})
	}
	for _, w := range who {
		p, err := tx.WhoisPerson(w.id)
		if err != nil && !errors.Is(err, models.ErrNotFound) {
			return false, false, err
		}
		if err != nil || p.Person.LeftAt != nil || !slices.ContainsFunc(campaignRoles[w.act], p.Person.Has) {
			return false, false, nil //nolint:nilerr // who is not found may not
		}
		s, err := h.staffNow(tx, w.id)
		if err != nil || s.gone {
			return false, false, err
		}
		for _, a := range s.ask {
			wait = true
			if err := tx.WantPerson(bot.Identity{Platform: a.Platform, Connection: a.Connection, User: a.User}); err != nil {
				return false, false, err
			}
		}
	}
	return !wait, wait, nil
}

// unservable tells whether a material is withdrawn or outside its validity for
// everybody.
func (h *Handlers) unservable(s models.Spec) bool { return len(h.checkMaterials(s)) > 0 }

// plan writes the next batch of a step's deliveries and links. done says that
// all are written, or that nothing is to be done now.
func (h *Handlers) plan(ctx context.Context, id int64, step int, p *printer) (done bool, err error) {
	err = h.Store.InTx(ctx, func(tx *models.Tx) error {
		done = true
		c, err := tx.LockCampaign(id)
		if err != nil {
			return ignoreMissing(err)
		}
		if step == 0 && c.State != models.CampaignScheduled || step > 0 && c.State != models.CampaignRunning && c.State != models.CampaignFinished {
			return nil
		}
		row, err := tx.LockStep(id, step)
		if err != nil || row.DoneAt != nil {
			return ignoreMissing(err)
		}
		p.letter.c = c
		if row.CursorID.IsZero() {
			if err := tx.KeepMaterials(id, step, h.versions(p.letter.materials)); err != nil {
				return err
			}
		}
		rs, cursor, err := h.nextRecipients(tx, c, step, row.CursorID)
		if err != nil {
			return err
		}
		if len(rs) > 0 {
			if err := h.write(tx, p, rs); err != nil {
				return err
			}
		}
		done = cursor.IsZero()
		return tx.MoveStep(id, step, cursor, done)
	})
	return done, err
}

// versions are materials as they are now.
func (h *Handlers) versions(keys []string) (out []models.LinkMaterial) {
	for _, key := range keys {
		if m, ok := h.Library.AnyMaterial(key); ok {
			out = append(out, models.LinkMaterial{MaterialKey: key, MaterialVersion: m.Version})
		}
	}
	return out
}

// nextRecipients answers the batch of a step behind a cursor, and the cursor
// behind it; the zero ID = that was the last.
func (h *Handlers) nextRecipients(tx *models.Tx, c models.Campaign, step int, cursor models.ID) ([]models.Recipient, models.ID, error) {
	if models.IsReminder(step) {
		return h.nextMissing(tx, c, cursor)
	}
	rs, err := tx.RecipientsAfter(c.ID, cursor, planBatch)
	if err != nil || len(rs) == 0 {
		return nil, models.ID{}, err
	}
	last := rs[len(rs)-1].TargetID
	rs = slices.DeleteFunc(rs, func(r models.Recipient) bool { return r.Newcomer }) // they have steps of their own
	rs, err = h.reachedBefore(tx, c, step, rs)
	return rs, last, err
}

// reachedBefore keeps those whom a campaign's message has reached: a later one alone
// would make no sense to the others.
func (h *Handlers) reachedBefore(tx *models.Tx, c models.Campaign, step int, rs []models.Recipient) ([]models.Recipient, error) {
	if step == 0 {
		return rs, nil
	}
	reached, err := tx.SentBefore(c.ID, rs)
	return slices.DeleteFunc(rs, func(r models.Recipient) bool { return !reached[r.TargetID] }), err
}

func targetIDs(rs []models.Recipient) []models.ID {
	ids := make([]models.ID, len(rs))
	for i, r := range rs {
		ids[i] = r.TargetID
	}
	return ids
}

// nextMissing answers the next people who owe an acknowledgement: privately,
// also when the message itself went into a room.
func (h *Handlers) nextMissing(tx *models.Tx, c models.Campaign, cursor models.ID) ([]models.Recipient, models.ID, error) {
	owed, err := tx.Owed(c)
	if err != nil {
		return nil, models.ID{}, err
	}
	var ids []models.ID
	for _, o := range owed {
		if !o.Acknowledged && string(o.PersonID[:]) > string(cursor[:]) && len(ids) < planBatch {
			ids = append(ids, o.PersonID)
		}
	}
	if len(ids) == 0 {
		return nil, models.ID{}, nil
	}
	rs, err := tx.PeopleAsRecipients(ids)
	return rs, ids[len(ids)-1], err
}

// write owes one batch: a delivery for each part, chained, and a link for each
// person. Who is not reached has a delivery too, skipped, so that the log of
// deliveries tells the whole of a campaign.
func (h *Handlers) write(tx *models.Tx, p *printer, rs []models.Recipient) error {
	c, step := p.letter.c, p.letter.step
	var ids []models.ID
	for _, r := range rs {
		if !slices.Contains(ids, r.Partner.ID) {
			ids = append(ids, r.Partner.ID)
		}
	}
	cals, err := h.calendars(tx, ids...)
	if err != nil {
		return err
	}
	materials := h.versions(p.letter.materials)
	var ds []models.Delivery
	var links []models.Link
	reasons := map[models.ID]string{}
	openings, cal := map[models.ID]time.Time{}, cals.vendor()
	for _, r := range rs {
		d, more, link, why := h.deliver(tx, p, r, materials, cal)
		if why != "" && step > 0 {
			continue // later messages leave no trace where they cannot go
		}
		if why != "" && r.Reason == "" {
			reasons[r.TargetID] = why
		}
		if why == "" {
			opens, known := openings[r.Partner.ID]
			if !known {
				opens = tx.Now()
				if !(step == 0 && c.Spec.OverrideWindow != "") {
					opens = cals.partner(r.Partner).Next(opens)
				}
				openings[r.Partner.ID] = opens
			}
			d.DueAt = opens
			for i := range more {
				more[i].DueAt = opens
			}
		}
		ds = append(append(ds, d), more...)
		if !link.ID.IsZero() {
			links = append(links, link)
		}
	}
	if err := tx.SkipRecipients(c.ID, reasons); err != nil {
		return err
	}
	if err := tx.HandLinks(links, materials); err != nil {
		return err
	}
	return tx.QueueDeliveries(ds...)
}

// deliver is one recipient's message: the first part, the parts behind it, and
// the personal link; why says that there is none. By the vendor's calendar a later
// message was due.
func (h *Handlers) deliver(tx *models.Tx, p *printer, r models.Recipient, materials []models.LinkMaterial, cal Calendar) (d models.Delivery, more []models.Delivery, link models.Link, why string) {
	c := p.letter.c
	lang := h.langOf(r)
	to, why := h.reach(r)
	if why == "" {
		why = h.mayHave(r.Partner, lang, p.letter.materials)
	}
	base := models.Delivery{Act: bot.Post, Priority: bot.Campaigns, To: to, PartnerID: r.Partner.ID, CampaignID: &c.ID, Step: p.letter.step}
	due, planned := h.dueOf(c, base.Step, cal)
	if r.Newcomer {
		// For them it is due when they are found. Who is found as soon as it goes on
		// was perhaps found before.
		if due = tx.Now(); c.DoubtUntil != nil && due.Sub(c.UpdatedAt) < 5*newcomersEvery {
			due = *c.DoubtUntil
		}
	}
	if r.Kind == models.KindPerson {
		base.PersonID = r.TargetID
	}
	var made []fitted
	if why == "" {
		var err error
		if made, err = p.print(to, lang, r.Kind != models.KindPerson); err != nil {
			h.Log.Error("a campaign's message cannot be made", "campaign", c.ID, "platform", to.Platform, "why", err)
			why = "unsendable"
		}
	}
	if why != "" {
		base.State, base.ErrorCode, base.Operation = models.StateSkipped, why, "none"
		if to.Platform == "" {
			base.Platform, base.Address = "none", "none:"+r.Key()
		}
		return base, nil, link, why
	}
	if r.Kind != models.KindPerson && to.Platform == "slack" {
		base.Guard = models.GuardPartner
	}
	if len(materials) > 0 {
		base.MaterialKey, base.MaterialVersion = materials[0].MaterialKey, materials[0].MaterialVersion
		if r.Kind == models.KindPerson {
			link = models.Link{ID: h.idOf(c, base, planned, r, "link"), PersonID: r.TargetID, PartnerID: r.Partner.ID, CampaignID: &c.ID, Language: lang, ExpiresAt: tx.Now().Add(h.LinkTTL),
				MaterialKey: base.MaterialKey, MaterialVersion: base.MaterialVersion}
			base.LinkID = link.ID
		}
	}
	if planned && c.Doubtful(due) {
		// Written once more after an old backup was restored: it may have left before.
		base.ErrorCode, base.IntentAt = models.CodeRestored, c.DoubtFrom
	}
	ds := make([]models.Delivery, len(made))
	for i, f := range made {
		ds[i] = base
		ds[i].ID = h.idOf(c, base, planned, r, "delivery", i)
		ds[i].Key = h.idOf(c, base, planned, r, "key", i).UUID()
		ds[i].Body, ds[i].Operation = &f.body, f.operation
	}
	models.Chain(ds)
	if !link.ID.IsZero() {
		link.DeliveryID = ds[0].ID
	}
	return ds[0], ds[1:], link, ""
}

// idOf is the id of something about one recipient of a step. What a campaign plans
// has the same ids however often it is written: after an old backup was restored the
// platforms recognise it. A reminder by hand is a new one each time.
func (h *Handlers) idOf(c models.Campaign, d models.Delivery, planned bool, r models.Recipient, of ...any) models.ID {
	if !planned || c.LaunchedAt == nil {
		return models.NewID()
	}
	return models.SameID(*c.LaunchedAt, append([]any{c.ID, d.Step, r.TargetID.String(), d.To.String()}, of...)...)
}
