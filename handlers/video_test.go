package handlers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"akari/bot/line/linetest"
	"akari/content"
	"akari/handlers"
	"akari/models"
	"akari/models/modelstest"
)

// videoDir holds the sample's video twice: one that may be saved, and one that may not.
func videoDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "materials"), 0o755); err != nil {
		t.Fatal(err)
	}
	const list = `
materials:
  - {key: clip, kind: video, title: {ja: 紹介動画, en: The clip}, file: demo-video.mp4, image: demo-video.png, version: 3, download: true}
  - {key: closed, kind: video, title: {ja: 社外秘の動画, en: Closed clip}, file: demo-video.mp4, image: demo-video.png, version: 1}
`
	if err := os.WriteFile(filepath.Join(dir, "materials/materials.yaml"), []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"materials/demo-video.mp4", "materials/demo-video.png"} {
		b, err := fs.ReadFile(content.Sample(), name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// film is a video message as LINE got it.
type film struct {
	Type, OriginalContentURL, PreviewImageURL, TrackingID string
}

// films are the video messages that LINE accepted, and to whom.
func (w *world) films(t *testing.T) (out []film, to []string) {
	t.Helper()
	for _, s := range w.line.Sent() {
		var f film
		if err := json.Unmarshal(s.Message, &f); err != nil {
			t.Fatal(err)
		}
		if f.Type == "video" {
			out, to = append(out, f), append(to, s.To)
		}
	}
	return out, to
}

func (w *world) get(t *testing.T, address string, header ...string) (int, []byte, http.Header) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, strings.Replace(address, "https://akari.test", w.url, 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, b, a.Header
}

// One-to-one on LINE a video plays in the chat: from an address of its link's own, that
// counts nothing and dies with the link. LINE's word that it was watched to its end is
// a source of its own.
func TestOnLINEAVideoPlaysInTheChat(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		w := newWorldOn(t, driver, videoDir(t))
		me := linetest.Source{User: linetest.UserID(1)}
		tell := func(e linetest.Event) {
			t.Helper()
			if status, err := w.line.Post(context.Background(), w.url+"/hooks/line", e); err != nil || status != 200 {
				t.Fatal(status, err)
			}
		}
		heard := func(part string, n int) {
			t.Helper()
			wait(t, part, func() bool {
				got := 0
				for _, s := range w.line.Sent() {
					if s.To == linetest.UserID(1) && strings.Contains(string(s.Message), part) {
						got++
					}
				}
				return got >= n
			})
		}
		tell(w.line.Pressed(me, "material.send?m=closed"))
		heard("社外秘の動画", 1)
		if films, _ := w.films(t); len(films) != 0 {
			t.Fatal("a video that may not be saved was given to LINE")
		}
		tell(w.line.Pressed(me, "material.send?m=clip"))
		heard("https://akari.test/v/", 2)
		films, _ := w.films(t)
		if len(films) != 1 {
			t.Fatalf("%d video messages", len(films))
		}
		f := films[0]
		link := modelstest.Table(t, w.driver, w.dsn, "SELECT LOWER(HEX(id)) AS id FROM links WHERE material_key = 'clip'")[0]["id"]
		if f.TrackingID != link+".1" {
			t.Errorf("the tracking id is %q, the link %s", f.TrackingID, link)
		}
		want, err := fs.ReadFile(content.Sample(), "materials/demo-video.mp4")
		if err != nil {
			t.Fatal(err)
		}
		status, body, header := w.get(t, f.OriginalContentURL)
		if status != 200 || !bytes.Equal(body, want) || header.Get("Content-Type") != "video/mp4" || header.Get("Set-Cookie") != "" || header.Get("Cache-Control") != "no-store" {
			t.Errorf("the video: %d, %d bytes, %v", status, len(body), header)
		}
		if status, body, _ := w.get(t, f.OriginalContentURL, "Range", "bytes=100-199"); status != http.StatusPartialContent || !bytes.Equal(body, want[100:200]) {
			t.Errorf("a piece of it: %d, %d bytes", status, len(body))
		}
		if status, body, header := w.get(t, f.PreviewImageURL); status != 200 || header.Get("Content-Type") != "image/png" || len(body) > 1<<20 {
			t.Errorf("its picture: %d, %v", status, header)
		}
		token := strings.Split(f.OriginalContentURL, "/")[4]
		for _, wrong := range []string{
			strings.Replace(f.OriginalContentURL, token, token[:len(token)-2]+"AA", 1), strings.Replace(f.OriginalContentURL, "/1.mp4", "/2.mp4", 1),
			strings.Replace(f.OriginalContentURL, "/1.mp4", "/0.mp4", 1), strings.Replace(f.OriginalContentURL, "/1.mp4", "/clip.png", 1),
			"https://akari.test/v/" + token, // it opens nothing else
		} {
			if status, body, _ := w.get(t, wrong); status != http.StatusNotFound && status != http.StatusGone || bytes.Contains(body, []byte("ftyp")) {
				t.Errorf("%s was answered %d", wrong, status)
			}
		}
		if n := w.events(t); n["hit"] != 0 || n["opened"] != 0 || n["video_watched"] != 0 {
			t.Errorf("the chat's copy was counted: %v", n)
		}
		// The row that owes it holds no address that opens anything.
		if hits := modelstest.Search(t, w.driver, w.dsn, token); len(hits) != 0 {
			t.Errorf("the address stands in %v", hits)
		}

		done := w.line.NewEvent("videoPlayComplete", me)
		done["videoPlayComplete"] = map[string]any{"trackingId": f.TrackingID}
		tell(done)
		tell(w.line.Redelivered(done))
		if rows := modelstest.Table(t, w.driver, w.dsn, "SELECT link_id, object_key, object_version, person_key, platform FROM v_event WHERE kind = 'video_ended'"); len(rows) != 1 ||
			rows[0]["link_id"] != link || rows[0]["object_key"] != "clip" || rows[0]["object_version"] != "3" || rows[0]["person_key"] != "aoba-01" || rows[0]["platform"] != "line" {
			t.Errorf("on record is %v", rows)
		}
		if n := w.events(t); n["completed"] != 0 || n["video_watched"] != 0 {
			t.Errorf("LINE's word became the page's figure: %v", n)
		}

		// A campaign's letter, one-to-one: the second of its materials is the one that plays.
		if _, err := modelstest.Raw(t, w.driver, w.dsn).Exec("DELETE FROM accounts WHERE platform = 'slack'"); err != nil { // LINE is where they are reached
			t.Fatal(err)
		}
		w.clocks(t)
		err = w.mind.CampaignAct(context.Background(), "s-ito", func(a *handlers.Campaigning) error {
			c, _, err := a.Create(models.Spec{Title: "動画のご案内", Weight: models.WeightConfirm, Text: models.LangText{"ja": "ご覧ください。"}, Materials: []string{"closed", "clip"}, To: models.ToPeople,
				Audience: models.Rule{People: []string{"aoba-01"}}, Ack: &models.AckRule{Rule: models.AckEveryone}}, "")
			if err == nil {
				_, _, err = a.Launch(c.ID)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		wait(t, "the letter", func() bool {
			return modelstest.Table(t, w.driver, w.dsn, "SELECT COUNT(*) AS n FROM deliveries WHERE campaign_id = 1 AND state = 'sent'")[0]["n"] == "1"
		})
		films, to := w.films(t)
		if len(films) != 2 || !strings.HasSuffix(films[1].TrackingID, ".2") || !strings.HasSuffix(films[1].OriginalContentURL, "/2.mp4") || to[1] != linetest.UserID(1) {
			t.Errorf("the letter's videos are %v to %v", films, to)
		}
		if status, body, _ := w.get(t, films[1].OriginalContentURL); status != 200 || !bytes.Equal(body, want) {
			t.Errorf("the letter's video was answered %d", status)
		}

		// LINE cannot change a message: a short line says how far they are.
		letter := modelstest.Table(t, w.driver, w.dsn, "SELECT LOWER(HEX(id)) AS id FROM deliveries WHERE campaign_id = 1")[0]["id"]
		tell(w.line.Pressed(me, "material.ack?d="+letter+"&m=1"))
		heard("2件中1件確認済み", 1)
		heard("内容を確認しました(残り1件)", 1)
		tell(w.line.Pressed(me, "material.ack?d="+letter))
		heard("2件中2件確認済み", 1)
		tell(w.line.Pressed(me, "material.undo?d="+letter+"&k=acks"))
		heard("2件中0件確認済み", 1)
		same(t, "acknowledgements", w.marks(t, "acks"), "-aoba-01 closed@1", "-aoba-01 clip@3")

		// The link's end is the video's.
		id, err := models.ParseID(link)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.store.InTx(context.Background(), func(tx *models.Tx) error { return tx.RevokeLink(id) }); err != nil {
			t.Fatal(err)
		}
		if status, _, _ := w.get(t, f.OriginalContentURL); status != http.StatusNotFound {
			t.Errorf("after the link was revoked: %d", status)
		}
		if bad := w.line.Wrong(); len(bad) > 0 {
			t.Fatal(bad)
		}
	})
}
