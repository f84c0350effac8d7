package handlers

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"akari/models"
	"akari/web"
)

// reportBlock names the file of a campaign's whole report.
const reportBlock = "report"

// campaign is how one campaign stands: how far, until when, who has not acknowledged,
// and one by one what a person has to look at.
func (v *staffView) campaign() error {
	id, err := strconv.ParseInt(v.r.PathValue("id"), 10, 64)
	if err != nil {
		return models.ErrNotFound
	}
	c, err := v.tx.CampaignOf(id)
	if err != nil {
		return err
	}
	if v.export != "" && v.query.Get("block") == reportBlock {
		return v.campaignFile(c)
	}
	r, missing, err := v.tx.CountCampaign(c)
	if err != nil {
		return err
	}
	v.page.Title, v.page.Back = c.Title, web.Link{Label: v.say("staff.campaigns"), URL: "/staff/campaigns"}
	standing, err := v.standingBlock(c, r)
	if err != nil {
		return err
	}
	if standing.Note == "" {
		standing.Note = v.say("staff.this_week_note", "at", v.when(v.tx.Now()))
	}
	v.add(standing)
	if c.Spec.Ack != nil {
		b, err := v.missingBlock(c, r.Owed, missing)
		if err != nil {
			return err
		}
		v.add(b)
	}
	if err := v.acknowledging(c); err != nil {
		return err
	}
	troubles, err := v.troubleBlock(c)
	if err != nil {
		return err
	}
	v.add(troubles)
	return v.ownerBlock(models.OwnedCampaign, models.CampaignKey(id))
}

// campaignFile is the report, recipient by recipient, as akari campaign report --csv
// writes it.
func (v *staffView) campaignFile(c models.Campaign) error {
	l, err := v.h.lister(v.tx, c)
	if err != nil {
		return err
	}
	v.whole = &staffSheet{head: campaignColumns}
	return l.write(func(cells []any) error {
		v.whole.rows = append(v.whole.rows, cells)
		return nil
	})
}

// campaignEvents are the figures of the log that a campaign's own are told from.
var campaignEvents = map[string]string{"sent": models.Delivered, "failed": models.DeliveryFailed, "opened_people": "opened_people", "completed_people": models.Completed, "acked_people": "acknowledged", "used_people": "used"}

// standingBlock is how far a campaign is: a bar, the figures, and when it is through.
func (v *staffView) standingBlock(c models.Campaign, r models.CampaignReport) (web.StaffBlock, error) {
	tile := func(name string, n int, tone string) web.Tile {
		if n == 0 {
			tone = ""
		}
		t := web.Tile{Label: v.say("staff." + name), Value: count(int64(n)), Note: v.say("staff.of_audience", "count", r.AudienceSize), Tone: tone}
		if figure := campaignEvents[name]; figure != "" && c.StartedAt != nil {
			t.URL = eventsURL(figure, *c.StartedAt, v.tx.Now().Add(time.Minute), "campaign", strconv.FormatInt(c.ID, 10))
		}
		return t
	}
	id := strconv.FormatInt(c.ID, 10)
	b := web.StaffBlock{Title: v.say("campaign.state_" + c.State), Links: []web.Link{
		{Label: "CSV", URL: v.with("format", "csv", "block", reportBlock)}, {Label: "Excel", URL: v.with("format", "xlsx", "block", reportBlock)},
		{Label: v.say("staff.all_events"), URL: "/staff/events?campaign=" + id},
	}, Tiles: []web.Tile{
		tile("unconfirmed", r.Unconfirmed, "bad"), tile("held", r.Held, "bad"), tile("failed", r.Failed+r.Expired, "bad"), tile("sent", r.Sent, ""), tile("queued", r.Queued+r.Sending, ""), tile("skipped", r.Skipped, ""),
		tile("opened_people", r.Opened, ""), tile("completed_people", r.Completed, ""), tile("acked_people", r.Acknowledged, ""), tile("used_people", r.Used, ""),
	}}
	fact := func(name, value string) {
		b.Facts = append(b.Facts, web.Fact{Label: v.say("staff." + name), Value: web.Cell{Text: value}})
	}
	if c.State == models.CampaignPaused {
		b.Note = v.say("campaign.paused_"+c.Why, "id", c.ID, "title", c.Title)
	}
	if r.AudienceSize > 0 {
		done := r.AudienceSize - r.Queued - r.Sending
		b.Bar = &web.Bar{Label: v.say("staff.progress"), Done: done, Of: r.AudienceSize, Text: v.say("staff.progress_of", "done", count(int64(done)), "all", count(int64(r.AudienceSize)))}
	}
	switch {
	case c.StartedAt != nil:
		fact("started", v.when(*c.StartedAt))
	case c.DueAt != nil:
		fact("due", v.when(*c.DueAt))
	}
	if c.State == models.CampaignRunning && r.Queued > 0 {
		left, err := v.h.leftToSend(v.tx, c.ID)
		if err != nil {
			return b, err
		}
		end, err := v.h.through(v.tx, c, left, v.tx.Now())
		if err != nil {
			return b, err
		}
		fact("expected_end", v.when(end))
	}
	if c.FinishedAt != nil {
		fact("ended", v.when(*c.FinishedAt))
	}
	for _, line := range v.h.laterLines(c.Spec, v.lang) {
		fact("later", line)
	}
	return b, nil
}

// The lists of a campaign's page, each of which turns its own pages.
const (
	missingBlock = "missing"
	troubleBlock = "trouble"
)

// missingBlock lists who of those that were to acknowledge has not.
func (v *staffView) missingBlock(c models.Campaign, owed, missing int) (web.StaffBlock, error) {
	b := web.StaffBlock{ID: missingBlock, Title: v.say("staff.missing_count", "missing", count(int64(missing)), "owed", count(int64(owed))), Empty: emptyIf(missing == 0, v.say("staff.missing_none"))}
	if !v.h.PersonLevel || missing == 0 {
		return b, nil
	}
	offset := v.offset(missingBlock)
	rows, err := v.tx.MissingOf(c, strings.TrimSpace(v.query.Get("q")), v.most(staffPageRows)+1, offset)
	if err != nil {
		return b, err
	}
	rows, more := cut(rows, v.most(staffPageRows))
	b.Table = &web.StaffTable{Caption: v.say("staff.missing"), Columns: v.heads("person", "partner")}
	for _, m := range rows {
		b.Table.Rows = append(b.Table.Rows, []web.Cell{{Text: m.Name, Sub: m.Key, URL: "/staff/events?person=" + url.QueryEscape(m.Key)}, {Text: m.PartnerName, Sub: m.PartnerKey, URL: partnerURL(m.PartnerKey)}})
	}
	if missing > staffPageRows {
		b.Filter = v.search(v.say("staff.find_missing"))
		b.Filter.Action += "#" + missingBlock
		b.Filter.Clear.URL += "#" + missingBlock
	}
	if b.Links, b.Pager = v.exports(), v.pager(missingBlock, offset, len(rows), more); len(rows) == 0 {
		b.Links, b.Empty = nil, v.say("staff.nothing_found")
	}
	return b, nil
}

// troubleBlock lists one by one to whom it is not certain, or certain not, that a
// message came, and what to do about each.
func (v *staffView) troubleBlock(c models.Campaign) (web.StaffBlock, error) {
	offset := v.offset(troubleBlock)
	troubles, err := v.tx.Troubles(c.ID, v.most(staffPageRows)+1, offset)
	if err != nil {
		return web.StaffBlock{}, err
	}
	troubles, more := cut(troubles, v.most(staffPageRows))
	t := &web.StaffTable{Caption: v.say("staff.trouble"), Columns: v.heads("reader", "platform", "state", "why", "todo")}
	for _, x := range troubles {
		todo := v.say("staff.todo_"+x.State, "id", c.ID)
		if c.State == models.CampaignCancelled {
			todo = v.say("staff.todo_cancelled")
		}
		t.Rows = append(t.Rows, []web.Cell{{Text: v.h.troubleName(x), URL: partnerURL(x.PartnerKey)}, {Text: v.say("platform." + x.Platform)}, {Text: v.say("staff." + x.State), Tone: "bad"}, {Text: x.ErrorCode}, {Text: todo}})
	}
	b := web.StaffBlock{ID: troubleBlock, Title: v.say("staff.trouble"), Table: t, Links: v.exports(), Pager: v.pager(troubleBlock, offset, len(troubles), more)}
	if len(troubles) == 0 {
		b.Links, b.Empty = nil, v.say("staff.trouble_none")
	}
	return b, nil
}

// ackDays is how many days of acknowledging a chart shows at most.
const ackDays = 31

// acknowledging adds how a campaign's acknowledgements came in, day by day.
func (v *staffView) acknowledging(c models.Campaign) error {
	if c.Spec.Ack == nil || c.StartedAt == nil {
		return nil
	}
	moments, err := v.tx.AckMoments(c.ID)
	if err != nil {
		return err
	}
	zone := v.h.Vendor.Zone
	midnight := func(at time.Time, days int) time.Time {
		at = at.In(zone)
		return time.Date(at.Year(), at.Month(), at.Day()+days, 0, 0, 0, 0, zone)
	}
	until := midnight(v.tx.Now(), 1)
	if c.FinishedAt != nil && len(moments) > 0 { // some days after the last one nothing more is to be seen
		until = earlier(until, midnight(moments[len(moments)-1], 4))
	}
	t := &web.StaffTable{Caption: v.say("staff.acking"), Columns: v.heads("on_day", "#acked_that_day", "#acked_so_far")}
	begin, sofar := midnight(*c.StartedAt, 0), 0
	log := func(from, to time.Time) string {
		return eventsURL("acknowledged", from, to, "campaign", strconv.FormatInt(c.ID, 10))
	}
	for i := 0; ; i++ {
		day, next := midnight(begin, i), midnight(begin, i+1)
		if i == ackDays {
			next = until
		}
		n := 0
		for sofar+n < len(moments) && moments[sofar+n].Before(next) {
			n++
		}
		sofar += n
		name := v.say("staff.month_day", "month", int(day.Month()), "day", day.Day())
		if i == ackDays && next.After(midnight(begin, i+1)) {
			name = v.say("staff.from_day", "day", name)
		}
		t.Rows = append(t.Rows, []web.Cell{{Text: name}, {Text: count(int64(n)), URL: log(day, next)}, {Text: count(int64(sofar)), URL: log(begin, next)}})
		if !next.Before(until) {
			break
		}
	}
	b := web.StaffBlock{Title: v.say("staff.acking"), Note: v.say("staff.acking_note"), Table: t, Links: v.exports()}
	switch {
	case len(moments) == 0:
		b.Table, b.Links, b.Note, b.Empty = nil, nil, "", v.say("staff.acking_none")
	case len(t.Rows) > 1:
		b.Chart = v.chart(web.ChartLines, t)
	}
	v.add(b)
	return nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
