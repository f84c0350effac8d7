package handlers

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"akari/bot"
	"akari/content"
	"akari/models"
)

// The form in which a campaign is composed: fields from a spec, and a spec from
// what was filled in. The two are held against each other by a test: what a form
// shows comes back unchanged.

// mostChoices is how many choices a chat shows for one field.
const mostChoices = 99

// composeForm is the form for a campaign; the zero spec is a new one.
func (t *Turn) composeForm(s models.Spec, c models.Campaign) (bot.Form, error) {
	f := bot.Form{Name: "campaign.new", Title: t.Say("compose.form_title"), Text: t.Say("compose.form_text", "zone", t.h.Vendor.Zone.String()), Submit: t.Say("compose.submit"), Keep: true}
	if c.ID != 0 {
		f.Title = t.Say("compose.form_edit", "id", c.ID)
		f.Args = map[string][]string{"c": {strconv.FormatInt(c.ID, 10)}, "e": {strconv.FormatInt(c.Epoch, 10)}}
	}
	who, err := t.audienceFields(s.To, s.Audience)
	if err != nil {
		return f, err
	}
	f.Fields = slices.Concat(t.messageFields(s), who, t.timeFields(s))
	return f, nil
}

// field is one field with its label and, where there is one, its hint.
func (t *Turn) field(kind bot.FieldKind, name string, value ...string) bot.Field {
	f := bot.Field{Name: name, Kind: kind, Label: t.Say("compose." + name)}
	if hint := "compose." + name + "_hint"; t.h.Library.HasWord(hint) {
		f.Hint = t.Say(hint)
	}
	for _, v := range value {
		if v != "" {
			f.Value = append(f.Value, v)
		}
	}
	return f
}

// loaded is a field whose choices are looked up; those that stand there already
// bring their labels.
func (t *Turn) loaded(f bot.Field, route string, label func(string) string) bot.Field {
	f.Load = route
	for _, v := range f.Value {
		f.Options = append(f.Options, bot.Option{Label: clip(label(v), 75), Value: v})
	}
	return f
}

func (t *Turn) fixed(f bot.Field, prefix string, values ...string) bot.Field {
	for _, v := range values {
		f.Options = append(f.Options, bot.Option{Label: t.Say(prefix + v), Value: v})
	}
	return f
}

func (t *Turn) messageFields(s models.Spec) []bot.Field {
	class := t.fixed(t.field(bot.Choice, "class", s.Weight), "campaign.class_", models.WeightInfo, models.WeightConfirm, models.WeightAct)
	class.Required, class.Section = true, t.Say("compose.section_message")
	title := t.field(bot.Line, "title", s.Title)
	title.Required, title.Max = true, 150
	out := []bot.Field{class, title}
	for i, lang := range t.h.Vendor.Languages {
		text := t.field(bot.Lines, "text_"+lang, s.Text[lang])
		text.Required, text.Max = i == 0, textMax
		out = append(out, text)
	}
	name := func(key string) string {
		if m, ok := t.h.Library.AnyMaterial(key); ok {
			return m.Title.In(t.Lang)
		}
		return key
	}
	out = append(out, t.loaded(t.field(bot.Choices, "materials", s.Materials...), "campaign.materials", name))
	return t.offer(out, t.loaded(t.field(bot.Choice, "image", s.Image), "campaign.images", name))
}

// offer adds a field whose choices are looked up, if there is anything to choose.
func (t *Turn) offer(fields []bot.Field, f bot.Field) []bot.Field {
	if len(f.Value) == 0 {
		if found, err := choices[f.Load].load(t, ""); err == nil && len(found) == 0 {
			return fields
		}
	}
	return append(fields, f)
}

// textMax is the longest text of a campaign in characters; a Slack modal takes
// 3,000 of them, the page takes all.
const textMax = 6000

func (t *Turn) audienceFields(kind string, r models.Rule) ([]bot.Field, error) {
	facets, err := t.tx.Facets()
	if err != nil {
		return nil, err
	}
	names, err := t.namesOf(r)
	if err != nil {
		return nil, err
	}
	name := func(key string) string {
		if n := names[key]; n != "" {
			return n
		}
		return key
	}
	same := func(s string) string { return s }
	var out []bot.Field
	add := func(f bot.Field) { out = append(out, f) }
	few := func(f bot.Field, values []string) {
		values = append(values[:len(values):len(values)], missingFrom(values, f.Value)...)
		if len(values) == 0 {
			return // nothing to choose from: no field
		}
		if len(values) > mostChoices {
			values = values[:mostChoices]
		}
		for _, v := range values {
			f.Options = append(f.Options, bot.Option{Label: clip(v, 75), Value: v})
		}
		add(f)
	}
	if kind == "" {
		kind = models.ToPeople
	}
	to := t.fixed(t.field(bot.Choice, "to", kind), "compose.to_", models.ToPeople, models.ToRooms)
	to.Required, to.Section = true, t.Say("compose.section_audience")
	add(to)
	everyone := t.fixed(t.field(bot.Choices, "everyone"), "compose.everyone_", "all")
	if r.All {
		everyone.Value = []string{"all"}
	}
	add(everyone)
	out = t.offer(out, t.loaded(t.field(bot.Choice, "saved"), "campaign.audiences", same))
	add(t.loaded(t.field(bot.Choices, "partners", r.Partners...), "campaign.partners", name))
	few(t.field(bot.Choices, "tiers", r.Tiers...), facets.Tiers)
	add(t.fixed(t.field(bot.Choices, "levels", r.Levels...), "compose.level_", models.LevelFirst, models.LevelSecond))
	out = t.offer(out, t.loaded(t.field(bot.Choices, "tags", r.Tags...), "campaign.tags", same))
	few(t.field(bot.Choices, "regions", r.Regions...), facets.Regions)
	add(t.loaded(t.field(bot.Choices, "owners", r.Owners...), "campaign.staff", name))
	if len(t.h.Vendor.Languages) > 1 {
		add(t.fixed(t.field(bot.Choices, "languages", r.Languages...), "compose.language_", t.h.Vendor.Languages...))
	}
	add(t.loaded(t.field(bot.Choice, "not_opened", r.NotOpened), "campaign.materials", name))
	acked := ""
	if r.NotAcknowledged != 0 {
		acked = strconv.FormatInt(r.NotAcknowledged, 10)
	}
	out = t.offer(out, t.loaded(t.field(bot.Choice, "not_acked", acked), "campaign.others", name))
	silent := t.field(bot.Line, "silent", number(r.SilentDays))
	silent.Max = 4
	add(silent)
	add(t.loaded(t.field(bot.Choices, "x_partners", r.Exclude.Partners...), "campaign.partners", name))
	few(t.field(bot.Choices, "x_tiers", r.Exclude.Tiers...), facets.Tiers)
	out = t.offer(out, t.loaded(t.field(bot.Choices, "x_tags", r.Exclude.Tags...), "campaign.tags", same))
	save := t.field(bot.Line, "save_as")
	save.Max = 60
	add(save)
	return out, nil
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func missingFrom(have, want []string) (out []string) {
	for _, v := range want {
		if v != "" && !slices.Contains(have, v) {
			out = append(out, v)
		}
	}
	return out
}

// namesOf words the keys that stand in a rule.
func (t *Turn) namesOf(r models.Rule) (map[string]string, error) {
	out := map[string]string{}
	for _, key := range slices.Concat(r.Partners, r.Exclude.Partners) {
		p, err := t.tx.PartnerByKey(key)
		if ignoreMissing(err) != nil {
			return nil, err
		}
		out[key] = p.Name
	}
	for _, key := range r.Owners {
		p, err := t.tx.PersonByKey(key)
		if ignoreMissing(err) != nil {
			return nil, err
		}
		out[key] = p.Name
	}
	if r.NotOpened != "" {
		if m, ok := t.h.Library.AnyMaterial(r.NotOpened); ok {
			out[r.NotOpened] = m.Title.In(t.Lang)
		}
	}
	if r.NotAcknowledged != 0 {
		c, err := t.tx.CampaignOf(r.NotAcknowledged)
		if ignoreMissing(err) != nil {
			return nil, err
		}
		out[strconv.FormatInt(r.NotAcknowledged, 10)] = c.Title
	}
	return out, nil
}

func (t *Turn) timeFields(s models.Spec) []bot.Field {
	day, hour := "", ""
	if !s.At.IsZero() {
		local := s.At.In(t.h.Vendor.Zone)
		day, hour = local.Format(time.DateOnly), local.Format("15:04")
	}
	date := t.field(bot.Date, "at_date", day)
	date.Section = t.Say("compose.section_time")
	clock := t.field(bot.Line, "at_time", hour)
	clock.Max = 10
	ack, deadline := "", ""
	if s.Ack != nil {
		ack = s.Ack.Rule
		if !s.Ack.Deadline.IsZero() {
			deadline = lastDay(s.Ack.Deadline, t.h.Vendor.Zone)
		}
	}
	rule := t.fixed(t.field(bot.Choice, "ack", ack), "compose.ack_", models.AckEveryone, models.AckOnePerPartner)
	rule.Section = t.Say("compose.section_ack")
	out := []bot.Field{date, clock, rule, t.field(bot.Date, "deadline", deadline)}
	if most := t.h.Campaign.RemindersMax; most > 0 {
		f := t.field(bot.Choice, "reminders", number(s.Reminders))
		for n := 1; n <= most; n++ {
			f.Options = append(f.Options, bot.Option{Label: t.Say("compose.times", "count", n), Value: strconv.Itoa(n)})
		}
		out = append(out, f)
	}
	owner := t.field(bot.Choice, "owner", s.Owner)
	owner.Section = t.Say("compose.section_rest")
	window, limit := t.field(bot.Line, "why_window", s.OverrideWindow), t.field(bot.Line, "why_cap", s.OverrideCap)
	window.Max, limit.Max = 200, 200
	return append(out, t.loaded(owner, "campaign.staff", func(key string) string {
		if p, err := t.tx.PersonByKey(key); err == nil {
			return p.Name
		}
		return key
	}), window, limit)
}

// lastDay is the day on which a deadline lies.
func lastDay(deadline time.Time, zone *time.Location) string {
	return deadline.In(zone).Format(time.DateOnly)
}

// composed reads a form that was filled in, on top of the spec that it was made
// from: what a form does not ask stays as it is. errs says what cannot be read, by
// field, as sentences.
func (t *Turn) composed(was models.Spec) (s models.Spec, errs map[string]string, err error) {
	args, zone := t.In.Args, t.h.Vendor.Zone
	one := func(name string) string { return strings.TrimSpace(args.Get(name)) }
	many := func(name string) []string {
		return slices.DeleteFunc(slices.Clone(args[name]), func(v string) bool { return v == "" })
	}
	errs = map[string]string{}
	s = was
	s.Title, s.Weight, s.To = one("title"), one("class"), one("to")
	s.Text = models.LangText{}
	for lang, text := range was.Text { // a language that is not asked for stays
		if !slices.Contains(t.h.Vendor.Languages, lang) {
			s.Text[lang] = text
		}
	}
	for _, lang := range t.h.Vendor.Languages {
		if text := strings.ReplaceAll(one("text_"+lang), "\r\n", "\n"); text != "" {
			s.Text[lang] = text
		}
	}
	s.Materials, s.Image = many("materials"), one("image")
	if s.Audience, err = t.composedAudience(was.Audience, many, one, errs); err != nil {
		return s, errs, err
	}
	s.At = t.composedAt(one("at_date"), one("at_time"), was.At, errs)
	s.Ack = nil
	if rule := one("ack"); rule != "" {
		s.Ack = &models.AckRule{Rule: rule}
		switch day := one("deadline"); {
		case day == "":
		case was.Ack != nil && !was.Ack.Deadline.IsZero() && day == lastDay(was.Ack.Deadline, zone):
			s.Ack.Deadline = was.Ack.Deadline // a day that was not touched keeps its hour
		default:
			d, err := time.ParseInLocation(time.DateOnly, day, zone)
			if err != nil {
				errs["deadline"] = t.Say("compose.bad_date")
				break
			}
			s.Ack.Deadline = d.AddDate(0, 0, 1).Add(-time.Microsecond).UTC() // a day alone is its end
		}
	} else if one("deadline") != "" {
		errs["ack"] = t.Say("compose.ack_missing")
	}
	s.Reminders = 0
	if n := one("reminders"); n != "" {
		if s.Reminders, err = strconv.Atoi(n); err != nil {
			errs["reminders"], err = t.Say("form.choice"), nil
		}
	}
	s.Owner, s.OverrideWindow, s.OverrideCap = one("owner"), one("why_window"), one("why_cap")
	return s, errs, nil
}

func (t *Turn) composedAudience(was models.Rule, many func(string) []string, one func(string) string, errs map[string]string) (models.Rule, error) {
	r := models.Rule{
		All: one("everyone") != "", Partners: many("partners"), Tiers: many("tiers"), Levels: many("levels"), Tags: many("tags"), Regions: many("regions"), Owners: many("owners"),
		Languages: many("languages"), NotOpened: one("not_opened"), People: was.People,
		Exclude: models.Exclude{Partners: many("x_partners"), Tiers: many("x_tiers"), Tags: many("x_tags"), People: was.Exclude.People},
	}
	if n := foldDigits(one("silent")); n != "" {
		days, err := strconv.Atoi(strings.TrimSuffix(n, "日"))
		if err != nil || days < 1 || days > 3650 {
			errs["silent"] = t.Say("compose.bad_days")
		}
		r.SilentDays = days
	}
	if n := one("not_acked"); n != "" {
		id, err := strconv.ParseInt(n, 10, 64)
		if err != nil {
			errs["not_acked"] = t.Say("form.choice")
		}
		r.NotAcknowledged = id
	}
	key := one("saved")
	if key == "" {
		return r, nil
	}
	if !r.Empty() || !r.Exclude.IsZero() {
		errs["saved"] = t.Say("compose.saved_alone")
		return r, nil
	}
	a, err := t.tx.AudienceByKey(key)
	if ignoreMissing(err) != nil {
		return r, err
	}
	if err != nil {
		errs["saved"] = t.Say("form.choice")
	}
	return a.Rule, nil
}

// composedAt reads the day and the time of sending. A time that lies behind us
// would mean at once, which nobody who wrote it meant.
func (t *Turn) composedAt(day, hour string, was time.Time, errs map[string]string) time.Time {
	if day == "" {
		if hour != "" {
			errs["at_date"] = t.Say("compose.no_date")
		}
		return time.Time{}
	}
	d, err := time.ParseInLocation(time.DateOnly, day, t.h.Vendor.Zone)
	if err != nil {
		errs["at_date"] = t.Say("compose.bad_date")
		return time.Time{}
	}
	since, ok := readClock(hour)
	if !ok {
		errs["at_time"] = t.Say("compose.bad_time")
		return time.Time{}
	}
	at := wall(d, since).UTC()
	if hour == "" {
		// A day alone is the opening of its window.
		if cal := t.h.vendorCalendar(); len(cal.Days) > 0 {
			at = wall(d, cal.From).UTC()
		}
		if now := t.tx.Now(); at.Before(now) && now.Before(d.AddDate(0, 0, 1)) {
			return time.Time{} // today, and the window is open: at launch
		}
	}
	if at.Equal(was.Truncate(time.Minute)) {
		return was
	}
	if at.Before(t.tx.Now()) {
		errs["at_date"] = t.Say("compose.past")
	}
	return at
}

// readClock reads a time of day as people type it: 9:30, 0930, ９時半, 14時. ""
// is midnight.
func readClock(text string) (time.Duration, bool) {
	text = foldDigits(strings.TrimSpace(text))
	text = strings.NewReplacer("時半", ":30", "時", ":", "分", "", "：", ":").Replace(text)
	h, m, _ := strings.Cut(strings.TrimSuffix(text, ":"), ":")
	if !strings.Contains(text, ":") && len(h) > 2 {
		h, m = h[:len(h)-2], h[len(h)-2:]
	}
	hours, minutes := 0, 0
	var err error
	if h != "" {
		if hours, err = strconv.Atoi(h); err != nil {
			return 0, false
		}
	}
	if m != "" {
		if minutes, err = strconv.Atoi(m); err != nil {
			return 0, false
		}
	}
	if hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || len(h) > 2 || len(m) > 2 {
		return 0, false
	}
	return time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute, true
}

// foldDigits makes full-width digits plain ones.
func foldDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '０' && r <= '９' {
			return r - '０' + '0'
		}
		return r
	}, s)
}

// fieldOf is the form's field that a problem of a spec is shown by.
func (h *Handlers) fieldOf(p Problem) string {
	switch p.Field {
	case "text":
		return "text_" + h.Vendor.Languages[0]
	case "audience":
		return "everyone"
	case "ack":
		if p.Key == "campaign.deadline_early" {
			return "deadline"
		}
		return "ack"
	case "class", "title", "to", "materials", "image", "owner":
		return p.Field
	case "reminders":
		if h.Campaign.RemindersMax > 0 {
			return "reminders"
		}
	}
	return "title"
}

// --- what may be chosen

// upTo is how many choices may be answered.
func (t *Turn) upTo() int {
	if t.most > 0 {
		return t.most
	}
	return mostChoices
}

func (t *Turn) campaignPartners(typed string) ([]bot.Option, error) {
	ps, err := t.tx.PartnersNamed(typed, t.upTo())
	out := make([]bot.Option, 0, len(ps))
	for _, p := range ps {
		out = append(out, bot.Option{Label: clip(p.Name, 75), Value: p.Key})
	}
	return out, err
}

// those picks the choices that contain what was typed, in either part.
func (t *Turn) those(typed string, all []bot.Option) []bot.Option {
	typed = content.Normalize(typed)
	out := make([]bot.Option, 0, min(len(all), t.upTo()))
	for _, o := range all {
		if len(out) < t.upTo() && o.Value != "" && (typed == "" || strings.Contains(content.Normalize(o.Label), typed) || strings.Contains(strings.ToLower(o.Value), typed)) {
			o.Label = clip(o.Label, 75)
			out = append(out, o)
		}
	}
	return out
}

func (t *Turn) campaignTags(typed string) ([]bot.Option, error) {
	facets, err := t.tx.Facets()
	var all []bot.Option
	for _, tag := range facets.Tags {
		all = append(all, bot.Option{Label: tag, Value: tag})
	}
	return t.those(typed, all), err
}

func (t *Turn) campaignStaff(typed string) ([]bot.Option, error) {
	staff, err := t.tx.StaffIn("")
	var all []bot.Option
	for _, p := range staff {
		all = append(all, bot.Option{Label: strings.TrimSpace(p.Name + " " + p.Department), Value: p.Key})
	}
	return t.those(typed, all), err
}

func (t *Turn) campaignMaterials(typed string) ([]bot.Option, error) {
	var all []bot.Option
	for _, m := range t.h.Library.Materials(content.Reader{Staff: true, Lang: t.Lang}) {
		if m.Kind != content.Image {
			all = append(all, bot.Option{Label: m.Title.In(t.Lang), Value: m.Key})
		}
	}
	return t.those(typed, all), nil
}

func (t *Turn) campaignImages(typed string) ([]bot.Option, error) {
	var all []bot.Option
	for _, m := range t.h.Library.Materials(content.Reader{Staff: true, Lang: t.Lang}) {
		if m.Kind == content.Image {
			all = append(all, bot.Option{Label: m.Title.In(t.Lang), Value: m.Key})
		}
	}
	return t.those(typed, all), nil
}

// campaignOthers are campaigns that asked for an acknowledgement.
func (t *Turn) campaignOthers(typed string) ([]bot.Option, error) {
	cs, err := t.tx.Campaigns(500)
	var all []bot.Option
	for _, c := range cs {
		if c.Spec.Ack != nil && c.ResolvedAt != nil {
			all = append(all, bot.Option{Label: strconv.FormatInt(c.ID, 10) + " " + c.Title, Value: strconv.FormatInt(c.ID, 10)})
		}
	}
	return t.those(typed, all), err
}

func (t *Turn) campaignAudiences(typed string) ([]bot.Option, error) {
	as, err := t.tx.Audiences()
	var all []bot.Option
	for _, a := range as {
		all = append(all, bot.Option{Label: a.Name, Value: a.Key})
	}
	return t.those(typed, all), err
}
