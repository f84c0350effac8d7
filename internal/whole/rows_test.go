package whole_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"akari/bot/line/linetest"
	"akari/bot/lineworks/lineworkstest"
	"akari/bot/slack/slacktest"
	"akari/internal/whole"

	"github.com/go-sql-driver/mysql"
)

// rows compares what a view says with what it should say.
func rows(t *testing.T, db *sql.DB, query string, want ...[]string) {
	t.Helper()
	if got := table(t, db, query); !reflect.DeepEqual(got, want) {
		t.Errorf("%s\n got %v\nwant %v", query, got, want)
	}
}

func (h *house) settled(t *testing.T) {
	t.Helper()
	wait(t, 20*time.Second, "everything to be handled and sent", func() bool {
		return number(t, h.db, "SELECT COUNT(*) FROM v_inbound WHERE outcome = 'waiting'")+
			number(t, h.db, "SELECT COUNT(*) FROM v_delivery WHERE state IN ('queued','sending','unconfirmed')") == 0
	})
}

// TestAnExternalMentionInTheViews: told twice as Slack does, and once more: one
// question, one threaded answer, and the rows that say so.
func TestAnExternalMentionInTheViews(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		h := open(t, driver, nil)
		mention, message := h.call.Mention(whole.Room(0), whole.Member(0), whole.Question, "")
		if again := h.call.Again(mention, 1); !mention.OK() || !message.OK() || !again.OK() {
			t.Fatal(mention.Status, message.Status, again.Status)
		}
		wait(t, 15*time.Second, "the answer", func() bool { return countPosts(h.Town, whole.Room(0)) > 0 })
		h.settled(t)
		var answer slacktest.Message
		for _, m := range h.Slack.Messages(whole.Room(0)) {
			if m.BotID != "" {
				answer = m
			}
		}
		if n := countPosts(h.Town, whole.Room(0)); n != 1 || answer.ThreadTS != mention.TS || !strings.Contains(answer.Text+string(answer.Blocks), whole.Answer) {
			t.Fatalf("%d posts, the last in thread %q: %q", n, answer.ThreadTS, answer.Text)
		}
		rows(t, h.db, "SELECT platform, kind, outcome FROM v_inbound ORDER BY kind", []string{"slack", "asked", "handled"}, []string{"slack", "ignored", "ignored"})
		rows(t, h.db, "SELECT kind, class, platform, partner_key, person_key, object_kind, object_key FROM v_event WHERE kind IN ('asked','answered','notice_shown') ORDER BY kind",
			[]string{"answered", "human", "slack", "p-aoba", "aoba-000", "entry", "deal-registration"},
			[]string{"asked", "human", "slack", "p-aoba", "aoba-000", "", ""},
			[]string{"notice_shown", "human", "slack", "p-aoba", "aoba-000", "", ""})
		rows(t, h.db, "SELECT platform, partner_key, person_key, state, attempts, crashes, platform_message_id, error_code, campaign_id, part FROM v_delivery",
			[]string{"slack", "p-aoba", "aoba-000", "sent", "1", "0", answer.TS, "-", "-", "0"})
		ids := []string{mention.EventID, message.EventID}
		for _, row := range table(t, h.db, "SELECT source_key FROM v_inbound") {
			if !strings.Contains(row[0], ids[0]) && !strings.Contains(row[0], ids[1]) {
				t.Errorf("source_key %q holds no event_id of %v", row[0], ids)
			}
		}
		for _, row := range table(t, h.db, "SELECT occurred_at FROM v_event WHERE kind = 'asked'") {
			if at := normalTime(row[0]); at != stampTime(mention.TS) {
				t.Errorf("asked at %s, Slack says %s", at, stampTime(mention.TS))
			}
		}
		for key, n := range h.Slack.Delivered() {
			if n != 1 {
				t.Errorf("key %s lies there %d times", key, n)
			}
			rows(t, h.db, "SELECT delivery_key FROM v_delivery", []string{key})
		}
		h.material(t, answer)
	})
}

// stampTime is a Slack ts as the views write times.
func stampTime(ts string) string {
	d, err := time.ParseDuration(strings.Replace(ts, ".", "s", 1) + "us")
	if err != nil {
		return err.Error()
	}
	return time.Unix(0, 0).Add(d).UTC().Format(stampForm)
}

// material presses for the material: a personal link one-to-one, which opens for a
// person and counts only what a browser posts.
func (h *house) material(t *testing.T, answer slacktest.Message) {
	t.Helper()
	user := whole.Member(0)
	if sent := h.call.Press(user, whole.Room(0), answer.TS, "資料"); !sent.OK() {
		t.Fatal(sent.Status, string(sent.Body))
	}
	link := regexp.MustCompile(`https://akari\.test(/v/[^"\\> ]+)`)
	var path string
	wait(t, 10*time.Second, "the card with the link", func() bool {
		for _, m := range h.Slack.Messages(h.Slack.DirectRoom(user)) {
			if found := link.FindStringSubmatch(string(m.Blocks)); found != nil && m.BotID != "" {
				path = found[1]
			}
		}
		return path != ""
	})
	for _, m := range h.Slack.Messages(whole.Room(0)) {
		if link.MatchString(string(m.Blocks) + m.Text) {
			t.Error("a personal link stands in the shared room")
		}
	}
	h.settled(t)
	rows(t, h.db, "SELECT kind, object_kind, object_key, object_version, COUNT(DISTINCT link_id) FROM v_event WHERE object_key = 'guide' GROUP BY kind, object_kind, object_key, object_version ORDER BY kind",
		[]string{"delivered", "material", "guide", "2", "1"}, []string{"requested", "material", "guide", "2", "1"})
	// Whatever merely looks gets the door, and the door is opened by a post.
	status, page, err := whole.Get(t.Context(), h.URL+path)
	if err != nil || status != http.StatusOK || !strings.Contains(page, path+"/open") {
		t.Errorf("the personal link answers %d %v: %.200q", status, err, page)
	}
	if n := number(t, h.db, "SELECT COUNT(*) FROM v_view WHERE class = 'human'"); n != 0 {
		t.Errorf("a mere GET counts as %d human views", n)
	}
	if status, _, _ := whole.Get(t.Context(), h.URL+path[:len(path)-1]+"x"); status != http.StatusNotFound && status != http.StatusGone {
		t.Errorf("a forged link answers %d", status)
	}
}

// TestALineWorksPressInTheViews: a postback that arrives as a message, and again
// through a proxy: one private card.
func TestALineWorksPressInTheViews(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		h := open(t, driver, nil)
		post := func(e lineworkstest.Event) {
			t.Helper()
			if status, err := h.Aoba.Post(t.Context(), hooks, h.URL+"/hooks/lineworks/aoba", e); err != nil || status != http.StatusOK {
				t.Fatal(status, err)
			}
		}
		post(h.Aoba.Says("works-1", "", whole.Question, time.Now()))
		wait(t, 15*time.Second, "the answer", func() bool { return len(h.Works.Sent()) == 1 })
		press, ok := h.Aoba.Presses("works-1", h.Works.Sent()[0], "資料：商談登録ガイド", time.Now())
		if !ok {
			t.Fatalf("no button in %s", h.Works.Sent()[0].Body)
		}
		post(press)
		post(press)
		cards := func() (out []lineworkstest.Sent) {
			for _, s := range h.Works.Sent() {
				if strings.Contains(string(s.Body), "https://akari.test/v/") {
					out = append(out, s)
				}
			}
			return out
		}
		wait(t, 15*time.Second, "the card", func() bool { return len(cards()) > 0 })
		h.settled(t)
		if len(cards()) != 1 {
			t.Fatalf("%d cards for one press told twice", len(cards()))
		}
		card := cards()[0]
		if card.User != "works-1" || !strings.Contains(string(card.Body), "https://akari.test/v/") {
			t.Errorf("the card went to %q in %q: %s", card.User, card.Channel, card.Body)
		}
		rows(t, h.db, "SELECT platform, connection, kind, outcome FROM v_inbound ORDER BY kind", []string{"lineworks", "aoba", "asked", "handled"}, []string{"lineworks", "aoba", "requested", "handled"})
		rows(t, h.db, "SELECT kind, partner_key, object_key, COUNT(*), COUNT(DISTINCT link_id) FROM v_event WHERE kind IN ('asked','answered','requested') GROUP BY kind, partner_key, object_key ORDER BY kind",
			[]string{"answered", "p-aoba", "deal-registration", "1", "0"}, []string{"asked", "p-aoba", "", "1", "0"}, []string{"requested", "p-aoba", "guide", "1", "1"})
		rows(t, h.db, "SELECT object_key, object_version, COUNT(DISTINCT link_id) FROM v_event WHERE kind = 'delivered' AND object_kind = 'material' GROUP BY object_key, object_version", []string{"guide", "2", "1"})
		rows(t, h.db, "SELECT platform, connection, act, state, attempts, crashes, COUNT(*) FROM v_delivery GROUP BY platform, connection, act, state, attempts, crashes", []string{"lineworks", "aoba", "post", "sent", "1", "0", fmt.Sprint(len(h.Works.Sent()))})
		if bad := h.Works.Violations(); len(bad) > 0 {
			t.Error(bad)
		}
	})
}

// TestALineBatchInTheViews: five and a redelivered one: five effects.
func TestALineBatchInTheViews(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		h := open(t, driver, nil)
		me := linetest.Source{User: linetest.UserID(1)}
		first := h.Line.Said(me, whole.Question, "")
		batch := []linetest.Event{first}
		for range 4 {
			batch = append(batch, h.Line.Said(me, whole.Question, ""))
		}
		batch = append(batch, h.Line.Redelivered(first))
		if status, err := h.Line.Post(t.Context(), h.URL+"/hooks/line", batch...); err != nil || status != http.StatusOK {
			t.Fatal(status, err)
		}
		wait(t, 15*time.Second, "five answers", func() bool { return len(h.Line.Sent()) >= 5 })
		h.settled(t)
		rows(t, h.db, "SELECT platform, kind, outcome, COUNT(*) FROM v_inbound GROUP BY platform, kind, outcome", []string{"line", "asked", "handled", "5"})
		rows(t, h.db, "SELECT kind, person_key, COUNT(*) FROM v_event WHERE kind IN ('asked','answered','notice_shown') GROUP BY kind, person_key ORDER BY kind",
			[]string{"answered", "aoba-000", "5"}, []string{"asked", "aoba-000", "5"}, []string{"notice_shown", "aoba-000", "1"})
		rows(t, h.db, "SELECT platform, person_key, state, attempts, crashes, COUNT(*) FROM v_delivery GROUP BY platform, person_key, state, attempts, crashes", []string{"line", "aoba-000", "sent", "1", "0", "5"})
		for _, e := range batch {
			id, _ := e["webhookEventId"].(string)
			if n := number(t, h.db, "SELECT COUNT(*) FROM v_inbound WHERE source_key LIKE ?", "%"+id); n != 1 {
				t.Errorf("event %s is on record %d times", id, n)
			}
		}
		if len(h.Line.Sent()) != 5 || len(h.Line.Wrong()) > 0 {
			t.Errorf("LINE has %d messages; wrong: %v", len(h.Line.Sent()), h.Line.Wrong())
		}
	})
}

// TestTheRuntimeUserIsEnough: serve as the user of docs/grants.sql, who has no DDL
// and cannot change the log, does everything; and the database refuses the rest.
func TestTheRuntimeUserIsEnough(t *testing.T) {
	w := town(t, "mysql", nil)
	p, err := w.Process(bin, "owner")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := w.Settle(ctx, p); err != nil {
		t.Fatal(err)
	}
	admin := look(t, "mysql", w.DSN)
	w.DSN = asRuntimeUser(t, admin, w.DSN)
	p = start(t, w, "runtime", false)
	h := &house{Town: w, Process: p, call: w.Slack.Caller(p.URL), db: admin}
	h.call.Mention(whole.Room(0), whole.Member(0), whole.Question, "")
	body := whole.JSON(h.Aoba.Says("works-1", "", whole.Question, time.Now()))
	if status := h.post(t, "/hooks/lineworks/aoba", body, h.WorksHeader(body)); status != http.StatusOK {
		t.Fatal(status)
	}
	wait(t, 15*time.Second, "both answers", func() bool { return countPosts(w, whole.Room(0)) == 1 && len(w.Works.Sent()) == 1 })
	for _, m := range w.Slack.Messages(whole.Room(0)) {
		if m.BotID != "" {
			h.material(t, m)
		}
	}
	runtime := look(t, "mysql", w.DSN)
	for _, forbidden := range []string{
		"UPDATE events SET kind = 'x'", "DELETE FROM events", "TRUNCATE TABLE events", "DROP TABLE events", "ALTER TABLE events ADD COLUMN x INT",
		"CREATE TABLE x (a INT)", "UPDATE audit SET result = 'x'", "DELETE FROM audit", "DROP VIEW v_event",
	} {
		var refused *mysql.MySQLError
		// 1142: not for this table; 1044: not for this database.
		if _, err := runtime.ExecContext(t.Context(), forbidden); !errors.As(err, &refused) || refused.Number != 1142 && refused.Number != 1044 {
			t.Errorf("%s: %v, want a refusal", forbidden, err)
		}
	}
	if strings.Contains(p.Output(), "denied") {
		t.Errorf("the program was refused something:\n%s", lastLines(p.Output(), 20))
	}
}

// asRuntimeUser runs docs/grants.sql for a user of this test's own.
func asRuntimeUser(t *testing.T, admin *sql.DB, dsn string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/grants.sql")
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	short := cfg.DBName[len(cfg.DBName)-12:]
	script := strings.ReplaceAll(regexp.MustCompile(`(?m)^--.*$`).ReplaceAllString(string(text), ""), "`akari`.", "`"+cfg.DBName+"`.")
	for _, name := range []string{"akari", "akari_reader"} {
		user := "'" + name + "_w" + short + "'@'%'"
		script = strings.ReplaceAll(script, "'"+name+"'@'%'", user)
		if _, err := admin.Exec("CREATE USER " + user + " IDENTIFIED BY 'pw-" + short + "'"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _, _ = admin.Exec("DROP USER " + user) })
	}
	for statement := range strings.SplitSeq(script, ";") {
		if strings.TrimSpace(statement) != "" {
			if _, err := admin.Exec(statement); err != nil {
				t.Fatalf("%s: %v", strings.TrimSpace(statement), err)
			}
		}
	}
	cfg.User, cfg.Passwd = "akari_w"+short, "pw-"+short
	return cfg.FormatDSN()
}
