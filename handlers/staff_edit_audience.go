package handlers

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"akari/bot"
	"akari/models"
	"akari/web"
)

// audienceEditors may keep audiences under a name, as in chat.
var audienceEditors = campaignRoles[actSave]

func audienceURL(key string) string { return "/staff/audiences/" + url.PathEscape(key) }

// audiencesList is what campaigns can be sent to under a name.
func (v *staffView) audiencesList() error {
	v.page.Back = web.Link{Label: v.say("staff.campaigns"), URL: "/staff/campaigns"}
	list, err := v.tx.Audiences()
	if err != nil {
		return err
	}
	names, err := v.staffNames()
	if err != nil {
		return err
	}
	t := &web.StaffTable{Caption: v.say("staff.audiences"), Columns: v.heads("audience", "#people_now", "saved_by", "saved_on")}
	can := v.has(audienceEditors)
	for _, a := range list {
		n, err := v.tx.CountTargets(v.reached(a.Rule))
		if err != nil {
			return err
		}
		name := web.Cell{Text: a.Name}
		if can {
			name.URL = audienceURL(a.Key)
		}
		t.Rows = append(t.Rows, []web.Cell{name, {Text: count(int64(n))}, {Text: names[a.CreatedBy]}, {Text: v.day(a.UpdatedAt)}})
	}
	b := web.StaffBlock{Title: v.say("staff.audiences"), Note: v.say("edit.audiences_note"), Table: t, Links: v.exports()}
	if len(list) == 0 {
		b.Links, b.Empty = nil, v.say("edit.audiences_none")
	}
	if can {
		b.Links = append([]web.Link{{Label: v.say("edit.new_audience"), URL: "/staff/audiences/_new"}}, b.Links...)
	}
	v.add(b)
	return nil
}

// reached are the people whom a rule picks.
func (v *staffView) reached(r models.Rule) models.Targets {
	return v.h.targets(models.Spec{To: models.ToPeople, Audience: r})
}

func (v *staffView) newAudience() (*staffEdit, error) {
	return v.audienceForm(models.Audience{}, true)
}

func (v *staffView) audienceEdit() (*staffEdit, error) {
	a, err := v.tx.AudienceByKey(v.r.PathValue("key"))
	if err != nil {
		return nil, err
	}
	return v.audienceForm(a, false)
}

// audienceForm asks what the form of a campaign asks of its audience.
func (v *staffView) audienceForm(a models.Audience, isNew bool) (*staffEdit, error) {
	v.page.Title, v.page.Back = v.say("edit.new_audience"), web.Link{Label: v.say("staff.audiences"), URL: "/staff/audiences"}
	t := v.turn()
	t.most = mostOnPage
	fields, err := t.audienceFields(models.Spec{To: models.ToPeople, Audience: a.Rule})
	if err != nil {
		return nil, err
	}
	fields = slices.DeleteFunc(fields, func(f bot.Field) bool { // of the campaign, not of its audience
		return slices.Contains([]string{"to", "evergreen", "saved", "save_as"}, f.Name)
	})
	for i, f := range fields {
		if f.Load == "" {
			continue
		}
		found, err := choices[f.Load].load(t, "")
		if err != nil {
			return nil, err
		}
		fields[i].Options = offered(f, found, f.Value)
	}
	out := &staffEdit{object: "audience:" + a.Key}
	if isNew {
		out.fields = append(out.fields, required(v.line("audience_name", 60, "")))
	} else {
		v.page.Title = a.Name
		n, err := v.tx.CountTargets(v.reached(a.Rule))
		if err != nil {
			return nil, err
		}
		out.text = v.say("edit.audience_now", "count", count(int64(n)))
	}
	out.fields = append(out.fields, fields...)
	out.acts = []staffAct{
		{name: actSave, label: v.say("form.save"), audited: true, do: func(args url.Values) (string, error) {
			rule, err := v.ruleOf(t, a.Rule, args)
			if err != nil || v.refused() {
				return "", err
			}
			return v.saveAudience(a, rule, args, isNew)
		}},
		{name: actLook, label: v.say("edit.count"), do: func(args url.Values) (string, error) {
			rule, err := v.ruleOf(t, a.Rule, args)
			if err != nil || v.refused() {
				return "", err
			}
			n, err := v.tx.CountTargets(v.reached(rule))
			v.page.Done = v.say("edit.audience_would", "count", count(int64(n)))
			return "", err
		}},
	}
	if !isNew {
		out.acts = append(out.acts, staffAct{name: "audience.drop", label: v.say("edit.drop_audience"), style: "danger", loose: true, do: func(url.Values) (string, error) {
			return saved("/staff/audiences", "dropped"), v.tx.DropAudience(a.Key)
		}})
	}
	return out, nil
}

// ruleOf reads a rule as the form of a campaign does.
func (v *staffView) ruleOf(t *Turn, was models.Rule, args url.Values) (models.Rule, error) {
	errs := map[string]string{}
	rule, err := t.composedAudience(was, func(name string) []string { return args[name] }, func(name string) string { return strings.TrimSpace(args.Get(name)) }, errs)
	if err != nil {
		return rule, err
	}
	if v.errs == nil {
		v.errs = map[string]string{}
	}
	for field, why := range errs {
		v.errs[field] = why
	}
	if rule.Empty() {
		v.wrong("everyone", "campaign.no_audience")
	}
	unknown, err := v.tx.Unknown(rule)
	for _, what := range unknown {
		v.stop("campaign.unknown_audience", "what", what)
	}
	return rule, err
}

func (v *staffView) saveAudience(a models.Audience, rule models.Rule, args url.Values, isNew bool) (string, error) {
	if isNew {
		a.Key = oneLine(args.Get("audience_name"))
		a.Name = a.Key
		_, err := v.tx.AudienceByKey(a.Key)
		if err == nil {
			v.wrong("audience_name", "edit.audience_taken")
		}
		if err == nil || ignoreMissing(err) != nil {
			return "", ignoreMissing(err)
		}
	}
	var refused *Refusal
	err := v.h.Campaigning(v.tx, v.who.Person).SaveAudience(a.Key, a.Name, rule)
	if errors.As(err, &refused) {
		v.halt = v.h.sayRefusal(v.lang, refused.Key, refused.Args)
		return "", nil
	}
	return saved(audienceURL(a.Key), "saved"), err
}
