package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"akari/content"
	"akari/models"
	"akari/web"
)

// A visit passes three doors. A GET shows nothing and counts nothing. A POST
// with the page's nonce exchanges the token for a cookie that works below this
// one link, and is `opened` by a suspect. Only a page that was really on screen
// for links.visible_min, without a sign of a robot, makes a human of the suspect.

// visitIdle is how long a visit lasts without a word from its page: opening the
// link again after that is another visit, as for every web statistic.
const visitIdle = 30 * time.Minute

// linkAt finds the live link that an address names. Wrong, expired and revoked
// look alike, and a wrong token costs the same few HMACs whatever is wrong.
func (h *Handlers) linkAt(w http.ResponseWriter, r *http.Request) (models.Link, bool) {
	var l models.Link
	id, ok := h.open(tokenLink, r.PathValue("token"))
	if ok {
		err := h.Store.View(r.Context(), func(tx *models.Tx) (err error) {
			l, err = tx.LinkOf(id)
			return err
		})
		if err != nil && !errors.Is(err, models.ErrNotFound) {
			h.message(w, r, http.StatusServiceUnavailable, "page.later")
			return l, false
		}
		ok = err == nil && l.Live(h.Store.Now())
	}
	if !ok {
		h.message(w, r, http.StatusGone, "page.gone")
	}
	return l, ok
}

// shown is one opened material of a link, as its page needs it.
type shown struct {
	link  models.Link
	visit models.Visit
	id    models.ID // of the visit
	all   []models.LinkMaterial
	place int
	m     content.Material
	state content.State
}

// current finds the visit that a browser is in, if it is still going on.
func (h *Handlers) current(r *http.Request, l models.Link) (s shown, ok bool, err error) {
	s.link = l
	if s.id, ok = h.visitOf(r, l); !ok {
		return s, false, nil
	}
	err = h.Store.View(r.Context(), func(tx *models.Tx) (err error) {
		if s.visit, err = tx.VisitOf(l.ID, s.id.String()); err != nil {
			return err
		}
		s.all, err = tx.MaterialsOf(l)
		return err
	})
	if errors.Is(err, models.ErrNotFound) {
		return s, false, nil
	}
	if err != nil {
		return s, false, err
	}
	last := s.visit.StartedAt
	if s.visit.SeenAt != nil {
		last = *s.visit.SeenAt
	}
	return s, h.Store.Now().Sub(last) < visitIdle, nil
}

// choose finds the material that the address names by its place in the link's
// list; a link with one material needs no place.
func (h *Handlers) choose(r *http.Request, s *shown) bool {
	if text := r.URL.Query().Get("m"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return false
		}
		s.place = n - 1
	} else if len(s.all) > 1 {
		return false
	}
	if s.place < 0 || s.place >= len(s.all) {
		return false
	}
	s.m, s.state = h.material(r, s.link, s.all[s.place].MaterialKey)
	h.stayOld(r.Context(), s)
	return true
}

// viewerPage shows the material to a browser that has opened the link, and to
// everything else only the door.
func (h *Handlers) viewerPage(w http.ResponseWriter, r *http.Request) {
	l, ok := h.linkAt(w, r)
	if !ok {
		return
	}
	s, ok, err := h.current(r, l)
	if err != nil {
		h.message(w, r, http.StatusServiceUnavailable, "page.later")
		return
	}
	if !ok {
		h.hit(r, l)
		h.door(w, r, l)
		return
	}
	if !h.choose(r, &s) {
		h.render(w, http.StatusOK, "viewer.html", h.list(r, s))
		return
	}
	if s.state != content.Served {
		h.materialGone(w, r, s)
		return
	}
	page, ok := h.viewer(r, s)
	if !ok {
		h.Log.Warn("a tool leads to a host that links.redirect_hosts does not allow", "material", s.m.Key)
		h.message(w, r, http.StatusForbidden, "page.tool_refused")
		return
	}
	h.render(w, http.StatusOK, "viewer.html", page)
}

// door is the opening page: it says nothing about what the link leads to.
func (h *Handlers) door(w http.ResponseWriter, r *http.Request, l models.Link) {
	lang := h.linkLang(r, l)
	action := "/v/" + r.PathValue("token") + "/open"
	if q := r.URL.RawQuery; q != "" && len(q) < 200 {
		action += "?" + r.URL.Query().Encode()
	}
	h.render(w, http.StatusOK, "opening.html", web.OpeningPage{
		Frame:  web.Frame{Lang: lang, Title: h.Library.Say(lang, "viewer.opening")},
		Action: action, Nonce: h.nonce(l.ID, h.Store.Now()),
		Open: h.Library.Say(lang, "viewer.open"), Slow: h.Library.Say(lang, "viewer.slow"),
	})
}

// viewerOpen exchanges the token for a cookie and writes `opened`.
func (h *Handlers) viewerOpen(w http.ResponseWriter, r *http.Request) {
	l, ok := h.linkAt(w, r)
	if !ok {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 4096)
	if err := r.ParseForm(); err != nil || !h.validNonce(l.ID, r.PostForm.Get("nonce"), h.Store.Now()) || crossSite(r) {
		h.message(w, r, http.StatusBadRequest, "page.bad")
		return
	}
	visit := models.NewID()
	err := h.Store.InTx(r.Context(), func(tx *models.Tx) error {
		v, err := h.begin(tx, r, l, visit.String())
		if err != nil {
			return err
		}
		if v.Facts.Away, err = h.away(tx, v, l); err != nil {
			return err
		}
		if err := h.burst(tx, &v); err != nil {
			return err
		}
		if err := h.judge(tx, &v); err != nil {
			return err
		}
		if err := tx.BeginVisit(v); err != nil {
			return err
		}
		e := h.about(l, v.Visit, models.LinkMaterial{MaterialKey: l.MaterialKey, MaterialVersion: l.MaterialVersion})
		e.Kind, e.SourceKey, e.Detail = models.Opened, "open/"+v.Visit, openedDetail(v)
		return tx.Append(e)
	})
	if err != nil {
		h.Log.Error("an opening is not on record", "error", err)
		h.message(w, r, http.StatusServiceUnavailable, "page.later")
		return
	}
	h.giveVisit(w, r, l, visit)
	web.Secure(w)
	to := url.URL{Path: "/v/" + r.PathValue("token"), RawQuery: r.URL.Query().Encode()}
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

// material finds a link's material as its reader may have it now.
func (h *Handlers) material(r *http.Request, l models.Link, key string) (m content.Material, state content.State) {
	reader := content.Reader{Staff: true, Lang: l.Language}
	if !l.PartnerID.IsZero() {
		err := h.Store.View(r.Context(), func(tx *models.Tx) error {
			p, err := tx.Partner(l.PartnerID)
			reader = content.Reader{Partner: p.Key, Tier: p.Tier, Tags: p.Tags, Lang: l.Language}
			return err
		})
		if err != nil {
			return m, content.Unknown
		}
	}
	return h.Library.Material(key, reader)
}

func (h *Handlers) materialGone(w http.ResponseWriter, r *http.Request, s shown) {
	if s.state == content.Expired {
		h.expired(w, r, s)
		return
	}
	h.message(w, r, http.StatusGone, "page.gone")
}

func (h *Handlers) linkLang(r *http.Request, l models.Link) string {
	if r.URL.Query().Get("lang") == "" && l.Language != "" {
		return l.Language
	}
	return h.lang(r)
}
