package models

import (
	"errors"
	"slices"
	"strconv"
	"time"
)

// Mark is one person's own word about one version of a material: that they have
// read it (確認), or that it served in a deal (活用). It counts until it is undone.
//
// Only members of a partner have marks. Staff, tests, robots and whoever opened
// somebody else's link leave events of their class, and no mark.
type Mark struct {
	ID              ID
	DeliveryID      ID
	LinkID          ID
	Visit           string // of a press on the viewer's page
	CampaignID      *int64
	PartnerID       ID
	PersonID        ID
	RoomID          ID // of a press in a shared room
	MaterialKey     string
	MaterialVersion int
	Platform        string
	EventID         ID // the event that says so
	At              time.Time
	UndoneAt        *time.Time
}

// Marking is which of the two words it is: the name of its table.
type Marking string

// The two markings.
const (
	Acks Marking = "acks" // 確認: the event is `acknowledged`
	Uses Marking = "uses" // 活用: the event is `used`
)

// UndoFor is how long a mark can be taken back (product, item 6).
const UndoFor = 5 * time.Minute

// The events of marks.
const (
	Acknowledged = "acknowledged"
	AckUndone    = "ack_undone"
	Used         = "used"
	UsedUndone   = "used_undone"
	DealNamed    = "deal_named"  // which deal it was; what was written lies in texts
	ReaderTold   = "reader_told" // the answer to 「別の方ですか?」; a name lies in texts
)

// errNoMarking says that a caller named a table that holds no marks.
var errNoMarking = errors.New("marks are acks or uses")

func (k Marking) valid() error {
	if k != Acks && k != Uses {
		return errNoMarking
	}
	return nil
}

// live is what may be in force only once: the person, the campaign that asked (a
// second campaign with the same material asks again), and the version; without a
// material, the delivery.
func (m Mark) live() string {
	campaign := "0"
	if m.CampaignID != nil {
		campaign = strconv.FormatInt(*m.CampaignID, 10)
	}
	about := m.MaterialKey + "@" + strconv.Itoa(m.MaterialVersion)
	if m.MaterialKey == "" && m.CampaignID == nil {
		about = m.DeliveryID.String()
	}
	return m.PersonID.String() + "/" + campaign + "/" + about
}

const markColumns = "id,delivery_id,link_id,visit,campaign_id,partner_id,person_id,room_id,material_key,material_version,platform,event_id,at,undone_at"

// MarkOnce writes a mark, made now; while the same one is in force it answers
// that one instead, and fresh is false.
func (t *Tx) MarkOnce(k Marking, m Mark) (out Mark, fresh bool, err error) {
	if err := k.valid(); err != nil {
		return m, false, err
	}
	if m.PersonID.IsZero() || m.PartnerID.IsZero() {
		return m, false, errors.New("only a partner's people have marks")
	}
	if out, err = t.LiveMark(k, m); err == nil || !errors.Is(err, ErrNotFound) {
		return out, false, err
	}
	m.ID, m.At, m.UndoneAt = NewID(), t.now, nil
	err = t.db.Exec("INSERT INTO "+string(k)+" ("+markColumns+",live,epoch) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,1)",
		m.ID, m.DeliveryID, m.LinkID, orNull(m.Visit), m.CampaignID, m.PartnerID, m.PersonID, m.RoomID, m.MaterialKey, m.MaterialVersion, m.Platform, m.EventID, m.At, nil, m.live()).Error
	if isDuplicate(err) { // pressed twice at the same moment
		out, err = t.LiveMark(k, m)
		return out, false, err
	}
	return m, err == nil, err
}

// LiveMark answers the mark in force for what m is about; ErrNotFound if none is.
func (t *Tx) LiveMark(k Marking, m Mark) (Mark, error) {
	if err := k.valid(); err != nil {
		return Mark{}, err
	}
	return first[Mark](t.db, "SELECT "+markColumns+" FROM "+string(k)+" WHERE live = ?", m.live())
}

// MarksAbout answers, for each of a message's materials, the person's mark in force
// about it, of whatever version: of the newest when there are several; a zero Mark
// where there is none. m names the person and the campaign.
func (t *Tx) MarksAbout(k Marking, m Mark, materials []LinkMaterial) ([]Mark, error) {
	if err := k.valid(); err != nil {
		return nil, err
	}
	out, keys := make([]Mark, len(materials)), make([]string, len(materials))
	for i, lm := range materials {
		keys[i] = lm.MaterialKey
	}
	sql, args := "SELECT "+markColumns+" FROM "+string(k)+" WHERE person_id = ? AND undone_at IS NULL AND material_key IN ? AND campaign_id", []any{m.PersonID, keys}
	if m.CampaignID == nil {
		sql += " IS NULL"
	} else {
		sql, args = sql+" = ?", append(args, *m.CampaignID)
	}
	live, err := all[Mark](t.db, sql+" ORDER BY material_version, id", args...)
	for _, one := range live {
		out[slices.Index(keys, one.MaterialKey)] = one
	}
	return out, err
}

// MarkOf answers a mark by id.
func (t *Tx) MarkOf(k Marking, id ID) (Mark, error) {
	if err := k.valid(); err != nil {
		return Mark{}, err
	}
	return first[Mark](t.db, "SELECT "+markColumns+" FROM "+string(k)+" WHERE id = ?", id)
}

// UndoMark takes back a mark of this person that is younger than UndoFor. false:
// it is not theirs, too old, or taken back already.
func (t *Tx) UndoMark(k Marking, id, person ID) (bool, error) {
	if err := k.valid(); err != nil {
		return false, err
	}
	r := t.db.Exec("UPDATE "+string(k)+" SET undone_at = ?, live = NULL, epoch = epoch + 1 WHERE id = ? AND person_id = ? AND undone_at IS NULL AND at > ?",
		t.now, id, person, t.now.Add(-UndoFor))
	return r.RowsAffected == 1, r.Error
}

// UndoMarksOf takes back what was marked on one visit: somebody else said that it
// was them. It answers what was taken back.
func (t *Tx) UndoMarksOf(k Marking, link ID, visit string) ([]Mark, error) {
	if err := k.valid(); err != nil {
		return nil, err
	}
	ms, err := all[Mark](t.db, "SELECT "+markColumns+" FROM "+string(k)+" WHERE link_id = ? AND visit = ? AND undone_at IS NULL", link, visit)
	if err != nil {
		return nil, err
	}
	for _, m := range ms {
		if err := t.db.Exec("UPDATE "+string(k)+" SET undone_at = ?, live = NULL, epoch = epoch + 1 WHERE id = ? AND undone_at IS NULL", t.now, m.ID).Error; err != nil {
			return nil, err
		}
	}
	return ms, nil
}

// Undoable tells whether the mark can still be taken back.
func (m Mark) Undoable(now time.Time) bool { return m.UndoneAt == nil && now.Sub(m.At) < UndoFor }

// CardOf answers the message that carries a link, if it is known where it stands:
// its last part, which has the buttons.
func (t *Tx) CardOf(link ID) (Delivery, error) {
	return first[Delivery](t.db, "SELECT "+settleColumns+" FROM deliveries WHERE link_id = ? AND act IN ('post','private') AND state = 'sent' ORDER BY ended_at DESC, part DESC LIMIT 1", link)
}

// ChangeUnderWay answers the last change of a message that has not been made yet:
// the next one must wait for it, or an older state would stand there in the end.
func (t *Tx) ChangeUnderWay(connection, message string) (ID, error) {
	id, err := first[ID](t.db, "SELECT id FROM deliveries WHERE connection = ? AND ref = ? AND act = 'update' AND state IN ('queued','sending') ORDER BY id DESC LIMIT 1", connection, message)
	if errors.Is(err, ErrNotFound) {
		return ID{}, nil
	}
	return id, err
}

// CancelChanges takes back the changes of a message that were to be made later.
func (t *Tx) CancelChanges(connection, message string) error {
	_, err := t.cancel("connection = ? AND ref = ? AND act = 'update' AND due_at > ?", "overtaken", connection, message, t.now)
	return err
}

// Answer is what a browser said when it was asked whether its reader is the
// link's own.
type Answer struct {
	LinkID      ID
	Visit       string
	Other       bool  // somebody else
	SamePartner *bool // of the same company; nil = not told
	EventID     ID
}

// KeepAnswer writes an answer; the first one of a link and browser stays.
func (t *Tx) KeepAnswer(a Answer) (fresh bool, err error) {
	err = t.db.Exec("INSERT INTO readers (link_id,visit,other,same_partner,event_id,at) VALUES (?,?,?,?,?,?)", a.LinkID, a.Visit, a.Other, a.SamePartner, a.EventID, t.now).Error
	if isDuplicate(err) {
		return false, nil
	}
	return err == nil, err
}

// AnswerOf answers what a browser said.
func (t *Tx) AnswerOf(link ID, visit string) (Answer, error) {
	return first[Answer](t.db, "SELECT link_id,visit,other,same_partner,event_id FROM readers WHERE link_id = ? AND visit = ?", link, visit)
}

// Sighting is one visit of a link and what its reader said.
type Sighting struct {
	Visit     string
	Class     string
	StartedAt time.Time
	Network   []byte
	Facts     Facts
	Other     *bool // the answer to 「別の方ですか?」; nil = none
}

// SightingsOf answers the visits of a link, in order; the first hundred.
func (t *Tx) SightingsOf(link ID) ([]Sighting, error) {
	return all[Sighting](t.db, "SELECT v.visit,v.class,v.started_at,v.network,v.facts,r.other FROM visits v LEFT JOIN readers r ON r.link_id = v.link_id AND r.visit = v.visit "+
		"WHERE v.link_id = ? ORDER BY v.started_at LIMIT 100", link)
}

// SightingsElsewhere answers the human visits of a person's other links begun in
// [from, to), the newest first; the first hundred.
func (t *Tx) SightingsElsewhere(l Link, from, to time.Time) ([]Sighting, error) {
	if l.PersonID.IsZero() {
		return nil, nil
	}
	return all[Sighting](t.db, "SELECT v.visit,v.class,v.started_at,v.network,v.facts FROM links l JOIN visits v ON v.link_id = l.id "+
		"WHERE l.person_id = ? AND l.id <> ? AND v.class = 'human' AND v.started_at >= ? AND v.started_at < ? ORDER BY v.started_at DESC LIMIT 100", l.PersonID, l.ID, from, to)
}

// Reached is how many people of a partner a material has reached.
type Reached struct {
	Own        int // people whose own link was really opened
	Colleagues int // others of the same company who said so on a forwarded link
}

// Reach answers, per partner key, how many people a material reached. Readers who
// said that they are from elsewhere, or nothing, are nobody's reach. Staff scope.
func (t *Tx) Reach(material string) (map[string]Reached, error) {
	type row struct {
		PartnerKey string
		N          int
	}
	own, err := all[row](t.db, "SELECT p.`key` AS partner_key, COUNT(DISTINCT l.person_id) AS n FROM events e JOIN links l ON l.id = e.link_id JOIN partners p ON p.id = l.partner_id "+
		"LEFT JOIN visits v ON v.link_id = e.link_id AND v.visit = e.visit WHERE e.kind = 'opened' AND e.object_key = ? AND COALESCE(v.class, e.class) = 'human' GROUP BY p.`key`", material)
	if err != nil {
		return nil, err
	}
	others, err := all[row](t.db, "SELECT p.`key` AS partner_key, COUNT(*) AS n FROM readers r JOIN links l ON l.id = r.link_id JOIN partners p ON p.id = l.partner_id "+
		"WHERE r.other = 1 AND r.same_partner = 1 AND l.material_key = ? GROUP BY p.`key`", material)
	if err != nil {
		return nil, err
	}
	out := map[string]Reached{}
	for _, r := range own {
		out[r.PartnerKey] = Reached{Own: r.N}
	}
	for _, r := range others {
		one := out[r.PartnerKey]
		one.Colleagues = r.N
		out[r.PartnerKey] = one
	}
	return out, nil
}
