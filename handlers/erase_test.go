package handlers_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"akari/models"
	"akari/models/modelstest"
)

// A person who has used everything is erased while everything runs: no name, no
// platform id and no word of theirs is left in any column of any table, and no
// count has changed.
func TestErasingAPersonWhoUsedEverything(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		w := newWorld(t, driver)
		var logged bytes.Buffer
		w.mind.Log = slog.New(slog.NewTextHandler(&logged, nil))
		w.call.Mention("C0AOBA", "U0TANAKA", "<@U0BOT> 商談登録の有効期限は？", "")
		answer := w.post(t, "C0AOBA", "90日間")
		w.call.Press("U0TANAKA", "C0AOBA", answer.TS, "資料")
		wait(t, "the direct room", func() bool { return w.slack.DirectRoom("U0TANAKA") != "" })
		room := w.slack.DirectRoom("U0TANAKA")
		card := w.post(t, room, "商談登録ガイド")
		w.call.Press("U0TANAKA", room, card.TS, "内容を確認しました")
		w.call.Press("U0TANAKA", room, card.TS, "商談で使った")
		w.call.Direct("U0TANAKA", "北海道物産の件で折り返し090-1234-5678へお願いします")
		sorry := w.post(t, room, "見つかりませんでした")
		w.call.Press("U0TANAKA", room, sorry.TS, "担当者に聞く")
		w.post(t, "C0STAFF", "北海道物産の件")
		w.call.Command("U0TANAKA", "C0AOBA", "/akari", "gaps") // refused, and in the audit log
		wait(t, "the acknowledgement and the refusal", func() bool {
			n := w.events(t)
			return n["acknowledged"] == 1 && n["used"] == 1 && n["escalated"] == 1
		})
		idle := func() bool {
			return modelstest.Table(t, w.driver, w.dsn, "SELECT COUNT(*) AS n FROM deliveries WHERE state IN ('queued','sending')")[0]["n"] == "0"
		}
		wait(t, "an empty outbox", idle)
		count := []string{
			"SELECT kind, class, partner_key, COUNT(*) AS n, COUNT(DISTINCT person_key) AS people FROM v_event GROUP BY kind, class, partner_key ORDER BY 1,2,3",
			"SELECT partner_key, state, COUNT(*) AS n, COUNT(DISTINCT person_key) AS people FROM v_delivery GROUP BY partner_key, state ORDER BY 1,2",
			"SELECT partner_key, COUNT(*) AS n, COUNT(DISTINCT person_key) AS people FROM v_ack WHERE undone_at IS NULL GROUP BY partner_key",
			"SELECT action, result, COUNT(*) AS n FROM v_audit WHERE action <> 'person.erase' GROUP BY action, result ORDER BY 1,2",
		}
		before := []string{}
		for _, q := range count {
			before = append(before, fmt.Sprint(modelstest.Table(t, w.driver, w.dsn, q)))
		}
		link := w.linkOf(t, "aoba-01")
		traces := []string{"U0TANAKA", room, "090-1234-5678", "北海道物産", "tanaka", "aoba-01", "田中"}
		if hits := modelstest.Search(t, w.driver, w.dsn, traces...); len(hits) < 6 {
			t.Fatalf("the database knows too little to prove anything: %v", hits)
		}
		done, err := w.store.ErasePerson(context.Background(), "aoba-01", [][]byte{[]byte("0123456789abcdef0123456789abcdef")}, models.ID{}, "operator")
		if err != nil || done.Sending != 0 {
			t.Fatal(done, err)
		}
		if hits := modelstest.Search(t, w.driver, w.dsn, traces...); len(hits) > 0 {
			t.Errorf("traces are left: %v", hits)
		}
		for i, q := range count {
			if now := fmt.Sprint(modelstest.Table(t, w.driver, w.dsn, q)); now != before[i] {
				t.Errorf("%s\nwas %s\nis  %s", q, before[i], now)
			}
		}
		for _, trace := range traces {
			if strings.Contains(logged.String(), trace) {
				t.Errorf("the log says %q:\n%s", trace, logged.String())
			}
		}
		rows := modelstest.Table(t, w.driver, w.dsn, "SELECT revoked_at FROM links WHERE LOWER(HEX(id)) = '"+link+"'")
		if len(rows) != 1 || rows[0]["revoked_at"] == "" {
			t.Errorf("the link still opens: %v", rows)
		}
		// The old card's buttons open nothing, and who presses them is somebody new.
		w.call.Press("U0TANAKA", room, card.TS, "商談で使った")
		time.Sleep(300 * time.Millisecond)
		if got := w.marks(t, "uses"); len(got) != 1 || !strings.HasPrefix(got[0], "erased-") {
			t.Errorf("uses are %v", got)
		}
	})
}

// At company level nothing that is shown names a person: not the views, not what
// staff are told, not the page.
func TestCompanyLevelNamesNobodyInChatOrViews(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		h.mind.PersonLevel = false
		if err := h.store.KeepPersonLevel(context.Background(), false); err != nil {
			t.Fatal(err)
		}
		b := h.openLink(t, materialLink(t, h, "aoba-01"))
		said(t, []string{b.page()}, "会社単位")
		b.press("/ack", "version", "2")
		seat := h.As("aoba-01").In("direct-aoba-01")
		said(t, seat.Say("海外拠点でも契約書の原本は必要でしょうか").See(), "担当者に聞く")
		seat.Press("担当者に聞く").See()
		notice := h.As("s-ito").In("staff")
		notice.Wait("未回答の質問")
		unsaid(t, notice.All(), "田中", "aoba-01")
		same(t, "acknowledgements", h.marks(t, "acks"), "aoba-01 guide@2") // kept, so that one person counts once
		for view, rows := range map[string]int{"v_event": 5, "v_delivery": 5, "v_view": 1, "v_ack": 1} {
			all := modelstest.Table(t, h.driver, h.dsn, "SELECT * FROM "+view)
			if len(all) < rows {
				t.Errorf("%s has only %d rows", view, len(all))
			}
			for _, r := range all {
				if r["person_key"] != "" || strings.Contains(fmt.Sprint(r), "aoba-01") {
					t.Errorf("%s shows a person: %v", view, r)
				}
			}
		}
		events := modelstest.Table(t, h.driver, h.dsn, "SELECT COUNT(*) AS n FROM events WHERE person_id IS NOT NULL AND kind <> 'delivered'")
		if events[0]["n"] != "0" {
			t.Errorf("%s events carry a person", events[0]["n"])
		}
	})
}
