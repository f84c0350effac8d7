package models

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"time"

	"akari/bot"
)

// The kinds of room.
const (
	RoomShared = "shared" // with a partner
	RoomStaff  = "staff"
)

// Room is a place to talk that several people share.
type Room struct {
	ID         ID
	Platform   string
	Connection string
	Room       string
	Kind       string // RoomShared, RoomStaff; "" = not mapped yet
	PartnerID  ID
	Name       string
	FactAt     *time.Time
	Fact       RoomFact
	AskedAt    *time.Time // when staff were asked whose room it is
	ToldAt     *time.Time // when the room was told that we are being set up
	LeftAt     *time.Time // when the bot left
}

// RoomFact is what a platform says about a room.
type RoomFact struct{ bot.RoomFact }

// GormDataType tells gorm that this is one column.
func (RoomFact) GormDataType() string { return "text" }

// Scan implements sql.Scanner.
func (f *RoomFact) Scan(src any) error { return scanJSON(src, &f.RoomFact) }

// Value implements driver.Valuer: without it gorm takes the fact for a
// relation and leaves it empty, and an empty fact says that nobody else is there.
func (f RoomFact) Value() (driver.Value, error) {
	b, err := json.Marshal(f.RoomFact)
	return string(b), err
}

// Mapped tells whether it is known whose room this is.
func (r Room) Mapped() bool {
	return r.Kind == RoomStaff || r.Kind == RoomShared && !r.PartnerID.IsZero()
}

// Outsiders tells whether organisations beside the vendor's can read the room, as far
// as the platform has said.
func (r Room) Outsiders() bool { return len(r.Fact.Orgs) > 0 }

// Address is the room as a place to speak.
func (r Room) Address() bot.Address {
	return bot.Address{Platform: r.Platform, Connection: r.Connection, Room: r.Room}
}

const roomColumns = "id,platform,connection,room,kind,partner_id,name,fact_at,fact,asked_at,told_at,left_at"

// RoomAt answers the room at an address; an unknown one has a zero ID.
func (t *Tx) RoomAt(at bot.Address) (Room, error) {
	r, err := first[Room](t.db, "SELECT "+roomColumns+" FROM rooms WHERE platform = ? AND connection = ? AND room = ?", at.Platform, at.Connection, at.Room)
	if errors.Is(err, ErrNotFound) {
		return Room{Platform: at.Platform, Connection: at.Connection, Room: at.Room}, nil
	}
	return r, err
}

// RoomByID answers a room by id.
func (t *Tx) RoomByID(id ID) (Room, error) {
	return first[Room](t.db, "SELECT "+roomColumns+" FROM rooms WHERE id = ?", id)
}

// AddRoom makes the row of a room seen for the first time, not mapped to
// anybody. Another process may have been quicker; then its row stays.
func (t *Tx) AddRoom(at bot.Address) (Room, error) {
	err := t.db.Exec("INSERT INTO rooms (id,platform,connection,room,kind,name,fact,created_at) VALUES (?,?,?,?,'','','',?)",
		NewID(), at.Platform, at.Connection, at.Room, t.now).Error
	if err != nil && !isDuplicate(err) {
		return Room{}, err
	}
	return t.RoomAt(at)
}

// MapRoom says whose room it is: a partner's, or staff's for the zero ID.
func (t *Tx) MapRoom(room, partner ID) error {
	kind := RoomShared
	if partner.IsZero() {
		kind = RoomStaff
	}
	return t.db.Exec("UPDATE rooms SET kind = ?, partner_id = ? WHERE id = ?", kind, partner, room).Error
}

// RoomAsked remembers that staff were asked about a room.
func (t *Tx) RoomAsked(room ID) error {
	return t.db.Exec("UPDATE rooms SET asked_at = ? WHERE id = ?", t.now, room).Error
}

// RoomTold remembers that an unmapped room was told so.
func (t *Tx) RoomTold(room ID) error {
	return t.db.Exec("UPDATE rooms SET told_at = ? WHERE id = ?", t.now, room).Error
}

// MoveRoom follows the bot into a room or, left, out of it, at the platform's time.
// False: something later is known already, and this changes nothing.
func (t *Tx) MoveRoom(room ID, at time.Time, left bool) (newest bool, err error) {
	var since *time.Time
	if left {
		since = &t.now
	}
	at = micro(at)
	r := t.db.Exec("UPDATE rooms SET left_at = ?, moved_at = ? WHERE id = ? AND (moved_at IS NULL OR moved_at < ?)", since, at, room, at)
	return r.RowsAffected > 0, r.Error
}

// RenameRoom follows a room whose id the platform changed.
func (t *Tx) RenameRoom(at bot.Address, to string) error {
	err := t.db.Exec("UPDATE rooms SET room = ?, fact_at = NULL WHERE platform = ? AND connection = ? AND room = ?", to, at.Platform, at.Connection, at.Room).Error
	if isDuplicate(err) {
		return nil // the new id is known already, with a mapping of its own
	}
	return err
}

// StaffRooms answers the rooms of staff on all platforms.
func (t *Tx) StaffRooms() ([]Room, error) {
	return all[Room](t.db, "SELECT "+roomColumns+" FROM rooms WHERE kind = 'staff' AND left_at IS NULL ORDER BY id")
}

// InThread tells whether the bot has spoken in a thread, or began it.
func (t *Tx) InThread(at bot.Address) (bool, error) {
	if at.Thread == "" {
		return false, nil
	}
	_, err := first[int](t.db, `SELECT 1 FROM deliveries WHERE connection = ? AND room = ? AND thread = ? AND platform = ? AND act = 'post'
		UNION ALL SELECT 1 FROM deliveries WHERE connection = ? AND platform_message_id = ? AND platform = ? AND room = ? LIMIT 1`,
		at.Connection, at.Room, at.Thread, at.Platform, at.Connection, at.Thread, at.Platform, at.Room)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
