package lineworks_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"akari/bot"
	"akari/bot/lineworks"
	"akari/bot/lineworks/lineworkstest"

	"github.com/google/go-cmp/cmp"
)

func TestPerson(t *testing.T) {
	w := start(t, func(o *lineworks.Options, _ *lineworkstest.Options) {
		v := connection(lineworkstest.NewBot("vendor"))
		v.Key, v.Side, v.Partner = "vendor", "vendor", ""
		o.Connections = append(o.Connections, v)
	})
	users := map[string]lineworkstest.User{
		"u1":           {Last: "佐藤", First: "恵", Email: "sato@aoba.example", Locale: "ja_JP"},
		"u2":           {Email: "kim@aoba.example", Locale: "en_US"},
		"gone":         {Last: "田中", Deleted: true},
		"asleep":       {Last: "鈴木", Suspended: true},
		"k@aoba.examp": {Last: "木村"},
	}
	v := lineworkstest.NewBot("vendor")
	w.double.With(func() { w.bot.Users, v.Users, w.bot.Scopes = users, users, []string{"bot.message", "user.read"} })
	w.double.Add(v)
	for _, c := range []struct {
		connection, user string
		want             bot.PersonFact
	}{
		{"aoba", "u1", bot.PersonFact{Name: "佐藤 恵", External: true, Language: "ja"}},
		{"aoba", "u2", bot.PersonFact{Name: "kim", External: true, Language: "en"}},
		{"aoba", "gone", bot.PersonFact{Name: "田中", External: true, Gone: true}},
		{"aoba", "asleep", bot.PersonFact{Name: "鈴木", External: true, Gone: true}},
		{"aoba", "stranger", bot.PersonFact{External: true, Gone: true}},
		{"aoba", "k@aoba.examp", bot.PersonFact{Name: "木村", External: true}},
		{"vendor", "u1", bot.PersonFact{Name: "佐藤 恵", Home: true}}, // user.profile.read: no locale
		{"vendor", "gone", bot.PersonFact{Home: true, Gone: true}},
	} {
		got, err := w.Person(context.Background(), bot.Identity{Platform: lineworks.Name, Connection: c.connection, User: c.user})
		if err != nil {
			t.Errorf("%s %s: %v", c.connection, c.user, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", c.connection, c.user, diff)
		}
	}
	for _, status := range []int{403, 500} { // cannot tell is not gone
		w.double.Next("users.get", lineworkstest.Fault{Status: status})
		if fact, err := w.Person(context.Background(), bot.Identity{Connection: "aoba", User: "u1"}); err == nil {
			t.Errorf("%d: got %+v, want an error", status, fact)
		}
	}
	w.double.Next("users.get", lineworkstest.Fault{Status: 429})
	var th *bot.Throttled
	if _, err := w.Person(context.Background(), bot.Identity{Connection: "aoba", User: "u1"}); !errors.As(err, &th) {
		t.Errorf("429: got %v", err)
	}
	for _, who := range []bot.Identity{{Connection: "nobody", User: "u"}, {Connection: "aoba"}, {Connection: "aoba", User: ".."}} {
		if _, err := w.Person(context.Background(), who); err == nil {
			t.Errorf("%+v was answered", who)
		}
	}
	w.clean(t)
}

func TestRoom(t *testing.T) {
	w := start(t)
	var many []string
	for i := range 250 {
		many = append(many, fmt.Sprintf("u%03d", i))
	}
	w.double.With(func() {
		w.bot.Channels = map[string]lineworkstest.Channel{
			"r1": {Title: "青葉商事 営業部", Members: many}, "r2": {Members: []string{"u1"}},
		}
	})
	for id, want := range map[string]bot.RoomFact{
		"r1": {Name: "青葉商事 営業部", Member: true, Private: true, Members: 250},
		"r2": {Member: true, Private: true, Members: 1},
		"r3": {Private: true},
	} {
		got, err := w.Room(context.Background(), bot.Address{Connection: "aoba", Room: id})
		if err != nil {
			t.Errorf("%s: %v", id, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
	}
	if n := w.double.Count("channels.members"); n != 4 {
		t.Errorf("%d pages of members were read, want 3 and 1", n)
	}
	w.double.Next("channels.members", lineworkstest.Fault{Status: 500})
	if _, err := w.Room(context.Background(), bot.Address{Connection: "aoba", Room: "r1"}); err == nil {
		t.Error("a count that failed was answered")
	}
	w.clean(t)
}

func TestCheckSaysWhoAndWhatIsWrong(t *testing.T) {
	w := start(t, func(o *lineworks.Options, _ *lineworkstest.Options) {
		c := connection(lineworkstest.NewBot("minato")) // the double does not know it
		c.Key, c.Partner = "minato", "minato"
		o.Connections = append(o.Connections, c)
	})
	lines := w.Check(context.Background())
	if len(lines) != 2 || lines[0].Connection != "aoba" || lines[1].Connection != "minato" {
		t.Fatalf("got %+v", lines)
	}
	if lines[0].Err != nil || !strings.Contains(lines[0].Who, w.bot.ID) {
		t.Errorf("aoba: got %+v", lines[0])
	}
	if lines[1].Err == nil || !strings.Contains(lines[1].Err.Error(), "client_id") {
		t.Errorf("minato: got %+v, want what to look at", lines[1])
	}
	w.double.Next("persistentmenu.get", lineworkstest.Fault{Status: 403})
	if l := w.Check(context.Background())[0]; l.Err == nil || !strings.Contains(l.Err.Error(), "bot_id") {
		t.Errorf("a bot of somebody else: got %+v", l)
	}
	w.clean(t)
}

func TestMenuIsPutUpOnce(t *testing.T) {
	w := start(t)
	menu := bot.Menu{Label: "メニュー", Buttons: []bot.Button{
		{Label: "よくある質問", Press: bot.NewPress("menu.faq")},
		{Label: "資料をさがす", Press: bot.NewPress("menu.materials")},
		{Label: "サポート", Open: "https://akari.example.co.jp/help"},
	}}
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if err := w.EnsureMenu(context.Background(), "aoba", menu); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := w.double.Count("persistentmenu.post"); n != 1 {
		t.Errorf("it was put up %d times", n)
	}
	golden(t, "menu.golden.json", indented(t, w.bot.Menu))

	menu.Buttons[0].Label = "質問する"
	if err := w.EnsureMenu(context.Background(), "aoba", menu); err != nil || w.double.Count("persistentmenu.post") != 2 {
		t.Errorf("a changed menu: %v after %d posts", err, w.double.Count("persistentmenu.post"))
	}
	for range 2 {
		if err := w.EnsureMenu(context.Background(), "aoba", bot.Menu{}); err != nil {
			t.Error(err)
		}
	}
	if n := w.double.Count("persistentmenu.delete"); n != 1 || w.bot.Menu != nil {
		t.Errorf("an empty menu: %d deletions", n)
	}
	menu.Buttons = append(menu.Buttons, menu.Buttons...)
	if err := w.EnsureMenu(context.Background(), "aoba", menu); err == nil {
		t.Error("a menu of six was accepted")
	}
	w.double.Next("persistentmenu.get", lineworkstest.Fault{Status: 500})
	if err := w.EnsureMenu(context.Background(), "aoba", bot.Menu{}); err == nil {
		t.Error("an unreadable menu was taken for none")
	}
	w.clean(t)
}
