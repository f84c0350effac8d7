package line

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/line/line-bot-sdk-go/v8/linebot/webhook"

	"akari/bot"
)

const (
	// replyFor is how long we trust a reply token; LINE promises one minute.
	replyFor = 50 * time.Second
	// replyAge is the oldest event whose redelivery still carries a good token
	// (ref "Send reply message").
	replyAge = 20 * time.Minute
)

// Hear verifies and translates POST /hooks/line. Each event is translated by
// itself; one that cannot be read is an Unknown and sinks nothing.
func (p *Platform) Hear(r *http.Request) ([]bot.Inbound, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("line: reading the webhook's body: %w", err)
	}
	if !p.signed(r.Header.Get("X-Line-Signature"), body) {
		return nil, bot.ErrSignature
	}
	var envelope struct {
		Events *[]json.RawMessage `json:"events"`
	}
	if json.Unmarshal(body, &envelope) != nil || envelope.Events == nil {
		return nil, bot.ErrMalformed
	}
	now := p.o.Now().UTC()
	if len(*envelope.Events) == 0 {
		return []bot.Inbound{{Key: name + ":verify", Kind: bot.Handshake, Time: now}}, nil
	}
	var out []bot.Inbound
	for _, raw := range *envelope.Events {
		out = append(out, translate(raw, now)...)
	}
	return out, nil
}

// signed accepts any of the secrets, so that one can be rotated.
func (p *Platform) signed(signature string, body []byte) bool {
	good := false
	for _, secret := range p.o.ChannelSecrets {
		good = webhook.ValidateSignature(secret, signature, body) || good
	}
	return good
}

// head is what every event has, read by our own lines: the SDK's events keep
// it in a different field for each type, and a new type in none.
type head struct {
	Type      string `json:"type"`
	Mode      string `json:"mode"`
	Timestamp int64  `json:"timestamp"`
	ID        string `json:"webhookEventId"`
	Reply     string `json:"replyToken"`
	Source    struct {
		Type  string `json:"type"`
		User  string `json:"userId"`
		Group string `json:"groupId"`
		Room  string `json:"roomId"`
	} `json:"source"`
	Context struct {
		Redelivery bool `json:"isRedelivery"`
	} `json:"deliveryContext"`
}

// translate answers none for chatter that is not for us, and several where one
// event tells of several people.
func translate(raw json.RawMessage, now time.Time) []bot.Inbound {
	var h head
	if err := json.Unmarshal(raw, &h); err != nil {
		sum := sha256.Sum256(raw)
		return []bot.Inbound{{Key: name + ":" + hex.EncodeToString(sum[:]), Kind: bot.Unknown, Name: "unreadable",
			From: bot.Identity{Platform: name, Connection: name}, At: bot.Address{Platform: name, Connection: name}, Time: now}}
	}
	in := h.inbound(raw, now)
	if h.Mode != "active" { // standby: another module answers; we must not
		return unknown(in, "standby")
	}
	event, err := webhook.UnmarshalEvent(raw)
	if err != nil {
		return unknown(in, "unreadable")
	}
	switch e := event.(type) {
	case webhook.MessageEvent:
		return said(in, e.Message)
	case webhook.PostbackEvent:
		return pressed(in, e.Postback)
	case webhook.FollowEvent, webhook.JoinEvent:
		in.Kind = bot.Joined
	case webhook.UnfollowEvent, webhook.LeaveEvent:
		in.Kind, in.Reply = bot.Left, bot.Reply{}
	case webhook.MemberJoinedEvent:
		if e.Joined == nil {
			return unknown(in, "unreadable")
		}
		return members(in, bot.Joined, e.Joined.Members)
	case webhook.MemberLeftEvent:
		if e.Left == nil {
			return unknown(in, "unreadable")
		}
		return members(in, bot.Left, e.Left.Members)
	case webhook.UnsendEvent:
		if e.Unsend == nil {
			return unknown(in, "unreadable")
		}
		in.Kind, in.Message = bot.Withdrawn, e.Unsend.MessageId
	case webhook.VideoPlayCompleteEvent:
		if e.VideoPlayComplete == nil {
			return unknown(in, "unreadable")
		}
		in.Kind, in.Name = bot.Watched, e.VideoPlayComplete.TrackingId
	case webhook.MessageEditedEvent: // the same message once more: never answered twice
		if text, ok := e.Message.(webhook.TextMessageContent); ok {
			in.Message = text.Id
		}
		return unknown(in, h.Type)
	default:
		return unknown(in, h.Type)
	}
	return []bot.Inbound{in}
}

// inbound is what the head alone tells.
func (h *head) inbound(raw []byte, now time.Time) bot.Inbound {
	in := bot.Inbound{
		Key:    h.key(raw),
		From:   bot.Identity{Platform: name, Connection: name, User: h.Source.User},
		At:     bot.Address{Platform: name, Connection: name, User: h.Source.User},
		Time:   now,
		Redone: h.Context.Redelivery,
	}
	switch h.Source.Type {
	case "user":
		in.At.Direct = true
	case "group":
		in.At.Room = h.Source.Group
	case "room":
		in.At.Room = h.Source.Room
	}
	// Year 9999 is the last that JSON and databases take.
	if h.Timestamp > 0 && h.Timestamp < 253402300800000 {
		in.Time = time.UnixMilli(h.Timestamp).UTC()
	}
	if h.Reply != "" && now.Sub(in.Time) < replyAge {
		in.Reply = bot.Reply{Token: h.Reply, Until: now.Add(replyFor)}
	}
	return in
}

// key is LINE's own id of the happening, a ULID, or else a hash of it.
func (h *head) key(raw []byte) string {
	plain := func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r == '-' || r == '_'
	}
	if h.ID == "" || len(h.ID) > 64 || strings.ContainsFunc(h.ID, func(r rune) bool { return !plain(r) }) {
		sum := sha256.Sum256(raw)
		return name + ":" + hex.EncodeToString(sum[:])
	}
	return name + ":" + h.ID
}

// unknown is recorded without effect. What the platform calls it is kept short,
// as it comes from outside.
func unknown(in bot.Inbound, what string) []bot.Inbound {
	in.Kind, in.Reply = bot.Unknown, bot.Reply{}
	in.Name = bot.Runes.Shorten(strings.ToValidUTF8(what, ""), 60)
	return []bot.Inbound{in}
}

// said: in one-to-one everything is for us, in a group only a mention of us.
func said(in bot.Inbound, content webhook.MessageContentInterface) []bot.Inbound {
	text, ok := content.(webhook.TextMessageContent)
	if !ok {
		if !in.At.Direct {
			return nil
		}
		what := "message"
		if content != nil {
			what += "." + content.GetType()
		}
		return unknown(in, what)
	}
	in.Kind, in.Message, in.Via = bot.Said, text.Id, bot.Direct
	rest, addressed := withoutMention(text.Text, text.Mention)
	if !in.At.Direct {
		if !addressed {
			return nil
		}
		in.Via = bot.Mention
	}
	in.Text = rest
	return []bot.Inbound{in}
}

// withoutMention takes every mention of us out of the text. Index and length
// count UTF-16 units and come from outside: whatever they say, the rest stays
// valid text.
func withoutMention(text string, m *webhook.Mention) (rest string, addressed bool) {
	if m == nil {
		return strings.TrimSpace(text), false
	}
	units := utf16.Encode([]rune(text))
	gone := make([]bool, len(units))
	for _, who := range m.Mentionees {
		us, ok := who.(webhook.UserMentionee)
		if !ok || !us.IsSelf {
			continue
		}
		addressed = true
		from, to := int64(us.Index), int64(us.Index)+int64(us.Length)
		for i := max(0, from); i < min(to, int64(len(units))); i++ {
			gone[i] = true
		}
	}
	var kept []uint16
	for i, u := range units {
		half := utf16.IsSurrogate(rune(u))
		other := i + 1
		if half && u >= 0xDC00 {
			other = i - 1
		}
		// Half a character is not taken without its other half.
		if !gone[i] || half && !gone[other] {
			kept = append(kept, u)
		}
	}
	return strings.TrimSpace(string(utf16.Decode(kept))), addressed
}

func pressed(in bot.Inbound, content *webhook.PostbackContent) []bot.Inbound {
	if content == nil {
		return unknown(in, "unreadable")
	}
	press, err := bot.ParsePress(content.Data)
	if err != nil {
		return unknown(in, "postback")
	}
	in.Kind, in.Name, in.Args = bot.Pressed, press.Name, press.Args
	return []bot.Inbound{in}
}

// members: one happening for each person. The reply token, good for one
// answer, stays with the first.
func members(in bot.Inbound, kind bot.Kind, users []webhook.UserSource) []bot.Inbound {
	if len(users) == 0 { // LINE leaves out who did not agree to be known
		return unknown(in, string("member_"+kind))
	}
	in.Kind = kind
	var out []bot.Inbound
	for i, u := range slices.Clip(users) {
		one := in
		one.From.User, one.At.User = u.UserId, u.UserId
		if i > 0 {
			one.Key += ":" + strconv.Itoa(i)
			one.Reply = bot.Reply{}
		}
		out = append(out, one)
	}
	return out
}
