package main

import (
	"database/sql"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"akari/internal/testenv"

	"github.com/go-sql-driver/mysql"
)

// grant runs docs/grants.sql for the database of dsn and answers the runtime
// user's own DSN. Users are named after the database, so that tests do not meet.
func grant(t *testing.T, admin *sql.DB, cfg *mysql.Config) (runtime string) {
	t.Helper()
	text, err := os.ReadFile("docs/grants.sql")
	if err != nil {
		t.Fatal(err)
	}
	script := regexp.MustCompile(`(?m)^--.*$`).ReplaceAllString(string(text), "")
	script = strings.ReplaceAll(script, "`akari`.", "`"+cfg.DBName+"`.")
	short := cfg.DBName[len(cfg.DBName)-12:] // user names end at 32 characters
	for _, user := range []string{"akari", "akari_reader"} {
		name := "'" + user + "_" + short + "'@'%'"
		script = strings.ReplaceAll(script, "'"+user+"'@'%'", name)
		if _, err := admin.Exec("CREATE USER " + name + " IDENTIFIED BY 'pass-" + short + "'"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _, _ = admin.Exec("DROP USER " + name) })
	}
	for statement := range strings.SplitSeq(script, ";") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := admin.Exec(statement); err != nil {
			t.Fatalf("%s: %v", strings.TrimSpace(statement), err)
		}
	}
	user := *cfg
	user.User, user.Passwd = "akari_"+short, "pass-"+short
	return user.FormatDSN()
}

func TestGrantsLetTheProgramWorkAndKeepTheLog(t *testing.T) {
	dsn := testenv.MySQL(t)
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	akari := func(dsn string, args ...string) (int, string) {
		var out strings.Builder
		env := []string{"AKARI_DATABASE_DRIVER=mysql", "AKARI_DATABASE_DSN=" + dsn, "AKARI_STORAGE_DIR=" + t.TempDir()}
		return run(args, env, &out, &out), out.String()
	}
	if code, out := akari(dsn, "migrate", "up"); code != 0 {
		t.Fatal(out)
	}
	stranger := *cfg
	stranger.User, stranger.Passwd = "x_"+cfg.DBName[len(cfg.DBName)-12:], "pass"
	if _, err := admin.Exec("CREATE USER '" + stranger.User + "'@'%' IDENTIFIED BY 'pass'"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = admin.Exec("DROP USER '" + stranger.User + "'@'%'") })
	if code, out := akari(stranger.FormatDSN(), "check"); code != exitFailed || !strings.Contains(out, "docs/grants.sql gives this user its rights") {
		t.Errorf("akari check before docs/grants.sql: exit %d, %s", code, out)
	}
	runtime := grant(t, admin, cfg)

	// Everything the program does works for the runtime user …
	for _, args := range [][]string{{"seed", "--file", "testdata/seed.yaml"}, {"check"}, {"migrate", "status"}, {"content", "import", "--faq", "testdata/faq.csv"}} {
		if code, out := akari(runtime, args...); code != 0 {
			t.Errorf("akari %v as the runtime user: %s", args, out)
		}
	}
	// Old events go by a command of their own, as the user who owns the schema.
	for _, old := range []string{"2020-01-06", "2020-01-13"} {
		if _, err := admin.Exec("INSERT INTO weeks (week_start,week_end,noticed_until,cut_at,final,made_at,epoch) VALUES (?, ? + INTERVAL 7 DAY, ? + INTERVAL 9 DAY, ? + INTERVAL 9 DAY, 1, ?, 1)", old+" 00:00:00", old+" 00:00:00", old+" 00:00:00", old+" 00:00:00", old+" 00:00:00"); err != nil {
			t.Fatal(err)
		}
	}
	for _, at := range []string{"2020-01-08", "2020-01-15", "2020-01-22"} {
		if _, err := admin.Exec("INSERT INTO events (id,kind,platform,connection,object_kind,object_key,object_version,occurred_at,recorded_at,detail) VALUES (UNHEX(REPLACE(UUID(),'-','')),'asked','slack','slack','','',0,?,?,'{}')", at, at); err != nil {
			t.Fatal(err)
		}
	}
	retention := []string{"AKARI_DATABASE_DRIVER=mysql", "AKARI_DATABASE_DSN=" + runtime, "AKARI_STORAGE_DIR=" + t.TempDir(), "AKARI_VENDOR_TIME_ZONE=UTC", "AKARI_PRIVACY_EVENT_RETENTION=24h", "AKARI_PRIVACY_QUESTION_RETENTION=0"}
	if _, err := admin.Exec("INSERT INTO events (id,kind,platform,connection,object_kind,object_key,object_version,occurred_at,recorded_at,detail) VALUES (UNHEX(REPLACE(UUID(),'-','')),'asked','slack','slack','','',0,UTC_TIMESTAMP(6),UTC_TIMESTAMP(6),'{}')"); err != nil {
		t.Fatal(err)
	}
	for _, as := range []struct {
		env  string
		code int
		says string
	}{{"", 1, "the database user may not delete events: set database.migrate_dsn"}, {"AKARI_DATABASE_MIGRATE_DSN=" + dsn, 0, "events                2\n2 rows deleted; events before 2020-01-20\nevents from 2020-W04 on stay"}} {
		var out strings.Builder
		env := retention
		if as.env != "" {
			env = append(env[:len(env):len(env)], as.env)
		}
		if code := run([]string{"retention", "run"}, env, &out, &out); code != as.code || !strings.Contains(out.String(), as.says) {
			t.Errorf("akari retention run: %d %s, want %q", code, out.String(), as.says)
		}
	}
	// … and what it must not do is refused by the database itself.
	db, err := sql.Open("mysql", runtime)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, forbidden := range []string{
		"UPDATE events SET kind = 'asked'", "DELETE FROM events", "TRUNCATE TABLE events", "UPDATE audit SET actor_id = NULL", "DELETE FROM audit",
		"REPLACE INTO events SELECT * FROM events", "DROP TABLE people", "CREATE TABLE x (a INT)", "ALTER TABLE events ADD COLUMN x INT",
		"CREATE VIEW x AS SELECT 1", "UPDATE goose_db_version SET version_id = 99",
	} {
		var refused *mysql.MySQLError
		// 1142: command denied for the table; 1044: for the database.
		if _, err := db.Exec(forbidden); !errors.As(err, &refused) || refused.Number != 1142 && refused.Number != 1044 {
			t.Errorf("%s: %v, want a refusal", forbidden, err)
		}
	}
}

// Every table and view has its line: a new one that is forgotten would stop the
// program of an operator who follows the guide.
func TestGrantsNameEveryTable(t *testing.T) {
	dsn := testenv.MySQL(t)
	var out strings.Builder
	if code := run([]string{"migrate", "up"}, []string{"AKARI_DATABASE_DRIVER=mysql", "AKARI_DATABASE_DSN=" + dsn}, &out, &out); code != 0 {
		t.Fatal(out.String())
	}
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	text, err := os.ReadFile("docs/grants.sql")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := db.Query("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		// goose's lock is taken by the owner, who migrates.
		if n++; !strings.Contains(string(text), "`akari`.`"+name+"`") && name != "goose_lock" {
			t.Errorf("docs/grants.sql does not name %s", name)
		}
	}
	if err := rows.Err(); err != nil || n < 10 {
		t.Errorf("%d tables, %v", n, err)
	}
}
