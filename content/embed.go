package content

import (
	"embed"
	"io/fs"
)

//go:embed faq materials words
var sample embed.FS

// Sample is the content built into the binary: what a newcomer sees before any
// partner has been seeded, and the words under everybody's words.
func Sample() fs.FS { return sample }
