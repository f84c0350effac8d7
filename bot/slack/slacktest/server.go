// Package slacktest is a strict double of Slack for tests: it keeps rooms, people,
// messages and views, refuses what Slack would refuse, fails on demand, and posts
// signed events, interactions, commands and choice loads to a bot as Slack does.
package slacktest

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Options is one installation of one app. Every field has a default.
type Options struct {
	AppID         string // A0AKARI
	TeamID        string // T0VENDOR, the installing workspace
	EnterpriseID  string // empty: not on Enterprise Grid
	BotToken      string // xoxb-slacktest
	SigningSecret string // 8f742231b10e8888abcd99yyyzzz85a5
	BotUser       string // U0BOT
	BotID         string // B0BOT
	Scopes        string // of X-OAuth-Scopes; default: all that the manifest asks for
	HistoryMax    int    // most messages of one page; default 200
	Now           func() time.Time
}

// allScopes are those of docs/setup/slack-manifest.yaml.
const allScopes = "app_mentions:read,channels:history,channels:read,chat:write,commands,groups:history,groups:read,im:history,im:read,im:write,users:read"

// Server is Slack. Its Web API is at APIURL, its response addresses are on the same
// host. All methods may be called from several goroutines.
type Server struct {
	Options
	URL    string // root, without a slash at its end
	APIURL string // for slack.Options.APIURL

	http     *httptest.Server
	mu       sync.Mutex
	users    map[string]*User
	rooms    map[string]*Channel
	views    map[string]*View
	homes    map[string]json.RawMessage
	triggers map[string]time.Time
	replies  map[string]*replyURL
	faults   []*Fault
	paused   map[string]time.Time // methods after a 429 with Retry-After: until when
	early    []Call
	calls    []Call
	lastTS   int64
	count    int64
	quit     chan struct{}
}

// User is somebody as users.info shows them; the zero TeamID is the vendor's.
type User struct {
	ID, TeamID, EnterpriseID, Name, DisplayName, Locale string
	Deleted, Bot, Restricted, UltraRestricted, Stranger bool
	Invited, Invisible, DMClosed                        bool
	OpenFirst                                           bool // a message to their id does not find them before conversations.open
}

// Channel is a room. Members are user ids; the bot must be among them to write.
type Channel struct {
	ID, Name                    string
	Members                     []string
	Private, Archived, Frozen   bool
	ExtShared, PendingExtShared bool
	SharedTeams, ConnectedTeams []string
	InternalTeams, PendingTeams []string
	Messages                    []*Message // oldest first
	im                          string     // the user of a one-to-one room
}

// Message is what lies in a room.
type Message struct {
	TS, ThreadTS, User, BotID, Text string
	Blocks, Metadata                json.RawMessage
	Edited                          bool
	Ephemeral                       string // the only user who sees it
}

// View is an open modal.
type View struct {
	ID, Hash, User, CallbackID, PrivateMetadata string
	Raw                                         json.RawMessage
}

// Call is one request that reached the Web API or a response address.
type Call struct {
	Method  string
	Args    map[string]any
	Status  int
	Error   string // of ok:false
	Applied bool   // it had its effect, whatever was answered
	At      time.Time
}

type replyURL struct {
	channel, user string
	used          int
	until         time.Time
}

// New starts a Slack that ends with the test.
func New(t testing.TB, o Options) *Server {
	s := Start(o)
	t.Cleanup(s.Close)
	return s
}

// Start starts a Slack that runs until Close.
func Start(o Options) *Server {
	def := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	def(&o.AppID, "A0AKARI")
	def(&o.TeamID, "T0VENDOR")
	def(&o.BotToken, "xoxb-slacktest")
	def(&o.SigningSecret, "8f742231b10e8888abcd99yyyzzz85a5")
	def(&o.BotUser, "U0BOT")
	def(&o.BotID, "B0BOT")
	def(&o.Scopes, allScopes)
	if o.HistoryMax <= 0 {
		o.HistoryMax = 200
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{
		Options: o, users: map[string]*User{}, rooms: map[string]*Channel{}, views: map[string]*View{},
		homes: map[string]json.RawMessage{}, triggers: map[string]time.Time{}, replies: map[string]*replyURL{},
		paused: map[string]time.Time{}, quit: make(chan struct{}),
	}
	s.users[o.BotUser] = &User{ID: o.BotUser, TeamID: o.TeamID, Name: "akari", Bot: true}
	s.http = httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL = s.http.URL
	s.APIURL = s.URL + "/api/"
	return s
}

// Close ends the server and every request that hangs.
func (s *Server) Close() {
	s.mu.Lock()
	select {
	case <-s.quit:
	default:
		close(s.quit)
	}
	s.mu.Unlock()
	s.http.CloseClientConnections()
	s.http.Close()
}

// AddUser adds or replaces somebody.
func (s *Server) AddUser(u User) {
	if u.TeamID == "" {
		u.TeamID = s.TeamID
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[u.ID] = &u
}

// AddChannel adds or replaces a room. The bot is a member if it is among Members.
func (s *Server) AddChannel(c Channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rooms[c.ID] = &c
}

// Messages copies what lies in a room, oldest first, ephemerals included.
func (s *Server) Messages(channel string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	if c := s.rooms[channel]; c != nil {
		for _, m := range c.Messages {
			out = append(out, *m)
		}
	}
	return out
}

// DirectRoom is the one-to-one room of a user, "" if none was opened.
func (s *Server) DirectRoom(user string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.rooms[directID(user)]; c != nil {
		return c.ID
	}
	return ""
}

// Home is the home tab that was published for a user, nil if none was.
func (s *Server) Home(user string) json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.homes[user]
}

// Views copies all modals that were opened.
func (s *Server) Views() []View {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []View
	for _, v := range s.views {
		out = append(out, *v)
	}
	return out
}

// Calls copies the log of requests, of one method or, with "", of all.
func (s *Server) Calls(method string) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Call
	for _, c := range s.calls {
		if method == "" || c.Method == method {
			out = append(out, c)
		}
	}
	return out
}

// Early lists the calls that came before the Retry-After of their method was over.
// A client that respects it makes none.
func (s *Server) Early() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.early...)
}

// Delivered counts, per delivery key, the messages that carry it: what a test for
// "exactly once" looks at.
func (s *Server) Delivered() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]int{}
	for _, c := range s.rooms {
		for _, m := range c.Messages {
			var meta messageMetadata
			if json.Unmarshal(m.Metadata, &meta) == nil && meta.EventType == "akari_delivery" {
				id, _ := meta.Payload["id"].(string)
				out[id]++
			}
		}
	}
	return out
}

// Say puts a person's message into a room without telling the bot.
func (s *Server) Say(channel, user, text, thread string) (ts string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := &Message{TS: s.nextTS(), ThreadTS: thread, User: user, Text: text}
	if c := s.rooms[channel]; c != nil {
		c.Messages = append(c.Messages, m)
	}
	return m.TS
}

// Trigger makes a fresh trigger id: three seconds, one use.
func (s *Server) Trigger() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := fmt.Sprintf("%d.%d.%s", s.next(), s.next(), random(16))
	s.triggers[id] = s.Now().Add(3 * time.Second)
	return id
}

// ResponseURL makes a fresh response address: five uses within 30 minutes.
func (s *Server) ResponseURL(channel, user string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := fmt.Sprintf("/actions/%s/%d/%s", s.TeamID, s.next(), random(12))
	s.replies[path] = &replyURL{channel: channel, user: user, until: s.Now().Add(30 * time.Minute)}
	return s.URL + path
}

// nextTS is unique and grows: seconds and microseconds.
func (s *Server) nextTS() string {
	us := s.Now().UnixMicro()
	if us <= s.lastTS {
		us = s.lastTS + 1
	}
	s.lastTS = us
	return fmt.Sprintf("%d.%06d", us/1_000_000, us%1_000_000)
}

func (s *Server) next() int64 {
	s.count++
	return s.count
}

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

func directID(user string) string { return "D" + strings.TrimLeft(user, "UW") }
