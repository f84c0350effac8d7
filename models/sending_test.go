package models_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"akari/bot"
	"akari/coord"
	"akari/models"
	"akari/models/modelstest"

	"go.uber.org/goleak"
)

// chat is the far side: a chat network as an HTTP server that takes nothing it
// should not get, and remembers what it accepted.
type chat struct {
	*httptest.Server
	t        testing.TB
	keyed    bool // a key is accepted once, like LINE's
	mu       sync.Mutex
	accepted []posted
	keys     map[string]string // key → bytes of its first try
	calls    int
	quiet    time.Time // until then a Retry-After forbids everything
	broken   int       // requests in that time
	// misbehave decides about a call before it is accepted: a status, and for
	// acceptThenFail the connection is cut after the post was accepted.
	misbehave func(call int, p posted) int
}

type posted struct {
	Key, To, Text string
	at            time.Time
}

// acceptThenFail is what misbehave answers to accept a post and say nothing.
const acceptThenFail = -1

// after429 is the Retry-After of this chat, in seconds.
const after429 = 1

func newChat(t testing.TB) *chat {
	c := &chat{t: t, keys: map[string]string{}}
	c.Server = httptest.NewServer(http.HandlerFunc(c.serve))
	t.Cleanup(c.Close)
	return c
}

func (c *chat) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if r.URL.Path == "/find" {
		c.find(w, r)
		return
	}
	var p posted
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.DisallowUnknownFields()
	if err != nil || r.Method != http.MethodPost || dec.Decode(&p) != nil || p.Key == "" || p.To == "" || p.Text == "" || r.Header.Get("X-Key") != p.Key {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	p.at = time.Now()
	c.mu.Lock()
	c.calls++
	if p.at.Before(c.quiet) {
		c.broken++
	}
	if first, ok := c.keys[p.Key]; ok && first != string(body) {
		c.t.Errorf("the bytes of %s differ between tries:\n%s\n%s", p.Key, first, body)
	}
	c.keys[p.Key] = string(body)
	status := 0
	if c.misbehave != nil {
		status = c.misbehave(c.calls, p)
	}
	if status == 429 {
		c.quiet = p.at.Add(after429 * time.Second)
	}
	conflict := false
	if status == 0 || status == acceptThenFail {
		conflict = c.accept(p)
	}
	c.mu.Unlock()
	switch {
	case status == acceptThenFail:
		panic(http.ErrAbortHandler)
	case status == 429:
		w.Header().Set("Retry-After", strconv.Itoa(after429))
		w.WriteHeader(429)
	case status > 0:
		w.WriteHeader(status)
	case conflict:
		w.WriteHeader(http.StatusConflict)
	default:
		fmt.Fprintf(w, "receipt-%s", p.Key)
	}
}

func (c *chat) accept(p posted) (conflict bool) {
	if c.keyed {
		for _, q := range c.accepted {
			if q.Key == p.Key {
				return true
			}
		}
	}
	c.accepted = append(c.accepted, p)
	return false
}

func (c *chat) find(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.accepted {
		if p.Key == r.URL.Query().Get("key") {
			fmt.Fprintf(w, "receipt-%s", p.Key)
			return
		}
	}
}

// count answers how often each key was accepted.
func (c *chat) count() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]int{}
	for _, p := range c.accepted {
		out[p.Key]++
	}
	return out
}

// network is a bot.Platform for a chat.
type network struct {
	name string
	chat *chat
	http *http.Client
}

func (n *network) Name() string                              { return n.name }
func (n *network) Limits() bot.Limits                        { return bot.Limits{Unit: bot.Runes, Text: 1000, PerCall: 1} }
func (n *network) Hear(*http.Request) ([]bot.Inbound, error) { return nil, bot.ErrNoConnection }
func (n *network) Answer(bot.Inbound, bot.Outcome) (int, string, []byte) {
	return http.StatusOK, "", nil
}
func (n *network) Operation(d bot.Delivery) string { return operation(d) }

func (n *network) Render(d bot.Delivery) ([]byte, error) {
	text := ""
	for _, m := range d.Parts {
		text += m.Text
	}
	return json.Marshal(map[string]string{"Key": d.Key, "To": d.To.String(), "Text": text})
}

func (n *network) Send(ctx context.Context, d bot.Delivery) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.chat.URL, strings.NewReader(string(d.Body)))
	if err != nil {
		return "", err
	}
	req.Header.Set("X-Key", d.Key)
	res, err := n.http.Do(req)
	if err != nil {
		return "", &bot.InDoubt{Err: err}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	switch {
	case err != nil || res.StatusCode >= 500 && res.StatusCode != 503:
		return "", &bot.InDoubt{Err: fmt.Errorf("status %d", res.StatusCode)}
	case res.StatusCode == 503:
		return "", errors.New("surely not taken")
	case res.StatusCode == 429:
		s, _ := strconv.Atoi(res.Header.Get("Retry-After"))
		return "", &bot.Throttled{After: time.Duration(s) * time.Second, Whole: true, Why: "429"}
	case res.StatusCode == 409:
		return "receipt-" + d.Key, nil
	case res.StatusCode >= 400:
		return "", &bot.Refused{Code: fmt.Sprintf("status_%d", res.StatusCode), Down: res.StatusCode == 401}
	}
	return string(body), nil
}

// finding is a network that can be asked.
type finding struct{ *network }

func (n finding) Find(ctx context.Context, d bot.Delivery) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.chat.URL+"/find?key="+d.Key, nil)
	if err != nil {
		return "", err
	}
	res, err := n.http.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

func connect(t testing.TB, name string, c *chat) bot.Platform {
	n := &network{name: name, chat: c, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}}
	t.Cleanup(n.http.CloseIdleConnections)
	if name == "slack" {
		return finding{n}
	}
	return n
}

// sender begins a sender; stop ends it in order.
func (b *bench) sender(set func(*bot.SenderOptions), platforms ...bot.Platform) (s *bot.Sender, stop func()) {
	b.t.Helper()
	o := bot.SenderOptions{Platforms: platforms, Outbox: b.outbox, Pacer: coord.NewMemory(nil), Timeout: 30 * time.Second, Grace: 30 * time.Second, InteractiveShare: 0.2}
	if set != nil {
		set(&o)
	}
	s = bot.NewSender(o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	var once sync.Once
	stop = func() { once.Do(func() { cancel(); <-done }) }
	b.t.Cleanup(stop)
	return s, stop
}

// until waits for something to become true.
func (b *bench) until(what string, ok func() bool) {
	b.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	b.t.Fatalf("not within 30 s: %s", what)
}

// ended tells whether all are in an end state.
func (b *bench) ended(ds []models.Delivery) bool {
	for _, d := range ds {
		switch b.row(d.ID).State {
		case models.StateQueued, models.StateSending, models.StateUnconfirmed:
			return false
		}
	}
	return true
}

func TestSenderSendsSoonAndLeavesNothingBehind(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		b := newBench(t, driver, nil)
		c := newChat(t)
		before := goleak.IgnoreCurrent()
		p := connect(t, "slack", c)
		s, stop := b.sender(nil, p)
		var ds []models.Delivery
		var took time.Duration
		for try := 0; try == 0 || took > 500*time.Millisecond && try < 20; try++ { // a busy machine may be slow, but not each time
			time.Sleep(50 * time.Millisecond)
			ds = b.queue(say(room("slack", fmt.Sprint("C", try)), "hello"))
			began := time.Now()
			s.Nudge()
			b.until("sent", func() bool { return b.ended(ds) })
			took = time.Since(began)
		}
		if took > 500*time.Millisecond {
			t.Errorf("an answer took %s after the nudge", took)
		}
		row := b.state(ds[0], models.StateSent, "")
		if row.PlatformMessageID != "receipt-"+row.Key {
			t.Fatalf("receipt %q", row.PlatformMessageID)
		}
		// Another process commits without a nudge: it is seen by looking.
		ds = b.queue(say(room("slack", "C1"), "again"))
		b.until("sent without a nudge", func() bool { return b.ended(ds) })
		stop()
		p.(finding).http.CloseIdleConnections()
		c.CloseClientConnections()
		b.store.Close()
		goleak.VerifyNone(t, before)
	})
}

// TestFaultsPerPlatform is P6 and P7: 20 % refused before accept, 10 % accepted
// without an answer; each recipient ends once, and what is sent is what was accepted.
func TestFaultsPerPlatform(t *testing.T) {
	for _, platform := range []string{"slack", "line", "lineworks"} {
		t.Run(platform, func(t *testing.T) {
			modelstest.Each(t, func(t *testing.T, driver string) {
				b := newBench(t, driver, nil)
				c := newChat(t)
				c.keyed = platform == "line"
				cut := map[string]bool{}
				c.misbehave = func(call int, p posted) int {
					switch {
					case p.To == platform+":U13":
						return 404
					case call == 30:
						return 429
					case call%10 < 2:
						return 503
					case call%10 == 5:
						cut[p.Key] = true
						return acceptThenFail
					}
					return 0
				}
				var ds []models.Delivery
				campaign := int64(1)
				for i := range 60 {
					d := say(dm(platform, fmt.Sprint("U", i)), "news")
					d.Priority, d.CampaignID = bot.Campaigns, &campaign
					ds = append(ds, d)
				}
				ds = b.queue(ds...)
				b.outbox.MaxAttempts = 50
				b.sender(nil, connect(t, platform, c))
				b.until("all ended", func() bool { return b.ended(ds) })
				got := c.count()
				for _, d := range ds {
					row := b.row(d.ID)
					c.mu.Lock()
					doubtful := cut[d.Key]
					c.mu.Unlock()
					switch {
					case got[d.Key] > 1:
						t.Errorf("%s got it %d times", row.Address, got[d.Key])
					case row.Address == platform+":U13":
						if row.State != models.StateFailed || row.ErrorCode != "status_404" {
							t.Errorf("a refused recipient is %s (%s)", row.State, row.ErrorCode)
						}
					case platform == "lineworks" && doubtful:
						if row.State != models.StateHeld {
							t.Errorf("in doubt, and %s", row.State)
						}
					case row.State != models.StateSent || got[d.Key] != 1:
						t.Errorf("%s is %s (%s) and got it %d times", row.Address, row.State, row.ErrorCode, got[d.Key])
					}
					if want := map[bool]int{true: 1}[row.State == models.StateSent]; b.events(d, models.Delivered) != want {
						t.Errorf("%s: the log says delivered %d times", row.State, b.events(d, models.Delivered))
					}
				}
				// What was in flight when the 429 came was in flight; nothing new may have left.
				if c.broken > 8 {
					t.Errorf("%d requests within Retry-After", c.broken)
				}
			})
		})
	}
}

func TestPauseOfOneSenderStopsTheOther(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		b := newBench(t, driver, nil)
		c := newChat(t)
		c.misbehave = func(call int, _ posted) int {
			if call == 1 {
				return 429
			}
			return 0
		}
		first := b.queue(say(dm("slack", "U0"), "x"))
		_, stopA := b.sender(nil, connect(t, "slack", c))
		b.until("the 429", func() bool { return b.row(first[0].ID).ErrorCode == "throttled" })
		other := b.another(nil)
		s2, stopB := b.sender(func(o *bot.SenderOptions) { o.Outbox, o.Pacer = other, coord.NewMemory(nil) }, connect(t, "slack", c))
		ds := b.queue(say(dm("slack", "U1"), "y"), say(dm("slack", "U2"), "z"))
		s2.Nudge()
		b.until("all sent", func() bool { return b.ended(append(ds, first...)) })
		stopA()
		stopB()
		if c.broken != 0 {
			t.Fatalf("%d requests within Retry-After", c.broken)
		}
	})
}

func TestOneRoomNeverStopsTheOthersAndKeepsItsPace(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		b := newBench(t, driver, nil)
		c := newChat(t)
		var ds []models.Delivery
		for i := range 60 {
			ds = append(ds, say(room("slack", "CBUSY"), fmt.Sprint("busy ", i)))
		}
		ds = append(ds, say(room("slack", "CQUIET"), "quiet"))
		ds = b.queue(ds...)
		began := time.Now()
		b.sender(func(o *bot.SenderOptions) { o.RoomRate = func(bot.Lane) int { return 120 } }, connect(t, "slack", c))
		b.until("the quiet room", func() bool { return b.row(ds[60].ID).State == models.StateSent })
		if n := len(c.count()); n > 30 {
			t.Errorf("the quiet room waited for the busy one: it is number %d", n)
		}
		b.until("five in the busy room", func() bool { return len(c.count()) >= 6 })
		c.mu.Lock()
		defer c.mu.Unlock()
		for i, n := 0, 0; i < len(c.accepted); i++ {
			if c.accepted[i].To == "slack:CBUSY" {
				if want := fmt.Sprint("busy ", n); c.accepted[i].Text != want {
					t.Fatalf("%q came when %q was due", c.accepted[i].Text, want)
				}
				if passed := c.accepted[i].at.Sub(began); passed < time.Duration(n)*500*time.Millisecond {
					t.Errorf("%d posts within %s, at two a second", n+1, passed)
				}
				n++
			}
		}
	})
}

// looking counts the looks at an outbox.
type looking struct {
	bot.Outbox
	looks atomic.Int64
}

func (l *looking) Due(ctx context.Context, lane bot.Lane, skip []string, limit int) ([]bot.Candidate, time.Duration, error) {
	l.looks.Add(1)
	return l.Outbox.Due(ctx, lane, skip, limit)
}

func TestMessagesToARoomWithoutTokenAskForNoLook(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		b := newBench(t, driver, nil)
		c := newChat(t)
		busy, quiet := room("slack", "CBUSY"), room("slack", "CQUIET")
		ds := b.queue(say(busy, "first"), say(busy, "second"))
		out := &looking{Outbox: b.outbox}
		s, _ := b.sender(func(o *bot.SenderOptions) {
			o.Outbox, o.RoomRate = out, func(bot.Lane) int { return 15 } // a post in four seconds
		}, connect(t, "slack", c))
		var sent time.Time
		b.until("the first", func() bool { sent = time.Now(); return b.row(ds[0].ID).State == models.StateSent })
		time.Sleep(300 * time.Millisecond) // it is known now that the second has to wait
		before, began := out.looks.Load(), time.Now()
		const told = 200
		for range told {
			s.NudgeFor(busy)
			time.Sleep(5 * time.Millisecond)
		}
		// One a second is made anyway.
		if n := out.looks.Load() - before; n > 10+int64(time.Since(began).Seconds()) {
			t.Errorf("%d looks for %d messages to a room that must wait", n, told)
		}
		other := b.queue(say(quiet, "other"))
		s.NudgeFor(busy, quiet)
		b.until("the other room", func() bool { return b.row(other[0].ID).State == models.StateSent })
		if st := b.row(ds[1].ID).State; st != models.StateQueued && time.Since(sent) < 3*time.Second {
			t.Errorf("the second is %s", st)
		}
	})
}

func TestHurryPassesEverything(t *testing.T) {
	b := newBench(t, "sqlite", nil)
	c := newChat(t)
	hang := make(chan struct{})
	defer close(hang)
	c.misbehave = func(_ int, p posted) int {
		if p.Text == "slow" {
			c.mu.Unlock() // everything hangs but the form
			<-hang
			c.mu.Lock()
		}
		return 0
	}
	var ds []models.Delivery
	for i := range 20 {
		ds = append(ds, say(dm("slack", fmt.Sprint("U", i)), "slow"))
	}
	b.queue(ds...)
	s, _ := b.sender(func(o *bot.SenderOptions) { o.Rate = func(bot.Lane) int { return 1 } }, connect(t, "slack", c))
	time.Sleep(300 * time.Millisecond)
	form := b.queue(oneShot("slack", bot.OpenForm))
	s.Hurry(form[0].ID.String())
	b.until("the form", func() bool { return b.row(form[0].ID).State == models.StateSent }) // the next token comes in a minute
}

func TestDueFollowsTheWallClock(t *testing.T) {
	b := newBench(t, "sqlite", nil)
	c := newChat(t)
	d := say(room("slack", "C1"), "later")
	d.DueAt = b.store.Now().Add(36 * time.Hour)
	d = b.queue(d)[0]
	b.sender(nil, connect(t, "slack", c))
	time.Sleep(1200 * time.Millisecond)
	b.state(d, models.StateQueued, "")
	b.clock.move(37 * time.Hour)
	b.until("sent", func() bool { return b.row(d.ID).State == models.StateSent })
}

// TestStopFinishesWhatIsInFlight: what has left is waited for and settled, what
// has not begun goes back untouched.
func TestStopFinishesWhatIsInFlight(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		b := newBench(t, driver, nil)
		c := newChat(t)
		c.misbehave = func(int, posted) int {
			c.mu.Unlock()
			time.Sleep(400 * time.Millisecond)
			c.mu.Lock()
			return 0
		}
		var ds []models.Delivery
		for i := range 40 {
			ds = append(ds, say(dm("slack", fmt.Sprint("U", i)), "x"))
		}
		ds = b.queue(ds...)
		_, stop := b.sender(nil, connect(t, "slack", c))
		b.until("something is in flight", func() bool {
			c.mu.Lock()
			defer c.mu.Unlock()
			return c.calls > 0
		})
		stop()
		states := map[string]int{}
		for _, d := range ds {
			row := b.row(d.ID)
			states[row.State]++
			if row.State == models.StateQueued && (row.Attempts != 0 || row.IntentAt != nil) {
				t.Errorf("a row that was not sent says it was tried: %+v", row)
			}
		}
		if states[models.StateSent] == 0 || states[models.StateSent]+states[models.StateQueued] != len(ds) || states[models.StateSent] != len(c.count()) {
			t.Fatalf("after an orderly stop: %v, accepted %d", states, len(c.count()))
		}
	})
}

// dying is an outbox whose process is killed at a point: from then on nothing
// that it does reaches the database.
type dying struct {
	*models.Outbox
	mu   sync.Mutex
	left int // settles until the kill
}

func (d *dying) dead() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left--
	return d.left < 0
}

func (d *dying) Settle(ctx context.Context, m bot.Delivery, receipt string, err error) (bot.Settled, error) {
	if d.dead() {
		return bot.Settled{}, nil // the end is lost with the process
	}
	return d.Outbox.Settle(ctx, m, receipt, err)
}

func (d *dying) Heartbeat(context.Context, ...bot.Delivery) ([]string, error) { return nil, nil }

// TestCrashBetweenSendAndSettle: the bytes have left and the end is not
// written. LINE repeats the key, Slack is looked up, LINE WORKS asks a person.
func TestCrashBetweenSendAndSettle(t *testing.T) {
	for platform, want := range map[string]string{"line": models.StateSent, "slack": models.StateSent, "lineworks": models.StateHeld} {
		t.Run(platform, func(t *testing.T) {
			modelstest.Each(t, func(t *testing.T, driver string) {
				lease := func(o *models.OutboxOptions) { o.Lease = time.Second }
				b := newBench(t, driver, lease)
				c := newChat(t)
				c.keyed = platform == "line"
				var ds []models.Delivery
				for i := range 30 {
					d := say(dm(platform, fmt.Sprint("U", i)), "x")
					d.Priority = bot.Campaigns
					ds = append(ds, d)
				}
				ds = b.queue(ds...)
				killed := &dying{Outbox: b.outbox, left: 10}
				_, kill := b.sender(func(o *bot.SenderOptions) { o.Outbox, o.Lease, o.Concurrency = killed, time.Second, 4 }, connect(t, platform, c))
				b.until("the kill", func() bool { return len(c.count()) >= 14 })
				kill()
				b.outbox = b.another(lease)
				b.sender(func(o *bot.SenderOptions) { o.Lease = time.Second }, connect(t, platform, c))
				b.until("all ended", func() bool { return b.ended(ds) })
				got, inDoubt := c.count(), 0
				for _, d := range ds {
					row := b.row(d.ID)
					if got[d.Key] != 1 {
						t.Errorf("accepted %d times, %s", got[d.Key], row.State)
					}
					if row.Crashes > 0 {
						inDoubt++
						if row.State != want {
							t.Errorf("after the crash %s, want %s", row.State, want)
						}
					} else if row.State != models.StateSent {
						t.Errorf("untouched by the crash and %s (%s)", row.State, row.ErrorCode)
					}
				}
				if inDoubt == 0 {
					t.Error("the kill left nothing in doubt: this test tests nothing")
				}
			})
		})
	}
}
