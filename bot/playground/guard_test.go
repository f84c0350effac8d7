package playground_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"akari/bot/playground"
)

var behind = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })

func visit(h http.Handler, target, peer, host string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.RemoteAddr, r.Host = peer, host
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestOnlyThePersonAtThisMachineComesIn(t *testing.T) {
	for _, one := range []struct {
		peer, host string
		headers    []string
		in         bool
	}{
		{"127.0.0.1:5000", "localhost:8080", nil, true},
		{"127.0.0.1:5000", "LOCALHOST", nil, true},
		{"127.3.2.1:5000", "127.0.0.1:8080", nil, true},
		{"[::1]:5000", "[::1]:8080", nil, true},
		{"[::1]:5000", "[::1]", nil, true},
		{"[::ffff:127.0.0.1]:5000", "localhost:8080", nil, true},
		{"192.168.1.5:5000", "localhost:8080", nil, false},
		{"[::ffff:192.168.1.5]:5000", "localhost:8080", nil, false},
		{"127.0.0.1:5000", "akari.example.com", nil, false},
		{"127.0.0.1:5000", "localhost.example.com", nil, false},
		{"127.0.0.1:5000", "127.0.0.2:8080", nil, false},
		{"127.0.0.1:5000", "rebound.example:8080", nil, false},
		{"127.0.0.1:5000", "", nil, false},
		{"", "localhost", nil, false},
		{"@", "localhost", nil, false},
		{"127.0.0.1:5000", "localhost", []string{"X-Forwarded-For", "127.0.0.1"}, false},
		{"127.0.0.1:5000", "localhost", []string{"X-Forwarded-Proto", ""}, false},
		{"127.0.0.1:5000", "localhost", []string{"Forwarded", "for=127.0.0.1"}, false},
		{"127.0.0.1:5000", "localhost", []string{"Via", "1.1 proxy"}, false},
		{"127.0.0.1:5000", "localhost", []string{"X-Real-IP", "10.0.0.1"}, false},
		{"127.0.0.1:5000", "localhost", []string{"CF-Connecting-IP", "10.0.0.1"}, false},
		{"127.0.0.1:5000", "localhost", []string{"Cookie", "akari_playground=e3b0"}, true},
		{"10.0.0.1:5000", "localhost", []string{"Cookie", "akari_playground="}, false},
	} {
		w := visit(playground.Guard("", behind), "/play?key=", one.peer, one.host, one.headers...)
		want := http.StatusNotFound
		if one.in {
			want = http.StatusTeapot
		}
		if w.Code != want {
			t.Errorf("peer %q host %q %v: %d, not %d", one.peer, one.host, one.headers, w.Code, want)
		}
	}
}

func TestTheKeyOpensOnce(t *testing.T) {
	const key = "S3cretKeyOfThisStart"
	page, hook := playground.Guard(key, behind), playground.Guard(key, behind)
	far := func(h http.Handler, target string, headers ...string) *httptest.ResponseRecorder {
		return visit(h, target, "172.17.0.1:5000", "localhost:8080", headers...)
	}
	if w := far(page, "/play"); w.Code != http.StatusNotFound {
		t.Errorf("without the key: %d", w.Code)
	}
	if w := far(page, "/play?key=wrong"); w.Code != http.StatusNotFound {
		t.Errorf("with a wrong key: %d", w.Code)
	}
	if w := far(page, "/play?key="+key, "Sec-Purpose", "prefetch;prerender"); w.Code != http.StatusNotFound {
		t.Errorf("a prefetch spends the key: %d", w.Code)
	}
	w := far(page, "/play?lang=en&key="+key)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/play?lang=en" {
		t.Fatalf("with the key: %d to %q", w.Code, w.Header().Get("Location"))
	}
	cookies := w.Result().Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode || strings.Contains(cookies[0].Value, key) {
		t.Fatalf("the cookie is %v", cookies)
	}
	for _, h := range []http.Handler{page, hook} {
		if w := far(h, "/play", "Cookie", cookies[0].Name+"="+cookies[0].Value); w.Code != http.StatusTeapot {
			t.Errorf("with the cookie: %d", w.Code)
		}
		if w := far(h, "/play", "Cookie", cookies[0].Name+"="+strings.Repeat("0", 64)); w.Code != http.StatusNotFound {
			t.Errorf("with a made-up cookie: %d", w.Code)
		}
	}
	if w := far(page, "/play?key="+key); w.Code != http.StatusNotFound {
		t.Errorf("the key opens twice: %d", w.Code)
	}
	if w := far(playground.Guard("next start", behind), "/play", "Cookie", cookies[0].Name+"="+cookies[0].Value); w.Code != http.StatusNotFound {
		t.Errorf("the cookie outlives the key: %d", w.Code)
	}
	if w := far(playground.Guard("k", behind), "//evil.example/play?key=k"); w.Header().Get("Location") != "/evil.example/play" {
		t.Errorf("the key leads to %q", w.Header().Get("Location"))
	}
}
