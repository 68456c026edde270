package syntax

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A line about several things: each begins a group, and a label that stands in front of them
// all is for every figure behind it.
func TestSlotGroups(t *testing.T) {
	t.Parallel()
	units := []string{"只", "瓶", "桶"}
	r := NewSlotReader([]Slot{
		{Name: "品种", As: AsChoice, Opens: true, Options: []Word{{Name: "口罩"}, {Name: "酒精"}, {Name: "消毒液", Aliases: []string{"84", "84消毒液"}}}},
		{Name: "数", As: AsCount, Units: units},
		{Name: "剩", As: AsCount, Units: units},
		{Name: "出", Aliases: []string{"出了"}, As: AsCount, Units: units},
		{Name: "入", As: AsCount, Units: units},
		{Name: "盘", As: AsCount, Units: units},
	}, nil)
	names := []string{"品种", "数", "剩", "出", "入", "盘"}
	for line, want := range map[string]string{
		"盘 口罩260 酒精8":      "品种1 盘260 品种2 盘8",
		"盘 口罩260 84 3":     "品种1 盘260 品种3 盘3",
		"口罩入500 84入4桶":     "品种1 入500 品种3 入4",
		"口罩出了四十只给门岗 酒精剩2瓶": "品种1 出40 品种2 剩2",
		"口罩84只":            "品种1 数84",
		"84消毒液 出2":         "品种3 出2",
		"入 口罩500 出 酒精3":    "品种1 入500 品种2 出3",
	} {
		var got []string
		out := r.Read(line, time.Date(2020, 2, 13, 0, 0, 0, 0, time.UTC))
		for _, s := range out.Said {
			got = append(got, fmt.Sprintf("%s%d", names[s.Slot], s.Int))
		}
		if g := strings.Join(got, " "); g != want || len(out.Unknown) > 0 {
			t.Errorf("%s: %s, unknown %q, want %s", line, g, out.Unknown, want)
		}
	}
}
