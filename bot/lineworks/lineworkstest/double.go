// Package lineworkstest is LINE WORKS as its pages describe it, inside the
// process: token endpoint, Bot API and callback sender. It is stricter than the
// real one, so that what passes here should pass there: undefined properties,
// overlong texts, wrong claims and unknown paths are refused and remembered.
//
// It imports nothing of ours, so it judges independently. Test support: nothing
// in the program imports it, but a program of its own may:
//
//	d := lineworkstest.New(lineworkstest.Options{})
//	d.Add(lineworkstest.NewBot("aoba"))
//	http.ListenAndServe("127.0.0.1:9300", d)
package lineworkstest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The paths below which the double answers, as the real hosts do.
const (
	APIPath   = "/v1.0"
	TokenPath = "/oauth2/v2.0/token"
)

// Options says how the double behaves as a whole.
type Options struct {
	Now             func() time.Time // wall clock; nil = time.Now
	ExpiresIn       int              // life of tokens in seconds; 0 = 86400
	ExpiresAsNumber bool             // expires_in as a number instead of a string
	PerMinute       int              // limit per operation and app; 0 = 240 as on paid plans
	AllowHTTP       bool             // accept http addresses in messages
}

// Double is a LINE WORKS with any number of tenants. It is an http.Handler and
// safe for use by several goroutines.
type Double struct {
	URL string // where Start put it, without a path

	o      Options
	server *httptest.Server

	mu         sync.Mutex
	bots       map[string]*Bot // by id
	tokens     map[string]grant
	serial     int
	windows    map[string]*window
	next       map[string][]Fault
	decide     func(Call) *Fault
	calls      []Call
	sent       []Sent
	violations []string
	flying     map[string]int
	mostFlying int
	hung       chan struct{}
}

// Call is one request that reached the double.
type Call struct {
	Operation string // e.g. token, users.messages, channels.get
	BotID     string // client id for token
	Method    string
	Path      string
	Status    int // what was answered; 0 = nothing was
}

// Sent is one message that was accepted, whatever was then answered.
type Sent struct {
	Bot     string
	User    string // one-to-one …
	Channel string // … or in a room
	Type    string // content.type
	Body    json.RawMessage
	At      time.Time
}

type grant struct {
	bot    *Bot
	scopes []string
	until  time.Time
}

type window struct {
	start time.Time
	used  int
}

// New makes a double without a listener.
func New(o Options) *Double {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.ExpiresIn == 0 {
		o.ExpiresIn = 86400
	}
	if o.PerMinute == 0 {
		o.PerMinute = 240
	}
	return &Double{
		o: o, bots: map[string]*Bot{}, tokens: map[string]grant{}, windows: map[string]*window{},
		next: map[string][]Fault{}, flying: map[string]int{}, hung: make(chan struct{}),
	}
}

// Start makes a double that listens on a free port of the loopback address.
func Start(o Options) *Double {
	d := New(o)
	d.server = httptest.NewServer(d)
	d.URL = d.server.URL
	return d
}

// Close frees hanging calls and stops listening.
func (d *Double) Close() {
	d.mu.Lock()
	select {
	case <-d.hung:
	default:
		close(d.hung)
	}
	d.mu.Unlock()
	if d.server != nil {
		d.server.CloseClientConnections()
		d.server.Close()
	}
}

// APIURL is what lineworks.api_url must say.
func (d *Double) APIURL() string { return d.URL + APIPath }

// AuthURL is what lineworks.auth_url must say.
func (d *Double) AuthURL() string { return d.URL + TokenPath }

// Add makes a tenant's app and bot known.
func (d *Double) Add(bots ...*Bot) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, b := range bots {
		d.bots[b.ID] = b
	}
}

// SetUser changes what a bot's company says about somebody, while requests are answered.
func (d *Double) SetUser(b *Bot, id string, u User) {
	d.mu.Lock()
	defer d.mu.Unlock()
	b.Users[id] = u
}

// Sent lists the accepted messages, oldest first.
func (d *Double) Sent() []Sent {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Sent(nil), d.sent...)
}

// Calls lists the requests that were answered, or ended, oldest first.
func (d *Double) Calls() []Call {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Call(nil), d.calls...)
}

// Count tells how many requests of an operation there were.
func (d *Double) Count(operation string) int {
	n := 0
	for _, c := range d.Calls() {
		if c.Operation == operation {
			n++
		}
	}
	return n
}

// Violations lists everything that no correct client does. A test should end
// with none.
func (d *Double) Violations() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.violations...)
}

// MostInFlight is the largest number of API calls that one bot had under way.
func (d *Double) MostInFlight() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.mostFlying
}

// RevokeTokens makes every token a stranger: the next call is answered 401.
func (d *Double) RevokeTokens() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tokens = map[string]grant{}
}

func (d *Double) violate(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.violations = append(d.violations, fmt.Sprintf(format, args...))
}

func (d *Double) record(c Call) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, c)
}

// request is one API call on its way through the double.
type request struct {
	Call
	bot   *Bot
	parts []string // path elements after /bots/{botId}, or after /v1.0
	body  []byte
	query map[string][]string
}

// ServeHTTP answers as LINE WORKS would.
func (d *Double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		d.violate("%s %s: the body ended early or is too large", r.Method, r.URL.EscapedPath())
		return
	}
	if r.URL.Path == TokenPath {
		d.serveToken(w, r, body)
		return
	}
	q, ok := d.route(r, body)
	if !ok {
		d.violate("%s %s is no path of the API", r.Method, r.URL.EscapedPath())
		d.record(Call{Operation: "unknown", Method: r.Method, Path: r.URL.EscapedPath(), Status: 404})
		fail(w, http.StatusNotFound, "NOT_FOUND")
		return
	}
	defer func() { d.record(q.Call) }() // also when the connection is cut
	q.Status = d.serveAPI(w, r, q)
}

// route finds the operation. Paths are compared escaped, so that an id with a
// slash must have been escaped.
func (d *Double) route(r *http.Request, body []byte) (*request, bool) {
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), APIPath+"/")
	if !ok {
		return nil, false
	}
	parts := strings.Split(path, "/")
	q := &request{Call: Call{Method: r.Method, Path: r.URL.EscapedPath()}, body: body, query: r.URL.Query()}
	switch {
	case len(parts) == 2 && parts[0] == "users" && r.Method == http.MethodGet:
		q.Operation, q.parts = "users.get", parts
	case len(parts) >= 2 && parts[0] == "bots":
		q.BotID, q.parts = unescape(parts[1]), parts[2:]
		q.Operation = botOperation(r.Method, parts[2:])
	}
	return q, q.Operation != ""
}

func botOperation(method string, parts []string) string {
	switch n := len(parts); {
	case n == 0 && method == http.MethodGet:
		return "bots.get"
	case n == 3 && method == http.MethodPost && parts[2] == "messages" && parts[1] != "" && (parts[0] == "users" || parts[0] == "channels"):
		return parts[0] + ".messages"
	case n == 2 && method == http.MethodGet && parts[0] == "channels":
		return "channels.get"
	case n == 3 && method == http.MethodGet && parts[0] == "channels" && parts[2] == "members":
		return "channels.members"
	case n == 1 && parts[0] == "persistentmenu" && method == http.MethodGet:
		return "persistentmenu.get"
	case n == 1 && parts[0] == "persistentmenu" && method == http.MethodPost:
		return "persistentmenu.post"
	case n == 1 && parts[0] == "persistentmenu" && method == http.MethodDelete:
		return "persistentmenu.delete"
	}
	return ""
}

// serveAPI answers one API call and tells the status, 0 for none.
func (d *Double) serveAPI(w http.ResponseWriter, r *http.Request, q *request) int {
	g, ok := d.grant(r.Header.Get("Authorization"))
	if !ok {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		return fail(w, http.StatusUnauthorized, "UNAUTHORIZED")
	}
	if q.BotID == "" {
		q.BotID = g.bot.ID
	}
	q.bot = d.bot(q.BotID)
	if q.bot == nil || q.bot.ClientID != g.bot.ClientID {
		return fail(w, http.StatusNotFound, "BOT_NOT_EXIST")
	}
	defer d.fly(q)()
	fault := d.fault(q.Call)
	if fault != nil && !fault.AfterAccept {
		return d.misbehave(w, r, fault)
	}
	if wait, over := d.spend(w, q); over {
		w.Header().Set("Retry-After", strconv.Itoa(wait))
		return fail(w, http.StatusTooManyRequests, "TOO_MANY_REQUESTS")
	}
	if need := scopeOf(q.Operation); !holdsAny(g.scopes, need) {
		w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope"`)
		return fail(w, http.StatusForbidden, "FORBIDDEN")
	}
	if fault == nil {
		return d.handle(w, r, q)
	}
	hidden := httptest.NewRecorder()
	if status := d.handle(hidden, r, q); status >= 300 {
		return fail(w, status, "INVALID_PARAMETER")
	}
	return d.misbehave(w, r, fault)
}

func (d *Double) handle(w http.ResponseWriter, r *http.Request, q *request) int {
	switch q.Operation {
	case "users.messages", "channels.messages":
		return d.message(w, r, q)
	case "users.get":
		return d.user(w, q)
	case "bots.get":
		return write(w, http.StatusOK, map[string]any{"botId": q.bot.ID, "botName": q.bot.Name})
	case "channels.get":
		return d.channel(w, q)
	case "channels.members":
		return d.members(w, q)
	}
	return d.menu(w, r, q)
}

// message accepts or refuses one message.
func (d *Double) message(w http.ResponseWriter, r *http.Request, q *request) int {
	if r.Header.Get("Content-Type") != "application/json" && r.Header.Get("Content-Type") != "application/json; charset=UTF-8" {
		d.violate("%s: Content-Type is %q", q.Operation, r.Header.Get("Content-Type"))
		return fail(w, http.StatusBadRequest, "BAD_REQUEST")
	}
	kind, err := judge{d.o.AllowHTTP}.message(q.body)
	if err != nil {
		d.violate("%s: %v", q.Operation, err)
		return fail(w, http.StatusBadRequest, "INVALID_PARAMETER")
	}
	s := Sent{Bot: q.bot.ID, Type: kind, Body: q.body, At: d.o.Now()}
	id := unescape(q.parts[1])
	d.mu.Lock()
	defer d.mu.Unlock()
	if q.parts[0] == "users" {
		u, known := q.bot.Users[id]
		if q.bot.Users != nil && (!known || u.Deleted) {
			return fail(w, http.StatusNotFound, "USER_NOT_EXIST")
		}
		if u.Suspended || u.Unreachable {
			return fail(w, http.StatusForbidden, "ACCESS_DENIED")
		}
		s.User = id
	} else {
		if _, known := q.bot.Channels[id]; q.bot.Channels != nil && !known {
			return fail(w, http.StatusForbidden, "ACCESS_DENIED")
		}
		s.Channel = id
	}
	d.sent = append(d.sent, s)
	w.WriteHeader(http.StatusCreated)
	return http.StatusCreated
}

func fail(w http.ResponseWriter, status int, code string) int {
	return write(w, status, map[string]string{"code": code, "description": "refused by the double"})
}

func write(w http.ResponseWriter, status int, v any) int {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone; nothing depends on it
	return status
}
