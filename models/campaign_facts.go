package models

import "time"

// Awaited are a campaign's messages on one platform that wait for what the platform
// says about their readers.
type Awaited struct {
	Platform string
	N        int
	// LastHeard is when the platform last said such a thing about anybody; nil = never.
	LastHeard *time.Time
}

// AwaitedFacts answers what of a campaign is due by a moment and waits for a fact that
// was asked for: about the person, or about the room where it is older than roomAge.
func (t *Tx) AwaitedFacts(campaign int64, by time.Time, roomAge time.Duration) ([]Awaited, error) {
	const due = "d.campaign_id = ? AND d.state = 'queued' AND d.part = 0 AND d.due_at <= ?"
	people, err := all[Awaited](t.db, "SELECT d.platform, COUNT(*) AS n, (SELECT MAX(o.fact_at) FROM accounts o WHERE o.platform = d.platform) AS last_heard FROM deliveries d "+
		"JOIN accounts f ON f.platform = d.platform AND f.connection = d.connection AND f.user = d.user WHERE "+due+" AND d.guard = '' AND d.platform IN ('slack','line') AND f.wanted_at IS NOT NULL AND f.fact_at IS NULL GROUP BY d.platform",
		campaign, micro(by))
	if err != nil {
		return nil, err
	}
	rooms, err := all[Awaited](t.db, "SELECT d.platform, COUNT(*) AS n, (SELECT MAX(o.fact_at) FROM rooms o WHERE o.platform = d.platform) AS last_heard FROM deliveries d "+
		"JOIN rooms f ON f.platform = d.platform AND f.connection = d.connection AND f.room = d.room WHERE "+due+" AND d.guard = ? AND f.wanted_at IS NOT NULL AND (f.fact_at IS NULL OR f.fact_at < ?) GROUP BY d.platform",
		campaign, micro(by), GuardPartner, micro(t.now.Add(-roomAge)))
	return append(people, rooms...), err
}

// CampaignWaits remembers since when a campaign waits for facts, and when staff were
// told; nil = it does not, they were not.
func (t *Tx) CampaignWaits(c Campaign, since, told *time.Time) error {
	r := t.db.Exec("UPDATE campaigns SET waits_since=?, waits_told_at=?, epoch=epoch+1 WHERE id=? AND epoch=?", since, told, c.ID, c.Epoch)
	_, err := t.moved(c.ID, r.RowsAffected, r.Error)
	return err
}
