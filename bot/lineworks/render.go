package lineworks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"akari/bot"
)

// Longest and most of what Render writes, in characters.
const (
	maxText        = 2000 // page bot-send-text
	maxButtonText  = 1000 // page bot-send-button, contentText
	maxActions     = 10   // page bot-send-button
	maxLabel       = 20   // page bot-actionobject
	maxActionText  = 300  // page bot-actionobject, text of a message action
	maxPostback    = 1000 // page bot-actionobject, postback of a message action
	maxURI         = 1000 // pages bot-actionobject, bot-send-image
	maxAltText     = 400  // page bot-send-flex
	maxBubbles     = 10   // page bot-send-flex-carousel
	maxCardTitle   = 40   // as in the carousel template, so that a title stays two lines
	maxCardText    = 300  // ours: see Limits
	maxCardButtons = 3    // ours: see Limits
	maxMenu        = 4    // page bot-persistentmenu-create
)

// Largest JSON in bytes. The pages differ (bubble 15 KB in Japanese, 30 KB in
// English); the smaller figure holds on both.
const (
	maxBubble   = 15 << 10
	maxCarousel = 30 << 10
)

// The shapes of a message's content. A property that the platform does not
// define may do anything (page bot-send-content), so these are all there is.
type (
	envelope struct {
		Content any `json:"content"`
	}
	textContent struct {
		Type string `json:"type"` // text
		Text string `json:"text"`
	}
	imageContent struct {
		Type     string `json:"type"` // image
		Preview  string `json:"previewImageUrl"`
		Original string `json:"originalContentUrl"`
	}
	buttonContent struct {
		Type    string   `json:"type"` // button_template
		Text    string   `json:"contentText"`
		Actions []action `json:"actions"`
	}
	// action is a button. A Press is a message action with a postback: postback
	// actions do not work in button templates, and are unproven in flex.
	action struct {
		Type     string `json:"type"` // message or uri
		Label    string `json:"label"`
		Text     string `json:"text,omitempty"`
		Postback string `json:"postback,omitempty"`
		URI      string `json:"uri,omitempty"`
	}
)

// Render makes the body of the one call: {"content":{…}}. Equal deliveries give
// equal bytes. An error means that the delivery does not fit or has no place
// on this platform; trying again changes nothing.
func (p *Platform) Render(d bot.Delivery) ([]byte, error) {
	content, err := p.content(d)
	if err != nil {
		return nil, fmt.Errorf("while rendering delivery %s for LINE WORKS: %w", d.ID, err)
	}
	return encode(envelope{content})
}

func (p *Platform) content(d bot.Delivery) (any, error) {
	switch {
	case d.Act != bot.Post && d.Act != bot.Private:
		return nil, fmt.Errorf("LINE WORKS cannot %s: messages cannot be changed, and there are no forms or home tabs", d.Act)
	case toUser(d) && d.To.User == "":
		return nil, errors.New("nobody is named to send it to")
	case len(d.Parts) != 1:
		return nil, fmt.Errorf("%d parts, but one call is one message", len(d.Parts))
	}
	m := d.Parts[0]
	if err := p.Limits().Check(m); err != nil {
		return nil, fmt.Errorf("it was not fitted: %w", err)
	}
	switch {
	case len(m.Cards) > 0:
		return p.flex(m.Cards)
	case m.Image != nil:
		if err := p.checkAddress(m.Image.URL); err != nil {
			return nil, fmt.Errorf("the picture: %w", err)
		}
		return imageContent{"image", m.Image.URL, m.Image.URL}, nil
	case len(m.Buttons) > 0:
		actions, err := p.actions(m.Buttons)
		if err != nil {
			return nil, err
		}
		return buttonContent{"button_template", neutral(m.Text, maxButtonText), actions}, nil
	case strings.TrimSpace(m.Text) == "":
		return nil, errors.New("it says nothing")
	}
	return textContent{"text", neutral(m.Text, maxText)}, nil
}

func (p *Platform) actions(buttons []bot.Button) ([]action, error) {
	var all []action
	for _, b := range buttons {
		a, err := p.action(b)
		if err != nil {
			return nil, fmt.Errorf("button %q: %w", b.Label, err)
		}
		all = append(all, a)
	}
	return all, nil
}

func (p *Platform) action(b bot.Button) (action, error) {
	label := neutral(b.Label, maxLabel)
	if label == "" || utf8.RuneCountInString(label) > maxLabel {
		return action{}, fmt.Errorf("its label must have 1 to %d characters", maxLabel)
	}
	switch press := b.Press.Encode(); {
	case b.Press.IsZero() == (b.Open == ""):
		return action{}, errors.New("it must have either a press or an address")
	case b.Open != "":
		if err := p.checkAddress(b.Open); err != nil {
			return action{}, err
		}
		return action{Type: "uri", Label: label, URI: b.Open}, nil
	case len(press) > bot.MaxPress:
		return action{}, fmt.Errorf("its press has %d bytes, at most %d", len(press), bot.MaxPress)
	default:
		return action{Type: "message", Label: label, Text: label, Postback: press}, nil
	}
}

// checkAddress makes sure that the platform and its clients can fetch it.
func (p *Platform) checkAddress(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.User != nil:
		return errors.New("it has no proper address")
	case u.Scheme != "https" && (u.Scheme != "http" || !p.insecure):
		return errors.New("its address must begin with https://")
	case utf8.RuneCountInString(s) > maxURI:
		return fmt.Errorf("its address is longer than %d characters", maxURI)
	}
	return nil
}

// encode writes JSON without escaping <, > and &, which would only cost room.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// zeroWidth stands between < and m, so that the two are seen but are no markup.
const zeroWidth = "\u200b"

// neutral makes a text harmless. LINE WORKS reads <m userId="…"> in any text as
// a mention, userId="all" as one of everybody, and has no way to escape it (page
// bot-mention). None of our texts mentions anyone, so every < that an m follows,
// in any case and with anything blank between, gets a zero-width space; where
// that would make the text longer than max characters, it becomes a full-width
// ＜ instead. Control characters go, because the platform may drop them and so
// put together what they parted.
func neutral(s string, max int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n"))
	safe := part(s, "<"+zeroWidth)
	if utf8.RuneCountInString(safe) > max {
		safe = part(s, "＜")
	}
	return safe
}

func part(s, instead string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "<")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		if opensMention(after) {
			b.WriteString(instead)
		} else {
			b.WriteByte('<')
		}
		s = after
	}
}

// opensMention tells whether what follows a < could be read as a mention. A
// zero-width space right after it means that it was parted already.
func opensMention(after string) bool {
	if strings.HasPrefix(after, zeroWidth) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(after, blank))
	return r == 'm' || r == 'M' || r == 'ｍ' || r == 'Ｍ'
}
