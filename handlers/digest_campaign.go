package handlers

import (
	"time"

	"akari/models"
)

// campaignSteps is how a campaign of the week stands among the partners told about.
type campaignSteps struct {
	campaign models.Campaign
	report   models.CampaignReport
	late     bool // its deadline has passed and people are missing
}

const (
	campaignsShown = 5
	campaignsRead  = 20 // at most, of which those that reached nobody here are left out
)

// readCampaigns reads the campaigns that were being sent in the week.
func (d *Digests) readCampaigns(tx *models.Tx, out *digestRead, now time.Time, r *weekReader) error {
	cs, err := tx.CampaignsBetween(out.week.Start, out.week.End, campaignsRead)
	if err != nil {
		return err
	}
	for _, c := range cs {
		report, err := r.report(tx, c, out.only)
		if err != nil {
			return err
		}
		if report.AudienceSize == 0 {
			continue
		}
		late := c.Spec.Ack != nil && !c.Spec.Ack.Deadline.IsZero() && c.Spec.Ack.Deadline.Before(now) && len(report.Missing) > 0
		out.campaigns = append(out.campaigns, campaignSteps{c, report, late})
	}
	return nil
}

// report is how a campaign stands among some partners; nil = all.
func (r *weekReader) report(tx *models.Tx, c models.Campaign, only []models.ID) (sum models.CampaignReport, err error) {
	if only == nil {
		report, ok := r.reports[c.ID]
		if !ok {
			report, err = tx.ReportCampaign(c)
			r.reports[c.ID] = report
		}
		return report, err
	}
	shares, ok := r.shares[c.ID]
	if !ok {
		if shares, err = tx.ReportCampaignByPartner(c); err != nil {
			return sum, err
		}
		r.shares[c.ID] = shares
	}
	for _, p := range only {
		sum.Add(shares[p])
	}
	return sum, nil
}

// campaignRows tell how each campaign of the week stands.
func (w digestWords) campaignRows() []string {
	var rows []string
	for i, c := range w.read.campaigns {
		if i == campaignsShown {
			rows = append(rows, w.say("digest.more_campaigns", "count", len(w.read.campaigns)-i))
			break
		}
		r := c.report
		row := w.say("digest.campaign", "title", clip(c.campaign.Title, 60), "id", c.campaign.ID, "class", w.say("campaign.class_"+c.campaign.Class), "state", w.say("campaign.state_"+c.campaign.State),
			"audience", r.AudienceSize, "delivered", r.Sent, "opened", r.Opened, "completed", r.Completed, "used", r.Used)
		if c.campaign.Spec.Ack != nil {
			row += w.say("digest.campaign_ack", "acknowledged", r.Owed-len(r.Missing), "owed", r.Owed, "missing", len(r.Missing))
		}
		if n := r.Failed + r.Expired; n > 0 {
			row += w.say("digest.campaign_failed", "count", n)
		}
		if n := r.Unconfirmed + r.Held; n > 0 {
			row += w.say("digest.campaign_doubt", "count", n)
		}
		rows = append(rows, row)
	}
	return rows
}

// lateCampaign is the first campaign whose deadline has passed with people missing.
func (r *digestRead) lateCampaign() (campaignSteps, bool) {
	for _, c := range r.campaigns {
		if c.late {
			return c, true
		}
	}
	return campaignSteps{}, false
}
