package content

import (
	"slices"
)

// Decision says how sure a search is.
type Decision int

// The decisions.
const (
	None Decision = iota // nothing fits: say so, and offer a person
	Weak                 // up to three candidates to choose from
	Good                 // the first hit answers
)

// String names the decision as `faq test` prints it.
func (d Decision) String() string { return [...]string{"none", "weak", "good"}[d] }

// Hit is one entry found.
type Hit struct {
	Key string
	// Score is 0..1: for the first hit the estimated chance that the question is
	// answered among the first three; for the others its share of that by rank.
	Score float64
	Lang  string // language of the wording that matched best
}

// Result is what a question found, best first.
type Result struct {
	Decision Decision
	Hits     []Hit // at most ten
}

// maxHits is how many entries a Result holds.
const maxHits = 10

// Search finds the entries that answer a question, among those that r may see
// today. It works in memory and its work is bounded whatever the text.
func (l *Library) Search(text string, r Reader) Result {
	s := l.cur.Load()
	day := l.today()
	return s.index.search(s.ana, text, func(i int) bool {
		e := s.entries[i]
		return validOn(e.ValidFrom, e.ValidUntil, day) == Served && e.Audience.Includes(r)
	})
}

// weights combine the views of an entry. See docs/search.md for where they
// come from.
type weights struct {
	word, pair, triple [views]float64
	// exact is how much an utterance is marked down for what it says beyond the question.
	exact float32
}

// fullWeights are for words and grams, pairWeights for when a Japanese text has
// no words: then its pairs must weigh what words would, beside Latin words.
var (
	fullWeights = weights{
		word:   [views]float64{viewUtterance: 1, viewAnswer: 0.4, viewLabel: 0.4},
		pair:   [views]float64{viewUtterance: 0.25, viewAnswer: 0.1, viewLabel: 0.1},
		triple: [views]float64{viewUtterance: 0.25, viewAnswer: 0.1, viewLabel: 0.1},
		exact:  0.2,
	}
	pairWeights = weights{
		word:   fullWeights.word,
		pair:   [views]float64{viewUtterance: 0.75, viewAnswer: 0.3, viewLabel: 0.3},
		triple: fullWeights.triple,
		exact:  0.2,
	}
)

// of gives the weights of a kind of term, by view.
func (w *weights) of(kind termKind, term uint64) *[views]float64 {
	switch {
	case kind == wordTerm:
		return &w.word
	case isPair(term):
		return &w.pair
	}
	return &w.triple
}

type termKind int

const (
	wordTerm termKind = iota
	gramTerm
)

func (a *analyzer) weights() *weights {
	if a.ja == nil {
		return &pairWeights
	}
	return &fullWeights
}

// scratch is what one search needs; it is reused.
type scratch struct {
	query terms
	unit  []float32
	entry []float32
	top   []scored
}

type scored struct {
	entry int
	unit  uint32
	score float32
	utter float32 // what its best utterance shares with the question, before weighing
}

func newScratch(x *index) *scratch {
	return &scratch{unit: make([]float32, len(x.unitLang)), entry: make([]float32, len(x.keys))}
}

// ranking is the best entries with what the decision needs.
type ranking struct {
	top   []scored
	ideal float64 // the score of an utterance that says exactly the question
}

func (x *index) search(ana *analyzer, text string, allowed func(int) bool) Result {
	if len(x.keys) == 0 {
		return Result{}
	}
	sc := x.pool.Get().(*scratch)
	defer x.pool.Put(sc)
	rk := x.rank(sc, ana, text, allowed, ana.weights())
	if len(rk.top) == 0 {
		return Result{}
	}
	out := Result{Hits: make([]Hit, len(rk.top))}
	var sure float64
	out.Decision, sure = rk.decide(x)
	for i, s := range rk.top {
		out.Hits[i] = Hit{Key: x.keys[s.entry], Score: sure * float64(s.score/rk.top[0].score), Lang: x.langs[x.unitLang[s.unit]]}
	}
	return out
}

func (x *index) rank(sc *scratch, ana *analyzer, text string, allowed func(int) bool, w *weights) ranking {
	sc.query.reset()
	ana.analyze(text, maxQueryRunes, &sc.query)
	clear(sc.unit)
	clear(sc.entry)
	var rk ranking
	rk.ideal += x.accumulate(sc, sc.query.words, &x.words, w, wordTerm)
	rk.ideal += x.accumulate(sc, sc.query.grams, &x.grams, w, gramTerm)
	x.collect(sc, allowed, w)
	rk.top = sc.top
	return rk
}

// accumulate adds one kind of the question's terms to the scores, and gives
// what an utterance with all of them would have got.
func (x *index) accumulate(sc *scratch, ts []uint64, lists *[views]postings, w *weights, kind termKind) (ideal float64) {
	slices.Sort(ts)
	for i, t := range ts {
		if i > 0 && ts[i-1] == t {
			continue
		}
		by := w.of(kind, t)
		for v := range views {
			p := &lists[v]
			l := p.of(t)
			weight := idf(p.units, len(l)) * by[v]
			if v == viewUtterance {
				ideal += weight
			}
			acc := sc.entry
			if v == viewUtterance {
				acc = sc.unit
			}
			f := float32(weight * impactStep)
			for _, x := range l {
				acc[x>>8] += f * float32(x&255)
			}
		}
	}
	return ideal
}

// collect picks the best entries by their best utterance plus their other views.
func (x *index) collect(sc *scratch, allowed func(int) bool, w *weights) {
	top := sc.top[:0]
	for e := range x.keys {
		var best, shared float32
		unit := x.unitStart[e]
		for u := unit; u < x.unitStart[e+1]; u++ {
			s := sc.unit[u]
			if s <= best {
				continue
			}
			if weighed := s * (1 - w.exact + w.exact*min(1, s/x.unitMass[u])); weighed > best {
				best, unit, shared = weighed, u, s
			}
		}
		score := best + sc.entry[e]
		if score <= 0 || (len(top) == maxHits && score <= top[maxHits-1].score) || !allowed(e) {
			continue
		}
		at := len(top)
		for at > 0 && top[at-1].score < score {
			at--
		}
		if len(top) < maxHits {
			top = append(top, scored{})
		}
		copy(top[at+1:], top[at:])
		top[at] = scored{entry: e, unit: unit, score: score, utter: shared}
	}
	sc.top = top
}
