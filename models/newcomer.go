package models

import "time"

// CountNewcomers answers how many a rule picks who are not among a campaign's
// recipients yet. Staff scope.
func (t *Tx) CountNewcomers(campaign int64, g Targets) (int, error) {
	if g.Rule.Empty() {
		return 0, nil
	}
	sql, args := g.selectTargets(t.now)
	return first[int](t.db, "SELECT COUNT(*) FROM ("+sql+") AS x WHERE "+notYet, append(args, campaign)...)
}

const notYet = "NOT EXISTS (SELECT 1 FROM recipients y WHERE y.campaign_id = ? AND y.target_id = x.target_id)"

// AddNewcomers makes everybody a recipient of a campaign whom its rule picks by now
// and did not before. Its steps are counted from now for them, beginning with 0.
func (t *Tx) AddNewcomers(campaign int64, g Targets) error {
	sql, args := g.selectTargets(t.now)
	args = append(append([]any{campaign, t.now}, args...), campaign)
	return t.db.Exec("INSERT INTO recipients (campaign_id, target_id, kind, partner_id, reason, created_at, next_step) SELECT ?, x.target_id, x.kind, x.partner_id, '', ?, 0 FROM ("+sql+") AS x WHERE "+notYet, args...).Error
}

// Newcomers answers up to limit newcomers of a campaign who came by a moment and
// whose next step is this one. Who is still owed an earlier one waits; for a room,
// which deliveries do not know by an id of their own, any room of its partner.
func (t *Tx) Newcomers(campaign int64, step int, by time.Time, limit int) ([]Recipient, error) {
	const open = "d.state IN ('queued','sending','unconfirmed')"
	return t.recipients("campaign_id = ? AND next_step = ? AND created_at <= ? AND "+
		"NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.campaign_id = recipients.campaign_id AND d.person_id = recipients.target_id AND d.step < ? AND "+open+") AND "+
		"(kind = 'person' OR NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.campaign_id = recipients.campaign_id AND d.partner_id = recipients.partner_id AND d.person_id IS NULL AND d.step < ? AND "+open+")) ORDER BY created_at, target_id LIMIT ?",
		campaign, step, micro(by), step, step, limit)
}

// MoveNewcomers remembers which step is the next of these newcomers.
func (t *Tx) MoveNewcomers(campaign int64, targets []ID, next int) error {
	if len(targets) == 0 {
		return nil
	}
	return t.db.Exec("UPDATE recipients SET next_step = ? WHERE campaign_id = ? AND target_id IN ?", next, campaign, targets).Error
}
