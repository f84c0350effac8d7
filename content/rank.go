package content

import (
	"math"
	"slices"
	"strings"
)

// scratch is what one search needs; it is reused.
type scratch struct {
	query terms
	unit  [kinds][]float32 // by utterance, by kind of term
	entry [views][]float32 // by entry, for the other views
	alt   [views][]float32 // what one word's alternatives give, while they are compared
	hit   []uint32         // the units that alt holds something for
	top   []scored

	chance   []float32 // by class
	byEntry  []float32 // the same by entry, 0 for those that are no class
	features []int32
	asks     intent
	lift     float32 // what the classifier's full chance adds to a score
}

type scored struct {
	entry int
	unit  uint32 // its best utterance
	score float32
	utter float32 // what its best utterance shares with the question, before weighing
	words float32 // of that, by words
	views [views]float32
	class float32 // the classifier's chance, 0 where it has no say
}

func newScratch(x *index) *scratch {
	sc := &scratch{}
	for k := range sc.unit {
		sc.unit[k] = make([]float32, len(x.unitLang))
	}
	for v := range views {
		n := len(x.keys)
		if v == viewUtterance {
			n = len(x.unitLang)
		} else {
			sc.entry[v] = make([]float32, n)
		}
		sc.alt[v] = make([]float32, n)
	}
	if x.classes != nil {
		sc.chance, sc.byEntry = make([]float32, len(x.classes.classes)+1), make([]float32, len(x.keys))
	}
	return sc
}

func (sc *scratch) clear() {
	for k := range sc.unit {
		clear(sc.unit[k])
	}
	for v := range views {
		clear(sc.entry[v])
	}
}

// of gives where a view's scores add up.
func (sc *scratch) of(v view, kind termKind) []float32 {
	if v == viewUtterance {
		return sc.unit[kind]
	}
	return sc.entry[v]
}

// ranking is the best entries with what the decision needs.
type ranking struct {
	top []scored
	ideal,
	idealWords, // of it, by words
	unknown float64 // of that, by words that are nowhere
	small bool // without the dictionary
	// The dearest words (in rarity, as a share of the rarest) that the first hit
	// has, and the dearest that it has not.
	matched, second, missed float64
	opinion                 float64 // the classifier's chance of the first hit, or of what is no class if it is none
	classLead               float64 // of the classifier's first over its second
}

func (x *index) search(ana *analyzer, syn *synonyms, text string, allowed func(int) bool) Result {
	if len(x.keys) == 0 {
		return Result{}
	}
	sc := x.pool.Get().(*scratch)
	defer x.pool.Put(sc)
	rk := x.rank(sc, ana, syn, text, allowed, ana.weights())
	if len(rk.top) == 0 {
		return Result{}
	}
	out := Result{Hits: make([]Hit, len(rk.top))}
	var sure float64
	out.Decision, sure = rk.decide(x)
	first := rk.top[0].score
	for i, s := range rk.top {
		h := Hit{Key: x.keys[s.entry], Score: sure * float64(s.score/first), Lang: x.langs[x.unitLang[s.unit]], By: ByRanking}
		h.Views = s.shares(rk.ideal)
		if h.Views.Classifier > h.Views.Question {
			h.By = ByClassifier
		}
		out.Hits[i] = h
	}
	return out
}

func (s *scored) shares(ideal float64) Views {
	if ideal <= 0 {
		return Views{}
	}
	own := s.views[viewUtterance] + s.views[viewAnswer] + s.views[viewLabel]
	share := func(f float32) float64 { return math.Round(float64(f)/ideal*1e3) / 1e3 }
	return Views{Question: share(s.views[viewUtterance]), Answer: share(s.views[viewAnswer]), Labels: share(s.views[viewLabel]), Classifier: share(s.score - own)}
}

func (x *index) rank(sc *scratch, ana *analyzer, syn *synonyms, text string, allowed func(int) bool, w *weights) ranking {
	q := &sc.query
	q.reset()
	q.spell = true
	ana.analyze(text, maxQueryRunes, q)
	q.bigrams()
	slices.Sort(q.words)
	q.words = slices.Compact(q.words)
	slices.Sort(q.grams)
	q.grams = slices.Compact(q.grams)
	ana.lex.alternatives(q, x.known)
	if q.read { // what the dictionary made of the same kana says nothing
		q.words = slices.DeleteFunc(q.words, func(t uint64) bool { return !x.known(t) })
	}
	syn.expand(normalize(text, maxQueryRunes), q)
	thesaurus(q, x.known)
	if strings.IndexFunc(text, isJapanese) < 0 {
		q.meant(x.known)
	}
	sc.asks = intentOf(normalize(text, maxQueryRunes))
	sc.clear()
	var rk ranking
	for _, t := range q.words {
		gain, nowhere := x.word(sc, t, w)
		rk.idealWords += gain
		if nowhere {
			rk.unknown += gain
		}
	}
	rk.ideal = rk.idealWords
	for _, t := range q.grams {
		gain := x.add(sc, t, w, gramTerm)
		rk.ideal += gain
		if _, ok := x.grams[viewUtterance].terms[t]; !ok && ana.ja == nil {
			rk.unknown += gain
		}
	}
	if rk.small = ana.ja == nil; rk.small { // pairs stand for words
		rk.idealWords = rk.ideal
	}
	// What stands for no single word; where that is all there is, it is the question.
	if gain := x.meanings(sc, 0, 0, w); q.read || len(q.words) == 0 {
		rk.ideal += gain
		rk.idealWords += gain
	}
	if x.classes != nil {
		x.classify(sc)
	}
	if len(x.not) > 0 {
		asked, may := q.distinct(), allowed
		allowed = func(e int) bool { return may(e) && !x.refused(e, asked) }
	}
	x.collect(sc, allowed, w)
	rk.top = sc.top
	if len(rk.top) > 0 {
		x.look(sc, &rk)
	}
	return rk
}

// classify lets the classifier speak; an entry that is no class has chance 0.
func (x *index) classify(sc *scratch) {
	sc.features = x.classes.classify(&sc.query, sc.chance, sc.features)
	for class, e := range x.classes.classes {
		if e >= 0 { // gone since training
			sc.byEntry[e] = sc.chance[class]
		}
	}
}

// known says whether a word is anywhere in the index.
func (x *index) known(term uint64) bool {
	for v := range views {
		if _, ok := x.words[v].terms[term]; ok {
			return true
		}
	}
	return false
}

// word adds one word of the question, with what may stand for it, and gives
// what an utterance with it would have got.
func (x *index) word(sc *scratch, t uint64, w *weights) (ideal float64, nowhere bool) {
	for _, a := range sc.query.alts {
		if a.of == t {
			return x.meanings(sc, t, t, w), false
		}
	}
	return x.add(sc, t, w, wordTerm), !x.known(t)
}

// add adds one term to the scores of all views.
func (x *index) add(sc *scratch, t uint64, w *weights, kind termKind) (ideal float64) { //nolint:staticcheck // see retrained: there y follows x
	by := w.of(kind, t)
	for v := range views {
		p := x.lists(v, kind)
		l := p.of(t)
		weight := idf(p.units, len(l)) * by[v]
		if v == viewUtterance {
			ideal = weight
		}
		acc := sc.of(v, kind)
		f := float32(weight * impactStep)
		for _, post := range l {
			acc[post>>8] += f * float32(post&255)
		}
	}
	return ideal
}

func (x *index) lists(v view, kind termKind) *postings {
	if kind == wordTerm {
		return &x.words[v]
	}
	return &x.grams[v]
}

// meanings adds a word (self, or 0) and its alternatives as one term: a unit
// gets the best of them, and all are as rare as all of them together, so that
// a word nobody uses does not make its common synonym a rare one.
func (x *index) meanings(sc *scratch, self, of uint64, w *weights) (ideal float64) {
	for v := range views {
		sc.hit = sc.hit[:0]
		if self != 0 {
			x.gather(sc, v, alternative{term: self, weight: 1}, w)
		}
		for _, a := range sc.query.alts {
			if a.of == of {
				x.gather(sc, v, a, w)
			}
		}
		units := x.words[v].units
		rare := idf(units, len(sc.hit))
		if v == viewUtterance && (self != 0 || len(sc.hit) > 0) {
			ideal = rare * w.word[v]
		}
		acc, alt := sc.of(v, wordTerm), sc.alt[v]
		for _, u := range sc.hit {
			acc[u] += float32(rare) * alt[u]
			alt[u] = 0
		}
	}
	return ideal
}

// gather notes what one alternative gives each unit, where it is the best yet.
func (x *index) gather(sc *scratch, v view, a alternative, w *weights) {
	alt := sc.alt[v]
	f := float32(a.weight * w.of(a.kind, a.term)[v] * impactStep)
	for _, post := range x.lists(v, a.kind).of(a.term) {
		u := post >> 8
		gain := f * float32(post&255)
		if alt[u] == 0 && gain > 0 {
			sc.hit = append(sc.hit, u)
		}
		alt[u] = max(alt[u], gain)
	}
}

// intentWeight is what the same, or another, kind of answer asked for weighs.
const intentWeight = 0.08

// classWeight is what the classifier's certainty weighs, as a share of the best
// score that an utterance has.
const classWeight = 0.7

// weighed marks an utterance's score down for what it says beyond the question,
// and up or down for whether it asks for the same kind of answer.
func (sc *scratch) weighed(x *index, w *weights, u uint32, s float32) float32 {
	return s * (1 - w.exact + w.exact*min(1, s/x.unitMass[u])) * (1 + intentWeight*sc.asks.suits(x.unitAsks[u]))
}

// best is the best utterance's score.
func (sc *scratch) best(x *index, w *weights) float32 {
	var best float32
	for u, s := range sc.unit[wordTerm] {
		if s += sc.unit[gramTerm][u]; s > 0 {
			best = max(best, sc.weighed(x, w, uint32(u), s))
		}
	}
	return best
}

// collect picks the best entries by their best utterance plus their other views.
func (x *index) collect(sc *scratch, allowed func(int) bool, w *weights) {
	top := sc.top[:0]
	sc.lift = 0
	if x.classes != nil {
		sc.lift = classWeight * sc.best(x, w)
	}
	words, grams := sc.unit[wordTerm], sc.unit[gramTerm]
	for e := range x.keys {
		var best scored
		best.entry, best.unit = e, x.unitStart[e]
		for u := best.unit; u < x.unitStart[e+1]; u++ {
			s := words[u] + grams[u]
			if s*(1+intentWeight) <= best.views[viewUtterance] {
				continue
			}
			weighed := sc.weighed(x, w, u, s)
			if weighed > best.views[viewUtterance] {
				best.views[viewUtterance], best.unit, best.utter, best.words = weighed, u, s, words[u]
			}
		}
		best.views[viewAnswer], best.views[viewLabel] = sc.entry[viewAnswer][e], sc.entry[viewLabel][e]
		best.score = best.views[viewUtterance] + best.views[viewAnswer] + best.views[viewLabel]
		if sc.lift > 0 {
			best.class = sc.byEntry[e]
			best.score += sc.lift * best.class
		}
		if best.score <= 0 || (len(top) == maxHits && best.score <= top[maxHits-1].score) || !allowed(e) {
			continue
		}
		at := len(top)
		for at > 0 && top[at-1].score < best.score {
			at--
		}
		if len(top) < maxHits {
			top = append(top, scored{})
		}
		copy(top[at+1:], top[at:])
		top[at] = best
	}
	sc.top = top
}
