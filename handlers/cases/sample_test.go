package cases

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"juwei/config"
)

var fiveHave = &config.Checklist{Name: "岗", Title: "5个有", Items: []*config.ListItem{
	{Name: "志愿者"}, {Name: "登记桌"}, {Name: "登记本"}, {Name: "出入证"}, {Name: "测温", Aliases: []string{"测温枪"}},
}}

// Of a hundred weeks in which four fifths are as they should be, the printed range holds the
// truth in at least 93, whatever the number of looks.
func TestEstimateHoldsTheTruth(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(2020, 213))
	for _, looks := range []int{20, 31, 60, 175} {
		t.Run(fmt.Sprint(looks), func(t *testing.T) {
			const runs, truth = 2000, 0.8
			holds := 0
			for range runs {
				good := 0
				for range looks {
					if r.Float64() < truth {
						good++
					}
				}
				if low, high := Wilson(good, looks); low <= truth && truth <= high {
					holds++
				}
			}
			if share := holds * 100 / runs; share < 93 {
				t.Errorf("the range held the truth in %d of 100 weeks", share)
			}
		})
	}
}

// What is looked at follows from seed, list and place alone, and falls on every item alike.
func TestDrawItemIsFair(t *testing.T) {
	t.Parallel()
	counts := make([]int, len(fiveHave.Items))
	for day := range 30 {
		for gate := range 123 {
			seed, place := fmt.Sprintf("%016x", day*7919), fmt.Sprintf("小区%d南门", gate)
			i := drawItem(seed, fiveHave, place)
			if i != drawItem(seed, fiveHave, place) {
				t.Fatal("drawn twice, it is another")
			}
			counts[i]++
		}
	}
	for i, n := range counts { // 738 expected, σ 24
		if n < 738-4*24 || n > 738+4*24 {
			t.Errorf("%s was drawn %d times of %d", fiveHave.Items[i].Name, n, 30*123)
		}
	}
}

func TestSeen(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]bool{
		"有": {true, true}, " 有的": {true, true}, "测温有": {true, true}, "测温枪 有": {true, true}, "好": {true, true}, "1": {true, true}, "ok": {true, true},
		"没有": {false, true}, "没": {false, true}, "无": {false, true}, "测温枪没电": {false, true}, "坏了": {false, true}, "不在": {false, true},
		"谁知道": {false, false}, "": {false, false}, "南门": {false, false},
	} {
		if there, ok := seen(text, fiveHave.Items[4]); there != want[0] || ok != want[1] {
			t.Errorf("%q: there %v, understood %v", text, there, ok)
		}
	}
}
