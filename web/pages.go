package web

// Frame is what surrounds every page. All sentences are ready-made.
type Frame struct {
	Lang   string     // "ja" or "en": the language of the page's own sentences
	Title  string     // of the window and, except on the opening page, of the page
	Vendor string     // who speaks, e.g. △△社 パートナー支援窓口; empty = nobody is named
	Langs  []LangLink // other languages of the same page; empty = no switch
	Note   string     // small line at the foot; may be empty
}

// LangLink is the same page in another language.
type LangLink struct {
	Lang    string
	Label   string // in that language itself: 日本語, English
	URL     string
	Current bool
}

// PlayPage is the playground. What stands in the rooms comes later, as JSON.
type PlayPage struct {
	Frame
	Bot string // name of the bot, as in @Akari
	// Suggestions are questions that an empty room offers, in any language.
	Suggestions []Suggestion
	// Commands are the slash commands that the composer hints at.
	Commands []Command
	// Words are the labels and sentences of the page by the names in PlayWords.
	// A name that is missing shows as itself.
	Words map[string]string
}

// Suggestion is one question to begin with.
type Suggestion struct {
	Lang string `json:"lang"`
	Text string `json:"text"`
}

// Command is one slash command: what to type and what it does.
type Command struct {
	Text string `json:"text"` // with its slash, e.g. "/akari menu"
	Hint string `json:"hint"`
}

// OpeningPage is the first answer to a link. It says nothing about what the link
// leads to, because robots and previews read it too; only a POST opens. Its
// script posts by itself, with the field script=1, as soon as the page is really
// on screen; without that field a person has pressed the button. The answer to
// the POST replaces the page: 303 to the material, or the material itself.
type OpeningPage struct {
	Frame         // Title is the neutral sentence 「資料を開いています…」; leave Vendor empty
	Action string // where to POST, e.g. /v/{token}/open
	Nonce  string // comes back as field "nonce"
	Open   string // label of the button: 「開く」
	Slow   string // what stands above the button when the page did not open by itself
}

// Link is a labelled address; an empty URL is no link.
type Link struct{ Label, URL string }

// Action is a button that posts.
type Action struct {
	Label   string
	Post    string // address
	Nonce   string // comes back as field "nonce"
	Name    string // name of the button's field; may be empty
	Value   string // value of the button's field
	Hint    string // small line below; may be empty
	Primary bool
	Done    bool // already done: shown as a state, cannot be pressed
}

// FormPage is the web twin of a bot.Form. It works without script.
type FormPage struct {
	Frame
	Text      string
	Action    string // where to POST
	Hidden    []Pair // come back unchanged, e.g. nonce
	Fields    []FormField
	Trouble   string // heads the list of errors; shown when any field has one
	Required  string // marks what must be filled: 「必須」
	Choose    string // first, empty entry of a choice: 「選んでください」
	Submit    string
	Cancel    string // label; shown only with CancelURL
	CancelURL string
	Keep      string // where the script posts what stands in the fields, as it is typed; empty = nowhere
	Filter    string // label of the box that looks through many choices
}

// Pair is one hidden field.
type Pair struct{ Name, Value string }

// FormField is one field, with what was typed and what is wrong with it.
type FormField struct {
	Name     string
	Section  string // heading above it; may be empty
	Label    string
	Hint     string
	Kind     string // line, lines, choice, choices, date: as bot.FieldKind; file, on staff pages alone
	Options  []FormOption
	Value    string // of line, lines and date
	Error    string // empty = nothing wrong
	Required bool
	Max      int // longest text in characters; 0 = no limit
}

// FormOption is one choice.
type FormOption struct {
	Label    string
	Value    string
	Selected bool
}

// HasErrors tells whether any field has something wrong.
func (p FormPage) HasErrors() bool {
	for _, f := range p.Fields {
		if f.Error != "" {
			return true
		}
	}
	return false
}

// MessagePage says one thing politely: expired, done, not found.
type MessagePage struct {
	Frame
	Tone  string // "done", "gone" or "" for neither: picks the mark above the title
	Text  string
	Links []Link
}

// NewPlayPage words a playground in one language. say gives the sentence of a key
// of content/words.
func NewPlayPage(frame Frame, bot string, say func(key string) string) PlayPage {
	p := PlayPage{Frame: frame, Bot: bot, Words: map[string]string{}}
	for _, name := range PlayWords {
		p.Words[name] = say("play." + name)
	}
	for _, s := range [...]Suggestion{{"ja", "suggest_1"}, {"ja", "suggest_2"}, {"ja", "suggest_3"}, {"en", "suggest_en"}} {
		p.Suggestions = append(p.Suggestions, Suggestion{Lang: s.Lang, Text: say("play." + s.Text)})
	}
	for _, c := range [...]Command{
		{"/akari", "command_akari"}, {"/akari menu", "command_menu"}, {"/akari link", "command_link"},
		{"/akari gaps", "command_gaps"}, {"/campaign", "command_campaign"}, {"/campaign list", "command_campaigns"},
	} {
		p.Commands = append(p.Commands, Command{Text: c.Text, Hint: say("play." + c.Hint)})
	}
	return p
}

// PlayWords are the names of PlayPage.Words. In content/words they begin with
// "play.".
var PlayWords = []string{
	"role_rep", "role_lead", "role_admin", "role_sender", "role_approver", "role_manager",
	"bot", "cancel_reply", "close", "commands", "composer_direct", "composer_room", "composer_thread", "edited",
	"empty_text", "empty_title", "failed", "first_ok", "first_text", "first_title", "form_choose",
	"form_failed", "form_gone", "form_required", "form_search", "home", "home_empty", "invite", "join",
	"kind_direct", "kind_shared", "kind_staff", "leave", "live", "menu", "messages", "new_message", "no_people",
	"offline", "only_you", "opens_new", "people", "pressed", "preview", "preview_none", "preview_parts",
	"preview_raw", "preview_title", "reply", "retry", "room_actions", "rooms", "send", "staff",
	"thread_replies", "unread", "withdraw", "withdrawn",
}
