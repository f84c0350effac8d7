package handlers

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"akari/bot"
	"akari/content"
	"akari/models"
)

// letter is one message of a campaign before it is for anybody: the message
// itself, one of its later steps, or a reminder.
type letter struct {
	c         models.Campaign
	step      int
	materials []string
	read      bundle // what its one reader acknowledged; nil = it is for nobody yet
}

// acked tells that nothing is asked of its reader any more.
func (l letter) acked() bool { return len(l.read) > 0 && l.read.done() == len(l.read) }

// bundle is what the letter carries, as far as its reader acknowledged it.
func (l letter) bundle() bundle {
	if l.read != nil {
		return l.read
	}
	out := make(bundle, max(1, len(l.materials)))
	for i, key := range l.materials {
		out[i].MaterialKey = key
	}
	return out
}

func letterOf(c models.Campaign, step int) letter {
	l := letter{c: c, step: step, materials: c.Spec.Materials}
	if step > 0 && !models.IsReminder(step) && step <= len(c.Spec.Steps) {
		l.materials = c.Spec.Steps[step-1].Materials
	}
	return l
}

// body is the letter's own text, plain.
func (h *Handlers) body(l letter, lang string) string {
	s := l.c.Spec
	switch {
	case models.IsReminder(l.step):
		return h.Library.Say(lang, "campaign.reminder", "title", s.Title)
	case l.step > 0:
		return plain(content.Text(s.Steps[l.step-1].Text).In(lang))
	}
	return plain(content.Text(s.Text).In(lang))
}

// text is the whole of what is read: weight and title, the text, what is asked
// until when, what comes with it, and who writes.
func (h *Handlers) letterText(l letter, lang string) string {
	say := func(key string, args ...any) string { return h.Library.Say(lang, key, args...) }
	s := l.c.Spec
	lines := []string{say("campaign.head", "class", say("campaign.class_"+s.Weight), "title", s.Title), "", h.body(l, lang)}
	if s.Ack != nil && !l.acked() {
		ask := say("campaign.ask_ack")
		if !s.Ack.Deadline.IsZero() {
			key := "campaign.ask_ack_until"
			if s.Ack.Deadline.Before(h.readAt(l)) {
				key = "campaign.ask_ack_late"
			}
			ask = say(key, "deadline", h.moment(s.Ack.Deadline, lang))
		}
		lines = append(lines, "", ask)
	}
	for i, key := range l.materials {
		if i == 0 {
			lines = append(lines, "")
		}
		if m, ok := h.Library.AnyMaterial(key); ok {
			line := say("campaign.material", "title", m.Title.In(lang))
			if len(l.materials) > 1 && i < len(l.read) {
				line = h.bundledLine(l.read[i], lang)
			}
			lines = append(lines, line)
		}
	}
	return strings.Join(append(lines, "", say("campaign.sign", "vendor", h.Vendor.Name, "desk", h.Vendor.Desk)), "\n")
}

// readAt is about when a letter is read; a later message of a campaign that has not
// begun is looked at beforehand.
func (h *Handlers) readAt(l letter) time.Time {
	now := h.Store.Now()
	if l.c.StartedAt == nil && l.step > 0 && l.step <= len(l.c.Spec.Steps) {
		if l.c.Spec.At.After(now) {
			now = l.c.Spec.At
		}
		return now.Add(l.c.Spec.Steps[l.step-1].After)
	}
	return now
}

// moment words a day and a time in the vendor's zone.
func (h *Handlers) moment(at time.Time, lang string) string {
	at = at.In(h.Vendor.Zone)
	say := func(key string, args ...any) string { return h.Library.Say(lang, key, args...) }
	return say("date_time", "month", say("month."+strconv.Itoa(int(at.Month()))), "day", at.Day(), "time", at.Format("15:04"), "weekday", say("weekday."+strconv.Itoa(int(at.Weekday()))))
}

// sameDay is a moment after another, without saying the same day again.
func (h *Handlers) sameDay(from, at time.Time, lang string) string {
	from, at = from.In(h.Vendor.Zone), at.In(h.Vendor.Zone)
	if from.Format(time.DateOnly) == at.Format(time.DateOnly) {
		return at.Format("15:04")
	}
	return h.moment(at, lang)
}

// letterMessage is the letter as one person gets it, or a room: a room's buttons
// are presses, because many people read it (design §3).
func (h *Handlers) letterMessage(l letter, lang string, room bool) bot.Message {
	m := bot.Message{Text: h.letterText(l, lang)}
	if s := l.c.Spec; s.Image != "" && l.step == 0 {
		if image, ok := h.Library.AnyMaterial(s.Image); ok {
			m.Image = h.pictureOf(image, lang, h.Store.Now())
		}
	}
	id := strconv.FormatInt(l.c.ID, 10)
	switch {
	case len(l.materials) == 0:
	case room:
		for _, key := range l.materials {
			if x, ok := h.Library.AnyMaterial(key); ok {
				m.Buttons = append(m.Buttons, bot.Button{Label: h.Library.Say(lang, "material.button", "title", x.Title.In(lang)), Press: bot.NewPress("material.send", "m", key, "c", id)})
			}
		}
	default:
		m.Buttons = append(m.Buttons, bot.Button{Label: h.Library.Say(lang, "material.open"), Open: openLink, Style: bot.Primary})
		m.Video = h.firstVideo(l.materials, lang)
	}
	if l.c.Spec.Ack != nil {
		m.Buttons = append(m.Buttons, h.ackButtons(l.bundle(), pressHere, lang)...)
	}
	return m
}

// fitted is a letter cut to a platform: one delivery's parts each.
type fitted struct {
	parts     []bot.Message
	body      string
	operation string
}

// printer makes the letters of one step, each kind once: what is personal is only
// the link, and that is put in when the message leaves.
type printer struct {
	h      *Handlers
	letter letter
	made   map[string][]fitted
}

func (h *Handlers) printer(l letter) *printer {
	return &printer{h: h, letter: l, made: map[string][]fitted{}}
}

// print gives the letter for an address in a language.
func (p *printer) print(to bot.Address, lang string, room bool) ([]fitted, error) {
	key := fmt.Sprint(to.Platform, "\x00", lang, "\x00", room)
	if out, ok := p.made[key]; ok {
		return out, nil
	}
	platform := p.h.platforms[to.Platform]
	if platform == nil {
		return nil, fmt.Errorf("platform %s is off", to.Platform)
	}
	var out []fitted
	for _, parts := range bot.Pack(bot.Fit(p.h.letterMessage(p.letter, lang, room), platform.Limits()), platform.Limits()) {
		d := bot.Delivery{ID: "00000000000000000000000000000000", Key: "00000000-0000-4000-8000-000000000000", Act: bot.Post, To: to, Parts: clone(parts), Attempt: 1, Priority: bot.Campaigns}
		// A trial with a link of the length that links have: what cannot be made must show now, not at the 500th recipient.
		trial, err := p.h.Prepare(models.Delivery{LinkID: models.NewID()}, d.Parts)
		if err != nil {
			return nil, err
		}
		d.Parts = trial
		if _, err := platform.Render(d); err != nil {
			return nil, fmt.Errorf("%s: %w", to.Platform, err)
		}
		b, err := json.Marshal(parts)
		if err != nil {
			return nil, err
		}
		out = append(out, fitted{parts: parts, body: string(b), operation: platform.Operation(d)})
	}
	p.made[key] = out
	return out, nil
}

// clone copies messages deep enough for Prepare, which writes into their buttons.
func clone(parts []bot.Message) []bot.Message {
	out := slices.Clone(parts)
	for i := range out {
		out[i].Buttons = slices.Clone(out[i].Buttons)
		out[i].Cards = slices.Clone(out[i].Cards)
		for j := range out[i].Cards {
			out[i].Cards[j].Buttons = slices.Clone(out[i].Cards[j].Buttons)
		}
	}
	return out
}

// someone is an address on every platform that is on, for trials.
func (h *Handlers) someone() (out []bot.Address) {
	for _, p := range h.Platforms {
		a := bot.Address{Platform: p.Name(), Connection: p.Name(), User: "U" + strings.Repeat("0", 32), Direct: true}
		if p.Name() == "lineworks" {
			a.Connection = ""
			for key := range h.Connections {
				if a.Connection == "" || key < a.Connection {
					a.Connection = key
				}
			}
		}
		out = append(out, a)
	}
	return out
}

// checkMessages tries every letter of a campaign on every platform and in every
// language.
func (h *Handlers) checkMessages(s models.Spec) (ps []Problem) {
	c := models.Campaign{ID: 1, Spec: s}
	for step := range len(s.Steps) + 1 {
		p := h.printer(letterOf(c, step))
		for _, to := range h.someone() {
			for _, lang := range h.Vendor.Languages {
				if _, err := p.print(to, lang, s.To == models.ToRooms); err != nil {
					ps = append(ps, Problem{"text", "campaign.unsendable", []any{"platform", to.Platform, "why", err.Error()}})
				}
			}
		}
	}
	return ps
}

// langOf is the language that somebody is written to in.
func (h *Handlers) langOf(r models.Recipient) string {
	for _, lang := range []string{r.Person.Language, r.Partner.Language} {
		if slices.Contains(h.Vendor.Languages, lang) {
			return lang
		}
	}
	if len(h.Vendor.Languages) > 0 {
		return h.Vendor.Languages[0]
	}
	return "ja"
}
