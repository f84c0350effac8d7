package models_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"akari/models"
	"akari/models/modelstest"
)

// What columns of text and bytes may say who somebody is. Every such column of the
// schema stands in one of the two lists: a new one has to be thought about. Ids
// (16 bytes, called id, …_id or …_by) are pseudonyms and stay.

// telling can say who somebody is, or what they wrote: after erasing it does not. The
// text fills the column of the person's rows; @ is replaced by a trace of its own,
// KEY by their key.
var telling = map[string]string{
	"people.key": "KEY", "people.name": "@", "people.department": "@",
	"accounts.user": "@", "accounts.fact": `{"Name":"@"}`, "accounts.claim": "@",
	"texts.body":      "@ の件でご連絡ください",
	"waiting.user":    "", // found by it: filled by live
	"drafts.user":     "", // the same
	"waiting.inbound": "", "waiting.source_key": "@",
	"drafts.form": `{"Text":"@"}`, "drafts.at": `{"Platform":"slack","User":"@"}`,
	"deliveries.address": "slack:@", "deliveries.room": "@", "deliveries.user": "@", "deliveries.thread": "@", "deliveries.body": `[{"Text":"@"}]`, "deliveries.sealed": "@", "deliveries.ref": "@",
	"deliveries.reply_token": "@", "deliveries.reply_url": "https://hooks.example/@", "deliveries.platform_message_id": "@", "deliveries.fallback_room": "",
	"gap_askers.at":          `{"Platform":"slack","User":"@"}`,
	"campaign_cards.address": "slack:@", "campaign_cards.at": `{"User":"@"}`, "campaign_cards.shown": "@",
	"campaigns.spec":         `{"title":"x","owner":"KEY","audience":{"people":["KEY"],"owners":["KEY"]}}`,
	"audiences.rule":         `{"people":["KEY"]}`,
	"overlays.body":          `{"key":"q9","owner":{"person":"KEY"}}`,
	"material_versions.body": `{"key":"m9","owner":{"person":"KEY"}}`,
}

// silent can not, and why is known: names of things, states, languages, hashes that are
// keyed or of bytes, and texts of the vendor's own (docs/privacy.md).
var silent = []string{
	"accounts.connection", "accounts.platform", "acks.live", "acks.material_key", "acks.platform", "acks.visit", "agents.agent", "agents.hash", "audiences.key", "audiences.name",
	"audit.action", "audit.detail", "audit.object", "audit.result", "audit.role", "campaign_cards.kind", "campaign_cards.language", "campaign_materials.material_key",
	"campaigns.class", "campaigns.dedupe", "campaigns.paused_from", "campaigns.state", "campaigns.title", "campaigns.to_kind", "campaigns.why", "clocks.name",
	"deliveries.act", "deliveries.connection", "deliveries.error_code", "deliveries.guard", "deliveries.key", "deliveries.material_key", "deliveries.operation", "deliveries.platform", "deliveries.state", "deliveries.via",
	"digests.audience", "digests.error_code", "digests.iso_week", "digests.said", "digests.state", "drafts.connection", "drafts.name", "drafts.platform", "erasures.key_hash",
	"events.class", "events.connection", "events.detail", "events.effect_key", "events.kind", "events.object_key", "events.object_kind", "events.outcome", "events.platform", "events.source_key", "events.visit",
	"gaps.department", "gaps.entry_key", "gaps.language", "gaps.open_hash", "gaps.status", "goose_lock.name", "holidays.day", "holidays.name", "invitations.code_hash", "lessons.entry_key", "lessons.hash", "lessons.kind", "lessons.verdict", "link_materials.material_key",
	"links.language", "links.material_key", "links.purpose", "material_versions.material_key", "outcomes.closed_on", "outcomes.currency", "outcomes.materials", "outcomes.stage", "outcomes.title",
	"overlays.key", "overlays.kind", "overlays.source", "owners.department", "owners.kind", "owners.object_key", "owners.source", "partner_days.day", "partner_orgs.org", "partner_orgs.platform",
	"partners.department", "partners.key", "partners.language", "partners.name", "partners.region", "partners.tags", "partners.tier", "partners.time_zone", "pauses.connection", "pauses.operation", "pauses.platform",
	"people.language", "people.roles", "people.side", "quotas.connection", "quotas.platform", "readers.visit", "recipients.kind", "recipients.reason", "retention.name",
	"rooms.connection", "rooms.fact", "rooms.kind", "rooms.name", "rooms.platform", "rooms.room", "staff_entries.platform", "staff_sessions.hash", "staff_sessions.old_hash", "staff_sessions.platform",
	"texts.kind", "texts.message_hash", "uses.live", "uses.material_key", "uses.platform", "uses.visit", "versions.name", "visit_classes.class", "visit_classes.visit",
	"visits.class", "visits.facts", "visits.network", "visits.reason", "visits.visit", "waiting.connection", "waiting.platform", "weekly.metric",
}

// textColumns are all columns of text and bytes but ids, as table.column.
func textColumns(t *testing.T, driver, dsn string) (out []string) {
	t.Helper()
	list := "SELECT m.name || '.' || p.name AS c FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND p.type IN ('TEXT','BLOB')"
	if driver == "mysql" {
		list = "SELECT CONCAT(c.table_name, '.', c.column_name) AS c FROM information_schema.columns c JOIN information_schema.tables b ON b.table_schema = c.table_schema AND b.table_name = c.table_name" +
			" WHERE c.table_schema = DATABASE() AND b.table_type = 'BASE TABLE' AND c.data_type IN ('char','varchar','tinytext','text','mediumtext','longtext','binary','varbinary','tinyblob','blob','mediumblob','longblob','json')"
	}
	for _, row := range modelstest.Table(t, driver, dsn, list) {
		if c := row["c"]; !strings.HasSuffix(c, ".id") && !strings.HasSuffix(c, "_id") && !strings.HasSuffix(c, "_by") || c == "deliveries.platform_message_id" {
			out = append(out, c)
		}
	}
	if len(out) < 100 {
		t.Fatalf("only %d columns: %v", len(out), out)
	}
	return out
}

// Every column that can say who somebody is is filled for a person; after erasing
// them it says nothing.
func TestErasingEmptiesEveryColumnThatTells(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		s, dsn := small(t, driver, time.Now)
		live(t, s)
		tanaka := person(t, s, "tanaka-hanako")
		columns := textColumns(t, driver, dsn)
		for _, c := range columns {
			_, tells := telling[c]
			if tells == slices.Contains(silent, c) {
				t.Errorf("%s stands in %v of the two lists: say whether it can tell who somebody is; if so, erasing has to empty it", c, map[bool]string{true: "both", false: "none"}[tells])
			}
		}
		for _, c := range append(slices.Collect(keysOf(telling)), silent...) {
			if !slices.Contains(columns, c) && c != "goose_lock.name" {
				t.Errorf("there is no column %s", c)
			}
		}
		db := modelstest.Raw(t, driver, dsn)
		hex := "x'" + tanaka.ID.String() + "'"
		now := "'" + time.Now().UTC().Format(time.DateTime) + "'"
		for _, sql := range []string{
			"INSERT INTO campaigns (title,class,to_kind,state,paused_from,why,epoch,version,spec,created_by,owner_id,created_at,updated_at) VALUES ('x','info','people','draft','','',1,1,'{}'," + hex + "," + hex + "," + now + "," + now + ")",
			"INSERT INTO audiences (`key`,name,rule,created_by,created_at,updated_at) VALUES ('a','x','{}'," + hex + "," + now + "," + now + ")",
			"INSERT INTO overlays (kind,`key`,body,removed,source,updated_by,updated_at) VALUES ('faq','q9','{}',0,'staff'," + hex + "," + now + ")",
			"INSERT INTO material_versions (material_key,version,body,replaced_at) VALUES ('m9',1,'{}'," + now + ")",
			"INSERT INTO campaign_cards (id,campaign_id,kind,person_id,address,at,language,shown,epoch,look_at,created_at) VALUES (" + hex + ",1,'preview'," + hex + ",'','','ja','',1," + now + "," + now + ")",
			"INSERT INTO staff_sessions (id,hash,person_id,platform,created_at,seen_at,turned_at,expires_at) VALUES (" + hex + ",'0123456789abcdef0123456789abcdef'," + hex + ",'slack'," + now + "," + now + "," + now + "," + now + ")",
			"INSERT INTO staff_entries (id,person_id,platform,created_at,expires_at) VALUES (" + hex + "," + hex + ",'slack'," + now + "," + now + ")",
			"INSERT INTO owners (kind,object_key,from_at,person_id,department,source,by_id) VALUES ('entry','q9'," + now + "," + hex + ",'','hand'," + hex + ")",
			// A form and a message of staff that name the person by their id.
			"INSERT INTO drafts (id,name,platform,connection,user,form,at,created_at,expires_at,epoch) VALUES (" + hex + ",'owner.hand','slack','slack','U0ITO','{\"Text\":\"trace-quoted\",\"Args\":{\"o\":[\"" + tanaka.ID.String() + "\"]}}','{}'," + now + "," + now + ",1)",
		} {
			if _, err := db.Exec(sql); err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
		}
		mine := map[string]string{"people": "id = " + hex, "waiting": "1 = 1", "drafts": "person_id = " + hex, "campaigns": "1 = 1", "audiences": "1 = 1", "overlays": "1 = 1", "material_versions": "1 = 1",
			"deliveries": "person_id = " + hex + " AND direct = 1", "accounts": "person_id = " + hex + " AND platform = 'lineworks'"}
		var traces []string
		for c, fill := range telling {
			if fill == "" || fill == "KEY" {
				continue
			}
			table, column, _ := strings.Cut(c, ".")
			trace := "trace-" + strings.ReplaceAll(strings.ReplaceAll(c, ".", "-"), "_", "-")
			where := mine[table]
			if where == "" {
				where = "person_id = " + hex
			}
			if c == "deliveries.address" || c == "deliveries.body" { // one row each: the address is unique, and only what is open has a body
				where += map[string]string{"deliveries.address": " AND state = 'sent'", "deliveries.body": " AND state = 'queued'"}[c]
			}
			if strings.Contains(fill, "@") {
				traces = append(traces, trace)
			}
			fill = strings.NewReplacer("@", trace, "KEY", "tanaka-hanako").Replace(fill)
			r, err := db.Exec("UPDATE "+table+" SET `"+column+"` = ? WHERE "+where, fill)
			if err != nil {
				t.Fatalf("%s: %v", c, err)
			}
			if n, _ := r.RowsAffected(); n == 0 {
				t.Errorf("%s: there is no row to fill", c)
			}
		}
		hits := strings.Join(modelstest.Search(t, driver, dsn, append(traces, "tanaka-hanako", "trace-quoted")...), "\n")
		for c := range telling {
			if !strings.Contains(hits, c+": ") && telling[c] != "" {
				t.Errorf("%s is not filled, so this proves nothing of it", c)
			}
		}
		before := map[string]string{}
		for _, q := range counted {
			before[q] = fmt.Sprint(modelstest.Table(t, driver, dsn, q))
		}
		if _, err := s.ErasePerson(context.Background(), "tanaka-hanako", [][]byte{[]byte("fedcba9876543210fedcba9876543210")}, models.ID{}, "operator"); err != nil {
			t.Fatal(err)
		}
		if left := modelstest.Search(t, driver, dsn, append(traces, "tanaka-hanako", "trace-quoted", "U0TANAKA", "D0TANAKA", "works-tanaka")...); len(left) > 0 {
			t.Errorf("traces are left:\n%s", strings.Join(left, "\n"))
		}
		for _, q := range counted {
			if now := fmt.Sprint(modelstest.Table(t, driver, dsn, q)); now != before[q] {
				t.Errorf("%s\nwas %s\nis  %s", q, before[q], now)
			}
		}
		if rows := modelstest.Table(t, driver, dsn, "SELECT spec FROM campaigns"); len(rows) != 1 || !strings.Contains(rows[0]["spec"], models.ErasedKey(tanaka.ID)) {
			t.Errorf("the campaign names nobody any more: %v", rows)
		}
	})
}

func keysOf(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// notExported are columns of ids that an export of the person leaves out, and why.
var notExported = map[string]string{
	"audiences.created_by": "the vendor's rule", "campaign_cards.person_id": "what is just being made", "erasures.person_id": "that they are erased", "handovers.by_id": "in audit", "handovers.from_id": "in audit", "handovers.to_id": "in audit",
	"invitations.created_by": "in audit", "lessons.decided_by": "a verdict on a wording", "overlays.updated_by": "in audit", "owners.by_id": "in audit", "campaigns.owner_id": "in owners", "partners.owner_id": "in owners",
}

// Every table that names a person by their id is in the export, or it is said why not.
func TestTheExportKnowsEveryTableThatNamesAPerson(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		s, dsn := small(t, driver, time.Now)
		person := person(t, s, "tanaka-hanako")
		export, err := s.Personal(context.Background(), "tanaka-hanako", false)
		if err != nil {
			t.Fatal(err)
		}
		list := "SELECT m.name || '.' || p.name AS c FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table'"
		if driver == "mysql" {
			list = "SELECT CONCAT(c.table_name, '.', c.column_name) AS c FROM information_schema.columns c JOIN information_schema.tables b ON b.table_schema = c.table_schema AND b.table_name = c.table_name WHERE c.table_schema = DATABASE() AND b.table_type = 'BASE TABLE'"
		}
		names := []string{"person_id", "owner_id", "actor_id", "target_id", "from_id", "to_id"}
		told, seen := map[string]string{"gap_askers": "gaps", "gaps": "answers"}, 0
		for _, row := range modelstest.Table(t, driver, dsn, list) {
			table, column, _ := strings.Cut(row["c"], ".")
			if !slices.Contains(names, column) && (!strings.HasSuffix(column, "_by") || column == "claimed_by" || table == "goose_lock") {
				continue
			}
			seen++
			name := table
			if told[table] != "" {
				name = told[table]
			}
			if _, in := export.Counts[name]; !in && notExported[row["c"]] == "" {
				t.Errorf("%s names %s by id, and the export does not know %s: add it to personalTables, or say why not", row["c"], person.Key, table)
			}
		}
		if seen < 30 {
			t.Fatalf("only %d columns of ids found", seen)
		}
	})
}
