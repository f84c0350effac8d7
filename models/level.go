package models

import (
	"context"
	"errors"
)

// KeepPersonLevel tells the reporting views whether they may show persons
// (privacy.person_level). It is written at the start of serve and by migrate, and
// only when it differs.
func (s *Store) KeepPersonLevel(ctx context.Context, on bool) error {
	want := int64(0)
	if on {
		want = 1
	}
	return s.InTx(ctx, func(t *Tx) error {
		have, err := first[int64](t.db, "SELECT value FROM versions WHERE name = 'person_level'")
		switch {
		case err == nil && have == want:
			return nil
		case err == nil:
			return t.db.Exec("UPDATE versions SET value = ? WHERE name = 'person_level'", want).Error
		case !errors.Is(err, ErrNotFound):
			return err
		}
		err = t.db.Exec("INSERT INTO versions (name, value) VALUES ('person_level', ?)", want).Error
		if isDuplicate(err) { // another process began at the same moment, with the same configuration
			return nil
		}
		return err
	})
}
