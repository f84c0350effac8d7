package handlers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"strconv"
	"strings"
	"time"

	"akari/models"
)

// nonceLife is how long an opening page may stand before it is opened.
const nonceLife = 12 * time.Hour

// crossSite tells whether a browser says that another site made it ask.
func crossSite(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return site == "cross-site" || site == "same-site"
}

// nonce is the opening page's proof that it was drawn by us, for this link, and
// when.
func (h *Handlers) nonce(link models.ID, at time.Time) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(at.Unix()))
	return base64.RawURLEncoding.EncodeToString(append(b[:], linkMAC(h.Secrets[0], "nonce", link, b[:])...))
}

func (h *Handlers) validNonce(link models.ID, nonce string, now time.Time) bool {
	b, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(b) != 8+macSize {
		return false
	}
	at := time.Unix(int64(binary.BigEndian.Uint64(b[:8])), 0)
	if now.Sub(at) > nonceLife || at.Sub(now) > time.Minute {
		return false
	}
	return h.verified(b[8:], "nonce", link, b[:8])
}

// linkMAC binds something to one link and one use.
func linkMAC(secret []byte, use string, link models.ID, what []byte) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(use))
	m.Write([]byte{0})
	m.Write(link[:])
	m.Write(what)
	return m.Sum(nil)[:macSize]
}

func (h *Handlers) verified(sum []byte, use string, link models.ID, what []byte) bool {
	ok := false
	for _, s := range h.Secrets {
		ok = hmac.Equal(sum, linkMAC(s, use, link, what)) || ok
	}
	return ok
}

// cookieName is the name of a visit's cookie; its path makes it one link's own.
func (h *Handlers) cookieName() string {
	if h.secure() {
		return "__Secure-visit"
	}
	return "visit"
}

func (h *Handlers) secure() bool { return strings.HasPrefix(h.PublicURL, "https:") }

// giveVisit sets the cookie that opens this link's bytes in this browser until
// it is closed. Lax, because a link pressed in a web chat is a step from another
// site and still the same visit; nothing is written on a GET.
func (h *Handlers) giveVisit(w http.ResponseWriter, r *http.Request, l models.Link, visit models.ID) {
	sum := linkMAC(h.Secrets[0], "cookie", l.ID, visit[:])
	http.SetCookie(w, &http.Cookie{Name: h.cookieName(), Value: visit.String() + "." + base64.RawURLEncoding.EncodeToString(sum), Path: "/v/" + r.PathValue("token"),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: h.secure()})
}

// visitOf reads the visit's cookie.
func (h *Handlers) visitOf(r *http.Request, l models.Link) (models.ID, bool) {
	c, err := r.Cookie(h.cookieName())
	if err != nil {
		return models.ID{}, false
	}
	text, sum, _ := strings.Cut(c.Value, ".")
	visit, err := models.ParseID(text)
	mac, bad := base64.RawURLEncoding.DecodeString(sum)
	if err != nil || bad != nil || !h.verified(mac, "cookie", l.ID, visit[:]) {
		return models.ID{}, false
	}
	return visit, true
}

// proof lets a page report for one visit and one material of its link, and for
// nothing else: it is in the page, where the cookie is not, so that it also works
// after the cookie is gone. Its form is visit.material.version.mac, where
// material is the place in the link's list.
func (h *Handlers) proof(l models.Link, visit models.ID, place, version int) string {
	what := visit.String() + "." + strconv.Itoa(place) + "." + strconv.Itoa(version)
	return what + "." + base64.RawURLEncoding.EncodeToString(linkMAC(h.Secrets[0], "seen", l.ID, []byte(what)))
}

// proved reads a proof.
func (h *Handlers) proved(l models.Link, proof string) (visit models.ID, place, version int, ok bool) {
	cut := strings.LastIndexByte(proof, '.')
	if cut < 0 || len(proof) > 120 {
		return visit, 0, 0, false
	}
	mac, err := base64.RawURLEncoding.DecodeString(proof[cut+1:])
	if err != nil || !h.verified(mac, "seen", l.ID, []byte(proof[:cut])) {
		return visit, 0, 0, false
	}
	parts := strings.Split(proof[:cut], ".")
	if len(parts) != 3 {
		return visit, 0, 0, false
	}
	visit, err = models.ParseID(parts[0])
	place, err1 := strconv.Atoi(parts[1])
	version, err2 := strconv.Atoi(parts[2])
	return visit, place, version, err == nil && err1 == nil && err2 == nil
}
