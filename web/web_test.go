package web_test

import (
	"bytes"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"akari/web"
)

func get(target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	web.Static().ServeHTTP(w, r)
	return w
}

func TestStaticFilesAreKeptOnlyUnderTheirHash(t *testing.T) {
	names := 0
	err := fs.WalkDir(web.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		names++
		w := get(web.URL(name))
		if w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || w.Body.Len() == 0 {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
		for _, other := range []string{"/static/" + name, "/static/" + name + "?v=0000000000000000"} {
			if w := get(other); w.Header().Get("Cache-Control") != "no-cache" {
				t.Errorf("%s may be kept: %s", other, w.Header().Get("Cache-Control"))
			}
		}
		if again := get("/static/"+name, "If-None-Match", w.Header().Get("ETag")); again.Code != http.StatusNotModified {
			t.Errorf("%s asked again: %d", name, again.Code)
		}
		kind := w.Header().Get("Content-Type")
		if strings.HasSuffix(name, ".js") && kind != "text/javascript; charset=utf-8" || strings.HasSuffix(name, ".css") && kind != "text/css; charset=utf-8" {
			t.Errorf("%s is served as %s", name, kind)
		}
		return nil
	})
	if err != nil || names < 5 {
		t.Fatalf("%d files, %v", names, err)
	}
}

func TestStaticServesNothingElse(t *testing.T) {
	for _, target := range []string{"/static/", "/static/nothing.js", "/static/../web.go", "/static/%2e%2e/templates/play.html", "/akari.css", "/static//akari.css"} {
		if w := get(target); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", target, w.Code)
		}
	}
	w := httptest.NewRecorder()
	web.Static().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/static/akari.css", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("a POST: %d", w.Code)
	}
}

// hostile is text that must come out as text everywhere.
const hostile = `</script><script>alert(1)</script>" onload="x`

var frame = web.Frame{Lang: "ja", Title: "題 " + hostile, Vendor: "△△社 " + hostile, Note: hostile, Langs: []web.LangLink{{Lang: "en", Label: "English", URL: "?lang=en"}}}

// samples has every page with everything on it.
func samples() map[string]any {
	return map[string]any{
		"play.html":    web.NewPlayPage(frame, "Akari", func(key string) string { return key + hostile }),
		"opening.html": web.OpeningPage{Frame: frame, Action: "/v/t/open", Nonce: hostile, Open: "開く", Slow: hostile},
		"viewer.html": web.ViewerPage{
			Frame: frame, Text: hostile, Meta: hostile, Notice: hostile, Picture: "/m/x.png", Alt: hostile,
			View: web.Link{Label: "見る", URL: "/v/t/file"}, Download: web.Link{Label: "保存", URL: "/v/t/file?save=1"},
			Recorded: hostile, Privacy: web.Link{Label: "詳しく", URL: "javascript:alert(1)"},
			Items:   []web.ViewerItem{{Title: hostile, Text: hostile, View: web.Link{Label: "開く", URL: "/v/t/2"}}},
			Ask:     &web.Ask{Question: hostile, Answers: []web.Action{{Label: hostile, Post: "/v/t/who", Nonce: "n", Name: "who", Value: hostile}}},
			Actions: []web.Action{{Label: "内容を確認しました", Post: "/v/t/ack", Nonce: "n", Name: "a", Value: hostile, Primary: true}, {Label: "商談で使った", Done: true, Hint: hostile}},
		},
		"form.html": web.FormPage{
			Frame: frame, Text: hostile, Action: "/f/t", Hidden: []web.Pair{{Name: "nonce", Value: hostile}}, Trouble: "入力を確認してください",
			Required: "必須", Choose: "選んでください", Submit: "送信", Cancel: "やめる", CancelURL: "/x",
			Fields: []web.FormField{
				{Name: "line", Label: "一行", Kind: "line", Value: hostile, Max: 10, Required: true, Error: hostile, Hint: hostile},
				{Name: "lines", Label: "複数行", Kind: "lines", Value: "\n" + hostile},
				{Name: "choice", Label: "一つ", Kind: "choice", Options: []web.FormOption{{Label: hostile, Value: hostile, Selected: true}}},
				{Name: "choices", Label: "いくつでも", Kind: "choices", Options: []web.FormOption{{Label: "あ", Value: "a", Selected: true}, {Label: "い", Value: "b"}}, Error: "選んでください"},
				{Name: "date", Label: "日付", Kind: "date", Value: "2026-12-01"},
			},
		},
		"staff.html": web.StaffPage{Frame: frame, NavName: hostile, Skip: hostile, User: hostile, Logout: web.Action{Label: hostile, Post: "/staff/leave"}, Back: web.Link{Label: hostile, URL: "/staff"}, Intro: hostile,
			Nav: []web.NavItem{{Label: hostile, URL: "/staff", Current: true}},
			Blocks: []web.StaffBlock{{
				Title: hostile, Note: hostile, Links: []web.Link{{Label: hostile, URL: "javascript:alert(1)"}}, Tiles: []web.Tile{{Label: hostile, Value: hostile, URL: "javascript:alert(1)", Note: hostile}},
				Facts: []web.Fact{{Label: hostile, Value: web.Cell{Text: hostile, Sub: hostile, URL: "javascript:alert(1)"}, Note: hostile}}, Empty: hostile,
				Filter:  &web.StaffFilter{Action: "/staff", Fields: []web.FormField{{Name: "q", Label: hostile, Kind: "line", Value: hostile}, {Name: "d", Label: hostile, Kind: "choice", Options: []web.FormOption{{Label: hostile, Value: hostile}}}}, Submit: hostile},
				Chart:   &web.StaffChart{Kind: web.ChartLines, Label: hostile, Hint: hostile, AsTable: hostile},
				Table:   &web.StaffTable{Caption: hostile, Columns: []web.Column{{Label: hostile}, {Label: hostile, Num: true}}, Rows: [][]web.Cell{{{Text: hostile, URL: "javascript:alert(1)"}, {Text: hostile, Sub: hostile}}}},
				Form:    &web.StaffForm{Action: "/staff", Trouble: hostile, Fields: []web.FormField{{Name: "t", Label: hostile, Kind: "lines", Value: hostile, Error: hostile}}, Buttons: []web.FormButton{{Label: hostile, Value: hostile}}},
				Parts:   []web.StaffPart{{Head: hostile, Text: hostile, Buttons: []string{hostile}}},
				Actions: []web.Action{{Label: hostile, Post: "/staff", Name: "n", Value: hostile, Hint: hostile}}, Pager: web.Pager{Name: hostile, Next: web.Link{Label: hostile, URL: "javascript:alert(1)"}},
			}},
		},
		"message.html": web.MessagePage{Frame: frame, Tone: "gone", Text: hostile, Links: []web.Link{{Label: hostile, URL: "javascript:alert(1)"}}},
	}
}

var (
	inlineScript = regexp.MustCompile(`<script(?:\s[^>]*)?>`)
	inlineStyle  = regexp.MustCompile(`<style|\sstyle=|\son[a-z]+="`)
	otherHost    = regexp.MustCompile(`(?:src|href|action)="(?:https?:)?//`)
)

func TestPagesHoldThePolicyAndTextStaysText(t *testing.T) {
	for name, data := range samples() {
		w := httptest.NewRecorder()
		if err := web.Serve(w, http.StatusOK, name, data); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		html := w.Body.String()
		policy := web.Policy
		if name == "viewer.html" {
			policy = web.ViewerPolicy
		}
		if w.Header().Get("Content-Security-Policy") != policy || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s has the headers %v", name, w.Header())
		}
		for _, tag := range inlineScript.FindAllString(html, -1) {
			if !strings.Contains(tag, `src="/static/`) && !strings.Contains(tag, `type="application/json"`) {
				t.Errorf("%s has a script of its own: %s", name, tag)
			}
		}
		if found := inlineStyle.FindString(html); found != "" {
			t.Errorf("%s has %q", name, found)
		}
		if found := otherHost.FindString(html); found != "" {
			t.Errorf("%s speaks to another host: %q", name, found)
		}
		if strings.Contains(html, "<script>alert") || strings.Contains(html, "javascript:alert") {
			t.Errorf("%s lets markup through", name)
		}
		if !strings.Contains(html, `<html lang="ja">`) || !strings.Contains(html, "noindex") || !strings.Contains(html, `name="viewport"`) {
			t.Errorf("%s has no proper head", name)
		}
	}
}

func TestTheOpeningPageSaysNothingAndOpensByPostOnly(t *testing.T) {
	var b bytes.Buffer
	err := web.Render(&b, "opening.html", web.OpeningPage{Frame: web.Frame{Lang: "ja", Title: "資料を開いています…"}, Action: "/v/abc/open", Nonce: "n", Open: "開く", Slow: "開かないときは"})
	if err != nil {
		t.Fatal(err)
	}
	html := b.String()
	for _, must := range []string{"<title>資料を開いています…</title>", `<form method="post" action="/v/abc/open"`, `name="nonce" value="n"`, "<noscript><button"} {
		if !strings.Contains(html, must) {
			t.Errorf("it lacks %s", must)
		}
	}
	for _, mustNot := range []string{"og:", "<h1", "vendor", `name="description"`, `href="/v/`} {
		if strings.Contains(html, mustNot) {
			t.Errorf("it has %s", mustNot)
		}
	}
}

func TestAFormKeepsWhatWasTypedAndNamesItsErrors(t *testing.T) {
	var b bytes.Buffer
	if err := web.Render(&b, "form.html", samples()["form.html"]); err != nil {
		t.Fatal(err)
	}
	html := b.String()
	for _, must := range []string{
		`role="alert"`, `href="#f-line"`, `<label for="f-line">`, `aria-invalid="true"`, `aria-describedby="f-line-e f-line-h"`, `maxlength="10"`, " required",
		`value="a" checked`, ` selected>`, `type="date" name="date" value="2026-12-01"`, "<legend>いくつでも", `href="/x"`,
		"rows=\"5\">\n\n&lt;/script", // the first line break belongs to the markup, the second to what was typed
	} {
		if !strings.Contains(html, must) {
			t.Errorf("it lacks %s", must)
		}
	}
	b.Reset()
	if err := web.Render(&b, "form.html", web.FormPage{Frame: frame, Trouble: "X", Fields: []web.FormField{{Name: "a", Kind: "line"}}, Cancel: "やめる"}); err != nil {
		t.Fatal(err)
	}
	if html := b.String(); strings.Contains(html, "role=\"alert\"") || strings.Contains(html, "やめる") || strings.Contains(html, "aria-invalid") {
		t.Errorf("a form without errors shows %s", html)
	}
}

func TestAPageThatCannotBeRenderedWritesNothing(t *testing.T) {
	for name, data := range map[string]any{"nothing.html": nil, "form.html": web.MessagePage{}} {
		w := httptest.NewRecorder()
		if err := web.Serve(w, http.StatusOK, name, data); err == nil || w.Body.Len() > 0 || len(w.Header()) > 0 {
			t.Errorf("%s: %v %q", name, err, w.Body)
		}
	}
}
