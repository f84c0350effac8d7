package campaign_test

import (
	"strings"
	"testing"
	"time"

	"akari/bot"
	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

// TestExpectedEnd: what is promised before the launch keeps to the pace of the
// platforms, of each room and to the partners' windows, and counts who else sends.
func TestExpectedEnd(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		const n = 30 // ten on each platform, five of each partner
		g := newRig(t, driver, town(n), func(r *handlers.CampaignRules) {
			r.Rate = func(l bot.Lane) int {
				return map[string]int{"slack": 5, "lineworks": 10, "line": 60}[l.Platform]
			}
			r.RoomRate = func(l bot.Lane) int {
				return map[string]int{"slack": 1}[l.Platform]
			}
		})
		expected := func(id int64) time.Duration {
			t.Helper()
			p, err := g.mind.Preview(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			return p.ExpectedEnd.Sub(p.Starts).Round(time.Second)
		}
		long := models.LangText{"ja": strings.Repeat("とても長いお知らせの一文です。", 1500)}
		people, rooms := spec(), spec(func(s *models.Spec) { s.To, s.Materials, s.Text = models.ToRooms, nil, long })
		id := g.create(people)
		if got := expected(id); got != 2*time.Minute {
			t.Errorf("ten messages at five a minute take %s", got)
		}
		g.partnerRoom("C0AOBA", "p-aoba", "T0AOBA")
		inRooms := g.create(rooms)
		parts := 0
		p, err := g.mind.Preview(t.Context(), inRooms)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range p.Messages {
			parts = len(m.Parts)
		}
		if got := expected(inRooms); parts < 3 || got != time.Duration(parts-1)*time.Minute {
			t.Errorf("%d parts into one room, one a minute, take %s", parts, got)
		}

		// One that runs shares the lanes with whatever comes next.
		g.launch(id)
		tick(t, g)
		other := g.create(spec(func(s *models.Spec) { s.Title = "もう一つ" }))
		if got := expected(other); got != 4*time.Minute {
			t.Errorf("beside another campaign it takes %s", got)
		}

		// A partner's own holiday holds its people up until the day after.
		plan, problems := models.ReadSeed(strings.NewReader(strings.Replace(town(n), "owner: s-sato", "owner: s-sato\n    holidays: [2026-12-01]", 1)), "seed.yaml")
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if _, err := g.store.Seed(t.Context(), plan); err != nil {
			t.Fatal(err)
		}
		if got := expected(other); got < 23*time.Hour || got > 24*time.Hour {
			t.Errorf("with a partner that is closed today it takes %s", got)
		}
	})
}
