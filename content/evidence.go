package content

import "slices"

// look notes what the decision wants to know of the first hit.
func (x *index) look(sc *scratch, rk *ranking) {
	first := rk.top[0].entry
	rarest := idf(x.words[viewUtterance].units, 0)
	each := func(t uint64, kind termKind) {
		rare := idf(x.lists(viewUtterance, kind).units, len(x.lists(viewUtterance, kind).of(t))) / rarest
		if x.says(first, t, kind, &sc.query) {
			rk.second = max(rk.second, min(rare, rk.matched))
			rk.matched = max(rk.matched, rare)
		} else {
			rk.missed = max(rk.missed, rare)
		}
	}
	for _, t := range sc.query.words {
		each(t, wordTerm)
	}
	if rk.small { // pairs stand for Japanese words
		for _, t := range sc.query.grams {
			if isPair(t) {
				each(t, gramTerm)
			}
		}
	}
	if x.classes != nil {
		var a, b float32
		for _, c := range sc.chance {
			if c > a {
				a, b = c, a
			} else if c > b {
				b = c
			}
		}
		rk.classLead = float64(a - b)
		rk.opinion = float64(rk.top[0].class)
		if !slices.Contains(x.classes.classes, first) { // it is one of the rest
			rk.opinion = float64(sc.chance[len(sc.chance)-1])
		}
	}
}

// says tells whether an entry has a term of the question, or what may stand for it.
func (x *index) says(entry int, t uint64, kind termKind, q *terms) bool {
	if x.has(entry, t, kind) {
		return true
	}
	for _, a := range q.alts {
		if a.of == t && kind == wordTerm && x.has(entry, a.term, a.kind) {
			return true
		}
	}
	return false
}

// has says whether an entry has a term in any view.
func (x *index) has(entry int, t uint64, kind termKind) bool {
	for v := range views {
		from, to := uint32(entry), uint32(entry)+1
		if v == viewUtterance {
			from, to = x.unitStart[entry], x.unitStart[entry+1]
		}
		l := x.lists(v, kind).of(t)
		if i, _ := slices.BinarySearch(l, from<<8); i < len(l) && l[i]>>8 < to {
			return true
		}
	}
	return false
}
