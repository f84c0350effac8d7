package models

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// keepVersion keeps a material's row that a newer version replaces, if its bytes
// are stored: links that stay with the version they were given are served from it.
func (t *Tx) keepVersion(key, old, now string) error {
	type body struct {
		Version int    `json:"version"`
		SHA256  string `json:"sha256"`
	}
	var was, is body
	if json.Unmarshal([]byte(old), &was) != nil || json.Unmarshal([]byte(now), &is) != nil {
		return nil //nolint:nilerr // a broken row was never served
	}
	was.Version, is.Version = max(was.Version, 1), max(is.Version, 1)
	if was.SHA256 == "" || was.Version == is.Version {
		return nil
	}
	err := t.db.Exec("INSERT INTO material_versions (material_key,version,body,replaced_at) VALUES (?,?,?,?)", key, was.Version, old, t.now).Error
	if isDuplicate(err) {
		return t.db.Exec("UPDATE material_versions SET body = ?, replaced_at = ? WHERE material_key = ? AND version = ?", old, t.now, key, was.Version).Error
	}
	return err
}

// MaterialVersion answers the row of an older version; ErrNotFound when its bytes
// were never stored (a file of content.dir exists only in its newest version).
func (t *Tx) MaterialVersion(key string, version int) (body string, err error) {
	return first[string](t.db, "SELECT body FROM material_versions WHERE material_key = ? AND version = ?", key, version)
}

// MaterialBodies are the rows of all materials, in force or not, and of their older
// versions: a stored file that none of them names is used for nothing.
func (t *Tx) MaterialBodies() ([]string, error) {
	return all[string](t.db, "SELECT body FROM overlays WHERE kind = 'material' UNION ALL SELECT body FROM material_versions")
}

// OldReaders is how many people of a partner stand on an older version.
type OldReaders struct {
	MaterialKey     string
	MaterialVersion int // the older one
	Partner         string
	Holders         int // have a link to it that still opens
	Openers         int // of those, who opened it since the moment asked for
}

// OldReaders answers, per partner, who still has and opens links to versions
// older than the current ones. Staff scope: numbers, no persons.
func (t *Tx) OldReaders(current map[string]int, since time.Time) ([]OldReaders, error) {
	var old []string
	args := []any{since, t.now}
	for _, key := range slices.Sorted(maps.Keys(current)) {
		if current[key] > 1 { // links to the first version are never older
			old, args = append(old, "l.material_key = ? AND l.material_version < ?"), append(args, key, current[key])
		}
	}
	if len(old) == 0 {
		return nil, nil
	}
	return all[OldReaders](t.db, `SELECT l.material_key, l.material_version, p.name AS partner, COUNT(DISTINCT l.person_id) AS holders,
		COUNT(DISTINCT CASE WHEN EXISTS (SELECT 1 FROM events e LEFT JOIN visits v ON v.link_id = e.link_id AND v.visit = e.visit
			WHERE e.link_id = l.id AND e.kind = 'opened' AND e.occurred_at > ? AND COALESCE(v.class, e.class) = 'human') THEN l.person_id END) AS openers
		FROM links l JOIN partners p ON p.id = l.partner_id
		WHERE l.revoked_at IS NULL AND l.expires_at > ? AND (`+strings.Join(old, " OR ")+`)
		GROUP BY l.material_key, l.material_version, p.name ORDER BY l.material_key, p.name, l.material_version`, args...)
}
