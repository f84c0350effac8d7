package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"akari/internal/whole"
	"akari/models"
)

// The digest's measurement: what a week, its digests and the pages for staff cost
// in logs of different lengths, with as much in every week.
const (
	digestOwners = 40 // audiences that read about the partners of one owner
	digestRooms  = 9  // audiences that read about twenty partners
	digestRuns   = 5
	pageRuns     = 40
	settleWait   = 2 * time.Second // that a rebuild waits first
)

// digest measures logs of so many million events, one after the other: each is the
// one before with earlier weeks added.
func digest(ctx context.Context, bin, dir string) error {
	var sizes []float64
	for _, s := range strings.Split(*millions, ",") {
		n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		if err != nil || n <= 0 {
			return fmt.Errorf("--events %s: millions of events such as 1,5,10", *millions)
		}
		sizes = append(sizes, n)
	}
	return onServer(ctx, dir, func(dsn string, _ *whole.MariaDB) error {
		return digestOn(ctx, bin, dir, dsn, sizes)
	}, "--innodb-buffer-pool-size=2G")
}

func digestOn(ctx context.Context, bin, dir, dsn string, sizes []float64) error {
	w, err := whole.NewTown(dir, "mysql", dsn)
	if err != nil {
		return err
	}
	defer w.Close()
	if err := library(filepath.Join(dir, "content")); err != nil {
		return err
	}
	w.More = audiences()
	p, err := w.Process(bin, "akari")
	if err != nil {
		return err
	}
	if err := w.Settle(ctx, p); err != nil {
		return err
	}
	zone, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		return err
	}
	y, err := newYears(ctx, dsn, time.Now(), zone)
	if err != nil {
		return err
	}
	defer y.db.Close()
	fmt.Printf("\nweeks, digests and pages: %d partners, %d people, %d events a week, %d audiences, on %s with 2 GB of buffers\n",
		yearPartners, yearPeople, weekEvents, 1+digestOwners+digestRooms, databaseName(ctx, y))
	for _, n := range sizes {
		began := time.Now()
		if err := y.grow(ctx, int(n*1e6)); err != nil {
			return err
		}
		fmt.Printf("\n%-52s %12.1f   million events (made in %v)\n", "log", n, time.Since(began).Round(time.Second))
		if err := (&digestRun{y: y, w: w, p: p, dsn: dsn, zone: zone}).all(ctx); err != nil {
			return fmt.Errorf("%v million events: %w\n%s", n, err, lastLines(p.Output(), 5))
		}
	}
	return nil
}

func databaseName(ctx context.Context, y *years) (name string) {
	if err := y.db.QueryRowContext(ctx, "SELECT VERSION()").Scan(&name); err != nil {
		return "?"
	}
	return name
}

// library is content with the materials and entries that the log is about.
func library(dir string) error {
	var m, e strings.Builder
	m.WriteString("materials:\n")
	for i := range yearMaterials {
		fmt.Fprintf(&m, "  - {key: m%d, kind: document, title: 資料 %d, file: guide.pdf, version: %d, owner: {person: s-ito, department: パートナー営業部}}\n", i, i, 2+i%10/9)
	}
	e.WriteString("entries:\n")
	for i := range yearEntries {
		fmt.Fprintf(&e, "  - {key: e%d, question: 製品の機能 %d はどう使いますか, answer: 説明書の %d ページをご覧ください。}\n", i, i, i)
	}
	return errors.Join(os.WriteFile(filepath.Join(dir, "materials", "materials.yaml"), []byte(m.String()), 0o600),
		os.WriteFile(filepath.Join(dir, "faq", "a.yaml"), []byte(e.String()), 0o600))
}

// audiences are the manager, who reads about everybody, every owner, and rooms.
func audiences() string {
	var b strings.Builder
	b.WriteString("digest:\n  audiences:\n    - {key: managers, to: s-ito, schedule: Mon 09:00}\n")
	for i := range digestOwners {
		fmt.Fprintf(&b, "    - {key: owner-%d, to: \"room:slack:C0STAFF\", schedule: Mon 09:00, owners: [own-%d]}\n", i, i)
	}
	for i := range digestRooms {
		var partners []string
		for j := range 20 {
			partners = append(partners, fmt.Sprintf("p-%d", i*20+j))
		}
		fmt.Fprintf(&b, "    - {key: room-%d, to: \"room:slack:C0STAFF\", schedule: Mon 09:00, partners: [%s]}\n", i, strings.Join(partners, ", "))
	}
	return b.String()
}

// digestRun measures one length of the log.
type digestRun struct {
	y    *years
	w    *whole.Town
	p    *whole.Process
	dsn  string
	zone *time.Location
}

func (d *digestRun) all(ctx context.Context) error {
	for _, table := range []string{"weekly", "weeks", "visit_classes"} {
		if _, err := d.y.db.ExecContext(ctx, "DELETE FROM "+table); err != nil {
			return err
		}
	}
	if _, err := d.y.db.ExecContext(ctx, "ANALYZE TABLE events, visits, links, deliveries"); err != nil {
		return err
	}
	store, err := models.Open(ctx, models.Options{Driver: "mysql", DSN: d.dsn, Now: func() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }})
	if err != nil {
		return err
	}
	defer store.Close()
	for _, step := range []func(context.Context, *models.Store) error{d.weeks, d.digests, d.remake, d.verify, d.pages} {
		if err := step(ctx, store); err != nil {
			return err
		}
	}
	return nil
}

// weeks closes every week, as serve does every Monday with one.
func (d *digestRun) weeks(ctx context.Context, store *models.Store) error {
	began, had := time.Now(), d.rowsRead(ctx)
	n, err := store.CloseWeeks(ctx, d.zone, 48*time.Hour)
	if err != nil || n == 0 {
		return fmt.Errorf("%d weeks closed, %w", n, err)
	}
	lasted := time.Since(began)
	say("closing a week (mean of "+strconv.Itoa(n)+")", lasted/time.Duration(n), thousand((d.rowsRead(ctx)-had)/int64(n)))
	return nil
}

// rowsRead is how many rows the database has read so far: of what the same work
// reads, a busy machine changes nothing.
func (d *digestRun) rowsRead(ctx context.Context) int64 {
	rows, err := d.y.db.QueryContext(ctx, "SHOW GLOBAL STATUS LIKE 'Handler\\_read\\_%'")
	if err != nil {
		return 0
	}
	defer rows.Close()
	var sum int64
	for rows.Next() {
		var name string
		var n int64
		if err := rows.Scan(&name, &n); err != nil {
			return 0
		}
		sum += n
	}
	if rows.Err() != nil {
		return 0
	}
	return sum
}

func thousand(rows int64) string { return fmt.Sprintf("%d thousand rows read", (rows+500)/1000) }

func say(what string, took time.Duration, more ...string) {
	fmt.Printf("%-52s %9.0f ms   %s\n", what, float64(took.Microseconds())/1e3, strings.Join(more, " "))
}

// told is what akari digest run answers of one audience.
type toldDigest struct {
	Audience string `json:"audience"`
	Took     int64  `json:"took_ms"`
}

// command runs a command and answers what it printed, how long it took and how
// large it became.
func (d *digestRun) command(ctx context.Context, args ...string) (out []byte, took time.Duration, most int64, err error) {
	cmd := exec.CommandContext(ctx, d.p.Bin, append(args, "--config", d.p.Config)...)
	var printed, trouble bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = d.p.Dir, &printed, &trouble
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, 0, 0, err
	}
	// The kernel's own maximum, looked at until the end: what wait4 tells of a child
	// has ours in it.
	ended := make(chan struct{})
	watched := make(chan int64)
	go func() {
		var most int64
		for {
			most = max(most, peak(cmd.Process.Pid))
			select {
			case <-ended:
				watched <- most
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	err = cmd.Wait()
	took = time.Since(began)
	close(ended)
	most = <-watched
	if err != nil {
		err = fmt.Errorf("akari %s: %w\n%s", strings.Join(args, " "), err, trouble.Bytes())
	}
	return printed.Bytes(), took, most, err
}

// peak is the most memory that a process has had, 0 when it is gone.
func peak(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kilobytes, _ := strconv.ParseInt(fields[0], 10, 64)
	return kilobytes * 1024
}

func (d *digestRun) digests(ctx context.Context, _ *models.Store) error {
	var one []time.Duration
	read := func(args ...string) (answer struct{ Audiences []toldDigest }, took time.Duration, rss int64, err error) {
		out, took, rss, err := d.command(ctx, append([]string{"digest", "run", "--dry-run", "--json"}, args...)...)
		if err == nil {
			err = json.Unmarshal(out, &answer)
		}
		return answer, took, rss, err
	}
	had := d.rowsRead(ctx)
	for range digestRuns {
		told, _, _, err := read("--audience", "managers")
		if err != nil {
			return err
		}
		one = append(one, time.Duration(told.Audiences[0].Took)*time.Millisecond)
	}
	slices.Sort(one)
	say("reading and wording one digest, all partners (p50)", one[len(one)/2], fmt.Sprintf("slowest %v, %s", one[len(one)-1], thousand((d.rowsRead(ctx)-had)/digestRuns)))
	told, took, rss, err := read()
	if err != nil {
		return err
	}
	var sum time.Duration
	for _, a := range told.Audiences {
		sum += time.Duration(a.Took) * time.Millisecond
	}
	say(fmt.Sprintf("… all %d audiences", len(told.Audiences)), sum, fmt.Sprintf("the whole command %v, at most %s", took.Round(time.Millisecond), mb(rss)))
	return nil
}

// remake counts the weeks of an old, a middle and a recent day anew.
func (d *digestRun) remake(ctx context.Context, store *models.Store) error {
	length := d.y.now.Sub(d.y.until)
	for _, at := range []struct {
		name string
		day  time.Time
	}{{"the oldest whole", d.y.until.AddDate(0, 0, 8)}, {"a middle", d.y.until.Add(length / 2)}, {"last", models.LastWeek(d.y.now, d.zone).Start}} {
		began, had := time.Now(), d.rowsRead(ctx)
		r, err := store.RebuildWeeks(ctx, d.zone, 48*time.Hour, at.day, at.day.Add(time.Hour))
		if err != nil || r.Weeks != 1 {
			return fmt.Errorf("%d weeks made anew, %w", r.Weeks, err)
		}
		say("re-making "+at.name+" week", time.Since(began)-settleWait, "after the "+settleWait.String()+" in which open transactions end, "+thousand(d.rowsRead(ctx)-had))
	}
	return nil
}

func (d *digestRun) verify(ctx context.Context, _ *models.Store) error {
	out, took, rss, err := d.command(ctx, "report", "verify", "--json")
	if err != nil {
		return err
	}
	var v models.Verified
	if err := json.Unmarshal(out, &v); err != nil {
		return err
	}
	say("report verify, every week", took, fmt.Sprintf("%d figures of %d weeks, %d differences, at most %s", v.Cells, v.Weeks, len(v.Differences), mb(rss)))
	return nil
}

// pages asks for every page of the running program, as a member of staff who goes
// from one partner, campaign and filter to another.
func (d *digestRun) pages(ctx context.Context, _ *models.Store) error {
	if err := d.p.Start(); err != nil {
		return err
	}
	defer d.p.Kill()
	if err := d.p.Ready(ctx); err != nil {
		return err
	}
	// The digests that serve owes go first.
	for told := 0; told < 1+digestOwners+digestRooms; time.Sleep(100 * time.Millisecond) {
		if err := d.y.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM v_digest").Scan(&told); err != nil {
			return err
		}
	}
	get, err := d.enter(ctx)
	if err != nil {
		return err
	}
	week := models.LastWeek(d.y.now, d.zone)
	span := "from_at=" + week.Start.Format(time.RFC3339) + "&to_at=" + week.End.Format(time.RFC3339)
	var campaigns []int64
	rows, err := d.y.db.QueryContext(ctx, "SELECT id FROM campaigns ORDER BY id DESC LIMIT 10")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		campaigns = append(campaigns, id)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, page := range []struct {
		name string
		path func(i int) string
	}{
		{"overview", func(int) string { return "/staff" }},
		{"partners", func(i int) string { return fmt.Sprintf("/staff/partners?from_row=%d", 50*i) }},
		{"partners, searched", func(i int) string { return fmt.Sprintf("/staff/partners?q=%d&moved=no", i) }},
		{"one partner", func(i int) string { return fmt.Sprintf("/staff/partners/p-%d", i*i%yearPartners) }},
		{"people", func(i int) string { return fmt.Sprintf("/staff/people?from_row=%d", 50*i*i) }},
		{"people, searched", func(i int) string { return fmt.Sprintf("/staff/people?q=%d", 100+i) }},
		{"materials", func(int) string { return "/staff/materials" }},
		{"campaigns", func(int) string { return "/staff/campaigns" }},
		{"one campaign (20,000 people the first)", func(i int) string { return fmt.Sprintf("/staff/campaigns/%d", campaigns[i%len(campaigns)]) }},
		{"gaps", func(i int) string { return fmt.Sprintf("/staff/gaps?from_row=%d", 50*i) }},
		{"FAQ", func(int) string { return "/staff/faq" }},
		{"results", func(i int) string { return fmt.Sprintf("/staff/outcomes?from_row=%d", 50*i) }},
		{"audit", func(int) string { return "/staff/audit" }},
		{"events, four weeks", func(int) string { return "/staff/events" }},
		{"events of a figure and a week", func(i int) string {
			return "/staff/events?" + span + "&figure=" + models.Figures[i%len(models.Figures)].Key
		}},
		{"events of a partner", func(i int) string { return fmt.Sprintf("/staff/events?partner=p-%d", i*i%yearPartners) }},
		{"events of a person", func(i int) string { return fmt.Sprintf("/staff/events?person=m-%d", i*i*20%yearPeople) }},
		{"events of a material", func(i int) string { return fmt.Sprintf("/staff/events?object=m%d", i%yearMaterials) }},
		{"events of a material and step", func(i int) string {
			return fmt.Sprintf("/staff/events?object=m%d&figure=%s", i%yearMaterials, models.MaterialFunnel[i%len(models.MaterialFunnel)])
		}},
		{"events of an entry", func(i int) string { return fmt.Sprintf("/staff/events?object=e%d", i) }},
		{"events of a campaign", func(i int) string { return fmt.Sprintf("/staff/events?campaign=%d", campaigns[i%len(campaigns)]) }},
		{"events of a campaign, two years", func(i int) string {
			return fmt.Sprintf("/staff/events?from=2024-01-01&campaign=%d", campaigns[i%len(campaigns)])
		}},
	} {
		var took []time.Duration
		for i := range pageRuns {
			began := time.Now()
			if err := get(page.path(i)); err != nil {
				return err
			}
			took = append(took, time.Since(began))
		}
		first := took[0]
		slices.Sort(took)
		say("page: "+page.name+" (p95 of "+strconv.Itoa(pageRuns)+")", took[(pageRuns*95+99)/100-1], fmt.Sprintf("p50 %v, the first %v", took[pageRuns/2].Round(time.Millisecond), first.Round(time.Millisecond)))
	}
	usage, err := d.p.Usage()
	if err != nil {
		return err
	}
	fmt.Printf("%-52s %12s\n", "memory of serve afterwards (RSS)", mb(usage.RSS))
	return nil
}

var wayIn = regexp.MustCompile(`/staff/enter/[A-Za-z0-9_-]+`)

// enter gets the one-time link by Slack, uses it, and answers what asks for pages.
func (d *digestRun) enter(ctx context.Context) (func(path string) error, error) {
	call := d.w.Slack.Caller(d.p.URL)
	call.Direct("U0ITO", "ダッシュボード")
	client := &http.Client{Timeout: 5 * time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	cookie := "" // the address is an https one: no jar would bring it back to us
	ask := func(method, path string, want int) error {
		r, err := http.NewRequestWithContext(ctx, method, d.p.URL+path, nil)
		if err != nil {
			return err
		}
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Cookie", cookie)
		res, err := client.Do(r)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		for _, c := range res.Cookies() {
			cookie = c.Name + "=" + c.Value
		}
		if _, err = io.Copy(io.Discard, res.Body); err == nil && res.StatusCode != want {
			err = fmt.Errorf("%s %s: %d", method, path, res.StatusCode)
		}
		return err
	}
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		for _, m := range d.w.Slack.Messages(d.w.Slack.DirectRoom("U0ITO")) {
			for _, b := range m.Buttons() {
				if way := wayIn.FindString(b.URL); way != "" {
					if err := ask(http.MethodPost, way, http.StatusSeeOther); err != nil {
						return nil, err
					}
					return func(path string) error { return ask(http.MethodGet, path, http.StatusOK) }, nil
				}
			}
		}
	}
	return nil, errors.New("the bot gave no way into the staff pages")
}
