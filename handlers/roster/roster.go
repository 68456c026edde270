// Package roster puts people on posts, lets them rest, and keeps who is tired to the one
// office that cares (cards S02, S03, S26, S44). Nothing here ranks or controls attendance:
// /到 is a volunteer's own claim for hours.
//
// In: a line that asks for hands, one that offers them, or the moment before a shift that
// nobody has taken. Out: a numbered shift, who is on it, who was asked in private, hours
// claimed, who is on duty now, and who must not be called because he rests.
//
// Start with Handlers; shift.go is a shift, hand.go one person's shifts and the rules of
// rest, read.go how a line is read; need.go, join.go, swap.go, cover.go and hours.go follow
// a post from need to hours; due.go is what happens by itself; desk.go the duty desk;
// aid.go hands from other bodies; care.go leave and tiredness, rotation.go the planner;
// material.go stories and courses.
package roster

import (
	"slices"

	"juwei/config"
	"juwei/handlers"
)

// Family keeps rosters. Call New.
type Family struct {
	Book handlers.MakeBook // writes the table of hours; nil: the table is offered to nobody
}

// New makes the family.
func New() *Family { return &Family{} }

// keyCare is the data key of what concerns people's well-being; no pack can have its name.
const keyCare = "office:care"

const recipeRemind, recipeHours = "roster.remind", "roster.hours"

// Who asks for hands, who sends them, and who may sign that somebody works on.
var (
	askers = []config.Role{config.RoleSecretary, config.RoleWorker, config.RoleLiaison, config.RoleProperty, config.RoleBuilding,
		config.RoleDutyDesk, config.RoleOffice, config.RoleParty}
	givers  = []config.Role{config.RoleOffice, config.RoleParty, config.RoleDutyDesk}
	signers = []config.Role{config.RoleLeader, config.RoleAreaLeader, config.RoleOffice, config.RoleParty, config.RoleDutyDesk}
	placers = []config.Role{config.RoleDutyDesk, config.RoleParty, config.RoleAdmin}
	takers  = []config.Role{config.RoleVolunteer}
)

// others are all roles but some.
func others(than ...config.Role) []config.Role {
	return slices.DeleteFunc(config.Roles(), func(r config.Role) bool { return slices.Contains(than, r) })
}

// Handlers is what the family offers.
func (f *Family) Handlers() handlers.Family {
	return handlers.Family{
		Name:     "roster",
		Office:   string(config.RoleParty),
		Commands: f.commands,
		HandOver: f.handOver,
		Dialogues: []handlers.Dialogue{
			{Name: "岗位", Sure: true, Try: f.spoken},
		},
		DueItems: []handlers.DueItem{
			{Kind: dueShift, Title: "岗位到时", Run: f.moment},
			{Kind: dueCare, Title: "看谁该歇", Run: f.fatigue},
			{Kind: dueWeek, Title: "素材一周", Run: f.week},
			{Kind: dueHours, Title: "志愿工时一周", Run: f.hoursWeek},
		},
		Recipes: []handlers.Recipe{
			{Name: recipeRemind, Render: f.renderRemind},
			{Name: recipeHours, Render: f.renderHours},
		},
		Sections: f.sections(),
	}
}

// commands are those of a street one of whose packs has rosters. Without a street: all, so
// that no form takes their words.
func (f *Family) commands(s *config.Street) []handlers.Command {
	if len(s.Runs) > 0 && !slices.ContainsFunc(s.Runs, func(r config.Run) bool { return len(r.Pack.Rosters.Posts) > 0 }) {
		return nil
	}
	return []handlers.Command{{
		Name: "缺岗", Aliases: []string{"缺人"}, Roles: askers, Summary: "一个岗位缺人", Usage: "/缺岗 岗位 哪里 几点到几点 几人", Example: "/缺岗 测温 南门 明早8-12 2人",
		Detail: "缺人就发：/缺岗 测温 南门 明早8-12 2人\n几天都要人：/要人 1 值守 2.14-2.18；不要了：/缺岗 V31 撤\n没人时我先找志愿服务中心，再找值班室", Run: f.need,
	}, {
		Name: "要人", Roles: askers, Summary: "几天都要人", Usage: "/要人 几人 岗位 哪天", Example: "/要人 1 值守 2.14-2.18", Hidden: true, Run: f.ask,
	}, {
		Name: "支援", Roles: givers, Guests: others(givers...), Summary: "派人去支援", Usage: "/支援 居民区 单位几人 至哪天", Example: "/支援 站前 检察院3 至2.20", Hidden: true, Run: f.aid,
	}, {
		Name: "报名", Roles: takers, Guests: others(takers...), Summary: "这个岗我来", Usage: "/报名 编号", Example: "/报名 V31",
		Detail: "上岗：/报名 V31\n没人才来：/报名 V31 候补（只有联系人看得到）\n不能去了：/替 V31；换一班：/换班 V31 V35", Run: f.join,
	}, {
		Name: "到", Slashed: true, Whole: true, Roles: takers, Guests: others(takers...), Summary: "我到了，记工时", Usage: "/到 [编号或哪里] [几点]", Example: "/到 南门", Run: f.come,
	}, {
		Name: "离", Slashed: true, Whole: true, Roles: takers, Guests: others(takers...), Summary: "我走了，记工时", Usage: "/离 [几点]", Example: "/离", Run: f.leave,
	}, {
		Name: "换班", Roles: takers, Guests: others(takers...), Summary: "两人换一班，两边都同意才算", Usage: "/换班 我的编号 他的编号", Example: "/换班 V31 V35", Run: f.swap,
	}, {
		Name: "替", Slashed: true, Whole: true, Roles: takers, Guests: others(takers...), Summary: "我去不了，找人替；或我来替", Usage: "/替 编号", Example: "/替 V31", Run: f.cover,
	}, {
		Name: "签", Slashed: true, Whole: true, Roles: signers, Summary: "签字同意没歇够的人上岗", Usage: "/签 编号 谁 为什么", Example: "/签 V31 志愿者07 没人能顶", Hidden: true, Run: f.sign,
	}, {
		Name: "岗位", Slashed: true, Whole: true, Summary: "看缺哪些岗、谁在岗", Usage: "/岗位 [编号或哪天]", Example: "/岗位 明天", Hidden: true, Run: f.list,
	}, {
		Name: "工时", Summary: "看志愿工时，导出", Usage: "/工时，或 /工时 导 上周", Example: "/工时", Hidden: true, Run: f.hours,
	}, {
		Name: "谁值班", Summary: "看谁在值班", Usage: "/谁值班 [哪天]", Example: "/谁值班", Run: f.whoIsOn,
	}, {
		Name: "值班", Aliases: []string{"值班表"}, Slashed: true, Whole: true, Roles: placers, Guests: others(placers...), Summary: "排值班", Usage: "/值班 哪天 [夜] 谁 谁 [带班 谁]", Example: "/值班 明天夜 值班室一 带班 街道主任", Hidden: true, Run: f.desk,
	}, {
		Name: "休", Aliases: []string{"请假"}, Slashed: true, Whole: true, Roles: []config.Role{config.RoleSecretary, config.RoleWorker, config.RoleLiaison}, Guests: others(config.RoleSecretary, config.RoleWorker, config.RoleLiaison),
		Summary: "想歇一歇，只有党建办知道", Usage: "/休 哪天 [几天]", Example: "/休 2.16 1天", Detail: "想歇：/休 2.16 1天；不歇了：/休 撤 2.16\n太累了：/累，会有人打电话来\n只有党建办看得到，不问原因；歇的那天不催您", Run: f.rest,
	}, {
		Name: "累", Slashed: true, Whole: true, Summary: "太累了，请人打个电话来", Usage: "/累", Example: "/累", Hidden: true, Run: f.tired,
	}, {
		Name: "轮休", Slashed: true, Whole: true, Summary: "看自己歇了没有", Usage: "/轮休", Example: "/轮休", Hidden: true, Run: f.rota,
	}, {
		Name: "素材", Summary: "投一个微典型、微心声", Usage: "/素材 微典型 什么事 本人同意", Example: "/素材 微典型 楼组长守门18天 本人同意", Hidden: true, Prose: true, Run: f.material,
		Detail: "微典型、微场景、微心声、微课堂，有就投，没有不用投：\n/素材 微典型 楼组长守门18天 本人同意\n没写本人同意的只存着，不公开；反悔了发：/素材 S12 撤回",
	}, {
		Name: "课", Slashed: true, Whole: true, Summary: "报一节微课堂，或看有哪些", Usage: "/课 周几几点 讲什么", Example: "/课 周五15点 居家运动", Hidden: true, Run: f.course,
	}}
}
