package models

import (
	"fmt"
	"testing"
)

// A partner without an owner is named, and so is one whose owner left.
func TestPartnersWithoutAnOwnerAreNamed(t *testing.T) {
	seedStores(t, func(t *testing.T, s *Store) {
		mustSeed(t, s, firstSeed)
		named := func() string {
			t.Helper()
			var list []NoOwner
			if err := s.View(t.Context(), func(tx *Tx) (err error) {
				list, err = tx.PartnersWithoutOwner()
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(list)
		}
		if got := named(); got != "[{p-kita 北斗 }]" {
			t.Errorf("while the owner is at work: %s", got)
		}
		if err := s.InTx(t.Context(), func(tx *Tx) error {
			return tx.db.Exec("UPDATE people SET left_at = ? WHERE `key` = 's-ito'", tx.now).Error
		}); err != nil {
			t.Fatal(err)
		}
		if got := named(); got != "[{p-aoba 青葉 s-ito} {p-kita 北斗 }]" {
			t.Errorf("after the owner left: %s", got)
		}
	})
}
