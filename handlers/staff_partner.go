package handlers

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"akari/bot"
	"akari/models"
	"akari/web"
)

// offset is which rows of a list are asked for: list names it where a page has
// several.
func (v *staffView) offset(list string) int {
	n, err := strconv.Atoi(v.query.Get(fromRow(list)))
	if err != nil || n < 0 || v.export != "" {
		return 0
	}
	return min(n, 1_000_000)
}

// fromRow is the parameter that says from which row a list is asked for.
func fromRow(list string) string { return strings.TrimPrefix(list+"_from_row", "_") }

// pager turns the pages of a list of which shown rows from offset are on this one.
// A list with a name is the block of that id.
func (v *staffView) pager(list string, offset, shown int, more bool) web.Pager {
	p := web.Pager{Name: v.say("staff.pages")}
	turn := func(label string, row int) web.Link {
		to := web.Link{Label: v.say(label), URL: v.with(fromRow(list), strconv.Itoa(row))}
		if list != "" {
			to.URL += "#" + list
		}
		return to
	}
	if offset > 0 {
		p.Prev = turn("staff.rows_before", max(0, offset-staffPageRows))
	}
	if more {
		p.Next = turn("staff.rows_after", offset+staffPageRows)
	}
	if p.Prev.URL != "" || p.Next.URL != "" {
		p.Where = v.say("staff.rows", "from", count(int64(offset+1)), "to", count(int64(offset+shown)))
	}
	return p
}

// cut takes the row too many off, which says that there are more.
func cut[T any](rows []T, most int) ([]T, bool) {
	if len(rows) > most {
		return rows[:most], true
	}
	return rows, false
}

// heads are a table's columns; those that begin with # are numbers.
func (v *staffView) heads(keys ...string) (out []web.Column) {
	for _, k := range keys {
		name := strings.TrimPrefix(k, "#")
		label := v.say("staff." + name)
		if f, ok := models.FigureOf(name); ok {
			label = v.figureName(f)
		}
		out = append(out, web.Column{Label: label, Num: name != k})
	}
	return out
}

func (v *staffView) search(label string, fields ...web.FormField) *web.StaffFilter {
	line := web.FormField{Name: "q", Label: label, Kind: string(bot.Line), Value: v.query.Get("q"), Max: 100}
	return &web.StaffFilter{Action: v.r.URL.Path, Fields: append([]web.FormField{line}, fields...), Choose: v.say("staff.any"), Submit: v.say("staff.filter"), Clear: web.Link{Label: v.say("staff.clear"), URL: v.r.URL.Path}}
}

func partnerURL(key string) string { return "/staff/partners/" + url.PathEscape(key) }

// partnerFigures are what a list of partners shows of a week, in this order.
var partnerFigures = []string{models.ActivePeople, models.Asked, models.Opened, models.Completed, "used"}

// partnersList is every partner with last week's figures.
func (v *staffView) partnersList() error {
	partners, err := v.tx.Partners()
	if err != nil {
		return err
	}
	week := models.LastWeek(v.tx.Now(), v.h.Vendor.Zone)
	last, err := v.tx.CountWeek(week, partnerFigures...)
	if err != nil {
		return err
	}
	known, err := v.tx.KnownMembers()
	if err != nil {
		return err
	}
	owners, err := v.staffNames()
	if err != nil {
		return err
	}
	q, silent := strings.ToLower(strings.TrimSpace(v.query.Get("q"))), v.query.Get("moved")
	var rows []models.Partner
	for _, p := range partners {
		found := q == "" || slices.ContainsFunc([]string{p.Name, p.Key, p.Tier, p.Region, owners[p.OwnerID], strings.Join(p.Tags, " ")}, func(s string) bool { return strings.Contains(strings.ToLower(s), q) })
		moved := last.Partners[p.ID]["active_people"] > 0
		if found && (silent == "" || (silent == "yes") == moved) {
			rows = append(rows, p)
		}
	}
	v.add(web.StaffBlock{Filter: v.search(v.say("staff.find_partner"), web.FormField{Name: "moved", Label: v.say("staff.by_moved"), Kind: string(bot.Choice), Options: []web.FormOption{
		{Label: v.say("staff.moved_yes"), Value: "yes", Selected: silent == "yes"}, {Label: v.say("staff.moved_no"), Value: "no", Selected: silent == "no"}}})})
	total, offset := len(rows), v.offset("")
	rows = rows[min(offset, total):min(offset+v.most(staffPageRows), total)]
	t := &web.StaffTable{Caption: v.say("staff.partners"), Columns: v.heads("partner", "tier", "owner", "#known")}
	for _, f := range partnerFigures {
		t.Columns = append(t.Columns, v.heads("#"+f)...)
	}
	for _, p := range rows {
		c := last.Partners[p.ID]
		row := []web.Cell{v.partnerCell(p), {Text: p.Tier}, v.ownerCell(owners[p.OwnerID]), {Text: count(known[p.ID])}}
		for _, f := range partnerFigures {
			row = append(row, web.Cell{Text: count(c[f]), URL: eventsURL(f, week.Start, week.End, "partner", p.Key)})
		}
		t.Rows = append(t.Rows, row)
	}
	b := web.StaffBlock{Title: v.say("staff.partners_count", "count", count(int64(total))), Note: v.say("staff.of_last_week", "week", week.ISO), Table: t, Links: v.exports(), Pager: v.pager("", offset, len(rows), offset+len(rows) < total)}
	if len(rows) == 0 {
		b.Links, b.Empty = nil, v.say("staff.nothing_found")
	}
	v.add(b)
	return nil
}

// staffNames are the names of staff by id.
func (v *staffView) staffNames() (map[models.ID]string, error) {
	staff, err := v.tx.StaffIn("")
	out := map[models.ID]string{}
	for _, p := range staff {
		out[p.ID] = p.Name
	}
	return out, err
}

func (v *staffView) ownerCell(name string) web.Cell {
	if name == "" {
		return web.Cell{Text: v.say("staff.no_owner"), Tone: "bad"}
	}
	return web.Cell{Text: name}
}

// partnerSpan is how far back one partner's page looks.
const partnerSpan = 28 * 24 * time.Hour

// partner is one partner: how it stands, who and where they are, what they read.
func (v *staffView) partner() error {
	p, err := v.tx.PartnerByKey(v.r.PathValue("key"))
	if err != nil {
		return err
	}
	v.page.Title, v.page.Back = p.Name, web.Link{Label: v.say("staff.partners"), URL: "/staff/partners"}
	to := v.tx.Now()
	span := models.Period{From: to.Add(-partnerSpan), To: to, Partner: p.ID}
	sums, err := v.tx.Count(span)
	if err != nil {
		return err
	}
	known, err := v.tx.KnownMembersOf(p.ID)
	if err != nil {
		return err
	}
	if err := v.health(p, sums, known, span); err != nil {
		return err
	}
	owners, err := v.staffNames()
	if err != nil {
		return err
	}
	if err := v.movement(p.ID, nil, "partner", p.Key); err != nil {
		return err
	}
	funnel, err := v.tx.SumMaterials(span)
	if err != nil {
		return err
	}
	v.add(v.funnelBlock(funnel, span, "partner", p.Key))
	gaps, err := v.tx.GapList("", p.ID, staffPageRows, 0)
	if err != nil {
		return err
	}
	v.add(v.gapBlock(gaps))
	rooms, err := v.tx.RoomsOf(p.ID)
	if err != nil {
		return err
	}
	about := web.StaffBlock{Title: v.say("staff.about"), Facts: []web.Fact{
		{Label: v.say("staff.key"), Value: web.Cell{Text: p.Key}}, {Label: v.say("staff.owner"), Value: v.ownerCell(owners[p.OwnerID])}, {Label: v.say("staff.department"), Value: web.Cell{Text: p.Department}},
		{Label: v.say("staff.tier"), Value: web.Cell{Text: p.Tier}}, {Label: v.say("staff.region"), Value: web.Cell{Text: p.Region}}, {Label: v.say("staff.tags"), Value: web.Cell{Text: strings.Join(p.Tags, ", ")}},
	}}
	if v.has(partnerEditors) {
		about.Links = []web.Link{{Label: v.say("edit.change"), URL: partnerURL(p.Key) + "/edit"}}
	}
	v.add(about)
	if err := v.ownerBlock(models.OwnedPartner, p.Key); err != nil {
		return err
	}
	t := &web.StaffTable{Caption: v.say("staff.rooms"), Columns: v.heads("room", "platform", "left")}
	for _, r := range rooms {
		left := ""
		if r.LeftAt != nil {
			left = v.when(*r.LeftAt)
		}
		t.Rows = append(t.Rows, []web.Cell{{Text: roomName(r), Sub: roomID(r), URL: "/staff/rooms/" + r.ID.String()}, {Text: v.each("platform.", r.Platform)}, {Text: left}})
	}
	v.add(web.StaffBlock{Title: v.say("staff.rooms"), Table: t, Empty: emptyIf(len(rooms) == 0, v.say("staff.rooms_none"))})
	if v.h.PersonLevel {
		people, err := v.tx.PeopleList(p.ID, "", staffPageRows, 0)
		if err != nil {
			return err
		}
		v.add(v.peopleBlock(people, web.Pager{}))
	}
	return v.timeline(p, to)
}

func emptyIf(empty bool, text string) string {
	if empty {
		return text
	}
	return ""
}

// timeline is what a partner did last.
func (v *staffView) timeline(p models.Partner, to time.Time) error {
	lines, err := v.tx.Events(models.EventFilter{From: to.Add(-partnerSpan), To: to.Add(time.Minute), Partner: p.ID, Persons: v.h.PersonLevel, Limit: 20})
	if err != nil {
		return err
	}
	log := "/staff/events?" + url.Values{"partner": {p.Key}}.Encode()
	t := v.eventTable(lines)
	for _, row := range t.Rows {
		for i := range row {
			row[i].URL = ""
		}
	}
	v.add(web.StaffBlock{Title: v.say("staff.timeline"), Links: []web.Link{{Label: v.say("staff.all_events"), URL: log}}, Table: t, Empty: emptyIf(len(lines) == 0, v.say("staff.events_none"))})
	return nil
}

// health says how a partner stands, term by term: what is counted, beside what it
// is measured by. There is no mark that adds them up: nobody could explain it.
func (v *staffView) health(p models.Partner, c models.Counted, known int64, span models.Period) error {
	n := c.Partners[p.ID]
	if n == nil {
		n = models.Counts{}
	}
	events := func(figure string) string { return eventsURL(figure, span.From, span.To, "partner", p.Key) }
	tile := func(figure, note string, bad bool) web.Tile {
		f, _ := models.FigureOf(figure)
		t := web.Tile{Label: v.figureName(f), Value: count(n[figure]), URL: events(figure), Note: note}
		if bad {
			t.Tone = "bad"
		}
		return t
	}
	lean := ""
	if acts := n[models.NamedActs]; acts >= leanActs && known > 1 && n[models.MostActs]*100/acts >= leanShare {
		lean = v.say("staff.health_lean", "percent", n[models.MostActs]*100/acts)
	}
	tiles := []web.Tile{
		tile("active_people", v.say("staff.health_active", "known", known), n["active_people"] == 0),
		tile(models.Asked, "", false),
		tile("solved", v.say("staff.health_rated", "count", n[models.Rated]), n["solved"]*2 < n[models.Rated]),
		tile(models.Unanswered, v.say("staff.health_asked", "count", n[models.Asked]), n[models.Unanswered]*2 > n[models.Asked]),
		tile(models.Delivered, "", false),
		tile(models.Opened, v.say("staff.health_delivered", "count", n[models.Delivered]), n[models.Delivered] > 0 && n[models.Opened] == 0),
		tile(models.Completed, "", false), tile("acknowledged", "", false), tile("used", "", false),
		tile(models.DeliveryFailed, "", n[models.DeliveryFailed] > 0),
	}
	last, err := v.tx.LastActive(p.ID, span.To)
	if err != nil {
		return err
	}
	fact := web.Fact{Label: v.say("staff.last_active"), Value: web.Cell{Text: v.say("staff.never"), Tone: "bad"}}
	if last != nil {
		fact.Value = web.Cell{Text: v.when(*last)}
	}
	v.add(web.StaffBlock{Title: v.say("staff.health"), Note: strings.TrimSpace(v.say("staff.health_note") + "\n" + lean), Tiles: tiles, Facts: []web.Fact{fact}})
	return nil
}
