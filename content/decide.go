package content

import "math"

// evidence is what the decision looks at. All are ratios, so that they mean the
// same in a list of ten entries and of ten thousand, with the Japanese
// dictionary and without.
type evidence struct {
	question float64 // share of the question that the first hit covers (all views)
	wording  float64 // share of the first hit's best wording that the question covers
	lead     float64 // how far the first hit is ahead of the second, as a share of its score
	leadTop  float64 // how far it is ahead of the fourth: up to three near twins are no doubt
	length   float64 // the question's weight in rare words, as log(1+n): one word proves little
}

// decision weights: two logistic models, each fitted with every set counting
// alike. See docs/search.md for the sets, the fit and what it gives on sets that
// it has not seen.
var (
	// chance that one of the first three answers
	someAnswer = evidenceModel{question: 3.2, wording: 0.9, leadTop: 1.6, length: 0.8, bias: -4.4}
	// chance that the first answers
	firstAnswer = evidenceModel{question: 3.0, wording: 1.2, lead: 1.8, length: 0.75, bias: -4.5}
)

const (
	// Below this chance silence and a person serve better than three guesses.
	weakFrom = 0.45
	// From here on the first answer is given at once: about four of five are right.
	goodFrom = 0.6
)

type evidenceModel struct{ question, wording, lead, leadTop, length, bias float64 }

func (m evidenceModel) chance(e evidence) float64 {
	z := m.bias + m.question*e.question + m.wording*e.wording + m.lead*e.lead + m.leadTop*e.leadTop + m.length*e.length
	return 1 / (1 + math.Exp(-z))
}

// decide says how sure the ranking is, and the chance that one of its first
// three entries answers.
func (rk ranking) decide(x *index) (Decision, float64) {
	e := rk.evidence(x)
	some := someAnswer.chance(e)
	switch {
	case some < weakFrom:
		return None, some
	case firstAnswer.chance(e) >= goodFrom:
		return Good, some
	}
	return Weak, some
}

func (rk ranking) evidence(x *index) evidence {
	first := rk.top[0]
	behind := func(i int) float64 {
		if i >= len(rk.top) {
			return 1
		}
		return 1 - float64(rk.top[i].score/first.score)
	}
	e := evidence{lead: behind(1), leadTop: behind(3)}
	if rk.ideal > 0 {
		e.question = min(1.5, float64(first.score)/rk.ideal)
	}
	if mass := x.unitMass[first.unit]; mass > 0 {
		e.wording = min(1, float64(first.utter/mass))
	}
	rarest := idf(x.words[viewUtterance].units, 0)
	e.length = math.Log1p(rk.ideal / rarest)
	return e
}
