package line

import (
	"context"
	"net/http"

	"akari/bot"

	"github.com/line/line-bot-sdk-go/v8/linebot/messaging_api"
)

var _ bot.Quoter = (*Platform)(nil)

// Quota implements bot.Quoter: the month's quota of pushes and how much of it is
// used (Messaging API reference, "Get the target limit for sending messages this
// month" and "Get number of messages sent this month"). LINE's count may lag.
func (p *Platform) Quota(ctx context.Context) (most, used int64, limited bool, err error) {
	for _, ask := range []func(*messaging_api.MessagingApiAPI) (*http.Response, error){
		func(api *messaging_api.MessagingApiAPI) (*http.Response, error) {
			res, quota, err := api.GetMessageQuotaWithHttpInfo()
			if err == nil {
				most, limited = quota.Value, quota.Type != messaging_api.QuotaType_NONE
			}
			return res, err
		},
		func(api *messaging_api.MessagingApiAPI) (*http.Response, error) {
			res, n, err := api.GetMessageQuotaConsumptionWithHttpInfo()
			if err == nil {
				used = n.TotalUsage
			}
			return res, err
		},
	} {
		res, err := p.call(ctx, ask)
		if err := p.question("the quota", res, err); err != nil {
			return 0, 0, false, err
		}
	}
	return most, used, limited, nil
}
