package modelstest

import (
	"bytes"
	"database/sql"
	"encoding/hex"
	"fmt"
	"sort"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the driver of DSN's files
)

// Search looks through every column of every table of a database that DSN made,
// and answers where one of the needles stands, as "table.column: needle".
// Needles are looked for in texts and in bytes.
func Search(t testing.TB, driver, dsn string, needles ...string) []string {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	list := "SELECT name FROM sqlite_master WHERE type = 'table'"
	if driver == "mysql" {
		list = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'"
	}
	var tables []string
	for _, row := range query(t, db, list) {
		tables = append(tables, string(row[0].value))
	}
	if len(tables) < 10 {
		t.Fatalf("only %d tables to search", len(tables))
	}
	found := map[string]bool{}
	for _, table := range tables {
		for _, row := range query(t, db, "SELECT * FROM `"+table+"`") {
			for _, c := range row {
				for _, n := range needles {
					if bytes.Contains(bytes.ToLower(c.value), []byte(strings.ToLower(n))) || bytes.Contains(c.value, []byte(hex.EncodeToString([]byte(n)))) {
						found[fmt.Sprintf("%s.%s: %s", table, c.column, n)] = true
					}
				}
			}
		}
	}
	var out []string
	for f := range found {
		out = append(out, f)
	}
	sort.Strings(out)
	return out
}

type cell struct {
	column string
	value  []byte
}

func query(t testing.TB, db *sql.DB, sql string) (out [][]cell) {
	t.Helper()
	rows, err := db.Query(sql)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values, into := make([][]byte, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		row := make([]cell, len(columns))
		for i := range columns {
			row[i] = cell{columns[i], values[i]}
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// Table answers the rows of a table or view as texts, NULL as "", ids in hexadecimal.
func Table(t testing.TB, driver, dsn, sqlText string) (out []map[string]string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, row := range query(t, db, sqlText) {
		m := map[string]string{}
		for _, c := range row {
			m[c.column] = string(c.value)
		}
		out = append(out, m)
	}
	return out
}
