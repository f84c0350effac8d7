package whole_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"akari/bot/slack/slacktest"
	"akari/internal/whole"
)

// TestOverloadIsRefusedNotLost is promise P3: far more callers than can be served,
// and for a while nobody can write at all. Whatever was answered 200 is on record,
// once; whatever could not be stored was told so while the caller still listened.
func TestOverloadIsRefusedNotLost(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		h := open(t, driver, nil)
		const callers = 300
		var (
			told     atomic.Int64
			stop     atomic.Bool
			mu       sync.Mutex
			acked    = map[string]bool{}
			statuses = map[int]int{}
			slowest  time.Duration
			all      sync.WaitGroup
		)
		client := &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: callers}} // Slack listens for 3 s
		t.Cleanup(client.CloseIdleConnections)
		for range callers {
			all.Go(func() {
				for !stop.Load() {
					n := told.Add(1)
					id := fmt.Sprintf("EvOVER%06d", n)
					body := h.SlackEvent(h.call, "app_mention", id, whole.Room(int(n)), whole.Member(int(n)), whole.Question, fmt.Sprintf("%d.%06d", time.Now().Unix(), n))
					began := time.Now()
					status, err := whole.Post(t.Context(), client, h.URL+slacktest.Events, body, h.SlackHeader(asJSON, body, time.Now()))
					took := time.Since(began)
					mu.Lock()
					if err != nil && statuses[0] == 0 {
						t.Logf("the first call without an answer: %v", err)
					}
					statuses[status]++
					slowest = max(slowest, took)
					acked[id] = status == http.StatusOK
					mu.Unlock()
				}
			})
		}
		time.Sleep(time.Second)
		free := lockWrites(t, driver, h.db)
		time.Sleep(2500 * time.Millisecond)
		free()
		time.Sleep(time.Second)
		stop.Store(true)
		all.Wait()
		stored := map[string]int{}
		for _, row := range table(t, h.db, "SELECT source_key FROM v_inbound") {
			stored[row[0][strings.LastIndexByte(row[0], ':')+1:]]++
		}
		lost, doubled := 0, 0
		for id, ok := range acked {
			if ok && stored[id] == 0 {
				lost++
			}
			if stored[id] > 1 {
				doubled++
			}
		}
		t.Logf("%d callers: %v by status, slowest %v; %d lost, %d doubled", callers, statuses, slowest.Round(time.Millisecond), lost, doubled)
		if lost+doubled > 0 {
			t.Errorf("%d answered 200 are not on record, %d are twice", lost, doubled)
		}
		if statuses[http.StatusOK] == 0 || statuses[http.StatusServiceUnavailable] == 0 || len(statuses) != 2 {
			t.Errorf("by status: %v, want 200s and 503s and nothing else", statuses)
		}
		k := h.hooks()[0]
		if status := h.post(t, k.path, k.body, k.sign(k.body)); status != http.StatusOK {
			t.Errorf("after the overload a webhook is answered %d", status)
		}
	})
}

// lockWrites keeps everybody else from writing events, or what waits for facts, until
// free is called.
func lockWrites(t *testing.T, driver string, db *sql.DB) (free func()) {
	t.Helper()
	lock, unlock := "BEGIN IMMEDIATE", "ROLLBACK"
	if driver == "mysql" {
		lock, unlock = "LOCK TABLES events READ, waiting READ", "UNLOCK TABLES"
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if driver == "sqlite" {
		_, err = conn.ExecContext(t.Context(), "PRAGMA busy_timeout = 10000")
	}
	if err == nil {
		_, err = conn.ExecContext(t.Context(), lock)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := conn.ExecContext(t.Context(), unlock); err != nil {
			t.Error(err)
		}
		_ = conn.Close()
	}
}
