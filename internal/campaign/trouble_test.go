package campaign_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"akari/bot/line/linetest"
	"akari/bot/lineworks/lineworkstest"
	"akari/bot/slack/slacktest"
	"akari/models"
	"akari/models/modelstest"
)

// TestOnesTroubleIsNobodyElses: what happens to some between the plan and the sending
// ends them, each in their own way, and everybody else gets the message; tokens of
// two platforms run out in the middle.
func TestOnesTroubleIsNobodyElses(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		const n = 60
		g := newRig(t, driver, town(n), nil)
		g.people(n)
		id := g.create(spec())
		g.launch(id)
		tick(t, g) // planned; nobody sends yet
		want := map[string]struct{ state, code string }{
			"m-0000": {models.StateFailed, "channel_not_found"},
			"m-0003": {models.StateSkipped, models.SkipGone},
			"m-0006": {models.StateSkipped, models.SkipLeft},
			"m-0002": {models.StateSkipped, models.SkipNotFriend},
			"m-0001": {models.StateFailed, "INVALID_PARAMETER"},
			"m-0004": {models.StateHeld, "in_doubt"},
		}
		g.slack.AddUser(slacktest.User{ID: "U0P0000", TeamID: "T0AOBA", Name: "closed", DMClosed: true})
		g.slack.AddUser(slacktest.User{ID: "U0P0003", TeamID: "T0MINAMI", Name: "gone", Deleted: true})
		if _, err := modelstest.Raw(t, g.driver, g.dsn).Exec("UPDATE people SET left_at = ? WHERE `key` = 'm-0006'", time.Now().UTC()); err != nil {
			t.Fatal(err)
		}
		g.line.Block(linetest.UserID(2))
		g.works.Decide(func(c lineworkstest.Call) *lineworkstest.Fault {
			switch {
			case strings.Contains(c.Path, "works-0001"): // a poison: it is refused whenever it comes
				return &lineworkstest.Fault{Status: http.StatusBadRequest, Code: "INVALID_PARAMETER"}
			case strings.Contains(c.Path, "works-0004"): // and one that breaks the platform
				return &lineworkstest.Fault{Status: http.StatusInternalServerError}
			}
			return nil
		})
		slow := func(string) int { time.Sleep(50 * time.Millisecond); return 0 }
		g.fault.Store(&slow)
		g.start()
		// Once: a new token that is refused too is an operator's, and stops the platform for a minute.
		wait(t, "the first ones", 20*time.Second, func() bool { return g.report(id).Sent >= n/5 })
		g.line.ExpireTokens()
		g.works.RevokeTokens()
		wait(t, "the end", 30*time.Second, func() bool {
			return g.campaign(id).State == models.CampaignFinished && g.report(id).Unconfirmed == 0
		})
		for _, d := range g.deliveries(id) {
			w, ok := want[d.PersonKey]
			if !ok {
				w.state = models.StateSent
			}
			if d.State != w.state || w.code != "" && d.ErrorCode != w.code {
				t.Errorf("%s on %s is %s (%s), want %s (%s)", d.PersonKey, d.Platform, d.State, d.ErrorCode, w.state, w.code)
			}
		}
		for key, times := range g.seen(n) {
			if _, ok := want[key]; ok && times != 0 || !ok && times != 1 {
				t.Errorf("%s has it %d times", key, times)
			}
		}
		if r := g.report(id); r.Sent != n-len(want) || g.troubles(id) != 3 {
			t.Errorf("%+v, %d listed", r, g.troubles(id))
		}
		g.addsUp(id)
	})
}

// TestARoomIsArchivedInTheMiddle: it fails, is listed with the platform's word, and the
// others get the message.
func TestARoomIsArchivedInTheMiddle(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newRig(t, driver, town(6), nil)
		g.partnerRoom("C0AOBA", "p-aoba", "T0AOBA")
		g.partnerRoom("C0MINAMI", "p-minami", "T0MINAMI")
		g.staffRoom("C0STAFF")
		g.slack.AddChannel(slacktest.Channel{ID: "C0STAFF", Name: "staff", Members: []string{"U0BOT"}})
		id := g.create(spec(func(s *models.Spec) { s.To = models.ToRooms }))
		g.launch(id)
		tick(t, g)
		g.slack.AddChannel(slacktest.Channel{ID: "C0MINAMI", Name: "c0minami", Members: []string{"U0BOT"}, ExtShared: true, ConnectedTeams: []string{"T0VENDOR", "T0MINAMI"}, Archived: true})
		g.start()
		wait(t, "the end", 20*time.Second, func() bool { return g.campaign(id).State == models.CampaignFinished })
		got := map[string]string{}
		for _, d := range g.deliveries(id) {
			got[d.PartnerKey] = fmt.Sprint(d.State, " ", d.ErrorCode)
		}
		if got["p-aoba"] != "sent " || got["p-minami"] != "failed is_archived" || len(g.slack.Messages("C0AOBA")) != 1 || g.troubles(id) != 1 {
			t.Fatalf("%v", got)
		}
		wait(t, "staff to be told", 20*time.Second, func() bool {
			for _, m := range g.slack.Messages("C0STAFF") {
				if strings.Contains(m.Text, "不達1件") && strings.Contains(m.Text, "is_archived") {
					return true
				}
			}
			return false
		})
	})
}
