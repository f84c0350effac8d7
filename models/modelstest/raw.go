package modelstest

import (
	"database/sql"
	"testing"
)

// Raw opens a test's database beside the store, for looking at what a reader of
// the reporting views would see, and for rows that no door of models makes.
func Raw(t testing.TB, driver, dsn string) *sql.DB {
	t.Helper()
	if driver == "sqlite" {
		dsn = "file:" + dsn + "?_busy_timeout=5000&_time_format=sqlite&_timezone=UTC"
	} else {
		dsn += "?parseTime=true"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
