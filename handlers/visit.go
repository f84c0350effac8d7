package handlers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"akari/models"
)

// visitRules is the version of the rules that class a visit. It grows with every
// change of classOf or byReader, so that a report can say by which rules it counted.
const visitRules = 4

const (
	// earlyFor is how soon after a delivery an opening without a hand may be a
	// scanner's: the link scanners of mail and chat gateways open what they see
	// within seconds.
	earlyFor = 10 * time.Second
	// burstFor is how close in time openings of several links from one browser
	// and network are looked at together.
	burstFor = time.Minute
	// burstAt is how many links opened within burstFor are a burst; two are
	// enough within earlyFor.
	burstAt = 3
)

// classOf says how sure we are that a human made a visit, and why. It is a pure
// function of the facts, so that it can run again over what was recorded. agent
// is the class that the robots list gives the user agent: "" = none.
//
// A human is only who was on screen long enough in a browser that runs scripts,
// without any sign of a robot. A hand (a key, touch, wheel or pointer that the
// browser vouches for) clears the suspicion of haste, never that of a robot that
// gives itself away.
func classOf(f models.Facts, gestures int, agent string, visibleMin time.Duration) (class, reason string) {
	visible := time.Duration(f.Spans.Length()) * time.Millisecond
	switch {
	case f.Test:
		return models.ClassTest, "test_link"
	case f.Staff:
		return models.ClassStaff, "staff_link"
	case f.Purpose != "":
		return models.ClassPreview, "prefetch"
	case f.Agent == "":
		return models.ClassScanner, "no_agent"
	case agent != "":
		return agent, "agent"
	case f.Webdriver:
		return models.ClassScanner, "webdriver"
	case !f.Script:
		return models.ClassSuspect, "no_script"
	case f.Burst > 0 && gestures == 0:
		return models.ClassScanner, "burst"
	case visible < visibleMin || visible == 0:
		return models.ClassSuspect, "not_visible_yet"
	case f.Early != nil && *f.Early < earlyFor.Milliseconds() && gestures == 0:
		return models.ClassSuspect, "early_without_hand"
	}
	return models.ClassHuman, "visible"
}

// judge classes a visit anew.
func (h *Handlers) judge(tx *models.Tx, v *models.Visit) error {
	agent := ""
	if v.Facts.Agent != "" {
		hash, err := hex.DecodeString(v.Facts.Agent)
		if err != nil {
			return err
		}
		if agent, err = tx.AgentOf(hash); err != nil {
			return err
		}
	}
	v.Class, v.Reason = classOf(v.Facts, v.Gestures, h.robots.agent(agent), h.VisibleMin)
	v.RuleVersion = visitRules
	return h.byReader(tx, v)
}

// begin is a new visit with what is known when it begins. The user agent and
// where it came from are kept as hashes that only serve to recognise them.
func (h *Handlers) begin(tx *models.Tx, r *http.Request, l models.Link, visit string) (models.Visit, error) {
	v := models.Visit{LinkID: l.ID, Visit: visit, StartedAt: tx.Now(), Network: h.network(r)}
	v.Facts = models.Facts{Purpose: prefetch(r), Script: r.PostForm.Get("script") == "1", Staff: l.PartnerID.IsZero(), Test: l.Purpose == models.PurposeTest}
	v.Facts.East = east(r.PostForm.Get("zone"), v.StartedAt)
	a := agentOf(r)
	if a.Agent != "" {
		v.Facts.Agent = hex.EncodeToString(a.Hash)
		if err := tx.KeepAgent(a); err != nil {
			return v, err
		}
	}
	delivered, err := tx.DeliveredAt(l.ID)
	if err != nil {
		return v, err
	}
	if delivered != nil {
		early := max(0, tx.Now().Sub(*delivered)).Milliseconds()
		v.Facts.Early = &early
	}
	return v, nil
}

// crowd is how many links were opened without a hand from the same browser and
// network at about the moment of a visit, itself included; 0 = no more than one
// reader would.
func (h *Handlers) crowd(tx *models.Tx, v models.Visit) (int, error) {
	near, err := tx.Neighbours(v, v.StartedAt, burstFor)
	if err != nil {
		return 0, err
	}
	links, soon := map[models.ID]bool{}, map[models.ID]bool{}
	for _, n := range near {
		if handy(n) {
			continue // colleagues behind one address
		}
		links[n.LinkID] = true
		if v.StartedAt.Sub(n.StartedAt).Abs() <= earlyFor {
			soon[n.LinkID] = true
		}
	}
	if len(links)+1 < burstAt && len(soon) == 0 {
		return 0, nil
	}
	return len(links) + 1, nil
}

// handy tells that a visit says nothing about a burst.
func handy(v models.Visit) bool { return v.Gestures > 0 || v.Facts.Staff || v.Facts.Test }

// burst looks at what else was opened from the same browser and network at about
// this moment. When it is more than one reader would, the neighbours are classed
// anew: only now is it known that they were part of it.
func (h *Handlers) burst(tx *models.Tx, v *models.Visit) error {
	n, err := h.crowd(tx, *v)
	if err != nil || n == 0 {
		return err
	}
	v.Facts.Burst = n
	near, err := tx.Neighbours(*v, v.StartedAt, burstFor)
	if err != nil {
		return err
	}
	// In one order, so that two openings at once cannot wait for each other.
	slices.SortFunc(near, func(a, b models.Visit) int { return strings.Compare(a.Visit, b.Visit) })
	for _, one := range near {
		if handy(one) || one.Facts.Burst > 0 {
			continue
		}
		locked, err := tx.LockVisit(one.LinkID, one.Visit)
		if err != nil {
			return err
		}
		locked.Facts.Burst = n
		if err := h.judge(tx, &locked); err != nil {
			return err
		}
		if err := tx.SaveVisit(locked); err != nil {
			return err
		}
	}
	return nil
}

// agentOf is the user agent and its hash.
func agentOf(r *http.Request) models.Agent {
	agent := strings.ToValidUTF8(r.UserAgent(), "?")
	if n := []rune(agent); len(n) > 512 {
		agent = string(n[:512])
	}
	sum := sha256.Sum256([]byte(agent))
	return models.Agent{Hash: sum[:8], Agent: agent}
}

// network is a keyed hash of the browser and the network it comes from: the
// address itself is not kept. IPv6 hosts have a /64 each (RFC 6177).
func (h *Handlers) network(r *http.Request) []byte {
	ip := h.client(r)
	if !ip.IsValid() {
		return nil
	}
	if ip.Is6() {
		p, _ := ip.Prefix(64) // 64 is in range for every IPv6 address
		ip = p.Addr()
	}
	m := hmac.New(sha256.New, h.Secrets[0])
	m.Write([]byte("network\x00"))
	m.Write(ip.AsSlice())
	m.Write([]byte(r.UserAgent()))
	return m.Sum(nil)[:8]
}

// client is the address that a request came from: the last one in
// X-Forwarded-For that no proxy of ours wrote about another proxy of ours.
func (h *Handlers) client(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	ip := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && h.proxied(ip); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		ip = hop.Unmap().WithZone("")
	}
	return ip
}

func (h *Handlers) proxied(ip netip.Addr) bool {
	for _, p := range h.Proxies {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}
