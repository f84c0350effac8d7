// Command bench measures what akari costs, on this machine and as it stands, and
// prints one table: signed Slack presses next to a bare server that verifies and
// does one INSERT, answer search on 10,000 entries and on labelled sets beside other
// engines, memory, size and start-up. It asserts nothing: figures mean something only
// next to each other. Words after the command name the parts to run (memory, search,
// labelled, presses, viewer, phone, digest, campaign, plan); none = all.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"time"

	"akari/internal/whole"

	"github.com/google/uuid"
)

// millions is how long the logs are with which digests and pages are measured.
var millions = flag.String("events", "1", "millions of events of the logs in the part digest, e.g. 1,5,10 (about 10 minutes for each 5 million)")

func main() {
	if os.Getenv(bareEnv) != "" {
		bare() // the other server of the comparison, started by ourselves
		return
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only []string) error {
	dir, err := os.MkdirTemp("", "akari-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	began := time.Now()
	bin, err := whole.Build(ctx, dir, "-trimpath")
	if err != nil {
		return err
	}
	info, err := os.Stat(bin)
	if err != nil {
		return err
	}
	fmt.Printf("built in %v\n\n", time.Since(began).Round(time.Second))
	fmt.Printf("%-52s %12s\n", "binary, stripped (-trimpath -ldflags '-s -w')", mb(info.Size()))
	for _, part := range []struct {
		name string
		run  func(context.Context, string, string) error
	}{{"memory", idle}, {"search", search}, {"labelled", labelled}, {"presses", presses}, {"viewer", viewer}, {"phone", phone}, {"digest", digest}, {"campaign", campaign}, {"plan", plan}} {
		if len(only) > 0 && !slices.Contains(only, part.name) {
			continue
		}
		sub := filepath.Join(dir, part.name)
		if err := os.Mkdir(sub, 0o700); err != nil {
			return err
		}
		// One part that cannot run (no database server, say) does not hide the others.
		if err := part.run(ctx, bin, sub); err != nil {
			fmt.Printf("%s: NOT MEASURED: %v\n", part.name, err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

func mb(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }

// A process is left alone until it has used next to no processor for calmFor, at
// most calmWithin: on a busy machine the dictionary loads for longer than it starts.
const (
	calmFor    = 5 * time.Second
	calmWithin = 3 * time.Minute
	calmUse    = 100 * time.Millisecond
)

// calm waits until the process is at rest and gives what it uses then.
func calm(ctx context.Context, p *whole.Process) (whole.Usage, error) {
	u, err := p.Usage()
	for end := time.Now().Add(calmWithin); err == nil && time.Now().Before(end); {
		before := u.CPU
		select {
		case <-ctx.Done():
			return u, ctx.Err()
		case <-time.After(calmFor):
		}
		if u, err = p.Usage(); err == nil && u.CPU-before <= calmUse {
			break
		}
	}
	return u, err
}

// idle starts the program as a newcomer does, with the dictionary and without, and
// with a list of 10,000 entries.
func idle(ctx context.Context, bin, dir string) error {
	for i, one := range []struct {
		name, config string
		entries      int
	}{
		{"sample content, dictionary", "content: {}", 0},
		{"sample content, content.small", "content: {small: true}", 0},
		{"10,000 entries, dictionary", "content: {dir: entries}", searchEntries},
	} {
		home := filepath.Join(dir, fmt.Sprint(i))
		if err := os.Mkdir(home, 0o700); err != nil {
			return err
		}
		if one.entries > 0 {
			if err := fillContent(filepath.Join(home, "entries"), one.entries); err != nil {
				return err
			}
		}
		if err := idleOnce(ctx, bin, home, one.name, one.config); err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
	}
	return nil
}

// idleOnce starts the program twice, the second time with its database made, and
// reads its memory when it has been left alone.
func idleOnce(ctx context.Context, bin, home, name, config string) error {
	listen, err := whole.FreeAddr()
	if err != nil {
		return err
	}
	admin, err := whole.FreeAddr()
	if err != nil {
		return err
	}
	config = fmt.Sprintf("server: {listen: %q, admin_listen: %q}\n%s\n", listen, admin, config)
	if err := os.WriteFile(filepath.Join(home, "config.yaml"), []byte(config), 0o600); err != nil {
		return err
	}
	p := &whole.Process{Bin: bin, Config: "config.yaml", Dir: home, URL: "http://" + listen, Admin: "http://" + admin}
	var took [2]time.Duration
	var usage whole.Usage
	var most int64
	for i := range took {
		began := time.Now()
		if err := p.Start(); err != nil {
			return err
		}
		err := p.Ready(ctx)
		took[i] = time.Since(began)
		if err == nil && i == 1 {
			if usage, err = calm(ctx, p); err == nil {
				most, err = mostMemory(ctx, p)
			}
		}
		p.Kill()
		if err != nil {
			return err
		}
	}
	fmt.Printf("%-52s %12s   (first start, with an empty database: %v)\n", "start-up to ready, "+name, took[1].Round(time.Millisecond), took[0].Round(time.Millisecond))
	fmt.Printf("%-52s %12s   (most while %d questions are asked: %s)\n", "memory at rest (RSS), "+name, mb(usage.RSS), playgroundQuestions, mb(most))
	return nil
}

// playgroundQuestions is how many are asked in the playground while memory is watched.
const playgroundQuestions = 1000

// mostMemory asks questions in the playground, one after the other, and gives the
// largest memory seen.
func mostMemory(ctx context.Context, p *whole.Process) (int64, error) {
	entries, err := sample()
	if err != nil {
		return 0, err
	}
	who, room, err := oneToOne(ctx, p.URL)
	if err != nil {
		return 0, err
	}
	var most int64
	for i := range playgroundQuestions {
		_, d := told(entries, i*7)
		deed := map[string]any{"id": uuid.NewString(), "as": who, "room": room, "kind": "say", "text": d.Question}
		if err := playground(ctx, p.URL, http.MethodPost, "/hooks/playground", deed, nil); err != nil {
			return 0, err
		}
		u, err := p.Usage()
		if err != nil {
			return 0, err
		}
		most = max(most, u.RSS)
	}
	return most, nil
}

// oneToOne finds somebody in the playground with a room of their own.
func oneToOne(ctx context.Context, url string) (who, room string, err error) {
	var s struct {
		Personas []struct {
			User  string `json:"user"`
			Rooms []struct {
				ID   string `json:"id"`
				Kind string `json:"kind"`
			} `json:"rooms"`
		} `json:"personas"`
	}
	if err := playground(ctx, url, http.MethodGet, "/play/state?as=&room=&since=0", nil, &s); err != nil {
		return "", "", err
	}
	for _, p := range s.Personas {
		for _, r := range p.Rooms {
			if r.Kind == "direct" {
				return p.User, r.ID, nil
			}
		}
	}
	return "", "", errors.New("the playground has nobody with a room of their own")
}

// playground does what its page does: JSON there and back.
func playground(ctx context.Context, url, method, path string, send, receive any) error {
	body, err := json.Marshal(send)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", url)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: HTTP %d", path, answer.StatusCode)
	}
	if receive == nil {
		return nil
	}
	return json.NewDecoder(answer.Body).Decode(receive)
}
