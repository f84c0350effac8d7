package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"
)

// What the bare server is told by: its database, its address and Slack's secret.
const (
	bareEnv    = "AKARI_BENCH_BARE"
	bareListen = "AKARI_BENCH_LISTEN"
	bareSecret = "AKARI_BENCH_SECRET"
)

// bareTable is what it writes to: one row per request, unique as ours are.
const bareTable = "CREATE TABLE bare (id BIGINT AUTO_INCREMENT PRIMARY KEY, source_key BINARY(32) NOT NULL UNIQUE, body MEDIUMTEXT NOT NULL, received_at DATETIME(6) NOT NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"

// bare is the least that a correct receiver can do: verify the signature on the raw
// bytes, do one autocommitted INSERT, answer 200. It has the same pool as akari.
func bare() {
	cfg, err := mysql.ParseDSN(os.Getenv(bareEnv))
	if err != nil {
		panic(err) // we wrote it ourselves
	}
	cfg.InterpolateParams = true
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		panic(err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(32)
	db.SetMaxIdleConns(32)
	secret := []byte(os.Getenv(bareSecret))
	http.HandleFunc("POST /hooks/slack/interactions", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil || !verified(secret, r.Header, body) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		key := sha256.Sum256(body)
		if _, err := db.ExecContext(r.Context(), "INSERT INTO bare (source_key, body, received_at) VALUES (?, ?, ?)", key[:], body, time.Now().UTC()); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusOK)
	})
	l, err := net.Listen("tcp", os.Getenv(bareListen))
	if err == nil {
		err = http.Serve(l, nil) //nolint:gosec // for the length of a measurement, on loopback
	}
	fmt.Fprintln(os.Stderr, "bare server:", err)
	os.Exit(1)
}

func verified(secret []byte, h http.Header, body []byte) bool {
	at, err := strconv.ParseInt(h.Get("X-Slack-Request-Timestamp"), 10, 64)
	if err != nil || time.Since(time.Unix(at, 0)).Abs() > 5*time.Minute {
		return false
	}
	m := hmac.New(sha256.New, secret)
	fmt.Fprintf(m, "v0:%d:", at)
	m.Write(body)
	got, ok := bytes.CutPrefix([]byte(h.Get("X-Slack-Signature")), []byte("v0="))
	want := []byte(hex.EncodeToString(m.Sum(nil)))
	return ok && hmac.Equal(got, want)
}
