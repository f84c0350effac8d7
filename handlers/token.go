package handlers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"akari/models"
)

// What a token opens; a token for one thing never opens another.
const (
	tokenLink  = "link"
	tokenForm  = "form"
	tokenVisit = "visit"
	tokenStaff = "staff"
	tokenVideo = "video" // a link's video, as a chat plays it
)

// macSize is how much of the HMAC a token carries: 128 bits, of which a guess
// hits one in 3·10³⁸ (OWASP ASVS 5 asks for at least 128 bits).
const macSize = 16

// token is the address of a row that only its holder can name: the row's id and
// an HMAC of it, so that no database dump opens anything.
func (h *Handlers) token(what string, id models.ID) string {
	return base64.RawURLEncoding.EncodeToString(append(id[:], mac(h.Secrets[0], what, id)...))
}

// open reads a token. Every wrong token looks the same.
func (h *Handlers) open(what, token string) (models.ID, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) != len(models.ID{})+macSize {
		return models.ID{}, false
	}
	id := models.ID(b[:16])
	for _, secret := range h.Secrets {
		if hmac.Equal(b[16:], mac(secret, what, id)) {
			return id, true
		}
	}
	return models.ID{}, false
}

func mac(secret []byte, what string, id models.ID) []byte {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(what))
	m.Write([]byte{0})
	m.Write(id[:])
	return m.Sum(nil)[:macSize]
}
