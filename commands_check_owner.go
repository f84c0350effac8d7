package main

import (
	"context"
	"fmt"
	"strings"

	"akari/content"
	"akari/handlers"
	"akari/models"
)

// ownersShown is how many things one note names; the rest is a number.
const ownersShown = 20

// ownedKinds are how check calls the kinds of thing that have owners, and where an
// owner is named.
var ownedKinds = map[string][2]string{
	models.OwnedPartner:  {"partners", "set owner in the seed file and run akari seed"},
	models.OwnedMaterial: {"materials", "set owner beside it in the content"},
	models.OwnedEntry:    {"FAQ entries", "set owner beside it in the content, or in the imported list"},
	models.OwnedCampaign: {"campaigns", "set 責任者 in its form"},
}

// owners names what nobody looks after: a note and no problem, because everything
// works without an owner but being told.
func (d *Checked) owners(ctx context.Context, store *models.Store, library *content.Library) {
	var list []handlers.Unowned
	err := store.View(ctx, func(t *models.Tx) (err error) {
		list, err = handlers.UnownedOf(t, library)
		return err
	})
	if err != nil {
		d.bad(Problem{Text: hush(err.Error())})
		return
	}
	for _, kind := range handlers.UnownedKinds {
		var none, gone []string
		for _, u := range list {
			switch {
			case u.Kind != kind:
			case u.Left == "":
				none = append(none, u.Key)
			default:
				gone = append(gone, fmt.Sprintf("%s (%s)", u.Key, u.Left))
			}
		}
		words := ownedKinds[kind]
		d.unowned(words[0]+" without an owner", words[1], none)
		d.unowned(words[0]+" whose owner left", "akari owner handover gives everything of a person to another", gone)
	}
}

func (d *Checked) unowned(what, todo string, keys []string) {
	if len(keys) == 0 {
		return
	}
	text := fmt.Sprintf("%s: %s", what, strings.Join(keys[:min(len(keys), ownersShown)], ", "))
	if more := len(keys) - ownersShown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	d.Notes = append(d.Notes, Problem{Text: text + "; " + todo})
}
