package handlers

import (
	"slices"
	"strconv"
	"time"

	"akari/bot"
	"akari/content"
	"akari/models"
)

// sendMaterial hands a material to the one who pressed: a personal link, for
// them alone.
func (t *Turn) sendMaterial() error {
	key := clip(t.In.Args.Get("m"), 128)
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Requested, "material", key
	m, state := t.h.Library.Material(key, t.ownReader())
	switch state {
	case content.Served:
		t.event.ObjectVersion = m.Version
		return t.hand(m)
	case content.Expired:
		t.event.Detail = models.Detail{"refused": "expired"}
		t.Refuse("material.expired", "title", m.Title.In(t.Lang), "owner", t.ownerOf(models.OwnedMaterial, m.Key, m.Owner))
	case content.NotYet:
		t.event.Detail = models.Detail{"refused": "not_yet"}
		t.Refuse("material.not_yet", "title", m.Title.In(t.Lang), "from", t.date(m.ValidFrom))
	default: // unknown, or not for this partner: the two look alike
		t.event.Detail = models.Detail{"refused": "unknown"}
		t.Refuse("material.unknown")
	}
	return nil
}

// hand makes a personal link and whispers it.
func (t *Turn) hand(m content.Material) error {
	campaign, err := t.campaignPressed()
	if err != nil {
		return err
	}
	link := models.Link{
		CampaignID: campaign,
		ID:         models.NewID(), PersonID: t.Who.Person.ID, PartnerID: t.Who.Partner.ID, MaterialKey: m.Key, MaterialVersion: m.Version,
		Language: t.Lang, ExpiresAt: t.tx.Now().Add(t.h.LinkTTL),
	}
	t.links = append(t.links, link)
	t.event.LinkID = link.ID
	t.Whisper(t.materialCard(m, link, nil), func(d *models.Delivery) {
		d.LinkID, d.MaterialKey, d.MaterialVersion = link.ID, m.Key, m.Version
	})
	return nil
}

// campaignPressed is the campaign whose message in a room was pressed: one that
// went to the partner of the one who pressed, or none.
func (t *Turn) campaignPressed() (*int64, error) {
	id, err := strconv.ParseInt(t.In.Args.Get("c"), 10, 64)
	if err != nil {
		return nil, nil //nolint:nilerr // pressed on no campaign
	}
	ok, err := t.tx.WentTo(id, t.Who.Partner.ID)
	if err != nil || !ok {
		return nil, err
	}
	return &id, nil
}

// day words a day in the vendor's zone.
func (t *Turn) day(at time.Time) string {
	at = at.In(t.h.Vendor.Zone)
	return t.Say("date", "month", t.Say("month."+strconv.Itoa(int(at.Month()))), "day", at.Day())
}

// date words a day of the content's files, YYYY-MM-DD.
func (t *Turn) date(day string) string {
	at, err := time.ParseInLocation(time.DateOnly, day, t.h.Vendor.Zone)
	if err != nil {
		return day
	}
	return t.day(at)
}

// moment words a day and a time in the vendor's zone.
func (t *Turn) moment(at time.Time) string {
	at = at.In(t.h.Vendor.Zone)
	return t.Say("date_time", "month", t.Say("month."+strconv.Itoa(int(at.Month()))), "day", at.Day(), "time", at.Format("15:04"), "weekday", t.Say("weekday."+strconv.Itoa(int(at.Weekday()))))
}

// cardsAtOnce is how many materials one shelf shows: as many as LINE WORKS
// shows in one carousel, so that no platform needs a second message.
const cardsAtOnce = 9

// shelf is what a reader may have, in the order in which its owners keep it.
func (t *Turn) shelf(r content.Reader) []content.Material {
	ms := t.h.Library.Materials(r)
	slices.SortStableFunc(ms, func(a, b content.Material) int { return a.Line - b.Line })
	return ms
}

// listMaterials shows what the reader may have, a shelf at a time.
func (t *Turn) listMaterials() error {
	t.event.Kind = models.Commanded
	t.event.ObjectKind, t.event.ObjectKey = "word", "materials"
	r := t.reader()
	ms := t.shelf(r)
	if len(ms) == 0 {
		return t.speak(bot.Message{Text: t.Say("material.none"), Buttons: []bot.Button{t.writeButton()}})
	}
	page, _ := strconv.Atoi(t.In.Args.Get("p"))
	if page < 0 || page*cardsAtOnce >= len(ms) {
		page = 0
	}
	last := min((page+1)*cardsAtOnce, len(ms))
	m := bot.Message{Text: t.Say("material.list", "from", page*cardsAtOnce+1, "to", last, "all", len(ms))}
	for _, x := range ms[page*cardsAtOnce : last] {
		m.Cards = append(m.Cards, bot.Card{Title: x.Title.In(t.Lang), Text: x.Description.In(t.Lang), Image: t.cover(x), Buttons: []bot.Button{
			{Label: t.Say("material.get"), Press: bot.NewPress("material.send", "m", x.Key)},
		}})
	}
	if last < len(ms) {
		m.Buttons = []bot.Button{{Label: t.Say("material.more"), Press: bot.NewPress("material.list", "p", strconv.Itoa(page+1))}}
	}
	return t.speak(m)
}
