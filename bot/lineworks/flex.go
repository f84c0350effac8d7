package lineworks

import (
	"fmt"
	"strings"

	"akari/bot"
)

// The flex properties that we use, all of them documented for LINE WORKS (pages
// bot-send-flex-bubble, -carousel, -box, -image, -text, -button). Its flex is
// close to LINE's but lacks much of it, so LINE's SDK cannot write it.
type (
	flexContent struct {
		Type     string `json:"type"` // flex
		AltText  string `json:"altText"`
		Contents any    `json:"contents"` // flexBubble or flexCarousel
	}
	flexCarousel struct {
		Type     string       `json:"type"` // carousel
		Contents []flexBubble `json:"contents"`
	}
	flexBubble struct {
		Type   string     `json:"type"` // bubble
		Size   string     `json:"size"`
		Hero   *flexImage `json:"hero,omitempty"`
		Body   *flexBox   `json:"body,omitempty"`
		Footer *flexBox   `json:"footer,omitempty"`
	}
	flexBox struct {
		Type     string `json:"type"`   // box
		Layout   string `json:"layout"` // vertical
		Spacing  string `json:"spacing,omitempty"`
		Contents []any  `json:"contents"`
	}
	flexImage struct {
		Type        string `json:"type"` // image
		URL         string `json:"url"`
		Size        string `json:"size,omitempty"`
		AspectRatio string `json:"aspectRatio,omitempty"`
		AspectMode  string `json:"aspectMode,omitempty"`
	}
	flexText struct {
		Type   string `json:"type"` // text
		Text   string `json:"text"`
		Size   string `json:"size,omitempty"`
		Weight string `json:"weight,omitempty"`
		Color  string `json:"color,omitempty"`
		Wrap   bool   `json:"wrap,omitempty"`
	}
	flexButton struct {
		Type   string `json:"type"` // button
		Action action `json:"action"`
		Style  string `json:"style,omitempty"`
		Height string `json:"height,omitempty"`
		Color  string `json:"color,omitempty"`
	}
)

// Colours with a contrast of at least 4.5 : 1 against white.
const (
	grey = "#555555"
	red  = "#C62828"
)

// flex makes one bubble of one card and a carousel of several, all of one width
// as a carousel demands. Where ten rich cards would be larger than a carousel
// may be, their pictures, being decoration, stay away.
func (p *Platform) flex(cards []bot.Card) (any, error) {
	content, size, err := p.shelf(cards, true)
	if err == nil && size > maxCarousel {
		content, size, err = p.shelf(cards, false)
	}
	if err == nil && size > maxCarousel {
		err = fmt.Errorf("its cards take %d bytes, at most %d: shorten their texts or addresses", size, maxCarousel)
	}
	return content, err
}

func (p *Platform) shelf(cards []bot.Card, pictures bool) (flexContent, int, error) {
	var bubbles []flexBubble
	var titles []string
	for i, c := range cards {
		b, err := p.bubble(c, pictures)
		if err != nil {
			return flexContent{}, 0, fmt.Errorf("card %d: %w", i+1, err)
		}
		bubbles = append(bubbles, b)
		if t := firstOf(c.Title, c.Text); t != "" {
			titles = append(titles, t)
		}
	}
	alt := neutral(bot.Runes.Shorten(strings.Join(titles, "、"), maxAltText), maxAltText)
	content := flexContent{Type: "flex", AltText: alt}
	if len(bubbles) == 1 {
		content.Contents = bubbles[0]
	} else {
		content.Contents = flexCarousel{"carousel", bubbles}
	}
	raw, err := encode(content.Contents)
	return content, len(raw), err
}

func (p *Platform) bubble(c bot.Card, pictures bool) (flexBubble, error) {
	b := flexBubble{Type: "bubble", Size: "kilo"}
	if c.Image != nil && pictures {
		if err := p.checkAddress(c.Image.URL); err != nil {
			return b, fmt.Errorf("its picture: %w", err)
		}
		b.Hero = &flexImage{Type: "image", URL: c.Image.URL, Size: "full", AspectRatio: "20:13", AspectMode: "cover"}
	}
	body := flexBox{Type: "box", Layout: "vertical", Spacing: "sm"}
	if t := neutral(c.Title, maxCardTitle); t != "" {
		body.Contents = append(body.Contents, flexText{Type: "text", Text: t, Weight: "bold", Wrap: true})
	}
	if t := neutral(c.Text, maxCardText); t != "" {
		body.Contents = append(body.Contents, flexText{Type: "text", Text: t, Size: "sm", Color: grey, Wrap: true})
	}
	if len(body.Contents) == 0 {
		return b, fmt.Errorf("it has neither title nor text")
	}
	b.Body = &body
	if len(c.Buttons) > 0 {
		b.Footer = &flexBox{Type: "box", Layout: "vertical", Spacing: "sm"}
		actions, err := p.actions(c.Buttons)
		if err != nil {
			return b, err
		}
		for i, a := range actions {
			b.Footer.Contents = append(b.Footer.Contents, styled(a, c.Buttons[i].Style))
		}
	}
	raw, err := encode(b)
	if err == nil && len(raw) > maxBubble {
		err = fmt.Errorf("it takes %d bytes, at most %d", len(raw), maxBubble)
	}
	return b, err
}

func styled(a action, s bot.Style) flexButton {
	b := flexButton{Type: "button", Action: a, Style: "secondary", Height: "sm"}
	switch s {
	case bot.Primary:
		b.Style = "primary"
	case bot.Danger:
		b.Style, b.Color = "primary", red
	}
	return b
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}
