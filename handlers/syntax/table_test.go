package syntax

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the right-hand sides in testdata")

// report is the labels of the main daily form.
var report = []Label{
	{Name: "新返", Aliases: []string{"新增返沪", "新回来", "返沪"}, Units: []string{"人"}},
	{Name: "重点", Aliases: []string{"重点地区", "湖北", "重点人员"}, Units: []string{"人"}},
	{Name: "新隔", Aliases: []string{"新增隔离", "新隔离"}, Units: []string{"人"}},
	{Name: "解除", Aliases: []string{"解隔", "满14天", "解"}, Units: []string{"人"}},
	{Name: "在隔", Aliases: []string{"隔离中", "隔离", "居家", "在隔离"}, Units: []string{"人"}, Stock: true},
	{Name: "发热", Aliases: []string{"发烧"}, Units: []string{"人"}},
	{Name: "未联系", Aliases: []string{"没联系上", "未联系上", "联系不上", "失联"}, Units: []string{"户"}, Stock: true},
	{Name: "困难", Kind: Text},
}

var committees = []Word{
	{Name: "梅园", Aliases: []string{"梅园居民区"}}, {Name: "文苑"}, {Name: "三角地"}, {Name: "站前"},
	{Name: "彩虹一居"}, {Name: "彩虹二居"}, {Name: "文苑3居"}, {Name: "十二村"},
}

var vocabulary = Vocabulary{
	BotNames: []string{"防控助手", "居委 助手"},
	Commands: []Word{
		{Name: "日报", Aliases: []string{"报", "上报"}, Opens: true, Leads: true}, {Name: "零报", Aliases: []string{"零报告"}, Leads: true}, {Name: "改"}, {Name: "更正"}, {Name: "收"}, {Name: "收到"}, {Name: "办"},
		{Name: "问"}, {Name: "问题"}, {Name: "急"}, {Name: "测"}, {Name: "重点"}, {Name: "岗"}, {Name: "罩", Opens: true, Leads: true}, {Name: "帮助", Aliases: []string{"?", "help"}}, {Name: "晨报", Aliases: []string{"今日"}},
		{Name: "通知"}, {Name: "返"}, {Name: "查"}, {Name: "回"},
	},
}

// row is one line of a table: what was typed and what should come of it.
type row struct{ in, want string }

// table files hold "typed ⇒ understood", one a line; ⏎ is a newline, # starts a comment.
func rows(t testing.TB, name string) []row {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var out []row
	for l := range strings.Lines(string(data)) {
		l = strings.TrimSuffix(l, "\n")
		if strings.TrimSpace(l) == "" || strings.HasPrefix(l, "#") {
			continue
		}
		in, want, _ := strings.Cut(l, " ⇒")
		out = append(out, row{strings.ReplaceAll(in, "⏎", "\n"), strings.TrimSpace(want)})
	}
	return out
}

// checkTable compares every row of a table with what read makes of it.
func checkTable(t *testing.T, name string, read func(string) string) {
	t.Helper()
	if *update {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for l := range strings.Lines(string(data)) {
			l = strings.TrimSuffix(l, "\n")
			if in, _, _ := strings.Cut(l, " ⇒"); strings.TrimSpace(l) != "" && !strings.HasPrefix(l, "#") {
				l = in + " ⇒ " + read(strings.ReplaceAll(in, "⏎", "\n"))
			}
			b.WriteString(l + "\n")
		}
		if err := os.WriteFile("testdata/"+name, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range rows(t, name) {
		if got := read(r.in); got != r.want {
			t.Errorf("%s: %q\n got %s\nwant %s", name, r.in, got, r.want)
		}
	}
}

// show prints a Reading on one line: values, then /what else was said/, ?unknown, !bad numbers.
func show(r Reading) string {
	var p []string
	add := func(format string, a ...any) { p = append(p, fmt.Sprintf(format, a...)) }
	for _, v := range r.Values {
		switch {
		case v.Delta:
			add("%s%+d", v.Label, v.Int)
		case v.Text != "" || v.Label == "困难" || v.Label == "瓶颈" || v.Label == "举措":
			add("%s=“%s”", v.Label, v.Text)
		default:
			add("%s=%d", v.Label, v.Int)
		}
	}
	for _, g := range r.Guessed {
		if g.Delta {
			add("~%s%+d", g.Label, g.Int)
		} else {
			add("~%s=%d", g.Label, g.Int)
		}
	}
	if len(r.Units) > 0 {
		add("/unit %s/", strings.Join(r.Units, ","))
	}
	if r.Same {
		add("/same/")
	}
	for _, l := range r.SameLabels {
		add("/same %s/", l)
	}
	if r.Zero {
		add("/zero/")
	}
	for _, d := range r.Doubled {
		add("/doubled %s/", d)
	}
	for _, n := range r.Notes {
		add("/note %s/", n)
	}
	for _, a := range r.Aside {
		add("/aside %s/", a)
	}
	for _, d := range r.Days {
		add("/day %s/", d)
	}
	for _, u := range r.Unknown {
		s := "?" + u.Text
		if u.Value != "" && u.Value != u.Text {
			s += ":" + u.Value
		}
		if u.Near != "" {
			s += "→" + u.Near
		}
		if u.After != "" {
			s += "←" + u.After
		}
		p = append(p, s)
	}
	for _, u := range r.BadNumber {
		s := "!" + u.Label + ":" + u.Text
		if u.Value != "" {
			s += ":" + u.Value
		}
		p = append(p, s)
	}
	return strings.Join(p, " ")
}
