package handlers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"akari/content"
	"akari/models"
	"akari/web"
)

// staffPage is one page below /staff, and who may see it. docs/roles.md tells it
// to people, and a test holds the two together.
type staffPage struct {
	path    string   // behind /staff, as http.ServeMux has it
	name    string   // words: staff.NAME is its title
	roles   []string // who may; none = all staff
	menu    bool
	persons bool // about persons: not there where none are recorded
	show    func(*staffView) error
	edit    func(*staffView) (*staffEdit, error)    // what can be changed on it; nil = nothing
	upload  func(*staffView, *multipart.Part) error // takes a file that comes with it; nil = none may
}

// staffPages are THE list of what staff can look at, in the order of the menu.
var staffPages = []staffPage{
	{path: "", name: "overview", menu: true, show: (*staffView).overview},
	{path: "/partners", name: "partners", menu: true, show: (*staffView).partnersList},
	{path: "/partners/{key}", name: "partners", show: (*staffView).partner},
	{path: "/partners/{key}/edit", name: "partners", roles: partnerEditors, edit: (*staffView).partnerEdit},
	{path: "/people", name: "people", menu: true, persons: true, show: (*staffView).peopleList},
	{path: "/people/{key}", name: "people", roles: peopleEditors, persons: true, edit: (*staffView).personEdit},
	{path: "/rooms", name: "rooms", menu: true, show: (*staffView).roomsList},
	{path: "/rooms/{id}", name: "rooms", edit: (*staffView).roomEdit},
	{path: "/materials", name: "materials", menu: true, show: (*staffView).materials},
	{path: "/materials/{key}", name: "materials", show: (*staffView).material},
	{path: "/materials/_new", name: "materials", roles: materialEditors, edit: (*staffView).newMaterial, upload: (*staffView).takeFile},
	{path: "/materials/{key}/edit", name: "materials", roles: materialEditors, edit: (*staffView).materialEdit, upload: (*staffView).takeFile},
	{path: "/campaigns", name: "campaigns", menu: true, show: (*staffView).campaignsList},
	{path: "/campaigns/{id}", name: "campaigns", show: (*staffView).campaign},
	{path: "/audiences", name: "audiences", show: (*staffView).audiencesList},
	{path: "/audiences/_new", name: "audiences", roles: audienceEditors, edit: (*staffView).newAudience},
	{path: "/audiences/{key}", name: "audiences", roles: audienceEditors, edit: (*staffView).audienceEdit},
	{path: "/gaps", name: "gaps", menu: true, show: (*staffView).gaps},
	{path: "/faq", name: "faq", menu: true, show: (*staffView).faq},
	{path: "/faq/_new", name: "faq", edit: (*staffView).newEntry},
	{path: "/faq/{key}", name: "faq", edit: (*staffView).entryEdit},
	{path: "/faq/{key}/file", name: "faq", edit: (*staffView).entryFile},
	{path: "/owners", name: "owners", menu: true, show: (*staffView).ownersList},
	{path: "/owners/entry/{key}", name: "owners", show: (*staffView).entryOwners},
	{path: "/outcomes", name: "outcomes", menu: true, show: (*staffView).outcomes},
	{path: "/outcomes/_import", name: "outcomes", roles: outcomeEditors, edit: (*staffView).outcomesImport, upload: (*staffView).takeList},
	{path: "/holidays", name: "holidays", menu: true, show: (*staffView).holidaysList},
	{path: "/holidays/_new", name: "holidays", roles: holidayEditors, edit: (*staffView).newHoliday},
	{path: "/holidays/{day}", name: "holidays", roles: holidayEditors, edit: (*staffView).holidayEdit},
	{path: "/events", name: "events", menu: true, show: (*staffView).events},
	{path: "/sessions", name: "sessions", menu: true, roles: []string{"admin"}, show: (*staffView).sessionsList, edit: (*staffView).sessionsEdit},
	{path: "/audit", name: "audit", menu: true, roles: []string{"admin", "manager"}, show: (*staffView).audit},
}

func (p staffPage) allows(who models.Person) bool {
	return len(p.roles) == 0 || slices.ContainsFunc(p.roles, who.Has)
}

// staffView is one request for a staff page.
type staffView struct {
	h      *Handlers
	tx     *models.Tx
	r      *http.Request
	who    models.Who
	lang   string
	query  url.Values
	export string      // "csv" or "xlsx": a table of the page as a file
	whole  *staffSheet // the file itself, where it holds more than the page shows
	page   web.StaffPage

	// Of a form that was sent:
	sent      url.Values                  // everything
	typed     url.Values                  // what its fields hold; nil = nothing was sent
	errs      map[string]string           // what is wrong, by field
	halt      string                      // why it cannot be taken as a whole
	moved     bool                        // somebody else changed the same meanwhile
	next      string                      // the page to go to
	object    string                      // what the audit log names, where it is known only now
	queued    bool                        // something is to be sent
	after     func() error                // adds to the page that is shown again
	then      func(context.Context) error // is done once the transaction is over: what takes longer than one may
	listWrong string                      // why a list that came cannot be used
	file      *staffFile                  // that came with it
}

// staffRoutes are the staff pages. Posts from other sites are refused.
func (h *Handlers) staffRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /staff/enter/{token}", h.staffEnter)
	mux.HandleFunc("POST /staff/enter/{token}", h.sameOrigin(h.staffLogin))
	mux.HandleFunc("POST /staff/leave", h.sameOrigin(h.staffLogout))
	for _, p := range staffPages {
		mux.HandleFunc("GET /staff"+p.path, h.staffShow(p))
		if p.edit != nil {
			most := h.Limits.MaxBody
			if p.upload != nil {
				most += content.MaxStored
			}
			mux.HandleFunc("POST /staff"+p.path, h.sameOriginUpTo(most, h.staffPost(p)))
		}
	}
}

// draw puts a page's blocks together.
func (p staffPage) draw(v *staffView) error {
	if p.persons && !v.h.PersonLevel {
		return models.ErrNotFound
	}
	if p.show != nil {
		if err := p.show(v); err != nil {
			return err
		}
	}
	if p.edit != nil {
		e, err := p.edit(v)
		if err != nil {
			return err
		}
		return v.showEdit(e)
	}
	return nil
}

// sameOrigin refuses a post that another site made the browser send.
func (h *Handlers) sameOrigin(next http.HandlerFunc) http.HandlerFunc {
	return h.sameOriginUpTo(h.Limits.MaxBody, next)
}

// sameOriginUpTo is sameOrigin for posts of up to so many bytes.
func (h *Handlers) sameOriginUpTo(most int64, next http.HandlerFunc) http.HandlerFunc {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.message(w, r, http.StatusForbidden, "page.bad")
	}))
	return guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, most)
		next(w, r)
	})).ServeHTTP
}

// staffShow answers a page, or its table as a file.
func (h *Handlers) staffShow(p staffPage) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := &staffView{h: h, r: r, query: r.URL.Query()}
		age := maxAgeRead
		if v.export = v.query.Get("format"); v.export != "" {
			age = maxAgeAct
		}
		_, who, err := h.staffSession(w, r, age)
		if err != nil {
			h.staffClosed(w, r, err)
			return
		}
		v.who, v.lang = who, h.staffLang(w, r, who.Person)
		if !p.allows(who.Person) {
			h.staffRefused(w, r, v, p)
			return
		}
		v.frame(p)
		err = h.Store.View(r.Context(), func(tx *models.Tx) error {
			v.tx = tx
			return p.draw(v)
		})
		switch {
		case errors.Is(err, models.ErrNotFound):
			h.message(w, r, http.StatusNotFound, "page.missing")
		case err != nil:
			h.staffClosed(w, r, err)
		case v.export != "":
			h.staffExport(w, r, v, p)
		default:
			h.render(w, http.StatusOK, "staff.html", v.page)
		}
	}
}

// staffRefused keeps the attempt.
func (h *Handlers) staffRefused(w http.ResponseWriter, r *http.Request, v *staffView, p staffPage) {
	err := h.Store.InTx(r.Context(), func(tx *models.Tx) error {
		return tx.Audit(models.Act{ActorID: v.who.Person.ID, Role: staffRole(v.who.Person), Action: "staff.see", Object: "page:" + p.name, Result: "refused"})
	})
	if err != nil {
		h.staffClosed(w, r, err)
		return
	}
	h.message(w, r, http.StatusForbidden, "staff.role")
}

// staffLang is the language of the staff pages: asked for by ?lang= and then
// remembered by the browser, else the person's, else the vendor's first.
func (h *Handlers) staffLang(w http.ResponseWriter, r *http.Request, p models.Person) string {
	const cookie = "akari_staff_lang"
	if asked := r.URL.Query().Get("lang"); slices.Contains(h.Vendor.Languages, asked) {
		http.SetCookie(w, &http.Cookie{Name: cookie, Value: asked, Path: "/staff", MaxAge: 365 * 24 * 3600, HttpOnly: true, Secure: strings.HasPrefix(h.PublicURL, "https://"), SameSite: http.SameSiteLaxMode})
		return asked
	}
	if c, err := r.Cookie(cookie); err == nil && slices.Contains(h.Vendor.Languages, c.Value) {
		return c.Value
	}
	if slices.Contains(h.Vendor.Languages, p.Language) {
		return p.Language
	}
	return h.Vendor.Languages[0]
}

func (v *staffView) say(key string, args ...any) string { return v.h.Library.Say(v.lang, key, args...) }

// frame is what surrounds every staff page.
func (v *staffView) frame(p staffPage) {
	v.page = web.StaffPage{
		Frame:   web.Frame{Lang: v.lang, Title: v.say("staff." + p.name), Vendor: v.h.Vendor.Desk, Note: v.say("staff.foot", "zone", v.h.Vendor.Zone.String())},
		NavName: v.say("staff.menu"), Skip: v.say("staff.skip"), User: v.who.Person.Name,
		Logout: web.Action{Label: v.say("staff.leave"), Post: "/staff/leave"},
	}
	if done := "edit.done_" + v.query.Get("done"); v.h.Library.HasWord(done) {
		v.page.Done = v.say(done)
	}
	names := map[string]string{"ja": "日本語", "en": "English"}
	for _, lang := range v.h.Vendor.Languages {
		v.page.Langs = append(v.page.Langs, web.LangLink{Lang: lang, Label: names[lang], URL: v.with("lang", lang), Current: lang == v.lang})
	}
	for _, q := range staffPages {
		if q.menu && q.allows(v.who.Person) && (v.h.PersonLevel || !q.persons) {
			here := q.path == p.path || q.path != "" && strings.HasPrefix(p.path, q.path+"/")
			v.page.Nav = append(v.page.Nav, web.NavItem{Label: v.say("staff." + q.name), URL: "/staff" + q.path, Current: here})
		}
	}
}

// with is the same page asked for with one parameter changed; "" takes it out.
func (v *staffView) with(name, value string, more ...string) string {
	q := url.Values{}
	for k, x := range v.query {
		if k != "done" && (k != "lang" || name == "lang") {
			q[k] = x
		}
	}
	for pair := append([]string{name, value}, more...); len(pair) > 1; pair = pair[2:] {
		if pair[1] == "" {
			q.Del(pair[0])
		} else {
			q.Set(pair[0], pair[1])
		}
	}
	if len(q) == 0 {
		return v.r.URL.Path
	}
	return v.r.URL.Path + "?" + q.Encode()
}

// add adds a block to the page.
func (v *staffView) add(b web.StaffBlock) { v.page.Blocks = append(v.page.Blocks, b) }

// exports are the links that give the table of the block that is added next as a file.
func (v *staffView) exports() []web.Link {
	block := strconv.Itoa(len(v.page.Blocks))
	return []web.Link{{Label: "CSV", URL: v.with("format", "csv", "block", block)}, {Label: "Excel", URL: v.with("format", "xlsx", "block", block)}}
}

// staffExportMost bounds what one file holds.
const staffExportMost = 50000

// staffSheet is a table as an exported file holds it.
type staffSheet struct {
	head []string
	rows [][]any
}

// sheet is the table that was asked for: the whole one that a page prepared, or one
// of those that stand on it, the first if none is named. nil = there is none.
func (v *staffView) sheet() *staffSheet {
	if v.whole != nil || v.export != "csv" && v.export != "xlsx" {
		return v.whole
	}
	for i, b := range v.page.Blocks {
		if asked := v.query.Get("block"); b.Table == nil || asked != "" && asked != strconv.Itoa(i) {
			continue
		}
		f := &staffSheet{}
		for _, c := range b.Table.Columns {
			f.head = append(f.head, c.Label)
		}
		for _, row := range b.Table.Rows {
			cells := make([]any, len(row))
			for i, c := range row {
				cells[i] = plainCell(c, b.Table.Columns[i].Num)
			}
			f.rows = append(f.rows, cells)
		}
		return f
	}
	return nil
}

// staffExport sends a table of the page as a file and audits it.
func (h *Handlers) staffExport(w http.ResponseWriter, r *http.Request, v *staffView, p staffPage) {
	f := v.sheet()
	if f == nil {
		h.message(w, r, http.StatusNotFound, "page.missing")
		return
	}
	var out bytes.Buffer
	t, err := content.NewTable(&out, v.export, f.head)
	if err == nil {
		for _, row := range f.rows {
			if err = t.Row(row); err != nil {
				break
			}
		}
		err = errors.Join(err, t.Close())
	}
	if err == nil {
		err = h.Store.InTx(r.Context(), func(tx *models.Tx) error {
			return tx.Audit(models.Act{ActorID: v.who.Person.ID, Role: staffRole(v.who.Person), Action: "staff.export", Object: "page:" + p.name, Result: "done",
				Detail: models.Detail{"rows": len(f.rows), "format": v.export}})
		})
	}
	if err != nil {
		h.staffClosed(w, r, err)
		return
	}
	web.Secure(w)
	kind := map[string]string{"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}[v.export]
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="akari-%s-%s.%s"`, p.name, h.Store.Now().In(h.Vendor.Zone).Format("20060102"), v.export))
	w.Write(out.Bytes())
}

// plainCell is a cell as a spreadsheet wants it: numbers without separators.
func plainCell(c web.Cell, num bool) any {
	if num {
		if n, err := strconv.ParseInt(strings.ReplaceAll(c.Text, ",", ""), 10, 64); err == nil {
			return n
		}
	}
	if c.Sub != "" {
		return c.Text + " / " + c.Sub
	}
	return c.Text
}

// count writes a number as people read it: 1,234.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// when writes a moment in the vendor's zone.
func (v *staffView) when(t time.Time) string {
	return t.In(v.h.Vendor.Zone).Format("2006-01-02 15:04")
}

// day writes a day in the vendor's zone.
func (v *staffView) day(t time.Time) string { return t.In(v.h.Vendor.Zone).Format(time.DateOnly) }

// StaffPages answers every page for staff and the roles that may see it; none =
// all staff.
func StaffPages() map[string][]string {
	out := map[string][]string{}
	for _, p := range staffPages {
		out["/staff"+p.path] = p.roles
	}
	return out
}
