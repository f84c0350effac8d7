package handlers

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"akari/bot"
	"akari/models"
	"akari/web"
)

// holidayEditors may say on which days the vendor rests.
var holidayEditors = []string{"admin"}

// holidaysMost is how many days can be added at once.
const holidaysMost = 31

func holidayURL(day string) string { return "/staff/holidays/" + url.PathEscape(day) }

// holidaysList is on which days of a year nobody is written to: the vendor's, wherever
// they are named, and partners' own.
func (v *staffView) holidaysList() error {
	now := v.tx.Now().In(v.h.Vendor.Zone).Year()
	year, err := strconv.Atoi(v.query.Get("year"))
	if err != nil || year < 2000 || year > 2100 {
		year = now
	}
	cals, err := v.h.calendars(v.tx)
	if err != nil {
		return err
	}
	cal := cals.vendor()
	named := maps.Clone(cal.Off)
	maps.Copy(named, cal.Holidays)
	from, to := strconv.Itoa(year)+"-01-01", strconv.Itoa(year)+"-12-31"
	can := v.has(holidayEditors)
	t := &web.StaffTable{Caption: v.say("staff.holidays"), Columns: v.heads("closed_day", "holiday_name", "named_by")}
	for _, day := range slices.Sorted(maps.Keys(named)) {
		if day < from || day > to {
			continue
		}
		name, own := cal.Holidays[day]
		row := []web.Cell{v.dayCell(day), {Text: name}, {Text: v.say("staff.named_here")}}
		switch {
		case own && can:
			row[0].URL = holidayURL(day)
		case !own && cal.Off[day] == day:
			row[2].Text = v.say("staff.named_config")
		case !own:
			row[1].Text, row[2].Text = cal.Off[day], v.say("staff.named_nation")
		}
		t.Rows = append(t.Rows, row)
	}
	b := web.StaffBlock{Title: v.say("staff.holidays_of", "year", year), Note: v.say("staff.holidays_note"), Table: t, Links: v.exports()}
	if len(t.Rows) == 0 {
		b.Links, b.Empty = nil, v.say("staff.holidays_none")
	}
	for _, y := range []int{year + 1, year - 1} {
		b.Links = append([]web.Link{{Label: v.say("staff.holidays_of", "year", y), URL: v.with("year", strconv.Itoa(y), "from_row", "")}}, b.Links...)
	}
	if can {
		b.Links = append([]web.Link{{Label: v.say("edit.new_holiday"), URL: "/staff/holidays/_new"}}, b.Links...)
	}
	v.add(b)

	offset := v.offset("")
	days, err := v.tx.PartnerDaysIn(from, to, v.most(staffPageRows)+1, offset)
	if err != nil {
		return err
	}
	days, more := cut(days, v.most(staffPageRows))
	t = &web.StaffTable{Caption: v.say("staff.partner_days"), Columns: v.heads("closed_day", "partner", "day_kind")}
	for _, d := range days {
		partner, kind := web.Cell{Text: d.Name, URL: partnerURL(d.Key)}, "staff.day_works"
		if v.has(partnerEditors) {
			partner.URL += "/edit"
		}
		if d.Closed {
			kind = "staff.day_closed"
		}
		t.Rows = append(t.Rows, []web.Cell{v.dayCell(d.Day), partner, {Text: v.say(kind)}})
	}
	b = web.StaffBlock{Title: v.say("staff.partner_days"), Note: v.say("staff.partner_days_note"), Table: t, Links: v.exports(), Pager: v.pager("", offset, len(days), more)}
	if len(days) == 0 {
		b.Links, b.Empty = nil, v.say("staff.holidays_none")
	}
	v.add(b)
	return nil
}

// dayCell is a day with its weekday.
func (v *staffView) dayCell(day string) web.Cell {
	c := web.Cell{Text: day}
	if d, err := time.Parse(time.DateOnly, day); err == nil {
		c.Text += v.say("staff.weekday", "weekday", v.say("weekday."+strconv.Itoa(int(d.Weekday()))))
	}
	return c
}

// newHoliday is the form of days off that are not named yet.
func (v *staffView) newHoliday() (*staffEdit, error) {
	v.page.Title, v.page.Back = v.say("edit.new_holiday"), web.Link{Label: v.say("staff.holidays"), URL: "/staff/holidays"}
	return &staffEdit{text: v.say("edit.holiday_text"), fields: []bot.Field{
		required(v.field(bot.Date, "holiday_from")), v.field(bot.Date, "holiday_to"), required(v.line("holiday_name", 100, "")),
	}, acts: []staffAct{{name: "holiday.add", label: v.say("form.save"), do: v.addHolidays}}}, nil
}

// addHolidays makes every day of the span one off that is none yet.
func (v *staffView) addHolidays(args url.Values) (string, error) {
	first, last := v.daysFrom(args, "holiday_from", "holiday_to")
	if first == "" || v.refused() {
		return "", nil
	}
	if last == "" {
		last = first
	}
	var days []string
	for d, _ := time.Parse(time.DateOnly, first); d.Format(time.DateOnly) <= last && len(days) <= holidaysMost; d = d.AddDate(0, 0, 1) { // daysFrom has read it
		days = append(days, d.Format(time.DateOnly))
	}
	if len(days) > holidaysMost {
		v.wrong("holiday_to", "edit.holiday_long", "count", holidaysMost)
		return "", nil
	}
	cals, err := v.h.calendars(v.tx)
	if err != nil {
		return "", err
	}
	days = slices.DeleteFunc(days, cals.vendor().off)
	if len(days) == 0 {
		v.wrong("holiday_from", "edit.holiday_twice")
		return "", nil
	}
	for _, day := range days {
		if err := v.tx.PutHoliday(day, oneLine(args.Get("holiday_name"))); err != nil {
			return "", err
		}
	}
	v.object = "holiday:" + strings.Join(days, ",")
	return saved("/staff/holidays", "holiday") + "&year=" + first[:4], nil
}

// holidayEdit names a day off anew, or takes it back.
func (v *staffView) holidayEdit() (*staffEdit, error) {
	day := v.r.PathValue("day")
	cals, err := v.h.calendars(v.tx)
	if err != nil {
		return nil, err
	}
	name, ok := cals.days.Holidays[day]
	if !ok {
		return nil, models.ErrNotFound
	}
	list := "&year=" + day[:4]
	v.page.Title, v.page.Back = v.dayCell(day).Text, web.Link{Label: v.say("staff.holidays"), URL: "/staff/holidays?year=" + day[:4]}
	return &staffEdit{object: "holiday:" + day, fields: []bot.Field{required(v.line("holiday_name", 100, name))}, acts: []staffAct{
		{name: "holiday.change", label: v.say("form.save"), do: func(args url.Values) (string, error) {
			return saved("/staff/holidays", "saved") + list, v.tx.PutHoliday(day, oneLine(args.Get("holiday_name")))
		}},
		{name: "holiday.drop", label: v.say("edit.drop_holiday"), style: "danger", loose: true, do: func(url.Values) (string, error) {
			return saved("/staff/holidays", "holiday_gone") + list, v.tx.DropHoliday(day)
		}},
	}}, nil
}
