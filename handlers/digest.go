package handlers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"akari/bot"
	"akari/models"
)

// Audience is one reader, or one room of readers, of the weekly digest.
type Audience struct {
	Key      string
	To       string // a staff key, room:slack:C… or room:lineworks:CONNECTION:ID
	Schedule models.Schedule
	Zone     *time.Location
	Partners []string // keys; none = all
	Owners   []string // staff keys whose partners are meant; none = all. With Partners, both must hold
}

// DigestOptions say who is told what when.
type DigestOptions struct {
	Audiences        []Audience
	Grace            time.Duration // after which a week's figures are final
	FiscalStartMonth int           // 1 to 12
}

// Digests makes the weekly digests.
type Digests struct {
	h *Handlers
	DigestOptions

	mu   sync.Mutex
	told map[string]string // the newest week that is known to be told, by audience
}

// NewDigests makes digests of what h remembers.
func (h *Handlers) NewDigests(o DigestOptions) *Digests {
	if o.FiscalStartMonth == 0 {
		o.FiscalStartMonth = 4
	}
	return &Digests{h: h, DigestOptions: o, told: map[string]string{}}
}

// How often the clock is looked at: due work follows a jump of it within 5 s.
const (
	digestInterval = 2 * time.Second
	weekInterval   = 3 // of those
)

// Run sends digests as they fall due and keeps the figures of closed weeks, until
// ctx ends. Every process runs it; a unique row per audience and week decides who
// sends.
func (d *Digests) Run(ctx context.Context) {
	tick := time.NewTicker(digestInterval)
	defer tick.Stop()
	for n := 0; ; n++ {
		if err := d.Due(ctx); err != nil && ctx.Err() == nil {
			d.h.Log.Warn("a weekly digest could not be made; it is tried again", "error", err)
		}
		if n%weekInterval == 0 {
			if _, err := d.h.Store.CloseWeeks(ctx, d.h.Vendor.Zone, d.Grace); err != nil && ctx.Err() == nil {
				d.h.Log.Warn("the week's figures could not be counted; it is tried again", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Due sends every digest that is due now.
func (d *Digests) Due(ctx context.Context) error {
	now := d.h.Store.Now()
	var errs []error
	var r *weekReader // shared by the audiences of one look, so that each week is counted once
	for _, a := range d.Audiences {
		w, due := models.DigestDue(d.knownTold(a.Key), a.Schedule, a.Zone, now)
		if !due {
			continue
		}
		var last string
		err := d.h.Store.View(ctx, func(tx *models.Tx) (err error) {
			last, err = tx.LastDigest(a.Key)
			return err
		})
		if err == nil && w.ISO > last {
			if r == nil {
				r = newWeekReader()
			}
			_, err = d.send(ctx, a, w, now, r, false)
		}
		if err != nil && !errors.Is(err, models.ErrDuplicate) {
			errs = append(errs, fmt.Errorf("for %s: %w", a.Key, err))
			continue
		}
		d.mu.Lock()
		d.told[a.Key] = max(d.told[a.Key], w.ISO, last)
		d.mu.Unlock()
	}
	return errors.Join(errs...)
}

func (d *Digests) knownTold(audience string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.told[audience]
}

// Told is one digest as akari digest run answers it.
type Told struct {
	Audience   string           `json:"audience"`
	ISOWeek    string           `json:"iso_week"`
	WeekStart  time.Time        `json:"week_start"`
	WeekEnd    time.Time        `json:"week_end"`
	State      string           `json:"state"` // dry_run, queued, failed, told_before
	DeliveryID string           `json:"delivery_id,omitempty"`
	Error      string           `json:"error,omitempty"`
	Text       string           `json:"text"`
	Chart      string           `json:"chart,omitempty"` // address of the picture
	Figures    map[string]int64 `json:"figures"`
	Partners   []map[string]any `json:"partners"` // partner_key and every figure
	TookMS     int64            `json:"took_ms"`  // to read and word it
}

// RunNow makes the digests of the last full local week before a moment, for one
// audience or, with "", for all. A dry run sends and records nothing.
func (d *Digests) RunNow(ctx context.Context, asOf time.Time, audience string, dry bool) ([]Told, error) {
	out := []Told{}
	r := newWeekReader()
	for _, a := range d.Audiences {
		if audience != "" && a.Key != audience {
			continue
		}
		w := models.LastWeek(asOf, a.Zone)
		if dry {
			m, err := d.compose(ctx, a, w, asOf, r)
			if err != nil {
				return nil, fmt.Errorf("the digest for %s: %w", a.Key, err)
			}
			m.told.State = "dry_run"
			out = append(out, m.told)
			continue
		}
		told, err := d.send(ctx, a, w, asOf, r, true)
		if errors.Is(err, models.ErrDuplicate) {
			told.State, err = "told_before", nil
		}
		if err != nil {
			return nil, fmt.Errorf("the digest for %s: %w", a.Key, err)
		}
		out = append(out, told)
	}
	if audience != "" && len(out) == 0 {
		return nil, fmt.Errorf("there is no audience %q; digest.audiences has: %s", audience, strings.Join(d.keys(), ", "))
	}
	return out, nil
}

func (d *Digests) keys() []string {
	var keys []string
	for _, a := range d.Audiences {
		keys = append(keys, a.Key)
	}
	return keys
}

// send makes a digest, takes the audience's week and queues the message, all or
// nothing. ErrDuplicate: somebody else did. again: also a week that had nowhere to
// go before.
func (d *Digests) send(ctx context.Context, a Audience, w models.Week, now time.Time, r *weekReader, again bool) (Told, error) {
	m, err := d.compose(ctx, a, w, now, r)
	if err != nil {
		return Told{}, err
	}
	row := models.Digest{Audience: a.Key, IsoWeek: w.ISO, WeekStart: w.Start, WeekEnd: w.End, State: models.DigestQueued, Said: m.said}
	var ds []models.Delivery
	if m.why != "" {
		row.State, row.ErrorCode = models.DigestFailed, m.why
	} else {
		p := d.h.platforms[m.to.Platform]
		for _, parts := range bot.Pack(bot.Fit(m.message, p.Limits()), p.Limits()) {
			ds = append(ds, models.Delivery{Act: bot.Post, To: m.to, Parts: parts, Priority: bot.Notices, PersonID: m.person})
		}
		models.Chain(ds)
		row.DeliveryID = ds[0].ID
	}
	err = d.h.Store.InTx(ctx, func(tx *models.Tx) error {
		if err := tx.AddDigest(row, again); err != nil {
			return err
		}
		return tx.QueueDeliveries(ds...)
	})
	if err != nil {
		return m.told, err
	}
	m.told.State, m.told.Error = row.State, m.why
	if m.why != "" {
		d.h.Log.Warn("a weekly digest has nowhere to go", "audience", a.Key, "why", m.why)
		return m.told, nil
	}
	m.told.DeliveryID = row.DeliveryID.String()
	d.h.Nudge()
	return m.told, nil
}

// composed is a digest ready to send.
type composed struct {
	message bot.Message
	told    Told
	said    models.Counts
	to      bot.Address
	person  models.ID
	why     string // it cannot be sent
}

func (d *Digests) compose(ctx context.Context, a Audience, w models.Week, now time.Time, r *weekReader) (out composed, err error) {
	began := time.Now() //nolint:forbidigo // how long it takes, not when
	err = d.h.Store.View(ctx, func(tx *models.Tx) error {
		lang, err := d.address(tx, a, &out)
		if err != nil {
			return err
		}
		read, err := d.read(tx, a, w, now, r)
		if err != nil {
			return err
		}
		words := digestWords{d: d, lang: lang, zone: a.Zone, read: read}
		out.message = words.message(now)
		out.said = read.total
		out.told = Told{Audience: a.Key, ISOWeek: w.ISO, WeekStart: w.Start, WeekEnd: w.End, Text: out.message.Text, Figures: read.figures(), Partners: read.rows()}
		if out.message.Image != nil {
			out.told.Chart = out.message.Image.URL
		}
		return nil
	})
	out.told.TookMS = time.Since(began).Milliseconds()
	return out, err
}

// address finds where an audience is and which language it reads.
func (d *Digests) address(tx *models.Tx, a Audience, out *composed) (lang string, err error) {
	lang = "ja"
	if len(d.h.Vendor.Languages) > 0 {
		lang = d.h.Vendor.Languages[0]
	}
	if kind, rest, isRoom := strings.Cut(a.To, ":"); isRoom && kind == "room" {
		parts := strings.Split(rest, ":")
		out.to = bot.Address{Platform: parts[0], Connection: parts[0], Room: parts[len(parts)-1]}
		if len(parts) == 3 {
			out.to.Connection = parts[1]
		}
		room, err := tx.RoomAt(out.to)
		if err != nil && !errors.Is(err, models.ErrNotFound) {
			return lang, err
		}
		switch {
		case d.h.platforms[out.to.Platform] == nil:
			out.why = "platform_off"
		case room.Kind == models.RoomShared: // every partner's figures must not go to one of them
			out.why = "partner_room"
		case room.Outsiders():
			out.why = "outside_org"
		case room.LeftAt != nil:
			out.why = "room_gone"
		}
		return lang, nil
	}
	p, err := tx.PersonByKey(a.To)
	switch {
	case errors.Is(err, models.ErrNotFound):
		out.why = "unknown_person"
		return lang, nil
	case err != nil:
		return lang, err
	case p.Side != models.SideStaff:
		out.why = "not_staff"
		return lang, nil
	case p.LeftAt != nil:
		out.why = "left"
		return lang, nil
	}
	if slices.Contains(d.h.Vendor.Languages, p.Language) {
		lang = p.Language
	}
	out.person = p.ID
	to, ok, err := (&Turn{h: d.h, tx: tx}).addressOf(p.ID)
	if out.to = to; !ok {
		out.why = "no_account"
	}
	return lang, err
}
