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
	Rebuild ReportRebuildCmd `cmd:"" help:"Class visits anew from what is on record, by today's rules and robots list."`
}

// ReportRebuildCmd is akari report rebuild.
type ReportRebuildCmd struct {
	From string `help:"First day, in the vendor's zone. Default: the first visit." placeholder:"D"`
	To   string `help:"Last day, in the vendor's zone. Default: today." placeholder:"D"`
}

// Help is the long help.
func (ReportRebuildCmd) Help() string {
	return `A visit's class follows from raw facts in the event log; events are never changed.
Run it after links.robots_file was changed or a new version brought new rules. It may
run beside serve; running it twice changes nothing the second time; it is audited.

Example: akari report rebuild --from 2026-10-01 --to 2026-12-31`
}

// Run classes the visits.
func (r ReportRebuildCmd) Run(cli *CLI, out surroundings) error {
	return cli.withStore(out, func(ctx context.Context, c Config, store *models.Store, clock *Clock) error {
		from, to := time.Unix(0, 0), clock.Now().Add(time.Hour)
		for _, day := range []struct {
			name, text string
			at         *time.Time
			next       int
		}{{"--from", r.From, &from, 0}, {"--to", r.To, &to, 1}} {
			if day.text == "" {
				continue
			}
			t, err := time.ParseInLocation(time.DateOnly, day.text, c.Zone())
			if err != nil {
				return wrongUsage{fmt.Sprintf("%s must be a day such as 2026-12-31, not %q", day.name, day.text)}
			}
			*day.at = t.AddDate(0, 0, day.next)
		}
		if !from.Before(to) {
			return wrongUsage{"--from must not be after --to"}
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
		var parts []string
		for class, n := range done.Classes {
			parts = append(parts, fmt.Sprintf("%s %d", class, n))
		}
		slices.Sort(parts)
		text := fmt.Sprintf("%d visits, %d changed", done.Visits, done.Changed)
		if len(parts) > 0 {
			text += ": " + strings.Join(parts, ", ")
		}
		return cli.print(out, done, text)
	})
}
