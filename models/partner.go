package models

import (
	"encoding/json"
	"strings"
	"time"
)

// Partner is a company that sells or recommends the vendor's product.
type Partner struct {
	ID         ID
	Key        string
	Name       string
	Tier       string
	ParentID   ID // the 一次店 of a 二次店
	Tags       Strings
	Region     string
	Language   string
	TimeZone   string
	OwnerID    ID
	Department string
	Sample     bool // built in, for the playground; steps aside for the first seeded one
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Strings is a list kept as JSON in one column.
type Strings []string

// GormDataType tells gorm that this is one column.
func (Strings) GormDataType() string { return "text" }

// Scan implements sql.Scanner.
func (s *Strings) Scan(src any) error { *s = nil; return scanJSON(src, (*[]string)(s)) }

// JSON is the list as its column holds it.
func (s Strings) JSON() string {
	if len(s) == 0 {
		return "[]"
	}
	b, _ := json.Marshal([]string(s)) // a []string always marshals
	return string(b)
}

const partnerColumns = "p.id, p.`key`, p.name, p.tier, p.parent_id, p.tags, p.region, p.language, p.time_zone, p.owner_id, p.department, p.sample"

// Partner answers a partner by id.
func (t *Tx) Partner(id ID) (Partner, error) {
	return first[Partner](t.db, "SELECT "+partnerColumns+" FROM partners p WHERE p.id = ?", id)
}

// PartnerByKey answers a partner by the seed file's key.
func (t *Tx) PartnerByKey(key string) (Partner, error) {
	return first[Partner](t.db, "SELECT "+partnerColumns+" FROM partners p WHERE p.`key` = ?", key)
}

// Partners answers every partner in use by name: the sample ones only while
// there is no other. Staff scope.
func (t *Tx) Partners() ([]Partner, error) {
	ps, err := all[Partner](t.db, "SELECT "+partnerColumns+" FROM partners p ORDER BY p.name, p.`key`")
	if err != nil {
		return nil, err
	}
	var real []Partner
	for _, p := range ps {
		if !p.Sample {
			real = append(real, p)
		}
	}
	if len(real) > 0 {
		return real, nil
	}
	return ps, nil
}

// PartnersNamed answers up to limit partners in use whose name or key contains
// text. Staff scope.
func (t *Tx) PartnersNamed(text string, limit int) ([]Partner, error) {
	ps, err := t.Partners()
	if err != nil {
		return nil, err
	}
	text = strings.ToLower(strings.TrimSpace(text))
	var out []Partner
	for _, p := range ps {
		if len(out) < limit && (text == "" || strings.Contains(strings.ToLower(p.Name), text) || strings.Contains(p.Key, text)) {
			out = append(out, p)
		}
	}
	return out, nil
}

// PartnersOfOrgs answers the partners that any of the organisations is.
func (t *Tx) PartnersOfOrgs(platform string, orgs []string) ([]ID, error) {
	if len(orgs) == 0 {
		return nil, nil
	}
	return all[ID](t.db, "SELECT DISTINCT partner_id FROM partner_orgs WHERE platform = ? AND org IN ?", platform, orgs)
}

// OrgsOf answers a partner's organisations on a platform.
func (t *Tx) OrgsOf(platform string, partner ID) ([]string, error) {
	return all[string](t.db, "SELECT org FROM partner_orgs WHERE platform = ? AND partner_id = ?", platform, partner)
}

// HasSeeded tells whether a partner has been seeded, so that the sample content
// and its people step aside.
func (t *Tx) HasSeeded() (bool, error) {
	n, err := first[int64](t.db, "SELECT COUNT(*) FROM partners WHERE sample = 0")
	return n > 0, err
}
