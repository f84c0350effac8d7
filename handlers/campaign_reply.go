package handlers

import (
	"errors"
	"strconv"
	"strings"

	"akari/bot"
	"akari/content"
	"akari/models"
)

// shortReply is how long a reply may be, in characters, that is taken for a mere
// word of thanks.
const shortReply = 30

// replied handles what a member writes in the thread of a campaign's message: it
// reaches the campaign's owner. A question that the FAQ answers is answered as
// everywhere, and the owner gets a copy; anything else waits for the owner as a gap;
// a word of thanks waits for nobody. done: there is nothing more to do.
func (t *Turn) replied() (done bool, err error) {
	if t.In.At.Thread == "" || t.actor.staff {
		return false, nil
	}
	d, err := t.tx.LetterOf(t.In.At)
	if err != nil {
		return false, ignoreMissing(err)
	}
	theirs := d.PersonID == t.Who.Person.ID
	if d.PersonID.IsZero() {
		theirs = d.PartnerID == t.Who.Partner.ID
	}
	if !theirs {
		return false, nil
	}
	c, err := t.tx.CampaignOf(*d.CampaignID)
	if err != nil {
		return false, ignoreMissing(err)
	}
	t.event.CampaignID, t.event.DeliveryID = d.CampaignID, d.ID
	text := clip(strings.TrimSpace(t.In.Text), 2000)
	if t.h.Library.Search(text, t.reader()).Decision == content.Good {
		return false, t.copyReply(c, text, t.h.Library.Say("ja", "reply.answered"))
	}
	if t.isThanks(text) {
		t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Replied, "campaign", strconv.FormatInt(c.ID, 10)
		t.keep("reply", text)
		t.Reply(bot.Message{Text: t.Say("reply.thanks")})
		return true, t.copyReply(c, text, "")
	}
	t.event.Kind, t.event.ObjectKind = models.Escalated, "gap"
	name := strings.Join([]string{"campaign", strconv.FormatInt(c.ID, 10), t.Who.Person.ID.String(), content.Normalize(text)}, "\x00")
	return true, t.openGapOf(text, t.keep("question", text), name, c.OwnerID, func(m bot.Message) error {
		m.Text = t.h.Library.Say("ja", "reply.notice", "title", c.Title) + "\n" + m.Text
		return t.tellOwnerOf(c, m)
	})
}

// isThanks tells whether a reply is a word of thanks and nothing that wants an answer.
func (t *Turn) isThanks(text string) bool {
	if len([]rune(text)) > shortReply || strings.ContainsAny(text, "?？") {
		return false
	}
	said := strings.ToLower(text)
	for closing := range strings.SplitSeq(t.Say("reply.closings"), "|") {
		if strings.Contains(said, closing) {
			return true
		}
	}
	return false
}

// copyReply tells a campaign's owner what was written.
func (t *Turn) copyReply(c models.Campaign, text, more string) error {
	say := func(key string, args ...any) string { return t.h.Library.Say("ja", key, args...) }
	person := t.Who.Person.Name
	if !t.h.PersonLevel || person == "" {
		person = say("person.unnamed")
	}
	m := bot.Message{Text: strings.TrimSpace(say("reply.copy", "title", c.Title, "partner", t.Who.Partner.Name, "person", person, "text", text) + "\n" + more)}
	return t.tellOwnerOf(c, m)
}

// tellOwnerOf says something to a campaign's owner once the turn is committed.
func (t *Turn) tellOwnerOf(c models.Campaign, m bot.Message) error {
	who, err := t.tx.WhoisPerson(c.OwnerID)
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		return err
	}
	to, ok, err := t.addressOf(c.OwnerID)
	if err != nil {
		return err
	}
	if t.In.At.Platform == "playground" && who.Person.Key != "" { // what happens there stays there
		to, ok = bot.Address{Platform: "playground", Connection: "playground", User: who.Person.Key, Direct: true}, true
	}
	if !ok || who.Person.LeftAt != nil {
		return t.TellStaff(m)
	}
	t.Tell(to, who, m)
	return nil
}
