package slacktest

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// stamp is a message's id as chat.* and history take it.
var stamp = regexp.MustCompile(`^\d{10}\.\d{6}$`)

var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

type messageMetadata struct {
	EventType string         `json:"event_type"`
	Payload   map[string]any `json:"event_payload"`
}

// live is what Slack would turn into a mention, a broadcast, or a link that hides
// its address behind a label.
var live = regexp.MustCompile(`<[!@#]|<[^<>]*\|`)

// Live lists the mrkdwn texts in a body in which something comes alive. Plain text
// is never parsed and may hold anything.
func Live(body []byte) []string {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return nil
	}
	var out []string
	var walk func(v any)
	walk = func(v any) {
		switch x := v.(type) {
		case map[string]any:
			if s, _ := x["text"].(string); x["type"] == "mrkdwn" && live.MatchString(s) {
				out = append(out, s)
			}
			for _, y := range x {
				walk(y)
			}
		case []any:
			for _, y := range x {
				walk(y)
			}
		}
	}
	walk(v)
	return out
}

// maxText is how much text all blocks of a message may hold together: documented
// nowhere, 12,000 as Slack's staff say (github.com/slackapi/bolt-js issue 2509).
const maxText = 12_000

func textLength(blocks []byte) int {
	var v any
	if json.Unmarshal(blocks, &v) != nil {
		return 0
	}
	n := 0
	var walk func(v any)
	walk = func(v any) {
		switch x := v.(type) {
		case map[string]any:
			if s, ok := x["text"].(string); ok {
				n += utf8.RuneCountInString(s)
			}
			for _, y := range x {
				walk(y)
			}
		case []any:
			for _, y := range x {
				walk(y)
			}
		}
	}
	walk(v)
	return n
}

// content checks what every message must satisfy, also what this project promises
// about its own messages: the delivery's key in metadata, and no unfurling.
func (a args) content(marked bool) *problem {
	text := a.str("text")
	blocks := a.raw("blocks")
	switch {
	case utf8.RuneCountInString(text) > 40_000:
		return no("msg_too_long")
	case text == "" && blocks == nil:
		return no("no_text")
	case blocks != nil && text == "":
		return no("invalid_arguments", "[ERROR] text is what notifications and screen readers show")
	case live.MatchString(text):
		return no("invalid_arguments", "[ERROR] text has a live mention")
	}
	if blocks != nil {
		if faults := CheckBlocks("message", blocks); len(faults) > 0 {
			return no("invalid_blocks", faults...)
		}
		if len(Live(blocks)) > 0 {
			return no("invalid_arguments", "[ERROR] a block has a live mention")
		}
		if textLength(blocks) > maxText {
			return no("msg_blocks_too_long")
		}
	}
	if !marked {
		return nil
	}
	return a.marks()
}

func (a args) marks() *problem {
	for _, flag := range []string{"unfurl_links", "unfurl_media"} {
		if v, ok := a[flag]; !ok || v != false && v != "false" {
			return no("invalid_arguments", "[ERROR] "+flag+" must be false")
		}
	}
	raw := a.raw("metadata")
	var m messageMetadata
	if len(raw) > 8_000 {
		return no("metadata_too_large")
	}
	if json.Unmarshal(raw, &m) != nil || m.EventType != "akari_delivery" || len(m.Payload) != 1 {
		return no("invalid_metadata_format")
	}
	if id, _ := m.Payload["id"].(string); !uuid.MatchString(id) {
		return no("invalid_metadata_format", "[ERROR] event_payload.id must be a UUID")
	}
	return nil
}

// writable answers the room if the bot may write there.
func (s *Server) writable(a args) (*Channel, *problem) {
	c := s.rooms[a.str("channel")]
	switch {
	case c == nil:
		return nil, no("channel_not_found")
	case c.Archived || c.Frozen:
		return nil, no("is_archived")
	case c.im == "" && !slices.Contains(c.Members, s.BotUser):
		return nil, no("not_in_channel")
	}
	if ts := a.str("thread_ts"); ts != "" && !stamp.MatchString(ts) {
		return nil, no("invalid_thread_ts")
	}
	return c, nil
}

func (c *Channel) find(ts string) *Message {
	for _, m := range c.Messages {
		if m.TS == ts && m.Ephemeral == "" {
			return m
		}
	}
	return nil
}

func (s *Server) write(c *Channel, a args) *Message {
	m := &Message{
		TS: s.nextTS(), ThreadTS: a.str("thread_ts"), User: s.BotUser, BotID: s.BotID,
		Text: a.str("text"), Blocks: a.raw("blocks"), Metadata: a.raw("metadata"),
	}
	if parent := c.find(m.ThreadTS); m.ThreadTS != "" && parent == nil {
		m.ThreadTS = "" // the parent is gone: the reply stands by itself
	}
	c.Messages = append(c.Messages, m)
	return m
}

func (s *Server) postMessage(a args) (map[string]any, *problem) {
	if p := a.content(true); p != nil {
		return nil, p
	}
	if id := a.str("channel"); strings.HasPrefix(id, "U") || strings.HasPrefix(id, "W") {
		// A person's id opens the one-to-one room; unlike conversations.open it does not say why it cannot.
		if _, p := s.openDirect(args{"users": id}); p != nil || s.users[id].OpenFirst {
			return nil, no("channel_not_found")
		}
		a = maps.Clone(a)
		a["channel"] = directID(id)
	}
	c, p := s.writable(a)
	if p != nil {
		return nil, p
	}
	m := s.write(c, a)
	return map[string]any{"channel": c.ID, "ts": m.TS, "message": s.shown(m, true)}, nil
}

func (s *Server) postEphemeral(a args) (map[string]any, *problem) {
	if p := a.content(true); p != nil {
		return nil, p
	}
	if len(a.str("text")) > 4000*3 {
		return nil, no("msg_too_long")
	}
	c, p := s.writable(a)
	if p != nil {
		return nil, p
	}
	if !slices.Contains(c.Members, a.str("user")) {
		return nil, no("user_not_in_channel")
	}
	m := s.write(c, a)
	m.Ephemeral = a.str("user")
	return map[string]any{"message_ts": m.TS}, nil
}

func (s *Server) update(a args) (map[string]any, *problem) {
	if p := a.content(true); p != nil {
		return nil, p
	}
	c, p := s.writable(a)
	if p != nil {
		return nil, p
	}
	m := c.find(a.str("ts"))
	switch {
	case m == nil:
		return nil, no("message_not_found")
	case m.BotID != s.BotID:
		return nil, no("cant_update_message")
	}
	m.Text, m.Blocks, m.Metadata, m.Edited = a.str("text"), a.raw("blocks"), a.raw("metadata"), true
	return map[string]any{"channel": c.ID, "ts": m.TS, "text": m.Text}, nil
}

func (s *Server) remove(a args) (map[string]any, *problem) {
	c, p := s.writable(a)
	if p != nil {
		return nil, p
	}
	m := c.find(a.str("ts"))
	switch {
	case m == nil:
		return nil, no("message_not_found")
	case m.BotID != s.BotID:
		return nil, no("cant_delete_message")
	}
	c.Messages = slices.DeleteFunc(c.Messages, func(x *Message) bool { return x == m })
	return map[string]any{"channel": c.ID, "ts": m.TS}, nil
}

func (s *Server) shown(m *Message, all bool) map[string]any {
	out := map[string]any{"type": "message", "ts": m.TS, "user": m.User, "text": m.Text}
	if m.ThreadTS != "" {
		out["thread_ts"] = m.ThreadTS
	}
	if m.BotID != "" {
		out["bot_id"], out["app_id"] = m.BotID, s.AppID
	}
	if m.Blocks != nil {
		out["blocks"] = m.Blocks
	}
	var meta messageMetadata
	if json.Unmarshal(m.Metadata, &meta) == nil && meta.EventType != "" {
		out["metadata"] = map[string]any{"event_type": meta.EventType}
		if all {
			out["metadata"] = m.Metadata
		}
	}
	return out
}

// history answers newest first, without replies.
func (s *Server) history(a args) (map[string]any, *problem) {
	c, p := s.readable(a)
	if p != nil {
		return nil, p
	}
	var list []*Message
	for _, m := range slices.Backward(c.Messages) {
		if m.Ephemeral == "" && (m.ThreadTS == "" || m.ThreadTS == m.TS) && within(m.TS, a) {
			list = append(list, m)
		}
	}
	return s.page(list, a)
}

// threadHistory answers the parent, then its replies, oldest first; for the ts of
// a reply only that one.
func (s *Server) threadHistory(a args) (map[string]any, *problem) {
	c, p := s.readable(a)
	if p != nil {
		return nil, p
	}
	ts := a.str("ts")
	parent := c.find(ts)
	if parent == nil {
		return nil, no("thread_not_found")
	}
	var list []*Message
	for _, m := range c.Messages {
		if m.Ephemeral == "" && (m.TS == ts || m.ThreadTS == ts && within(m.TS, a)) {
			list = append(list, m)
		}
	}
	return s.page(list, a)
}

func (s *Server) readable(a args) (*Channel, *problem) {
	c := s.rooms[a.str("channel")]
	switch {
	case c == nil:
		return nil, no("channel_not_found")
	case c.im == "" && !slices.Contains(c.Members, s.BotUser):
		return nil, no("not_in_channel")
	}
	return c, nil
}

func within(ts string, a args) bool {
	oldest, latest, inclusive := a.str("oldest"), a.str("latest"), a.str("inclusive") == "true" || a.str("inclusive") == "1"
	return (oldest == "" || ts > oldest || inclusive && ts == oldest) && (latest == "" || ts < latest || inclusive && ts == latest)
}

func (s *Server) page(list []*Message, a args) (map[string]any, *problem) {
	limit := 100
	if n, err := strconv.Atoi(a.str("limit")); err == nil && n > 0 {
		limit = n
	}
	limit = min(limit, s.HistoryMax)
	from := 0
	if cursor := a.str("cursor"); cursor != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(cursor, "next:"))
		if err != nil || n > len(list) {
			return nil, no("invalid_cursor")
		}
		from = n
	}
	to := min(from+limit, len(list))
	out := []map[string]any{}
	for _, m := range list[from:to] {
		out = append(out, s.shown(m, a.str("include_all_metadata") == "true"))
	}
	answer := map[string]any{"messages": out, "has_more": to < len(list)}
	if to < len(list) {
		answer["response_metadata"] = map[string]any{"next_cursor": "next:" + strconv.Itoa(to)}
	}
	return answer, nil
}

// response is a response address: no token, five uses, half an hour.
func (s *Server) response(w http.ResponseWriter, r *http.Request, raw []byte) {
	a := readArgs(r, raw)
	s.mu.Lock()
	f := s.fault("response_url")
	s.mu.Unlock()
	if f != nil && f.Hang > 0 {
		s.hang(r, f.Hang)
	}
	status, text := http.StatusOK, "ok"
	applied := f == nil || f.Accept || f.onlyHang()
	s.mu.Lock()
	if applied {
		status, text = s.respond(r, a)
	}
	call := Call{Method: "response_url", Args: a, Status: status, Applied: applied && status == http.StatusOK, At: s.Now()}
	if status != http.StatusOK {
		call.Error = text
	}
	s.calls = append(s.calls, call)
	s.mu.Unlock()
	if f != nil && !f.onlyHang() {
		f.fail(w)
		return
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

func (s *Server) respond(r *http.Request, a args) (int, string) {
	u := s.replies[r.URL.Path]
	switch {
	case u == nil:
		return http.StatusNotFound, "no_team"
	case r.Method != http.MethodPost || a == nil:
		return http.StatusBadRequest, "invalid_payload"
	case r.Header.Get("Authorization") != "":
		return http.StatusBadRequest, "a token was sent to a response address"
	case s.Now().After(u.until):
		return http.StatusNotFound, "expired_url"
	case u.used >= 5:
		return http.StatusNotFound, "used_url"
	}
	if p := a.content(true); p != nil {
		return http.StatusBadRequest, p.code + " " + strings.Join(p.messages, "; ")
	}
	u.used++
	c := s.rooms[u.channel]
	if c == nil {
		c = &Channel{ID: u.channel}
		s.rooms[u.channel] = c
	}
	m := s.write(c, a)
	if a.str("response_type") != "in_channel" {
		m.Ephemeral = u.user
	}
	return http.StatusOK, "ok"
}
