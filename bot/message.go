// Package bot is how we talk: one language for every chat platform.
//
// A Message says what the bot says and an Inbound what it hears, both in words
// that no platform owns. The packages below this one translate; nothing above
// them ever sees a platform's JSON.
package bot

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Message is what the bot says. Text is plain text, never markup, and always
// complete: it is what a text-only platform, a notification or a log shows.
// Text never contains a Button's Open address (a personal link); Fit writes one
// into the text only where a platform has no buttons at all.
type Message struct {
	Text    string   `json:"text"`
	Image   *Image   `json:"image,omitempty"`
	Video   *Video   `json:"video,omitempty"` // plays in the chat where it can; elsewhere the buttons lead to it
	Cards   []Card   `json:"cards,omitempty"` // a shelf of materials
	Buttons []Button `json:"buttons,omitempty"`
	Form    *Form    `json:"form,omitempty"`    // native where it exists, else a link to its web twin
	Private bool     `json:"private,omitempty"` // for the one who asked, even when the room is shared
}

// Image is a picture at a public https address; Alt says in words what it shows.
type Image struct {
	URL string `json:"url"`
	Alt string `json:"alt"`
}

// Video is one that plays in the chat. URL is an https address, or what stands for
// one until the message leaves, and so is Tracking, which the platform tells us when
// somebody watched it to its end.
type Video struct {
	URL      string `json:"url"`
	Cover    Image  `json:"cover"`
	Tracking string `json:"tracking"`
	Size     int64  `json:"size"`       // in bytes
	CoverOf  int64  `json:"cover_size"` // in bytes
}

// Card is a title, a text, a picture and buttons that belong together.
type Card struct {
	Title   string   `json:"title"`
	Text    string   `json:"text,omitempty"`
	Image   *Image   `json:"image,omitempty"`
	Buttons []Button `json:"buttons,omitempty"`
}

// Button can be pressed. Exactly one of Press and Open is set: Press comes back
// to us as an Inbound, Open is an https address that the client opens.
type Button struct {
	Label string `json:"label"`
	Press Press  `json:"press,omitzero"`
	Open  string `json:"open,omitempty"`
	Style Style  `json:"style,omitempty"`
}

// Style is a hint that a platform may ignore.
type Style string

// The styles a Button may have.
const (
	Plain   Style = ""
	Primary Style = "primary"
	Danger  Style = "danger"
)

// Press is what comes back when a button is pressed: a name of the form
// noun.verb and its arguments. Arguments are references, never authority.
type Press struct {
	Name string     `json:"name"`
	Args url.Values `json:"args,omitempty"`
}

// IsZero tells whether the button has no press.
func (p Press) IsZero() bool { return p.Name == "" }

// MaxPress is the longest encoded Press in bytes: LINE's postback data holds
// 300 characters (Messaging API reference, "Postback action").
const MaxPress = 300

// Encode is the form a Press takes on a platform's wire: "name" or "name?k=v".
// Keys are sorted, so equal presses have equal encodings.
func (p Press) Encode() string {
	if len(p.Args) == 0 {
		return p.Name
	}
	return p.Name + "?" + p.Args.Encode()
}

// ParsePress reads what Encode wrote. Anything else is an error.
func ParsePress(s string) (Press, error) {
	if len(s) > MaxPress {
		return Press{}, fmt.Errorf("a press of %d bytes is longer than %d", len(s), MaxPress)
	}
	name, query, has := strings.Cut(s, "?")
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_.") != "" {
		return Press{}, fmt.Errorf("%.40q is no press", s)
	}
	p := Press{Name: name}
	if !has {
		return p, nil
	}
	args, err := url.ParseQuery(query)
	if err != nil {
		return Press{}, fmt.Errorf("the arguments of press %q cannot be read", name)
	}
	p.Args = args
	return p, nil
}

// NewPress makes a Press from pairs: NewPress("material.send", "m", "price-2026").
func NewPress(name string, pairs ...string) Press {
	p := Press{Name: name}
	for i := 0; i+1 < len(pairs); i += 2 {
		if p.Args == nil {
			p.Args = url.Values{}
		}
		p.Args.Set(pairs[i], pairs[i+1])
	}
	return p
}

// Form is fields asked for at once: a modal, or our web page where there are none.
// A Form is only ever an answer to a press or a command.
type Form struct {
	Name   string     `json:"name"`             // what its submission is called in handlers/routes.go
	Draft  string     `json:"draft"`            // unique: one draft has at most one effect
	Args   url.Values `json:"args,omitempty"`   // come back unchanged with the submission
	Title  string     `json:"title"`            // at most 24 characters are shown on Slack
	Text   string     `json:"text,omitempty"`   // shown above the fields
	Submit string     `json:"submit"`           // label of the sending button
	Cancel string     `json:"cancel"`           // label of the closing button
	Fields []Field    `json:"fields,omitempty"` // in order
	Open   string     `json:"open,omitempty"`   // address of the web twin
	Label  string     `json:"label,omitempty"`  // label of the button that opens the web twin
	Lang   string     `json:"lang,omitempty"`   // language of its sentences
	Keep   bool       `json:"keep,omitempty"`   // what stands in it is told while it is typed, as Kept
}

// Filled is the form with these values in its fields, and nothing in those that
// have none.
func (f Form) Filled(values url.Values) Form {
	f.Fields = slices.Clone(f.Fields)
	for i := range f.Fields {
		f.Fields[i].Value = slices.Clone(values[f.Fields[i].Name])
	}
	return f
}

// Field answers the first value that stands in a field; "" = none, or no such field.
func (f Form) Field(name string) string {
	i := slices.IndexFunc(f.Fields, func(x Field) bool { return x.Name == name })
	if i < 0 || len(f.Fields[i].Value) == 0 {
		return ""
	}
	return f.Fields[i].Value[0]
}

// Field is one thing a Form asks for. Its value comes back in Inbound.Args
// under Name (several values for Choices).
type Field struct {
	Name     string    `json:"name"`
	Section  string    `json:"section,omitempty"` // heading above this field and those that follow
	Label    string    `json:"label"`
	Hint     string    `json:"hint,omitempty"`
	Kind     FieldKind `json:"kind"`
	Options  []Option  `json:"options,omitempty"` // for Choice and Choices: fixed ones
	Load     string    `json:"load,omitempty"`    // for Choice and Choices: name of a choices route, when there may be many
	Value    []string  `json:"value,omitempty"`   // what stands there already
	Required bool      `json:"required,omitempty"`
	Max      int       `json:"max,omitempty"` // longest text in characters; 0 = 3000
}

// FieldKind says what a Field holds.
type FieldKind string

// The kinds of Field.
const (
	Line    FieldKind = "line"    // one line of text
	Lines   FieldKind = "lines"   // several lines of text
	Choice  FieldKind = "choice"  // one of Options
	Choices FieldKind = "choices" // any of Options
	Date    FieldKind = "date"    // YYYY-MM-DD
)

// Option is one choice. Value is at most 75 characters.
type Option struct {
	Label string `json:"label"`
	Value string `json:"value"`
}
