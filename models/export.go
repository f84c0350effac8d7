package models

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"
)

// export is one reporting view as a file shows it.
type export struct {
	from    string
	columns string
	at      string // the column that --from and --to are about; "" = none
	order   string
}

// exports are what can be exported, from the reporting views alone: what they do
// not show (in company mode, persons) no file shows.
var exports = map[string]export{
	"events":     {"v_event", "event_id,kind,class,platform,partner_key,person_key,object_kind,object_key,object_version,campaign_id,delivery_id,link_id,source_key,occurred_at,recorded_at,detail", "occurred_at", "occurred_at"},
	"deliveries": {"v_delivery", "delivery_id,delivery_key,campaign_id,partner_key,person_key,platform,address,part,state,attempts,crashes,platform_message_id,due_at,intent_at,ended_at,error_code", "due_at", "due_at"},
	"views":      {"v_view", "link_id,visit,class,material_key,material_version,partner_key,person_key,page,visible_ms,at", "at", "at"},
	"campaigns":  {"v_campaign", "campaign_id,title,class,state,audience_size,created_by,approved_by,launched_at,finished_at", "launched_at", "campaign_id"},
	"outcomes":   {"v_outcome", "external_id,partner_key,person_key,title,stage,amount,currency,closed_on,materials,created_at,updated_at", "created_at", "external_id"},
	"people":     {"(" + peopleSQL + ") people", "person_key,side,partner_key,name,department,roles,language,platforms,left_at,created_at", "created_at", "person_key"},
}

// peopleSQL is who is known: in company mode without the keys and names of the
// partners' people.
const peopleSQL = "SELECT CASE WHEN x.value = 0 AND w.side = 'member' THEN NULL ELSE w.`key` END AS person_key, w.side, p.`key` AS partner_key, " +
	"CASE WHEN x.value = 0 AND w.side = 'member' THEN NULL ELSE w.name END AS name, w.department, w.roles, w.language, " +
	"(SELECT GROUP_CONCAT(DISTINCT a.platform) FROM accounts a WHERE a.person_id = w.id) AS platforms, w.left_at, w.created_at " +
	"FROM people w LEFT JOIN partners p ON p.id = w.partner_id LEFT JOIN versions x ON x.name = 'person_level'"

// Exports are the names of what can be exported.
func Exports() []string {
	var names []string
	for n := range exports {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// ExportColumns are the columns of an export.
func ExportColumns(what string) []string { return strings.Split(exports[what].columns, ",") }

// Export answers the rows of a reporting view, one at a time and in order of
// time, from a moment to before another; zero times are no bound. Cells are
// string, int64, float64, or nil; times are UTC texts. Staff scope.
func (s *Store) Export(ctx context.Context, what string, from, to time.Time, row func([]any) error) (n int64, err error) {
	x, ok := exports[what]
	if !ok {
		return 0, fmt.Errorf("there is no export %q; there are: %s", what, strings.Join(Exports(), ", "))
	}
	sql, args := "SELECT "+x.columns+" FROM "+x.from, []any{}
	var where []string
	for _, bound := range []struct {
		op string
		at time.Time
	}{{" >= ?", from}, {" < ?", to}} {
		if !bound.at.IsZero() {
			where, args = append(where, x.at+bound.op), append(args, micro(bound.at))
		}
	}
	if len(where) > 0 {
		sql += " WHERE " + strings.Join(where, " AND ")
	}
	rows, err := s.r.WithContext(ctx).Raw(sql+" ORDER BY "+x.order, args...).Rows()
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	cells := make([]any, len(ExportColumns(what)))
	into := make([]any, len(cells))
	for i := range cells {
		into[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return n, err
		}
		for i, c := range cells {
			cells[i] = plainCell(c)
		}
		if err := row(cells); err != nil {
			return n, err
		}
		n++
	}
	return n, rows.Err()
}

// plainCell makes one kind of value of what the two drivers answer.
func plainCell(c any) any {
	switch v := c.(type) {
	case []byte:
		return string(v)
	case time.Time:
		return v.UTC().Format("2006-01-02 15:04:05.000000")
	default:
		return v
	}
}
