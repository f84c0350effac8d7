package lineworkstest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"sort"
	"strconv"
	"sync"
)

// Bot is a tenant's app and its bot. Its maps are read and changed under the
// double's lock only: fill them before Add, or through With.
type Bot struct {
	ClientID       string
	ClientSecret   string
	ServiceAccount string
	PublicKey      *rsa.PublicKey
	Scopes         []string // ticked in the console
	ID             string   // digits
	Name           string
	Secret         string
	DomainID       int64
	Users          map[string]User    // by id or e-mail; nil = everybody can be written to
	Channels       map[string]Channel // nil = every room can be written to
	Menu           []byte             // persistent menu, as it was posted; nil = none
}

// User is a member of the tenant.
type User struct {
	Last, First string
	Email       string
	Locale      string // e.g. ja_JP
	Suspended   bool
	Deleted     bool
	Unreachable bool // cannot use the bot
}

// Channel is a room that the bot is in.
type Channel struct {
	Title   string
	Members []string
}

// With runs f while nothing else reads the bots.
func (d *Double) With(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

var key = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // the system has no randomness: nothing can be tested
	}
	return k
})

// PrivateKey is the PEM of the key that all bots of NewBot have, made anew in
// every process.
func PrivateKey() string {
	der, err := x509.MarshalPKCS8PrivateKey(key())
	if err != nil {
		panic(err) // a key just made can be written
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// NewBot makes a bot with credentials derived from a name: the same name gives
// the same ones, apart from the key.
func NewBot(name string) *Bot {
	n := uint64(0)
	for _, b := range []byte(name) {
		n = n*131 + uint64(b)
	}
	return &Bot{
		ClientID: "client-" + name, ClientSecret: "client-secret-" + name,
		ServiceAccount: name + ".serviceaccount@" + name + ".example", PublicKey: &key().PublicKey,
		Scopes: []string{"bot.message", "user.profile.read"},
		ID:     strconv.FormatUint(2000000+n%1000000, 10), Name: "Akari", Secret: "bot-secret-" + name,
		DomainID: int64(40000000 + n%1000000),
	}
}

// user answers GET /users/{userId} as far as the scopes go (page directory).
func (d *Double) user(w http.ResponseWriter, q *request) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	id := unescape(q.parts[1])
	u, known := q.bot.Users[id]
	if !known {
		return fail(w, http.StatusNotFound, "USER_NOT_EXIST")
	}
	full := holdsAny(q.bot.Scopes, []string{"user.read", "user", "directory.read", "directory"})
	if u.Deleted && !full {
		return fail(w, http.StatusNotFound, "USER_NOT_EXIST")
	}
	a := map[string]any{
		"userId": id, "email": u.Email, "organizations": []any{},
		"userName": map[string]string{"lastName": u.Last, "firstName": u.First},
	}
	if full {
		a["domainId"], a["locale"], a["isSuspended"], a["isDeleted"] = q.bot.DomainID, u.Locale, u.Suspended, u.Deleted
	}
	return write(w, http.StatusOK, a)
}

// channel answers GET /bots/{botId}/channels/{channelId}.
func (d *Double) channel(w http.ResponseWriter, q *request) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	id := unescape(q.parts[1])
	c, known := q.bot.Channels[id]
	if !known {
		return fail(w, http.StatusNotFound, "CHANNEL_NOT_EXIST")
	}
	return write(w, http.StatusOK, map[string]any{
		"domainId": q.bot.DomainID, "channelId": id, "title": c.Title, "channelType": map[string]string{"type": "MULTI_USERS"},
	})
}

// members answers the members of a room, paged by cursor.
func (d *Double) members(w http.ResponseWriter, q *request) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, known := q.bot.Channels[unescape(q.parts[1])]
	if !known {
		return fail(w, http.StatusNotFound, "CHANNEL_NOT_EXIST")
	}
	count, start := 50, 0
	for name, values := range q.query {
		n, err := strconv.Atoi(values[0])
		switch {
		case name == "count" && err == nil && n >= 1 && n <= 100:
			count = n
		case name == "cursor" && err == nil && n > 0 && n < len(c.Members):
			start = n
		default:
			d.violations = append(d.violations, "channels.members: query "+name)
			return fail(w, http.StatusBadRequest, "INVALID_PARAMETER")
		}
	}
	list := append([]string{}, c.Members...)
	sort.Strings(list)
	end := min(start+count, len(list))
	meta := map[string]any{"nextCursor": nil}
	if end < len(list) {
		meta["nextCursor"] = strconv.Itoa(end)
	}
	return write(w, http.StatusOK, map[string]any{"members": list[start:end], "responseMetaData": meta})
}

// menu answers the persistent menu (pages bot-persistentmenu-*).
func (d *Double) menu(w http.ResponseWriter, r *http.Request, q *request) int {
	if r.Method == http.MethodPost {
		if err := (judge{d.o.AllowHTTP}).menu(q.body); err != nil {
			d.violate("persistentmenu: %v", err)
			return fail(w, http.StatusBadRequest, "INVALID_PARAMETER")
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case r.Method == http.MethodPost:
		q.bot.Menu = q.body
		w.WriteHeader(http.StatusCreated)
		return http.StatusCreated
	case q.bot.Menu == nil:
		return fail(w, http.StatusNotFound, "PERSISTENTMENU_NOT_EXIST")
	case r.Method == http.MethodDelete:
		q.bot.Menu = nil
		w.WriteHeader(http.StatusNoContent)
		return http.StatusNoContent
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	_, _ = w.Write(q.bot.Menu) // the client may be gone; nothing depends on it
	return http.StatusOK
}
