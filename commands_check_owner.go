package main

import (
	"context"
	"fmt"
	"strings"

	"akari/models"
)

// ownersShown is how many partners one note names; the rest is a number.
const ownersShown = 20

// owners names the partners that nobody looks after: a note and no problem,
// because everything works without an owner but being told.
func (d *Checked) owners(ctx context.Context, store *models.Store) {
	var list []models.NoOwner
	err := store.View(ctx, func(t *models.Tx) (err error) {
		list, err = t.PartnersWithoutOwner()
		return err
	})
	if err != nil {
		d.bad(Problem{Text: hush(err.Error())})
		return
	}
	var none, gone []string
	for _, p := range list {
		if p.Owner == "" {
			none = append(none, p.Key)
		} else {
			gone = append(gone, fmt.Sprintf("%s (%s)", p.Key, p.Owner))
		}
	}
	d.unowned("partners without an owner", none)
	d.unowned("partners whose owner left", gone)
}

func (d *Checked) unowned(what string, keys []string) {
	if len(keys) == 0 {
		return
	}
	text := fmt.Sprintf("%s: %s", what, strings.Join(keys[:min(len(keys), ownersShown)], ", "))
	if more := len(keys) - ownersShown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	d.Notes = append(d.Notes, Problem{Text: text + "; set owner in the seed file and run akari seed"})
}
