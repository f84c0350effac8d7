package coord_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"akari/coord"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
)

// pacer is what both homes are.
type pacer interface {
	Take(ctx context.Context, key string, perMinute, burst, want int, reserve float64) (int, time.Duration)
	GiveBack(ctx context.Context, key string, perMinute, burst, n int)
	Pause(ctx context.Context, key string, d time.Duration)
	Nudge(ctx context.Context)
	Nudges(ctx context.Context) <-chan struct{}
}

// address of the tests' Redis: database 9 is theirs.
func address() string {
	if a := os.Getenv("AKARI_TEST_REDIS"); a != "" {
		return a
	}
	return "127.0.0.1:6379"
}

// server answers a client for the tests' own database, emptied.
func server(t testing.TB) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: address(), DB: 9})
	t.Cleanup(func() { c.Close() })
	if err := c.Ping(t.Context()).Err(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skipf("SKIPPED: no Redis at %s: %v", address(), err)
	}
	return c
}

func openRedis(t testing.TB, addr, prefix string, processes int) *coord.Redis {
	t.Helper()
	r, err := coord.NewRedis(coord.RedisOptions{URL: "redis://" + addr + "/9", Prefix: prefix, Processes: func() int { return processes }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func prefix() string { return "akari-test-" + uuid.NewString() + ":" }

// each runs a test on both homes; born is a moment before theirs.
func each(t *testing.T, fn func(t *testing.T, p pacer, born time.Time)) {
	t.Run("memory", func(t *testing.T) {
		born := time.Now()
		fn(t, coord.NewMemory(nil), born)
	})
	t.Run("redis", func(t *testing.T) {
		server(t)
		born := time.Now()
		fn(t, openRedis(t, address(), prefix(), 1), born)
	})
}

// grant is one token: it was given between asked and got.
type grant struct{ asked, got time.Time }

// drain takes n tokens one by one, as fast as allowed.
func drain(t testing.TB, p pacer, key string, perMinute, burst int, n int) (grants []grant) {
	t.Helper()
	for end := time.Now().Add(time.Minute); len(grants) < n; {
		asked := time.Now()
		got, again := p.Take(t.Context(), key, perMinute, burst, 1, 0)
		switch {
		case got == 1:
			grants = append(grants, grant{asked, time.Now()})
		case again <= 0:
			t.Error("nothing, and no word when to ask again")
			return grants
		case asked.After(end):
			t.Errorf("only %d of %d tokens in a minute", len(grants), n)
			return grants
		default:
			time.Sleep(again)
		}
	}
	return grants
}

// neverMore fails the test if more was given, by any moment, than a rate allows to a
// bucket that was empty when it began, and one: Redis's now can be a little old, so that
// a bucket may be born a little before the test began.
func neverMore(t testing.TB, began time.Time, grants []grant, perSecond float64) {
	t.Helper()
	sort.Slice(grants, func(i, j int) bool { return grants[i].got.Before(grants[j].got) })
	for i, g := range grants {
		if passed := g.got.Sub(began).Seconds(); float64(i+1) > passed*perSecond+1 {
			t.Fatalf("%d were given within %.3f s of %v a second", i+1, passed, perSecond)
		}
	}
}

func TestPace(t *testing.T) {
	each(t, func(t *testing.T, p pacer, born time.Time) {
		neverMore(t, born, drain(t, p, "lane", 1200, 0, 55), 20)
	})
}

func TestABucketOfOneIsADistance(t *testing.T) {
	each(t, func(t *testing.T, p pacer, _ time.Time) {
		grants := drain(t, p, "room", 240, 1, 7)
		for i := 1; i < len(grants); i++ {
			if d := grants[i].got.Sub(grants[i-1].asked); d < 248*time.Millisecond {
				t.Errorf("%s apart, want 250 ms", d)
			}
		}
	})
}

func TestAnswersHaveTheirShare(t *testing.T) {
	each(t, func(t *testing.T, p pacer, _ time.Time) {
		p.Take(t.Context(), "lane", 1220, 0, 1, 0) // the buckets begin with the first question
		time.Sleep(1200 * time.Millisecond)        // the bucket of 20 is full after 1.01 s: 1,220 = 20 + 1,200 a minute
		campaign, _ := p.Take(t.Context(), "lane", 1220, 0, 100, 0.2)
		answers, _ := p.Take(t.Context(), "lane", 1220, 0, 100, 0)
		if campaign < 14 || campaign > 17 || answers < 4 {
			t.Errorf("a campaign got %d and left %d to answers", campaign, answers)
		}
	})
}

func TestGiveBackAndPause(t *testing.T) {
	each(t, func(t *testing.T, p pacer, _ time.Time) {
		ctx := t.Context()
		p.Take(ctx, "a", 60, 1, 1, 0)
		time.Sleep(1050 * time.Millisecond)
		asked := time.Now()
		if got, _ := p.Take(ctx, "a", 60, 1, 1, 0); got != 1 {
			t.Fatal("no token after its time")
		}
		if got, _ := p.Take(ctx, "a", 60, 1, 1, 0); got != 0 && time.Since(asked) < time.Second { // a machine that stood still has another
			t.Fatal("two tokens at once")
		}
		p.GiveBack(ctx, "a", 60, 1, 1)
		paused := time.Now()
		p.Pause(ctx, "a", 300*time.Millisecond)
		if got, again := p.Take(ctx, "a", 60, 1, 1, 0); time.Since(paused) < 300*time.Millisecond && (got != 0 || again <= 0 || again > 300*time.Millisecond) {
			t.Fatalf("in the pause: %d, again after %s", got, again)
		}
		time.Sleep(310 * time.Millisecond)
		if got, _ := p.Take(ctx, "a", 60, 1, 1, 0); got != 1 {
			t.Fatal("what was given back is gone")
		}
		if got, _ := p.Take(ctx, "none", 0, 0, 5, 0); got != 0 {
			t.Fatal("no limit was taken for unlimited")
		}
	})
}

func TestNudges(t *testing.T) {
	each(t, func(t *testing.T, p pacer, _ time.Time) {
		ctx, cancel := context.WithCancel(t.Context())
		ears := p.Nudges(ctx)
		heard := false
		for end := time.Now().Add(30 * time.Second); !heard && time.Now().Before(end); { // a subscription takes a moment
			p.Nudge(ctx)
			select {
			case <-ears:
				heard = true
			case <-time.After(20 * time.Millisecond):
			}
		}
		cancel()
		if !heard {
			t.Fatal("nobody heard the nudge")
		}
	})
}

func TestSeveralProcessesShareOneLimit(t *testing.T) {
	server(t)
	name := prefix()
	began := time.Now()
	var mu sync.Mutex
	var given []grant
	var all sync.WaitGroup
	for range 3 {
		r := openRedis(t, address(), name, 3)
		all.Go(func() {
			mine := drain(t, r, "lane", 1200, 0, 12)
			mu.Lock()
			given = append(given, mine...)
			mu.Unlock()
		})
	}
	all.Wait()
	neverMore(t, began, given, 20)
}

// TestFlushNeverGivesMore: with every flush the buckets begin empty again.
func TestFlushNeverGivesMore(t *testing.T) {
	c := server(t)
	r := openRedis(t, address(), prefix(), 1)
	stop := make(chan struct{})
	var flusher sync.WaitGroup
	flusher.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(150 * time.Millisecond):
				c.FlushDB(context.Background())
			}
		}
	})
	began := time.Now()
	grants := drain(t, r, "lane", 1200, 0, 25)
	close(stop)
	flusher.Wait()
	neverMore(t, began, grants, 20)
}

// cable is a TCP line to Redis that can be cut, and go dead without a word.
type cable struct {
	net.Listener
	mu    sync.Mutex
	state string // "", "cut", "dead"
	conns []net.Conn
}

func newCable(t *testing.T) *cable {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{Listener: l}
	t.Cleanup(func() { l.Close(); c.set("cut") })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.mu.Lock()
			c.conns = append(c.conns, conn)
			state := c.state
			c.mu.Unlock()
			if state == "cut" {
				conn.Close()
				continue
			}
			far, err := net.Dial("tcp", address())
			if err != nil {
				conn.Close()
				continue
			}
			go c.copy(far, conn)
			go c.copy(conn, far)
		}
	}()
	return c
}

func (c *cable) copy(to, from net.Conn) {
	defer to.Close()
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		c.mu.Lock()
		dead := c.state == "dead"
		c.mu.Unlock()
		if dead {
			continue
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

func (c *cable) set(state string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state = state
	if state != "dead" {
		for _, conn := range c.conns {
			conn.Close()
		}
		c.conns = nil
	}
}

func TestRedisAway(t *testing.T) {
	for _, how := range []string{"cut", "dead"} {
		t.Run(how, func(t *testing.T) {
			server(t)
			line := newCable(t)
			r := openRedis(t, line.Addr().String(), prefix(), 2)
			if drain(t, r, "lane", 1200, 0, 15); r.Degraded() {
				t.Fatal("degraded while Redis is there")
			}
			gone := time.Now()
			line.set(how)
			began := time.Now()
			for range 2 {
				if got, _ := r.Take(t.Context(), "lane", 1200, 0, 20, 0); got > 1 {
					t.Errorf("a switch of homes gave %d at once: memory must begin empty", got)
				}
			}
			if took := time.Since(began); took > 10*time.Second { // 0.1 s here
				t.Errorf("the first two calls took %s", took)
			}
			began = time.Now()
			for range 1000 {
				r.Take(t.Context(), "other", 1200, 0, 1, 0)
			}
			if took := time.Since(began); took > 10*time.Second { // 100 s if each waited for Redis
				t.Errorf("a thousand calls without Redis took %s", took)
			}
			if !r.Degraded() {
				t.Error("not degraded")
			}
			// Two processes: half the limit each.
			neverMore(t, gone, drain(t, r, "lane2", 1200, 0, 25), 10)
			line.set("")
			away := time.Now()
			for end := away.Add(time.Minute); r.Degraded() && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
				away = time.Now()
				r.Take(t.Context(), "probe", 1200, 0, 1, 0)
			}
			if r.Degraded() {
				t.Fatal("Redis is not used again")
			}
			if got, _ := r.Take(t.Context(), "lane", 1200, 0, 20, 0); float64(got) > 2+20*time.Since(away).Seconds() {
				t.Errorf("back in Redis, %d at once: its buckets must begin empty", got)
			}
		})
	}
}

func TestNoGoroutineStays(t *testing.T) {
	server(t)
	before := goleak.IgnoreCurrent()
	r := openRedis(t, address(), prefix(), 1)
	ctx, cancel := context.WithCancel(t.Context())
	for i := range 3 {
		r.Nudges(ctx)
		r.Take(ctx, fmt.Sprint("k", i), 60, 1, 1, 0)
	}
	time.Sleep(50 * time.Millisecond)
	cancel()
	time.Sleep(50 * time.Millisecond)
	r.Close()
	goleak.VerifyNone(t, before)
}

func TestBadAddress(t *testing.T) {
	if _, err := coord.NewRedis(coord.RedisOptions{URL: "http://user:geheim@localhost"}); err == nil || len(err.Error()) == 0 || strings.Contains(err.Error(), "geheim") {
		t.Fatalf("the error shows the password, or there is none: %v", err)
	}
}

func BenchmarkTake(b *testing.B) {
	for name, p := range map[string]pacer{"memory": coord.NewMemory(nil), "redis": openRedis(b, address(), prefix(), 1)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				p.Take(b.Context(), "lane", 600_000, 0, 1, 0)
			}
		})
	}
}
