// Package org is who answers for what: areas and their liaisons, task groups, who takes
// over a post, and the street's book of people, groups and places.
//
// In: /谁管, /片, /组, /交接, /名册 and the mornings on which a group's end comes near or a
// liaison is missing. Out: posts, never names; edits of the overlay that handlers.Directory
// reads, each agreed to by a second person where somebody gains rights by it.
// Start with Handlers; edit.go is what /名册 can change, proposal.go how it is agreed to.
package org

import (
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
)

// Family keeps who answers for what. Its zero value is not usable: call New.
type Family struct {
	hands []handlers.HandOver
}

// New makes the family; hands are what the other families give from one hand to another.
func New(hands []handlers.HandOver) *Family { return &Family{hands: hands} }

// Who may do what, by role.
var (
	keepers = []config.Role{config.RoleAdmin, config.RoleParty}                                                                // propose changes
	seconds = []config.Role{config.RoleAdmin, config.RoleParty, config.RoleLeader}                                             // agree to them
	founder = []config.Role{config.RoleDutyDesk, config.RoleLeader, config.RoleAreaLeader, config.RoleParty, config.RoleAdmin} // of task groups
)

// Handlers is what the family offers.
func (f *Family) Handlers() handlers.Family {
	return handlers.Family{
		Name:   "org",
		Office: string(config.RoleParty),
		Commands: func(*config.Street) []handlers.Command {
			return []handlers.Command{{
				Name: "谁管", Aliases: []string{"归谁管", "谁联系"}, Summary: "这里归谁管、找谁", Usage: "/谁管 居民区、小区、门岗或弄", Example: "/谁管 188弄北门", Run: f.who,
			}, {
				Name: "组", Slashed: true, Roles: founder, Guests: others(founder...), Summary: "工作小组：有谁，到哪天", Usage: "/组 组名 有谁", Example: "/组",
				Detail: "看有哪些：/组；看一个：/组 善后组 有谁\n成立：/组 善后组 至3.31；组长：/组 善后组 组长 管理办\n加人：/组 善后组 加 司法所1人；减人：/组 善后组 减 司法所1人\n到期：/组 善后组 续 至4.15，或 /组 善后组 撤", Run: f.group,
			}, {
				Name: "片", Aliases: []string{"片区"}, Slashed: true, Roles: keepers, Guests: others(config.RoleAdmin, config.RoleParty, config.RoleProperty, config.RoleBuilding, config.RoleVolunteer),
				Summary: "片区和联络员，代班", Usage: "/片 片区 联络员 谁 [哪天起]，或 /片 谁 代 谁 至哪天", Example: "/片 三片",
				Detail: "看：/片，/片 三片\n换人：/片 三片 联络员 联络员一；从哪天起：/片 三片 联络员 联络员一 2.20起\n代班：/片 联络员一 代 联络员二 至2.20；不代了：/片 联络员一 不代 联络员二", Run: f.area,
			}, {
				Name: "交接", Slashed: true, Roles: keepers, Summary: "换人：手上的事全交过去", Usage: "/交接 职务 给 接手的人", Example: "/交接 梅园书记 给 梅园社工",
				Detail: "换人：/交接 梅园书记 给 梅园社工；接手的还不在名册里，写账号：/交接 梅园书记 给 zhang-wei\n另一位同意后生效：手上的问题单、没报完的、片区、小组都过去，原来的人马上不能再用。", Run: f.handover,
			}, {
				Name: "名册", Slashed: true, Roles: keepers, Guests: []config.Role{config.RoleLeader}, Summary: "加人、换角色、加群、改小区", Usage: "/名册 加 账号 职务 角色 [居民区]", Example: "/名册",
				Detail: rollDetail, Run: f.roll,
			}}
		},
		Dialogues: []handlers.Dialogue{{Name: "谁管", Sure: true, Try: f.asked}},
		Duties: []handlers.Duty{
			{Kind: "org-vacant", Title: "看有没有缺联络员", Daily: "08:10", Run: f.morning},
			{Kind: "org-tidy", Title: "名册改动和配置对一对", Daily: "03:40", Run: f.tidy},
		},
		Recipes: []handlers.Recipe{{Name: recipeAsk, Render: f.ask}, {Name: recipeExport, Render: f.written}},
		DueItems: []handlers.DueItem{
			{Kind: dueGroup, Title: "小组到期", Run: f.groupDue},
			{Kind: dueHand, Title: "交接收尾", Run: f.handDue},
			{Kind: dueVacant, Title: "看有没有缺联络员", Run: f.vacancyDue},
		},
	}
}

// others are all roles but some.
func others(but ...config.Role) []config.Role {
	return slices.DeleteFunc(config.Roles(), func(r config.Role) bool { return slices.Contains(but, r) })
}

// title is what a person is called: the post. Who has left is called by the former one.
func title(d *handlers.Desk, userid string) string {
	if p, s, ok := d.Dir.Person(userid); ok && s.Code == d.Street.Code {
		return p.Title
	}
	if t, ok := d.Dir.Former(userid); ok {
		return "前" + strings.TrimPrefix(t, "前")
	}
	return "已不在名册里的人"
}

// named is the person whose post, or whose userid, a word is.
func named(s *config.Street, word string) (config.Person, bool) {
	for _, p := range s.People {
		if p.Title == word || p.UserID == word {
			return p, true
		}
	}
	return config.Person{}, false
}

// leading is the person whose post or userid a line begins with, the longest where several
// do; rest is what stands behind it.
func leading(s *config.Street, line string) (p config.Person, rest string, ok bool) {
	longest := 0
	for _, x := range s.People {
		for _, word := range []string{x.Title, x.UserID} {
			if after, found := strings.CutPrefix(line, word); found && len(word) > longest {
				p, rest, longest, ok = x, strings.TrimSpace(after), len(word), true
			}
		}
	}
	return p, rest, ok
}

// people lists who has one of some roles, without some userids.
func people(d *handlers.Desk, roles []config.Role, but ...string) []config.Person {
	var out []config.Person
	for _, p := range d.Street.People {
		if p.Has(roles...) && !slices.Contains(but, p.UserID) {
			out = append(out, p)
		}
	}
	return out
}

// private refuses what may only be said 1:1.
func private(c *handlers.Call, example string) error {
	if c.Private() {
		return nil
	}
	return handlers.Refuse("改名册、换人只在私聊里办。", "请私聊我发："+example)
}

// titles names people by their posts.
func titles(list []config.Person) string {
	var out []string
	for _, p := range list {
		out = append(out, p.Title)
	}
	return strings.Join(out, "、")
}
