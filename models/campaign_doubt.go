package models

import (
	"crypto/sha256"
	"fmt"
	"time"
)

// CodeRestored marks what a campaign owes and what may have left all the same: the
// database is a backup, or nothing ran for so long that it may be one.
const CodeRestored = "restored"

// Doubtful tells whether what of the campaign was due at a moment may have left
// without this database knowing.
func (c Campaign) Doubtful(due time.Time) bool {
	return c.DoubtUntil != nil && !due.After(*c.DoubtUntil)
}

// DoubtOwed marks all that campaigns owe as perhaps sent since a moment. On
// platforms that know our key, sending again stays harmless for as long as they
// keep it, counted from since. On the others such a row is looked for before it is
// sent, or, where nobody can be asked, waits for a person; TrustOwed ends that.
func (t *Tx) DoubtOwed(since time.Time) error {
	since = micro(since)
	err := t.db.Exec("UPDATE deliveries SET error_code = ?, intent_at = COALESCE(intent_at, ?), epoch = epoch + 1 WHERE state = 'queued' AND campaign_id IS NOT NULL", CodeRestored, since).Error
	if err != nil {
		return err
	}
	return t.db.Exec("UPDATE campaigns SET doubt_from = COALESCE(doubt_from, ?), doubt_until = ?, epoch = epoch + 1 WHERE deleted_at IS NULL AND (state IN ('running','paused') OR state = 'scheduled' AND due_at <= ? OR state = 'finished' AND told_at IS NULL)",
		since, t.now, t.now).Error
}

// TrustOwed takes a campaign's marks of DoubtOwed away: a person knows that nothing
// of it left.
func (t *Tx) TrustOwed(c Campaign) (Campaign, error) {
	err := t.db.Exec("UPDATE deliveries SET error_code = '', intent_at = CASE WHEN attempts = 0 THEN NULL ELSE intent_at END, epoch = epoch + 1 WHERE campaign_id = ? AND state = 'queued' AND error_code = ?", c.ID, CodeRestored).Error
	if err != nil {
		return c, err
	}
	r := t.db.Exec("UPDATE campaigns SET doubt_from = NULL, doubt_until = NULL, epoch = epoch + 1 WHERE id = ? AND epoch = ?", c.ID, c.Epoch)
	return t.moved(c.ID, r.RowsAffected, r.Error)
}

// SameID is an ID that is the same whenever it is made of the same: what a campaign
// writes once more after an old backup was restored carries the ids and keys that it
// carried before, so that platforms recognise it and links already sent go on working.
// It sorts with the IDs made at that moment.
func SameID(at time.Time, of ...any) (id ID) {
	sum := sha256.Sum256(fmt.Appendln(nil, append([]any{at.UTC().UnixMicro()}, of...)...))
	copy(id[:], sum[:])
	for i, ms := 5, at.UnixMilli(); i >= 0; i, ms = i-1, ms>>8 {
		id[i] = byte(ms)
	}
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80 // version 7, as NewID makes them
	return id
}
