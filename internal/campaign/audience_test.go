package campaign_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"akari/models"
	"akari/models/modelstest"
)

// member and partner are the plain model that the SQL is compared with.
type partner struct {
	key, tier, region, owner, language string
	tags                               []string
	second                             bool
}

type member struct {
	key, language string
	partner       *partner
	opened        map[string]bool // materials
	active        bool            // within the last 30 days
}

// picks is the rule in Go, written from contract §7 and not from the SQL.
func picks(r models.Rule, m member) bool {
	p := m.partner
	lang := m.language
	if lang == "" {
		lang = p.language
	}
	if lang == "" {
		lang = "ja"
	}
	level := models.LevelFirst
	if p.second {
		level = models.LevelSecond
	}
	among := func(list []string, s string) bool { return len(list) == 0 || slices.Contains(list, s) }
	shares := func(list []string) bool {
		return slices.ContainsFunc(list, func(t string) bool { return slices.Contains(p.tags, t) })
	}
	switch {
	case r.Empty(), !among(r.Partners, p.key), !among(r.People, m.key), !among(r.Tiers, p.tier), !among(r.Regions, p.region), !among(r.Owners, p.owner), !among(r.Languages, lang), !among(r.Levels, level):
		return false
	case len(r.Tags) > 0 && !shares(r.Tags), shares(r.Exclude.Tags):
		return false
	case slices.Contains(r.Exclude.Partners, p.key), slices.Contains(r.Exclude.People, m.key), slices.Contains(r.Exclude.Tiers, p.tier):
		return false
	case r.NotOpened != "" && m.opened[r.NotOpened], r.SilentDays > 0 && m.active:
		return false
	}
	return true
}

var (
	tiers   = []string{"gold", "silver", "", "GOLD"}
	regions = []string{"東日本", "西日本", ""}
	tags    = []string{"a", "b", `"quoted"`, "100%", "日本", "A"}
	owners  = []string{"s-ito", "s-sato"}
	tongues = []string{"", "ja", "en"}
)

func pick[T any](from []T) T { return from[rand.IntN(len(from))] }

func some[T any](from []T) (out []T) {
	for _, x := range from {
		if rand.IntN(3) == 0 {
			out = append(out, x)
		}
	}
	return out
}

// crowd makes partners and people with every trait, in the database and in Go.
func crowd(g *rig) (ps []*partner, ms []*member) {
	g.t.Helper()
	seed := models.Seed{}
	for i := range 30 {
		p := &partner{key: fmt.Sprintf("q-%02d", i), tier: pick(tiers), region: pick(regions), owner: pick(owners), language: pick(tongues), tags: some(tags)}
		s := models.SeedPartner{Key: p.key, Name: p.key, Tier: p.tier, Region: p.region, Owner: p.owner, Language: p.language, Tags: p.tags}
		if i > 0 && rand.IntN(3) == 0 {
			p.second, s.Parent = true, ps[rand.IntN(len(ps))].key
		}
		for j := range 3 {
			m := &member{key: fmt.Sprintf("%s-%d", p.key, j), language: pick(tongues), partner: p, opened: map[string]bool{}}
			s.People = append(s.People, models.SeedPerson{Key: m.key, Name: m.key, Language: m.language})
			ms = append(ms, m)
		}
		seed.Partners, ps = append(seed.Partners, s), append(ps, p)
	}
	if _, err := g.store.Seed(g.t.Context(), seed); err != nil {
		g.t.Fatal(err)
	}
	g.tx(func(tx *models.Tx) error {
		for _, m := range ms {
			w, err := tx.PersonByKey(m.key)
			if err != nil {
				return err
			}
			class := pick([]string{models.ClassHuman, models.ClassScanner})
			age := pick([]time.Duration{time.Hour, 29 * 24 * time.Hour, 31 * 24 * time.Hour, 300 * 24 * time.Hour})
			material := pick([]string{"price", "guide", ""})
			if material == "" {
				continue
			}
			l, err := tx.NewLink(models.Link{PersonID: w.ID, PartnerID: w.PartnerID, MaterialKey: material, ExpiresAt: tx.Now().Add(time.Hour)})
			if err != nil {
				return err
			}
			err = tx.Append(models.Event{Kind: models.Opened, Class: class, PersonID: w.ID, PartnerID: w.PartnerID, LinkID: l.ID, ObjectKind: "material", ObjectKey: material, OccurredAt: tx.Now().Add(-age)})
			if err != nil {
				return err
			}
			if class == models.ClassHuman {
				m.opened[material], m.active = true, age < 30*24*time.Hour
			}
		}
		return nil
	})
	return ps, ms
}

func randomRule(ps []*partner, ms []*member) (r models.Rule) {
	keys, people := make([]string, 0, len(ps)), make([]string, 0, len(ms))
	for _, p := range ps {
		keys = append(keys, p.key)
	}
	for _, m := range ms {
		people = append(people, m.key)
	}
	for range 1 + rand.IntN(3) {
		switch rand.IntN(11) {
		case 0:
			r.All = true
		case 1:
			r.Partners = some(keys)
		case 2:
			r.People = some(people)
		case 3:
			r.Tiers = some(tiers)
		case 4:
			r.Regions = some(regions)
		case 5:
			r.Tags = some(tags)
		case 6:
			r.Owners = some(owners)
		case 7:
			r.Languages = some([]string{"ja", "en"})
		case 8:
			r.Levels = some([]string{models.LevelFirst, models.LevelSecond})
		case 9:
			r.NotOpened = pick([]string{"price", "guide"})
		case 10:
			r.SilentDays = 30
		}
	}
	if rand.IntN(2) == 0 {
		r.Exclude = models.Exclude{Partners: some(keys), Tiers: some(tiers[:1]), Tags: some(tags[:1]), People: some(people[:5])}
	}
	return r
}

// TestRulesPickWhomTheySay compares the rule as SQL with the rule in plain Go, on
// random rules: nobody outside a rule ever gets a row, and nobody inside is missed.
func TestRulesPickWhomTheySay(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newRig(t, driver, town(0), nil)
		ps, ms := crowd(g)
		rules, picked := 300, 0
		for range rules {
			r := randomRule(ps, ms)
			want := []string{}
			for _, m := range ms {
				if picks(r, *m) {
					want = append(want, m.key)
				}
			}
			got := []string{}
			g.view(func(tx *models.Tx) error {
				targets := models.Targets{To: models.ToPeople, Rule: r}
				n, err := tx.CountTargets(targets)
				if err != nil {
					return err
				}
				if r.Empty() {
					return nil // never asked for: CheckSpec refuses it
				}
				rs, err := tx.TargetsAfter(targets, models.ID{}, 1000)
				for _, x := range rs {
					got = append(got, x.Person.Key)
				}
				if n != len(got) {
					t.Fatalf("counted %d, listed %d", n, len(got))
				}
				return err
			})
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Fatalf("rule %+v picks %v, should pick %v", r, got, want)
			}
			picked += len(got)
		}
		if picked == 0 {
			t.Fatal("no rule picked anybody: nothing was tried")
		}
		t.Logf("%d rules picked %d people", rules, picked)
	})
}

func TestWhyAPartnerIsIn(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newRig(t, driver, town(6), nil)
		id := g.create(spec(func(s *models.Spec) {
			s.Audience = models.Rule{Tiers: []string{"gold"}, Tags: []string{"東日本"}, Exclude: models.Exclude{Partners: []string{"p-minami"}}}
		}))
		in, err := g.mind.WhyIn(context.Background(), id, "p-aoba")
		if err != nil || !in.In || in.Recipients != 3 {
			t.Fatal(in, err)
		}
		out, err := g.mind.WhyIn(context.Background(), id, "p-minami")
		if err != nil || out.In {
			t.Fatal(out, err)
		}
		for _, c := range out.Conditions {
			if c.Holds {
				t.Errorf("%s holds for p-minami", c.Condition)
			}
		}
	})
}

func TestSavedAudience(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, driver string) {
		g := newRig(t, driver, town(3), nil)
		for _, tier := range []string{"silver", "gold"} {
			g.tx(func(tx *models.Tx) error {
				return tx.SaveAudience(models.Audience{Key: "best", Name: "上位店", Rule: models.Rule{Tiers: []string{tier}}})
			})
		}
		g.view(func(tx *models.Tx) error {
			a, err := tx.AudienceByKey("best")
			if err == nil && (len(a.Rule.Tiers) != 1 || a.Rule.Tiers[0] != "gold") {
				t.Fatalf("kept %+v", a.Rule)
			}
			return err
		})
	})
}
