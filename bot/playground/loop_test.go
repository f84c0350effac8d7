package playground_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/uuid"

	"akari/bot"
	"akari/bot/playground"
	"akari/web"
)

// people are two partners' reps, a member of staff and a manager.
func people() []playground.Persona {
	shared := func(id, name string) playground.Room {
		return playground.Room{ID: id, Name: name, Kind: playground.KindShared}
	}
	aoba, midori := shared("aoba", "青葉商事様 × 明かりソフト"), shared("midori", "みどり販売様 × 明かりソフト")
	staffRoom := playground.Room{ID: "staff", Name: "パートナー支援", Kind: playground.KindStaff}
	direct := func(user string) playground.Room {
		return playground.Room{ID: "direct-" + user, Name: "Akari", Kind: playground.KindDirect}
	}
	return []playground.Persona{
		{User: "aoba-01", Name: "田中 一郎", Side: playground.SideMember, Partner: "p-aoba", PartnerName: "青葉商事", Role: "営業", Rooms: []playground.Room{aoba, direct("aoba-01")}},
		{User: "aoba-02", Name: "佐藤 花子", Side: playground.SideMember, Partner: "p-aoba", PartnerName: "青葉商事", Role: "営業リーダー", Rooms: []playground.Room{aoba, direct("aoba-02")}},
		{User: "midori-01", Name: "鈴木 健", Side: playground.SideMember, Partner: "p-midori", PartnerName: "みどり販売", Role: "営業", Rooms: []playground.Room{midori, direct("midori-01")}},
		{User: "s-ito", Name: "伊藤", Side: playground.SideStaff, Role: "パートナー営業部", Rooms: []playground.Room{aoba, midori, staffRoom, direct("s-ito")}},
		{User: "s-mori", Name: "森", Side: playground.SideStaff, Role: "部長", Rooms: []playground.Room{staffRoom, direct("s-mori")}},
	}
}

// server is the smallest real road in and out around a playground: Hear, a
// handler, Fit, Render, Send, Answer.
type server struct {
	*httptest.Server
	p      *playground.Platform
	handle func(*server, bot.Inbound) bot.Outcome

	mu    sync.Mutex
	heard []bot.Inbound
}

// words reads the page's sentences as they are shipped.
func words(t testing.TB, lang string) func(string) string {
	raw, err := os.ReadFile("../../content/words/play/" + lang + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]string
	if err := yaml.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return func(key string) string {
		s, ok := m[key]
		if !ok {
			t.Errorf("the word %s does not exist in %s", key, lang)
		}
		return s
	}
}

func page(t testing.TB) http.Handler {
	made := map[string]web.PlayPage{}
	for _, lang := range []string{"ja", "en"} {
		say := words(t, lang)
		made[lang] = web.NewPlayPage(web.Frame{
			Lang: lang, Title: say("play.title"), Vendor: "明かりソフト パートナー支援窓口",
			Langs: []web.LangLink{
				{Lang: "ja", Label: "日本語", URL: "/play?lang=ja", Current: lang == "ja"},
				{Lang: "en", Label: "English", URL: "/play?lang=en", Current: lang == "en"},
			},
		}, "Akari", say)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lang := "ja"
		if r.URL.Query().Get("lang") == "en" {
			lang = "en"
		}
		if err := web.Serve(w, http.StatusOK, "play.html", made[lang]); err != nil {
			t.Errorf("the page: %v", err)
		}
	})
}

func newServer(t testing.TB, handle func(*server, bot.Inbound) bot.Outcome, previews ...bot.Platform) *server {
	s := &server{handle: handle}
	s.p = playground.New(playground.Options{
		Personas: func(context.Context) ([]playground.Persona, error) { return people(), nil },
		Page:     page(t), Previews: previews,
	})
	mux := http.NewServeMux()
	mux.Handle("/play", playground.Guard("", s.p.Pages()))
	mux.Handle("/play/", playground.Guard("", s.p.Pages()))
	mux.Handle("/hooks/playground", playground.Guard("", http.HandlerFunc(s.hook)))
	mux.Handle("/static/", web.Static())
	mux.HandleFunc("/m/cover.png", cover)
	mux.HandleFunc("/v/{token}", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("opened")) })
	s.Server = httptest.NewServer(mux)
	t.Cleanup(func() { s.p.Close(); s.Server.Close() })
	return s
}

func (s *server) hook(w http.ResponseWriter, r *http.Request) {
	list, err := s.p.Hear(r)
	switch {
	case errors.Is(err, bot.ErrSignature):
		w.WriteHeader(http.StatusUnauthorized)
		return
	case err != nil:
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	for _, in := range list {
		s.mu.Lock()
		known := slices.ContainsFunc(s.heard, func(o bot.Inbound) bool { return o.Key == in.Key })
		s.heard = append(s.heard, in)
		s.mu.Unlock()
		var out bot.Outcome
		if !known {
			out = s.handle(s, in)
		}
		status, kind, body := s.p.Answer(in, out)
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}
}

// last answers the newest inbound.
func (s *server) last() bot.Inbound {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.heard) == 0 {
		return bot.Inbound{}
	}
	return s.heard[len(s.heard)-1]
}

// texts are the words of everything heard, in order.
func (s *server) texts() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	texts := make([]string, len(s.heard))
	for i, in := range s.heard {
		texts[i] = in.Text
	}
	return texts
}

// send sends every part of a message, as the real sender would.
func (s *server) send(act bot.Act, to bot.Address, m bot.Message, in bot.Inbound, ref string) (string, error) {
	receipt := ""
	for _, part := range bot.Fit(m, s.p.Limits()) {
		d := bot.Delivery{Key: uuid.NewString(), Act: act, To: to, Parts: []bot.Message{part}, Reply: in.Reply, Ref: ref, Attempt: 1}
		body, err := s.p.Render(d)
		if err != nil {
			return "", err
		}
		d.Body = body
		if receipt, err = s.p.Send(context.Background(), d); err != nil {
			return "", err
		}
	}
	return receipt, nil
}

func (s *server) mustSend(act bot.Act, to bot.Address, m bot.Message, in bot.Inbound) {
	if _, err := s.send(act, to, m, in, ""); err != nil {
		panic(err)
	}
}

func askForm() bot.Message {
	return bot.Message{Text: "担当者に聞く", Form: &bot.Form{
		Name: "gap.create", Draft: uuid.NewString(), Args: url.Values{"gap": {"7"}},
		Title: "担当者に聞く", Text: "内容を確認して、担当者にお送りします。", Submit: "送信する", Cancel: "やめる",
		Fields: []bot.Field{
			{Name: "question", Label: "質問", Kind: bot.Lines, Required: true, Value: []string{"保守契約の解約について"}, Max: 1000},
			{Name: "urgency", Label: "お急ぎ度", Kind: bot.Choice, Options: []bot.Option{{Label: "本日中", Value: "today"}, {Label: "今週中", Value: "week"}}},
			{Name: "topics", Label: "分野", Kind: bot.Choices, Options: []bot.Option{{Label: "価格", Value: "price"}, {Label: "契約", Value: "contract"}}},
			{Name: "customer", Label: "お客様", Hint: "お客様名の一部で絞り込めます", Kind: bot.Choice, Load: "customers"},
			{Name: "due", Label: "希望日", Kind: bot.Date},
		},
	}}
}

// conversation is a bot with one of everything.
func conversation(s *server, in bot.Inbound) bot.Outcome {
	to := in.At
	base := s.URL
	switch in.Kind {
	case bot.Said:
		if in.Via == bot.Ambient {
			return bot.Outcome{}
		}
		if strings.Contains(in.Text, "latest") {
			s.mustSend(bot.Post, to, bot.Message{Text: "Here is the latest price list.", Buttons: []bot.Button{{Label: "Price list FY2026 H2", Press: bot.NewPress("material.send", "m", "price")}}}, in)
			return bot.Outcome{}
		}
		s.mustSend(bot.Post, to, bot.Message{
			Text: "最新の価格表は「価格表 2026年度下期」です。2026年10月1日以降のお見積りにご利用ください。\n・1〜49名: 1名あたり月額 1,200円\n・50名以上: 担当者へお問い合わせください\n詳しくは https://example.com/price をご覧ください。",
			Cards: []bot.Card{
				{Title: "価格表 2026年度下期", Text: "PDF・4ページ・第3版", Image: &bot.Image{URL: base + "/m/cover.png", Alt: "価格表の表紙"}, Buttons: []bot.Button{{Label: "資料 価格表 2026年度下期", Press: bot.NewPress("material.send", "m", "price")}}},
				{Title: "値引き申請の手引き", Text: "申請の流れと承認の目安", Image: &bot.Image{URL: base + "/m/missing.png", Alt: "手引きの表紙"}, Buttons: []bot.Button{{Label: "資料 値引き申請の手引き", Press: bot.NewPress("material.send", "m", "discount")}}},
			},
			Buttons: []bot.Button{
				{Label: "解決した", Press: bot.NewPress("faq.solved"), Style: bot.Primary},
				{Label: "解決しない", Press: bot.NewPress("faq.unsolved")},
				{Label: "担当者に聞く", Press: bot.NewPress("gap.ask")},
			},
		}, in)
	case bot.Pressed:
		pressed(s, in, base)
	case bot.Commanded:
		to.User = in.From.User
		s.mustSend(bot.Private, to, bot.Message{Text: "使い方: 質問を書いて送ってください。 (" + in.Name + " " + in.Text + ")", Private: true}, in)
	case bot.Submitted:
		if in.Args.Get("question") == "" {
			return bot.Outcome{Errors: map[string]string{"question": "質問を入力してください。"}}
		}
		s.mustSend(bot.Post, to, bot.Message{Text: "承りました(" + in.Args.Get("gap") + "): " + in.Args.Get("question") + " " + strings.Join(in.Args["topics"], "+") + " " + in.Args.Get("customer")}, in)
	case bot.Loaded:
		var found []bot.Option
		for _, name := range []string{"山田製作所", "山本工業", "川上食品"} {
			if strings.Contains(name, in.Text) {
				found = append(found, bot.Option{Label: name, Value: "c-" + name})
			}
		}
		return bot.Outcome{Options: found}
	case bot.Opened:
		s.mustSend(bot.Home, bot.Address{User: in.From.User, Direct: true}, bot.Message{Text: "よく使うもの", Buttons: []bot.Button{{Label: "資料を探す", Press: bot.NewPress("menu.materials")}}}, in)
	case bot.Joined:
		s.mustSend(bot.Post, to, bot.Message{Text: "はじめまして。ご質問は @Akari を付けてお書きください。"}, in)
	}
	return bot.Outcome{}
}

func pressed(s *server, in bot.Inbound, base string) {
	to := in.At
	to.User = in.From.User
	switch in.Name {
	case "material.send":
		s.mustSend(bot.Private, to, bot.Message{Text: "資料をお送りします。このリンクはあなた専用です。", Private: true, Buttons: []bot.Button{{Label: "開く", Open: base + "/v/abc"}}}, in)
	case "gap.ask":
		s.mustSend(bot.OpenForm, to, askForm(), in)
	case "faq.solved":
		if _, err := s.send(bot.Update, to, bot.Message{Text: "お役に立ててうれしいです。"}, in, in.Message); err != nil {
			panic(err)
		}
	case "faq.unsolved":
		if _, err := s.send(bot.Delete, to, bot.Message{Text: "-"}, in, in.Message); err != nil {
			panic(err)
		}
	default:
		s.mustSend(bot.Post, to, bot.Message{Text: "押されました: " + in.Name}, in)
	}
}

// cover is a picture on our own host.
func cover(w http.ResponseWriter, _ *http.Request) {
	img := image.NewRGBA(image.Rect(0, 0, 480, 270))
	for y := range 270 {
		for x := range 480 {
			img.Set(x, y, color.RGBA{uint8(240 - x/8), uint8(200 - y/4), uint8(120 + x/6), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(b.Bytes())
}

// eventually waits for something that comes by itself.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(25 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("this did not come true: %s", what)
}
