package handlers_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"akari/handlers"
)

// somewhere makes a screen another browser of the same kind, in a place.
func (s *screen) somewhere(zone, agent string) {
	s.t.Helper()
	if _, err := chromedp.Call(s.ctx, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		s.t.Fatal(err)
	}
	if _, err := chromedp.Call(s.ctx, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: zone}); err != nil {
		s.t.Fatal(err)
	}
	if _, err := chromedp.Call(s.ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent}); err != nil {
		s.t.Fatal(err)
	}
}

// awaits reads the database until a number is there.
func (g *gallery) awaits(want int64, query string, args ...any) {
	g.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(25 * time.Millisecond) {
		n := g.count(query, args...)
		if n == want {
			return
		}
		if time.Now().After(end) {
			g.t.Fatalf("%s %v answers %d, want %d", query, args, n, want)
		}
	}
}

// A real browser tells its zone at the door, and the page of the reader who is too
// far away asks them, once. What they press until then is theirs alone.
func TestInTheBrowserAReaderFarAwayIsAsked(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int64{{1280, 900}, {390, 844}} {
		t.Run(fmt.Sprint(size[0]), func(t *testing.T) {
			t.Parallel()
			g := newGallery(t, "sqlite", func(o *handlers.Options) { o.VisibleMin = 100 * time.Millisecond })
			id, at := g.link("aoba-01", "price-list")
			s := newScreen(t, size[0], size[1], false)
			read := func(zone, version string) {
				t.Helper()
				s.somewhere(zone, strings.ReplaceAll(chrome, "156", version))
				s.do(chromedp.Navigate(at))
				s.until(firstPage)
				s.wheel(1)
			}
			class := "SELECT COUNT(*) FROM visits WHERE class = ? AND reason = ?"
			read("Asia/Tokyo", "156")
			g.awaits(1, class, "human", "visible")
			read("Europe/London", "157")
			g.awaits(1, class, "forwarded", "travel")
			if n := g.count("SELECT COUNT(*) FROM v_event WHERE kind = 'opened' AND link_id = ? AND (detail LIKE '%\"east\":540%' OR detail LIKE '%\"east\":0%' OR detail LIKE '%\"east\":60%')", hexOf(id)); n != 2 {
				t.Errorf("%d openings say where the clock stood", n)
			}
			on[bool](s, `scrollTo(0, 0) === undefined`)
			s.until(`(() => { const r = document.querySelector(".ask").getBoundingClientRect(); return r.top >= 0 && r.bottom < innerHeight && document.body.innerText.includes("別の方ですか?") })()`)
			s.shot(fmt.Sprintf("who-%d", size[0]))
			s.tap("同じ会社の別の者です")
			s.until(`document.readyState === "complete" && document.body.innerText.includes("お名前")`)
			s.shot(fmt.Sprintf("who-name-%d", size[0]))
			s.do(chromedp.SendKeys(chromedp.CSS(`input[name="name"]`), "高橋みどり"))
			s.tap("送信する")
			s.until(firstPage)
			g.awaits(1, class, "forwarded", "told")
			if on[bool](s, `/別の方ですか|内容を確認しました/.test(document.body.innerText)`) {
				t.Error("somebody else is asked again, or speaks for the person")
			}
			if n := g.count("SELECT COUNT(*) FROM v_view WHERE person_key = 'aoba-01' AND class <> 'human'"); n != 0 {
				t.Errorf("the person is credited with %d rows of somebody else", n)
			}
		})
	}
}
