package handlers

import (
	"encoding/json"
	"reflect"
	"testing"

	"akari/models"
)

func TestCreditIsNoMoreThanTheClockAllows(t *testing.T) {
	page := func(from, to int64, pages ...[2]int64) beacon { return beacon{From: from, To: to, Pages: pages} }
	for _, c := range []struct {
		name    string
		claimed models.Spans
		b       beacon
		elapsed int64
		ms      int64
		pages   map[int]int64
	}{
		{"as it was", nil, page(0, 5000, [2]int64{1, 3000}, [2]int64{2, 2000}), 5000, 5000, map[int]int64{1: 3000, 2: 2000}},
		{"the future", nil, page(0, 60_000, [2]int64{1, 60_000}), 8000, 10_000, map[int]int64{1: 10_000}},
		{"wholly the future", nil, page(50_000, 60_000, [2]int64{1, 10_000}), 8000, 0, map[int]int64{}},
		{"another tab at the same time", models.Spans{{0, 4000}}, page(0, 5000, [2]int64{7, 5000}), 5000, 1000, map[int]int64{7: 1000}},
		{"told again", models.Spans{{0, 5000}}, page(0, 5000, [2]int64{7, 5000}), 9000, 0, map[int]int64{}},
		{"more pages than time", nil, page(0, 1000, [2]int64{1, 1000}, [2]int64{2, 1000}), 1000, 1000, map[int]int64{1: 500, 2: 500}},
		{"from an offline past", models.Spans{{20_000, 25_000}}, page(1000, 9000, [2]int64{3, 8000}), 30_000, 8000, map[int]int64{3: 8000}},
	} {
		union, got := c.b.credit(c.claimed, c.elapsed)
		if got.ms != c.ms || !reflect.DeepEqual(got.pages, c.pages) {
			t.Errorf("%s: %d ms %v, want %d ms %v", c.name, got.ms, got.pages, c.ms, c.pages)
		}
		if more, gained := union.Add(models.Span{c.b.From, min(c.b.To, c.elapsed+clockSlack)}); gained != 0 {
			t.Errorf("%s: %v can be claimed again in %v", c.name, c.b, more)
		}
	}
}

func TestAVideoIsNotWatchedFasterThanItPlays(t *testing.T) {
	b := beacon{From: 0, To: 5000, Watched: []models.Span{{0, 10_000}, {20_000, 30_000}}, Length: 30_000}
	if _, got := b.credit(nil, 5000); got.watched.Length() != 11_000 {
		t.Errorf("%v", got.watched)
	}
	if _, got := b.credit(models.Spans{{0, 5000}}, 5000); len(got.watched) != 0 {
		t.Errorf("no time is left, and yet %v", got.watched)
	}
}

func TestReportsOutOfBoundsAreRefused(t *testing.T) {
	good := `{"visit":"p","tab":"a1","seq":1,"from":0,"to":5000,"pages":[[1,5000]],"of":14}`
	if b, err := parseBeacons([]byte(`{"beacons":[` + good + `]}`)); err != nil || len(b) != 1 || b[0].Pages[0] != [2]int64{1, 5000} {
		t.Fatalf("%v %v", b, err)
	}
	for name, one := range map[string]string{
		"no proof": `{"tab":"a","seq":1,"from":0,"to":1}`, "a strange tab": `{"visit":"p","tab":"A/../b","seq":1,"from":0,"to":1}`,
		"no number": `{"visit":"p","tab":"a","from":0,"to":1}`, "backwards": `{"visit":"p","tab":"a","seq":1,"from":5,"to":1}`,
		"before the visit": `{"visit":"p","tab":"a","seq":1,"from":-5,"to":1}`, "too long": `{"visit":"p","tab":"a","seq":1,"from":0,"to":99999999}`,
		"page 0": `{"visit":"p","tab":"a","seq":1,"from":0,"to":1,"pages":[[0,1]]}`, "after the last page": `{"visit":"p","tab":"a","seq":1,"from":0,"to":1,"pages":[[15,1]],"of":14}`,
		"negative time": `{"visit":"p","tab":"a","seq":1,"from":0,"to":1,"pages":[[1,-1]]}`, "a fraction": `{"visit":"p","tab":"a","seq":1.5,"from":0,"to":1}`,
		"watched backwards": `{"visit":"p","tab":"a","seq":1,"from":0,"to":1,"watched":[[9,3]]}`, "watched after the end": `{"visit":"p","tab":"a","seq":1,"from":0,"to":1,"watched":[[0,90000]],"length":30000}`,
		"something else": `{"visit":"p","tab":"a","seq":1,"from":0,"to":1,"class":"human"}`, "nothing": `null`,
	} {
		if _, err := parseBeacons([]byte(`{"beacons":[` + one + `]}`)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	for _, body := range []string{``, `[]`, `{"beacons":[]}`, `{"beacons":[` + good + `]} {}`, `{"beacons":[` + good + `]`, `ms=3000`} {
		if _, err := parseBeacons([]byte(body)); err == nil {
			t.Errorf("%s is taken", body)
		}
	}
}

// FuzzBeacon: whatever comes, what is taken is within bounds, and no beacon is
// credited with more than passed, nor twice.
func FuzzBeacon(f *testing.F) {
	f.Add([]byte(`{"beacons":[{"visit":"p","tab":"a1","seq":1,"from":0,"to":5000,"pages":[[1,5000]],"of":14}]}`), int64(5000))
	f.Add([]byte(`{"beacons":[{"visit":"p","tab":"a","seq":2,"from":10,"to":4000,"watched":[[0,1000],[500,9000]],"length":30000,"gestures":3,"driven":true}]}`), int64(100))
	f.Add([]byte(`{"beacons":[null]}`), int64(0))
	f.Fuzz(func(t *testing.T, body []byte, elapsed int64) {
		if elapsed < 0 || elapsed > maxMedia {
			return
		}
		beacons, err := parseBeacons(body)
		if err != nil {
			return
		}
		var claimed, watched models.Spans
		var total int64
		pages := map[int]int64{}
		for range 2 {
			for _, b := range beacons {
				var c credited
				claimed, c = b.credit(claimed, elapsed)
				total += c.ms
				watched, _ = watched.Add(c.watched...)
				for p, ms := range c.pages {
					if p < 1 || p > maxPages || ms < 0 {
						t.Fatalf("page %d: %d ms", p, ms)
					}
					pages[p] += ms
				}
			}
		}
		var sum int64
		for _, ms := range pages {
			sum += ms
		}
		if total > elapsed+clockSlack || sum > total {
			t.Fatalf("%d ms on screen and %d ms of pages in %d ms", total, sum, elapsed)
		}
		if int64(float64(total)*fastest)+int64(len(beacons))*1000 < watched.Length() {
			t.Fatalf("%d ms watched in %d ms", watched.Length(), total)
		}
		for i, s := range claimed {
			if s[0] >= s[1] || i > 0 && s[0] <= claimed[i-1][1] {
				t.Fatalf("spans out of order: %v", claimed)
			}
		}
		if _, err := json.Marshal(claimed); err != nil {
			t.Fatal(err)
		}
	})
}
