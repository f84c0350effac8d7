package handlers_test

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"akari/bot"
	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

var (
	changeForm = regexp.MustCompile(`(?s)<form class="change".*?</form>`)
	inputs     = regexp.MustCompile(`<input [^>]*>`)
	attr       = regexp.MustCompile(`([a-z-]+)="([^"]*)"`)
	areas      = regexp.MustCompile(`(?s)<textarea [^>]*name="([^"]+)"[^>]*>\n(.*?)</textarea>`)
	selects    = regexp.MustCompile(`(?s)<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>`)
	selected   = regexp.MustCompile(`<option value="([^"]*)" selected>`)
)

// standing is what stands in a page's form, as a browser would send it.
func standing(page string) url.Values {
	form, out := changeForm.FindString(page), url.Values{}
	for _, tag := range inputs.FindAllString(form, -1) {
		a := map[string]string{}
		for _, m := range attr.FindAllStringSubmatch(tag, -1) {
			a[m[1]] = html.UnescapeString(m[2])
		}
		if a["type"] != "checkbox" && a["type"] != "file" || strings.Contains(tag, " checked") {
			out.Add(a["name"], a["value"])
		}
	}
	for _, m := range areas.FindAllStringSubmatch(form, -1) {
		out.Set(m[1], html.UnescapeString(m[2]))
	}
	for _, m := range selects.FindAllStringSubmatch(form, -1) {
		out.Set(m[1], "")
		if s := selected.FindStringSubmatch(m[2]); s != nil {
			out.Set(m[1], html.UnescapeString(s[1]))
		}
	}
	return out
}

// change opens a page, changes some of what stands in its form, and sends it.
func (d *desk) change(path string, changes ...string) (*http.Response, string) {
	d.t.Helper()
	form := standing(d.see(path))
	for ; len(changes) > 1; changes = changes[2:] {
		form.Set(changes[0], changes[1])
	}
	return d.post(path, form)
}

// saves is change that must succeed, and answers the page that it leads to.
func (d *desk) saves(path string, changes ...string) string {
	d.t.Helper()
	r, body := d.change(path, changes...)
	if r.StatusCode != http.StatusSeeOther {
		d.t.Fatalf("%s: %d\n%s", path, r.StatusCode, body)
	}
	page := d.see(r.Header.Get("Location"))
	if !strings.Contains(page, `role="status"`) {
		d.t.Errorf("%s does not say that it was done", r.Header.Get("Location"))
	}
	return page
}

// within reads the database.
func (h *house) within(t *testing.T, read func(*models.Tx) error) {
	t.Helper()
	if err := h.store.View(context.Background(), read); err != nil {
		t.Fatal(err)
	}
}

func (h *house) partner(t *testing.T, key string) (p models.Partner) {
	t.Helper()
	h.within(t, func(tx *models.Tx) (err error) { p, err = tx.PartnerByKey(key); return err })
	return p
}

func (h *house) person(t *testing.T, key string) (p models.Person) {
	t.Helper()
	h.within(t, func(tx *models.Tx) (err error) { p, err = tx.PersonByKey(key); return err })
	return p
}

func TestAPartnerIsChangedOnItsPage(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		d := h.enter(t, "s-ito")
		const path = "/staff/partners/p-aoba/edit"
		if form := standing(d.see(path)); form.Get("name") != "青葉商事" || form.Get("tier") != "gold" || form.Get("owner") != "s-ito" || form.Get("tags") != "東日本" {
			t.Fatal(form)
		}
		page := d.saves(path, "tier", "platinum", "tags", "東日本、重点, 新規", "region", "関東", "parent", "p-minami", "owner", "s-sato",
			"holidays", "2026-12-30\n2026/12/29", "workdays", "2026-11-23", "time_zone", "Asia/Tokyo", "language", "ja")
		if !strings.Contains(page, "platinum") || !strings.Contains(page, "保存しました") {
			t.Error(page)
		}
		p := h.partner(t, "p-aoba")
		if strings.Join(p.Tags, "/") != "東日本/重点/新規" || p.Region != "関東" || p.ParentID != h.partner(t, "p-minami").ID || p.OwnerID != h.person(t, "s-sato").ID || p.TimeZone != "Asia/Tokyo" || p.Sample {
			t.Errorf("%+v", p)
		}
		h.within(t, func(tx *models.Tx) error {
			closed, works, err := tx.DaysOf(p.ID)
			if strings.Join(closed, " ") != "2026-12-29 2026-12-30" || strings.Join(works, " ") != "2026-11-23" {
				t.Error(closed, works)
			}
			return err
		})
		// What is wrong is told at its field, and nothing that was typed is lost.
		r, body := d.change(path, "name", " ", "holidays", "2026-11-23", "time_zone", "Tokyo", "region", "<b>北海道</b>")
		if r.StatusCode != http.StatusUnprocessableEntity {
			t.Fatal(r.StatusCode)
		}
		for _, want := range []string{`id="f-name-e">入力してください`, `id="f-time_zone-e">この時間帯は見つかりません`, "&lt;b&gt;北海道&lt;/b&gt;", `href="#f-name"`, `aria-invalid="true"`} {
			if !strings.Contains(body, want) {
				t.Errorf("the page does not hold %s\n%s", want, changeForm.FindString(body))
			}
		}
		if r, body = d.change(path, "holidays", "2026-11-23"); !strings.Contains(body, `id="f-workdays-e">2026-11-23 が、休業日と営業日の両方にあります`) {
			t.Error(r.StatusCode, body)
		}
		// A circle of 一次店 and 二次店 cannot be saved.
		if _, body = d.change("/staff/partners/p-minami/edit", "parent", "p-aoba"); !strings.Contains(body, `id="f-parent-e">この一次店を選ぶと`) {
			t.Error(changeForm.FindString(body))
		}
		if got := h.partner(t, "p-aoba"); got.Region != "関東" {
			t.Error(got)
		}
		same(t, "acts", h.acts(t, "partner."), "partner.change partner:p-aoba done")
	})
}

func TestTheSecondOfTwoEditorsIsTold(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		d := h.enter(t, "s-ito")
		const path = "/staff/partners/p-aoba/edit"
		mine := standing(d.see(path))
		d.saves(path, "region", "関西")
		mine.Set("region", "九州")
		mine.Set("tier", "silver")
		r, body := d.post(path, mine)
		if r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "ほかの方が同じものを変更しました") || !strings.Contains(body, "（いまの値：関西）") {
			t.Fatal(r.StatusCode, body)
		}
		again := standing(body)
		if h.partner(t, "p-aoba").Region != "関西" || again.Get("region") != "九州" || again.Get("tier") != "silver" {
			t.Fatal("what was typed is lost, or was saved", again)
		}
		if r, body = d.post(path, again); r.StatusCode != http.StatusSeeOther { // seen, and still wanted
			t.Fatal(r.StatusCode, body)
		}
		if p := h.partner(t, "p-aoba"); p.Region != "九州" || p.Tier != "silver" {
			t.Fatal(p)
		}
		// At the same moment: one is saved, the other told.
		form := standing(d.see(path))
		answers := make(chan int, 2)
		for _, region := range []string{"東北", "四国"} {
			f := url.Values{}
			for k, x := range form {
				f[k] = x
			}
			f.Set("region", region)
			other := &desk{t: t, h: h, cookie: d.cookie}
			go func() { r, _ := other.post(path, f); answers <- r.StatusCode }()
		}
		if a, b := <-answers, <-answers; a+b != http.StatusSeeOther+http.StatusUnprocessableEntity {
			t.Error(a, b)
		}
	})
}

func TestAPersonIsChangedAndInvited(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		rep := h.As("aoba-01").In("direct-aoba-01")
		rep.Say("商談登録の有効期限は何日ですか").See()
		rep.Press("資料：商談登録ガイド").See()
		d := h.enter(t, "s-ito")
		const path = "/staff/people/aoba-01"
		if page := d.see("/staff/people"); !strings.Contains(page, ">営業<") || strings.Contains(page, ">rep<") {
			t.Error("the list of people shows keys instead of words")
		}
		if !strings.Contains(d.see("/staff/people"), `href="/staff/people/aoba-01"`) {
			t.Error("the list does not lead to the form")
		}
		d.saves(path, "partner", "p-minami", "role", "lead", "language", "en", "name", "田中 一郎")
		p := h.person(t, "aoba-01")
		if p.PartnerID != h.partner(t, "p-minami").ID || p.Roles != "lead" || p.Language != "en" || p.Name != "田中 一郎" || p.LeftAt != nil {
			t.Fatalf("%+v", p)
		}
		if n := modelstest.Table(t, driver, h.dsn, "SELECT COUNT(revoked_at) - COUNT(*) + 10 * (COUNT(*) = 0) AS n FROM links WHERE person_id = (SELECT id FROM people WHERE `key` = 'aoba-01')")[0]["n"]; n != "0" {
			t.Error("links of the former partner still work:", n)
		}
		d.saves(path, "left", "yes")
		if h.person(t, "aoba-01").LeftAt == nil {
			t.Error("still here")
		}
		form := standing(d.see(path))
		form.Del("left")
		if r, body := d.post(path, form); r.StatusCode != http.StatusSeeOther || h.person(t, "aoba-01").LeftAt != nil {
			t.Fatal(r.StatusCode, body)
		}
		// Nobody locks the last administrator out.
		for _, change := range [][]string{{"left", "yes"}, {"roles", "sender"}} {
			if r, body := d.change("/staff/people/s-ito", change...); r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "ほかの管理者にご依頼ください") {
				t.Error(change, r.StatusCode)
			}
		}
		// An invitation is shown once; only its hash is kept.
		r, body := d.change(path, "do", "person.invite")
		code := regexp.MustCompile(`招待コード：([2-9A-Z]{5}-[2-9A-Z]{5})`).FindStringSubmatch(body)
		if r.StatusCode != http.StatusOK || code == nil {
			t.Fatal(r.StatusCode, body)
		}
		if strings.Contains(d.see(path), code[1]) {
			t.Error("a code is shown again")
		}
		d.change("/staff/partners/p-aoba/edit", "do", "person.invite")
		if n := modelstest.Table(t, driver, h.dsn, "SELECT COUNT(*) AS n FROM invitations WHERE created_by IS NOT NULL")[0]["n"]; n != "2" {
			t.Error(n)
		}
		id := "person:" + p.ID.String()
		same(t, "acts", h.acts(t, "person."), "person.change "+id+" done", "person.change "+id+" done", "person.change "+id+" done", "person.invite "+id+" done", "person.invite partner:p-aoba done")
	})
}

func TestARoomIsMappedOnItsPage(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		var room models.Room
		err := h.store.InTx(context.Background(), func(tx *models.Tx) (err error) {
			room, err = tx.AddRoom(bot.Address{Platform: "playground", Connection: "playground", Room: "C-new"})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		d, path := h.enter(t, "s-sato"), "/staff/rooms/"+room.ID.String()
		if page := d.see("/staff/rooms?whose=none"); !strings.Contains(page, path) || !strings.Contains(page, "未登録") {
			t.Fatal(page)
		}
		greetings := func() string {
			return modelstest.Table(t, driver, h.dsn, "SELECT COUNT(*) AS n FROM deliveries WHERE room = 'C-new'")[0]["n"]
		}
		state := func() (r models.Room) {
			h.within(t, func(tx *models.Tx) (err error) { r, err = tx.RoomByID(room.ID); return err })
			return r
		}
		if r, body := d.change(path); r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, `id="f-whose-e"`) {
			t.Error("a room was mapped to nobody", r.StatusCode)
		}
		d.saves(path, "whose", "p-aoba")
		if r := state(); r.PartnerID != h.partner(t, "p-aoba").ID || r.Kind != models.RoomShared || greetings() != "1" {
			t.Error(r, greetings())
		}
		d.saves(path, "whose", "p-aoba") // the same again greets nobody
		if greetings() != "1" || h.events(t)[models.RoomMapped] != 1 {
			t.Error(greetings(), h.events(t))
		}
		d.saves(path, "do", "room.unmap")
		if r := state(); r.Mapped() {
			t.Error(r)
		}
		d.saves(path, "whose", "-staff")
		if r := state(); r.Kind != models.RoomStaff || !r.PartnerID.IsZero() {
			t.Error(r)
		}
		id := room.ID.String()
		same(t, "acts", h.acts(t, "room."), "room.map "+id+" done", "room.map "+id+" done", "room.unmap "+id+" done", "room.map "+id+" done")
	})
}

// Whoever may not see a page cannot send its form either, and no other site can.
func TestFormsOfStaffPagesNeedTheirRole(t *testing.T) {
	h := newHouse(t, "sqlite")
	admin, plain := h.enter(t, "s-ito"), h.enter(t, "s-mori")
	posted := 0
	for path, roles := range handlers.StaffPages() {
		path = strings.NewReplacer("audiences/{key}", "audiences/1", "faq/{key}", "faq/demo", "materials/{key}", "materials/guide", "/entry/{key}", "/entry/trial", "{key}", "p-aoba", "{id}", "1").Replace(path)
		r, _ := admin.do("POST", path, url.Values{"do": {"x"}}, map[string]string{"Sec-Fetch-Site": "cross-site"})
		if r.StatusCode == http.StatusMethodNotAllowed || r.StatusCode == http.StatusNotFound {
			continue // only shown
		}
		posted++
		if r.StatusCode != http.StatusForbidden {
			t.Error("another site can send", path, r.StatusCode)
		}
		if r, _ := (&desk{t: t, h: h}).post(path, nil); r.StatusCode != http.StatusUnauthorized {
			t.Error("somebody who is not in can send", path, r.StatusCode)
		}
		if len(roles) == 0 || strings.Contains(strings.Join(roles, " "), "approver") {
			continue
		}
		if r, _ := plain.post(path, nil); r.StatusCode != http.StatusForbidden {
			t.Error("without the role one can send", path, r.StatusCode)
		}
	}
	if posted < 3 || len(h.acts(t, "partner.")) > 0 {
		t.Error(posted, h.acts(t, ""))
	}
}
