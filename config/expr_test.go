package config

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func values(pairs map[string]int) func(string) (int, bool) {
	return func(name string) (int, bool) {
		v, ok := pairs[name]
		return v, ok
	}
}

func firstRune(name string) string { return string([]rune(name)[:1]) }

func TestRule(t *testing.T) {
	t.Parallel()
	balance := map[string]int{"昨日在隔": 9, "新隔": 0, "解除": 1, "在隔": 9}
	tests := []struct {
		rule         string
		values       map[string]int
		holds, known bool
		field        string
		should       int
		show, labels string
	}{
		{rule: "在隔 == 昨日在隔 + 新隔 - 解除", values: balance, known: true, field: "在隔", should: 8, show: "昨9+0−1=8", labels: "昨9+新0−解1=8"},
		{rule: "在隔＝昨日在隔＋新隔－解除", values: balance, known: true, field: "在隔", should: 8, show: "昨9+0−1=8", labels: "昨9+新0−解1=8"},
		{rule: "在隔 == 昨日在隔 + 新隔 - 解除", values: map[string]int{"在隔": 8, "新隔": 0, "解除": 1}},
		{rule: "重点 <= 新返", values: map[string]int{"重点": 1, "新返": 3}, holds: true, known: true, show: "1≤3", labels: "重1≤新3"},
		{rule: "重点≤新返", values: map[string]int{"重点": 4, "新返": 3}, known: true, show: "4>3", labels: "重4>新3"},
		{rule: "合计 == 甲 + 2×乙 + 3", values: map[string]int{"合计": 10, "甲": 1, "乙": 3}, holds: true, known: true, field: "合计", should: 10, show: "1+2×3+3=10", labels: "甲1+2×乙3+3=10"},
		{rule: "甲 + 乙 >= 丙 * ２", values: map[string]int{"甲": 1, "乙": 2, "丙": 2}, known: true, show: "1+2=3<2×2", labels: "甲1+乙2=3<2×丙2"},
		{rule: "-甲 < 5 - 8", values: map[string]int{"甲": 4}, holds: true, known: true, show: "−4<-3", labels: "−甲4<-3"},
		{rule: "甲 == 昨日甲 + 昨日乙", values: map[string]int{"甲": 3, "昨日甲": 1, "昨日乙": 2}, holds: true, known: true, field: "甲", should: 3, show: "昨1+昨2=3", labels: "昨甲1+昨乙2=3"},
		{rule: "2×甲 == 乙", values: map[string]int{"甲": 1, "乙": 3}, known: true, show: "2×1≠3", labels: "2×甲1≠乙3"},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			r, err := ParseRule(tt.rule)
			if err != nil {
				t.Fatal(err)
			}
			get := values(tt.values)
			if holds, known := r.Eval(get); holds != tt.holds || known != tt.known {
				t.Errorf("Eval = %v, %v; want %v, %v", holds, known, tt.holds, tt.known)
			}
			if field, should, _ := r.Solve(get); field != tt.field || should != tt.should {
				t.Errorf("Solve = %q, %d; want %q, %d", field, should, tt.field, tt.should)
			}
			if got := r.Show(get, nil); got != tt.show {
				t.Errorf("Show = %q, want %q", got, tt.show)
			}
			if got := r.Show(get, firstRune); got != tt.labels {
				t.Errorf("Show with labels = %q, want %q", got, tt.labels)
			}
		})
	}
}

func TestRuleNames(t *testing.T) {
	t.Parallel()
	r, err := ParseRule("在隔 == 昨日在隔 + 在隔 - 3")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.Names(), []string{"在隔", "昨日在隔"}; !slices.Equal(got, want) {
		t.Errorf("Names = %q, want %q", got, want)
	}
}

func TestRuleFieldAndFactor(t *testing.T) {
	t.Parallel()
	r, err := ParseRule("在隔 == 昨日在隔 + 2×新隔 - 解除")
	if err != nil {
		t.Fatal(err)
	}
	if field, ok := r.Field(); !ok || field != "在隔" {
		t.Errorf("Field = %q, %v", field, ok)
	}
	for name, want := range map[string]int{"新隔": 2, "解除": -1, "昨日在隔": 1, "在隔": 0} {
		if got := r.Factor(name); got != want {
			t.Errorf("Factor(%s) = %d, want %d", name, got, want)
		}
	}
	for _, src := range []string{"重点 <= 新返", "2×甲 == 乙", "昨日甲 == 乙", "甲 == 甲 + 乙", "甲 + 乙 == 丙"} {
		if r, err := ParseRule(src); err != nil {
			t.Error(err)
		} else if field, ok := r.Field(); ok {
			t.Errorf("%s says nothing of %s alone", src, field)
		}
	}
}

func TestParseRuleErrors(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"":                          "第1个字：规则没有写完，后面还要一个字段名或数字",
		"在隔":                        "第3个字：规则里没有比较号，写成 在隔 == 昨日在隔 + 新隔 - 解除 这样",
		"在隔 == ":                    "第7个字：规则没有写完，后面还要一个字段名或数字",
		"在隔 新隔":                     "第4个字：看不懂“新隔”，两个数之间写 + 或 -，左右之间写 ==、<= 或 >=",
		"甲 == 乙 == 丙":               "第8个字：一条规则只能有一个比较号，拆成两条规则",
		"甲 == 乙 / 2":                "第8个字：看不懂“/”，两个数之间写 + 或 -",
		"甲 == 乙 × 丙":                "第8个字：只能用数字乘字段，例如 2×新返",
		"甲 == 0×乙":                  "第6个字：乘以0没有意义，去掉这一项",
		"甲 <= 2000000":              "第6个字：数字“2000000”太大，最大一百万",
		"1 <= 2":                    "第1个字：规则里没有字段，至少写一个字段名",
		"甲 <= (乙 + 1)":              "第6个字：看不懂“(”，这里要写字段名或数字",
		"甲 == 99999999999999999999": "第6个字：数字“99999999999999999999”太大，最大一百万",
	} {
		_, err := ParseRule(src)
		var re *RuleError
		if !errors.As(err, &re) || err.Error() != want {
			t.Errorf("ParseRule(%q) = %v, want %s", src, err, want)
		}
	}
}

func FuzzParseRule(f *testing.F) {
	for _, s := range []string{"在隔 == 昨日在隔 + 新隔 - 解除", "重点≤新返", "２*甲－3＞乙", "甲 == ==", "== 1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		r, err := ParseRule(src)
		if err != nil {
			var re *RuleError
			if !errors.As(err, &re) || re.Col < 1 || re.Col > len([]rune(src))+1 {
				t.Fatalf("column outside the rule: %v", err)
			}
			return
		}
		one := func(string) (int, bool) { return 1, true }
		if _, known := r.Eval(one); !known || len(r.Names()) == 0 {
			t.Fatalf("%q: a parsed rule has names and, given them, a value", src)
		}
		// A rule with a solution holds once the field has it.
		if field, v, ok := r.Solve(one); ok {
			fixed := func(name string) (int, bool) {
				if name == field {
					return v, true
				}
				return 1, true
			}
			if holds, _ := r.Eval(fixed); !holds {
				t.Fatalf("%q does not hold for its own solution %d", src, v)
			}
		}
		if strings.Contains(r.Show(one, firstRune), "<nil>") {
			t.Fatal("broken arithmetic")
		}
	})
}
