package content

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ikawaha/kagome/v2/tokenizer"
)

// areaSynonyms is the one file of synonyms, beside the three areas.
const areaSynonyms = "synonyms.yaml"

// synonymGroup is words that staff call the same. When a question says one of
// From, it may mean any of To.
type synonymGroup struct {
	from, to []string
	line     int
}

func (g synonymGroup) equal(h synonymGroup) bool {
	return slices.Equal(g.from, h.from) && slices.Equal(g.to, h.to)
}

// Bounds of the synonyms of one file; a word is a word and no text.
const (
	maxGroups     = 2000
	maxGroupWords = 30
	maxSynonym    = 40
)

// synonymGroups decodes synonyms.yaml: "same" lists groups that are the same
// both ways, "means" has pairs {from: […], to: […]} that count one way only.
func (d *decoder) synonymGroups(n *node) (out []synonymGroup) {
	if n.kind == nullNode {
		return nil
	}
	each := func(n *node, what string, read func(*node)) {
		if n.kind == nullNode {
			return
		}
		if n.kind != listNode || len(n.items) > maxGroups {
			d.bad(n.line, "%s must be a list of at most %d groups", what, maxGroups)
			return
		}
		for _, it := range n.items {
			read(it)
		}
	}
	d.walk(n, "the file of synonyms", map[string]func(*node){
		"same": func(v *node) {
			each(v, "same", func(g *node) {
				if ws, ok := d.synonymWords(g, "a group of same", 2); ok {
					out = append(out, synonymGroup{from: ws, to: ws, line: g.line})
				}
			})
		},
		"means": func(v *node) {
			each(v, "means", func(g *node) {
				s := synonymGroup{line: g.line}
				before := len(d.probs)
				if !d.walk(g, "each of means", map[string]func(*node){
					"from": func(v *node) { s.from, _ = d.synonymWords(v, "from", 1) },
					"to":   func(v *node) { s.to, _ = d.synonymWords(v, "to", 1) },
				}) || len(d.probs) > before {
					return
				}
				if len(s.from) == 0 || len(s.to) == 0 {
					d.bad(g.line, "each of means needs from and to")
					return
				}
				out = append(out, s)
			})
		},
	})
	return out
}

func (d *decoder) synonymWords(n *node, what string, least int) ([]string, bool) {
	before := len(d.probs)
	if n.kind == textNode {
		n = &node{kind: listNode, line: n.line, items: []*node{n}}
	}
	ws := d.list(n, what)
	for _, w := range ws {
		if utf8.RuneCountInString(w) > maxSynonym {
			d.bad(n.line, "%q is longer than %d characters", cut(w, 20)+"…", maxSynonym)
		}
	}
	switch {
	case len(d.probs) > before:
	case len(ws) < least:
		d.bad(n.line, "%s needs at least %d different words", what, least)
	case len(ws) > maxGroupWords:
		d.bad(n.line, "%s has %d words, more than %d", what, len(ws), maxGroupWords)
	}
	return ws, len(d.probs) == before
}

// synonyms is the groups as search uses them. A word of one token is known by
// its term (so in all its forms); anything longer by how it is written.
type synonyms struct {
	byWord map[uint64][]alternative
	byHead map[rune][]phrase
}

type phrase struct {
	text string // folded
	alts []alternative
}

// newSynonyms analyses groups for questions read by ana.
func newSynonyms(ana *analyzer, groups []synonymGroup) *synonyms {
	if len(groups) == 0 {
		return nil
	}
	s := &synonyms{byWord: map[uint64][]alternative{}, byHead: map[rune][]phrase{}}
	for _, g := range groups {
		var to [][]alternative
		for _, w := range g.to {
			to = append(to, ana.asAlternatives(w))
		}
		for _, w := range g.from {
			var alts []alternative
			for i, other := range g.to {
				if other != w {
					alts = append(alts, to[i]...)
				}
			}
			term, one := ana.oneWord(w)
			if one {
				for _, a := range alts {
					a.of = term
					if a.term != term || a.kind != wordTerm {
						s.byWord[term] = append(s.byWord[term], a)
					}
				}
				continue
			}
			p := phrase{text: foldText(normalize(w, maxSynonym)), alts: alts}
			if r, n := utf8.DecodeRuneInString(p.text); n > 0 {
				s.byHead[r] = append(s.byHead[r], p)
			}
		}
	}
	return s
}

// asAlternatives gives the terms of a synonym, sharing its weight. Without the
// dictionary a Japanese synonym is its pairs.
func (a *analyzer) asAlternatives(w string) []alternative {
	japanese := !isPlainASCII(normalize(w, maxSynonym))
	if term, one := a.oneWord(w); one {
		return []alternative{{term: term, kind: wordTerm, weight: synonymWeight, japanese: japanese}}
	}
	var t terms
	a.analyze(w, maxSynonym, &t)
	var out []alternative
	for _, x := range t.words {
		out = append(out, alternative{term: x, kind: wordTerm})
	}
	if len(t.words) == 0 {
		for _, x := range t.grams {
			out = append(out, alternative{term: x, kind: gramTerm})
		}
	}
	for i := range out {
		out[i].weight, out[i].japanese = synonymWeight/float64(len(out)), japanese
	}
	return out
}

// oneWord gives the term of a text that is one word and nothing else.
func (a *analyzer) oneWord(w string) (uint64, bool) {
	s := normalize(w, maxSynonym)
	n, japanese := 0, false
	runs(s, func(r run) { n++; japanese = japanese || r.japanese })
	if n != 1 || (japanese && (a.ja == nil || len(a.ja.Analyze(s, tokenizer.Normal)) != 1)) {
		return 0, false
	}
	var t terms
	a.analyze(w, maxSynonym, &t)
	if len(t.words) == 0 {
		return 0, false
	}
	return t.words[0], true // a compound's whole comes before its parts
}

// expand adds to t what its words and phrases mean besides.
func (s *synonyms) expand(text string, t *terms) {
	if s == nil {
		return
	}
	for _, w := range t.words {
		for _, a := range s.byWord[w] {
			t.alt(a)
		}
	}
	if len(s.byHead) == 0 {
		return
	}
	folded := foldText(text)
	for i, r := range folded {
		for _, p := range s.byHead[r] {
			if strings.HasPrefix(folded[i:], p.text) && atEdges(folded, i, i+len(p.text)) {
				for _, a := range p.alts {
					t.alt(a)
				}
			}
		}
	}
}

// atEdges says that a Latin phrase is not a piece of a longer word.
func atEdges(s string, from, to int) bool {
	letter := func(b byte) bool { return b >= 'a' && b <= 'z' }
	return !(letter(s[from]) && from > 0 && letter(s[from-1])) && !(letter(s[to-1]) && to < len(s) && letter(s[to]))
}

// foldText brings a normalised text into one kana, without ー.
func foldText(s string) string {
	return strings.Map(func(r rune) rune {
		if r == 'ー' {
			return -1
		}
		return fold(r)
	}, s)
}
