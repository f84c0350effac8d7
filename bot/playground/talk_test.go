package playground_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"akari/bot"
	"akari/bot/playground/playgroundtest"
)

func TestARepAsksAndEverythingStandsInTheThread(t *testing.T) {
	s := newServer(t, conversation)
	c := playgroundtest.New(t, s.URL)
	tanaka, sato, suzuki := c.As("aoba-01").In("shared"), c.As("aoba-02").In("aoba"), c.As("midori-01").In("shared")

	tanaka.Say("＠akari　latest price list?")
	want := []string{
		"田中 一郎: ＠akari　latest price list?",
		"↳ Akari: Here is the latest price list.",
		"↳   [Price list FY2026 H2]",
	}
	if diff := cmp.Diff(want, tanaka.See()); diff != "" {
		t.Error(diff)
	}
	in := s.last()
	if in.Kind != bot.Said || in.Via != bot.Mention || in.Text != "latest price list?" || in.At.Room != "aoba" || in.At.Direct {
		t.Errorf("heard %+v", in)
	}
	if diff := cmp.Diff(want, sato.See()); diff != "" {
		t.Errorf("a colleague in the room sees something else: %s", diff)
	}
	tanaka.Press("Price list")
	got := tanaka.See()
	if diff := cmp.Diff([]string{"↳ Akari (only you): 資料をお送りします。このリンクはあなた専用です。", "↳   [開く ↗]"}, got); diff != "" {
		t.Error(diff)
	}
	if link := tanaka.Link("開く"); link != s.URL+"/v/abc" {
		t.Errorf("the link is %q", link)
	}
	sato.Silence(200 * time.Millisecond)
	suzuki.Silence(10 * time.Millisecond)
	if lines := suzuki.All(); len(lines) != 0 {
		t.Errorf("another partner sees %q", lines)
	}
}

func TestHowTextReachesTheBot(t *testing.T) {
	s := newServer(t, func(*server, bot.Inbound) bot.Outcome { return bot.Outcome{} })
	c := playgroundtest.New(t, s.URL)
	room, direct := c.As("aoba-01").In("aoba"), c.As("aoba-01").In("direct")
	for _, one := range []struct {
		seat       *playgroundtest.Seat
		text       string
		kind       bot.Kind
		via        bot.Via
		name, want string
	}{
		{room, "@Akari 価格表は？", bot.Said, bot.Mention, "", "価格表は？"},
		{room, "@AKARI、価格表は？", bot.Said, bot.Mention, "", "価格表は？"},
		{room, "＠Akari", bot.Said, bot.Mention, "", ""},
		{room, "価格表ください @Akari", bot.Said, bot.Mention, "", "価格表ください"},
		{direct, "価格表は？\n二行目", bot.Said, bot.Direct, "", "価格表は？\n二行目"},
		{direct, "@Akari 価格表は？", bot.Said, bot.Direct, "", "価格表は？"},
		{room, "/campaign list", bot.Commanded, "", "campaign", "list"},
		{direct, "／akari", bot.Commanded, "", "akari", ""},
		{direct, "/ akari", bot.Said, bot.Direct, "", "/ akari"},
		{direct, "/Akari", bot.Said, bot.Direct, "", "/Akari"},
	} {
		one.seat.Say(one.text)
		in := s.last()
		if in.Kind != one.kind || in.Via != one.via || in.Name != one.name || in.Text != one.want {
			t.Errorf("%q is heard as %s %s %q %q", one.text, in.Kind, in.Via, in.Name, in.Text)
		}
		if in.At.Direct != (one.seat == direct) || in.From.User != "aoba-01" || in.At.Connection != "playground" {
			t.Errorf("%q comes from %+v at %+v", one.text, in.From, in.At)
		}
		if (in.Kind == bot.Commanded) != (in.Reply.Token != "") {
			t.Errorf("%q: a command, and only a command, can open a form", one.text)
		}
	}
	before := s.last().Key
	for _, chatter := range []string{"@Akarin さん", "mail@akari.example.com", "おはようございます", "/ akari"} {
		room.Say(chatter)
		if in := s.last(); in.Key != before {
			t.Errorf("%q, not meant for the bot, is heard as %+v", chatter, in)
		}
	}
	sato := c.As("aoba-02").In("aoba")
	sato.Wait("おはようございます")
	if all := strings.Join(sato.All(), "\n"); strings.Contains(all, "/campaign") {
		t.Errorf("a colleague sees the command:\n%s", all)
	}
}

func TestAFormOpensShowsItsErrorsAndCloses(t *testing.T) {
	s := newServer(t, conversation)
	tanaka := playgroundtest.New(t, s.URL).As("aoba-01").In("direct")
	tanaka.Say("保守契約の解約は？").See()
	tanaka.Press("担当者に聞く")
	if lines := tanaka.See(); lines[0] != "[Form] 担当者に聞く" {
		t.Errorf("saw %q", lines)
	}
	if got := tanaka.Choices("customer", "川"); len(got) != 1 || got[0].Label != "川上食品" {
		t.Errorf("the choices are %v", got)
	}
	if errs := tanaka.Submit(map[string]string{"question": ""}); errs["question"] == "" {
		t.Error("an empty question was taken")
	}
	if tanaka.Form().Name != "gap.create" {
		t.Error("a refused form must stay open")
	}
	errs := tanaka.SubmitAll(map[string][]string{"question": {"解約の期限は？"}, "topics": {"価格", "contract"}, "customer": {"山田製作所"}})
	if errs != nil {
		t.Fatalf("refused: %v", errs)
	}
	if got, want := tanaka.Wait("承りました"), "Akari: 承りました(7): 解約の期限は？ price+contract c-山田製作所"; got != want {
		t.Errorf("saw %q, not %q", got, want)
	}
	in := s.last()
	if in.Kind != bot.Submitted || in.Draft == "" || !in.At.Direct || in.At.User != "aoba-01" {
		t.Errorf("heard %+v", in)
	}
}

func TestMessagesChangeAndGo(t *testing.T) {
	s := newServer(t, conversation)
	c := playgroundtest.New(t, s.URL)
	tanaka := c.As("aoba-01").In("direct")
	tanaka.Say("価格表は？").See()
	tanaka.Press("解決した")
	if got := tanaka.See(); !cmp.Equal(got, []string{"Akari (edited): お役に立ててうれしいです。"}) {
		t.Errorf("saw %q", got)
	}
	tanaka.Say("価格表は？").See()
	tanaka.Press("解決しない")
	if got := tanaka.See(); !cmp.Equal(got, []string{"Akari (deleted): "}) {
		t.Errorf("saw %q", got)
	}
	tanaka.Withdraw("価格表")
	if in := s.last(); in.Kind != bot.Withdrawn || in.Message == "" {
		t.Errorf("heard %+v", in)
	}
	tanaka.Home()
	if got := tanaka.See(); got[len(got)-1] != "  [資料を探す]" {
		t.Errorf("saw %q", got)
	}
	tanaka.Press("資料を探す")
	tanaka.Wait("押されました: menu.materials")
	if at := s.last().At; !at.Direct || at.User != "aoba-01" {
		t.Errorf("a press on the home tab comes from %+v", at)
	}
	room := c.As("aoba-02").In("aoba")
	room.Invite()
	if in := s.last(); in.Kind != bot.Joined || in.From.User != "" || in.At.Room != "aoba" {
		t.Errorf("heard %+v", in)
	}
	room.See()
	room.Reply("はじめまして", "よろしくお願いします")
	if in := s.last(); in.Via != bot.Ambient || in.At.Thread == "" {
		t.Errorf("a reply in a thread is heard as %+v", in)
	}
}
