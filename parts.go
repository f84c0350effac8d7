package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"akari/content"
	"akari/models"
)

// openStore opens the configured database without touching its schema.
func openStore(ctx context.Context, c Config, clock *Clock, log *slog.Logger) (*models.Store, error) {
	store, err := models.Open(ctx, models.Options{Driver: c.Database.Driver, DSN: c.Database.DSN.Reveal(), Now: clock.Now, Log: log})
	if err != nil {
		if models.IsForbidden(err) {
			return nil, fmt.Errorf("database.dsn: %w; docs/grants.sql gives this user its rights, after akari migrate up", err)
		}
		return nil, fmt.Errorf("database.dsn: %w", err)
	}
	return store, nil
}

// openMigrator opens the database as the user who may change the schema.
func openMigrator(ctx context.Context, c Config, clock *Clock, log *slog.Logger) (*models.Store, error) {
	if c.Database.MigrateDSN.IsZero() {
		return openStore(ctx, c, clock, log)
	}
	store, err := models.Open(ctx, models.Options{Driver: c.Database.Driver, DSN: c.Database.MigrateDSN.Reveal(), Now: clock.Now, Conns: 2, Log: log})
	if err != nil {
		return nil, fmt.Errorf("database.migrate_dsn: %w", err)
	}
	return store, nil
}

// errOldSchema tells an operator what to do about a schema that is behind.
type errOldSchema struct{ have, want int64 }

func (e errOldSchema) Error() string {
	return fmt.Sprintf("the database has schema %d and this program needs %d: run `akari migrate up`, or set database.auto_migrate: true", e.have, e.want)
}

// schemaReady tells whether the schema is ours. A newer one is fine: during a
// rolling update the old program runs on for a while.
func schemaReady(ctx context.Context, store *models.Store) error {
	have, want, err := store.SchemaStatus(ctx)
	if err != nil {
		return fmt.Errorf("the schema's version cannot be read: %w", err)
	}
	if have < want {
		return errOldSchema{have, want}
	}
	return nil
}

// openReady opens the database with a schema that fits. SQLite is brought up to
// date by whoever comes first; MySQL only where the operator allows it.
func openReady(ctx context.Context, c Config, clock *Clock, log *slog.Logger, mayMigrate bool) (*models.Store, error) {
	store, err := openStore(ctx, c, clock, log)
	if err != nil {
		return nil, err
	}
	old := schemaReady(ctx, store)
	if old == nil {
		return store, nil
	}
	if !errors.As(old, &errOldSchema{}) || c.Database.Driver != "sqlite" && !mayMigrate {
		return nil, errors.Join(old, store.Close())
	}
	migrator := store
	if c.Database.Driver == "mysql" {
		if migrator, err = openMigrator(ctx, c, clock, log); err != nil {
			return nil, errors.Join(err, store.Close())
		}
		defer migrator.Close()
	}
	if err := migrator.Migrate(ctx); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return store, nil
}

// openLibrary loads the content without the database's overlay.
func openLibrary(c Config, clock *Clock) (*content.Library, []content.Problem, error) {
	return content.Open(content.Options{
		Dir: c.Content.Dir, Files: os.DirFS(c.Storage.Dir), Zone: c.Zone(), Now: clock.Now, Small: c.Content.Small,
	})
}

// overlay lays what staff, seeds and imports changed over the files, and lets the
// sample step aside once a partner has been seeded. It answers the version that it
// took, so that a caller sees when there is a newer one.
func overlay(ctx context.Context, store *models.Store, library *content.Library) (version int64, problems []content.Problem, err error) {
	var rows []models.Overlay
	var seeded bool
	err = store.View(ctx, func(t *models.Tx) (err error) {
		// The version first: a change between the reads is then seen again later.
		if version, err = t.ContentVersion(); err != nil {
			return err
		}
		if rows, err = t.Overlays(); err != nil {
			return err
		}
		seeded, err = t.HasSeeded()
		return err
	})
	if err != nil {
		return 0, nil, fmt.Errorf("while reading what staff changed in the content: %w", err)
	}
	var over []content.Row
	for _, r := range rows {
		over = append(over, content.Row{Kind: r.Kind, Key: r.Key, Body: []byte(r.Body)})
	}
	library.HideSample(seeded)
	return version, library.Overlay(over), nil
}

// followContent keeps the library in step with the files and with the rows that
// other processes write, until ctx ends (rulings 14: within 5 s).
func followContent(ctx context.Context, store *models.Store, library *content.Library, version int64, log *slog.Logger) {
	report := func(list []content.Problem) {
		for _, p := range list {
			log.Warn("content has a problem; the rest is served", "file", p.File, "line", p.Line, "problem", p.Text)
		}
	}
	go library.Watch(ctx, 2*time.Second, report)
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var now int64
		err := store.View(ctx, func(t *models.Tx) (err error) {
			now, err = t.ContentVersion()
			return err
		})
		if err != nil || now == version {
			continue // a database that is away is noticed and told elsewhere
		}
		taken, problems, err := overlay(ctx, store, library)
		if err == nil {
			version = taken
			log.Info("content changed in the database", "version", version)
			report(problems)
		}
	}
}

// secrets answers the secrets behind links, the one that signs first. In
// development and test an empty one is made once and kept beside the spool.
func secrets(c Config) ([][]byte, error) {
	first := []byte(c.Server.Secret.Reveal())
	if len(first) == 0 {
		made, err := madeSecret(filepath.Join(filepath.Dir(filepath.Clean(c.Server.SpoolDir)), "server.secret"))
		if err != nil {
			return nil, fmt.Errorf("server.secret is empty and none can be made: %w", err)
		}
		first = made
	}
	all := [][]byte{first}
	for _, p := range c.Server.PreviousSecrets {
		all = append(all, []byte(p.Reveal()))
	}
	return all, nil
}
