package playgroundtest

import (
	"fmt"
	"slices"
	"strings"

	"akari/bot"
	"akari/bot/playground"
)

// shownButton is a button with the message that it stands on.
type shownButton struct {
	message string
	button  bot.Button
}

func buttonsOf(id string, m *bot.Message) []shownButton {
	var out []shownButton
	if m == nil {
		return nil
	}
	for _, b := range m.Buttons {
		out = append(out, shownButton{id, b})
	}
	for _, c := range m.Cards {
		for _, b := range c.Buttons {
			out = append(out, shownButton{id, b})
		}
	}
	return out
}

// button waits for the newest button whose label begins with label and that ok
// accepts.
func (s *Seat) button(label string, ok func(bot.Button) bool) shownButton {
	s.p.c.t.Helper()
	var found shownButton
	var labels []string
	s.until(func(st playground.State) bool {
		labels = nil
		all := buttonsOf("home", st.Home)
		for _, l := range st.Lines {
			all = append(all, buttonsOf(l.ID, l.Message)...)
		}
		newest := ""
		for _, b := range slices.Backward(all) {
			labels = append(labels, b.button.Label)
			if !strings.HasPrefix(b.button.Label, label) || !ok(b.button) {
				continue
			}
			// Of several on one message the first in reading order wins.
			if newest == "" || newest == b.message {
				newest, found = b.message, b
			}
		}
		return newest != ""
	}, func() string {
		return fmt.Sprintf("%s sees no button %q; there are %q", s.p.user, label, labels)
	})
	return found
}

// Press presses the newest button whose label begins with label, waiting for it
// to appear.
func (s *Seat) Press(label string) *Seat {
	s.p.c.t.Helper()
	b := s.button(label, func(b bot.Button) bool { return !b.Press.IsZero() })
	s.deed(map[string]any{"kind": "press", "message": b.message, "press": b.button.Press})
	return s
}

// Mark names the newest line that has buttons, for PressAt.
func (s *Seat) Mark() string {
	s.p.c.t.Helper()
	return s.button("", func(bot.Button) bool { return true }).message
}

// PressAt presses a button of one line, also of one that others have followed.
func (s *Seat) PressAt(line, label string) *Seat {
	s.p.c.t.Helper()
	for _, l := range s.p.state(s.room.ID, 0).Lines {
		for _, b := range buttonsOf(l.ID, l.Message) {
			if l.ID == line && strings.HasPrefix(b.button.Label, label) {
				s.deed(map[string]any{"kind": "press", "message": b.message, "press": b.button.Press})
				return s
			}
		}
	}
	s.p.c.t.Fatalf("line %s has no button %q", line, label)
	return s
}

// Close closes the open form without sending it. values is what stands in it, by
// what is sent; nil = nothing was typed since it was sent last.
func (s *Seat) Close(values map[string][]string) {
	s.p.c.t.Helper()
	f := s.Form()
	if f.Keep && values != nil {
		s.deed(map[string]any{"kind": "keep", "draft": f.Draft, "values": values})
	}
	s.p.c.post("/play/close", map[string]any{"as": s.p.user, "draft": f.Draft})
	s.draft = ""
}

// Link answers the address behind the newest button that opens one.
func (s *Seat) Link(label string) string {
	s.p.c.t.Helper()
	return s.button(label, func(b bot.Button) bool { return b.Open != "" }).button.Open
}

// Form waits for a form to stand open before the person.
func (s *Seat) Form() bot.Form {
	s.p.c.t.Helper()
	var f bot.Form
	s.until(func(st playground.State) bool {
		if st.Form == nil {
			return false
		}
		f = *st.Form
		return true
	}, func() string { return "no form opens before " + s.p.user })
	return f
}

// Submit fills the open form in and sends it, waiting for it to open. A choice
// may be given by its label; fields that are not named keep what stands in them.
// It answers what was wrong by field; nil is a form that was taken and closed.
func (s *Seat) Submit(values map[string]string) map[string]string {
	s.p.c.t.Helper()
	many := map[string][]string{}
	for k, v := range values {
		many[k] = []string{v}
	}
	return s.SubmitAll(many)
}

// SubmitAll is Submit for fields with several values.
func (s *Seat) SubmitAll(values map[string][]string) map[string]string {
	t := s.p.c.t
	t.Helper()
	f := s.Form()
	sent := map[string][]string{}
	known := map[string]bool{}
	for _, field := range f.Fields {
		known[field.Name] = true
		sent[field.Name] = field.Value
		given, ok := values[field.Name]
		if !ok {
			continue
		}
		options := field.Options
		if field.Load != "" {
			options = s.load(f, field.Name, "")
		}
		sent[field.Name] = nil
		for _, v := range given {
			i := slices.IndexFunc(options, func(o bot.Option) bool { return o.Label == v || o.Value == v })
			switch {
			case i >= 0:
				v = options[i].Value
			case v != "" && (field.Kind == bot.Choice || field.Kind == bot.Choices):
				t.Fatalf("field %q has no choice %q; there are %v", field.Name, v, options)
			}
			sent[field.Name] = append(sent[field.Name], v)
		}
	}
	for k := range values {
		if !known[k] {
			t.Fatalf("the form %q has no field %q", f.Title, k)
		}
	}
	a := s.deed(map[string]any{"kind": "submit", "draft": f.Draft, "values": sent})
	if a.OK {
		s.draft = ""
		return nil
	}
	return a.Errors
}

// Choices asks the open form for the choices of a field, as if typed had been
// typed into it.
func (s *Seat) Choices(field, typed string) []bot.Option {
	s.p.c.t.Helper()
	return s.load(s.Form(), field, typed)
}

func (s *Seat) load(f bot.Form, field, typed string) []bot.Option {
	s.p.c.t.Helper()
	return s.deed(map[string]any{"kind": "load", "draft": f.Draft, "field": field, "text": typed}).Options
}
