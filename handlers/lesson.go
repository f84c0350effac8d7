package handlers

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"

	"akari/bot"
	"akari/content"
	"akari/models"
)

const (
	lessonsShown = 3 // each is replayed when it is shown
	lessonsRead  = 500
	replayed     = 150 // recent questions that a lesson's effect is shown on: some 60 ms
	lessonsSince = 30 * 24 * time.Hour
)

// lesson is a wording that what members did suggests for an entry.
type lesson struct {
	event                    models.ID // of the question
	entry                    content.Entry
	question, kind           string
	hash                     []byte
	picked, solved, unsolved int
}

// for counts what speaks for the lesson.
func (l lesson) weight() int {
	if l.kind == models.LessonNot {
		return l.unsolved - l.picked - l.solved
	}
	return l.picked + l.solved - l.unsolved
}

// listLessons shows staff which wordings could be learned, with what each would
// change. Words of members are for staff alone, so never where partners read.
func (t *Turn) listLessons() error {
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Commanded, "word", "lessons"
	if !t.In.At.Direct && t.Room.Kind != models.RoomStaff {
		t.Refuse("gap.not_here") // partners read along
		return nil
	}
	all, err := t.lessons()
	if err != nil {
		return err
	}
	if len(all) == 0 {
		t.aside(bot.Message{Text: t.Say("lesson.none")})
		return nil
	}
	asked, err := t.askedLately()
	if err != nil {
		return err
	}
	m := bot.Message{Text: t.Say("lesson.list", "count", len(all))}
	if more := len(all) - lessonsShown; more > 0 {
		m.Text += "\n" + t.Say("lesson.more", "count", more)
	}
	for _, l := range all[:min(lessonsShown, len(all))] {
		row, ok := l.row(l.question)
		if !ok {
			continue
		}
		args := []string{"q", l.event.String(), "e", l.entry.Key, "k", l.kind}
		m.Cards = append(m.Cards, bot.Card{
			Title: t.Say("lesson.title_"+l.kind, "question", clip(oneLine(l.question), 80)),
			Text: t.Say("lesson.entry", "entry", clip(l.entry.Question.In(t.Lang), 80)) + "\n" +
				t.Say("lesson.signs", "picked", l.picked, "solved", l.solved, "unsolved", l.unsolved) + "\n" + t.effect(asked, row),
			Buttons: []bot.Button{
				{Label: t.Say("lesson.take_button"), Press: bot.NewPress("lesson.take", args...), Style: bot.Primary},
				{Label: t.Say("lesson.pass_button"), Press: bot.NewPress("lesson.pass", args...)},
			},
		})
	}
	t.aside(m)
	return nil
}

// lessons gathers what the last weeks suggest and nobody has decided, what most
// speaks for first.
func (t *Turn) lessons() ([]lesson, error) {
	rows, err := t.tx.Learned(t.tx.Now().Add(-lessonsSince), lessonsRead)
	if err != nil {
		return nil, err
	}
	place := map[string]int{}
	var all []lesson
	for _, r := range rows {
		e, ok := t.h.Library.AnyEntry(r.EntryKey)
		if !ok || strings.TrimSpace(r.Question) == "" {
			continue
		}
		k := r.EntryKey + "\x00" + content.Normalize(r.Question)
		i, seen := place[k]
		if !seen {
			i = len(all)
			place[k] = i
			all = append(all, lesson{event: r.EventID, entry: e, question: r.Question, hash: t.lessonHash(r.Question)})
		}
		switch {
		case r.Picked:
			all[i].picked++
		case r.Solved:
			all[i].solved++
		default:
			all[i].unsolved++
		}
	}
	all = slices.DeleteFunc(all, func(l lesson) bool { return !t.worthAsking(&l) })
	for i := range all {
		all[i].kind = lessonKind(all[i])
	}
	if all, err = t.undecided(all); err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b lesson) int { return b.weight() - a.weight() })
	return all, nil
}

func lessonKind(l lesson) string {
	if l.unsolved > l.picked+l.solved {
		return models.LessonNot
	}
	return models.LessonVariant
}

// worthAsking says whether a lesson would change what the asker sees: a wording
// that already finds its entry for certain teaches nothing, nor does a refusal of
// what is not found any more, nor signs that cancel out.
func (t *Turn) worthAsking(l *lesson) bool {
	found := t.h.Library.Search(l.question, content.Reader{Staff: true})
	first := found.Decision != content.None && found.Hits[0].Key == l.entry.Key
	if lessonKind(*l) == models.LessonNot {
		return first
	}
	return l.picked+l.solved > l.unsolved && (!first || found.Decision != content.Good)
}

// undecided leaves out what staff have decided.
func (t *Turn) undecided(all []lesson) ([]lesson, error) {
	hashes := make([][]byte, len(all))
	for i, l := range all {
		hashes[i] = l.hash
	}
	done, err := t.tx.Lessons(hashes)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(l lesson) bool {
		return slices.ContainsFunc(done, func(d models.Lesson) bool {
			return d.EntryKey == l.entry.Key && d.Kind == l.kind && string(d.Hash) == string(l.hash)
		})
	}), nil
}

// lessonHash is a keyed hash: a short question could be guessed from a plain one.
func (t *Turn) lessonHash(question string) []byte {
	mac := hmac.New(sha256.New, t.h.Secrets[0])
	mac.Write([]byte("lesson\x00" + content.Normalize(question)))
	return mac.Sum(nil)
}

// row is the entry as it would be with a wording. false: it has it already, or
// the wording is none.
func (l lesson) row(wording string) (content.Row, bool) {
	e, lang := l.entry, language(wording)
	if lang == "" {
		lang = "ja"
	}
	of := &e.Variants
	if l.kind == models.LessonNot {
		of = &e.Not
	}
	said := content.Normalize(wording)
	if said == "" || slices.ContainsFunc((*of)[lang], func(s string) bool { return content.Normalize(s) == said }) {
		return content.Row{}, false
	}
	changed := map[string][]string{}
	for k, v := range *of {
		changed[k] = slices.Clone(v)
	}
	changed[lang] = append(changed[lang], clip(oneLine(wording), 300))
	*of = changed
	return content.Row{Kind: "faq", Key: e.Key, Body: e.Body()}, true
}

// askedLately is what a lesson's effect is shown on: recent questions of members,
// each as its partner may see content.
func (t *Turn) askedLately() ([]content.Question, error) {
	asked, err := t.tx.RecentQuestions(t.tx.Now().Add(-lessonsSince), lessonsRead)
	if err != nil {
		return nil, err
	}
	readers, seen := map[models.ID]content.Reader{}, map[string]bool{}
	var out []content.Question
	for _, a := range asked {
		k := a.PartnerID.String() + content.Normalize(a.Question)
		if seen[k] || len(out) == replayed {
			continue
		}
		seen[k] = true
		r, ok := readers[a.PartnerID]
		if !ok {
			r = content.Reader{PublicOnly: true}
			if p, err := t.tx.Partner(a.PartnerID); err == nil {
				r = reader(p, "")
			} else if ignoreMissing(err) != nil {
				return nil, err
			}
			readers[a.PartnerID] = r
		}
		out = append(out, content.Question{Text: a.Question, Reader: r})
	}
	return out, nil
}

// effect says in a line what a row would change for recent questions.
func (t *Turn) effect(asked []content.Question, row content.Row) string {
	r, faults := t.h.Library.Replay(asked, []content.Row{row})
	if len(faults) > 0 {
		return t.Say("lesson.broken")
	}
	return t.Say("lesson.effect", "count", r.Questions, "answered", r.Answered, "silenced", r.Silenced, "other", len(r.Changed)-r.Answered-r.Silenced)
}

// theLesson reads which lesson a press or form is about.
func (t *Turn) theLesson() (lesson, error) {
	id, err := models.ParseID(t.In.Args.Get("q"))
	if err != nil {
		return lesson{}, models.ErrNotFound
	}
	l := lesson{event: id, kind: t.In.Args.Get("k")}
	if l.kind != models.LessonVariant && l.kind != models.LessonNot {
		return l, models.ErrNotFound
	}
	if l.question, err = t.tx.TextOfEvent(id); err != nil {
		return l, err
	}
	if l.question == "" { // withdrawn or erased
		return l, models.ErrNotFound
	}
	l.hash = t.lessonHash(l.question)
	l.entry, err = t.entryInForce(clip(t.In.Args.Get("e"), 128))
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Commanded, "entry", l.entry.Key
	t.event.Detail = models.Detail{"lesson": l.kind}
	return l, err
}

// entryInForce is an entry as the database has it now: this process may not have
// heard of a colleague's change of a second ago, and must not undo it.
func (t *Turn) entryInForce(key string) (content.Entry, error) {
	return inForceOf(t.tx, models.OverlayFAQ, key, content.DecodeEntry, t.h.Library.FileEntry)
}

// inForceOf is what the row of a key says, or, without a row, what the files have.
func inForceOf[T any](tx *models.Tx, kind, key string, decode func([]byte) (T, []content.Problem), file func(string) (T, bool)) (none T, err error) {
	o, err := tx.OverlayOf(kind, key)
	switch {
	case errors.Is(err, models.ErrNotFound):
		if x, ok := file(key); ok {
			return x, nil
		}
		return none, models.ErrNotFound
	case err != nil:
		return none, err
	}
	x, faults := decode([]byte(o.Body))
	if len(faults) > 0 {
		return none, models.ErrNotFound
	}
	return x, nil
}

// takeLessonForm shows the wording for a second look, with what it would change.
func (t *Turn) takeLessonForm() error {
	l, err := t.theLesson()
	if err != nil {
		return t.gone(err)
	}
	row, ok := l.row(l.question)
	if !ok {
		t.Refuse("lesson.known")
		return nil
	}
	asked, err := t.askedLately()
	if err != nil {
		return err
	}
	return t.Form(bot.Form{Name: "lesson.take", Title: t.Say("lesson.form_title"), Submit: t.Say("lesson.form_submit"),
		Text: t.Say("lesson.form_text_"+l.kind, "entry", l.entry.Question.In(t.Lang)) + "\n" + t.effect(asked, row),
		Args: map[string][]string{"q": {l.event.String()}, "e": {l.entry.Key}, "k": {l.kind}},
		Fields: []bot.Field{
			{Name: "wording", Label: t.Say("lesson.form_wording"), Hint: t.Say("lesson.form_hint"), Kind: bot.Line, Value: []string{oneLine(l.question)}, Required: true, Max: 300},
		}})
}

// submitLesson writes the wording into the entry.
func (t *Turn) submitLesson() error {
	l, err := t.theLesson()
	if err != nil {
		return t.gone(err)
	}
	row, ok := l.row(t.In.Args.Get("wording"))
	if !ok {
		return t.complain("wording", "lesson.known")
	}
	if ok, err := t.useDraft(); err != nil || !ok {
		return err
	}
	if ok, err := t.decideLesson(l, models.LessonTaken); err != nil || !ok {
		return err
	}
	if _, err := t.tx.PutOverlays(models.Overlay{Kind: models.OverlayFAQ, Key: row.Key, Body: string(row.Body), Source: "staff", UpdatedBy: t.Who.Person.ID}); err != nil {
		return err
	}
	t.replyToForm(bot.Message{Text: t.Say("lesson.taken_"+l.kind, "entry", l.entry.Question.In(t.Lang))})
	return t.audit("lesson.take", l.entry.Key, "done")
}

// passLesson keeps that staff do not want it; it is not suggested again.
func (t *Turn) passLesson() error {
	l, err := t.theLesson()
	if err != nil {
		return t.gone(err)
	}
	if ok, err := t.decideLesson(l, models.LessonPassed); err != nil || !ok {
		return err
	}
	t.Reply(bot.Message{Text: t.Say("lesson.passed")})
	return t.audit("lesson.pass", l.entry.Key, "done")
}

// decideLesson is false, with a polite line, where a colleague was first.
func (t *Turn) decideLesson(l lesson, verdict string) (bool, error) {
	ok, err := t.tx.DecideLesson(models.Lesson{Hash: l.hash, EntryKey: l.entry.Key, Kind: l.kind, Verdict: verdict, DecidedBy: t.Who.Person.ID})
	if err == nil && !ok {
		t.Refuse("lesson.decided")
	}
	return ok, err
}
