package linetest

import (
	"embed"
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode/utf16"

	"github.com/goccy/go-yaml"
)

//go:embed testdata/*.yml
var files embed.FS

// schema is what LINE's files use of OpenAPI's schema objects.
type schema struct {
	Ref                  string             `yaml:"$ref"`
	Type                 string             `yaml:"type"`
	Format               string             `yaml:"format"`
	Nullable             bool               `yaml:"nullable"`
	Enum                 []any              `yaml:"enum"`
	MinLength            int                `yaml:"minLength"`
	MaxLength            *int               `yaml:"maxLength"`
	MinItems             int                `yaml:"minItems"`
	MaxItems             *int               `yaml:"maxItems"`
	Min                  *float64           `yaml:"minimum"`
	Max                  *float64           `yaml:"maximum"`
	Required             []string           `yaml:"required"`
	Properties           map[string]*schema `yaml:"properties"`
	AdditionalProperties *schema            `yaml:"additionalProperties"`
	Items                *schema            `yaml:"items"`
	AllOf                []*schema          `yaml:"allOf"`
	Discriminator        *struct {
		PropertyName string            `yaml:"propertyName"`
		Mapping      map[string]string `yaml:"mapping"`
	} `yaml:"discriminator"`
}

// schemas are a file's named schemas.
type schemas map[string]*schema

// follow resolves a reference; one that leads nowhere is a fault of the file.
func (d schemas) follow(s *schema) *schema {
	for s != nil && s.Ref != "" {
		s = d[s.Ref[strings.LastIndex(s.Ref, "/")+1:]]
	}
	if s == nil {
		return &schema{Type: "a schema that is missing from the file"}
	}
	return s
}

// load reads one of LINE's OpenAPI files, each once.
var load = func() func(string) (schemas, error) {
	var mu sync.Mutex
	have := map[string]schemas{}
	return func(file string) (schemas, error) {
		mu.Lock()
		defer mu.Unlock()
		if doc := have[file]; doc != nil {
			return doc, nil
		}
		data, err := files.ReadFile("testdata/" + file)
		if dir := os.Getenv("AKARI_LINE_OPENAPI"); dir != "" {
			data, err = os.ReadFile(filepath.Join(dir, file))
		}
		if err != nil {
			return nil, fmt.Errorf("linetest: LINE's OpenAPI file %s: %w", file, err)
		}
		var doc struct {
			Components struct {
				Schemas schemas `yaml:"schemas"`
			} `yaml:"components"`
		}
		if err := yaml.Unmarshal(data, &doc); err != nil || len(doc.Components.Schemas) == 0 {
			return nil, fmt.Errorf("linetest: LINE's OpenAPI file %s holds no schemas: %w", file, err)
		}
		have[file] = doc.Components.Schemas
		return doc.Components.Schemas, nil
	}
}()

// CheckRequest judges the JSON of a request by the named schema of
// messaging-api.yml and by the limits that only the reference's prose tells.
func CheckRequest(name string, body []byte) []string {
	return check("messaging-api.yml", name, body)
}

// CheckWebhook judges the body of a webhook by webhook.yml.
func CheckWebhook(body []byte) []string {
	return check("webhook.yml", "CallbackRequest", body)
}

func check(file, name string, body []byte) []string {
	doc, err := load(file)
	if err != nil {
		return []string{err.Error()}
	}
	root := doc[name]
	if root == nil {
		return []string{"there is no schema " + name}
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return []string{"the body is no JSON"}
	}
	j := &judge{doc: doc}
	j.visit("", root, value)
	if file == "messaging-api.yml" {
		j.prose("", value)
	}
	return j.found
}

// judge walks a value along its schema. Generic validators check only the base
// object where a discriminator stands without oneOf, as it does everywhere in
// LINE's files; this one goes on with the subtype that the mapping names, and
// refuses properties that no schema knows.
type judge struct {
	doc   schemas
	found []string
}

func (j *judge) say(path, format string, args ...any) {
	j.found = append(j.found, fmt.Sprintf("%s: %s", strings.TrimPrefix(path, "/"), fmt.Sprintf(format, args...)))
}

func (j *judge) visit(path string, s *schema, value any) {
	s = j.doc.follow(s)
	if value == nil {
		if !s.Nullable {
			j.say(path, "null")
		}
		return
	}
	switch v := value.(type) {
	case map[string]any:
		j.object(path, s, v)
	case []any:
		j.array(path, s, v)
	case string:
		j.text(path, s, v)
	case float64:
		whole := v == math.Trunc(v)
		if s.Type == "number" || s.Type == "integer" && whole {
			if s.Min != nil && v < *s.Min || s.Max != nil && v > *s.Max {
				j.say(path, "%v is out of range", v)
			}
			return
		}
		j.say(path, "a number where none belongs")
	case bool:
		if s.Type != "boolean" {
			j.say(path, "a boolean where none belongs")
		}
	}
}

// object gathers properties over allOf, after the discriminator has led to the
// subtype.
func (j *judge) object(path string, s *schema, v map[string]any) {
	if s.Discriminator != nil {
		kind, _ := v[s.Discriminator.PropertyName].(string)
		ref, known := s.Discriminator.Mapping[kind]
		if !known {
			j.say(path, "%s is %q, which is none that the schema knows", s.Discriminator.PropertyName, kind)
			return
		}
		s = j.doc.follow(&schema{Ref: ref})
	}
	whole := schema{Properties: map[string]*schema{}}
	j.gather(s, &whole)
	if whole.Type != "object" {
		j.say(path, "an object where none belongs")
		return
	}
	for _, name := range whole.Required {
		if _, there := v[name]; !there {
			j.say(path, "%s is missing", name)
		}
	}
	for name, value := range v {
		switch sub := whole.Properties[name]; {
		case sub != nil:
			j.visit(path+"/"+name, sub, value)
		case whole.AdditionalProperties != nil:
			j.visit(path+"/"+name, whole.AdditionalProperties, value)
		default:
			j.say(path, "%s is unknown", name)
		}
	}
}

func (j *judge) gather(s, whole *schema) {
	s = j.doc.follow(s)
	if s.Type == "object" || len(s.Properties) > 0 {
		whole.Type = "object"
	}
	whole.Required = append(whole.Required, s.Required...)
	for name, p := range s.Properties {
		whole.Properties[name] = p
	}
	if s.AdditionalProperties != nil {
		whole.AdditionalProperties = s.AdditionalProperties
	}
	for _, part := range s.AllOf {
		j.gather(part, whole)
	}
}

func (j *judge) array(path string, s *schema, v []any) {
	if s.Type != "array" {
		j.say(path, "an array where none belongs")
		return
	}
	n := len(v)
	if n < s.MinItems || s.MaxItems != nil && n > *s.MaxItems {
		j.say(path, "%d items", n)
	}
	for i, item := range v {
		j.visit(fmt.Sprintf("%s/%d", path, i), s.Items, item)
	}
}

func (j *judge) text(path string, s *schema, v string) {
	if s.Type != "string" {
		j.say(path, "a text where none belongs")
		return
	}
	n := units(v)
	if n < s.MinLength || s.MaxLength != nil && n > *s.MaxLength {
		j.say(path, "%d long", n)
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, any(v)) {
		j.say(path, "%q is none that the schema knows", v)
	}
	if s.Format == "uri" {
		if u, err := url.Parse(v); err != nil || u.Scheme == "" {
			j.say(path, "no address")
		}
	}
}

func units(s string) int { return len(utf16.Encode([]rune(s))) }

// prose are the limits that the reference tells only in words ("Message
// objects", "Action objects", "Flex Message").
func (j *judge) prose(path string, value any) {
	switch v := value.(type) {
	case []any:
		for i, item := range v {
			j.prose(fmt.Sprintf("%s/%d", path, i), item)
		}
	case map[string]any:
		j.proseObject(path, v)
		for name, item := range v {
			j.prose(path+"/"+name, item)
		}
	}
}

func (j *judge) proseObject(path string, v map[string]any) {
	length := func(name string, min, max int) {
		if s, _ := v[name].(string); units(s) < min || units(s) > max {
			j.say(path+"/"+name, "%d long, must be %d to %d", units(s), min, max)
		}
	}
	inFlex := strings.Contains(path, "/contents")
	switch v["type"] {
	case "text":
		most := 5000
		if inFlex { // no figure of its own; the bubble's size bounds it
			most = math.MaxInt
		}
		length("text", 1, most)
	case "flex":
		length("altText", 1, 1500)
		j.weigh(path+"/contents", v["contents"])
	case "image", "video":
		if v["type"] == "video" {
			length("trackingId", 0, 100)
			if s, _ := v["trackingId"].(string); strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.=,+*()%$&;:@{}!?<>[]") != "" {
				j.say(path+"/trackingId", "letters that a tracking id cannot have")
			}
		}
		names := []string{"originalContentUrl", "previewImageUrl"}
		if inFlex || strings.HasSuffix(path, "/hero") {
			names = []string{"url"}
		}
		for _, name := range names {
			if s, _ := v[name].(string); !strings.HasPrefix(s, "https://") || len(s) > 2000 || strings.ContainsFunc(s, func(r rune) bool { return r > 126 || r <= ' ' }) {
				j.say(path+"/"+name, "no https address of at most 2000 ASCII characters")
			}
		}
	case "postback":
		length("data", 1, 300)
		length("displayText", 0, 300)
	case "uri":
		s, _ := v["uri"].(string)
		u, err := url.Parse(s)
		if err != nil || len(s) > 1000 || !slices.Contains([]string{"http", "https", "line", "tel"}, u.Scheme) {
			j.say(path+"/uri", "no address that an action may open")
		}
	case "button":
		if action, _ := v["action"].(map[string]any); action != nil {
			if s, _ := action["label"].(string); s == "" || units(s) > 40 {
				j.say(path+"/action/label", "%d long, must be 1 to 40", units(s))
			}
		}
	case "box":
		if _, ok := v["contents"].([]any); !ok {
			j.say(path, "a box without contents")
		}
	}
}

// weigh: a bubble ≤ 30 KB, a carousel ≤ 50 KB of 1 to 12 bubbles of one size.
func (j *judge) weigh(path string, contents any) {
	b, err := json.Marshal(contents)
	if err != nil {
		j.say(path, "cannot be weighed")
		return
	}
	v, _ := contents.(map[string]any)
	most := 30_000
	if v["type"] == "carousel" {
		most = 50_000
		bubbles, _ := v["contents"].([]any)
		if len(bubbles) < 1 || len(bubbles) > 12 {
			j.say(path, "%d bubbles, must be 1 to 12", len(bubbles))
		}
		sizes := map[any]bool{}
		for _, b := range bubbles {
			b, _ := b.(map[string]any)
			sizes[b["size"]] = true
		}
		if len(sizes) > 1 {
			j.say(path, "bubbles of several sizes")
		}
	}
	if len(b) > most {
		j.say(path, "%d bytes, at most %d", len(b), most)
	}
}
