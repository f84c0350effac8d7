package content

// Decision says how sure a search is.
type Decision int

// The decisions.
const (
	None Decision = iota // nothing fits: say so, and offer a person
	Weak                 // up to three candidates to choose from
	Good                 // the first hit answers
)

// String names the decision as `faq test` prints it.
func (d Decision) String() string { return [...]string{"none", "weak", "good"}[d] }

// Hit is one entry found.
type Hit struct {
	Key string
	// Score is 0..1: for the first hit the estimated chance that the question is
	// answered among the first three; for the others its share of that by rank.
	Score float64
	Lang  string // language of the wording that matched best
	By    By     // what put it where it is
	Views Views
}

// By says what decided an entry's place.
type By string

// What decides.
const (
	ByRanking    By = "ranking"    // its wordings, answer and labels
	ByClassifier By = "classifier" // what its many wordings have in common
)

// Views are an entry's points by view, as shares of what an entry that says
// exactly the question would get.
type Views struct {
	Question   float64 `json:"question"` // the best of its question and variants
	Answer     float64 `json:"answer"`
	Labels     float64 `json:"labels"` // tags and titles of materials
	Classifier float64 `json:"classifier"`
}

// Result is what a question found, best first.
type Result struct {
	Decision Decision
	Hits     []Hit // at most ten
}

// maxHits is how many entries a Result holds.
const maxHits = 10

// Search finds the entries that answer a question, among those that r may see
// today. It works in memory and its work is bounded whatever the text.
func (l *Library) Search(text string, r Reader) Result {
	return l.cur.Load().search(text, r, l.today())
}

func (s *snapshot) search(text string, r Reader, day string) Result {
	return s.index.search(s.ana, s.synonyms, text, func(i int) bool {
		e := s.entries[i]
		return validOn(e.ValidFrom, e.ValidUntil, day) == Served && e.Audience.Includes(r)
	})
}

// weights combine the views of an entry. See docs/search.md for where they
// come from.
type weights struct {
	word, pair, triple [views]float64
	// exact is how much an utterance is marked down for what it says beyond the question.
	exact float32
}

// fullWeights are for words and grams, pairWeights for when a Japanese text has
// no words: then its pairs must weigh what words would, beside Latin words.
var (
	fullWeights = weights{
		word:   [views]float64{viewUtterance: 1, viewAnswer: 0.4, viewLabel: 0.4},
		pair:   [views]float64{viewUtterance: 0.25, viewAnswer: 0.1, viewLabel: 0.1},
		triple: [views]float64{viewUtterance: 0.25, viewAnswer: 0.1, viewLabel: 0.1},
		exact:  0.2,
	}
	pairWeights = weights{
		word:   fullWeights.word,
		pair:   [views]float64{viewUtterance: 0.75, viewAnswer: 0.3, viewLabel: 0.3},
		triple: fullWeights.triple,
		exact:  0.2,
	}
)

// of gives the weights of a kind of term, by view.
func (w *weights) of(kind termKind, term uint64) *[views]float64 {
	switch {
	case kind == wordTerm:
		return &w.word
	case isPair(term):
		return &w.pair
	}
	return &w.triple
}

type termKind int

const (
	wordTerm termKind = iota
	gramTerm
	kinds
)

func (a *analyzer) weights() *weights {
	if a.ja == nil {
		return &pairWeights
	}
	return &fullWeights
}
