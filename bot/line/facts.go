package line

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/line/line-bot-sdk-go/v8/linebot/messaging_api"

	"akari/bot"
)

// Person is the profile of a friend. LINE knows no organisations, so nobody is
// Home or External here. A stranger, or one who blocked us, is Gone
// (ref "Get profile": 404).
func (p *Platform) Person(ctx context.Context, who bot.Identity) (bot.PersonFact, error) {
	if !idForm.MatchString(who.User) || who.User[0] != 'U' {
		return bot.PersonFact{}, errors.New("line: that is no user id")
	}
	var fact bot.PersonFact
	res, err := p.call(ctx, func(api *messaging_api.MessagingApiAPI) (*http.Response, error) {
		res, out, err := api.GetProfileWithHttpInfo(who.User)
		if err == nil {
			fact = bot.PersonFact{Name: out.DisplayName, Language: out.Language}
		}
		return res, err
	})
	if res != nil && res.status == http.StatusNotFound {
		return bot.PersonFact{Gone: true}, nil
	}
	return fact, p.question("the profile", res, err)
}

// Room is a group's summary and size. LINE does not tell whose people are in
// it, so Orgs stays empty. A group that does not know us has Member false.
func (p *Platform) Room(ctx context.Context, at bot.Address) (bot.RoomFact, error) {
	if !idForm.MatchString(at.Room) || at.Room[0] == 'U' {
		return bot.RoomFact{}, errors.New("line: that is no group or room id")
	}
	fact := bot.RoomFact{Member: true, Private: true}
	count := func(api *messaging_api.MessagingApiAPI) (*http.Response, error) {
		if at.Room[0] == 'R' { // a multi-person chat has no summary
			res, out, err := api.GetRoomMemberCountWithHttpInfo(at.Room)
			if err == nil {
				fact.Members = int(out.Count)
			}
			return res, err
		}
		res, out, err := api.GetGroupMemberCountWithHttpInfo(at.Room)
		if err == nil {
			fact.Members = int(out.Count)
		}
		return res, err
	}
	summary := func(api *messaging_api.MessagingApiAPI) (*http.Response, error) {
		res, out, err := api.GetGroupSummaryWithHttpInfo(at.Room)
		if err == nil {
			fact.Name = out.GroupName
		}
		return res, err
	}
	calls := []func(*messaging_api.MessagingApiAPI) (*http.Response, error){count}
	if at.Room[0] == 'C' {
		calls = append(calls, summary) //nolint:bodyclose // withToken closes it
	}
	for _, f := range calls {
		res, err := p.call(ctx, f)
		if res != nil && (res.status == http.StatusNotFound || res.status == http.StatusBadRequest) {
			return bot.RoomFact{}, nil
		}
		if err := p.question("the group", res, err); err != nil {
			return bot.RoomFact{}, err
		}
	}
	return fact, nil
}

// question words the failure of a call that only asks. The SDK's error quotes
// the answer, so it stays here.
func (p *Platform) question(what string, res *answer, err error) error {
	switch {
	case err == nil:
		return nil
	case res == nil:
		var before *preparation
		if errors.As(err, &before) {
			return before.error
		}
		return fmt.Errorf("line: asking for %s: %w", what, withoutAddress(err))
	case res.status/100 == 2:
		return fmt.Errorf("line: the answer to asking for %s cannot be read", what)
	}
	failed := failure(res, p.o.Now())
	var doubt *bot.InDoubt
	if errors.As(failed, &doubt) { // a question may be asked again
		return doubt.Err
	}
	return fmt.Errorf("line: asking for %s: %w", what, failed)
}

// Check says who we are, whether webhooks reach us, and how much of the
// month's quota is left.
func (p *Platform) Check(ctx context.Context) []bot.CheckLine {
	line := bot.CheckLine{Connection: name}
	var says []string
	for _, f := range []func(*messaging_api.MessagingApiAPI) (string, *http.Response, error){askBot, askWebhook, askQuota} {
		var said string
		res, err := p.call(ctx, func(api *messaging_api.MessagingApiAPI) (*http.Response, error) {
			var res *http.Response
			var err error
			said, res, err = f(api)
			return res, err
		})
		var wrong *advice
		if errors.As(err, &wrong) {
			line.Err = errors.Join(line.Err, err)
		} else if err := p.question(said, res, err); err != nil {
			line.Err = errors.Join(line.Err, err)
			continue
		}
		says = append(says, said)
	}
	line.Who = strings.Join(says, "; ")
	return []bot.CheckLine{line}
}

// advice is a finding that is no failure of the call.
type advice struct{ what string }

func (e *advice) Error() string { return "line: " + e.what }

func askBot(api *messaging_api.MessagingApiAPI) (string, *http.Response, error) {
	res, out, err := api.GetBotInfoWithHttpInfo()
	if err != nil {
		return "the bot's name", res, err
	}
	return fmt.Sprintf("%s (%s)", out.DisplayName, out.BasicId), res, nil
}

func askWebhook(api *messaging_api.MessagingApiAPI) (string, *http.Response, error) {
	res, out, err := api.GetWebhookEndpointWithHttpInfo()
	switch {
	case res != nil && res.StatusCode == http.StatusNotFound:
		return "no webhook", res, &advice{"no webhook address is set; enter https://HOST/hooks/line in the console's Messaging API tab"}
	case err != nil:
		return "the webhook", res, err
	}
	said := "webhook " + out.Endpoint
	switch {
	case !out.Active:
		return said, res, &advice{"the webhook is switched off; switch on \"Use webhook\" in the console's Messaging API tab"}
	case !strings.HasSuffix(out.Endpoint, "/hooks/line"):
		return said, res, &advice{"the webhook address does not end in /hooks/line; correct it in the console's Messaging API tab"}
	}
	return said, res, nil
}

func askQuota(api *messaging_api.MessagingApiAPI) (string, *http.Response, error) {
	res, quota, err := api.GetMessageQuotaWithHttpInfo()
	if err != nil {
		return "the quota", res, err
	}
	res, used, err := api.GetMessageQuotaConsumptionWithHttpInfo()
	if err != nil {
		return "the quota's use", res, err
	}
	if quota.Type == messaging_api.QuotaType_NONE {
		return fmt.Sprintf("%d pushes this month, no limit", used.TotalUsage), res, nil
	}
	said := fmt.Sprintf("%d of %d pushes of this month used", used.TotalUsage, quota.Value)
	if used.TotalUsage*100 >= quota.Value*95 {
		return said, res, &advice{said + "; pushes will be refused until next month, replies still work; see docs/setup/line.md"}
	}
	return said, res, nil
}
