// Package sqlite3 is empty on purpose: gorm's SQLite dialect imports
// github.com/mattn/go-sqlite3 only for its driver registration, and our driver
// is modernc.org/sqlite. With this stub a build never compiles the C amalgamation.
package sqlite3
