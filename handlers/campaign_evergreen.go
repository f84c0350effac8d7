package handlers

import (
	"context"
	"time"

	"akari/models"
)

// An evergreen campaign also goes to whoever comes into its audience after the
// launch: a colleague who joins a partner, a partner that gets the tag. For each of
// them its steps are counted from that day.

// newcomersEvery is how often it is looked who has come, and whose next step is due.
const newcomersEvery = time.Minute

// newcomers writes what is due to those who came into the audience of an evergreen
// campaign that runs.
func (k *campaignClock) newcomers(ctx context.Context, c models.Campaign) error {
	if !c.Spec.Evergreen || time.Now().Before(k.welcomed[c.ID]) { //nolint:forbidigo // how long since we looked: monotonic
		return nil
	}
	began := time.Now() //nolint:forbidigo // how long since we looked: monotonic
	on, err := k.h.welcome(ctx, c.ID)
	for step := 0; err == nil && on && step <= len(c.Spec.Steps); step++ {
		p := k.h.printer(letterOf(c, step))
		for n := planBatch; err == nil && n == planBatch; {
			n, err = k.h.planNewcomers(ctx, c.ID, step, p)
		}
	}
	// Looking takes a hundredth of the time at most.
	k.welcomed[c.ID] = time.Now().Add(max(newcomersEvery, 100*time.Since(began))) //nolint:forbidigo // how long since we looked: monotonic
	return err
}

// welcome makes those recipients who have come into the audience since it was last
// looked. It answers false when the campaign does not run, or was paused because so
// many came at once that a second person has to approve.
func (h *Handlers) welcome(ctx context.Context, id int64) (bool, error) {
	on := false
	err := h.Store.InTx(ctx, func(tx *models.Tx) error {
		on = false
		c, err := tx.LockCampaign(id)
		if err != nil || c.State != models.CampaignRunning {
			return ignoreMissing(err)
		}
		g := h.targets(c.Spec)
		n, err := tx.CountNewcomers(id, g)
		if err != nil {
			return err
		}
		if n > 0 && h.Campaign.approvalNeeded(n) {
			all, err := tx.CountTargets(g)
			if err != nil {
				return err
			}
			if ok, err := h.approved(tx, c, all); err != nil || !ok {
				return h.halt(tx, c, models.PausedApproval, err)
			}
		}
		on = true
		if n == 0 {
			return nil
		}
		return tx.AddNewcomers(id, g)
	})
	return on, err
}

// planNewcomers writes the deliveries of a step to the next newcomers for whom it is
// due, and answers how many they were.
func (h *Handlers) planNewcomers(ctx context.Context, id int64, step int, p *printer) (n int, err error) {
	err = h.Store.InTx(ctx, func(tx *models.Tx) error {
		n = 0
		c, err := tx.LockCampaign(id)
		if err != nil || c.State != models.CampaignRunning {
			return ignoreMissing(err)
		}
		by := tx.Now()
		if step > 0 {
			by = by.Add(-c.Spec.Steps[step-1].After)
		}
		rs, err := tx.Newcomers(id, step, by, planBatch)
		if err != nil || len(rs) == 0 {
			return err
		}
		n = len(rs)
		if err := tx.MoveNewcomers(id, targetIDs(rs), step+1); err != nil {
			return err
		}
		if rs, err = h.reachedBefore(tx, c, step, rs); err != nil || len(rs) == 0 {
			return err
		}
		p.letter.c = c
		return h.write(tx, p, rs)
	})
	if err == nil && n > 0 {
		h.Nudge()
	}
	return n, err
}
