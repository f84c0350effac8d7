package handlers

import (
	"net/url"

	"akari/bot"
	"akari/models"
	"akari/web"
)

// sessionsList is who is in the staff pages now.
func (v *staffView) sessionsList() error {
	open, err := v.tx.OpenStaffSessions()
	if err != nil {
		return err
	}
	t := &web.StaffTable{Caption: v.say("staff.sessions"), Columns: v.heads("person", "platform", "entered", "seen", "ends")}
	for _, s := range open {
		t.Rows = append(t.Rows, []web.Cell{{Text: s.Name, Sub: s.Department}, {Text: v.say("platform." + s.Platform)}, {Text: v.when(s.CreatedAt)}, {Text: v.when(s.SeenAt)}, {Text: v.when(s.ExpiresAt)}})
	}
	v.add(web.StaffBlock{Title: v.say("staff.sessions"), Note: v.say("staff.sessions_note"), Table: t, Links: v.exports()})
	return nil
}

// sessionsEdit ends everything that somebody has open: a lost telephone, a
// borrowed machine.
func (v *staffView) sessionsEdit() (*staffEdit, error) {
	open, err := v.tx.OpenStaffSessions()
	if err != nil {
		return nil, err
	}
	whose, seen := v.field(bot.Choice, "session_of"), map[string]models.ID{}
	for _, s := range open {
		if _, twice := seen[s.Key]; !twice {
			whose.Options = append(whose.Options, bot.Option{Label: s.Name, Value: s.Key})
		}
		seen[s.Key] = s.PersonID
	}
	return &staffEdit{title: v.say("edit.sessions_title"), text: v.say("edit.sessions_text"), object: "session", fields: []bot.Field{required(whose)}, acts: []staffAct{
		{name: "staff.end", label: v.say("edit.sessions_end"), style: "danger", do: func(args url.Values) (string, error) {
			id, ok := seen[args.Get("session_of")]
			if !ok {
				return "", nil // told as no choice
			}
			v.object = "person:" + id.String()
			_, err := v.tx.EndStaffSessionsOf(id)
			return saved("/staff/sessions", "ended"), err
		}},
	}}, nil
}
