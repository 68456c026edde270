// Package praise is what stands beside demands: praise for everybody to hear (card S17),
// memos that protect who had to decide at once (容错备案), and the discipline office's
// sealed pointers to what is handled elsewhere (card S16). Nothing here ranks, scores or
// counts persons.
//
// In: /赞, /备, /提醒, and the Friday on which the week's praise is handed over. Out: a
// numbered line, a memo of which only a fingerprint shows until it is opened, a pointer
// nobody but the office can read. Start with Handlers; commend.go is praise, memo.go the
// sealed memo, pointer.go the pointer, name.go what may be a person's name.
package praise

import (
	"juwei/config"
	"juwei/handlers"
)

// Family keeps praise, memos and pointers. Call New.
type Family struct{}

// New makes the family.
func New() *Family { return &Family{} }

// The data keys of what outlives a campaign. No pack can have these names.
const (
	keyMemo    = "office:memo"
	keyPointer = "office:pointer"
)

// Handlers is what the family offers.
func (f *Family) Handlers() handlers.Family {
	return handlers.Family{
		Name:   "praise",
		Office: string(config.RoleDiscipline),
		Commands: func(*config.Street) []handlers.Command {
			return []handlers.Command{{
				Name: "赞", Aliases: []string{"点赞", "表扬", "亮点"},
				Summary: "夸一夸好做法", Usage: "/赞 居民区 什么事", Example: "/赞 梅园 夜班门岗冒雨值守",
				Detail: "谁都能夸：/赞 梅园 夜班门岗冒雨值守\n值得推广的写上“可推广”；不想上晨报写上“不公开”", Run: f.commend,
			}, {
				Name: "备", Aliases: []string{"备案", "容错"}, Roles: []config.Role{config.RoleSecretary, config.RoleWorker, config.RoleLiaison},
				Guests:  []config.Role{config.RoleDiscipline},
				Prose:   true,
				Summary: "情况急先做了，留个底", Usage: "/备 做了什么、为什么", Example: "/备 先放行急救车未登记",
				Detail: "情况急，先做了再说的，当时就留个底（私聊）：/备 先放行急救车未登记\n封存后只看得到指纹，谁也改不了；只有纪工委能打开，打开会告诉您", Run: f.memo,
			}, {
				Name: "提醒", Roles: []config.Role{config.RoleDiscipline}, Hidden: true,
				Summary: "另案的封存记号", Usage: "/提醒 另案编号 一句话", Example: "/提醒 另案3 已谈话", Run: f.point,
			}}
		},
		Sections: []handlers.Section{handlers.LineSection("praise", f.Line)},
		DueItems: []handlers.DueItem{{Kind: dueWeek, Title: "一周亮点汇总", Run: f.week}},
	}
}
