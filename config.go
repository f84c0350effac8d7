package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// defaultConfig is the shipped config.yaml: the only place where defaults stand.
//
//go:embed config.yaml
var defaultConfig []byte

// Config is everything an operator can set. The meaning of each key stands beside
// it in config.yaml; the tags are the words of the path.
type Config struct {
	Env        string           `yaml:"env"`
	Server     ServerConfig     `yaml:"server"`
	Database   DatabaseConfig   `yaml:"database"`
	Redis      RedisConfig      `yaml:"redis"`
	Storage    StorageConfig    `yaml:"storage"`
	Vendor     VendorConfig     `yaml:"vendor"`
	Slack      SlackConfig      `yaml:"slack"`
	LineWorks  LineWorksConfig  `yaml:"lineworks"`
	Line       LineConfig       `yaml:"line"`
	Playground PlaygroundConfig `yaml:"playground"`
	Content    ContentConfig    `yaml:"content"`
	Sending    SendingConfig    `yaml:"sending"`
	Campaign   CampaignConfig   `yaml:"campaign"`
	Digest     DigestConfig     `yaml:"digest"`
	Links      LinksConfig      `yaml:"links"`
	Privacy    PrivacyConfig    `yaml:"privacy"`
	Clock      ClockConfig      `yaml:"clock"`
	Upstream   UpstreamConfig   `yaml:"upstream"`
	Log        LogConfig        `yaml:"log"`

	// Notes are remarks that do not keep the program from starting.
	Notes []Problem `yaml:"-"`
}

// ServerConfig is the HTTP side.
type ServerConfig struct {
	Listen            string        `yaml:"listen"`
	AdminListen       string        `yaml:"admin_listen"`
	PublicURL         string        `yaml:"public_url"`
	TrustedProxies    []string      `yaml:"trusted_proxies"`
	MaxBody           Size          `yaml:"max_body"`
	ReadHeaderTimeout time.Duration `yaml:"read_header_timeout"`
	ReadTimeout       time.Duration `yaml:"read_timeout"`
	IdleTimeout       time.Duration `yaml:"idle_timeout"`
	AckDeadline       time.Duration `yaml:"ack_deadline"`
	ShutdownGrace     time.Duration `yaml:"shutdown_grace"`
	Secret            Secret        `yaml:"secret"`
	PreviousSecrets   []Secret      `yaml:"previous_secrets"`
	SpoolDir          string        `yaml:"spool_dir"`
}

// DatabaseConfig says where the rows are. Addresses are secrets: they hold passwords.
type DatabaseConfig struct {
	Driver      string `yaml:"driver"`
	DSN         Secret `yaml:"dsn"`
	MigrateDSN  Secret `yaml:"migrate_dsn"`
	AutoMigrate bool   `yaml:"auto_migrate"`
}

// RedisConfig is the optional agreement between processes.
type RedisConfig struct {
	URL Secret `yaml:"url"`
}

// StorageConfig says where uploaded bytes lie.
type StorageConfig struct {
	Dir string `yaml:"dir"`
}

// VendorConfig says who speaks.
type VendorConfig struct {
	Name                 string   `yaml:"name"`
	SupportDesk          string   `yaml:"support_desk"`
	TimeZone             string   `yaml:"time_zone"`
	FiscalYearStartMonth int      `yaml:"fiscal_year_start_month"`
	Languages            []string `yaml:"languages"`
}

// SlackConfig is the vendor's Slack app.
type SlackConfig struct {
	Enabled        bool     `yaml:"enabled"`
	AppID          string   `yaml:"app_id"`
	OrgIDs         []string `yaml:"org_ids"`
	BotToken       Secret   `yaml:"bot_token"`
	SigningSecrets []Secret `yaml:"signing_secrets"`
	APIURL         string   `yaml:"api_url"`
	StaffRoom      string   `yaml:"staff_room"`
}

// LineWorksConfig is every LINE WORKS bot; without connections it is off.
type LineWorksConfig struct {
	APIURL      string                `yaml:"api_url"`
	AuthURL     string                `yaml:"auth_url"`
	Connections []LineWorksConnection `yaml:"connections"`
}

// LineWorksConnection is one bot in one LINE WORKS tenant.
type LineWorksConnection struct {
	Key               string   `yaml:"key"`
	Side              string   `yaml:"side"` // vendor or partner
	Partner           string   `yaml:"partner"`
	ClientID          string   `yaml:"client_id"`
	ClientSecret      Secret   `yaml:"client_secret"`
	ServiceAccount    string   `yaml:"service_account"`
	PrivateKey        Secret   `yaml:"private_key"`
	BotID             string   `yaml:"bot_id"`
	BotName           string   `yaml:"bot_name"`
	BotSecrets        []Secret `yaml:"bot_secrets"`
	RequestsPerMinute int      `yaml:"requests_per_minute"` // 0 = sending.rates.lineworks_operation
}

// LineConfig is the one LINE Official Account.
type LineConfig struct {
	Enabled            bool     `yaml:"enabled"`
	ChannelID          string   `yaml:"channel_id"`
	ChannelSecrets     []Secret `yaml:"channel_secrets"`
	ChannelAccessToken Secret   `yaml:"channel_access_token"`
	APIURL             string   `yaml:"api_url"`
	DataAPIURL         string   `yaml:"data_api_url"`
	AddFriendURL       string   `yaml:"add_friend_url"`
}

// PlaygroundConfig is the chat page; nil leaves it to env and platforms.
type PlaygroundConfig struct {
	Enabled *bool `yaml:"enabled"`
}

// ContentConfig says where FAQ, materials and words come from.
type ContentConfig struct {
	Dir   string `yaml:"dir"`
	Small bool   `yaml:"small"`
}

// SendingConfig says how messages leave.
type SendingConfig struct {
	Concurrency      int             `yaml:"concurrency"`
	Timeout          time.Duration   `yaml:"timeout"`
	Lease            time.Duration   `yaml:"lease"`
	Heartbeat        time.Duration   `yaml:"heartbeat"`
	MaxAttempts      int             `yaml:"max_attempts"`
	CrashMax         int             `yaml:"crash_max"`
	RetryBase        time.Duration   `yaml:"retry_base"`
	RetryMax         time.Duration   `yaml:"retry_max"`
	Ambiguous        AmbiguousConfig `yaml:"ambiguous"`
	StaleResumeAfter time.Duration   `yaml:"stale_resume_after"`
	InteractiveShare float64         `yaml:"interactive_share"`
	ReconcileAfter   time.Duration   `yaml:"reconcile_after"`
	RetryAfterMax    time.Duration   `yaml:"retry_after_max"`
	Rates            RatesConfig     `yaml:"rates"`
}

// AmbiguousConfig is the policy for sends in doubt: hold or retry.
type AmbiguousConfig struct {
	Slack     string `yaml:"slack"`
	LineWorks string `yaml:"lineworks"`
}

// RatesConfig is in requests per minute.
type RatesConfig struct {
	SlackRoom          int `yaml:"slack_room"`
	SlackWorkspace     int `yaml:"slack_workspace"`
	LineWorksOperation int `yaml:"lineworks_operation"`
	LinePush           int `yaml:"line_push"`
}

// CampaignConfig is what keeps campaigns safe.
type CampaignConfig struct {
	Window               WindowConfig  `yaml:"window"`
	Holidays             []string      `yaml:"holidays" lone:"true"`
	Undo                 time.Duration `yaml:"undo"`
	MaxPerPartnerPerWeek int           `yaml:"max_per_partner_per_week"`
	RemindersMax         int           `yaml:"reminders_max"`
	ApprovalOver         *int          `yaml:"approval_over"` // nil = nothing needs approval
}

// WindowConfig is when campaigns may arrive, in the partner's zone.
type WindowConfig struct {
	Days []string `yaml:"days"`
	From string   `yaml:"from"`
	To   string   `yaml:"to"`
}

// DigestConfig is the weekly summary.
type DigestConfig struct {
	Grace     time.Duration    `yaml:"grace"`
	Audiences []DigestAudience `yaml:"audiences"`
}

// DigestAudience is one reader of the digest.
type DigestAudience struct {
	Key      string   `yaml:"key"`
	To       string   `yaml:"to"`
	Schedule string   `yaml:"schedule"`
	TimeZone string   `yaml:"time_zone"`
	Partners []string `yaml:"partners"`
	Owners   []string `yaml:"owners"`
}

// LinksConfig is viewing.
type LinksConfig struct {
	TTL           time.Duration `yaml:"ttl"`
	VisibleMin    time.Duration `yaml:"visible_min"`
	IdleAfter     time.Duration `yaml:"idle_after"`
	RobotsFile    string        `yaml:"robots_file"`
	RedirectHosts []string      `yaml:"redirect_hosts"`
}

// PrivacyConfig is what is kept, and for how long. 0 keeps for ever.
type PrivacyConfig struct {
	QuestionRetention time.Duration `yaml:"question_retention"`
	EventRetention    time.Duration `yaml:"event_retention"`
	PersonLevel       bool          `yaml:"person_level"`
	NoticeURL         string        `yaml:"notice_url"`
}

// ClockConfig shifts the wall clock in env test.
type ClockConfig struct {
	Offset     time.Duration `yaml:"offset"`
	OffsetFile string        `yaml:"offset_file"`
}

// UpstreamConfig loosens the rules for platform addresses in env test.
type UpstreamConfig struct {
	AllowInsecure bool `yaml:"allow_insecure"`
}

// LogConfig is slog.
type LogConfig struct {
	Level  string `yaml:"level"`
	Format string `yaml:"format"`
}

// DefaultConfigFile is what --config is without being given; it may be absent.
const DefaultConfigFile = "config.yaml"

// LoadConfig reads the file at path over the defaults, and the environment (as
// os.Environ gives it) over both. It answers every problem at once, sorted by
// line; with problems the Config must not be used. An empty path means defaults
// and environment only. It has no side effects.
func LoadConfig(path string, environ []string) (Config, []Problem) {
	var text []byte
	if path != "" {
		var err error
		if text, err = os.ReadFile(path); err != nil {
			why := err.Error()
			if errors.Is(err, fs.ErrNotExist) {
				why = "there is no such file; name one with --config, or copy config.yaml from the project"
			}
			return Config{}, []Problem{{File: path, Text: why}}
		}
	}
	return parseConfig(path, text, environ)
}

// parseConfig is LoadConfig on bytes.
func parseConfig(name string, text []byte, environ []string) (Config, []Problem) {
	var c Config
	env := environment(environ)
	shipped := newBinder("config.yaml (built in)", env)
	shipped.document(defaultConfig, &c)
	if len(shipped.problems) > 0 { // a defect of this program, held by a test
		return c, shipped.problems
	}
	b := newBinder(name, env)
	b.document(text, &c)
	b.overrides(&c)
	b.unset(c)
	// A value that could not be read leaves its default in place, so that the rest
	// can still be checked and everything is named in one go.
	b.check(&c)
	c.Notes = b.notes
	sortProblems(b.problems)
	sortProblems(c.Notes)
	return c, b.problems
}

// Zone is vendor.time_zone; LoadConfig has checked that it exists.
func (c Config) Zone() *time.Location {
	zone, err := time.LoadLocation(c.Vendor.TimeZone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// HasPlatform tells whether a real chat network is set up.
func (c Config) HasPlatform() bool {
	return c.Slack.Enabled || c.Line.Enabled || len(c.LineWorks.Connections) > 0
}

// PlaygroundOn tells whether /play is served; behindLogin, that everybody has to
// come in through the staff pages first (rulings 12).
func (c Config) PlaygroundOn() (on, behindLogin bool) {
	closed := c.Env == "production" || c.HasPlatform()
	if c.Playground.Enabled != nil {
		return *c.Playground.Enabled, closed
	}
	return !closed, false
}

// PublicURL is the address put into links, without a slash at its end. Where none
// is configured it is this machine with the port that really listens.
func (c Config) PublicURL(port string) string {
	if c.Server.PublicURL != "" {
		return c.Server.PublicURL
	}
	return fmt.Sprintf("http://localhost:%s", port)
}
