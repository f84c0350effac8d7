package handlers

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"akari/bot"
	"akari/models"
)

// When a campaign will be through: what it has to send, at the pace of every lane
// and of every room, inside the window as each partner lives it.

// load is what of a campaign is to be sent, by lane and partner.
type load struct {
	lanes    map[bot.Lane]map[models.ID]share
	partners map[models.ID]models.Partner
}

// share is one partner's part of a lane.
type share struct {
	messages int
	most     int // to one address: they go one after the other
}

func newLoad() load {
	return load{lanes: map[bot.Lane]map[models.ID]share{}, partners: map[models.ID]models.Partner{}}
}

// add counts messages to a partner's addresses, of which one gets most of them.
func (l load) add(lane bot.Lane, p models.Partner, messages, most int) {
	if l.lanes[lane] == nil {
		l.lanes[lane] = map[models.ID]share{}
	}
	s := l.lanes[lane][p.ID]
	l.lanes[lane][p.ID] = share{messages: s.messages + messages, most: max(s.most, most)}
	l.partners[p.ID] = p
}

// through answers when a campaign is through that begins to send its load at a
// moment. The lanes run side by side; in each it shares the pace with the campaigns
// that are under way.
func (h *Handlers) through(tx *models.Tx, c models.Campaign, l load, from time.Time) (time.Time, error) {
	end := from
	if h.Campaign.Rate == nil || len(l.lanes) == 0 {
		return end, nil
	}
	calendars, err := h.calendarsOf(tx, c, l.partners)
	if err != nil {
		return end, err
	}
	others, err := h.otherLoads(tx, c.ID)
	if err != nil {
		return end, err
	}
	for lane, shares := range l.lanes {
		groups, all := map[string]*batch{}, 0
		for id, s := range shares {
			cal := calendars[id]
			if g := groups[cal.key()]; g == nil {
				groups[cal.key()] = &batch{cal: cal, left: float64(s.messages)}
			} else {
				g.left += float64(s.messages)
			}
			all += s.messages
			if perRoom := rateOf(h.Campaign.RoomRate, lane); perRoom > 0 && s.most > 1 {
				end = latest(end, cal.After(from, time.Duration(s.most-1)*time.Minute/time.Duration(perRoom)))
			}
		}
		perMinute := rateOf(h.Campaign.Rate, lane)
		if perMinute <= 0 || all == 0 {
			continue
		}
		// Campaigns take turns: while we send one, each of the others sends one.
		turns := all
		for _, n := range others[lane] {
			turns += min(n, all)
		}
		end = latest(end, drain(from, float64(perMinute)*float64(all)/float64(turns)/60, slices.Collect(maps.Values(groups))))
	}
	return end, nil
}

func rateOf(of func(bot.Lane) int, lane bot.Lane) int {
	if of == nil {
		return 0
	}
	return of(lane)
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// calendarsOf answers when each partner may be written to by a campaign.
func (h *Handlers) calendarsOf(tx *models.Tx, c models.Campaign, partners map[models.ID]models.Partner) (map[models.ID]Calendar, error) {
	out := map[models.ID]Calendar{}
	if c.Spec.OverrideWindow != "" {
		return out, nil // at any time
	}
	ids := slices.Collect(maps.Keys(partners))
	for some := range slices.Chunk(ids, 1000) {
		cals, err := h.calendars(tx, some...)
		if err != nil {
			return nil, err
		}
		for _, id := range some {
			out[id] = cals.partner(partners[id])
		}
	}
	return out, nil
}

// otherLoads is how much the other campaigns that are under way wait to send, by lane.
func (h *Handlers) otherLoads(tx *models.Tx, but int64) (map[bot.Lane][]int, error) {
	rows, err := tx.OwedByOthers(but)
	out := map[bot.Lane][]int{}
	for _, r := range rows {
		out[r.Lane()] = append(out[r.Lane()], r.N)
	}
	return out, err
}

// leftToSend is what of a campaign's message waits to be sent.
func (h *Handlers) leftToSend(tx *models.Tx, id int64) (load, error) {
	l := newLoad()
	rows, err := tx.OwedLanes(id)
	if err != nil || len(rows) == 0 {
		return l, err
	}
	partners, err := tx.Partners()
	if err != nil {
		return l, err
	}
	by := make(map[models.ID]models.Partner, len(partners))
	for _, p := range partners {
		by[p.ID] = p
	}
	for _, r := range rows {
		p := by[r.PartnerID]
		p.ID = r.PartnerID // one that was removed since keeps the vendor's calendar
		l.add(r.Lane(), p, r.N, r.Most)
	}
	return l, nil
}

// batch is what those who share a calendar have still to get in a lane.
type batch struct {
	cal  Calendar
	left float64
}

// drain answers when a lane has sent everything that it sends from a moment on, so
// many a second; whoever's window is closed waits, and the others have the lane for
// themselves meanwhile. Pure but for the batches, which it empties.
func drain(at time.Time, perSecond float64, batches []*batch) time.Time {
	for range 4 * farAhead { // a window opens and closes once a day
		batches = slices.DeleteFunc(batches, func(b *batch) bool { return b.left < 1e-6 })
		if len(batches) == 0 {
			return at
		}
		var open []*batch
		var change time.Time // when somebody's window opens or closes
		sum := 0.0
		for _, b := range batches {
			next := b.cal.Next(at)
			if !next.After(at) {
				open, sum = append(open, b), sum+b.left
				next = b.cal.closes(at)
			}
			if !next.IsZero() && (change.IsZero() || next.Before(change)) {
				change = next
			}
		}
		if len(open) == 0 {
			at = change
			continue
		}
		took := time.Duration(sum / perSecond * float64(time.Second))
		if change.IsZero() || !at.Add(took).After(change) {
			at = at.Add(took)
			for _, b := range open {
				b.left = 0
			}
			continue
		}
		sent := change.Sub(at).Seconds() * perSecond
		for _, b := range open {
			b.left -= sent * b.left / sum
		}
		at = change
	}
	return at
}

// closes answers when the window closes that is open at a moment; the zero time =
// it never does.
func (c Calendar) closes(at time.Time) time.Time {
	if c.Zone == nil || len(c.Days) == 0 || c.To <= c.From {
		return time.Time{}
	}
	if _, to, _ := c.window(at); to.After(at) {
		return to
	}
	return time.Time{} // a calendar without any working day is always open
}

// key is the same for calendars with the same windows, of one campaign.
func (c Calendar) key() string {
	if c.Zone == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString(c.Zone.String())
	for _, day := range slices.Sorted(maps.Keys(c.Own)) {
		fmt.Fprintf(&b, " %s=%t", day, c.Own[day])
	}
	return b.String()
}
