package config

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// everyPack loads a street on which all built-in packs run at the same time.
func everyPack(t *testing.T) *Config {
	t.Helper()
	files := goodFiles(t)
	delete(files, "packs/small.yaml")
	street := string(files["streets/good.yaml"].Data)
	street = strings.Replace(street, "packs: [{name: small, from: 2020-02-01, to: 2020-03-31}]",
		"packs: [{name: epidemic, from: 2020-02-01, to: 2020-03-31}, {name: typhoon, from: 2020-02-10, to: 2020-02-20}, {name: daily, from: 2020-01-01, to: 2020-12-31}]", 1)
	street += "  - {name: 值班群, kind: 值班, chatid: g-3, webhook_env: HOOK_3}\n  - {name: 纪工委群, kind: 纪工委, chatid: g-4, webhook_env: HOOK_4}\n"
	files["streets/good.yaml"] = &fstest.MapFile{Data: []byte(street)}
	files[secretsFile].Data = append(files[secretsFile].Data, "\nHOOK_3=2f0e5c1b-7a3d-4c7e-9d55-31b6a1c8e9f0\nHOOK_4=8a1d7c34-52be-4f60-a1c9-7d0e93b5f2c6\n"...)
	cfg, problems := load(files, noEnv, testKnown)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// TestPacksTogether: no two forms of the built-in packs ask the same, so that all can run
// at once; every form is somebody's, says what for, and shows a line to copy.
func TestPacksTogether(t *testing.T) {
	t.Parallel()
	cfg := everyPack(t)
	want := map[string][]string{
		"epidemic": {"日报", "排摸", "罩", "物盘", "进出", "复工", "宿", "联络"},
		"typhoon":  {"情况", "应答", "自查", "安置", "灾后"},
		"daily":    {"周确认", "问候", "蚊", "人口调查"},
	}
	for name := range want {
		var got []string
		for _, f := range cfg.Packs[name].Forms {
			got = append(got, f.Name)
			if f.Owner == "" || f.Purpose == "" || f.Basis == "" || f.Minutes == 0 {
				t.Errorf("%s: nobody knows whose it is, what for, by which rule, or what it costs", f.Name)
			}
			if f.Name != "联络" && len(f.Example()) <= len("/"+f.Name) {
				t.Errorf("%s has no line to copy", f.Name)
			}
			if f.Required != slices.Contains([]string{"日报", "周确认"}, f.Name) { // 情况: at a level only
				t.Errorf("%s required: %v", f.Name, f.Required)
			}
		}
		if !slices.Equal(got, want[name]) {
			t.Errorf("pack %s has forms %v, want %v", name, got, want[name])
		}
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	choice := &Field{Kind: KindEnum, Options: []Option{{Name: "人手"}, {Name: "物资", Aliases: []string{"东西"}}}}
	tests := []struct {
		field *Field
		n     int
		want  string
	}{
		{&Field{Kind: KindInt}, 86, "86"},
		{&Field{Kind: KindDecimal, Places: 1}, 85, "8.5"},
		{&Field{Kind: KindDecimal, Places: 2}, -5, "-0.05"},
		{&Field{Kind: KindPercent, Places: 1}, 782, "78.2%"},
		{&Field{Kind: KindPercent}, 100, "100%"},
		{choice, 2, "物资"},
		{choice, 7, "7"},
		{&Field{Kind: KindBool}, 1, "是"},
		{&Field{Kind: KindBool}, 0, "否"},
		{&Field{Kind: KindDate}, Day("2020-02-13").Number(), "2月13日"},
		{&Field{Kind: KindDate}, 20200230, "20200230"},
		{&Field{Kind: KindRange}, Span(412, 497), "412-497"},
		{&Field{Kind: KindRange}, Span(0, 1_000_000), "0-1000000"},
	}
	for _, tt := range tests {
		if got := tt.field.Format(tt.n); got != tt.want {
			t.Errorf("%s %d = %s, want %s", tt.field.Kind, tt.n, got, tt.want)
		}
	}
	if choice.Option("东西") != 2 || choice.Option("物资") != 2 || choice.Option("车") != 0 {
		t.Error("an option is found by its name and its aliases")
	}
	if Day("2020-02-30").Number() != 0 || Day("").Number() != 0 {
		t.Error("what is no day has no number")
	}
}

func TestGet(t *testing.T) {
	t.Parallel()
	cfg := everyPack(t)
	get := func(form string, numbers map[string]int) func(string) (int, bool) {
		return cfg.Packs["epidemic"].Form(form).Get(values(numbers))
	}
	screening := get("排摸", map[string]int{"应排": 110, "已排": 86})
	if n, ok := screening("覆盖率"); !ok || n != 782 {
		t.Errorf("coverage = %d, %v; want 782: 78.2%%", n, ok)
	}
	if _, ok := get("排摸", map[string]int{"应排": 0, "已排": 0})("覆盖率"); ok {
		t.Error("nothing can be divided by nothing")
	}
	masks := get("罩", map[string]int{"号段": Span(412, 497), "累计": 497, "领": 79})
	if n, ok := masks("号段长"); !ok || n != 86 {
		t.Errorf("length = %d, %v; want 86", n, ok)
	}
	if n, ok := masks("待领"); !ok || n != 418 {
		t.Errorf("waiting = %d, %v; want 418", n, ok)
	}
	if _, ok := masks("领长"); ok {
		t.Error("only a range has a length")
	}
}

func TestExpr(t *testing.T) {
	t.Parallel()
	tests := []struct {
		src    string
		factor int
		values map[string]int
		want   int
		ok     bool
		show   string
	}{
		{"应排 - 已排", 1, map[string]int{"应排": 110, "已排": 86}, 24, true, "110−86"},
		{"已排 / 应排", 1000, map[string]int{"应排": 846, "已排": 612}, 723, true, "612/846"},
		{"-已排 / 应排", 100, map[string]int{"应排": 3, "已排": 2}, -67, true, "−2/3"},
		{"甲 + 乙／丙", 100, map[string]int{"甲": 1, "乙": 1, "丙": 4}, 50, true, "1+1/4"},
		{"排摸.外出 + 2×排摸.租客", 1, map[string]int{"排摸.外出": 3, "排摸.租客": 4}, 11, true, "3+2×4"},
		{"昨日累计 + 发", 1, map[string]int{"发": 4}, 0, false, ""},
		{"甲 / 乙", 100, map[string]int{"甲": 1, "乙": 0}, 0, false, "1/0"},
	}
	for _, tt := range tests {
		e, err := ParseExpr(tt.src)
		if err != nil {
			t.Error(err)
			continue
		}
		if n, ok := e.Value(tt.factor, values(tt.values)); n != tt.want || ok != tt.ok {
			t.Errorf("%s = %d, %v; want %d, %v", tt.src, n, ok, tt.want, tt.ok)
		}
		if got := e.Show(values(tt.values)); got != tt.show {
			t.Errorf("%s shows %q, want %q", tt.src, got, tt.show)
		}
	}
	for src, want := range map[string]string{
		"":          "第1个字：规则没有写完，后面还要一个字段名或数字",
		"3 + 4":     "第1个字：算式里没有字段，至少写一个字段名",
		"甲 / 乙 / 丙": "第7个字：看不懂“/”，两个数之间写 +、- 或一个 /",
		"甲 == 乙":    "第3个字：这里是算式，不能有比较号，要核对就写在 checks 里",
	} {
		if _, err := ParseExpr(src); err == nil || err.Error() != want {
			t.Errorf("ParseExpr(%q) = %v, want %s", src, err, want)
		}
	}
}

func TestFraction(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]bool{"已排 / 应排": true, "应排 - 已排": false, "2×甲 / 乙": false, "甲 / 乙 + 1": false, "-甲 / 乙": false} {
		e, err := ParseExpr(src)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, ok := e.Fraction(); ok != want {
			t.Errorf("%s is a plain fraction: %v", src, ok)
		}
	}
}

func TestPeriods(t *testing.T) {
	t.Parallel()
	cfg := everyPack(t)
	s := cfg.Streets[0]
	form := func(pack, name string) *Form { return cfg.Packs[pack].Form(name) }
	clock := func(hm string) Clock {
		c, err := ParseClock(hm)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	once := form("typhoon", "灾后") // no built-in form is filed once
	once.Every, once.Opens, once.Cutoff = EveryOnce, 8*60, 20*60
	// 2020-02-13 is a Thursday.
	tests := []struct {
		form         *Form
		day          Day
		at           string
		key, before  string
		opens, shuts string
	}{
		{form("epidemic", "日报"), "2020-02-13", "16:10", "2020-02-13", "2020-02-12", "02-13 08:00", "02-13 17:00"},
		{form("epidemic", "罩"), "2020-02-13", "11:30", "2020-02-13.1", "2020-02-12.2", "02-13 08:00", "02-13 11:30"},
		{form("epidemic", "罩"), "2020-02-13", "11:31", "2020-02-13.2", "2020-02-13.1", "02-13 11:30", "02-13 17:00"},
		{form("epidemic", "罩"), "2020-02-13", "19:00", "2020-02-13.2", "2020-02-13.1", "02-13 11:30", "02-13 17:00"},
		{form("epidemic", "物盘"), "2020-02-13", "09:00", "2020-02-14", "2020-02-11", "02-14 08:00", "02-14 17:00"},
		{form("epidemic", "物盘"), "2020-02-15", "09:00", "2020-02-18", "2020-02-14", "02-18 08:00", "02-18 17:00"},
		{form("epidemic", "联络"), "2020-02-13", "21:00", "2020-02-13", "2020-02-12", "02-13 08:00", "02-14 00:00"},
		{once, "2020-02-13", "21:00", "2020-02-10", "2020-02-10", "02-10 08:00", "02-10 20:00"},
		{form("daily", "周确认"), "2020-02-13", "21:00", "2020-02-14", "2020-02-07", "02-14 09:00", "02-14 16:00"},
	}
	for _, tt := range tests {
		p := tt.form.PeriodOf(s, tt.day, clock(tt.at))
		if p.Key() != tt.key || tt.form.Before(p).Key() != tt.before {
			t.Errorf("%s on %s at %s: period %s after %s, want %s after %s", tt.form.Name, tt.day, tt.at, p.Key(), tt.form.Before(p).Key(), tt.key, tt.before)
		}
		const layout = "01-02 15:04"
		opens, shuts := tt.form.Opening(s, p).Format(layout), tt.form.Closing(s, p).Format(layout)
		if opens != tt.opens || shuts != tt.shuts {
			t.Errorf("%s %s: from %s to %s, want %s to %s", tt.form.Name, p.Key(), opens, shuts, tt.opens, tt.shuts)
		}
	}
	weekly := form("daily", "周确认")
	if weekly.Due("2020-02-13") || !weekly.Due("2020-02-14") || form("epidemic", "物盘").Due("2020-02-14") {
		t.Error("a weekly form is due on its weekday, and one that is not required never")
	}
	for day, want := range map[Day][2]Day{"2020-02-13": {"2020-02-07", "2020-01-31"}, "2020-02-14": {"2020-02-14", "2020-02-07"}, "2020-02-16": {"2020-02-14", "2020-02-07"}} {
		if closed, prior := weekly.Closed(day), weekly.Prior(day); closed != want[0] || prior != want[1] {
			t.Errorf("on %s the weeks closed on %s and %s, want %v", day, closed, prior, want)
		}
	}
	if got := weekly.Weekdays; !slices.Equal(got, []time.Weekday{time.Friday}) {
		t.Errorf("weekdays = %v", got)
	}
}

// TestVersions: a change takes effect with the next period, and is said in words.
func TestVersions(t *testing.T) {
	t.Parallel()
	files := goodFiles(t)
	small := string(files["packs/small.yaml"].Data)
	small = strings.Replace(small, "duties:\n", `  - {name: 日报, aliases: [日报告], who: [书记, 社工], from: 2020-02-20, cutoff: 16:30, fields: [{name: 新返, unit: 人, range: 0..9}, {name: 转出, range: 0..9}]}
  - {name: 周表, who: [书记], every: week, weekdays: [周五], cutoff: 17:00, fields: [{name: 值守, range: 0..9}]}
  - {name: 周表, who: [书记], from: 2020-02-19, every: week, weekdays: [周五], cutoff: 17:00, fields: [{name: 值守, range: 0..9}]}
duties:
`, 1)
	small = strings.Replace(small, "fields: [新返, 重点], change", "form: 日报, fields: [新返, 重点], change", 1)
	files["packs/small.yaml"].Data = []byte(small)
	cfg, problems := load(files, noEnv, testKnown)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	p := cfg.Packs["small"]
	for day, want := range map[Day]int{"2020-02-19": 1, "2020-02-20": 2, "2020-03-01": 2} {
		if f := p.FormOn("日报告", day); f == nil || f.Version != want {
			t.Errorf("on %s the form is %+v, want version %d", day, f, want)
		}
	}
	// Changed on a Wednesday: the week that runs to Friday the 21st keeps its questions.
	for day, want := range map[Day]int{"2020-02-21": 1, "2020-02-22": 2} {
		if f := p.FormOn("周表", day); f == nil || f.Version != want {
			t.Errorf("on %s the weekly form is %+v, want version %d", day, f, want)
		}
	}
	if got, want := p.FormOn("日报", "2020-02-20").Changes(), "新增转出，不再问重点、解除、在隔、困难，截止改为16:30"; got != want {
		t.Errorf("Changes = %s, want %s", got, want)
	}
	if got := p.FormOn("日报", "2020-02-19").Changes(); got != "" {
		t.Errorf("the first version changes nothing, not %s", got)
	}
	if n := len(p.On("2020-02-20")); n != 2 {
		t.Errorf("%d forms in force, want one version of each", n)
	}
}

func TestReporters(t *testing.T) {
	t.Parallel()
	cfg, err := Demo(testKnown)
	if err != nil {
		t.Fatal(err)
	}
	c, _ := cfg.Street("demo").Committee("梅园")
	for name, want := range map[string][]string{
		"日报": nil,
		"排摸": {"1块", "2块", "3块"},
		"进出": {"彩虹花苑南门", "彩虹花苑北门", "梅园新村东门"},
		"复工": {"梅园大厦"},
	} {
		var got []string
		for _, s := range c.Reporters(cfg.Packs["epidemic"].Form(name)) {
			got = append(got, s.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s is filed by %v, want %v", name, got, want)
		}
	}
	if gates := c.AllSites()[3:6]; !slices.Equal(gates[0].Aliases, []string{"南门"}) {
		t.Errorf("a gate that no other compound has goes by its short name: %+v", gates[0])
	}
}

// TestAdmit: what speaks against a form, in the words of the one who asks for it.
func TestAdmit(t *testing.T) {
	t.Parallel()
	known := NewDictionary(everyPack(t).Packs["epidemic"].Forms...)
	derived, err := ParseExpr("日报.新返")
	if err != nil {
		t.Fatal(err)
	}
	number := func(name, item string) *Field { return &Field{Name: name, Item: item, Kind: KindInt} }
	form := func(fields ...*Field) *Form {
		return &Form{Name: "专班表", By: ByCommittee, Opens: 8 * 60, Cutoff: 16 * 60, Cutoffs: []Clock{16 * 60}, Fields: fields}
	}
	approved := form(&Field{Name: "返沪数", Kind: KindInt, Derive: derived}, number("值守", "值守"))
	approved.Fields = approved.Fields[:2]
	hurried := form(number("值守", "值守"))
	hurried.Lead = 9 * time.Hour
	tests := []struct {
		name string
		form *Form
		want []string
	}{
		{"new", form(number("值守", "值守")), nil},
		{"known by its alias", form(number("返沪", "返沪"), number("甲", "甲"), number("乙", "乙")), []string{"“返沪”不用再问，日报（党政办）已有“新返”"}},
		{"known by its item", form(number("回来的人", "当日返沪人数"), number("甲", "甲"), number("乙", "乙")), []string{"“回来的人”不用再问，日报（党政办）已有“新返”"}},
		{"another item of that name", form(number("新返", "本周返沪人数")), nil},
		{"most of it", form(number("新返", "新返"), number("重点", "重点"), number("值守", "值守")), []string{
			"“新返”不用再问，日报（党政办）已有", "“重点”不用再问，日报（党政办）已有", "“专班表”的3项里有2项日报已有（66%）"}},
		{"half computed", approved, nil},
		{"in a hurry", hurried, []string{"08:00开始、16:00截止，只有8小时，说好至少9小时。截止链：专班表16:00"}},
	}
	for _, tt := range tests {
		var got []string
		for _, o := range Admit(tt.form, known) {
			got = append(got, o.What)
			if o.Kind == ObjectKnown && (o.Known.Form == nil || !strings.Contains(o.Mend, o.Known.Query())) {
				t.Errorf("%s: %+v does not say what answers already", tt.name, o)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, got, tt.want)
		}
	}
	same := form(number("新返", "新返"))
	same.Approved = "党政办"
	if got := Admit(same, known); len(got) != 1 || got[0].Kind != ObjectKnown {
		t.Errorf("a name lifts the objection to the overlap, not to asking twice: %+v", got)
	}
	if got := Admit(everyPack(t).Packs["epidemic"].Form("日报"), known); len(got) > 0 {
		t.Errorf("a form is not compared with itself: %+v", got)
	}
}

func FuzzParseExpr(f *testing.F) {
	for _, s := range []string{"应排 - 已排", "已排／应排", "排摸.外出+3×排摸.租客", "甲 / 0", "甲..乙", "1 / 甲"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		e, err := ParseExpr(src)
		if err != nil {
			re := err.(*RuleError)
			if re.Col < 1 || re.Col > len([]rune(src))+1 {
				t.Fatalf("column outside the expression: %v", err)
			}
			return
		}
		if len(e.Names()) == 0 {
			t.Fatalf("%q: an expression has names", src)
		}
		one := func(string) (int, bool) { return 1, true }
		if _, ok := e.Value(1, one); !ok && !strings.ContainsAny(src, "/／") {
			t.Fatalf("%q: given its names, a sum has a value", src)
		}
		e.Show(one)
	})
}
