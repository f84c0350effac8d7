package whole

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sort"
	"strconv"
	"sync"
	"time"
)

// Limit is how many calls of one kind a platform takes in any span of time.
type Limit struct {
	Name string
	Most int
	Per  time.Duration
}

// Meter stands in front of a platform's double, refuses with 429 and Retry-After what
// is beyond the platform's limits, and remembers when every call came.
type Meter struct {
	URL    string
	server *httptest.Server
	limits func(path string, body []byte) []Limit

	mu      sync.Mutex
	came    map[Limit][]time.Time
	taken   map[Limit][]time.Time
	calls   int
	refused map[string]int // by the limit's name
}

// NewMeter makes a meter in front of a server's address. limits answers under which
// limits a call falls; none = under no limit.
func NewMeter(target string, limits func(path string, body []byte) []Limit) (*Meter, error) {
	to, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	m := &Meter{limits: limits, came: map[Limit][]time.Time{}, taken: map[Limit][]time.Time{}, refused: map[string]int{}}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	m.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := time.Now()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // who called is gone
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if wait := m.take(at, limits(r.URL.Path, body)); wait > 0 {
			throttle(w, int(wait/time.Second)+1)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	m.URL = m.server.URL
	return m, nil
}

// Close ends it.
func (m *Meter) Close() { m.server.Close() }

// take counts a call; with a limit used up it answers how long that lasts.
func (m *Meter) take(at time.Time, limits []Limit) (wait time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	for _, l := range limits {
		m.came[l] = append(m.came[l], at)
		taken := m.taken[l]
		if n := len(taken); n >= l.Most {
			if left := l.Per - at.Sub(taken[n-l.Most]); left > 0 {
				m.refused[l.Name]++
				wait = max(wait, left)
			}
		}
	}
	if wait == 0 {
		for _, l := range limits {
			m.taken[l] = append(m.taken[l], at)
		}
	}
	return wait
}

// Metered is what a meter has seen.
type Metered struct {
	Calls   int
	Over    int            // spans, one beginning at each call, in which more came than the limit
	Refused map[string]int // calls that were answered 429, by the limit
}

// Seen adds up what came so far.
func (m *Meter) Seen() Metered {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := Metered{Calls: m.calls, Refused: map[string]int{}}
	for name, n := range m.refused {
		s.Refused[name] = n
	}
	for l, came := range m.came {
		for i, at := range came {
			end := sort.Search(len(came), func(j int) bool { return came[j].Sub(at) >= l.Per })
			if end-i > l.Most {
				s.Over++
			}
		}
	}
	return s
}

// Reset forgets what came so far; the limits still know it.
func (m *Meter) Reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls, m.came, m.refused = 0, map[Limit][]time.Time{}, map[string]int{}
}

// throttle is "too many requests" as each of the platforms words it.
func throttle(w http.ResponseWriter, seconds int) {
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusTooManyRequests)
	fmt.Fprint(w, `{"ok":false,"error":"ratelimited","message":"rate limit","code":"TOO_MANY_REQUESTS"}`)
}
