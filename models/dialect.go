package models

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	gormmysql "gorm.io/driver/mysql"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	lite "modernc.org/sqlite"
)

// The few lines where MySQL and SQLite differ.

const (
	driverMySQL  = "mysql"
	driverSQLite = "sqlite"
)

// sqliteOptions make SQLite treat time as MySQL with loc=UTC does, begin every
// transaction as a writer (a read-then-write transaction otherwise fails with
// SQLITE_BUSY) and wait at most a second for the lock, which is all that the
// webhook path can spend.
const sqliteOptions = "_busy_timeout=1000&_journal_mode=WAL&_synchronous=NORMAL&_foreign_keys=1&_timezone=UTC&_texttotime=1&_time_format=sqlite"

// openSQLite opens one handle that writes (one connection: writers queue in Go,
// where they are served in turn) and one that only reads.
func openSQLite(path string, log logger.Interface) (w, r *gorm.DB, err error) {
	base := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + sqliteOptions
	if w, err = openGorm(liteDialector{sqlite.New(sqlite.Config{DriverName: "sqlite", DSN: base + "&_txlock=immediate"}).(*sqlite.Dialector)}, log, 1); err != nil {
		return nil, nil, err
	}
	if r, err = openGorm(liteDialector{sqlite.New(sqlite.Config{DriverName: "sqlite", DSN: base + "&_query_only=1"}).(*sqlite.Dialector)}, log, 4); err != nil {
		return nil, nil, err
	}
	return w, r, nil
}

// openMySQL opens MySQL or MariaDB, and beside it the few connections that whole
// transactions are sent over in one packet each (see packet).
func openMySQL(dsn string, conns int, log logger.Interface) (db *gorm.DB, packets *sql.DB, err error) {
	cfg, err := mysqlConfig(dsn)
	if err != nil {
		return nil, nil, err
	}
	conn, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, nil, err
	}
	db, err = openGorm(gormmysql.New(gormmysql.Config{Conn: sql.OpenDB(conn), DontSupportRenameIndex: true, SkipInitializeWithVersion: true, DisableWithReturning: true}), log, conns)
	if err != nil {
		return nil, nil, err
	}
	many := cfg.Clone()
	many.MultiStatements = true
	if conn, err = mysql.NewConnector(many); err != nil {
		return nil, nil, err
	}
	packets = sql.OpenDB(conn)
	packets.SetMaxIdleConns(recordLeaders)
	return db, packets, nil
}

// mysqlConfig is how we speak to MySQL or MariaDB: in UTC, READ COMMITTED and with
// client-side interpolation (one round trip a statement; safe in utf8mb4).
func mysqlConfig(dsn string) (*mysql.Config, error) {
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("database.dsn is no MySQL address of the form user:password@tcp(host:3306)/name")
	}
	cfg.ParseTime, cfg.Loc, cfg.InterpolateParams = true, time.UTC, true
	cfg.ClientFoundRows, cfg.MultiStatements = false, false
	cfg.Collation = "utf8mb4_bin"
	if cfg.Timeout == 0 {
		cfg.Timeout = 2 * time.Second
	}
	params := map[string]string{"time_zone": "'+00:00'"}
	for k, v := range cfg.Params {
		params[k] = v
	}
	name, err := isolationVariable(cfg)
	if err != nil {
		return nil, err
	}
	params[name] = "'READ-COMMITTED'"
	params["sql_mode"] = "'STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
	cfg.Params = params
	return cfg, nil
}

// isolationVariable asks the server which of the two names it knows: MariaDB
// before 11.1 has only tx_isolation, MySQL 8 only transaction_isolation.
func isolationVariable(cfg *mysql.Config) (string, error) {
	conn, err := mysql.NewConnector(cfg)
	if err != nil {
		return "", err
	}
	db := sql.OpenDB(conn)
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var version string
	if err := db.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version); err != nil {
		return "", fmt.Errorf("while asking the database for its version: %w", err)
	}
	if strings.Contains(version, "MariaDB") {
		return "tx_isolation", nil
	}
	return "transaction_isolation", nil
}

func openGorm(d gorm.Dialector, log logger.Interface, conns int) (*gorm.DB, error) {
	db, err := gorm.Open(d, &gorm.Config{Logger: log, SkipDefaultTransaction: true, TranslateError: true, DisableAutomaticPing: true})
	if err != nil {
		return nil, err
	}
	err = db.Callback().Raw().Before("gorm:raw").Register(readOnly, func(db *gorm.DB) {
		if only, ok := db.Get(readOnly); ok && only == true {
			_ = db.AddError(ErrReadOnly)
		}
	})
	if err != nil {
		return nil, err
	}
	raw, err := db.DB()
	if err != nil {
		return nil, err
	}
	raw.SetMaxOpenConns(conns)
	raw.SetMaxIdleConns(conns)
	return db, nil
}

// liteDialector translates modernc.org/sqlite's error codes, which gorm's
// dialect does not know: without it a duplicate key is not gorm.ErrDuplicatedKey.
type liteDialector struct{ *sqlite.Dialector }

func (d liteDialector) Translate(err error) error {
	var e *lite.Error
	if errors.As(err, &e) {
		switch e.Code() {
		case 1555, 2067: // SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE
			return gorm.ErrDuplicatedKey
		case 787: // SQLITE_CONSTRAINT_FOREIGNKEY
			return gorm.ErrForeignKeyViolated
		}
	}
	return err
}

// isDuplicate tells whether a unique key refused the row. It is the only sound
// test of "seen before": row counts differ between MySQL and MariaDB.
func isDuplicate(err error) bool {
	var e *mysql.MySQLError
	return errors.Is(err, gorm.ErrDuplicatedKey) || errors.As(err, &e) && e.Number == 1062
}

// isRetryable tells whether the whole transaction may simply be run again:
// deadlock (1213), lock wait timeout (1205), SQLite busy or snapshot too old.
func isRetryable(err error) bool {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		return e.Number == 1213 || e.Number == 1205
	}
	var l *lite.Error
	return errors.As(err, &l) && l.Code()&0xff == 5
}

// IsForbidden tells whether the database refused because its user may not do that.
func IsForbidden(err error) bool {
	var e *mysql.MySQLError
	return errors.As(err, &e) && (e.Number == 1142 || e.Number == 1044)
}

// IsOutage tells whether the database was away or too busy, so that the same
// work may succeed a moment later, as opposed to work that is wrong in itself.
func IsOutage(err error) bool {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		switch e.Number {
		case 1040, 1053, 1077, 1079, 1129, 1203, 1205, 1213, 1226, 1290, 1836, 1927: // too many connections, shutdown, read-only, lock waits
			return true
		}
		return false
	}
	var l *lite.Error
	if errors.As(err, &l) {
		switch l.Code() & 0xff {
		case 5, 6, 8, 10, 13: // busy, locked, read-only, I/O, full
			return true
		}
		return false
	}
	var n net.Error
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, io.EOF) || errors.As(err, &n)
}
