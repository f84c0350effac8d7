package models_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"akari/bot"
	"akari/models"
	"akari/models/modelstest"
)

// clock is a wall clock that tests can move.
type clock struct {
	mu     sync.Mutex
	offset time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// bench is a store with its outbox and a clock.
type bench struct {
	t      testing.TB
	store  *models.Store
	outbox *models.Outbox
	clock  *clock
	driver string
	dsn    string
}

var secret = []byte("a secret of at least thirty-two bytes for tests")

func newBench(t testing.TB, driver string, set func(*models.OutboxOptions)) *bench {
	t.Helper()
	c := &clock{}
	b := &bench{t: t, clock: c, driver: driver, dsn: modelstest.DSN(t, driver)}
	b.store = modelstest.Connect(t, driver, b.dsn, c.now)
	b.store.Operations(operation)
	b.outbox = b.another(set)
	return b
}

// another is one more process on the same database.
func (b *bench) another(set func(*models.OutboxOptions)) *models.Outbox {
	b.t.Helper()
	o := models.OutboxOptions{Secrets: [][]byte{secret}, RetryBase: time.Millisecond, RetryMax: 2 * time.Millisecond, ReconcileAfter: time.Millisecond}
	if set != nil {
		set(&o)
	}
	out, err := models.NewOutbox(b.store, o)
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

func operation(d bot.Delivery) string {
	switch {
	case d.To.Platform == "line" && d.Reply.Token != "":
		return "reply"
	case d.To.Platform == "line":
		return "push"
	case d.Act == bot.OpenForm:
		return "views.open"
	case d.Act == bot.Private && !d.To.Direct:
		return "chat.postEphemeral"
	}
	return "chat.postMessage"
}

// render is what the rows are sent as here: readable, so that tests can look for it.
func render(d bot.Delivery) ([]byte, error) {
	text := ""
	for _, m := range d.Parts {
		text += m.Text
	}
	return fmt.Appendf(nil, "%s|%s|%s", d.Key, d.To, text), nil
}

func dm(platform, user string) bot.Address {
	return bot.Address{Platform: platform, Connection: platform, User: user, Direct: true}
}

func room(platform, id string) bot.Address {
	return bot.Address{Platform: platform, Connection: platform, Room: id}
}

func say(to bot.Address, text string) models.Delivery {
	return models.Delivery{Act: bot.Post, To: to, Parts: []bot.Message{{Text: text}}}
}

func (b *bench) queue(ds ...models.Delivery) []models.Delivery {
	b.t.Helper()
	if err := b.store.InTx(b.t.Context(), func(t *models.Tx) error { return t.QueueDeliveries(ds...) }); err != nil {
		b.t.Fatal(err)
	}
	return ds
}

func (b *bench) row(id models.ID) (d models.Delivery) {
	b.t.Helper()
	err := b.store.View(b.t.Context(), func(t *models.Tx) (err error) {
		d, err = t.DeliveryOf(id)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

func (b *bench) claim(ds ...models.Delivery) []bot.Delivery {
	b.t.Helper()
	return b.claimBy(b.outbox, ds...)
}

func (b *bench) claimBy(o *models.Outbox, ds ...models.Delivery) []bot.Delivery {
	b.t.Helper()
	var ids []string
	for _, d := range ds {
		ids = append(ids, d.ID.String())
	}
	got, err := o.Claim(b.t.Context(), ids, render)
	if err != nil {
		b.t.Fatal(err)
	}
	return got
}

// claimOne waits out a back-off of this test's size.
func (b *bench) claimOne(d models.Delivery) bot.Delivery {
	b.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if got := b.claim(d); len(got) == 1 {
			return got[0]
		}
	}
	b.t.Fatalf("the delivery cannot be claimed: %+v", b.row(d.ID))
	return bot.Delivery{}
}

// lapse lets a delivery's lease run out, as when nobody renews it.
func (b *bench) lapse(d models.Delivery) {
	b.t.Helper()
	if _, err := modelstest.Raw(b.t, b.driver, b.dsn).Exec("UPDATE deliveries SET lease_until = ? WHERE id = ?", time.Now().UTC().Add(-time.Hour), d.ID[:]); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) settle(d bot.Delivery, receipt string, err error) bot.Settled {
	b.t.Helper()
	s, serr := b.outbox.Settle(b.t.Context(), d, receipt, err)
	if serr != nil {
		b.t.Fatal(serr)
	}
	return s
}

func (b *bench) sweep() {
	b.t.Helper()
	if _, err := b.outbox.Sweep(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) due(lane bot.Lane, skip ...string) []bot.Candidate {
	b.t.Helper()
	got, _, err := b.outbox.Due(b.t.Context(), lane, skip, 100)
	if err != nil {
		b.t.Fatal(err)
	}
	return got
}

func (b *bench) state(d models.Delivery, state, code string) models.Delivery {
	b.t.Helper()
	got := b.row(d.ID)
	if got.State != state || got.ErrorCode != code {
		b.t.Fatalf("the delivery is %s (%s), want %s (%s)", got.State, got.ErrorCode, state, code)
	}
	return got
}

// events counts the log's rows of a kind about a delivery.
func (b *bench) events(d models.Delivery, kind string) int {
	b.t.Helper()
	n, err := b.store.CountEventsOfDelivery(b.t.Context(), d.ID, kind)
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

var (
	post  = bot.Lane{Platform: "slack", Connection: "slack", Operation: "chat.postMessage"}
	doubt = &bot.InDoubt{Err: errors.New("no answer")}
)

func TestQueueFillsAndChains(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		b := newBench(t, driver, nil)
		campaign := int64(7)
		ds := []models.Delivery{say(room("slack", "C1"), "one"), say(room("slack", "C1"), "two"), say(room("slack", "C1"), "three")}
		for i := range ds {
			ds[i].CampaignID, ds[i].Priority = &campaign, bot.Campaigns
		}
		models.Chain(ds)
		b.queue(ds...)
		if ds[1].Key == "" || ds[1].Address != "slack:C1" || ds[1].Operation != "chat.postMessage" || ds[1].AfterID != ds[0].ID {
			t.Fatalf("not filled: %+v", ds[1])
		}
		for i := range ds {
			due := b.due(post)
			if len(due) != 1 || due[0].ID != ds[i].ID.String() {
				t.Fatalf("part %d: due %+v", i, due)
			}
			if got := b.claim(ds[min(i+1, 2)]); i < 2 && len(got) != 0 {
				t.Fatal("a later part was claimed before its predecessor was sent")
			} else if i < 2 {
				b.settle(b.claimOne(ds[i]), "r", nil)
			}
		}
		// A campaign tells an address once, whoever queues it again.
		again := say(room("slack", "C1"), "one")
		again.CampaignID = &campaign
		err := b.store.InTx(t.Context(), func(tx *models.Tx) error { return tx.QueueDeliveries(again) })
		if !errors.Is(err, models.ErrDuplicate) {
			t.Fatalf("a second row for the same recipient and part: %v", err)
		}
	})
}

func TestBrokenChain(t *testing.T) {
	for _, c := range []struct {
		name    string
		err     error
		state   string
		rest    string
		crashes int
	}{
		{"refused", &bot.Refused{Code: "channel_not_found"}, models.StateFailed, models.StateCancelled, 0},
		{"held", doubt, models.StateHeld, models.StateHeld, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			modelstest.Each(t, func(t *testing.T, driver string) {
				b := newBench(t, driver, nil)
				ds := []models.Delivery{say(room("lineworks", "C1"), "one"), say(room("lineworks", "C1"), "two"), say(room("lineworks", "C1"), "three")}
				for i := range ds {
					ds[i].Priority = bot.Notices
				}
				models.Chain(ds)
				b.queue(ds...)
				b.settle(b.claimOne(ds[0]), "", c.err)
				time.Sleep(5 * time.Millisecond)
				b.sweep()
				if got := b.row(ds[0].ID); got.State != c.state {
					t.Fatalf("part 1 is %s", got.State)
				}
				b.state(ds[1], c.rest, "part_before")
				b.state(ds[2], c.rest, "part_before")
			})
		})
	}
}

func TestTwoClaimersNeverShare(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		c := &clock{}
		dsn := modelstest.DSN(t, driver)
		stores := []*models.Store{modelstest.Connect(t, driver, dsn, c.now), modelstest.Connect(t, driver, dsn, c.now)}
		var ds []models.Delivery
		for i := range 200 {
			ds = append(ds, say(room("slack", fmt.Sprint("C", i)), "hello"))
		}
		if err := stores[0].InTx(t.Context(), func(tx *models.Tx) error { return tx.QueueDeliveries(ds...) }); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		claimed := map[string]int{}
		var all sync.WaitGroup
		for i := range 6 {
			o, err := models.NewOutbox(stores[i%2], models.OutboxOptions{Secrets: [][]byte{secret}})
			if err != nil {
				t.Fatal(err)
			}
			all.Go(func() {
				for from := 0; from < len(ds); from += 5 { // all in the same order: as much quarrel as can be
					var ids []string
					for _, d := range ds[from : from+5] {
						ids = append(ids, d.ID.String())
					}
					got, err := o.Claim(context.Background(), ids, render)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					for _, d := range got {
						claimed[d.ID]++
					}
					mu.Unlock()
				}
			})
		}
		all.Wait()
		for id, n := range claimed {
			if n != 1 {
				t.Errorf("%s was claimed %d times", id, n)
			}
		}
		if len(claimed) != len(ds) {
			t.Errorf("%d of %d were claimed", len(claimed), len(ds))
		}
	})
}

func TestIntentIsSealedAndTheSameAtEveryTry(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		b := newBench(t, driver, func(o *models.OutboxOptions) {
			o.Prepare = func(d models.Delivery, parts []bot.Message) ([]bot.Message, error) {
				parts[0].Text += " https://akari.example/v/token-" + time.Now().String() // not pure on purpose: it must run once
				return parts, nil
			}
		})
		d := b.queue(say(dm("line", "U1"), "your link:"))[0]
		one := b.claimOne(d)
		row := b.row(d.ID)
		if row.State != models.StateSending || row.Attempts != 1 || row.IntentAt == nil || row.LeaseUntil == nil {
			t.Fatalf("no intent: %+v", row)
		}
		if len(row.Sealed) == 0 || bytes.Contains(row.Sealed, []byte("akari.example")) || strings.Contains(*row.Body, "akari.example") {
			t.Fatal("the link can be read in the row")
		}
		b.settle(one, "", doubt)
		two := b.claimOne(d)
		if !bytes.Equal(one.Body, two.Body) || one.Key != two.Key || two.Attempt != 2 {
			t.Fatalf("the second try differs:\n%s\n%s", one.Body, two.Body)
		}
		b.settle(two, "receipt", nil)
		row = b.state(d, models.StateSent, "")
		if row.Body != nil || row.Sealed != nil || row.PlatformMessageID != "receipt" || row.EndedAt == nil {
			t.Fatalf("not blanked: %+v", row)
		}
	})
}

func TestRotatedSecretStillOpens(t *testing.T) {
	b := newBench(t, "sqlite", nil)
	ds := b.queue(say(dm("line", "U1"), "a"), say(dm("line", "U2"), "b"))
	for _, d := range ds {
		b.settle(b.claimOne(d), "", doubt)
	}
	time.Sleep(5 * time.Millisecond)
	rotated := b.another(func(o *models.OutboxOptions) {
		o.Secrets = [][]byte{[]byte("another secret of thirty-two bytes or more"), secret}
	})
	if got := b.claimBy(rotated, ds[0]); len(got) != 1 || !bytes.Contains(got[0].Body, []byte("U1")) {
		t.Fatalf("the previous secret does not open: %v", got)
	}
	lost := b.another(func(o *models.OutboxOptions) {
		o.Secrets = [][]byte{[]byte("another secret of thirty-two bytes or more")}
	})
	if got := b.claimBy(lost, ds[1]); len(got) != 0 {
		t.Fatal("bytes came out of nowhere")
	}
	b.state(ds[1], models.StateHeld, "unsealable")
}

func TestLeaseAndEpoch(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		b := newBench(t, driver, func(o *models.OutboxOptions) { o.Lease = time.Hour })
		d := b.queue(say(room("slack", "C1"), "hello"))[0]
		got := b.claimOne(d)
		lease := *b.row(d.ID).LeaseUntil
		time.Sleep(10 * time.Millisecond)
		if ours, err := b.outbox.Heartbeat(t.Context(), got); err != nil || len(ours) != 1 {
			t.Fatalf("heartbeat: %v %v", ours, err)
		}
		b.sweep()
		if row := b.state(d, models.StateSending, ""); !row.LeaseUntil.After(lease) {
			t.Fatalf("not renewed: until %s, and %s before", row.LeaseUntil, lease)
		}
		b.lapse(d)
		b.sweep()
		row := b.state(d, models.StateUnconfirmed, "in_doubt")
		if row.Crashes != 1 {
			t.Fatalf("%d crashes", row.Crashes)
		}
		if s := b.settle(got, "late", nil); s.State != "" {
			t.Fatalf("a lost lease settled: %+v", s)
		}
		if ours, err := b.outbox.Heartbeat(t.Context(), got); err != nil || len(ours) != 0 {
			t.Fatalf("heartbeat of a lost lease: %v %v", ours, err)
		}
		if err := b.outbox.Release(t.Context(), got); err != nil {
			t.Fatal(err)
		}
		b.state(d, models.StateUnconfirmed, "in_doubt")
	})
}

func TestReleaseTakesTheIntentBack(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		b := newBench(t, driver, nil)
		d := b.queue(say(room("slack", "C1"), "hello"))[0]
		if err := b.outbox.Release(t.Context(), b.claimOne(d)); err != nil {
			t.Fatal(err)
		}
		row := b.state(d, models.StateQueued, "")
		if row.Attempts != 0 || row.IntentAt != nil || row.LeaseUntil != nil {
			t.Fatalf("the intent stays: %+v", row)
		}
		b.settle(b.claimOne(d), "r", nil)
		b.state(d, models.StateSent, "")
	})
}

func TestCampaignsThatRestDoNotHideOneThatGoes(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		b := newBench(t, driver, nil)
		const resting = 150
		var ds []models.Delivery
		for i := range resting + 1 {
			var id int64
			if err := b.store.InTx(t.Context(), func(tx *models.Tx) error {
				c, _, err := tx.AddCampaign(models.Spec{Title: fmt.Sprint(i), Weight: "info", To: "people"}, models.NewID(), models.ID{}, fmt.Appendf(nil, "%032d", i))
				if err == nil && i == resting {
					if c, err = tx.ScheduleCampaign(c, models.NewID(), tx.Now()); err == nil {
						c, err = tx.StartCampaign(c)
					}
				}
				id = c.ID
				return err
			}); err != nil {
				t.Fatal(err)
			}
			d := say(dm("slack", fmt.Sprint("U", i)), "news")
			d.Priority, d.CampaignID = bot.Campaigns, &id
			ds = append(ds, d)
		}
		ds = b.queue(ds...)
		got := b.due(post)
		if len(got) != 1 || got[0].ID != ds[resting].ID.String() {
			t.Errorf("due: %v, want the one that runs, %s", got, ds[resting].ID)
		}
	})
}
