package handlers

import (
	"strings"

	"akari/bot"
	"akari/content"
	"akari/models"
)

// mostButtons is how many materials an answer offers: more than a few is a list
// and not a help.
const mostButtons = 4

// ask answers a question: a good match with its answer, a weak one with
// candidates, none with the way to a person. What asks nothing is no question.
func (t *Turn) ask() error {
	if done, err := t.replied(); err != nil || done {
		return err
	}
	r := t.reader()
	found := t.h.Library.Search(t.In.Text, r)
	named := t.h.Library.MaterialsNamed(t.In.Text, r)
	if found.Decision != content.Good && len(named) == 0 {
		switch courtesy, thanks := t.isCourtesy(t.In.Text); {
		case thanks && courtesy:
			return t.welcome()
		case courtesy:
			return t.showMenu()
		}
	}
	t.event.Kind = models.Asked
	t.keep("question", clip(t.In.Text, 4000))
	if err := t.remember(); err != nil {
		return err
	}
	q := t.event.ID.String()
	t.event.Detail = models.Detail{"decision": decisionName(found.Decision)}
	switch {
	case found.Decision == content.Good:
		return t.answer(found.Hits[0].Key, r, q, named)
	case len(named) > 0:
		t.Record(models.Answered, func(e *models.Event) { e.ObjectKind, e.ObjectKey = "material", named[0].Key })
		return t.speak(bot.Message{Text: t.Say("faq.materials"), Buttons: append(t.materialButtons(named), t.personButton(q))})
	case found.Decision == content.Weak:
		t.Record("suggested", nil)
		return t.speak(bot.Message{Text: t.Say("faq.weak"), Buttons: append(t.candidates(found.Hits, r, q), t.personButton(q))})
	}
	t.Record(models.Unanswered, nil)
	return t.speak(bot.Message{Text: t.Say("faq.none"), Buttons: []bot.Button{t.personButton(q)}})
}

func decisionName(d content.Decision) string {
	switch d {
	case content.Good:
		return "good"
	case content.Weak:
		return "weak"
	}
	return "none"
}

// answer gives an entry's answer with its materials as buttons.
func (t *Turn) answer(key string, r content.Reader, q string, also []content.Material) error {
	e, ok := t.h.Library.Entry(key, r)
	if !ok {
		return t.speak(bot.Message{Text: t.Say("faq.gone"), Buttons: []bot.Button{t.personButton(q)}})
	}
	t.Record(models.Answered, func(ev *models.Event) { ev.ObjectKind, ev.ObjectKey = "entry", e.Key })
	return t.speak(t.answerOf(e, r, q, also))
}

// answerOf is an entry's answer as a message, with its materials, and others that
// the question named, as buttons.
func (t *Turn) answerOf(e content.Entry, r content.Reader, q string, also []content.Material) bot.Message {
	var ms []content.Material
	for _, k := range e.Materials {
		if m, state := t.h.Library.Material(k, r); state == content.Served {
			ms = append(ms, m)
		}
	}
	for _, m := range also {
		if !hasMaterial(ms, m.Key) {
			ms = append(ms, m)
		}
	}
	buttons := t.materialButtons(ms)
	buttons = append(buttons,
		bot.Button{Label: t.Say("faq.solved"), Press: bot.NewPress("faq.solved", "e", e.Key, "q", q)},
		bot.Button{Label: t.Say("faq.unsolved"), Press: bot.NewPress("faq.unsolved", "e", e.Key, "q", q)})
	return bot.Message{Text: e.Answer.In(t.Lang), Buttons: buttons}
}

func hasMaterial(ms []content.Material, key string) bool {
	for _, m := range ms {
		if m.Key == key {
			return true
		}
	}
	return false
}

// speak replies, and tells a person once, at the end of the first answer, what
// is recorded here.
func (t *Turn) speak(m bot.Message) error {
	if t.Who.Person.NoticedAt == nil && !t.actor.staff && !t.Who.Person.ID.IsZero() {
		m.Text += "\n\n" + t.notice()
		if err := t.tx.Noticed(t.Who.Person.ID); err != nil {
			return err
		}
		t.Record(models.NoticeShown, nil)
		t.Who.Person.NoticedAt = &t.In.Time
	}
	t.Reply(m)
	return nil
}

func (t *Turn) notice() string {
	n := t.Say("notice", "desk", t.h.Vendor.Desk, "vendor", t.h.Vendor.Name)
	if t.h.NoticeURL != "" {
		n += " " + t.h.NoticeURL
	}
	return n
}

// remember keeps the language a person writes in.
func (t *Turn) remember() error {
	lang := language(t.In.Text)
	if lang == "" || t.Who.Person.ID.IsZero() || t.Who.Person.Language != "" {
		return nil
	}
	return t.tx.SetLanguage(t.Who.Person.ID, lang)
}

func (t *Turn) materialButtons(ms []content.Material) []bot.Button {
	var out []bot.Button
	for _, m := range ms {
		if len(out) == mostButtons {
			break
		}
		out = append(out, bot.Button{Label: t.Say("material.button", "title", m.Title.In(t.Lang)), Press: bot.NewPress("material.send", "m", m.Key)})
	}
	return out
}

func (t *Turn) candidates(hits []content.Hit, r content.Reader, q string) []bot.Button {
	var out []bot.Button
	for _, hit := range hits {
		if e, ok := t.h.Library.Entry(hit.Key, r); ok && len(out) < 3 {
			out = append(out, bot.Button{Label: e.Question.In(t.Lang), Press: bot.NewPress("faq.pick", "e", e.Key, "q", q)})
		}
	}
	return out
}

func (t *Turn) personButton(q string) bot.Button {
	return bot.Button{Label: t.Say("gap.button"), Press: bot.NewPress("gap.ask", "q", q)}
}

// pick answers the candidate that was pressed.
func (t *Turn) pick() error {
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Picked, "entry", clip(t.In.Args.Get("e"), 128)
	t.because()
	q := t.In.Args.Get("q")
	if q == "" {
		q = t.event.ID.String()
	}
	return t.answer(t.In.Args.Get("e"), t.reader(), q, nil)
}

// solved thanks, and keeps that the answer helped.
func (t *Turn) solved() error {
	t.rated(1)
	t.Reply(bot.Message{Text: t.Say("faq.thanks")})
	return nil
}

// unsolved offers a person, and keeps that the answer did not help.
func (t *Turn) unsolved() error {
	t.rated(0)
	t.Reply(bot.Message{Text: t.Say("faq.sorry"), Buttons: []bot.Button{t.personButton(t.In.Args.Get("q"))}})
	return nil
}

func (t *Turn) rated(solved int) {
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Rated, "entry", clip(t.In.Args.Get("e"), 128)
	t.event.Detail = models.Detail{"solved": solved}
	t.because()
}

// because links this event to the question it came from.
func (t *Turn) because() {
	if id, err := models.ParseID(t.In.Args.Get("q")); err == nil {
		t.event.CauseID = id
	}
}

// clip cuts a text to n characters.
func clip(s string, n int) string {
	s = strings.ToValidUTF8(s, "")
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}
