package handlers

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"akari/bot"
	"akari/content"
	"akari/models"
)

// gapDue is how much working time staff have for an answer.
const gapDue = 4 * time.Hour

// escalate passes a question on to a person: 担当者に聞く.
func (t *Turn) escalate() error {
	t.event.Kind, t.event.ObjectKind = models.Escalated, "gap"
	id, err := models.ParseID(t.In.Args.Get("q"))
	if err != nil {
		return t.writeQuestion()
	}
	asked, err := t.tx.EventOf(id)
	if err != nil {
		if ignoreMissing(err) == nil {
			return t.writeQuestion()
		}
		return err
	}
	t.event.CauseID = id
	if asked.PartnerID != t.Who.Partner.ID && !t.actor.staff { // another partner's question is none of theirs
		t.Refuse("gap.foreign")
		return nil
	}
	question, err := t.tx.WrittenWith(id)
	if err != nil {
		return err
	}
	if question.Body == "" { // withdrawn or erased: there is nothing to pass on
		return t.writeQuestion()
	}
	text := t.keep("question", question.Body)
	t.texts[len(t.texts)-1].MessageHash = question.MessageHash // whoever takes the message back takes this copy back too
	return t.openGap(question.Body, text)
}

// openGap opens a gap, or joins the one that is open for the same question. text is
// where the question is kept.
func (t *Turn) openGap(question string, text models.ID) error {
	return t.openGapOf(question, text, content.Normalize(question), t.Who.Partner.OwnerID, t.TellStaff)
}

// openGapOf opens a gap that has this owner, or joins the one that is open under the
// same name; tell says it to those who answer.
func (t *Turn) openGapOf(question string, text models.ID, name string, owner models.ID, tell func(bot.Message) error) error {
	cals, err := t.h.calendars(t.tx)
	if err != nil {
		return err
	}
	due := halfHour(cals.vendor().After(t.tx.Now(), gapDue))
	sum := sha256.Sum256([]byte(name))
	g, isNew, err := t.tx.OpenGap(sum[:], models.Gap{Language: t.Lang, QuestionID: text, OwnerID: owner, Department: t.Who.Partner.Department, DueAt: due},
		models.Asker{EventID: t.event.ID, PersonID: t.Who.Person.ID, PartnerID: t.Who.Partner.ID, At: t.In.At})
	if err != nil {
		return err
	}
	t.event.ObjectKey = g.ID.String()
	if err := t.speak(bot.Message{Text: t.Say("gap.passed_on", "due", t.moment(g.DueAt))}); err != nil {
		return err
	}
	if !isNew {
		return nil // staff know of it, and it is counted
	}
	return tell(t.gapNotice(g, question))
}

// halfHour rounds a promise up: nobody answers at 17:02.
func halfHour(t time.Time) time.Time {
	const half = 30 * time.Minute
	if r := t.Truncate(half); !r.Equal(t) {
		return r.Add(half)
	}
	return t
}

// gapNotice tells staff of a question that nobody could answer.
func (t *Turn) gapNotice(g models.Gap, question string) bot.Message {
	say := func(key string, args ...any) string { return t.h.Library.Say("ja", key, args...) }
	partner, person := t.Who.Partner.Name, t.Who.Person.Name
	if !t.h.PersonLevel || person == "" {
		person = say("person.unnamed")
	}
	if partner == "" {
		partner = t.h.Vendor.Name
	}
	return bot.Message{
		Text: say("gap.notice", "partner", partner, "person", person, "question", question, "due", t.moment(g.DueAt)),
		Buttons: []bot.Button{
			{Label: say("gap.answer_button"), Press: bot.NewPress("gap.answer", "g", g.ID.String()), Style: bot.Primary},
			{Label: say("gap.take_button"), Press: bot.NewPress("gap.take", "g", g.ID.String())},
		},
	}
}

func (t *Turn) writeButton() bot.Button {
	return bot.Button{Label: t.Say("gap.button"), Press: bot.NewPress("gap.write")}
}

// writeQuestion asks for a question in the person's own words.
func (t *Turn) writeQuestion() error {
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Commanded, "word", "gap.write"
	return t.Form(bot.Form{Name: "gap.new", Title: t.Say("gap.form_title"), Text: t.Say("gap.form_text"), Submit: t.Say("form.send"),
		Fields: []bot.Field{{Name: "question", Label: t.Say("gap.form_question"), Kind: bot.Lines, Required: true, Max: 2000}}})
}

// submitQuestion takes the question that was written into the form.
func (t *Turn) submitQuestion() error {
	question := strings.TrimSpace(t.In.Args.Get("question"))
	if question == "" {
		return t.complain("question", "form.empty")
	}
	if ok, err := t.useDraft(); err != nil || !ok {
		return err
	}
	t.event.Kind, t.event.ObjectKind = models.Escalated, "gap"
	question = clip(question, 2000)
	return t.openGap(question, t.keep("question", question))
}

// gapArg reads which gap a press or a form is about, and its question.
func (t *Turn) gapArg() (models.Gap, string, error) {
	id, err := models.ParseID(t.In.Args.Get("g"))
	if err != nil {
		return models.Gap{}, "", models.ErrNotFound
	}
	g, err := t.tx.GapOf(id)
	if err != nil {
		return g, "", err
	}
	t.event.ObjectKind, t.event.ObjectKey = "gap", g.ID.String()
	q, err := t.tx.TextOf(g.QuestionID)
	return g, q, err
}

// takeGap makes the one who pressed answerable for a gap.
func (t *Turn) takeGap() error {
	g, _, err := t.gapArg()
	if err != nil {
		return t.gone(err)
	}
	t.event.Kind = models.GapAssigned
	ok, err := t.tx.TakeGap(g.ID, t.Who.Person.ID)
	if err != nil {
		return err
	}
	if !ok {
		t.Refuse("gap.closed")
		return nil
	}
	t.Reply(bot.Message{Text: t.Say("gap.taken", "person", t.Who.Person.Name)})
	return t.audit("gap.take", g.ID.String(), "done")
}

// answerGapForm opens the form to answer a gap.
func (t *Turn) answerGapForm() error {
	g, question, err := t.gapArg()
	if err != nil {
		return t.gone(err)
	}
	t.event.Kind = models.Commanded
	if g.Status == models.GapClosed {
		t.Refuse("gap.closed")
		return nil
	}
	return t.Form(bot.Form{Name: "gap.answer", Title: t.Say("gap.answer_title"), Text: t.Say("gap.answer_text", "question", question), Submit: t.Say("form.send"),
		Args:   map[string][]string{"g": {g.ID.String()}},
		Fields: []bot.Field{{Name: "answer", Label: t.Say("gap.answer_label"), Hint: t.Say("gap.answer_hint"), Kind: bot.Lines, Required: true, Max: 3000}}})
}

// submitAnswer ends a gap: everyone who waits is told, where they asked.
func (t *Turn) submitAnswer() error {
	g, question, err := t.gapArg()
	if err != nil {
		return t.gone(err)
	}
	answer := strings.TrimSpace(t.In.Args.Get("answer"))
	if answer == "" {
		return t.complain("answer", "form.empty")
	}
	if ok, err := t.useDraft(); err != nil || !ok {
		return err
	}
	answer = clip(answer, 3000)
	ok, err := t.tx.AnswerGap(g.ID, t.Who.Person.ID, t.keep("answer", answer))
	if err != nil {
		return err
	}
	if !ok {
		t.event.Outcome = models.OutcomeIgnored
		t.Refuse("gap.closed")
		return nil
	}
	t.event.Kind = models.GapAnswered
	told, err := t.tellAskers(g, question, answer)
	if err != nil {
		return err
	}
	t.replyToForm(bot.Message{Text: t.Say("gap.answered", "count", told), Buttons: []bot.Button{
		{Label: t.Say("gap.add_button"), Press: bot.NewPress("gap.add", "g", g.ID.String())},
	}})
	return t.audit("gap.answer", g.ID.String(), "done")
}

func (t *Turn) tellAskers(g models.Gap, question, answer string) (int, error) {
	askers, err := t.tx.AskersOf(g.ID)
	if err != nil {
		return 0, err
	}
	for _, a := range askers {
		who, err := t.tx.WhoisPerson(a.PersonID)
		if err != nil && !errors.Is(err, models.ErrNotFound) {
			return 0, err
		}
		who.Partner.ID = a.PartnerID
		say := func(key string, args ...any) string { return t.h.Library.Say(g.Language, key, args...) }
		q := a.EventID.String()
		s := sending{to: a.At, priority: bot.Notices, person: &who}
		if !a.At.Direct && a.At.Platform == "slack" {
			room, err := t.tx.RoomAt(a.At)
			if err != nil {
				return 0, err
			}
			if room.Kind != models.RoomStaff || room.Outsiders() {
				s.guard = models.GuardPartner
			}
			if a.PartnerID.IsZero() { // one of the staff asked
				who.Partner.ID = room.PartnerID
			}
		}
		t.send(bot.Message{Text: say("gap.reply", "question", clip(question, 200), "answer", answer), Buttons: []bot.Button{
			{Label: say("faq.solved"), Press: bot.NewPress("faq.solved", "g", g.ID.String(), "q", q)},
			{Label: say("faq.unsolved"), Press: bot.NewPress("faq.unsolved", "g", g.ID.String(), "q", q)},
		}}, s)
		if err := t.tx.AskerTold(a); err != nil {
			return 0, err
		}
	}
	return len(askers), nil
}

// addEntryForm shows a gap's question and answer for a second look before they
// become an entry for everyone.
func (t *Turn) addEntryForm() error {
	g, question, err := t.gapArg()
	if err != nil {
		return t.gone(err)
	}
	t.event.Kind = models.Commanded
	answer, err := t.tx.TextOf(g.AnswerID)
	if err != nil {
		return err
	}
	if g.EntryKey != "" {
		t.Refuse("gap.added_before")
		return nil
	}
	return t.Form(bot.Form{Name: "gap.add", Title: t.Say("gap.add_title"), Text: t.Say("gap.add_text"), Submit: t.Say("gap.add_submit"),
		Args: map[string][]string{"g": {g.ID.String()}},
		Fields: []bot.Field{
			{Name: "question", Label: t.Say("gap.add_question"), Kind: bot.Line, Value: []string{oneLine(question)}, Required: true, Max: 300},
			{Name: "answer", Label: t.Say("gap.add_answer"), Kind: bot.Lines, Value: []string{answer}, Required: true, Max: 3000},
			{Name: "variants", Label: t.Say("gap.add_variants"), Hint: t.Say("gap.add_variants_hint"), Kind: bot.Lines, Max: 1000},
		}})
}

func oneLine(s string) string { return clip(strings.Join(strings.Fields(s), " "), 300) }

// submitEntry makes an entry of a gap.
func (t *Turn) submitEntry() error {
	g, _, err := t.gapArg()
	if err != nil {
		return t.gone(err)
	}
	question, answer := strings.TrimSpace(t.In.Args.Get("question")), strings.TrimSpace(t.In.Args.Get("answer"))
	if question == "" {
		return t.complain("question", "form.empty")
	}
	if answer == "" {
		return t.complain("answer", "form.empty")
	}
	if ok, err := t.useDraft(); err != nil || !ok {
		return err
	}
	e := content.Entry{Key: "gap-" + g.ID.String(), Question: content.Text{g.Language: question}, Answer: content.Text{g.Language: answer},
		Owner: content.Owner{Person: t.Who.Person.Key, Department: t.Who.Person.Department}}
	if vs := lines(t.In.Args.Get("variants")); len(vs) > 0 {
		e.Variants = map[string][]string{g.Language: vs}
	}
	body, err := json.Marshal(e.Body())
	if err != nil {
		return err
	}
	if _, err := t.tx.PutOverlays(models.Overlay{Kind: models.OverlayFAQ, Key: e.Key, Body: string(body), Source: "staff", UpdatedBy: t.Who.Person.ID}); err != nil {
		return err
	}
	if err := t.tx.GapBecame(g.ID, e.Key); err != nil {
		return err
	}
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.EntryAdded, "entry", e.Key
	t.event.Detail = models.Detail{"gap": g.ID.String()}
	t.replyToForm(bot.Message{Text: t.Say("gap.added", "question", question)})
	return t.audit("entry.add", e.Key, "done")
}

func lines(s string) []string {
	var out []string
	for l := range strings.Lines(s) {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, clip(l, 300))
		}
	}
	return out
}

// listGaps shows staff what is open, the most urgent first.
func (t *Turn) listGaps() error {
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Commanded, "word", "gaps"
	if t.Room.Kind == models.RoomShared && !t.In.At.Direct && t.In.Kind != bot.Commanded {
		t.Refuse("gap.not_here") // partners read along
		return nil
	}
	gaps, err := t.tx.Gaps(5)
	if err != nil {
		return err
	}
	n, err := t.tx.CountGaps()
	if err != nil {
		return err
	}
	if n == 0 {
		t.Refuse("gap.list_none")
		return nil
	}
	var b strings.Builder
	b.WriteString(t.Say("gap.list", "count", n))
	var buttons []bot.Button
	for i, g := range gaps {
		q, err := t.tx.TextOf(g.QuestionID)
		if err != nil {
			return err
		}
		if q == "" {
			q = t.Say("text.erased")
		}
		b.WriteString("\n" + t.Say("gap.list_row", "number", i+1, "question", clip(oneLine(q), 60), "askers", g.Askers, "due", t.moment(g.DueAt), "status", t.Say("gap.status_"+g.Status)))
		buttons = append(buttons, bot.Button{Label: t.Say("gap.answer_nth", "number", strconv.Itoa(i+1)), Press: bot.NewPress("gap.answer", "g", g.ID.String())})
	}
	t.aside(bot.Message{Text: b.String(), Buttons: buttons})
	return nil
}

// gone answers politely when what a button was about is there no more.
func (t *Turn) gone(err error) error {
	if ignoreMissing(err) != nil {
		return err
	}
	t.Refuse("gone")
	return nil
}
