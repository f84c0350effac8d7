package handlers

import (
	"slices"
	"time"

	"akari/bot"
	"akari/models"
)

// How old a fact about an account or a room may be (rulings 11). Reading is
// less than acting; a room is looked at more often because one invitation
// changes who reads along.
const (
	maxAgeRead = 24 * time.Hour
	maxAgeAct  = 10 * time.Minute
	maxAgeRoom = time.Hour
)

// factWait is how long an inbound waits for a fact (rulings 10).
const factWait = 2 * time.Minute

// actor is what an identity may be taken for here, decided from facts alone.
type actor struct {
	known       bool
	staff       bool
	partner     models.ID // of a member
	foreignOrgs bool      // an organisation beyond the room's partner can read along
}

// verdict is what becomes of an inbound before its handler is looked for.
type verdict int

const (
	goOn verdict = iota
	waitForFacts
	unknownPerson
	unmappedRoom
)

// identify finds out who acts and where, from verified rows and facts. It fails
// closed: what is not known for certain has no authority.
func (t *Turn) identify(maxAge time.Duration) (verdict, error) {
	if err := t.look(); err != nil {
		return 0, err
	}
	if t.lacksFacts(maxAge) {
		return waitForFacts, nil
	}
	if t.In.From.Platform == "slack" && t.In.From.User != "" && t.older(t.Who.Account.FactAt, maxAgeRead) {
		// Of a member an old fact serves for now, but somebody may have left.
		if err := t.tx.WantPerson(t.In.From); err != nil {
			return 0, err
		}
	}
	if err := t.introduce(); err != nil {
		return 0, err
	}
	ok, err := t.trusted()
	if err != nil {
		return 0, err
	}
	if ok {
		t.actor.known = true
		t.actor.staff = t.Who.Person.Side == models.SideStaff
		t.actor.partner = t.Who.Partner.ID
	}
	if t.In.At.Direct || t.In.At.Room == "" {
		if !ok {
			return unknownPerson, nil
		}
		return goOn, nil
	}
	if err := t.adopt(); err != nil {
		return 0, err
	}
	if !t.Room.Mapped() {
		return unmappedRoom, nil
	}
	if !ok {
		return unknownPerson, nil
	}
	t.actor.foreignOrgs = t.foreign()
	return goOn, nil
}

// look reads the rows of the person and the room.
func (t *Turn) look() (err error) {
	if t.In.From.Platform != "playground" {
		scene, err := t.tx.Look(t.In.From, t.In.At)
		t.Who, t.Room, t.orgs = scene.Who, scene.Room, scene.Orgs
		if t.Room.Kind == models.RoomStaff && t.Room.Outsiders() {
			t.Room.Kind = "" // whoever invited them made it nobody's, until staff say whose it is
		}
		return err
	}
	if t.Who, err = t.tx.WhoisKey(t.In.From, t.In.From.User); err != nil || t.In.At.Direct || t.In.At.Room == "" {
		return err
	}
	t.Room, err = t.playgroundRoom()
	return err
}

// lacksFacts tells whether a fact has to be fetched before anything is decided.
func (t *Turn) lacksFacts(maxAge time.Duration) bool {
	return t.lacksPerson(maxAge) || t.lacksRoom()
}

func (t *Turn) lacksPerson(maxAge time.Duration) bool {
	a := t.Who.Account
	switch {
	case t.In.From.User == "":
		return false
	case t.In.From.Platform == "slack":
		if t.Who.Person.Side == models.SideStaff {
			return t.older(a.FactAt, maxAge)
		}
		return a.FactAt == nil
	case t.In.From.Platform == "lineworks":
		return t.Who.Person.Side == models.SideStaff && t.older(a.FactAt, maxAge)
	case t.In.From.Platform == "line": // in a group: what is only for them goes one-to-one, to friends alone
		return !t.In.At.Direct && t.Who.Known() && a.FactAt == nil
	}
	return false
}

func (t *Turn) lacksRoom() bool {
	return t.In.At.Platform == "slack" && !t.In.At.Direct && t.In.At.Room != "" && t.Room.Kind != models.RoomStaff && t.older(t.Room.FactAt, maxAgeRoom)
}

func (t *Turn) older(at *time.Time, age time.Duration) bool {
	return at == nil || t.tx.Now().Sub(*at) > age
}

// wait keeps the inbound and asks for the facts it needs.
func (t *Turn) wait() error {
	if t.lacksPerson(maxAgeAct) {
		if t.Who.Account.ID.IsZero() {
			if err := t.tx.AddAccount(t.In.From, models.ID{}); err != nil {
				return err
			}
		}
		if err := t.tx.HurryPerson(t.In.From); err != nil {
			return err
		}
	}
	if t.lacksRoom() {
		if t.Room.ID.IsZero() {
			room, err := t.tx.AddRoom(t.In.At)
			if err != nil {
				return err
			}
			t.Room = room
		}
		if err := t.tx.WantRoom(t.Room.ID); err != nil {
			return err
		}
	}
	return t.tx.Wait(t.In, t.tx.Now().Add(factWait))
}

// introduce makes a member of somebody who writes for the first time from a
// place that proves where they belong (rulings 10).
func (t *Turn) introduce() error {
	if t.In.From.User == "" || !t.Who.Person.ID.IsZero() {
		return nil
	}
	var partner models.ID
	claim := ""
	switch t.In.From.Platform {
	case "slack":
		f := t.Who.Account.Fact
		if f.Gone || f.Bot || f.Home || f.Guest {
			return nil
		}
		ids, err := t.tx.PartnersOfOrgs("slack", f.Orgs)
		if err != nil || len(ids) != 1 {
			return err
		}
		partner = ids[0]
		orgs, err := t.tx.OrgsOf("slack", partner)
		if err != nil {
			return err
		}
		claim = common(f.Orgs, orgs)
	case "lineworks":
		c := t.h.Connections[t.In.From.Connection]
		if c.Side != "partner" {
			return nil
		}
		p, err := t.tx.PartnerByKey(c.Partner)
		if err != nil {
			return ignoreMissing(err)
		}
		partner = p.ID
	default:
		return nil
	}
	return t.join(partner, claim)
}

// join makes the one who acts a member of a partner.
func (t *Turn) join(partner models.ID, claim string) error {
	p, err := t.tx.AddMember(partner, t.Who.Account.Fact.Name, language(t.In.Text))
	if err != nil {
		return err
	}
	if t.Who.Account.ID.IsZero() {
		if err := t.tx.AddAccount(t.In.From, p.ID); err != nil {
			return err
		}
	}
	if err := t.tx.BindAccount(t.In.From, p.ID, claim); err != nil {
		return err
	}
	if t.Who.Account.FactAt == nil {
		if err := t.tx.HurryPerson(t.In.From); err != nil {
			return err
		}
	}
	t.Who, err = t.tx.Whois(t.In.From)
	return err
}

// trusted tells whether the account row and the platform's facts agree that
// this is the person the row says.
func (t *Turn) trusted() (bool, error) {
	if !t.Who.Known() {
		return false, nil
	}
	f, staff := t.Who.Account.Fact.PersonFact, t.Who.Person.Side == models.SideStaff
	switch t.In.From.Platform {
	case "slack":
		if f.Gone || f.Bot || t.Who.Account.FactAt == nil {
			return false, nil
		}
		if claim := t.Who.Account.Claim; claim != "" && !slices.Contains(f.Orgs, claim) {
			return false, nil
		}
		if staff {
			return f.Home && !f.Guest && !f.External, nil
		}
		if t.Who.Account.Claim == "" { // nothing claimed: then the organisation must prove it
			ids, err := t.tx.PartnersOfOrgs("slack", f.Orgs)
			return err == nil && len(ids) == 1 && ids[0] == t.Who.Partner.ID, err
		}
		return true, nil
	case "lineworks":
		if c := t.h.Connections[t.In.From.Connection]; c.Side == "partner" {
			return !staff && t.Who.Partner.Key == c.Partner, nil
		}
	}
	// Elsewhere a signed word from somebody shows that they are there; only of
	// staff is more asked.
	return !f.Bot && !(staff && f.Gone), nil
}

// adopt maps a room whose owner follows from where it is: staff's room of the
// configuration, and a room in a partner's own LINE WORKS, which is that partner's.
func (t *Turn) adopt() error {
	if t.In.At.Platform == "playground" && t.In.At.Room != PlaygroundNewRoom {
		return nil
	}
	if t.Room.ID.IsZero() {
		room, err := t.tx.AddRoom(t.In.At)
		if err != nil {
			return err
		}
		t.Room = room
		if t.In.At.Platform == "playground" {
			t.Room.Name = t.h.Library.Say("ja", "play.new_room")
			if err := t.tx.SaveRoomFact(room.ID, bot.RoomFact{Name: t.Room.Name, Member: true}); err != nil {
				return err
			}
		}
	}
	if !t.Room.Mapped() && contains(t.h.StaffRooms, t.In.At) && !t.Room.Outsiders() {
		// The configuration says whose it is; a room that outsiders read is not staff's.
		t.Room.Kind = models.RoomStaff
		return t.tx.MapRoom(t.Room.ID, models.ID{})
	}
	c := t.h.Connections[t.In.At.Connection]
	if t.Room.Mapped() || t.In.At.Platform != "lineworks" || c.Side != "partner" {
		return nil
	}
	p, err := t.tx.PartnerByKey(c.Partner)
	if err != nil {
		return ignoreMissing(err)
	}
	t.Room.Kind, t.Room.PartnerID = models.RoomShared, p.ID
	return t.tx.MapRoom(t.Room.ID, p.ID)
}

// foreign tells whether an organisation beyond the room's partner can read it.
func (t *Turn) foreign() bool {
	if t.Room.Kind != models.RoomShared {
		return false
	}
	for _, org := range t.Room.Fact.Orgs {
		if !slices.Contains(t.orgs, org) {
			return true
		}
	}
	return false
}

func common(a, b []string) string {
	for _, x := range a {
		if slices.Contains(b, x) {
			return x
		}
	}
	return ""
}

// The playground's room of staff, and the one that is nobody's until staff say
// whose it is; a partner's room there is called by the partner's key.
const (
	PlaygroundStaffRoom = "staff"
	PlaygroundNewRoom   = "new-room"
)

// playgroundRoom makes up the room: the playground has one for each partner and
// one for staff. Only the new one has a row, because it can be mapped.
func (t *Turn) playgroundRoom() (models.Room, error) {
	r := models.Room{Platform: "playground", Connection: "playground", Room: t.In.At.Room}
	switch r.Room {
	case PlaygroundStaffRoom:
		r.Kind = models.RoomStaff
		return r, nil
	case PlaygroundNewRoom:
		return t.tx.RoomAt(r.Address())
	}
	p, err := t.tx.PartnerByKey(r.Room)
	if err != nil {
		return r, ignoreMissing(err)
	}
	r.Kind, r.PartnerID, r.Name = models.RoomShared, p.ID, p.Name
	return r, nil
}
