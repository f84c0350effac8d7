// Akari puts partner support on the record where the work already happens: in chat.
//
// Package main is birth and death: it reads the configuration, builds the parts,
// runs them and stops them, and holds the command line. It makes no business
// decision.
package main

import (
	"io"
	"os"
	_ "time/tzdata" // the image has no zone files
)

func main() {
	os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// surroundings is what a command gets from outside.
type surroundings struct {
	environ        []string
	stdout, stderr io.Writer
}
