package content

import (
	"math"
	"runtime"
	"slices"
	"sync"
)

// view is one way of looking at an entry.
type view int

const (
	viewUtterance view = iota // the question and its variants, each on its own
	viewAnswer
	viewLabel // tags and the titles of its materials
	views
)

// docText is what the index reads of one entry, independent of where it came from.
type docText struct {
	key        string
	utterances []utterance
	answer     []string
	labels     []string
	not        []string // questions that it does not answer
	known      uint64   // its sum, where it is known; 0 = not
}

type utterance struct{ lang, text string }

// index is an immutable inverted index of entries. A unit is one utterance, or
// one entry in the other views; the units of an entry are neighbours.
type index struct {
	keys      []string
	unitStart []uint32  // of entry i: its utterances are unitStart[i]..unitStart[i+1]
	unitLang  []uint8   // by utterance: place in langs
	unitAsks  []intent  // by utterance
	unitMass  []float32 // by utterance: what a question that says exactly it would score
	langs     []string
	words     [views]postings
	grams     [views]postings
	pool      *sync.Pool
	not       map[int]refusal // by entry
	classes   *classifier     // nil where no entries have many wordings

	// For updates: what made it, each entry's sum, and how many entries changed
	// since everything was last built anew.
	ana   *analyzer
	sums  []uint64
	drift int
	anew  bool // built anew, not updated
}

// postings are the lists of one view and one kind of term. A posting is one
// number: the unit (24 bits) and its impact (8 bits), which is BM25's
// saturation of frequency and length, 0..255 for 0..k1+1. A list is in the order
// of its units.
type postings struct {
	terms map[uint64]uint32 // → place in starts
	start []uint32
	list  []uint32
	units int
	avg   float64
}

// maxUnits is what 24 bits can number.
const maxUnits = 1 << 24

// BM25's usual parameters. b is small for utterances: a long question is not
// less about its words than a short one; in an answer length is dilution.
const (
	bm25K1 = 1.2
	bm25B  = 0.75
)

var viewB = [views]float64{viewUtterance: 0.6, viewAnswer: bm25B, viewLabel: 0.5}

// impactStep turns an impact into BM25's saturation.
const impactStep = (bm25K1 + 1) / 255

// idf is BM25's, never negative.
func idf(n, df int) float64 {
	return math.Log(1 + (float64(n)-float64(df)+0.5)/(float64(df)+0.5))
}

// listMaker collects postings term by term.
type listMaker struct {
	ids   map[uint64]uint32
	lists [][]uint64 // unit<<32 | frequency
	lens  []uint32   // by unit, in terms
	total int
}

func newListMaker() *listMaker { return &listMaker{ids: map[uint64]uint32{}} }

// add counts the terms of the next unit. ts is sorted in place.
func (m *listMaker) add(ts []uint64) {
	unit := uint64(len(m.lens))
	m.lens = append(m.lens, uint32(len(ts)))
	m.total += len(ts)
	slices.Sort(ts)
	for i := 0; i < len(ts); {
		j := i + 1
		for j < len(ts) && ts[j] == ts[i] {
			j++
		}
		id, ok := m.ids[ts[i]]
		if !ok {
			id = uint32(len(m.lists))
			m.ids[ts[i]] = id
			m.lists = append(m.lists, nil)
		}
		m.lists[id] = append(m.lists[id], unit<<32|uint64(j-i))
		i = j
	}
}

// impact is BM25's saturation of frequency and length, in steps.
func impact(tf, length, avg, b float64) uint32 {
	sat := tf * (bm25K1 + 1) / (tf + bm25K1*(1-b+b*length/avg))
	return uint32(math.Round(sat / impactStep))
}

// packed gives each term's postings; unit i is numbered units[i].
func (m *listMaker) packed(avg, b float64, units []uint32) [][]uint32 {
	out := make([][]uint32, len(m.lists))
	for id, l := range m.lists {
		for _, x := range l {
			i := uint32(x >> 32)
			out[id] = append(out[id], units[i]<<8|impact(float64(uint32(x)), float64(m.lens[i]), avg, b))
		}
	}
	return out
}

// finish packs all lists into one.
func (m *listMaker) finish(b float64) postings {
	p := postings{terms: m.ids, units: len(m.lens), start: make([]uint32, len(m.lists)+1)}
	n := 0
	for _, l := range m.lists {
		n += len(l)
	}
	p.list = make([]uint32, 0, n)
	p.avg = 1
	if len(m.lens) > 0 && m.total > 0 {
		p.avg = float64(m.total) / float64(len(m.lens))
	}
	for id, l := range m.lists {
		for _, x := range l {
			unit := uint32(x >> 32)
			p.list = append(p.list, unit<<8|impact(float64(uint32(x)), float64(m.lens[unit]), p.avg, b))
		}
		m.lists[id] = nil
		p.start[id+1] = uint32(len(p.list))
	}
	return p
}

// addMass adds to every unit the weight of its terms.
func (p *postings) addMass(mass []float32, w *weights, kind termKind) {
	for t, id := range p.terms {
		l := p.list[p.start[id]:p.start[id+1]]
		f := float32(idf(p.units, len(l)) * w.of(kind, t)[viewUtterance])
		for _, x := range l {
			mass[x>>8] += f
		}
	}
}

// of gives the postings of a term.
func (p *postings) of(term uint64) []uint32 {
	id, ok := p.terms[term]
	if !ok {
		return nil
	}
	return p.list[p.start[id]:p.start[id+1]]
}

// analyzed is one entry's terms.
type analyzed struct {
	utterances    []terms
	answer, label terms
}

// newIndex analyses and indexes docs. What is beyond 16 million utterances is
// left out.
func newIndex(ana *analyzer, docs []docText) *index {
	x := &index{}
	for i, d := range docs {
		if len(x.unitLang)+len(d.utterances) > maxUnits {
			docs = docs[:i]
			break
		}
		x.keys = append(x.keys, d.key)
		x.unitStart = append(x.unitStart, uint32(len(x.unitLang)))
		for _, u := range d.utterances {
			x.unitLang = append(x.unitLang, x.lang(u.lang))
			x.unitAsks = append(x.unitAsks, intentOf(normalize(u.text, maxQueryRunes)))
		}
	}
	x.unitStart = append(x.unitStart, uint32(len(x.unitLang)))
	w, g := collectLists(ana, docs)
	for v := range views {
		x.words[v] = w[v].finish(viewB[v])
		x.grams[v] = g[v].finish(viewB[v])
	}
	x.not = refusals(ana, docs)
	x.complete(ana.weights())
	x.classes = train(ana, docs, classBudget)
	return x
}

// collectLists analyses docs on all processors, a slice at a time, so that only
// a slice's terms are held beside the lists.
func collectLists(ana *analyzer, docs []docText) (w, g [views]*listMaker) {
	for v := range views {
		w[v], g[v] = newListMaker(), newListMaker()
	}
	const slice = 512
	buf := make([]analyzed, min(slice, len(docs)))
	for at := 0; at < len(docs); at += slice {
		part := docs[at:min(at+slice, len(docs))]
		analyzeAll(ana, part, buf)
		for i, d := range part {
			for j := range d.utterances {
				w[viewUtterance].add(buf[i].utterances[j].words)
				g[viewUtterance].add(buf[i].utterances[j].grams)
			}
			w[viewAnswer].add(buf[i].answer.words)
			g[viewAnswer].add(buf[i].answer.grams)
			w[viewLabel].add(buf[i].label.words)
			g[viewLabel].add(buf[i].label.grams)
		}
	}
	return w, g
}

// complete derives what searching needs from the postings.
func (x *index) complete(w *weights) {
	x.unitMass = make([]float32, len(x.unitLang))
	x.words[viewUtterance].addMass(x.unitMass, w, wordTerm)
	x.grams[viewUtterance].addMass(x.unitMass, w, gramTerm)
	x.pool = &sync.Pool{New: func() any { return newScratch(x) }}
}

func (x *index) lang(l string) uint8 {
	if i := slices.Index(x.langs, l); i >= 0 {
		return uint8(i)
	}
	if len(x.langs) == math.MaxUint8 {
		return 0
	}
	x.langs = append(x.langs, l)
	return uint8(len(x.langs) - 1)
}

func analyzeAll(ana *analyzer, docs []docText, into []analyzed) {
	workers := min(runtime.GOMAXPROCS(0), len(docs))
	var wg sync.WaitGroup
	for k := range workers {
		wg.Go(func() {
			for i := k; i < len(docs); i += workers {
				into[i].fill(ana, &docs[i])
			}
		})
	}
	wg.Wait()
}

func (a *analyzed) fill(ana *analyzer, d *docText) {
	for len(a.utterances) < len(d.utterances) {
		a.utterances = append(a.utterances, terms{})
	}
	for i, u := range d.utterances {
		a.utterances[i].reset()
		a.utterances[i].spell = true
		ana.analyze(u.text, maxQueryRunes, &a.utterances[i])
		ana.lex.learn(&a.utterances[i])
	}
	a.answer.reset()
	a.answer.spell = true
	for _, s := range d.answer {
		ana.analyze(s, maxAnswerRunes, &a.answer)
	}
	a.label.reset()
	a.label.spell = true
	for _, s := range d.labels {
		ana.analyze(s, maxQueryRunes, &a.label)
	}
	ana.lex.learn(&a.answer)
	ana.lex.learn(&a.label)
}

// buildIndexes makes the search indexes of a snapshot.
func (l *Library) buildIndexes(s *snapshot) (entries, titles *index) {
	cur := l.cur.Load()
	docs := s.docTexts(cur)
	s.docs = docs
	mats := make([]docText, len(s.materials))
	for i, m := range s.materials {
		mats[i] = docText{key: m.Key}
		for _, lang := range sortedKeys(m.Title) {
			mats[i].utterances = append(mats[i].utterances, utterance{lang, m.Title[lang]})
		}
	}
	var old, oldTitles *index
	if cur != nil {
		old, oldTitles = cur.index, cur.titles
	}
	return newOrUpdated(l.ana, docs, old), newOrUpdated(l.ana, mats, oldTitles)
}

// docTexts is what the index reads of the entries. What has not changed since old
// is taken from there: reading ten thousand entries again for one that changed
// would be most of the work. Titles of materials may have changed all the same.
func (s *snapshot) docTexts(old *snapshot) []docText {
	docs := make([]docText, len(s.entries))
	j := 0
	for i, e := range s.entries {
		if old != nil && len(e.Materials) == 0 { // both are in the order of their keys
			for j < len(old.entries) && old.entries[j].Key < e.Key {
				j++
			}
			if j < len(old.entries) && old.entries[j] == e {
				docs[i] = old.docs[j]
				continue
			}
		}
		docs[i] = e.docText(s.matByID)
		docs[i].known = docs[i].sum()
	}
	return docs
}

func (e *Entry) docText(mats map[string]*Material) docText {
	d := docText{key: e.Key, labels: slices.Clone(e.Tags)}
	for _, lang := range e.languages() {
		d.utterances = append(d.utterances, utterance{lang, e.Question[lang]})
	}
	for _, lang := range sortedKeys(e.Variants) {
		for _, v := range e.Variants[lang] {
			d.utterances = append(d.utterances, utterance{lang, v})
		}
	}
	for _, lang := range sortedKeys(e.Not) {
		d.not = append(d.not, e.Not[lang]...)
	}
	for _, lang := range sortedKeys(e.Answer) {
		d.answer = append(d.answer, e.Answer[lang])
	}
	for _, k := range e.Materials {
		if m := mats[k]; m != nil {
			for _, lang := range sortedKeys(m.Title) {
				d.labels = append(d.labels, m.Title[lang])
			}
		}
	}
	return d
}
