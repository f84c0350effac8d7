package playgroundtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"akari/bot"
	"akari/bot/playground"
)

// until looks at the state at every change until ok, or fails the test with why.
func (s *Seat) until(ok func(playground.State) bool, why func() string) {
	s.p.c.t.Helper()
	timeout := time.NewTimer(s.p.c.Timeout)
	defer timeout.Stop()
	for {
		if ok(s.p.state(s.room.ID, 0)) {
			return
		}
		select {
		case <-s.p.nudge:
		case <-timeout.C:
			if ok(s.p.state(s.room.ID, 0)) {
				return
			}
			s.p.c.t.Fatalf("%s within %s; in the room:\n%s", why(), s.p.c.Timeout, strings.Join(s.All(), "\n"))
		}
	}
}

// See waits until the bot has said or changed something that this seat has not
// seen, and until it is quiet again. It answers every new line, the person's own
// included, and from then on they count as seen.
func (s *Seat) See() []string {
	s.p.c.t.Helper()
	s.until(s.news, func() string { return fmt.Sprintf("%s hears nothing new from the bot", s.p.user) })
	quiet := time.NewTimer(s.p.c.Settle)
	defer quiet.Stop()
	end := time.Now().Add(10 * time.Second)
	for waiting := true; waiting && time.Now().Before(end); {
		select {
		case <-s.p.nudge:
			quiet.Reset(s.p.c.Settle)
		case <-quiet.C:
			if waiting = s.p.c.Busy != nil && s.p.c.Busy(); waiting {
				quiet.Reset(s.p.c.Settle)
			}
		}
	}
	return s.take()
}

// news tells whether the bot did something that this seat has not seen.
func (s *Seat) news(st playground.State) bool {
	if st.Form != nil && st.Form.Draft != s.draft {
		return true
	}
	if st.Home != nil && asJSON(st.Home) != s.home {
		return true
	}
	return slices.ContainsFunc(s.p.state(s.room.ID, s.mark).Lines, func(l playground.Line) bool {
		return l.Author.Bot && l.Rev > s.mark
	})
}

// take answers what is new and remembers that it was seen.
func (s *Seat) take() []string {
	s.p.c.t.Helper()
	st := s.p.state(s.room.ID, s.mark)
	out := describe(st.Lines)
	s.mark = st.Rev
	if st.Form != nil && st.Form.Draft != s.draft {
		out = append(out, describeForm(*st.Form)...)
		s.draft = st.Form.Draft
	}
	if home := asJSON(st.Home); st.Home != nil && home != s.home {
		out = append(out, "[Home] "+st.Home.Text)
		out = append(out, describeMessage("  ", st.Home)...)
		s.home = home
	}
	return out
}

// Wait waits for a line, new or not, that holds part, and answers it whole. The
// line counts as seen, and so does what came before it: what is seen next is newer.
func (s *Seat) Wait(part string) string {
	s.p.c.t.Helper()
	found := ""
	s.until(func(st playground.State) bool {
		for _, l := range slices.Backward(st.Lines) {
			for _, line := range describe([]playground.Line{l}) {
				if strings.Contains(line, part) {
					found = line
					s.mark = max(s.mark, l.Rev)
					return true
				}
			}
		}
		return false
	}, func() string { return fmt.Sprintf("%s sees no line with %q", s.p.user, part) })
	return found
}

// Silence fails the test if the bot says anything new to this seat within d.
func (s *Seat) Silence(d time.Duration) *Seat {
	s.p.c.t.Helper()
	end := time.NewTimer(d)
	defer end.Stop()
	for {
		if s.news(s.p.state(s.room.ID, 0)) {
			s.p.c.t.Fatalf("%s hears something where nothing should be said:\n%s", s.p.user, strings.Join(s.take(), "\n"))
		}
		select {
		case <-s.p.nudge:
		case <-end.C:
			if !s.news(s.p.state(s.room.ID, 0)) {
				return s
			}
		}
	}
}

// All answers every line that the person sees in the room now, without waiting
// and without counting it as seen.
func (s *Seat) All() []string {
	s.p.c.t.Helper()
	return describe(s.p.state(s.room.ID, 0).Lines)
}

// describe writes lines as a product owner reads them: replies after the line
// that began their thread, indented by an arrow.
func describe(lines []playground.Line) []string {
	var out []string
	at := func(l playground.Line) {
		indent := ""
		if l.Thread != "" {
			indent = "↳ "
		}
		var notes []string
		if l.Only {
			notes = append(notes, "only you")
		}
		if l.Edited {
			notes = append(notes, "edited")
		}
		if l.Gone {
			notes = append(notes, "deleted")
		}
		who := l.Author.Name
		if len(notes) > 0 {
			who += " (" + strings.Join(notes, ", ") + ")"
		}
		out = append(out, indent+who+": "+strings.ReplaceAll(l.Text, "\n", "\n  "))
		out = append(out, describeMessage(indent+"  ", l.Message)...)
	}
	here := map[string]bool{}
	for _, l := range lines {
		here[l.ID] = true
	}
	for _, l := range lines {
		if l.Thread != "" && here[l.Thread] {
			continue
		}
		at(l)
		for _, r := range lines {
			if r.Thread == l.ID {
				at(r)
			}
		}
	}
	return out
}

func describeMessage(indent string, m *bot.Message) []string {
	if m == nil {
		return nil
	}
	var out []string
	if m.Image != nil {
		out = append(out, indent+"(picture) "+m.Image.Alt)
	}
	for _, c := range m.Cards {
		line := indent + "▢ " + c.Title
		if c.Text != "" {
			line += " — " + strings.ReplaceAll(c.Text, "\n", " / ")
		}
		out = append(out, line)
		if len(c.Buttons) > 0 {
			out = append(out, indent+"  "+labels(c.Buttons))
		}
	}
	if len(m.Buttons) > 0 {
		out = append(out, indent+labels(m.Buttons))
	}
	return out
}

func labels(list []bot.Button) string {
	var out []string
	for _, b := range list {
		if b.Open != "" {
			out = append(out, "["+b.Label+" ↗]")
		} else {
			out = append(out, "["+b.Label+"]")
		}
	}
	return strings.Join(out, " ")
}

func describeForm(f bot.Form) []string {
	out := []string{"[Form] " + f.Title}
	if f.Text != "" {
		out = append(out, "  "+strings.ReplaceAll(f.Text, "\n", "\n  "))
	}
	for _, field := range f.Fields {
		line := "  " + field.Label
		if field.Required {
			line += " *"
		}
		if len(field.Value) > 0 {
			line += ": " + strings.Join(field.Value, ", ")
		}
		out = append(out, line)
	}
	return append(out, "  ["+f.Submit+"] ["+f.Cancel+"]")
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
