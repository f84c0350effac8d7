package handlers

import (
	"testing"
	"time"
	_ "time/tzdata" // zones also where the machine has none

	"akari/models"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// office is the shipped window in a zone, with Japan's holidays and the day 2026-12-29.
func office(t *testing.T, zoneName string) Calendar {
	off := JapaneseHolidays()
	off["2026-12-29"] = "extra"
	return Calendar{Off: off, Hours: Hours{Days: []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday},
		From: 9*time.Hour + 30*time.Minute, To: 17*time.Hour + 30*time.Minute, Zone: zone(t, zoneName)}}
}

func at(t *testing.T, c Calendar, text string) time.Time {
	t.Helper()
	for _, form := range []string{"2006-01-02 15:04:05.999999", "2006-01-02 15:04"} {
		if m, err := time.ParseInLocation(form, text, c.Zone); err == nil {
			return m
		}
	}
	t.Fatalf("no moment: %s", text)
	return time.Time{}
}

func TestNextOpening(t *testing.T) {
	for _, c := range []struct{ name, zone, from, want string }{
		{"inside", "Asia/Tokyo", "2026-12-01 10:00", "2026-12-01 10:00"},
		{"the first moment", "Asia/Tokyo", "2026-12-01 09:30", "2026-12-01 09:30"},
		{"a microsecond before", "Asia/Tokyo", "2026-12-01 09:29:59.999999", "2026-12-01 09:30"},
		{"the last moment", "Asia/Tokyo", "2026-12-01 17:29:59.999999", "2026-12-01 17:29:59.999999"},
		{"the end is not included", "Asia/Tokyo", "2026-12-01 17:30", "2026-12-02 09:30"},
		{"Friday evening", "Asia/Tokyo", "2026-12-04 18:00", "2026-12-07 09:30"},
		{"Sunday", "Asia/Tokyo", "2026-12-06 12:00", "2026-12-07 09:30"},
		{"a national holiday", "Asia/Tokyo", "2026-11-23 10:00", "2026-11-24 09:30"},
		{"three days off between two holidays", "Asia/Tokyo", "2026-09-18 17:30", "2026-09-24 09:30"}, // 敬老の日, 休日, 秋分の日
		{"an extra day", "Asia/Tokyo", "2026-12-28 17:30", "2026-12-30 09:30"},
		{"new year", "Asia/Tokyo", "2026-12-31 17:30", "2027-01-04 09:30"},
		{"Golden Week", "Asia/Tokyo", "2027-04-28 18:00", "2027-04-30 09:30"},
		{"clocks go forward: the wall's half past nine", "America/New_York", "2026-03-06 18:00", "2026-03-09 09:30"},
		{"clocks go back", "America/New_York", "2026-10-30 18:00", "2026-11-02 09:30"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cal := office(t, c.zone)
			from, want := at(t, cal, c.from), at(t, cal, c.want)
			got := cal.Next(from)
			if !got.Equal(want) {
				t.Fatalf("after %s comes %s, want %s", from, got.In(cal.Zone), want)
			}
			if !cal.Open(got) {
				t.Fatal("and that is not open")
			}
			if cal.Open(from) != from.Equal(want) {
				t.Fatal("Open and Next contradict each other")
			}
		})
	}
}

func TestWindowIsTheSameInEveryZone(t *testing.T) {
	// The moments of a whole year, an hour apart: open means the wall says so.
	for _, name := range []string{"Asia/Tokyo", "America/New_York", "Europe/London", "Australia/Lord_Howe", "Pacific/Apia"} {
		cal := office(t, name)
		begin := at(t, cal, "2026-01-01 00:00")
		for h := range 366 * 24 {
			m := begin.Add(time.Duration(h)*time.Hour + 17*time.Minute)
			local := m.In(cal.Zone)
			minute := local.Hour()*60 + local.Minute()
			_, holiday := cal.Off[local.Format(time.DateOnly)]
			want := minute >= 570 && minute < 1050 && local.Weekday() != time.Saturday && local.Weekday() != time.Sunday && !holiday
			if cal.Open(m) != want {
				t.Fatalf("%s: open is %v at %s", name, cal.Open(m), local)
			}
			if n := cal.Next(m); !cal.Open(n) || n.Before(m) {
				t.Fatalf("%s: after %s comes %s", name, local, n)
			}
		}
	}
}

func TestPartnersOwnDays(t *testing.T) {
	cal := office(t, "Asia/Tokyo")
	cal.Own = map[string]bool{"2026-12-02": true, "2026-11-23": false} // rests on a Wednesday, works on a holiday
	if got, want := cal.Next(at(t, cal, "2026-12-02 10:00")), at(t, cal, "2026-12-03 09:30"); !got.Equal(want) {
		t.Fatalf("its day off: %s", got)
	}
	if m := at(t, cal, "2026-11-23 10:00"); !cal.Open(m) {
		t.Fatal("it works on that holiday")
	}
}

func TestHolidaysAreTheNations(t *testing.T) {
	days := JapaneseHolidays()
	for day, name := range map[string]string{"2019-05-01": "", "2020-07-24": "スポーツの日", "2021-07-23": "スポーツの日", "2026-09-22": "休日", "2026-05-06": "", "2037-09-22": "", "2043-09-22": "", "2049-09-21": "", "2050-11-23": "勤労感謝の日"} {
		if got, ok := days[day]; !ok || name != "" && got != name {
			t.Errorf("%s is %q (%v), want %q", day, got, ok, name)
		}
	}
	for _, day := range []string{"2020-10-12", "2021-10-11", "2026-12-24"} { // the moved one of 2020 and 2021
		if name, ok := days[day]; ok {
			t.Errorf("%s is no holiday, but %s", day, name)
		}
	}
	if len(days) != 574 {
		t.Errorf("%d days, want 574", len(days))
	}
}

func TestReminders(t *testing.T) {
	cal := office(t, "Asia/Tokyo")
	for _, c := range []struct {
		name, started, deadline string
		reminders               int
		want                    []string
		tell                    string
	}{
		{"before and after the deadline", "2026-12-01 10:00", "2026-12-08 23:59", 2, []string{"2026-12-07 09:30", "2026-12-09 09:30"}, "2026-12-10 09:30"},
		{"one: before it", "2026-12-01 10:00", "2026-12-08 23:59", 1, []string{"2026-12-07 09:30"}, "2026-12-09 09:30"},
		{"none: the owner is told after the deadline", "2026-12-01 10:00", "2026-12-08 23:59", 0, nil, "2026-12-09 09:30"},
		{"a deadline on Saturday", "2026-12-01 10:00", "2026-12-05 23:59", 2, []string{"2026-12-04 09:30", "2026-12-07 09:30"}, "2026-12-08 09:30"},
		{"a deadline on the day itself", "2026-12-01 10:00", "2026-12-01 23:59", 2, []string{"2026-12-02 09:30", "2026-12-03 09:30"}, "2026-12-04 09:30"},
		{"no deadline", "2026-12-01 10:00", "", 2, []string{"2026-12-04 09:30", "2026-12-09 09:30"}, "2026-12-10 09:30"},
		{"over new year", "2026-12-28 10:00", "", 1, []string{"2027-01-04 09:30"}, "2027-01-05 09:30"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var deadline time.Time
			if c.deadline != "" {
				deadline = at(t, cal, c.deadline)
			}
			got, tell := deadlinePlan(at(t, cal, c.started), deadline, c.reminders, cal)
			if len(got) != len(c.want) {
				t.Fatalf("%d reminders, want %d", len(got), len(c.want))
			}
			for i, want := range c.want {
				if !got[i].Equal(at(t, cal, want)) {
					t.Errorf("reminder %d is due %s, want %s", i+1, got[i].In(cal.Zone), want)
				}
			}
			if !tell.Equal(at(t, cal, c.tell)) {
				t.Errorf("the owner is told %s, want %s", tell.In(cal.Zone), c.tell)
			}
		})
	}
}

func TestAJumpOfTheClockSendsOneReminderADay(t *testing.T) {
	cal := office(t, "Asia/Tokyo")
	started := at(t, cal, "2026-12-01 10:00")
	remind, _ := deadlinePlan(started, at(t, cal, "2026-12-08 23:59"), 2, cal)
	now := at(t, cal, "2026-12-21 10:00") // both are long due
	begun := []models.StepRow{{Step: 0, BeganAt: started}}
	if got := dueSteps(now, nil, remind, begun, cal); len(got) != 1 || got[0] != models.ReminderStep(1) {
		t.Fatalf("begins %v", got)
	}
	begun = append(begun, models.StepRow{Step: models.ReminderStep(1), BeganAt: now})
	if got := dueSteps(now.Add(time.Hour), nil, remind, begun, cal); len(got) != 0 {
		t.Fatalf("begins %v on the same day", got)
	}
	if got := dueSteps(at(t, cal, "2026-12-22 09:30"), nil, remind, begun, cal); len(got) != 1 || got[0] != models.ReminderStep(2) {
		t.Fatalf("begins %v on the next", got)
	}
}

func TestMarkdownBecomesPlainText(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"emphasis", "**新しい**価格表と*手引き*です。", "新しい価格表と手引きです。"},
		{"list", "次の点です。\n\n- 一つ\n- 二つ\n  - 内訳\n", "次の点です。\n\n・一つ\n・二つ\n　・内訳"},
		{"numbers", "3. 三\n4. 四", "3. 三\n4. 四"},
		{"heading", "# 見出し\n本文", "見出し\n\n本文"},
		{"link", "[手引き](https://example.com/a)と<https://example.com>", "手引き (https://example.com/a)とhttps://example.com"},
		{"line break", "一行目\n二行目", "一行目\n二行目"},
		{"HTML stays letters", "<script>alert(1)</script>", "<script>alert(1)</script>"},
		{"code", "`a*b*c`\n\n```\nx  y\n```", "a*b*c\n\nx  y"},
		{"quote", "> 引用\n> 続き", "｜引用\n｜続き"},
		{"nothing", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := plain(c.in); got != c.want {
				t.Fatalf("%q becomes %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func FuzzMarkdown(f *testing.F) {
	f.Add("**a** [b](c)\n- d\n> e")
	f.Fuzz(func(t *testing.T, s string) {
		out := plain(s)
		if len(out) > 20*len(s)+100 {
			t.Fatalf("%d bytes became %d", len(s), len(out))
		}
	})
}

func TestWorkGoesOnOnlyInsideTheWindow(t *testing.T) {
	cal := office(t, "Asia/Tokyo")
	if got, want := cal.After(at(t, cal, "2026-12-04 17:00"), time.Hour), at(t, cal, "2026-12-07 10:00"); !got.Equal(want) {
		t.Fatalf("ends %s, want %s", got.In(cal.Zone), want)
	}
	if got, want := (Calendar{}).After(at(t, cal, "2026-12-04 17:00"), time.Hour), at(t, cal, "2026-12-04 18:00"); !got.Equal(want) {
		t.Fatalf("with the window set aside it ends %s, want %s", got.In(cal.Zone), want)
	}
}
