// Package campaign holds the proofs about campaigns that need several parts at
// once: strict doubles of the platforms, real databases, senders and the clock.
// Test support: nothing in the program imports it.
package campaign
