package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/pprof"
	"time"
)

// adminParts is what the admin port looks at.
type adminParts struct {
	metrics http.Handler
	// database answers whether the database answers and has our schema.
	database func(context.Context) error
	// redis answers whether Redis answers; nil where none is configured.
	redis func(context.Context) error
	// stopping tells that a shutdown has begun: a load balancer should look elsewhere.
	stopping func() bool
}

// Readiness is the body of /readyz.
type Readiness struct {
	Status string            `json:"status"` // ready, degraded, unavailable
	Parts  map[string]string `json:"parts"`
}

// newAdmin is the handler of the admin port: health, version, metrics, profiles.
func newAdmin(p adminParts) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		state, code := p.readiness(r.Context())
		answer(w, code, state)
	})
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, currentVersion())
	})
	mux.Handle("GET /metrics", p.metrics)
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", http.NotFound) // arguments may name files of secrets
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

// readiness: the database decides; without Redis we are slower, not wrong.
func (p adminParts) readiness(ctx context.Context) (Readiness, int) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r := Readiness{Status: "ready", Parts: map[string]string{"database": "ok"}}
	if p.redis != nil {
		r.Parts["redis"] = "ok"
		if p.redis(ctx) != nil {
			r.Parts["redis"], r.Status = "away", "degraded"
		}
	}
	if err := p.database(ctx); err != nil {
		r.Parts["database"], r.Status = hush(err.Error()), "unavailable"
	}
	if p.stopping() {
		r.Parts["process"], r.Status = "stopping", "unavailable"
	}
	if r.Status == "unavailable" {
		return r, http.StatusServiceUnavailable
	}
	return r, http.StatusOK
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // the other side may be gone
}
