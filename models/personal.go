package models

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Personal is everything that is recorded about one person, by table. Ids are
// hexadecimal; times are UTC.
type Personal struct {
	PersonID  ID                          `json:"person_id"`
	PersonKey string                      `json:"person_key"`
	Counts    map[string]int              `json:"counts"`
	Rows      map[string][]map[string]any `json:"rows,omitempty"`
}

// personalTable says where rows about a person are: which columns a person is
// shown, and how theirs are found. Columns that only the program needs (leases,
// epochs, encrypted bytes) are left out. @p is the person.
type personalTable struct{ name, sql string }

// theirs picks rows by one of the person's accounts.
const theirs = "EXISTS (SELECT 1 FROM accounts a WHERE a.person_id = @p AND a.platform = x.platform AND a.connection = x.connection AND a.user = x.user)"

var personalTables = []personalTable{
	{"people", "SELECT x.`key`, x.side, p.`key` AS partner_key, x.name, x.department, x.roles, x.language, x.noticed_at, x.left_at, x.created_at, x.updated_at FROM people x LEFT JOIN partners p ON p.id = x.partner_id WHERE x.id = @p"},
	{"accounts", "SELECT x.platform, x.connection, x.user, x.claim, x.fact, x.fact_at, x.created_at FROM accounts x WHERE x.person_id = @p ORDER BY x.created_at, x.id"},
	{"texts", "SELECT x.id, x.event_id, x.kind, x.body, x.created_at FROM texts x WHERE x.person_id = @p ORDER BY x.id"},
	{"events", "SELECT x.id, x.kind, x.class, x.outcome, x.platform, x.object_kind, x.object_key, x.object_version, x.campaign_id, x.delivery_id, x.link_id, x.page, x.amount, x.occurred_at, x.recorded_at, x.detail FROM events x WHERE x.person_id = @p ORDER BY x.occurred_at, x.id"},
	{"links", "SELECT x.id, x.material_key, x.material_version, x.campaign_id, x.language, x.created_at, x.expires_at, x.revoked_at FROM links x WHERE x.person_id = @p ORDER BY x.id"},
	{"visits", "SELECT x.link_id, x.visit, x.class, x.reason, x.started_at FROM visits x JOIN links l ON l.id = x.link_id WHERE l.person_id = @p ORDER BY x.started_at"},
	{"readers", "SELECT x.link_id, x.other, x.same_partner, x.at FROM readers x JOIN links l ON l.id = x.link_id WHERE l.person_id = @p ORDER BY x.at"},
	{"deliveries", "SELECT x.id, x.act, x.platform, x.address, x.campaign_id, x.link_id, x.material_key, x.material_version, x.state, x.created_at, x.ended_at, x.error_code FROM deliveries x WHERE x.person_id = @p OR " + theirs + " ORDER BY x.id"},
	{"acks", "SELECT x.id, x.campaign_id, x.link_id, x.material_key, x.material_version, x.platform, x.at, x.undone_at FROM acks x WHERE x.person_id = @p ORDER BY x.id"},
	{"uses", "SELECT x.id, x.campaign_id, x.link_id, x.material_key, x.material_version, x.platform, x.at, x.undone_at FROM uses x WHERE x.person_id = @p ORDER BY x.id"},
	{"gaps", "SELECT x.gap_id, x.event_id, x.at, x.created_at, x.told_at, t.body AS answer FROM gap_askers x JOIN gaps g ON g.id = x.gap_id LEFT JOIN texts t ON t.id = g.answer_id WHERE x.person_id = @p ORDER BY x.created_at"},
	{"drafts", "SELECT x.id, x.name, x.form, x.at, x.created_at, x.expires_at, x.used_at FROM drafts x WHERE x.person_id = @p OR " + theirs + " ORDER BY x.id"},
	{"waiting", "SELECT x.inbound, x.received_at FROM waiting x WHERE " + theirs + " ORDER BY x.id"},
	{"invitations", "SELECT x.created_at, x.expires_at, x.used_at FROM invitations x WHERE x.person_id = @p ORDER BY x.created_at"},
	{"outcomes", "SELECT x.external_id, x.title, x.stage, x.amount, x.currency, x.closed_on, x.materials, x.created_at FROM outcomes x WHERE x.person_id = @p ORDER BY x.id"},
	{"recipients", "SELECT x.campaign_id, x.kind, x.reason, x.created_at FROM recipients x WHERE x.target_id = @p ORDER BY x.campaign_id"},
	{"campaigns", "SELECT x.id, x.title, x.state, x.created_at, CASE WHEN x.created_by = @p THEN 1 ELSE 0 END AS created, CASE WHEN x.edited_by = @p THEN 1 ELSE 0 END AS edited, CASE WHEN x.launched_by = @p THEN 1 ELSE 0 END AS launched FROM campaigns x" +
		" WHERE x.created_by = @p OR x.edited_by = @p OR x.launched_by = @p ORDER BY x.id"},
	{"approvals", "SELECT x.campaign_id, x.version, x.recipients, x.at FROM approvals x WHERE x.person_id = @p ORDER BY x.at, x.campaign_id"},
	{"answers", "SELECT x.id, x.answered_at, x.status, t.body AS answer FROM gaps x LEFT JOIN texts t ON t.id = x.answer_id WHERE x.answered_by = @p OR x.owner_id = @p ORDER BY x.id"},
	{"staff_sessions", "SELECT x.platform, x.created_at, x.seen_at, x.expires_at, x.ended_at FROM staff_sessions x WHERE x.person_id = @p ORDER BY x.created_at, x.id"},
	{"staff_entries", "SELECT x.platform, x.created_at, x.expires_at, x.used_at FROM staff_entries x WHERE x.person_id = @p ORDER BY x.created_at, x.id"},
	{"owners", "SELECT x.kind, x.object_key, x.department, x.from_at, x.source FROM owners x WHERE x.person_id = @p ORDER BY x.from_at, x.kind, x.object_key"},
	{"audit", "SELECT x.at, x.role, x.action, x.object, x.result FROM audit x WHERE x.actor_id = @p ORDER BY x.at, x.id"},
}

// Personal answers what is recorded about the person with a key; rows only where
// they are asked for. ErrNotFound: nobody has this key.
func (s *Store) Personal(ctx context.Context, key string, withRows bool) (Personal, error) {
	out := Personal{PersonKey: key, Counts: map[string]int{}}
	if withRows {
		out.Rows = map[string][]map[string]any{}
	}
	err := s.View(ctx, func(t *Tx) error {
		p, err := t.PersonByKey(key)
		if err != nil {
			return err
		}
		out.PersonID = p.ID
		for _, table := range personalTables {
			rows, err := t.plainRows(table.sql, map[string]any{"p": p.ID})
			if err != nil {
				return fmt.Errorf("while reading %s: %w", table.name, err)
			}
			out.Counts[table.name] = len(rows)
			if withRows || table.name == "people" {
				if out.Rows == nil {
					out.Rows = map[string][]map[string]any{}
				}
				out.Rows[table.name] = rows
			}
		}
		return nil
	})
	return out, err
}

// plainRows answers rows as they would be read by a person: ids in hexadecimal,
// times in RFC 3339, texts as texts.
func (t *Tx) plainRows(sql string, args map[string]any) ([]map[string]any, error) {
	rows, err := t.db.Raw(sql, args).Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	out := []map[string]any{}
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		row := map[string]any{}
		for i, c := range columns {
			row[c.Name()] = plainValue(values[i], binary(c.DatabaseTypeName()))
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

func binary(databaseType string) bool {
	return databaseType == "BLOB" || databaseType == "BINARY" || databaseType == "VARBINARY"
}

func plainValue(v any, bytes bool) any {
	switch v := v.(type) {
	case []byte:
		if bytes {
			return hex.EncodeToString(v)
		}
		return string(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	}
	return v
}

// Erased says what erasing a person removed. Being erased twice removes nothing
// the second time.
type Erased struct {
	PersonKey string         `json:"person_key"` // the key that the row has now
	Already   bool           `json:"already"`    // an earlier erasure had done it
	Removed   map[string]int `json:"removed"`    // rows removed or blanked, by table
	Sending   int            `json:"sending"`    // messages that were being sent just then: erase once more
}

// erasePasses: what a running serve began before the account was gone commits
// within its deadline of 1.5 s, so a second look after erasePause finds it.
const (
	erasePasses = 20
	erasePause  = 2 * time.Second
)

// ErasePerson removes every trace of who a person is, and leaves what happened:
// events, deliveries, acknowledgements and outcomes keep a pseudonymous id, so
// that no count changes. hashes are keyed hashes of key: the first is kept, so that
// the same erasure can be asked for again, and all are looked for; actor is who did it (zero = the operator), done
// under role. It may run beside serve, in short transactions.
func (s *Store) ErasePerson(ctx context.Context, key string, hashes [][]byte, actor ID, role string) (Erased, error) {
	person, out, err := s.beginErasure(ctx, key, hashes)
	if err != nil {
		return out, err
	}
	identities, err := s.takeAccounts(ctx, person, &out)
	if err != nil {
		return out, err
	}
	for pass := 1; ; pass++ {
		before := total(out.Removed)
		if err := s.eraseOnce(ctx, person, key, identities, &out); err != nil {
			return out, err
		}
		if out.Already && pass == 1 && total(out.Removed) == 0 && out.Sending == 0 {
			break // nothing had come since
		}
		if pass > 1 && total(out.Removed) == before && out.Sending == 0 || pass == erasePasses {
			break
		}
		select {
		case <-ctx.Done():
			return out, ctx.Err()
		case <-time.After(erasePause):
		}
	}
	if err := s.forgetPages(ctx); err != nil {
		return out, err
	}
	return out, s.InTx(ctx, func(t *Tx) error {
		detail := Detail{}
		for table, n := range out.Removed {
			detail[table] = n
		}
		return t.Audit(Act{ActorID: actor, Role: role, Action: "person.erase", Object: out.PersonKey, Result: "done", Detail: detail})
	})
}

func total(n map[string]int) (sum int) {
	for _, v := range n {
		sum += v
	}
	return sum
}

// beginErasure finds the person, takes the name off the row, and remembers that
// they are being erased.
func (s *Store) beginErasure(ctx context.Context, key string, hashes [][]byte) (person ID, out Erased, err error) {
	err = s.InTx(ctx, func(t *Tx) error {
		out = Erased{Removed: map[string]int{}}
		if err := t.secureDelete(); err != nil {
			return err
		}
		person, err = t.erased(hashes)
		switch {
		case err == nil:
			out.Already = true
			out.PersonKey, err = first[string](t.db, "SELECT `key` FROM people WHERE id = ?", person)
			if err != nil {
				return err
			}
			// A seed that still names them made a new person with the old key.
			again, err := t.PersonByKey(key)
			if errors.Is(err, ErrNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			person, out.Already = again.ID, false
			if err := t.db.Exec("UPDATE erasures SET person_id = ?, at = ? WHERE key_hash = ?", person, t.now, hashes[0]).Error; err != nil {
				return err
			}
		case errors.Is(err, ErrNotFound):
			p, err := t.PersonByKey(key)
			if err != nil {
				return err
			}
			person = p.ID
			if err := t.db.Exec("INSERT INTO erasures (person_id, key_hash, at) VALUES (?,?,?)", person, hashes[0], t.now).Error; err != nil {
				return err
			}
		default:
			return err
		}
		out.PersonKey = ErasedKey(person)
		out.Removed["people"] = 1
		return t.db.Exec("UPDATE people SET `key` = ?, name = '', department = CASE WHEN side = 'staff' THEN department ELSE '' END, roles = CASE WHEN side = 'staff' THEN '' ELSE roles END, language = '', left_at = COALESCE(left_at, ?), updated_at = ? WHERE id = ?",
			out.PersonKey, t.now, t.now, person).Error
	})
	return person, out, err
}

// erased answers who was erased under one of these hashes.
func (t *Tx) erased(hashes [][]byte) (ID, error) {
	for _, hash := range hashes {
		id, err := first[ID](t.db, "SELECT person_id FROM erasures WHERE key_hash = ?", hash)
		if !errors.Is(err, ErrNotFound) {
			return id, err
		}
	}
	return ID{}, ErrNotFound
}

// ErasedKey is the key of an erased person: made of the id, which says nothing.
func ErasedKey(person ID) string { return "erased-" + person.String()[20:] }
