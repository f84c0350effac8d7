package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"akari/content"
	"akari/models"
)

// RetentionCmd groups commands about how long things are kept.
type RetentionCmd struct {
	Run RetentionRunCmd `cmd:"" help:"Delete what is older than privacy.event_retention and privacy.question_retention."`
}

// RetentionRunCmd is akari retention run.
type RetentionRunCmd struct {
	DryRun bool `name:"dry-run" help:"Count what would go, and delete nothing."`
	asStaff
}

// Help is the long help.
func (RetentionRunCmd) Help() string {
	return `Events and what belongs to them (messages, links, visits, acknowledgements, answered
questions) go by whole weeks of the vendor whose figures are final, so that every figure
stays as it was told and akari report verify goes on finding no difference. Words of people
go by the day; serve deletes those by itself, too. Uploaded files below storage.dir that no
version of a material uses go after a day.

It uses database.migrate_dsn where it is set, because the runtime user may not delete
events. It works in short steps beside serve, may be interrupted and run again, and is
kept in the audit log. Run it once a week or a month, from cron.

Examples:
  akari retention run --dry-run
  akari retention run --config /etc/akari/config.yaml`
}

// Run deletes.
func (r RetentionRunCmd) Run(cli *CLI, out surroundings) error {
	return cli.withMigrator(out, func(ctx context.Context, c Config, store *models.Store) error {
		if err := schemaReady(ctx, store); err != nil {
			return err
		}
		actor, role, err := r.actor(ctx, store)
		if err != nil {
			return err
		}
		var done retained
		done.Retained, err = store.Retain(ctx, models.RetainOptions{Zone: c.Zone(), Events: c.Privacy.EventRetention, Questions: c.Privacy.QuestionRetention, Dry: r.DryRun, ActorID: actor, Role: role})
		switch {
		case models.IsForbidden(err):
			return errors.New("the database user may not delete events: set database.migrate_dsn to a user who may (docs/grants.sql)")
		case errors.Is(err, context.Canceled):
			return errors.New("interrupted; run it again to go on")
		case err != nil:
			return err
		}
		if done.Files, err = clearFiles(ctx, c, store, r.DryRun, models.Act{ActorID: actor, Role: role, Action: "retention.files", Object: "retention", Result: "done"}); err != nil {
			return err
		}
		return cli.print(out, done, retainedText(done, c.Zone()))
	})
}

// retained is what the command deleted: rows, and files below storage.dir.
type retained struct {
	models.Retained
	Files int `json:"files"`
}

// clearFiles removes the stored files that nothing uses, and keeps it in the audit log.
func clearFiles(ctx context.Context, c Config, store *models.Store, dry bool, act models.Act) (n int, err error) {
	used := map[string]bool{}
	err = store.View(ctx, func(tx *models.Tx) error {
		bodies, err := tx.MaterialBodies()
		for _, body := range bodies {
			content.StoredIn(used, body)
		}
		return err
	})
	if err == nil && c.Content.Dir != "" {
		err = content.StoredInFiles(used, c.Content.Dir)
	}
	if err == nil {
		n, err = content.ClearStored(c.Storage.Dir, used, dry)
	}
	if err != nil {
		return n, fmt.Errorf("while looking for files that nothing uses (storage.dir): %w", err)
	}
	if n == 0 || dry {
		return n, nil
	}
	act.Detail = models.Detail{"files": n}
	return n, store.InTx(ctx, func(tx *models.Tx) error { return tx.Audit(act) })
}

func retainedText(done retained, zone *time.Location) string {
	var b strings.Builder
	tables, sum := []string{}, 0
	for table, n := range done.Deleted {
		if n > 0 {
			tables = append(tables, table)
			sum += n
		}
	}
	slices.Sort(tables)
	for _, table := range tables {
		fmt.Fprintf(&b, "%-14s %8d\n", table, done.Deleted[table])
	}
	did := "deleted"
	if done.DryRun {
		did = "would be deleted"
	}
	fmt.Fprintf(&b, "%d rows %s", sum, did)
	if done.Files > 0 {
		fmt.Fprintf(&b, "; %d uploaded files that nothing uses", done.Files)
	}
	if done.Before != nil {
		fmt.Fprintf(&b, "; events before %s", done.Before.In(zone).Format(time.DateOnly))
	}
	if done.Words != nil {
		fmt.Fprintf(&b, "; words before %s", done.Words.In(zone).Format(time.DateOnly))
	}
	if done.Waiting != "" {
		fmt.Fprintf(&b, "\nevents from %s on stay: the figures of that week are not final yet; serve makes them, and akari report rebuild after a change of vendor.time_zone", done.Waiting)
	}
	return b.String()
}
