package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"akari/bot"
	"akari/bot/playground"
	"akari/handlers"
	"akari/models"
)

// servers are the public one and, where configured, the admin one.
func (a *app) servers() (public, admin *http.Server) {
	errorLog := slog.NewLogLogger(a.log.Handler(), slog.LevelWarn)
	s := a.config.Server
	public = &http.Server{
		Handler: a.publicHandler(), ErrorLog: errorLog,
		ReadHeaderTimeout: s.ReadHeaderTimeout, ReadTimeout: s.ReadTimeout, IdleTimeout: s.IdleTimeout,
		MaxHeaderBytes: 32 << 10, // more than any platform sends; Go's default is a megabyte
	}
	if a.playground != nil {
		public.RegisterOnShutdown(a.playground.Close) // its streams never end by themselves
	}
	if a.admin != nil {
		parts := adminParts{metrics: a.metrics.Handler(), database: a.databaseReady, stopping: a.stopping.Load}
		if a.redis != nil {
			parts.redis = a.redisReady
		}
		admin = &http.Server{Handler: newAdmin(parts), ErrorLog: errorLog, ReadHeaderTimeout: s.ReadHeaderTimeout, IdleTimeout: s.IdleTimeout}
	}
	return public, admin
}

// publicHandler is every route of the public port. The playground's pages and its
// way in are behind one guard: whoever may post there can be anybody.
func (a *app) publicHandler() http.Handler {
	mux := a.handlers.Routes()
	if a.playground == nil {
		return a.survive(mux)
	}
	mux.Handle("/play", a.playground.Pages())
	mux.Handle("/play/", a.playground.Pages())
	guarded := playground.Guard(a.key, mux)
	if a.behindLogin {
		guarded = a.handlers.StaffOnly("admin", mux)
	}
	return a.survive(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path := r.URL.Path; path == "/play" || strings.HasPrefix(path, "/play/") || path == "/hooks/playground" {
			guarded.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	}))
}

// survive keeps one request's panic from being more than that request's failure.
func (a *app) survive(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch fault := recover(); fault {
			case nil:
			case http.ErrAbortHandler:
				panic(fault)
			default:
				a.log.Error("a request failed", "method", r.Method, "route", r.Pattern, "panic", fault)
				http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

func (a *app) databaseReady(ctx context.Context) error { return schemaReady(ctx, a.store) }

func (a *app) redisReady(context.Context) error {
	if a.redis.Degraded() {
		return errors.New("away")
	}
	return nil
}

// beat says regularly that this process lives, and learns how many do.
func (a *app) beat(ctx context.Context) {
	tick := time.NewTicker(models.BeatEvery)
	defer tick.Stop()
	for {
		if n, err := a.store.Beat(ctx, a.process); err == nil {
			a.processes.Store(int64(max(1, n)))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// menuPatience is between tries to put up a menu: creating one is limited to a few
// a minute on LINE WORKS and to 100 an hour on LINE.
const menuPatience = 10 * time.Minute

// menus puts up the standing menus, and tries again where a platform did not answer.
func (a *app) menus(ctx context.Context) {
	todo := a.menuTodo()
	for len(todo) > 0 {
		var left []menuAt
		for _, m := range todo {
			err := m.platform.EnsureMenu(ctx, m.connection, a.handlers.Menu(a.config.Vendor.Languages[0]))
			if err != nil && ctx.Err() == nil {
				a.log.Warn("the menu could not be put up; it is tried again", "connection", m.connection, "error", err)
				left = append(left, m)
			}
		}
		todo = left
		if len(todo) == 0 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(menuPatience):
		}
	}
}

type menuAt struct {
	platform   bot.Menuer
	connection string
}

func (a *app) menuTodo() (todo []menuAt) {
	for _, p := range a.platforms {
		m, ok := p.(bot.Menuer)
		if !ok {
			continue
		}
		if p.Name() != "lineworks" {
			todo = append(todo, menuAt{m, p.Name()})
			continue
		}
		for _, k := range a.config.LineWorks.Connections {
			todo = append(todo, menuAt{m, k.Key})
		}
	}
	return todo
}

// businessHours is when staff work: the window in which campaigns may arrive.
func businessHours(c Config) handlers.Hours {
	days, _ := c.Campaign.Window.Weekdays() // checked by LoadConfig
	from, _ := ParseClock(c.Campaign.Window.From)
	to, _ := ParseClock(c.Campaign.Window.To)
	return handlers.Hours{Days: days, From: from, To: to, Zone: c.Zone()}
}
