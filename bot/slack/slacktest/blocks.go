package slacktest

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

//go:embed rules.json
var rulesJSON []byte

// rules is what Slack accepts: which fields each block, element and object has,
// which it needs, and how long they may be.
var rules = loadRules()

type ruleSet struct {
	Surfaces map[string]struct {
		Blocks []string `json:"blocks"`
		Max    int      `json:"max"`
	} `json:"surfaces"`
	Sets    map[string][]string       `json:"sets"`
	Objects map[string]map[string]any `json:"objects"`
}

func loadRules() ruleSet {
	var r ruleSet
	if err := json.Unmarshal(rulesJSON, &r); err != nil {
		panic("slacktest: rules.json: " + err.Error())
	}
	return r
}

// checker collects complaints in the words of response_metadata.messages.
type checker struct {
	faults  []string
	inputs  int
	actions map[string]bool // action ids of the block being read
	blocks  map[string]bool // block ids of the surface
}

func (c *checker) fault(at, format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf("[ERROR] "+format, args...)+" [json-pointer:"+at+"]")
}

// CheckBlocks answers every complaint that Slack would have about the blocks of a
// surface, "message", "modal" or "home"; none means that it would take them.
func CheckBlocks(surface string, raw []byte) []string {
	c := &checker{blocks: map[string]bool{}}
	var list any
	if err := json.Unmarshal(raw, &list); err != nil {
		c.fault("/blocks", "must be JSON")
		return c.faults
	}
	c.surface("/blocks", surface, list)
	return c.faults
}

// CheckView does the same for a modal or a home tab.
func CheckView(raw []byte) []string {
	c := &checker{blocks: map[string]bool{}}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		c.fault("/view", "must be JSON")
		return c.faults
	}
	if len(raw) > 250_000 {
		c.fault("/view", "view is too large")
	}
	view, _ := v.(map[string]any)
	kind, _ := view["type"].(string)
	if kind != "modal" && kind != "home" {
		c.fault("/view/type", "unsupported type: %s", kind)
		return c.faults
	}
	c.object("/view", kind, view)
	if _, ok := view["submit"]; kind == "modal" && c.inputs > 0 && !ok {
		c.fault("/view", "missing required field: submit")
	}
	return c.faults
}

func (c *checker) surface(at, surface string, v any) {
	list, ok := v.([]any)
	s := rules.Surfaces[surface]
	if !ok || len(list) > s.Max {
		c.fault(at, "must be a list of no more than %d items", s.Max)
		return
	}
	for i, b := range list {
		here := at + "/" + strconv.Itoa(i)
		block, _ := b.(map[string]any)
		kind, _ := block["type"].(string)
		if !slices.Contains(s.Blocks, kind) {
			c.fault(here+"/type", "unsupported type: %s", kind)
			continue
		}
		c.actions = map[string]bool{}
		c.object(here, kind, block)
		id, _ := block["block_id"].(string)
		if id != "" && c.blocks[id] {
			c.fault(here+"/block_id", "block_id %s already exists", id)
		}
		c.blocks[id] = true
		if kind == "input" {
			c.inputs++
		}
	}
}

// object checks one thing of a known kind against its rule.
func (c *checker) object(at, kind string, o map[string]any) {
	rule := rules.Objects[kind]
	if rule == nil || o == nil {
		c.fault(at, "must be an object of type %s", kind)
		return
	}
	for _, name := range strs(rule["need"]) {
		if _, ok := o[name]; !ok {
			c.fault(at, "missing required field: %s", name)
		}
	}
	c.count(at, o, strs(rule["one"]), 1)
	c.count(at, o, strs(rule["some"]), 9)
	for name, v := range o {
		if name == "type" && rule["untyped"] == nil {
			continue
		}
		spec, ok := rule[name].(string)
		if !ok {
			c.fault(at, "invalid additional property: %s", name)
			continue
		}
		c.value(at+"/"+name, strings.Fields(spec), v)
	}
	if id, ok := o["action_id"].(string); ok && c.actions != nil {
		if c.actions[id] {
			c.fault(at+"/action_id", "action_id %s already exists", id)
		}
		c.actions[id] = true
	}
	c.initial(at, o)
}

func (c *checker) count(at string, o map[string]any, names []string, most int) {
	n := 0
	for _, name := range names {
		if _, ok := o[name]; ok {
			n++
		}
	}
	if len(names) > 0 && (n == 0 || n > most) {
		c.fault(at, "needs one of: %s", strings.Join(names, ", "))
	}
}

// initial checks that what stands chosen is among the choices.
func (c *checker) initial(at string, o map[string]any) {
	options, ok := o["options"].([]any)
	if !ok {
		return
	}
	chosen, _ := o["initial_options"].([]any)
	if one, ok := o["initial_option"]; ok {
		chosen = append(chosen, one)
	}
	for _, x := range chosen {
		want, _ := json.Marshal(x)
		if !slices.ContainsFunc(options, func(y any) bool {
			got, _ := json.Marshal(y)
			return string(got) == string(want)
		}) {
			c.fault(at, "initial option must match one of the options")
		}
	}
}

func strs(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, s := range list {
		out = append(out, s.(string))
	}
	return out
}

func num(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic("slacktest: rules.json: " + err.Error())
	}
	return n
}

// value checks one field against a spec such as "str 1 255" or "list set 1 25".
func (c *checker) value(at string, spec []string, v any) {
	switch spec[0] {
	case "str":
		c.str(at, v, num(spec[1]), num(spec[2]))
	case "url":
		s, _ := v.(string)
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || utf8.RuneCountInString(s) > num(spec[1]) {
			c.fault(at, "invalid url")
		}
	case "bool":
		if _, ok := v.(bool); !ok {
			c.fault(at, "must be a boolean")
		}
	case "int":
		n, ok := v.(float64)
		if !ok || n != float64(int(n)) || int(n) < num(spec[1]) || int(n) > num(spec[2]) {
			c.fault(at, "must be a whole number from %s to %s", spec[1], spec[2])
		}
	case "enum":
		s, ok := v.(string)
		if !ok || !slices.Contains(spec[1:], s) {
			c.fault(at, "must be one of %s", strings.Join(spec[1:], ", "))
		}
	case "date":
		s, _ := v.(string)
		if _, err := time.Parse(time.DateOnly, s); err != nil {
			c.fault(at, "must be a date YYYY-MM-DD")
		}
	case "plain", "text":
		c.text(at, v, spec[0] == "plain", num(spec[1]), num(spec[2]))
	case "blocks":
		c.surface(at, spec[1], v)
	case "obj":
		o, _ := v.(map[string]any)
		c.object(at, spec[1], o)
	case "elem":
		c.element(at, spec[1], v)
	default:
		c.list(at, spec, v)
	}
}

func (c *checker) list(at string, spec []string, v any) {
	list, ok := v.([]any)
	lowest, highest := num(spec[len(spec)-2]), num(spec[len(spec)-1])
	if !ok || len(list) < lowest || len(list) > highest {
		c.fault(at, "must be a list of %d to %d items", lowest, highest)
		return
	}
	for i, x := range list {
		here := at + "/" + strconv.Itoa(i)
		switch spec[0] {
		case "list":
			c.element(here, spec[1], x)
		case "objs":
			o, _ := x.(map[string]any)
			c.object(here, spec[1], o)
		case "texts":
			c.text(here, x, false, 1, num(spec[1]))
		case "strs":
			c.str(here, x, 1, 255)
		default:
			panic("slacktest: rules.json: no such rule: " + spec[0])
		}
	}
}

func (c *checker) str(at string, v any, lowest, highest int) {
	s, ok := v.(string)
	switch n := utf8.RuneCountInString(s); {
	case !ok:
		c.fault(at, "must be a string")
	case n < lowest:
		c.fault(at, "must be more than %d characters", lowest-1)
	case n > highest:
		c.fault(at, "must be less than %d characters", highest+1)
	}
}

func (c *checker) text(at string, v any, plainOnly bool, lowest, highest int) {
	o, _ := v.(map[string]any)
	kind, _ := o["type"].(string)
	if kind != "plain_text" && (plainOnly || kind != "mrkdwn") {
		c.fault(at+"/type", "unsupported type: %s", kind)
		return
	}
	c.object(at, kind, o)
	c.str(at+"/text", o["text"], lowest, highest)
	if s, _ := o["text"].(string); s != "" && strings.TrimSpace(s) == "" {
		c.fault(at+"/text", "must not be blank")
	}
}

func (c *checker) element(at, set string, v any) {
	o, _ := v.(map[string]any)
	kind, _ := o["type"].(string)
	if kind == "image" {
		kind = "image_element"
	}
	if !slices.Contains(rules.Sets[set], kind) {
		c.fault(at+"/type", "unsupported type: %s", kind)
		return
	}
	c.object(at, kind, o)
}
