package slack

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	sdk "github.com/slack-go/slack"

	"akari/bot"
)

// meta is what a modal carries for us in private_metadata. Its user cannot edit
// it, but it is no secret and no authority. Room and Thread say where the form
// was opened, so that what comes of it is said there.
type meta struct {
	Name   string     `json:"name"`
	Draft  string     `json:"draft"`
	Args   url.Values `json:"args,omitempty"`
	Room   string     `json:"room,omitempty"`
	Thread string     `json:"thread,omitempty"`
	Keep   bool       `json:"keep,omitempty"` // what stands in the fields is told while it is typed
}

func parseMeta(s string) (meta, bool) {
	var m meta
	ok := decodeObject([]byte(s), &m)
	return m, ok
}

// renderForm is the body of views.open.
func renderForm(d bot.Delivery, f *bot.Form) ([]byte, error) {
	if f == nil {
		return nil, fmt.Errorf("it opens a form but has none")
	}
	if d.Reply.Token == "" {
		return nil, fmt.Errorf("form %q has no trigger: Slack opens forms only after a press or a command", f.Name)
	}
	view, err := modal(d, f)
	if err != nil {
		return nil, fmt.Errorf("form %q: %w", f.Name, err)
	}
	return encode(struct {
		Trigger string                `json:"trigger_id"`
		View    *sdk.ModalViewRequest `json:"view"`
	}{d.Reply.Token, view}), nil
}

func modal(d bot.Delivery, f *bot.Form) (*sdk.ModalViewRequest, error) {
	private := encode(meta{Name: f.Name, Draft: f.Draft, Args: f.Args, Room: d.To.Room, Thread: d.To.Thread, Keep: f.Keep})
	switch {
	case f.Name == "" || len(f.Name) > maxID:
		return nil, fmt.Errorf("its name is empty or longer than %d", maxID)
	case strings.TrimSpace(f.Title) == "":
		return nil, fmt.Errorf("it has no title")
	case bot.Runes.Len(string(private)) > maxMetadata:
		return nil, fmt.Errorf("its arguments are longer than the %d characters that a modal carries", maxMetadata)
	}
	view := &sdk.ModalViewRequest{
		Type: sdk.VTModal, Title: plain(f.Title, maxTitle), CallbackID: f.Name, PrivateMetadata: string(private), NotifyOnClose: f.Keep,
	}
	blocks := textBlocks(f.Text)
	seen := map[string]bool{}
	for _, field := range f.Fields {
		if seen[field.Name] || field.Name == "" || len(field.Name) > maxID {
			return nil, fmt.Errorf("field %.40q has no usable name of its own", field.Name)
		}
		seen[field.Name] = true
		if strings.TrimSpace(field.Section) != "" {
			blocks = append(blocks, &sdk.HeaderBlock{Type: sdk.MBTHeader, Text: plain(field.Section, maxHeader)})
		}
		input, err := inputBlock(field, f.Keep)
		if err != nil {
			return nil, fmt.Errorf("field %q: %w", field.Name, err)
		}
		blocks = append(blocks, input)
	}
	if len(blocks) == 0 || len(blocks) > maxViewBlocks {
		return nil, fmt.Errorf("it needs %d blocks; a modal takes 1 to %d", len(blocks), maxViewBlocks)
	}
	view.Blocks = sdk.Blocks{BlockSet: blocks}
	if f.Cancel != "" {
		view.Close = plain(f.Cancel, maxTitle)
	}
	if len(f.Fields) > 0 && f.Submit == "" {
		return nil, fmt.Errorf("it has fields but no label for sending them")
	}
	if f.Submit != "" {
		view.Submit = plain(f.Submit, maxTitle)
	}
	return view, nil
}

// inputBlock has the field's name as its block id: field errors and values are
// matched by it. keep makes Slack tell every change, with the state of the whole
// view (reference/block-kit/blocks/input-block: dispatch_action): the only way to
// keep what was typed into a modal that is closed.
func inputBlock(f bot.Field, keep bool) (sdk.Block, error) {
	element, err := inputElement(f)
	if err != nil {
		return nil, err
	}
	label := f.Label
	if strings.TrimSpace(label) == "" {
		label = f.Name
	}
	in := &sdk.InputBlock{
		Type: sdk.MBTInput, BlockID: f.Name, Label: plain(label, maxInputLabel),
		Element: element, Optional: !f.Required, DispatchAction: keep,
	}
	if text, ok := element.(*sdk.PlainTextInputBlockElement); ok && keep {
		text.DispatchActionConfig = &sdk.DispatchActionConfig{TriggerActionsOn: []string{"on_character_entered"}}
	}
	if strings.TrimSpace(f.Hint) != "" {
		in.Hint = plain(f.Hint, maxInputLabel)
	}
	return in, nil
}

func inputElement(f bot.Field) (sdk.BlockElement, error) {
	first := ""
	if len(f.Value) > 0 {
		first = f.Value[0]
	}
	switch f.Kind {
	case bot.Line, bot.Lines:
		limit := f.Max
		if limit <= 0 || limit > maxPlainInput {
			limit = maxPlainInput
		}
		return &sdk.PlainTextInputBlockElement{
			Type: sdk.METPlainTextInput, ActionID: f.Name, Multiline: f.Kind == bot.Lines,
			MaxLength: limit, InitialValue: bot.Runes.Shorten(first, limit),
		}, nil
	case bot.Date:
		if _, err := time.Parse(time.DateOnly, first); first != "" && err != nil {
			return nil, fmt.Errorf("its value is no date")
		}
		return &sdk.DatePickerBlockElement{Type: sdk.METDatepicker, ActionID: f.Name, InitialDate: first}, nil
	case bot.Choice:
		return oneOf(f)
	case bot.Choices:
		return anyOf(f)
	}
	return nil, fmt.Errorf("its kind %q is unknown", f.Kind)
}

func oneOf(f bot.Field) (sdk.BlockElement, error) {
	all, chosen, err := choices(f)
	if err != nil {
		return nil, err
	}
	e := &sdk.SelectBlockElement{Type: sdk.OptTypeStatic, ActionID: f.Name, Options: all}
	if f.Load != "" {
		e = &sdk.SelectBlockElement{Type: sdk.OptTypeExternal, ActionID: f.Load, MinQueryLength: new(int)}
	}
	if len(chosen) > 0 {
		e.InitialOption = chosen[0]
	}
	return e, nil
}

func anyOf(f bot.Field) (sdk.BlockElement, error) {
	all, chosen, err := choices(f)
	if err != nil {
		return nil, err
	}
	e := &sdk.MultiSelectBlockElement{Type: sdk.MultiOptTypeStatic, ActionID: f.Name, Options: all}
	if f.Load != "" {
		e = &sdk.MultiSelectBlockElement{Type: sdk.MultiOptTypeExternal, ActionID: f.Load, MinQueryLength: new(int)}
	}
	e.InitialOptions = chosen
	return e, nil
}

// choices are all fixed options of a field, and those that stand chosen already.
// A loaded select has no fixed ones; what stands there needs no partner in them.
func choices(f bot.Field) (all, chosen []*sdk.OptionBlockObject, err error) {
	if f.Load == "" && (len(f.Options) == 0 || len(f.Options) > maxOptions) {
		return nil, nil, fmt.Errorf("it has %d choices; a select takes 1 to %d, more need a load route", len(f.Options), maxOptions)
	}
	if f.Load != "" && len(f.Load) > maxID {
		return nil, nil, fmt.Errorf("the name of its load route is longer than %d", maxID)
	}
	labels := map[string]string{}
	for _, o := range f.Options {
		if _, twice := labels[o.Value]; twice || o.Value == "" || bot.Runes.Len(o.Value) > maxOptionText || strings.TrimSpace(o.Label) == "" {
			return nil, nil, fmt.Errorf("choice %.40q is empty, doubled or longer than %d", o.Value, maxOptionText)
		}
		labels[o.Value] = o.Label
		all = append(all, choice(o.Label, o.Value))
	}
	for _, v := range f.Value {
		label, known := labels[v]
		if !known && f.Load == "" || v == "" {
			continue // a choice that is no longer offered
		}
		if !known {
			label = v
		}
		chosen = append(chosen, choice(label, v))
	}
	return all, chosen, nil
}

func choice(label, value string) *sdk.OptionBlockObject {
	return &sdk.OptionBlockObject{Text: plain(label, maxOptionText), Value: value}
}
