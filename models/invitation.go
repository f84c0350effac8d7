package models

import (
	"time"
)

// Invitation is a single-use code that makes an account a certain person, or a
// new member of a partner. Only the code's hash is kept.
type Invitation struct {
	CodeHash  []byte
	PersonID  ID
	PartnerID ID
	CreatedBy ID
	ExpiresAt time.Time
	UsedAt    *time.Time
}

// Invite keeps an invitation.
func (t *Tx) Invite(i Invitation) error {
	return t.db.Exec("INSERT INTO invitations (person_id,code_hash,partner_id,created_by,created_at,expires_at,epoch) VALUES (?,?,?,?,?,?,1)",
		i.PersonID, i.CodeHash, i.PartnerID, i.CreatedBy, t.now, i.ExpiresAt.UTC().Truncate(time.Microsecond)).Error
}

// UseInvitation takes an invitation for its one use. ErrNotFound: no such code,
// used before, or expired; which of them is not told.
func (t *Tx) UseInvitation(hash []byte) (Invitation, error) {
	i, err := first[Invitation](t.db, "SELECT code_hash,person_id,partner_id,created_by,expires_at,used_at FROM invitations WHERE code_hash = ? AND used_at IS NULL AND expires_at > ?", hash, t.now)
	if err != nil {
		return i, err
	}
	r := t.db.Exec("UPDATE invitations SET used_at = ?, epoch = epoch + 1 WHERE code_hash = ? AND used_at IS NULL", t.now, hash)
	if r.Error == nil && r.RowsAffected == 0 {
		return i, ErrNotFound
	}
	return i, r.Error
}
