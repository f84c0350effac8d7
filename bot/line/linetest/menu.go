package linetest

import (
	"bytes"
	"encoding/json"
	"image/png"
	"net/http"
)

type menu struct {
	id, name string
	menu     json.RawMessage
	picture  []byte
}

// Menu is a rich menu that was put up.
type Menu struct {
	ID, Name string
	Menu     json.RawMessage
	Picture  []byte
	Default  bool
}

// Menus are the rich menus there are.
func (s *Server) Menus() []Menu {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Menu
	for _, m := range s.menus {
		out = append(out, Menu{m.id, m.name, m.menu, m.picture, m.id == s.current})
	}
	return out
}

func (s *Server) menuRoutes(api func(string, func(*request))) {
	api("POST /v2/bot/richmenu", func(r *request) {
		if !r.shaped("RichMenuRequest") {
			return
		}
		var named struct {
			Name        string `json:"name"`
			ChatBarText string `json:"chatBarText"`
		}
		if err := json.Unmarshal(r.body, &named); err != nil || named.Name == "" || units(named.Name) > 300 || named.ChatBarText == "" || units(named.ChatBarText) > 14 {
			r.broke("the name or chatBarText of a rich menu")
			return
		}
		m := &menu{id: "richmenu-" + random(16), name: named.Name, menu: r.body}
		s.menus = append(s.menus, m)
		r.answer = map[string]any{"richMenuId": m.id}
	})
	api("GET /v2/bot/richmenu/list", func(r *request) {
		list := []any{}
		for _, m := range s.menus {
			var v map[string]any
			if json.Unmarshal(m.menu, &v) == nil {
				v["richMenuId"] = m.id
				list = append(list, v)
			}
		}
		r.answer = map[string]any{"richmenus": list}
	})
	api("POST /v2/bot/richmenu/{id}/content", s.menuPicture)
	api("POST /v2/bot/user/all/richmenu/{id}", func(r *request) {
		switch m := s.menu(r.r.PathValue("id")); {
		case m == nil:
			r.fail(http.StatusNotFound, "richmenu not found")
		case m.picture == nil:
			r.fail(http.StatusBadRequest, "must upload richmenu image before applying it to user")
		default:
			s.current = m.id
		}
	})
	api("GET /v2/bot/user/all/richmenu", func(r *request) {
		if s.current == "" {
			r.fail(http.StatusNotFound, "no default richmenu")
			return
		}
		r.answer = map[string]any{"richMenuId": s.current}
	})
	api("DELETE /v2/bot/richmenu/{id}", func(r *request) {
		id := r.r.PathValue("id")
		for i, m := range s.menus {
			if m.id == id {
				s.menus = append(s.menus[:i:i], s.menus[i+1:]...)
				return
			}
		}
		r.fail(http.StatusNotFound, "richmenu not found")
	})
}

func (s *Server) menu(id string) *menu {
	for _, m := range s.menus {
		if m.id == id {
			return m
		}
	}
	return nil
}

// menuPicture holds the picture to the size the menu was created with.
func (s *Server) menuPicture(r *request) {
	m := s.menu(r.r.PathValue("id"))
	if m == nil {
		r.fail(http.StatusNotFound, "richmenu not found")
		return
	}
	if m.picture != nil {
		r.fail(http.StatusBadRequest, "An image has already been uploaded to the richmenu")
		return
	}
	var sized struct {
		Size struct{ Width, Height int } `json:"size"`
	}
	config, err := png.DecodeConfig(bytes.NewReader(r.body))
	switch {
	case r.r.Header.Get("Content-Type") != "image/png" || err != nil || len(r.body) > 1<<20:
		r.broke("the picture of a rich menu is no PNG of at most 1 MB")
	case json.Unmarshal(m.menu, &sized) != nil || config.Width != sized.Size.Width || config.Height != sized.Size.Height:
		r.broke("the picture of a rich menu has not the menu's size")
	default:
		m.picture = r.body
	}
}
