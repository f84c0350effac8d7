package models

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Visit is one opening of a link in one browser, with its class.
type Visit struct {
	LinkID      ID
	Visit       string
	Class       string
	Reason      string
	RuleVersion int
	StartedAt   time.Time
	Network     []byte     // keyed hash of where it came from; nil = unknown
	Gestures    int        // scrolls, keys and touches by a hand
	SeenAt      *time.Time // when its page last reported
	Facts       Facts
}

// Facts are what a visit's class is made from: the raw observations, without a
// verdict. Times are milliseconds.
type Facts struct {
	Agent     string           `json:"agent,omitempty"` // hash of the user agent, hex; see Agent
	Purpose   string           `json:"purpose,omitempty"`
	Script    bool             `json:"script,omitempty"`    // the opening page's script ran
	Webdriver bool             `json:"webdriver,omitempty"` // the browser says that it is driven by a program
	Early     *int64           `json:"early,omitempty"`     // from delivery to opening; nil = unknown
	East      *int             `json:"east,omitempty"`      // minutes that the browser's clock was ahead of UTC; nil = unknown
	Burst     int              `json:"burst,omitempty"`     // links opened from the same browser and network at about the same moment, this one included
	Away      bool             `json:"away,omitempty"`      // the person read another link too far away to be here
	Staff     bool             `json:"staff,omitempty"`     // the link belongs to no partner
	Test      bool             `json:"test,omitempty"`      // a test send's link
	Spans     Spans            `json:"spans,omitempty"`     // when the page was on screen, from the visit's beginning
	Materials map[string]Shown `json:"materials,omitempty"` // by "key@version"
}

// Shown is what of one material a visit has shown.
type Shown struct {
	Pages   map[int]int64 `json:"pages,omitempty"` // visible ms by page, from 1
	Of      int           `json:"of,omitempty"`    // how many pages there are
	Watched Spans         `json:"watched,omitempty"`
	Length  int64         `json:"length,omitempty"` // of the video
}

// GormDataType tells gorm that this is one column.
func (Facts) GormDataType() string { return "text" }

// Scan implements sql.Scanner.
func (f *Facts) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*f = Facts{}
		return nil
	case []byte:
		return json.Unmarshal(v, f)
	case string:
		return json.Unmarshal([]byte(v), f)
	}
	return fmt.Errorf("facts cannot be read from %T", src)
}

// Value implements driver.Valuer.
func (f Facts) Value() (driver.Value, error) {
	b, err := json.Marshal(f)
	return string(b), err
}

const visitColumns = "link_id,visit,class,reason,rule_version,started_at,network,gestures,seen_at,facts"

// BeginVisit writes a visit, begun now; one that is there already stays as it is.
func (t *Tx) BeginVisit(v Visit) error {
	err := t.db.Exec("INSERT INTO visits ("+visitColumns+") VALUES (?,?,?,?,?,?,?,?,?,?)",
		v.LinkID, v.Visit, v.Class, v.Reason, v.RuleVersion, t.now, v.Network, v.Gestures, v.SeenAt, v.Facts).Error
	if isDuplicate(err) {
		return ErrDuplicate
	}
	return err
}

// VisitOf answers a visit.
func (t *Tx) VisitOf(link ID, visit string) (Visit, error) {
	return first[Visit](t.db, "SELECT "+visitColumns+" FROM visits WHERE link_id = ? AND visit = ?", link, visit)
}

// LockVisit answers a visit that nobody else changes until this transaction ends.
func (t *Tx) LockVisit(link ID, visit string) (Visit, error) {
	return first[Visit](t.db, "SELECT "+visitColumns+" FROM visits WHERE link_id = ? AND visit = ?"+t.store.lockingOne(), link, visit)
}

// SaveVisit writes what became of a locked visit.
func (t *Tx) SaveVisit(v Visit) error {
	return t.db.Exec("UPDATE visits SET class = ?, reason = ?, rule_version = ?, gestures = ?, seen_at = ?, facts = ? WHERE link_id = ? AND visit = ?",
		v.Class, v.Reason, v.RuleVersion, v.Gestures, v.SeenAt, v.Facts, v.LinkID, v.Visit).Error
}

// Neighbours are visits to other links from the same browser and network, begun
// within a while of each other; most recent first, at most 50.
func (t *Tx) Neighbours(v Visit, at time.Time, within time.Duration) ([]Visit, error) {
	if len(v.Network) == 0 {
		return nil, nil
	}
	return all[Visit](t.db, "SELECT "+visitColumns+" FROM visits WHERE network = ? AND started_at BETWEEN ? AND ? AND link_id <> ? ORDER BY started_at DESC LIMIT 50",
		v.Network, at.Add(-within), at.Add(within), v.LinkID)
}

// HumanVisits are the visits of a link that count.
func (t *Tx) HumanVisits(link ID) ([]Visit, error) {
	return all[Visit](t.db, "SELECT "+visitColumns+" FROM visits WHERE link_id = ? AND class = 'human'", link)
}

// Agent is a user agent by its hash.
type Agent struct {
	Hash  []byte // 8 bytes
	Agent string // at most 512 characters
}

// KeepAgent writes a user agent once.
func (t *Tx) KeepAgent(a Agent) error {
	verb := "INSERT IGNORE"
	if t.store.driver == driverSQLite {
		verb = "INSERT OR IGNORE"
	}
	// gorm takes bytes right after a parenthesis for a list: the hash comes second.
	return t.db.Exec(verb+" INTO agents (agent,hash,seen_at) VALUES (?,?,?)", a.Agent, a.Hash, t.now).Error
}

// AgentOf answers a user agent by its hash; "" when nobody kept it.
func (t *Tx) AgentOf(hash []byte) (string, error) {
	s, err := first[string](t.db, "SELECT agent FROM agents WHERE hash = ?", hash)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return s, err
}

// VisitEvent is the part of a visit's event that its facts are made of.
type VisitEvent struct {
	Kind          string
	ObjectKey     string
	ObjectVersion int
	Page          *int
	Amount        *int64
	OccurredAt    time.Time
	Detail        string
}

// EventsOfVisit answers what a visit's pages told, in order.
func (t *Tx) EventsOfVisit(link ID, visit string) ([]VisitEvent, error) {
	return all[VisitEvent](t.db, "SELECT kind,object_key,object_version,page,amount,occurred_at,detail FROM events WHERE link_id = ? AND visit = ? ORDER BY recorded_at,id", link, visit)
}

// VisitsBetween answers visits begun in [from, to), in order, a batch at a time:
// those after the last one of the batch before. Staff scope.
func (t *Tx) VisitsBetween(from, to time.Time, after *Visit, limit int) ([]Visit, error) {
	if after == nil {
		return all[Visit](t.db, "SELECT "+visitColumns+" FROM visits WHERE started_at >= ? AND started_at < ? ORDER BY started_at,link_id,visit LIMIT ?", from, to, limit)
	}
	return all[Visit](t.db, "SELECT "+visitColumns+" FROM visits WHERE started_at >= ? AND started_at < ? AND (started_at > ? OR started_at = ? AND (link_id > ? OR link_id = ? AND visit > ?)) ORDER BY started_at,link_id,visit LIMIT ?",
		from, to, after.StartedAt, after.StartedAt, after.LinkID, after.LinkID, after.Visit, limit)
}
