// Package whole drives the real akari binary from outside, as chat platforms,
// operators and faults do: support for the proofs in its tests and for make bench.
// Nothing of the program imports it.
package whole

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Build makes the binary without cgo and stripped, as a release is made, in dir and
// answers where it is. A release adds -trimpath, with which everything is compiled
// once more: tests do without.
func Build(ctx context.Context, dir string, flags ...string) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("the module's folder cannot be found: %w", err)
	}
	bin := filepath.Join(dir, "akari")
	args := append([]string{"build", "-ldflags", "-s -w", "-o", bin}, flags...)
	build := exec.CommandContext(ctx, "go", append(args, ".")...)
	build.Dir = strings.TrimSpace(string(root))
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("akari does not build: %w\n%s", err, out)
	}
	return bin, nil
}

// Process is one akari serve, which can be killed and started again on the same ports.
type Process struct {
	Bin, Config string   // the binary, and its config file
	Dir         string   // working folder
	Env         []string // added to the environment
	URL, Admin  string   // roots of the public and the admin port

	mu     sync.Mutex
	cmd    *exec.Cmd
	ended  chan struct{}
	code   int
	output tail
}

// FreeAddr answers a loopback address on which nothing listens.
func FreeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// environment is ours without the settings of akari that may be in it.
func (p *Process) environment() (env []string) {
	for _, one := range os.Environ() {
		if !strings.HasPrefix(one, "AKARI_") {
			env = append(env, one)
		}
	}
	return append(env, p.Env...)
}

// Start starts the process and returns at once.
func (p *Process) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	cmd := exec.Command(p.Bin, "serve", "--config", p.Config)
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.Dir, &p.output, &p.output
	cmd.Env = p.environment()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("akari does not start: %w", err)
	}
	ended := make(chan struct{})
	p.cmd, p.ended = cmd, ended
	go func() {
		_ = cmd.Wait()
		p.mu.Lock()
		p.code = cmd.ProcessState.ExitCode()
		p.mu.Unlock()
		close(ended)
	}()
	return nil
}

// Ready waits until the process says that it is.
func (p *Process) Ready(ctx context.Context) error {
	p.mu.Lock()
	ended := p.ended
	p.mu.Unlock()
	for {
		if status, _, err := Get(ctx, p.Admin+"/readyz"); err == nil && status == http.StatusOK {
			return nil
		}
		select {
		case <-ended:
			return fmt.Errorf("akari ended instead of serving:\n%s", p.Output())
		case <-ctx.Done():
			return fmt.Errorf("akari is not ready: %w\n%s", ctx.Err(), p.Output())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// PID of the running process.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd.Process.Pid
}

// Signal sends a signal.
func (p *Process) Signal(s syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return nil
	}
	return p.cmd.Process.Signal(s)
}

// Kill is kill -9; it returns when the process is gone.
func (p *Process) Kill() {
	p.mu.Lock()
	cmd, ended := p.cmd, p.ended
	p.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Kill()
	<-ended
}

// Ended waits until the process has ended by itself and answers its exit code.
func (p *Process) Ended(ctx context.Context) (int, error) {
	p.mu.Lock()
	ended := p.ended
	p.mu.Unlock()
	select {
	case <-ended:
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.code, nil
	case <-ctx.Done():
		return 0, errors.New("akari goes on running")
	}
}

// Output is what the process has printed lately, over all its lives.
func (p *Process) Output() string { return p.output.String() }

// Usage is what the process has used of the machine.
type Usage struct {
	CPU time.Duration // user and system time since its start
	RSS int64         // bytes in memory now
}

// clockTick is USER_HZ, which is 100 on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// Usage reads /proc.
func (p *Process) Usage() (Usage, error) { return UsageOf(p.PID()) }

// UsageOf reads /proc of any process.
func UsageOf(pid int) (Usage, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Usage{}, err
	}
	// The name in brackets may hold anything; fields are counted after it.
	f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(f) < 22 {
		return Usage{}, errors.New("/proc/PID/stat has too few fields")
	}
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	pages, _ := strconv.ParseInt(f[21], 10, 64)
	return Usage{CPU: time.Duration(user+system) * clockTick, RSS: pages * int64(os.Getpagesize())}, nil
}

// Run runs another command of the binary and answers what it printed.
func (p *Process) Run(ctx context.Context, args ...string) (output string, code int, err error) {
	cmd := exec.CommandContext(ctx, p.Bin, append(args, "--config", p.Config)...)
	cmd.Dir, cmd.Env = p.Dir, p.environment()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return string(out), exit.ExitCode(), nil
	}
	return string(out), 0, err
}

var client = &http.Client{Timeout: 10 * time.Second}

// Get answers the status and the body of a page.
func Get(ctx context.Context, url string) (int, string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	res, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return res.StatusCode, string(body), err
}

// tail keeps the last of what was written to it.
type tail struct {
	mu sync.Mutex
	b  []byte
}

const tailKeep = 4 << 20

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if len(t.b) > 2*tailKeep {
		t.b = append([]byte(nil), t.b[len(t.b)-tailKeep:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}
