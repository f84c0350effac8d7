package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestClockFollowsItsFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "offset")
		write := func(text string) {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write("-36h15m\n")
		c := NewClock(ClockConfig{Offset: time.Hour, OffsetFile: file}, slog.New(slog.DiscardHandler))
		go c.Run(t.Context())
		for _, step := range []struct {
			name, text string
			want       time.Duration
		}{
			{"at the start", "", time.Hour - 36*time.Hour - 15*time.Minute},
			{"after a change", "2h", 3 * time.Hour},
			{"after nonsense", "tomorrow", 3 * time.Hour},
			{"after repair", "0", time.Hour},
		} {
			if step.text != "" {
				write(step.text)
			}
			time.Sleep(1100 * time.Millisecond)
			if got := time.Until(c.Now()).Round(time.Millisecond); got != step.want {
				t.Errorf("%s: shifted by %s, want %s", step.name, got, step.want)
			}
		}
	})
}

func TestClockGivesWholeMicrosecondsInUTC(t *testing.T) {
	c := NewClock(ClockConfig{}, slog.New(slog.DiscardHandler))
	for range 100 {
		if now := c.Now(); now.Nanosecond()%1000 != 0 || now.Location() != time.UTC {
			t.Fatalf("%v", now)
		}
	}
}

func TestLogHidesCredentials(t *testing.T) {
	var out strings.Builder
	log := newLogger(LogConfig{Level: "debug", Format: "json"}, &out)
	log.Info("hello", "bot_token", "hidden1", "database_dsn", "hidden2", "text", "hidden3", "address", "redis://:hidden4@h:1/0",
		"error", os.NewSyscallError("dial root:hidden5@tcp(db:3306)/akari with xoxb-hidden6 and Bearer hidden7", os.ErrClosed), "secret", NewSecret("hidden8"))
	log.Debug("seen", "platform", "slack", "context", "kept")
	if strings.Contains(out.String(), "hidden") {
		t.Errorf("told: %s", out.String())
	}
	for _, want := range []string{"redis://***@h:1/0", `***@tcp(db:3306)/akari`, `"platform":"slack"`, "kept"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("lacks %s: %s", want, out.String())
		}
	}
}
