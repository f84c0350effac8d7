package linetest

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
)

// Fault strikes the next calls. The zero Count means once.
type Fault struct {
	Method  string // empty = any
	Path    string // part of the path; empty = any
	Status  int    // what is answered instead
	Message string // LINE's "message"
	Header  http.Header
	After   bool // the call is accepted first, then the fault strikes
	Hang    bool // no answer comes until the client gives up
	Drop    bool // the connection breaks
	Garbled bool // the answer is no JSON
	Count   int
}

// Fail makes f strike, after those that were set before.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Count == 0 {
		f.Count = 1
	}
	if f.Status == 0 {
		f.Status = http.StatusInternalServerError
		if f.Garbled {
			f.Status = http.StatusOK
		}
	}
	s.faults = append(s.faults, &f)
}

// Well forgets all faults that have not struck yet.
func (s *Server) Well() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

func (s *Server) strike(r *http.Request) *Fault {
	for i, f := range s.faults {
		if strings.Contains(r.URL.Path, f.Path) && (f.Method == "" || f.Method == r.Method) {
			if f.Count--; f.Count <= 0 {
				s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
			}
			return f
		}
	}
	return nil
}

func (f *Fault) answer() any {
	if f.Garbled {
		return `{"sentMess`
	}
	message := f.Message
	if message == "" {
		message = http.StatusText(f.Status)
	}
	return map[string]any{"message": message}
}

// listen moves an unstarted server to an address of its own.
func listen(s *httptest.Server, address string) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		panic("linetest: " + err.Error())
	}
	s.Listener.Close() //nolint:errcheck // it was never used
	s.Listener = l
}
