package web

import "slices"

// StaffPage is any page for staff: what surrounds it, and blocks one below the
// other. All sentences are ready-made.
type StaffPage struct {
	Frame
	Nav     []NavItem
	NavName string // of the navigation, for screen readers
	Skip    string // 「本文へ」
	User    string // who is in
	Logout  Action
	Back    Link   // to what lies above; empty = nothing does
	Done    string // what has just been done; empty = nothing
	Intro   string
	Blocks  []StaffBlock
}

// NavItem is one page in the navigation.
type NavItem struct {
	Label, URL string
	Current    bool
}

// StaffBlock is one part of a staff page; what is empty is not shown.
type StaffBlock struct {
	ID    string // for addresses with #; may be empty
	Title string
	Note  string // small, below the title
	Links []Link // beside the title: exports and ways on

	Bar     *Bar
	Tiles   []Tile
	Facts   []Fact
	Filter  *StaffFilter
	Chart   *StaffChart // draws Table
	Table   *StaffTable
	Actions []Action
	Form    *StaffForm
	Parts   []StaffPart // messages as a chat shows them
	Empty   string      // shown instead of an empty table
	Pager   Pager
}

// Bar shows how far something is: Done of Of, and Text says it in words.
type Bar struct {
	Label    string
	Done, Of int
	Text     string
}

// Tile is one figure.
type Tile struct {
	Label string
	Value string
	URL   string // to the events it is counted from; empty = nowhere
	Note  string // what it stands beside: last week, n of N
	Tone  string // "", "good", "bad"
}

// Fact is one line of a description.
type Fact struct {
	Label string
	Value Cell
	Note  string
}

// StaffChart draws the table of its block: it has nothing that is not in the table,
// which stays beneath it for who cannot see a picture, and leads where the table's
// cells lead. Without script only the table is there.
type StaffChart struct {
	Kind    string // ChartLines or ChartBars
	Label   string // what it shows, for screen readers
	Hint    string // small, below
	AsTable string // 「表で見る」
}

// The kinds of a chart. Columns of numbers are drawn, the first column names rows.
const (
	ChartLines = "lines" // a row is a moment, a column of numbers is a line
	ChartBars  = "bars"  // a column of numbers is a group of bars, in which a row is a bar; the first five
)

// HasChart tells whether a page needs what draws charts.
func (p StaffPage) HasChart() bool {
	return slices.ContainsFunc(p.Blocks, func(b StaffBlock) bool { return b.Chart != nil })
}

// StaffTable is rows under columns. On a phone each row is a card.
type StaffTable struct {
	Caption string
	Columns []Column
	Rows    [][]Cell
}

// Column is the head of a table's column.
type Column struct {
	Label string
	Num   bool // numbers: to the right
}

// Cell is one value.
type Cell struct {
	Text string
	URL  string // empty = no link
	Sub  string // small, below
	Tone string // "", "good", "bad"
}

// StaffFilter is a form that asks for the page again (GET).
type StaffFilter struct {
	Action string
	Fields []FormField // kinds line, choice, date
	Choose string
	Submit string
	Clear  Link
}

// StaffForm is a form that changes something (POST). It works without script.
type StaffForm struct {
	Action   string
	Upload   bool   // a field holds a file
	Keep     string // where the script posts what stands in the fields, as it is typed; empty = nowhere
	Out      string // what it says where one has to enter again before that
	Hidden   []Pair
	Fields   []FormField
	Trouble  string // heads the list of what is wrong
	Required string // marks what must be filled
	Choose   string // first, empty entry of a choice that must be made
	None     string // and of one that need not
	Filter   string // label of the box that looks through many choices
	Buttons  []FormButton
}

// FormButton sends a form: which of its buttons it was comes as field "do".
type FormButton struct {
	Label string
	Value string
	Style string // "", "primary", "danger"
	Post  string // where it sends the form; empty = where the form goes
}

// StaffPart is one message as a platform shows it.
type StaffPart struct {
	Head    string // which platform; empty = goes on from the one above
	Text    string
	Buttons []string
}

// Pager leads to the rows before and after; what has no address is not shown.
type Pager struct {
	Name       string // for screen readers
	Prev, Next Link
	Where      string // 51–100 / 1,000
}
