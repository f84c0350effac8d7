package content

import (
	"cmp"
	"slices"
)

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

// Asked is one question that finds an entry.
type Asked struct {
	Question string
	Decision Decision // None: the asker sees nothing, though the entry is among the best
	Place    int      // 1..3, of the entry among what is found
	Score    float64  // of the entry, as Hit.Score
	First    string   // key of what is found first; the entry's own at place 1
}

// Answers says whether the asker is given the entry as the answer.
func (a Asked) Answers() bool { return a.Decision == Good && a.Place == 1 }

// candidates is how many hits an asker is offered at most.
const candidates = 3

// WouldAnswer says which of these questions find an entry among the first
// three, best first: what it answers (Answers), where it is one of several
// candidates, and where it is near but the asker sees nothing. The questions must
// be ones that the one who looks may read. change are rows as in Replay, so that a
// draft can be asked before it is written; with none the content as it is is asked.
// The work is about 0.2 ms a question.
func (l *Library) WouldAnswer(key string, questions []Question, change ...Row) ([]Asked, []Problem) {
	if ps := checkRows(change); len(ps) > 0 {
		return nil, ps
	}
	s := l.cur.Load()
	if len(change) > 0 {
		s = l.with(change)
	}
	var out []Asked
	day := l.today()
	for _, q := range questions {
		found := s.search(q.Text, q.Reader, day)
		for i, h := range found.Hits[:min(candidates, len(found.Hits))] {
			if h.Key == key {
				out = append(out, Asked{q.Text, found.Decision, i + 1, h.Score, found.Hits[0].Key})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Asked) int {
		return cmp.Or(cmp.Compare(b.Decision, a.Decision), cmp.Compare(a.Place, b.Place), cmp.Compare(b.Score, a.Score))
	})
	return out, nil
}

func checkRows(rows []Row) []Problem {
	for _, row := range rows {
		if ps := CheckRow(row); len(ps) > 0 {
			return ps
		}
	}
	return nil
}

// with is the content as it would be with these rows.
func (l *Library) with(change []Row) *snapshot {
	l.mu.Lock()
	defer l.mu.Unlock()
	rows := slices.Clone(l.rows)
	for _, c := range change {
		rows = slices.DeleteFunc(rows, func(o Row) bool { return o.Kind == c.Kind && o.Key == c.Key })
		rows = append(rows, c)
	}
	return l.assemble(rows)
}

// Question is what somebody asked, and who may see which entries.
type Question struct {
	Text   string
	Reader Reader
}

// Replay asks questions of the content as it is and as it would be with these
// rows (a new variant, a negative example), and changes nothing. A row takes
// the place of the one in force with the same kind and key. The problems are
// those of the rows; with any, nothing is replayed. The work is about 0.4 ms a
// question and what an update of the index takes.
func (l *Library) Replay(questions []Question, change []Row) (ReplayResult, []Problem) {
	if ps := checkRows(change); len(ps) > 0 {
		return ReplayResult{}, ps
	}
	before, after := l.cur.Load(), l.with(change)
	out := ReplayResult{Questions: len(questions)}
	day := l.today()
	for _, q := range questions {
		one := Replayed{q.Text, before.search(q.Text, q.Reader, day), after.search(q.Text, q.Reader, day)}
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
