package slack_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	sdk "github.com/slack-go/slack"

	"akari/bot/slack/slacktest"
)

// TestManifest holds the manifest against the SDK's type with unknown fields
// forbidden, the limits of reference/app-manifest, and what the code relies on.
func TestManifest(t *testing.T) {
	raw, err := os.ReadFile("../../docs/setup/slack-manifest.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var m sdk.Manifest
	if err := yaml.UnmarshalWithOptions(raw, &m, yaml.Strict()); err != nil {
		t.Fatalf("the manifest is not one: %v", err)
	}
	for what, c := range map[string]struct {
		s     string
		limit int
	}{
		"name": {m.Display.Name, 35}, "description": {m.Display.Description, 140},
		"display name": {m.Features.BotUser.DisplayName, 80},
	} {
		if n := utf8.RuneCountInString(c.s); n == 0 || n > c.limit {
			t.Errorf("%s has %d characters, limit %d", what, n, c.limit)
		}
	}
	if !regexp.MustCompile(`^[a-z0-9._-]+$`).MatchString(m.Features.BotUser.DisplayName) {
		t.Errorf("display name %q", m.Features.BotUser.DisplayName)
	}
	var commands []string
	for _, c := range m.Features.SlashCommands {
		commands = append(commands, c.Command)
		if !c.ShouldEscape || !strings.HasSuffix(c.Url, slacktest.Commands) {
			t.Errorf("command %+v", c)
		}
	}
	if !slices.Equal(commands, []string{"/campaign", "/akari"}) {
		t.Errorf("commands %v", commands)
	}
	events, interactivity := m.Settings.EventSubscriptions, m.Settings.Interactivity
	if !strings.HasSuffix(events.RequestUrl, slacktest.Events) || !strings.HasSuffix(interactivity.RequestUrl, slacktest.Interactions) ||
		!strings.HasSuffix(interactivity.MessageMenuOptionsUrl, slacktest.Choices) || !interactivity.IsEnabled {
		t.Errorf("addresses %q %q %q", events.RequestUrl, interactivity.RequestUrl, interactivity.MessageMenuOptionsUrl)
	}
	if len(events.BotEvents) > 100 || !slices.IsSorted(events.BotEvents) || !slices.IsSorted(m.OAuthConfig.Scopes.Bot) {
		t.Error("events and scopes are kept sorted, at most 100 events")
	}
	// What the double grants, the manifest must ask for: no more, no less.
	s := slacktest.New(t, slacktest.Options{})
	if got := strings.Join(m.OAuthConfig.Scopes.Bot, ","); got != s.Scopes {
		t.Errorf("the manifest asks for %s, tests run with %s", got, s.Scopes)
	}
	if m.Settings.SocketModeEnabled || m.Settings.TokenRotationEnabled || m.Settings.OrgDeployEnabled {
		t.Error("socket mode, token rotation and org deployment are off")
	}
}
