package lineworks

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"akari/bot"
)

const (
	// assertionLife is how long a JWT assertion is good for; the platform allows
	// at most 3600 s (page auth-jwt). Half of it leaves room for clock skew.
	assertionLife = 30 * time.Minute
	// renewBefore is how long before its end a token is replaced (60–120 s).
	renewBefore = 90 * time.Second
	// tokenLife is assumed when the answer does not say; the console offers 1 h
	// or 24 h (page auth), so the shorter is safe.
	tokenLife = time.Hour
	jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
)

// wishes are the scopes asked for, best first. The platform refuses a request
// for any scope that is not ticked in the console (page auth-scope), so a
// refused wish is followed by the next. The last one can only send.
var wishes = []string{"bot.message user.profile.read", "bot.message user.read", "bot.message"}

// token is one access token. Its age is measured on the monotonic clock, so
// that a jump of the wall clock neither kills nor prolongs it.
type token struct {
	value  string
	scopes []string
	minted time.Time
	life   time.Duration
}

func (t *token) due() bool {
	margin := min(renewBefore, t.life/2)
	return time.Since(t.minted) >= t.life-margin
}

func (t *token) dead() bool { return time.Since(t.minted) >= t.life }

// has tells whether the token was granted any of the scopes.
func (t *token) has(any ...string) bool {
	return slices.ContainsFunc(any, func(s string) bool { return slices.Contains(t.scopes, s) })
}

// tokens holds the token of one connection. However many callers there are, one
// mint is under way at a time.
type tokens struct {
	mu     sync.Mutex
	now    *token
	flight *flight
}

type flight struct {
	done chan struct{}
	tok  *token
	err  error
}

// token answers a good token, minting one if needed.
func (p *Platform) token(ctx context.Context, c *connection) (*token, error) {
	t := &c.tokens
	t.mu.Lock()
	if t.now != nil && !t.now.due() {
		defer t.mu.Unlock()
		return t.now, nil
	}
	f := t.flight
	if f == nil {
		f = &flight{done: make(chan struct{})}
		t.flight = f
		// The mint must not die with the caller that happened to come first.
		go p.mintFlight(context.WithoutCancel(ctx), c, f)
	}
	t.mu.Unlock()
	select {
	case <-f.done:
		return f.tok, f.err
	case <-ctx.Done():
		return nil, fmt.Errorf("while waiting for a token of connection %q: %w", c.Key, ctx.Err())
	}
}

func (p *Platform) mintFlight(ctx context.Context, c *connection, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	tok, err := p.mint(ctx, c)
	t := &c.tokens
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case err == nil:
		t.now = tok
		p.log.Info("token minted", "platform", Name, "connection", c.Key, "life", tok.life)
	case t.now != nil && !t.now.dead():
		// A failed early renewal costs nothing while the old token lives.
		tok, err = t.now, nil
	}
	f.tok, f.err = tok, err
	t.flight = nil
	close(f.done)
}

// discard forgets a token that the platform answered with 401, unless another
// caller has already replaced it.
func (c *connection) discard(tok *token) {
	c.tokens.mu.Lock()
	defer c.tokens.mu.Unlock()
	if c.tokens.now == tok {
		c.tokens.now = nil
	}
}

// mint asks for a token, with fewer scopes if the first wish is refused. It
// begins with the best wish each time, so that a scope ticked later is found.
func (p *Platform) mint(ctx context.Context, c *connection) (*token, error) {
	var tok *token
	var err error
	for _, wish := range wishes {
		tok, err = p.mintOnce(ctx, c, wish)
		var refused *bot.Refused
		if !errors.As(err, &refused) || refused.Code != "invalid_scope" {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	if !tok.has("bot.message", "bot") {
		return nil, &bot.Refused{Code: "scope_missing_bot.message", Down: true}
	}
	return tok, nil
}

// mintOnce makes one token request (page auth-jwt). Neither the form nor the
// answer is ever logged.
func (p *Platform) mintOnce(ctx context.Context, c *connection, scope string) (*token, error) {
	assertion, err := assert(c, p.now())
	if err != nil {
		return nil, fmt.Errorf("while signing the assertion of connection %q: %w", c.Key, err)
	}
	form := url.Values{
		"assertion": {assertion}, "grant_type": {jwtBearer},
		"client_id": {c.ClientID}, "client_secret": {c.ClientSecret}, "scope": {scope},
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.auth, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("lineworks.auth_url cannot be used: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	start := time.Now()
	res, err := p.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("while minting a token for connection %q: %w", c.Key, err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("while reading the token for connection %q: %w", c.Key, err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, p.mintRefused(c, res, body)
	}
	return readToken(c, body, scope, start)
}

func (p *Platform) mintRefused(c *connection, res *http.Response, body []byte) error {
	switch {
	case res.StatusCode == http.StatusTooManyRequests:
		return &bot.Throttled{After: p.wait(res.Header), Whole: true, Why: "token endpoint: 429"}
	case res.StatusCode >= 500:
		return fmt.Errorf("token endpoint answers %d for connection %q", res.StatusCode, c.Key)
	}
	var e struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(body, &e) // what is no RFC 6749 error is named by its status
	return &bot.Refused{Code: word(e.Error, "token", res.StatusCode), Down: true}
}

// readToken reads a token answer. expires_in comes as a string in one official
// sample and as a number in another.
func readToken(c *connection, body []byte, asked string, start time.Time) (*token, error) {
	var a struct {
		AccessToken string          `json:"access_token"`
		Scope       *string         `json:"scope"`
		ExpiresIn   json.RawMessage `json:"expires_in"`
	}
	if err := json.Unmarshal(body, &a); err != nil || a.AccessToken == "" ||
		strings.ContainsFunc(a.AccessToken, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, fmt.Errorf("the token endpoint's answer for connection %q holds no token", c.Key)
	}
	tok := &token{value: a.AccessToken, minted: start, life: tokenLife, scopes: strings.Fields(asked)}
	if a.Scope != nil { // without one, what was asked for is granted (RFC 6749 §5.1)
		tok.scopes = strings.FieldsFunc(*a.Scope, func(r rune) bool { return r == ' ' || r == ',' })
	}
	digits := string(bytes.Trim(a.ExpiresIn, `" `))
	if s, err := strconv.ParseFloat(digits, 64); err == nil && s > 0 && s < 1e8 {
		tok.life = time.Duration(s * float64(time.Second))
	}
	return tok, nil
}

// assert makes the signed JWT that is exchanged for a token. Timestamps are
// whole seconds of the wall clock, offset included.
func assert(c *connection, now time.Time) (string, error) {
	claims, err := json.Marshal(struct {
		Iss string `json:"iss"`
		Sub string `json:"sub"`
		Iat int64  `json:"iat"`
		Exp int64  `json:"exp"`
	}{c.ClientID, c.ServiceAccount, now.Unix(), now.Add(assertionLife).Unix()})
	if err != nil {
		return "", err
	}
	b64 := base64.RawURLEncoding.EncodeToString
	signed := b64([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + b64(claims)
	sum := sha256.Sum256([]byte(signed))
	sig, err := rsa.SignPKCS1v15(rand.Reader, c.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", err
	}
	return signed + "." + b64(sig), nil
}

// readKey reads the PEM of a private key. Line breaks that an environment or a
// JSON file turned into the two characters \n are the commonest fault at
// onboarding, so they are mended. The error never shows any of the key.
func readKey(s string) (*rsa.PrivateKey, error) {
	s = strings.NewReplacer(`\r\n`, "\n", `\n`, "\n", "\r\n", "\n").Replace(strings.TrimSpace(s))
	if s == "" {
		return nil, errors.New("private_key is empty")
	}
	block, _ := pem.Decode([]byte(s))
	if block == nil {
		return nil, errors.New("private_key is no PEM: paste the whole file with its BEGIN and END lines")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		old, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			return nil, errors.New("private_key is damaged: it is neither PKCS#8 nor PKCS#1; download it again")
		}
		key = old
	}
	k, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("private_key is no RSA key")
	}
	return k, nil
}
