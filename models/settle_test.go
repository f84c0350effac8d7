package models_test

import (
	"errors"
	"testing"
	"time"

	"akari/bot"
	"akari/models"
	"akari/models/modelstest"
)

// unreachable is "anything else": surely not arrived.
var unreachable = errors.New("connection refused")

func TestDoubtPerPlatform(t *testing.T) {
	for _, c := range []struct {
		name      string
		d         models.Delivery
		slack, lw string
		first     string // the state right after the doubt
		then      string // … and after looking, when there is nothing to look at
		code      string
	}{
		{"line push is sent again", say(dm("line", "U1"), "x"), "", "", models.StateQueued, models.StateQueued, "in_doubt"},
		{"line reply is never pushed", oneShot("line", bot.Post), "", "", models.StateUnconfirmed, models.StateHeld, "in_doubt"},
		{"slack is looked for", say(room("slack", "C1"), "x"), "", "", models.StateUnconfirmed, models.StateUnconfirmed, "in_doubt"},
		{"slack update is repeated", models.Delivery{Act: bot.Update, To: room("slack", "C1"), Ref: "1.2", Parts: []bot.Message{{Text: "x"}}}, "", "", models.StateQueued, models.StateQueued, "in_doubt"},
		{"slack home is repeated", models.Delivery{Act: bot.Home, To: dm("slack", "U1"), Parts: []bot.Message{{Text: "x"}}}, "", "", models.StateQueued, models.StateQueued, "in_doubt"},
		{"slack form is not", oneShot("slack", bot.OpenForm), "", "", models.StateUnconfirmed, models.StateHeld, "in_doubt"},
		{"slack ephemeral leaves no trace", models.Delivery{Act: bot.Private, To: bot.Address{Platform: "slack", Connection: "slack", Room: "C1", User: "U1"}, Parts: []bot.Message{{Text: "x"}}}, "", "", models.StateUnconfirmed, models.StateHeld, "in_doubt"},
		{"slack ephemeral, retry", models.Delivery{Act: bot.Private, To: bot.Address{Platform: "slack", Connection: "slack", Room: "C1", User: "U1"}, Parts: []bot.Message{{Text: "x"}}}, "retry", "", models.StateUnconfirmed, models.StateQueued, "repeated"},
		{"lineworks answer is repeated", say(room("lineworks", "C1"), "x"), "", "", models.StateUnconfirmed, models.StateQueued, "repeated"},
		{"lineworks campaign is held", campaign("lineworks"), "", "", models.StateUnconfirmed, models.StateHeld, "in_doubt"},
		{"lineworks campaign, retry", campaign("lineworks"), "", "retry", models.StateUnconfirmed, models.StateQueued, "repeated"},
		{"lineworks notice is held", models.Delivery{Act: bot.Post, Priority: bot.Notices, To: room("lineworks", "C1"), Parts: []bot.Message{{Text: "x"}}}, "", "", models.StateUnconfirmed, models.StateHeld, "in_doubt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			modelstest.Each(t, func(t *testing.T, driver string) {
				b := newBench(t, driver, func(o *models.OutboxOptions) {
					o.Policies = models.Policies(c.slack, c.lw)
					o.RetryBase, o.RetryMax, o.Lease = time.Hour, time.Hour, 10*time.Millisecond
				})
				for i, how := range []string{"in doubt", "lease over"} {
					d := c.d
					if d.CampaignID != nil { // the next round is another campaign
						next := *d.CampaignID + int64(i)
						d.CampaignID = &next
					}
					d = b.queue(d)[0]
					m := b.claimOne(d)
					if how == "in doubt" {
						b.settle(m, "", doubt)
					} else {
						time.Sleep(15 * time.Millisecond)
						b.sweep()
					}
					got := b.row(d.ID)
					if how == "in doubt" && got.State != c.first {
						t.Fatalf("%s: %s at first, want %s", how, got.State, c.first)
					}
					time.Sleep(5 * time.Millisecond)
					b.sweep()
					b.state(d, c.then, c.code)
					if n := b.events(d, models.Delivered); n != 0 {
						t.Fatalf("%s: %d delivered events", how, n)
					}
				}
			})
		})
	}
}

func oneShot(platform string, act bot.Act) models.Delivery {
	return models.Delivery{Act: act, To: dm(platform, "U1"), Parts: []bot.Message{{Text: "x"}}, Reply: bot.Reply{Token: "tok", Until: time.Now().Add(50 * time.Second)}}
}

func campaign(platform string) models.Delivery {
	id := time.Now().UnixNano()
	return models.Delivery{Act: bot.Post, Priority: bot.Campaigns, CampaignID: &id, To: room(platform, "C1"), Parts: []bot.Message{{Text: "x"}}}
}

func TestLineWorksAnswerIsRepeatedOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		b := newBench(t, driver, nil)
		d := b.queue(say(room("lineworks", "C1"), "x"))[0]
		for _, want := range []string{models.StateQueued, models.StateHeld} {
			b.settle(b.claimOne(d), "", doubt)
			time.Sleep(5 * time.Millisecond)
			b.sweep()
			if got := b.row(d.ID); got.State != want {
				t.Fatalf("%s, want %s", got.State, want)
			}
		}
	})
}

func TestLineGivesUpBeforeTheKeyIsForgotten(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		b := newBench(t, driver, func(o *models.OutboxOptions) { o.MaxAttempts = 2 })
		d := b.queue(say(dm("line", "U1"), "x"))[0]
		for range 12 { // far more than max_attempts: no loss in an outage
			b.settle(b.claimOne(d), "", doubt)
			b.settle(b.claimOne(d), "", unreachable)
		}
		b.clock.move(22*time.Hour + 59*time.Minute)
		b.settle(b.claimOne(d), "", doubt)
		b.clock.move(2 * time.Minute)
		time.Sleep(5 * time.Millisecond)
		if got := b.claim(d); len(got) != 0 {
			t.Fatal("sent again when LINE may have forgotten the key")
		}
		if row := b.state(d, models.StateHeld, "too_old_to_repeat"); row.Body == nil {
			t.Fatal("a held delivery lost its text: nobody can send it again")
		}
	})
}

func TestReconcile(t *testing.T) {
	for _, c := range []struct {
		name    string
		receipt string
		err     error
		policy  string
		state   string
		code    string
	}{
		{"found", "123.4", nil, "hold", models.StateSent, ""},
		{"surely not there", "", nil, "hold", models.StateQueued, "not_arrived"},
		{"unreadable, hold", "", &bot.Refused{Code: "missing_scope"}, "hold", models.StateHeld, "in_doubt"},
		{"unreadable, retry", "", &bot.Refused{Code: "missing_scope"}, "retry", models.StateQueued, "repeated"},
		{"asked too often", "", &bot.Throttled{After: time.Minute}, "hold", models.StateUnconfirmed, "look_throttled"},
		{"no answer, look again", "", unreachable, "hold", models.StateUnconfirmed, "look_failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			modelstest.Each(t, func(t *testing.T, driver string) {
				b := newBench(t, driver, func(o *models.OutboxOptions) { o.Policies = models.Policies(c.policy, "hold") })
				d := b.queue(say(room("slack", "C1"), "x"))[0]
				b.settle(b.claimOne(d), "", doubt)
				time.Sleep(5 * time.Millisecond)
				looks, err := b.outbox.Doubtful(t.Context(), 10)
				if err != nil || len(looks) != 1 || looks[0].Key != d.Key || looks[0].IntentAt.IsZero() {
					t.Fatalf("to be looked for: %+v %v", looks, err)
				}
				if again, err := b.outbox.Doubtful(t.Context(), 10); err != nil || len(again) != 0 {
					t.Fatalf("two processes look at once: %v %v", again, err)
				}
				if _, err := b.outbox.Found(t.Context(), looks[0], c.receipt, c.err); err != nil {
					t.Fatal(err)
				}
				b.state(d, c.state, c.code)
				if want := map[bool]int{true: 1}[c.state == models.StateSent]; b.events(d, models.Delivered) != want {
					t.Fatal("wrong number of delivered events")
				}
			})
		})
	}
}

func TestLooksEnd(t *testing.T) {
	b := newBench(t, "sqlite", nil)
	d := b.queue(say(room("slack", "C1"), "x"))[0]
	b.settle(b.claimOne(d), "", doubt)
	for range 200 {
		time.Sleep(2 * time.Millisecond)
		looks, err := b.outbox.Doubtful(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range looks {
			if _, err := b.outbox.Found(t.Context(), l, "", unreachable); err != nil {
				t.Fatal(err)
			}
		}
	}
	if row := b.state(d, models.StateHeld, "in_doubt"); row.Looks != 9 {
		t.Fatalf("%d looks before the tenth decided", row.Looks)
	}
}

func TestThrottledPausesEverybodyAndIsNotCounted(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		const most = 2 * time.Second
		b := newBench(t, driver, func(o *models.OutboxOptions) { o.RetryAfterMax = most })
		ds := b.queue(say(room("slack", "C1"), "x"), say(room("slack", "C2"), "y"))
		other := b.another(nil)
		began := time.Now()
		s := b.settle(b.claimOne(ds[0]), "", &bot.Throttled{After: 24 * time.Hour, Whole: true})
		if s.Pause != most {
			t.Fatalf("paused for %s: an absurd Retry-After must be capped", s.Pause)
		}
		if row := b.state(ds[0], models.StateQueued, "throttled"); row.Attempts != 0 {
			t.Fatal("a throttled attempt was counted")
		}
		due, pause, err := other.Due(t.Context(), post, nil, 10)
		if err != nil || time.Since(began) < most && (len(due) != 0 || pause <= 0) {
			t.Fatalf("another process does not see the pause: %v %s %v", due, pause, err)
		}
		if got := b.claimBy(other, ds[1]); len(got) != 0 && time.Since(began) < most {
			t.Fatal("another process claims in the pause")
		}
		other2 := bot.Lane{Platform: "slack", Connection: "slack", Operation: "views.open"}
		if _, pause, err := other.Due(t.Context(), other2, nil, 10); err != nil || pause != 0 {
			t.Fatalf("another operation is paused too: %s %v", pause, err)
		}
		b.claimOne(ds[1])
		if took := time.Since(began); took < most {
			t.Fatalf("claimed %s after the 429", took)
		}
	})
}

func TestConnectionDown(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		b := newBench(t, driver, nil)
		ds := b.queue(say(room("slack", "C1"), "x"), oneShot("slack", bot.OpenForm))
		s := b.settle(b.claimOne(ds[0]), "", &bot.Refused{Code: "token_revoked", Down: true})
		if !s.Down || s.Pause != time.Minute {
			t.Fatalf("no pause: %+v", s)
		}
		if row := b.state(ds[0], models.StateQueued, "token_revoked"); row.Attempts != 0 {
			t.Fatal("a recipient is blamed for the token")
		}
		if got := b.claim(ds[1]); len(got) != 0 {
			t.Fatal("another operation of the refused connection goes on")
		}
	})
}

func TestAttemptsAndCrashesEnd(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		b := newBench(t, driver, func(o *models.OutboxOptions) { o.MaxAttempts, o.CrashMax, o.Lease = 3, 2, 5*time.Millisecond })
		d := b.queue(models.Delivery{Act: bot.Post, To: room("slack", "C1"), Parts: []bot.Message{{Text: "x"}}, MaterialKey: "m1", MaterialVersion: 2})[0]
		for range 3 {
			mine := b.claimOne(d)
			b.settle(b.claimOne(b.queue(say(dm("slack", "U1"), "y"))[0]), "r", nil) // the platform works for others
			b.settle(mine, "", unreachable)
		}
		if row := b.state(d, models.StateFailed, "too_many_attempts"); row.Attempts != 3 || b.events(d, models.DeliveryFailed) != 1 {
			t.Fatalf("%d attempts", row.Attempts)
		}
		poison := b.queue(say(dm("line", "U1"), "x"))[0]
		for range 3 {
			b.claimOne(poison)
			time.Sleep(10 * time.Millisecond)
			b.sweep()
		}
		if row := b.state(poison, models.StateHeld, "too_many_crashes"); row.Crashes != 3 {
			t.Fatalf("%d crashes", row.Crashes)
		}
	})
}

// TestOutageLosesNothing: while the platform answers nobody, tries do not count.
func TestOutageLosesNothing(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		b := newBench(t, driver, func(o *models.OutboxOptions) { o.MaxAttempts = 3 })
		b.settle(b.claimOne(b.queue(say(dm("slack", "U1"), "y"))[0]), "r", nil)
		d := b.queue(say(dm("slack", "U2"), "x"))[0]
		for range 10 {
			b.settle(b.claimOne(d), "", unreachable)
		}
		b.state(d, models.StateQueued, "unreachable")
		b.clock.move(23*time.Hour + time.Minute)
		b.settle(b.claimOne(d), "", unreachable)
		b.state(d, models.StateFailed, "too_many_attempts")
	})
}

func TestOneShots(t *testing.T) {
	form, reply := oneShot("slack", bot.OpenForm), oneShot("line", bot.Post)
	for _, c := range []struct {
		name      string
		d         models.Delivery
		err       error // nil: too late instead
		state     string
		code      string
		operation string
	}{
		{"form too late", form, nil, models.StateExpired, "too_late", "views.open"},
		{"form with an old trigger", form, &bot.Refused{Code: "expired_trigger_id"}, models.StateExpired, "expired_trigger_id", "views.open"},
		{"form refused", form, &bot.Refused{Code: "invalid_arguments"}, models.StateFailed, "invalid_arguments", "views.open"},
		{"form unreachable", form, unreachable, models.StateExpired, "unreachable", "views.open"},
		{"form throttled", form, &bot.Throttled{After: time.Second}, models.StateExpired, "throttled", "views.open"},
		{"reply too late", reply, nil, models.StateQueued, "", "push"},
		{"reply refused", reply, &bot.Refused{Code: "invalid_reply_token"}, models.StateQueued, "", "push"},
		{"reply unreachable", reply, unreachable, models.StateQueued, "", "push"},
	} {
		t.Run(c.name, func(t *testing.T) {
			modelstest.Each(t, func(t *testing.T, driver string) {
				b := newBench(t, driver, nil)
				var ended []string
				b.outbox.Ended = func(_ *models.Tx, d models.Delivery) error {
					ended = append(ended, d.State)
					return nil
				}
				d := b.queue(c.d)[0]
				if c.err == nil {
					b.clock.move(51 * time.Second)
					b.sweep()
				} else {
					b.settle(b.claimOne(d), "", c.err)
				}
				row := b.state(d, c.state, c.code)
				if row.Operation != c.operation {
					t.Fatalf("operation %s, want %s", row.Operation, c.operation)
				}
				if c.state == models.StateQueued {
					if row.ReplyToken != "" || row.Sealed != nil || row.IntentAt != nil || row.StaleAt != nil {
						t.Fatalf("not a plain push: %+v", row)
					}
					if m := b.claimOne(d); m.Reply.Token != "" {
						t.Fatal("the token is used again")
					}
				} else if len(ended) != 1 || ended[0] != c.state {
					t.Fatalf("Ended was told %v", ended)
				}
			})
		})
	}
}

// TestAStaleReplyBeyondTheQuotaEnds: the push it becomes is tried once.
func TestAStaleReplyBeyondTheQuotaEnds(t *testing.T) {
	b := newBench(t, "sqlite", nil)
	d := b.queue(oneShot("line", bot.Post))[0]
	b.clock.move(time.Minute)
	if got := b.claim(d); len(got) != 0 {
		t.Fatal("a stale reply token was used")
	}
	b.settle(b.claimOne(d), "", &bot.Refused{Code: "quota"})
	b.state(d, models.StateFailed, "quota")
}

func TestExpiry(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		b := newBench(t, driver, nil)
		d := say(room("slack", "C1"), "x")
		at := b.store.Now().Add(time.Hour)
		d.ExpiresAt = &at
		ds := b.queue(d, d)
		b.clock.move(61 * time.Minute)
		if got := b.claim(ds[0]); len(got) != 0 {
			t.Fatal("sent after its expiry")
		}
		b.sweep()
		for _, d := range ds {
			b.state(d, models.StateExpired, "expired")
			if b.events(d, models.DeliveryFailed) != 1 {
				t.Fatal("the log does not say that it was not delivered")
			}
		}
	})
}

func TestFallbackEphemeral(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		b := newBench(t, driver, nil)
		person := models.NewID()
		ds := []models.Delivery{
			{Act: bot.Private, To: dm("slack", "U1"), FallbackRoom: "C1", PersonID: person, LinkID: models.NewID(), MaterialKey: "m1", Parts: []bot.Message{{Text: "one"}}},
			{Act: bot.Private, To: dm("slack", "U1"), FallbackRoom: "C1", PersonID: person, Parts: []bot.Message{{Text: "two"}}},
		}
		models.Chain(ds)
		b.queue(ds...)
		b.settle(b.claimOne(ds[0]), "", &bot.Refused{Code: "cannot_dm_bot"})
		b.state(ds[0], models.StateFailed, "cannot_dm_bot")
		b.state(ds[1], models.StateCancelled, "part_before")
		lane := bot.Lane{Platform: "slack", Connection: "slack", Operation: "chat.postEphemeral"}
		for i, text := range []string{"one", "two"} {
			due := b.due(lane)
			if len(due) != 1 || due[0].To != "slack:C1" {
				t.Fatalf("part %d: %+v", i, due)
			}
			id, _ := models.ParseID(due[0].ID)
			row := b.row(id)
			if row.Via != "ephemeral" || row.User != "U1" || row.Direct || row.PersonID != person || row.Key == ds[i].Key {
				t.Fatalf("not an ephemeral to the same person: %+v", row)
			}
			m := b.claimOne(row)
			if len(m.Parts) != 1 || m.Parts[0].Text != text {
				t.Fatalf("another text: %+v", m.Parts)
			}
			b.settle(m, "", nil)
			b.state(row, models.StateSent, "")
			if b.events(row, models.Delivered) != 0 {
				t.Fatal("an ephemeral counts as delivered")
			}
		}
	})
}

func TestDeliveredEvent(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		b := newBench(t, driver, nil)
		d := b.queue(models.Delivery{Act: bot.Post, To: dm("slack", "U1"), MaterialKey: "m1", MaterialVersion: 3, LinkID: models.NewID(), PersonID: models.NewID(), PartnerID: models.NewID(), Parts: []bot.Message{{Text: "x"}}})[0]
		m := b.claimOne(d)
		b.settle(m, "1.2", nil)
		if s := b.settle(m, "1.2", nil); s.State != "" {
			t.Fatal("settled twice")
		}
		if b.events(d, models.Delivered) != 1 {
			t.Fatal("not exactly one delivered event")
		}
		// A change that comes too late makes nothing that arrived undelivered.
		change := b.queue(models.Delivery{Act: bot.Update, To: dm("slack", "U1"), Ref: "1.2", Parts: []bot.Message{{Text: "y"}}})[0]
		b.settle(b.claimOne(change), "", &bot.Refused{Code: "message_not_found"})
		b.state(change, models.StateFailed, "message_not_found")
		if b.events(change, models.DeliveryFailed) != 0 {
			t.Fatal("a change that was refused counts as a message that did not arrive")
		}
	})
}

func TestSmallCampaignIsNotStarved(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		b := newBench(t, driver, nil)
		var ds []models.Delivery
		add := func(campaign int64, priority bot.Priority, n int) {
			for i := range n {
				d := say(dm("slack", string(rune('A'+campaign))+time.Duration(i).String()), "x")
				d.Priority = priority
				if campaign > 0 {
					d.CampaignID = &campaign
				}
				ds = append(ds, d)
			}
		}
		add(1, bot.Campaigns, 400)
		add(2, bot.Campaigns, 3)
		add(0, bot.Notices, 1)
		add(0, bot.Answers, 1)
		b.queue(ds...)
		due, _, err := b.outbox.Due(t.Context(), post, nil, 8)
		if err != nil {
			t.Fatal(err)
		}
		small := 0
		for _, c := range due {
			if c.To[len("slack:")] == 'C' {
				small++
			}
		}
		if len(due) != 8 || due[0].Priority != bot.Answers || due[1].Priority != bot.Notices || small != 3 {
			t.Fatalf("not answers first and campaigns in turn: %+v", due)
		}
		if got := b.due(post, due[0].To); got[0].Priority == bot.Answers {
			t.Fatal("an address to skip was answered")
		}
	})
}

func TestProcesses(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		b := newBench(t, driver, nil)
		one, two := models.NewID(), models.NewID()
		for i, id := range []models.ID{one, one, two} {
			n, err := b.store.Beat(t.Context(), id)
			if want := []int{1, 1, 2}[i]; err != nil || n != want {
				t.Fatalf("%d processes, want %d: %v", n, want, err)
			}
		}
		if err := b.store.ByeProcess(t.Context(), one); err != nil {
			t.Fatal(err)
		}
		if n, err := b.store.Processes(t.Context()); err != nil || n != 1 {
			t.Fatalf("%d processes: %v", n, err)
		}
	})
}

// TestUnreadableHistoryEndsSooner: the platform answers others, so it is the
// history that cannot be read.
func TestUnreadableHistoryEndsSooner(t *testing.T) {
	b := newBench(t, "sqlite", func(o *models.OutboxOptions) { o.RetryBase, o.RetryMax = 60*time.Millisecond, 60*time.Millisecond })
	d := b.queue(say(room("slack", "C1"), "x"))[0]
	b.settle(b.claimOne(d), "", doubt)
	for range 200 {
		time.Sleep(2 * time.Millisecond)
		b.settle(b.claimOne(b.queue(say(dm("slack", "U1"), "y"))[0]), "r", nil)
		looks, err := b.outbox.Doubtful(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range looks {
			if _, err := b.outbox.Found(t.Context(), l, "", unreachable); err != nil {
				t.Fatal(err)
			}
		}
	}
	if row := b.state(d, models.StateHeld, "in_doubt"); row.Looks < 4 || row.Looks > 6 {
		// On a machine that stands still nobody else may have been answered between two looks.
		t.Fatalf("%d looks before the one that decided", row.Looks)
	}
}
