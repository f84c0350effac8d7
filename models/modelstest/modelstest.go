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

	"akari/models"

	"github.com/go-sql-driver/mysql"
	"github.com/google/uuid"
)

// Drivers are the databases that every test of rows runs on.
var Drivers = []string{"sqlite", "mysql"}

// Each runs a test on every database.
func Each(t *testing.T, fn func(t *testing.T, driver string)) {
	for _, driver := range Drivers {
		t.Run(driver, func(t *testing.T) { fn(t, driver) })
	}
}

// Open answers a fresh, migrated database. Its clock is the machine's.
// Environment: AKARI_TEST_MYSQL is the server, without a database name.
// A server that cannot be reached is a skip, and a failure where CI is set.
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

// template is a migrated SQLite file: copying it saves what a hundred migrations
// under the race detector cost.
var template = sync.OnceValues(func() ([]byte, error) {
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

// DSN makes a database without a row that is dropped at the end of the test.
func DSN(t testing.TB, driver string) string {
	t.Helper()
	if driver == "sqlite" {
		migrated, err := template()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "akari.db")
		if err := os.WriteFile(file, migrated, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	server := os.Getenv("AKARI_TEST_MYSQL")
	if server == "" {
		server = "root@tcp(127.0.0.1:3306)/"
	}
	cfg, err := mysql.ParseDSN(server)
	if err != nil {
		t.Fatalf("AKARI_TEST_MYSQL is no address of the form root@tcp(127.0.0.1:3306)/: %v", err)
	}
	cfg.DBName = ""
	db, err := sql.Open("mysql", cfg.FormatDSN())
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Ping(); err != nil {
		db.Close()
		missing(t, fmt.Sprintf("no MySQL or MariaDB at %s: %v", cfg.Addr, err))
	}
	name := "akari_test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if _, err := db.Exec("CREATE DATABASE " + name + " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.Exec("DROP DATABASE " + name); err != nil {
			t.Errorf("the test's database is left behind: %v", err)
		}
		db.Close()
	})
	cfg.DBName = name
	return cfg.FormatDSN()
}

func missing(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(why)
	}
	t.Skip("SKIPPED: " + why)
}
