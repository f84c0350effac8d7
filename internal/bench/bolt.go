package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"akari/internal/whole"

	"github.com/go-sql-driver/mysql"
)

//go:embed bolt.js
var boltApp []byte

// boltPackages are what the other program is made of, as npm names them.
var boltPackages = []string{"@slack/bolt@5.1.0", "mysql2@3.24.6"}

// startBolt starts Bolt for JavaScript beside us, where Node.js and npm can have it.
func startBolt(ctx context.Context, dir string, w *whole.Town, dsn string) (*side, func(), error) {
	if !installed("node") || !installed("npm") {
		return nil, nil, errors.New("there is no Node.js with npm")
	}
	home := filepath.Join(dir, "bolt")
	if err := os.Mkdir(home, 0o700); err != nil {
		return nil, nil, err
	}
	if err := os.WriteFile(filepath.Join(home, "app.js"), boltApp, 0o600); err != nil {
		return nil, nil, err
	}
	install := exec.CommandContext(ctx, "npm", append([]string{"install", "--prefix", home, "--no-package-lock", "--no-audit", "--no-fund"}, boltPackages...)...)
	if out, err := install.CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("npm cannot install it: %w\n%s", err, lastLines(string(out), 3))
	}
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, nil, err
	}
	dbHost, dbPort, err := net.SplitHostPort(cfg.Addr)
	if err != nil {
		return nil, nil, err
	}
	addr, err := whole.FreeAddr()
	if err != nil {
		return nil, nil, err
	}
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, nil, err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, nil, err
	}
	settings, err := json.Marshal(map[string]any{"secret": w.Slack.SigningSecret, "port": number,
		"database": map[string]any{"host": dbHost, "port": dbPort, "user": cfg.User, "password": cfg.Passwd, "database": cfg.DBName}})
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.Command("node", "app.js")
	cmd.Dir = home
	cmd.Env = append(os.Environ(), "NODE_ENV=production", "AKARI_BENCH_BOLT="+string(settings))
	cmd.Stderr = os.Stderr
	return startSide("Bolt for JS", addr, cmd)
}

// startSide starts a server and waits until it listens.
func startSide(name, addr string, cmd *exec.Cmd) (*side, func(), error) {
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	stop := func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", addr); err == nil {
			_ = conn.Close()
			return &side{name: name, addr: addr, pid: cmd.Process.Pid}, stop, nil
		} else if time.Now().After(end) {
			stop()
			return nil, nil, err
		}
	}
}
