package campaign_test

import (
	"context"
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
