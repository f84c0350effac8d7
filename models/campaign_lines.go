package models

import "time"

// Standing is how the newest message of a campaign to one address stands.
type Standing struct {
	PersonID ID
	Address  string
	Platform string
	State    string
	Code     string
	EndedAt  *time.Time
}

// Standings answers the state of every recipient of a campaign's message whose
// delivery is written, by the rule of the report: the newest round, and the worst
// of its parts. Staff scope.
func (t *Tx) Standings(campaign int64) ([]Standing, error) {
	type row struct {
		Standing
		Worst int
	}
	rows, err := all[row](t.db, "SELECT d.person_id, d.address, MIN(d.platform) AS platform, MIN("+rankCase("d.state")+") AS worst, MAX(d.error_code) AS code, MAX(d.ended_at) AS ended_at "+
		"FROM deliveries d WHERE d.campaign_id = ? AND d.step = 0 AND "+newest(campaign)+" GROUP BY d.person_id, d.address", campaign)
	out := make([]Standing, len(rows))
	for i, r := range rows {
		out[i] = r.Standing
		out[i].State = rankings[r.Worst]
	}
	return out, err
}

// Did is when somebody did something about a campaign first.
type Did struct {
	PersonID ID
	At       time.Time
}

// FirstSeen answers who opened ("opened") or completed ("completed") what a campaign
// carried, and when first: humans alone, as the report counts them. Staff scope.
func (t *Tx) FirstSeen(campaign int64, kind string) ([]Did, error) {
	return all[Did](t.db, "SELECT l.person_id, MIN(e.occurred_at) AS at FROM links l JOIN events e ON e.link_id = l.id LEFT JOIN visits v ON v.link_id = e.link_id AND v.visit = e.visit "+
		"WHERE l.campaign_id = ? AND e.kind = ? AND "+humanly+" GROUP BY l.person_id", campaign, kind)
}

// FirstMarked answers who acknowledged or used what a campaign carried, and when
// first, as the report counts them. Staff scope.
func (t *Tx) FirstMarked(campaign int64, k Marking) ([]Did, error) {
	only := ""
	if k == Acks {
		only = " AND " + wholly("j.person_id = k.person_id")
	}
	return all[Did](t.db, "SELECT k.person_id, MIN(k.at) AS at FROM "+string(k)+" k WHERE k.campaign_id = ? AND k.undone_at IS NULL"+only+" GROUP BY k.person_id", campaign)
}
