// Package slack speaks to Slack: it hears events, interactions, commands and
// choice loads, renders neutral messages as Block Kit, and sends them with the
// bot token of one vendor-side installation.
//
// Everything odd about Slack stops here: payload team fields that name the wrong
// company (never read), mentions that arrive twice, link buttons that call back,
// triggers that live three seconds. Pages meant by "reference" are those under
// docs.slack.dev/reference.
package slack

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"akari/bot"
)

// Name is the platform's name and, as there is one vendor-side installation, also
// the name of its only connection.
const Name = "slack"

// DefaultAPIURL is the root of Slack's Web API.
const DefaultAPIURL = "https://slack.com/api/"

// Options is what a Platform needs to know. AppID, BotToken and one signing
// secret are required; everything else has a default.
type Options struct {
	AppID          string   // "A…": payloads for another app are refused as forged
	OrgIDs         []string // our own team and enterprise ids, "T…" or "E…": who is at home
	BotToken       string   // "xoxb-…"
	SigningSecrets []string // any of them may have signed; several while rotating
	APIURL         string   // default DefaultAPIURL
	AllowInsecure  bool     // http:// APIURL, for tests on loopback
	AllowTestHosts bool     // response_url on the host of APIURL is allowed as well
	Timeout        time.Duration
	RetryAfterMax  time.Duration // the longest pause taken from an answer; default 5 min
	Now            func() time.Time
	HTTPClient     *http.Client // default: a client of its own without redirects and retries
	Log            *slog.Logger
}

// Platform is Slack with its one connection.
type Platform struct {
	opt     Options
	api     *url.URL
	client  *http.Client
	log     *slog.Logger
	now     func() time.Time
	orgs    map[string]bool
	direct  directRooms
	secrets [][]byte
	refused struct {
		sync.Mutex
		last time.Time // when a refusal was logged last
	}
}

var (
	_ bot.Platform   = (*Platform)(nil)
	_ bot.Finder     = (*Platform)(nil)
	_ bot.FactSource = (*Platform)(nil)
	_ bot.Checker    = (*Platform)(nil)
)

// New checks the options and makes a Platform. It makes no call.
func New(opt Options) (*Platform, error) {
	if opt.APIURL == "" {
		opt.APIURL = DefaultAPIURL
	}
	if opt.Timeout <= 0 {
		opt.Timeout = 30 * time.Second
	}
	if opt.RetryAfterMax <= 0 {
		opt.RetryAfterMax = 5 * time.Minute
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	api, err := opt.check()
	if err != nil {
		return nil, fmt.Errorf("slack cannot be set up: %w", err)
	}
	p := &Platform{
		opt: opt, api: api, now: opt.Now, log: opt.Log,
		client: ownClient(opt), orgs: map[string]bool{},
	}
	for _, id := range opt.OrgIDs {
		p.orgs[id] = true
	}
	for _, s := range opt.SigningSecrets {
		p.secrets = append(p.secrets, []byte(s))
	}
	return p, nil
}

// check finds every fault in the options at once, and never prints a secret.
func (o Options) check() (*url.URL, error) {
	var faults []error
	if !plainID(o.AppID, 'A') {
		faults = append(faults, fmt.Errorf("app id %q is not of the form A0123ABCD; copy it from \"Basic Information\" of the app", o.AppID))
	}
	for _, id := range o.OrgIDs {
		if !plainID(id, 'T') && !plainID(id, 'E') {
			faults = append(faults, fmt.Errorf("organisation id %q is not of the form T… or E…", id))
		}
	}
	if o.BotToken == "" || strings.ContainsFunc(o.BotToken, notHeader) {
		faults = append(faults, errors.New("the bot token is empty or has characters that no token has; copy it from \"OAuth & Permissions\" of the app"))
	}
	if len(o.SigningSecrets) == 0 {
		faults = append(faults, errors.New("no signing secret is given; copy it from \"Basic Information\" of the app"))
	}
	for i, s := range o.SigningSecrets {
		if strings.TrimSpace(s) != s || s == "" {
			faults = append(faults, fmt.Errorf("signing secret %d is empty or has white space around it", i+1))
		}
	}
	api, err := url.Parse(o.APIURL)
	switch {
	case err != nil || api.Host == "" || api.User != nil || api.RawQuery != "":
		faults = append(faults, errors.New("the API address is no plain https address"))
	case api.Scheme != "https" && (api.Scheme != "http" || !o.AllowInsecure):
		faults = append(faults, errors.New("the API address must begin with https://"))
	case !strings.HasSuffix(api.Path, "/"):
		api.Path += "/"
	}
	return api, errors.Join(faults...)
}

func notHeader(r rune) bool { return r <= ' ' || r > '~' }

// plainID tells whether id is one of Slack's upper-case ids with this first letter.
func plainID(id string, first byte) bool {
	return len(id) > 1 && len(id) <= 64 && id[0] == first &&
		strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// ownClient never follows a redirect (the token must not travel) and never
// repeats a request: the SDK's retry handlers post twice when a connection drops
// after the request was read.
func ownClient(opt Options) *http.Client {
	c := http.Client{}
	if opt.HTTPClient != nil {
		c = *opt.HTTPClient
	} else {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = 16
		c.Transport = t
	}
	if c.Timeout == 0 || c.Timeout > opt.Timeout {
		c.Timeout = opt.Timeout
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// Name is "slack".
func (p *Platform) Name() string { return Name }

// Limits says what one Slack message holds (reference/block-kit). Buttons could
// be 25 per row, but ten are what a person still reads. Beside the limit on each
// section (3000) there is one on all text of a message, which is documented
// nowhere: 12,000 characters "with a buffer for block containers", refusals seen
// from 11,341 on (github.com/slackapi/bolt-js issues 2509 and 2867). A shelf of
// ten full cards must stay below it, also where every character is escaped below
// 50 blocks: hence the texts of cards.
func (p *Platform) Limits() bot.Limits {
	return bot.Limits{
		Unit: bot.Runes, Text: 3000, TextCards: 1500, Buttons: 10, ButtonLabel: 75,
		Cards: 10, CardTitle: 150, CardText: 600, CardButtons: 5,
		CardImage: true, Image: true, Forms: true, Updates: true, PerCall: 1, FormTitle: 24,
	}
}

// Operation names the method a delivery calls. Slack limits each method of an
// app by itself (apis/web-api/rate-limits).
func (p *Platform) Operation(d bot.Delivery) string { return string(p.methodFor(d)) }

// method is a Web API method, or the response address of an interaction.
type method string

const (
	postMessage   method = "chat.postMessage"
	postEphemeral method = "chat.postEphemeral"
	updateMessage method = "chat.update"
	deleteMessage method = "chat.delete"
	openView      method = "views.open"
	publishView   method = "views.publish"
	responseURL   method = "response_url"
)

func (p *Platform) methodFor(d bot.Delivery) method {
	switch d.Act {
	case bot.Private:
		switch {
		case d.To.Direct || d.To.Room == "":
			return postMessage // one-to-one is private already
		case p.responseHost(d.Reply.URL):
			return responseURL
		}
		return postEphemeral
	case bot.Update:
		return updateMessage
	case bot.Delete:
		return deleteMessage
	case bot.OpenForm:
		return openView
	case bot.Home:
		return publishView
	}
	return postMessage
}

// responseHost tells whether raw is a response address that may be called:
// Slack's own hosts only, so that a payload cannot make us call elsewhere.
func (p *Platform) responseHost(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	if u.Scheme == "https" && (u.Host == "hooks.slack.com" || u.Host == "hooks.slack-gov.com") {
		return true
	}
	return p.opt.AllowTestHosts && u.Host == p.api.Host && u.Scheme == p.api.Scheme
}

// directRooms remembers which conversation is the one-to-one room of a person.
// It may be lost at any time: conversations.open answers the same room again.
type directRooms struct {
	mu    sync.Mutex
	rooms map[string]string
}

// maxDirectRooms bounds the memory; a vendor has far fewer people.
const maxDirectRooms = 100_000

func (c *directRooms) get(user string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rooms[user]
}

func (c *directRooms) put(user, room string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rooms == nil || len(c.rooms) >= maxDirectRooms {
		c.rooms = map[string]string{}
	}
	c.rooms[user] = room
}

func (c *directRooms) drop(user string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.rooms, user)
}
