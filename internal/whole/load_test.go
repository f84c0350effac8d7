package whole_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"akari/bot/line/linetest"
	"akari/bot/slack/slacktest"
	"akari/internal/whole"
)

// happening is one thing that a platform tells: once, or several times.
type happening struct {
	platform string
	path     string
	body     []byte
	keys     []string // of each event in the body: part of its source_key
	at       string   // of a press: when, as occurred_at says
	twin     *happening
	question string // what all twins of one question share
	user     string // LINE WORKS: who asked
	replies  []string
	acked    atomic.Bool
	told     atomic.Int64
}

// load is 8 senders and everything they sent.
type load struct {
	w     *whole.Town
	call  *slacktest.Caller
	roots []string
	gap   time.Duration

	mu        sync.Mutex
	all       []*happening
	serial    int
	presses   []press // what can be pressed
	codes     map[int]int
	slowest   time.Duration
	tellings  atomic.Int64
	stopAfter chan struct{}
	senders   sync.WaitGroup
}

type press struct {
	room, user string
	message    slacktest.Message
	button     slacktest.Button
}

func newLoad(w *whole.Town, gap time.Duration, roots ...string) *load {
	return &load{w: w, call: w.Slack.Caller(roots[0]), roots: roots, gap: gap, codes: map[int]int{}, stopAfter: make(chan struct{})}
}

// warm asks one question in every room, so that facts are known and there is
// something to press.
func (l *load) warm(t *testing.T) {
	t.Helper()
	for i := range whole.Members {
		l.call.Mention(whole.Room(i), whole.Member(i), whole.Question, "")
	}
	for i := range whole.Members {
		wait(t, 60*time.Second, "the first answer in "+whole.Room(i), func() bool {
			for _, m := range l.w.Slack.Messages(whole.Room(i)) {
				for _, b := range m.Buttons() {
					if strings.HasPrefix(b.Label, "解決した") {
						l.presses = append(l.presses, press{whole.Room(i), whole.Member(i), m, b})
						return true
					}
				}
			}
			return false
		})
	}
}

// run starts the senders: four on Slack (three write, one presses), two on LINE
// WORKS, two on LINE.
func (l *load) run() {
	for n, kind := range []func(int) []*happening{l.mention, l.mention, l.thread, l.press, l.works, l.works, l.batch, l.batch} {
		l.senders.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-l.stopAfter:
					return
				case <-time.After(l.gap):
				}
				var all sync.WaitGroup
				for _, h := range kind(n*4 + i%4) {
					l.mu.Lock()
					l.all = append(l.all, h)
					l.mu.Unlock()
					all.Go(func() { l.tell(h) })
				}
				all.Wait()
			}
		})
	}
}

func (l *load) stop() {
	close(l.stopAfter)
	l.senders.Wait()
}

func (l *load) next() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.serial++
	return l.serial
}

// tell delivers a happening 1 to 4 times, half of them twice at the same moment,
// to both processes where there are two.
func (l *load) tell(h *happening) {
	times := 1 + rand.IntN(4)
	if rand.IntN(2) == 0 {
		times = max(times, 2)
		var both sync.WaitGroup
		first := rand.IntN(len(l.roots))
		for i := range 2 {
			both.Go(func() { l.once(h, l.roots[(first+i)%len(l.roots)]) })
		}
		both.Wait()
		times -= 2
	}
	for range times {
		l.once(h, l.roots[rand.IntN(len(l.roots))])
	}
}

func (l *load) once(h *happening, root string) {
	var header map[string]string
	switch h.platform {
	case "slack":
		kind := "application/json"
		if h.path != slacktest.Events {
			kind = "application/x-www-form-urlencoded"
		}
		header = l.w.SlackHeader(kind, h.body, time.Now())
	case "lineworks":
		header = l.w.WorksHeader(h.body)
	default:
		header = l.w.LineHeader(h.body)
	}
	began := time.Now()
	status, _ := whole.Post(bg, hooks, root+h.path, h.body, header)
	took := time.Since(began)
	h.told.Add(1)
	l.tellings.Add(1)
	if status >= 200 && status < 300 {
		h.acked.Store(true)
	}
	l.mu.Lock()
	l.codes[status]++
	if status != 0 {
		l.slowest = max(l.slowest, took)
	}
	l.mu.Unlock()
}

// mention is a question in a room, told as Slack tells it: by two events.
func (l *load) mention(i int) []*happening {
	room, user := whole.Room(i), whole.Member(i)
	ts := l.w.Slack.Say(room, user, whole.Question, "")
	n := l.next()
	var out []*happening
	for _, kind := range []string{"app_mention", "message"} {
		id := fmt.Sprintf("Ev%s%08d", strings.ToUpper(kind[:3]), n)
		out = append(out, &happening{platform: "slack", path: slacktest.Events, keys: []string{id}, question: ts,
			body: l.w.SlackEvent(l.call, kind, id, room, user, whole.Question, ts)})
	}
	out[0].twin, out[1].twin = out[1], out[0]
	return out
}

// thread is a question told by one event only.
func (l *load) thread(i int) []*happening { return l.mention(i)[:1] }

// press is a press of 「解決した」 of an answer that is there.
func (l *load) press(i int) []*happening {
	p := l.presses[i%len(l.presses)]
	payload := l.call.Pressed(p.user, p.room, p.message, p.button)
	action := payload["actions"].([]any)[0].(map[string]any)
	ts, _ := action["action_ts"].(string)
	seconds, micro, _ := strings.Cut(ts, ".")
	var s, us int64
	_, _ = fmt.Sscan(seconds, &s)
	_, _ = fmt.Sscan(strings.TrimLeft(micro, "0")+"", &us)
	return []*happening{{platform: "slack", path: slacktest.Interactions, at: time.Unix(s, us*1000).UTC().Format(stampForm),
		body: []byte(url.Values{"payload": {string(whole.JSON(payload))}}.Encode())}}
}

const stampForm = "2006-01-02 15:04:05.000000"

// works is a question of somebody in the partner's LINE WORKS, each time of
// somebody else, so that every answer can be told apart.
func (l *load) works(int) []*happening {
	user := fmt.Sprintf("works-%08d", l.next())
	body := whole.JSON(l.w.Aoba.Says(user, "", whole.Question, time.Now()))
	sum := sha256.Sum256([]byte(l.w.Aoba.ID + "\x00" + string(body)))
	return []*happening{{platform: "lineworks", path: "/hooks/lineworks/aoba", body: body, keys: []string{hex.EncodeToString(sum[:])}, question: user, user: user}}
}

// batch is one to five questions on LINE in one webhook.
func (l *load) batch(i int) []*happening {
	h := &happening{platform: "line", path: "/hooks/line"}
	var events []linetest.Event
	for range 1 + rand.IntN(5) {
		e := l.w.Line.Said(linetest.Source{User: linetest.UserID(1 + i%whole.Members)}, whole.Question, "")
		id, _ := e["webhookEventId"].(string)
		token, _ := e["replyToken"].(string)
		h.keys, h.replies = append(h.keys, id), append(h.replies, token)
		events = append(events, e)
	}
	h.body = linetest.Body(events...)
	return []*happening{h}
}

// acked counts what was told and what was acknowledged.
func (l *load) acked() (told, acked int) {
	for _, h := range l.all {
		told += max(1, len(h.keys))
		if h.acked.Load() {
			acked += max(1, len(h.keys))
		}
	}
	return told, acked
}

func (l *load) String() string {
	told, acked := l.acked()
	return fmt.Sprintf("%d happenings told %d times, %d acknowledged, answers by status %v, slowest answer %v", told, l.tellings.Load(), acked, l.codes, l.slowest.Round(time.Millisecond))
}

// replyCalls counts accepted replies by their reply token: LINE itself refuses a
// second one, so what is counted are calls that tried.
func replyCalls(w *whole.Town) (tried, accepted map[string]int) {
	tried, accepted = map[string]int{}, map[string]int{}
	for _, c := range w.Line.Calls() {
		if !strings.HasSuffix(c.Path, "/message/reply") {
			continue
		}
		var b struct {
			Token string `json:"replyToken"`
		}
		if json.Unmarshal(c.Body, &b) == nil {
			tried[b.Token]++
			if c.Status == 200 {
				accepted[b.Token]++
			}
		}
	}
	return tried, accepted
}
