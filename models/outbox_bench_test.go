package models_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"akari/bot"
	"akari/models"
	"akari/models/modelstest"
)

// BenchmarkClaimSettle is what the database allows: eight senders that look,
// claim eight and settle each, on rows of one campaign.
func BenchmarkClaimSettle(b *testing.B) {
	for _, driver := range modelstest.Drivers {
		b.Run(driver, func(b *testing.B) {
			x := newBench(b, driver, nil)
			campaign := int64(1)
			var ds []models.Delivery
			for i := range b.N {
				d := say(dm("slack", fmt.Sprint("U", i)), "hello")
				d.Priority, d.CampaignID = bot.Campaigns, &campaign
				ds = append(ds, d)
			}
			x.queue(ds...)
			b.ResetTimer()
			var done atomic.Int64
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					for int(done.Load()) < b.N {
						due, _, err := x.outbox.Due(context.Background(), post, nil, 32)
						if err != nil {
							b.Error(err)
							return
						}
						var ids []string
						for _, c := range due {
							ids = append(ids, c.ID)
						}
						got, err := x.outbox.Claim(context.Background(), ids[:min(8, len(ids))], render)
						if err != nil {
							b.Error(err)
							return
						}
						for _, d := range got {
							if _, err := x.outbox.Settle(context.Background(), d, "r", nil); err != nil {
								b.Error(err)
								return
							}
							done.Add(1)
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
		})
	}
}

// BenchmarkQueue writes the deliveries of a campaign.
func BenchmarkQueue(b *testing.B) {
	for _, driver := range modelstest.Drivers {
		b.Run(driver, func(b *testing.B) {
			x := newBench(b, driver, nil)
			n := 0
			for b.Loop() {
				var ds []models.Delivery
				for range 500 {
					n++
					ds = append(ds, say(dm("slack", fmt.Sprint("U", n)), "hello"))
				}
				x.queue(ds...)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkDueInABacklog looks into a lane with 100,000 queued rows of three
// campaigns, a fifth of them waiting for a retry.
func BenchmarkDueInABacklog(b *testing.B) {
	for _, driver := range modelstest.Drivers {
		b.Run(driver, func(b *testing.B) {
			x := newBench(b, driver, nil)
			for campaign := range int64(3) {
				for from := 0; from < 33_000; from += 500 {
					var ds []models.Delivery
					for i := range 500 {
						d := say(dm("slack", fmt.Sprint("U", from+i)), "hello")
						d.Priority, d.CampaignID = bot.Campaigns, &campaign
						if i%5 == 0 {
							d.RetryAt = time.Now().Add(time.Hour)
						}
						ds = append(ds, d)
					}
					x.queue(ds...)
				}
			}
			for b.Loop() {
				due, _, err := x.outbox.Due(b.Context(), post, nil, 32)
				if err != nil || len(due) != 32 {
					b.Fatal(len(due), err)
				}
			}
		})
	}
}

// BenchmarkSender sends through everything to a chat that answers at once.
func BenchmarkSender(b *testing.B) {
	for _, driver := range modelstest.Drivers {
		b.Run(driver, func(b *testing.B) {
			x := newBench(b, driver, nil)
			c := newChat(b)
			var ds []models.Delivery
			for i := range b.N {
				ds = append(ds, say(dm("slack", fmt.Sprint("U", i)), "hello"))
			}
			x.queue(ds...)
			var done atomic.Int64
			b.ResetTimer()
			_, stop := x.sender(func(o *bot.SenderOptions) {
				o.Observe = func(bot.Observation) { done.Add(1) }
			}, connect(b, "slack", c))
			for int(done.Load()) < b.N {
				time.Sleep(time.Millisecond)
			}
			b.StopTimer()
			stop()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
		})
	}
}
