package slack

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strings"

	"akari/bot"

	json "github.com/go-json-experiment/json/v1"
)

// interaction holds every field of an interaction payload that is used here
// (reference/interaction-payloads). No team, enterprise or channel name.
type interaction struct {
	Type        string   `json:"type"`
	AppID       string   `json:"api_app_id"`
	TriggerID   string   `json:"trigger_id"`
	ResponseURL string   `json:"response_url"`
	CallbackID  string   `json:"callback_id"`
	ActionTS    string   `json:"action_ts"`
	ActionID    string   `json:"action_id"` // block_suggestion
	BlockID     string   `json:"block_id"`
	Value       string   `json:"value"`
	User        idOrObj  `json:"user"`
	Channel     idOrObj  `json:"channel"`
	Actions     []action `json:"actions"`
	View        *view    `json:"view"`
	Container   struct {
		Type      string `json:"type"`
		MessageTS string `json:"message_ts"`
		ChannelID string `json:"channel_id"`
		ThreadTS  string `json:"thread_ts"`
		Ephemeral bool   `json:"is_ephemeral"`
		ViewID    string `json:"view_id"`
	} `json:"container"`
	Message *struct {
		TS       string `json:"ts"`
		ThreadTS string `json:"thread_ts"`
	} `json:"message"`
}

type action struct {
	Type     string `json:"type"`
	ActionID string `json:"action_id"`
	Value    string `json:"value"`
	ActionTS string `json:"action_ts"`
	state
}

// state is the value of one element, in a view's state or in an action.
type state struct {
	Text     *string     `json:"-"`
	Option   *chosen     `json:"selected_option"`
	Options  []chosen    `json:"selected_options"`
	Date     string      `json:"selected_date"`
	Time     string      `json:"selected_time"`
	DateTime json.Number `json:"selected_date_time"`
}

type chosen struct {
	Value string `json:"value"`
}

// values are what was chosen or typed; nil where nothing was.
func (s state) values() []string {
	switch {
	case s.Text != nil:
		return []string{*s.Text}
	case s.Option != nil:
		return []string{s.Option.Value}
	case len(s.Options) > 0:
		var out []string
		for _, o := range s.Options {
			out = append(out, o.Value)
		}
		return out
	case s.Date != "":
		return []string{s.Date}
	case s.Time != "":
		return []string{s.Time}
	case s.DateTime != "":
		return []string{s.DateTime.String()}
	}
	return nil
}

type view struct {
	ID         string `json:"id"`
	AppID      string `json:"app_id"`
	Type       string `json:"type"`
	CallbackID string `json:"callback_id"`
	Hash       string `json:"hash"`
	Metadata   string `json:"private_metadata"`
	State      struct {
		Values map[string]map[string]json.RawMessage `json:"values"`
	} `json:"state"`
}

func (p *Platform) hearInteraction(raw []byte) ([]bot.Inbound, error) {
	form, ok := readForm(raw)
	if !ok {
		return nil, bot.ErrMalformed
	}
	if form.Get("ssl_check") == "1" {
		return []bot.Inbound{p.inbound("", bot.Handshake, envelope{})}, nil
	}
	var x interaction
	if !decodeObject([]byte(form.Get("payload")), &x) || x.Type == "" {
		return nil, bot.ErrMalformed
	}
	if !p.ours(x.AppID, x.viewApp()) {
		return nil, p.forged("it is for another app: is app_id right?")
	}
	if x.User == "" {
		return nil, bot.ErrMalformed
	}
	if in, ok := p.hearKept(&x); ok {
		return []bot.Inbound{in}, nil
	}
	switch x.Type {
	case "block_actions":
		return p.hearActions(&x), nil
	case "view_submission":
		return p.hearSubmission(&x), nil
	case "block_suggestion":
		return p.hearLoad(&x), nil
	}
	in := p.interacted(&x, bot.Unknown, x.ActionTS)
	in.Key = interactionKey(x.Type, p.opt.AppID, string(x.User), x.TriggerID, x.viewID(), x.ActionTS, x.CallbackID)
	in.Name, in.Reply = clipName(x.Type), bot.Reply{}
	return []bot.Inbound{in}, nil
}

func (x *interaction) viewApp() string {
	if x.View == nil {
		return ""
	}
	return x.View.AppID
}

func (x *interaction) viewID() string {
	if x.View != nil && x.View.ID != "" {
		return x.View.ID
	}
	return x.Container.ViewID
}

// interacted is what all interactions share: who, where, when and the way back.
// What happens in a view happens where its form was opened, if it says so.
func (p *Platform) interacted(x *interaction, kind bot.Kind, stamps ...string) bot.Inbound {
	user := string(x.User)
	in := bot.Inbound{
		Kind: kind, From: p.from(user), At: p.home(user),
		Reply: p.reply(x.TriggerID, x.ResponseURL), Time: p.when(stamps...),
	}
	room := string(x.Channel)
	if room == "" {
		room = x.Container.ChannelID
	}
	switch {
	case room != "":
		in.At = p.at(room, user, x.thread())
		if !in.At.Direct && in.At.Thread == "" && !x.Container.Ephemeral {
			in.At.Thread = x.messageTS()
		}
		if !x.Container.Ephemeral { // nothing but the response address reaches an ephemeral
			in.Message = x.messageTS()
		}
	case x.View != nil:
		if m, ok := parseMeta(x.View.Metadata); ok && m.Room != "" {
			in.At = p.at(m.Room, user, m.Thread)
		}
	}
	return in
}

func (x *interaction) messageTS() string {
	if x.Container.MessageTS == "" && x.Message != nil {
		return x.Message.TS
	}
	return x.Container.MessageTS
}

func (x *interaction) thread() string {
	if x.Container.ThreadTS == "" && x.Message != nil {
		return x.Message.ThreadTS
	}
	return x.Container.ThreadTS
}

func (p *Platform) hearActions(x *interaction) []bot.Inbound {
	var out []bot.Inbound
	for _, a := range x.Actions {
		in := p.interacted(x, bot.Unknown, a.ActionTS)
		spot := x.messageTS()
		if id := x.viewID(); id != "" {
			spot = id
		}
		in.Key = interactionKey("block_actions", p.opt.AppID, string(x.User), x.Container.ChannelID, spot, a.ActionID, a.ActionTS)
		in.Name = clipName("block_actions." + a.Type)
		if press, ok := a.press(); ok {
			in.Kind, in.Name, in.Args = bot.Pressed, press.Name, press.Args
			if press.Name == LinkOpened {
				in.Reply = bot.Reply{} // nothing may come of it
			}
		} else {
			in.Reply = bot.Reply{}
		}
		out = append(out, in)
	}
	return out
}

// press reads a button's value, or for a select its action id as the press and
// what was chosen as its argument "value".
func (a action) press() (bot.Press, bool) {
	if a.Type == "button" {
		p, err := bot.ParsePress(a.Value)
		return p, err == nil
	}
	chosen := a.values()
	p, err := bot.ParsePress(a.ActionID)
	if err != nil || len(chosen) == 0 || !selects[a.Type] {
		return bot.Press{}, false
	}
	if p.Args == nil {
		p.Args = url.Values{}
	}
	p.Args["value"] = chosen
	return p, true
}

var selects = map[string]bool{
	"static_select": true, "external_select": true, "multi_static_select": true, "multi_external_select": true,
	"radio_buttons": true, "checkboxes": true, "overflow": true, "datepicker": true,
}

// hearSubmission reads a modal. Its key has the values in it, because a form that
// was refused and corrected is submitted again with the same hash.
func (p *Platform) hearSubmission(x *interaction) []bot.Inbound {
	v := x.View
	if v == nil {
		v = &view{}
	}
	in := p.interacted(x, bot.Unknown)
	values := v.values()
	in.Key = interactionKey("view_submission", p.opt.AppID, v.ID, v.Hash, hashValues(values))
	in.Name = "view_submission"
	meta, ok := parseMeta(v.Metadata)
	if !ok || meta.Name == "" {
		in.Reply = bot.Reply{}
		return []bot.Inbound{in}
	}
	in.Kind, in.Name, in.Draft, in.Args = bot.Submitted, meta.Name, meta.Draft, url.Values{}
	for k, vs := range meta.Args {
		in.Args[k] = vs
	}
	for k, vs := range values {
		in.Args[k] = vs
	}
	return []bot.Inbound{in}
}

// hearKept reads a change in the fields of a form whose content is kept, or its
// closing, where Slack tells what stood in it.
func (p *Platform) hearKept(x *interaction) (bot.Inbound, bool) {
	if x.View == nil || x.Type != "block_actions" && x.Type != "view_closed" || len(x.View.State.Values) == 0 {
		return bot.Inbound{}, false
	}
	meta, ok := parseMeta(x.View.Metadata)
	if !ok || !meta.Keep || slices.ContainsFunc(x.Actions, func(a action) bool { return a.Type == "button" }) {
		return bot.Inbound{}, false
	}
	in := p.interacted(x, bot.Kept)
	in.Reply = bot.Reply{}
	in.Name, in.Draft, in.Args = meta.Name, meta.Draft, x.View.values()
	return in, true
}

// values are the fields that hold something, by block id, which is the field's
// name.
func (v *view) values() url.Values {
	out := url.Values{}
	for block, elements := range v.State.Values {
		for _, id := range slices.Sorted(maps.Keys(elements)) {
			raw := elements[id]
			var s state
			var t struct {
				Value *string `json:"value"`
			}
			if json.Unmarshal(raw, &s) != nil || json.Unmarshal(raw, &t) != nil {
				continue
			}
			s.Text = t.Value
			if got := s.values(); len(got) > 0 {
				out[block] = append(out[block], got...)
			}
		}
	}
	return out
}

func hashValues(values url.Values) string {
	var list [][]string
	for _, k := range slices.Sorted(maps.Keys(values)) {
		list = append(list, append([]string{k}, values[k]...))
	}
	sum := sha256.Sum256(encode(list))
	return hex.EncodeToString(sum[:])
}

func (p *Platform) hearLoad(x *interaction) []bot.Inbound {
	in := p.interacted(x, bot.Loaded, x.ActionTS)
	in.Key = interactionKey("block_suggestion", p.opt.AppID, string(x.User), x.viewID(), x.messageTS(), x.ActionID, x.ActionTS, x.Value)
	in.Name, in.Text, in.Reply = clipName(x.ActionID), entities(x.Value), bot.Reply{}
	return []bot.Inbound{in}
}

// hearCommand reads a slash command (interactivity/implementing-slash-commands).
// A command typed in somebody's one-to-one talk is answered in theirs with us:
// the bot cannot write to a room between two people.
func (p *Platform) hearCommand(raw []byte) ([]bot.Inbound, error) {
	form, ok := readForm(raw)
	if !ok {
		return nil, bot.ErrMalformed
	}
	if !p.ours(form.Get("api_app_id")) {
		return nil, p.forged("it is for another app: is app_id right?")
	}
	if form.Get("ssl_check") == "1" {
		return []bot.Inbound{p.inbound("", bot.Handshake, envelope{})}, nil
	}
	name := strings.TrimPrefix(form.Get("command"), "/")
	user, room, trigger := form.Get("user_id"), form.Get("channel_id"), form.Get("trigger_id")
	if name == "" || user == "" || trigger == "" {
		return nil, bot.ErrMalformed
	}
	in := bot.Inbound{
		Key:  interactionKey("command", p.opt.AppID, trigger),
		Kind: bot.Commanded, Name: clipName(name), Text: strings.TrimSpace(unescape(form.Get("text"))),
		From: p.from(user), At: p.at(room, user, ""),
		Reply: p.reply(trigger, form.Get("response_url")), Time: p.when(),
	}
	if in.At.Direct || room == "" {
		in.At = p.home(user)
	}
	return []bot.Inbound{in}, nil
}
