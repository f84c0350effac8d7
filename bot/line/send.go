package line

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/line/line-bot-sdk-go/v8/linebot/messaging_api"

	"akari/bot"
)

// backOff is how long to wait after a 429, for which LINE names no time.
const backOff = 30 * time.Second

// rawMessage passes a frozen message through the SDK unchanged.
type rawMessage struct {
	typ  string
	body json.RawMessage
}

func (m rawMessage) GetType() string              { return m.typ }
func (m rawMessage) MarshalJSON() ([]byte, error) { return m.body, nil }

// call makes one API call with a good token, and with a fresh one once more if
// LINE refused the token, which is before it looked at anything else. f must
// make exactly one call each time.
func (p *Platform) call(ctx context.Context, f func(*messaging_api.MessagingApiAPI) (*http.Response, error)) (*http.Response, error) {
	for again := false; ; again = true {
		token, err := p.tokens.get(ctx)
		if err != nil {
			return nil, &preparation{err}
		}
		// A client of its own for each call: WithContext changes its receiver.
		api, err := messaging_api.NewMessagingApiAPI(token, messaging_api.WithEndpoint(p.o.APIURL), messaging_api.WithHTTPClient(p.client))
		if err != nil {
			return nil, &preparation{fmt.Errorf("line: line.api_url is no address: %w", err)}
		}
		res, err := f(api.WithContext(ctx))
		if res != nil && res.StatusCode == http.StatusUnauthorized && !again && p.tokens.drop(token) {
			continue
		}
		return res, err
	}
}

// preparation failed: nothing was asked of LINE that anybody could see.
type preparation struct{ error }

func (e *preparation) Unwrap() error { return e.error }

// Send pushes d.Body under the key of the delivery, or replies with its
// messages. The receipt is LINE's message ids, joined by commas.
func (p *Platform) Send(ctx context.Context, d bot.Delivery) (string, error) {
	var body pushBody
	if err := json.Unmarshal(d.Body, &body); err != nil || len(body.Messages) == 0 || !idForm.MatchString(body.To) {
		return "", &bot.Refused{Code: "bad_body"}
	}
	var messages []messaging_api.MessageInterface
	for _, raw := range body.Messages {
		var typed struct{ Type string }
		if err := json.Unmarshal(raw, &typed); err != nil || typed.Type == "" {
			return "", &bot.Refused{Code: "bad_body"}
		}
		messages = append(messages, rawMessage{typed.Type, raw})
	}
	reply := useReply(d)
	var sent []messaging_api.SentMessage
	res, err := p.call(ctx, func(api *messaging_api.MessagingApiAPI) (*http.Response, error) {
		if reply {
			res, out, err := api.ReplyMessageWithHttpInfo(&messaging_api.ReplyMessageRequest{ReplyToken: d.Reply.Token, Messages: messages})
			if out != nil {
				sent = out.SentMessages
			}
			return res, err
		}
		res, out, err := api.PushMessageWithHttpInfo(&messaging_api.PushMessageRequest{
			To: body.To, Messages: messages, NotificationDisabled: body.NotificationDisabled, CustomAggregationUnits: body.Units,
		}, d.Key)
		if out != nil {
			sent = out.SentMessages
		}
		return res, err
	})
	p.log(ctx, d, res)
	if res == nil {
		return "", unanswered(err)
	}
	switch {
	case err == nil:
		return receipt(sent), nil
	case res.StatusCode/100 == 2 && reply:
		return "", nil // accepted; only its answer could not be read to the end
	case res.StatusCode/100 == 2:
		return "", &bot.InDoubt{Err: errors.New("line: accepted, but the answer broke off")} // the next try learns the ids from a 409
	case res.StatusCode == http.StatusConflict && !reply:
		return accepted(res), nil
	}
	return "", failure(res)
}

// log keeps LINE's own id of every request, which its support asks for.
func (p *Platform) log(ctx context.Context, d bot.Delivery, res *http.Response) {
	if res != nil {
		p.o.Log.DebugContext(ctx, "LINE answered", "delivery", d.ID, "operation", p.Operation(d), "attempt", d.Attempt,
			"status", res.StatusCode, "line_request_id", res.Header.Get("X-Line-Request-Id"))
	}
}

// unanswered: no status. Unless the call never left, it may have arrived.
func unanswered(err error) error {
	var before *preparation
	switch {
	case errors.As(err, &before):
		return before.error
	case unsent(err):
		return fmt.Errorf("line: cannot connect: %w", err)
	}
	return &bot.InDoubt{Err: fmt.Errorf("line: no answer: %w", err)}
}

func receipt(sent []messaging_api.SentMessage) string {
	var ids []string
	for _, m := range sent {
		ids = append(ids, m.Id)
	}
	return strings.Join(ids, ",")
}

// accepted reads a 409: the same key was accepted before.
func accepted(res *http.Response) string {
	var e messaging_api.ErrorResponse
	if json.NewDecoder(res.Body).Decode(&e) == nil && len(e.SentMessages) > 0 {
		return receipt(e.SentMessages)
	}
	return res.Header.Get("X-Line-Accepted-Request-Id")
}

// failure is what a status means (platforms' "Status semantics"); answers are
// read for their kind only, as they may quote what was sent.
func failure(res *http.Response) error {
	var e messaging_api.ErrorResponse
	_ = json.NewDecoder(res.Body).Decode(&e) // an unreadable one is classified by its status
	says := func(part string) bool { return strings.Contains(strings.ToLower(e.Message), part) }
	switch status := res.StatusCode; {
	case status == http.StatusBadRequest && says("reply token"):
		return &bot.Refused{Code: "reply_token"}
	case status == http.StatusBadRequest && (says("'to'") || says("failed to send")):
		return &bot.Refused{Code: "unreachable"}
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return &bot.Refused{Code: strconv.Itoa(status), Down: true}
	case status == http.StatusTooManyRequests && says("monthly limit"):
		return &bot.Refused{Code: "quota"}
	case status == http.StatusTooManyRequests:
		return &bot.Throttled{After: retryAfter(res.Header), Whole: true, Why: "LINE's rate limit"}
	case status/100 == 5:
		return &bot.InDoubt{Err: fmt.Errorf("line: answered %d", status)}
	case status/100 == 4:
		return &bot.Refused{Code: strconv.Itoa(status)}
	default:
		return fmt.Errorf("line: answered %d, which no page describes; is line.api_url right?", status)
	}
}

// retryAfter reads whole seconds; anything else, absurd values included, is
// our own guess.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n <= 0 || n > 3600 {
		return backOff
	}
	return time.Duration(n) * time.Second
}
