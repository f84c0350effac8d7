package handlers

import (
	"strings"

	"akari/bot"
	"akari/content"
	"akari/models"
)

// What can be done about a partner that has fallen silent, in one press: a message
// to copy, a small campaign, a note of what was done. A press names the partner;
// who may is looked at again.

// silentCards are the partners that a digest shows with buttons.
const silentCards = 3

// silentButtons are what can be done about one partner.
func silentButtons(say func(string, ...any) string, partner string) []bot.Button {
	return []bot.Button{
		{Label: say("silent.message"), Press: bot.NewPress("partner.message", "p", partner)},
		{Label: say("silent.campaign"), Press: bot.NewPress("partner.campaign", "p", partner)},
		{Label: say("silent.record"), Press: bot.NewPress("support.record", "p", partner)},
	}
}

// thePartner is the partner that a press or a form is about. ok is false when
// there is none; then the answer is given.
func (t *Turn) thePartner() (p models.Partner, ok bool, err error) {
	t.event.Kind, t.event.ObjectKind = models.Commanded, "partner"
	if t.readAlong() {
		return p, false, nil
	}
	p, err = t.tx.PartnerByKey(clip(t.In.Args.Get("p"), 100))
	if err != nil {
		return p, false, t.gone(err)
	}
	t.event.ObjectKey = clip(p.Key, 128)
	return p, true, nil
}

// letter is what can be written to a silent partner, in its language, and the
// material that it offers: the first on its shelf that it was never given.
func (t *Turn) letter(p models.Partner) (lang, text string, m content.Material, err error) {
	lang = p.Language
	if lang == "" {
		lang = "ja"
	}
	given, err := t.tx.MaterialsGiven(p.ID)
	if err != nil {
		return lang, "", m, err
	}
	for _, x := range t.shelf(reader(p, lang)) {
		if x.Kind == content.Image {
			continue
		}
		if m.Key == "" || !given[x.Key] {
			m = x
		}
		if !given[x.Key] {
			break
		}
	}
	key := "silent.letter"
	if m.Key == "" {
		key = "silent.letter_plain"
	}
	text = t.h.Library.Say(lang, key, "desk", t.h.Vendor.Desk, "vendor", t.h.Vendor.Name, "title", m.Title.In(lang), "staff", t.Who.Person.Name)
	return lang, text, m, nil
}

// draftMessage answers a message to the partner that a person can copy and change.
func (t *Turn) draftMessage() error {
	p, ok, err := t.thePartner()
	if err != nil || !ok {
		return err
	}
	lang, text, _, err := t.letter(p)
	if err != nil {
		return err
	}
	addressed := t.h.Library.Say(lang, "silent.letter_to", "partner", p.Name) + "\n\n" + text
	t.private(bot.Message{Text: t.Say("silent.draft", "partner", p.Name) + "\n\n" + addressed, Buttons: silentButtons(t.Say, p.Key)[1:]})
	return t.audit("partner.message", "partner:"+p.Key, "done")
}

// smallCampaign makes the draft of a campaign to one partner and shows it: from
// there it is changed, tested and launched like any other.
func (t *Turn) smallCampaign() error {
	if err := t.tx.Writes(); err != nil {
		return err
	}
	p, ok, err := t.thePartner()
	if err != nil || !ok {
		return err
	}
	lang, text, m, err := t.letter(p)
	if err != nil {
		return err
	}
	spec := models.Spec{
		Title: clip(t.h.Library.Say(lang, "silent.title", "partner", p.Name), 150), Weight: models.WeightInfo, To: models.ToPeople,
		Text: models.LangText{lang: text}, Audience: models.Rule{Partners: []string{p.Key}},
	}
	if m.Key != "" {
		spec.Materials = []string{m.Key}
	}
	c, fresh, err := t.campaigning().Create(spec, "")
	if stop, err := t.did(err); err != nil || stop {
		return err
	}
	if !fresh {
		t.private(bot.Message{Text: t.Say("compose.same", "id", c.ID)})
	}
	t.board = true
	return t.showCampaignOf(c)
}

// supportWays are how staff were in touch.
var supportWays = []string{"visit", "call", "mail", "other"}

// supportForm asks what was done for a partner.
func (t *Turn) supportForm() error {
	p, ok, err := t.thePartner()
	if err != nil || !ok {
		return err
	}
	how := bot.Field{Name: "how", Label: t.Say("support.how"), Kind: bot.Choice, Required: true}
	for _, w := range supportWays {
		how.Options = append(how.Options, bot.Option{Label: t.Say("support.how_" + w), Value: w})
	}
	return t.Form(bot.Form{Name: "support.record", Title: t.Say("support.title"), Text: t.Say("support.text", "partner", p.Name), Submit: t.Say("form.save"),
		Args:   map[string][]string{"p": {p.Key}},
		Fields: []bot.Field{how, {Name: "note", Label: t.Say("support.note"), Hint: t.Say("support.note_hint"), Kind: bot.Lines, Max: 1000}}})
}

// submitSupport keeps what was done; the note lies apart from the log.
func (t *Turn) submitSupport() error {
	p, ok, err := t.thePartner()
	if err != nil || !ok {
		return err
	}
	how := t.In.Args.Get("how")
	known := false
	for _, w := range supportWays {
		known = known || w == how
	}
	if !known {
		return t.complain("how", "form.choice")
	}
	if ok, err := t.useDraft(); err != nil || !ok {
		return err
	}
	t.event.Kind, t.event.PartnerID, t.event.Detail = models.SupportRecorded, p.ID, models.Detail{"how": how}
	if note := clip(strings.TrimSpace(t.In.Args.Get("note")), 1000); note != "" {
		t.keep("support", note)
	}
	t.replyToForm(bot.Message{Text: t.Say("support.recorded", "partner", p.Name)})
	return t.audit("support.record", "partner:"+p.Key, "done")
}
