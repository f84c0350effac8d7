package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"akari/content"
	"akari/handlers"
	"akari/models"
)

// VersionCmd is akari version.
type VersionCmd struct{}

// Run prints what runs here.
func (VersionCmd) Run(cli *CLI, out surroundings) error {
	v := currentVersion()
	return cli.print(out, v, fmt.Sprintf("akari %s\ncommit %s\n%s\nschema %d", v.Version, v.Commit, v.Go, v.Schema))
}

// MigrateUpCmd is akari migrate up.
type MigrateUpCmd struct{}

// Help is the long help.
func (MigrateUpCmd) Help() string {
	return "Uses database.migrate_dsn where it is set, else database.dsn.\n\nExample: akari migrate up --config /etc/akari/config.yaml"
}

// SchemaState is what migrate prints.
type SchemaState struct {
	Have    int64 `json:"have"`
	Want    int64 `json:"want"`
	Changed bool  `json:"changed"`
}

// Run brings the schema up to date.
func (MigrateUpCmd) Run(cli *CLI, out surroundings) error {
	return cli.withMigrator(out, func(ctx context.Context, c Config, store *models.Store) error {
		before, _, err := store.SchemaStatus(ctx)
		if err != nil {
			return err
		}
		if err := store.Migrate(ctx); err != nil {
			return err
		}
		if err := store.KeepPersonLevel(ctx, c.Privacy.PersonLevel); err != nil {
			return err
		}
		have, want, err := store.SchemaStatus(ctx)
		if err != nil {
			return err
		}
		s := SchemaState{have, want, have != before}
		if !s.Changed {
			return cli.print(out, s, fmt.Sprintf("schema %d, nothing to do", have))
		}
		return cli.print(out, s, fmt.Sprintf("schema %d → %d", before, have))
	})
}

// MigrateStatusCmd is akari migrate status.
type MigrateStatusCmd struct{}

// Help is the long help.
func (MigrateStatusCmd) Help() string {
	return "Exit code 1 if the schema is older than this program needs.\n\nExample: akari migrate status --json"
}

// Run shows the schema's version.
func (MigrateStatusCmd) Run(cli *CLI, out surroundings) error {
	return cli.withMigrator(out, func(ctx context.Context, _ Config, store *models.Store) error {
		have, want, err := store.SchemaStatus(ctx)
		if err != nil {
			return err
		}
		if err := cli.print(out, SchemaState{Have: have, Want: want}, fmt.Sprintf("schema %d, this program needs %d", have, want)); err != nil {
			return err
		}
		if have < want {
			return errOldSchema{have, want}
		}
		return nil
	})
}

func (cli *CLI) withMigrator(out surroundings, do func(context.Context, Config, *models.Store) error) error {
	c, err := cli.config(out)
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	log := quietLog(out)
	store, err := openMigrator(ctx, c, NewClock(c.Clock, log), log)
	if err != nil {
		return err
	}
	defer store.Close()
	return do(ctx, c, store)
}

// withStore runs a command beside a serve that may be running.
func (cli *CLI) withStore(out surroundings, do func(context.Context, Config, *models.Store, *Clock) error) error {
	c, err := cli.config(out)
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	log := quietLog(out)
	clock := NewClock(c.Clock, log)
	store, err := openReady(ctx, c, clock, log, c.Database.AutoMigrate)
	if err != nil {
		return err
	}
	defer store.Close()
	return do(ctx, c, store, clock)
}

// SeedCmd is akari seed.
type SeedCmd struct {
	File string `required:"" help:"Seed file, YAML or JSON." placeholder:"F"`
}

// Help is the long help.
func (SeedCmd) Help() string {
	return `The file says which partners, people, rooms and staff there are;
docs/sample/seed.yaml is an example. Loading it twice changes nothing. Rows are added and changed, never
removed; slack_orgs of a partner, where given, is the whole list. Every problem is
named with its line, and with a problem nothing is written. It may run beside serve.

Example: akari seed --file partners.yaml`
}

// Run loads the file.
func (s SeedCmd) Run(cli *CLI, out surroundings) error {
	return cli.withStore(out, func(ctx context.Context, c Config, store *models.Store, _ *Clock) error {
		began := time.Now()
		done, problems, err := seedFile(ctx, c, store, s.File)
		if err != nil {
			return err
		}
		if len(problems) > 0 {
			return printProblems(out, problems)
		}
		text := ""
		for _, one := range []struct {
			name  string
			count models.SeedCount
		}{{"staff", done.Staff}, {"partners", done.Partners}, {"people", done.People}, {"accounts", done.Accounts}, {"rooms", done.Rooms}, {"organisations", done.Orgs}} {
			text += fmt.Sprintf("%-14s %6d added %6d changed %6d unchanged\n", one.name, one.count.Added, one.count.Changed, one.count.Unchanged)
		}
		text += fmt.Sprintf("%-14s %6d rows  %6d changed\n", "content", done.Content.Rows, done.Content.Changed)
		return cli.print(out, done, text+fmt.Sprintf("done in %s", time.Since(began).Round(time.Millisecond)))
	})
}

func printProblems(out surroundings, problems []Problem) error {
	for _, p := range problems {
		fmt.Fprintln(out.stderr, p)
	}
	return problemsFound{len(problems)}
}

// ContentImportCmd is akari content import.
type ContentImportCmd struct {
	FAQ string `required:"" name:"faq" help:"CSV (UTF-8 or Shift_JIS) or XLSX with one entry a row." placeholder:"F"`
}

// Help is the long help.
func (ContentImportCmd) Help() string {
	return `The first row names the columns, in Japanese or English, e.g.
  キー, 質問, 回答, 言い換え, 資料, タグ, 対象, 開始日, 終了日
  key, question, answer, variants, materials, tags, audience, valid_from, valid_until
A title may stand above it; docs/content.md lists every column.
Importing the same list again changes the same entries. With a problem in any row
nothing is written.

Example: akari content import --faq よくある質問.xlsx`
}

// Imported is what content import prints.
type Imported struct {
	Entries int `json:"entries"`
	Changed int `json:"changed"`
}

// Run imports the file as rows that overlay the content's files.
func (i ContentImportCmd) Run(cli *CLI, out surroundings) error {
	return cli.withStore(out, func(ctx context.Context, _ Config, store *models.Store, _ *Clock) error {
		f, err := os.Open(i.FAQ)
		if err != nil {
			return err
		}
		defer f.Close()
		entries, problems := content.ImportFAQ(f, i.FAQ)
		if len(problems) > 0 {
			return printProblems(out, fromContent(problems))
		}
		unknown, err := unknownKeys(ctx, store, entries, nil)
		if err != nil {
			return err
		}
		if len(unknown) > 0 {
			return printProblems(out, unknown)
		}
		var rows []models.Overlay
		for _, e := range entries {
			rows = append(rows, models.Overlay{Kind: models.OverlayFAQ, Key: e.Key, Body: string(e.Body()), Source: "import"})
		}
		changed, err := putOverlays(ctx, store, rows)
		if err != nil {
			return err
		}
		return cli.print(out, Imported{len(rows), changed}, fmt.Sprintf("%d entries, %d changed", len(rows), changed))
	})
}

// FAQTestCmd is akari faq test.
type FAQTestCmd struct {
	Queries string `required:"" help:"Questions: JSONL of {id, text, relevant: [ids]}." placeholder:"F"`
	Corpus  string `help:"Entries: JSONL of {id, question, answer, lang, variants}. Default: the loaded content." placeholder:"F"`
	Top     int    `default:"10" help:"How many entries to rank."`
	Out     string `help:"Write one JSON line per question to this file." placeholder:"F"`
}

// Help is the long help.
func (FAQTestCmd) Help() string {
	return `An empty list of relevant entries means: nothing should be found.

Example: akari faq test --queries queries.jsonl --corpus corpus.jsonl --json`
}

// Run measures.
func (f FAQTestCmd) Run(cli *CLI, out surroundings) error {
	if f.Top < 1 || f.Top > 1000 {
		return wrongUsage{"--top must be between 1 and 1000"}
	}
	c, err := cli.config(out)
	if err != nil {
		return err
	}
	test := content.FAQTest{Queries: f.Queries, Corpus: f.Corpus, Top: f.Top, Out: f.Out, JSON: cli.JSON, Small: c.Content.Small}
	if f.Corpus == "" {
		if test.Library, err = cli.loadedContent(out, c); err != nil {
			return err
		}
	}
	return content.RunFAQTest(out.stdout, test)
}

// loadedContent is the content as serve would have it now: files, and rows of the
// database where one is there already.
func (cli *CLI) loadedContent(out surroundings, c Config) (*content.Library, error) {
	log := quietLog(out)
	clock := NewClock(c.Clock, log)
	library, _, err := openLibrary(c, clock)
	if err != nil {
		return nil, err
	}
	ctx, stop := interruptible()
	defer stop()
	if hasDatabase(c) {
		store, err := openStore(ctx, c, clock, log)
		if err != nil {
			return nil, err
		}
		defer store.Close()
		if schemaReady(ctx, store) == nil {
			if _, _, err := overlay(ctx, store, library); err != nil {
				return nil, err
			}
		}
	}
	select {
	case <-library.Ready():
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return library, nil
}

// hasDatabase tells whether opening the database would find one rather than make it.
func hasDatabase(c Config) bool {
	if c.Database.Driver != "sqlite" {
		return true
	}
	_, err := os.Stat(c.Database.DSN.Reveal())
	return err == nil
}

// PersonInviteCmd is akari person invite.
type PersonInviteCmd struct {
	Partner string `help:"Key of the partner that a new person belongs to." placeholder:"KEY" xor:"whom"`
	Person  string `help:"Key of a person who is known already, to add an account." placeholder:"KEY" xor:"whom"`
}

// Help is the long help.
func (PersonInviteCmd) Help() string {
	return `The person types the code to the bot, one-to-one. It works once and for seven days;
it is shown only now.

Example: akari person invite --partner p-aoba`
}

// Invited is what person invite prints.
type Invited struct {
	Code      string    `json:"code"`
	ExpiresAt time.Time `json:"expires_at"`
	Partner   string    `json:"partner_key,omitempty"`
	Person    string    `json:"person_key,omitempty"`
}

// Run makes the code.
func (p PersonInviteCmd) Run(cli *CLI, out surroundings) error {
	if (p.Partner == "") == (p.Person == "") {
		return wrongUsage{"name either --partner KEY (a new person) or --person KEY (one who is known)"}
	}
	return cli.withStore(out, func(ctx context.Context, _ Config, store *models.Store, _ *Clock) error {
		code, until, err := handlers.New(handlers.Options{Store: store}).Invite(ctx, p.Person, p.Partner)
		if errors.Is(err, models.ErrNotFound) {
			return fmt.Errorf("%w; akari seed loads people and partners", err)
		}
		if err != nil {
			return err
		}
		done := Invited{Code: code, ExpiresAt: until, Partner: p.Partner, Person: p.Person}
		return cli.print(out, done, fmt.Sprintf("%s\nworks once, until %s", code, until.Format(time.RFC3339)))
	})
}
