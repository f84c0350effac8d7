package handlers

import (
	"encoding/hex"
	"regexp"
	"slices"

	"akari/models"
)

// A link that was handed to one person and is read on a second device may have
// been forwarded: the visit credits the link and not the person until its reader
// has said who they are. Where a reader sits is not known (addresses are not
// kept), so travelling is not looked at.

// byReader decides, for a visit that would count, whose it is: by what its reader
// said in this browser, else by whether the link was read on another device before.
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
	before, own := map[string]bool{}, false // devices on which it was read before; the person said that this one is theirs
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
		case s.Visit != v.Visit && s.Class == models.ClassHuman && s.StartedAt.Before(v.StartedAt):
			before[d] = true
		}
	}
	if v.Class == models.ClassHuman && len(before) > 0 && !before[device] && !own {
		v.Class, v.Reason = models.ClassForwarded, "second_device"
	}
	return nil
}

// readerTold is the reason of a visit whose reader said who they are.
const readerTold = "told"

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
