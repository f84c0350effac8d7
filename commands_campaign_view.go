package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"akari/handlers"
	"akari/models"
)

// CampaignPreviewCmd is akari campaign preview.
type CampaignPreviewCmd struct {
	campaignID `embed:""`
	As         string `help:"Key of the staff member who looks." placeholder:"STAFF_KEY"`
}

// Run previews.
func (x CampaignPreviewCmd) Run(cli *CLI, out surroundings) error {
	return cli.withCampaigns(out, func(k campaigner) error {
		p, err := k.mind.Preview(k.ctx, x.ID)
		if err != nil {
			return unknownCampaign(err, x.ID)
		}
		var b strings.Builder
		fmt.Fprintf(&b, "campaign %d: %s\n%d recipients of %d partners\n", p.CampaignID, p.Title, p.AudienceSize, p.Partners)
		for _, name := range slices.Sorted(maps.Keys(p.ByPlatform)) {
			fmt.Fprintf(&b, "  %-12s %6d\n", name, p.ByPlatform[name])
		}
		why := map[string]int{}
		for _, s := range p.Skipped {
			why[s.Reason]++
		}
		for _, r := range slices.Sorted(maps.Keys(why)) {
			fmt.Fprintf(&b, "  not reached  %6d  %s\n", why[r], k.mind.Library.Say("en", "campaign.skip_"+r))
		}
		fmt.Fprintf(&b, "from %s to about %s; %d LINE messages\n", momentOf(&p.Starts, k.c.Zone()), momentOf(&p.ExpectedEnd, k.c.Zone()), p.LineMessages)
		if p.ApprovalNeeded && !p.Approved {
			b.WriteString("a second person has to approve it\n")
		}
		for _, m := range p.Messages {
			fmt.Fprintf(&b, "\n--- %s, %s (%d)\n", m.Platform, m.Language, m.Count)
			for _, part := range m.Parts {
				b.WriteString(part.Text + "\n")
				for _, button := range part.Buttons {
					b.WriteString("[" + button.Label + "] ")
				}
				b.WriteString("\n")
			}
		}
		return cli.print(out, p, strings.TrimSuffix(b.String(), "\n"))
	})
}

// CampaignReportCmd is akari campaign report.
type CampaignReportCmd struct {
	campaignID `embed:""`
	As         string `help:"Key of the staff member who looks." placeholder:"STAFF_KEY"`
	CSV        bool   `name:"csv" xor:"form" help:"One row for each recipient instead, as CSV for Excel: what happened, and when."`
	XLSX       bool   `name:"xlsx" xor:"form" help:"The same as an Excel file."`
}

// campaignReport is what report prints.
type campaignReport struct {
	CampaignID int64          `json:"campaign_id"`
	State      string         `json:"state"`
	Why        string         `json:"why,omitempty"`
	Unclear    []unclear      `json:"unclear"`
	SkippedWhy map[string]int `json:"skipped_why"`
	counts
}

type counts = models.CampaignReport

// unclear is one recipient whom a person has to look at.
type unclear struct {
	Delivery string     `json:"delivery_id"`
	Partner  string     `json:"partner_key"`
	Person   string     `json:"person_key,omitempty"`
	Address  string     `json:"address"`
	State    string     `json:"state"`
	Code     string     `json:"error_code,omitempty"`
	Tried    *time.Time `json:"intent_at,omitempty"`
}

// reportOf asks for the report of a campaign.
func (k campaigner) reportOf(id int64) (r campaignReport, err error) {
	c, n, troubles, skipped, err := k.mind.ReportOf(k.ctx, id)
	if err != nil {
		return r, err
	}
	r = campaignReport{CampaignID: c.ID, State: c.State, Why: c.Why, Unclear: []unclear{}, SkippedWhy: skipped, counts: n}
	for _, t := range troubles {
		r.Unclear = append(r.Unclear, unclear{t.DeliveryID.String(), t.PartnerKey, t.PersonKey, t.Address, t.State, t.ErrorCode, t.IntentAt})
	}
	return r, nil
}

func (r campaignReport) text(say func(string) string) string {
	var b strings.Builder
	for _, u := range r.Unclear {
		fmt.Fprintf(&b, "%-11s %s %s %s %s  (akari campaign resend %s)\n", u.State, u.Partner, u.Person, u.Address, u.Code, u.Delivery)
	}
	fmt.Fprintf(&b, "campaign %d is %s %s\n", r.CampaignID, r.State, r.Why)
	for _, row := range []struct {
		name string
		n    int
	}{{"recipients", r.AudienceSize}, {"sent", r.Sent}, {"queued", r.Queued}, {"sending", r.Sending}, {"unconfirmed", r.Unconfirmed}, {"held", r.Held}, {"failed", r.Failed},
		{"expired", r.Expired}, {"cancelled", r.Cancelled}, {"skipped", r.Skipped}, {"opened", r.Opened}, {"completed", r.Completed}, {"acknowledged", r.Acknowledged}, {"used", r.Used}} {
		fmt.Fprintf(&b, "  %-14s %6d\n", row.name, row.n)
	}
	for _, why := range slices.Sorted(maps.Keys(r.SkippedWhy)) {
		fmt.Fprintf(&b, "  skipped: %s  %d\n", say("campaign.skip_"+why), r.SkippedWhy[why])
	}
	if len(r.Missing) > 0 {
		fmt.Fprintf(&b, "  not acknowledged by %s\n", strings.Join(r.Missing, ", "))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Run reports.
func (x CampaignReportCmd) Run(cli *CLI, out surroundings) error {
	return cli.withCampaigns(out, func(k campaigner) error {
		switch {
		case x.CSV:
			return k.mind.WriteCampaign(k.ctx, out.stdout, "csv", x.ID)
		case x.XLSX:
			return k.mind.WriteCampaign(k.ctx, out.stdout, "xlsx", x.ID)
		}
		r, err := k.reportOf(x.ID)
		if err != nil {
			return err
		}
		return cli.print(out, r, r.text(func(key string) string { return k.mind.Library.Say("en", key) }))
	})
}

// CampaignLaunchCmd is akari campaign launch.
type CampaignLaunchCmd struct {
	campaignID `embed:""`
	actor      `embed:""`
	Wait       bool `help:"Stay until it is over, with a progress bar."`
}

// Run launches.
func (x CampaignLaunchCmd) Run(cli *CLI, out surroundings) error {
	return cli.withCampaigns(out, func(k campaigner) error {
		var c models.Campaign
		fresh := false
		err := k.mind.CampaignAct(k.ctx, x.As, func(a *handlers.Campaigning) (err error) {
			c, fresh, err = a.Launch(x.ID)
			return err
		})
		if err != nil {
			return err
		}
		k.alone(out)
		if x.Wait {
			return k.watch(cli, out, c.ID)
		}
		text := fmt.Sprintf("campaign %d is launched; the first message leaves at %s, until then akari campaign cancel %d undoes it", c.ID, momentOf(c.DueAt, k.c.Zone()), c.ID)
		if !fresh {
			text = fmt.Sprintf("campaign %d was launched already and is %s", c.ID, c.State)
		}
		return cli.print(out, map[string]any{"campaign_id": c.ID, "state": c.State, "due_at": c.DueAt, "fresh": fresh}, text)
	})
}

// watchEvery is how often a waiting launch looks.
const watchEvery = 500 * time.Millisecond

// watch draws a campaign's progress on standard error until it is over, then
// prints its report. A pause ends it too: a person has to decide.
func (k campaigner) watch(cli *CLI, out surroundings, id int64) error {
	drawn := ""
	terminal := isTerminal(out.stderr)
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		var c models.Campaign
		var r models.CampaignReport
		err := k.store.View(k.ctx, func(tx *models.Tx) (err error) {
			if c, err = tx.CampaignOf(id); err != nil {
				return err
			}
			r, err = tx.Progress(id)
			return err
		})
		if err != nil {
			return unknownCampaign(err, id)
		}
		line := progressLine(c.State, r)
		switch {
		case terminal:
			fmt.Fprintf(out.stderr, "\r%s\x1b[K", line)
		case line != drawn:
			fmt.Fprintln(out.stderr, line)
		}
		drawn = line
		if c.Ended() || c.State == models.CampaignPaused {
			if terminal {
				fmt.Fprintln(out.stderr)
			}
			report, err := k.reportOf(id)
			if err != nil {
				return err
			}
			if err := cli.print(out, report, report.text(func(key string) string { return k.mind.Library.Say("en", key) })); err != nil {
				return err
			}
			if c.State != models.CampaignFinished {
				return fmt.Errorf("campaign %d is %s %s", id, c.State, c.Why)
			}
			return nil
		}
		select {
		case <-k.ctx.Done():
			return fmt.Errorf("the waiting was broken off; the campaign goes on")
		case <-tick.C:
		}
	}
}

// progressLine draws how far a campaign is.
func progressLine(state string, r models.CampaignReport) string {
	const width = 30
	done := r.AudienceSize - r.Queued - r.Sending
	full := 0
	if r.AudienceSize > 0 {
		full = width * done / r.AudienceSize
	}
	return fmt.Sprintf("%-9s [%s%s] %d/%d", state, strings.Repeat("#", full), strings.Repeat(".", width-full), done, r.AudienceSize)
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// CampaignTestCmd is akari campaign test.
type CampaignTestCmd struct {
	campaignID `embed:""`
	actor      `embed:""`
	To         string `help:"Key of the staff member who gets it. Default: the one who acts." placeholder:"STAFF_KEY"`
}

// Run sends a test.
func (x CampaignTestCmd) Run(cli *CLI, out surroundings) error {
	return cli.withCampaigns(out, func(k campaigner) error {
		err := k.mind.CampaignAct(k.ctx, x.As, func(a *handlers.Campaigning) error { return a.TestTo(x.ID, x.To) })
		if err != nil {
			return err
		}
		k.alone(out)
		return cli.print(out, map[string]any{"campaign_id": x.ID, "test": true}, "the test is on its way")
	})
}

// CampaignResendCmd is akari campaign resend.
type CampaignResendCmd struct {
	Delivery string `arg:"" help:"The delivery that akari campaign report lists."`
	actor    `embed:""`
}

// Run sends again.
func (x CampaignResendCmd) Run(cli *CLI, out surroundings) error {
	id, err := models.ParseID(x.Delivery)
	if err != nil {
		return wrongUsage{err.Error() + "; akari campaign report lists them"}
	}
	return cli.withCampaigns(out, func(k campaigner) error {
		if err := k.mind.CampaignAct(k.ctx, x.As, func(a *handlers.Campaigning) error { return a.Resend(id) }); err != nil {
			return err
		}
		k.alone(out)
		return cli.print(out, map[string]any{"delivery_id": x.Delivery, "resent": true}, "it is sent once more")
	})
}

// CampaignRecallCmd is akari campaign recall.
type CampaignRecallCmd struct {
	campaignID `embed:""`
	actor      `embed:""`
	Text       string `help:"The correction. Without one the message is withdrawn." placeholder:"TEXT"`
}

// Run takes back.
func (x CampaignRecallCmd) Run(cli *CLI, out surroundings) error {
	return cli.withCampaigns(out, func(k campaigner) error {
		var done handlers.Recalled
		var text models.LangText
		if x.Text != "" {
			text = models.LangText{"ja": x.Text}
		}
		err := k.mind.CampaignAct(k.ctx, x.As, func(a *handlers.Campaigning) (err error) {
			done, err = a.Recall(k.ctx, x.ID, text)
			return err
		})
		if err == nil {
			err = k.mind.CancelOwed(k.ctx, x.ID)
		}
		if err != nil {
			return err
		}
		k.alone(out)
		return cli.print(out, done, fmt.Sprintf("campaign %d is taken back: %d messages are deleted, %d corrected", x.ID, done.Deleted, done.Corrected))
	})
}

// CampaignWhyCmd is akari campaign why.
type CampaignWhyCmd struct {
	campaignID `embed:""`
	Partner    string `arg:"" help:"The partner's key."`
}

// Run explains.
func (x CampaignWhyCmd) Run(cli *CLI, out surroundings) error {
	return cli.withCampaigns(out, func(k campaigner) error {
		why, err := k.mind.WhyIn(k.ctx, x.ID, x.Partner)
		if err != nil {
			return err
		}
		b, err := json.MarshalIndent(why, "", "  ")
		if err != nil {
			return err
		}
		return cli.print(out, why, string(b))
	})
}
