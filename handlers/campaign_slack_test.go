package handlers_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"time"

	"akari/bot/slack/slacktest"
	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

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
	var first slacktest.View
	another := func() (v slacktest.View) { // than the first
		for _, x := range w.slack.Views() {
			if x.ID != first.ID {
				v = x
			}
		}
		return v
	}
	wait(t, "the modal", func() bool { return another().ID != "" })
	first = another()
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
	wait(t, "the form again", func() bool { return another().ID != "" })
	for _, part := range []string{`"initial_value":"秋の施策"`, `"text":"青葉商事"`, `"value":"rooms"`} {
		if !strings.Contains(string(another().Raw), part) {
			t.Errorf("the form came back without %s:\n%s", part, another().Raw)
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
	if rows := modelstest.Table(t, h.driver, h.dsn, "SELECT kind FROM texts WHERE kind IN ('question', 'reply') AND message_hash IS NULL"); len(rows) > 0 {
		t.Errorf("taking the message back would not find %v", rows)
	}
}
