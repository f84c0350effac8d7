package content

import (
	"maps"
	"slices"
)

// newOrUpdated indexes docs. Where most of them are as old indexed them, only
// the others are analysed: analysing is what costs (a third of a second for a
// thousand entries), moving postings is not. Updates reuse the average lengths
// of the last full build; after a quarter of the entries has changed since
// then, everything is built anew.
func newOrUpdated(ana *analyzer, docs []docText, old *index) *index {
	sums := make([]uint64, len(docs))
	for i := range docs {
		if sums[i] = docs[i].known; sums[i] == 0 {
			sums[i] = docs[i].sum()
		}
	}
	if old == nil || old.ana != ana || len(old.keys) == 0 {
		return newIndex(ana, docs).with(ana, sums)
	}
	place := make(map[string]int, len(old.keys))
	for i, k := range old.keys {
		place[k] = i
	}
	from := make([]int, len(docs)) // place in old of an entry that did not change, or -1
	changed := max(0, len(old.keys)-len(docs))
	for i, d := range docs {
		from[i] = -1
		if j, ok := place[d.key]; ok && old.sums[j] == sums[i] {
			from[i] = j
		} else {
			changed++
		}
	}
	if (old.drift+changed)*4 > len(docs) {
		return newIndex(ana, docs).with(ana, sums)
	}
	x := old.moved(ana, docs, from).with(ana, sums)
	x.drift, x.anew = old.drift+changed, false
	return x
}

func (x *index) with(ana *analyzer, sums []uint64) *index {
	x.ana, x.sums, x.anew = ana, sums, true
	return x
}

// sum tells whether an entry's searched texts changed.
func (d *docText) sum() uint64 {
	h := hash(d.key)
	add := func(mark byte, s string) {
		h = (h ^ uint64(mark)) * 1099511628211
		for i := 0; i < len(s); i++ {
			h = (h ^ uint64(s[i])) * 1099511628211
		}
	}
	for _, u := range d.utterances {
		add(1, u.lang)
		add(2, u.text)
	}
	for _, s := range d.answer {
		add(3, s)
	}
	for _, s := range d.labels {
		add(4, s)
	}
	for _, s := range d.not {
		add(5, s)
	}
	return h
}

const gone = ^uint32(0)

// moved makes the index of docs out of x: the postings of entries that stay are
// renumbered, those of the others are analysed. x is left as it is, for readers
// may be in it.
func (x *index) moved(ana *analyzer, docs []docText, from []int) *index {
	y := &index{langs: x.langs[:len(x.langs):len(x.langs)]}
	unitTo := filled(len(x.unitLang))
	entryTo := filled(len(x.keys))
	var fresh []int // places in docs
	var freshUnits []uint32
	for i, d := range docs {
		start := uint32(len(y.unitLang))
		y.keys = append(y.keys, d.key)
		y.unitStart = append(y.unitStart, start)
		j := from[i]
		if j < 0 {
			fresh = append(fresh, i)
			for k, u := range d.utterances {
				y.unitLang = append(y.unitLang, y.lang(u.lang))
				y.unitAsks = append(y.unitAsks, intentOf(normalize(u.text, maxQueryRunes)))
				freshUnits = append(freshUnits, start+uint32(k))
			}
			continue
		}
		entryTo[j] = uint32(i)
		for u := x.unitStart[j]; u < x.unitStart[j+1]; u++ {
			unitTo[u] = uint32(len(y.unitLang))
			y.unitLang = append(y.unitLang, x.unitLang[u])
			y.unitAsks = append(y.unitAsks, x.unitAsks[u])
		}
	}
	y.unitStart = append(y.unitStart, uint32(len(y.unitLang)))

	part := make([]docText, len(fresh))
	freshEntries := make([]uint32, len(fresh))
	for k, i := range fresh {
		part[k], freshEntries[k] = docs[i], uint32(i)
	}
	w, g := collectLists(ana, part)
	for v := range views {
		to, units, n := entryTo, freshEntries, len(docs)
		if v == viewUtterance {
			to, units, n = unitTo, freshUnits, len(y.unitLang)
		}
		y.words[v] = x.words[v].moved(to, n, w[v], units, viewB[v])
		y.grams[v] = x.grams[v].moved(to, n, g[v], units, viewB[v])
	}
	y.not = refusals(ana, docs)
	y.classes = y.retrained(ana, docs, x, fresh)
	y.complete(ana.weights())
	return y
}

// retrained is the classifier after an update: x's own where no entry with many
// wordings came, went or changed, one trained anew where that is quickly done, and
// otherwise x's for the entries that are still there, until all is built anew.
func (y *index) retrained(ana *analyzer, docs []docText, x *index, fresh []int) *classifier { //nolint:staticcheck // y follows x
	now, changed := 0, false
	for _, d := range docs {
		if len(d.utterances) >= classFrom {
			now++
		}
	}
	for _, i := range fresh {
		changed = changed || len(docs[i].utterances) >= classFrom
	}
	if x.classes == nil && now < 2 {
		return nil
	}
	if c := x.classes; c == nil || changed || now != len(c.classes) {
		if c := train(ana, docs, updateBudget); c != nil || x.classes == nil {
			return c
		}
	}
	place := make(map[string]int, len(y.keys))
	for i, k := range y.keys {
		place[k] = i
	}
	c := *x.classes
	c.classes = make([]int, len(x.classes.classes))
	for class, e := range x.classes.classes {
		c.classes[class] = -1
		if e < 0 {
			continue
		}
		if i, ok := place[x.keys[e]]; ok {
			c.classes[class] = i
		}
	}
	return &c
}

func filled(n int) []uint32 {
	out := make([]uint32, n)
	for i := range out {
		out[i] = gone
	}
	return out
}

// moved renumbers the postings by to, drops those that are gone and adds those
// of m, whose units are numbered by units.
func (p *postings) moved(to []uint32, n int, m *listMaker, units []uint32, b float64) postings {
	q := postings{units: n, avg: p.avg, terms: p.terms}
	added := m.packed(p.avg, b, units)
	if len(m.ids) > 0 {
		q.terms = maps.Clone(p.terms)
	}
	more := make(map[uint32][]uint32, len(m.ids)) // by term's place
	next := uint32(len(p.start) - 1)
	for t, id := range m.ids {
		at, ok := q.terms[t]
		if !ok {
			at = next
			next++
			q.terms[t] = at
		}
		more[at] = added[id]
	}
	q.start = make([]uint32, next+1)
	q.list = make([]uint32, 0, len(p.list)+m.total)
	for at := range next {
		if int(at) < len(p.start)-1 {
			for _, x := range p.list[p.start[at]:p.start[at+1]] {
				if u := to[x>>8]; u != gone {
					q.list = append(q.list, u<<8|x&255)
				}
			}
		}
		if len(more[at]) > 0 { // lists stay in the order of their units
			q.list = append(q.list, more[at]...)
			slices.Sort(q.list[q.start[at]:])
		}
		q.start[at+1] = uint32(len(q.list))
	}
	return q
}
