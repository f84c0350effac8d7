package content

// Written by `go run ./internal/tune -write content/decide_weights.go` on 2026-11-25. Every set counts alike;
// docs/search.md says what the weights reach on sets that they have not seen.
var (
	// firstAnswers is the chance that the first hit answers.
	firstAnswers = chanceModel{0.23, 0.71, 0.13, 0.96, 0.05, 0.27, 1.58, -0.11, 0.85, 1.45, 0.42, 1.83, 0.80, 0.23, -0.55, 1.62, 1.44, -4.30}
	// oneOfThree is the chance that one of the first three does.
	oneOfThree = chanceModel{0.14, 0.66, 0.08, 0.95, -0.12, -0.79, 1.69, 0.04, 1.08, 1.22, 0.31, 2.06, 0.78, 0.37, -0.72, 1.33, 1.10, -3.47}
	// nothingAnswers is the chance that no entry does.
	nothingAnswers = chanceModel{-0.27, 0.03, -0.78, -0.59, 0.10, 0.43, -0.52, -0.34, -1.05, -1.15, 0.46, -2.51, -0.58, -0.64, 1.37, -0.90, -1.17, 1.85}
)
