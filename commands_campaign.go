package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"akari/handlers"
	"akari/models"
)

// CampaignCmd groups the commands about campaigns: the same rules and the same
// audit log as in chat.
type CampaignCmd struct {
	Create  CampaignCreateCmd  `cmd:"" help:"Make a draft from a file."`
	List    CampaignListCmd    `cmd:"" help:"List the newest campaigns."`
	Show    CampaignShowCmd    `cmd:"" help:"Show a campaign: what it says, to whom, in which state."`
	Preview CampaignPreviewCmd `cmd:"" help:"Show what a launch would do: the messages of every platform, how many get them, who does not and why."`
	Approve CampaignApproveCmd `cmd:"" help:"Approve a campaign as the second person."`
	Launch  CampaignLaunchCmd  `cmd:"" help:"Launch a campaign; it can be undone with cancel within campaign.undo."`
	Pause   CampaignPauseCmd   `cmd:"" help:"Stop sending, in all processes, within two seconds."`
	Resume  CampaignResumeCmd  `cmd:"" help:"Go on with a paused campaign."`
	Cancel  CampaignCancelCmd  `cmd:"" help:"End a campaign for good."`
	Delete  CampaignDeleteCmd  `cmd:"" help:"Hide a campaign that is over or was never launched; its figures stay."`
	Report  CampaignReportCmd  `cmd:"" help:"Show how a campaign stands: unclear recipients first."`
	Test    CampaignTestCmd    `cmd:"" help:"Send a campaign to one of the staff as a test; it never counts."`
	Resend  CampaignResendCmd  `cmd:"" help:"Send a campaign to one unclear or failed recipient again."`
	Recall  CampaignRecallCmd  `cmd:"" help:"Take a campaign back: deleted on Slack, corrected elsewhere."`
	Why     CampaignWhyCmd     `cmd:"" help:"Say why a partner is in a campaign's audience, or not."`
}

// actor is who acts: every act is theirs in the audit log.
type actor struct {
	As string `required:"" help:"Key of the staff member who acts." placeholder:"STAFF_KEY"`
}

// CampaignCreateCmd is akari campaign create.
type CampaignCreateCmd struct {
	actor `embed:""`
	File  string `required:"" help:"Campaign file, YAML or JSON; - is standard input." placeholder:"F"`
}

// Help is the long help.
func (CampaignCreateCmd) Help() string {
	return `docs/campaigns.md shows the file's form. The same file again is the same campaign
until that one is over.

Example: akari campaign create --file price.yaml --as s-ito`
}

// Run makes the draft.
func (x CampaignCreateCmd) Run(cli *CLI, out surroundings) error {
	return cli.withCampaigns(out, func(k campaigner) error {
		spec, err := readCampaign(x.File, k.c.Zone(), func(key string) (r models.Rule, err error) {
			err = k.store.View(k.ctx, func(tx *models.Tx) error {
				a, err := tx.AudienceByKey(key)
				r = a.Rule
				return err
			})
			if errors.Is(err, models.ErrNotFound) {
				err = fmt.Errorf("audience.saved: there is no saved audience %q", key)
			}
			return r, err
		})
		if err != nil {
			return err
		}
		var c models.Campaign
		fresh := false
		for try := 0; ; try++ {
			err = k.mind.CampaignAct(k.ctx, x.As, func(a *handlers.Campaigning) (err error) {
				c, fresh, err = a.Create(spec, "")
				return err
			})
			if !errors.Is(err, models.ErrDuplicate) || try == 3 {
				break
			}
		}
		if err != nil {
			return err
		}
		text := fmt.Sprintf("campaign %d is a draft; look at it with: akari campaign preview %d", c.ID, c.ID)
		if !fresh {
			text = fmt.Sprintf("campaign %d is this one already (%s)", c.ID, c.State)
		}
		return cli.print(out, map[string]any{"campaign_id": c.ID, "state": c.State, "fresh": fresh}, text)
	})
}

// campaignLine is a campaign as list and show print it.
type campaignLine struct {
	ID          int64       `json:"campaign_id"`
	Title       string      `json:"title"`
	Class       string      `json:"class"`
	State       string      `json:"state"`
	Why         string      `json:"why,omitempty"`
	To          string      `json:"to"`
	DueAt       *time.Time  `json:"due_at"`
	LaunchedAt  *time.Time  `json:"launched_at"`
	FinishedAt  *time.Time  `json:"finished_at"`
	Version     int         `json:"version"`
	ApprovedBy  []string    `json:"approved_by,omitempty"`
	CreatedBy   string      `json:"created_by,omitempty"`
	Spec        models.Spec `json:"spec"`
	AudienceNow int         `json:"audience_size,omitempty"`
}

func campaignLineOf(c models.Campaign) campaignLine {
	return campaignLine{ID: c.ID, Title: c.Title, Class: c.Class, State: c.State, Why: c.Why, To: c.ToKind, DueAt: c.DueAt, LaunchedAt: c.LaunchedAt, FinishedAt: c.FinishedAt, Version: c.Version, Spec: c.Spec}
}

// CampaignListCmd is akari campaign list.
type CampaignListCmd struct {
	As  string `help:"Key of the staff member who looks." placeholder:"STAFF_KEY"`
	Max int    `default:"50" help:"How many."`
}

// Run lists.
func (x CampaignListCmd) Run(cli *CLI, out surroundings) error {
	return cli.withCampaigns(out, func(k campaigner) error {
		lines, text := []campaignLine{}, ""
		err := k.store.View(k.ctx, func(tx *models.Tx) error {
			cs, err := tx.Campaigns(min(max(x.Max, 1), 1000))
			for _, c := range cs {
				lines = append(lines, campaignLineOf(c))
				text += fmt.Sprintf("%6d  %-10s %-8s %s\n", c.ID, c.State, c.Class, c.Title)
			}
			return err
		})
		if err != nil {
			return err
		}
		if text == "" {
			text = "there are no campaigns\n"
		}
		return cli.print(out, map[string]any{"campaigns": lines}, strings.TrimSuffix(text, "\n"))
	})
}

// campaignID names the campaign of a command.
type campaignID struct {
	ID int64 `arg:"" help:"The campaign's number."`
}

// CampaignShowCmd is akari campaign show.
type CampaignShowCmd struct {
	campaignID `embed:""`
	As         string `help:"Key of the staff member who looks." placeholder:"STAFF_KEY"`
}

// Run shows.
func (x CampaignShowCmd) Run(cli *CLI, out surroundings) error {
	return cli.withCampaigns(out, func(k campaigner) error {
		var line campaignLine
		err := k.store.View(k.ctx, func(tx *models.Tx) error {
			c, err := tx.CampaignOf(x.ID)
			if err != nil {
				return err
			}
			line = campaignLineOf(c)
			if who, err := tx.WhoisPerson(c.CreatedBy); err == nil {
				line.CreatedBy = who.Person.Key
			}
			approvals, err := tx.ApprovalsOf(c)
			if err != nil {
				return err
			}
			for _, a := range approvals {
				if who, err := tx.WhoisPerson(a.PersonID); err == nil {
					line.ApprovedBy = append(line.ApprovedBy, who.Person.Key)
				}
			}
			r, err := tx.Progress(c.ID)
			line.AudienceNow = r.AudienceSize
			return err
		})
		if err != nil {
			return unknownCampaign(err, x.ID)
		}
		text := fmt.Sprintf("campaign %d: %s\nstate     %s %s\nclass     %s\nto        %s\nversion   %d\nauthor    %s\napproved  %s\ndue       %s\n\n%s", line.ID, line.Title, line.State, line.Why, line.Class, line.To, line.Version,
			line.CreatedBy, strings.Join(line.ApprovedBy, ", "), momentOf(line.DueAt, k.c.Zone()), line.Spec.Text["ja"])
		return cli.print(out, line, strings.TrimSpace(text))
	})
}

func unknownCampaign(err error, id int64) error {
	if errors.Is(err, models.ErrNotFound) {
		return fmt.Errorf("there is no campaign %d; akari campaign list shows them", id)
	}
	return err
}

func momentOf(at *time.Time, zone *time.Location) string {
	if at == nil {
		return "-"
	}
	return at.In(zone).Format("2006-01-02 15:04 MST")
}

// CampaignApproveCmd is akari campaign approve.
type CampaignApproveCmd struct {
	campaignID `embed:""`
	actor      `embed:""`
}

// Run approves.
func (x CampaignApproveCmd) Run(cli *CLI, out surroundings) error {
	return cli.withCampaigns(out, func(k campaigner) error {
		var c models.Campaign
		needed := false
		err := k.mind.CampaignAct(k.ctx, x.As, func(a *handlers.Campaigning) (err error) {
			c, needed, err = a.Approve(x.ID)
			return err
		})
		if err != nil {
			return err
		}
		text := fmt.Sprintf("campaign %d is approved", c.ID)
		if !needed {
			text = fmt.Sprintf("campaign %d needs no approval", c.ID)
		}
		return cli.print(out, map[string]any{"campaign_id": c.ID, "state": c.State, "approval_needed": needed}, text)
	})
}

// moved runs an act that moves a campaign and prints where it is now.
func (cli *CLI) moved(out surroundings, as string, id int64, done, again string, act func(*handlers.Campaigning) (models.Campaign, bool, error), after func(campaigner, models.Campaign) error) error {
	return cli.withCampaigns(out, func(k campaigner) error {
		var c models.Campaign
		fresh := false
		err := k.mind.CampaignAct(k.ctx, as, func(a *handlers.Campaigning) (err error) {
			c, fresh, err = act(a)
			return err
		})
		if err != nil {
			return err
		}
		text := done
		if !fresh {
			text = again
		}
		if after != nil {
			return after(k, c)
		}
		return cli.print(out, map[string]any{"campaign_id": c.ID, "state": c.State, "fresh": fresh}, fmt.Sprintf("campaign %d %s", c.ID, text))
	})
}

// CampaignPauseCmd is akari campaign pause.
type CampaignPauseCmd struct {
	campaignID `embed:""`
	actor      `embed:""`
}

// Run pauses.
func (x CampaignPauseCmd) Run(cli *CLI, out surroundings) error {
	return cli.moved(out, x.As, x.ID, "is paused", "is paused already", func(a *handlers.Campaigning) (models.Campaign, bool, error) { return a.Pause(x.ID) }, nil)
}

// CampaignResumeCmd is akari campaign resume.
type CampaignResumeCmd struct {
	campaignID `embed:""`
	actor      `embed:""`
	AsIs       bool `help:"After a standstill without a restore: send what is owed without looking whether it has left."`
}

// Help is the long help.
func (CampaignResumeCmd) Help() string {
	return `A campaign that stopped because nothing ran for long, or because an old backup was
restored, is looked for before it goes on: what has arrived is not sent again. Where a
platform cannot be asked (LINE WORKS) recipients are held for a person to decide.

Example: akari campaign resume 12 --as s-ito`
}

// Run resumes.
func (x CampaignResumeCmd) Run(cli *CLI, out surroundings) error {
	return cli.moved(out, x.As, x.ID, "goes on", "is not paused", func(a *handlers.Campaigning) (models.Campaign, bool, error) {
		if x.AsIs {
			return a.ResumeAsIs(x.ID)
		}
		return a.Resume(x.ID)
	}, func(k campaigner, c models.Campaign) error {
		k.alone(out)
		return cli.print(out, map[string]any{"campaign_id": c.ID, "state": c.State}, fmt.Sprintf("campaign %d goes on (%s)", c.ID, c.State))
	})
}

// CampaignCancelCmd is akari campaign cancel.
type CampaignCancelCmd struct {
	campaignID `embed:""`
	actor      `embed:""`
}

// Run cancels.
func (x CampaignCancelCmd) Run(cli *CLI, out surroundings) error {
	return cli.moved(out, x.As, x.ID, "", "", func(a *handlers.Campaigning) (models.Campaign, bool, error) { return a.Cancel(x.ID) }, func(k campaigner, c models.Campaign) error {
		if err := k.mind.CancelOwed(k.ctx, c.ID); err != nil {
			return err
		}
		return cli.print(out, map[string]any{"campaign_id": c.ID, "state": c.State}, fmt.Sprintf("campaign %d is cancelled", c.ID))
	})
}

// CampaignDeleteCmd is akari campaign delete.
type CampaignDeleteCmd struct {
	campaignID `embed:""`
	actor      `embed:""`
}

// Run deletes.
func (x CampaignDeleteCmd) Run(cli *CLI, out surroundings) error {
	return cli.moved(out, x.As, x.ID, "is deleted; its figures stay", "", func(a *handlers.Campaigning) (models.Campaign, bool, error) { return a.Delete(x.ID) }, nil)
}
