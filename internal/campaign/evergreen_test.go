package campaign_test

import (
	"database/sql"
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
	rows, err := g.raw().Query("SELECT d.step, d.state, COUNT(*) FROM deliveries d JOIN people w ON w.id = d.person_id WHERE d.campaign_id = ? AND w.`key` = ? GROUP BY d.step, d.state ORDER BY d.step", id, person)
	if err != nil {
		g.t.Fatal(err)
	}
	return stepList(g.t, rows)
}

// stepList words rows of step, state and how many.
func stepList(t testing.TB, rows *sql.Rows) string {
	t.Helper()
	defer rows.Close()
	var out []string
	for rows.Next() {
		var step, n int
		var state string
		if err := rows.Scan(&step, &state, &n); err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%d %s×%d", step, state, n))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
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

// inRoom counts what of a campaign a room got, by step.
func (g *rig) inRoom(id int64, room string) string {
	g.t.Helper()
	rows, err := g.raw().Query("SELECT step, state, COUNT(*) FROM deliveries WHERE campaign_id = ? AND room = ? GROUP BY step, state ORDER BY step, state", id, room)
	if err != nil {
		g.t.Fatal(err)
	}
	return stepList(g.t, rows)
}

// TestARoomMappedLaterGetsTheStepsFromItsOwnFirstDay: an evergreen message into rooms
// goes into a partner's room that is made later, too, with its later messages counted
// from that day; a room that could not be reached gets no later message alone.
func TestARoomMappedLaterGetsTheStepsFromItsOwnFirstDay(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newRig(t, driver, town(6), nil)
		g.partnerRoom("C0AOBA", "p-aoba", "T0AOBA")
		g.partnerRoom("C0MIXED", "p-minami", "T0MINAMI", "T0AOBA")
		g.start()
		at := func(day, hour, minute int) { g.clock.set(time.Date(2026, 12, day, hour, minute, 0, 0, tokyo)) }
		id := g.create(spec(func(s *models.Spec) {
			s.To, s.Evergreen = models.ToRooms, true
			s.Steps = []models.Step{{After: 3 * 24 * time.Hour, Text: models.LangText{"ja": "三日後です。"}}, {After: 7 * 24 * time.Hour, Text: models.LangText{"ja": "一週間後です。"}}}
		}))
		g.launch(id)
		wait(t, "the message", 90*time.Second, func() bool { r := g.report(id); return r.Sent == 1 && r.Held+r.Skipped == 1 })

		at(2, 20, 0) // a Wednesday evening
		g.partnerRoom("C0MINAMI", "p-minami", "T0MINAMI")
		tick(t, g)
		if got := g.inRoom(id, "C0MINAMI"); got != "0 queued×1" {
			t.Fatalf("the room that was made in the evening has %q", got)
		}
		at(3, 9, 31)
		wait(t, "the new room's first day", 90*time.Second, func() bool { return g.report(id).Sent == 2 })
		at(4, 10, 1) // day 3 of the first room
		wait(t, "the first room's step", 90*time.Second, func() bool { return g.inRoom(id, "C0AOBA") == "0 sent×1, 1 sent×1" })
		tick(t, g)
		if got := g.inRoom(id, "C0MINAMI"); got != "0 sent×1" {
			t.Errorf("on the other's day 3 the new room has %q", got)
		}
		at(7, 9, 31) // Monday: the new room's day 3 was on Saturday
		tick(t, g)
		wait(t, "the new room's step", 90*time.Second, func() bool { return g.inRoom(id, "C0MINAMI") == "0 sent×1, 1 sent×1" })
		at(10, 9, 31)
		tick(t, g)
		for _, room := range []string{"C0AOBA", "C0MINAMI"} {
			wait(t, "the second step", 90*time.Second, func() bool { return g.inRoom(id, room) == "0 sent×1, 1 sent×1, 2 sent×1" })
		}
		if got := g.inRoom(id, "C0MIXED"); got != "0 held×1" && got != "0 skipped×1" {
			t.Errorf("the room in which somebody else reads has %q", got)
		}
		if c, r := g.campaign(id), g.report(id); c.State != models.CampaignRunning || r.AudienceSize != 3 {
			t.Errorf("%s, %+v", c.State, r)
		}
	})
}

// TestWhoJoinsLaterOwesARoomsMessageWhileItGoesOn: a colleague who joins reads in the
// room and gets no message of their own. They owe an acknowledgement as long as the
// campaign goes on; when it was over before they came, only if they give it.
func TestWhoJoinsLaterOwesARoomsMessageWhileItGoesOn(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newRig(t, driver, town(2), nil)
		g.people(2)
		g.partnerRoom("C0AOBA", "p-aoba", "T0AOBA")
		g.start()
		made := func(evergreen bool) int64 {
			id := g.create(spec(func(s *models.Spec) {
				s.To, s.Evergreen, s.Ack = models.ToRooms, evergreen, &models.AckRule{Rule: models.AckEveryone}
			}))
			g.launch(id)
			wait(t, "the message", 90*time.Second, func() bool { return g.report(id).Sent == 1 })
			return id
		}
		once, on := made(false), made(true)
		wait(t, "the end of the one", 90*time.Second, func() bool { return g.campaign(once).State == models.CampaignFinished })
		g.clock.move(time.Hour)
		g.joins(5) // m-0002 and m-0004 are of the room's partner
		tick(t, g)
		for id, want := range map[int64]string{once: "m-0000", on: "m-0000 m-0002 m-0004"} {
			if got := strings.Join(g.report(id).Missing, " "); got != want {
				t.Errorf("missing of campaign %d are %q, want %q", id, got, want)
			}
			if got := g.steps(id, "m-0002"); got != "" {
				t.Errorf("who joined got %q", got)
			}
			g.addsUp(id)
		}
		size := func(id int64) (n int) {
			g.view(func(tx *models.Tx) (err error) {
				n, err = tx.CountTargets(models.Targets{To: models.ToPeople, Rule: models.Rule{NotAcknowledged: id}})
				return err
			})
			return n
		}
		if a, b := size(once), size(on); a != 1 || b != 3 {
			t.Errorf("an audience of those who have not acknowledged has %d and %d people", a, b)
		}
		var message models.ID
		if err := modelstest.Raw(t, g.driver, g.dsn).QueryRow("SELECT id FROM deliveries WHERE campaign_id = ? AND state = 'sent'", once).Scan(&message); err != nil {
			t.Fatal(err)
		}
		g.tx(func(tx *models.Tx) error {
			p, err := tx.PersonByKey("m-0002")
			if err != nil {
				return err
			}
			d, err := tx.DeliveryOf(message)
			if err != nil {
				return err
			}
			_, _, err = tx.MarkOnce(models.Acks, models.Mark{DeliveryID: d.ID, CampaignID: &once, PartnerID: p.PartnerID, PersonID: p.ID, MaterialKey: d.MaterialKey, MaterialVersion: d.MaterialVersion})
			return err
		})
		if r := g.report(once); r.Acknowledged != 1 || r.Owed != 2 || len(r.Missing) != 1 {
			t.Errorf("%+v", r)
		}
	})
}
