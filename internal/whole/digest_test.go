package whole_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"akari/bot/slack/slacktest"
	"akari/internal/testenv"
	"akari/internal/whole"
)

// TestDigestsAreToldOnceThroughKills is promise P11: three processes whose clocks
// are five minutes apart come to the due moment of two weeks, at the end of a year
// with a week 53, and one after the other is killed meanwhile, most of all while a
// digest is on its way. Each audience is told each week once.
func TestDigestsAreToldOnceThroughKills(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	rooms := []string{"C0STAFF", "C0SALES", "C0BOARD"}
	redis := testenv.RedisServer(t)
	offsets := filepath.Join(t.TempDir(), "offset")
	w := town(t, "mysql", func(w *whole.Town) {
		w.Redis = redis.Addr
		for _, id := range rooms[1:] {
			w.Slack.AddChannel(slacktest.Channel{ID: id, Name: strings.ToLower(id), Members: []string{"U0BOT", "U0ITO"}})
		}
		w.Slack.Fail(slacktest.Fault{Method: "chat.postMessage", Times: -1, Hang: 200 * time.Millisecond}) // time to be killed in
	})
	audiences := "digest:\n  audiences:\n    - {key: manager, to: s-ito, schedule: Mon 09:00, time_zone: Asia/Tokyo}\n"
	for _, id := range rooms {
		audiences += fmt.Sprintf("    - {key: %s, to: \"room:slack:%s\", schedule: Mon 09:00, time_zone: Asia/Tokyo}\n", id, id)
	}
	// at makes the middle clock show a moment; processes look at the file every second.
	at := func(moment time.Time) {
		t.Helper()
		half := offsets + ".new"
		if err := os.WriteFile(half, []byte(time.Until(moment).String()), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(half, offsets); err != nil {
			t.Fatal(err)
		}
	}
	due := time.Date(2027, 1, 4, 9, 0, 0, 0, tokyo)
	at(due.Add(-8 * time.Minute))
	var processes []*whole.Process
	for i, apart := range []string{"-5m", "0s", "5m"} {
		w.More = audiences + fmt.Sprintf("clock: {offset: %s, offset_file: %q}\n", apart, offsets)
		processes = append(processes, start(t, w, fmt.Sprintf("clock%d", i), i == 0))
	}
	db := look(t, "mysql", w.DSN)
	kills := 0
	kill := func(p *whole.Process) {
		p.Kill()
		kills++
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if err := p.Ready(ctx); err != nil {
			t.Fatal(err)
		}
	}
	// The week before the first is told at the start, by processes that all see it
	// for the first time.
	weeks := []string{"2026-W52", "2026-W53", "2027-W01"}
	told := func() int { return number(t, db, "SELECT COUNT(*) FROM v_digest WHERE state = 'sent'") }
	for n, moment := range []time.Time{due, due.AddDate(0, 0, 7)} {
		at(moment.Add(-8 * time.Minute))
		wait(t, time.Minute, "the digests of "+weeks[n], func() bool { return told() == (n+1)*(len(rooms)+1) })
		var all sync.WaitGroup
		all.Go(func() { // the clocks pass the moment, one five minutes after the other
			for m := -8 * time.Minute; m <= 6*time.Minute; m += time.Minute {
				at(moment.Add(m))
				time.Sleep(400 * time.Millisecond)
			}
		})
		for end := time.Now().Add(6 * time.Second); time.Now().Before(end); {
			sending := func() bool { return number(t, db, "SELECT COUNT(*) FROM deliveries WHERE state = 'sending'") > 0 }
			for until := time.Now().Add(time.Second); time.Now().Before(until) && !sending(); {
				time.Sleep(10 * time.Millisecond)
			}
			kill(processes[rand.IntN(len(processes))])
		}
		all.Wait()
	}
	wait(t, time.Minute, "every digest", func() bool { return told() == len(weeks)*(len(rooms)+1) })
	wait(t, time.Minute, "an empty outbox", func() bool {
		return number(t, db, "SELECT COUNT(*) FROM deliveries WHERE state IN ('queued', 'sending', 'unconfirmed')") == 0
	})
	for _, room := range append(slices.Clone(rooms), w.Slack.DirectRoom("U0ITO")) {
		for _, week := range weeks {
			n := 0
			for _, m := range w.Slack.Messages(room) {
				if strings.Contains(m.Text, "週次ダイジェスト") && strings.Contains(m.Text, week) {
					n++
				}
			}
			if n != 1 {
				t.Errorf("%s was told %s %d times", room, week, n)
			}
		}
	}
	if rows := number(t, db, "SELECT COUNT(*) FROM v_digest"); rows != len(weeks)*(len(rooms)+1) {
		t.Errorf("%d digests on record", rows)
	}
	t.Logf("%d kills", kills)
}
