package handlers_test

import (
	"akari/bot"
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"akari/bot/playground"
	"akari/bot/playground/playgroundtest"
	"akari/bot/slack/slacktest"
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
	said(t, []string{author.Wait("対象ではありません")}, "× 代理店 p-aoba", "× ランク gold")
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

// In Slack the form is a modal, and what comes of it lies in the author's direct
// messages: the strict double takes every call.
func TestACampaignIsComposedInSlack(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.clocks(t)
	w.call.Command("U0ITO", "C0AOBA", "/campaign", "")
	var view slacktest.View
	wait(t, "the modal", func() bool {
		if vs := w.slack.Views(); len(vs) > 0 {
			view = vs[len(vs)-1]
		}
		return view.ID != ""
	})
	if got := w.call.Load("U0ITO", view.ID, "campaign.partners", "青葉"); !strings.Contains(string(got.Body), "p-aoba") {
		t.Errorf("the partners to choose from: %s", got.Body)
	}
	values := map[string]any{"class": "confirm", "title": "新価格表", "text_ja": "**新しい**価格表です。", "to": "people", "ack": "everyone"}
	if got := w.call.Submit("U0ITO", view.ID, values); !strings.Contains(string(got.Body), `"everyone"`) {
		t.Fatalf("nothing was said about the recipients: %s", got.Body)
	}
	values["partners"] = []string{"p-minami"}
	if got := w.call.Submit("U0ITO", view.ID, values); !got.OK() || len(got.Body) != 0 {
		t.Fatalf("the form stays open: %s", got.Body)
	}
	direct := func(part string) bool {
		for _, m := range w.slack.Messages(w.slack.DirectRoom("U0ITO")) {
			if strings.Contains(string(m.Blocks), part) {
				return true
			}
		}
		return false
	}
	wait(t, "the preview and the card", func() bool { return direct("見え方") && direct("配信する") })
	for _, m := range w.slack.Messages("C0AOBA") {
		if strings.Contains(string(m.Blocks)+m.Text, "新価格表") && m.Ephemeral == "" {
			t.Errorf("partners read along: %s", m.Blocks)
		}
	}
	for _, m := range w.slack.Messages(w.slack.DirectRoom("U0ITO")) {
		if strings.Contains(string(m.Blocks), "配信する") {
			w.call.Press("U0ITO", w.slack.DirectRoom("U0ITO"), m.TS, "配信する")
			w.call.Press("U0ITO", w.slack.DirectRoom("U0ITO"), m.TS, "配信する")
			break
		}
	}
	wait(t, "the board", func() bool {
		for _, m := range w.slack.Messages("C0STAFF") {
			if strings.Contains(string(m.Blocks), "【配信 1】新価格表") && strings.Contains(string(m.Blocks), "配信完了") {
				return true
			}
		}
		return false
	})
	boards := 0
	for _, m := range w.slack.Messages("C0STAFF") {
		if strings.Contains(string(m.Blocks), "【配信 1】") {
			boards++
		}
	}
	if boards != 1 {
		t.Errorf("there are %d boards", boards)
	}
}

// A modal that is closed loses nothing: what stood in it is in the list, and comes
// back.
func TestAClosedModalLosesNothing(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.call.Command("U0ITO", "C0STAFF", "/campaign", "")
	newest := func() (v slacktest.View) {
		if vs := w.slack.Views(); len(vs) > 0 {
			return vs[len(vs)-1]
		}
		return v
	}
	wait(t, "the modal", func() bool { return newest().ID != "" })
	first := newest()
	typed := w.call.Submission("U0ITO", first, map[string]any{"title": "秋の施策", "partners": []string{"p-aoba"}, "to": "rooms"})
	typed["type"] = "block_actions"
	typed["container"] = map[string]any{"type": "view", "view_id": first.ID}
	typed["actions"] = []any{map[string]any{"type": "plain_text_input", "block_id": "title", "action_id": "title", "value": "秋の施策", "action_ts": "1790000001.000100"}}
	before := w.inbounds(t)
	if got := w.call.Interact(typed); !got.OK() {
		t.Fatalf("Slack was answered %d %s", got.Status, got.Body)
	}
	for outcome, n := range w.inbounds(t) {
		if n != before[outcome] {
			t.Errorf("typing is on record: %s", outcome)
		}
	}
	w.call.Command("U0ITO", "C0STAFF", "/campaign", "list")
	var list slacktest.Message
	wait(t, "the list", func() bool {
		for _, m := range w.slack.Messages("C0STAFF") {
			if m.Ephemeral == "U0ITO" && strings.Contains(string(m.Blocks), "秋の施策") {
				list = m
			}
		}
		return list.TS != ""
	})
	w.call.Press("U0ITO", "C0STAFF", list.TS, "書きかけ1の続き")
	wait(t, "the form again", func() bool { return newest().ID != first.ID })
	for _, part := range []string{`"initial_value":"秋の施策"`, `"text":"青葉商事"`, `"value":"rooms"`} {
		if !strings.Contains(string(newest().Raw), part) {
			t.Errorf("the form came back without %s:\n%s", part, newest().Raw)
		}
	}
}

// A rep's own message shows what they confirmed, with a way back for five minutes.
func TestACampaignsMessageShowsWhatItsReaderConfirmed(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		w := newWorld(t, driver)
		w.clocks(t)
		err := w.mind.CampaignAct(context.Background(), "s-ito", func(a *handlers.Campaigning) error {
			c, _, err := a.Create(models.Spec{Title: "新価格表", Weight: models.WeightConfirm, Text: models.LangText{"ja": "ご確認ください。"}, Materials: []string{"guide"}, To: models.ToPeople,
				Audience: models.Rule{People: []string{"aoba-01"}}, Ack: &models.AckRule{Rule: models.AckEveryone}}, "")
			if err == nil {
				_, _, err = a.Launch(c.ID)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		letter := func() (m slacktest.Message) {
			for _, x := range w.slack.Messages(w.slack.DirectRoom("U0TANAKA")) {
				if strings.Contains(x.Text, "新価格表") {
					m = x
				}
			}
			return m
		}
		shows := func(what string, parts ...string) {
			t.Helper()
			wait(t, what, func() bool {
				b := string(letter().Blocks)
				for _, p := range parts {
					if strings.HasPrefix(p, "-") == strings.Contains(b, strings.TrimPrefix(p, "-")) {
						return false
					}
				}
				return b != ""
			})
		}
		press := func(label string) { w.call.Press("U0TANAKA", w.slack.DirectRoom("U0TANAKA"), letter().TS, label) }
		shows("the message", "内容を確認しました", `"開く"`)
		link := linkIn(string(letter().Blocks))
		press("内容を確認しました")
		shows("what was confirmed", "✓ 確認済み", "取り消す(確認)", `"開く"`, "-内容を確認しました\"")
		if got := linkIn(string(letter().Blocks)); got != link || link == "" {
			t.Errorf("the link is %q, it was %q", got, link)
		}
		press("取り消す(確認)")
		shows("the message as it was", "内容を確認しました\"", "-✓ 確認済み", "-取り消す(確認)")
		if acked := w.acked(t); acked != 0 {
			t.Errorf("the table has %d who confirmed", acked)
		}
		press("内容を確認しました")
		shows("what was confirmed", "✓ 確認済み", "取り消す(確認)")
		w.ahead.Store(int64(models.UndoFor + time.Second))
		shows("what stays", "✓ 確認済み", "-取り消す(確認)")
		same(t, "acknowledgements", w.marks(t, "acks"), "-aoba-01 guide@2", "aoba-01 guide@2")
		if acked := w.acked(t); acked != 1 {
			t.Errorf("the table has %d who confirmed", acked)
		}
	})
}

// acked is how many rows of the first campaign's table have a time of confirming.
func (h *house) acked(t *testing.T) (n int) {
	t.Helper()
	var b bytes.Buffer
	if err := h.mind.WriteCampaign(context.Background(), &b, "csv", 1); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.String(), "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.Index(rows[0], "acknowledged_at")
	for _, row := range rows[1:] {
		if row[at] != "" {
			n++
		}
	}
	return n
}

// linkIn is the personal link that stands in some blocks.
func linkIn(blocks string) string {
	_, rest, _ := strings.Cut(blocks, "https://akari.test/v/")
	link, _, _ := strings.Cut(rest, `"`)
	return link
}

// What a member writes in the thread of a campaign reaches its owner: a question as a
// gap that waits for them, a word of thanks as no more than that, and what the FAQ
// knows is answered at once.
func TestARepliesReachTheCampaignsOwner(t *testing.T) {
	h := newHouse(t, "sqlite")
	h.clocks(t)
	err := h.mind.CampaignAct(context.Background(), "s-sato", func(a *handlers.Campaigning) error {
		c, _, err := a.Create(models.Spec{Title: "新価格表", Weight: models.WeightInfo, Text: models.LangText{"ja": "ご覧ください。"}, To: models.ToPeople, Audience: models.Rule{Partners: []string{"p-minami"}}}, "")
		if err == nil {
			_, _, err = a.Launch(c.ID)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	rep, owner := h.As("minami-01").In("direct-minami-01"), h.As("s-sato").In("direct-s-sato")
	rep.Wait("新価格表")
	rep.Reply("新価格表", "ありがとうございます！")
	rep.Wait("担当者に伝えました")
	said(t, []string{owner.Wait("返信がありました")}, "南海システム 森川様：「ありがとうございます！」", "新価格表")
	rep.Reply("新価格表", "商談登録の有効期限は何日ですか")
	rep.Wait("90日間")
	said(t, []string{owner.Wait("有効期限は何日")}, "FAQの回答をお返ししました")
	rep.Reply("新価格表", "海外拠点にもこの価格で売ってよいですか？")
	rep.Wait("承りました")
	said(t, []string{owner.Wait("海外拠点にも")}, "配信「新価格表」への返信です", "未回答の質問")
	owner.Press("回答する")
	taken(t, owner.Submit(map[string]string{"answer": "はい、同じ価格です。"}))
	said(t, []string{rep.Wait("同じ価格です")}, "海外拠点にも")
	if n := h.events(t); n["replied"] != 1 || n["asked"] != 1 || n["escalated"] != 1 || n["gap_answered"] != 1 {
		t.Errorf("the log says %v", n)
	}
}

// Who has lost their account since the last look launches nothing: facts about those
// who act are at most ten minutes old.
func TestWhoLostTheirAccountLaunchesNothing(t *testing.T) {
	w := newWorld(t, "sqlite")
	err := w.mind.CampaignAct(context.Background(), "s-ito", func(a *handlers.Campaigning) error {
		_, _, err := a.Create(models.Spec{Title: "新価格表", Weight: models.WeightInfo, Text: models.LangText{"ja": "ご覧ください。"}, To: models.ToPeople, Audience: models.Rule{Partners: []string{"p-minami"}}}, "")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	launch := func(n int) {
		in := bot.Inbound{Key: fmt.Sprint("launch:", n), Kind: bot.Pressed, Name: "campaign.launch", Args: url.Values{"c": {"1"}, "v": {"1"}}, Time: w.now(),
			From: bot.Identity{Platform: "slack", Connection: "slack", User: "U0ITO"}, At: bot.Address{Platform: "slack", Connection: "slack", Room: "D0ITO", User: "U0ITO", Direct: true}}
		if _, err := w.mind.Receive(context.Background(), in); err != nil {
			t.Fatal(err)
		}
	}
	launch(1) // nothing is known of the account yet: it is looked up first
	wait(t, "the launch", func() bool { return w.campaigns(t)[0].State == models.CampaignScheduled })
	if err := w.mind.CampaignAct(context.Background(), "s-ito", func(a *handlers.Campaigning) error { _, _, err := a.Pause(1); return err }); err != nil {
		t.Fatal(err)
	}
	w.slack.AddUser(slacktest.User{ID: "U0ITO", Name: "ito", Deleted: true})
	w.ahead.Store(int64(11 * time.Minute))
	before := w.inbounds(t)
	resume := bot.Inbound{Key: "resume:1", Kind: bot.Pressed, Name: "campaign.resume", Args: url.Values{"c": {"1"}}, Time: w.now(),
		From: bot.Identity{Platform: "slack", Connection: "slack", User: "U0ITO"}, At: bot.Address{Platform: "slack", Connection: "slack", Room: "D0ITO", User: "U0ITO", Direct: true}}
	if _, err := w.mind.Receive(context.Background(), resume); err != nil {
		t.Fatal(err)
	}
	wait(t, "the refusal", func() bool { return w.inbounds(t)["unknown_person"] == before["unknown_person"]+1 })
	if c := w.campaigns(t)[0]; c.State != models.CampaignPaused {
		t.Fatalf("the campaign is %s", c.State)
	}
}

// On LINE WORKS the form is our page: the same fields, the same refusals, the same
// card, and what was typed is kept.
func TestACampaignIsComposedOnThePage(t *testing.T) {
	w := newWorld(t, "sqlite")
	page := w.askPage(t)
	arrived := func(part string) bool { return w.toWorks(part) != "" }
	post := func(path string, values url.Values) (int, string) {
		t.Helper()
		r, err := http.PostForm(w.url+"/f/"+page+path, values)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(b)
	}
	values := url.Values{"class": {"confirm"}, "title": {"秋の<施策>"}, "text_ja": {strings.Repeat("長い文です。", 700)}, "to": {"people"}, "partners": {"p-minami"}, "silent": {"x"}}
	if status, body := post("/keep", values); status != http.StatusNoContent {
		t.Fatalf("keeping: %d %s", status, body)
	}
	r, err := http.Get(w.url + "/f/" + page)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r.Body)
	r.Body.Close()
	if err != nil || !strings.Contains(string(b), "秋の&lt;施策&gt;") || !strings.Contains(string(b), `value="p-minami" checked`) || !strings.Contains(string(b), strings.Repeat("長い文です。", 700)) {
		t.Fatalf("what was kept does not come back: %s %v", b, err)
	}
	if status, body := post("", values); status != http.StatusUnprocessableEntity || !strings.Contains(body, "1から3650まで") || !strings.Contains(body, "秋の&lt;施策&gt;") {
		t.Fatalf("%d %s", status, body)
	}
	values.Set("silent", "")
	if status, body := post("", values); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	wait(t, "the card", func() bool { return arrived("配信する") })
	if c := w.campaigns(t)[0]; c.Title != "秋の<施策>" || len([]rune(c.Spec.Text["ja"])) != 4200 {
		t.Fatalf("%q, %d characters", c.Title, len([]rune(c.Spec.Text["ja"])))
	}
	if bad := w.works.Violations(); len(bad) > 0 {
		t.Fatal(bad)
	}
}

// A campaign is taken back from its card; what came of it is told.
func TestACampaignIsTakenBackInChat(t *testing.T) {
	h := newHouse(t, "sqlite")
	h.clocks(t)
	author := h.As("s-sato").In("direct-s-sato")
	author.Command("campaign", "")
	taken(t, author.SubmitAll(with(news, map[string][]string{"everyone": nil, "partners": {"南海システム"}})))
	author.Press("配信する")
	rep := h.As("minami-01").In("direct-minami-01")
	rep.Wait("新価格表のご案内")
	author.Command("campaign", "1")
	author.Press("取り下げ・訂正")
	taken(t, author.Submit(map[string]string{"text_ja": "日付に誤りがありました。"}))
	said(t, []string{author.Wait("取り下げました。")}, "訂正・お知らせ1件")
	said(t, []string{rep.Wait("の訂正です")}, "日付に誤りがありました。")
	author.Press("取り下げ・訂正")
	taken(t, author.Submit(map[string]string{"text_ja": "もう一度"}))
	author.Wait("すでに取り下げました")
}

// toWorks is the newest message to the staff member on LINE WORKS with this in it.
func (w *world) toWorks(part string) (body string) {
	for _, s := range w.works.Sent() {
		if s.User == "works-ito" && strings.Contains(string(s.Body), part) {
			body = string(s.Body)
		}
	}
	return body
}

// askPage says キャンペーン on LINE WORKS and answers the token of the form's page.
func (w *world) askPage(t *testing.T) string {
	t.Helper()
	ask := bot.Inbound{Key: "page:1", Kind: bot.Said, Via: bot.Direct, Text: "キャンペーン", Time: w.now(), From: bot.Identity{Platform: "lineworks", Connection: "vendor", User: "works-ito"},
		At: bot.Address{Platform: "lineworks", Connection: "vendor", User: "works-ito", Direct: true}}
	if _, err := w.mind.Receive(context.Background(), ask); err != nil {
		t.Fatal(err)
	}
	wait(t, "the link to the form", func() bool { return w.toWorks("https://akari.test/f/") != "" })
	_, rest, _ := strings.Cut(w.toWorks("https://akari.test/f/"), "https://akari.test/f/")
	token, _, _ := strings.Cut(rest, `"`)
	return token
}

// What a campaign said before it was edited may be composed anew; what it says now is
// it.
func TestAnEditedCampaignIsRecognisedByWhatItSaysNow(t *testing.T) {
	h := newHouse(t, "sqlite")
	author := h.As("s-sato").In("direct-s-sato")
	compose := func(title string) {
		t.Helper()
		author.Command("campaign", "")
		taken(t, author.SubmitAll(with(news, map[string][]string{"title": {title}})))
		author.Wait("宛先：3名")
	}
	compose("はじめ")
	author.Press("内容を直す")
	taken(t, author.SubmitAll(map[string][]string{"title": {"あと"}}))
	author.Wait("あと(要確認)")
	compose("あと")
	if cs := h.campaigns(t); len(cs) != 1 {
		t.Fatalf("there are %d campaigns", len(cs))
	}
	compose("はじめ")
	if cs := h.campaigns(t); len(cs) != 2 {
		t.Fatalf("there are %d campaigns", len(cs))
	}
}

// Who is in doubt is listed one by one, and a person alone sends again.
func TestADoubtfulRecipientIsListedAndSentToAgain(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		h.clocks(t)
		author := h.As("s-sato").In("direct-s-sato")
		author.Command("campaign", "")
		taken(t, author.SubmitAll(with(news, map[string][]string{"everyone": nil, "partners": {"南海システム"}})))
		author.Press("配信する")
		rep := h.As("minami-01").In("direct-minami-01")
		rep.Wait("新価格表のご案内")
		wait(t, "the end", func() bool { return h.campaigns(t)[0].State == models.CampaignFinished })
		if _, err := modelstest.Raw(t, h.driver, h.dsn).Exec("UPDATE deliveries SET state = 'held', error_code = 'in_doubt' WHERE campaign_id = 1"); err != nil {
			t.Fatal(err)
		}
		author.Command("campaign", "1")
		said(t, []string{author.Wait("確かめていただきたい宛先")}, "1. 南海システム 森川", "届いたか不明")
		author.Press("1に再送")
		author.Wait("もう一度送ります")
		wait(t, "the second message", func() bool {
			return strings.Count(strings.Join(rep.All(), "\n"), "【要確認】新価格表のご案内") == 2
		})
		author.Press("1に再送") // on the card that is overtaken by now
		author.Wait("再送できる状態ではありません")
	})
}

// A preview that takes longer to count than a form may stay open follows in a moment.
func TestALargePreviewFollows(t *testing.T) {
	var many strings.Builder
	many.WriteString(people)
	many.WriteString("  - {key: p-many, name: 多数商会, owner: s-ito, people: [")
	for i := range 2001 {
		fmt.Fprintf(&many, "{key: many-%04d, name: 人%d, role: rep}, ", i, i)
	}
	many.WriteString("]}\n")
	play := playground.New(playground.Options{Personas: func(context.Context) ([]playground.Persona, error) { return cast(), nil }})
	h := open(t, "sqlite", many.String(), func(mux *http.ServeMux) { mux.Handle("/play/", play.Pages()) }, play)
	t.Cleanup(play.Close)
	h.Client = playgroundtest.New(t, h.url)
	author := h.As("s-sato").In("direct-s-sato")
	author.Command("campaign", "")
	taken(t, author.SubmitAll(news))
	author.Wait("宛先は2004件です")
	unsaid(t, author.All(), "▼ 見え方")
	for range 2 { // another process looks too
		if err := h.mind.TickBoards(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	author.Wait("宛先：2004名(3社)")
	if n := strings.Count(strings.Join(author.All(), "\n"), "宛先：2004名"); n != 1 {
		t.Errorf("the card came %d times", n)
	}
}
