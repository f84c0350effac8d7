package content

import (
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/ikawaha/kagome-dict/ipa"
	"github.com/ikawaha/kagome/v2/tokenizer"
	"golang.org/x/text/unicode/norm"
)

// plainBM25 is the textbook: one bag of terms per entry (question, variants and
// answer together), k1 1.2, b 0.75. It is what our search is measured against.
type plainBM25 struct {
	split func(string) []string
	ids   []string
	tf    []map[string]int
	lens  []float64
	df    map[string]int
	avg   float64
}

func newPlainBM25(docs []Doc, split func(string) []string, answers bool) *plainBM25 {
	b := &plainBM25{split: split, df: map[string]int{}}
	for _, d := range docs {
		text := d.Question + "\n" + strings.Join(d.Variants, "\n")
		if answers {
			text += "\n" + d.Answer
		}
		tf := map[string]int{}
		ts := split(text)
		for _, t := range ts {
			tf[t]++
		}
		for t := range tf {
			b.df[t]++
		}
		b.ids, b.tf, b.lens = append(b.ids, d.ID), append(b.tf, tf), append(b.lens, float64(len(ts)))
		b.avg += float64(len(ts)) / float64(len(docs))
	}
	return b
}

func (b *plainBM25) search(q string) Result {
	type hit struct {
		i int
		s float64
	}
	var hits []hit
	terms := b.split(q)
	for i, tf := range b.tf {
		s := 0.0
		for _, t := range terms {
			if f := float64(tf[t]); f > 0 {
				s += idf(len(b.ids), b.df[t]) * f * 2.2 / (f + 1.2*(0.25+0.75*b.lens[i]/b.avg))
			}
		}
		if s > 0 {
			hits = append(hits, hit{i, s})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int {
		switch {
		case a.s > b.s:
			return -1
		case a.s < b.s:
			return 1
		}
		return 0
	})
	r := Result{Decision: Good}
	for _, h := range hits[:min(len(hits), maxHits)] {
		r.Hits = append(r.Hits, Hit{Key: b.ids[h.i], Score: h.s})
	}
	return r
}

func kagomeWords(t testing.TB) func(string) []string {
	tk, err := tokenizer.New(ipa.Dict(), tokenizer.OmitBosEos())
	if err != nil {
		t.Fatal(err)
	}
	return func(s string) []string {
		var out []string
		for _, tok := range tk.Tokenize(strings.ToLower(norm.NFKC.String(s))) {
			pos := tok.POS()
			if len(pos) > 0 && (pos[0] == "助詞" || pos[0] == "助動詞" || pos[0] == "記号") || strings.TrimSpace(tok.Surface) == "" {
				continue
			}
			w, ok := tok.BaseForm()
			if !ok || w == "*" {
				w = tok.Surface
			}
			out = append(out, w)
		}
		return out
	}
}

func plainBigrams(s string) []string {
	var out []string
	var word []rune
	flush := func() {
		for i := 0; i+1 < len(word); i++ {
			out = append(out, string(word[i:i+2]))
		}
		if len(word) == 1 {
			out = append(out, string(word))
		}
		word = word[:0]
	}
	for _, r := range strings.ToLower(norm.NFKC.String(s)) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == 'ー' {
			word = append(word, r)
		} else {
			flush()
		}
	}
	flush()
	return out
}

func englishWords(s string) []string {
	return strings.FieldsFunc(strings.ToLower(norm.NFKC.String(s)), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

const sharedFAQ = "../../shared/data/faq/"

type labelledSet struct {
	name, corpus, queries string
}

var labelledSets = []labelledSet{
	{"support-ja", "support-ja/corpus.jsonl", "support-ja/queries.jsonl"},
	{"support-en", "support-ja/corpus.jsonl", "support-ja/queries_en.jsonl"},
	{"curekart", "hint3-curekart-en/corpus.jsonl", "hint3-curekart-en/queries.jsonl"},
	{"curekart+variants", "hint3-curekart-en/corpus_variants.jsonl", "hint3-curekart-en/queries.jsonl"},
}

func loadSet(t testing.TB, s labelledSet) ([]Doc, []Query) {
	t.Helper()
	if _, err := os.Stat(sharedFAQ); err != nil {
		t.Skip("the labelled sets are not beside this checkout")
	}
	docs, err := readSet(sharedFAQ+s.corpus, ReadDocs)
	if err != nil {
		t.Fatal(err)
	}
	queries, err := readSet(sharedFAQ+s.queries, ReadQueries)
	if err != nil {
		t.Fatal(err)
	}
	return docs, queries
}

func tallyOf(queries []Query, search func(string) Result) Evaluation {
	ev := Evaluation{}
	res := make([]Result, len(queries))
	for i, q := range queries {
		res[i] = search(q.Text)
	}
	ev.tally(queries, res, make([]time.Duration, len(queries)), 10)
	return ev
}

// bestThreshold gives what a baseline's decision reaches at best when its
// threshold is chosen on the very queries it is judged by.
func bestThreshold(queries []Query, search func(string) Result) float64 {
	type one struct {
		score float64
		right bool
		empty bool
	}
	var all []one
	for _, q := range queries {
		r := search(q.Text)
		o := one{score: math.Inf(-1), empty: len(q.Relevant) == 0}
		if len(r.Hits) > 0 {
			o.score, o.right = r.Hits[0].Score, slices.Contains(q.Relevant, r.Hits[0].Key)
		}
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b one) int {
		if a.score < b.score {
			return -1
		} else if a.score > b.score {
			return 1
		}
		return 0
	})
	right := 0
	for _, o := range all {
		if o.right {
			right++
		}
	}
	best := right
	for _, o := range all { // raise the threshold above each in turn
		if o.right {
			right--
		}
		if o.empty {
			right++
		}
		best = max(best, right)
	}
	return float64(best) / float64(len(all))
}

func TestFiguresBesideBaselines(t *testing.T) {
	if testing.Short() {
		t.Skip()
	}
	words := kagomeWords(t)
	for _, s := range labelledSets {
		docs, queries := loadSet(t, s)
		ev, err := Evaluate(docs, queries, EvalOptions{})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%-18s ours       hit1 %.3f hit3 %.3f mrr %.3f right %.3f answered %.3f good %.3f weak %.3f | p50 %d p99 %d cpu %.0f index %d", s.name, ev.Hit1, ev.Hit3, ev.MRR10, ev.HandledRightly, ev.AnsweredRate, ev.GoodRate, ev.WeakRate, ev.P50, ev.P99, ev.CPU, ev.IndexMS)
		for _, b := range []struct {
			name    string
			split   func(string) []string
			answers bool
		}{{"kagome", words, false}, {"kagome+answer", words, true}, {"bigrams", plainBigrams, false}, {"bigrams+answer", plainBigrams, true}, {"en words", englishWords, false}} {
			bm := newPlainBM25(docs, b.split, b.answers)
			e := tallyOf(queries, bm.search)
			t.Logf("%-18s %-15s hit1 %.3f hit3 %.3f mrr %.3f best-threshold right %.3f", s.name, b.name, e.Hit1, e.Hit3, e.MRR10, bestThreshold(queries, bm.search))
		}
	}
}
