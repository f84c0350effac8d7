package handlers_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

// clocks lets the campaigns' clock go until the test ends.
func (h *house) clocks(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); h.mind.RunCampaigns(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

func (h *house) campaigns(t *testing.T) (cs []models.Campaign) {
	t.Helper()
	if err := h.store.View(context.Background(), func(tx *models.Tx) (err error) { cs, err = tx.Campaigns(100); return err }); err != nil {
		t.Fatal(err)
	}
	return cs
}

var news = map[string][]string{"class": {"要確認"}, "title": {"新価格表のご案内"}, "text_ja": {"**新しい**価格表です。"}, "everyone": {"all"}, "materials": {"guide"}, "ack": {"everyone"}, "reminders": {"2"}}

// with is a form's values, changed.
func with(values map[string][]string, change map[string][]string) map[string][]string {
	out := map[string][]string{}
	for k, v := range values {
		out[k] = v
	}
	for k, v := range change {
		out[k] = v
	}
	return out
}

func taken(t *testing.T, errs map[string]string) {
	t.Helper()
	if len(errs) > 0 {
		t.Fatalf("the form was refused: %v", errs)
	}
}

// The whole life in chat: composed, looked at, tested, asked for, approved by
// another person, launched, acknowledged, reminded, reported.
func TestACampaignLivesInChat(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		h.clocks(t)
		author, second := h.As("s-sato").In("direct-s-sato"), h.As("s-ito").In(handlers.PlaygroundStaffRoom)
		author.Say("キャンペーン")
		author.Press("入力画面を開く")
		taken(t, author.SubmitAll(news))
		author.Wait("承認を依頼")
		said(t, author.All(), "見え方(プレイグラウンド・日本語・3件)", "新しい価格表です。", "宛先：3名(2社)", "もう一人の承認が必要", "自分に試し送り", "内容を直す")
		unsaid(t, author.All(), "**新しい**", "/v/")

		author.Press("自分に試し送り")
		author.Wait("【要確認】新価格表のご案内")
		author.Press("承認を依頼")
		author.Wait("承認をお願いしました")
		second.Wait("承認のお願いです")
		// The author never approves, however they get at the button.
		own := h.As("s-sato").In(handlers.PlaygroundStaffRoom)
		own.Press("承認する")
		own.Wait("権限がありません")
		second.Press("承認する")
		second.Wait("承認しました")
		author.Wait("さんが配信 1「新価格表のご案内」を承認")
		author.Press("配信する")
		author.Wait("受け付けました")
		second.Wait("配信完了")
		rep := h.As("aoba-01").In("direct-aoba-01")
		rep.Wait("【要確認】新価格表のご案内")
		rep.Press("内容を確認しました")
		rep.Wait("確認")

		second.Say("@Akari キャンペーン 1")
		said(t, []string{second.Wait("未確認：")}, "青葉商事 鈴木", "南海システム 森川", "確認済み 1/3名", "送信済み3")
		author.Say("キャンペーン 1")
		author.Wait("未確認：")
		author.Press("未確認者へ再送")
		said(t, []string{author.Wait("よろしいですか")}, "2名")
		author.Press("送る")
		author.Wait("催促を2名に送ります")
		h.As("minami-01").In("direct-minami-01").Wait("行き違いでしたらご容赦ください")
		unsaid(t, rep.All(), "行き違いでしたら")
		author.Press("未確認者へ再送")
		author.Wait("お送りしたばかり")

		// Days later the page shows how it came in, and each day leads to its events.
		h.ahead.Add(int64(72 * time.Hour))
		d := h.enter(t, "s-ito")
		page := d.see("/staff/campaigns/1")
		days := below(t, page, "確認の進みかた")
		if !strings.Contains(page, `data-chart="lines"`) || len(days) < 6 || days[0][1] != "1" || days[len(days)-2][1] != "0" || days[len(days)-1][1] != "1" {
			t.Errorf("acknowledging is shown as %v", days)
		}
		for _, f := range days {
			if rows := d.file(f[2] + "&format=csv"); strconv.Itoa(len(rows)) != f[1] {
				t.Errorf("%s says %s, its events are %d: %s", f[0], f[1], len(rows), f[2])
			}
		}
		if cs := h.campaigns(t); len(cs) != 1 {
			t.Fatalf("there are %d campaigns", len(cs))
		}
	})
}

// Nothing that was typed is lost: neither by a field that was wrong, nor by closing
// the form, and what was wrong is said by the field.
func TestWhatWasTypedIntoAFormIsKept(t *testing.T) {
	h := newHouse(t, "sqlite")
	author := h.As("s-sato").In("direct-s-sato")
	author.Command("campaign", "夏の施策")
	if got := author.Form().Field("title"); got != "夏の施策" {
		t.Errorf("the title behind the command is %q", got)
	}
	errs := author.SubmitAll(with(news, map[string][]string{"everyone": nil, "at_time": {"9時半"}, "silent": {"x"}, "deadline": {"2030-01-01"}, "ack": nil, "reminders": nil}))
	for _, field := range []string{"everyone", "at_date", "silent", "ack"} {
		if errs[field] == "" {
			t.Errorf("nothing was said about %s: %v", field, errs)
		}
	}
	author.Close(nil)
	author.Say("キャンペーン一覧")
	said(t, []string{author.Wait("書きかけの入力")}, "新価格表のご案内")
	author.Press("書きかけ1の続き")
	author.Form()
	author.Close(map[string][]string{"title": {"新価格表のご案内"}, "text_ja": {"**新しい**価格表です。"}, "class": {"confirm"}, "to": {"people"}, "materials": {"guide"}, "at_time": {"9時半"}, "deadline": {"2030-01-01"}})
	author.Press("書きかけ1の続き")
	f := author.Form()
	for name, want := range map[string]string{"title": "新価格表のご案内", "text_ja": "**新しい**価格表です。", "class": "confirm", "materials": "guide", "at_time": "9時半", "deadline": "2030-01-01"} {
		if got := f.Field(name); got != want {
			t.Errorf("%s came back as %q", name, got)
		}
	}
	taken(t, author.SubmitAll(map[string][]string{"everyone": {"all"}, "at_date": {"2029-12-03"}, "silent": nil, "ack": {"everyone"}}))
	author.Wait("宛先：3名")
	cs := h.campaigns(t)
	if len(cs) != 1 || !cs[0].Spec.At.Equal(time.Date(2029, 12, 3, 9, 30, 0, 0, time.UTC)) || cs[0].Spec.Ack == nil || cs[0].Spec.Ack.Deadline.Format(time.DateTime) != "2030-01-01 23:59:59" {
		t.Fatalf("what was composed: %+v", cs)
	}
	author.Say("キャンペーン一覧")
	said(t, []string{author.Wait("最近の配信です")}, "1　新価格表のご案内")
}

// What a form shows comes back unchanged: also what it does not ask for.
func TestEditingInChatKeepsTheRest(t *testing.T) {
	h := newHouse(t, "sqlite")
	spec := models.Spec{Title: "手順の更新", Weight: models.WeightAct, Text: models.LangText{"ja": "更新しました。", "en": "Updated."}, Materials: []string{"guide"}, To: models.ToPeople,
		At: time.Date(2029, 12, 3, 9, 31, 27, 0, time.UTC), Owner: "s-ito", OverrideCap: "重要なため", Reminders: 1,
		Ack:   &models.AckRule{Rule: models.AckOnePerPartner, Deadline: time.Date(2029, 12, 5, 12, 0, 0, 0, time.UTC)},
		Steps: []models.Step{{After: 72 * time.Hour, Text: models.LangText{"ja": "続きです。"}}},
		Audience: models.Rule{Partners: []string{"p-aoba"}, People: []string{"aoba-01"}, Tiers: []string{"gold"}, Tags: []string{"東日本"}, Levels: []string{models.LevelFirst}, Owners: []string{"s-ito"},
			Languages: []string{"ja"}, NotOpened: "guide", SilentDays: 3, Exclude: models.Exclude{Partners: []string{"p-minami"}, Tiers: []string{"silver"}, People: []string{"aoba-02"}}}}
	err := h.mind.CampaignAct(context.Background(), "s-sato", func(a *handlers.Campaigning) error { _, _, err := a.Create(spec, ""); return err })
	if err != nil {
		t.Fatal(err)
	}
	author := h.As("s-sato").In("direct-s-sato")
	author.Say("campaign 1")
	author.Wait("対象を確認")
	author.Press("内容を直す")
	taken(t, author.SubmitAll(map[string][]string{"title": {"手順の更新(2)"}}))
	author.Wait("手順の更新(2)")
	spec.Title = "手順の更新(2)"
	if got := h.campaigns(t)[0]; got.Spec.JSON() != spec.JSON() || got.Version != 2 {
		t.Errorf("version %d came back as\n%s, want\n%s", got.Version, got.Spec.JSON(), spec.JSON())
	}
	author.Press("対象を確認")
	taken(t, author.Submit(map[string]string{"partner": "南海システム"}))
	said(t, []string{author.Wait("対象ではありません")}, "× 代理店「青葉商事」", "× ランク「gold」")
}

// A card promises what stood on it: an older one changes nothing.
func TestAnOldCardLaunchesNothing(t *testing.T) {
	h := newHouse(t, "sqlite")
	author := h.As("s-sato").In("direct-s-sato")
	author.Command("campaign", "")
	taken(t, author.SubmitAll(with(news, map[string][]string{"everyone": nil, "partners": {"青葉商事"}})))
	author.Wait("配信する")
	old := author.Mark()
	author.Press("内容を直す")
	taken(t, author.SubmitAll(map[string][]string{"title": {"変えました"}}))
	author.Wait("変えました")
	author.PressAt(old, "配信する")
	author.Wait("さきほど変更しました")
	if c := h.campaigns(t)[0]; c.State != models.CampaignDraft {
		t.Fatalf("the campaign is %s", c.State)
	}
	author.Press("配信する")
	author.Wait("受け付けました")
	author.Press("取り消す")
	author.Wait("中止しました")
	if c := h.campaigns(t)[0]; c.State != models.CampaignCancelled {
		t.Fatalf("the campaign is %s", c.State)
	}
	author.Say("campaign 1")
	author.Wait("— 中止")
}

// Two colleagues who compose the same, and anybody who sends a form twice, make one
// campaign.
func TestTheSameCampaignIsMadeOnce(t *testing.T) {
	h := newHouse(t, "sqlite")
	for _, key := range []string{"s-sato", "s-ito", "s-sato"} {
		seat := h.As(key).In("direct-" + key)
		seat.Command("campaign", "")
		taken(t, seat.SubmitAll(news))
		seat.Wait("宛先：3名")
	}
	if cs := h.campaigns(t); len(cs) != 1 {
		t.Fatalf("there are %d campaigns", len(cs))
	}
}

// A rep who says キャンペーン asks a question; nobody but staff hears of campaigns.
func TestToARepACampaignIsAQuestion(t *testing.T) {
	h := newHouse(t, "sqlite")
	rep := h.As("aoba-01").In("direct-aoba-01")
	said(t, rep.Say("キャンペーン").See(), "見つかりませんでした")
	if n := h.events(t); n["asked"] != 1 {
		t.Errorf("the log says %v", n)
	}
	room := h.As("s-sato").In("p-aoba")
	said(t, room.Say("@Akari キャンペーン 1").See(), "代理店の方も見ているルームです")
	approver := h.As("s-mori").In("direct-s-mori")
	said(t, approver.Say("キャンペーン").See(), "配信はまだありません")
	unsaid(t, approver.All(), "新しく作る")
}

// A sequence is written in the form: the message, what follows after some days, to
// whom it does not go, single people, and whoever joins later. All of it is shown
// before it is sent, survives a closed form, and what is half filled in is said.
func TestASequenceIsComposedInTheForm(t *testing.T) {
	h := newHouse(t, "sqlite")
	author := h.As("s-sato").In("direct-s-sato")
	author.Command("campaign", "")
	steps := with(news, map[string][]string{"everyone": nil, "persons": {"aoba-01", "minami-01"}, "evergreen": {"yes"},
		"step1_after": {"３日後"}, "step1_text_ja": {"三日目の**お知らせ**です。"}, "step1_materials": {"guide"}, "step1_unless": {"acknowledged"}, "step2_text_ja": {"一週間後です。"}})
	errs := author.SubmitAll(with(steps, map[string][]string{"step1_after": {"あさって"}, "step1_text_ja": nil}))
	for _, field := range []string{"step1_text_ja", "step2_after"} {
		if errs[field] == "" {
			t.Errorf("nothing was said about %s: %v", field, errs)
		}
	}
	author.Close(nil)
	author.Say("キャンペーン一覧")
	author.Wait("書きかけの入力")
	author.Press("書きかけ1の続き")
	f := author.Form()
	for name, want := range map[string]string{"step1_after": "あさって", "step1_unless": "acknowledged", "step2_text_ja": "一週間後です。", "evergreen": "yes"} {
		if got := f.Field(name); got != want {
			t.Errorf("%s came back as %q", name, got)
		}
	}
	// The first later message is left out; the second says when, but not what.
	errs = author.SubmitAll(with(steps, map[string][]string{"step1_after": nil, "step1_text_ja": nil, "step1_materials": nil, "step1_unless": nil, "step2_after": {"7"}, "step2_text_ja": nil, "deadline": {"2000-01-01"}}))
	for field, wrong := range map[string]bool{"step1_text_ja": false, "step1_after": false, "step2_after": false, "step2_text_ja": true, "deadline": true} {
		if (errs[field] != "") != wrong {
			t.Errorf("%s: %q", field, errs[field])
		}
	}
	if errs := author.SubmitAll(with(steps, map[string][]string{"step1_after": {"10"}, "step2_after": {"36時間"}})); errs["step2_after"] == "" {
		t.Errorf("nothing was said about the order: %v", errs)
	}
	taken(t, author.SubmitAll(with(steps, map[string][]string{"step1_after": {"３日後"}, "step2_after": {"7"}})))
	author.Wait("宛先：2名")
	said(t, author.All(), "続きの配信：3日後(もう確認した方には送らない)、7日後", "後から宛先に加わった方にも", "見え方(続き1・3日後・プレイグラウンド", "三日目のお知らせです。", "見え方(続き2・7日後・", "一週間後です。")
	cs := h.campaigns(t)
	if len(cs) != 1 {
		t.Fatalf("%d campaigns", len(cs))
	}
	want := []models.Step{{After: 72 * time.Hour, Unless: models.UnlessAcknowledged, Text: models.LangText{"ja": "三日目の**お知らせ**です。"}, Materials: []string{"guide"}},
		{After: 168 * time.Hour, Text: models.LangText{"ja": "一週間後です。"}}}
	got := cs[0].Spec
	if b, w := (models.Spec{Steps: got.Steps}).JSON(), (models.Spec{Steps: want}).JSON(); b != w || !got.Evergreen || len(got.Audience.People) != 2 {
		t.Fatalf("composed %s, want %s", got.JSON(), w)
	}
	// Emptied fields take a step out.
	author.Press("内容を直す")
	taken(t, author.SubmitAll(map[string][]string{"step1_after": nil, "step1_text_ja": nil, "step1_materials": nil, "evergreen": nil, "persons": {"aoba-01"}}))
	author.Wait("宛先：1名")
	if s := h.campaigns(t)[0].Spec; len(s.Steps) != 1 || s.Steps[0].After != 168*time.Hour || s.Evergreen {
		t.Fatalf("after the edit %s", s.JSON())
	}
}
