package whole_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"akari/bot/line/linetest"
	"akari/bot/slack/slacktest"
	"akari/internal/testenv"
	"akari/internal/whole"
)

// crowd is how many people a campaign goes to: a tenth on Slack, where what is in
// doubt may be looked for only about once a second, and the rest on LINE WORKS and LINE.
const crowd = 500

// inFlight is how many messages a process may have on their way at its death:
// sending.concurrency of each platform.
const inFlight = 8

// gathering is a town with a crowd, behind storms.
type gathering struct {
	*whole.Town
	t     *testing.T
	db    *sql.DB
	winds []*whole.Storm
	cut   atomic.Int64 // LINE WORKS messages of which no answer told whether they arrived
}

// gather makes the town; a sender called s-boss may do everything with campaigns.
func gather(t *testing.T, driver string, change func(*whole.Town)) *gathering {
	t.Helper()
	g := &gathering{t: t, Town: town(t, driver, change)}
	g.Fronts = map[string]string{}
	for platform, double := range map[string]string{"slack": g.Slack.URL, "lineworks": g.Works.URL, "line": g.Line.URL} {
		s, err := whole.NewStorm(double)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		s.Blow(func() int { return g.misfortune(platform) })
		g.Fronts[platform], g.winds = s.URL, append(g.winds, s)
	}
	// About ten seconds of sending: time enough to be killed ten times.
	g.Sending = "rates: {slack_room: 60, slack_workspace: 300, lineworks_operation: 1200, line_push: 1200}"
	g.More = "campaign: {undo: 1s, approval_over: 1000}\n"
	var b strings.Builder
	b.WriteString("staff:\n  - {key: s-boss, name: 佐藤, department: パートナー営業部, roles: [sender, approver, manager], accounts: [{platform: slack, org: T0VENDOR, user: U0BOSS}]}\n" +
		"partners:\n  - key: p-aoba\n    name: 青葉商事\n    tier: gold\n    owner: s-ito\n    slack_orgs: [T0AOBA]\n    people:\n")
	var keys []string
	g.Slack.AddUser(slacktest.User{ID: "U0BOSS", Name: "boss"})
	for i := range crowd {
		account := fmt.Sprintf("{platform: lineworks, connection: aoba, user: crowd-%03d}", i)
		switch i % 10 {
		case 0:
			user := slackUser(i)
			g.Slack.AddUser(slacktest.User{ID: user, TeamID: "T0AOBA", Name: user})
			account = fmt.Sprintf("{platform: slack, org: T0AOBA, user: %s}", user)
		case 1, 2, 3, 4:
			user := linetest.UserID(1000 + i)
			g.Line.AddUser(user, user)
			account = fmt.Sprintf("{platform: line, user: %s}", user)
		}
		keys = append(keys, fmt.Sprintf("c-%03d", i))
		fmt.Fprintf(&b, "      - {key: %s, name: 会員, role: rep, accounts: [%s]}\n", keys[i], account)
	}
	for name, body := range map[string]string{"crowd.yaml": b.String(), "campaign.yaml": `title: 新価格表のご案内
class: confirm
text: {ja: "**新しい**ガイドです。", en: "The **new** guide."}
materials: [guide]
ack: {rule: everyone}
override_window: {reason: 試験}
audience: {people: [` + strings.Join(keys, ", ") + "]}\n"} {
		if err := os.WriteFile(filepath.Join(g.Dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

func slackUser(i int) string { return fmt.Sprintf("U0C%03d", i) }

// misfortune: a fifth of the messages fail before they are accepted, a tenth after.
func (g *gathering) misfortune(platform string) int {
	switch n := rand.IntN(100); {
	case n < 18:
		if platform == "lineworks" { // a 503 does not say that nothing happened
			g.cut.Add(1)
		}
		return http.StatusServiceUnavailable
	case n < 20: // few, because each makes the platform rest for a second
		return http.StatusTooManyRequests
	case n < 30:
		if platform == "lineworks" {
			g.cut.Add(1)
		}
		return whole.AcceptThenFail
	}
	return 0
}

// akari runs a command, which must succeed, and answers what it printed.
func (g *gathering) akari(p *whole.Process, args ...string) string {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(g.t.Context(), time.Minute)
	defer cancel()
	out, code, err := p.Run(ctx, args...)
	if err != nil || code != 0 {
		g.t.Fatalf("akari %v ended with %d: %v\n%s", args, code, err, out)
	}
	return out
}

// launch launches the campaign and waits until it runs.
func (g *gathering) launch(p *whole.Process) (id int) {
	g.t.Helper()
	g.akari(p, "seed", "--file", filepath.Join(g.Dir, "crowd.yaml"))
	var made struct {
		CampaignID int `json:"campaign_id"`
	}
	out := g.akari(p, "campaign", "create", "--file", filepath.Join(g.Dir, "campaign.yaml"), "--as", "s-boss", "--json")
	if err := json.Unmarshal([]byte(out), &made); err != nil {
		g.t.Fatalf("%v: %s", err, out)
	}
	g.akari(p, "campaign", "launch", strconv.Itoa(made.CampaignID), "--as", "s-boss")
	g.await("running", made.CampaignID, 30*time.Second)
	return made.CampaignID
}

func (g *gathering) state(id int) string {
	g.t.Helper()
	return table(g.t, g.db, "SELECT state FROM v_campaign WHERE campaign_id = ?", id)[0][0]
}

func (g *gathering) await(state string, id int, patience time.Duration) {
	g.t.Helper()
	wait(g.t, patience, "the campaign to be "+state, func() bool { s := g.state(id); return s == state || s == "finished" })
}

// settle waits until nothing of the campaign is owed or in doubt that the program
// can settle by itself.
func (g *gathering) settle(id int) {
	g.t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		left := table(g.t, g.db, "SELECT platform, state, COUNT(*) FROM v_delivery WHERE campaign_id = ? AND state IN ('queued','sending','unconfirmed') GROUP BY platform, state", id)
		if len(left) == 0 && g.state(id) == "finished" {
			return
		}
		if time.Now().After(end) {
			g.t.Fatalf("the campaign is %s and still owes %v", g.state(id), left)
		}
	}
}

// judge holds rows, report and platforms against each other, to the unit.
func (g *gathering) judge(p *whole.Process, id, kills int) {
	g.t.Helper()
	arrived := map[string]int{}
	for key, n := range g.Slack.Delivered() {
		arrived["slack "+key] = n
	}
	for _, s := range g.Line.Sent() {
		arrived["line "+s.Key]++
	}
	for _, s := range g.Works.Sent() {
		arrived["lineworks "+s.User]++
	}
	states, people, ends := map[string]int{}, map[string]int{}, map[string]int{}
	for _, row := range table(g.t, g.db, "SELECT delivery_key, person_key, platform, address, state, error_code FROM v_delivery WHERE campaign_id = ?", id) {
		key, person, platform, state := row[0], row[1], row[2], row[4]
		people[person]++
		states[state]++
		if platform == "lineworks" {
			key = row[3][strings.LastIndexAny(row[3], ":/")+1:]
		}
		n := arrived[platform+" "+key]
		ends[fmt.Sprintf("%s %s×%d", platform, state, n)]++
		switch {
		case n > 1, state == "sent" && n != 1, state != "sent" && state != "held":
			g.t.Errorf("%s on %s is %s (%s) and arrived %d times", person, platform, state, row[5], n)
		case state == "held" && platform != "lineworks":
			g.t.Errorf("%s on %s is held although the platform can be asked", person, platform)
		}
	}
	for person, n := range people {
		if n != 1 {
			g.t.Errorf("%s has %d deliveries", person, n)
		}
	}
	if len(people) != crowd {
		g.t.Errorf("%d people have a delivery, want %d", len(people), crowd)
	}
	if most := int(g.cut.Load()) + kills*inFlight; states["held"] > most {
		g.t.Errorf("%d are held, but only %d can be in doubt", states["held"], most)
	}
	var report struct {
		AudienceSize int               `json:"audience_size"`
		Sent, Held   int               //
		Unclear      []json.RawMessage `json:"unclear"`
	}
	out := g.akari(p, "campaign", "report", strconv.Itoa(id), "--json")
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		g.t.Fatalf("%v: %s", err, out)
	}
	if report.AudienceSize != crowd || report.Sent != states["sent"] || report.Held != states["held"] || len(report.Unclear) != states["held"] {
		g.t.Errorf("the report says %d of %d sent, %d held, %d listed; the rows %v", report.Sent, report.AudienceSize, report.Held, len(report.Unclear), states)
	}
	g.t.Logf("%d kills: %v", kills, ends)
}

// TestACampaignThroughKills is P6, P7 and P12 with the program itself: 500 people on
// three platforms that fail a fifth of the calls before and a tenth after accepting,
// and ten kills; on MariaDB two processes, and until the last kill Redis loses everything
// every 2 s.
func TestACampaignThroughKills(t *testing.T) {
	const kills = 10
	each(t, func(t *testing.T, driver string) {
		flushing, still := context.WithCancel(t.Context())
		defer still()
		g := gather(t, driver, func(w *whole.Town) {
			if driver == "mysql" {
				redis := testenv.RedisServer(t)
				w.Redis = redis.Addr
				go flush(flushing, redis.Addr)
			}
		})
		ps := []*whole.Process{start(t, g.Town, "one", true)}
		if driver == "mysql" {
			ps = append(ps, start(t, g.Town, "two", false))
		}
		g.db = look(t, driver, g.DSN)
		id := g.launch(ps[0])
		during := 0
		for range kills {
			time.Sleep(time.Duration(200+rand.IntN(800)) * time.Millisecond)
			if g.state(id) == "running" {
				during++
			}
			p := ps[rand.IntN(len(ps))]
			p.Kill()
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			err := p.Ready(ctx)
			cancel()
			if err != nil {
				t.Fatal(err)
			}
		}
		if during < kills/2 {
			t.Errorf("only %d of %d kills came while the campaign ran: nothing was tried", during, kills)
		}
		still() // a flushed bucket begins empty, and looks for doubts would wait long
		g.settle(id)
		g.judge(ps[0], id, kills)
	})
}

// TestACampaignThroughKillsOfTheDatabase is P6 and P7 with kill -9 of the database
// server in the middle of a campaign: what was on its way ends as it would have.
func TestACampaignThroughKillsOfTheDatabase(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	server := mortal(ctx, t)
	g := gather(t, "mysql", nil)
	p := start(t, g.Town, "one", true)
	g.db = look(t, "mysql", g.DSN)
	id := g.launch(p)
	const kills = 2
	for range kills {
		before := g.ended(id)
		wait(t, 30*time.Second, "the campaign to go on", func() bool { return g.ended(id) >= before+crowd/10 })
		if s := g.state(id); s != "running" {
			t.Fatalf("the campaign is %s: nothing is tried", s)
		}
		server.Kill()
		if err := server.Restart(ctx); err != nil {
			t.Fatal(err)
		}
	}
	g.settle(id)
	g.judge(p, id, kills)
}

// ended counts the deliveries of a campaign that have come to an end.
func (g *gathering) ended(id int) int {
	g.t.Helper()
	return number(g.t, g.db, "SELECT COUNT(*) FROM v_delivery WHERE campaign_id = ? AND state NOT IN ('queued','sending')", id)
}
