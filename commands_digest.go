package main

import (
	"fmt"
	"strings"
	"time"

	"akari/bot"
	"akari/handlers"
	"akari/models"
)

// DigestCmd groups commands about the weekly digest.
type DigestCmd struct {
	Run DigestRunCmd `cmd:"" help:"Make the digest of the last full week now, for every audience or one."`
}

// DigestRunCmd is akari digest run.
type DigestRunCmd struct {
	AsOf     string `name:"as-of" help:"As if it were then: a day, 2026-12-01T09:00 (vendor's zone) or with an offset. Default: now." placeholder:"T"`
	Audience string `help:"Key of one audience. Default: all." placeholder:"A"`
	DryRun   bool   `name:"dry-run" help:"Print what would be sent; send nothing, record nothing."`
}

// Help is the long help.
func (DigestRunCmd) Help() string {
	return `The week is the last full one before that moment in the audience's zone; figures are
what is known of it now. Each audience is told each week once, whoever is first:
a serve that runs beside this will not tell it again. Only serve sends.

Example: akari digest run --as-of 2026-12-07 --audience managers --dry-run`
}

// Run makes the digests.
func (d DigestRunCmd) Run(cli *CLI, out surroundings) error {
	return cli.withCampaigns(out, func(k campaigner) error {
		asOf := k.store.Now()
		if d.AsOf != "" {
			var err error
			if asOf, err = parseMoment(d.AsOf, k.c.Zone()); err != nil {
				return wrongUsage{"--as-of " + err.Error()}
			}
		}
		if len(k.c.Digest.Audiences) == 0 {
			return fmt.Errorf(`digest.audiences is empty: say in the configuration who gets it, such as - {key: managers, to: STAFF_KEY, schedule: "Mon 09:00"}`)
		}
		k.store.Operations(operationOf(k.mind.Platforms))
		told, err := k.mind.NewDigests(digestOptions(k.c)).RunNow(k.ctx, asOf, d.Audience, d.DryRun)
		if err != nil {
			return err
		}
		if !d.DryRun {
			k.alone(out)
		}
		return d.print(cli, out, told)
	})
}

func (d DigestRunCmd) print(cli *CLI, out surroundings, told []handlers.Told) error {
	var b strings.Builder
	failed := 0
	for i, t := range told {
		if i > 0 {
			b.WriteString("\n\n")
		}
		fmt.Fprintf(&b, "── %s, %s: %s\n%s", t.Audience, t.ISOWeek, t.State, t.Text)
		if t.State == models.DigestFailed {
			failed++
			fmt.Fprintf(out.stderr, "akari: the digest for %s has nowhere to go (%s): see digest.audiences\n", t.Audience, t.Error)
		}
		if t.State == models.DigestQueued {
			b.WriteString("\n(queued; a running serve sends it)")
		}
	}
	if err := cli.print(out, map[string]any{"audiences": told}, b.String()); err != nil {
		return err
	}
	if failed > 0 {
		return problemsFound{failed}
	}
	return nil
}

// parseMoment reads a moment: with an offset, or as clocks of a zone show it.
func parseMoment(text string, zone *time.Location) (time.Time, error) {
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(form, text, zone); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("must be a moment such as 2026-12-07T09:00, not %q", text)
}

// operationOf asks the platform of a delivery for its operation.
func operationOf(all []bot.Platform) func(bot.Delivery) string {
	byName := map[string]bot.Platform{}
	for _, p := range all {
		byName[p.Name()] = p
	}
	return func(d bot.Delivery) string {
		if p := byName[d.To.Platform]; p != nil {
			return p.Operation(d)
		}
		return "" // of a platform that is off
	}
}

// digestOptions are the audiences of the configuration.
func digestOptions(c Config) handlers.DigestOptions {
	o := handlers.DigestOptions{Grace: c.Digest.Grace, FiscalStartMonth: c.Vendor.FiscalYearStartMonth}
	for _, a := range c.Digest.Audiences {
		s, _ := ParseSchedule(a.Schedule) // checked by LoadConfig
		zone := c.Zone()
		if a.TimeZone != "" {
			if z, err := time.LoadLocation(a.TimeZone); err == nil { // the same
				zone = z
			}
		}
		o.Audiences = append(o.Audiences, handlers.Audience{
			Key: a.Key, To: a.To, Schedule: models.Schedule{Day: s.Day, At: s.At}, Zone: zone, Partners: a.Partners, Owners: a.Owners,
		})
	}
	return o
}
