package handlers_test

import (
	"context"
	"testing"
	"time"

	"akari/bot"
	"akari/models"
)

func TestLINEsWordForAVideoIsItsOwnKind(t *testing.T) {
	g := newGallery(t, "sqlite")
	id, _ := g.link("aoba-01", "demo-video")
	for key, tracking := range map[string]string{"w1": hexOf(id) + ".1", "w2": "campaign-7", "w3": models.NewID().String() + ".1", "w4": hexOf(id), "w5": hexOf(id) + ".2", "w6": hexOf(id) + ".0"} {
		in := bot.Inbound{Key: key, Kind: bot.Watched, Name: tracking, At: bot.Address{Platform: "line", Connection: "line", User: "U1", Direct: true},
			From: bot.Identity{Platform: "line", Connection: "line", User: "U1"}, Time: time.Now()}
		for range 2 { // LINE may tell it twice
			if _, err := g.mind.Receive(context.Background(), in); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := g.count("SELECT COUNT(*) FROM v_event WHERE kind = 'video_ended' AND platform = 'line'"); n != 6 {
		t.Errorf("%d ends on record", n)
	}
	if n := g.count("SELECT COUNT(*) FROM v_event WHERE kind = 'video_ended' AND link_id = ? AND object_key = 'demo-video' AND partner_key = 'p-aoba'", hexOf(id)); n != 1 {
		t.Errorf("%d of them name the video", n)
	}
	if n := g.count("SELECT COUNT(*) FROM v_event WHERE kind IN ('video_watched', 'completed')"); n != 0 {
		t.Error("LINE's word became the page's figure")
	}
}
