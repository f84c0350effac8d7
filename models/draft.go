package models

import (
	"encoding/json"
	"errors"
	"time"

	"akari/bot"
)

// Draft is a form that was handed out. It has at most one effect.
type Draft struct {
	ID        ID
	Name      string
	PersonID  ID
	From      bot.Identity
	Form      bot.Form
	At        bot.Address
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    *time.Time
	Epoch     int64
}

// NewDraft keeps a form that is being handed out.
func (t *Tx) NewDraft(d Draft) error {
	form, err := json.Marshal(d.Form)
	if err != nil {
		return err
	}
	at, err := json.Marshal(d.At)
	if err != nil {
		return err
	}
	return t.db.Exec("INSERT INTO drafts (id,name,person_id,platform,connection,user,form,at,created_at,expires_at,epoch) VALUES (?,?,?,?,?,?,?,?,?,?,1)",
		d.ID, d.Name, d.PersonID, d.From.Platform, d.From.Connection, d.From.User, string(form), string(at), t.now, d.ExpiresAt.UTC().Truncate(time.Microsecond)).Error
}

// draftRow is a draft as its table holds it.
type draftRow struct {
	ID                         ID
	Name                       string
	PersonID                   ID
	Platform, Connection, User string
	Form, At                   string
	CreatedAt                  time.Time
	ExpiresAt                  time.Time
	UsedAt                     *time.Time
	Epoch                      int64
}

const draftColumns = "id,name,person_id,platform,connection,user,form,at,created_at,expires_at,used_at,epoch"

func (r draftRow) draft() (Draft, error) {
	d := Draft{ID: r.ID, Name: r.Name, PersonID: r.PersonID, From: bot.Identity{Platform: r.Platform, Connection: r.Connection, User: r.User},
		CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt, UsedAt: r.UsedAt, Epoch: r.Epoch}
	return d, errors.Join(json.Unmarshal([]byte(r.Form), &d.Form), json.Unmarshal([]byte(r.At), &d.At))
}

// DraftOf answers a draft.
func (t *Tx) DraftOf(id ID) (Draft, error) {
	r, err := first[draftRow](t.db, "SELECT "+draftColumns+" FROM drafts WHERE id = ?", id)
	if err != nil {
		return Draft{}, err
	}
	return r.draft()
}

// DraftsOf answers the forms of a name that somebody has not sent and that can
// still be opened, the newest first.
func (t *Tx) DraftsOf(person ID, from bot.Identity, name string, limit int) ([]Draft, error) {
	rows, err := all[draftRow](t.db, "SELECT "+draftColumns+" FROM drafts WHERE person_id = ? AND platform = ? AND connection = ? AND user = ? AND name = ? AND used_at IS NULL AND epoch > 1 AND expires_at > ? ORDER BY created_at DESC LIMIT ?",
		person, from.Platform, from.Connection, from.User, name, t.now, limit)
	out := make([]Draft, len(rows))
	for i, r := range rows {
		d, e := r.draft()
		out[i], err = d, errors.Join(err, e)
	}
	return out, err
}

// KeepDraft keeps what stands in a form that has not had its effect yet.
func (t *Tx) KeepDraft(d Draft) error {
	form, err := json.Marshal(d.Form)
	if err != nil {
		return err
	}
	return t.db.Exec("UPDATE drafts SET form = ?, epoch = epoch + 1 WHERE id = ? AND used_at IS NULL", string(form), d.ID).Error
}

// DropDraft throws a draft away. One that is not there changes nothing.
func (t *Tx) DropDraft(id ID) error {
	return t.db.Exec("DELETE FROM drafts WHERE id = ?", id).Error
}

// UseDraft takes a draft for its one effect. false: it had it already.
func (t *Tx) UseDraft(id ID) (bool, error) {
	r := t.db.Exec("UPDATE drafts SET used_at = ?, epoch = epoch + 1 WHERE id = ? AND used_at IS NULL", t.now, id)
	return r.RowsAffected == 1, r.Error
}
