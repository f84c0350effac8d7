package models

import (
	"context"
	"fmt"
	"strings"
)

// SeedCount says how many rows of one kind a seed added and changed.
type SeedCount struct {
	Added     int `json:"added"`
	Changed   int `json:"changed"`
	Unchanged int `json:"unchanged"`
}

// SeedResult says what a seed did. Seeding the same again changes nothing.
type SeedResult struct {
	Staff    SeedCount `json:"staff"`
	Partners SeedCount `json:"partners"`
	People   SeedCount `json:"people"`
	Accounts SeedCount `json:"accounts"`
	Rooms    SeedCount `json:"rooms"`
	Orgs     SeedCount `json:"orgs"`
	Days     SeedCount `json:"days"`
}

// Writes tells whether anything was written.
func (r SeedResult) Writes() bool {
	for _, c := range []SeedCount{r.Staff, r.Partners, r.People, r.Accounts, r.Rooms, r.Orgs, r.Days} {
		if c.Added+c.Changed > 0 {
			return true
		}
	}
	return false
}

// SeedRefused is a seed that contradicts itself or what is in the database.
type SeedRefused struct{ Problems []Problem }

func (e *SeedRefused) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// seedBatch is how many rows one transaction writes. On SQLite it holds the
// only write lock for a few milliseconds, so that webhooks beside it never wait long.
const seedBatch = 100

// seedTries bounds how often a seed looks again: each of the six kinds of row can be
// added by each of a few other processes between its look and its write.
const seedTries = 40

// Seed writes what the file says over what is there: rows are added and changed,
// never removed, except that slack_orgs, holidays and workdays, where given, are a
// partner's whole lists.
// Materials and FAQ entries are not written here (see PutOverlays). It writes in
// short transactions; a seed that was interrupted is simply run again.
func (s *Store) Seed(ctx context.Context, seed Seed) (SeedResult, error) {
	for try := 1; ; try++ {
		plan, err := s.planSeed(ctx, seed)
		if err != nil {
			return SeedResult{}, err
		}
		err = plan.apply(ctx, s)
		// Another process added a row between the look and the write: look again.
		if isDuplicate(err) && try < seedTries {
			continue
		}
		if err != nil {
			return SeedResult{}, fmt.Errorf("while seeding: %w", err)
		}
		return plan.result, nil
	}
}

// seedPlan is the difference between a seed and the database.
type seedPlan struct {
	seed     Seed
	have     seedHave
	result   SeedResult
	problems []Problem

	partnerIDs, personIDs map[string]ID // of all keys, also those to be added
	inserts               []*seedInsert // in the order of writing
	updates               []seedUpdate
	deletedOrgs           []string
	first                 bool // the first real partner appears: the sample steps aside
}

type seedInsert struct {
	sql  string // INSERT … VALUES
	rows [][]any
}

type seedUpdate struct {
	sql  string
	args []any
}

func (p *seedPlan) bad(line int, format string, args ...any) {
	p.problems = append(p.problems, Problem{p.seed.File, line, fmt.Sprintf(format, args...)})
}

// insert begins a kind of insert; rows are added to what it returns.
func (p *seedPlan) insert(table, columns string) *seedInsert {
	i := &seedInsert{sql: "INSERT INTO " + table + " (" + columns + ") VALUES "}
	p.inserts = append(p.inserts, i)
	return i
}

func (i *seedInsert) add(values ...any) { i.rows = append(i.rows, values) }

func (p *seedPlan) update(sql string, args ...any) {
	p.updates = append(p.updates, seedUpdate{sql, args})
}

// apply writes the plan in batches.
func (p *seedPlan) apply(ctx context.Context, s *Store) error {
	if len(p.deletedOrgs) > 0 {
		if err := s.InTx(ctx, func(t *Tx) error {
			return t.db.Exec("DELETE FROM partner_orgs WHERE platform = 'slack' AND org IN ?", p.deletedOrgs).Error
		}); err != nil {
			return err
		}
	}
	for _, in := range p.inserts {
		for from := 0; from < len(in.rows); from += seedBatch {
			rows := in.rows[from:min(from+seedBatch, len(in.rows))]
			if err := s.InTx(ctx, func(t *Tx) error { return t.insertRows(in.sql, rows) }); err != nil {
				return err
			}
		}
	}
	for from := 0; from < len(p.updates); from += seedBatch {
		batch := p.updates[from:min(from+seedBatch, len(p.updates))]
		if err := s.InTx(ctx, func(t *Tx) error {
			for _, u := range batch {
				if err := t.db.Exec(u.sql, u.args...).Error; err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	if p.first {
		return s.InTx(ctx, func(t *Tx) error { return t.bump("content") })
	}
	return nil
}

func (t *Tx) insertRows(sql string, rows [][]any) error {
	marks := "(" + strings.TrimSuffix(strings.Repeat("?,", len(rows[0])), ",") + ")"
	args := make([]any, 0, len(rows)*len(rows[0]))
	for _, row := range rows {
		args = append(args, row...)
	}
	return t.db.Exec(sql+strings.TrimSuffix(strings.Repeat(marks+",", len(rows)), ","), args...).Error
}
