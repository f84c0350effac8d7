package models

import (
	"math"
	"slices"
)

// Span is a stretch of time, [from, to) in milliseconds.
type Span [2]int64

// Spans are stretches of time in order, none touching another. They answer how
// much of something was really there, however often it was told.
type Spans []Span

// maxSpans bounds what one visit can make us keep. Either way of keeping to it
// makes a hostile page earn less, never more.
const maxSpans = 400

// Length is how much time the spans hold.
func (s Spans) Length() (n int64) {
	for _, x := range s {
		n += x[1] - x[0]
	}
	return n
}

// Add lays spans over these and answers the union and how much of it is new.
func (s Spans) Add(more ...Span) (union Spans, gained int64) {
	all := slices.Clone(s)
	for _, x := range more {
		if x[0] < x[1] {
			all = append(all, x)
		}
	}
	slices.SortFunc(all, func(a, b Span) int {
		switch {
		case a[0] != b[0] && a[0] < b[0], a[0] == b[0] && a[1] < b[1]:
			return -1
		case a == b:
			return 0
		}
		return 1
	})
	for _, x := range all {
		if n := len(union); n > 0 && x[0] <= union[n-1][1] {
			union[n-1][1] = max(union[n-1][1], x[1])
			continue
		}
		union = append(union, x)
	}
	return union, union.Length() - s.Length()
}

// Claimed bounds spans of time that nobody may be credited for again: beyond
// maxSpans the smallest gaps are taken as claimed too.
func (s Spans) Claimed() Spans {
	for len(s) > maxSpans {
		at, gap := 1, int64(math.MaxInt64)
		for i := 1; i < len(s); i++ {
			if g := s[i][0] - s[i-1][1]; g < gap {
				at, gap = i, g
			}
		}
		s[at-1][1] = s[at][1]
		s = slices.Delete(s, at, at+1)
	}
	return s
}

// Earned bounds spans that count for the reader: beyond maxSpans the shortest
// are forgotten.
func (s Spans) Earned() Spans {
	for len(s) > maxSpans {
		at := 0
		for i := range s {
			if s[i][1]-s[i][0] < s[at][1]-s[at][0] {
				at = i
			}
		}
		s = slices.Delete(s, at, at+1)
	}
	return s
}
