package content

import (
	"slices"
	"strings"
	"unicode"
)

// MaterialsNamed finds the materials that a text asks for by title or a clear
// part of it, best first, at most three, among those that r may have today.
//
// A text names a material when it holds most of one telling part of the title
// (parts with digits, 2026年度下期, tell nothing) and has little else besides
// words of asking: 「最新の価格表を送って」 does, 「価格表の改定はいつですか」 is a
// question and does not.
func (l *Library) MaterialsNamed(text string, r Reader) []Material {
	s := l.cur.Load()
	ask := plainTitle(cut(text, maxNamed))
	if len(ask) < 2 || len(s.materials) == 0 {
		return nil
	}
	day := l.today()
	type named struct {
		m     *Material
		score float64
	}
	var found []named
	for _, i := range s.titles.nearestTo(s.ana, text, func(i int) bool { return s.materials[i].served(r, day) }) {
		m, best := s.materials[i], 0.0
		for _, title := range m.Title {
			best = max(best, titleScore(ask, title))
		}
		if best > 0 {
			found = append(found, named{m, best})
		}
	}
	slices.SortStableFunc(found, func(a, b named) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return strings.Compare(a.m.Key, b.m.Key)
	})
	var out []Material
	for _, f := range found[:min(len(found), 3)] {
		if f.score >= found[0].score/2 { // a clear winner stands alone
			out = append(out, *f.m)
		}
	}
	return out
}

// maxNamed bounds the text that may name a material, in characters.
const maxNamed = 80

// nearestTo gives the entries that share most with a text, best first.
func (x *index) nearestTo(ana *analyzer, text string, allowed func(int) bool) []int {
	if len(x.keys) == 0 {
		return nil
	}
	sc := x.pool.Get().(*scratch)
	defer x.pool.Put(sc)
	rk := x.rank(sc, ana, nil, text, allowed, ana.weights())
	out := make([]int, len(rk.top))
	for i, s := range rk.top {
		out[i] = s.entry
	}
	return out
}

// asking are words that ask for something without saying for what, as they are
// after plainTitle (without hiragana beside other letters).
var asking = strings.NewReplacer(pairsOf(`最新版 最新 新 資料 送付 送 欲 見 教 下 頂 貰 共有 希望 必要 入手 場所 願 知 有
	リンク ファイル データ ダウンロド pdf url please send me where is the get need want show latest newest file link
	download can could you give have i a an of to for about`)...)

func pairsOf(list string) []string {
	fields := strings.Fields(list)
	slices.SortStableFunc(fields, func(a, b string) int { return len(b) - len(a) }) // longest first
	var out []string
	for _, f := range fields {
		if isPlainASCII(f) {
			f = " " + f + " " // whole words only
			out = append(out, f, "  ")
			continue
		}
		out = append(out, f, "")
	}
	return out
}

// plainTitle is a text for comparing titles: one spelling, hiragana gone where
// other letters stand (見積り, 見積もり; をください), words kept apart by a space.
func plainTitle(s string) []rune {
	s = normalize(s, maxNamed)
	onlyHiragana := !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) && !isHiragana(r) && r != 'ー' })
	var out []rune
	for _, r := range s {
		switch {
		case r == 'ー' || (isHiragana(r) && !onlyHiragana):
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			out = append(out, fold(r))
		default:
			if len(out) > 0 && out[len(out)-1] != ' ' {
				out = append(out, ' ')
			}
		}
	}
	return []rune(strings.TrimSpace(string(out)))
}

// titleScore is the share of the title that ask holds, or 0 when ask does not
// name it.
func titleScore(ask []rune, title string) float64 {
	const (
		partShare = 0.6  // of one telling part must be there
		restShare = 0.34 // of what matched may be left over
	)
	t := plainTitle(title)
	inAsk, inTitle := common(ask, t)
	telling := false
	matched, letters := 0, 0
	for at := 0; at < len(t); {
		end := at
		for end < len(t) && t[end] != ' ' {
			end++
		}
		hits, digits := 0, false
		for i := at; i < end; i++ {
			if inTitle[i] {
				hits++
			}
			digits = digits || unicode.IsDigit(t[i])
		}
		matched, letters = matched+hits, letters+end-at
		if n := end - at; n >= 2 && !digits && hits >= 2 && float64(hits) >= partShare*float64(n) {
			telling = true
		}
		at = end + 1
	}
	if !telling {
		return 0
	}
	var rest strings.Builder
	rest.WriteRune(' ')
	covered := 0
	for i, r := range ask {
		switch {
		case !inAsk[i]:
			if i > 0 && isJapanese(r) != isJapanese(ask[i-1]) {
				rest.WriteRune(' ')
			}
			rest.WriteRune(r)
		case r != ' ':
			covered++
			rest.WriteRune(' ')
		}
	}
	rest.WriteRune(' ')
	left := 0
	for _, r := range asking.Replace(strings.ReplaceAll(rest.String(), " ", "  ")) {
		if r != ' ' {
			left++
		}
	}
	if float64(left) > restShare*float64(covered) {
		return 0
	}
	return float64(matched) / float64(letters)
}

// common marks the characters of a and b that lie in a stretch both have: two
// characters for Japanese, a whole word's worth (four, or three that begin a
// word) for letters.
func common(a, b []rune) (inA, inB []bool) {
	inA, inB = make([]bool, len(a)), make([]bool, len(b))
	for i := range a {
		for j := range b {
			n := 0
			for i+n < len(a) && j+n < len(b) && a[i+n] == b[j+n] && a[i+n] != ' ' {
				n++
			}
			if n < 2 || (!isJapanese(a[i]) && (n < 3 || (i > 0 && a[i-1] != ' ' && !isJapanese(a[i-1])))) {
				continue
			}
			for k := range n {
				inA[i+k], inB[j+k] = true, true
			}
		}
	}
	return inA, inB
}
