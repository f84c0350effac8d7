package handlers

import (
	"context"
	"errors"
	"slices"
	"sort"
	"time"

	"akari/bot"
	"akari/models"
)

// Skipped is one who is not reached, and why.
type Skipped struct {
	PersonKey  string `json:"person_key,omitempty"`
	PartnerKey string `json:"partner_key"`
	Room       string `json:"room,omitempty"`
	Reason     string `json:"reason"`
}

// RoomPreview is a room that is reached.
type RoomPreview struct {
	Platform   string `json:"platform"`
	Room       string `json:"room"` // its address
	PartnerKey string `json:"partner_key"`

	partner, name string
}

// PlatformPreview is the message as one platform will show it.
type PlatformPreview struct {
	Step     int           `json:"step,omitempty"` // which later message it is; 0 = the message itself
	Platform string        `json:"platform"`
	Language string        `json:"language"`
	Count    int           `json:"count"`
	Parts    []bot.Message `json:"parts"`

	to   bot.Address // of one reader
	room bool
}

// Preview is what a campaign would do if it were launched now.
type Preview struct {
	CampaignID     int64             `json:"campaign_id"`
	Title          string            `json:"title"`
	AudienceSize   int               `json:"audience_size"`
	Partners       int               `json:"partners"`
	ByPlatform     map[string]int    `json:"by_platform"`
	Rooms          []RoomPreview     `json:"rooms,omitempty"` // of a message into rooms
	Skipped        []Skipped         `json:"skipped"`
	Starts         time.Time         `json:"expected_start"`
	ExpectedEnd    time.Time         `json:"expected_end"`
	LineMessages   int               `json:"line_messages"`        // what it costs of LINE's quota
	LineLeft       *int64            `json:"line_quota,omitempty"` // what is left of it; absent = no limit is known
	ApprovalNeeded bool              `json:"approval_needed"`
	Approved       bool              `json:"approved"`
	Messages       []PlatformPreview `json:"messages"`
}

// Preview answers what a campaign would do, for staff: the same rules, the same
// fitted messages as the launch itself.
func (h *Handlers) Preview(ctx context.Context, id int64) (p Preview, err error) {
	err = h.Store.View(ctx, func(tx *models.Tx) error {
		c, err := tx.CampaignOf(id)
		if err != nil {
			return err
		}
		p, err = h.preview(tx, c)
		return err
	})
	return p, err
}

func (h *Handlers) preview(tx *models.Tx, c models.Campaign) (Preview, error) {
	p := Preview{CampaignID: c.ID, Title: c.Title, ByPlatform: map[string]int{}, Skipped: []Skipped{}, Messages: []PlatformPreview{}}
	var err error
	if p.Starts, err = h.dueAt(tx, c.Spec); err != nil {
		return p, err
	}
	if c.DueAt != nil {
		p.Starts = *c.DueAt
	}
	full, err := h.atCap(tx, c, p.Starts)
	if err != nil {
		return p, err
	}
	q, err := tx.QuotaOf("line")
	if err != nil {
		return p, err
	}
	if left, limited := q.Left(); limited {
		p.LineLeft = &left
	}
	look := previewing{h: h, p: &p, printer: h.printer(letterOf(c, 0)), full: full, load: newLoad(), partners: map[models.ID]bool{}}
	g := h.targets(c.Spec)
	for cursor := (models.ID{}); !c.Spec.Audience.Empty(); {
		var rs []models.Recipient
		if c.ResolvedAt != nil {
			rs, err = tx.RecipientsAfter(c.ID, cursor, 2000)
		} else {
			rs, err = tx.TargetsAfter(g, cursor, 2000)
		}
		if err != nil {
			return p, err
		}
		if len(rs) == 0 {
			break
		}
		for _, r := range rs {
			if err := look.add(r); err != nil {
				return p, err
			}
		}
		cursor = rs[len(rs)-1].TargetID
	}
	sort.Slice(p.Messages, func(i, j int) bool {
		a, b := p.Messages[i], p.Messages[j]
		return a.Platform < b.Platform || a.Platform == b.Platform && a.Language < b.Language
	})
	if err := look.later(c); err != nil {
		return p, err
	}
	p.Partners = len(look.partners)
	if p.ExpectedEnd, err = h.through(tx, c, look.load, p.Starts); err != nil {
		return p, err
	}
	p.ApprovalNeeded = h.Campaign.approvalNeeded(p.AudienceSize)
	approvals, err := tx.ApprovalsOf(c)
	p.Approved = len(approvals) > 0
	return p, err
}

// atCap answers the partners who have had their campaigns of the week.
func (h *Handlers) atCap(tx *models.Tx, c models.Campaign, starts time.Time) (map[models.ID]bool, error) {
	if h.Campaign.MaxPerPartnerPerWeek == 0 || c.Spec.OverrideCap != "" || c.ResolvedAt != nil {
		return nil, nil
	}
	week := models.WeekOf(starts, h.Vendor.Zone)
	ids, err := tx.PartnersAtCap(c.ID, h.Campaign.MaxPerPartnerPerWeek, week.Start, week.End)
	out := map[models.ID]bool{}
	for _, id := range ids {
		out[id] = true
	}
	return out, err
}

// previewing adds recipients up.
type previewing struct {
	h        *Handlers
	p        *Preview
	printer  *printer
	full     map[models.ID]bool
	load     load
	partners map[models.ID]bool
}

func (w *previewing) add(r models.Recipient) error {
	w.p.AudienceSize++
	w.partners[r.Partner.ID] = true
	if w.full[r.Partner.ID] && r.Reason == "" {
		r.Reason = models.SkipOverCap
	}
	lang := w.h.langOf(r)
	to, why := w.h.reach(r)
	if why == "" {
		why = w.h.mayHave(r.Partner, lang, w.printer.letter.materials)
	}
	if why == "" && to.Platform == "line" && w.p.LineLeft != nil && int64(w.p.LineMessages) >= *w.p.LineLeft {
		why = models.SkipQuota
	}
	if why != "" {
		s := Skipped{PartnerKey: r.Partner.Key, Reason: why}
		if w.h.PersonLevel {
			s.PersonKey = r.Person.Key
		}
		if r.Kind == models.KindRoom {
			s.Room = r.Room.Address().String()
		}
		w.p.Skipped = append(w.p.Skipped, s)
		return nil
	}
	made, err := w.printer.print(to, lang, r.Kind != models.KindPerson)
	if err != nil {
		return err
	}
	w.p.ByPlatform[to.Platform]++
	if r.Kind != models.KindPerson {
		name := r.Room.Name
		if name == "" {
			name = to.Room
		}
		if r.Kind == models.KindPlay {
			name = r.Partner.Name
		}
		w.p.Rooms = append(w.p.Rooms, RoomPreview{Platform: to.Platform, Room: to.String(), PartnerKey: r.Partner.Key, partner: r.Partner.Name, name: name})
	}
	if to.Platform == "line" {
		w.p.LineMessages += max(1, r.Room.Fact.Members) // a push into a group counts each member
	}
	parts := map[bot.Lane]int{}
	for _, f := range made {
		parts[bot.Lane{Platform: to.Platform, Connection: to.Connection, Operation: f.operation}]++
	}
	for lane, n := range parts {
		w.load.add(lane, r.Partner, n, n)
	}
	w.show(to, lang, r.Kind != models.KindPerson, made)
	return nil
}

// later adds the later messages, as those see them who get the first one.
func (w *previewing) later(c models.Campaign) error {
	first := slices.Clone(w.p.Messages)
	for step := 1; step <= len(c.Spec.Steps); step++ {
		p := w.h.printer(letterOf(c, step))
		for _, m := range first {
			made, err := p.print(m.to, m.Language, m.room)
			if err != nil {
				return err
			}
			m.Step, m.Parts = step, nil
			for _, f := range made {
				m.Parts = append(m.Parts, f.parts...)
			}
			w.p.Messages = append(w.p.Messages, m)
		}
	}
	return nil
}

// show counts a recipient to the message that they get.
func (w *previewing) show(to bot.Address, lang string, room bool, made []fitted) {
	i := slices.IndexFunc(w.p.Messages, func(m PlatformPreview) bool { return m.Platform == to.Platform && m.Language == lang })
	if i < 0 {
		m := PlatformPreview{Platform: to.Platform, Language: lang, to: to, room: room}
		for _, f := range made {
			m.Parts = append(m.Parts, f.parts...)
		}
		w.p.Messages, i = append(w.p.Messages, m), len(w.p.Messages)
	}
	w.p.Messages[i].Count++
}

// Because is why a partner is in a campaign's audience, or not.
type Because struct {
	PartnerKey string          `json:"partner_key"`
	In         bool            `json:"in"`
	Recipients int             `json:"recipients"`
	Conditions []models.Reason `json:"conditions"`
}

// WhyIn answers 「なぜ入っている?」 for a partner. Staff scope.
func (h *Handlers) WhyIn(ctx context.Context, id int64, partner string) (b Because, err error) {
	err = h.Store.View(ctx, func(tx *models.Tx) error {
		c, err := tx.CampaignOf(id)
		if errors.Is(err, models.ErrNotFound) {
			return h.refusal("campaign.unknown", "id", id)
		}
		if err != nil {
			return err
		}
		p, err := tx.PartnerByKey(partner)
		if errors.Is(err, models.ErrNotFound) {
			return h.refusal("campaign.unknown_audience", "what", "partners: "+partner)
		}
		if err != nil {
			return err
		}
		why, n, err := tx.Why(h.targets(c.Spec), p)
		b = Because{PartnerKey: partner, In: n > 0, Recipients: n, Conditions: why}
		return err
	})
	return b, err
}
