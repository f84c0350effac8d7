package slacktest

import (
	"net/http"
	"strconv"
	"time"
)

// Fault is a failure on demand. The first one that fits a request and has Times
// left is used.
type Fault struct {
	Method     string        // "" = every method; "response_url" = response addresses
	Times      int           // how often; 0 = once, <0 = always
	Skip       int           // let this many requests pass first
	Status     int           // answer this status …
	RetryAfter string        // … with this Retry-After, "" = without
	Code       string        // answer ok:false with this code
	Body       string        // answer this body instead
	Accept     bool          // have the effect first, then fail
	Drop       bool          // close the connection without an answer
	Hang       time.Duration // wait so long before anything else
	Meanwhile  func()        // happens after the answer was made and before it arrives
}

// Fail arranges a failure.
func (s *Server) Fail(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// Heal forgets all failures that are still arranged, and who came early.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.paused, s.early = nil, map[string]time.Time{}, nil
}

// fault takes the failure that fits, nil if none does. Callers hold the lock.
func (s *Server) fault(method string) *Fault {
	for _, f := range s.faults {
		if f.Method != "" && f.Method != method || f.Times == 0 {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		copied := *f
		return &copied
	}
	return nil
}

// pause notes that a method was told to wait. Callers hold the lock.
func (s *Server) pause(method string, f *Fault) {
	if f == nil || f.Status != http.StatusTooManyRequests {
		return
	}
	if n, err := strconv.Atoi(f.RetryAfter); err == nil && n > 0 {
		s.paused[method] = time.Now().Add(time.Duration(n) * time.Second)
	}
}

// fail answers as the fault says.
func (f *Fault) fail(w http.ResponseWriter) (status int, code string) {
	if f.Drop {
		panic(http.ErrAbortHandler)
	}
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	status = f.Status
	if status == 0 {
		status = http.StatusOK
	}
	body := f.Body
	if body == "" && f.Code != "" {
		body = `{"ok":false,"error":"` + f.Code + `"}`
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
	return status, f.Code
}
