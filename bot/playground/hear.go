package playground

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"akari/bot"
)

// maxBody bounds one request of the page in bytes: a form of a dozen long texts
// fits, a film does not.
const maxBody = 256 << 10

// maxText is the longest thing a person may say, in characters; Slack's own
// composer ends there too.
const maxText = 12000

// deed is what the page posts: one thing that one person did.
type deed struct {
	ID      string              `json:"id"`   // made by the page, a UUID; a retry repeats it
	Kind    string              `json:"kind"` // see Hear
	As      string              `json:"as"`
	Room    string              `json:"room"`
	Thread  string              `json:"thread"`
	Text    string              `json:"text"`
	Message string              `json:"message"`
	Press   bot.Press           `json:"press"`
	Draft   string              `json:"draft"`
	Field   string              `json:"field"`
	Values  map[string][]string `json:"values"`
}

// Hear takes what the page posts. Kinds: say (also slash commands), press,
// submit, load, keep, home, join, invite (the bot itself joins), leave, withdraw.
//
// Talk among people outside of threads is no Inbound at all, as on Slack.
//
// What a person says stands in the room from here on, because this package is
// also the chat network; nothing outside the network's memory changes, and the
// same request again changes nothing. A request from another site than our own
// page is bot.ErrSignature: a browser cannot be made to post JSON here for
// somebody else. An error that is none of the three of bot.Platform means that
// the people could not be read just now.
func (p *Platform) Hear(r *http.Request) ([]bot.Inbound, error) {
	if r.Method != http.MethodPost || !sameOrigin(r) {
		return nil, bot.ErrSignature
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(raw) > maxBody || !utf8.Valid(raw) {
		return nil, bot.ErrMalformed
	}
	var d deed
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, bot.ErrMalformed
	}
	id, err := uuid.Parse(d.ID)
	if err != nil || id.String() != d.ID || utf8.RuneCountInString(d.Text) > maxText {
		return nil, bot.ErrMalformed
	}
	c, err := p.people(r.Context())
	if err != nil {
		return nil, err
	}
	one, ok := c.users[d.As]
	if !ok {
		return nil, bot.ErrMalformed
	}
	in, err := p.translate(one, d)
	if err != nil {
		return nil, bot.ErrMalformed
	}
	if in.Via == bot.Ambient && in.At.Thread == "" {
		return nil, nil // chatter outside of threads cannot be meant for the bot
	}
	return []bot.Inbound{in}, nil
}

// sameOrigin tells whether a request was made by a page of ours. Browsers send
// Sec-Fetch-Site themselves and no script can forge it; Origin is what older
// ones and test clients have.
func sameOrigin(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return false
	}
	site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
	if site != "" && site != "same-origin" {
		return false
	}
	if origin == "" {
		return site != ""
	}
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

var errNotThere = errors.New("it speaks of something that is not there")

// translate turns a deed into an Inbound and lets the network have it.
func (p *Platform) translate(one Persona, d deed) (bot.Inbound, error) {
	now := p.now().UTC().Truncate(time.Microsecond)
	in := bot.Inbound{
		Key:  name + ":" + d.ID,
		From: bot.Identity{Platform: name, Connection: connection, User: one.User},
		Time: now,
	}
	room, ok := one.room(d.Room)
	if d.Kind == "home" || (d.Kind == "press" && d.Message == homeRef) {
		room, ok = one.direct()
	}
	if !ok {
		return in, errNotThere
	}
	in.At = bot.Address{
		Platform: name, Connection: connection, Room: room.ID, User: one.User, Direct: room.Kind == KindDirect,
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	talk := p.talks[talkKey(one.User, room)]
	switch d.Kind {
	case "say":
		return p.said(one, room, d, in)
	case "press":
		return p.pressed(one, talk, d, in)
	case "submit", "load", "keep":
		return p.formed(one, d, in)
	case "home":
		in.Kind = bot.Opened
	case "join":
		in.Kind = bot.Joined
	case "invite":
		in.Kind, in.From.User = bot.Joined, ""
	case "leave":
		in.Kind = bot.Left
	case "withdraw":
		l := talk.seen(d.Message, one.User)
		if l == nil || l.Author.User != one.User {
			return in, errNotThere
		}
		in.Kind, in.Message, in.At.Thread = bot.Withdrawn, l.ID, l.Thread
		l.Gone, l.Text = true, ""
		p.touch(talk, l)
	default:
		return in, errNotThere
	}
	return in, nil
}

// mention is the bot's name with an @, half or full width, anywhere in a text.
var mention = regexp.MustCompile(`(?i)(^|[\s\x{3000}])[@＠]` + botName + `($|[^0-9A-Za-z_.-])`)

// command is a word after a slash at the very start of a text.
var command = regexp.MustCompile(`^[/／]([a-z][a-z0-9_-]{0,30})(?:[\s\x{3000}]+|$)`)

// said handles text from the composer: a slash command, a mention, one-to-one
// talk, or talk among people.
func (p *Platform) said(one Persona, room Room, d deed, in bot.Inbound) (bot.Inbound, error) {
	text := strings.TrimSpace(d.Text)
	if text == "" {
		return in, errNotThere
	}
	key := talkKey(one.User, room)
	line := &Line{
		ID: d.ID, Author: Author{User: one.User, Name: one.Name, PartnerName: one.PartnerName},
		At: in.Time, Text: text,
	}
	if d.Thread != "" {
		root := p.talks[key].seen(d.Thread, one.User)
		if root == nil {
			return in, errNotThere
		}
		if root.Thread != "" {
			return in, errNotThere // threads have one level
		}
		line.Thread, in.At.Thread = d.Thread, d.Thread
	}
	if m := command.FindStringSubmatch(text); m != nil {
		in.Kind, in.Name, in.Text = bot.Commanded, m[1], strings.TrimSpace(text[len(m[0]):])
		in.Reply = p.reply(one, in, "")
		line.Command, line.Only, line.reader = true, true, one.User
		p.put(key, line)
		return in, nil
	}
	in.Kind, in.Via, in.Message, in.Text = bot.Said, bot.Ambient, d.ID, text
	if m := mention.FindStringSubmatchIndex(text); m != nil {
		// m[3] ends the space before the name, m[4] begins what follows it.
		in.Via, in.Text = bot.Mention, strings.TrimSpace(text[:m[3]]+" "+strings.TrimLeft(text[m[4]:], " 　、,:："))
	}
	if room.Kind == KindDirect {
		in.Via = bot.Direct
	} else if in.At.Thread == "" && in.Via == bot.Mention {
		in.At.Thread = d.ID // as on Slack, the answer begins a thread
	}
	p.put(key, line)
	return in, nil
}

// reply issues a one-shot chance to open a form. The caller holds p.mu.
func (p *Platform) reply(one Persona, in bot.Inbound, ref string) bot.Reply {
	return bot.Reply{Token: p.issue(one.User, in.At, ref), Until: in.Time.Add(triggerAge)}
}

// pressed accepts a press only from a message that the person can see and that
// really has it: like a platform, the page cannot invent buttons.
// As on Slack, what comes of a press stands in the thread of the message.
func (p *Platform) pressed(one Persona, talk *transcript, d deed, in bot.Inbound) (bot.Inbound, error) {
	var m *bot.Message
	if d.Message == homeRef {
		if h := p.homes[one.User]; h != nil {
			m = &h.Message
		}
	} else if l := talk.seen(d.Message, one.User); l != nil {
		m = l.Message
		in.Message, in.At.Thread = l.ID, l.Thread
		if in.At.Thread == "" && !in.At.Direct && !l.Only {
			in.At.Thread = l.ID
		}
	}
	if m == nil || d.Press.IsZero() || !hasPress(m, d.Press.Encode()) {
		return in, errNotThere
	}
	in.Kind, in.Name, in.Args = bot.Pressed, d.Press.Name, d.Press.Args
	in.Reply = p.reply(one, in, d.Message)
	return in, nil
}

func hasPress(m *bot.Message, encoded string) bool {
	has := func(b bot.Button) bool { return !b.Press.IsZero() && b.Press.Encode() == encoded }
	return slices.ContainsFunc(m.Buttons, has) ||
		slices.ContainsFunc(m.Cards, func(c bot.Card) bool { return slices.ContainsFunc(c.Buttons, has) })
}

// formed takes the values of the form that stands open before the person. Name
// and arguments come from the form itself, never from the page.
func (p *Platform) formed(one Persona, d deed, in bot.Inbound) (bot.Inbound, error) {
	f := p.forms[one.User]
	if f == nil || f.Form.Draft != d.Draft {
		return in, errNotThere
	}
	in.At, in.Draft, in.Message = f.at, f.Form.Draft, f.ref
	if d.Kind == "load" {
		i := slices.IndexFunc(f.Form.Fields, func(x bot.Field) bool { return x.Name == d.Field })
		if i < 0 || f.Form.Fields[i].Load == "" {
			return in, errNotThere
		}
		in.Kind, in.Name, in.Text = bot.Loaded, f.Form.Fields[i].Load, strings.TrimSpace(d.Text)
		return in, nil
	}
	in.Kind, in.Name, in.Args = bot.Submitted, f.Form.Name, url.Values{}
	for k, v := range f.Form.Args {
		in.Args[k] = slices.Clone(v)
	}
	for _, field := range f.Form.Fields {
		values, ok := d.Values[field.Name]
		if !ok {
			continue
		}
		if field.Kind != bot.Choices && len(values) > 1 {
			return in, errNotThere
		}
		in.Args[field.Name] = slices.Clone(values)
	}
	if d.Kind == "keep" { // not sent yet: what stands there is kept, and nothing comes of it
		in.Kind = bot.Kept
		return in, nil
	}
	in.Reply = p.reply(one, in, f.ref)
	return in, nil
}

// answer is the synchronous answer that the page reads.
type answer struct {
	OK      bool              `json:"ok"`
	Errors  map[string]string `json:"errors,omitempty"`
	Options []bot.Option      `json:"options,omitempty"`
}

// Answer tells the page that its deed is committed, what is wrong with a form, or
// the choices it asked for. A form without errors closes.
func (p *Platform) Answer(in bot.Inbound, out bot.Outcome) (int, string, []byte) {
	a := answer{OK: len(out.Errors) == 0, Errors: out.Errors}
	if in.Kind == bot.Loaded {
		a.Options = out.Options
	}
	if in.Kind == bot.Submitted && a.OK {
		p.mu.Lock()
		p.closeForm(in.From.User, in.Draft)
		p.mu.Unlock()
	}
	body, err := json.Marshal(a)
	if err != nil { // maps and slices of strings always marshal
		return http.StatusInternalServerError, "application/json", []byte(`{"ok":false}`)
	}
	return http.StatusOK, "application/json", body
}
