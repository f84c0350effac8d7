package handlers_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

// beacon is what the page tells: ms visible from a moment of the visit on, all of
// it on one page.
func (r *reader) beacon(from, ms int64, page int, more string) string {
	r.seq++
	pages := ""
	if page > 0 {
		pages = fmt.Sprintf(`,"pages":[[%d,%d]],"of":14`, page, ms)
	}
	return fmt.Sprintf(`{"beacons":[{"visit":%q,"tab":"t1","seq":%d,"from":%d,"to":%d%s%s}]}`, r.proof, r.seq, from, from+ms, pages, more)
}

func TestWrongExpiredAndRevokedLookAlike(t *testing.T) {
	g := newGallery(t, "sqlite")
	_, good := g.link("aoba-01", "product-guide")
	_, expired := g.link("aoba-01", "product-guide", func(l *models.Link) { l.ExpiresAt = time.Now().Add(-time.Second) })
	id, revoked := g.link("aoba-01", "product-guide")
	if err := g.store.InTx(context.Background(), func(tx *models.Tx) error { return tx.RevokeLink(id) }); err != nil {
		t.Fatal(err)
	}
	last := good[len(good)-1]
	other := byte('A')
	if last == other {
		other = 'E'
	}
	for _, below := range []struct{ method, path string }{
		{"GET", ""}, {"HEAD", ""}, {"POST", "/open"}, {"POST", "/seen"}, {"POST", "/go"}, {"GET", "/file/product-guide.pdf"}, {"GET", "/captions"},
	} {
		var first string
		for i, at := range []string{expired, revoked, g.url + "/v/" + strings.Repeat("A", 43), g.url + "/v/x", good[:len(good)-1] + string(other), good + "A"} {
			status, body, header := g.reader(chrome).do(below.method, at+below.path, nil)
			all := fmt.Sprint(status, body, header.Get("Content-Type"), header.Get("Cache-Control"), header.Values("Set-Cookie"))
			if status != http.StatusGone {
				t.Errorf("%s %s: %d", below.method, below.path, status)
			}
			if i == 0 {
				first = all
			} else if all != first {
				t.Errorf("%s %s: link %d looks different:\n%s\n%s", below.method, below.path, i, all, first)
			}
		}
	}
	if n := g.count("SELECT COUNT(*) FROM events"); n != 0 {
		t.Errorf("%d events of dead links", n)
	}
}

func TestARevokedLinkIsDeadInEveryProcessAtOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newGallery(t, driver)
		id, at := g.link("aoba-01", "product-guide")
		second := httptest.NewServer(handlers.New(handlers.Options{Store: modelstest.Connect(t, driver, g.dsn, time.Now), Library: g.lib, PublicURL: g.url,
			Secrets: [][]byte{[]byte("0123456789abcdef0123456789abcdef")}, Vendor: handlers.Vendor{Desk: "d", Languages: []string{"ja"}}}).Routes())
		defer second.Close()
		r := g.reader(chrome)
		r.open(at)
		elsewhere := strings.Replace(at, g.url, second.URL, 1)
		if status, _, _ := r.do("GET", elsewhere, nil); status != http.StatusOK {
			t.Fatalf("before: %d", status)
		}
		if err := g.store.InTx(context.Background(), func(tx *models.Tx) error { return tx.RevokeLink(id) }); err != nil {
			t.Fatal(err)
		}
		for _, base := range []string{at, elsewhere} {
			r.at = base
			if status, _, _ := r.do("GET", base, nil); status != http.StatusGone {
				t.Errorf("the page: %d", status)
			}
			if status, _, _ := r.do("GET", base+"/file/product-guide.pdf", nil); status != http.StatusGone {
				t.Errorf("its bytes: %d", status)
			}
			if status := r.seen(r.beacon(0, 100, 1, "")); status != http.StatusGone {
				t.Errorf("its reports: %d", status)
			}
		}
	})
}

func TestTheFirstGetSaysAndSetsNothing(t *testing.T) {
	g := newGallery(t, "sqlite")
	_, at := g.link("aoba-01", "product-guide")
	status, page, header := g.reader(chrome).do("GET", at, nil)
	if status != http.StatusOK || len(header.Values("Set-Cookie")) > 0 {
		t.Errorf("%d %v", status, header)
	}
	for _, secret := range []string{"製品紹介", "product", "ミナト", "aoba", "田中", "og:", "twitter:", ".pdf"} {
		if strings.Contains(page, secret) {
			t.Errorf("the door says %q", secret)
		}
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Robots-Tag": "noindex, nofollow, noarchive", "Cross-Origin-Opener-Policy": "same-origin", "X-Frame-Options": "DENY"} {
		if got := header.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if csp := header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("the policy is %q", csp)
	}
	_, page, _ = g.reader(chrome).do("GET", at+"?lang=en", nil)
	if !strings.Contains(page, "Opening your material") {
		t.Error("not in English")
	}
}

func TestBytesNeedTheCookieOfThisLink(t *testing.T) {
	g := newGallery(t, "sqlite")
	_, at := g.link("aoba-01", "product-guide")
	_, other := g.link("aoba-02", "product-guide")
	file := "/file/product-guide.pdf"
	r := g.reader(chrome)
	if _, body, _ := r.do("GET", at+file, nil); strings.HasPrefix(body, "%PDF") {
		t.Fatal("bytes without a cookie")
	}
	r.open(at)
	status, body, header := r.do("GET", at+file, nil, "Range", "bytes=0-99")
	if status != http.StatusPartialContent || len(body) != 100 || !strings.HasPrefix(body, "%PDF") || header.Get("Content-Type") != "application/pdf" || header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d, %d bytes, %v", status, len(body), header)
	}
	// A cookie moved to another link's path by hand opens nothing there.
	req, err := http.NewRequest("GET", other+file, nil)
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]int{at: 1, at + file: 1, other: 0, g.url + "/": 0} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		cookies := r.client.Jar.Cookies(u)
		if len(cookies) != want {
			t.Errorf("%d cookies go to %s", len(cookies), u.Path)
		}
		if address == at {
			req.AddCookie(cookies[0])
		}
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther {
		t.Errorf("another link with this cookie: %d", resp.StatusCode)
	}
}

func agents(t *testing.T, n int) []string {
	t.Helper()
	f, err := os.Open("testdata/agents.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := []string{"Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "Slack-ImgProxy (+https://api.slack.com/robots)", "facebookexternalhit/1.1;line-poker/1.0", "",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0 Safari/537.36"}
	var all []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		all = append(all, lines.Text())
	}
	for i := 0; len(out) < n; i += max(1, len(all)/n) {
		out = append(out, all[i%len(all)])
	}
	return out
}

// Previews and scanners in every way they ask, and also those that go all the way.
func TestNoRobotIsAHuman(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newGallery(t, driver)
		id, at := g.link("aoba-01", "product-guide")
		list := agents(t, 70)
		for _, agent := range list {
			for _, one := range []struct {
				method, path string
				header       []string
			}{
				{"GET", "", nil}, {"HEAD", "", nil}, {"OPTIONS", "", nil}, {"GET", "", []string{"Range", "bytes=0-1023"}}, {"GET", "", []string{"Sec-Purpose", "prefetch;prerender"}},
				{"GET", "", []string{"Purpose", "prefetch"}}, {"POST", "/open", nil}, {"POST", "/seen", nil}, {"GET", "/file/product-guide.pdf", []string{"Range", "bytes=0-1"}}, {"POST", "/go", nil},
			} {
				g.reader(agent).do(one.method, at+one.path, nil, one.header...)
			}
		}
		if n := g.count("SELECT COUNT(*) FROM visits") + g.count("SELECT COUNT(*) FROM v_view"); n != 0 {
			t.Errorf("%d views without a nonce", n)
		}
		if n := g.count("SELECT COUNT(*) FROM v_event WHERE kind = 'hit' AND class IS NULL AND person_key IS NULL"); n < 20 || n > 35 {
			t.Errorf("%d hits are on record: some, and no more than the bound", n)
		}
		for _, agent := range list[:40] {
			if agent == chrome {
				continue
			}
			r := g.reader(agent)
			r.open(at)
			g.pass(5 * time.Second)
			if status := r.seen(r.beacon(0, 5000, 1, `,"gestures":9`)); status != http.StatusNoContent {
				t.Fatalf("%q: %d", agent, status)
			}
		}
		if n := g.humans(); n != 0 {
			t.Errorf("%d human rows", n)
		}
		// A reader with the same link, to show that the silence above means something.
		r := g.reader(chrome)
		r.open(at)
		g.pass(5 * time.Second)
		r.seen(r.beacon(0, 5000, 1, ""))
		if n := g.count("SELECT COUNT(*) FROM v_view WHERE class = 'human' AND page = 1 AND visible_ms = 5000 AND link_id = ?", hexOf(id)); n != 1 {
			t.Errorf("the reader is on record %d times", n)
		}
	})
}

func TestPrefetchedOpeningsAndFormsWithoutScriptStayOutside(t *testing.T) {
	g := newGallery(t, "sqlite")
	_, at := g.link("aoba-01", "product-guide")
	r := g.reader(chrome)
	r.open(at, "Sec-Purpose", "prefetch")
	g.pass(5 * time.Second)
	r.seen(r.beacon(0, 5000, 1, ""))
	quiet := g.reader(chrome)
	_, page, _ := quiet.do("GET", at, nil)
	nonce := nonceField.FindStringSubmatch(page)[1]
	quiet.at = at
	_, page, _ = quiet.do("POST", at+"/open", strings.NewReader("nonce="+url.QueryEscape(nonce)), "Content-Type", "application/x-www-form-urlencoded")
	quiet.proof = proofField.FindStringSubmatch(page)[1]
	g.pass(5 * time.Second)
	quiet.seen(quiet.beacon(0, 5000, 1, ""))
	for class, want := range map[string]int64{"preview": 1, "suspect": 1, "human": 0} {
		if n := g.count("SELECT COUNT(*) FROM visits WHERE class = ?", class); n != want {
			t.Errorf("%d visits of class %s, want %d", n, class, want)
		}
	}
	// From another site, or with another link's nonce, nothing opens.
	_, other := g.link("aoba-02", "product-guide")
	for _, try := range []struct{ at, nonce, site string }{{at, nonce, "cross-site"}, {other, nonce, ""}, {at, "", ""}, {at, nonce[:10], ""}} {
		status, _, _ := g.reader(chrome).do("POST", try.at+"/open", strings.NewReader("script=1&nonce="+url.QueryEscape(try.nonce)), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", try.site)
		if status != http.StatusBadRequest {
			t.Errorf("%v: %d", try, status)
		}
	}
}

// guesses is how many tokens are tried; `make bench` tries 10⁶.
func guesses() int {
	if n, err := strconv.Atoi(os.Getenv("AKARI_TEST_GUESSES")); err == nil {
		return n
	}
	return 20_000
}

func TestNoTokenIsGuessed(t *testing.T) {
	g := newGallery(t, "sqlite")
	_, at := g.link("aoba-01", "product-guide")
	token := at[strings.LastIndexByte(at, '/')+1:]
	if len(token) != 43 {
		t.Fatalf("the token %q is not 256 bits in base64url", token)
	}
	routes := g.mind.Routes()
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	hit := 0
	for i := range guesses() {
		guess := []byte(token)
		if i%2 == 0 { // the id is known: only its proof is guessed
			for j := 22; j < 43; j++ {
				guess[j] = letters[rand.IntN(64)]
			}
		} else {
			for j := range guess {
				guess[j] = letters[rand.IntN(64)]
			}
		}
		if bytes.Equal(guess, []byte(token)) {
			continue
		}
		w := httptest.NewRecorder()
		routes.ServeHTTP(w, httptest.NewRequest("GET", "/v/"+string(guess), nil))
		if w.Code != http.StatusGone {
			hit++
		}
	}
	if hit > 0 {
		t.Errorf("%d guesses opened something", hit)
	}
	if n := g.count("SELECT COUNT(*) FROM events"); n != 0 {
		t.Errorf("guesses wrote %d events", n)
	}
}

func TestAReportToldTwiceCountsOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newGallery(t, driver)
		id, at := g.link("aoba-01", "product-guide")
		r := g.reader(chrome)
		r.open(at)
		g.pass(6 * time.Second)
		body := r.beacon(0, 5000, 2, "")
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if status := r.seen(body); status != http.StatusNoContent {
					t.Errorf("%d", status)
				}
			})
		}
		all.Wait()
		if ms := g.count("SELECT SUM(visible_ms) FROM v_view WHERE link_id = ?", hexOf(id)); ms != 5000 {
			t.Errorf("%d ms", ms)
		}
		if n := g.count("SELECT COUNT(*) FROM v_event WHERE kind = 'page_viewed' AND source_key LIKE 'seen/%'"); n != 1 {
			t.Errorf("%d page views", n)
		}
		// A hundred tabs that all claim the same seconds earn them once.
		for i := range 20 {
			r.seen(strings.Replace(r.beacon(0, 6000, 3, ""), `"tab":"t1"`, fmt.Sprintf(`"tab":"x%d"`, i), 1))
		}
		if ms := g.count("SELECT SUM(visible_ms) FROM v_view WHERE link_id = ?", hexOf(id)); ms > 8100 {
			t.Errorf("%d ms on screen in 6 s and the slack", ms)
		}
		// Another link's proof reports nothing here.
		_, other := g.link("aoba-02", "product-guide")
		r.at = other
		if status := r.seen(r.beacon(0, 100, 1, "")); status != http.StatusBadRequest {
			t.Errorf("another link's report: %d", status)
		}
	})
}

func TestADocumentIsCompletedOnceAtItsOwnersShare(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newGallery(t, driver)
		id, at := g.link("aoba-01", "product-guide")
		r := g.reader(chrome)
		r.open(at)
		completed := func() int64 {
			return g.count("SELECT COUNT(*) FROM v_event WHERE kind = 'completed' AND class = 'human' AND person_key = 'aoba-01' AND link_id = ?", hexOf(id))
		}
		from := int64(0)
		for page := 1; page <= 14; page++ {
			if page == 12 { // 11 of 14 pages are 78 %, 12 are 85 %; the usual share is 80 %
				if completed() != 0 {
					t.Error("completed too early")
				}
				// A page that flies by is no page view.
				g.pass(time.Second)
				r.seen(r.beacon(from, 1000, 14, ""))
				from += 1000
				if completed() != 0 || g.count("SELECT COUNT(*) FROM v_view WHERE page = 14") != 0 {
					t.Error("a second on a page counts as a page")
				}
			}
			g.pass(2100 * time.Millisecond)
			if status := r.seen(r.beacon(from, 2000, page, "")); status != http.StatusNoContent {
				t.Fatal(status)
			}
			from += 2100
		}
		if completed() != 1 {
			t.Errorf("completed %d times", completed())
		}
		// Read again next week: another opening, no second completion.
		g.pass(2 * time.Hour)
		r.open(at)
		g.pass(30 * time.Second)
		for page := 1; page <= 14; page++ {
			r.seen(r.beacon(int64(page)*2000, 2000, page, ""))
		}
		if completed() != 1 || g.count("SELECT COUNT(*) FROM v_event WHERE kind = 'opened'") != 2 {
			t.Errorf("completed %d times in %d openings", completed(), g.count("SELECT COUNT(*) FROM v_event WHERE kind = 'opened'"))
		}
	})
}

func TestVisitsAreClassedAgainByNewRules(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newGallery(t, driver)
		id, at := g.link("aoba-01", "product-guide")
		r := g.reader("Mozilla/5.0 (Windows NT 10.0) AcmeGate/7 Chrome/140.0.0.0 Safari/537.36")
		r.open(at)
		g.pass(5 * time.Second)
		r.seen(r.beacon(0, 5000, 1, `,"gestures":2`))
		if class, _ := g.class(id); class != "human" {
			t.Fatalf("class %s", class)
		}
		rebuild := func(o handlers.Options) handlers.Reclassed {
			t.Helper()
			o.Store, o.Library, o.VisibleMin = g.store, g.lib, 2*time.Second
			done, err := handlers.New(o).RebuildVisits(context.Background(), time.Unix(0, 0), g.store.Now().Add(time.Hour), models.ID{})
			if err != nil {
				t.Fatal(err)
			}
			return done
		}
		before := g.count("SELECT COUNT(*) FROM events")
		if done := rebuild(handlers.Options{}); done.Visits != 1 || done.Changed != 0 {
			t.Errorf("the same rules: %+v", done)
		}
		list := handlers.NewRobots()
		if err := list.Add(strings.NewReader("AcmeGate/"), "robots"); err != nil {
			t.Fatal(err)
		}
		if done := rebuild(handlers.Options{Robots: list}); done.Changed != 1 || done.Classes["scanner"] != 1 {
			t.Errorf("a new robot: %+v", done)
		}
		if class, reason := g.class(id); class != "scanner" || reason != "agent" {
			t.Errorf("class %s, %s", class, reason)
		}
		if n := g.count("SELECT COUNT(*) FROM v_view WHERE class = 'human'"); n != 0 {
			t.Errorf("%d views are still human", n)
		}
		if done := rebuild(handlers.Options{Robots: list}); done.Changed != 0 {
			t.Errorf("twice: %+v", done)
		}
		// Even with the row's facts gone, the log has them.
		if _, err := g.db.Exec("UPDATE visits SET facts = '{}', gestures = 0, class = 'suspect', reason = 'x'"); err != nil {
			t.Fatal(err)
		}
		if done := rebuild(handlers.Options{}); done.Classes["human"] != 1 {
			t.Errorf("from the log alone: %+v", done)
		}
		if n := g.count("SELECT COUNT(*) FROM v_audit WHERE action = 'report.rebuild' AND result = 'done'"); n != 4 {
			t.Errorf("%d audit rows", n)
		}
		if n := g.count("SELECT COUNT(*) FROM events"); n != before {
			t.Error("a rebuild changed the log")
		}
	})
}

func TestStaffAndTestLinksAreTheirOwnClass(t *testing.T) {
	g := newGallery(t, "sqlite")
	for class, change := range map[string]func(*models.Link){
		"staff": func(l *models.Link) { l.PartnerID = models.ID{} }, "test": func(l *models.Link) { l.Purpose = models.PurposeTest },
	} {
		id, at := g.link("aoba-01", "product-guide", change)
		r := g.reader(chrome)
		r.open(at)
		g.pass(5 * time.Second)
		r.seen(r.beacon(0, 5000, 1, `,"gestures":2`))
		if got, _ := g.class(id); got != class {
			t.Errorf("%s: %s", class, got)
		}
	}
	if n := g.humans(); n != 0 {
		t.Errorf("%d human rows", n)
	}
}

func TestColleaguesBehindOneAddressAreReaders(t *testing.T) {
	g := newGallery(t, "sqlite")
	for i := 1; i <= 5; i++ {
		id, at := g.link(fmt.Sprintf("aoba-%02d", i), "product-guide")
		g.delivered(id, time.Second)
		r := g.reader(chrome)
		r.open(at)
		g.pass(4 * time.Second)
		r.seen(r.beacon(0, 4000, 1, `,"gestures":3`))
		if class, reason := g.class(id); class != "human" {
			t.Errorf("colleague %d: %s, %s", i, class, reason)
		}
	}
}

func TestCompanyLevelNamesNobody(t *testing.T) {
	g := newGallery(t, "sqlite", func(o *handlers.Options) { o.PersonLevel = false })
	_, at := g.link("aoba-01", "product-guide")
	r := g.reader(chrome)
	page := r.open(at)
	if !strings.Contains(page, "会社単位") {
		t.Error("the page does not say what is recorded")
	}
	g.pass(40 * time.Second)
	for p := 1; p <= 14; p++ {
		r.seen(r.beacon(int64(p)*2000, 2000, p, ""))
	}
	if n := g.count("SELECT COUNT(*) FROM v_event WHERE person_key IS NOT NULL") + g.count("SELECT COUNT(*) FROM v_view WHERE person_key IS NOT NULL"); n != 0 {
		t.Errorf("%d rows name a person", n)
	}
	if n := g.count("SELECT COUNT(*) FROM v_event WHERE kind = 'completed' AND partner_key = 'p-aoba'"); n != 1 {
		t.Errorf("the company completed it %d times", n)
	}
}

func TestToolsLeadOnlyWhereAllowed(t *testing.T) {
	for _, c := range []struct {
		hosts  []string
		status int
	}{{nil, http.StatusOK}, {[]string{"tools.example.com"}, http.StatusOK}, {[]string{"other.example.com"}, http.StatusForbidden}} {
		g := newGallery(t, "sqlite", func(o *handlers.Options) { o.RedirectHosts = c.hosts })
		_, at := g.link("aoba-01", "estimate-tool")
		r := g.reader(chrome)
		_, page, _ := r.do("GET", at, nil)
		nonce := nonceField.FindStringSubmatch(page)[1]
		status, page, header := r.do("POST", at+"/open", strings.NewReader("script=1&nonce="+url.QueryEscape(nonce)), "Content-Type", "application/x-www-form-urlencoded")
		if status != c.status {
			t.Fatalf("%v: %d", c.hosts, status)
		}
		if status != http.StatusOK {
			continue
		}
		if !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Error("a page without the policy")
		}
		r.at, r.proof = at, proofField.FindStringSubmatch(page)[1]
		g.pass(3 * time.Second)
		body := r.beacon(0, 2500, 0, "")
		for range 2 { // pressed twice
			status, answer, _ := r.do("POST", at+"/go", strings.NewReader(body), "Content-Type", "application/json")
			if status != http.StatusOK || !strings.Contains(answer, `"https://tools.example.com/estimate"`) {
				t.Errorf("%d %s", status, answer)
			}
		}
		if n := g.count("SELECT COUNT(*) FROM v_event WHERE kind = 'tool_opened' AND class = 'human'"); n != 1 {
			t.Errorf("opened %d times", n)
		}
	}
}

func TestOneLinkToSeveralMaterials(t *testing.T) {
	g := newGallery(t, "sqlite")
	var l models.Link
	err := g.store.InTx(context.Background(), func(tx *models.Tx) error {
		p, err := tx.PersonByKey("aoba-01")
		if err != nil {
			return err
		}
		l, err = tx.NewLink(models.Link{PersonID: p.ID, PartnerID: p.PartnerID, Language: "ja", ExpiresAt: tx.Now().Add(time.Hour)},
			models.LinkMaterial{MaterialKey: "price-list", MaterialVersion: 3}, models.LinkMaterial{MaterialKey: "product-guide", MaterialVersion: 4})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	at := g.address(l.ID)
	r := g.reader(chrome)
	page := r.open(at)
	for _, title := range []string{"価格表 2026年度下期", "製品紹介資料"} {
		if !strings.Contains(page, title) {
			t.Errorf("the list does not name %s", title)
		}
	}
	_, page, _ = r.do("GET", at+"?m=2", nil)
	r.proof = proofField.FindStringSubmatch(page)[1]
	if !strings.Contains(page, "新しい第5版") {
		t.Error("a newer version is not said to be one")
	}
	g.pass(4 * time.Second)
	r.seen(r.beacon(0, 3000, 1, ""))
	if n := g.count("SELECT COUNT(*) FROM v_view WHERE material_key = 'product-guide' AND material_version = 5 AND page = 1 AND class = 'human'"); n != 1 {
		t.Errorf("%d views name the material", n)
	}
	if status, body, _ := r.do("GET", at+"/file/price-list-2026h2.pdf?m=1", nil); status != http.StatusOK || !strings.HasPrefix(body, "%PDF") {
		t.Errorf("the first one's bytes: %d", status)
	}
	for _, m := range []string{"0", "3", "-1", "x"} {
		if status, body, _ := r.do("GET", at+"/file/x.pdf?m="+m, nil); status != http.StatusGone || strings.HasPrefix(body, "%PDF") {
			t.Errorf("?m=%s: %d", m, status)
		}
	}
}

func TestFloodsAreBounded(t *testing.T) {
	g := newGallery(t, "sqlite")
	id, at := g.link("aoba-01", "product-guide")
	for i := range 300 {
		g.reader("Mozilla/5.0 curious "+strconv.Itoa(i)).do("GET", at, nil)
	}
	if n := g.count("SELECT COUNT(*) FROM events WHERE kind = 'hit' AND link_id = ?", id[:]); n != 30 {
		t.Errorf("%d hits are on record", n)
	}
	r := g.reader(chrome)
	r.open(at)
	refused := 0
	for range 200 {
		if r.seen(r.beacon(0, 1, 0, "")) == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused < 40 {
		t.Errorf("only %d of 200 reports at once were refused", refused)
	}
	if status := r.seen(strings.Repeat("x", 70_000)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a report of 70 kB: %d", status)
	}
}

func TestCaptionsAndFilesAreServedAsWhatTheyAre(t *testing.T) {
	g := newGallery(t, "sqlite")
	for material, c := range map[string]struct{ path, kind, disposition string }{
		"demo-video": {"/captions", "text/vtt; charset=utf-8", ""}, "architecture": {"/file/architecture.png", "image/png", "inline"},
		"hearing-sheet": {"/file/hearing-sheet.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "attachment"},
	} {
		_, at := g.link("aoba-01", material)
		r := g.reader(chrome)
		r.open(at)
		status, _, header := r.do("GET", at+c.path, nil)
		if status != http.StatusOK || header.Get("Content-Type") != c.kind || !strings.HasPrefix(header.Get("Content-Disposition"), c.disposition) || header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", material, status, header)
		}
	}
	_, at := g.link("aoba-01", "demo-video")
	r := g.reader(chrome)
	r.open(at)
	if m, _ := g.lib.AnyMaterial("demo-video"); m.Download {
		t.Skip("the sample's video may be saved")
	}
	if status, _, _ := r.do("GET", at+"/file/demo-video.mp4?save=1", nil); status != http.StatusForbidden {
		t.Errorf("saving what may not be saved: %d", status)
	}
}
