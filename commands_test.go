package main

import (
	"os"
	"strings"
	"testing"

	"akari/internal/testenv"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes this test binary also be akari, for the scripts.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"akari": func() { os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr)) },
	})
}

// The command line as an operator sees it: testdata/cli/*.txtar.
func TestCommandLine(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/cli",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Vars = append(e.Vars, "HOME="+e.WorkDir)
			return nil
		},
	})
}

// The same on MySQL or MariaDB: a seed, twice, and what stands in the way before it.
func TestCommandLineOnMySQL(t *testing.T) {
	dsn := testenv.MySQL(t)
	env := []string{"AKARI_DATABASE_DRIVER=mysql", "AKARI_DATABASE_DSN=" + dsn, "AKARI_STORAGE_DIR=" + t.TempDir()}
	steps := []struct {
		args string
		code int
		want string
	}{
		{"check", 1, "schema 0 and this program needs"},
		{"seed --file testdata/seed.yaml", 1, "run `akari migrate up`"},
		{"migrate status", 1, "schema 0"},
		{"migrate up", 0, "schema 0 →"},
		{"migrate up", 0, "nothing to do"},
		{"migrate status --json", 0, `"have":`},
		{"seed --file testdata/seed.yaml --json", 0, `"people":{"added":3`},
		{"seed --file testdata/seed.yaml --json", 0, `"people":{"added":0,"changed":0,"unchanged":3}`},
		{"person invite --partner p-aoba --json", 0, `"partner_key":"p-aoba"`},
		{"person invite --partner p-nobody", 1, "p-nobody"},
		{"check", 0, "ok:"},
	}
	for _, s := range steps {
		var out strings.Builder
		if code := run(strings.Fields(s.args), env, &out, &out); code != s.code || !strings.Contains(out.String(), s.want) {
			t.Errorf("akari %s: exit %d, want %d with %q:\n%s", s.args, code, s.code, s.want, out.String())
		}
		if strings.Contains(out.String(), dsn) {
			t.Errorf("akari %s shows the database's address", s.args)
		}
	}
}
