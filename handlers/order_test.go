package handlers_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"akari/bot/line/linetest"
	"akari/models/modelstest"
)

// TestArrivalOrderDoesNotMatter is promise P5: what belongs together on LINE, which
// says when each thing happened, leaves the same behind in whichever order it arrives.
func TestArrivalOrderDoesNotMatter(t *testing.T) {
	type telling struct {
		name, look, want string
		happened         func(w *world) []linetest.Event // in their order
	}
	me, group := linetest.Source{User: linetest.UserID(1)}, linetest.Source{Group: "C" + linetest.UserID(7)[1:]}
	in := func(typ string, from linetest.Source) func(w *world, at time.Time) linetest.Event {
		return func(w *world, at time.Time) linetest.Event {
			e := w.line.NewEvent(typ, from)
			e["timestamp"] = at.UnixMilli()
			return e
		}
	}
	sequence := func(made ...func(w *world, at time.Time) linetest.Event) func(w *world) []linetest.Event {
		return func(w *world) (out []linetest.Event) {
			for i, m := range made {
				out = append(out, m(w, time.Now().Add(time.Duration(i-10)*time.Second)))
			}
			return out
		}
	}
	const gone = "SELECT CASE WHEN fact LIKE '%\"Gone\":true%' THEN 'gone' ELSE 'there' END AS is_now FROM accounts WHERE platform = 'line'"
	const inRoom = "SELECT CASE WHEN left_at IS NULL THEN 'there' ELSE 'gone' END AS is_now FROM rooms WHERE platform = 'line'"
	for _, x := range []telling{
		{"followed, then blocked", gone, "gone", sequence(in("follow", me), in("unfollow", me))},
		{"blocked, then followed again", gone, "there", sequence(in("unfollow", me), in("follow", me))},
		{"entered a group, then left it", inRoom, "gone", sequence(in("join", group), in("leave", group))},
		{"left a group, then entered it again", inRoom, "there", sequence(in("leave", group), in("join", group))},
		{"wrote, then took it back", "SELECT CASE WHEN COUNT(*) = 0 THEN 'gone' ELSE 'there' END AS is_now FROM texts WHERE kind = 'question'", "gone", func(w *world) []linetest.Event {
			said := w.line.Said(me, "秘密の質問です", "")
			back := w.line.NewEvent("unsend", me)
			back["unsend"] = map[string]any{"messageId": said["message"].(map[string]any)["id"]}
			return []linetest.Event{said, back}
		}},
	} {
		t.Run(x.name, func(t *testing.T) {
			modelstest.Each(t, func(t *testing.T, driver string) {
				for _, turned := range []bool{false, true} {
					w := newWorld(t, driver)
					events := x.happened(w)
					if turned {
						events[0], events[1] = events[1], events[0]
					}
					for _, e := range events {
						if status, err := w.line.Post(context.Background(), w.url+"/hooks/line", e); err != nil || status != http.StatusOK {
							t.Fatal(status, err)
						}
					}
					rows := modelstest.Table(t, driver, w.dsn, x.look)
					if len(rows) != 1 || rows[0]["is_now"] != x.want {
						t.Errorf("told in turn %v: %v, want %s", !turned, rows, x.want)
					}
				}
			})
		})
	}
}
