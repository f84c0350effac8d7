package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"akari/internal/whole"
	"akari/models"
)

// The viewer's measurement: so many people read the sample's 14-page document at
// the same time, each page telling every few seconds what was on screen.
const (
	viewers     = 500
	tellEvery   = 5 * time.Second
	readFor     = 20 * time.Second
	tellers     = 32 // of the closed loop
	tellFor     = 5 * time.Second
	benchSecret = "0123456789abcdef0123456789abcdef"
	browserName = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)

// viewer measures reports of viewer pages on both databases, and memory with 500
// readers at once.
func viewer(ctx context.Context, bin, dir string) error {
	return onBoth(ctx, dir, func(driver, dsn string) error {
		return viewerOn(ctx, bin, filepath.Join(dir, driver), driver, dsn)
	})
}

// benchPages is a running akari with links to read.
type benchPages struct {
	p     *whole.Process
	links []string
}

func openPages(ctx context.Context, bin, home, driver, dsn string, n int) (b *benchPages, err error) {
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, err
	}
	listen, err := whole.FreeAddr()
	if err != nil {
		return nil, err
	}
	admin, err := whole.FreeAddr()
	if err != nil {
		return nil, err
	}
	_, here, _, _ := runtime.Caller(0)
	sample := filepath.Join(filepath.Dir(here), "..", "..", "content")
	config := fmt.Sprintf("env: development\nserver: {listen: %q, admin_listen: %q, public_url: %q, secret: %s}\ndatabase: {driver: %s, dsn: %q, auto_migrate: true}\ncontent: {small: true, dir: %q}\nlog: {level: warn}\n",
		listen, admin, "http://"+listen, benchSecret, driver, dsn, sample)
	if err := os.WriteFile(filepath.Join(home, "config.yaml"), []byte(config), 0o600); err != nil {
		return nil, err
	}
	b = &benchPages{p: &whole.Process{Bin: bin, Config: "config.yaml", Dir: home, URL: "http://" + listen, Admin: "http://" + admin}}
	if err := b.p.Start(); err != nil {
		return nil, err
	}
	if err := b.p.Ready(ctx); err != nil {
		b.p.Kill()
		return nil, err
	}
	if err := b.make(ctx, driver, dsn, n); err != nil {
		b.p.Kill()
		return nil, err
	}
	return b, nil
}

// make writes links for one person each.
func (b *benchPages) make(ctx context.Context, driver, dsn string, n int) error {
	store, err := models.Open(ctx, models.Options{Driver: driver, DSN: dsn, Now: time.Now})
	if err != nil {
		return err
	}
	defer store.Close()
	var seed strings.Builder
	seed.WriteString("partners:\n  - key: p-bench\n    name: 計測商事\n    people:\n")
	for i := range n {
		fmt.Fprintf(&seed, "      - {key: bench-%04d, name: 計測, role: rep}\n", i)
	}
	parsed, problems := models.ReadSeed(strings.NewReader(seed.String()), "bench")
	if len(problems) > 0 {
		return fmt.Errorf("%v", problems)
	}
	if _, err := store.Seed(ctx, parsed); err != nil {
		return err
	}
	return store.InTx(ctx, func(tx *models.Tx) error {
		b.links = nil
		for i := range n {
			who, err := tx.PersonByKey(fmt.Sprintf("bench-%04d", i))
			if err != nil {
				return err
			}
			l, err := tx.NewLink(models.Link{PersonID: who.ID, PartnerID: who.PartnerID, MaterialKey: "product-guide", MaterialVersion: 5, Language: "ja", ExpiresAt: tx.Now().Add(time.Hour)})
			if err != nil {
				return err
			}
			m := hmac.New(sha256.New, []byte(benchSecret))
			m.Write(append([]byte("link\x00"), l.ID[:]...))
			b.links = append(b.links, b.p.URL+"/v/"+base64.RawURLEncoding.EncodeToString(append(l.ID[:], m.Sum(nil)[:16]...)))
		}
		return nil
	})
}

var (
	nonceOf = regexp.MustCompile(`name="nonce" value="([^"]+)"`)
	proofOf = regexp.MustCompile(`data-proof="([^"]+)"`)
)

// reading is one person with the document open.
type reading struct {
	client *http.Client
	at     string
	proof  string
	seq    atomic.Int64
	began  time.Time
}

func (b *benchPages) read(ctx context.Context, transport http.RoundTripper, link string) (*reading, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	r := &reading{client: &http.Client{Jar: jar, Transport: transport, Timeout: 30 * time.Second}, at: link}
	page, err := r.ask(ctx, "GET", link, "", "")
	if err != nil {
		return nil, err
	}
	nonce := nonceOf.FindStringSubmatch(page)
	if nonce == nil {
		return nil, errors.New("the link has no door")
	}
	page, err = r.ask(ctx, "POST", link+"/open", url.Values{"nonce": {nonce[1]}, "script": {"1"}}.Encode(), "application/x-www-form-urlencoded")
	if err != nil {
		return nil, err
	}
	proof := proofOf.FindStringSubmatch(page)
	if proof == nil {
		return nil, errors.New("the page has no proof")
	}
	r.proof, r.began = proof[1], time.Now()
	_, err = r.ask(ctx, "GET", link+"/file/product-guide.pdf", "", "")
	return r, err
}

func (r *reading) ask(ctx context.Context, method, address, body, kind string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("User-Agent", browserName)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %d", method, strings.TrimPrefix(req.URL.Path, "/v/"), resp.StatusCode)
	}
	return string(b), err
}

// tell reports some time on a page and answers how long the answer took.
func (r *reading) tell(ctx context.Context, ms int64) (time.Duration, error) {
	n := r.seq.Add(1)
	to := max(time.Since(r.began).Milliseconds(), ms)
	body := fmt.Sprintf(`{"beacons":[{"visit":%q,"tab":"b","seq":%d,"from":%d,"to":%d,"pages":[[%d,%d]],"of":14,"gestures":1}]}`, r.proof, n, to-ms, to, n%14+1, ms)
	began := time.Now()
	_, err := r.ask(ctx, "POST", r.at+"/seen", body, "application/json")
	return time.Since(began), err
}

func viewerOn(ctx context.Context, bin, home, driver, dsn string) error {
	b, err := openPages(ctx, bin, home, driver, dsn, viewers)
	if err != nil {
		return err
	}
	defer b.p.Kill()
	transport := &http.Transport{MaxIdleConnsPerHost: viewers, MaxConnsPerHost: viewers}
	defer transport.CloseIdleConnections()
	readers := make([]*reading, viewers)
	began := time.Now()
	if err := crowdOf(viewers, 50, func(i int) (err error) {
		readers[i], err = b.read(ctx, transport, b.links[i])
		return err
	}); err != nil {
		return err
	}
	opened := time.Since(began)
	// All at once, each every few seconds, begun at different moments.
	var mu sync.Mutex
	var took []time.Duration
	var peak int64
	stop := time.Now().Add(readFor)
	done := make(chan error, 1)
	go func() {
		done <- crowdOf(viewers, viewers, func(i int) error {
			time.Sleep(tellEvery * time.Duration(i) / viewers)
			for time.Now().Before(stop) && ctx.Err() == nil {
				d, err := readers[i].tell(ctx, tellEvery.Milliseconds()-100)
				if err != nil {
					return err
				}
				mu.Lock()
				took = append(took, d)
				mu.Unlock()
				time.Sleep(tellEvery)
			}
			return nil
		})
	}()
	for running := true; running; {
		select {
		case err := <-done:
			if err != nil {
				return err
			}
			running = false
		case <-time.After(500 * time.Millisecond):
			if u, err := b.p.Usage(); err == nil {
				peak = max(peak, u.RSS)
			}
		}
	}
	slices.Sort(took)
	// As many as it takes, over all visits, each below what one visit may tell.
	var told atomic.Int64
	end := time.Now().Add(tellFor)
	if err := crowdOf(tellers, tellers, func(i int) error {
		for n := i; time.Now().Before(end) && ctx.Err() == nil; n += tellers {
			if _, err := readers[n%viewers].tell(ctx, 1); err != nil {
				return err
			}
			told.Add(1)
		}
		return nil
	}); err != nil {
		return err
	}
	name := map[string]string{"sqlite": "SQLite", "mysql": "MariaDB/MySQL"}[driver]
	fmt.Printf("\nviewer on %s, %d readers at once\n", name, viewers)
	fmt.Printf("  %-50s %12s\n", "links opened, page and 247 kB of PDF fetched, each", (opened / viewers).Round(100*time.Microsecond))
	fmt.Printf("  %-50s %12s\n", fmt.Sprintf("reports, one a reader every %s: p50", tellEvery), took[len(took)/2].Round(10*time.Microsecond))
	fmt.Printf("  %-50s %12s\n", fmt.Sprintf("  p99 (of %d)", len(took)), took[len(took)*99/100].Round(10*time.Microsecond))
	fmt.Printf("  %-50s %12s\n", "memory of the server, most", mb(peak))
	fmt.Printf("  %-50s %10.0f/s\n", fmt.Sprintf("reports as fast as it goes, %d at once", tellers), float64(told.Load())/tellFor.Seconds())
	return nil
}

// crowdOf runs f for 0 … n-1, so many at once, and answers the first error.
func crowdOf(n, atOnce int, f func(int) error) error {
	var group sync.WaitGroup
	var once sync.Once
	var first error
	next := make(chan int)
	for range atOnce {
		group.Go(func() {
			for i := range next {
				if err := f(i); err != nil {
					once.Do(func() { first = err })
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	group.Wait()
	return first
}
