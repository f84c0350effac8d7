package playground_test

import (
	"context"
	"encoding/json"
	"net/http"

	"akari/bot"
)

// narrow is another platform to look at messages on: little room, no cards with
// pictures, no forms.
type narrow struct{ bot.Platform }

func (narrow) Name() string { return "slack" }

func (narrow) Limits() bot.Limits {
	return bot.Limits{Unit: bot.Runes, Text: 2000, TextButtons: 300, TextCards: -1, Buttons: 2, ButtonLabel: 10, Cards: 2, CardTitle: 20, CardText: 40, CardButtons: 1, PerCall: 1}
}

func (narrow) Render(d bot.Delivery) ([]byte, error) {
	return json.Marshal(map[string]any{"to": d.To.Room, "content": d.Parts[0].Text})
}

func (narrow) Hear(*http.Request) ([]bot.Inbound, error) { return nil, bot.ErrNoConnection }
func (narrow) Send(context.Context, bot.Delivery) (string, error) {
	return "", &bot.Refused{Code: "preview"}
}
func (narrow) Answer(bot.Inbound, bot.Outcome) (int, string, []byte) { return http.StatusOK, "", nil }
func (narrow) Operation(bot.Delivery) string                         { return "messages" }
