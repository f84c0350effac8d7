package web_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"akari/web"
)

func TestTheRendererIsServedWithRightTypes(t *testing.T) {
	for name, kind := range map[string]string{
		"pdfjs/pdf.min.mjs": "text/javascript; charset=utf-8", "pdfjs/pdf.worker.min.mjs": "text/javascript; charset=utf-8",
		"pdfjs/cmaps/UniJIS-UTF16-H.bcmap": "application/octet-stream", "pdfjs/standard_fonts/LiberationSans-Regular.ttf": "font/ttf",
		"pdfjs/wasm/openjpeg_nowasm_fallback.js": "text/javascript; charset=utf-8",
		"uplot/uPlot.iife.min.js":                "text/javascript; charset=utf-8", "uplot/uPlot.min.css": "text/css; charset=utf-8",
	} {
		w := get(web.URL(name))
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != kind || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
	}
}

func TestStaticFilesAreCompressedForWhoTakesIt(t *testing.T) {
	plain, small := get(web.URL("pdfjs/pdf.worker.min.mjs")), get(web.URL("pdfjs/pdf.worker.min.mjs"), "Accept-Encoding", "gzip, br")
	if plain.Header().Get("Content-Encoding") != "" || small.Header().Get("Content-Encoding") != "gzip" || small.Header().Get("Vary") != "Accept-Encoding" {
		t.Fatalf("plain %v, compressed %v", plain.Header(), small.Header())
	}
	if small.Body.Len() > plain.Body.Len()/3 {
		t.Errorf("%d bytes of %d", small.Body.Len(), plain.Body.Len())
	}
	if plain.Header().Get("ETag") == small.Header().Get("ETag") {
		t.Error("both forms have one ETag")
	}
	z, err := gzip.NewReader(small.Body)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(z)
	if err != nil || !bytes.Equal(body, plain.Body.Bytes()) {
		t.Errorf("unpacked it is another file: %v", err)
	}
}

func TestEveryKindOfViewerPageKeepsTextText(t *testing.T) {
	for _, kind := range []string{"pdf", "video", "image", "office", "tool", "list"} {
		page := samples()["viewer.html"].(web.ViewerPage)
		page.Kind, page.Tool, page.Go = kind, web.Link{Label: hostile, URL: "https://tools.example.com/"}, "/v/t/go"
		page.Privacy.URL = "/privacy"
		page.Words = map[string]string{}
		for _, name := range web.ViewerWords {
			page.Words[name] = hostile
		}
		page.Track = web.Track{Seen: "/v/t/seen", Proof: hostile, At: 1, After: 2000, Idle: 60000}
		page.Captions = web.Captions{URL: "/v/t/captions", Lang: "ja", Label: hostile}
		var b bytes.Buffer
		if err := web.Render(&b, "viewer.html", page); err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		html := b.String()
		for _, tag := range inlineScript.FindAllString(html, -1) {
			if !strings.Contains(tag, `src="/static/`) {
				t.Errorf("%s has a script of its own: %s", kind, tag)
			}
		}
		if found := inlineStyle.FindString(html) + otherHost.FindString(strings.Replace(html, `href="https://tools.example.com/"`, "", 1)); found != "" || strings.Contains(html, "<script>alert") || strings.Contains(html, `="javascript:`) {
			t.Errorf("%s lets something through: %q", kind, found)
		}
		if strings.Contains(html, "ZgotmplZ") {
			t.Errorf("%s has an attribute that the template engine refused", kind)
		}
	}
}
