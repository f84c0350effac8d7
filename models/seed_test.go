package models_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"akari/models"
	"akari/models/modelstest"
)

// seedStores runs a test on a fresh SQLite and a fresh MySQL or MariaDB.
func seedStores(t *testing.T, test func(*testing.T, *models.Store)) {
	modelstest.Each(t, func(t *testing.T, driver string) { test(t, modelstest.Open(t, driver)) })
}

func mustSeed(t *testing.T, s *models.Store, text string) models.SeedResult {
	t.Helper()
	seed, problems := models.ReadSeed(strings.NewReader(text), "s.yaml")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	r, err := s.Seed(t.Context(), seed)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const firstSeed = `
staff: [{key: s-ito, name: 伊藤, roles: [admin], accounts: [{platform: slack, org: T0V, user: U0ITO}]}]
rooms: [{platform: slack, id: C0STAFF, kind: staff}]
partners:
  - {key: p-kita, name: 北斗, parent: p-aoba}
  - key: p-aoba
    name: 青葉
    owner: s-ito
    slack_orgs: [T0AOBA, T0OLD]
    rooms: [{platform: slack, id: C0AOBA, kind: shared}]
    people: [{key: aoba-01, name: 田中, language: ja, accounts: [{platform: slack, org: T0AOBA, user: U0T}]}]
`

func TestSeedTwiceChangesNothing(t *testing.T) {
	seedStores(t, func(t *testing.T, s *models.Store) {
		first := mustSeed(t, s, firstSeed)
		if first.Partners.Added != 2 || first.People.Added != 1 || first.Staff.Added != 1 || first.Accounts.Added != 2 || first.Rooms.Added != 2 || first.Orgs.Added != 2 {
			t.Errorf("first: %+v", first)
		}
		if again := mustSeed(t, s, firstSeed); again.Writes() {
			t.Errorf("again: %+v", again)
		}
		err := s.View(t.Context(), func(tx *models.Tx) error {
			aoba, err := tx.PartnerByKey("p-aoba")
			if err != nil {
				return err
			}
			kita, err := tx.PartnerByKey("p-kita")
			if err != nil {
				return err
			}
			ito, err := tx.PersonByKey("s-ito")
			if err != nil {
				return err
			}
			if kita.ParentID != aoba.ID || aoba.OwnerID != ito.ID || aoba.OwnerID.IsZero() {
				t.Errorf("the tree or the owner is wrong: %+v %+v", aoba, kita)
			}
			ids, err := tx.PartnersOfOrgs("slack", []string{"T0AOBA"})
			if err != nil || len(ids) != 1 || ids[0] != aoba.ID {
				t.Errorf("T0AOBA is %v, %v", ids, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestAPartnersOwnDays come from the seed; a list that is given is the whole list.
func TestAPartnersOwnDays(t *testing.T) {
	seedStores(t, func(t *testing.T, s *models.Store) {
		for _, step := range []struct {
			keys   string
			want   map[string]bool // closed
			writes int
		}{
			{"holidays: [2026-12-28, 2026-12-29], workdays: [2026-11-23],", map[string]bool{"2026-12-28": true, "2026-12-29": true, "2026-11-23": false}, 3},
			{"holidays: [2026-12-28, 2026-12-29], workdays: [2026-11-23],", map[string]bool{"2026-12-28": true, "2026-12-29": true, "2026-11-23": false}, 0},
			{"", map[string]bool{"2026-12-28": true, "2026-12-29": true, "2026-11-23": false}, 0},
			{"workdays: [2026-12-28],", map[string]bool{"2026-12-28": false, "2026-12-29": true}, 2},
			{"holidays: [],", map[string]bool{"2026-12-28": false}, 1},
		} {
			r := mustSeed(t, s, "partners: [{"+step.keys+" key: p-aoba}, {key: p-kita, holidays: [2026-12-29]}]")
			if got := r.Days.Added + r.Days.Changed; got != step.writes+r.Partners.Added/2 {
				t.Errorf("%q wrote %d days, want %d", step.keys, got, step.writes)
			}
			err := s.View(t.Context(), func(tx *models.Tx) error {
				aoba, err := tx.PartnerByKey("p-aoba")
				if err != nil {
					return err
				}
				days, err := tx.Days(aoba.ID)
				if err == nil && !maps.Equal(days.Own[aoba.ID], step.want) {
					t.Errorf("after %q the days are %v, want %v", step.keys, days.Own[aoba.ID], step.want)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestSeedFollowsChangesAndKeepsWhatTheBotLearnt(t *testing.T) {
	seedStores(t, func(t *testing.T, s *models.Store) {
		mustSeed(t, s, firstSeed)
		if err := s.InTx(t.Context(), func(tx *models.Tx) error {
			p, err := tx.PersonByKey("aoba-01")
			if err != nil {
				return err
			}
			return tx.SetLanguage(p.ID, "en")
		}); err != nil {
			t.Fatal(err)
		}
		changed := strings.NewReplacer("田中, language: ja", "田中 一郎", "[T0AOBA, T0OLD]", "[T0AOBA]", "parent: p-aoba", "parent:").Replace(firstSeed)
		r := mustSeed(t, s, changed)
		if r.People.Changed != 1 || r.Partners.Changed != 1 || r.Orgs.Changed != 1 || r.Accounts.Changed != 0 {
			t.Errorf("%+v", r)
		}
		err := s.View(t.Context(), func(tx *models.Tx) error {
			p, err := tx.PersonByKey("aoba-01")
			if err != nil {
				return err
			}
			if p.Name != "田中 一郎" || p.Language != "en" {
				t.Errorf("the person is %+v", p)
			}
			ids, err := tx.PartnersOfOrgs("slack", []string{"T0OLD"})
			if err != nil || len(ids) != 0 {
				t.Errorf("T0OLD still is %v, %v", ids, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestSeedRefusesContradictionsAndWritesNothing(t *testing.T) {
	seedStores(t, func(t *testing.T, s *models.Store) {
		mustSeed(t, s, firstSeed)
		for _, tt := range []struct{ text, want string }{
			{"partners: [{key: x, owner: aoba-01}]", "owner aoba-01 is no staff member"},
			{"partners: [{key: x, parent: y}]", "parent y is neither"},
			{"partners: [{key: p-aoba, parent: p-kita, owner: s-ito}]", "above itself"},
			{"partners: [{key: x, people: [{key: s-ito}]}]", "never changes sides"},
		} {
			seed, problems := models.ReadSeed(strings.NewReader(tt.text), "s.yaml")
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			_, err := s.Seed(t.Context(), seed)
			var refused *models.SeedRefused
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: %v, want %q", tt.text, err, tt.want)
			}
		}
		if again := mustSeed(t, s, firstSeed); again.Writes() {
			t.Errorf("a refused seed wrote something: %+v", again)
		}
	})
}

func TestSampleStepsAsideForTheFirstRealPartner(t *testing.T) {
	seedStores(t, func(t *testing.T, s *models.Store) {
		sample, _ := models.ReadSeed(strings.NewReader("partners: [{key: p-aoba, name: 見本}, {key: p-x, name: 見本2}]"), "sample")
		sample.Sample = true
		if _, err := s.Seed(t.Context(), sample); err != nil {
			t.Fatal(err)
		}
		names := func() (list []string, version int64) {
			if err := s.View(t.Context(), func(tx *models.Tx) error {
				ps, err := tx.Partners()
				for _, p := range ps {
					list = append(list, p.Name)
				}
				if err == nil {
					version, err = tx.ContentVersion()
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return list, version
		}
		before, v1 := names()
		mustSeed(t, s, "partners: [{key: p-aoba, name: 青葉}]")
		after, v2 := names()
		if len(before) != 2 || len(after) != 1 || after[0] != "青葉" {
			t.Errorf("before %v, after %v", before, after)
		}
		if v2 == v1 {
			t.Error("the content's version did not move, so no process would let its sample step aside")
		}
		if _, err := s.Seed(t.Context(), sample); err != nil { // a restart with the playground on
			t.Fatal(err)
		}
		if again, _ := names(); len(again) != 1 || again[0] != "青葉" {
			t.Errorf("the sample came back: %v", again)
		}
	})
}

// Two seeds at once end as one did.
func TestSeedsAtTheSameTime(t *testing.T) {
	seedStores(t, func(t *testing.T, s *models.Store) {
		seed, problems := models.ReadSeed(strings.NewReader(firstSeed), "s")
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		done := make(chan error, 4)
		for range cap(done) {
			go func() { _, err := s.Seed(context.WithoutCancel(t.Context()), seed); done <- err }()
		}
		for range cap(done) {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if again := mustSeed(t, s, firstSeed); again.Writes() {
			t.Errorf("%+v", again)
		}
	})
}

// 10,000 people in one seed; the log says how long it took (contract.md §1: under a minute).
func TestSeedOfTenThousandPeople(t *testing.T) {
	var b strings.Builder
	b.WriteString("partners:\n")
	for p := range 100 {
		fmt.Fprintf(&b, "  - key: p-%03d\n    people:\n", p)
		for m := range 100 {
			fmt.Fprintf(&b, "      - {key: m-%03d-%03d, name: 人, accounts: [{platform: slack, org: T%03d, user: U%03d%03d}]}\n", p, m, p, p, m)
		}
	}
	seedStores(t, func(t *testing.T, s *models.Store) {
		began := time.Now()
		if r := mustSeed(t, s, b.String()); r.People.Added != 10_000 {
			t.Errorf("%+v", r)
		}
		t.Logf("took %s", time.Since(began).Round(time.Millisecond))
	})
}
