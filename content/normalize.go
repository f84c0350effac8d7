package content

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Bounds on what is analysed of one text, in characters. A question in chat is
// short; the head of a very long one decides. An answer's first part says what
// it is about.
const (
	maxQueryRunes  = 300
	maxAnswerRunes = 1200
)

// cut gives at most n characters of s as valid UTF-8, never looking further
// into s than it must.
func cut(s string, n int) string {
	count := 0
	for i := range s {
		if count == n {
			s = s[:i]
			break
		}
		count++
	}
	return strings.ToValidUTF8(s, " ")
}

// normalize brings a text into the form that is analysed: NFKC (so that ＡＰＩ is
// API and ﾊﾟｽﾜｰﾄﾞ is パスワード), lower case, no marks that nobody sees
// (zero-width joiners, text direction, variation selectors), one kind of long
// vowel mark and of dash, amounts in one way (numbers).
func normalize(s string, limit int) string {
	s = cut(s, limit)
	if isPlainASCII(s) {
		return numbers(strings.ToLower(s))
	}
	s = norm.NFKC.String(s)
	var b strings.Builder
	b.Grow(len(s))
	var prev rune
	n := 0
	for _, r := range s {
		if n++; n > 4*limit { // NFKC may lengthen a text (﷽ is 18 characters)
			break
		}
		switch {
		case unicode.In(r, unicode.Cf, unicode.Mn) && !isKana(r):
			continue
		case unicode.IsControl(r):
			r = ' '
		case isDash(r) && isKana(prev): // typed for ー
			r = 'ー'
		case r == '〜' || r == '~':
			r = ' '
		}
		r = unicode.ToLower(r)
		b.WriteRune(r)
		prev = r
	}
	return numbers(b.String())
}

func isPlainASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf || s[i] < ' ' {
			return false
		}
	}
	return true
}

func isDash(r rune) bool {
	return r == '‐' || r == '–' || r == '—' || r == '−' || r == '―' || r == 'ｰ'
}

func isHiragana(r rune) bool { return r >= 'ぁ' && r <= 'ゖ' }

func isKatakana(r rune) bool { return (r >= 'ァ' && r <= 'ヺ') || r == 'ー' }

func isKana(r rune) bool { return isHiragana(r) || isKatakana(r) }

func isHan(r rune) bool {
	return (r >= 0x4E00 && r <= 0x9FFF) || r == '々' || unicode.Is(unicode.Han, r)
}

// isJapanese says whether a letter belongs to a run that has no spaces between
// its words; CJK relatives (Hangul, Thai) are treated alike.
func isJapanese(r rune) bool {
	return isKana(r) || isHan(r) || (r >= 0x0E00 && r <= 0x0E7F) || (r >= 0xAC00 && r <= 0xD7A3)
}

// fold makes a kana spelling one: ひらがな becomes カタカナ, small ヶ becomes ケ.
func fold(r rune) rune {
	switch {
	case isHiragana(r):
		r += 'ァ' - 'ぁ'
	}
	switch r {
	case 'ヶ':
		return 'ケ'
	case 'ヵ':
		return 'カ'
	case 'ヴ':
		return 'ブ'
	case 'ヂ':
		return 'ジ'
	case 'ヅ':
		return 'ズ'
	}
	return r
}

// foldWord is a Japanese word in its one spelling: kana folded, the long vowel
// mark gone (サーバー, サーバ), okurigana gone beside kanji (申し込み, 申込み, 申込).
func foldWord(w string) string {
	if how := strings.TrimSuffix(w, "方"); how != w { // 作り方 is about 作る
		if r, _ := utf8.DecodeLastRuneInString(how); isHiragana(r) {
			w = how
		}
	}
	han := false
	for _, r := range w {
		if isHan(r) {
			han = true
			break
		}
	}
	var b strings.Builder
	b.Grow(len(w))
	for _, r := range w {
		if r == 'ー' || (han && isHiragana(r)) {
			continue
		}
		b.WriteRune(fold(r))
	}
	return b.String()
}

// run is a stretch of one kind of writing.
type run struct {
	text     string
	japanese bool
}

// runs splits a normalised text into stretches of Japanese, of letters and of
// digits; everything else separates.
func runs(s string, each func(run)) {
	const (
		none = iota
		ja
		letter
		digit
	)
	start, kind := 0, none
	flush := func(end int) {
		if kind != none && end > start {
			each(run{s[start:end], kind == ja})
		}
	}
	for i, r := range s {
		k := none
		switch {
		case isJapanese(r):
			k = ja
		case unicode.IsDigit(r):
			k = digit
		case unicode.IsLetter(r):
			k = letter
		case r == '\'' || r == '’':
			if kind == letter { // don't is one word
				k = letter
			}
		}
		if k != kind {
			flush(i)
			start, kind = i, k
		}
	}
	flush(len(s))
}
