package whole_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"akari/bot/slack/slacktest"
	"akari/internal/whole"
)

// posts counts what of campaigns has arrived on any platform, and when the last did,
// by the platforms' own clocks.
func (g *gathering) posts() (n int, last time.Time) {
	note := func(at time.Time) {
		n++
		if at.After(last) {
			last = at
		}
	}
	for _, c := range g.Slack.Calls("chat.postMessage") {
		if to, _ := c.Args["channel"].(string); c.Applied && (strings.HasPrefix(to, "D0C") || strings.HasPrefix(to, "U0C")) {
			note(c.At)
		}
	}
	for _, s := range g.Line.Sent() {
		note(s.At)
	}
	for _, s := range g.Works.Sent() {
		note(s.At)
	}
	return n, last
}

// board is the message in the staff's room that shows a campaign, and a button on it
// that has this press.
func (g *gathering) board(id int) (m slacktest.Message, pause slacktest.Button) {
	g.t.Helper()
	wait(g.t, 30*time.Second, "the board", func() bool {
		for _, m = range g.Slack.Messages("C0STAFF") {
			for _, pause = range m.Buttons() {
				if strings.HasPrefix(pause.Value, "campaign.pause") && strings.Contains(pause.Value, "c="+strconv.Itoa(id)+"&") {
					return true
				}
			}
		}
		return false
	})
	return m, pause
}

// stop presses a button that stops a campaign, at one of the processes. It answers how
// long after the press the last message of the campaign arrived anywhere; what is on
// its way may land, nothing may leave after that.
func (g *gathering) stop(id int, press func(string), name, state string) time.Duration {
	g.t.Helper()
	at := time.Now()
	press(name)
	g.await(state, id, 30*time.Second)
	wait(g.t, 30*time.Second, "what is on its way to land", func() bool {
		return number(g.t, g.db, "SELECT COUNT(*) FROM v_delivery WHERE campaign_id = ? AND state = 'sending'", id) == 0
	})
	before, last := g.posts()
	time.Sleep(time.Duration(50+rand.IntN(150)) * time.Millisecond)
	if after, _ := g.posts(); after != before {
		g.t.Errorf("%d messages left after the campaign was %s", after-before, state)
	}
	return max(0, last.Sub(at))
}

// TestPauseAndCancelInTwoProcesses is P9: fifty times in the middle of a campaign
// somebody presses pause, now at one process, now at the other, and then resume; in
// the end everybody has it once. Two more campaigns are cancelled.
func TestPauseAndCancelInTwoProcesses(t *testing.T) {
	const moments = 50
	g := gather(t, "mysql", nil)
	for _, w := range g.winds {
		w.Blow(nil)
	}
	// Slow enough that the campaign is not over before the last moment.
	slow := "rates: {slack_room: 60, slack_workspace: 120, lineworks_operation: 300, line_push: 300}"
	g.Sending = slow
	ps := []*whole.Process{start(t, g.Town, "one", true), start(t, g.Town, "two", false)}
	g.db = look(t, "mysql", g.DSN)
	id := g.launch(ps[0])
	presser := func(id int) func(string) {
		m, pause := g.board(id)
		return func(name string) {
			b := pause
			b.Value = strings.Replace(b.Value, "campaign.pause", name, 1)
			call := g.Slack.Caller(ps[rand.IntN(len(ps))].URL)
			if sent := call.Interact(call.Pressed("U0BOSS", "C0STAFF", m, b)); !sent.OK() {
				t.Fatalf("%s: %d %v", name, sent.Status, sent.Err)
			}
		}
	}
	press := presser(id)
	var worst time.Duration
	busy, sofar := 0, 0
	for range moments {
		time.Sleep(time.Duration(rand.IntN(120)) * time.Millisecond)
		worst = max(worst, g.stop(id, press, "campaign.pause", "paused"))
		if n, _ := g.posts(); n > sofar {
			busy, sofar = busy+1, n
		}
		press("campaign.resume")
		g.await("running", id, 30*time.Second)
	}
	if s := g.state(id); s != "running" || busy < moments/2 {
		t.Errorf("the campaign is %s and only %d of %d pauses stopped anything", s, busy, moments)
	}
	t.Logf("%d pauses, %d of them in the middle of sending, %d messages by then: the last message arrived %v after the press at most (promised: 2 s)", moments, busy, sofar, worst.Round(time.Millisecond))
	restart(t, g.Town, ps, fast)
	g.settle(id)
	g.judge(ps[0], id, 0)

	restart(t, g.Town, ps, slow)
	for range 2 {
		before, _ := g.posts()
		id := g.launch(ps[0])
		press := presser(id)
		time.Sleep(time.Duration(rand.IntN(500)) * time.Millisecond)
		took := g.stop(id, press, "campaign.cancel", "cancelled")
		wait(t, 30*time.Second, "what is owed to be taken back", func() bool {
			return number(t, g.db, "SELECT COUNT(*) FROM v_delivery WHERE campaign_id = ? AND state NOT IN ('sent','cancelled')", id) == 0
		})
		after, _ := g.posts()
		sent := number(t, g.db, "SELECT COUNT(*) FROM v_delivery WHERE campaign_id = ? AND state = 'sent'", id)
		if all := number(t, g.db, "SELECT COUNT(*) FROM v_delivery WHERE campaign_id = ?", id); sent != after-before || all != crowd || sent == crowd {
			t.Errorf("cancelled with %d of %d sent, and %d arrived", sent, all, after-before)
		}
		t.Logf("cancelled after %d of %d: the last message arrived %v after the press (promised: 2 s)", sent, crowd, took.Round(time.Millisecond))
	}
}

const fast = "rates: {slack_room: 60000, slack_workspace: 600000, lineworks_operation: 600000, line_push: 600000}"

// restart kills all processes and starts them with other rates.
func restart(t *testing.T, w *whole.Town, ps []*whole.Process, rates string) {
	t.Helper()
	w.Sending = rates
	for i, p := range ps {
		p.Kill()
		ps[i] = start(t, w, fmt.Sprint("again-", i), false)
	}
}
