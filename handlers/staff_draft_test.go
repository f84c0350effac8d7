package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"akari/models"
	"akari/models/modelstest"

	"github.com/chromedp/chromedp"
)

// What is typed into a page is there again after the session has ended and the person
// has entered by another link.
func TestWhatIsTypedOnAPageSurvivesItsSession(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		d := h.enter(t, "s-mori")
		const path = "/staff/faq/trial"
		keep := func(d *desk, form url.Values) int {
			t.Helper()
			r, _ := d.post(path+"?keep=1", form)
			return r.StatusCode
		}
		form := standing(d.see(path))
		form.Set("answer_ja", "途中まで書いた\n<回答>")
		form.Set("nonsense", "x")
		if got := keep(d, form); got != http.StatusNoContent {
			t.Fatal(got)
		}
		if again := standing(d.see(path)); again.Get("answer_ja") != "途中まで書いた\n<回答>" || again.Get("question_ja") != "トライアル環境の申し込み方法は" {
			t.Error(again)
		}
		h.ahead.Add(int64(models.StaffIdle + time.Minute))
		form.Set("answer_ja", "時間が過ぎてから")
		if got := keep(d, form); got != http.StatusUnauthorized {
			t.Error("who is out keeps something", got)
		}
		d = h.enter(t, "s-mori")
		page := d.see(path)
		if again := standing(page); again.Get("answer_ja") != "途中まで書いた\n<回答>" || !strings.Contains(page, "前に入力して保存していない内容") || !strings.Contains(page, "途中まで書いた\n&lt;回答&gt;") {
			t.Fatal(page)
		}
		other := h.enter(t, "s-ito")
		if page := other.see(path); strings.Contains(page, "途中まで書いた") || strings.Contains(page, `value="discard"`) {
			t.Error("somebody else sees it")
		}
		// A colleague saves meanwhile: what they saved is not overwritten unseen.
		other.saves(path, "answer_ja", "同僚の回答です。")
		r, body := d.change(path)
		if r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "ほかの方が同じものを変更しました") || standing(body).Get("answer_ja") != "途中まで書いた\n<回答>" {
			t.Fatal(r.StatusCode, body)
		}
		if r, body = d.post(path, standing(body)); r.StatusCode != http.StatusSeeOther {
			t.Fatal(r.StatusCode, body)
		}
		if page := d.see(path); strings.Contains(page, `value="discard"`) || standing(page).Get("answer_ja") != "途中まで書いた\n<回答>" {
			t.Error("what was saved is still kept as not saved", page)
		}
		// Or it is thrown away.
		form = standing(d.see(path))
		form.Set("answer_ja", "やめておく")
		keep(d, form)
		form = standing(d.see(path))
		form.Set("do", "discard")
		if r, _ := d.post(path, form); r.StatusCode != http.StatusSeeOther || standing(d.see(path)).Get("answer_ja") != "途中まで書いた\n<回答>" {
			t.Error("it cannot be thrown away", r.StatusCode)
		}
		// After a day it is over.
		form.Set("answer_ja", "昨日の下書き")
		keep(d, form)
		h.ahead.Add(int64(24*time.Hour + time.Minute))
		d = h.enter(t, "s-mori")
		if strings.Contains(d.see(path), "昨日の下書き") {
			t.Error("it is kept for more than a day")
		}
		if r, _ := d.post("/staff/partners/p-aoba/edit?keep=1", form); r.StatusCode != http.StatusForbidden {
			t.Error("a page that is not theirs keeps something", r.StatusCode)
		}
		change := "entry.change trial done"
		same(t, "acts", h.acts(t, "entry."), change, change)
	})
}

func TestAFormOutlivesItsSessionInABrowser(t *testing.T) {
	h := newHouse(t, "sqlite")
	s := newScreen(t, 390, 844, false)
	enter := func() {
		t.Helper()
		s.at(h, h.way("s-ito"))
		s.do(chromedp.Click(chromedp.CSS("form button[type=submit]")))
		s.until("location.pathname === '/staff' && document.querySelector('.tile')")
	}
	const path = "/staff/faq/_new"
	enter()
	s.at(h, path)
	s.put("question_ja", "保守契約の更新手続きは")
	for end := time.Now().Add(time.Minute); ; time.Sleep(25 * time.Millisecond) {
		rows := modelstest.Table(t, h.driver, h.dsn, "SELECT form FROM drafts WHERE name = 'staff'")
		if len(rows) == 1 && strings.Contains(rows[0]["form"], "保守契約の更新手続きは") {
			break
		}
		if time.Now().After(end) {
			t.Fatal("what is typed is not kept while it is typed:", rows)
		}
	}
	h.ahead.Add(int64(models.StaffIdle + time.Minute))
	s.quiet.Store(true) // 401 is what is wanted
	s.put("answer_ja", "更新は満了の1か月前までに。")
	s.send("entry.add")
	s.until("document.querySelector('form.change .out')")
	s.shot("staff-edit-out-phone")
	if got := on[string](s, "document.querySelector('#f-answer_ja').value"); got != "更新は満了の1か月前までに。" {
		t.Error("what was typed is lost:", got)
	}
	enter()
	s.at(h, path)
	s.until("document.querySelector('button[value=discard]') && document.querySelector('#f-question_ja').value === '保守契約の更新手続きは'")
	s.shot("staff-edit-taken-up-phone")
	s.put("answer_ja", "更新は満了の1か月前までに。")
	s.send("entry.add")
	s.until("document.querySelector('.done-note') && document.querySelector('button[value=\"entry.withdraw\"]')")
	if rows := modelstest.Table(t, h.driver, h.dsn, "SELECT form FROM drafts WHERE name = 'staff'"); len(rows) > 0 {
		t.Error("what was saved is kept as not saved:", rows)
	}
}
