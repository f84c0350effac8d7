package models_test

import (
	"testing"

	"akari/models"

	"pgregory.net/rapid"
)

// Spans against a plain list of milliseconds.
func TestSpansAreWhatTheyCover(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s models.Spans
		var covered [200]bool
		for range rapid.IntRange(1, 30).Draw(t, "n") {
			from := rapid.Int64Range(0, 198).Draw(t, "from")
			to := rapid.Int64Range(0, 199).Draw(t, "to")
			fresh := int64(0)
			for i := from; i < to; i++ {
				if !covered[i] {
					fresh++
				}
				covered[i] = true
			}
			var gained int64
			if s, gained = s.Add(models.Span{from, to}); gained != fresh {
				t.Fatalf("[%d, %d): %d gained, want %d", from, to, gained, fresh)
			}
		}
		n := int64(0)
		for _, c := range covered {
			if c {
				n++
			}
		}
		if s.Length() != n {
			t.Fatalf("%v: %d, want %d", s, s.Length(), n)
		}
	})
}

func TestSpansAreBoundedAgainstTheReader(t *testing.T) {
	var s models.Spans
	for i := range int64(1000) {
		s, _ = s.Add(models.Span{i * 10, i*10 + 4})
	}
	was := s.Length()
	claimed, earned := append(models.Spans{}, s...).Claimed(), append(models.Spans{}, s...).Earned()
	if len(claimed) > 400 || claimed.Length() < was {
		t.Errorf("claimed: %d spans, %d ms of %d", len(claimed), claimed.Length(), was)
	}
	if len(earned) > 400 || earned.Length() > was {
		t.Errorf("earned: %d spans, %d ms of %d", len(earned), earned.Length(), was)
	}
}
