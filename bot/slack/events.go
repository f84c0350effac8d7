package slack

import (
	"net/url"
	"strconv"
	"strings"

	"akari/bot"

	json "github.com/go-json-experiment/json/v1"
)

// envelope is the outside of an Events API request (apis/events-api). Its team
// fields are left out on purpose: recorded payloads show them naming the wrong
// company.
type envelope struct {
	Type           string          `json:"type"`
	Challenge      string          `json:"challenge"`
	AppID          string          `json:"api_app_id"`
	EventID        string          `json:"event_id"`
	EventTime      json.Number     `json:"event_time"`
	Event          json.RawMessage `json:"event"`
	Minute         json.Number     `json:"minute_rate_limited"`
	Authorizations []struct {
		User  string `json:"user_id"`
		IsBot bool   `json:"is_bot"`
	} `json:"authorizations"`
}

// bots are the bot's user ids as the envelope names them.
func (e envelope) bots() []string {
	var out []string
	for _, a := range e.Authorizations {
		if a.IsBot && a.User != "" {
			out = append(out, a.User)
		}
	}
	return out
}

func (e envelope) isBot(user string) bool {
	for _, b := range e.bots() {
		if b == user {
			return true
		}
	}
	return false
}

func (p *Platform) hearEvent(raw []byte) ([]bot.Inbound, error) {
	var e envelope
	if !decodeObject(raw, &e) {
		return nil, bot.ErrMalformed
	}
	if !p.ours(e.AppID) {
		return nil, p.forged("it is for another app: is app_id right?")
	}
	switch e.Type {
	case "url_verification":
		if e.Challenge == "" || len(e.Challenge) > 1000 {
			return nil, bot.ErrMalformed
		}
		in := p.inbound("", bot.Handshake, e)
		in.Text = e.Challenge
		return []bot.Inbound{in}, nil
	case "event_callback":
		if e.EventID == "" {
			return nil, bot.ErrMalformed
		}
		return p.hearInner(e), nil
	case "":
		return nil, bot.ErrMalformed
	}
	// app_rate_limited and what else Slack may invent: no event_id, so the minute
	// it speaks of is the happening.
	id := e.EventID
	if id == "" {
		id = e.Type + ":" + e.Minute.String()
	}
	in := p.inbound(p.eventKey(id), bot.Unknown, e)
	in.Name = clipName(e.Type)
	return []bot.Inbound{in}, nil
}

func (p *Platform) inbound(key string, kind bot.Kind, e envelope, stamps ...string) bot.Inbound {
	return bot.Inbound{
		Key: key, Kind: kind, From: p.from(""), At: p.at("", "", ""),
		Time: p.when(append(stamps, e.EventTime.String())...),
	}
}

// event holds every field of an inner event that is used here. User and Channel
// are a string in most events and an object in some.
type event struct {
	Type        string    `json:"type"`
	Subtype     string    `json:"subtype"`
	User        idOrObj   `json:"user"`
	Channel     idOrObj   `json:"channel"`
	ChannelType string    `json:"channel_type"`
	Text        string    `json:"text"`
	TS          string    `json:"ts"`
	EventTS     string    `json:"event_ts"`
	ThreadTS    string    `json:"thread_ts"`
	DeletedTS   string    `json:"deleted_ts"`
	Hidden      bool      `json:"hidden"`
	BotID       string    `json:"bot_id"`
	AppID       string    `json:"app_id"`
	Tab         string    `json:"tab"`
	OldChannel  string    `json:"old_channel_id"`
	NewChannel  string    `json:"new_channel_id"`
	BotProfile  *struct{} `json:"bot_profile"`
	Message     *event    `json:"message"`
	Previous    *event    `json:"previous_message"`
}

// idOrObj is "U1" or {"id":"U1",…}.
type idOrObj string

func (i *idOrObj) UnmarshalJSON(raw []byte) error {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		*i = idOrObj(s)
		return nil
	}
	var o struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(raw, &o) == nil {
		*i = idOrObj(o.ID)
	}
	return nil // another shape is no id; the event is still worth its name
}

func (e *event) byBot() bool {
	return e.BotID != "" || e.BotProfile != nil || e.Subtype == "bot_message" || e.User == "USLACKBOT"
}

func (p *Platform) hearInner(e envelope) []bot.Inbound {
	var ev event
	in := p.inbound(p.eventKey(e.EventID), bot.Unknown, e)
	if !decodeObject(e.Event, &ev) {
		in.Name = "unreadable"
		return []bot.Inbound{in}
	}
	if ev.Type == "message" || ev.Type == "app_mention" {
		return p.hearMessage(e, &ev)
	}
	if ev.Type == "" || len(ev.Type) > 100 {
		ev.Type = "unreadable"
	}
	in.Time = p.when(ev.EventTS, e.EventTime.String())
	in.Name = ev.Type
	in.At = p.at(string(ev.Channel), "", "")
	switch ev.Type {
	case "app_home_opened":
		if ev.User == "" {
			break
		}
		in.Kind, in.Name = bot.Opened, clipName(ev.Tab)
		in.From, in.At = p.from(string(ev.User)), p.at(string(ev.Channel), string(ev.User), "")
		in.At.Direct = true
	case "member_joined_channel", "member_left_channel":
		if ev.User == "" || ev.Channel == "" {
			break
		}
		in.Kind, in.Name = bot.Joined, ""
		if ev.Type == "member_left_channel" {
			in.Kind = bot.Left
		}
		if !e.isBot(string(ev.User)) { // an empty user is the bot itself
			in.From, in.At.User = p.from(string(ev.User)), string(ev.User)
		}
	case "channel_left", "group_left":
		in.Kind, in.Name = bot.Left, "" // told to the one who left: the bot
	case "channel_id_changed":
		in.Kind = bot.Changed
		in.At = p.at(ev.OldChannel, "", "")
		in.Args = url.Values{"to": {ev.NewChannel}}
	default:
		if changes[ev.Type] {
			in.Kind = bot.Changed
			in.From = p.from(string(ev.User))
		}
	}
	return []bot.Inbound{in}
}

// changes are the events after which facts about a room, a person or the whole
// connection have to be asked for again.
var changes = map[string]bool{
	"channel_shared": true, "channel_unshared": true, "channel_rename": true, "channel_archive": true,
	"channel_unarchive": true, "channel_deleted": true, "group_rename": true, "group_archive": true,
	"group_unarchive": true, "group_deleted": true, "shared_channel_invite_accepted": true,
	"shared_channel_invite_approved": true, "shared_channel_invite_declined": true,
	"user_change": true, "team_join": true, "app_uninstalled": true, "tokens_revoked": true,
	"team_access_granted": true, "team_access_revoked": true,
}

// spoken are the message subtypes that a person's words come in. All others are
// side doors around authority: edits, joins, posts of bots.
var spoken = map[string]bool{"": true, "file_share": true, "thread_broadcast": true}

func (p *Platform) hearMessage(e envelope, ev *event) []bot.Inbound {
	in := p.inbound(p.eventKey(e.EventID), bot.Unknown, e, ev.TS, ev.EventTS)
	in.Name = clipName(ev.Type)
	in.At = p.at(string(ev.Channel), "", "")
	if ev.byBot() || e.isBot(string(ev.User)) || ev.AppID != "" && ev.AppID == p.opt.AppID {
		return nil
	}
	if !spoken[ev.Subtype] || ev.Hidden {
		return p.hearSubtype(e, ev, in)
	}
	if ev.Channel == "" || ev.User == "" || ev.TS == "" {
		in.Name += ".unreadable"
		return []bot.Inbound{in}
	}
	in.Via = p.via(e, ev)
	if in.Via == bot.Ambient && (ev.ThreadTS == "" || ev.ThreadTS == ev.TS) {
		return nil // chatter outside of threads cannot be meant for us
	}
	in.Kind, in.Name, in.Message = bot.Said, "", ev.TS
	in.EffectKey = p.eventKey(string(ev.Channel) + ":" + ev.TS)
	in.From = p.from(string(ev.User))
	in.At = p.at(string(ev.Channel), string(ev.User), ev.ThreadTS)
	if ev.ChannelType == "im" {
		in.At.Direct = true
	}
	if in.At.Thread == "" && !in.At.Direct {
		in.At.Thread = ev.TS
	}
	in.Text = strings.TrimSpace(unescape(withoutMention(ev.Text, p.toRemove(e, ev, in.Via))))
	return []bot.Inbound{in}
}

func (p *Platform) via(e envelope, ev *event) bot.Via {
	switch {
	case ev.ChannelType == "im" || strings.HasPrefix(string(ev.Channel), "D"):
		return bot.Direct
	case ev.Type == "app_mention" || mentions(ev.Text, e.bots()):
		return bot.Mention
	}
	return bot.Ambient
}

// toRemove are the users whose mention is the bot's. If none of the ids that the
// envelope gives is in the text of an app_mention (recorded with two
// installations in one room), the leading mention is.
func (p *Platform) toRemove(e envelope, ev *event, via bot.Via) []string {
	bots := e.bots()
	switch {
	case mentions(ev.Text, bots):
		return bots
	case ev.Type == "app_mention":
		return nil
	case len(bots) == 0:
		return []string{""} // nobody
	}
	return bots
}

// hearSubtype says what becomes of messages that are not words of a person.
func (p *Platform) hearSubtype(e envelope, ev *event, in bot.Inbound) []bot.Inbound {
	in.Name = clipName(ev.Type + "." + ev.Subtype)
	if ev.Subtype == "" {
		in.Name = clipName(ev.Type + ".hidden")
	}
	switch ev.Subtype {
	case "message_deleted":
		old := ev.Previous
		if old != nil && (old.byBot() || e.isBot(string(old.User))) {
			return nil
		}
		if ev.DeletedTS == "" || ev.Channel == "" {
			break
		}
		if old != nil && p.via(e, &event{Type: old.Type, Text: old.Text, Channel: ev.Channel, ChannelType: ev.ChannelType}) == bot.Ambient &&
			(old.ThreadTS == "" || old.ThreadTS == old.TS) {
			return nil // chatter that was never told either
		}
		in.Kind, in.Name, in.Message = bot.Withdrawn, "", ev.DeletedTS
		in.Time = p.when(ev.EventTS, ev.TS, e.EventTime.String())
		if old != nil {
			in.From = p.from(string(old.User))
			in.At = p.at(string(ev.Channel), string(old.User), old.ThreadTS)
		}
		in.At.Direct = in.At.Direct || ev.ChannelType == "im"
	case "message_changed":
		// Our own updates come back like this, and so does every edit and every
		// link preview of chatter: only edits of what was said to us are told.
		now := ev.Message
		if now == nil || now.byBot() || e.isBot(string(now.User)) {
			return nil
		}
		if ev.ChannelType != "im" && !in.At.Direct && !mentions(now.Text, e.bots()) {
			return nil
		}
	case "message_replied":
		return nil
	}
	return []bot.Inbound{in}
}

// clipName keeps names from payloads short and printable.
func clipName(s string) string {
	if len(s) > 100 || strings.ContainsFunc(s, notHeader) {
		return "unreadable:" + strconv.Itoa(len(s))
	}
	return s
}
