package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with what an operator wrote, with the place
// where it stands. Line 0 means the whole file; File "environment" means a variable.
type Problem struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"`
	Text string `json:"text"`
}

func (p Problem) String() string {
	if p.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
	}
	if p.File == "" {
		return p.Text
	}
	return p.File + ": " + p.Text
}

// sortProblems orders problems as a person mends them: by file, then by line, with
// what concerns the environment last.
func sortProblems(list []Problem) {
	slices.SortStableFunc(list, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(fileRank(a.File), fileRank(b.File)),
			strings.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			strings.Compare(a.Text, b.Text))
	})
}

const environmentFile = "environment"

func fileRank(file string) int {
	if file == environmentFile {
		return 1
	}
	return 0
}

// nearest picks the word of known that is most like word, "" if known is empty.
func nearest(word string, known []string) string {
	best, bestDistance := "", 0
	for _, k := range known {
		if d := distance(word, k); best == "" || d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}

// distance counts the single-character edits between two words (Levenshtein).
func distance(a, b string) int {
	ra, rb := []rune(a), []rune(b)
	row := make([]int, len(rb)+1)
	for j := range row {
		row[j] = j
	}
	for i, ca := range ra {
		diagonal := row[0]
		row[0] = i + 1
		for j, cb := range rb {
			cost := 1
			if ca == cb {
				cost = 0
			}
			next := min(row[j]+1, row[j+1]+1, diagonal+cost)
			diagonal = row[j+1]
			row[j+1] = next
		}
	}
	return row[len(rb)]
}
