package models

import "akari/bot"

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

// LetterOf answers the campaign's message that a thread hangs on; ErrNotFound: it
// hangs on no campaign's.
func (t *Tx) LetterOf(at bot.Address) (Delivery, error) {
	return first[Delivery](t.db, "SELECT "+settleColumns+" FROM deliveries WHERE connection = ? AND platform_message_id = ? AND platform = ? AND campaign_id IS NOT NULL LIMIT 1", at.Connection, at.Thread, at.Platform)
}
