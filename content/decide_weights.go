package content

// Written by `go run ./internal/tune -write content/decide_weights.go` on 2026-11-25. Every set counts alike;
// docs/search.md says what the weights reach on sets that they have not seen.
var (
	// firstAnswers is the chance that the first hit answers.
	firstAnswers = chanceModel{-0.22, 1.04, 0.04, 0.50, -0.46, 0.49, 1.56, 0.22, 1.79, 1.66, 0.28, 1.99, 0.83, 0.02, -0.53, -4.35}
	// oneOfThree is the chance that one of the first three does.
	oneOfThree = chanceModel{-0.12, 0.90, 0.04, 0.46, -0.54, -0.54, 1.71, 0.30, 1.81, 1.39, -0.00, 2.09, 0.74, 0.14, -0.71, -3.35}
	// nothingAnswers is the chance that no entry does.
	nothingAnswers = chanceModel{-0.27, -0.07, -0.78, -0.11, 0.52, 0.31, -0.55, -0.56, -1.41, -1.35, 0.63, -2.60, -0.71, -0.57, 1.35, 1.81}
)
