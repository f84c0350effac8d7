package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"

	"akari/content"
	"akari/models"
)

// ExportCmd is akari export.
type ExportCmd struct {
	What   string `arg:"" enum:"campaigns,deliveries,events,outcomes,people,views" help:"What: events, deliveries, views, people, campaigns or outcomes."`
	Format string `enum:"csv,xlsx" default:"csv" help:"csv (UTF-8 with BOM, for Excel) or xlsx."`
	From   string `help:"First day, in the vendor's zone." placeholder:"D"`
	To     string `help:"Last day, in the vendor's zone." placeholder:"D"`
	Out    string `help:"Write to this file instead of standard output." placeholder:"F"`
}

// Help is the long help.
func (ExportCmd) Help() string {
	return `The rows of the reporting views, times in UTC. The days are those on which an event
occurred, a delivery was due, a page was seen, a campaign was launched, a person or a
result was added. In a CSV no cell is a formula. It may run beside serve.

Example: akari export events --from 2026-11-01 --to 2026-11-30 --format xlsx --out november.xlsx`
}

// Run writes the table.
func (e ExportCmd) Run(cli *CLI, out surroundings) error {
	return cli.withStore(out, func(ctx context.Context, c Config, store *models.Store, _ *Clock) (err error) {
		from, to, err := days(e.From, e.To, c.Zone())
		if err != nil {
			return err
		}
		w := out.stdout
		if e.Out != "" {
			f, err := privateFile(e.Out)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, f.Close()) }()
			w = f
		}
		buffered := bufio.NewWriter(w)
		t, err := content.NewTable(buffered, e.Format, models.ExportColumns(e.What))
		if err != nil {
			return err
		}
		n, err := store.Export(ctx, e.What, from, to, t.Row)
		if err := errors.Join(err, t.Close(), buffered.Flush()); err != nil {
			return fmt.Errorf("while exporting %s: %w", e.What, err)
		}
		if e.Out != "" {
			return cli.print(out, map[string]any{"rows": n, "file": e.Out}, fmt.Sprintf("%d rows in %s", n, e.Out))
		}
		return nil
	})
}

// privateFile makes an empty file, for what holds names: nobody else may read it, also
// where another file of that name was there before.
func privateFile(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	if at, err := f.Stat(); err == nil && at.Mode().IsRegular() { // not a pipe or a terminal
		if err := f.Chmod(0o600); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return f, nil
}
