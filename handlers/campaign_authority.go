package handlers

import (
	"context"
	"errors"
	"time"

	"akari/bot"
	"akari/models"
)

// Whether who acts on campaigns is still one of the staff, by what their platforms
// said in the last ten minutes (rulings 11).

// factsPatience is how long a due campaign waits for what the platforms say about
// those who launched and approved it, before it stops and staff are told.
const factsPatience = 2 * time.Minute

// standingNow is what is known of a staff member's accounts.
type standingNow struct {
	gone bool             // every account is gone, or outside our organisation
	ask  []models.Account // none is known to be in order lately: these have to be asked about
}

// staffNow looks at a staff member's accounts on the platforms that can be asked here.
// Without any there is nothing to ask: then their roles alone decide.
func (h *Handlers) staffNow(tx *models.Tx, person models.ID) (s standingNow, err error) {
	accounts, err := tx.AccountsOf(person)
	if err != nil {
		return s, err
	}
	known := 0
	for _, a := range accounts {
		if _, ok := h.platforms[a.Platform].(bot.FactSource); !ok {
			continue
		}
		known++
		switch {
		case a.FactAt == nil || tx.Now().Sub(*a.FactAt) > maxAgeAct:
			s.ask = append(s.ask, a)
		case !a.Fact.Gone && !a.Fact.Guest && !a.Fact.External:
			return standingNow{}, nil
		}
	}
	s.gone = known > 0 && len(s.ask) == 0
	return s, nil
}

// refreshStaff asks the platforms about a staff member, where that was not done
// lately, and answers why they may not act: the key of a sentence, "" = they may.
func (h *Handlers) refreshStaff(ctx context.Context, key string) (why string, err error) {
	var s standingNow
	look := func() error {
		return h.Store.View(ctx, func(tx *models.Tx) error {
			p, err := tx.PersonByKey(key)
			if errors.Is(err, models.ErrNotFound) {
				return nil // whoever asks says so
			}
			if err == nil {
				s, err = h.staffNow(tx, p.ID)
			}
			return err
		})
	}
	if err := look(); err != nil {
		return "", err
	}
	for _, a := range s.ask {
		h.fetchPerson(ctx, peopleLane(a), a)
	}
	if len(s.ask) > 0 {
		if err := look(); err != nil {
			return "", err
		}
	}
	switch {
	case s.gone:
		return "campaign.account_gone", nil
	case len(s.ask) > 0:
		return "campaign.account_unknown", nil
	}
	return "", nil
}
