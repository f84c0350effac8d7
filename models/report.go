package models

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Counts are figures by their key; one that is missing is 0.
type Counts map[string]int64

// Counted are the figures of a span of time.
type Counted struct {
	Partners map[ID]Counts
}

// Sum adds the figures up over all partners.
func (c Counted) Sum() Counts {
	out := Counts{}
	for _, counts := range c.Partners {
		for k, n := range counts {
			out[k] += n
		}
	}
	return out
}

// Period is what to count: what happened from From to before To.
//
// With a cut the count is what it was at that moment: only what was recorded
// before it, and every visit with the class it had then. Without one it is what
// is known now.
type Period struct {
	From, To time.Time
	Cut      *time.Time
	Partner  ID // of one partner alone; zero = all
}

// index is what a count of the span goes through.
func (s Period) index() string {
	if s.Partner.IsZero() {
		return "events_week"
	}
	return "events_partner"
}

// kindIndex is what a count of a few kinds of events of the span goes through.
func (s Period) kindIndex() string {
	if s.Partner.IsZero() {
		return "events_kind"
	}
	return "events_partner"
}

// countRow is one person's share of what is counted.
type countRow struct {
	PartnerID ID
	Kind      string
	PersonID  ID
	SeenAs    *string
	N         int64
}

// classSQL answers the class of an event e, and the join and arguments it needs.
func (s Period) classSQL() (class, join string, args []any) {
	if s.Cut == nil {
		return "COALESCE(v.class, e.class)", " LEFT JOIN visits v ON v.link_id = e.link_id AND v.visit = e.visit", nil
	}
	return "CASE WHEN e.visit IS NULL THEN e.class ELSE COALESCE((SELECT c.class FROM visit_classes c WHERE c.link_id = e.link_id AND c.visit = e.visit AND c.since <= ? " +
		"ORDER BY c.since DESC LIMIT 1), e.class) END", "", []any{micro(*s.Cut)}
}

func (s Period) where() (sql string, args []any) {
	sql, args = "e.occurred_at >= ? AND e.occurred_at < ? AND e.partner_id IS NOT NULL", []any{micro(s.From), micro(s.To)}
	if !s.Partner.IsZero() {
		sql, args = sql+" AND e.partner_id = ?", append(args, s.Partner)
	}
	if s.Cut != nil {
		sql, args = sql+" AND e.recorded_at < ?", append(args, micro(*s.Cut))
	}
	return sql, args
}

// by makes a query go through an index: the optimisers like the partner's index
// for a GROUP BY and then read the whole log (24 s instead of 0.2 s were seen).
func (t *Tx) by(index string) string {
	if t.store.driver == driverSQLite {
		return " INDEXED BY " + index
	}
	return " FORCE INDEX (" + index + ")"
}

// Count counts a span for every partner: one range scan of events_week, whatever
// the length of the log, plus the few ratings. Staff scope.
func (t *Tx) Count(s Period) (Counted, error) {
	class, join, args := s.classSQL()
	where, more := s.where()
	rows, err := t.countRows("SELECT e.partner_id, e.kind, e.person_id, "+class+" AS seen_as, COUNT(*) AS n FROM events e"+t.by(s.index())+join+
		" WHERE "+where+" GROUP BY e.partner_id, e.kind, e.person_id, seen_as", append(args, more...)...)
	if err != nil {
		return Counted{}, err
	}
	out := tally(rows)
	detailed, err := t.countDetailed(s, nil)
	for _, r := range detailed {
		if r.SeenAs != nil && *r.SeenAs == ClassHuman {
			out.of(r.PartnerID)[r.Figure] += r.N
		}
	}
	return out, err
}

// countRows reads the many rows of a count by hand: gorm takes nearly twice as long.
func (t *Tx) countRows(sql string, args ...any) ([]countRow, error) {
	rows, err := t.db.Raw(sql, args...).Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []countRow
	for rows.Next() {
		var r countRow
		if err := rows.Scan(&r.PartnerID, &r.Kind, &r.PersonID, &r.SeenAs, &r.N); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// Total counts figures of a span over all partners, as is known now: the sums of
// what Count answers for each, without reading who did what out of the database. Of
// the figures that count people it knows active_people alone. Staff scope.
func (t *Tx) Total(s Period, figures []string) (Counts, error) {
	s.Cut = nil
	class, join, _ := s.classSQL()
	where, args := s.where()
	from := " FROM events e" + t.by(s.kindIndex()) + join + " WHERE " + where + " AND e.kind IN ?"
	plain := map[string]Figure{} // by the one kind that each is counted from
	for _, f := range Figures {
		if slices.Contains(figures, f.Key) && !f.People && f.Detail == "" {
			plain[f.Kinds[0]] = f
		}
	}
	type row struct {
		Kind   string
		SeenAs *string
		N      int64
	}
	rows, err := all[row](t.db, "SELECT e.kind, "+class+" AS seen_as, COUNT(*) AS n"+from+" GROUP BY e.kind, seen_as", append(slices.Clip(args), slices.Collect(maps.Keys(plain)))...)
	if err != nil {
		return nil, err
	}
	out := Counts{}
	for _, r := range rows {
		if f := plain[r.Kind]; f.Product == (r.SeenAs == nil) && (f.Product || *r.SeenAs == ClassHuman) {
			out[f.Key] += r.N
		}
	}
	if slices.Contains(figures, ActivePeople) { // acts without a person are one person's where the log knows no others
		out[ActivePeople], err = first[int64](t.db, "SELECT COALESCE(SUM(CASE WHEN x.n = 0 THEN 1 ELSE x.n END), 0) FROM (SELECT e.partner_id, COUNT(DISTINCT e.person_id) AS n"+from+
			" AND "+class+" = 'human' GROUP BY e.partner_id) AS x", append(slices.Clip(args), actingKinds)...)
		if err != nil {
			return nil, err
		}
	}
	detailed, err := t.countDetailed(s, figures)
	for _, r := range detailed {
		if r.SeenAs != nil && *r.SeenAs == ClassHuman {
			out[r.Figure] += r.N
		}
	}
	return out, err
}

// detailedRow is a count of a figure that a detail decides on.
type detailedRow struct {
	PartnerID ID
	Figure    string
	SeenAs    *string
	N         int64
}

// countDetailed counts the figures that the index alone cannot tell; of only, where
// some are named.
func (t *Tx) countDetailed(s Period, only []string) ([]detailedRow, error) {
	class, join, args := s.classSQL()
	where, more := s.where()
	which, cases, picked := "CASE", []string{}, []any{}
	for _, f := range Figures {
		if f.Detail != "" && (only == nil || slices.Contains(only, f.Key)) {
			which += " WHEN e.kind = '" + f.Kinds[0] + "' THEN '" + f.Key + "'"
			cases, picked = append(cases, "e.kind = ? AND e.detail LIKE ?"), append(picked, f.Kinds[0], "%"+f.Detail+"%")
		}
	}
	if len(cases) == 0 {
		return nil, nil
	}
	return all[detailedRow](t.db, "SELECT e.partner_id, "+which+" END AS figure, "+class+" AS seen_as, COUNT(*) AS n FROM events e"+t.by(s.kindIndex())+join+
		" WHERE "+where+" AND ("+strings.Join(cases, " OR ")+") GROUP BY e.partner_id, figure, seen_as", slices.Concat(args, more, picked)...)
}

// counting says by which figures a kind of event is counted.
func counting() map[string][]Figure {
	m := map[string][]Figure{}
	for _, f := range Figures {
		for _, k := range f.Kinds {
			m[k] = append(m[k], f)
		}
	}
	return m
}

func (c *Counted) of(partner ID) Counts {
	if c.Partners[partner] == nil {
		c.Partners[partner] = Counts{}
	}
	return c.Partners[partner]
}

// tally turns rows into figures.
func tally(rows []countRow) Counted {
	out := Counted{Partners: map[ID]Counts{}}
	by := counting()
	type seat struct {
		partner ID
		figure  string
	}
	people := map[seat]map[ID]bool{}
	acts := map[ID]map[ID]int64{}
	for _, r := range rows {
		for _, f := range by[r.Kind] {
			switch {
			case f.Detail != "", f.Share, f.Product != (r.SeenAs == nil), !f.Product && *r.SeenAs != ClassHuman:
			case f.People:
				at := seat{r.PartnerID, f.Key}
				if people[at] == nil {
					people[at] = map[ID]bool{}
				}
				people[at][r.PersonID] = true
				if f.Key == ActivePeople && slices.Contains(deeds, r.Kind) && !r.PersonID.IsZero() {
					if acts[r.PartnerID] == nil {
						acts[r.PartnerID] = map[ID]int64{}
					}
					acts[r.PartnerID][r.PersonID] += r.N
				}
			default:
				out.of(r.PartnerID)[f.Key] += r.N
			}
		}
	}
	for at, who := range people {
		if len(who) > 1 {
			delete(who, ID{}) // acts without a person beside acts with one add nobody
		}
		out.of(at.partner)[at.figure] = int64(len(who))
	}
	for partner, each := range acts {
		c := out.of(partner)
		for _, n := range each {
			c[NamedActs] += n
			c[MostActs] = max(c[MostActs], n)
		}
	}
	return out
}

// materialRow is how often one step of a material was taken.
type materialRow struct {
	PartnerID ID // zero where partners are added up
	ObjectKey string
	// ObjectVersion is 0 where versions are added up.
	ObjectVersion int
	Kind          string
	SeenAs        *string
	N             int64
}

// counts tells whether a row is counted by the step's figure.
func (r materialRow) counts() bool {
	f, _ := FigureOf(r.Kind)
	return f.Product == (r.SeenAs == nil) && (f.Product || *r.SeenAs == ClassHuman)
}

// materialSteps counts steps by material and, with "e.partner_id, ", by partner.
func (t *Tx) materialSteps(s Period, by string) ([]materialRow, error) {
	class, join, args := s.classSQL()
	where, more := s.where()
	args = append(append(args, more...), MaterialFunnel)
	return all[materialRow](t.db, "SELECT "+by+"e.object_key, e.kind, "+class+" AS seen_as, COUNT(*) AS n FROM events e"+t.by(s.kindIndex())+join+
		" WHERE "+where+" AND e.kind IN ? AND e.object_key <> '' GROUP BY "+by+"e.object_key, e.kind, seen_as", args...)
}

// CountMaterials counts the steps that materials went through in a span, by
// partner and material. Staff scope.
func (t *Tx) CountMaterials(s Period) (map[ID]map[string]Counts, error) {
	rows, err := t.materialSteps(s, "e.partner_id, ")
	out := map[ID]map[string]Counts{}
	for _, r := range rows {
		if !r.counts() {
			continue
		}
		if out[r.PartnerID] == nil {
			out[r.PartnerID] = map[string]Counts{}
		}
		if out[r.PartnerID][r.ObjectKey] == nil {
			out[r.PartnerID][r.ObjectKey] = Counts{}
		}
		out[r.PartnerID][r.ObjectKey][r.Kind] += r.N
	}
	return out, err
}

// SumMaterials counts the same over all partners, or the period's one, by material:
// a hundred rows instead of tens of thousands. Staff scope.
func (t *Tx) SumMaterials(s Period) (map[string]Counts, error) {
	rows, err := t.materialSteps(s, "")
	out := map[string]Counts{}
	for _, r := range rows {
		if !r.counts() {
			continue
		}
		if out[r.ObjectKey] == nil {
			out[r.ObjectKey] = Counts{}
		}
		out[r.ObjectKey][r.Kind] += r.N
	}
	return out, err
}

// CountVersions counts the steps that one material went through in a span, by
// version. Staff scope.
func (t *Tx) CountVersions(s Period, key string) (map[int]Counts, error) {
	class, join, args := s.classSQL()
	where, more := s.where()
	rows, err := all[materialRow](t.db, "SELECT e.object_version, e.kind, "+class+" AS seen_as, COUNT(*) AS n FROM events e"+t.by("events_object")+join+
		" WHERE "+where+" AND e.object_key = ? AND e.kind IN ? GROUP BY e.object_version, e.kind, seen_as", append(append(args, more...), key, MaterialFunnel)...)
	out := map[int]Counts{}
	for _, r := range rows {
		if !r.counts() {
			continue
		}
		if out[r.ObjectVersion] == nil {
			out[r.ObjectVersion] = Counts{}
		}
		out[r.ObjectVersion][r.Kind] += r.N
	}
	return out, err
}
