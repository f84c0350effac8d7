package slack_test

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"akari/bot"
	"akari/bot/slack"
	"akari/bot/slack/slacktest"
)

func TestPersonFacts(t *testing.T) {
	s, p := world(t, nil)
	for _, u := range []slacktest.User{
		{ID: "U1", Name: "home", Locale: "ja-JP"},
		{ID: "U2", Name: "guest", Restricted: true},
		{ID: "U3", Name: "single", UltraRestricted: true},
		{ID: "U4", Name: "gone", Deleted: true},
		{ID: "U5", Name: "invited", Invited: true},
		{ID: "U6", Name: "robot", Bot: true},
		{ID: "U7", TeamID: "T0AOBA", Name: "partner", DisplayName: "田中"},
		{ID: "W8", TeamID: "T0GRID", EnterpriseID: "E0AOBA", Name: "grid"},
		{ID: "W9", TeamID: "T0SIBLING", EnterpriseID: "E0VENDOR", Name: "sibling"},
		{ID: "U10", TeamID: "T0ELSE", Stranger: true},
		{ID: "U11", Invisible: true},
	} {
		s.AddUser(u)
	}
	for user, want := range map[string]bot.PersonFact{
		"U1":  {Name: "home", Orgs: []string{"T0VENDOR"}, Home: true, Language: "ja"},
		"U2":  {Name: "guest", Orgs: []string{"T0VENDOR"}, Guest: true},
		"U3":  {Name: "single", Orgs: []string{"T0VENDOR"}, Guest: true},
		"U4":  {Name: "gone", Orgs: []string{"T0VENDOR"}, Gone: true},
		"U5":  {Name: "invited", Orgs: []string{"T0VENDOR"}, Gone: true},
		"U6":  {Name: "robot", Orgs: []string{"T0VENDOR"}, Bot: true},
		"U7":  {Name: "田中", Orgs: []string{"T0AOBA"}, External: true},
		"W8":  {Name: "grid", Orgs: []string{"E0AOBA", "T0GRID"}, External: true},
		"W9":  {Name: "sibling", Orgs: []string{"E0VENDOR", "T0SIBLING"}, Home: true},
		"U10": {Name: "u10", Orgs: []string{"T0ELSE"}, External: true, Gone: true},
		"U11": {Gone: true},
		"U12": {Gone: true},
	} {
		got, err := p.Person(context.Background(), bot.Identity{Platform: "slack", Connection: "slack", User: user})
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v, want %+v", user, got, err, want)
		}
	}
	for name, fault := range map[string]slacktest.Fault{
		"500": {Status: 500}, "throttled": {Status: 429}, "dropped": {Drop: true}, "revoked": {Code: "token_revoked"},
		"nobody": {Body: `{"ok":true}`}, "somebody else": {Body: `{"ok":true,"user":{"id":"U2","team_id":"T0VENDOR"}}`},
	} {
		fault.Method = "users.info"
		s.Fail(fault)
		if got, err := p.Person(context.Background(), bot.Identity{User: "U1"}); err == nil || got.Home {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestRoomFacts(t *testing.T) {
	s, p := world(t, nil)
	in := []string{"U0BOT", "U0ITO"}
	for _, c := range []slacktest.Channel{
		{ID: "C1", Name: "home", Members: in, SharedTeams: []string{"T0VENDOR"}, InternalTeams: []string{"T0VENDOR"}},
		{ID: "C2", Members: in, ExtShared: true, ConnectedTeams: []string{"E0AOBA"}, SharedTeams: []string{"T0VENDOR", "E0AOBA"}},
		{ID: "C3", Members: in, PendingExtShared: true, PendingTeams: []string{"T0MIDORI"}, Private: true},
		{ID: "C4", Members: in, PendingExtShared: true},
		{ID: "C5", Members: in, ExtShared: true, ConnectedTeams: []string{"T0AOBA", "T0MIDORI"}, Frozen: true},
		{ID: "C6", Members: []string{"U0ITO"}},
		{ID: "C7", Members: []string{"U0ITO"}, Private: true},
		{ID: "C8", Members: in, SharedTeams: []string{"T0VENDOR", "T0SIBLING"}, InternalTeams: []string{"T0VENDOR", "T0SIBLING"}},
		{ID: "C9", Members: in, ExtShared: true},
	} {
		s.AddChannel(c)
	}
	for room, want := range map[string]bot.RoomFact{
		"C1": {Name: "home", Orgs: []string{}, Member: true, Members: 2},
		"C2": {Orgs: []string{"E0AOBA"}, Member: true, Members: 2},
		"C3": {Orgs: []string{"T0MIDORI"}, Member: true, Private: true, Members: 2},
		"C4": {Orgs: []string{slack.UnknownOrg}, Member: true, Members: 2},
		"C5": {Orgs: []string{"T0AOBA", "T0MIDORI"}, Member: true, Archived: true, Members: 2},
		"C6": {Orgs: []string{}, Members: 1},
		"C7": {},
		"C8": {Orgs: []string{}, Member: true, Members: 2},
		"C9": {Orgs: []string{slack.UnknownOrg}, Member: true, Members: 2},
		"C0": {},
	} {
		got, err := p.Room(context.Background(), bot.Address{Platform: "slack", Connection: "slack", Room: room})
		if len(got.Orgs) == 0 && len(want.Orgs) == 0 {
			got.Orgs, want.Orgs = nil, nil
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v, want %+v", room, got, err, want)
		}
	}
	for name, fault := range map[string]slacktest.Fault{
		"500": {Status: 500}, "junk": {Body: `{"ok":true,"channel":{"id":"C1","connected_team_ids":"odd"}}`},
		"another room": {Body: `{"ok":true,"channel":{"id":"C2"}}`},
	} {
		fault.Method = "conversations.info"
		s.Fail(fault)
		if got, err := p.Room(context.Background(), bot.Address{Room: "C1"}); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestCheck(t *testing.T) {
	s, p := world(t, nil)
	lines := p.Check(context.Background())
	if len(lines) != 1 || lines[0].Err != nil || lines[0].Connection != "slack" || lines[0].Who != "akari (U0BOT) in Vendor (T0VENDOR)" {
		t.Errorf("%+v", lines)
	}
	s.Fail(slacktest.Fault{Method: "auth.test", Code: "invalid_auth"})
	if lines = p.Check(context.Background()); lines[0].Err == nil || !strings.Contains(lines[0].Err.Error(), "invalid_auth") {
		t.Errorf("%+v", lines)
	}
	for name, c := range map[string]struct {
		o    slacktest.Options
		want string
	}{
		"another workspace": {slacktest.Options{TeamID: "T0PARTNER"}, "T0PARTNER"},
		"another app":       {slacktest.Options{AppID: "A0OTHER"}, "A0OTHER"},
		"few scopes":        {slacktest.Options{Scopes: "chat:write,users:read"}, "im:write"},
	} {
		s := slacktest.New(t, c.o)
		p := newPlatform(t, func(o *slack.Options) { o.APIURL, o.AllowInsecure, o.BotToken = s.APIURL, true, s.BotToken })
		if err := p.Check(context.Background())[0].Err; err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNewRefusesBadOptions(t *testing.T) {
	_, err := slack.New(slack.Options{AppID: "x", OrgIDs: []string{"C1"}, BotToken: "xoxb-se cret", SigningSecrets: []string{" s"}, APIURL: "http://slack.com/api"})
	if err == nil || strings.Contains(err.Error(), "xoxb") || strings.Count(err.Error(), "\n") != 4 {
		t.Errorf("all five faults at once, without the token: %v", err)
	}
}
