package handlers

import (
	"strings"
	"time"

	"akari/bot"
	"akari/models"
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
	rows, err := t.tx.OldReaders(current, t.tx.Now().Add(-oldOpenedFor))
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
