package campaign_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"akari/bot"
	"akari/bot/line/linetest"
	"akari/bot/slack/slacktest"
	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

// acknowledge presses 「内容を確認しました」 for a person, as the chat does.
func (g *rig) acknowledge(id int64, key string) {
	g.t.Helper()
	g.tx(func(tx *models.Tx) error {
		p, err := tx.PersonByKey(key)
		if err != nil {
			return err
		}
		d, err := tx.DeliveryToPerson(id, p.ID)
		if err != nil {
			return err
		}
		_, _, err = tx.MarkOnce(models.Acks, models.Mark{DeliveryID: d.ID, LinkID: d.LinkID, CampaignID: &id, PartnerID: p.PartnerID, PersonID: p.ID, MaterialKey: d.MaterialKey, MaterialVersion: d.MaterialVersion})
		return err
	})
}

// step counts a campaign's deliveries of a step by state.
func (g *rig) step(id int64, step int) map[string]int {
	g.t.Helper()
	out := map[string]int{}
	rows, err := g.raw().Query("SELECT state, COUNT(*) FROM deliveries WHERE campaign_id = ? AND step = ? GROUP BY state", id, step)
	if err != nil {
		g.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		var n int
		if err := rows.Scan(&s, &n); err != nil {
			g.t.Fatal(err)
		}
		out[s] = n
	}
	if err := rows.Err(); err != nil {
		g.t.Fatal(err)
	}
	return out
}

// TestRemindersGoToTheMissingOnly follows a campaign over its deadline: one
// reminder before it, one after it, none after an acknowledgement, then the owner.
func TestRemindersGoToTheMissingOnly(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		const n = 9
		g := newRig(t, driver, town(n), nil)
		g.people(n)
		g.slack.AddUser(slacktest.User{ID: "U0ITO", Name: "ito"})
		g.tx(func(tx *models.Tx) error {
			p, err := tx.PersonByKey("s-ito")
			if err != nil {
				return err
			}
			return tx.AddAccount(bot.Identity{Platform: "slack", Connection: "slack", User: "U0ITO"}, p.ID)
		})
		g.start()
		deadline := time.Date(2026, 12, 8, 23, 59, 59, 0, tokyo)
		id := g.create(spec(func(s *models.Spec) {
			s.Ack, s.Reminders = &models.AckRule{Rule: models.AckEveryone, Deadline: deadline}, 2
		}))
		g.launch(id)
		wait(t, "the message", 90*time.Second, func() bool { return g.campaign(id).State == models.CampaignFinished })
		g.acknowledge(id, "m-0000")
		g.acknowledge(id, "m-0001")
		g.acknowledge(id, "m-0001") // twice is once
		if r := g.report(id); r.Acknowledged != 2 || len(r.Missing) != n-2 || r.Owed != n {
			t.Fatalf("%+v", r)
		}
		g.clock.set(time.Date(2026, 12, 7, 8, 0, 0, 0, tokyo)) // the day before, but too early
		time.Sleep(2500 * time.Millisecond)
		if s := g.step(id, models.ReminderStep(1)); len(s) != 0 {
			t.Fatalf("before the window: %v", s)
		}
		g.clock.set(time.Date(2026, 12, 7, 9, 30, 0, 0, tokyo))
		wait(t, "the first reminder", 20*time.Second, func() bool { return g.step(id, models.ReminderStep(1))["sent"] == n-2 })
		g.acknowledge(id, "m-0002")
		// Far ahead: one reminder only, and on a later day.
		g.clock.set(time.Date(2026, 12, 9, 9, 29, 0, 0, tokyo))
		time.Sleep(2500 * time.Millisecond)
		if s := g.step(id, models.ReminderStep(2)); len(s) != 0 {
			t.Fatalf("before its time: %v", s)
		}
		g.clock.set(time.Date(2026, 12, 9, 9, 30, 0, 0, tokyo))
		wait(t, "the second reminder", 20*time.Second, func() bool { return g.step(id, models.ReminderStep(2))["sent"] == n-3 })
		late := 0 // only what is read after the deadline says that it has passed
		for _, m := range g.slack.Messages(g.slack.DirectRoom("U0P0003")) {
			late = 10*late + strings.Count(m.Text, "を過ぎておりますが")
		}
		if late != 1 {
			t.Errorf("the three messages speak of the deadline like %03d", late)
		}
		g.clock.set(time.Date(2026, 12, 10, 9, 30, 0, 0, tokyo))
		wait(t, "the word to the owner", 20*time.Second, func() bool {
			for _, m := range g.slack.Messages(g.slack.DirectRoom("U0ITO")) {
				if strings.Contains(m.Text, "3名／9名") {
					return true
				}
			}
			return false
		})
		g.clock.set(time.Date(2026, 12, 24, 10, 0, 0, 0, tokyo))
		time.Sleep(2 * time.Second)
		if s := g.step(id, models.ReminderStep(3)); len(s) != 0 {
			t.Fatalf("a third reminder: %v", s)
		}
		r := g.report(id)
		if r.Sent != n || r.Acknowledged != 3 {
			t.Fatalf("%+v", r)
		}
		var acks int
		if err := modelstest.Raw(t, g.driver, g.dsn).QueryRow("SELECT COUNT(*) FROM v_ack WHERE campaign_id = ? AND undone_at IS NULL", id).Scan(&acks); err != nil || acks != r.Acknowledged {
			t.Fatalf("v_ack has %d, the report %d (%v)", acks, r.Acknowledged, err)
		}
		g.addsUp(id)
	})
}

// TestAcknowledgedBetweenPlanAndClaim: the reminder is written, then the member
// acknowledges, then it would be sent.
func TestAcknowledgedBetweenPlanAndClaim(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newRig(t, driver, town(3), nil)
		g.people(3)
		p := g.start()
		id := g.create(spec(func(s *models.Spec) {
			s.Ack, s.Reminders = &models.AckRule{Rule: models.AckOnePerPartner}, 1
		}))
		g.launch(id)
		wait(t, "the message", 20*time.Second, func() bool { return g.campaign(id).State == models.CampaignFinished })
		p.stop()
		g.clock.set(time.Date(2026, 12, 4, 9, 30, 0, 0, tokyo))
		tick(t, g)
		if s := g.step(id, models.ReminderStep(1)); s["queued"] != 3 {
			t.Fatalf("written: %v", s)
		}
		g.acknowledge(id, "m-0000") // for all of p-aoba
		g.start()
		wait(t, "their end", 20*time.Second, func() bool { s := g.step(id, models.ReminderStep(1)); return s["queued"]+s["sending"] == 0 })
		if s := g.step(id, models.ReminderStep(1)); s["skipped"] != 2 || s["sent"] != 1 {
			t.Fatalf("%v: p-aoba has acknowledged, p-minami has not", s)
		}
	})
}

func TestStepsFollow(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newRig(t, driver, town(6), nil)
		g.people(6)
		g.start()
		id := g.create(spec(func(s *models.Spec) {
			s.Ack = &models.AckRule{Rule: models.AckEveryone}
			s.Steps = []models.Step{
				{After: 3 * 24 * time.Hour, Unless: models.UnlessAcknowledged, Text: models.LangText{"ja": "三日後です。"}, Materials: []string{"guide"}},
				{After: 7 * 24 * time.Hour, Text: models.LangText{"ja": "一週間後です。"}},
			}
		}))
		g.launch(id)
		wait(t, "the message", 20*time.Second, func() bool { return g.campaign(id).State == models.CampaignFinished })
		g.acknowledge(id, "m-0002")
		g.clock.set(time.Date(2026, 12, 4, 10, 1, 0, 0, tokyo))
		wait(t, "the first step", 20*time.Second, func() bool { s := g.step(id, 1); return s["sent"] == 5 && s["skipped"] == 1 })
		g.clock.set(time.Date(2026, 12, 8, 10, 1, 0, 0, tokyo))
		wait(t, "the second step", 20*time.Second, func() bool { return g.step(id, 2)["sent"] == 6 })
		if r := g.report(id); r.Sent != 6 || r.AudienceSize != 6 {
			t.Fatalf("later messages changed the report: %+v", r)
		}
	})
}

// TestTheWindowClosesInTheMiddle: what is still owed at half past five waits for
// the next working morning, whatever was planned.
func TestTheWindowClosesInTheMiddle(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		const n = 30
		g := newRig(t, driver, town(n), nil)
		g.people(n)
		g.clock.set(time.Date(2026, 12, 4, 17, 0, 0, 0, tokyo)) // Friday
		id := g.create(spec())
		g.launch(id)
		tick(t, g)
		if c := g.campaign(id); c.State != models.CampaignRunning {
			t.Fatal(c.State)
		}
		g.clock.set(time.Date(2026, 12, 4, 17, 30, 0, 0, tokyo))
		g.start()
		time.Sleep(2500 * time.Millisecond)
		if len(g.arrived()) != 0 {
			t.Fatalf("%d arrived after the window", len(g.arrived()))
		}
		due := time.Time{}
		for _, d := range g.due(id) {
			if due = d; !d.Equal(time.Date(2026, 12, 7, 9, 30, 0, 0, tokyo)) {
				t.Fatalf("due %s", d.In(tokyo))
			}
		}
		if due.IsZero() {
			t.Fatal("nothing is owed")
		}
		g.clock.set(time.Date(2026, 12, 7, 9, 30, 0, 0, tokyo))
		wait(t, "Monday", 20*time.Second, func() bool { return g.report(id).Sent == n })
	})
}

func (g *rig) due(id int64) (out []time.Time) {
	g.t.Helper()
	rows, err := g.raw().Query("SELECT due_at FROM v_delivery WHERE campaign_id = ? AND state = 'queued' AND part = 0", id)
	if err != nil {
		g.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var at time.Time
		if err := rows.Scan(&at); err != nil {
			g.t.Fatal(err)
		}
		out = append(out, at)
	}
	if err := rows.Err(); err != nil {
		g.t.Fatal(err)
	}
	return out
}

func TestOutsideTheWindowALaunchWaits(t *testing.T) {
	g := newRig(t, "sqlite", town(3), nil)
	for _, c := range []struct {
		name, now, want string
		override        string
	}{
		{"Saturday", "2026-12-05T12:00:00+09:00", "2026-12-07T09:30:00+09:00", ""},
		{"a holiday", "2026-11-23T12:00:00+09:00", "2026-11-24T09:30:00+09:00", ""},
		{"Saturday, with a reason", "2026-12-05T12:00:00+09:00", "2026-12-05T12:00:00+09:00", "障害のお知らせ"},
	} {
		now, _ := time.Parse(time.RFC3339, c.now)
		want, _ := time.Parse(time.RFC3339, c.want)
		g.clock.set(now)
		got := g.launch(g.create(spec(func(s *models.Spec) { s.OverrideWindow, s.Title = c.override, c.name })))
		if d := got.DueAt.Sub(want); d < -time.Second || d > time.Minute {
			t.Errorf("%s: due %s, want %s", c.name, got.DueAt.In(tokyo), c.want)
		}
	}
}

// TestWeeklyCap: the third campaign of a week skips the partner, the next week's does not.
func TestWeeklyCap(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newRig(t, driver, town(4), func(r *handlers.CampaignRules) { r.MaxPerPartnerPerWeek = 2 })
		run := func(title string, change func(*models.Spec)) models.CampaignReport {
			id := g.create(spec(func(s *models.Spec) {
				if s.Title = title; change != nil {
					change(s)
				}
			}))
			g.launch(id)
			tick(t, g)
			return g.report(id)
		}
		aoba := func(s *models.Spec) { s.Audience = models.Rule{Partners: []string{"p-aoba"}} }
		run("一つ目", aoba)
		run("二つ目", aoba)
		if r := run("三つ目", nil); r.Skipped != 2 || r.Queued != 2 {
			t.Fatalf("both of p-aoba are over the cap, p-minami is not: %+v", r)
		}
		if r := run("理由つき", func(s *models.Spec) { aoba(s); s.OverrideCap = "障害のお知らせ" }); r.Skipped != 0 || r.Queued != 2 {
			t.Fatalf("with a reason: %+v", r)
		}
		g.clock.set(time.Date(2026, 12, 7, 10, 0, 0, 0, tokyo))
		if r := run("翌週", aoba); r.Skipped != 0 || r.Queued != 2 {
			t.Fatalf("next week: %+v", r)
		}
	})
}

// TestComesUpPausedAfterAStandstill: an old backup, or a long outage.
func TestComesUpPausedAfterAStandstill(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newRig(t, driver, town(30), func(r *handlers.CampaignRules) { r.StaleAfter = time.Hour })
		g.people(30)
		id := g.create(spec())
		later := g.create(spec(func(s *models.Spec) { s.Title, s.At = "明日", tuesday.Add(24*time.Hour) }))
		g.launch(id)
		g.launch(later)
		tick(t, g)
		g.clock.move(3 * time.Hour) // nothing ran in between
		p := g.start()
		wait(t, "the pause", 20*time.Second, func() bool { return g.campaign(id).State == models.CampaignPaused })
		time.Sleep(time.Second)
		if c := g.campaign(id); c.Why != models.PausedStale || len(g.arrived()) > 0 {
			t.Fatalf("%s, %d arrived", c.Why, len(g.arrived()))
		}
		if c := g.campaign(later); c.State != models.CampaignScheduled {
			t.Fatalf("what is due tomorrow is %s", c.State)
		}
		// A clock that is set while it runs is no standstill. And who knows that nothing
		// was restored sends to all that are left, also on LINE WORKS.
		g.act("s-ito", func(a *handlers.Campaigning) error { _, _, err := a.ResumeAsIs(id); return err })
		g.clock.move(2 * time.Hour)
		wait(t, "the end", 20*time.Second, func() bool { return g.campaign(id).State == models.CampaignFinished })
		if r := g.report(id); r.Sent != 30 || len(g.arrived()) != 30 {
			t.Fatalf("%+v, %d arrived", r, len(g.arrived()))
		}
		p.stop()
	})
}

// TestWhoIsNotReachedAndWhy has one recipient for every reason.
func TestWhoIsNotReachedAndWhy(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		people := map[string]struct{ account, want string }{
			"r-ok":      {"{platform: slack, org: T0AOBA, user: U0OK}", ""},
			"r-none":    {"", models.SkipNoAccount},
			"r-liar":    {"{platform: slack, org: T0AOBA, user: U0LIAR}", models.SkipOtherOrg},
			"r-deleted": {"{platform: slack, org: T0AOBA, user: U0GONE}", models.SkipGone},
			"r-blocked": {"{platform: line, connection: line, user: " + linetest.UserID(7) + "}", models.SkipNotFriend},
			"r-works":   {"{platform: lineworks, connection: minami, user: works-1}", models.SkipOtherOrg},
			"r-left":    {"{platform: slack, org: T0AOBA, user: U0LEFT}", models.SkipLeft},
		}
		seed := strings.Replace(town(0), "    people:\n", "    people:\n", 1)
		list := ""
		for key, p := range people {
			list += fmt.Sprintf("      - {key: %s, name: x, role: rep, accounts: [%s]}\n", key, p.account)
		}
		seed = strings.Replace(seed, "    people:\n", "    people:\n"+list, 1)
		g := newRig(t, driver, strings.ReplaceAll(seed, "    people:\n\n", "    people: []\n"), nil)
		for _, u := range []slacktest.User{{ID: "U0OK", TeamID: "T0AOBA"}, {ID: "U0LIAR", TeamID: "T0MINAMI"}, {ID: "U0GONE", TeamID: "T0AOBA", Deleted: true}, {ID: "U0LEFT", TeamID: "T0AOBA"}} {
			u.Name = strings.ToLower(u.ID)
			g.slack.AddUser(u)
		}
		g.line.AddUser(linetest.UserID(7), "blocked")
		g.line.Block(linetest.UserID(7))
		db := modelstest.Raw(t, g.driver, g.dsn)
		if _, err := db.Exec("UPDATE people SET left_at = ? WHERE `key` = 'r-left'", time.Now().UTC()); err != nil {
			t.Fatal(err)
		}
		g.start()
		id := g.create(spec(func(s *models.Spec) { s.Audience = models.Rule{Partners: []string{"p-aoba"}} }))
		g.launch(id)
		wait(t, "the end", 20*time.Second, func() bool { return g.campaign(id).State == models.CampaignFinished })
		for _, d := range g.deliveries(id) {
			want := people[d.PersonKey].want
			if want == "" && d.State != "sent" || want != "" && (d.State != "skipped" || d.ErrorCode != want) {
				t.Errorf("%s is %s (%s), want %q", d.PersonKey, d.State, d.ErrorCode, want)
			}
		}
		if r := g.report(id); r.AudienceSize != len(people) || r.Sent != 1 || r.Skipped != len(people)-1 {
			t.Fatalf("%+v", r)
		}
		if len(g.arrived()) != 1 {
			t.Fatalf("%v", g.arrived())
		}
		g.addsUp(id)
		p, err := g.mind.Preview(t.Context(), id)
		if err != nil || p.ByPlatform["slack"] != 1 || len(p.Skipped) != len(people)-1 {
			t.Fatalf("%+v %v", p, err)
		}
	})
}

// TestOneLinkAndNoOtherPartnersMaterial: what is in the bytes that arrived.
func TestOneLinkAndNoOtherPartnersMaterial(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newRig(t, driver, town(12), nil)
		g.people(12)
		g.start()
		id := g.create(spec(func(s *models.Spec) {
			s.Materials = []string{"gold", "price"}
			s.Ack = &models.AckRule{Rule: models.AckEveryone}
		}))
		g.launch(id)
		wait(t, "the end", 20*time.Second, func() bool { return g.campaign(id).State == models.CampaignFinished })
		if r := g.report(id); r.Sent != 6 || r.Skipped != 6 {
			t.Fatalf("gold's material goes to gold's people only: %+v", r)
		}
		seen := map[string]bool{}
		look := func(what, body string) {
			parts := strings.Split(body, "https://akari.test/v/")
			if len(parts) != 2 {
				t.Fatalf("%s holds %d links: %s", what, len(parts)-1, body)
			}
			token, _, _ := strings.Cut(parts[1], `"`)
			if seen[token] {
				t.Fatalf("%s holds a link of somebody else", what)
			}
			seen[token] = true
			if !strings.Contains(body, "material.ack") || strings.Contains(body, "d=here") {
				t.Fatalf("%s has no button that names its message: %s", what, body)
			}
		}
		for _, s := range g.line.Sent() {
			look("LINE", string(s.Message))
		}
		for _, s := range g.works.Sent() {
			look("LINE WORKS", string(s.Body))
		}
		for _, c := range g.slack.Calls("chat.postMessage") {
			b, _ := json.Marshal(c.Args)
			look("Slack", strings.ReplaceAll(string(b), `\"`, `"`))
		}
		if len(seen) != 6 {
			t.Fatalf("%d messages were looked at", len(seen))
		}
	})
}

// TestADayOffHoldsAtOnceInEveryProcess: what staff name as a day off on a page holds back
// what a process that has long been running is about to send.
func TestADayOffHoldsAtOnceInEveryProcess(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		const n = 6
		g := newRig(t, driver, town(n), nil)
		g.people(n)
		starts := func(id int64) string {
			p, err := g.mind.Preview(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			return p.Starts.In(tokyo).Format("01-02 15:04")
		}
		today := g.clock.now().In(tokyo).Format("01-02 15:04")
		id := g.create(spec())
		g.launch(id)
		tick(t, g) // planned, and due now
		g.act("s-ito", func(a *handlers.Campaigning) error { _, _, err := a.Pause(id); return err })
		g.start()
		g.tx(func(tx *models.Tx) error { return tx.PutHoliday("2026-12-01", "創立記念日") })
		g.act("s-ito", func(a *handlers.Campaigning) error { _, _, err := a.Resume(id); return err })
		wait(t, "everything to be put off", 30*time.Second, func() bool {
			var early int
			row := modelstest.Raw(t, driver, g.dsn).QueryRow("SELECT COUNT(*) FROM deliveries WHERE campaign_id = ? AND state IN ('queued','sending') AND due_at < ?", id, time.Date(2026, 12, 2, 0, 30, 0, 0, time.UTC))
			if err := row.Scan(&early); err != nil {
				t.Fatal(err)
			}
			return early == 0
		})
		if got := g.arrived(); len(got) > 0 {
			t.Fatalf("on a day off %d were written to", len(got))
		}
		other := g.create(spec(func(s *models.Spec) { s.Title = "もう一つ" }))
		if got := starts(other); got != "12-02 09:30" {
			t.Errorf("on a day off a campaign would start %s", got)
		}
		g.tx(func(tx *models.Tx) error { return tx.DropHoliday("2026-12-01") })
		if got := starts(other); got != today {
			t.Errorf("on a working day again it would start %s, not %s", got, today)
		}
		g.clock.set(time.Date(2026, 12, 2, 9, 30, 0, 0, tokyo))
		wait(t, "the next working day's messages", 60*time.Second, func() bool { return len(g.arrived()) == n })
	})
}
