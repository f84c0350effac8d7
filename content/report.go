package content

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Report is what a writer may want to look at in the entries themselves. Each
// list is the worst first and at most maxReport long.
type Report struct {
	// Twins are entries whose wordings are nearly the same.
	Twins []Pair `json:"near_duplicates"`
	// Unfindable are entries of several wordings that none of these would find if
	// it were not written down: nothing else in the entry says the same.
	Unfindable []string `json:"unfindable"`
	// Unfound are wordings that, were they not written in their entry, would
	// find another one first.
	Unfound []Stray `json:"unfound_wordings"`
	// Contested are questions (of the queries measured) that several entries
	// fight for: the second is nearly as good as the first.
	Contested []Contest `json:"contested"`
	// Translations are words of the two languages that stand in the same entries:
	// candidates for synonyms.yaml, for a person to confirm.
	Translations []Translation `json:"suggested_synonyms"`
}

// Pair is two entries and how alike they are, 0..1.
type Pair struct {
	A     string  `json:"a"`
	B     string  `json:"b"`
	Text  string  `json:"text"` // the wording of A that is nearly B's
	Alike float64 `json:"alike"`
}

// Stray is a wording that its own entry would not be found by.
type Stray struct {
	Key  string `json:"key"`
	Text string `json:"text"`
	Won  string `json:"won"` // what would be found instead; "" for nothing
}

// Contest is a question with the entries that are close.
type Contest struct {
	Text string   `json:"text"`
	Keys []string `json:"keys"`
}

// Translation is two words that may be the same.
type Translation struct {
	Ja      string `json:"ja"`
	En      string `json:"en"`
	Entries int    `json:"entries"` // in how many entries both stand
}

const (
	maxReport = 20
	// twinAlike is from where on two wordings are nearly the same.
	twinAlike = 0.7
	// contested is how near the second must be to the first.
	contested = 0.97
	// reportWordings bounds the work: at 0.2 ms each, one second.
	reportWordings = 5_000
	// leastDice is how nearly two words must stand in the same entries, 0..1.
	leastDice = 0.6
)

// report looks at every wording as if somebody asked it.
func (r *ready) report() Report {
	var out Report
	sc := newScratch(r.index)
	w := r.ana.weights()
	asked, seen := 0, map[[2]string]bool{}
	for i, d := range r.texts {
		strays := len(out.Unfound)
		for j, u := range d.utterances {
			if asked++; asked > reportWordings {
				return out.sorted()
			}
			rk := r.index.rank(sc, r.ana, r.syn, u.text, func(e int) bool { return e != i }, w)
			if len(rk.top) == 0 {
				continue
			}
			best := rk.top[0]
			other := r.index.keys[best.entry]
			alike := min(1, float64(best.utter)/rk.ideal) * min(1, float64(best.utter/r.index.unitMass[best.unit]))
			pair := [2]string{min(d.key, other), max(d.key, other)}
			if alike >= twinAlike && !seen[pair] {
				seen[pair] = true
				out.Twins = append(out.Twins, Pair{d.key, other, u.text, math.Round(alike*100) / 100})
			}
			if own := r.without(sc, i, j, w); own < float64(best.score) && len(d.utterances) > 1 && rk.idealWords > 0 {
				out.Unfound = append(out.Unfound, Stray{d.key, u.text, other})
			}
		}
		if n := len(out.Unfound) - strays; n > 1 && n == len(d.utterances) {
			out.Unfindable = append(out.Unfindable, d.key)
		}
	}
	return out.sorted()
}

// without is what an entry would score for one of its own wordings if that
// wording were not written in it. sc holds the ranking of that wording.
func (r *ready) without(sc *scratch, entry, wording int, w *weights) float64 {
	x := r.index
	var best float32
	for u := x.unitStart[entry]; u < x.unitStart[entry+1]; u++ {
		if int(u-x.unitStart[entry]) == wording {
			continue
		}
		s := sc.unit[wordTerm][u] + sc.unit[gramTerm][u]
		if s > 0 {
			best = max(best, sc.weighed(x, w, u, s))
		}
	}
	return float64(best + sc.entry[viewAnswer][entry] + sc.entry[viewLabel][entry])
}

func (r Report) sorted() Report {
	slices.SortStableFunc(r.Twins, func(a, b Pair) int { return cmp.Compare(b.Alike, a.Alike) })
	r.Twins = r.Twins[:min(len(r.Twins), maxReport)]
	r.Unfindable = r.Unfindable[:min(len(r.Unfindable), maxReport)]
	r.Unfound = r.Unfound[:min(len(r.Unfound), maxReport)]
	return r
}

// contest notes the queries that several entries fight for.
func (r *Report) contest(queries []Query, results []Result) {
	for i, q := range queries {
		hits := results[i].Hits
		if len(hits) < 2 || results[i].Decision == None || hits[1].Score < contested*hits[0].Score {
			continue
		}
		c := Contest{Text: q.Text}
		for _, h := range hits {
			if h.Score >= contested*hits[0].Score {
				c.Keys = append(c.Keys, h.Key)
			}
		}
		if r.Contested = append(r.Contested, c); len(r.Contested) == maxReport {
			return
		}
	}
}

// translations finds Japanese and English words that stand in the same entries
// and hardly apart. What the synonyms already say is left out.
func (r *ready) translations() []Translation {
	type word struct {
		text string
		term uint64
	}
	count := map[uint64]int{}
	both := map[[2]uint64]int{}
	names := map[uint64]string{}
	for _, d := range r.texts {
		in := map[string]map[uint64]word{"ja": {}, "en": {}}
		for _, u := range d.utterances {
			if in[u.lang] == nil {
				continue
			}
			for _, w := range r.ana.surfaces(u.text) {
				if (u.lang == "en") == isPlainASCII(w.text) {
					in[u.lang][w.term] = word(w)
				}
			}
		}
		if len(in["ja"]) == 0 || len(in["en"]) == 0 {
			continue
		}
		for _, side := range in {
			for t, w := range side {
				count[t]++
				names[t] = w.text
			}
		}
		for a := range in["ja"] {
			for b := range in["en"] {
				both[[2]uint64{a, b}]++
			}
		}
	}
	// Of the words that go together most, a pair must be each other's only best.
	dice := func(p [2]uint64) float64 { return 2 * float64(both[p]) / float64(count[p[0]]+count[p[1]]) }
	best := map[uint64]float64{}
	rivals := map[uint64]int{}
	for p, n := range both {
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
	var out []Translation
	for p, n := range both {
		d := dice(p)
		if n >= 2 && d >= leastDice && d == best[p[0]] && d == best[p[1]] && rivals[p[0]] == 1 && rivals[p[1]] == 1 &&
			!r.syn.same(p[0], p[1]) && soundOf(names[p[0]]) != soundOf(names[p[1]]) {
			out = append(out, Translation{names[p[0]], names[p[1]], n})
		}
	}
	slices.SortFunc(out, func(a, b Translation) int {
		return cmp.Or(cmp.Compare(b.Entries, a.Entries), strings.Compare(a.Ja, b.Ja), strings.Compare(a.En, b.En))
	})
	return out[:min(len(out), maxReport)]
}

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

func (r Report) print(w io.Writer) {
	if len(r.Twins) > 0 {
		fmt.Fprintf(w, "\nentries that are nearly the same\n")
		for _, p := range r.Twins {
			fmt.Fprintf(w, "  %.2f  %s and %s: %s\n", p.Alike, p.A, p.B, shortLine(p.Text))
		}
	}
	if len(r.Unfindable) > 0 {
		fmt.Fprintf(w, "\nentries whose wordings have nothing in common, so that new ones will not find them\n  %s\n", strings.Join(r.Unfindable, ", "))
	}
	if len(r.Unfound) > 0 {
		fmt.Fprintf(w, "\nwordings that would find another entry if they were not written down\n")
		for _, s := range r.Unfound {
			fmt.Fprintf(w, "  %s  %s: found would be %s\n", s.Key, shortLine(s.Text), s.Won)
		}
	}
	if len(r.Contested) > 0 {
		fmt.Fprintf(w, "\nquestions that several entries fight for\n")
		for _, c := range r.Contested {
			fmt.Fprintf(w, "  %s: %s\n", shortLine(c.Text), strings.Join(c.Keys, ", "))
		}
	}
	if len(r.Translations) > 0 {
		fmt.Fprintf(w, "\nwords that may be the same (if so, write them into %s)\n", areaSynonyms)
		for _, t := range r.Translations {
			fmt.Fprintf(w, "  %s = %s  (together in %d entries)\n", t.Ja, t.En, t.Entries)
		}
	}
}

func shortLine(s string) string {
	s = oneLine(s)
	if utf8.RuneCountInString(s) > 60 {
		return cut(s, 59) + "…"
	}
	return s
}
