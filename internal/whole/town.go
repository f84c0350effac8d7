package whole

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"akari/bot/line/linetest"
	"akari/bot/lineworks/lineworkstest"
	"akari/bot/slack/slacktest"
)

// Members is how many people of the partner Aoba there are on Slack and on LINE,
// each with a Slack room of their own: Member(i) in Room(i), linetest.UserID(i+1).
const Members = 32

// Member is a Slack user of Aoba, Room the room that they share with the vendor.
func Member(i int) string { return fmt.Sprintf("U0M%03d", i%Members) }

// Room is a Slack room of Aoba.
func Room(i int) string { return fmt.Sprintf("C0M%03d", i%Members) }

// Question is what the town's people ask; Answer is part of its answer, Guide the
// title of its material.
const (
	Question = "商談登録の有効期限は？"
	Answer   = "90日間"
	Guide    = "商談登録ガイド"
)

const knowledge = `
entries:
  - key: deal-registration
    question: {ja: 商談登録の有効期限は何日ですか, en: How long is a deal registration valid?}
    variants: {ja: [案件登録はいつまで有効, 商談登録の期限]}
    answer: {ja: 商談登録の有効期限は、登録日から90日間です。, en: A deal registration is valid for 90 days.}
    materials: [guide]
  - key: trial
    question: トライアル環境の申し込み方法は
    answer: トライアルは申込フォームから、最短で翌営業日にご用意します。
`

const materials = `
materials:
  - {key: guide, kind: document, title: {ja: 商談登録ガイド, en: Deal registration guide}, description: 手順と期限, file: guide.pdf, version: 2, owner: {person: s-ito, department: パートナー営業部}}
`

const guide = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"

// Town is everything around the program: the three chat networks as strict
// doubles, the people, the content, and the folder in which it works.
type Town struct {
	Dir    string
	Slack  *slacktest.Server
	Works  *lineworkstest.Double
	Aoba   *lineworkstest.Bot // the bot in the partner's own LINE WORKS
	Vendor *lineworkstest.Bot
	Line   *linetest.Server

	Driver, DSN string // the database
	Redis       string // host:port; empty = none
	Small       bool   // search without the dictionary
	Shipped     bool   // leave leases and rates as they are shipped
	More        string // further YAML of the config, top-level groups
	Server      string // further keys of its group server, each indented by two blanks
	Sending     string // sending.rates and further keys of that group; empty = fast

	// Fronts stand in front of the doubles, by platform; none = nothing does.
	Fronts map[string]string
}

// NewTown starts the doubles and writes content and seed into dir.
func NewTown(dir, driver, dsn string) (*Town, error) {
	t := &Town{
		Dir: dir, Driver: driver, DSN: dsn, Small: true,
		Slack: slacktest.Start(slacktest.Options{}), Works: lineworkstest.Start(lineworkstest.Options{PerMinute: 1_000_000}),
		Aoba: lineworkstest.NewBot("aoba"), Vendor: lineworkstest.NewBot("vendor"), Line: linetest.Start(linetest.Options{}),
	}
	t.Works.Add(t.Aoba, t.Vendor)
	t.people()
	files := map[string]string{
		"content/faq/a.yaml": knowledge, "content/materials/materials.yaml": materials, "content/materials/guide.pdf": guide,
		"seed.yaml": t.seed(), "works.pem": lineworkstest.PrivateKey(),
	}
	for name, body := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// Close ends the doubles.
func (t *Town) Close() {
	t.Slack.Close()
	t.Works.Close()
	t.Line.Close()
}

func (t *Town) people() {
	everyone := []string{"U0BOT", "U0ITO", "U0STRANGER"}
	t.Slack.AddUser(slacktest.User{ID: "U0ITO", Name: "ito"})
	t.Slack.AddUser(slacktest.User{ID: "U0STRANGER", TeamID: "T0OTHER", Name: "stranger"})
	for i := range Members {
		t.Slack.AddUser(slacktest.User{ID: Member(i), TeamID: "T0AOBA", Name: Member(i)})
		t.Line.AddUser(linetest.UserID(i+1), Member(i))
		everyone = append(everyone, Member(i))
	}
	for i := range Members {
		t.Slack.AddChannel(slacktest.Channel{ID: Room(i), Name: strings.ToLower(Room(i)), Members: everyone, ExtShared: true, ConnectedTeams: []string{"T0VENDOR", "T0AOBA"}})
	}
	t.Slack.AddChannel(slacktest.Channel{ID: "C0STAFF", Name: "staff", Members: everyone})
	t.Slack.AddChannel(slacktest.Channel{ID: "C0NEW", Name: "new-room", Members: everyone, ExtShared: true, ConnectedTeams: []string{"T0VENDOR", "T0AOBA"}})
}

func (t *Town) seed() string {
	var b strings.Builder
	b.WriteString(`staff:
  - {key: s-ito, name: 伊藤, department: パートナー営業部, roles: [admin], accounts: [{platform: slack, org: T0VENDOR, user: U0ITO}]}
partners:
  - key: p-aoba
    name: 青葉商事
    tier: gold
    owner: s-ito
    slack_orgs: [T0AOBA]
    rooms:
`)
	for i := range Members {
		fmt.Fprintf(&b, "      - {platform: slack, id: %s, kind: shared}\n", Room(i))
	}
	b.WriteString("    people:\n")
	for i := range Members {
		fmt.Fprintf(&b, "      - {key: aoba-%03d, name: 田中, role: rep, accounts: [{platform: slack, org: T0AOBA, user: %s}, {platform: line, user: %s}]}\n", i, Member(i), linetest.UserID(i+1))
	}
	return b.String()
}

// hurried: leases are short, so that what a killed process held is soon taken over.
const hurried = `sending:
  lease: 3s
  heartbeat: 1s
  timeout: 10s
  crash_max: 50
  retry_base: 200ms
  retry_max: 2s
  reconcile_after: 500ms
`

// fast is rates far above what the doubles take, so that no proof waits for a bucket.
const fast = "rates: {slack_room: 60000, slack_workspace: 600000, lineworks_operation: 600000, line_push: 600000}"

// Config is the config.yaml of a process that listens on these addresses.
func (t *Town) Config(listen, admin string) string {
	connection := func(b *lineworkstest.Bot, key, side string) string {
		return fmt.Sprintf(`    - {key: %s, side: %s, client_id: %s, client_secret: %s, service_account: %s, private_key_file: %s, bot_id: "%s", bot_name: あかり, bot_secrets: [%s]}
`, key, side, b.ClientID, b.ClientSecret, b.ServiceAccount, filepath.Join(t.Dir, "works.pem"), b.ID, b.Secret)
	}
	redis := ""
	if t.Redis != "" {
		redis = "redis: {url: \"redis://" + t.Redis + "/0\"}\n"
	}
	sending := hurried + "  " + cmp.Or(t.Sending, fast) + "\n"
	if t.Shipped {
		sending = ""
	}
	return fmt.Sprintf(`env: test
server:
  listen: "%s"
  admin_listen: "%s"
  public_url: https://akari.test
  secret: 0123456789abcdef0123456789abcdef
  spool_dir: %s
%sdatabase: {driver: %s, dsn: "%s", auto_migrate: true}
%sstorage: {dir: %s}
content: {dir: %s, small: %v}
slack: {enabled: true, app_id: %s, org_ids: [T0VENDOR], bot_token: %s, signing_secrets: [%s], api_url: "%s", staff_room: C0STAFF}
lineworks:
  api_url: %s
  auth_url: %s
  connections:
%s%sline: {enabled: true, channel_id: "2000000001", channel_secrets: [line-secret], api_url: "%s", data_api_url: "%s"}
upstream: {allow_insecure: true}
%slog: {level: info}
%s`, listen, admin, filepath.Join(t.Dir, "spool"), t.Server, t.Driver, t.DSN, redis, filepath.Join(t.Dir, "files"), filepath.Join(t.Dir, "content"), t.Small,
		t.Slack.AppID, t.Slack.BotToken, t.Slack.SigningSecret, t.front("slack", t.Slack.URL, t.Slack.APIURL), t.front("lineworks", t.Works.URL, t.Works.APIURL()), t.Works.AuthURL(),
		connection(t.Aoba, "aoba", "partner, partner: p-aoba"), connection(t.Vendor, "vendor", "vendor"), t.front("line", t.Line.URL, t.Line.URL), t.Line.URL, sending, t.More)
}

// front is an address of a double, behind what stands in front of it.
func (t *Town) front(platform, double, address string) string {
	if front := t.Fronts[platform]; front != "" {
		return front + strings.TrimPrefix(address, double)
	}
	return address
}

// Process makes a process of this town on free ports; it is not started.
func (t *Town) Process(bin, name string) (*Process, error) {
	listen, err := FreeAddr()
	if err != nil {
		return nil, err
	}
	admin, err := FreeAddr()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(t.Dir, name+".yaml")
	if err := os.WriteFile(path, []byte(t.Config(listen, admin)), 0o600); err != nil {
		return nil, err
	}
	return &Process{Bin: bin, Config: path, Dir: t.Dir, URL: "http://" + listen, Admin: "http://" + admin}, nil
}

// Settle migrates the database and seeds the people.
func (t *Town) Settle(ctx context.Context, p *Process) error {
	for _, args := range [][]string{{"migrate", "up"}, {"seed", "--file", filepath.Join(t.Dir, "seed.yaml")}} {
		out, code, err := p.Run(ctx, args...)
		if err != nil || code != 0 {
			return fmt.Errorf("akari %s ended with %d: %w\n%s", args[0], code, err, out)
		}
	}
	return nil
}

// SlackEvent is the body of a Slack event of somebody writing in a room: kind
// app_mention or message.
func (t *Town) SlackEvent(call *slacktest.Caller, kind, id, room, user, text, ts string) []byte {
	inner := map[string]any{
		"type": kind, "user": user, "text": "<@" + t.Slack.BotUser + "> " + text, "channel": room, "ts": ts, "event_ts": ts,
		"client_msg_id": id, "team": "T0AOBA", "blocks": []any{},
	}
	if kind == "app_mention" {
		inner["team"], inner["user_team"], inner["source_team"] = t.Slack.TeamID, "T0AOBA", "T0AOBA"
	} else {
		inner["channel_type"] = "channel"
	}
	return call.Envelope(id, inner, user)
}

// Post posts a body with headers and answers the status, 0 when there was no answer.
func Post(ctx context.Context, c *http.Client, url string, body []byte, header map[string]string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	for k, v := range header {
		r.Header.Set(k, v)
	}
	res, err := c.Do(r)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

// SlackHeader is what Slack sends with a body at a time.
func (t *Town) SlackHeader(contentType string, body []byte, at time.Time) map[string]string {
	return map[string]string{
		"Content-Type": contentType, "X-Slack-Request-Timestamp": fmt.Sprint(at.Unix()),
		"X-Slack-Signature": slacktest.Sign(t.Slack.SigningSecret, at.Unix(), body),
	}
}

// WorksHeader is what LINE WORKS sends with a body.
func (t *Town) WorksHeader(body []byte) map[string]string {
	return map[string]string{"Content-Type": "application/json; charset=UTF-8", "X-WORKS-BotId": t.Aoba.ID, "X-WORKS-Signature": lineworkstest.Sign(t.Aoba.Secret, body)}
}

// LineHeader is what LINE sends with a body.
func (t *Town) LineHeader(body []byte) map[string]string {
	return map[string]string{"Content-Type": "application/json; charset=utf-8", "X-Line-Signature": linetest.Sign("line-secret", body)}
}

// JSON is a body of any shape.
func JSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("whole: " + err.Error()) // only bodies made here come in
	}
	return b
}
