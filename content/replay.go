package content

import "slices"

// Replayed is one question before and after a change.
type Replayed struct {
	Question      string
	Before, After Result
}

// Changed says whether the asker would see something else: another decision, or
// another first answer where there is one.
func (r Replayed) Changed() bool {
	return r.Before.Decision != r.After.Decision || (r.After.Decision != None && r.Before.first() != r.After.first())
}

func (r Result) first() string {
	if len(r.Hits) == 0 {
		return ""
	}
	return r.Hits[0].Key
}

// ReplayResult is what a change would do to questions that were asked.
type ReplayResult struct {
	Questions int
	Changed   []Replayed // what the asker would see otherwise
	Answered  int        // of them, those that were silent and are not any more
	Silenced  int        // and those that fall silent
}

// Replay asks questions of the content as it is and as it would be with these
// rows (a new variant, a negative example), and changes nothing. A row takes
// the place of the one in force with the same kind and key. r is who asks.
// The problems are those of the rows; with any, nothing is replayed.
func (l *Library) Replay(questions []string, r Reader, change []Row) (ReplayResult, []Problem) {
	for _, row := range change {
		if ps := CheckRow(row); len(ps) > 0 {
			return ReplayResult{}, ps
		}
	}
	l.mu.Lock()
	rows := slices.Clone(l.rows)
	for _, c := range change {
		rows = slices.DeleteFunc(rows, func(o Row) bool { return o.Kind == c.Kind && o.Key == c.Key })
		rows = append(rows, c)
	}
	before, after := l.cur.Load(), l.assemble(rows)
	l.mu.Unlock()
	out := ReplayResult{Questions: len(questions)}
	day := l.today()
	for _, q := range questions {
		one := Replayed{q, before.search(q, r, day), after.search(q, r, day)}
		if !one.Changed() {
			continue
		}
		out.Changed = append(out.Changed, one)
		switch {
		case one.Before.Decision == None:
			out.Answered++
		case one.After.Decision == None:
			out.Silenced++
		}
	}
	return out, nil
}
