package models

import (
	"errors"
	"time"
)

// codeQuota is a platform's word for a used up monthly quota.
const codeQuota = "quota"

// going leaves out the campaigns that do not send now, so that a paused one
// costs no tokens and no turns. A delivery whose campaign has no row is free.
func (t *Tx) going(campaigns []stream) ([]stream, error) {
	if len(campaigns) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(campaigns))
	for i, c := range campaigns {
		ids[i] = *c.campaign
	}
	still, err := t.still(ids, "")
	if err != nil {
		return nil, err
	}
	out := campaigns[:0]
	for _, c := range campaigns {
		if !still[*c.campaign] {
			out = append(out, c)
		}
	}
	return out, nil
}

// still answers which of these campaigns must not send: finished ones may, for
// their reminders and later steps.
func (t *Tx) still(ids []int64, lock string) (map[int64]bool, error) {
	rows, err := all[struct {
		ID    int64
		State string
	}](t.db, "SELECT id, state FROM campaigns WHERE id IN ?"+lock, ids)
	out := map[int64]bool{}
	for _, r := range rows {
		out[r.ID] = r.State != CampaignRunning && r.State != CampaignFinished
	}
	return out, err
}

// halted answers which campaigns of these rows must not send. The share lock
// makes a pause wait for the claims under way, and every later claim see it.
func (t *Tx) halted(rows []Delivery) (map[int64]bool, error) {
	var ids []int64
	for _, d := range rows {
		if d.CampaignID != nil {
			ids = append(ids, *d.CampaignID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return t.still(ids, t.store.lockingShare())
}

// lockingShare lets others read the row, but not change it. MariaDB knows only
// this way of saying it, MySQL both.
func (s *Store) lockingShare() string {
	if s.driver == driverMySQL {
		return " LOCK IN SHARE MODE"
	}
	return ""
}

// admit asks whether a campaign's message may go now. Later parts follow the
// first: half a message is worse than one that ends after the window.
func (o *Outbox) admit(t *Tx, d Delivery) (bool, error) {
	if o.Admit == nil || d.CampaignID == nil || d.Part > 0 || d.Doubts > 0 || d.Crashes > 0 {
		return true, nil // an earlier try may have arrived: it is followed to its end
	}
	a, err := o.Admit(t, d)
	switch {
	case err != nil:
		return false, err
	case a.Skip != "":
		return false, o.end(t, d, StateSkipped, a.Skip, "")
	case !a.Later.IsZero():
		return false, t.db.Exec("UPDATE deliveries SET due_at = ? WHERE id = ?", micro(a.Later), d.ID).Error
	}
	return true, nil
}

// halt pauses a campaign whose platform takes nothing more this month.
func (o *Outbox) halt(t *Tx, campaign int64) error {
	c, err := t.LockCampaign(campaign)
	if errors.Is(err, ErrNotFound) || err == nil && c.State != CampaignRunning {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := t.PauseCampaign(c, PausedQuota); err != nil || o.Halted == nil {
		return err
	}
	return o.Halted(t, campaign)
}

// PutOff moves what a campaign still owes these partners, and what is due by
// now, to a later moment.
func (t *Tx) PutOff(campaign int64, partners []ID, until time.Time) error {
	for ; len(partners) > 0; partners = partners[min(len(partners), insertBatch):] {
		err := t.db.Exec("UPDATE deliveries SET due_at = ? WHERE campaign_id = ? AND state = 'queued' AND part = 0 AND doubts = 0 AND crashes = 0 AND due_at <= ? AND partner_id IN ?",
			micro(until), campaign, t.now, partners[:min(len(partners), insertBatch)]).Error
		if err != nil {
			return err
		}
	}
	return nil
}
