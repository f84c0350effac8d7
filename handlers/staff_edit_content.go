package handlers

import (
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"akari/bot"
	"akari/content"
	"akari/models"
	"akari/web"
)

// What an FAQ entry and a material have in common: whom they are for, from when to
// when, and who answers for them.

// contentFields ask for it.
func (v *staffView) contentFields(a content.Audience, o content.Owner, from, until string) ([]bot.Field, error) {
	names := make([]string, 0, len(a.Partners))
	for _, key := range a.Partners {
		p, err := v.tx.PartnerByKey(key)
		if ignoreMissing(err) != nil {
			return nil, err
		}
		names = append(names, strings.TrimSpace(key+" "+p.Name))
	}
	partners := v.field(bot.Lines, "partners", strings.Join(names, "\n"))
	partners.Max = 60000
	owner, err := v.staffField("owner", o.Person)
	return []bot.Field{
		section(v.say("edit.section_audience"), partners), v.line("tiers", 2000, strings.Join(a.Tiers, "、")), v.line("audience_tags", 2000, strings.Join(a.Tags, "、")),
		section(v.say("edit.section_valid"), v.field(bot.Date, "valid_from", from)), v.field(bot.Date, "valid_until", until),
		section(v.say("edit.section_owner"), owner), v.line("department", 100, o.Department),
	}, err
}

// audienceOf reads whom something is for.
func (v *staffView) audienceOf(args url.Values) (a content.Audience, err error) {
	a.Tiers, a.Tags = listed(args.Get("tiers")), listed(args.Get("audience_tags"))
	typed := lines(args.Get("partners"))
	if len(typed) == 0 {
		return a, nil
	}
	book, err := newPartnerBook(v.tx)
	if err != nil {
		return a, err
	}
	for _, line := range typed {
		key, _, _ := strings.Cut(line, " ")
		p, known := book.byKey[key]
		if !known {
			var why string
			if p, why, _ = book.find(content.OutcomeRow{PartnerName: line}); why != "" {
				v.wrong("partners", "edit."+why, "name", clip(line, 40))
				continue
			}
		}
		if !slices.Contains(a.Partners, p.Key) {
			a.Partners = append(a.Partners, p.Key)
		}
	}
	return a, nil
}

// ownerNow is who answers for something today: what was said by hand, else what its
// file says.
func (v *staffView) ownerNow(kind, key string, o content.Owner) (content.Owner, error) {
	now, err := v.tx.OwnerNow(kind, key)
	if err == nil {
		o = content.Owner{Person: now.Owner, Department: now.Department}
	}
	return o, ignoreMissing(err)
}

// own makes who was typed answer for something, if that is somebody else than now.
func (v *staffView) own(kind, key string, now content.Owner, args url.Values) error {
	p, err := v.owner("owner", args)
	department := oneLine(args.Get("department"))
	if err != nil || v.refused() || p.Key == now.Person && department == now.Department {
		return err
	}
	return v.tx.SetOwner(kind, key, p.ID, department, v.who.Person.ID)
}

// ownerOf reads who answers for something new.
func (v *staffView) ownerOf(args url.Values) (content.Owner, error) {
	p, err := v.owner("owner", args)
	return content.Owner{Person: p.Key, Department: oneLine(args.Get("department"))}, err
}

// validOf reads from when to when something is in force.
func (v *staffView) validOf(args url.Values) (from, until string) {
	return v.daysFrom(args, "valid_from", "valid_until")
}

// daysFrom reads the first and the last of some days, YYYY-MM-DD; "" = none is named.
func (v *staffView) daysFrom(args url.Values, first, last string) (from, until string) {
	for _, one := range []struct {
		name string
		into *string
	}{{first, &from}, {last, &until}} {
		day, err := content.ParseDay(args.Get(one.name))
		if err != nil {
			v.wrong(one.name, "staff.bad_day", "text", clip(args.Get(one.name), 20))
		}
		*one.into = day
	}
	if from != "" && until != "" && until < from {
		v.wrong(last, "edit.until_before_from")
	}
	return from, until
}

// yesterday is the last day of what must not be in force any more.
func (v *staffView) yesterday() string {
	return v.tx.Now().In(v.h.Vendor.Zone).AddDate(0, 0, -1).Format(time.DateOnly)
}

// materialsField asks for materials.
func (v *staffView) materialsField(chosen []string) bot.Field {
	f := v.field(bot.Choices, "materials", chosen...)
	all := v.h.Library.AllMaterials()
	for _, m := range all {
		f.Options = append(f.Options, bot.Option{Label: m.Title.In(v.lang), Value: m.Key})
	}
	for _, key := range chosen {
		if _, ok := v.h.Library.AnyMaterial(key); !ok { // named before the material is there
			f.Options = append(f.Options, bot.Option{Label: v.say("edit.no_material", "key", key), Value: key})
		}
	}
	slices.SortStableFunc(f.Options, func(a, b bot.Option) int { // what is chosen stands first
		in := func(o bot.Option) int {
			if slices.Contains(chosen, o.Value) {
				return 0
			}
			return 1
		}
		return in(a) - in(b)
	})
	return f
}

// origin says where an entry or a material comes from, and what saving it here does;
// over: it was saved here and lies over what a file says. The library may be a moment
// behind the rows.
func (v *staffView) origin(kind, key string) (said string, over bool, err error) {
	file := ""
	if list := v.h.Library.Overlays(); kind == models.OverlayFAQ {
		e, _ := v.h.Library.FileEntry(key)
		file = e.File
	} else if i := slices.IndexFunc(list, func(o content.Overlay) bool { return o.Kind == kind && o.Key == key }); i >= 0 {
		file = list[i].File
	} else if m, ok := v.h.Library.AnyMaterial(key); ok {
		file = m.Source
	}
	_, err = v.tx.OverlayOf(kind, key)
	switch {
	case errors.Is(err, models.ErrNotFound):
		return v.say("edit.from_file", "file", file), false, nil
	case err != nil || file == "":
		return v.say("edit.from_here"), false, err
	}
	return v.say("edit.over_file", "file", file), true, nil
}

// put writes a row over the files. What is still wrong with it is told as it is.
func (v *staffView) put(kind, key string, body json.RawMessage) error {
	if faults := v.h.Library.CheckOver(content.Row{Kind: kind, Key: key, Body: body}); len(faults) > 0 {
		v.stop("edit.broken", "text", faults[0].Text)
		return nil
	}
	_, err := v.tx.PutOverlays(models.Overlay{Kind: kind, Key: key, Body: string(body), Source: "staff", UpdatedBy: v.who.Person.ID})
	return err
}

// parts show a message as each platform that is on would show it; those that show
// the same stand together.
func (v *staffView) parts(title string, m bot.Message) (out []web.StaffPart) {
	said := map[string][]string{}
	var order []string
	for _, name := range slices.Sorted(maps.Keys(v.h.platforms)) {
		b, _ := json.Marshal(bot.Fit(m, v.h.platforms[name].Limits())) // a message always marshals: it is kept so
		if _, seen := said[string(b)]; !seen {
			order = append(order, string(b))
		}
		said[string(b)] = append(said[string(b)], v.say("platform."+name))
	}
	for _, one := range order {
		var fitted []bot.Message
		if err := json.Unmarshal([]byte(one), &fitted); err != nil {
			continue
		}
		for i, f := range fitted {
			p := web.StaffPart{Text: f.Text}
			if i == 0 {
				p.Head = title + " · " + strings.Join(said[one], " · ")
			}
			for _, b := range f.Buttons {
				p.Buttons = append(p.Buttons, b.Label)
			}
			out = append(out, p)
		}
	}
	return out
}

// validState words whether something is in force today.
func (v *staffView) validState(from, until string) web.Cell {
	today := v.day(v.tx.Now())
	switch {
	case until != "" && until < today:
		return web.Cell{Text: v.say("edit.state_over", "day", until), Tone: "bad"}
	case from > today:
		return web.Cell{Text: v.say("edit.state_later", "day", from)}
	}
	return web.Cell{Text: v.say("edit.state_in_force")}
}
