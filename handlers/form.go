package handlers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"

	"akari/bot"
	"akari/models"
	"akari/web"
)

// recallDraft finds the form that a submission is of. The draft, not the
// submission, says who was asked, where, and about what. done: there is nothing
// to go on with.
func (t *Turn) recallDraft() (done bool, err error) {
	id, err := models.ParseID(t.In.Draft)
	if err != nil {
		return true, nil //nolint:nilerr // not an id of ours: there is no such form
	}
	d, err := t.tx.DraftOf(id)
	if err != nil {
		return true, ignoreMissing(err)
	}
	if d.From != t.In.From || d.Name != t.In.Name {
		return true, nil // somebody else's form: recorded, no effect
	}
	at := d.At
	at.User = t.In.From.User
	t.In.At = at
	for k, v := range d.Form.Args {
		if t.In.Args == nil {
			t.In.Args = url.Values{}
		}
		t.In.Args[k] = v
	}
	t.draft = d
	if d.UsedAt != nil {
		return true, nil // its one effect is on record
	}
	return false, nil
}

// useDraft takes the form's one effect; a second submission has none.
func (t *Turn) useDraft() (bool, error) {
	ok, err := t.tx.UseDraft(t.draft.ID)
	if err == nil && !ok {
		t.event = models.Event{ID: t.event.ID, Kind: models.Ignored, Outcome: models.OutcomeIgnored}
	}
	return ok, err
}

// complain keeps the form open and says by the field what is wrong with it.
func (t *Turn) complain(field, key string, args ...any) error {
	t.out.Errors = map[string]string{field: t.Say(key, args...)}
	t.event = models.Event{ID: t.event.ID, Kind: models.Ignored, Outcome: models.OutcomeIgnored, Detail: models.Detail{"refused": "fields"}}
	return nil
}

// complainAll is complain for several fields, in sentences that are ready. What was
// typed is kept, so that a form that is closed now can be opened again.
func (t *Turn) complainAll(errs map[string]string) error {
	t.out.Errors = errs
	t.event = models.Event{ID: t.event.ID, Kind: models.Ignored, Outcome: models.OutcomeIgnored, Detail: models.Detail{"refused": "fields"}}
	return t.keepDraft(t.draft, t.In.Args)
}

// keepDraft keeps what stands in a form.
func (t *Turn) keepDraft(d models.Draft, values url.Values) error {
	clipped := url.Values{}
	for _, f := range d.Form.Fields {
		for _, v := range values[f.Name] {
			if len(clipped[f.Name]) < mostKept {
				clipped.Add(f.Name, clip(v, fieldMax(f)))
			}
		}
	}
	d.Form = d.Form.Filled(clipped)
	return t.tx.KeepDraft(d)
}

// mostKept is how many values of one field are kept.
const mostKept = 2000

// keep keeps what somebody has typed so far. It is no event: nothing happened yet.
// Whoever may not, or comes too late, changes nothing.
func (h *Handlers) keep(ctx context.Context, in bot.Inbound) error {
	return h.Store.InTx(ctx, func(tx *models.Tx) error {
		id, err := models.ParseID(in.Draft)
		if err != nil {
			return nil //nolint:nilerr // no form of ours
		}
		d, err := tx.DraftOf(id)
		if err != nil {
			return ignoreMissing(err)
		}
		if d.From != in.From || d.UsedAt != nil || tx.Now().After(d.ExpiresAt) || !d.Form.Keep {
			return nil
		}
		return h.newTurn(tx, in).keepDraft(d, in.Args)
	})
}

// replyToForm answers a submission where its form was asked for.
func (t *Turn) replyToForm(m bot.Message) {
	if t.In.At.Direct || t.Room.Kind == models.RoomStaff {
		t.Reply(m)
		return
	}
	t.Whisper(m)
}

// openForm opens a form again whose moment had passed.
func (t *Turn) openForm() error {
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Commanded, "form", "open"
	id, err := models.ParseID(t.In.Args.Get("d"))
	if err != nil {
		return t.gone(models.ErrNotFound)
	}
	d, err := t.tx.DraftOf(id)
	if err != nil {
		return t.gone(err)
	}
	if d.From != t.In.From || d.UsedAt != nil || t.tx.Now().After(d.ExpiresAt) {
		t.Refuse("form.over")
		return nil
	}
	f, err := t.labelled(d.Form)
	if err != nil {
		return err
	}
	t.handForm(f)
	return nil
}

// labelled names the choices that stand in a form's looked-up fields: what was kept
// are their keys.
func (t *Turn) labelled(f bot.Form) (bot.Form, error) {
	f.Fields = slices.Clone(f.Fields)
	for i, x := range f.Fields {
		c, ok := choices[x.Load]
		if !ok {
			continue
		}
		f.Fields[i].Options = nil
		for _, v := range x.Value {
			if v == "" {
				continue
			}
			found, err := c.load(t, v)
			if err != nil {
				return f, err
			}
			label := v
			if j := slices.IndexFunc(found, func(o bot.Option) bool { return o.Value == v }); j >= 0 {
				label = found[j].Label
			}
			f.Fields[i].Options = append(f.Fields[i].Options, bot.Option{Label: label, Value: v})
		}
	}
	return f, nil
}

// load answers the choices of a field. It is a read, gated like a staff
// command, and leaves no event.
func (h *Handlers) load(ctx context.Context, in bot.Inbound) (bot.Outcome, error) {
	return h.loadUpTo(ctx, in, mostChoices)
}

func (h *Handlers) loadUpTo(ctx context.Context, in bot.Inbound, most int) (out bot.Outcome, err error) {
	c, ok := choices[in.Name]
	if !ok {
		return out, nil
	}
	err = h.Store.View(ctx, func(tx *models.Tx) error {
		t := h.newTurn(tx, in)
		t.most = most
		if err := t.look(); err != nil || t.lacksPerson(maxAgeRead) {
			return err
		}
		ok, err := t.trusted()
		if err != nil || !ok {
			return err
		}
		t.actor.staff = t.Who.Person.Side == models.SideStaff
		if !(route{needs: c.needs}).allows(t) {
			return nil
		}
		t.Lang = t.language()
		out.Options, err = c.load(t, in.Text)
		return err
	})
	return out, err
}

// formPage shows the web twin of a form.
func (h *Handlers) formPage(w http.ResponseWriter, r *http.Request) {
	d, ok := h.draftAt(w, r)
	if !ok {
		return
	}
	h.showForm(w, r, d, nil, nil, http.StatusOK)
}

// formSubmit takes the web twin's submission: the same road as from a chat.
func (h *Handlers) formSubmit(w http.ResponseWriter, r *http.Request) {
	d, ok := h.draftAt(w, r)
	if !ok {
		return
	}
	args, ok := h.formValues(w, r, d)
	if !ok {
		return
	}
	errs := h.checkFields(d.Form, args, h.formLang(r, d))
	if len(errs) == 0 {
		sum := sha256.Sum256([]byte(args.Encode()))
		in := bot.Inbound{Key: "form:" + d.ID.String() + ":" + hex.EncodeToString(sum[:16]), Kind: bot.Submitted, Name: d.Name, Args: args, Draft: d.ID.String(),
			From: d.From, At: d.At, Time: h.Store.Now()}
		ctx, cancel := context.WithTimeout(r.Context(), h.Limits.AckDeadline)
		defer cancel()
		out, err := h.Receive(ctx, in)
		if err != nil {
			h.message(w, r, http.StatusServiceUnavailable, "page.later")
			return
		}
		errs = out.Errors
	}
	if len(errs) > 0 {
		h.showForm(w, r, d, args, errs, http.StatusUnprocessableEntity)
		return
	}
	h.message(w, r, http.StatusOK, "page.sent")
}

// formValues reads what was filled in: the form's own fields, no longer than they may be.
func (h *Handlers) formValues(w http.ResponseWriter, r *http.Request, d models.Draft) (url.Values, bool) {
	r.Body = http.MaxBytesReader(w, r.Body, h.Limits.MaxBody)
	if err := r.ParseForm(); err != nil {
		h.message(w, r, http.StatusBadRequest, "page.bad")
		return nil, false
	}
	args := url.Values{}
	for _, f := range d.Form.Fields {
		for _, v := range r.PostForm[f.Name] {
			args.Add(f.Name, clip(v, fieldMax(f)))
		}
	}
	return args, true
}

// formKeep keeps what has been typed into the web twin so far.
func (h *Handlers) formKeep(w http.ResponseWriter, r *http.Request) {
	d, ok := h.draftAt(w, r)
	if !ok {
		return
	}
	args, ok := h.formValues(w, r, d)
	if !ok {
		return
	}
	if err := h.keep(r.Context(), bot.Inbound{Kind: bot.Kept, Name: d.Name, Args: args, Draft: d.ID.String(), From: d.From, At: d.At}); err != nil {
		h.message(w, r, http.StatusServiceUnavailable, "page.later")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func fieldMax(f bot.Field) int {
	if f.Max > 0 {
		return f.Max
	}
	return 3000
}

// checkFields says what is missing or not among the choices.
func (h *Handlers) checkFields(f bot.Form, args url.Values, lang string) map[string]string {
	errs := map[string]string{}
	for _, x := range f.Fields {
		if x.Required && len(bytes.TrimSpace([]byte(args.Get(x.Name)))) == 0 {
			errs[x.Name] = h.Library.Say(lang, "form.empty")
		}
		if x.Load != "" || len(x.Options) == 0 {
			continue
		}
		for _, v := range args[x.Name] {
			if v != "" && !slices.ContainsFunc(x.Options, func(o bot.Option) bool { return o.Value == v }) {
				errs[x.Name] = h.Library.Say(lang, "form.choice")
			}
		}
	}
	return errs
}

// draftAt finds the draft that the address names. Wrong, used and expired look
// alike but for the words.
func (h *Handlers) draftAt(w http.ResponseWriter, r *http.Request) (models.Draft, bool) {
	id, ok := h.open(tokenForm, r.PathValue("token"))
	var d models.Draft
	err := models.ErrNotFound
	if ok {
		err = h.Store.View(r.Context(), func(tx *models.Tx) (err error) {
			d, err = tx.DraftOf(id)
			return err
		})
	}
	switch {
	case err != nil && ignoreMissing(err) != nil:
		h.message(w, r, http.StatusServiceUnavailable, "page.later")
		return d, false
	case err != nil, d.UsedAt != nil, h.Store.Now().After(d.ExpiresAt):
		h.message(w, r, http.StatusGone, "page.gone")
		return d, false
	}
	return d, true
}

// formLang is the language that a form speaks: its page speaks the same.
func (h *Handlers) formLang(r *http.Request, d models.Draft) string {
	if d.Form.Lang != "" {
		return d.Form.Lang
	}
	return h.lang(r)
}

// showForm draws the web twin. Fields whose choices are loaded show those the
// person may see.
func (h *Handlers) showForm(w http.ResponseWriter, r *http.Request, d models.Draft, args url.Values, errs map[string]string, status int) {
	lang := h.formLang(r, d)
	say := func(key string) string { return h.Library.Say(lang, key) }
	page := web.FormPage{
		Frame: h.frame(r, d.Form.Title), Text: d.Form.Text, Action: r.URL.Path, Submit: d.Form.Submit,
		Trouble: say("form.problem"), Required: say("form.required"), Choose: say("form.choose"),
	}
	if d.Form.Keep {
		page.Keep, page.Filter = r.URL.Path+"/keep", say("form.filter")
	}
	page.Lang = lang
	for _, f := range d.Form.Fields {
		values := f.Value
		if args != nil {
			values = args[f.Name]
		}
		if f.Load != "" {
			out, err := h.loadUpTo(r.Context(), bot.Inbound{Kind: bot.Loaded, Name: f.Load, From: d.From, At: d.At}, mostOnPage)
			if err != nil {
				h.message(w, r, http.StatusServiceUnavailable, "page.later")
				return
			}
			f.Options = offered(f, out.Options, values)
		}
		page.Fields = append(page.Fields, formField(f, values, errs[f.Name]))
	}
	h.render(w, status, "form.html", page)
}

// mostOnPage is how many choices of a field the page shows: it can be looked
// through, which a chat's list cannot.
const mostOnPage = 1000

// offered are a page's choices: those that are chosen stand first, whether they are
// among those that were found or not.
func offered(f bot.Field, found []bot.Option, chosen []string) (out []bot.Option) {
	for _, v := range chosen {
		if v == "" {
			continue
		}
		o := bot.Option{Label: v, Value: v}
		for _, known := range [][]bot.Option{found, f.Options} {
			if i := slices.IndexFunc(known, func(o bot.Option) bool { return o.Value == v }); i >= 0 {
				o = known[i]
				break
			}
		}
		out = append(out, o)
	}
	for _, o := range found {
		if !slices.Contains(chosen, o.Value) {
			out = append(out, o)
		}
	}
	return out
}

func formField(f bot.Field, values []string, problem string) web.FormField {
	out := web.FormField{Name: f.Name, Section: f.Section, Label: f.Label, Hint: f.Hint, Kind: string(f.Kind), Error: problem, Required: f.Required}
	if f.Kind == bot.Line || f.Kind == bot.Lines {
		out.Max = fieldMax(f)
	}
	if len(values) > 0 {
		out.Value = values[0]
	}
	for _, o := range f.Options {
		out.Options = append(out.Options, web.FormOption{Label: o.Label, Value: o.Value, Selected: slices.Contains(values, o.Value)})
	}
	return out
}
