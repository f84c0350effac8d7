package content

// Written by `go run ./internal/tune -write content/decide_weights.go` on 2026-11-25. Every set counts alike;
// docs/search.md says what the weights reach on sets that they have not seen.
var (
	// firstAnswers is the chance that the first hit answers.
	firstAnswers = chanceModel{0.58, 0.77, -0.28, 0.81, -0.73, 0.52, 1.32, 0.18, 1.12, 1.72, 0.42, 2.27, 2.06, 0.54, -0.65, -4.86}
	// oneOfThree is the chance that one of the first three does.
	oneOfThree = chanceModel{0.42, 0.68, -0.23, 0.86, -0.73, -0.54, 1.48, 0.26, 1.39, 1.34, 0.30, 2.37, 1.74, 0.71, -0.77, -3.94}
	// nothingAnswers is the chance that no entry does.
	nothingAnswers = chanceModel{-0.45, 0.01, -0.57, -0.49, 0.51, 0.22, -0.40, -0.48, -1.36, -1.29, 0.47, -2.74, -1.21, -0.94, 1.39, 2.20}
)
