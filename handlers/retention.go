package handlers

import (
	"context"
	"time"
)

// wordsEvery is how often the words of people are looked at that were kept long enough.
const wordsEvery = time.Hour

// RunRetention deletes the words of people that are older than keep, while serve
// runs; 0 = they are kept. Events go by "akari retention run", because the runtime
// user may not delete them. It returns when ctx ends.
func (h *Handlers) RunRetention(ctx context.Context, keep time.Duration) {
	if keep <= 0 {
		return
	}
	tick := time.NewTicker(wordsEvery)
	defer tick.Stop()
	for {
		switch n, err := h.Store.ForgetWords(ctx, h.Store.Now().Add(-keep)); {
		case err != nil && ctx.Err() == nil:
			h.Log.Warn("words that were kept long enough could not be deleted; it tries again", "error", err)
		case n > 0:
			h.Log.Info("words that were kept long enough are deleted", "count", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
