package playground_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"akari/bot"
	"akari/internal/testenv"
)

// browser is one page of a real browser. Trouble that the page itself reports
// (also a breach of its own policy) fails the test, but for a missing picture,
// which the conversation has on purpose.
type browser struct {
	t   testing.TB
	ctx context.Context
}

func newBrowser(t testing.TB, width, height int64) *browser {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(testenv.Chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Headless, chromedp.NoFirstRun,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("lang", "ja"))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, cancel := chromedp.NewContext(alloc)
	ctx, end := context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(func() { end(); cancel(); stop() })
	b := &browser{t: t, ctx: ctx}
	var more []chromedp.EmulateViewportOption
	if width < 600 {
		more = append(more, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	b.do(chromedp.EmulateViewport(width, height, more...))
	go func() {
		for m, err := range chromedp.Console(ctx) {
			if err != nil {
				return // the page is gone
			}
			if kind := fmt.Sprint(m.Type); ((kind == "error" || m.Type == chromedp.ConsoleException) && !strings.Contains(m.Text, "404")) || strings.Contains(m.Text, "Content Security Policy") {
				t.Errorf("the page reports: %s %s", kind, m.Text)
			}
		}
	}()
	return b
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatalf("in the browser: %v", err)
	}
}

// js evaluates an expression.
func js[T any](b *browser, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// until waits for an expression to be true in the page; a page that is just being
// left answers nothing.
func (b *browser) until(expression string) {
	b.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(25 * time.Millisecond) {
		ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if err == nil && ok {
			return
		}
	}
	b.shot("failed")
	b.t.Fatalf("this did not come true: %s; the page says:\n%s", expression, js[string](b, "document.body.innerText"))
}

func (b *browser) sees(text string) {
	b.t.Helper()
	b.until(fmt.Sprintf("document.body.innerText.includes(%q)", text))
}

func (b *browser) click(css string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(css), chromedp.NodeVisible))
}

// press clicks the newest visible button with that label.
func (b *browser) press(label string) {
	b.t.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll("button, a.button, summary")].filter(x => x.offsetParent && x.innerText.split("\n").some(y => y.trim().startsWith(%q))).at(-1)`, label)
	b.until(find)
	js[bool](b, `(() => { const x = `+find+`; for (const y of document.querySelectorAll("[data-t]")) y.removeAttribute("data-t"); x.setAttribute("data-t", "1"); x.scrollIntoView({block: "center"}); return true; })()`)
	b.click("[data-t]")
}

func (b *browser) key(keys string, opts ...chromedp.KeyOption) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys, opts...))
}

// enter presses Enter as a keyboard does: key and character in one, so that a
// page can prevent both. (chromedp sends them apart.)
func (b *browser) enter() {
	b.t.Helper()
	for _, kind := range []input.DispatchKeyEventType{"keyDown", "keyUp"} {
		p := input.DispatchKeyEventParams{Type: kind, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13, NativeVirtualKeyCode: 13}
		if kind == "keyDown" {
			p.Text, p.UnmodifiedText = "\r", "\r"
		}
		if _, err := chromedp.Call(b.ctx, input.DispatchKeyEvent, p); err != nil {
			b.t.Fatalf("Enter: %v", err)
		}
	}
}

// shot keeps a picture where AKARI_TEST_SHOTS says, for people to look at.
func (b *browser) shot(name string) {
	dir := os.Getenv("AKARI_TEST_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Errorf("a picture of %s: %v", name, err)
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		b.t.Error(err)
	}
}

// fits fails if anything is wider than the screen.
func (b *browser) fits() {
	b.t.Helper()
	if wide := js[string](b, `[...document.querySelectorAll("body *")].filter(x => x.offsetParent && !x.closest(".cards, .side, .preview, pre") && x.getBoundingClientRect().right > innerWidth + 1).map(x => x.tagName + "." + x.className).join(" ")`); wide != "" {
		b.t.Errorf("wider than the screen: %s", wide)
	}
}

func TestInTheBrowserARepGetsAnAnswer(t *testing.T) {
	s := newServer(t, conversation, narrow{})
	b := newBrowser(t, 1280, 800)
	b.do(chromedp.Navigate(s.URL + "/play"))
	b.sees("何でも聞いてください")
	b.sees("接続中")
	b.shot("desktop-empty")
	b.press("はじめる")
	b.press("最新の価格表はどこにありますか")
	b.sees("価格表 2026年度下期")
	b.until(`document.querySelector(".thread article img.picture, .thread .shelf img").naturalWidth > 0`)
	b.sees("手引きの表紙") // a picture that cannot be had says in words what it shows
	b.shot("desktop-answer")

	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}}); err != nil {
		t.Fatal(err)
	}
	b.shot("desktop-answer-dark")
	b.press("資料 価格表")
	b.sees("あなただけに表示")
	if got := js[string](b, `document.querySelector("article.only a.button").href`); got != s.URL+"/v/abc" {
		t.Errorf("the link leads to %s", got)
	}
	b.until(`document.querySelector(".press .button.was")`)

	// What Akari sends by itself arrives without reload, also in rooms not looked at.
	s.mustSend(bot.Post, bot.Address{Direct: true, User: "aoba-01"}, bot.Message{Text: "担当者から回答がありました。"}, bot.Inbound{})
	b.until(`document.querySelector("#rooms .dot")`)
	b.click("#rooms li:nth-child(2) button")
	b.sees("担当者から回答がありました。")
	b.until(`!document.querySelector("#rooms .dot")`)

	// A colleague sees the answer, but not what was private.
	b.press("佐藤 花子")
	b.click("#rooms li:nth-child(1) button")
	b.sees("最新の価格表は")
	if js[bool](b, `document.body.innerText.includes("このリンクはあなた専用です")`) {
		t.Error("a colleague sees a private message")
	}
	b.press("鈴木 健")
	b.sees("何でも聞いてください")
	if js[bool](b, `document.querySelector("#log").innerText.includes("価格表")`) {
		t.Error("another partner sees the room")
	}
}

func TestInTheBrowserTheKeyboardIsEnough(t *testing.T) {
	s := newServer(t, conversation)
	b := newBrowser(t, 1280, 800)
	b.do(chromedp.Navigate(s.URL + "/play#as=aoba-01&room=direct-aoba-01"))
	b.sees("接続中")
	b.do(chromedp.Focus(chromedp.CSS("#text")))
	b.key("一行目")
	b.key(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierShift))
	b.key("二行目")
	// An Enter that ends a composition belongs to the input method.
	js[bool](b, `document.querySelector("#text").dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", isComposing: true, bubbles: true, cancelable: true}))`)
	if got := js[string](b, `document.querySelector("#text").value`); got != "一行目\n二行目" {
		t.Errorf("the text is %q", got)
	}
	b.enter()
	eventually(t, "the text arrives", func() bool { return s.last().Text == "一行目\n二行目" })
	b.sees("最新の価格表は")

	// Lines typed faster than the network carries them arrive all, in order.
	js[bool](b, `(() => { const f = window.fetch; window.slow = f; window.fetch = (...a) => new Promise((on) => setTimeout(on, 300)).then(() => f(...a)); return true; })()`)
	for _, line := range []string{"一つ目", "二つ目", "三つ目"} {
		b.key(line)
		b.enter()
	}
	eventually(t, "the lines arrive in order", func() bool {
		texts := s.texts()
		return len(texts) >= 3 && slices.Equal(texts[len(texts)-3:], []string{"一つ目", "二つ目", "三つ目"})
	})
	js[bool](b, `(() => { window.fetch = window.slow; return true; })()`)

	// Slash commands: arrows choose, Enter takes, Enter sends.
	b.key("/ak")
	b.until(`document.querySelectorAll("#hints [role=option]").length === 4`)
	b.shot("desktop-hints")
	b.key(kb.ArrowDown)
	b.key(kb.ArrowDown)
	b.enter()
	if got := js[string](b, `document.querySelector("#text").value`); got != "/akari menu" {
		t.Errorf("the composer holds %q", got)
	}
	b.enter()
	eventually(t, "the command arrives", func() bool { return s.last().Kind == bot.Commanded && s.last().Text == "menu" })

	// The form: errors where they belong, what was typed stays, Escape closes.
	b.press("担当者に聞く")
	b.until(`document.querySelector("dialog").open`)
	b.until(`document.activeElement.name === "question"`)
	b.until(`document.querySelectorAll("[data-field=customer] label").length === 3`)
	b.shot("desktop-form")
	js[bool](b, `(() => { document.querySelector("#m-question").value = ""; document.querySelector("#m-urgency").value = "week"; return true; })()`)
	b.press("送信する")
	b.sees("質問を入力してください。")
	b.shot("desktop-form-error")
	if got := js[string](b, `document.activeElement.name + document.querySelector("#m-urgency").value + document.querySelector("#m-question").getAttribute("aria-invalid")`); got != "questionweektrue" {
		t.Errorf("after an error: %q", got)
	}
	b.key("解約の期限は？")
	b.do(chromedp.SendKeys(chromedp.CSS("[data-field=customer] input[type=search]"), "川"))
	b.until(`document.querySelectorAll("[data-field=customer] label").length === 1`)
	b.click("[data-field=customer] label")
	b.press("送信する")
	b.sees("承りました(7): 解約の期限は？")
	b.until(`!document.querySelector("dialog").open`)
	b.press("担当者に聞く")
	b.until(`document.querySelector("dialog").open`)
	b.key(kb.Escape)
	b.until(`!document.querySelector("dialog").open`)
	b.do(chromedp.Reload())
	b.sees("承りました")
	if js[bool](b, `document.querySelector("dialog").open`) {
		t.Error("a closed form comes back")
	}
	b.press("ホーム")
	b.sees("資料を探す")
	b.shot("desktop-home")
}

func TestInTheBrowserOnAPhone(t *testing.T) {
	s := newServer(t, conversation, narrow{})
	for _, size := range [][2]int64{{390, 844}, {360, 740}} {
		b := newBrowser(t, size[0], size[1])
		name := fmt.Sprintf("phone-%d", size[0])
		b.do(chromedp.Navigate(s.URL + "/play#as=midori-01&room=midori"))
		b.sees("みどり販売様")
		b.fits()
		b.shot(name + "-first")
		b.press("はじめる")
		b.do(chromedp.Focus(chromedp.CSS("#text")))
		b.press("@Akari")
		b.key("価格表は？")
		b.press("送信")
		b.sees("解決しない")
		b.fits()
		b.shot(name + "-answer")
		if small := js[string](b, `[...document.querySelectorAll("article .press .button, header .icon, #send")].filter(x => x.offsetParent && x.getBoundingClientRect().height < 40).map(x => x.textContent).join(" ")`); small != "" {
			t.Errorf("too small for a finger: %s", small)
		}
		b.press("見え方")
		b.until(`document.querySelector("#preview.open .pv")`)
		time.Sleep(250 * time.Millisecond) // the sheet slides in
		b.shot(name + "-preview")
		b.key(kb.Escape)
		b.until(`!document.querySelector("#preview.open")`)
		b.click("#side-open")
		b.until(`document.querySelector("#side.open")`)
		time.Sleep(250 * time.Millisecond)
		b.shot(name + "-side")
		b.press("伊藤")
		b.until(`!document.querySelector("#side.open")`)
		b.sees("伊藤・ベンダー社員")
	}
}

func TestInTheBrowserAfterARestart(t *testing.T) {
	s := newServer(t, conversation)
	b := newBrowser(t, 1280, 800)
	b.do(chromedp.Navigate(s.URL + "/play?lang=en#as=aoba-01&room=direct-aoba-01"))
	b.sees("Connected")
	b.press("Where is the latest price list?")
	b.sees("Here is the latest price list.")
	if got := js[string](b, `[...document.querySelectorAll(".said")].at(-1).lang + document.documentElement.lang`); got != "enen" {
		t.Errorf("languages: %q", got)
	}
	s.p.Close()
	b.sees("Reconnecting")
}
