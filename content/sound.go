package content

import "strings"

// soundOf writes a katakana or Latin word as what Japanese keeps of it, because a loan
// word and its original share their consonants (フォルダー and folder are both f-r-d): l is r, v is b, z and soft g are s, an r before a consonant or at the end
// is only length, and vowels count at the beginning only.
func soundOf(w string) string {
	var b strings.Builder
	put := func(s string) {
		for i := range len(s) {
			if n := b.Len(); n == 0 || b.String()[n-1] != s[i] {
				b.WriteByte(s[i])
			}
		}
	}
	if isPlainASCII(w) {
		latinSound(w, put)
	} else {
		kanaSound(w, put)
	}
	return b.String()
}

var kanaRows = func() map[rune]string {
	out := map[rune]string{}
	for row, s := range map[string]string{
		"カキクケコ": "k", "ガギグゲゴ": "g", "サシスセソザジズゼゾヂヅ": "s", "タチツテト": "t", "ダデド": "d", "ナニヌネノン": "n",
		"ハヒヘホ": "h", "フ": "f", "バビブベボヴ": "b", "パピプペポ": "p", "マミムメモ": "m", "ラリルレロ": "r", "ワ": "w",
	} {
		for _, r := range row {
			out[r] = s
		}
	}
	return out
}()

func kanaSound(w string, put func(string)) {
	rs := []rune(w)
	for i, r := range rs {
		next := rune(0)
		if i+1 < len(rs) {
			next = rs[i+1]
		}
		switch {
		case kanaRows[r] != "":
			put(kanaRows[r])
		case r == 'ウ' && strings.ContainsRune("ィェォ", next):
			put("w")
		case i == 0:
			put("a")
		}
	}
}

func latinSound(w string, put func(string)) {
	vowel := func(i int) bool { return i < len(w) && strings.IndexByte("aeiouy", w[i]) >= 0 }
	soft := func(i int) bool { return i < len(w) && strings.IndexByte("eiy", w[i]) >= 0 }
	for i := 0; i < len(w); i++ {
		rest := w[i:]
		switch c := w[i]; {
		case strings.HasPrefix(rest, "tion"), strings.HasPrefix(rest, "sion"):
			put("sn")
			i += 3
		case strings.HasPrefix(rest, "ch"), strings.HasPrefix(rest, "ts"):
			put("t")
			i++
		case strings.HasPrefix(rest, "sh"), strings.HasPrefix(rest, "th"):
			put("s")
			i++
		case strings.HasPrefix(rest, "ph"):
			put("f")
			i++
		case rest == "gn": // campaign
			put("n")
			i++
		case strings.HasPrefix(rest, "dg"):
			put("s")
			i++
		case c == 'c' && soft(i+1), c == 'g' && soft(i+1) && i > 0:
			put("s")
		case c == 'c', c == 'q', c == 'k':
			put("k")
		case c == 'x':
			put("ks")
		case c == 'j', c == 'z', c == 's':
			put("s")
		case c == 'l':
			put("r")
		case c == 'r', c == 'w', c == 'h':
			if vowel(i+1) || (c == 'r' && i+1 < len(w) && w[i+1] == 'r') {
				put(string(c))
			}
		case c == 'v':
			put("b")
		case c == 'm' && i+1 < len(w) && (w[i+1] == 'p' || w[i+1] == 'b'):
			put("n")
		case strings.IndexByte("bdfgmnpt", c) >= 0:
			put(string(c))
		case vowel(i) && i == 0:
			put("a")
		}
	}
}
