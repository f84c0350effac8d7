package models

import (
	"errors"
	"maps"
	"slices"
	"time"

	"akari/bot"
)

// Why somebody in an audience is not sent to: the word in recipients.reason and
// in a skipped delivery's error_code.
const (
	SkipNoAccount    = "no_account"
	SkipLeft         = "left"
	SkipNotFriend    = "not_friend"   // LINE: blocked us, or never was a friend
	SkipGone         = "gone"         // the account does not exist any more
	SkipOtherOrg     = "other_org"    // the platform says the account belongs to somebody else's organisation
	SkipPlatformOff  = "platform_off" // their only account is on a platform that is off
	SkipOverCap      = "over_cap"     // the partner has had its campaigns of the week
	SkipQuota        = "line_quota"   // LINE's monthly quota does not reach so far
	SkipForeignOrgs  = "foreign_orgs" // somebody beyond the partner reads the room
	SkipRoomGone     = "room_gone"    // archived, or the bot is not in it
	SkipMaterial     = "material"     // a material is not for this partner
	SkipInvalid      = "not_valid"    // a material is outside its validity
	SkipAcknowledged = "acknowledged" // has acknowledged in the meantime
	SkipOpened       = "opened"       // has opened in the meantime
	SkipNotSent      = "not_sent"     // the message itself did not reach them
)

// The kinds of recipient.
const (
	KindPerson = "person"
	KindRoom   = "room"
	KindPlay   = "play" // a partner's room in the playground
)

// Recipient is one person or room that a campaign is for, with what is known of
// them.
type Recipient struct {
	TargetID ID
	Kind     string
	Reason   string
	Newcomer bool // came into the audience after the launch
	Partner  Partner
	Person   Person    // of KindPerson
	Accounts []Account // of KindPerson
	Room     Room      // of KindRoom
	Orgs     []string  // of the partner, on Slack
}

// Key names the recipient: the person's key, or the room's address.
func (r Recipient) Key() string {
	switch r.Kind {
	case KindPerson:
		return r.Person.Key
	case KindRoom:
		return r.Room.Address().String()
	}
	return "playground:" + r.Partner.Key
}

// Address is where a room is; a person's follows from their accounts.
func (r Recipient) Address() bot.Address {
	if r.Kind == KindPlay {
		return bot.Address{Platform: "playground", Connection: "playground", Room: r.Partner.Key}
	}
	return r.Room.Address()
}

// LockPlanning lets one campaign at a time resolve its audience, so that two
// cannot both be the last that a partner's weekly cap allows.
func (t *Tx) LockPlanning() error {
	_, err := first[int64](t.db, "SELECT value FROM versions WHERE name = 'campaigns'"+t.store.lockingOne())
	if errors.Is(err, ErrNotFound) {
		err = t.db.Exec("INSERT INTO versions (name, value) VALUES ('campaigns', 0)").Error
		if isDuplicate(err) {
			_, err = first[int64](t.db, "SELECT value FROM versions WHERE name = 'campaigns'"+t.store.lockingOne())
		}
	}
	return err
}

// ResolveAudience writes down who the campaign is for: every target of the rule
// by one statement, and those whose partner has had cap campaigns in the week
// [from, to) as over it (cap 0 = none). It answers how many they are.
func (t *Tx) ResolveAudience(c Campaign, g Targets, limit int, from, to time.Time) (int, error) {
	sql, args := g.selectTargets(t.now)
	args = append([]any{c.ID, t.now}, args...)
	err := t.db.Exec("INSERT INTO recipients (campaign_id, target_id, kind, partner_id, reason, created_at) SELECT ?, x.target_id, x.kind, x.partner_id, '', ? FROM ("+sql+") AS x", args...).Error
	if err != nil {
		return 0, err
	}
	if limit > 0 {
		full, err := t.PartnersAtCap(c.ID, limit, from, to)
		if err != nil {
			return 0, err
		}
		for ; len(full) > 0; full = full[min(len(full), insertBatch):] {
			some := full[:min(len(full), insertBatch)]
			if err := t.db.Exec("UPDATE recipients SET reason = 'over_cap' WHERE campaign_id = ? AND partner_id IN ?", c.ID, some).Error; err != nil {
				return 0, err
			}
		}
	}
	if err := t.db.Exec("UPDATE campaigns SET resolved_at = ? WHERE id = ?", t.now, c.ID).Error; err != nil {
		return 0, err
	}
	if err := t.BeginStep(c.ID, 0); err != nil {
		return 0, err
	}
	return first[int](t.db, "SELECT COUNT(*) FROM recipients WHERE campaign_id = ?", c.ID)
}

// PartnersAtCap answers the partners to whom limit other campaigns go in the
// week [from, to). A campaign counts in the week in which it is due, from the
// moment its audience is resolved.
func (t *Tx) PartnersAtCap(but int64, limit int, from, to time.Time) ([]ID, error) {
	return all[ID](t.db, `SELECT r.partner_id FROM campaigns c JOIN recipients r ON r.campaign_id = c.id
WHERE c.id <> ? AND c.due_at >= ? AND c.due_at < ? AND c.resolved_at IS NOT NULL AND c.state <> 'cancelled' AND r.reason = ''
GROUP BY r.partner_id HAVING COUNT(DISTINCT c.id) >= ?`, but, micro(from), micro(to), limit)
}

// KeepMaterials binds what a step carries to the versions of now.
func (t *Tx) KeepMaterials(campaign int64, step int, ms []LinkMaterial) error {
	for i, m := range ms {
		err := t.db.Exec("INSERT INTO campaign_materials (campaign_id,step,position,material_key,material_version) VALUES (?,?,?,?,?)", campaign, step, i, m.MaterialKey, m.MaterialVersion).Error
		if err != nil && !isDuplicate(err) {
			return err
		}
	}
	return nil
}

// MaterialsOfStep answers what a step carries.
func (t *Tx) MaterialsOfStep(campaign int64, step int) ([]LinkMaterial, error) {
	return all[LinkMaterial](t.db, "SELECT material_key,material_version FROM campaign_materials WHERE campaign_id = ? AND step = ? ORDER BY position", campaign, step)
}

// StepRow says how far the deliveries of a step are written.
type StepRow struct {
	Step     int
	CursorID ID
	BeganAt  time.Time
	DoneAt   *time.Time
}

// BeginStep opens a step for writing its deliveries. Beginning twice is once.
func (t *Tx) BeginStep(campaign int64, step int) error {
	err := t.db.Exec("INSERT INTO campaign_steps (campaign_id,step,began_at) VALUES (?,?,?)", campaign, step, t.now).Error
	if isDuplicate(err) {
		return nil
	}
	return err
}

// StepsOf answers the steps that have begun.
func (t *Tx) StepsOf(campaign int64) ([]StepRow, error) {
	return all[StepRow](t.db, "SELECT step,cursor_id,began_at,done_at FROM campaign_steps WHERE campaign_id = ? ORDER BY step", campaign)
}

// LockStep answers one step and keeps others from writing its deliveries.
func (t *Tx) LockStep(campaign int64, step int) (StepRow, error) {
	return first[StepRow](t.db, "SELECT step,cursor_id,began_at,done_at FROM campaign_steps WHERE campaign_id = ? AND step = ?"+t.store.lockingOne(), campaign, step)
}

// MoveStep remembers that all recipients up to cursor have their deliveries.
func (t *Tx) MoveStep(campaign int64, step int, cursor ID, done bool) error {
	var at *time.Time
	if done {
		at = &t.now
	}
	return t.db.Exec("UPDATE campaign_steps SET cursor_id = COALESCE(?, cursor_id), done_at = ? WHERE campaign_id = ? AND step = ?", cursor, at, campaign, step).Error
}

// RecipientsAfter answers the next recipients in the order of their ids, with
// everything that decides whether and where they are reached.
func (t *Tx) RecipientsAfter(campaign int64, cursor ID, limit int) ([]Recipient, error) {
	if cursor.IsZero() {
		return t.recipients("campaign_id = ? ORDER BY target_id LIMIT ?", campaign, limit)
	}
	return t.recipients("campaign_id = ? AND target_id > ? ORDER BY target_id LIMIT ?", campaign, cursor, limit)
}

func (t *Tx) recipients(where string, args ...any) ([]Recipient, error) {
	type row struct {
		TargetID  ID
		Kind      string
		PartnerID ID
		Reason    string
		NextStep  *int
	}
	rows, err := all[row](t.db, "SELECT target_id,kind,partner_id,reason,next_step FROM recipients WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	out := make([]Recipient, len(rows))
	for i, r := range rows {
		out[i] = Recipient{TargetID: r.TargetID, Kind: r.Kind, Reason: r.Reason, Newcomer: r.NextStep != nil, Partner: Partner{ID: r.PartnerID}}
	}
	return out, t.fillRecipients(out)
}

// TargetsAfter answers the next targets of a rule that is not resolved yet, as
// RecipientsAfter does for one that is.
func (t *Tx) TargetsAfter(g Targets, cursor ID, limit int) ([]Recipient, error) {
	type row struct {
		TargetID  ID
		Kind      string
		PartnerID ID
	}
	sql, args := g.selectTargets(t.now)
	after := ""
	if !cursor.IsZero() {
		after, args = " WHERE x.target_id > ?", append(args, cursor)
	}
	rows, err := all[row](t.db, "SELECT x.target_id, x.kind, x.partner_id FROM ("+sql+") AS x"+after+" ORDER BY x.target_id LIMIT ?", append(args, limit)...)
	if err != nil {
		return nil, err
	}
	out := make([]Recipient, len(rows))
	for i, r := range rows {
		out[i] = Recipient{TargetID: r.TargetID, Kind: r.Kind, Partner: Partner{ID: r.PartnerID}}
	}
	return out, t.fillRecipients(out)
}

// fillRecipients reads people, accounts, rooms, partners and organisations of a
// batch with one statement each.
func (t *Tx) fillRecipients(rs []Recipient) error {
	if len(rs) == 0 {
		return nil
	}
	targets, partners := make([]ID, 0, len(rs)), make([]ID, 0, len(rs))
	seen := map[ID]bool{}
	for _, r := range rs {
		targets = append(targets, r.TargetID)
		if !seen[r.Partner.ID] {
			seen[r.Partner.ID] = true
			partners = append(partners, r.Partner.ID)
		}
	}
	ps, err := all[Partner](t.db, "SELECT "+partnerColumns+" FROM partners p WHERE p.id IN ?", partners)
	if err != nil {
		return err
	}
	type org struct {
		PartnerID ID
		Org       string
	}
	orgs, err := all[org](t.db, "SELECT partner_id, org FROM partner_orgs WHERE platform = 'slack' AND partner_id IN ?", partners)
	if err != nil {
		return err
	}
	people, accounts, rooms := []Person(nil), []Account(nil), []Room(nil)
	switch rs[0].Kind {
	case KindPerson:
		if people, err = all[Person](t.db, "SELECT id,`key`,side,partner_id,name,roles,language,left_at FROM people WHERE id IN ?", targets); err != nil {
			return err
		}
		accounts, err = all[Account](t.db, "SELECT id,platform,connection,user,person_id,claim,fact_at,fact,wanted_at FROM accounts WHERE person_id IN ? ORDER BY created_at DESC, id DESC", targets)
	case KindRoom:
		rooms, err = all[Room](t.db, "SELECT "+roomColumns+" FROM rooms WHERE id IN ?", targets)
	}
	if err != nil {
		return err
	}
	byPartner, byPerson, byRoom := map[ID]Partner{}, map[ID]Person{}, map[ID]Room{}
	of, has := map[ID][]string{}, map[ID][]Account{}
	for _, p := range ps {
		byPartner[p.ID] = p
	}
	for _, o := range orgs {
		of[o.PartnerID] = append(of[o.PartnerID], o.Org)
	}
	for _, p := range people {
		byPerson[p.ID] = p
	}
	for _, a := range accounts {
		has[a.PersonID] = append(has[a.PersonID], a)
	}
	for _, r := range rooms {
		byRoom[r.ID] = r
	}
	for i := range rs {
		r := &rs[i]
		r.Partner, r.Orgs = byPartner[r.Partner.ID], of[r.Partner.ID]
		r.Person, r.Accounts, r.Room = byPerson[r.TargetID], has[r.TargetID], byRoom[r.TargetID]
	}
	return nil
}

// SkipRecipients remembers why some recipients are not sent to.
func (t *Tx) SkipRecipients(campaign int64, reasons map[ID]string) error {
	by := map[string][]ID{}
	for id, reason := range reasons {
		by[reason] = append(by[reason], id)
	}
	for reason, ids := range by {
		if err := t.db.Exec("UPDATE recipients SET reason = ? WHERE campaign_id = ? AND target_id IN ?", reason, campaign, ids).Error; err != nil {
			return err
		}
	}
	return nil
}

// HandLinks writes the personal links of a batch; what lies behind those with
// several materials is the same for all.
func (t *Tx) HandLinks(links []Link, materials []LinkMaterial) error {
	for from := 0; from < len(links); from += insertBatch {
		some := links[from:min(from+insertBatch, len(links))]
		if err := t.hand(some); err != nil {
			return err
		}
		if len(materials) < 2 {
			continue
		}
		var args []any
		for _, l := range some {
			for i, m := range materials {
				args = append(args, l.ID, i, m.MaterialKey, m.MaterialVersion)
			}
		}
		if err := t.db.Exec("INSERT INTO link_materials (link_id,position,material_key,material_version) VALUES "+rows(len(some)*len(materials), 4), args...).Error; err != nil {
			return err
		}
	}
	return nil
}

// SentBefore answers which of these recipients, people or rooms, the message of a campaign
// reached: every part of its newest round was sent.
func (t *Tx) SentBefore(campaign int64, rs []Recipient) (map[ID]bool, error) {
	type row struct {
		PersonID ID
		Address  string
	}
	out := map[ID]bool{}
	if len(rs) == 0 {
		return out, nil
	}
	column, of := "person_id", map[any]ID{}
	for _, r := range rs {
		if r.Kind == KindPerson {
			of[r.TargetID] = r.TargetID
			continue
		}
		column = "address"
		of[r.Address().String()] = r.TargetID
	}
	rows, err := all[row](t.db, "SELECT d."+column+" FROM deliveries d WHERE d.campaign_id = ? AND d."+column+" IN ? AND d.step = 0 AND "+newest(campaign)+
		" GROUP BY d."+column+" HAVING SUM(CASE WHEN d.state = 'sent' THEN 0 ELSE 1 END) = 0", campaign, slices.Collect(maps.Keys(of)))
	for _, r := range rows {
		if column == "address" {
			out[of[r.Address]] = true
		} else {
			out[r.PersonID] = true
		}
	}
	return out, err
}

// WantFactsOf asks the fact loop about every account and room that a rule picks
// and whose fact is older than since, so that they are known when it is due.
func (t *Tx) WantFactsOf(g Targets, since time.Time) error {
	sql, args := g.selectTargets(t.now)
	switch {
	case g.Playground:
		return nil
	case g.To == ToPeople:
		return t.db.Exec("UPDATE accounts SET wanted_at = ? WHERE platform IN ('slack','line') AND wanted_at IS NULL AND (fact_at IS NULL OR fact_at < ?) AND person_id IN (SELECT x.target_id FROM ("+sql+") AS x)",
			append([]any{t.now, micro(since)}, args...)...).Error
	}
	// MySQL does not update a table that it reads in the same statement, except through a derived one.
	return t.db.Exec("UPDATE rooms SET wanted_at = ? WHERE wanted_at IS NULL AND (fact_at IS NULL OR fact_at < ?) AND id IN (SELECT x.target_id FROM ("+sql+") AS x)",
		append([]any{t.now, micro(since)}, args...)...).Error
}

// PeopleAsRecipients answers people by id, in that order, as recipients.
func (t *Tx) PeopleAsRecipients(ids []ID) ([]Recipient, error) {
	type row struct{ ID, PartnerID ID }
	rows, err := all[row](t.db, "SELECT id, partner_id FROM people WHERE id IN ? ORDER BY id", ids)
	if err != nil {
		return nil, err
	}
	out := make([]Recipient, len(rows))
	for i, r := range rows {
		out[i] = Recipient{TargetID: r.ID, Kind: KindPerson, Partner: Partner{ID: r.PartnerID}}
	}
	return out, t.fillRecipients(out)
}

// WentTo tells whether a partner is among those that a campaign was for.
func (t *Tx) WentTo(campaign int64, partner ID) (bool, error) {
	if partner.IsZero() {
		return false, nil
	}
	n, err := first[int](t.db, "SELECT COUNT(*) FROM recipients WHERE campaign_id = ? AND partner_id = ?", campaign, partner)
	return n > 0, err
}
