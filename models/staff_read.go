package models

import (
	"slices"
	"strings"
	"time"
)

// PersonLine is one person as staff read a list of people.
type PersonLine struct {
	Key         string
	Name        string
	Roles       string
	Side        string
	Department  string
	PartnerKey  *string
	PartnerName *string
	Platforms   *string // comma-separated
	LeftAt      *time.Time
	CreatedAt   time.Time
}

// PeopleList answers people by name, of one partner or, with a zero id, of all,
// whose name, key or partner's name contains text. Staff scope.
func (t *Tx) PeopleList(partner ID, text string, limit, offset int) ([]PersonLine, error) {
	sql, args := inUsePeople, []any{}
	if !partner.IsZero() {
		sql, args = "w.partner_id = ?", append(args, partner)
	}
	return t.peopleLines(sql, args, text, limit, offset)
}

// inUsePeople are those who are not of the sample while there is anybody else.
const inUsePeople = "w.sample = (SELECT CASE WHEN EXISTS (SELECT 1 FROM people r WHERE r.sample = 0) THEN 0 ELSE 1 END)"

// MembersNamed answers up to limit members of partners who are there, by name; text
// is as in PeopleList. Staff scope.
func (t *Tx) MembersNamed(text string, limit int) ([]PersonLine, error) {
	return t.peopleLines(inUsePeople+" AND w.side = 'member' AND w.left_at IS NULL", nil, text, limit, 0)
}

func (t *Tx) peopleLines(sql string, args []any, text string, limit, offset int) ([]PersonLine, error) {
	if text != "" {
		like := "%" + escapeLike(text) + "%"
		sql, args = sql+" AND (w.name LIKE ? ESCAPE '!' OR w.`key` LIKE ? ESCAPE '!' OR p.name LIKE ? ESCAPE '!')", append(args, like, like, like)
	}
	return all[PersonLine](t.db, "SELECT w.`key`, w.name, w.roles, w.side, w.department, p.`key` AS partner_key, p.name AS partner_name, "+
		"(SELECT GROUP_CONCAT(DISTINCT a.platform) FROM accounts a WHERE a.person_id = w.id) AS platforms, w.left_at, w.created_at "+
		"FROM people w LEFT JOIN partners p ON p.id = w.partner_id WHERE "+sql+" ORDER BY w.name, w.`key` LIMIT ? OFFSET ?", append(args, limit, offset)...)
}

// escapeLike makes a text mean itself in LIKE … ESCAPE '!'.
func escapeLike(s string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(s)
}

// RoomsOf answers the rooms of a partner. Staff scope.
func (t *Tx) RoomsOf(partner ID) ([]Room, error) {
	return all[Room](t.db, "SELECT "+roomColumns+" FROM rooms WHERE partner_id = ? ORDER BY name, room", partner)
}

// GapLine is a gap as staff read a list of gaps.
type GapLine struct {
	Status     string
	Question   *string // nil = what was asked has been erased
	Owner      *string
	Department string
	EntryKey   string
	DueAt      time.Time
	CreatedAt  time.Time
	AnsweredAt *time.Time
	Askers     int
	Partners   int
}

// GapList answers gaps in one of the states, or all: the open ones first, the most
// urgent first. partner limits it to what somebody of them asked. Staff scope.
func (t *Tx) GapList(status string, partner ID, limit, offset int) ([]GapLine, error) {
	sql, args := "1 = 1", []any{}
	if status != "" {
		sql, args = "g.status = ?", append(args, status)
	}
	if !partner.IsZero() {
		sql, args = sql+" AND EXISTS (SELECT 1 FROM gap_askers a WHERE a.gap_id = g.id AND a.partner_id = ?)", append(args, partner)
	}
	return all[GapLine](t.db, "SELECT g.status, x.body AS question, w.name AS owner, g.department, g.entry_key, g.due_at, g.created_at, g.answered_at, "+
		"(SELECT COUNT(*) FROM gap_askers a WHERE a.gap_id = g.id) AS askers, (SELECT COUNT(DISTINCT a.partner_id) FROM gap_askers a WHERE a.gap_id = g.id) AS partners "+
		"FROM gaps g LEFT JOIN texts x ON x.id = g.question_id LEFT JOIN people w ON w.id = g.owner_id WHERE "+sql+
		" ORDER BY CASE g.status WHEN 'answered' THEN 1 ELSE 0 END, g.due_at, g.id LIMIT ? OFFSET ?", append(args, limit, offset)...)
}

// AuditLine is one act as staff read the audit log.
type AuditLine struct {
	ID     ID
	At     time.Time
	Actor  *string
	Name   *string
	Role   string
	Action string
	Object string
	Result string
}

// AuditLog answers acts, the newest first, behind before (nil = from the newest),
// with this action and result where they are given. persons: members may be named
// too. Staff scope.
func (t *Tx) AuditLog(action, result string, before *time.Time, beforeID ID, persons bool, limit int) ([]AuditLine, error) {
	sql, args := "1 = 1", []any{}
	if action != "" {
		sql, args = sql+" AND a.action LIKE ? ESCAPE '!'", append(args, escapeLike(action)+"%")
	}
	if result != "" {
		sql, args = sql+" AND a.result = ?", append(args, result)
	}
	if before != nil {
		at := micro(*before)
		sql, args = sql+" AND a.at <= ? AND (a.at < ? OR a.id < ?)", append(args, at, at, beforeID)
	}
	named := ""
	if !persons {
		named = " AND w.side = 'staff'"
	}
	return all[AuditLine](t.db, "SELECT a.id, a.at, w.`key` AS actor, w.name, a.role, a.action, a.object, a.result FROM audit a LEFT JOIN people w ON w.id = a.actor_id"+named+
		" WHERE "+sql+" ORDER BY a.at DESC, a.id DESC LIMIT ?", append(args, limit)...)
}

// OutcomeLine is a result as staff read a list of results.
type OutcomeLine struct {
	ExternalID  string
	PartnerKey  *string
	PartnerName *string
	Title       string
	Stage       string
	Amount      *int64 // hundredths
	Currency    string
	ClosedOn    *string
	CreatedAt   time.Time
}

// OutcomeList answers results, the newest first. Staff scope.
func (t *Tx) OutcomeList(partner ID, limit, offset int) ([]OutcomeLine, error) {
	sql, args := "1 = 1", []any{}
	if !partner.IsZero() {
		sql, args = "o.partner_id = ?", append(args, partner)
	}
	return all[OutcomeLine](t.db, "SELECT o.external_id, p.`key` AS partner_key, p.name AS partner_name, o.title, o.stage, o.amount, o.currency, o.closed_on, o.created_at "+
		"FROM outcomes o LEFT JOIN partners p ON p.id = o.partner_id WHERE "+sql+" ORDER BY o.created_at DESC, o.id DESC LIMIT ? OFFSET ?", append(args, limit, offset)...)
}

// CountEntries counts how FAQ entries served in a span, by entry: answered,
// picked, rated and solved, as the figures of those names. Staff scope.
func (t *Tx) CountEntries(s Period) (map[string]Counts, error) {
	where, args := s.where()
	from := " FROM events e" + t.by(s.kindIndex()) + " WHERE " + where + " AND e.class = 'human' AND e.object_key <> '' AND e.kind IN "
	type row struct {
		ObjectKey, Kind string
		N               int64
	}
	rows, err := all[row](t.db, "SELECT e.object_key, e.kind, COUNT(*) AS n"+from+"('answered','picked','rated') GROUP BY e.object_key, e.kind", args...)
	if err != nil {
		return nil, err
	}
	// Apart, because the detail is in no index.
	solved, err := all[row](t.db, "SELECT e.object_key, 'solved' AS kind, COUNT(*) AS n"+from+`('rated') AND e.detail LIKE '%"solved":1%' GROUP BY e.object_key`, args...)
	out := map[string]Counts{}
	for _, r := range slices.Concat(rows, solved) {
		if out[r.ObjectKey] == nil {
			out[r.ObjectKey] = Counts{}
		}
		out[r.ObjectKey][r.Kind] += r.N
	}
	return out, err
}
