package models

import (
	"errors"
	"strings"
	"time"

	"akari/bot"
)

// Scene is who acts, where, and whose organisations the room's partner has:
// everything that authority is decided from.
type Scene struct {
	Who  Who
	Room Room     // zero ID: not seen before, or one-to-one talk
	Orgs []string // of the room's partner, on the room's platform
}

// lookSQL asks for a whole scene in one round trip. It always gives one row.
const lookSQL = `SELECT a.id AS account_id, a.claim, a.fact_at, a.fact, ` + whoColumns + `,
	r.id AS r_id, r.kind AS r_kind, r.partner_id AS r_partner_id, r.name AS r_name, r.fact_at AS r_fact_at, r.fact AS r_fact,
	r.asked_at AS r_asked_at, r.told_at AS r_told_at, r.left_at AS r_left_at,
	(SELECT GROUP_CONCAT(o.org) FROM partner_orgs o WHERE o.partner_id = r.partner_id AND o.platform = r.platform) AS r_orgs
	FROM (SELECT 1 AS one) AS one
	LEFT JOIN accounts a ON a.platform = ? AND a.connection = ? AND a.user = ?
	LEFT JOIN people w ON w.id = a.person_id
	LEFT JOIN partners p ON p.id = w.partner_id
	LEFT JOIN rooms r ON r.platform = ? AND r.connection = ? AND r.room = ?`

// Look answers the scene of an inbound; nothing known of it is not an error.
func (t *Tx) Look(who bot.Identity, at bot.Address) (Scene, error) {
	type row struct {
		Person     whoRow `gorm:"embedded"`
		RID        ID
		RKind      string
		RPartnerID ID
		RName      string
		RFactAt    *time.Time
		RFact      RoomFact
		RAskedAt   *time.Time
		RToldAt    *time.Time
		RLeftAt    *time.Time
		ROrgs      string
	}
	room := at.Room
	if at.Direct {
		room = "" // a one-to-one room is nobody's room
	}
	r, err := first[row](t.db, lookSQL, who.Platform, who.Connection, who.User, at.Platform, at.Connection, room)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Scene{}, err
	}
	s := Scene{Who: r.Person.who(who), Room: Room{ID: r.RID, Platform: at.Platform, Connection: at.Connection, Room: room, Kind: r.RKind, PartnerID: r.RPartnerID,
		Name: r.RName, FactAt: r.RFactAt, Fact: r.RFact, AskedAt: r.RAskedAt, ToldAt: r.RToldAt, LeftAt: r.RLeftAt}}
	if r.ROrgs != "" {
		s.Orgs = strings.Split(r.ROrgs, ",")
	}
	return s, nil
}
