package models_test

import (
	"testing"
	"time"

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

func at(t *testing.T, text string) time.Time {
	t.Helper()
	m, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The boundaries are computed by hand from the zones' published changes.
func TestWeekBoundaries(t *testing.T) {
	for _, c := range []struct{ name, zone, in, start, end, iso string }{
		{"Tokyo", "Asia/Tokyo", "2026-11-25T03:00:00Z", "2026-11-22T15:00:00Z", "2026-11-29T15:00:00Z", "2026-W48"},
		{"New York, clocks go forward: 167 h", "America/New_York", "2026-03-08T12:00:00Z", "2026-03-02T05:00:00Z", "2026-03-09T04:00:00Z", "2026-W10"},
		{"New York, clocks go back: 169 h", "America/New_York", "2026-11-01T12:00:00Z", "2026-10-26T04:00:00Z", "2026-11-02T05:00:00Z", "2026-W44"},
		{"London, forward", "Europe/London", "2026-03-29T12:00:00Z", "2026-03-23T00:00:00Z", "2026-03-29T23:00:00Z", "2026-W13"},
		{"London, back", "Europe/London", "2026-10-25T12:00:00Z", "2026-10-18T23:00:00Z", "2026-10-26T00:00:00Z", "2026-W43"},
		{"Lord Howe, half an hour back", "Australia/Lord_Howe", "2026-04-05T00:00:00Z", "2026-03-29T13:00:00Z", "2026-04-05T13:30:00Z", "2026-W14"},
		{"Lord Howe, half an hour forward", "Australia/Lord_Howe", "2026-10-04T00:00:00Z", "2026-09-27T13:30:00Z", "2026-10-04T13:00:00Z", "2026-W40"},
		{"Kathmandu, +05:45", "Asia/Kathmandu", "2026-11-25T03:00:00Z", "2026-11-22T18:15:00Z", "2026-11-29T18:15:00Z", "2026-W48"},
		{"Apia, a week of six days", "Pacific/Apia", "2011-12-28T12:00:00Z", "2011-12-26T10:00:00Z", "2012-01-01T10:00:00Z", "2011-W52"},
		{"the year's 53rd week", "Asia/Tokyo", "2027-01-01T00:00:00Z", "2026-12-27T15:00:00Z", "2027-01-03T15:00:00Z", "2026-W53"},
		{"the next year's first", "Asia/Tokyo", "2027-01-03T15:00:00Z", "2027-01-03T15:00:00Z", "2027-01-10T15:00:00Z", "2027-W01"},
		{"a microsecond before", "Asia/Tokyo", "2027-01-03T14:59:59.999999Z", "2026-12-27T15:00:00Z", "2027-01-03T15:00:00Z", "2026-W53"},
	} {
		t.Run(c.name, func(t *testing.T) {
			z := zone(t, c.zone)
			w := models.WeekOf(at(t, c.in), z)
			if !w.Start.Equal(at(t, c.start)) || !w.End.Equal(at(t, c.end)) || w.ISO != c.iso {
				t.Errorf("%v – %v %s", w.Start, w.End, w.ISO)
			}
			if b := w.Before(z); !b.End.Equal(w.Start) || b.After(z) != w {
				t.Errorf("the week before ends at %v", b.End)
			}
			if a := w.After(z); !a.Start.Equal(w.End) {
				t.Errorf("the week after begins at %v", a.Start)
			}
		})
	}
}

// Every moment of 60 years lies in exactly one week, and weeks leave no hole.
func TestWeeksLeaveNoHole(t *testing.T) {
	for _, name := range []string{"Asia/Tokyo", "America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "Asia/Beirut", "America/Havana", "America/Asuncion"} {
		z := zone(t, name)
		w := models.WeekOf(at(t, "1990-01-03T00:00:00Z"), z)
		for range 52 * 60 {
			next := w.After(z)
			if !next.Start.Equal(w.End) || models.WeekOf(w.End.Add(-time.Microsecond), z) != w || models.WeekOf(w.End, z) != next {
				t.Fatalf("%s: %v, then %v", name, w, next)
			}
			if l := w.Start.In(z); l.Weekday() != time.Monday {
				t.Fatalf("%s: %v begins on a %s", name, w, l.Weekday())
			}
			w = next
		}
	}
}

func TestDigestDue(t *testing.T) {
	monday9 := models.Schedule{Day: time.Monday, At: 9 * time.Hour}
	for _, c := range []struct {
		name, zone string
		s          models.Schedule
		last, now  string
		week       string
		due        bool
	}{
		{"never told, on the dot", "Asia/Tokyo", monday9, "", "2026-11-23T00:00:00Z", "2026-W47", true},
		{"a microsecond early", "Asia/Tokyo", monday9, "2026-W46", "2026-11-22T23:59:59.999999Z", "2026-W46", false},
		{"a microsecond late", "Asia/Tokyo", monday9, "2026-W46", "2026-11-23T00:00:00.000001Z", "2026-W47", true},
		{"told", "Asia/Tokyo", monday9, "2026-W47", "2026-11-23T00:00:05Z", "2026-W47", false},
		{"told, the clock went back", "Asia/Tokyo", monday9, "2026-W47", "2026-11-22T23:00:00Z", "2026-W46", false},
		{"late by days", "Asia/Tokyo", monday9, "2026-W46", "2026-11-29T14:59:59Z", "2026-W47", true},
		{"after a standstill only the newest", "Asia/Tokyo", monday9, "2026-W30", "2026-11-25T00:00:00Z", "2026-W47", true},
		{"the 53rd week", "Asia/Tokyo", monday9, "2026-W52", "2027-01-04T00:00:00Z", "2026-W53", true},
		{"after the 53rd", "Asia/Tokyo", monday9, "2026-W53", "2027-01-11T00:00:00Z", "2027-W01", true},
		{"not twice over the year's end", "Asia/Tokyo", monday9, "2027-W01", "2027-01-11T00:00:01Z", "2027-W01", false},
		{"New York, the Monday after clocks went forward", "America/New_York", monday9, "2026-W09", "2026-03-09T13:00:00Z", "2026-W10", true},
		{"… and a microsecond before", "America/New_York", monday9, "2026-W09", "2026-03-09T12:59:59.999999Z", "2026-W09", false},
		{"New York, the Monday after clocks went back", "America/New_York", monday9, "2026-W43", "2026-11-02T14:00:00Z", "2026-W44", true},
		{"… and a microsecond before", "America/New_York", monday9, "2026-W43", "2026-11-02T13:59:59.999999Z", "2026-W43", false},
		{"a time that clocks skip is when they jump", "America/New_York", models.Schedule{Day: time.Sunday, At: 2*time.Hour + 30*time.Minute}, "2026-W08", "2026-03-08T07:00:00Z", "2026-W09", true},
		{"… not before", "America/New_York", models.Schedule{Day: time.Sunday, At: 2*time.Hour + 30*time.Minute}, "2026-W08", "2026-03-08T06:59:59.999999Z", "2026-W08", false},
		{"a time shown twice is the first", "America/New_York", models.Schedule{Day: time.Sunday, At: 90 * time.Minute}, "2026-W42", "2026-11-01T05:30:00Z", "2026-W43", true},
		{"… and not again at the second", "America/New_York", models.Schedule{Day: time.Sunday, At: 90 * time.Minute}, "2026-W43", "2026-11-01T06:30:00Z", "2026-W43", false},
		{"London back", "Europe/London", monday9, "2026-W42", "2026-10-26T09:00:00Z", "2026-W43", true},
		{"Lord Howe forward", "Australia/Lord_Howe", monday9, "2026-W39", "2026-10-04T22:00:00Z", "2026-W40", true},
		{"… a microsecond before", "Australia/Lord_Howe", monday9, "2026-W39", "2026-10-04T21:59:59.999999Z", "2026-W39", false},
		{"Kathmandu", "Asia/Kathmandu", monday9, "2026-W46", "2026-11-23T03:15:00Z", "2026-W47", true},
		{"… a microsecond before", "Asia/Kathmandu", monday9, "2026-W46", "2026-11-23T03:14:59.999999Z", "2026-W46", false},
		{"Apia, on the day that there was not: told on the next", "Pacific/Apia", models.Schedule{Day: time.Friday, At: 9 * time.Hour}, "2011-W50", "2011-12-30T10:00:00Z", "2011-W51", true},
		{"midnight on Monday covers the week just over", "Asia/Tokyo", models.Schedule{Day: time.Monday}, "2026-W46", "2026-11-22T15:00:00Z", "2026-W47", true},
		{"Sunday evening covers the week before", "Asia/Tokyo", models.Schedule{Day: time.Sunday, At: 23 * time.Hour}, "2026-W45", "2026-11-22T14:00:00Z", "2026-W46", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, due := models.DigestDue(c.last, c.s, zone(t, c.zone), at(t, c.now))
			if w.ISO != c.week || due != c.due {
				t.Errorf("%s, due %v", w.ISO, due)
			}
		})
	}
}

func TestHalfYears(t *testing.T) {
	tokyo := zone(t, "Asia/Tokyo")
	for _, c := range []struct {
		day   string
		month int
		want  models.HalfYear
	}{
		{"2026-11-18", 4, models.HalfYear{Year: 2026, Second: true, Week: 8}},
		{"2026-09-30", 4, models.HalfYear{Year: 2026, Second: true, Week: 1}}, // its Thursday is 1 October
		{"2026-09-25", 4, models.HalfYear{Year: 2026, Week: 26}},
		{"2026-04-02", 4, models.HalfYear{Year: 2026, Week: 1}},
		{"2027-03-31", 4, models.HalfYear{Year: 2027, Week: 1}}, // its Thursday is 1 April
		{"2027-01-01", 4, models.HalfYear{Year: 2026, Second: true, Week: 14}},
		{"2026-12-31", 1, models.HalfYear{Year: 2026, Second: true, Week: 27}},
		{"2027-01-07", 1, models.HalfYear{Year: 2027, Week: 1}},
		{"2026-11-18", 10, models.HalfYear{Year: 2026, Week: 8}},
	} {
		day, _ := time.ParseInLocation(time.DateOnly, c.day, tokyo)
		if got := models.HalfOf(models.WeekOf(day, tokyo), tokyo, c.month); got != c.want {
			t.Errorf("%s from month %d: %+v, want %+v", c.day, c.month, got, c.want)
		}
	}
}
