package content

import "slices"

// Text is one text in several languages, by language code ("ja", "en").
type Text map[string]string

// In gives the text in the wanted language, else Japanese, English, any.
func (t Text) In(lang string) string {
	for _, l := range [...]string{lang, "ja", "en"} {
		if s := t[l]; s != "" {
			return s
		}
	}
	for _, l := range sortedKeys(t) {
		if t[l] != "" {
			return t[l]
		}
	}
	return ""
}

// Owner is the staff member and department answerable for a piece of content.
type Owner struct {
	Person     string `json:"person,omitempty"` // a staff key
	Department string `json:"department,omitempty"`
}

// Reader is who is asking, as far as content needs to know.
type Reader struct {
	Partner string // partner key
	Tier    string
	Tags    []string
	// Staff sees everything, whatever its audience (validity still holds).
	Staff bool
	// PublicOnly sees only what has no audience at all, whoever it is: for
	// rooms where several organisations sit. It wins over Staff.
	PublicOnly bool
	Lang       string // preferred language; empty means Japanese
}

// Audience is the rule that picks partners. All non-empty lists must hold;
// an empty audience is everybody.
type Audience struct {
	Partners []string `json:"partners,omitempty"` // the reader's partner is one of these
	Tiers    []string `json:"tiers,omitempty"`    // its tier is one of these
	Tags     []string `json:"tags,omitempty"`     // it has at least one of these
}

// Everybody says whether the audience restricts nobody.
func (a Audience) Everybody() bool {
	return len(a.Partners) == 0 && len(a.Tiers) == 0 && len(a.Tags) == 0
}

// Includes says whether r may see what has this audience. A reader without a
// partner only sees what is for everybody: an empty key never matches.
func (a Audience) Includes(r Reader) bool {
	if a.Everybody() {
		return true
	}
	if r.PublicOnly {
		return false
	}
	if r.Staff {
		return true
	}
	if len(a.Partners) > 0 && (r.Partner == "" || !slices.Contains(a.Partners, r.Partner)) {
		return false
	}
	if len(a.Tiers) > 0 && (r.Tier == "" || !slices.Contains(a.Tiers, r.Tier)) {
		return false
	}
	if len(a.Tags) > 0 && !slices.ContainsFunc(a.Tags, func(t string) bool { return t != "" && slices.Contains(r.Tags, t) }) {
		return false
	}
	return true
}

// validOn tells whether something may be served on a day, of which from and until are
// the first and the last; empty = open.
func validOn(from, until, day string) State {
	switch {
	case from != "" && day < from:
		return NotYet
	case until != "" && day > until:
		return Expired
	}
	return Served
}
