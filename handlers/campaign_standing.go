package handlers

import (
	"maps"
	"slices"
	"strings"

	"akari/bot"
	"akari/models"
)

// How a launched campaign stands, for staff.

// mostTroubles is how many unclear recipients a card lists, each with a button.
const mostTroubles = 5

// standing is the report of one campaign as a card: figures, who is missing, and
// one by one what a person has to look at.
func (h *Handlers) standing(tx *models.Tx, c models.Campaign, lang string) (bot.Message, error) {
	lines, r, err := h.standingLines(tx, c, lang)
	if err != nil {
		return bot.Message{}, err
	}
	say := func(key string, args ...any) string { return h.Library.Say(lang, key, args...) }
	m := bot.Message{}
	if r.Opened+r.Completed+r.Used > 0 || len(c.Spec.Materials) > 0 && c.StartedAt != nil {
		lines = append(lines, say("compose.stand_seen", "opened", r.Opened, "completed", r.Completed, "used", r.Used))
	}
	if len(r.Missing) > 0 {
		names, err := h.names(tx, r.Missing)
		if err != nil {
			return m, err
		}
		lines = append(lines, say("compose.stand_missing", "names", names))
	}
	skipped, err := tx.SkippedOf(c.ID)
	if err != nil {
		return m, err
	}
	var why []string
	for _, reason := range slices.Sorted(maps.Keys(skipped)) {
		why = append(why, say("compose.reason", "reason", say("campaign.skip_"+reason), "count", skipped[reason]))
	}
	if len(why) > 0 {
		lines = append(lines, say("compose.stand_skipped", "why", strings.Join(why, "、")))
	}
	troubles, again, err := h.troubleLines(tx, c, lang)
	if err != nil {
		return m, err
	}
	m.Text = strings.Join(append(lines, troubles...), "\n")
	m.Buttons = append(again, h.standingButtons(c, r, lang, true)...)
	return m, nil
}

// troubleLines lists who is unclear or was not reached, and a button for each: a
// second message is only ever sent because a person has looked.
func (h *Handlers) troubleLines(tx *models.Tx, c models.Campaign, lang string) (lines []string, buttons []bot.Button, err error) {
	say := func(key string, args ...any) string { return h.Library.Say(lang, key, args...) }
	troubles, err := tx.Troubles(c.ID, mostTroubles+1, 0)
	if err != nil || len(troubles) == 0 {
		return nil, nil, err
	}
	lines = append(lines, say("compose.troubles"))
	for i, x := range troubles {
		if i == mostTroubles {
			lines = append(lines, say("compose.troubles_more", "id", c.ID))
			break
		}
		lines = append(lines, say("compose.trouble_row", "number", i+1, "who", h.troubleName(x), "platform", say("platform."+x.Platform), "state", say("compose.trouble_"+x.State), "code", x.ErrorCode))
		if c.State != models.CampaignCancelled {
			buttons = append(buttons, bot.Button{Label: say("compose.resend_nth", "number", i+1), Press: bot.NewPress("campaign.resend", "c", number(int(c.ID)), "d", x.DeliveryID.String())})
		}
	}
	return lines, buttons, nil
}

// troubleName is who a trouble is about, as far as people are named.
func (h *Handlers) troubleName(x models.Trouble) string {
	if !h.PersonLevel {
		return x.Partner
	}
	return strings.TrimSpace(x.Partner + " " + x.Person)
}

// standingLines are the lines that a board and a report share.
func (h *Handlers) standingLines(tx *models.Tx, c models.Campaign, lang string) (lines []string, r models.CampaignReport, err error) {
	say := func(key string, args ...any) string { return h.Library.Say(lang, key, args...) }
	lines = []string{say("compose.card_head", "id", c.ID, "title", c.Title, "class", say("campaign.class_"+c.Class), "state", say("campaign.state_"+c.State))}
	switch {
	case c.Open():
		n, err := tx.CountTargets(h.targets(c.Spec))
		if err != nil {
			return nil, r, err
		}
		unit := "compose.people"
		if c.ToKind == models.ToRooms {
			unit = "compose.rooms"
		}
		key := "compose.stand_asks"
		if c.State == models.CampaignApproved {
			key = "compose.stand_approved"
		}
		if c.Version > 1 {
			lines = append(lines, say("compose.stand_version", "version", c.Version))
		}
		return append(lines, say(key, "count", say(unit, "count", n))), r, nil
	case c.State == models.CampaignScheduled && c.DueAt != nil:
		return append(append(lines, say("compose.stand_due", "start", h.moment(*c.DueAt, lang))), h.laterLines(c.Spec, lang)...), r, nil
	case c.State == models.CampaignCancelled:
		back, err := tx.RecalledBefore(c.ID)
		if err != nil {
			return nil, r, err
		}
		if back {
			lines = append(lines, say("compose.stand_recalled"))
		}
	case c.State == models.CampaignPaused:
		lines = append(lines, say("campaign.paused_"+c.Why, "id", c.ID, "title", c.Title))
		doubt, err := h.doubtLines(tx, c, lang)
		if err != nil {
			return nil, r, err
		}
		lines = append(lines, doubt...)
	}
	if c.WaitsToldAt != nil && !c.Ended() {
		lines = append(lines, say("compose.stand_waits"))
	}
	if c.ResolvedAt == nil {
		return lines, r, nil
	}
	if r, err = tx.ReportCampaign(c); err != nil {
		return nil, r, err
	}
	lines = append(lines, say("compose.stand_progress", "done", r.AudienceSize-r.Queued-r.Sending, "all", r.AudienceSize, "sent", r.Sent, "unclear", r.Unconfirmed+r.Held, "failed", r.Failed+r.Expired, "skipped", r.Skipped, "cancelled", r.Cancelled))
	if c.State == models.CampaignRunning && r.Queued > 0 {
		left, err := h.leftToSend(tx, c.ID)
		if err != nil {
			return nil, r, err
		}
		end, err := h.through(tx, c, left, tx.Now())
		if err != nil {
			return nil, r, err
		}
		lines = append(lines, say("compose.stand_end", "end", h.moment(end, lang)))
	}
	if c.State != models.CampaignCancelled {
		lines = append(lines, h.laterLines(c.Spec, lang)...)
	}
	if c.Spec.Ack != nil && c.StartedAt != nil {
		lines = append(lines, say("compose.stand_acked", "done", r.Owed-len(r.Missing), "all", r.Owed))
	}
	return lines, r, nil
}

// doubtLines say what resuming a campaign means of which nobody knows what has left.
func (h *Handlers) doubtLines(tx *models.Tx, c models.Campaign, lang string) ([]string, error) {
	if c.State != models.CampaignPaused || c.DoubtUntil == nil {
		return nil, nil
	}
	all := 0
	var how []string
	for _, p := range h.Platforms {
		n, err := tx.CountOwed(c.ID, p.Name())
		if err != nil {
			return nil, err
		}
		all += n
		if key := "campaign.doubt_" + p.Name(); (n > 0 || c.ResolvedAt == nil) && h.Library.HasWord(key) {
			count := ""
			if n > 0 {
				count = h.Library.Say(lang, "campaign.doubt_count", "count", n)
			}
			how = append(how, h.Library.Say(lang, key, "count", count))
		}
	}
	head := "campaign.doubt"
	if c.ResolvedAt == nil {
		head = "campaign.doubt_all"
	}
	lines := append([]string{h.Library.Say(lang, head, "all", all), h.Library.Say(lang, "campaign.doubt_resume")}, how...)
	return append(lines, h.Library.Say(lang, "campaign.doubt_as_is")), nil
}

// standingButtons are what can be done with a campaign from where it is. full is
// for the one who asked for it; a board has less.
func (h *Handlers) standingButtons(c models.Campaign, r models.CampaignReport, lang string, full bool) (out []bot.Button) {
	add := func(label, press string, style bot.Style) {
		out = append(out, bot.Button{Label: h.Library.Say(lang, "compose."+label), Press: aboutIt(press, c), Style: style})
	}
	switch c.State {
	case models.CampaignDraft, models.CampaignApproved:
		add("preview", "campaign.preview", bot.Plain)
		return out
	case models.CampaignScheduled:
		add("undo", "campaign.cancel", bot.Danger)
		add("pause", "campaign.pause", bot.Plain)
	case models.CampaignRunning:
		add("pause", "campaign.pause", bot.Plain)
		add("cancel", "campaign.cancel", bot.Danger)
	case models.CampaignPaused:
		if c.Why == models.PausedApproval {
			add("approve", "campaign.approve", bot.Primary)
		}
		if c.DoubtUntil == nil {
			add("resume", "campaign.resume", bot.Primary)
		} else {
			add("resume_looking", "campaign.resume", bot.Primary)
			out = append(out, bot.Button{Label: h.Library.Say(lang, "compose.resume_as_is"), Press: aboutIt("campaign.resume", c, "as", "is")})
		}
		add("cancel", "campaign.cancel", bot.Danger)
	}
	if !full {
		add("report", "campaign.show", bot.Plain)
		return out
	}
	if len(r.Missing) > 0 && (c.State == models.CampaignRunning || c.State == models.CampaignFinished) {
		add("remind", "campaign.remind", bot.Primary)
	}
	if c.StartedAt != nil {
		add("recall", "campaign.recall", bot.Danger)
	}
	add("why", "campaign.why", bot.Plain)
	return out
}
