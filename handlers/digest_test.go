package handlers_test

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

// lastWeek fills the last week: two questions of 田中, one of which was solved, one
// of a test, and the week before a question of 森川, who then fell silent.
func lastWeek(t *testing.T, h *house) models.Week {
	t.Helper()
	w := models.LastWeek(time.Now(), time.UTC)
	err := h.store.InTx(t.Context(), func(tx *models.Tx) error {
		aoba, err := tx.PersonByKey("aoba-01")
		if err != nil {
			return err
		}
		minami, err := tx.PersonByKey("minami-01")
		if err != nil {
			return err
		}
		act := func(kind string, p models.Person, at time.Time, class string, d models.Detail) models.Event {
			return models.Event{Kind: kind, Class: class, PartnerID: p.PartnerID, PersonID: p.ID, OccurredAt: at, Detail: d}
		}
		seen := act(models.Delivered, aoba, w.Start.Add(time.Hour), "", nil)
		seen.ObjectKind, seen.ObjectKey = "material", "guide"
		open := act(models.Opened, aoba, w.Start.Add(2*time.Hour), models.ClassHuman, nil)
		open.ObjectKind, open.ObjectKey = "material", "guide"
		return tx.Append(
			act(models.Asked, aoba, w.Start, models.ClassHuman, nil),
			act(models.Asked, aoba, w.End.Add(-time.Microsecond), models.ClassHuman, nil),
			act(models.Asked, aoba, w.End, models.ClassHuman, nil),
			act(models.Asked, aoba, w.Start, models.ClassTest, nil),
			act(models.Rated, aoba, w.Start.Add(time.Hour), models.ClassHuman, models.Detail{"solved": 1}),
			act(models.Asked, minami, w.Start.Add(-time.Microsecond), models.ClassHuman, nil),
			seen, open,
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func audience(key, to string) handlers.Audience {
	return handlers.Audience{Key: key, To: to, Schedule: models.Schedule{Day: time.Monday}, Zone: time.UTC}
}

func TestOneDigestPerAudienceAndWeek(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		w := newWorld(t, driver)
		week := lastWeek(t, w.house)
		options := handlers.DigestOptions{Audiences: []handlers.Audience{
			audience("managers", "s-ito"), audience("room", "room:slack:C0STAFF"), audience("wrong", "room:slack:C0AOBA"), audience("nobody", "s-nobody"),
		}}
		var all sync.WaitGroup
		for range 3 { // three processes
			d := w.mind.NewDigests(options)
			all.Go(func() {
				for range 3 {
					if err := d.Due(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		rows := map[string]string{}
		err := w.store.View(t.Context(), func(tx *models.Tx) error {
			told, err := tx.DigestsOf(week.ISO)
			for _, d := range told {
				rows[d.Audience] += d.State + d.ErrorCode + " "
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for audience, want := range map[string]string{"wrong": "failedpartner_room ", "nobody": "failedunknown_person "} {
			if rows[audience] != want {
				t.Errorf("%s: %q, want %q", audience, rows[audience], want)
			}
		}
		texts := func(channel string) (n int) {
			for _, m := range w.slack.Messages(channel) {
				if strings.Contains(m.Text, "週次ダイジェスト") {
					n++
				}
			}
			return n
		}
		wait(t, "the digest in the room", func() bool { return texts("C0STAFF") > 0 })
		time.Sleep(300 * time.Millisecond)
		if n := texts("C0STAFF"); n != 1 {
			t.Errorf("%d digests in the room", n)
		}
		if n := texts("C0AOBA"); n != 0 {
			t.Error("a partner's room got everybody's figures")
		}
	})
}

// dates is what differs between two weeks that say the same.
var dates = regexp.MustCompile(`\d{4}年度.期 第\d+週\(.*\)|\d+月\d+日`)

func TestDigestSaysWhatHappened(t *testing.T) {
	w := newHouse(t, "sqlite")
	week := lastWeek(t, w)
	d := w.mind.NewDigests(handlers.DigestOptions{Audiences: []handlers.Audience{audience("all", "s-ito"), {Key: "sato", To: "s-sato", Zone: time.UTC, Owners: []string{"s-sato"}}}})
	told, err := d.RunNow(t.Context(), time.Now(), "", true)
	if err != nil || len(told) != 2 {
		t.Fatal(told, err)
	}
	all := told[0]
	t.Log(all.Text)
	if all.ISOWeek != week.ISO || all.State != "dry_run" || !all.WeekStart.Equal(week.Start) {
		t.Errorf("%+v", all)
	}
	for key, want := range map[string]int64{"asked": 2, "solved": 1, "active_people": 1, "delivered": 1, "opened": 1, "partners": 2, "partners_silent": 1, "used": 0} {
		if got, ok := all.Figures[key]; !ok || got != want {
			t.Errorf("%s: %d (%v), want %d", key, got, ok, want)
		}
	}
	for _, want := range []string{"動いたこと：動いた人1(前週比±0)、質問2(前週比+1)", "止まったこと：前の週は動き、この週は動きのない代理店1社", "決めること：南海システムにどう声をかけるか(担当：販促企画部 佐藤)",
		"・南海システム(動いた人0人／登録1人", "・商談登録ガイド：1→1→0→0→0"} {
		if !strings.Contains(all.Text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	// docs/digest.md shows this very text; only days and weeks are others by now.
	page, err := os.ReadFile("../docs/digest.md")
	if err != nil {
		t.Fatal(err)
	}
	_, sample, _ := strings.Cut(string(page), "```text\n")
	sample, _, _ = strings.Cut(sample, "\n```")
	undated := func(text string) string { return dates.ReplaceAllString(text, "…") }
	if undated(sample) != undated(strings.TrimSpace(all.Text)) {
		t.Errorf("docs/digest.md shows another digest than\n%s", all.Text)
	}
	for address, want := range map[string]int{all.Chart: 200, strings.Replace(all.Chart, "trend-ja-", "trend-en-", 1): 404, all.Chart + "x": 404} {
		r, err := http.Get(w.url + strings.TrimPrefix(address, "https://akari.test"))
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
		if r.StatusCode != want || want == 200 && (r.Header.Get("Content-Type") != "image/png" || r.Header.Get("Set-Cookie") != "") {
			t.Errorf("%s: %d %v", address, r.StatusCode, r.Header)
		}
	}
	if strings.Contains(all.Text, "一人に頼っている代理店") {
		t.Error("four acts are read as hanging on one person")
	}
	if row := all.Partners[0]; row["partner_key"] == "" || len(row) != len(models.Figures)+1 {
		t.Errorf("%+v", row)
	}
	sato := told[1]
	if sato.Figures["partners"] != 1 || sato.Figures["asked"] != 0 || !strings.Contains(sato.Text, "記録された動きがありませんでした") || strings.Contains(sato.Text, "青葉商事") {
		t.Errorf("%+v\n%s", sato.Figures, sato.Text)
	}
	if again, err := d.RunNow(t.Context(), time.Now(), "", true); err != nil || again[0].Text != all.Text {
		t.Error("a dry run left something behind")
	}
	if _, err := d.RunNow(t.Context(), time.Now(), "nobody", true); err == nil {
		t.Error("an unknown audience was told something")
	}
}

// What came in after a digest was sent is told in the next one.
func TestDigestCorrectsItsPredecessor(t *testing.T) {
	w := newHouse(t, "sqlite")
	week := lastWeek(t, w)
	d := w.mind.NewDigests(handlers.DigestOptions{Audiences: []handlers.Audience{audience("all", "s-ito")}})
	if told, err := d.RunNow(t.Context(), week.End, "", false); err != nil || told[0].State == "" {
		t.Fatal(told, err)
	}
	err := w.store.InTx(t.Context(), func(tx *models.Tx) error {
		p, err := tx.PersonByKey("aoba-02")
		if err != nil {
			return err
		}
		return tx.Append(models.Event{Kind: models.Asked, Class: models.ClassHuman, PartnerID: p.PartnerID, PersonID: p.ID, OccurredAt: week.Start.Add(time.Hour)})
	})
	if err != nil {
		t.Fatal(err)
	}
	next, err := d.RunNow(t.Context(), week.End.AddDate(0, 0, 7), "", true)
	if err != nil {
		t.Fatal(err)
	}
	if want := "・質問：前号では2とお伝えしましたが、その後の記録を加えると3です"; !strings.Contains(next[0].Text, want) {
		t.Errorf("%q is missing in\n%s", want, next[0].Text)
	}
}

// A digest that had nowhere to go can be asked for again once it has; the clock
// does not try again by itself.
func TestDigestThatHadNowhereToGo(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		w := newWorld(t, driver)
		week := lastWeek(t, w.house)
		run := func(to string, clock bool) string {
			t.Helper()
			d := w.mind.NewDigests(handlers.DigestOptions{Audiences: []handlers.Audience{audience("managers", to)}})
			if clock {
				if err := d.Due(t.Context()); err != nil {
					t.Fatal(err)
				}
			} else if _, err := d.RunNow(t.Context(), time.Now(), "", false); err != nil {
				t.Fatal(err)
			}
			state := ""
			err := w.store.View(t.Context(), func(tx *models.Tx) error {
				told, err := tx.DigestsOf(week.ISO)
				for _, x := range told {
					state += x.State
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return state
		}
		for i, step := range []struct {
			to    string
			clock bool
			want  string
		}{{"s-nobody", true, models.DigestFailed}, {"s-ito", true, models.DigestFailed}, {"s-ito", false, models.DigestQueued}, {"s-nobody", false, models.DigestQueued}} {
			if got := run(step.to, step.clock); got != step.want {
				t.Errorf("step %d: %s, want %s", i, got, step.want)
			}
		}
	})
}

func TestWorkingTimeBetween(t *testing.T) {
	tokyo, _ := time.LoadLocation("Asia/Tokyo")
	h := handlers.Calendar{Hours: handlers.Hours{Days: []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}, From: 9*time.Hour + 30*time.Minute, To: 17*time.Hour + 30*time.Minute, Zone: tokyo},
		Off: handlers.JapaneseHolidays(), Own: map[string]bool{"2026-11-25": true}}
	at := func(s string) time.Time {
		m, err := time.ParseInLocation("2006-01-02 15:04", s, tokyo)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for _, c := range []struct {
		from, to string
		want     time.Duration
	}{
		{"2026-11-20 10:00", "2026-11-20 11:30", 90 * time.Minute},
		{"2026-11-20 17:00", "2026-11-24 10:00", time.Hour}, // Friday, over 勤労感謝の日, to Tuesday
		{"2026-11-24 17:00", "2026-11-26 10:00", time.Hour}, // over a day on which the partner rests
		{"2026-11-13 17:00", "2026-11-16 10:00", time.Hour}, // Friday to Monday
		{"2026-11-21 10:00", "2026-11-22 10:00", 0},
		{"2026-11-20 08:00", "2026-11-20 20:00", 8 * time.Hour},
		{"2026-11-20 11:00", "2026-11-20 10:00", 0},
	} {
		if got := h.Between(at(c.from), at(c.to)); got != c.want {
			t.Errorf("%s – %s: %v, want %v", c.from, c.to, got, c.want)
		}
	}
}
