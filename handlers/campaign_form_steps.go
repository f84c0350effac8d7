package handlers

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"akari/bot"
	"akari/models"
)

// The later messages of a campaign as fields of its form.

// stepsAsked is how many later messages a form asks for at least; of a campaign that
// has more it shows all, up to stepsShown. What is not shown stays as it is.
const (
	stepsAsked = 2
	stepsShown = 5
)

// stepCount is how many later messages a form shows for a campaign.
func stepCount(s models.Spec) int { return min(max(stepsAsked, len(s.Steps)), stepsShown) }

func stepName(n int, what string) string { return "step" + strconv.Itoa(n) + "_" + what }

func (t *Turn) stepField(kind bot.FieldKind, n int, what string, value ...string) bot.Field {
	f := t.field(kind, "step_"+what, value...)
	f.Name, f.Label = stepName(n, what), t.Say("compose.step_"+what, "number", n)
	if n > 1 {
		f.Hint = "" // said once
	}
	return f
}

func (t *Turn) stepFields(s models.Spec) (out []bot.Field) {
	for n := 1; n <= stepCount(s); n++ {
		x := models.Step{}
		if n <= len(s.Steps) {
			x = s.Steps[n-1]
		}
		after := t.stepField(bot.Line, n, "after", afterText(t.Say, x.After))
		after.Section, after.Max = t.Say("compose.section_step", "number", n), 20
		out = append(out, after)
		for _, lang := range t.h.Vendor.Languages {
			text := t.stepField(bot.Lines, n, "text_"+lang, x.Text[lang])
			text.Max = textMax
			out = append(out, text)
		}
		out = append(out, t.loaded(t.stepField(bot.Choices, n, "materials", x.Materials...), "campaign.materials", t.materialTitle))
		out = append(out, t.fixed(t.stepField(bot.Choice, n, "unless", x.Unless), "compose.unless_", models.UnlessAcknowledged, models.UnlessOpened))
	}
	return out
}

// afterText is a time after the first message as the form shows it: "3日", "36時間".
func afterText(say func(string, ...any) string, d time.Duration) string {
	switch {
	case d == 0:
		return ""
	case d%(24*time.Hour) == 0:
		return say("compose.after_days", "count", int(d/(24*time.Hour)))
	case d%time.Hour == 0:
		return say("compose.after_hours", "count", int(d/time.Hour))
	}
	return d.String()
}

// readAfter reads a time after the first message as people type it: 3, 3日後, 36時間, 12h.
func readAfter(text string) (time.Duration, bool) {
	text = strings.ToLower(foldDigits(strings.Join(strings.Fields(text), "")))
	text = strings.NewReplacer("日", "d", "時間", "h", "days", "d", "day", "d", "hours", "h", "hour", "h", "後", "").Replace(text)
	unit := 24 * time.Hour
	if rest, ok := strings.CutSuffix(text, "h"); ok {
		text, unit = rest, time.Hour
	}
	n, err := strconv.Atoi(strings.TrimSuffix(text, "d"))
	if err != nil || n < 1 || n > 3650 {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// composedSteps reads the later messages; an empty one is none.
func (t *Turn) composedSteps(was models.Spec, many func(string) []string, one func(string) string, errs map[string]string) []models.Step {
	var out []models.Step
	shown := stepCount(was)
	for n := 1; n <= shown; n++ {
		x, old := models.Step{Text: models.LangText{}}, models.Step{}
		if n <= len(was.Steps) {
			old = was.Steps[n-1]
		}
		for lang, text := range old.Text { // a language that is not asked for stays
			if !slices.Contains(t.h.Vendor.Languages, lang) {
				x.Text[lang] = text
			}
		}
		written := false
		for _, lang := range t.h.Vendor.Languages {
			if text := strings.ReplaceAll(one(stepName(n, "text_"+lang)), "\r\n", "\n"); text != "" {
				x.Text[lang], written = text, true
			}
		}
		x.Materials, x.Unless = many(stepName(n, "materials")), one(stepName(n, "unless"))
		after := one(stepName(n, "after"))
		switch {
		case after == "" && !written && len(x.Materials) == 0:
			continue // whoever empties it takes it out
		case after == "":
			errs[stepName(n, "after")] = t.Say("compose.no_after")
		case old.After != 0 && after == afterText(t.Say, old.After):
			x.After = old.After
		default:
			var ok bool
			if x.After, ok = readAfter(after); !ok {
				errs[stepName(n, "after")] = t.Say("compose.bad_after")
			}
		}
		if !written {
			errs[stepName(n, "text_"+t.h.Vendor.Languages[0])] = t.Say("campaign.step_text", "number", n)
		}
		if len(x.Materials) == 0 {
			x.Materials = nil
		}
		out = append(out, x)
	}
	if shown < len(was.Steps) {
		out = append(out, was.Steps[shown:]...)
	}
	return out
}

// stepFieldOf is the field of a later message that a problem is shown by.
func (h *Handlers) stepFieldOf(p Problem) string {
	for i := 0; i+1 < len(p.Args); i += 2 {
		n, ok := p.Args[i+1].(int)
		if p.Args[i] != "number" || !ok || n > stepsShown {
			continue
		}
		switch p.Key {
		case "campaign.step_after":
			return stepName(n, "after")
		case "campaign.step_text":
			return stepName(n, "text_"+h.Vendor.Languages[0])
		case "campaign.step_unless":
			return stepName(n, "unless")
		}
	}
	return "title"
}
