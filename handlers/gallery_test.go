package handlers_test

import (
	"context"
	"database/sql"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"akari/bot"
	"akari/content"
	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

// gallery is the viewer on a real database with the sample's real materials: a
// 14-page PDF and a 30 s video among them.
type gallery struct {
	t      testing.TB
	driver string
	store  *models.Store
	lib    *content.Library
	mind   *handlers.Handlers
	db     *sql.DB
	url    string
	dsn    string
	offset atomic.Int64 // of the clock
	down   atomic.Bool  // connections are cut
}

var galleryPartners = `
partners:
  - {key: p-aoba, name: 青葉商事, tier: gold, tags: [東日本], people: [{key: aoba-01, name: 田中, role: rep}, {key: aoba-02, name: 鈴木, role: rep}, {key: aoba-03, name: 佐々木, role: rep}, {key: aoba-04, name: 高橋, role: rep}, {key: aoba-05, name: 伊東, role: rep}]}
`

func newGallery(t testing.TB, driver string, change ...func(*handlers.Options)) *gallery {
	t.Helper()
	return newGalleryOf(t, driver, "", change...)
}

// newGalleryOf shows the materials of a folder; "" = the sample's.
func newGalleryOf(t testing.TB, driver, dir string, change ...func(*handlers.Options)) *gallery {
	t.Helper()
	g := &gallery{t: t, driver: driver}
	now := func() time.Time { return time.Now().Add(time.Duration(g.offset.Load())) }
	dsn := modelstest.DSN(t, driver)
	g.dsn = dsn
	g.store = modelstest.Connect(t, driver, dsn, now)
	g.db = modelstest.Raw(t, driver, dsn)
	seed, problems := models.ReadSeed(strings.NewReader(galleryPartners), "people.yaml")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if _, err := g.store.Seed(context.Background(), seed); err != nil {
		t.Fatal(err)
	}
	lib, broken, err := content.Open(content.Options{Dir: dir, Embedded: content.Sample(), Zone: time.UTC, Now: func() time.Time { return time.Date(2026, 12, 1, 3, 0, 0, 0, time.UTC) }, Small: true})
	if err != nil || len(broken) > 0 {
		t.Fatal(err, broken)
	}
	g.lib = lib
	var mux atomic.Pointer[http.ServeMux]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.down.Load() {
			panic(http.ErrAbortHandler)
		}
		mux.Load().ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	g.url = server.URL
	o := handlers.Options{
		Store: g.store, Library: lib, PublicURL: server.URL, Secrets: [][]byte{[]byte("0123456789abcdef0123456789abcdef")},
		Vendor:  handlers.Vendor{Name: "ミナト", Desk: "ミナト パートナー支援窓口", Zone: time.UTC, Languages: []string{"ja", "en"}},
		LinkTTL: 24 * time.Hour, VisibleMin: 2 * time.Second, IdleAfter: time.Minute, PersonLevel: true,
		Log: slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	for _, c := range change {
		c(&o)
	}
	g.mind = handlers.New(o)
	mux.Store(g.mind.Routes())
	return g
}

// link hands a material to a person and answers its id and address.
func (g *gallery) link(person, material string, change ...func(*models.Link)) (models.ID, string) {
	g.t.Helper()
	var l models.Link
	err := g.store.InTx(context.Background(), func(tx *models.Tx) error {
		p, err := tx.PersonByKey(person)
		if err != nil {
			return err
		}
		m, _ := g.lib.AnyMaterial(material)
		l = models.Link{PersonID: p.ID, PartnerID: p.PartnerID, MaterialKey: material, MaterialVersion: max(1, m.Version), Language: "ja", ExpiresAt: tx.Now().Add(24 * time.Hour)}
		for _, c := range change {
			c(&l)
		}
		l, err = tx.NewLink(l)
		return err
	})
	if err != nil {
		g.t.Fatal(err)
	}
	return l.ID, g.address(l.ID)
}

// address is the link's as it stands in a message.
func (g *gallery) address(link models.ID) string {
	g.t.Helper()
	parts, err := g.mind.Prepare(models.Delivery{LinkID: link}, []bot.Message{{Buttons: []bot.Button{{Label: "開く", Open: "link"}}}})
	if err != nil {
		g.t.Fatal(err)
	}
	return parts[0].Buttons[0].Open
}

// delivered writes that a link's message ended so long ago.
func (g *gallery) delivered(link models.ID, ago time.Duration) {
	g.t.Helper()
	err := g.store.InTx(context.Background(), func(tx *models.Tx) error {
		return tx.QueueDeliveries(models.Delivery{Act: bot.Post, To: bot.Address{Platform: "playground", Connection: "playground", User: "u", Direct: true}, Parts: []bot.Message{{Text: "x"}}, LinkID: link})
	})
	if err != nil {
		g.t.Fatal(err)
	}
	_, err = g.db.Exec("UPDATE deliveries SET state = 'sent', ended_at = ? WHERE link_id = ?", g.store.Now().Add(-ago), link[:])
	if err != nil {
		g.t.Fatal(err)
	}
}

// count answers a number from a query on the reporting views.
func (g *gallery) count(query string, args ...any) int64 {
	g.t.Helper()
	var n sql.NullInt64
	if err := g.db.QueryRow(query, args...).Scan(&n); err != nil {
		g.t.Fatalf("%s: %v", query, err)
	}
	return n.Int64
}

func (g *gallery) humans() int64 {
	return g.count("SELECT COUNT(*) FROM v_event WHERE class = 'human'") + g.count("SELECT COUNT(*) FROM visits WHERE class = 'human'")
}

// class answers the class and reason of a link's only visit.
func (g *gallery) class(link models.ID) (class, reason string) {
	g.t.Helper()
	if err := g.db.QueryRow("SELECT class, reason FROM visits WHERE link_id = ?", link[:]).Scan(&class, &reason); err != nil {
		g.t.Fatal(err)
	}
	return class, reason
}

func hexOf(id models.ID) string { return hex.EncodeToString(id[:]) }

// A person's browser without a screen: it keeps cookies and posts what pages post.
type reader struct {
	g      *gallery
	agent  string
	client *http.Client
	at     string // the link
	proof  string
	seq    int
	start  time.Time // by the gallery's clock
}

const chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"

func (g *gallery) reader(agent string) *reader {
	jar, _ := cookiejar.New(nil) // New never fails without options
	return &reader{g: g, agent: agent, client: &http.Client{Jar: jar}}
}

func (r *reader) do(method, address string, body io.Reader, header ...string) (int, string, http.Header) {
	r.g.t.Helper()
	req, err := http.NewRequest(method, address, body)
	if err != nil {
		r.g.t.Fatal(err)
	}
	req.Header.Set("User-Agent", r.agent)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := r.client.Do(req)
	if err != nil {
		r.g.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.g.t.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Header
}

var (
	nonceField = regexp.MustCompile(`name="nonce" value="([^"]+)"`)
	proofField = regexp.MustCompile(`data-proof="([^"]+)"`)
)

// open passes the first two doors, as the opening page's script does.
func (r *reader) open(address string, header ...string) string {
	r.g.t.Helper()
	r.at = address
	_, page, _ := r.do("GET", address, nil, header...)
	m := nonceField.FindStringSubmatch(page)
	if m == nil {
		r.g.t.Fatalf("no door at the link: %.300s", page)
	}
	status, page, _ := r.do("POST", address+"/open", strings.NewReader(url.Values{"nonce": {m[1]}, "script": {"1"}}.Encode()),
		append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)...)
	if status != http.StatusOK {
		r.g.t.Fatalf("opening: %d", status)
	}
	r.start = r.g.store.Now()
	if p := proofField.FindStringSubmatch(page); p != nil {
		r.proof = p[1]
	}
	return page
}

func (r *reader) seen(body string) int {
	r.g.t.Helper()
	status, _, _ := r.do("POST", r.at+"/seen", strings.NewReader(body), "Content-Type", "application/json")
	return status
}

// pass lets the gallery's clock go on.
func (g *gallery) pass(d time.Duration) { g.offset.Add(int64(d)) }
