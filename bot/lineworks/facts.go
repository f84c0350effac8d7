package lineworks

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"akari/bot"
)

// maxPages bounds the count of a room: 500 people at most can be in one (guide,
// external-group-message-room), at 100 a page.
const maxPages = 20

// Person tells what the tenant says about an account. Whether somebody is ours
// or a partner's follows from the connection. Suspension and deletion are shown
// only with the scope user.read; with user.profile.read a deleted account is
// known by 404 alone (page directory).
func (p *Platform) Person(ctx context.Context, who bot.Identity) (bot.PersonFact, error) {
	c := p.conns[who.Connection]
	if c == nil {
		return bot.PersonFact{}, fmt.Errorf("LINE WORKS has no connection %q", who.Connection)
	}
	if badID(who.User) {
		return bot.PersonFact{}, fmt.Errorf("an account of connection %q has no user id", c.Key)
	}
	fact := bot.PersonFact{Home: c.Side == "vendor", External: c.Side == "partner"}
	var u struct {
		Name      userName `json:"userName"`
		Email     string   `json:"email"`
		Locale    string   `json:"locale"`
		Suspended bool     `json:"isSuspended"`
		Deleted   bool     `json:"isDeleted"`
	}
	switch err := p.get(ctx, c, apiPath("users", who.User), &u); {
	case missing(err):
		fact.Gone = true
		return fact, nil
	case err != nil:
		return bot.PersonFact{}, fmt.Errorf("while asking about an account of connection %q: %w", c.Key, err)
	}
	local, _, _ := strings.Cut(u.Email, "@")
	fact.Name = firstOf(u.Name.String(), local)
	fact.Gone = u.Suspended || u.Deleted
	fact.Language, _, _ = strings.Cut(u.Locale, "_")
	return fact, nil
}

type userName struct {
	Last  string `json:"lastName"`
	First string `json:"firstName"`
}

// String writes the family name first, as Japan does.
func (n userName) String() string { return strings.TrimSpace(n.Last + " " + n.First) }

// Room tells what is known of a room. People of other companies cannot be in a
// room with a bot (page bot), so there are never outside organisations.
func (p *Platform) Room(ctx context.Context, at bot.Address) (bot.RoomFact, error) {
	c := p.conns[at.Connection]
	if c == nil {
		return bot.RoomFact{}, fmt.Errorf("LINE WORKS has no connection %q", at.Connection)
	}
	if badID(at.Room) {
		return bot.RoomFact{}, fmt.Errorf("an address of connection %q has no room", c.Key)
	}
	var ch struct {
		Title string `json:"title"`
	}
	switch err := p.get(ctx, c, botPath(c, "channels", at.Room), &ch); {
	case missing(err) || outside(err):
		return bot.RoomFact{Private: true}, nil
	case err != nil:
		return bot.RoomFact{}, fmt.Errorf("while asking about room %s: %w", at, err)
	}
	n, err := p.members(ctx, c, at.Room)
	if err != nil {
		return bot.RoomFact{}, fmt.Errorf("while counting room %s: %w", at, err)
	}
	return bot.RoomFact{Name: ch.Title, Member: true, Private: true, Members: n}, nil
}

// members counts who is in a room, page by page.
func (p *Platform) members(ctx context.Context, c *connection, room string) (int, error) {
	n, cursor := 0, ""
	for range maxPages {
		query := url.Values{"count": {"100"}}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		var page struct {
			Members []json.RawMessage `json:"members"`
			Meta    struct {
				Next string `json:"nextCursor"`
			} `json:"responseMetaData"`
		}
		if err := p.get(ctx, c, botPath(c, "channels", room, "members")+"?"+query.Encode(), &page); err != nil {
			return 0, err
		}
		n += len(page.Members)
		if page.Meta.Next == "" || page.Meta.Next == cursor {
			return n, nil
		}
		cursor = page.Meta.Next
	}
	return n, nil
}

// failed is an answer other than success to a call without visible effect.
type failed struct {
	status int
	code   string
}

func (e *failed) Error() string { return fmt.Sprintf("LINE WORKS answers %d %s", e.status, e.code) }

func missing(err error) bool {
	f, ok := err.(*failed)
	return ok && (f.status == http.StatusNotFound || f.status == http.StatusGone)
}

// outside: the bot is not in that room. A 403 for a missing scope is none.
func outside(err error) bool {
	f, ok := err.(*failed)
	return ok && f.status == http.StatusForbidden && f.code == "ACCESS_DENIED"
}

// get reads JSON from the API.
func (p *Platform) get(ctx context.Context, c *connection, path string, into any) error {
	a, _, err := p.authorised(ctx, c, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	if err := p.plain(a); err != nil {
		return err
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		return fmt.Errorf("its answer cannot be read: %w", err)
	}
	return nil
}

// plain judges an answer to a call that has no visible effect: there, nothing
// is ever in doubt.
func (p *Platform) plain(a answer) error {
	switch {
	case a.status >= 200 && a.status < 300:
		return nil
	case a.status == http.StatusTooManyRequests:
		return &bot.Throttled{After: p.wait(a.header), Whole: true, Why: code(a)}
	}
	return &failed{a.status, code(a)}
}

// Check says for every connection which bot its credentials reach. It mints a
// token, reads the bot where the scope allows, and looks for what is missing.
func (p *Platform) Check(ctx context.Context) []bot.CheckLine {
	var lines []bot.CheckLine
	for _, key := range p.order {
		who, err := p.check(ctx, p.conns[key])
		lines = append(lines, bot.CheckLine{Connection: key, Who: who, Err: err})
	}
	return lines
}

func (p *Platform) check(ctx context.Context, c *connection) (string, error) {
	tok, err := p.token(ctx, c)
	if err != nil {
		return "", fmt.Errorf("no token: %w%s", err, advice(err))
	}
	who := "bot " + c.BotID
	var b struct {
		Name string `json:"botName"`
	}
	// Reading the bot needs bot or bot.read, which run time does not; the menu
	// can be read with bot.message and shows that the id is right.
	if tok.has("bot", "bot.read") {
		if err := p.get(ctx, c, botPath(c), &b); err != nil {
			return who, fmt.Errorf("bot_id %s: %w: compare it with the Developer Console", c.BotID, err)
		}
		who = fmt.Sprintf("%s 「%s」", who, b.Name)
	}
	var m menuBody
	if err := p.get(ctx, c, botPath(c, "persistentmenu"), &m); err != nil && !missing(err) {
		return who, fmt.Errorf("bot_id %s cannot be used: %w", c.BotID, err)
	}
	if !tok.has("user.profile.read", "user.read", "user", "directory.read", "directory") {
		return who, fmt.Errorf("scopes: neither user.profile.read nor user.read is granted: tick one in the Developer Console (granted: %s)",
			strings.Join(tok.scopes, " "))
	}
	if b.Name != "" && c.BotName != "" && !slices.Equal(foldName(b.Name), c.name) {
		who += fmt.Sprintf(" (bot_name says 「%s」: mentions in rooms are recognised by that name only)", c.BotName)
	}
	return who, nil
}

// advice says what to do about the usual faults of a token request.
func advice(err error) string {
	r, ok := err.(*bot.Refused)
	if !ok {
		return ""
	}
	switch r.Code {
	case "invalid_client":
		return ": client_id or client_secret is wrong"
	case "invalid_grant":
		return ": service_account or private_key is wrong (a newly issued key ends the old one), or the clock is off"
	case "invalid_scope", "scope_missing_bot.message":
		return ": tick the scope bot.message in the Developer Console"
	}
	return ""
}
