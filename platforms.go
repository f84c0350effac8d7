package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"

	"akari/bot"
	"akari/bot/line"
	"akari/bot/lineworks"
	"akari/bot/playground"
	"akari/bot/slack"
	"akari/handlers"
)

// platforms makes every chat network that is set up. It calls nobody.
func platforms(c Config, clock *Clock, log *slog.Logger) ([]bot.Platform, error) {
	var list []bot.Platform
	if c.Slack.Enabled {
		p, err := slack.New(slackOptions(c, clock, log))
		if err != nil {
			return nil, fmt.Errorf("slack: %w", err)
		}
		list = append(list, p)
	}
	if len(c.LineWorks.Connections) > 0 {
		p, err := lineworks.New(lineWorksOptions(c, clock, log))
		if err != nil {
			return nil, fmt.Errorf("lineworks: %w", err)
		}
		list = append(list, p)
	}
	if c.Line.Enabled {
		p, err := line.New(lineOptions(c, clock, log))
		if err != nil {
			return nil, fmt.Errorf("line: %w", err)
		}
		list = append(list, p)
	}
	return list, nil
}

func slackOptions(c Config, clock *Clock, log *slog.Logger) slack.Options {
	return slack.Options{
		AppID: c.Slack.AppID, OrgIDs: c.Slack.OrgIDs, BotToken: c.Slack.BotToken.Reveal(), SigningSecrets: reveal(c.Slack.SigningSecrets),
		APIURL: c.Slack.APIURL, AllowInsecure: c.Upstream.AllowInsecure, AllowTestHosts: c.Env == "test",
		Timeout: c.Sending.Timeout, RetryAfterMax: c.Sending.RetryAfterMax, Now: clock.Now, Log: log,
	}
}

func lineWorksOptions(c Config, clock *Clock, log *slog.Logger) lineworks.Options {
	o := lineworks.Options{
		APIURL: c.LineWorks.APIURL, AuthURL: c.LineWorks.AuthURL, AllowInsecure: c.Upstream.AllowInsecure,
		Timeout: c.Sending.Timeout, MaxWait: c.Sending.RetryAfterMax, Now: clock.Now, Log: log,
	}
	for _, k := range c.LineWorks.Connections {
		o.Connections = append(o.Connections, lineworks.Connection{
			Key: k.Key, Side: k.Side, Partner: k.Partner, ClientID: k.ClientID, ClientSecret: k.ClientSecret.Reveal(), ServiceAccount: k.ServiceAccount,
			PrivateKey: k.PrivateKey.Reveal(), BotID: k.BotID, BotName: k.BotName, BotSecrets: reveal(k.BotSecrets),
		})
	}
	return o
}

func lineOptions(c Config, clock *Clock, log *slog.Logger) line.Options {
	return line.Options{
		ChannelID: c.Line.ChannelID, ChannelSecrets: reveal(c.Line.ChannelSecrets), ChannelAccessToken: c.Line.ChannelAccessToken.Reveal(),
		APIURL: c.Line.APIURL, DataAPIURL: c.Line.DataAPIURL, AllowInsecure: c.Upstream.AllowInsecure,
		Timeout: c.Sending.Timeout, Now: clock.Now, Log: log,
	}
}

// previews are platforms that only draw: what the playground shows of a message
// on the networks that are not set up. They are never asked to send or to hear.
func previews(clock *Clock, log *slog.Logger) []bot.Platform {
	const nobody = "preview-only-no-credentials"
	var list []bot.Platform
	if p, err := slack.New(slack.Options{AppID: "A0PREVIEW", OrgIDs: []string{"T0PREVIEW"}, BotToken: nobody, SigningSecrets: []string{nobody}, Now: clock.Now, Log: log}); err == nil {
		list = append(list, p)
	} else {
		log.Error("the playground cannot show how Slack would look", "error", err)
	}
	if p, err := previewLineWorks(clock, log); err == nil {
		list = append(list, p)
	} else {
		log.Error("the playground cannot show how LINE WORKS would look", "error", err)
	}
	if p, err := line.New(line.Options{ChannelID: "1", ChannelSecrets: []string{nobody}, Now: clock.Now, Log: log}); err == nil {
		list = append(list, p)
	} else {
		log.Error("the playground cannot show how LINE would look", "error", err)
	}
	return list
}

// previewLineWorks draws with a key made for the moment: the platform does not
// start without one, and nothing is ever signed with it.
func previewLineWorks(clock *Clock, log *slog.Logger) (bot.Platform, error) {
	key, err := rsa.GenerateKey(rand.Reader, 1024) // small and quick on purpose
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return lineworks.New(lineworks.Options{
		APIURL: "https://www.worksapis.com/v1.0", AuthURL: "https://auth.worksmobile.com/oauth2/v2.0/token", Now: clock.Now, Log: log,
		Connections: []lineworks.Connection{{
			Key: "preview", Side: "vendor", ClientID: "preview", ClientSecret: "preview", ServiceAccount: "preview@preview", BotID: "1",
			PrivateKey: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), BotSecrets: []string{"preview"},
		}},
	})
}

// newPlayground makes the playground for the people in the database.
func (a *app) newPlayground() *playground.Platform {
	return playground.New(playground.Options{
		Now: a.clock.Now, Personas: personas(a.store, a.library, a.config.Vendor.Languages[0]),
		Page: playPage(a.library, a.config.Vendor), Previews: previews(a.clock, a.log), Log: a.log,
	})
}

// connections says which side each LINE WORKS connection is on.
func connections(c Config) map[string]handlers.Connection {
	sides := map[string]handlers.Connection{}
	for _, k := range c.LineWorks.Connections {
		sides[k.Key] = handlers.Connection{Side: k.Side, Partner: k.Partner}
	}
	return sides
}

// rate is how many requests a minute a lane may make (sending.rates).
func rate(c Config) func(bot.Lane) int {
	perConnection := map[string]int{}
	for _, k := range c.LineWorks.Connections {
		perConnection[k.Key] = k.RequestsPerMinute
	}
	return func(l bot.Lane) int {
		switch l.Platform {
		case "slack":
			return slackRate(c, l.Operation)
		case "lineworks":
			if own := perConnection[l.Connection]; own > 0 {
				return min(own, c.Sending.Rates.LineWorksOperation)
			}
			return c.Sending.Rates.LineWorksOperation
		case "line":
			return c.Sending.Rates.LinePush
		}
		return 0
	}
}

// slackTier3 and slackTier4 are Slack's published minimum limits per method and
// minute (docs.slack.dev/apis/web-api/rate-limits).
const (
	slackTier3 = 50
	slackTier4 = 100
)

// slackRate: posts have their own limit; the other methods that we send with are
// of tier 3 (chat.update, chat.delete, looks into the history, facts of rooms) or 4
// (views.*, chat.postEphemeral, facts of people).
func slackRate(c Config, operation string) int {
	switch operation {
	case "chat.postMessage":
		return c.Sending.Rates.SlackWorkspace
	case "chat.update", "chat.delete", "find", handlers.FactsOfRooms:
		return min(slackTier3, c.Sending.Rates.SlackWorkspace)
	}
	return min(slackTier4, c.Sending.Rates.SlackWorkspace)
}

// roomRate is how many go into one room: only Slack publishes such a limit.
func roomRate(c Config) func(bot.Lane) int {
	return func(l bot.Lane) int {
		if l.Platform == "slack" && l.Operation == "chat.postMessage" {
			return c.Sending.Rates.SlackRoom
		}
		return 0
	}
}
