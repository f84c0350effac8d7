package slack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"akari/bot"

	json "github.com/go-json-experiment/json/v1"
)

// maxAnswer bounds what is read of an answer; a page of history stays far below.
const maxAnswer = 8 << 20

// missingRetryAfter is the pause when Slack throttles without saying how long. The
// limits are per minute, so a minute is always enough.
const missingRetryAfter = time.Minute

// answer is what came back from one request.
type answer struct {
	status int
	header http.Header
	body   []byte
	sent   bool // a connection was there: bytes may have left
}

// do makes one request. err tells why there is no whole answer; answer.sent then
// tells whether Slack may have seen the request. No error contains the address,
// because response addresses are secrets.
func (p *Platform) do(ctx context.Context, address, contentType string, body []byte, token bool) (answer, error) {
	var connected atomic.Bool
	ctx, cancel := context.WithTimeout(ctx, p.opt.Timeout)
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return answer{}, errors.New("the request cannot be made: its address is wrong")
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("User-Agent", "akari")
	if token {
		req.Header.Set("Authorization", "Bearer "+p.opt.BotToken)
	}
	res, err := p.client.Do(req)
	if err != nil {
		return answer{sent: connected.Load()}, bare(err)
	}
	defer func() { _ = res.Body.Close() }()
	out := answer{status: res.StatusCode, header: res.Header, sent: true}
	out.body, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return out, fmt.Errorf("while reading the answer: %w", bare(err))
	}
	return out, nil
}

// bare takes the address out of a client's error.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// result is what every Web API method answers.
type result struct {
	OK       *bool  `json:"ok"`
	Error    string `json:"error"`
	Needed   string `json:"needed"`
	Provided string `json:"provided"`
	TS       string `json:"ts"`
	Eph      string `json:"message_ts"`
	View     struct {
		ID string `json:"id"`
	} `json:"view"`
	Channel idOrObj `json:"channel"`
	Meta    struct {
		Messages []string `json:"messages"`
		Cursor   string   `json:"next_cursor"`
	} `json:"response_metadata"`
}

// effect makes the call that can be seen and says how it ended, in the four ways
// that bot.Platform allows.
func (p *Platform) effect(ctx context.Context, m method, body []byte) (result, error) {
	a, err := p.do(ctx, p.api.String()+string(m), "application/json; charset=utf-8", body, true)
	if err != nil {
		err = fmt.Errorf("while calling %s: %w", m, err)
		if a.sent {
			return result{}, &bot.InDoubt{Err: err}
		}
		return result{}, err
	}
	return p.classify(m, a)
}

// classify reads an answer (reference/methods/chat.postMessage, "Errors"). Only a
// clear yes is a yes and only a clear no is a no.
func (p *Platform) classify(m method, a answer) (result, error) {
	if err := p.status(m, a); err != nil {
		return result{}, err
	}
	var r result
	if !decodeObject(a.body, &r) || r.OK == nil {
		return result{}, &bot.InDoubt{Err: fmt.Errorf("the answer of %s cannot be read", m)}
	}
	if *r.OK {
		return r, nil
	}
	code := codeOf(r.Error)
	p.explain(m, code, r)
	return r, p.refusal(m, code, a.header)
}

// status judges the HTTP status. nil means that the body tells.
func (p *Platform) status(m method, a answer) error {
	switch {
	case a.status == http.StatusTooManyRequests:
		return p.throttled(m, a.header)
	case a.status >= 200 && a.status < 300:
		return nil
	case a.status == http.StatusRequestTimeout || a.status >= 500 || a.status < 400:
		return &bot.InDoubt{Err: fmt.Errorf("%s answered status %d", m, a.status)}
	}
	if a.status == http.StatusNotFound { // nothing was done, and it says nothing about this delivery
		return fmt.Errorf("%s answered status 404: is the API address right?", m)
	}
	down := a.status == http.StatusUnauthorized || a.status == http.StatusForbidden
	return &bot.Refused{Code: "http_" + strconv.Itoa(a.status), Down: down}
}

// throttled is a 429, which holds for the method in the whole workspace
// (apis/web-api/rate-limits).
func (p *Platform) throttled(m method, h http.Header) error {
	return &bot.Throttled{
		After: retryAfter(h.Get("Retry-After"), p.now(), p.opt.RetryAfterMax),
		Whole: m != responseURL, Why: string(m) + " is over its rate",
	}
}

// retryAfter reads the header: whole seconds, or a date as HTTP allows. What says
// nothing (missing, negative, text) is a minute. It is never shorter than a
// second and never longer than limit.
func retryAfter(s string, now time.Time, limit time.Duration) time.Duration {
	s = strings.TrimSpace(s)
	after := missingRetryAfter
	if s != "" && strings.Trim(s, "0123456789") == "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n > int64(limit/time.Second) {
			return limit
		}
		after = time.Duration(n) * time.Second
	} else if at, err := http.ParseTime(s); err == nil {
		after = at.Sub(now)
	}
	return min(max(after, time.Second), limit)
}

// refusal sorts the codes of ok:false.
func (p *Platform) refusal(m method, code string, h http.Header) error {
	switch {
	case throttles[code]:
		return p.throttled(m, h)
	case doubts[code]:
		return &bot.InDoubt{Err: fmt.Errorf("%s answered %s", m, code)}
	case code == "message_limit_exceeded" || code == "team_added_to_org":
		return &bot.Throttled{After: p.opt.RetryAfterMax, Whole: true, Why: code}
	case code == "trigger_expired" || code == "expired_trigger_id":
		code = expiredTrigger
	}
	return &bot.Refused{Code: code, Down: downs[code]}
}

// expiredTrigger is the code of a form that came later than its trigger lives.
const expiredTrigger = "expired_trigger"

var throttles = map[string]bool{"ratelimited": true, "rate_limited": true}

// doubts: part of it may have succeeded, as the method pages say.
var doubts = map[string]bool{
	"internal_error": true, "fatal_error": true, "request_timeout": true, "service_unavailable": true,
	"unknown_error": true,
}

// downs speak of our token or app, not of this recipient.
var downs = map[string]bool{
	"invalid_auth": true, "not_authed": true, "account_inactive": true, "token_revoked": true,
	"token_expired": true, "missing_scope": true, "no_permission": true, "org_login_required": true,
	"ekm_access_denied": true, "team_access_not_granted": true, "not_allowed_token_type": true,
	"two_factor_setup_required": true, "access_denied": true, "enterprise_is_restricted": true,
	"app_access_not_granted": true, "team_not_found": true,
}

// codeOf lets through what looks like one of Slack's codes and nothing else, as
// codes are shown to operators.
func codeOf(s string) string {
	if s == "" || len(s) > 64 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_-.") != "" {
		return "unreadable_error"
	}
	return s
}

// safeDetail are complaints about shape that cannot quote a message.
var safeDetail = regexp.MustCompile(`^\[(ERROR|WARN)\] [a-zA-Z0-9 ,.'_-]{1,120} \[json-pointer:[/a-zA-Z0-9_-]{1,120}\]$`)

// explain logs what an operator needs in order to repair a refusal.
func (p *Platform) explain(m method, code string, r result) {
	attrs := []any{"platform", Name, "operation", string(m), "code", code}
	if code == "missing_scope" {
		attrs = append(attrs, "needed", clipName(r.Needed), "provided", clipName(r.Provided))
	}
	for i, d := range r.Meta.Messages {
		if i < 5 && safeDetail.MatchString(d) {
			attrs = append(attrs, "detail", d)
		}
	}
	p.log.Warn("Slack refused a call", attrs...)
}

// ask makes a call that changes nothing anybody sees: a failure is retried, so
// nothing is ever in doubt. Slack's reading methods take forms, not JSON.
func (p *Platform) ask(ctx context.Context, m method, args url.Values, into any) (http.Header, error) {
	a, err := p.do(ctx, p.api.String()+string(m), "application/x-www-form-urlencoded", []byte(args.Encode()), true)
	if err != nil {
		return nil, fmt.Errorf("while calling %s: %w", m, err)
	}
	_, err = p.classify(m, a)
	var doubt *bot.InDoubt
	if errors.As(err, &doubt) {
		return a.header, doubt.Err
	}
	if err != nil {
		return a.header, err
	}
	if into != nil {
		if err := json.Unmarshal(a.body, into); err != nil {
			return a.header, fmt.Errorf("the answer of %s cannot be read", m)
		}
	}
	return a.header, nil
}
