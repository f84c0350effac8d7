package handlers

import (
	"slices"
	"sort"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"akari/models"
)

// What partners with results opened before them, next to comparable partners
// without: a relation (関連), never an effect. Nobody was assigned at random, and
// who sells more may simply read more.

// RelatedOptions bound a comparison.
type RelatedOptions struct {
	Until    time.Time // results before it
	Span     time.Duration
	Days     int         // looked at before a result
	Partners []models.ID // whose results; nil = all
	Most     int         // partners with results, at most; the comparable are up to four for each

	all   []models.Partner    // where they have been read before
	known map[models.ID]int64 // the same
}

// relatedLeast is how many partners each side must have: below, no share is told.
const relatedLeast = 5

// Share is how many of some partners did a thing, with the exact 95 % interval of
// Clopper and Pearson.
type Share struct {
	N    int     `json:"n"`
	Of   int     `json:"of"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// shareOf is n of a number of partners.
func shareOf(n, of int) Share {
	s := Share{N: n, Of: of, High: 1}
	if of == 0 {
		return s
	}
	if n > 0 {
		s.Low = distuv.Beta{Alpha: float64(n), Beta: float64(of - n + 1)}.Quantile(0.025)
	}
	if n < of {
		s.High = distuv.Beta{Alpha: float64(n + 1), Beta: float64(of - n)}.Quantile(0.975)
	}
	return s
}

// RelatedMaterial is one material in both groups.
type RelatedMaterial struct {
	Key     string `json:"material_key"`
	With    Share  `json:"with_results"`
	Without Share  `json:"without"`
	Apart   bool   `json:"apart"` // the two intervals do not meet
}

// Related is a comparison.
type Related struct {
	Days      int               `json:"days_before"`
	With      int               `json:"partners_with_results"`
	Without   int               `json:"comparable_partners"`
	Enough    bool              `json:"enough"` // false: too few partners, no material is told
	Least     int               `json:"least"`
	Materials []RelatedMaterial `json:"materials"`
	Others    []string          `json:"comparable_keys"`
}

// winner is a partner with a result, and when its first was.
type winner struct {
	partner models.Partner
	at      time.Time
}

// Related compares. Comparable are partners of the same tier without a result in
// the span, those with the nearest number of known people first; they are looked
// at in the same days as the partner they stand beside. Staff scope.
func (h *Handlers) Related(tx *models.Tx, o RelatedOptions) (Related, error) {
	out := Related{Days: o.Days, Least: relatedLeast, Materials: []RelatedMaterial{}, Others: []string{}}
	if o.all == nil {
		var err error
		if o.all, err = tx.Partners(); err != nil {
			return out, err
		}
		if o.known, err = tx.KnownMembers(); err != nil {
			return out, err
		}
	}
	winners, others, err := h.relatedGroups(tx, o)
	if err != nil {
		return out, err
	}
	before := time.Duration(o.Days) * 24 * time.Hour
	var spans []models.PartnerSpan
	span := func(p models.Partner, at time.Time) {
		spans = append(spans, models.PartnerSpan{Partner: p.ID, From: at.Add(-before), To: at})
	}
	won := map[models.ID]bool{}
	for _, w := range winners {
		span(w.partner, w.at)
		won[w.partner.ID] = true
		for _, p := range nearest(&others, w.partner, o.known, 4) {
			span(p, w.at)
			out.Others = append(out.Others, p.Key)
		}
	}
	out.With, out.Without = len(winners), len(out.Others)
	if out.With < relatedLeast || out.Without < relatedLeast {
		return out, nil // too few to tell anything: nothing is looked up
	}
	opened, err := tx.OpenedIn(spans)
	if err != nil {
		return out, err
	}
	with, without := map[string]int{}, map[string]int{}
	for partner, keys := range opened {
		into := without
		if won[partner] {
			into = with
		}
		for _, k := range keys {
			into[k]++
		}
	}
	out.Enough, out.Materials = true, compare(with, without, out.With, out.Without)
	return out, nil
}

// relatedGroups are the partners with results, the newest first, and all without.
func (h *Handlers) relatedGroups(tx *models.Tx, o RelatedOptions) (winners []winner, others []models.Partner, err error) {
	zone, from := h.Vendor.Zone, o.Until.Add(-o.Span)
	results, err := tx.ResultsBetween([]string{models.StageWon}, from.In(zone).Format(time.DateOnly), o.Until.Add(-time.Microsecond).In(zone).Format(time.DateOnly), from, o.Until)
	if err != nil {
		return nil, nil, err
	}
	first := map[models.ID]time.Time{}
	for _, r := range results {
		at := r.CreatedAt
		if r.ClosedOn != nil {
			if day, err := time.ParseInLocation(time.DateOnly, *r.ClosedOn, zone); err == nil {
				at = day
			}
		}
		if have, ok := first[r.PartnerID]; !ok || at.Before(have) {
			first[r.PartnerID] = at
		}
	}
	for _, p := range o.all {
		if at, won := first[p.ID]; !won {
			others = append(others, p)
		} else if o.Partners == nil || slices.Contains(o.Partners, p.ID) {
			winners = append(winners, winner{p, at})
		}
	}
	sort.SliceStable(winners, func(i, j int) bool { return winners[i].at.After(winners[j].at) })
	return winners[:min(len(winners), o.Most)], others, nil
}

// nearest takes out of others up to n partners of the same tier, those first that
// have about as many known people.
func nearest(others *[]models.Partner, to models.Partner, known map[models.ID]int64, n int) (out []models.Partner) {
	far := func(p models.Partner) int64 {
		d := known[p.ID] - known[to.ID]
		return max(d, -d)
	}
	for len(out) < n {
		best := -1
		for i, p := range *others {
			if p.Tier == to.Tier && (best < 0 || far(p) < far((*others)[best])) {
				best = i
			}
		}
		if best < 0 {
			return out
		}
		out = append(out, (*others)[best])
		*others = slices.Delete(*others, best, best+1)
	}
	return out
}

// compare puts the materials side by side, the greatest difference first.
func compare(with, without map[string]int, n, m int) []RelatedMaterial {
	out := []RelatedMaterial{}
	for key, k := range with {
		r := RelatedMaterial{Key: key, With: shareOf(k, n), Without: shareOf(without[key], m)}
		r.Apart = r.With.Low > r.Without.High
		out = append(out, r)
	}
	difference := func(r RelatedMaterial) float64 {
		return float64(r.With.N)/float64(n) - float64(r.Without.N)/float64(m)
	}
	sort.Slice(out, func(i, j int) bool {
		if a, b := difference(out[i]), difference(out[j]); a != b {
			return a > b
		}
		return out[i].Key < out[j].Key
	})
	return out
}
