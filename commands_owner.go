package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"akari/handlers"
	"akari/models"
)

// OwnerCmd groups commands about who answers for what.
type OwnerCmd struct {
	List     OwnerListCmd     `cmd:"" help:"Show who answers for partners, materials, FAQ entries and campaigns."`
	Handover OwnerHandoverCmd `cmd:"" help:"Give everything that one person answers for to another, in one step."`
}

// OwnerListCmd is akari owner list.
type OwnerListCmd struct {
	Person  string `help:"Only what this person answers for." placeholder:"KEY" xor:"which"`
	Missing bool   `help:"Only what nobody at work answers for." xor:"which"`
}

// Help is the long help.
func (OwnerListCmd) Help() string {
	return `Hand-overs of days to come stand at the end.

Examples:
  akari owner list --missing
  akari owner list --person s-ito --json`
}

// OwnedLine is one thing and who answers for it.
type OwnedLine struct {
	Kind       string     `json:"kind"` // partner, material, entry, campaign
	Key        string     `json:"key"`
	Owner      string     `json:"owner,omitempty"`
	Department string     `json:"department,omitempty"`
	From       *time.Time `json:"from,omitempty"`
	Missing    bool       `json:"missing"` // nobody, or somebody who left
}

// PlannedLine is a hand-over of a day to come.
type PlannedLine struct {
	From string    `json:"from"`
	To   string    `json:"to"`
	On   time.Time `json:"on"`
}

// OwnerList is what owner list prints.
type OwnerList struct {
	Owners  []OwnedLine   `json:"owners"`
	Planned []PlannedLine `json:"planned"`
}

// Run lists.
func (o OwnerListCmd) Run(cli *CLI, out surroundings) error {
	return cli.withOwners(out, func(ctx context.Context, c Config, store *models.Store, mind *handlers.Handlers) error {
		done := OwnerList{Owners: []OwnedLine{}, Planned: []PlannedLine{}}
		err := store.View(ctx, func(t *models.Tx) error {
			if o.Person != "" {
				if _, err := t.PersonByKey(o.Person); err != nil {
					return personNotFound(o.Person, err)
				}
			}
			unowned, err := handlers.UnownedOf(t, mind.Library)
			if err != nil {
				return err
			}
			rows, err := t.OwnersNow(handlers.UnownedKinds...)
			if err != nil {
				return err
			}
			done.add(rows, unowned, o)
			return done.plan(t)
		})
		if err != nil {
			return err
		}
		return cli.print(out, done, done.text(c.Zone()))
	})
}

// add picks the lines that are asked for.
func (d *OwnerList) add(rows []models.Owned, unowned []handlers.Unowned, asked OwnerListCmd) {
	missing := map[[2]string]bool{}
	for _, u := range unowned {
		missing[[2]string{u.Kind, u.Key}] = true
	}
	have := map[[2]string]bool{}
	for _, r := range rows {
		at := [2]string{r.Kind, r.ObjectKey}
		have[at] = true
		gone := missing[at]
		if asked.Person != "" && r.Owner != asked.Person || asked.Missing && !gone || !gone && r.Owner == "" && r.Department == "" {
			continue
		}
		d.Owners = append(d.Owners, OwnedLine{r.Kind, r.ObjectKey, r.Owner, r.Department, &r.FromAt, gone})
	}
	for _, u := range unowned {
		if asked.Person == "" && !have[[2]string{u.Kind, u.Key}] {
			d.Owners = append(d.Owners, OwnedLine{Kind: u.Kind, Key: u.Key, Owner: u.Left, Missing: true})
		}
	}
	slices.SortStableFunc(d.Owners, func(a, b OwnedLine) int {
		return slices.Index(handlers.UnownedKinds, a.Kind) - slices.Index(handlers.UnownedKinds, b.Kind)
	})
}

func (d *OwnerList) plan(t *models.Tx) error {
	planned, err := t.Handovers()
	if err != nil {
		return err
	}
	for _, h := range planned {
		from, err := t.WhoisPerson(h.FromID)
		if err != nil {
			return err
		}
		to, err := t.WhoisPerson(h.ToID)
		if err != nil {
			return err
		}
		d.Planned = append(d.Planned, PlannedLine{from.Person.Key, to.Person.Key, h.OnAt})
	}
	return nil
}

func (d *OwnerList) text(zone *time.Location) string {
	var b strings.Builder
	for _, o := range d.Owners {
		since, who := "", strings.TrimSpace(o.Owner+" "+o.Department)
		if o.From != nil {
			since = o.From.In(zone).Format(time.DateOnly)
		}
		switch {
		case o.Missing && o.Owner != "":
			who += " (left)"
		case o.Missing:
			who = "(nobody)"
		}
		fmt.Fprintf(&b, "%-9s %-24s %-10s %s\n", o.Kind, o.Key, since, who)
	}
	for _, p := range d.Planned {
		fmt.Fprintf(&b, "on %s everything of %s goes to %s\n", p.On.In(zone).Format(time.DateOnly), p.From, p.To)
	}
	if b.Len() == 0 {
		return "nothing"
	}
	return strings.TrimRight(b.String(), "\n")
}

// OwnerHandoverCmd is akari owner handover.
type OwnerHandoverCmd struct {
	From   string `required:"" help:"Key of the person who gives, also one who left." placeholder:"PERSON"`
	To     string `required:"" help:"Key of the staff member who takes over." placeholder:"PERSON"`
	On     string `help:"Day on which it happens, in the vendor's zone. Default: now." placeholder:"DATE"`
	DryRun bool   `name:"dry-run" help:"Say what would move, and change nothing."`
	asStaff
}

// Help is the long help.
func (OwnerHandoverCmd) Help() string {
	return `Partners, materials, FAQ entries, campaigns and the questions that wait for an answer
move together; the history keeps who had them until when. A hand-over for a day to come
is done by serve on that day and takes what the person has then; asking again replaces
it. A seed or content file that still names the old owner does not undo it; one that
names somebody new later does. It is kept in the audit log.

Examples:
  akari owner handover --from s-ito --to s-sato --dry-run
  akari owner handover --from s-ito --to s-sato --on 2027-04-01`
}

// HandedOver is what owner handover prints.
type HandedOver struct {
	From   string     `json:"from"`
	To     string     `json:"to"`
	On     *time.Time `json:"on,omitempty"` // of a hand-over to come
	DryRun bool       `json:"dry_run"`
	models.Load
}

// Run hands over, or plans to.
func (o OwnerHandoverCmd) Run(cli *CLI, out surroundings) error {
	return cli.withOwners(out, func(ctx context.Context, c Config, store *models.Store, _ *handlers.Handlers) error {
		actor, role, err := o.actor(ctx, store)
		if err != nil {
			return err
		}
		h, err := o.people(ctx, store)
		if err != nil {
			return err
		}
		h.ByID = actor
		done := HandedOver{From: o.From, To: o.To, DryRun: o.DryRun}
		if o.On != "" {
			at, err := time.ParseInLocation(time.DateOnly, o.On, c.Zone())
			if err != nil {
				return wrongUsage{fmt.Sprintf("--on must be a day such as 2027-04-01, not %q", o.On)}
			}
			today := store.Now().In(c.Zone()).Format(time.DateOnly)
			if o.On < today {
				return wrongUsage{fmt.Sprintf("--on %s is over; a hand-over begins today or later, because the history is not rewritten", o.On)}
			}
			if o.On > today {
				done.On = &at
			}
		}
		move := func(t *models.Tx) (err error) {
			done.Load, err = t.LoadOf(h.FromID)
			switch {
			case err != nil || o.DryRun:
			case done.On != nil:
				h.OnAt = *done.On
				err = t.PlanHandover(h, role)
			default:
				done.Load, err = t.HandOver(h, role)
			}
			return err
		}
		if o.DryRun {
			err = store.View(ctx, move)
		} else {
			err = store.InTx(ctx, move)
		}
		if err != nil {
			return err
		}
		if err := cli.print(out, done, done.text(c.Zone())); err != nil {
			return err
		}
		o.remind(c, out)
		return nil
	})
}

// people finds who gives and who takes.
func (o OwnerHandoverCmd) people(ctx context.Context, store *models.Store) (h models.Handover, err error) {
	err = store.View(ctx, func(t *models.Tx) error {
		from, err := t.PersonByKey(o.From)
		if err != nil {
			return personNotFound(o.From, err)
		}
		to, err := t.PersonByKey(o.To)
		if err != nil {
			return personNotFound(o.To, err)
		}
		away, err := t.GoneOf(to.ID)
		switch {
		case err != nil:
			return err
		case from.Side != models.SideStaff:
			return fmt.Errorf("--from %s is nobody of the vendor's staff, so they own nothing", o.From)
		case away:
			return fmt.Errorf("--to %s has left or is nobody of the vendor's staff; name somebody who is at work", o.To)
		case from.ID == to.ID:
			return errors.New("--from and --to are the same person")
		}
		h.FromID, h.ToID = from.ID, to.ID
		return nil
	})
	return h, err
}

func (d HandedOver) text(zone *time.Location) string {
	did := "handed over"
	switch {
	case d.DryRun && d.On != nil:
		did = "would be handed over on " + d.On.In(zone).Format(time.DateOnly) + " (as of now)"
	case d.DryRun:
		did = "would be handed over"
	case d.On != nil:
		did = "will be handed over on " + d.On.In(zone).Format(time.DateOnly) + ", when serve runs (as of now)"
	}
	return fmt.Sprintf("%s from %s to %s: %d partners, %d materials, %d entries, %d campaigns, %d unanswered questions", did, d.From, d.To, d.Partners, d.Materials, d.Entries, d.Campaigns, d.Gaps)
}

// remind names what a command cannot change: the configuration.
func (o OwnerHandoverCmd) remind(c Config, out surroundings) {
	for _, a := range c.Digest.Audiences {
		if a.To == o.From || slices.Contains(a.Owners, o.From) {
			fmt.Fprintf(out.stderr, "akari: digest.audiences %s still names %s: change it in the configuration\n", a.Key, o.From)
		}
	}
}

// withOwners runs a command on the history of owners as the content has it now.
func (cli *CLI) withOwners(out surroundings, do func(context.Context, Config, *models.Store, *handlers.Handlers) error) error {
	return cli.withStore(out, func(ctx context.Context, c Config, store *models.Store, clock *Clock) error {
		library, _, err := openLibrary(c, clock)
		if err != nil {
			return err
		}
		if _, _, err := overlay(ctx, store, library); err != nil {
			return err
		}
		mind := handlers.New(handlers.Options{Store: store, Library: library, Log: quietLog(out)})
		if _, err := mind.KeepOwners(ctx, nil); err != nil {
			return err
		}
		return do(ctx, c, store, mind)
	})
}
