package content

// Written by `go run ./internal/tune -write content/decide_weights.go` on 2026-11-25. Every set counts alike;
// docs/search.md says what the weights reach on sets that they have not seen.
var (
	// firstAnswers is the chance that the first hit answers.
	firstAnswers = chanceModel{0.22, 0.91, -0.23, -0.92, -1.07, 0.06, 1.90, 0.27, 2.29, 2.71, 0.51, 1.71, -3.93}
	// oneOfThree is the chance that one of the first three does.
	oneOfThree = chanceModel{0.56, 0.84, -0.45, -1.67, -0.94, -1.37, 1.84, 0.22, 2.47, 3.11, 0.26, 1.66, -2.53}
	// nothingAnswers is the chance that no entry does.
	nothingAnswers = chanceModel{-0.67, 0.74, -1.36, 2.23, 0.91, 0.68, -0.33, -0.60, -2.16, -2.59, 0.51, -1.75, 0.75}
)
