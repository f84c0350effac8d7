package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit codes of every command.
const (
	exitDone   = 0
	exitFailed = 1 // failed, or problems were found
	exitUsage  = 2 // wrong usage
)

// CLI is the command line: one field per command.
type CLI struct {
	Config string `help:"Configuration file. Default: config.yaml in this folder, or the built-in settings where there is none." placeholder:"F" short:"c"`
	JSON   bool   `name:"json" help:"Print data as one JSON object."`

	Serve     ServeCmd     `cmd:"" help:"Run everything: webhooks, senders, clocks, viewer, pages."`
	Check     CheckCmd     `cmd:"" help:"Check configuration, content and database, and name every problem."`
	Migrate   MigrateCmd   `cmd:"" help:"Bring the database schema up to date, or show its version."`
	Seed      SeedCmd      `cmd:"" help:"Load partners, people, rooms and staff from a file."`
	Content   ContentCmd   `cmd:"" help:"Import content."`
	Link      LinkCmd      `cmd:"" help:"Personal links: revoke one."`
	FAQ       FAQCmd       `cmd:"" name:"faq" help:"Measure how well questions find their answers."`
	Campaign  CampaignCmd  `cmd:"" help:"Campaigns: make, look at, approve, launch, stop, report."`
	Person    PersonCmd    `cmd:"" help:"People: invite, show, export, erase."`
	Owner     OwnerCmd     `cmd:"" help:"Owners: who answers for what, and handing over."`
	Digest    DigestCmd    `cmd:"" help:"The weekly digest: make it now, or show what it would say."`
	Outcomes  OutcomesCmd  `cmd:"" help:"Results per partner: load them, or see what came before them."`
	Export    ExportCmd    `cmd:"" help:"Write events, deliveries, views, people, campaigns or outcomes as CSV or XLSX."`
	Report    ReportCmd    `cmd:"" help:"Figures: recount what they are made of."`
	Retention RetentionCmd `cmd:"" help:"Retention: delete what was kept long enough."`
	Version   VersionCmd   `cmd:"" help:"Show version, commit, Go version and schema version."`
}

// ContentCmd groups commands about content.
type ContentCmd struct {
	Import ContentImportCmd `cmd:"" help:"Import FAQ entries that staff keep in Excel (CSV or XLSX)."`
}

// FAQCmd groups commands about the FAQ.
type FAQCmd struct {
	Test FAQTestCmd `cmd:"" help:"Ask labelled questions and print Hit@1, Hit@3, MRR@10, nDCG@10 and the misses."`
}

// LinkCmd groups commands about personal links.
type LinkCmd struct {
	Revoke LinkRevokeCmd `cmd:"" help:"Make a personal link dead, in every process, at once."`
}

// PersonCmd groups commands about people.
type PersonCmd struct {
	Invite PersonInviteCmd `cmd:"" help:"Make a single-use invitation code, for platforms on which nobody can be recognised."`
	Show   PersonShowCmd   `cmd:"" help:"Show who somebody is and how much is recorded about them."`
	Export PersonExportCmd `cmd:"" help:"Print everything that is recorded about somebody, as JSON."`
	Erase  PersonEraseCmd  `cmd:"" help:"Remove who somebody is from everything; the counts stay."`
}

// MigrateCmd groups the commands about the schema.
type MigrateCmd struct {
	Up     MigrateUpCmd     `cmd:"" help:"Bring the schema to the version of this program. Running it twice, or in several processes, is harmless."`
	Status MigrateStatusCmd `cmd:"" help:"Show the schema's version and the one this program needs."`
}

// problemsFound ends a command whose problems are printed already.
type problemsFound struct{ n int }

func (e problemsFound) Error() string {
	if e.n == 1 {
		return "1 problem found"
	}
	return fmt.Sprintf("%d problems found", e.n)
}

// wrongUsage is a command line that cannot be obeyed.
type wrongUsage struct{ text string }

func (e wrongUsage) Error() string { return e.text }

// run is the program without its process: it answers the exit code.
func run(args, environ []string, stdout, stderr io.Writer) int {
	if len(args) > 0 && args[0] == "help" {
		args = append(args[1:len(args):len(args)], "--help")
	}
	var cli CLI
	leave := -1
	parser, err := kong.New(&cli,
		kong.Name("akari"),
		kong.Description("Akari puts partner support on the record where the work already happens: in chat.\n\nTry it: akari serve, then open http://localhost:8080/play"),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { leave = code; panic(leaving{}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: false, WrapUpperBound: 100}),
	)
	if err != nil { // a defect of the structs above, held by a test
		fmt.Fprintln(stderr, "akari:", err)
		return exitFailed
	}
	bare := len(args) == 0
	if bare {
		args = []string{"--help"}
	}
	chosen, done := parse(parser, args, stderr)
	switch {
	case done && leave == exitDone && !bare:
		return exitDone // help that was asked for
	case done:
		return exitUsage
	}
	return finish(chosen.Run(&cli, surroundings{environ: environ, stdout: stdout, stderr: stderr}), stderr)
}

// leaving unwinds out of kong where it would end the process (--help).
type leaving struct{}

func parse(parser *kong.Kong, args []string, stderr io.Writer) (chosen *kong.Context, done bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(leaving); !ok {
				panic(r)
			}
			chosen, done = nil, true
		}
	}()
	chosen, err := parser.Parse(args)
	if err != nil {
		about := "akari"
		if where, ok := errors.AsType[*kong.ParseError](err); ok && where.Context != nil && where.Context.Selected() != nil {
			about = where.Context.Selected().FullPath()
		}
		fmt.Fprintf(stderr, "akari: %s; see %s --help\n", strings.TrimSuffix(oneLine(err.Error()), "?"), about)
		return nil, true
	}
	return chosen, false
}

// finish words the end of a command.
func finish(err error, stderr io.Writer) int {
	var usage wrongUsage
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage):
		fmt.Fprintln(stderr, "akari: "+usage.text)
		return exitUsage
	}
	fmt.Fprintln(stderr, "akari: "+oneLine(hush(err.Error())))
	return exitFailed
}

// oneLine keeps an error on one line, whatever it quotes.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// config loads the settings that a command works with. Problems are printed, all
// of them, and end the command.
func (cli *CLI) config(out surroundings) (Config, error) {
	path := cli.configFile()
	c, problems := LoadConfig(path, out.environ)
	if len(problems) > 0 {
		for _, p := range problems {
			fmt.Fprintln(out.stderr, p)
		}
		return c, fmt.Errorf("%w in the configuration", problemsFound{len(problems)})
	}
	return c, nil
}

// configFile is the file to read: without --config, config.yaml if there is one.
func (cli *CLI) configFile() string {
	if cli.Config != "" {
		return cli.Config
	}
	if _, err := os.Stat(DefaultConfigFile); err != nil {
		return ""
	}
	return DefaultConfigFile
}

// print writes data: as JSON where asked for, else as text.
func (cli *CLI) print(out surroundings, data any, text string) error {
	if cli.JSON {
		return json.NewEncoder(out.stdout).Encode(data)
	}
	_, err := fmt.Fprintln(out.stdout, text)
	return err
}

// interruptible is a context that ends at Ctrl-C or SIGTERM.
func interruptible() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
}

// quietLog is the log of commands other than serve: warnings only, as text.
func quietLog(out surroundings) *slog.Logger {
	return newLogger(LogConfig{Level: "warn", Format: "text"}, out.stderr)
}
