package coord

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// RedisOptions says where several processes meet.
type RedisOptions struct {
	URL       string     // redis://[:password@]host:6379/0
	Prefix    string     // of every key and channel; "" = "akari:"
	Processes func() int // how many processes live, for the time without Redis; nil = 1
	Log       *slog.Logger
}

// Redis keeps the pace of several processes. While it is away, every process
// paces itself in memory at its share of the limit.
type Redis struct {
	client *redis.Client
	prefix string
	log    *slog.Logger
	share  func() int

	mu      sync.Mutex
	errors  int       // one after the other
	memory  *Memory   // not nil while Redis is away
	retryAt time.Time // when it is worth asking Redis again
	wait    time.Duration
}

// redisTimeout bounds every command: a slow Redis is as good as none.
const redisTimeout = 50 * time.Millisecond

// The circuit: after an error nobody asks Redis for minRest, doubling to maxRest.
const (
	minRest = time.Second
	maxRest = 8 * time.Second
)

// NewRedis makes the client. It does not connect: Redis may be away at start.
func NewRedis(o RedisOptions) (*Redis, error) {
	opt, err := redis.ParseURL(o.URL)
	if err != nil {
		return nil, errors.New("redis.url is no address of the form redis://[:password@]host:6379/0")
	}
	opt.DialTimeout, opt.ReadTimeout, opt.WriteTimeout, opt.PoolTimeout = redisTimeout, redisTimeout, redisTimeout, redisTimeout
	opt.ContextTimeoutEnabled = true
	opt.MaxRetries = -1                         // a repeated Take takes twice
	opt.DisableIdentity, opt.Protocol = true, 2 // fewer words before the first command
	if o.Prefix == "" {
		o.Prefix = "akari:"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	silence.Do(func() { redis.SetLogger(quiet{}) })
	return &Redis{client: redis.NewClient(opt), prefix: o.Prefix, log: o.Log, share: o.Processes}, nil
}

// silence keeps go-redis from writing to standard error by itself; what matters
// is logged here, once per outage.
var silence sync.Once

type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

// Close lets go of the connections.
func (r *Redis) Close() error { return r.client.Close() }

// Ping asks Redis for a sign of life.
func (r *Redis) Ping(ctx context.Context) error { return r.client.Ping(ctx).Err() }

// Degraded tells whether Redis was away when last asked.
func (r *Redis) Degraded() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.memory != nil
}

// takeScript is a token bucket on Redis' own clock. KEYS: epoch, bucket, pause.
// ARGV: capacity, per second, want, floor, restart.
//
// The epoch is when these buckets began. It goes with a flush: then every
// bucket begins empty, because what was sent before is forgotten. A process
// that comes back from its own memory restarts it for the same reason.
var takeScript = redis.NewScript(`
local t = redis.call('TIME')
local now = tonumber(t[1]) + tonumber(t[2]) / 1000000
local epoch = redis.call('GET', KEYS[1])
if not epoch or ARGV[5] == '1' then
  epoch = string.format('%.6f', now)
  redis.call('SET', KEYS[1], epoch)
end
local pause = redis.call('PTTL', KEYS[3])
if pause > 0 then return {0, pause} end
local capacity, rate, want, floor = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local b = redis.call('HMGET', KEYS[2], 'level', 'at', 'epoch')
local level, at = 0, tonumber(epoch)
if b[3] == epoch then level, at = tonumber(b[1]), tonumber(b[2]) end
level = math.min(capacity, level + math.max(0, now - at) * rate)
local got = math.max(0, math.min(want, math.floor(level - floor + 0.000000001)))
level = level - got
redis.call('HSET', KEYS[2], 'level', string.format('%.9f', level), 'at', string.format('%.6f', now), 'epoch', epoch)
redis.call('PEXPIRE', KEYS[2], math.ceil(capacity / rate * 1000) + 60000)
local again = 0
if got < want then again = math.ceil((floor + 1 - level) / rate * 1000) end
return {got, again}`)

// giveBackScript. KEYS: bucket. ARGV: capacity, n.
var giveBackScript = redis.NewScript(`
local level = redis.call('HGET', KEYS[1], 'level')
if level then redis.call('HSET', KEYS[1], 'level', string.format('%.9f', math.min(tonumber(ARGV[1]), tonumber(level) + tonumber(ARGV[2])))) end
return 0`)

// Take asks for up to want requests; see bot.Pacer.
func (r *Redis) Take(ctx context.Context, key string, perMinute, burst, want int, reserve float64) (got int, again time.Duration) {
	if perMinute <= 0 || want <= 0 {
		return 0, time.Minute
	}
	memory, restart := r.home()
	if memory != nil {
		return memory.Take(ctx, key, perMinute, burst, want, reserve)
	}
	capacity, perSecond := size(float64(perMinute), burst)
	back := "0"
	if restart {
		back = "1"
	}
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	v, err := takeScript.Run(ctx, r.client, []string{r.prefix + "epoch", r.prefix + "bucket:" + key, r.prefix + "pause:" + key},
		capacity, perSecond, want, floorOf(capacity, reserve), back).Int64Slice()
	if err == nil && len(v) != 2 {
		err = fmt.Errorf("%d values instead of 2", len(v))
	}
	if err != nil {
		if memory := r.away(err); memory != nil {
			return memory.Take(ctx, key, perMinute, burst, want, reserve)
		}
		return 0, redisTimeout
	}
	r.back(restart)
	return int(v[0]), time.Duration(v[1]) * time.Millisecond
}

// home answers the memory to use while Redis is away; one caller at a time is
// sent to look whether it is back (restart).
func (r *Redis) home() (memory *Memory, restart bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.memory == nil {
		return nil, false
	}
	now := time.Now()
	if now.Before(r.retryAt) {
		return r.memory, false
	}
	r.retryAt = now.Add(2 * redisTimeout) // the others go on from memory meanwhile
	return nil, true
}

// errorsMax is how many calls must fail one after the other before Redis counts
// as away: switching homes costs a while of empty buckets, a hiccup one call.
const errorsMax = 2

// away notes an error, and switches to memory, whose buckets begin empty. It
// answers nil while Redis still has a chance.
func (r *Redis) away(err error) *Memory {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.errors++; r.errors < errorsMax && r.memory == nil {
		return nil
	}
	if r.memory == nil {
		r.memory, r.wait = NewMemory(r.share), minRest
		r.log.Warn("Redis is away; every process paces itself at its share of the limits", "why", err)
	} else {
		r.wait = min(2*r.wait, maxRest)
	}
	r.retryAt = time.Now().Add(r.wait)
	return r.memory
}

func (r *Redis) back(restarted bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errors = 0
	if restarted && r.memory != nil {
		r.memory = nil
		r.log.Info("Redis is back")
	}
}

// GiveBack returns what was not used. Without Redis a lost return only slows.
func (r *Redis) GiveBack(ctx context.Context, key string, perMinute, burst, n int) {
	r.mu.Lock()
	memory := r.memory
	r.mu.Unlock()
	if memory != nil {
		memory.GiveBack(ctx, key, perMinute, burst, n)
		return
	}
	capacity, _ := size(float64(perMinute), burst)
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	if err := giveBackScript.Run(ctx, r.client, []string{r.prefix + "bucket:" + key}, capacity, n).Err(); err != nil {
		r.away(err)
	}
}

// Pause lets nothing through for a while. The row in the database is what counts.
func (r *Redis) Pause(ctx context.Context, key string, d time.Duration) {
	r.mu.Lock()
	memory := r.memory
	r.mu.Unlock()
	if memory == nil {
		ctx, cancel := context.WithTimeout(ctx, redisTimeout)
		defer cancel()
		err := r.client.Set(ctx, r.prefix+"pause:"+key, 1, max(d, time.Millisecond)).Err()
		if err == nil {
			return
		}
		if memory = r.away(err); memory == nil {
			return
		}
	}
	memory.Pause(ctx, key, d)
}

// Nudge tells the other processes to look at the outbox.
func (r *Redis) Nudge(ctx context.Context) {
	if r.Degraded() {
		return // they look by themselves every second
	}
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	if err := r.client.Publish(ctx, r.prefix+"nudge", "").Err(); err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		r.away(err)
	}
}

// Nudges delivers other processes' nudges (and our own) until ctx ends.
func (r *Redis) Nudges(ctx context.Context) <-chan struct{} {
	out := make(chan struct{}, 1)
	go func() {
		for ctx.Err() == nil {
			r.listen(ctx, out)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}()
	return out
}

// listen passes nudges on until the connection breaks.
func (r *Redis) listen(ctx context.Context, out chan<- struct{}) {
	sub := r.client.Subscribe(ctx, r.prefix+"nudge")
	stop := context.AfterFunc(ctx, func() { sub.Close() }) // ends a read that waits
	defer stop()
	defer sub.Close()
	for {
		// The time limit finds connections that died without a word.
		if _, err := sub.ReceiveTimeout(ctx, 30*time.Second); err != nil {
			var timeout interface{ Timeout() bool }
			if errors.As(err, &timeout) && timeout.Timeout() && ctx.Err() == nil && sub.Ping(ctx) == nil {
				continue
			}
			return
		}
		select {
		case out <- struct{}{}:
		default:
		}
	}
}
