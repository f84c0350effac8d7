package handlers

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"akari/bot"
	"akari/content"
	"akari/models"
)

// CampaignRules are what keeps campaigns safe: the campaign section of the
// configuration.
type CampaignRules struct {
	Window               Hours             // when staff work and campaigns may arrive
	Off                  map[string]string // days off, by "2006-01-02", with their names; staff add more (models.Days)
	Undo                 time.Duration     // between the launch and the first message
	MaxPerPartnerPerWeek int               // 0 = no cap
	RemindersMax         int
	ApprovalOver         *int // nil = nothing needs approval, 0 = everything
	StaleAfter           time.Duration

	// Rate and RoomRate are how many leave a lane, and go to one address of it, per
	// minute in the long run; 0 = no limit. They say how long sending takes. May be nil.
	Rate, RoomRate func(bot.Lane) int
}

// Refusal is a campaign act that is not done, and why, as a sentence of
// content/words: sayRefusal words it for the one who asked.
type Refusal struct {
	Key  string
	Args []any
	text string
}

// Error is the sentence in English.
func (r *Refusal) Error() string { return r.text }

// wordOf is an argument of a sentence that is itself a word of content/words.
type wordOf string

func (h *Handlers) refusal(key string, args ...any) *Refusal {
	return &Refusal{Key: key, Args: args, text: h.sayRefusal("en", key, args)}
}

func (h *Handlers) sayRefusal(lang, key string, args []any) string {
	said := slices.Clone(args)
	for i, a := range said {
		if w, ok := a.(wordOf); ok {
			said[i] = h.Library.Say(lang, string(w))
		}
	}
	return h.Library.Say(lang, key, said...)
}

// The acts on campaigns, as the audit log names them.
const (
	actCreate  = "campaign.create"
	actAsk     = "campaign.ask"
	actRemind  = "campaign.remind"
	actEdit    = "campaign.edit"
	actApprove = "campaign.approve"
	actLaunch  = "campaign.launch"
	actPause   = "campaign.pause"
	actResume  = "campaign.resume"
	actCancel  = "campaign.cancel"
	actDelete  = "campaign.delete"
	actTest    = "campaign.test"
	actResend  = "campaign.resend"
	actRecall  = "campaign.recall"
	actSave    = "audience.save"
)

// campaignRoles says which roles may do what; docs/roles.md tells it to people.
// Stopping is open to more people than starting.
var campaignRoles = map[string][]string{
	actCreate: {"sender"}, actAsk: {"sender"}, actRemind: {"sender"}, actEdit: {"sender"}, actLaunch: {"sender"}, actResume: {"sender"}, actTest: {"sender"}, actResend: {"sender"}, actRecall: {"sender"}, actDelete: {"sender"}, actSave: {"sender"},
	actApprove: {"approver"},
	actPause:   {"sender", "approver", "admin"}, actCancel: {"sender", "approver", "admin"},
}

// Campaigning does campaign acts in one transaction for one staff member. Chat
// and command line use it alike.
type Campaigning struct {
	h    *Handlers
	tx   *models.Tx
	By   models.Person
	lost string // why By may not act though their roles say so: the key of a sentence
}

// Campaigning is who acts on campaigns inside a transaction. The caller has
// proved who by is: from an account with a fresh fact, or from the terminal.
func (h *Handlers) Campaigning(tx *models.Tx, by models.Person) *Campaigning {
	return &Campaigning{h: h, tx: tx, By: by}
}

// CampaignAct runs do in a transaction of its own for the staff member with a
// key, about whom the platforms are asked first, if that was not done lately. A Refusal is kept in the audit log and answered.
func (h *Handlers) CampaignAct(ctx context.Context, key string, do func(*Campaigning) error) error {
	var refused *Refusal
	lost, err := h.refreshStaff(ctx, key)
	if err != nil {
		return err
	}
	err = h.Store.InTx(ctx, func(tx *models.Tx) error {
		refused = nil
		by, err := tx.PersonByKey(key)
		if errors.Is(err, models.ErrNotFound) || err == nil && by.Side != models.SideStaff {
			return h.refusal("campaign.no_staff", "key", key)
		}
		if err != nil {
			return err
		}
		a := h.Campaigning(tx, by)
		a.lost = lost
		err = do(a)
		if errors.As(err, &refused) {
			return nil // what was refused is in the audit log
		}
		return err
	})
	if err == nil && refused != nil {
		return refused
	}
	return err
}

// may tells whether the one who acts has a role for it, and is still one of the staff.
// Stopping waits for no platform's word.
func (a *Campaigning) may(act, object string) error {
	if a.lost != "" && act != actPause && act != actCancel {
		return a.refuse(act, object, a.lost)
	}
	if a.By.Side == models.SideStaff && a.By.LeftAt == nil && slices.ContainsFunc(campaignRoles[act], a.By.Has) {
		return nil
	}
	return a.refuse(act, object, "campaign.role", "role", wordOf("campaign.role_"+campaignRoles[act][0]))
}

func (a *Campaigning) refuse(act, object, key string, args ...any) error {
	if err := a.audit(act, object, "refused", models.Detail{"why": key}); err != nil {
		return err
	}
	return a.h.refusal(key, args...)
}

func (a *Campaigning) audit(act, object, result string, detail models.Detail) error {
	role := ""
	if i := slices.IndexFunc(campaignRoles[act], a.By.Has); i >= 0 {
		role = campaignRoles[act][i]
	}
	return a.tx.Audit(models.Act{ActorID: a.By.ID, Role: role, Action: act, Object: object, Result: result, Detail: detail})
}

func campaignObject(id int64) string { return fmt.Sprintf("campaign:%d", id) }

// load answers the campaign, locked, for an act that the role allows.
func (a *Campaigning) load(act string, id int64) (models.Campaign, error) {
	if err := a.may(act, campaignObject(id)); err != nil {
		return models.Campaign{}, err
	}
	c, err := a.tx.LockCampaign(id)
	if errors.Is(err, models.ErrNotFound) {
		return c, a.refuse(act, campaignObject(id), "campaign.unknown", "id", id)
	}
	return c, err
}

// Create writes a draft. draft names the form it came from; "" = its content
// decides whether it is the same campaign once more: while that one is not over
// it is answered, and fresh is false.
func (a *Campaigning) Create(spec models.Spec, draft string) (c models.Campaign, fresh bool, err error) {
	if err := a.may(actCreate, "campaign"); err != nil {
		return c, false, err
	}
	owner, err := a.check(actCreate, "campaign", spec)
	if err != nil {
		return c, false, err
	}
	sum := contentSum(spec)
	if draft != "" {
		sum = sha256.Sum256([]byte("draft\x00" + draft))
	}
	c, fresh, err = a.tx.AddCampaign(spec, a.By.ID, owner, sum[:])
	if err != nil || !fresh {
		return c, fresh, err
	}
	return c, true, a.audit(actCreate, campaignObject(c.ID), "done", overrides(spec))
}

// contentSum is by what the same content again is recognised.
func contentSum(spec models.Spec) [sha256.Size]byte {
	return sha256.Sum256([]byte("content\x00" + spec.JSON()))
}

// overrides is what of a spec sets a rule aside, for the audit log.
func overrides(s models.Spec) models.Detail {
	d := models.Detail{}
	if s.OverrideWindow != "" {
		d["override_window"] = s.OverrideWindow
	}
	if s.OverrideCap != "" {
		d["override_cap"] = s.OverrideCap
	}
	return d
}

// Edit replaces what a draft says; an approval is void with it. epoch is that of
// the campaign the editor looked at.
func (a *Campaigning) Edit(id, epoch int64, spec models.Spec) (models.Campaign, error) {
	c, err := a.load(actEdit, id)
	if err != nil {
		return c, err
	}
	if !c.Open() {
		return c, a.refuse(actEdit, campaignObject(id), "campaign.not_draft", "id", id, "state", wordOf("campaign.state_"+c.State))
	}
	if epoch != 0 && epoch != c.Epoch {
		return c, a.refuse(actEdit, campaignObject(id), "campaign.moved", "id", id)
	}
	owner, err := a.check(actEdit, campaignObject(id), spec)
	if err != nil {
		return c, err
	}
	sum := contentSum(spec)
	if c, err = a.tx.EditCampaign(c, spec, a.By.ID, owner, sum[:]); err != nil {
		return c, err
	}
	return c, a.audit(actEdit, campaignObject(id), "done", overrides(spec))
}

// check refuses a spec that cannot be sent, with the first reason, and answers
// its owner.
func (a *Campaigning) check(act, object string, spec models.Spec) (owner models.ID, err error) {
	problems, err := a.h.CheckSpec(a.tx, spec)
	if err != nil {
		return owner, err
	}
	if len(problems) > 0 {
		return owner, a.refuse(act, object, problems[0].Key, problems[0].Args...)
	}
	if spec.Owner == "" {
		return a.By.ID, nil
	}
	p, err := a.tx.PersonByKey(spec.Owner)
	return p.ID, err
}

// approvalNeeded tells whether so many recipients need a second person.
func (r CampaignRules) approvalNeeded(recipients int) bool {
	return r.ApprovalOver != nil && (*r.ApprovalOver == 0 || recipients > *r.ApprovalOver)
}

// Approve is a second person's yes to the campaign as it is now. needed is false
// when nothing was to approve; then nothing is written.
func (a *Campaigning) Approve(id int64) (c models.Campaign, needed bool, err error) {
	if c, err = a.load(actApprove, id); err != nil {
		return c, false, err
	}
	object := campaignObject(id)
	if a.By.ID == c.CreatedBy || a.By.ID == c.EditedBy {
		return c, false, a.refuse(actApprove, object, "campaign.own_approval")
	}
	waits := c.State == models.CampaignPaused && c.Why == models.PausedApproval
	if !c.Open() && !waits {
		return c, false, a.refuse(actApprove, object, "campaign.not_draft", "id", id, "state", wordOf("campaign.state_"+c.State))
	}
	n, err := a.tx.CountTargets(a.h.targets(c.Spec))
	if err != nil {
		return c, false, err
	}
	if !a.h.Campaign.approvalNeeded(n) && !waits {
		return c, false, nil
	}
	if c, err = a.tx.ApproveCampaign(c, a.By.ID, n); err != nil {
		return c, true, err
	}
	return c, true, a.audit(actApprove, object, "done", models.Detail{"version": c.Version, "recipients": n})
}

// Launch makes the campaign due: at its time, but not before the undo window has
// passed and the window for sending is open. Launching again changes nothing:
// then fresh is false.
func (a *Campaigning) Launch(id int64) (c models.Campaign, fresh bool, err error) {
	if c, err = a.load(actLaunch, id); err != nil {
		return c, false, err
	}
	object := campaignObject(id)
	switch {
	case c.State == models.CampaignCancelled:
		return c, false, a.refuse(actLaunch, object, "campaign.cancelled", "id", id)
	case !c.Open():
		return c, false, nil
	}
	if _, err := a.check(actLaunch, object, c.Spec); err != nil {
		return c, false, err
	}
	g := a.h.targets(c.Spec)
	n, err := a.tx.CountTargets(g)
	if err != nil {
		return c, false, err
	}
	if n == 0 {
		return c, false, a.refuse(actLaunch, object, "campaign.nobody")
	}
	approvals, err := a.tx.ApprovalsOf(c)
	if err != nil {
		return c, false, err
	}
	if a.h.Campaign.approvalNeeded(n) && len(approvals) == 0 {
		return c, false, a.refuse(actLaunch, object, "campaign.needs_approval", "count", n, "id", id)
	}
	due, err := a.h.dueAt(a.tx, c.Spec)
	if err != nil {
		return c, false, err
	}
	if c, err = a.tx.ScheduleCampaign(c, a.By.ID, due); err != nil {
		return c, false, err
	}
	if err := a.tx.WantFactsOf(g, a.tx.Now().Add(-maxAgeRead)); err != nil {
		return c, false, err
	}
	detail := overrides(c.Spec)
	detail["recipients"] = n
	return c, true, a.audit(actLaunch, object, "done", detail)
}

// dueAt is when a campaign launched now is due.
func (h *Handlers) dueAt(tx *models.Tx, s models.Spec) (time.Time, error) {
	due := tx.Now().Add(h.Campaign.Undo)
	if s.At.After(due) {
		due = s.At
	}
	if s.OverrideWindow != "" {
		return due, nil
	}
	cals, err := h.calendars(tx)
	return cals.vendor().Next(due), err
}

// Pause stops a campaign in all processes: what has not left yet stays.
// Pausing twice changes nothing: then fresh is false.
func (a *Campaigning) Pause(id int64) (c models.Campaign, fresh bool, err error) {
	if c, err = a.load(actPause, id); err != nil {
		return c, false, err
	}
	switch c.State {
	case models.CampaignPaused:
		return c, false, nil
	case models.CampaignScheduled, models.CampaignRunning:
	default:
		return c, false, a.refuse(actPause, campaignObject(id), "campaign.not_sending", "id", id, "state", wordOf("campaign.state_"+c.State))
	}
	if c, err = a.tx.PauseCampaign(c, models.PausedByPerson); err != nil {
		return c, false, err
	}
	return c, true, a.audit(actPause, campaignObject(id), "done", nil)
}

// Resume goes on with a paused campaign. What became too late in the meantime is
// the resumer's decision: this is the yes. What may have left before an old backup was
// restored is looked for first, or held.
func (a *Campaigning) Resume(id int64) (c models.Campaign, fresh bool, err error) {
	return a.resume(id, false)
}

// ResumeAsIs is Resume by a person who knows that nothing left in the meantime,
// because it only stood still: all that is owed is sent without a look.
func (a *Campaigning) ResumeAsIs(id int64) (c models.Campaign, fresh bool, err error) {
	return a.resume(id, true)
}

func (a *Campaigning) resume(id int64, asIs bool) (c models.Campaign, fresh bool, err error) {
	if c, err = a.load(actResume, id); err != nil {
		return c, false, err
	}
	switch {
	case c.State == models.CampaignRunning || c.State == models.CampaignScheduled:
		return c, false, nil
	case c.State != models.CampaignPaused:
		return c, false, a.refuse(actResume, campaignObject(id), "campaign.not_paused", "id", id, "state", wordOf("campaign.state_"+c.State))
	}
	if c.Why == models.PausedApproval {
		approvals, err := a.tx.ApprovalsOf(c)
		if err != nil {
			return c, false, err
		}
		if len(approvals) == 0 {
			return c, false, a.refuse(actResume, campaignObject(id), "campaign.needs_approval", "count", "?", "id", id)
		}
	}
	detail := models.Detail{"why": c.Why}
	if asIs && c.DoubtUntil != nil {
		if c, err = a.tx.TrustOwed(c); err != nil {
			return c, false, err
		}
		detail["as_is"] = true
	}
	if c, err = a.tx.ResumeCampaign(c, a.By.ID); err != nil {
		return c, false, err
	}
	return c, true, a.audit(actResume, campaignObject(id), "done", detail)
}

// Cancel ends a campaign for good; in the undo window that is the undo. What is
// still owed is taken back by CancelOwed, after the commit.
func (a *Campaigning) Cancel(id int64) (c models.Campaign, fresh bool, err error) {
	if c, err = a.load(actCancel, id); err != nil {
		return c, false, err
	}
	switch c.State {
	case models.CampaignCancelled:
		return c, false, nil
	case models.CampaignFinished:
		return c, false, a.refuse(actCancel, campaignObject(id), "campaign.over", "id", id)
	}
	if c, err = a.tx.CancelCampaign(c); err != nil {
		return c, false, err
	}
	return c, true, a.audit(actCancel, campaignObject(id), "done", nil)
}

// Delete hides a campaign that is over, or was never launched, from lists, forms and
// commands. Its rows, and so every figure, stay.
func (a *Campaigning) Delete(id int64) (c models.Campaign, fresh bool, err error) {
	if c, err = a.load(actDelete, id); err != nil {
		return c, false, err
	}
	err = a.tx.DeleteCampaign(c)
	if errors.Is(err, models.ErrMoved) { // the row is locked: its state is what refuses
		return c, false, a.refuse(actDelete, campaignObject(id), "campaign.still_on", "id", id)
	}
	return c, true, errors.Join(err, a.audit(actDelete, campaignObject(id), "done", nil))
}

// CancelOwed takes back what a cancelled campaign still owes, in short transactions.
func (h *Handlers) CancelOwed(ctx context.Context, id int64) error {
	for {
		var n int64
		err := h.Store.InTx(ctx, func(tx *models.Tx) (err error) {
			n, err = tx.CancelOwed(id, planBatch)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// SaveAudience keeps a rule under a key.
func (a *Campaigning) SaveAudience(key, name string, rule models.Rule) error {
	if err := a.may(actSave, "audience:"+key); err != nil {
		return err
	}
	if rule.Empty() || key == "" {
		return a.refuse(actSave, "audience:"+key, "campaign.no_audience")
	}
	if err := a.tx.SaveAudience(models.Audience{Key: key, Name: name, Rule: rule, CreatedBy: a.By.ID}); err != nil {
		return err
	}
	return a.audit(actSave, "audience:"+key, "done", nil)
}

// targets is what a spec's rule picks from, here.
func (h *Handlers) targets(s models.Spec) models.Targets {
	return models.Targets{To: s.To, Rule: s.Audience, Playground: h.platforms["playground"] != nil}
}

// Problem is why a spec cannot be sent as it is, by the field it is about.
type Problem struct {
	Field string
	Key   string
	Args  []any
}

// CheckSpec answers everything that is wrong with a campaign.
func (h *Handlers) CheckSpec(tx *models.Tx, s models.Spec) (ps []Problem, err error) {
	bad := func(wrong bool, field, key string, args ...any) {
		if wrong {
			ps = append(ps, Problem{field, key, args})
		}
	}
	bad(s.Title == "" || len([]rune(s.Title)) > 150, "title", "campaign.bad_title")
	bad(!slices.Contains([]string{models.WeightInfo, models.WeightConfirm, models.WeightAct}, s.Weight), "class", "campaign.bad_class")
	bad(s.To != models.ToPeople && s.To != models.ToRooms, "to", "campaign.bad_to")
	bad(content.Text(s.Text).In("") == "", "text", "campaign.no_text")
	bad(s.Audience.Empty(), "audience", "campaign.no_audience")
	bad(s.Ack != nil && s.Ack.Rule != models.AckEveryone && s.Ack.Rule != models.AckOnePerPartner, "ack", "campaign.bad_ack")
	bad(s.Reminders < 0 || s.Reminders > h.Campaign.RemindersMax, "reminders", "campaign.bad_reminders", "most", h.Campaign.RemindersMax)
	bad(s.Reminders > 0 && s.Ack == nil, "reminders", "campaign.reminders_without_ack")
	bad(s.Ack != nil && !s.Ack.Deadline.IsZero() && s.Ack.Deadline.Before(s.At), "ack", "campaign.deadline_early")
	bad(len(s.Steps) > models.MostSteps, "steps", "campaign.many_steps", "most", models.MostSteps)
	for i, step := range s.Steps {
		bad(step.After <= 0 || i > 0 && step.After <= s.Steps[i-1].After, "steps", "campaign.step_after", "number", i+1)
		bad(content.Text(step.Text).In("") == "", "steps", "campaign.step_text", "number", i+1)
		bad(step.Unless != "" && step.Unless != models.UnlessAcknowledged && step.Unless != models.UnlessOpened, "steps", "campaign.step_unless", "number", i+1)
	}
	bad(s.Evergreen && s.OverrideWindow != "", "evergreen", "campaign.evergreen_window")
	ps = append(ps, h.checkMaterials(s)...)
	if s.Owner != "" {
		p, err := tx.PersonByKey(s.Owner)
		if err != nil && !errors.Is(err, models.ErrNotFound) {
			return nil, err
		}
		bad(err != nil || p.Side != models.SideStaff || p.LeftAt != nil, "owner", "campaign.bad_owner", "key", s.Owner)
	}
	unknown, err := tx.Unknown(s.Audience)
	for _, what := range unknown {
		bad(true, "audience", "campaign.unknown_audience", "what", what)
	}
	if err == nil && len(ps) == 0 {
		ps = h.checkMessages(s)
	}
	return ps, err
}

func (h *Handlers) checkMaterials(s models.Spec) (ps []Problem) {
	keys := slices.Clone(s.Materials)
	for _, step := range s.Steps {
		keys = append(keys, step.Materials...)
	}
	for _, key := range keys {
		if _, state := h.Library.Material(key, content.Reader{Staff: true}); state == content.Unknown {
			ps = append(ps, Problem{"materials", "campaign.unknown_material", []any{"key", key}})
		} else if state != content.Served {
			ps = append(ps, Problem{"materials", "campaign.material_" + state.String(), []any{"key", key}})
		}
	}
	if s.Image != "" {
		m, ok := h.Library.AnyMaterial(s.Image)
		if !ok || m.Kind != content.Image {
			ps = append(ps, Problem{"image", "campaign.bad_image", []any{"key", s.Image}})
		}
	}
	return ps
}
