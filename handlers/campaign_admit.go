package handlers

import (
	"errors"
	"slices"
	"strings"
	"time"

	"akari/bot"
	"akari/models"
)

// factPause is how soon a message is looked at again whose reader the platform
// has to be asked about first.
const factPause = 3 * time.Second

// Admit decides, in the transaction of the claim, whether a campaign's message
// may go now: what was right when it was planned may have changed.
func (h *Handlers) Admit(tx *models.Tx, d models.Delivery) (models.Admission, error) {
	c, err := tx.CampaignOf(*d.CampaignID)
	if err != nil {
		return models.Admission{}, ignoreMissing(err)
	}
	skip, err := h.moot(tx, c, d)
	if err != nil || skip != "" {
		return models.Admission{Skip: skip}, err
	}
	partner, err := tx.Partner(d.PartnerID)
	if errors.Is(err, models.ErrNotFound) {
		return models.Admission{Skip: models.SkipLeft}, nil
	}
	if err != nil {
		return models.Admission{}, err
	}
	if c.Spec.OverrideWindow == "" || d.Step > 0 {
		cals, err := h.calendars(tx, partner.ID)
		if err != nil {
			return models.Admission{}, err
		}
		if cal := cals.partner(partner); !cal.Open(tx.Now()) && len(cal.Days) > 0 {
			return models.Admission{Later: cal.Next(tx.Now())}, nil
		}
	}
	if why := h.mayHave(partner, "", letterOf(c, d.Step).materials); why != "" {
		return models.Admission{Skip: why}, nil
	}
	if d.PersonID.IsZero() || d.Platform == "playground" {
		return models.Admission{}, nil
	}
	return h.admitPerson(tx, partner, d)
}

// moot tells why a later message is not wanted any more.
func (h *Handlers) moot(tx *models.Tx, c models.Campaign, d models.Delivery) (string, error) {
	unless := ""
	switch {
	case models.IsReminder(d.Step):
		unless = models.UnlessAcknowledged
	case d.Step > 0 && d.Step <= len(c.Spec.Steps):
		unless = c.Spec.Steps[d.Step-1].Unless
	}
	switch unless {
	case models.UnlessAcknowledged:
		one := c.Spec.Ack != nil && c.Spec.Ack.Rule == models.AckOnePerPartner
		done, err := tx.Acknowledged(c.ID, d.PersonID, d.PartnerID, one || d.PersonID.IsZero())
		if done {
			return models.SkipAcknowledged, err
		}
		return "", err
	case models.UnlessOpened:
		if d.PersonID.IsZero() {
			return "", nil
		}
		done, err := tx.OpenedBy(c.ID, d.PersonID)
		if done {
			return models.SkipOpened, err
		}
		return "", err
	}
	return "", nil
}

// admitPerson looks at the account that is written to: it is still that person's,
// and the platform has said that it belongs to their partner (Slack), or that they
// are a friend (LINE).
func (h *Handlers) admitPerson(tx *models.Tx, partner models.Partner, d models.Delivery) (models.Admission, error) {
	id := bot.Identity{Platform: d.Platform, Connection: d.Connection, User: d.User}
	who, err := tx.Whois(id)
	switch {
	case err != nil:
		return models.Admission{}, err
	case who.Person.ID != d.PersonID || who.Partner.ID != partner.ID:
		return models.Admission{Skip: models.SkipGone}, nil
	case who.Person.LeftAt != nil:
		return models.Admission{Skip: models.SkipLeft}, nil
	case (d.Platform == "slack" || d.Platform == "line") && who.Account.FactAt == nil:
		// LINE takes pushes to people who blocked us, and shows them to nobody.
		return models.Admission{Later: tx.Now().Add(factPause)}, tx.WantPerson(id)
	}
	orgs, err := tx.OrgsOf("slack", partner.ID)
	if err != nil {
		return models.Admission{}, err
	}
	return models.Admission{Skip: h.accountReason(models.Recipient{Partner: partner, Orgs: orgs}, who.Account)}, nil
}

// Halted tells staff that a campaign stopped because a platform takes nothing
// more this month.
func (h *Handlers) Halted(tx *models.Tx, campaign int64) error {
	c, err := tx.CampaignOf(campaign)
	if err != nil {
		return ignoreMissing(err)
	}
	return h.tellCampaign(tx, c, "campaign.paused_"+models.PausedQuota)
}

// tellCampaign says something about a campaign to its owner, or to staff's rooms.
func (h *Handlers) tellCampaign(tx *models.Tx, c models.Campaign, key string, args ...any) error {
	t := h.clockTurn(tx)
	args = append([]any{"id", c.ID, "title", c.Title}, args...)
	doubt, err := h.doubtLines(tx, c, t.Lang)
	if err != nil {
		return err
	}
	m := bot.Message{Text: strings.Join(append([]string{h.Library.Say(t.Lang, key, args...)}, doubt...), "\n"), Buttons: h.standingButtons(c, models.CampaignReport{}, t.Lang, false)}
	if c.State == models.CampaignFinished {
		lines, again, err := h.troubleLines(tx, c, t.Lang)
		if err != nil {
			return err
		}
		m.Text, m.Buttons = strings.Join(append([]string{m.Text}, lines...), "\n"), append(again, m.Buttons...)
	}
	if err := t.TellStaff(m); err != nil {
		return err
	}
	return tx.QueueDeliveries(t.owed...)
}

// tellOwner says something to a campaign's owner one-to-one, and to staff's
// rooms where the owner cannot be reached.
func (h *Handlers) tellOwner(tx *models.Tx, c models.Campaign, m bot.Message) error {
	return h.tellPerson(tx, c.OwnerID, m)
}

// tellPerson says something to one of the staff one-to-one, and to staff's rooms
// where they cannot be reached.
func (h *Handlers) tellPerson(tx *models.Tx, id models.ID, m bot.Message) error {
	t := h.clockTurn(tx)
	who, err := tx.WhoisPerson(id)
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		return err
	}
	to, ok, err := t.addressOf(id)
	if err != nil {
		return err
	}
	if !ok && h.platforms["playground"] != nil && who.Person.Key != "" {
		to, ok = bot.Address{Platform: "playground", Connection: "playground", User: who.Person.Key, Direct: true}, true
	}
	if ok && who.Person.LeftAt == nil {
		t.Tell(to, who, m)
	} else if err := t.TellStaff(m); err != nil {
		return err
	}
	return tx.QueueDeliveries(t.owed...)
}

// clockTurn is a turn that nobody's inbound began.
func (h *Handlers) clockTurn(tx *models.Tx) *Turn {
	t := &Turn{h: h, tx: tx, Lang: "ja"}
	if len(h.Vendor.Languages) > 0 {
		t.Lang = h.Vendor.Languages[0]
	}
	if len(h.Platforms) == 1 && h.platforms["playground"] != nil {
		t.In.At.Platform = "playground"
	}
	return t
}

// deadlinePlan is when the reminders of a campaign are due, and when its owner is
// told who is still missing. Pure.
//
// With a deadline the first reminder comes on the working day before it and the
// second on the working day after it; without one they come three working days
// apart. None comes on the day of the message itself, and never two on one day.
// The owner is told on the working day after the last, and not before the
// deadline has passed.
func deadlinePlan(started, deadline time.Time, reminders int, cal Calendar) (at []time.Time, tell time.Time) {
	last := started
	for n := 1; n <= reminders; n++ {
		soonest := cal.Plus(last, 1)
		due := cal.Plus(last, 3)
		if !deadline.IsZero() {
			due = cal.Plus(deadline, 1)
			if n < reminders || reminders == 1 {
				due = cal.Plus(deadline, -(reminders - n + btoi(reminders == 1)))
			}
		}
		if due.Before(soonest) {
			due = soonest
		}
		at, last = append(at, due), due
	}
	tell = cal.Plus(last, 1)
	if !deadline.IsZero() && tell.Before(deadline) {
		tell = cal.Plus(deadline, 1)
	}
	return at, tell
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// stepPlan is when the later messages of a campaign are due. Pure.
func stepPlan(started time.Time, steps []models.Step, cal Calendar) []time.Time {
	out := make([]time.Time, len(steps))
	for i, s := range steps {
		out[i] = cal.Next(started.Add(s.After))
	}
	return out
}

// dueSteps answers which steps are to begin now: those whose time has come and
// that have not begun, of the reminders one at a time, and none within a working
// day of the one before, however far a clock jumped.
func dueSteps(now time.Time, steps, reminders []time.Time, begun []models.StepRow, cal Calendar) (out []int) {
	has := func(step int) (models.StepRow, bool) {
		i := slices.IndexFunc(begun, func(r models.StepRow) bool { return r.Step == step })
		if i < 0 {
			return models.StepRow{}, false
		}
		return begun[i], true
	}
	for i, at := range steps {
		if _, ok := has(i + 1); !ok && !at.After(now) {
			out = append(out, i+1)
		}
	}
	lately := slices.ContainsFunc(begun, func(r models.StepRow) bool { return models.IsReminder(r.Step) && cal.Plus(r.BeganAt, 1).After(now) })
	for i, at := range reminders {
		step := models.ReminderStep(i + 1)
		if _, ok := has(step); ok {
			continue
		}
		if lately || at.After(now) {
			break
		}
		return append(out, step)
	}
	return out
}
