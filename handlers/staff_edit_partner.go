package handlers

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"akari/bot"
	"akari/content"
	"akari/models"
	"akari/web"
)

// partnerEditors may change what a partner is; peopleEditors what a person is.
var (
	partnerEditors = []string{"admin", "manager"}
	peopleEditors  = []string{"admin"}
)

func (v *staffView) has(roles []string) bool {
	return slices.ContainsFunc(roles, v.who.Person.Has)
}

// partnerEdit is the form of what a partner is.
func (v *staffView) partnerEdit() (*staffEdit, error) {
	p, err := v.tx.PartnerByKey(v.r.PathValue("key"))
	if err != nil {
		return nil, err
	}
	v.page.Title, v.page.Back = v.say("edit.partner_title", "partner", p.Name), web.Link{Label: p.Name, URL: partnerURL(p.Key)}
	above, owner := "", ""
	if !p.ParentID.IsZero() {
		up, err := v.tx.Partner(p.ParentID)
		if err != nil {
			return nil, err
		}
		above = up.Key
	}
	if !p.OwnerID.IsZero() {
		o, err := v.tx.WhoisPerson(p.OwnerID)
		if ignoreMissing(err) != nil {
			return nil, err
		}
		owner = o.Person.Key
	}
	closed, works, err := v.tx.DaysOf(p.ID)
	if err != nil {
		return nil, err
	}
	parent, err := v.partnerField("parent", above, p.ID)
	if err != nil {
		return nil, err
	}
	owners, err := v.staffField("owner", owner)
	if err != nil {
		return nil, err
	}
	days := func(name string, list []string) bot.Field {
		f := v.field(bot.Lines, name, strings.Join(list, "\n"))
		f.Max = 10000
		return f
	}
	return &staffEdit{object: "partner:" + p.Key, fields: []bot.Field{
		required(v.line("name", 200, p.Name)), v.line("tier", 64, p.Tier), parent, v.line("region", 64, p.Region), v.line("tags", 2000, strings.Join(p.Tags, "、")),
		v.fixed(v.field(bot.Choice, "language", p.Language), "edit.language_", v.h.Vendor.Languages...), v.line("time_zone", 64, p.TimeZone),
		section(v.say("edit.section_owner"), owners), v.line("department", 100, p.Department),
		section(v.say("edit.section_days"), days("holidays", closed)), days("workdays", works),
	}, acts: []staffAct{
		{name: "partner.change", label: v.say("form.save"), do: func(args url.Values) (string, error) { return v.savePartner(p, args) }},
		{name: "person.invite", label: v.say("edit.invite_new"), loose: true, do: func(url.Values) (string, error) { return "", v.invite("", p.Key) }},
	}}, nil
}

func (v *staffView) savePartner(p models.Partner, args url.Values) (string, error) {
	p.Name, p.Tier, p.Region, p.Department = oneLine(args.Get("name")), oneLine(args.Get("tier")), oneLine(args.Get("region")), oneLine(args.Get("department"))
	p.Tags, p.Language, p.TimeZone = listed(args.Get("tags")), args.Get("language"), strings.TrimSpace(args.Get("time_zone"))
	for _, tag := range p.Tags {
		if len([]rune(tag)) > 64 {
			v.wrong("tags", "edit.bad_tag", "tag", clip(tag, 20))
		}
	}
	if _, err := time.LoadLocation(p.TimeZone); err != nil || p.TimeZone == "Local" {
		v.wrong("time_zone", "edit.bad_zone")
	}
	closed, works := v.days("holidays", args.Get("holidays")), v.days("workdays", args.Get("workdays"))
	for _, day := range works {
		if slices.Contains(closed, day) {
			v.wrong("workdays", "edit.day_twice", "day", day)
		}
	}
	p.ParentID, p.OwnerID = models.ID{}, models.ID{}
	if key := args.Get("parent"); key != "" {
		up, err := v.tx.PartnerByKey(key)
		if err != nil {
			return "", err
		}
		p.ParentID = up.ID
	}
	owner, err := v.owner("owner", args)
	if err != nil {
		return "", err
	}
	p.OwnerID = owner.ID
	if v.refused() {
		return "", nil
	}
	if err := v.tx.ChangePartner(p); errors.Is(err, models.ErrAboveItself) {
		v.wrong("parent", "edit.above_itself")
		return "", nil
	} else if err != nil {
		return "", err
	}
	return saved(partnerURL(p.Key), "saved"), v.tx.SetDays(p.ID, closed, works)
}

// owner is the member of staff that a field names; none is the zero Person.
func (v *staffView) owner(field string, args url.Values) (models.Person, error) {
	key := args.Get(field)
	if key == "" {
		return models.Person{}, nil
	}
	p, err := v.tx.PersonByKey(key)
	if ignoreMissing(err) != nil {
		return p, err
	}
	if err != nil || p.Side != models.SideStaff || p.LeftAt != nil {
		v.wrong(field, "edit.bad_owner")
	}
	return p, nil
}

// listed reads words that stand behind each other.
func listed(text string) (out []string) {
	for _, x := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",，、;；\n", r) }) {
		if x = oneLine(x); x != "" && !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// invite makes an invitation and shows its code, this once.
func (v *staffView) invite(person, partner string) error {
	code, until, object, err := invite(v.tx, v.who.Person.ID, person, partner)
	if err != nil {
		return err
	}
	v.object = object
	v.page.Done = v.say("edit.invited", "code", code, "until", v.when(until))
	return nil
}

// personEdit is the form of what a person is.
func (v *staffView) personEdit() (*staffEdit, error) {
	p, err := v.tx.PersonByKey(v.r.PathValue("key"))
	if err != nil {
		return nil, err
	}
	name := p.Name
	if name == "" {
		name = p.Key
	}
	v.page.Title, v.page.Back = v.say("edit.person_title", "person", name), web.Link{Label: v.say("staff.people"), URL: "/staff/people"}
	e := &staffEdit{object: "person:" + p.ID.String(), passing: true, text: v.say("edit.person_key", "key", p.Key), fields: []bot.Field{required(v.line("name", 200, p.Name))}}
	roles := strings.Split(p.Roles, ",")
	if p.Side == models.SideStaff {
		e.fields = append(e.fields, v.line("department", 100, p.Department), v.fixed(v.field(bot.Choices, "roles", roles...), "edit.role_", staffRoles...))
	} else {
		of, err := v.tx.Partner(p.PartnerID)
		if ignoreMissing(err) != nil {
			return nil, err
		}
		partner, err := v.partnerField("partner", of.Key, models.ID{})
		if err != nil {
			return nil, err
		}
		e.fields = append(e.fields, required(partner), required(v.fixed(v.field(bot.Choice, "role", roles...), "edit.role_", "rep", "lead")))
	}
	left := ""
	if p.LeftAt != nil {
		left = "yes"
	}
	e.fields = append(e.fields, v.fixed(v.field(bot.Choice, "language", p.Language), "edit.language_", v.h.Vendor.Languages...),
		v.fixed(v.field(bot.Choices, "left", left), "edit.left_", "yes"))
	e.acts = []staffAct{
		{name: "person.change", label: v.say("form.save"), do: func(args url.Values) (string, error) { return v.savePerson(p, args) }},
		{name: "person.invite", label: v.say("edit.invite_person"), loose: true, do: func(url.Values) (string, error) { return "", v.invite(p.Key, "") }},
	}
	if p.LeftAt != nil {
		e.acts = e.acts[:1]
	}
	return e, nil
}

// staffRoles are the roles that staff may have.
var staffRoles = []string{"admin", "sender", "approver", "manager"}

func (v *staffView) savePerson(p models.Person, args url.Values) (string, error) {
	p.Name, p.Language = oneLine(args.Get("name")), args.Get("language")
	gone := args.Get("left") != ""
	switch {
	case !gone:
		p.LeftAt = nil
	case p.LeftAt == nil:
		now := v.tx.Now()
		p.LeftAt = &now
	}
	if p.Side == models.SideStaff {
		p.Department, p.Roles = oneLine(args.Get("department")), strings.Join(args["roles"], ",")
		if p.ID == v.who.Person.ID && (gone || !p.Has("admin")) { // else nobody might be left who can undo it
			v.stop("edit.not_yourself")
			return "", nil
		}
	} else {
		partner, err := v.tx.PartnerByKey(args.Get("partner"))
		if err != nil {
			return "", err
		}
		p.PartnerID, p.Roles = partner.ID, args.Get("role")
	}
	return saved("/staff/people/"+url.PathEscape(p.Key), "saved"), v.tx.ChangePerson(p)
}

// roomsList is every room that the bot is or was in.
func (v *staffView) roomsList() error {
	kind := v.query.Get("whose")
	f := v.fixed(bot.Field{Name: "whose", Label: v.say("edit.whose"), Kind: bot.Choice}, "edit.whose_", "none", models.RoomShared, models.RoomStaff)
	offset := v.offset("")
	rows, err := v.tx.RoomList(v.query.Get("q"), kind, v.most(staffPageRows)+1, offset)
	if err != nil {
		return err
	}
	rows, more := cut(rows, v.most(staffPageRows))
	v.add(web.StaffBlock{Filter: v.search(v.say("edit.find_room"), formField(f, []string{kind}, ""))})
	t := &web.StaffTable{Caption: v.say("staff.rooms"), Columns: v.heads("room", "whose", "platform", "left")}
	for _, r := range rows {
		whose := web.Cell{Text: v.say("edit.whose_none"), Tone: "bad"}
		switch r.Kind {
		case models.RoomStaff:
			whose = web.Cell{Text: v.say("edit.whose_staff")}
		case models.RoomShared:
			whose = web.Cell{Text: told(r.PartnerName), URL: linked(told(r.PartnerKey), partnerURL(told(r.PartnerKey)))}
		}
		left := ""
		if r.LeftAt != nil {
			left = v.day(*r.LeftAt)
		}
		t.Rows = append(t.Rows, []web.Cell{{Text: roomName(r.Room), Sub: roomID(r.Room), URL: "/staff/rooms/" + r.ID.String()}, whose, {Text: v.each("platform.", r.Platform)}, {Text: left}})
	}
	b := web.StaffBlock{Title: v.say("staff.rooms"), Note: v.say("edit.rooms_note"), Table: t, Links: v.exports(), Pager: v.pager("", offset, len(rows), more)}
	if len(rows) == 0 {
		b.Links, b.Empty = nil, v.say("edit.rooms_none")
	}
	v.add(b)
	return nil
}

func roomName(r models.Room) string {
	if r.Name == "" {
		return r.Room
	}
	return r.Name
}

// roomID is what a platform calls a room, where it has a name beside it.
func roomID(r models.Room) string {
	if r.Name == "" {
		return ""
	}
	return r.Room
}

// roomEdit says whose a room is.
func (v *staffView) roomEdit() (*staffEdit, error) {
	id, err := models.ParseID(v.r.PathValue("id"))
	if err != nil {
		return nil, models.ErrNotFound
	}
	room, err := v.tx.RoomByID(id)
	if err != nil {
		return nil, err
	}
	v.page.Title, v.page.Back = v.say("edit.room_title", "room", roomName(room)), web.Link{Label: v.say("staff.rooms"), URL: "/staff/rooms"}
	now := ""
	switch {
	case room.Kind == models.RoomStaff:
		now = staffChoice
	case !room.PartnerID.IsZero():
		p, err := v.tx.Partner(room.PartnerID)
		if err != nil {
			return nil, err
		}
		now = p.Key
	}
	f, err := v.partnerField("whose", now, models.ID{})
	if err != nil {
		return nil, err
	}
	if !room.Outsiders() { // a room that outsiders read is not the staff's
		f.Options = append(f.Options, bot.Option{Label: v.say("edit.whose_staff"), Value: staffChoice})
	}
	e := &staffEdit{object: room.ID.String(), text: v.say("edit.room_text", "platform", v.say("platform."+room.Platform)), fields: []bot.Field{required(f)}, acts: []staffAct{
		{name: "room.map", label: v.say("form.save"), do: func(args url.Values) (string, error) { return v.saveRoom(room, now, args.Get("whose")) }},
	}}
	if now != "" {
		e.acts = append(e.acts, staffAct{name: "room.unmap", label: v.say("edit.unmap"), style: "danger", loose: true, do: func(url.Values) (string, error) {
			return saved("/staff/rooms/"+room.ID.String(), "unmapped"), v.tx.UnmapRoom(room.ID)
		}})
	}
	return e, nil
}

func (v *staffView) saveRoom(room models.Room, was, whose string) (string, error) {
	next := saved("/staff/rooms/"+room.ID.String(), "mapped")
	if whose == was {
		return next, nil // nobody is greeted twice
	}
	var partner models.Partner
	if whose == staffChoice {
		if room.Outsiders() {
			v.wrong("whose", "room.outsiders")
			return "", errTyped
		}
	} else {
		var err error
		if partner, err = v.tx.PartnerByKey(whose); err != nil {
			return "", err
		}
	}
	t := v.turn()
	if err := t.mapRoom(room, partner); err != nil {
		return "", err
	}
	return next, v.finish(t)
}

// days reads days, one a line or behind each other.
func (v *staffView) days(field, text string) (out []string) {
	for _, x := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",，、;； 　\n\t", r) }) {
		day, err := content.ParseDay(x)
		if err != nil {
			v.wrong(field, "staff.bad_day", "text", clip(x, 20))
			return nil
		}
		if !slices.Contains(out, day) {
			out = append(out, day)
		}
	}
	slices.Sort(out)
	return out
}
