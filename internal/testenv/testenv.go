// Package testenv gives tests the real services they need: MySQL or MariaDB, Redis
// and a browser. On a developer's machine a missing one skips the test with a loud
// line; with AKARI_CI=1 a missing one is a failure.
package testenv

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// CI tells that nothing may be skipped.
func CI() bool { return os.Getenv("AKARI_CI") == "1" }

// Missing ends the test: skipped on a developer's machine, failed in CI.
func Missing(t testing.TB, what, todo string) {
	t.Helper()
	if CI() {
		t.Fatalf("%s is missing, and in CI nothing is skipped: %s", what, todo)
	}
	t.Skipf("===== NOT TESTED: %s is missing. %s =====", what, todo)
}

// ServerDSN is the address of the MySQL or MariaDB server, without a database.
// It comes from AKARI_TEST_MYSQL.
func ServerDSN() string {
	if dsn := os.Getenv("AKARI_TEST_MYSQL"); dsn != "" {
		return dsn
	}
	return "root@tcp(127.0.0.1:3306)/"
}

// MySQL makes an empty database for this test and answers its DSN in
// go-sql-driver's form. It is dropped when the test ends.
func MySQL(t testing.TB) string {
	t.Helper()
	cfg, err := mysql.ParseDSN(ServerDSN())
	if err != nil {
		t.Fatalf("AKARI_TEST_MYSQL is no address such as root@tcp(127.0.0.1:3306)/: %v", err)
	}
	cfg.DBName, cfg.Timeout, cfg.Logger = "", 10*time.Second, quiet{}
	conn, err := mysql.NewConnector(cfg)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(conn)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		Missing(t, "MySQL or MariaDB ("+err.Error()+")", "Start one and set AKARI_TEST_MYSQL, or run .ci/run, which does.")
	}
	name := "akari_test_" + random()
	if _, err := db.ExecContext(ctx, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"); err != nil {
		t.Fatalf("while making a database for the test: %v", err)
	}
	t.Cleanup(func() {
		defer db.Close()
		if _, err := db.Exec("DROP DATABASE " + name); err != nil {
			t.Logf("database %s stays: %v", name, err)
		}
	})
	cfg.DBName, cfg.Timeout = name, 0
	return cfg.FormatDSN()
}

type quiet struct{}

func (quiet) Print(...any) {}

// SQLite answers the path of a database file for this test; the file is not made.
func SQLite(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "akari.db")
}

// Redis answers host:port of a Redis that other tests use at the same time: use
// keys of your own, and RedisServer to flush or stop one. It comes from
// AKARI_TEST_REDIS.
func Redis(t testing.TB) string {
	t.Helper()
	address := os.Getenv("AKARI_TEST_REDIS")
	if address == "" {
		address = "127.0.0.1:6379"
	}
	conn, err := net.DialTimeout("tcp", address, 2*time.Second)
	if err != nil {
		Missing(t, "Redis at "+address, "Start one and set AKARI_TEST_REDIS, or run .ci/run, which does.")
	}
	_ = conn.Close()
	return address
}

// Server is a Redis of this test's own.
type Server struct {
	Addr string
	Cmd  *exec.Cmd
}

// RedisServer starts a Redis for this test alone, to be flushed, stopped or killed.
func RedisServer(t testing.TB) *Server {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		Missing(t, "redis-server", "Install it (apt-get install redis-server).")
	}
	_, port, _ := net.SplitHostPort(FreeAddr(t))
	cmd := exec.Command(path, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatalf("while starting redis-server: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_, _ = cmd.Process.Wait()
	})
	s := &Server{Addr: "127.0.0.1:" + port, Cmd: cmd}
	WaitTCP(t, s.Addr, 10*time.Second)
	return s
}

// Chromium answers the path of a browser. It comes from AKARI_TEST_CHROMIUM.
func Chromium(t testing.TB) string {
	t.Helper()
	names := []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"}
	if path := os.Getenv("AKARI_TEST_CHROMIUM"); path != "" {
		names = []string{path}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	Missing(t, "Chromium", "Install it (apt-get install chromium) or set AKARI_TEST_CHROMIUM.")
	return ""
}

// FreeAddr answers a loopback address on which nothing listens.
func FreeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// WaitTCP waits until something listens on an address, and fails the test if
// nothing does in time.
func WaitTCP(t testing.TB, address string, patience time.Duration) {
	t.Helper()
	end := time.Now().Add(patience)
	for {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatalf("nothing listens on %s after %s", address, patience)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func random() string {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
