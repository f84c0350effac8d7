package main

import (
	"context"
	"errors"
	"fmt"

	"akari/content"
	"akari/models"
)

// unknownKeys names every partner in an audience and every owner of content that
// no row knows: what is for nobody reaches nobody, and says so nowhere. Before the
// first partner is seeded there is nothing to hold the keys against.
func unknownKeys(ctx context.Context, store *models.Store, entries []content.Entry, materials []content.Material) (problems []Problem, err error) {
	err = store.View(ctx, func(t *models.Tx) error {
		problems = nil
		if seeded, err := t.HasSeeded(); err != nil || !seeded {
			return err
		}
		seen := map[string]bool{}
		missing := func(kind, key string, find func(string) error) (bool, error) {
			gone, known := seen[kind+key]
			if !known {
				err := find(key)
				if gone = errors.Is(err, models.ErrNotFound); err != nil && !gone {
					return false, err
				}
				seen[kind+key] = gone
			}
			return gone, nil
		}
		partner := func(key string) error { _, err := t.PartnerByKey(key); return err }
		person := func(key string) error { _, err := t.PersonByKey(key); return err }
		look := func(file string, line int, what string, audience content.Audience, owner content.Owner) error {
			for _, key := range audience.Partners {
				if gone, err := missing("partner ", key, partner); err != nil {
					return err
				} else if gone {
					problems = append(problems, Problem{File: file, Line: line, Text: fmt.Sprintf("%s is for partner %s, which does not exist: seed it or correct the key", what, key)})
				}
			}
			if owner.Person == "" {
				return nil
			}
			gone, err := missing("person ", owner.Person, person)
			if gone {
				problems = append(problems, Problem{File: file, Line: line, Text: fmt.Sprintf("%s has owner %s, who does not exist: seed them or correct the key", what, owner.Person)})
			}
			return err
		}
		for _, e := range entries {
			if err := look(e.File, e.Line, "entry "+e.Key, e.Audience, e.Owner); err != nil {
				return err
			}
		}
		for _, m := range materials {
			if err := look(m.Source, m.Line, "material "+m.Key, m.Audience, m.Owner); err != nil {
				return err
			}
		}
		return nil
	})
	return problems, err
}
