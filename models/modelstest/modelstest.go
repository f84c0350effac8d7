// Package modelstest opens real databases for tests: a fresh one each, migrated,
// and gone afterwards.
package modelstest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"akari/internal/testenv"
	"akari/models"
)

// Drivers are the databases that every test of rows runs on.
var Drivers = []string{"sqlite", "mysql"}

// Each runs a test on every database, on all of them at the same time.
func Each(t *testing.T, fn func(t *testing.T, driver string)) {
	t.Helper()
	for _, driver := range Drivers {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			fn(t, driver)
		})
	}
}

// Open answers a fresh, migrated database. Its clock is the machine's.
// Environment: AKARI_TEST_MYSQL is the server, without a database name.
// A server that cannot be reached is a skip, and a failure with AKARI_CI=1.
func Open(t testing.TB, driver string) *models.Store {
	t.Helper()
	return OpenAt(t, driver, time.Now)
}

// OpenAt is Open with a wall clock.
func OpenAt(t testing.TB, driver string, now func() time.Time) *models.Store {
	t.Helper()
	return Connect(t, driver, DSN(t, driver), now)
}

// Connect opens a database that DSN made, once more if need be: several stores
// on one database are several processes.
func Connect(t testing.TB, driver, dsn string, now func() time.Time) *models.Store {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	s, err := models.Open(ctx, models.Options{Driver: driver, DSN: dsn, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	return s
}

// migratedFile is a migrated SQLite file: copying it saves what a hundred migrations
// under the race detector cost.
var migratedFile = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "akari-template-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "akari.db")
	s, err := models.Open(context.Background(), models.Options{Driver: "sqlite", DSN: file, Now: time.Now})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(s.Migrate(context.Background()), s.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

// migratedSchema is what the migrations leave in a database of the server, as SQL:
// to make the tables as they are at the end takes a fraction of the time that making
// and altering them takes, one migration after another.
func migratedSchema(t testing.TB) string {
	t.Helper()
	schema.Lock()
	defer schema.Unlock()
	if schema.sql == "" {
		dsn := testenv.MySQL(t)
		Connect(t, "mysql", dsn, time.Now)
		schema.sql = dump(t, dsn)
	}
	return schema.sql
}

var schema struct {
	sync.Mutex
	sql string
}

// dump answers a database's tables, their rows, and its views as SQL.
func dump(t testing.TB, dsn string) string {
	t.Helper()
	db, err := sql.Open("mysql", dsn) // without parseTime: times come as the server writes them
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var tables, views strings.Builder
	tables.WriteString("SET FOREIGN_KEY_CHECKS = 0;\n")
	for _, table := range query(t, db, "SHOW FULL TABLES") {
		name := string(table[0].value)
		made := string(query(t, db, "SHOW CREATE TABLE `"+name+"`")[0][1].value)
		if string(table[1].value) == "VIEW" {
			fmt.Fprintf(&views, "%s;\n", made)
			continue
		}
		fmt.Fprintf(&tables, "%s;\n", made)
		for _, row := range query(t, db, "SELECT * FROM `"+name+"`") {
			values := make([]string, len(row))
			for i, c := range row {
				if values[i] = "NULL"; c.value != nil {
					values[i] = fmt.Sprintf("UNHEX('%x')", c.value)
				}
			}
			fmt.Fprintf(&tables, "INSERT INTO `%s` VALUES (%s);\n", name, strings.Join(values, ", "))
		}
	}
	return tables.String() + views.String()
}

// DSN makes a migrated database without a row of a test's, which is dropped at the
// end of the test.
func DSN(t testing.TB, driver string) string {
	t.Helper()
	if driver == "sqlite" {
		migrated, err := migratedFile()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "akari.db")
		if err := os.WriteFile(file, migrated, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	dsn := testenv.MySQL(t)
	db, err := sql.Open("mysql", dsn+"?multiStatements=true")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(migratedSchema(t)); err != nil {
		t.Fatal(err)
	}
	return dsn
}
