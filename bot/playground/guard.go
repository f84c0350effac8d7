package playground

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
)

// cookie is what a visitor gets for the one-time key.
const cookie = "akari_playground"

// Guard lets only the person at this machine through, because a visitor of the
// playground can be anybody (rulings 12). A loopback visitor has a loopback
// peer, asks for a loopback host and came through no proxy; a proxy on the same
// machine would otherwise make the whole world loopback, and a foreign name that
// resolves to 127.0.0.1 would let any web page in.
//
// Anybody else needs the one-time key, if there is one: the first GET with
// ?key=… gets a cookie and spends the key. Everything else is 404, so that
// nobody learns that there is a playground. Handlers guarded with the same key
// share the cookie.
func Guard(key string, next http.Handler) http.Handler {
	var spent atomic.Bool
	pass := session(key)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if loopback(r) || (key != "" && holds(r, pass)) {
			next.ServeHTTP(w, r)
			return
		}
		if key != "" && navigates(r) && equal(r.URL.Query().Get("key"), key) && spent.CompareAndSwap(false, true) {
			http.SetCookie(w, &http.Cookie{
				Name: cookie, Value: pass, Path: "/", HttpOnly: true,
				Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode,
			})
			to := *r.URL
			q := to.Query()
			q.Del("key")
			to.RawQuery, to.Scheme, to.Host = q.Encode(), "", ""
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Referrer-Policy", "no-referrer")
			// Path only and never beginning with two slashes: not to another host.
			http.Redirect(w, r, "/"+strings.TrimLeft(to.RequestURI(), "/"), http.StatusSeeOther)
			return
		}
		http.NotFound(w, r)
	})
}

// session is what the cookie holds: made from the key, so that every process and
// every guarded handler knows it without remembering anything.
func session(key string) string {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte("akari playground session"))
	return hex.EncodeToString(m.Sum(nil))
}

func holds(r *http.Request, pass string) bool {
	c, err := r.Cookie(cookie)
	return err == nil && equal(c.Value, pass)
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// navigates tells whether the request is a person's own opening of a page: a
// prefetch must not spend the key.
func navigates(r *http.Request) bool {
	return r.Method == http.MethodGet &&
		!strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch") && r.Header.Get("Purpose") != "prefetch"
}

// forwarding are headers that proxies add besides X-Forwarded-*.
var forwarding = []string{
	"Forwarded", "Via", "X-Real-Ip", "X-Client-Ip", "X-Original-Host", "X-Original-Forwarded-For", "X-Cluster-Client-Ip",
	"True-Client-Ip", "Cf-Connecting-Ip", "Cf-Ray", "Fastly-Client-Ip", "X-Envoy-External-Address", "X-Proxyuser-Ip",
}

func loopback(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !peer.Addr().Unmap().IsLoopback() {
		return false
	}
	for h := range r.Header {
		if strings.HasPrefix(h, "X-Forwarded") {
			return false
		}
	}
	for _, h := range forwarding {
		if len(r.Header.Values(h)) > 0 {
			return false
		}
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	switch strings.ToLower(host) {
	case "localhost", "127.0.0.1", "::1", "[::1]":
		return true
	}
	return false
}
