package main

import (
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Every line of the reader's table of typed reports, sent as a report through the whole
// house: what would be stored, asked or offered to be copied never holds another figure than
// the one it was typed from. The figures are the table's, not the program's.
func TestTypedLines(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../handlers/syntax/testdata/typed.txt")
	if err != nil {
		t.Fatal(err)
	}
	b, err := newTryBench(t.Context(), console{out: io.Discard}, "", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	senders := []struct{ unit, userid string }{
		{"彩虹二居", "sj-caihong2"}, {"彩虹1居", "sj-caihong1"}, {"文苑3居", "sj-wenyuan3"}, {"三角地", "sj-sanjiaodi"}, {"", "sj-meiyuan"},
	}
	figure := regexp.MustCompile(`(新返|重点|新隔|解除|在隔|发热|未联系)(\d+)`)
	stored, asked, refused := 0, 0, 0
	for line := range strings.Lines(string(data)) {
		typed, meant, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ⇒")
		if !ok || strings.HasPrefix(line, "#") || strings.Contains(typed, "十二村") { // no such committee in the demo
			continue
		}
		typed = "/日报 " + strings.ReplaceAll(typed, "⏎", "\n")
		want := map[string]string{}
		for _, m := range figure.FindAllStringSubmatch(strings.ReplaceAll(meant, "=", ""), -1) {
			want[m[1]] = m[2]
		}
		who := ""
		for _, s := range senders {
			if strings.Contains(typed, s.unit) {
				who = s.userid
				break
			}
		}
		out := b.try(t.Context(), who, "", typed)
		for label, n := range out.Values {
			if n, isInt := n.(int); isInt && want[label] != "" && want[label] != strconv.Itoa(n) {
				t.Errorf("%q: %s%d, meant %s", typed, label, n, want[label])
			}
		}
		switch {
		case out.Refusal != nil:
			refused++
			for _, m := range figure.FindAllStringSubmatch(out.Refusal.Fix, -1) {
				if strings.Contains(out.Refusal.Fix, "改了再发") && want[m[1]] != m[2] {
					t.Errorf("%q: offers %s, meant %q\n%s", typed, m[0], want[m[1]], out.Refusal.Fix)
				}
			}
		case len(out.Asks) > 0:
			asked++
		default:
			stored++
		}
		if out.WouldStore == (out.Refusal != nil || len(out.Asks) > 0) {
			t.Errorf("%q: neither stored, asked nor refused: %s", typed, out.Reply)
		}
	}
	t.Logf("%d stored, %d asked, %d refused", stored, asked, refused)
	if stored+asked < refused {
		t.Error("most lines are refused")
	}
}
