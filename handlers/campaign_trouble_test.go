package handlers_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"akari/bot"
	"akari/bot/playground"
	"akari/bot/playground/playgroundtest"
	"akari/bot/slack/slacktest"
	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

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
		d := h.enter(t, "s-sato")
		page := d.see("/staff/campaigns/1")
		for _, want := range []string{`<progress max="1" value="1"`, "1件中 1件が終わりました", "南海システム 森川", "保留", "届いていなければ、チャットで「キャンペーン 1」と送り", "終了日時"} {
			if !strings.Contains(page, want) {
				t.Errorf("the staff page lacks %q", want)
			}
		}
		var same bytes.Buffer
		if err := h.mind.WriteCampaign(t.Context(), &same, "csv", 1); err != nil {
			t.Fatal(err)
		}
		if file := d.see("/staff/campaigns/1?format=csv&block=report"); file != same.String() || !strings.Contains(file, "held,in_doubt") {
			t.Errorf("the file is\n%s, want\n%s", file, same.String())
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
