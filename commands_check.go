package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"akari/bot"
	"akari/content"
	"akari/coord"
	"akari/models"
)

// CheckCmd is akari check.
type CheckCmd struct {
	Live  bool `help:"Also ask each platform who we are." xor:"how"`
	Ready bool `help:"Only ask the serve that runs here, at server.admin_listen, whether it is ready. For health checks." xor:"how"`
}

// Help is the long help.
func (CheckCmd) Help() string {
	return `Names every problem at once, with file and line; asks the database and Redis.
Changes nothing: an embedded database that does not exist yet is not made. Exit code 1 if there is any problem.
Partners, materials, FAQ entries and campaigns that have no owner, or one who left, are
named as notes.

Examples:
  akari check
  akari check --live --config /etc/akari/config.yaml
  akari check --ready`
}

// Checked is what check found.
type Checked struct {
	Problems []Problem `json:"problems"`
	Notes    []Problem `json:"notes"`
	Overlays []string  `json:"overlays"` // what the database says instead of the files
	Live     []Live    `json:"live,omitempty"`
}

// Live is what a platform answered.
type Live struct {
	Platform   string `json:"platform"`
	Connection string `json:"connection"`
	Who        string `json:"who,omitempty"`
	Error      string `json:"error,omitempty"`
}

// Run checks everything that can be checked, also after problems.
func (k CheckCmd) Run(cli *CLI, out surroundings) error {
	if k.Ready {
		return cli.askReady(out)
	}
	c, problems := LoadConfig(cli.configFile(), out.environ)
	done := Checked{Problems: append([]Problem{}, problems...), Notes: append([]Problem{}, c.Notes...), Overlays: []string{}}
	log := quietLog(out)
	clock := NewClock(c.Clock, log)
	ctx, stop := interruptible()
	defer stop()
	library, faults, err := openLibrary(c, clock)
	if err != nil {
		done.bad(Problem{File: "content.dir", Text: err.Error()})
	}
	done.content(c, faults)
	if _, err := robotsOf(c); err != nil {
		done.bad(Problem{File: c.Links.RobotsFile, Text: err.Error()})
	}
	if len(problems) == 0 {
		done.database(ctx, c, clock, library)
		done.redis(ctx, c)
		done.platforms(ctx, c, clock, k.Live)
	} else {
		done.Notes = append(done.Notes, Problem{Text: "database and platforms were not looked at, because the configuration has problems"})
	}
	sortProblems(done.Problems)
	return done.tell(cli, out)
}

func (d *Checked) bad(p Problem) { d.Problems = append(d.Problems, p) }

func (d *Checked) content(c Config, faults []content.Problem) {
	for _, p := range fromContent(faults) {
		if c.Content.Dir != "" && !strings.HasPrefix(p.File, c.Content.Dir) {
			p.File = strings.TrimSuffix(c.Content.Dir, "/") + "/" + p.File
		}
		d.bad(p)
	}
}

// database looks at the schema and at what refers to rows.
func (d *Checked) database(ctx context.Context, c Config, clock *Clock, library *content.Library) {
	if !hasDatabase(c) {
		d.Notes = append(d.Notes, Problem{Text: "the embedded database does not exist yet; serve makes it"})
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	store, err := openStore(ctx, c, clock, quietLog(surroundings{stderr: os.Stderr}))
	if err != nil {
		d.bad(Problem{Text: hush(err.Error())})
		return
	}
	defer store.Close()
	if err := schemaReady(ctx, store); err != nil {
		if c.Database.Driver == "sqlite" || c.Database.AutoMigrate {
			d.Notes = append(d.Notes, Problem{Text: "serve will bring the schema up to date"})
		} else {
			d.bad(Problem{Text: hush(err.Error())})
		}
		return
	}
	if library != nil {
		d.rows(ctx, store, library)
	}
	d.references(ctx, c, store)
	if library != nil {
		d.owners(ctx, store, library)
	}
}

// nothingToAnswer is what surprises whoever seeds partners before content.
const nothingToAnswer = "there is no FAQ entry: the built-in sample steps aside once a partner is seeded; set content.dir, or run akari content import"

func (d *Checked) rows(ctx context.Context, store *models.Store, library *content.Library) {
	_, faults, err := overlay(ctx, store, library)
	if err != nil {
		d.bad(Problem{Text: hush(err.Error())})
		return
	}
	for _, p := range fromContent(faults) {
		d.bad(p)
	}
	unknown, err := unknownKeys(ctx, store, library.AllEntries(), library.AllMaterials())
	if err != nil {
		d.bad(Problem{Text: hush(err.Error())})
		return
	}
	for _, p := range unknown {
		d.bad(p)
	}
	for _, o := range library.Overlays() {
		d.Overlays = append(d.Overlays, o.String())
	}
	if len(library.AllEntries()) == 0 {
		d.Notes = append(d.Notes, Problem{Text: nothingToAnswer})
	}
}

// references checks that keys in the configuration are keys of rows.
func (d *Checked) references(ctx context.Context, c Config, store *models.Store) {
	err := store.View(ctx, func(t *models.Tx) error {
		for _, k := range c.LineWorks.Connections {
			if k.Partner == "" {
				continue
			}
			if _, err := t.PartnerByKey(k.Partner); errors.Is(err, models.ErrNotFound) {
				d.bad(Problem{Text: fmt.Sprintf("lineworks connection %s: there is no partner %s in the database; akari seed loads partners", k.Key, k.Partner)})
			} else if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		d.bad(Problem{Text: hush(err.Error())})
	}
}

// redis asks for a sign of life. serve goes on without one, so nobody else would say so.
func (d *Checked) redis(ctx context.Context, c Config) {
	if c.Redis.URL.IsZero() {
		return
	}
	r, err := coord.NewRedis(coord.RedisOptions{URL: c.Redis.URL.Reveal()})
	if err == nil {
		defer r.Close()
		err = r.Ping(ctx)
	}
	if err != nil {
		d.bad(Problem{Text: "redis.url: " + hush(err.Error()) + "; serve would go on without it, each process at its share of the limits"})
	}
}

// platforms builds each platform, which checks its keys, and asks it who we are.
func (d *Checked) platforms(ctx context.Context, c Config, clock *Clock, live bool) {
	list, err := platforms(c, clock, quietLog(surroundings{stderr: os.Stderr}))
	if err != nil {
		d.bad(Problem{Text: hush(err.Error())})
		return
	}
	if !live {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for _, p := range list {
		asked, ok := p.(bot.Checker)
		if !ok {
			continue
		}
		for _, line := range asked.Check(ctx) {
			l := Live{Platform: p.Name(), Connection: line.Connection, Who: line.Who}
			if line.Err != nil {
				l.Error = oneLine(hush(line.Err.Error()))
				d.bad(Problem{Text: fmt.Sprintf("%s, connection %s: %s", l.Platform, l.Connection, l.Error)})
			}
			d.Live = append(d.Live, l)
		}
	}
	if len(list) == 0 {
		d.Notes = append(d.Notes, Problem{Text: "no platform is set up, so there is nobody to ask"})
	}
}

func (d *Checked) tell(cli *CLI, out surroundings) error {
	for _, p := range d.Problems {
		fmt.Fprintln(out.stderr, oneLine(p.String()))
	}
	if cli.JSON {
		if err := json.NewEncoder(out.stdout).Encode(d); err != nil {
			return err
		}
	} else {
		for _, n := range d.Notes {
			fmt.Fprintln(out.stdout, "note:", oneLine(n.String()))
		}
		for _, o := range d.Overlays {
			fmt.Fprintln(out.stdout, "note:", o)
		}
		for _, l := range d.Live {
			if l.Error == "" {
				fmt.Fprintf(out.stdout, "%s, connection %s: %s\n", l.Platform, l.Connection, l.Who)
			}
		}
	}
	if len(d.Problems) > 0 {
		return problemsFound{len(d.Problems)}
	}
	if !cli.JSON {
		fmt.Fprintln(out.stdout, "ok: configuration, content and database are fine")
	}
	return nil
}

// askReady asks the running process as a load balancer would. An image without a
// shell has no other way to.
func (cli *CLI) askReady(out surroundings) error {
	c, err := cli.config(out)
	if err != nil {
		return err
	}
	if c.Server.AdminListen == "" {
		return errors.New("server.admin_listen is empty, so there is nobody to ask")
	}
	host, port, err := net.SplitHostPort(c.Server.AdminListen)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	client := http.Client{Timeout: 4 * time.Second}
	answer, err := client.Get("http://" + net.JoinHostPort(host, port) + "/readyz")
	if err != nil {
		return fmt.Errorf("no serve answers at server.admin_listen: %w", err)
	}
	defer answer.Body.Close()
	var state Readiness
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<16)).Decode(&state); err != nil {
		return fmt.Errorf("what answers at server.admin_listen is not akari: %w", err)
	}
	if err := cli.print(out, state, state.Status); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("serve is %s: %v", state.Status, state.Parts)
	}
	return nil
}
