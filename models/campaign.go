package models

import (
	"bytes"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// The states of a campaign.
const (
	CampaignDraft     = "draft"
	CampaignApproved  = "approved"
	CampaignScheduled = "scheduled" // launched; its time, or the end of the undo window, is still to come
	CampaignRunning   = "running"
	CampaignPaused    = "paused"
	CampaignFinished  = "finished"
	CampaignCancelled = "cancelled"
)

// The weights of a campaign: 参考, 要確認, 要対応. Files and views call it class.
const (
	WeightInfo    = "info"
	WeightConfirm = "confirm"
	WeightAct     = "act"
)

// What a campaign's recipients are.
const (
	ToPeople = "people"
	ToRooms  = "rooms"
)

// Who must acknowledge.
const (
	AckEveryone      = "everyone"
	AckOnePerPartner = "one_per_partner"
)

// Why a campaign is paused, as a word that handlers put into a sentence.
const (
	PausedByPerson  = "person"
	PausedQuota     = "quota"      // the platform's monthly quota is used up, or too small
	PausedStale     = "stale"      // nothing ran for a long time, or the database is an old backup
	PausedApproval  = "approval"   // the audience grew beyond what needs approval
	PausedAuthority = "authority"  // who launched or approved may not any more
	PausedEmpty     = "nobody"     // the audience has nobody that can be reached
	PausedMaterial  = "material"   // a material cannot be served any more
	PausedContent   = "unsendable" // a message cannot be made for a platform
)

// CampaignLaunched is the event of a campaign that turned running.
const CampaignLaunched = "campaign_launched"

// ErrMoved says that a campaign is in another state by now, or was edited.
var ErrMoved = errors.New("the campaign has changed in the meantime")

// Spec is what staff compose: everything of a campaign but its state.
type Spec struct {
	Title          string    `json:"title"`
	Weight         string    `json:"class"`
	Text           LangText  `json:"text"` // Markdown by language
	Materials      []string  `json:"materials,omitempty"`
	Image          string    `json:"image,omitempty"` // key of a material of kind image
	Audience       Rule      `json:"audience"`
	To             string    `json:"to"`
	At             time.Time `json:"at,omitzero"` // zero = at launch
	Ack            *AckRule  `json:"ack,omitempty"`
	Reminders      int       `json:"reminders,omitempty"`
	OverrideWindow string    `json:"override_window,omitempty"` // the reason; "" = inside the window
	OverrideCap    string    `json:"override_cap,omitempty"`    // the reason; "" = inside the weekly cap
	Steps          []Step    `json:"steps,omitempty"`
	Evergreen      bool      `json:"evergreen,omitempty"` // also for whoever comes into the audience later, until it is cancelled
	Owner          string    `json:"owner,omitempty"`     // staff key; "" = the author
}

// LangText is one text by language code.
type LangText map[string]string

// AckRule says who must press 「内容を確認しました」, and until when.
type AckRule struct {
	Rule     string    `json:"rule"`
	Deadline time.Time `json:"deadline,omitzero"` // zero = none
}

// Step is a later message of a campaign, After its start.
type Step struct {
	After     time.Duration `json:"after"`
	Unless    string        `json:"unless,omitempty"` // "acknowledged", "opened" or ""
	Text      LangText      `json:"text"`
	Materials []string      `json:"materials,omitempty"`
}

// The conditions under which a step is not sent.
const (
	UnlessAcknowledged = "acknowledged"
	UnlessOpened       = "opened"
)

// GormDataType tells gorm that this is one column.
func (Spec) GormDataType() string { return "text" }

// Scan implements sql.Scanner.
func (s *Spec) Scan(src any) error { *s = Spec{}; return scanJSON(src, s) }

// Value implements driver.Valuer.
func (s Spec) Value() (driver.Value, error) { return s.JSON(), nil }

// JSON is the spec as its column holds it; equal specs have equal JSON.
func (s Spec) JSON() string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // strings, numbers and times always marshal
	return string(bytes.TrimSpace(b.Bytes()))
}

// The steps of a campaign's deliveries: 0 is the message itself, 1 to 50 its
// later steps, from 101 on the reminders.
const (
	MostSteps     = 50
	reminderSteps = 100
)

// ReminderStep is the step of the nth reminder, from 1.
func ReminderStep(n int) int { return reminderSteps + n }

// ManualReminder is the step of the nth reminder, from 1, that a person asked for.
func ManualReminder(n int) int { return reminderSteps + 50 + n }

// IsReminder tells whether a step is a reminder.
func IsReminder(step int) bool { return step > reminderSteps }

// Campaign is one message to many people or rooms.
type Campaign struct {
	ID         int64
	Title      string
	Class      string
	ToKind     string
	State      string
	PausedFrom string // the state that resuming goes back to
	Why        string // why it is paused
	Epoch      int64
	Version    int
	Spec       Spec
	CreatedBy  ID
	OwnerID    ID
	EditedBy   ID // who edited it last; none = nobody but its author
	LaunchedBy ID
	DueAt      *time.Time // when the first message may leave
	LaunchedAt *time.Time
	ResolvedAt *time.Time // when its audience was written down
	StartedAt  *time.Time // when it turned running
	FinishedAt *time.Time
	ToldAt     *time.Time // when the owner was told who is still missing
	DoubtFrom  *time.Time // since when nobody knows what left, see DoubtOwed; nil = it is known
	DoubtUntil *time.Time
	// Since when it waits for what a platform says about its readers, and when staff
	// were told; nil = it does not, they were not.
	WaitsSince  *time.Time
	WaitsToldAt *time.Time
	CreatedAt   time.Time
	UpdatedAt   time.Time
	DeletedAt   *time.Time
}

// Open tells whether the campaign may still be changed by composing.
func (c Campaign) Open() bool { return c.State == CampaignDraft || c.State == CampaignApproved }

// Ended tells whether nothing of the campaign's message is sent any more.
func (c Campaign) Ended() bool { return c.State == CampaignFinished || c.State == CampaignCancelled }

const campaignColumns = "id,title,class,to_kind,state,paused_from,why,epoch,version,spec,created_by,owner_id,edited_by,launched_by,due_at,launched_at,resolved_at," +
	"started_at,finished_at,told_at,doubt_from,doubt_until,waits_since,waits_told_at,created_at,updated_at,deleted_at"

// CampaignOf answers a campaign by id.
func (t *Tx) CampaignOf(id int64) (Campaign, error) {
	return first[Campaign](t.db, "SELECT "+campaignColumns+" FROM campaigns WHERE id = ? AND deleted_at IS NULL", id)
}

// LockCampaign answers a campaign and keeps others from moving it until the
// transaction ends.
func (t *Tx) LockCampaign(id int64) (Campaign, error) {
	return first[Campaign](t.db, "SELECT "+campaignColumns+" FROM campaigns WHERE id = ? AND deleted_at IS NULL"+t.store.lockingOne(), id)
}

// Campaigns answers the newest campaigns, at most limit. Staff scope.
func (t *Tx) Campaigns(limit int) ([]Campaign, error) {
	return all[Campaign](t.db, "SELECT "+campaignColumns+" FROM campaigns WHERE deleted_at IS NULL ORDER BY id DESC LIMIT ?", limit)
}

// CampaignsIn answers the campaigns in these states, oldest first.
func (t *Tx) CampaignsIn(states ...string) ([]Campaign, error) {
	return all[Campaign](t.db, "SELECT "+campaignColumns+" FROM campaigns WHERE state IN ? AND deleted_at IS NULL ORDER BY id", states)
}

// AddCampaign writes a draft. dedupe (32 bytes) makes it happen once: while a
// campaign with it is not over, that one is answered, and fresh is false.
func (t *Tx) AddCampaign(spec Spec, author, owner ID, dedupe []byte) (c Campaign, fresh bool, err error) {
	have, err := first[int64](t.db, "SELECT id FROM campaigns WHERE dedupe = ?", dedupe)
	if err == nil {
		c, err = t.CampaignOf(have)
		return c, false, err
	}
	if !errors.Is(err, ErrNotFound) {
		return c, false, err
	}
	// dedupe is not the first value: gorm takes bytes right behind a parenthesis for a list.
	err = t.db.Exec("INSERT INTO campaigns (title,dedupe,class,to_kind,state,paused_from,why,epoch,version,spec,created_by,owner_id,created_at,updated_at) VALUES (?,?,?,?,'draft','','',1,1,?,?,?,?,?)",
		spec.Title, dedupe, spec.Weight, spec.To, spec.JSON(), author, owner, t.now, t.now).Error
	if isDuplicate(err) {
		return c, false, ErrDuplicate // another process was quicker: asked again, its campaign is found
	}
	if err != nil {
		return c, false, err
	}
	id, err := first[int64](t.db, "SELECT id FROM campaigns WHERE dedupe = ?", dedupe)
	if err != nil {
		return c, false, err
	}
	c, err = t.CampaignOf(id)
	return c, true, err
}

// EditCampaign replaces what a campaign says. Its version grows, so every
// approval is void. dedupe (32 bytes) is what the same content again would have:
// what the campaign said before may be composed anew. ErrMoved: it was launched, or
// edited, in the meantime.
func (t *Tx) EditCampaign(c Campaign, spec Spec, by, owner ID, dedupe []byte) (Campaign, error) {
	if _, err := first[int64](t.db, "SELECT id FROM campaigns WHERE dedupe = ? AND id <> ?", dedupe, c.ID); err == nil {
		dedupe = nil // another one says the same already
	} else if !errors.Is(err, ErrNotFound) {
		return c, err
	}
	r := t.db.Exec("UPDATE campaigns SET title=?, dedupe=?, class=?, to_kind=?, spec=?, owner_id=?, edited_by=?, state='draft', version=version+1, epoch=epoch+1, updated_at=? WHERE id=? AND epoch=? AND state IN ('draft','approved')",
		spec.Title, dedupe, spec.Weight, spec.To, spec.JSON(), owner, by, t.now, c.ID, c.Epoch)
	if isDuplicate(r.Error) {
		return c, ErrDuplicate // another process was quicker: asked again, it is found
	}
	return t.moved(c.ID, r.RowsAffected, r.Error)
}

// moved answers the campaign after a compare-and-set, or ErrMoved.
func (t *Tx) moved(id, rows int64, err error) (Campaign, error) {
	if err != nil {
		return Campaign{}, err
	}
	if rows == 0 {
		return Campaign{}, ErrMoved
	}
	return t.CampaignOf(id)
}

// ApproveCampaign records an approval of this very version and turns a draft
// approved. recipients is how many it was approved for.
func (t *Tx) ApproveCampaign(c Campaign, by ID, recipients int) (Campaign, error) {
	err := t.db.Exec("INSERT INTO approvals (campaign_id,version,person_id,recipients,at) VALUES (?,?,?,?,?)", c.ID, c.Version, by, recipients, t.now).Error
	if err != nil && !isDuplicate(err) {
		return c, err
	}
	r := t.db.Exec("UPDATE campaigns SET state = CASE WHEN state = 'draft' THEN 'approved' ELSE state END, epoch=epoch+1, updated_at=? WHERE id=? AND epoch=? AND version=? AND state IN ('draft','approved','paused')",
		t.now, c.ID, c.Epoch, c.Version)
	return t.moved(c.ID, r.RowsAffected, r.Error)
}

// Approval is one person's yes to one version of a campaign.
type Approval struct {
	PersonID   ID
	Recipients int
	At         time.Time
}

// ApprovalsOf answers the approvals that are in force, oldest first.
func (t *Tx) ApprovalsOf(c Campaign) ([]Approval, error) {
	return all[Approval](t.db, "SELECT person_id, recipients, at FROM approvals WHERE campaign_id = ? AND version = ? ORDER BY at", c.ID, c.Version)
}

// ScheduleCampaign launches: from now on it is sent when due has come.
func (t *Tx) ScheduleCampaign(c Campaign, by ID, due time.Time) (Campaign, error) {
	r := t.db.Exec("UPDATE campaigns SET state='scheduled', launched_by=?, launched_at=?, due_at=?, epoch=epoch+1, updated_at=? WHERE id=? AND epoch=? AND state IN ('draft','approved')",
		by, t.now, micro(due), t.now, c.ID, c.Epoch)
	return t.moved(c.ID, r.RowsAffected, r.Error)
}

// PauseCampaign stops a scheduled or running campaign; why is one of Paused….
func (t *Tx) PauseCampaign(c Campaign, why string) (Campaign, error) {
	r := t.db.Exec("UPDATE campaigns SET paused_from=state, state='paused', why=?, epoch=epoch+1, updated_at=? WHERE id=? AND epoch=? AND state IN ('scheduled','running')", why, t.now, c.ID, c.Epoch)
	return t.moved(c.ID, r.RowsAffected, r.Error)
}

// ResumeCampaign goes on where PauseCampaign stopped. Where the one who launched
// may not any more, the one who resumes takes their place.
func (t *Tx) ResumeCampaign(c Campaign, by ID) (Campaign, error) {
	r := t.db.Exec("UPDATE campaigns SET state=paused_from, paused_from='', launched_by=CASE WHEN why='authority' THEN ? ELSE launched_by END, why='', epoch=epoch+1, updated_at=? WHERE id=? AND epoch=? AND state='paused'", by, t.now, c.ID, c.Epoch)
	return t.moved(c.ID, r.RowsAffected, r.Error)
}

// CancelCampaign ends a campaign for good, also one that has finished: then no later
// message and no reminder follows. What is still owed is taken back by
// CancelOwed, in transactions of its own: claims lock deliveries first and look
// at the campaign second.
func (t *Tx) CancelCampaign(c Campaign) (Campaign, error) {
	r := t.db.Exec("UPDATE campaigns SET state='cancelled', paused_from='', why='', dedupe=NULL, finished_at=COALESCE(finished_at, ?), epoch=epoch+1, updated_at=? WHERE id=? AND epoch=? AND state <> 'cancelled'", t.now, t.now, c.ID, c.Epoch)
	return t.moved(c.ID, r.RowsAffected, r.Error)
}

// CancelOwed takes back up to limit deliveries of a campaign that are not sent
// yet. It answers how many; 0 = none is left. What is held stays listed.
func (t *Tx) CancelOwed(id int64, limit int) (int64, error) {
	ids, err := all[ID](t.db, "SELECT id FROM deliveries WHERE campaign_id = ? AND state = 'queued' LIMIT ?", id, limit)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return t.cancel("state = 'queued' AND id IN ?", "campaign_cancelled", ids)
}

// StartCampaign turns a scheduled campaign running: its deliveries become claimable.
func (t *Tx) StartCampaign(c Campaign) (Campaign, error) {
	r := t.db.Exec("UPDATE campaigns SET state='running', started_at=?, epoch=epoch+1, updated_at=? WHERE id=? AND epoch=? AND state='scheduled'", t.now, t.now, c.ID, c.Epoch)
	return t.moved(c.ID, r.RowsAffected, r.Error)
}

// FinishCampaign ends a running campaign of whose message nothing is queued or
// sending any more, nor, after DoubtOwed, to be looked for. It answers ErrMoved while
// something is.
func (t *Tx) FinishCampaign(c Campaign) (Campaign, error) {
	r := t.db.Exec("UPDATE campaigns SET state='finished', finished_at=?, dedupe=NULL, epoch=epoch+1, updated_at=? WHERE id=? AND epoch=? AND state='running' "+
		"AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.campaign_id = campaigns.id AND d.step = 0 AND (d.state IN ('queued','sending') OR d.state = 'unconfirmed' AND campaigns.doubt_until IS NOT NULL))", t.now, t.now, c.ID, c.Epoch)
	return t.moved(c.ID, r.RowsAffected, r.Error)
}

// OwnerTold remembers that the owner was told who is still missing.
func (t *Tx) OwnerTold(c Campaign) error {
	r := t.db.Exec("UPDATE campaigns SET told_at=?, epoch=epoch+1 WHERE id=? AND epoch=? AND told_at IS NULL", t.now, c.ID, c.Epoch)
	_, err := t.moved(c.ID, r.RowsAffected, r.Error)
	return err
}

// DeleteCampaign hides a campaign that is over, or was never launched. Its rows,
// and so every figure, stay.
func (t *Tx) DeleteCampaign(c Campaign) error {
	r := t.db.Exec("UPDATE campaigns SET deleted_at=?, dedupe=NULL, epoch=epoch+1 WHERE id=? AND epoch=? AND deleted_at IS NULL AND state IN ('draft','approved','finished','cancelled')", t.now, c.ID, c.Epoch)
	if r.Error == nil && r.RowsAffected == 0 {
		return ErrMoved
	}
	return r.Error
}

// CampaignsAtWork answers the campaigns about which a clock may have something to
// do: launched, running, cancelled within the hour, or over with somebody still to
// be reminded or a reminder still to be written.
func (t *Tx) CampaignsAtWork() ([]Campaign, error) {
	return all[Campaign](t.db, "SELECT "+campaignColumns+" FROM campaigns WHERE deleted_at IS NULL AND (state IN ('scheduled','running') OR state = 'finished' AND (told_at IS NULL OR EXISTS (SELECT 1 FROM campaign_steps s WHERE s.campaign_id = campaigns.id AND s.done_at IS NULL)) OR state = 'cancelled' AND updated_at > ?) ORDER BY id",
		t.now.Add(-time.Hour))
}

// CancelledOwing answers the cancelled campaigns, also deleted ones, of which something
// is still queued: whoever was to take it back did not come so far. It reads all that
// is queued, so it is not for every second.
func (t *Tx) CancelledOwing() ([]int64, error) {
	return all[int64](t.db, "SELECT c.id FROM campaigns c WHERE c.state = 'cancelled' AND c.id IN (SELECT DISTINCT d.campaign_id FROM deliveries d WHERE d.state = 'queued') ORDER BY c.id")
}

// CountOwed answers how many messages of a campaign are queued on a platform.
func (t *Tx) CountOwed(campaign int64, platform string) (int, error) {
	return first[int](t.db, "SELECT COUNT(*) FROM deliveries WHERE campaign_id = ? AND platform = ? AND state = 'queued'", campaign, platform)
}

// ResumedAfter tells whether a person resumed the campaign when it was paused
// for this reason.
func (t *Tx) ResumedAfter(campaign int64, why string) (bool, error) {
	n, err := first[int](t.db, "SELECT COUNT(*) FROM audit WHERE action = 'campaign.resume' AND result = 'done' AND object = ? AND detail LIKE ?", fmt.Sprintf("campaign:%d", campaign), `%"why":"`+why+`"%`)
	return n > 0, err
}

// RecalledBefore tells whether a campaign has been taken back already.
func (t *Tx) RecalledBefore(campaign int64) (bool, error) {
	n, err := first[int](t.db, "SELECT COUNT(*) FROM audit WHERE action = 'campaign.recall' AND result = 'done' AND object = ?", fmt.Sprintf("campaign:%d", campaign))
	return n > 0, err
}
