package content

import "slices"

// refusal is what an entry says that it does not answer, and what it does: a
// question is refused only where it is nearer to the former.
type refusal struct{ not, own [][]uint64 }

// refusals analyses the questions that entries say they do not answer.
func refusals(ana *analyzer, docs []docText) map[int]refusal {
	var out map[int]refusal
	for i, d := range docs {
		if len(d.not) == 0 {
			continue
		}
		var r refusal
		for _, s := range d.not {
			r.not = append(r.not, ana.distinct(s))
		}
		for _, u := range d.utterances {
			r.own = append(r.own, ana.distinct(u.text))
		}
		if out == nil {
			out = map[int]refusal{}
		}
		out[i] = r
	}
	return out
}

func (a *analyzer) distinct(text string) []uint64 {
	var t terms
	a.analyze(text, maxQueryRunes, &t)
	return t.distinct()
}

// distinct gives all terms, sorted and once.
func (t *terms) distinct() []uint64 {
	all := append(slices.Clone(t.words), t.grams...)
	slices.Sort(all)
	return slices.Compact(all)
}

// refusedFrom is how alike (Jaccard's share of common terms) a question must be
// to one that an entry does not answer: the same question in other politeness.
const refusedFrom = 0.7

// refused says whether an entry is known not to answer the question.
func (x *index) refused(entry int, question []uint64) bool {
	r, ok := x.not[entry]
	if !ok {
		return false
	}
	no := nearestTo(r.not, question)
	return no >= refusedFrom && no > nearestTo(r.own, question)
}

// nearestTo gives Jaccard's share with the nearest of lists.
func nearestTo(lists [][]uint64, question []uint64) (best float64) {
	for _, l := range lists {
		common := 0
		for i, j := 0, 0; i < len(l) && j < len(question); {
			switch {
			case l[i] < question[j]:
				i++
			case l[i] > question[j]:
				j++
			default:
				common, i, j = common+1, i+1, j+1
			}
		}
		if all := len(l) + len(question) - common; all > 0 {
			best = max(best, float64(common)/float64(all))
		}
	}
	return best
}
