package lineworkstest

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// skew is how far an assertion's iat may lie in the future.
const skew = time.Minute

// serveToken is the token endpoint (pages auth, auth-jwt).
func (d *Double) serveToken(w http.ResponseWriter, r *http.Request, body []byte) {
	call := Call{Operation: "token", Method: r.Method, Path: r.URL.Path}
	form, err := url.ParseQuery(string(body))
	call.BotID = form.Get("client_id")
	defer func() { d.record(call) }() // also when the connection is cut
	if f := d.fault(call); f != nil {
		call.Status = d.misbehave(w, r, f)
		return
	}
	if err == nil {
		err = formFault(r, form)
	}
	if err != nil {
		d.violate("token: %v", err)
		call.Status = refuse(w, http.StatusBadRequest, "invalid_request")
		return
	}
	call.Status = d.exchange(w, form)
}

func formFault(r *http.Request, form url.Values) error {
	if r.Method != http.MethodPost {
		return fmt.Errorf("method %s", r.Method)
	}
	if t := r.Header.Get("Content-Type"); t != "application/x-www-form-urlencoded" {
		return fmt.Errorf("Content-Type %q", t)
	}
	if r.URL.RawQuery != "" {
		return errors.New("a query in the address")
	}
	for name, values := range form {
		if !slices.Contains([]string{"assertion", "grant_type", "client_id", "client_secret", "scope"}, name) || len(values) != 1 {
			return fmt.Errorf("form field %q is unknown or doubled", name)
		}
	}
	if len(form) != 5 {
		return errors.New("form fields are missing")
	}
	return nil
}

// exchange gives a token for a good assertion.
func (d *Double) exchange(w http.ResponseWriter, form url.Values) int {
	b := d.client(form.Get("client_id"))
	if b == nil || form.Get("client_secret") != b.ClientSecret {
		return refuse(w, http.StatusUnauthorized, "invalid_client")
	}
	if form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		return refuse(w, http.StatusBadRequest, "unsupported_grant_type")
	}
	if err := checkAssertion(form.Get("assertion"), b, d.o.Now()); err != nil {
		return refuse(w, http.StatusBadRequest, "invalid_grant")
	}
	scopes := strings.Split(form.Get("scope"), " ")
	for _, s := range scopes {
		if !slices.Contains(b.Scopes, s) {
			return refuse(w, http.StatusBadRequest, "invalid_scope")
		}
	}
	d.mu.Lock()
	d.serial++
	value := fmt.Sprintf("token-%s-%d", b.ID, d.serial)
	d.tokens[value] = grant{b, scopes, d.o.Now().Add(time.Duration(d.o.ExpiresIn) * time.Second)}
	d.mu.Unlock()
	answer := map[string]any{
		"access_token": value, "refresh_token": "refresh-" + value, "scope": form.Get("scope"),
		"token_type": "Bearer", "expires_in": strconv.Itoa(d.o.ExpiresIn),
	}
	if d.o.ExpiresAsNumber {
		answer["expires_in"] = d.o.ExpiresIn
	}
	return write(w, http.StatusOK, answer)
}

func (d *Double) client(id string) *Bot {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, b := range d.bots {
		if b.ClientID == id {
			return b
		}
	}
	return nil
}

// checkAssertion verifies the signature and every claim.
func checkAssertion(jwt string, b *Bot, now time.Time) error {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return errors.New("not three parts")
	}
	var raw [3][]byte
	for i, p := range parts {
		var err error
		if raw[i], err = base64.RawURLEncoding.Strict().DecodeString(p); err != nil {
			return fmt.Errorf("part %d is no base64url without padding", i+1)
		}
	}
	var head struct{ Alg, Typ string }
	if err := strict(raw[0], &head); err != nil || head.Alg != "RS256" || head.Typ != "JWT" {
		return errors.New("header is not RS256 and JWT")
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(b.PublicKey, crypto.SHA256, sum[:], raw[2]); err != nil {
		return errors.New("signature does not match")
	}
	var claims struct {
		Iss, Sub string
		Iat, Exp *int64 // whole seconds: a string or a fraction is refused
	}
	if err := strict(raw[1], &claims); err != nil {
		return fmt.Errorf("claims: %w", err)
	}
	switch {
	case claims.Iss != b.ClientID:
		return errors.New("iss is not the client id")
	case claims.Sub != b.ServiceAccount:
		return errors.New("sub is not the service account")
	case claims.Iat == nil || claims.Exp == nil:
		return errors.New("iat or exp is missing")
	case *claims.Iat > now.Add(skew).Unix() || *claims.Exp <= now.Unix():
		return errors.New("not valid now")
	case *claims.Exp-*claims.Iat > 3600 || *claims.Exp <= *claims.Iat:
		return errors.New("exp is more than an hour after iat")
	}
	return nil
}

func refuse(w http.ResponseWriter, status int, code string) int {
	return write(w, status, map[string]string{"error": code, "error_description": "refused by the double"})
}

// strict decodes JSON and refuses undefined properties and anything after it.
func strict(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return errors.New("something follows the JSON")
	}
	return nil
}
