package main

import "testing"

// What the bot says by itself is booked to the office that caused it: the outcome names it,
// or the kind of duty does, or its family.
func TestEveryPushHasAnOffice(t *testing.T) {
	t.Parallel()
	fs := families()
	for _, d := range duties(fs) {
		if d.Office == "" {
			t.Errorf("duty %s is booked to nobody: give its family an Office", d.Kind)
		}
	}
	for _, it := range dueItems(fs) {
		if it.Office == "" {
			t.Errorf("due item %s is booked to nobody: give its family an Office", it.Kind)
		}
	}
}
