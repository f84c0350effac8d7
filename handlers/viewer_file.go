package handlers

import (
	"io"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"akari/content"
	"akari/web"
)

// opened finds the material whose bytes a browser asks for; it must have opened
// the link. On false the answer is given.
func (h *Handlers) opened(w http.ResponseWriter, r *http.Request) (s shown, ok bool) {
	l, ok := h.linkAt(w, r)
	if !ok {
		return s, false
	}
	if _, has := h.visitOf(r, l); !has {
		web.Secure(w)
		http.Redirect(w, r, "/v/"+r.PathValue("token"), http.StatusSeeOther)
		return s, false
	}
	// A page that has been open for long may still fetch its bytes: only the row
	// of the visit must be there.
	s, _, err := h.current(r, l)
	if err != nil {
		h.message(w, r, http.StatusServiceUnavailable, "page.later")
		return s, false
	}
	if len(s.all) == 0 || !h.choose(r, &s) {
		h.message(w, r, http.StatusGone, "page.gone")
		return s, false
	}
	if s.state != content.Served {
		h.materialGone(w, r, s)
		return s, false
	}
	return s, true
}

// viewerFile gives the bytes to a browser that has opened the link. It counts
// nothing.
func (h *Handlers) viewerFile(w http.ResponseWriter, r *http.Request) {
	s, ok := h.opened(w, r)
	if !ok {
		return
	}
	m := s.m
	save := r.URL.Query().Get("save") != ""
	if save && !m.Download {
		h.message(w, r, http.StatusForbidden, "page.no_download")
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
	if save || m.Kind == content.Office {
		disposition = "attachment"
	}
	kind := m.Type
	if kind == "" {
		kind = fileType(m.Name())
	}
	w.Header().Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": m.Name()}))
	w.Header().Set("Content-Type", kind)
	if kind != "application/pdf" { // Chromium refuses to show a PDF under a sandbox
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; media-src 'self'; frame-ancestors 'none'; sandbox")
	}
	serve(w, r, m.Name(), f)
}

// viewerCaptions gives a video's captions.
func (h *Handlers) viewerCaptions(w http.ResponseWriter, r *http.Request) {
	s, ok := h.opened(w, r)
	if !ok {
		return
	}
	f, err := h.Library.OpenCaptions(s.m)
	if err != nil {
		h.message(w, r, http.StatusNotFound, "page.missing")
		return
	}
	defer f.Close()
	web.Secure(w)
	w.Header().Set("Content-Type", "text/vtt; charset=utf-8")
	serve(w, r, "captions.vtt", f)
}

// serve answers with ranges where the file can seek.
func serve(w http.ResponseWriter, r *http.Request, name string, f io.Reader) {
	if s, ok := f.(io.ReadSeeker); ok {
		http.ServeContent(w, r, name, time.Time{}, s)
		return
	}
	_, _ = io.Copy(w, f) // the other side may be gone; there is nobody to tell
}

// fileType does not depend on the machine's own tables.
func fileType(name string) string {
	types := map[string]string{".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp",
		".mp4": "video/mp4", ".webm": "video/webm", ".vtt": "text/vtt; charset=utf-8",
		".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation"}
	if t, ok := types[strings.ToLower(path.Ext(name))]; ok {
		return t
	}
	return "application/octet-stream"
}
