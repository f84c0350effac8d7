package slacktest

import (
	"encoding/json"
	"slices"
	"strings"
)

func (s *Server) authTest(args) (map[string]any, *problem) {
	out := map[string]any{
		"url": s.URL, "team": "Vendor", "user": "akari", "team_id": s.TeamID, "user_id": s.BotUser,
		"bot_id": s.BotID, "is_enterprise_install": false,
	}
	if s.EnterpriseID != "" {
		out["enterprise_id"] = s.EnterpriseID
	}
	return out, nil
}

func (s *Server) botInfo(a args) (map[string]any, *problem) {
	if a.str("bot") != s.BotID {
		return nil, no("bot_not_found")
	}
	return map[string]any{"bot": map[string]any{"id": s.BotID, "app_id": s.AppID, "user_id": s.BotUser, "name": "akari"}}, nil
}

func (s *Server) userInfo(a args) (map[string]any, *problem) {
	u := s.users[a.str("user")]
	if u == nil {
		return nil, no("user_not_found")
	}
	if u.Invisible {
		return nil, no("user_not_visible")
	}
	profile := map[string]any{"team": u.TeamID, "display_name": u.DisplayName, "real_name": u.Name}
	out := map[string]any{"id": u.ID, "team_id": u.TeamID, "name": strings.ToLower(u.ID), "deleted": u.Deleted, "profile": profile}
	if u.EnterpriseID != "" {
		out["enterprise_user"] = map[string]any{"id": u.ID, "enterprise_id": u.EnterpriseID, "teams": []string{u.TeamID}}
	}
	if u.TeamID != s.TeamID {
		// No real_name, locale or zone for people of other organisations.
		out["is_stranger"] = u.Stranger
		return map[string]any{"user": out}, nil
	}
	out["real_name"], out["is_bot"] = u.Name, u.Bot
	out["is_restricted"], out["is_ultra_restricted"] = u.Restricted || u.UltraRestricted, u.UltraRestricted
	if u.Invited {
		out["is_invited_user"] = true
	}
	if a.str("include_locale") == "true" && u.Locale != "" {
		out["locale"] = u.Locale
	}
	return map[string]any{"user": out}, nil
}

func (s *Server) roomInfo(a args) (map[string]any, *problem) {
	c := s.rooms[a.str("channel")]
	if c == nil || c.Private && c.im == "" && !slices.Contains(c.Members, s.BotUser) {
		return nil, no("channel_not_found")
	}
	if c.im != "" {
		return map[string]any{"channel": map[string]any{"id": c.ID, "is_im": true, "user": c.im, "is_archived": false}}, nil
	}
	list := func(ids []string) []string { return append([]string{}, ids...) }
	out := map[string]any{
		"id": c.ID, "name": c.Name, "is_channel": true, "is_private": c.Private, "is_archived": c.Archived,
		"is_member": slices.Contains(c.Members, s.BotUser), "is_ext_shared": c.ExtShared, "is_shared": c.ExtShared,
		"is_org_shared": len(c.InternalTeams) > 1, "is_pending_ext_shared": c.PendingExtShared,
		"context_team_id": s.TeamID, "conversation_host_id": s.TeamID, "shared_team_ids": list(c.SharedTeams),
		"internal_team_ids": list(c.InternalTeams), "pending_connected_team_ids": list(c.PendingTeams), "pending_shared": []string{},
	}
	if c.ExtShared {
		out["connected_team_ids"] = list(c.ConnectedTeams)
	}
	if c.Frozen {
		out["is_frozen"], out["frozen_reason"] = true, "connection_severed"
	}
	if a.str("include_num_members") == "true" {
		out["num_members"] = len(c.Members)
	}
	return map[string]any{"channel": out}, nil
}

func (s *Server) openDirect(a args) (map[string]any, *problem) {
	id := a.str("users")
	u := s.users[id]
	switch {
	case strings.Contains(id, ","):
		return nil, no("invalid_user_combination")
	case u == nil || u.Stranger:
		return nil, no("user_not_found")
	case u.Invisible:
		return nil, no("user_not_visible")
	case u.Deleted:
		return nil, no("user_disabled")
	case u.DMClosed:
		return nil, no("channel_not_found")
	}
	room := directID(id)
	if s.rooms[room] == nil {
		s.rooms[room] = &Channel{ID: room, im: id, Members: []string{id, s.BotUser}, Private: true}
	}
	return map[string]any{"channel": map[string]any{"id": room}}, nil
}

func (s *Server) openView(a args) (map[string]any, *problem) {
	trigger := a.str("trigger_id")
	until, known := s.triggers[trigger]
	switch {
	case !known:
		return nil, no("invalid_trigger_id")
	case until.IsZero():
		return nil, no("trigger_exchanged")
	case s.Now().After(until):
		return nil, no("expired_trigger_id")
	}
	raw := a.raw("view")
	if faults := CheckView(raw); len(faults) > 0 {
		return nil, no("invalid_arguments", faults...)
	}
	var v struct {
		Type     string `json:"type"`
		Callback string `json:"callback_id"`
		Metadata string `json:"private_metadata"`
	}
	if json.Unmarshal(raw, &v) != nil || v.Type != "modal" {
		return nil, no("invalid_arguments", "[ERROR] only modals can be opened")
	}
	s.triggers[trigger] = s.triggers[""] // used
	view := &View{ID: "V" + strings.ToUpper(random(5)), Hash: s.nextTS() + "." + random(4), CallbackID: v.Callback, PrivateMetadata: v.Metadata, Raw: raw}
	s.views[view.ID] = view
	return map[string]any{"view": map[string]any{"id": view.ID, "hash": view.Hash, "type": "modal"}}, nil
}

func (s *Server) publish(a args) (map[string]any, *problem) {
	user := s.users[a.str("user_id")]
	if user == nil || user.Deleted {
		return nil, no("user_not_found")
	}
	raw := a.raw("view")
	if faults := CheckView(raw); len(faults) > 0 {
		return nil, no("invalid_arguments", faults...)
	}
	s.homes[user.ID] = raw
	return map[string]any{"view": map[string]any{"id": "VHOME" + user.ID, "type": "home"}}, nil
}
