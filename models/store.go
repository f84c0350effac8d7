// Package models is what we remember: rows, their rules, their queries.
//
// It is the only package that knows SQL. It exports no database handle: a
// caller can only ask for things that have a name, and every query that touches
// a partner's data takes that partner or an explicit staff scope.
package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"akari/bot"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// ErrDuplicate says that the happening is already on record.
var ErrDuplicate = errors.New("already on record")

// ErrNotFound says that there is no such row.
var ErrNotFound = errors.New("not found")

// Options says which database to open.
type Options struct {
	Driver string           // "sqlite" or "mysql"
	DSN    string           // a file path, or go-sql-driver's form
	Now    func() time.Time // the wall clock, shifted in tests; required
	Conns  int              // most open connections on MySQL; 0 = 32
	Log    *slog.Logger     // may be nil
}

// Store is the database. All its methods may be called from any goroutine.
type Store struct {
	w, r      *gorm.DB // the same handle on MySQL; on SQLite one writes, the other only reads
	packets   *sql.DB  // MySQL: for transactions in one packet; nil on SQLite
	driver    string
	dsn       string
	now       func() time.Time
	operation func(bot.Delivery) string // see Operations
	log       *slog.Logger

	records group[*entry]  // on their way into one transaction
	looks   group[*glance] // on their way into one query
}

// Open connects. It creates the folder of an SQLite file but no tables: see Migrate.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Now == nil {
		return nil, errors.New("models.Open needs a clock")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Conns == 0 {
		o.Conns = 32
	}
	s := &Store{driver: o.Driver, dsn: o.DSN, now: o.Now, log: o.Log}
	var err error
	switch o.Driver {
	case driverSQLite:
		if err := os.MkdirAll(filepath.Dir(o.DSN), 0o750); err != nil {
			return nil, fmt.Errorf("the folder of database.dsn cannot be made: %w", err)
		}
		s.w, s.r, err = openSQLite(o.DSN, logger.Discard)
	case driverMySQL:
		s.w, s.packets, err = openMySQL(o.DSN, o.Conns, logger.Discard)
		s.r = s.w
	default:
		return nil, fmt.Errorf("database.driver %q is neither sqlite nor mysql", o.Driver)
	}
	if err != nil {
		return nil, fmt.Errorf("while opening the database: %w", err)
	}
	return s, s.Ping(ctx)
}

// Close gives the connections back.
func (s *Store) Close() error {
	var errs []error
	if s.packets != nil {
		errs = append(errs, s.packets.Close())
	}
	for _, h := range []*gorm.DB{s.w, s.r} {
		if db, err := h.DB(); err == nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	db, err := s.w.DB()
	if err != nil {
		return err
	}
	return db.PingContext(ctx)
}

// Now is the wall clock in UTC, truncated to what both databases keep: MySQL
// would round a longer fraction up into the next day, MariaDB cut it.
func (s *Store) Now() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// steady is the machine's own clock, for leases and back-off: it does not
// follow clock.offset.
func (s *Store) steady() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Tx is one conversation with the database: inside InTx a transaction, inside
// View plain reads.
type Tx struct {
	db    *gorm.DB
	store *Store
	now   time.Time
	view  bool // plain reads

	packet *packet // of a record: the transaction leaves as a whole; db is nil
}

// Now is when the conversation began: one moment for all rows of a transaction.
func (t *Tx) Now() time.Time { return t.now }

// maxTries bounds how often a transaction is run again after a deadlock.
const maxTries = 8

// InTx runs fn in one transaction and commits it when fn returns nil. After a
// deadlock, a lock timeout or a busy SQLite the whole of fn runs again, so fn
// must not do anything outside the database.
func (s *Store) InTx(ctx context.Context, fn func(*Tx) error) error {
	for try := 1; ; try++ {
		now := s.Now()
		err := s.w.WithContext(ctx).Transaction(func(db *gorm.DB) error {
			return fn(&Tx{db: db, store: s, now: now})
		})
		if err == nil || !isRetryable(err) || try == maxTries {
			return err
		}
		pause := time.Duration(rand.IntN(1<<min(try, 6))+1) * time.Millisecond
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// View runs fn with plain reads, each seeing what is committed by then. A write
// in it is ErrReadOnly.
func (s *Store) View(ctx context.Context, fn func(*Tx) error) error {
	return fn(&Tx{db: s.r.WithContext(ctx).Set(readOnly, true), store: s, now: s.Now(), view: true})
}

// readOnly marks gorm sessions that must not write.
const readOnly = "akari:read_only"

// first answers the one row that a query gives, or ErrNotFound.
func first[T any](db *gorm.DB, sql string, args ...any) (T, error) {
	var rows []T
	if err := db.Raw(sql, args...).Scan(&rows).Error; err != nil {
		var none T
		return none, err
	}
	if len(rows) == 0 {
		var none T
		return none, ErrNotFound
	}
	return rows[0], nil
}

// all answers every row that a query gives.
func all[T any](db *gorm.DB, sql string, args ...any) ([]T, error) {
	var rows []T
	err := db.Raw(sql, args...).Scan(&rows).Error
	return rows, err
}
