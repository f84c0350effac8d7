package handlers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"akari/content"
	"akari/models"
	"akari/web"
)

// A visit passes three doors. A GET shows nothing and counts nothing. A POST
// with the page's nonce exchanges the token for a cookie that works below this
// one link, and is `opened` by a suspect. Only a page that was really on screen
// for links.visible_min makes a human of the suspect.

// visitRules is the version of the rules that class a visit.
const visitRules = 1

// nonceLife is how long an opening page may stand before it is opened.
const nonceLife = 12 * time.Hour

// linkAt finds the live link that an address names. Wrong, expired and revoked
// look alike.
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

// viewerPage shows the material to a browser that has opened the link, and to
// everything else only the door.
func (h *Handlers) viewerPage(w http.ResponseWriter, r *http.Request) {
	l, ok := h.linkAt(w, r)
	if !ok {
		return
	}
	visit, ok := h.visitOf(r, l)
	if !ok {
		lang := h.linkLang(r, l)
		h.render(w, http.StatusOK, "opening.html", web.OpeningPage{
			Frame:  web.Frame{Lang: lang, Title: h.Library.Say(lang, "viewer.opening")},
			Action: "/v/" + r.PathValue("token") + "/open", Nonce: h.nonce(l.ID, h.Store.Now()),
			Open: h.Library.Say(lang, "viewer.open"), Slow: h.Library.Say(lang, "viewer.slow"),
		})
		return
	}
	m, state := h.material(r, l)
	if state != content.Served {
		h.materialGone(w, r, l, m, state)
		return
	}
	h.render(w, http.StatusOK, "viewer.html", h.viewer(r, l, m, visit))
}

// viewer words the page of one material.
func (h *Handlers) viewer(r *http.Request, l models.Link, m content.Material, visit string) web.ViewerPage {
	lang, base := h.linkLang(r, l), "/v/"+r.PathValue("token")
	say := func(key string, args ...any) string { return h.Library.Say(lang, key, args...) }
	p := web.ViewerPage{
		Frame: web.Frame{Lang: lang, Title: m.Title.In(lang), Vendor: h.Vendor.Desk},
		Text:  m.Description.In(lang), Meta: say("viewer.version", "version", m.Version),
		Recorded: say("viewer.recorded"),
		Seen:     base + "/seen", SeenAfter: int(h.VisibleMin.Milliseconds()),
	}
	if h.NoticeURL != "" {
		p.Privacy = web.Link{Label: say("viewer.privacy"), URL: h.NoticeURL}
	}
	if m.Kind == content.Tool {
		p.View = web.Link{Label: say("viewer.tool"), URL: m.URL}
		return p
	}
	file := base + "/file/" + url.PathEscape(m.Name())
	if m.Kind == content.Image {
		p.Picture, p.Alt = file, m.Title.In(lang)
	}
	p.View = web.Link{Label: say("viewer.view"), URL: file}
	if m.Download {
		p.Download = web.Link{Label: say("viewer.download"), URL: file + "?save=1"}
	}
	return p
}

// material finds the link's material as its reader may have it now.
func (h *Handlers) material(r *http.Request, l models.Link) (m content.Material, state content.State) {
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
	return h.Library.Material(l.MaterialKey, reader)
}

func (h *Handlers) materialGone(w http.ResponseWriter, r *http.Request, l models.Link, m content.Material, state content.State) {
	if state == content.Expired {
		h.message(w, r, http.StatusGone, "page.expired")
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
	v := h.firstLook(r, l, visit.String())
	err := h.Store.InTx(r.Context(), func(tx *models.Tx) error {
		if err := tx.BeginVisit(v); err != nil {
			return err
		}
		e := models.Event{Kind: models.Opened, Platform: "web", PartnerID: l.PartnerID, PersonID: l.PersonID, LinkID: l.ID, CampaignID: l.CampaignID,
			DeliveryID: l.DeliveryID, ObjectKind: "material", ObjectKey: l.MaterialKey, ObjectVersion: l.MaterialVersion, Visit: v.Visit, SourceKey: "open:" + v.Visit}
		if !h.PersonLevel {
			e.PersonID = models.ID{}
		}
		return tx.Append(e)
	})
	if err != nil {
		h.Log.Error("an opening is not on record", "error", err)
		h.message(w, r, http.StatusServiceUnavailable, "page.later")
		return
	}
	http.SetCookie(w, &http.Cookie{Name: "visit", Value: h.token(tokenVisit, visit) + "." + h.visitMAC(l.ID, visit), Path: "/v/" + r.PathValue("token"),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: strings.HasPrefix(h.PublicURL, "https:")})
	web.Secure(w)
	http.Redirect(w, r, "/v/"+r.PathValue("token"), http.StatusSeeOther)
}

// firstLook classes a visit from what is known when it begins.
func (h *Handlers) firstLook(r *http.Request, l models.Link, visit string) models.Visit {
	v := models.Visit{LinkID: l.ID, Visit: visit, RuleVersion: visitRules, Class: models.ClassSuspect, Reason: "not_visible_yet"}
	if class, reason := h.robots.class(r); class != "" {
		v.Class, v.Reason = class, reason
	} else if l.PartnerID.IsZero() {
		v.Class, v.Reason = models.ClassStaff, "staff_link"
	} else if r.PostForm.Get("script") == "" {
		v.Reason = "no_script"
	}
	return v
}

// viewerSeen takes the page's word that it was on screen, and believes no more
// than the clock allows.
func (h *Handlers) viewerSeen(w http.ResponseWriter, r *http.Request) {
	l, ok := h.linkAt(w, r)
	if !ok {
		return
	}
	visit, ok := h.visitOf(r, l)
	r.Body = http.MaxBytesReader(w, r.Body, 4096)
	ms, err := strconv.ParseInt(r.PostFormValue("ms"), 10, 64)
	if !ok || err != nil || crossSite(r) {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if visible := time.Duration(ms) * time.Millisecond; visible >= h.VisibleMin {
		err := h.Store.InTx(r.Context(), func(tx *models.Tx) error { return tx.BelieveVisit(l.ID, visit, visible, visitRules) })
		if err != nil {
			h.Log.Error("a visit could not be classed", "error", err)
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
	}
	web.Secure(w)
	w.WriteHeader(http.StatusNoContent)
}

// viewerFile gives the bytes to a browser that has opened the link.
func (h *Handlers) viewerFile(w http.ResponseWriter, r *http.Request) {
	l, ok := h.linkAt(w, r)
	if !ok {
		return
	}
	if _, ok := h.visitOf(r, l); !ok {
		web.Secure(w)
		http.Redirect(w, r, "/v/"+r.PathValue("token"), http.StatusSeeOther)
		return
	}
	m, state := h.material(r, l)
	if state != content.Served {
		h.materialGone(w, r, l, m, state)
		return
	}
	save := r.URL.Query().Get("save") != ""
	if save && !m.Download {
		h.message(w, r, http.StatusForbidden, "page.gone")
		return
	}
	f, err := h.Library.OpenFile(m)
	if err != nil {
		h.Log.Error("a material's file cannot be read", "material", m.Key, "error", err)
		h.message(w, r, http.StatusServiceUnavailable, "page.later")
		return
	}
	defer f.Close()
	web.Secure(w)
	disposition := "inline"
	if save {
		disposition = "attachment"
	}
	w.Header().Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": m.Name()}))
	w.Header().Set("Content-Type", fileType(m.Name()))
	// A PDF viewer of the browser draws with its own styles and frames.
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self'; object-src 'self'; frame-ancestors 'none'; sandbox allow-scripts")
	if strings.HasSuffix(m.Name(), ".pdf") {
		w.Header().Del("Content-Security-Policy") // Chromium refuses to show a PDF under a sandbox
	}
	serve(w, r, m.Name(), f)
}

// serve answers with ranges where the file can seek.
func serve(w http.ResponseWriter, r *http.Request, name string, f io.Reader) {
	if s, ok := f.(io.ReadSeeker); ok {
		http.ServeContent(w, r, name, time.Time{}, s)
		return
	}
	io.Copy(w, f)
}

// fileType does not depend on the machine's own tables.
func fileType(name string) string {
	types := map[string]string{".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".mp4": "video/mp4", ".vtt": "text/vtt; charset=utf-8",
		".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation"}
	if t, ok := types[strings.ToLower(path.Ext(name))]; ok {
		return t
	}
	return "application/octet-stream"
}

// crossSite tells whether a browser says that another site made it ask.
func crossSite(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return site == "cross-site" || site == "same-site"
}

// nonce is the opening page's proof that it was drawn by us, for this link, and
// when.
func (h *Handlers) nonce(link models.ID, at time.Time) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(at.Unix()))
	return base64.RawURLEncoding.EncodeToString(append(b[:], nonceMAC(h.Secrets[0], link, b)...))
}

func (h *Handlers) validNonce(link models.ID, nonce string, now time.Time) bool {
	b, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(b) != 8+macSize {
		return false
	}
	at := time.Unix(int64(binary.BigEndian.Uint64(b[:8])), 0)
	if now.Sub(at) > nonceLife || at.Sub(now) > time.Minute {
		return false
	}
	for _, s := range h.Secrets {
		if hmac.Equal(b[8:], nonceMAC(s, link, [8]byte(b[:8]))) {
			return true
		}
	}
	return false
}

func nonceMAC(secret []byte, link models.ID, at [8]byte) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte("nonce\x00"))
	m.Write(link[:])
	m.Write(at[:])
	return m.Sum(nil)[:macSize]
}

// visitMAC binds a visit to its link, so that a cookie opens one link alone.
func (h *Handlers) visitMAC(link, visit models.ID) string {
	m := hmac.New(sha256.New, h.Secrets[0])
	m.Write([]byte("cookie\x00"))
	m.Write(link[:])
	m.Write(visit[:])
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:macSize])
}

// visitOf reads the visit's cookie.
func (h *Handlers) visitOf(r *http.Request, l models.Link) (string, bool) {
	c, err := r.Cookie("visit")
	if err != nil {
		return "", false
	}
	token, sum, _ := strings.Cut(c.Value, ".")
	id, ok := h.open(tokenVisit, token)
	if !ok || !hmac.Equal([]byte(sum), []byte(h.visitMAC(l.ID, id))) {
		return "", false
	}
	return id.String(), true
}
