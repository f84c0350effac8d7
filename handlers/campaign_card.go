package handlers

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"akari/bot"
	"akari/models"
)

// previewAtOnce is how many recipients a preview is made for while somebody waits
// for their form to close; a larger one follows as soon as it is counted.
const previewAtOnce = 2000

// showDraft shows, to the one who acts alone, what a launch would do: the message as
// every platform will show it, then who gets it and what can be done now.
func (t *Turn) showDraft(c models.Campaign) error {
	n, err := t.tx.CountTargets(t.h.targets(c.Spec))
	if err != nil {
		return err
	}
	if n > previewAtOnce {
		if err := t.tx.WantCard(models.Card{CampaignID: c.ID, Kind: models.CardPreview, To: t.direct(), PersonID: t.Who.Person.ID, Language: t.Lang}); err != nil {
			return err
		}
		t.board = true
		t.private(bot.Message{Text: t.Say("compose.counting", "id", c.ID, "title", c.Title, "count", n)})
		return nil
	}
	ms, err := t.h.draftMessages(t.tx, c, t.Lang, t.Who.Person)
	if err != nil {
		return err
	}
	t.whisper(ms)
	return nil
}

// draftMessages are the previews, and behind them the card with the buttons.
func (h *Handlers) draftMessages(tx *models.Tx, c models.Campaign, lang string, reader models.Person) ([]bot.Message, error) {
	p, err := h.preview(tx, c)
	if err != nil {
		return nil, err
	}
	text, err := h.draftText(tx, c, p, lang)
	if err != nil {
		return nil, err
	}
	return append(h.samples(c, p, lang), bot.Message{Text: text, Buttons: h.draftButtons(c, p, lang, reader)}), nil
}

// samples are the fitted messages, part by part, under the name of the platforms
// that show them so. Their buttons look like the real ones and do nothing.
func (h *Handlers) samples(c models.Campaign, p Preview, lang string) (out []bot.Message) {
	say := func(key string, args ...any) string { return h.Library.Say(lang, key, args...) }
	type group struct {
		step  int
		where []string
		parts []bot.Message
	}
	var groups []*group
	index := map[string]*group{}
	for _, m := range p.Messages {
		b, _ := json.Marshal(m.Parts) // messages always marshal
		same := number(m.Step) + m.Language + string(b)
		g := index[same]
		if g == nil {
			g = &group{step: m.Step, parts: m.Parts}
			index[same] = g
			groups = append(groups, g)
		}
		g.where = append(g.where, say("compose.sample_where", "platform", say("platform."+m.Platform), "language", say("compose.language_"+m.Language), "count", m.Count))
	}
	for _, g := range groups {
		parts := clone(g.parts)
		for i := range parts {
			where := strings.Join(g.where, "、")
			if g.step > 0 {
				where = say("compose.sample_step", "number", g.step, "after", afterText(say, c.Spec.Steps[g.step-1].After), "where", where)
			}
			head := say("compose.sample_head", "where", where)
			if len(parts) > 1 {
				head = say("compose.sample_part", "where", where, "part", i+1, "of", len(parts))
			}
			if v := parts[i].Video; v != nil { // the reader of the preview sees its picture
				parts[i].Video, parts[i].Image, parts[i].Text = nil, &v.Cover, say("compose.sample_video", "title", v.Cover.Alt)
			}
			parts[i].Text = strings.TrimRight(head+"\n"+parts[i].Text, "\n")
			inert(parts[i].Buttons, c)
			for j := range parts[i].Cards {
				inert(parts[i].Cards[j].Buttons, c)
			}
		}
		out = append(out, parts...)
	}
	return out
}

func inert(bs []bot.Button, c models.Campaign) {
	for i := range bs {
		bs[i].Open, bs[i].Press = "", aboutIt("campaign.sample", c)
	}
}

// draftText says what a launch would do.
func (h *Handlers) draftText(tx *models.Tx, c models.Campaign, p Preview, lang string) (string, error) {
	say := func(key string, args ...any) string { return h.Library.Say(lang, key, args...) }
	lines := []string{say("compose.card_head", "id", c.ID, "title", c.Title, "class", say("campaign.class_"+c.Class), "state", say("campaign.state_"+c.State))}
	unit := "compose.people"
	if c.ToKind == models.ToRooms {
		unit = "compose.rooms"
	}
	lines = append(lines, say("compose.card_audience", "count", say(unit, "count", p.AudienceSize), "partners", p.Partners))
	rule, err := h.ruleText(tx, c.Spec.Audience, lang)
	if err != nil {
		return "", err
	}
	lines = append(lines, say("compose.card_rule", "rule", rule))
	var by []string
	for _, name := range slices.Sorted(maps.Keys(p.ByPlatform)) {
		by = append(by, say("compose.by_platform", "platform", say("platform."+name), "count", p.ByPlatform[name]))
	}
	if len(by) > 0 {
		lines = append(lines, say("compose.card_reached", "by", strings.Join(by, "、")))
	}
	for i, r := range p.Rooms {
		if i == namedRooms {
			lines = append(lines, say("compose.card_more", "count", len(p.Rooms)-i))
			break
		}
		who := r.partner
		if r.name != who {
			who += " " + r.name
		}
		lines = append(lines, say("compose.card_room", "who", who, "platform", say("platform."+r.Platform)))
	}
	if len(p.Skipped) > 0 {
		who, err := h.skippedText(tx, p, lang)
		if err != nil {
			return "", err
		}
		lines = append(lines, who)
	}
	key := "compose.card_when"
	if c.Spec.OverrideWindow != "" {
		key = "compose.card_when_override"
	}
	lines = append(lines, say(key, "start", h.moment(p.Starts, lang), "end", h.sameDay(p.Starts, p.ExpectedEnd, lang), "reason", c.Spec.OverrideWindow))
	if c.Spec.OverrideCap != "" {
		lines = append(lines, say("compose.card_cap", "reason", c.Spec.OverrideCap))
	}
	if a := c.Spec.Ack; a != nil {
		how := []string{say("compose.ack_" + a.Rule)}
		if !a.Deadline.IsZero() {
			how = append(how, say("compose.card_deadline", "at", h.moment(a.Deadline, lang)))
		}
		if c.Spec.Reminders > 0 {
			how = append(how, say("compose.card_reminders", "count", c.Spec.Reminders))
		}
		lines = append(lines, say("compose.card_ack", "how", strings.Join(how, say("compose.and"))))
	}
	lines = append(lines, h.laterLines(c.Spec, lang)...)
	if p.LineMessages > 0 {
		cost := say("compose.card_line", "count", p.LineMessages)
		if p.LineLeft != nil {
			cost = say("compose.card_line_left", "count", p.LineMessages, "left", *p.LineLeft)
		}
		lines = append(lines, cost)
	}
	switch {
	case p.Approved:
		lines = append(lines, say("compose.card_approved"))
	case p.ApprovalNeeded:
		lines = append(lines, say("compose.card_needs_approval"))
	}
	return strings.Join(lines, "\n"), nil
}

// laterLines say which messages follow, and to whom else it goes.
func (h *Handlers) laterLines(s models.Spec, lang string) (lines []string) {
	say := func(key string, args ...any) string { return h.Library.Say(lang, key, args...) }
	var steps []string
	for _, x := range s.Steps {
		step := say("compose.after", "after", afterText(say, x.After))
		if x.Unless != "" {
			step = say("compose.after_unless", "after", step, "unless", say("compose.unless_"+x.Unless))
		}
		steps = append(steps, step)
	}
	if len(steps) > 0 {
		lines = append(lines, say("compose.card_steps", "steps", strings.Join(steps, "、")))
	}
	if s.Evergreen {
		lines = append(lines, say("compose.card_evergreen"))
	}
	return lines
}

// namedRooms is how many of the rooms that are reached a card names.
const namedRooms = 10

// namedSkipped is how many of those who are not reached a card names.
const namedSkipped = 10

// skippedText says who is not reached, and why: how many for each reason, and the
// first of them by name.
func (h *Handlers) skippedText(tx *models.Tx, p Preview, lang string) (string, error) {
	say := func(key string, args ...any) string { return h.Library.Say(lang, key, args...) }
	reasons := map[string]int{}
	for _, s := range p.Skipped {
		reasons[s.Reason]++
	}
	var why []string
	for _, r := range slices.Sorted(maps.Keys(reasons)) {
		why = append(why, say("compose.reason", "reason", say("campaign.skip_"+r), "count", reasons[r]))
	}
	out := say("compose.card_skipped", "count", len(p.Skipped), "why", strings.Join(why, "、"))
	for i, s := range p.Skipped {
		if i == namedSkipped {
			out += "\n" + say("compose.card_more", "count", len(p.Skipped)-i)
			break
		}
		name, err := h.skippedName(tx, s)
		if err != nil {
			return "", err
		}
		out += "\n" + say("compose.card_skipped_row", "who", name, "reason", say("campaign.skip_"+s.Reason))
	}
	return out, nil
}

func (h *Handlers) skippedName(tx *models.Tx, s Skipped) (string, error) {
	partner, err := tx.PartnerByKey(s.PartnerKey)
	if err = ignoreMissing(err); err != nil {
		return "", err
	}
	name := partner.Name
	if s.PersonKey != "" && h.PersonLevel {
		p, err := tx.PersonByKey(s.PersonKey)
		if err = ignoreMissing(err); err != nil {
			return "", err
		}
		name = strings.TrimSpace(name + " " + p.Name)
	}
	return name, nil
}

// draftButtons are what the reader may do with a draft now.
func (h *Handlers) draftButtons(c models.Campaign, p Preview, lang string, reader models.Person) (out []bot.Button) {
	add := func(label, press string, style bot.Style) {
		out = append(out, bot.Button{Label: h.Library.Say(lang, "compose."+label), Press: aboutIt(press, c), Style: style})
	}
	author := reader.ID == c.CreatedBy || reader.ID == c.EditedBy
	switch {
	case !c.Open():
	case p.ApprovalNeeded && !p.Approved:
		if reader.Has("approver") && !author {
			add("approve", "campaign.approve", bot.Primary)
		} else if reader.Has("sender") {
			add("ask", "campaign.ask", bot.Primary)
		}
	case reader.Has("sender"):
		add("launch", "campaign.launch", bot.Primary)
	}
	if reader.Has("sender") {
		add("test", "campaign.test", bot.Plain)
		if c.Open() {
			add("edit", "campaign.edit", bot.Plain)
		}
	}
	add("why", "campaign.why", bot.Plain)
	if c.Open() && slices.ContainsFunc(campaignRoles[actCancel], reader.Has) {
		add("discard", "campaign.cancel", bot.Danger)
	}
	return out
}
