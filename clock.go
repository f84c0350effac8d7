package main

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// Clock is the one wall clock of the program. Everything that stamps or compares
// wall-clock times gets its Now; leases, back-off and rates do not: they use the
// machine's monotonic time (rulings 8).
type Clock struct {
	offset atomic.Int64 // nanoseconds
	fixed  time.Duration
	file   string
	log    *slog.Logger
	broken bool // the last look at the file failed; only Run looks
}

// NewClock makes the clock; the file is read once, so that the first stamp is
// shifted already.
func NewClock(c ClockConfig, log *slog.Logger) *Clock {
	clock := &Clock{fixed: c.Offset, file: c.OffsetFile, log: log}
	clock.offset.Store(int64(c.Offset))
	clock.look()
	return clock
}

// Now is the shifted time in UTC, in whole microseconds: MySQL would round a longer
// fraction up into the next day.
func (c *Clock) Now() time.Time {
	return time.Now().Add(time.Duration(c.offset.Load())).UTC().Truncate(time.Microsecond)
}

// Run re-reads clock.offset_file every second until ctx ends.
func (c *Clock) Run(ctx context.Context) {
	if c.file == "" {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			c.look()
		}
	}
}

// look reads the file. A missing one means no further offset; an unreadable or
// half-written one leaves the clock as it is.
func (c *Clock) look() {
	if c.file == "" {
		return
	}
	content, err := os.ReadFile(c.file)
	if os.IsNotExist(err) {
		c.set(c.fixed)
		return
	}
	var d time.Duration
	if err == nil {
		d, err = ParseDuration(strings.TrimSpace(string(content)))
	}
	if err != nil {
		if !c.broken {
			c.log.Warn("the clock's offset cannot be read; it stays", "file", c.file, "error", err)
		}
		c.broken = true
		return
	}
	c.broken = false
	c.set(c.fixed + d)
}

func (c *Clock) set(d time.Duration) {
	if old := time.Duration(c.offset.Swap(int64(d))); old != d {
		c.log.Info("the clock was shifted", "offset", d.String())
	}
}
