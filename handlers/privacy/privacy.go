// Package privacy is what a person may ask about data, and how data goes.
//
// In: /为什么, /留痕, /应急查阅, /申导, /结束, the daily clean-up, the moment a campaign's data is
// to be destroyed. Out: purpose and term of a field, who saw a household, some hours of
// wider sight that somebody else reviews, a table that two people let go, and in the end
// nothing but a certificate whose hash anyone can recompute.
//
// Start with end.go, a campaign's end; clean.go is what goes every night, glass.go the
// emergency, release.go the table of two, trail.go who saw what, why.go the reasons.
package privacy

import (
	"fmt"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
)

// Family keeps the rules about data. Call New.
type Family struct {
	retire []handlers.Retire
	table  handlers.HouseTable
}

// New makes the family: retire is what the other families keep beyond its term, table fills
// the tables of households, nil: there are none.
func New(retire []handlers.Retire, table handlers.HouseTable) *Family {
	return &Family{retire: retire, table: table}
}

// Who may do what.
var (
	starters  = []config.Role{config.RoleLeader, config.RoleParty}
	seconds   = []config.Role{config.RoleLeader, config.RoleParty, config.RoleDiscipline}
	reviewers = []config.Role{config.RoleDiscipline, config.RoleParty}
	askers    = []config.Role{config.RoleDiscipline, config.RoleParty, config.RoleLeader, config.RoleSecretary}
	takers    = []config.Role{config.RoleParty, config.RoleDutyDesk, config.RoleSecretary, config.RoleLiaison, config.RoleAreaLeader}
)

// Handlers is what the family offers.
func (f *Family) Handlers() handlers.Family {
	return handlers.Family{
		Name:   "privacy",
		Office: string(config.RoleParty),
		Commands: func(*config.Street) []handlers.Command {
			return []handlers.Command{{
				Name: "为什么", Aliases: []string{"为啥", "凭什么"},
				Summary: "为什么要问、谁看、存多久", Usage: "/为什么 项目", Example: "/为什么 新隔", Hidden: true, Slashed: true, Run: f.why,
			}, {
				Name: "留痕", Roles: askers,
				Summary: "一户谁看过、改过", Usage: "/留痕 [居民区] 户号；/留痕 证书", Example: "/留痕 梅园 6-1203", Run: f.trail,
			}, {
				Name: "应急查阅", Aliases: []string{"破窗"}, Roles: append([]config.Role{config.RoleLeader}, reviewers...),
				Summary: "应急时放开12小时，次日核", Usage: "/应急查阅 [给谁] 原因", Example: "/应急查阅 值班室一 火情找人", Slashed: true, Run: f.glass,
			}, {
				Name: "申导", Roles: append(append([]config.Role{}, takers...), config.RoleDiscipline, config.RoleLeader),
				Summary: "要一张住户表，两人才放", Usage: "/申导 册名 用途", Example: "/申导 户册 核对解除日期", Slashed: true, Run: f.release,
			}, {
				Name: "结束", Roles: seconds,
				Summary: "专项结束，到期销毁", Usage: "/结束 专项 [确认]", Example: "/结束 疫情防控", Slashed: true, Run: f.end,
			}}
		},
		Duties: []handlers.Duty{
			{Kind: "clean", Title: "清理到期记录", Daily: "03:20", Run: f.clean},
			{Kind: "witness", Title: "留痕链头", Past: true, Run: witness},
		},
		DueItems: []handlers.DueItem{
			{Kind: dueDestroy, Title: "销毁到期专项", Run: f.destroy},
			{Kind: dueReview, Title: "核应急查阅", Run: f.askReview},
			{Kind: dueClean, Title: "清理到期记录", Run: f.cleanMore},
		},
		Recipes:  []handlers.Recipe{{Name: recipeRelease, Render: f.render}},
		Sections: []handlers.Section{handlers.LineSection("chain", ChainLine)},
	}
}

// private refuses in a group: what is said here is nobody else's.
func private(c *handlers.Call) error {
	if c.Private() {
		return nil
	}
	return handlers.Refuse("这件事只在私聊里办，没有做。", "请私聊我发同样的一行。")
}

// title is what people call a userid.
func title(d *handlers.Desk, userid string) string {
	if p, _, ok := d.Dir.Person(userid); ok {
		return p.Title
	}
	if userid == "-" {
		return "自动"
	}
	return "已不在名单里的人"
}

// moment is a point in time as the street says it: 2月13日 15:04.
func moment(d *handlers.Desk, unix int64) string {
	return time.Unix(unix, 0).In(d.Street.Location).Format("1月2日 15:04")
}

// audience lists the people with one of some roles, without one of them.
func audience(d *handlers.Desk, but string, roles ...config.Role) []string {
	var out []string
	for _, p := range d.Street.People {
		if p.Has(roles...) && p.UserID != but {
			out = append(out, p.UserID)
		}
	}
	return out
}

// card is a card of one question; its buttons' lines are said by channels without buttons.
func card(task, head, body string, buttons ...handlers.Button) handlers.Content {
	return handlers.Content{Text: head + "\n" + body, Card: &handlers.Card{
		Task: task, Title: handlers.Clip(head, 26), Body: handlers.Clip(body, 112), Buttons: buttons,
	}}
}

// number reads 3 of 导03, 应急3, 3.
func number(text string) (n int, ok bool) {
	text = strings.TrimLeft(text, "导应急号#第 ")
	_, err := fmt.Sscanf(text, "%d", &n)
	return n, err == nil && n > 0
}
