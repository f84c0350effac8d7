package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"akari/internal/testenv"
)

// served is a running akari serve of its own.
type served struct {
	t             *testing.T
	cmd           *exec.Cmd
	public, admin string
	last          string // the last start-up line on standard output
	errors        *lockedBuffer
	dir           string
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// startServe runs the real program in a folder of its own and waits until it says
// that it is ready. settings are AKARI_… variables.
func startServe(t *testing.T, dir string, settings ...string) *served {
	t.Helper()
	s := &served{t: t, public: testenv.FreeAddr(t), admin: testenv.FreeAddr(t), errors: &lockedBuffer{}, dir: dir}
	s.cmd = exec.Command("akari", "serve")
	s.cmd.Dir = dir
	// The race detector sleeps a second at every exit, which is not ours to answer for.
	s.cmd.Env = append([]string{"GORACE=atexit_sleep_ms=1", "PATH=" + os.Getenv("PATH"), "HOME=" + dir, "AKARI_SERVER_LISTEN=" + s.public, "AKARI_SERVER_ADMIN_LISTEN=" + s.admin, "AKARI_CONTENT_SMALL=true"}, settings...)
	s.cmd.Stderr = s.errors
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		if t.Failed() {
			t.Logf("standard error of serve:\n%s", s.errors)
		}
	})
	ready := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "Akari is ready: ") {
				ready <- lines.Text()
			}
		}
	}()
	select {
	case s.last = <-ready:
	case <-time.After(2 * time.Minute):
		t.Fatalf("serve is not ready:\n%s", s.errors)
	}
	return s
}

// stop sends SIGTERM and answers the exit code.
func (s *served) stop() (code int) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = s.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		s.t.Fatal("serve does not stop")
	}
	return s.cmd.ProcessState.ExitCode()
}

func (s *served) get(url string) (int, string) {
	s.t.Helper()
	r, err := http.Get(url)
	if err != nil {
		s.t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

// say posts what a person types in the playground.
func (s *served) say(as, room, text string) int {
	s.t.Helper()
	deed, _ := json.Marshal(map[string]any{"id": uuidLike(time.Now().UnixNano()), "kind": "say", "as": as, "room": room, "text": text})
	r, _ := http.NewRequest("POST", "http://"+s.public+"/hooks/playground", bytes.NewReader(deed))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", "http://"+s.public)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

func uuidLike(n int64) string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", n&0xffffffffffff) }

func TestServeFromNothingAnswersAndStopsInOrder(t *testing.T) {
	s := startServe(t, t.TempDir())
	_, port, _ := net.SplitHostPort(s.public)
	if want := "Akari is ready: http://localhost:" + port + "/play"; s.last != want {
		t.Errorf("the last line is %q, want %q", s.last, want)
	}
	if code, body := s.get("http://" + s.public + "/play"); code != 200 || !strings.Contains(body, "<html") {
		t.Errorf("/play: %d %.200s", code, body)
	}
	if code, body := s.get("http://" + s.admin + "/readyz"); code != 200 || !strings.Contains(body, `"ready"`) {
		t.Errorf("/readyz: %d %s", code, body)
	}
	if code, _ := s.get("http://" + s.public + "/metrics"); code != 404 {
		t.Errorf("metrics on the public port: %d", code)
	}
	if code := s.say("aoba-01", "direct-aoba-01", "最新の価格表はどこですか"); code != 200 {
		t.Fatalf("saying something: %d", code)
	}
	s.waitFor("http://"+s.public+"/play/state?as=aoba-01&room=direct-aoba-01", "price-list")
	if code, body := s.get("http://" + s.admin + "/metrics"); code != 200 || !strings.Contains(body, `akari_inbound_total{outcome="handled",platform="playground"} 1`) {
		t.Errorf("/metrics: %d lacks the question", code)
	}
	if code := s.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
	secret, err := os.Stat(filepath.Join(s.dir, "data", "server.secret"))
	if err != nil || secret.Mode().Perm() != 0o600 {
		t.Errorf("the made secret: %v %v", secret, err)
	}
	if strings.Contains(s.errors.String(), "価格表") {
		t.Error("what a person wrote stands in the log")
	}
}

func (s *served) waitFor(url, want string) {
	s.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		_, body := s.get(url)
		if strings.Contains(body, want) {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("%s never shows %q: %.500s", url, want, body)
		}
	}
}

// The playground can be anybody: it is for the person at this machine only.
func TestPlaygroundIsForThisMachineOnly(t *testing.T) {
	s := startServe(t, t.TempDir())
	for _, tt := range []struct{ method, path, header, value string }{
		{"GET", "/play", "X-Forwarded-For", "203.0.113.9"},
		{"GET", "/play/state?as=aoba-01&room=p-aoba", "Host", "akari.example.com"},
		{"POST", "/hooks/playground", "Host", "akari.example.com"},
		{"POST", "/hooks/playground", "Forwarded", "for=203.0.113.9"},
	} {
		r, _ := http.NewRequest(tt.method, "http://"+s.public+tt.path, strings.NewReader("{}"))
		r.Header.Set(tt.header, tt.value)
		if tt.header == "Host" {
			r.Host = tt.value
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != 404 {
			t.Errorf("%s %s with %s %s: %d, want 404", tt.method, tt.path, tt.header, tt.value, answer.StatusCode)
		}
	}
}

// A request whose body is still coming when SIGTERM arrives is answered.
func TestStopDoesNotCutARequestInFlight(t *testing.T) {
	s := startServe(t, t.TempDir())
	body := fmt.Sprintf(`{"id":%q,"kind":"say","as":"aoba-01","room":"direct-aoba-01","text":"hello"}`, uuidLike(1))
	conn, err := net.Dial("tcp", s.public)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = fmt.Fprintf(conn, "POST /hooks/playground HTTP/1.1\r\nHost: %s\r\nOrigin: http://%s\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", s.public, s.public, len(body))
	from := bufio.NewReader(conn)
	if line, err := from.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") { // the handler reads
		t.Fatalf("%q, %v", line, err)
	}
	_, _ = from.ReadString('\n')
	_, _ = io.WriteString(conn, body[:20])
	ended := make(chan int, 1)
	go func() { ended <- s.stop() }()
	time.Sleep(500 * time.Millisecond)
	if _, err := io.WriteString(conn, body[20:]); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(from, nil)
	if err != nil {
		t.Fatalf("the request was cut: %v", err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != 200 {
		t.Errorf("answered %d", answer.StatusCode)
	}
	if code := <-ended; code != 0 {
		t.Errorf("exit %d", code)
	}
}

// Somebody who never finishes a request cannot keep the process alive.
func TestStopEndsWithinTheGrace(t *testing.T) {
	s := startServe(t, t.TempDir(), "AKARI_SERVER_SHUTDOWN_GRACE=2s", "AKARI_SERVER_READ_TIMEOUT=10m")
	conn, err := net.Dial("tcp", s.public)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "POST /hooks/playground HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
	time.Sleep(200 * time.Millisecond)
	if code := s.stop(); code != 0 {
		t.Errorf("exit %d", code)
	}
}

// The page's live stream outlives server.read_timeout, and ends at once when the
// process is told to stop.
func TestLiveStreamsOutliveReadTimeout(t *testing.T) {
	s := startServe(t, t.TempDir(), "AKARI_SERVER_READ_TIMEOUT=500ms", "AKARI_SERVER_READ_HEADER_TIMEOUT=500ms", "AKARI_SERVER_SHUTDOWN_GRACE=10m")
	stream, err := http.Get("http://" + s.public + "/play/stream?as=aoba-01")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	time.Sleep(1200 * time.Millisecond)
	if code := s.say("aoba-01", "direct-aoba-01", "hello"); code != 200 {
		t.Fatalf("saying something: %d", code)
	}
	got := make(chan string, 1)
	go func() {
		var seen strings.Builder
		for lines := bufio.NewScanner(stream.Body); lines.Scan(); {
			if seen.WriteString(lines.Text() + "\n"); strings.Count(seen.String(), "data:") >= 2 {
				break
			}
		}
		got <- seen.String()
	}()
	select {
	case text := <-got:
		if strings.Count(text, "data:") < 2 {
			t.Errorf("the stream ended with %q", text)
		}
	case <-time.After(time.Minute):
		t.Error("the stream does not tell of the change")
	}
	if code := s.stop(); code != 0 {
		t.Errorf("exit %d with an open stream", code)
	}
}

// check --ready is the health check of an image without a shell.
func TestCheckReady(t *testing.T) {
	s := startServe(t, t.TempDir())
	var out strings.Builder
	env := []string{"AKARI_SERVER_ADMIN_LISTEN=" + s.admin}
	if code := run([]string{"check", "--ready"}, env, &out, &out); code != 0 || !strings.Contains(out.String(), "ready") {
		t.Errorf("%d %s", code, out.String())
	}
	s.stop()
	out.Reset()
	if code := run([]string{"check", "--ready"}, env, &out, &out); code != 1 || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("after the stop: %d %s", code, out.String())
	}
}

func TestASecondServeOnTheSamePortTouchesNothing(t *testing.T) {
	s := startServe(t, t.TempDir())
	other := t.TempDir()
	cmd := exec.Command("akari", "serve")
	cmd.Dir = other
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + other, "AKARI_SERVER_LISTEN=" + s.public}
	text, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(text), "server.listen") {
		t.Errorf("%v %s", err, text)
	}
	if _, err := os.Stat(filepath.Join(other, "data")); err == nil {
		t.Error("it made data/ before it had its port")
	}
}
