package handlers_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"akari/bot"
	"akari/bot/slack"
	"akari/bot/slack/slacktest"
)

// BenchmarkPress is one signed Slack press from its bytes to the commit, on
// each database, with 32 callers as Slack would be.
func BenchmarkPress(b *testing.B) {
	for _, driver := range []string{"sqlite", "mysql"} {
		b.Run(driver, func(b *testing.B) { benchmarkPress(b, driver) })
	}
}

func benchmarkPress(b *testing.B, driver string) {
	double := slacktest.New(b, slacktest.Options{})
	double.AddUser(slacktest.User{ID: "U0TANAKA", TeamID: "T0AOBA", Name: "tanaka"})
	double.AddChannel(slacktest.Channel{ID: "C0AOBA", Name: "aoba", Members: []string{"U0BOT", "U0TANAKA"}, ExtShared: true, ConnectedTeams: []string{"T0VENDOR", "T0AOBA"}})
	p, err := slack.New(slack.Options{AppID: double.AppID, OrgIDs: []string{"T0VENDOR"}, BotToken: double.BotToken, SigningSecrets: []string{double.SigningSecret},
		APIURL: double.APIURL, AllowInsecure: true, Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	h := open(b, driver, fmt.Sprintf(worldPeople, 1), nil, []bot.Platform{p}...)
	mux := h.mind.Routes()
	var n atomic.Int64
	press := func() int {
		body := pressBody(double.AppID, n.Add(1))
		r := httptest.NewRequest("POST", "/hooks/slack/interactions", bytes.NewReader(body))
		ts := strconv.FormatInt(time.Now().Unix(), 10)
		m := hmac.New(sha256.New, []byte(double.SigningSecret))
		fmt.Fprintf(m, "v0:%s:%s", ts, body)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Slack-Request-Timestamp", ts)
		r.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(m.Sum(nil)))
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w.Code
	}
	press()
	for end := time.Now().Add(10 * time.Second); h.inbounds(b)["handled"] == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			b.Fatal("the first press was not handled")
		}
	}
	b.SetParallelism(16)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if code := press(); code != 200 {
				b.Errorf("a press was answered %d", code)
			}
		}
	})
}

func pressBody(app string, n int64) []byte {
	payload, _ := json.Marshal(map[string]any{
		"type": "block_actions", "api_app_id": app, "team": map[string]any{"id": "T0VENDOR"}, "user": map[string]any{"id": "U0TANAKA", "team_id": "T0AOBA"},
		"container": map[string]any{"type": "message", "message_ts": "1790000000.000100", "channel_id": "C0AOBA"}, "channel": map[string]any{"id": "C0AOBA"},
		"trigger_id": fmt.Sprintf("1.2.%d", n),
		"actions":    []any{map[string]any{"type": "button", "action_id": "a1", "value": "faq.solved?e=trial", "action_ts": fmt.Sprintf("179%07d.%06d", n/1000000, n%1000000)}},
	})
	return []byte(url.Values{"payload": {string(payload)}}.Encode())
}
