package handlers

import (
	"strings"

	"akari/bot"
	"akari/content"
	"akari/models"
)

// outcomeForm asks for a result of a partner.
func (t *Turn) outcomeForm() error {
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Commanded, "word", "outcome"
	if t.readAlong() {
		return nil
	}
	stage := bot.Field{Name: "stage", Label: t.Say("outcome.stage"), Kind: bot.Choice, Required: true}
	for _, s := range []string{models.StageMeeting, models.StageQuote, models.StageWon, models.StageLost} {
		stage.Options = append(stage.Options, bot.Option{Label: t.Say("outcome.stage_" + s), Value: s})
	}
	return t.Form(bot.Form{Name: "outcome.report", Title: t.Say("outcome.form_title"), Text: t.Say("outcome.form_text"), Submit: t.Say("form.save"), Fields: []bot.Field{
		{Name: "partner", Label: t.Say("outcome.partner"), Kind: bot.Choice, Load: "campaign.partners", Required: true},
		{Name: "title", Label: t.Say("outcome.deal"), Kind: bot.Line, Required: true, Max: 200},
		stage,
		{Name: "number", Label: t.Say("outcome.number"), Hint: t.Say("outcome.number_hint"), Kind: bot.Line, Max: 150},
		{Name: "amount", Label: t.Say("outcome.amount"), Hint: t.Say("outcome.amount_hint"), Kind: bot.Line, Max: 30},
		{Name: "closed_on", Label: t.Say("outcome.closed_on"), Kind: bot.Date},
		{Name: "materials", Label: t.Say("outcome.materials"), Kind: bot.Choices, Load: "campaign.materials"},
	}})
}

// reported reads a result from what was filled in, and what is wrong by field.
func (t *Turn) reported() (o models.Outcome, errs map[string]string, err error) {
	errs = map[string]string{}
	arg := func(name string, most int) string { return clip(strings.TrimSpace(t.In.Args.Get(name)), most) }
	p, err := t.tx.PartnerByKey(arg("partner", 100))
	if ignoreMissing(err) != nil {
		return o, nil, err
	}
	if err != nil {
		errs["partner"] = t.Say("form.choice")
	}
	o = models.Outcome{PartnerID: p.ID, Title: arg("title", 200), Stage: arg("stage", 64), Currency: "JPY"}
	if o.Title == "" {
		errs["title"] = t.Say("form.empty")
	}
	if !t.h.Library.HasWord("outcome.stage_" + o.Stage) {
		errs["stage"] = t.Say("form.choice")
	}
	if o.Amount, err = content.ParseAmount(arg("amount", 30)); err != nil {
		errs["amount"] = t.Say("outcome.bad_amount")
	}
	day, err := content.ParseDay(arg("closed_on", 20))
	if err != nil {
		errs["closed_on"] = t.Say("outcome.bad_day")
	}
	if day != "" {
		o.ClosedOn = &day
	}
	for _, key := range t.In.Args["materials"] {
		if _, ok := t.h.Library.AnyMaterial(key); !ok {
			errs["materials"] = t.Say("form.choice")
		}
		o.Materials = append(o.Materials, key)
	}
	if o.ExternalID = arg("number", 150); o.ExternalID == "" {
		o.ExternalID = "akari:" + t.draft.ID.String()
	}
	return o, errs, nil
}

// submitOutcome keeps a result. With the number of one that is known, of the same
// partner, it says what became of that one.
func (t *Turn) submitOutcome() error {
	t.event.Kind, t.event.ObjectKind = models.Commanded, "outcome"
	o, errs, err := t.reported()
	if err != nil {
		return err
	}
	if len(errs) == 0 {
		before, err := t.tx.OutcomeOf(o.ExternalID)
		if ignoreMissing(err) != nil {
			return err
		}
		if err == nil && before.PartnerID != o.PartnerID {
			errs["number"] = t.Say("outcome.others_number")
		}
		if err == nil {
			o.PersonID = before.PersonID
		}
	}
	if len(errs) > 0 {
		return t.complainAll(errs)
	}
	if ok, err := t.useDraft(); err != nil || !ok {
		return err
	}
	did, err := t.tx.SaveOutcome(o)
	if err != nil {
		return err
	}
	t.replyToForm(bot.Message{Text: t.Say("outcome."+did, "title", o.Title)})
	return t.audit("outcome.report", "outcome:"+did, "done")
}
