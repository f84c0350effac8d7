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
	// Alike are words of one language that take each other's place in the wordings
	// of the same entries: candidates too.
	Alike []Alike `json:"suggested_same"`
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

// Alike is two words of one language that may be the same.
type Alike struct {
	A       string `json:"a"`
	B       string `json:"b"`
	Entries int    `json:"entries"` // in how many entries one stands in place of the other
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
	if len(r.Alike) > 0 {
		fmt.Fprintf(w, "\nwords that take each other's place in the wordings of an entry (if they are the same, write them into %s)\n", areaSynonyms)
		for _, a := range r.Alike {
			fmt.Fprintf(w, "  %s = %s  (in %d entries)\n", a.A, a.B, a.Entries)
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
