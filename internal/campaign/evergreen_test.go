package campaign_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

// joins seeds the town with n people, of whom the last are new.
func (g *rig) joins(n int) {
	g.t.Helper()
	g.people(n)
	plan, problems := models.ReadSeed(strings.NewReader(town(n)), "seed.yaml")
	if len(problems) > 0 {
		g.t.Fatal(problems)
	}
	if _, err := g.store.Seed(g.t.Context(), plan); err != nil {
		g.t.Fatal(err)
	}
}

// steps counts what of a campaign a person got, by step.
func (g *rig) steps(id int64, person string) string {
	g.t.Helper()
	rows, err := modelstest.Raw(g.t, g.driver, g.dsn).Query("SELECT d.step, d.state, COUNT(*) FROM deliveries d JOIN people w ON w.id = d.person_id WHERE d.campaign_id = ? AND w.`key` = ? GROUP BY d.step, d.state ORDER BY d.step", id, person)
	if err != nil {
		g.t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var step, n int
		var state string
		if err := rows.Scan(&step, &state, &n); err != nil {
			g.t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%d %s×%d", step, state, n))
	}
	if err := rows.Err(); err != nil {
		g.t.Fatal(err)
	}
	return strings.Join(out, ", ")
}

// TestNewcomersGetTheStepsFromTheirOwnFirstDay: whoever joins an audience partner
// after the launch of an evergreen campaign has day 0, +3 and +7 counted from then,
// until they have done what it is about; the others get nothing twice.
func TestNewcomersGetTheStepsFromTheirOwnFirstDay(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newRig(t, driver, town(6), nil)
		g.people(6)
		g.start()
		at := func(day, hour, minute int) { g.clock.set(time.Date(2026, 12, day, hour, minute, 0, 0, tokyo)) }
		id := g.create(spec(func(s *models.Spec) {
			s.Evergreen, s.Ack = true, &models.AckRule{Rule: models.AckEveryone}
			s.Steps = []models.Step{
				{After: 3 * 24 * time.Hour, Unless: models.UnlessAcknowledged, Text: models.LangText{"ja": "三日後です。"}},
				{After: 7 * 24 * time.Hour, Text: models.LangText{"ja": "一週間後です。"}},
			}
		}))
		g.launch(id)
		wait(t, "the message", 20*time.Second, func() bool { return g.report(id).Sent == 6 })

		at(2, 20, 0) // a Wednesday evening
		g.joins(9)
		tick(t, g)
		if got := g.steps(id, "m-0006"); got != "0 queued×1" {
			t.Fatalf("who joined in the evening has %q", got)
		}
		at(3, 9, 31)
		wait(t, "the newcomers' first day", 20*time.Second, func() bool { return g.report(id).Sent == 9 })
		g.acknowledge(id, "m-0007")

		at(4, 10, 1) // day 3 of those who were there: not of the newcomers
		wait(t, "the others' first step", 20*time.Second, func() bool { return g.step(id, 1)["sent"] == 6 })
		at(7, 9, 31) // Monday: the newcomers' day 3 was on Saturday
		tick(t, g)
		wait(t, "the newcomers' first step", 20*time.Second, func() bool { s := g.step(id, 1); return s["sent"] == 8 && s["skipped"] == 1 })
		at(8, 10, 1)
		wait(t, "the others' second step", 20*time.Second, func() bool { return g.step(id, 2)["sent"] == 6 })
		at(10, 9, 31)
		tick(t, g)
		wait(t, "the newcomers' second step", 20*time.Second, func() bool { return g.step(id, 2)["sent"] == 9 })
		for person, want := range map[string]string{"m-0000": "0 sent×1, 1 sent×1, 2 sent×1", "m-0006": "0 sent×1, 1 sent×1, 2 sent×1", "m-0007": "0 sent×1, 1 skipped×1, 2 sent×1"} {
			if got := g.steps(id, person); got != want {
				t.Errorf("%s got %q, want %q", person, got, want)
			}
		}
		r := g.report(id)
		if c := g.campaign(id); c.State != models.CampaignRunning || r.AudienceSize != 9 || r.Owed != 9 || len(r.Missing) != 8 {
			t.Fatalf("%s, %+v", c.State, r)
		}

		// Whoever joins a paused or a cancelled one gets nothing.
		g.act("s-ito", func(a *handlers.Campaigning) error { _, _, err := a.Cancel(id); return err })
		g.joins(12)
		tick(t, g)
		if got := g.steps(id, "m-0009"); got != "" {
			t.Errorf("who joined after the end got %q", got)
		}
	})
}

// TestManyNewcomersAtOnceNeedApproval: when a crowd falls into an evergreen audience
// at once, a second person says yes first.
func TestManyNewcomersAtOnceNeedApproval(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		over := 5
		g := newRig(t, driver, town(3), func(r *handlers.CampaignRules) { r.ApprovalOver = &over })
		g.people(3)
		g.start()
		id := g.create(spec(func(s *models.Spec) { s.Evergreen = true }))
		g.launch(id)
		wait(t, "the message", 20*time.Second, func() bool { return g.report(id).Sent == 3 })
		g.joins(12)
		tick(t, g)
		if c := g.campaign(id); c.State != models.CampaignPaused || c.Why != models.PausedApproval {
			t.Fatalf("%s (%s)", c.State, c.Why)
		}
		g.act("s-sato", func(a *handlers.Campaigning) error { _, _, err := a.Approve(id); return err })
		g.act("s-ito", func(a *handlers.Campaigning) error { _, _, err := a.Resume(id); return err })
		tick(t, g)
		wait(t, "the newcomers", 20*time.Second, func() bool { return g.report(id).Sent == 12 })
		if got := g.refused("s-ito", func(a *handlers.Campaigning) error {
			_, _, err := a.Create(spec(func(s *models.Spec) { s.Evergreen, s.OverrideWindow = true, "障害" }), "")
			return err
		}); got != "campaign.evergreen_window" {
			t.Errorf("refused with %q", got)
		}
	})
}
