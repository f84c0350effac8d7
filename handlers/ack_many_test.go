package handlers_test

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

// launched sends a campaign with two materials to Aoba's people, or into their room.
func (h *house) launched(t *testing.T, to string) {
	t.Helper()
	h.clocks(t)
	err := h.mind.CampaignAct(context.Background(), "s-ito", func(a *handlers.Campaigning) error {
		c, _, err := a.Create(models.Spec{Title: "新価格表", Weight: models.WeightConfirm, Text: models.LangText{"ja": "ご確認ください。"}, Materials: []string{"guide", "gold-sheet"}, To: to,
			Audience: models.Rule{Partners: []string{"p-aoba"}}, Ack: &models.AckRule{Rule: models.AckEveryone}}, "")
		if err == nil {
			_, _, err = a.Launch(c.ID)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// owed is how many acknowledged the first campaign, and who has not.
func (h *house) owed(t *testing.T, acknowledged int, missing ...string) {
	t.Helper()
	var r models.CampaignReport
	err := h.store.View(context.Background(), func(tx *models.Tx) error {
		c, err := tx.CampaignOf(1)
		if err == nil {
			r, err = tx.ReportCampaign(c)
		}
		if err != nil {
			return err
		}
		by, err := tx.ReportCampaignByPartner(c)
		for _, one := range by {
			if one.Acknowledged != acknowledged || len(one.Missing) != len(missing) {
				t.Errorf("of the partner %d acknowledged, and %v have not", one.Acknowledged, one.Missing)
			}
		}
		if err != nil {
			return err
		}
		for _, person := range []string{"aoba-01", "aoba-02"} {
			p, err := tx.PersonByKey(person)
			if err != nil {
				return err
			}
			done, err := tx.Acknowledged(1, p.ID, p.PartnerID, false)
			if err != nil {
				return err
			}
			if done == strings.Contains(strings.Join(missing, " "), person) {
				t.Errorf("%s: reminders see done=%v", person, done)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Acknowledged != acknowledged {
		t.Errorf("%d acknowledged, want %d", r.Acknowledged, acknowledged)
	}
	same(t, "those who owe it", r.Missing, missing...)
	var again struct{ n int }
	err = h.store.View(context.Background(), func(tx *models.Tx) (err error) {
		again.n, err = tx.CountTargets(models.Targets{Rule: models.Rule{NotAcknowledged: 1}, To: models.ToPeople})
		return err
	})
	if err != nil || again.n != len(missing) {
		t.Errorf("%d people are those who have not acknowledged, want %d (%v)", again.n, len(missing), err)
	}
}

// Several materials are acknowledged one by one or all at once, in the chat and on the
// page, each bound to its version; the message shows how many are, and only when all
// are, nothing is owed.
func TestSeveralMaterialsAreAcknowledgedOneByOneOrAll(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		h.launched(t, models.ToPeople)
		rep := h.As("aoba-01").In("direct-aoba-01")
		rep.Wait("新価格表")
		said(t, rep.All(), "内容を確認しました(2件すべて)", "確認：商談登録ガイド", "確認：ゴールド限定資料", "開く")
		rep.Press("確認：ゴールド限定資料")
		said(t, []string{rep.Wait("2件中1件確認済み")}, "✓ ゴールド限定資料", "資料：商談登録ガイド")
		said(t, rep.All(), "内容を確認しました(残り1件)", "取り消す(確認)")
		unsaid(t, rep.All(), "確認：")
		same(t, "acknowledgements", h.marks(t, "acks"), "aoba-01 gold-sheet@1")
		h.owed(t, 0, "aoba-01", "aoba-02")
		if acked := h.acked(t); acked != 0 {
			t.Errorf("the table has %d who confirmed", acked)
		}

		b := h.openLink(t, rep.Link("開く"))
		page := b.page()
		said(t, []string{page}, "2件中1件確認済み", "✓ 第1版を確認済み", "内容を確認しました(残り1件)")
		b.press("/ack", "all", field(t, page, "all"))
		said(t, []string{b.page()}, "2件中2件確認済み", "✓ 第2版を確認済み")
		unsaid(t, []string{b.page()}, "内容を確認しました")
		rep.Wait("✓ 2件すべて確認済み")
		same(t, "acknowledgements", h.marks(t, "acks"), "aoba-01 gold-sheet@1", "aoba-01 guide@2")
		h.owed(t, 1, "aoba-02")
		if acked := h.acked(t); acked != 1 {
			t.Errorf("the table has %d who confirmed", acked)
		}

		rep.Press("取り消す(確認)")
		wait(t, "the message as it was", func() bool { return strings.Contains(strings.Join(rep.All(), ""), "確認：商談登録ガイド") })
		same(t, "acknowledgements", h.marks(t, "acks"), "-aoba-01 gold-sheet@1", "-aoba-01 guide@2")
		h.owed(t, 0, "aoba-01", "aoba-02")
		if n := h.events(t); n["acknowledged"] != 2 || n["ack_undone"] != 2 {
			t.Errorf("the log says %v", n)
		}

		// All at once, pressed many times at once.
		rows := modelstest.Table(t, h.driver, h.dsn, "SELECT LOWER(HEX(d.id)) AS id FROM deliveries d JOIN people w ON w.id = d.person_id WHERE w.`key` = 'aoba-01' AND d.campaign_id = 1 AND d.step = 0")
		var running sync.WaitGroup
		for click := range 4 {
			running.Go(func() {
				if _, err := h.mind.Receive(context.Background(), pressed("all"+string(rune('a'+click)), "aoba-01", "direct-aoba-01", "material.ack", "d", rows[0]["id"])); err != nil {
					t.Error(err)
				}
			})
		}
		running.Wait()
		h.mind.Nudge()
		rep.Wait("✓ 2件すべて確認済み")
		h.owed(t, 1, "aoba-02")
		if n := h.events(t); n["acknowledged"] != 4 {
			t.Errorf("the log says %v", n)
		}
		// On a page, one by one; what nobody was shown is refused.
		c := h.openLinkOn(t, h.As("aoba-02").In("direct-aoba-02").Link("開く"), phone)
		for _, all := range []string{"2", "2.7", "x", "1.2.3"} {
			if status, _ := c.do("POST", "/ack", url.Values{"nonce": {c.nonce}, "all": {all}}); status != 400 {
				t.Errorf("all=%s was answered %d", all, status)
			}
		}
		if status, _ := c.do("POST", "/ack?m=2", url.Values{"nonce": {c.nonce}, "version": {"1"}}); status != 303 {
			t.Errorf("one of two was answered %d", status)
		}
		_, page = c.do("GET", "?m=2", nil)
		said(t, []string{page}, "2件中1件確認済み")
		h.owed(t, 1, "aoba-02")
		page = c.press("/undo", "mark", "acks:all")
		said(t, []string{page}, "2件中0件確認済み", "内容を確認しました(2件すべて)")

		// For five minutes.
		h.ahead.Store(int64(models.UndoFor + time.Second))
		if _, err := h.mind.Receive(context.Background(), pressed("late", "aoba-01", "direct-aoba-01", "material.undo", "k", "acks", "d", rows[0]["id"])); err != nil {
			t.Fatal(err)
		}
		h.owed(t, 1, "aoba-02")
		for _, place := range []string{"0", "3", "x", ""} {
			if _, err := h.mind.Receive(context.Background(), pressed("place"+place, "aoba-01", "direct-aoba-01", "material.ack", "d", rows[0]["id"], "m", place)); err != nil {
				t.Fatal(err)
			}
		}
		if n := h.events(t); n["acknowledged"] != 5 {
			t.Errorf("the log says %v", n)
		}
	})
}

// In a room the one who pressed is told alone how far they are.
func TestInARoomSeveralMaterialsAreToldToTheOneWhoPressed(t *testing.T) {
	h := newHouse(t, "sqlite")
	h.launched(t, models.ToRooms)
	rep := h.As("aoba-01").In("p-aoba")
	rep.Wait("新価格表")
	rep.Press("確認：商談登録ガイド")
	said(t, []string{rep.Wait("2件中1件確認済み")}, "✓ 商談登録ガイド", "資料：ゴールド限定資料")
	said(t, rep.All(), "取り消す(確認)")
	rep.Press("内容を確認しました(2件すべて)")
	said(t, []string{rep.Wait("2件中2件確認済み")}, "✓ ゴールド限定資料")
	unsaid(t, h.As("aoba-02").In("p-aoba").All(), "件中")
	same(t, "acknowledgements", h.marks(t, "acks"), "aoba-01 guide@2", "aoba-01 gold-sheet@1")
	h.owed(t, 1, "aoba-02")
}

// On Slack the message itself shows how many are acknowledged.
func TestOnSlackAMessageShowsHowManyAreAcknowledged(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.launched(t, models.ToPeople)
	room := func() string { return w.slack.DirectRoom("U0TANAKA") }
	letter := func(part string) (ts string) {
		t.Helper()
		wait(t, part, func() bool {
			for _, m := range w.slack.Messages(room()) {
				if strings.Contains(m.Text, "新価格表") && strings.Contains(string(m.Blocks), part) {
					ts = m.TS
				}
			}
			return ts != ""
		})
		return ts
	}
	first := letter("内容を確認しました(2件すべて)")
	w.call.Press("U0TANAKA", room(), first, "確認：ゴールド限定資料")
	letter("2件中1件確認済み")
	w.call.Press("U0TANAKA", room(), first, "内容を確認しました")
	if last := letter("✓ 2件すべて確認済み"); last != first {
		t.Error("another message was sent instead of changing the one that stands there")
	}
	w.call.Press("U0TANAKA", room(), first, "取り消す(確認)")
	letter("確認：商談登録ガイド")
	same(t, "acknowledgements", w.marks(t, "acks"), "-aoba-01 gold-sheet@1", "-aoba-01 guide@2")
}
