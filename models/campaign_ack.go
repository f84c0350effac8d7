package models

import (
	"time"

	"akari/bot"
)

// wholly says of an acknowledgement k that nothing else of its message is still to
// be acknowledged: a message with several materials is acknowledged when each of
// them is, in whatever version. theirs says of an acknowledgement j that it is by
// the same people.
func wholly(theirs string) string {
	return "NOT EXISTS (SELECT 1 FROM campaign_materials a JOIN campaign_materials b ON b.campaign_id = a.campaign_id AND b.step = a.step AND b.material_key <> a.material_key " +
		"WHERE a.campaign_id = k.campaign_id AND a.material_key = k.material_key " +
		"AND NOT EXISTS (SELECT 1 FROM acks j WHERE j.campaign_id = k.campaign_id AND j.undone_at IS NULL AND j.material_key = b.material_key AND " + theirs + "))"
}

// Acknowledged tells whether a campaign is acknowledged as far as a person is
// concerned: by themselves or, where one per partner suffices, by a colleague.
func (t *Tx) Acknowledged(campaign int64, person, partner ID, onePerPartner bool) (bool, error) {
	theirs, who := "person_id", person
	if onePerPartner {
		theirs, who = "partner_id", partner
	}
	n, err := first[int](t.db, "SELECT COUNT(*) FROM acks k WHERE k.campaign_id = ? AND k.undone_at IS NULL AND k."+theirs+" = ? AND "+wholly("j."+theirs+" = k."+theirs), campaign, who)
	return n > 0, err
}

// AckMoments answers when each person first acknowledged a campaign, the earliest
// first, without what was taken back.
func (t *Tx) AckMoments(campaign int64) ([]time.Time, error) {
	type row struct{ At time.Time }
	rows, err := all[row](t.db, "SELECT MIN(at) AS at FROM acks WHERE campaign_id = ? AND undone_at IS NULL GROUP BY COALESCE(person_id, id) ORDER BY 1", campaign)
	out := make([]time.Time, len(rows))
	for i, r := range rows {
		out[i] = r.At
	}
	return out, err
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

// LetterOf answers the campaign's message that a thread hangs on; ErrNotFound: it
// hangs on no campaign's.
func (t *Tx) LetterOf(at bot.Address) (Delivery, error) {
	return first[Delivery](t.db, "SELECT "+settleColumns+" FROM deliveries WHERE connection = ? AND platform_message_id = ? AND platform = ? AND campaign_id IS NOT NULL LIMIT 1", at.Connection, at.Thread, at.Platform)
}
