package content

import (
	"os"
	"testing"
)

// colloquial are questions as people type them, written by looking at what the
// sample's entries are about and not at their words. Thirty have no entry.
func colloquial(t testing.TB) []Query {
	t.Helper()
	f, err := os.Open("testdata/colloquial.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	qs, probs := ReadQueries(f, "colloquial.jsonl")
	if len(probs) > 0 {
		t.Fatal(listing(probs))
	}
	return qs
}

// The figures may fall by a hair when something else gets better, and no further.
func TestColloquialQuestionsFindTheirEntries(t *testing.T) {
	l, _, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	qs := colloquial(t)
	if len(qs) < 200 {
		t.Fatalf("only %d questions", len(qs))
	}
	ev, err := Evaluate(nil, qs, EvalOptions{Library: l})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range qs {
		for _, k := range q.Relevant {
			if _, ok := l.AnyEntry(k); !ok {
				t.Errorf("%s wants %s, which is no entry", q.ID, k)
			}
		}
	}
	t.Logf("hit@1 %.3f, hit@3 %.3f, mrr@10 %.3f, handled rightly %.3f, answered %.3f", ev.Hit1, ev.Hit3, ev.MRR10, ev.HandledRightly, ev.AnsweredRate)
	for _, m := range ev.Misses {
		t.Logf("%s %s: %s", m.QID, m.Text, m.why())
	}
	if ev.Hit1 < 0.80 || ev.Hit3 < 0.89 || ev.HandledRightly < 0.70 {
		t.Errorf("hit@1 %.3f, hit@3 %.3f, handled rightly %.3f", ev.Hit1, ev.Hit3, ev.HandledRightly)
	}
}
