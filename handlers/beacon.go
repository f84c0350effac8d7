package handlers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"akari/models"
)

// beacon is what a viewer's page tells of one stretch of time on screen. Times
// are milliseconds; From and To count from the visit's beginning.
type beacon struct {
	Visit    string        `json:"visit"` // the proof, see Handlers.proof
	Tab      string        `json:"tab"`   // one loading of the page
	Seq      int           `json:"seq"`   // grows by one in a tab: told twice counts once
	From     int64         `json:"from"`
	To       int64         `json:"to"`
	Pages    [][2]int64    `json:"pages,omitempty"`   // page from 1, ms
	Of       int           `json:"of,omitempty"`      // how many pages there are
	Watched  []models.Span `json:"watched,omitempty"` // media time that was shown
	Length   int64         `json:"length,omitempty"`  // of the video
	Gestures int           `json:"gestures,omitempty"`
	Driven   bool          `json:"driven,omitempty"` // navigator.webdriver
	Saved    bool          `json:"saved,omitempty"`  // the file was asked for by a press
}

const (
	beaconBody  = 64 << 10 // bytes of a report
	beaconBatch = 64       // beacons in a report
	maxPages    = 2000     // pages of a document
	maxStretch  = 10 * 60 * 1000
	maxMedia    = 24 * 60 * 60 * 1000
)

var errBeacon = errors.New("not a report of a viewer's page")

// parseBeacons reads a report: {"beacons": [...]}. What it answers is within
// bounds; whether it is plausible is for the clock to say.
func parseBeacons(body []byte) ([]beacon, error) {
	var report struct {
		Beacons []beacon `json:"beacons"`
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&report); err != nil {
		return nil, fmt.Errorf("%w: %w", errBeacon, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: something follows", errBeacon)
	}
	if n := len(report.Beacons); n == 0 || n > beaconBatch {
		return nil, fmt.Errorf("%w: %d beacons", errBeacon, n)
	}
	for _, b := range report.Beacons {
		if what := b.wrong(); what != "" {
			return nil, fmt.Errorf("%w: %s", errBeacon, what)
		}
	}
	return report.Beacons, nil
}

// wrong names what is out of bounds; "" = nothing.
func (b beacon) wrong() string {
	switch {
	case len(b.Visit) == 0 || len(b.Visit) > 120:
		return "visit"
	case !tabName(b.Tab):
		return "tab"
	case b.Seq < 1 || b.Seq > 1_000_000:
		return "seq"
	case b.From < 0 || b.To < b.From || b.To-b.From > maxStretch || b.To > int64(365*24*60*60*1000):
		return "from, to"
	case b.Of < 0 || b.Of > maxPages:
		return "of"
	case b.Gestures < 0 || b.Gestures > 10_000:
		return "gestures"
	case b.Length < 0 || b.Length > maxMedia:
		return "length"
	case len(b.Pages) > 200 || len(b.Watched) > 200:
		return "too much at once"
	}
	for _, p := range b.Pages {
		if p[0] < 1 || p[0] > maxPages || b.Of > 0 && p[0] > int64(b.Of) || p[1] < 0 || p[1] > maxStretch {
			return "pages"
		}
	}
	for _, w := range b.Watched {
		if w[0] < 0 || w[1] <= w[0] || w[1] > maxMedia || b.Length > 0 && w[1] > b.Length+1000 {
			return "watched"
		}
	}
	return ""
}

// tabName holds tabs to what our script makes: 1 to 16 lower-case letters and digits.
func tabName(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 16
}

const (
	// clockSlack is what rounding and the way here may add to a page's clock.
	clockSlack = 2000
	// fastest is the speed at which a video may really have been shown: browsers'
	// own controls go to 2×.
	fastest = 2.1
)

// credited is what of a beacon the clock allows.
type credited struct {
	ms      int64         // new time on screen
	pages   map[int]int64 // new visible ms by page
	watched models.Spans  // media time shown
}

// credit takes from a beacon what can be true: nobody was on screen for longer
// than time passed, or twice at the same moment. elapsed is how old the visit is;
// claimed is the time that is credited already, and is added to.
func (b beacon) credit(claimed models.Spans, elapsed int64) (models.Spans, credited) {
	to := min(b.To, elapsed+clockSlack)
	union, ms := claimed.Add(models.Span{b.From, to})
	c := credited{ms: ms, pages: map[int]int64{}}
	if ms <= 0 {
		return union.Claimed(), c
	}
	told := b.To - b.From
	var sum int64
	for _, p := range b.Pages {
		sum += p[1]
	}
	told = max(told, sum, 1)
	for _, p := range b.Pages {
		if n := p[1] * ms / told; n > 0 {
			c.pages[int(p[0])] += n
		}
	}
	budget := int64(float64(ms)*fastest) + 500
	for _, w := range b.Watched {
		if w[1]-w[0] > budget {
			w[1] = w[0] + budget
		}
		budget -= w[1] - w[0]
		if w[0] < w[1] {
			c.watched, _ = c.watched.Add(w)
		}
	}
	return union.Claimed(), c
}
