package bot

import (
	"net/url"
	"strings"
	"time"
)

// Inbound is one thing one person did that reached us.
type Inbound struct {
	Key       string     `json:"key"`        // the happening: the same one always has the same key, at most 190 bytes, without user ids in the clear
	EffectKey string     `json:"effect_key"` // what must have one effect even when told twice (Slack: app + channel + ts); empty if the same as Key
	Kind      Kind       `json:"kind"`
	Name      string     `json:"name,omitempty"` // of the press, command, form, or the platform's own word for Unknown
	Text      string     `json:"text,omitempty"` // what was said, or follows the command; mention of the bot removed
	Args      url.Values `json:"args,omitempty"` // of the press; fields and args of the form
	Draft     string     `json:"draft,omitempty"`
	From      Identity   `json:"from"`
	At        Address    `json:"at"`
	Via       Via        `json:"via,omitempty"`
	Message   string     `json:"message,omitempty"` // platform's id of the message that was written, pressed, edited or withdrawn
	Reply     Reply      `json:"reply,omitzero"`
	Time      time.Time  `json:"time"` // the platform's time of the happening, UTC
	Redone    bool       `json:"redone,omitempty"`
}

// Kind says what sort of thing happened.
type Kind string

// The kinds of Inbound. Everything a platform may tell is one of these.
const (
	Said      Kind = "said"      // text, see Via
	Pressed   Kind = "pressed"   // a Button's Press: Name, Args
	Commanded Kind = "commanded" // slash command: Name without slash, Text
	Submitted Kind = "submitted" // a Form: Name, Args, Draft
	Loaded    Kind = "loaded"    // asks for choices: Name, Text = what was typed; a read, never stored
	Kept      Kind = "kept"      // what stands in a Form right now, not sent: Name, Args, Draft; kept, never an event
	Opened    Kind = "opened"    // our home tab was opened
	Joined    Kind = "joined"    // From.User entered At; empty From.User = the bot itself did
	Left      Kind = "left"      // likewise; in one-to-one: unfollowed or blocked us
	Withdrawn Kind = "withdrawn" // Message was unsent or deleted by its author
	Watched   Kind = "watched"   // LINE: a video message was watched to its end; Name = trackingId
	Changed   Kind = "changed"   // facts about At or From are stale now (shared, unshared, renamed, user changed); Name = what; Args["to"] = new room id
	Unknown   Kind = "unknown"   // verified, but of no kind that we know: recorded without effect
	Handshake Kind = "handshake" // url_verification, ssl_check, console "verify": answered, never stored; Text = challenge
)

// Via says how a Said reached us, which decides whether it was meant for us.
type Via string

// The ways of being spoken to. Ambient talk is answered only in a thread that
// the bot is part of, and is otherwise not stored.
const (
	Mention Via = "mention"
	Direct  Via = "direct"
	Ambient Via = "ambient"
)

// Identity is who, as the platform names them. It is never a claim about their
// organisation: that is a fact fetched from the platform (see PersonFact).
type Identity struct {
	Platform   string `json:"platform"`
	Connection string `json:"connection"`
	User       string `json:"user"`
}

// Address is where to speak.
//
// In a shared room, Room is set and Direct is false; User then names the one
// person a Private message is for. In one-to-one talk, Direct is true and User
// is set; Room is the platform's id of that conversation where it has one.
type Address struct {
	Platform   string `json:"platform"`
	Connection string `json:"connection"`
	Room       string `json:"room,omitempty"`
	User       string `json:"user,omitempty"`
	Thread     string `json:"thread,omitempty"`
	Direct     bool   `json:"direct,omitempty"`
}

// String names the address as the reporting views show it:
// "slack:C0AOBA", "lineworks:aoba:1a2b", "line:U…".
func (a Address) String() string {
	id := a.Room
	if a.Direct || id == "" {
		id = a.User
	}
	if a.Connection == "" || a.Connection == a.Platform {
		return a.Platform + ":" + id
	}
	return strings.Join([]string{a.Platform, a.Connection, id}, ":")
}

// Reply is a one-shot way to answer, and until when. Token is a Slack trigger or
// a LINE reply token; URL is Slack's response_url.
type Reply struct {
	Token string    `json:"token,omitempty"`
	URL   string    `json:"url,omitempty"`
	Until time.Time `json:"until,omitzero"`
}

// Outcome is what came of an Inbound, for Platform.Answer to word.
type Outcome struct {
	Errors  map[string]string // by Field.Name: the form stays open and shows them
	Options []Option          // for Loaded
}
