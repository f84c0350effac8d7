package content

import (
	"math"
	"runtime"
	"slices"
	"time"
)

// Doc is one entry of a labelled set.
type Doc struct {
	ID       string   `json:"id"`
	Question string   `json:"question"`
	Answer   string   `json:"answer"`
	Lang     string   `json:"lang"`
	Variants []string `json:"variants"`
}

// Query is one question of a labelled set and the entries that answer it; an
// empty list means that silence is right.
type Query struct {
	ID       string   `json:"id"`
	Text     string   `json:"text"`
	Relevant []string `json:"relevant"`
}

// EvalOptions say how to measure.
type EvalOptions struct {
	// Top is how many hits of a query are kept in its line; 0 means ten.
	Top int
	// Small measures without the Japanese dictionary.
	Small bool
	// Report looks at the entries as well.
	Report bool
	// Library, if set, is measured instead of docs: all its entries, as staff.
	Library *Library
}

// Evaluation is how well questions found their entries. Ranking figures are
// over the queries that have an entry; rates are over all.
type Evaluation struct {
	Queries        int     `json:"queries"`
	Hit1           float64 `json:"hit1"`
	Hit3           float64 `json:"hit3"`
	MRR10          float64 `json:"mrr10"`
	NDCG10         float64 `json:"ndcg10"`
	AnsweredRate   float64 `json:"answered_rate"`   // good or weak
	HandledRightly float64 `json:"handled_rightly"` // a relevant entry first and not silent, or rightly silent
	P50            int64   `json:"p50_us"`          // wall time of one query
	P99            int64   `json:"p99_us"`
	CPU            float64 `json:"cpu_us"`   // processor time of the process per query
	IndexMS        int64   `json:"index_ms"` // wall time to index all entries, the dictionary being loaded
	Entries        int     `json:"entries"`
	// More than the contract names:
	GoodRate     float64 `json:"good_rate"`
	WeakRate     float64 `json:"weak_rate"`
	NoneRate     float64 `json:"none_rate"`
	Unanswerable int     `json:"unanswerable"` // queries without a relevant entry

	// Report is about the entries; nil unless asked for.
	Report *Report `json:"report,omitempty"`

	Lines  []EvalLine `json:"-"`
	Misses []Miss     `json:"-"`
}

// EvalLine is what one query found.
type EvalLine struct {
	QID      string   `json:"qid"`
	IDs      []string `json:"ids"`
	Score    float64  `json:"score"`
	Decision string   `json:"decision"`
	US       int64    `json:"us"`
}

// Miss is a query that was not handled rightly, with what won instead.
type Miss struct {
	QID      string
	Text     string
	Decision Decision
	Won      string // key of the first hit; "" for none
	WonScore float64
	WonBy    By
	WonViews Views // why it won: its points by view
	Wanted   []string
	Views    Views // the points of the first relevant entry, if it is among the best ten
	Rank     int   // 1-based place of the first relevant entry among the best ten; 0 = not among them
}

// Evaluate measures search on labelled queries over docs, or over a Library.
func Evaluate(docs []Doc, queries []Query, o EvalOptions) (Evaluation, error) {
	if o.Top <= 0 || o.Top > maxHits {
		o.Top = maxHits
	}
	r, ev, err := evalReady(docs, o)
	if err != nil {
		return ev, err
	}
	warm := min(len(queries), 50) // page in the dictionary and fill pools
	for _, q := range queries[:warm] {
		r.ask(q.Text)
	}
	results := make([]Result, len(queries))
	times := make([]time.Duration, len(queries))
	runtime.GC()
	cpu := processorTime()
	for i, q := range queries {
		start := time.Now() // monotonic
		results[i] = r.ask(q.Text)
		times[i] = time.Since(start)
	}
	cpu = processorTime() - cpu
	ev.Queries = len(queries)
	if len(queries) == 0 {
		return ev, nil
	}
	ev.CPU = math.Round(float64(cpu.Nanoseconds())/float64(len(queries))/100) / 10
	ev.tally(queries, results, times, o.Top)
	if o.Report {
		rep := r.report()
		rep.contest(queries, results)
		rep.Translations, rep.Alike = r.translations(), r.alike()
		ev.Report = &rep
	}
	slices.Sort(times)
	ev.P50 = times[len(times)/2].Microseconds()
	ev.P99 = times[min(len(times)-1, len(times)*99/100)].Microseconds()
	return ev, nil
}

// ready is an index with what reads questions to it.
type ready struct {
	index *index
	ana   *analyzer
	syn   *synonyms
	texts []docText
}

func (r *ready) ask(s string) Result {
	return r.index.search(r.ana, r.syn, s, func(int) bool { return true })
}

// evalReady prepares the search to be measured and times its indexing.
func evalReady(docs []Doc, o EvalOptions) (*ready, Evaluation, error) {
	var ev Evaluation
	ana := newAnalyzer()
	var texts []docText
	var syn *synonyms
	if l := o.Library; l != nil {
		<-l.Ready()
		s := l.cur.Load()
		if ana, syn = s.ana, s.synonyms; o.Small && ana.ja != nil {
			ana = newAnalyzer()
			syn = newSynonyms(ana, append(l.ground.synonymGroups(), l.main.synonymGroups()...))
		}
		for _, e := range s.entries {
			texts = append(texts, e.docText(s.matByID))
		}
	} else {
		if !o.Small {
			full, err := newFullAnalyzer()
			if err != nil {
				return nil, ev, err
			}
			ana = full
		}
		for _, d := range docs {
			texts = append(texts, d.docText())
		}
		syn = newSynonyms(ana, builtInSynonyms())
	}
	start := time.Now() // monotonic
	x := newIndex(ana, texts)
	ev.IndexMS = time.Since(start).Milliseconds()
	ev.Entries = len(texts)
	return &ready{x, ana, syn, texts}, ev, nil
}

func (d Doc) docText() docText {
	t := docText{key: d.ID, utterances: []utterance{{d.Lang, d.Question}}, answer: []string{d.Answer}}
	for _, v := range d.Variants {
		t.utterances = append(t.utterances, utterance{d.Lang, v})
	}
	return t
}

func (ev *Evaluation) tally(queries []Query, results []Result, times []time.Duration, top int) {
	n := float64(len(queries))
	answerable := 0
	for i, q := range queries {
		r := results[i]
		line := EvalLine{QID: q.ID, IDs: []string{}, Decision: r.Decision.String(), US: times[i].Microseconds()}
		rank, dcg := 0, 0.0
		for j, h := range r.Hits {
			if j < top {
				line.IDs = append(line.IDs, h.Key)
			}
			if slices.Contains(q.Relevant, h.Key) {
				if rank == 0 {
					rank = j + 1
				}
				dcg += 1 / math.Log2(float64(j)+2)
			}
		}
		if len(r.Hits) > 0 {
			line.Score = math.Round(r.Hits[0].Score*1e4) / 1e4
		}
		ev.Lines = append(ev.Lines, line)
		if len(q.Relevant) > 0 {
			answerable++
			ev.rankFigures(rank, dcg, len(q.Relevant))
		} else {
			ev.Unanswerable++
		}
		switch r.Decision {
		case Good:
			ev.GoodRate += 1 / n
		case Weak:
			ev.WeakRate += 1 / n
		case None:
			ev.NoneRate += 1 / n
		}
		right := (r.Decision != None && rank == 1) || (r.Decision == None && len(q.Relevant) == 0)
		if right {
			ev.HandledRightly += 1 / n
			continue
		}
		m := Miss{QID: q.ID, Text: q.Text, Decision: r.Decision, Wanted: q.Relevant, Rank: rank}
		if len(r.Hits) > 0 {
			m.Won, m.WonScore, m.WonBy, m.WonViews = r.Hits[0].Key, r.Hits[0].Score, r.Hits[0].By, r.Hits[0].Views
		}
		if rank > 0 {
			m.Views = r.Hits[rank-1].Views
		}
		ev.Misses = append(ev.Misses, m)
	}
	ev.AnsweredRate = ev.GoodRate + ev.WeakRate
	if answerable > 0 {
		for _, f := range []*float64{&ev.Hit1, &ev.Hit3, &ev.MRR10, &ev.NDCG10} {
			*f /= float64(answerable)
		}
	}
	for _, f := range []*float64{&ev.Hit1, &ev.Hit3, &ev.MRR10, &ev.NDCG10, &ev.AnsweredRate, &ev.HandledRightly, &ev.GoodRate, &ev.WeakRate, &ev.NoneRate} {
		*f = math.Round(*f*1e4) / 1e4
	}
}

func (ev *Evaluation) rankFigures(rank int, dcg float64, relevant int) {
	if rank == 0 {
		return
	}
	if rank == 1 {
		ev.Hit1++
	}
	if rank <= 3 {
		ev.Hit3++
	}
	ev.MRR10 += 1 / float64(rank)
	ideal := 0.0
	for j := range min(relevant, maxHits) {
		ideal += 1 / math.Log2(float64(j)+2)
	}
	ev.NDCG10 += dcg / ideal
}
