package handlers_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

// Six partners won a deal and had opened the guide before; of twenty-four like them,
// which won nothing, six had.
func TestRelatedIsToldWithCountsAndIntervals(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		var people strings.Builder
		people.WriteString("staff:\n  - {key: s-ito, name: 伊藤, roles: [admin, sender, manager], accounts: [{platform: playground, user: s-ito}]}\npartners:\n")
		for i := range 31 {
			tier := "gold"
			if i == 30 {
				tier = "silver" // comparable to nobody
			}
			fmt.Fprintf(&people, "  - {key: p-%02d, name: 会社%02d, tier: %s, people: [{key: m-%02d, name: 人%02d, role: rep}]}\n", i, i, tier, i, i)
		}
		h := houseOf(t, driver, people.String())
		now := time.Now().UTC()
		week := models.LastWeek(now, time.UTC)
		won := week.Start.AddDate(0, 0, 2)
		win := func(n int) {
			t.Helper()
			err := h.store.InTx(t.Context(), func(tx *models.Tx) error {
				for i := range n {
					p, err := tx.PartnerByKey(fmt.Sprintf("p-%02d", i))
					if err != nil {
						return err
					}
					day := won.Format(time.DateOnly)
					if _, err := tx.SaveOutcome(models.Outcome{ExternalID: fmt.Sprint("x", i), PartnerID: p.ID, Title: "t", Stage: models.StageWon, Currency: "JPY", ClosedOn: &day}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		err := h.store.InTx(t.Context(), func(tx *models.Tx) error {
			for i := range 31 {
				p, err := tx.PersonByKey(fmt.Sprintf("m-%02d", i))
				if err != nil {
					return err
				}
				e := models.Event{Kind: models.Opened, Class: models.ClassHuman, PartnerID: p.PartnerID, PersonID: p.ID, ObjectKind: "material", ObjectKey: "guide", OccurredAt: won.AddDate(0, 0, -7)}
				switch {
				case i >= 12 && i < 30:
					e.Class = models.ClassScanner // no human opened it
				case i == 30:
					e.ObjectKey = "gold"
				}
				late := e
				late.ObjectKey, late.OccurredAt = "old-price", won.AddDate(0, 0, 1) // after the deal
				if err := tx.Append(e, late); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		related := func() (r handlers.Related) {
			t.Helper()
			err := h.store.View(t.Context(), func(tx *models.Tx) (err error) {
				r, err = h.mind.Related(tx, handlers.RelatedOptions{Until: now, Span: 26 * 7 * 24 * time.Hour, Days: 28, Most: 100})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		told := func() string {
			t.Helper()
			d := h.mind.NewDigests(handlers.DigestOptions{Audiences: []handlers.Audience{audience("all", "s-ito")}})
			out, err := d.RunNow(t.Context(), now, "", true)
			if err != nil {
				t.Fatal(err)
			}
			return out[0].Text
		}
		win(4)
		if r := related(); r.Enough || len(r.Materials) != 0 || r.With != 4 {
			t.Errorf("four partners are enough: %+v", r)
		}
		if text := told(); !strings.Contains(text, "データ不足：受注のあった代理店4社") {
			t.Errorf("too little data is not told in\n%s", text)
		}
		win(6)
		r := related()
		if !r.Enough || r.With != 6 || r.Without != 24 || len(r.Materials) != 1 || r.Materials[0].Key != "guide" {
			t.Fatalf("%+v", r)
		}
		m := r.Materials[0]
		near := func(got, want float64) bool { return math.Abs(got-want) < 0.001 }
		// Clopper and Pearson, from published tables: 6/6 is 0.541–1, 6/24 is 0.098–0.467.
		if m.With.N != 6 || m.Without.N != 6 || !near(m.With.Low, 0.541) || m.With.High != 1 || !near(m.Without.Low, 0.098) || !near(m.Without.High, 0.467) || !m.Apart {
			t.Errorf("%+v", m)
		}
		text := told()
		for _, want := range []string{"■ 成果との関連(効果を示すものではありません)", "受注のあった代理店6／6社が事前に開封(95%区間54〜100%)、似た代理店は6／24社(10〜47%)"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is missing in\n%s", want, text)
			}
		}

		// The play goes to those who were compared, as a draft.
		boss := h.As("s-ito").In("direct-s-ito")
		boss.Say("ダイジェスト")
		boss.Wait("成果との関連")
		boss.Press("この型を配る")
		boss.Wait("型の下書き(No.1)を作りました：似た代理店24社に、資料1点")
		cs := h.campaigns(t)
		if len(cs) != 1 || cs[0].State != models.CampaignDraft || len(cs[0].Spec.Audience.Partners) != 24 || cs[0].Spec.Materials[0] != "guide" {
			t.Errorf("%+v", cs)
		}
	})
}
