package line

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/line/line-bot-sdk-go/v8/linebot/channel_access_token"

	"akari/bot"
)

// tokenSpare is how long before its end a stateless token is replaced: they
// live 15 minutes, we use them 13, because a call may take its time.
const tokenSpare = 2 * time.Minute

// tokens hands out the bearer token: the configured one, or stateless ones that
// are minted by one caller while the others wait for it.
type tokens struct {
	o      Options
	client *http.Client

	mu    sync.Mutex
	token string
	until time.Time // on the monotonic clock
	mint  chan struct{}
}

// get answers a token, minting one if need be. Nobody's context ends another's
// waiting: who was waiting mints by itself.
func (t *tokens) get(ctx context.Context) (string, error) {
	if t.o.ChannelAccessToken != "" {
		return t.o.ChannelAccessToken, nil
	}
	for {
		t.mu.Lock()
		if t.token != "" && time.Until(t.until) > 0 {
			defer t.mu.Unlock()
			return t.token, nil
		}
		if wait := t.mint; wait != nil {
			t.mu.Unlock()
			select {
			case <-wait:
				continue
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}
		done := make(chan struct{})
		t.mint = done
		t.mu.Unlock()

		token, life, err := t.issue(ctx)
		t.mu.Lock()
		if err == nil {
			t.token, t.until = token, time.Now().Add(life) //nolint:forbidigo // a lease, monotonic by design (rulings 8)
		}
		t.mint = nil
		t.mu.Unlock()
		close(done)
		return token, err
	}
}

// drop forgets a token that LINE has just refused. It answers whether a new one
// can be had.
func (t *tokens) drop(refused string) bool {
	if t.o.ChannelAccessToken != "" {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == refused {
		t.token = ""
	}
	return true
}

// issue asks with each secret in turn: while one is being replaced, nobody
// knows at which moment LINE changes over.
func (t *tokens) issue(ctx context.Context) (string, time.Duration, error) {
	for i, secret := range t.o.ChannelSecrets {
		token, life, err := t.issueBy(ctx, secret)
		var refused *bot.Refused
		if errors.As(err, &refused) && i+1 < len(t.o.ChannelSecrets) {
			continue
		}
		return token, life, err
	}
	return "", 0, &bot.Refused{Code: "token", Down: true}
}

func (t *tokens) issueBy(ctx context.Context, secret string) (string, time.Duration, error) {
	api, err := channel_access_token.NewChannelAccessTokenAPI(
		channel_access_token.WithEndpoint(t.o.APIURL), channel_access_token.WithHTTPClient(t.client))
	if err != nil {
		return "", 0, fmt.Errorf("line: the address of the token endpoint is wrong: %w", err)
	}
	res, got, err := api.WithContext(ctx).IssueStatelessChannelTokenByClientSecretWithHttpInfo(t.o.ChannelID, secret)
	if res != nil {
		defer res.Body.Close()
	}
	switch {
	case res == nil:
		return "", 0, fmt.Errorf("line: no token, the token endpoint cannot be reached: %w", withoutAddress(err))
	case res.StatusCode == http.StatusBadRequest || res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden:
		return "", 0, &bot.Refused{Code: "token", Down: true}
	case res.StatusCode == http.StatusTooManyRequests:
		return "", 0, &bot.Throttled{After: retryAfter(res.Header, t.o.Now()), Whole: true, Why: "the token endpoint"}
	case err != nil || got.AccessToken == "":
		// The SDK's error quotes the answer, which may hold the token.
		return "", 0, fmt.Errorf("line: no token, the token endpoint answered %d", res.StatusCode)
	}
	life := time.Duration(got.ExpiresIn) * time.Second
	return got.AccessToken, max(life-tokenSpare, life/2), nil
}
