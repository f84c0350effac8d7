package lineworks

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode"

	"akari/bot"
)

// maxCallback is the longest callback body that is read. A text message is at
// most some 10 KB; a `joined` with 500 members some 20 KB.
const maxCallback = 1 << 20

// Hear verifies and translates one callback: POST …/{connection}. A callback
// holds one event, has no id and is never sent again (page bot-callback), so
// its Key is made of the bot and the raw bytes.
//
// In a shared room the platform hands over every message. What is not meant for
// the bot is chatter: it yields no Inbound at all, so that nothing above can
// store it.
func (p *Platform) Hear(r *http.Request) ([]bot.Inbound, error) {
	key := r.PathValue("connection")
	if key == "" {
		key = path.Base(r.URL.Path)
	}
	c := p.conns[key]
	if c == nil {
		return nil, bot.ErrNoConnection
	}
	sig, err := base64.StdEncoding.Strict().DecodeString(r.Header.Get("X-WORKS-Signature"))
	if err != nil || len(sig) != sha256.Size || !hmac.Equal([]byte(r.Header.Get("X-WORKS-BotId")), []byte(c.BotID)) {
		return nil, bot.ErrSignature
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxCallback+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", bot.ErrMalformed, err) // keeps an *http.MaxBytesError for the handler
	}
	if len(body) > maxCallback {
		return nil, bot.ErrMalformed
	}
	if !c.signed(body, sig) {
		return nil, bot.ErrSignature
	}
	var e map[string]json.RawMessage
	if err := json.Unmarshal(body, &e); err != nil || e == nil {
		return nil, bot.ErrMalformed
	}
	return p.translate(c, c.keyOf(body), e), nil
}

// signed compares with every secret of the bot, in constant time and without
// stopping early.
func (c *connection) signed(body, sig []byte) bool {
	ok := false
	for _, secret := range c.BotSecrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		if hmac.Equal(mac.Sum(nil), sig) {
			ok = true
		}
	}
	return ok
}

func (c *connection) keyOf(body []byte) string {
	h := sha256.New()
	h.Write([]byte(c.BotID))
	h.Write([]byte{0})
	h.Write(body)
	return Name + ":" + hex.EncodeToString(h.Sum(nil))
}

// event is a callback read leniently: each field by itself, so that an odd one
// spoils only itself. domainId is left alone: it tells domains of one tenant
// apart, never companies, and comes as a number or a string.
type event struct {
	kind    string
	user    string
	room    string
	data    string
	members []json.RawMessage
	content map[string]json.RawMessage
	odd     bool // an id is there but is none
}

func readEvent(e map[string]json.RawMessage) event {
	source := object(e["source"])
	ev := event{
		kind: text(e["type"]), user: text(source["userId"]), room: text(source["channelId"]),
		data: text(e["data"]), content: object(e["content"]),
	}
	_ = json.Unmarshal(e["members"], &ev.members) // no list: no members
	ev.odd = !goodID(ev.user) || !goodID(ev.room)
	return ev
}

// maxID is the longest id we store; theirs have some 40 characters.
const maxID = 190

// goodID holds for ids that can be stored and compared as they are, and for
// none at all.
func goodID(s string) bool {
	return len(s) <= maxID && strings.TrimSpace(s) == s && !strings.ContainsFunc(s, unicode.IsControl) && !strings.ContainsRune(s, unicode.ReplacementChar)
}

func (p *Platform) translate(c *connection, key string, raw map[string]json.RawMessage) []bot.Inbound {
	ev := readEvent(raw)
	in := bot.Inbound{Key: key, Time: p.when(raw["issuedTime"])}
	if ev.odd {
		// A room whose id is spoilt must not pass for one-to-one talk.
		in.From, in.At = bot.Identity{Platform: Name, Connection: c.Key}, c.address("", "")
		return one(unknown(in, ev.kind))
	}
	in.From = bot.Identity{Platform: Name, Connection: c.Key, User: ev.user}
	in.At = c.address(ev.room, ev.user)
	switch ev.kind {
	case "message":
		return c.message(in, ev)
	case "postback":
		return one(press(in, "postback", ev.data))
	case "join":
		return one(c.botMoved(in, ev, bot.Joined))
	case "leave":
		return one(c.botMoved(in, ev, bot.Left))
	case "joined":
		return c.moved(in, ev, bot.Joined)
	case "left":
		return c.moved(in, ev, bot.Left)
	case "begin":
		return one(direct(in, ev, bot.Joined))
	case "end":
		return one(direct(in, ev, bot.Left))
	}
	return one(unknown(in, ev.kind))
}

// message translates a message event. A pressed button of a button template, a
// flex card or the menu arrives as one, with the hidden postback string; the
// text beside it is only what the button's label said and proves nothing.
func (c *connection) message(in bot.Inbound, ev event) []bot.Inbound {
	kind := text(ev.content["type"])
	if data, has := ev.content["postback"]; has {
		// 利用開始, the start button of a one-to-one room, says "start".
		if s := text(data); s == "start" && ev.room == "" {
			return one(direct(in, ev, bot.Joined))
		} else if s != "" {
			return one(press(in, "message.postback", s))
		}
	}
	switch {
	case ev.room != "" && kind == "text":
		said, ok := c.addressed(text(ev.content["text"]))
		if !ok {
			return []bot.Inbound{}
		}
		if ev.user == "" { // nobody to answer, and nobody whose rights could be asked
			return one(unknown(in, "message.text"))
		}
		in.Kind, in.Via, in.Text = bot.Said, bot.Mention, said
		return one(in)
	case ev.room != "":
		return []bot.Inbound{}
	case kind == "text" && ev.user != "":
		in.Kind, in.Via, in.Text = bot.Said, bot.Direct, text(ev.content["text"])
		return one(in)
	}
	return one(unknown(in, "message."+kind))
}

func press(in bot.Inbound, event, data string) bot.Inbound {
	p, err := bot.ParsePress(data)
	if err != nil || in.From.User == "" {
		return unknown(in, event)
	}
	in.Kind, in.Name, in.Args = bot.Pressed, p.Name, p.Args
	return in
}

// botMoved translates join and leave, which are about the bot itself. In
// one-to-one rooms they are being abolished in favour of begin and end; until
// then they mean the same.
func (c *connection) botMoved(in bot.Inbound, ev event, kind bot.Kind) bot.Inbound {
	if ev.room == "" {
		return direct(in, ev, kind)
	}
	in.Kind = kind
	in.From.User = ""
	return in
}

// moved translates joined and left: one Inbound per member, all from one
// callback, so the key goes on with the member's place in the list.
func (c *connection) moved(in bot.Inbound, ev event, kind bot.Kind) []bot.Inbound {
	all := []bot.Inbound{}
	for i, m := range ev.members {
		user := text(m)
		if user == "" || !goodID(user) {
			continue
		}
		one := in
		one.Key = in.Key + ":" + strconv.Itoa(i)
		one.Kind = kind
		one.From.User = user
		one.At = c.address(ev.room, user)
		all = append(all, one)
	}
	if len(all) == 0 {
		return one(unknown(in, ev.kind))
	}
	return all
}

// direct translates what happened to a one-to-one room. The platform may name
// its channel, but it is spoken to by the user's id.
func direct(in bot.Inbound, ev event, kind bot.Kind) bot.Inbound {
	if ev.user == "" {
		return unknown(in, ev.kind)
	}
	in.Kind = kind
	in.At.Room, in.At.User, in.At.Direct = ev.room, ev.user, true
	return in
}

func unknown(in bot.Inbound, name string) bot.Inbound {
	in.Kind, in.Name = bot.Unknown, plainName(name)
	return in
}

// plainName keeps what the platform called it, if that is a word.
func plainName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r <= unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-", r)) {
			return r
		}
		return -1
	}, s)
	return s[:min(len(s), 60)]
}

func one(in bot.Inbound) []bot.Inbound { return []bot.Inbound{in} }

// address is a room if there is one, else the user's one-to-one room.
func (c *connection) address(room, user string) bot.Address {
	a := bot.Address{Platform: Name, Connection: c.Key, Room: room}
	if room == "" && user != "" {
		a.User, a.Direct = user, true
	}
	return a
}

// when reads issuedTime, with or without a fraction. Without one that can be
// read it is now.
func (p *Platform) when(raw json.RawMessage) time.Time {
	if t, err := time.Parse(time.RFC3339Nano, text(raw)); err == nil {
		return t.UTC()
	}
	return p.now().UTC()
}

// text reads a string, or a number where a string was meant; else it is empty.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var n json.Number
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&n) == nil {
		return n.String()
	}
	return ""
}

func object(raw json.RawMessage) map[string]json.RawMessage {
	var o map[string]json.RawMessage
	if json.Unmarshal(raw, &o) != nil {
		return nil
	}
	return o
}
