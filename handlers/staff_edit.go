package handlers

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"akari/bot"
	"akari/models"
	"akari/web"
)

// staffEdit is what can be changed on a page: a form that holds what is in force,
// and what its buttons do.
type staffEdit struct {
	title   string // of the block with the form; may be empty
	text    string // small, above the form
	fields  []bot.Field
	acts    []staffAct // the buttons; the first is the form's own
	links   []web.Link // beside the title
	mark    string     // of what is in force beside the fields; may be empty
	object  string     // what the audit log names: never a person's or a partner's words
	passing bool       // what is typed is not kept while it is typed
}

// staffAct is what one button of a form does.
type staffAct struct {
	name    string // as the audit log has it: room.map; actLook writes nothing
	label   string
	style   string
	loose   bool // what stands in the fields is neither checked nor used
	audited bool // do keeps it in the audit log itself
	// do answers the page to go to; "" stays on this one. What is wrong with the
	// fields it tells by v.wrong or v.stop, and then nothing is changed. The fields may
	// be empty or hold no choice: that is told already.
	do func(args url.Values) (next string, err error)
}

// fileField is a field that holds a file; only a page has one.
const fileField bot.FieldKind = "file"

// errTyped says that what was typed cannot be taken; the view knows why.
var errTyped = errors.New("what was typed cannot be taken")

// wrong says what is wrong with a field.
func (v *staffView) wrong(field, key string, args ...any) {
	if v.errs == nil {
		v.errs = map[string]string{}
	}
	if v.errs[field] == "" {
		v.errs[field] = v.say(key, args...)
	}
}

// stop says why nothing can be done, where it is no single field's fault.
func (v *staffView) stop(key string, args ...any) { v.halt = v.say(key, args...) }

func (v *staffView) refused() bool { return v.halt != "" || len(v.errs) > 0 }

// field is a field of a form, worded; value is what is in force.
func (v *staffView) field(kind bot.FieldKind, name string, value ...string) bot.Field {
	f := bot.Field{Name: name, Kind: kind, Label: v.say("edit." + name)}
	if hint := "edit." + name + "_hint"; v.h.Library.HasWord(hint) {
		f.Hint = v.say(hint)
	}
	for _, x := range value {
		if x != "" {
			f.Value = append(f.Value, x)
		}
	}
	return f
}

// line is a line of text, at most so many characters long.
func (v *staffView) line(name string, most int, value string) bot.Field {
	f := v.field(bot.Line, name, value)
	f.Max = most
	return f
}

// fixed gives a field choices whose labels are words.
func (v *staffView) fixed(f bot.Field, prefix string, values ...string) bot.Field {
	for _, x := range values {
		f.Options = append(f.Options, bot.Option{Label: v.say(prefix + x), Value: x})
	}
	return f
}

func required(f bot.Field) bot.Field { f.Required = true; return f }

func section(title string, f bot.Field) bot.Field { f.Section = title; return f }

// partnerField asks for one of the partners in use.
func (v *staffView) partnerField(name, value string, but models.ID) (bot.Field, error) {
	f := v.field(bot.Choice, name, value)
	ps, err := v.tx.Partners()
	for _, p := range ps {
		if p.ID != but {
			f.Options = append(f.Options, bot.Option{Label: p.Name, Value: p.Key})
		}
	}
	return f, err
}

// staffField asks for one of the staff; whoever is chosen now stays a choice.
func (v *staffView) staffField(name, value string) (bot.Field, error) {
	f := v.field(bot.Choice, name, value)
	staff, err := v.tx.StaffIn("")
	for _, p := range staff {
		label := p.Name
		if p.Department != "" {
			label += " / " + p.Department
		}
		f.Options = append(f.Options, bot.Option{Label: label, Value: p.Key})
	}
	if value != "" && !slices.ContainsFunc(staff, func(p models.Person) bool { return p.Key == value }) {
		f.Options = append(f.Options, bot.Option{Label: v.say("edit.has_left", "key", value), Value: value})
	}
	return f, err
}

// inForce is a mark of what stands in a form before anything is typed: a form that
// comes back with another one was changed by somebody else meanwhile.
func (e *staffEdit) inForce() string {
	values := url.Values{"-": {e.mark}}
	for _, f := range e.fields {
		values[f.Name] = f.Value
	}
	sum := sha256.Sum256([]byte(values.Encode()))
	return hex.EncodeToString(sum[:12])
}

// showEdit adds the form, with what was typed where something was.
func (v *staffView) showEdit(e *staffEdit) error {
	form := &web.StaffForm{Action: v.r.URL.Path, Hidden: []web.Pair{{Name: "seen", Value: e.inForce()}}, Required: v.say("form.required"), Choose: v.say("form.choose"), None: v.say("edit.none"), Filter: v.say("form.filter"), Trouble: v.halt}
	if v.halt == "" && len(v.errs) > 0 {
		form.Trouble = v.say("form.problem")
	}
	again, err := v.takeUp(form, e)
	if err != nil {
		return err
	}
	if e.keeps() {
		form.Keep, form.Out = v.r.URL.Path+"?keep=1", v.say("edit.out")
	}
	for _, f := range e.fields {
		values := f.Value
		if v.typed != nil {
			values = v.typed[f.Name]
		}
		if v.moved && !slices.Equal(values, f.Value) {
			f.Hint = strings.TrimSpace(f.Hint + " " + v.say("edit.now_is", "value", v.valueName(f)))
		}
		x := formField(f, values, v.errs[f.Name])
		if f.Kind == fileField {
			form.Upload = true
			if v.file != nil && v.errs[f.Name] == "" {
				x.Hint = v.say("edit.file_kept", "name", v.file.name)
				form.Hidden = append(form.Hidden, web.Pair{Name: "kept", Value: v.seal(v.file)})
			}
		}
		form.Fields = append(form.Fields, x)
	}
	for i, a := range e.acts {
		style := a.style
		if i == 0 && style == "" {
			style = "primary"
		}
		b := web.FormButton{Label: a.label, Value: a.name, Style: style}
		if a.name == actLook {
			b.Post = v.r.URL.Path + "#" + actLook // what it shows stands below the form
		}
		form.Buttons = append(form.Buttons, b)
	}
	if again {
		form.Buttons = append(form.Buttons, web.FormButton{Label: v.say("edit.discard"), Value: actDiscard})
	}
	b := web.StaffBlock{ID: "form", Title: e.title, Note: e.text, Links: e.links}
	if len(e.acts) > 0 {
		b.Form = form
	}
	v.add(b)
	return nil
}

// valueName words what stands in a field, shortly.
func (v *staffView) valueName(f bot.Field) string { return clip(v.valueText(f), 200) }

// valueText words what stands in a field.
func (v *staffView) valueText(f bot.Field) string {
	var out []string
	for _, x := range f.Value {
		if i := slices.IndexFunc(f.Options, func(o bot.Option) bool { return o.Value == x }); i >= 0 {
			x = f.Options[i].Label
		}
		out = append(out, x)
	}
	if len(out) == 0 {
		return v.say("edit.empty")
	}
	return strings.Join(out, "、")
}

// staffPost takes a form of a page.
func (h *Handlers) staffPost(p staffPage) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := &staffView{h: h, r: r, query: r.URL.Query()}
		_, who, err := h.staffSession(w, r, maxAgeAct)
		stale := errors.Is(err, errStaffStale)
		if stale { // what was typed is shown again: the fact is on its way
			_, who, err = h.staffSession(w, r, maxAgeRead)
		}
		if err != nil {
			h.staffClosed(w, r, err)
			return
		}
		v.who, v.lang = who, h.staffLang(w, r, who.Person)
		if !p.allows(who.Person) {
			h.staffRefused(w, r, v, p)
			return
		}
		if v.query.Has("keep") {
			h.staffKeep(w, r, v, p)
			return
		}
		if p.upload != nil { // a long file on a slow line takes longer than server.read_timeout
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(uploadMost)) //nolint:forbidigo // of the connection; a server that cannot keeps its own
		}
		if err := h.readForm(v, p); err != nil {
			h.message(w, r, http.StatusBadRequest, "page.bad")
			return
		}
		if stale {
			v.stop("edit.stale")
			err = errTyped
		} else {
			if err = h.staffAct(r, v, p); err == nil && v.then != nil {
				err = v.then(r.Context())
			}
		}
		switch {
		case err == nil && v.next != "":
			if v.queued {
				h.Nudge()
			}
			web.Secure(w)
			http.Redirect(w, r, v.next, http.StatusSeeOther)
		case errors.Is(err, models.ErrNotFound):
			h.message(w, r, http.StatusNotFound, "page.missing")
		case err == nil:
			h.staffAgain(w, r, v, p, http.StatusOK)
		case errors.Is(err, errTyped):
			h.staffAgain(w, r, v, p, http.StatusUnprocessableEntity)
		default:
			h.Log.Error("a change on a staff page failed", "page", p.name, "error", err)
			v.errs = nil
			v.stop("edit.failed")
			h.staffAgain(w, r, v, p, http.StatusServiceUnavailable)
		}
	}
}

// staffAgain shows a page with what was typed into it.
func (h *Handlers) staffAgain(w http.ResponseWriter, r *http.Request, v *staffView, p staffPage, status int) {
	done, after := v.page.Done, v.after
	v.frame(p)
	v.page.Done = done
	err := h.Store.View(r.Context(), func(tx *models.Tx) error {
		v.tx = tx
		if err := p.draw(v); err != nil {
			return err
		}
		if after != nil {
			return after()
		}
		return nil
	})
	if err != nil {
		h.staffClosed(w, r, err)
		return
	}
	h.render(w, status, "staff.html", v.page)
}

// readForm reads what was sent: the page's own fields are picked out later, when it
// is known which there are. A file goes to the page's own reader.
func (h *Handlers) readForm(v *staffView, p staffPage) error {
	if p.upload == nil {
		if err := v.r.ParseForm(); err != nil {
			return err
		}
		v.sent = v.r.PostForm
		return nil
	}
	parts, err := v.r.MultipartReader()
	if err != nil {
		return err
	}
	v.sent = url.Values{}
	for left := h.Limits.MaxBody; ; {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if part.FileName() != "" {
			if err := p.upload(v, part); err != nil {
				return err
			}
			continue
		}
		b, err := io.ReadAll(io.LimitReader(part, left+1))
		if left -= int64(len(b)); err != nil || left < 0 {
			return errors.Join(err, errLong)
		}
		v.sent.Add(part.FormName(), string(b))
	}
}

var errLong = errors.New("a form is longer than server.max_body")

// staffAct does what the pressed button does, and keeps it in the audit log.
func (h *Handlers) staffAct(r *http.Request, v *staffView, p staffPage) error {
	run := func(tx *models.Tx) error {
		v.tx, v.errs, v.halt, v.next, v.moved, v.after, v.then = tx, nil, "", "", false, nil, nil // it may run again
		v.frame(p)
		e, err := p.edit(v)
		if err != nil {
			return err
		}
		if v.sent.Get("do") == actDiscard {
			v.next = v.r.URL.Path
			return tx.DropDraft(v.draftID())
		}
		i := slices.IndexFunc(e.acts, func(a staffAct) bool { return a.name == v.sent.Get("do") })
		if i < 0 {
			i = 0 // Enter in a field
		}
		if len(e.acts) == 0 {
			return models.ErrNotFound
		}
		a := e.acts[i]
		v.typed = v.pick(e.fields)
		if !a.loose {
			v.checkTyped(e, a)
		}
		// Also where something is wrong already: everything that is wrong is told at
		// once, and what do writes goes with the transaction.
		v.next, err = a.do(v.typed)
		if v.refused() {
			return errTyped
		}
		if err != nil {
			return err
		}
		if v.next != "" { // saved: what was kept of it is over
			if err := tx.DropDraft(v.draftID()); err != nil {
				return err
			}
		}
		if a.name == actLook || a.audited {
			return nil
		}
		act := models.Act{ActorID: v.who.Person.ID, Role: v.role(p), Action: a.name, Object: e.object, Result: "done"}
		if changed := v.changed(e.fields); !a.loose && len(changed) > 0 {
			act.Detail = models.Detail{"fields": strings.Join(changed, ",")}
		}
		if v.object != "" {
			act.Object = v.object
		}
		return tx.Audit(act)
	}
	// Which button it is says whether anything is written; the first always does.
	if v.sent.Get("do") == actLook {
		return h.Store.View(r.Context(), run)
	}
	return h.Store.InTx(r.Context(), func(tx *models.Tx) error {
		if err := tx.InTurn(); err != nil {
			return err
		}
		return run(tx)
	})
}

// actLook is the button that shows what would come of it.
const actLook = "look"

// pick takes the form's own fields out of what was sent, no longer than they may be.
func (v *staffView) pick(fields []bot.Field) url.Values {
	out := url.Values{}
	for _, f := range fields {
		for _, x := range v.sent[f.Name] {
			if x != "" {
				out.Add(f.Name, clip(strings.ReplaceAll(x, "\r\n", "\n"), fieldMax(f)))
			}
		}
	}
	return out
}

// checkTyped says what is missing, what is no choice, and whether somebody else has
// changed the same meanwhile.
func (v *staffView) checkTyped(e *staffEdit, a staffAct) {
	for name, why := range v.h.checkFields(bot.Form{Fields: e.fields}, v.typed, v.lang) {
		if v.errs == nil {
			v.errs = map[string]string{}
		}
		v.errs[name] = why
	}
	if a.name != actLook && v.sent.Get("seen") != e.inForce() {
		v.moved = true
		v.stop("edit.moved")
	}
}

// changed are the names of the fields that hold something else now.
func (v *staffView) changed(fields []bot.Field) (out []string) {
	for _, f := range fields {
		if !slices.Equal(v.typed[f.Name], f.Value) {
			out = append(out, f.Name)
		}
	}
	if v.file != nil {
		out = append(out, "file")
	}
	return out
}

// role is the role under which somebody acts on a page: the first of those that it
// asks for.
func (v *staffView) role(p staffPage) string {
	for _, r := range p.roles {
		if v.who.Person.Has(r) {
			return r
		}
	}
	return staffRole(v.who.Person)
}

// turn is a turn of the one who acts on the page: what is said in rooms, and what a
// message looks like, is made as in chat.
func (v *staffView) turn() *Turn {
	t := v.h.newTurn(v.tx, bot.Inbound{Time: v.tx.Now(), At: bot.Address{Platform: "web"}})
	t.Who, t.Lang = v.who, v.lang
	t.actor = actor{known: true, staff: true}
	t.event.Outcome = "" // nothing reached us from a platform
	return t
}

// finish writes what a turn collected, with its event.
func (v *staffView) finish(t *Turn) error {
	v.queued = v.queued || len(t.owed) > 0
	return v.tx.Add(t.record())
}

// saved is the page to go to, which says there what was done.
func saved(path, what string) string { return path + "?done=" + what }
