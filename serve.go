package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"akari/bot"
	"akari/bot/line"
	"akari/bot/playground"
	"akari/content"
	"akari/coord"
	"akari/handlers"
	"akari/models"
)

// app is one running process: every part, from the first to the last.
type app struct {
	config  Config
	log     *slog.Logger
	clock   *Clock
	store   *models.Store
	library *content.Library
	version int64 // of the content rows that the library has
	metrics *Metrics

	platforms  []bot.Platform
	playground *playground.Platform // nil = off
	// behindLogin: the playground stands beside real platforms, so only who is in
	// the staff pages as an administrator gets there (rulings 12).
	behindLogin bool
	key         string // lets a visitor in who is not on this machine; "" = nobody
	process     models.ID
	processes   atomic.Int64 // how many live, ourselves included
	redis       *coord.Redis // nil = one process
	pacer       bot.Pacer
	outbox      *models.Outbox
	sender      *bot.Sender
	handlers    *handlers.Handlers

	public, admin net.Listener
	stopping      atomic.Bool
}

// newApp builds the parts in the order in which they need each other. Nothing runs
// yet, and nothing was promised to anybody outside.
func newApp(ctx context.Context, c Config, clock *Clock, log *slog.Logger) (*app, error) {
	a := &app{config: c, log: log, clock: clock, process: models.NewID()}
	a.processes.Store(1)
	// The ports first: a second process on the same ports must not touch anything.
	err := a.ports()
	if err == nil {
		a.store, err = openReady(ctx, c, clock, log, c.Database.AutoMigrate)
	}
	if err == nil {
		a.metrics = NewMetrics(a.store.Backlog)
		err = a.knowledge(ctx)
	}
	if err == nil {
		err = a.mouths()
	}
	if err == nil {
		err = a.pace()
	}
	if err == nil {
		err = a.mind()
	}
	if err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

// ports takes the addresses to listen on.
func (a *app) ports() (err error) {
	if a.public, err = net.Listen("tcp", a.config.Server.Listen); err != nil {
		return listening("server.listen", ":9000", err)
	}
	if a.config.Server.AdminListen != "" {
		if a.admin, err = net.Listen("tcp", a.config.Server.AdminListen); err != nil {
			return listening("server.admin_listen", "127.0.0.1:9091", err)
		}
	}
	return nil
}

// listening words why an address cannot be listened on, and what to do about the
// usual reason: another program, often another akari, is there already.
func listening(key, another string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s: %w; end the program that listens there, or choose another address (AKARI_%s=%s)",
			key, err, strings.ToUpper(strings.ReplaceAll(key, ".", "_")), another)
	}
	return fmt.Errorf("%s: %w", key, err)
}

// knowledge loads the content and, for the playground, the sample people.
func (a *app) knowledge(ctx context.Context) (err error) {
	if err := a.store.KeepPersonLevel(ctx, a.config.Privacy.PersonLevel); err != nil {
		return fmt.Errorf("while telling the reporting views about privacy.person_level: %w", err)
	}
	if on, _ := a.config.PlaygroundOn(); on {
		if err := seedSample(ctx, a.store); err != nil {
			return fmt.Errorf("while adding the sample people: %w", err)
		}
	}
	library, problems, err := openLibrary(a.config, a.clock)
	if err != nil {
		return err
	}
	a.library = library
	version, more, err := overlay(ctx, a.store, library)
	if err != nil {
		return err
	}
	a.version = version
	if len(library.AllEntries()) == 0 {
		a.log.Warn("content", "note", nothingToAnswer)
	}
	for _, p := range append(problems, more...) {
		a.log.Warn("content has a problem; the rest is served", "file", p.File, "line", p.Line, "problem", p.Text)
	}
	return nil
}

// mouths makes the platforms and the playground.
func (a *app) mouths() (err error) {
	if a.platforms, err = platforms(a.config, a.clock, a.log); err != nil {
		return err
	}
	if on, behindLogin := a.config.PlaygroundOn(); on {
		a.playground, a.behindLogin = a.newPlayground(), behindLogin
		if !behindLogin && inContainer() {
			a.key = newKey()
		}
		a.platforms = append(a.platforms, a.playground)
	}
	return nil
}

// pace makes what processes agree on: in Redis, or in memory.
func (a *app) pace() (err error) {
	living := func() int { return int(a.processes.Load()) }
	if a.config.Redis.URL.IsZero() {
		a.pacer = coord.NewMemory(living)
		return nil
	}
	a.redis, err = coord.NewRedis(coord.RedisOptions{URL: a.config.Redis.URL.Reveal(), Processes: living, Log: a.log})
	a.pacer = a.redis
	return err
}

// factPace takes the right to ask for a fact from buckets of this process, which has
// its share of each limit: a member's first answer waits for facts, and must not
// wait for buckets that Redis, each time it is lost, has empty again.
func (a *app) factPace() func(context.Context, bot.Lane) time.Duration {
	limit, buckets := rate(a.config), coord.NewMemory(func() int { return int(a.processes.Load()) })
	return func(ctx context.Context, l bot.Lane) time.Duration {
		perMinute := limit(l)
		if perMinute <= 0 {
			return 0
		}
		got, again := buckets.Take(ctx, l.String(), perMinute, 0, 1, 0)
		if got > 0 {
			return 0
		}
		return max(again, 10*time.Millisecond)
	}
}

// mind joins handlers, outbox and sender.
func (a *app) mind() error {
	c := a.config
	keys, err := secrets(c)
	if err != nil {
		return err
	}
	robots, err := robotsOf(c)
	if err != nil {
		return err
	}
	a.handlers = handlers.New(handlers.Options{
		Store: a.store, Library: a.library, Platforms: a.platforms,
		Vendor:    handlers.Vendor{Name: c.Vendor.Name, Desk: c.Vendor.SupportDesk, Zone: c.Zone(), Languages: c.Vendor.Languages},
		PublicURL: c.PublicURL(port(a.public)), Secrets: keys, SpoolDir: c.Server.SpoolDir, Storage: c.Storage.Dir,
		Limits:      handlers.Limits{MaxBody: int64(c.Server.MaxBody), AckDeadline: c.Server.AckDeadline},
		Connections: connections(c), StaffRooms: staffRooms(c),
		LinkTTL: c.Links.TTL, VisibleMin: c.Links.VisibleMin, IdleAfter: c.Links.IdleAfter, RedirectHosts: c.Links.RedirectHosts,
		Robots: robots, Proxies: proxies(c), NoticeURL: c.Privacy.NoticeURL, AddFriendURL: c.Line.AddFriendURL,
		PersonLevel: c.Privacy.PersonLevel, PlaygroundBehindLogin: a.behindLogin, Campaign: campaignRules(c), Digest: digestOptions(c), Font: line.Font(),
		Hurry: func(ids []string) { a.sender.Hurry(ids...) },
		Nudge: func(to ...bot.Address) { a.sender.NudgeFor(to...) }, FactPace: a.factPace(),
		Observe: a.metrics, Log: a.log,
	})
	byName := map[string]bot.Platform{}
	for _, p := range a.platforms {
		byName[p.Name()] = p
	}
	a.store.Operations(func(d bot.Delivery) string {
		if p := byName[d.To.Platform]; p != nil {
			return p.Operation(d)
		}
		return "" // of a platform that was switched off
	})
	a.outbox, err = models.NewOutbox(a.store, models.OutboxOptions{
		Prepare: a.handlers.Prepare, Ended: a.handlers.Ended, Admit: a.handlers.Admit, Halted: a.handlers.Halted,
		Process: a.process, Secrets: keys, Policies: models.Policies(c.Sending.Ambiguous.Slack, c.Sending.Ambiguous.LineWorks),
		Lease: c.Sending.Lease, MaxAttempts: c.Sending.MaxAttempts, CrashMax: c.Sending.CrashMax, RetryBase: c.Sending.RetryBase, RetryMax: c.Sending.RetryMax,
		ReconcileAfter: c.Sending.ReconcileAfter, RetryAfterMax: c.Sending.RetryAfterMax, Log: a.log,
	})
	if err != nil {
		return err
	}
	a.sender = bot.NewSender(bot.SenderOptions{
		Platforms: a.platforms, Outbox: a.outbox, Pacer: a.pacer, Concurrency: c.Sending.Concurrency, Timeout: c.Sending.Timeout,
		Lease: c.Sending.Lease, Heartbeat: c.Sending.Heartbeat, Grace: c.Server.ShutdownGrace * 3 / 4,
		InteractiveShare: c.Sending.InteractiveShare, Rate: rate(c), RoomRate: roomRate(c), Log: a.log, Observe: a.observe,
	})
	return nil
}

func port(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func staffRooms(c Config) []bot.Address {
	if !c.Slack.Enabled || c.Slack.StaffRoom == "" {
		return nil
	}
	return []bot.Address{{Platform: "slack", Connection: "slack", Room: c.Slack.StaffRoom}}
}

// observe turns what the sender tells into metrics.
func (a *app) observe(o bot.Observation) {
	if o.Found || o.Took == 0 {
		return // no call with a visible effect was made
	}
	result := "retry"
	var throttled *bot.Throttled
	var refused *bot.Refused
	var doubt *bot.InDoubt
	switch {
	case o.Err == nil:
		result = "sent"
	case errors.As(o.Err, &throttled):
		result = "throttled"
		a.metrics.Throttled(o.Lane.Platform, o.Lane.Operation)
	case errors.As(o.Err, &refused):
		result = "refused"
	case errors.As(o.Err, &doubt):
		result = "in_doubt"
	}
	a.metrics.Sent(o.Lane.Platform, result, o.Took)
}

// run works until ctx ends, then stops in order and answers nil. An error means
// that it could not go on.
func (a *app) run(ctx context.Context, ready func()) error {
	background, halt := context.WithCancel(context.WithoutCancel(ctx))
	defer halt()
	sending, quit := context.WithCancel(background)
	defer quit()
	var work, sends sync.WaitGroup
	for _, task := range []func(context.Context){
		a.clock.Run, a.beat, a.handlers.RunFacts, a.handlers.RunSpool, a.handlers.RunCampaigns, a.handlers.RunPopular, a.handlers.RunOwners, a.menus,
		a.handlers.NewDigests(digestOptions(a.config)).Run,
		func(ctx context.Context) { a.handlers.RunRetention(ctx, a.config.Privacy.QuestionRetention) },
		func(ctx context.Context) { followContent(ctx, a.store, a.library, a.version, a.log) },
	} {
		work.Go(func() { task(background) })
	}
	sends.Go(func() {
		select {
		case <-a.handlers.Awake():
		case <-sending.Done():
		}
		a.sender.Run(sending)
	})

	public, admin := a.servers()
	failed := make(chan error, 2)
	serve := func(s *http.Server, l net.Listener) {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}
	go serve(public, a.public)
	if admin != nil {
		go serve(admin, a.admin)
	}
	ready()
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	a.log.Info("stopping", "grace", a.config.Server.ShutdownGrace.String())
	a.stopping.Store(true)
	a.drain(public, quit, &sends)
	halt()
	work.Wait()
	if admin != nil {
		_ = admin.Close()
	}
	a.goodbye()
	return err
}

// drain lets requests and sends in flight end, both at once, within the grace.
func (a *app) drain(public *http.Server, quit func(), sends *sync.WaitGroup) {
	grace, cancel := context.WithTimeout(context.Background(), a.config.Server.ShutdownGrace*9/10)
	defer cancel()
	quit()
	var both sync.WaitGroup
	both.Go(func() {
		if err := public.Shutdown(grace); err != nil {
			a.log.Warn("requests were cut off", "why", "they did not end within server.shutdown_grace")
			_ = public.Close()
		}
	})
	both.Go(sends.Wait)
	both.Wait()
}

// goodbye tells the other processes that our share of the pace is theirs.
func (a *app) goodbye() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = a.store.ByeProcess(ctx, a.process) // else they notice by themselves in a few seconds
}

// close gives back what newApp took.
func (a *app) close() {
	for _, l := range []net.Listener{a.public, a.admin} {
		if l != nil {
			_ = l.Close()
		}
	}
	if a.redis != nil {
		_ = a.redis.Close()
	}
	if a.store != nil {
		if err := a.store.Close(); err != nil {
			a.log.Warn("the database was not closed in order", "error", err)
		}
	}
}
