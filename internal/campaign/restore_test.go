package campaign_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"akari/bot"
	"akari/bot/line/linetest"
	"akari/bot/slack/slacktest"
	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

// dump keeps the whole database as it is at one moment, while others write, and
// answers how a new one is made of it.
func (g *rig) dump() (restored func() string) {
	g.t.Helper()
	if g.driver == "sqlite" {
		to := filepath.Join(g.t.TempDir(), "backup.db")
		if _, err := g.raw().Exec("VACUUM INTO ?", to); err != nil {
			g.t.Fatal(err)
		}
		return func() string { return to }
	}
	tx, err := g.raw().BeginTx(g.t.Context(), &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		g.t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // it only read
	tables := map[string][][]any{}
	for _, row := range modelstest.Table(g.t, g.driver, g.dsn, "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' AND table_name <> 'goose_db_version'") {
		tables[row["name"]] = g.everything(tx, row["name"])
	}
	return func() string {
		to := modelstest.DSN(g.t, g.driver)
		modelstest.Connect(g.t, g.driver, to, g.clock.now)
		db := modelstest.Raw(g.t, g.driver, to)
		for table, rows := range tables {
			if _, err := db.Exec("DELETE FROM `" + table + "`"); err != nil {
				g.t.Fatal(err)
			}
			for _, row := range rows {
				if _, err := db.Exec("INSERT INTO `"+table+"` VALUES ("+strings.TrimSuffix(strings.Repeat("?,", len(row)), ",")+")", row...); err != nil {
					g.t.Fatalf("%s: %v", table, err)
				}
			}
		}
		return to
	}
}

func (g *rig) everything(tx *sql.Tx, table string) (out [][]any) {
	g.t.Helper()
	rows, err := tx.Query("SELECT * FROM `" + table + "`")
	if err != nil {
		g.t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		g.t.Fatal(err)
	}
	for rows.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			g.t.Fatal(err)
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		g.t.Fatal(err)
	}
	return out
}

// seen counts what stands before each of the town's people.
func (g *rig) seen(n int) map[string]int {
	out := map[string]int{}
	works := map[string]int{}
	for _, s := range g.works.Sent() {
		works[s.User]++
	}
	line := map[string]int{}
	for _, s := range g.line.Sent() {
		line[s.To]++
	}
	for i := range n {
		key := fmt.Sprintf("m-%04d", i)
		switch i % 3 {
		case 0:
			out[key] = len(g.slack.Messages(g.slack.DirectRoom(fmt.Sprintf("U0P%04d", i))))
		case 1:
			out[key] = works[fmt.Sprintf("works-%04d", i)]
		case 2:
			out[key] = line[linetest.UserID(i)]
		}
	}
	return out
}

// TestARestoredBackupPostsNothingTwice restores a backup from the middle of one
// campaign, of which more had left since, and from before another one, of which all
// had: on Slack and LINE everybody gets each once; on LINE WORKS, which cannot be
// asked, what the backup still owes is held, one by one.
func TestARestoredBackupPostsNothingTwice(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		const n = 60
		g := newRig(t, driver, town(n), func(r *handlers.CampaignRules) { r.StaleAfter = time.Hour })
		g.lease = 3 * time.Second // of what was on its way when the backup was made
		g.people(n)
		g.slack.AddUser(slacktest.User{ID: "U0ITO", Name: "ito"})
		g.slack.AddChannel(slacktest.Channel{ID: "C0STAFF", Name: "staff", Members: []string{"U0BOT"}})
		g.staffRoom("C0STAFF")
		slow := func(string) int { time.Sleep(200 * time.Millisecond); return 0 }
		g.fault.Store(&slow)
		p := g.start()
		first, second := g.create(spec()), g.create(spec(func(s *models.Spec) { s.Title, s.At = "午後のご案内", tuesday.Add(30*time.Minute) }))
		g.launch(first)
		g.launch(second)
		wait(t, "the first ones", 20*time.Second, func() bool { return g.report(first).Sent > n/6 })
		restore := g.dump()
		wait(t, "more of them", 20*time.Second, func() bool { return g.report(first).Sent > n/2 })
		g.act("s-ito", func(a *handlers.Campaigning) error { _, _, err := a.Pause(first); return err })
		g.fault.Store(nil)
		g.clock.move(40 * time.Minute)
		wait(t, "the other campaign", 20*time.Second, func() bool { return g.campaign(second).State == models.CampaignFinished })
		p.stop()
		lost := g.seen(n)

		g.dsn = restore()
		g.store = modelstest.Connect(t, driver, g.dsn, g.clock.now)
		g.mind = g.newMind(g.store, func(...bot.Address) {})
		owed := map[string]bool{} // on LINE WORKS, by the backup
		for _, d := range g.deliveries(first) {
			if d.Platform == "lineworks" && d.State != models.StateSent {
				owed[d.PersonKey] = true
			}
		}
		if len(owed) == 0 || len(owed) == n/3 {
			t.Fatalf("the backup owes %d of %d on LINE WORKS: it is not from the middle", len(owed), n/3)
		}
		g.clock.move(3 * time.Hour)
		p = g.start()
		for _, id := range []int64{first, second} {
			wait(t, "the question", 20*time.Second, func() bool { return g.campaign(id).State == models.CampaignPaused })
			if c := g.campaign(id); c.Why != models.PausedStale {
				t.Fatalf("campaign %d is paused for %s", id, c.Why)
			}
		}
		wait(t, "staff to be asked", 20*time.Second, func() bool {
			for _, m := range g.slack.Messages("C0STAFF") {
				if strings.Contains(m.Text, "LINE WORKS") && strings.Contains(m.Text, "確かめて再開") {
					return true
				}
			}
			return false
		})
		for key, times := range g.seen(n) {
			if times != lost[key] {
				t.Fatalf("%s got something while the campaigns wait for an answer", key)
			}
		}
		for _, id := range []int64{first, second} {
			g.act("s-ito", func(a *handlers.Campaigning) error { _, _, err := a.Resume(id); return err })
		}
		for _, id := range []int64{first, second} {
			wait(t, "the end", time.Minute, func() bool { return g.campaign(id).State == models.CampaignFinished })
		}
		p.stop()
		for i := range n {
			key := fmt.Sprintf("m-%04d", i)
			times, want := g.seen(n)[key], 2
			if i%3 == 1 {
				want = lost[key] // held: not once more, and not once if it had not left
			}
			if times != want {
				t.Errorf("%s has it %d times, want %d", key, times, want)
			}
		}
		g.restoredRows(first, owed)
		g.restoredRows(second, nil)
		if wrong := g.line.Wrong(); len(wrong) > 0 {
			t.Error(wrong)
		}
	})
}

// restoredRows: everybody is sent, and on LINE WORKS exactly what was owed is held;
// nil = everybody there.
func (g *rig) restoredRows(id int64, owed map[string]bool) {
	g.t.Helper()
	held := 0
	for _, d := range g.deliveries(id) {
		doubt := d.Platform == "lineworks" && (owed == nil || owed[d.PersonKey])
		if doubt {
			held++
		}
		if doubt && d.State != models.StateHeld || !doubt && d.State != models.StateSent {
			g.t.Errorf("campaign %d: %s on %s is %s (%s)", id, d.PersonKey, d.Platform, d.State, d.ErrorCode)
		}
	}
	if r := g.report(id); r.Held != held || g.troubles(id) != held {
		g.t.Errorf("campaign %d: %d held, the report says %d and lists %d", id, held, r.Held, g.troubles(id))
	}
}

// TestABackupUnderARunningProcess: a process that has seen a later beat than the
// database knows of does not need an hour to notice.
func TestABackupUnderARunningProcess(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newRig(t, driver, town(30), func(r *handlers.CampaignRules) { r.StaleAfter = time.Hour })
		g.people(30)
		slow := func(string) int { time.Sleep(3 * time.Second); return 0 } // it is not over before it is noticed
		g.fault.Store(&slow)
		g.start()
		id := g.create(spec())
		g.launch(id)
		wait(t, "the start", 20*time.Second, func() bool { return g.campaign(id).State == models.CampaignRunning })
		db := modelstest.Raw(t, g.driver, g.dsn)
		back := time.Now().UTC().Add(-10 * time.Minute).Truncate(time.Microsecond)
		if _, err := db.Exec("UPDATE clocks SET wall_at = ?, steady_at = ? WHERE name = 'campaigns'", back, back); err != nil {
			t.Fatal(err)
		}
		wait(t, "the question", 20*time.Second, func() bool { return g.campaign(id).State == models.CampaignPaused })
		if c := g.campaign(id); c.Why != models.PausedStale || c.DoubtUntil == nil {
			t.Fatalf("%s", c.Why)
		}
	})
}
