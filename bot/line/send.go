package line

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/line/line-bot-sdk-go/v8/linebot/messaging_api"

	"akari/bot"
)

// backOff is how long to wait after a 429, for which LINE names no time.
const backOff = 30 * time.Second

// withToken makes one API call with a good token, and once more with a fresh
// one if LINE refused the token, which it does before it looks at anything else.
// f makes one call, or several that only ask.
func (p *Platform) withToken(ctx context.Context, f func(token string) (*http.Response, error)) (*answer, error) {
	for again := false; ; again = true {
		token, err := p.tokens.get(ctx)
		if err != nil {
			return nil, &preparation{err}
		}
		res, err := f(token)
		if res == nil {
			return nil, err
		}
		body, _ := io.ReadAll(res.Body) // the SDK has closed it where it has read it
		res.Body.Close()
		if res.StatusCode == http.StatusUnauthorized && !again && p.tokens.drop(token) {
			continue
		}
		return &answer{res.StatusCode, res.Header, body}, err
	}
}

// answer is what LINE answered; body only where it was not 2xx.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// call is withToken for a call of the SDK. Each has a client of its own, because
// the SDK's WithContext changes its receiver.
func (p *Platform) call(ctx context.Context, f func(*messaging_api.MessagingApiAPI) (*http.Response, error)) (*answer, error) {
	return p.withToken(ctx, func(token string) (*http.Response, error) {
		api, err := messaging_api.NewMessagingApiAPI(token, messaging_api.WithEndpoint(p.o.APIURL), messaging_api.WithHTTPClient(p.client))
		if err != nil {
			return nil, &preparation{fmt.Errorf("line: line.api_url is no address: %w", err)}
		}
		return f(api.WithContext(ctx))
	})
}

// preparation failed: nothing was asked of LINE that anybody could see.
type preparation struct{ error }

func (e *preparation) Unwrap() error { return e.error }

// Send pushes d.Body under the key of the delivery, or replies with its
// messages. The receipt is LINE's message ids, joined by commas.
//
// The bytes go out as they were written down and not through the SDK, which
// would marshal them anew: with the same retry key they must be the same at
// every try, even after the SDK was updated in between.
func (p *Platform) Send(ctx context.Context, d bot.Delivery) (string, error) {
	to, messages, ok := readBody(d.Body)
	if !ok {
		return "", &bot.Refused{Code: "bad_body"}
	}
	// What was frozen for one person of a room is private also if d.Parts is gone.
	reply := useReply(d) && (d.To.Direct || to == d.To.Room)
	path, key, body := "/v2/bot/message/push", d.Key, d.Body
	if reply {
		var err error
		body, err = json.Marshal(&messaging_api.ReplyMessageRequest{ReplyToken: d.Reply.Token, Messages: messages})
		if err != nil {
			return "", &bot.Refused{Code: "bad_body"}
		}
		path, key = "/v2/bot/message/reply", ""
	}
	var out messaging_api.PushMessageResponse // a reply's is the same
	res, err := p.withToken(ctx, func(token string) (*http.Response, error) {
		return p.post(ctx, path, token, key, body, &out)
	})
	p.log(ctx, d, res)
	switch {
	case res == nil:
		return "", unanswered(err)
	case res.status == http.StatusOK && err == nil:
		return receipt(out.SentMessages), nil
	case res.status == http.StatusOK && reply:
		return "", nil // accepted; only its answer could not be read to the end
	case res.status == http.StatusOK:
		return "", &bot.InDoubt{Err: errors.New("line: accepted, but the answer broke off")} // the next try learns the ids from a 409
	case res.status == http.StatusConflict && !reply:
		return accepted(res), nil
	}
	return "", failure(res, p.o.Now())
}

// readBody answers receiver and messages of what Render wrote, and whether it is such.
func readBody(body []byte) (string, []messaging_api.MessageInterface, bool) {
	var frozen struct {
		To       string            `json:"to"`
		Messages []json.RawMessage `json:"messages"`
	}
	if err := json.Unmarshal(body, &frozen); err != nil || !idForm.MatchString(frozen.To) {
		return "", nil, false
	}
	var out []messaging_api.MessageInterface
	for _, raw := range frozen.Messages {
		message, ok := readMessage(raw)
		if !ok {
			return "", nil, false
		}
		out = append(out, message)
	}
	return frozen.To, out, len(out) > 0
}

// post sends body as it is. The body of an answer other than 200 can be read
// from the response; a response that broke off is given with an error.
func (p *Platform) post(ctx context.Context, path, token, key string, body []byte, out any) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(p.o.APIURL, "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, &preparation{fmt.Errorf("line: line.api_url is no address: %w", err)}
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json; charset=UTF-8")
	if key != "" {
		r.Header.Set("X-Line-Retry-Key", key)
	}
	res, err := p.client.Do(r)
	if err != nil {
		return nil, err //nolint:wrapcheck // unanswered words it
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	res.Body = io.NopCloser(bytes.NewReader(answer))
	if err == nil && res.StatusCode == http.StatusOK {
		err = json.Unmarshal(answer, out)
	}
	return res, err //nolint:wrapcheck // only whether there is one is used
}

// log keeps LINE's own id of every request, which its support asks for.
func (p *Platform) log(ctx context.Context, d bot.Delivery, res *answer) {
	if res != nil {
		p.o.Log.DebugContext(ctx, "LINE answered", "delivery", d.ID, "operation", p.Operation(d), "attempt", d.Attempt,
			"status", res.status, "line_request_id", res.header.Get("X-Line-Request-Id"))
	}
}

// unanswered: no status. Unless the call never left, it may have arrived.
func unanswered(err error) error {
	var before *preparation
	switch {
	case errors.As(err, &before):
		return before.error
	case unsent(err):
		return fmt.Errorf("line: cannot connect: %w", withoutAddress(err))
	}
	return &bot.InDoubt{Err: fmt.Errorf("line: no answer: %w", withoutAddress(err))}
}

func receipt(sent []messaging_api.SentMessage) string {
	var ids []string
	for _, m := range sent {
		ids = append(ids, m.Id)
	}
	return strings.Join(ids, ",")
}

// accepted reads a 409: the same key was accepted before.
func accepted(res *answer) string {
	var e messaging_api.ErrorResponse
	if json.Unmarshal(res.body, &e) == nil && len(e.SentMessages) > 0 {
		return receipt(e.SentMessages)
	}
	return res.header.Get("X-Line-Accepted-Request-Id")
}

// failure is what a status means (platforms' "Status semantics"); answers are
// read for their kind only, as they may quote what was sent.
func failure(res *answer, now time.Time) error {
	var e messaging_api.ErrorResponse
	_ = json.Unmarshal(res.body, &e) // an unreadable one is classified by its status
	says := func(part string) bool { return strings.Contains(strings.ToLower(e.Message), part) }
	switch status := res.status; {
	case status == http.StatusBadRequest && says("reply token"):
		return &bot.Refused{Code: "reply_token"}
	case status == http.StatusBadRequest && (says("'to'") || says("failed to send")):
		return &bot.Refused{Code: "unreachable"}
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return &bot.Refused{Code: strconv.Itoa(status), Down: true}
	case status == http.StatusTooManyRequests && says("monthly limit"):
		return &bot.Refused{Code: "quota"}
	case status == http.StatusTooManyRequests:
		return &bot.Throttled{After: retryAfter(res.header, now), Whole: true, Why: "LINE's rate limit"}
	case status/100 == 5:
		return &bot.InDoubt{Err: fmt.Errorf("line: answered %d", status)}
	case status/100 == 4:
		return &bot.Refused{Code: strconv.Itoa(status)}
	default:
		return fmt.Errorf("line: answered %d, which no page describes; is line.api_url right?", status)
	}
}

// longestWait is what an absurd Retry-After is cut to.
const longestWait = time.Hour

// retryAfter reads whole seconds, or a date as HTTP allows; what says nothing is our
// own guess.
func retryAfter(h http.Header, now time.Time) time.Duration {
	s := strings.TrimSpace(h.Get("Retry-After"))
	var after time.Duration
	if s != "" && strings.Trim(s, "0123456789") == "" {
		n, err := strconv.Atoi(s)
		if err != nil || n > int(longestWait/time.Second) {
			return longestWait
		}
		after = time.Duration(n) * time.Second
	} else if at, err := http.ParseTime(s); err == nil {
		after = min(at.Sub(now), longestWait)
	}
	if after <= 0 {
		return backOff
	}
	return after
}
