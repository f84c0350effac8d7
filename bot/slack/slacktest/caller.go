package slacktest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The hooks of a bot, below its root.
const (
	Events       = "/hooks/slack/events"
	Interactions = "/hooks/slack/interactions"
	Commands     = "/hooks/slack/commands"
	Choices      = "/hooks/slack/options"
)

const (
	asJSON = "application/json"
	asForm = "application/x-www-form-urlencoded"
)

// Caller posts to a bot what Slack would post to it, signed.
type Caller struct {
	Bot    string       // root address of the bot
	Client *http.Client // default: three seconds, as Slack waits
	s      *Server
}

// Caller makes a Caller for the bot at this root address.
func (s *Server) Caller(botURL string) *Caller {
	return &Caller{Bot: strings.TrimRight(botURL, "/"), Client: &http.Client{Timeout: 3 * time.Second}, s: s}
}

// Sent is one request to the bot and its answer. It can be sent again.
type Sent struct {
	Path, ContentType string
	Raw               []byte
	EventID, TS       string // of events and of messages
	Status            int    // 0 if there was no answer
	Header            http.Header
	Body              []byte
	Err               error
}

// OK tells whether Slack would be content.
func (x Sent) OK() bool { return x.Err == nil && x.Status >= 200 && x.Status < 300 }

// Sign is what Slack puts into X-Slack-Signature for a body at a Unix time.
func Sign(secret string, unix int64, raw []byte) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write(fmt.Appendf(nil, "v0:%d:", unix))
	m.Write(raw)
	return "v0=" + hex.EncodeToString(m.Sum(nil))
}

// NewRequest makes a signed request without sending it, for tests that damage it.
func (c *Caller) NewRequest(path, contentType string, raw []byte) *http.Request {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, c.Bot+path, bytes.NewReader(raw))
	if err != nil {
		panic("slacktest: " + err.Error())
	}
	now := c.s.Now().Unix()
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	r.Header.Set("X-Slack-Request-Timestamp", strconv.FormatInt(now, 10))
	r.Header.Set("X-Slack-Signature", Sign(c.s.SigningSecret, now, raw))
	return r
}

// Post sends a body. retry > 0 makes it the retry of that number, for reason
// "http_timeout".
func (c *Caller) Post(path, contentType string, raw []byte, retry int) Sent {
	r := c.NewRequest(path, contentType, raw)
	if retry > 0 {
		r.Header.Set("X-Slack-Retry-Num", strconv.Itoa(retry))
		r.Header.Set("X-Slack-Retry-Reason", "http_timeout")
	}
	out := Sent{Path: path, ContentType: contentType, Raw: raw}
	res, err := c.Client.Do(r)
	if err != nil {
		out.Err = err
		return out
	}
	defer func() { _ = res.Body.Close() }()
	out.Status, out.Header = res.StatusCode, res.Header
	out.Body, out.Err = io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return out
}

// Again sends the same request once more, as Slack retries events.
func (c *Caller) Again(x Sent, retry int) Sent {
	again := c.Post(x.Path, x.ContentType, x.Raw, retry)
	again.EventID, again.TS = x.EventID, x.TS
	return again
}

// Event wraps an inner event into an envelope, as seen by our installation. actor
// is the user who acts: the outer team_id is theirs, as recorded payloads show.
func (c *Caller) Event(inner map[string]any, actor string) Sent {
	id := "Ev" + strings.ToUpper(random(6))
	raw := c.Envelope(id, inner, actor)
	out := c.Post(Events, asJSON, raw, 0)
	out.EventID = id
	out.TS, _ = inner["ts"].(string)
	return out
}

// Envelope is the body of an event with this id.
func (c *Caller) Envelope(id string, inner map[string]any, actor string) []byte {
	team := c.s.team(actor)
	if _, ok := inner["event_ts"]; !ok {
		inner["event_ts"] = c.s.stamp()
	}
	return marshal(map[string]any{
		"type": "event_callback", "token": "deprecated", "api_app_id": c.s.AppID, "team_id": team,
		"context_team_id": c.s.TeamID, "context_enterprise_id": nil, "event_id": id, "event_time": c.s.Now().Unix(),
		"event_context": "4-" + id, "is_ext_shared_channel": team != c.s.TeamID, "event": inner,
		"authorizations": []any{map[string]any{
			"enterprise_id": nil, "team_id": c.s.TeamID, "user_id": c.s.BotUser, "is_bot": true, "is_enterprise_install": false,
		}},
	})
}

func (s *Server) stamp() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.nextTS()
}

func (s *Server) team(user string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.users[user]; u != nil {
		return u.TeamID
	}
	return s.TeamID
}

func marshal(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("slacktest: " + err.Error())
	}
	return raw
}

// Say writes into a room and tells the bot by a message event. thread is the ts of
// a thread's parent, or "".
func (c *Caller) Say(channel, user, text, thread string) Sent {
	return c.tell("message", channel, user, text, thread, c.s.Say(channel, user, text, thread))
}

// Mention writes "@bot text" and tells it twice, as Slack does: by app_mention and
// by message, with different event ids and the same ts.
func (c *Caller) Mention(channel, user, text, thread string) (mention, message Sent) {
	text = "<@" + c.s.BotUser + "> " + text
	ts := c.s.Say(channel, user, text, thread)
	return c.tell("app_mention", channel, user, text, thread, ts), c.tell("message", channel, user, text, thread, ts)
}

// Direct writes to the bot one-to-one.
func (c *Caller) Direct(user, text string) Sent {
	c.s.mu.Lock()
	_, _ = c.s.openDirect(args{"users": user})
	c.s.mu.Unlock()
	return c.Say(directID(user), user, text, "")
}

func (c *Caller) tell(kind, channel, user, text, thread, ts string) Sent {
	inner := map[string]any{
		"type": kind, "user": user, "text": text, "channel": channel, "ts": ts, "event_ts": ts,
		"client_msg_id": random(16), "team": c.s.team(user), "blocks": []any{},
	}
	if thread != "" {
		inner["thread_ts"] = thread
	}
	switch {
	case kind == "app_mention":
		// The trap of recorded payloads: team is ours even for outsiders.
		inner["team"] = c.s.TeamID
		if t := c.s.team(user); t != c.s.TeamID {
			inner["user_team"], inner["source_team"] = t, t
		}
	case strings.HasPrefix(channel, "D"):
		inner["channel_type"] = "im"
	default:
		inner["channel_type"] = "channel"
	}
	return c.Event(inner, user)
}

// HomeOpened tells that somebody opened the home tab.
func (c *Caller) HomeOpened(user string) Sent {
	return c.Event(map[string]any{"type": "app_home_opened", "user": user, "channel": directID(user), "tab": "home"}, user)
}

// Joined tells that somebody entered a room, and makes them a member.
func (c *Caller) Joined(channel, user string) Sent {
	c.s.mu.Lock()
	if room := c.s.rooms[channel]; room != nil {
		room.Members = append(room.Members, user)
	}
	c.s.mu.Unlock()
	return c.Event(map[string]any{
		"type": "member_joined_channel", "user": user, "channel": channel, "channel_type": "C", "team": c.s.team(user),
	}, user)
}

// Interact posts an interaction payload.
func (c *Caller) Interact(payload map[string]any) Sent {
	return c.Post(Interactions, asForm, form(url.Values{"payload": {string(marshal(payload))}}), 0)
}

func form(v url.Values) []byte { return []byte(v.Encode()) }

// Button is a button that stands in a message.
type Button struct{ ActionID, Value, URL, Label string }

// Buttons lists the buttons of a message.
func (m Message) Buttons() []Button {
	var blocks []struct {
		Elements []struct {
			Type     string          `json:"type"`
			ActionID string          `json:"action_id"`
			Value    string          `json:"value"`
			URL      string          `json:"url"`
			Text     json.RawMessage `json:"text"`
		} `json:"elements"`
	}
	_ = json.Unmarshal(m.Blocks, &blocks) // blocks were checked when they came
	var out []Button
	for _, b := range blocks {
		for _, e := range b.Elements {
			var text struct {
				Text string `json:"text"`
			}
			_ = json.Unmarshal(e.Text, &text)
			if e.Type == "button" {
				out = append(out, Button{e.ActionID, e.Value, e.URL, text.Text})
			}
		}
	}
	return out
}

// Press presses the first button of a message whose label begins with label.
func (c *Caller) Press(user, channel, ts, label string) Sent {
	for _, m := range c.s.Messages(channel) {
		if m.TS != ts {
			continue
		}
		for _, b := range m.Buttons() {
			if strings.HasPrefix(b.Label, label) {
				return c.Interact(c.Pressed(user, channel, m, b))
			}
		}
	}
	return Sent{Err: fmt.Errorf("no button %q on message %s in %s", label, ts, channel)}
}

// Pressed is the payload of a press.
func (c *Caller) Pressed(user, channel string, m Message, b Button) map[string]any {
	container := map[string]any{
		"type": "message", "message_ts": m.TS, "channel_id": channel, "is_ephemeral": m.Ephemeral != "",
	}
	shown := map[string]any{"type": "message", "bot_id": m.BotID, "ts": m.TS, "text": m.Text}
	if m.ThreadTS != "" {
		container["thread_ts"], shown["thread_ts"] = m.ThreadTS, m.ThreadTS
	}
	p := map[string]any{
		"type": "block_actions", "api_app_id": c.s.AppID, "token": "deprecated",
		"team":      map[string]any{"id": c.s.TeamID, "domain": "vendor"},
		"user":      map[string]any{"id": user, "username": "x", "name": "x", "team_id": c.s.team(user)},
		"container": container, "trigger_id": c.s.Trigger(), "channel": map[string]any{"id": channel, "name": "x"},
		"state": map[string]any{"values": map[string]any{}}, "response_url": c.s.ResponseURL(channel, user),
		"enterprise": nil, "is_enterprise_install": false,
		"actions": []any{map[string]any{
			"type": "button", "action_id": b.ActionID, "block_id": "b" + random(2), "value": b.Value,
			"text": map[string]any{"type": "plain_text", "text": b.Label}, "action_ts": c.s.stamp(),
		}},
	}
	if m.Ephemeral == "" {
		p["message"] = shown
	}
	return p
}

// Submit sends an open modal. values are by block id: a string is what was typed or
// the one choice, []string are several choices; what it is follows from the view.
func (c *Caller) Submit(user, viewID string, values map[string]any) Sent {
	c.s.mu.Lock()
	v := c.s.views[viewID]
	c.s.mu.Unlock()
	if v == nil {
		return Sent{Err: fmt.Errorf("no view %s is open", viewID)}
	}
	return c.Interact(c.Submission(user, *v, values))
}

// Submission is the payload of a submitted modal: every team in it is the user's.
func (c *Caller) Submission(user string, v View, values map[string]any) map[string]any {
	var shape struct {
		Blocks []struct {
			Type    string `json:"type"`
			BlockID string `json:"block_id"`
			Element struct {
				Type     string `json:"type"`
				ActionID string `json:"action_id"`
			} `json:"element"`
		} `json:"blocks"`
	}
	_ = json.Unmarshal(v.Raw, &shape) // it was checked when it was opened
	state := map[string]any{}
	for _, b := range shape.Blocks {
		if b.Type == "input" {
			state[b.BlockID] = map[string]any{b.Element.ActionID: elementState(b.Element.Type, values[b.BlockID])}
		}
	}
	team := c.s.team(user)
	return map[string]any{
		"type": "view_submission", "api_app_id": c.s.AppID, "trigger_id": c.s.Trigger(), "response_urls": []any{},
		"team": map[string]any{"id": team, "domain": "x"}, "user": map[string]any{"id": user, "team_id": team},
		"view": map[string]any{
			"id": v.ID, "team_id": team, "app_id": c.s.AppID, "app_installed_team_id": c.s.TeamID, "bot_id": c.s.BotID,
			"callback_id": v.CallbackID, "hash": v.Hash, "private_metadata": v.PrivateMetadata, "type": "modal",
			"state": map[string]any{"values": state},
		},
	}
}

func elementState(kind string, v any) map[string]any {
	chosen := func(s string) map[string]any {
		return map[string]any{"text": map[string]any{"type": "plain_text", "text": s}, "value": s}
	}
	out := map[string]any{"type": kind}
	switch kind {
	case "static_select", "external_select", "radio_buttons":
		out["selected_option"] = nil
		if s, ok := v.(string); ok {
			out["selected_option"] = chosen(s)
		}
	case "multi_static_select", "multi_external_select", "checkboxes":
		list := []any{}
		many, _ := v.([]string)
		for _, s := range many {
			list = append(list, chosen(s))
		}
		out["selected_options"] = list
	case "datepicker":
		out["selected_date"] = v
	default:
		out["value"] = v
	}
	return out
}

// Command runs a slash command; command has its slash.
func (c *Caller) Command(user, channel, command, text string) Sent {
	return c.Post(Commands, asForm, form(url.Values{
		"token": {"deprecated"}, "team_id": {c.s.TeamID}, "team_domain": {"vendor"}, "channel_id": {channel},
		"channel_name": {"x"}, "user_id": {user}, "user_name": {"x"}, "command": {command}, "text": {text},
		"response_url": {c.s.ResponseURL(channel, user)}, "trigger_id": {c.s.Trigger()}, "api_app_id": {c.s.AppID},
		"is_enterprise_install": {"false"},
	}), 0)
}

// Load asks for the choices of an external select in an open modal.
func (c *Caller) Load(user, viewID, actionID, typed string) Sent {
	c.s.mu.Lock()
	v := c.s.views[viewID]
	c.s.mu.Unlock()
	payload := map[string]any{
		"type": "block_suggestion", "api_app_id": c.s.AppID, "action_id": actionID, "block_id": "x", "value": typed,
		"team": map[string]any{"id": c.s.TeamID}, "user": map[string]any{"id": user, "team_id": c.s.team(user)},
	}
	if v != nil {
		payload["container"] = map[string]any{"type": "view", "view_id": v.ID}
		payload["view"] = map[string]any{"id": v.ID, "app_id": c.s.AppID, "private_metadata": v.PrivateMetadata, "type": "modal"}
	}
	return c.Post(Choices, asForm, form(url.Values{"payload": {string(marshal(payload))}}), 0)
}
