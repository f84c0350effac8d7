package handlers

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"akari/content"
	"akari/models"
	"akari/web"
)

// list words the page of a link with several materials.
func (h *Handlers) list(r *http.Request, s shown) web.ViewerPage {
	lang := h.linkLang(r, s.link)
	p := h.frameOf(r, s, h.Library.Say(lang, "viewer.list"))
	p.Kind, p.Back = "list", web.Link{}
	var read map[string]string
	p.Actions, read, p.Progress = h.listActions(r, s, p.Ask)
	for i, lm := range s.all {
		m, state := h.material(r, s.link, lm.MaterialKey)
		if state != content.Served {
			continue
		}
		p.Items = append(p.Items, web.ViewerItem{Title: m.Title.In(lang), Text: m.Description.In(lang), Done: read[lm.MaterialKey],
			View: web.Link{Label: h.Library.Say(lang, "viewer.open"), URL: h.address(r, "", i)}})
	}
	return p
}

// address is a path below the link, for the material at a place of its list.
func (h *Handlers) address(r *http.Request, below string, place int) string {
	q := url.Values{}
	if lang := r.URL.Query().Get("lang"); lang != "" {
		q.Set("lang", lang)
	}
	if place > 0 || r.URL.Query().Has("m") || below == "" {
		q.Set("m", strconv.Itoa(place+1))
	}
	at := "/v/" + r.PathValue("token") + below
	if len(q) > 0 {
		at += "?" + q.Encode()
	}
	return at
}

// frameOf is what every viewer page has around its material.
func (h *Handlers) frameOf(r *http.Request, s shown, title string) web.ViewerPage {
	lang := h.linkLang(r, s.link)
	say := func(key string, args ...any) string { return h.Library.Say(lang, key, args...) }
	p := web.ViewerPage{Frame: web.Frame{Lang: lang, Title: title, Vendor: h.Vendor.Desk}, Recorded: say("viewer.recorded", "vendor", h.Vendor.Name)}
	if !h.PersonLevel {
		p.Recorded = say("viewer.recorded_company", "vendor", h.Vendor.Name)
	}
	if h.NoticeURL != "" {
		p.Privacy = web.Link{Label: say("viewer.privacy"), URL: h.NoticeURL}
	}
	if len(s.all) > 1 {
		p.Back = web.Link{Label: say("viewer.list"), URL: "/v/" + r.PathValue("token")}
	}
	for _, l := range h.Vendor.Languages {
		q := r.URL.Query()
		q.Set("lang", l)
		p.Langs = append(p.Langs, web.LangLink{Lang: l, Label: h.Library.Say(l, "viewer.language"), URL: "?" + q.Encode(), Current: l == lang})
	}
	if len(p.Langs) == 1 {
		p.Langs = nil
	}
	p.Ask = h.who(r, s)
	p.Track = web.Track{
		Seen: "/v/" + r.PathValue("token") + "/seen", At: h.Store.Now().Sub(s.visit.StartedAt).Milliseconds(),
		After: h.VisibleMin.Milliseconds(), Idle: h.IdleAfter.Milliseconds(),
	}
	return p
}

// viewer words the page of one material; false when it is a tool that may not
// be opened.
func (h *Handlers) viewer(r *http.Request, s shown) (web.ViewerPage, bool) {
	lang, m := h.linkLang(r, s.link), s.m
	say := func(key string, args ...any) string { return h.Library.Say(lang, key, args...) }
	p := h.frameOf(r, s, m.Title.In(lang))
	p.Text, p.Meta = m.Description.In(lang), say("viewer.version", "version", m.Version)
	p.Actions = h.viewerActions(r, s, p.Ask)
	if len(s.all) > 1 {
		_, _, p.Progress = h.listActions(r, s, p.Ask)
	}
	p.Track.Proof = h.proof(s.link, s.id, s.place, m.Version)
	if old := s.all[s.place].MaterialVersion; old < m.Version {
		p.Notice = say("viewer.newer", "version", m.Version, "old", old)
	}
	if m.Kind == content.Tool {
		host, ok := h.toolHost(m)
		if !ok {
			return p, false
		}
		p.Kind, p.Tool = "tool", web.Link{Label: say("viewer.tool"), URL: m.URL}
		p.Go, p.Text = "/v/"+r.PathValue("token")+"/go", say("viewer.tool_going", "host", host)
		for i := range p.Actions { // going on is what this page is for
			p.Actions[i].Primary = false
		}
		return p, true
	}
	file := h.address(r, "/file/"+url.PathEscape(m.Name()), s.place)
	p.View = web.Link{Label: say("viewer.view"), URL: file}
	if m.Download {
		p.Download = web.Link{Label: say("viewer.download"), URL: withQuery(file, "save", "1")}
	}
	if m.Image != "" && m.Kind != content.Image {
		p.Picture = strings.TrimPrefix(h.pictureOf(m, lang, h.Store.Now()).URL, h.PublicURL)
	}
	switch m.Kind {
	case content.Document, content.Sheet:
		p.Kind, p.Size = "pdf", h.size(m)
		p.Words = h.viewerWords(lang)
	case content.Video:
		p.Kind = "video"
		p.Resume = m.Key + "@" + strconv.Itoa(m.Version)
		if m.Captioned() {
			p.Captions = web.Captions{URL: h.address(r, "/captions", s.place), Lang: lang, Label: say("viewer.captions")}
		}
	case content.Image:
		p.Kind, p.Alt = "image", m.Title.In(lang)
	default:
		p.Kind = "office"
		p.View.Label = say("viewer.file")
	}
	return p, true
}

func withQuery(address, name, value string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// viewerWords are the sentences that the document's script needs.
func (h *Handlers) viewerWords(lang string) map[string]string {
	out := map[string]string{}
	for _, name := range web.ViewerWords {
		out[name] = h.Library.Say(lang, "viewer."+name)
	}
	return out
}

// size is how long a material's file is, 0 when unknown.
func (h *Handlers) size(m content.Material) int64 {
	f, err := h.Library.OpenFile(m)
	if err != nil {
		return 0
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return 0
	}
	return st.Size()
}

// toolHost tells where a tool leads, and whether it may: to https, at a host of
// links.redirect_hosts, or, where that is empty, at the host that the vendor's
// own content names. The address never comes from a request.
func (h *Handlers) toolHost(m content.Material) (string, bool) {
	u, err := url.Parse(m.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Opaque != "" {
		return "", false
	}
	if len(h.RedirectHosts) == 0 {
		return u.Hostname(), true
	}
	for _, host := range h.RedirectHosts {
		if u.Port() == "" && equalHost(u.Hostname(), host) || equalHost(u.Host, host) {
			return u.Hostname(), true
		}
	}
	return "", false
}

// viewerGo counts that the reader goes on to a tool, and answers where that is.
func (h *Handlers) viewerGo(w http.ResponseWriter, r *http.Request) {
	l, ok := h.linkAt(w, r)
	if !ok {
		return
	}
	beacons, ok := h.report(w, r)
	if !ok {
		return
	}
	b := beacons[0]
	visit, lm, status := h.provedBeacon(r, l, b)
	if status != http.StatusOK {
		h.plain(w, status)
		return
	}
	m, state := h.material(r, l, lm.MaterialKey)
	if _, ok := h.toolHost(m); !ok || state != content.Served {
		h.plain(w, http.StatusForbidden)
		return
	}
	if status := h.account(r.Context(), l, visit, lm, beacons[:1]); status != http.StatusNoContent {
		h.plain(w, status)
		return
	}
	err := h.Store.InTx(r.Context(), func(tx *models.Tx) error {
		e := h.about(l, visit.String(), lm)
		e.Kind, e.SourceKey = models.ToolOpened, "go/"+l.ID.String()+"/"+visit.String()+"/"+b.Tab
		return tx.Append(e)
	})
	if !h.stored(err) {
		h.plain(w, http.StatusServiceUnavailable)
		return
	}
	web.Secure(w)
	w.Header().Set("Content-Type", "application/json")
	w.Write(jsonOf(map[string]string{"url": m.URL}))
}
