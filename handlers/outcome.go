package handlers

import (
	"context"
	"errors"
	"slices"
	"sort"

	"akari/content"
	"akari/models"
)

// OutcomesImported is what an import of results did.
type OutcomesImported struct {
	Rows      int             `json:"rows"`
	Added     int             `json:"added"`
	Changed   int             `json:"changed"`
	Unchanged int             `json:"unchanged"`
	Review    []OutcomeReview `json:"review"` // not imported: a person must say whose they are
}

// OutcomeReview is a row whose partner or person is not certain.
type OutcomeReview struct {
	Line        int      `json:"line"`
	ExternalID  string   `json:"external_id"`
	PartnerName string   `json:"partner_name,omitempty"`
	Why         string   `json:"why"`                  // unknown_partner, ambiguous_partner, other_partner, unknown_person, other_partners_person
	Candidates  []string `json:"candidates,omitempty"` // partner keys
}

// outcomeBatch keeps each transaction short beside a running serve.
const outcomeBatch = 100

// ImportOutcomes keeps results under their external ids. Partners are found by
// key, or by a name that is exactly one partner's when 全角/半角, spaces and the
// legal form do not count; nothing is guessed. The same list again changes
// nothing. by says in the audit log who did it.
func (h *Handlers) ImportOutcomes(ctx context.Context, rows []content.OutcomeRow, by models.Act) (OutcomesImported, error) {
	out := OutcomesImported{Rows: len(rows), Review: []OutcomeReview{}}
	var book partnerBook
	err := h.Store.View(ctx, func(tx *models.Tx) (err error) {
		book, err = newPartnerBook(tx)
		return err
	})
	if err != nil {
		return out, err
	}
	for from := 0; from < len(rows); from += outcomeBatch {
		var did OutcomesImported
		err := h.Store.InTx(ctx, func(tx *models.Tx) error {
			did = OutcomesImported{} // the transaction may run again
			for _, r := range rows[from:min(from+outcomeBatch, len(rows))] {
				if err := did.keep(tx, book, r); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return out, err
		}
		out.Added, out.Changed, out.Unchanged = out.Added+did.Added, out.Changed+did.Changed, out.Unchanged+did.Unchanged
		out.Review = append(out.Review, did.Review...)
	}
	return out, h.Store.InTx(ctx, func(tx *models.Tx) error {
		by.Action, by.Result, by.Detail = "outcome.import", "done", models.Detail{"rows": out.Rows, "added": out.Added, "changed": out.Changed, "review": len(out.Review)}
		return tx.Audit(by)
	})
}

func (o *OutcomesImported) keep(tx *models.Tx, book partnerBook, r content.OutcomeRow) error {
	x, review, err := book.match(tx, r)
	if err != nil {
		return err
	}
	if review.Why != "" {
		o.Review = append(o.Review, review)
		return nil
	}
	did, err := tx.SaveOutcome(x)
	switch did {
	case models.OutcomeAdded:
		o.Added++
	case models.OutcomeChanged:
		o.Changed++
	case models.OutcomeUnchanged:
		o.Unchanged++
	}
	return err
}

// match is the outcome that a row tells, or, where review has a Why, what is not
// certain about it.
func (b partnerBook) match(tx *models.Tx, r content.OutcomeRow) (x models.Outcome, review OutcomeReview, err error) {
	review = OutcomeReview{Line: r.Line, ExternalID: r.ExternalID, PartnerName: r.PartnerName}
	var partner models.Partner
	if partner, review.Why, review.Candidates = b.find(r); review.Why != "" {
		return x, review, nil
	}
	x = models.Outcome{ExternalID: r.ExternalID, PartnerID: partner.ID, Title: r.Title, Stage: r.Stage, Amount: r.Amount, Currency: r.Currency, Materials: r.Materials}
	if r.ClosedOn != "" {
		x.ClosedOn = &r.ClosedOn
	}
	if r.PersonKey == "" {
		return x, review, nil
	}
	p, err := tx.PersonByKey(r.PersonKey)
	switch {
	case errors.Is(err, models.ErrNotFound):
		review.Why = "unknown_person"
		return x, review, nil
	case err == nil && p.PartnerID != partner.ID:
		review.Why = "other_partners_person"
	}
	x.PersonID = p.ID
	return x, review, err
}

// partnerBook finds partners by key and by name.
type partnerBook struct {
	byKey  map[string]models.Partner
	byName map[string][]models.Partner
}

func newPartnerBook(tx *models.Tx) (partnerBook, error) {
	b := partnerBook{byKey: map[string]models.Partner{}, byName: map[string][]models.Partner{}}
	ps, err := tx.Partners()
	for _, p := range ps {
		b.byKey[p.Key] = p
		if name := content.FoldCompany(p.Name); name != "" {
			b.byName[name] = append(b.byName[name], p)
		}
	}
	return b, err
}

// find answers the one partner that a row means, or why there is none.
func (b partnerBook) find(r content.OutcomeRow) (p models.Partner, why string, candidates []string) {
	named := b.byName[content.FoldCompany(r.PartnerName)]
	for _, n := range named {
		candidates = append(candidates, n.Key)
	}
	sort.Strings(candidates)
	if r.PartnerKey != "" {
		p, ok := b.byKey[r.PartnerKey]
		switch {
		case !ok:
			return p, "unknown_partner", candidates
		case len(named) > 0 && !slices.Contains(candidates, p.Key): // key and name say two different partners
			return p, "other_partner", append(candidates, p.Key)
		}
		return p, "", nil
	}
	switch len(named) {
	case 0:
		return p, "unknown_partner", nil
	case 1:
		return named[0], "", nil
	}
	return p, "ambiguous_partner", candidates
}
