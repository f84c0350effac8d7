package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"akari/models"
	"akari/models/modelstest"
)

func TestAnEntryIsWrittenTriedAndSaved(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		rep := h.As("aoba-01").In("direct-aoba-01")
		const asked = "保守契約の更新手続きを教えてください"
		unsaid(t, rep.Say(asked).See(), "更新は満了の1か月前までに")
		d := h.enter(t, "s-mori") // any member of staff, as in chat
		const path = "/staff/faq/_new"
		if !strings.Contains(d.see("/staff/faq"), `href="`+path+`"`) {
			t.Error("the list does not lead to the form")
		}
		r, body := d.change(path, "question_ja", "保守契約の更新手続きは", "question_en", "How do I renew?", "partners", "青葉商事\nどこにもない会社", "valid_from", "2026-02-01", "valid_until", "2026-01-01", "variants_ja", "保守の更新")
		if r.StatusCode != http.StatusUnprocessableEntity {
			t.Fatal(r.StatusCode)
		}
		for _, want := range []string{`id="f-answer_ja-e">入力してください`, `id="f-answer_en-e">質問と回答は、同じ言語で`, `id="f-partners-e">「どこにもない会社」という代理店は登録されていません`, `id="f-valid_until-e">`, "保守の更新</textarea>"} {
			if !strings.Contains(body, want) {
				t.Errorf("the page does not hold %s\n%s", want, changeForm.FindString(body))
			}
		}
		form := standing(body)
		for name, value := range map[string]string{"answer_ja": "更新は満了の1か月前までに、パートナーポータルからお申し込みください。", "question_en": "", "partners": "青葉商事", "valid_from": "", "valid_until": "", "materials": "guide", "tags": "保守、契約", "do": "look"} {
			form.Set(name, value)
		}
		r, body = d.post(path, form)
		if r.StatusCode != http.StatusOK || h.events(t)[models.EntryAdded] != 0 || len(h.acts(t, "entry.")) != 0 {
			t.Fatal("trying it saves it", r.StatusCode)
		}
		_, look, _ := strings.Cut(body, `id="look"`)
		for _, want := range []string{"プレイグラウンド", "更新は満了の1か月前までに", "資料：商談登録ガイド", "解決した", asked, "これを回答します", "最近の質問1件で試した結果：新たに回答 1件"} {
			if !strings.Contains(look, want) {
				t.Errorf("what would come of it does not hold %s\n%s", want, look)
			}
		}
		form = standing(body)
		form.Set("do", "entry.add")
		r, body = d.post(path, form)
		if r.StatusCode != http.StatusSeeOther {
			t.Fatal(r.StatusCode, body)
		}
		page := strings.TrimSuffix(r.Header.Get("Location"), "?done=entry")
		if form = standing(d.see(page)); form.Get("partners") != "p-aoba 青葉商事" || form.Get("tags") != "保守、契約" || form.Get("materials") != "guide" || form.Get("owner") != "s-mori" || form.Get("department") != "研修部" {
			t.Error(form)
		}
		h.hear(t)
		said(t, rep.Say(asked).See(), "更新は満了の1か月前までに", "資料：商談登録ガイド")
		unsaid(t, h.As("minami-01").In("direct-minami-01").Say(asked).See(), "更新は満了の1か月前までに")
		d.saves(page, "do", "entry.withdraw")
		h.hear(t)
		unsaid(t, rep.Say(asked).See(), "更新は満了の1か月前までに")
		if list := d.see("/staff/faq"); !strings.Contains(list, "で終了") {
			t.Error(list)
		}
		d.saves(page, "valid_until", "")
		h.hear(t)
		said(t, rep.Say(asked).See(), "更新は満了の1か月前までに")
		key := page[strings.LastIndex(page, "/")+1:]
		same(t, "acts", h.acts(t, "entry."), "entry.add "+key+" done", "entry.withdraw "+key+" done", "entry.change "+key+" done")
		if n := h.events(t)[models.EntryAdded]; n != 1 {
			t.Error(n)
		}
	})
}

// What stands in a file is not changed: what staff save takes its place, whole.
func TestAnEntryOfAFileIsChangedByARowOverIt(t *testing.T) {
	h := newHouse(t, "sqlite")
	d := h.enter(t, "s-ito")
	const path = "/staff/faq/deal-registration"
	if page := d.see(path); !strings.Contains(page, "この内容はファイル（faq/a.yaml）にあります") {
		t.Error(page)
	}
	h.mind.Vendor.Languages = []string{"ja"} // what is there in other languages must not be lost
	d.saves(path, "answer_ja", "商談登録の有効期限は、登録日から120日間です。", "not_ja", "商談登録の取り消し方法は")
	h.mind.Vendor.Languages = []string{"ja", "en"}
	h.hear(t)
	e, _ := h.lib.AnyEntry("deal-registration")
	if e.Answer["ja"] != "商談登録の有効期限は、登録日から120日間です。" || e.Answer["en"] != "A deal registration is valid for 90 days." || strings.Join(e.Variants["ja"], "/") != "案件登録はいつまで有効/商談登録の期限" || e.Not["ja"][0] != "商談登録の取り消し方法は" {
		t.Errorf("%+v", e)
	}
	if page := d.see(path); !strings.Contains(page, "ファイル（faq/a.yaml）より優先されています") {
		t.Error(page)
	}
	// A colleague's wording from chat comes between: the form tells it.
	mine := standing(d.see(path))
	d.saves(path, "variants_ja", "登録は何日もつ")
	mine.Set("answer_ja", "別の回答")
	if r, body := d.post(path, mine); r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "（いまの値：登録は何日もつ）") || standing(body).Get("answer_ja") != "別の回答" {
		t.Error(r.StatusCode, body)
	}
	for _, none := range []string{"/staff/faq/nothing", "/staff/faq/_new2"} {
		if got := d.status(none); got != http.StatusNotFound {
			t.Error(none, got)
		}
	}
}

// What was saved over a file's entry is dropped with one button, after a look at what
// changes with it.
func TestAnEntryGoesBackToItsFile(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		d, rep := h.enter(t, "s-mori"), h.As("aoba-01").In("direct-aoba-01")
		const path, back = "/staff/faq/deal-registration", "/staff/faq/deal-registration/file"
		if d.status(back) != http.StatusNotFound || strings.Contains(d.see(path), back) {
			t.Fatal("nothing lies over the file, and yet it can be dropped")
		}
		d.saves(path, "answer_ja", "商談登録の有効期限は、登録日から120日間です。", "variants_ja", "案件登録はいつまで有効\n商談登録の期限", "tags", "登録")
		h.hear(t)
		said(t, rep.Say("商談登録の有効期限は何日ですか").See(), "120日間")
		page := d.see(path)
		if !strings.Contains(page, `href="`+back+`"`) {
			t.Fatal("the entry does not lead to the comparison")
		}
		look := d.see(back)
		for _, want := range []string{"120日間です。", "90日間です。", "回答（日本語）", "最近の質問1件で試した結果", "ファイル（faq/a.yaml）", "ファイルの内容に戻す"} {
			if !strings.Contains(look, want) {
				t.Errorf("the look does not hold %s\n%s", want, look)
			}
		}
		if strings.Contains(look, "回答（英語）") || strings.Contains(look, "言い換え（日本語）") {
			t.Error("what does not change is shown as a change", look)
		}
		// Somebody changes it meanwhile: what was looked at is not what would be dropped.
		seen := standing(look)
		d.saves(path, "answer_ja", "商談登録の有効期限は、登録日から180日間です。")
		if r, body := d.post(back, seen); r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "180日間です。") {
			t.Error(r.StatusCode, body)
		}
		page = d.saves(back)
		if !strings.Contains(page, "ファイルの内容に戻しました") || !strings.Contains(page, "この内容はファイル（faq/a.yaml）にあります") || standing(page).Get("answer_ja") != "商談登録の有効期限は、登録日から90日間です。" {
			t.Error(page) // at once, also where the library has not heard of it yet
		}
		h.hear(t)
		said(t, rep.Say("商談登録の有効期限は何日ですか").See(), "90日間")
		if d.status(back) != http.StatusNotFound {
			t.Error("it can be dropped twice")
		}
		// The same is saved again: it lies over the file as before.
		d.saves(path, "answer_ja", "商談登録の有効期限は、登録日から180日間です。", "tags", "登録")
		if d.status(back) != http.StatusOK {
			t.Error("what is saved again does not lie over the file")
		}
		key := "entry.change deal-registration done"
		same(t, "acts", h.acts(t, "entry."), key, key, "entry.restore deal-registration done", key)
	})
}
