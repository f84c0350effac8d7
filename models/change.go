package models

import (
	"errors"
	"slices"
)

// InTurn makes edits by staff wait for each other until the transaction ends: what
// one has read is then still so when it writes. It takes the row that every change
// of the content moves as well, so that a change made in chat waits too.
func (t *Tx) InTurn() error {
	return t.db.Exec("UPDATE versions SET value = value WHERE name = 'content'").Error
}

// changePartner is how a partner's row is changed, by whoever changes it.
const changePartner = "UPDATE partners SET name=?, tier=?, parent_id=?, tags=?, region=?, language=?, time_zone=?, owner_id=?, department=?, sample=?, updated_at=? WHERE id=?"

// ErrAboveItself says that a partner would be its own 一次店, directly or through others.
var ErrAboveItself = errors.New("a partner above itself")

// ChangePartner writes what a partner is; its key never changes. ErrAboveItself:
// its parents would run in a circle. Staff scope.
func (t *Tx) ChangePartner(p Partner) error {
	seen := []ID{p.ID}
	for above := p.ParentID; !above.IsZero(); {
		if slices.Contains(seen, above) {
			return ErrAboveItself
		}
		seen = append(seen, above)
		up, err := t.Partner(above)
		if err != nil {
			return err
		}
		above = up.ParentID
	}
	return t.db.Exec(changePartner, p.Name, p.Tier, p.ParentID, p.Tags.JSON(), p.Region, p.Language, p.TimeZone, p.OwnerID, p.Department, truth(p.Sample), t.now, p.ID).Error
}

// ChangePerson writes what a person is: partner, name, department, roles, language
// and whether they have left; key and side never change. The links of somebody who
// has left or belongs to another partner now stop working: they were handed out for
// the partner they were with.
func (t *Tx) ChangePerson(p Person) error {
	was, err := first[Person](t.db, "SELECT partner_id, left_at FROM people WHERE id = ?", p.ID)
	if err != nil {
		return err
	}
	if was.PartnerID != p.PartnerID || was.LeftAt == nil && p.LeftAt != nil {
		if err := t.db.Exec("UPDATE links SET revoked_at = ? WHERE person_id = ? AND revoked_at IS NULL", t.now, p.ID).Error; err != nil {
			return err
		}
	}
	return t.db.Exec("UPDATE people SET partner_id = ?, name = ?, department = ?, roles = ?, language = ?, left_at = ?, updated_at = ? WHERE id = ?",
		p.PartnerID, p.Name, p.Department, p.Roles, p.Language, p.LeftAt, t.now, p.ID).Error
}

// UnmapRoom makes a room nobody's again: nothing of content is said in it until it
// is mapped, and staff are asked whose it is when somebody speaks there.
func (t *Tx) UnmapRoom(room ID) error {
	return t.db.Exec("UPDATE rooms SET kind = '', partner_id = NULL, asked_at = NULL WHERE id = ?", room).Error
}

// RoomLine is a room as staff read a list of rooms.
type RoomLine struct {
	Room        `gorm:"embedded"`
	PartnerKey  *string
	PartnerName *string
}

// RoomList answers rooms whose name, address or partner's name contains text, in
// one of the kinds ("none" = nobody's) or all: nobody's first, then by name. Staff
// scope.
func (t *Tx) RoomList(text, kind string, limit, offset int) ([]RoomLine, error) {
	sql, args := "1 = 1", []any{}
	if text != "" {
		like := "%" + escapeLike(text) + "%"
		sql, args = "(r.name LIKE ? ESCAPE '!' OR r.room LIKE ? ESCAPE '!' OR p.name LIKE ? ESCAPE '!')", append(args, like, like, like)
	}
	if kind != "" {
		if kind == "none" {
			kind = ""
		}
		sql, args = sql+" AND r.kind = ?", append(args, kind)
	}
	return all[RoomLine](t.db, "SELECT r.id,r.platform,r.connection,r.room,r.kind,r.partner_id,r.name,r.left_at, p.`key` AS partner_key, p.name AS partner_name "+
		"FROM rooms r LEFT JOIN partners p ON p.id = r.partner_id WHERE "+sql+
		" ORDER BY CASE WHEN r.kind = '' AND r.left_at IS NULL THEN 0 ELSE 1 END, r.name, r.id LIMIT ? OFFSET ?", append(args, limit, offset)...)
}
