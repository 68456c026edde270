package wecom

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"juwei/handlers"
)

func TestSplitMarkdown(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text string
		limit      int
		want       []string
	}{
		{"fits", "| a |\n|---|\n| 1 |", 64, []string{"| a |\n|---|\n| 1 |"}},
		{"header again", "# 晨报\n| 社区 | 数 |\n|---|---|\n" + strings.Repeat("| 梅园 | 12 |\n", 5) + "完", 80, []string{
			"# 晨报\n| 社区 | 数 |\n|---|---|\n| 梅园 | 12 |\n| 梅园 | 12 |\n\n(1/3)",
			"| 社区 | 数 |\n|---|---|\n| 梅园 | 12 |\n| 梅园 | 12 |\n\n(2/3)",
			"| 社区 | 数 |\n|---|---|\n| 梅园 | 12 |\n完\n\n(3/3)"}},
		{"no header at the foot", strings.Repeat("字", 12) + "\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |", 64, []string{
			strings.Repeat("字", 12) + "\n\n(1/2)", "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\n(2/2)"}},
		{"code", "```go\n" + strings.Repeat("line of code\n", 6) + "```", 64, []string{
			"```go\nline of code\nline of code\nline of code\n```\n\n(1/2)", "```go\nline of code\nline of code\nline of code\n```\n\n(2/2)"}},
		{"one long line", strings.Repeat("字", 30), 64, []string{strings.Repeat("字", 19) + "\n\n(1/2)", strings.Repeat("字", 11) + "\n\n(2/2)"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, SplitMarkdown(tc.text, tc.limit)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// FuzzSplitMarkdown: every part within the limit and numbered, no character cut, nothing
// lost and nothing out of order (what is said again, a header, comes on top of it).
func FuzzSplitMarkdown(f *testing.F) {
	f.Add("| a | b |\n|---|---|\n"+strings.Repeat("| 1 | 2 |\n", 60), 80)
	f.Add("```\n"+strings.Repeat("x\n", 100)+"```\n后记", 70)
	f.Add("#\n|-|\n```"+strings.Repeat("|a|\n|--|\n|🏠|\n", 40), 64)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = 2*minLimit + (limit&0xffff)%4096
		parts := SplitMarkdown(text, limit)
		if len(parts) == 0 {
			if strings.TrimSpace(text) != "" {
				t.Fatal("nothing left of it")
			}
			return
		}
		var joined strings.Builder
		for i, p := range parts {
			if len(p) > limit {
				t.Fatalf("part %d has %d bytes, limit %d: %q", i, len(p), limit, p)
			}
			if utf8.ValidString(text) && !utf8.ValidString(p) {
				t.Fatalf("part %d cuts a character: %q", i, p)
			}
			if len(parts) > 1 {
				var ok bool
				if p, ok = strings.CutSuffix(p, fmt.Sprintf("\n\n(%d/%d)", i+1, len(parts))); !ok {
					t.Fatalf("part %d is not numbered: %q", i, p)
				}
			}
			joined.WriteString(p + "\n")
		}
		rest := joined.String()
		for _, line := range strings.Fields(text) {
			for _, c := range []byte(line) {
				j := strings.IndexByte(rest, c)
				if j < 0 {
					t.Fatalf("%q is lost or out of order in %q", line, parts)
				}
				rest = rest[j+1:]
			}
		}
	})
}

func TestWordsOfMarkdown(t *testing.T) {
	t.Parallel()
	md := "# 晨报\n> 共**17/19**\n\n| 社区 | 数 |\n|:--|--:|\n| 梅园 | 12 |\n---\n- 一[点这里](https://x)\n```\ncode\n```"
	want := "晨报\n共17/19\n\n社区　数\n梅园　12\n\n- 一点这里 https://x\ncode"
	if got := Plain(handlers.Content{Text: md, Markdown: true}); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestParts(t *testing.T) {
	t.Parallel()
	file, picture := &handlers.File{Name: "台账.xlsx", Data: make([]byte, 10)}, &handlers.File{Name: "走势.png", Data: make([]byte, 10)}
	huge := &handlers.File{Name: "视频.mp4", Data: make([]byte, 20<<20+1)}
	card := &handlers.Card{Task: "t", Title: "核实", Buttons: []handlers.Button{{Text: "是", Line: "/是"}}}
	link := &handlers.Card{Title: "看板", URL: "https://x/board"}
	table := "| a |\n|---|\n| 1 |"
	for _, tc := range []struct {
		name string
		ch   Channel
		say  handlers.Content
		want []handlers.Content
	}{
		{"nothing", GroupWebhook, handlers.Content{}, nil},
		{"text", GroupWebhook, handlers.Say("你好 <@x>"), []handlers.Content{{Text: "你好 ＜@x>"}}},
		{"everybody, once", GroupWebhook, handlers.Content{Text: strings.Repeat("字", 700), MentionAll: true}, []handlers.Content{
			{Text: strings.Repeat("字", 680) + "\n(1/2)", MentionAll: true}, {Text: strings.Repeat("字", 20) + "\n(2/2)"}}},
		{"nobody to call", BotLine, handlers.Content{Text: "集合", MentionAll: true}, []handlers.Content{{Text: "集合"}}},
		{"table", GroupWebhook, handlers.Content{Text: table, Markdown: true}, []handlers.Content{{Text: table, Markdown: true}}},
		{"table, everybody", GroupWebhook, handlers.Content{Text: table, Markdown: true, MentionAll: true}, []handlers.Content{{Text: table, Markdown: true}, {Text: callNote, MentionAll: true}}},
		{"table where there is none", AppMessage, handlers.Content{Text: table, Markdown: true}, []handlers.Content{{Text: "a\n1"}}},
		{"card", AppMessage, handlers.Content{Text: "请看", Card: card}, []handlers.Content{{Text: "请看", Card: card}}},
		{"card where there is none", GroupWebhook, handlers.Content{Text: "请看", Card: card}, []handlers.Content{{Text: "请看\n是请回：/是"}}},
		{"notice", GroupWebhook, handlers.Content{Card: link}, []handlers.Content{{Card: link}}},
		{"notice where there is none", BotLine, handlers.Content{Card: link}, []handlers.Content{{Text: "看板\nhttps://x/board"}}},
		{"words, picture, file", AppMessage, handlers.Content{Text: "见附件", File: file, Image: picture}, []handlers.Content{{Text: "见附件"}, {Image: picture}, {File: file}}},
		{"file where there is none", BotReply, handlers.Content{Text: "见附件", File: file}, []handlers.Content{{Text: "见附件\n［文件］台账.xlsx"}}},
		{"file too large", AppMessage, handlers.Content{File: huge}, []handlers.Content{{Text: "［文件］视频.mp4"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, tc.ch.Parts(tc.say)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestRoutes: the table is whole: every way has a name, words, a pace or a window of its
// own, and the limits the splitter and the senders share.
func TestRoutes(t *testing.T) {
	t.Parallel()
	for _, r := range Routes {
		if r.Job == "" || r.Why == "" || len(r.Ways) == 0 {
			t.Errorf("route %+v", r)
		}
		for _, ch := range r.Ways {
			if ch.Name == "" || ch.Doc == "" || ch.Text+ch.Markdown == 0 || ch.Tables && ch.Markdown == 0 {
				t.Errorf("%s: channel %+v", r.Job, ch)
			}
			for _, p := range ch.Paces {
				if p.Per == "" || p.Span <= 0 || p.Limit <= 0 || p.Over != 0 && codes[p.Over].verdict != again {
					t.Errorf("%s: pace %+v", ch.Name, p)
				}
			}
		}
	}
}
