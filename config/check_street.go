package config

import (
	"fmt"
	"slices"
	"strings"
)

// checkStreet finds what is wrong between the values of one street.
func checkStreet(d *draft) {
	checkCommittees(d)
	before := d.found
	checkPeople(d)
	// While people still have mistakes, who is missing can't be said.
	if d.unitsRead() && d.peopleRead() && d.found == before {
		checkSecretaries(d)
	}
	checkAreas(d)
	checkChatNames(d)
	checkDrill(d)
	checkRuns(d)
	checkYears(d)
	for i, r := range d.street.Runs {
		if r.Pack != nil {
			checkReach(d, r, i)
			checkOffices(d, r.Pack)
		}
	}
	checkUnusedChats(d)
}

// The …Read methods report whether every name of a kind could be read. While one could
// not, "there is no such" would blame the wrong line.

func (d *draft) unitsRead() bool {
	return len(d.street.Committees) > 0 && !slices.ContainsFunc(d.street.Committees, func(c Committee) bool { return c.Name == "" })
}

func (d *draft) peopleRead() bool {
	return len(d.street.People) > 0 && !slices.ContainsFunc(d.street.People, func(p Person) bool {
		return p.UserID == "" || !rolesRead(p)
	})
}

func rolesRead(p Person) bool { return len(p.Roles) > 0 && !slices.Contains(p.Roles, "") }

func (d *draft) areasRead() bool {
	return !slices.ContainsFunc(d.street.Areas, func(a Area) bool {
		return len(a.Committees) == 0 || slices.Contains(a.Committees, "")
	})
}

func (d *draft) chatsRead() bool {
	return len(d.street.Chats) > 0 && !slices.ContainsFunc(d.street.Chats, func(c Chat) bool { return c.Kind == "" })
}

func checkCommittees(d *draft) {
	words := newNames(d.reader, "居民区")
	ordinals := make(map[int]string)
	for i, c := range d.street.Committees {
		words.add(c.Name, "committees.%d.name", i)
		for j, a := range c.Aliases {
			words.alias(c.Name, a, "committees.%d.aliases.%d", i, j)
		}
		if other, taken := ordinals[c.Ordinal]; taken {
			d.problem(d.placeOf("committees.%d.ordinal", i), fmt.Sprintf("“%s”和“%s”的序号都是%d", other, c.Name, c.Ordinal), "用 ordinal 写一个没用过的序号")
		}
		ordinals[c.Ordinal] = c.Name
		checkSites(d, c, i)
	}
}

// checkSites finds blocks and sites of one committee that people could not tell apart. A
// site's own name is the bot's key to its reports.
func checkSites(d *draft, c Committee, i int) {
	words := newNames(d.reader, "“"+c.Name+"”的块或场所")
	for j, b := range c.Blocks {
		words.add(b.Name, "committees.%d.blocks.%d", i, j)
	}
	for j, s := range c.Sites {
		words.add(s.Name, "committees.%d.sites.%d.name", i, j)
		for k, a := range s.Aliases {
			words.alias(s.Name, a, "committees.%d.sites.%d.aliases.%d", i, j, k)
		}
	}
}

// checkSecretaries warns of committees that nobody would be reminded for.
func checkSecretaries(d *draft) {
	for i, c := range d.street.Committees {
		has := slices.ContainsFunc(d.street.People, func(p Person) bool { return p.Unit == c.Name && p.Has(RoleSecretary) })
		if !has {
			d.warn(d.placeOf("committees.%d.name", i), "“"+c.Name+"”没有书记", "在 people 里补上，否则催报没人收到")
		}
	}
}

func checkPeople(d *draft) {
	var units []string
	for _, c := range d.street.Committees {
		units = append(units, c.Name)
	}
	admin := false
	for i, p := range d.street.People {
		admin = admin || p.Has(RoleAdmin)
		switch c, known := d.street.Committee(p.Unit); {
		case p.Unit == "":
			if p.Has(RoleSecretary, RoleWorker) {
				d.problem(p.Place, "“"+p.UserID+"”是书记或社工，却没有 unit", "写上所在的居民区")
			}
		case !known && d.unitsRead():
			d.problem(d.placeOf("people.%d.unit", i), "没有居民区“"+p.Unit+"”", meant(p.Unit, units))
		case known && c.Name != p.Unit:
			d.problem(d.placeOf("people.%d.unit", i), "“"+p.Unit+"”是别名", "unit 写正式名称“"+c.Name+"”")
		}
		for j, r := range p.Roles {
			if r != "" && slices.Index(p.Roles, r) < j {
				d.problem(d.placeOf("people.%d.roles.%d", i, j), "角色“"+string(r)+"”写了两遍", "留一个")
			}
		}
	}
	if !admin && d.peopleRead() {
		d.warn(d.placeOf("people"), "没有人是管理员", "至少给一人加上，/绑定 要用")
	}
}

func checkAreas(d *draft) {
	s := d.street
	var ids, units []string
	for _, p := range s.People {
		ids = append(ids, p.UserID)
	}
	for _, c := range s.Committees {
		units = append(units, c.Name)
	}
	person := func(i int, key, id string, roles ...Role) {
		if id == "" {
			return
		}
		at := d.placeOf("areas.%d."+key, i)
		if p, ok := s.Person(id); !ok {
			if len(ids) > 0 && !slices.Contains(ids, "") {
				d.problem(at, "people 里没有“"+id+"”", meant(id, ids))
			}
		} else if rolesRead(p) && !p.Has(roles...) {
			d.problem(at, "“"+id+"”的角色里没有“"+string(roles[0])+"”", "在 people 里给他加上，或换一个人")
		}
	}
	areas := newNames(d.reader, "片区")
	in := make(map[string]string)
	for i, a := range s.Areas {
		areas.add(a.Name, "areas.%d.name", i)
		person(i, "leader", a.Leader, RoleAreaLeader, RoleLeader)
		person(i, "liaison", a.Liaison, RoleLiaison)
		for j, t := range a.Terms {
			if t.Post == PostLeader {
				person(i, fmt.Sprintf("terms.%d.who", j), t.Who, RoleAreaLeader, RoleLeader)
			} else if t.Post != "" {
				person(i, fmt.Sprintf("terms.%d.who", j), t.Who, RoleLiaison)
			}
		}
		for j, name := range a.Committees {
			at := d.placeOf("areas.%d.committees.%d", i, j)
			switch other, taken := in[name]; {
			case name == "" || !slices.Contains(units, name) && !d.unitsRead():
			case !slices.Contains(units, name):
				d.problem(at, "没有居民区“"+name+"”", meant(name, units))
			case taken && other == a.Name:
				d.problem(at, "“"+name+"”在“"+a.Name+"”里写了两遍", "留一个")
			case taken:
				d.problem(at, "“"+name+"”已经在“"+other+"”里", "一个居民区只能在一个片区")
			default:
				in[name] = a.Name
			}
		}
	}
	for i, c := range s.Committees {
		if _, ok := in[c.Name]; !ok && len(s.Areas) > 0 && d.unitsRead() && d.areasRead() {
			d.problem(d.placeOf("committees.%d.name", i), "“"+c.Name+"”不在任何片区", "在 areas 里给它一个片区")
		}
	}
}

func checkChatNames(d *draft) {
	chats := newNames(d.reader, "群")
	for i, c := range d.street.Chats {
		chats.add(c.Name, "chats.%d.name", i)
	}
}

// checkDrill finds names on the drill's list that nobody and no group has.
func checkDrill(d *draft) {
	var all []string
	for _, c := range d.street.Chats {
		all = append(all, c.Name)
	}
	for _, p := range d.street.People {
		all = append(all, p.UserID)
	}
	for i, who := range d.street.Drill {
		if who != "" && !slices.Contains(all, who) && !slices.Contains(all, "") {
			d.problem(d.placeOf("drill.%d", i), "演练名单里的“"+who+"”不是群名，也不是 people 里的 userid", meant(who, all))
		}
	}
}

// overlap reports whether two runs share a day.
func overlap(a, b Run) bool {
	return (b.To == "" || a.From <= b.To) && (a.To == "" || b.From <= a.To)
}

func checkRuns(d *draft) {
	for i, r := range d.street.Runs {
		if r.Pack == nil {
			continue
		}
		at := d.placeOf("packs.%d.name", i)
		for _, f := range r.Pack.Forms {
			if r.To == "" && f.Until == "" {
				d.problem(r.Place, "没有结束日，表单“"+f.Name+"”会一直收下去", "写上 to，或在包里给表单写 until")
			}
		}
		if len(r.Pack.Forms) == 0 && len(r.Pack.Duties) > 0 && r.To == "" {
			d.warn(r.Place, "没有结束日，任务 "+r.Pack.Duties[0].Name()+" 会一直做下去", "写上 to")
		}
		for _, before := range d.street.Runs[:i] {
			if before.Pack == nil || !overlap(before, r) {
				continue
			}
			if before.Pack == r.Pack {
				d.problem(at, "包“"+r.Pack.Name+"”的日期和前面一段重叠", "错开 from 和 to")
				continue
			}
			for _, f := range r.Pack.Forms {
				for _, w := range append([]string{f.Name}, f.Aliases...) {
					if other := before.Pack.Form(w); other != nil {
						d.problem(at, "包“"+r.Pack.Name+"”的表单“"+w+"”和包“"+before.Pack.Name+"”的重名", "在一个包里换名称，或错开日期")
					}
				}
			}
			checkBoth(d, before.Pack, r.Pack, at)
		}
	}
}

// checkBoth lets no form of a pack ask what a pack that runs at the same time asks, and
// finds data items that the two keep in different ways.
func checkBoth(d *draft, first, second *Pack, at Place) {
	known := NewDictionary(first.Forms...)
	items := make(map[string]*Field)
	for _, f := range first.Forms {
		for _, x := range f.Fields {
			items[x.Item] = x
		}
	}
	for _, f := range second.Forms {
		if first.Form(f.Name) != nil {
			continue
		}
		for _, o := range Admit(f, known) {
			if o.Kind != ObjectSoon { // its own file tells
				d.problem(at, "包“"+second.Name+"”的表单“"+f.Name+"”："+o.What, o.Mend)
			}
		}
		for _, x := range f.Fields {
			y := items[x.Item]
			if y == nil || x.Item == "" || x.Asked() && y.Asked() && f.Approved == "" {
				continue
			}
			if what := differs(y, x); what != "" {
				d.problem(at, "包“"+first.Name+"”和“"+second.Name+"”里，数据项“"+x.Item+"”的"+what, "同一个数据项写成一样，不一样就换一个 item")
			}
		}
	}
}

// checkReach finds duties of a run that would speak to nobody.
func checkReach(d *draft, r Run, i int) {
	var told []ChatKind
	for _, duty := range r.Pack.Duties {
		if duty.Chat == "" || slices.Contains(told, duty.Chat) {
			continue
		}
		told = append(told, duty.Chat)
		found := false
		for j, c := range d.street.Chats {
			if c.Kind != duty.Chat {
				continue
			}
			found = true
			if c.WebhookEnv == "" {
				d.warn(d.placeOf("chats.%d", j), "“"+c.Name+"”没有 webhook_env，任务 "+duty.Name()+" 发不出去", "在群里添加群机器人，把地址写进 secrets.env")
			}
		}
		if !found && d.chatsRead() {
			d.problem(d.placeOf("packs.%d.name", i), "任务 "+duty.Name()+" 要发到“"+string(duty.Chat)+"”群，街道没有这种群", "在 chats 里加一个 kind: "+string(duty.Chat))
		}
	}
}

// checkOffices warns of offices that own a pack's cases and have nobody in a street that
// has other offices: all of these would get each case.
func checkOffices(d *draft, p *Pack) {
	var titles, told []string
	for _, x := range d.street.People {
		if x.Has(RoleOffice) {
			titles = append(titles, x.Title)
		}
	}
	if len(titles) == 0 || !d.peopleRead() {
		return
	}
	for _, t := range p.Cases.Types {
		has := slices.ContainsFunc(d.street.People, func(x Person) bool { return x.Of(t.Office) })
		if t.Office == "" || has || slices.Contains(told, t.Office) {
			continue
		}
		told = append(told, t.Office)
		d.warn(t.OfficeAt, "“"+d.street.Name+"”的科室里没有“"+t.Office+"”，这类单会给到每个科室",
			"现有："+strings.Join(titles, "、")+"。改 office，或在 people 里加上它的人")
	}
}

// checkUnusedChats warns of groups that wait for a duty in vain. To the other kinds of
// group people speak through commands, notices and cases.
func checkUnusedChats(d *draft) {
	for i, c := range d.street.Chats {
		if !slices.Contains([]ChatKind{ChatSecretaries, ChatLeaders, ChatDutyDesk}, c.Kind) {
			continue
		}
		reached, complete := false, true
		for _, r := range d.street.Runs {
			complete = complete && r.Pack != nil
			reached = reached || r.Pack != nil && slices.ContainsFunc(r.Pack.Duties, func(x *Duty) bool { return x.Chat == c.Kind })
		}
		if complete && !reached {
			d.warn(d.placeOf("chats.%d.kind", i), "没有任务会发到“"+c.Name+"”", "看看 kind 对不对，或换一个包")
		}
	}
}

// checkStreets finds what two streets, or two lines of one street, must not share.
func checkStreets(ds []*draft) {
	codes, users, chats, envs, hooks := first{}, first{}, first{}, first{}, first{}
	for _, d := range ds {
		s := d.street
		if where, taken := codes.take(s.Code, d.placeOf("street.code")); taken {
			d.problem(d.placeOf("street.code"), "街道代码“"+s.Code+"”在"+where+"已经用了", "换一个代码")
		}
		for i, p := range s.People {
			// WeCom ignores the case of a userid.
			at := d.placeOf("people.%d.userid", i)
			if where, taken := users.take(strings.ToLower(p.UserID), at); taken {
				d.problem(at, "userid“"+p.UserID+"”在"+where+"已经写过", "一个人只写一次，几个角色写在一起")
			}
		}
		for i, c := range s.Chats {
			at := d.placeOf("chats.%d.chatid", i)
			if where, taken := chats.take(c.ChatID, at); taken {
				d.problem(at, "chatid“"+c.ChatID+"”在"+where+"已经写过", "一个群只写一次")
			}
			at = d.placeOf("chats.%d.webhook_env", i)
			if where, taken := envs.take(c.WebhookEnv, at); taken {
				d.problem(at, "环境变量 "+c.WebhookEnv+" 在"+where+"已经用了", "每个群用自己的群机器人")
			} else if where, taken := hooks.take(c.Webhook.Reveal(), at); taken {
				d.problem(at, "环境变量 "+c.WebhookEnv+" 里的群机器人和"+where+"的是同一个", "每个群用自己的群机器人")
			}
		}
	}
}

// first remembers where a value was written first.
type first map[string]Place

// take notes the value; if it was taken already it says where. An empty one never is.
func (f first) take(value string, at Place) (where string, taken bool) {
	if value == "" {
		return "", false
	}
	if p, ok := f[value]; ok {
		return fmt.Sprintf(" %s 第%d行", p.File, p.Line), true
	}
	f[value] = at
	return "", false
}
