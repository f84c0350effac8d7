package content

// Written by `go run ./internal/tune -write content/decide_weights.go` on 2026-11-25. Every set counts alike;
// docs/search.md says what the weights reach on sets that they have not seen.
var (
	// firstAnswers is the chance that the first hit answers.
	firstAnswers = chanceModel{-0.21, 1.07, -0.01, 0.53, -0.41, 0.53, 1.54, 0.23, 1.83, 1.68, 0.38, 2.00, 0.82, 0.02, -0.52, -4.52}
	// oneOfThree is the chance that one of the first three does.
	oneOfThree = chanceModel{-0.12, 0.86, 0.04, 0.48, -0.56, -0.55, 1.72, 0.31, 1.83, 1.39, 0.13, 2.10, 0.76, 0.16, -0.67, -3.47}
	// nothingAnswers is the chance that no entry does.
	nothingAnswers = chanceModel{-0.27, -0.04, -0.78, -0.12, 0.56, 0.30, -0.54, -0.57, -1.42, -1.37, 0.58, -2.59, -0.71, -0.59, 1.30, 1.88}
)
