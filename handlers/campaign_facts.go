package handlers

import (
	"context"
	"strings"
	"time"

	"akari/models"
)

// Messages wait while a platform does not say whether their readers are still a
// partner's, or who reads in a room: each asks anew, and goes as soon as it is known.
// Here staff hear of it, once, when that lasts.

// factsEvery is how often it is looked whether a campaign waits for facts.
const factsEvery = 10 * time.Second

// waits tells staff when a platform has said nothing for as long as factsPatience that a
// campaign waits for, and when it goes on.
func (k *campaignClock) waits(ctx context.Context, c models.Campaign) error {
	if time.Now().Before(k.facts[c.ID]) { //nolint:forbidigo // how long since we looked: monotonic
		return nil
	}
	began := time.Now() //nolint:forbidigo // how long since we looked: monotonic
	var seen []models.Awaited
	err := k.h.Store.View(ctx, func(tx *models.Tx) (err error) {
		// What waits for a person's fact is put off for a moment at each look.
		seen, err = tx.AwaitedFacts(c.ID, tx.Now().Add(2*factPause), maxAgeRoom)
		return err
	})
	// Looking takes a hundredth of the time at most.
	k.facts[c.ID] = time.Now().Add(max(factsEvery, 100*time.Since(began))) //nolint:forbidigo // how long since we looked: monotonic
	if err != nil || len(seen) == 0 && c.WaitsSince == nil {
		return err
	}
	err = k.h.Store.InTx(ctx, func(tx *models.Tx) error {
		c, err := tx.LockCampaign(c.ID)
		if err != nil || c.State != models.CampaignRunning && c.State != models.CampaignFinished {
			return ignoreMissing(err)
		}
		now := tx.Now()
		if len(seen) == 0 {
			if c.WaitsToldAt != nil {
				err = k.h.tellCampaign(tx, c, "campaign.waits_over")
			}
			if err != nil || c.WaitsSince == nil {
				return err
			}
			return tx.CampaignWaits(c, nil, nil)
		}
		if c.WaitsSince == nil {
			return tx.CampaignWaits(c, &now, nil)
		}
		n, silent := silence(seen, now)
		if n == 0 || c.WaitsToldAt != nil || now.Sub(*c.WaitsSince) < factsPatience {
			return nil
		}
		for i, name := range silent {
			silent[i] = k.h.Library.Say(k.h.clockTurn(tx).Lang, "platform."+name)
		}
		if err := k.h.tellCampaign(tx, c, "campaign.waits", "count", n, "platforms", strings.Join(silent, "、")); err != nil {
			return err
		}
		return tx.CampaignWaits(c, c.WaitsSince, &now)
	})
	if err == nil {
		k.h.Nudge()
	}
	return err
}

// silence answers which platforms say nothing, not only less than is asked for at our
// pace, and how many messages wait for them. Pure.
func silence(seen []models.Awaited, now time.Time) (n int, platforms []string) {
	for _, a := range seen {
		if a.LastHeard != nil && now.Sub(*a.LastHeard) < factsPatience {
			continue
		}
		n += a.N
		if len(platforms) == 0 || platforms[len(platforms)-1] != a.Platform {
			platforms = append(platforms, a.Platform)
		}
	}
	return n, platforms
}
