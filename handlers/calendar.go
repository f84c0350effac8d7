package handlers

import (
	_ "embed"
	"slices"
	"strings"
	"time"

	"akari/models"
)

// holidaysJP is Japan's national holidays, one a line: "2026-01-01 元日".
// holidays/make.sh makes it.
//
//go:embed holidays/jp.txt
var holidaysJP string

// JapaneseHolidays are Japan's national holidays by day, from 2019 to 2050.
func JapaneseHolidays() map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(holidaysJP) {
		if day, name, ok := strings.Cut(strings.TrimSpace(line), " "); ok && day != "#" {
			out[day] = name
		}
	}
	return out
}

// Hours is when people work: the campaign window of the configuration.
type Hours struct {
	Days []time.Weekday
	From time.Duration // since midnight
	To   time.Duration
	Zone *time.Location
}

// wall is a time of day on a day, also on days when clocks change.
func wall(day time.Time, d time.Duration) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), int(d/time.Hour), int(d%time.Hour/time.Minute), 0, 0, day.Location())
}

// Calendar says when somebody works, and so may be written to: a window of the day, on
// some days of the week, in a zone, but not on days off. Pure.
type Calendar struct {
	Hours
	Off      map[string]string // days off for everybody, by "2006-01-02": of the configuration
	Holidays map[string]string // and of the rows
	Own      map[string]bool   // this reader's own days: true = off, false = works although others rest
}

// calendars are those of the vendor and of some partners, with the days off that hold now.
type calendars struct {
	h    *Handlers
	days models.Days
}

// calendars looks at the days off; partners are those whose calendars are wanted. They are
// read whenever they are needed, so what staff change holds at once in every process.
func (h *Handlers) calendars(tx *models.Tx, partners ...models.ID) (calendars, error) {
	days, err := tx.Days(partners...)
	return calendars{h, days}, err
}

// vendor is when the vendor works.
func (c calendars) vendor() Calendar {
	cal := Calendar{Hours: c.h.Campaign.Window, Off: c.h.Campaign.Off, Holidays: c.days.Holidays}
	cal.Zone = c.h.Vendor.Zone
	return cal
}

// partner is the window as a partner lives it.
func (c calendars) partner(p models.Partner) Calendar {
	cal := c.vendor()
	if p.TimeZone != "" {
		if zone, err := time.LoadLocation(p.TimeZone); err == nil {
			cal.Zone = zone
		}
	}
	cal.Own = c.days.Own[p.ID]
	return cal
}

// office is when staff work for a partner: not on the days on which it rests. Days on
// which it works although others rest are no working days of ours.
func (c calendars) office(partner models.ID) Calendar {
	cal := c.vendor()
	cal.Own = map[string]bool{}
	for day, closed := range c.days.Own[partner] {
		if closed {
			cal.Own[day] = true
		}
	}
	return cal
}

// Open tells whether a moment lies inside the window. The end is not included.
func (c Calendar) Open(at time.Time) bool {
	from, to, works := c.window(at)
	return works && !at.Before(from) && at.Before(to)
}

// window is the window of the day on which at lies in the calendar's zone.
func (c Calendar) window(at time.Time) (from, to time.Time, works bool) {
	local := at.In(c.Zone)
	day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, c.Zone)
	return wall(day, c.From), wall(day, c.To), c.worksOn(day)
}

func (c Calendar) worksOn(day time.Time) bool {
	name := day.Format(time.DateOnly)
	if off, own := c.Own[name]; own {
		return !off
	}
	return !c.off(name) && slices.Contains(c.Days, day.Weekday())
}

// off tells whether everybody rests on a day.
func (c Calendar) off(day string) bool {
	_, off := c.Off[day]
	_, holiday := c.Holidays[day]
	return off || holiday
}

// farAhead is how many days are looked through for one that works.
const farAhead = 800

// Next answers the first moment, from at on, that is inside the window; at itself
// when that is. A calendar without any working day answers at.
func (c Calendar) Next(at time.Time) time.Time {
	if c.Zone == nil || len(c.Days) == 0 || c.To <= c.From {
		return at
	}
	local := at.In(c.Zone)
	for i := range farAhead {
		day := time.Date(local.Year(), local.Month(), local.Day()+i, 0, 0, 0, 0, c.Zone)
		from, to, works := c.window(day)
		switch {
		case !works || !at.Before(to):
		case at.Before(from):
			return from.UTC()
		default:
			return at
		}
	}
	return at
}

// Plus answers the opening of the nth working day after the day of at; n may be
// negative.
func (c Calendar) Plus(at time.Time, n int) time.Time {
	if c.Zone == nil || len(c.Days) == 0 {
		return at.AddDate(0, 0, n)
	}
	local := at.In(c.Zone)
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	for i := step; i < farAhead && i > -farAhead; i += step {
		day := time.Date(local.Year(), local.Month(), local.Day()+i, 0, 0, 0, 0, c.Zone)
		if c.worksOn(day) {
			if n--; n == 0 {
				return wall(day, c.From).UTC()
			}
		}
	}
	return at
}

// After answers when work of this length ends that begins at a moment and goes on only
// inside the window. Without any working time that is simply the sum.
func (c Calendar) After(at time.Time, d time.Duration) time.Time {
	if c.Zone == nil || len(c.Days) == 0 || c.To <= c.From {
		return at.Add(d)
	}
	local := at.In(c.Zone)
	left := d
	for i := range farAhead {
		day := time.Date(local.Year(), local.Month(), local.Day()+i, 0, 0, 0, 0, c.Zone)
		open, shut, works := c.window(day)
		if !works || !at.Before(shut) {
			continue
		}
		if open.Before(at) {
			open = at
		}
		if has := shut.Sub(open); left > has {
			left -= has
			continue
		}
		return open.Add(left).UTC()
	}
	return at.Add(d)
}

// Between answers how much working time lies between two moments. A calendar
// without any working day answers simply the time between them.
func (c Calendar) Between(from, to time.Time) time.Duration {
	if len(c.Days) == 0 || c.To <= c.From || c.Zone == nil {
		return max(0, to.Sub(from))
	}
	var sum time.Duration
	local := from.In(c.Zone)
	for day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, c.Zone); day.Before(to); day = time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, c.Zone) {
		open, shut, works := c.window(day)
		if !works {
			continue
		}
		if open.Before(from) {
			open = from
		}
		if shut.After(to) {
			shut = to
		}
		sum += max(0, shut.Sub(open))
	}
	return sum
}
