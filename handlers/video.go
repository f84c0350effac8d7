package handlers

import (
	"errors"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"akari/bot"
	"akari/content"
	"akari/models"
	"akari/web"
)

// A video may play in the chat itself where the platform tells when it was watched
// to its end. Its address is signed for one link and dies with it; it carries no
// cookie and is never counted. What the platform tells is a source of its own.

// playsInChat tells whether a material may play in a chat: a chat lets it be saved
// and passed on, so only where its owner allows saving.
func playsInChat(m content.Material) bool {
	return m.Kind == content.Video && m.Download && fileType(m.Name()) == "video/mp4"
}

// videoOf is a material as a video that plays in a chat; nil = it must not, or cannot
// for want of a picture and a public https address. place is where in its link's
// list it stands.
func (h *Handlers) videoOf(m content.Material, place int, lang string) *bot.Video {
	if !playsInChat(m) || !h.secure() || !slices.Contains([]string{".png", ".jpg", ".jpeg"}, strings.ToLower(path.Ext(m.Image))) {
		return nil
	}
	f, err := h.Library.OpenImage(m)
	if err != nil {
		return nil
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil
	}
	v := &bot.Video{URL: openLink, Cover: *h.pictureOf(m, lang, h.Store.Now()), Tracking: strconv.Itoa(place + 1), Size: h.size(m), CoverOf: st.Size()}
	if v.Size == 0 {
		return nil
	}
	return v
}

// firstVideo is the first of a message's materials that plays in a chat; nil = none.
func (h *Handlers) firstVideo(keys []string, lang string) *bot.Video {
	for place, key := range keys {
		if m, ok := h.Library.AnyMaterial(key); ok {
			if v := h.videoOf(m, place, lang); v != nil {
				return v
			}
		}
	}
	return nil
}

// openVideo puts a link's address and tracking id into a video just before its
// bytes are made.
func (h *Handlers) openVideo(v bot.Video, link models.ID) *bot.Video {
	place := v.Tracking
	v.Tracking = link.String() + "." + place
	v.URL = h.PublicURL + "/m/" + h.token(tokenVideo, link) + "/" + place + ".mp4"
	return &v
}

// tracked reads a tracking id of ours.
func tracked(id string) (link models.ID, place int, ok bool) {
	text, at, _ := strings.Cut(id, ".")
	link, err := models.ParseID(text)
	place, bad := strconv.Atoi(at)
	return link, place - 1, err == nil && bad == nil && place > 0
}

// chatVideo serves a link's video to the chat that plays it. Whatever is wrong looks
// the same.
func (h *Handlers) chatVideo(w http.ResponseWriter, r *http.Request, link models.ID) {
	s := shown{}
	err := h.Store.View(r.Context(), func(tx *models.Tx) (err error) {
		if s.link, err = tx.LinkOf(link); err != nil {
			return err
		}
		s.all, err = tx.MaterialsOf(s.link)
		return err
	})
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		h.message(w, r, http.StatusServiceUnavailable, "page.later")
		return
	}
	place, bad := strconv.Atoi(strings.TrimSuffix(r.PathValue("name"), ".mp4"))
	s.place = place - 1
	if err != nil || bad != nil || !s.link.Live(h.Store.Now()) || s.place < 0 || s.place >= len(s.all) {
		h.message(w, r, http.StatusNotFound, "page.missing")
		return
	}
	s.m, s.state = h.material(r, s.link, s.all[s.place].MaterialKey)
	h.stayOld(r.Context(), &s)
	if s.state != content.Served || !playsInChat(s.m) {
		h.message(w, r, http.StatusNotFound, "page.missing")
		return
	}
	f, err := h.Library.OpenFile(s.m)
	if err != nil {
		h.Log.Error("a material's file cannot be read", "material", s.m.Key, "error", err)
		h.message(w, r, http.StatusServiceUnavailable, "page.later")
		return
	}
	defer f.Close()
	web.Secure(w) // no-store: what is revoked is gone at the next request
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	w.Header().Set("Content-Type", "video/mp4")
	serve(w, r, s.m.Name(), f)
}
