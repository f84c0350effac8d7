package models

import (
	"io/fs"
	"strconv"
	"strings"
)

// SchemaVersion is the schema that this program needs, read from its own
// migrations: both databases have the same numbers, which a test holds.
func SchemaVersion() int64 {
	return max(newestMigration("mysql"), newestMigration("sqlite"))
}

func newestMigration(driver string) (newest int64) {
	names, _ := fs.Glob(migrations, "migrations/"+driver+"/*.sql") // the pattern is well-formed
	for _, name := range names {
		number, _, _ := strings.Cut(name[strings.LastIndexByte(name, '/')+1:], "_")
		if n, err := strconv.ParseInt(number, 10, 64); err == nil {
			newest = max(newest, n)
		}
	}
	return newest
}
