package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"akari/bot"
	"akari/content"
	"akari/models"
	"akari/web"
)

// 確認, 活用 and 「別の方ですか?」 on the viewer's page. A press is a POST from a page
// that we drew (its nonce), in a browser that has opened the link (its cookie). It
// speaks for the person the link was handed to, unless the visit is a robot's or
// somebody else's.

// speaks tells whether a press on this visit's page speaks for the link's person. A
// visit that is still a suspect for want of visible seconds may: the press itself
// is an act, not a view.
func speaks(l models.Link, v models.Visit) bool {
	return !l.PartnerID.IsZero() && !l.PersonID.IsZero() && l.Purpose != models.PurposeTest && (v.Class == models.ClassHuman || v.Class == models.ClassSuspect)
}

// asks tells whether the reader is to be asked who they are, once in a browser, and
// why: "" = no. A visit that does not count yet is asked for what it will be taken
// for when it does: later its reader may be gone.
func (h *Handlers) asks(tx *models.Tx, v models.Visit) (why string, err error) {
	if v.Class == models.ClassSuspect {
		v.Class = models.ClassHuman
		if err := h.byReader(tx, &v); err != nil {
			return "", err
		}
	}
	if v.Class != models.ClassForwarded || v.Reason == readerTold {
		return "", nil
	}
	return v.Reason, nil
}

// viewerActions are what a reader can press on a material's page, with what they
// pressed already shown as done. Whoever is asked who they are can press nothing else.
func (h *Handlers) viewerActions(r *http.Request, s shown, ask *web.Ask) []web.Action {
	if ask != nil || !speaks(s.link, s.visit) {
		return nil
	}
	lang := h.linkLang(r, s.link)
	var out []web.Action
	err := h.Store.View(r.Context(), func(tx *models.Tx) (err error) {
		out, err = h.markActions(tx, r, s.link, s.m, func(key string, args ...any) string { return h.Library.Say(lang, key, args...) })
		return err
	})
	if err != nil {
		h.Log.Error("a page's buttons are missing", "error", err)
	}
	return out
}

// below is an address below the link that keeps what the page was asked with.
func below(r *http.Request, name string) string {
	q := url.Values{}
	for _, k := range []string{"m", "lang"} {
		if v := r.URL.Query().Get(k); v != "" {
			q.Set(k, v)
		}
	}
	at := "/v/" + r.PathValue("token") + name
	if len(q) > 0 {
		at += "?" + q.Encode()
	}
	return at
}

// who is the question of a reader who may be somebody else; nil = there is none.
func (h *Handlers) who(r *http.Request, s shown) *web.Ask {
	var why string
	err := h.Store.View(r.Context(), func(tx *models.Tx) (err error) {
		why, err = h.asks(tx, s.visit)
		return err
	})
	if err != nil {
		h.Log.Error("a page's question is missing", "error", err)
	}
	if why == "" {
		return nil
	}
	lang, nonce := h.linkLang(r, s.link), h.nonce(s.link.ID, h.Store.Now())
	ask := &web.Ask{Question: h.Library.Say(lang, map[bool]string{false: "who.question", true: "who.question_far"}[why == readerTravelled])}
	for i, who := range []string{"self", "colleague", "other"} {
		ask.Answers = append(ask.Answers, web.Action{Label: h.Library.Say(lang, "who."+who), Post: below(r, "/who"), Nonce: nonce, Name: "who", Value: who, Primary: i == 0})
	}
	return ask
}

func (h *Handlers) markActions(tx *models.Tx, r *http.Request, l models.Link, m content.Material, say func(string, ...any) string) ([]web.Action, error) {
	nonce, version := h.nonce(l.ID, h.Store.Now()), strconv.Itoa(m.Version)
	about := models.Mark{PersonID: l.PersonID, CampaignID: l.CampaignID, MaterialKey: m.Key, MaterialVersion: m.Version}
	var out, undo []web.Action
	for i, k := range []models.Marking{models.Acks, models.Uses} {
		word := markWords[k]
		a := web.Action{Label: say(word + ".button"), Post: below(r, "/"+word), Nonce: nonce, Name: "version", Value: version, Primary: i == 0}
		one, err := tx.LiveMark(k, about)
		if ignoreMissing(err) != nil {
			return nil, err
		}
		if err == nil {
			a.Done = true
			if one.Undoable(tx.Now()) {
				undo = append(undo, web.Action{Label: say(word + ".undo"), Post: below(r, "/undo"), Nonce: nonce, Name: "mark", Value: string(k) + ":" + one.ID.String()})
			}
			if k == models.Uses {
				undo = append(undo, web.Action{Label: say("used.name_deal"), Post: below(r, "/deal"), Nonce: nonce, Name: "u", Value: one.ID.String()})
			}
		}
		out = append(out, a)
	}
	return append(out, undo...), nil
}

// listActions acknowledge all that a list shows, and take that back; state says of
// each material whether it is acknowledged, progress how many are.
func (h *Handlers) listActions(r *http.Request, s shown, ask *web.Ask) (out []web.Action, state map[string]string, progress string) {
	if ask != nil || !speaks(s.link, s.visit) {
		return nil, nil, ""
	}
	lang := h.linkLang(r, s.link)
	say := func(key string, args ...any) string { return h.Library.Say(lang, key, args...) }
	var b bundle
	err := h.Store.View(r.Context(), func(tx *models.Tx) (err error) {
		b, err = h.bundleOf(tx, markAbout(s.link))
		return err
	})
	if err != nil {
		h.Log.Error("a list's buttons are missing", "error", err)
		return nil, nil, ""
	}
	state = map[string]string{}
	for _, x := range b {
		if !x.ack.ID.IsZero() {
			state[x.MaterialKey] = say("ack.state", "version", x.ack.MaterialVersion, "at", h.moment(x.ack.At, lang))
		}
	}
	nonce, all := h.nonce(s.link.ID, h.Store.Now()), h.served(r, s)
	left := len(b) - b.done()
	switch {
	case len(all) < len(b), left == 0: // what is no longer served cannot be acknowledged from here
	case left < len(b):
		out = append(out, web.Action{Label: say("ack.button_rest", "count", left), Post: below(r, "/ack"), Nonce: nonce, Name: "all", Value: versionsOf(all), Primary: true})
	default:
		out = append(out, web.Action{Label: say("ack.button_all", "count", left), Post: below(r, "/ack"), Nonce: nonce, Name: "all", Value: versionsOf(all), Primary: true})
	}
	if n := b.newest(); !n.ID.IsZero() && n.Undoable(h.Store.Now()) {
		out = append(out, web.Action{Label: say("ack.undo"), Post: below(r, "/undo"), Nonce: nonce, Name: "mark", Value: string(models.Acks) + ":all"})
	}
	return out, state, say("ack.progress", "all", len(b), "done", b.done())
}

// pagePost proves that a POST comes from a page of ours in a browser that has
// opened the link; on false the answer is given.
func (h *Handlers) pagePost(w http.ResponseWriter, r *http.Request) (s shown, ok bool) {
	l, ok := h.linkAt(w, r)
	if !ok {
		return s, false
	}
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if err := r.ParseForm(); err != nil || crossSite(r) || !h.validNonce(l.ID, r.PostForm.Get("nonce"), h.Store.Now()) {
		h.message(w, r, http.StatusBadRequest, "page.bad")
		return s, false
	}
	s, ok, err := h.current(r, l)
	if err != nil {
		h.message(w, r, http.StatusServiceUnavailable, "page.later")
		return s, false
	}
	if !ok { // the visit is over: open the link again
		h.back(w, r, "")
		return s, false
	}
	return s, true
}

// back shows the page again, with what has changed, at a place of it; "" = its top.
func (h *Handlers) back(w http.ResponseWriter, r *http.Request, place string) {
	web.Secure(w)
	http.Redirect(w, r, below(r, "")+place, http.StatusSeeOther)
}

// marksPlace is where a page shows what its reader pressed.
const marksPlace = "#after"

// done ends a press: what was written is shown, or an apology.
func (h *Handlers) done(w http.ResponseWriter, r *http.Request, place string, err error) {
	if err != nil && !errors.Is(err, models.ErrDuplicate) && !errors.Is(err, models.ErrNotFound) {
		h.Log.Error("a press on a page is not on record", "error", err)
		h.message(w, r, http.StatusServiceUnavailable, "page.later")
		return
	}
	h.Nudge()
	h.back(w, r, place)
}

// viewerMark takes 「内容を確認しました」 or 「商談で使った」.
func (h *Handlers) viewerMark(k models.Marking) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, ok := h.pagePost(w, r)
		if !ok {
			return
		}
		if text := r.PostForm.Get("all"); k == models.Acks && text != "" {
			all, ok := h.shownAll(r, s, text)
			if !ok {
				h.message(w, r, http.StatusBadRequest, "page.bad")
				return
			}
			h.done(w, r, marksPlace, h.Store.InTx(r.Context(), func(tx *models.Tx) error { return h.markOnPage(tx, k, s, all...) }))
			return
		}
		if !h.choose(r, &s) || s.state != content.Served {
			h.materialGone(w, r, s)
			return
		}
		version, err := strconv.Atoi(r.PostForm.Get("version"))
		if err != nil || version != s.m.Version && version != s.all[s.place].MaterialVersion {
			h.message(w, r, http.StatusBadRequest, "page.bad") // neither what is shown nor what was handed out
			return
		}
		lm := models.LinkMaterial{MaterialKey: s.m.Key, MaterialVersion: version}
		h.done(w, r, marksPlace, h.Store.InTx(r.Context(), func(tx *models.Tx) error { return h.markOnPage(tx, k, s, lm) }))
	}
}

// versionsOf are the versions that a list shows, as its page sends them back.
func versionsOf(all []models.LinkMaterial) string {
	out := make([]string, len(all))
	for i, lm := range all {
		out[i] = strconv.Itoa(lm.MaterialVersion)
	}
	return strings.Join(out, ".")
}

// shownAll are the materials of a list that was shown with these versions; false =
// it says otherwise by now, or is none of ours.
func (h *Handlers) shownAll(r *http.Request, s shown, versions string) ([]models.LinkMaterial, bool) {
	all := h.served(r, s)
	return all, len(all) > 0 && versions == versionsOf(all)
}

// served are the link's materials that its reader may have, in the versions that
// they would see.
func (h *Handlers) served(r *http.Request, s shown) (out []models.LinkMaterial) {
	for i := range s.all {
		one := s
		one.place = i
		if one.m, one.state = h.material(r, s.link, s.all[i].MaterialKey); one.state != content.Served {
			continue
		}
		h.stayOld(r.Context(), &one)
		out = append(out, models.LinkMaterial{MaterialKey: one.m.Key, MaterialVersion: one.m.Version})
	}
	return out
}

// onPage is a turn of the link's person, who pressed something on its page.
func (h *Handlers) onPage(tx *models.Tx, s shown) (*Turn, bool, error) {
	v, err := tx.VisitOf(s.link.ID, s.id.String())
	if err != nil || !speaks(s.link, v) {
		return nil, false, err
	}
	if why, err := h.asks(tx, v); err != nil || why != "" {
		return nil, false, err
	}
	t := h.newTurn(tx, bot.Inbound{Time: tx.Now()})
	if t.Who, err = tx.WhoisPerson(s.link.PersonID); err != nil || t.Who.Person.LeftAt != nil || t.Who.Person.Side != models.SideMember {
		return nil, false, err
	}
	t.actor.partner = s.link.PartnerID
	if s.link.Language != "" {
		t.Lang = s.link.Language
	}
	return t, true, nil
}

// pageEvent is an event of the link's person on its page. Its class does not
// follow the visit's: what was pressed stays pressed.
func (h *Handlers) pageEvent(kind string, m models.Mark) models.Event {
	e := h.about(models.Link{ID: m.LinkID, PersonID: m.PersonID, PartnerID: m.PartnerID, CampaignID: m.CampaignID, DeliveryID: m.DeliveryID}, "",
		models.LinkMaterial{MaterialKey: m.MaterialKey, MaterialVersion: m.MaterialVersion})
	e.ID, e.Kind, e.Class = models.NewID(), kind, models.ClassHuman
	return e
}

func (h *Handlers) markOnPage(tx *models.Tx, k models.Marking, s shown, lms ...models.LinkMaterial) error {
	t, ok, err := h.onPage(tx, s)
	if err != nil || !ok {
		return err
	}
	about, err := t.markOfLink(s.link)
	if err != nil {
		return err
	}
	about.PartnerID, about.PersonID, about.Platform, about.Visit = s.link.PartnerID, s.link.PersonID, "web", s.id.String()
	var events []models.Event
	for _, lm := range lms {
		about.MaterialKey, about.MaterialVersion, about.EventID = lm.MaterialKey, lm.MaterialVersion, models.NewID()
		m, fresh, err := tx.MarkOnce(k, about)
		if err != nil {
			return err
		}
		if fresh {
			e := h.pageEvent(markedEvents[k], m)
			e.ID, e.SourceKey = m.EventID, markWords[k]+"/"+m.ID.String()
			events = append(events, e)
		}
	}
	return t.finishPage(about, events...)
}

// finishPage writes the events and shows the new state in the chat.
func (t *Turn) finishPage(m models.Mark, events ...models.Event) error {
	if len(events) == 0 {
		return nil
	}
	if err := t.tx.Append(events...); err != nil {
		return err
	}
	if _, err := t.showOnCard(m); err != nil {
		return err
	}
	return t.tx.QueueDeliveries(t.owed...)
}

// viewerUndo takes back what was pressed, within five minutes.
func (h *Handlers) viewerUndo(w http.ResponseWriter, r *http.Request) {
	s, ok := h.pagePost(w, r)
	if !ok {
		return
	}
	table, text, _ := strings.Cut(r.PostForm.Get("mark"), ":")
	k := models.Marking(table)
	id, err := models.ParseID(text)
	if many := k == models.Acks && text == "all"; err != nil && !many || undoneEvents[k] == "" {
		h.message(w, r, http.StatusBadRequest, "page.bad")
		return
	}
	h.done(w, r, marksPlace, h.Store.InTx(r.Context(), func(tx *models.Tx) error {
		t, ok, err := h.onPage(tx, s)
		if err != nil || !ok {
			return err
		}
		marks := []models.Mark{}
		if text == "all" {
			b, err := t.bundleOf(markAbout(s.link))
			if err != nil {
				return err
			}
			for _, x := range b {
				marks = append(marks, x.ack)
			}
		} else {
			m, err := tx.MarkOf(k, id)
			if err != nil {
				return err
			}
			marks = append(marks, m)
		}
		var last models.Mark
		var events []models.Event
		for _, m := range marks {
			if m.PersonID != s.link.PersonID {
				continue
			}
			undone, err := tx.UndoMark(k, m.ID, s.link.PersonID)
			if err != nil {
				return err
			}
			if undone {
				e := h.pageEvent(undoneEvents[k], m)
				e.CauseID, e.SourceKey = m.EventID, markWords[k]+"-undo/"+m.ID.String()
				events, last = append(events, e), m
			}
		}
		return t.finishPage(last, events...)
	}))
}

// markAbout is what the marks of a link's person are about.
func markAbout(l models.Link) models.Mark {
	return models.Mark{LinkID: l.ID, PersonID: l.PersonID, PartnerID: l.PartnerID, CampaignID: l.CampaignID, MaterialKey: l.MaterialKey, MaterialVersion: l.MaterialVersion}
}

// viewerDeal asks which deal it was, and keeps what is told. The use counts
// already.
func (h *Handlers) viewerDeal(w http.ResponseWriter, r *http.Request) {
	s, ok := h.pagePost(w, r)
	if !ok {
		return
	}
	lang := h.linkLang(r, s.link)
	say := func(key string, args ...any) string { return h.Library.Say(lang, key, args...) }
	id, err := models.ParseID(r.PostForm.Get("u"))
	if err != nil {
		h.message(w, r, http.StatusBadRequest, "page.bad")
		return
	}
	text := dealText(r.PostForm, say)
	if text == "" {
		page := h.pageForm(r, s, lang, "used.form_title", "used.form_text", dealFields(say))
		page.Hidden = append(page.Hidden, web.Pair{Name: "u", Value: id.String()})
		h.render(w, http.StatusOK, "form.html", page)
		return
	}
	h.done(w, r, marksPlace, h.Store.InTx(r.Context(), func(tx *models.Tx) error {
		_, ok, err := h.onPage(tx, s)
		if err != nil || !ok {
			return err
		}
		m, err := tx.MarkOf(models.Uses, id)
		if err != nil || m.PersonID != s.link.PersonID || m.UndoneAt != nil {
			return err
		}
		e := h.pageEvent(models.DealNamed, m)
		e.CauseID, e.SourceKey = m.EventID, "deal/"+m.ID.String()+"/"+textSum(text)
		return tx.Add(models.Record{Events: []models.Event{e}, Texts: []models.Text{{ID: models.NewID(), EventID: e.ID, PersonID: m.PersonID, Kind: "deal", Body: text}}})
	}))
}

// pageForm is a form on the link's page.
func (h *Handlers) pageForm(r *http.Request, s shown, lang, title, text string, fields []bot.Field) web.FormPage {
	say := func(key string) string { return h.Library.Say(lang, key) }
	p := web.FormPage{Frame: web.Frame{Lang: lang, Title: say(title), Vendor: h.Vendor.Desk}, Text: say(text), Action: below(r, r.URL.Path[strings.LastIndexByte(r.URL.Path, '/'):]),
		Hidden: []web.Pair{{Name: "nonce", Value: h.nonce(s.link.ID, h.Store.Now())}}, Trouble: say("form.problem"), Required: say("form.required"), Choose: say("form.choose"),
		Submit: say("form.send"), Cancel: say("who.form_skip"), CancelURL: below(r, "")}
	for _, f := range fields {
		p.Fields = append(p.Fields, formField(f, nil, ""))
	}
	return p
}

// viewerWho takes the answer to 「別の方ですか?」: one tap, and, where it is
// somebody else, a name and a company if they like.
func (h *Handlers) viewerWho(w http.ResponseWriter, r *http.Request) {
	s, ok := h.pagePost(w, r)
	if !ok {
		return
	}
	if r.PostForm.Has("name") || r.PostForm.Has("company") {
		h.done(w, r, "", h.keepReader(r.Context(), s, r.PostForm, h.linkLang(r, s.link)))
		return
	}
	who := r.PostForm.Get("who")
	if who != "self" && who != "colleague" && who != "other" {
		h.message(w, r, http.StatusBadRequest, "page.bad")
		return
	}
	var fresh bool
	err := h.Store.InTx(r.Context(), func(tx *models.Tx) (err error) {
		fresh, err = h.answerWho(tx, s, who)
		return err
	})
	if err == nil && fresh && who != "self" && h.PersonLevel {
		lang := h.linkLang(r, s.link)
		h.render(w, http.StatusOK, "form.html", h.pageForm(r, s, lang, "who.form_title", "who.form_text", readerFields(func(key string) string { return h.Library.Say(lang, key) })))
		return
	}
	h.done(w, r, "", err)
}

func readerFields(say func(string) string) []bot.Field {
	return []bot.Field{{Name: "name", Label: say("who.form_name"), Kind: bot.Line, Max: 100}, {Name: "company", Label: say("who.form_company"), Kind: bot.Line, Max: 100}}
}

// answerWho keeps the first answer of a link and browser, and classes the visit
// by it. What somebody else pressed before is taken back from the person. fresh:
// this is the first answer, and it was asked for.
func (h *Handlers) answerWho(tx *models.Tx, s shown, who string) (fresh bool, err error) {
	v, err := tx.LockVisit(s.link.ID, s.id.String())
	if err != nil {
		return false, err
	}
	if why, err := h.asks(tx, v); err != nil || why == "" { // nobody was asked
		return false, err
	}
	a := models.Answer{LinkID: s.link.ID, Visit: v.Visit, Other: who != "self", EventID: models.NewID()}
	if a.Other {
		colleague := who == "colleague"
		a.SamePartner = &colleague
	}
	if fresh, err = tx.KeepAnswer(a); err != nil || !fresh {
		return false, err
	}
	e := h.about(s.link, v.Visit, models.LinkMaterial{MaterialKey: s.link.MaterialKey, MaterialVersion: s.link.MaterialVersion})
	e.ID, e.Kind, e.SourceKey, e.Detail = a.EventID, models.ReaderTold, "who/"+v.Visit, models.Detail{"who": who}
	events := []models.Event{e}
	if a.Other {
		events[0].PersonID = models.ID{} // whoever it is, it is not the link's person
		for k := range markedEvents {
			taken, err := tx.UndoMarksOf(k, s.link.ID, v.Visit)
			if err != nil {
				return false, err
			}
			for _, m := range taken {
				u := h.about(s.link, "", models.LinkMaterial{MaterialKey: m.MaterialKey, MaterialVersion: m.MaterialVersion})
				u.Kind, u.Class, u.CauseID, u.SourceKey = undoneEvents[k], models.ClassHuman, m.EventID, markWords[k]+"-undo/"+m.ID.String()
				events = append(events, u)
			}
		}
	}
	if err := tx.Append(events...); err != nil {
		return false, err
	}
	if err := h.judge(tx, &v); err != nil {
		return false, err
	}
	return true, tx.SaveVisit(v)
}

// keepReader keeps the name and company that somebody else gave, once, apart from
// the log.
func (h *Handlers) keepReader(ctx context.Context, s shown, form url.Values, lang string) error {
	if !h.PersonLevel {
		return nil
	}
	var lines []string
	for _, f := range readerFields(func(key string) string { return h.Library.Say(lang, key) }) {
		if v := clip(strings.TrimSpace(form.Get(f.Name)), fieldMax(f)); v != "" {
			lines = append(lines, f.Label+": "+v)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return h.Store.InTx(ctx, func(tx *models.Tx) error {
		a, err := tx.AnswerOf(s.link.ID, s.id.String())
		if err != nil || !a.Other {
			return err
		}
		if told, err := tx.TextOfEvent(a.EventID); err != nil || told != "" {
			return err
		}
		return tx.Add(models.Record{Texts: []models.Text{{ID: models.NewID(), EventID: a.EventID, Kind: "reader", Body: strings.Join(lines, "\n")}}})
	})
}

// textSum recognises the same words sent twice.
func textSum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}
