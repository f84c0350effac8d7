package models

import (
	"fmt"
	"strings"
	"time"
)

// CampaignReport is how a campaign stands, counted from rows: recipients, not
// messages. A recipient is in the state of its message in the newest round, and
// `sent` only if every part is.
type CampaignReport struct {
	AudienceSize int      `json:"audience_size"`
	Sent         int      `json:"sent"`
	Failed       int      `json:"failed"`
	Unconfirmed  int      `json:"unconfirmed"`
	Held         int      `json:"held"`
	Skipped      int      `json:"skipped"`
	Cancelled    int      `json:"cancelled"`
	Expired      int      `json:"expired"`
	Queued       int      `json:"queued"`
	Sending      int      `json:"sending"`
	Opened       int      `json:"opened"`
	Completed    int      `json:"completed"`
	Acknowledged int      `json:"acknowledged"`
	Used         int      `json:"used"`
	Owed         int      `json:"owed"` // people who were to acknowledge
	Missing      []string `json:"missing"`
}

// rankings order the states of the parts of one message: the recipient is in the
// first of them that any part is in.
var rankings = []string{StateSending, StateUnconfirmed, StateHeld, StateFailed, StateExpired, StateQueued, StateCancelled, StateSkipped, StateSent}

func rankCase(column string) string {
	var b strings.Builder
	b.WriteString("CASE " + column)
	for i, s := range rankings {
		b.WriteString(" WHEN '" + s + "' THEN " + string(rune('0'+i)))
	}
	return b.String() + " ELSE 0 END"
}

// newest is that a delivery d of a campaign is of its address's newest round: no
// round follows it. Rounds follow one another without a gap, so what is followed
// is found by equalities, from the few rows of later rounds. DISTINCT makes MariaDB
// find them once, instead of reading all of a campaign for each of its rows.
func newest(campaign int64) string {
	return fmt.Sprintf("d.id NOT IN (SELECT f.id FROM (SELECT DISTINCT o.id FROM deliveries l JOIN deliveries o ON o.campaign_id = l.campaign_id AND o.step = l.step AND o.round = l.round - 1 AND o.address = l.address WHERE l.campaign_id = %d AND l.round > 0) AS f)", campaign)
}

// AudienceSize answers how many recipients a campaign has.
func (t *Tx) AudienceSize(campaign int64) (int, error) {
	return first[int](t.db, "SELECT COUNT(*) FROM recipients WHERE campaign_id = ?", campaign)
}

// Progress counts the recipients of a campaign by the state they are in. Those
// whose deliveries are still to be written are queued.
func (t *Tx) Progress(campaign int64) (CampaignReport, error) {
	r := CampaignReport{Missing: []string{}}
	seats, err := t.seats(campaign, "", "")
	if err != nil {
		return r, err
	}
	for _, s := range seats {
		*r.field(rankings[s.Standing]) += s.N
	}
	if r.AudienceSize, err = t.AudienceSize(campaign); err != nil {
		return r, err
	}
	c, err := first[Campaign](t.db, "SELECT state FROM campaigns WHERE id = ?", campaign)
	r.rest(c.State)
	return r, err
}

// seats counts recipients by where their message stands in its newest round; inner
// and outer are for counting by partner. An address is one person's or a room, so
// that the index gives one recipient after the other.
func (t *Tx) seats(campaign int64, inner, outer string) ([]seat, error) {
	return all[seat](t.db, "SELECT "+outer+"x.standing, COUNT(*) AS n FROM (SELECT "+inner+"d.address, MIN("+rankCase("d.state")+") AS standing FROM deliveries d"+t.by("deliveries_standing")+" WHERE d.campaign_id = ? AND d.step = 0 AND "+newest(campaign)+
		" GROUP BY d.person_id, "+inner+"d.address) AS x GROUP BY "+outer+"x.standing", campaign)
}

// among limits a count to what belongs to some partners; nil = all.
func among(column string, partners []ID, args ...any) (string, []any) {
	if partners == nil {
		return "", args
	}
	return " AND " + column + " IN ?", append(args, partners)
}

// seat is where a recipient stands.
type seat struct {
	PartnerID ID
	Standing  int
	N         int
}

// field is where a state is counted.
func (r *CampaignReport) field(state string) *int {
	return map[string]*int{StateSending: &r.Sending, StateQueued: &r.Queued, StateUnconfirmed: &r.Unconfirmed, StateHeld: &r.Held, StateFailed: &r.Failed,
		StateExpired: &r.Expired, StateCancelled: &r.Cancelled, StateSkipped: &r.Skipped, StateSent: &r.Sent}[state]
}

// rest counts those whose deliveries are not written yet.
func (r *CampaignReport) rest(state string) {
	left := r.AudienceSize - (r.Sending + r.Queued + r.Unconfirmed + r.Held + r.Failed + r.Expired + r.Cancelled + r.Skipped + r.Sent)
	if left <= 0 {
		return
	}
	if state == CampaignCancelled {
		r.Cancelled += left
	} else {
		r.Queued += left
	}
}

// ReportCampaign is Progress with what came of it. Staff scope.
func (t *Tx) ReportCampaign(c Campaign) (CampaignReport, error) {
	r, err := t.progressAndDeeds(c)
	if err != nil {
		return r, err
	}
	owed, err := t.Owed(c)
	for _, o := range owed {
		r.owes(o)
	}
	return r, err
}

// CountCampaign is ReportCampaign with how many are missing instead of who: see
// MissingOf. Staff scope.
func (t *Tx) CountCampaign(c Campaign) (r CampaignReport, missing int, err error) {
	if r, err = t.progressAndDeeds(c); err != nil || c.Spec.Ack == nil {
		return r, 0, err
	}
	from, args := t.owers(c, "")
	n, err := first[struct{ Owed, Missing int }](t.db, "SELECT COUNT(*) AS owed, COUNT(CASE WHEN k.who IS NULL THEN 1 END) AS missing"+from, args...)
	r.Owed = n.Owed
	return r, n.Missing, err
}

// progressAndDeeds is a report but for who owes an acknowledgement.
func (t *Tx) progressAndDeeds(c Campaign) (CampaignReport, error) {
	r, err := t.Progress(c.ID)
	if err != nil {
		return r, err
	}
	count := func(sql string, args ...any) (n int) {
		if err == nil {
			n, err = first[int](t.db, sql, args...)
		}
		return n
	}
	if err := t.did(c.ID, "", func(ID) *CampaignReport { return &r }); err != nil {
		return r, err
	}
	r.Acknowledged = count("SELECT COUNT(DISTINCT k.person_id) FROM acks k WHERE k.campaign_id = ? AND k.undone_at IS NULL AND "+wholly("j.person_id = k.person_id"), c.ID)
	r.Used = count("SELECT COUNT(DISTINCT person_id) FROM uses WHERE campaign_id = ? AND undone_at IS NULL", c.ID)
	return r, err
}

func (r *CampaignReport) owes(o Ower) {
	r.Owed++
	if !o.Acknowledged {
		r.Missing = append(r.Missing, o.PersonKey)
	}
}

// did counts people whose visits of a campaign's links show an opening and a
// completion; with "l.partner_id, " by partner.
func (t *Tx) did(campaign int64, by string, of func(partner ID) *CampaignReport) error {
	type row struct {
		PartnerID ID
		Kind      string
		N         int
	}
	rows, err := all[row](t.db, "SELECT "+by+"e.kind, COUNT(DISTINCT l.person_id) AS n FROM links l JOIN events e ON e.link_id = l.id LEFT JOIN visits v ON v.link_id = e.link_id AND v.visit = e.visit "+
		"WHERE l.campaign_id = ? AND e.kind IN ? AND "+humanly+" GROUP BY "+by+"e.kind", campaign, []string{Opened, Completed})
	for _, x := range rows {
		if r := of(x.PartnerID); x.Kind == Opened {
			r.Opened = x.N
		} else {
			r.Completed = x.N
		}
	}
	return err
}

// ReportCampaignByPartner is ReportCampaign for the people and rooms of each partner
// alone. Staff scope.
func (t *Tx) ReportCampaignByPartner(c Campaign) (map[ID]CampaignReport, error) {
	by := map[ID]*CampaignReport{}
	of := func(partner ID) *CampaignReport {
		if by[partner] == nil {
			by[partner] = &CampaignReport{Missing: []string{}}
		}
		return by[partner]
	}
	seats, err := t.seats(c.ID, "d.partner_id, ", "x.partner_id, ")
	if err != nil {
		return nil, err
	}
	for _, s := range seats {
		*of(s.PartnerID).field(rankings[s.Standing]) += s.N
	}
	if err := t.did(c.ID, "l.partner_id, ", of); err != nil {
		return nil, err
	}
	type row struct {
		PartnerID ID
		N         int
	}
	const perPartner = "partner_id, COUNT(DISTINCT person_id) AS n FROM "
	for _, q := range []struct {
		sql  string
		into func(*CampaignReport) *int
	}{
		{"SELECT partner_id, COUNT(*) AS n FROM recipients WHERE campaign_id = ? GROUP BY partner_id", func(r *CampaignReport) *int { return &r.AudienceSize }},
		{"SELECT " + perPartner + "acks k WHERE k.campaign_id = ? AND k.undone_at IS NULL AND " + wholly("j.person_id = k.person_id") + " GROUP BY partner_id", func(r *CampaignReport) *int { return &r.Acknowledged }},
		{"SELECT " + perPartner + "uses WHERE campaign_id = ? AND undone_at IS NULL GROUP BY partner_id", func(r *CampaignReport) *int { return &r.Used }},
	} {
		rows, err := all[row](t.db, q.sql, c.ID)
		if err != nil {
			return nil, err
		}
		for _, x := range rows {
			*q.into(of(x.PartnerID)) = x.N
		}
	}
	owed, err := t.Owed(c)
	for _, o := range owed {
		of(o.PartnerID).owes(o)
	}
	out := map[ID]CampaignReport{}
	for partner, r := range by {
		r.rest(c.State)
		out[partner] = *r
	}
	return out, err
}

// Add adds what another partner came to: people and rooms are of one partner each.
func (r *CampaignReport) Add(o CampaignReport) {
	for _, n := range []struct {
		into *int
		n    int
	}{
		{&r.AudienceSize, o.AudienceSize}, {&r.Sent, o.Sent}, {&r.Failed, o.Failed}, {&r.Unconfirmed, o.Unconfirmed}, {&r.Held, o.Held}, {&r.Skipped, o.Skipped}, {&r.Cancelled, o.Cancelled},
		{&r.Expired, o.Expired}, {&r.Queued, o.Queued}, {&r.Sending, o.Sending}, {&r.Opened, o.Opened}, {&r.Completed, o.Completed}, {&r.Acknowledged, o.Acknowledged}, {&r.Used, o.Used}, {&r.Owed, o.Owed},
	} {
		*n.into += n.n
	}
	r.Missing = append(r.Missing, o.Missing...)
}

// Ower is a person who was to acknowledge a campaign.
type Ower struct {
	PersonID     ID
	PersonKey    string
	PartnerID    ID
	Roles        string
	Acknowledged bool // also by a colleague, where one per partner suffices
}

// owers are, as FROM and WHERE of a query, the people w who were to acknowledge:
// those whom the message reached, or, of a message into rooms, the people of the
// partners whose room it reached. Who came when it was over owes nothing, unless they
// acknowledge all the same. k.who is null for those who have not. with joins what else
// is asked for.
func (t *Tx) owers(c Campaign, with string) (from string, args []any) {
	deliveries := " FROM deliveries d" + t.by("deliveries_standing") + " WHERE d.campaign_id = ? AND d.step = 0 AND " + newest(c.ID)
	reached, there := "SELECT d.person_id AS who"+deliveries+" GROUP BY d.person_id HAVING MIN("+rankCase("d.state")+") = 8", "r.who = w.id"
	args = []any{c.ID}
	if c.ToKind == ToRooms {
		reached, there = "SELECT DISTINCT d.partner_id AS who"+deliveries+" AND d.state = 'sent' AND d.part = 0", "r.who = w.partner_id AND w.left_at IS NULL"
		if c.FinishedAt != nil {
			there += " AND (w.created_at <= ? OR EXISTS (SELECT 1 FROM acks k WHERE k.campaign_id = ? AND k.person_id = w.id AND k.undone_at IS NULL))"
			args = append(args, *c.FinishedAt, c.ID)
		}
	}
	theirs, done := "person_id", "k.who = w.id"
	if c.Spec.Ack.Rule == AckOnePerPartner {
		theirs, done = "partner_id", "k.who = w.partner_id"
	}
	acks := "SELECT DISTINCT k." + theirs + " AS who FROM acks k WHERE k.campaign_id = ? AND k.undone_at IS NULL AND " + wholly("j."+theirs+" = k."+theirs)
	return " FROM (" + reached + ") AS r JOIN people w ON " + there + " LEFT JOIN (" + acks + ") AS k ON " + done + with + " WHERE w.side = 'member'", append(args, c.ID)
}

// Owed answers the people who were to acknowledge, in the order of their ids.
func (t *Tx) Owed(c Campaign) ([]Ower, error) {
	if c.Spec.Ack == nil {
		return nil, nil
	}
	from, args := t.owers(c, "")
	return all[Ower](t.db, "SELECT w.id AS person_id, w.`key` AS person_key, w.partner_id, w.roles, k.who IS NOT NULL AS acknowledged"+from+" ORDER BY w.id", args...)
}

// Missing is somebody who was to acknowledge and has not, as staff read a list.
type Missing struct {
	Key         string
	Name        string
	PartnerKey  string
	PartnerName string
}

// MissingOf answers who of a campaign is missing, in the order of ReportCampaign; of
// those whose name or key, or whose partner's, contains text. Staff scope.
func (t *Tx) MissingOf(c Campaign, text string, limit, offset int) ([]Missing, error) {
	if c.Spec.Ack == nil {
		return nil, nil
	}
	from, args := t.owers(c, " JOIN partners p ON p.id = w.partner_id")
	which := " AND k.who IS NULL"
	if text != "" {
		like := "%" + escapeLike(text) + "%"
		which, args = which+" AND (w.name LIKE ? ESCAPE '!' OR w.`key` LIKE ? ESCAPE '!' OR p.name LIKE ? ESCAPE '!' OR p.`key` LIKE ? ESCAPE '!')", append(args, like, like, like, like)
	}
	return all[Missing](t.db, "SELECT w.`key`, w.name, p.`key` AS partner_key, p.name AS partner_name"+from+which+" ORDER BY w.id LIMIT ? OFFSET ?", append(args, limit, offset)...)
}

// Trouble is one recipient whom a person has to look at.
type Trouble struct {
	DeliveryID ID
	PartnerKey string
	Partner    string
	PersonKey  string
	Person     string
	Platform   string
	Address    string
	Step       int
	Round      int
	State      string
	ErrorCode  string
	IntentAt   *time.Time
}

// Troubles lists what of a campaign is unconfirmed, held or failed in its newest
// round, one by one, the doubtful first.
func (t *Tx) Troubles(campaign int64, limit, offset int) ([]Trouble, error) {
	return all[Trouble](t.db, `SELECT d.id AS delivery_id, p.`+"`key`"+` AS partner_key, p.name AS partner, w.`+"`key`"+` AS person_key, w.name AS person, d.platform, d.address, d.step, d.round, d.state, d.error_code, d.intent_at
FROM deliveries d`+t.by("deliveries_standing")+` LEFT JOIN partners p ON p.id = d.partner_id LEFT JOIN people w ON w.id = d.person_id
WHERE d.campaign_id = ? AND d.state IN ('unconfirmed','held','failed') AND d.error_code <> 'part_before'
AND `+newest(campaign)+`
ORDER BY CASE d.state WHEN 'unconfirmed' THEN 0 WHEN 'held' THEN 1 ELSE 2 END, d.id LIMIT ? OFFSET ?`, campaign, limit, offset)
}

// SkippedOf answers who is not sent to, and why: by the recipients' reasons and
// by what was skipped when it was due.
func (t *Tx) SkippedOf(campaign int64) (map[string]int, error) {
	type row struct {
		Reason string
		N      int
	}
	rows, err := all[row](t.db, "SELECT d.error_code AS reason, COUNT(DISTINCT d.address) AS n FROM deliveries d WHERE d.campaign_id = ? AND d.state = 'skipped' AND d.step = 0 AND "+newest(campaign)+" GROUP BY d.error_code", campaign)
	out := map[string]int{}
	for _, r := range rows {
		out[r.Reason] = r.N
	}
	return out, err
}

// LockRound answers the whole newest round of the message that a delivery is of,
// with its text, locked, in the order of its parts.
func (t *Tx) LockRound(d Delivery) ([]Delivery, error) {
	return all[Delivery](t.db, "SELECT * FROM deliveries WHERE campaign_id = ? AND step = ? AND address = ? AND round = (SELECT MAX(m.round) FROM deliveries m WHERE m.campaign_id = ? AND m.step = ? AND m.address = ?) ORDER BY part"+t.store.lockingOne(),
		d.CampaignID, d.Step, d.Address, d.CampaignID, d.Step, d.Address)
}

// Sent answers the messages of a campaign that a platform took and that can be
// changed there, first the message itself, then the later ones; after a cursor, for
// recall.
func (t *Tx) Sent(campaign int64, platform string, after Delivery, limit int) ([]Delivery, error) {
	where, args := "", []any{campaign, platform}
	if !after.ID.IsZero() {
		where, args = " AND (step > ? OR step = ? AND id > ?)", append(args, after.Step, after.Step, after.ID)
	}
	return all[Delivery](t.db, "SELECT "+settleColumns+" FROM deliveries WHERE campaign_id = ? AND platform = ? AND state = 'sent' AND act IN ('post','private')"+where+" ORDER BY step, id LIMIT ?", append(args, limit)...)
}

// WindowPartners answers the partners to whom a campaign still owes something
// that is due by now.
func (t *Tx) WindowPartners(campaign int64) ([]Partner, error) {
	return all[Partner](t.db, "SELECT "+partnerColumns+" FROM partners p WHERE p.id IN (SELECT DISTINCT d.partner_id FROM deliveries d WHERE d.campaign_id = ? AND d.state = 'queued' AND d.part = 0 AND d.due_at <= ?)", campaign, t.now)
}

// ReplaceRound ends what of a round is still open, because a person sends the
// message anew: it is cancelled, and the next round counts.
func (t *Tx) ReplaceRound(parts []Delivery) error {
	ids := make([]ID, len(parts))
	for i, d := range parts {
		ids[i] = d.ID
	}
	return t.db.Exec("UPDATE deliveries SET state = 'cancelled', error_code = 'resent', ended_at = ?, body = NULL, sealed = NULL, epoch = epoch + 1 WHERE id IN ? AND state IN ('held','unconfirmed')", t.now, ids).Error
}
