package handlers

import (
	"errors"
	"net/url"
	"slices"
	"sort"
	"sync"
	"time"

	"akari/models"
	"akari/web"
)

// staffCounts keeps what a long count of a time that goes on came to for a moment.
// The pages that show it say as of when.
type staffCounts struct {
	mu   sync.Mutex
	kept map[string]*staffCount
}

// staffCount is one count; whoever needs it while it is counted waits for it alone.
type staffCount struct {
	mu    sync.Mutex
	done  bool
	at    time.Time
	value any
}

// staffCountFresh is how old a count on a page may be.
const staffCountFresh = time.Minute

// counted answers what a count came to a moment ago, but not before since, and when;
// else it counts.
func counted[T any](s *staffCounts, now time.Time, key string, since time.Time, count func() (T, error)) (T, time.Time, error) {
	s.mu.Lock()
	k := s.kept[key]
	if k == nil {
		if s.kept == nil {
			s.kept = map[string]*staffCount{}
		}
		k = &staffCount{}
		s.kept[key] = k
	}
	s.mu.Unlock()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.done && now.Sub(k.at).Abs() < staffCountFresh && !k.at.Before(since) {
		return k.value.(T), k.at, nil
	}
	value, err := count()
	if err == nil {
		k.done, k.at, k.value = true, now, value
	}
	return value, now, err
}

// lately is this week and the four before.
func (v *staffView) lately() models.Period {
	week := models.WeekOf(v.tx.Now(), v.h.Vendor.Zone)
	first := week
	for range 4 {
		first = first.Before(v.h.Vendor.Zone)
	}
	return models.Period{From: first.Start, To: week.End}
}

// addUp adds up what is counted in each week of lately, the weeks side by side, and
// says as of when.
func (v *staffView) addUp(what string, count func(*models.Tx, models.Period) (map[string]models.Counts, error)) (map[string]models.Counts, time.Time, error) {
	span := v.lately()
	return counted(&v.h.counts, v.tx.Now(), what, models.WeekOf(v.tx.Now(), v.h.Vendor.Zone).Start, func() (map[string]models.Counts, error) {
		sum := map[string]models.Counts{}
		var all []func(*models.Tx) error
		var mu sync.Mutex
		for w := models.WeekOf(span.From, v.h.Vendor.Zone); w.Start.Before(span.To); w = w.After(v.h.Vendor.Zone) {
			all = append(all, func(tx *models.Tx) error {
				of, err := count(tx, models.Period{From: w.Start, To: w.End})
				mu.Lock()
				defer mu.Unlock()
				for key, counts := range of {
					if sum[key] == nil {
						sum[key] = models.Counts{}
					}
					for k, n := range counts {
						sum[key][k] += n
					}
				}
				return err
			})
		}
		return sum, v.sideBySide(all...)
	})
}

// sideBySide reads several things at the same time.
func (v *staffView) sideBySide(reads ...func(*models.Tx) error) error {
	errs := make([]error, len(reads))
	var all sync.WaitGroup
	for i, read := range reads {
		all.Go(func() { errs[i] = v.h.Store.View(v.r.Context(), read) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// overviewFigures are what the first page shows, in this order.
var overviewFigures = []string{"active_people", models.Asked, "solved", models.Unanswered, models.Requested, models.Delivered, models.Opened, models.Completed, "acknowledged", "used", models.OutcomeReported, models.DeliveryFailed}

// figureName is a figure in the page's language.
func (v *staffView) figureName(f models.Figure) string {
	if v.lang == "ja" {
		return f.JA
	}
	return f.EN
}

// eventsURL leads to the events that a figure of a span is counted from.
func eventsURL(figure string, from, to time.Time, more ...string) string {
	q := url.Values{"from_at": {from.UTC().Format(time.RFC3339)}, "to_at": {to.UTC().Format(time.RFC3339)}}
	if figure != "" {
		q.Set("figure", figure)
	}
	for ; len(more) > 1; more = more[2:] {
		q.Set(more[0], more[1])
	}
	return "/staff/events?" + q.Encode()
}

// overview is the first page: the week so far, last week, and what has stopped.
func (v *staffView) overview() error {
	zone, now := v.h.Vendor.Zone, v.tx.Now()
	week := models.WeekOf(now, zone)
	partners, err := v.tx.Partners()
	if err != nil {
		return err
	}
	weeks := []models.Week{week, week.Before(zone), week.Before(zone).Before(zone)}
	var last, before models.Counted
	var sofar models.Counts
	var at time.Time
	err = v.sideBySide(func(tx *models.Tx) (err error) {
		sofar, at, err = counted(&v.h.counts, now, "so far", week.Start, func() (models.Counts, error) {
			return tx.Total(models.Period{From: week.Start, To: week.End}, overviewFigures)
		})
		return err
	}, func(tx *models.Tx) (err error) {
		if last, err = tx.CountWeek(weeks[1], overviewFigures...); err == nil {
			before, err = tx.CountWeek(weeks[2], overviewFigures...)
		}
		return err
	})
	if err != nil {
		return err
	}
	sums := []models.Counts{sofar, last.Sum(), before.Sum()}
	for i, title := range []string{"staff.this_week", "staff.last_week"} {
		total, before := sums[i], sums[i+1]
		block := web.StaffBlock{Title: v.say(title, "from", v.day(weeks[i].Start), "to", v.day(weeks[i].End.Add(-time.Hour)), "week", weeks[i].ISO)}
		if i == 0 {
			block.Note = v.say("staff.this_week_note", "at", v.when(at))
		}
		for _, key := range overviewFigures {
			f, _ := models.FigureOf(key)
			block.Tiles = append(block.Tiles, web.Tile{Label: v.figureName(f), Value: count(total[key]), URL: eventsURL(key, weeks[i].Start, weeks[i].End), Note: v.say("staff.week_before", "count", count(before[key]))})
		}
		v.add(block)
	}
	if err := v.movement(models.ID{}, sums[1]); err != nil {
		return err
	}
	gaps, err := v.tx.GapsAt(now, nil)
	if err != nil {
		return err
	}
	trouble := web.StaffBlock{Title: v.say("staff.stopped"), Tiles: []web.Tile{{Label: v.say("staff.gaps_open"), Value: count(gaps.Open), URL: "/staff/gaps"}, {Label: v.say("staff.gaps_overdue"), Value: count(gaps.Overdue), URL: "/staff/gaps"}}}
	if gaps.Overdue > 0 {
		trouble.Tiles[1].Tone = "bad"
	}
	v.add(trouble)
	known, err := v.tx.KnownMembers()
	if err != nil {
		return err
	}
	v.stopped(partners, last, before, known)
	return nil
}

// stoppedShown is how many partners the first page lists.
const stoppedShown = 10

// stopped lists the partners that moved the week before last and not last week.
func (v *staffView) stopped(partners []models.Partner, last, before models.Counted, known map[models.ID]int64) {
	var rows []models.Partner
	for _, p := range partners {
		if last.Partners[p.ID]["active_people"] == 0 && before.Partners[p.ID]["active_people"] > 0 {
			rows = append(rows, p)
		}
	}
	sort.SliceStable(rows, func(i, j int) bool { return known[rows[i].ID] > known[rows[j].ID] })
	table := &web.StaffTable{Caption: v.say("staff.stopped_partners"), Columns: []web.Column{{Label: v.say("staff.partner")}, {Label: v.say("staff.known"), Num: true}, {Label: v.say("staff.moved_before"), Num: true}}}
	for _, p := range rows[:min(len(rows), v.most(stoppedShown))] {
		table.Rows = append(table.Rows, []web.Cell{v.partnerCell(p), {Text: count(known[p.ID])}, {Text: count(before.Partners[p.ID]["active_people"])}})
	}
	b := web.StaffBlock{Title: v.say("staff.stopped_partners"), Note: v.say("staff.stopped_note", "count", len(rows)), Table: table, Links: v.exports()}
	if len(rows) == 0 {
		b.Note, b.Links, b.Empty = "", nil, v.say("staff.stopped_none")
	}
	v.add(b)
}

// most is how many rows are shown: n, and everything in a file.
func (v *staffView) most(n int) int {
	if v.export != "" {
		return staffExportMost
	}
	return n
}

// partnerCell names a partner and leads to its page.
func (v *staffView) partnerCell(p models.Partner) web.Cell {
	return web.Cell{Text: p.Name, Sub: p.Key, URL: partnerURL(p.Key)}
}

// movementWeeks is how many closed weeks a chart shows.
const movementWeeks = 13

// movement adds the figures of the closed weeks, of one partner or, with the zero id,
// of all. last are those of the newest, where they are known; it may not be kept yet.
func (v *staffView) movement(partner models.ID, last models.Counts, more ...string) error {
	zone := v.h.Vendor.Zone
	weeks := []models.Week{models.LastWeek(v.tx.Now(), zone)}
	for len(weeks) < movementWeeks {
		weeks = append(weeks, weeks[len(weeks)-1].Before(zone))
	}
	var only []models.ID
	if !partner.IsZero() {
		only = []models.ID{partner}
	}
	sums, err := v.tx.SumWeeks(weeks, only, trendFigures...)
	if err != nil {
		return err
	}
	if last == nil && sums[weeks[0].Start] == nil {
		c, err := v.tx.Count(models.Period{From: weeks[0].Start, To: weeks[0].End, Partner: partner})
		if err != nil {
			return err
		}
		sums[weeks[0].Start] = sum([]models.Partner{{ID: partner}}, c)
	} else if last != nil {
		sums[weeks[0].Start] = last
	}
	slices.Reverse(weeks)
	for len(weeks) > 1 && sums[weeks[0].Start] == nil { // before anything was on record
		weeks = weeks[1:]
	}
	t := &web.StaffTable{Caption: v.say("staff.movement"), Columns: v.heads("week_of")}
	for _, key := range trendFigures {
		t.Columns = append(t.Columns, v.heads("#"+key)...)
	}
	for _, w := range weeks {
		day := w.Start.In(zone)
		row := []web.Cell{{Text: v.say("digest.chart_week", "month", int(day.Month()), "day", day.Day()), Sub: w.ISO}}
		for _, key := range trendFigures {
			if sums[w.Start] == nil {
				row = append(row, web.Cell{Text: v.say("digest.no_record")})
				continue
			}
			row = append(row, web.Cell{Text: count(sums[w.Start][key]), URL: eventsURL(key, w.Start, w.End, more...)})
		}
		t.Rows = append(t.Rows, row)
	}
	b := web.StaffBlock{Title: v.say("staff.movement"), Note: v.say("staff.movement_note"), Table: t, Links: v.exports()}
	if len(weeks) > 1 {
		b.Chart = v.chart(web.ChartLines, t)
	}
	v.add(b)
	return nil
}

// chart is a picture of a table.
func (v *staffView) chart(kind string, t *web.StaffTable) *web.StaffChart {
	return &web.StaffChart{Kind: kind, Label: v.say("staff.chart_label", "title", t.Caption), Hint: v.say("staff.chart_hint"), AsTable: v.say("staff.as_table")}
}
