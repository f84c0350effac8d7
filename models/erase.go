package models

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"akari/bot"
)

// What erasing does, table by table. docs/privacy.md tells it to people, and a
// test searches every column of every table for what must be gone.

// eraseBatch keeps each transaction short beside a running serve.
const eraseBatch = 100

// takeAccounts removes the person's accounts: from now on nobody is recognised
// as this person. It answers who they were, which other rows are found by.
func (s *Store) takeAccounts(ctx context.Context, person ID, out *Erased) (ids []bot.Identity, err error) {
	err = s.InTx(ctx, func(t *Tx) error {
		if err := t.secureDelete(); err != nil {
			return err
		}
		accounts, err := t.AccountsOf(person)
		if err != nil {
			return err
		}
		ids = nil
		for _, a := range accounts {
			ids = append(ids, bot.Identity{Platform: a.Platform, Connection: a.Connection, User: a.User})
		}
		// What waits, what is owed and what was asked goes with the accounts in one
		// step: after an interruption nobody could find it by them.
		n, err := t.eraseIdentities(person, ids)
		if err != nil {
			return err
		}
		for table, k := range n {
			out.Removed[table] += k
		}
		r := t.db.Exec("DELETE FROM accounts WHERE person_id = ?", person)
		out.Removed["accounts"] += int(r.RowsAffected)
		return r.Error
	})
	return ids, err
}

// eraseIdentities removes what is found by platform and user alone.
func (t *Tx) eraseIdentities(person ID, ids []bot.Identity) (map[string]int, error) {
	removed := map[string]int{}
	for _, id := range ids {
		for table, sql := range map[string]string{
			"waiting": "DELETE FROM waiting WHERE platform = ? AND connection = ? AND user = ?",
			"drafts":  "DELETE FROM drafts WHERE platform = ? AND connection = ? AND user = ?",
		} {
			r := t.db.Exec(sql, id.Platform, id.Connection, id.User)
			if r.Error != nil {
				return nil, r.Error
			}
			removed[table] += int(r.RowsAffected)
		}
		// What went to this address before anybody knew who it was.
		blank := bot.Address{Platform: id.Platform, Connection: id.Connection, User: ErasedKey(person), Direct: true}.String()
		r := t.db.Exec("UPDATE deliveries SET body = NULL, sealed = NULL, ref = '', reply_token = '', reply_url = '', user = '', epoch = epoch + 1, "+
			"address = CASE WHEN direct = 1 THEN ? ELSE address END, room = CASE WHEN direct = 1 THEN '' ELSE room END, thread = CASE WHEN direct = 1 THEN '' ELSE thread END, "+
			"platform_message_id = CASE WHEN direct = 1 THEN '' ELSE platform_message_id END, "+
			"ended_at = CASE WHEN state IN ('queued','held') THEN ? ELSE ended_at END, error_code = CASE WHEN state IN ('queued','held') THEN 'erased' ELSE error_code END, "+
			"state = CASE WHEN state IN ('queued','held') THEN 'cancelled' ELSE state END "+
			"WHERE platform = ? AND connection = ? AND user = ? AND person_id IS NULL AND state <> 'sending'", blank, t.now, id.Platform, id.Connection, id.User)
		if r.Error != nil {
			return nil, r.Error
		}
		removed["deliveries"] += int(r.RowsAffected)
	}
	return removed, nil
}

// eraseOnce goes through every table once. key is what the person was called.
func (s *Store) eraseOnce(ctx context.Context, person ID, key string, ids []bot.Identity, out *Erased) error {
	steps := []func(*Tx) (map[string]int, error){
		func(t *Tx) (map[string]int, error) { return t.eraseIdentities(person, ids) },
		func(t *Tx) (map[string]int, error) { return t.eraseOwed(person, key) },
		func(t *Tx) (map[string]int, error) { return t.eraseKey(person, key) },
		func(t *Tx) (map[string]int, error) { return t.eraseGaps(person) },
		func(t *Tx) (map[string]int, error) { return t.eraseRest(person) },
	}
	for _, step := range steps {
		var n map[string]int
		err := s.InTx(ctx, func(t *Tx) (err error) {
			if err := t.secureDelete(); err != nil {
				return err
			}
			n, err = step(t)
			return err
		})
		if err != nil {
			return err
		}
		for table, k := range n {
			out.Removed[table] += k
		}
	}
	n, sending, err := s.blankDeliveries(ctx, person)
	out.Removed["deliveries"] += n
	out.Sending = sending
	return err
}

// eraseOwed takes back what is still owed to the person or because of what they
// wrote, or that names them, and removes the bytes of what is in doubt.
func (t *Tx) eraseOwed(person ID, key string) (map[string]int, error) {
	removed := map[string]int{}
	texts, err := all[string](t.db, "SELECT body FROM texts WHERE person_id = ?", person)
	if err != nil {
		return nil, err
	}
	type row struct {
		ID    ID
		Body  string
		Cause bool
	}
	open := "state IN ('queued','held','unconfirmed') AND body IS NOT NULL"
	rows, err := all[row](t.db, "SELECT id, body, CASE WHEN person_id = ? OR cause_id IN (SELECT event_id FROM texts WHERE person_id = ?) OR cause_id IN (SELECT id FROM events WHERE person_id = ?) THEN 1 ELSE 0 END AS cause FROM deliveries WHERE "+open, person, person, person)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if !r.Cause && !quotes(r.Body, texts) && !strings.Contains(r.Body, person.String()) && !strings.Contains(r.Body, quoted(key)) {
			continue
		}
		res := t.db.Exec("UPDATE deliveries SET body = NULL, sealed = NULL, reply_token = '', reply_url = '', "+
			"ended_at = CASE WHEN state = 'unconfirmed' THEN ended_at ELSE ? END, error_code = CASE WHEN state = 'unconfirmed' THEN error_code ELSE 'erased' END, epoch = epoch + 1, "+
			"state = CASE WHEN state = 'unconfirmed' THEN state ELSE 'cancelled' END WHERE id = ? AND "+open, t.now, r.ID)
		if res.Error != nil {
			return nil, res.Error
		}
		removed["deliveries"] += int(res.RowsAffected)
	}
	return removed, nil
}

// quotes tells whether a message's JSON contains one of the texts.
func quotes(body string, texts []string) bool {
	for _, text := range texts {
		if len(text) < 6 { // "ok" is nobody's
			continue
		}
		b, err := json.Marshal(text)
		if err == nil && strings.Contains(body, strings.Trim(string(b), `"`)) {
			return true
		}
	}
	return false
}

// quoted is a key as it stands in JSON.
func quoted(key string) string { return `"` + key + `"` }

// eraseKey takes the person's key out of what staff composed: audiences that name
// them, campaigns and content that they owned. Forms that name them go.
func (t *Tx) eraseKey(person ID, key string) (map[string]int, error) {
	removed := map[string]int{}
	like := "%" + escapeLike(quoted(key)) + "%"
	for _, at := range []struct{ table, column string }{{"campaigns", "spec"}, {"audiences", "rule"}, {"overlays", "body"}, {"material_versions", "body"}} {
		r := t.db.Exec("UPDATE "+at.table+" SET "+at.column+" = REPLACE("+at.column+", ?, ?) WHERE "+at.column+" LIKE ? ESCAPE '!'", quoted(key), quoted(ErasedKey(person)), like)
		if r.Error != nil {
			return nil, r.Error
		}
		removed[at.table] += int(r.RowsAffected)
	}
	if removed["overlays"] > 0 {
		if err := t.bump("content"); err != nil {
			return nil, err
		}
	}
	r := t.db.Exec("DELETE FROM drafts WHERE form LIKE ? ESCAPE '!' OR form LIKE ?", like, "%"+person.String()+"%")
	removed["drafts"] += int(r.RowsAffected)
	return removed, r.Error
}

// eraseGaps takes the person's words out of the gaps that they asked for. A gap
// that others wait for too goes on with the words of one of them.
func (t *Tx) eraseGaps(person ID) (map[string]int, error) {
	removed := map[string]int{}
	type row struct {
		GapID      ID
		QuestionID ID
	}
	rows, err := all[row](t.db, "SELECT a.gap_id, g.question_id FROM gap_askers a JOIN gaps g ON g.id = a.gap_id WHERE a.person_id = ? LIMIT 1000", person)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		other, err := first[ID](t.db, "SELECT x.id FROM gap_askers a JOIN texts x ON x.event_id = a.event_id AND x.kind = 'question' WHERE a.gap_id = ? AND (a.person_id IS NULL OR a.person_id <> ?) ORDER BY x.id LIMIT 1", r.GapID, person)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		mine, err := first[int](t.db, "SELECT COUNT(*) FROM texts WHERE id = ? AND person_id = ?", r.QuestionID, person)
		if err != nil {
			return nil, err
		}
		if mine > 0 {
			// The hash of a short question can be guessed: without another asker it goes too.
			sql := "UPDATE gaps SET question_id = ?, epoch = epoch + 1 WHERE id = ?"
			if other.IsZero() {
				sql = "UPDATE gaps SET question_id = ?, open_hash = NULL, epoch = epoch + 1 WHERE id = ?"
			}
			if err := t.db.Exec(sql, other, r.GapID).Error; err != nil {
				return nil, err
			}
			removed["gaps"]++
		}
		// Forms that staff were handed quote the question.
		d := t.db.Exec("DELETE FROM drafts WHERE form LIKE ?", "%"+r.GapID.String()+"%")
		if d.Error != nil {
			return nil, d.Error
		}
		removed["drafts"] += int(d.RowsAffected)
	}
	r := t.db.Exec("UPDATE gap_askers SET at = '{}', told_at = COALESCE(told_at, ?) WHERE person_id = ? AND at <> '{}'", t.now, person)
	removed["gap_askers"] += int(r.RowsAffected)
	return removed, r.Error
}

// eraseRest removes what the person wrote and was handed.
func (t *Tx) eraseRest(person ID) (map[string]int, error) {
	removed := map[string]int{}
	for _, one := range []struct {
		table, sql string
		args       []any
	}{
		{"drafts", "DELETE FROM drafts WHERE person_id = ?", []any{person}},
		// Forms of suggestions quote a question; their button hands out a new one.
		{"drafts", "DELETE FROM drafts WHERE name = 'lesson.take'", nil},
		{"campaign_cards", "DELETE FROM campaign_cards WHERE person_id = ?", []any{person}},
		{"texts", "DELETE FROM texts WHERE person_id = ?", []any{person}},
		// What a second reader told about themselves came by the person's link and goes with it.
		{"texts", "DELETE FROM texts WHERE kind = 'reader' AND event_id IN (SELECT r.event_id FROM readers r JOIN links l ON l.id = r.link_id WHERE l.person_id = ?)", []any{person}},
		{"invitations", "DELETE FROM invitations WHERE person_id = ?", []any{person}},
		{"staff_entries", "DELETE FROM staff_entries WHERE person_id = ?", []any{person}},
		{"staff_sessions", "DELETE FROM staff_sessions WHERE person_id = ?", []any{person}},
		{"links", "UPDATE links SET revoked_at = ? WHERE person_id = ? AND revoked_at IS NULL", []any{t.now, person}},
		// Where a visit came from is a hash of an address; the class that it led to stays.
		{"visits", "UPDATE visits SET network = NULL WHERE network IS NOT NULL AND link_id IN (SELECT id FROM links WHERE person_id = ?)", []any{person}},
	} {
		r := t.db.Exec(one.sql, one.args...)
		if r.Error != nil {
			return nil, r.Error
		}
		removed[one.table] += int(r.RowsAffected)
	}
	return removed, nil
}

// blankDeliveries takes the person's address off what was sent to them. What is
// being sent at this moment is left and counted.
func (s *Store) blankDeliveries(ctx context.Context, person ID) (blanked, sending int, err error) {
	key := ErasedKey(person)
	for {
		var n int
		err := s.InTx(ctx, func(t *Tx) error {
			if err := t.secureDelete(); err != nil {
				return err
			}
			type row struct {
				ID         ID
				Platform   string
				Connection string
				Direct     bool
			}
			rows, err := all[row](t.db, "SELECT id, platform, connection, direct FROM deliveries WHERE person_id = ? AND state <> 'sending' AND (user <> '' OR reply_token <> '' OR reply_url <> '' OR state <> 'queued' AND (body IS NOT NULL OR sealed IS NOT NULL) OR direct = 1 AND (room <> '' OR address NOT LIKE ?)) LIMIT ?",
				person, "%:"+key, eraseBatch)
			if err != nil {
				return err
			}
			n = len(rows)
			for _, r := range rows {
				sql, args := "UPDATE deliveries SET user = '', reply_token = '', reply_url = '', body = CASE WHEN state = 'queued' THEN body ELSE NULL END, sealed = NULL", []any{}
				if r.Direct {
					sql += ", room = '', thread = '', platform_message_id = '', ref = '', address = ?"
					args = append(args, bot.Address{Platform: r.Platform, Connection: r.Connection, User: key, Direct: true}.String())
				}
				if err := t.db.Exec(sql+" WHERE id = ?", append(args, r.ID)...).Error; err != nil {
					return err
				}
			}
			sending, err = first[int](t.db, "SELECT COUNT(*) FROM deliveries WHERE person_id = ? AND state = 'sending'", person)
			return err
		})
		blanked += n
		if err != nil || n < eraseBatch {
			return blanked, sending, err
		}
	}
}

// secureDelete makes SQLite overwrite what is deleted; MySQL's pages are the
// server's business (docs/privacy.md).
func (t *Tx) secureDelete() error {
	if t.store.driver != driverSQLite {
		return nil
	}
	return t.db.Exec("PRAGMA secure_delete = ON").Error
}

// forgetPages moves SQLite's journal into the file and empties it, as far as
// readers allow: what was overwritten must not go on in the journal.
func (s *Store) forgetPages(ctx context.Context) error {
	if s.driver != driverSQLite {
		return nil
	}
	type row struct{ Busy, Log, Checkpointed int }
	_, err := first[row](s.w.WithContext(ctx), "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}
