package content

// Written by `go run ./internal/tune -write content/decide_weights.go` on 2026-11-25. Every set counts alike;
// docs/search.md says what the weights reach on sets that they have not seen.
var (
	// firstAnswers is the chance that the first hit answers.
	firstAnswers = chanceModel{0.55, 0.98, -0.56, -1.47, -1.00, -0.21, 1.51, 0.26, 2.25, 3.55, 0.58, 1.72, -3.54}
	// oneOfThree is the chance that one of the first three does.
	oneOfThree = chanceModel{1.07, 0.93, -0.85, -2.55, -0.88, -1.56, 1.52, 0.18, 2.75, 3.68, 0.54, 1.82, -2.45}
	// nothingAnswers is the chance that no entry does.
	nothingAnswers = chanceModel{-1.29, 0.92, -1.26, 3.79, 1.15, 0.68, 0.26, -0.56, -2.72, -2.93, 0.36, -2.03, 0.15}
)
