package slack

// What tests outside of the package may look at.
var (
	Escape     = escape
	Unescape   = unescape
	Sections   = sections
	RetryAfter = retryAfter
)
