package models

import (
	"errors"
	"time"
)

// The kinds of overlay.
const (
	OverlayFAQ      = "faq"
	OverlayMaterial = "material"
)

// Overlay is an entry or a material that staff, a seed or an import added or
// changed; it stands in place of the file's one with the same key.
type Overlay struct {
	Kind      string
	Key       string
	Body      string // JSON of the same shape as the file
	Source    string // seed, import, staff
	UpdatedBy ID
	UpdatedAt time.Time
}

// PutOverlays writes overlays and, if anything changed, moves the content
// version on. It answers how many changed.
func (t *Tx) PutOverlays(os ...Overlay) (int, error) {
	changed := 0
	for _, o := range os {
		old, err := first[struct {
			Body    string
			Removed bool
		}](t.db, "SELECT body, removed FROM overlays WHERE kind = ? AND `key` = ?", o.Kind, o.Key)
		switch {
		case err == nil && old.Body == o.Body && !old.Removed:
			continue
		case err == nil:
			if o.Kind == OverlayMaterial {
				if err := t.keepVersion(o.Key, old.Body, o.Body); err != nil {
					return changed, err
				}
			}
			err = t.db.Exec("UPDATE overlays SET body = ?, removed = 0, source = ?, updated_by = ?, updated_at = ? WHERE kind = ? AND `key` = ?", o.Body, o.Source, o.UpdatedBy, t.now, o.Kind, o.Key).Error
		case errors.Is(err, ErrNotFound):
			err = t.db.Exec("INSERT INTO overlays (kind,`key`,body,removed,source,updated_by,updated_at) VALUES (?,?,?,0,?,?,?)", o.Kind, o.Key, o.Body, o.Source, o.UpdatedBy, t.now).Error
		}
		if err != nil {
			return changed, err
		}
		changed++
	}
	if changed > 0 {
		return changed, t.bump("content")
	}
	return 0, nil
}

// overlaysInForce are those that were not dropped.
const overlaysInForce = "SELECT kind,`key`,body,source,updated_by,updated_at FROM overlays WHERE removed = 0"

// Overlays answers every overlay in force.
func (t *Tx) Overlays() ([]Overlay, error) {
	return all[Overlay](t.db, overlaysInForce+" ORDER BY kind, `key`")
}

// OverlayOf answers an overlay. ErrNotFound: what the file says is in force.
func (t *Tx) OverlayOf(kind, key string) (Overlay, error) {
	return first[Overlay](t.db, overlaysInForce+" AND kind = ? AND `key` = ?", kind, key)
}

// DropOverlay puts what the file says back in force, and moves the content version on.
func (t *Tx) DropOverlay(kind, key string, by ID) error {
	if err := t.db.Exec("UPDATE overlays SET removed = 1, source = 'staff', updated_by = ?, updated_at = ? WHERE kind = ? AND `key` = ?", by, t.now, kind, key).Error; err != nil {
		return err
	}
	return t.bump("content")
}

// ContentVersion moves on whenever an overlay changes or the first partner is
// seeded: every process looks at it every few seconds.
func (t *Tx) ContentVersion() (int64, error) {
	return first[int64](t.db, "SELECT value FROM versions WHERE name = 'content'")
}

func (t *Tx) bump(name string) error {
	return t.db.Exec("UPDATE versions SET value = value + 1 WHERE name = ?", name).Error
}
