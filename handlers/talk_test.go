package handlers_test

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"akari/bot"
	"akari/bot/line"
	"akari/bot/playground"
	"akari/bot/playground/playgroundtest"
	"akari/content"
	"akari/coord"
	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

// house is everything that a conversation needs, on a real database: what
// serve builds, with the playground as the only platform.
type house struct {
	store *models.Store
	lib   *content.Library
	mind  *handlers.Handlers
	url   string
	*playgroundtest.Client
	driver, dsn string        // of the store
	stored      string        // storage.dir
	ahead       *atomic.Int64 // how far the wall clock is ahead, as a time.Duration
}

// now is the house's wall clock.
func (h *house) now() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) }

const people = `
staff:
  - {key: s-ito, name: 伊藤, department: パートナー営業部, roles: [admin, approver, sender]}
  - {key: s-sato, name: 佐藤, department: 販促企画部, roles: [sender]}
  - {key: s-mori, name: 森, department: 研修部, roles: [approver]}
partners:
  - {key: p-aoba, name: 青葉商事, tier: gold, tags: [東日本], owner: s-ito, people: [{key: aoba-01, name: 田中, role: rep}, {key: aoba-02, name: 鈴木, role: rep}]}
  - {key: p-minami, name: 南海システム, tier: silver, owner: s-sato, people: [{key: minami-01, name: 森川, role: rep}]}
`

const knowledge = `
entries:
  - key: deal-registration
    question: {ja: 商談登録の有効期限は何日ですか, en: How long is a deal registration valid?}
    variants: {ja: [案件登録はいつまで有効, 商談登録の期限]}
    answer: {ja: 商談登録の有効期限は、登録日から90日間です。, en: A deal registration is valid for 90 days.}
    materials: [guide]
  - key: gold-discount
    question: ゴールド代理店の特別値引率を教えてください
    answer: ゴールド代理店の特別値引率は25%です。
    audience: {tiers: [gold]}
  - key: trial
    question: トライアル環境の申し込み方法は
    answer: トライアルは申込フォームから、最短で翌営業日にご用意します。
  - key: demo
    question: デモ環境の貸し出しはできますか
    answer: デモ環境は無償で30日間お貸しします。
`

const materials = `
materials:
  - {key: guide, kind: document, title: {ja: 商談登録ガイド, en: Deal registration guide}, description: 手順と期限, file: guide.pdf, version: 2, owner: {person: s-ito, department: パートナー営業部}}
  - {key: old-price, kind: document, title: 旧価格表, file: old.pdf, valid_until: 2020-03-31, owner: {person: s-ito, department: パートナー営業部}}
  - {key: gold-sheet, kind: document, title: ゴールド限定資料, file: gold.pdf, audience: {tiers: [gold]}}
`

const pdf = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"

// newHouse opens a house on a fresh database.
func newHouse(t testing.TB, driver string) *house { t.Helper(); return houseOf(t, driver, people) }

// houseOf is newHouse with other people in its seed.
func houseOf(t testing.TB, driver, people string) *house {
	t.Helper()
	play := playground.New(playground.Options{Personas: func(context.Context) ([]playground.Persona, error) { return cast(), nil }})
	h := open(t, driver, people, func(mux *http.ServeMux) {
		mux.Handle("/play/", play.Pages())
		mux.Handle("/play", play.Pages())
	}, play)
	t.Cleanup(play.Close)
	h.Client = playgroundtest.New(t, h.url)
	db := modelstest.Raw(t, driver, h.dsn)
	h.Busy = func() (busy bool) {
		if err := db.QueryRow("SELECT COUNT(*) > 0 FROM deliveries WHERE platform = 'playground' AND (state = 'sending' OR state = 'queued' AND due_at <= ?)", h.now().UTC()).Scan(&busy); err != nil {
			t.Error(err)
		}
		return busy
	}
	return h
}

// open builds what serve builds, on a fresh database with these people.
func open(t testing.TB, driver, people string, pages func(*http.ServeMux), platforms ...bot.Platform) *house {
	t.Helper()
	return openOn(t, driver, people, knowledgeDir(t), pages, platforms...)
}

// openOn is open with the content of a folder.
func openOn(t testing.TB, driver, people, dir string, pages func(*http.ServeMux), platforms ...bot.Platform) *house {
	t.Helper()
	log := slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	dsn, stored := modelstest.DSN(t, driver), t.TempDir()
	h, two := &house{driver: driver, dsn: dsn, stored: stored, ahead: &atomic.Int64{}}, 2
	store := modelstest.Connect(t, driver, dsn, h.now)
	ctx, cancel := context.WithCancel(context.Background())
	seed, problems := models.ReadSeed(strings.NewReader(people), "people.yaml")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if _, err := store.Seed(ctx, seed); err != nil {
		t.Fatal(err)
	}
	lib, broken, err := content.Open(content.Options{Dir: dir, Files: os.DirFS(stored), Embedded: content.Sample(), Zone: time.UTC, Now: time.Now, Small: true})
	if err != nil || len(broken) > 0 {
		t.Fatal(err, broken)
	}
	secret := [][]byte{[]byte("0123456789abcdef0123456789abcdef")}
	var sender *bot.Sender
	mind := handlers.New(handlers.Options{
		Store: store, Library: lib, Platforms: platforms, PublicURL: "https://akari.test", Secrets: secret,
		Vendor:      handlers.Vendor{Name: "ミナト", Desk: "ミナト パートナー支援窓口", Zone: time.UTC, Languages: []string{"ja", "en"}},
		Connections: map[string]handlers.Connection{"aoba": {Side: "partner", Partner: "p-aoba"}, "vendor": {Side: "vendor"}},
		Storage:     stored,
		SpoolDir:    filepath.Join(t.TempDir(), "spool"), Limits: handlers.Limits{MaxBody: 1 << 20, AckDeadline: 30 * time.Second},
		LinkTTL: 24 * time.Hour, VisibleMin: 50 * time.Millisecond, PersonLevel: true, Log: log, Font: line.Font(),
		Campaign: handlers.CampaignRules{RemindersMax: 2, ApprovalOver: &two},
		Nudge:    func(to ...bot.Address) { sender.NudgeFor(to...) }, Hurry: func(ids []string) { sender.Hurry(ids...) },
	})
	byName := map[string]bot.Platform{}
	for _, p := range platforms {
		byName[p.Name()] = p
	}
	store.Operations(func(d bot.Delivery) string { return byName[d.To.Platform].Operation(d) })
	outbox, err := models.NewOutbox(store, models.OutboxOptions{Secrets: secret, Prepare: mind.Prepare, Ended: mind.Ended, Admit: mind.Admit, Halted: mind.Halted, Log: log, ReconcileAfter: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	sender = bot.NewSender(bot.SenderOptions{Platforms: platforms, Outbox: outbox, Pacer: coord.NewMemory(func() int { return 1 }), Log: log, Grace: time.Second})
	mux := mind.Routes()
	if pages != nil {
		pages(mux)
	}
	server := httptest.NewServer(mux)
	var running sync.WaitGroup
	for _, run := range []func(context.Context){sender.Run, mind.RunFacts, mind.RunSpool} {
		running.Go(func() { run(ctx) })
	}
	t.Cleanup(func() { cancel(); running.Wait(); server.Close() })
	h.store, h.lib, h.mind, h.url = store, lib, mind, server.URL
	return h
}

func knowledgeDir(t testing.TB) string {
	dir := t.TempDir()
	for name, body := range map[string]string{"faq/a.yaml": knowledge, "materials/materials.yaml": materials, "materials/guide.pdf": pdf, "materials/old.pdf": pdf, "materials/gold.pdf": pdf} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func cast() []playground.Persona {
	room := func(id, kind string) playground.Room { return playground.Room{ID: id, Name: id, Kind: kind} }
	rep := func(key, partner string) playground.Persona {
		return playground.Persona{User: key, Name: key, Side: playground.SideMember, Partner: partner, PartnerName: partner, Role: "rep",
			Rooms: []playground.Room{room("direct-"+key, playground.KindDirect), room(partner, playground.KindShared), room(handlers.PlaygroundNewRoom, playground.KindShared)}}
	}
	staff := func(key string) playground.Persona {
		return playground.Persona{User: key, Name: key, Side: playground.SideStaff, Rooms: []playground.Room{
			room("direct-"+key, playground.KindDirect), room(handlers.PlaygroundStaffRoom, playground.KindStaff), room("p-aoba", playground.KindShared), room("p-minami", playground.KindShared), room(handlers.PlaygroundNewRoom, playground.KindShared)}}
	}
	return []playground.Persona{rep("aoba-01", "p-aoba"), rep("aoba-02", "p-aoba"), rep("minami-01", "p-minami"), staff("s-ito"), staff("s-sato"), staff("s-mori")}
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

var _ fs.FS = content.Sample()

// events counts the log by kind, and by outcome where it is an inbound's row.
func (h *house) events(t *testing.T) map[string]int {
	t.Helper()
	out := map[string]int{}
	err := h.store.View(context.Background(), func(tx *models.Tx) (err error) {
		out, err = tx.CountEvents()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// said fails the test unless one of the lines contains every part.
func said(t *testing.T, lines []string, parts ...string) {
	t.Helper()
	all := strings.Join(lines, "\n")
	for _, p := range parts {
		if !strings.Contains(all, p) {
			t.Fatalf("nothing said %q; what was said:\n%s", p, all)
		}
	}
}

// unsaid fails the test if any line contains a part.
func unsaid(t *testing.T, lines []string, parts ...string) {
	t.Helper()
	all := strings.Join(lines, "\n")
	for _, p := range parts {
		if strings.Contains(all, p) {
			t.Fatalf("%q must not be said; what was said:\n%s", p, all)
		}
	}
}

func TestAQuestionIsAnsweredWithItsMaterial(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		rep := h.As("aoba-01").In("p-aoba")
		lines := rep.Say("@Akari 商談登録の有効期限は？").See()
		said(t, lines, "90日間", "資料：商談登録ガイド", "解決した", "解決しない", "はじめての方へ")
		lines = rep.Press("資料：商談登録ガイド").See()
		said(t, lines, "商談登録ガイド", "開く")
		if link := rep.Link("開く"); !strings.HasPrefix(link, "https://akari.test/v/") {
			t.Fatalf("the link is %q", link)
		}
		other := strings.Join(h.As("aoba-02").In("p-aoba").All(), "\n")
		if strings.Contains(other, "/v/") || strings.Contains(other, "お届けします") {
			t.Fatalf("a colleague sees the personal link:\n%s", other)
		}
		said(t, rep.Press("解決した").See(), "お役に立て")
		n := h.events(t)
		for kind, want := range map[string]int{"asked": 1, "answered": 1, "requested": 1, "rated": 1, "notice_shown": 1} {
			if n[kind] != want {
				t.Errorf("%d events %q, want %d (all: %v)", n[kind], kind, want, n)
			}
		}
	})
}

func TestAudienceAndValidityHold(t *testing.T) {
	h := newHouse(t, "sqlite")
	gold, silver := h.As("aoba-01").In("direct-aoba-01"), h.As("minami-01").In("direct-minami-01")
	said(t, gold.Say("ゴールド代理店の特別値引率を教えて").See(), "25%")
	unsaid(t, silver.Say("ゴールド代理店の特別値引率を教えて").See(), "25%")
	unsaid(t, silver.Say("資料一覧").See(), "ゴールド限定資料", "旧価格表")
	said(t, gold.Say("資料一覧").See(), "ゴールド限定資料", "商談登録ガイド")
	unsaid(t, gold.Say("旧価格表").See(), "資料：旧価格表")
}

func TestANewRoomIsTriedInThePlayground(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		rep, staff := h.As("aoba-01").In(handlers.PlaygroundNewRoom), h.As("s-ito").In(handlers.PlaygroundStaffRoom)
		lines := rep.Say("@Akari 商談登録の有効期限は?").See()
		said(t, lines, "このルームの利用準備をしています")
		unsaid(t, lines, "90日間")
		said(t, []string{staff.Wait("代理店を選ぶ")}, "代理店を選ぶ")
		said(t, staff.All(), "新しいルーム")
		staff.Press("代理店を選ぶ").See()
		if errs := staff.Submit(map[string]string{"partner": "p-aoba"}); len(errs) > 0 {
			t.Fatal(errs)
		}
		staff.Wait("「青葉商事」のルームとして登録しました")
		rep.See() // the greeting
		said(t, rep.Say("@Akari 商談登録の有効期限は?").See(), "90日間")
	})
}

func TestAGapIsAnsweredByStaffAndBecomesAnEntry(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		rep, staff := h.As("aoba-01").In("p-aoba"), h.As("s-ito").In(handlers.PlaygroundStaffRoom)
		said(t, rep.Say("@Akari 海外拠点でも契約書の原本は必要でしょうか").See(), "見つかりませんでした", "担当者に聞く")
		said(t, rep.Press("担当者に聞く").See(), "承りました")
		staff.Wait("未回答の質問")
		said(t, staff.All(), "青葉商事", "田中", "海外拠点でも契約書の原本", "回答する")
		staff.Press("回答する").See()
		if errs := staff.Submit(map[string]string{"answer": "  "}); len(errs) == 0 {
			t.Fatal("an empty answer was taken")
		}
		if errs := staff.Submit(map[string]string{"answer": "はい、原本をお送りください。"}); len(errs) > 0 {
			t.Fatal(errs)
		}
		said(t, []string{rep.Wait("お待たせしました")}, "原本をお送りください")
		staff.Wait("FAQに追加")
		staff.Press("FAQに追加").See()
		if errs := staff.Submit(map[string]string{"question": "海外拠点の契約書は原本が必要ですか", "answer": "はい、原本をお送りください。", "variants": "海外の契約書"}); len(errs) > 0 {
			t.Fatal(errs)
		}
		staff.Wait("FAQに追加しました")
		var rows []models.Overlay
		if err := h.store.View(context.Background(), func(tx *models.Tx) (err error) { rows, err = tx.Overlays(); return err }); err != nil || len(rows) != 1 {
			t.Fatal(rows, err)
		}
		if p := h.lib.Overlay([]content.Row{{Kind: rows[0].Kind, Key: rows[0].Key, Body: []byte(rows[0].Body)}}); len(p) > 0 {
			t.Fatal(p)
		}
		said(t, h.As("minami-01").In("direct-minami-01").Say("海外拠点の契約書は原本が必要ですか").See(), "原本をお送りください")
		n := h.events(t)
		for _, kind := range []string{"unanswered", "escalated", "gap_answered", "entry_added"} {
			if n[kind] != 1 {
				t.Errorf("%d events %q, want 1 (all: %v)", n[kind], kind, n)
			}
		}
	})
}

func TestStaffWordsAreForStaff(t *testing.T) {
	h := newHouse(t, "sqlite")
	rep := h.As("minami-01").In("direct-minami-01")
	said(t, rep.Say("未回答").See(), "窓口の担当者だけ")
	said(t, h.As("s-sato").In("direct-s-sato").Say("gaps").See(), "未回答の質問はありません")
}

func TestChatterIsNotStored(t *testing.T) {
	h := newHouse(t, "sqlite")
	h.As("aoba-01").In("p-aoba").Say("お昼どうする？").Silence(300 * time.Millisecond)
	if n := h.events(t); len(n) != 0 {
		t.Fatalf("talk among people is on record: %v", n)
	}
}

func TestGreetingsAndThanksAreNoQuestions(t *testing.T) {
	h := newHouse(t, "sqlite")
	rep := h.As("aoba-01").In("direct-aoba-01")
	for _, text := range []string{"こんにちは", "お世話になっております。", "😀", "👍️", "Hello!"} {
		said(t, rep.Say(text).See(), "そのまま文章で")
	}
	for _, text := range []string{"ありがとうございます！助かりました🙇", "お疲れ様です。承知しました", "ＴＨＡＮＫＳ"} {
		said(t, rep.Say(text).See(), "どういたしまして")
	}
	if n := h.events(t); n["asked"] != 0 || n["unanswered"] != 0 || n["commanded"] != 8 {
		t.Errorf("courtesies are on record as %v", n)
	}
	said(t, rep.Say("お世話になっております。商談登録の有効期限は？").See(), "90日間")
	said(t, rep.Say("ありがとうございます。月面基地での保守はどうですか").See(), "見つかりませんでした")
	if n := h.events(t); n["asked"] != 2 || n["unanswered"] != 1 {
		t.Errorf("polite questions are on record as %v", n)
	}
}

func TestEnglishIsAnsweredInEnglish(t *testing.T) {
	h := newHouse(t, "sqlite")
	said(t, h.As("aoba-01").In("direct-aoba-01").Say("How long is a deal registration valid?").See(), "valid for 90 days", "Solved", "Not solved")
}
