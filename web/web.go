// Package web is the pages, css and js; embedded, no logic.
//
// Every sentence on a page comes in its data, ready-made and in the reader's
// language; the templates only place it. Pages need nothing from any other host
// and have no script or style of their own, so the policy in Policy holds.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

// embedded holds the static files as they lie in the repository.
//
//go:embed static
var embedded embed.FS

// vendored holds what draws PDFs and charts; see vendor/README.md.
//
//go:embed vendor/pdfjs vendor/uplot
var vendored embed.FS

//go:embed templates
var templates embed.FS

// FS are the static files, by the names that URL takes.
var FS = sub(embedded, "static")

func sub(f fs.FS, dir string) fs.FS {
	s, err := fs.Sub(f, dir)
	if err != nil { // the directory is embedded: only a renamed one can fail
		panic(err)
	}
	return s
}

// Policy is the Content-Security-Policy of every page.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// files are all that Static serves: FS, and below pdfjs/ and uplot/ what is not ours.
var files = map[string]fs.FS{"": FS, "pdfjs/": sub(vendored, "vendor/pdfjs"), "uplot/": sub(vendored, "vendor/uplot")}

func readFile(name string) ([]byte, error) {
	for below, from := range files {
		if rest, ok := strings.CutPrefix(name, below); ok && below != "" {
			return fs.ReadFile(from, rest)
		}
	}
	return fs.ReadFile(FS, name)
}

// hashes are the first 8 bytes of each static file's SHA-256, in hex, by name.
var hashes = sums()

func sums() map[string]string {
	out := map[string]string{}
	for below, from := range files {
		err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			body, err := fs.ReadFile(from, name)
			if err != nil {
				return err
			}
			sum := sha256.Sum256(body)
			out[below+name] = hex.EncodeToString(sum[:8])
			return nil
		})
		if err != nil { // embedded files can always be read
			panic(err)
		}
	}
	return out
}

// URL is the address of a static file, which changes with its bytes. A name that
// does not exist is a fault in a template and panics.
func URL(name string) string {
	sum, ok := hashes[name]
	if !ok {
		panic("web: there is no static file " + name)
	}
	return "/static/" + name + "?v=" + sum
}

// Static serves FS below /static/. A file asked for with the hash it has may be
// kept for a year; any other way of asking must ask again.
func Static() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		name, under := strings.CutPrefix(r.URL.Path, "/static/")
		sum, ok := hashes[name]
		if !under || !ok {
			http.NotFound(w, r)
			return
		}
		body, err := readFile(name)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			if small := zipped(name, body); small != nil {
				h.Set("Content-Encoding", "gzip")
				body, sum = small, sum+"-gzip"
			}
		}
		h.Set("Content-Type", contentType(name))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("ETag", `"`+sum+`"`)
		h.Set("Cache-Control", "no-cache")
		if r.URL.Query().Get("v") == hashes[name] {
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
	})
}

// contentType does not depend on the machine's own tables, in which .js may be
// text/plain.
func contentType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".bcmap", ".pfb":
		return "application/octet-stream"
	case ".ttf":
		return "font/ttf"
	default:
		if t := mime.TypeByExtension(ext); t != "" {
			return t
		}
		return "application/octet-stream"
	}
}

// pages are the templates, each with the frame around it.
var pages = parse("play.html", "viewer.html", "opening.html", "form.html", "message.html", "staff.html")

func parse(names ...string) map[string]*template.Template {
	out := map[string]*template.Template{}
	for _, name := range names {
		t := template.New("frame.html").Funcs(template.FuncMap{"static": URL, "pair": pair})
		out[name] = template.Must(t.ParseFS(templates, "templates/frame.html", "templates/"+name))
	}
	return out
}

// fieldData is what the template of one field needs.
type fieldData struct {
	Field            FormField
	Choose, Required string
}

func pair(f FormField, choose, required string) fieldData { return fieldData{f, choose, required} }

// Render writes a page. Data is the page's own struct: PlayPage for play.html,
// ViewerPage for viewer.html, OpeningPage for opening.html, FormPage for
// form.html, MessagePage for message.html, StaffPage for staff.html.
func Render(w io.Writer, page string, data any) error {
	t, ok := pages[page]
	if !ok {
		return fmt.Errorf("web: there is no page %q", page)
	}
	if err := t.Execute(w, data); err != nil {
		return fmt.Errorf("while rendering the page %s: %w", page, err)
	}
	return nil
}

// Serve answers a request with a page and the headers that all our pages have:
// the policy, no keeping, no telling others where the reader came from, and no
// place in a search engine. Nothing is written before the page is whole, so on
// an error the caller can still answer otherwise.
func Serve(w http.ResponseWriter, status int, page string, data any) error {
	var b bytes.Buffer
	if err := Render(&b, page, data); err != nil {
		return err
	}
	Secure(w)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policyOf(page))
	w.WriteHeader(status)
	_, err := w.Write(b.Bytes())
	return err
}

func policyOf(page string) string {
	if page == "viewer.html" {
		return ViewerPolicy
	}
	return Policy
}

// Secure sets the headers that everything of ours has, pages or not (OWASP ASVS
// 5, chapters 3 and 4).
func Secure(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
}
