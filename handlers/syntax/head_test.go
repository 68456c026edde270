package syntax

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/width"
)

func showHead(h Head) string {
	var b strings.Builder
	b.WriteString(h.Command)
	if h.Word != "" || h.Slash && h.Command == "" {
		b.WriteString("?" + h.Word)
		if len(h.Near) > 0 {
			b.WriteString("→" + strings.Join(h.Near, ","))
		}
	}
	b.WriteString(" | ")
	if h.Mentioned {
		b.WriteString("@")
	}
	if h.Slash {
		b.WriteString("/")
	}
	fmt.Fprintf(&b, " | %s", strings.ReplaceAll(h.Rest, "\n", "⏎"))
	return b.String()
}

func TestHeadsTable(t *testing.T) {
	t.Parallel()
	s := NewSplitter(vocabulary)
	checkTable(t, "heads.txt", func(in string) string { return strings.TrimSpace(showHead(s.Split(in))) })
}

func TestSplitAll(t *testing.T) {
	t.Parallel()
	s := NewSplitter(vocabulary)
	for _, c := range []struct {
		in   string
		want []string
	}{
		{"@防控助手 /日报 新返3 /罩 发86", []string{"日报 | @/ | 新返3", "罩 | @/ | 发86"}},
		{"/日报 新返3\n/罩 发86 号412-497\n、岗 南门", []string{"日报 | / | 新返3", "罩 | / | 发86 号412-497", "岗 | / | 南门"}},
		{"/日报 新返3 / 重点1", []string{"日报 | / | 新返3 / 重点1"}},
		{"/日报 新返3/重点1/在隔2", []string{"日报 | / | 新返3/重点1/在隔2"}},
		{"/岗 文苑东门 缺2 登记本、测温", []string{"岗 | / | 文苑东门 缺2 登记本、测温"}},
		{"/清单 2/3", []string{"?清单 | / | 2/3"}},
		{"日报 新返3 /罩 发86", []string{"日报 |  | 新返3", "罩 | / | 发86"}},
		{"大家好 /日报 新返3", []string{"日报 | / | 新返3"}},
		{"大家好 @防控助手/日报 新返3 /罩 发86", []string{"日报 | @/ | 新返3", "罩 | @/ | 发86"}},
		{"新返3 重点1 /日报", []string{"日报 | / | 新返3 重点1"}},
		{"@防控助手 日报 新返3\n罩 发86", []string{"日报 | @ | 新返3", "罩 | @ | 发86"}},
		{"日报：新返3\n重点1\n罩：发86\n/收 7", []string{"日报 |  | 新返3⏎重点1", "罩 |  | 发86", "收 | / | 7"}},
		{"/日报 新返3 罩 发86\n收 7", []string{"日报 | / | 新返3 罩 发86⏎收 7"}}, // 收 opens no line
		{"零报\n罩 发86", []string{"零报 |  | ", "罩 |  | 发86"}},
		{"日报 新返3\n零报", []string{"日报 |  | 新返3⏎零报"}}, // not to be filed a second time
		{"大家好\n日报 新返3\n罩 发86", []string{" |  | 大家好⏎日报 新返3⏎罩 发86"}},
		{"日报 新返3\n罩子不够", []string{"日报 |  | 新返3⏎罩子不够"}},
		{"", []string{" |  | "}},
	} {
		var got []string
		for _, h := range s.SplitAll(c.in) {
			got = append(got, showHead(h))
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%q: %s", c.in, d)
		}
	}
}

// FuzzSplit: splitting a normalised message gives the same head, and full-width typing gives
// the same command and rest as half-width typing.
func FuzzSplit(f *testing.F) {
	for _, r := range rows(f, "heads.txt") {
		f.Add(r.in)
	}
	s := NewSplitter(vocabulary)
	f.Fuzz(func(t *testing.T, raw string) {
		n := Normalise(raw)
		if again := Normalise(n); again != n {
			t.Fatalf("normalise %q: %q, then %q", raw, n, again)
		}
		h := s.Split(raw)
		if d := cmp.Diff(h, s.Split(n)); d != "" {
			t.Fatalf("split %q after normalising: %s", raw, d)
		}
		if wide := width.Widen.String(n); Normalise(wide) == n {
			if d := cmp.Diff(h, s.Split(wide)); d != "" {
				t.Fatalf("split %q in full width: %s", raw, d)
			}
		}
		if ascii(n) && Normalise(width.Widen.String(n)) != n {
			t.Fatalf("full width of %q normalises to %q", n, Normalise(width.Widen.String(n)))
		}
		if h.Command != "" && h.Word != "" || h.Word != "" && !h.Slash || len(h.Near) > 3 {
			t.Fatalf("head of %q contradicts itself: %+v", raw, h)
		}
		if h.Rest != Normalise(h.Rest) {
			t.Fatalf("rest of %q is not normalised: %q", raw, h.Rest)
		}
		if all := s.SplitAll(raw); len(all) == 0 || all[0].Command != h.Command {
			t.Fatalf("split all of %q: %+v, want first command %q", raw, all, h.Command)
		}
	})
}

func ascii(s string) bool {
	for _, r := range s {
		if r > 0x7e {
			return false
		}
	}
	return true
}
