// Package linetest is a strict double of LINE: it takes only what LINE's own
// OpenAPI files and reference allow, knows retry keys, reply tokens, quota and
// blocked friends, can fail in every way that LINE can, and sends signed
// webhooks. Test support: the program never imports it.
package linetest

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options says who the Official Account is.
type Options struct {
	ChannelID     string // default "2000000001"
	ChannelSecret string // default "line-secret"
	AccessToken   string // a long-lived token; empty = stateless tokens only
	Now           func() time.Time
	TokenLife     time.Duration // default 899 s
	Quota         int           // pushes of this month; 0 = no limit
	Listener      string        // address to listen on; empty = a free port
}

// Server is the double; it serves api.line.me and api-data.line.me at once.
type Server struct {
	URL string

	o    Options
	http *httptest.Server
	stop chan struct{}

	mu      sync.Mutex
	tokens  map[string]time.Time
	minted  int
	users   map[string]*user
	groups  map[string]*group
	keys    map[string]*accepted
	replies map[string]*replyToken
	sent    []Sent
	calls   []Call
	wrong   []string
	faults  []*Fault
	used    int
	next    int
	webhook webhookSetting
	menus   []*menu
	current string
}

type user struct {
	name, language string
	friend         bool
}

type group struct {
	name    string
	members []string
}

type accepted struct {
	at      time.Time
	body    string
	request string
	ids     []string
}

type replyToken struct {
	to   string
	at   time.Time
	used bool
}

type webhookSetting struct {
	endpoint string
	active   bool
}

// Sent is one message that LINE accepted.
type Sent struct {
	ID      string
	To      string
	Reply   bool // by reply token, so free
	Shown   bool // false: accepted, but its receiver is no friend
	Key     string
	Units   []string
	Message json.RawMessage
	At      time.Time
}

// Call is one request as it arrived.
type Call struct {
	Method, Path string
	Key          string // X-Line-Retry-Key
	Body         []byte
	Status       int // 0 while hanging or dropped
}

// Start starts a double. Its bot is "あかり", its webhook address is set.
func Start(o Options) *Server {
	if o.ChannelID == "" {
		o.ChannelID = "2000000001"
	}
	if o.ChannelSecret == "" {
		o.ChannelSecret = "line-secret"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.TokenLife == 0 {
		o.TokenLife = 899 * time.Second
	}
	s := &Server{
		o: o, stop: make(chan struct{}), tokens: map[string]time.Time{}, users: map[string]*user{}, groups: map[string]*group{},
		keys: map[string]*accepted{}, replies: map[string]*replyToken{},
		webhook: webhookSetting{"https://akari.example.co.jp/hooks/line", true},
	}
	s.http = httptest.NewUnstartedServer(s.routes())
	if o.Listener != "" {
		listen(s.http, o.Listener)
	}
	s.http.Start()
	s.URL = s.http.URL
	return s
}

// Close ends the double and every call that hangs in it.
func (s *Server) Close() {
	close(s.stop)
	s.http.CloseClientConnections()
	s.http.Close()
}

// AddUser makes a friend. Ids are U and 32 hex digits, see UserID.
func (s *Server) AddUser(id, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[id] = &user{name: name, language: "ja", friend: true}
}

// Block makes a known user no friend any more: pushes are accepted, never shown.
func (s *Server) Block(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[id].friend = false
}

// AddGroup makes a group or room that the bot is in.
func (s *Server) AddGroup(id, name string, members ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups[id] = &group{name: name, members: members}
}

// SetWebhook sets what the console's webhook setting answers.
func (s *Server) SetWebhook(endpoint string, active bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.webhook = webhookSetting{endpoint, active}
}

// SetQuota sets the month's limit and how much of it is used.
func (s *Server) SetQuota(limit, used int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.o.Quota, s.used = limit, used
}

// ExpireTokens makes every minted token worthless at once.
func (s *Server) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// Minted is how many stateless tokens were issued.
func (s *Server) Minted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.minted
}

// Sent are the messages accepted so far, in order.
func (s *Server) Sent() []Sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

// Calls are all requests so far.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Wrong is what a correct client never does: requests against the schema,
// pushes without a key, the same key with another body.
func (s *Server) Wrong() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.wrong)
}

// UserID makes a well-formed id from a small number.
func UserID(n int) string { return fmt.Sprintf("U%032x", n) }

// GroupID makes a well-formed id from a small number.
func GroupID(n int) string { return fmt.Sprintf("C%032x", n) }

// RoomID makes a well-formed id from a small number.
func RoomID(n int) string { return fmt.Sprintf("R%032x", n) }

func random(n int) string {
	b := make([]byte, n)
	rand.Read(b) //nolint:errcheck // never fails
	return hex.EncodeToString(b)
}

var (
	uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	unitForm = regexp.MustCompile(`^[A-Za-z0-9_]{1,30}$`)
)

// maxBody is LINE's limit of a request.
const maxBody = 2 << 20

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth2/v3/token", s.token)
	api := func(pattern string, f func(*request)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, f) })
	}
	api("POST /v2/bot/message/push", s.push)
	api("POST /v2/bot/message/reply", s.reply)
	api("GET /v2/bot/profile/{id}", s.profile)
	api("GET /v2/bot/group/{id}/summary", s.summary)
	api("GET /v2/bot/group/{id}/members/count", s.count)
	api("GET /v2/bot/room/{id}/members/count", s.count)
	api("GET /v2/bot/info", s.info)
	api("GET /v2/bot/channel/webhook/endpoint", s.endpoint)
	api("GET /v2/bot/message/quota", s.quota)
	api("GET /v2/bot/message/quota/consumption", s.consumption)
	s.menuRoutes(api)
	api("/", func(r *request) { r.fail(http.StatusNotFound, "Not found") })
	return mux
}

// request is one API call being answered.
type request struct {
	s      *Server
	r      *http.Request
	key    string
	body   []byte
	status int
	header http.Header
	answer any
}

func (r *request) fail(status int, message string) {
	r.status, r.answer = status, map[string]any{"message": message}
}

// broke is a failure that a correct client never causes.
func (r *request) broke(what string) {
	r.s.wrong = append(r.s.wrong, r.r.Method+" "+r.r.URL.Path+": "+what)
	r.fail(http.StatusBadRequest, "The request body has 1 error(s)")
}

// serve checks what all calls have in common, lets faults strike, and answers.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, f func(*request)) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	q := &request{s: s, r: r, key: r.Header.Get("X-Line-Retry-Key"), body: body, status: http.StatusOK, header: http.Header{}, answer: map[string]any{}}
	q.header.Set("X-Line-Request-Id", random(16))
	s.mu.Lock()
	fault := s.strike(r)
	switch {
	case err != nil:
		q.fail(http.StatusRequestEntityTooLarge, "Request body is too large")
	case !s.bearer(r):
		q.fail(http.StatusUnauthorized, "Authentication failed. Confirm that the access token in the authorization header is valid.")
	case fault != nil && !fault.After:
		q.status, q.answer = fault.Status, fault.answer()
	default:
		f(q)
		if fault != nil && q.status == http.StatusOK {
			q.status, q.answer = fault.Status, fault.answer()
		}
	}
	if fault != nil {
		for k, v := range fault.Header {
			q.header[k] = v
		}
	}
	told := q.status
	if fault != nil && (fault.Hang || fault.Drop) {
		told = 0
	}
	s.calls = append(s.calls, Call{Method: r.Method, Path: r.URL.Path, Key: q.key, Body: body, Status: told})
	s.mu.Unlock()
	switch {
	case fault != nil && fault.Hang:
		select {
		case <-r.Context().Done():
		case <-s.stop:
		}
		panic(http.ErrAbortHandler)
	case fault != nil && fault.Drop:
		panic(http.ErrAbortHandler)
	}
	for k, v := range q.header {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(q.status)
	switch a := q.answer.(type) {
	case string:
		io.WriteString(w, a) //nolint:errcheck // the client may be gone
	default:
		json.NewEncoder(w).Encode(a) //nolint:errcheck // likewise
	}
}

func (s *Server) bearer(r *http.Request) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" {
		return false
	}
	return token == s.o.AccessToken || s.o.Now().Before(s.tokens[token])
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	good := r.ParseForm() == nil && len(r.PostForm) == 3 && r.PostForm.Get("grant_type") == "client_credentials" &&
		r.PostForm.Get("client_id") == s.o.ChannelID && r.PostForm.Get("client_secret") == s.o.ChannelSecret
	fault := s.strike(r)
	if fault != nil || !good {
		status, answer := http.StatusBadRequest, any(map[string]string{"error": "invalid_client", "error_description": "invalid client_secret"})
		if fault != nil {
			status, answer = fault.Status, fault.answer()
		}
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(answer) //nolint:errcheck // the client may be gone
		return
	}
	s.minted++
	token := "stateless-" + random(24)
	s.tokens[token] = s.o.Now().Add(s.o.TokenLife)
	json.NewEncoder(w).Encode(map[string]any{"token_type": "Bearer", "access_token": token, "expires_in": int(s.o.TokenLife.Seconds())}) //nolint:errcheck // likewise
}
