package handlers

import (
	"context"
	"math"
	"net/http"
	"strings"
	"time"

	"akari/bot"
	"akari/content"
	"akari/models"
	"akari/web"
)

// oldOpenedFor is how far back an opening counts as "still opens the old one".
const oldOpenedFor = 30 * 24 * time.Hour

// oldRowsMost keeps the list readable in a chat.
const oldRowsMost = 30

// listOldVersions shows staff which partners still hold and open links to older
// versions of a material: numbers, no persons.
func (t *Turn) listOldVersions() error {
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Commanded, "word", "versions"
	if !t.In.At.Direct && t.Room.Kind != models.RoomStaff {
		t.Refuse("gap.not_here") // partners read along
		return nil
	}
	current, titles := map[string]int{}, map[string]string{}
	for _, m := range t.h.Library.AllMaterials() {
		current[m.Key], titles[m.Key] = m.Version, m.Title.In(t.Lang)
	}
	rows, err := t.tx.OldReaders(current, t.tx.Now().Add(-oldOpenedFor), math.MaxInt32, 0)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		t.aside(bot.Message{Text: t.Say("versions.none")})
		return nil
	}
	lines, last := []string{t.Say("versions.list", "days", int(oldOpenedFor.Hours()/24))}, ""
	for i, r := range rows {
		if i == oldRowsMost {
			lines = append(lines, t.Say("versions.more", "count", len(rows)-i))
			break
		}
		if r.MaterialKey != last {
			last = r.MaterialKey
			lines = append(lines, t.Say("versions.material", "title", titles[r.MaterialKey], "version", current[r.MaterialKey]))
		}
		lines = append(lines, t.Say("versions.row", "partner", r.Partner, "version", r.MaterialVersion, "holders", r.Holders, "openers", r.Openers))
	}
	t.aside(bot.Message{Text: strings.Join(lines, "\n")})
	return nil
}

// stayOld lets a link whose material's owner wants it so go on showing the version
// that it was handed out for, as long as the material itself may be had: its newest
// version decides about audience and validity. Where the old bytes were never
// stored (a file in content.dir exists once), the newest is shown, with a note.
func (h *Handlers) stayOld(ctx context.Context, s *shown) {
	handed := s.all[s.place].MaterialVersion
	if s.state != content.Served || s.m.OldLinks != content.StaysOld || handed >= s.m.Version {
		return
	}
	var body string
	err := h.Store.View(ctx, func(tx *models.Tx) (err error) {
		body, err = tx.MaterialVersion(s.m.Key, handed)
		return err
	})
	if err != nil {
		if ignoreMissing(err) != nil {
			h.Log.Error("an older version cannot be read; the newest is shown", "material", s.m.Key, "error", err)
		}
		return
	}
	old, faults := content.DecodeMaterial([]byte(body))
	if len(faults) > 0 || old.SHA256 == "" {
		return
	}
	f, err := h.Library.OpenFile(old)
	if err != nil {
		h.Log.Warn("an older version's file is gone; the newest is shown", "material", s.m.Key, "version", handed, "error", err)
		return
	}
	f.Close()
	s.m = old
}

// expired refuses a material that is past its last day, and says whom to ask.
func (h *Handlers) expired(w http.ResponseWriter, r *http.Request, s shown) {
	lang := h.linkLang(r, s.link)
	owner := h.Vendor.Desk
	err := h.Store.View(r.Context(), func(tx *models.Tx) error {
		owner = h.newTurn(tx, bot.Inbound{}).ownerOf(models.OwnedMaterial, s.m.Key, s.m.Owner)
		return nil
	})
	if err != nil {
		h.Log.Warn("the owner of a material cannot be read", "material", s.m.Key, "error", err)
	}
	h.render(w, http.StatusGone, "message.html", web.MessagePage{Frame: web.Frame{Lang: lang, Title: h.Library.Say(lang, "page.expired.title"), Vendor: h.Vendor.Desk}, Tone: "gone",
		Text: h.Library.Say(lang, "material.expired", "title", s.m.Title.In(lang), "owner", owner)})
}
