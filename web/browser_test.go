package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"akari/internal/testenv"
	"akari/web"
)

func browser(t *testing.T, width, height int64) context.Context {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(testenv.Chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Headless, chromedp.NoFirstRun,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, cancel := chromedp.NewContext(alloc)
	ctx, end := context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(func() { end(); cancel(); stop() })
	do(t, ctx, chromedp.EmulateViewport(width, height))
	go func() {
		for m, err := range chromedp.Console(ctx) {
			if err != nil {
				return // the page is gone
			}
			if strings.Contains(m.Text, "Content Security Policy") || m.Type == chromedp.ConsoleException {
				t.Errorf("the page reports: %s", m.Text)
			}
		}
	}()
	return ctx
}

func do(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatalf("in the browser: %v", err)
	}
}

func eval[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// site serves the sample pages; a POST is answered with where it led.
type site struct {
	*httptest.Server
	mu    sync.Mutex
	posts []url.Values
}

func newSite(t *testing.T, pages map[string]any) *site {
	s := &site{}
	mux := http.NewServeMux()
	mux.Handle("/static/", web.Static())
	mux.HandleFunc("GET /page/{name}", func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		if err := web.Serve(w, http.StatusOK, name, pages[name]); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("POST /post", func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		s.mu.Lock()
		s.posts = append(s.posts, r.PostForm)
		s.mu.Unlock()
		http.Redirect(w, r, "/page/viewer.html", http.StatusSeeOther)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *site) posted() []url.Values {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.posts
}

// shown are pages as a partner's rep meets them.
func shown() map[string]any {
	f := func(title string) web.Frame {
		return web.Frame{
			Lang: "ja", Title: title, Vendor: "明かりソフト パートナー支援窓口",
			Langs: []web.LangLink{{Lang: "ja", Label: "日本語", URL: "?lang=ja", Current: true}, {Lang: "en", Label: "English", URL: "?lang=en"}},
		}
	}
	opening := web.OpeningPage{Frame: web.Frame{Lang: "ja", Title: "資料を開いています…"}, Action: "/post", Nonce: "n1", Open: "開く", Slow: "自動で開かないときは、ボタンを押してください。"}
	return map[string]any{
		"opening.html": opening,
		"viewer.html": web.ViewerPage{
			Frame: f("価格表 2026年度下期"), Meta: "第3版・2026年10月1日・PDF 4ページ", Text: "2026年10月以降のお見積りにご利用ください。\nお客様への再配布はご遠慮ください。",
			Notice: "新しい版があります。", View: web.Link{Label: "資料を見る", URL: "/file"}, Download: web.Link{Label: "保存する", URL: "/file?save=1"},
			Recorded: "この資料を開いた日時と閲覧したページが、明かりソフトに記録されます。", Privacy: web.Link{Label: "記録について", URL: "/privacy"},
			Actions: []web.Action{{Label: "内容を確認しました", Post: "/post", Nonce: "n", Primary: true}, {Label: "商談で使った", Post: "/post", Done: true, Hint: "10月5日に記録しました"}},
		},
		"form.html": web.FormPage{
			Frame: f("担当者に聞く"), Text: "内容を確認して、担当者にお送りします。", Action: "/post", Hidden: []web.Pair{{Name: "nonce", Value: "n2"}},
			Trouble: "入力を確認してください。", Required: "必須", Choose: "選んでください", Submit: "送信する", Cancel: "やめる", CancelURL: "/page/message.html",
			Fields: []web.FormField{
				{Name: "subject", Label: "件名", Kind: "line", Value: "保守契約", Required: true, Max: 80},
				{Name: "question", Label: "質問", Kind: "lines", Required: true, Error: "質問を入力してください。", Hint: "お客様名は書かないでください。"},
				{Name: "urgency", Label: "お急ぎ度", Kind: "choice", Options: []web.FormOption{{Label: "本日中", Value: "today"}, {Label: "今週中", Value: "week", Selected: true}}},
				{Name: "topics", Label: "分野", Kind: "choices", Options: []web.FormOption{{Label: "価格", Value: "price", Selected: true}, {Label: "契約", Value: "contract"}}},
				{Name: "due", Label: "希望日", Kind: "date"},
			},
		},
		"message.html": web.MessagePage{Frame: f("リンクの期限が切れています"), Tone: "gone", Text: "お手数ですが、チャットでもう一度資料をお求めください。"},
	}
}

func TestInTheBrowserALinkOpensByItself(t *testing.T) {
	s := newSite(t, shown())
	ctx := browser(t, 390, 844)
	do(t, ctx, chromedp.Navigate(s.URL+"/page/opening.html"), chromedp.WaitVisible(chromedp.CSS("article.card h1")))
	posts := s.posted()
	if len(posts) != 1 || posts[0].Get("nonce") != "n1" || posts[0].Get("script") != "1" {
		t.Errorf("posted %v", posts)
	}
}

func TestInTheBrowserALinkOpensWithoutScript(t *testing.T) {
	s := newSite(t, shown())
	ctx := browser(t, 390, 844)
	if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	do(t, ctx, chromedp.Navigate(s.URL+"/page/opening.html"), chromedp.WaitVisible(chromedp.CSS("noscript button")))
	if posts := s.posted(); len(posts) != 0 {
		t.Fatalf("without script and press: %v", posts)
	}
	picture(t, ctx, "opening-noscript")
	do(t, ctx, chromedp.Click(chromedp.CSS("noscript button")), chromedp.WaitVisible(chromedp.CSS("article.card h1")))
	if posts := s.posted(); len(posts) != 1 || posts[0].Get("nonce") != "n1" || posts[0].Has("script") {
		t.Errorf("posted %v", posts)
	}
}

func TestInTheBrowserAFormIsFilledAndSent(t *testing.T) {
	s := newSite(t, shown())
	ctx := browser(t, 360, 740)
	if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	do(t, ctx, chromedp.Navigate(s.URL+"/page/form.html"),
		chromedp.SendKeys(chromedp.CSS("#f-question"), "解約の期限は？"),
		chromedp.Click(chromedp.CSS("#f-topics label:nth-of-type(2)")),
		chromedp.Click(chromedp.CSS("button[type=submit]")), chromedp.WaitVisible(chromedp.CSS("article.card h1")))
	want := url.Values{"nonce": {"n2"}, "subject": {"保守契約"}, "question": {"解約の期限は？"}, "urgency": {"week"}, "topics": {"price", "contract"}, "due": {""}}
	if posts := s.posted(); len(posts) != 1 || posts[0].Encode() != want.Encode() {
		t.Errorf("posted %v", posts)
	}
}

func TestInTheBrowserPagesFitEveryScreen(t *testing.T) {
	pages := shown()
	s := newSite(t, pages)
	for _, size := range [][2]int64{{360, 740}, {390, 844}, {1280, 800}} {
		ctx := browser(t, size[0], size[1])
		for _, scheme := range []string{"light", "dark"} {
			if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"viewer.html", "form.html", "message.html"} {
				do(t, ctx, chromedp.Navigate(s.URL+"/page/"+name))
				if wide := eval[string](t, ctx, `[...document.querySelectorAll("body *")].filter(x => x.getBoundingClientRect().right > innerWidth + 1).map(x => x.tagName + "." + x.className).join(" ")`); wide != "" {
					t.Errorf("%s at %d: wider than the screen: %s", name, size[0], wide)
				}
				if small := eval[string](t, ctx, `[...document.querySelectorAll(".button, input:not([type=checkbox], [type=hidden]), select, textarea, .check")].filter(x => x.getBoundingClientRect().height < 44).map(x => x.outerHTML.slice(0, 60)).join(" ")`); small != "" {
					t.Errorf("%s at %d: too small for a finger: %s", name, size[0], small)
				}
				picture(t, ctx, fmt.Sprintf("%s-%d-%s", strings.TrimSuffix(name, ".html"), size[0], scheme))
			}
		}
	}
}

// picture keeps a screenshot where AKARI_TEST_SHOTS says, for people to look at.
func picture(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv("AKARI_TEST_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600)
	}
	if err != nil {
		t.Errorf("a picture of %s: %v", name, err)
	}
}
