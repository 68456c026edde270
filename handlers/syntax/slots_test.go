package syntax

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var household = NewSlotReader([]Slot{
	{Name: "人数", As: AsCount, Units: []string{"人", "个人", "口人", "口", "个"}},
	{Name: "来源", Aliases: []string{"从"}, As: AsChoice, Options: []Word{{Name: "湖北"}, {Name: "安徽"}, {Name: "江苏"}}},
	{Name: "抵沪", Aliases: []string{"到"}, As: AsDay},
	{Name: "交通", As: AsChoice, Options: []Word{{Name: "火车", Aliases: []string{"高铁"}}, {Name: "自驾"}}},
	{Name: "班次", As: AsWords},
	{Name: "措施", As: AsChoice, Options: []Word{{Name: "居家", Aliases: []string{"在家隔离"}}}},
	{Name: "承诺书", As: AsYesNo},
	{Name: "告知单", Aliases: []string{"单"}, As: AsYesNo},
	{Name: "计划返", Aliases: []string{"回", "延"}, As: AsDay, Ahead: true},
}, []Word{{Name: "绿"}, {Name: "没人应"}})

// Lines of cards S06, S07, S14, S20, S40 and what they say.
func TestSlots(t *testing.T) {
	t.Parallel()
	today := time.Date(2020, 2, 13, 0, 0, 0, 0, time.UTC)
	names := []string{"人数", "来源", "抵沪", "交通", "班次", "措施", "承诺书", "告知单", "计划返"}
	for line, want := range map[string]map[string]any{
		"2 安徽 2.12 自驾":         {"人数": 2, "来源": 2, "抵沪": "02-12", "交通": 2},
		"1人 江苏 今天 高铁 承诺书有":     {"人数": 1, "来源": 3, "抵沪": "02-13", "交通": 1, "承诺书": 1},
		"一个人 江苏 今天到的 高铁":       {"人数": 1, "来源": 3, "抵沪": "02-13", "交通": 1},
		"，二月六号从湖北回来的，3口人，在家隔离": {"人数": 3, "来源": 1, "抵沪": "02-06", "措施": 1},
		"3人 2.16回 安徽":          {"人数": 3, "计划返": "02-16", "来源": 2},
		"延2.20":                {"计划返": "02-20"},
		"有单":                   {"告知单": 1},
		"没有单":                  {"告知单": 0},
		"承诺书还没签":               {"承诺书": 0},
		"没签承诺书":                {"承诺书": 0},
		"江苏 2.13 G7012":        {"来源": 3, "抵沪": "02-13", "班次": "G7012"},
		"变绿勒 满了":               {"mark0": true},
		"敲门没人应":                {"mark1": true},
		"2.20到 2人":             {"抵沪": "02-20", "人数": 2},
		"湖北 2.6 3人 7只":         {"来源": 1, "抵沪": "02-06", "人数": 3, "?": []string{"7只"}},
		"不是湖北 是江苏":             {"来源": 3, "?": []string{"不是湖北"}},
		"人没回来":                 {"?": []string{"人没回来"}},
	} {
		got := map[string]any{}
		r := household.Read(line, today)
		for _, s := range r.Said {
			switch {
			case s.Mark >= 0:
				got["mark"+string(rune('0'+s.Mark))] = true
			case s.Text != "":
				got[names[s.Slot]] = s.Text
			case !s.At.IsZero():
				got[names[s.Slot]] = s.At.Format("01-02")
			default:
				got[names[s.Slot]] = s.Int
			}
		}
		if len(r.Unknown) > 0 {
			got["?"] = r.Unknown
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", line, diff)
		}
	}
}

// Where only temperatures are asked, how many were measured is no figure of its own.
func TestSlotsOfDegreesAlone(t *testing.T) {
	t.Parallel()
	r := NewSlotReader([]Slot{{Name: "体温", As: AsDegrees, Many: true}}, []Word{{Name: "正常"}})
	for line, want := range map[string]int{"三个人都三十六度几 正常": 1, "3个人 36.5 36.8 36.6": 3, "两口人都36度5": 1, "三个人": 0} {
		got := r.Read(line, time.Time{})
		if len(got.Said) != want || len(got.Unknown) > 0 {
			t.Errorf("%s: %+v", line, got)
		}
	}
	if got := r.Read("120 正常", time.Time{}); len(got.Unknown) == 0 {
		t.Errorf("120: %+v", got)
	}
}

// Temperatures: several of one household, and those that must be asked.
func TestSlotsOfDegrees(t *testing.T) {
	t.Parallel()
	r := NewSlotReader([]Slot{{Name: "体温", As: AsDegrees, Many: true}, {Name: "人数", As: AsCount, Units: []string{"人", "个人"}}}, []Word{{Name: "早"}, {Name: "晚"}, {Name: "正常"}})
	for line, want := range map[string][]int{
		"36.5 36.8 36.6": {365, 368, 366},
		"早36.8 晚37.6":    {-1, 368, -2, 376},
		"早365 晚三十七度一":    {-1, -365, -2, 371},
		"36。8，36度9":      {368, 369},
		"三个人都三十六度几 正常":   {3, -3},
		"早上36度8":         {-1, 368},
	} {
		var got []int
		for _, s := range r.Read(line, time.Time{}).Said {
			switch {
			case s.Mark >= 0:
				got = append(got, -1-s.Mark)
			case !s.Sure:
				got = append(got, -s.Int)
			default:
				got = append(got, s.Int)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", line, diff)
		}
	}
}
