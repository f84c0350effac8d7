package lineworks

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// addressed tells whether a text in a room is meant for the bot, and what is
// left of it without the bot's name. LINE WORKS has no "only when mentioned"
// and does not document how a mention of the bot looks, so the name at the
// start decides, in any width and case, with or without @. Without @ something
// must part it from what follows: "Akari、…" is meant for us, "Akariさんが…" is
// talk about us.
func (c *connection) addressed(s string) (string, bool) {
	rest := strings.TrimLeftFunc(s, blank)
	if after, ok := c.markup(rest); ok {
		return tidy(after), true
	}
	bare := strings.TrimLeftFunc(rest, mark)
	at := bare != rest
	after, ok := cutName(bare, c.name)
	if !ok {
		return "", false
	}
	next, _ := utf8.DecodeRuneInString(after)
	goesOn := latin(c.name[len(c.name)-1]) && latin(next) // "@Akari2" is somebody else
	if after == "" || parts(next) || at && !goesOn {
		return tidy(after), true
	}
	return "", false
}

// markup cuts `<m userId="BOTID">` off the start: the form in which mentions
// are sent (page bot-mention), in case they also arrive so.
func (c *connection) markup(s string) (string, bool) {
	inner, after, ok := strings.Cut(s, ">")
	if !ok || !strings.HasPrefix(inner, "<m ") {
		return "", false
	}
	id := strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(inner, "<m "), "/"))
	return after, id == `userId="`+c.BotID+`"`
}

// cutName cuts a folded name off the start of s. Comparing decomposed forms, a
// character with its marks at a time, makes ｶﾞ, ガ and カ+゛ the same and カ something
// else, whatever the order of the marks.
func cutName(s string, name []rune) (string, bool) {
	if len(name) == 0 {
		return "", false
	}
	i := 0
	for i < len(name) && s != "" {
		n := norm.NFKD.NextBoundaryInString(s, true)
		for _, f := range fold(s[:n]) {
			if i == len(name) || name[i] != f {
				return "", false
			}
			i++
		}
		s = s[n:]
	}
	return s, i == len(name)
}

// fold takes away differences of width, case and composition, and characters
// that cannot be seen.
func fold(s string) []rune {
	s = norm.NFKD.String(strings.ToLower(norm.NFKD.String(s)))
	return []rune(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s))
}

// foldName makes a configured name ready for comparing; it may be written with @.
func foldName(s string) []rune {
	return fold(strings.TrimRightFunc(strings.TrimLeftFunc(s, mark), blank))
}

// mark holds for what may stand before a name: an @, and blanks around it.
func mark(r rune) bool { return blank(r) || r == '@' || r == '＠' || r == '﹫' }

// tidy takes away what parts a name from what was said.
func tidy(s string) string {
	return strings.TrimRightFunc(strings.TrimLeftFunc(s, func(r rune) bool {
		return blank(r) || strings.ContainsRune("、､，,：:", r)
	}), blank)
}

func parts(r rune) bool {
	return blank(r) || strings.ContainsRune("、､，,：:。｡．！!？?…", r)
}

// blank holds for white space and for what cannot be seen.
func blank(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

func latin(r rune) bool {
	return unicode.Is(unicode.Latin, r) || unicode.IsDigit(r) || r == '_' || r == '-'
}
