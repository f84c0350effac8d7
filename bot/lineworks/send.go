package lineworks

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"akari/bot"
)

const (
	// maxAnswer is how much of an answer is read; the largest known, a page of
	// 100 members, is below 10 KB.
	maxAnswer = 1 << 20
	// window is what the rate limits are counted over (page rate-limits): a
	// pause of unknown length lasts one.
	window = time.Minute
)

// Send makes the one call that a delivery is. The platform answers 201 with an
// empty body and gives no message id, so the receipt is always empty.
//
// A 5xx or a time-out after the request was written leaves it unknown whether
// the message was posted, and there is no key that would make a second try
// harmless: all of these are *bot.InDoubt, 503 among them, because a gateway's
// 503 may follow an accepted request. Whether to try again is the policy
// sending.ambiguous.lineworks.
func (p *Platform) Send(ctx context.Context, d bot.Delivery) (string, error) {
	c := p.conns[d.To.Connection]
	if c == nil {
		return "", &bot.Refused{Code: "no_such_connection", Down: true}
	}
	path, err := target(c, d)
	if err != nil {
		return "", err
	}
	if len(d.Body) == 0 {
		return "", &bot.Refused{Code: "empty_body"}
	}
	a, sent, err := p.authorised(ctx, c, http.MethodPost, path, d.Body)
	if err != nil {
		if sent {
			return "", &bot.InDoubt{Err: err}
		}
		return "", err
	}
	return "", p.judge(a)
}

// target is the path that a delivery is posted to.
func target(c *connection, d bot.Delivery) (string, error) {
	if d.Act != bot.Post && d.Act != bot.Private {
		return "", &bot.Refused{Code: "unsupported_act_" + string(d.Act)}
	}
	kind, id := "channels", d.To.Room
	if toUser(d) {
		kind, id = "users", d.To.User
	}
	if badID(id) {
		return "", &bot.Refused{Code: "no_recipient"}
	}
	return botPath(c, kind, id, "messages"), nil
}

// botPath is a path below /bots/{botId}, each element escaped.
func botPath(c *connection, elements ...string) string {
	return apiPath(append([]string{"bots", c.BotID}, elements...)...)
}

func apiPath(elements ...string) string {
	var b strings.Builder
	for _, e := range elements {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(e))
	}
	return b.String()
}

// answer is what the platform said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// authorised makes a call with a token. A 401 proves that nothing was accepted,
// so the same call is made once more with a fresh token; then it is given up.
// sent tells, beside an error, that the call may have arrived.
func (p *Platform) authorised(ctx context.Context, c *connection, method, path string, body []byte) (a answer, sent bool, err error) {
	for range 2 {
		tok, err := p.token(ctx, c)
		if err != nil {
			return answer{}, false, err
		}
		a, sent, err = p.call(ctx, c, tok, method, path, body)
		if err != nil || a.status != http.StatusUnauthorized {
			return a, sent, err
		}
		c.discard(tok)
		p.log.Warn("token refused", "platform", Name, "connection", c.Key)
	}
	return a, sent, err
}

// call makes one HTTP call, with at most inFlight of them per connection.
func (p *Platform) call(ctx context.Context, c *connection, tok *token, method, path string, body []byte) (answer, bool, error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return answer{}, false, fmt.Errorf("while waiting for a free call of connection %q: %w", c.Key, ctx.Err())
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	var w writing
	r, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, w.trace()), method, p.api+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, false, fmt.Errorf("while preparing a call of connection %q: %w", c.Key, err)
	}
	r.Header.Set("Authorization", "Bearer "+tok.value)
	r.Header.Set("Accept", "application/json")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := p.http.Do(r)
	if err != nil {
		return answer{}, w.mayHaveLeft(), fmt.Errorf("while calling LINE WORKS for connection %q: %w", c.Key, hideURL(err))
	}
	defer func() { _ = res.Body.Close() }()
	got, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil && method == http.MethodGet {
		return answer{}, true, fmt.Errorf("while reading an answer for connection %q: %w", c.Key, err)
	}
	// Of a post the status alone counts, and that has arrived.
	return answer{res.StatusCode, res.Header, got}, true, nil
}

// hideURL drops the address from a client error: it holds a user id.
func hideURL(err error) error {
	if u, ok := err.(*url.Error); ok {
		return u.Err
	}
	return err
}

// writing watches whether a request has left. The transport may write on more
// than one connection, but only when it knows that nothing was written before.
type writing struct {
	mu     sync.Mutex
	got    bool // a connection stood ready
	failed bool // … and not all of the request could be written to it
}

func (w *writing) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.got, w.failed = true, false
		},
		WroteRequest: func(i httptrace.WroteRequestInfo) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.failed = i.Err != nil
		},
	}
}

// mayHaveLeft is false only where it is certain that the platform cannot have
// the whole request.
func (w *writing) mayHaveLeft() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.got && !w.failed
}

// judge turns an answer to a post into one of the errors of bot.Platform
// (page error-codes).
func (p *Platform) judge(a answer) error {
	switch s := a.status; {
	case s >= 200 && s < 300:
		return nil
	case s == http.StatusTooManyRequests:
		return &bot.Throttled{After: p.wait(a.header), Whole: true, Why: code(a)}
	case s >= 500 || s == http.StatusRequestTimeout:
		return &bot.InDoubt{Err: fmt.Errorf("LINE WORKS answers %d %s", s, code(a))}
	case s == http.StatusUnauthorized || s < 400:
		// A redirect means that api_url is not the API.
		return &bot.Refused{Code: code(a), Down: true}
	case s == http.StatusForbidden && strings.Contains(a.header.Get("WWW-Authenticate"), "insufficient_scope"):
		return &bot.Refused{Code: "insufficient_scope", Down: true}
	}
	return &bot.Refused{Code: code(a)}
}

// code is the platform's own word for a failure, or the status.
func code(a answer) string {
	var e struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal(a.body, &e) // what is no JSON is named by its status
	return word(e.Code, "http", a.status)
}

var wordForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.]{1,63}$`)

// word keeps a code only if it is one, so that nothing else (an id, a text)
// gets into states and logs.
func word(s, instead string, status int) string {
	if wordForm.MatchString(s) {
		return s
	}
	return instead + "_" + strconv.Itoa(status)
}

// wait reads how long a 429 asks us to be silent: the longer of rateLimit-reset
// (seconds, page rate-limits) and Retry-After (seconds or a date, RFC 9110).
// It is never shorter than was asked, except that absurd values are capped; one
// that cannot be read counts as a whole window.
func (p *Platform) wait(h http.Header) time.Duration {
	var longest time.Duration
	readable := false
	for _, name := range []string{"rateLimit-reset", "Retry-After"} {
		if v := strings.TrimSpace(h.Get(name)); v != "" {
			d, ok := p.pause(v, h.Get("Date"))
			if !ok {
				d = window
			}
			longest, readable = max(longest, d), true
		}
	}
	if !readable {
		longest = window
	}
	return min(max(longest, time.Second), p.maxWait)
}

var secondsForm = regexp.MustCompile(`^[0-9]{1,18}(\.[0-9]+)?$`)

func (p *Platform) pause(v, date string) (time.Duration, bool) {
	if secondsForm.MatchString(v) {
		s, _ := strconv.ParseFloat(v, 64)
		return time.Duration(math.Ceil(min(s, 1e9))) * time.Second, true
	}
	until, err := http.ParseTime(v)
	if err != nil {
		return 0, false
	}
	// The sender's own clock, where it shows it, is the one the date is in.
	now, err := http.ParseTime(date)
	if err != nil {
		now = p.now()
	}
	if d := until.Sub(now); d > 0 {
		return d + time.Second, true // dates are cut to whole seconds
	}
	return 0, false // a date gone by says nothing
}
