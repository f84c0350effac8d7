package handlers

import (
	"slices"
	"strconv"
	"time"

	"akari/bot"
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
	who, err := t.audienceFields(s)
	if err != nil {
		return f, err
	}
	f.Fields = slices.Concat(t.messageFields(s), who, t.timeFields(s), t.stepFields(s), t.restFields(s))
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
	out = append(out, t.loaded(t.field(bot.Choices, "materials", s.Materials...), "campaign.materials", t.materialTitle))
	return t.offer(out, t.loaded(t.field(bot.Choice, "image", s.Image), "campaign.images", t.materialTitle))
}

// materialTitle is a material's title, or its key where there is no such material any more.
func (t *Turn) materialTitle(key string) string {
	if m, ok := t.h.Library.AnyMaterial(key); ok {
		return m.Title.In(t.Lang)
	}
	return key
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

// audienceFields ask whom a campaign is for.
func (t *Turn) audienceFields(s models.Spec) ([]bot.Field, error) {
	kind, r := s.To, s.Audience
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
	if kind == "" {
		kind = models.ToPeople
	}
	to := t.fixed(t.field(bot.Choice, "to", kind), "compose.to_", models.ToPeople, models.ToRooms)
	to.Required, to.Section = true, t.Say("compose.section_audience")
	everyone := t.fixed(t.field(bot.Choices, "everyone"), "compose.everyone_", "all")
	if r.All {
		everyone.Value = []string{"all"}
	}
	later := t.fixed(t.field(bot.Choices, "evergreen"), "compose.evergreen_", "yes")
	if s.Evergreen {
		later.Value = []string{"yes"}
	}
	out := t.offer([]bot.Field{to, later, everyone}, t.loaded(t.field(bot.Choice, "saved"), "campaign.audiences", asItIs))
	out = append(out, t.loaded(t.field(bot.Choices, "partners", r.Partners...), "campaign.partners", name))
	if t.h.PersonLevel {
		out = append(out, t.loaded(t.field(bot.Choices, "persons", r.People...), "campaign.people", name))
	}
	out = few(out, t.field(bot.Choices, "tiers", r.Tiers...), facets.Tiers)
	out = append(out, t.fixed(t.field(bot.Choices, "levels", r.Levels...), "compose.level_", models.LevelFirst, models.LevelSecond))
	out = t.offer(out, t.loaded(t.field(bot.Choices, "tags", r.Tags...), "campaign.tags", asItIs))
	out = few(out, t.field(bot.Choices, "regions", r.Regions...), facets.Regions)
	out = append(out, t.loaded(t.field(bot.Choices, "owners", r.Owners...), "campaign.staff", name))
	if len(t.h.Vendor.Languages) > 1 {
		out = append(out, t.fixed(t.field(bot.Choices, "languages", r.Languages...), "compose.language_", t.h.Vendor.Languages...))
	}
	out = t.behaviourFields(out, r, name)
	out = append(out, t.loaded(t.field(bot.Choices, "x_partners", r.Exclude.Partners...), "campaign.partners", name))
	if t.h.PersonLevel {
		out = append(out, t.loaded(t.field(bot.Choices, "x_persons", r.Exclude.People...), "campaign.people", name))
	}
	out = few(out, t.field(bot.Choices, "x_tiers", r.Exclude.Tiers...), facets.Tiers)
	out = t.offer(out, t.loaded(t.field(bot.Choices, "x_tags", r.Exclude.Tags...), "campaign.tags", asItIs))
	save := t.field(bot.Line, "save_as")
	save.Max = 60
	return append(out, save), nil
}

// behaviourFields ask what people did not do.
func (t *Turn) behaviourFields(out []bot.Field, r models.Rule, name func(string) string) []bot.Field {
	out = append(out, t.loaded(t.field(bot.Choice, "not_opened", r.NotOpened), "campaign.materials", name))
	acked := ""
	if r.NotAcknowledged != 0 {
		acked = strconv.FormatInt(r.NotAcknowledged, 10)
	}
	out = t.offer(out, t.loaded(t.field(bot.Choice, "not_acked", acked), "campaign.others", name))
	silent := t.field(bot.Line, "silent", number(r.SilentDays))
	silent.Max = 4
	return append(out, silent)
}

func asItIs(s string) string { return s }

// few adds a field with a handful of choices; with none there is no field.
func few(fields []bot.Field, f bot.Field, values []string) []bot.Field {
	values = append(missingFrom(values, f.Value), values...)
	if len(values) == 0 {
		return fields
	}
	for _, v := range values[:min(len(values), mostChoices)] {
		f.Options = append(f.Options, bot.Option{Label: clip(v, 75), Value: v})
	}
	return append(fields, f)
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
	for _, key := range slices.Concat(r.Owners, r.People, r.Exclude.People) {
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
	return out
}

// restFields ask who is responsible, and why a rule is to be set aside.
func (t *Turn) restFields(s models.Spec) []bot.Field {
	owner := t.field(bot.Choice, "owner", s.Owner)
	owner.Section = t.Say("compose.section_rest")
	window, limit := t.field(bot.Line, "why_window", s.OverrideWindow), t.field(bot.Line, "why_cap", s.OverrideCap)
	window.Max, limit.Max = 200, 200
	return []bot.Field{t.loaded(owner, "campaign.staff", func(key string) string {
		if p, err := t.tx.PersonByKey(key); err == nil {
			return p.Name
		}
		return key
	}), window, limit}
}

// lastDay is the day on which a deadline lies.
func lastDay(deadline time.Time, zone *time.Location) string {
	return deadline.In(zone).Format(time.DateOnly)
}
