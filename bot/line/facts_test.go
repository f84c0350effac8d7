package line_test

import (
	"bytes"
	"image/color"
	"image/png"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akari/bot"
	"akari/bot/line"
	"akari/bot/line/linetest"
)

func TestPerson(t *testing.T) {
	w := newWorld(t, line.Options{}, linetest.Options{})
	w.Block(linetest.UserID(2))
	for _, c := range []struct {
		user string
		want bot.PersonFact
		err  string
	}{
		{linetest.UserID(1), bot.PersonFact{Name: "田中", Language: "ja"}, ""},
		{linetest.UserID(2), bot.PersonFact{Gone: true}, ""},
		{linetest.UserID(77), bot.PersonFact{Gone: true}, ""},
		{"", bot.PersonFact{}, "no user id"},
		{linetest.GroupID(1), bot.PersonFact{}, "no user id"},
		{"U/../../info", bot.PersonFact{}, "no user id"},
	} {
		got, err := w.Person(t.Context(), bot.Identity{User: c.user})
		if diff := cmp.Diff(c.want, got); diff != "" || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v\n%s", c.user, err, diff)
		}
	}
	w.Fail(linetest.Fault{Path: "profile", Status: 500})
	if got, err := w.Person(t.Context(), bot.Identity{User: linetest.UserID(1)}); err == nil || got.Gone {
		t.Errorf("a broken answer is taken for a fact: %+v, %v", got, err)
	}
}

// An error goes to the log, where nobody's id belongs.
func TestErrorsTellNoIDs(t *testing.T) {
	gone := platform(t, line.Options{ChannelAccessToken: "long-lived", APIURL: "http://127.0.0.1:1", AllowInsecure: true, Timeout: time.Second})
	_, err := gone.Person(t.Context(), bot.Identity{User: linetest.UserID(1)})
	if err == nil || strings.Contains(err.Error(), linetest.UserID(1)) {
		t.Errorf("the error tells an id: %v", err)
	}
}

func TestRoom(t *testing.T) {
	w := newWorld(t, line.Options{}, linetest.Options{})
	w.AddGroup(linetest.RoomID(1), "", linetest.UserID(1))
	for _, c := range []struct {
		room string
		want bot.RoomFact
		err  string
	}{
		{linetest.GroupID(1), bot.RoomFact{Name: "青葉商事×△△社", Member: true, Private: true, Members: 3}, ""},
		{linetest.RoomID(1), bot.RoomFact{Member: true, Private: true, Members: 1}, ""},
		{linetest.GroupID(9), bot.RoomFact{}, ""},
		{linetest.UserID(1), bot.RoomFact{}, "no group"},
		{"C/../../x", bot.RoomFact{}, "no group"},
	} {
		got, err := w.Room(t.Context(), bot.Address{Room: c.room})
		if diff := cmp.Diff(c.want, got); diff != "" || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v\n%s", c.room, err, diff)
		}
	}
	w.Fail(linetest.Fault{Path: "summary", Status: 429})
	if got, err := w.Room(t.Context(), bot.Address{Room: linetest.GroupID(1)}); err == nil || got.Member {
		t.Errorf("half an answer is taken for a fact: %+v, %v", got, err)
	}
}

func TestCheckLive(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*world)
		who    string
		err    string
	}{
		{"good", func(*world) {}, "あかり (@123akari); webhook https://akari.example.co.jp/hooks/line; 0 pushes this month, no limit", ""},
		{"quota", func(w *world) { w.SetQuota(200, 12) }, "12 of 200 pushes", ""},
		{"quota used up", func(w *world) { w.SetQuota(200, 190) }, "190 of 200", "replies still work"},
		{"webhook off", func(w *world) { w.SetWebhook("https://akari.example.co.jp/hooks/line", false) }, "webhook https", "Use webhook"},
		{"webhook elsewhere", func(w *world) { w.SetWebhook("https://example.com/", true) }, "webhook https", "does not end in /hooks/line"},
		{"no webhook", func(w *world) { w.SetWebhook("", true) }, "no webhook", "https://HOST/hooks/line"},
		{"wrong secret", func(w *world) { w.Fail(linetest.Fault{Path: "oauth2", Status: 400, Count: 3}) }, "", "token"},
		{"down", func(w *world) { w.Fail(linetest.Fault{Path: "info", Status: 500}) }, "webhook", "500"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, line.Options{}, linetest.Options{})
			c.change(w)
			lines := w.Check(t.Context())
			if len(lines) != 1 || lines[0].Connection != "line" || !strings.Contains(lines[0].Who, c.who) {
				t.Fatalf("%+v", lines)
			}
			if err := lines[0].Err; (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%v, want %q", err, c.err)
			}
		})
	}
}

func menu(picture []byte, labels ...string) bot.Menu {
	m := bot.Menu{Label: "メニュー", Image: picture}
	for _, l := range labels {
		m.Buttons = append(m.Buttons, bot.Button{Label: l, Press: bot.NewPress("menu.pick", "l", l)})
	}
	return m
}

func TestEnsureMenu(t *testing.T) {
	w := newWorld(t, line.Options{}, linetest.Options{})
	picture := blank(t, 1250, 843)
	m := menu(picture, "資料を探す", "よくあるご質問", "担当者に聞く", "使い方")
	for range 2 {
		if err := w.EnsureMenu(t.Context(), "line", m); err != nil {
			t.Fatal(err)
		}
	}
	menus := w.Menus()
	if len(menus) != 1 || !menus[0].Default || !bytes.Equal(menus[0].Picture, picture) {
		t.Fatalf("put up twice: %d menus", len(menus))
	}
	for _, want := range []string{`"width":625`, `"x":625`, `"data":"menu.pick?l=`, `"chatBarText":"メニュー"`} {
		if !bytes.Contains(menus[0].Menu, []byte(want)) {
			t.Errorf("%s is missing in %s", want, menus[0].Menu)
		}
	}
	first := menus[0].ID
	m.Buttons[3].Label = "ヘルプ"
	if err := w.EnsureMenu(t.Context(), "line", m); err != nil {
		t.Fatal(err)
	}
	if menus = w.Menus(); len(menus) != 1 || menus[0].ID == first || !menus[0].Default {
		t.Errorf("a changed menu did not replace the old one: %d menus", len(menus))
	}
	for _, wrong := range w.Wrong() {
		t.Error(wrong)
	}
}

// A process that died between any two calls is repaired by the next.
func TestEnsureMenuAfterCrash(t *testing.T) {
	m := menu(blank(t, 1250, 422), "資料", "質問")
	for _, path := range []string{"/v2/bot/richmenu", "/content", "/user/all/richmenu/"} {
		for _, after := range []bool{false, true} {
			w := newWorld(t, line.Options{}, linetest.Options{})
			w.Fail(linetest.Fault{Method: "POST", Path: path, After: after, Drop: true})
			if err := w.EnsureMenu(t.Context(), "", m); err == nil {
				t.Errorf("%s broke and nobody says so", path)
			}
			w.Well()
			if err := w.EnsureMenu(t.Context(), "", m); err != nil {
				t.Errorf("%s, after %v: %v", path, after, err)
			}
			if menus := w.Menus(); len(menus) != 1 || !menus[0].Default || menus[0].Picture == nil {
				t.Errorf("%s, after %v: %d menus", path, after, len(menus))
			}
		}
	}
}

func TestEnsureMenuRefuses(t *testing.T) {
	w := newWorld(t, line.Options{}, linetest.Options{})
	for want, m := range map[string]bot.Menu{
		"0 buttons":  menu(blank(t, 1250, 843)),
		"5 buttons":  menu(blank(t, 1250, 843), "1", "2", "3", "4", "5"),
		"no PNG":     menu([]byte("GIF89a"), "1"),
		"600 x 400":  menu(blank(t, 600, 400), "1"),
		"1000 x 900": menu(blank(t, 1000, 900), "1"),
	} {
		if err := w.EnsureMenu(t.Context(), "line", m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := w.EnsureMenu(t.Context(), "other", menu(blank(t, 1250, 843), "1")); err == nil {
		t.Errorf("a foreign connection got a menu")
	}
	if len(w.Calls()) != 0 {
		t.Errorf("LINE was asked")
	}
}

func TestMenuPicture(t *testing.T) {
	m := menu(nil, "資料を探す", "よくあるご質問", "担当者に聞く", "使い方")
	got, err := line.MenuPicture(m)
	if err != nil {
		t.Fatal(err)
	}
	again, err := line.MenuPicture(m)
	if err != nil || !bytes.Equal(got, again) {
		t.Errorf("equal menus have unequal pictures")
	}
	drawn, err := png.Decode(bytes.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}
	dark := 0
	for y := range drawn.Bounds().Dy() {
		for x := range drawn.Bounds().Dx() {
			if c := color.GrayModel.Convert(drawn.At(x, y)).(color.Gray); c.Y < 60 {
				dark++
			}
		}
	}
	if dark < 500 {
		t.Errorf("%d dark points: nothing is written", dark)
	}
	emoji, err := line.MenuPicture(menu(nil, "資料を探す🔍", "よくあるご質問", "担当者に聞く", "使い方"))
	if err != nil || !bytes.Equal(emoji, got) {
		t.Errorf("a character that the font has not is drawn as a box: %v", err)
	}
	w := newWorld(t, line.Options{}, linetest.Options{})
	if err := w.EnsureMenu(t.Context(), "line", m); err != nil {
		t.Errorf("a menu without a picture is refused: %v", err)
	}
	if _, err := line.MenuPicture(bot.Menu{}); err == nil {
		t.Errorf("an empty menu draws")
	}
	if path := os.Getenv("AKARI_TEST_PICTURE"); path != "" {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Error(err)
		}
	}
}
