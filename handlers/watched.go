package handlers

import (
	"errors"

	"akari/models"
)

// watched records LINE's word that a video message was played to its end. It is a
// source of its own: LINE knows nothing of seconds, so it is never merged with
// what a viewer's page saw. The tracking id of our video messages is their link's
// id and the place in its list; another one is kept as an event that names nothing.
func (t *Turn) watched() error {
	t.event.Kind, t.event.Outcome = models.VideoEnded, models.OutcomeHandled
	id, place, ok := tracked(t.In.Name)
	if !ok {
		return nil // an id of somebody else's making
	}
	l, err := t.tx.LinkOf(id)
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	who, err := t.tx.Whois(t.In.From)
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		return err
	}
	// In a group somebody else may have played it: then it is the link's, and
	// nobody's.
	if err == nil && who.Person.ID == l.PersonID {
		t.Who = who
	}
	all, err := t.tx.MaterialsOf(l)
	if err != nil || place >= len(all) {
		return err
	}
	t.actor.partner = l.PartnerID
	t.event.LinkID, t.event.CampaignID, t.event.DeliveryID = l.ID, l.CampaignID, l.DeliveryID
	t.event.ObjectKind, t.event.ObjectKey, t.event.ObjectVersion = "material", all[place].MaterialKey, all[place].MaterialVersion
	return nil
}
