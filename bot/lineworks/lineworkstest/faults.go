package lineworkstest

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fault is a way to misbehave once.
type Fault struct {
	Status      int               // answered instead of the right one
	Code        string            // code in the body; empty = a usual one for Status
	Header      map[string]string // added to the answer
	AfterAccept bool              // the message is accepted first
	Hang        bool              // no answer until the client gives up
	Drop        bool              // the connection is cut without an answer
}

// Next lines up faults for the coming calls of an operation; "" is any but token.
func (d *Double) Next(operation string, faults ...Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.next[operation] = append(d.next[operation], faults...)
}

// Decide asks f at every call of the API that has no Fault lined up; nil means
// that the call goes well. f must be safe for use by several goroutines.
func (d *Double) Decide(f func(Call) *Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.decide = f
}

func (d *Double) fault(c Call) *Fault {
	d.mu.Lock()
	for _, op := range []string{c.Operation, ""} {
		if len(d.next[op]) > 0 && (op != "" || c.Operation != "token") {
			f := d.next[op][0]
			d.next[op] = d.next[op][1:]
			d.mu.Unlock()
			return &f
		}
	}
	decide := d.decide
	d.mu.Unlock()
	if decide == nil || c.Operation == "token" {
		return nil
	}
	return decide(c)
}

// misbehave does what a fault says.
func (d *Double) misbehave(w http.ResponseWriter, r *http.Request, f *Fault) int {
	switch {
	case f.Hang:
		select {
		case <-r.Context().Done():
		case <-d.hung:
		}
		panic(http.ErrAbortHandler)
	case f.Drop:
		panic(http.ErrAbortHandler)
	}
	for k, v := range f.Header {
		w.Header().Set(k, v)
	}
	code := f.Code
	if code == "" {
		code = usual[f.Status]
	}
	if code == "" {
		w.WriteHeader(f.Status)
		return f.Status
	}
	return fail(w, f.Status, code)
}

// usual are the codes of page error-codes.
var usual = map[int]string{
	400: "INVALID_PARAMETER", 401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND", 409: "CONFLICT", 410: "DELETED",
	429: "TOO_MANY_REQUESTS", 500: "INTERNAL_SERVER_ERROR", 503: "SERVICE_UNAVAILABLE",
}

// spend counts a call against the limit of its operation and app and writes the
// rateLimit headers. over tells that there was nothing left; wait is then the
// seconds until the window ends.
func (d *Double) spend(w http.ResponseWriter, q *request) (wait int, over bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.o.Now()
	key := q.bot.ClientID + " " + q.Operation
	win := d.windows[key]
	if win == nil || now.Sub(win.start) >= time.Minute || now.Before(win.start) {
		win = &window{start: now}
		d.windows[key] = win
	}
	over = win.used >= d.o.PerMinute
	if !over {
		win.used++
	}
	wait = int((time.Minute-now.Sub(win.start))/time.Second) + 1
	w.Header().Set("rateLimit-limit", strconv.Itoa(d.o.PerMinute))
	w.Header().Set("rateLimit-used", strconv.Itoa(win.used))
	w.Header().Set("rateLimit-remaining", strconv.Itoa(d.o.PerMinute-win.used))
	w.Header().Set("rateLimit-reset", strconv.Itoa(wait))
	return wait, over
}

// fly counts a call as under way until the answer is called. Configuration
// calls of one bot must not run side by side (page bot-domain-register).
func (d *Double) fly(q *request) func() {
	menu, id := strings.HasPrefix(q.Operation, "persistentmenu."), q.bot.ID
	d.mu.Lock()
	defer d.mu.Unlock()
	d.flying[id]++
	d.mostFlying = max(d.mostFlying, d.flying[id])
	if menu {
		if d.flying["menu "+id]++; d.flying["menu "+id] > 1 {
			d.violations = append(d.violations, "persistentmenu: two configuration calls of one bot at once")
		}
	}
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.flying[id]--
		if menu {
			d.flying["menu "+id]--
		}
	}
}

func (d *Double) bot(id string) *Bot {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.bots[id]
}

func (d *Double) grant(header string) (grant, bool) {
	value, ok := strings.CutPrefix(header, "Bearer ")
	d.mu.Lock()
	defer d.mu.Unlock()
	g, known := d.tokens[value]
	return g, ok && known && d.o.Now().Before(g.until)
}

// scopeOf lists the scopes of which one is needed (page auth-scope).
func scopeOf(operation string) []string {
	switch operation {
	case "users.get":
		return []string{"user.profile.read", "user.read", "user", "directory.read", "directory"}
	case "bots.get":
		return []string{"bot", "bot.read"}
	case "persistentmenu.get", "channels.get", "channels.members":
		return []string{"bot.message", "bot", "bot.read"}
	}
	return []string{"bot.message", "bot"}
}

func holdsAny(have, want []string) bool {
	return slices.ContainsFunc(want, func(s string) bool { return slices.Contains(have, s) })
}

func unescape(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}
