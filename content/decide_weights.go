package content

// Written by `go run ./internal/tune -write content/decide_weights.go` on 2026-11-25. Every set counts alike;
// docs/search.md says what the weights reach on sets that they have not seen.
var (
	// firstAnswers is the chance that the first hit answers.
	firstAnswers = chanceModel{0.30, 0.57, 0.07, 0.94, -0.06, 0.35, 1.77, -0.06, 0.89, 1.10, 0.62, 1.84, 0.73, 0.29, -0.40, 1.51, 1.32, -4.40}
	// oneOfThree is the chance that one of the first three does.
	oneOfThree = chanceModel{0.24, 0.71, -0.08, 0.88, -0.30, -0.63, 1.74, 0.08, 1.08, 0.95, 0.56, 2.10, 0.63, 0.49, -0.64, 1.26, 1.04, -3.57}
	// nothingAnswers is the chance that no entry does.
	nothingAnswers = chanceModel{-0.32, -0.06, -0.66, -0.57, 0.07, 0.22, -0.34, -0.37, -1.05, -0.95, 0.38, -2.52, -0.56, -0.61, 1.29, -0.86, -1.25, 1.92}
)
