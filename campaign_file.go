package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"akari/models"

	"github.com/goccy/go-yaml"
)

// campaignFile is what akari campaign create reads (contract.md §7).
type campaignFile struct {
	Title     string       `yaml:"title"`
	Class     string       `yaml:"class"`
	Text      langText     `yaml:"text"`
	Materials []string     `yaml:"materials"`
	Image     string       `yaml:"image"`
	Audience  audienceFile `yaml:"audience"`
	To        string       `yaml:"to"`
	At        string       `yaml:"at"`
	Ack       *struct {
		Rule     string `yaml:"rule"`
		Deadline string `yaml:"deadline"`
	} `yaml:"ack"`
	Reminders      int        `yaml:"reminders"`
	OverrideWindow *reason    `yaml:"override_window"`
	OverrideCap    *reason    `yaml:"override_cap"`
	Steps          []stepFile `yaml:"steps"`
	Evergreen      bool       `yaml:"evergreen"`
	Owner          string     `yaml:"owner"`
}

type reason struct {
	Reason string `yaml:"reason"`
}

type stepFile struct {
	After     string   `yaml:"after"`
	Unless    string   `yaml:"unless"`
	Text      langText `yaml:"text"`
	Materials []string `yaml:"materials"`
}

type audienceFile struct {
	Saved           string   `yaml:"saved"` // the key of a saved audience, instead of the rest
	All             bool     `yaml:"all"`
	Partners        []string `yaml:"partners"`
	People          []string `yaml:"people"`
	Tiers           []string `yaml:"tiers"`
	Levels          []string `yaml:"levels"`
	Tags            []string `yaml:"tags"`
	Regions         []string `yaml:"regions"`
	Owners          []string `yaml:"owners"`
	Languages       []string `yaml:"languages"`
	NotOpened       string   `yaml:"not_opened"`
	NotAcknowledged int64    `yaml:"not_acknowledged"`
	SilentDays      int      `yaml:"silent_days"`
	Exclude         struct {
		Partners []string `yaml:"partners"`
		People   []string `yaml:"people"`
		Tiers    []string `yaml:"tiers"`
		Tags     []string `yaml:"tags"`
	} `yaml:"exclude"`
}

// langText is {ja: …, en: …}, or a plain string, which is Japanese.
type langText map[string]string

// UnmarshalYAML implements yaml.InterfaceUnmarshaler.
func (t *langText) UnmarshalYAML(read func(any) error) error {
	var one string
	if read(&one) == nil {
		*t = langText{"ja": one}
		return nil
	}
	var many map[string]string
	if err := read(&many); err != nil {
		return errors.New("must be a text, or {ja: …, en: …}")
	}
	*t = many
	return nil
}

// levels are the ways of writing where a partner stands in the tree.
var levels = map[string]string{"first": models.LevelFirst, "1": models.LevelFirst, "一次": models.LevelFirst, "一次店": models.LevelFirst,
	"second": models.LevelSecond, "2": models.LevelSecond, "二次": models.LevelSecond, "二次店": models.LevelSecond}

// readCampaign reads a campaign file; "-" is standard input. zone is the vendor's.
func readCampaign(name string, zone *time.Location, saved func(key string) (models.Rule, error)) (models.Spec, error) {
	var f campaignFile
	var b []byte
	var err error
	if name == "-" {
		b, err = io.ReadAll(io.LimitReader(os.Stdin, 4<<20))
	} else {
		b, err = os.ReadFile(name)
	}
	if err != nil {
		return models.Spec{}, err
	}
	err = yaml.NewDecoder(bytes.NewReader(b), yaml.Strict(), yaml.DisallowUnknownField()).Decode(&f)
	if err != nil && !errors.Is(err, io.EOF) {
		text, _, _ := strings.Cut(yaml.FormatError(err, false, false), "\n")
		return models.Spec{}, fmt.Errorf("%s: %s; docs/campaigns.md shows the form", name, text)
	}
	s, err := f.spec(zone, saved)
	if err != nil {
		return s, fmt.Errorf("%s: %w; docs/campaigns.md shows the form", name, err)
	}
	return s, nil
}

func (f campaignFile) spec(zone *time.Location, saved func(string) (models.Rule, error)) (s models.Spec, err error) {
	s = models.Spec{Title: strings.TrimSpace(f.Title), Weight: f.Class, Text: models.LangText(f.Text), Materials: f.Materials, Image: f.Image, To: f.To, Reminders: f.Reminders, Owner: f.Owner, Evergreen: f.Evergreen}
	if s.To == "" {
		s.To = models.ToPeople
	}
	if s.Audience, err = f.Audience.rule(saved); err != nil {
		return s, err
	}
	if s.At, err = readMoment("at", f.At, zone, false); err != nil {
		return s, err
	}
	if f.Ack != nil {
		s.Ack = &models.AckRule{Rule: f.Ack.Rule}
		if s.Ack.Deadline, err = readMoment("ack.deadline", f.Ack.Deadline, zone, true); err != nil {
			return s, err
		}
	}
	for _, o := range []struct {
		name string
		from *reason
		into *string
	}{{"override_window", f.OverrideWindow, &s.OverrideWindow}, {"override_cap", f.OverrideCap, &s.OverrideCap}} {
		if o.from == nil {
			continue
		}
		if *o.into = strings.TrimSpace(o.from.Reason); *o.into == "" {
			return s, fmt.Errorf("%s needs a reason: {reason: …}", o.name)
		}
	}
	for i, x := range f.Steps {
		after, err := readDays(x.After)
		if err != nil {
			return s, fmt.Errorf("steps: number %d: %w", i+1, err)
		}
		s.Steps = append(s.Steps, models.Step{After: after, Unless: x.Unless, Text: models.LangText(x.Text), Materials: x.Materials})
	}
	return s, nil
}

func (a audienceFile) rule(saved func(string) (models.Rule, error)) (models.Rule, error) {
	r := models.Rule{All: a.All, Partners: a.Partners, People: a.People, Tiers: a.Tiers, Tags: a.Tags, Regions: a.Regions, Owners: a.Owners, Languages: a.Languages,
		NotOpened: a.NotOpened, NotAcknowledged: a.NotAcknowledged, SilentDays: a.SilentDays,
		Exclude: models.Exclude{Partners: a.Exclude.Partners, People: a.Exclude.People, Tiers: a.Exclude.Tiers, Tags: a.Exclude.Tags}}
	for _, l := range a.Levels {
		level, ok := levels[l]
		if !ok {
			return r, fmt.Errorf("audience.levels must hold 一次 or 二次 (first, second), not %q", l)
		}
		r.Levels = append(r.Levels, level)
	}
	if a.SilentDays < 0 || a.NotAcknowledged < 0 {
		return r, errors.New("audience: silent_days and not_acknowledged cannot be negative")
	}
	if a.Saved == "" {
		return r, nil
	}
	if !r.Empty() || !r.Exclude.IsZero() {
		return r, errors.New("audience.saved stands instead of other conditions, not beside them")
	}
	return saved(a.Saved)
}

// readMoment reads a day or a moment, in the vendor's zone unless it has an
// offset. A day alone is its end where it is a deadline, else its beginning.
func readMoment(name, text string, zone *time.Location, deadline bool) (time.Time, error) {
	if text = strings.TrimSpace(text); text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC(), nil
	}
	for _, form := range []string{"2006-01-02T15:04Z07:00", "2006-01-02 15:04Z07:00"} {
		if at, err := time.Parse(form, text); err == nil {
			return at.UTC(), nil
		}
	}
	for _, form := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if at, err := time.ParseInLocation(form, text, zone); err == nil {
			return at.UTC(), nil
		}
	}
	day, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s must be a moment such as 2026-12-01T10:00 or a day such as 2026-12-01, not %q", name, text)
	}
	if deadline {
		day = day.AddDate(0, 0, 1).Add(-time.Microsecond)
	}
	return day.UTC(), nil
}

// readDays reads 3d, 1d12h or a Go duration.
func readDays(text string) (time.Duration, error) {
	days, rest, found := strings.Cut(text, "d")
	if !found {
		days, rest = "0", text
	}
	n, err := strconv.Atoi(days)
	d := time.Duration(0)
	if err == nil && rest != "" {
		d, err = time.ParseDuration(rest)
	}
	if err != nil || n < 0 || n > 3650 || d < 0 {
		return 0, fmt.Errorf("after must be a time such as 3d or 12h, not %q", text)
	}
	return time.Duration(n)*24*time.Hour + d, nil
}
