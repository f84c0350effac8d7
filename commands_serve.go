package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
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
	if os.Getenv("GOGC") == "" {
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
		go giveBack(ctx, a.library.Ready())
		a.announce(out)
	})
	log.Info("stopped")
	return err
}

// headroom is by how many percent the memory in use may grow before what is no longer
// used is collected. Most of ours is the dictionary and the index, which never change
// and are quickly passed over, so that collecting sooner than Go's own 100 % costs little
// and keeps 30 MB free. The environment's GOGC wins.
const headroom = 40

// giveBack returns to the machine what loading the Japanese dictionary needed for a
// moment only: about 30 MB that an idle process would otherwise keep.
func giveBack(ctx context.Context, loaded <-chan struct{}) {
	select {
	case <-ctx.Done():
	case <-loaded:
		debug.FreeOSMemory()
	}
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
