package handlers

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"

	"akari/bot"
	"akari/models"
	"akari/web"
)

// handDashboard gives a member of staff their one-time way into the staff pages.
func (t *Turn) handDashboard() error {
	t.event.Kind, t.event.ObjectKind, t.event.ObjectKey = models.Commanded, "word", "dashboard"
	if t.In.From.Platform == "playground" && t.h.PlaygroundBehindLogin {
		t.Refuse("staff.not_from_here")
		return t.audit("staff.link", t.place(), "refused")
	}
	e := models.StaffEntry{ID: models.NewID(), PersonID: t.Who.Person.ID, AccountID: t.Who.Account.ID, Platform: t.In.From.Platform}
	if err := t.tx.NewStaffEntry(e); err != nil {
		return err
	}
	t.Whisper(bot.Message{Text: t.Say("staff.link", "minutes", int(models.StaffEntryLife.Minutes())), Private: true,
		Buttons: []bot.Button{{Label: t.Say("staff.link_open"), Open: openStaff + ":" + e.ID.String(), Style: bot.Primary}}})
	return t.audit("staff.link", t.place(), "done")
}

// staffCookie is the name of the session's cookie: __Host- where the browser
// reaches us by https, so that no other host can set it.
func (h *Handlers) staffCookie() string {
	if strings.HasPrefix(h.PublicURL, "https://") {
		return "__Host-akari_staff"
	}
	return "akari_staff"
}

func (h *Handlers) setStaffCookie(w http.ResponseWriter, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: h.staffCookie(), Value: value, Path: "/", MaxAge: int(life.Seconds()),
		HttpOnly: true, Secure: strings.HasPrefix(h.PublicURL, "https://"), SameSite: http.SameSiteLaxMode,
	})
}

// newStaffKey is what a cookie holds, 256 random bits, and what is kept of it.
func newStaffKey() (value string, hash []byte) {
	b := make([]byte, 32)
	rand.Read(b)
	value = base64.RawURLEncoding.EncodeToString(b)
	return value, staffHash(value)
}

func staffHash(value string) []byte {
	sum := sha256.Sum256([]byte("staff session\x00" + value))
	return sum[:]
}

// The ways in which a visitor of the staff pages may be kept out.
var (
	errStaffOut   = errors.New("nobody is in")
	errStaffStale = errors.New("whether they are still staff has to be asked first")
)

// staffWho answers who a session or a way in belongs to, if the facts still make
// them staff (rulings 11). It fails closed.
func (h *Handlers) staffWho(tx *models.Tx, person, account models.ID, platform string, maxAge time.Duration) (models.Who, error) {
	p, err := tx.WhoisPerson(person)
	if err != nil || p.Person.LeftAt != nil || p.Person.Side != models.SideStaff {
		return models.Who{}, errors.Join(errStaffOut, ignoreMissing(err))
	}
	id := bot.Identity{Platform: platform}
	if account.IsZero() {
		if platform != "playground" || h.platforms[platform] == nil || h.PlaygroundBehindLogin {
			return models.Who{}, errStaffOut
		}
		id.Connection, id.User = platform, p.Person.Key
	} else {
		a, err := tx.AccountOf(account)
		if err != nil {
			return models.Who{}, errors.Join(errStaffOut, ignoreMissing(err))
		}
		id = bot.Identity{Platform: a.Platform, Connection: a.Connection, User: a.User}
	}
	t := h.newTurn(tx, bot.Inbound{From: id, At: bot.Address{Platform: id.Platform, Connection: id.Connection, User: id.User, Direct: true}})
	if err := t.look(); err != nil {
		return models.Who{}, err
	}
	if t.lacksPerson(maxAge) {
		return t.Who, errStaffStale
	}
	ok, err := t.trusted()
	if err != nil {
		return models.Who{}, err
	}
	if !ok || t.Who.Person.ID != person || t.Who.Person.Side != models.SideStaff {
		return models.Who{}, errStaffOut
	}
	return t.Who, nil
}

// staffEnter shows what a one-time link opens: a button, because previews and
// scanners open links too, and only pressing it uses the link.
func (h *Handlers) staffEnter(w http.ResponseWriter, r *http.Request) {
	id, ok := h.open(tokenStaff, r.PathValue("token"))
	err := models.ErrNotFound
	if ok {
		err = h.Store.View(r.Context(), func(tx *models.Tx) error {
			_, err := tx.StaffEntryOf(id)
			return err
		})
	}
	if err != nil {
		h.staffClosed(w, r, err)
		return
	}
	lang := h.lang(r)
	say := func(key string) string { return h.Library.Say(lang, key) }
	h.render(w, http.StatusOK, "form.html", web.FormPage{Frame: h.frame(r, say("staff.enter_title")), Text: say("staff.enter_text"), Action: r.URL.RequestURI(), Submit: say("staff.enter_button")})
}

// staffClosed says why somebody is not in.
func (h *Handlers) staffClosed(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, models.ErrNotFound):
		h.message(w, r, http.StatusGone, "staff.gone")
	case errors.Is(err, errStaffStale):
		w.Header().Set("Retry-After", "5")
		h.message(w, r, http.StatusServiceUnavailable, "staff.stale")
	case errors.Is(err, errStaffOut):
		h.message(w, r, http.StatusUnauthorized, "staff.out")
	default:
		h.Log.Error("a staff page could not be shown", "error", err)
		h.message(w, r, http.StatusServiceUnavailable, "page.later")
	}
}

// staffLogin uses a one-time link.
func (h *Handlers) staffLogin(w http.ResponseWriter, r *http.Request) {
	id, ok := h.open(tokenStaff, r.PathValue("token"))
	if !ok {
		h.staffClosed(w, r, models.ErrNotFound)
		return
	}
	value, hash := newStaffKey()
	err := h.Store.InTx(r.Context(), func(tx *models.Tx) error {
		e, err := tx.UseStaffEntry(id)
		if err != nil {
			return err
		}
		who, err := h.staffWho(tx, e.PersonID, e.AccountID, e.Platform, maxAgeRead)
		if err != nil {
			return err // the way in is not used up by it
		}
		s, err := tx.NewStaffSession(e, hash)
		if err != nil {
			return err
		}
		if c, err := r.Cookie(h.staffCookie()); err == nil { // whoever was in with this browser is out
			if old, err := tx.StaffSessionOf(staffHash(c.Value)); err == nil {
				if err := tx.EndStaffSession(old.ID); err != nil {
					return err
				}
			}
		}
		return tx.Audit(models.Act{ActorID: who.Person.ID, Role: staffRole(who.Person), Action: "staff.enter", Object: "session:" + s.ID.String(), Result: "done"})
	})
	if errors.Is(err, errStaffStale) {
		err = h.wantStaff(r.Context(), id, err)
	}
	if err != nil {
		h.staffClosed(w, r, err)
		return
	}
	h.setStaffCookie(w, value, models.StaffSessionLife)
	web.Secure(w)
	http.Redirect(w, r, "/staff", http.StatusSeeOther)
}

// wantStaff asks for the fact that a way in needs, so that the next try finds it.
func (h *Handlers) wantStaff(ctx context.Context, entry models.ID, why error) error {
	err := h.Store.InTx(ctx, func(tx *models.Tx) error {
		e, err := tx.StaffEntryOf(entry)
		if err != nil {
			return err
		}
		return wantAccount(tx, e.AccountID)
	})
	h.wantFacts()
	return errors.Join(why, err)
}

func wantAccount(tx *models.Tx, account models.ID) error {
	a, err := tx.AccountOf(account)
	if err != nil {
		return err
	}
	return tx.HurryPerson(bot.Identity{Platform: a.Platform, Connection: a.Connection, User: a.User})
}

func staffRole(p models.Person) string {
	if p.Has("admin") {
		return "admin"
	}
	return "staff"
}

// staffLogout ends the session, or with all=1 every session of the person.
func (h *Handlers) staffLogout(w http.ResponseWriter, r *http.Request) {
	err := errStaffOut
	if c, missing := r.Cookie(h.staffCookie()); missing == nil {
		err = h.Store.InTx(r.Context(), func(tx *models.Tx) error {
			s, err := tx.StaffSessionOf(staffHash(c.Value))
			if err != nil {
				return ignoreMissing(err)
			}
			if r.FormValue("all") != "" {
				_, err = tx.EndStaffSessionsOf(s.PersonID)
			} else {
				err = tx.EndStaffSession(s.ID)
			}
			if err != nil {
				return err
			}
			return tx.Audit(models.Act{ActorID: s.PersonID, Role: "staff", Action: "staff.leave", Object: "session:" + s.ID.String(), Result: "done"})
		})
	}
	if err != nil && !errors.Is(err, errStaffOut) {
		h.staffClosed(w, r, err)
		return
	}
	h.setStaffCookie(w, "", -time.Second)
	w.Header().Set("Clear-Site-Data", `"cache"`)
	h.message(w, r, http.StatusOK, "staff.left")
}

// staffSession answers the session of a request, if it is open and its person is
// staff by facts not older than maxAge. It keeps the session from becoming idle
// and from time to time replaces what the cookie holds.
func (h *Handlers) staffSession(w http.ResponseWriter, r *http.Request, maxAge time.Duration) (s models.StaffSession, who models.Who, err error) {
	c, err := r.Cookie(h.staffCookie())
	if err != nil {
		return s, who, errStaffOut
	}
	hash := staffHash(c.Value)
	var now time.Time
	err = h.Store.View(r.Context(), func(tx *models.Tx) error {
		now = tx.Now()
		if s, err = tx.StaffSessionOf(hash); err != nil {
			return errors.Join(errStaffOut, ignoreMissing(err))
		}
		who, err = h.staffWho(tx, s.PersonID, s.AccountID, s.Platform, maxAge)
		return err
	})
	if errors.Is(err, errStaffStale) {
		wanted := h.Store.InTx(r.Context(), func(tx *models.Tx) error { return wantAccount(tx, s.AccountID) })
		h.wantFacts()
		return s, who, errors.Join(err, wanted)
	}
	if err != nil {
		return s, who, err
	}
	switch {
	case !s.Old && now.Sub(s.TurnedAt) > models.StaffTurn:
		value, next := newStaffKey()
		turned := false
		err = h.Store.InTx(r.Context(), func(tx *models.Tx) (err error) {
			turned, err = tx.TurnStaffSession(s.ID, hash, next)
			return err
		})
		if turned && err == nil {
			h.setStaffCookie(w, value, s.ExpiresAt.Sub(now))
		}
	case now.Sub(s.SeenAt) > time.Minute:
		err = h.Store.InTx(r.Context(), func(tx *models.Tx) error { return tx.SawStaff(s.ID) })
	}
	return s, who, err
}

// StaffOnly lets through only who is in the staff pages with a role, and no post
// that another site made the browser send. The playground is behind it where it
// stands beside real platforms: whoever is there can be anybody.
func (h *Handlers) StaffOnly(role string, next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	return guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, who, err := h.staffSession(w, r, maxAgeRead)
		switch {
		case err != nil:
			h.staffClosed(w, r, err)
		case !who.Person.Has(role):
			h.staffRefused(w, r, &staffView{who: who}, staffPage{name: "playground"})
		case r.Method == http.MethodGet && r.URL.Path == "/play":
			err := h.Store.InTx(r.Context(), func(tx *models.Tx) error {
				return tx.Audit(models.Act{ActorID: who.Person.ID, Role: staffRole(who.Person), Action: "playground.enter", Object: "page:playground", Result: "done"})
			})
			if err != nil {
				h.staffClosed(w, r, err)
				return
			}
			next.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	}))
}
