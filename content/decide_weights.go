package content

// Written by `go run ./internal/tune -write content/decide_weights.go` on 2026-11-25. Every set counts alike;
// docs/search.md says what the weights reach on sets that they have not seen.
var (
	// firstAnswers is the chance that the first hit answers.
	firstAnswers = chanceModel{-0.10, 0.86, -0.04, -0.55, -1.02, 0.02, 1.84, 0.35, 2.29, 2.86, 0.43, 1.68, -4.03}
	// oneOfThree is the chance that one of the first three does.
	oneOfThree = chanceModel{0.07, 0.77, -0.21, -0.93, -0.89, -1.39, 1.84, 0.32, 2.38, 3.10, 0.14, 1.63, -2.69}
	// nothingAnswers is the chance that no entry does.
	nothingAnswers = chanceModel{-0.27, 0.76, -1.48, 1.62, 0.87, 0.68, -0.34, -0.65, -2.09, -2.55, 0.61, -1.72, 0.82}
)
