package bot

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Len is the length of s as a platform counting in u sees it. An empty Unit
// counts runes.
func (u Unit) Len(s string) int {
	switch u {
	case UTF16:
		n := 0
		for _, r := range s {
			n += utf16Len(r)
		}
		return n
	case Clusters:
		return uniseg.GraphemeClusterCount(s)
	default:
		return utf8.RuneCountInString(s)
	}
}

func utf16Len(r rune) int {
	if r > 0xFFFF {
		return 2
	}
	return 1
}

// ellipsis ends what was shortened. It is one unit long in every Unit.
const ellipsis = "…"

// Shorten cuts s at a grapheme border so that it is at most max long, ending in
// "…" if anything was cut; max ≤ 0 means no limit. Only where one grapheme alone
// is longer than max is it cut between two code points.
func (u Unit) Shorten(s string, max int) string {
	if max <= 0 || u.Len(s) <= max {
		return s
	}
	end := 0
	for _, b := range u.borders(s, max-1) {
		if b.used > max-1 {
			break
		}
		end = b.end
	}
	return strings.TrimRightFunc(s[:end], unicode.IsSpace) + ellipsis
}

// The ranks of a place where a text may be cut, the best first.
const (
	atParagraph = 4 // after a blank line
	atLine      = 3 // after a line
	atSentence  = 2
	atWord      = 1 // after a space or a comma
	atGrapheme  = 0
)

// border is a place where a text may be cut.
type border struct {
	end   int  // bytes before it
	used  int  // length before it
	rank  int  // how good a place it is
	blank bool // what lies between the border before and this one is white space
}

// borders lists every place where s may be cut, the end of s included. A
// grapheme longer than max, which no platform could take whole, is opened up
// into its code points.
func (u Unit) borders(s string, max int) []border {
	var out []border
	used, state, rest := 0, -1, s
	newlines, sentence := 0, false
	for rest != "" {
		var g string
		g, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		blank := strings.TrimSpace(g) == ""
		rank := atGrapheme
		switch {
		case g == "\n" || g == "\r\n":
			newlines++
			rank = atLine
			if newlines > 1 {
				rank = atParagraph
			}
		case blank:
			rank = atWord
			if sentence {
				rank = atSentence
			}
		default:
			newlines = 0
			if strings.Contains("。．！？", g) {
				rank = atSentence
			} else if strings.Contains("、，,;；）」』", g) {
				rank = atWord
			}
		}
		if !blank {
			sentence = strings.Contains(".!?…", g)
		}
		end, n := len(s)-len(rest), u.Len(g)
		if n > max {
			out, used = u.open(out, g, end-len(g), used)
			continue
		}
		used += n
		out = append(out, border{end: end, used: used, rank: rank, blank: blank})
	}
	return out
}

// open adds a border after each code point of the oversized grapheme g.
func (u Unit) open(out []border, g string, at, used int) ([]border, int) {
	for i, r := range g {
		if u == UTF16 {
			used += utf16Len(r)
		} else {
			used++
		}
		out = append(out, border{end: at + i + utf8.RuneLen(r), used: used})
	}
	return out, used
}

// split cuts s into pieces of at most max, the last of at most last ≤ max, at
// the best places: between paragraphs, else lines, sentences, words, graphemes.
// White space around a cut is dropped, nothing else.
func (u Unit) split(s string, max, last int) []string {
	if last == math.MaxInt || u.Len(s) <= last {
		return []string{s}
	}
	s = trimBlank(s)
	bs := u.borders(s, last)
	var out []string
	for from := 0; from < len(bs); {
		start, base := 0, 0
		if from > 0 {
			start, base = bs[from-1].end, bs[from-1].used
		}
		left := bs[len(bs)-1].used - base
		if left <= last {
			return append(out, s[start:])
		}
		low, high := base+max/2, base+max
		if left <= max { // what follows the cut must fit as the last piece
			low, high = base+left-last, base+min(max, left-1)
		}
		cut := bestCut(bs, from, low, high, left <= max, base+max/4)
		end := cut
		for end > from && bs[end].blank {
			end--
		}
		out = append(out, s[start:bs[end].end])
		for from = cut + 1; from < len(bs) && bs[from].blank; from++ {
		}
	}
	return out
}

// bestCut answers the index of the border to cut at: the highest rank in
// [low, high], the latest of several. A cut inside a word or a sentence looks
// for a better place down to lower first, unless low is strict.
func bestCut(bs []border, from, low, high int, strict bool, lower int) int {
	best, fallback, word := -1, from, -1
	for i := from; i < len(bs) && bs[i].used <= high; i++ {
		fallback = i
		if bs[i].used >= low && (best < 0 || bs[i].rank >= bs[best].rank) {
			best = i
		}
		if bs[i].used >= lower && bs[i].rank > atGrapheme {
			word = i
		}
	}
	switch {
	case best < 0:
		return fallback
	case !strict && bs[best].rank == atGrapheme && word >= 0:
		return word
	}
	return best
}

// trimBlank drops white space around s, but never the base of a grapheme.
func trimBlank(s string) string {
	s = strings.TrimRightFunc(s, unicode.IsSpace)
	for s != "" {
		g, rest, _, _ := uniseg.FirstGraphemeClusterInString(s, -1)
		if strings.TrimSpace(g) != "" {
			break
		}
		s = rest
	}
	return s
}
