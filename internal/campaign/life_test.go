package campaign_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"akari/bot"
	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

// refused runs an act and answers the word of its refusal, "" if it was done.
func (g *rig) refused(key string, do func(*handlers.Campaigning) error) string {
	g.t.Helper()
	err := g.mind.CampaignAct(context.Background(), key, do)
	var r *handlers.Refusal
	if errors.As(err, &r) {
		return r.Key
	}
	if err != nil {
		g.t.Fatal(err)
	}
	return ""
}

func TestApprovalIsASecondPersons(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		over := 5
		g := newRig(t, driver, town(12), func(r *handlers.CampaignRules) { r.ApprovalOver = &over })
		id := g.create(spec())
		launch := func(a *handlers.Campaigning) error { _, _, err := a.Launch(id); return err }
		approve := func(a *handlers.Campaigning) error { _, _, err := a.Approve(id); return err }
		for _, step := range []struct {
			who, want string
			do        func(*handlers.Campaigning) error
		}{
			{"s-kato", "campaign.role", launch},          // may only look
			{"s-ito", "campaign.needs_approval", launch}, // above the limit
			{"s-ito", "campaign.own_approval", approve},  // never the author
			{"s-kato", "campaign.role", approve},
			{"m-0000", "campaign.no_staff", approve}, // a member is nobody here
			{"nobody", "campaign.no_staff", approve},
			{"s-sato", "", approve},
		} {
			if got := g.refused(step.who, step.do); got != step.want {
				t.Fatalf("%s: refused with %q, want %q", step.who, got, step.want)
			}
		}
		if c := g.campaign(id); c.State != models.CampaignApproved {
			t.Fatalf("state %s after the approval", c.State)
		}
		// An edit voids the approval, and the editor cannot approve it either.
		g.act("s-sato", func(a *handlers.Campaigning) error {
			_, err := a.Edit(id, 0, spec(func(s *models.Spec) { s.Title = "別の件名" }))
			return err
		})
		if got := g.refused("s-sato", approve); got != "campaign.own_approval" {
			t.Fatalf("the editor's approval: %q", got)
		}
		if got := g.refused("s-ito", launch); got != "campaign.needs_approval" {
			t.Fatalf("launch of an edited campaign: %q", got)
		}
		// Every act and every refusal is in the audit log.
		var done, refused int
		db := modelstest.Raw(t, g.driver, g.dsn)
		if err := db.QueryRow("SELECT SUM(CASE WHEN result = 'done' THEN 1 ELSE 0 END), SUM(CASE WHEN result = 'refused' THEN 1 ELSE 0 END) FROM v_audit WHERE action LIKE 'campaign.%'").Scan(&done, &refused); err != nil {
			t.Fatal(err)
		}
		if done != 3 || refused != 6 {
			t.Fatalf("audit: %d done, %d refused, want 3 and 6", done, refused)
		}
	})
}

func TestApprovalThatIsNotNeededSaysSo(t *testing.T) {
	g := newRig(t, "sqlite", town(3), nil)
	id := g.create(spec())
	g.act("s-sato", func(a *handlers.Campaigning) error {
		_, needed, err := a.Approve(id)
		if needed {
			t.Error("three recipients need no approval")
		}
		return err
	})
	if c := g.campaign(id); c.State != models.CampaignDraft {
		t.Fatalf("state %s", c.State)
	}
}

func TestDoubleClicksMakeOneCampaign(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newRig(t, driver, town(6), nil)
		ids, launched := map[int64]bool{}, 0
		type result struct {
			id    int64
			fresh bool
		}
		results := make(chan result, 16)
		for i := range 16 {
			go func() {
				var r result
				for {
					err := g.mind.CampaignAct(context.Background(), []string{"s-ito", "s-sato"}[i%2], func(a *handlers.Campaigning) error {
						c, _, err := a.Create(spec(), "")
						if err != nil {
							return err
						}
						r.id = c.ID
						_, r.fresh, err = a.Launch(c.ID)
						return err
					})
					if err == nil {
						break
					}
					if !errors.Is(err, models.ErrDuplicate) && !errors.Is(err, models.ErrMoved) {
						t.Error(err)
						break
					}
				}
				results <- r
			}()
		}
		for range 16 {
			r := <-results
			ids[r.id] = true
			if r.fresh {
				launched++
			}
		}
		if len(ids) != 1 || launched != 1 {
			t.Fatalf("%d campaigns, launched %d times", len(ids), launched)
		}
	})
}

func TestUndoWindowAndCancel(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newRig(t, driver, town(6), func(r *handlers.CampaignRules) { r.Undo = 2 * time.Minute })
		id := g.create(spec())
		if c := g.launch(id); c.State != models.CampaignScheduled || c.DueAt.Sub(g.store.Now()) < 110*time.Second {
			t.Fatalf("launched: %s, due in %s", c.State, c.DueAt.Sub(g.store.Now()))
		}
		tick(t, g)
		if r := g.report(id); r.AudienceSize != 0 {
			t.Fatal("the audience was resolved inside the undo window")
		}
		g.act("s-sato", func(a *handlers.Campaigning) error { _, _, err := a.Cancel(id); return err })
		g.clock.move(time.Hour)
		tick(t, g)
		if c := g.campaign(id); c.State != models.CampaignCancelled || len(g.deliveries(id)) != 0 {
			t.Fatalf("after the undo: %s with %d deliveries", c.State, len(g.deliveries(id)))
		}
		if got := g.refused("s-ito", func(a *handlers.Campaigning) error { _, _, err := a.Launch(id); return err }); got != "campaign.cancelled" {
			t.Fatalf("launch of a cancelled campaign: %q", got)
		}
	})
}

func tick(t testing.TB, g *rig) {
	t.Helper()
	if err := g.mind.TickCampaigns(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// TestLaunchGoesOnAfterACrash stops the planning between its batches, as a kill
// does, and lets another process go on.
func TestLaunchGoesOnAfterACrash(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		const n = 1700 // four batches
		g := newRig(t, driver, town(n), nil)
		id := g.create(spec(func(s *models.Spec) { s.OverrideWindow = "test" }))
		g.launch(id)
		killed := 0
		for try := range int32(40) {
			at := min(try+2, 6) // from the sixth on, a batch is written before it dies
			// Every transaction asks the clock once: so the process dies at its nth.
			ctx, cancel := context.WithCancel(context.Background())
			var asked atomic.Int32
			store := modelstest.Connect(t, driver, g.dsn, func() time.Time {
				if asked.Add(1) == at {
					cancel()
				}
				return g.clock.now()
			})
			asked.Store(0)
			_ = g.newMind(store, func(...bot.Address) {}).TickCampaigns(ctx) // dies
			cancel()
			if g.campaign(id).State == models.CampaignRunning {
				break
			}
			killed++
		}
		if killed < 5 {
			t.Fatalf("died only %d times: nothing was tried", killed)
		}
		tick(t, g)
		if c := g.campaign(id); c.State != models.CampaignRunning {
			t.Fatalf("state %s", c.State)
		}
		seen := map[string]int{}
		for _, d := range g.deliveries(id) {
			seen[d.PersonKey]++
		}
		if len(seen) != n {
			t.Fatalf("%d people have a delivery, want %d", len(seen), n)
		}
		for who, times := range seen {
			if times != 1 {
				t.Fatalf("%s has %d deliveries", who, times)
			}
		}
		links := 0
		if err := modelstest.Raw(t, g.driver, g.dsn).QueryRow("SELECT COUNT(*) FROM links WHERE campaign_id = ?", id).Scan(&links); err != nil {
			t.Fatal(err)
		}
		if links != n {
			t.Fatalf("%d links, want one each for %d people", links, n)
		}
	})
}
