// Akari puts partner support on the record where the work already happens: in chat.
//
// Package main is birth and death: it reads the configuration, builds the parts,
// runs them and stops them, and holds the command line. It makes no business
// decision.
package main

func main() {}
