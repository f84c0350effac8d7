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

// archive is a ledger with a database that can be looked into.
type archive struct {
	*ledger
	driver, dsn string
}

func newArchive(t *testing.T, driver, now string) *archive {
	t.Helper()
	a := &archive{ledger: &ledger{t: t, now: at(t, now)}, driver: driver, dsn: modelstest.DSN(t, driver)}
	a.store = modelstest.Connect(t, driver, a.dsn, func() time.Time { return a.now })
	if _, err := a.store.Seed(t.Context(), models.Seed{Partners: []models.SeedPartner{{Key: "p-aoba", Name: "青葉商事", People: []models.SeedPerson{{Key: "aoba-01", Name: "田中"}}}, {Key: "p-umi", Name: "海商会"}}}); err != nil {
		t.Fatal(err)
	}
	a.view(func(tx *models.Tx) error {
		p, err := tx.PartnerByKey("p-aoba")
		a.aoba = p.ID
		return err
	})
	return a
}

// one answers the only cell of a query.
func (a *archive) one(sql string) string {
	a.t.Helper()
	for _, row := range modelstest.Table(a.t, a.driver, a.dsn, sql) {
		for _, v := range row {
			return v
		}
	}
	return ""
}

func (a *archive) figures() string {
	return fmt.Sprint(modelstest.Table(a.t, a.driver, a.dsn, "SELECT partner_key, week_start, metric, value, final FROM v_weekly ORDER BY 2,1,3"))
}

// happen fills a week with one of everything that retention is about.
func (a *archive) happen() {
	a.t.Helper()
	tanaka := person(a.t, a.store, "aoba-01")
	link, class := models.NewID(), models.ClassHuman
	direct := bot.Address{Platform: "slack", Connection: "slack", User: "U0T", Direct: true}
	a.do(func(tx *models.Tx) error {
		if err := tx.ClassVisitForTest(link, "v1", class); err != nil {
			return err
		}
		asked := models.Event{ID: models.NewID(), Kind: models.Asked, Class: class, PartnerID: a.aoba, PersonID: tanaka.ID}
		words := models.Text{ID: models.NewID(), EventID: asked.ID, PersonID: tanaka.ID, Kind: "question", Body: "折り返しをお願いします"}
		if err := tx.Add(models.Record{
			Events: []models.Event{asked, {Kind: models.Delivered, PartnerID: a.aoba}, {Kind: models.Opened, LinkID: link, Visit: "v1", PartnerID: a.aoba, PersonID: tanaka.ID},
				{Kind: models.Asked, Class: class, PartnerID: a.aoba, PersonID: models.NewID(), OccurredAt: a.now.AddDate(0, 0, -9)}}, // late: a correction
			Texts: []models.Text{words}, Links: []models.Link{{ID: link, PersonID: tanaka.ID, PartnerID: a.aoba, MaterialKey: "guide", MaterialVersion: 1, ExpiresAt: a.now.Add(24 * time.Hour)}},
			Deliveries: []models.Delivery{{Act: bot.Post, To: direct, PersonID: tanaka.ID, PartnerID: a.aoba, LinkID: link, State: models.StateSkipped, ErrorCode: "x"}},
		}); err != nil {
			return err
		}
		if _, _, err := tx.MarkOnce(models.Acks, models.Mark{PartnerID: a.aoba, PersonID: tanaka.ID, LinkID: link, MaterialKey: "guide", MaterialVersion: int(a.now.Unix() / 86400)}); err != nil {
			return err
		}
		g, _, err := tx.OpenGap([]byte(fmt.Sprintf("%-32d", a.now.Unix())), models.Gap{QuestionID: words.ID, DueAt: a.now}, models.Asker{EventID: asked.ID, PersonID: tanaka.ID, PartnerID: a.aoba, At: direct})
		if err != nil || a.now.Day()%2 == 0 {
			return err // every other one stays open
		}
		_, err = tx.AnswerGap(g.ID, models.NewID(), models.ID{})
		return err
	})
}

// weeks lets so many weeks go by; each is closed in its time, and a visit of the
// week before is then found to be a scanner's.
func (a *archive) weeks(n int) {
	a.t.Helper()
	for range n {
		a.happen()
		a.now = a.now.AddDate(0, 0, 7)
		if _, err := a.store.CloseWeeks(a.t.Context(), zone(a.t, "Asia/Tokyo"), 48*time.Hour); err != nil {
			a.t.Fatal(err)
		}
		db := modelstest.Raw(a.t, a.driver, a.dsn)
		if _, err := db.Exec("UPDATE visits SET class = 'scanner' WHERE started_at = (SELECT m FROM (SELECT MAX(started_at) AS m FROM visits) x)"); err != nil {
			a.t.Fatal(err)
		}
	}
}

func (a *archive) retain(ctx context.Context, keep time.Duration, dry bool) (models.Retained, error) {
	return a.store.Retain(ctx, models.RetainOptions{Zone: zone(a.t, "Asia/Tokyo"), Events: keep, Questions: keep, Dry: dry, Role: "operator"})
}

// What is older than retention goes, from every table; the figures stay as they were
// told, and what is left is verified to the unit.
func TestRetentionDeletesAndFiguresStay(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		a := newArchive(t, driver, "2026-06-03T03:00:00Z")
		a.weeks(16)
		const keep = 6 * 7 * 24 * time.Hour
		told := a.figures()
		if v := a.verify(); v.Beyond != 0 || v.Weeks < 14 {
			t.Fatalf("%+v", v)
		}
		if a.one("SELECT COUNT(*) FROM weekly WHERE part = 1") == "0" {
			t.Fatal("there are no corrections to keep")
		}
		cut := models.WeekOf(a.now.Add(-keep), zone(t, "Asia/Tokyo")).Start
		before := map[string]string{}
		young := "SELECT COUNT(*) FROM events WHERE NOT (recorded_at < '" + cut.Format(time.DateTime) + "' AND occurred_at < '" + cut.Format(time.DateTime) + "')"
		for _, sql := range []string{young, "SELECT COUNT(*) FROM gaps WHERE status <> 'answered'"} {
			before[sql] = a.one(sql)
		}
		dry, err := a.retain(t.Context(), keep, true)
		if err != nil || dry.Deleted["events"] == 0 || a.figures() != told || a.one("SELECT COUNT(*) FROM retention") != "0" {
			t.Fatalf("the dry run: %+v, %v", dry, err)
		}
		all := a.one("SELECT COUNT(*) FROM events")
		// Interrupted somewhere, and run again.
		ctx, stop := context.WithTimeout(t.Context(), 30*time.Millisecond)
		_, _ = a.retain(ctx, keep, false)
		stop()
		done, err := a.retain(t.Context(), keep, false)
		if err != nil || !done.Before.Equal(cut) || done.Waiting != "" {
			t.Fatalf("%+v, %v; want up to %v", done, err, cut)
		}
		for sql, n := range before {
			if got := a.one(sql); got != n {
				t.Errorf("%s: %s, was %s", sql, got, n)
			}
		}
		if got := a.one("SELECT COUNT(*) FROM events"); got != before[young] || got == all {
			t.Errorf("%s of %s events are left, want %s", got, all, before[young])
		}
		for _, table := range []string{"texts:created_at", "deliveries:ended_at", "acks:at", "visits:started_at", "links:expires_at", "gaps:answered_at"} {
			name, column := table[:len(table)-len(column(table))-1], column(table)
			if got := a.one("SELECT COUNT(*) FROM " + name + " WHERE " + column + " < '" + cut.Format(time.DateTime) + "'"); got != "0" {
				t.Errorf("%s older rows of %s are left", got, name)
			}
			if got := a.one("SELECT COUNT(*) FROM " + name); got == "0" || dry.Deleted[name] == 0 {
				t.Errorf("%s has %s rows, %d were to go: that proves nothing", name, got, dry.Deleted[name])
			}
		}
		if got := a.one("SELECT COUNT(*) FROM gaps g WHERE g.question_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM texts x WHERE x.id = g.question_id)"); got != "0" {
			t.Errorf("%s gaps point at words that are gone", got)
		}
		if now := a.figures(); now != told {
			t.Errorf("the figures were\n%s\nand are\n%s", told, now)
		}
		v := a.verify()
		if v.Beyond == 0 || v.Weeks == 0 || v.Beyond+v.Weeks < 15 || !v.BeyondUntil.Equal(cut) {
			t.Errorf("verify says %+v", v)
		}
		again, err := a.retain(t.Context(), keep, false)
		for table, n := range again.Deleted {
			if n > 0 {
				t.Errorf("once more, %d rows of %s went (%v)", n, table, err)
			}
		}
		if got := a.one("SELECT COUNT(*) FROM audit WHERE action = 'retention.begin'"); got != "1" {
			t.Errorf("the audit log has %s beginnings", got)
		}
		// Made anew, also from the first week on, those beyond retention still stand.
		beyond := func() string {
			return fmt.Sprint(modelstest.Table(t, driver, a.dsn, "SELECT week_start, part, metric, value FROM weekly WHERE week_start < '"+cut.Format(time.DateTime)+"' ORDER BY 1,2,3"))
		}
		stood := beyond()
		for _, from := range []time.Time{{}, at(t, "2026-06-01T00:00:00Z")} {
			if _, err := a.store.RebuildWeeks(t.Context(), zone(t, "Asia/Tokyo"), 48*time.Hour, from, time.Time{}); err != nil {
				t.Fatal(err)
			}
			if now := beyond(); now != stood {
				t.Errorf("making weeks anew has changed those beyond retention:\n%s\nwas\n%s", now, stood)
			}
		}
		a.verify()
		// Weeks go on, and so does retention.
		a.weeks(3)
		a.verify()
		if next, err := a.retain(t.Context(), keep, false); err != nil || next.Deleted["events"] == 0 {
			t.Errorf("three weeks later: %+v, %v", next, err)
		}
		a.verify()
	})
}

func column(table string) string {
	for i := range table {
		if table[i] == ':' {
			return table[i+1:]
		}
	}
	return ""
}

// What is not final stays; a clock that runs away deletes nothing; and the log is
// append-only for everything that retention has not declared to be over.
func TestRetentionRefusesToDeleteWhatIsNotOver(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		a := newArchive(t, driver, "2026-06-03T03:00:00Z")
		for range 5 {
			a.happen()
			a.now = a.now.AddDate(0, 0, 7)
		}
		const keep = 14 * 24 * time.Hour
		if done, err := a.retain(t.Context(), keep, false); err != nil || done.Deleted["events"] != 0 || done.Waiting != "2026-W23" {
			t.Errorf("before any week was closed: %+v, %v", done, err)
		}
		a.weeks(2)
		a.now = a.now.AddDate(10, 0, 0)
		if _, err := a.retain(t.Context(), keep, false); !errors.Is(err, models.ErrWholeLog) || a.one("SELECT COUNT(*) FROM retention") != "0" {
			t.Errorf("with the clock ten years ahead: %v", err)
		}
		a.now = a.now.AddDate(-10, 0, 0)
		if _, err := a.retain(t.Context(), keep, false); err != nil {
			t.Fatal(err)
		}
		if driver == "sqlite" {
			db := modelstest.Raw(t, driver, a.dsn)
			for _, sql := range []string{"DELETE FROM events", "UPDATE events SET kind = 'asked'"} {
				if _, err := db.Exec(sql); err == nil {
					t.Errorf("%s went through", sql)
				}
			}
		}
	})
}
