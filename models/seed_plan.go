package models

import (
	"context"
	"slices"
	"strings"
	"time"
)

// seedHave is what the database holds already, by key. 10,000 people are a few
// megabytes, so it is read at once rather than row by row.
type seedHave struct {
	partners map[string]Partner
	people   map[string]Person
	accounts map[string]Account // by platform, connection, user
	rooms    map[string]Room    // by platform, connection, room
	orgs     map[string]ID      // Slack organisation → partner
	days     map[ID]map[string]bool
	told     map[[2]string]Owned // whom seeds named as owners last
}

func identityKey(platform, connection, id string) string {
	return platform + "\x00" + connection + "\x00" + id
}

func (t *Tx) seedHave() (h seedHave, err error) {
	h = seedHave{map[string]Partner{}, map[string]Person{}, map[string]Account{}, map[string]Room{}, map[string]ID{}, nil, nil}
	partners, err := all[Partner](t.db, "SELECT "+partnerColumns+" FROM partners p")
	if err != nil {
		return h, err
	}
	for _, p := range partners {
		h.partners[p.Key] = p
	}
	people, err := all[Person](t.db, "SELECT id,`key`,side,partner_id,name,department,roles,language,sample,left_at FROM people")
	if err != nil {
		return h, err
	}
	for _, p := range people {
		h.people[p.Key] = p
	}
	accounts, err := all[Account](t.db, "SELECT id,platform,connection,user,person_id,claim FROM accounts")
	if err != nil {
		return h, err
	}
	for _, a := range accounts {
		h.accounts[identityKey(a.Platform, a.Connection, a.User)] = a
	}
	rooms, err := all[Room](t.db, "SELECT "+roomColumns+" FROM rooms")
	if err != nil {
		return h, err
	}
	for _, r := range rooms {
		h.rooms[identityKey(r.Platform, r.Connection, r.Room)] = r
	}
	type org struct {
		Org       string
		PartnerID ID
	}
	orgs, err := all[org](t.db, "SELECT org, partner_id FROM partner_orgs WHERE platform = 'slack'")
	for _, o := range orgs {
		h.orgs[o.Org] = o.PartnerID
	}
	if err != nil {
		return h, err
	}
	days, err := t.days("")
	if err != nil {
		return h, err
	}
	h.days = days.Own
	h.told, err = t.told(OwnedPartner)
	return h, err
}

// planSeed works out what has to be written. Contradictions are a *SeedRefused.
func (s *Store) planSeed(ctx context.Context, seed Seed) (*seedPlan, error) {
	p := &seedPlan{seed: seed, partnerIDs: map[string]ID{}, personIDs: map[string]ID{}}
	var now time.Time
	if err := s.View(ctx, func(t *Tx) (err error) {
		now = t.now
		p.have, err = t.seedHave()
		return err
	}); err != nil {
		return nil, err
	}
	p.names()
	p.tree()
	people := p.insert("people", "id,`key`,side,partner_id,name,department,roles,language,sample,created_at,updated_at")
	partners := p.insert("partners", "id,`key`,name,tier,parent_id,tags,region,language,time_zone,owner_id,department,sample,created_at,updated_at")
	orgs := p.insert("partner_orgs", "platform,org,partner_id")
	days := p.insert("partner_days", "partner_id,day,closed")
	rooms := p.insert("rooms", "id,platform,connection,room,kind,partner_id,name,fact,created_at")
	accounts := p.insert("accounts", "id,platform,connection,user,person_id,claim,fact,created_at")
	for _, one := range seed.Staff {
		p.person(people, accounts, one, SideStaff, ID{}, now)
	}
	for _, r := range seed.Rooms {
		p.room(rooms, r, ID{}, now)
	}
	for _, one := range seed.Partners {
		p.partner(partners, one, now)
		p.orgs(orgs, one)
		p.days(days, one)
		for _, r := range one.Rooms {
			p.room(rooms, r, p.partnerIDs[one.Key], now)
		}
		for _, m := range one.People {
			p.person(people, accounts, m, SideMember, p.partnerIDs[one.Key], now)
		}
	}
	if len(p.problems) > 0 {
		slices.SortStableFunc(p.problems, func(a, b Problem) int { return a.Line - b.Line })
		return nil, &SeedRefused{p.problems}
	}
	p.stepAside()
	return p, nil
}

// names gives every key its id: the one it has, or a new one.
func (p *seedPlan) names() {
	for key, row := range p.have.partners {
		p.partnerIDs[key] = row.ID
	}
	for key, row := range p.have.people {
		p.personIDs[key] = row.ID
	}
	person := func(key string) {
		if _, ok := p.personIDs[key]; !ok {
			p.personIDs[key] = NewID()
		}
	}
	for _, one := range p.seed.Staff {
		person(one.Key)
	}
	for _, one := range p.seed.Partners {
		if _, ok := p.partnerIDs[one.Key]; !ok {
			p.partnerIDs[one.Key] = NewID()
		}
		for _, m := range one.People {
			person(m.Key)
		}
	}
}

// tree checks that every parent exists and that no partner is above itself.
func (p *seedPlan) tree() {
	keyOf := map[ID]string{}
	parent := map[string]string{}
	for key, row := range p.have.partners {
		keyOf[row.ID] = key
	}
	for key, row := range p.have.partners {
		parent[key] = keyOf[row.ParentID]
	}
	for _, one := range p.seed.Partners {
		parent[one.Key] = one.Parent
	}
	for _, one := range p.seed.Partners {
		if _, ok := p.partnerIDs[one.Parent]; one.Parent != "" && !ok {
			p.bad(one.Line, "partner %s: parent %s is neither in this file nor in the database", one.Key, one.Parent)
		}
		steps := 0
		for key := one.Parent; key != "" && steps <= len(parent); key = parent[key] {
			if steps++; key == one.Key {
				p.bad(one.Line, "partner %s is above itself: its parents run in a circle", one.Key)
				break
			}
		}
	}
}

func (p *seedPlan) partner(in *seedInsert, one SeedPartner, now time.Time) {
	owner := p.owner(one)
	id, parent := p.partnerIDs[one.Key], p.partnerIDs[one.Parent]
	tags := Strings(one.Tags).JSON()
	old, exists := p.have.partners[one.Key]
	// A file that goes on saying the same does not undo a hand-over.
	told := p.have.told[[2]string{OwnedPartner, one.Key}]
	newly := told.PersonID != owner || told.Department != one.Department
	if exists && !newly {
		owner, one.Department = old.OwnerID, old.Department
	}
	switch {
	case !exists:
		p.result.Partners.Added++
		in.add(id, one.Key, one.Name, one.Tier, parent, tags, one.Region, one.Language, one.TimeZone, owner, one.Department, truth(p.seed.Sample), now, now)
	case p.seed.Sample && !old.Sample: // the operator's own row has this key
		p.result.Partners.Unchanged++
	case old.Name == one.Name && old.Tier == one.Tier && old.ParentID == parent && old.Tags.JSON() == tags && old.Region == one.Region &&
		old.Language == one.Language && old.TimeZone == one.TimeZone && old.OwnerID == owner && old.Department == one.Department && old.Sample == p.seed.Sample:
		p.result.Partners.Unchanged++
	default:
		p.result.Partners.Changed++
		p.update(changePartner,
			one.Name, one.Tier, parent, tags, one.Region, one.Language, one.TimeZone, owner, one.Department, truth(p.seed.Sample), now, id)
	}
	if newly && (!p.seed.Sample || !exists || old.Sample) {
		p.update("INSERT INTO owners (kind,object_key,from_at,person_id,department,source) VALUES (?,?,?,?,?,?)", OwnedPartner, one.Key, now, owner, one.Department, ownedByFile)
	}
}

// owner finds the staff member who answers for a partner.
func (p *seedPlan) owner(one SeedPartner) ID {
	if one.Owner == "" {
		return ID{}
	}
	if old, ok := p.have.people[one.Owner]; ok && old.Side == SideStaff {
		return old.ID
	}
	if slices.ContainsFunc(p.seed.Staff, func(s SeedPerson) bool { return s.Key == one.Owner }) {
		return p.personIDs[one.Owner]
	}
	p.bad(one.Line, "partner %s: owner %s is no staff member, neither in this file nor in the database", one.Key, one.Owner)
	return ID{}
}

func (p *seedPlan) orgs(in *seedInsert, one SeedPartner) {
	id := p.partnerIDs[one.Key]
	for _, org := range one.SlackOrgs {
		switch old, exists := p.have.orgs[org]; {
		case !exists:
			p.result.Orgs.Added++
			in.add("slack", org, id)
		case old == id:
			p.result.Orgs.Unchanged++
		default:
			p.result.Orgs.Changed++
			p.update("UPDATE partner_orgs SET partner_id=? WHERE platform='slack' AND org=?", id, org)
		}
	}
	if !one.OrgsGiven {
		return
	}
	for org, partner := range p.have.orgs {
		if partner == id && !slices.Contains(one.SlackOrgs, org) && !p.claimed(org) {
			p.result.Orgs.Changed++
			p.deletedOrgs = append(p.deletedOrgs, org)
		}
	}
}

// days writes a partner's own days; those that a given list does not hold any more go.
func (p *seedPlan) days(in *seedInsert, one SeedPartner) {
	id := p.partnerIDs[one.Key]
	have := p.have.days[id]
	put := func(day string, closed bool) {
		switch old, exists := have[day]; {
		case !exists:
			p.result.Days.Added++
			in.add(id, day, truth(closed))
		case old == closed:
			p.result.Days.Unchanged++
		default:
			p.result.Days.Changed++
			p.update("UPDATE partner_days SET closed=? WHERE partner_id=? AND day=?", truth(closed), id, day)
		}
	}
	for _, day := range one.Days.Holidays {
		put(day, true)
	}
	for _, day := range one.Days.Workdays {
		put(day, false)
	}
	for day, closed := range have {
		given := closed && one.Days.HolidaysGiven || !closed && one.Days.WorkdaysGiven
		if given && !slices.Contains(one.Days.Holidays, day) && !slices.Contains(one.Days.Workdays, day) {
			p.result.Days.Changed++
			p.update("DELETE FROM partner_days WHERE partner_id=? AND day=? AND closed=?", id, day, truth(closed))
		}
	}
}

// claimed tells whether another partner of this file has the organisation now.
func (p *seedPlan) claimed(org string) bool {
	return slices.ContainsFunc(p.seed.Partners, func(one SeedPartner) bool { return slices.Contains(one.SlackOrgs, org) })
}

func (p *seedPlan) person(in, accounts *seedInsert, one SeedPerson, side string, partner ID, now time.Time) {
	count := &p.result.People
	if side == SideStaff {
		count = &p.result.Staff
	}
	id, roles := p.personIDs[one.Key], strings.Join(one.Roles, ",")
	old, exists := p.have.people[one.Key]
	switch {
	case !exists:
		count.Added++
		in.add(id, one.Key, side, partner, one.Name, one.Department, roles, one.Language, truth(p.seed.Sample), now, now)
	case old.Side != side:
		p.bad(one.Line, "person %s is on the other side in the database (%s); a person never changes sides, use another key", one.Key, old.Side)
		return
	case p.seed.Sample && !old.Sample:
		count.Unchanged++
	case old.Name == one.Name && old.Department == one.Department && old.Roles == roles && (one.Language == "" || old.Language == one.Language) &&
		old.PartnerID == partner && old.Sample == p.seed.Sample && old.LeftAt == nil:
		count.Unchanged++
	default:
		count.Changed++
		language := one.Language
		if language == "" { // the bot has learnt it from what they write
			language = old.Language
		}
		p.update("UPDATE people SET partner_id=?, name=?, department=?, roles=?, language=?, sample=?, left_at=NULL, updated_at=? WHERE id=?",
			partner, one.Name, one.Department, roles, language, truth(p.seed.Sample), now, id)
	}
	for _, a := range one.Accounts {
		p.account(accounts, a, id, now)
	}
}

func (p *seedPlan) account(in *seedInsert, a SeedAccount, person ID, now time.Time) {
	switch old, exists := p.have.accounts[identityKey(a.Platform, a.Connection, a.User)]; {
	case !exists:
		p.result.Accounts.Added++
		in.add(NewID(), a.Platform, a.Connection, a.User, person, a.Org, "", now)
	case old.PersonID == person && old.Claim == a.Org:
		p.result.Accounts.Unchanged++
	default:
		p.result.Accounts.Changed++
		p.update("UPDATE accounts SET person_id=?, claim=? WHERE id=?", person, a.Org, old.ID)
	}
}

func (p *seedPlan) room(in *seedInsert, r SeedRoom, partner ID, now time.Time) {
	switch old, exists := p.have.rooms[identityKey(r.Platform, r.Connection, r.ID)]; {
	case !exists:
		p.result.Rooms.Added++
		in.add(NewID(), r.Platform, r.Connection, r.ID, r.Kind, partner, r.Name, "", now)
	case old.Kind == r.Kind && old.PartnerID == partner && (r.Name == "" || old.Name == r.Name):
		p.result.Rooms.Unchanged++
	default:
		p.result.Rooms.Changed++
		name := r.Name
		if name == "" { // the platform's own name for it
			name = old.Name
		}
		p.update("UPDATE rooms SET kind=?, partner_id=?, name=? WHERE id=?", r.Kind, partner, name, old.ID)
	}
}

// stepAside tells whether this seed brings the first partner of the operator's own.
func (p *seedPlan) stepAside() {
	if p.seed.Sample || len(p.seed.Partners) == 0 {
		return
	}
	for _, row := range p.have.partners {
		if !row.Sample {
			return
		}
	}
	p.first = true
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}
