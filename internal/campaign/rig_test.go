// Package campaign_test proves what campaigns promise (P6, P7, P9) on real
// databases against strict doubles of all platforms, with several processes'
// worth of clocks, outboxes and senders on one database.
package campaign_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"akari/bot"
	"akari/bot/line"
	"akari/bot/line/linetest"
	"akari/bot/lineworks"
	"akari/bot/lineworks/lineworkstest"
	"akari/bot/slack"
	"akari/bot/slack/slacktest"
	"akari/content"
	"akari/coord"
	"akari/handlers"
	"akari/internal/whole"
	"akari/models"
	"akari/models/modelstest"
)

// clock is a wall clock that tests can set.
type clock struct {
	mu     sync.Mutex
	offset time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = time.Until(at)
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// tokyo is where the vendor is.
var tokyo = time.FixedZone("JST", 9*3600)

// tuesday is a working day, in the middle of the window.
var tuesday = time.Date(2026, 12, 1, 10, 0, 0, 0, tokyo)

const knowledge = `
materials:
  - {key: price, kind: document, title: {ja: 新価格表, en: New price list}, file: a.pdf, version: 3}
  - {key: guide, kind: document, title: 手引き, file: a.pdf}
  - {key: gold, kind: document, title: ゴールド限定, file: a.pdf, audience: {tiers: [gold]}}
`

const pdf = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"

// rig is a world with three platforms and any number of processes.
type rig struct {
	t         testing.TB
	driver    string
	dsn       string
	clock     *clock
	rules     handlers.CampaignRules
	lease     time.Duration // of a claim; 0 = as shipped
	lib       *content.Library
	slack     *slacktest.Server
	works     *lineworkstest.Double
	line      *linetest.Server
	worksHTTP *httptest.Server
	fault     atomic.Pointer[func(platform string) int] // see between
	worksBots map[string]*lineworkstest.Bot
	db        *sql.DB // see raw
	opened    string  // the dsn of db
	store     *models.Store
	mind      *handlers.Handlers // without a clock or a sender of its own
	log       *slog.Logger
}

// raw looks at the database directly, at another one after a restore: once opened,
// because tests ask again and again.
func (g *rig) raw() *sql.DB {
	g.t.Helper()
	if g.db == nil || g.opened != g.dsn {
		g.db, g.opened = modelstest.Raw(g.t, g.driver, g.dsn), g.dsn
	}
	return g.db
}

// process is what one akari serve runs of sending.
type process struct {
	store  *models.Store
	mind   *handlers.Handlers
	sender *bot.Sender
	stop   func()
}

func newRig(t testing.TB, driver, seed string, set func(*handlers.CampaignRules)) *rig {
	t.Helper()
	g := &rig{t: t, driver: driver, dsn: modelstest.DSN(t, driver), clock: &clock{}, worksBots: map[string]*lineworkstest.Bot{}}
	g.clock.set(tuesday)
	g.log = slog.New(slog.NewTextHandler(writer{t}, &slog.HandlerOptions{Level: slog.LevelError}))
	over := 10000
	g.rules = handlers.CampaignRules{
		Window:       handlers.Hours{Days: []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}, From: 9*time.Hour + 30*time.Minute, To: 17*time.Hour + 30*time.Minute},
		Off:          handlers.JapaneseHolidays(),
		RemindersMax: 2, ApprovalOver: &over,
	}
	if set != nil {
		set(&g.rules)
	}
	g.slack = slacktest.New(t, slacktest.Options{})
	g.works = lineworkstest.New(lineworkstest.Options{PerMinute: 1 << 30})
	g.worksHTTP = httptest.NewServer(g.works)
	g.line = linetest.Start(linetest.Options{})
	t.Cleanup(func() { g.works.Close(); g.worksHTTP.Close(); g.line.Close() })
	for _, name := range []string{"aoba", "minami"} {
		g.worksBots[name] = lineworkstest.NewBot(name)
		g.works.Add(g.worksBots[name])
	}
	g.lib = library(t)
	g.store = modelstest.Connect(t, driver, g.dsn, g.clock.now)
	plan, problems := models.ReadSeed(strings.NewReader(seed), "seed.yaml")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if _, err := g.store.Seed(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	g.mind = g.newMind(g.store, func(...bot.Address) {})
	return g
}

func library(t testing.TB) *content.Library {
	t.Helper()
	dir := t.TempDir()
	for name, body := range map[string]string{"materials/m.yaml": knowledge, "materials/a.pdf": pdf} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lib, problems, err := content.Open(content.Options{Dir: dir, Zone: tokyo, Now: time.Now, Small: true})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return lib
}

func (g *rig) platforms() []bot.Platform {
	g.t.Helper()
	s, err := slack.New(slack.Options{AppID: g.slack.AppID, OrgIDs: []string{"T0VENDOR"}, BotToken: g.slack.BotToken, SigningSecrets: []string{g.slack.SigningSecret},
		APIURL: g.between("slack", g.slack.URL) + strings.TrimPrefix(g.slack.APIURL, g.slack.URL), AllowInsecure: true, AllowTestHosts: true, Now: time.Now})
	if err != nil {
		g.t.Fatal(err)
	}
	var connections []lineworks.Connection
	for _, name := range []string{"aoba", "minami"} {
		b := g.worksBots[name]
		connections = append(connections, lineworks.Connection{Key: name, Side: "partner", Partner: "p-" + name, ClientID: b.ClientID, ClientSecret: b.ClientSecret,
			ServiceAccount: b.ServiceAccount, PrivateKey: lineworkstest.PrivateKey(), BotID: b.ID, BotName: "あかり", BotSecrets: []string{b.Secret}})
	}
	w, err := lineworks.New(lineworks.Options{APIURL: g.between("lineworks", g.worksHTTP.URL) + lineworkstest.APIPath, AuthURL: g.worksHTTP.URL + lineworkstest.TokenPath, AllowInsecure: true, Now: time.Now, Connections: connections})
	if err != nil {
		g.t.Fatal(err)
	}
	l, err := line.New(line.Options{ChannelID: "2000000001", ChannelSecrets: []string{"line-secret"}, APIURL: g.between("line", g.line.URL), DataAPIURL: g.line.URL, AllowInsecure: true, Now: time.Now})
	if err != nil {
		g.t.Fatal(err)
	}
	return []bot.Platform{s, w, l}
}

func (g *rig) newMind(store *models.Store, nudge func(...bot.Address)) *handlers.Handlers {
	return handlers.New(handlers.Options{
		Store: store, Library: g.lib, Platforms: g.platforms(), PublicURL: "https://akari.test", Secrets: [][]byte{[]byte("0123456789abcdef0123456789abcdef")},
		Vendor:      handlers.Vendor{Name: "ミナト", Desk: "ミナト パートナー支援窓口", Zone: tokyo, Languages: []string{"ja", "en"}},
		Connections: map[string]handlers.Connection{"aoba": {Side: "partner", Partner: "p-aoba"}, "minami": {Side: "partner", Partner: "p-minami"}},
		LinkTTL:     90 * 24 * time.Hour, PersonLevel: true, Campaign: g.rules, Log: g.log, Nudge: nudge,
	})
}

// start is one more process on the same database.
func (g *rig) start() *process {
	g.t.Helper()
	store := modelstest.Connect(g.t, g.driver, g.dsn, g.clock.now)
	p := &process{store: store}
	p.mind = g.newMind(store, func(to ...bot.Address) { p.sender.NudgeFor(to...) })
	platforms := map[string]bot.Platform{}
	for _, x := range p.mind.Platforms {
		platforms[x.Name()] = x
	}
	store.Operations(func(d bot.Delivery) string { return platforms[d.To.Platform].Operation(d) })
	outbox, err := models.NewOutbox(store, models.OutboxOptions{
		Secrets: p.mind.Secrets, Prepare: p.mind.Prepare, Ended: p.mind.Ended, Admit: p.mind.Admit, Halted: p.mind.Halted, Log: g.log,
		RetryBase: 20 * time.Millisecond, RetryMax: 200 * time.Millisecond, ReconcileAfter: 50 * time.Millisecond, MaxAttempts: 40, RetryAfterMax: time.Second, Lease: g.lease,
	})
	if err != nil {
		g.t.Fatal(err)
	}
	p.sender = bot.NewSender(bot.SenderOptions{Platforms: p.mind.Platforms, Outbox: outbox, Pacer: coord.NewMemory(func() int { return 1 }), Log: g.log, Grace: 2 * time.Second, Poll: 250 * time.Millisecond, Lease: g.lease})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	send := func(ctx context.Context) {
		select {
		case <-p.mind.Awake():
		case <-ctx.Done():
		}
		p.sender.Run(ctx)
	}
	for _, run := range []func(context.Context){send, p.mind.RunFacts, p.mind.RunCampaigns} {
		running.Go(func() { run(ctx) })
	}
	var once sync.Once
	p.stop = func() { once.Do(func() { cancel(); running.Wait() }) }
	g.t.Cleanup(p.stop)
	return p
}

// act does an act on campaigns and fails the test when it is refused.
func (g *rig) act(key string, do func(*handlers.Campaigning) error) {
	g.t.Helper()
	if err := g.mind.CampaignAct(context.Background(), key, do); err != nil {
		g.t.Fatal(err)
	}
}

// spec is a small campaign to everybody.
func spec(change ...func(*models.Spec)) models.Spec {
	s := models.Spec{Title: "新価格表のご案内", Weight: models.WeightConfirm, Text: models.LangText{"ja": "**新しい**価格表です。", "en": "The **new** price list."},
		Materials: []string{"price"}, To: models.ToPeople, Audience: models.Rule{All: true}}
	for _, f := range change {
		f(&s)
	}
	return s
}

func (g *rig) create(s models.Spec) (id int64) {
	g.t.Helper()
	g.act("s-ito", func(a *handlers.Campaigning) error {
		c, _, err := a.Create(s, fmt.Sprint(rand.Int64()))
		id = c.ID
		return err
	})
	return id
}

func (g *rig) launch(id int64) (c models.Campaign) {
	g.t.Helper()
	g.act("s-ito", func(a *handlers.Campaigning) (err error) {
		c, _, err = a.Launch(id)
		return err
	})
	return c
}

func (g *rig) campaign(id int64) (c models.Campaign) {
	g.t.Helper()
	g.view(func(tx *models.Tx) (err error) {
		c, err = tx.CampaignOf(id)
		return err
	})
	return c
}

func (g *rig) report(id int64) models.CampaignReport {
	g.t.Helper()
	_, r, _, _, err := g.mind.ReportOf(context.Background(), id)
	if err != nil {
		g.t.Fatal(err)
	}
	g.counted(id)
	return r
}

// counted holds what the page shows, counted and a few at a time, against the report;
// while the campaign goes on they may be of different moments.
func (g *rig) counted(id int64) {
	g.t.Helper()
	g.view(func(tx *models.Tx) error {
		c, err := tx.CampaignOf(id)
		if err != nil {
			return err
		}
		r, err := tx.ReportCampaign(c)
		if err != nil {
			return err
		}
		n, missing, err := tx.CountCampaign(c)
		if err != nil {
			return err
		}
		const few = 7
		listed := []string{}
		for {
			page, err := tx.MissingOf(c, "", few, len(listed))
			if err != nil {
				return err
			}
			for _, m := range page {
				listed = append(listed, m.Key)
			}
			if len(page) < few {
				break
			}
		}
		again, err := tx.ReportCampaign(c)
		if err != nil || !reflect.DeepEqual(r, again) {
			return err
		}
		if n.Missing = r.Missing; missing != len(r.Missing) || !reflect.DeepEqual(n, r) {
			g.t.Errorf("counted %+v with %d missing, the report is %+v", n, missing, r)
		}
		if !slices.Equal(listed, r.Missing) {
			g.t.Errorf("listed %v, the report misses %v", listed, r.Missing)
		}
		if len(listed) > 0 {
			found, err := tx.MissingOf(c, listed[len(listed)-1], few, 0)
			if err != nil || !slices.ContainsFunc(found, func(m models.Missing) bool { return m.Key == listed[len(listed)-1] && m.PartnerKey != "" }) {
				g.t.Errorf("%s is not found: %v, %v", listed[len(listed)-1], found, err)
			}
			if found, err = tx.MissingOf(c, "%_", few, 0); err != nil || len(found) > 0 {
				g.t.Errorf("signs are taken for anything: %v, %v", found, err)
			}
		}
		return nil
	})
}

func (g *rig) view(do func(*models.Tx) error) {
	g.t.Helper()
	if err := g.store.View(context.Background(), do); err != nil {
		g.t.Fatal(err)
	}
}

func (g *rig) tx(do func(*models.Tx) error) {
	g.t.Helper()
	if err := g.store.InTx(context.Background(), do); err != nil {
		g.t.Fatal(err)
	}
}

// wait waits until ok, or fails the test saying what was missing. A busy machine gets
// a minute for anything.
func wait(t testing.TB, what string, within time.Duration, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(max(within, time.Minute)); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

type writer struct{ t testing.TB }

func (w writer) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

// town seeds n people over three platforms and two partners, and makes the
// doubles know them.
func town(n int) string {
	var aoba, minami strings.Builder
	for i := range n {
		account := ""
		switch i % 3 {
		case 0:
			org := "T0AOBA"
			if i%2 == 1 {
				org = "T0MINAMI"
			}
			account = fmt.Sprintf("{platform: slack, org: %s, user: U0P%04d}", org, i)
		case 1:
			connection := "aoba"
			if i%2 == 1 {
				connection = "minami"
			}
			account = fmt.Sprintf("{platform: lineworks, connection: %s, user: works-%04d}", connection, i)
		case 2:
			account = fmt.Sprintf("{platform: line, connection: line, user: %s}", linetest.UserID(i))
		}
		to := &aoba
		if i%2 == 1 {
			to = &minami
		}
		fmt.Fprintf(to, "      - {key: m-%04d, name: 会員%d, role: rep, accounts: [%s]}\n", i, i, account)
	}
	return `
staff:
  - {key: s-ito, name: 伊藤, department: パートナー営業部, roles: [admin, sender, approver, manager]}
  - {key: s-sato, name: 佐藤, department: パートナー営業部, roles: [sender, approver]}
  - {key: s-kato, name: 加藤, department: 研修部, roles: [manager]}
partners:
  - key: p-aoba
    name: 青葉商事
    tier: gold
    tags: [東日本]
    owner: s-ito
    slack_orgs: [T0AOBA]
    people:
` + aoba.String() + `
  - key: p-minami
    name: 南海システム
    tier: silver
    owner: s-sato
    slack_orgs: [T0MINAMI]
    people:
` + minami.String()
}

// people makes the doubles know the town's people.
func (g *rig) people(n int) {
	for i := range n {
		switch i % 3 {
		case 0:
			org := "T0AOBA"
			if i%2 == 1 {
				org = "T0MINAMI"
			}
			g.slack.AddUser(slacktest.User{ID: fmt.Sprintf("U0P%04d", i), TeamID: org, Name: fmt.Sprint("p", i)})
		case 2:
			g.line.AddUser(linetest.UserID(i), fmt.Sprint("p", i))
		}
	}
}

// arrived counts what the platforms accepted, by person: Slack and LINE by their
// delivery keys, LINE WORKS by the user.
func (g *rig) arrived() map[string]int {
	out := map[string]int{}
	for key, n := range g.slack.Delivered() {
		out["slack "+key] += n
	}
	for _, s := range g.works.Sent() {
		out["lineworks "+s.User] += 1
	}
	for _, s := range g.line.Sent() {
		if s.Key != "" {
			out["line "+s.Key]++
		}
	}
	return out
}

// deliveries are the rows of a campaign as the reporting view shows them.
func (g *rig) deliveries(id int64) (out []row) {
	g.t.Helper()
	db := g.raw()
	rows, err := db.Query("SELECT delivery_key, COALESCE(person_key,''), COALESCE(partner_key,''), platform, address, part, state, COALESCE(error_code,'') FROM v_delivery WHERE campaign_id = ?", id)
	if err != nil {
		g.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.DeliveryKey, &r.PersonKey, &r.PartnerKey, &r.Platform, &r.Address, &r.Part, &r.State, &r.ErrorCode); err != nil {
			g.t.Fatal(err)
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		g.t.Fatal(err)
	}
	return out
}

type row struct {
	DeliveryKey, PersonKey, PartnerKey, Platform, Address string
	Part                                                  int
	State, ErrorCode                                      string
}

// between stands in front of a double and misbehaves about messages as g.fault says.
func (g *rig) between(platform, url string) string {
	g.t.Helper()
	s, err := whole.NewStorm(url)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(s.Close)
	s.Blow(func() int {
		if f := g.fault.Load(); f != nil {
			return (*f)(platform)
		}
		return 0
	})
	return s.URL
}
