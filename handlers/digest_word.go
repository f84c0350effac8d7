package handlers

import (
	"slices"
	"time"

	"akari/bot"
	"akari/models"
)

// digestWord shows the one who asks their digest of the last full week as it would
// be told now. It sends nothing to anybody else and records no digest.
func (t *Turn) digestWord() error {
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Commanded, "word", "digest"
	if t.readAlong() {
		return nil
	}
	d := t.h.NewDigests(t.h.Digest)
	a := d.audienceOf(t.Who.Person)
	w := models.LastWeek(t.tx.Now(), a.Zone)
	read, err := d.read(t.tx, a, w, t.tx.Now(), newWeekReader())
	if err != nil {
		return err
	}
	m := digestWords{d: d, lang: t.Lang, zone: a.Zone, read: read}.message(t.tx.Now())
	m.Text = t.Say("digest.preview") + "\n" + m.Text
	if t.In.At.Direct {
		t.Reply(m)
	} else {
		t.private(m)
	}
	return t.audit("digest.show", "digest:"+w.ISO, "done")
}

// audienceOf is what a member of staff reads: their own audience where there is
// one, all partners for managers and administrators, else those that they own.
func (d *Digests) audienceOf(p models.Person) Audience {
	if i := slices.IndexFunc(d.Audiences, func(a Audience) bool { return a.To == p.Key }); i >= 0 {
		return d.Audiences[i]
	}
	a := Audience{Key: "preview:" + p.Key, To: p.Key, Zone: d.h.Vendor.Zone}
	if !p.Has("manager") && !p.Has("admin") {
		a.Owners = []string{p.Key}
	}
	return a
}

// message is the digest with what can be pressed: its text tells everything that
// the cards and buttons do.
func (w digestWords) message(now time.Time) bot.Message {
	m := bot.Message{Text: w.text(), Image: w.chart(now)}
	if w.read.gaps.Open > 0 {
		m.Buttons = append(m.Buttons, bot.Button{Label: w.say("digest.gaps_button"), Press: bot.NewPress("gap.list")})
	}
	if len(w.read.campaigns) > 0 {
		m.Buttons = append(m.Buttons, bot.Button{Label: w.say("digest.campaigns_button"), Press: bot.NewPress("campaign.list")})
	}
	if w.read.related.Enough && len(w.read.related.Materials) > 0 {
		m.Buttons = append(m.Buttons, bot.Button{Label: w.say("play.button"), Press: bot.NewPress("play.new")})
	}
	m.Buttons = append(m.Buttons, bot.Button{Label: w.say("digest.staff_button"), Press: bot.NewPress("staff.open")}) // an address alone would lead to "enter again"
	for i, s := range w.read.silent {
		if i == silentCards {
			break
		}
		m.Cards = append(m.Cards, bot.Card{Title: s.partner.Name, Text: w.say("digest.card", "active", 0, "known", s.known, "owner", w.owner(s.partner)), Buttons: silentButtons(w.say, s.partner.Key)})
	}
	return m
}
