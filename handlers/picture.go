package handlers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"akari/bot"
	"akari/content"
	"akari/web"
)

// pictureName is a card's picture as its address names it: by material and
// version, so that a new version has a new address and old ones may be cached.
func pictureName(m content.Material) string { return m.Key + path.Ext(pictureFile(m)) }

// pictureFile is the name of a material's picture: its cover, or itself when it
// is a picture; "" = it has none.
func pictureFile(m content.Material) string {
	if m.Image == "" && m.Kind == content.Image {
		return m.Name()
	}
	return m.Image
}

// pictureLife is how long a picture's address works at least: chats are scrolled
// back. Addresses end with a quarter, so that they stay the same, and cached,
// for weeks.
const pictureLife = 90 * 24 * time.Hour

// cover is a material's picture at an address of ours that chat platforms can
// fetch. It carries no cookie, is never counted, and shows only what a card
// shows.
func (t *Turn) cover(m content.Material) *bot.Image {
	if m.Image == "" {
		return nil
	}
	return t.h.pictureOf(m, t.Lang, t.tx.Now())
}

// pictureOf is a material's picture at an address that chat platforms can fetch.
func (h *Handlers) pictureOf(m content.Material, lang string, now time.Time) *bot.Image {
	name := pictureName(m)
	until := now.Truncate(pictureLife).Add(2*pictureLife).Unix() / 86400
	return &bot.Image{URL: h.PublicURL + "/m/" + sign(h.Secrets[0], name, until) + "/" + url.PathEscape(name), Alt: m.Title.In(lang)}
}

// sign is what lets a name be served until a day (since 1970).
func sign(secret []byte, name string, until int64) string {
	day := strconv.FormatInt(until, 36)
	m := hmac.New(sha256.New, secret)
	m.Write([]byte("picture\x00" + day + "\x00" + name))
	return day + "-" + base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:macSize])
}

// signed tells whether a name may be served now.
func (h *Handlers) signed(signature, name string) bool {
	day, _, _ := strings.Cut(signature, "-")
	until, err := strconv.ParseInt(day, 36, 32)
	if err != nil || h.Store.Now().Unix()/86400 > until {
		return false
	}
	for _, s := range h.Secrets {
		if hmac.Equal([]byte(signature), []byte(sign(s, name, until))) {
			return true
		}
	}
	return false
}

// picture serves what a signed address names.
func (h *Handlers) picture(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if link, ok := h.open(tokenVideo, r.PathValue("signed")); ok {
		h.chatVideo(w, r, link)
		return
	}
	ok := h.signed(r.PathValue("signed"), name)
	if c, chart := parseTrend(name); ok && chart {
		h.serveChart(w, r, c)
		return
	}
	m, found := h.Library.AnyMaterial(name[:len(name)-len(path.Ext(name))])
	file := pictureFile(m)
	if !ok || !found || file == "" {
		h.message(w, r, http.StatusNotFound, "page.missing")
		return
	}
	open := h.Library.OpenImage
	if m.Image == "" {
		open = h.Library.OpenFile
	}
	f, err := open(m)
	if err != nil {
		h.message(w, r, http.StatusNotFound, "page.missing")
		return
	}
	defer f.Close()
	web.Secure(w)
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	w.Header().Set("Content-Type", fileType(file))
	serve(w, r, file, f)
}
