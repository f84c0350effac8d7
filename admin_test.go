package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"akari/models"
)

func TestReadiness(t *testing.T) {
	fine := func(context.Context) error { return nil }
	broken := func(context.Context) error { return errors.New("dial user:hidden@tcp(db:3306): refused") }
	never := func() bool { return false }
	tests := []struct {
		name  string
		parts adminParts
		code  int
		want  string
	}{
		{"all well", adminParts{database: fine, redis: fine, stopping: never}, 200, `"status":"ready"`},
		{"without Redis at all", adminParts{database: fine, stopping: never}, 200, `{"status":"ready","parts":{"database":"ok"}}`},
		{"Redis lost", adminParts{database: fine, redis: broken, stopping: never}, 200, `"status":"degraded"`},
		{"database lost", adminParts{database: broken, redis: fine, stopping: never}, 503, `"status":"unavailable"`},
		{"stopping", adminParts{database: fine, stopping: func() bool { return true }}, 503, `"process":"stopping"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.parts.metrics = http.NotFoundHandler()
			w := httptest.NewRecorder()
			newAdmin(tt.parts).ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
			if w.Code != tt.code || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("%d %s, want %d with %s", w.Code, w.Body, tt.code, tt.want)
			}
			if strings.Contains(w.Body.String(), "hidden") {
				t.Errorf("a password is shown: %s", w.Body)
			}
		})
	}
}

func TestMetricsAreAsDocumented(t *testing.T) {
	m := NewMetrics(func(context.Context) (models.Backlog, error) {
		return models.Backlog{Deliveries: map[string]int64{"queued": 7}, OldestDue: 3 * time.Second, Gaps: 2}, nil
	})
	m.Acked("slack", 200, 30*time.Millisecond)
	m.Received("slack", "handled")
	m.Spooled("lineworks")
	m.Sent("line", "sent", time.Second)
	m.Throttled("line", "push")
	w := httptest.NewRecorder()
	newAdmin(adminParts{metrics: m.Handler()}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{
		`akari_webhook_ack_seconds_bucket{platform="slack",status="200",le="0.05"} 1`,
		`akari_webhook_ack_seconds_bucket{platform="slack",status="200",le="0.025"} 0`,
		`akari_inbound_total{outcome="handled",platform="slack"} 1`,
		`akari_inbound_spooled_total{platform="lineworks"} 1`,
		`akari_sends_total{platform="line",result="sent"} 1`,
		`akari_throttled_total{operation="push",platform="line"} 1`,
		`akari_deliveries{state="queued"} 7`,
		`akari_oldest_due_seconds 3`,
		`akari_gaps_open 2`,
		`akari_database_up 1`,
		`go_goroutines`,
		`process_resident_memory_bytes`,
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
}

func TestMetricsOutliveTheDatabase(t *testing.T) {
	m := NewMetrics(func(context.Context) (models.Backlog, error) { return models.Backlog{}, errors.New("away") })
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 || !strings.Contains(w.Body.String(), "akari_database_up 0") || strings.Contains(w.Body.String(), "akari_gaps_open ") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
