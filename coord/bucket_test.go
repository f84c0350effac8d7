package coord

import (
	"testing"
	"time"
)

// Steady is what a bucket really gives: five minutes of taking whatever there is.
func TestSteadyIsTheLongRunOfABucket(t *testing.T) {
	for _, c := range []struct{ perMinute, burst int }{{60, 0}, {60, 1}, {200, 0}, {240, 0}, {60000, 0}, {3, 0}} {
		capacity, perSecond := size(float64(c.perMinute), c.burst)
		now, sum := time.Now(), 0
		b := bucket{at: now}
		for range 5 * 60 * 20 {
			now = now.Add(50 * time.Millisecond)
			got, _ := b.take(now, capacity, perSecond, 0, 1<<30)
			sum += got
		}
		if steady := Steady(c.perMinute, c.burst); steady > c.perMinute || sum < 5*steady-5 || sum > 5*(steady+1)+5 {
			t.Errorf("%d a minute, burst %d: %d in five minutes, Steady says %d a minute", c.perMinute, c.burst, sum, steady)
		}
	}
	if Steady(0, 0) != 0 {
		t.Error("no limit has no pace")
	}
}
