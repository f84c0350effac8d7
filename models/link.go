package models

import (
	"time"
)

// Link is a private address handed to one member. The row holds no token: that
// is an HMAC of the id (see handlers).
type Link struct {
	ID              ID
	PersonID        ID
	PartnerID       ID
	DeliveryID      ID
	CampaignID      *int64
	MaterialKey     string // of a link with several materials: the first
	MaterialVersion int
	Language        string
	Purpose         string // PurposeTest, or "" for a reader's own
	CreatedAt       time.Time
	ExpiresAt       time.Time
	RevokedAt       *time.Time
}

// PurposeTest marks the link of a test send: what happens on it is class test.
const PurposeTest = "test"

// LinkMaterial is one of several materials behind a link.
type LinkMaterial struct {
	MaterialKey     string
	MaterialVersion int
}

// Live tells whether the link may be opened at a moment.
func (l Link) Live(now time.Time) bool { return l.RevokedAt == nil && now.Before(l.ExpiresAt) }

// NewLink writes a link; its ID is made if it has none. With several materials
// it opens a list, in this order.
func (t *Tx) NewLink(l Link, materials ...LinkMaterial) (Link, error) {
	if l.ID.IsZero() {
		l.ID = NewID()
	}
	if len(materials) > 0 {
		l.MaterialKey, l.MaterialVersion = materials[0].MaterialKey, materials[0].MaterialVersion
	}
	l.CreatedAt = t.now
	err := t.db.Exec("INSERT INTO links (id,person_id,partner_id,delivery_id,campaign_id,material_key,material_version,language,purpose,created_at,expires_at) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
		l.ID, l.PersonID, l.PartnerID, l.DeliveryID, l.CampaignID, l.MaterialKey, l.MaterialVersion, l.Language, l.Purpose, l.CreatedAt, l.ExpiresAt.UTC().Truncate(time.Microsecond)).Error
	if err != nil || len(materials) < 2 {
		return l, err
	}
	for i, m := range materials {
		err := t.db.Exec("INSERT INTO link_materials (link_id,position,material_key,material_version) VALUES (?,?,?,?)", l.ID, i, m.MaterialKey, m.MaterialVersion).Error
		if err != nil {
			return l, err
		}
	}
	return l, nil
}

// LinkOf answers a link by id. The caller has proved possession of its token.
func (t *Tx) LinkOf(id ID) (Link, error) {
	return first[Link](t.db, "SELECT id,person_id,partner_id,delivery_id,campaign_id,material_key,material_version,language,purpose,created_at,expires_at,revoked_at FROM links WHERE id = ?", id)
}

// MaterialsOf answers what a link leads to, in the order shown: one for most.
func (t *Tx) MaterialsOf(l Link) ([]LinkMaterial, error) {
	ms, err := all[LinkMaterial](t.db, "SELECT material_key,material_version FROM link_materials WHERE link_id = ? ORDER BY position", l.ID)
	if err == nil && len(ms) == 0 && l.MaterialKey != "" {
		ms = []LinkMaterial{{l.MaterialKey, l.MaterialVersion}}
	}
	return ms, err
}

// RevokeLink makes a link dead in every process at its next request: each
// request reads the row. Revoking twice keeps the first moment. It answers
// ErrNotFound when there is no such link.
func (t *Tx) RevokeLink(id ID) error {
	if _, err := t.LinkOf(id); err != nil {
		return err
	}
	return t.db.Exec("UPDATE links SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", t.now, id).Error
}

// DeliveredAt answers when the link reached its reader: nil when nobody knows.
// A link whose message is on its way right now counts as delivered now, because
// a platform may show a message before it answers us.
func (t *Tx) DeliveredAt(link ID) (*time.Time, error) {
	type row struct {
		State   string
		EndedAt *time.Time
	}
	rows, err := all[row](t.db, "SELECT state,ended_at FROM deliveries WHERE link_id = ? AND act IN ('post','private') AND state IN ('sending','sent','unconfirmed') ORDER BY ended_at", link)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	last := t.now
	for _, r := range rows {
		if r.EndedAt == nil {
			return &t.now, nil
		}
		last = *r.EndedAt
	}
	return &last, nil
}
