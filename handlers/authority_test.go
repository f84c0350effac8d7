package handlers_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"akari/bot"
	"akari/models/modelstest"
)

// routesInDoc reads every route and who it needs from docs/roles.md.
func routesInDoc(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile("../docs/roles.md")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\| ((?:press|word|command|form|choice) [a-z.]+) \| (\w+) `).FindAllStringSubmatch(string(b), -1) {
		out[m[1]] = m[2]
	}
	return out
}

// Every actor × every thing to ask for × every kind of room: what happens is
// what docs/roles.md says, and where somebody may not, nothing but a polite
// sentence to them alone goes out.
func TestAuthority(t *testing.T) {
	w := newWorld(t, "mysql")
	actors := map[string]string{"admin": "U0ITO", "plain": "U0KATO", "member": "U0TANAKA", "other": "U0MINAMI", "guest": "U0GUEST", "stranger": "U0STRANGER", "liar": "U0LIAR"}
	rooms := map[string]bot.Address{
		"direct": {Direct: true, Room: "D1"}, "shared": {Room: "C0AOBA"}, "mixed": {Room: "C0MIXED"}, "staff": {Room: "C0STAFF"}, "unmapped": {Room: "C0NEW"},
	}
	n := 0
	receive := func(user string, at bot.Address, in bot.Inbound) string {
		t.Helper()
		n++
		at.Platform, at.Connection, at.User = "slack", "slack", user
		in.Key, in.From, in.At, in.Time = fmt.Sprintf("authority:%d", n), bot.Identity{Platform: "slack", Connection: "slack", User: user}, at, time.Now()
		if _, err := w.mind.Receive(context.Background(), in); err != nil {
			t.Fatal(err)
		}
		rows := modelstest.Table(t, w.driver, w.dsn, "SELECT outcome FROM v_inbound WHERE source_key = '"+in.Key+"'")
		if len(rows) != 1 {
			t.Fatalf("%s by %s is on record %d times", in.Name, user, len(rows))
		}
		return rows[0]["outcome"]
	}
	for _, user := range actors { // their facts, and those of the rooms
		for _, at := range rooms {
			receive(user, at, bot.Inbound{Kind: bot.Pressed, Name: "link.opened"})
		}
	}
	wait(t, "the facts", func() bool { return w.inbounds(t)["waiting"] == 0 })

	staff, known := map[string]bool{"admin": true, "plain": true}, map[string]bool{"admin": true, "plain": true, "member": true, "other": true}
	questions := map[string]bool{"campaign": true, "digest": true, "outcome": true, "dashboard": true} // what a rep may well ask about
	for route, needs := range routesInDoc(t) {
		kind, name, _ := strings.Cut(route, " ")
		in := bot.Inbound{Name: name, Args: url.Values{}}
		switch kind {
		case "press":
			in.Kind = bot.Pressed
		case "word":
			in.Kind, in.Via, in.Name, in.Text = bot.Said, bot.Mention, "", name
		case "command":
			in.Kind = bot.Commanded
		default:
			continue // a form has an effect only with a draft of its own; choices leave no row
		}
		for actor, user := range actors {
			for room, at := range rooms {
				got := receive(user, at, in)
				want := "handled"
				switch {
				case room == "unmapped" && !staff[actor]:
					want = "unmapped_room"
				case room == "unmapped":
					want = got // what staff may do in a room that is nobody's is told by the route's own column
				case !known[actor]:
					want = "unknown_person"
				case kind == "word" && questions[name] && !staff[actor]:
					want = "handled" // from a member it is a question like any other
				case needs == "staff" && !staff[actor], needs != "anyone" && needs != "staff" && actor != "admin", name == "link.opened":
					want = "ignored"
				}
				if got != want {
					t.Errorf("%s by %s in %s room: %s, want %s", route, actor, room, got, want)
				}
			}
		}
	}
	if n < 300 {
		t.Fatalf("only %d cases were tried", n)
	}
}
