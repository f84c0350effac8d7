package bot_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"
	"pgregory.net/rapid"

	"akari/bot"
	"akari/bot/zoo"
)

// slack-like, LINE-like, LINE WORKS-like, and some that nobody has.
var worlds = map[string]bot.Limits{
	"blocks":    {Unit: bot.Runes, Text: 3000, Buttons: 25, ButtonLabel: 75, Cards: 10, CardTitle: 150, CardText: 1000, CardButtons: 5, CardImage: true, Image: true, Forms: true, PerCall: 1, FormTitle: 24},
	"flex":      {Unit: bot.UTF16, Text: 4500, TextButtons: 1000, TextCards: -1, Buttons: 8, ButtonLabel: 40, Cards: 10, CardTitle: 40, CardText: 300, CardButtons: 4, CardImage: true, Image: true, ImageAlone: true, PerCall: 5},
	"carousel":  {Unit: bot.Clusters, Text: 2000, TextButtons: 300, TextCards: -1, Buttons: 10, ButtonLabel: 20, Cards: 10, CardTitle: 40, CardText: 60, CardButtons: 3, Image: true, ImageAlone: true, PerCall: 1},
	"text only": {Unit: bot.UTF16, Text: 400, PerCall: 1},
	"no cards":  {Unit: bot.Runes, Text: 500, TextButtons: 100, Buttons: 2, ButtonLabel: 8, Image: true, PerCall: 3},
	"no labels": {Unit: bot.Clusters, Text: 60, Cards: 1, CardTitle: 6, CardText: 9, CardImage: true, PerCall: 2},
	"tiny":      {Unit: bot.UTF16, Text: 8, TextButtons: 4, TextCards: 6, Buttons: 1, ButtonLabel: 4, Cards: 2, CardTitle: 4, CardText: 5, CardButtons: 1, Image: true, Forms: true, FormTitle: 5, PerCall: 2},
	"boundless": {Buttons: 1000, Cards: 1000, CardButtons: 100, CardImage: true, Image: true, Forms: true},
}

func TestFitZoo(t *testing.T) {
	for world, l := range worlds {
		for _, c := range zoo.Messages() {
			t.Run(world+"/"+c.Name, func(t *testing.T) { holds(t, c.Message, l) })
		}
	}
}

// holds are the properties of Fit.
func holds(t interface {
	Helper()
	Fatalf(string, ...any)
}, m bot.Message, l bot.Limits) {
	t.Helper()
	before, _ := json.Marshal(m)
	parts := bot.Fit(m, l)
	if after, _ := json.Marshal(m); string(before) != string(after) {
		t.Fatalf("Fit changed its argument")
	}
	for i, p := range parts {
		if err := l.Check(p); err != nil {
			t.Fatalf("part %d is not within the limits: %v", i+1, err)
		}
		if again := bot.Fit(p, l); len(again) != 1 || !reflect.DeepEqual(again[0], p) {
			t.Fatalf("part %d is not left alone:\n%s", i+1, cmp.Diff([]bot.Message{p}, again))
		}
		if p.Private != m.Private {
			t.Fatalf("part %d lost Private", i+1)
		}
		if b, err := json.Marshal(p); err != nil || strings.Contains(string(b), `\ufffd`) && !strings.Contains(string(before), `\ufffd`) {
			t.Fatalf("part %d has a broken character: %v", i+1, err)
		}
	}
	sameButtons(t, m, parts, l)
	sameText(t, m, parts)
	packed := 0
	for _, g := range bot.Pack(parts, l) {
		if len(g) == 0 || len(g) > max(1, l.PerCall) {
			t.Fatalf("a call of %d messages, at most %d", len(g), l.PerCall)
		}
		packed += len(g)
	}
	if packed != len(parts) {
		t.Fatalf("Pack made %d of %d", packed, len(parts))
	}
}

func buttonsOf(m bot.Message) []bot.Button {
	var out []bot.Button
	for _, c := range m.Cards {
		out = append(out, c.Buttons...)
	}
	return append(out, m.Buttons...)
}

// sameButtons: what can be pressed or opened is the same, each exactly once.
func sameButtons(t interface {
	Helper()
	Fatalf(string, ...any)
}, m bot.Message, parts []bot.Message, l bot.Limits) {
	t.Helper()
	want, got := map[string]int{}, map[string]int{}
	key := func(b bot.Button) string { return b.Press.Encode() + " " + strings.ToValidUTF8(b.Open, "\uFFFD") }
	native := func(b bot.Button, can bool) {
		if can {
			want[key(b)]++
		}
	}
	for _, c := range m.Cards {
		for _, b := range c.Buttons {
			native(b, l.Buttons > 0 || l.Cards > 0 && l.CardButtons > 0)
		}
	}
	for _, b := range m.Buttons {
		native(b, l.Buttons > 0)
	}
	forms := 0
	if m.Form != nil && l.Forms {
		forms = 1
	} else if m.Form != nil {
		native(bot.Button{Open: m.Form.Open}, l.Buttons > 0)
	}
	text := ""
	for _, p := range parts {
		for _, b := range buttonsOf(p) {
			got[key(b)]++
		}
		if p.Form != nil {
			forms--
		}
		text += p.Text
	}
	if !reflect.DeepEqual(want, got) {
		t.Fatalf("the buttons are not the same:\n%s", cmp.Diff(want, got))
	}
	if forms != 0 {
		t.Fatalf("%d forms too few", forms)
	}
	if l.Buttons == 0 {
		for _, b := range m.Buttons {
			if !strings.Contains(squeeze(text), squeeze(b.Open)) {
				t.Fatalf("an address is missing from the text")
			}
		}
	}
}

func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// sameText: all that was said is still said, in order, white space aside.
func sameText(t interface {
	Helper()
	Fatalf(string, ...any)
}, m bot.Message, parts []bot.Message) {
	t.Helper()
	var all, cards strings.Builder
	for _, p := range parts {
		all.WriteString(squeeze(p.Text))
		for _, c := range p.Cards {
			cards.WriteString(squeeze(c.Title) + squeeze(c.Text))
		}
	}
	if !strings.HasPrefix(all.String(), squeeze(m.Text)) {
		t.Fatalf("the text is not whole or not first")
	}
	for i, c := range m.Cards {
		for _, s := range []string{squeeze(c.Title), squeeze(c.Text)} {
			if !strings.Contains(all.String(), s) && !strings.Contains(cards.String(), s) {
				t.Fatalf("the words of card %d are not whole", i+1)
			}
		}
	}
	for i, b := range buttonsOf(m) {
		label := squeeze(b.Label)
		found := strings.Contains(all.String(), label)
		for _, p := range parts {
			for _, q := range buttonsOf(p) {
				found = found || squeeze(q.Label) == label
			}
		}
		if !found {
			t.Fatalf("the label of button %d is nowhere whole", i+1)
		}
	}
}

var glyphs = []string{"あ", "漢", "a", "B", " ", "\n", "\n\n", "。", ". ", "、", "👨‍👩‍👧‍👦", "🇯🇵", "か\u3099", "e\u0301", "\u3000", "𠮷", "שָׁ", "…", "\xff", "\r\n", "<@U1>", "각", "\u0600", "\u200d", "\u0301"}

func texts(max int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(glyphs), 0, max).Draw(t, "glyphs"), "")
	})
}

func buttons(t *rapid.T, id *int) []bot.Button {
	var out []bot.Button
	for range rapid.IntRange(0, 5).Draw(t, "buttons") {
		*id++
		b := bot.Button{Label: texts(30).Draw(t, "label")}
		if rapid.Bool().Draw(t, "open") {
			b.Open = fmt.Sprintf("https://example.com/v/%d", *id)
		} else {
			b.Press = bot.NewPress("a.b", "n", fmt.Sprint(*id))
		}
		out = append(out, b)
	}
	return out
}

func TestFitProperties(t *testing.T) { rapid.Check(t, anyMessage) }

func FuzzFit(f *testing.F) { f.Fuzz(rapid.MakeFuzz(anyMessage)) }

// anyMessage holds any message against any limits.
func anyMessage(t *rapid.T) {
	id := 0
	m := bot.Message{Text: texts(200).Draw(t, "text"), Private: rapid.Bool().Draw(t, "private"), Buttons: buttons(t, &id)}
	image := func() *bot.Image {
		if !rapid.Bool().Draw(t, "picture") {
			return nil
		}
		return &bot.Image{URL: "https://example.com/i.png", Alt: texts(10).Draw(t, "alt")}
	}
	m.Image = image()
	for range rapid.IntRange(0, 4).Draw(t, "cards") {
		m.Cards = append(m.Cards, bot.Card{Title: texts(30).Draw(t, "title"), Text: texts(60).Draw(t, "card"), Image: image(), Buttons: buttons(t, &id)})
	}
	if rapid.IntRange(0, 3).Draw(t, "form") == 0 {
		m.Form = &bot.Form{Name: "a.b", Title: texts(20).Draw(t, "title"), Text: texts(20).Draw(t, "text"), Open: "https://example.com/f/1"}
	}
	holds(t, m, limits(t))
}

func limits(t *rapid.T) bot.Limits {
	n := func(what string, min, max int) int { return rapid.IntRange(min, max).Draw(t, what) }
	yes := func(what string) bool { return rapid.Bool().Draw(t, what) }
	return bot.Limits{
		Unit: rapid.SampledFrom([]bot.Unit{bot.Runes, bot.UTF16, bot.Clusters}).Draw(t, "unit"),
		Text: n("text", 4, 60), TextButtons: n("text buttons", 2, 60), TextCards: []int{-1, 0, n("text cards", 2, 40)}[n("with cards", 0, 2)],
		Buttons: n("buttons", 0, 4), ButtonLabel: n("label", 1, 20), Cards: n("cards", 0, 3), CardTitle: n("title", 1, 20),
		CardText: n("card text", 1, 40), CardButtons: n("card buttons", 0, 3), CardImage: yes("card image"), Image: yes("image"),
		ImageAlone: yes("alone"), Forms: yes("forms"), FormTitle: n("form title", 1, 24), PerCall: n("per call", 0, 5),
	}
}

// Graphemes of at most the limit are never cut, whatever the unit.
func FuzzSplit(f *testing.F) {
	for _, c := range zoo.Messages() {
		f.Add(c.Message.Text, 50, 20, byte(1))
	}
	f.Fuzz(func(t *testing.T, text string, limit, last int, unit byte) {
		if len(text) > 20_000 || limit < 8 || limit > 10_000 || last < 4 || last > limit {
			t.Skip()
		}
		l := bot.Limits{Unit: []bot.Unit{bot.Runes, bot.UTF16, bot.Clusters}[unit%3], Text: limit, TextButtons: last, Buttons: 1}
		m := bot.Message{Text: text, Buttons: []bot.Button{{Label: "開く", Open: "https://example.com"}}}
		holds(t, m, l)
		wholeGraphemes(t, text, bot.Fit(m, l), l.Unit, last)
	})
}

func wholeGraphemes(t *testing.T, text string, parts []bot.Message, u bot.Unit, last int) {
	t.Helper()
	text = strings.ToValidUTF8(text, "\uFFFD")
	borders := map[int]bool{}
	at, state, rest := 0, -1, text
	for rest != "" {
		var g string
		borders[at] = true
		g, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if u.Len(g) > last {
			return
		}
		at += len(g)
	}
	at = 0
	for _, p := range parts {
		i := strings.Index(text[at:], p.Text)
		if i < 0 {
			return // the neutral text of an empty message
		}
		if !borders[at+i] {
			t.Fatalf("a part begins inside a grapheme at byte %d", at+i)
		}
		at += i + len(p.Text)
	}
}

func TestShorten(t *testing.T) {
	for _, c := range []struct {
		unit bot.Unit
		in   string
		max  int
		want string
	}{
		{bot.Runes, "資料を受け取る", 7, "資料を受け取る"},
		{bot.Runes, "資料を受け取る", 6, "資料を受け…"},
		{bot.Runes, "price list", 7, "price…"},
		{bot.Runes, "資料", 1, "…"},
		{bot.Runes, "資料", 0, "資料"},
		{bot.UTF16, "👨‍👩‍👧‍👦です", 13, "👨‍👩‍👧‍👦です"},
		{bot.UTF16, "👨‍👩‍👧‍👦です", 12, "👨‍👩‍👧‍👦…"},
		{bot.Clusters, "👨‍👩‍👧‍👦🇯🇵か\u3099き", 3, "👨‍👩‍👧‍👦🇯🇵…"},
		{bot.Runes, "か\u3099か\u3099か\u3099", 4, "か\u3099…"},
	} {
		if got := c.unit.Shorten(c.in, c.max); got != c.want {
			t.Errorf("%s.Shorten(%q, %d) = %q, want %q", c.unit, c.in, c.max, got, c.want)
		}
	}
}

func TestFitTables(t *testing.T) {
	yes, no := bot.Button{Label: "はい", Press: bot.NewPress("a.yes")}, bot.Button{Label: "いいえ", Press: bot.NewPress("a.no")}
	open := bot.Button{Label: "開く", Open: "https://example.com/v/1"}
	form := &bot.Form{Name: "a.form", Title: "回答", Open: "https://example.com/f/1", Label: "入力する"}
	picture := &bot.Image{URL: "https://example.com/i.png", Alt: "図"}
	film := &bot.Video{URL: "https://example.com/v.mp4", Cover: *picture, Tracking: "t", Size: 100, CoverOf: 10}
	for _, c := range []struct {
		name string
		in   bot.Message
		l    bot.Limits
		want []bot.Message
	}{
		{"nothing", bot.Message{Text: " \n"}, bot.Limits{Text: 10}, nil},
		{"paragraphs first", bot.Message{Text: "一つ目です。あ\n\n二つ目です。い"}, bot.Limits{Text: 12},
			[]bot.Message{{Text: "一つ目です。あ"}, {Text: "二つ目です。い"}}},
		{"then sentences", bot.Message{Text: "一つ目です。二つ目です。"}, bot.Limits{Text: 10},
			[]bot.Message{{Text: "一つ目です。"}, {Text: "二つ目です。"}}},
		{"last piece has the buttons", bot.Message{Text: "一つ目です。二つ目です。", Buttons: []bot.Button{yes}}, bot.Limits{Text: 100, TextButtons: 6, Buttons: 2},
			[]bot.Message{{Text: "一つ目です。"}, {Text: "二つ目です。", Buttons: []bot.Button{yes}}}},
		{"buttons go on", bot.Message{Text: "選択", Buttons: []bot.Button{yes, no, open}}, bot.Limits{Buttons: 2},
			[]bot.Message{{Text: "選択", Buttons: []bot.Button{yes, no}}, {Text: "▼", Buttons: []bot.Button{open}}}},
		{"no buttons", bot.Message{Text: "選択", Buttons: []bot.Button{yes, open}, Private: true}, bot.Limits{},
			[]bot.Message{{Text: "選択\n1. はい\n2. 開く https://example.com/v/1", Private: true}}},
		{"form as a link", bot.Message{Text: "どうぞ", Form: form}, bot.Limits{Buttons: 1},
			[]bot.Message{{Text: "どうぞ", Buttons: []bot.Button{{Label: "入力する", Open: form.Open, Style: bot.Primary}}}}},
		{"form alone", bot.Message{Text: "どうぞ", Form: form, Buttons: []bot.Button{yes}}, bot.Limits{Buttons: 1, Forms: true},
			[]bot.Message{{Text: "どうぞ", Buttons: []bot.Button{yes}}, {Form: form}}},
		{"picture alone first", bot.Message{Text: "図です", Image: picture}, bot.Limits{Image: true, ImageAlone: true},
			[]bot.Message{{Image: picture}, {Text: "図です"}}},
		{"a video first, alone", bot.Message{Text: "動画です", Video: film, Buttons: []bot.Button{open}}, bot.Limits{Buttons: 1, Video: 100, VideoCover: 10},
			[]bot.Message{{Video: film}, {Text: "動画です", Buttons: []bot.Button{open}}}},
		{"a video too large", bot.Message{Text: "動画です", Video: film, Buttons: []bot.Button{open}}, bot.Limits{Buttons: 1, Video: 99, VideoCover: 10}, []bot.Message{{Text: "動画です", Buttons: []bot.Button{open}}}},
		{"its picture too large", bot.Message{Text: "動画です", Video: film}, bot.Limits{Video: 100, VideoCover: 9}, []bot.Message{{Text: "動画です"}}},
		{"no videos", bot.Message{Text: "動画です", Video: film}, bot.Limits{}, []bot.Message{{Text: "動画です"}}},
		{"no pictures", bot.Message{Text: "図です", Image: picture}, bot.Limits{},
			[]bot.Message{{Text: "図です\n図 https://example.com/i.png"}}},
		{"card as text", bot.Message{Text: "資料", Cards: []bot.Card{{Title: "価格表", Text: "10月版", Buttons: []bot.Button{open}}}}, bot.Limits{Buttons: 1},
			[]bot.Message{{Text: "資料"}, {Text: "価格表\n10月版", Buttons: []bot.Button{open}}}},
		{"card too long", bot.Message{Cards: []bot.Card{{Title: "価格表", Text: "十月に改定した版です", Image: picture, Buttons: []bot.Button{yes, no}}}},
			bot.Limits{TextCards: -1, Cards: 2, CardText: 5, CardButtons: 1},
			[]bot.Message{{Text: "価格表\n十月に改定した版です"}, {Cards: []bot.Card{{Title: "価格表", Text: "十月に改…", Buttons: []bot.Button{yes}}, {Title: "価格表", Buttons: []bot.Button{no}}}}}},
		{"label told in full", bot.Message{Text: "選択", Buttons: []bot.Button{{Label: "価格表を見る", Open: open.Open}}}, bot.Limits{Buttons: 1, ButtonLabel: 4},
			[]bot.Message{{Text: "選択\n・価格表を見る", Buttons: []bot.Button{{Label: "価格表…", Open: open.Open}}}}},
		{"buttons with the last cards", bot.Message{Text: "資料", Cards: []bot.Card{{Title: "1"}, {Title: "2"}}, Buttons: []bot.Button{yes}}, bot.Limits{Buttons: 1, Cards: 1},
			[]bot.Message{{Text: "資料", Cards: []bot.Card{{Title: "1"}}}, {Text: "▼", Cards: []bot.Card{{Title: "2"}}, Buttons: []bot.Button{yes}}}},
	} {
		if diff := cmp.Diff(c.want, bot.Fit(c.in, c.l)); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
}

// Fit is pure: it does not even write behind the end of a caller's slice.
func TestFitWritesNowhere(t *testing.T) {
	rows := []bot.Button{{Label: "はい", Press: bot.NewPress("a.yes")}, {Label: "いいえ", Press: bot.NewPress("a.no")}}
	m := bot.Message{Text: "選択", Buttons: rows[:1], Form: &bot.Form{Title: "回答", Open: "https://example.com/f/1"}}
	bot.Fit(m, bot.Limits{Buttons: 5})
	if rows[1].Label != "いいえ" {
		t.Errorf("Fit wrote %q behind the message's buttons", rows[1].Label)
	}
}

func TestCheckSaysWhat(t *testing.T) {
	l := worlds["flex"]
	secret := strings.Repeat("秘", 4501)
	for want, m := range map[string]bot.Message{
		"the text is 4501 long, at most 4500":  {Text: secret},
		"9 buttons, at most 8":                 {Text: "a", Buttons: make([]bot.Button, 9)},
		"buttons without a text":               {Buttons: make([]bot.Button, 1)},
		"11 cards, at most 10":                 {Cards: make([]bot.Card, 11)},
		"a form, but the platform has none":    {Form: &bot.Form{}},
		"a picture stands with something else": {Text: "a", Image: &bot.Image{}},
		"a video, but the platform plays none": {Video: &bot.Video{}},
		"the text is not valid UTF-8":          {Text: "\xff"},
		"card 1: the title is 41 long":         {Cards: []bot.Card{{Title: secret[:41*3]}}},
	} {
		err := l.Check(m)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Check says %v, want %q", err, want)
		} else if strings.Contains(err.Error(), "秘") {
			t.Errorf("Check tells the text itself")
		}
	}
}

func TestCheckOfVideos(t *testing.T) {
	l := bot.Limits{Video: 10, VideoCover: 5, Image: true}
	for want, m := range map[string]bot.Message{
		"a video stands with something else": {Text: "a", Video: &bot.Video{}},
		"too large":                          {Video: &bot.Video{Size: 11}},
	} {
		if err := l.Check(m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Check says %v, want %q", err, want)
		}
	}
	if err := l.Check(bot.Message{Video: &bot.Video{Size: 10, CoverOf: 5}}); err != nil {
		t.Error(err)
	}
}

func TestZoo(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range zoo.Messages() {
		if seen[c.Name] || strings.Trim(c.Name, "abcdefghijklmnopqrstuvwxyz_0123456789") != "" {
			t.Errorf("%q is no good name", c.Name)
		}
		seen[c.Name] = true
		if !utf8.ValidString(c.Message.Text) {
			t.Errorf("%s is not valid UTF-8", c.Name)
		}
		for _, b := range buttonsOf(c.Message) {
			if b.Press.IsZero() == (b.Open == "") {
				t.Errorf("%s: %q does not have exactly one of Press and Open", c.Name, b.Label)
			}
			if p, err := bot.ParsePress(b.Press.Encode()); !b.Press.IsZero() && (err != nil || !reflect.DeepEqual(p, b.Press)) {
				t.Errorf("%s: %q does not come back: %v", c.Name, b.Label, err)
			}
			if b.Open != "" && strings.Contains(c.Message.Text, b.Open) {
				t.Errorf("%s: the text contains a personal link", c.Name)
			}
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d messages", len(seen))
	}
}
