package content

import "math"

// The evidence that a decision looks at. All are ratios, so that they mean the
// same in a list of ten entries and of ten thousand, with the Japanese
// dictionary and without. How many of the best wordings are the first hit's, and
// whether grams alone agree, were tried and say nothing on sets not seen.
const (
	evQuestion    = iota // share of the question that the first hit covers (all views)
	evWording            // share of the first hit's best wording that the question covers
	evBoth               // the product of these two: both say the same
	evWords              // share of the question's words, without grams, in that wording
	evUnknown            // share of the question's words that are nowhere
	evLead               // how far the first hit is ahead of the second, as a share of its score
	evLeadTop            // how far it is ahead of the fourth: up to three near twins are no doubt
	evLength             // the question's weight in rare words, as log(1+n): one word proves little
	evWordsLength        // words × length: a whole short question proves less than a whole long one
	evWordsLead          // words × lead
	evUtterances         // share of the score that comes from questions, not answers and labels
	evAgree              // what the classifier thinks of the first hit, -½ to ½; 0 where there is none
	evMatched            // the dearest word that the first hit has, as a share of the rarest
	evMissed             // how much dearer one is that it has not
	evSure               // how far the classifier's first is ahead of its second
	evSecond             // the second dearest word that the first hit has: one may be there by chance
	evSecondLead         // second × lead
	evidences
)

// EvidenceNames names the numbers of an Example, in order.
func EvidenceNames() []string {
	return []string{"question", "wording", "both", "words", "unknown", "lead", "leadTop", "length", "words×length", "words×lead", "utterances", "agree", "matched", "missed", "sure", "second", "second×lead"}
}

type evidence [evidences]float64

// chanceModel is a logistic model: a weight for each evidence, then a constant.
type chanceModel [evidences + 1]float64

func (m *chanceModel) chance(e *evidence) float64 {
	z := m[evidences]
	for i, v := range e {
		z += m[i] * v
	}
	return 1 / (1 + math.Exp(-z))
}

const (
	// silenceRatio is how much likelier silence must be to be right: 1, as it is
	// the likelier one that is chosen.
	silenceRatio = 1.0
	// From here on the first answer is given at once: about four of five are right.
	goodFrom = 0.6
)

// decide says how sure the ranking is, and the chance that one of its first
// three entries answers. Silence is right where it is likelier that nothing
// answers than that the first hit does.
func (rk *ranking) decide(x *index) (Decision, float64) {
	e := rk.evidence(x)
	first, none := firstAnswers.chance(&e), nothingAnswers.chance(&e)
	some := max(first, oneOfThree.chance(&e))
	switch {
	case none > first*silenceRatio:
		return None, some
	case first >= goodFrom:
		return Good, some
	}
	return Weak, some
}

func (rk *ranking) evidence(x *index) (e evidence) {
	first := &rk.top[0]
	behind := func(i int) float64 {
		if i >= len(rk.top) {
			return 1
		}
		return 1 - float64(rk.top[i].score/first.score)
	}
	e[evLead], e[evLeadTop] = behind(1), behind(3)
	if rk.ideal > 0 {
		e[evQuestion] = min(1.5, float64(first.views[viewUtterance]+first.views[viewAnswer]+first.views[viewLabel])/rk.ideal)
	}
	if mass := x.unitMass[first.unit]; mass > 0 {
		e[evWording] = min(1, float64(first.utter/mass))
	}
	e[evBoth] = min(1, e[evQuestion]) * e[evWording]
	if rk.idealWords > 0 {
		e[evWords] = min(1, float64(first.words)/rk.idealWords)
		if rk.small {
			e[evWords] = min(1, float64(first.utter)/rk.idealWords)
		}
		e[evUnknown] = rk.unknown / rk.idealWords
	}
	rarest := idf(x.words[viewUtterance].units, 0)
	e[evLength] = math.Log1p(rk.ideal / rarest)
	e[evWordsLength] = e[evWords] * e[evLength]
	e[evWordsLead] = e[evWords] * e[evLead]
	e[evUtterances] = float64(first.views[viewUtterance] / first.score)
	e[evMatched], e[evMissed], e[evSure] = rk.matched, max(0, rk.missed-rk.matched), rk.classLead
	e[evSecond], e[evSecondLead] = rk.second, rk.second*e[evLead]
	if x.classes != nil {
		e[evAgree] = rk.opinion - 0.5
	}
	return e
}
