package register

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
)

// byHand follows the printed recipe and nothing else: a lot for each number, the smallest
// win.
func byHand(seed string, numbers []int, seats int) map[int]bool {
	won := map[int]bool{}
	for len(won) < seats && len(won) < len(numbers) {
		best, least := 0, "~"
		for _, n := range numbers {
			lot := fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "%s|%d", seed, n)))
			if !won[n] && lot < least {
				best, least = n, lot
			}
		}
		won[best] = true
	}
	return won
}

func TestLotsRecomputed(t *testing.T) {
	t.Parallel()
	for round := range 20 {
		seed := fmt.Sprintf("seed%d", round)
		var numbers []int
		for n := range 86 {
			if n%7 != round%7 { // some were given back
				numbers = append(numbers, n+1)
			}
		}
		got, want := Lots(seed, numbers, 60), byHand(seed, numbers, 60)
		if len(got) != 60 || !slices.IsSorted(got) {
			t.Fatalf("seed %s: %d numbers: %v", seed, len(got), got)
		}
		for _, n := range got {
			if !want[n] {
				t.Errorf("seed %s: %d won, by hand it did not", seed, n)
			}
		}
	}
	if got := Lots("s", []int{3, 1}, 5); !slices.Equal(got, []int{1, 3}) {
		t.Errorf("more seats than numbers: %v", got)
	}
}
