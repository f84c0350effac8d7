package campaign_test

import (
	"testing"
	"time"

	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

// TestADeletedCampaignIsGoneAndItsFiguresStay: what was delivered was delivered.
func TestADeletedCampaignIsGoneAndItsFiguresStay(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		const n = 3
		g := newRig(t, driver, town(n), nil)
		g.people(n)
		remove := func(id int64) func(*handlers.Campaigning) error {
			return func(a *handlers.Campaigning) error { _, _, err := a.Delete(id); return err }
		}
		id := g.create(spec())
		g.launch(id)
		if got := g.refused("s-ito", remove(id)); got != "campaign.still_on" {
			t.Fatalf("while it is scheduled: %q", got)
		}
		g.start()
		wait(t, "the end", 90*time.Second, func() bool { return g.campaign(id).State == models.CampaignFinished })
		figures := func() (out []map[string]string) {
			for _, of := range []string{"v_delivery", "v_event", "v_campaign"} {
				out = append(out, modelstest.Table(t, g.driver, g.dsn, "SELECT COUNT(*) AS n FROM "+of+" WHERE campaign_id IS NOT NULL")...)
			}
			return out
		}
		before := figures()
		g.act("s-ito", remove(id))
		for i, row := range figures() {
			if row["n"] != before[i]["n"] || row["n"] == "0" {
				t.Errorf("figure %d was %s and is %s", i, before[i]["n"], row["n"])
			}
		}
		if got := g.refused("s-ito", remove(id)); got != "campaign.unknown" {
			t.Errorf("once more: %q", got)
		}
		g.view(func(tx *models.Tx) error {
			list, err := tx.Campaigns(10)
			if len(list) != 0 {
				t.Errorf("the list has %d campaigns", len(list))
			}
			return err
		})
	})
}
