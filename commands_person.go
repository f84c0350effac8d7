package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"akari/models"
)

// asStaff names the actor of a command; without it, it is the operator.
type asStaff struct {
	As string `name:"as" help:"Key of the staff member who does it (role admin). Default: the operator of this machine." placeholder:"STAFF_KEY"`
}

// actor answers who acts, under which role.
func (a asStaff) actor(ctx context.Context, store *models.Store) (id models.ID, role string, err error) {
	if a.As == "" {
		return id, "operator", nil
	}
	err = store.View(ctx, func(t *models.Tx) error {
		p, err := t.PersonByKey(a.As)
		switch {
		case errors.Is(err, models.ErrNotFound):
			return fmt.Errorf("--as %s: nobody has this key", a.As)
		case err != nil:
			return err
		case p.Side != models.SideStaff || p.LeftAt != nil || !p.Has("admin"):
			return fmt.Errorf("--as %s: this needs staff with the role admin", a.As)
		}
		id = p.ID
		return nil
	})
	return id, "admin", err
}

// personNotFound says what to do about a key that nobody has.
func personNotFound(key string, err error) error {
	if errors.Is(err, models.ErrNotFound) {
		return fmt.Errorf("nobody has the key %s; the keys are those of the seed file and of v_event.person_key", key)
	}
	return err
}

// audited reads what is recorded about somebody, and keeps that it was read.
func (a asStaff) audited(ctx context.Context, store *models.Store, key, action string, rows bool) (models.Personal, error) {
	actor, role, err := a.actor(ctx, store)
	if err != nil {
		return models.Personal{}, err
	}
	p, err := store.Personal(ctx, key, rows)
	if err != nil {
		return p, personNotFound(key, err)
	}
	// The id and not the key: the audit log cannot forget.
	return p, store.InTx(ctx, func(t *models.Tx) error {
		return t.Audit(models.Act{ActorID: actor, Role: role, Action: action, Object: "person:" + p.PersonID.String(), Result: "done"})
	})
}

// PersonShowCmd is akari person show.
type PersonShowCmd struct {
	Key string `arg:"" help:"Key of the person."`
	asStaff
}

// Help is the long help.
func (PersonShowCmd) Help() string {
	return "Looking is kept in the audit log.\n\nExample: akari person show aoba-01"
}

// Run shows the person.
func (p PersonShowCmd) Run(cli *CLI, out surroundings) error {
	return cli.withStore(out, func(ctx context.Context, _ Config, store *models.Store, _ *Clock) error {
		data, err := p.audited(ctx, store, p.Key, "person.show", false)
		if err != nil {
			return err
		}
		var text strings.Builder
		for _, row := range data.Rows["people"] {
			for _, column := range []string{"key", "name", "side", "partner_key", "department", "roles", "language", "created_at", "left_at"} {
				if v := row[column]; v != nil && v != "" {
					fmt.Fprintf(&text, "%-12s %v\n", column, v)
				}
			}
		}
		text.WriteString(countLines(data.Counts))
		return cli.print(out, data, strings.TrimRight(text.String(), "\n"))
	})
}

// countLines lists what there is, by table, in one order.
func countLines(n map[string]int) string {
	var names []string
	for name, k := range n {
		if k > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	text := ""
	for _, name := range names {
		text += fmt.Sprintf("%-12s %6d\n", name, n[name])
	}
	return text
}

// PersonExportCmd is akari person export.
type PersonExportCmd struct {
	Key string `arg:"" help:"Key of the person."`
	Out string `help:"Write to this file, readable by its owner only, instead of standard output." placeholder:"F"`
	asStaff
}

// Help is the long help.
func (PersonExportCmd) Help() string {
	return `One JSON object with every row about the person: accounts, what they wrote, events,
links and visits, messages, acknowledgements and uses, questions, forms, invitations and
their entries in the audit log. It is what they are entitled to see. The export itself is
kept in the audit log.

Example: akari person export aoba-01 --out aoba-01.json`
}

// Run writes the export.
func (p PersonExportCmd) Run(cli *CLI, out surroundings) error {
	return cli.withStore(out, func(ctx context.Context, _ Config, store *models.Store, _ *Clock) error {
		data, err := p.audited(ctx, store, p.Key, "person.export", true)
		if err != nil {
			return err
		}
		b, err := json.MarshalIndent(data, "", "  ")
		if err != nil {
			return err
		}
		b = append(b, '\n')
		if p.Out != "" {
			f, err := privateFile(p.Out)
			if err == nil {
				_, err = f.Write(b)
				err = errors.Join(err, f.Close())
			}
			if err != nil {
				return fmt.Errorf("the export cannot be written: %w", err)
			}
			return nil
		}
		_, err = out.stdout.Write(b)
		return err
	})
}

// PersonEraseCmd is akari person erase.
type PersonEraseCmd struct {
	Key string `arg:"" help:"Key of the person."`
	asStaff
}

// Help is the long help.
func (PersonEraseCmd) Help() string {
	return `Removes name, accounts, language, everything the person wrote, their open forms and
invitations, and the addresses of messages to them; revokes their links; takes back what
is still owed to them. Events, messages and acknowledgements stay under a key that says
nothing, so no count changes. It cannot be undone. Doing it twice changes nothing. It
may run beside serve. Take the person out of the seed file too: loading it again would
make a new person. See docs/privacy.md.

Example: akari person erase aoba-01`
}

// Run erases the person.
func (p PersonEraseCmd) Run(cli *CLI, out surroundings) error {
	return cli.withStore(out, func(ctx context.Context, c Config, store *models.Store, _ *Clock) error {
		actor, role, err := p.actor(ctx, store)
		if err != nil {
			return err
		}
		hashes, err := erasureHashes(c, p.Key)
		if err != nil {
			return err
		}
		done, err := store.ErasePerson(ctx, p.Key, hashes, actor, role)
		if err != nil {
			return personNotFound(p.Key, err)
		}
		text := "erased; the row is now " + done.PersonKey
		if done.Already {
			text = "was erased before; the row is " + done.PersonKey
		}
		if err := cli.print(out, done, strings.TrimRight(text+"\n"+countLines(done.Removed), "\n")); err != nil {
			return err
		}
		if waiting, _ := filepath.Glob(filepath.Join(c.Server.SpoolDir, "*")); len(waiting) > 0 {
			fmt.Fprintf(out.stderr, "akari: %d files in %s still wait for the database and may name the person: erase once more when serve has taken them\n", len(waiting), c.Server.SpoolDir)
		}
		if done.Sending > 0 {
			return fmt.Errorf("%d messages to the person were being sent just then: erase once more in a minute", done.Sending)
		}
		return nil
	})
}

// erasureHashes are keyed hashes of a person's key, one for each secret.
func erasureHashes(c Config, key string) ([][]byte, error) {
	keys, err := secrets(c)
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for _, k := range keys {
		m := hmac.New(sha256.New, k)
		m.Write([]byte("erased\x00" + key))
		out = append(out, m.Sum(nil))
	}
	return out, nil
}

// LinkRevokeCmd is akari link revoke.
type LinkRevokeCmd struct {
	ID string `arg:"" help:"The link's id (v_view.link_id), or its whole address."`
	asStaff
}

// Help is the long help.
func (LinkRevokeCmd) Help() string {
	return `A revoked link looks like one that never was. Revoking twice changes nothing.

Example: akari link revoke 0199c0ffee7a7b1c8d2e3f4a5b6c7d8e`
}

// Revoked is what link revoke prints.
type Revoked struct {
	LinkID  string `json:"link_id"`
	Already bool   `json:"already"` // it was revoked before
}

// Run revokes the link.
func (l LinkRevokeCmd) Run(cli *CLI, out surroundings) error {
	id, err := linkID(l.ID)
	if err != nil {
		return wrongUsage{err.Error()}
	}
	return cli.withStore(out, func(ctx context.Context, _ Config, store *models.Store, _ *Clock) error {
		actor, role, err := l.actor(ctx, store)
		if err != nil {
			return err
		}
		done := Revoked{LinkID: id.String()}
		err = store.InTx(ctx, func(t *models.Tx) error {
			link, err := t.LinkOf(id)
			if err != nil {
				return err
			}
			done.Already = link.RevokedAt != nil
			if err := t.RevokeLink(id); err != nil {
				return err
			}
			return t.Audit(models.Act{ActorID: actor, Role: role, Action: "link.revoke", Object: "link:" + id.String(), Result: "done"})
		})
		if errors.Is(err, models.ErrNotFound) {
			return fmt.Errorf("there is no link %s; v_view.link_id and v_event.link_id name them", id)
		}
		if err != nil {
			return err
		}
		text := "revoked " + done.LinkID
		if done.Already {
			text = "was revoked before: " + done.LinkID
		}
		return cli.print(out, done, text)
	})
}

// linkID reads an id, or the address that carries one: its token begins with it.
func linkID(text string) (models.ID, error) {
	if _, token, ok := strings.Cut(text, "/v/"); ok {
		token, _, _ = strings.Cut(token, "?")
		token, _, _ = strings.Cut(token, "/")
		b, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil || len(b) < len(models.ID{}) {
			return models.ID{}, errors.New("this is no address of a personal link")
		}
		return models.ID(b[:16]), nil
	}
	id, err := models.ParseID(text)
	if err != nil {
		return id, errors.New("a link's id has 32 hexadecimal digits; give that or the whole address")
	}
	return id, nil
}
