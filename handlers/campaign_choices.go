package handlers

import (
	"strconv"
	"strings"

	"akari/bot"
	"akari/content"
)

// What may be chosen in the fields of a campaign's form.

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

// campaignPeople are the members by name, key or partner.
func (t *Turn) campaignPeople(typed string) ([]bot.Option, error) {
	if !t.h.PersonLevel {
		return nil, nil
	}
	ps, err := t.tx.MembersNamed(strings.TrimSpace(typed), t.upTo())
	out := make([]bot.Option, 0, len(ps))
	for _, p := range ps {
		out = append(out, bot.Option{Label: clip(strings.TrimSpace(told(p.PartnerName)+" "+p.Name), 75), Value: p.Key})
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
