package handlers

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"akari/bot"
	"akari/models"
	"akari/web"
)

// staffPageRows is how many rows a page of a list shows.
const staffPageRows = 50

// Without dates the log shows the last four weeks: what is older is asked for.
const eventsBack = 28 * 24 * time.Hour

var eventClasses = []string{models.ClassHuman, "preview", "scanner", "suspect", "forwarded", models.ClassStaff, "test", "none"}

// events is the log, with filters.
func (v *staffView) events() error {
	f, trouble, err := v.eventFilter()
	if err != nil {
		return err
	}
	f.Limit = v.most(staffPageRows) + 1
	lines, err := v.tx.Events(f)
	if err != nil {
		return err
	}
	sum, err := v.tx.SumEvents(f)
	if err != nil {
		return err
	}
	v.add(web.StaffBlock{Filter: v.eventFields(f), Note: trouble})
	b := web.StaffBlock{Title: v.eventSum(sum), Note: v.say("staff.events_span", "from", v.when(f.From), "to", v.when(f.To)), Links: v.exports(), Pager: web.Pager{Name: v.say("staff.pages")}}
	if len(lines) == f.Limit {
		lines = lines[:f.Limit-1]
		last := lines[len(lines)-1]
		b.Pager.Next = web.Link{Label: v.say("staff.older"), URL: v.with("before", last.OccurredAt.UTC().Format(time.RFC3339Nano)+"/"+last.ID.String())}
	}
	if f.BeforeAt != nil {
		b.Pager.Prev = web.Link{Label: v.say("staff.newest"), URL: v.with("before", "")}
	}
	b.Table = v.eventTable(lines)
	if len(lines) == 0 {
		b.Links, b.Empty = nil, v.say("staff.events_none")
	}
	v.add(b)
	return nil
}

func (v *staffView) eventSum(s models.EventSum) string {
	n := count(s.N)
	if s.More {
		n = v.say("staff.or_more", "count", n)
	}
	if s.People > 0 {
		return v.say("staff.events_people", "count", n, "people", count(s.People))
	}
	return v.say("staff.events_count", "count", n)
}

// eventFilter reads what is asked for. trouble says what was not understood.
func (v *staffView) eventFilter() (f models.EventFilter, trouble string, err error) {
	now, zone := v.tx.Now(), v.h.Vendor.Zone
	f = models.EventFilter{Kind: v.query.Get("kind"), Class: v.query.Get("class"), Object: v.query.Get("object"), Persons: v.h.PersonLevel}
	f.To, f.From = now.Add(time.Minute), now.Add(-eventsBack)
	day := func(name string, end int, into *time.Time) {
		if text := v.query.Get(name + "_at"); text != "" {
			if at, err := time.Parse(time.RFC3339, text); err == nil {
				*into = at
				return
			}
		}
		text := strings.TrimSpace(v.query.Get(name))
		if text == "" {
			return
		}
		at, err := time.ParseInLocation(time.DateOnly, text, zone)
		if err != nil {
			trouble = v.say("staff.bad_day", "text", clip(text, 20))
			return
		}
		*into = time.Date(at.Year(), at.Month(), at.Day()+end, 0, 0, 0, 0, zone)
	}
	day("to", 1, &f.To)
	if f.To.Before(now) {
		f.From = f.To.Add(-eventsBack)
	}
	day("from", 0, &f.From)
	if figure, ok := models.FigureOf(v.query.Get("figure")); ok {
		f.Figure = &figure
	}
	if c := v.query.Get("campaign"); c != "" {
		if f.Campaign, err = strconv.ParseInt(c, 10, 64); err != nil {
			trouble, f.Campaign = v.say("staff.bad_campaign"), -1
		}
	}
	f.BeforeAt, f.BeforeID = v.before()
	if key := v.query.Get("partner"); key != "" {
		p, err := v.tx.PartnerByKey(key)
		if err != nil && !errors.Is(err, models.ErrNotFound) {
			return f, "", err
		}
		if f.Partner = p.ID; p.ID.IsZero() {
			f.Partner, trouble = models.NewID(), v.say("staff.no_partner", "key", clip(key, 40)) // nobody's
		}
	}
	if key := v.query.Get("person"); key != "" && v.h.PersonLevel {
		p, err := v.tx.PersonByKey(key)
		if err != nil && !errors.Is(err, models.ErrNotFound) {
			return f, "", err
		}
		if f.Person = p.ID; p.ID.IsZero() {
			f.Person, trouble = models.NewID(), v.say("staff.no_person", "key", clip(key, 40))
		}
	}
	return f, trouble, nil
}

// eventFields are the filters, filled with what was asked for.
func (v *staffView) eventFields(f models.EventFilter) *web.StaffFilter {
	choice := func(name string, values []string, word func(string) string) web.FormField {
		x := web.FormField{Name: name, Label: v.say("staff.by_" + name), Kind: string(bot.Choice)}
		for _, value := range values {
			x.Options = append(x.Options, web.FormOption{Label: word(value), Value: value, Selected: v.query.Get(name) == value})
		}
		return x
	}
	line := func(name string) web.FormField {
		return web.FormField{Name: name, Label: v.say("staff.by_" + name), Kind: string(bot.Line), Value: v.query.Get(name), Max: 128}
	}
	date := func(name string, at time.Time) web.FormField {
		return web.FormField{Name: name, Label: v.say("staff.by_" + name), Kind: string(bot.Date), Value: v.day(at)}
	}
	figures := []string{}
	for _, g := range models.Figures {
		figures = append(figures, g.Key)
	}
	fields := []web.FormField{
		date("from", f.From), date("to", f.To.Add(-time.Second)),
		choice("figure", figures, func(key string) string { g, _ := models.FigureOf(key); return v.figureName(g) }),
		choice("kind", models.EventKinds(), v.kindName),
		choice("class", eventClasses, func(c string) string { return v.say("staff.class_" + c) }),
		line("partner"),
	}
	if v.h.PersonLevel {
		fields = append(fields, line("person"))
	}
	fields = append(fields, line("object"), line("campaign"))
	return &web.StaffFilter{Action: v.r.URL.Path, Fields: fields, Choose: v.say("staff.any"), Submit: v.say("staff.filter"), Clear: web.Link{Label: v.say("staff.clear"), URL: v.r.URL.Path}}
}

// kindName words a kind of event.
func (v *staffView) kindName(kind string) string {
	if v.h.Library.HasWord("staff.kind_" + kind) {
		return v.say("staff.kind_" + kind)
	}
	return kind
}

// className words a class; without one the product did it.
func (v *staffView) className(c *string) string {
	if c == nil {
		return v.say("staff.class_none")
	}
	if slices.Contains(eventClasses, *c) {
		return v.say("staff.class_" + *c)
	}
	return *c
}

func (v *staffView) eventTable(lines []models.EventLine) *web.StaffTable {
	t := &web.StaffTable{Caption: v.say("staff.events")}
	for _, c := range []string{"at", "kind", "class", "partner"} {
		t.Columns = append(t.Columns, web.Column{Label: v.say("staff." + c)})
	}
	if v.h.PersonLevel {
		t.Columns = append(t.Columns, web.Column{Label: v.say("staff.person")})
	}
	t.Columns = append(t.Columns, web.Column{Label: v.say("staff.object")}, web.Column{Label: v.say("staff.campaign")})
	for _, e := range lines {
		row := []web.Cell{{Text: v.when(e.OccurredAt), Sub: e.Platform}, {Text: v.kindName(e.Kind), Sub: e.Kind}, {Text: v.className(e.Class)}, {Text: told(e.PartnerName), Sub: told(e.PartnerKey), URL: linked(told(e.PartnerKey), v.with("partner", told(e.PartnerKey), "before", ""))}}
		if v.h.PersonLevel {
			row = append(row, web.Cell{Text: told(e.PersonName), Sub: told(e.PersonKey), URL: linked(told(e.PersonKey), v.with("person", told(e.PersonKey), "before", ""))})
		}
		object := web.Cell{Text: v.objectName(e), URL: linked(e.ObjectKey, v.with("object", e.ObjectKey, "before", ""))}
		if e.ObjectKey != "" && object.Text != e.ObjectKey {
			object.Sub = e.ObjectKey
		}
		campaign := web.Cell{}
		if e.CampaignID != nil {
			campaign.Text = strconv.FormatInt(*e.CampaignID, 10)
			campaign.URL = v.with("campaign", campaign.Text, "before", "")
		}
		t.Rows = append(t.Rows, append(row, object, campaign))
	}
	return t
}

// objectName is what an event is about, as people call it.
func (v *staffView) objectName(e models.EventLine) string {
	name := e.ObjectKey
	switch e.ObjectKind {
	case "material":
		if m, ok := v.h.Library.AnyMaterial(e.ObjectKey); ok {
			name = m.Title.In(v.lang)
			if e.ObjectVersion > 0 {
				name = v.say("staff.version", "title", name, "version", e.ObjectVersion)
			}
		}
	case "entry":
		if x, ok := v.h.Library.AnyEntry(e.ObjectKey); ok {
			name = x.Question.In(v.lang)
		}
	}
	if e.Page != nil && *e.Page > 0 {
		name = v.say("staff.on_page", "title", name, "page", *e.Page)
	}
	return name
}

func told(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// linked is an address where there is something to lead to.
func linked(what, url string) string {
	if what == "" {
		return ""
	}
	return url
}

// before is behind which row of a log the page begins.
func (v *staffView) before() (*time.Time, models.ID) {
	at, id, _ := strings.Cut(v.query.Get("before"), "/")
	t, err := time.Parse(time.RFC3339Nano, at)
	before, bad := models.ParseID(id)
	if err != nil || bad != nil || v.export != "" {
		return nil, models.ID{}
	}
	return &t, before
}
