package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"akari/bot/slack/slacktest"
	"akari/internal/whole"

	"github.com/go-sql-driver/mysql"
)

// The measurement: alternating rounds, so that a busy moment of the machine hits
// both; figures are medians over the rounds.
const (
	rounds   = 5
	roundFor = 3 * time.Second
	callers  = 32
	openRate = 500 // a second
)

// side is one of the servers that are compared.
type side struct {
	name string
	addr string // host:port
	pid  int
	db   int // process of the database server; 0 = not on this machine, or not ours

	closed, open []measured
}

// presses compares signed Slack presses on akari with those on the bare server.
func presses(ctx context.Context, bin, dir string) error {
	return onServer(ctx, dir, func(dsn string, own *whole.MariaDB) error {
		w, err := whole.NewTown(dir, "mysql", dsn)
		if err != nil {
			return err
		}
		defer w.Close()
		return pressed(ctx, bin, dir, w, dsn, own)
	})
}

func pressed(ctx context.Context, bin, dir string, w *whole.Town, dsn string, own *whole.MariaDB) error {
	w.Small = false
	w.Shipped = true // what a press makes us say leaves at Slack's pace
	p, err := w.Process(bin, "akari")
	if err != nil {
		return err
	}
	if err := w.Settle(ctx, p); err != nil {
		return err
	}
	if err := p.Start(); err != nil {
		return err
	}
	defer p.Kill()
	if err := p.Ready(ctx); err != nil {
		return err
	}
	other, stop, err := startBare(ctx, w, dsn)
	if err != nil {
		return err
	}
	defer stop()
	ours := &side{name: "akari", addr: strings.TrimPrefix(p.URL, "http://"), pid: p.PID()}
	sides := []*side{other, ours}
	if bolt, stop, err := startBolt(ctx, dir, w, dsn); err != nil {
		fmt.Printf("Bolt for JavaScript is not in the table: %v\n", err)
	} else {
		defer stop()
		sides = append(sides, bolt)
	}
	body, err := warm(ctx, w, p)
	if err != nil {
		return err
	}
	for _, s := range sides {
		if own != nil {
			s.db = own.PID()
		}
	}
	for range rounds {
		for _, s := range sides {
			if err := s.round(ctx, body); err != nil {
				return fmt.Errorf("%s: %w\n%s", s.name, err, lastLines(p.Output(), 5))
			}
		}
	}
	report(sides)
	return recorded(ctx, dsn, ours)
}

// round measures both loops once.
func (s *side) round(ctx context.Context, body func() []byte) error {
	c, err := closedLoop(ctx, s, body)
	if err != nil {
		return err
	}
	o, err := openLoop(ctx, s, body)
	s.closed, s.open = append(s.closed, c), append(s.open, o)
	return err
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// warm lets the program learn who presses and where, and answers what makes presses
// that each have an effect of their own.
func warm(ctx context.Context, w *whole.Town, p *whole.Process) (func() []byte, error) {
	call := w.Slack.Caller(p.URL)
	call.Mention(whole.Room(0), whole.Member(0), whole.Question, "")
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		for _, m := range w.Slack.Messages(whole.Room(0)) {
			for _, b := range m.Buttons() {
				if !strings.HasPrefix(b.Label, "解決した") {
					continue
				}
				return maker(call.Pressed(whole.Member(0), whole.Room(0), m, b)), nil
			}
		}
	}
	return nil, errors.New("the first question got no answer")
}

// maker makes bodies of a press that differ in when it was made only.
func maker(payload map[string]any) func() []byte {
	const mark = "1700000000.987654"
	payload["actions"].([]any)[0].(map[string]any)["action_ts"] = mark
	before, after, _ := strings.Cut(url.Values{"payload": {string(whole.JSON(payload))}}.Encode(), mark)
	var n atomic.Int64
	start := time.Now().Unix()
	return func() []byte {
		i := n.Add(1)
		return fmt.Appendf(nil, "%s%d.%06d%s", before, start+i/1_000_000, i%1_000_000, after)
	}
}

// request is the whole HTTP request of a press, signed now.
func request(body []byte) []byte {
	now := time.Now().Unix()
	return fmt.Appendf(nil, "POST /hooks/slack/interactions HTTP/1.1\r\nHost: akari.test\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
		"X-Slack-Request-Timestamp: %d\r\nX-Slack-Signature: %s\r\nContent-Length: %d\r\n\r\n%s", now, slacktest.Sign(slackSecret, now, body), len(body), body)
}

// slackSecret is the double's signing secret.
const slackSecret = "8f742231b10e8888abcd99yyyzzz85a5"

// server is the database server: the one of AKARI_BENCH_MYSQL, else a MariaDB of our
// own, with its settings as shipped but for flags, so that nobody else's work is in
// the figures.
func server(ctx context.Context, dir string, flags ...string) (dsn string, own *whole.MariaDB, err error) {
	if dsn := os.Getenv("AKARI_BENCH_MYSQL"); dsn != "" {
		return dsn, nil, nil
	}
	if !installed("mariadbd") {
		return "root@tcp(127.0.0.1:3306)/", nil, nil
	}
	home := filepath.Join(dir, "mariadb")
	if err := os.Mkdir(home, 0o700); err != nil {
		return "", nil, err
	}
	m, err := whole.NewMariaDB(ctx, home, flags...)
	if err != nil {
		return "", nil, err
	}
	return m.DSN, m, nil
}

// onServer lets do work on an empty database of the server, which is dropped after.
func onServer(ctx context.Context, dir string, do func(dsn string, own *whole.MariaDB) error, flags ...string) error {
	server, own, err := server(ctx, dir, flags...)
	if err != nil {
		return err
	}
	if own != nil {
		defer own.Kill()
	}
	dsn, drop, err := database(ctx, server)
	if err != nil {
		return err
	}
	defer drop()
	return do(dsn, own)
}

func installed(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// database makes a database on a server.
func database(ctx context.Context, server string) (dsn string, drop func(), err error) {
	cfg, err := mysql.ParseDSN(server)
	if err != nil {
		return "", nil, err
	}
	db, err := sql.Open("mysql", server)
	if err != nil {
		return "", nil, err
	}
	var b [6]byte
	_, _ = rand.Read(b[:])
	cfg.DBName = "akari_bench_" + hex.EncodeToString(b[:])
	if _, err := db.ExecContext(ctx, "CREATE DATABASE "+cfg.DBName+" CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"); err != nil {
		return "", nil, errors.Join(fmt.Errorf("no MySQL or MariaDB to measure with: %w", err), db.Close())
	}
	return cfg.FormatDSN(), func() {
		_, _ = db.Exec("DROP DATABASE " + cfg.DBName)
		_ = db.Close()
	}, nil
}

// startBare starts ourselves again as the bare server.
func startBare(ctx context.Context, w *whole.Town, dsn string) (*side, func(), error) {
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		return nil, nil, err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, bareTable); err != nil {
		return nil, nil, err
	}
	addr, err := whole.FreeAddr()
	if err != nil {
		return nil, nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), bareEnv+"="+dsn, bareListen+"="+addr, bareSecret+"="+w.Slack.SigningSecret)
	cmd.Stderr = os.Stderr
	return startSide("bare server", addr, cmd)
}

func median[T int64 | float64 | time.Duration](of []measured, what func(measured) T) T {
	var all []T
	for _, m := range of {
		all = append(all, what(m))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// report prints the table: the first side is what the others are held against.
// Processor time is that of the server alone, and beside it what the database spent
// meanwhile, for a request each.
func report(sides []*side) {
	fmt.Printf("\nsigned Slack press → verified, logged, 200, on MariaDB or MySQL; medians of %d alternating rounds of %v\n%-44s", rounds, roundFor, "")
	for _, s := range sides {
		fmt.Printf(" %19s", s.name)
	}
	fmt.Println()
	line := func(name, unit string, scale float64, of func(*side) float64) {
		fmt.Printf("%-44s", name)
		for i, s := range sides {
			cell := fmt.Sprintf("%.*f %s", map[bool]int{true: 2}[unit == "ms"], of(s)*scale, unit)
			if i > 0 {
				cell += fmt.Sprintf(" %5.2f×", of(s)/of(sides[0]))
			}
			fmt.Printf(" %19s", cell)
		}
		fmt.Println()
	}
	loop := func(name string, of func(*side) []measured) {
		took := func(what string, scale float64, unit string, pick func(measured) time.Duration) {
			line(name+what, unit, scale, func(s *side) float64 { return median(of(s), pick).Seconds() })
		}
		took("p50", 1e3, "ms", func(m measured) time.Duration { return m.p50 })
		took("p99", 1e3, "ms", func(m measured) time.Duration { return m.p99 })
		took("processor time a request", 1e6, "µs", func(m measured) time.Duration { return m.cpu })
		if sides[0].db > 0 {
			took("the database's", 1e6, "µs", func(m measured) time.Duration { return m.db })
		}
	}
	closed := fmt.Sprintf("%d callers: ", callers)
	line(closed+"throughput", "/s", 1, func(s *side) float64 { return median(s.closed, func(m measured) float64 { return m.rate }) })
	loop(closed, func(s *side) []measured { return s.closed })
	loop(fmt.Sprintf("%d/s open: ", openRate), func(s *side) []measured { return s.open })
}

// recorded holds the figures against the log: what was answered 200 is there.
func recorded(ctx context.Context, dsn string, ours *side) error {
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	var stored, answered int
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM v_inbound WHERE kind = 'rated' AND outcome = 'handled'").Scan(&stored); err != nil {
		return err
	}
	for _, m := range slices.Concat(ours.closed, ours.open) {
		answered += m.n
	}
	fmt.Printf("%-52s %12d   of %d answered 200\n", "presses on record", stored, answered)
	if stored != answered {
		return fmt.Errorf("%d presses were answered 200, %d are on record", answered, stored)
	}
	return nil
}
