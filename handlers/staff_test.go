package handlers_test

import (
	"context"
	"encoding/csv"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

// desk is a member of staff at the staff pages, in a browser without script.
type desk struct {
	t      *testing.T
	h      *house
	cookie string // name=value; "" = out
	all    []*http.Cookie
}

// enter asks for a link in chat and uses it.
func (h *house) enter(t *testing.T, staff string) *desk {
	t.Helper()
	d := &desk{t: t, h: h}
	if r, body := d.post(h.way(staff), nil); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/staff" {
		t.Fatalf("entering: %d %s\n%s", r.StatusCode, r.Header.Get("Location"), body)
	}
	return d
}

// way is the one-time link that the bot hands out, as a path.
func (h *house) way(staff string) string {
	seat := h.As(staff).In("direct-" + staff)
	seat.Say("ダッシュボード").See()
	return strings.TrimPrefix(seat.Link("開く：社員用ページ"), "https://akari.test")
}

func (d *desk) do(method, path string, form url.Values, header map[string]string) (*http.Response, string) {
	d.t.Helper()
	return d.body(method, path, strings.NewReader(form.Encode()), header)
}

func (d *desk) body(method, path string, body io.Reader, header map[string]string) (*http.Response, string) {
	d.t.Helper()
	r, err := http.NewRequest(method, d.h.url+path, body)
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if d.cookie != "" {
		r.Header.Set("Cookie", d.cookie)
	}
	for k, v := range header {
		r.Header.Set(k, v)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, c := range answer.Cookies() {
		if strings.Contains(c.Name, "akari_staff") && !strings.Contains(c.Name, "lang") {
			d.cookie, d.all = "", append(d.all, c)
			if c.MaxAge >= 0 {
				d.cookie = c.Name + "=" + c.Value
			}
		}
	}
	return answer, string(text)
}

func (d *desk) post(path string, form url.Values) (*http.Response, string) {
	d.t.Helper()
	return d.do("POST", path, form, map[string]string{"Sec-Fetch-Site": "same-origin"})
}

// see asks for a page that must be there, and answers its html.
func (d *desk) see(path string) string {
	d.t.Helper()
	r, body := d.do("GET", path, nil, nil)
	if r.StatusCode != http.StatusOK {
		d.t.Fatalf("%s: %d\n%s", path, r.StatusCode, body)
	}
	return body
}

// status asks for a page and answers only how that went.
func (d *desk) status(path string) int {
	d.t.Helper()
	r, _ := d.do("GET", path, nil, nil)
	return r.StatusCode
}

// file is a page's table as CSV, without its head.
func (d *desk) file(path string) [][]string {
	d.t.Helper()
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(d.see(path), "\ufeff"))).ReadAll()
	if err != nil {
		d.t.Fatal(err)
	}
	return rows[1:]
}

var tile = regexp.MustCompile(`<li class="tile[^"]*"><a href="([^"]+)"><span class="tile-label">([^<]+)</span><strong>([^<]+)</strong>`)

// tiles are the figures of a page that lead on: name, value, address.
func tiles(page string) (out [][3]string) {
	for _, m := range tile.FindAllStringSubmatch(page, -1) {
		out = append(out, [3]string{html.UnescapeString(m[2]), m[3], html.UnescapeString(m[1])})
	}
	return out
}

func TestStaffEnterOnceByThePrivateLink(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		way := h.way("s-ito")
		d, other := &desk{t: t, h: h}, &desk{t: t, h: h}
		for range 3 { // previews and scanners open it: nothing is used by that
			r, body := other.do("GET", way, nil, nil)
			if r.StatusCode != http.StatusOK || !strings.Contains(body, `method="post"`) || other.cookie != "" {
				t.Fatal(r.StatusCode, body)
			}
		}
		if r, _ := other.do("POST", way, nil, map[string]string{"Sec-Fetch-Site": "cross-site"}); r.StatusCode != http.StatusForbidden {
			t.Fatal("another site could enter", r.StatusCode)
		}
		if r, _ := d.post(way, nil); r.StatusCode != http.StatusSeeOther {
			t.Fatal(r.StatusCode)
		}
		c := d.all[0]
		if c.Name != "__Host-akari_staff" || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || len(c.Value) < 43 {
			t.Fatalf("%+v", c)
		}
		for _, again := range []string{way, way[:len(way)-1] + "A", "/staff/enter/" + strings.Repeat("A", 43)} {
			if r, _ := other.post(again, nil); r.StatusCode != http.StatusGone || other.cookie != "" {
				t.Fatal("a used or false link opens", again, r.StatusCode)
			}
		}
		r, body := d.do("GET", "/staff", nil, nil)
		if r.StatusCode != http.StatusOK || !strings.Contains(body, "伊藤") || !strings.Contains(body, "概況") {
			t.Fatal(r.StatusCode, body)
		}
		if p := r.Header.Get("Content-Security-Policy"); strings.Contains(p, "unsafe") || !strings.Contains(p, "script-src 'self'") || r.Header.Get("Cache-Control") != "no-store" {
			t.Fatal(r.Header)
		}
		if other.status("/staff") != http.StatusUnauthorized {
			t.Fatal("somebody without a cookie is in")
		}
		for _, row := range modelstest.Table(t, driver, h.dsn, "SELECT body AS b FROM deliveries WHERE body IS NOT NULL UNION ALL SELECT object FROM audit") {
			if strings.Contains(row["b"], strings.TrimPrefix(way, "/staff/enter/")) {
				t.Fatal("the link stands in the database")
			}
		}
		same(t, "acts", []string{strings.Join(h.names(t, "staff."), " ")}, "staff.link staff.enter")
	})
}

// names are the acts of the audit log that begin so, without their objects.
func (h *house) names(t *testing.T, prefix string) (out []string) {
	t.Helper()
	for _, a := range h.acts(t, prefix) {
		name, _, _ := strings.Cut(a, " ")
		out = append(out, name)
	}
	return out
}

func TestStaffLinksExpireAndTheNewestCounts(t *testing.T) {
	h := newHouse(t, "sqlite")
	first := h.way("s-ito")
	second := h.way("s-ito")
	d := &desk{t: t, h: h}
	if r, _ := d.post(first, nil); r.StatusCode != http.StatusGone {
		t.Fatal("an older link still opens", r.StatusCode)
	}
	h.ahead.Store(int64(models.StaffEntryLife + time.Second))
	if r, _ := d.post(second, nil); r.StatusCode != http.StatusGone {
		t.Fatal("an expired link opens", r.StatusCode)
	}
}

func TestMembersGetNoLinkToTheStaffPages(t *testing.T) {
	h := newHouse(t, "sqlite")
	rep := h.As("aoba-01").In("direct-aoba-01")
	rep.Say("ダッシュボード").See()
	unsaid(t, rep.All(), "社員用ページへの入口")
	if n := modelstest.Table(t, h.driver, h.dsn, "SELECT COUNT(*) AS n FROM staff_entries")[0]["n"]; n != "0" {
		t.Fatal(n)
	}
	rep.Command("akari", "dashboard").See()
	if n := modelstest.Table(t, h.driver, h.dsn, "SELECT COUNT(*) AS n FROM staff_entries")[0]["n"]; n != "0" {
		t.Fatal(n)
	}
	same(t, "acts", h.names(t, "dashboard"), "dashboard")
}

func TestStaffSessionsEnd(t *testing.T) {
	t.Run("idle", func(t *testing.T) {
		h := newHouse(t, "sqlite")
		d := h.enter(t, "s-ito")
		h.ahead.Store(int64(models.StaffIdle + time.Minute))
		if d.status("/staff") != http.StatusUnauthorized {
			t.Fatal("an idle session goes on")
		}
	})
	t.Run("after its longest life, however busy, and what the cookie holds changes", func(t *testing.T) {
		h := newHouse(t, "sqlite")
		d := h.enter(t, "s-ito")
		first := d.cookie
		for at := 20 * time.Minute; at < models.StaffSessionLife; at += 20 * time.Minute {
			h.ahead.Store(int64(at))
			if got := d.status("/staff/events"); got != http.StatusOK {
				t.Fatal(at, got)
			}
		}
		stolen := &desk{t: t, h: h, cookie: first}
		if first == d.cookie || stolen.status("/staff") != http.StatusUnauthorized {
			t.Fatal("what the cookie held at first still opens")
		}
		h.ahead.Store(int64(models.StaffSessionLife + time.Second))
		if d.status("/staff") != http.StatusUnauthorized {
			t.Fatal("a session never ends")
		}
	})
	t.Run("when leaving", func(t *testing.T) {
		h := newHouse(t, "sqlite")
		d := h.enter(t, "s-ito")
		cookie := d.cookie
		if r, _ := d.do("POST", "/staff/leave", nil, map[string]string{"Sec-Fetch-Site": "cross-site"}); r.StatusCode != http.StatusForbidden {
			t.Fatal("another site can put us out")
		}
		d.post("/staff/leave", nil)
		if d.cookie = cookie; d.status("/staff") != http.StatusUnauthorized {
			t.Fatal("a session outlives leaving")
		}
		same(t, "acts", []string{strings.Join(h.names(t, "staff."), " ")}, "staff.link staff.enter staff.leave")
	})
	t.Run("when the person leaves the vendor", func(t *testing.T) {
		h := newHouse(t, "sqlite")
		d := h.enter(t, "s-ito")
		if _, err := modelstest.Raw(t, h.driver, h.dsn).Exec("UPDATE people SET left_at = CURRENT_TIMESTAMP WHERE `key` = 's-ito'"); err != nil {
			t.Fatal(err)
		}
		if d.status("/staff") != http.StatusUnauthorized {
			t.Fatal("who has left is still in")
		}
	})
}

func TestEveryFigureOfTheOverviewLeadsToAsManyEvents(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		rep := h.As("aoba-01").In("direct-aoba-01")
		rep.Say("商談登録の有効期限は何日ですか").See()
		rep.Press("解決した").See()
		rep.Say("天気はどうですか今日の").See()
		h.As("minami-01").In("direct-minami-01").Say("トライアル環境の申し込み方法は").See()
		d := h.enter(t, "s-ito")
		filled := 0
		for _, f := range tiles(d.see("/staff"))[:12] {
			rows := d.file(f[2] + "&format=csv")
			want := strings.ReplaceAll(f[1], ",", "")
			if want != "0" {
				filled++
			}
			got := len(rows)
			if f[0] == "動いた人" { // people, not events
				people := map[string]bool{}
				for _, r := range rows {
					people[r[4]] = true
				}
				got = len(people)
			}
			if want != strconv.Itoa(got) {
				t.Errorf("%s says %s, its events are %d: %v", f[0], want, got, rows)
			}
		}
		if filled < 4 {
			t.Errorf("only %d figures are not 0", filled)
		}
	})
}

// cell is a figure of a table that leads on.
var cell = regexp.MustCompile(`<td data-label="([^"]+)" class="num"><a href="([^"]+)">([\d,]+)</a>`)

// below are the figures of the table of a chart: column, value, address.
func below(t *testing.T, page, caption string) (out [][3]string) {
	t.Helper()
	_, rest, ok := strings.Cut(page, "<caption>"+caption)
	if !ok {
		t.Fatalf("there is no table %s", caption)
	}
	table, _, _ := strings.Cut(rest, "</table>")
	for _, m := range cell.FindAllStringSubmatch(table, -1) {
		out = append(out, [3]string{html.UnescapeString(m[1]), m[3], html.UnescapeString(m[2])})
	}
	return out
}

// TestEveryFigureOfAChartLeadsToAsManyEvents follows the tables that charts are drawn
// from: weeks of everybody and of one partner, materials, acknowledgements.
func TestEveryFigureOfAChartLeadsToAsManyEvents(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		now := time.Now()
		guide := func(e *models.Event) { e.ObjectKind, e.ObjectKey, e.ObjectVersion = "material", "guide", 2 }
		for i := range 12 {
			h.happened(t, "aoba-01", models.Asked, now.AddDate(0, 0, -3*i))
			h.happened(t, "minami-01", models.Asked, now.AddDate(0, 0, -4*i))
			h.happened(t, "aoba-01", models.Opened, now.AddDate(0, 0, -2*i), guide)
			h.happened(t, "minami-01", models.Completed, now.AddDate(0, 0, -5*i), guide)
		}
		if _, err := h.store.RebuildWeeks(t.Context(), time.UTC, 48*time.Hour, time.Time{}, time.Time{}); err != nil {
			t.Fatal(err)
		}
		d := h.enter(t, "s-ito")
		filled := 0
		for _, one := range []struct{ path, caption string }{
			{"/staff", "週ごとの動き"}, {"/staff/partners/p-aoba", "週ごとの動き"}, {"/staff/partners/p-aoba", "資料："}, {"/staff/materials", "資料："},
		} {
			page := d.see(one.path)
			if !strings.Contains(page, `<figure class="chart"`) || !strings.Contains(page, "uPlot.iife.min.js") {
				t.Errorf("%s has no chart", one.path)
			}
			for _, f := range below(t, page, one.caption) {
				rows := d.file(f[2] + "&format=csv")
				want, got := strings.ReplaceAll(f[1], ",", ""), len(rows)
				if f[0] == "動いた人" {
					people := map[string]bool{}
					for _, r := range rows {
						people[r[4]] = true
					}
					got = len(people)
				}
				if want != "0" {
					filled++
				}
				if want != strconv.Itoa(got) {
					t.Errorf("%s, %s: %s says %s, its events are %d", one.path, one.caption, f[0], want, got)
				}
			}
		}
		if filled < 20 {
			t.Errorf("only %d figures are not 0", filled)
		}
	})
}

// happened appends an event of a member, as if it had been there.
func (h *house) happened(t *testing.T, person, kind string, at time.Time, change ...func(*models.Event)) {
	t.Helper()
	err := h.store.InTx(context.Background(), func(tx *models.Tx) error {
		p, err := tx.PersonByKey(person)
		if err != nil {
			return err
		}
		e := models.Event{Kind: kind, Class: models.ClassHuman, PartnerID: p.PartnerID, PersonID: p.ID, OccurredAt: at}
		for _, c := range change {
			c(&e)
		}
		return tx.Append(e)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheEventLogFiltersAndTurnsPages(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		at := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
		for i := range 120 { // many in the same moment: the page must not lose any
			h.happened(t, "aoba-01", models.Asked, at.Add(time.Duration(i/40)*time.Second))
		}
		h.happened(t, "minami-01", models.Requested, at)
		d := h.enter(t, "s-ito")
		seen, path, pages := map[string]bool{}, "/staff/events?partner=p-aoba&kind=asked", 0
		row := regexp.MustCompile(`<td data-label="日時">`)
		next := regexp.MustCompile(`rel="next" href="([^"]+)"`)
		n := 0
		for ; path != ""; pages++ {
			page := d.see(path)
			if seen[path] || pages > 5 {
				t.Fatal("pages turn in a circle")
			}
			seen[path], path = true, ""
			n += len(row.FindAllString(page, -1))
			if m := next.FindStringSubmatch(page); m != nil {
				path = html.UnescapeString(m[1])
			}
			if !strings.Contains(page, "120件（1人）") {
				t.Error("the sum is not told")
			}
		}
		if n != 120 || pages != 3 {
			t.Errorf("%d events on %d pages", n, pages)
		}
		if got := len(d.file("/staff/events?person=minami-01&kind=requested&format=csv")); got != 1 {
			t.Error(got)
		}
		page := d.see("/staff/events?partner=nobody&from=yesterday")
		if !strings.Contains(page, "登録されていません") || !strings.Contains(page, "この条件のイベントはありません") {
			t.Error(page)
		}
		english := d.see("/staff/events?lang=en&kind=failed")
		if !strings.Contains(english, "There are no such events") || !strings.Contains(english, `<html lang="en">`) {
			t.Error(english)
		}
	})
}

func TestPagesForStaffAreAsDocumented(t *testing.T) {
	b, err := os.ReadFile("../docs/roles.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(b), "| page | roles that may |\n|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	said := map[string]string{}
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		said[strings.TrimSpace(cells[0])] = strings.TrimSpace(cells[1])
	}
	built := handlers.StaffPages()
	for path, roles := range built {
		want := "all staff"
		if len(roles) > 0 {
			want = strings.Join(roles, ", ")
		}
		if said[path] != want {
			t.Errorf("%s may be seen by %s; docs/roles.md says %q", path, want, said[path])
		}
	}
	for path := range said {
		if _, ok := built[path]; !ok {
			t.Errorf("docs/roles.md names %s, which is not there", path)
		}
	}
}

func TestStaffSeeEveryPageAndItsFile(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		rep := h.As("aoba-01").In("direct-aoba-01")
		rep.Say("商談登録の有効期限は何日ですか").See()
		rep.Press("解決した").See()
		rep.Say("資料").See()
		d := h.enter(t, "s-ito")
		for path, want := range map[string]string{
			"/staff/partners": "青葉商事", "/staff/partners?q=minami": "南海システム", "/staff/partners?q=nothing": "該当するものはありません",
			"/staff/partners/p-aoba": "動いた人", "/staff/people": "田中", "/staff/people?q=%25": "該当するものはありません", "/staff/materials": "商談登録ガイド",
			"/staff/campaigns": "キャンペーンはまだありません", "/staff/gaps": "質問はありません", "/staff/faq": "トライアル環境", "/staff/outcomes": "成果はまだありません", "/staff/audit": "staff.enter",
		} {
			page := d.see(path)
			if !strings.Contains(page, want) {
				t.Errorf("%s does not say %s:\n%s", path, want, page)
			}
			if i := strings.Index(page, ">staff."); i >= 0 && path != "/staff/audit" {
				t.Errorf("%s shows a word without a sentence: %s", path, page[i:i+40])
			}
			r, body := d.do("GET", path+map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")]+"format=xlsx", nil, nil)
			if r.StatusCode != http.StatusOK || !strings.HasPrefix(body, "PK") {
				t.Errorf("%s as a file: %d", path, r.StatusCode)
			}
		}
		for _, row := range d.file("/staff/faq?format=csv") {
			if row[0] == "商談登録の有効期限は何日ですか / deal-registration" && (row[1] != "1" || row[3] != "1" || row[4] != "1") {
				t.Error(row)
			}
		}
		// Each table of a page with several has its own file.
		for _, m := range regexp.MustCompile(`<h2>([^<]+)</h2><p class="row"><a class="button small" href="([^"]+csv[^"]*)"`).FindAllStringSubmatch(d.see("/staff/partners/p-aoba"), -1) {
			_, csv := d.do("GET", html.UnescapeString(m[2]), nil, nil)
			if m[1] == "利用者" && !strings.Contains(csv, "田中") {
				t.Error(m[1], csv)
			}
		}
		for _, none := range []string{"/staff/partners/nobody", "/staff/campaigns/7", "/staff/campaigns/x", "/staff/nothing"} {
			if got := d.status(none); got != http.StatusNotFound {
				t.Error(none, got)
			}
		}
		if got := h.enter(t, "s-sato").status("/staff/audit"); got != http.StatusForbidden {
			t.Error("a sender reads the audit log", got)
		}
		if all := h.acts(t, "staff.see"); len(all) != 1 || all[0] != "staff.see page:audit refused" {
			t.Error(all)
		}
	})
}

func TestFilesOfStaffPagesHoldNoFormulas(t *testing.T) {
	h := newHouse(t, "sqlite")
	for i, name := range []string{"=1+1", "＝1+1", "+1", "＋1", "-1", "－1", "@a", "＠a"} {
		if _, err := modelstest.Raw(t, h.driver, h.dsn).Exec("INSERT INTO people (id,`key`,side,partner_id,name,department,roles,language,sample,created_at,updated_at) SELECT randomblob(16), 'x-"+strconv.Itoa(i)+"', side, partner_id, ?, department, roles, language, sample, created_at, updated_at FROM people WHERE `key` = 'aoba-01'", name); err != nil {
			t.Fatal(err)
		}
	}
	rows := h.enter(t, "s-ito").file("/staff/people?q=x-&format=csv")
	if len(rows) != 8 {
		t.Fatal(rows)
	}
	for _, r := range rows {
		if strings.ContainsAny(string([]rune(r[0])[0]), "=＝+＋-－@＠") {
			t.Error(r[0])
		}
	}
}

func TestWithoutPersonLevelNoPageNamesAnybody(t *testing.T) {
	h := newHouse(t, "sqlite")
	h.happened(t, "aoba-01", models.Asked, time.Now().Add(-time.Hour))
	h.mind.PersonLevel = false
	d := h.enter(t, "s-ito")
	for path := range handlers.StaffPages() {
		path = strings.NewReplacer("audiences/{key}", "audiences/1", "faq/{key}", "faq/demo", "materials/{key}", "materials/guide", "/entry/{key}", "/entry/trial", "{key}", "p-aoba", "{id}", "1", "{day}", "1").Replace(path)
		_, page := d.do("GET", path, nil, nil)
		for _, name := range []string{"田中", "aoba-01", "/staff/people"} {
			if strings.Contains(page, name) {
				t.Errorf("%s shows %s", path, name)
			}
		}
		gone := strings.HasPrefix(path, "/staff/people") || strings.HasSuffix(path, "/1") || strings.HasSuffix(path, "/file")
		if gone != (d.status(path) == http.StatusNotFound) {
			t.Error(path, d.status(path))
		}
	}
	if rows := d.file("/staff/events?person=aoba-01&kind=asked&format=csv"); len(rows) != 1 || strings.Contains(strings.Join(rows[0], " "), "aoba-01") {
		t.Error(rows) // the filter does not exist either: it would tell who it was
	}
}

func TestThePlaygroundBehindTheLoginIsForAdministrators(t *testing.T) {
	h := newHouse(t, "sqlite")
	admin, sender := h.enter(t, "s-ito"), h.enter(t, "s-sato")
	server := httptest.NewServer(h.mind.StaffOnly("admin", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	defer server.Close()
	h.url = server.URL
	for _, one := range []struct {
		name   string
		who    *desk
		header map[string]string
		want   int
	}{
		{"nobody", &desk{t: t, h: h}, nil, http.StatusUnauthorized}, {"a sender", sender, nil, http.StatusForbidden},
		{"an administrator", admin, nil, http.StatusOK}, {"another site", admin, map[string]string{"Sec-Fetch-Site": "cross-site"}, http.StatusForbidden},
	} {
		method := "GET"
		if one.header != nil {
			method = "POST"
		}
		if r, _ := one.who.do(method, "/play", nil, one.header); r.StatusCode != one.want {
			t.Errorf("%s: %d", one.name, r.StatusCode)
		}
	}
	same(t, "acts", h.acts(t, "playground."), "playground.enter page:playground done")

	// From there nobody becomes another member of staff, nor stays in as one.
	h.mind.PlaygroundBehindLogin = true
	if r, _ := admin.do("GET", "/play", nil, nil); r.StatusCode != http.StatusUnauthorized {
		t.Error("a session that began in the playground still opens", r.StatusCode)
	}
	seat := h.As("s-ito").In("direct-s-ito")
	unsaid(t, seat.Say("ダッシュボード").See(), "社員用ページへの入口")
}
