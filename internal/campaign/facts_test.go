package campaign_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"akari/bot"
	"akari/bot/slack/slacktest"
	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

// TestFactsAreAskedForAtThePlatformsPace: a campaign that wants thousands of facts
// never asks faster than the pace, leaves a platform alone that says wait, holds up no
// other platform, and whoever waits for an answer comes first.
func TestFactsAreAskedForAtThePlatformsPace(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		const n = 60 // a third of them on Slack, a third on LINE
		g := newRig(t, driver, town(n), nil)
		g.people(n)
		var mu sync.Mutex
		tokens, asked := 3, 0
		g.mind.FactPace = func(_ context.Context, l bot.Lane) time.Duration {
			mu.Lock()
			defer mu.Unlock()
			if l.Platform != "slack" {
				return 0
			}
			if l.Operation != handlers.FactsOfPeople || tokens == 0 {
				return time.Hour
			}
			tokens--
			asked++
			return 0
		}
		known := func(platform string) (n int) {
			if err := modelstest.Raw(t, driver, g.dsn).QueryRow("SELECT COUNT(*) FROM accounts WHERE platform = ? AND fact_at IS NOT NULL", platform).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		g.launch(g.create(spec()))
		// The last of all on Slack asks something.
		last := bot.Identity{Platform: "slack", Connection: "slack", User: "U0P0057"}
		g.tx(func(tx *models.Tx) error { return tx.HurryPerson(last) })
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go g.mind.RunFacts(ctx)
		wait(t, "LINE's facts", 20*time.Second, func() bool { return known("line") == n/3 })
		wait(t, "as many of Slack's as the pace allows", 20*time.Second, func() bool { return known("slack") == 3 })
		if calls := g.slack.Calls("users.info"); len(calls) != 3 || calls[0].Args["user"] != last.User && calls[1].Args["user"] != last.User && calls[2].Args["user"] != last.User {
			t.Fatalf("%d were asked about: %v", len(calls), calls)
		}
		cancel()

		// Another process, without a pace: what the platform says holds all the same.
		other := g.newMind(g.store, func(...bot.Address) {})
		g.slack.Fail(slacktest.Fault{Method: "users.info", Status: 429, RetryAfter: "60", Times: -1})
		again, stop := context.WithCancel(t.Context())
		defer stop()
		go other.RunFacts(again)
		wait(t, "the refusal", 20*time.Second, func() bool { return len(g.slack.Calls("users.info")) > 3 })
		for range 3 { // it is looked again every second, and at once when somebody wants something
			g.tx(func(tx *models.Tx) error { return tx.HurryPerson(last) })
			time.Sleep(500 * time.Millisecond)
		}
		if calls := g.slack.Calls("users.info"); len(calls) > 3+8 {
			t.Fatalf("after the refusal it was asked %d times more", len(calls)-3)
		}
	})
}

// TestACampaignWaitsWhileAPlatformSaysNothing: in the middle of a campaign Slack does
// not say any more who its readers are. What needs that waits, nothing goes out on a fact
// that is too old, staff are told once after two minutes, and it goes on by itself.
func TestACampaignWaitsWhileAPlatformSaysNothing(t *testing.T) {
	const waiting, over = "の送信が待ちになっています", "待っていた分の送信を再開しました"
	for _, c := range []struct {
		name   string
		method string // of Slack, that does not answer
		to     string
		late   func(g *rig) // makes somebody come of whom nothing is known
	}{
		{"people", "users.info", models.ToPeople, func(g *rig) { g.joins(4) }},
		{"rooms", "conversations.info", models.ToRooms, func(g *rig) {
			// Known, and in order, but as it was too long ago.
			g.partnerRoom("C0MINAMI", "p-minami", "T0MINAMI")
			g.tx(func(tx *models.Tx) error {
				r, err := tx.RoomAt(bot.Address{Platform: "slack", Connection: "slack", Room: "C0MINAMI"})
				if err != nil {
					return err
				}
				return tx.SaveRoomFact(r.ID, bot.RoomFact{Orgs: []string{"T0MINAMI"}, Member: true})
			})
			g.clock.move(61 * time.Minute)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			modelstest.Each(t, func(t *testing.T, driver string) {
				g := newRig(t, driver, town(1), nil)
				g.people(1)
				g.partnerRoom("C0AOBA", "p-aoba", "T0AOBA")
				g.slack.AddChannel(slacktest.Channel{ID: "C0STAFF", Name: "staff", Members: []string{"U0BOT"}})
				g.staffRoom("C0STAFF")
				said := func(part string) (n int) {
					for _, m := range g.slack.Messages("C0STAFF") {
						if strings.Contains(m.Text, part) {
							n++
						}
					}
					return n
				}
				g.start()
				id := g.create(spec(func(s *models.Spec) { s.To, s.Evergreen = c.to, true }))
				g.launch(id)
				sent := func() (n int) { // on Slack; the other platforms go on
					for _, d := range g.deliveries(id) {
						if d.Platform == "slack" && d.State == models.StateSent {
							n++
						}
					}
					return n
				}
				wait(t, "the first message", 90*time.Second, func() bool { return sent() == 1 })

				g.slack.Fail(slacktest.Fault{Method: c.method, Status: 500, Times: -1})
				c.late(g)
				tick(t, g)
				asked := len(g.slack.Calls(c.method))
				wait(t, "Slack to be asked in vain", 90*time.Second, func() bool { return len(g.slack.Calls(c.method)) > asked })
				tick(t, g)
				if n := said(waiting); n != 0 {
					t.Fatalf("staff heard of it %d times at once", n)
				}
				g.clock.move(3 * time.Minute)
				wait(t, "staff to hear of it", 90*time.Second, func() bool { tick(t, g); return said(waiting) == 1 })
				g.clock.move(3 * time.Minute)
				for range 3 {
					tick(t, g)
				}
				if sent() != 1 || said(waiting) != 1 || said(over) != 0 {
					t.Fatalf("meanwhile %d are sent, and staff heard of it %d times", sent(), said(waiting))
				}
				g.slack.Heal()
				g.clock.move(time.Minute)
				wait(t, "what waited", 90*time.Second, func() bool { return sent() == 2 })
				wait(t, "staff to hear that it goes on", 90*time.Second, func() bool { tick(t, g); return said(over) == 1 })
				if c := g.campaign(id); c.State != models.CampaignRunning || c.WaitsSince != nil || c.WaitsToldAt != nil {
					t.Errorf("it is %s and waits since %v, told %v", c.State, c.WaitsSince, c.WaitsToldAt)
				}
			})
		})
	}
}
