package lineworks

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"akari/bot"
)

// menuBody is a persistent menu (page bot-persistentmenu-create).
type menuBody struct {
	Content struct {
		Actions []action `json:"actions"`
	} `json:"content"`
}

// EnsureMenu puts up the persistent menu of one-to-one rooms if it is not
// already so. Its label and picture have no place on LINE WORKS. Configuration
// calls of one bot must not run side by side, so they wait for each other.
func (p *Platform) EnsureMenu(ctx context.Context, connection string, m bot.Menu) error {
	c := p.conns[connection]
	if c == nil {
		return fmt.Errorf("LINE WORKS has no connection %q", connection)
	}
	if len(m.Buttons) > maxMenu {
		return fmt.Errorf("the menu has %d buttons, LINE WORKS takes %d", len(m.Buttons), maxMenu)
	}
	var want menuBody
	var err error
	if want.Content.Actions, err = p.actions(m.Buttons); err != nil {
		return fmt.Errorf("the menu of connection %q: %w", c.Key, err)
	}
	c.menu.Lock()
	defer c.menu.Unlock()
	path := botPath(c, "persistentmenu")
	var have menuBody
	if err := p.get(ctx, c, path, &have); err != nil && !missing(err) {
		return fmt.Errorf("while reading the menu of connection %q: %w", c.Key, err)
	}
	if slices.Equal(have.Content.Actions, want.Content.Actions) {
		return nil
	}
	method, body := http.MethodPost, []byte(nil)
	if len(want.Content.Actions) == 0 {
		method = http.MethodDelete
	} else if body, err = encode(want); err != nil {
		return err
	}
	a, _, err := p.authorised(ctx, c, method, path, body)
	if err == nil {
		err = p.plain(a)
	}
	if err != nil {
		return fmt.Errorf("while putting up the menu of connection %q: %w", c.Key, err)
	}
	p.log.Info("menu put up", "platform", Name, "connection", c.Key, "buttons", len(want.Content.Actions))
	return nil
}
