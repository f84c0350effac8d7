package handlers_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

// A manager asks for the digest, and does something about a silent partner with
// one press each.
func TestSilentPartnersAreOnePressAway(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		lastWeek(t, h)
		boss := h.As("s-ito").In("direct-s-ito")
		boss.Say("ダイジェスト")
		boss.Wait("いま配信した場合の内容です")
		said(t, boss.All(), "【週次ダイジェスト】", "動いたこと：", "止まったこと：", "決めること：", "・南海システム(動いた人0人／登録1人")

		boss.Press("社員用ページを開く")
		boss.Wait("社員用ページへの入口です")
		boss.Press("文面を作る")
		boss.Wait("南海システム様への文面の案です")
		said(t, boss.All(), "南海システム 御中", "いつもお世話になっております")

		boss.Press("小さな配信")
		boss.Wait("南海システム様へのご案内")
		cs := h.campaigns(t)
		if len(cs) != 1 || cs[0].State != models.CampaignDraft || strings.Join(cs[0].Spec.Audience.Partners, ",") != "p-minami" || cs[0].Spec.Audience.All {
			t.Fatalf("%+v", cs)
		}

		boss.Press("対応を記録")
		taken(t, boss.SubmitAll(map[string][]string{"how": {"電話"}, "note": {"来月の展示会で使いたいとのこと"}}))
		boss.Wait("南海システムへの対応を記録しました")
		boss.Press("対応を記録")
		if errs := boss.SubmitAll(map[string][]string{"note": {"方法なし"}}); errs["how"] == "" {
			t.Error("support without a way was taken")
		}

		// It counts in the digest of its week, under the one who did it.
		d := h.mind.NewDigests(handlers.DigestOptions{Audiences: []handlers.Audience{audience("all", "s-ito")}})
		told, err := d.RunNow(context.Background(), models.WeekOf(time.Now(), time.UTC).End, "", true)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(told[0].Text, "伊藤：対応記録1件") {
			t.Errorf("the support is missing in\n%s", told[0].Text)
		}
		if strings.Contains(told[0].Text, "展示会") {
			t.Error("the note is in the digest")
		}
	})
}

// Who owns some partners reads about those; a member's word is a question.
func TestDigestWordKnowsWhoAsks(t *testing.T) {
	h := newHouse(t, "sqlite")
	lastWeek(t, h)
	owner := h.As("s-sato").In("direct-s-sato")
	owner.Say("digest")
	owner.Wait("いま配信した場合")
	said(t, owner.All(), "南海システム")
	unsaid(t, owner.All(), "青葉商事")
	rep := h.As("aoba-01").In("direct-aoba-01")
	rep.Say("ダイジェスト")
	rep.Wait("担当者に聞く")
	unsaid(t, rep.All(), "週次ダイジェスト")
	room := h.As("s-ito").In("p-aoba")
	room.Say("@bot ダイジェスト")
	unsaid(t, room.All(), "週次ダイジェスト")
}

func TestOutcomeReportedInChat(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		deal := map[string][]string{"partner": {"p-aoba"}, "title": {"倉庫の更新"}, "stage": {"受注"}, "number": {"SFA-1"}, "amount": {"１，２００，０００円"}, "closed_on": {time.Now().UTC().Format(time.DateOnly)}, "materials": {"guide"}}
		send := func(by string, change map[string][]string) map[string]string {
			t.Helper()
			who := h.As(by).In("direct-" + by)
			who.Say("成果")
			who.Press("入力画面を開く")
			return who.SubmitAll(with(deal, change))
		}
		taken(t, send("s-sato", nil))
		h.As("s-sato").In("direct-s-sato").Wait("成果「倉庫の更新」を記録しました")
		if errs := send("s-ito", map[string][]string{"amount": {"たくさん"}, "partner": {"p-minami"}}); errs["amount"] == "" {
			t.Error("an amount that is no number was taken")
		}
		if errs := h.As("s-ito").In("direct-s-ito").SubmitAll(with(deal, map[string][]string{"partner": {"p-minami"}})); errs["number"] == "" {
			t.Error("another partner took over the number")
		}
		taken(t, send("s-mori", map[string][]string{"amount": {"1500000"}}))
		h.As("s-mori").In("direct-s-mori").Wait("成果「倉庫の更新」を更新しました")
		d := h.mind.NewDigests(handlers.DigestOptions{Audiences: []handlers.Audience{audience("all", "s-ito")}})
		told, err := d.RunNow(context.Background(), models.WeekOf(time.Now(), time.UTC).End, "", true)
		if err != nil {
			t.Fatal(err)
		}
		if want := "・受注：1件、1,500,000 JPY"; !strings.Contains(told[0].Text, want) {
			t.Errorf("%q is missing in\n%s", want, told[0].Text)
		}
	})
}
