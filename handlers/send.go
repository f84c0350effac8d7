package handlers

import (
	"maps"
	"strings"

	"akari/bot"
	"akari/models"
)

// sending says how a message leaves.
type sending struct {
	to       bot.Address
	act      bot.Act // "" = bot.Post
	priority bot.Priority
	guard    string                   // a last look before sending, see models.Guard…
	fallback string                   // Slack: the room whose ephemeral carries it if the direct message is refused
	reply    bool                     // may use the inbound's one-shot way to answer
	ref      string                   // message that Update and Delete change
	after    models.ID                // not before this one is sent
	person   *models.Who              // who it is for; nil = the one who acts
	about    []func(*models.Delivery) // what it carries
}

// send fits a message to its platform and queues it: one row is one API call,
// and a later part waits for the one before it.
// It answers the id of the last row.
func (t *Turn) send(m bot.Message, s sending) (last models.ID) {
	p := t.h.platforms[s.to.Platform]
	if p == nil { // a platform that was switched off since: nobody could send it
		t.h.Log.Warn("a message for a platform that is off", "platform", s.to.Platform)
		return last
	}
	if s.act == "" {
		s.act = bot.Post
	}
	who := t.Who
	if s.person != nil {
		who = *s.person
	}
	var ds []models.Delivery
	for _, parts := range bot.Pack(bot.Fit(m, p.Limits()), p.Limits()) {
		d := models.Delivery{
			ID: models.NewID(), Act: s.act, To: s.to, Parts: parts, Priority: s.priority, PartnerID: who.Partner.ID, PersonID: who.Person.ID,
			CauseID: t.event.ID, Guard: s.guard, Ref: s.ref, FallbackRoom: s.fallback,
		}
		if !s.to.Direct && t.Room.Room == s.to.Room && !t.Room.PartnerID.IsZero() {
			d.PartnerID = t.Room.PartnerID
		}
		for _, about := range s.about {
			about(&d)
		}
		ds = append(ds, d)
	}
	t.useReply(p, s, &ds[0])
	models.Chain(ds)
	ds[0].AfterID = s.after
	t.owed = append(t.owed, ds...)
	return ds[len(ds)-1].ID
}

// useReply gives a delivery the inbound's one-shot way to answer, once: a
// Slack trigger to the form it opens, a LINE reply token to the first message
// that goes where the person spoke, Slack's response_url to a private word.
func (t *Turn) useReply(p bot.Platform, s sending, d *models.Delivery) {
	r := &t.In.Reply
	switch {
	case s.act == bot.OpenForm && r.Token != "",
		s.act == bot.Post && p.Limits().Replies && r.Token != "" && s.to.Room == t.In.At.Room && s.to.User == t.In.At.User:
		d.Reply = bot.Reply{Token: r.Token, Until: r.Until}
		r.Token = ""
		t.hurry = append(t.hurry, d.ID.String())
	case s.act == bot.Private && s.reply && r.URL != "":
		d.Reply = bot.Reply{URL: r.URL}
	}
}

// Prepare puts the personal link into a delivery just before its bytes are
// made: no row and no dump holds an address that opens anything.
func (h *Handlers) Prepare(d models.Delivery, parts []bot.Message) ([]bot.Message, error) {
	open := func(bs []bot.Button) {
		for i := range bs {
			if bs[i].Press.Args.Get("d") == pressHere {
				bs[i].Press.Args = maps.Clone(bs[i].Press.Args)
				bs[i].Press.Args.Set("d", d.ID.String())
			}
			switch what, id, _ := strings.Cut(bs[i].Open, ":"); what {
			case openLink:
				bs[i].Open = h.PublicURL + "/v/" + h.token(tokenLink, d.LinkID)
			case openStaff:
				if entry, err := models.ParseID(id); err == nil {
					bs[i].Open = h.PublicURL + "/staff/enter/" + h.token(tokenStaff, entry)
				}
			case openForm:
				draft, err := models.ParseID(id)
				if err == nil {
					bs[i].Open = h.PublicURL + "/f/" + h.token(tokenForm, draft)
				}
			}
		}
	}
	for i := range parts {
		open(parts[i].Buttons)
		if v := parts[i].Video; v != nil && v.URL == openLink {
			parts[i].Video = h.openVideo(*v, d.LinkID)
		}
		if f := parts[i].Form; f != nil { // in a message it is a way to its page
			form, way := *f, []bot.Button{{Open: f.Open}}
			open(way)
			form.Open, parts[i].Form = way[0].Open, &form
		}
		for j := range parts[i].Cards {
			open(parts[i].Cards[j].Buttons)
		}
	}
	return parts, nil
}

// What stands for an address in a message until Prepare fills it in.
const (
	openLink  = "link"
	openForm  = "form"
	openStaff = "staff"
)

// pressHere stands in a press for the delivery that the button is on.
const pressHere = "here"

// Ended follows a delivery's end, in its transaction: a form that came too late
// is offered again.
func (h *Handlers) Ended(tx *models.Tx, d models.Delivery) error {
	p := h.platforms[d.Platform]
	if d.Act != bot.OpenForm || d.State != models.StateExpired || p == nil { // nil: it was switched off since
		return nil
	}
	id, err := models.ParseID(d.Ref)
	if err != nil {
		return nil //nolint:nilerr // a form without a draft of ours has nothing to offer again
	}
	draft, err := tx.DraftOf(id)
	if err != nil {
		return ignoreMissing(err)
	}
	lang := "ja"
	if who, err := tx.WhoisPerson(d.PersonID); err == nil && who.Person.Language != "" {
		lang = who.Person.Language
	}
	to := d.Where()
	m := bot.Message{Text: h.Library.Say(lang, "form.late", "title", draft.Form.Title), Private: true, Buttons: []bot.Button{
		{Label: h.Library.Say(lang, "form.again"), Press: bot.NewPress("form.open", "d", draft.ID.String())},
	}}
	act := bot.Private
	if to.Direct {
		act = bot.Post
	}
	again := models.Delivery{Act: act, To: to, Priority: bot.Answers, PartnerID: d.PartnerID, PersonID: d.PersonID}
	again.Parts = bot.Fit(m, p.Limits())
	return tx.QueueDeliveries(again)
}

// Tell says something somewhere else than where this turn happens.
func (t *Turn) Tell(to bot.Address, who models.Who, m bot.Message, about ...func(*models.Delivery)) {
	t.send(m, sending{to: to, priority: bot.Notices, person: &who, about: about})
}

// TellStaff says something to the vendor's staff: in their rooms, or, where
// there is none, to those who have the admin role.
func (t *Turn) TellStaff(m bot.Message) error {
	rooms, err := t.staffRooms()
	if err != nil {
		return err
	}
	for _, at := range rooms {
		t.Tell(at, models.Who{}, m)
	}
	if len(rooms) > 0 {
		return nil
	}
	staff, err := t.tx.StaffIn("")
	if err != nil {
		return err
	}
	for _, p := range staff {
		if !p.Has("admin") {
			continue
		}
		to, ok, err := t.addressOf(p.ID)
		if err != nil {
			return err
		}
		if ok {
			t.Tell(to, models.Who{Person: p}, m)
		}
	}
	return nil
}

// staffRooms are the staff's rooms on the platforms that are on, without those that
// outsiders read. What happens in the playground stays there.
func (t *Turn) staffRooms() ([]bot.Address, error) {
	if t.In.At.Platform == "playground" {
		return []bot.Address{{Platform: "playground", Connection: "playground", Room: PlaygroundStaffRoom}}, nil
	}
	rooms, err := t.tx.StaffRooms()
	if err != nil {
		return nil, err
	}
	var named []models.Room
	for _, at := range t.h.StaffRooms {
		r, err := t.tx.RoomAt(at)
		if err != nil {
			return nil, err
		}
		named = append(named, r)
	}
	var out []bot.Address
	for _, r := range append(named, rooms...) {
		if t.h.platforms[r.Platform] != nil && !r.Outsiders() && !contains(out, r.Address()) {
			out = append(out, r.Address())
		}
	}
	return out, nil
}

func contains(as []bot.Address, a bot.Address) bool {
	for _, b := range as {
		if a.Platform == b.Platform && a.Connection == b.Connection && a.Room == b.Room {
			return true
		}
	}
	return false
}

// addressOf is one-to-one talk with a person, on a platform that is on.
func (t *Turn) addressOf(person models.ID) (bot.Address, bool, error) {
	accounts, err := t.tx.AccountsOf(person)
	if err != nil {
		return bot.Address{}, false, err
	}
	for _, a := range accounts {
		if t.h.platforms[a.Platform] != nil && !a.Fact.Gone {
			return bot.Address{Platform: a.Platform, Connection: a.Connection, User: a.User, Direct: true}, true, nil
		}
	}
	return bot.Address{}, false, nil
}
