// Package line speaks with one LINE Official Account through the Messaging API
// (https://developers.line.biz/en/reference/messaging-api/).
//
// LINE takes up to five messages in one call, has no edit, delete or forms, and
// answers a push with 200 also when its receiver has blocked us: accepted is
// not delivered. A push carries the delivery's key, so repeating it for 24
// hours is harmless; a reply has no key and is never repeated.
package line

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"akari/bot"
)

// The addresses of LINE, when Options names no others.
const (
	DefaultAPIURL     = "https://api.line.me"
	DefaultDataAPIURL = "https://api-data.line.me"
)

// name is both the platform and its only connection.
const name = "line"

// Options is what an operator says about the Official Account.
type Options struct {
	ChannelID          string
	ChannelSecrets     []string // any is accepted on webhooks, and tried in this order for tokens
	ChannelAccessToken string   // empty = stateless tokens by channel id and secret
	APIURL             string   // empty = DefaultAPIURL
	DataAPIURL         string   // empty = DefaultDataAPIURL
	AllowInsecure      bool     // http addresses, for tests
	// Units sends Delivery.Tag as aggregation unit. Only for accounts that LINE
	// has admitted to it ("Unit-based statistics aggregation"); others get 403.
	Units      bool
	Timeout    time.Duration // of one API call; 0 = 30 s
	Now        func() time.Time
	HTTPClient *http.Client // its Transport is used; nil = http.DefaultTransport
	Log        *slog.Logger
}

// Platform is the Official Account. It is safe for many goroutines.
type Platform struct {
	o      Options
	client *http.Client
	tokens *tokens
}

var (
	_ bot.Platform   = (*Platform)(nil)
	_ bot.FactSource = (*Platform)(nil)
	_ bot.Checker    = (*Platform)(nil)
	_ bot.Menuer     = (*Platform)(nil)
)

// New checks o and makes the Platform. It calls nobody.
func New(o Options) (*Platform, error) {
	if len(o.ChannelSecrets) == 0 {
		return nil, errors.New("line: no channel secret; set line.channel_secrets to the secret of the console's Basic settings tab")
	}
	for _, s := range o.ChannelSecrets {
		if s == "" {
			return nil, errors.New("line: a channel secret is empty; an empty one would accept forged webhooks")
		}
	}
	if o.ChannelAccessToken == "" && o.ChannelID == "" {
		return nil, errors.New("line: neither channel id nor channel access token; set line.channel_id")
	}
	for _, u := range []struct {
		key, fallback string
		value         *string
	}{{"line.api_url", DefaultAPIURL, &o.APIURL}, {"line.data_api_url", DefaultDataAPIURL, &o.DataAPIURL}} {
		if *u.value == "" {
			*u.value = u.fallback
		}
		parsed, err := url.Parse(*u.value)
		if err != nil || parsed.Host == "" || parsed.Scheme != "https" && !(o.AllowInsecure && parsed.Scheme == "http") {
			return nil, fmt.Errorf("line: %s must be an https address", u.key)
		}
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p := &Platform{o: o, client: newClient(o)}
	p.tokens = &tokens{o: o, client: p.client}
	return p, nil
}

// newClient follows no redirect, because a redirected POST might be a second
// one, and reads no endless answer, because the SDK reads to the end.
func newClient(o Options) *http.Client {
	transport := http.DefaultTransport
	if o.HTTPClient != nil && o.HTTPClient.Transport != nil {
		transport = o.HTTPClient.Transport
	}
	return &http.Client{
		Transport:     bounded{transport},
		Timeout:       o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// maxAnswer is far above any answer of the endpoints used here; the largest is
// the list of at most 1,000 rich menus.
const maxAnswer = 4 << 20

type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, maxAnswer), res.Body}
	}
	return res, err
}

// Name is "line".
func (p *Platform) Name() string { return name }

// Limits are those of text and flex messages, a little below the published
// ones ("Message objects"). Labels are in truth counted in grapheme clusters,
// which is never more than UTF-16 units.
func (p *Platform) Limits() bot.Limits { return limits() }

func limits() bot.Limits {
	return bot.Limits{
		Unit:        bot.UTF16,
		Video:       200 << 20,
		VideoCover:  1 << 20,
		Text:        4500, // 5,000
		TextButtons: 1000, // a bubble holds 30 KB of JSON
		TextCards:   -1,   // a carousel has no text of its own
		Buttons:     8,
		ButtonLabel: 40,
		Cards:       10, // 12; a carousel holds 50 KB of JSON
		CardTitle:   40,
		CardText:    300,
		CardButtons: 4,
		CardImage:   true,
		Image:       true,
		ImageAlone:  true,
		PerCall:     maxMessages,
		Replies:     true,
	}
}

// Operation is "reply" while the delivery has a reply token, else "push".
func (p *Platform) Operation(d bot.Delivery) string {
	if useReply(d) {
		return "reply"
	}
	return "push"
}

// useReply tells whether d answers by its token. What is private in a shared
// room must not: a reply is seen by the whole room.
func useReply(d bot.Delivery) bool {
	return d.Reply.Token != "" && (d.To.Direct || !private(d))
}

func private(d bot.Delivery) bool {
	if d.Act == bot.Private {
		return true
	}
	for _, m := range d.Parts {
		if m.Private {
			return true
		}
	}
	return false
}

// Answer is always an empty 200: LINE shows nothing of it.
func (p *Platform) Answer(bot.Inbound, bot.Outcome) (int, string, []byte) {
	return http.StatusOK, "text/plain; charset=utf-8", nil
}

// idForm keeps an id from changing the path of a call: the SDK joins paths.
var idForm = regexp.MustCompile(`^[UCR][0-9a-f]{32}$`)

// unsent tells whether a failed call surely never left this machine.
func unsent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// withoutAddress takes the address out of a failed call's error: it may hold
// somebody's id.
func withoutAddress(err error) error {
	var call *url.Error
	if errors.As(err, &call) {
		return call.Err
	}
	return err
}
