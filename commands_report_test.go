package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"akari/internal/testenv"
)

func TestReportRebuildIsAskedForRightly(t *testing.T) {
	env := []string{"AKARI_DATABASE_DSN=" + filepath.Join(t.TempDir(), "akari.db"), "AKARI_SERVER_SPOOL_DIR=" + filepath.Join(t.TempDir(), "spool")}
	var out, errs strings.Builder
	if code := run([]string{"report", "rebuild", "--json"}, env, &out, &errs); code != exitDone {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	var done struct{ Visits, Changed, Rules int }
	if err := json.Unmarshal([]byte(out.String()), &done); err != nil || done.Visits != 0 || done.Rules < 2 {
		t.Errorf("%s (%v)", out.String(), err)
	}
	for _, args := range [][]string{{"--from", "yesterday"}, {"--to", "2026-13-01"}, {"--from", "2026-12-31", "--to", "2026-01-01"}} {
		errs.Reset()
		if code := run(append([]string{"report", "rebuild"}, args...), env, &out, &errs); code != exitUsage || errs.String() == "" {
			t.Errorf("%v: exit %d, %q", args, code, errs.String())
		}
	}
}

// serve goes on without Redis, so check is where a wrong address shows.
func TestCheckAsksRedis(t *testing.T) {
	env := []string{"AKARI_DATABASE_DSN=" + filepath.Join(t.TempDir(), "akari.db"), "AKARI_SERVER_SPOOL_DIR=" + filepath.Join(t.TempDir(), "spool")}
	for url, want := range map[string]int{"redis://" + testenv.Redis(t) + "/9": exitDone, "redis://:hidden@127.0.0.1:1/0": exitFailed} {
		var out strings.Builder
		if code := run([]string{"check"}, append(env, "AKARI_REDIS_URL="+url), &out, &out); code != want || strings.Contains(out.String(), "hidden") || want == exitFailed && !strings.Contains(out.String(), "redis.url: ") {
			t.Errorf("exit %d, want %d: %s", code, want, out.String())
		}
	}
}

func TestCheckReadsTheRobotsFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "robots.txt")
	if err := os.WriteFile(file, []byte("AcmeScan\n(\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"AKARI_DATABASE_DSN=" + filepath.Join(t.TempDir(), "akari.db"), "AKARI_SERVER_SPOOL_DIR=" + filepath.Join(t.TempDir(), "spool"), "AKARI_LINKS_ROBOTS_FILE=" + file}
	var out, errs strings.Builder
	if code := run([]string{"check"}, env, &out, &errs); code != exitFailed || !strings.Contains(out.String()+errs.String(), "robots.txt:2") {
		t.Errorf("exit %d: %s%s", code, out.String(), errs.String())
	}
}
