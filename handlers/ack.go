package handlers

import (
	"errors"
	"net/url"
	"strings"

	"akari/bot"
	"akari/content"
	"akari/models"
)

// 確認 and 活用 in chat. A press carries a reference (l = link, d = delivery,
// c = campaign), never authority: who pressed is the verified account, and what
// it counts for follows from rows.

// errNotTheirs says that a press refers to nothing that the one who pressed has.
var errNotTheirs = errors.New("not theirs")

// the event of each marking, and of its undoing.
var (
	markedEvents = map[models.Marking]string{models.Acks: models.Acknowledged, models.Uses: models.Used}
	undoneEvents = map[models.Marking]string{models.Acks: models.AckUndone, models.Uses: models.UsedUndone}
	markWords    = map[models.Marking]string{models.Acks: "ack", models.Uses: "used"}
)

func (t *Turn) ackPressed() error  { return t.markPressed(models.Acks) }
func (t *Turn) usedPressed() error { return t.markPressed(models.Uses) }

// markPressed takes 「内容を確認しました」 or 「商談で使った」.
func (t *Turn) markPressed(k models.Marking) error {
	t.event.Kind = markedEvents[k]
	about, err := t.aboutPress()
	if errors.Is(err, errNotTheirs) {
		t.notTheirs("material.unknown")
		return nil
	}
	if err != nil {
		return err
	}
	t.setAbout(about)
	if t.actor.staff { // recorded as staff's, counted as nobody's
		t.Refuse("ack.staff")
		return nil
	}
	about.PartnerID, about.PersonID, about.RoomID, about.Platform, about.EventID = t.Who.Partner.ID, t.Who.Person.ID, t.Room.ID, t.In.At.Platform, t.event.ID
	many, err := t.bundleOf(about)
	if err != nil {
		return err
	}
	if k == models.Acks && len(many) > 1 {
		return t.ackMany(about, many)
	}
	m, fresh, err := t.tx.MarkOnce(k, about)
	if err != nil {
		return err
	}
	if !fresh {
		t.ignore("repeated")
	}
	return t.tellMarks(m, markWords[k]+map[bool]string{true: ".done", false: ".before"}[fresh])
}

// ignore makes the inbound one that had no effect, and says why.
func (t *Turn) ignore(why string) {
	t.event.Kind, t.event.Outcome, t.event.Detail = models.Ignored, models.OutcomeIgnored, models.Detail{"refused": why}
}

// notTheirs answers a press that refers to nothing of theirs: it is on record as
// something that was tried, and counts for nobody.
func (t *Turn) notTheirs(key string) {
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Commanded, "press", clip(t.In.Name, 128)
	t.event.Detail = models.Detail{"refused": "not_theirs"}
	t.Refuse(key)
}

func (t *Turn) setAbout(m models.Mark) { setAbout(&t.event, m) }

func setAbout(e *models.Event, m models.Mark) {
	e.ObjectKind, e.ObjectKey, e.ObjectVersion = "material", m.MaterialKey, m.MaterialVersion
	e.LinkID, e.DeliveryID, e.CampaignID = m.LinkID, m.DeliveryID, m.CampaignID
}

// aboutPress finds what a press is about: which version of which material, and
// the message it was pressed on.
func (t *Turn) aboutPress() (models.Mark, error) {
	if id, err := models.ParseID(t.In.Args.Get("l")); err == nil {
		l, err := t.tx.LinkOf(id)
		if err != nil {
			return models.Mark{}, notTheirs(err)
		}
		if l.PersonID != t.Who.Person.ID || l.Purpose == models.PurposeTest && !t.actor.staff {
			return models.Mark{}, errNotTheirs
		}
		return t.markOfLink(l)
	}
	id, err := models.ParseID(t.In.Args.Get("d"))
	if err != nil {
		return models.Mark{}, errNotTheirs
	}
	d, err := t.tx.DeliveryOf(id)
	if err != nil {
		return models.Mark{}, notTheirs(err)
	}
	switch {
	case t.actor.staff:
	case !d.PersonID.IsZero() && d.PersonID != t.Who.Person.ID, // somebody else's message
		d.PartnerID != t.Who.Partner.ID, d.PartnerID.IsZero(): // another partner's room, or one that all read
		return models.Mark{}, errNotTheirs
	}
	return models.Mark{DeliveryID: d.ID, LinkID: d.LinkID, CampaignID: d.CampaignID, MaterialKey: d.MaterialKey, MaterialVersion: d.MaterialVersion}, nil
}

func notTheirs(err error) error {
	if errors.Is(err, models.ErrNotFound) {
		return errNotTheirs
	}
	return err
}

// markOfLink is a mark about the version that a link was given for.
func (t *Turn) markOfLink(l models.Link) (models.Mark, error) {
	m := models.Mark{LinkID: l.ID, DeliveryID: l.DeliveryID, CampaignID: l.CampaignID, MaterialKey: l.MaterialKey, MaterialVersion: l.MaterialVersion}
	if m.DeliveryID.IsZero() {
		card, err := t.tx.CardOf(l.ID)
		if err = ignoreMissing(err); err != nil {
			return m, err
		}
		m.DeliveryID = card.ID
	}
	return m, nil
}

// undoPressed takes a mark back, within five minutes.
func (t *Turn) undoPressed() error {
	k := models.Marking(t.In.Args.Get("k"))
	t.event.Kind = undoneEvents[k]
	if k == models.Acks && t.In.Args.Has("d") {
		return t.undoMany()
	}
	id, err := models.ParseID(t.In.Args.Get("i"))
	var m models.Mark
	if err == nil && t.event.Kind != "" {
		m, err = t.tx.MarkOf(k, id)
		if ignoreMissing(err) != nil {
			return err
		}
	}
	if err != nil || m.PersonID != t.Who.Person.ID || t.event.Kind == "" {
		t.notTheirs("material.unknown")
		return nil //nolint:nilerr // a reference that cannot be read is no fault of ours
	}
	t.setAbout(m)
	t.event.CauseID = m.EventID
	ok, err := t.tx.UndoMark(k, id, t.Who.Person.ID)
	if err != nil {
		return err
	}
	if !ok {
		t.ignore("too_late")
		if m.UndoneAt == nil {
			t.Refuse("ack.late")
			return nil
		}
	}
	return t.tellMarks(m, markWords[k]+".undone")
}

// tellMarks shows the person what counts for them now: on the message itself
// where it can be changed, else in a short line for them alone.
func (t *Turn) tellMarks(m models.Mark, key string) error {
	shown, err := t.showOnCard(m)
	if err != nil || shown {
		return err
	}
	title, current := m.MaterialKey, m.MaterialVersion
	if x, ok := t.h.Library.AnyMaterial(m.MaterialKey); ok {
		title, current = x.Title.In(t.Lang), x.Version
	}
	if title == "" {
		title = t.Say("ack.message")
	}
	out := bot.Message{Text: t.Say(key, "title", title, "version", m.MaterialVersion), Private: true}
	if current > m.MaterialVersion {
		out.Text += "\n" + t.Say("ack.newer", "version", current)
		out.Buttons = append(out.Buttons, bot.Button{Label: t.Say("material.get"), Press: bot.NewPress("material.send", "m", m.MaterialKey)})
	}
	buttons, err := t.markButtons(m)
	if err != nil {
		return err
	}
	out.Buttons = append(buttons, out.Buttons...)
	t.tellAlone(out)
	return nil
}

// tellAlone says something to the one who pressed, and to nobody beside them.
func (t *Turn) tellAlone(m bot.Message) {
	switch {
	case t.In.At.Direct:
		t.Reply(m)
	case t.In.At.Platform == "lineworks", t.In.At.Platform == "line":
		t.Whisper(m)
	default:
		to := t.In.At
		to.User = t.In.From.User
		t.send(m, sending{to: to, act: bot.Private, priority: bot.Answers, reply: true})
	}
}

// marksOf are the person's marks in force about the same version, by marking.
func (t *Turn) marksOf(m models.Mark) (map[models.Marking]models.Mark, error) {
	out := map[models.Marking]models.Mark{}
	for k := range markedEvents {
		live, err := t.tx.LiveMark(k, m)
		if errors.Is(err, models.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out[k] = live
	}
	return out, nil
}

// markButtons take back what can still be taken back, and let a deal be named.
func (t *Turn) markButtons(m models.Mark) ([]bot.Button, error) {
	marks, err := t.marksOf(m)
	if err != nil {
		return nil, err
	}
	var out []bot.Button
	if used, ok := marks[models.Uses]; ok {
		out = append(out, bot.Button{Label: t.Say("used.name_deal"), Press: bot.NewPress("used.report", "u", used.ID.String())})
	}
	for _, k := range []models.Marking{models.Acks, models.Uses} {
		if one, ok := marks[k]; ok && one.Undoable(t.tx.Now()) {
			out = append(out, bot.Button{Label: t.Say(markWords[k] + ".undo"), Press: bot.NewPress("material.undo", "k", string(k), "i", one.ID.String())})
		}
	}
	return out, nil
}

// showOnCard changes the private message that carries the link, so that it shows
// the person's own state. false: it cannot be changed, or is no card of ours.
func (t *Turn) showOnCard(m models.Mark) (bool, error) {
	if m.CampaignID != nil {
		return t.showOnLetter(m)
	}
	if m.LinkID.IsZero() {
		return false, nil
	}
	card, err := t.tx.CardOf(m.LinkID)
	if err != nil {
		return false, ignoreMissing(err)
	}
	p := t.h.platforms[card.Platform]
	if p == nil || !p.Limits().Updates || card.PlatformMessageID == "" || card.Via != "" || card.Part != 0 || card.PersonID != m.PersonID {
		return false, nil
	}
	l, err := t.tx.LinkOf(m.LinkID)
	if err != nil {
		return false, ignoreMissing(err)
	}
	x, ok := t.h.Library.AnyMaterial(m.MaterialKey)
	if !ok {
		return false, nil
	}
	marks, err := t.marksOf(m)
	if err != nil {
		return false, err
	}
	out := t.materialCard(x, l, marks)
	if x.Version > m.MaterialVersion {
		out.Text += "\n" + t.Say("ack.newer", "version", x.Version)
	}
	after, err := t.tx.ChangeUnderWay(card.Connection, card.PlatformMessageID)
	if err != nil {
		return false, err
	}
	t.send(out, sending{to: card.Where(), act: bot.Update, priority: bot.Answers, ref: card.PlatformMessageID, after: after, about: []func(*models.Delivery){
		func(d *models.Delivery) {
			d.LinkID, d.MaterialKey, d.MaterialVersion = l.ID, m.MaterialKey, m.MaterialVersion
		},
	}})
	return true, nil
}

// materialCard is the private message with a material's personal link, and what
// the person has said of it so far.
func (t *Turn) materialCard(x content.Material, l models.Link, marks map[models.Marking]models.Mark) bot.Message {
	m := bot.Message{Text: t.Say("material.here", "title", x.Title.In(t.Lang), "until", t.day(l.ExpiresAt))}
	card := bot.Card{Title: x.Title.In(t.Lang), Text: x.Description.In(t.Lang), Image: t.cover(x)}
	card.Buttons = []bot.Button{{Label: t.Say("material.open"), Open: openLink, Style: bot.Primary}}
	var undo []bot.Button
	for _, k := range []models.Marking{models.Acks, models.Uses} {
		word := markWords[k]
		one, ok := marks[k]
		if !ok {
			card.Buttons = append(card.Buttons, bot.Button{Label: t.Say(word + ".button"), Press: bot.NewPress("material."+word, "l", l.ID.String())})
			continue
		}
		m.Text += "\n" + t.Say(word+".state", "at", t.moment(one.At), "version", one.MaterialVersion)
		if k == models.Uses {
			card.Buttons = append(card.Buttons, bot.Button{Label: t.Say("used.name_deal"), Press: bot.NewPress("used.report", "u", one.ID.String())})
		}
		undo = append(undo, bot.Button{Label: t.Say(word + ".undo"), Press: bot.NewPress("material.undo", "k", string(k), "i", one.ID.String())})
	}
	card.Buttons = append(card.Buttons, undo...)
	m.Video = t.h.videoOf(x, 0, t.Lang)
	m.Cards = []bot.Card{card}
	return m
}

// dealForm asks which deal it was; the use counts already.
func (t *Turn) dealForm() error {
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Commanded, "form", "used.report"
	m, ok, err := t.use(t.In.Args)
	if err != nil || !ok {
		return err
	}
	return t.Form(bot.Form{Name: "used.report", Title: t.Say("used.form_title"), Text: t.Say("used.form_text"), Submit: t.Say("form.send"),
		Args: url.Values{"u": {m.ID.String()}}, Fields: dealFields(t.Say)})
}

// dealFields are what may be told of a deal; none must be.
func dealFields(say func(string, ...any) string) []bot.Field {
	return []bot.Field{
		{Name: "deal", Label: say("used.form_deal"), Kind: bot.Line, Max: 200},
		{Name: "number", Label: say("used.form_number"), Kind: bot.Line, Max: 100},
		{Name: "comment", Label: say("used.form_comment"), Hint: say("used.form_hint"), Kind: bot.Lines, Max: 1000},
	}
}

// use finds the use that is in force and theirs; on false the answer is given.
func (t *Turn) use(args url.Values) (models.Mark, bool, error) {
	id, err := models.ParseID(args.Get("u"))
	var m models.Mark
	if err == nil {
		if m, err = t.tx.MarkOf(models.Uses, id); ignoreMissing(err) != nil {
			return m, false, err
		}
	}
	if err != nil || m.PersonID != t.Who.Person.ID || m.UndoneAt != nil {
		t.notTheirs("used.gone")
		return m, false, nil //nolint:nilerr // as above
	}
	return m, true, nil
}

// submitDeal keeps what was told of a deal, apart from the log.
func (t *Turn) submitDeal() error {
	m, ok, err := t.use(t.In.Args)
	if err != nil || !ok {
		return err
	}
	text := dealText(t.In.Args, t.Say)
	if text == "" {
		return t.complain("deal", "form.empty")
	}
	if ok, err := t.useDraft(); err != nil || !ok {
		return err
	}
	t.event.Kind, t.event.CauseID = models.DealNamed, m.EventID
	t.setAbout(m)
	t.keep("deal", text)
	t.replyToForm(bot.Message{Text: t.Say("used.named")})
	return nil
}

// dealText is what was filled in, one line a field.
func dealText(args url.Values, say func(string, ...any) string) (text string) {
	for _, f := range dealFields(say) {
		if v := clip(strings.TrimSpace(args.Get(f.Name)), fieldMax(f)); v != "" {
			if text != "" {
				text += "\n"
			}
			text += f.Label + ": " + v
		}
	}
	return text
}
