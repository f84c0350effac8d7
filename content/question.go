package content

import (
	"strings"
	"unicode"
)

// Normalize brings a question into the form in which equal questions are equal:
// width, case and kana folded, spaces and punctuation gone.
func Normalize(question string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) || r == 'ー' {
			return r
		}
		return -1
	}, normalize(question, 4000))
}
