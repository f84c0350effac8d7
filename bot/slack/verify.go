package slack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"akari/bot"
)

// maxAge is how far a request's time may be from ours, in either direction
// (authentication/verifying-requests-from-slack).
const maxAge = 5 * time.Minute

// maxBody bounds what is read before a signature can be checked. Slack's largest
// payloads, views of 250 kB, are far below it.
const maxBody = 1 << 20

// verified reads the raw body and answers it only if it was signed with one of
// our secrets within maxAge. The SDK's verifier is not used: it has no clock of
// ours, and its error text contains the computed HMAC.
func (p *Platform) verified(r *http.Request) ([]byte, error) {
	stamp, given, err := p.signature(r.Header)
	if err != nil {
		return nil, err
	}
	if r.Body == nil {
		return nil, p.forged("there is no body")
	}
	raw, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if err != nil {
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			return nil, fmt.Errorf("the webhook's body is longer than %d bytes: %w", big.Limit, big)
		}
		return nil, fmt.Errorf("while reading the webhook's body: %w", err)
	}
	match := 0
	for _, secret := range p.secrets {
		match |= boolInt(hmac.Equal(given, sign(secret, stamp, raw)))
	}
	if match == 0 {
		return nil, p.forged("no signing secret fits: is it this app's, copied whole?")
	}
	return raw, nil
}

// signature reads both headers, strictly: one value each, "v0=" and 32 bytes.
func (p *Platform) signature(h http.Header) (stamp string, given []byte, err error) {
	stamps, sigs := h.Values("X-Slack-Request-Timestamp"), h.Values("X-Slack-Signature")
	if len(stamps) != 1 || len(sigs) != 1 {
		return "", nil, p.forged("it is not signed")
	}
	stamp = stamps[0]
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || strings.Trim(stamp, "0123456789") != "" || len(stamp) > 12 {
		return "", nil, p.forged("its time cannot be read")
	}
	if age := p.now().Sub(time.Unix(seconds, 0)); age > maxAge || age < -maxAge {
		return "", nil, p.forged("its time is more than five minutes off: is this machine's clock right?")
	}
	digits, ok := strings.CutPrefix(sigs[0], "v0=")
	given, err = hex.DecodeString(digits)
	if !ok || err != nil || len(given) != sha256.Size {
		return "", nil, p.forged("its signature is not of the form v0=")
	}
	return stamp, given, nil
}

func sign(secret []byte, stamp string, raw []byte) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte("v0:" + stamp + ":"))
	m.Write(raw)
	return m.Sum(nil)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// forgedEvery bounds how often a refusal is logged: anybody can cause one.
const forgedEvery = 10 * time.Second

// forged is the answer to every request that is not surely Slack's. The caller
// learns nothing; the operator's log says why, so that a wrong secret or clock is
// found, without the request's or our own signature.
func (p *Platform) forged(why string) error {
	p.refused.Lock()
	defer p.refused.Unlock()
	now := p.now()
	if gap := now.Sub(p.refused.last); gap < 0 || gap >= forgedEvery {
		p.refused.last = now
		p.log.Warn("a request to a Slack webhook was refused", "platform", Name, "why", why)
	}
	return bot.ErrSignature
}
