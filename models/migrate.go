package models

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

func (s *Store) provider() (*goose.Provider, *sql.DB, error) {
	db, err := s.w.DB()
	if err != nil {
		return nil, nil, err
	}
	files, err := fs.Sub(migrations, "migrations/"+s.driver)
	if err != nil {
		return nil, nil, err
	}
	dialect := goose.DialectMySQL
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if s.driver == driverSQLite {
		dialect = goose.DialectSQLite3
	} else {
		locker, err := lock.NewMySQLTableLocker()
		if err != nil {
			return nil, nil, err
		}
		options = append(options, goose.WithLocker(locker))
	}
	p, err := goose.NewProvider(dialect, db, files, options...)
	return p, db, err
}

// Migrate brings the schema to the newest version. Running it twice changes
// nothing, and any number of processes may run it at once.
func (s *Store) Migrate(ctx context.Context) error {
	if s.driver == driverSQLite {
		unlock, err := lockFile(ctx, s.dsn+".migrate")
		if err != nil {
			return fmt.Errorf("while waiting for another process to migrate: %w", err)
		}
		defer unlock()
	}
	p, _, err := s.provider()
	if err != nil {
		return fmt.Errorf("while reading the migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("while migrating the database: %w", err)
	}
	return nil
}

// SchemaStatus answers the schema's version and the one this binary needs.
func (s *Store) SchemaStatus(ctx context.Context) (have, want int64, err error) {
	p, db, err := s.provider()
	if err != nil {
		return 0, 0, err
	}
	sources := p.ListSources()
	want = sources[len(sources)-1].Version
	// Read by hand: goose would create its table, which the runtime user may not.
	row := db.QueryRowContext(ctx, "SELECT MAX(version_id) FROM goose_db_version WHERE is_applied = 1")
	var v sql.NullInt64
	if err := row.Scan(&v); err != nil {
		if perr := s.Ping(ctx); perr != nil {
			return 0, want, perr
		}
		return 0, want, nil // no table yet
	}
	return v.Int64, want, nil
}

// lockFile takes a lock that other processes see; it waits until ctx ends.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		if err = flock(f); err == nil {
			return func() { f.Close() }, nil // closing lets go
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}
