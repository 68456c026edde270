package syntax

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func specials() *Puller {
	return NewPuller([]Special{
		{Name: "号段", Aliases: []string{"号", "从"}, As: AsRange},
		{Name: "估损", Aliases: []string{"损失"}, As: AsPoint, Places: 1, Units: []string{"万元", "万"}},
		{Name: "瓶颈", Aliases: []string{"主要是"}, As: AsChoice, Options: []Word{{Name: "人手", Aliases: []string{"缺人"}}, {Name: "不配合", Aliases: []string{"进不去"}}, {Name: "无", Aliases: []string{"没有"}}}},
		{Name: "告示", As: AsYesNo},
		{Name: "开工", As: AsDay},
		{Name: "户号", As: AsHome},
	}, []Word{{Name: "发", Aliases: []string{"发了"}}, {Name: "领", Aliases: []string{"领走"}}, {Name: "应排"}, {Name: "已排"}}, []Word{{Name: "举措"}}, "已排", "应排")
}

func TestPull(t *testing.T) {
	t.Parallel()
	today := time.Date(2020, 2, 13, 0, 0, 0, 0, time.UTC)
	for line, want := range map[string]string{
		"发86 号412-497 领79":        "号段412-497 | 发86  领79",
		"发了86户，从412号到497号，已经领走79": "号段412-497 | 发了86户, 已经领走79",
		"发86号 号段４１２～４９７":          "号段412-497 | 发86号",
		"损失8.5万 发3":               "估损85 | 发3",
		"估损：十二 领3":                "估损120 | 领3",
		"估损8.55 领3":               "!估损:8.55 | 领3",
		"瓶颈人手":                    "瓶颈1 |",
		"瓶颈职工宿舍进不去":               "瓶颈2(职工宿舍进不去) |",
		"举措加夜班 瓶颈人手":              "瓶颈1 | 举措加夜班",
		"举措加夜班 瓶颈天气":              "| 举措加夜班 瓶颈天气",
		"举措：跑了瓶颈楼，缺人":             "| 举措:跑了瓶颈楼,缺人",
		"瓶颈缺人 发3":                 "瓶颈1 | 发3",
		"瓶颈天气":                    "!瓶颈:天气 |",
		"瓶颈没有":                    "瓶颈3 |",
		"告示没有 发3":                 "告示0 | 发3",
		"告示：有":                    "告示1 |",
		"告示是":                     "告示1 |",
		"开工2月10日 发3":              "开工2020-02-10 | 发3",
		"户号6-1203 发3":             "户号6-1203 | 发3",
		"86/110 领9":               "| 已排86 应排110  领9",
		"2/10 领9":                 "| 2/10 领9",
		"612/846 72.3%":           "| 已排612 应排846  72.3%",
		"发3":                      "| 发3",
	} {
		if got := showPulled(specials().Pull(line, today)); got != strings.TrimSpace(want) {
			t.Errorf("%s\n got %q\nwant %q", line, got, want)
		}
	}
}

// showPulled writes what was taken out of a line, and behind | what was left.
func showPulled(p Pulled) string {
	var parts []string
	for _, x := range p.Found {
		switch x.Label {
		case "号段":
			parts = append(parts, fmt.Sprintf("号段%d-%d", x.From, x.To))
		case "开工":
			parts = append(parts, "开工"+x.At.Format("2006-01-02"))
		case "户号":
			parts = append(parts, "户号"+x.Home.Key())
		default:
			s := fmt.Sprintf("%s%d", x.Label, x.Int)
			if x.Text != "" {
				s += "(" + x.Text + ")"
			}
			parts = append(parts, s)
		}
	}
	for _, b := range p.Bad {
		parts = append(parts, "!"+b.Label+":"+b.Text)
	}
	return strings.TrimSpace(strings.Join(append(parts, "| "+p.Rest), " "))
}

// Where nothing is counted, a number behind a choice is part of what was said about it.
func TestPullClauses(t *testing.T) {
	t.Parallel()
	p := NewPuller([]Special{
		{Name: "瓶颈", Aliases: []string{"主要是"}, As: AsChoice, Options: []Word{{Name: "人手", Aliases: []string{"缺人"}}, {Name: "不配合"}}},
	}, nil, []Word{{Name: "举措"}}, "", "")
	for line, want := range map[string]string{
		"进度差不多了，主要是宿舍老板不配合，人手也缺2个": "瓶颈2(宿舍老板不配合,人手也缺2个) | 进度差不多了,",
		"瓶颈缺人，还有2家不配合，举措：加夜班3次":    "瓶颈1(缺人,还有2家不配合) | ,举措:加夜班3次",
		"瓶颈缺人，谢谢":       "瓶颈1 | ,谢谢",
		"瓶颈宿舍缺人，谢谢⏎收到2": "瓶颈1(宿舍缺人,谢谢) | 收到2",
		"瓶颈天气，缺人2个":     "!瓶颈:天气 | ,缺人2个",
	} {
		if got := showPulled(p.Pull(strings.ReplaceAll(line, "⏎", "\n"), time.Time{})); got != want {
			t.Errorf("%s\n got %q\nwant %q", line, got, want)
		}
	}
}

func TestDecimal(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]int{"8.5": 85, "８．５万": 85, "8": 80, "十二": 120, "92.7%": 927} {
		if n, ok := Decimal(s, 1, "万元", "万"); !ok || n != want {
			t.Errorf("Decimal(%s) = %d, %v; want %d", s, n, ok, want)
		}
	}
	for _, s := range []string{"", "8.55", "8.", "很多", "8.5个"} {
		if n, ok := Decimal(s, 1, "万元", "万"); ok {
			t.Errorf("Decimal(%s) = %d", s, n)
		}
	}
}

// FuzzPull: what is taken out stood in the line, and a second pull finds nothing that the
// first left out.
func FuzzPull(f *testing.F) {
	for _, s := range []string{"发86 号412-497 领79", "瓶颈职工宿舍进不去", "估损8.5万", "86/110", "户号6-1203 开工2.10 告示有", "举措 号1-2\n号3-4"} {
		f.Add(s)
	}
	p := specials()
	today := time.Date(2020, 2, 13, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		out := p.Pull(s, today)
		for _, x := range out.Found {
			if x.From > x.To || x.Int < 0 {
				t.Fatalf("%q: %+v", s, x)
			}
			if x.Text != "" && !strings.Contains(Normalise(s), x.Text) {
				t.Fatalf("%q: %q is not in it", s, x.Text)
			}
		}
		if out.Rest != Normalise(out.Rest) && len(out.Found)+len(out.Bad) == 0 {
			t.Fatalf("%q: rest %q is not normalised", s, out.Rest)
		}
	})
}
