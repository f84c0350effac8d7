package slack

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"akari/bot"

	json "github.com/go-json-experiment/json/v1"
)

// triggerLife is how long a trigger is used after its receipt. Slack's own limit
// is 3 s (interactivity/handling-user-interaction); the rest is for the way back.
const triggerLife = 2500 * time.Millisecond

// LinkOpened is the press that comes back when somebody clicks a link button.
// Slack calls us for those too and wants an answer; it has no effect, and is
// never a view: what was seen is told by the page behind the link.
const LinkOpened = "link.opened"

// Hear verifies a webhook of one of the four paths events, interactions,
// commands and options, and translates it. Chatter that is not addressed to the
// bot, and what bots write, gives no inbound at all. No organisation is ever read
// from a payload.
func (p *Platform) Hear(r *http.Request) ([]bot.Inbound, error) {
	raw, err := p.verified(r)
	if err != nil {
		return nil, err
	}
	switch path.Base(r.URL.Path) {
	case "events":
		return p.hearEvent(raw)
	case "interactions", "options":
		return p.hearInteraction(raw)
	case "commands":
		return p.hearCommand(raw)
	}
	return nil, bot.ErrNoConnection
}

// Answer words the synchronous answer: nothing, a challenge, field errors of a
// submission, or the choices of an external select.
func (p *Platform) Answer(in bot.Inbound, out bot.Outcome) (status int, contentType string, body []byte) {
	const asJSON = "application/json; charset=utf-8"
	switch {
	case in.Kind == bot.Handshake:
		return http.StatusOK, "text/plain; charset=utf-8", []byte(in.Text)
	case in.Kind == bot.Loaded:
		return http.StatusOK, asJSON, encode(options{Options: loadedOptions(out.Options)})
	case in.Kind == bot.Submitted && len(out.Errors) > 0:
		return http.StatusOK, asJSON, encode(struct {
			Action string            `json:"response_action"`
			Errors map[string]string `json:"errors"`
		}{"errors", out.Errors})
	}
	return http.StatusOK, "", nil
}

type options struct {
	Options []option `json:"options"` // never null: the SDK's type would leave it out
}

type option struct {
	Text  plainText `json:"text"`
	Value string    `json:"value"`
}

type plainText struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// maxOptions is the most choices of one select (reference/block-kit/block-elements).
const maxOptions = 100

func loadedOptions(given []bot.Option) []option {
	out := []option{}
	for _, o := range given {
		if len(out) == maxOptions {
			break
		}
		if o.Value == "" || bot.Runes.Len(o.Value) > maxOptionText || strings.TrimSpace(o.Label) == "" {
			continue // Slack would refuse the whole list
		}
		out = append(out, option{plainText{"plain_text", bot.Runes.Shorten(o.Label, maxOptionText)}, o.Value})
	}
	return out
}

// at is the address of what happened in a room. A one-to-one room is one whose id
// begins with D: group rooms (G, C) are shared even when they are private.
func (p *Platform) at(room, user, thread string) bot.Address {
	return bot.Address{
		Platform: Name, Connection: Name, Room: room, User: user, Thread: thread,
		Direct: strings.HasPrefix(room, "D"),
	}
}

// home is the address of somebody's one-to-one talk with the bot, whose room is
// not known: what happened in a modal or on the home tab.
func (p *Platform) home(user string) bot.Address {
	return bot.Address{Platform: Name, Connection: Name, User: user, Direct: true}
}

func (p *Platform) from(user string) bot.Identity {
	return bot.Identity{Platform: Name, Connection: Name, User: user}
}

// ours tells whether every app id that the payload names is ours. Payloads that
// name none are as good: the secret they were signed with belongs to one app.
func (p *Platform) ours(appIDs ...string) bool {
	for _, id := range appIDs {
		if id != "" && id != p.opt.AppID {
			return false
		}
	}
	return true
}

// interactionKey hashes what identifies an interaction, as it contains user ids.
func interactionKey(parts ...string) string {
	h := sha256.New()
	for _, s := range parts {
		h.Write([]byte(strconv.Itoa(len(s)) + ":" + s))
	}
	return "slack:i:" + hex.EncodeToString(h.Sum(nil))
}

// eventKey is readable, because operators search by event_id; only an id that
// cannot be Slack's is hashed to keep keys short.
func (p *Platform) eventKey(id string) string {
	if len(id) > 100 || strings.ContainsFunc(id, notHeader) {
		sum := sha256.Sum256([]byte(id))
		id = hex.EncodeToString(sum[:])
	}
	return "slack:" + p.opt.AppID + ":" + id
}

// decodeObject reads raw as one JSON object. "null", arrays and trailing bytes
// are no objects. It decodes by encoding/json's rules with its successor's speed:
// a press carries the whole message that it was made in, and reading it was a sixth
// of what a press costs.
func decodeObject(raw []byte, into any) bool {
	trimmed := strings.TrimLeft(string(raw[:min(len(raw), 64)]), " \t\r\n")
	return strings.HasPrefix(trimmed, "{") && json.Unmarshal(raw, into) == nil
}

// readForm reads a form body strictly. Only the body counts: a payload in the
// query string is not signed.
func readForm(raw []byte) (url.Values, bool) {
	form, err := url.ParseQuery(string(raw))
	return form, err == nil && len(form) > 0
}

// timeOf reads "1790000000.000100" without floats, which would lose digits.
func timeOf(ts string) (time.Time, bool) {
	sec, frac, _ := strings.Cut(ts, ".")
	if len(sec) == 0 || len(sec) > 11 || len(frac) > 9 || strings.Trim(sec+frac, "0123456789") != "" {
		return time.Time{}, false
	}
	s, err := strconv.ParseInt(sec, 10, 64)
	if err != nil || s <= 0 {
		return time.Time{}, false
	}
	n, _ := strconv.ParseInt((frac + "000000000")[:9], 10, 64)
	return time.Unix(s, n).UTC().Truncate(time.Microsecond), true
}

// when answers the first time that can be read, else now.
func (p *Platform) when(stamps ...string) time.Time {
	for _, ts := range stamps {
		if t, ok := timeOf(ts); ok {
			return t
		}
	}
	return p.now().UTC().Truncate(time.Microsecond)
}

func (p *Platform) reply(trigger, response string) bot.Reply {
	if !p.responseHost(response) {
		response = ""
	}
	if trigger == "" && response == "" {
		return bot.Reply{}
	}
	return bot.Reply{Token: trigger, URL: response, Until: p.now().UTC().Add(triggerLife)}
}
