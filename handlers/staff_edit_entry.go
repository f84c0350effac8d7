package handlers

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"akari/bot"
	"akari/content"
	"akari/models"
	"akari/web"
)

// newEntryPath stands where an entry's key does: no key begins so.
const newEntryPath = "/staff/faq/_new"

func entryURL(key string) string { return "/staff/faq/" + url.PathEscape(key) }

// Bounds of what an entry holds, in characters: content refuses more.
const (
	questionMost = 500
	answerMost   = 10000
)

// newEntry is the form of an entry that is not there yet.
func (v *staffView) newEntry() (*staffEdit, error) {
	return v.entryForm(content.Entry{Owner: content.Owner{Person: v.who.Person.Key, Department: v.who.Person.Department}}, true)
}

// entryEdit is the form of an entry.
func (v *staffView) entryEdit() (*staffEdit, error) {
	e, err := v.turn().entryInForce(v.r.PathValue("key"))
	if err != nil {
		return nil, err
	}
	return v.entryForm(e, false)
}

func (v *staffView) entryForm(e content.Entry, isNew bool) (*staffEdit, error) {
	v.page.Title, v.page.Back = v.say("edit.new_entry"), web.Link{Label: v.say("staff.faq"), URL: "/staff/faq"}
	out := &staffEdit{object: e.Key, text: v.say("edit.entry_new_text")}
	if !isNew {
		v.page.Title = oneLine(e.Question.In(v.lang))
		from, over, err := v.origin(models.OverlayFAQ, e.Key)
		if err != nil {
			return nil, err
		}
		out.text = from + "\n" + v.say("edit.key_is", "key", e.Key)
		if over {
			out.links = []web.Link{{Label: v.say("edit.file_compare"), URL: entryURL(e.Key) + "/file"}}
		}
	}
	for i, lang := range v.h.Vendor.Languages {
		question, answer := v.line("question_"+lang, questionMost, e.Question[lang]), v.field(bot.Lines, "answer_"+lang, e.Answer[lang])
		answer.Max, question.Required, answer.Required = answerMost, i == 0, i == 0
		variants, not := v.field(bot.Lines, "variants_"+lang, strings.Join(e.Variants[lang], "\n")), v.field(bot.Lines, "not_"+lang, strings.Join(e.Not[lang], "\n"))
		variants.Max, not.Max = 20000, 20000
		out.fields = append(out.fields, section(v.say("edit.in_"+lang), question), answer, variants, not)
	}
	out.fields = append(out.fields, section(v.say("edit.section_more"), v.materialsField(e.Materials)), v.line("tags", 2000, strings.Join(e.Tags, "、")))
	owner := e.Owner
	var err error
	if !isNew {
		if owner, err = v.ownerNow(models.OwnedEntry, e.Key, owner); err != nil {
			return nil, err
		}
		out.links = append(out.links, web.Link{Label: v.say("staff.owner_history"), URL: ownedURL(models.OwnedEntry, e.Key)}, web.Link{Label: v.say("staff.all_events"), URL: "/staff/events?object=" + url.QueryEscape(e.Key)})
	}
	common, err := v.contentFields(e.Audience, owner, e.ValidFrom, e.ValidUntil)
	if err != nil {
		return nil, err
	}
	out.fields = append(out.fields, common...)
	name := "entry.change"
	if isNew {
		name = "entry.add"
	}
	out.acts = []staffAct{
		{name: name, label: v.say("form.save"), do: func(args url.Values) (string, error) {
			made, err := v.entryOf(e, args)
			if err != nil || v.refused() {
				return "", err
			}
			if !isNew {
				if err := v.own(models.OwnedEntry, e.Key, owner, args); err != nil {
					return "", err
				}
			}
			return v.saveEntry(made, isNew)
		}},
		{name: actLook, label: v.say("edit.look"), do: func(args url.Values) (string, error) {
			made, err := v.entryOf(e, args)
			if err == nil {
				v.after = func() error { return v.lookAtEntry(made) }
			}
			return "", err
		}},
	}
	if !isNew && (e.ValidUntil == "" || e.ValidUntil > v.yesterday()) {
		out.acts = append(out.acts, staffAct{name: "entry.withdraw", label: v.say("edit.withdraw"), style: "danger", loose: true, do: func(url.Values) (string, error) {
			e.ValidUntil = v.yesterday()
			if e.ValidFrom > e.ValidUntil {
				e.ValidFrom = ""
			}
			return saved(entryURL(e.Key), "withdrawn"), v.put(models.OverlayFAQ, e.Key, e.Body())
		}})
	}
	return out, nil
}

// entryFile shows what would change if an entry's file were in force again, and puts
// it back in force.
func (v *staffView) entryFile() (*staffEdit, error) {
	key := v.r.PathValue("key")
	now, err := v.turn().entryInForce(key)
	if err != nil {
		return nil, err
	}
	from, over, err := v.origin(models.OverlayFAQ, key)
	if err != nil {
		return nil, err
	}
	file, ok := v.h.Library.FileEntry(key)
	if !over || !ok {
		return nil, models.ErrNotFound
	}
	mine, err := v.entryForm(now, false)
	if err != nil {
		return nil, err
	}
	its, err := v.entryForm(file, false)
	if err != nil {
		return nil, err
	}
	v.page.Title, v.page.Back = v.say("edit.file_compare"), web.Link{Label: oneLine(now.Question.In(v.lang)), URL: entryURL(key)}
	t := &web.StaffTable{Caption: v.say("edit.file_changes"), Columns: v.heads("field", "in_force", "in_file")}
	for i, f := range mine.fields { // the same fields: they depend on the vendor alone
		if g := its.fields[i]; !slices.Equal(f.Value, g.Value) {
			t.Rows = append(t.Rows, []web.Cell{{Text: f.Label}, {Text: v.valueText(f)}, {Text: v.valueText(g)}})
		}
	}
	turn := v.turn()
	asked, err := turn.askedLately()
	if err != nil {
		return nil, err
	}
	effect := turn.effect(asked, content.Row{Kind: models.OverlayFAQ, Key: key, Body: file.Body()})
	v.add(web.StaffBlock{Title: v.say("edit.file_changes"), Note: from + "\n" + effect, Table: t, Empty: emptyIf(len(t.Rows) == 0, v.say("edit.file_same"))})
	return &staffEdit{object: key, mark: string(now.Body()) + string(file.Body()), text: v.say("edit.file_text"), acts: []staffAct{
		{name: "entry.restore", label: v.say("edit.file_restore"), style: "danger", do: func(url.Values) (string, error) {
			return saved(entryURL(key), "restored"), v.tx.DropOverlay(models.OverlayFAQ, key, v.who.Person.ID)
		}},
	}}, nil
}

// entryOf is an entry with what was typed. Languages that the vendor does not use
// stay as they are.
func (v *staffView) entryOf(e content.Entry, args url.Values) (content.Entry, error) {
	e.Question, e.Answer, e.Variants, e.Not = maps.Clone(e.Question), maps.Clone(e.Answer), maps.Clone(e.Variants), maps.Clone(e.Not)
	if e.Question == nil {
		e.Question = content.Text{}
	}
	if e.Answer == nil {
		e.Answer = content.Text{}
	}
	if e.Variants == nil {
		e.Variants = map[string][]string{}
	}
	if e.Not == nil {
		e.Not = map[string][]string{}
	}
	for _, lang := range v.h.Vendor.Languages {
		for field, into := range map[string]content.Text{"question_": e.Question, "answer_": e.Answer} {
			if into[lang] = strings.TrimSpace(args.Get(field + lang)); into[lang] == "" {
				delete(into, lang)
			}
		}
		if (e.Question[lang] == "") != (e.Answer[lang] == "") {
			missing := "answer_"
			if e.Question[lang] == "" {
				missing = "question_"
			}
			v.wrong(missing+lang, "edit.both")
		}
		for field, into := range map[string]map[string][]string{"variants_": e.Variants, "not_": e.Not} {
			if into[lang] = lines(args.Get(field + lang)); len(into[lang]) == 0 {
				delete(into, lang)
			} else if e.Question[lang] == "" {
				v.wrong(field+lang, "edit.question_first")
			}
		}
	}
	e.Materials, e.Tags = args["materials"], listed(args.Get("tags"))
	var err error
	if e.Audience, err = v.audienceOf(args); err != nil {
		return e, err
	}
	e.ValidFrom, e.ValidUntil = v.validOf(args)
	owner, err := v.ownerOf(args)
	if e.Key == "" {
		e.Owner = owner
	}
	return e, err
}

func (v *staffView) saveEntry(e content.Entry, isNew bool) (string, error) {
	if isNew {
		e.Key = "faq-" + models.NewID().String()
		v.object = e.Key
	}
	if err := v.put(models.OverlayFAQ, e.Key, e.Body()); err != nil || v.refused() {
		return "", err
	}
	if !isNew {
		return saved(entryURL(e.Key), "entry"), nil
	}
	t := v.turn()
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.EntryAdded, "entry", e.Key
	return saved(entryURL(e.Key), "entry"), v.finish(t)
}

// lookAtEntry shows what an entry would look like in chat, and which recent
// questions it would answer.
func (v *staffView) lookAtEntry(e content.Entry) error {
	isNew := e.Key == ""
	if isNew {
		e.Key = "faq-" + models.NewID().String()
	}
	row := content.Row{Kind: models.OverlayFAQ, Key: e.Key, Body: e.Body()}
	t := v.turn()
	preview := web.StaffBlock{ID: actLook, Title: v.say("edit.look_title"), Note: v.say("edit.look_note")}
	for _, lang := range v.h.Vendor.Languages {
		if e.Answer[lang] == "" {
			continue
		}
		t.Lang = lang
		preview.Parts = append(preview.Parts, v.parts(v.say("edit.in_"+lang), t.answerOf(e, content.Reader{Staff: true, Lang: lang}, "", nil))...)
	}
	v.add(preview)
	t.Lang = v.lang
	asked, err := t.askedLately()
	if err != nil {
		return err
	}
	found, faults := v.h.Library.WouldAnswer(e.Key, asked, row)
	if len(faults) > 0 {
		v.add(web.StaffBlock{Title: v.say("edit.would_title"), Empty: v.say("edit.broken", "text", faults[0].Text)})
		return nil
	}
	table := &web.StaffTable{Caption: v.say("edit.would_title"), Columns: v.heads("question", "would", "first_now")}
	for _, a := range found {
		would := web.Cell{Text: v.say("edit.would_near")}
		switch {
		case a.Answers():
			would = web.Cell{Text: v.say("edit.would_answer"), Tone: "good"}
		case a.Decision != content.None:
			would.Text = v.say("edit.would_offer", "place", strconv.Itoa(a.Place))
		}
		other := web.Cell{}
		if x, ok := v.h.Library.AnyEntry(a.First); ok && a.First != e.Key {
			other = web.Cell{Text: oneLine(x.Question.In(v.lang)), URL: entryURL(x.Key)}
		}
		table.Rows = append(table.Rows, []web.Cell{{Text: oneLine(a.Question)}, would, other})
	}
	v.add(web.StaffBlock{Title: v.say("edit.would_title"), Note: v.say("edit.would_note") + "\n" + t.effect(asked, row), Table: table, Empty: emptyIf(len(found) == 0, v.say("edit.would_none"))})
	return nil
}
