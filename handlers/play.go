package handlers

import (
	"strings"
	"time"

	"akari/bot"
	"akari/content"
	"akari/models"
)

// A play (型) is a sequence of materials that partners with results opened before
// them, given to partners that are like them: a campaign with later steps, whose
// progress its report and the digest show.

const (
	relatedDays  = 28
	relatedSpan  = 26 * 7 * 24 * time.Hour
	relatedMost  = 15 // partners with results that a digest looks at
	relatedShown = 3  // materials, as many as a play has
	playPause    = 3 * 24 * time.Hour
)

// relatedRows tell what was opened before results.
func (w digestWords) relatedRows() []string {
	r := w.read.related
	if r.With == 0 {
		return nil
	}
	if !r.Enough {
		return []string{w.say("digest.related_few", "with", r.With, "without", r.Without, "least", r.Least)}
	}
	var rows []string
	percent := func(f float64) int { return int(f*100 + 0.5) }
	for i, m := range r.Materials {
		if i == relatedShown {
			break
		}
		title := m.Key
		if x, ok := w.d.h.Library.AnyMaterial(m.Key); ok {
			title = x.Title.In(w.lang)
		}
		row := w.say("digest.related", "title", title, "with", m.With.N, "all", m.With.Of, "low", percent(m.With.Low), "high", percent(m.With.High),
			"other", m.Without.N, "others", m.Without.Of, "other_low", percent(m.Without.Low), "other_high", percent(m.Without.High))
		if !m.Apart {
			row += w.say("digest.related_overlap")
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return []string{w.say("digest.related_none", "days", r.Days)}
	}
	return append(rows, w.say("digest.related_note", "days", r.Days))
}

// makePlay makes the draft of a play: the materials that stand out, one after the
// other, to the partners they were compared with. From there it is changed, tested and launched like any campaign.
func (t *Turn) makePlay() error {
	if err := t.tx.Writes(); err != nil {
		return err
	}
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Commanded, "play", "new"
	if t.readAlong() {
		return nil
	}
	r, err := t.h.Related(t.tx, RelatedOptions{Until: t.tx.Now(), Span: relatedSpan, Days: relatedDays, Most: relatedMost})
	if err != nil {
		return err
	}
	spec := models.Spec{Title: t.Say("play.title"), Weight: models.WeightInfo, To: models.ToPeople, Audience: models.Rule{Partners: r.Others}}
	for _, m := range r.Materials {
		x, state := t.h.Library.Material(m.Key, content.Reader{Staff: true})
		if state != content.Served || len(spec.Steps)+1 == relatedShown {
			continue
		}
		text := models.LangText{}
		for _, lang := range t.h.Vendor.Languages {
			text[lang] = t.h.Library.Say(lang, "play.text", "title", x.Title.In(lang))
		}
		if len(spec.Materials) == 0 {
			spec.Text, spec.Materials = text, []string{m.Key}
			continue
		}
		spec.Steps = append(spec.Steps, models.Step{After: time.Duration(len(spec.Steps)+1) * playPause, Text: text, Materials: []string{m.Key}})
	}
	if len(spec.Materials) == 0 {
		t.private(bot.Message{Text: t.Say("play.few", "least", r.Least)})
		return nil
	}
	c, fresh, err := t.campaigning().Create(spec, "")
	if stop, err := t.did(err); err != nil || stop {
		return err
	}
	said := []string{t.Say("play.made", "id", c.ID, "partners", len(r.Others), "materials", 1+len(spec.Steps))}
	if !fresh {
		said = append(said, t.Say("compose.same", "id", c.ID))
	}
	t.private(bot.Message{Text: strings.Join(said, "\n")})
	t.board = true
	return t.showCampaignOf(c)
}
