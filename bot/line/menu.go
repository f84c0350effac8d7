package line

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"regexp"
	"strings"

	"github.com/line/line-bot-sdk-go/v8/linebot/messaging_api"

	"akari/bot"
)

// The limits of rich menus (ref "Rich menu object", `using-rich-menus`).
const (
	maxMenuImage = 1 << 20
	menuPrefix   = "akari-" // ours, among the account's menus
)

// menuForm keeps a menu's id from changing the path of a call.
var menuForm = regexp.MustCompile(`^richmenu-[0-9a-f]{32}$`)

// EnsureMenu puts up the rich menu everybody sees, once: it is found again by
// its name, which is a hash of all that it holds, because a menu's picture
// cannot be replaced and creating is limited to 100 an hour. Older menus of
// ours are taken down. A menu without a picture gets one of MenuPicture.
func (p *Platform) EnsureMenu(ctx context.Context, connection string, m bot.Menu) error {
	if connection != "" && connection != name {
		return fmt.Errorf("line: there is no connection %q", connection)
	}
	if m.Image == nil {
		picture, err := MenuPicture(m)
		if err != nil {
			return err
		}
		m.Image = picture
	}
	menu, err := richMenu(m)
	if err != nil {
		return err
	}
	have, old, err := p.menus(ctx, menu.Name)
	if err != nil {
		return err
	}
	current, err := p.defaultMenu(ctx)
	if err != nil {
		return err
	}
	if have == "" || have != current {
		if err := p.putUp(ctx, have, menu, m.Image); err != nil {
			return err
		}
	}
	for _, id := range old {
		if err := p.takeDown(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// putUp creates the menu if have is empty, and makes it everybody's.
func (p *Platform) putUp(ctx context.Context, have string, menu *messaging_api.RichMenuRequest, picture []byte) error {
	if have == "" {
		res, err := p.call(ctx, func(api *messaging_api.MessagingApiAPI) (*http.Response, error) {
			res, out, err := api.CreateRichMenuWithHttpInfo(menu)
			if err == nil {
				have = out.RichMenuId
			}
			return res, err
		})
		if err := p.question("a new rich menu", res, err); err != nil {
			return err
		}
		if !menuForm.MatchString(have) {
			return errors.New("line: the new rich menu has an id of an unknown form")
		}
	}
	// A menu found again may have been left without its picture by a crash; one
	// that has a picture refuses a second with 400, which is as good.
	res, err := p.blob(ctx, func(api *messaging_api.MessagingApiBlobAPI) (*http.Response, error) {
		res, _, err := api.SetRichMenuImageWithHttpInfo(have, "image/png", bytes.NewReader(picture))
		return res, err
	})
	if err != nil && (res == nil || res.status != http.StatusBadRequest) {
		return p.question("the rich menu's picture", res, err)
	}
	res, err = p.call(ctx, func(api *messaging_api.MessagingApiAPI) (*http.Response, error) {
		res, _, err := api.SetDefaultRichMenuWithHttpInfo(have)
		return res, err
	})
	return p.question("the default rich menu", res, err)
}

// menus answers the id of the menu of that name, and of all others of ours.
func (p *Platform) menus(ctx context.Context, wanted string) (have string, old []string, err error) {
	var list []messaging_api.RichMenuResponse
	res, err := p.call(ctx, func(api *messaging_api.MessagingApiAPI) (*http.Response, error) {
		res, out, err := api.GetRichMenuListWithHttpInfo()
		if err == nil {
			list = out.Richmenus
		}
		return res, err
	})
	if err := p.question("the rich menus", res, err); err != nil {
		return "", nil, err
	}
	for _, m := range list {
		switch {
		case !menuForm.MatchString(m.RichMenuId):
		case m.Name == wanted && have == "":
			have = m.RichMenuId
		case strings.HasPrefix(m.Name, menuPrefix):
			old = append(old, m.RichMenuId)
		}
	}
	return have, old, nil
}

func (p *Platform) defaultMenu(ctx context.Context) (string, error) {
	var id string
	res, err := p.call(ctx, func(api *messaging_api.MessagingApiAPI) (*http.Response, error) {
		res, out, err := api.GetDefaultRichMenuIdWithHttpInfo()
		if err == nil {
			id = out.RichMenuId
		}
		return res, err
	})
	if res != nil && res.status == http.StatusNotFound { // none is set
		return "", nil
	}
	return id, p.question("the default rich menu", res, err)
}

func (p *Platform) takeDown(ctx context.Context, id string) error {
	res, err := p.call(ctx, func(api *messaging_api.MessagingApiAPI) (*http.Response, error) {
		res, _, err := api.DeleteRichMenuWithHttpInfo(id)
		return res, err
	})
	if res != nil && res.status == http.StatusNotFound { // another process was faster
		return nil
	}
	return p.question("an old rich menu", res, err)
}

// blob is call for the address that takes files.
func (p *Platform) blob(ctx context.Context, f func(*messaging_api.MessagingApiBlobAPI) (*http.Response, error)) (*answer, error) {
	return p.withToken(ctx, func(token string) (*http.Response, error) {
		api, err := messaging_api.NewMessagingApiBlobAPI(token, messaging_api.WithBlobEndpoint(p.o.DataAPIURL), messaging_api.WithBlobHTTPClient(p.client))
		if err != nil {
			return nil, &preparation{fmt.Errorf("line: line.data_api_url is no address: %w", err)}
		}
		return f(api.WithContext(ctx))
	})
}

// richMenu lays the buttons over the picture.
func richMenu(m bot.Menu) (*messaging_api.RichMenuRequest, error) {
	if len(m.Buttons) == 0 || len(m.Buttons) > 4 {
		return nil, fmt.Errorf("line: a menu of %d buttons, there must be 1 to 4", len(m.Buttons))
	}
	size, err := png.DecodeConfig(bytes.NewReader(m.Image))
	switch {
	case err != nil:
		return nil, errors.New("line: the menu's picture is no PNG")
	case len(m.Image) > maxMenuImage:
		return nil, fmt.Errorf("line: the menu's picture is %d bytes, at most %d", len(m.Image), maxMenuImage)
	case size.Width < 800 || size.Width > 2500 || size.Height < 250 || float64(size.Width)/float64(size.Height) < 1.45:
		return nil, fmt.Errorf("line: the menu's picture is %d x %d; it must be 800 to 2500 wide, at least 250 high, and at least 1.45 times as wide as high", size.Width, size.Height)
	}
	menu := &messaging_api.RichMenuRequest{
		Size:        &messaging_api.RichMenuSize{Width: int64(size.Width), Height: int64(size.Height)},
		Selected:    true,
		ChatBarText: bot.UTF16.Shorten(m.Label, 14),
	}
	if err := checkButtons(bot.Message{Buttons: m.Buttons}); err != nil {
		return nil, fmt.Errorf("line: the menu: %w", err)
	}
	for i, r := range menuAreas(len(m.Buttons), size.Width, size.Height) {
		b := m.Buttons[i]
		b.Label = bot.UTF16.Shorten(b.Label, 20)
		menu.Areas = append(menu.Areas, messaging_api.RichMenuArea{
			Bounds: &messaging_api.RichMenuBounds{X: int64(r.Min.X), Y: int64(r.Min.Y), Width: int64(r.Dx()), Height: int64(r.Dy())},
			Action: action(b),
		})
	}
	told, err := json.Marshal(menu)
	if err != nil {
		return nil, fmt.Errorf("line: the menu: %w", err)
	}
	sum := sha256.Sum256(append(told, m.Image...))
	menu.Name = menuPrefix + hex.EncodeToString(sum[:12])
	return menu, nil
}

// menuAreas are where n buttons lie: two by two if there are four and the
// picture is not a narrow band, else side by side.
func menuAreas(n, width, height int) []image.Rectangle {
	columns, rows := n, 1
	if n == 4 && width < 3*height {
		columns, rows = 2, 2
	}
	var out []image.Rectangle
	for i := range n {
		x, y := i%columns, i/columns
		out = append(out, image.Rect(x*width/columns, y*height/rows, (x+1)*width/columns, (y+1)*height/rows))
	}
	return out
}
