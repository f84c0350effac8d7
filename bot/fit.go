package bot

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// neutral is the text of a message that only carries on with buttons: platforms
// refuse buttons without a text, and repeating a sentence would be noise.
const neutral = "▼"

// Fit cuts m to what a platform takes, in as many parts as it needs, to be sent
// in order. It is the only place that degrades, and is pure. Nothing is lost:
//
//   - a text too long goes on in following parts;
//   - a label, a card's title or text too long ends in "…", and stands in full
//     in the text;
//   - buttons and cards beyond the limit move to following parts;
//   - where there are no cards, each becomes a text with buttons; where there
//     are no forms, the form becomes a button that opens its web twin; where
//     there are no buttons, each becomes a numbered line with its address;
//   - a card's picture, being decoration, goes where cards have none; a
//     message's picture becomes its words and address;
//   - a video goes where none plays or it is too large, because a button leads to
//     it; where it plays, it comes first.
//
// Every part keeps Private, is within l (see Check) and is left alone by Fit.
// A message that says nothing has no parts. A limit of length of 0 is no limit.
func Fit(m Message, l Limits) []Message {
	f := &fitting{l: l, private: m.Private, text: clean(m.Text)}
	form, opener := f.form(m.Form)
	image := f.image(m.Image)
	cards := f.cards(m.Cards)
	f.buttons = f.fitButtons(append(slices.Clip(m.Buttons), opener...), l.Buttons > 0)
	f.spellOut()

	if v := m.Video; v != nil && v.Size <= int64(l.Video) && v.CoverOf <= int64(l.VideoCover) {
		f.add(Message{Video: v})
	}
	if image != nil && (l.ImageAlone || form != nil && f.text == "") {
		f.add(Message{Image: image})
		image = nil
	}
	if form != nil && image == nil && len(cards) == 0 && len(f.buttons) == 0 {
		f.texts(Message{Form: form}, nil)
		form = nil
	} else if l.TextCards >= 0 {
		f.together(image, cards)
	} else {
		f.apart(image, cards)
	}
	for _, aside := range f.asides {
		f.text = aside.Text
		f.buttons = f.fitButtons(aside.Buttons, l.Buttons > 0)
		f.spellOut()
		f.apart(nil, nil)
	}
	if form != nil {
		f.add(Message{Form: form})
	}
	return f.parts
}

// Pack groups fitted parts into calls of a platform that takes several messages
// at once. A form is always a call of its own.
func Pack(parts []Message, l Limits) [][]Message {
	per := max(1, l.PerCall)
	var out [][]Message
	for i, m := range parts {
		n := len(out) - 1
		if i == 0 || len(out[n]) >= per || m.Form != nil || out[n][0].Form != nil {
			out = append(out, []Message{m})
			continue
		}
		out[n] = append(out[n], m)
	}
	return out
}

// fitting is a Fit under way.
type fitting struct {
	l       Limits
	private bool
	text    string
	full    []string  // what stands shortened elsewhere, to be told in full
	buttons []Button  // of the message itself, fitted
	asides  []Message // cards that became texts
	parts   []Message
}

func (f *fitting) add(m Message) {
	m.Private = f.private
	f.parts = append(f.parts, m)
}

func (f *fitting) append(text string) {
	if f.text != "" && text != "" {
		f.text += "\n"
	}
	f.text += text
}

// form answers the native form, or a button in its place.
func (f *fitting) form(m *Form) (*Form, []Button) {
	if m == nil {
		return nil, nil
	}
	form := *m
	form.Title, form.Text = oneLine(form.Title), clean(form.Text)
	if f.l.Forms {
		if short := f.l.Unit.Shorten(form.Title, f.l.FormTitle); short != form.Title {
			form.Title, form.Text = short, joinLines(form.Title, form.Text)
		}
		return &form, nil
	}
	if f.text == "" {
		f.text = form.Title
	}
	if form.Label == "" {
		form.Label = form.Title
	}
	return nil, []Button{{Label: form.Label, Open: form.Open, Style: Primary}}
}

// image answers the picture, or writes it into the text.
func (f *fitting) image(i *Image) *Image {
	if i == nil {
		return nil
	}
	image := Image{URL: clean(i.URL), Alt: clean(i.Alt)}
	if f.l.Image {
		return &image
	}
	f.append(strings.TrimSpace(image.Alt + " " + image.URL))
	return nil
}

// cards answers the cards cut to size, or turns them into asides or text.
func (f *fitting) cards(cards []Card) []Card {
	var out []Card
	for _, c := range cards {
		c.Title, c.Text = oneLine(c.Title), clean(c.Text)
		switch whole := joinLines(c.Title, c.Text); {
		case f.l.Cards > 0:
			out = append(out, f.card(c)...)
		case f.l.Buttons > 0:
			f.asides = append(f.asides, Message{Text: whole, Buttons: c.Buttons})
		default:
			f.append(whole)
			f.buttons = f.fitButtons(c.Buttons, false)
			f.spellOut()
		}
	}
	return out
}

// card cuts one card; buttons beyond its limit go on a further card.
func (f *fitting) card(c Card) []Card {
	l := f.l
	title, text := l.Unit.Shorten(c.Title, l.CardTitle), l.Unit.Shorten(c.Text, l.CardText)
	switch {
	case text != c.Text:
		f.append(joinLines(c.Title, c.Text))
	case title != c.Title:
		f.append(c.Title)
	}
	first := Card{Title: title, Text: text}
	if c.Image != nil && l.CardImage {
		first.Image = &Image{URL: clean(c.Image.URL), Alt: clean(c.Image.Alt)}
	}
	if l.CardButtons <= 0 {
		if len(c.Buttons) > 0 {
			f.asides = append(f.asides, Message{Text: c.Title, Buttons: c.Buttons})
		}
		return []Card{first}
	}
	groups := chunk(f.fitButtons(c.Buttons, true), l.CardButtons)
	out := []Card{first}
	for i, g := range groups {
		if i > 0 {
			out = append(out, Card{Title: title})
		}
		out[i].Buttons = g
	}
	return out
}

// fitButtons makes labels fit for buttons (or for lines of text, if not native)
// and remembers in full what it shortened.
func (f *fitting) fitButtons(buttons []Button, native bool) []Button {
	var out []Button
	for _, b := range buttons {
		b.Label, b.Open = oneLine(b.Label), clean(b.Open)
		if b.Label == "" {
			b.Label = neutral
		}
		if native {
			short := f.l.Unit.Shorten(b.Label, f.l.ButtonLabel)
			if short != b.Label {
				f.full = append(f.full, b.Label)
			}
			b.Label = short
		}
		out = append(out, b)
	}
	return out
}

// spellOut writes into the text what was shortened elsewhere and, where there
// are no buttons at all, the buttons.
func (f *fitting) spellOut() {
	for _, s := range f.full {
		if !strings.Contains(f.text, s) {
			f.append("・" + s)
		}
	}
	f.full = nil
	if f.l.Buttons > 0 {
		return
	}
	for i, b := range f.buttons {
		f.append(strings.TrimSpace(strconv.Itoa(i+1) + ". " + b.Label + " " + b.Open))
	}
	f.buttons = nil
}

// textLimit is the longest text beside such other things.
func (f *fitting) textLimit(m Message) int {
	return f.l.textLimit(len(m.Buttons) > 0, len(m.Cards) > 0)
}

func (l Limits) textLimit(buttons, cards bool) int {
	n := math.MaxInt
	if l.Text > 0 {
		n = l.Text
	}
	if buttons && l.TextButtons > 0 {
		n = min(n, l.TextButtons)
	}
	if cards && l.TextCards > 0 {
		n = min(n, l.TextCards)
	}
	return n
}

// texts adds the text in pieces: the picture is with the first, and the last is
// tail, which has a text if it has buttons.
func (f *fitting) texts(tail Message, image *Image) {
	if f.text == "" && len(tail.Buttons) > 0 {
		f.text = neutral
	}
	if f.text == "" && image == nil && len(tail.Cards) == 0 && tail.Form == nil {
		return
	}
	pieces := f.l.Unit.split(f.text, f.l.textLimit(false, false), f.textLimit(tail))
	for i, piece := range pieces {
		part := Message{}
		if i == len(pieces)-1 {
			part = tail
		}
		part.Text = piece
		if i == 0 {
			part.Image = image
		}
		f.add(part)
	}
}

// together puts text and cards into one message, buttons with the last cards.
func (f *fitting) together(image *Image, cards []Card) {
	groups := chunk(cards, f.l.Cards)
	rows := chunk(f.buttons, f.l.Buttons)
	var tail Message
	if len(groups) > 0 {
		tail.Cards = groups[0]
	}
	if len(rows) > 0 && len(groups) <= 1 {
		tail.Buttons, rows = rows[0], rows[1:]
	}
	f.texts(tail, image)
	for i := 1; i < len(groups); i++ {
		m := Message{Cards: groups[i]}
		if i == len(groups)-1 && len(rows) > 0 {
			m.Text, m.Buttons, rows = neutral, rows[0], rows[1:]
		}
		f.add(m)
	}
	f.rows(rows)
}

// apart puts the text with the buttons, then the cards.
func (f *fitting) apart(image *Image, cards []Card) {
	rows := chunk(f.buttons, f.l.Buttons)
	var tail Message
	if len(rows) > 0 {
		tail.Buttons, rows = rows[0], rows[1:]
	}
	f.texts(tail, image)
	f.rows(rows)
	for _, g := range chunk(cards, f.l.Cards) {
		f.add(Message{Cards: g})
	}
}

func (f *fitting) rows(rows [][]Button) {
	for _, row := range rows {
		f.add(Message{Text: neutral, Buttons: row})
	}
}

func chunk[T any](list []T, n int) [][]T {
	if len(list) == 0 {
		return nil
	}
	return slices.Collect(slices.Chunk(list, max(1, n)))
}

func joinLines(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "\n" + b
}

// clean makes s valid UTF-8, and empty if it is only white space, which every
// platform refuses as a text.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.TrimSpace(s) == "" {
		return ""
	}
	return s
}

// oneLine is clean for what platforms show in one line.
func oneLine(s string) string {
	return clean(strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ").Replace(s))
}

// Check tells whether m is within l as it is, and if not, what is too much.
func (l Limits) Check(m Message) error {
	if m.Form != nil {
		if !l.Forms {
			return fmt.Errorf("a form, but the platform has none")
		}
		if m.Image != nil || len(m.Cards) > 0 || len(m.Buttons) > 0 {
			return fmt.Errorf("a form stands with a picture, cards or buttons")
		}
		if err := l.length("the title of form "+m.Form.Name, m.Form.Title, l.FormTitle); err != nil {
			return err
		}
	}
	if err := l.checkImage(m); err != nil {
		return err
	}
	if err := l.checkVideo(m); err != nil {
		return err
	}
	if len(m.Buttons) > l.Buttons {
		return fmt.Errorf("%d buttons, at most %d", len(m.Buttons), l.Buttons)
	}
	if len(m.Buttons) > 0 && m.Text == "" {
		return fmt.Errorf("buttons without a text")
	}
	if len(m.Cards) > l.Cards {
		return fmt.Errorf("%d cards, at most %d", len(m.Cards), l.Cards)
	}
	if len(m.Cards) > 0 && l.TextCards < 0 && (m.Text != "" || len(m.Buttons) > 0 || m.Image != nil) {
		return fmt.Errorf("cards stand with a text, buttons or a picture")
	}
	if err := l.length("the text", m.Text, l.textLimit(len(m.Buttons) > 0, len(m.Cards) > 0)); err != nil {
		return err
	}
	if err := l.checkButtons(m.Buttons); err != nil {
		return err
	}
	for i, c := range m.Cards {
		if err := l.checkCard(c); err != nil {
			return fmt.Errorf("card %d: %w", i+1, err)
		}
	}
	return nil
}

func (l Limits) checkImage(m Message) error {
	switch {
	case m.Image == nil:
		return nil
	case !l.Image:
		return fmt.Errorf("a picture, but the platform has none")
	case l.ImageAlone && (m.Text != "" || len(m.Cards) > 0 || len(m.Buttons) > 0):
		return fmt.Errorf("a picture stands with something else")
	}
	return nil
}

func (l Limits) checkVideo(m Message) error {
	switch {
	case m.Video == nil:
		return nil
	case l.Video == 0:
		return fmt.Errorf("a video, but the platform plays none")
	case m.Video.Size > int64(l.Video) || m.Video.CoverOf > int64(l.VideoCover):
		return fmt.Errorf("a video or its picture is too large")
	case m.Text != "" || m.Image != nil || m.Form != nil || len(m.Cards) > 0 || len(m.Buttons) > 0:
		return fmt.Errorf("a video stands with something else")
	}
	return nil
}

func (l Limits) checkCard(c Card) error {
	if err := l.length("the title", c.Title, l.CardTitle); err != nil {
		return err
	}
	if err := l.length("the text", c.Text, l.CardText); err != nil {
		return err
	}
	if c.Image != nil && !l.CardImage {
		return fmt.Errorf("a picture, but cards have none")
	}
	if len(c.Buttons) > l.CardButtons {
		return fmt.Errorf("%d buttons, at most %d", len(c.Buttons), l.CardButtons)
	}
	return l.checkButtons(c.Buttons)
}

func (l Limits) checkButtons(buttons []Button) error {
	for i, b := range buttons {
		if b.Label == "" {
			return fmt.Errorf("button %d has no label", i+1)
		}
		if err := l.length(fmt.Sprintf("the label of button %d", i+1), b.Label, l.ButtonLabel); err != nil {
			return err
		}
	}
	return nil
}

// length names what, never the text itself: it may be somebody's question.
func (l Limits) length(what, s string, limit int) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%s is not valid UTF-8", what)
	}
	if n := l.Unit.Len(s); limit > 0 && n > limit {
		return fmt.Errorf("%s is %d long, at most %d", what, n, limit)
	}
	return nil
}
