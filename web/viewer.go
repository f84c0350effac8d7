package web

// ViewerPolicy is the Content-Security-Policy of the viewer: the strict one of
// every page, and what a PDF or a video in the page needs, all from our own host:
// media, a worker, and fonts out of the document. No eval, no WebAssembly, no
// inline script (docs/decisions/viewer.md).
const ViewerPolicy = Policy + "; media-src 'self'; worker-src 'self'"

// ViewerPage is an opened material, or the list of several.
type ViewerPage struct {
	Frame
	Kind     string // pdf, video, image, office, tool, list; "" = only what the other fields say
	Text     string // the material's description; may be empty
	Meta     string // e.g. version and date; may be empty
	Notice   string // e.g. that a newer version exists; may be empty
	Picture  string // address of a cover, on our host; may be empty
	Alt      string // what an image shows
	View     Link   // the file; empty URL = none
	Download Link   // saves the file; empty URL = not allowed
	Tool     Link   // where a tool leads; only for readers without script
	Back     Link   // to the list of several materials; empty URL = none
	Recorded string // one line: what is recorded
	Privacy  Link   // more about that; may be empty
	Items    []ViewerItem
	Ask      *Ask     // who reads; nil = nobody is asked
	Progress string   // how many of several materials are acknowledged; may be empty
	Actions  []Action // 「内容を確認しました」「商談で使った」…; may be empty

	Size     int64             // of a PDF in bytes, 0 = unknown
	Captions Captions          // of a video
	Resume   string            // what the place to go on from is kept under
	Go       string            // where the page of a tool posts before it goes on
	Words    map[string]string // labels of a document's page, by ViewerWords
	Track    Track
}

// Track is what the page needs to report what was on screen.
type Track struct {
	Seen  string // where it reports; empty = nowhere
	Proof string // says for which visit and material
	At    int64  // how old the visit is, in ms
	After int64  // so many visible ms are a page view
	Idle  int64  // so many ms without a hand are nobody
}

// Captions are a video's; an empty URL is none.
type Captions struct{ URL, Lang, Label string }

// Ask is a question that one tap answers.
type Ask struct {
	Question string
	Answers  []Action
}

// ViewerItem is one of several materials behind one link.
type ViewerItem struct {
	Title, Text string
	Done        string // that it is acknowledged; may be empty
	View        Link
}

// ViewerWords are the names of ViewerPage.Words. In content/words they begin
// with "viewer.".
var ViewerWords = []string{"page", "loading", "failed", "zoom_in", "zoom_out", "fit", "thumbnails"}
