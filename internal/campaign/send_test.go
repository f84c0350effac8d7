package campaign_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"akari/bot"
	"akari/bot/slack/slacktest"
	"akari/handlers"
	"akari/internal/whole"
	"akari/models"
	"akari/models/modelstest"
)

// storm makes a fifth of the messages fail before they are accepted, and a tenth
// after it, on all three platforms.
func (g *rig) storm() (stop func()) {
	f := func(string) int {
		switch rand.IntN(10) {
		case 0:
			return http.StatusServiceUnavailable
		case 1:
			return http.StatusTooManyRequests
		case 2:
			return whole.AcceptThenFail
		}
		return 0
	}
	g.fault.Store(&f)
	return func() { g.fault.Store(nil) }
}

// TestAStormyCampaignAndItsSecondRound is P6 and P7 to the unit: two processes, three
// platforms, a fifth of the calls failing before and a tenth after acceptance; then a
// person sends again what is held. internal/whole does it with the program, killed.
func TestAStormyCampaignAndItsSecondRound(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		const n = 150
		g := newRig(t, driver, town(n), nil)
		g.people(n)
		stopStorm := g.storm()
		g.start()
		g.start()
		id := g.create(spec(func(s *models.Spec) { s.Ack = &models.AckRule{Rule: models.AckEveryone} }))
		g.launch(id)
		wait(t, "the end", 3*time.Minute, func() bool { return g.campaign(id).State == models.CampaignFinished })
		wait(t, "the doubts to be settled", time.Minute, func() bool { return g.report(id).Unconfirmed == 0 })
		stopStorm()
		g.settled(id, n)
		r := g.report(id)
		r.Missing = nil
		t.Logf("%+v", r)
		held := g.troubles(id)
		if r.Held != held {
			t.Fatalf("%d held in the report, %d listed one by one", r.Held, held)
		}
		// A person looks at what is held and sends it again; then nothing is unclear.
		g.resendAll(id)
		wait(t, "the second round", time.Minute, func() bool {
			r := g.report(id)
			return r.Held == 0 && r.Queued == 0 && r.Sending == 0 && r.Unconfirmed == 0
		})
		if r := g.report(id); r.Sent != n {
			t.Fatalf("after the second round %d of %d are sent: %+v", r.Sent, n, r)
		}
		if got := g.standings(id); got[models.StateSent] != n || len(got) != 1 {
			t.Fatalf("the query of docs/figures.md says %v, the report %d sent", got, n)
		}
	})
}

// standings is what the query of docs/figures.md says of a campaign.
func (g *rig) standings(id int64) map[string]int {
	g.t.Helper()
	doc, err := os.ReadFile("../../docs/figures.md")
	if err != nil {
		g.t.Fatal(err)
	}
	_, query, found := strings.Cut(string(doc), "```sql\nSELECT standing")
	query, _, _ = strings.Cut(query, "```")
	if !found || !strings.Contains(query, "campaign_id = 41") {
		g.t.Fatal("docs/figures.md has no query of a campaign's recipients")
	}
	out := map[string]int{}
	for _, row := range modelstest.Table(g.t, g.driver, g.dsn, "SELECT standing"+strings.Replace(query, "= 41", fmt.Sprint("= ", id), 1)) {
		n, err := strconv.Atoi(row["n"])
		if err != nil {
			g.t.Fatal(err)
		}
		out[row["standing"]] = n
	}
	return out
}

// settled compares what the platforms accepted with the rows and the report.
func (g *rig) settled(id int64, n int) {
	g.t.Helper()
	states, people := map[string]int{}, map[string]bool{}
	keys := map[string]row{}
	for _, d := range g.deliveries(id) {
		states[d.State]++
		if people[d.PersonKey] {
			g.t.Fatalf("%s has two deliveries", d.PersonKey)
		}
		people[d.PersonKey] = true
		keys[d.DeliveryKey] = d
	}
	if len(people) != n {
		g.t.Fatalf("%d people have a delivery, want %d", len(people), n)
	}
	r := g.report(id)
	if r.AudienceSize != n || r.Sent != states["sent"] || r.Held != states["held"] || r.Failed != states["failed"] || r.Skipped != states["skipped"] || r.Queued+r.Sending != 0 ||
		r.Sent+r.Held+r.Failed+r.Skipped+r.Expired+r.Cancelled != n {
		g.t.Fatalf("the report says %+v, the rows %v", r, states)
	}
	arrived := g.arrived()
	for key, d := range keys {
		// What is held may or may not have arrived; what is sent has, once.
		times := arrived[d.Platform+" "+key]
		if d.Platform == "lineworks" {
			times = arrived["lineworks "+strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(d.Address, "lineworks:"), "aoba:"), "minami:")]
		}
		if times > 1 || d.State == "sent" && times != 1 || d.State == "failed" && times != 0 || d.State == "held" && d.Platform != "lineworks" {
			g.t.Fatalf("%s to %s on %s is %s (%s) and arrived %d times", d.DeliveryKey, d.PersonKey, d.Platform, d.State, d.ErrorCode, times)
		}
	}
}

func (g *rig) troubles(id int64) int {
	g.t.Helper()
	_, _, list, _, err := g.mind.ReportOf(g.t.Context(), id)
	if err != nil {
		g.t.Fatal(err)
	}
	return len(list)
}

func (g *rig) resendAll(id int64) {
	g.t.Helper()
	_, _, list, _, err := g.mind.ReportOf(g.t.Context(), id)
	if err != nil {
		g.t.Fatal(err)
	}
	for _, x := range list {
		g.act("s-ito", func(a *handlers.Campaigning) error { return a.Resend(x.DeliveryID) })
		if got := g.refused("s-ito", func(a *handlers.Campaigning) error { return a.Resend(x.DeliveryID) }); got != "campaign.not_resendable" {
			g.t.Fatalf("a second press on resend: %q", got)
		}
	}
}

// TestPauseAtRandomMoments pauses and resumes in the middle of sending: after a
// pause is committed nothing more is claimed, and in the end everybody has it once.
func TestPauseAtRandomMoments(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		const n = 600
		g := newRig(t, driver, town(n), nil)
		g.people(n)
		g.start()
		g.start()
		id := g.create(spec())
		g.launch(id)
		wait(t, "the start", 20*time.Second, func() bool { return g.campaign(id).State == models.CampaignRunning })
		pauses := 0
		for range 25 {
			time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
			if g.campaign(id).State == models.CampaignFinished {
				break
			}
			fresh := false
			err := g.mind.CampaignAct(t.Context(), "s-ito", func(a *handlers.Campaigning) (err error) {
				_, fresh, err = a.Pause(id)
				return err
			})
			if err != nil || !fresh {
				continue // it was over by then
			}
			pauses++
			// What had been claimed before lands; nothing new is claimed.
			wait(t, "flights to land", 20*time.Second, func() bool { return g.report(id).Sending == 0 })
			before := g.report(id)
			sum := sumOf(g.arrived())
			time.Sleep(300 * time.Millisecond)
			if after := g.report(id); after.Queued != before.Queued || sumOf(g.arrived()) != sum {
				t.Fatalf("sent while paused: %+v, then %+v", before, after)
			}
			g.act("s-sato", func(a *handlers.Campaigning) error { _, _, err := a.Resume(id); return err })
		}
		wait(t, "the end", time.Minute, func() bool { return g.campaign(id).State == models.CampaignFinished })
		g.settled(id, n)
		if r := g.report(id); r.Sent != n {
			t.Fatalf("%+v", r)
		}
		t.Logf("%d pauses", pauses)
		if pauses == 0 {
			t.Fatal("it was over before it could be paused: nothing was tried")
		}
	})
}

func sumOf(m map[string]int) (n int) {
	for _, x := range m {
		n += x
	}
	return n
}

func TestCancelInTheMiddle(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		const n = 600
		g := newRig(t, driver, town(n), nil)
		g.people(n)
		g.start()
		id := g.create(spec())
		g.launch(id)
		wait(t, "the first ones", 20*time.Second, func() bool { return g.report(id).Sent > 20 })
		g.act("s-ito", func(a *handlers.Campaigning) error { _, _, err := a.Cancel(id); return err })
		if err := g.mind.CancelOwed(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		wait(t, "flights to land", 20*time.Second, func() bool { r := g.report(id); return r.Sending == 0 && r.Queued == 0 })
		sum := sumOf(g.arrived())
		time.Sleep(time.Second)
		r := g.report(id)
		if sumOf(g.arrived()) != sum || r.Sent+r.Cancelled != n || r.Cancelled == 0 || r.Sent != sum {
			t.Fatalf("%+v, %d arrived, then %d", r, sum, sumOf(g.arrived()))
		}
	})
}

// TestCancelledBeforeALongStop: what a cancelled campaign owes is taken back also when
// nothing ran for hours after the cancelling.
func TestCancelledBeforeALongStop(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		const n = 9
		g := newRig(t, driver, town(n), nil)
		id := g.create(spec())
		g.launch(id)
		tick := func() {
			t.Helper()
			if err := g.mind.TickCampaigns(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		tick()
		if c, r := g.campaign(id), g.report(id); c.State != models.CampaignRunning || r.Queued != n {
			t.Fatalf("it is %s: %+v", c.State, r)
		}
		g.act("s-ito", func(a *handlers.Campaigning) error { _, _, err := a.Cancel(id); return err })
		g.clock.move(3 * time.Hour)
		tick()
		if r := g.report(id); r.Queued != 0 || r.Cancelled != n {
			t.Fatalf("%+v", r)
		}
	})
}

// TestLineQuotaStopsTheCampaign uses the quota up in the middle: nobody fails, the
// campaign stops, staff are told once, and it goes on when a person says so.
func TestLineQuotaStopsTheCampaign(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		const n = 60
		g := newRig(t, driver, town(n), nil)
		g.people(n)
		g.slack.AddUser(slacktest.User{ID: "U0ITO", Name: "ito"})
		g.slack.AddChannel(slacktest.Channel{ID: "C0STAFF", Name: "staff", Members: []string{"U0BOT"}})
		g.staffRoom("C0STAFF")
		g.line.SetQuota(100000, 0) // what is said beforehand …
		p := g.start()
		wait(t, "the quota to be known", 10*time.Second, func() (ok bool) {
			g.view(func(tx *models.Tx) error { q, err := tx.QuotaOf("line"); ok = q.Most != nil; return err })
			return ok
		})
		g.line.SetQuota(5, 0) // … is not what is there
		id := g.create(spec())
		g.launch(id)
		wait(t, "the stop", 20*time.Second, func() bool { return g.campaign(id).State == models.CampaignPaused })
		c := g.campaign(id)
		wait(t, "flights to land", 20*time.Second, func() bool { return g.report(id).Sending == 0 })
		if r := g.report(id); c.Why != models.PausedQuota || r.Failed != 0 {
			t.Fatalf("%s: %+v", c.Why, r)
		}
		calls := len(g.line.Calls())
		time.Sleep(1500 * time.Millisecond)
		if more := len(g.line.Calls()) - calls; more > 2 {
			t.Fatalf("%d calls while stopped", more)
		}
		wait(t, "the word to staff", 20*time.Second, func() bool {
			for _, m := range g.slack.Messages("C0STAFF") {
				if strings.Contains(m.Text, "LINE") {
					return true
				}
			}
			return false
		})
		g.line.SetQuota(100000, 5)
		g.act("s-ito", func(a *handlers.Campaigning) error { _, _, err := a.Resume(id); return err })
		wait(t, "the end", 30*time.Second, func() bool { return g.campaign(id).State == models.CampaignFinished })
		g.settled(id, n)
		if r := g.report(id); r.Sent != n {
			t.Fatalf("%+v", r)
		}
		p.stop()
	})
}

func (g *rig) staffRoom(room string) {
	g.t.Helper()
	g.tx(func(tx *models.Tx) error {
		r, err := tx.AddRoom(bot.Address{Platform: "slack", Connection: "slack", Room: room})
		if err != nil {
			return err
		}
		return tx.MapRoom(r.ID, models.ID{})
	})
}

// TestQuotaTooSmallStopsBeforehand: LINE said beforehand that it is not enough.
func TestQuotaTooSmallStopsBeforehand(t *testing.T) {
	g := newRig(t, "sqlite", town(30), nil)
	g.people(30)
	most := int64(4)
	g.tx(func(tx *models.Tx) error {
		return tx.SaveQuota(models.Quota{Platform: "line", Connection: "line", Most: &most})
	})
	id := g.create(spec())
	p, err := g.mind.Preview(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	short := 0
	for _, s := range p.Skipped {
		if s.Reason == models.SkipQuota {
			short++
		}
	}
	if p.LineMessages != 4 || short != 6 {
		t.Fatalf("the preview says %d LINE messages and %d too many", p.LineMessages, short)
	}
	g.launch(id)
	g.line.SetQuota(4, 0)
	tick(t, g)
	if c := g.campaign(id); c.State != models.CampaignPaused || c.Why != models.PausedQuota || len(g.arrived()) != 0 {
		t.Fatal(fmt.Sprint(c.State, c.Why, g.arrived()))
	}
	g.act("s-ito", func(a *handlers.Campaigning) error { _, _, err := a.Resume(id); return err })
	tick(t, g)
	if c := g.campaign(id); c.State != models.CampaignRunning {
		t.Fatalf("resumed by a person it is %s (%s)", c.State, c.Why)
	}
}
