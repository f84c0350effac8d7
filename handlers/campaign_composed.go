package handlers

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"akari/models"
)

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
			if s.Ack.Deadline.Before(t.tx.Now()) {
				errs["deadline"] = t.Say("campaign.deadline_early")
			}
		}
	} else if one("deadline") != "" {
		errs["ack"] = t.Say("compose.ack_missing")
	}
	s.Reminders = 0
	if n := one("reminders"); n != "" {
		var bad error
		if s.Reminders, bad = strconv.Atoi(n); bad != nil {
			errs["reminders"] = t.Say("form.choice")
		}
	}
	s.Steps = t.composedSteps(was, many, one, errs)
	s.Evergreen = one("evergreen") != ""
	s.Owner, s.OverrideWindow, s.OverrideCap = one("owner"), one("why_window"), one("why_cap")
	return s, errs, nil
}

func (t *Turn) composedAudience(was models.Rule, many func(string) []string, one func(string) string, errs map[string]string) (models.Rule, error) {
	r := models.Rule{
		All: one("everyone") != "", Partners: many("partners"), Tiers: many("tiers"), Levels: many("levels"), Tags: many("tags"), Regions: many("regions"), Owners: many("owners"),
		Languages: many("languages"), NotOpened: one("not_opened"), People: many("persons"),
		Exclude: models.Exclude{Partners: many("x_partners"), Tiers: many("x_tiers"), Tags: many("x_tags"), People: many("x_persons")},
	}
	if !t.h.PersonLevel { // they are not asked for
		r.People, r.Exclude.People = was.People, was.Exclude.People
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
		if window := t.h.Campaign.Window; len(window.Days) > 0 {
			at = wall(d, window.From).UTC()
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
	case "steps":
		return h.stepFieldOf(p)
	case "class", "title", "to", "materials", "image", "owner", "evergreen":
		return p.Field
	case "reminders":
		if h.Campaign.RemindersMax > 0 {
			return "reminders"
		}
	}
	return "title"
}
