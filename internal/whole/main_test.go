package whole_test

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"akari/bot/slack/slacktest"
	"akari/internal/testenv"
	"akari/internal/whole"

	_ "modernc.org/sqlite" // to look into the embedded database from outside
)

// bin is the real binary, built once.
var bin string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "akari-whole-")
		if err == nil {
			defer os.RemoveAll(dir)
			bin, err = whole.Build(context.Background(), dir)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// house is a town with one running process and an open door to its database.
type house struct {
	*whole.Town
	*whole.Process
	call *slacktest.Caller
	db   *sql.DB
}

// dsn makes an empty database.
func dsn(t *testing.T, driver string) string {
	t.Helper()
	if driver == "mysql" {
		return testenv.MySQL(t)
	}
	return testenv.SQLite(t)
}

// look opens the database as a BI tool would.
func look(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	if driver == "mysql" {
		dsn += "?parseTime=true&loc=UTC"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(2)
	t.Cleanup(func() { db.Close() })
	return db
}

// town makes a town on an empty database; change may alter it before it is used.
func town(t *testing.T, driver string, change func(*whole.Town)) *whole.Town {
	t.Helper()
	w, err := whole.NewTown(t.TempDir(), driver, dsn(t, driver))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	if change != nil {
		change(w)
	}
	return w
}

// start starts a process of a town, which ends with the test.
func start(t *testing.T, w *whole.Town, name string, settle bool) *whole.Process {
	t.Helper()
	p, err := w.Process(bin, name)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if settle {
		if err := w.Settle(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("the last lines of %s:\n%s", name, lastLines(p.Output(), 40))
		}
		if strings.Contains(p.Output(), "panic") {
			t.Errorf("%s panicked:\n%s", name, lastLines(p.Output(), 60))
		}
	})
	if err := p.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	return p
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// open is a house: one process on an empty database.
func open(t *testing.T, driver string, change func(*whole.Town)) *house {
	t.Helper()
	w := town(t, driver, change)
	p := start(t, w, "akari", true)
	return &house{Town: w, Process: p, call: w.Slack.Caller(p.URL), db: look(t, driver, w.DSN)}
}

// each runs a test on both databases.
func each(t *testing.T, f func(t *testing.T, driver string)) {
	for _, driver := range []string{"sqlite", "mysql"} {
		t.Run(driver, func(t *testing.T) { f(t, driver) })
	}
}

// wait waits until ok, or fails the test saying what was missing. A busy machine gets
// a minute for anything.
func wait(t *testing.T, patience time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(max(patience, time.Minute)); time.Now().Before(end); time.Sleep(25 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

// number is the answer to a query for one number.
func number(t *testing.T, db *sql.DB, query string, args ...any) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// table is the answer to any query, as texts; NULL is "-".
func table(t *testing.T, db *sql.DB, query string, args ...any) (out [][]string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		cells, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		line := make([]string, len(columns))
		for i, c := range cells {
			if line[i] = "-"; c.Valid {
				line[i] = c.String
			}
		}
		out = append(out, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// hooks is how webhooks are posted: each on its own, with the patience of Slack.
var hooks = &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{
	DialContext: (&net.Dialer{Timeout: time.Second}).DialContext, MaxIdleConnsPerHost: 64,
}}
