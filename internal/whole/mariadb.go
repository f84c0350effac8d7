package whole

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"time"

	_ "github.com/go-sql-driver/mysql" // the driver of sql.Open
)

// MariaDB is a server of our own in a folder of its own, to be killed.
type MariaDB struct {
	DSN string // as root, without a database

	dir, port string
	flags     []string
	cmd       *exec.Cmd
}

// NewMariaDB makes the folder and starts the server. It flushes every commit, as
// MariaDB is shipped, and lets everybody in, as only this machine can reach it.
func NewMariaDB(ctx context.Context, dir string, flags ...string) (*MariaDB, error) {
	addr, err := FreeAddr()
	if err != nil {
		return nil, err
	}
	m := &MariaDB{dir: dir, DSN: "root@tcp(" + addr + ")/", port: addr[len("127.0.0.1:"):], flags: flags}
	me, err := user.Current()
	if err != nil {
		return nil, err
	}
	install := exec.CommandContext(ctx, "mariadb-install-db", "--no-defaults", "--user="+me.Username, "--datadir="+filepath.Join(dir, "data"),
		"--auth-root-authentication-method=normal", "--skip-test-db")
	if out, err := install.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("mariadb-install-db: %w\n%s", err, out)
	}
	if err := m.start(me.Username); err != nil {
		return nil, err
	}
	return m, m.answers(ctx)
}

func (m *MariaDB) start(username string) error {
	log, err := os.OpenFile(filepath.Join(m.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	m.cmd = exec.Command("mariadbd", append([]string{"--no-defaults", "--skip-grant-tables", "--user=" + username, "--datadir=" + filepath.Join(m.dir, "data"),
		"--socket=" + filepath.Join(m.dir, "sock"), "--port=" + m.port, "--bind-address=127.0.0.1", "--skip-networking=0",
		"--character-set-server=utf8mb4", "--innodb-flush-log-at-trx-commit=1"}, m.flags...)...)
	m.cmd.Stdout, m.cmd.Stderr = log, log
	return m.cmd.Start()
}

// PID of the running server.
func (m *MariaDB) PID() int { return m.cmd.Process.Pid }

// Kill is kill -9.
func (m *MariaDB) Kill() {
	_ = m.cmd.Process.Kill()
	_ = m.cmd.Wait()
}

// Restart starts the server again and waits until it has recovered.
func (m *MariaDB) Restart(ctx context.Context) error {
	me, err := user.Current()
	if err != nil {
		return err
	}
	if err := m.start(me.Username); err != nil {
		return err
	}
	return m.answers(ctx)
}

func (m *MariaDB) answers(ctx context.Context) error {
	db, err := sql.Open("mysql", m.DSN)
	if err != nil {
		return err
	}
	defer db.Close()
	for {
		if err := db.PingContext(ctx); err == nil {
			return nil
		} else if ctx.Err() != nil {
			log, _ := os.ReadFile(filepath.Join(m.dir, "log"))
			return fmt.Errorf("the private MariaDB does not answer: %w\n%s", err, log)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
