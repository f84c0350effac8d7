package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

func TestDaysOffAreNamedOnTheirPage(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		h.mind.Campaign.Off = map[string]string{"2026-05-05": "こどもの日", "2027-01-01": "元日", "2026-06-15": "2026-06-15"}
		d, other := h.enter(t, "s-ito"), h.enter(t, "s-mori")
		const path = "/staff/holidays/_new"
		for _, one := range []struct{ from, to, name, want string }{
			{"", "", "", `id="f-holiday_from-e">入力してください`},
			{"2026-05-05", "", "連休", `id="f-holiday_from-e">この日は、すでに休業日です`},
			{"2026-12-29", "2026-12-28", "年末", `id="f-holiday_to-e">`},
			{"2026-12-01", "2027-01-01", "長い休み", `id="f-holiday_to-e">一度に登録できるのは31日までです`},
			{"2026-02-30", "", "ない日", `id="f-holiday_from-e">日付「2026-02-30」は読めませんでした`},
		} {
			r, body := d.change(path, "holiday_from", one.from, "holiday_to", one.to, "holiday_name", one.name)
			if r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, one.want) {
				t.Errorf("%v: %d, and the page does not hold %s\n%s", one, r.StatusCode, one.want, changeForm.FindString(body))
			}
		}
		page := d.saves(path, "holiday_from", "2026-12-31", "holiday_to", "2027-01-02", "holiday_name", "年末<年始>")
		if !strings.Contains(page, "2026-12-31（木）") || !strings.Contains(page, "年末&lt;年始&gt;") || !strings.Contains(page, `href="/staff/holidays/2026-12-31"`) || strings.Contains(page, "2027-01-02") {
			t.Error(page)
		}
		for _, want := range []string{"こどもの日", "国民の祝日", "2026-06-15（月）", "設定ファイル"} {
			if !strings.Contains(page, want) {
				t.Errorf("the page of 2026 does not hold %s", want)
			}
		}
		// Who is no admin reads, and changes nothing.
		page = other.see("/staff/holidays?year=2027")
		if !strings.Contains(page, "2027-01-02（土）") || !strings.Contains(page, "元日") || strings.Contains(page, "2026-12-31") || strings.Contains(page, "/staff/holidays/") {
			t.Error(page)
		}
		if other.status(path) != http.StatusForbidden || other.status("/staff/holidays/2027-01-02") != http.StatusForbidden {
			t.Error("somebody who is no admin may change days off")
		}
		d.saves("/staff/holidays/2026-12-31", "holiday_name", "大晦日")
		if r, _ := d.change("/staff/holidays/2027-01-02", "do", "holiday.drop"); r.StatusCode != http.StatusSeeOther {
			t.Error(r.StatusCode)
		}
		if got := d.see("/staff/holidays?year=2027"); strings.Contains(got, "2027-01-02") || !strings.Contains(got, "元日") {
			t.Error(got)
		}
		if d.status("/staff/holidays/2027-01-02") != http.StatusNotFound || d.status("/staff/holidays/2027-01-01") != http.StatusNotFound || d.status("/staff/holidays/x") != http.StatusNotFound {
			t.Error("a day that is not named here can be changed here")
		}
		if got := d.see("/staff/holidays?year=2026"); !strings.Contains(got, "大晦日") || strings.Contains(got, "年末&lt;") {
			t.Error(got)
		}
		// Beside them stand the days of single partners.
		d.saves("/staff/partners/p-aoba/edit", "holidays", "2026-08-13", "workdays", "2026-12-31")
		for _, want := range []string{"2026-08-13（木）", "営業日（ほかが休みでも）", `href="/staff/partners/p-aoba/edit"`} {
			if got := d.see("/staff/holidays?year=2026"); !strings.Contains(got, want) {
				t.Errorf("the page does not hold %s", want)
			}
		}
		if got := other.see("/staff/holidays?year=2026"); strings.Contains(got, "p-aoba/edit") || !strings.Contains(got, `href="/staff/partners/p-aoba"`) {
			t.Error("who may not change a partner is led to its form")
		}
		same(t, "acts", h.acts(t, "holiday."), "holiday.add holiday:2026-12-31,2027-01-02 done", "holiday.change holiday:2026-12-31 done", "holiday.drop holiday:2027-01-02 done")
		same(t, "refusals", h.acts(t, "staff.see"), "staff.see page:holidays refused", "staff.see page:holidays refused")
	})
}

// An answer is promised for a day on which staff work.
func TestAnAnswerIsDueOnAWorkingDay(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		h.mind.Campaign.Window = handlers.Hours{Days: []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}, From: 9*time.Hour + 30*time.Minute, To: 17*time.Hour + 30*time.Minute, Zone: time.UTC}
		h.mind.Campaign.Off = map[string]string{"2031-01-13": "成人の日"}
		friday := time.Date(2031, 1, 10, 16, 0, 0, 0, time.UTC)
		h.ahead.Store(int64(time.Until(friday)))
		rep := h.As("aoba-01").In("direct-aoba-01")
		asks := func(question, due string) {
			t.Helper()
			said(t, rep.Say(question).See(), "担当者に聞く")
			said(t, rep.Press("担当者に聞く").See(), due)
		}
		asks("海外拠点でも契約書の原本は必要でしょうか", "1月14日(火) 12:") // one hour and a half on Friday, none on the national holiday
		d := h.enter(t, "s-ito")
		d.saves("/staff/holidays/_new", "holiday_from", "2031-01-14", "holiday_name", "創立記念日")
		asks("印紙税はどちらが負担しますか", "1月15日(水) 12:")
		if r, _ := d.change("/staff/holidays/2031-01-14", "do", "holiday.drop"); r.StatusCode != http.StatusSeeOther {
			t.Fatal(r.StatusCode)
		}
		asks("検収書の様式は決まっていますか", "1月14日(火) 12:")
		h.within(t, func(tx *models.Tx) error {
			days, err := tx.Days()
			if len(days.Holidays) > 0 {
				t.Error(days)
			}
			return err
		})
	})
}
