package handlers

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"akari/bot"
	"akari/models"
	"akari/web"
)

// Routes is every page and webhook of the public port.
func (h *Handlers) Routes() *http.ServeMux {
	mux := http.NewServeMux()
	for name, p := range h.platforms {
		switch name {
		case "slack":
			for _, path := range []string{"events", "interactions", "commands", "options"} {
				mux.HandleFunc("POST /hooks/slack/"+path, h.hook(p, false))
			}
		case "lineworks":
			mux.HandleFunc("POST /hooks/lineworks/{connection}", h.hook(p, true))
		default:
			// LINE sends again only where the account's owner switched it on.
			mux.HandleFunc("POST /hooks/"+name, h.hook(p, name == "line"))
		}
	}
	mux.HandleFunc("GET /v/{token}", h.viewerPage)
	mux.HandleFunc("POST /v/{token}/open", h.viewerOpen)
	mux.HandleFunc("POST /v/{token}/seen", h.viewerSeen)
	mux.HandleFunc("POST /v/{token}/go", h.viewerGo)
	mux.HandleFunc("POST /v/{token}/ack", h.viewerMark(models.Acks))
	mux.HandleFunc("POST /v/{token}/used", h.viewerMark(models.Uses))
	mux.HandleFunc("POST /v/{token}/undo", h.viewerUndo)
	mux.HandleFunc("POST /v/{token}/deal", h.viewerDeal)
	mux.HandleFunc("POST /v/{token}/who", h.viewerWho)
	mux.HandleFunc("GET /v/{token}/captions", h.viewerCaptions)
	mux.HandleFunc("GET /v/{token}/file/{name}", h.viewerFile)
	mux.HandleFunc("GET /f/{token}", h.formPage)
	mux.HandleFunc("POST /f/{token}", h.formSubmit)
	mux.HandleFunc("POST /f/{token}/keep", h.formKeep)
	mux.HandleFunc("GET /m/{signed}/{name}", h.picture)
	h.staffRoutes(mux)
	mux.Handle("GET /static/", web.Static())
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { h.message(w, r, http.StatusOK, "page.home") })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { h.message(w, r, http.StatusNotFound, "page.missing") })
	return mux
}

// hook takes a platform's webhook: verified on its raw bytes, committed, and
// only then answered. lostForever says that the platform never sends again, so
// that what the database could not take goes to disk before the answer.
func (h *Handlers) hook(p bot.Platform, lostForever bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		status, kind, body := h.take(p, lostForever, w, r)
		if kind != "" {
			w.Header().Set("Content-Type", kind)
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(status)
		w.Write(body)
		h.Observe.Acked(p.Name(), status, time.Since(began))
	}
}

func (h *Handlers) take(p bot.Platform, lostForever bool, w http.ResponseWriter, r *http.Request) (int, string, []byte) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.Limits.MaxBody))
	if err != nil {
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			return http.StatusRequestEntityTooLarge, "", nil
		}
		return http.StatusBadRequest, "", nil
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	ins, err := p.Hear(r)
	switch {
	case errors.Is(err, bot.ErrSignature):
		return http.StatusUnauthorized, "", nil
	case errors.Is(err, bot.ErrNoConnection):
		return http.StatusNotFound, "", nil
	case err != nil:
		return http.StatusBadRequest, "", nil
	case len(ins) == 0:
		return http.StatusOK, "", nil
	}
	// The answer must leave before the deadline, whatever the database does, and
	// what we took must be finished even if the caller hangs up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), h.Limits.AckDeadline)
	defer cancel()
	status, kind, body := http.StatusOK, "", []byte(nil)
	for i, in := range ins {
		out, err := h.Receive(ctx, in)
		if err != nil {
			if n := h.lost.told(time.Now()); n > 0 {
				h.Log.Error("inbounds are not on record", "platform", p.Name(), "count", n, "error", err)
			}
			if lostForever {
				if err := h.spool(ins[i:]); err != nil {
					h.Log.Error("an inbound is lost: the spool cannot be written", "platform", p.Name(), "error", err)
				}
			}
			return http.StatusServiceUnavailable, "", nil
		}
		if len(ins) == 1 {
			status, kind, body = p.Answer(in, out)
		}
	}
	return status, kind, body
}

// seldom counts what would flood the log just when the machine has enough to do.
type seldom struct {
	mu   sync.Mutex
	last time.Time
	n    int
}

// told answers how often it was asked since it last answered a number, and 0
// until a second has passed.
func (s *seldom) told(now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	if now.Sub(s.last) < time.Second {
		return 0
	}
	n := s.n
	s.last, s.n = now, 0
	return n
}

// render writes a page, or a plain sentence if the page itself is broken.
func (h *Handlers) render(w http.ResponseWriter, status int, page string, data any) {
	if err := web.Serve(w, status, page, data); err != nil {
		h.Log.Error("a page could not be drawn", "page", page, "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}
}

// message shows one polite sentence; key.title and key.text are its words.
func (h *Handlers) message(w http.ResponseWriter, r *http.Request, status int, key string) {
	lang := h.lang(r)
	tone := ""
	switch {
	case key == "page.sent":
		tone = "done"
	case status == http.StatusGone:
		tone = "gone"
	}
	h.render(w, status, "message.html", web.MessagePage{Frame: h.frame(r, h.Library.Say(lang, key+".title")), Tone: tone, Text: h.Library.Say(lang, key+".text", "desk", h.Vendor.Desk)})
}

func (h *Handlers) frame(r *http.Request, title string) web.Frame {
	return web.Frame{Lang: h.lang(r), Title: title, Vendor: h.Vendor.Desk}
}

// lang is the language of a page: asked for by ?lang=, else the browser's.
func (h *Handlers) lang(r *http.Request) string {
	for _, lang := range h.Vendor.Languages {
		if r.URL.Query().Get("lang") == lang {
			return lang
		}
	}
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		base, _, _ := strings.Cut(tag, "-")
		for _, lang := range h.Vendor.Languages {
			if base == lang {
				return lang
			}
		}
	}
	return "ja"
}
