package whole_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"akari/bot/line/linetest"
	"akari/bot/lineworks/lineworkstest"
	"akari/bot/slack/slacktest"
	"akari/internal/whole"
)

const (
	asJSON = "application/json"
	asForm = "application/x-www-form-urlencoded"
)

// hook is one way in, a good body for it, and how it is signed.
type hook struct {
	name, path string
	body       []byte
	sign       func(body []byte) map[string]string
}

func (h *house) hooks() []hook {
	slack := func(kind string) func([]byte) map[string]string {
		return func(b []byte) map[string]string { return h.SlackHeader(kind, b, time.Now()) }
	}
	m := slacktest.Message{TS: "1700000000.000100", BotID: "B0BOT", Text: "x"}
	press := whole.JSON(h.call.Pressed(whole.Member(0), whole.Room(0), m, slacktest.Button{ActionID: "a", Value: "faq.solved", Label: "解決した"}))
	return []hook{
		{"slack events", slacktest.Events, h.SlackEvent(h.call, "message", "EvGOOD", whole.Room(0), whole.Member(0), whole.Question, h.Slack.Say(whole.Room(0), whole.Member(0), "x", "")), slack(asJSON)},
		{"slack interactions", slacktest.Interactions, []byte(url.Values{"payload": {string(press)}}.Encode()), slack(asForm)},
		{"slack commands", slacktest.Commands, []byte(url.Values{"command": {"/akari"}, "text": {"help"}, "user_id": {whole.Member(0)}, "channel_id": {whole.Room(0)}, "team_id": {"T0VENDOR"}, "api_app_id": {h.Slack.AppID}, "trigger_id": {"1.2.3"}}.Encode()), slack(asForm)},
		{"lineworks", "/hooks/lineworks/aoba", whole.JSON(h.Aoba.Says("works-1", "", whole.Question, time.Now())), h.WorksHeader},
		{"line", "/hooks/line", linetest.Body(h.Line.Said(linetest.Source{User: linetest.UserID(1)}, whole.Question, "")), h.LineHeader},
	}
}

func (h *house) post(t *testing.T, path string, body []byte, header map[string]string) int {
	t.Helper()
	status, err := whole.Post(t.Context(), hooks, h.URL+path, body, header)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return status
}

func (h *house) recorded(t *testing.T) int {
	t.Helper()
	return number(t, h.db, "SELECT COUNT(*) FROM v_inbound")
}

func TestNothingComesInWithoutTheRightSignature(t *testing.T) {
	h := open(t, "sqlite", nil)
	before := h.recorded(t)
	for _, k := range h.hooks() {
		good := k.sign(k.body)
		with := func(name, value string) map[string]string {
			out := map[string]string{}
			for key, v := range good {
				out[key] = v
			}
			if out[name] = value; value == "" {
				delete(out, name)
			}
			return out
		}
		name := "X-Slack-Signature"
		for n := range good {
			if strings.HasSuffix(n, "-Signature") {
				name = n
			}
		}
		bad := map[string]map[string]string{
			"none": with(name, ""), "another body's": with(name, k.sign([]byte("{}"))[name]), "short": with(name, good[name][:20]),
			"rubbish": with(name, "v0=zz"), "the other platform's scheme": with(name, "v1="+good[name]),
		}
		if strings.HasPrefix(k.name, "slack") {
			for _, off := range []time.Duration{-6 * time.Minute, 6 * time.Minute, -24 * time.Hour} {
				bad["time "+off.String()] = h.SlackHeader(good["Content-Type"], k.body, time.Now().Add(off))
			}
			for _, ts := range []string{"", "x", "-1", "99999999999999999999", " 1", "1e9"} {
				bad["timestamp "+ts] = with("X-Slack-Request-Timestamp", ts)
			}
		}
		if k.name == "lineworks" {
			bad["another bot"] = with("X-WORKS-BotId", "1")
			bad["no bot"] = with("X-WORKS-BotId", "")
		}
		for what, header := range bad {
			status, answer := answerOf(t, h.URL+k.path, k.body, header)
			if status != http.StatusUnauthorized || answer != "" {
				t.Errorf("%s, signature %s: %d %q, want 401 and no word", k.name, what, status, answer)
			}
		}
		if out := h.Output(); strings.Contains(out, strings.TrimPrefix(good[name], "v0=")) || strings.Contains(out, "xoxb-") || strings.Contains(out, "bot-secret") {
			t.Errorf("%s: the log holds a signature or a secret", k.name)
		}
	}
	if status := h.post(t, "/hooks/lineworks/nobody", []byte("{}"), h.WorksHeader([]byte("{}"))); status != http.StatusNotFound {
		t.Errorf("an unknown connection: %d, want 404", status)
	}
	if after := h.recorded(t); after != before {
		t.Errorf("%d inbounds were stored", after-before)
	}
}

func answerOf(t *testing.T, url string, body []byte, header map[string]string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		r.Header.Set(k, v)
	}
	res, err := hooks.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(text)
}

// TestBadBodiesDoNoHarm: too large, too deep, not text, not ours, not known. The
// program stays up, small and quick.
func TestBadBodiesDoNoHarm(t *testing.T) {
	h := open(t, "sqlite", nil)
	idle, err := h.Usage()
	if err != nil {
		t.Fatal(err)
	}
	big := bytes.Repeat([]byte("あ"), 10<<20/3)
	deep := 100_000
	nested := func(open, inner, end string) []byte {
		return []byte(strings.Repeat(open, deep) + inner + strings.Repeat(end, deep))
	}
	for _, k := range h.hooks() {
		var all sync.WaitGroup
		var refused atomic.Int64
		for range 8 {
			all.Go(func() {
				// An error is the connection closed while we were still writing.
				status, err := whole.Post(t.Context(), hooks, h.URL+k.path, big, k.sign(big))
				if err == nil && status != http.StatusRequestEntityTooLarge {
					t.Errorf("%s, 10 MB: %d, want 413", k.name, status)
				} else if err == nil {
					refused.Add(1)
				}
			})
		}
		all.Wait()
		if refused.Load() == 0 {
			t.Errorf("%s, 10 MB: never answered 413", k.name)
		}
		bodies := map[string][]byte{
			"a deep list": nested("[", "", "]"), "a deep object": nested(`{"event":`, "1", "}"), "empty": {}, "null": []byte("null"), "a number": []byte("7"),
			"no JSON": []byte("{"), "not text": []byte("{\"type\":\"event_callback\",\"event_id\":\"\xff\xfe\",\"event\":{\"text\":\"\xc3\x28\"}}"),
			"the good one cut": k.body[:len(k.body)/2],
		}
		if strings.Contains(k.sign(nil)["Content-Type"], "form") {
			for what, b := range bodies {
				bodies[what] = []byte(url.Values{"payload": {string(b)}}.Encode())
			}
			bodies["no form"] = []byte("%zz&&;=")
		}
		for what, b := range bodies {
			if status := h.post(t, k.path, b, k.sign(b)); status >= 500 {
				t.Errorf("%s, %s: %d", k.name, what, status)
			}
		}
		// Inside a good envelope: deep nesting in a field that nobody reads.
		if k.sign(nil)["Content-Type"] != asForm {
			body := append([]byte(`{"extra":`+string(nested("[", "", "]"))+`,`), k.body[1:]...)
			if status := h.post(t, k.path, body, k.sign(body)); status >= 500 {
				t.Errorf("%s, a deep field in a good body: %d", k.name, status)
			}
		}
	}
	used, err := h.Usage()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("memory %d MB idle, %d MB after 40 bodies of 10 MB and nesting of 10⁵", idle.RSS>>20, used.RSS>>20)
	if used.RSS > idle.RSS+200<<20 {
		t.Errorf("memory grew from %d to %d MB", idle.RSS>>20, used.RSS>>20)
	}
	if n := number(t, h.db, "SELECT COUNT(*) FROM v_inbound WHERE outcome = 'failed'"); n > 10 {
		t.Errorf("%d bodies failed inside", n)
	}
}

// TestUnknownThingsAreDataNotErrors: 200, on record, no effect, no content.
func TestUnknownThingsAreDataNotErrors(t *testing.T) {
	h := open(t, "sqlite", nil)
	slack := func(inner map[string]any, id string) hook {
		b := h.call.Envelope(id, inner, whole.Member(0))
		return hook{"slack " + fmt.Sprint(inner["type"]), slacktest.Events, b, func(b []byte) map[string]string { return h.SlackHeader(asJSON, b, time.Now()) }}
	}
	works := func(b []byte) hook { return hook{"lineworks", "/hooks/lineworks/aoba", b, h.WorksHeader} }
	me := linetest.Source{User: linetest.UserID(1)}
	for i, k := range []hook{
		slack(map[string]any{"type": "no_such_event", "user": whole.Member(0)}, "EvU1"),
		slack(map[string]any{"type": "message", "subtype": "no_such_subtype", "channel": whole.Room(0), "ts": "1700000000.000001"}, "EvU2"),
		works([]byte(`{"type":"no_such_type","source":{"userId":"works-9"},"issuedTime":"2026-11-25T03:00:00.000Z"}`)),
		works([]byte(`{"type":"message","source":{"userId":"works-9"},"issuedTime":"2026-11-25T03:00:00.000Z","content":{"type":"hologram"}}`)),
		{"line", "/hooks/line", linetest.Body(h.Line.NewEvent("hologram", me)), h.LineHeader},
		{"line verify", "/hooks/line", linetest.Body(), h.LineHeader},
	} {
		if status := h.post(t, k.path, k.body, k.sign(k.body)); status != http.StatusOK {
			t.Errorf("%d %s: %d, want 200", i, k.name, status)
		}
	}
	// Somebody whose organisation is nobody's partner, in a partner's room and alone.
	h.call.Mention(whole.Room(0), "U0STRANGER", whole.Question, "")
	h.call.Direct("U0STRANGER", whole.Question)
	h.call.Mention("C0NEW", whole.Member(1), whole.Question, "")
	wait(t, 15*time.Second, "all of it on record", func() bool {
		return number(t, h.db, "SELECT COUNT(*) FROM v_inbound WHERE outcome = 'waiting'") == 0 &&
			number(t, h.db, "SELECT COUNT(*) FROM v_inbound WHERE outcome = 'unknown_person'") == 2 &&
			number(t, h.db, "SELECT COUNT(*) FROM v_inbound WHERE outcome = 'unmapped_room'") == 1 &&
			number(t, h.db, "SELECT COUNT(*) FROM v_delivery WHERE state IN ('queued','sending')") == 0
	})
	for _, room := range []string{whole.Room(0), "C0NEW", h.Slack.DirectRoom("U0STRANGER")} {
		for _, m := range h.Slack.Messages(room) {
			if m.BotID != "" && strings.Contains(m.Text+string(m.Blocks), whole.Answer) {
				t.Errorf("content went to %s: %q", room, m.Text)
			}
		}
	}
	if n := number(t, h.db, "SELECT COUNT(*) FROM v_event WHERE kind = 'answered'"); n != 0 {
		t.Errorf("%d were answered", n)
	}
	for _, row := range table(t, h.db, "SELECT platform, kind, outcome, COUNT(*) FROM v_inbound GROUP BY 1, 2, 3") {
		if row[2] == "failed" || row[2] == "handled" {
			t.Errorf("on record: %v", row)
		}
	}
}

// TestSlowCallersAreCutOff: endless chunks and slow loris cost a bounded time and
// keep nobody else from being served.
func TestSlowCallersAreCutOff(t *testing.T) {
	h := open(t, "sqlite", func(w *whole.Town) {
		w.Server = "  read_header_timeout: 1s\n  read_timeout: 3s\n"
	})
	address := strings.TrimPrefix(h.URL, "http://")
	dial := func(head string) net.Conn {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, head); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	const post = "POST /hooks/line HTTP/1.1\r\nHost: akari.test\r\nContent-Type: application/json\r\n"
	drips := map[string]struct{ head, drip string }{
		"slow headers":   {post, "X-A: b\r\n"},
		"slow body":      {post + "Content-Length: 100000\r\n\r\n", "x"},
		"endless chunks": {post + "Transfer-Encoding: chunked\r\n\r\n", "400\r\n" + strings.Repeat("x", 0x400) + "\r\n"},
	}
	var all sync.WaitGroup
	for what, d := range drips {
		for range 30 {
			conn := dial(d.head)
			all.Go(func() {
				defer conn.Close()
				began := time.Now()
				for time.Since(began) < 8*time.Second {
					if _, err := io.WriteString(conn, d.drip); err != nil {
						return
					}
					_ = conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
					b := make([]byte, 512)
					if _, err := conn.Read(b); err != nil {
						var timeout net.Error
						if ok := asTimeout(err, &timeout); !ok {
							return // cut off
						}
					} else if !strings.HasPrefix(string(b), "HTTP/1.1 4") {
						t.Errorf("%s: answered %q", what, b[:20])
						return
					}
				}
				t.Errorf("%s: still open after 8 s", what)
			})
		}
	}
	began := time.Now()
	for i := range 20 {
		k := h.hooks()[4]
		if status := h.post(t, k.path, k.body, k.sign(k.body)); status != http.StatusOK {
			t.Errorf("beside 90 slow callers, request %d: %d", i, status)
		}
	}
	t.Logf("beside 90 slow callers 20 webhooks took %v", time.Since(began).Round(time.Millisecond))
	all.Wait()
}

func asTimeout(err error, into *net.Error) bool {
	n, ok := err.(net.Error)
	if ok {
		*into = n
	}
	return ok && n.Timeout()
}

// TestTheDatabaseIsAwayForTenSeconds: 503 in time, LINE WORKS on disk, and
// everything as before when it is back. Once it is cut off, once it hangs.
func TestTheDatabaseIsAwayForTenSeconds(t *testing.T) {
	for _, how := range []string{"cut", "stalled"} {
		t.Run(how, func(t *testing.T) { databaseAway(t, how) })
	}
}

func databaseAway(t *testing.T, how string) {
	var proxy *whole.Proxy
	direct := ""
	h := open(t, "mysql", func(w *whole.Town) {
		direct = w.DSN
		at := w.DSN[strings.Index(w.DSN, "(")+1 : strings.Index(w.DSN, ")")]
		var err error
		if proxy, err = whole.NewProxy(at); err != nil {
			t.Fatal(err)
		}
		w.DSN = strings.Replace(w.DSN, at, proxy.Addr, 1)
	})
	t.Cleanup(proxy.Cut)
	db := look(t, "mysql", direct)
	// Facts first: this is about the database.
	h.call.Mention(whole.Room(0), whole.Member(0), whole.Question, "")
	wait(t, 15*time.Second, "the first answer", func() bool { return countPosts(h.Town, whole.Room(0)) == 1 })
	ready := func() int { status, _, _ := whole.Get(t.Context(), h.Admin+"/readyz"); return status }
	if ready() != http.StatusOK {
		t.Fatal("not ready")
	}
	if how == "cut" {
		proxy.Cut()
	} else {
		proxy.Stall()
	}
	gone := time.Now()
	var mu sync.Mutex
	var slowest time.Duration
	codes, spooled := map[string]int{}, []string{}
	var slackLost []slacktest.Sent
	var all sync.WaitGroup
	for i := 0; time.Since(gone) < 10*time.Second; i++ {
		all.Go(func() {
			user := fmt.Sprintf("works-away-%d", i)
			says := whole.JSON(h.Aoba.Says(user, "", whole.Question, time.Now()))
			began := time.Now()
			status, _ := whole.Post(t.Context(), hooks, h.URL+"/hooks/lineworks/aoba", says, h.WorksHeader(says))
			mu.Lock()
			defer mu.Unlock()
			slowest = max(slowest, time.Since(began))
			codes[fmt.Sprint("lineworks ", status)]++
			spooled = append(spooled, hex.EncodeToString(hash(h.Aoba.ID, says)))
		})
		all.Go(func() {
			began := time.Now()
			sent := h.call.Say(whole.Room(0), whole.Member(0), "<@U0BOT> "+whole.Question, "")
			mu.Lock()
			defer mu.Unlock()
			slowest = max(slowest, time.Since(began))
			codes[fmt.Sprint("slack ", sent.Status)]++
			slackLost = append(slackLost, sent)
		})
		time.Sleep(250 * time.Millisecond)
	}
	if status, _, err := whole.Get(t.Context(), h.Admin+"/healthz"); err != nil || status != http.StatusOK {
		t.Errorf("healthz: %d %v", status, err)
	}
	if status := ready(); status != http.StatusServiceUnavailable {
		t.Errorf("readyz says %d while the database is away", status)
	}
	all.Wait()
	if err := proxy.Mend(); err != nil {
		t.Fatal(err)
	}
	back := time.Now()
	t.Logf("%s for 10 s: %v, slowest answer %v", how, codes, slowest.Round(time.Millisecond))
	for code := range codes {
		if !strings.HasSuffix(code, " 503") {
			t.Errorf("%d webhooks were answered %s while nothing could be stored", codes[code], code)
		}
	}
	// ack_deadline is 1.5 s; the rest is this machine's, which may be busy.
	if slowest > 5*time.Second {
		t.Errorf("the slowest 503 took %v", slowest)
	}
	wait(t, 10*time.Second, "readiness", func() bool { return ready() == http.StatusOK })
	t.Logf("ready %v after the return", time.Since(back).Round(time.Millisecond))
	for _, s := range slackLost {
		if again := h.call.Again(s, 1); !again.OK() {
			t.Errorf("Slack's retry: %d %v", again.Status, again.Err)
		}
	}
	wait(t, 30*time.Second, "every LINE WORKS answer", func() bool {
		return number(t, db, "SELECT COUNT(*) FROM v_delivery WHERE platform = 'lineworks' AND state = 'sent'") == len(spooled)
	})
	for _, key := range spooled {
		if n := number(t, db, "SELECT COUNT(*) FROM v_inbound WHERE source_key LIKE ? AND kind = 'asked' AND outcome = 'handled'", "%"+key); n != 1 {
			t.Errorf("a LINE WORKS question of the outage is on record %d times", n)
		}
	}
	if n := len(h.Works.Sent()); n != len(spooled) {
		t.Errorf("%d questions, %d answers", len(spooled), n)
	}
	wait(t, 30*time.Second, "every Slack answer", func() bool { return countPosts(h.Town, whole.Room(0)) == 1+len(slackLost) })
	left, err := filepath.Glob(filepath.Join(h.Town.Dir, "spool", "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("the spool still holds %v (%v)", left, err)
	}
	t.Logf("everything was caught up %v after the return", time.Since(back).Round(time.Millisecond))
}

func hash(bot string, body []byte) []byte {
	sum := sha256.Sum256([]byte(bot + "\x00" + string(body)))
	return sum[:]
}

// countPosts counts the bot's messages in a room that all can see.
func countPosts(w *whole.Town, room string) (n int) {
	for _, m := range w.Slack.Messages(room) {
		if m.BotID != "" && m.Ephemeral == "" {
			n++
		}
	}
	return n
}

// TestHangingPlatformsDoNotSlowWebhooks is P4: no API answers at all, Redis hangs
// too, and webhooks are answered as ever.
func TestHangingPlatformsDoNotSlowWebhooks(t *testing.T) {
	black, err := whole.NewProxy("127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(black.Cut)
	black.Stall() // takes connections, answers nothing
	h := open(t, "sqlite", func(w *whole.Town) { w.Redis = black.Addr })
	h.call.Mention(whole.Room(0), whole.Member(0), whole.Question, "")
	wait(t, 20*time.Second, "the first answer", func() bool { return countPosts(h.Town, whole.Room(0)) == 1 })
	h.Slack.Fail(slacktest.Fault{Times: -1, Hang: 20 * time.Second, Status: 500})
	h.Works.Decide(func(lineworkstest.Call) *lineworkstest.Fault { return &lineworkstest.Fault{Hang: true} })
	h.Line.Fail(linetest.Fault{Hang: true, Count: 10_000})
	var mu sync.Mutex
	var took []time.Duration
	var all sync.WaitGroup
	for i := range 120 {
		all.Go(func() {
			began, status := time.Now(), 0
			switch i % 3 {
			case 0:
				status = h.call.Say(whole.Room(0), whole.Member(0), "<@U0BOT> "+whole.Question, "").Status
			case 1:
				b := whole.JSON(h.Aoba.Says(fmt.Sprint("works-", i), "", whole.Question, time.Now()))
				status, _ = whole.Post(t.Context(), hooks, h.URL+"/hooks/lineworks/aoba", b, h.WorksHeader(b))
			default:
				b := linetest.Body(h.Line.Said(linetest.Source{User: linetest.UserID(1 + i%whole.Members)}, whole.Question, ""))
				status, _ = whole.Post(t.Context(), hooks, h.URL+"/hooks/line", b, h.LineHeader(b))
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(began))
			if status != http.StatusOK {
				t.Errorf("webhook %d: %d", i, status)
			}
		})
		time.Sleep(25 * time.Millisecond)
	}
	all.Wait()
	t.Logf("120 webhooks while every API hangs: slowest %v", longest(took))
	if longest(took) > 5*time.Second { // over ack_deadline, 1.5 s, it is a 503; this machine may be busy
		t.Errorf("the slowest took %v", longest(took))
	}
	h.Slack.Heal()
	h.Works.Decide(nil)
	h.Line.Well()
}

// TestStopFinishesWhatIsInFlight: a request whose body is still coming, and a send
// that the platform has not answered yet, both end well, and the exit code is 0.
func TestStopFinishesWhatIsInFlight(t *testing.T) {
	h := open(t, "sqlite", func(w *whole.Town) { w.Server = "  shutdown_grace: 10s\n" })
	h.call.Mention(whole.Room(0), whole.Member(0), whole.Question, "")
	wait(t, 15*time.Second, "the first answer", func() bool { return countPosts(h.Town, whole.Room(0)) == 1 })
	h.Slack.Fail(slacktest.Fault{Method: "chat.postMessage", Hang: 2 * time.Second})
	h.call.Say(whole.Room(0), whole.Member(0), "<@U0BOT> "+whole.Question, "")
	wait(t, 5*time.Second, "the send to begin", func() bool {
		return number(t, h.db, "SELECT COUNT(*) FROM v_delivery WHERE state = 'sending'") == 1
	})
	k := h.hooks()[4]
	reader, writer := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+k.path, reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range k.sign(k.body) {
		r.Header.Set(name, v)
	}
	r.ContentLength = int64(len(k.body))
	answered := make(chan error, 1)
	go func() {
		res, err := hooks.Do(r)
		if err == nil {
			if res.Body.Close(); res.StatusCode != http.StatusOK {
				err = fmt.Errorf("status %d", res.StatusCode)
			}
		}
		answered <- err
	}()
	if _, err := writer.Write(k.body[:20]); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	began := time.Now()
	if err := h.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	if _, err := writer.Write(k.body[20:]); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	if err := <-answered; err != nil {
		t.Errorf("the request in flight: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
	defer cancel()
	code, err := h.Ended(ctx)
	t.Logf("stopped after %v with %d", time.Since(began).Round(time.Millisecond), code)
	if err != nil || code != 0 || time.Since(began) > 30*time.Second {
		t.Errorf("the process: exit %d after %v, %v", code, time.Since(began), err)
	}
	if n := number(t, h.db, "SELECT COUNT(*) FROM v_delivery WHERE platform = 'slack' AND state = 'sent'"); n != 2 {
		t.Errorf("%d Slack deliveries are sent, want the first and the one in flight", n)
	}
	if n := number(t, h.db, "SELECT COUNT(*) FROM v_inbound WHERE platform = 'line' AND outcome = 'handled'"); n != 1 {
		t.Errorf("the request in flight is on record %d times", n)
	}
}

// TestManyProcessesStartAtOnceOnAnEmptyDatabase: all of them become ready, the
// schema is made once.
func TestManyProcessesStartAtOnceOnAnEmptyDatabase(t *testing.T) {
	each(t, func(t *testing.T, driver string) {
		w := town(t, driver, nil)
		var ps []*whole.Process
		for i := range 5 {
			p, err := w.Process(bin, fmt.Sprint("p", i))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(p.Kill)
			ps = append(ps, p)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		for _, p := range ps {
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
		}
		for i, p := range ps {
			if err := p.Ready(ctx); err != nil {
				t.Errorf("process %d: %v", i, err)
			}
		}
		t.Logf("five processes ready after %v", time.Since(began).Round(time.Millisecond))
		db := look(t, driver, w.DSN)
		rows := table(t, db, "SELECT version_id, COUNT(*) FROM goose_db_version WHERE is_applied = 1 GROUP BY version_id")
		for _, r := range rows {
			if r[1] != "1" {
				t.Errorf("migration %s is noted %s times", r[0], r[1])
			}
		}
		if len(rows) < 2 {
			t.Errorf("migrations: %v", rows)
		}
		for _, p := range ps {
			if err := p.Signal(syscall.SIGTERM); err != nil {
				t.Error(err)
			}
		}
		for i, p := range ps {
			if code, err := p.Ended(ctx); err != nil || code != 0 {
				t.Errorf("process %d ended with %d: %v", i, code, err)
			}
		}
	})
}
