package handlers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"akari/content"
	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

// members are what names the partners' people of a house: names, keys, and what a
// platform calls them.
var members = regexp.MustCompile(`田中|鈴木|森川|高橋みどり|(aoba|minami)-0[0-9]`)

// At company level no person of a partner is shown anywhere: the partners' people do
// everything that there is to do, and then every place is looked at where staff, a
// BI tool or an operator can look.
func TestAtCompanyLevelNobodyIsNamedAnywhere(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		h.mind.PersonLevel = false
		ctx := context.Background()
		if err := h.store.KeepPersonLevel(ctx, false); err != nil {
			t.Fatal(err)
		}
		h.theyDoEverything(t)

		// Chat: whatever staff were told, and whatever they can ask for.
		seat := h.As("s-ito").In("direct-s-ito")
		for _, word := range []string{"未回答", "旧版", "学習候補", "配信", "配信 1", "配信 2", "ダイジェスト"} {
			seat.Say(word).See()
		}
		for _, key := range []string{"s-ito", "s-sato", "s-mori"} {
			for _, room := range []string{"direct-" + key, handlers.PlaygroundStaffRoom} {
				nobody(t, key+" in "+room, strings.Join(h.As(key).In(room).All(), "\n"))
			}
		}

		// Pages, and the files that they offer.
		d, files := h.enter(t, "s-ito"), 0
		for path := range handlers.StaffPages() {
			for _, id := range []string{"1", "2"} {
				at := strings.NewReplacer("{key}", "p-aoba", "{id}", id).Replace(path)
				_, page := d.do("GET", at, nil, nil)
				nobody(t, at, page)
				for _, m := range regexp.MustCompile(`href="(/staff[^"]*format=csv[^"]*)"`).FindAllStringSubmatch(page, -1) {
					_, file := d.do("GET", html.UnescapeString(m[1]), nil, nil)
					nobody(t, m[1], file)
					files++
				}
			}
		}
		if files < 3 {
			t.Errorf("the pages offer only %d files: this proves too little", files)
		}

		// The reporting views, every column of every row.
		list := "SELECT name FROM sqlite_master WHERE type = 'view'"
		if driver == "mysql" {
			list = "SELECT table_name AS name FROM information_schema.views WHERE table_schema = DATABASE()"
		}
		views := modelstest.Table(t, h.driver, h.dsn, list)
		if len(views) < 9 {
			t.Errorf("there are only the views %v", views)
		}
		for _, v := range views {
			for _, row := range modelstest.Table(t, h.driver, h.dsn, "SELECT * FROM "+v["name"]) {
				nobody(t, v["name"], fmt.Sprint(row))
			}
		}

		// Exports, and what the command line prints of campaigns.
		for _, what := range models.Exports() {
			rows := 0
			_, err := h.store.Export(ctx, what, time.Time{}, time.Time{}, func(row []any) error { rows++; nobody(t, "the export of "+what, fmt.Sprint(row)); return nil })
			if err != nil || rows == 0 {
				t.Errorf("the export of %s has %d rows (%v)", what, rows, err)
			}
		}
		for id := int64(1); id <= 2; id++ {
			var b bytes.Buffer
			if err := h.mind.WriteCampaign(ctx, &b, "csv", id); err != nil {
				t.Fatal(err)
			}
			nobody(t, "a campaign's table", b.String())
			c, r, troubles, skipped, err := h.mind.ReportOf(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			if id == 1 && (r.Owed == 0 || r.Acknowledged == 0 || len(troubles) == 0) {
				t.Errorf("the campaign was not acted on: %+v %v", r, troubles)
			}
			p, err := h.mind.Preview(ctx, id)
			if err != nil || id == 2 && len(p.Skipped) == 0 {
				t.Fatal(p, err)
			}
			shown, err := json.Marshal([]any{c.Title, r, troubles, skipped, p})
			if err != nil {
				t.Fatal(err)
			}
			nobody(t, "a campaign's report and preview", string(shown))
		}

		// The log that is kept names nobody either.
		if rows := modelstest.Table(t, h.driver, h.dsn, "SELECT DISTINCT kind FROM events e JOIN people w ON w.id = e.person_id WHERE w.side = 'member' AND e.kind NOT IN ('delivered', 'delivery_failed')"); len(rows) != 0 {
			t.Errorf("events carry persons: %v", rows)
		}
		if rows := modelstest.Table(t, h.driver, h.dsn, "SELECT kind FROM texts WHERE kind = 'reader'"); len(rows) != 0 {
			t.Error("a second reader's name was kept")
		}
	})
}

func nobody(t *testing.T, where, text string) {
	t.Helper()
	if at := members.FindStringIndex(text); at != nil {
		t.Errorf("%s names a person: …%s…", where, text[max(0, at[0]-80):min(len(text), at[1]+80)])
	}
}

// theyDoEverything lets Aoba's people ask, read, acknowledge, use, report, reply and
// fail to be reached.
func (h *house) theyDoEverything(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	rep := h.As("aoba-01").In("direct-aoba-01")
	b := h.openLink(t, materialLink(t, h, "aoba-01"))
	b.look()
	b.press("/ack", "version", "2")
	u := field(t, b.press("/used", "version", "2"), "u")
	b.press("/deal", "u", u, "deal", "北海道の件", "number", "D-77")
	second := h.openLinkOn(t, strings.Replace(b.at, h.url, "https://akari.test", 1), phone)
	second.look()
	if status, _ := second.do("POST", "/who", map[string][]string{"nonce": {second.nonce}, "who": {"other"}}); status != 303 {
		t.Fatalf("a second reader was answered %d: at company level no name is asked for", status)
	}
	if _, err := h.mind.Receive(ctx, pressed("old", "aoba-02", "p-aoba", "material.send", "m", "guide")); err != nil {
		t.Fatal(err)
	}
	said(t, rep.Say("海外拠点でも契約書の原本は必要でしょうか").See(), "担当者に聞く")
	rep.Press("担当者に聞く").See()
	h.As("s-ito").In(handlers.PlaygroundStaffRoom).Wait("未回答の質問")

	h.launched(t, models.ToPeople)
	rep.Wait("新価格表")
	rep.Press("内容を確認しました")
	rep.Wait("✓ 2件すべて確認済み")
	rep.Reply("新価格表", "海外拠点にもこの価格で売ってよいですか？")
	rep.Wait("承りました")
	// One recipient is in doubt, and one more campaign reaches nobody of Minami.
	if _, err := modelstest.Raw(t, h.driver, h.dsn).Exec("UPDATE deliveries SET state = 'unconfirmed' WHERE campaign_id = 1 AND person_id = (SELECT id FROM people WHERE `key` = 'aoba-02')"); err != nil {
		t.Fatal(err)
	}
	err := h.mind.CampaignAct(ctx, "s-ito", func(a *handlers.Campaigning) error {
		c, _, err := a.Create(models.Spec{Title: "ゴールドだけ", Weight: models.WeightConfirm, Text: models.LangText{"ja": "ご確認ください。"}, Materials: []string{"gold-sheet"}, To: models.ToPeople,
			Audience: models.Rule{All: true}, Ack: &models.AckRule{Rule: models.AckEveryone}}, "")
		if err != nil {
			return err
		}
		return a.TestSend(c.ID, a.By.ID)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.mind.ImportOutcomes(ctx, []content.OutcomeRow{{ExternalID: "x1", PartnerKey: "p-aoba", Title: "受注", Stage: "won", PersonKey: "aoba-01"}}, models.Act{Role: "operator"}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.mind.Invite(ctx, "aoba-02", ""); err != nil {
		t.Fatal(err)
	}
	told, err := h.mind.NewDigests(handlers.DigestOptions{Audiences: []handlers.Audience{audience("managers", "s-ito")}}).RunNow(ctx, h.now().Add(7*24*time.Hour), "", true)
	if err != nil || len(told) != 1 {
		t.Fatal(told, err)
	}
	digest, err := json.Marshal(told)
	if err != nil {
		t.Fatal(err)
	}
	nobody(t, "the digest", string(digest))
}
