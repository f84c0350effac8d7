package content

import (
	"fmt"
	"strings"
)

// nearest words a suggestion: the known name with the fewest typing errors.
func nearest(s string, known []string) string {
	best, dist := "", 1+len(s)/2
	for _, k := range known {
		if n := editDistance(s, k); n < dist {
			best, dist = k, n
		}
	}
	if best == "" {
		return ": known are " + strings.Join(known, ", ")
	}
	return fmt.Sprintf(": did you mean %q?", best)
}

// editDistance is the Levenshtein distance in characters, of short strings.
func editDistance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 100 || len(y) > 100 {
		return 100
	}
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		diag := row[0]
		row[0] = i + 1
		for j := range y {
			cost := diag
			if x[i] != y[j] {
				cost++
			}
			diag = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(y)]
}
