package line

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/line/line-bot-sdk-go/v8/linebot/messaging_api"

	"akari/bot"
)

// The sizes of the Messaging API (ref "Message objects", "Flex Message").
const (
	maxMessages = 5      // in one call
	maxBubble   = 30_000 // bytes of JSON
	maxCarousel = 50_000 // bytes of JSON
	maxAlt      = 400    // of 1,500; older clients cut at 400
	shortLabel  = 20     // what a button shows without cutting on a phone
	maxURI      = 1000   // of an action
)

// Colours with a contrast of at least 4.5 to what is written on them.
const (
	amber  = "#9A5B00" // the light of akari; with white text
	red    = "#B3261E" // with white text
	grey   = "#F1EFEA" // with dark text
	dark   = "#1F1B16"
	faint  = "#5F5A52"
	bright = "#FFFFFF"
)

// rawMessage passes a frozen message through the SDK unchanged.
type rawMessage struct {
	typ  string
	body json.RawMessage
}

func (m rawMessage) GetType() string              { return m.typ }
func (m rawMessage) MarshalJSON() ([]byte, error) { return m.body, nil }

// trackingForm is what a tracking id of ours may be (ref "Video message" allows more).
var trackingForm = regexp.MustCompile(`^[A-Za-z0-9.-]{1,100}$`)

// unitForm is what an aggregation unit may be.
var unitForm = regexp.MustCompile(`^[A-Za-z0-9_]{1,30}$`)

// Render freezes up to five fitted parts into the body of a push. Also a delivery
// that answers by reply token is frozen as one: so it can fall back to a push,
// and its token is not written down.
func (p *Platform) Render(d bot.Delivery) ([]byte, error) {
	if d.Act != bot.Post && d.Act != bot.Private {
		return nil, fmt.Errorf("line: cannot %q; LINE has neither edit, delete nor forms", d.Act)
	}
	to, err := receiver(d)
	if err != nil {
		return nil, err
	}
	// Units must not be nil: null is refused.
	body := &messaging_api.PushMessageRequest{To: to, CustomAggregationUnits: []string{}}
	for i, m := range d.Parts {
		if err := limits().Check(m); err != nil {
			return nil, fmt.Errorf("line: part %d was not fitted: %w", i+1, err)
		}
		if m.Video != nil && !strings.HasPrefix(to, "U") {
			return nil, fmt.Errorf("line: part %d is a tracked video, which LINE takes only one-to-one", i+1)
		}
		frozen, err := freeze(m)
		if err != nil {
			return nil, fmt.Errorf("line: part %d: %w", i+1, err)
		}
		for _, message := range frozen {
			body.Messages = append(body.Messages, message)
		}
	}
	if n := len(body.Messages); n == 0 || n > maxMessages {
		return nil, fmt.Errorf("line: %d messages in one call, there must be 1 to %d", n, maxMessages)
	}
	if p.o.Units && unitForm.MatchString(d.Tag) {
		body.CustomAggregationUnits = append(body.CustomAggregationUnits, d.Tag)
	}
	return json.Marshal(body)
}

// receiver is whom to push to: what is private goes to the one-to-one room.
func receiver(d bot.Delivery) (string, error) {
	to := d.To.Room
	if d.To.Direct || private(d) {
		to = d.To.User
	}
	if !idForm.MatchString(to) {
		return "", errors.New("line: the receiver is no user, group or room id (U, C or R and 32 hex digits); LINE does not tell the user id of everybody in a group")
	}
	return to, nil
}

// freeze makes one part into one message, or a carousel too heavy into two.
func freeze(m bot.Message) ([]rawMessage, error) {
	var message messaging_api.MessageInterface
	most := maxCarousel
	switch {
	case len(m.Cards) > 0:
		message = carousel(m.Cards)
	case m.Video != nil:
		if !trackingForm.MatchString(m.Video.Tracking) {
			return nil, errors.New("its tracking id is none that LINE takes")
		}
		message = &messaging_api.VideoMessage{OriginalContentUrl: m.Video.URL, PreviewImageUrl: m.Video.Cover.URL, TrackingId: m.Video.Tracking}
	case m.Image != nil:
		message = &messaging_api.ImageMessage{OriginalContentUrl: m.Image.URL, PreviewImageUrl: m.Image.URL}
	case len(m.Buttons) > 0:
		message, most = flex(m.Text, bubble(bot.Card{Text: m.Text, Buttons: m.Buttons}, false)), maxBubble
	default:
		message = &messaging_api.TextMessage{Text: m.Text}
	}
	if err := checkButtons(m); err != nil {
		return nil, err
	}
	frozen, err := json.Marshal(message)
	if err != nil {
		return nil, fmt.Errorf("making its JSON: %w", err)
	}
	raw, ok := readMessage(frozen)
	if !ok {
		return nil, errors.New("its JSON has no type: an SDK value was passed by value instead of by pointer")
	}
	switch {
	case len(frozen) <= most:
		return []rawMessage{raw}, nil
	case len(m.Cards) < 2:
		return nil, fmt.Errorf("its JSON is %d bytes, at most %d", len(frozen), most)
	}
	half := len(m.Cards) / 2
	first, err := freeze(bot.Message{Cards: m.Cards[:half]})
	if err != nil {
		return nil, err
	}
	second, err := freeze(bot.Message{Cards: m.Cards[half:]})
	return append(first, second...), err
}

func readMessage(frozen json.RawMessage) (rawMessage, bool) {
	var typed struct {
		Type string `json:"type"`
	}
	err := json.Unmarshal(frozen, &typed)
	return rawMessage{typed.Type, frozen}, err == nil && typed.Type != ""
}

// checkButtons refuses what LINE would refuse, before it is written down.
func checkButtons(m bot.Message) error {
	buttons := m.Buttons
	for _, c := range m.Cards {
		buttons = append(buttons[:len(buttons):len(buttons)], c.Buttons...)
	}
	for _, b := range buttons {
		switch {
		case b.Open == "" && b.Press.IsZero():
			return errors.New("a button has neither press nor address")
		case b.Open != "" && len(b.Open) > maxURI:
			return fmt.Errorf("the address of a button is %d bytes, at most %d", len(b.Open), maxURI)
		case b.Open == "" && len(b.Press.Encode()) > bot.MaxPress:
			return fmt.Errorf("press %q is %d bytes, at most %d", b.Press.Name, len(b.Press.Encode()), bot.MaxPress)
		}
	}
	return nil
}

func flex(alt string, contents messaging_api.FlexContainerInterface) *messaging_api.FlexMessage {
	return &messaging_api.FlexMessage{AltText: bot.UTF16.Shorten(alt, maxAlt), Contents: contents}
}

// carousel is a shelf. Its alternative text, which notifications show, is the
// titles.
func carousel(cards []bot.Card) *messaging_api.FlexMessage {
	c := &messaging_api.FlexCarousel{}
	alt, last := []string{}, ""
	for _, card := range cards {
		c.Contents = append(c.Contents, *bubble(card, true))
		if card.Title != last { // a card that goes on has the same title
			alt, last = append(alt, "・"+card.Title), card.Title
		}
	}
	if len(alt) == 0 {
		alt = append(alt, "▼")
	}
	return flex(strings.Join(alt, "\n"), c)
}

// bubble is a card, or a text with buttons.
func bubble(card bot.Card, small bool) *messaging_api.FlexBubble {
	b := &messaging_api.FlexBubble{Size: messaging_api.FlexBubbleSIZE_MEGA}
	if small {
		b.Size = messaging_api.FlexBubbleSIZE_KILO
	}
	if card.Image != nil {
		b.Hero = &messaging_api.FlexImage{
			Url: card.Image.URL, Size: "full", AspectRatio: "20:13", AspectMode: messaging_api.FlexImageASPECT_MODE_FIT, BackgroundColor: grey,
		}
	}
	body := []messaging_api.FlexComponentInterface{}
	if card.Title != "" {
		body = append(body, words(card.Title, "md", dark, messaging_api.FlexTextWEIGHT_BOLD))
	}
	if card.Text != "" {
		size, colour := "md", dark
		if small {
			size, colour = "sm", faint
		}
		body = append(body, words(card.Text, size, colour, messaging_api.FlexTextWEIGHT_REGULAR))
	}
	if len(body) > 0 {
		b.Body = box(body, "md")
	}
	if len(card.Buttons) > 0 {
		foot := []messaging_api.FlexComponentInterface{}
		for _, button := range card.Buttons {
			foot = append(foot, press(button))
		}
		b.Footer = box(foot, "sm")
	}
	return b
}

func box(contents []messaging_api.FlexComponentInterface, spacing string) *messaging_api.FlexBox {
	return &messaging_api.FlexBox{Layout: messaging_api.FlexBoxLAYOUT_VERTICAL, Spacing: spacing, Contents: contents}
}

// words wraps, and grows with the reader's own text size.
func words(s, size, colour string, weight messaging_api.FlexTextWEIGHT) *messaging_api.FlexText {
	return &messaging_api.FlexText{Text: s, Size: size, Color: colour, Weight: weight, Wrap: true, Scaling: true}
}

// press is a button. A client cuts a button's label to one line, so a long one,
// such as a question to choose, becomes a box that wraps and can be pressed.
func press(b bot.Button) messaging_api.FlexComponentInterface {
	back, ink := grey, dark
	style := messaging_api.FlexButtonSTYLE_SECONDARY
	switch b.Style {
	case bot.Primary:
		back, ink, style = amber, bright, messaging_api.FlexButtonSTYLE_PRIMARY
	case bot.Danger:
		back, ink, style = red, bright, messaging_api.FlexButtonSTYLE_PRIMARY
	}
	if bot.UTF16.Len(b.Label) <= shortLabel {
		return &messaging_api.FlexButton{
			Action: action(b), Style: style, Color: back, Height: messaging_api.FlexButtonHEIGHT_SM,
			AdjustMode: messaging_api.FlexButtonADJUST_MODE_SHRINK_TO_FIT, Scaling: true,
		}
	}
	label := words(b.Label, "md", ink, messaging_api.FlexTextWEIGHT_REGULAR)
	label.Align = messaging_api.FlexTextALIGN_CENTER
	out := box([]messaging_api.FlexComponentInterface{label}, "none")
	out.Action, out.BackgroundColor, out.CornerRadius, out.PaddingAll = action(b), back, "8px", "10px"
	return out
}

// action: a press leaves its label in the talk as what the person said.
func action(b bot.Button) messaging_api.ActionInterface {
	if b.Open != "" {
		return &messaging_api.UriAction{Label: b.Label, Uri: b.Open}
	}
	return &messaging_api.PostbackAction{Label: b.Label, Data: b.Press.Encode(), DisplayText: b.Label}
}
