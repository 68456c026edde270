package main

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"juwei/config"
	"juwei/store/storetest"
)

// Five households want two places. What the bot printed is all that a resident has: the
// fingerprint from before, the seed, who took part, and the recipe.
func TestDrawIsRecomputedFromWhatWasPrinted(t *testing.T) {
	t.Parallel()
	d := startDemo(t, storetest.Start(t), func(s *config.Street) { changeStreet(t, s, "without nudge\nwithout remind-chat") })
	p := playerAt(t, "http://"+d.addr, d.app.works().cfg.Streets[0])
	p.demo = d
	say := func(text string) string {
		p.send("sj-meiyuan", "sj-meiyuan", text, "", "")
		said := ""
		for _, m := range p.messages(0) {
			if m.Chat == "sj-meiyuan" && m.Via != "person" {
				said = m.Text
			}
		}
		return said
	}
	for i, house := range []string{"6-1201", "6-1202", "6-1203", "6-1101", "6-1102"} {
		if got := say("/约 " + house); !strings.Contains(got, fmt.Sprintf("第1轮 %d号", i+1)) {
			t.Fatalf("book %s: %s", house, got)
		}
	}
	say("/退号 6-1202")
	closed := say("/抽号 名额2")
	p.clock("2020-02-13 15:20")
	drawn := say("/抽号 开")

	find := func(text, pattern string) string {
		m := regexp.MustCompile(pattern).FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("no %s in:\n%s", pattern, text)
		}
		return m[1]
	}
	sha := func(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }
	seed := find(drawn, `种子：([0-9a-f]+)`)
	if got := find(closed, `([0-9a-f]{64})`); got != sha(seed) {
		t.Errorf("the fingerprint %s is not that of the seed %s", got, seed)
	}
	if got := find(drawn, `参加的号 ([^；]+)；`); got != "1、3-5" {
		t.Errorf("who took part: %s", got)
	}
	numbers := []int{1, 3, 4, 5}
	slices.SortFunc(numbers, func(a, b int) int {
		return strings.Compare(sha(seed+"|"+strconv.Itoa(a)), sha(seed+"|"+strconv.Itoa(b)))
	})
	slices.Sort(numbers[:2])
	if got, want := find(drawn, `中的号：([^。]+)。`), fmt.Sprintf("%d、%d", numbers[0], numbers[1]); got != want {
		t.Errorf("the bot says %s, the recipe %s", got, want)
	}
	if got := say(fmt.Sprintf("/抽号 %d", numbers[0])); !strings.Contains(got, "抽中了") {
		t.Errorf("one number asked for: %s", got)
	}
	if got := say("/抽号 2"); !strings.Contains(got, "不在这一轮里") { // given back
		t.Errorf("a number given back: %s", got)
	}
	if again := say("/抽号 开"); again != drawn {
		t.Errorf("said again it differs:\n%s", again)
	}
}
