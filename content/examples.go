package content

import "slices"

// Example is what one question's decision saw and what was right. It is for
// fitting the decision (internal/tune).
type Example struct {
	Evidence []float64 // see EvidenceNames
	First    bool      // the first hit answers
	Some     bool      // one of the first three does
	Empty    bool      // nothing answers
	Nothing  bool      // nothing was found at all, so there was nothing to decide
	Small    bool      // asked without the Japanese dictionary
	Gone     bool      // the entries that answer were taken away for this example
}

// Examples asks every query twice: as it is, and with the entries that answer it
// taken away, so that every set shows what it looks like when nothing answers.
func Examples(docs []Doc, queries []Query, o EvalOptions) ([]Example, error) {
	ready, _, err := evalReady(docs, o)
	if err != nil {
		return nil, err
	}
	x, sc := ready.index, newScratch(ready.index)
	var out []Example
	for _, q := range queries {
		for _, gone := range []bool{false, true} {
			if gone && len(q.Relevant) == 0 {
				continue
			}
			e := Example{Empty: gone || len(q.Relevant) == 0, Gone: gone, Nothing: true, Small: ready.ana.ja == nil}
			rk := x.rank(sc, ready.ana, ready.syn, q.Text, func(i int) bool { return !gone || !slices.Contains(q.Relevant, x.keys[i]) }, ready.ana.weights())
			if len(rk.top) > 0 {
				ev := rk.evidence(x)
				e.Evidence, e.Nothing = ev[:], false
			}
			for i, s := range rk.top[:min(3, len(rk.top))] {
				if slices.Contains(q.Relevant, x.keys[s.entry]) {
					e.Some = true
					e.First = e.First || i == 0
				}
			}
			out = append(out, e)
		}
	}
	return out, nil
}
