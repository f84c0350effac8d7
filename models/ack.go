package models

import (
	"errors"
	"fmt"
	"time"
)

// Ack is a member's pressed "I have read this".
type Ack struct {
	ID              ID
	DeliveryID      ID
	CampaignID      *int64
	PartnerID       ID
	PersonID        ID
	MaterialKey     string
	MaterialVersion int
	At              time.Time
	UndoneAt        *time.Time
}

// live names what may be acknowledged once only: a campaign or a delivery, by a person.
func (a Ack) live() string {
	if a.CampaignID != nil {
		return fmt.Sprintf("c%d:%s", *a.CampaignID, a.PersonID)
	}
	return "d" + a.DeliveryID.String() + ":" + a.PersonID.String()
}

const ackColumns = "id,delivery_id,campaign_id,partner_id,person_id,material_key,material_version,at,undone_at"

// Acknowledge records an acknowledgement. One that is in force already stays:
// then it is answered, and fresh is false.
func (t *Tx) Acknowledge(a Ack) (out Ack, fresh bool, err error) {
	have, err := first[Ack](t.db, "SELECT "+ackColumns+" FROM acks WHERE live = ?", a.live())
	if !errors.Is(err, ErrNotFound) {
		return have, false, err
	}
	a.ID, a.At = NewID(), t.now
	err = t.db.Exec("INSERT INTO acks (id,live,delivery_id,campaign_id,partner_id,person_id,material_key,material_version,at) VALUES (?,?,?,?,?,?,?,?,?)",
		a.ID, a.live(), a.DeliveryID, a.CampaignID, a.PartnerID, a.PersonID, a.MaterialKey, a.MaterialVersion, a.At).Error
	if isDuplicate(err) { // two presses at the same moment
		have, err = first[Ack](t.db, "SELECT "+ackColumns+" FROM acks WHERE live = ?", a.live())
		return have, false, err
	}
	return a, true, err
}

// AckOf answers an acknowledgement by id.
func (t *Tx) AckOf(id ID) (Ack, error) {
	return first[Ack](t.db, "SELECT "+ackColumns+" FROM acks WHERE id = ?", id)
}

// UndoAck takes an acknowledgement back. It answers whether it was in force.
func (t *Tx) UndoAck(id ID) (bool, error) {
	r := t.db.Exec("UPDATE acks SET undone_at = ?, live = NULL WHERE id = ? AND undone_at IS NULL", t.now, id)
	return r.RowsAffected > 0, r.Error
}

// Acknowledged tells whether a campaign is acknowledged as far as a person is
// concerned: by themselves or, where one per partner suffices, by a colleague.
func (t *Tx) Acknowledged(campaign int64, person, partner ID, onePerPartner bool) (bool, error) {
	sql, args := "SELECT COUNT(*) FROM acks WHERE campaign_id = ? AND undone_at IS NULL AND person_id = ?", []any{campaign, person}
	if onePerPartner {
		sql, args = "SELECT COUNT(*) FROM acks WHERE campaign_id = ? AND undone_at IS NULL AND partner_id = ?", []any{campaign, partner}
	}
	n, err := first[int](t.db, sql, args...)
	return n > 0, err
}

// OpenedBy tells whether a human opened a person's link of a campaign.
func (t *Tx) OpenedBy(campaign int64, person ID) (bool, error) {
	n, err := first[int](t.db, "SELECT COUNT(*) FROM links l JOIN events e ON e.link_id = l.id LEFT JOIN visits v ON v.link_id = e.link_id AND v.visit = e.visit "+
		"WHERE l.campaign_id = ? AND l.person_id = ? AND e.kind = 'opened' AND "+humanly, campaign, person)
	return n > 0, err
}

// DeliveryToPerson answers the newest message of a campaign that reached a person:
// what an acknowledgement is about.
func (t *Tx) DeliveryToPerson(campaign int64, person ID) (Delivery, error) {
	return first[Delivery](t.db, "SELECT "+settleColumns+" FROM deliveries WHERE campaign_id = ? AND person_id = ? AND state = 'sent' ORDER BY step DESC, round DESC, part DESC LIMIT 1", campaign, person)
}

// DeliveryToPartner answers a delivery of a campaign to a partner's room.
func (t *Tx) DeliveryToPartner(campaign int64, partner ID) (Delivery, error) {
	return first[Delivery](t.db, "SELECT "+settleColumns+" FROM deliveries WHERE campaign_id = ? AND partner_id = ? AND person_id IS NULL AND state = 'sent' ORDER BY step DESC, round DESC, part DESC LIMIT 1", campaign, partner)
}
