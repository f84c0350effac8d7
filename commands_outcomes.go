package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"akari/content"
	"akari/handlers"
	"akari/models"
)

// OutcomesCmd groups commands about results.
type OutcomesCmd struct {
	Import OutcomesImportCmd `cmd:"" help:"Load deals and other results per partner from a CSV."`
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
		done, err := handlers.New(handlers.Options{Store: store}).ImportOutcomes(ctx, rows)
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

var reviewReasons = map[string]string{
	"unknown_partner":       "no partner is called so",
	"ambiguous_partner":     "several partners are called so",
	"other_partner":         "partner_key and partner_name are two different partners",
	"unknown_person":        "person_key is nobody's",
	"other_partners_person": "person_key is somebody of another partner",
}
