package main

import (
	"runtime"
	"runtime/debug"

	"akari/models"
)

// version is set by the build: -ldflags "-X main.version=1.2.3".
var version = "dev"

// Version is what `akari version` and /version say.
type Version struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
	Schema  int64  `json:"schema"`
}

func currentVersion() Version {
	v := Version{Version: version, Commit: "unknown", Go: runtime.Version(), Schema: models.SchemaVersion()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	changed := ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			v.Commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+changes"
		}
	}
	v.Commit += changed
	return v
}
