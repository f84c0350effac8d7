package handlers

import (
	"errors"
	"slices"
	"sort"
	"time"

	"akari/content"
	"akari/models"
)

// weekReader counts each week once, however many audiences it is told to.
type weekReader struct {
	counted   map[[2]time.Time]models.Counted
	materials map[[2]time.Time]map[models.ID]map[string]models.Counts
	known     map[models.ID]int64
	reports   map[int64]models.CampaignReport               // of campaigns, over all partners
	shares    map[int64]map[models.ID]models.CampaignReport // … and of each partner
	summed    map[string]map[time.Time]models.Counts        // kept weeks, over all partners
	summedOf  map[[2]time.Time]map[string]models.Counts     // materials, over all partners
	recorded  map[[2]time.Time][]models.Recorded
	staff     []models.Person
	partners  []models.Partner
	unowned   []Unowned // nil = not read yet
}

func newWeekReader() *weekReader {
	return &weekReader{counted: map[[2]time.Time]models.Counted{}, materials: map[[2]time.Time]map[models.ID]map[string]models.Counts{},
		reports: map[int64]models.CampaignReport{}, shares: map[int64]map[models.ID]models.CampaignReport{}, summed: map[string]map[time.Time]models.Counts{},
		summedOf: map[[2]time.Time]map[string]models.Counts{}, recorded: map[[2]time.Time][]models.Recorded{}}
}

// everybody reads who there is: staff, and partners with their known people.
func (r *weekReader) everybody(tx *models.Tx) (err error) {
	if r.known != nil {
		return nil
	}
	if r.staff, err = tx.StaffIn(""); err != nil {
		return err
	}
	if r.partners, err = tx.Partners(); err != nil {
		return err
	}
	r.known, err = tx.KnownMembers()
	return err
}

// once answers what was read of a week before, or reads it.
func once[T any](kept map[[2]time.Time]T, w models.Week, read func() (T, error)) (T, error) {
	at := [2]time.Time{w.Start, w.End}
	if c, ok := kept[at]; ok {
		return c, nil
	}
	c, err := read()
	if err == nil {
		kept[at] = c
	}
	return c, err
}

// week counts a week; kept says that it is one of the weeks whose figures are kept.
func (r *weekReader) week(tx *models.Tx, w models.Week, kept bool) (models.Counted, error) {
	return once(r.counted, w, func() (models.Counted, error) {
		if kept {
			return tx.CountWeek(w)
		}
		return tx.Count(models.Period{From: w.Start, To: w.End})
	})
}

// funnel adds up the steps of materials over some partners; nil = all.
func (r *weekReader) funnel(tx *models.Tx, w models.Week, only []models.ID) (map[string]models.Counts, error) {
	span := models.Period{From: w.Start, To: w.End}
	if only == nil {
		return once(r.summedOf, w, func() (map[string]models.Counts, error) { return tx.SumMaterials(span) })
	}
	all, err := once(r.materials, w, func() (map[models.ID]map[string]models.Counts, error) { return tx.CountMaterials(span) })
	out := map[string]models.Counts{}
	for _, p := range only {
		for key, steps := range all[p] {
			if out[key] == nil {
				out[key] = models.Counts{}
			}
			for k, n := range steps {
				out[key][k] += n
			}
		}
	}
	return out, err
}

// digestRead is everything that one digest tells, without a sentence.
type digestRead struct {
	week      models.Week
	partners  []models.Partner
	this, was map[models.ID]models.Counts
	total     models.Counts
	before    models.Counts
	corrected models.Counts // what the last digest said otherwise of the week before
	late      models.Counts // what came in since of weeks that were final
	only      []models.ID   // the partners it is limited to; nil = all
	half      models.Counts // the same week of the half-year before; nil = not on record
	halfWeek  models.Week
	related   Related
	trend     []weekPoint
	campaigns []campaignSteps
	support   map[models.ID]models.Support
	days      models.Days // also of the partners that asked
	silent    []silentPartner
	silentAll int
	lean      []leanPartner
	gaps      models.GapState
	answered  []models.SupportAnswer
	funnel    []materialSteps
	outcomes  []models.OutcomeSum
	ownerless int       // partners
	unowned   []Unowned // what nobody at work answers for; of a limited audience the partners alone
	owners    map[models.ID]models.Person
}

type silentPartner struct {
	partner models.Partner
	known   int64
	last    *time.Time // before the week
	stopped bool       // moved in the week before
}

type leanPartner struct {
	partner models.Partner
	active  int64
	known   int64
	share   int // percent of acts that are one person's
}

type materialSteps struct {
	key   string
	steps models.Counts
}

// Bounds of what one message lists; what is beyond is counted.
const (
	silentShown   = 5
	leanShown     = 3
	materialShown = 5
	leanActs      = 5  // fewer acts say nothing about who carries a partner
	leanShare     = 80 // percent
)

// read asks the log for everything that a digest tells.
func (d *Digests) read(tx *models.Tx, a Audience, w models.Week, now time.Time, r *weekReader) (*digestRead, error) {
	out := &digestRead{week: w, owners: map[models.ID]models.Person{}}
	if err := r.everybody(tx); err != nil {
		return nil, err
	}
	for _, p := range r.staff {
		out.owners[p.ID] = p
	}
	for _, p := range r.partners {
		if a.covers(p, out.owners[p.OwnerID].Key) {
			out.partners = append(out.partners, p)
		}
	}
	last := w.Before(a.Zone)
	if len(a.Partners)+len(a.Owners) > 0 {
		out.only = []models.ID{{}} // nobody's, so that the list is never empty
		for _, p := range out.partners {
			out.only = append(out.only, p.ID)
		}
	}
	if err := out.findUnowned(tx, d.h.Library, r); err != nil {
		return nil, err
	}
	this, err := r.week(tx, w, d.kept(w))
	if err != nil {
		return nil, err
	}
	was, err := r.week(tx, last, d.kept(last))
	if err != nil {
		return nil, err
	}
	out.this, out.was = this.Partners, was.Partners
	out.total, out.before = sum(out.partners, this), sum(out.partners, was)
	out.findLean(r.known)
	if err := out.findSilent(tx, r.known); err != nil {
		return nil, err
	}
	materials, err := r.funnel(tx, w, out.only)
	if err != nil {
		return nil, err
	}
	out.addFunnel(materials)
	if err := out.readWork(tx, a, now, r); err != nil {
		return nil, err
	}
	if err := d.readCampaigns(tx, out, now, r); err != nil {
		return nil, err
	}
	if out.related, err = d.h.Related(tx, RelatedOptions{Until: w.End, Span: relatedSpan, Days: relatedDays, Partners: out.only, Most: relatedMost, all: r.partners, known: r.known}); err != nil {
		return nil, err
	}
	return out, d.readTrend(tx, a, out, r)
}

// kept tells whether a week is one of the vendor's, whose figures are kept.
func (d *Digests) kept(w models.Week) bool {
	return models.WeekOf(w.Start, d.h.Vendor.Zone) == w
}

// covers tells whether an audience reads about a partner.
func (a Audience) covers(p models.Partner, owner string) bool {
	return (len(a.Partners) == 0 || slices.Contains(a.Partners, p.Key)) && (len(a.Owners) == 0 || slices.Contains(a.Owners, owner))
}

func sum(partners []models.Partner, c models.Counted) models.Counts {
	out := models.Counts{}
	for _, p := range partners {
		for k, n := range c.Partners[p.ID] {
			out[k] += n
		}
	}
	return out
}

// readWork reads gaps, support work, results, and what the last digest said.
func (r *digestRead) readWork(tx *models.Tx, a Audience, now time.Time, reader *weekReader) (err error) {
	only := r.only
	if r.gaps, err = tx.GapsAt(now, only); err != nil {
		return err
	}
	if r.answered, err = tx.AnsweredGaps(r.week.Start, r.week.End, only); err != nil {
		return err
	}
	if r.support, err = tx.SupportBetween(r.week.Start, r.week.End, only); err != nil {
		return err
	}
	recorded, err := once(reader.recorded, r.week, func() ([]models.Recorded, error) { return tx.RecordedBetween(r.week.Start, r.week.End) })
	if err != nil {
		return err
	}
	for _, x := range recorded {
		if only == nil || slices.Contains(only, x.PartnerID) {
			s := r.support[x.PersonID]
			s.PersonID, s.Recorded = x.PersonID, s.Recorded+x.N
			r.support[x.PersonID] = s
		}
	}
	var asked []models.ID
	for _, a := range r.answered {
		asked = append(asked, a.PartnerID)
	}
	if r.days, err = tx.Days(asked...); err != nil {
		return err
	}
	first := r.week.Start.In(a.Zone).Format(time.DateOnly)
	last := r.week.End.Add(-time.Microsecond).In(a.Zone).Format(time.DateOnly)
	sums, err := tx.OutcomesIn(first, last, r.week.Start, r.week.End)
	if err != nil {
		return err
	}
	r.addOutcomes(sums)
	if r.late, err = tx.CorrectionsIn(r.week, only); err != nil {
		return err
	}
	said, err := tx.DigestSaid(a.Key, r.week.Before(a.Zone).ISO)
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	r.corrected = models.Counts{}
	for _, f := range models.Figures {
		if !f.People && said[f.Key] != r.before[f.Key] {
			r.corrected[f.Key] = said[f.Key]
		}
	}
	return nil
}

// addOutcomes adds up the results of the partners that are told about.
func (r *digestRead) addOutcomes(sums []models.OutcomeSum) {
	ours := map[models.ID]bool{}
	for _, p := range r.partners {
		ours[p.ID] = true
	}
	for _, s := range sums {
		if !ours[s.PartnerID] {
			continue
		}
		i := slices.IndexFunc(r.outcomes, func(o models.OutcomeSum) bool { return o.Stage == s.Stage && o.Currency == s.Currency })
		if i < 0 {
			r.outcomes = append(r.outcomes, models.OutcomeSum{Stage: s.Stage, Currency: s.Currency})
			i = len(r.outcomes) - 1
		}
		r.outcomes[i].N += s.N
		r.outcomes[i].Amount += s.Amount
	}
}

// findSilent finds who did nothing: first those that moved the week before, then
// those with the most people.
func (r *digestRead) findSilent(tx *models.Tx, known map[models.ID]int64) error {
	for _, p := range r.partners {
		if r.this[p.ID][models.ActivePeople] == 0 {
			r.silent = append(r.silent, silentPartner{partner: p, known: known[p.ID], stopped: r.was[p.ID][models.ActivePeople] > 0})
		}
	}
	r.silentAll = len(r.silent)
	sort.SliceStable(r.silent, func(i, j int) bool {
		a, b := r.silent[i], r.silent[j]
		if a.stopped != b.stopped {
			return a.stopped
		}
		return a.known > b.known
	})
	r.silent = r.silent[:min(len(r.silent), silentShown)]
	for i := range r.silent {
		last, err := tx.LastActive(r.silent[i].partner.ID, r.week.Start)
		if err != nil {
			return err
		}
		r.silent[i].last = last
	}
	return nil
}

// findUnowned finds what nobody at work answers for: of the audience's partners, and
// where it reads about all of them, of content and campaigns too.
func (r *digestRead) findUnowned(tx *models.Tx, library *content.Library, week *weekReader) (err error) {
	if week.unowned == nil {
		if week.unowned, err = UnownedOf(tx, library); err != nil {
			return err
		}
	}
	ours := map[string]bool{}
	for _, p := range r.partners {
		ours[p.Key] = true
	}
	for _, u := range week.unowned {
		if u.Kind == models.OwnedPartner && ours[u.Key] || u.Kind != models.OwnedPartner && r.only == nil {
			r.unowned = append(r.unowned, u)
		}
	}
	r.ownerless = int(r.unownedOf(models.OwnedPartner))
	return nil
}

func (r *digestRead) unownedOf(kind string) (n int64) {
	for _, u := range r.unowned {
		if u.Kind == kind {
			n++
		}
	}
	return n
}

// findLean finds partners whose activity hangs on one person.
func (r *digestRead) findLean(known map[models.ID]int64) {
	for _, p := range r.partners {
		c := r.this[p.ID]
		acts := c[models.NamedActs]
		if acts < leanActs || known[p.ID] < 2 {
			continue
		}
		if share := int(c[models.MostActs] * 100 / acts); share >= leanShare {
			r.lean = append(r.lean, leanPartner{p, c[models.ActivePeople], known[p.ID], share})
		}
	}
	sort.SliceStable(r.lean, func(i, j int) bool { return r.lean[i].known > r.lean[j].known })
	r.lean = r.lean[:min(len(r.lean), leanShown)]
}

func (r *digestRead) addFunnel(materials map[string]models.Counts) {
	for key, steps := range materials {
		r.funnel = append(r.funnel, materialSteps{key, steps})
	}
	weight := func(m materialSteps) int64 {
		return m.steps["used"]*1000 + m.steps[models.Completed]*100 + m.steps[models.Opened]*10 + m.steps[models.Delivered]
	}
	sort.Slice(r.funnel, func(i, j int) bool {
		if a, b := weight(r.funnel[i]), weight(r.funnel[j]); a != b {
			return a > b
		}
		return r.funnel[i].key < r.funnel[j].key
	})
}

// figures are the totals, every one of them, also those that are 0.
func (r *digestRead) figures() map[string]int64 {
	out := map[string]int64{
		"partners": int64(len(r.partners)), "partners_silent": int64(r.silentAll), "partners_without_owner": int64(r.ownerless),
		"materials_without_owner": r.unownedOf(models.OwnedMaterial), "entries_without_owner": r.unownedOf(models.OwnedEntry), "campaigns_without_owner": r.unownedOf(models.OwnedCampaign),
		"gaps_open": r.gaps.Open, "gaps_overdue": r.gaps.Overdue, "gaps_answered": int64(len(r.answered)),
	}
	for _, f := range models.Figures {
		out[f.Key] = r.total[f.Key]
	}
	return out
}

func (r *digestRead) rows() []map[string]any {
	out := []map[string]any{}
	for _, p := range r.partners {
		row := map[string]any{"partner_key": p.Key}
		for _, f := range models.Figures {
			row[f.Key] = r.this[p.ID][f.Key]
		}
		out = append(out, row)
	}
	return out
}
