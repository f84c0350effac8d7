package models_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"akari/bot"
	"akari/models"
	"akari/models/modelstest"
)

const ownedSeed = `
staff:
  - {key: s-ito, name: 伊藤, department: 営業部, roles: [admin], accounts: [{platform: slack, org: T0V, user: U0ITO}]}
  - {key: s-sato, name: 佐藤, department: 企画部, roles: [sender]}
partners:
  - {key: p-aoba, name: 青葉, owner: s-ito, department: 営業部}
  - {key: p-kita, name: 北斗, owner: s-ito}
`

type ownerRig struct {
	t           *testing.T
	s           *models.Store
	driver, dsn string
	ahead       atomic.Int64
}

func newOwnerRig(t *testing.T, driver string) *ownerRig {
	r := &ownerRig{t: t, driver: driver, dsn: modelstest.DSN(t, driver)}
	r.s = modelstest.Connect(t, driver, r.dsn, func() time.Time { return time.Now().Add(time.Duration(r.ahead.Load())) })
	return r
}

func (r *ownerRig) seed(text string) {
	r.t.Helper()
	seed, problems := models.ReadSeed(strings.NewReader(text), "s.yaml")
	if len(problems) > 0 {
		r.t.Fatal(problems)
	}
	if _, err := r.s.Seed(r.t.Context(), seed); err != nil {
		r.t.Fatal(err)
	}
}

// owners is everybody who owned one thing, the first one first.
func (r *ownerRig) owners(kind, key string) string {
	r.t.Helper()
	var names []string
	inTx(r.t, r.s, func(tx *models.Tx) error {
		list, err := tx.OwnersOf(kind, key)
		for i, o := range list {
			if (o.ToAt == nil) != (i == 0) || i > 0 && !o.ToAt.Equal(list[i-1].FromAt) {
				r.t.Errorf("%s %s: row %d ends %v", kind, key, i, o.ToAt)
			}
			names = append([]string{o.Owner + "/" + o.Department}, names...)
		}
		return err
	})
	return strings.Join(names, " ")
}

func (r *ownerRig) files(files ...models.FileOwner) int {
	r.t.Helper()
	n, err := r.s.KeepFileOwners(r.t.Context(), files)
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

func (r *ownerRig) note() {
	r.t.Helper()
	if _, err := r.s.NoteOwners(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// A hand-over moves partners, materials, entries, campaigns and open questions in
// one step; files that go on saying the same do not undo it, and a file that says
// something new does.
func TestHandOverMovesEverythingAndFilesDoNotUndoIt(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		r := newOwnerRig(t, driver)
		r.seed(ownedSeed)
		ito, sato := person(t, r.s, "s-ito"), person(t, r.s, "s-sato")
		guide := models.FileOwner{Kind: models.OwnedMaterial, Key: "guide", Person: "s-ito", Department: "営業部"}
		entry := models.FileOwner{Kind: models.OwnedEntry, Key: "q1", Person: "s-ito"}
		if n := r.files(guide, entry, models.FileOwner{Kind: models.OwnedEntry, Key: "q2"}); n != 2 {
			t.Errorf("%d owners were taken from files", n)
		}
		if n := r.files(guide, entry); n != 0 {
			t.Errorf("the same files again changed %d", n)
		}
		var c models.Campaign
		inTx(t, r.s, func(tx *models.Tx) (err error) {
			if c, _, err = tx.AddCampaign(models.Spec{Title: "新価格"}, ito.ID, ito.ID, []byte("0123456789abcdef0123456789abcdef")); err != nil {
				return err
			}
			ev := models.NewID()
			_, _, err = tx.OpenGap([]byte("fedcba9876543210fedcba9876543210"), models.Gap{OwnerID: ito.ID, DueAt: tx.Now()}, models.Asker{EventID: ev, At: bot.Address{Platform: "slack"}})
			return err
		})
		r.note()
		number := models.CampaignKey(c.ID)
		var moved models.Load
		inTx(t, r.s, func(tx *models.Tx) (err error) {
			moved, err = tx.HandOver(models.Handover{FromID: ito.ID, ToID: sato.ID, ByID: ito.ID}, "admin")
			return err
		})
		if want := (models.Load{Partners: 2, Materials: 1, Entries: 1, Campaigns: 1, Gaps: 1}); moved != want {
			t.Errorf("moved %+v, want %+v", moved, want)
		}
		history := func() string {
			return fmt.Sprint(r.owners("partner", "p-aoba"), "; ", r.owners("partner", "p-kita"), "; ", r.owners("material", "guide"), "; ", r.owners("entry", "q1"), "; ", r.owners("campaign", number))
		}
		const after = "s-ito/営業部 s-sato/企画部; s-ito/ s-sato/企画部; s-ito/営業部 s-sato/企画部; s-ito/ s-sato/企画部; s-ito/営業部 s-sato/企画部"
		if got := history(); got != after {
			t.Errorf("the history is\n%s, want\n%s", got, after)
		}
		inTx(t, r.s, func(tx *models.Tx) error {
			c, err := tx.CampaignOf(c.ID)
			if err != nil || c.OwnerID != sato.ID || c.Spec.Owner != "s-sato" {
				t.Errorf("the campaign is %v's, its form says %q (%v)", c.OwnerID, c.Spec.Owner, err)
			}
			left, err := tx.LoadOf(ito.ID)
			if err != nil || left.Sum() != 0 {
				t.Errorf("still theirs: %+v, %v", left, err)
			}
			return nil
		})
		// The old files once more: nothing moves back.
		r.seed(ownedSeed)
		r.files(guide, entry)
		r.note()
		if got := history(); got != after {
			t.Errorf("after the old files the history is\n%s", got)
		}
		// Files that say something new.
		r.seed(strings.Replace(ownedSeed, "name: 青葉, owner: s-ito", "name: 青葉, owner: s-sato", 1))
		guide.Person, guide.Department = "", "品質部"
		r.files(guide) // q1 is in no file any more: nothing is said of it
		r.note()
		if got := r.owners("partner", "p-aoba"); got != "s-ito/営業部 s-sato/企画部 s-sato/営業部" {
			t.Errorf("the partner's history is %s", got)
		}
		if got := r.owners("material", "guide") + "; " + r.owners("entry", "q1"); got != "s-ito/営業部 s-sato/企画部 /品質部; s-ito/ s-sato/企画部" {
			t.Errorf("the content's history is %s", got)
		}
		if rows := modelstest.Table(t, driver, r.dsn, "SELECT object, role, result FROM v_audit WHERE action = 'owner.handover'"); len(rows) != 1 || rows[0]["object"] != "person:"+ito.ID.String() {
			t.Errorf("the audit log says %v", rows)
		}
		if rows := modelstest.Table(t, driver, r.dsn, "SELECT owner FROM v_owner WHERE kind = 'partner' AND object_key = 'p-kita' AND to_at IS NULL"); len(rows) != 1 || rows[0]["owner"] != "s-sato" {
			t.Errorf("v_owner says %v", rows)
		}
	})
}

// A hand-over in the same moment as an edit of a draft takes nothing of the edit back.
func TestAHandoverKeepsWhatIsEditedMeanwhile(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		r := newOwnerRig(t, driver)
		r.seed(ownedSeed)
		ito, sato := person(t, r.s, "s-ito"), person(t, r.s, "s-sato")
		var c models.Campaign
		inTx(t, r.s, func(tx *models.Tx) (err error) {
			c, _, err = tx.AddCampaign(models.Spec{Title: "旧価格"}, ito.ID, ito.ID, []byte("0123456789abcdef0123456789abcdef"))
			return err
		})
		var beside meanwhile
		inTx(t, r.s, func(tx *models.Tx) error {
			if _, err := tx.EditCampaign(c, models.Spec{Title: "新価格"}, ito.ID, ito.ID, []byte("fedcba9876543210fedcba9876543210")); err != nil {
				return err
			}
			beside.begin(r.s, func(tx *models.Tx) error {
				_, err := tx.HandOver(models.Handover{FromID: ito.ID, ToID: sato.ID, ByID: ito.ID}, "admin")
				return err
			})
			return nil
		})
		if err := <-beside.done; err != nil {
			t.Fatal(err)
		}
		inTx(t, r.s, func(tx *models.Tx) (err error) { c, err = tx.CampaignOf(c.ID); return err })
		if c.Spec.Title != "新価格" || c.Spec.Owner != "s-sato" {
			t.Errorf("the form says %q, and is %q's", c.Spec.Title, c.Spec.Owner)
		}
	})
}

// A hand-over for a day to come is done on that day, once, also of what came to the
// person meanwhile.
func TestAPlannedHandOverIsDoneOnItsDay(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		r := newOwnerRig(t, driver)
		r.seed(ownedSeed)
		ito, sato := person(t, r.s, "s-ito"), person(t, r.s, "s-sato")
		inTx(t, r.s, func(tx *models.Tx) error {
			return tx.PlanHandover(models.Handover{FromID: ito.ID, ToID: sato.ID, OnAt: tx.Now().Add(48 * time.Hour)}, "operator")
		})
		due := func(want int) {
			t.Helper()
			if n, err := r.s.DueHandovers(t.Context()); n != want || err != nil {
				t.Errorf("%d hand-overs were done, want %d (%v)", n, want, err)
			}
		}
		due(0)
		r.files(models.FileOwner{Kind: models.OwnedMaterial, Key: "late", Person: "s-ito"})
		r.ahead.Store(int64(49 * time.Hour))
		due(1)
		due(0)
		if got := r.owners("partner", "p-kita") + "; " + r.owners("material", "late"); got != "s-ito/ s-sato/企画部; s-ito/ s-sato/企画部" {
			t.Errorf("the history is %s", got)
		}
	})
}

// Who left is known by the facts of the platform; what they own is named until it
// is handed over.
func TestWhoLeftIsKnownByTheFacts(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		r := newOwnerRig(t, driver)
		r.seed(ownedSeed)
		ito := person(t, r.s, "s-ito")
		fact := func(gone bool) {
			inTx(t, r.s, func(tx *models.Tx) error {
				list, err := tx.AccountsOf(ito.ID)
				if err != nil {
					return err
				}
				return tx.SavePersonFact(list[0].ID, bot.PersonFact{Home: !gone, Gone: gone})
			})
		}
		left := func() (keys string) {
			inTx(t, r.s, func(tx *models.Tx) error {
				list, err := tx.WhoLeft()
				for _, p := range list {
					keys += p.Key + " "
				}
				without, e := tx.PartnersWithoutOwner()
				for _, n := range without {
					keys += n.Key + "(" + n.Owner + ") "
				}
				if err == nil {
					err = e
				}
				return err
			})
			return keys
		}
		if got := left(); got != "" {
			t.Errorf("nothing is known of them, but gone are %s", got)
		}
		fact(true)
		if got := left(); got != "s-ito p-aoba(s-ito) p-kita(s-ito) " {
			t.Errorf("gone are %s", got)
		}
		fact(false)
		if got := left(); got != "" {
			t.Errorf("they are back, but gone are %s", got)
		}
	})
}
