package content

import "slices"

// refusals analyses the questions that entries say they do not answer.
func refusals(ana *analyzer, docs []docText) map[int][][]uint64 {
	var out map[int][][]uint64
	for i, d := range docs {
		for _, s := range d.not {
			var t terms
			ana.analyze(s, maxQueryRunes, &t)
			if out == nil {
				out = map[int][][]uint64{}
			}
			out[i] = append(out[i], t.distinct())
		}
	}
	return out
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
	for _, no := range x.not[entry] {
		common := 0
		for i, j := 0, 0; i < len(no) && j < len(question); {
			switch {
			case no[i] < question[j]:
				i++
			case no[i] > question[j]:
				j++
			default:
				common, i, j = common+1, i+1, j+1
			}
		}
		if all := len(no) + len(question) - common; common > 0 && float64(common) >= refusedFrom*float64(all) {
			return true
		}
	}
	return false
}
