package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docs/coverage.md says of every card of the founding papers what serves it and which
// transcript shows that. What it names is there: every card has its row, every transcript
// exists, every command is one of a street that runs all packs.
func TestCoverage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/coverage.md")
	if err != nil {
		t.Fatal(err)
	}
	words := everyWord(t)
	typed := regexp.MustCompile("`/([^`]+)`")
	var cards []string
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.HasPrefix(line, "|") || len(cells) < 3 || strings.HasPrefix(cells[0], "---") || strings.HasSuffix(strings.TrimSpace(cells[len(cells)-1]), "还没有") || strings.TrimSpace(cells[len(cells)-1]) == "对话" {
			continue
		}
		shown := cells[2]
		if card := strings.TrimSpace(cells[0]); regexp.MustCompile(`^S\d\d$`).MatchString(card) {
			if len(cells) != 5 {
				t.Errorf("%s: %d cells, want 5", card, len(cells))
				continue
			}
			cards, shown = append(cards, card), cells[3]
			if len(strings.Fields(shown)) == 0 {
				t.Errorf("%s: no transcript", card)
			}
		}
		for _, name := range strings.Fields(shown) {
			if _, err := os.Stat("testdata/chat/" + name + ".txtar"); err != nil {
				t.Errorf("%s: %v", strings.TrimSpace(cells[0]), err)
			}
		}
		for _, m := range typed.FindAllStringSubmatch(line, -1) {
			if !slices.Contains(words, m[1]) {
				t.Errorf("%s: nobody knows /%s", strings.TrimSpace(cells[0]), m[1])
			}
		}
	}
	for n := range 45 {
		if card := fmt.Sprintf("S%02d", n); !slices.Contains(cards, card) {
			t.Errorf("%s has no row", card)
		}
	}
}

// The example in docs/写专项.md is a whole pack, and one that bot check accepts.
func TestGuideExample(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/写专项.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```yaml\n")
	example, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("no example")
	}
	if p := packFrom(t, "gaowen.yaml", []byte(example)); p == nil || p.Title != "高温慰问" {
		t.Errorf("pack = %v, want 高温慰问", p)
	}
}

// everyWord is what can be typed in a street that runs all built-in packs.
func everyWord(t *testing.T) []string {
	t.Helper()
	s := streetOfAllPacks(t)
	var out []string
	for _, f := range families() {
		if f.Commands == nil {
			continue
		}
		for _, c := range f.Commands(s) {
			out = append(append(out, c.Name), c.Aliases...)
		}
	}
	return out
}
