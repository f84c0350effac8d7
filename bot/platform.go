package bot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Platform is one chat network with all its connections.
type Platform interface {
	Name() string
	// Limits says what one message may hold; Fit cuts to it.
	Limits() Limits
	// Hear verifies a webhook on its raw bytes and translates it. No side
	// effects. Errors: ErrSignature, ErrNoConnection, ErrMalformed. Trouble with
	// one event inside a good envelope is an Inbound of kind Unknown.
	Hear(r *http.Request) ([]Inbound, error)
	// Answer words the synchronous answer to one inbound after its commit.
	Answer(in Inbound, out Outcome) (status int, contentType string, body []byte)
	// Operation names the platform's own limit that a delivery draws on, e.g.
	// "chat.postMessage", "users.messages", "push".
	Operation(d Delivery) string
	// Render turns a delivery into the exact bytes that Send will send at every
	// attempt. Pure: equal deliveries give equal bytes.
	Render(d Delivery) ([]byte, error)
	// Send makes the one API call that has a visible effect, with d.Body as
	// Render wrote it, and answers the platform's id for the message. It fails
	// in four ways and no more: *Throttled, *Refused, *InDoubt, anything else.
	Send(ctx context.Context, d Delivery) (receipt string, err error)
}

// Finder is a Platform that can look whether a delivery in doubt has arrived.
type Finder interface {
	// Find answers the receipt of d if the platform has it, "" if it surely has
	// not, and an error if it cannot tell.
	Find(ctx context.Context, d Delivery) (receipt string, err error)
}

// FactSource is a Platform that can be asked about people and rooms.
type FactSource interface {
	Person(ctx context.Context, who Identity) (PersonFact, error)
	Room(ctx context.Context, at Address) (RoomFact, error)
}

// Checker is a Platform that can say who it is, for `akari check --live`.
type Checker interface {
	// Check answers one line per connection: who we are there, or what is wrong.
	Check(ctx context.Context) []CheckLine
}

// CheckLine is the finding on one connection.
type CheckLine struct {
	Connection string
	Who        string // who the platform says we are
	Err        error
}

// Quoter is a Platform that counts what we send, and stops at a number a month.
type Quoter interface {
	// Quota answers how many messages may be sent this month, and how many were;
	// limited is false where there is no such number.
	Quota(ctx context.Context) (most, used int64, limited bool, err error)
}

// Menuer is a Platform that has a menu to put up (LINE WORKS persistent menu,
// LINE rich menu). EnsureMenu is idempotent and is called in the background
// after start.
type Menuer interface {
	EnsureMenu(ctx context.Context, connection string, m Menu) error
}

// Menu is what a rep can start with without typing.
type Menu struct {
	Label   string   // name of the bar that opens the menu
	Buttons []Button // at most four
	Image   []byte   // PNG for platforms whose menu is a picture
}

// PersonFact is what the platform says about an account, with an age.
type PersonFact struct {
	Name     string
	Orgs     []string // team and enterprise ids (Slack); nil where the platform has none
	Home     bool     // full member of the vendor's own organisation
	Guest    bool     // restricted account inside the vendor's organisation
	External bool     // of another organisation
	Bot      bool
	Gone     bool // deleted, deactivated, stranger, not a friend
	Language string
}

// RoomFact is what the platform says about a room, with an age.
type RoomFact struct {
	Name     string
	Orgs     []string // outside organisations that can read it, never our own
	Member   bool     // the bot is in it
	Archived bool
	Private  bool
	Members  int // 0 = not known
}

// Delivery is one message owed to one address, as the sender hands it to a
// Platform. One delivery is one API call with a visible effect.
type Delivery struct {
	ID       string    // ours
	Key      string    // UUID, the only thing of ours that travels outside
	Act      Act       //
	To       Address   //
	Parts    []Message // one fitted message; on platforms with Limits.PerCall > 1 up to that many
	Ref      string    // for Update and Delete: the platform's id of the message
	Reply    Reply     // one-shot way to answer, if there is one
	Body     []byte    // what Render gave at attempt 1
	Attempt  int       // 1 for the first
	Priority Priority  //
	Tag      string    // for platforms' own statistics, e.g. a campaign's short id; may be empty
	Epoch    int64     // of the claim: settles only what is still ours
	IntentAt time.Time // when attempt 1 was written down, UTC
}

// Act is what a delivery does.
type Act string

// The acts. Private shows Parts to To.User only: in a shared room as an
// ephemeral (or via Reply.URL), where the platform has such a thing.
const (
	Post     Act = "post"
	Private  Act = "private"
	Update   Act = "update"
	Delete   Act = "delete"
	OpenForm Act = "open_form" // needs Reply.Token
	Home     Act = "home"      // publishes the home tab of To.User
)

// Priority orders the outbox; lower goes first.
type Priority int

// The priorities. A share of every bucket is reserved for answers.
const (
	Answers   Priority = 0
	Notices   Priority = 1
	Campaigns Priority = 2
)

// Throttled means not now, and no blame. Whole tells that the whole operation of the
// connection is paused, not only this address.
type Throttled struct {
	After time.Duration
	Whole bool
	Why   string
}

func (e *Throttled) Error() string { return fmt.Sprintf("throttled for %s: %s", e.After, e.Why) }

// Refused means never. Code is the platform's word for it, short and without
// personal data. Down tells that the connection itself is refused (token
// revoked, scope missing), not this recipient.
type Refused struct {
	Code string
	Down bool
}

func (e *Refused) Error() string { return "refused: " + e.Code }

// InDoubt means that the call may have arrived.
type InDoubt struct{ Err error }

func (e *InDoubt) Error() string { return "in doubt: " + e.Err.Error() }
func (e *InDoubt) Unwrap() error { return e.Err }

// What Hear may fail with. None of them says why, so that nothing can be learned
// from an answer.
var (
	ErrSignature    = errors.New("signature or time is wrong")
	ErrNoConnection = errors.New("no such connection")
	ErrMalformed    = errors.New("body cannot be read")
)

// Limits says what one message of a platform may hold. Lengths of labels and
// texts are counted in Unit.
type Limits struct {
	Unit        Unit
	Text        int // longest text of a message without buttons and cards
	TextButtons int // longest text of a message with buttons; 0 = as Text
	TextCards   int // longest text of a message with cards; 0 = as Text, <0 = none: text and cards are separate messages
	Buttons     int // most buttons of a message; 0 = none at all
	ButtonLabel int
	Cards       int // most cards of a message; 0 = none
	CardTitle   int
	CardText    int
	CardButtons int
	CardImage   bool // cards can carry a picture
	Image       bool // a message can carry a picture
	ImageAlone  bool // … but only by itself
	Video       int  // largest video in bytes that plays in the chat, in a message of its own; 0 = none does
	VideoCover  int  // largest picture in bytes that stands for it
	Forms       bool // native forms
	PerCall     int  // messages in one API call; 1 nearly everywhere
	Updates     bool // Update changes a message that stands there
	Replies     bool // a Post may use the inbound's reply token, which is free and quick
	FormTitle   int
}

// Unit is how a platform counts length.
type Unit string

// The units.
const (
	Runes    Unit = "runes"
	UTF16    Unit = "utf16"
	Clusters Unit = "clusters" // grapheme clusters
)
