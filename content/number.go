package content

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// units are written in one way after a number, the longest first: 10ギガ is 10gb,
// 三か月 is 3ヶ月. Only before these are kanji read as a number: in 一般, 十分 and
// 二要素認証 they are part of a word.
var units = []struct{ written, one string }{
	{"ギガバイト", "gb"}, {"メガバイト", "mb"}, {"テラバイト", "tb"}, {"キロバイト", "kb"},
	{"gbyte", "gb"}, {"mbyte", "mb"}, {"パーセント", "%"}, {"営業日", "営業日"},
	{"ギガ", "gb"}, {"メガ", "mb"}, {"テラ", "tb"}, {"ヶ月", "ヶ月"}, {"か月", "ヶ月"}, {"カ月", "ヶ月"}, {"ヵ月", "ヶ月"}, {"ケ月", "ヶ月"}, {"箇月", "ヶ月"}, {"ヶ国", "ヶ国"}, {"か国", "ヶ国"}, {"カ国", "ヶ国"},
	{"週間", "週間"}, {"時間", "時間"}, {"日間", "日間"}, {"年間", "年間"}, {"ドル", "ドル"},
	{"gb", "gb"}, {"mb", "mb"}, {"tb", "tb"}, {"kb", "kb"}, {"円", "円"}, {"件", "件"}, {"名", "名"}, {"年", "年"}, {"%", "%"},
}

var kanjiDigits = map[rune]int64{'〇': 0, '一': 1, '二': 2, '三': 3, '四': 4, '五': 5, '六': 6, '七': 7, '八': 8, '九': 9}

var kanjiPowers = map[rune]int64{'十': 10, '百': 100, '千': 1000, '万': 10_000, '億': 100_000_000}

// numbers writes the amounts of a normalised text in one way.
func numbers(s string) string {
	if !strings.ContainsAny(s, "0123456789〇一二三四五六七八九十百千万億") {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		if value, n := amount(s[i:]); n > 0 {
			b.WriteString(value)
			i += n
			continue
		}
		_, n := utf8.DecodeRuneInString(s[i:])
		b.WriteString(s[i : i+n])
		i += n
	}
	return b.String()
}

// amount reads a number at the beginning of s, with its unit where it has one, and
// how many bytes of s that is; 0 where there is none.
func amount(s string) (written string, n int) {
	kanji, digits := false, false
	for n < len(s) {
		r, size := utf8.DecodeRuneInString(s[n:])
		switch {
		case r >= '0' && r <= '9', r == ',' && digits && thousands(s[n:]):
			digits = true
		case kanjiPowers[r] > 0, kanjiDigits[r] > 0, r == '〇':
			kanji = true
		default:
			size = 0
		}
		if size == 0 {
			break
		}
		n += size
	}
	if n == 0 {
		return "", 0
	}
	number := s[:n]
	rest := strings.TrimLeft(s[n:], " ")
	for _, u := range units {
		if strings.HasPrefix(rest, u.written) {
			if value, ok := valueOf(number); ok {
				return value + u.one, len(s) - len(rest) + len(u.written)
			}
			return number, n
		}
	}
	if kanji && !digits {
		return number, n // a word
	}
	if value, ok := valueOf(number); kanji && ok { // 3万人
		return value, n
	}
	return strings.ReplaceAll(number, ",", ""), n
}

// thousands says whether a comma stands between thousands: ,000.
func thousands(s string) bool {
	digit := func(i int) bool { return i < len(s) && s[i] >= '0' && s[i] <= '9' }
	return digit(1) && digit(2) && digit(3) && !digit(4)
}

// valueOf reads 1,000, 3万, 二十五, 1万5千. Not ok: it is no number of that kind.
func valueOf(s string) (string, bool) {
	var sum, part, digits int64 // whole 万s, what is below, digits that wait for their power
	seen := false
	for _, r := range s {
		d, isDigit := kanjiDigits[r]
		if r >= '0' && r <= '9' {
			d, isDigit = int64(r-'0'), true
		}
		p := kanjiPowers[r]
		switch {
		case r == ',':
		case isDigit:
			digits, seen = digits*10+d, true
		case p >= 10_000:
			if part+digits == 0 || part+digits > 1e15/p {
				return "", false
			}
			sum, part, digits, seen = sum+(part+digits)*p, 0, 0, false
		case p > 0:
			if !seen {
				digits = 1
			}
			part, digits, seen = part+digits*p, 0, false
		}
		if sum > 1e15 || part > 1e15 || digits > 1e15 {
			return "", false
		}
	}
	return strconv.FormatInt(sum+part+digits, 10), true
}
