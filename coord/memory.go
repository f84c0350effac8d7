package coord

import (
	"context"
	"sync"
	"time"
)

// Memory keeps the pace of one process, or of one of several at its share of
// the limit.
type Memory struct {
	share func() int // among how many processes the limit is divided

	mu      sync.Mutex
	born    time.Time // a bucket begins empty then: what was sent before is not known
	buckets map[string]*bucket
	paused  map[string]time.Time
	ears    map[chan struct{}]bool
}

// NewMemory makes empty buckets. processes says among how many processes every
// limit is divided; nil = this one alone.
func NewMemory(processes func() int) *Memory {
	return &Memory{share: processes, born: time.Now(), buckets: map[string]*bucket{}, paused: map[string]time.Time{}, ears: map[chan struct{}]bool{}}
}

func (m *Memory) limit(perMinute int) float64 {
	n := 1
	if m.share != nil {
		n = max(1, m.share())
	}
	return float64(perMinute) / float64(n)
}

// maxBuckets is when full buckets are forgotten: they are as good as new ones.
const maxBuckets = 10_000

// Take asks for up to want requests; see bot.Pacer.
func (m *Memory) Take(_ context.Context, key string, perMinute, burst, want int, reserve float64) (got int, again time.Duration) {
	if perMinute <= 0 || want <= 0 {
		return 0, time.Minute // no limit is no permission: never unlimited
	}
	capacity, perSecond := size(m.limit(perMinute), burst)
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if until, ok := m.paused[key]; ok {
		if left := until.Sub(now); left > 0 {
			return 0, left
		}
		delete(m.paused, key)
	}
	b := m.buckets[key]
	if b == nil {
		m.forget(now)
		b = &bucket{at: m.born}
		m.buckets[key] = b
	}
	return b.take(now, capacity, perSecond, floorOf(capacity, reserve), want)
}

// forget drops buckets that nobody used for so long that they are full.
func (m *Memory) forget(now time.Time) {
	if len(m.buckets) < maxBuckets {
		return
	}
	for key, b := range m.buckets {
		if now.Sub(b.at) > 10*time.Minute {
			delete(m.buckets, key)
		}
	}
}

// GiveBack returns what was not used.
func (m *Memory) GiveBack(_ context.Context, key string, perMinute, burst, n int) {
	capacity, perSecond := size(m.limit(perMinute), burst)
	m.mu.Lock()
	defer m.mu.Unlock()
	if b := m.buckets[key]; b != nil && n > 0 {
		b.fill(time.Now(), capacity, perSecond)
		b.level = min(capacity, b.level+float64(n))
	}
}

// Pause lets nothing through for a while.
func (m *Memory) Pause(_ context.Context, key string, d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if until := time.Now().Add(d); until.After(m.paused[key]) {
		m.paused[key] = until
	}
}

// Nudge wakes everybody who listens in this process.
func (m *Memory) Nudge(context.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for ear := range m.ears {
		select {
		case ear <- struct{}{}:
		default:
		}
	}
}

// Nudges delivers nudges until ctx ends.
func (m *Memory) Nudges(ctx context.Context) <-chan struct{} {
	ear := make(chan struct{}, 1)
	m.mu.Lock()
	m.ears[ear] = true
	m.mu.Unlock()
	context.AfterFunc(ctx, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.ears, ear)
	})
	return ear
}
