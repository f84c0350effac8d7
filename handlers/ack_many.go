package handlers

import (
	"errors"
	"strconv"
	"strings"

	"akari/bot"
	"akari/models"
)

// A message with several materials is acknowledged one by one or all at once. Each
// material has a mark of its own, bound to its version; the message is acknowledged
// when all of them are.

// bundle is what a message carries, and the person's acknowledgement of each.
type bundle []bundled

type bundled struct {
	models.LinkMaterial
	ack models.Mark // zero = not acknowledged
}

func (b bundle) done() (n int) {
	for _, x := range b {
		if !x.ack.ID.IsZero() {
			n++
		}
	}
	return n
}

// newest is the latest acknowledgement; zero if there is none.
func (b bundle) newest() (m models.Mark) {
	for _, x := range b {
		if !x.ack.ID.IsZero() && (m.ID.IsZero() || x.ack.At.After(m.At)) {
			m = x.ack
		}
	}
	return m
}

// bundleOf is what the message that a mark is about carries: at least one material,
// or what is acknowledged where there is none.
func (t *Turn) bundleOf(m models.Mark) (bundle, error) { return t.h.bundleOf(t.tx, m) }

func (h *Handlers) bundleOf(tx *models.Tx, m models.Mark) (bundle, error) {
	var all []models.LinkMaterial
	l, err := tx.LinkOf(m.LinkID)
	switch {
	case err == nil:
		all, err = tx.MaterialsOf(l)
	case errors.Is(err, models.ErrNotFound) && m.CampaignID != nil: // a room has no link
		var d models.Delivery
		if d, err = tx.DeliveryOf(m.DeliveryID); err == nil {
			all, err = tx.MaterialsOfStep(*m.CampaignID, d.Step)
		}
	}
	if ignoreMissing(err) != nil {
		return nil, err
	}
	if len(all) < 2 {
		ack, err := tx.LiveMark(models.Acks, m)
		return bundle{{models.LinkMaterial{MaterialKey: m.MaterialKey, MaterialVersion: m.MaterialVersion}, ack}}, ignoreMissing(err)
	}
	acks, err := tx.MarksAbout(models.Acks, m, all)
	if err != nil {
		return nil, err
	}
	out := make(bundle, len(all))
	for i, lm := range all {
		out[i] = bundled{lm, acks[i]}
	}
	return out, nil
}

// ackMany acknowledges the material that the press names by its place, or all that
// are not acknowledged yet.
func (t *Turn) ackMany(about models.Mark, b bundle) error {
	only, fresh := 0, 0
	if t.In.Args.Has("m") {
		if only, _ = strconv.Atoi(t.In.Args.Get("m")); only < 1 || only > len(b) {
			t.notTheirs("material.unknown")
			return nil
		}
	}
	for i := range b {
		if only > 0 && i != only-1 || !b[i].ack.ID.IsZero() {
			continue
		}
		m := about
		m.MaterialKey, m.MaterialVersion = b[i].MaterialKey, b[i].MaterialVersion
		if fresh > 0 { // the inbound's own event is about the first
			m.EventID = models.NewID()
		}
		ack, made, err := t.tx.MarkOnce(models.Acks, m)
		if err != nil {
			return err
		}
		b[i].ack = ack
		switch {
		case !made:
		case fresh == 0:
			t.setAbout(m)
			fresh++
		default:
			t.Record(models.Acknowledged, func(e *models.Event) { e.ID = m.EventID; setAbout(e, m) })
			fresh++
		}
	}
	if fresh == 0 {
		t.ignore("repeated")
		return t.tellMany(about, b, "ack.many_before")
	}
	return t.tellMany(about, b, "ack.many_done")
}

// undoMany takes back everything of a message that still can be.
func (t *Turn) undoMany() error {
	about, err := t.aboutPress()
	if errors.Is(err, errNotTheirs) {
		t.notTheirs("material.unknown")
		return nil
	}
	if err != nil {
		return err
	}
	about.PersonID = t.Who.Person.ID
	b, err := t.bundleOf(about)
	if err != nil {
		return err
	}
	undone := 0
	for i, x := range b {
		if x.ack.ID.IsZero() {
			continue
		}
		ok, err := t.tx.UndoMark(models.Acks, x.ack.ID, t.Who.Person.ID)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		b[i].ack = models.Mark{}
		if undone++; undone == 1 {
			t.setAbout(x.ack)
			t.event.CauseID = x.ack.EventID
			continue
		}
		t.Record(models.AckUndone, func(e *models.Event) { setAbout(e, x.ack); e.CauseID = x.ack.EventID })
	}
	if undone == 0 {
		t.ignore("too_late")
		t.Refuse("ack.late")
		return nil
	}
	return t.tellMany(about, b, "ack.many_undone")
}

// tellMany shows the person how much of a message they have acknowledged: on the
// message itself where it can be changed, else in a short line for them alone.
func (t *Turn) tellMany(about models.Mark, b bundle, key string) error {
	shown, err := t.showOnCard(about)
	if err != nil || shown {
		return err
	}
	lines := []string{t.Say(key, "all", len(b), "done", b.done())}
	for _, x := range b {
		lines = append(lines, t.h.bundledLine(x, t.Lang))
	}
	out := bot.Message{Text: strings.Join(lines, "\n"), Private: true}
	if t.In.At.Direct { // where others read, the message with the buttons stands above
		out.Buttons = t.h.ackButtons(b, about.DeliveryID.String(), t.Lang)
	}
	if n := b.newest(); !n.ID.IsZero() && n.Undoable(t.tx.Now()) {
		out.Buttons = append(out.Buttons, t.h.undoButton(about.DeliveryID.String(), t.Lang))
	}
	t.tellAlone(out)
	return nil
}

// bundledLine is a material's line in a message: its title, and that it is
// acknowledged.
func (h *Handlers) bundledLine(x bundled, lang string) string {
	title := x.MaterialKey
	if m, ok := h.Library.AnyMaterial(x.MaterialKey); ok {
		title = m.Title.In(lang)
	}
	if x.ack.ID.IsZero() {
		return h.Library.Say(lang, "campaign.material", "title", title)
	}
	return h.Library.Say(lang, "campaign.material_acked", "title", title, "version", x.ack.MaterialVersion)
}

// ackOneMost is how many materials of a message have a button each to acknowledge
// them; of more, the page does.
const ackOneMost = 4

// ackButtons acknowledge what of a message is not acknowledged yet: all of it, and
// one by one.
func (h *Handlers) ackButtons(b bundle, delivery, lang string) (out []bot.Button) {
	left, done := len(b)-b.done(), b.done()
	label := h.Library.Say(lang, "ack.button")
	switch {
	case left == 0:
		return nil
	case done > 0:
		label = h.Library.Say(lang, "ack.button_rest", "count", left)
	case left > 1:
		label = h.Library.Say(lang, "ack.button_all", "count", left)
	}
	out = append(out, bot.Button{Label: label, Press: bot.NewPress("material.ack", "d", delivery)})
	if left < 2 || len(b) > ackOneMost {
		return out
	}
	for i, x := range b {
		m, ok := h.Library.AnyMaterial(x.MaterialKey)
		if x.ack.ID.IsZero() && ok {
			out = append(out, bot.Button{Label: h.Library.Say(lang, "ack.one", "title", m.Title.In(lang)), Press: bot.NewPress("material.ack", "d", delivery, "m", strconv.Itoa(i+1))})
		}
	}
	return out
}

func (h *Handlers) undoButton(delivery, lang string) bot.Button {
	return bot.Button{Label: h.Library.Say(lang, "ack.undo"), Press: bot.NewPress("material.undo", "k", string(models.Acks), "d", delivery)}
}
