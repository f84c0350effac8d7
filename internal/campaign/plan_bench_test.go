package campaign_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"akari/models"
	"akari/models/modelstest"
)

// BenchmarkPlan resolves and writes the deliveries of a campaign to 100,000
// people: promised in 30 s. Run it with -benchtime 1x.
func BenchmarkPlan(b *testing.B) {
	for _, driver := range modelstest.Drivers {
		b.Run(driver, func(b *testing.B) {
			n := 100_000
			if s := os.Getenv("AKARI_BENCH_RECIPIENTS"); s != "" {
				n, _ = strconv.Atoi(s)
			}
			g := newRig(b, driver, town(0), nil)
			seed := models.Seed{}
			for i := range 500 {
				p := models.SeedPartner{Key: fmt.Sprintf("q-%03d", i), Name: "x", SlackOrgs: []string{fmt.Sprintf("T%04d", i)}}
				for j := range n / 500 {
					p.People = append(p.People, models.SeedPerson{Key: fmt.Sprintf("q-%03d-%03d", i, j), Name: "x", Accounts: []models.SeedAccount{
						{Platform: "slack", Connection: "slack", Org: fmt.Sprintf("T%04d", i), User: fmt.Sprintf("U%03d%03d", i, j)}}})
				}
				seed.Partners = append(seed.Partners, p)
			}
			began := time.Now()
			if _, err := g.store.Seed(b.Context(), seed); err != nil {
				b.Fatal(err)
			}
			b.Logf("seeded in %s", time.Since(began))
			over := 1_000_000
			g.mind.Campaign.ApprovalOver = &over
			for b.Loop() {
				id := g.create(spec())
				g.launch(id)
				began := time.Now()
				tick(b, g)
				took := time.Since(began)
				if c := g.campaign(id); c.State != models.CampaignRunning {
					b.Fatalf("state %s", c.State)
				}
				b.ReportMetric(took.Seconds(), "s/plan")
				began = time.Now()
				if r := g.report(id); r.AudienceSize != n || r.Queued != n {
					b.Fatalf("%+v", r)
				}
				b.ReportMetric(time.Since(began).Seconds(), "s/report")
			}
		})
	}
}
