package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"akari/bot"
	"akari/bot/line/linetest"
	"akari/bot/slack/slacktest"
	"akari/internal/whole"
	"akari/models"
)

// The measurement of campaigns: 10,000 people, a third on each platform, each with a
// personal link, while members ask. The limits of the platforms are scaled so that
// sending lasts optimum; then another is paused again and again, and one to 100,000 is
// planned.
const (
	crowdSize   = 10_000
	throng      = 100_000
	crowdEvery  = 3 // platforms
	perMinute   = 2_400
	scale       = perMinute / 200.0 // of Slack's limits, as they are shipped and published
	askEvery    = 500 * time.Millisecond
	sampleEvery = 250 * time.Millisecond
)

// campaignTown is a town with a crowd, whose platforms keep to their limits.
type campaignTown struct {
	*whole.Town
	p      *whole.Process
	store  *models.Store
	meters []*whole.Meter
	close  []func()
}

func (c *campaignTown) end() {
	for _, f := range slices.Backward(c.close) {
		f()
	}
}

// newCampaignTown starts everything, with n people, of whom the program knows already
// what their platforms say.
func newCampaignTown(ctx context.Context, bin, dir, driver, dsn string, n int) (c *campaignTown, err error) {
	c = &campaignTown{}
	defer func() {
		if err != nil {
			c.end()
		}
	}()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return c, err
	}
	if c.Town, err = whole.NewTown(dir, driver, dsn); err != nil {
		return c, err
	}
	c.close = append(c.close, c.Town.Close)
	if err := c.measure(); err != nil {
		return c, err
	}
	c.Shipped = true
	c.More = fmt.Sprintf("sending: {rates: {slack_room: 60, slack_workspace: %d, lineworks_operation: %d, line_push: %d}}\ncampaign: {undo: 1s, approval_over: 1000000}\n", perMinute, perMinute, perMinute)
	if c.p, err = c.Process(bin, "akari"); err != nil {
		return c, err
	}
	if err := c.Settle(ctx, c.p); err != nil {
		return c, err
	}
	if err := c.gather(ctx, n-whole.Members); err != nil {
		return c, err
	}
	if err := c.p.Start(); err != nil {
		return c, err
	}
	c.close = append(c.close, c.p.Kill)
	return c, c.p.Ready(ctx)
}

// measure puts the limits in front of the doubles: Slack's as published (posts of a
// workspace and into one room, tier 3 and 4), of LINE WORKS and LINE twice what we
// allow ourselves, as shipped and published.
func (c *campaignTown) measure() error {
	c.Fronts = map[string]string{}
	for platform, front := range map[string]struct {
		url    string
		limits func(path string, body []byte) []whole.Limit
	}{
		"slack": {c.Slack.URL, slackLimits},
		"lineworks": {c.Works.URL, func(path string, _ []byte) []whole.Limit {
			return []whole.Limit{{Name: "lineworks " + path[strings.LastIndexByte(path, '/')+1:], Most: 2 * perMinute, Per: time.Minute}}
		}},
		"line": {c.Line.URL, func(path string, _ []byte) []whole.Limit {
			if strings.HasSuffix(path, "/push") {
				return []whole.Limit{{Name: "line push", Most: 2 * perMinute / 60, Per: time.Second}}
			}
			return nil
		}},
	} {
		m, err := whole.NewMeter(front.url, front.limits)
		if err != nil {
			return err
		}
		c.close = append(c.close, m.Close)
		c.meters = append(c.meters, m)
		c.Fronts[platform] = m.URL
	}
	return nil
}

func slackLimits(path string, body []byte) []whole.Limit {
	method := path[strings.LastIndexByte(path, '/')+1:]
	switch method {
	case "chat.postMessage":
		var to struct {
			Channel string `json:"channel"`
		}
		if err := json.Unmarshal(body, &to); err != nil {
			return nil // the double refuses it
		}
		return []whole.Limit{{Name: "slack posts", Most: perMinute, Per: time.Minute}, {Name: "slack room " + to.Channel, Most: 60, Per: time.Minute}}
	case "conversations.open", "conversations.history", "conversations.replies", "conversations.info", "chat.update", "chat.delete":
		return []whole.Limit{{Name: "slack " + method, Most: 50 * scale, Per: time.Minute}}
	case "users.info", "views.open", "views.publish", "chat.postEphemeral":
		return []whole.Limit{{Name: "slack " + method, Most: 100 * scale, Per: time.Minute}}
	}
	return nil
}

// gather seeds the crowd and makes platforms and program know it.
func (c *campaignTown) gather(ctx context.Context, n int) (err error) {
	if c.store, err = models.Open(ctx, models.Options{Driver: c.Driver, DSN: c.DSN, Now: time.Now}); err != nil {
		return err
	}
	c.close = append(c.close, func() { _ = c.store.Close() })
	var b strings.Builder
	b.WriteString("staff:\n  - {key: s-boss, name: 佐藤, department: パートナー営業部, roles: [sender, approver, manager], accounts: [{platform: slack, org: T0VENDOR, user: U0BOSS}]}\n" +
		"partners:\n  - key: p-aoba\n    name: 青葉商事\n    tier: gold\n    owner: s-ito\n    slack_orgs: [T0AOBA]\n    people:\n")
	c.Slack.AddUser(slacktest.User{ID: "U0BOSS", Name: "boss"})
	accounts := make([]bot.Identity, n)
	for i := range n {
		id := bot.Identity{Platform: "lineworks", Connection: "aoba", User: fmt.Sprintf("crowd-%06d", i)}
		org := ""
		switch i % crowdEvery {
		case 0:
			id = bot.Identity{Platform: "slack", Connection: "slack", User: fmt.Sprintf("U0C%06d", i)}
			org = "org: T0AOBA, "
			c.Slack.AddUser(slacktest.User{ID: id.User, TeamID: "T0AOBA", Name: id.User})
		case 1:
			id = bot.Identity{Platform: "line", Connection: "line", User: linetest.UserID(1000 + i)}
			c.Line.AddUser(id.User, id.User)
		}
		accounts[i] = id
		fmt.Fprintf(&b, "      - {key: c-%06d, name: 会員, role: rep, accounts: [{platform: %s, connection: %s, %suser: %s}]}\n", i, id.Platform, id.Connection, org, id.User)
	}
	seed, problems := models.ReadSeed(strings.NewReader(b.String()), "crowd.yaml")
	if len(problems) > 0 {
		return fmt.Errorf("%v", problems)
	}
	if _, err := c.store.Seed(ctx, seed); err != nil {
		return err
	}
	for some := range slices.Chunk(accounts, 500) {
		err := c.store.InTx(ctx, func(tx *models.Tx) error {
			for _, id := range some {
				who, err := tx.Whois(id)
				if err != nil {
					return err
				}
				fact := bot.PersonFact{Name: "会員"}
				if id.Platform == "slack" {
					fact.Orgs, fact.External = []string{"T0AOBA"}, true
				}
				if err := tx.SavePersonFact(who.Account.ID, fact); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// launch makes a campaign to the crowd and launches it.
func (c *campaignTown) launch(ctx context.Context, audience string) (int64, error) {
	path := filepath.Join(c.Dir, "campaign.yaml")
	if err := os.WriteFile(path, []byte("title: 新価格表のご案内\nclass: confirm\ntext: {ja: \"**新しい**ガイドです。\", en: \"The **new** guide.\"}\nmaterials: [guide]\nack: {rule: everyone}\n"+
		"override_window: {reason: 計測}\noverride_cap: {reason: 計測}\naudience: "+audience+"\n"), 0o600); err != nil {
		return 0, err
	}
	out, code, err := c.p.Run(ctx, "campaign", "create", "--file", path, "--as", "s-boss", "--json")
	if err != nil || code != 0 {
		return 0, fmt.Errorf("campaign create ended with %d: %w\n%s", code, err, out)
	}
	var made struct {
		CampaignID int64 `json:"campaign_id"`
	}
	if err := json.Unmarshal([]byte(out), &made); err != nil {
		return 0, fmt.Errorf("%w: %s", err, out)
	}
	if out, code, err = c.p.Run(ctx, "campaign", "launch", strconv.FormatInt(made.CampaignID, 10), "--as", "s-boss"); err != nil || code != 0 {
		return 0, fmt.Errorf("campaign launch ended with %d: %w\n%s", code, err, out)
	}
	return made.CampaignID, nil
}

// await waits for a state of a campaign and answers it.
func (c *campaignTown) await(ctx context.Context, id int64, patience time.Duration, states ...string) (out models.Campaign, err error) {
	for end := time.Now().Add(patience); ; time.Sleep(sampleEvery) {
		err := c.store.View(ctx, func(tx *models.Tx) (err error) { out, err = tx.CampaignOf(id); return err })
		if err != nil || slices.Contains(states, out.State) {
			return out, err
		}
		if time.Now().After(end) {
			return out, fmt.Errorf("campaign %d is still %s (%s)\n%s", id, out.State, out.Why, lastLines(c.p.Output(), 5))
		}
	}
}

// campaign measures a campaign to 10,000 people on both databases.
func campaign(ctx context.Context, bin, dir string) error {
	return onBoth(ctx, dir, func(driver, dsn string) error {
		c, err := newCampaignTown(ctx, bin, filepath.Join(dir, driver), driver, dsn, crowdSize)
		if err != nil {
			return err
		}
		defer c.end()
		if err := c.sent(ctx); err != nil {
			return err
		}
		return c.paused(ctx)
	})
}

// onBoth measures on SQLite and on the database server.
func onBoth(ctx context.Context, dir string, do func(driver, dsn string) error) error {
	if err := do("sqlite", filepath.Join(dir, "akari.db")); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	return onServer(ctx, dir, func(dsn string, _ *whole.MariaDB) error { return do("mysql", dsn) })
}

// sent sends the campaign and prints every figure beside its aim.
func (c *campaignTown) sent(ctx context.Context) error {
	if _, err := warm(ctx, c.Town, c.p); err != nil {
		return err
	}
	c.ask(ctx, whole.Members) // the program knows them now
	time.Sleep(3 * time.Second)
	for _, m := range c.meters {
		m.Reset()
	}
	id, err := c.launch(ctx, "{all: true}")
	if err != nil {
		return err
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	before, err := c.p.Usage()
	if err != nil {
		return err
	}
	var most atomic.Int64
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() {
		for watching.Err() == nil {
			if u, err := c.p.Usage(); err == nil {
				most.Store(max(most.Load(), u.RSS))
			}
			time.Sleep(sampleEvery)
		}
	})
	if _, err := c.await(ctx, id, time.Minute, models.CampaignRunning); err != nil {
		return err
	}
	var asked []question
	all.Go(func() { asked = c.ask(watching, math.MaxInt) })
	over, err := c.await(ctx, id, 20*time.Minute, models.CampaignFinished)
	stop()
	all.Wait()
	if err != nil {
		return err
	}
	after, err := c.p.Usage()
	if err != nil {
		return err
	}
	time.Sleep(2 * time.Second) // answers that are on their way
	return c.report(over, asked, whole.Usage{CPU: after.CPU - before.CPU, RSS: most.Load()})
}

// question is what somebody asked, and when.
type question struct {
	slack bool
	room  string // or the user, on LINE
	ts    string
	at    time.Time
}

// ask asks again and again, in a Slack room and on LINE by turns.
func (c *campaignTown) ask(ctx context.Context, n int) (out []question) {
	call := c.Slack.Caller(c.p.URL)
	for i := 0; i < n && ctx.Err() == nil; i++ {
		began := time.Now()
		q := question{slack: i%2 == 0, room: whole.Room(i / 2), at: began}
		if q.slack {
			mention, _ := call.Mention(q.room, whole.Member(i/2), whole.Question, "")
			q.ts = mention.TS
		} else {
			q.room = linetest.UserID(i/2%whole.Members + 1)
			if _, err := c.Line.Post(ctx, c.p.URL+"/hooks/line", c.Line.Said(linetest.Source{User: q.room}, whole.Question, "")); err != nil {
				continue
			}
		}
		out = append(out, q)
		select {
		case <-ctx.Done():
		case <-time.After(askEvery - time.Since(began)):
		}
	}
	return out
}

// answers are how long the questions waited for their answers; lost are those that
// got none.
func (c *campaignTown) answers(asked []question) (took []time.Duration, lost int) {
	posts, said := c.Slack.Calls("chat.postMessage"), c.Line.Sent()
	for _, q := range asked {
		at := time.Time{}
		if q.slack {
			for _, p := range posts {
				if p.Applied && p.Args["channel"] == q.room && !p.At.Before(q.at) && (p.Args["thread_ts"] == q.ts || p.Args["thread_ts"] == nil) {
					at = p.At
					break
				}
			}
		} else {
			for _, s := range said {
				if s.Reply && s.To == q.room && !s.At.Before(q.at) {
					at = s.At
					break
				}
			}
		}
		if at.IsZero() {
			lost++
			continue
		}
		took = append(took, at.Sub(q.at))
	}
	slices.Sort(took)
	return took, lost
}

func (c *campaignTown) report(over models.Campaign, asked []question, used whole.Usage) error {
	began := *over.DueAt
	last, n := time.Time{}, map[string]int{}
	count := func(platform string, at time.Time) {
		if at.After(began) && !at.After(*over.FinishedAt) {
			n[platform]++
			if at.After(last) {
				last = at
			}
		}
	}
	for _, p := range c.Slack.Calls("chat.postMessage") {
		if p.Applied {
			count("slack", p.At)
		}
	}
	for _, s := range c.Works.Sent() {
		count("lineworks", s.At)
	}
	for _, s := range c.Line.Sent() {
		if !s.Reply {
			count("line", s.At)
		}
	}
	var r models.CampaignReport
	if err := c.store.View(context.Background(), func(tx *models.Tx) (err error) { r, err = tx.ReportCampaign(over); return err }); err != nil {
		return err
	}
	if r.Sent != crowdSize {
		return fmt.Errorf("%d of %d were sent to, %d are unclear or failed, %d are skipped", r.Sent, crowdSize, r.Held+r.Unconfirmed+r.Failed+r.Expired, r.Skipped)
	}
	most := max(n["slack"], n["lineworks"], n["line"])
	optimum := time.Duration(most) * time.Minute / perMinute
	total := last.Sub(began)
	seen := whole.Metered{Refused: map[string]int{}}
	refused := 0
	for _, m := range c.meters {
		s := m.Seen()
		seen.Calls, seen.Over = seen.Calls+s.Calls, seen.Over+s.Over
		for name, k := range s.Refused {
			seen.Refused[name] += k
			refused += k
		}
	}
	took, lost := c.answers(asked)
	if lost > 0 || len(took) == 0 {
		return fmt.Errorf("%d of %d questions got no answer", lost, len(asked))
	}
	fmt.Printf("\ncampaign to %d people on three platforms, %s; Slack, LINE WORKS and LINE at %d messages a minute each\n", crowdSize, map[string]string{"sqlite": "SQLite", "mysql": "MariaDB"}[c.Driver], perMinute)
	beside("from due to the last message", total.Round(100*time.Millisecond).String(), fmt.Sprintf("≤ %v: 1.10 × %v, what the limits allow", (optimum*11/10).Round(100*time.Millisecond), optimum.Round(100*time.Millisecond)), float64(total) <= 1.1*float64(optimum))
	fmt.Printf("%-52s %12s\n", "  of it until the first may leave", over.StartedAt.Sub(began).Round(10*time.Millisecond))
	beside("spans of time with more calls than a limit", strconv.Itoa(seen.Over), "0", seen.Over == 0)
	beside("answered 429", fmt.Sprintf("%.2f %%", 100*float64(refused)/float64(seen.Calls)), fmt.Sprintf("≤ 0.50 %% of %d calls %v", seen.Calls, seen.Refused), float64(refused) <= .005*float64(seen.Calls))
	beside("memory at most (RSS)", mb(used.RSS), "≤ 300 MB", used.RSS <= 300e6)
	fmt.Printf("%-52s %12s   (the machine's load just now: %s; its processors: %d)\n", "processor time of akari, a message", (used.CPU / crowdSize).Round(10*time.Microsecond), load(), runtime.NumCPU())
	p95 := took[len(took)*95/100]
	beside("answers to members meanwhile, p95", p95.Round(time.Millisecond).String(), fmt.Sprintf("≤ 1 s; %d questions, median %v, slowest %v", len(took), took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond)), p95 <= time.Second)
	return nil
}

// load is how many processes wanted a processor in the last one, five and fifteen
// minutes: figures of time mean little when it is far above their number.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "not known"
	}
	return strings.Join(strings.Fields(string(b))[:3], " ")
}

// beside prints a figure beside its aim.
func beside(name, figure, aim string, kept bool) {
	fmt.Printf("%-52s %12s   aim %s%s\n", name, figure, aim, map[bool]string{false: "   MISSED"}[kept])
}

// plan measures how long a campaign to 100,000 people is planned.
func plan(ctx context.Context, bin, dir string) error {
	return onBoth(ctx, dir, func(driver, dsn string) error {
		c, err := newCampaignTown(ctx, bin, filepath.Join(dir, driver), driver, dsn, throng)
		if err != nil {
			return err
		}
		defer c.end()
		id, err := c.launch(ctx, "{all: true}")
		if err != nil {
			return err
		}
		running, err := c.await(ctx, id, 5*time.Minute, models.CampaignRunning)
		if err != nil {
			return err
		}
		usage, err := c.p.Usage()
		if err != nil {
			return err
		}
		if running.StartedAt == nil {
			return errors.New("the campaign runs and says not since when")
		}
		took := running.StartedAt.Sub(*running.DueAt)
		fmt.Println()
		beside(fmt.Sprintf("a campaign to %d people is planned, %s", throng, map[string]string{"sqlite": "SQLite", "mysql": "MariaDB"}[driver]), took.Round(10*time.Millisecond).String(), "≤ 30 s; memory then "+mb(usage.RSS), took <= 30*time.Second)
		return nil
	})
}
