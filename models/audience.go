package models

import (
	"bytes"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Rule picks who a campaign is for. All is everybody; of everything else that is
// given, all must hold, and within a list one value suffices.
type Rule struct {
	All             bool     `json:"all,omitempty"`
	Partners        []string `json:"partners,omitempty"` // keys
	People          []string `json:"people,omitempty"`   // keys
	Tiers           []string `json:"tiers,omitempty"`
	Levels          []string `json:"levels,omitempty"` // LevelFirst 一次店, LevelSecond 二次店
	Tags            []string `json:"tags,omitempty"`
	Regions         []string `json:"regions,omitempty"`
	Owners          []string `json:"owners,omitempty"` // staff keys
	Languages       []string `json:"languages,omitempty"`
	NotOpened       string   `json:"not_opened,omitempty"`       // a material's key
	NotAcknowledged int64    `json:"not_acknowledged,omitempty"` // a campaign
	SilentDays      int      `json:"silent_days,omitempty"`
	Exclude         Exclude  `json:"exclude,omitzero"`
}

// Exclude takes out again.
type Exclude struct {
	Partners []string `json:"partners,omitempty"`
	People   []string `json:"people,omitempty"`
	Tiers    []string `json:"tiers,omitempty"`
	Tags     []string `json:"tags,omitempty"`
}

// IsZero tells whether nothing is taken out.
func (e Exclude) IsZero() bool {
	return len(e.Partners)+len(e.People)+len(e.Tiers)+len(e.Tags) == 0
}

// Where a partner stands in the tree.
const (
	LevelFirst  = "first"
	LevelSecond = "second"
)

// Empty tells whether the rule names nobody: a forgotten rule must not mean everybody.
func (r Rule) Empty() bool {
	return !r.All && len(r.Partners)+len(r.People)+len(r.Tiers)+len(r.Levels)+len(r.Tags)+len(r.Regions)+len(r.Owners)+len(r.Languages) == 0 &&
		r.NotOpened == "" && r.NotAcknowledged == 0 && r.SilentDays == 0
}

// GormDataType tells gorm that this is one column.
func (Rule) GormDataType() string { return "text" }

// Scan implements sql.Scanner.
func (r *Rule) Scan(src any) error { *r = Rule{}; return scanJSON(src, r) }

// Value implements driver.Valuer.
func (r Rule) Value() (driver.Value, error) {
	b, err := json.Marshal(r)
	return string(b), err
}

// Reason is one condition of a rule as it applies to a partner or a person.
type Reason struct {
	Condition string   `json:"condition"`       // the rule's own word: partners, tiers, tags, …, exclude.partners
	Value     string   `json:"value,omitempty"` // what of the rule it is about
	Holds     bool     `json:"holds"`
	Values    []string `json:"-"` // Value one by one
}

// Reasons are the conditions of a rule, without saying for whom they hold.
func (r Rule) Reasons() (out []Reason) {
	if r.All {
		out = append(out, Reason{Condition: "all"})
	}
	for _, c := range r.conditions(time.Time{}) {
		out = append(out, c.reason(false))
	}
	return out
}

// condition is one part of a WHERE: it speaks of p (partners) and w (people).
type condition struct {
	name   string
	values []string
	person bool // it needs a person
	sql    string
	args   []any
}

func (c condition) reason(holds bool) Reason {
	return Reason{Condition: c.name, Value: strings.Join(c.values, ", "), Holds: holds, Values: c.values}
}

// conditions is the rule as SQL. Every value is an argument, never text of the statement.
func (r Rule) conditions(now time.Time) []condition {
	var out []condition
	in := func(name, column string, values []string) {
		if len(values) > 0 {
			out = append(out, condition{name: name, values: values, person: strings.HasPrefix(column, "w."), sql: column + " IN ?", args: []any{values}})
		}
	}
	in("partners", "p.`key`", r.Partners)
	in("people", "w.`key`", r.People)
	in("tiers", "p.tier", r.Tiers)
	in("regions", "p.region", r.Regions)
	if len(r.Levels) > 0 {
		var or []string
		if slices.Contains(r.Levels, LevelFirst) {
			or = append(or, "p.parent_id IS NULL")
		}
		if slices.Contains(r.Levels, LevelSecond) {
			or = append(or, "p.parent_id IS NOT NULL")
		}
		out = append(out, condition{name: "levels", values: r.Levels, sql: "(" + strings.Join(append(or, "1 = 0"), " OR ") + ")"})
	}
	if len(r.Tags) > 0 {
		sql, args := tagged(r.Tags)
		out = append(out, condition{name: "tags", values: r.Tags, sql: sql, args: args})
	}
	if len(r.Owners) > 0 {
		out = append(out, condition{name: "owners", values: r.Owners, sql: "p.owner_id IN (SELECT o.id FROM people o WHERE o.`key` IN ?)", args: []any{r.Owners}})
	}
	if len(r.Languages) > 0 {
		out = append(out, condition{name: "languages", values: r.Languages, person: true,
			sql: "COALESCE(NULLIF(w.language, ''), NULLIF(p.language, ''), 'ja') IN ?", args: []any{r.Languages}})
	}
	out = append(out, r.behaviour(now)...)
	return append(out, r.Exclude.conditions()...)
}

// humanly is an event e, of the visit v if it has one, that a human did.
const humanly = "COALESCE(v.class, e.class) = 'human'"

// behaviour is what people did, or not, by the log.
func (r Rule) behaviour(now time.Time) (out []condition) {
	if r.NotOpened != "" {
		// Through the link: it knows its reader also where events name no person.
		out = append(out, condition{name: "not_opened", values: []string{r.NotOpened}, person: true, sql: `NOT EXISTS (SELECT 1 FROM links l JOIN events e ON e.link_id = l.id
LEFT JOIN visits v ON v.link_id = e.link_id AND v.visit = e.visit WHERE l.person_id = w.id AND e.object_key = ?
AND e.kind IN ('opened','page_viewed','video_watched','completed','tool_opened') AND ` + humanly + `)`, args: []any{r.NotOpened}})
	}
	if r.NotAcknowledged != 0 {
		out = append(out, condition{name: "not_acknowledged", values: []string{fmt.Sprint(r.NotAcknowledged)}, person: true, sql: owes, args: []any{r.NotAcknowledged}})
	}
	if r.SilentDays > 0 {
		out = append(out, condition{name: "silent_days", values: []string{fmt.Sprint(r.SilentDays)}, person: true, sql: `NOT EXISTS (SELECT 1 FROM events e
LEFT JOIN visits v ON v.link_id = e.link_id AND v.visit = e.visit WHERE e.person_id = w.id AND e.occurred_at > ? AND ` + humanly + `)`,
			args: []any{micro(now.AddDate(0, 0, -r.SilentDays))}})
	}
	return out
}

// owes is w a person to whom campaign ? went, or into whose partner's room before it
// was over, and who has not acknowledged it, nor, where one per partner suffices, anybody of
// theirs. It takes the campaign's id once, hence the derived table.
var owes = `EXISTS (SELECT 1 FROM campaigns c WHERE c.id = ?
AND EXISTS (SELECT 1 FROM recipients r WHERE r.campaign_id = c.id AND (r.target_id = w.id OR r.kind <> 'person' AND r.partner_id = w.partner_id AND w.created_at <= COALESCE(c.finished_at, w.created_at)))
AND NOT EXISTS (SELECT 1 FROM acks k WHERE k.campaign_id = c.id AND k.undone_at IS NULL
  AND (k.person_id = w.id OR c.spec LIKE '%"rule":"one_per_partner"%' AND k.partner_id = w.partner_id)
  AND ` + wholly(`(j.person_id = w.id OR c.spec LIKE '%"rule":"one_per_partner"%' AND j.partner_id = w.partner_id)`) + `))`

// conditions is what is taken out, as conditions that hold for who stays.
func (e Exclude) conditions() (out []condition) {
	not := func(name, column string, values []string) {
		if len(values) > 0 {
			out = append(out, condition{name: "exclude." + name, values: values, person: strings.HasPrefix(column, "w."), sql: column + " NOT IN ?", args: []any{values}})
		}
	}
	not("partners", "p.`key`", e.Partners)
	not("people", "w.`key`", e.People)
	not("tiers", "p.tier", e.Tiers)
	if len(e.Tags) > 0 {
		sql, args := tagged(e.Tags)
		out = append(out, condition{name: "exclude.tags", values: e.Tags, sql: "NOT " + sql, args: args})
	}
	return out
}

// tagged looks for tags in the JSON of p.tags; INSTR minds the case on both
// databases, LIKE does not on SQLite.
func tagged(tags []string) (string, []any) {
	var or []string
	var args []any
	for _, tag := range tags {
		b, _ := json.Marshal(tag) // a string always marshals; the column is written the same way
		or, args = append(or, "INSTR(p.tags, ?) > 0"), append(args, string(b))
	}
	return "(" + strings.Join(or, " OR ") + ")", args
}

// inUse is the partners that count: the sample ones only while there is no other.
const inUse = "(p.sample = 0 OR NOT EXISTS (SELECT 1 FROM partners q WHERE q.sample = 0))"

// Targets are what may be told of a campaign: rows of (id, kind, partner).
type Targets struct {
	To         string
	Rule       Rule
	Playground bool // partners have a room of their own there, without a row
}

// selectTargets is the one statement behind preview, resolution and 「なぜ入っている?」.
func (g Targets) selectTargets(now time.Time) (string, []any) {
	var partner, person []condition
	for _, c := range g.Rule.conditions(now) {
		if c.person {
			person = append(person, c)
		} else {
			partner = append(partner, c)
		}
	}
	if g.To == ToPeople {
		where, args := and(append(partner, person...))
		return "SELECT w.id AS target_id, 'person' AS kind, p.id AS partner_id FROM people w JOIN partners p ON p.id = w.partner_id WHERE w.side = 'member' AND " + inUse + where, args
	}
	where, args := and(partner)
	if len(person) > 0 {
		some, more := and(person)
		where += " AND EXISTS (SELECT 1 FROM people w WHERE w.partner_id = p.id AND w.side = 'member' AND w.left_at IS NULL" + some + ")"
		args = append(args, more...)
	}
	if g.Playground {
		return "SELECT p.id AS target_id, 'play' AS kind, p.id AS partner_id FROM partners p WHERE " + inUse + where, args
	}
	return "SELECT r.id AS target_id, 'room' AS kind, p.id AS partner_id FROM rooms r JOIN partners p ON p.id = r.partner_id " +
		"WHERE r.kind = 'shared' AND r.left_at IS NULL AND r.platform <> 'playground' AND " + inUse + where, args
}

func and(cs []condition) (string, []any) {
	var b strings.Builder
	var args []any
	for _, c := range cs {
		b.WriteString(" AND " + c.sql)
		args = append(args, c.args...)
	}
	return b.String(), args
}

// CountTargets answers how many a rule picks. Staff scope.
func (t *Tx) CountTargets(g Targets) (int, error) {
	if g.Rule.Empty() {
		return 0, nil
	}
	sql, args := g.selectTargets(t.now)
	return first[int](t.db, "SELECT COUNT(*) FROM ("+sql+") AS x", args...)
}

// Why answers which conditions of a rule hold for a partner, and for how many of
// its people (rooms) the whole rule does: 「なぜ入っている?」.
func (t *Tx) Why(g Targets, partner Partner) (why []Reason, targets int, err error) {
	for _, c := range g.Rule.conditions(t.now) {
		from := "partners p"
		if c.person {
			from += " JOIN people w ON w.partner_id = p.id AND w.side = 'member'"
		}
		n, err := first[int](t.db, "SELECT COUNT(*) FROM "+from+" WHERE p.id = ? AND "+c.sql, append([]any{partner.ID}, c.args...)...)
		if err != nil {
			return nil, 0, err
		}
		why = append(why, c.reason(n > 0))
	}
	if g.Rule.All {
		why = append([]Reason{{Condition: "all", Holds: true}}, why...)
	}
	if g.Rule.Empty() {
		return why, 0, nil
	}
	sql, args := g.selectTargets(t.now)
	targets, err = first[int](t.db, "SELECT COUNT(*) FROM ("+sql+") AS x WHERE x.partner_id = ?", append(args, partner.ID)...)
	return why, targets, err
}

// Unknown answers what a rule names that does not exist, as "partners: p-x":
// a slip of the pen must not silently mean fewer people.
func (t *Tx) Unknown(r Rule) (missing []string, err error) {
	check := func(what, sql string, keys []string) {
		if err != nil || len(keys) == 0 {
			return
		}
		var have []string
		if have, err = all[string](t.db, sql, keys); err != nil {
			return
		}
		for _, k := range keys {
			if !slices.Contains(have, k) {
				missing = append(missing, what+": "+k)
			}
		}
	}
	check("partners", "SELECT `key` FROM partners WHERE `key` IN ?", r.Partners)
	check("exclude.partners", "SELECT `key` FROM partners WHERE `key` IN ?", r.Exclude.Partners)
	check("people", "SELECT `key` FROM people WHERE side = 'member' AND `key` IN ?", r.People)
	check("exclude.people", "SELECT `key` FROM people WHERE side = 'member' AND `key` IN ?", r.Exclude.People)
	check("owners", "SELECT `key` FROM people WHERE side = 'staff' AND `key` IN ?", r.Owners)
	if err == nil && r.NotAcknowledged != 0 {
		if _, e := t.CampaignOf(r.NotAcknowledged); errors.Is(e, ErrNotFound) {
			missing = append(missing, fmt.Sprintf("not_acknowledged: %d", r.NotAcknowledged))
		} else if e != nil {
			err = e
		}
	}
	return missing, err
}

// Audience is a rule that staff keep under a name.
type Audience struct {
	Key       string
	Name      string
	Rule      Rule
	CreatedBy ID
	UpdatedAt time.Time
}

// SaveAudience keeps a rule under its key.
func (t *Tx) SaveAudience(a Audience) error {
	rule, err := json.Marshal(a.Rule)
	if err != nil {
		return err
	}
	err = t.db.Exec("INSERT INTO audiences (`key`,name,rule,created_by,created_at,updated_at) VALUES (?,?,?,?,?,?)", a.Key, a.Name, string(rule), a.CreatedBy, t.now, t.now).Error
	if !isDuplicate(err) {
		return err
	}
	return t.db.Exec("UPDATE audiences SET name = ?, rule = ?, updated_at = ? WHERE `key` = ?", a.Name, string(bytes.TrimSpace(rule)), t.now, a.Key).Error
}

// Audiences answers the saved audiences by name. Staff scope.
func (t *Tx) Audiences() ([]Audience, error) {
	return all[Audience](t.db, "SELECT `key`, name, rule, created_by, updated_at FROM audiences ORDER BY name, `key`")
}

// AudienceByKey answers a saved audience.
func (t *Tx) AudienceByKey(key string) (Audience, error) {
	return first[Audience](t.db, "SELECT `key`, name, rule, created_by, updated_at FROM audiences WHERE `key` = ?", key)
}

// DropAudience forgets a saved audience.
func (t *Tx) DropAudience(key string) error {
	return t.db.Exec("DELETE FROM audiences WHERE `key` = ?", key).Error
}

// Facets are the values that partners in use have, sorted: what a rule can name.
type Facets struct {
	Tiers, Tags, Regions []string
}

// Facets answers what partners can be picked by. Staff scope.
func (t *Tx) Facets() (f Facets, err error) {
	ps, err := t.Partners()
	for _, p := range ps {
		f.Tiers, f.Regions, f.Tags = append(f.Tiers, p.Tier), append(f.Regions, p.Region), append(f.Tags, p.Tags...)
	}
	for _, list := range []*[]string{&f.Tiers, &f.Tags, &f.Regions} {
		slices.Sort(*list)
		*list = slices.DeleteFunc(slices.Compact(*list), func(v string) bool { return v == "" })
	}
	return f, err
}
