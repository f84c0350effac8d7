package main

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"akari/bot"
	"akari/bot/playground"
	"akari/content"
	"akari/handlers"
	"akari/models"
	"akari/web"
)

// playgroundPeople is how many people the playground lets a visitor be: a list
// that one can still look through.
const playgroundPeople = 40

// personas answers who a visitor of the playground can be: everybody in use, each
// with the rooms that they would see. Staff are in every room.
func personas(store *models.Store, library *content.Library, language string) func(context.Context) ([]playground.Persona, error) {
	return func(ctx context.Context) (list []playground.Persona, err error) {
		err = store.View(ctx, func(t *models.Tx) error {
			partners, err := t.Partners()
			if err != nil {
				return err
			}
			people, err := t.People(playgroundPeople)
			if err != nil {
				return err
			}
			fresh, err := t.RoomAt(bot.Address{Platform: "playground", Connection: "playground", Room: handlers.PlaygroundNewRoom})
			list = cast(partners, people, fresh, func(key string) string { return library.Say(language, key) })
			return err
		})
		return list, err
	}
}

// cast gives everybody their rooms. The new room is open to all until staff have
// said whose it is.
func cast(partners []models.Partner, people []models.Person, fresh models.Room, say func(string) string) []playground.Persona {
	real := len(partners) > 0 && !partners[0].Sample
	byID := map[models.ID]models.Partner{}
	staffRooms := []playground.Room{{ID: handlers.PlaygroundStaffRoom, Name: say("play.kind_staff"), Kind: playground.KindStaff}}
	for i, p := range partners {
		byID[p.ID] = p
		if i < playgroundPeople {
			staffRooms = append(staffRooms, playground.Room{ID: p.Key, Name: p.Name, Kind: playground.KindShared})
		}
	}
	newRoom := playground.Room{ID: handlers.PlaygroundNewRoom, Name: say("play.new_room"), Kind: playground.KindShared}
	staffRooms = append(staffRooms, newRoom)
	var list []playground.Persona
	for _, p := range people {
		one := playground.Persona{User: p.Key, Name: p.Name, Side: p.Side, Role: p.Roles}
		direct := playground.Room{ID: "direct-" + p.Key, Name: playgroundBot, Kind: playground.KindDirect}
		partner, known := byID[p.PartnerID]
		switch {
		case p.Sample == real: // sample people while there are real ones
			continue
		case p.Side == models.SideStaff:
			one.Rooms = append([]playground.Room{direct}, staffRooms...)
		case known:
			one.Partner, one.PartnerName = partner.Key, partner.Name
			one.Rooms = []playground.Room{direct, {ID: partner.Key, Name: partner.Name, Kind: playground.KindShared}}
			if !fresh.Mapped() || fresh.PartnerID == partner.ID {
				one.Rooms = append(one.Rooms, newRoom)
			}
		default:
			continue
		}
		list = append(list, one)
	}
	return list
}

// playPage draws the playground in the language of ?lang= or of the browser.
func playPage(library *content.Library, vendor VendorConfig) http.Handler {
	names := map[string]string{"ja": "日本語", "en": "English"}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		language := pageLanguage(r, vendor.Languages)
		say := func(key string) string { return library.Say(language, key) }
		frame := web.Frame{Lang: language, Title: say("play.title"), Vendor: vendor.Name + " " + vendor.SupportDesk}
		for _, l := range vendor.Languages {
			frame.Langs = append(frame.Langs, web.LangLink{Lang: l, Label: names[l], URL: "/play?lang=" + l, Current: l == language})
		}
		if err := web.Serve(w, http.StatusOK, "play.html", web.NewPlayPage(frame, playgroundBot, say)); err != nil {
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		}
	})
}

// playgroundBot is how one addresses the bot in the playground: @Akari.
const playgroundBot = "Akari"

// pageLanguage is ?lang=, else what the browser prefers among the languages
// offered, else the first of them.
func pageLanguage(r *http.Request, offered []string) string {
	if asked := r.URL.Query().Get("lang"); slices.Contains(offered, asked) {
		return asked
	}
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		base, _, _ := strings.Cut(tag, "-")
		if slices.Contains(offered, base) {
			return base
		}
	}
	return offered[0]
}
