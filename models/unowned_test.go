package models_test

import (
	"fmt"
	"testing"
	"time"

	"akari/models"
	"akari/models/modelstest"
)

// A partner without an owner is named, and so is one whose owner left.
func TestPartnersWithoutAnOwnerAreNamed(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		dsn := modelstest.DSN(t, driver)
		s := modelstest.Connect(t, driver, dsn, time.Now)
		mustSeed(t, s, firstSeed)
		named := func() string {
			t.Helper()
			var list []models.NoOwner
			if err := s.View(t.Context(), func(tx *models.Tx) (err error) {
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
		if _, err := modelstest.Raw(t, driver, dsn).Exec("UPDATE people SET left_at = CURRENT_TIMESTAMP WHERE `key` = 's-ito'"); err != nil {
			t.Fatal(err)
		}
		if got := named(); got != "[{p-aoba 青葉 s-ito} {p-kita 北斗 }]" {
			t.Errorf("after the owner left: %s", got)
		}
	})
}
