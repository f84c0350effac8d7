package main

import (
	"fmt"
	"strings"
	"time"
)

var weekdays = map[string]time.Weekday{
	"Sun": time.Sunday, "Mon": time.Monday, "Tue": time.Tuesday, "Wed": time.Wednesday,
	"Thu": time.Thursday, "Fri": time.Friday, "Sat": time.Saturday,
}

// Weekdays are the window's days.
func (w WindowConfig) Weekdays() ([]time.Weekday, error) {
	var days []time.Weekday
	for _, name := range w.Days {
		day, ok := weekdays[name]
		if !ok {
			return nil, fmt.Errorf("must hold Mon, Tue, Wed, Thu, Fri, Sat or Sun, not %q", name)
		}
		days = append(days, day)
	}
	if len(days) == 0 {
		return nil, fmt.Errorf("must hold at least one day")
	}
	return days, nil
}

// ParseClock reads a time of day such as 9:30, as the time since midnight; 24:00 is
// the end of the day.
func ParseClock(text string) (time.Duration, error) {
	if text == "24:00" {
		return 24 * time.Hour, nil
	}
	t, err := time.Parse("15:04", text)
	if err != nil {
		return 0, fmt.Errorf("must be a time of day such as 9:30, not %q", text)
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

// Schedule is a moment of every week, in somebody's zone.
type Schedule struct {
	Day time.Weekday
	At  time.Duration // since midnight, wall clock
}

// ParseSchedule reads "Mon 09:00".
func ParseSchedule(text string) (Schedule, error) {
	day, clock, _ := strings.Cut(text, " ")
	weekday, ok := weekdays[day]
	at, err := ParseClock(strings.TrimSpace(clock))
	if !ok || err != nil || at == 24*time.Hour {
		return Schedule{}, fmt.Errorf(`must be a day and a time such as "Mon 09:00", not %q`, text)
	}
	return Schedule{Day: weekday, At: at}, nil
}
