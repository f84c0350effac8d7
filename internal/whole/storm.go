package whole

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
)

// AcceptThenFail lets a message arrive and then cuts the connection.
const AcceptThenFail = -1

// Storm stands in front of a platform's double and misbehaves about messages.
type Storm struct {
	URL    string
	server *httptest.Server
	fault  atomic.Pointer[func() int]
}

// NewStorm makes a calm one in front of a server's address.
func NewStorm(target string) (*Storm, error) {
	to, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	s := &Storm{}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serve(proxy, w, r) }))
	s.URL = s.server.URL
	return s, nil
}

// Close ends it.
func (s *Storm) Close() { s.server.Close() }

// Blow asks f about every message: 0 = it goes well, AcceptThenFail, or a status
// with which it never arrives. nil = calm.
func (s *Storm) Blow(f func() int) {
	if f == nil {
		s.fault.Store(nil)
		return
	}
	s.fault.Store(&f)
}

func (s *Storm) serve(proxy http.Handler, w http.ResponseWriter, r *http.Request) {
	status := 0
	if f := s.fault.Load(); f != nil && r.Method == http.MethodPost && isMessage(r.URL.Path) {
		status = (*f)()
	}
	switch {
	case status == AcceptThenFail:
		proxy.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case status == http.StatusTooManyRequests:
		throttle(w, 1)
	case status > 0:
		http.Error(w, "{}", status)
	default:
		proxy.ServeHTTP(w, r)
	}
}

// isMessage tells the calls that post a message on Slack, LINE WORKS and LINE.
func isMessage(path string) bool {
	return strings.HasSuffix(path, "/chat.postMessage") || strings.HasSuffix(path, "/messages") || strings.HasSuffix(path, "/message/push")
}
