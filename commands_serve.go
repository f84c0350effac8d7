package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
)

// ServeCmd is akari serve.
type ServeCmd struct{}

// Help is the long help.
func (ServeCmd) Help() string {
	return `Without a configuration file this is the trial: an embedded database under data/, the
sample content, and the playground at http://localhost:8080/play.

SIGTERM or Ctrl-C ends requests and sends in flight in order and exits 0 within
server.shutdown_grace; a second one ends at once. SIGKILL is safe at any moment.

Examples:
  akari serve
  akari serve --config /etc/akari/config.yaml
  AKARI_SERVER_LISTEN=:9000 akari serve`
}

// Run runs everything until a signal comes.
func (ServeCmd) Run(cli *CLI, out surroundings) error {
	c, err := cli.config(out)
	if err != nil {
		return err
	}
	log := newLogger(c.Log, out.stderr)
	v := currentVersion()
	log.Info("starting", "version", v.Version, "commit", v.Commit, "env", c.Env, "config", or(cli.configFile(), "built in"), "database", c.Database.Driver)
	for _, n := range c.Notes {
		log.Info("configuration", "file", n.File, "line", n.Line, "note", n.Text)
	}
	fixed := os.Getenv("GOGC") != ""
	if !fixed {
		debug.SetGCPercent(headroom)
	}
	clock := NewClock(c.Clock, log)
	ctx, stop := interruptible()
	defer stop()
	a, err := newApp(ctx, c, clock, log)
	if err != nil {
		return err
	}
	defer a.close()
	err = a.run(ctx, func() {
		// From now on a second signal ends the process at once.
		go func() { <-ctx.Done(); stop() }()
		go settleHeap(ctx, a.library.Ready(), c.Content.Small, fixed)
		a.announce(out)
	})
	log.Info("stopped")
	return err
}

// Collecting what is no longer used costs a pass over all that is, so the heap may
// grow to heapGoal before it is done, however little is in use; and by headroom
// percent where more is, as most of ours is dictionary and index, which are quickly
// passed over. Until they are loaded, which leaves much behind, headroom alone counts.
// The environment's GOGC wins over both.
const (
	heapGoal = 90 << 20 // bytes
	headroom = 40       // percent
)

// settleHeap gives back what loading the Japanese dictionary needed for a moment
// only, about 30 MB that an idle process would otherwise keep, and then lets the
// heap grow to its goal. Without the dictionary all is small, and Go's own rule,
// by as much as is in use, keeps it so.
func settleHeap(ctx context.Context, loaded <-chan struct{}, small, fixed bool) {
	select {
	case <-ctx.Done():
		return
	case <-loaded:
	}
	debug.FreeOSMemory()
	if fixed {
		return
	}
	percent := 100
	if !small {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		percent = max(headroom, int(100*heapGoal/max(m.HeapAlloc, 1))-100)
	}
	debug.SetGCPercent(percent)
}

// announce says that everything runs, and where. The last line is the address.
func (a *app) announce(out surroundings) {
	url := a.config.PublicURL(port(a.public))
	admin := ""
	if a.admin != nil {
		admin = a.admin.Addr().String()
	}
	a.log.Info("ready", "listen", a.public.Addr().String(), "admin", admin, "public_url", url)
	if a.playground == nil {
		fmt.Fprintln(out.stdout, "Akari is ready:", url)
		return
	}
	local := "http://localhost:" + port(a.public) + "/play"
	if a.key != "" {
		fmt.Fprintf(out.stdout, "From outside this container, once: %s?key=%s\n", local, a.key)
	}
	fmt.Fprintln(out.stdout, "Akari is ready:", local)
}

// inContainer tells whether visitors of this machine look like strangers, because
// they come in over the container's own network.
func inContainer() bool {
	for _, sign := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(sign); err == nil {
			return true
		}
	}
	return os.Getenv("KUBERNETES_SERVICE_HOST") != "" || os.Getenv("container") != ""
}

// newKey is 128 random bits.
func newKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return hex.EncodeToString(b[:])
}
