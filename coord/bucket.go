// Package coord is what processes must agree on right now: pace, pause, nudge.
//
// It has two homes, memory for one process and Redis for several, behind the
// same methods. Nothing may depend on it to be right: deliveries, pauses after
// 429 and the number of processes are rows in the database.
package coord

import (
	"math"
	"time"
)

// size answers how many requests fit into a bucket and how fast it fills, for a
// limit per minute. burst 0 lets it choose.
//
// Whatever the moment, capacity + one minute of filling stays within the limit,
// so that no minute, wherever it begins, sees more than the limit. One second's
// worth bounds the capacity of fast buckets: LINE counts per second.
func size(perMinute float64, burst int) (capacity, perSecond float64) {
	capacity = float64(burst)
	if burst <= 0 {
		capacity = math.Floor(min(max(perMinute/10, 2), max(20, perMinute/60)))
		if perMinute < 4 {
			capacity = 1
		}
	}
	capacity = max(1, min(capacity, perMinute/2))
	if capacity <= 1 {
		// A bucket of one is a distance: a little longer than the limit's, because networks jitter.
		return 1, perMinute * 0.98 / 60
	}
	return capacity, (perMinute - capacity) * 0.99 / 60
}

// Steady is how many requests a minute a bucket gives in the long run, for a limit
// per minute: a little less than the limit, because whoever stays within it in every
// minute cannot use up each. 0 = no limit.
func Steady(perMinute, burst int) int {
	if perMinute <= 0 {
		return 0
	}
	_, perSecond := size(float64(perMinute), burst)
	return max(1, int(perSecond*60))
}

// floorOf is what a caller must leave in the bucket. It is never so much that
// a rested bucket gives nothing.
func floorOf(capacity, reserve float64) float64 { return max(0, min(capacity*reserve, capacity-1)) }

// bucket holds level requests at a moment.
type bucket struct {
	level float64
	at    time.Time
}

// take moves the bucket to now and takes up to want, leaving floor.
func (b *bucket) take(now time.Time, capacity, perSecond, floor float64, want int) (got int, again time.Duration) {
	b.fill(now, capacity, perSecond)
	if free := math.Floor(b.level - floor + 1e-9); free > 0 {
		got = min(want, int(free))
		b.level -= float64(got)
	}
	if got < want {
		again = time.Duration(math.Ceil((floor+1-b.level)/perSecond*1000)) * time.Millisecond
	}
	return got, again
}

func (b *bucket) fill(now time.Time, capacity, perSecond float64) {
	b.level = min(capacity, b.level+max(0, now.Sub(b.at).Seconds())*perSecond)
	b.at = now
}
