package lineworkstest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Judge tells whether a body of a message is as the pages bot-send-* and
// bot-actionobject demand: known properties only, required ones present, texts
// within their lengths, addresses https.
func Judge(body []byte) error {
	_, err := judge{}.message(body)
	return err
}

// Mentions finds what LINE WORKS could read as a mention in any text of a body.
func Mentions(body []byte) []string {
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return nil
	}
	var found []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			found = append(found, mention.FindAllString(v, -1)...)
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(v)
	return found
}

var mention = regexp.MustCompile(`(?i)<[\s\p{Z}]*[mｍ][^>]*`)

// judge holds what is optional in the rules.
type judge struct{ http bool }

// message judges a whole body and answers content.type.
func (j judge) message(body []byte) (string, error) {
	var e struct {
		Content json.RawMessage `json:"content"`
	}
	if err := strict(body, &e); err != nil {
		return "", fmt.Errorf("body: %w", err)
	}
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(e.Content, &head); err != nil {
		return "", errors.New("content is no object")
	}
	var err error
	switch head.Type {
	case "text":
		err = j.text(e.Content)
	case "link":
		err = j.link(e.Content)
	case "image":
		err = j.image(e.Content)
	case "button_template":
		err = j.buttons(e.Content)
	case "flex":
		err = j.flex(e.Content)
	default:
		err = fmt.Errorf("content.type %q is not one that the double knows", head.Type)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", head.Type, err)
	}
	return head.Type, nil
}

func (j judge) text(raw []byte) error {
	var c struct{ Type, Text string }
	if err := exact(raw, &c, "type", "text"); err != nil {
		return err
	}
	return length("text", c.Text, 1, 2000)
}

func (j judge) link(raw []byte) error {
	var c struct{ Type, ContentText, LinkText, Link string }
	if err := exact(raw, &c, "type", "contentText", "linkText", "link"); err != nil {
		return err
	}
	return errors.Join(length("contentText", c.ContentText, 1, 1000), length("linkText", c.LinkText, 1, 1000), j.address("link", c.Link))
}

func (j judge) image(raw []byte) error {
	var c struct{ Type, PreviewImageURL, OriginalContentURL, FileID string }
	if err := exact(raw, &c, "type", "previewImageUrl", "originalContentUrl", "fileId"); err != nil {
		return err
	}
	if c.FileID != "" {
		if c.PreviewImageURL != "" || c.OriginalContentURL != "" {
			return errors.New("fileId and addresses exclude one another")
		}
		return nil
	}
	return errors.Join(j.address("previewImageUrl", c.PreviewImageURL), j.address("originalContentUrl", c.OriginalContentURL))
}

func (j judge) buttons(raw []byte) error {
	var c struct {
		Type, ContentText string
		Actions           []json.RawMessage
	}
	if err := exact(raw, &c, "type", "contentText", "actions"); err != nil {
		return err
	}
	if err := length("contentText", c.ContentText, 1, 1000); err != nil {
		return err
	}
	return j.actions(c.Actions, 10, "message", "uri", "copy")
}

// menu judges a persistent menu.
func (j judge) menu(body []byte) error {
	var m struct {
		Content struct {
			Actions []json.RawMessage `json:"actions"`
		} `json:"content"`
	}
	if err := strict(body, &m); err != nil {
		return err
	}
	return j.actions(m.Content.Actions, 4, "message", "uri", "copy")
}

func (j judge) actions(list []json.RawMessage, most int, types ...string) error {
	if len(list) < 1 || len(list) > most {
		return fmt.Errorf("%d actions, 1 to %d are allowed", len(list), most)
	}
	for i, raw := range list {
		if err := j.action(raw, types...); err != nil {
			return fmt.Errorf("action %d: %w", i+1, err)
		}
	}
	return nil
}

// action judges an action object: of each type exactly its own properties.
func (j judge) action(raw []byte, types ...string) error {
	var a struct{ Type, Label, Text, Postback, URI, CopyText string }
	if err := json.Unmarshal(raw, &a); err != nil {
		return err
	}
	if !strings.Contains(" "+strings.Join(types, " ")+" ", " "+a.Type+" ") {
		return fmt.Errorf("type %q is not allowed here", a.Type)
	}
	errs := []error{length("label", a.Label, 1, 20)}
	switch a.Type {
	case "message":
		errs = append(errs, exact(raw, &a, "type", "label", "text", "postback"),
			length("text", a.Text, 0, 300), length("postback", a.Postback, 0, 1000))
	case "uri":
		errs = append(errs, exact(raw, &a, "type", "label", "uri"), j.address("uri", a.URI))
	case "copy":
		errs = append(errs, exact(raw, &a, "type", "label", "copyText"), length("copyText", a.CopyText, 1, 1000))
	}
	return errors.Join(errs...)
}

// address judges a URL. Clients would open http too (page bot-actionobject), but
// what we send must be https.
func (j judge) address(name, s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "https" && (u.Scheme != "http" || !j.http)) {
		return fmt.Errorf("%s is no https address", name)
	}
	return length(name, s, 1, 1000)
}

func length(name, s string, least, most int) error {
	if n := utf8.RuneCountInString(s); n < least || n > most {
		return fmt.Errorf("%s has %d characters, %d to %d are allowed", name, n, least, most)
	}
	return nil
}

// exact decodes an object that may have only these properties, spelt exactly so
// (Go itself would take any case), each once at most.
func exact(raw []byte, into any, names ...string) error {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("not an object")
	}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		if seen[name] || !strings.Contains(" "+strings.Join(names, " ")+" ", " "+name+" ") {
			return fmt.Errorf("property %q is undefined or doubled", name)
		}
		seen[name] = true
		var skip json.RawMessage
		if err := d.Decode(&skip); err != nil {
			return err
		}
		if string(skip) == "null" {
			return fmt.Errorf("property %q is null", name)
		}
	}
	return json.Unmarshal(raw, into)
}
