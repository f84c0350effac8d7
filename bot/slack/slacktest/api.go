package slacktest

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// problem is an answer with ok:false.
type problem struct {
	code     string
	messages []string
}

func no(code string, messages ...string) *problem { return &problem{code, messages} }

type args map[string]any

func (a args) str(name string) string {
	s, _ := a[name].(string)
	return s
}

func (a args) raw(name string) json.RawMessage {
	v, ok := a[name]
	if !ok || v == nil {
		return nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // came out of a decoder
	return bytes.TrimSpace(b.Bytes())
}

// methodRule says how a Web API method may be called.
type methodRule struct {
	json    bool // takes JSON bodies; all take forms
	scope   string
	allowed string // names of the arguments it knows
	needed  string
	run     func(s *Server, a args) (map[string]any, *problem)
}

var methods = map[string]methodRule{
	"chat.postMessage":      {true, "chat:write", "channel text blocks thread_ts reply_broadcast metadata unfurl_links unfurl_media mrkdwn parse link_names", "channel", (*Server).postMessage},
	"chat.postEphemeral":    {true, "chat:write", "channel user text blocks thread_ts metadata unfurl_links unfurl_media parse link_names", "channel user", (*Server).postEphemeral},
	"chat.update":           {true, "chat:write", "channel ts text blocks metadata unfurl_links unfurl_media parse link_names reply_broadcast", "channel ts", (*Server).update},
	"chat.delete":           {true, "chat:write", "channel ts", "channel ts", (*Server).remove},
	"views.open":            {true, "", "trigger_id view", "trigger_id view", (*Server).openView},
	"views.publish":         {true, "", "user_id view hash", "user_id view", (*Server).publish},
	"conversations.open":    {true, "im:write", "users return_im", "users", (*Server).openDirect},
	"conversations.info":    {false, "channels:read", "channel include_num_members include_locale", "channel", (*Server).roomInfo},
	"conversations.history": {false, "channels:history", "channel cursor include_all_metadata inclusive latest limit oldest", "channel", (*Server).history},
	"conversations.replies": {false, "channels:history", "channel ts cursor include_all_metadata inclusive latest limit oldest", "channel ts", (*Server).threadHistory},
	"users.info":            {false, "users:read", "user include_locale", "user", (*Server).userInfo},
	"bots.info":             {false, "users:read", "bot", "bot", (*Server).botInfo},
	"auth.test":             {true, "", "", "", (*Server).authTest},
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 2<<20))
	if err != nil {
		return
	}
	if name, ok := strings.CutPrefix(r.URL.Path, "/api/"); ok {
		s.webAPI(w, r, name, raw)
		return
	}
	s.response(w, r, raw)
}

func (s *Server) webAPI(w http.ResponseWriter, r *http.Request, name string, raw []byte) {
	a := readArgs(r, raw)
	at := time.Now()
	s.mu.Lock()
	f := s.fault(name)
	if at.Before(s.paused[name]) {
		s.early = append(s.early, Call{Method: name, Args: a, At: at})
	}
	s.pause(name, f)
	s.mu.Unlock()
	if f != nil && f.Hang > 0 {
		s.hang(r, f.Hang)
	}
	var answer map[string]any
	var p *problem
	applied := f == nil || f.Accept || f.onlyHang()
	s.mu.Lock()
	if applied {
		answer, p = s.run(name, r, a)
	}
	call := Call{Method: name, Args: a, Status: http.StatusOK, Applied: applied && p == nil, At: at}
	if p != nil {
		call.Error = p.code
	}
	if f != nil && !f.onlyHang() {
		call.Status, call.Error = f.Status, f.Code
	}
	s.calls = append(s.calls, call)
	s.mu.Unlock()
	if f != nil && f.Meanwhile != nil {
		f.Meanwhile()
	}
	if f != nil && !f.onlyHang() {
		f.fail(w)
		return
	}
	if p != nil {
		answer = map[string]any{"ok": false, "error": p.code}
		if len(p.messages) > 0 {
			answer["response_metadata"] = map[string]any{"messages": p.messages}
		}
	} else {
		answer["ok"] = true
	}
	w.Header().Set("X-OAuth-Scopes", s.Scopes)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(answer) // the caller may be gone
}

func (f *Fault) onlyHang() bool {
	return !f.Drop && f.Status == 0 && f.Code == "" && f.Body == ""
}

func (s *Server) hang(r *http.Request, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
	case <-s.quit:
	}
}

// readArgs reads JSON or a form; nil means a content type that Slack refuses.
func readArgs(r *http.Request, raw []byte) args {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	a := args{}
	switch kind {
	case "application/json":
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		var m map[string]any
		if d.Decode(&m) != nil || d.More() {
			return nil
		}
		return plainNumbers(m).(map[string]any)
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(raw))
		if err != nil {
			return nil
		}
		for k, vs := range form {
			a[k] = vs[0]
		}
		return a
	}
	return nil
}

// plainNumbers turns json.Number into what rules expect, keeping everything else.
func plainNumbers(v any) any {
	switch x := v.(type) {
	case json.Number:
		f, _ := x.Float64()
		return f
	case map[string]any:
		for k := range x {
			x[k] = plainNumbers(x[k])
		}
	case []any:
		for i := range x {
			x[i] = plainNumbers(x[i])
		}
	}
	return v
}

// run checks everything that Slack checks before a method begins.
func (s *Server) run(name string, r *http.Request, a args) (map[string]any, *problem) {
	rule, known := methods[name]
	switch {
	case !known:
		return nil, no("unknown_method")
	case r.Method != http.MethodPost:
		return nil, no("invalid_request_method")
	case len(r.Header.Values("Authorization")) != 1:
		return nil, no("not_authed")
	case r.Header.Get("Authorization") != "Bearer "+s.BotToken:
		return nil, no("invalid_auth")
	case r.Header.Get("Idempotency-Key") != "":
		return nil, no("invalid_arguments", "[ERROR] Idempotency-Key makes clients repeat posts")
	case a == nil:
		return nil, no("invalid_form_data")
	}
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "application/json" && (!rule.json || !strings.EqualFold(params["charset"], "utf-8")) {
		return nil, no("invalid_post_type")
	}
	if rule.scope != "" && !strings.Contains(","+s.Scopes+",", ","+rule.scope+",") {
		return nil, no("missing_scope")
	}
	if _, ok := a["token"]; ok {
		return nil, no("invalid_arguments", "[ERROR] the token belongs into the header")
	}
	for k := range a {
		if !strings.Contains(" "+rule.allowed+" ", " "+k+" ") {
			return nil, no("invalid_arguments", "[ERROR] invalid additional property: "+k)
		}
	}
	for _, k := range strings.Fields(rule.needed) {
		if v, ok := a[k]; !ok || v == "" {
			return nil, no("invalid_arguments", "[ERROR] missing required field: "+k)
		}
	}
	return rule.run(s, a)
}
