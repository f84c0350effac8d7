package handlers_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"akari/models"

	"github.com/chromedp/chromedp"
)

// at goes to a staff page in a browser.
func (s *screen) at(h *house, path string) {
	s.t.Helper()
	s.do(chromedp.Navigate(h.url + path))
	s.until("document.body && document.readyState === 'complete'")
}

// wide tells whether the page can be pushed sideways.
func (s *screen) wide() bool {
	s.t.Helper()
	return on[bool](s, "document.documentElement.scrollWidth > innerWidth + 1")
}

// charts looks at every kind of chart: drawn in the colours of both schemes, as wide
// as the screen allows, and leading where its table leads.
func (s *screen) charts(h *house, name string) {
	s.t.Helper()
	for path, least := range map[string]int{"/staff": 1, "/staff/partners/p-minami": 2, "/staff/materials": 1} {
		s.at(h, path)
		s.until(fmt.Sprintf("document.querySelectorAll('figure[data-chart]:not([hidden]) canvas').length === %d", least))
		if s.wide() {
			s.t.Error("a chart is wider than the screen on", path)
		}
		on[bool](s, "(document.querySelector('figure[data-chart]').closest('.block').scrollIntoView(), true)")
		s.shot("staff-chart" + strings.ReplaceAll(path, "/", "-") + "-" + name)
		if on[bool](s, "[...document.querySelectorAll('.as-table')].some(d => d.open)") {
			s.t.Error("the table stands open beneath its chart on", path)
		}
	}
	// A bar under the mouse is told, and leads to the events of its cell.
	s.at(h, "/staff/materials")
	s.until("document.querySelector('figure canvas')")
	want := on[string](s, `(() => { const td = [...document.querySelectorAll('.as-table td')].find(td => td.dataset.label && td.classList.contains('num') && td.textContent.trim() !== '0' && td.cellIndex === 2); return td.querySelector('a').href })()`)
	pointer := func(types string) {
		on[bool](s, fmt.Sprintf(`(() => {
			const over = document.querySelector('.u-over'), box = over.getBoundingClientRect();
			// The second of five groups; each has one bar and a gap.
			const at = {clientX: box.left + box.width * 2.8 / 9.6, clientY: box.bottom - 4, bubbles: true};
			for (const type of %q.split(' ')) over.dispatchEvent(new MouseEvent(type, at));
			return true;
		})()`, types))
	}
	pointer("mouseenter mousemove")
	s.until("document.querySelector('.plot').classList.contains('pressable') && document.querySelector('.chart-key b').textContent !== ''")
	pointer("mousedown mouseup click")
	s.until("location.pathname === '/staff/events'")
	if got := on[string](s, "location.href"); got != want {
		s.t.Errorf("the bar leads to %s, its cell to %s", got, want)
	}
	s.at(h, "/staff/materials")
	s.until("document.querySelector('figure canvas')")
	s.scheme("dark") // drawn anew, in colours for a dark ground
	s.until("getComputedStyle(document.documentElement).getPropertyValue('--line0').trim() === '#62b8ee'")
	on[bool](s, "(document.querySelector('figure[data-chart]').closest('.block').scrollIntoView(), true)")
	s.shot("staff-chart-dark-" + name)
	s.scheme("light")
}

func TestStaffPagesInABrowser(t *testing.T) {
	for _, one := range []struct {
		name          string
		width, height int64
		lang, figure  string
	}{{"desktop", 1280, 900, "ja", "質問"}, {"phone", 390, 844, "en", "Questions"}} {
		t.Run(one.name, func(t *testing.T) {
			h := newHouse(t, "sqlite")
			now := time.Now()
			for i := range 7 {
				h.happened(t, "aoba-01", models.Asked, now.Add(-time.Duration(i)*time.Minute))
				h.happened(t, "minami-01", models.Opened, now.Add(-time.Duration(i)*24*time.Hour), func(e *models.Event) { e.ObjectKind, e.ObjectKey, e.ObjectVersion = "material", "guide", 2 })
				h.happened(t, "minami-01", models.Asked, now.Add(-time.Duration(i+8)*24*time.Hour))
			}
			if _, err := h.store.RebuildWeeks(t.Context(), time.UTC, 48*time.Hour, time.Time{}, time.Time{}); err != nil { // charts are of kept weeks
				t.Fatal(err)
			}
			if _, err := h.mind.KeepOwners(t.Context(), nil); err != nil { // the pages tell who answers for what
				t.Fatal(err)
			}
			s := newScreen(t, one.width, one.height, false)
			s.at(h, h.way("s-ito"))
			s.shot("staff-enter-" + one.name)
			s.do(chromedp.Click(chromedp.CSS("form button[type=submit]")))
			s.until("location.pathname === '/staff' && document.querySelectorAll('.tile').length > 10")
			s.at(h, "/staff?lang="+one.lang)
			want := on[string](s, fmt.Sprintf("[...document.querySelectorAll('.tile')].find(t => t.querySelector('.tile-label').textContent === %q).querySelector('strong').textContent", one.figure))
			s.shot("staff-overview-" + one.name)
			if s.wide() {
				t.Error("the overview is wider than the screen")
			}
			on[bool](s, fmt.Sprintf("([...document.querySelectorAll('.tile')].find(t => t.querySelector('.tile-label').textContent === %q).querySelector('a').click(), true)", one.figure))
			s.until("location.pathname === '/staff/events' && document.querySelector('tbody tr')")
			if got := on[int](s, "document.querySelectorAll('tbody tr').length"); fmt.Sprint(got) != want {
				t.Errorf("the figure says %s, the log shows %d", want, got)
			}
			s.shot("staff-events-" + one.name)
			s.charts(h, one.name)
			for _, path := range []string{"partners", "partners/p-minami", "people", "materials", "materials/guide", "campaigns", "gaps", "faq", "owners", "owners/entry/trial", "outcomes", "sessions", "audit"} {
				s.at(h, "/staff/"+path)
				if s.wide() {
					t.Errorf("%s is wider than the screen", path)
				}
				s.shot("staff-" + strings.ReplaceAll(path, "/", "-") + "-" + one.name)
			}
			// With the keyboard alone: the first Tab skips the menu.
			s.key("\t")
			if got := on[string](s, "document.activeElement.className"); got != "skip" {
				t.Error("the first Tab goes to", got)
			}
			s.do(chromedp.Click(chromedp.CSS(".staff-top form button")))
			s.until("document.querySelector('.calm')")
			s.quiet.Store(true) // 401 is what is wanted
			s.at(h, "/staff")
			if on[bool](s, "Boolean(document.querySelector('.tile'))") {
				t.Error("who has left is still in")
			}
		})
	}
}
