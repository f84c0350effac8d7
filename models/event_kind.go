package models

import "slices"

// eventKinds are the kinds of event that are written, in the order in which staff
// choose among them: docs/figures.md says what each is.
var eventKinds = []string{
	"asked", "answered", "suggested", "picked", "unanswered", "rated", "escalated", "replied",
	"gap_assigned", "gap_answered", "entry_added", "requested", "delivered", "delivery_failed", "opened", "hit",
	"page_viewed", "video_watched", "seen", "completed", "tool_opened", "video_ended", "acknowledged", "ack_undone",
	"used", "used_undone", "deal_named", "reader_told", "campaign_launched", "joined", "left", "changed",
	"notice_shown", "withdrawn", "commanded", "room_mapped", "outcome_reported", "ignored", "failed",
}

// EventKinds answers the kinds of event that are written.
func EventKinds() []string { return slices.Clone(eventKinds) }
