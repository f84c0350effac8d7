package main

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// check judges the whole Config: values out of range, values that contradict each
// other, and what the environment (production, test) allows.
func (b *binder) check(c *Config) {
	b.oneOf("env", c.Env, "development", "production", "test")
	b.checkServer(c)
	b.checkStores(c)
	b.checkVendor(c)
	b.checkSlack(c)
	b.checkLineWorks(c)
	b.checkLine(c)
	b.checkSending(c.Sending)
	b.checkCampaign(c.Campaign)
	b.checkDigest(c.Digest)
	b.checkRest(c)
	b.checkEnv(c)
}

func (b *binder) oneOf(path, value string, known ...string) {
	if !slices.Contains(known, value) {
		b.about(path, "must be %s, not %q", strings.Join(known, " or "), value)
	}
}

// within reports whether a number or a duration leaves its range.
func within[N int | float64 | time.Duration | Size](b *binder, path string, value, low, high N) bool {
	if value < low || value > high {
		b.about(path, "must be between %v and %v, not %v", low, high, value)
		return false
	}
	return true
}

// need reports a missing value, unless a message about it stands already.
func (b *binder) need(path string, given bool, why string) {
	if _, told := b.missing[path]; !given && !told {
		b.about(path, "is missing: %s", why)
	}
}

func (b *binder) checkServer(c *Config) {
	s := &c.Server
	b.listen("server.listen", s.Listen, false)
	b.listen("server.admin_listen", s.AdminListen, true)
	if s.Listen != "" && s.Listen == s.AdminListen && !strings.HasSuffix(s.Listen, ":0") {
		b.about("server.admin_listen", "is the same address as server.listen; the admin port must be another one")
	}
	s.PublicURL = strings.TrimRight(s.PublicURL, "/")
	if s.PublicURL != "" {
		b.publicURL(s.PublicURL)
	}
	for _, p := range s.TrustedProxies {
		if _, err := netip.ParsePrefix(p); err != nil {
			if _, err := netip.ParseAddr(p); err != nil {
				b.about("server.trusted_proxies", "must hold addresses or networks such as 10.0.0.0/8, not %q", p)
			}
		}
	}
	within(b, "server.max_body", s.MaxBody, 1<<10, 64<<20)
	within(b, "server.read_header_timeout", s.ReadHeaderTimeout, 100*time.Millisecond, time.Minute)
	within(b, "server.read_timeout", s.ReadTimeout, 100*time.Millisecond, 10*time.Minute)
	within(b, "server.idle_timeout", s.IdleTimeout, time.Second, time.Hour)
	// Slack gives up after 3 s (LINE after 2 s): a later answer is worth nothing.
	within(b, "server.ack_deadline", s.AckDeadline, 50*time.Millisecond, 2900*time.Millisecond)
	within(b, "server.shutdown_grace", s.ShutdownGrace, time.Second, 10*time.Minute)
	if s.ReadHeaderTimeout > s.ReadTimeout {
		b.about("server.read_header_timeout", "is longer than server.read_timeout (%s)", s.ReadTimeout)
	}
	if secret := s.Secret.Reveal(); secret != "" && len(secret) < 32 {
		b.about("server.secret", "has %d bytes; at least 32 are needed (openssl rand -base64 48)", len(secret))
	}
	for _, p := range s.PreviousSecrets {
		if len(p.Reveal()) < 32 {
			b.about("server.previous_secrets", "holds a secret with fewer than 32 bytes")
		}
	}
	b.need("server.spool_dir", s.SpoolDir != "", "a folder of this process")
}

func (b *binder) listen(path, address string, mayBeEmpty bool) {
	if address == "" {
		if !mayBeEmpty {
			b.about(path, "must be host:port or :port")
		}
		return
	}
	_, port, err := net.SplitHostPort(address)
	if n, convErr := strconv.Atoi(port); err != nil || convErr != nil || n < 0 || n > 65535 {
		b.about(path, "must be host:port or :port, not %q", address)
	}
}

func (b *binder) publicURL(address string) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		b.about("server.public_url", "must be an address such as https://akari.example.com")
	}
}

func (b *binder) checkStores(c *Config) {
	d := c.Database
	b.oneOf("database.driver", d.Driver, "sqlite", "mysql")
	dsn := d.DSN.Reveal()
	b.need("database.dsn", dsn != "", "where the rows are")
	switch {
	case dsn == "":
	case d.Driver == "mysql" && !mysqlDSN.MatchString(dsn):
		b.about("database.dsn", "does not look like user:password@tcp(host:3306)/name, which driver mysql needs")
	case d.Driver == "sqlite" && mysqlDSN.MatchString(dsn):
		b.about("database.dsn", "looks like a MySQL address, but database.driver is sqlite")
	}
	if d.Driver == "sqlite" && !d.MigrateDSN.IsZero() {
		b.about("database.migrate_dsn", "is for driver mysql only")
	}
	if u := c.Redis.URL.Reveal(); u != "" {
		// The parser's error repeats the address, which holds the password.
		if parsed, err := url.Parse(u); err != nil || parsed.Host == "" || parsed.Scheme != "redis" && parsed.Scheme != "rediss" {
			b.about("redis.url", "must be redis://[:password@]host:port/number or rediss://…")
		}
	}
	b.need("storage.dir", c.Storage.Dir != "", "a folder for uploaded files")
}

// mysqlDSN is go-sql-driver's form: user:password@net(address)/name?options.
var mysqlDSN = regexp.MustCompile(`@?(tcp|unix)\([^)]*\)/|^[^/@]+@/`)

func (b *binder) checkVendor(c *Config) {
	v := c.Vendor
	b.need("vendor.name", strings.TrimSpace(v.Name) != "", "the name of the company that speaks")
	b.need("vendor.support_desk", strings.TrimSpace(v.SupportDesk) != "", "how the bot signs")
	b.zone("vendor.time_zone", v.TimeZone)
	within(b, "vendor.fiscal_year_start_month", v.FiscalYearStartMonth, 1, 12)
	if len(v.Languages) == 0 {
		b.about("vendor.languages", "must hold ja, en or both")
	}
	for i, l := range v.Languages {
		b.oneOf("vendor.languages", l, "ja", "en")
		if slices.Contains(v.Languages[:i], l) {
			b.about("vendor.languages", "holds %q twice", l)
		}
	}
}

func (b *binder) zone(path, name string) {
	if name == "" || name == "Local" {
		b.about(path, "must be a zone name such as Asia/Tokyo")
		return
	}
	if _, err := time.LoadLocation(name); err != nil {
		b.about(path, "must be a zone name such as Asia/Tokyo; %q is not known", name)
	}
}

func (b *binder) checkSending(s SendingConfig) {
	within(b, "sending.concurrency", s.Concurrency, 1, 256)
	within(b, "sending.timeout", s.Timeout, 100*time.Millisecond, 5*time.Minute)
	within(b, "sending.lease", s.Lease, 500*time.Millisecond, time.Hour)
	if within(b, "sending.heartbeat", s.Heartbeat, 50*time.Millisecond, time.Hour) && s.Heartbeat >= s.Lease {
		b.about("sending.heartbeat", "is %s, but must be shorter than sending.lease (%s)", s.Heartbeat, s.Lease)
	}
	within(b, "sending.max_attempts", s.MaxAttempts, 1, 1000)
	within(b, "sending.crash_max", s.CrashMax, 1, 1000)
	within(b, "sending.retry_base", s.RetryBase, time.Millisecond, time.Hour)
	if s.RetryBase > s.RetryMax {
		b.about("sending.retry_max", "is %s, but must not be shorter than sending.retry_base (%s)", s.RetryMax, s.RetryBase)
	} else {
		within(b, "sending.retry_max", s.RetryMax, time.Millisecond, 24*time.Hour)
	}
	b.oneOf("sending.ambiguous.slack", s.Ambiguous.Slack, "hold", "retry")
	b.oneOf("sending.ambiguous.lineworks", s.Ambiguous.LineWorks, "hold", "retry")
	within(b, "sending.stale_resume_after", s.StaleResumeAfter, 0, 30*24*time.Hour)
	within(b, "sending.interactive_share", s.InteractiveShare, 0, 0.9)
	within(b, "sending.reconcile_after", s.ReconcileAfter, 10*time.Millisecond, time.Hour)
	within(b, "sending.retry_after_max", s.RetryAfterMax, time.Second, 24*time.Hour)
	within(b, "sending.rates.slack_room", s.Rates.SlackRoom, 1, 1_000_000)
	within(b, "sending.rates.slack_workspace", s.Rates.SlackWorkspace, 1, 1_000_000)
	within(b, "sending.rates.lineworks_operation", s.Rates.LineWorksOperation, 1, 1_000_000)
	within(b, "sending.rates.line_push", s.Rates.LinePush, 1, 1_000_000)
}

func (b *binder) checkCampaign(c CampaignConfig) {
	if _, err := c.Window.Weekdays(); err != nil {
		b.about("campaign.window.days", "%s", err)
	}
	from, fromErr := ParseClock(c.Window.From)
	to, toErr := ParseClock(c.Window.To)
	if fromErr != nil {
		b.about("campaign.window.from", "%s", fromErr)
	}
	if toErr != nil {
		b.about("campaign.window.to", "%s", toErr)
	}
	if fromErr == nil && toErr == nil && from >= to {
		b.about("campaign.window.to", "is %s, but must be later than campaign.window.from (%s)", c.Window.To, c.Window.From)
	}
	for _, h := range c.Holidays {
		if _, err := time.Parse(time.DateOnly, h); err != nil && h != "jp" {
			b.about("campaign.holidays", "must hold jp and days such as 2026-12-29, not %q", h)
		}
	}
	within(b, "campaign.undo", c.Undo, 0, 24*time.Hour)
	within(b, "campaign.max_per_partner_per_week", c.MaxPerPartnerPerWeek, 0, 1000)
	// More than two reminders is nagging; the owner is told instead (product.md).
	within(b, "campaign.reminders_max", c.RemindersMax, 0, 2)
	if c.ApprovalOver != nil {
		within(b, "campaign.approval_over", *c.ApprovalOver, 0, 1_000_000)
	}
}

func (b *binder) checkDigest(d DigestConfig) {
	within(b, "digest.grace", d.Grace, 0, 30*24*time.Hour)
	seen := map[string]bool{}
	for i, a := range d.Audiences {
		path := fmt.Sprintf("digest.audiences[%d]", i)
		b.key(path+".key", a.Key)
		if seen[a.Key] && a.Key != "" {
			b.about(path+".key", "%q is given twice", a.Key)
		}
		seen[a.Key] = true
		b.digestTo(path, a.To)
		if _, err := ParseSchedule(a.Schedule); err != nil {
			b.elementAbout(path, "schedule", "%s", err)
		}
		if a.TimeZone != "" {
			b.zone(path+".time_zone", a.TimeZone)
		}
	}
}

func (b *binder) digestTo(path, to string) {
	kind, rest, isRoom := strings.Cut(to, ":")
	if !isRoom {
		b.key(path+".to", to)
		return
	}
	parts := strings.Split(rest, ":")
	if kind == "room" && (parts[0] == "slack" && len(parts) == 2 || parts[0] == "lineworks" && len(parts) == 3) && parts[len(parts)-1] != "" {
		return
	}
	b.elementAbout(path, "to", "must be a staff key, room:slack:C… or room:lineworks:CONNECTION:ID, not %q", to)
}

// elementAbout reports about a key of a list's element: on its line, or on that of
// the element where the key is not given.
func (b *binder) elementAbout(element, key, format string, args ...any) {
	path := element + "." + key
	if _, given := b.places[path]; !given {
		b.places[path] = b.places[element]
	}
	b.about(path, format, args...)
}

var keyForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// key checks a key of ours: letters, digits, dot, dash and underscore.
func (b *binder) key(path, value string) {
	if keyForm.MatchString(value) || b.missing[path].Text != "" {
		return
	}
	dot := strings.LastIndexByte(path, '.')
	if value == "" {
		b.elementAbout(path[:dot], path[dot+1:], "is missing")
		return
	}
	b.elementAbout(path[:dot], path[dot+1:], "may hold letters, digits, dots, dashes and underscores, not %q", value)
}

func (b *binder) checkRest(c *Config) {
	within(b, "links.ttl", c.Links.TTL, time.Minute, 36500*24*time.Hour)
	within(b, "links.visible_min", c.Links.VisibleMin, 0, 10*time.Minute)
	within(b, "links.idle_after", c.Links.IdleAfter, time.Second, 24*time.Hour)
	for _, h := range c.Links.RedirectHosts {
		if strings.ContainsAny(h, "/:@ ") || strings.Trim(h, ".*") == "" {
			b.about("links.redirect_hosts", "must hold bare host names such as tools.example.com, not %q", h)
		}
	}
	within(b, "privacy.question_retention", c.Privacy.QuestionRetention, 0, 36500*24*time.Hour)
	within(b, "privacy.event_retention", c.Privacy.EventRetention, 0, 36500*24*time.Hour)
	b.webAddress("privacy.notice_url", c.Privacy.NoticeURL)
	b.webAddress("line.add_friend_url", c.Line.AddFriendURL)
	b.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	b.oneOf("log.format", c.Log.Format, "json", "text")
}

func (b *binder) webAddress(path, address string) {
	if address == "" {
		return
	}
	if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		b.about(path, "must be a web address beginning with https://")
	}
}

// checkEnv holds the rules of production and test.
func (b *binder) checkEnv(c *Config) {
	if c.Env != "test" {
		if c.Clock.Offset != 0 {
			b.about("clock.offset", "is only allowed with env: test")
		}
		if c.Clock.OffsetFile != "" {
			b.about("clock.offset_file", "is only allowed with env: test")
		}
		if c.Upstream.AllowInsecure {
			b.about("upstream.allow_insecure", "is only allowed with env: test")
		}
	}
	if c.Env != "production" {
		return
	}
	if _, told := b.missing["server.secret"]; !told && c.Server.Secret.IsZero() {
		b.about("server.secret", "is missing: production does not use a made-up secret (openssl rand -base64 48)")
	}
	for _, s := range append([]Secret{c.Server.Secret}, c.Server.PreviousSecrets...) {
		// The samples of the documentation and of compose.yaml say so themselves.
		if strings.Contains(strings.ToLower(s.Reveal()), "change-me") {
			b.about("server.secret", "is the sample from the documentation; make your own (openssl rand -base64 48)")
		}
	}
	if !strings.HasPrefix(c.Server.PublicURL, "https://") {
		b.about("server.public_url", "must begin with https:// in production")
	}
	if !c.HasPlatform() {
		b.about("env", "is production, but no chat platform is set up: enable slack or line, or add a LINE WORKS connection")
	}
}
