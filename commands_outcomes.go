package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"akari/content"
	"akari/handlers"
	"akari/models"
)

// OutcomesCmd groups commands about results.
type OutcomesCmd struct {
	Import  OutcomesImportCmd  `cmd:"" help:"Load deals and other results per partner from a CSV."`
	Related OutcomesRelatedCmd `cmd:"" help:"What partners with a deal won opened before it, next to comparable partners."`
}

// OutcomesImportCmd is akari outcomes import.
type OutcomesImportCmd struct {
	File string `required:"" help:"CSV: UTF-8, with or without BOM, or Shift_JIS." placeholder:"F"`
}

// Help is the long help.
func (OutcomesImportCmd) Help() string {
	return `The first row names the columns, in English or Japanese, in any order:
  external_id, partner_key or partner_name, title, stage, amount, currency, closed_on,
  person_key, materials
The same external_id is the same result: loading a list twice changes nothing. Partners
are matched by key, or by a name that is exactly one partner's when 株式会社/(株),
全角/半角 and spaces do not count. Rows that are not certain are listed for review and
not imported (exit code 1). With a row that cannot be read nothing is written.

Example: akari outcomes import --file 商談.csv`
}

// Run loads the list.
func (o OutcomesImportCmd) Run(cli *CLI, out surroundings) error {
	return cli.withStore(out, func(ctx context.Context, _ Config, store *models.Store, _ *Clock) error {
		f, err := os.Open(o.File)
		if err != nil {
			return err
		}
		defer f.Close()
		rows, problems := content.ImportOutcomes(f, o.File)
		if len(problems) > 0 {
			return printProblems(out, fromContent(problems))
		}
		done, err := handlers.New(handlers.Options{Store: store}).ImportOutcomes(ctx, rows, models.Act{Role: "operator"})
		if err != nil {
			return err
		}
		var b strings.Builder
		fmt.Fprintf(&b, "%d rows: %d added, %d changed, %d unchanged, %d for review", done.Rows, done.Added, done.Changed, done.Unchanged, len(done.Review))
		for _, r := range done.Review {
			fmt.Fprintf(&b, "\nline %d (%s): %s", r.Line, r.ExternalID, reviewReasons[r.Why])
			if r.PartnerName != "" {
				fmt.Fprintf(&b, "; the list says %q", r.PartnerName)
			}
			if len(r.Candidates) > 0 {
				fmt.Fprintf(&b, "; could be: %s", strings.Join(r.Candidates, ", "))
			}
		}
		if err := cli.print(out, done, b.String()); err != nil {
			return err
		}
		if n := len(done.Review); n > 0 {
			return fmt.Errorf("%w: rows for review were not imported; give their partner_key", problemsFound{n})
		}
		return nil
	})
}

// OutcomesRelatedCmd is akari outcomes related.
type OutcomesRelatedCmd struct {
	Days  int `help:"How many days before a deal are looked at." default:"28"`
	Weeks int `help:"Deals of how many weeks." default:"26"`
	Most  int `help:"How many partners with a deal, at most; four comparable ones are looked at for each." default:"200"`
}

// Help is the long help.
func (OutcomesRelatedCmd) Help() string {
	return `A relation, not an effect: nobody was assigned at random. Shares come with exact 95 %
intervals (Clopper and Pearson); with fewer than five partners on a side none is told.

Example: akari outcomes related --days 28 --json`
}

// Run compares.
func (o OutcomesRelatedCmd) Run(cli *CLI, out surroundings) error {
	if o.Days < 1 || o.Days > 366 || o.Weeks < 1 || o.Weeks > 520 || o.Most < 1 {
		return wrongUsage{"--days must be 1 to 366, --weeks 1 to 520, --most at least 1"}
	}
	return cli.withStore(out, func(ctx context.Context, c Config, store *models.Store, _ *Clock) error {
		mind := handlers.New(handlers.Options{Store: store, Vendor: handlers.Vendor{Zone: c.Zone()}})
		var r handlers.Related
		err := store.View(ctx, func(tx *models.Tx) (err error) {
			r, err = mind.Related(tx, handlers.RelatedOptions{Until: store.Now(), Span: time.Duration(o.Weeks) * 7 * 24 * time.Hour, Days: o.Days, Most: o.Most})
			return err
		})
		if err != nil {
			return err
		}
		var b strings.Builder
		fmt.Fprintf(&b, "%d partners with a deal won, %d comparable ones; %d days before", r.With, r.Without, r.Days)
		if !r.Enough {
			fmt.Fprintf(&b, "\ntoo little data: it takes %d on each side", r.Least)
		}
		for _, m := range r.Materials {
			fmt.Fprintf(&b, "\n%s: %d/%d (%.0f–%.0f %%), comparable %d/%d (%.0f–%.0f %%)", m.Key, m.With.N, m.With.Of, m.With.Low*100, m.With.High*100, m.Without.N, m.Without.Of, m.Without.Low*100, m.Without.High*100)
			if !m.Apart {
				b.WriteString(", no difference can be claimed")
			}
		}
		return cli.print(out, r, b.String())
	})
}

var reviewReasons = map[string]string{
	"unknown_partner":       "no partner is called so",
	"ambiguous_partner":     "several partners are called so",
	"other_partner":         "partner_key and partner_name are two different partners",
	"unknown_person":        "person_key is nobody's",
	"other_partners_person": "person_key is somebody of another partner",
}
