package whole_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"akari/internal/testenv"
	"akari/internal/whole"
)

var bg = context.Background()

// kills is how often a process is killed: 50 times in CI (promises), 10 at home.
func kills(t *testing.T) int {
	if s := os.Getenv("AKARI_KILLS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			t.Fatalf("AKARI_KILLS must be a number, not %q", s)
		}
		return n
	}
	if testenv.CI() {
		return 50
	}
	return 10
}

// TestKillLoopOfTwoProcesses is promise P1, P2, P7 and P12 at once: two processes on
// one MariaDB, killed in turn under load, while Redis loses everything every 2 s.
func TestKillLoopOfTwoProcesses(t *testing.T) {
	redis := testenv.RedisServer(t)
	w := town(t, "mysql", func(w *whole.Town) { w.Redis = redis.Addr })
	processes := []*whole.Process{start(t, w, "one", true), start(t, w, "two", false)}
	db := look(t, "mysql", w.DSN)
	flushing, stop := context.WithCancel(t.Context())
	defer stop()
	go flush(flushing, redis.Addr)
	killLoop(t, w, db, kills(t), processes...)
}

// TestKillLoopOnSQLite is the same with the embedded database and one process.
func TestKillLoopOnSQLite(t *testing.T) {
	w := town(t, "sqlite", nil)
	p := start(t, w, "one", true)
	killLoop(t, w, look(t, "sqlite", w.DSN), max(5, kills(t)/2), p)
}

// flush empties a Redis every 2 s.
func flush(ctx context.Context, addr string) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(2 * time.Second):
		}
		if conn, err := net.DialTimeout("tcp", addr, time.Second); err == nil {
			_, _ = conn.Write([]byte("FLUSHALL\r\n"))
			_, _ = bufio.NewReader(conn).ReadString('\n')
			_ = conn.Close()
		}
	}
}

func roots(ps []*whole.Process) (out []string) {
	for _, p := range ps {
		out = append(out, p.URL)
	}
	return out
}

// killLoop kills and restarts random processes under load and then judges.
func killLoop(t *testing.T, w *whole.Town, db *sql.DB, cycles int, ps ...*whole.Process) {
	l := newLoad(w, 60*time.Millisecond, roots(ps)...)
	l.warm(t)
	l.run()
	var starting []time.Duration
	for range cycles {
		time.Sleep(time.Duration(300+rand.IntN(500)) * time.Millisecond)
		p := ps[rand.IntN(len(ps))]
		p.Kill()
		began := time.Now()
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		err := p.Ready(ctx)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		starting = append(starting, time.Since(began))
	}
	l.stop()
	t.Logf("%d kills: %v; restarts took %v at most", cycles, l, longest(starting))
	judge(t, w, db, l, cycles, len(ps))
}

func longest(ds []time.Duration) (d time.Duration) {
	for _, one := range ds {
		d = max(d, one)
	}
	return d.Round(time.Millisecond)
}

// judge waits until everything owed has ended and compares what the platforms
// have, what the log says, and what was acknowledged.
func judge(t *testing.T, w *whole.Town, db *sql.DB, l *load, crashes, processes int) {
	t.Helper()
	began := time.Now()
	owed := func() int {
		return number(t, db, "SELECT COUNT(*) FROM v_delivery WHERE state IN ('queued','sending') OR state = 'unconfirmed' AND platform = 'slack'") +
			number(t, db, "SELECT COUNT(*) FROM v_inbound WHERE outcome = 'waiting'")
	}
	for end := began.Add(3 * time.Minute); owed() > 0; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			for _, row := range table(t, db, "SELECT platform, act, operation, state, attempts, crashes, due_at, intent_at, error_code, address FROM v_delivery WHERE state IN ('queued','sending','unconfirmed') LIMIT 20") {
				t.Log(row)
			}
			t.Fatalf("%d deliveries or inbounds are still not ended", owed())
		}
	}
	t.Logf("settled after %v; deliveries: %v", time.Since(began).Round(time.Millisecond), table(t, db, "SELECT platform, act, state, COUNT(*) FROM v_delivery GROUP BY platform, act, state ORDER BY 1, 2, 3"))
	judgeInbound(t, db, l)
	judgeEffects(t, db)
	judgeSlack(t, w, db)
	judgeWorks(t, w, db)
	judgeLine(t, w, db, l)
	// Only what was in flight at a crash may be in doubt: at most concurrency (8)
	// sends of each of three platforms, and as many one-shot replies.
	if n := number(t, db, "SELECT COUNT(*) FROM v_delivery WHERE state IN ('held','unconfirmed')"); n > crashes*8*4 {
		t.Errorf("%d deliveries are in doubt after %d crashes", n, crashes)
	}
	for what, wrong := range map[string][]string{"LINE WORKS": w.Works.Violations(), "LINE": w.Line.Wrong()} {
		if len(wrong) > 0 {
			t.Errorf("%s was told things it never accepts, e.g. %s", what, wrong[0])
		}
	}
}

// judgeInbound: acknowledged means stored exactly once; nothing is stored twice.
func judgeInbound(t *testing.T, db *sql.DB, l *load) {
	t.Helper()
	stored, handled := map[string]int{}, map[string]string{}
	for _, row := range table(t, db, "SELECT source_key, kind, outcome FROM v_inbound") {
		key := row[0][strings.LastIndexByte(row[0], ':')+1:]
		stored[key]++
		handled[key] = row[1] + "/" + row[2]
	}
	pressed := map[string]int{}
	for _, row := range table(t, db, "SELECT occurred_at FROM v_event WHERE kind = 'rated' AND source_key IS NOT NULL") {
		pressed[normalTime(row[0])]++
	}
	lost, doubled, questions := 0, 0, map[string][]string{}
	count := func(n int, acked bool, what string) {
		switch {
		case n == 0 && acked:
			lost++
			t.Logf("lost: %s", what)
		case n > 1:
			doubled++
			t.Logf("stored %d times: %s", n, what)
		}
	}
	for _, h := range l.all {
		if h.at != "" {
			count(pressed[h.at], h.acked.Load(), "a press at "+h.at)
			continue
		}
		for i, key := range h.keys {
			count(stored[key], h.acked.Load(), h.platform+" "+key)
			q := h.question
			if q == "" {
				q = key
			}
			if stored[key] > 0 {
				questions[q] = append(questions[q], handled[key])
			}
			_ = i
		}
	}
	for q, rows := range questions {
		asked := 0
		for _, r := range rows {
			switch r {
			case "asked/handled":
				asked++
			case "ignored/ignored":
			default:
				t.Errorf("question %s became %s", q, r)
			}
		}
		if asked != 1 {
			t.Errorf("question %s was asked %d times: %v", q, asked, rows)
		}
	}
	if lost+doubled > 0 {
		t.Errorf("%d lost, %d doubled", lost, doubled)
	}
	t.Logf("%d questions, %d presses on record; %d lost, %d doubled", len(questions), len(pressed), lost, doubled)
}

// normalTime writes a time of either database alike.
func normalTime(s string) string {
	s = strings.TrimSuffix(strings.Replace(s, "T", " ", 1), "Z")
	s = strings.TrimSuffix(s, "+00:00")
	whole, fraction, _ := strings.Cut(s, ".")
	return whole + "." + (fraction + "000000")[:6]
}

// judgeEffects: one answer is owed for each question and each press.
func judgeEffects(t *testing.T, db *sql.DB) {
	t.Helper()
	// The views do not tell a delivery's cause; the table does.
	query := `SELECT e.kind, COUNT(*), SUM(CASE WHEN d.n = 1 THEN 1 ELSE 0 END) FROM events e
		LEFT JOIN (SELECT cause_id, COUNT(*) AS n FROM deliveries GROUP BY cause_id) d ON d.cause_id = e.id
		WHERE e.source_key IS NOT NULL AND e.kind IN ('asked','rated') GROUP BY e.kind`
	for _, row := range table(t, db, query) {
		if row[1] != row[2] {
			t.Errorf("of %s rows %q only %s have exactly one answer", row[1], row[0], row[2])
		}
	}
	query = "SELECT COUNT(*) FROM v_event WHERE kind = 'asked'"
	asked, answered := number(t, db, query), number(t, db, "SELECT COUNT(*) FROM v_event WHERE kind = 'answered'")
	if asked != answered {
		t.Errorf("%d asked, %d answered", asked, answered)
	}
}

// judgeSlack: every row that is sent is there exactly once, and nothing is there
// that no row knows.
func judgeSlack(t *testing.T, w *whole.Town, db *sql.DB) {
	t.Helper()
	there := w.Slack.Delivered()
	states := map[string]int{}
	for _, row := range table(t, db, "SELECT delivery_key, state FROM v_delivery WHERE platform = 'slack' AND act = 'post'") {
		n := there[row[0]]
		delete(there, row[0])
		states[fmt.Sprintf("%s×%d", row[1], n)]++
		if n > 1 || row[1] == "sent" && n != 1 || row[1] == "queued" {
			t.Errorf("Slack: delivery %s is %s and lies in the room %d times", row[0], row[1], n)
		}
	}
	for key, n := range there {
		t.Errorf("Slack: %d messages carry the unknown key %s", n, key)
	}
	t.Logf("Slack: deliveries by state and messages there: %v", states)
}

// judgeWorks: LINE WORKS has no key of ours, but every asker is somebody else.
func judgeWorks(t *testing.T, w *whole.Town, db *sql.DB) {
	t.Helper()
	there := map[string]int{}
	for _, s := range w.Works.Sent() {
		there[s.User]++
	}
	states, doubled := map[string]int{}, 0
	for _, row := range table(t, db, "SELECT address, state, attempts, crashes FROM v_delivery WHERE platform = 'lineworks'") {
		user := row[0][strings.LastIndexAny(row[0], "/:")+1:]
		n := there[user]
		attempts, _ := strconv.Atoi(row[2])
		states[fmt.Sprintf("%s×%d", row[1], n)]++
		if n > 1 {
			doubled++
		}
		// A second post happens only after an attempt that a crash left in doubt.
		if n > attempts || n > 1 && row[3] == "0" || row[1] == "sent" && n == 0 {
			t.Errorf("LINE WORKS: %s after %s attempts and %s crashes is %s and %d messages are there", row[0], row[2], row[3], row[1], n)
		}
	}
	t.Logf("LINE WORKS: deliveries by state and messages there: %v; %d posted twice after a crash, each with a row that says so", states, doubled)
}

// judgeLine: a reply token is used once, and every answer was a reply or a push
// under its own key.
func judgeLine(t *testing.T, w *whole.Town, db *sql.DB, l *load) {
	t.Helper()
	tried, accepted := replyCalls(w)
	for token, n := range tried {
		if n > 1 && accepted[token] > 1 {
			t.Errorf("LINE: a reply token was accepted %d times", accepted[token])
		}
	}
	pushes := map[string]int{}
	replies := 0
	for _, s := range w.Line.Sent() {
		if s.Reply {
			replies++
			continue
		}
		pushes[s.Key]++
	}
	known := map[string]string{}
	sent, doubt := 0, 0
	for _, row := range table(t, db, "SELECT delivery_key, state FROM v_delivery WHERE platform = 'line'") {
		known[row[0]] = row[1]
		switch row[1] {
		case "sent":
			sent++
		case "unconfirmed", "held":
			doubt++
		default:
			t.Errorf("LINE: delivery %s ended as %s", row[0], row[1])
		}
	}
	for key, n := range pushes {
		if n != 1 || known[key] == "" {
			t.Errorf("LINE: %d pushes carry key %s, whose row is %q", n, key, known[key])
		}
	}
	got := replies + len(pushes)
	if got < sent || got > sent+doubt {
		t.Errorf("LINE has %d answers; %d rows are sent and %d in doubt", got, sent, doubt)
	}
	t.Logf("LINE: %d answers there (%d by reply token), %d rows sent, %d in doubt", got, replies, sent, doubt)
}

// mortal is a MariaDB of this test's own, on which its town will be.
func mortal(ctx context.Context, t *testing.T) *whole.MariaDB {
	t.Helper()
	for _, name := range []string{"mariadbd", "mariadb-install-db"} {
		if _, err := exec.LookPath(name); err != nil {
			testenv.Missing(t, name, "Install mariadb-server.")
		}
	}
	server, err := whole.NewMariaDB(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Kill)
	t.Setenv("AKARI_TEST_MYSQL", server.DSN)
	return server
}

// TestADatabaseThatIsKilledLosesNothing is P1 with kill -9 of the database server.
func TestADatabaseThatIsKilledLosesNothing(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	server := mortal(ctx, t)
	w := town(t, "mysql", nil)
	p := start(t, w, "one", true)
	db := look(t, "mysql", w.DSN)
	l := newLoad(w, 40*time.Millisecond, p.URL)
	l.warm(t)
	l.run()
	for range 2 {
		time.Sleep(2 * time.Second)
		server.Kill()
		time.Sleep(500 * time.Millisecond)
		if err := server.Restart(ctx); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(2 * time.Second)
	l.stop()
	t.Logf("database killed twice: %v", l)
	judge(t, w, db, l, 2, 1)
}
