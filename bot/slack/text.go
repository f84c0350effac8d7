package slack

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// escaper does exactly what messaging/formatting-message-text asks for, and
// nothing else. Without "<" there is no live mention, no <!channel>, no
// disguised link.
var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func escape(s string) string { return escaper.Replace(s) }

// bareURL finds addresses in plain text. It is ASCII only, because Japanese text
// follows an address without a space.
var bareURL = regexp.MustCompile(`https?://[!-~]+`)

// atom is a piece of mrkdwn that must not be cut.
type atom struct {
	text string
	url  bool
}

// mrkdwn turns plain text into atoms: escaped runs, and addresses as <url>,
// which "verbatim" text needs to be clickable.
func mrkdwn(s string) []atom {
	var out []atom
	last := 0
	for _, at := range bareURL.FindAllStringIndex(s, -1) {
		start, end := at[0], trimURL(s, at[0], at[1])
		if end-start <= len("https://") || start < last {
			continue
		}
		out = append(out, atom{text: s[last:start]}, atom{text: wrapURL(s[start:end]), url: true})
		last = end
	}
	return append(out, atom{text: s[last:]})
}

// trimURL gives back what is punctuation of the sentence, not of the address.
func trimURL(s string, start, end int) int {
	if cut := strings.IndexAny(s[start:end], `<>"`); cut >= 0 {
		end = start + cut
	}
	for end > start {
		c := s[end-1]
		if c == ')' && strings.Count(s[start:end], "(") >= strings.Count(s[start:end], ")") {
			break
		}
		if !strings.ContainsRune(".,;:!?)]}'*_~`|", rune(c)) {
			break
		}
		end--
	}
	return end
}

var urlEncoder = strings.NewReplacer("|", "%7C", ">", "%3E", "<", "%3C", " ", "%20", "&", "&amp;")

func wrapURL(u string) string { return "<" + urlEncoder.Replace(u) + ">" }

// mrkdwnString is s as one mrkdwn string, whatever its length.
func mrkdwnString(s string) string {
	var b strings.Builder
	for _, a := range mrkdwn(s) {
		if a.url {
			b.WriteString(a.text)
		} else {
			b.WriteString(escape(a.text))
		}
	}
	return b.String()
}

// sections cuts plain text into mrkdwn strings of at most limit characters as
// Slack counts them, that is after escaping. It cuts after a line where it can,
// and never inside an escape, an address or a grapheme.
func sections(s string, limit int) []string {
	var out []string
	var b strings.Builder
	used, lastLine := 0, -1
	keep := func(text string) {
		if t := strings.Trim(text, "\n"); strings.TrimSpace(t) != "" {
			out = append(out, t)
		}
	}
	cut := func() {
		text, rest := b.String(), ""
		if lastLine > len(text)/2 {
			text, rest = text[:lastLine], text[lastLine:]
		}
		keep(text)
		b.Reset()
		b.WriteString(rest)
		used, lastLine = utf8.RuneCountInString(rest), -1
	}
	add := func(piece string, newline bool) {
		n := utf8.RuneCountInString(piece)
		for used > 0 && used+n > limit {
			cut()
		}
		b.WriteString(piece)
		used += n
		if newline {
			lastLine = b.Len()
		}
	}
	for _, a := range mrkdwn(s) {
		if a.url && utf8.RuneCountInString(a.text) <= limit {
			add(a.text, false)
			continue
		}
		rest, state := a.text, -1
		for rest != "" {
			var g string
			g, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
			if utf8.RuneCountInString(escape(g)) <= limit {
				add(escape(g), g == "\n" || g == "\r\n")
				continue
			}
			for _, r := range g { // one grapheme longer than a section: opened up
				add(escape(string(r)), false)
			}
		}
	}
	keep(b.String())
	return out
}

// unescape turns the text of a payload into what its author saw: one pass, so
// that "&amp;lt;" becomes "&lt;" and no further.
func unescape(s string) string {
	if !strings.ContainsAny(s, "<&") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		switch s[i] {
		case '<':
			end := strings.IndexByte(s[i:], '>')
			if end < 0 {
				b.WriteByte('<')
				i++
				continue
			}
			b.WriteString(token(s[i+1 : i+end]))
			i += end + 1
		case '&':
			c, n := entity(s[i:])
			b.WriteString(c)
			i += n
		default:
			b.WriteByte(s[i])
			i++
		}
	}
	return b.String()
}

func entity(s string) (string, int) {
	for _, e := range [...]struct{ from, to string }{{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}} {
		if strings.HasPrefix(s, e.from) {
			return e.to, len(e.from)
		}
	}
	return "&", 1
}

func entities(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '&' {
			b.WriteByte(s[i])
			i++
			continue
		}
		c, n := entity(s[i:])
		b.WriteString(c)
		i += n
	}
	return b.String()
}

// token words what stands between < and >: a person, a room, a group, a date, or
// a link with or without a label.
func token(t string) string {
	ref, label, labelled := strings.Cut(t, "|")
	label = entities(label)
	if ref == "" {
		return label
	}
	switch ref[0] {
	case '@', '#':
		if label != "" {
			return string(ref[0]) + strings.TrimLeft(label, "@#")
		}
		return ref
	case '!':
		return special(ref[1:], label)
	}
	address := entities(ref)
	if !labelled || label == "" {
		return strings.TrimPrefix(address, "mailto:")
	}
	if strings.Contains(address, label) {
		return label // the client made a link of what was typed
	}
	return label + " (" + address + ")"
}

func special(ref, label string) string {
	name, _, _ := strings.Cut(ref, "^")
	switch {
	case name == "date" && label != "":
		return label
	case label != "":
		return "@" + strings.TrimLeft(label, "@")
	case name == "subteam":
		return "@" + strings.TrimPrefix(ref, "subteam^")
	}
	return "@" + name
}

// mentions tells whether the raw text of a payload mentions one of these users.
func mentions(raw string, users []string) bool {
	for _, u := range users {
		if strings.Contains(raw, "<@"+u+">") || strings.Contains(raw, "<@"+u+"|") {
			return true
		}
	}
	return false
}

var (
	anyMention     = regexp.MustCompile(`<@([A-Z0-9_]+)(?:\|[^<>]*)?>`)
	leadingMention = regexp.MustCompile(`^\s*<@[A-Z0-9_]+(?:\|[^<>]*)?>`)
	afterMention   = regexp.MustCompile(`^[\s\x{3000}]*[、,:：]?[\s\x{3000}]*`)
	manySpaces     = regexp.MustCompile(`[ \t]{2,}`)
)

// withoutMention removes every mention of the bot from raw text, and the comma
// or colon that some clients put after a leading one. If users is empty, a
// leading mention is taken to be the bot's.
func withoutMention(raw string, users []string) string {
	if len(users) == 0 {
		if at := leadingMention.FindStringIndex(raw); at != nil {
			raw = afterMention.ReplaceAllString(raw[at[1]:], "")
		}
		return strings.TrimSpace(raw)
	}
	ours := map[string]bool{}
	for _, u := range users {
		ours[u] = true
	}
	for {
		at := anyMention.FindStringSubmatchIndex(raw)
		if at == nil || strings.TrimSpace(raw[:at[0]]) != "" || !ours[raw[at[2]:at[3]]] {
			break
		}
		raw = afterMention.ReplaceAllString(raw[at[1]:], "")
	}
	removed := false
	raw = anyMention.ReplaceAllStringFunc(raw, func(m string) string {
		if ours[anyMention.FindStringSubmatch(m)[1]] {
			removed = true
			return " "
		}
		return m
	})
	if removed {
		raw = manySpaces.ReplaceAllString(raw, " ")
	}
	return strings.TrimSpace(raw)
}
