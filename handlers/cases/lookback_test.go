package cases

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"sort"
	"testing"
)

// recompute draws a sample as anybody can who has the published seed and the list: hash
// every number behind the seed, sort, take the share rounded up.
func recompute(seed string, share int, list []string) map[string]bool {
	byHash := map[string]string{}
	var hashes []string
	for _, id := range list {
		h := fmt.Sprintf("%x", sha256.Sum256([]byte(seed+"|"+id)))
		byHash[h] = id
		hashes = append(hashes, h)
	}
	sort.Strings(hashes)
	n := len(list) * share / 100
	if n*100 < len(list)*share {
		n++
	}
	out := map[string]bool{}
	for _, h := range hashes[:n] {
		out[byHash[h]] = true
	}
	return out
}

func TestDrawCanBeRecomputed(t *testing.T) {
	t.Parallel()
	for n := range 40 {
		var list []string
		for i := range n {
			list = append(list, number("W", i*7+1))
		}
		for _, share := range []int{1, 30, 99, 100} {
			seed := seedOf(fmt.Sprintf("【例会】%d", n))
			got, want := Draw(seed, share, list), recompute(seed, share, list)
			if len(got) != len(want) {
				t.Fatalf("%d of %d: drew %d, recomputed %d", share, n, len(got), len(want))
			}
			for _, id := range got {
				if !want[id] {
					t.Fatalf("%d of %d: %s was drawn and cannot be recomputed", share, n, id)
				}
			}
			backwards := slices.Clone(list)
			slices.Reverse(backwards)
			if !slices.Equal(got, Draw(seed, share, backwards)) {
				t.Fatal("the order of the list matters")
			}
		}
	}
	list := []string{"W01", "W02", "W03", "W04", "W05", "W06", "W07", "W08", "W09", "W10"}
	if slices.Equal(Draw("a", 30, list), Draw("b", 30, list)) && slices.Equal(Draw("a", 30, list), Draw("c", 30, list)) {
		t.Error("the seed does not matter")
	}
}
