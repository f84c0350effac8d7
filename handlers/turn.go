package handlers

import (
	"crypto/sha256"
	"strings"
	"time"
	"unicode"

	"akari/bot"
	"akari/content"
	"akari/models"
)

// Turn is one inbound being handled inside one transaction. What it collects
// is written together at the end, or not at all.
type Turn struct {
	h    *Handlers
	tx   *models.Tx
	In   bot.Inbound
	Who  models.Who
	Room models.Room // of a shared room; zero in one-to-one talk
	Lang string

	actor actor
	orgs  []string     // of the room's partner
	event models.Event // the one row of this inbound; handlers fill in what it was
	more  []models.Event
	texts []models.Text
	links []models.Link
	owed  []models.Delivery
	out   bot.Outcome
	draft models.Draft // of a submission
	hurry []string

	most   int  // how many choices a field may be offered; 0 = as many as a chat shows
	queued bool // something was queued beside owed
	board  bool // a campaign's message in the staff's rooms has to change
}

// Say words a sentence in the person's language.
func (t *Turn) Say(key string, args ...any) string { return t.h.Library.Say(t.Lang, key, args...) }

// Record appends a further event, caused by this inbound.
func (t *Turn) Record(kind string, change func(*models.Event)) models.Event {
	e := t.newEvent(kind)
	e.CauseID = t.event.ID
	if change != nil {
		change(&e)
	}
	t.more = append(t.more, e)
	return e
}

// keep keeps what was written, apart from the log, and answers its id.
func (t *Turn) keep(kind, body string) models.ID {
	x := models.Text{ID: models.NewID(), EventID: t.event.ID, PersonID: t.Who.Person.ID, Kind: kind, Body: body}
	if t.In.Kind == bot.Said {
		x.MessageHash = messageHash(t.In)
	}
	t.texts = append(t.texts, x)
	return x.ID
}

// newEvent is an event about the one who acts here.
func (t *Turn) newEvent(kind string) models.Event {
	e := models.Event{
		ID: models.NewID(), Kind: kind, Platform: t.In.At.Platform, Connection: t.In.At.Connection,
		PartnerID: t.actor.partner, PersonID: t.Who.Person.ID, RoomID: t.Room.ID, OccurredAt: t.In.Time,
	}
	if t.actor.staff {
		e.Class = models.ClassStaff
	} else if !t.Who.Person.ID.IsZero() {
		e.Class = models.ClassHuman
	}
	if !t.h.PersonLevel {
		e.PersonID = models.ID{}
	}
	return e
}

// reader is who is asking, as far as content needs to know. In a shared room
// everybody reads the answer: then it is the room's partner that asks, and
// where anybody else can read, only what everybody may know is said.
func (t *Turn) reader() content.Reader {
	if t.In.At.Direct {
		return t.ownReader()
	}
	if t.openRoom() {
		return content.Reader{PublicOnly: true, Lang: t.Lang}
	}
	if t.Room.Kind == models.RoomStaff {
		return content.Reader{Staff: true, Lang: t.Lang}
	}
	if t.Room.PartnerID == t.Who.Partner.ID && !t.Room.PartnerID.IsZero() {
		return reader(t.Who.Partner, t.Lang)
	}
	p, err := t.tx.Partner(t.Room.PartnerID)
	if err != nil { // no partner, no content beyond what everybody may know
		return content.Reader{PublicOnly: true, Lang: t.Lang}
	}
	return reader(p, t.Lang)
}

// ownReader is the person alone, for what only they will see.
func (t *Turn) ownReader() content.Reader {
	switch {
	case t.actor.staff:
		return content.Reader{Staff: true, Lang: t.Lang}
	case t.Who.Partner.ID.IsZero():
		return content.Reader{PublicOnly: true, Lang: t.Lang}
	}
	return reader(t.Who.Partner, t.Lang)
}

func reader(p models.Partner, lang string) content.Reader {
	return content.Reader{Partner: p.Key, Tier: p.Tier, Tags: p.Tags, Lang: lang}
}

// openRoom tells whether somebody beyond the room's partner can read along:
// another organisation, or a member of another partner who is speaking here.
func (t *Turn) openRoom() bool {
	if t.Room.Kind == models.RoomStaff {
		return !t.actor.staff
	}
	if !t.actor.staff && t.Who.Partner.ID != t.Room.PartnerID {
		return true
	}
	return t.actor.foreignOrgs
}

// here is where an answer to this inbound goes.
func (t *Turn) here() bot.Address { return t.In.At }

// direct is the one-to-one talk with the one who acts.
func (t *Turn) direct() bot.Address {
	if t.In.At.Direct {
		return t.In.At
	}
	return bot.Address{Platform: t.In.From.Platform, Connection: t.In.From.Connection, User: t.In.From.User, Direct: true}
}

// Reply answers where the person spoke: in the thread, or in one-to-one talk.
func (t *Turn) Reply(m bot.Message) {
	d := sending{to: t.here(), priority: bot.Answers}
	if !t.In.At.Direct && !t.reader().PublicOnly {
		d.guard = t.guard()
	}
	t.send(m, d)
}

// guard asks for a last look, right before sending, at who can read a room.
func (t *Turn) guard() string {
	if t.In.At.Platform == "slack" && t.Room.Kind == models.RoomShared {
		return models.GuardPartner
	}
	return ""
}

// Whisper says something that only the one who acts may see (rulings 5): in
// one-to-one talk where the platform has no other way.
func (t *Turn) Whisper(m bot.Message, about ...func(*models.Delivery)) {
	t.whisper([]bot.Message{m}, about...)
}

// whisper is Whisper for several messages, one after the other.
func (t *Turn) whisper(ms []bot.Message, about ...func(*models.Delivery)) {
	s := sending{to: t.direct(), priority: bot.Answers, about: about}
	all := func() {
		for _, m := range ms {
			m.Private = true
			s.after = t.send(m, s)
		}
	}
	if t.In.At.Direct {
		all()
		return
	}
	switch t.In.At.Platform {
	case "slack":
		s.act, s.fallback = bot.Private, t.In.At.Room
		all()
		t.hint(s.after)
	case "line":
		if t.In.From.User == "" || t.Who.Account.Fact.Gone {
			t.send(bot.Message{Text: t.Say("line.add_friend"), Buttons: t.addFriend()}, sending{to: t.here(), priority: bot.Answers})
			return
		}
		all()
	case "playground":
		s.to, s.act = t.In.At, bot.Private
		s.to.User = t.In.From.User
		all()
	default:
		all()
	}
}

// hint tells in the room, to the one who acts alone, that the answer lies in
// their direct messages, once it does.
func (t *Turn) hint(after models.ID) {
	to := t.In.At
	to.User = t.In.From.User
	t.send(bot.Message{Text: t.Say("private.sent"), Private: true}, sending{to: to, act: bot.Private, priority: bot.Answers, reply: true, after: after})
}

func (t *Turn) addFriend() []bot.Button {
	if t.h.AddFriendURL == "" {
		return nil
	}
	return []bot.Button{{Label: t.Say("line.add_friend_button"), Open: t.h.AddFriendURL}}
}

// Refuse says politely that something cannot be done, to the one who asked.
func (t *Turn) Refuse(key string, args ...any) {
	m := bot.Message{Text: t.Say(key, args...), Private: true}
	if t.In.At.Direct || t.In.At.Platform == "lineworks" || t.In.At.Platform == "line" {
		t.send(m, sending{to: t.here(), priority: bot.Answers, reply: true})
		return
	}
	to := t.In.At
	to.User = t.In.From.User
	t.send(m, sending{to: to, act: bot.Private, priority: bot.Answers, reply: true})
}

// Form hands a form to the one who pressed or commanded. Where the platform has
// no forms, or the moment for one has passed, it is a link to its web twin.
func (t *Turn) Form(f bot.Form) error {
	id := models.NewID()
	f.Draft, f.Lang = id.String(), t.Lang
	f.Cancel, f.Label = t.Say("form.cancel"), t.Say("form.open")
	f.Open = openForm + ":" + f.Draft
	err := t.tx.NewDraft(models.Draft{ID: id, Name: f.Name, PersonID: t.Who.Person.ID, From: t.In.From, Form: f, At: t.In.At, ExpiresAt: t.tx.Now().Add(formLife(f))})
	if err != nil {
		return err
	}
	t.handForm(f)
	return nil
}

// handForm opens a form, or hands out a way to it: where the platform has forms a
// button, because only a fresh press may open one, else its page.
func (t *Turn) handForm(f bot.Form) {
	native := t.h.platforms[t.In.At.Platform].Limits().Forms && fits(f)
	switch {
	case native && t.In.Reply.Token != "":
		to := t.In.At
		to.User = t.In.From.User
		t.send(bot.Message{Text: f.Title, Form: &f}, sending{to: to, act: bot.OpenForm, priority: bot.Answers, about: []func(*models.Delivery){
			func(d *models.Delivery) { d.Ref = f.Draft }, // what Ended offers again
		}})
	case native:
		t.private(bot.Message{Text: f.Title + formText(f), Buttons: []bot.Button{{Label: f.Label, Press: bot.NewPress("form.open", "d", f.Draft), Style: bot.Primary}}})
	default:
		t.Whisper(bot.Message{Text: f.Title + formText(f), Form: &f})
	}
}

// formLife is how long a form can be sent: one whose content is kept waits longer
// for somebody to come back to it.
func formLife(f bot.Form) time.Duration {
	if f.Keep {
		return 30 * 24 * time.Hour
	}
	return 24 * time.Hour
}

// fits tells whether what stands in a form fits into a chat's own fields: a longer
// text would come back cut, so it is handed out as the page.
func fits(f bot.Form) bool {
	for _, x := range f.Fields {
		for _, v := range x.Value {
			if len([]rune(v)) > 3000 {
				return false
			}
		}
	}
	return true
}

func formText(f bot.Form) string {
	if f.Text == "" {
		return ""
	}
	return "\n" + f.Text
}

// language guesses what a text is written in: any kana or kanji is Japanese,
// two words of other letters are English. One word alone ("CSV", a code) says
// nothing.
func language(text string) string {
	letters := false
	for _, r := range text {
		if unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Han) {
			return "ja"
		}
		letters = letters || unicode.IsLetter(r)
	}
	if letters && len(strings.Fields(text)) > 1 {
		return "en"
	}
	return ""
}

// messageHash is what a withdrawal finds a kept text by.
func messageHash(in bot.Inbound) []byte {
	if in.Message == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{in.At.Platform, in.At.Connection, in.At.Room, in.Message}, "\x00")))
	return sum[:]
}
