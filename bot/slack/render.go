package slack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	sdk "github.com/slack-go/slack"

	"akari/bot"
)

// Limits of reference/block-kit and surfaces/modals, in characters.
const (
	maxSection    = 3000
	maxLabel      = 75
	maxURL        = 3000
	maxAlt        = 2000
	maxRow        = 25 // buttons of one actions block
	maxBlocks     = 50
	maxViewBlocks = 100
	maxTitle      = 24
	maxHeader     = 150
	maxMetadata   = 3000
	maxID         = 255
	maxInputLabel = 2000
	maxOptionText = 75
	maxPlainInput = 3000
	maxFallback   = 4000 // chat.postMessage: aim for the top-level text
	metadataEvent = "akari_delivery"
)

// chatBody is what chat.* takes. Channel comes first: Send puts a one-to-one
// room's id there, where it is known.
type chatBody struct {
	Channel      string      `json:"channel,omitempty"`
	User         string      `json:"user,omitempty"`
	TS           string      `json:"ts,omitempty"`
	ThreadTS     string      `json:"thread_ts,omitempty"`
	ResponseType string      `json:"response_type,omitempty"`
	Replace      *bool       `json:"replace_original,omitempty"`
	Text         string      `json:"text"`
	Blocks       []sdk.Block `json:"blocks"`
	Metadata     metadata    `json:"metadata"`
	UnfurlLinks  bool        `json:"unfurl_links"`
	UnfurlMedia  bool        `json:"unfurl_media"`
}

// metadata lets a delivery be found again. Everybody in the workspace can read
// it, so it holds the delivery's key and nothing else.
type metadata struct {
	EventType string         `json:"event_type"`
	Payload   map[string]any `json:"event_payload"`
}

// Render turns a delivery into the JSON body of its method. It is pure.
func (p *Platform) Render(d bot.Delivery) ([]byte, error) {
	body, err := p.render(d, p.methodFor(d))
	if err != nil {
		return nil, fmt.Errorf("while rendering delivery %s for Slack: %w", d.Key, err)
	}
	return body, nil
}

func (p *Platform) render(d bot.Delivery, m method) ([]byte, error) {
	if m == deleteMessage {
		return renderDelete(d)
	}
	if len(d.Parts) != 1 {
		return nil, fmt.Errorf("it has %d parts, and Slack takes one a call", len(d.Parts))
	}
	msg := d.Parts[0]
	switch m {
	case openView:
		return renderForm(d, msg.Form)
	case publishView:
		return renderHome(d, msg)
	}
	blocks, err := messageBlocks(msg)
	if err != nil {
		return nil, err
	}
	body := chatBody{
		ThreadTS: d.To.Thread, Text: fallback(msg), Blocks: blocks,
		Metadata: metadata{metadataEvent, map[string]any{"id": d.Key}},
	}
	switch m {
	case responseURL:
		no := false
		body.ResponseType, body.Replace = "ephemeral", &no
	case postEphemeral:
		if d.To.User == "" {
			return nil, fmt.Errorf("it is private but names no user")
		}
		body.User = d.To.User
	case updateMessage:
		if d.Ref == "" {
			return nil, fmt.Errorf("it updates a message but names none")
		}
		body.TS, body.ThreadTS = d.Ref, ""
	}
	if m != responseURL {
		if body.Channel, err = channelOf(d); err != nil {
			return nil, err
		}
	}
	return encode(body), nil
}

// channelOf is the room, or for one-to-one talk whose room is not known yet the
// user, whom Send replaces by the room.
func channelOf(d bot.Delivery) (string, error) {
	switch {
	case d.To.Room != "":
		return d.To.Room, nil
	case d.To.User != "":
		return d.To.User, nil
	}
	return "", fmt.Errorf("it names neither a room nor a user")
}

func renderDelete(d bot.Delivery) ([]byte, error) {
	channel, err := channelOf(d)
	if err == nil && d.Ref == "" {
		err = fmt.Errorf("it deletes a message but names none")
	}
	return encode(struct {
		Channel string `json:"channel"`
		TS      string `json:"ts"`
	}{channel, d.Ref}), err
}

func renderHome(d bot.Delivery, msg bot.Message) ([]byte, error) {
	if d.To.User == "" {
		return nil, fmt.Errorf("it publishes a home tab but names no user")
	}
	blocks, err := messageBlocks(msg)
	if err != nil {
		return nil, err
	}
	return encode(struct {
		User string                 `json:"user_id"`
		View sdk.HomeTabViewRequest `json:"view"`
	}{d.To.User, sdk.HomeTabViewRequest{Type: sdk.VTHomeTab, Blocks: sdk.Blocks{BlockSet: blocks}}}), nil
}

// fallback is the text of notifications and screen readers. It is escaped like
// everything else, and shortened: the blocks have it all.
func fallback(m bot.Message) string {
	text := m.Text
	if strings.TrimSpace(text) == "" {
		switch {
		case len(m.Cards) > 0:
			text = m.Cards[0].Title
		case m.Image != nil:
			text = m.Image.Alt
		case len(m.Buttons) > 0:
			text = m.Buttons[0].Label
		case m.Form != nil:
			text = m.Form.Label
		}
	}
	return escape(bot.Runes.Shorten(text, maxFallback))
}

// messageBlocks is text, picture, cards and buttons, in this order.
func messageBlocks(m bot.Message) ([]sdk.Block, error) {
	row := actions{}
	blocks := textBlocks(m.Text)
	if m.Image != nil {
		image, err := imageBlock(*m.Image)
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, image)
	}
	for _, c := range m.Cards {
		card, err := cardBlocks(c, &row)
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, card...)
	}
	buttons := m.Buttons
	if m.Form != nil && m.Form.Open != "" { // a form in a message is a way to its web twin
		buttons = append(buttons[:len(buttons):len(buttons)], bot.Button{Label: m.Form.Label, Open: m.Form.Open})
	}
	rows, err := row.blocks(buttons)
	if err != nil {
		return nil, err
	}
	blocks = append(blocks, rows...)
	if len(blocks) == 0 {
		return nil, fmt.Errorf("the message is empty")
	}
	if len(blocks) > maxBlocks {
		return nil, fmt.Errorf("the message needs %d blocks, and Slack takes %d", len(blocks), maxBlocks)
	}
	return blocks, nil
}

func textBlocks(text string) []sdk.Block {
	var out []sdk.Block
	for _, s := range sections(text, maxSection) {
		out = append(out, &sdk.SectionBlock{Type: sdk.MBTSection, Text: verbatim(s)})
	}
	return out
}

// verbatim text is taken as it stands: no names or addresses in it come alive.
func verbatim(s string) *sdk.TextBlockObject {
	return &sdk.TextBlockObject{Type: sdk.MarkdownType, Text: s, Verbatim: true}
}

func plain(s string, limit int) *sdk.TextBlockObject {
	no := false // ":x:" in a name stays what it is
	return &sdk.TextBlockObject{Type: sdk.PlainTextType, Text: bot.Runes.Shorten(s, limit), Emoji: &no}
}

func imageBlock(i bot.Image) (sdk.Block, error) {
	address, err := webAddress(i.URL)
	if err != nil {
		return nil, fmt.Errorf("the picture cannot be shown: %w", err)
	}
	return &sdk.ImageBlock{Type: sdk.MBTImage, ImageURL: address, AltText: alt(i, "image")}, nil
}

// alt is required by Slack, and by everybody who cannot see the picture.
func alt(i bot.Image, instead string) string {
	if strings.TrimSpace(i.Alt) == "" {
		return bot.Runes.Shorten(instead, maxAlt)
	}
	return bot.Runes.Shorten(i.Alt, maxAlt)
}

func webAddress(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.ContainsFunc(raw, notHeader) {
		return "", fmt.Errorf("an address is not one of the web")
	}
	if len(raw) > maxURL {
		return "", fmt.Errorf("an address is longer than %d characters", maxURL)
	}
	return raw, nil
}

func cardBlocks(c bot.Card, row *actions) ([]sdk.Block, error) {
	texts := sections(c.Text, maxSection)
	title := bold(c.Title)
	switch {
	case title == "":
	case len(texts) > 0 && bot.Runes.Len(title)+1+bot.Runes.Len(texts[0]) <= maxSection:
		texts[0] = title + "\n" + texts[0]
	default:
		texts = append([]string{title}, texts...)
	}
	var out []sdk.Block
	for _, s := range texts {
		out = append(out, &sdk.SectionBlock{Type: sdk.MBTSection, Text: verbatim(s)})
	}
	if c.Image != nil {
		address, err := webAddress(c.Image.URL)
		if err != nil {
			return nil, fmt.Errorf("the picture of a card cannot be shown: %w", err)
		}
		if len(out) == 0 {
			out = append(out, &sdk.ImageBlock{Type: sdk.MBTImage, ImageURL: address, AltText: alt(*c.Image, "image")})
		} else {
			out[0].(*sdk.SectionBlock).Accessory = sdk.NewAccessory(&sdk.ImageBlockElement{
				Type: sdk.METImage, ImageURL: &address, AltText: alt(*c.Image, c.Title),
			})
		}
	}
	rows, err := row.blocks(c.Buttons)
	return append(out, rows...), err
}

// bold sets a title in bold, unless it has marks of its own that would end it.
func bold(title string) string {
	title = strings.Join(strings.Fields(title), " ")
	s := mrkdwnString(title)
	if title == "" || strings.ContainsAny(title, "*_~`") || strings.Contains(s, "<") {
		return s
	}
	return "*" + s + "*"
}

// actions counts buttons, because an action id must be unique in its message.
type actions struct{ n int }

func (a *actions) blocks(buttons []bot.Button) ([]sdk.Block, error) {
	var out []sdk.Block
	for len(buttons) > 0 {
		n := min(len(buttons), maxRow)
		elements := &sdk.BlockElements{}
		for _, b := range buttons[:n] {
			e, err := a.button(b)
			if err != nil {
				return nil, err
			}
			elements.ElementSet = append(elements.ElementSet, e)
		}
		out = append(out, &sdk.ActionBlock{Type: sdk.MBTAction, Elements: elements})
		buttons = buttons[n:]
	}
	return out, nil
}

func (a *actions) button(b bot.Button) (*sdk.ButtonBlockElement, error) {
	a.n++
	if strings.TrimSpace(b.Label) == "" {
		return nil, fmt.Errorf("button %d has no label", a.n)
	}
	out := &sdk.ButtonBlockElement{
		Type: sdk.METButton, Text: plain(b.Label, maxLabel), ActionID: "b" + strconv.Itoa(a.n),
	}
	if b.Style == bot.Primary || b.Style == bot.Danger {
		out.Style = sdk.Style(b.Style)
	}
	if b.Open == "" {
		out.Value = b.Press.Encode()
		if _, err := bot.ParsePress(out.Value); err != nil {
			return nil, fmt.Errorf("button %d cannot come back: %w", a.n, err)
		}
		return out, nil
	}
	address, err := webAddress(b.Open)
	if err != nil {
		return nil, fmt.Errorf("button %d opens nothing: %w", a.n, err)
	}
	out.URL, out.Value = address, LinkOpened
	return out, nil
}

// encode writes compact JSON with <, > and & as they are.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("slack: a body of our own types cannot be encoded: " + err.Error())
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
