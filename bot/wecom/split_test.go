package wecom

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"juwei/handlers"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text string
		limit      int
		want       []string
	}{
		{"fits", "一二三", 32, []string{"一二三"}},
		{"empty", "", 32, []string{""}},
		{"on lines", "第一行字字字字\n第二行字字字字\n第三行", 34, []string{"第一行字字字字\n(1/3)", "第二行字字字字\n(2/3)", "第三行\n(3/3)"}},
		{"two lines together", "甲\n乙\n" + strings.Repeat("丙", 10), 32, []string{"甲\n乙\n(1/3)", "丙丙丙丙丙丙丙丙\n(2/3)", "丙丙\n(3/3)"}},
		{"a tiny limit is raised", strings.Repeat("a", 40), 1, []string{strings.Repeat("a", 26) + "\n(1/2)", strings.Repeat("a", 14) + "\n(2/2)"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := Split(tc.text, tc.limit)
			if strings.Join(got, "|") != strings.Join(tc.want, "|") {
				t.Errorf("Split = %q, want %q", got, tc.want)
			}
		})
	}
	if n := len(Split(strings.Repeat("字", 2000), 64)); n < 100 || !strings.HasSuffix(Split(strings.Repeat("字", 2000), 64)[0], fmt.Sprintf("\n(1/%d)", n)) {
		t.Errorf("%d parts", n)
	}
}

// FuzzSplit: parts join to the input but for the numbers, each within the limit, no
// character cut.
func FuzzSplit(f *testing.F) {
	f.Add("第一行\n第二行", 32)
	f.Add(strings.Repeat("🏠\n", 100), 33)
	f.Add("\xff\xfe中\x80", 4)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = minLimit + (limit&0xffff)%4096
		parts := Split(text, limit)
		var joined strings.Builder
		for i, p := range parts {
			if len(p) > limit {
				t.Fatalf("part %d has %d bytes, limit %d", i, len(p), limit)
			}
			if utf8.ValidString(text) && !utf8.ValidString(p) {
				t.Fatalf("part %d cuts a character: %q", i, p)
			}
			if len(parts) > 1 {
				number := fmt.Sprintf("(%d/%d)", i+1, len(parts))
				body, ok := strings.CutSuffix(p, "\n"+number)
				if !ok {
					t.Fatalf("part %d is not numbered: %q", i, p)
				}
				// The line feed before the number is the text's own, if the text has one there.
				if strings.HasPrefix(text[joined.Len()+len(body):], "\n") {
					body += "\n"
				}
				p = body
			}
			joined.WriteString(p)
		}
		if joined.String() != text {
			t.Fatalf("parts join to %q, want %q", joined.String(), text)
		}
	})
}

func TestPlain(t *testing.T) {
	t.Parallel()
	card := &handlers.Card{Title: "核实", Desc: "C7", Body: "请看一下", Rows: []handlers.Row{{Key: "地点", Value: "南门"}}, Buttons: []handlers.Button{{Text: "已核实", Line: "/核实 42"}}}
	for want, c := range map[string]handlers.Content{
		"":       {},
		"你好\n再见": handlers.Say("你好\n再见"),
		"核实\nC7\n请看一下\n地点：南门\n已核实请回：/核实 42": {Card: card},
		"有人没报\n已核实请回：/核实 42":                {Text: "有人没报", Card: card},
		"a\tb\nc\nd\ufffd—“”":               handlers.Say("a\tb\x00\u2028c\u2029d\xff—“”\x7f"),
	} {
		if got := Plain(c); got != want {
			t.Errorf("Plain(%+v) = %q, want %q", c, got, want)
		}
	}
}

func TestEscape(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                             "",
		"已收 R0213-07 ✓ 新返2":            "已收 R0213-07 ✓ 新返2",
		"<@zhangsan> <@all>":           "＜@zhangsan> ＜@all>",
		"<font color=\"warning\">红":    "＜font color=\"warning\">红",
		"<think>x</think>":             "＜think>x＜/think>",
		"体温<37.3 且 >36":                "体温<37.3 且 >36",
		"/日报 <新返>":                     "/日报 <新返>",
		"> 引用":                         "＞ 引用",
		"一\n  > 引用":                    "一\n  ＞ 引用",
		"# 大字\n## 二\n#标签 3#楼":          "＃ 大字\n＃＃ 二\n#标签 3#楼",
		"[点我](http://x) [a]":           "［点我］(http://x) ［a］",
		"[可选] 一行":                      "[可选] 一行",
		"用`代码`":                        "用｀代码｀",
		"```\n一":                       "｀｀｀\n一",
		"6号12**":                       "6号12**",
		"6号12** 已到":                    "6号12** 已到",
		"6号12** 7号13**":                "6号12＊＊ 7号13＊＊",
		"**重要**":                       "＊＊重要＊＊",
		"*必填":                          "＊必填",
		"* 一":                          "＊ 一",
		"3*4":                          "3＊4",
		"_斜_ sj_meiyuan":               "＿斜＿ sj_meiyuan",
		"a_b_c":                        "a_b_c",
		"第一行*\n第二行*":                   "第一行*\n第二行*",
		"![图](u)":                      "!［图］(u)",
		"[x][y]":                       "［x］［y］",
		"[x]: http://y":                "［x］: http://y",
		"结尾<":                          "结尾<",
		"汉字*":                          "汉字*",
		"说明：<!-- x --> <?x ?> </font>": "说明：＜!-- x --> ＜?x ?> ＜/font>",
	} {
		if got := Escape(in); got != want {
			t.Errorf("Escape(%q) = %q, want %q", in, got, want)
		}
	}
	if got := EscapeTags("**<a href=x>** <3 <"); got != "**＜a href=x>** <3 <" {
		t.Errorf("EscapeTags = %q", got)
	}
}

// FuzzEscape: twice is once, no character is added or lost, and no tag, code or link is left.
func FuzzEscape(f *testing.F) {
	f.Add("<@a> **b** [c](d) `e` _f_ # g\n> h")
	f.Fuzz(func(t *testing.T, text string) {
		once := Escape(text)
		if twice := Escape(once); twice != once {
			t.Fatalf("twice %q, once %q", twice, once)
		}
		if utf8.RuneCountInString(once) != utf8.RuneCountInString(text) {
			t.Fatalf("%q became %q", text, once)
		}
		for _, bad := range []string{"<@", "</", "<a", "`", "]("} {
			if strings.Contains(once, bad) {
				t.Fatalf("%q is left in %q", bad, once)
			}
		}
		if tags := EscapeTags(text); EscapeTags(tags) != tags || strings.Contains(tags, "<@") {
			t.Fatalf("EscapeTags(%q) = %q", text, tags)
		}
	})
}

func FuzzCut(f *testing.F) {
	f.Add(strings.Repeat("字\n", 50), 64)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = 64 + (limit&0xffff)%4096
		got := cut(text, limit)
		if len(got) > limit || utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Fatalf("cut to %d: %q", limit, got)
		}
		if len(text) <= limit && got != text {
			t.Fatal("cut what fits")
		}
	})
}
