package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// load is parseConfig with the text given in the test.
func load(t *testing.T, text string, environ ...string) (Config, []Problem) {
	t.Helper()
	return parseConfig("config.yaml", []byte(text), environ)
}

func mustLoad(t *testing.T, text string, environ ...string) Config {
	t.Helper()
	c, problems := load(t, text, environ...)
	if len(problems) > 0 {
		t.Fatalf("unexpected problems: %v", problems)
	}
	return c
}

func TestShippedFileHoldsEveryKeyWithACommentAndItsDefault(t *testing.T) {
	file, err := parser.ParseBytes(defaultConfig, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(defaultConfig), "\n")
	found := map[string]int{}
	var walk func(path string, n ast.Node)
	walk = func(path string, n ast.Node) {
		values, ok := pairs(n)
		if !ok {
			return
		}
		for _, kv := range values {
			p := join(path, keyText(kv.Key))
			found[p] = lineOf(kv.Key)
			walk(p, kv.Value)
		}
	}
	walk("", file.Docs[0].Body)
	for _, key := range allKeys() {
		at, ok := found[key]
		if !ok {
			t.Errorf("config.yaml lacks %s", key)
			continue
		}
		if _, comment, ok := strings.Cut(lines[at-1], "# "); !ok || len(comment) < 10 {
			t.Errorf("config.yaml:%d: %s has no comment", at, key)
		}
	}

	bare, problems := LoadConfig("", nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	shipped := mustLoad(t, string(defaultConfig))
	bare.Notes, shipped.Notes = nil, nil
	if !reflect.DeepEqual(bare, shipped) {
		t.Errorf("the shipped file differs from the defaults:\n%+v\n%+v", bare, shipped)
	}
}

func TestEveryKeyHasItsOwnVariable(t *testing.T) {
	seen := map[string]string{}
	var c Config
	for _, s := range settings("", reflect.ValueOf(&c).Elem()) {
		names := []string{s.variable()}
		if isSecret(s.field) {
			names = append(names, s.variable()+"_FILE")
		}
		for _, name := range names {
			if other, twice := seen[name]; twice {
				t.Errorf("%s stands for %s and %s", name, other, s.path)
			}
			seen[name] = s.path
		}
	}
	if seen["AKARI_SERVER_PUBLIC_URL"] != "server.public_url" || seen["AKARI_SENDING_RATES_SLACK_ROOM"] != "sending.rates.slack_room" {
		t.Errorf("names are not as promised: %v", seen)
	}
}

func TestFiveFaultsAreListedAsFiveWithTheirLines(t *testing.T) {
	_, problems := load(t, `env: development
server:
  lisen: ":8081"
  max_body: large
database:
  driver: postgres
sending:
  heartbeat: 2m
links:
  ttl: [30d]
`)
	want := []string{
		"config.yaml:3: unknown key server.lisen; the nearest known key is server.listen",
		`config.yaml:4: server.max_body must be a size such as 1048576, 512KiB or 1MiB, not "large"`,
		`config.yaml:6: database.driver must be sqlite or mysql, not "postgres"`,
		"config.yaml:8: sending.heartbeat is 2m0s, but must be shorter than sending.lease (1m0s)",
		"config.yaml:10: links.ttl must be a single value, not a list",
	}
	wantProblems(t, problems, want)
}

func wantProblems(t *testing.T, problems []Problem, want []string) {
	t.Helper()
	var got []string
	for _, p := range problems {
		got = append(got, p.String())
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("problems are\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestOneProblemEach(t *testing.T) {
	tests := []struct {
		name, text, want string
		env              []string
	}{
		{"a key at the wrong place", "public_url: https://a.example", "config.yaml:1: unknown key public_url; the nearest known key is server.public_url", nil},
		{"an unknown group", "serverr:\n  listen: ':1'", "config.yaml:1: unknown key serverr; the nearest known key is server", nil},
		{"a key of a connection", conns("bot_idd: 1"), "unknown key lineworks.connections[0].bot_idd; the nearest known key is lineworks.connections[0].bot_id", nil},
		{"a key twice", "log:\n  level: info\n  level: warn", "config.yaml:3: log.level stands twice, first on line 2", nil},
		{"a group that is a value", "server: 8080", "config.yaml:1: server must hold keys, not a number", nil},
		{"text for a number", "sending:\n  concurrency: many", `config.yaml:2: sending.concurrency must be a whole number, not "many"`, nil},
		{"a quoted number", "sending:\n  concurrency: '8'", `config.yaml:2: sending.concurrency must be a whole number, not "8"`, nil},
		{"yes is no truth", "slack:\n  enabled: yes", `config.yaml:2: slack.enabled must be true or false, not "yes"`, nil},
		{"truth for text", "vendor:\n  name: true", `config.yaml:2: vendor.name must be text, not true`, nil},
		{"text for a list", "vendor:\n  languages: ja", "config.yaml:2: vendor.languages must be a list such as [a, b], not text", nil},
		{"a bare number as a duration", "server:\n  read_timeout: 30", `config.yaml:2: server.read_timeout must be a duration such as 30s, 5m, 2h or 30d, not "30"`, nil},
		{"no YAML", "env: [", "config.yaml:1: this is not YAML", nil},
		{"a variable in a flow map", "clock: {offset: ${OFF:-0s}}", "config.yaml:1: this is not YAML: ',' or '}' must be specified; inside { } and [ ] a value with ${…} needs quotes", nil},
		{"a tab", "env: test\n\tlog: x", "config.yaml:2: this is not YAML: found character '\t' that cannot start any token", nil},
		{"Slack without an app id", "slack: {enabled: true, org_ids: [T1], bot_token: x, signing_secrets: [y]}", "config.yaml:1: slack.app_id is missing", nil},
		{"a second document", "env: test\n---\nenv: test", "config.yaml:3: a second document begins here", nil},
		{"an alias", "vendor:\n  name: &n A\n  support_desk: *n", "config.yaml:3: aliases (*name) are not supported", nil},
		{"a variable that is not set", "vendor:\n  name: ${NOBODY_HOME}", "config.yaml:2: vendor.name uses ${NOBODY_HOME}, which is not set", nil},
		{"an unknown variable of ours", "", "environment: unknown setting AKARI_SERVER_LISEN; the nearest known one is AKARI_SERVER_LISTEN", []string{"AKARI_SERVER_LISEN=:1"}},
		{"a variable with a wrong value", "", "environment: AKARI_SERVER_READ_TIMEOUT: server.read_timeout must be a duration such as 30s, 5m, 2h or 30d, not \"$AKARI_SERVER_READ_TIMEOUT\"", []string{"AKARI_SERVER_READ_TIMEOUT=soon"}},
		{"a secret and its file", "database: {dsn: a.db, dsn_file: /run/dsn}", "config.yaml:1: database.dsn_file and dsn (line 1) are both given", nil},
		{"a secret file that is not there", "server: {secret_file: /nowhere/secret}", "config.yaml:1: server.secret_file: /nowhere/secret cannot be read", nil},
		{"a short secret", "server: {secret: abc}", "config.yaml:1: server.secret has 3 bytes; at least 32", nil},
		{"the clock outside of tests", "clock: {offset: 1h}", "config.yaml:1: clock.offset is only allowed with env: test", nil},
		{"an offset file outside of tests", "clock: {offset_file: o}", "config.yaml:1: clock.offset_file is only allowed with env: test", nil},
		{"insecure addresses outside of tests", "upstream: {allow_insecure: true}", "config.yaml:1: upstream.allow_insecure is only allowed with env: test", nil},
		{"an http platform", "line: {api_url: 'http://127.0.0.1:1'}", "config.yaml:1: line.api_url must begin with https://", nil},
		{"an http platform elsewhere", "env: test\nupstream: {allow_insecure: true}\nline: {api_url: 'http://10.0.0.1:1'}", "config.yaml:3: line.api_url may be http only on this machine", nil},
		{"a window that ends before it begins", "campaign: {window: {from: '18:00'}}", "campaign.window.to is 17:30, but must be later than campaign.window.from (18:00)", nil},
		{"a strange day", "campaign: {window: {days: [Monday]}}", `campaign.window.days must hold Mon, Tue, Wed, Thu, Fri, Sat or Sun, not "Monday"`, nil},
		{"a strange holiday", "campaign: {holidays: [jp, 12/29]}", `campaign.holidays must hold jp and days such as 2026-12-29, not "12/29"`, nil},
		{"three reminders", "campaign: {reminders_max: 3}", "campaign.reminders_max must be between 0 and 2, not 3", nil},
		{"a strange schedule", "digest:\n  audiences:\n    - {key: a, to: s-ito, schedule: Mondays}", `config.yaml:3: digest.audiences[0].schedule must be a day and a time`, nil},
		{"a strange reader", "digest:\n  audiences:\n    - {key: a, to: 'room:slack', schedule: Mon 09:00}", "config.yaml:3: digest.audiences[0].to must be a staff key, room:slack:C…", nil},
		{"two equal audiences", "digest:\n  audiences:\n    - {key: a, to: x, schedule: Mon 09:00}\n    - {key: a, to: y, schedule: Mon 09:00}", `config.yaml:4: digest.audiences[1].key "a" is given twice`, nil},
		{"a MySQL address for SQLite", "database: {dsn: 'root@tcp(127.0.0.1:3306)/a'}", "database.dsn looks like a MySQL address", nil},
		{"a file for MySQL", "database: {driver: mysql}", "database.dsn does not look like user:password@tcp", nil},
		{"a strange redis", "redis: {url: 'localhost:6379'}", "config.yaml:1: redis.url must be redis://", nil},
		{"a strange zone", "vendor: {time_zone: Asia/Edo}", "config.yaml:1: vendor.time_zone must be a zone name", nil},
		{"both ports the same", "server: {admin_listen: ':8080'}", "config.yaml:1: server.admin_listen is the same address as server.listen", nil},
		{"a partner connection without a partner", conns("side: partner"), "lineworks.connections[0].partner is missing", nil},
		{"a connection with a strange side", conns("side: left"), `lineworks.connections[0].side must be vendor or partner, not "left"`, nil},
		{"LINE without a secret", "line: {enabled: true, channel_id: 1}", "line.channel_secrets is missing", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := load(t, tt.text, tt.env...)
			if len(problems) != 1 || !strings.Contains(problems[0].String(), tt.want) {
				t.Errorf("problems are %v, want one with %q", problems, tt.want)
			}
		})
	}
}

// conns is a file with one good LINE WORKS connection of the vendor, and one more line.
func conns(extra string) string {
	side := "      side: vendor\n"
	if strings.HasPrefix(extra, "side:") {
		side = ""
	}
	return "lineworks:\n  connections:\n    - key: v\n" + side +
		"      client_id: c\n      client_secret: hidden-1\n      service_account: s@x\n      bot_id: 20001\n" +
		"      private_key: |\n        -----BEGIN PRIVATE KEY-----\n        hidden-2\n" +
		"      bot_secrets: [hidden-3]\n      " + extra + "\n"
}

func TestOverrides(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "secrets")
	if err := os.WriteFile(file, []byte("new-one\nold-one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := mustLoad(t, `
server:
  public_url: https://file.example/
  idle_timeout: ${IDLE:-3m}
slack:
  enabled: true
  app_id: A0APP
  org_ids: ${ORGS}
  bot_token: ${TOKEN}
line: {channel_id: 0123, channel_access_token: "${NOT_SET}"}
vendor: {name: "a $${b} ${TOKEN}"}
campaign: {approval_over: 5}
`+"", "ORGS=T1, E2", "TOKEN=xoxb-1", "AKARI_SERVER_PUBLIC_URL=https://env.example",
		"AKARI_SLACK_SIGNING_SECRETS_FILE="+file, "AKARI_CAMPAIGN_HOLIDAYS=jp,2026-12-29", "AKARI_PLAYGROUND_ENABLED=false",
		"AKARI_SENDING_INTERACTIVE_SHARE=0.5", "AKARI_CAMPAIGN_APPROVAL_OVER=", "AKARI_SENDING_CONCURRENCY=", "AKARI_PORT=tcp://10.0.0.1:80", "AKARI_CI=1")
	got := []any{c.Server.PublicURL, c.Server.IdleTimeout, c.Slack.OrgIDs, c.Slack.BotToken.Reveal(), reveal(c.Slack.SigningSecrets),
		c.Campaign.Holidays, *c.Playground.Enabled, c.Sending.InteractiveShare, c.Campaign.ApprovalOver, c.Sending.Concurrency, c.Line.ChannelID, c.Vendor.Name}
	want := []any{"https://env.example", 3 * time.Minute, []string{"T1", "E2"}, "xoxb-1", []string{"new-one", "old-one"},
		[]string{"jp", "2026-12-29"}, false, 0.5, (*int)(nil), 8, "0123", "a ${b} xoxb-1"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if len(c.Notes) == 0 || !strings.Contains(fmt.Sprint(c.Notes), "AKARI_PORT") {
		t.Errorf("the foreign variable is not noted: %v", c.Notes)
	}
}

func TestAByteOrderMarkAndWindowsLineEndsAreFine(t *testing.T) {
	if c := mustLoad(t, "\ufeffenv: test\r\nlog:\r\n  level: warn\r\n"); c.Env != "test" || c.Log.Level != "warn" {
		t.Errorf("%q %q", c.Env, c.Log.Level)
	}
}

func TestEmptyApprovalMeansNobodyApproves(t *testing.T) {
	if c := mustLoad(t, "campaign:\n  approval_over:\n"); c.Campaign.ApprovalOver != nil {
		t.Errorf("approval_over is %d, want none", *c.Campaign.ApprovalOver)
	}
	if c := mustLoad(t, "campaign: {approval_over: 0}"); c.Campaign.ApprovalOver == nil || *c.Campaign.ApprovalOver != 0 {
		t.Error("0 must stay 0: everything needs approval")
	}
}

func TestProductionRefusesWhatIsOnlyForTrying(t *testing.T) {
	_, problems := load(t, "env: production")
	wantProblems(t, problems, []string{
		"config.yaml: server.public_url must begin with https:// in production",
		"config.yaml: server.secret is missing: production does not use a made-up secret (openssl rand -base64 48)",
		"config.yaml:1: env is production, but no chat platform is set up: enable slack or line, or add a LINE WORKS connection",
	})
	c := mustLoad(t, "env: production\nserver: {public_url: 'https://a.example', secret: 0123456789012345678901234567890123}\n"+conns("bot_name: a"))
	if on, _ := c.PlaygroundOn(); on {
		t.Error("the playground is on in production")
	}
	_, problems = load(t, "env: production\nserver: {public_url: 'https://a.example', secret: change-me-change-me-change-me-change-me}\n"+conns("bot_name: a"))
	if len(problems) != 1 || !strings.Contains(problems[0].Text, "sample") {
		t.Errorf("the sample secret is let through: %v", problems)
	}
}

func TestPlayground(t *testing.T) {
	tests := []struct {
		text            string
		on, behindLogin bool
	}{
		{"", true, false},
		{"env: test", true, false},
		{conns("bot_name: a"), false, false},
		{conns("bot_name: a") + "playground: {enabled: true}", true, true},
		{"playground: {enabled: false}", false, false},
	}
	for _, tt := range tests {
		on, behindLogin := mustLoad(t, tt.text).PlaygroundOn()
		if on != tt.on || on && behindLogin != tt.behindLogin {
			t.Errorf("%q: on %v, behind login %v; want %v, %v", tt.text, on, behindLogin, tt.on, tt.behindLogin)
		}
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	c := mustLoad(t, conns("bot_name: a")+"database: {dsn: hidden-4}\nserver: {secret: hidden-5-hidden-5-hidden-5-hidden-5}\nredis: {url: 'redis://:hidden-6@h:1'}\n")
	type wrapped struct{ unexported Config }
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb, c)
		fmt.Fprintf(&out, verb, &c)
		fmt.Fprintf(&out, verb, wrapped{c})
		fmt.Fprintf(&out, verb, c.Server.Secret)
	}
	if err := json.NewEncoder(&out).Encode(c); err != nil {
		t.Fatal(err)
	}
	for _, h := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		slog.New(h).Info("config", "all", c, "secret", c.Server.Secret, "list", c.LineWorks.Connections)
	}
	for _, form := range []string{"hidden", "68696464656e"} {
		if i := strings.Index(out.String(), form); i >= 0 {
			t.Errorf("a secret was printed: …%s", out.String()[max(0, i-40):i+10])
		}
	}
	if !strings.Contains(out.String(), masked) {
		t.Error("nothing was masked: the test looks at nothing")
	}
}

func TestMissingFileSaysWhatToDo(t *testing.T) {
	_, problems := LoadConfig(filepath.Join(t.TempDir(), "none.yaml"), nil)
	if len(problems) != 1 || !strings.Contains(problems[0].Text, "--config") {
		t.Errorf("problems are %v", problems)
	}
}

// Whatever an operator writes: no panic, problems sorted, and nothing that came
// from a secret's variable ever stands in a message.
func FuzzLoadConfig(f *testing.F) {
	for _, seed := range []string{"", string(defaultConfig), conns("x: ${HUSH}"), "server: {secret: ${HUSH}}", "slack:\n  enabled: ${HUSH}\n",
		"a: &a [*a]", "env: ${HUSH}\nserver:\n  listen: ${HUSH}", "server:\n  ${HUSH}: 1", "digest: {audiences: [1, {key: ${HUSH}}]}", "? a\n: b", "- 1", "!!map {a: b}"} {
		f.Add(seed)
	}
	const hush = "do-not-tell-anyone"
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "_file:") && text != string(defaultConfig) || strings.Contains(text, hush) {
			return // would read files of this machine, or holds the word itself
		}
		c, problems := parseConfig("config.yaml", []byte(text), []string{"HUSH=" + hush})
		last := 0
		for _, p := range problems {
			if strings.Contains(p.String(), hush) && secretLike(text) {
				t.Errorf("told: %s", p)
			}
			if p.File == "config.yaml" && p.Line < last {
				t.Errorf("not sorted: %v", problems)
			}
			last = p.Line
		}
		if out := fmt.Sprintf("%+v", c.Server.Secret); strings.Contains(out, hush) {
			t.Errorf("printed: %s", out)
		}
	})
}

// secretLike: the variable is used for a secret key only; other keys may show their value.
func secretLike(text string) bool {
	return strings.Count(text, "${HUSH") == strings.Count(text, "secret: ${HUSH")
}
