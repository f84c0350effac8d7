package lineworks_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"akari/bot"
	"akari/bot/lineworks"
	"akari/bot/lineworks/lineworkstest"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var noon = time.Date(2026, 5, 11, 3, 0, 0, 0, time.UTC)

// world is a platform, the double it talks to, and one bot of partner aoba.
type world struct {
	*lineworks.Platform
	double *lineworkstest.Double
	bot    *lineworkstest.Bot
}

// start makes a world; change may alter the options of both sides.
func start(t *testing.T, change ...func(*lineworks.Options, *lineworkstest.Options)) world {
	t.Helper()
	o := lineworks.Options{AllowInsecure: true, Timeout: 5 * time.Second}
	var do lineworkstest.Options
	for _, c := range change {
		c(&o, &do)
	}
	d := lineworkstest.Start(do)
	t.Cleanup(d.Close)
	b := lineworkstest.NewBot("aoba")
	d.Add(b)
	o.APIURL, o.AuthURL = d.APIURL(), d.AuthURL()
	o.Connections = append([]lineworks.Connection{connection(b)}, o.Connections...)
	p, err := lineworks.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return world{p, d, b}
}

func connection(b *lineworkstest.Bot) lineworks.Connection {
	return lineworks.Connection{
		Key: "aoba", Side: "partner", Partner: "aoba", ClientID: b.ClientID, ClientSecret: b.ClientSecret,
		ServiceAccount: b.ServiceAccount, PrivateKey: lineworkstest.PrivateKey(), BotID: b.ID, BotName: b.Name,
		BotSecrets: []string{b.Secret},
	}
}

// clean fails if the double saw anything that no correct client does.
func (w world) clean(t *testing.T) {
	t.Helper()
	for _, v := range w.double.Violations() {
		t.Errorf("the double objects: %s", v)
	}
}

// post is a rendered delivery of one message.
func (w world) post(t *testing.T, to bot.Address, m bot.Message) bot.Delivery {
	t.Helper()
	to.Platform, to.Connection = lineworks.Name, "aoba"
	d := bot.Delivery{ID: "1", Act: bot.Post, To: to, Parts: []bot.Message{m}, Attempt: 1}
	if m.Private {
		d.Act = bot.Private
	}
	var err error
	if d.Body, err = w.Render(d); err != nil {
		t.Fatal(err)
	}
	return d
}

var (
	sato = bot.Address{User: "c7a0e3d1-0000-4000-8000-000000000001", Direct: true}
	room = bot.Address{Room: "1a2b3c4d"}
)

// golden compares with a file below testdata, or rewrites it with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: run go test ./bot/lineworks -update", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-golden +now):\n%s", file, diff)
	}
}

func indented(t *testing.T, raw []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	b.WriteByte('\n')
	return b.Bytes()
}

func TestNewNamesEveryFaultAndNoSecret(t *testing.T) {
	good := connection(lineworkstest.NewBot("aoba"))
	with := func(f func(*lineworks.Connection)) lineworks.Connection {
		c := good
		f(&c)
		return c
	}
	cases := []struct {
		name string
		c    lineworks.Connection
		want string // "" = accepted
	}{
		{"good", good, ""},
		{"key with literal line breaks", with(func(c *lineworks.Connection) { c.PrivateKey = strings.ReplaceAll(c.PrivateKey, "\n", `\n`) }), ""},
		{"key with CRLF", with(func(c *lineworks.Connection) { c.PrivateKey = strings.ReplaceAll(c.PrivateKey, "\n", "\r\n") }), ""},
		{"cut key", with(func(c *lineworks.Connection) { c.PrivateKey = c.PrivateKey[:200] }), "private_key"},
		{"damaged key", with(func(c *lineworks.Connection) { c.PrivateKey = strings.Replace(c.PrivateKey, "A", "B", 40) }), "private_key"},
		{"no key", with(func(c *lineworks.Connection) { c.PrivateKey = "" }), "private_key is empty"},
		{"no bot secrets", with(func(c *lineworks.Connection) { c.BotSecrets = nil }), "bot_secrets"},
		{"empty bot secret", with(func(c *lineworks.Connection) { c.BotSecrets = []string{"x", " "} }), "bot_secrets[1]"},
		{"no client secret", with(func(c *lineworks.Connection) { c.ClientSecret = "" }), "client_secret"},
		{"no bot id", with(func(c *lineworks.Connection) { c.BotID = "" }), "bot_id"},
		{"climbing bot id", with(func(c *lineworks.Connection) { c.BotID = ".." }), "bot_id"},
		{"other side", with(func(c *lineworks.Connection) { c.Side = "both" }), "side"},
		{"partner without one", with(func(c *lineworks.Connection) { c.Partner = "" }), "partner"},
		{"key of a path", with(func(c *lineworks.Connection) { c.Key = "a/b" }), "key"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := lineworks.New(lineworks.Options{
				APIURL: "https://www.worksapis.com/v1.0", AuthURL: "https://auth.worksmobile.com/oauth2/v2.0/token",
				Connections: []lineworks.Connection{c.c},
			})
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), `"`+c.c.Key+`"`) {
				t.Fatalf("got %v, want an error about %s of connection %q", err, c.want, c.c.Key)
			}
			for _, secret := range []string{"client-secret", "bot-secret", "PRIVATE KEY", good.PrivateKey[60:90]} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error shows a secret: %v", err)
				}
			}
		})
	}
}

func TestNewRefusesBadAddresses(t *testing.T) {
	for _, api := range []string{"", "http://www.worksapis.com/v1.0", "www.worksapis.com", "https://u:p@host/v1.0", "https://host/?a=b"} {
		_, err := lineworks.New(lineworks.Options{
			APIURL: api, AuthURL: "https://auth.worksmobile.com/oauth2/v2.0/token",
			Connections: []lineworks.Connection{connection(lineworkstest.NewBot("aoba"))},
		})
		if err == nil || !strings.Contains(err.Error(), "lineworks.api_url") {
			t.Errorf("api_url %q: got %v, want an error that names it", api, err)
		}
	}
	twice := []lineworks.Connection{connection(lineworkstest.NewBot("aoba")), connection(lineworkstest.NewBot("aoba"))}
	if _, err := lineworks.New(lineworks.Options{APIURL: "https://a.example", AuthURL: "https://a.example/t", Connections: twice}); err == nil {
		t.Error("two connections with one key were accepted")
	}
}

func TestAnswerIsAnEmpty200(t *testing.T) {
	status, kind, body := start(t).Answer(bot.Inbound{Kind: bot.Submitted}, bot.Outcome{Errors: map[string]string{"a": "b"}})
	if status != 200 || kind != "" || len(body) != 0 {
		t.Errorf("got %d %q %q", status, kind, body)
	}
}
