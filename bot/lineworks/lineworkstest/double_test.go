package lineworkstest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func jwt(t *testing.T, head, claims string) string {
	t.Helper()
	b64 := base64.RawURLEncoding.EncodeToString
	s := b64([]byte(head)) + "." + b64([]byte(claims))
	sum := sha256.Sum256([]byte(s))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key(), crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return s + "." + b64(sig)
}

func TestTokenEndpointIsStrict(t *testing.T) {
	d := Start(Options{})
	defer d.Close()
	b := NewBot("aoba")
	d.Add(b)
	now := time.Now().Unix()
	const head = `{"alg":"RS256","typ":"JWT"}`
	claims := func(iss, sub, iat, exp string) string {
		return fmt.Sprintf(`{"iss":%q,"sub":%q,"iat":%s,"exp":%s}`, iss, sub, iat, exp)
	}
	iat, exp := fmt.Sprint(now), fmt.Sprint(now+3600)
	right := jwt(t, head, claims(b.ClientID, b.ServiceAccount, iat, exp))
	form := func(change ...string) url.Values {
		f := url.Values{
			"assertion": {right}, "grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"},
			"client_id": {b.ClientID}, "client_secret": {b.ClientSecret}, "scope": {"bot.message"},
		}
		for i := 0; i < len(change); i += 2 {
			f.Set(change[i], change[i+1])
		}
		return f
	}
	for _, c := range []struct {
		name string
		form url.Values
		want string
	}{
		{"right", form(), ""},
		{"other secret", form("client_secret", "x"), "invalid_client"},
		{"other client", form("client_id", "x"), "invalid_client"},
		{"other grant", form("grant_type", "refresh_token"), "unsupported_grant_type"},
		{"scope not ticked", form("scope", "bot.message bot"), "invalid_scope"},
		{"one field more", form("x", "y"), "invalid_request"},
		{"padded", form("assertion", right+"="), "invalid_grant"},
		{"HS256", form("assertion", jwt(t, `{"alg":"HS256","typ":"JWT"}`, claims(b.ClientID, b.ServiceAccount, iat, exp))), "invalid_grant"},
		{"other iss", form("assertion", jwt(t, head, claims("x", b.ServiceAccount, iat, exp))), "invalid_grant"},
		{"other sub", form("assertion", jwt(t, head, claims(b.ClientID, "x", iat, exp))), "invalid_grant"},
		{"iat a string", form("assertion", jwt(t, head, claims(b.ClientID, b.ServiceAccount, `"`+iat+`"`, exp))), "invalid_grant"},
		{"iat a fraction", form("assertion", jwt(t, head, claims(b.ClientID, b.ServiceAccount, iat+".5", exp))), "invalid_grant"},
		{"too long", form("assertion", jwt(t, head, claims(b.ClientID, b.ServiceAccount, iat, fmt.Sprint(now+3601)))), "invalid_grant"},
		{"ended", form("assertion", jwt(t, head, claims(b.ClientID, b.ServiceAccount, fmt.Sprint(now-3700), fmt.Sprint(now-100)))), "invalid_grant"},
		{"not yet", form("assertion", jwt(t, head, claims(b.ClientID, b.ServiceAccount, fmt.Sprint(now+600), fmt.Sprint(now+1200)))), "invalid_grant"},
		{"aud", form("assertion", jwt(t, head, strings.Replace(claims(b.ClientID, b.ServiceAccount, iat, exp), "{", `{"aud":"x",`, 1))), "invalid_grant"},
		{"signature of another text", form("assertion", right[:len(right)-8]+"AAAAAAAA"), "invalid_grant"},
	} {
		res, err := http.PostForm(d.AuthURL(), c.form)
		if err != nil {
			t.Fatal(err)
		}
		var a struct {
			Error string `json:"error"`
			Token string `json:"access_token"`
			Life  string `json:"expires_in"`
		}
		err = json.NewDecoder(res.Body).Decode(&a)
		_ = res.Body.Close()
		if err != nil || a.Error != c.want || (a.Error == "") != (a.Token != "" && a.Life == "86400") {
			t.Errorf("%s: got %d %+v, want %q", c.name, res.StatusCode, a, c.want)
		}
	}
}

func TestAPIWantsATokenAndKnownPaths(t *testing.T) {
	d := Start(Options{})
	defer d.Close()
	b := NewBot("aoba")
	d.Add(b)
	d.tokens["t"] = grant{b, b.Scopes, time.Now().Add(time.Hour)}
	for _, c := range []struct {
		method, path, token string
		status              int
		header              string // which must be there
	}{
		{"POST", "/bots/" + b.ID + "/users/u/messages", "", 401, "WWW-Authenticate"},
		{"POST", "/bots/" + b.ID + "/users/u/messages", "t", 201, "rateLimit-remaining"},
		{"POST", "/bots/1/users/u/messages", "t", 404, ""},
		{"POST", "/bots/" + b.ID + "/users/a/b/messages", "t", 404, ""},
		{"GET", "/bots/" + b.ID + "/users/u/messages", "t", 404, ""},
		{"GET", "/bots/" + b.ID, "t", 403, "WWW-Authenticate"},
	} {
		r, err := http.NewRequest(c.method, d.APIURL()+c.path, strings.NewReader(`{"content":{"type":"text","text":"a"}}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		if c.token != "" {
			r.Header.Set("Authorization", "Bearer "+c.token)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != c.status || c.header != "" && res.Header.Get(c.header) == "" || c.status == 201 && len(body) > 0 {
			t.Errorf("%s %s: got %d %s %v", c.method, c.path, res.StatusCode, body, res.Header)
		}
	}
	if n := len(d.Sent()); n != 1 {
		t.Errorf("%d messages were accepted", n)
	}
	if v := d.Violations(); len(v) != 2 {
		t.Errorf("unknown paths are violations: got %q", v)
	}
}
