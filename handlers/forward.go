package handlers

import (
	"encoding/hex"
	"regexp"
	"slices"
	"time"

	"akari/models"
)

// A link that was handed to one person and is read on a second device, or so far
// away that nobody could have travelled there, may have been forwarded: the visit
// credits the link and not the person until its reader has said who they are. How
// far away is known only by the browser's clock: addresses are not kept.

// byReader decides, for a visit that would count, whose it is: by what its reader
// said in this browser, else by whether the link was read before on another device
// or too far away.
func (h *Handlers) byReader(tx *models.Tx, v *models.Visit) error {
	if v.Class != models.ClassHuman && v.Class != models.ClassSuspect {
		return nil
	}
	all, err := tx.SightingsOf(v.LinkID)
	if err != nil {
		return err
	}
	device, err := h.device(tx, v.Facts.Agent)
	if err != nil {
		return err
	}
	before, far := map[string]bool{}, v.Facts.Away // devices on which it was read before; it was read too far away
	own, here := false, false                      // the person said that this device is theirs; that they read on it in this place
	for _, s := range all {
		d := device
		if s.Facts.Agent != v.Facts.Agent {
			if d, err = h.device(tx, s.Facts.Agent); err != nil {
				return err
			}
		}
		switch {
		case s.Other != nil && (s.Visit == v.Visit || d == device && slices.Equal(s.Network, v.Network)):
			if *s.Other {
				v.Class, v.Reason = models.ClassForwarded, readerTold
			}
			return nil
		case s.Other != nil && !*s.Other:
			own = own || d == device
			here = here || d == device && apart(s.Facts.East, v.Facts.East) == 0
		case s.Visit != v.Visit && s.Class == models.ClassHuman && s.StartedAt.Before(v.StartedAt):
			before[d] = true
			// The same browser in the same network is where it was, whatever its clock says.
			far = far || v.StartedAt.Sub(s.StartedAt) < travel(s.Facts.East, v.Facts.East) && (d != device || v.Network == nil || !slices.Equal(s.Network, v.Network))
		}
	}
	switch {
	case v.Class != models.ClassHuman:
	case len(before) > 0 && !before[device] && !own:
		v.Class, v.Reason = models.ClassForwarded, readerElsewhere
	case far && !here:
		v.Class, v.Reason = models.ClassForwarded, readerTravelled
	}
	return nil
}

// away tells whether the link's person read another of their links so far away that
// they cannot be here: the link was passed on without being read. It is looked at
// when the visit begins, not at each of its reports.
func (h *Handlers) away(tx *models.Tx, v models.Visit, l models.Link) (bool, error) {
	if v.Facts.East == nil {
		return false, nil
	}
	all, err := tx.SightingsElsewhere(l, v.StartedAt.Add(-12*perHour), v.StartedAt) // nowhere is farther than twelve hours
	for _, s := range all {
		if v.StartedAt.Sub(s.StartedAt) < travel(s.Facts.East, v.Facts.East) && (v.Network == nil || !slices.Equal(s.Network, v.Network)) {
			return true, err
		}
	}
	return false, err
}

// Why a visit is taken for another reader's. readerTold is the reason of a visit
// whose reader said who they are.
const (
	readerTold      = "told"
	readerElsewhere = "second_device"
	readerTravelled = "travel"
)

const (
	// near is how far apart the clocks of places can be that one can go between in
	// no time: neighbours at a border differ by up to three and a half hours.
	near = 4 * time.Hour
	// perHour is the least time it takes to travel as far as one hour of clocks.
	// Half of what an airliner needs on the shortest way, far in the north: a
	// question too few is better than one that accuses a traveller.
	perHour = 30 * time.Minute
)

// travel is the least time from one place to another, by their clocks; 0 = it
// cannot be told, or one may be there at once.
func travel(a, b *int) time.Duration {
	d := apart(a, b)
	if d <= near {
		return 0
	}
	return time.Duration(d.Hours() * float64(perHour))
}

// apart is how far apart the clocks of two places are, the short way around the
// world; 0 where one is unknown.
func apart(a, b *int) time.Duration {
	if a == nil || b == nil {
		return 0
	}
	d := (time.Duration(*a-*b) * time.Minute).Abs() % (24 * time.Hour)
	return min(d, 24*time.Hour-d)
}

// zoneNames are names that zones have (IANA time zone database, "Theory", names of
// timezones).
var zoneNames = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]{1,30}(/[A-Za-z0-9_+-]{1,30}){0,2}$`)

// placeless are zones that browsers name to say nothing of where they are, as
// Firefox does with resistFingerprinting, or servers that have no place.
var placeless = regexp.MustCompile(`^(UTC|UCT|GMT|Zulu|Universal|Greenwich|Local|Etc/.*|Atlantic/Reykjavik)$`)

// east is how many minutes the clock of a zone is ahead of UTC; nil = the browser
// did not say where it is.
func east(zone string, at time.Time) *int {
	if !zoneNames.MatchString(zone) || placeless.MatchString(zone) {
		return nil
	}
	z, err := time.LoadLocation(zone)
	if err != nil {
		return nil
	}
	_, seconds := at.In(z).Zone()
	minutes := seconds / 60
	return &minutes
}

// versions are what changes in a user agent when a browser is updated.
var versions = regexp.MustCompile(`[0-9][0-9._]*`)

// device is a user agent without its versions: what stays of a device from one
// visit to the next.
func (h *Handlers) device(tx *models.Tx, agent string) (string, error) {
	hash, err := hex.DecodeString(agent)
	if err != nil || len(hash) == 0 {
		return "", nil //nolint:nilerr // a hash that cannot be read tells nothing
	}
	text, err := tx.AgentOf(hash)
	return versions.ReplaceAllString(text, ""), err
}
