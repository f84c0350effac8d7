package handlers

import (
	"testing"
	"time"
)

// What is sent ends when the pace, every room and the partners' own windows let it.
func TestWhenALaneHasSentEverything(t *testing.T) {
	tokyo, newYork := time.FixedZone("JST", 9*3600), time.FixedZone("EST", -5*3600)
	week := []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
	in := func(zone *time.Location, own map[string]bool) Calendar {
		return Calendar{Hours: Hours{Days: week, From: 9 * time.Hour, To: 17 * time.Hour, Zone: zone}, Own: own}
	}
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 12, day, hour, minute, 0, 0, tokyo) }
	closed := map[string]bool{"2026-12-01": true, "2026-12-02": true}
	for name, c := range map[string]struct {
		from    time.Time
		batches []*batch
		want    time.Time
	}{
		"inside the window": {at(1, 10, 0), []*batch{{in(tokyo, nil), 120}}, at(1, 12, 0)},
		"over the night":    {at(1, 16, 0), []*batch{{in(tokyo, nil), 120}}, at(2, 10, 0)},
		"over the weekend":  {at(4, 16, 30), []*batch{{in(tokyo, nil), 60}}, at(7, 9, 30)},
		"before it opens":   {at(1, 3, 0), []*batch{{in(tokyo, nil), 60}}, at(1, 10, 0)},
		// 9:00 in New York is 23:00 in Tokyo: those there are alone in the lane then.
		"two zones":                   {at(1, 10, 0), []*batch{{in(tokyo, nil), 120}, {in(newYork, nil), 60}}, at(2, 0, 0)},
		"one partner's own holidays":  {at(1, 10, 0), []*batch{{in(tokyo, nil), 120}, {in(tokyo, closed), 30}}, at(3, 9, 30)},
		"at any time":                 {at(5, 20, 0), []*batch{{Calendar{}, 600}}, at(6, 6, 0)},
		"no working day at all":       {at(1, 10, 0), []*batch{{Calendar{Hours: Hours{Days: []time.Weekday{}, From: 1, To: 2, Zone: tokyo}}, 60}}, at(1, 11, 0)},
		"side by side, then together": {at(1, 16, 0), []*batch{{in(tokyo, nil), 60}, {in(tokyo, map[string]bool{"2026-12-02": true}), 60}}, at(3, 9, 30)},
		"nothing":                     {at(1, 10, 0), nil, at(1, 10, 0)},
	} {
		if got := drain(c.from, 1.0/60, c.batches); got.Sub(c.want).Abs() > time.Second {
			t.Errorf("%s: ends %s, want %s", name, got.In(tokyo), c.want)
		}
	}
}
