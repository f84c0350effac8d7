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
	MaterialKey     string
	MaterialVersion int
	Language        string
	CreatedAt       time.Time
	ExpiresAt       time.Time
	RevokedAt       *time.Time
}

// Live tells whether the link may be opened at a moment.
func (l Link) Live(now time.Time) bool { return l.RevokedAt == nil && now.Before(l.ExpiresAt) }

// NewLink writes a link; its ID is made if it has none.
func (t *Tx) NewLink(l Link) (Link, error) {
	if l.ID.IsZero() {
		l.ID = NewID()
	}
	l.CreatedAt = t.now
	err := t.db.Exec("INSERT INTO links (id,person_id,partner_id,delivery_id,campaign_id,material_key,material_version,language,created_at,expires_at) VALUES (?,?,?,?,?,?,?,?,?,?)",
		l.ID, l.PersonID, l.PartnerID, l.DeliveryID, l.CampaignID, l.MaterialKey, l.MaterialVersion, l.Language, l.CreatedAt, l.ExpiresAt.UTC().Truncate(time.Microsecond)).Error
	return l, err
}

// LinkOf answers a link by id. The caller has proved possession of its token.
func (t *Tx) LinkOf(id ID) (Link, error) {
	return first[Link](t.db, "SELECT id,person_id,partner_id,delivery_id,campaign_id,material_key,material_version,language,created_at,expires_at,revoked_at FROM links WHERE id = ?", id)
}

// Visit is one opening of a link in one browser, with its class.
type Visit struct {
	LinkID      ID
	Visit       string
	Class       string
	Reason      string
	RuleVersion int
	StartedAt   time.Time
}

// BeginVisit writes a visit; one that is there already stays as it is.
func (t *Tx) BeginVisit(v Visit) error {
	err := t.db.Exec("INSERT INTO visits (link_id,visit,class,reason,rule_version,started_at) VALUES (?,?,?,?,?,?)", v.LinkID, v.Visit, v.Class, v.Reason, v.RuleVersion, t.now).Error
	if isDuplicate(err) {
		return ErrDuplicate
	}
	return err
}

// BelieveVisit makes a human of a suspect whose page was on screen for a while.
// A page cannot have been seen for longer than since the visit began, and what
// was classed for a reason stays so.
func (t *Tx) BelieveVisit(link ID, visit string, visible time.Duration, rules int) error {
	began := t.now.Add(-visible + time.Second) // the beacon's way here and rounding
	return t.db.Exec("UPDATE visits SET class = 'human', reason = 'visible', rule_version = ? WHERE link_id = ? AND visit = ? AND class = 'suspect' AND started_at <= ?", rules, link, visit, began).Error
}
