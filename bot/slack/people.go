package slack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"akari/bot"
)

// UnknownOrg stands in RoomFact.Orgs for an outside organisation that Slack hints
// at without naming it. It is nobody's, so a room with it is never taken for one
// partner's alone.
const UnknownOrg = "unknown"

// account is a user as users.info tells it. For people of other organisations
// most fields may be missing, and names may stand in the profile only.
type account struct {
	ID           string `json:"id"`
	TeamID       string `json:"team_id"`
	Name         string `json:"name"`
	RealName     string `json:"real_name"`
	Locale       string `json:"locale"`
	Deleted      bool   `json:"deleted"`
	IsBot        bool   `json:"is_bot"`
	Restricted   bool   `json:"is_restricted"`
	Ultra        bool   `json:"is_ultra_restricted"`
	Stranger     bool   `json:"is_stranger"`
	Invited      bool   `json:"is_invited_user"`
	EnterpriseID string `json:"enterprise_id"`
	Profile      struct {
		Team        string `json:"team"`
		DisplayName string `json:"display_name"`
		RealName    string `json:"real_name"`
	} `json:"profile"`
	Enterprise struct {
		ID           string `json:"id"`
		EnterpriseID string `json:"enterprise_id"`
	} `json:"enterprise_user"`
}

// Person asks users.info. Whoever the platform will not show us is Gone; any
// other trouble is an error, and the caller takes an unknown person for nobody.
func (p *Platform) Person(ctx context.Context, who bot.Identity) (bot.PersonFact, error) {
	if who.User == "" {
		return bot.PersonFact{}, errors.New("a person without a user id cannot be looked up")
	}
	var got struct {
		User *account `json:"user"`
	}
	_, err := p.ask(ctx, "users.info", url.Values{"user": {who.User}, "include_locale": {"true"}}, &got)
	var no *bot.Refused
	if errors.As(err, &no) && (no.Code == "user_not_found" || no.Code == "user_not_visible") {
		return bot.PersonFact{Gone: true}, nil
	}
	if err != nil {
		return bot.PersonFact{}, fmt.Errorf("while looking up a person: %w", err)
	}
	u := got.User
	if u == nil || u.ID != who.User && u.Enterprise.ID != who.User {
		return bot.PersonFact{}, errors.New("users.info answered somebody else")
	}
	return p.fact(u), nil
}

func (p *Platform) fact(u *account) bot.PersonFact {
	f := bot.PersonFact{
		Name:  firstOf(u.Profile.DisplayName, u.Profile.RealName, u.RealName, u.Name, u.ID),
		Orgs:  unique(u.TeamID, u.Profile.Team, u.Enterprise.EnterpriseID, u.EnterpriseID),
		Guest: u.Restricted || u.Ultra,
		Bot:   u.IsBot || u.ID == "USLACKBOT",
		Gone:  u.Deleted || u.Stranger || u.Invited,
	}
	f.Language, _, _ = strings.Cut(u.Locale, "-")
	// Not profile.team: what decides who is staff is the account's own team, or
	// the organisation that an admin put it into.
	own := p.orgs[u.TeamID] || p.orgs[u.Enterprise.EnterpriseID] || p.orgs[u.EnterpriseID]
	f.External = !own
	f.Home = own && !f.Guest && !f.Bot && !f.Gone
	return f
}

// room is a conversation as conversations.info tells it. The SDK's type drops
// half of these fields.
type room struct {
	ID               string   `json:"id"`
	Name             string   `json:"name"`
	IsIM             bool     `json:"is_im"`
	IsMPIM           bool     `json:"is_mpim"`
	IsPrivate        bool     `json:"is_private"`
	IsGroup          bool     `json:"is_group"`
	IsMember         bool     `json:"is_member"`
	IsArchived       bool     `json:"is_archived"`
	IsFrozen         bool     `json:"is_frozen"`
	IsExtShared      bool     `json:"is_ext_shared"`
	IsPending        bool     `json:"is_pending_ext_shared"`
	NumMembers       int      `json:"num_members"`
	Host             string   `json:"conversation_host_id"`
	Shared           []string `json:"shared_team_ids"`
	Connected        []string `json:"connected_team_ids"`
	Internal         []string `json:"internal_team_ids"`
	Pending          []string `json:"pending_connected_team_ids"`
	PendingShared    []string `json:"pending_shared"`
	ConnectedLimited []string `json:"connected_limited_team_ids"`
}

// Room asks conversations.info. A room that we cannot see is one that we are no
// member of.
func (p *Platform) Room(ctx context.Context, at bot.Address) (bot.RoomFact, error) {
	if at.Room == "" {
		return bot.RoomFact{}, errors.New("a room without an id cannot be looked up")
	}
	var got struct {
		Channel *room `json:"channel"`
	}
	_, err := p.ask(ctx, "conversations.info", url.Values{"channel": {at.Room}, "include_num_members": {"true"}}, &got)
	var no *bot.Refused
	if errors.As(err, &no) && (no.Code == "channel_not_found" || no.Code == "not_in_channel") {
		return bot.RoomFact{}, nil
	}
	if err != nil {
		return bot.RoomFact{}, fmt.Errorf("while looking up a room: %w", err)
	}
	if got.Channel == nil || got.Channel.ID != at.Room {
		return bot.RoomFact{}, errors.New("conversations.info answered another room")
	}
	c := got.Channel
	return bot.RoomFact{
		Name: c.Name, Orgs: p.outside(c), Member: c.IsMember || c.IsIM,
		Archived: c.IsArchived || c.IsFrozen, Private: c.IsPrivate || c.IsGroup || c.IsIM || c.IsMPIM,
		Members: c.NumMembers,
	}, nil
}

// outside lists every organisation but ours that reads the room or has been asked
// to: a share that is not accepted yet counts as a share.
func (p *Platform) outside(c *room) []string {
	var all []string
	for _, ids := range [][]string{c.Connected, c.Pending, c.PendingShared, c.ConnectedLimited} {
		all = append(all, ids...)
	}
	for _, id := range c.Shared {
		if !slices.Contains(c.Internal, id) { // a sibling workspace of our own organisation
			all = append(all, id)
		}
	}
	if c.IsExtShared && !slices.Contains(c.Internal, c.Host) {
		all = append(all, c.Host)
	}
	out := slices.DeleteFunc(unique(all...), func(id string) bool { return p.orgs[id] })
	nameless := c.IsPending && len(c.Pending)+len(c.PendingShared) == 0 || c.IsExtShared && len(out) == 0
	if nameless {
		out = append(out, UnknownOrg)
	}
	return out
}

func firstOf(names ...string) string {
	for _, s := range names {
		if s = strings.TrimSpace(s); s != "" {
			return s
		}
	}
	return ""
}

// unique drops empty and repeated ids and sorts the rest.
func unique(ids ...string) []string {
	out := slices.DeleteFunc(slices.Clone(ids), func(s string) bool { return s == "" })
	slices.Sort(out)
	return slices.Compact(out)
}

// scopes are what the manifest of docs/setup asks for; without one of them a part
// of the bot is deaf or dumb.
var scopes = []string{
	"app_mentions:read", "channels:history", "channels:read", "chat:write", "commands", "groups:history",
	"groups:read", "im:history", "im:read", "im:write", "users:read",
}

// Check asks Slack who we are (auth.test), whether that is the workspace and app
// of the config, and whether every scope was granted.
func (p *Platform) Check(ctx context.Context) []bot.CheckLine {
	line := bot.CheckLine{Connection: Name}
	var who struct {
		Team       string `json:"team"`
		TeamID     string `json:"team_id"`
		User       string `json:"user"`
		UserID     string `json:"user_id"`
		BotID      string `json:"bot_id"`
		Enterprise string `json:"enterprise_id"`
	}
	h, err := p.ask(ctx, "auth.test", url.Values{}, &who)
	if err != nil {
		line.Err = fmt.Errorf("asking Slack who we are failed; check the bot token and the API address: %w", err)
		return []bot.CheckLine{line}
	}
	line.Who = fmt.Sprintf("%s (%s) in %s (%s)", who.User, who.UserID, who.Team, strings.Join(unique(who.TeamID, who.Enterprise), ", "))
	line.Err = errors.Join(p.checkOrg(who.TeamID, who.Enterprise), p.checkApp(ctx, who.BotID), checkScopes(h.Get("X-OAuth-Scopes")))
	return []bot.CheckLine{line}
}

func (p *Platform) checkOrg(ids ...string) error {
	for _, id := range ids {
		if p.orgs[id] {
			return nil
		}
	}
	return fmt.Errorf("the token belongs to %s, which is not among the configured organisation ids; add it, or use the token of the vendor's own installation", strings.Join(unique(ids...), ", "))
}

// checkApp compares the app id where Slack tells it: with a wrong one every
// webhook would be refused as forged.
func (p *Platform) checkApp(ctx context.Context, botID string) error {
	var got struct {
		Bot struct {
			AppID string `json:"app_id"`
		} `json:"bot"`
	}
	if botID == "" {
		return nil
	}
	// A failure tells nothing: auth.test has proved the token already.
	_, err := p.ask(ctx, "bots.info", url.Values{"bot": {botID}}, &got)
	if err == nil && got.Bot.AppID != "" && got.Bot.AppID != p.opt.AppID {
		return fmt.Errorf("the token belongs to app %s, but %s is configured", clipName(got.Bot.AppID), p.opt.AppID)
	}
	return nil
}

func checkScopes(header string) error {
	if header == "" {
		return nil // older gateways do not tell
	}
	var missing []string
	granted := strings.FieldsFunc(header, func(r rune) bool { return r == ',' || r == ' ' })
	for _, s := range scopes {
		if !slices.Contains(granted, s) {
			missing = append(missing, s)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("scopes are missing: %s; add them under \"OAuth & Permissions\" and install the app again", strings.Join(missing, ", "))
}
