package handlers

import (
	"context"
	"io"
	"mime/multipart"
	"net/url"
	"strconv"
	"strings"

	"akari/bot"
	"akari/content"
	"akari/models"
	"akari/web"
)

// outcomeEditors may load lists of results.
var outcomeEditors = []string{"admin", "manager"}

const importPath = "/staff/outcomes/_import"

// listMost is the longest list that goes through the page, in bytes: it travels in
// the form until it is certain. Longer ones go by akari outcomes import.
const listMost = 300 << 10

// reviewMost is how many uncertain rows are asked about at once.
const reviewMost = 50

// takeList reads a list into the form's field: unlike a material it is not stored.
func (v *staffView) takeList(part *multipart.Part) error {
	src, err := io.ReadAll(io.LimitReader(part, listMost+1))
	if err != nil {
		return err
	}
	if len(src) > listMost {
		v.listWrong = "edit.list_large"
		return nil
	}
	text, err := content.DecodeText(src)
	if err != nil || strings.HasPrefix(text, "PK\x03\x04") {
		v.listWrong = "edit.list_unreadable"
		return nil //nolint:nilerr // told at its field
	}
	v.sent.Set("list", strings.TrimPrefix(text, "\ufeff"))
	return nil
}

// outcomesImport is the form that loads a list of results: seen first, with what is
// not certain, then kept.
func (v *staffView) outcomesImport() (*staffEdit, error) {
	v.page.Title, v.page.Back = v.say("edit.import_title"), web.Link{Label: v.say("staff.outcomes"), URL: "/staff/outcomes"}
	list := v.field(bot.Lines, "list")
	list.Max = listMost
	file := bot.Field{Name: "file", Kind: fileField, Label: v.say("edit.file_list")}
	e := &staffEdit{object: "outcomes", passing: true, text: v.say("edit.import_text"), fields: []bot.Field{file, list}}
	text := v.sent.Get("list")
	rows, problems := content.ImportOutcomes(strings.NewReader(text), "list")
	book, err := newPartnerBook(v.tx)
	if err != nil {
		return nil, err
	}
	var open []OutcomeReview
	if text != "" && len(problems) == 0 {
		for i, r := range rows {
			if rows[i], err = v.decided(book, r); err != nil {
				return nil, err
			}
			_, review, err := book.match(v.tx, r) // as the list has it: the question stays while it is answered
			if err != nil {
				return nil, err
			}
			if review.Why != "" && len(open) < reviewMost {
				open = append(open, review)
				e.fields = append(e.fields, v.reviewField(review, len(open) == 1))
			}
		}
	}
	e.acts = []staffAct{
		{name: actLook, label: v.say("edit.list_look"), do: func(url.Values) (string, error) {
			if v.listFaults(text, problems); v.refused() {
				return "", nil
			}
			left, err := v.uncertain(book, rows)
			v.page.Done = v.say("edit.list_ready", "rows", len(rows), "ready", len(rows)-left, "review", left)
			return "", err
		}},
		{name: "outcome.import", label: v.say("edit.list_import"), audited: true, do: func(url.Values) (string, error) {
			if v.listFaults(text, problems); !v.refused() {
				v.then = func(ctx context.Context) error { return v.keepOutcomes(ctx, rows) }
			}
			return "", nil
		}},
	}
	return e, nil
}

// reviewField asks whose a row is.
func (v *staffView) reviewField(r OutcomeReview, first bool) bot.Field {
	f := bot.Field{Name: rowField(r.Line), Kind: bot.Line, Max: 200, Label: v.say("edit.row", "line", r.Line, "id", r.ExternalID), Hint: v.say("edit.why_" + r.Why)}
	if r.PartnerName != "" {
		f.Hint += v.say("edit.list_says", "name", clip(r.PartnerName, 60))
	}
	if len(r.Candidates) > 0 {
		f.Hint += v.say("edit.candidates", "keys", strings.Join(r.Candidates, "、"))
	}
	if r.Why == "unknown_person" || r.Why == "other_partners_person" {
		f.Kind, f.Options = bot.Choices, []bot.Option{{Label: v.say("edit.without_person"), Value: "without"}}
	}
	if first {
		f.Section = v.say("edit.section_review")
	}
	return f
}

func rowField(line int) string { return "row_" + strconv.Itoa(line) }

// decided is a row with what was typed about it: the partner's key or name, or that
// it names nobody.
func (v *staffView) decided(book partnerBook, r content.OutcomeRow) (content.OutcomeRow, error) {
	typed := strings.TrimSpace(v.sent.Get(rowField(r.Line)))
	switch typed {
	case "":
		return r, nil
	case "without":
		r.PersonKey = ""
		return r, nil
	}
	if p, ok := book.byKey[typed]; ok {
		r.PartnerKey, r.PartnerName = p.Key, ""
		return r, nil
	}
	p, why, _ := book.find(content.OutcomeRow{PartnerName: typed})
	if why != "" {
		v.wrong(rowField(r.Line), "edit."+why, "name", clip(typed, 40))
		return r, nil
	}
	r.PartnerKey, r.PartnerName = p.Key, ""
	return r, nil
}

// listFaults says what cannot be read in a list, by its line.
func (v *staffView) listFaults(text string, problems []content.Problem) {
	switch {
	case v.listWrong != "":
		v.wrong("file", v.listWrong, "most", listMost>>10)
		return
	case text == "":
		v.wrong("list", "edit.list_missing")
		return
	case len(problems) == 0:
		return
	}
	v.wrong("list", "edit.list_faults", "count", len(problems))
	v.after = func() error {
		t := &web.StaffTable{Caption: v.say("edit.faults_title"), Columns: v.heads("#list_line", "why")}
		for _, p := range problems[:min(len(problems), 200)] {
			t.Rows = append(t.Rows, []web.Cell{{Text: strconv.Itoa(p.Line)}, {Text: v.say("edit.list_"+p.Why, "value", clip(p.Value, 60)), Tone: "bad"}})
		}
		v.add(web.StaffBlock{ID: actLook, Title: v.say("edit.faults_title"), Note: v.say("edit.faults_note"), Table: t})
		return nil
	}
}

// uncertain counts the rows that would not be kept.
func (v *staffView) uncertain(book partnerBook, rows []content.OutcomeRow) (n int, err error) {
	for _, r := range rows {
		_, review, err := book.match(v.tx, r)
		if err != nil {
			return n, err
		}
		if review.Why != "" {
			n++
		}
	}
	return n, nil
}

// keepOutcomes keeps what is certain, in transactions of its own, and says what is not.
func (v *staffView) keepOutcomes(ctx context.Context, rows []content.OutcomeRow) error {
	done, err := v.h.ImportOutcomes(ctx, rows, models.Act{ActorID: v.who.Person.ID, Role: v.role(staffPage{roles: outcomeEditors}), Object: "outcomes"})
	if err != nil {
		return err
	}
	v.page.Done = v.say("edit.list_done", "added", done.Added, "changed", done.Changed, "unchanged", done.Unchanged, "review", len(done.Review))
	if len(done.Review) == 0 { // nothing is left to be done with it
		v.sent, v.typed = url.Values{}, url.Values{}
	}
	return nil
}
