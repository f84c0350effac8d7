package handlers

import "time"

// Hours is when staff work: the campaign window of the configuration.
type Hours struct {
	Days []time.Weekday
	From time.Duration // since midnight
	To   time.Duration
	Zone *time.Location
}

func (h Hours) works(day time.Weekday) bool {
	for _, d := range h.Days {
		if d == day {
			return true
		}
	}
	return false
}

// After answers the moment that lies d of working time after t. Without any
// working time it is simply t + d.
func (h Hours) After(t time.Time, d time.Duration) time.Time {
	if len(h.Days) == 0 || h.To <= h.From || h.Zone == nil {
		return t.Add(d)
	}
	local := t.In(h.Zone)
	for range 366 {
		day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, h.Zone)
		open, shut := wall(day, h.From), wall(day, h.To)
		if h.works(day.Weekday()) && local.Before(shut) {
			if local.Before(open) {
				local = open
			}
			left := shut.Sub(local)
			if d <= left {
				return local.Add(d).UTC()
			}
			d -= left
		}
		local = time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, h.Zone)
	}
	return t.Add(d)
}

// wall is a time of day on a day, also on days when clocks change.
func wall(day time.Time, d time.Duration) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), int(d/time.Hour), int(d%time.Hour/time.Minute), 0, 0, day.Location())
}
