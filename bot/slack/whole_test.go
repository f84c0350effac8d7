package slack_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"akari/bot"
	"akari/bot/slack"
	"akari/bot/slack/slacktest"
)

// hooks serves a Platform as a bot would, and keeps what it heard. Every hook's
// outcome can be set.
type hooks struct {
	mu      sync.Mutex
	p       *slack.Platform
	heard   []bot.Inbound
	outcome bot.Outcome
}

func (h *hooks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	list, err := h.p.Hear(r)
	if err != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.heard = append(h.heard, list...)
	for _, in := range list {
		status, kind, body := h.p.Answer(in, h.outcome)
		if kind != "" {
			w.Header().Set("Content-Type", kind)
		}
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}
}

func (h *hooks) last(t *testing.T) bot.Inbound {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.heard) == 0 {
		t.Fatal("nothing was heard")
	}
	return h.heard[len(h.heard)-1]
}

// TestConversation plays one conversation through the double: an outsider asks,
// gets a threaded answer, presses its button, gets a form, sends it.
func TestConversation(t *testing.T) {
	s, p := world(t, nil)
	h := &hooks{p: p}
	srv := httptest.NewServer(h)
	defer srv.Close()
	c := s.Caller(srv.URL)

	mention, message := c.Mention("C0AOBA", "U0TANAKA", "価格表は?", "")
	retry := c.Again(mention, 1)
	if !mention.OK() || !message.OK() || !retry.OK() || len(h.heard) != 3 {
		t.Fatalf("%+v %+v %+v", mention, message, retry)
	}
	asked := h.heard[0]
	for _, in := range h.heard {
		if in.EffectKey != asked.EffectKey || in.Text != "価格表は?" || in.From.User != "U0TANAKA" || in.At.Thread != mention.TS {
			t.Errorf("heard %+v", in)
		}
	}
	if h.heard[2].Key != asked.Key || h.heard[1].Key == asked.Key {
		t.Errorf("keys %q %q %q", asked.Key, h.heard[1].Key, h.heard[2].Key)
	}

	d := inRoom("")
	d.To = asked.At
	ts, err := send(t, p, d)
	if err != nil {
		t.Fatal(err)
	}
	if all := s.Messages("C0AOBA"); len(all) != 2 || all[1].ThreadTS != mention.TS || s.Delivered()[key1] != 1 {
		t.Fatalf("the room shows %+v", all)
	}

	if x := c.Press("U0TANAKA", "C0AOBA", ts, "解決した"); !x.OK() || len(x.Body) != 0 {
		t.Fatalf("%+v", x)
	}
	pressed := h.last(t)
	if pressed.Kind != bot.Pressed || pressed.Name != "faq.solved" || pressed.Args.Get("q") != "1" || pressed.At.Thread != mention.TS || pressed.Message != ts {
		t.Errorf("pressed %+v", pressed)
	}
	if x := c.Press("U0TANAKA", "C0AOBA", ts, "開く"); !x.OK() || h.last(t).Name != slack.LinkOpened {
		t.Errorf("a link button: %+v, %+v", x, h.last(t))
	}

	form := bot.Delivery{Key: key1, Act: bot.OpenForm, To: pressed.At, Reply: pressed.Reply, Parts: []bot.Message{{Form: &bot.Form{
		Name: "gap.answer", Draft: "d1", Args: url.Values{"g": {"7"}}, Title: "回答", Submit: "送る", Fields: []bot.Field{
			{Name: "answer", Label: "回答", Kind: bot.Lines, Required: true},
			{Name: "topics", Label: "分野", Kind: bot.Choices, Options: []bot.Option{{Label: "価格", Value: "price"}, {Label: "契約", Value: "contract"}}},
			{Name: "partner", Label: "パートナー", Kind: bot.Choice, Load: "partner.choices"},
			{Name: "until", Label: "期限", Kind: bot.Date, Value: []string{"2027-03-31"}},
		},
	}}}}
	view, err := send(t, p, form)
	if err != nil {
		t.Fatal(err)
	}
	h.outcome = bot.Outcome{Options: []bot.Option{{Label: "青葉商事", Value: "p-aoba"}}}
	if x := c.Load("U0TANAKA", view, "partner.choices", "青"); !x.OK() || !strings.Contains(string(x.Body), `"p-aoba"`) || h.last(t).Text != "青" {
		t.Errorf("choices: %s", x.Body)
	}
	h.outcome = bot.Outcome{Errors: map[string]string{"answer": "短すぎます"}}
	values := map[string]any{"answer": "x", "topics": []string{"price", "contract"}, "partner": "p-aoba"}
	if x := c.Submit("U0TANAKA", view, values); string(x.Body) != `{"response_action":"errors","errors":{"answer":"短すぎます"}}` {
		t.Errorf("refused: %s", x.Body)
	}
	first := h.last(t)
	h.outcome = bot.Outcome{}
	values["answer"] = "90日です"
	if x := c.Submit("U0TANAKA", view, values); !x.OK() || len(x.Body) != 0 {
		t.Errorf("accepted: %+v", x)
	}
	done := h.last(t)
	want := url.Values{"g": {"7"}, "answer": {"90日です"}, "topics": {"price", "contract"}, "partner": {"p-aoba"}}
	if done.Kind != bot.Submitted || done.Draft != "d1" || done.Key == first.Key || done.Args.Encode() != want.Encode() || done.At != pressed.At {
		t.Errorf("submitted %+v, want %v at %+v", done, want, pressed.At)
	}
}

func TestOtherDoors(t *testing.T) {
	s, p := world(t, nil)
	h := &hooks{p: p}
	srv := httptest.NewServer(h)
	defer srv.Close()
	c := s.Caller(srv.URL)

	if x := c.Command("U0ITO", "C0AOBA", "/campaign", "list"); !x.OK() || h.last(t).Name != "campaign" || h.last(t).Text != "list" {
		t.Errorf("command: %+v, %+v", x, h.last(t))
	}
	answer := inRoom("C0AOBA")
	answer.Act, answer.To, answer.Reply = bot.Private, h.last(t).At, h.last(t).Reply
	if _, err := send(t, p, answer); err != nil || p.Operation(answer) != "response_url" || s.Messages("C0AOBA")[0].Ephemeral != "U0ITO" {
		t.Errorf("the command's answer: %v", err)
	}
	if x := c.HomeOpened("U0TANAKA"); !x.OK() || h.last(t).Kind != bot.Opened || !h.last(t).At.Direct {
		t.Errorf("home: %+v", h.last(t))
	}
	if x := c.Joined("C0AOBA", "U0TANAKA"); !x.OK() || h.last(t).Kind != bot.Joined || h.last(t).From.User != "U0TANAKA" {
		t.Errorf("joined: %+v", h.last(t))
	}
	if x := c.Joined("C0AOBA", s.BotUser); !x.OK() || h.last(t).From.User != "" {
		t.Errorf("the bot joined: %+v", h.last(t))
	}
	if x := c.Direct("U0TANAKA", "在庫は?"); !x.OK() || h.last(t).Via != bot.Direct || h.last(t).At.Room != s.DirectRoom("U0TANAKA") {
		t.Errorf("direct: %+v", h.last(t))
	}
	n := len(h.heard)
	if x := c.Say("C0AOBA", "U0TANAKA", "お昼どうしますか", ""); !x.OK() || len(h.heard) != n {
		t.Errorf("chatter was heard: %+v", h.last(t))
	}
	r := c.NewRequest(slacktest.Events, "application/json", []byte(`{}`))
	r.Header.Set("X-Slack-Signature", slacktest.Sign("wrong", 1, []byte(`{}`)))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("a forgery was answered %d", res.StatusCode)
	}
}
