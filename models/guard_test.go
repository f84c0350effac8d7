package models_test

import (
	"testing"
	"time"

	"akari/bot"
	"akari/models"
	"akari/models/modelstest"
)

func TestGuardedRoom(t *testing.T) {
	for _, c := range []struct {
		name  string
		orgs  []string
		age   time.Duration // of the fact; < 0 = none
		state string
		code  string
	}{
		{"only the partner", []string{"T0AOBA"}, time.Minute, models.StateSending, ""},
		{"the partner's two workspaces", []string{"T0AOBA", "E0AOBA"}, time.Minute, models.StateSending, ""},
		{"only us", nil, time.Minute, models.StateSending, ""},
		{"another partner too", []string{"T0AOBA", "T0MIDORI"}, time.Minute, models.StateHeld, "room_orgs"},
		{"somebody unknown", []string{"T0NOBODY"}, time.Minute, models.StateHeld, "room_orgs"},
		{"an old fact", []string{"T0AOBA"}, 61 * time.Minute, models.StateQueued, ""},
		{"no fact", nil, -1, models.StateQueued, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			modelstest.Each(t, func(t *testing.T, driver string) {
				b := newBench(t, driver, nil)
				at := room("slack", "C1")
				aoba := b.partners()
				if c.age >= 0 {
					b.clock.move(-c.age)
				}
				b.fact(at, bot.RoomFact{Orgs: c.orgs, Member: true}, c.age >= 0)
				b.clock.move(max(0, c.age))
				d := say(at, "the price list")
				d.Guard, d.PartnerID = models.GuardPartner, aoba
				d = b.queue(d)[0]
				got := b.claim(d)
				if (len(got) == 1) != (c.state == models.StateSending) {
					t.Fatalf("claimed %d", len(got))
				}
				b.state(d, c.state, c.code)
				if wanted := b.wanted(); wanted != (c.state == models.StateQueued) {
					t.Fatalf("the fact loop was asked: %v", wanted)
				}
				if c.state == models.StateQueued {
					// The fact comes, and the message goes by itself.
					b.fact(at, bot.RoomFact{Orgs: []string{"T0AOBA"}}, true)
					b.claimOne(d)
				}
			})
		})
	}
}

func TestGuardWithoutRoomFailsClosed(t *testing.T) {
	b := newBench(t, "sqlite", nil)
	d := say(room("slack", "C404"), "the price list")
	d.Guard, d.PartnerID = models.GuardPartner, models.NewID()
	d = b.queue(d)[0]
	b.claim(d)
	b.state(d, models.StateHeld, "room_unknown")
}

// partners seeds two partners with their organisations and answers the first.
func (b *bench) partners() models.ID {
	b.t.Helper()
	_, err := b.store.Seed(b.t.Context(), models.Seed{Partners: []models.SeedPartner{
		{Key: "p-aoba", Name: "青葉商事", SlackOrgs: []string{"T0AOBA", "E0AOBA"}},
		{Key: "p-midori", Name: "みどり販売", SlackOrgs: []string{"T0MIDORI"}},
	}})
	if err != nil {
		b.t.Fatal(err)
	}
	var id models.ID
	err = b.store.View(b.t.Context(), func(t *models.Tx) error {
		p, err := t.PartnerByKey("p-aoba")
		id = p.ID
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return id
}

// fact makes a room known, with or without what the platform says about it.
func (b *bench) fact(at bot.Address, f bot.RoomFact, known bool) {
	b.t.Helper()
	err := b.store.InTx(b.t.Context(), func(t *models.Tx) error {
		r, err := t.AddRoom(at)
		if err != nil || !known {
			return err
		}
		return t.SaveRoomFact(r.ID, f)
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// wanted tells whether the fact loop has a room to ask about.
func (b *bench) wanted() bool {
	b.t.Helper()
	var rooms []models.Room
	err := b.store.View(b.t.Context(), func(t *models.Tx) (err error) {
		rooms, err = t.WantedRooms(nil, 10)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return len(rooms) > 0
}
