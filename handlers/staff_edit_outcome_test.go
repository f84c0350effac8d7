package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"golang.org/x/text/encoding/japanese"

	"akari/models/modelstest"
)

func TestAListOfResultsIsCheckedAndImported(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		d := h.enter(t, "s-ito")
		const path = "/staff/outcomes/_import"
		if !strings.Contains(d.see("/staff/outcomes"), `href="`+path+`"`) {
			t.Error("the list does not lead to the form")
		}
		kept := func() string {
			return modelstest.Table(t, driver, h.dsn, "SELECT COUNT(*) AS n FROM outcomes")[0]["n"]
		}
		if r, body := d.upload(path, d.with(path, "do", "outcome.import"), "", ""); r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, `id="f-list-e">CSVファイルを選ぶか`) {
			t.Error(r.StatusCode, body)
		}
		bad := "外部ID,代理店名,金額,完了日\nA-1,青葉商事,百万,2026-11-01\nA-1,青葉商事,100,いつか\n"
		r, body := d.upload(path, d.with(path, "do", "outcome.import"), "結果.csv", bad)
		for _, want := range []string{"読めない行が3か所", "金額「百万」は読めません", "日付「いつか」は読めません", "外部ID「A-1」が、上の行にもあります"} {
			if r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, want) {
				t.Errorf("%d: the page does not hold %s\n%s", r.StatusCode, want, body)
			}
		}
		if strings.ReplaceAll(standing(body).Get("list"), "\r", "") != bad || kept() != "0" {
			t.Error("what came is lost, or was kept", standing(body), kept())
		}
		// As Excel in Japan writes it; one row's partner is not known, one person is another partner's.
		list, err := japanese.ShiftJIS.NewEncoder().String("案件番号,会社名,件名,段階,金額,担当者キー\nB-1,株式会社青葉商事,新規導入,受注,1200000,aoba-01\nB-2,あおば,更新,見積,5000,\nB-3,南海システム,増設,商談,,aoba-01\n")
		if err != nil {
			t.Fatal(err)
		}
		r, body = d.upload(path, d.with(path, "do", "look"), "結果.csv", list)
		for _, want := range []string{"3行を確かめました。取り込める行 1件、確認が必要な行 2件", "3行目（B-2）の代理店", "一覧には「あおば」とあります", "担当者なしで取り込む"} {
			if r.StatusCode != http.StatusOK || !strings.Contains(body, want) {
				t.Errorf("%d: the page does not hold %s\n%s", r.StatusCode, want, body)
			}
		}
		form := standing(body)
		form.Set("do", "outcome.import")
		form.Set("row_3", "どこか")
		if r, body = d.upload(path, form, "", ""); r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, `id="f-row_3-e">「どこか」という代理店は`) || kept() != "0" {
			t.Error(r.StatusCode, body)
		}
		form = standing(body)
		form.Set("do", "outcome.import")
		form.Set("row_3", "p-aoba")
		if r, body = d.upload(path, form, "", ""); r.StatusCode != http.StatusOK || !strings.Contains(body, "追加 2件、変更 0件、変わらず 0件。確認が必要で取り込まなかった行 1件") || kept() != "2" {
			t.Fatal(r.StatusCode, kept(), body)
		}
		form = standing(body)
		form.Set("do", "outcome.import")
		form.Set("row_4", "without")
		if r, body = d.upload(path, form, "", ""); r.StatusCode != http.StatusOK || !strings.Contains(body, "追加 1件、変更 0件、変わらず 2件。確認が必要で取り込まなかった行 0件") || kept() != "3" || standing(body).Get("list") != "" {
			t.Fatal(r.StatusCode, kept(), body)
		}
		if page := d.see("/staff/outcomes"); !strings.Contains(page, "新規導入") || !strings.Contains(page, "1,200,000") {
			t.Error(page)
		}
		same(t, "acts", h.acts(t, "outcome."), "outcome.import outcomes done", "outcome.import outcomes done")
	})
}
