package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"akari/handlers"
	"akari/models"
)

// ReportCmd groups commands about figures.
type ReportCmd struct {
	Verify  ReportVerifyCmd  `cmd:"" help:"Recount every stored figure from the event log; exit 1 on any difference."`
	Rebuild ReportRebuildCmd `cmd:"" help:"Class visits anew by today's rules and robots list, then make the weekly figures anew."`
}

// ReportRebuildCmd is akari report rebuild.
type ReportRebuildCmd struct {
	From string `help:"First day, in the vendor's zone. Default: the first visit." placeholder:"D"`
	To   string `help:"Last day, in the vendor's zone. Default: today." placeholder:"D"`
}

// Help is the long help.
func (ReportRebuildCmd) Help() string {
	return `A visit's class follows from raw facts in the event log; events are never changed.
Weekly figures of closed weeks are counted anew from what is known now, also final
ones. Run it after links.robots_file or vendor.time_zone was changed or a new version
brought new rules. It may run beside serve; running it twice changes nothing the
second time; it is audited.

Example: akari report rebuild --from 2026-10-01 --to 2026-12-31`
}

// Run classes the visits.
func (r ReportRebuildCmd) Run(cli *CLI, out surroundings) error {
	return cli.withStore(out, func(ctx context.Context, c Config, store *models.Store, clock *Clock) error {
		first, after, err := days(r.From, r.To, c.Zone())
		if err != nil {
			return err
		}
		from, to := first, after
		if from.IsZero() {
			from = time.Unix(0, 0)
		}
		if to.IsZero() {
			to = clock.Now().Add(time.Hour)
		}
		robots, err := robotsOf(c)
		if err != nil {
			return err
		}
		library, _, err := openLibrary(c, clock)
		if err != nil {
			return err
		}
		mind := handlers.New(handlers.Options{Store: store, Library: library, VisibleMin: c.Links.VisibleMin, Robots: robots})
		done, err := mind.RebuildVisits(ctx, from.UTC(), to.UTC(), models.ID{})
		if err != nil {
			return err
		}
		weeks, err := store.RebuildWeeks(ctx, c.Zone(), c.Digest.Grace, first, after)
		if err != nil {
			return err
		}
		var parts []string
		for class, n := range done.Classes {
			parts = append(parts, fmt.Sprintf("%s %d", class, n))
		}
		slices.Sort(parts)
		text := fmt.Sprintf("%d visits, %d changed", done.Visits, done.Changed)
		if len(parts) > 0 {
			text += ": " + strings.Join(parts, ", ")
		}
		text += fmt.Sprintf("\n%d weeks counted anew, %d figures", weeks.Weeks, weeks.Cells)
		return cli.print(out, rebuilt{done, weeks.Weeks, weeks.Cells}, text)
	})
}

// rebuilt is what report rebuild prints.
type rebuilt struct {
	handlers.Reclassed
	Weeks int `json:"weeks"`
	Cells int `json:"cells"`
}

// days reads a first and a last day of a zone as moments: from the beginning of
// the one to the end of the other. Zero where none is given.
func days(first, last string, zone *time.Location) (from, to time.Time, err error) {
	for _, day := range []struct {
		name, text string
		at         *time.Time
		next       int
	}{{"--from", first, &from, 0}, {"--to", last, &to, 1}} {
		if day.text == "" {
			continue
		}
		t, err := time.ParseInLocation(time.DateOnly, day.text, zone)
		if err != nil {
			return from, to, wrongUsage{fmt.Sprintf("%s must be a day such as 2026-12-31, not %q", day.name, day.text)}
		}
		*day.at = t.AddDate(0, 0, day.next)
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return from, to, wrongUsage{"--from must not be after --to"}
	}
	return from, to, nil
}

// ReportVerifyCmd is akari report verify.
type ReportVerifyCmd struct {
	From string `help:"First day, in the vendor's zone: weeks that begin from then on. Default: all." placeholder:"D"`
	To   string `help:"Last day, in the vendor's zone: weeks that begin until then. Default: all." placeholder:"D"`
}

// Help is the long help.
func (ReportVerifyCmd) Help() string {
	return `Each stored weekly figure is compared with a recount of the events that were
recorded when the week was counted; docs/figures.md says how. It changes nothing and
may run beside serve. Weeks whose events were deleted by akari retention run cannot be
recounted; how many there are is said.

Example: akari report verify --json`
}

// Run compares.
func (r ReportVerifyCmd) Run(cli *CLI, out surroundings) error {
	return cli.withStore(out, func(ctx context.Context, c Config, store *models.Store, _ *Clock) error {
		from, to, err := days(r.From, r.To, c.Zone())
		if err != nil {
			return err
		}
		v, err := store.VerifyWeeks(ctx, from, to)
		if err != nil {
			return err
		}
		text := fmt.Sprintf("%d weeks, %d figures, %d differences", v.Weeks, v.Cells, len(v.Differences))
		if v.Beyond > 0 {
			text += fmt.Sprintf("; %d weeks before %s lie beyond privacy.event_retention: their events are deleted, their figures stand as they were told", v.Beyond, v.BeyondUntil.In(c.Zone()).Format(time.DateOnly))
		}
		for _, d := range v.Differences {
			text += fmt.Sprintf("\n%s %s %s: stored %d, counted %d", d.Week.In(c.Zone()).Format(time.DateOnly), d.Partner, d.Metric, d.Stored, d.Counted)
		}
		if err := cli.print(out, v, text); err != nil {
			return err
		}
		if n := len(v.Differences); n > 0 {
			return fmt.Errorf("%w; akari report rebuild counts the weeks anew", problemsFound{n})
		}
		return nil
	})
}
