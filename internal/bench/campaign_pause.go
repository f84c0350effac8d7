package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"akari/bot/slack/slacktest"
	"akari/models"
)

// pauseMoments is how often a campaign is paused in the middle, at random moments.
const pauseMoments = 50

// paused launches another campaign to the same crowd, presses 一時停止 on its board again
// and again, and prints how long after the press the last message arrived anywhere.
func (c *campaignTown) paused(ctx context.Context) error {
	id, err := c.launch(ctx, "{all: true}")
	if err != nil {
		return err
	}
	if _, err := c.await(ctx, id, 2*time.Minute, models.CampaignRunning); err != nil {
		return err
	}
	press, err := c.presser(ctx, id)
	if err != nil {
		return err
	}
	var took []time.Duration
	busy, late, sofar := 0, 0, 0
	for range pauseMoments {
		time.Sleep(time.Duration(rand.IntN(400)) * time.Millisecond)
		at, err := press("campaign.pause")
		if err != nil {
			return err
		}
		if over, err := c.await(ctx, id, time.Minute, models.CampaignPaused, models.CampaignFinished); err != nil || over.State == models.CampaignFinished {
			return errors.Join(err, c.pauses(took, busy, late))
		}
		if err := c.landed(ctx, id); err != nil {
			return err
		}
		n, last := c.posts()
		time.Sleep(time.Duration(50+rand.IntN(150)) * time.Millisecond)
		if more, _ := c.posts(); more != n {
			late++
		}
		took = append(took, max(0, last.Sub(at)))
		if n > sofar {
			busy, sofar = busy+1, n
		}
		if _, err := press("campaign.resume"); err != nil {
			return err
		}
		if _, err := c.await(ctx, id, time.Minute, models.CampaignRunning, models.CampaignFinished); err != nil {
			return err
		}
	}
	if _, err := press("campaign.cancel"); err != nil {
		return err
	}
	return c.pauses(took, busy, late)
}

func (c *campaignTown) pauses(took []time.Duration, busy, late int) error {
	if len(took) == 0 {
		return errors.New("the campaign was over before it was paused")
	}
	slices.Sort(took)
	worst := took[len(took)-1]
	beside(fmt.Sprintf("from the press of pause to the last message, %d times", len(took)), worst.Round(time.Millisecond).String(),
		fmt.Sprintf("≤ 2 s; median %v; %d of them stopped something, after %d something left all the same", took[len(took)/2].Round(time.Millisecond), busy, late), worst <= 2*time.Second && late == 0)
	return nil
}

// presser presses buttons on the message in the staff's room that shows a campaign, again
// where a busy machine answers 503, and tells when the press was made that was taken.
func (c *campaignTown) presser(ctx context.Context, id int64) (func(name string) (time.Time, error), error) {
	call := c.Slack.Caller(c.p.URL)
	for end := time.Now().Add(time.Minute); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(sampleEvery) {
		for _, m := range c.Slack.Messages("C0STAFF") {
			i := slices.IndexFunc(m.Buttons(), func(b slacktest.Button) bool {
				return strings.HasPrefix(b.Value, "campaign.pause") && strings.Contains(b.Value, fmt.Sprintf("c=%d&", id))
			})
			if i < 0 {
				continue
			}
			pause := m.Buttons()[i]
			return func(name string) (time.Time, error) {
				b := pause
				b.Value = strings.Replace(b.Value, "campaign.pause", name, 1)
				for end := time.Now().Add(time.Minute); ; {
					at := time.Now()
					sent := call.Interact(call.Pressed("U0BOSS", "C0STAFF", m, b))
					if sent.OK() {
						return at, nil
					}
					if sent.Status != http.StatusServiceUnavailable || at.After(end) {
						return at, errors.Join(fmt.Errorf("%s was answered with %d", name, sent.Status), sent.Err)
					}
				}
			}, nil
		}
	}
	return nil, errors.New("the campaign has no board in the staff's room")
}

// landed waits until nothing of a campaign is on its way.
func (c *campaignTown) landed(ctx context.Context, id int64) error {
	for end := time.Now().Add(time.Minute); ; time.Sleep(sampleEvery) {
		var r models.CampaignReport
		err := c.store.View(ctx, func(tx *models.Tx) (err error) { r, err = tx.Progress(id); return err })
		if err != nil || r.Sending == 0 {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("%d are on their way for a minute", r.Sending)
		}
	}
}

// posts counts what has arrived for the crowd on any platform, and when the last did.
func (c *campaignTown) posts() (n int, last time.Time) {
	note := func(at time.Time) {
		n++
		if at.After(last) {
			last = at
		}
	}
	for _, p := range c.Slack.Calls("chat.postMessage") {
		if to, _ := p.Args["channel"].(string); p.Applied && (strings.HasPrefix(to, "D0C") || strings.HasPrefix(to, "U0C")) {
			note(p.At)
		}
	}
	for _, s := range c.Line.Sent() {
		note(s.At)
	}
	for _, s := range c.Works.Sent() {
		note(s.At)
	}
	return n, last
}
