package handlers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"akari/content"
	"akari/models"
)

// campaignColumns are the columns of a campaign's table: one row for each recipient,
// and for a message into rooms one for each person who did something about it.
var campaignColumns = []string{"kind", "partner_key", "partner", "person_key", "person", "platform", "address", "state", "reason", "sent_at", "opened_at", "completed_at", "acknowledged_at", "used_at", "owes_acknowledgement"}

// What a row of a campaign's table is about.
const (
	rowPerson = "person" // a recipient
	rowRoom   = "room"   // a recipient
	rowReader = "reader" // somebody who acted on, or owes an answer to, a message in a room
)

// WriteCampaign writes how a campaign stands, recipient by recipient, as "csv" (with
// BOM, for Excel) or "xlsx". Its rows add up to the report: as many recipients in
// each state, as many who opened, acknowledged or are missing. Times are UTC. Staff
// scope; without person-level records nobody is named.
func (h *Handlers) WriteCampaign(ctx context.Context, w io.Writer, format string, id int64) error {
	t, err := content.NewTable(w, format, campaignColumns)
	if err != nil {
		return err
	}
	err = h.Store.View(ctx, func(tx *models.Tx) error {
		c, err := tx.CampaignOf(id)
		if errors.Is(err, models.ErrNotFound) {
			return h.refusal("campaign.unknown", "id", fmt.Sprint(id))
		}
		if err != nil {
			return err
		}
		l, err := h.lister(tx, c)
		if err != nil {
			return err
		}
		return l.write(t.Row)
	})
	return errors.Join(err, t.Close())
}

// lister knows what every recipient of a campaign did.
type lister struct {
	h      *Handlers
	tx     *models.Tx
	c      models.Campaign
	person map[models.ID]models.Standing
	room   map[string]models.Standing
	did    map[string]map[models.ID]time.Time
	owes   map[models.ID]bool
	listed map[models.ID]bool
}

func (h *Handlers) lister(tx *models.Tx, c models.Campaign) (*lister, error) {
	l := &lister{h: h, tx: tx, c: c, person: map[models.ID]models.Standing{}, room: map[string]models.Standing{}, did: map[string]map[models.ID]time.Time{},
		owes: map[models.ID]bool{}, listed: map[models.ID]bool{}}
	all, err := tx.Standings(c.ID)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if !s.PersonID.IsZero() {
			l.person[s.PersonID] = s
		}
		l.room[s.Address] = s
	}
	for name, ask := range map[string]func() ([]models.Did, error){
		"opened":    func() ([]models.Did, error) { return tx.FirstSeen(c.ID, "opened") },
		"completed": func() ([]models.Did, error) { return tx.FirstSeen(c.ID, "completed") },
		"acked":     func() ([]models.Did, error) { return tx.FirstMarked(c.ID, models.Acks) },
		"used":      func() ([]models.Did, error) { return tx.FirstMarked(c.ID, models.Uses) },
	} {
		who, err := ask()
		if err != nil {
			return nil, err
		}
		l.did[name] = map[models.ID]time.Time{}
		for _, r := range who {
			l.did[name][r.PersonID] = r.At
		}
	}
	owed, err := tx.Owed(c)
	for _, o := range owed {
		l.owes[o.PersonID] = !o.Acknowledged
	}
	return l, err
}

func (l *lister) write(row func([]any) error) error {
	for cursor := (models.ID{}); ; {
		rs, err := l.tx.RecipientsAfter(l.c.ID, cursor, planBatch)
		if err != nil {
			return err
		}
		if len(rs) == 0 {
			break
		}
		for _, r := range rs {
			if err := row(l.recipient(r)); err != nil {
				return err
			}
		}
		cursor = rs[len(rs)-1].TargetID
	}
	return l.readers(row)
}

// recipient is the row of one recipient.
func (l *lister) recipient(r models.Recipient) []any {
	kind, key, name := rowRoom, "", r.Room.Name
	s, written := l.room[r.Key()], true
	if r.Kind == models.KindPerson {
		kind, key, name = rowPerson, r.Person.Key, r.Person.Name
		s, written = l.person[r.TargetID]
		l.listed[r.TargetID] = true
	} else if s.State == "" {
		s, written = l.room["none:"+r.Key()]
	}
	if !written {
		s.State = models.StateQueued // its delivery is still to be written
		if l.c.State == models.CampaignCancelled {
			s.State = models.StateCancelled
		}
	}
	var sent any
	if s.State == models.StateSent {
		sent = stamp(s.EndedAt)
	}
	if s.State == models.StateSent || s.State == models.StateQueued {
		s.Code = ""
	}
	if !l.h.PersonLevel && kind == rowPerson {
		s.Address = ""
	}
	return l.line(kind, r.Partner, r.TargetID, key, name, s, sent)
}

// readers are the people who acted on a message in a room, or owe an answer to it.
func (l *lister) readers(row func([]any) error) error {
	var ids []models.ID
	seen := func(id models.ID) {
		if !l.listed[id] && !id.IsZero() {
			l.listed[id] = true
			ids = append(ids, id)
		}
	}
	for _, m := range l.did {
		for id := range m {
			seen(id)
		}
	}
	for id := range l.owes {
		seen(id)
	}
	slices.SortFunc(ids, func(a, b models.ID) int { return slices.Compare(a[:], b[:]) })
	for _, id := range ids {
		who, err := l.tx.WhoisPerson(id)
		if ignoreMissing(err) != nil {
			return err
		}
		if err := row(l.line(rowReader, who.Partner, id, who.Person.Key, who.Person.Name, models.Standing{}, nil)); err != nil {
			return err
		}
	}
	return nil
}

func (l *lister) line(kind string, p models.Partner, id models.ID, key, name string, s models.Standing, sent any) []any {
	at := func(what string) any {
		if t, ok := l.did[what][id]; ok {
			return stamp(&t)
		}
		return nil
	}
	if !l.h.PersonLevel && kind != rowRoom {
		key, name = "", ""
	}
	owes := any(nil)
	if l.owes[id] {
		owes = int64(1)
	}
	return []any{kind, p.Key, p.Name, key, name, s.Platform, s.Address, s.State, s.Code, sent, at("opened"), at("completed"), at("acked"), at("used"), owes}
}

func stamp(at *time.Time) any {
	if at == nil {
		return nil
	}
	return at.UTC().Format("2006-01-02 15:04:05")
}
