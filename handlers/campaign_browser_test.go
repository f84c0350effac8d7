package handlers_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"akari/bot/playground"
	"akari/bot/playground/playgroundtest"
	"akari/models"
	"akari/web"

	"github.com/chromedp/chromedp"
)

// storyNames are what people are called in the story.
var storyNames = map[string]string{"s-ito": "伊藤 健一", "s-sato": "佐藤 美咲", "s-mori": "森 智子", "aoba-01": "田中 一郎", "aoba-02": "鈴木 花子", "minami-01": "森川 誠", "p-aoba": "青葉商事", "p-minami": "南海システム", "staff": "社内"}

// newStory is a house whose people and rooms have names that can be looked at.
func newStory(t *testing.T) *house {
	t.Helper()
	all := cast()
	for i := range all {
		all[i].Name = storyNames[all[i].User]
		if all[i].Partner != "" {
			all[i].PartnerName = storyNames[all[i].Partner]
		}
		for j, r := range all[i].Rooms {
			if n := storyNames[r.ID]; n != "" {
				all[i].Rooms[j].Name = n
			} else {
				all[i].Rooms[j].Name = "Akari"
			}
		}
	}
	var h *house
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		say := func(key string) string { return h.lib.Say("ja", key) }
		if err := web.Serve(w, http.StatusOK, "play.html", web.NewPlayPage(web.Frame{Lang: "ja", Title: say("play.title"), Vendor: "ミナト パートナー支援窓口"}, "Akari", say)); err != nil {
			t.Error(err)
		}
	})
	play := playground.New(playground.Options{Page: page, Personas: func(context.Context) ([]playground.Persona, error) { return all, nil }})
	h = open(t, "sqlite", people, func(mux *http.ServeMux) {
		mux.Handle("/play/", play.Pages())
		mux.Handle("/play", play.Pages())
	}, play)
	t.Cleanup(play.Close)
	h.Client = playgroundtest.New(t, h.url)
	return h
}

// seat looks at the playground as somebody, in a room.
func (s *screen) seat(h *house, who, room string) {
	s.t.Helper()
	s.do(chromedp.Navigate("about:blank"), chromedp.Navigate(fmt.Sprintf("%s/play?lang=ja#as=%s&room=%s", h.url, who, room)))
	s.until(`document.querySelector("#live").textContent !== ""`)
	s.until(`(() => { const x = document.querySelector("#first-ok"); if (x && x.offsetParent) x.click(); return true })()`)
}

func (s *screen) reads(text string) {
	s.t.Helper()
	s.until(fmt.Sprintf("document.body.innerText.includes(%q)", text))
}

// tap clicks the newest button that is called so; in a form that stands open, there.
func (s *screen) tap(label string) {
	s.t.Helper()
	find := fmt.Sprintf(`[...(document.querySelector("dialog[open]") || document).querySelectorAll("button")].filter(x => x.offsetParent && x.innerText.trim().startsWith(%q)).at(-1)`, label)
	s.until(find)
	on[bool](s, find+`.click() === undefined`)
}

func (s *screen) fill(css, text string) {
	s.t.Helper()
	s.do(chromedp.SendKeys(chromedp.CSS(css), text))
}

// narrow fails if something is wider than the screen.
func (s *screen) narrow() {
	s.t.Helper()
	if wide := on[string](s, `[...document.querySelectorAll("body *")].filter(x => x.offsetParent && !x.closest(".cards, .side, .preview, pre") && x.getBoundingClientRect().right > innerWidth + 1).map(x => x.tagName + "." + x.className).join(" ")`); wide != "" {
		s.t.Errorf("wider than the screen: %s", wide)
	}
}

// The whole story in a real browser, at a desk and on a phone: composed, looked at,
// asked for, approved, sent, confirmed, reminded, reported.
func TestInTheBrowserACampaignIsToldToItsEnd(t *testing.T) {
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"desktop", 1280, 900}, {"phone", 390, 844}} {
		t.Run(size.name, func(t *testing.T) {
			h := newStory(t)
			h.clocks(t)
			s := newScreen(t, size.width, size.height, false)
			shot := func(name string) {
				t.Helper()
				s.narrow()
				time.Sleep(300 * time.Millisecond) // the page scrolls to its end
				s.shot("campaign-" + size.name + "-" + name)
			}
			s.seat(h, "s-sato", "direct-s-sato")
			s.fill("#text", "/campaign")
			s.do(chromedp.Click(chromedp.CSS("#send"), chromedp.NodeVisible))
			s.until(`document.querySelector("dialog").open`)
			s.until(`document.querySelectorAll("[data-field=partners] label").length === 2`)
			shot("form")
			s.tap("保存して確認")
			s.reads("件名は1文字以上")
			shot("form-errors")
			on[bool](s, `(() => { document.querySelector("#m-class").value = "confirm"; document.querySelector("#m-ack").value = "everyone"; document.querySelector("#m-reminders").value = "2"; return true })()`)
			s.fill("#m-title", "新価格表のご案内")
			s.fill("#m-text_ja", "10月から**新しい価格**になります。\n\n- 商談中の案件は旧価格のままです\n- 詳しくは資料をご覧ください")
			s.do(chromedp.Click(chromedp.CSS(`[data-field=everyone] input`)), chromedp.Click(chromedp.CSS(`[data-field=materials] input[value=guide]`)))
			shot("form-filled")
			s.tap("保存して確認")
			s.reads("承認を依頼")
			s.reads("見え方(プレイグラウンド・日本語・3件)")
			shot("preview")
			s.tap("承認を依頼")
			s.reads("承認をお願いしました")

			s.seat(h, "s-mori", "staff")
			s.reads("承認のお願いです")
			s.tap("内容と宛先を見る")
			s.reads("宛先：3名")
			shot("approver")
			s.tap("承認する")
			s.reads("承認しました")

			s.seat(h, "s-sato", "direct-s-sato")
			s.reads("森さんが配信 1「新価格表のご案内」を承認しました")
			s.tap("配信する")
			s.reads("受け付けました")

			s.seat(h, "aoba-01", "direct-aoba-01")
			s.reads("【要確認】新価格表のご案内")
			shot("rep")
			s.tap("内容を確認しました")
			s.reads("✓ 確認済み")
			shot("rep-confirmed")

			s.seat(h, "s-mori", "staff")
			s.reads("配信完了")
			shot("board")
			// Three days later those who have not confirmed are reminded, and nobody else.
			h.ahead.Store(int64(4 * 24 * time.Hour))
			s.seat(h, "minami-01", "direct-minami-01")
			s.reads("行き違いでしたらご容赦ください")
			shot("reminder")
			s.seat(h, "aoba-01", "direct-aoba-01")
			s.reads("✓ 確認済み")
			if on[bool](s, `document.body.innerText.includes("行き違いでしたら")`) {
				t.Error("who has confirmed is reminded")
			}

			s.seat(h, "s-sato", "direct-s-sato")
			s.fill("#text", "キャンペーン 1")
			s.do(chromedp.Click(chromedp.CSS("#send"), chromedp.NodeVisible))
			s.reads("確認済み 1/3名")
			s.reads("未確認：青葉商事 鈴木、南海システム 森川")
			shot("report")
		})
	}
}

// The page of a form keeps what is typed while it is typed, and can be looked through.
func TestInTheBrowserAFormsPageLosesNothing(t *testing.T) {
	w := newWorld(t, "sqlite")
	for i := range 12 {
		if err := w.store.InTx(context.Background(), func(tx *models.Tx) error {
			return tx.SaveAudience(models.Audience{Key: fmt.Sprint("a", i), Name: fmt.Sprintf("宛先%02d", i), Rule: models.Rule{Tags: []string{fmt.Sprint("タグ", i)}}})
		}); err != nil {
			t.Fatal(err)
		}
	}
	address := w.url + "/f/" + w.askPage(t)
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"desktop", 1280, 900}, {"phone", 390, 844}} {
		s := newScreen(t, size.width, size.height, false)
		s.do(chromedp.Navigate(address))
		s.reads("配信の作成")
		s.narrow()
		s.shot("campaign-page-" + size.name)
		s.fill("#f-title", size.name)
		s.fill("#f-text_ja", "途中まで")
		s.do(chromedp.Click(chromedp.CSS(`input[name=partners][value=p-aoba]`)))
		s.leave() // before a second has passed
		s.do(chromedp.Navigate(address))
		s.until(fmt.Sprintf(`document.querySelector("#f-title").value.includes(%q) && document.querySelector("#f-text_ja").value.includes("途中まで")`, size.name))
		if size.name == "desktop" {
			s.until(`document.querySelector("input[name=partners][value=p-aoba]").checked`)
		}
		on[bool](s, `document.querySelector("#f-partners").scrollIntoView() === undefined`)
		s.shot("campaign-page-kept-" + size.name)
	}
}
