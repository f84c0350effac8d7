package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"akari/models"
	"akari/web"
)

// plain answers a script: a status and nothing else.
func (h *Handlers) plain(w http.ResponseWriter, status int) {
	web.Secure(w)
	w.WriteHeader(status)
}

func jsonOf(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil { // maps of strings always marshal
		panic(err)
	}
	return b
}

func equalHost(a, b string) bool { return strings.EqualFold(strings.TrimSuffix(a, "."), b) }

// stored tells whether something is on record, now or already.
func (h *Handlers) stored(err error) bool {
	if err != nil && !errors.Is(err, models.ErrDuplicate) {
		h.Log.Error("a view is not on record", "error", err)
		return false
	}
	return true
}

// report reads what a page tells; on false the answer is given.
func (h *Handlers) report(w http.ResponseWriter, r *http.Request) ([]beacon, bool) {
	if crossSite(r) {
		h.plain(w, http.StatusBadRequest)
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, beaconBody))
	if err != nil {
		status := http.StatusBadRequest
		if big := (*http.MaxBytesError)(nil); errors.As(err, &big) {
			status = http.StatusRequestEntityTooLarge
		}
		h.plain(w, status)
		return nil, false
	}
	beacons, err := parseBeacons(body)
	if err != nil {
		h.plain(w, http.StatusBadRequest)
		return nil, false
	}
	return beacons, true
}

// provedBeacon finds the visit and material that a beacon may speak of.
func (h *Handlers) provedBeacon(r *http.Request, l models.Link, b beacon) (visit models.ID, lm models.LinkMaterial, status int) {
	visit, place, version, ok := h.proved(l, b.Visit)
	if !ok {
		return visit, lm, http.StatusBadRequest
	}
	var all []models.LinkMaterial
	err := h.Store.View(r.Context(), func(tx *models.Tx) (err error) {
		all, err = tx.MaterialsOf(l)
		return err
	})
	if err != nil {
		return visit, lm, http.StatusServiceUnavailable
	}
	if place < 0 || place >= len(all) {
		return visit, lm, http.StatusBadRequest
	}
	// The version that was on screen, which may be newer than the link's.
	return visit, models.LinkMaterial{MaterialKey: all[place].MaterialKey, MaterialVersion: version}, http.StatusOK
}

// viewerSeen takes the page's word for what was on screen, and believes no more
// than the clock allows.
func (h *Handlers) viewerSeen(w http.ResponseWriter, r *http.Request) {
	l, ok := h.linkAt(w, r)
	if !ok {
		return
	}
	beacons, ok := h.report(w, r)
	if !ok {
		return
	}
	for _, b := range beacons {
		visit, lm, status := h.provedBeacon(r, l, b)
		if status == http.StatusOK {
			status = h.account(r.Context(), l, visit, lm, []beacon{b})
		}
		if status != http.StatusNoContent {
			h.plain(w, status)
			return
		}
	}
	h.plain(w, http.StatusNoContent)
}

// account writes beacons of one visit and material, each once, and answers the
// status for the page: 204 = on record.
func (h *Handlers) account(ctx context.Context, l models.Link, visit models.ID, lm models.LinkMaterial, beacons []beacon) int {
	if !h.pace.take(visit.String(), len(beacons), time.Now()) { //nolint:forbidigo // pace runs on the machine's clock
		return http.StatusTooManyRequests
	}
	for _, b := range beacons {
		var grew bool
		err := h.Store.InTx(ctx, func(tx *models.Tx) (err error) {
			grew, err = h.accountOne(tx, l, visit.String(), lm, b)
			return err
		})
		if errors.Is(err, models.ErrNotFound) {
			return http.StatusBadRequest // a visit that retention or an erasure took
		}
		if !h.stored(err) {
			return http.StatusServiceUnavailable
		}
		if err == nil && grew {
			if err := h.complete(ctx, l, lm); !h.stored(err) {
				return http.StatusServiceUnavailable
			}
		}
	}
	return http.StatusNoContent
}

// accountOne writes one beacon: its events and what the visit now knows. It
// answers whether something grew that completion may rest on.
func (h *Handlers) accountOne(tx *models.Tx, l models.Link, visit string, lm models.LinkMaterial, b beacon) (grew bool, err error) {
	v, err := tx.LockVisit(l.ID, visit)
	if err != nil {
		return false, err
	}
	was := v.Class
	claimed, c := b.credit(v.Facts.Spans, tx.Now().Sub(v.StartedAt).Milliseconds())
	v.Facts.Spans = claimed
	v.Facts.Webdriver = v.Facts.Webdriver || b.Driven
	v.Gestures = min(v.Gestures+b.Gestures, 1_000_000)
	now := tx.Now()
	v.SeenAt = &now
	told, firsts, grew := learn(&v.Facts, lm, b, c, h.VisibleMin.Milliseconds())
	if err := tx.Append(h.beaconEvents(l, v, lm, b, c, told, firsts)...); err != nil {
		return false, err
	}
	if err := h.judge(tx, &v); err != nil {
		return false, err
	}
	return v.Class == models.ClassHuman && (grew || was != models.ClassHuman), tx.SaveVisit(v)
}

// materialName is how a visit's facts name a material and its version.
func materialName(lm models.LinkMaterial) string {
	return lm.MaterialKey + "@" + strconv.Itoa(lm.MaterialVersion)
}

// learn adds a beacon's credit to what the visit has shown of a material. told
// is what is now to be told of pages: a page that was on screen for less than
// links.visible_min altogether is no page view yet. firsts are the pages that are
// told for the first time; grew says that there are any, or more of a video.
func learn(f *models.Facts, lm models.LinkMaterial, b beacon, c credited, visibleMin int64) (told map[int]int64, firsts map[int]bool, grew bool) {
	name := materialName(lm)
	s := f.Materials[name]
	s.Of = max(s.Of, b.Of)
	s.Length = max(s.Length, b.Length)
	told, firsts = map[int]int64{}, map[int]bool{}
	for page, ms := range c.pages {
		if s.Pages == nil {
			s.Pages = map[int]int64{}
		}
		before := s.Pages[page]
		s.Pages[page] = before + ms
		switch {
		case before >= visibleMin && before > 0:
			told[page] = ms
		case before+ms >= visibleMin:
			told[page], firsts[page] = before+ms, true
		}
	}
	watched, gained := s.Watched.Add(c.watched...)
	s.Watched = watched.Earned()
	if f.Materials == nil {
		f.Materials = map[string]models.Shown{}
	}
	f.Materials[name] = s
	return told, firsts, len(firsts) > 0 || gained > 0
}

// beaconEvents are a beacon's events: one for each page or one for a video, else
// one that only says that the page was on screen. The first carries what the
// visit's facts can be made of again.
func (h *Handlers) beaconEvents(l models.Link, v models.Visit, lm models.LinkMaterial, b beacon, c credited, told map[int]int64, firsts map[int]bool) []models.Event {
	key := "seen/" + l.ID.String() + "/" + v.Visit + "/" + b.Tab + "/" + strconv.Itoa(b.Seq)
	event := func(kind string, amount int64) models.Event {
		e := h.about(l, v.Visit, lm)
		e.Kind, e.Amount = kind, &amount
		e.OccurredAt = v.StartedAt.Add(time.Duration(b.To) * time.Millisecond)
		if now := h.Store.Now(); e.OccurredAt.After(now) {
			e.OccurredAt = now
		}
		return e
	}
	var out []models.Event
	for _, p := range pagesOf(told) {
		e := event(models.PageViewed, told[p])
		e.Page, e.SourceKey = &p, key+"/"+strconv.Itoa(p)
		if firsts[p] {
			e.Detail = models.Detail{"view": 1}
		}
		out = append(out, e)
	}
	if len(c.watched) > 0 {
		e := event(models.VideoWatched, c.watched.Length())
		e.Detail = models.Detail{"intervals": c.watched, "length": b.Length}
		out = append(out, e)
	}
	if len(out) == 0 {
		out = append(out, event(models.Seen, c.ms))
	}
	first := &out[0]
	first.SourceKey = key
	if first.Detail == nil {
		first.Detail = models.Detail{}
	}
	first.Detail["from"], first.Detail["to"] = b.From, b.From+max(0, min(b.To, h.Store.Now().Sub(v.StartedAt).Milliseconds()+clockSlack)-b.From)
	for name, n := range map[string]int{"gestures": b.Gestures, "of": b.Of} {
		if n > 0 {
			first.Detail[name] = n
		}
	}
	if b.Driven {
		first.Detail["driven"] = 1
	}
	if b.Saved {
		first.Detail["saved"] = 1
	}
	return out
}
