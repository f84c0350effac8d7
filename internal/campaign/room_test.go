package campaign_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"akari/bot"
	"akari/bot/slack/slacktest"
	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

// partnerRoom makes a Slack room of a partner that these teams can read.
func (g *rig) partnerRoom(id, partner string, teams ...string) {
	g.t.Helper()
	g.slack.AddChannel(slacktest.Channel{ID: id, Name: strings.ToLower(id), Members: []string{"U0BOT"}, ExtShared: true, ConnectedTeams: append([]string{"T0VENDOR"}, teams...)})
	g.tx(func(tx *models.Tx) error {
		r, err := tx.AddRoom(bot.Address{Platform: "slack", Connection: "slack", Room: id})
		if err != nil {
			return err
		}
		p, err := tx.PartnerByKey(partner)
		if err != nil {
			return err
		}
		return tx.MapRoom(r.ID, p.ID)
	})
}

// TestRoomsGetButtonsAndNoLink: and a room in which somebody else reads gets nothing.
func TestRoomsGetButtonsAndNoLink(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newRig(t, driver, town(6), nil)
		g.partnerRoom("C0AOBA", "p-aoba", "T0AOBA")
		g.partnerRoom("C0MIXED", "p-minami", "T0MINAMI", "T0AOBA")
		g.start()
		id := g.create(spec(func(s *models.Spec) { s.To, s.Ack = models.ToRooms, &models.AckRule{Rule: models.AckOnePerPartner} }))
		g.launch(id)
		wait(t, "the end", 20*time.Second, func() bool { return g.campaign(id).State == models.CampaignFinished })
		r := g.report(id)
		if r.AudienceSize != 2 || r.Sent != 1 || r.Sent+r.Held+r.Skipped != 2 {
			t.Fatalf("%+v", r)
		}
		for _, m := range g.slack.Messages("C0MIXED") {
			t.Fatalf("the mixed room got %s", m.Text)
		}
		calls := g.slack.Calls("chat.postMessage")
		if len(calls) != 1 {
			t.Fatalf("%d messages", len(calls))
		}
		b, err := json.Marshal(calls[0].Args)
		if err != nil || strings.Contains(string(b), "/v/") || !strings.Contains(string(b), "material.send") || !strings.Contains(string(b), "material.ack") {
			t.Fatalf("%s %v", b, err)
		}
		// Everybody of the room's partner owes it, until one has acknowledged.
		if len(r.Missing) != 3 {
			t.Fatalf("missing %v", r.Missing)
		}
		g.addsUp(id)
	})
}

// TestATestSendNeverCounts: no campaign id, a test link, no figure moves.
func TestATestSendNeverCounts(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newRig(t, driver, town(3), nil)
		g.slack.AddUser(slacktest.User{ID: "U0ITO", Name: "ito"})
		g.tx(func(tx *models.Tx) error {
			p, err := tx.PersonByKey("s-ito")
			if err != nil {
				return err
			}
			return tx.AddAccount(bot.Identity{Platform: "slack", Connection: "slack", User: "U0ITO"}, p.ID)
		})
		g.start()
		id := g.create(spec())
		g.act("s-ito", func(a *handlers.Campaigning) error { return a.TestTo(id, "") })
		wait(t, "the test", 20*time.Second, func() bool { return len(g.slack.Messages(g.slack.DirectRoom("U0ITO"))) == 1 })
		if got := g.refused("s-ito", func(a *handlers.Campaigning) error { return a.TestTo(id, "m-0000") }); got != "campaign.test_staff" {
			t.Fatalf("a test to a member: %q", got)
		}
		if n := len(g.deliveries(id)); n != 0 || g.campaign(id).State != models.CampaignDraft {
			t.Fatalf("%d deliveries carry the campaign's id", n)
		}
		var links int
		if err := modelstest.Raw(t, g.driver, g.dsn).QueryRow("SELECT COUNT(*) FROM links WHERE purpose = 'test' AND campaign_id IS NULL").Scan(&links); err != nil || links != 1 {
			t.Fatalf("%d test links (%v)", links, err)
		}
		for _, row := range modelstest.Table(t, g.driver, g.dsn, "SELECT detail FROM audit WHERE action = 'campaign.test'") {
			if strings.Contains(row["detail"], "s-ito") {
				t.Errorf("the audit log, which cannot forget, names a person: %s", row["detail"])
			}
		}
	})
}

// TestRecallWithALongCorrection: whoever got a message and a reminder reads the whole
// correction, and reads it once.
func TestRecallWithALongCorrection(t *testing.T) {
	const n = 9 // three on each platform
	g := newRig(t, "sqlite", town(n), nil)
	g.people(n)
	g.start()
	id := g.create(spec(func(s *models.Spec) { s.Ack = &models.AckRule{Rule: models.AckEveryone} }))
	g.launch(id)
	wait(t, "the end", 20*time.Second, func() bool { return g.report(id).Sent == n })
	g.act("s-ito", func(a *handlers.Campaigning) error { _, _, err := a.Remind(id, false); return err })
	wait(t, "the reminders", 20*time.Second, func() bool { return sumOf(g.arrived()) == 2*n })
	var long strings.Builder
	for i := range 500 {
		fmt.Fprintf(&long, "%04d行目です。\n", i)
	}
	g.act("s-ito", func(a *handlers.Campaigning) error {
		_, err := a.Recall(t.Context(), id, models.LangText{"ja": long.String()})
		return err
	})
	read := func() map[string]string {
		out := map[string]string{}
		for i := range n {
			user := fmt.Sprintf("U0P%04d", i)
			for _, m := range g.slack.Messages(g.slack.DirectRoom(user)) {
				out[user] += string(m.Blocks)
			}
		}
		for _, s := range g.works.Sent() {
			out[s.User] += string(s.Body)
		}
		for _, s := range g.line.Sent() {
			out[s.To] += string(s.Message)
		}
		return out
	}
	wait(t, "the last lines", 20*time.Second, func() bool {
		return modelstest.Table(t, g.driver, g.dsn, "SELECT COUNT(*) AS n FROM deliveries WHERE state IN ('queued', 'sending')")[0]["n"] == "0"
	})
	for who, text := range read() {
		for _, line := range []string{"0000行目", "0250行目", "0499行目"} {
			if got := strings.Count(text, line); got != 1 {
				t.Errorf("%s reads %q %d times", who, line, got)
			}
		}
	}
}

// TestRecall takes a campaign back with all that followed it: away on Slack, one word
// elsewhere to each, once; and nothing follows any more.
func TestRecall(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		const n = 9 // three on each platform
		g := newRig(t, driver, town(n), nil)
		g.people(n)
		g.start()
		id := g.create(spec(func(s *models.Spec) {
			s.Ack, s.Reminders = &models.AckRule{Rule: models.AckEveryone}, 2
			s.Steps = []models.Step{{After: 7 * 24 * time.Hour, Text: models.LangText{"ja": "一週間後です。"}}}
		}))
		g.launch(id)
		wait(t, "the end", 90*time.Second, func() bool { return g.campaign(id).State == models.CampaignFinished })
		g.act("s-ito", func(a *handlers.Campaigning) error { _, _, err := a.Remind(id, false); return err })
		wait(t, "the reminders", 90*time.Second, func() bool { return sumOf(g.arrived()) == 2*n })
		var done handlers.Recalled
		recall := func(a *handlers.Campaigning) (err error) {
			done, err = a.Recall(t.Context(), id, nil)
			return err
		}
		g.act("s-ito", recall)
		if done.Deleted != 6 || done.Corrected != 6 {
			t.Fatalf("%+v", done)
		}
		wait(t, "the words", 90*time.Second, func() bool { return len(g.works.Sent()) == 9 && len(g.line.Sent()) == 9 })
		wait(t, "Slack to be empty", 90*time.Second, func() bool { return len(g.slack.Delivered()) == 0 })
		if got := g.refused("s-ito", recall); got != "campaign.recalled_already" {
			t.Fatalf("once more: %q", got)
		}
		if r := g.report(id); r.Sent != n {
			t.Fatalf("the report forgot what was sent: %+v", r)
		}
		g.clock.set(tuesday.AddDate(0, 0, 8))
		for range 3 {
			tick(t, g)
		}
		for _, d := range g.deliveries(id) {
			if d.State == models.StateQueued || d.State == models.StateSending {
				t.Errorf("after the recall it still owes %+v", d)
			}
		}
		if s := g.step(id, 1); len(s) != 0 || len(g.step(id, models.ReminderStep(1))) != 0 {
			t.Errorf("the later message is %v, the reminder %v", s, g.step(id, models.ReminderStep(1)))
		}
		if got := g.refused("s-ito", func(a *handlers.Campaigning) error { _, _, err := a.Remind(id, false); return err }); got != "campaign.not_sending" {
			t.Errorf("to remind of it: %q", got)
		}
	})
}

// TestACorrectionStandsOnceWithEachReader: with a correction Slack's first message says
// it, and what followed is away.
func TestACorrectionStandsOnceWithEachReader(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newRig(t, driver, town(3), nil)
		g.people(3)
		g.slack.AddChannel(slacktest.Channel{ID: "C0STAFF", Name: "staff", Members: []string{"U0BOT"}})
		g.staffRoom("C0STAFF")
		g.start()
		id := g.create(spec(func(s *models.Spec) { s.Ack = &models.AckRule{Rule: models.AckEveryone} }))
		g.launch(id)
		wait(t, "the end", 90*time.Second, func() bool { return g.campaign(id).State == models.CampaignFinished })
		g.act("s-ito", func(a *handlers.Campaigning) error { _, _, err := a.Remind(id, false); return err })
		wait(t, "the reminders", 90*time.Second, func() bool { return g.step(id, models.ManualReminder(1))["sent"] == 3 })
		var done handlers.Recalled
		g.act("s-ito", func(a *handlers.Campaigning) (err error) {
			done, err = a.Recall(t.Context(), id, models.LangText{"ja": "正しくは11月からです。"})
			return err
		})
		if done.Deleted != 1 || done.Corrected != 3 {
			t.Fatalf("%+v", done)
		}
		wait(t, "the words", 90*time.Second, func() bool { return len(g.works.Sent()) == 3 && len(g.line.Sent()) == 3 })
		wait(t, "Slack to say it once", 90*time.Second, func() bool {
			ms := g.slack.Messages(g.slack.DirectRoom("U0P0000"))
			return len(ms) == 1 && strings.Contains(ms[0].Text, "正しくは11月からです。")
		})
		wait(t, "the board to say so", 90*time.Second, func() bool {
			for _, m := range g.slack.Messages("C0STAFF") {
				if strings.Contains(m.Text, "この配信は取り下げました") {
					return true
				}
			}
			return false
		})
	})
}
