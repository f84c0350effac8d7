package handlers_test

import (
	"strings"
	"testing"
	"time"

	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

// Somebody left who owns things: staff are told once, with a button; an
// administrator hands everything over in one form; the digest and the pages name what
// nobody answers for.
func TestWhatSomebodyLeftBehindIsHandedOver(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		lastWeek(t, h)
		keep := func() {
			t.Helper()
			if _, err := h.mind.KeepOwners(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			if err := h.mind.TellLeft(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		digest := func() handlers.Told {
			t.Helper()
			told, err := h.mind.NewDigests(handlers.DigestOptions{Audiences: []handlers.Audience{audience("all", "s-ito")}}).RunNow(t.Context(), time.Now(), "", true)
			if err != nil {
				t.Fatal(err)
			}
			return told[0]
		}
		keep()
		if d := digest(); d.Figures["partners_without_owner"] != 0 || !strings.Contains(d.Text, "■ 担当のいないもの\n・資料") || strings.Contains(d.Text, "離任") {
			t.Errorf("with everybody at work the digest says\n%s", d.Text)
		}
		room := h.As("s-ito").In("staff")
		if _, err := modelstest.Raw(t, driver, h.dsn).Exec("UPDATE people SET left_at = '2026-01-02 03:04:05' WHERE `key` = 's-sato'"); err != nil {
			t.Fatal(err)
		}
		keep()
		keep()
		room.Wait("佐藤さんは退職または異動されたようです")
		said(t, room.All(), "代理店1社")
		if n := strings.Count(strings.Join(room.All(), "\n"), "佐藤さんは退職"); n != 1 {
			t.Errorf("staff were told %d times", n)
		}
		d := digest()
		if d.Figures["partners_without_owner"] != 1 {
			t.Errorf("%d partners have no owner", d.Figures["partners_without_owner"])
		}
		for _, want := range []string{"担当のいない代理店1社を誰に任せるか", "・代理店1社：南海システム(担当者が離任)"} {
			if !strings.Contains(d.Text, want) {
				t.Errorf("the digest does not say %q:\n%s", want, d.Text)
			}
		}
		desk := h.enter(t, "s-ito")
		if page := desk.see("/staff/owners?missing=yes&kind=partner"); !strings.Contains(page, "南海システム") || !strings.Contains(page, "離任") || strings.Contains(page, "青葉商事") {
			t.Errorf("the page of owners says\n%s", page)
		}
		// Only an administrator hands over, and only to somebody at work.
		other := h.As("s-mori").In("staff")
		other.Press("引き継ぐ")
		other.Wait("権限")
		room.Press("引き継ぐ")
		if errs := room.SubmitAll(map[string][]string{}); errs["to"] == "" {
			t.Error("handed over to nobody")
		}
		taken(t, room.SubmitAll(map[string][]string{"to": {"森 研修部"}}))
		room.Wait("佐藤さんの担当を森さんに引き継ぎました：代理店1社")
		room.Press("引き継ぐ")
		room.Wait("担当として残っているものはありません")
		if d := digest(); d.Figures["partners_without_owner"] != 0 {
			t.Errorf("after the hand-over the digest says\n%s", d.Text)
		}
		page := desk.see("/staff/partners/p-minami")
		if i, j := strings.Index(page, "森"), strings.LastIndex(page, "佐藤"); i < 0 || j < i {
			t.Errorf("the partner's page does not tell who owned it:\n%s", page)
		}
		if all := h.acts(t, "owner."); len(all) != 2 || all[0] != "owner.hand playground:staff refused" || !strings.HasPrefix(all[1], "owner.handover person:") {
			t.Error(all)
		}
	})
}

// A material's page shows how far each version came, never merged.
func TestAMaterialsPageTellsItsVersionsApart(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		opened := func(version int) {
			h.happened(t, "aoba-01", models.Opened, time.Now().Add(-time.Minute), func(e *models.Event) { e.ObjectKind, e.ObjectKey, e.ObjectVersion = "material", "guide", version })
		}
		opened(1)
		opened(2)
		opened(2)
		h.happened(t, "aoba-01", models.Completed, time.Now().Add(-time.Minute), func(e *models.Event) { e.ObjectKind, e.ObjectKey, e.ObjectVersion = "material", "guide", 2 })
		rows := h.enter(t, "s-ito").file("/staff/materials/guide?format=csv")
		if len(rows) != 2 || strings.Join(rows[0], ",") != "2,0,2,1,0,0" || strings.Join(rows[1], ",") != "1,0,1,0,0,0" {
			t.Errorf("%v", rows)
		}
	})
}
