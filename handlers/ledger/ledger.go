// Package ledger keeps account of what the street asks of its committees: 减负.
//
// In: the burden that every commit has booked (handlers.Load), a complaint in plain words, a
// form that an office proposes, the slot of the Monday report. Out: what each office has asked and what it cost, as far
// as possible in minutes; a complaint that only those hear who can do something about it;
// a week on one screen.
// Start with Handlers; account.go adds up, complaint.go is the complaint's way, monday.go
// the weekly report; proposal.go reads a form that an office wants, propose.go and gate.go
// decide whether it is asked.
package ledger

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
)

// Handlers is what the family offers.
func Handlers() handlers.Family {
	return handlers.Family{
		Retire: retire,
		Name:   "ledger",
		Office: string(config.RoleDiscipline),
		Commands: func(*config.Street) []handlers.Command {
			return []handlers.Command{{
				Name: "减负", Aliases: []string{"负担"},
				Summary: "看谁要了多少数；反映重复填表", Usage: "/减负 [想说的话]", Example: "/减负 区里平台和街道表都要返沪人数",
				Detail: "看近7天各科室要了多少数：/减负\n反映重复填表（私聊）：/减负 哪里重复了\n只有纪工委和党政办看得到是哪个居民区，科室看不到。", Run: run,
			}, {
				Name: "提表", Aliases: []string{"新表"}, Roles: proposing,
				Summary: "要收一张新表，先过一遍", Usage: "/提表 表名 字段 项目、项目 几点截止", Example: proposalExample,
				Detail: "已有的数不再收，会告诉您怎么查。\n单位和类型写在括号里：独居数(户) 在册(户 存量) 困难(文字)\n还可以写：每周五 8:00开始 至3.13 区18:00要 用途… 依据…\n看等同意的：/提表", Run: propose,
			}}
		},
		Sections: []handlers.Section{{Kind: "burden", Read: section}},
		Duties:   []handlers.Duty{{Kind: "burden", Title: "减负周报", Past: true, Run: monday}},
	}
}

// readers hear a complaint and where it comes from.
var readers = []config.Role{config.RoleDiscipline, config.RoleParty}

// run is /减负: the account, a complaint, or the answer to one.
func run(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	reader := c.Person.Has(readers...)
	if strings.TrimSpace(c.Rest) == "" {
		return show(ctx, c, reader && c.Private())
	}
	if n, rest, ok := syntax.Ordinal(c.Rest); reader && ok {
		return settle(ctx, c, n, said(c, rest))
	}
	return complain(ctx, c)
}

// said is what stands behind a number, word for word as it was typed if that can be found.
func said(c *handlers.Call, rest string) string {
	if first, _ := utf8.DecodeRuneInString(rest); rest != "" {
		if i := strings.IndexRune(c.Message.Text, first); i >= 0 && syntax.Normalise(c.Message.Text[i:]) == syntax.Normalise(rest) {
			return strings.TrimSpace(c.Message.Text[i:])
		}
	}
	return strings.TrimSpace(rest)
}

// show is the account of the last seven days, and for those who hear them the complaints
// that wait for an answer.
func show(ctx context.Context, c *handlers.Call, complaints bool) (handlers.Outcome, error) {
	first := c.Day.Add(-6)
	b := c.Read()
	read := account(b, first, c.Day)
	open := allComplaints(b)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read burden: %w", err)
	}
	sum, err := read()
	if err != nil {
		return handlers.Outcome{}, err
	}
	lines := []string{fmt.Sprintf("近7天填报负担（%s–%s）", first.Label(), c.Day.Label())}
	lines = append(lines, sum.lines(len(c.Dir.Units(c.Street)), 7)...)
	if complaints {
		list, err := open()
		if err != nil {
			return handlers.Outcome{}, err
		}
		lines = append(lines, waiting(list)...)
	} else if c.Private() {
		lines = append(lines, "重复填表、多头要数，发：/减负 哪里重复了")
	}
	return handlers.Answer(strings.Join(lines, "\n")), nil
}
