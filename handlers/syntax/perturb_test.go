package syntax

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// disguise writes digits the way people do when a form will not take them: cut up at usual
// seams, in other digits, with characters inside that show nothing.
func disguise(r *rand.Rand, number string, seams [][]int) string {
	var parts []string
	for rest, cut := number, seams[r.IntN(len(seams))]; rest != ""; {
		n := len(rest)
		if len(cut) > 0 {
			n, cut = cut[0], cut[1:]
		}
		parts, rest = append(parts, rest[:n]), rest[n:]
	}
	text := strings.Join(parts, oneOf(r, " ", "-", ".", "·", "—", "_", "　", " - ", "‑"))
	script := oneOf(r, "", "", "０１２３４５６７８９", "⓪①②③④⑤⑥⑦⑧⑨", "零一二三四五六七八九", "〇壹贰叁肆伍陆柒捌玖", "洞幺二三四五六拐八勾")
	hide := r.IntN(4) == 0
	var b strings.Builder
	for _, c := range text {
		if script != "" && c >= '0' && c <= '9' {
			c = []rune(script)[c-'0']
		}
		b.WriteRune(c)
		if hide && r.IntN(3) == 0 {
			b.WriteString(oneOf(r, "\u200b", "\u2060", "\ufe0f", "\u00ad"))
		}
	}
	return b.String()
}

func oneOf(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

func cuts(n, size int) []int {
	var out []int
	for ; n > size; n -= size {
		out = append(out, size)
	}
	return out
}

// However a number is disguised and whatever stands around it, it is found whole, and the
// cleaned line has nothing of it.
func TestDisguisedNumbersAreFound(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(2020, 213))
	digits := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte('0' + byte(r.IntN(10)))
		}
		return b.String()
	}
	mobiles := [][]int{{}, {3, 4}, {3}, {4, 4}, {4, 3}, {7}, {3, 2, 2, 2}, cuts(11, 1)}
	ids := [][]int{{}, {6, 8}, {6, 4, 4}, {6}, {14}, {17}, cuts(18, 4), cuts(18, 3), cuts(18, 2), cuts(18, 1)}
	provinces := strings.Fields(provinces)
	for range 4000 {
		kind, number, seams := Mobile, "1"+oneOf(r, "3", "4", "5", "6", "7", "8", "9")+digits(9), mobiles
		if r.IntN(2) == 0 {
			last := oneOf(r, "X", "x", digits(1), digits(1), digits(1))
			kind, number, seams = IDNumber, oneOf(r, provinces...)+digits(4)+oneOf(r, "19", "20")+digits(9)+last, ids
		}
		text := disguise(r, number, seams)
		line := oneOf(r, "", "电话：", "/日报 新返1 困难", "身份证：", "张女士", "/急 6号门，") + text + oneOf(r, "", "，谢谢", "\n在隔9", "（儿子）", " 住5号")
		found := PII(line)
		if len(found) != 1 || found[0].Kind != kind && found[0].Kind != Document || !strings.Contains(line[found[0].Start:found[0].End], strings.TrimRight(text, "\u200b\u2060\ufe0f\u00ad")) {
			t.Fatalf("%q (%s): found %s", line, number, showFindings(line))
		}
		if c := Clean(line); len(PII(c)) > 0 || strings.Contains(c, number[3:9]) {
			t.Fatalf("Clean(%q) = %q", line, c)
		}
	}
}

// What is no personal data stays none in full-width digits and with invisible characters
// inside.
func TestDisguisedLookAlikesAreLeft(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(2020, 214))
	for _, row := range rows(t, "lookalikes.txt") {
		for range 20 {
			var b strings.Builder
			for _, c := range row.in {
				if c >= '0' && c <= '9' && r.IntN(2) == 0 {
					c += '０' - '0'
				}
				b.WriteRune(c)
				if r.IntN(8) == 0 {
					b.WriteString("\u200b")
				}
			}
			if got := showFindings(b.String()); got != "" {
				t.Errorf("%q: found %s", b.String(), got)
			}
		}
	}
}

// A name that is a place's is no person's, if the Screen knows the place.
func TestScreenKnowsPlaces(t *testing.T) {
	t.Parallel()
	s := NewScreen("金海", "文华苑")
	for line, want := range map[string]int{"金海 发热": 0, "金海小区密接": 0, "张伟发热": 1} {
		if got := len(s.PII(line)); got != want {
			t.Errorf("%q: %d findings, want %d", line, got, want)
		}
	}
	if got := s.Clean("6-1203 张伟 发热38.2 13912345678"); got != "6-1203 发热38.2" {
		t.Errorf("cleaned: %q", got)
	}
}
