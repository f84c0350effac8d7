package main

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
)

var (
	slackOrg  = regexp.MustCompile(`^[TE][A-Z0-9]{1,30}$`)
	slackApp  = regexp.MustCompile(`^A[A-Z0-9]{1,30}$`)
	slackRoom = regexp.MustCompile(`^[CG][A-Z0-9]{1,30}$`)
)

func (b *binder) checkSlack(c *Config) {
	b.upstream("slack.api_url", c.Slack.APIURL, c.Upstream.AllowInsecure)
	if !c.Slack.Enabled {
		return
	}
	const why = "slack.enabled is true"
	b.need("slack.app_id", c.Slack.AppID != "", "payloads for any other app are refused as forged")
	if c.Slack.AppID != "" && !slackApp.MatchString(c.Slack.AppID) {
		b.about("slack.app_id", "must be an id such as A0123456789, not %q", c.Slack.AppID)
	}
	b.need("slack.bot_token", !c.Slack.BotToken.IsZero(), why)
	b.need("slack.signing_secrets", len(reveal(c.Slack.SigningSecrets)) > 0, why)
	b.need("slack.org_ids", len(c.Slack.OrgIDs) > 0, "the vendor's own T… or E… id tells staff from partners")
	for _, id := range c.Slack.OrgIDs {
		if !slackOrg.MatchString(id) {
			b.about("slack.org_ids", "must hold ids such as T0123456789 or E0123456789, not %q", id)
		}
	}
	switch {
	case c.Slack.StaffRoom == "":
		b.notes = append(b.notes, b.problem("slack.staff_room", "is empty: open questions and unmapped rooms are told to nobody in Slack"))
	case !slackRoom.MatchString(c.Slack.StaffRoom):
		b.about("slack.staff_room", "must be a room id such as C0123456789, not %q", c.Slack.StaffRoom)
	}
}

func (b *binder) checkLine(c *Config) {
	b.upstream("line.api_url", c.Line.APIURL, c.Upstream.AllowInsecure)
	b.upstream("line.data_api_url", c.Line.DataAPIURL, c.Upstream.AllowInsecure)
	if !c.Line.Enabled {
		return
	}
	b.need("line.channel_secrets", len(reveal(c.Line.ChannelSecrets)) > 0, "line.enabled is true")
	if c.Line.ChannelAccessToken.IsZero() {
		b.need("line.channel_id", c.Line.ChannelID != "", "without line.channel_access_token it is needed for stateless tokens")
	}
}

func (b *binder) checkLineWorks(c *Config) {
	b.upstream("lineworks.api_url", c.LineWorks.APIURL, c.Upstream.AllowInsecure)
	b.upstream("lineworks.auth_url", c.LineWorks.AuthURL, c.Upstream.AllowInsecure)
	keys, bots := map[string]bool{}, map[string]bool{}
	for i, conn := range c.LineWorks.Connections {
		path := fmt.Sprintf("lineworks.connections[%d]", i)
		b.key(path+".key", conn.Key)
		if conn.Key != "" && keys[conn.Key] {
			b.elementAbout(path, "key", "%q is given twice", conn.Key)
		}
		if conn.BotID != "" && bots[conn.ClientID+"/"+conn.BotID] {
			b.elementAbout(path, "bot_id", "%s with this client_id is in another connection already", conn.BotID)
		}
		keys[conn.Key], bots[conn.ClientID+"/"+conn.BotID] = true, true
		b.connection(path, conn)
	}
}

func (b *binder) connection(path string, conn LineWorksConnection) {
	switch conn.Side {
	case "partner":
		b.needIn(path, "partner", conn.Partner != "")
	case "vendor":
		if conn.Partner != "" {
			b.elementAbout(path, "partner", "must be empty where side is vendor")
		}
	default:
		b.elementAbout(path, "side", "must be vendor or partner, not %q", conn.Side)
	}
	b.needIn(path, "client_id", conn.ClientID != "")
	b.needIn(path, "client_secret", !conn.ClientSecret.IsZero())
	b.needIn(path, "service_account", conn.ServiceAccount != "")
	b.needIn(path, "private_key", !conn.PrivateKey.IsZero())
	b.needIn(path, "bot_id", conn.BotID != "")
	b.needIn(path, "bot_secrets", len(reveal(conn.BotSecrets)) > 0)
	if key := conn.PrivateKey.Reveal(); key != "" && !strings.Contains(key, "PRIVATE KEY-----") {
		b.elementAbout(path, "private_key", "must be the text of the PEM file (-----BEGIN PRIVATE KEY----- …); private_key_file takes its path")
	}
	if conn.RequestsPerMinute < 0 {
		b.elementAbout(path, "requests_per_minute", "must not be negative")
	}
}

func (b *binder) needIn(element, key string, given bool) {
	if _, told := b.missing[element+"."+key]; !given && !told {
		b.elementAbout(element, key, "is missing; a LINE WORKS connection needs it")
	}
}

// upstream checks the address of a platform: https, or http on this machine where
// upstream.allow_insecure permits it.
func (b *binder) upstream(path, address string, insecure bool) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		b.about(path, "must be an address beginning with https://")
		return
	}
	if u.Scheme == "https" {
		return
	}
	switch {
	case !insecure:
		b.about(path, "must begin with https:// (http needs upstream.allow_insecure, which is for env: test)")
	case !loopback(u.Hostname()):
		b.about(path, "may be http only on this machine (127.0.0.1, ::1, localhost)")
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
