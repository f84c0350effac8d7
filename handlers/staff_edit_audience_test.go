package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"akari/models"
	"akari/models/modelstest"
)

func TestAnAudienceIsKeptUnderAName(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		d := h.enter(t, "s-sato")
		if !strings.Contains(d.see("/staff/campaigns"), `href="/staff/audiences"`) || !strings.Contains(d.see("/staff/audiences"), "保存した宛先はまだありません") {
			t.Error("the list is not there")
		}
		const path = "/staff/audiences/_new"
		r, body := d.change(path, "silent", "いつも")
		for _, want := range []string{`id="f-audience_name-e">入力してください`, `id="f-silent-e">`, "いつも", `id="f-everyone-e">宛先が選ばれていません`} {
			if r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, want) {
				t.Errorf("the page does not hold %s\n%s", want, changeForm.FindString(body))
			}
		}
		form := d.with(path, "audience_name", "ゴールド／東", "tiers", "gold", "tags", "東日本", "do", "look")
		r, body = d.post(path, form)
		if r.StatusCode != http.StatusOK || !strings.Contains(body, "いま2人です。まだ保存していません") || len(h.acts(t, "audience.")) != 0 {
			t.Fatal(r.StatusCode, body)
		}
		form = standing(body)
		form.Set("do", "audience.save")
		if r, body = d.post(path, form); r.StatusCode != http.StatusSeeOther {
			t.Fatal(r.StatusCode, body)
		}
		page := strings.TrimSuffix(r.Header.Get("Location"), "?done=saved")
		if r, _ = d.post(path, form); r.StatusCode != http.StatusUnprocessableEntity {
			t.Error("a second audience of the same name", r.StatusCode)
		}
		rule := func() models.Rule {
			var a models.Audience
			h.within(t, func(tx *models.Tx) (err error) { a, err = tx.AudienceByKey("ゴールド／東"); return err })
			return a.Rule
		}
		if got := rule(); strings.Join(got.Tiers, "") != "gold" || strings.Join(got.Tags, "") != "東日本" || got.All {
			t.Errorf("%+v", got)
		}
		if list := d.see("/staff/audiences"); !strings.Contains(list, "ゴールド／東") || !strings.Contains(list, page) {
			t.Error(list)
		}
		if _, body = d.change(page, "partners", "p-nobody"); !strings.Contains(body, "partners: p-nobody") {
			t.Error("a partner that is not there was taken", changeForm.FindString(body))
		}
		d.saves(page, "x_partners", "p-minami")
		if got := rule(); strings.Join(got.Exclude.Partners, "") != "p-minami" || len(got.Tiers) != 1 {
			t.Errorf("%+v", got)
		}
		other := h.enter(t, "s-mori") // no sender: sees them, and cannot change them
		if list := other.see("/staff/audiences"); !strings.Contains(list, "ゴールド／東") || strings.Contains(list, page) || other.status(page) != http.StatusForbidden {
			t.Error(list)
		}
		d.saves(page, "do", "audience.drop")
		if d.status(page) != http.StatusNotFound {
			t.Error("it is still there")
		}
		save := "audience.save audience:ゴールド／東 done"
		same(t, "acts", h.acts(t, "audience."), save, save, "audience.drop audience:ゴールド／東 done")
	})
}
