package handlers_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"akari/content"
	"akari/models"
	"akari/models/modelstest"
)

// browser is one that has one link open, without running its scripts.
type browser struct {
	t             *testing.T
	h             *house
	at            string // address of the link, on the test's server
	cookie, agent string
	nonce         string
	seq           int // of its reports
}

const phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"

const firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"

// openLink opens a link as a browser does: the door, then the page.
func (h *house) openLink(t *testing.T, link string) *browser { return h.openLinkOn(t, link, firefox) }

func (h *house) openLinkOn(t *testing.T, link, agent string) *browser {
	t.Helper()
	return h.openLinkIn(t, link, agent, "")
}

// openLinkIn is openLinkOn in a browser whose clock shows the time of a zone.
func (h *house) openLinkIn(t *testing.T, link, agent, zone string) *browser {
	t.Helper()
	b := &browser{t: t, h: h, at: strings.Replace(link, "https://akari.test", h.url, 1), agent: agent}
	_, door := b.do("GET", "", nil)
	status, _ := b.do("POST", "/open", url.Values{"nonce": {field(t, door, "nonce")}, "script": {"1"}, "zone": {zone}})
	if status != http.StatusSeeOther || b.cookie == "" {
		t.Fatalf("the door answered %d", status)
	}
	b.page()
	return b
}

var hidden = map[string]*regexp.Regexp{"nonce": regexp.MustCompile(`name="nonce" value="([^"]+)"`), "u": regexp.MustCompile(`name="u" value="([^"]+)"`), "all": regexp.MustCompile(`name="all" value="([^"]+)"`), "mark": regexp.MustCompile(`name="mark" value="([^"]+)"`)}

func field(t *testing.T, page, name string) string {
	t.Helper()
	m := hidden[name].FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no %s in the page:\n%s", name, page)
	}
	return m[1]
}

func (b *browser) do(method, path string, form url.Values) (int, string) {
	b.t.Helper()
	r, err := http.NewRequest(method, b.at+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("User-Agent", b.agent)
	if b.cookie != "" {
		r.Header.Set("Cookie", b.cookie)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	a, err := client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if c := a.Header.Get("Set-Cookie"); c != "" {
		b.cookie, _, _ = strings.Cut(c, ";")
	}
	return a.StatusCode, string(body)
}

// page is the material's page as it is now.
func (b *browser) page() string {
	b.t.Helper()
	status, body := b.do("GET", "", nil)
	if status != http.StatusOK {
		b.t.Fatalf("the page answered %d", status)
	}
	if m := hidden["nonce"].FindStringSubmatch(body); m != nil {
		b.nonce = m[1]
	}
	return body
}

// press posts a button's form and answers the page afterwards.
func (b *browser) press(path string, pairs ...string) string {
	b.t.Helper()
	form := url.Values{"nonce": {b.nonce}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	if status, body := b.do("POST", path, form); status != http.StatusSeeOther {
		b.t.Fatalf("POST %s answered %d: %s", path, status, body)
	}
	return b.page()
}

// materialLink asks for the guide in chat and answers its personal address.
func materialLink(t *testing.T, h *house, who string) string {
	t.Helper()
	handed(t, h, who)
	return h.As(who).In("direct-" + who).Link("開く")
}

func TestReadAndUsedOnThePageAndInChatAreOne(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		b := h.openLink(t, materialLink(t, h, "aoba-01"))
		said(t, []string{b.page()}, "内容を確認しました", "商談で使った")
		page := b.press("/ack", "version", "2")
		said(t, []string{page}, `<p class="done"><span aria-hidden="true">✓</span> 内容を確認しました`, "取り消す(確認)")
		same(t, "acknowledgements", h.marks(t, "acks"), "aoba-01 guide@2")
		h.As("aoba-01").In("direct-aoba-01").Wait("第2版を確認済み") // the card in the chat shows it too
		// Once more, there and here, at once.
		link := h.linkOf(t, "aoba-01")
		var running sync.WaitGroup
		for i := range 4 {
			running.Go(func() {
				_, _ = b.do("POST", "/ack", url.Values{"nonce": {b.nonce}, "version": {"2"}})
				if _, err := h.mind.Receive(context.Background(), pressed("page"+string(rune('a'+i)), "aoba-01", "direct-aoba-01", "material.ack", "l", link)); err != nil {
					t.Error(err)
				}
			})
		}
		running.Wait()
		same(t, "acknowledgements", h.marks(t, "acks"), "aoba-01 guide@2")
		page = b.press("/undo", "mark", field(t, page, "mark"))
		unsaid(t, []string{page}, "✓")
		same(t, "acknowledgements", h.marks(t, "acks"), "-aoba-01 guide@2")

		page = b.press("/used", "version", "2")
		u := field(t, page, "u")
		status, form := b.do("POST", "/deal", url.Values{"nonce": {b.nonce}, "u": {u}})
		if status != http.StatusOK || !strings.Contains(form, "商談名") {
			t.Fatalf("the form answered %d: %s", status, form)
		}
		for range 2 { // a double click is told once
			b.press("/deal", "u", u, "deal", "北海道物産様", "number", "D-77")
		}
		if texts := modelstest.Table(t, h.driver, h.dsn, "SELECT body FROM texts WHERE kind = 'deal'"); len(texts) != 1 || texts[0]["body"] != "商談名: 北海道物産様\n案件番号: D-77" {
			t.Errorf("what was told of the deal is %v", texts)
		}
		n := h.events(t)
		for kind, want := range map[string]int{"acknowledged": 1, "ack_undone": 1, "used": 1, "deal_named": 1} {
			if n[kind] != want {
				t.Errorf("%d events %q, want %d (all: %v)", n[kind], kind, want, n)
			}
		}
	})
}

// What is no press of the link's person on a page of ours counts for nobody.
func TestForgedPressesOnThePage(t *testing.T) {
	h := newHouse(t, "sqlite")
	link := materialLink(t, h, "aoba-01")
	b := h.openLink(t, link)
	good := url.Values{"nonce": {b.nonce}, "version": {"2"}}
	nothing := func(what string, b *browser, path string, form url.Values, want int) {
		t.Helper()
		if status, _ := b.do("POST", path, form); status != want {
			t.Errorf("%s: %d, want %d", what, status, want)
		}
		same(t, "acknowledgements", h.marks(t, "acks"))
		same(t, "uses", h.marks(t, "uses"))
	}
	for _, path := range []string{"/ack", "/used", "/undo", "/deal", "/who"} {
		nothing("without a nonce", b, path, url.Values{"version": {"2"}}, http.StatusBadRequest)
		nothing("with another nonce", b, path, url.Values{"nonce": {"x" + b.nonce[1:]}, "version": {"2"}}, http.StatusBadRequest)
	}
	noCookie := *b
	noCookie.cookie = ""
	nothing("without the cookie", &noCookie, "/ack", good, http.StatusSeeOther)
	nothing("a version that nobody was shown", b, "/ack", url.Values{"nonce": {b.nonce}, "version": {"7"}}, http.StatusBadRequest)
	nothing("somebody's mark", b, "/undo", url.Values{"nonce": {b.nonce}, "mark": {"people:01"}}, http.StatusBadRequest)
	wrong := *b
	wrong.at = b.at[:len(b.at)-2] + "AA"
	nothing("another token", &wrong, "/ack", good, http.StatusGone)
	for class, reason := range map[string]string{"scanner": "burst", "preview": "agent", "staff": "staff_link", "test": "test_link", "forwarded": "second_device"} {
		h.classVisits(t, class, reason)
		nothing("a "+class, b, "/ack", good, http.StatusSeeOther)
		if class != "forwarded" {
			unsaid(t, []string{b.page()}, "内容を確認しました")
		}
	}
	h.classVisits(t, "human", "visible")
	b.press("/ack", "version", "2")
	same(t, "acknowledgements", h.marks(t, "acks"), "aoba-01 guide@2")
}

// classVisits gives every visit a class, as later knowledge does.
func (h *house) classVisits(t *testing.T, class, reason string) {
	t.Helper()
	err := h.store.InTx(context.Background(), func(tx *models.Tx) error {
		visits, err := tx.VisitsBetween(time.Now().Add(-time.Hour), time.Now().Add(time.Hour), nil, 100)
		for _, v := range visits {
			v.Class, v.Reason = class, reason
			if err := tx.SaveVisit(v); err != nil {
				return err
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestASecondReaderIsAskedOnceAndCreditsTheLink(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		link := materialLink(t, h, "aoba-01")
		b := h.openLink(t, link)
		unsaid(t, []string{b.page()}, "別の方ですか")
		b.press("/ack", "version", "2") // before anybody knew that it was somebody else
		b.press("/who", "who", "other") // nobody was asked
		same(t, "acknowledgements", h.marks(t, "acks"), "aoba-01 guide@2")
		h.classVisits(t, models.ClassForwarded, "second_device")
		said(t, []string{b.page()}, "別の方ですか", "本人です", "同じ会社の別の者です", "ほかの会社の者です")
		status, form := b.do("POST", "/who", url.Values{"nonce": {b.nonce}, "who": {"colleague"}})
		if status != http.StatusOK || !strings.Contains(form, "お名前") {
			t.Fatalf("%d: %s", status, form)
		}
		for range 2 {
			b.press("/who", "name", "高橋みどり", "company", "青葉商事")
		}
		b.press("/who", "who", "self") // the first answer stays
		unsaid(t, []string{b.page()}, "別の方ですか", "内容を確認しました")
		same(t, "acknowledgements", h.marks(t, "acks"), "-aoba-01 guide@2") // not the person's
		visits := modelstest.Table(t, h.driver, h.dsn, "SELECT class, reason FROM visits")
		if len(visits) != 1 || visits[0]["class"] != "forwarded" || visits[0]["reason"] != "told" {
			t.Errorf("the visit is %v", visits)
		}
		if hits := modelstest.Search(t, h.driver, h.dsn, "高橋みどり"); len(hits) != 1 || !strings.HasPrefix(hits[0], "texts.body") {
			t.Errorf("the name stands in %v", hits)
		}
		rows := modelstest.Table(t, h.driver, h.dsn, "SELECT other, same_partner FROM readers")
		if len(rows) != 1 || rows[0]["other"] != "1" || rows[0]["same_partner"] != "1" {
			t.Errorf("the answer is %v", rows)
		}
		if rows := modelstest.Table(t, h.driver, h.dsn, "SELECT kind FROM v_event WHERE kind = 'opened' AND (class = 'human' OR person_key IS NOT NULL)"); len(rows) != 0 {
			t.Errorf("the person is credited: %v", rows)
		}
		if rows := modelstest.Table(t, h.driver, h.dsn, "SELECT person_key FROM v_view WHERE person_key IS NOT NULL"); len(rows) != 0 {
			t.Errorf("the person is credited: %v", rows)
		}
		err := h.store.View(context.Background(), func(tx *models.Tx) error {
			reach, err := tx.Reach("guide")
			if len(reach) != 1 || reach["p-aoba"] != (models.Reached{Own: 0, Colleagues: 1}) {
				t.Errorf("the reach is %v", reach)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		// In the same browser nobody is asked again, later.
		unsaid(t, []string{h.openLink(t, link).page()}, "別の方ですか", "内容を確認しました")
	})
}

var proof = regexp.MustCompile(`data-proof="([^"]+)"`)

// look has the page on screen for long enough, with a hand.
func (b *browser) look() {
	b.t.Helper()
	m := proof.FindStringSubmatch(b.page())
	if m == nil {
		b.t.Fatal("the page reports nothing")
	}
	time.Sleep(150 * time.Millisecond)
	b.seq++
	r, err := http.NewRequest("POST", b.at+"/seen", strings.NewReader(fmt.Sprintf(`{"beacons":[{"visit":%q,"tab":"t1","seq":%d,"from":0,"to":150,"pages":[[1,150]],"of":1,"gestures":2}]}`, m[1], b.seq)))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("User-Agent", b.agent)
	r.Header.Set("Content-Type", "application/json")
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	a.Body.Close()
	if a.StatusCode != http.StatusNoContent {
		b.t.Fatalf("the report was answered %d", a.StatusCode)
	}
}

// classes are the classes of all visits, in order.
func (h *house) classes(t *testing.T) (out []string) {
	t.Helper()
	for _, r := range modelstest.Table(t, h.driver, h.dsn, "SELECT class, reason FROM visits ORDER BY started_at") {
		out = append(out, r["class"]+" "+r["reason"])
	}
	return out
}

// A second device looks forwarded until its reader says that it is them; the same
// device, also after an update of its browser, does not. Classing again from what
// is on record says the same.
func TestASecondDeviceLooksForwardedUntilItsReaderSpeaks(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		link := materialLink(t, h, "aoba-01")
		h.openLink(t, link).look()
		same(t, "visits", h.classes(t), "human visible")
		h.openLinkOn(t, link, strings.ReplaceAll(firefox, "128.0", "131.0")).look()
		same(t, "visits", h.classes(t), "human visible", "human visible")
		b := h.openLinkOn(t, link, phone)
		b.look()
		same(t, "visits", h.classes(t), "human visible", "human visible", "forwarded second_device")
		again := func() {
			t.Helper()
			before := h.classes(t)
			if _, err := h.mind.RebuildVisits(context.Background(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour), models.ID{}); err != nil {
				t.Fatal(err)
			}
			same(t, "visits classed again", h.classes(t), before...)
		}
		again()
		said(t, []string{b.page()}, "別の方ですか")
		b.press("/who", "who", "self")
		same(t, "visits", h.classes(t), "human visible", "human visible", "human visible")
		b.look()
		again()
		said(t, []string{b.page()}, "内容を確認しました")
		if n := h.events(t); n["reader_told"] != 1 {
			t.Errorf("the log says %v", n)
		}
	})
}

// The same kind of device so far away that nobody can have travelled there asks its
// reader; near by, or after long enough, it does not. Classing again from what is
// on record says the same.
func TestALinkReadTooFarAwayLooksForwarded(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		link := materialLink(t, h, "aoba-01")
		var want []string
		version := 128
		open := func(zone, class string) *browser { // each on one more of the same device, in a network of its own
			t.Helper()
			version++
			b := h.openLinkIn(t, link, strings.ReplaceAll(firefox, "128.0", strconv.Itoa(version)+".0"), zone)
			b.look()
			want = append(want, class)
			same(t, "visits", h.classes(t), want...)
			if _, err := h.mind.RebuildVisits(context.Background(), h.now().Add(-24*time.Hour), h.now().Add(time.Hour), models.ID{}); err != nil {
				t.Fatal(err)
			}
			same(t, "visits classed again", h.classes(t), want...)
			return b
		}
		open("Asia/Tokyo", "human visible")
		open("Asia/Singapore", "human visible") // near enough
		open("UTC", "human visible")            // a browser that says nothing of where it is
		open("../../etc/passwd", "human visible")
		b := open("Europe/London", "forwarded travel")
		said(t, []string{b.page()}, "遠く離れた場所", "別の方ですか", "本人です")
		if rows := modelstest.Table(t, h.driver, h.dsn, "SELECT person_key FROM v_event WHERE kind = 'opened' AND class = 'forwarded' AND detail LIKE '%\"east\":%'"); len(rows) != 1 || modelstest.Search(t, h.driver, h.dsn, "Europe/London") != nil {
			t.Errorf("on record is %v", rows) // the clock, never the zone's name
		}
		b.press("/who", "who", "self")
		want[len(want)-1] = "human visible"
		same(t, "visits", h.classes(t), want...)
		unsaid(t, []string{open("Europe/London", "human visible").page()}, "別の方ですか") // asked once
		// Another of their links, there at the same time: it was passed on without being read.
		other := materialLink(t, h, "aoba-01")
		b = h.openLinkIn(t, other, phone, "America/Sao_Paulo")
		said(t, []string{b.page()}, "遠く離れた場所", "別の方ですか") // from its first moment
		b.look()
		want = append(want, "forwarded travel")
		same(t, "visits", h.classes(t), want...)
		h.ahead.Add(int64(6 * time.Hour))
		open("America/New_York", "human visible") // there was time to fly
		// The same browser in the same network has not moved, whatever its clock says.
		h.openLinkIn(t, link, strings.ReplaceAll(firefox, "128.0", strconv.Itoa(version)+".0"), "Asia/Tokyo").look()
		same(t, "visits", h.classes(t), append(want, "human visible")...)
	})
}

// Where the owner wants it so, an old link goes on showing the old version; by
// default the newest with a note. What expired is refused with whom to ask.
func TestOldLinksAndExpiredMaterialsOnThePage(t *testing.T) {
	h := newHouse(t, "sqlite")
	put := func(change func(*content.Material), body string) {
		t.Helper()
		sha, size, mime, err := content.StoreFile(h.stored, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		m := content.Material{Key: "price", Kind: content.Document, Title: content.Text{"ja": "価格表"}, SHA256: sha, Size: size, Type: mime, FileName: "price.pdf", Owner: content.Owner{Person: "s-ito", Department: "パートナー営業部"}}
		change(&m)
		var rows []models.Overlay
		err = h.store.InTx(context.Background(), func(tx *models.Tx) (err error) {
			if _, err = tx.PutOverlays(models.Overlay{Kind: models.OverlayMaterial, Key: m.Key, Body: string(m.Body()), Source: "seed"}); err == nil {
				rows, err = tx.Overlays()
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if p := h.lib.Overlay([]content.Row{{Kind: rows[0].Kind, Key: rows[0].Key, Body: []byte(rows[0].Body)}}); len(p) > 0 {
			t.Fatal(p)
		}
	}
	put(func(m *content.Material) { m.Version = 1 }, pdf+"%first\n")
	seat := h.As("aoba-01").In("direct-aoba-01")
	said(t, seat.Say("価格表").See(), "資料：価格表")
	seat.Press("資料：価格表").See()
	link := seat.Link("開く")
	bytesOf := func(b *browser) string {
		t.Helper()
		status, body := b.do("GET", "/file/price.pdf", nil)
		if status != http.StatusOK {
			t.Fatalf("the file answered %d", status)
		}
		return body
	}
	put(func(m *content.Material) { m.Version, m.OldLinks = 2, content.StaysOld }, pdf+"%second\n")
	b := h.openLink(t, link)
	said(t, []string{b.page(), bytesOf(b)}, "第1版", "%first")
	b.press("/ack", "version", "1")
	same(t, "acknowledgements", h.marks(t, "acks"), "aoba-01 price@1")

	put(func(m *content.Material) { m.Version = 3 }, pdf+"%third\n")
	said(t, []string{b.page(), bytesOf(b)}, "第3版", "%third", "お届けしたときは第1版")
	said(t, []string{b.page()}, "内容を確認しました") // the new version is a new acknowledgement
	b.press("/ack", "version", "3")
	same(t, "acknowledgements", h.marks(t, "acks"), "aoba-01 price@1", "aoba-01 price@3")

	put(func(m *content.Material) { m.Version, m.ValidUntil = 4, "2020-03-31" }, pdf+"%fourth\n")
	for _, path := range []string{"", "/file/price.pdf"} {
		status, page := b.do("GET", path, nil)
		if status != http.StatusGone || !strings.Contains(page, "パートナー営業部 伊藤") || strings.Contains(page, "%fourth") {
			t.Errorf("%q answered %d: %s", path, status, page)
		}
	}
	if status, _ := b.do("POST", "/ack", url.Values{"nonce": {b.nonce}, "version": {"4"}}); status != http.StatusGone {
		t.Errorf("an expired material was acknowledged: %d", status)
	}
}
