package handlers_test

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"akari/bot"
	"akari/models"
	"akari/models/modelstest"
)

// handed asks for the guide and answers when its private card stands there.
func handed(t *testing.T, h *house, who string) (press func(label string) []string) {
	t.Helper()
	seat := h.As(who).In("direct-" + who)
	said(t, seat.Say("商談登録の有効期限は？").See(), "資料：商談登録ガイド")
	said(t, seat.Press("資料：商談登録ガイド").See(), "開く", "内容を確認しました", "商談で使った")
	return func(label string) []string { return seat.Press(label).See() }
}

// marks are the rows of a table as "person material@version", undone ones with a dash.
func (h *house) marks(t *testing.T, table string) (out []string) {
	t.Helper()
	for _, r := range modelstest.Table(t, h.driver, h.dsn, "SELECT w.`key` AS person_key, a.material_key, a.material_version, a.undone_at FROM "+table+" a JOIN people w ON w.id = a.person_id ORDER BY a.id") {
		line := r["person_key"] + " " + r["material_key"] + "@" + r["material_version"]
		if r["undone_at"] != "" {
			line = "-" + line
		}
		out = append(out, line)
	}
	return out
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Fatalf("%s are %q, want %q", what, got, want)
	}
}

func TestReadAndUsedAndUndone(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		press := handed(t, h, "aoba-01")
		lines := press("内容を確認しました")
		said(t, lines, "✓ 第2版を確認済み", "取り消す(確認)", "商談で使った", "開く")
		unsaid(t, lines, "内容を確認しました")
		same(t, "acknowledgements", h.marks(t, "acks"), "aoba-01 guide@2")
		said(t, press("取り消す(確認)"), "内容を確認しました")
		same(t, "acknowledgements", h.marks(t, "acks"), "-aoba-01 guide@2")
		press("内容を確認しました")
		same(t, "acknowledgements", h.marks(t, "acks"), "-aoba-01 guide@2", "aoba-01 guide@2")

		said(t, press("商談で使った"), "✓ 商談で使用", "商談名を記録する", "取り消す(商談で使った)")
		same(t, "uses", h.marks(t, "uses"), "aoba-01 guide@2")
		seat := h.As("aoba-01").In("direct-aoba-01")
		seat.Press("商談名を記録する").See()
		if errs := seat.Submit(map[string]string{"deal": " "}); len(errs) == 0 {
			t.Fatal("an empty deal was taken")
		}
		if errs := seat.Submit(map[string]string{"deal": "北海道物産様の更新", "number": "D-77"}); len(errs) > 0 {
			t.Fatal(errs)
		}
		seat.Wait("商談の内容を記録しました")
		n := h.events(t)
		for kind, want := range map[string]int{"acknowledged": 2, "ack_undone": 1, "used": 1, "deal_named": 1, "used_undone": 0} {
			if n[kind] != want {
				t.Errorf("%d events %q, want %d (all: %v)", n[kind], kind, want, n)
			}
		}
		texts := modelstest.Table(t, h.driver, h.dsn, "SELECT body FROM texts WHERE kind = 'deal'")
		if len(texts) != 1 || texts[0]["body"] != "商談名: 北海道物産様の更新\n案件番号: D-77" {
			t.Errorf("what was told of the deal is %v", texts)
		}
		if hits := modelstest.Search(t, h.driver, h.dsn, "北海道物産"); len(hits) != 1 || !strings.HasPrefix(hits[0], "texts.body") {
			t.Errorf("what was told of the deal stands in %v", hits)
		}
		views := modelstest.Table(t, h.driver, h.dsn, "SELECT * FROM v_ack WHERE undone_at IS NULL")
		if len(views) != 1 || views[0]["partner_key"] != "p-aoba" || views[0]["delivery_id"] == "" || views[0]["link_id"] == "" {
			t.Errorf("v_ack says %v", views)
		}
		classes := modelstest.Table(t, h.driver, h.dsn, "SELECT DISTINCT class FROM v_event WHERE kind IN ('acknowledged','used','ack_undone')")
		if len(classes) != 1 || classes[0]["class"] != "human" {
			t.Errorf("the classes are %v", classes)
		}
	})
}

// linkOf is the newest link of a person.
func (h *house) linkOf(t *testing.T, person string) string {
	t.Helper()
	rows := modelstest.Table(t, h.driver, h.dsn, "SELECT LOWER(HEX(l.id)) AS id FROM links l JOIN people w ON w.id = l.person_id WHERE w.`key` = '"+person+"' ORDER BY l.id DESC")
	if len(rows) == 0 {
		t.Fatalf("%s has no link", person)
	}
	return rows[0]["id"]
}

// pressed is a press as the playground tells it.
func pressed(key, user, room, name string, pairs ...string) bot.Inbound {
	in := bot.Inbound{Key: "test:" + key, Kind: bot.Pressed, Name: name, Args: url.Values{}, Time: time.Now(), From: bot.Identity{Platform: "playground", Connection: "playground", User: user},
		At: bot.Address{Platform: "playground", Connection: "playground", Room: room, User: user, Direct: strings.HasPrefix(room, "direct-")}}
	for i := 0; i+1 < len(pairs); i += 2 {
		in.Args.Set(pairs[i], pairs[i+1])
	}
	return in
}

// Whatever is pressed, however often, at once or again later: one
// acknowledgement for each person and version, and none for who is nobody's.
func TestReplaysAndDoubleClicksAreOneAcknowledgement(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		handed(t, h, "aoba-01")
		link := h.linkOf(t, "aoba-01")
		var running sync.WaitGroup
		for click := range 6 { // six clicks, each told three times at the same moment
			for range 3 {
				running.Go(func() {
					for _, name := range []string{"material.ack", "material.used"} {
						if _, err := h.mind.Receive(context.Background(), pressed(name+strconv.Itoa(click), "aoba-01", "direct-aoba-01", name, "l", link)); err != nil {
							t.Error(err)
						}
					}
				})
			}
		}
		running.Wait()
		same(t, "acknowledgements", h.marks(t, "acks"), "aoba-01 guide@2")
		same(t, "uses", h.marks(t, "uses"), "aoba-01 guide@2")
		if n := h.events(t); n["acknowledged"] != 1 || n["used"] != 1 {
			t.Fatalf("the log says %v", n)
		}
		if n := h.inbounds(t); n["failed"] != 0 {
			t.Fatalf("the inbounds are %v", n)
		}
	})
}

// A reference opens nothing: staff, colleagues and other partners' people who
// press somebody else's button acknowledge nothing.
func TestAReferenceIsNoAuthority(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		handed(t, h, "aoba-01")
		link := h.linkOf(t, "aoba-01")
		var room, all models.ID // a campaign's message in Aoba's room, and one that is for no partner
		err := h.store.InTx(context.Background(), func(tx *models.Tx) error {
			p, err := tx.PartnerByKey("p-aoba")
			if err != nil {
				return err
			}
			room, all = models.NewID(), models.NewID()
			campaign := int64(41)
			to := bot.Address{Platform: "playground", Connection: "playground", Room: "p-aoba"}
			return tx.QueueDeliveries(models.Delivery{ID: room, Act: bot.Post, To: to, PartnerID: p.ID, CampaignID: &campaign, MaterialKey: "guide", MaterialVersion: 2, State: models.StateSkipped},
				models.Delivery{ID: all, Act: bot.Post, To: to, MaterialKey: "guide", MaterialVersion: 2, State: models.StateSkipped})
		})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		try := func(user, at, name string, pairs ...string) {
			t.Helper()
			n++
			if _, err := h.mind.Receive(context.Background(), pressed("try"+strconv.Itoa(n), user, at, name, pairs...)); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{"material.ack", "material.used"} {
			try("aoba-02", "direct-aoba-02", name, "l", link)      // a colleague, with somebody else's link
			try("minami-01", "direct-minami-01", name, "l", link)  // another partner
			try("minami-01", "p-aoba", name, "d", room.String())   // another partner in the room
			try("s-ito", "staff", name, "d", room.String())        // staff
			try("s-ito", "p-aoba", name, "d", room.String())       //
			try("aoba-02", "p-aoba", name, "d", all.String())      // a message that is for no partner
			try("aoba-02", "p-aoba", name, "d", "0")               // nonsense
			try("aoba-02", "p-aoba", name, "l", "x", "d", "../..") //
			try("aoba-02", "p-aoba", name)                         // nothing
		}
		same(t, "acknowledgements", h.marks(t, "acks"))
		same(t, "uses", h.marks(t, "uses"))
		if rows := modelstest.Table(t, h.driver, h.dsn, "SELECT kind FROM v_event WHERE kind IN ('acknowledged','used') AND (class IS NULL OR class <> 'staff')"); len(rows) > 0 {
			t.Fatalf("the log counts %v", rows)
		}
		try("aoba-02", "p-aoba", "material.ack", "d", room.String())
		same(t, "acknowledgements", h.marks(t, "acks"), "aoba-02 guide@2")
		mine := modelstest.Table(t, h.driver, h.dsn, "SELECT LOWER(HEX(id)) AS id, campaign_id FROM acks")
		if mine[0]["campaign_id"] != "41" {
			t.Fatalf("the acknowledgement is %v", mine)
		}
		try("aoba-01", "direct-aoba-01", "material.undo", "k", "acks", "i", mine[0]["id"])
		try("aoba-02", "direct-aoba-02", "material.undo", "k", "people", "i", mine[0]["id"])
		same(t, "acknowledgements", h.marks(t, "acks"), "aoba-02 guide@2")
		try("aoba-02", "direct-aoba-02", "material.undo", "k", "acks", "i", mine[0]["id"])
		same(t, "acknowledgements", h.marks(t, "acks"), "-aoba-02 guide@2")
	})
}

func TestARoomSeesNobodysAcknowledgement(t *testing.T) {
	h := newHouse(t, "sqlite")
	err := h.store.InTx(context.Background(), func(tx *models.Tx) error {
		p, err := tx.PartnerByKey("p-aoba")
		if err != nil {
			return err
		}
		id := models.NewID()
		return tx.QueueDeliveries(models.Delivery{ID: id, Act: bot.Post, To: bot.Address{Platform: "playground", Connection: "playground", Room: "p-aoba"}, PartnerID: p.ID, MaterialKey: "guide", MaterialVersion: 1,
			Parts: []bot.Message{{Text: "ご確認ください", Buttons: []bot.Button{{Label: "内容を確認しました", Press: bot.NewPress("material.ack", "d", id.String())}}}}})
	})
	if err != nil {
		t.Fatal(err)
	}
	h.mind.Nudge()
	rep := h.As("aoba-01").In("p-aoba")
	rep.Wait("ご確認ください")
	said(t, rep.Press("内容を確認しました").See(), "確認を記録しました", "取り消す", "新しい第2版があります")
	unsaid(t, h.As("aoba-02").In("p-aoba").All(), "確認を記録しました", "✓")
	said(t, rep.Press("内容を確認しました").See(), "すでに確認済みです")
	same(t, "acknowledgements", h.marks(t, "acks"), "aoba-01 guide@1")
}

func TestStaffSeeWhoStillHoldsOldVersions(t *testing.T) {
	h := newHouse(t, "sqlite")
	staff := h.As("s-ito").In("direct-s-ito")
	said(t, staff.Say("旧版").See(), "旧版のリンクをお持ちの方はいません")
	err := h.store.InTx(context.Background(), func(tx *models.Tx) error {
		p, err := tx.PersonByKey("aoba-01")
		if err != nil {
			return err
		}
		_, err = tx.NewLink(models.Link{PersonID: p.ID, PartnerID: p.PartnerID, MaterialKey: "guide", MaterialVersion: 1, ExpiresAt: tx.Now().Add(time.Hour)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	lines := staff.Say("versions").See()
	said(t, lines, "商談登録ガイド", "最新は第2版", "青葉商事：第1版を1人が保有、うち0人が開封")
	unsaid(t, lines, "田中", "aoba-01")
	said(t, h.As("aoba-01").In("direct-aoba-01").Say("旧版").See(), "担当者だけ")
}

func TestSlackShowsThePersonsStateOnTheCard(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.call.Mention("C0AOBA", "U0TANAKA", "<@U0BOT> 商談登録の有効期限は？", "")
	answer := w.post(t, "C0AOBA", "90日間")
	w.call.Press("U0TANAKA", "C0AOBA", answer.TS, "資料")
	wait(t, "the direct room", func() bool { return w.slack.DirectRoom("U0TANAKA") != "" })
	room := w.slack.DirectRoom("U0TANAKA")
	card := w.post(t, room, "商談登録ガイド")
	posts := w.posts(room)
	state := func(what string, parts ...string) {
		t.Helper()
		wait(t, what, func() bool {
			for _, m := range w.slack.Messages(room) {
				ok := m.TS == card.TS
				for _, p := range parts {
					ok = ok && strings.Contains(m.Text+string(m.Blocks), p)
				}
				if ok {
					return true
				}
			}
			return false
		})
	}
	if sent := w.call.Press("U0TANAKA", room, card.TS, "内容を確認しました"); !sent.OK() {
		t.Fatal(sent)
	}
	state("the card with its state", "確認済み", "取り消す(確認)", "https://akari.test/v/")
	if sent := w.call.Press("U0TANAKA", room, card.TS, "取り消す(確認)"); !sent.OK() {
		t.Fatal(sent)
	}
	state("the card without it", "内容を確認しました")
	if n := w.posts(room); n != posts {
		t.Errorf("%d messages in the direct room, want %d: the state belongs on the card", n, posts)
	}
	same(t, "acknowledgements", w.marks(t, "acks"), "-aoba-01 guide@2")
}

func TestLineWorksConfirmsInAShortLine(t *testing.T) {
	w := newWorld(t, "sqlite")
	at := bot.Address{Platform: "lineworks", Connection: "aoba", User: "works-new", Direct: true}
	from := bot.Identity{Platform: "lineworks", Connection: "aoba", User: "works-new"}
	receive := func(in bot.Inbound) {
		t.Helper()
		in.From, in.At, in.Time = from, at, time.Now()
		if _, err := w.mind.Receive(context.Background(), in); err != nil {
			t.Fatal(err)
		}
	}
	receive(bot.Inbound{Key: "k1", Kind: bot.Pressed, Name: "material.send", Args: url.Values{"m": {"guide"}}})
	count := func(where string) string {
		return modelstest.Table(t, w.driver, w.dsn, "SELECT COUNT(*) AS n FROM deliveries WHERE "+where)[0]["n"]
	}
	wait(t, "the card", func() bool { return count("platform = 'lineworks' AND state = 'sent' AND link_id IS NOT NULL") == "2" }) // a text and a carousel
	rows := modelstest.Table(t, w.driver, w.dsn, "SELECT LOWER(HEX(id)) AS id FROM links")
	receive(bot.Inbound{Key: "k2", Kind: bot.Pressed, Name: "material.ack", Args: url.Values{"l": {rows[0]["id"]}}})
	wait(t, "the confirmation", func() bool {
		return count("platform = 'lineworks' AND act = 'post' AND state = 'sent' AND cause_id IN (SELECT id FROM events WHERE kind = 'acknowledged')") == "1"
	})
	if count("act = 'update'") != "0" || len(w.marks(t, "acks")) != 1 {
		t.Fatal("LINE WORKS cannot change messages")
	}
}
