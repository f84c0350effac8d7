package lineworks_test

import (
	"fmt"
	"strings"
	"testing"

	"akari/bot"
	"akari/bot/lineworks"
	"akari/bot/lineworks/lineworkstest"
	"akari/bot/zoo"
)

// To see a golden as LINE WORKS shows it, paste the "contents" of a flex message
// into the Flex simulator that page bot-send-flex links to. The other types have
// no simulator; their pictures are on the pages bot-send-text, -image, -button.
func TestZooGoldens(t *testing.T) {
	w := start(t)
	for _, c := range zoo.Messages() {
		parts := bot.Fit(c.Message, w.Limits())
		if len(parts) == 0 {
			t.Errorf("%s: nothing is left", c.Name)
		}
		for i, m := range parts {
			name := c.Name
			if len(parts) > 1 {
				name = fmt.Sprintf("%s.%d", c.Name, i+1)
			}
			t.Run(name, func(t *testing.T) {
				body := w.post(t, sato, m).Body
				if err := lineworkstest.Judge(body); err != nil {
					t.Errorf("the double refuses it: %v", err)
				}
				if found := lineworkstest.Mentions(body); len(found) > 0 {
					t.Errorf("live mentions: %q", found)
				}
				golden(t, "zoo/"+name+".golden.json", indented(t, body))
			})
		}
	}
}

// The biggest shelf that Fit lets through, in Japanese, stays within the 30 KB
// of a carousel with its pictures.
func TestFullJapaneseShelfFits(t *testing.T) {
	w := start(t)
	l := w.Limits()
	var m bot.Message
	for i := range l.Cards {
		c := bot.Card{
			Title: strings.Repeat("題", l.CardTitle), Text: strings.Repeat("文", l.CardText),
			Image: &bot.Image{URL: "https://akari.example.co.jp/m/" + strings.Repeat("s", 100) + "/card.png", Alt: "絵"},
		}
		for range l.CardButtons {
			c.Buttons = append(c.Buttons, bot.Button{
				Label: strings.Repeat("押", l.ButtonLabel), Press: bot.NewPress("material.send", "m", fmt.Sprintf("price-2026-%d-%s", i, strings.Repeat("k", 60))),
			})
		}
		m.Cards = append(m.Cards, c)
	}
	body := w.post(t, sato, m).Body
	if err := lineworkstest.Judge(body); err != nil {
		t.Error(err)
	}
	if n := strings.Count(string(body), `"hero"`); n != l.Cards {
		t.Errorf("%d pictures are left of %d", n, l.Cards)
	}
}

func TestOversizedShelfLosesItsPicturesFirst(t *testing.T) {
	w := start(t)
	var m bot.Message
	for range 10 {
		m.Cards = append(m.Cards, bot.Card{
			Title: "題", Text: strings.Repeat("文", 300), Image: &bot.Image{URL: "https://akari.example.co.jp/" + strings.Repeat("x", 900)},
			Buttons: []bot.Button{{Label: "開く", Open: "https://akari.example.co.jp/v/" + strings.Repeat("y", 900)}},
		})
	}
	body := w.post(t, sato, m).Body
	if err := lineworkstest.Judge(body); err != nil {
		t.Error(err)
	}
	if strings.Contains(string(body), `"hero"`) || strings.Count(string(body), `"uri":`) != 10 {
		t.Error("the pictures should be gone and every button still there")
	}
	for i := range m.Cards {
		m.Cards[i].Buttons = append(m.Cards[i].Buttons, m.Cards[i].Buttons[0], m.Cards[i].Buttons[0])
	}
	if _, err := w.Render(bot.Delivery{Act: bot.Post, To: sato, Parts: []bot.Message{m}}); err == nil || !strings.Contains(err.Error(), "bytes") {
		t.Errorf("a shelf that cannot fit: got %v", err)
	}
}

func TestRenderShapes(t *testing.T) {
	w := start(t)
	press := bot.Button{Label: "解決した", Press: bot.NewPress("faq.solved", "q", "1")}
	for name, c := range map[string]struct {
		m    bot.Message
		want string
	}{
		"text":   {bot.Message{Text: "こんにちは"}, `{"content":{"type":"text","text":"こんにちは"}}`},
		"image":  {bot.Message{Image: &bot.Image{URL: "https://a.example/p.png", Alt: "図"}}, `{"content":{"type":"image","previewImageUrl":"https://a.example/p.png","originalContentUrl":"https://a.example/p.png"}}`},
		"press":  {bot.Message{Text: "?", Buttons: []bot.Button{press}}, `{"content":{"type":"button_template","contentText":"?","actions":[{"type":"message","label":"解決した","text":"解決した","postback":"faq.solved?q=1"}]}}`},
		"open":   {bot.Message{Text: "?", Buttons: []bot.Button{{Label: "開く", Open: "https://a.example/v/t?a=1&b=2"}}}, `{"content":{"type":"button_template","contentText":"?","actions":[{"type":"uri","label":"開く","uri":"https://a.example/v/t?a=1&b=2"}]}}`},
		"all":    {bot.Message{Text: `<m userId="all"> hi`}, `{"content":{"type":"text","text":"<` + "\u200b" + `m userId=\"all\"> hi"}}`},
		"bubble": {bot.Message{Cards: []bot.Card{{Title: "価格表"}}}, `{"content":{"type":"flex","altText":"価格表","contents":{"type":"bubble","size":"kilo","body":{"type":"box","layout":"vertical","spacing":"sm","contents":[{"type":"text","text":"価格表","weight":"bold","wrap":true}]}}}}`},
	} {
		d := w.post(t, sato, c.m)
		if string(d.Body) != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, d.Body, c.want)
		}
		if again, err := w.Render(d); err != nil || string(again) != string(d.Body) {
			t.Errorf("%s: rendered again it differs", name)
		}
	}
}

func TestRenderRefuses(t *testing.T) {
	w := start(t, func(o *lineworks.Options, _ *lineworkstest.Options) { o.AllowInsecure = true })
	strict, err := lineworks.New(lineworks.Options{
		APIURL: "https://a.example", AuthURL: "https://a.example/t", Connections: []lineworks.Connection{connection(w.bot)},
	})
	if err != nil {
		t.Fatal(err)
	}
	button := func(b bot.Button) bot.Message { return bot.Message{Text: "?", Buttons: []bot.Button{b}} }
	for name, d := range map[string]bot.Delivery{
		"update":           {Act: bot.Update, Parts: []bot.Message{{Text: "a"}}},
		"home":             {Act: bot.Home, Parts: []bot.Message{{Text: "a"}}},
		"two parts":        {Act: bot.Post, Parts: []bot.Message{{Text: "a"}, {Text: "b"}}},
		"no parts":         {Act: bot.Post},
		"nothing":          {Act: bot.Post, Parts: []bot.Message{{}}},
		"too long":         {Act: bot.Post, Parts: []bot.Message{{Text: strings.Repeat("あ", 2001)}}},
		"text and cards":   {Act: bot.Post, Parts: []bot.Message{{Text: "a", Cards: []bot.Card{{Title: "b"}}}}},
		"text and picture": {Act: bot.Post, Parts: []bot.Message{{Text: "a", Image: &bot.Image{URL: "https://a.example/p.png"}}}},
		"form":             {Act: bot.Post, Parts: []bot.Message{{Form: &bot.Form{Name: "x"}}}},
		"http link":        {Act: bot.Post, Parts: []bot.Message{button(bot.Button{Label: "a", Open: "http://a.example"})}},
		"script link":      {Act: bot.Post, Parts: []bot.Message{button(bot.Button{Label: "a", Open: "javascript:alert(1)"})}},
		"endless link":     {Act: bot.Post, Parts: []bot.Message{button(bot.Button{Label: "a", Open: "https://a.example/" + strings.Repeat("x", 1000)})}},
		"neither":          {Act: bot.Post, Parts: []bot.Message{button(bot.Button{Label: "a"})}},
		"http picture":     {Act: bot.Post, Parts: []bot.Message{{Image: &bot.Image{URL: "http://a.example/p.png"}}}},
		"private to none":  {Act: bot.Private, To: bot.Address{Room: "r"}, Parts: []bot.Message{{Text: "a"}}},
	} {
		if d.To == (bot.Address{}) {
			d.To = sato
		}
		if body, err := strict.Render(d); err == nil {
			t.Errorf("%s was rendered: %s", name, body)
		}
	}
	local := bot.Delivery{Act: bot.Post, To: sato, Parts: []bot.Message{button(bot.Button{Label: "a", Open: "http://127.0.0.1:8080/v/t"})}}
	if _, err := w.Render(local); err != nil {
		t.Errorf("with AllowInsecure a local address is fine, got %v", err)
	}
}

func TestOperationFollowsTheAddress(t *testing.T) {
	w := start(t)
	inRoom := bot.Address{Room: "r", User: "u"}
	for _, c := range []struct {
		d    bot.Delivery
		want string
	}{
		{bot.Delivery{Act: bot.Post, To: sato}, lineworks.UsersMessages},
		{bot.Delivery{Act: bot.Post, To: bot.Address{Room: "r", User: "u", Direct: true}}, lineworks.UsersMessages},
		{bot.Delivery{Act: bot.Post, To: inRoom}, lineworks.ChannelsMessages},
		{bot.Delivery{Act: bot.Private, To: inRoom}, lineworks.UsersMessages},
	} {
		if got := w.Operation(c.d); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.d, got, c.want)
		}
	}
}

// What may stand in a room that several people read opens nobody's own link.
func TestSharedZooHasNoPersonalLink(t *testing.T) {
	w := start(t)
	for _, c := range zoo.Shared() {
		for _, m := range bot.Fit(c.Message, w.Limits()) {
			d := w.post(t, room, m)
			if err := lineworkstest.Judge(d.Body); err != nil {
				t.Errorf("%s: %v", c.Name, err)
			}
			if strings.Contains(string(d.Body), "/v/") && !strings.Contains(c.Message.Text, "/v/") && !opens(c.Message) {
				t.Errorf("%s: a personal link in %s", c.Name, d.Body)
			}
		}
	}
}

func opens(m bot.Message) bool {
	all := m.Buttons
	for _, c := range m.Cards {
		all = append(all, c.Buttons...)
	}
	for _, b := range all {
		if b.Open != "" {
			return true
		}
	}
	return false
}
