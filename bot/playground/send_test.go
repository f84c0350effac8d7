package playground_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"akari/bot"
	"akari/bot/playground"
)

// deliver renders and sends, which must work.
func deliver(t testing.TB, p *playground.Platform, d bot.Delivery) string {
	t.Helper()
	receipt, err := attempt(t, p, &d)
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

func attempt(t testing.TB, p *playground.Platform, d *bot.Delivery) (string, error) {
	t.Helper()
	if d.Key == "" {
		d.Key = uuid.NewString()
	}
	body, err := p.Render(*d)
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.Render(*d)
	if err != nil || !bytes.Equal(body, again) {
		t.Fatalf("equal deliveries have unequal bytes: %s %s %v", body, again, err)
	}
	d.Body = body
	return p.Send(t.Context(), *d)
}

func TestASecondAttemptChangesNothing(t *testing.T) {
	p := fixed()
	d := bot.Delivery{Act: bot.Post, To: bot.Address{Room: "aoba"}, Parts: []bot.Message{{Text: "一度だけ"}}}
	if receipt, err := p.Find(t.Context(), bot.Delivery{Key: "x"}); receipt != "" || err != nil {
		t.Errorf("found %q %v", receipt, err)
	}
	first, err := attempt(t, p, &d)
	second, again := attempt(t, p, &d)
	found, lost := p.Find(t.Context(), d)
	if err != nil || again != nil || lost != nil || first != second || found != first || first == "" {
		t.Errorf("%q %v, %q %v, %q %v", first, err, second, again, found, lost)
	}
	if s := stateOf(t, p, "aoba-01", "aoba"); strings.Count(s, `"id":`) != 1 {
		t.Errorf("the room holds %s", s)
	}
}

func TestWhatTheNetworkRefuses(t *testing.T) {
	text := []bot.Message{{Text: "x"}}
	for code, d := range map[string]bot.Delivery{
		"room_not_found":    {Act: bot.Post, To: bot.Address{Room: "nowhere"}, Parts: text},
		"user_not_found":    {Act: bot.Post, To: bot.Address{Direct: true, User: "nobody"}, Parts: text},
		"message_not_found": {Act: bot.Update, Ref: "none", Parts: text},
		"trigger_expired":   {Act: bot.OpenForm, Parts: []bot.Message{askForm()}, Reply: bot.Reply{Token: "made up"}},
		"no_form":           {Act: bot.OpenForm, Parts: text},
		"unknown_act":       {Act: "dance", Parts: text},
	} {
		_, err := attempt(t, fixed(), &d)
		var refused *bot.Refused
		if !errors.As(err, &refused) || refused.Code != code || refused.Down {
			t.Errorf("%s: %v", code, err)
		}
	}
	// Somebody of another partner is not in the room.
	d := bot.Delivery{Act: bot.Private, To: bot.Address{Room: "aoba", User: "midori-01"}, Parts: text}
	if _, err := attempt(t, fixed(), &d); err == nil || err.Error() != "refused: user_not_found" {
		t.Errorf("private to an outsider: %v", err)
	}
	if _, err := fixed().Send(t.Context(), bot.Delivery{Act: bot.Post}); err == nil {
		t.Error("a delivery without a body was sent")
	}
	if _, err := fixed().Render(bot.Delivery{Act: bot.Post, Parts: []bot.Message{{}, {}}}); err == nil {
		t.Error("two messages were rendered as one call")
	}
}

func TestATriggerOpensOneForm(t *testing.T) {
	p := fixed()
	got, err := p.Hear(posted(`{"id":"` + anID + `","kind":"say","as":"aoba-01","room":"aoba","text":"/akari"}`))
	if err != nil || got[0].Reply.Token == "" || !got[0].Reply.Until.After(got[0].Time) {
		t.Fatal(got, err)
	}
	d := bot.Delivery{Act: bot.OpenForm, To: got[0].At, Parts: []bot.Message{askForm()}, Reply: got[0].Reply}
	if _, err := attempt(t, p, &d); err != nil {
		t.Fatal(err)
	}
	if _, err := attempt(t, p, &d); err == nil {
		t.Error("a trigger opened two forms")
	}
}

func TestFacts(t *testing.T) {
	p := fixed()
	person := func(user string) bot.PersonFact {
		f, err := p.Person(t.Context(), bot.Identity{User: user})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	room := func(at bot.Address) bot.RoomFact {
		f, err := p.Room(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	for _, diff := range []string{
		cmp.Diff(bot.PersonFact{Name: "伊藤", Home: true}, person("s-ito")),
		cmp.Diff(bot.PersonFact{Name: "田中 一郎", External: true, Orgs: []string{"p-aoba"}}, person("aoba-01")),
		cmp.Diff(bot.PersonFact{Gone: true}, person("eve")),
		cmp.Diff(bot.RoomFact{Name: "青葉商事様 × 明かりソフト", Orgs: []string{"p-aoba"}, Member: true, Members: 3}, room(bot.Address{Room: "aoba"})),
		cmp.Diff(bot.RoomFact{Name: "パートナー支援", Member: true, Private: true, Members: 2}, room(bot.Address{Room: "staff"})),
		cmp.Diff(bot.RoomFact{Name: "Akari", Member: true, Private: true, Members: 1}, room(bot.Address{Direct: true, User: "aoba-01"})),
		cmp.Diff(bot.RoomFact{Archived: true}, room(bot.Address{Room: "nowhere"})),
	} {
		if diff != "" {
			t.Error(diff)
		}
	}
}

func TestRoomsAreBounded(t *testing.T) {
	p := fixed()
	for i := range 700 {
		deliver(t, p, bot.Delivery{Act: bot.Post, To: bot.Address{Room: "aoba"}, Parts: []bot.Message{{Text: fmt.Sprintf("line %d", i)}}})
	}
	s := stateOf(t, p, "aoba-01", "aoba")
	if n := strings.Count(s, `"id":`); n != 500 || !strings.Contains(s, `"line 699"`) || strings.Contains(s, `"line 199"`) {
		t.Errorf("%d lines are kept", n)
	}
}

func TestTheLiveLineTellsAndEnds(t *testing.T) {
	p := fixed()
	s := httptest.NewServer(p.Pages())
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/play/stream?as=aoba-01", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if kind := answer.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Errorf("the stream is %s", kind)
	}
	lines := bufio.NewScanner(answer.Body)
	next := func() (change struct {
		Rev  int64
		Revs map[string]int64
	}) {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), &change); err != nil {
					t.Fatal(err)
				}
				return change
			}
		}
		t.Fatalf("the stream ends: %v", lines.Err())
		return change
	}
	if c := next(); c.Rev != 0 || len(c.Revs) != 0 {
		t.Errorf("it begins with %+v", c)
	}
	deliver(t, p, bot.Delivery{Act: bot.Post, To: bot.Address{Room: "aoba"}, Parts: []bot.Message{{Text: "x"}}})
	if c := next(); c.Rev != 1 || c.Revs["aoba"] != 1 {
		t.Errorf("it tells %+v", c)
	}
	deliver(t, p, bot.Delivery{Act: bot.Private, To: bot.Address{Room: "aoba", User: "aoba-02"}, Parts: []bot.Message{{Text: "x"}}})
	if c := next(); c.Revs["aoba"] != 1 {
		t.Errorf("it tells of another's private message: %+v", c)
	}
	p.Close()
	p.Close()
	for lines.Scan() {
	}
	if err := lines.Err(); err != nil {
		t.Errorf("the stream is cut: %v", err)
	}
}

func TestThePreviewIsWhatTheOtherPlatformWouldSend(t *testing.T) {
	p := playground.New(playground.Options{
		Personas: func(context.Context) ([]playground.Persona, error) { return people(), nil },
		Previews: []bot.Platform{narrow{}},
	})
	var buttons []bot.Button
	for i := range 5 {
		buttons = append(buttons, bot.Button{Label: fmt.Sprint(i), Press: bot.NewPress("a.b")})
	}
	id := deliver(t, p, bot.Delivery{Act: bot.Post, To: bot.Address{Room: "aoba"}, Parts: []bot.Message{{Text: "五つ", Buttons: buttons}}})
	get := func(query string) (int, playground.Preview) {
		w := httptest.NewRecorder()
		p.Pages().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/play/preview?"+query, nil))
		var got playground.Preview
		if w.Code == http.StatusOK {
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
		}
		return w.Code, got
	}
	code, got := get("as=aoba-01&room=aoba&platform=slack&message=" + id)
	if code != http.StatusOK || got.Error != "" || len(got.Parts) != 3 || len(got.Rendered) != 3 || string(got.Rendered[0]) != `{"content":"五つ","to":"C00000000000000000000000000000000"}` {
		t.Errorf("%d %+v", code, got)
	}
	for _, query := range []string{
		"as=aoba-01&room=aoba&platform=teams&message=" + id,
		"as=midori-01&room=aoba&platform=slack&message=" + id,
		"as=aoba-01&room=aoba&platform=slack&message=none",
	} {
		if code, _ := get(query); code != http.StatusNotFound {
			t.Errorf("%s: %d", query, code)
		}
	}
}
