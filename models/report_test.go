package models_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"akari/models"
	"akari/models/modelstest"
)

// log is a store whose clock stands where the test puts it.
type ledger struct {
	t     *testing.T
	store *models.Store
	now   time.Time
	aoba  models.ID
	umi   models.ID
}

func newLedger(t *testing.T, driver string, now string) *ledger {
	l := &ledger{t: t, now: at(t, now)}
	l.store = modelstest.OpenAt(t, driver, func() time.Time { return l.now })
	_, err := l.store.Seed(t.Context(), models.Seed{Partners: []models.SeedPartner{{Key: "p-aoba", Name: "青葉商事"}, {Key: "p-umi", Name: "海商会"}}})
	if err != nil {
		t.Fatal(err)
	}
	l.view(func(tx *models.Tx) error {
		a, err := tx.PartnerByKey("p-aoba")
		if err != nil {
			return err
		}
		u, err := tx.PartnerByKey("p-umi")
		l.aoba, l.umi = a.ID, u.ID
		return err
	})
	return l
}

func (l *ledger) view(fn func(*models.Tx) error) {
	l.t.Helper()
	if err := l.store.View(l.t.Context(), fn); err != nil {
		l.t.Fatal(err)
	}
}

func (l *ledger) do(fn func(*models.Tx) error) {
	l.t.Helper()
	if err := l.store.InTx(l.t.Context(), fn); err != nil {
		l.t.Fatal(err)
	}
}

// event happens at a moment and is recorded now.
func (l *ledger) event(kind string, partner models.ID, when time.Time, change func(*models.Event)) {
	l.t.Helper()
	e := models.Event{Kind: kind, Class: models.ClassHuman, PartnerID: partner, PersonID: models.NewID(), OccurredAt: when}
	if change != nil {
		change(&e)
	}
	l.do(func(tx *models.Tx) error { return tx.Append(e) })
}

func (l *ledger) close(want int) {
	l.t.Helper()
	made, err := l.store.CloseWeeks(l.t.Context(), zone(l.t, "Asia/Tokyo"), 48*time.Hour)
	if err != nil {
		l.t.Fatal(err)
	}
	if made != want {
		l.t.Fatalf("%d weeks made, want %d", made, want)
	}
}

func (l *ledger) verify() models.Verified {
	l.t.Helper()
	v, err := l.store.VerifyWeeks(l.t.Context(), time.Time{}, time.Time{})
	if err != nil {
		l.t.Fatal(err)
	}
	if len(v.Differences) > 0 {
		l.t.Fatalf("%d differences: %+v", len(v.Differences), v.Differences)
	}
	return v
}

// weekly answers v_weekly as "partner metric": value of one week.
func (l *ledger) weekly(start time.Time) map[string]int64 {
	l.t.Helper()
	out := map[string]int64{}
	l.view(func(tx *models.Tx) error {
		rows, err := tx.Weekly(start)
		for _, r := range rows {
			out[r.PartnerKey+" "+r.Metric] = r.Value
			if r.Final {
				out["final"] = 1
			}
		}
		return err
	})
	return out
}

func equal(t *testing.T, what string, got, want map[string]int64) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

func TestWeeksBecomeFinalAndLaterNewsIsACorrection(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		l := newLedger(t, driver, "2026-11-18T03:00:00Z")
		tokyo := zone(t, "Asia/Tokyo")
		w47 := models.WeekOf(l.now, tokyo) // 16–22 November
		someone := models.NewID()
		same := func(e *models.Event) { e.PersonID = someone }
		l.event(models.Asked, l.aoba, l.now, same)
		l.event(models.Asked, l.aoba, l.now, same)
		l.event(models.Asked, l.umi, w47.Start, nil)                         // the first moment
		l.event(models.Asked, l.umi, w47.End.Add(-time.Microsecond), nil)    // the last
		l.event(models.Asked, l.umi, w47.End, nil)                           // the next week's first
		l.event(models.Asked, l.aoba, w47.Start.Add(-time.Microsecond), nil) // the week before's last: late, it comes when nothing was closed yet
		l.event(models.Asked, l.aoba, l.now, func(e *models.Event) { e.Class = models.ClassStaff })
		l.event(models.Asked, l.aoba, l.now, func(e *models.Event) { e.Class = models.ClassTest })
		l.event(models.Delivered, l.aoba, l.now, func(e *models.Event) { e.Class = "" })
		l.event(models.Rated, l.aoba, l.now, func(e *models.Event) { same(e); e.Detail = models.Detail{"solved": 1} })
		l.event(models.Rated, l.aoba, l.now, func(e *models.Event) { same(e); e.Detail = models.Detail{"solved": 0} })
		link := models.NewID()
		visit := func(id string) func(*models.Event) {
			return func(e *models.Event) { same(e); e.Class, e.LinkID, e.Visit = "", link, id }
		}
		l.do(func(tx *models.Tx) error {
			if err := tx.ClassVisitForTest(link, "v1", models.ClassHuman); err != nil {
				return err
			}
			return tx.ClassVisitForTest(link, "v2", models.ClassScanner)
		})
		l.event(models.Opened, l.aoba, l.now, visit("v1"))
		l.event(models.Opened, l.aoba, l.now, visit("v2"))
		l.close(0) // the week is not over

		l.now = w47.End.Add(time.Hour)
		l.event(models.Asked, l.umi, l.now.Add(-2*time.Hour), nil) // within the grace
		l.now = l.now.Add(time.Minute)
		l.close(1)
		want := map[string]int64{"p-aoba active_people": 1, "p-aoba named_acts": 5, "p-aoba most_acts": 5, "p-aoba asked": 2, "p-aoba asked_people": 1, "p-aoba rated": 2, "p-aoba solved": 1,
			"p-aoba delivered": 1, "p-aoba opened": 1, "p-aoba opened_people": 1, "p-aoba correction.asked": 1,
			"p-umi active_people": 3, "p-umi named_acts": 3, "p-umi most_acts": 1, "p-umi asked": 3, "p-umi asked_people": 3}
		equal(t, "provisional", l.weekly(w47.Start), want)
		l.close(0)
		l.verify()

		l.now = w47.End.Add(48*time.Hour - time.Microsecond)
		l.event(models.Asked, l.umi, w47.Start, nil) // the last moment of the grace
		want["p-umi active_people"], want["p-umi asked"], want["p-umi asked_people"], want["p-umi named_acts"], want["final"] = 4, 4, 4, 4, 1
		l.now = w47.End.Add(48 * time.Hour)
		l.event(models.Asked, l.umi, w47.Start, nil) // too late: a correction of the next week
		l.now = l.now.Add(time.Hour)
		l.close(1)
		equal(t, "final", l.weekly(w47.Start), want)
		l.do(func(tx *models.Tx) error { return tx.ClassVisitForTest(link, "v1", models.ClassPreview) }) // classed anew, after it was told
		l.event(models.Opened, l.aoba, w47.Start, visit("v2"))                                           // late, and a scanner's
		l.now = w47.End.Add(8 * 24 * time.Hour)
		l.event(models.Delivered, l.umi, w47.Start, func(e *models.Event) { e.Class = "" }) // in the grace of the next week: news of it
		l.now = l.now.Add(2 * 24 * time.Hour)
		l.close(1)
		equal(t, "final stays", l.weekly(w47.Start), want)
		next := map[string]int64{"final": 1, "p-aoba correction.opened": -1, "p-umi correction.asked": 1, "p-umi correction.delivered": 1,
			"p-umi active_people": 1, "p-umi named_acts": 1, "p-umi most_acts": 1, "p-umi asked": 1, "p-umi asked_people": 1}
		equal(t, "the next week", l.weekly(w47.After(tokyo).Start), next)
		if v := l.verify(); v.Weeks != 2 || v.Cells < 15 {
			t.Errorf("%+v", v)
		}

		// Rebuilt, everything is in the week it happened in, and nothing is a correction of what is counted already.
		r, err := l.store.RebuildWeeks(t.Context(), tokyo, 48*time.Hour, time.Time{}, time.Time{})
		if err != nil || r.Weeks != 3 {
			t.Fatalf("%+v %v", r, err)
		}
		delete(want, "p-aoba correction.asked")
		delete(want, "p-aoba opened")
		delete(want, "p-aoba opened_people")
		want["p-umi asked"], want["p-umi asked_people"], want["p-umi active_people"], want["p-umi named_acts"], want["p-umi delivered"] = 5, 5, 5, 5, 1
		want["p-aoba named_acts"], want["p-aoba most_acts"] = 4, 4
		equal(t, "rebuilt", l.weekly(w47.Start), want)
		equal(t, "the week before", l.weekly(w47.Before(tokyo).Start), map[string]int64{"final": 1, "p-aoba active_people": 1, "p-aoba named_acts": 1, "p-aoba most_acts": 1, "p-aoba asked": 1, "p-aoba asked_people": 1})
		equal(t, "rebuilt next week", l.weekly(w47.After(tokyo).Start), map[string]int64{"final": 1, "p-umi active_people": 1, "p-umi named_acts": 1, "p-umi most_acts": 1, "p-umi asked": 1, "p-umi asked_people": 1})
		l.verify()
	})
}

// A page that is looked at for long reports often: it is one page view all the same,
// in the week and in what comes late, and no deed.
func TestAPageThatReportsOftenIsOnePageView(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		l := newLedger(t, driver, "2026-11-18T03:00:00Z")
		tokyo := zone(t, "Asia/Tokyo")
		week := models.WeekOf(l.now, tokyo)
		someone, link := models.NewID(), models.NewID()
		page := func(first bool) func(*models.Event) {
			return func(e *models.Event) {
				e.PersonID, e.Class, e.LinkID, e.Visit = someone, "", link, "v1"
				if e.Detail = (models.Detail{"from": 0, "to": 5000}); first {
					e.Detail["view"] = 1
				}
			}
		}
		l.do(func(tx *models.Tx) error { return tx.ClassVisitForTest(link, "v1", models.ClassHuman) })
		for _, first := range []bool{true, false, false, true, false} { // two pages
			l.event(models.PageViewed, l.aoba, l.now, page(first))
		}
		l.event(models.PageViewed, l.umi, l.now, func(e *models.Event) { e.Detail = models.Detail{"from": 0} }) // its view was in the week before
		l.now = week.End.Add(49 * time.Hour)
		l.close(1)
		want := map[string]int64{"final": 1, "p-aoba page_viewed": 2, "p-aoba active_people": 1, "p-umi active_people": 1}
		equal(t, "the week", l.weekly(week.Start), want)

		l.event(models.PageViewed, l.aoba, week.Start, page(true))
		l.event(models.PageViewed, l.aoba, week.Start, page(false))
		l.now = week.End.Add(10 * 24 * time.Hour)
		l.close(1)
		equal(t, "the next week", l.weekly(week.After(tokyo).Start), map[string]int64{"final": 1, "p-aoba correction.page_viewed": 1})
		l.verify()

		figure, _ := models.FigureOf(models.PageViewed)
		l.view(func(tx *models.Tx) error {
			sum, err := tx.SumEvents(models.EventFilter{From: week.Start, To: week.End, Figure: &figure})
			if err == nil && sum.N != 3 {
				t.Errorf("the figure leads to %d events, want 3", sum.N)
			}
			return err
		})
	})
}

// What came in since a week within its grace was counted is in what pages and digests
// read of it, without counting the week of everybody anew; a final week stays.
func TestAWeekWithinItsGraceKnowsWhatCameInSince(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		l := newLedger(t, driver, "2026-11-18T03:00:00Z")
		tokyo := zone(t, "Asia/Tokyo")
		w47, someone := models.WeekOf(l.now, tokyo), models.NewID()
		l.event(models.Asked, l.aoba, l.now, func(e *models.Event) { e.PersonID = someone })
		l.event(models.Asked, l.umi, l.now, nil)
		told := func(want string) {
			t.Helper()
			l.view(func(tx *models.Tx) error {
				some, err := tx.CountWeek(w47, models.ActivePeople, models.Asked)
				if err != nil {
					return err
				}
				all, err := tx.CountWeek(w47)
				if err != nil {
					return err
				}
				for _, c := range []models.Counted{some, all} {
					got := fmt.Sprintf("%d %d, %d %d, %d", c.Partners[l.aoba][models.ActivePeople], c.Partners[l.aoba][models.Asked], c.Partners[l.umi][models.ActivePeople], c.Partners[l.umi][models.Asked], c.Sum()[models.Asked])
					if got != want {
						t.Errorf("told %s, want %s", got, want)
					}
				}
				return nil
			})
		}
		l.now = w47.End.Add(time.Hour)
		l.close(1)
		told("1 1, 1 1, 2")
		l.now = l.now.Add(time.Minute)
		l.event(models.Asked, l.aoba, w47.End.Add(-time.Minute), func(e *models.Event) { e.PersonID = someone })
		l.event(models.Asked, l.aoba, w47.End.Add(-time.Minute), nil)
		told("2 3, 1 1, 4")
		l.now = w47.End.Add(49 * time.Hour)
		l.close(1)
		l.event(models.Asked, l.umi, w47.End.Add(-time.Minute), nil)
		told("2 3, 1 1, 4")
	})
}

// Every event is counted exactly once, own week or correction, whatever the order
// in which things are recorded, classed anew, counted, and some weeks made anew.
func TestNothingIsCountedTwiceOrNever(t *testing.T) {
	t.Cleanup(models.RebuildAtOnceForTest())
	modelstest.Each(t, func(t *testing.T, driver string) {
		for seed := range uint64(4) {
			r := rand.New(rand.NewPCG(seed, 7))
			l := newLedger(t, driver, "2026-10-07T03:00:00Z")
			begin := l.now
			links := []models.ID{models.NewID(), models.NewID(), models.NewID()}
			for range 120 {
				l.now = l.now.Add(time.Duration(r.IntN(20)) * time.Hour)
				when := l.now.Add(-time.Duration(r.IntN(600)) * time.Hour)
				if when.Before(begin) {
					when = begin
				}
				switch n := r.IntN(len(links)); r.IntN(4) {
				case 0:
					class := []string{models.ClassHuman, models.ClassHuman, models.ClassScanner}[r.IntN(3)]
					l.do(func(tx *models.Tx) error { return tx.ClassVisitForTest(links[n], "v", class) })
				case 1:
					l.event(models.Asked, l.aoba, when, nil)
				default:
					l.do(func(tx *models.Tx) error { return tx.FirstVisitForTest(links[n], "v", models.ClassHuman) })
					l.event(models.Opened, l.aoba, when, func(e *models.Event) { e.Class, e.LinkID, e.Visit = "", links[n], "v" })
				}
				if r.IntN(3) == 0 {
					if _, err := l.store.CloseWeeks(t.Context(), zone(t, "Asia/Tokyo"), 48*time.Hour); err != nil {
						t.Fatal(err)
					}
				}
				if r.IntN(12) == 0 {
					from := l.now.Add(-time.Duration(r.IntN(900)) * time.Hour)
					if _, err := l.store.RebuildWeeks(t.Context(), zone(t, "Asia/Tokyo"), 48*time.Hour, from, from.Add(time.Duration(r.IntN(400))*time.Hour)); err != nil {
						t.Fatal(err)
					}
					l.now = l.now.Add(time.Second) // what is recorded now came after
					l.verify()
				}
				if r.IntN(20) == 0 {
					l.verify()
				}
			}
			l.now = l.now.Add(15 * 24 * time.Hour)
			if _, err := l.store.CloseWeeks(t.Context(), zone(t, "Asia/Tokyo"), 48*time.Hour); err != nil {
				t.Fatal(err)
			}
			l.verify()
			var told, truth models.Counts
			l.view(func(tx *models.Tx) (err error) {
				if told, err = tx.WeeklySumForTest(); err != nil {
					return err
				}
				c, err := tx.Count(models.Period{From: begin.AddDate(-1, 0, 0), To: l.now})
				if truth = c.Partners[l.aoba]; err != nil {
					return err
				}
				total, err := tx.Total(models.Period{From: begin.AddDate(-1, 0, 0), To: l.now}, []string{models.ActivePeople, models.Asked, models.Opened})
				for _, k := range []string{models.ActivePeople, models.Asked, models.Opened} {
					if total[k] != truth[k] {
						t.Errorf("seed %d: %s: %d in total, %d by partner", seed, k, total[k], truth[k])
					}
				}
				return err
			})
			for _, k := range []string{models.Asked, models.Opened} {
				if told[k] != truth[k] {
					t.Errorf("seed %d: %s: told %d, in the log %d", seed, k, told[k], truth[k])
				}
			}
		}
	})
}

// Eight writers, late news among theirs, and two processes that count weeks all the
// while: in the end every event is told once, in its week or as a correction. Time
// does not pass inside a transaction here; in life less passes than the counters allow.
func TestFiguresHoldBesideEightWriters(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		begin := at(t, "2026-10-05T00:00:00Z")
		var now atomic.Int64 // hours since begin
		var passing sync.RWMutex
		store := modelstest.OpenAt(t, driver, func() time.Time { return begin.Add(time.Duration(now.Load()) * time.Hour) })
		if _, err := store.Seed(t.Context(), models.Seed{Partners: []models.SeedPartner{{Key: "p-aoba", Name: "青葉商事"}}}); err != nil {
			t.Fatal(err)
		}
		var aoba models.Partner
		if err := store.View(t.Context(), func(tx *models.Tx) (err error) { aoba, err = tx.PartnerByKey("p-aoba"); return err }); err != nil {
			t.Fatal(err)
		}
		const writers, each = 8, 40
		var writing, counting sync.WaitGroup
		for w := range uint64(writers) {
			writing.Go(func() {
				r := rand.New(rand.NewPCG(w, 11))
				for range each {
					passing.RLock()
					late := time.Duration(r.Int64N(min(now.Load(), 300)+1)) * time.Hour
					err := store.InTx(t.Context(), func(tx *models.Tx) error {
						return tx.Append(models.Event{Kind: models.Asked, Class: models.ClassHuman, PartnerID: aoba.ID, PersonID: models.NewID(), OccurredAt: tx.Now().Add(-late)})
					})
					passing.RUnlock()
					if err != nil {
						t.Error(err)
						return
					}
					if r.IntN(3) == 0 {
						passing.Lock()
						now.Add(r.Int64N(14))
						passing.Unlock()
					}
				}
			})
		}
		done := make(chan struct{})
		closed := func() {
			if _, err := store.CloseWeeks(t.Context(), zone(t, "Asia/Tokyo"), 48*time.Hour); err != nil {
				t.Error(err)
			}
		}
		for range 2 {
			counting.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
						closed()
					}
				}
			})
		}
		writing.Wait()
		close(done)
		counting.Wait()
		now.Add(15 * 24)
		closed()
		v, err := store.VerifyWeeks(t.Context(), time.Time{}, time.Time{})
		if err != nil || len(v.Differences) > 0 {
			t.Fatalf("%+v %v", v.Differences, err)
		}
		var told models.Counts
		if err := store.View(t.Context(), func(tx *models.Tx) (err error) { told, err = tx.WeeklySumForTest(); return err }); err != nil {
			t.Fatal(err)
		}
		if told[models.Asked] != writers*each {
			t.Fatalf("%d questions are told, %d were asked", told[models.Asked], writers*each)
		}
	})
}

func TestVerifyFindsATouchedFigure(t *testing.T) {
	dsn := modelstest.DSN(t, "sqlite")
	now := at(t, "2026-11-18T03:00:00Z")
	store := modelstest.Connect(t, "sqlite", dsn, func() time.Time { return now })
	if _, err := store.Seed(t.Context(), models.Seed{Partners: []models.SeedPartner{{Key: "p-aoba", Name: "青葉商事"}}}); err != nil {
		t.Fatal(err)
	}
	err := store.InTx(t.Context(), func(tx *models.Tx) error {
		p, err := tx.PartnerByKey("p-aoba")
		if err != nil {
			return err
		}
		return tx.Append(models.Event{Kind: models.Asked, Class: models.ClassHuman, PartnerID: p.ID})
	})
	if err != nil {
		t.Fatal(err)
	}
	now = now.AddDate(0, 0, 14)
	if n, err := store.CloseWeeks(context.Background(), zone(t, "Asia/Tokyo"), time.Hour); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	db := modelstest.Raw(t, "sqlite", dsn)
	for _, c := range []struct {
		sql  string
		want models.Difference
	}{
		{"UPDATE weekly SET value = 5 WHERE metric = 'asked'", models.Difference{Partner: "p-aoba", Metric: "asked", Stored: 5, Counted: 1}},
		{"DELETE FROM weekly WHERE metric = 'asked'", models.Difference{Partner: "p-aoba", Metric: "asked", Counted: 1}},
		{"INSERT INTO weekly SELECT week_start, partner_id, 1, 'asked', 9 FROM weekly WHERE metric = 'active_people'", models.Difference{Partner: "p-aoba", Metric: "correction.asked", Stored: 9}},
	} {
		if _, err := db.Exec(c.sql); err != nil {
			t.Fatal(err)
		}
		v, err := store.VerifyWeeks(t.Context(), time.Time{}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, d := range v.Differences {
			d.Week = time.Time{}
			found = found || d == c.want
		}
		if !found {
			t.Errorf("%s: %+v", c.sql, v.Differences)
		}
	}
}
