package handlers

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"akari/bot"
	"akari/content"
	"akari/models"
)

// isCourtesy tells whether a text is nothing but greetings, thanks and emoji. It is no
// question then and must not count as one: a "thank you" told as a question without an
// answer would make every figure of questions wrong.
func (t *Turn) isCourtesy(text string) (yes, thanks bool) {
	rest, thanks := t.without("courtesy.thanks", content.Normalize(text))
	rest, _ = t.without("courtesy.greetings", rest)
	return !strings.ContainsFunc(rest, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }), thanks
}

// without takes the phrases of a list of words, in every language, out of a
// normalised text, the longest first, and tells whether there were any.
func (t *Turn) without(list, text string) (rest string, found bool) {
	var phrases []string
	for _, lang := range [...]string{"ja", "en"} {
		for phrase := range strings.SplitSeq(t.h.Library.Say(lang, list), "|") {
			if phrase = content.Normalize(phrase); phrase != "" {
				phrases = append(phrases, phrase)
			}
		}
	}
	slices.SortFunc(phrases, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, phrase := range phrases {
		if strings.Contains(text, phrase) {
			text, found = strings.ReplaceAll(text, phrase, " "), true
		}
	}
	return text, found
}

// welcome answers thanks.
func (t *Turn) welcome() error {
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Commanded, "word", "thanks"
	return t.speak(bot.Message{Text: t.Say("courtesy.welcome")})
}
