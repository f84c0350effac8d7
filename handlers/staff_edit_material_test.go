package handlers_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"akari/content"
	"akari/models"
	"akari/models/modelstest"
)

// upload sends a form with a file, as a browser would: fields first, as they stand.
func (d *desk) upload(path string, form url.Values, name, body string) (*http.Response, string) {
	d.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for k, values := range form {
		for _, x := range values {
			if err := w.WriteField(k, x); err != nil {
				d.t.Fatal(err)
			}
		}
	}
	if name != "" {
		f, err := w.CreateFormFile("file", name)
		if err == nil {
			_, err = f.Write([]byte(body))
		}
		if err != nil {
			d.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		d.t.Fatal(err)
	}
	return d.body("POST", path, &b, map[string]string{"Content-Type": w.FormDataContentType(), "Sec-Fetch-Site": "same-origin"})
}

// with is what stands in a page's form, with some of it changed; "-" empties.
func (d *desk) with(path string, changes ...string) url.Values {
	form := standing(d.see(path))
	for ; len(changes) > 1; changes = changes[2:] {
		if form.Set(changes[0], changes[1]); changes[1] == "-" {
			form.Del(changes[0])
		}
	}
	return form
}

const (
	newMaterial = "/staff/materials/_new"
	guideEdit   = "/staff/materials/guide/edit"
)

func TestAMaterialIsPublished(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		d := h.enter(t, "s-sato")
		if !strings.Contains(d.see("/staff/materials"), newMaterial) {
			t.Error("the list does not lead to the form")
		}
		for _, one := range []struct{ name, body, kind, want string }{
			{"", "", "document", `id="f-file-e">ファイルを選んでください`},
			{"価格表.pdf", "\x89PNG\r\n\x1a\n", "document", `id="f-file-e">PDFファイルを選んでください。このファイルの中身は image/png でした`},
			{"価格表.pdf", "", "document", `id="f-file-e">このファイルは空です`},
			{"価格表.pdf", "%PDF-1.4\n" + strings.Repeat("<</Type /Page >>\n", content.MaxPages+1), "document", `id="f-file-e">ページが多すぎます（約2001ページ）`},
			{"絵.png", "\x89PNG\r\n\x1a\nnothing", "image", `id="f-file-e">このファイルは読み取れませんでした`},
			{"価格表.pdf", pdf, "tool", `id="f-file-e">ツールには、ファイルではなく`},
		} {
			r, body := d.upload(newMaterial, d.with(newMaterial, "title_ja", "新価格表", "kind", one.kind), one.name, one.body)
			if r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, one.want) || standing(body).Get("title_ja") != "新価格表" || standing(body).Has("kept") {
				t.Errorf("%s: %d %v\n%s", one.want, r.StatusCode, standing(body), changeForm.FindString(body))
			}
		}
		// A mistake elsewhere does not lose the file.
		r, body := d.upload(newMaterial, d.with(newMaterial, "key", "guide"), "価格表.pdf", pdf)
		if r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "「価格表.pdf」を受け取ってあります") || !strings.Contains(body, "このキーの資料は、もうあります") {
			t.Fatal(r.StatusCode, changeForm.FindString(body))
		}
		form := standing(body)
		// When it was cleared meanwhile (akari retention run), that is told.
		stored := slices.DeleteFunc(globbed(t, h.stored+"/*/*"), func(name string) bool { b, err := os.ReadFile(name); return err != nil || string(b) != pdf })
		if len(stored) != 1 || os.Rename(stored[0], stored[0]+".away") != nil {
			t.Fatal(stored)
		}
		if r, body := d.upload(newMaterial, form, "", ""); r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, `id="f-file-e">お預かりしたファイルは`) || standing(body).Has("kept") {
			t.Error(r.StatusCode, changeForm.FindString(body))
		}
		if err := os.Rename(stored[0]+".away", stored[0]); err != nil {
			t.Fatal(err)
		}
		other := h.enter(t, "s-ito")
		if r, _ := other.upload(newMaterial, other.with(newMaterial, "key", "x", "title_ja", "x", "kept", form.Get("kept")), "", ""); r.StatusCode != http.StatusUnprocessableEntity {
			t.Error("a file that somebody else sent was taken", r.StatusCode)
		}
		for k, x := range map[string]string{"key": "price-2027", "title_ja": "新価格表", "partners": "青葉商事", "download": "yes", "complete_share": "60%"} {
			form.Set(k, x)
		}
		if r, body = d.upload(newMaterial, form, "", ""); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/staff/materials/price-2027/edit?done=material" {
			t.Fatal(r.StatusCode, body)
		}
		h.hear(t)
		m, ok := h.lib.AnyMaterial("price-2027")
		if !ok || m.Version != 1 || m.Name() != "価格表.pdf" || m.Type != "application/pdf" || m.Size != int64(len(pdf)) || !m.Download || m.CompleteShare != 60 || m.Owner.Person != "s-sato" || m.Audience.Partners[0] != "p-aoba" {
			t.Fatalf("%+v", m)
		}
		said(t, h.As("aoba-01").In("direct-aoba-01").Say("資料").See(), "新価格表")
		unsaid(t, h.As("minami-01").In("direct-minami-01").Say("資料").See(), "新価格表")
		d.saves2("/staff/materials/price-2027/edit", "do", "material.expire")
		h.hear(t)
		unsaid(t, h.As("aoba-01").In("direct-aoba-01").Say("資料").See(), "新価格表")
		same(t, "acts", h.acts(t, "material."), "material.add material:price-2027 done", "material.expire material:price-2027 done")
	})
}

func globbed(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// saves2 is saves for a form that may come with a file.
func (d *desk) saves2(path string, changes ...string) string {
	d.t.Helper()
	r, body := d.upload(path, d.with(path, changes...), "", "")
	if r.StatusCode != http.StatusSeeOther {
		d.t.Fatalf("%s: %d\n%s", path, r.StatusCode, body)
	}
	return d.see(r.Header.Get("Location"))
}

func TestAMaterialGetsItsNextVersion(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		d := h.enter(t, "s-ito")
		if !strings.Contains(d.see("/staff/materials/guide"), guideEdit) {
			t.Error("the material's page does not lead to the form")
		}
		// Words alone are no new version, and the file stays where it is.
		d.saves2(guideEdit, "title_ja", "商談登録の手引き")
		h.hear(t)
		if m, _ := h.lib.AnyMaterial("guide"); m.Version != 2 || m.File != "guide.pdf" || m.Title["ja"] != "商談登録の手引き" || m.Title["en"] != "Deal registration guide" {
			t.Fatalf("%+v", m)
		}
		mine := d.with(guideEdit, "old_links", "-")
		publish := func(form url.Values, body string) (*http.Response, string) {
			return d.upload(guideEdit, form, "guide-3.pdf", body)
		}
		if r, body := publish(mine, pdf+"3"); r.StatusCode != http.StatusSeeOther || !strings.Contains(d.see(r.Header.Get("Location")), "新しい版を公開しました") {
			t.Fatal(r.StatusCode, body)
		}
		h.hear(t)
		m, _ := h.lib.AnyMaterial("guide")
		if m.Version != 3 || m.OldLinks != content.StaysOld || m.Name() != "guide-3.pdf" {
			t.Fatalf("%+v", m)
		}
		// The second version stood in a file; it is stored, so that its links can stay.
		var old content.Material
		h.within(t, func(tx *models.Tx) error {
			body, err := tx.MaterialVersion("guide", 2)
			if err != nil {
				return err
			}
			var faults []content.Problem
			if old, faults = content.DecodeMaterial([]byte(body)); len(faults) > 0 {
				t.Error(faults)
			}
			return nil
		})
		if f, err := h.lib.OpenFile(old); err != nil || old.SHA256 == m.SHA256 || old.Name() != "guide.pdf" {
			t.Errorf("%+v %v", old, err)
		} else {
			f.Close()
		}
		// Somebody else who had the form open does not put another file over it, even
		// where nothing else has changed.
		mine = d.with(guideEdit)
		if r, _ := publish(d.with(guideEdit), pdf+"4"); r.StatusCode != http.StatusSeeOther {
			t.Error(r.StatusCode)
		}
		if r, body := publish(mine, pdf+"5"); r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "ほかの方が同じものを変更しました") {
			t.Error(r.StatusCode)
		} else if again := standing(body); !again.Has("kept") {
			t.Error("the file has to be chosen again")
		}
		// The same bytes again are no new version; 「古いリンクも新しい版へ」 can be said later.
		if r, _ := publish(d.with(guideEdit, "old_links", "new", "owner", "s-sato"), pdf+"4"); r.StatusCode != http.StatusSeeOther {
			t.Error(r.StatusCode)
		}
		h.hear(t)
		if m, _ := h.lib.AnyMaterial("guide"); m.Version != 4 || m.OldLinks == content.StaysOld {
			t.Errorf("%+v", m)
		}
		h.within(t, func(tx *models.Tx) error {
			o, err := tx.OwnerNow(models.OwnedMaterial, "guide")
			if o.Owner != "s-sato" {
				t.Errorf("%+v", o)
			}
			return err
		})
		if form := d.with(guideEdit); form.Get("owner") != "s-sato" || form.Get("old_links") != "new" {
			t.Error(form)
		}
		same(t, "acts", h.acts(t, "material."), strings.Split(strings.Repeat("material.change material:guide done|", 4), "|")[:4]...)
	})
}
