package models

import (
	"fmt"
	"time"
)

// Week is a local week, Monday 00:00 to the next Monday 00:00, as moments.
// It has 167 or 169 hours where clocks change, and a day less where a country
// skipped one.
type Week struct {
	Start, End time.Time // UTC; End is not part of it
	ISO        string    // 2026-W53, after the year of its Thursday
}

// WeekOf answers the week of a zone in which a moment lies.
func WeekOf(t time.Time, zone *time.Location) Week {
	local := t.In(zone)
	back := (int(local.Weekday()) + 6) % 7 // days since Monday
	return weekFrom(local.Year(), local.Month(), local.Day()-back, zone)
}

func weekFrom(year int, month time.Month, day int, zone *time.Location) Week {
	y, w := time.Date(year, month, day, 12, 0, 0, 0, time.UTC).ISOWeek()
	return Week{
		Start: wallTime(year, month, day, 0, zone).UTC(), End: wallTime(year, month, day+7, 0, zone).UTC(),
		ISO: fmt.Sprintf("%04d-W%02d", y, w),
	}
}

// Before is the week before in the same zone.
func (w Week) Before(zone *time.Location) Week {
	local := w.Start.Add(12 * time.Hour).In(zone) // Monday noon: beyond any change of clocks at midnight
	return weekFrom(local.Year(), local.Month(), local.Day()-7, zone)
}

// After is the week after in the same zone.
func (w Week) After(zone *time.Location) Week {
	local := w.Start.Add(12 * time.Hour).In(zone)
	return weekFrom(local.Year(), local.Month(), local.Day()+7, zone)
}

// LastWeek is the last week that was over at a moment.
func LastWeek(now time.Time, zone *time.Location) Week { return WeekOf(now, zone).Before(zone) }

// wallTime is the moment at which the clocks of a zone show a time of day. A time
// that the clocks skip is the moment they jump; one they show twice is the
// first: time.Date promises neither.
func wallTime(year int, month time.Month, day int, sinceMidnight time.Duration, zone *time.Location) time.Time {
	h, m := int(sinceMidnight/time.Hour), int(sinceMidnight%time.Hour/time.Minute)
	want := time.Date(year, month, day, h, m, 0, 0, time.UTC) // as a plain date and time
	t := time.Date(want.Year(), want.Month(), want.Day(), want.Hour(), want.Minute(), 0, 0, zone)
	start, end := t.ZoneBounds()
	switch shown := plain(t); {
	case shown.Before(want) && !end.IsZero():
		return end
	case shown.After(want) && !start.IsZero():
		return start
	}
	if !start.IsZero() {
		_, before := start.Add(-time.Nanosecond).Zone()
		if first := want.Add(-time.Duration(before) * time.Second); first.Before(start) {
			return first.In(zone)
		}
	}
	return t
}

// plain is what the clocks show, as if it were UTC.
func plain(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// HalfYear is a week's place in the vendor's fiscal year. A week belongs to the
// half in which its Thursday lies, as an ISO week to a year.
type HalfYear struct {
	Year   int  // in which the fiscal year begins
	Second bool // 下期
	Week   int  // from 1
}

// HalfOf answers the half-year of a week. startMonth is when the fiscal year
// begins, 1 to 12.
func HalfOf(w Week, zone *time.Location, startMonth int) HalfYear {
	local := w.Start.Add(12 * time.Hour).In(zone)
	thursday := time.Date(local.Year(), local.Month(), local.Day()+3, 0, 0, 0, 0, time.UTC)
	since := (int(thursday.Month()) - startMonth + 12) % 12 // months since the fiscal year began
	year := thursday.Year()
	if int(thursday.Month()) < startMonth {
		year--
	}
	begin := time.Date(year, time.Month(startMonth+since/6*6), 1, 0, 0, 0, 0, time.UTC)
	first := begin.AddDate(0, 0, (int(time.Thursday)-int(begin.Weekday())+7)%7) // its first Thursday
	return HalfYear{Year: year, Second: since >= 6, Week: int(thursday.Sub(first)/(7*24*time.Hour)) + 1}
}
