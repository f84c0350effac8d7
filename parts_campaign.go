package main

import (
	"context"
	"fmt"

	"akari/bot"
	"akari/bot/line"
	"akari/coord"
	"akari/handlers"
	"akari/models"
)

// campaignRules is the campaign section as handlers take it. LoadConfig has
// checked it.
func campaignRules(c Config) handlers.CampaignRules {
	r := handlers.CampaignRules{
		Window: businessHours(c), Off: map[string]string{}, Undo: c.Campaign.Undo, MaxPerPartnerPerWeek: c.Campaign.MaxPerPartnerPerWeek,
		RemindersMax: c.Campaign.RemindersMax, ApprovalOver: c.Campaign.ApprovalOver, StaleAfter: c.Sending.StaleResumeAfter,
		Rate: steady(rate(c), 0), RoomRate: steady(roomRate(c), 1),
	}
	for _, day := range c.Campaign.Holidays {
		if day != "jp" {
			r.Off[day] = day
			continue
		}
		for day, name := range handlers.JapaneseHolidays() {
			r.Off[day] = name
		}
	}
	return r
}

// steady is the pace that a limit allows in the long run; burst 1 is for rooms, where
// one follows the other.
func steady(limit func(bot.Lane) int, burst int) func(bot.Lane) int {
	return func(l bot.Lane) int { return coord.Steady(limit(l), burst) }
}

// campaigner is what a command about campaigns works with: the same rules as
// serve, without its ports.
type campaigner struct {
	ctx   context.Context
	store *models.Store
	mind  *handlers.Handlers
	c     Config
}

// withCampaigns runs a command about campaigns beside a serve that may be running.
func (cli *CLI) withCampaigns(out surroundings, do func(campaigner) error) error {
	return cli.withStore(out, func(ctx context.Context, c Config, store *models.Store, clock *Clock) error {
		log := quietLog(out)
		library, _, err := openLibrary(c, clock)
		if err != nil {
			return err
		}
		if _, _, err := overlay(ctx, store, library); err != nil {
			return err
		}
		list, err := platforms(c, clock, log)
		if err != nil {
			return err
		}
		if on, behindLogin := c.PlaygroundOn(); on && !behindLogin {
			play := (&app{config: c, clock: clock, log: log, store: store, library: library}).newPlayground()
			defer play.Close()
			list = append(list, play)
		}
		keys, err := secrets(c)
		if err != nil {
			return err
		}
		mind := handlers.New(handlers.Options{
			Store: store, Library: library, Platforms: list, Vendor: handlers.Vendor{Name: c.Vendor.Name, Desk: c.Vendor.SupportDesk, Zone: c.Zone(), Languages: c.Vendor.Languages},
			PublicURL: c.PublicURL("8080"), Secrets: keys, Connections: connections(c), StaffRooms: staffRooms(c), LinkTTL: c.Links.TTL,
			PersonLevel: c.Privacy.PersonLevel, Campaign: campaignRules(c), Digest: digestOptions(c), Font: line.Font(), Log: log,
		})
		return do(campaigner{ctx: ctx, store: store, mind: mind, c: c})
	})
}

// alone says on standard error that nothing is sent while no serve runs.
func (k campaigner) alone(out surroundings) {
	if n, err := k.store.Processes(k.ctx); err == nil && n == 0 {
		fmt.Fprintln(out.stderr, "akari: no akari serve is running; nothing is sent until one is started")
	}
}
