package content

// Written by `go run ./internal/tune -write content/decide_weights.go` on 2026-11-25. Every set counts alike;
// docs/search.md says what the weights reach on sets that they have not seen.
var (
	// firstAnswers is the chance that the first hit answers.
	firstAnswers = chanceModel{-0.22, 1.01, 0.08, 0.50, -0.48, 0.49, 1.70, 0.25, 1.83, 1.58, 0.27, 1.92, 0.76, -0.04, -0.49, -4.45}
	// oneOfThree is the chance that one of the first three does.
	oneOfThree = chanceModel{-0.05, 0.96, -0.07, 0.43, -0.56, -0.55, 1.79, 0.29, 1.83, 1.34, 0.02, 2.10, 0.72, 0.18, -0.70, -3.40}
	// nothingAnswers is the chance that no entry does.
	nothingAnswers = chanceModel{-0.25, -0.12, -0.75, -0.12, 0.54, 0.34, -0.58, -0.55, -1.40, -1.35, 0.68, -2.62, -0.70, -0.59, 1.38, 1.76}
)
