package slack_test

import (
	"os"
	"path/filepath"
	"testing"

	"akari/bot"
)

// TestActs renders one message for every way of sending. The files are the bodies
// of the methods that are named in them; "blocks" can be pasted into the Block Kit
// Builder: https://app.slack.com/block-kit-builder.
func TestActs(t *testing.T) {
	p := newPlatform(t, nil)
	room := bot.Address{Platform: "slack", Connection: "slack", Room: "C0AOBA", User: "U0TANAKA", Thread: "1790000000.000100"}
	direct := bot.Address{Platform: "slack", Connection: "slack", User: "U0TANAKA", Direct: true}
	const response = "https://hooks.slack.com/actions/T0VENDOR/1/abc"
	for name, c := range map[string]struct {
		d      bot.Delivery
		method string
	}{
		"post":            {bot.Delivery{Act: bot.Post, To: room}, "chat.postMessage"},
		"post_direct":     {bot.Delivery{Act: bot.Post, To: direct}, "chat.postMessage"},
		"private":         {bot.Delivery{Act: bot.Private, To: room}, "chat.postEphemeral"},
		"private_direct":  {bot.Delivery{Act: bot.Private, To: direct}, "chat.postMessage"},
		"private_reply":   {bot.Delivery{Act: bot.Private, To: room, Reply: bot.Reply{URL: response}}, "response_url"},
		"private_foreign": {bot.Delivery{Act: bot.Private, To: room, Reply: bot.Reply{URL: "https://evil.example/actions/1"}}, "chat.postEphemeral"},
		"update":          {bot.Delivery{Act: bot.Update, To: room, Ref: "1790000001.000200"}, "chat.update"},
		"delete":          {bot.Delivery{Act: bot.Delete, To: room, Ref: "1790000001.000200"}, "chat.delete"},
		"home":            {bot.Delivery{Act: bot.Home, To: direct}, "views.publish"},
	} {
		t.Run(name, func(t *testing.T) {
			c.d.Key = key1
			if c.d.Act != bot.Delete {
				c.d.Parts = []bot.Message{{Text: "価格表はこちらです", Buttons: []bot.Button{{Label: "資料:価格表", Press: bot.NewPress("material.send", "m", "p")}}}}
			}
			if got := p.Operation(c.d); got != c.method {
				t.Errorf("operation %s, want %s", got, c.method)
			}
			if c.d.Act == bot.Delete {
				body, err := p.Render(c.d)
				if err != nil || string(body) != `{"channel":"C0AOBA","ts":"1790000001.000200"}` {
					t.Errorf("%s, %v", body, err)
				}
				return
			}
			compareGolden(t, p, filepath.Join("testdata", "acts", name+".golden.json"), c.d)
		})
	}
	if files, err := os.ReadDir("testdata/acts"); err != nil || len(files) != 8 {
		t.Errorf("%d files lie in testdata/acts, %v", len(files), err)
	}
}

// TestRenderRefuses: what cannot become a call fails when it is rendered, with
// words that name the delivery.
func TestRenderRefuses(t *testing.T) {
	p := newPlatform(t, nil)
	room := bot.Address{Room: "C1", User: "U1"}
	say := []bot.Message{{Text: "x"}}
	form := func(change func(*bot.Form)) bot.Delivery {
		f := &bot.Form{Name: "a.b", Draft: "d", Title: "x", Submit: "x", Fields: []bot.Field{{Name: "a", Label: "x", Kind: bot.Line}}}
		change(f)
		return bot.Delivery{Act: bot.OpenForm, To: room, Reply: bot.Reply{Token: "t"}, Parts: []bot.Message{{Form: f}}}
	}
	field := func(f bot.Field) bot.Delivery {
		return form(func(x *bot.Form) { x.Fields = []bot.Field{f} })
	}
	many := make([]bot.Option, 101)
	for name, d := range map[string]bot.Delivery{
		"nothing":              {Act: bot.Post, To: room},
		"two parts":            {Act: bot.Post, To: room, Parts: append(say, say...)},
		"empty":                {Act: bot.Post, To: room, Parts: []bot.Message{{}}},
		"nowhere":              {Act: bot.Post, Parts: say},
		"update of nothing":    {Act: bot.Update, To: room, Parts: say},
		"delete of nothing":    {Act: bot.Delete, To: room},
		"private to nobody":    {Act: bot.Private, To: bot.Address{Room: "C1"}, Parts: say},
		"home of nobody":       {Act: bot.Home, To: bot.Address{Room: "C1"}, Parts: say},
		"form without a form":  {Act: bot.OpenForm, To: room, Reply: bot.Reply{Token: "t"}, Parts: say},
		"form without trigger": {Act: bot.OpenForm, To: room, Parts: form(func(*bot.Form) {}).Parts},
		"button opens a file":  {Act: bot.Post, To: room, Parts: []bot.Message{{Text: "x", Buttons: []bot.Button{{Label: "x", Open: "file:///etc/passwd"}}}}},
		"button opens script":  {Act: bot.Post, To: room, Parts: []bot.Message{{Text: "x", Buttons: []bot.Button{{Label: "x", Open: "javascript:alert(1)"}}}}},
		"button does nothing":  {Act: bot.Post, To: room, Parts: []bot.Message{{Text: "x", Buttons: []bot.Button{{Label: "x"}}}}},
		"button says nothing":  {Act: bot.Post, To: room, Parts: []bot.Message{{Text: "x", Buttons: []bot.Button{{Label: " ", Press: bot.NewPress("a")}}}}},
		"picture from nowhere": {Act: bot.Post, To: room, Parts: []bot.Message{{Text: "x", Image: &bot.Image{URL: "x.png", Alt: "x"}}}},
		"no title":             form(func(f *bot.Form) { f.Title = "" }),
		"no submit":            form(func(f *bot.Form) { f.Submit = "" }),
		"no fields, no text":   form(func(f *bot.Form) { f.Fields = nil }),
		"field twice":          form(func(f *bot.Form) { f.Fields = append(f.Fields, f.Fields...) }),
		"long arguments":       form(func(f *bot.Form) { f.Args = map[string][]string{"x": {string(make([]byte, 3000))}} }),
		"field without a name": field(bot.Field{Label: "x", Kind: bot.Line}),
		"odd kind":             field(bot.Field{Name: "a", Label: "x", Kind: "photo"}),
		"no choices":           field(bot.Field{Name: "a", Label: "x", Kind: bot.Choice}),
		"101 choices":          field(bot.Field{Name: "a", Label: "x", Kind: bot.Choices, Options: many}),
		"choice twice":         field(bot.Field{Name: "a", Label: "x", Kind: bot.Choice, Options: []bot.Option{{Label: "x", Value: "1"}, {Label: "y", Value: "1"}}}),
		"odd date":             field(bot.Field{Name: "a", Label: "x", Kind: bot.Date, Value: []string{"tomorrow"}}),
	} {
		if body, err := p.Render(d); err == nil {
			t.Errorf("%s became %s", name, body)
		}
	}
}
