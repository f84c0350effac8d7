package handlers_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"akari/bot"
	"akari/bot/line"
	"akari/bot/line/linetest"
	"akari/bot/lineworks"
	"akari/bot/lineworks/lineworkstest"
	"akari/bot/slack"
	"akari/bot/slack/slacktest"
	"akari/models"
	"akari/models/modelstest"
)

// The people of a world with all three chat networks. S is the LINE user of 田中.
const worldPeople = `
staff:
  - {key: s-ito, name: 伊藤, department: パートナー営業部, roles: [admin, sender, approver], accounts: [{platform: slack, org: T0VENDOR, user: U0ITO}, {platform: lineworks, connection: vendor, user: works-ito}]}
  - {key: s-kato, name: 加藤, department: 研修部, accounts: [{platform: slack, org: T0VENDOR, user: U0KATO}]}
partners:
  - key: p-aoba
    name: 青葉商事
    tier: gold
    owner: s-ito
    slack_orgs: [T0AOBA, E0AOBA]
    rooms: [{platform: slack, id: C0AOBA, kind: shared}, {platform: slack, id: C0MIXED, kind: shared}]
    people:
      - {key: aoba-01, name: 田中, role: rep, accounts: [{platform: slack, org: T0AOBA, user: U0TANAKA}, {platform: line, connection: line, user: U%032x}]}
      - {key: aoba-liar, name: 偽, role: rep, accounts: [{platform: slack, org: T0AOBA, user: U0LIAR}]}
  - {key: p-minami, name: 南海システム, tier: silver, owner: s-ito, slack_orgs: [T0MINAMI], people: [{key: minami-01, name: 森川, role: rep, accounts: [{platform: slack, org: T0MINAMI, user: U0MINAMI}]}]}
`

type world struct {
	*house
	slack *slacktest.Server
	call  *slacktest.Caller
	works *lineworkstest.Double
	aoba  *lineworkstest.Bot
	ours  *lineworkstest.Bot // the vendor's
	line  *linetest.Server
}

// newWorld is a house with strict doubles of Slack, LINE WORKS and LINE.
func newWorld(t *testing.T, driver string) *world {
	t.Helper()
	return newWorldOn(t, driver, knowledgeDir(t))
}

// newWorldOn is newWorld with the content of a folder.
func newWorldOn(t *testing.T, driver, dir string) *world {
	t.Helper()
	w := &world{slack: slacktest.New(t, slacktest.Options{}), works: lineworkstest.New(lineworkstest.Options{}), aoba: lineworkstest.NewBot("aoba"), line: linetest.Start(linetest.Options{})}
	server := httptest.NewServer(w.works)
	t.Cleanup(server.Close)
	t.Cleanup(w.works.Close)
	t.Cleanup(w.line.Close)
	vendor := lineworkstest.NewBot("vendor")
	vendor.Users = map[string]lineworkstest.User{"works-ito": {Last: "伊藤", First: "健一", Email: "ito@vendor.example"}}
	w.works.Add(w.aoba, vendor)
	w.ours = vendor
	w.line.AddUser(linetest.UserID(1), "田中")
	w.line.AddUser(linetest.UserID(2), "新人")
	for _, u := range []slacktest.User{
		{ID: "U0ITO", Name: "ito"}, {ID: "U0KATO", Name: "kato"}, {ID: "U0GUEST", Name: "guest", Restricted: true},
		{ID: "U0TANAKA", TeamID: "T0AOBA", Name: "tanaka"}, {ID: "U0NEW", TeamID: "T0AOBA", Name: "new"},
		{ID: "U0LIAR", TeamID: "T0MINAMI", Name: "liar"}, {ID: "U0MINAMI", TeamID: "T0MINAMI", Name: "morikawa"},
		{ID: "U0STRANGER", TeamID: "T0OTHER", Name: "stranger"}, {ID: "U0SHUT", TeamID: "T0AOBA", Name: "shut", DMClosed: true},
	} {
		w.slack.AddUser(u)
	}
	everyone := []string{"U0BOT", "U0ITO", "U0KATO", "U0TANAKA", "U0NEW", "U0LIAR", "U0MINAMI", "U0STRANGER", "U0SHUT", "U0GUEST"}
	w.slack.AddChannel(slacktest.Channel{ID: "C0AOBA", Name: "aoba", Members: everyone, ExtShared: true, ConnectedTeams: []string{"T0VENDOR", "T0AOBA"}})
	w.slack.AddChannel(slacktest.Channel{ID: "C0MIXED", Name: "mixed", Members: everyone, ExtShared: true, ConnectedTeams: []string{"T0VENDOR", "T0AOBA", "T0MINAMI"}})
	w.slack.AddChannel(slacktest.Channel{ID: "C0NEW", Name: "new-room", Members: everyone, ExtShared: true, ConnectedTeams: []string{"T0VENDOR", "T0AOBA"}})
	w.slack.AddChannel(slacktest.Channel{ID: "C0STAFF", Name: "staff", Members: everyone})
	w.house = openOn(t, driver, fmt.Sprintf(worldPeople, 1), dir, nil, w.platforms(t, vendor)...)
	w.call = w.slack.Caller(w.url)
	w.mapStaffRoom(t)
	return w
}

func (w *world) platforms(t *testing.T, vendor *lineworkstest.Bot) []bot.Platform {
	t.Helper()
	s, err := slack.New(slack.Options{AppID: w.slack.AppID, OrgIDs: []string{"T0VENDOR"}, BotToken: w.slack.BotToken, SigningSecrets: []string{w.slack.SigningSecret},
		APIURL: w.slack.APIURL, AllowInsecure: true, AllowTestHosts: true, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	connection := func(b *lineworkstest.Bot, key, side, partner string) lineworks.Connection {
		return lineworks.Connection{Key: key, Side: side, Partner: partner, ClientID: b.ClientID, ClientSecret: b.ClientSecret, ServiceAccount: b.ServiceAccount,
			PrivateKey: lineworkstest.PrivateKey(), BotID: b.ID, BotName: "あかり", BotSecrets: []string{b.Secret}}
	}
	base := httptest.NewServer(w.works)
	t.Cleanup(base.Close)
	lw, err := lineworks.New(lineworks.Options{APIURL: base.URL + lineworkstest.APIPath, AuthURL: base.URL + lineworkstest.TokenPath, AllowInsecure: true, Now: time.Now,
		Connections: []lineworks.Connection{connection(w.aoba, "aoba", "partner", "p-aoba"), connection(vendor, "vendor", "vendor", "")}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := line.New(line.Options{ChannelID: "2000000001", ChannelSecrets: []string{"line-secret"}, APIURL: w.line.URL, DataAPIURL: w.line.URL, AllowInsecure: true, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return []bot.Platform{s, lw, l}
}

func (w *world) mapStaffRoom(t *testing.T) {
	t.Helper()
	err := w.store.InTx(context.Background(), func(tx *models.Tx) error {
		room, err := tx.AddRoom(bot.Address{Platform: "slack", Connection: "slack", Room: "C0STAFF"})
		if err != nil {
			return err
		}
		return tx.MapRoom(room.ID, models.ID{})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// wait waits until ok, or fails the test saying what was missing.
func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

// post is the newest message of a room whose text contains part; "" = any.
func (w *world) post(t *testing.T, room, part string) slacktest.Message {
	t.Helper()
	var found slacktest.Message
	wait(t, fmt.Sprintf("%q in %s", part, room), func() bool {
		for _, m := range w.slack.Messages(room) {
			if m.BotID != "" && strings.Contains(m.Text, part) {
				found = m
			}
		}
		return found.TS != ""
	})
	return found
}

func (w *world) posts(room string) (n int) {
	for _, m := range w.slack.Messages(room) {
		if m.BotID != "" {
			n++
		}
	}
	return n
}

// inbounds counts what the log says became of the inbounds.
func (h *house) inbounds(t testing.TB) map[string]int {
	t.Helper()
	var out map[string]int
	err := h.store.View(context.Background(), func(tx *models.Tx) (err error) {
		out, err = tx.CountInbounds()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAnExternalMentionGetsOneThreadedAnswer(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		w := newWorld(t, driver)
		mention, message := w.call.Mention("C0AOBA", "U0TANAKA", "<@U0BOT> 商談登録の有効期限は？", "")
		if !mention.OK() || !message.OK() {
			t.Fatal(mention, message)
		}
		again := w.call.Again(mention, 1)
		if !again.OK() {
			t.Fatal(again)
		}
		answer := w.post(t, "C0AOBA", "90日間")
		if answer.ThreadTS != mention.TS {
			t.Fatalf("the answer is in thread %q, the question was %q", answer.ThreadTS, mention.TS)
		}
		// A reply in the thread needs no mention; other chatter gets no answer.
		w.call.Say("C0AOBA", "U0TANAKA", "トライアル環境の申し込み方法は？", mention.TS)
		w.post(t, "C0AOBA", "申込フォーム")
		w.call.Say("C0AOBA", "U0TANAKA", "今日は暑いですね", "")
		time.Sleep(300 * time.Millisecond)
		if n := w.posts("C0AOBA"); n != 2 {
			t.Fatalf("%d messages in the room, want 2", n)
		}
		if n := w.events(t); n["asked"] != 2 || n["answered"] != 2 {
			t.Fatalf("the log says %v", n)
		}
		if n := w.inbounds(t); n["handled"] != 2 || n["ignored"] != 1 {
			t.Fatalf("the inbounds are %v", n)
		}
	})
}

func TestAMaterialGoesPrivatelyToWhoPressed(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.call.Mention("C0AOBA", "U0TANAKA", "<@U0BOT> 商談登録の有効期限は？", "")
	answer := w.post(t, "C0AOBA", "90日間")
	if sent := w.call.Press("U0TANAKA", "C0AOBA", answer.TS, "資料"); !sent.OK() || len(sent.Body) != 0 {
		t.Fatal(sent.Status, string(sent.Body))
	}
	wait(t, "the direct room", func() bool { return w.slack.DirectRoom("U0TANAKA") != "" })
	card := w.post(t, w.slack.DirectRoom("U0TANAKA"), "商談登録ガイド")
	if !strings.Contains(string(card.Blocks), "https://akari.test/v/") {
		t.Fatalf("no personal link in %s", card.Blocks)
	}
	hint := w.post(t, "C0AOBA", "DMにお送りしました")
	if hint.Ephemeral != "U0TANAKA" || strings.Contains(string(hint.Blocks), "/v/") {
		t.Fatalf("the hint is %+v", hint)
	}
	for _, m := range w.slack.Messages("C0AOBA") {
		if m.Ephemeral == "" && strings.Contains(string(m.Blocks)+m.Text, "/v/") {
			t.Fatal("a personal link stands in the shared room")
		}
	}
}

func TestARefusedDirectMessageFallsBackToAnEphemeral(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.call.Mention("C0AOBA", "U0SHUT", "<@U0BOT> 商談登録の有効期限は？", "")
	answer := w.post(t, "C0AOBA", "90日間")
	w.call.Press("U0SHUT", "C0AOBA", answer.TS, "資料")
	wait(t, "the ephemeral with the link", func() bool {
		for _, m := range w.slack.Messages("C0AOBA") {
			if m.Ephemeral == "U0SHUT" && strings.Contains(string(m.Blocks), "/v/") {
				return true
			}
		}
		return false
	})
}

func TestWhoIsNotCertainGetsNothing(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.call.Mention("C0AOBA", "U0LIAR", "<@U0BOT> 商談登録の有効期限は？", "")     // the seed says Aoba, Slack says Minami
	w.call.Mention("C0AOBA", "U0STRANGER", "<@U0BOT> 商談登録の有効期限は？", "") // nobody's organisation
	w.call.Direct("U0STRANGER", "価格表ください")                             //
	w.call.Command("U0GUEST", "C0STAFF", "/akari", "gaps")             // a guest inside the vendor's workspace
	w.call.Command("U0TANAKA", "C0AOBA", "/akari", "gaps")             // an outsider
	wait(t, "all of it on record", func() bool { n := w.inbounds(t); return n["unknown_person"] >= 4 && n["waiting"] == 0 })
	time.Sleep(300 * time.Millisecond)
	if n := w.posts("C0AOBA"); n > 1 { // at most the private refusal to the outsider
		t.Fatalf("%d messages were posted: %+v", n, w.slack.Messages("C0AOBA"))
	}
	for _, m := range append(w.slack.Messages("C0AOBA"), w.slack.Messages("C0STAFF")...) {
		if m.BotID != "" && (strings.Contains(m.Text, "90日") || strings.Contains(m.Text, "未回答の質問")) {
			t.Fatalf("content went out: %q", m.Text)
		}
	}
}

func TestANewColleagueIsAMemberAtOnce(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.call.Mention("C0AOBA", "U0NEW", "<@U0BOT> ゴールド代理店の特別値引率は？", "")
	w.post(t, "C0AOBA", "25%")
}

func TestARoomOfTwoOrganisationsHearsOnlyWhatEverybodyMayKnow(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.call.Mention("C0MIXED", "U0TANAKA", "<@U0BOT> ゴールド代理店の特別値引率は？", "")
	w.call.Mention("C0MIXED", "U0TANAKA", "<@U0BOT> 商談登録の有効期限は？", "")
	w.post(t, "C0MIXED", "90日間")
	for _, m := range w.slack.Messages("C0MIXED") {
		if strings.Contains(m.Text, "25%") {
			t.Fatal("the other organisation reads a gold partner's discount")
		}
	}
}

// What the platform answered before a room was shared says nothing about who reads it now.
func TestARoomIsSharedWhileTheFactAboutItIsOnItsWay(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		w := newWorld(t, driver)
		w.slack.Fail(slacktest.Fault{Method: "conversations.info", Meanwhile: func() {
			w.slack.AddChannel(slacktest.Channel{ID: "C0AOBA", Name: "aoba", Members: []string{"U0BOT", "U0TANAKA", "U0MINAMI"}, ExtShared: true, ConnectedTeams: []string{"T0VENDOR", "T0AOBA", "T0MINAMI"}})
			if sent := w.call.Event(map[string]any{"type": "channel_shared", "channel": "C0AOBA", "connected_team_id": "T0MINAMI"}, "U0ITO"); !sent.OK() {
				t.Error(sent.Status)
			}
		}})
		w.call.Mention("C0AOBA", "U0TANAKA", "<@U0BOT> ゴールド代理店の特別値引率は？", "")
		if answer := w.post(t, "C0AOBA", ""); strings.Contains(answer.Text, "25%") {
			t.Fatal("the other organisation reads a gold partner's discount")
		}
	})
}

// A room of staff that another organisation was invited into is no place any more for
// what staff alone may know.
func TestARoomOfStaffThatOutsidersReadIsToldNothing(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.slack.AddChannel(slacktest.Channel{ID: "C0STAFF", Name: "staff", Members: []string{"U0BOT", "U0ITO", "U0KATO", "U0MINAMI"}, ExtShared: true, ConnectedTeams: []string{"T0VENDOR", "T0MINAMI"}})
	w.call.Event(map[string]any{"type": "channel_shared", "channel": "C0STAFF", "connected_team_id": "T0MINAMI"}, "U0ITO")
	wait(t, "what Slack says of the room", func() bool {
		return strings.Contains(modelstest.Table(t, w.driver, w.dsn, "SELECT fact FROM rooms WHERE room = 'C0STAFF'")[0]["fact"], "T0MINAMI")
	})
	w.call.Mention("C0STAFF", "U0ITO", "<@U0BOT> ゴールド代理店の特別値引率は？", "")
	w.call.Mention("C0AOBA", "U0TANAKA", "<@U0BOT> 海外拠点でも契約書の原本は必要でしょうか", "")
	none := w.post(t, "C0AOBA", "見つかりませんでした")
	w.call.Press("U0TANAKA", "C0AOBA", none.TS, "担当者に聞く")
	wait(t, "the question in the administrator's one-to-one talk", func() bool {
		return slices.ContainsFunc(w.works.Sent(), func(s lineworkstest.Sent) bool {
			return s.User == "works-ito" && strings.Contains(string(s.Body), "海外拠点")
		})
	})
	w.call.Mention("C0STAFF", "U0ITO", "<@U0BOT> 未回答", "")
	w.call.Mention("C0STAFF", "U0ITO", "<@U0BOT> 学習候補", "")
	wait(t, "all of it on record", func() bool { return w.inbounds(t)["unmapped_room"] == 3 })
	time.Sleep(300 * time.Millisecond)
	for _, m := range w.slack.Messages("C0STAFF") {
		if m.BotID != "" && m.Ephemeral == "" && (strings.Contains(m.Text, "25%") || strings.Contains(m.Text, "海外拠点")) {
			t.Errorf("another partner reads %q", m.Text)
		}
	}
}

// What a member of staff asked is answered where they asked, as everybody's question.
func TestStaffAreToldTheAnswerToTheirOwnQuestion(t *testing.T) {
	for _, room := range []string{"C0STAFF", "C0AOBA"} {
		t.Run(room, func(t *testing.T) {
			w := newWorld(t, "sqlite")
			mention, _ := w.call.Mention(room, "U0KATO", "<@U0BOT> 海外拠点でも契約書の原本は必要でしょうか", "")
			none := w.post(t, room, "見つかりませんでした")
			w.call.Press("U0KATO", room, none.TS, "担当者に聞く")
			notice := w.post(t, "C0STAFF", "海外拠点")
			w.call.Press("U0ITO", "C0STAFF", notice.TS, "回答する")
			wait(t, "the form", func() bool { return len(w.slack.Views()) == 1 })
			if sent := w.call.Submit("U0ITO", w.slack.Views()[0].ID, map[string]any{"answer": "はい、原本をお送りください。"}); !sent.OK() || len(sent.Body) != 0 {
				t.Fatal(sent.Status, string(sent.Body))
			}
			if told := w.post(t, room, "原本をお送りください"); told.ThreadTS != mention.TS {
				t.Fatalf("the answer is in thread %q, not %q", told.ThreadTS, mention.TS)
			}
		})
	}
}

// Whoever takes a message back takes it back everywhere: also out of the gap that it became.
func TestAQuestionTakenBackIsGoneFromItsGapToo(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		w := newWorld(t, driver)
		const question = "海外拠点でも契約書の原本は必要でしょうか"
		mention, _ := w.call.Mention("C0AOBA", "U0TANAKA", "<@U0BOT> "+question, "")
		none := w.post(t, "C0AOBA", "見つかりませんでした")
		w.call.Press("U0TANAKA", "C0AOBA", none.TS, "担当者に聞く")
		w.post(t, "C0STAFF", "海外拠点")
		w.call.Event(map[string]any{"type": "message", "subtype": "message_deleted", "channel": "C0AOBA", "channel_type": "channel", "deleted_ts": mention.TS,
			"previous_message": map[string]any{"type": "message", "user": "U0TANAKA", "text": "<@U0BOT> " + question, "ts": mention.TS}}, "U0TANAKA")
		var left []string
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			if left = modelstest.Search(t, driver, w.dsn, question); len(left) == 0 {
				return
			}
		}
		t.Fatalf("it still stands in %v", left)
	})
}

// In a LINE group what is only for one goes one-to-one, which reaches friends alone:
// whoever is none yet is told so, and nothing counts as given to them.
func TestALineGroupTellsWhoIsNoFriendYet(t *testing.T) {
	for _, friend := range []bool{true, false} {
		w := newWorld(t, "sqlite")
		me, group := linetest.UserID(1), linetest.GroupID(1)
		w.line.AddGroup(group, "青葉商事×ミナト", me)
		if !friend {
			w.line.Block(me)
		}
		err := w.store.InTx(context.Background(), func(tx *models.Tx) error {
			room, err := tx.AddRoom(bot.Address{Platform: "line", Connection: "line", Room: group})
			if err != nil {
				return err
			}
			p, err := tx.PartnerByKey("p-aoba")
			if err != nil {
				return err
			}
			return tx.MapRoom(room.ID, p.ID)
		})
		if err != nil {
			t.Fatal(err)
		}
		if status, err := w.line.Post(context.Background(), w.url+"/hooks/line", w.line.Pressed(linetest.Source{User: me, Group: group}, "material.send?m=guide")); err != nil || status != http.StatusOK {
			t.Fatal(status, err)
		}
		wait(t, "an answer", func() bool { return len(w.line.Sent()) > 0 })
		for _, s := range w.line.Sent() {
			if private := s.To == me; private != friend || !private && !strings.Contains(string(s.Message), "友だち追加") {
				t.Errorf("friend %v: %s was sent %s", friend, s.To, s.Message)
			}
		}
	}
}

// Facts about who has an account on a platform that was switched off are asked of nobody.
func TestFactsOfAPlatformThatWasSwitchedOffAreNotWanted(t *testing.T) {
	h := newHouse(t, "sqlite")
	who := bot.Identity{Platform: "line", Connection: "line", User: linetest.UserID(1)}
	err := h.store.InTx(context.Background(), func(tx *models.Tx) error {
		if err := tx.AddAccount(who, models.ID{}); err != nil {
			return err
		}
		return tx.WantPerson(who)
	})
	if err != nil {
		t.Fatal(err)
	}
	wait(t, "nobody to be asked", func() bool {
		return modelstest.Table(t, h.driver, h.dsn, "SELECT COUNT(*) AS n FROM accounts WHERE wanted_at IS NOT NULL")[0]["n"] == "0"
	})
}

// A form may run out after its platform was switched off: nobody is told, and nothing breaks.
func TestAFormRunsOutAfterItsPlatformWasSwitchedOff(t *testing.T) {
	h := newHouse(t, "sqlite")
	id := models.NewID()
	err := h.store.InTx(context.Background(), func(tx *models.Tx) error {
		at := bot.Address{Platform: "slack", Connection: "slack", Room: "C0AOBA", User: "U0TANAKA"}
		if err := tx.NewDraft(models.Draft{ID: id, Name: "gap.new", At: at, ExpiresAt: tx.Now().Add(time.Hour)}); err != nil {
			return err
		}
		return h.mind.Ended(tx, models.Delivery{Act: bot.OpenForm, Platform: at.Platform, Connection: at.Connection, Room: at.Room, User: at.User, State: models.StateExpired, Ref: id.String()})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnUnmappedRoomIsAskedAboutAndThenServed(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.call.Mention("C0NEW", "U0TANAKA", "<@U0BOT> 商談登録の有効期限は？", "")
	w.post(t, "C0NEW", "利用準備")
	w.call.Mention("C0NEW", "U0TANAKA", "<@U0BOT> 商談登録の有効期限は？", "")
	ask := w.post(t, "C0STAFF", "new-room")
	if n := w.posts("C0NEW"); n != 1 {
		t.Fatalf("the room was told %d times", n)
	}
	w.call.Press("U0ITO", "C0STAFF", ask.TS, "代理店を選ぶ")
	wait(t, "the form", func() bool { return len(w.slack.Views()) == 1 })
	view := w.slack.Views()[0]
	if sent := w.call.Submit("U0ITO", view.ID, map[string]any{"partner": "p-aoba"}); !sent.OK() {
		t.Fatal(sent.Status, string(sent.Body))
	}
	w.post(t, "C0NEW", "お答えし")
	w.call.Mention("C0NEW", "U0TANAKA", "<@U0BOT> 商談登録の有効期限は？", "")
	w.post(t, "C0NEW", "90日間")
}

func TestAGapIsAnsweredThroughAModal(t *testing.T) {
	w := newWorld(t, "sqlite")
	mention, _ := w.call.Mention("C0AOBA", "U0TANAKA", "<@U0BOT> 海外拠点でも契約書の原本は必要でしょうか", "")
	none := w.post(t, "C0AOBA", "見つかりませんでした")
	w.call.Press("U0TANAKA", "C0AOBA", none.TS, "担当者に聞く")
	notice := w.post(t, "C0STAFF", "海外拠点")
	w.call.Press("U0ITO", "C0STAFF", notice.TS, "回答する")
	wait(t, "the form", func() bool { return len(w.slack.Views()) == 1 })
	view := w.slack.Views()[0]
	if sent := w.call.Submit("U0ITO", view.ID, map[string]any{"answer": " "}); !strings.Contains(string(sent.Body), "errors") {
		t.Fatalf("an empty answer: %s", sent.Body)
	}
	if sent := w.call.Submit("U0ITO", view.ID, map[string]any{"answer": "はい、原本をお送りください。"}); !sent.OK() || len(sent.Body) != 0 {
		t.Fatal(sent.Status, string(sent.Body))
	}
	told := w.post(t, "C0AOBA", "原本をお送りください")
	if told.ThreadTS != mention.TS {
		t.Fatalf("the answer is in thread %q, not %q", told.ThreadTS, mention.TS)
	}
}

func TestALineWorksPostbackThatArrivesAsAMessage(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		w := newWorld(t, driver)
		hook := w.url + "/hooks/lineworks/aoba"
		post := func(e lineworkstest.Event) {
			t.Helper()
			if status, err := w.aoba.Post(context.Background(), http.DefaultClient, hook, e); err != nil || status != 200 {
				t.Fatal(status, err)
			}
		}
		sent := func(part string) lineworkstest.Sent {
			t.Helper()
			var found lineworkstest.Sent
			wait(t, part, func() bool {
				for _, s := range w.works.Sent() {
					if strings.Contains(string(s.Body), part) {
						found = s
					}
				}
				return found.Type != ""
			})
			return found
		}
		post(w.aoba.Says("works-01", "", "商談登録の有効期限は？", time.Now()))
		answer := sent("90日間")
		press, ok := w.aoba.Presses("works-01", answer, "資料：商談登録ガイド", time.Now())
		if !ok {
			t.Fatalf("no button in %s", answer.Body)
		}
		post(press)
		post(press) // a proxy told it twice: one effect
		card := sent("/v/")
		if card.User != "works-01" || card.Channel != "" {
			t.Fatalf("the card went to %+v", card)
		}
		// In a room the answer is there, and the material goes one-to-one.
		post(w.aoba.Says("works-02", "room-1", "あかり 商談登録の有効期限は？", time.Now()))
		wait(t, "the answer in the room", func() bool {
			for _, s := range w.works.Sent() {
				if s.Channel == "room-1" && strings.Contains(string(s.Body), "90日間") {
					return true
				}
			}
			return false
		})
		if n := w.events(t); n["requested"] != 1 {
			t.Fatalf("the log says %v", n)
		}
		if bad := w.works.Violations(); len(bad) > 0 {
			t.Fatal(bad)
		}
	})
}

func TestALineBatchWithARedeliveredOne(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		w := newWorld(t, driver)
		me := linetest.Source{User: linetest.UserID(1)}
		first := w.line.Said(me, "商談登録の有効期限は？", "")
		batch := []linetest.Event{first}
		for range 4 {
			batch = append(batch, w.line.Said(me, "商談登録の有効期限は？", ""))
		}
		batch = append(batch, w.line.Redelivered(first))
		if status, err := w.line.Post(context.Background(), w.url+"/hooks/line", batch...); err != nil || status != 200 {
			t.Fatal(status, err)
		}
		wait(t, "five answers", func() bool { return len(w.line.Sent()) >= 5 })
		time.Sleep(300 * time.Millisecond)
		if n := w.events(t); n["asked"] != 5 || len(w.line.Sent()) != 5 {
			t.Fatalf("the log says %v, LINE has %d messages", n, len(w.line.Sent()))
		}
		for _, s := range w.line.Sent() {
			if !s.Reply {
				t.Error("an answer was pushed although its reply token was fresh")
			}
		}
		if bad := w.line.Wrong(); len(bad) > 0 {
			t.Fatal(bad)
		}
	})
}

func TestAnInvitationOpensLine(t *testing.T) {
	w := newWorld(t, "sqlite")
	code, _, err := w.mind.Invite(context.Background(), "", "p-aoba")
	if err != nil {
		t.Fatal(err)
	}
	me := linetest.Source{User: linetest.UserID(2)}
	say := func(text string) {
		t.Helper()
		if status, err := w.line.Post(context.Background(), w.url+"/hooks/line", w.line.Said(me, text, "")); err != nil || status != 200 {
			t.Fatal(status, err)
		}
	}
	heard := func(part string) {
		t.Helper()
		wait(t, part, func() bool {
			for _, s := range w.line.Sent() {
				if strings.Contains(string(s.Message), part) {
					return true
				}
			}
			return false
		})
	}
	say("ゴールド代理店の特別値引率は？")
	heard("招待コードが必要")
	say("AAAAA-AAAAA")
	heard("招待コードを確認できませんでした")
	say(strings.ToLower(code))
	heard("お答えし")
	say("ゴールド代理店の特別値引率は？")
	heard("25%")
}
