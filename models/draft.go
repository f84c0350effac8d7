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

// DraftOf answers a draft.
func (t *Tx) DraftOf(id ID) (Draft, error) {
	type row struct {
		ID                         ID
		Name                       string
		PersonID                   ID
		Platform, Connection, User string
		Form, At                   string
		ExpiresAt                  time.Time
		UsedAt                     *time.Time
		Epoch                      int64
	}
	r, err := first[row](t.db, "SELECT id,name,person_id,platform,connection,user,form,at,expires_at,used_at,epoch FROM drafts WHERE id = ?", id)
	if err != nil {
		return Draft{}, err
	}
	d := Draft{ID: r.ID, Name: r.Name, PersonID: r.PersonID, From: bot.Identity{Platform: r.Platform, Connection: r.Connection, User: r.User}, ExpiresAt: r.ExpiresAt, UsedAt: r.UsedAt, Epoch: r.Epoch}
	return d, errors.Join(json.Unmarshal([]byte(r.Form), &d.Form), json.Unmarshal([]byte(r.At), &d.At))
}

// UseDraft takes a draft for its one effect. false: it had it already.
func (t *Tx) UseDraft(id ID) (bool, error) {
	r := t.db.Exec("UPDATE drafts SET used_at = ?, epoch = epoch + 1 WHERE id = ? AND used_at IS NULL", t.now, id)
	return r.RowsAffected == 1, r.Error
}
