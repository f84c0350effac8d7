package handlers

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"akari/bot"
	"akari/models"
)

// How often the campaigns' clock goes, and how often it says that it does.
const (
	campaignTick = time.Second
	campaignBeat = 5 * time.Second
	// backwards is how much further back the last beat may seem than it was: the
	// clocks of several machines differ, and are set right.
	backwards = time.Minute
	// quotaEvery is how often a platform is asked what is left of its quota.
	quotaEvery = 10 * time.Minute
	// owingEvery is how often it is looked for what a cancelled campaign still owes:
	// beyond the hour in which its clock looks after it, after a stop or what ended late.
	owingEvery = 10 * time.Minute
)

// campaignClock is what one process's loop remembers between ticks.
type campaignClock struct {
	h         *Handlers
	began     bool
	went      time.Time // the latest stamp of the clock that was seen
	quotaNext time.Time
	owingNext time.Time              // on the machine's clock
	finishing map[int64]time.Time    // when to look again whether a campaign is over
	welcomed  map[int64]time.Time    // when to look again who has come into its audience
	facts     map[int64]time.Time    // when to look again whether it waits for facts
	asking    map[[2]int64]time.Time // by number and epoch: until when a due campaign waits for facts about those who decided
}

func newCampaignClock(h *Handlers) *campaignClock {
	return &campaignClock{h: h, finishing: map[int64]time.Time{}, welcomed: map[int64]time.Time{}, facts: map[int64]time.Time{}, asking: map[[2]int64]time.Time{}}
}

// RunCampaigns does what is due about campaigns, in every process: launches, the
// end of the undo window, later messages, reminders, the end. It returns when ctx
// ends. All that it decides is written by compare-and-set, so any number of
// processes may run it.
func (h *Handlers) RunCampaigns(ctx context.Context) {
	var boards sync.WaitGroup
	boards.Go(func() { h.runBoards(ctx) })
	defer boards.Wait()
	k := newCampaignClock(h)
	tick := time.NewTicker(campaignTick)
	defer tick.Stop()
	for {
		if err := k.tick(ctx); err != nil && ctx.Err() == nil {
			h.Log.Warn("the campaigns' clock could not do its work; it tries again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Awake is closed when RunCampaigns has looked once whether nothing ran for long, or an
// old backup was restored: nothing may be sent before that.
func (h *Handlers) Awake() <-chan struct{} { return h.awake }

// TickCampaigns does once what RunCampaigns does every second, as a process that
// has been running.
func (h *Handlers) TickCampaigns(ctx context.Context) error {
	k := newCampaignClock(h)
	k.began = true
	return k.tick(ctx)
}

func (k *campaignClock) tick(ctx context.Context) error {
	if err := k.standstill(ctx); err != nil {
		return err
	}
	k.h.wake.Do(func() { close(k.h.awake) })
	k.quotas(ctx)
	var due []models.Campaign
	err := k.h.Store.View(ctx, func(tx *models.Tx) (err error) {
		due, err = tx.CampaignsAtWork()
		return err
	})
	if err != nil {
		return err
	}
	errs := []error{k.owing(ctx)}
	for _, c := range due { // one campaign's trouble never stops the others
		if err := k.work(ctx, c); err != nil && !errors.Is(err, models.ErrMoved) && ctx.Err() == nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// owing takes back what cancelled campaigns still owe, now and then.
func (k *campaignClock) owing(ctx context.Context) error {
	now := time.Now() //nolint:forbidigo // how often we look: monotonic
	if now.Before(k.owingNext) {
		return nil
	}
	var ids []int64
	err := k.h.Store.View(ctx, func(tx *models.Tx) (err error) {
		ids, err = tx.CancelledOwing()
		return err
	})
	for _, id := range ids {
		err = errors.Join(err, k.h.CancelOwed(ctx, id))
	}
	if err == nil {
		k.owingNext = now.Add(owingEvery)
	}
	return err
}

// standstill notices that nothing ran for a long time, or that the database is an
// old backup, also one that was put in place while this process ran: then campaigns
// come up paused, and staff are asked. Within one life
// of a process only the machine's clock counts, because the wall clock may be set.
func (k *campaignClock) standstill(ctx context.Context) error {
	limit := k.h.Campaign.StaleAfter
	var last time.Time
	err := k.h.Store.InTx(ctx, func(tx *models.Tx) error {
		stood, err := tx.Tick("campaigns", campaignBeat)
		if err != nil {
			return err
		}
		long := stood.Steady
		if !k.began {
			long = max(long, stood.Wall)
		}
		back := k.went.Sub(stood.Last) > backwards
		last = stood.Last
		if limit <= 0 || stood.First || long <= limit && !back {
			k.began = true
			return nil
		}
		if err := tx.DoubtOwed(tx.Now().Add(-long)); err != nil {
			return err
		}
		cs, err := tx.CampaignsIn(models.CampaignRunning, models.CampaignScheduled)
		if err != nil {
			return err
		}
		for _, c := range cs {
			if c.State == models.CampaignScheduled && (c.DueAt == nil || c.DueAt.After(tx.Now())) {
				continue // it was not due while nothing ran
			}
			if c, err = tx.LockCampaign(c.ID); err != nil {
				return err
			}
			if err := k.h.halt(tx, c, models.PausedStale, nil); err != nil && !errors.Is(err, models.ErrMoved) {
				return err
			}
		}
		k.began = true
		return nil
	})
	if err == nil {
		k.went = last
	}
	return err
}

// work does what is due about one campaign.
func (k *campaignClock) work(ctx context.Context, c models.Campaign) error {
	switch c.State {
	case models.CampaignCancelled:
		return k.h.CancelOwed(ctx, c.ID)
	case models.CampaignScheduled:
		return k.launch(ctx, c)
	}
	if err := k.waits(ctx, c); err != nil {
		return err
	}
	if err := k.later(ctx, c); err != nil {
		return err
	}
	if c.State != models.CampaignRunning {
		return nil
	}
	if err := k.newcomers(ctx, c); err != nil {
		return err
	}
	return k.finish(ctx, c)
}

// launch resolves a due campaign, writes its deliveries batch by batch, and turns
// it running: only then can they be claimed.
func (k *campaignClock) launch(ctx context.Context, c models.Campaign) error {
	if c.DueAt == nil || c.DueAt.After(k.h.Store.Now()) {
		return nil
	}
	turn := [2]int64{c.ID, c.Epoch}
	until, asked := k.asking[turn]
	if !asked {
		until = time.Now().Add(factsPatience) //nolint:forbidigo // how long we wait: monotonic
		k.asking[turn] = until
	}
	on, err := k.h.resolve(ctx, c.ID, time.Now().Before(until)) //nolint:forbidigo // how long we wait: monotonic
	if err != nil || !on {
		return err
	}
	delete(k.asking, turn)
	p := k.h.printer(letterOf(c, 0))
	for done := false; !done; {
		if done, err = k.h.plan(ctx, c.ID, 0, p); err != nil {
			return err
		}
	}
	err = k.h.Store.InTx(ctx, func(tx *models.Tx) error {
		c, err := tx.LockCampaign(c.ID)
		if err != nil || c.State != models.CampaignScheduled {
			return ignoreMissing(err)
		}
		steps, err := tx.StepsOf(c.ID)
		if err != nil || len(steps) == 0 || steps[0].Step != 0 || steps[0].DoneAt == nil {
			return err // paused and resumed in between: the next tick goes on
		}
		if short, err := k.h.quotaShort(tx, c); err != nil || short {
			return k.h.halt(tx, c, models.PausedQuota, err)
		}
		if c, err = tx.StartCampaign(c); err != nil {
			return err
		}
		n, err := tx.AudienceSize(c.ID)
		if err != nil {
			return err
		}
		size := int64(n)
		return tx.Append(models.Event{Kind: models.CampaignLaunched, CampaignID: &c.ID, ObjectKind: "campaign", Amount: &size, PersonID: c.LaunchedBy, Class: models.ClassStaff,
			EffectKey: campaignObject(c.ID) + ":launched"})
	})
	if errors.Is(err, models.ErrDuplicate) {
		return nil // another process was quicker
	}
	if err == nil {
		k.h.Nudge()
	}
	return err
}

// later begins the later messages and reminders that are due, goes on with those
// that have begun, and tells the owner when there is nothing more to wait for.
func (k *campaignClock) later(ctx context.Context, c models.Campaign) error {
	if c.StartedAt == nil || c.Spec.Ack == nil && len(c.Spec.Steps) == 0 {
		return nil
	}
	var cals calendars
	var begun []models.StepRow
	err := k.h.Store.View(ctx, func(tx *models.Tx) (err error) {
		if cals, err = k.h.calendars(tx); err != nil {
			return err
		}
		begun, err = tx.StepsOf(c.ID)
		return err
	})
	if err != nil {
		return err
	}
	cal := cals.vendor()
	steps, remind, tell := k.h.laterPlan(c, cal)
	now := k.h.Store.Now()
	todo := dueSteps(now, steps, remind, begun, cal)
	for _, step := range todo {
		if err := k.h.Store.InTx(ctx, func(tx *models.Tx) error { return tx.BeginStep(c.ID, step) }); err != nil {
			return err
		}
	}
	for _, row := range begun {
		if row.Step > 0 && row.DoneAt == nil {
			todo = append(todo, row.Step)
		}
	}
	for _, step := range todo {
		p := k.h.printer(letterOf(c, step))
		for done := false; !done; {
			if done, err = k.h.plan(ctx, c.ID, step, p); err != nil {
				return err
			}
		}
		k.h.Nudge()
	}
	all := len(steps) + len(remind)
	if len(todo) > 0 || c.ToldAt != nil || c.State != models.CampaignFinished && !c.Spec.Evergreen || planned(begun) < all || tell.After(now) {
		return nil
	}
	if n := len(remind); n > 0 {
		// However far the clock jumped, the last reminder gets its working day.
		for _, row := range begun {
			if row.Step == models.ReminderStep(n) && cal.Plus(row.BeganAt, 1).After(now) {
				return nil
			}
		}
	}
	return k.h.tellMissing(ctx, c.ID)
}

// laterPlan is when the later messages and the reminders of a campaign that has
// started are due, and when its owner is told who is still missing.
func (h *Handlers) laterPlan(c models.Campaign, cal Calendar) (steps, remind []time.Time, tell time.Time) {
	var deadline time.Time
	reminders := 0
	if c.Spec.Ack != nil {
		deadline, reminders = c.Spec.Ack.Deadline, c.Spec.Reminders
	}
	remind, tell = deadlinePlan(*c.StartedAt, deadline, min(reminders, h.Campaign.RemindersMax), cal)
	return stepPlan(*c.StartedAt, c.Spec.Steps, cal), remind, tell
}

// dueOf is when a step of a campaign was due by its plan; false for a reminder that
// somebody asked for by hand.
func (h *Handlers) dueOf(c models.Campaign, step int, cal Calendar) (time.Time, bool) {
	if step == 0 {
		return *c.DueAt, true
	}
	steps, remind, _ := h.laterPlan(c, cal)
	if n := step - models.ReminderStep(1); n >= 0 && n < len(remind) {
		return remind[n], true
	}
	if step <= len(steps) {
		return steps[step-1], true
	}
	return time.Time{}, false
}

// planned is how many of the steps that have begun are a campaign's own: neither its
// message nor reminders that somebody asked for.
func planned(begun []models.StepRow) (n int) {
	for _, r := range begun {
		if r.Step > 0 && r.Step < models.ManualReminder(1) {
			n++
		}
	}
	return n
}

// tellMissing tells a campaign's owner, once, who has not acknowledged.
func (h *Handlers) tellMissing(ctx context.Context, id int64) error {
	err := h.Store.InTx(ctx, func(tx *models.Tx) error {
		c, err := tx.LockCampaign(id)
		if err != nil || c.ToldAt != nil {
			return ignoreMissing(err)
		}
		if err := tx.OwnerTold(c); err != nil || c.Spec.Ack == nil {
			return err
		}
		r, err := tx.ReportCampaign(c)
		if err != nil || len(r.Missing) == 0 {
			return err
		}
		names, err := h.names(tx, r.Missing)
		if err != nil {
			return err
		}
		lang := h.clockTurn(tx).Lang
		return h.tellOwner(tx, c, bot.Message{Text: h.Library.Say(lang, "campaign.still_missing", "id", c.ID, "title", c.Title, "done", r.Owed-len(r.Missing), "all", r.Owed, "names", names),
			Buttons: []bot.Button{{Label: h.Library.Say(lang, "compose.remind"), Press: aboutIt("campaign.remind", c), Style: bot.Primary}, {Label: h.Library.Say(lang, "compose.report"), Press: aboutIt("campaign.show", c)}}})
	})
	if err == nil {
		h.Nudge()
	}
	return err
}

// namesAtMost is how many names a sentence to staff holds.
const namesAtMost = 20

// names words people for staff: by partner and name or, without person-level records,
// by partner alone.
func (h *Handlers) names(tx *models.Tx, keys []string) (string, error) {
	var out []string
	for _, key := range keys {
		p, err := tx.PersonByKey(key)
		if err != nil {
			return "", err
		}
		partner, err := tx.Partner(p.PartnerID)
		if err != nil {
			return "", err
		}
		name := partner.Name + " " + p.Name
		if !h.PersonLevel {
			name = partner.Name
		}
		if slices.Contains(out, name) && !h.PersonLevel {
			continue
		}
		if len(out) == namesAtMost {
			return strings.Join(out, "、") + "…", nil
		}
		out = append(out, name)
	}
	return strings.Join(out, "、"), nil
}

// finish ends a campaign of whose message nothing is under way any more, and puts
// off what the window has closed on.
func (k *campaignClock) finish(ctx context.Context, c models.Campaign) error {
	if time.Now().Before(k.finishing[c.ID]) { //nolint:forbidigo // how long since we looked: monotonic
		return nil
	}
	began := time.Now() //nolint:forbidigo // how long since we looked: monotonic
	if err := k.putOff(ctx, c); err != nil {
		return err
	}
	if c.Spec.Evergreen { // it goes on until a person ends it
		k.finishing[c.ID] = time.Now().Add(30 * time.Second) //nolint:forbidigo // how long since we looked: monotonic
		return nil
	}
	err := k.h.Store.InTx(ctx, func(tx *models.Tx) error {
		c, err := tx.LockCampaign(c.ID)
		if err != nil || c.State != models.CampaignRunning {
			return ignoreMissing(err)
		}
		if c, err = tx.FinishCampaign(c); err != nil {
			return err
		}
		if c.Spec.Ack == nil && len(c.Spec.Steps) == 0 {
			if err := tx.OwnerTold(c); err != nil {
				return err
			}
		}
		r, err := tx.Progress(c.ID)
		if err != nil {
			return err
		}
		return k.h.tellCampaign(tx, c, "campaign.finished", "sent", r.Sent, "all", r.AudienceSize, "unclear", r.Unconfirmed+r.Held, "failed", r.Failed, "skipped", r.Skipped)
	})
	// Looking takes a hundredth of the time at most, also with 100,000 rows.
	k.finishing[c.ID] = time.Now().Add(min(30*time.Second, 100*time.Since(began))) //nolint:forbidigo // how long since we looked: monotonic
	if err == nil {
		delete(k.finishing, c.ID)
		k.h.Nudge()
	}
	return err
}

// putOff moves what is due, but outside its reader's window, to the next opening:
// so that thousands of rows are not looked at one by one.
func (k *campaignClock) putOff(ctx context.Context, c models.Campaign) error {
	if c.Spec.OverrideWindow != "" {
		return nil
	}
	return k.h.Store.InTx(ctx, func(tx *models.Tx) error {
		partners, err := tx.WindowPartners(c.ID)
		if err != nil || len(partners) == 0 {
			return err
		}
		ids := make([]models.ID, len(partners))
		for i, p := range partners {
			ids[i] = p.ID
		}
		cals, err := k.h.calendars(tx, ids...)
		if err != nil {
			return err
		}
		until := map[time.Time][]models.ID{}
		for _, p := range partners {
			if cal := cals.partner(p); !cal.Open(tx.Now()) {
				if next := cal.Next(tx.Now()); next.After(tx.Now()) {
					until[next] = append(until[next], p.ID)
				}
			}
		}
		for at, ids := range until {
			if err := tx.PutOff(c.ID, ids, at); err != nil {
				return err
			}
		}
		return nil
	})
}

// quotaShort tells whether LINE's quota does not reach for a planned campaign,
// and nobody has said yet that it may go nevertheless.
func (h *Handlers) quotaShort(tx *models.Tx, c models.Campaign) (bool, error) {
	q, err := tx.QuotaOf("line")
	left, limited := q.Left()
	if err != nil || !limited || c.Why == models.PausedQuota {
		return false, err
	}
	n, err := tx.CountOwed(c.ID, "line")
	if err != nil || int64(n) <= left {
		return false, err
	}
	resumed, err := tx.ResumedAfter(c.ID, models.PausedQuota)
	return !resumed, err
}

// quotas asks the platforms that have a quota what is left of it.
func (k *campaignClock) quotas(ctx context.Context) {
	if time.Now().Before(k.quotaNext) { //nolint:forbidigo // how long since we looked: monotonic
		return
	}
	k.quotaNext = time.Now().Add(quotaEvery) //nolint:forbidigo // how long since we looked: monotonic
	for _, p := range k.h.Platforms {
		q, ok := p.(bot.Quoter)
		if !ok {
			continue
		}
		asking, cancel := context.WithTimeout(ctx, factTimeout)
		most, used, limited, err := q.Quota(asking)
		cancel()
		if err != nil {
			k.quotaNext = time.Now().Add(time.Minute) //nolint:forbidigo // how long since we looked: monotonic
			if ctx.Err() == nil {
				k.h.Log.Warn("the platform does not say what is left of its quota", "platform", p.Name(), "error", err)
			}
			continue
		}
		row := models.Quota{Platform: p.Name(), Connection: p.Name(), Used: used}
		if limited {
			row.Most = &most
		}
		if err := k.h.Store.InTx(ctx, func(tx *models.Tx) error { return tx.SaveQuota(row) }); err != nil && ctx.Err() == nil {
			k.h.Log.Warn("a quota could not be kept", "platform", p.Name(), "error", err)
		}
	}
}
