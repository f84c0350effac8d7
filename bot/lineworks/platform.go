// Package lineworks speaks with LINE WORKS (Bot API 2.0) over plain HTTP; there
// is no SDK for it in Go.
//
// A LINE WORKS bot lives in one tenant and can never sit in a room with people
// of another company, so every partner that is reached this way has a
// Connection of its own. Side and partner follow from the connection alone,
// never from a name, an address or a domainId.
//
// Page names in comments are slugs below developers.worksmobile.com/jp/docs/.
package lineworks

import (
	"crypto/rsa"
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

// Name is how this platform is called in addresses, configuration and views.
const Name = "lineworks"

// The operations that have rate limits of their own (page rate-limits: counted
// per API operation and domain).
const (
	UsersMessages    = "users.messages"
	ChannelsMessages = "channels.messages"
)

// inFlight is how many calls a connection makes at once. LINE WORKS has a limit
// on concurrent access but gives no figure (page rate-limits), so we stay low.
const inFlight = 4

// Defaults of Options.
const (
	defaultTimeout = 30 * time.Second
	defaultMaxWait = 5 * time.Minute
)

// Options configures New.
type Options struct {
	APIURL        string        // base of the API, e.g. https://www.worksapis.com/v1.0
	AuthURL       string        // the token endpoint itself, e.g. https://auth.worksmobile.com/oauth2/v2.0/token
	Connections   []Connection  // at least one
	AllowInsecure bool          // accept http addresses: only for tests and a local double
	Timeout       time.Duration // of one HTTP call; 0 = 30 s
	MaxWait       time.Duration // longest pause that a 429 can order; 0 = 5 min

	Now        func() time.Time // wall clock, offset included; nil = time.Now
	HTTPClient *http.Client     // nil = one of our own; redirects are never followed
	Log        *slog.Logger     // nil = silent
}

// Connection is one bot in one tenant.
type Connection struct {
	Key     string // last element of the callback path, never changes
	Side    string // "vendor" or "partner"
	Partner string // key of the partner; set exactly when Side is "partner"

	ClientID       string
	ClientSecret   string
	ServiceAccount string   // the full id, xxxxx.serviceaccount@domain
	PrivateKey     string   // PEM; line breaks may have become the two characters \n
	BotID          string   //
	BotName        string   // what people type to address the bot in a room; empty = rooms by button only
	BotSecrets     []string // the present one and, while it is changed, the one before
}

// Platform is LINE WORKS with all its connections. It is safe for use by
// several goroutines.
type Platform struct {
	api      string
	auth     string
	http     *http.Client
	conns    map[string]*connection
	order    []string
	insecure bool
	timeout  time.Duration
	maxWait  time.Duration
	now      func() time.Time
	log      *slog.Logger
}

// connection is a Connection made ready for use.
type connection struct {
	Connection
	key    *rsa.PrivateKey
	name   []rune // BotName, folded
	slots  chan struct{}
	tokens tokens
	menu   sync.Mutex // configuration calls of one bot must not run in parallel (page bot-domain-register)
}

var (
	_ bot.Platform   = (*Platform)(nil)
	_ bot.FactSource = (*Platform)(nil)
	_ bot.Checker    = (*Platform)(nil)
	_ bot.Menuer     = (*Platform)(nil)
)

// New checks the options and makes the platform. It makes no call. The error
// names every fault with its connection and never a secret.
func New(o Options) (*Platform, error) {
	p := &Platform{
		api: strings.TrimRight(o.APIURL, "/"), auth: o.AuthURL, conns: map[string]*connection{},
		insecure: o.AllowInsecure, timeout: o.Timeout, maxWait: o.MaxWait, now: o.Now, log: o.Log,
	}
	if p.timeout <= 0 {
		p.timeout = defaultTimeout
	}
	if p.maxWait <= 0 {
		p.maxWait = defaultMaxWait
	}
	if p.now == nil {
		p.now = time.Now
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	p.http = client(o.HTTPClient)

	faults := []error{
		p.checkURL("lineworks.api_url", o.APIURL),
		p.checkURL("lineworks.auth_url", o.AuthURL),
	}
	if len(o.Connections) == 0 {
		faults = append(faults, errors.New("lineworks.connections is empty: add one per tenant or disable the platform"))
	}
	for i, c := range o.Connections {
		made, err := ready(c)
		if err != nil {
			faults = append(faults, fmt.Errorf("lineworks connection %s: %w", called(c.Key, i), err))
			continue
		}
		if p.conns[c.Key] != nil {
			faults = append(faults, fmt.Errorf("lineworks connection %q stands there twice: give each its own key", c.Key))
			continue
		}
		p.conns[c.Key] = made
		p.order = append(p.order, c.Key)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return p, nil
}

// client copies the given client so that it never follows a redirect (which
// could carry the token elsewhere) and keeps no cookies.
func client(given *http.Client) *http.Client {
	if given == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = inFlight
		// A connection that the far end closes just as we write puts the
		// message in doubt, so idle ones are dropped before balancers do (60 s).
		t.IdleConnTimeout = 30 * time.Second
		given = &http.Client{Transport: t}
	}
	c := *given
	c.Jar = nil
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

func called(key string, i int) string {
	if key == "" {
		return fmt.Sprintf("number %d", i+1)
	}
	return fmt.Sprintf("%q", key)
}

func (p *Platform) checkURL(name, raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "":
		return fmt.Errorf("%s is no address: write it as https://host/path", name)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("%s must not hold a user, a query or a fragment", name)
	case u.Scheme == "https" || u.Scheme == "http" && p.insecure:
		return nil
	}
	return fmt.Errorf("%s must begin with https://", name)
}

// ready checks one connection and reads its private key.
func ready(c Connection) (*connection, error) {
	var faults []error
	if badID(c.Key) || strings.Trim(c.Key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != "" {
		faults = append(faults, errors.New("key is empty or has characters other than letters, digits, dots, - and _"))
	}
	switch c.Side {
	case "vendor":
		if c.Partner != "" {
			faults = append(faults, errors.New("side is vendor, so partner must be empty"))
		}
	case "partner":
		if c.Partner == "" {
			faults = append(faults, errors.New("side is partner, so partner must name one"))
		}
	default:
		faults = append(faults, errors.New("side must be vendor or partner"))
	}
	for _, f := range []struct{ name, value string }{
		{"client_id", c.ClientID}, {"client_secret", c.ClientSecret},
		{"service_account", c.ServiceAccount}, {"bot_id", c.BotID},
	} {
		if strings.TrimSpace(f.value) == "" {
			faults = append(faults, fmt.Errorf("%s is empty", f.name))
		}
	}
	if badID(c.BotID) && c.BotID != "" {
		faults = append(faults, errors.New("bot_id is no id"))
	}
	if len(c.BotSecrets) == 0 {
		faults = append(faults, errors.New("bot_secrets is empty"))
	}
	for i, s := range c.BotSecrets {
		if strings.TrimSpace(s) == "" {
			faults = append(faults, fmt.Errorf("bot_secrets[%d] is empty", i))
		}
	}
	key, err := readKey(c.PrivateKey)
	if err != nil {
		faults = append(faults, err)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return &connection{Connection: c, key: key, name: foldName(c.BotName), slots: make(chan struct{}, inFlight)}, nil
}

// Name is "lineworks".
func (p *Platform) Name() string { return Name }

// Limits of the messages that Render makes. Sources: pages bot-send-text (2000),
// bot-send-button (1000 and 10 actions), bot-actionobject (label 20),
// bot-send-flex-carousel (10 bubbles, 30 KB), of which CardText and
// CardButtons are chosen so that ten full Japanese cards stay below the 30 KB.
func (p *Platform) Limits() bot.Limits {
	return bot.Limits{
		Unit:        bot.Runes,
		Text:        maxText,
		TextButtons: maxButtonText,
		TextCards:   -1,
		Buttons:     maxActions,
		ButtonLabel: maxLabel,
		Cards:       maxBubbles,
		CardTitle:   maxCardTitle,
		CardText:    maxCardText,
		CardButtons: maxCardButtons,
		CardImage:   true,
		Image:       true,
		ImageAlone:  true,
		PerCall:     1,
	}
}

// Answer is 200 with an empty body, whatever came of it (page bot-callback).
func (p *Platform) Answer(bot.Inbound, bot.Outcome) (int, string, []byte) {
	return http.StatusOK, "", nil
}

// Operation is users.messages for one-to-one talk and channels.messages for
// rooms: they have separate budgets (page rate-limits).
func (p *Platform) Operation(d bot.Delivery) string {
	if toUser(d) {
		return UsersMessages
	}
	return ChannelsMessages
}

// toUser tells whether a delivery goes to one person. LINE WORKS has no
// ephemeral messages, so what is private in a room goes one-to-one.
func toUser(d bot.Delivery) bool {
	return d.To.Direct || d.To.Room == "" || d.Act == bot.Private
}

// badID tells whether an id cannot stand in a path: escaping leaves dots alone,
// and "." and ".." would climb.
func badID(id string) bool {
	return id == "" || id == "." || id == ".."
}
