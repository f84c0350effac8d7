package models_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"akari/bot"
	"akari/models"
	"akari/models/modelstest"
)

// small is a database with two partners' people, and its address.
func small(t *testing.T, driver string, now func() time.Time) (*models.Store, string) {
	t.Helper()
	dsn := modelstest.DSN(t, driver)
	s := modelstest.Connect(t, driver, dsn, now)
	seed, problems := models.ReadSeed(strings.NewReader(`
staff: [{key: s-ito, name: 伊藤, department: パートナー営業部, roles: [admin]}]
partners:
  - key: p-aoba
    name: 青葉商事
    owner: s-ito
    people:
      - {key: tanaka-hanako, name: 田中華子, role: rep, accounts: [{platform: slack, org: T0AOBA, user: U0TANAKAHANAKO}, {platform: lineworks, connection: aoba, user: works-tanaka-77}]}
      - {key: aoba-02, name: 鈴木, role: rep}
  - {key: p-minami, name: 南海システム, people: [{key: minami-01, name: 森川, role: rep}]}
`), "people.yaml")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if _, err := s.Seed(context.Background(), seed); err != nil {
		t.Fatal(err)
	}
	return s, dsn
}

func inTx(t *testing.T, s *models.Store, fn func(*models.Tx) error) {
	t.Helper()
	if err := s.InTx(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func person(t *testing.T, s *models.Store, key string) (p models.Person) {
	t.Helper()
	inTx(t, s, func(tx *models.Tx) (err error) { p, err = tx.PersonByKey(key); return err })
	return p
}

func TestOneMarkHoweverOftenItIsPressed(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		c := &clock{}
		s, dsn := small(t, driver, c.now)
		p := person(t, s, "tanaka-hanako")
		m := models.Mark{PartnerID: p.PartnerID, PersonID: p.ID, MaterialKey: "guide", MaterialVersion: 2, Platform: "slack"}
		var fresh sync.Map
		var running sync.WaitGroup
		for i := range 12 { // half of them in chat, half on the page
			running.Go(func() {
				one := m
				if i%2 == 1 {
					one.Platform, one.Visit, one.LinkID = "web", "v", models.NewID()
				}
				err := s.InTx(context.Background(), func(tx *models.Tx) error {
					got, isNew, err := tx.MarkOnce(models.Acks, one)
					if err == nil && isNew {
						fresh.Store(got.ID, true)
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		running.Wait()
		n := 0
		fresh.Range(func(any, any) bool { n++; return true })
		rows := modelstest.Table(t, driver, dsn, "SELECT * FROM v_ack")
		if len(rows) != 1 || n != 1 {
			t.Fatalf("%d rows, %d fresh: %v", len(rows), n, rows)
		}
		if r := rows[0]; r["person_key"] != "tanaka-hanako" || r["partner_key"] != "p-aoba" || r["material_version"] != "2" || r["undone_at"] != "" {
			t.Errorf("v_ack says %v", r)
		}

		// Another version, another campaign, another person and the other word are marks of their own.
		campaign := int64(41)
		other := person(t, s, "aoba-02")
		inTx(t, s, func(tx *models.Tx) error {
			for _, change := range []func(*models.Mark){
				func(m *models.Mark) { m.MaterialVersion = 3 },
				func(m *models.Mark) { m.CampaignID = &campaign },
				func(m *models.Mark) { m.PersonID = other.ID },
			} {
				one := m
				change(&one)
				if _, isNew, err := tx.MarkOnce(models.Acks, one); err != nil || !isNew {
					t.Errorf("%+v: fresh %v, %v", one, isNew, err)
				}
			}
			if _, isNew, err := tx.MarkOnce(models.Uses, m); err != nil || !isNew {
				t.Errorf("used: fresh %v, %v", isNew, err)
			}
			if _, _, err := tx.MarkOnce("people", m); err == nil {
				t.Error("a mark was written into another table")
			}
			if _, _, err := tx.MarkOnce(models.Acks, models.Mark{PersonID: p.ID, MaterialKey: "guide"}); err == nil {
				t.Error("a mark of nobody's partner was written")
			}
			return nil
		})
	})
}

func TestUndoIsTheirsAndForFiveMinutes(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		c := &clock{}
		s, dsn := small(t, driver, c.now)
		p, other := person(t, s, "tanaka-hanako"), person(t, s, "aoba-02")
		m := models.Mark{PartnerID: p.PartnerID, PersonID: p.ID, MaterialKey: "guide", MaterialVersion: 2}
		mark := func() (out models.Mark) {
			inTx(t, s, func(tx *models.Tx) (err error) { out, _, err = tx.MarkOnce(models.Acks, m); return err })
			return out
		}
		undo := func(id, person models.ID) (ok bool) {
			inTx(t, s, func(tx *models.Tx) (err error) { ok, err = tx.UndoMark(models.Acks, id, person); return err })
			return ok
		}
		first := mark()
		if undo(first.ID, other.ID) {
			t.Fatal("somebody else undid it")
		}
		c.move(4*time.Minute + 55*time.Second)
		if !undo(first.ID, p.ID) || undo(first.ID, p.ID) {
			t.Fatal("it must be undone once")
		}
		second := mark()
		if second.ID == first.ID {
			t.Fatal("what was undone is in force again")
		}
		c.move(5*time.Minute + time.Second)
		if undo(second.ID, p.ID) {
			t.Fatal("it was undone after five minutes")
		}
		rows := modelstest.Table(t, driver, dsn, "SELECT * FROM v_ack ORDER BY at")
		if len(rows) != 2 || rows[0]["undone_at"] == "" || rows[1]["undone_at"] != "" {
			t.Fatalf("v_ack says %v", rows)
		}
	})
}

func TestCompanyModeShowsNoPersonInAnyView(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		ctx := context.Background()
		s, dsn := small(t, driver, time.Now)
		p := person(t, s, "tanaka-hanako")
		link := models.NewID()
		inTx(t, s, func(tx *models.Tx) error {
			if _, _, err := tx.MarkOnce(models.Acks, models.Mark{PartnerID: p.PartnerID, PersonID: p.ID, MaterialKey: "guide", MaterialVersion: 2}); err != nil {
				return err
			}
			if err := tx.Append(models.Event{Kind: models.Opened, Class: models.ClassHuman, Platform: "web", PartnerID: p.PartnerID, PersonID: p.ID, LinkID: link, ObjectKind: "material", ObjectKey: "guide"}); err != nil {
				return err
			}
			if err := tx.Audit(models.Act{ActorID: p.ID, Role: "member", Action: "gap.list", Object: "slack:direct", Result: "refused"}); err != nil {
				return err
			}
			return tx.QueueDeliveries(models.Delivery{Act: bot.Post, To: bot.Address{Platform: "slack", Connection: "slack", User: "U0TANAKAHANAKO", Direct: true}, PartnerID: p.PartnerID, PersonID: p.ID, Parts: []bot.Message{{Text: "x"}}})
		})
		people := func() (n int, addresses string) {
			for _, q := range []string{"SELECT person_key FROM v_event", "SELECT person_key FROM v_delivery", "SELECT person_key FROM v_view", "SELECT person_key FROM v_ack", "SELECT actor AS person_key FROM v_audit"} {
				for _, r := range modelstest.Table(t, driver, dsn, q) {
					if r["person_key"] != "" {
						n++
					}
				}
			}
			for _, r := range modelstest.Table(t, driver, dsn, "SELECT address FROM v_delivery") {
				addresses += r["address"]
			}
			return n, addresses
		}
		if n, at := people(); n != 5 || !strings.Contains(at, "U0TANAKAHANAKO") {
			t.Fatalf("%d persons in the views, at %s: want 5", n, at)
		}
		for range 2 {
			if err := s.KeepPersonLevel(ctx, false); err != nil {
				t.Fatal(err)
			}
		}
		if n, at := people(); n != 0 || strings.Contains(at, "TANAKA") {
			t.Fatalf("%d persons in the views, at %s: want none", n, at)
		}
		if err := s.KeepPersonLevel(ctx, true); err != nil {
			t.Fatal(err)
		}
		if n, _ := people(); n != 5 {
			t.Fatalf("%d persons in the views: want 5 again", n)
		}
	})
}

func TestOlderVersionsOfStoredMaterialsAreKept(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		s, _ := small(t, driver, time.Now)
		p, other := person(t, s, "tanaka-hanako"), person(t, s, "minami-01")
		put := func(body string) {
			inTx(t, s, func(tx *models.Tx) error {
				_, err := tx.PutOverlays(models.Overlay{Kind: models.OverlayMaterial, Key: "price", Body: body, Source: "seed"})
				return err
			})
		}
		v1 := `{"key":"price","version":1,"sha256":"aa"}`
		put(v1)
		put(`{"key":"price","version":1,"sha256":"aa","title":"same version, other words"}`)
		put(`{"key":"price","version":2,"sha256":"bb"}`)
		inTx(t, s, func(tx *models.Tx) error {
			if body, err := tx.MaterialVersion("price", 1); err != nil || !strings.Contains(body, `"aa"`) {
				t.Errorf("version 1 is %q, %v", body, err)
			}
			if _, err := tx.MaterialVersion("price", 2); !errors.Is(err, models.ErrNotFound) {
				t.Errorf("the current version is kept as an old one: %v", err)
			}
			old, err := tx.NewLink(models.Link{PersonID: p.ID, PartnerID: p.PartnerID, MaterialKey: "price", MaterialVersion: 1, ExpiresAt: tx.Now().Add(time.Hour)})
			if err != nil {
				return err
			}
			_, err = tx.NewLink(models.Link{PersonID: other.ID, PartnerID: other.PartnerID, MaterialKey: "price", MaterialVersion: 2, ExpiresAt: tx.Now().Add(time.Hour)})
			if err != nil {
				return err
			}
			return tx.Append(models.Event{Kind: models.Opened, Class: models.ClassHuman, LinkID: old.ID, PartnerID: p.PartnerID, PersonID: p.ID},
				models.Event{Kind: models.Opened, Class: models.ClassScanner, LinkID: old.ID, PartnerID: p.PartnerID, PersonID: p.ID})
		})
		inTx(t, s, func(tx *models.Tx) error {
			rows, err := tx.OldReaders(map[string]int{"price": 2}, tx.Now().Add(-time.Hour), 10, 0)
			if err != nil || len(rows) != 1 || rows[0] != (models.OldReaders{MaterialKey: "price", MaterialVersion: 1, PartnerID: rows[0].PartnerID, PartnerKey: "p-aoba", Partner: "青葉商事", Holders: 1, Openers: 1}) {
				t.Errorf("%+v, %v", rows, err)
			}
			if rows, err = tx.OldReaders(map[string]int{"price": 2}, tx.Now().Add(-time.Hour), 10, 1); len(rows) != 0 {
				t.Errorf("behind the last: %+v", rows)
			}
			return err
		})
	})
}
