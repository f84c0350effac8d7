package content

import (
	"cmp"
	"slices"
	"strings"
)

// together counts in how many entries words stand, and pairs of them.
type together struct {
	names map[uint64]string
	count map[uint64]int
	both  map[[2]uint64]int
}

func newTogether() *together {
	return &together{names: map[uint64]string{}, count: map[uint64]int{}, both: map[[2]uint64]int{}}
}

// pairs gives the words that go together and hardly apart: each is the other's only
// best, and the synonyms do not know of them.
func (g *together) pairs(syn *synonyms) (out [][2]uint64) {
	dice := func(p [2]uint64) float64 { return 2 * float64(g.both[p]) / float64(g.count[p[0]]+g.count[p[1]]) }
	best := map[uint64]float64{}
	rivals := map[uint64]int{}
	for p, n := range g.both {
		for _, t := range p {
			switch d := dice(p); {
			case n < 2 || d < best[t]:
			case d > best[t]:
				best[t], rivals[t] = d, 1
			default:
				rivals[t]++
			}
		}
	}
	for p, n := range g.both {
		d := dice(p)
		if n >= 2 && d >= leastDice && d == best[p[0]] && d == best[p[1]] && rivals[p[0]] == 1 && rivals[p[1]] == 1 &&
			!syn.same(p[0], p[1]) && soundOf(g.names[p[0]]) != soundOf(g.names[p[1]]) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b [2]uint64) int {
		return cmp.Or(cmp.Compare(g.both[b], g.both[a]), strings.Compare(g.names[a[0]], g.names[b[0]]), strings.Compare(g.names[a[1]], g.names[b[1]]))
	})
	return out[:min(len(out), maxReport)]
}

// translations finds Japanese and English words that stand in the same entries.
func (r *ready) translations() (out []Translation) {
	g := newTogether()
	for _, d := range r.texts {
		in := map[string]map[uint64]bool{"ja": {}, "en": {}}
		for _, u := range d.utterances {
			if in[u.lang] == nil {
				continue
			}
			for _, w := range r.ana.surfaces(u.text) {
				if (u.lang == "en") == isPlainASCII(w.text) {
					in[u.lang][w.term], g.names[w.term] = true, w.text
				}
			}
		}
		if len(in["ja"]) == 0 || len(in["en"]) == 0 {
			continue
		}
		for _, side := range in {
			for t := range side {
				g.count[t]++
			}
		}
		for a := range in["ja"] {
			for b := range in["en"] {
				g.both[[2]uint64{a, b}]++
			}
		}
	}
	for _, p := range g.pairs(r.syn) {
		out = append(out, Translation{g.names[p[0]], g.names[p[1]], g.both[p]})
	}
	return out
}

// alikeWordings is how many wordings an entry may have here: among many, words
// stand in different ones by chance.
const alikeWordings = 8

// alike finds words of one language that stand in different wordings of the same
// entries, and nowhere in one: buying price in one wording, wholesale in another.
func (r *ready) alike() (out []Alike) {
	g := newTogether()
	beside := map[[2]uint64]bool{}
	for _, d := range r.texts {
		in := map[uint64]string{} // the languages that it stands in
		for _, u := range d.utterances {
			var ts []uint64
			for _, w := range r.ana.surfaces(u.text) {
				g.names[w.term], in[w.term] = w.text, u.lang
				for _, t := range ts {
					beside[ordered(t, w.term)] = true
				}
				ts = append(ts, w.term)
			}
		}
		if len(d.utterances) > alikeWordings {
			continue
		}
		for a, lang := range in {
			g.count[a]++
			for b, other := range in {
				if a < b && lang == other {
					g.both[ordered(a, b)]++
				}
			}
		}
	}
	for p := range beside {
		delete(g.both, p)
	}
	for _, p := range g.pairs(r.syn) {
		a, b := g.names[p[0]], g.names[p[1]]
		out = append(out, Alike{min(a, b), max(a, b), g.both[p]})
	}
	return out
}

func ordered(a, b uint64) [2]uint64 { return [2]uint64{min(a, b), max(a, b)} }

// same says whether the synonyms already lead from one word to the other.
func (s *synonyms) same(a, b uint64) bool {
	if s == nil {
		return false
	}
	leads := func(a, b uint64) bool {
		return slices.ContainsFunc(s.byWord[a], func(x alternative) bool { return x.term == b })
	}
	return leads(a, b) || leads(b, a)
}
