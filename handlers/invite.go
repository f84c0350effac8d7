package handlers

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"akari/bot"
	"akari/models"
)

// An invitation code is ten characters of an alphabet without look-alikes: 50
// bits, single use, seven days (rulings 10).
const (
	codeAlphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
	codeLength   = 10
	inviteTTL    = 7 * 24 * time.Hour
)

// Invite makes an invitation for a person or, with an empty person key, for a
// new member of a partner, and answers its code. The code is shown once; only
// its hash is kept. models.ErrNotFound: there is no such person or partner.
func (h *Handlers) Invite(ctx context.Context, person, partner string) (code string, until time.Time, err error) {
	err = h.Store.InTx(ctx, func(tx *models.Tx) (err error) {
		var object string
		if code, until, object, err = invite(tx, models.ID{}, person, partner); err != nil {
			return err
		}
		return tx.Audit(models.Act{Role: "operator", Action: "person.invite", Object: object, Result: "done"})
	})
	return code, until, err
}

// invite keeps an invitation by somebody, and answers its code and what the audit
// log calls it.
func invite(tx *models.Tx, by models.ID, person, partner string) (code string, until time.Time, object string, err error) {
	b := make([]byte, codeLength)
	rand.Read(b)
	for i := range b {
		b[i] = codeAlphabet[int(b[i])%len(codeAlphabet)]
	}
	code, until = string(b[:5])+"-"+string(b[5:]), tx.Now().Add(inviteTTL)
	i := models.Invitation{CodeHash: codeHash(code), CreatedBy: by, ExpiresAt: until}
	if person != "" {
		p, err := tx.PersonByKey(person)
		if err != nil {
			return "", until, "", fmt.Errorf("while looking for person %q: %w", person, err)
		}
		i.PersonID, object = p.ID, "person:"+p.ID.String() // not the key: the log cannot forget
	} else {
		p, err := tx.PartnerByKey(partner)
		if err != nil {
			return "", until, "", fmt.Errorf("while looking for partner %q: %w", partner, err)
		}
		i.PartnerID, object = p.ID, "partner:"+partner
	}
	return code, until, object, tx.Invite(i)
}

func codeHash(code string) []byte {
	sum := sha256.Sum256([]byte("invitation\x00" + code))
	return sum[:]
}

// readCode finds an invitation code in what somebody typed, also in full-width
// characters, as a Japanese keyboard makes them.
func readCode(text string) (string, bool) {
	text = strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' { // full-width forms of ASCII
			r -= '！' - '!'
		}
		if unicode.IsSpace(r) || strings.ContainsRune("-‐‑–—−ー", r) {
			return -1
		}
		return unicode.ToUpper(r)
	}, text)
	if len(text) != codeLength || strings.Trim(text, codeAlphabet) != "" {
		return "", false
	}
	return text[:5] + "-" + text[5:], true
}

// stranger is what happens when nobody knows who acts: the fact is kept, and
// in one-to-one talk where an invitation opens the door, they are told so.
func (t *Turn) stranger(r route) error {
	if t.In.Kind == bot.Commanded && t.Who.Account.Fact.Home {
		t.Refuse("refused.unknown")
		return t.tx.Audit(models.Act{Role: "none", Action: r.name, Object: t.place(), Result: "refused"})
	}
	if !t.In.At.Direct || !t.invitable() {
		return nil
	}
	if t.In.Kind != bot.Said {
		t.inviteFirst()
		return nil
	}
	code, ok := readCode(t.In.Text)
	if !ok {
		t.inviteFirst()
		return nil
	}
	i, err := t.tx.UseInvitation(codeHash(code))
	if errors.Is(err, models.ErrNotFound) {
		t.Reply(bot.Message{Text: t.Say("invite.wrong", "desk", t.h.Vendor.Desk)})
		return t.tx.Audit(models.Act{Role: "none", Action: "invitation.use", Object: t.In.At.Platform, Result: "refused"})
	}
	if err != nil {
		return err
	}
	return t.accept(i)
}

// accept makes the account the person, or a new member, that was invited.
func (t *Turn) accept(i models.Invitation) error {
	if i.PersonID.IsZero() {
		if err := t.join(i.PartnerID, ""); err != nil {
			return err
		}
	} else {
		if t.Who.Account.ID.IsZero() {
			if err := t.tx.AddAccount(t.In.From, i.PersonID); err != nil {
				return err
			}
		}
		if err := t.tx.BindAccount(t.In.From, i.PersonID, ""); err != nil {
			return err
		}
		who, err := t.tx.Whois(t.In.From)
		if err != nil {
			return err
		}
		t.Who = who
	}
	t.actor = actor{known: true, staff: t.Who.Person.Side == models.SideStaff, partner: t.Who.Partner.ID}
	t.event.Kind, t.event.Outcome = models.Joined, models.OutcomeHandled
	t.event.ObjectKind = "invitation"
	return t.speak(t.greeting(t.Lang, !t.actor.staff))
}

// invitable tells whether an invitation is how one becomes known here: not
// where the platform itself proves where somebody belongs.
func (t *Turn) invitable() bool {
	switch t.In.From.Platform {
	case "line":
		return true
	case "lineworks":
		return t.h.Connections[t.In.From.Connection].Side == "vendor"
	}
	return false
}

func (t *Turn) inviteFirst() {
	if t.In.At.Direct && t.invitable() && t.In.From.User != "" {
		t.Reply(bot.Message{Text: t.Say("invite.first", "desk", t.h.Vendor.Desk, "vendor", t.h.Vendor.Name)})
	}
}
