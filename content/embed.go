package content

import (
	"embed"
	"io/fs"
)

//go:embed faq materials words synonyms.yaml
var sample embed.FS

// Sample is the content built into the binary: what a newcomer sees before any
// partner has been seeded, and the words under everybody's words.
func Sample() fs.FS { return sample }

// builtInSynonyms are the words of the field that lie under everybody's.
func builtInSynonyms() []synonymGroup {
	src := newSource(sample, "", true)
	src.files = map[string]*contentFile{}
	src.readFile(areaSynonyms, areaSynonyms)
	return src.synonymGroups()
}
