package handlers

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"akari/bot"
	"akari/models"
	"akari/web"
)

// What is typed into a form of a page is kept while it is typed, as in the form of a
// campaign: a session that ends, a closed tab or a dead battery loses nothing. It is the
// person's own, is found again when they open the page, and goes when the form is saved.

const (
	staffDraftName = "staff"
	actDiscard     = "discard" // the button that throws away what was kept
)

// draftID is where what somebody types into a page is kept.
func (v *staffView) draftID() models.ID {
	sum := sha256.Sum256([]byte("staff draft\x00" + v.who.Person.ID.String() + "\x00" + v.r.URL.Path))
	return models.ID(sum[:16])
}

// keeps tells whether what is typed is kept: where people write, and it is theirs to keep.
func (e *staffEdit) keeps() bool {
	return !e.passing && len(e.acts) > 0 && slices.ContainsFunc(e.fields, func(f bot.Field) bool { return f.Kind == bot.Line || f.Kind == bot.Lines })
}

// staffKeep keeps what stands in a page's form. It is no change, so nobody is told.
func (h *Handlers) staffKeep(w http.ResponseWriter, r *http.Request, v *staffView, p staffPage) {
	if err := r.ParseForm(); err != nil { // as the script sends it, also where the form may bring a file
		h.message(w, r, http.StatusBadRequest, "page.bad")
		return
	}
	v.sent = r.PostForm
	err := h.Store.InTx(r.Context(), func(tx *models.Tx) error {
		v.tx = tx
		e, err := p.edit(v)
		if err != nil || !e.keeps() {
			return err
		}
		d := models.Draft{ID: v.draftID(), Name: staffDraftName, PersonID: v.who.Person.ID, From: bot.Identity{Platform: "web"}}
		d.Form = bot.Form{Name: staffDraftName, Args: url.Values{"seen": {v.sent.Get("seen")}}}
		d.ExpiresAt = tx.Now().Add(formLife(d.Form))
		typed := v.pick(e.fields)
		for _, f := range e.fields {
			if f.Kind != fileField {
				d.Form.Fields = append(d.Form.Fields, bot.Field{Name: f.Name, Kind: f.Kind, Value: typed[f.Name]})
			}
		}
		if err := tx.DropDraft(d.ID); err != nil {
			return err
		}
		return tx.NewDraft(d)
	})
	switch {
	case errors.Is(err, models.ErrNotFound):
		h.message(w, r, http.StatusNotFound, "page.missing")
	case err != nil:
		h.Log.Warn("what was typed on a staff page could not be kept", "page", p.name, "error", err)
		h.message(w, r, http.StatusServiceUnavailable, "page.later")
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// takeUp puts what was kept back into the fields of a form that is opened again; false:
// nothing was, or it is what stands there.
func (v *staffView) takeUp(form *web.StaffForm, e *staffEdit) (bool, error) {
	if v.r.Method != http.MethodGet || !e.keeps() {
		return false, nil
	}
	d, err := v.tx.DraftOf(v.draftID())
	if err != nil || v.tx.Now().After(d.ExpiresAt) {
		return false, ignoreMissing(err)
	}
	v.typed = url.Values{}
	for _, f := range d.Form.Fields {
		v.typed[f.Name] = f.Value
	}
	if len(v.changed(e.fields)) == 0 {
		v.typed = nil
		return false, nil
	}
	form.Hidden = []web.Pair{{Name: "seen", Value: d.Form.Args.Get("seen")}} // what was in force when they typed
	v.page.Done = v.say("edit.taken_up", "at", v.when(d.CreatedAt))
	return true, nil
}
