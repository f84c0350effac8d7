package handlers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"akari/internal/testenv"
	"akari/models"
	"akari/models/modelstest"
)

// screen is a person at a real browser.
type screen struct {
	t     testing.TB
	ctx   context.Context
	quiet atomic.Bool // the page may report that the network is away
}

// newScreen opens a browser that says nothing of being driven, as a reader's
// does; driven = true leaves the signs that a program's browser has.
func newScreen(t testing.TB, width, height int64, driven bool) *screen {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(testenv.Chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Headless, chromedp.NoFirstRun,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("lang", "ja"),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"), chromedp.UserAgent(chrome))
	if !driven {
		opts = append(opts, chromedp.Flag("enable-automation", false), chromedp.Flag("disable-blink-features", "AutomationControlled"))
	}
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, cancel := chromedp.NewContext(alloc)
	ctx, end := context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(func() { end(); cancel(); stop() })
	s := &screen{t: t, ctx: ctx}
	var more []chromedp.EmulateViewportOption
	if width < 600 {
		more = append(more, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(3))
	}
	s.do(chromedp.EmulateViewport(width, height, more...))
	go func() {
		for m, err := range chromedp.Console(ctx) {
			if err != nil {
				return // the page is gone
			}
			if s.quiet.Load() && strings.Contains(m.Text, "Failed to load resource") {
				continue
			}
			if m.Type == chromedp.ConsoleException || strings.Contains(m.Text, "Content Security Policy") || fmt.Sprint(m.Type) == "error" {
				t.Errorf("the page reports: %s", m.Text)
			}
		}
	}()
	return s
}

func (s *screen) do(steps ...chromedp.Action[chromedp.Void]) {
	s.t.Helper()
	if err := chromedp.Do(s.ctx, steps...); err != nil {
		s.t.Fatalf("in the browser: %v", err)
	}
}

func on[T any](s *screen, expression string) T {
	s.t.Helper()
	v, err := chromedp.Run(s.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		s.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// until looks again and again; a page that is just being left answers nothing.
func (s *screen) until(expression string) {
	s.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(25 * time.Millisecond) {
		ok, err := chromedp.Run(s.ctx, chromedp.Evaluate[bool]("(() => { try { return Boolean("+expression+") } catch { return false } })()"))
		if err == nil && ok {
			return
		}
	}
	s.shot("failed")
	s.t.Fatalf("this did not come true: %s; the page says:\n%s", expression, on[string](s, "document.body.innerText"))
}

// wheel turns the wheel, as a hand does.
func (s *screen) wheel(dy float64) {
	s.t.Helper()
	if _, err := chromedp.Call(s.ctx, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: "mouseWheel", X: 400, Y: 400, DeltaX: 0.01, DeltaY: dy}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *screen) key(k string) {
	s.t.Helper()
	s.do(chromedp.KeyEvent(k))
}

func (s *screen) scheme(name string) {
	s.t.Helper()
	if _, err := chromedp.Call(s.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}}); err != nil {
		s.t.Fatal(err)
	}
}

// shot keeps a picture where AKARI_TEST_SHOTS says, for people to look at.
func (s *screen) shot(name string) {
	dir := os.Getenv("AKARI_TEST_SHOTS")
	if dir == "" {
		return
	}
	time.Sleep(500 * time.Millisecond) // a picture asked for between two pages never comes
	png, err := chromedp.Run(s.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600)
	}
	if err != nil {
		s.t.Errorf("a picture of %s: %v", name, err)
	}
}

// leave goes away from the page, as closing the tab does.
func (s *screen) leave() {
	s.t.Helper()
	s.do(chromedp.Navigate("about:blank"))
	time.Sleep(300 * time.Millisecond) // what a leaving page sends is on its way
}

// other opens one more tab of the same browser, in front of this one or in a
// window of its own.
func (s *screen) other(window bool) *screen {
	s.t.Helper()
	p := target.CreateTargetParams{URL: "about:blank", NewWindow: &window}
	made, err := chromedp.CallBrowser(s.ctx, target.CreateTarget, p)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(s.ctx, chromedp.WithTargetID(made.TargetID))
	s.t.Cleanup(cancel)
	o := &screen{t: s.t, ctx: ctx}
	o.do(chromedp.EmulateViewport(1280, 800))
	return o
}

const firstPage = `document.querySelector("#page-1[data-drawn]")`

func TestInTheBrowserADocumentLooksRight(t *testing.T) {
	schemes := []string{"light"}
	if os.Getenv("AKARI_TEST_SHOTS") != "" { // pictures for people to look at
		schemes = append(schemes, "dark")
	}
	g := newGallery(t, "sqlite")
	for _, size := range [][2]int64{{1280, 900}, {390, 844}} {
		s := newScreen(t, size[0], size[1], false)
		for _, material := range []string{"product-guide", "price-list", "demo-video", "architecture", "hearing-sheet", "price-list-2025h2"} {
			_, at := g.link("aoba-01", material)
			page := `document.getElementById("viewer")`
			if material == "price-list-2025h2" { // expired: whom to ask
				s.quiet.Store(true) // its status is Gone
				page = `document.querySelector("main .card") && !document.getElementById("opening") && /お尋ねください/.test(document.body.innerText)`
			}
			for _, scheme := range schemes {
				s.scheme(scheme)
				s.do(chromedp.Navigate(at))
				s.until(page)
				if strings.Contains(material, "-guide") || material == "price-list" {
					s.until(firstPage)
				}
				if over := on[int](s, `document.documentElement.scrollWidth - window.innerWidth`); over > 0 {
					t.Errorf("%s at %d: %d px wider than the screen", material, size[0], over)
				}
				if len(schemes) > 1 {
					time.Sleep(1200 * time.Millisecond) // everything drawn, nothing moving
				}
				s.shot(fmt.Sprintf("%s-%d-%s", material, size[0], scheme))
			}
		}
	}
}

// visible is how long pages of a link were on screen, by the reporting view: by
// page 0 all of them.
func (g *gallery) visible(link string, n int) int64 {
	if n == 0 {
		return g.count("SELECT SUM(visible_ms) FROM v_view WHERE link_id = ? AND class = 'human'", link)
	}
	return g.count("SELECT SUM(visible_ms) FROM v_view WHERE link_id = ? AND page = ? AND class = 'human'", link, n)
}

// shown waits until a page of a link is on record, and fails the test unless it was
// on screen from least to most, give or take one twentieth: least is between its
// being seen there and its being left, most is from before to after, for a busy
// machine takes its time over a key.
func (g *gallery) shown(link string, n int, least, most time.Duration) {
	g.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		got := time.Duration(g.visible(link, n)) * time.Millisecond
		if got >= least*19/20 && got <= most*21/20 {
			return
		}
		if time.Now().After(end) {
			g.t.Errorf("page %d: %s, want %s to %s", n, got, least.Round(time.Millisecond), most.Round(time.Millisecond))
			return
		}
	}
}

// turn goes to a page with a key and waits until it is the current one: it became so
// between the two times.
func (s *screen) turn(n int, k string) (before, after time.Time) {
	s.t.Helper()
	before = time.Now()
	s.key(k)
	s.until(fmt.Sprintf(`document.querySelector("#page-number").value === "%d"`, n))
	return before, time.Now()
}

func TestInTheBrowserAPageReadIsAPageCounted(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newGallery(t, driver)
		id, at := g.link("aoba-01", "product-guide")
		g.delivered(id, 3*time.Second)
		s := newScreen(t, 1280, 800, false)
		s.do(chromedp.Navigate(at))
		s.until(firstPage)
		if count := on[int](s, `document.querySelectorAll("#sheets section").length`); count != 14 {
			t.Fatalf("%d pages", count)
		}
		s.turn(2, kb.PageDown)
		came, there := s.turn(3, kb.PageDown)
		s.until(`document.querySelector("#page-3[data-drawn]")`)
		s.until(`document.querySelector("#page-3 .textLayer span")`)
		if text := on[string](s, `document.querySelector("#page-3 .textLayer").innerText`); !strings.Contains(text, "受注の現場で") {
			t.Errorf("the text of page 3 is %q", text)
		}
		time.Sleep(8*time.Second - time.Since(there))
		left, gone := s.turn(4, kb.PageDown)
		time.Sleep(2500 * time.Millisecond)
		s.leave()
		g.shown(hexOf(id), 3, left.Sub(there), gone.Sub(came))
		if class, reason := g.class(id); class != "human" || reason != "visible" {
			t.Errorf("class %s, %s", class, reason)
		}
		for n := 5; n <= 14; n++ {
			if ms := g.visible(hexOf(id), n); ms != 0 {
				t.Errorf("page %d, never on screen: %d ms", n, ms)
			}
		}
		if n := g.count("SELECT COUNT(*) FROM v_event WHERE kind = 'completed'"); n != 0 {
			t.Errorf("a quarter of the pages completed the document")
		}
		// The person is named, and what was on screen is bound to its version.
		if n := g.count("SELECT COUNT(*) FROM v_view WHERE person_key = 'aoba-01' AND material_key = 'product-guide' AND material_version = 5 AND page = 3"); n == 0 {
			t.Error("nothing on record for the person, the material and its version")
		}
	})
}

// bigPDF is a document of three pages with 4 MB of something between them.
func bigPDF() []byte {
	var b bytes.Buffer
	var at []int
	object := func(body string) {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(at), body)
	}
	b.WriteString("%PDF-1.4\n")
	object("<</Type/Catalog/Pages 2 0 R>>")
	object("<</Type/Pages/Kids[3 0 R 5 0 R 8 0 R]/Count 3>>")
	page := func(contents int) string {
		return fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>", contents)
	}
	text := func(s string) string {
		c := "BT /F1 48 Tf 100 700 Td (" + s + ") Tj ET"
		return fmt.Sprintf("<</Length %d>>stream\n%s\nendstream", len(c), c)
	}
	object(page(4))
	object(text("First page"))
	object(page(6))
	object(text("Second page"))
	object(fmt.Sprintf("<</Length %d>>stream\n%s\nendstream", 4<<20, strings.Repeat("x", 4<<20)))
	object(page(9))
	object(text("Third page"))
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, xref)
	return b.Bytes()
}

func TestInTheBrowserABigDocumentComesInPieces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, body := range map[string][]byte{
		"materials/materials.yaml": []byte("materials:\n  - {key: big, kind: document, title: 大きな資料, file: big.pdf, version: 1}\n"), "materials/big.pdf": bigPDF(),
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	g := newGalleryOf(t, "sqlite", dir)
	_, at := g.link("aoba-01", "big")
	s := newScreen(t, 1280, 800, false)
	s.do(chromedp.Navigate(at))
	s.until(firstPage)
	s.key(kb.End)
	s.until(`document.querySelector("#page-3[data-drawn] .textLayer")?.innerText.includes("Third page")`)
	if n := on[float64](s, `performance.getEntriesByType("resource").filter((e) => e.name.includes("/file/")).reduce((n, e) => n + e.transferSize, 0)`); n == 0 || n > 2<<20 {
		t.Errorf("%.0f bytes of 4 MB came for three small pages", n)
	}
	if on[bool](s, `Boolean(document.querySelector("a[download]"))`) {
		t.Error("what may not be saved has a button to save it")
	}
	if on[string](s, `getComputedStyle(document.querySelector(".textLayer")).userSelect`) != "none" {
		t.Error("what may not be saved can be selected")
	}
	s.key("+")
	s.until(`document.querySelector("#page-3").offsetWidth > 1000`)
}

func TestInTheBrowserAHiddenTabCountsNothing(t *testing.T) {
	t.Parallel()
	g := newGallery(t, "sqlite")
	id, at := g.link("aoba-01", "product-guide")
	s := newScreen(t, 1280, 800, false)
	s.do(chromedp.Navigate(at))
	s.until(firstPage)
	s.wheel(1)
	time.Sleep(3 * time.Second)
	front := s.other(false)
	s.until(`document.visibilityState === "hidden"`)
	g.shown(hexOf(id), 0, 2*time.Second, time.Hour)
	time.Sleep(time.Second)
	before := g.visible(hexOf(id), 0)
	time.Sleep(6 * time.Second)
	front.do(chromedp.Navigate("about:blank"))
	s.leave()
	if after := g.visible(hexOf(id), 0); after != before {
		t.Errorf("%d ms while hidden", after-before)
	}
}

func TestInTheBrowserTwoTabsDoNotDouble(t *testing.T) {
	t.Parallel()
	g := newGallery(t, "mysql")
	id, at := g.link("aoba-01", "product-guide")
	s := newScreen(t, 1280, 800, false)
	began := time.Now()
	s.do(chromedp.Navigate(at))
	s.until(firstPage)
	o := s.other(true)
	o.do(chromedp.Navigate(at))
	o.until(firstPage)
	if !on[bool](s, `document.visibilityState === "visible"`) || !on[bool](o, `document.visibilityState === "visible"`) {
		t.Fatal("the two windows are not both on screen: this proves nothing")
	}
	s.wheel(1)
	o.wheel(1)
	time.Sleep(6 * time.Second)
	s.leave()
	o.leave()
	passed := time.Since(began)
	g.shown(hexOf(id), 0, 6*time.Second, passed)
	if n := g.count("SELECT COUNT(*) FROM visits"); n != 1 {
		t.Errorf("%d visits", n)
	}
}

func TestInTheBrowserNothingIsLostOffline(t *testing.T) {
	t.Parallel()
	g := newGallery(t, "sqlite")
	id, at := g.link("aoba-01", "product-guide")
	s := newScreen(t, 1280, 800, false)
	s.do(chromedp.Navigate(at))
	s.until(firstPage)
	s.wheel(1)
	time.Sleep(2500 * time.Millisecond)
	s.quiet.Store(true)
	g.down.Store(true)
	came, there := s.turn(2, kb.PageDown)
	time.Sleep(10 * time.Second)
	next, third := s.turn(3, kb.PageDown)
	time.Sleep(10 * time.Second)
	if ms := g.visible(hexOf(id), 3); ms != 0 {
		t.Fatalf("page 3 is on record while the network is away: %d ms", ms)
	}
	// Left while still away; the next visit's page tells what the last one kept.
	left := time.Now()
	s.leave()
	gone := time.Now()
	g.down.Store(false)
	s.do(chromedp.Navigate(at))
	s.until(firstPage)
	time.Sleep(1500 * time.Millisecond)
	s.leave()
	g.shown(hexOf(id), 2, next.Sub(there), third.Sub(came))
	g.shown(hexOf(id), 3, left.Sub(third), gone.Sub(next))
	if n := g.count("SELECT COUNT(*) FROM v_event WHERE kind = 'opened'"); n != 1 {
		t.Errorf("opened %d times: a reload is the same visit", n)
	}
}

const play = `(() => { const v = document.getElementById("video"); v.muted = true; v.play(); return true })()`

func TestInTheBrowserAVideoCountsWhatWasShown(t *testing.T) {
	t.Parallel()
	watched := func(g *gallery, id models.ID) (distinct int64) {
		g.t.Helper()
		rows, err := g.db.Query("SELECT detail FROM v_event WHERE kind = 'video_watched' AND class = 'human' AND link_id = ?", hexOf(id))
		if err != nil {
			g.t.Fatal(err)
		}
		defer rows.Close()
		var all models.Spans
		for rows.Next() {
			var detail string
			var d struct{ Intervals models.Spans }
			if err := rows.Scan(&detail); err != nil {
				g.t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(detail), &d); err != nil {
				g.t.Fatal(err)
			}
			all, _ = all.Add(d.Intervals...)
		}
		if err := rows.Err(); err != nil {
			g.t.Fatal(err)
		}
		return all.Length()
	}
	completed := func(g *gallery) int64 {
		return g.count("SELECT COUNT(*) FROM v_event WHERE kind = 'completed' AND class = 'human'")
	}
	t.Run("jumping to the end", func(t *testing.T) {
		t.Parallel()
		g := newGallery(t, "sqlite")
		id, at := g.link("aoba-01", "demo-video")
		s := newScreen(t, 1280, 800, false)
		s.do(chromedp.Navigate(at))
		s.until(`document.getElementById("video").readyState >= 2`)
		s.wheel(1)
		on[bool](s, play)
		s.until(`document.getElementById("video").currentTime >= 3`)
		first := on[float64](s, `((v) => { const t = v.currentTime; v.currentTime = 26; return t })(document.getElementById("video"))`)
		s.until(`document.getElementById("video").ended`)
		s.leave()
		if ms, want := watched(g, id), int64(first*1000)+4000; ms < want-1500 || ms > want+1500 {
			t.Errorf("%d ms of 30 s, want about %d", ms, want)
		}
		if completed(g) != 0 {
			t.Error("jumping to the end completed the video")
		}
	})
	t.Run("twice at double speed", func(t *testing.T) {
		t.Parallel()
		g := newGallery(t, "mysql")
		id, at := g.link("aoba-01", "demo-video")
		s := newScreen(t, 390, 844, false)
		s.do(chromedp.Navigate(at))
		s.until(`document.getElementById("video").readyState >= 2 && document.getElementById("video").textTracks.length === 1`)
		s.wheel(1)
		on[bool](s, `(document.getElementById("video").playbackRate = 2, true)`)
		on[bool](s, play)
		s.until(`document.getElementById("video").ended`)
		for end := time.Now().Add(time.Minute); completed(g) == 0 && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		}
		first := watched(g, id)
		if first < 29_000 || first > 30_100 {
			t.Errorf("shown at double speed: %d ms of 30 s", first)
		}
		if completed(g) != 1 {
			t.Errorf("completed %d times", completed(g))
		}
		on[bool](s, play)
		time.Sleep(5 * time.Second)
		s.leave()
		if again := watched(g, id); again < first || again > 30_100 {
			t.Errorf("watched again: %d ms after %d", again, first)
		}
		if completed(g) != 1 {
			t.Errorf("completed %d times", completed(g))
		}
		// Where it stopped, it goes on.
		s.do(chromedp.Navigate(at))
		s.until(`document.getElementById("video").currentTime > 4`)
	})
}

func TestInTheBrowserAToolIsCountedAndThenOpened(t *testing.T) {
	t.Parallel()
	g := newGallery(t, "sqlite")
	id, at := g.link("aoba-01", "estimate-tool")
	s := newScreen(t, 390, 844, false)
	s.quiet.Store(true) // the tool's host does not exist
	s.do(chromedp.Navigate(at))
	s.until(`document.getElementById("go")`)
	s.shot("tool-390")
	s.wheel(1)
	began := time.Now()
	for g.count("SELECT COUNT(*) FROM v_event WHERE kind = 'tool_opened' AND class = 'human' AND object_key = 'estimate-tool' AND link_id = ?", hexOf(id)) == 0 {
		if time.Since(began) > time.Minute {
			t.Fatal("no tool was opened")
		}
		time.Sleep(50 * time.Millisecond)
	}
	var where string // also when the host is not there
	for ; !strings.HasPrefix(where, "https://tools.example.com/estimate") && time.Since(began) < time.Minute; time.Sleep(50 * time.Millisecond) {
		h, err := chromedp.Call(s.ctx, page.GetNavigationHistory, cdp.Empty{})
		if err != nil {
			continue // between two pages
		}
		where = h.Entries[h.CurrentIndex].URL
		if len(h.Entries) > 2 { // about:blank and this: back leads to where the link was
			t.Errorf("%d steps back", len(h.Entries)-1)
		}
	}
	if !strings.HasPrefix(where, "https://tools.example.com/estimate") {
		t.Errorf("the browser is at %s", where)
	}
}

func TestInTheBrowserAScannerIsNoReader(t *testing.T) {
	t.Parallel()
	for _, driven := range []bool{true, false} {
		t.Run(fmt.Sprintf("driven=%v", driven), func(t *testing.T) {
			t.Parallel()
			g := newGallery(t, "sqlite")
			var at []string
			for i := 1; i <= 5; i++ {
				id, address := g.link(fmt.Sprintf("aoba-%02d", i), "product-guide")
				g.delivered(id, time.Second)
				at = append(at, address)
			}
			s := newScreen(t, 1280, 800, driven)
			for _, a := range at {
				s.do(chromedp.Navigate(a))
				s.until(firstPage)
				on[bool](s, `(scrollTo(0, 2000), true)`) // as those that make a picture of the whole page do
				time.Sleep(2500 * time.Millisecond)
			}
			s.leave()
			if n := g.humans(); n != 0 {
				t.Errorf("%d human rows", n)
			}
			if n := g.count("SELECT COUNT(*) FROM v_view WHERE class = 'scanner' AND page IS NULL"); n < 4 {
				t.Errorf("only %d of 5 openings are a scanner's", n)
			}
		})
	}
}
