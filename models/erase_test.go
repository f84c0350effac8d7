package models_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"akari/bot"
	"akari/models"
	"akari/models/modelstest"
)

// counted is what must not change when somebody is erased.
var counted = []string{
	"SELECT kind, class, partner_key, COUNT(*) AS n, COUNT(DISTINCT person_key) AS people FROM v_event GROUP BY kind, class, partner_key ORDER BY 1,2,3",
	"SELECT partner_key, COUNT(*) AS n, COUNT(DISTINCT person_key) AS people FROM v_delivery GROUP BY partner_key ORDER BY 1",
	"SELECT partner_key, material_version, COUNT(*) AS n, COUNT(DISTINCT person_key) AS people FROM v_ack GROUP BY partner_key, material_version ORDER BY 1,2",
	"SELECT partner_key, COUNT(*) AS n FROM v_view GROUP BY partner_key ORDER BY 1",
	"SELECT COUNT(*) AS n FROM people", "SELECT COUNT(*) AS n FROM gaps", "SELECT COUNT(*) AS n FROM gap_askers", "SELECT COUNT(*) AS n FROM links", "SELECT COUNT(*) AS n FROM visits",
}

// live fills a database with everything that may know a person.
func live(t *testing.T, s *models.Store) (tanaka, suzuki models.Person) {
	t.Helper()
	tanaka, suzuki = person(t, s, "tanaka-hanako"), person(t, s, "aoba-02")
	me := bot.Identity{Platform: "slack", Connection: "slack", User: "U0TANAKAHANAKO"}
	direct := bot.Address{Platform: "slack", Connection: "slack", Room: "D0TANAKAROOM", User: me.User, Direct: true}
	room := bot.Address{Platform: "slack", Connection: "slack", Room: "C0AOBA"}
	inTx(t, s, func(tx *models.Tx) error {
		asked := models.Event{ID: models.NewID(), Kind: models.Asked, Class: models.ClassHuman, Platform: "slack", PartnerID: tanaka.PartnerID, PersonID: tanaka.ID, SourceKey: "Ev1"}
		asked2 := models.Event{ID: models.NewID(), Kind: models.Asked, Class: models.ClassHuman, Platform: "slack", PartnerID: suzuki.PartnerID, PersonID: suzuki.ID, SourceKey: "Ev2"}
		q1 := models.Text{ID: models.NewID(), EventID: asked.ID, PersonID: tanaka.ID, Kind: "question", Body: "折り返しは090-1234-5678の華子まで"}
		q2 := models.Text{ID: models.NewID(), EventID: asked2.ID, PersonID: suzuki.ID, Kind: "question", Body: "鈴木の言い方"}
		link := models.Link{ID: models.NewID(), PersonID: tanaka.ID, PartnerID: tanaka.PartnerID, MaterialKey: "guide", MaterialVersion: 2, ExpiresAt: tx.Now().Add(time.Hour)}
		err := tx.Add(models.Record{
			Events: []models.Event{asked, asked2, {Kind: models.Opened, Class: models.ClassHuman, LinkID: link.ID, PartnerID: tanaka.PartnerID, PersonID: tanaka.ID}},
			Texts:  []models.Text{q1, q2}, Links: []models.Link{link},
			Deliveries: []models.Delivery{
				{Act: bot.Private, To: direct, PartnerID: tanaka.PartnerID, PersonID: tanaka.ID, LinkID: link.ID, State: models.StateSent, Reply: bot.Reply{URL: "https://hooks.slack.com/U0TANAKAHANAKO"}},
				{Act: bot.Private, To: bot.Address{Platform: "slack", Connection: "slack", Room: "C0AOBA", User: me.User}, PartnerID: tanaka.PartnerID, PersonID: tanaka.ID, State: models.StateSent},
				{Act: bot.Post, To: direct, State: models.StateSkipped, ErrorCode: "x"},                                              // before anybody knew who it was
				{Act: bot.Post, To: direct, PartnerID: tanaka.PartnerID, PersonID: tanaka.ID, Parts: []bot.Message{{Text: "田中華子様"}}}, // still owed
				{Act: bot.Post, To: room, CauseID: asked.ID, Parts: []bot.Message{{Text: "田中華子様のご質問"}}},                              // to staff, about them
				{Act: bot.Post, To: room, Parts: []bot.Message{{Text: "1. " + q1.Body}}, State: models.StateHeld},                    // quotes them
				{Act: bot.Post, To: room, PartnerID: suzuki.PartnerID, PersonID: suzuki.ID, Parts: []bot.Message{{Text: "鈴木様"}}},     // somebody else's
			},
		})
		if err != nil {
			return err
		}
		g, _, err := tx.OpenGap([]byte("0123456789abcdef0123456789abcdef"), models.Gap{QuestionID: q1.ID, DueAt: tx.Now()}, models.Asker{EventID: asked.ID, PersonID: tanaka.ID, PartnerID: tanaka.PartnerID, At: direct})
		if err != nil {
			return err
		}
		if _, _, err := tx.OpenGap([]byte("0123456789abcdef0123456789abcdef"), models.Gap{QuestionID: q2.ID, DueAt: tx.Now()}, models.Asker{EventID: asked2.ID, PersonID: suzuki.ID, PartnerID: suzuki.PartnerID, At: room}); err != nil {
			return err
		}
		for _, d := range []models.Draft{
			{ID: models.NewID(), Name: "gap.new", PersonID: tanaka.ID, From: me, At: direct, ExpiresAt: tx.Now().Add(time.Hour)},
			{ID: models.NewID(), Name: "gap.answer", From: bot.Identity{Platform: "slack", Connection: "slack", User: "U0ITO"}, Form: bot.Form{Text: q1.Body, Args: map[string][]string{"g": {g.ID.String()}}}, ExpiresAt: tx.Now().Add(time.Hour)},
		} {
			if err := tx.NewDraft(d); err != nil {
				return err
			}
		}
		if err := tx.Wait(bot.Inbound{Key: "Ev3", Kind: bot.Said, Text: "華子です", From: me, At: direct}, tx.Now().Add(time.Hour)); err != nil {
			return err
		}
		if err := tx.Invite(models.Invitation{CodeHash: []byte("0123456789abcdef0123456789abcdef"), PersonID: tanaka.ID, ExpiresAt: tx.Now().Add(time.Hour)}); err != nil {
			return err
		}
		_, _, err = tx.MarkOnce(models.Acks, models.Mark{PartnerID: tanaka.PartnerID, PersonID: tanaka.ID, LinkID: link.ID, MaterialKey: "guide", MaterialVersion: 2})
		return err
	})
	accounts := []models.Account{}
	inTx(t, s, func(tx *models.Tx) (err error) {
		if accounts, err = tx.AccountsOf(tanaka.ID); err != nil {
			return err
		}
		return tx.SavePersonFact(accounts[0].ID, bot.PersonFact{Name: "田中華子", Orgs: []string{"T0AOBA"}})
	})
	if len(accounts) != 2 {
		t.Fatalf("%d accounts", len(accounts))
	}
	return tanaka, suzuki
}

var traces = []string{"tanaka", "田中", "華子", "090-1234-5678"}

func TestErasingLeavesCountsAndNoTrace(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		ctx := context.Background()
		s, dsn := small(t, driver, time.Now)
		tanaka, suzuki := live(t, s)
		before := map[string]string{}
		for _, q := range counted {
			before[q] = fmt.Sprint(modelstest.Table(t, driver, dsn, q))
		}
		if hits := modelstest.Search(t, driver, dsn, traces...); len(hits) < 12 {
			t.Fatalf("the database knows too little of the person to prove anything: %v", hits)
		}
		export, err := s.Personal(ctx, "tanaka-hanako", true)
		if err != nil {
			t.Fatal(err)
		}
		for table, want := range map[string]int{"people": 1, "accounts": 2, "texts": 1, "events": 2, "links": 1, "deliveries": 4, "acks": 1, "gaps": 1, "drafts": 1, "waiting": 1, "invitations": 1} {
			if n := len(export.Rows[table]); n != want || export.Counts[table] != n {
				t.Errorf("the export has %d rows of %s (counted %d), want %d: %v", n, table, export.Counts[table], want, export.Rows[table])
			}
		}
		hash := [][]byte{[]byte("fedcba9876543210fedcba9876543210")}
		done, err := s.ErasePerson(ctx, "tanaka-hanako", hash, models.ID{}, "operator")
		if err != nil {
			t.Fatal(err)
		}
		if done.PersonKey != models.ErasedKey(tanaka.ID) || done.Already || done.Sending != 0 || done.Removed["accounts"] != 2 || done.Removed["texts"] != 1 {
			t.Errorf("erasing did %+v", done)
		}
		if hits := modelstest.Search(t, driver, dsn, traces...); len(hits) > 0 {
			t.Errorf("traces are left: %v", hits)
		}
		if hits := modelstest.Search(t, driver, dsn, "D0TANAKAROOM", "works-tanaka-77", "U0TANAKAHANAKO"); len(hits) > 0 {
			t.Errorf("platform ids are left: %v", hits)
		}
		for _, q := range counted {
			if now := fmt.Sprint(modelstest.Table(t, driver, dsn, q)); now != before[q] {
				t.Errorf("%s\nwas %s\nis  %s", q, before[q], now)
			}
		}
		// What is somebody else's is still there: a colleague's words in the same gap, their message.
		if hits := modelstest.Search(t, driver, dsn, "鈴木の言い方", "鈴木様"); len(hits) != 2 {
			t.Errorf("somebody else's words are gone: %v", hits)
		}
		gap := modelstest.Table(t, driver, dsn, "SELECT t.body FROM gaps g JOIN texts t ON t.id = g.question_id")
		if len(gap) != 1 || gap[0]["body"] != "鈴木の言い方" {
			t.Errorf("the gap goes on with %v", gap)
		}
		again, err := s.ErasePerson(ctx, "tanaka-hanako", hash, models.ID{}, "operator")
		if err != nil || !again.Already || again.PersonKey != done.PersonKey || len(again.Removed) > 0 && again.Removed["texts"] > 0 {
			t.Errorf("the second time: %+v, %v", again, err)
		}
		if rows := modelstest.Table(t, driver, dsn, "SELECT object, role FROM v_audit WHERE action = 'person.erase'"); len(rows) != 2 || rows[0]["object"] != done.PersonKey {
			t.Errorf("the audit says %v", rows)
		}
		if _, err := s.ErasePerson(ctx, "nobody", [][]byte{[]byte("another hash of thirty-two bytes")}, models.ID{}, "operator"); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("erasing nobody: %v", err)
		}
		if p := person(t, s, "aoba-02"); p.Name != "鈴木" || p.ID != suzuki.ID {
			t.Errorf("a colleague is %+v", p)
		}
	})
}
