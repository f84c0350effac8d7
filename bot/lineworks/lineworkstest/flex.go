package lineworkstest

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// Largest JSON in bytes: the Japanese page gives 15 KB for a bubble, the English
// one 30 KB; the smaller holds on both.
const (
	bubbleBytes   = 15 << 10
	carouselBytes = 30 << 10
)

var (
	colour  = regexp.MustCompile(`^#[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?$`)
	ratio   = regexp.MustCompile(`^[1-9][0-9]{0,4}:[1-9][0-9]{0,4}$`)
	sizes   = []string{"xxs", "xs", "sm", "md", "lg", "xl", "xxl", "3xl", "4xl", "5xl"}
	spaces  = []string{"none", "xs", "sm", "md", "lg", "xl", "xxl"}
	bubbles = []string{"nano", "micro", "kilo", "mega", "giga"}
)

// Properties of the components, pages bot-send-flex-*. What LINE's own flex has
// beyond them is refused.
var (
	place = []string{"flex", "margin", "position", "offsetTop", "offsetBottom", "offsetStart", "offsetEnd"}

	boxNames = append([]string{"type", "layout", "contents", "backgroundColor", "borderColor", "borderWidth", "cornerRadius", "width", "height",
		"spacing", "paddingAll", "paddingTop", "paddingBottom", "paddingStart", "paddingEnd", "action"}, place...)
	buttonNames = append([]string{"type", "action", "height", "style", "color", "gravity"}, place...)
	imageNames  = append([]string{"type", "url", "align", "gravity", "size", "aspectRatio", "aspectMode", "action"}, place...)
	textNames   = append([]string{"type", "text", "size", "align", "gravity", "wrap", "maxLines", "weight", "color", "action", "style", "decoration"}, place...)
)

func (j judge) flex(raw []byte) error {
	var c struct {
		Type, AltText string
		Contents      json.RawMessage
	}
	if err := exact(raw, &c, "type", "altText", "contents"); err != nil {
		return err
	}
	if err := length("altText", c.AltText, 1, 400); err != nil {
		return err
	}
	if kind(c.Contents) == "bubble" {
		_, err := j.bubble(c.Contents)
		return err
	}
	var many struct {
		Type     string
		Contents []json.RawMessage
	}
	if err := exact(c.Contents, &many, "type", "contents"); err != nil {
		return err
	}
	if many.Type != "carousel" || len(many.Contents) < 1 || len(many.Contents) > 10 {
		return fmt.Errorf("a %q of %d bubbles; a carousel has 1 to 10", many.Type, len(many.Contents))
	}
	if len(c.Contents) > carouselBytes {
		return fmt.Errorf("a carousel of %d bytes", len(c.Contents))
	}
	var width string
	for i, b := range many.Contents {
		w, err := j.bubble(b)
		if err != nil {
			return fmt.Errorf("bubble %d: %w", i+1, err)
		}
		if i > 0 && w != width {
			return errors.New("bubbles of different widths")
		}
		width = w
	}
	return nil
}

// bubble judges a bubble and answers its width.
func (j judge) bubble(raw []byte) (string, error) {
	var b struct {
		Type, Size                 string
		Header, Hero, Body, Footer json.RawMessage
	}
	if err := exact(raw, &b, "type", "size", "direction", "header", "hero", "body", "footer", "styles", "action"); err != nil {
		return "", err
	}
	if b.Type != "bubble" || len(raw) > bubbleBytes {
		return "", fmt.Errorf("a %q of %d bytes", b.Type, len(raw))
	}
	if b.Size == "" {
		b.Size = "mega"
	}
	if !slices.Contains(bubbles, b.Size) {
		return "", fmt.Errorf("size %q", b.Size)
	}
	if b.Hero == nil && b.Header == nil && b.Body == nil && b.Footer == nil {
		return "", errors.New("no block at all")
	}
	for name, block := range map[string]json.RawMessage{"header": b.Header, "body": b.Body, "footer": b.Footer} {
		if block == nil {
			continue
		}
		if kind(block) != "box" {
			return "", fmt.Errorf("%s is no box", name)
		}
		if err := j.component(block); err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
	}
	if b.Hero != nil {
		if k := kind(b.Hero); k != "box" && k != "image" {
			return "", errors.New("hero is neither box nor image")
		}
		if err := j.component(b.Hero); err != nil {
			return "", fmt.Errorf("hero: %w", err)
		}
	}
	return b.Size, nil
}

func (j judge) component(raw []byte) error {
	k := kind(raw)
	var err error
	switch k {
	case "box":
		err = j.box(raw)
	case "button":
		err = j.button(raw)
	case "image":
		err = j.flexImage(raw)
	case "text":
		err = j.flexText(raw)
	case "separator":
		err = exact(raw, &struct{}{}, "type", "margin", "color")
	case "filler":
		err = exact(raw, &struct{}{}, "type", "flex")
	default:
		return fmt.Errorf("component %q is unknown to LINE WORKS", k)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", k, err)
	}
	return nil
}

func (j judge) box(raw []byte) error {
	var b struct {
		Layout, Spacing, Margin string
		BackgroundColor         string
		Contents                []json.RawMessage
	}
	if err := exact(raw, &b, boxNames...); err != nil {
		return err
	}
	if b.Layout != "vertical" && b.Layout != "horizontal" {
		return fmt.Errorf("layout %q (baseline is not judged here)", b.Layout)
	}
	if len(b.Contents) == 0 {
		return errors.New("contents is empty")
	}
	if err := errors.Join(in("spacing", b.Spacing, spaces), in("margin", b.Margin, spaces), hex("backgroundColor", b.BackgroundColor)); err != nil {
		return err
	}
	for i, c := range b.Contents {
		if err := j.component(c); err != nil {
			return fmt.Errorf("%d: %w", i+1, err)
		}
	}
	return nil
}

func (j judge) button(raw []byte) error {
	var b struct {
		Action                       json.RawMessage
		Height, Style, Color, Margin string
	}
	if err := exact(raw, &b, buttonNames...); err != nil {
		return err
	}
	return errors.Join(
		in("height", b.Height, []string{"sm", "md"}), in("style", b.Style, []string{"primary", "secondary", "link"}),
		in("margin", b.Margin, spaces), hex("color", b.Color),
		j.action(b.Action, "message", "uri"), // postback in flex is unproven
	)
}

func (j judge) flexImage(raw []byte) error {
	var i struct{ URL, Size, AspectRatio, AspectMode string }
	if err := exact(raw, &i, imageNames...); err != nil {
		return err
	}
	if i.AspectRatio != "" && !ratio.MatchString(i.AspectRatio) {
		return fmt.Errorf("aspectRatio %q", i.AspectRatio)
	}
	return errors.Join(j.address("url", i.URL), in("size", i.Size, append([]string{"full"}, sizes...)),
		in("aspectMode", i.AspectMode, []string{"cover", "fit"}))
}

func (j judge) flexText(raw []byte) error {
	var t struct {
		Text, Size, Weight, Color string
		Wrap                      bool
	}
	if err := exact(raw, &t, textNames...); err != nil {
		return err
	}
	return errors.Join(length("text", t.Text, 1, 2000), in("size", t.Size, sizes),
		in("weight", t.Weight, []string{"regular", "bold"}), hex("color", t.Color))
}

func kind(raw []byte) string {
	var k struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(raw, &k) != nil {
		return ""
	}
	return k.Type
}

func in(name, s string, allowed []string) error {
	if s != "" && !slices.Contains(allowed, s) {
		return fmt.Errorf("%s %q", name, s)
	}
	return nil
}

func hex(name, s string) error {
	if s != "" && !colour.MatchString(s) {
		return fmt.Errorf("%s %q is no hex colour", name, s)
	}
	return nil
}
