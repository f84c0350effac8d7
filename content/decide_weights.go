package content

// Written by `go run ./internal/tune -write content/decide_weights.go` on 2026-11-25. Every set counts alike;
// docs/search.md says what the weights reach on sets that they have not seen.
var (
	// firstAnswers is the chance that the first hit answers.
	firstAnswers = chanceModel{0.23, 0.71, 0.14, 0.94, 0.07, 0.25, 1.59, -0.12, 0.86, 1.44, 0.44, 1.83, 0.81, 0.22, -0.55, 1.62, 1.45, -4.29}
	// oneOfThree is the chance that one of the first three does.
	oneOfThree = chanceModel{0.14, 0.67, 0.08, 0.97, -0.10, -0.80, 1.69, 0.03, 1.09, 1.18, 0.31, 2.07, 0.81, 0.39, -0.72, 1.32, 1.12, -3.49}
	// nothingAnswers is the chance that no entry does.
	nothingAnswers = chanceModel{-0.27, 0.02, -0.78, -0.61, 0.08, 0.44, -0.52, -0.34, -1.05, -1.13, 0.46, -2.52, -0.61, -0.65, 1.37, -0.89, -1.18, 1.87}
)
