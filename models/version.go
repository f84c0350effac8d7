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
	PartnerID       ID
	PartnerKey      string
	Partner         string
	Holders         int // have a link to it that still opens
	Openers         int // of those, who opened it since the moment asked for
}

// OldReaders answers, per partner, who still has and opens links to versions
// older than the current ones, by material and partner. Staff scope: numbers, no
// persons.
func (t *Tx) OldReaders(current map[string]int, since time.Time, limit, offset int) ([]OldReaders, error) {
	var old []string
	args := []any{t.now}
	for _, key := range slices.Sorted(maps.Keys(current)) {
		if current[key] > 1 { // links to the first version are never older
			var versions []int // one by one: of each the index gives those that still open
			for v := range current[key] {
				versions = append(versions, v)
			}
			old, args = append(old, "l.material_key = ? AND l.material_version IN ?"), append(args, key, versions)
		}
	}
	if len(old) == 0 {
		return nil, nil
	}
	held := " FROM links l" + t.by("links_material") + " WHERE l.revoked_at IS NULL AND l.expires_at > ? AND (" + strings.Join(old, " OR ") + ")"
	const each = " GROUP BY l.material_key, l.material_version, l.partner_id"
	out, err := all[OldReaders](t.db, "SELECT x.*, p.`key` AS partner_key, p.name AS partner FROM (SELECT l.material_key, l.material_version, l.partner_id, COUNT(DISTINCT l.person_id) AS holders"+held+each+
		") AS x JOIN partners p ON p.id = x.partner_id ORDER BY x.material_key, p.name, p.`key`, x.material_version LIMIT ? OFFSET ?", append(slices.Clip(args), limit, offset)...)
	if err != nil || len(out) == 0 {
		return out, err
	}
	// Who opened them is asked of the links of the rows that are shown alone.
	partners := map[ID]bool{}
	for _, o := range out {
		partners[o.PartnerID] = true
	}
	// EXISTS in a condition MariaDB would answer from every opening of everything.
	opened, err := all[OldReaders](t.db, "SELECT l.material_key, l.material_version, l.partner_id, COUNT(DISTINCT CASE WHEN EXISTS (SELECT 1 FROM events e LEFT JOIN visits v ON v.link_id = e.link_id AND v.visit = e.visit "+
		"WHERE e.link_id = l.id AND e.kind = 'opened' AND e.occurred_at > ? AND "+humanly+") THEN l.person_id END) AS openers"+held+" AND l.partner_id IN ?"+each,
		slices.Concat([]any{since}, args, []any{slices.Collect(maps.Keys(partners))})...)
	for _, o := range opened {
		if i := slices.IndexFunc(out, func(x OldReaders) bool {
			return x.MaterialKey == o.MaterialKey && x.MaterialVersion == o.MaterialVersion && x.PartnerID == o.PartnerID
		}); i >= 0 {
			out[i].Openers = o.Openers
		}
	}
	return out, err
}
