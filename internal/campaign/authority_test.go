package campaign_test

import (
	"testing"
	"time"

	"akari/bot"
	"akari/bot/slack/slacktest"
	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

// onSlack gives a staff member an account there.
func (g *rig) onSlack(key, user string) {
	g.t.Helper()
	g.slack.AddUser(slacktest.User{ID: user, Name: user})
	g.tx(func(tx *models.Tx) error {
		p, err := tx.PersonByKey(key)
		if err != nil {
			return err
		}
		return tx.AddAccount(bot.Identity{Platform: "slack", Connection: "slack", User: user}, p.ID)
	})
}

// TestTheLastLookAtWhoDecided is rulings 11 at the end of the undo window: what the
// platform says about who launched and who approved is at most ten minutes old then.
// Who is gone stops the campaign, and without the platform's word it waits.
func TestTheLastLookAtWhoDecided(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		const n = 6
		over := 0
		g := newRig(t, driver, town(n), func(r *handlers.CampaignRules) { r.Undo, r.ApprovalOver = 20*time.Minute, &over })
		g.people(n)
		g.onSlack("s-ito", "U0ITO")
		g.onSlack("s-sato", "U0SATO")
		g.start()
		ready := func(title string) int64 {
			id := g.create(spec(func(s *models.Spec) { s.Title = title }))
			g.act("s-sato", func(a *handlers.Campaigning) error { _, _, err := a.Approve(id); return err })
			g.launch(id)
			return id
		}
		id := ready("全員に権限がある配信")
		g.clock.move(21 * time.Minute)
		wait(t, "the end of what is in order", 20*time.Second, func() bool { return g.campaign(id).State == models.CampaignFinished })

		id = ready("確かめられない配信")
		g.slack.Fail(slacktest.Fault{Method: "users.info", Status: 500, Times: -1})
		asked := len(g.slack.Calls("users.info"))
		g.clock.move(21 * time.Minute)
		wait(t, "the platform to be asked in vain", 20*time.Second, func() bool { return len(g.slack.Calls("users.info")) > asked })
		arrived := sumOf(g.arrived())
		tick(t, g)
		if c := g.campaign(id); c.State != models.CampaignScheduled || sumOf(g.arrived()) != arrived {
			t.Fatalf("without the platform's word it is %s (%s)", c.State, c.Why)
		}
		g.slack.Heal()
		g.clock.move(time.Minute)
		wait(t, "the end of what was in order", 20*time.Second, func() bool { return g.campaign(id).State == models.CampaignFinished })

		for user, title := range map[string]string{"U0ITO": "配信した人が去った配信", "U0SATO": "承認した人が去った配信"} {
			id = ready(title)
			g.slack.AddUser(slacktest.User{ID: user, Name: user, Deleted: true})
			g.clock.move(21 * time.Minute)
			wait(t, "the stop", 20*time.Second, func() bool { return g.campaign(id).State != models.CampaignScheduled })
			if c, owed := g.campaign(id), g.deliveries(id); c.Why != models.PausedAuthority || len(owed) > 0 {
				t.Fatalf("%s: it is %s (%s), and owed is %+v", title, c.State, c.Why, owed)
			}
			g.slack.AddUser(slacktest.User{ID: user, Name: user})
			g.clock.move(11 * time.Minute)
		}
	})
}

// TestTheTerminalAsksWhoActs: a command in somebody's name asks their platform first,
// where that was not done for ten minutes. Stopping waits for nobody's word.
func TestTheTerminalAsksWhoActs(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newRig(t, driver, town(6), nil)
		g.onSlack("s-ito", "U0ITO")
		id := g.create(spec())
		asked := len(g.slack.Calls("users.info"))
		g.launch(id)
		if now := len(g.slack.Calls("users.info")); asked == 0 || now != asked {
			t.Fatalf("asked %d times for the first act and %d times by the second, a moment later", asked, now)
		}
		resume := func(a *handlers.Campaigning) error { _, _, err := a.Resume(id); return err }
		g.clock.move(11 * time.Minute)
		g.slack.Fail(slacktest.Fault{Method: "users.info", Status: 500, Times: -1})
		g.act("s-ito", func(a *handlers.Campaigning) error { _, _, err := a.Pause(id); return err })
		if got := g.refused("s-ito", resume); got != "campaign.account_unknown" {
			t.Fatalf("while the platform does not answer: %q", got)
		}
		g.slack.Heal()
		g.slack.AddUser(slacktest.User{ID: "U0ITO", Name: "ito", Deleted: true})
		if got := g.refused("s-ito", resume); got != "campaign.account_gone" {
			t.Fatalf("without an account: %q", got)
		}
		if c := g.campaign(id); c.State != models.CampaignPaused {
			t.Fatalf("it is %s", c.State)
		}
	})
}
