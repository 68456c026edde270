package main

import (
	"cmp"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"juwei/config"
	"juwei/handlers"
	"juwei/store/storetest"
)

// handbook is what people read; from its heading on, the list of commands is the program's.
const (
	handbook        = "../docs/手册.md"
	handbookHeading = "## 全部命令\n"
)

// familyTitles are the list's headings, in its order.
var familyTitles = []struct{ family, title string }{
	{"report", "报表"}, {"register", "登记册"}, {"cases", "问题单、清单"}, {"notice", "通知"}, {"roster", "岗位、值班、休息"},
	{"org", "谁管、名册"}, {"level", "预警"}, {"tables", "查数、导表"}, {"digest", "晨报、图"}, {"ledger", "减负"},
	{"praise", "表扬、备案"}, {"privacy", "隐私、留痕"}, {"admin", "帮助、管理"},
}

// Every command of every built-in pack stands in the handbook, as /帮助 has it (-update
// writes the list). Who may use which is in testdata/permissions.txt.
func TestHandbook(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(handbook)
	if err != nil {
		t.Fatal(err)
	}
	said, was, ok := strings.Cut(string(text), handbookHeading)
	if !ok {
		t.Fatalf("%s has no %q", handbook, handbookHeading)
	}
	want := commandList(t)
	if *update {
		if err := os.WriteFile(handbook, []byte(said+handbookHeading+want), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if d := diff.Diff(strings.Split(was, "\n"), strings.Split(want, "\n")); d != "" {
		t.Errorf("%s (-it says +the program says):\n%s", handbook, d)
	}
}

// commandList is the list, from the street that runs every pack.
func commandList(t *testing.T) string {
	t.Helper()
	s := streetOfAllPacks(t)
	byName := map[string]handlers.Family{}
	for _, f := range families() {
		if f.Commands != nil && len(f.Commands(s)) > 0 {
			byName[f.Name] = f
		}
	}
	var b strings.Builder
	b.WriteString("\n这一节由程序写出来。只列您街道在用的：发“帮助”；细说一个：发“帮助 日报”。谁能用哪个：`bot/testdata/permissions.txt`。\n")
	for _, title := range familyTitles {
		f, ok := byName[title.family]
		if !ok {
			t.Errorf("no family %s with commands", title.family)
			continue
		}
		delete(byName, title.family)
		fmt.Fprintf(&b, "\n**%s**\n\n", title.title)
		cmds := f.Commands(s)
		slices.SortStableFunc(cmds, func(a, b handlers.Command) int { return cmp.Compare(a.Name, b.Name) })
		for _, c := range cmds {
			fmt.Fprintf(&b, "- `/%s` %s。例：`%s`\n", c.Name, c.Summary, strings.ReplaceAll(cmp.Or(c.Example, "/"+c.Name), "\n", " ⏎ "))
		}
	}
	for name := range byName {
		t.Errorf("family %s has no title in the handbook", name)
	}
	return b.String()
}

// streetOfAllPacks is the demo street running every built-in pack.
func streetOfAllPacks(t *testing.T) *config.Street {
	t.Helper()
	cfg, err := config.Demo(known())
	if err != nil {
		t.Fatal(err)
	}
	s := cfg.Streets[0]
	var names []string
	for name := range cfg.Packs {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if name != s.Runs[0].Pack.Name {
			run := s.Runs[0]
			run.Pack = cfg.Packs[name]
			s.Runs = append(s.Runs, run)
		}
	}
	return s
}

// stageDirections are what happened before a talk of the handbook, as transcripts have it.
var stageDirections = map[string][][]string{
	"（纪工委发了温馨提示1）":        {{"纪工委一> /通知 口罩登记", "  请按统一标准登记，一户一次5只，当场核对住址。"}, {"纪工委二> /通知 准 1"}},
	"（纪工委发了温馨提示1，梅园书记收1）": {{"纪工委一> /通知 口罩登记", "  请按统一标准登记，一户一次5只，当场核对住址。"}, {"纪工委二> /通知 准 1"}, {"梅园书记> 收1"}},
	"（督查组一开了清单1）":         {{"督查组一> /清单 督查反馈", "  管理办 2.15 告示贴满123个小区", "  梅园 明天 补登记本"}},
}

// What the handbook says the bot answers, it answers: every talk is had with a fresh demo.
func TestHandbookTalks(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(handbook)
	if err != nil {
		t.Fatal(err)
	}
	talks := strings.Split(string(text), "```chat ")[1:]
	if len(talks) < 10 {
		t.Fatalf("%d talks", len(talks))
	}
	for i, talk := range talks {
		talk, _, _ = strings.Cut(talk, "```")
		t.Run(fmt.Sprint(i+1), func(t *testing.T) {
			t.Parallel()
			haveTalk(t, strings.Split(strings.TrimRight(talk, "\n"), "\n"))
		})
	}
}

// bindCode is in every talk of a new group another one.
var bindCode = regexp.MustCompile(`\b[A-Z]{5}\b`)

func haveTalk(t *testing.T, lines []string) {
	p := newPlayer(t, storetest.Mini(t), "")
	p.ids["新群"], p.names["g-new"] = "g-new", "新群"
	who, code := lines[0], ""
	for lines = lines[1:]; len(lines) > 0; {
		n := 1
		for n < len(lines) && strings.HasPrefix(lines[n], "  ") {
			n++
		}
		block := slices.Clone(lines[:n])
		lines = lines[n:]
		if code != "" {
			block[0] = bindCode.ReplaceAllString(block[0], code)
		}
		head, said, _ := strings.Cut(block[0], "：")
		switch {
		case strings.HasPrefix(head, "（"):
			before, ok := stageDirections[block[0]]
			if !ok {
				t.Fatalf("no stage direction %s", block[0])
			}
			for _, b := range before {
				p.say(b)
			}
		case head == "助手":
			block[0] = said
			want := strings.ReplaceAll(strings.Join(block, "\n"), "\n  ", "\n")
			got := answerOf(p)
			code = cmp.Or(bindCode.FindString(got), code)
			if d := diff.Diff(bindCode.ReplaceAllString(want, code), got); d != "" {
				t.Errorf("%s (-handbook +bot):\n%s", who, d)
			}
		default:
			how := strings.Trim(strings.TrimPrefix(head, "您"), "（）")
			switch how {
			case "":
				block[0] = who + "> " + said
			case "语音":
				block[0] = who + " 发语音> " + said
			default:
				block[0] = who + "@" + how + "> " + said
			}
			p.say(block)
		}
	}
}

// answerOf is the bot's last word in the chat where something was said last.
func answerOf(p *player) string {
	text := ""
	for _, m := range p.messages(0) {
		if m.Chat == p.last["chat"] && m.From == "防控助手" {
			text = m.Text
		}
	}
	return text
}
