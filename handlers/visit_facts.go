package handlers

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"akari/models"
)

func pagesOf(ms map[int]int64) []int {
	out := make([]int, 0, len(ms))
	for p := range ms {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

// openedDetail is what an opening tells, for classing it again later.
func openedDetail(v models.Visit) models.Detail {
	d := models.Detail{}
	if v.Facts.Agent != "" {
		d["agent"] = v.Facts.Agent
	}
	if v.Facts.Script {
		d["script"] = 1
	}
	if v.Facts.Purpose != "" {
		d["purpose"] = v.Facts.Purpose
	}
	if v.Facts.Early != nil {
		d["early"] = *v.Facts.Early
	}
	if v.Facts.East != nil {
		d["east"] = *v.Facts.East
	}
	return d
}

// DefaultCompleteShare is the share of a document's pages, in percent, that
// make it completed where its owner set none.
const DefaultCompleteShare = 80

// videoShare is the share of a video's distinct seconds that make it completed.
const videoShare = 90

// completed tells whether what human visits have shown of a material is the
// whole of it, and the share in percent.
func completed(shown []models.Shown, share int, visibleMin int64) (bool, int64) {
	pages, of := map[int]int64{}, 0
	var watched models.Spans
	var length int64
	for _, s := range shown {
		of, length = max(of, s.Of), max(length, s.Length)
		for p, ms := range s.Pages {
			pages[p] += ms
		}
		watched, _ = watched.Add(s.Watched...)
	}
	if length > 0 {
		got := min(100, watched.Length()*100/length)
		return got >= videoShare, got
	}
	seen := 0
	for _, ms := range pages {
		if ms >= visibleMin {
			seen++
		}
	}
	if of == 0 {
		return false, 0
	}
	got := int64(min(100, seen*100/of))
	return got >= int64(share), got
}

// complete writes `completed` once for a link, material and version, when what
// its human visits have shown is enough.
func (h *Handlers) complete(ctx context.Context, l models.Link, lm models.LinkMaterial) error {
	share := DefaultCompleteShare
	if m, ok := h.Library.AnyMaterial(lm.MaterialKey); ok && m.CompleteShare > 0 {
		share = m.CompleteShare
	}
	effect := "completed/" + l.ID.String() + "/" + materialName(lm)
	return h.Store.InTx(ctx, func(tx *models.Tx) error {
		if done, err := tx.HadEffect(effect); err != nil || done {
			return err
		}
		visits, err := tx.HumanVisits(l.ID)
		if err != nil {
			return err
		}
		var all []models.Shown
		last := ""
		for _, v := range visits {
			if s, ok := v.Facts.Materials[materialName(lm)]; ok {
				all = append(all, s)
				last = v.Visit
			}
		}
		done, got := completed(all, share, h.VisibleMin.Milliseconds())
		if !done {
			return nil
		}
		e := h.about(l, last, lm)
		e.Kind, e.EffectKey, e.SourceKey, e.Amount = models.Completed, effect, effect, &got
		return tx.Append(e)
	})
}

// factsOf makes a visit's facts again from what is on record, but for those that
// come from its link and its neighbours.
func factsOf(v models.Visit, events []models.VisitEvent, visibleMin int64) (models.Facts, int, error) {
	f := models.Facts{Staff: v.Facts.Staff, Test: v.Facts.Test}
	gestures := 0
	for _, e := range events {
		var d struct {
			Agent, Purpose string
			Script, Driven int
			Early          *int64
			East           *int
			From, To       int64
			Gestures, Of   int
			Length         int64
			Intervals      models.Spans
		}
		if err := json.Unmarshal([]byte(e.Detail), &d); err != nil {
			return f, 0, fmt.Errorf("visit %s: an event's detail cannot be read: %w", v.Visit, err)
		}
		if e.Kind == models.Opened {
			f.Agent, f.Purpose, f.Script, f.Early, f.East = d.Agent, d.Purpose, d.Script == 1, d.Early, d.East
			continue
		}
		f.Webdriver = f.Webdriver || d.Driven == 1
		gestures += d.Gestures
		f.Spans, _ = f.Spans.Add(models.Span{d.From, d.To})
		f.Spans = f.Spans.Claimed()
		if e.Kind != models.PageViewed && e.Kind != models.VideoWatched {
			continue
		}
		name := e.ObjectKey + "@" + strconv.Itoa(e.ObjectVersion)
		s := f.Materials[name]
		s.Of, s.Length = max(s.Of, d.Of), max(s.Length, d.Length)
		if e.Page != nil && e.Amount != nil {
			if s.Pages == nil {
				s.Pages = map[int]int64{}
			}
			s.Pages[*e.Page] += *e.Amount
		}
		s.Watched, _ = s.Watched.Add(d.Intervals...)
		s.Watched = s.Watched.Earned()
		if f.Materials == nil {
			f.Materials = map[string]models.Shown{}
		}
		f.Materials[name] = s
	}
	return f, gestures, nil
}

// Reclassed is what a rebuild of visits did.
type Reclassed struct {
	Visits  int            `json:"visits"`
	Changed int            `json:"changed"`
	Classes map[string]int `json:"classes"` // after it
	Rules   int            `json:"rules"`   // version
}

// rebuildBatch keeps each transaction short beside a running serve.
const rebuildBatch = 50

// RebuildVisits classes visits begun in [from, to) anew, by today's rules and
// robots list, from what is on record: twice changes nothing the second time.
func (h *Handlers) RebuildVisits(ctx context.Context, from, to time.Time, actor models.ID) (Reclassed, error) {
	done := Reclassed{Classes: map[string]int{}, Rules: visitRules}
	var last *models.Visit
	for {
		var batch []models.Visit
		err := h.Store.View(ctx, func(tx *models.Tx) (err error) {
			batch, err = tx.VisitsBetween(from, to, last, rebuildBatch)
			return err
		})
		if err != nil {
			return done, err
		}
		if len(batch) == 0 {
			break
		}
		changed, classes := 0, map[string]int{}
		err = h.Store.InTx(ctx, func(tx *models.Tx) error {
			changed = 0
			clear(classes)
			for _, v := range batch {
				class, moved, err := h.rebuildVisit(tx, v)
				if err != nil {
					return err
				}
				classes[class]++
				if moved {
					changed++
				}
			}
			return nil
		})
		if err != nil {
			return done, err
		}
		done.Visits += len(batch)
		done.Changed += changed
		for c, n := range classes {
			done.Classes[c] += n
		}
		last = &batch[len(batch)-1]
	}
	return done, h.Store.InTx(ctx, func(tx *models.Tx) error {
		return tx.Audit(models.Act{ActorID: actor, Role: "operator", Action: "report.rebuild", Object: "visits", Result: "done", Detail: models.Detail{
			"from": from.Format(time.RFC3339), "to": to.Format(time.RFC3339), "visits": done.Visits, "changed": done.Changed, "rules": visitRules}})
	})
}

func (h *Handlers) rebuildVisit(tx *models.Tx, seen models.Visit) (class string, changed bool, err error) {
	v, err := tx.LockVisit(seen.LinkID, seen.Visit)
	if err != nil {
		return "", false, err
	}
	events, err := tx.EventsOfVisit(v.LinkID, v.Visit)
	if err != nil {
		return "", false, err
	}
	l, err := tx.LinkOf(v.LinkID)
	if err != nil {
		return "", false, err
	}
	was := v.Class + v.Reason
	visibleMin := h.VisibleMin.Milliseconds()
	f, gestures, err := factsOf(v, events, visibleMin)
	if err != nil {
		return "", false, err
	}
	f.Staff, f.Test = l.PartnerID.IsZero(), l.Purpose == models.PurposeTest
	// Pages that were on screen too briefly to be told are known to the row alone.
	for name, s := range v.Facts.Materials {
		if f.Materials == nil {
			f.Materials = map[string]models.Shown{}
		}
		again := f.Materials[name]
		again.Of, again.Length = max(again.Of, s.Of), max(again.Length, s.Length)
		for p, ms := range s.Pages {
			if ms < visibleMin {
				if again.Pages == nil {
					again.Pages = map[int]int64{}
				}
				again.Pages[p] = ms
			}
		}
		f.Materials[name] = again
	}
	v.Facts, v.Gestures = f, gestures
	if v.Facts.Burst, err = h.crowd(tx, v); err != nil {
		return "", false, err
	}
	if v.Facts.Away, err = h.away(tx, v, l); err != nil {
		return "", false, err
	}
	if err := h.judge(tx, &v); err != nil {
		return "", false, err
	}
	return v.Class, v.Class+v.Reason != was, tx.SaveVisit(v)
}
