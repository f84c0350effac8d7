package handlers_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"akari/bot/lineworks/lineworkstest"
	"akari/bot/slack/slacktest"
	"akari/models/modelstest"
)

// An administrator puts somebody out: every session and unused link of theirs, at
// once, and nobody else's.
func TestAnAdministratorEndsTheSessionsOfOthers(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		h := newHouse(t, driver)
		boss, one, two := h.enter(t, "s-ito"), h.enter(t, "s-sato"), h.enter(t, "s-sato")
		unused := h.way("s-sato")
		if page := boss.see("/staff/sessions"); strings.Count(page, "佐藤") < 3 || !strings.Contains(page, "伊藤") {
			t.Errorf("the page does not say who is in:\n%s", page)
		}
		if got := one.status("/staff/sessions"); got != http.StatusForbidden {
			t.Errorf("a sender sees who is in: %d", got)
		}
		if r, _ := boss.change("/staff/sessions", "session_of", "s-mori"); r.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("somebody who is not in was put out: %d", r.StatusCode)
		}
		boss.saves("/staff/sessions", "session_of", "s-sato")
		for _, d := range []*desk{one, two} {
			if got := d.status("/staff"); got != http.StatusUnauthorized {
				t.Errorf("they are still in: %d", got)
			}
		}
		if r, _ := (&desk{t: t, h: h}).post(unused, nil); r.StatusCode != http.StatusGone {
			t.Errorf("their unused link still opens: %d", r.StatusCode)
		}
		if got := boss.status("/staff"); got != http.StatusOK {
			t.Errorf("the administrator is out too: %d", got)
		}
		if all := h.acts(t, "staff.end"); len(all) != 1 || !strings.HasPrefix(all[0], "staff.end person:") || !strings.HasSuffix(all[0], " done") {
			t.Error(all)
		}
		if page := boss.see("/staff/sessions"); strings.Contains(page, "佐藤") {
			t.Error("they are still shown as in")
		}
	})
}

var wayIn = regexp.MustCompile(`/staff/enter/[A-Za-z0-9_-]+`)

// Whether somebody is still staff is asked of the platform again where it was asked
// more than ten minutes ago and something is to be taken away or changed, and once a day
// for reading; until the answer is there, nothing is shown (rulings 11).
func TestStaffPagesAskThePlatformAgain(t *testing.T) {
	for _, platform := range []string{"slack", "lineworks"} {
		t.Run(platform, func(t *testing.T) {
			w := newWorld(t, "sqlite")
			if platform == "slack" {
				w.call.Direct("U0ITO", "ダッシュボード")
			} else if status, err := w.ours.Post(context.Background(), http.DefaultClient, w.url+"/hooks/lineworks/vendor", w.ours.Says("works-ito", "", "ダッシュボード", time.Now())); err != nil || status != http.StatusOK {
				t.Fatal(status, err)
			}
			path := ""
			wait(t, "the link", func() bool {
				for _, m := range w.slack.Messages(w.slack.DirectRoom("U0ITO")) {
					for _, b := range m.Buttons() {
						path += wayIn.FindString(b.URL)
					}
				}
				for _, s := range w.works.Sent() {
					path += wayIn.FindString(string(s.Body))
				}
				return path != ""
			})
			d := &desk{t: t, h: w.house}
			if r, body := d.post(path, nil); r.StatusCode != http.StatusSeeOther {
				t.Fatal(r.StatusCode, body)
			}
			file := func() int { t.Helper(); return d.status("/staff/faq?format=csv") }
			if got := file(); got != http.StatusOK {
				t.Fatalf("at once: %d", got)
			}
			w.ahead.Store(int64(11 * time.Minute))
			if got := d.status("/staff/faq"); got != http.StatusOK {
				t.Errorf("reading, eleven minutes later: %d", got)
			}
			r, _ := d.do("GET", "/staff/faq?format=csv", nil, nil)
			if r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" {
				t.Errorf("a file from facts of eleven minutes: %d %v", r.StatusCode, r.Header)
			}
			wait(t, "the fresh fact", func() bool { return file() == http.StatusOK })
			// Gone meanwhile: the next file asks, and then they are out, for reading too.
			if platform == "slack" {
				w.slack.AddUser(slacktest.User{ID: "U0ITO", Name: "ito", Deleted: true})
			} else {
				w.works.SetUser(w.ours, "works-ito", lineworkstest.User{Last: "伊藤", Deleted: true})
			}
			w.ahead.Store(int64(22 * time.Minute))
			if got := file(); got == http.StatusOK {
				t.Error("somebody who is gone got a file")
			}
			wait(t, "the door to close", func() bool { return file() == http.StatusUnauthorized })
			if got := d.status("/staff"); got != http.StatusUnauthorized {
				t.Errorf("somebody who is gone reads on: %d", got)
			}
		})
	}
}
