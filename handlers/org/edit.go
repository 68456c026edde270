package org

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
)

// edits are what a proposal would write: kind of overlay → field → value.
type edits map[string]map[string]string

func (e edits) put(s *config.Street, kind, field string, value any) {
	if e[kind] == nil {
		e[kind] = map[string]string{}
	}
	written := handlers.Written(s, kind, field)
	switch v := value.(type) {
	case handlers.PersonEdit:
		v.Was = written
		value = v
	case handlers.ChatEdit:
		v.Was = written
		value = v
	case handlers.AreaEdit:
		v.Was = written
		value = v
	case handlers.UnitEdit:
		v.Was = written
		value = v
	}
	body, err := json.Marshal(value)
	if err != nil {
		panic("org: edit does not encode: " + err.Error())
	}
	e[kind][field] = string(body)
}

// plan is a change of the book as somebody wants it.
type plan struct {
	what    string   // in words, for who agrees
	warns   []string // what follows from it
	edits   edits
	concern []string // userids of who gains or loses by it: they don't agree to it
}

var userid = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_.@-]{0,63}$`)

// planner reads what /名册 can change. plain is the street as it would be written.
type planner struct {
	c     *handlers.Call
	plain *config.Street
	yaml  *config.Street
}

func newPlanner(c *handlers.Call) *planner {
	return &planner{c: c, plain: c.Dir.Plain(c.Street), yaml: c.Dir.YAML(c.Street)}
}

func (p *planner) begin(what string, concern ...string) *plan {
	return &plan{what: what, edits: edits{}, concern: concern}
}

func split(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("、,，;；/+ ", r) })
}

// roles reads 书记、社工; a word that is none is named.
func roles(words []string) ([]config.Role, error) {
	var out []config.Role
	for _, w := range words {
		r := config.Role(w)
		if !slices.Contains(config.Roles(), r) {
			return nil, handlers.Refusef("角色有："+joined(config.Roles()), "没有“%s”这个角色，没有提。", handlers.Quote(w))
		}
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out, nil
}

// add is 加 账号 职务 角色 [居民区].
func (p *planner) add(rest string) (*plan, error) {
	const example = "例：/名册 加 li-hua 荷塘社工 社工 荷塘"
	words := strings.Fields(rest)
	if len(words) < 3 || len(words) > 4 || !userid.MatchString(words[0]) {
		return nil, handlers.Refuse("要写账号（企业微信通讯录里复制）、职务、角色，书记社工还要写居民区。", example)
	}
	if who, _, taken := p.c.Dir.Person(words[0]); taken {
		return nil, handlers.Refusef("改角色：/名册 改 "+who.Title+" 角色 …", "%s已经在名册里，是%s。", words[0], who.Title)
	}
	rs, err := roles(split(words[2]))
	if err != nil {
		return nil, err
	}
	e := handlers.PersonEdit{Title: words[1], Roles: rs}
	if len(words) == 4 {
		if e.Unit, err = p.unit(words[3]); err != nil {
			return nil, err
		}
	}
	if err := p.sound(words[0], e); err != nil {
		return nil, err
	}
	out := p.begin(fmt.Sprintf("加 %s %s（%s%s）", words[0], e.Title, joined(rs), of(e.Unit)), words[0])
	out.edits.put(p.yaml, handlers.PeopleOverlay, words[0], e)
	return out, nil
}

func of(unit string) string {
	if unit == "" {
		return ""
	}
	return "，" + unit
}

func (p *planner) unit(word string) (string, error) {
	u, ok := p.plain.Committee(word)
	if !ok {
		return "", handlers.Refusef("写居民区的名称，例："+p.plain.Committees[0].Name, "没有居民区“%s”，没有提。", handlers.Quote(word))
	}
	return u.Name, nil
}

// sound refuses a person that bot check would refuse in the YAML, or that people could not
// tell from another.
func (p *planner) sound(id string, e handlers.PersonEdit) error {
	needs := slices.ContainsFunc(e.Roles, func(r config.Role) bool { return r == config.RoleSecretary || r == config.RoleWorker })
	switch {
	case len(e.Roles) == 0:
		return handlers.Refuse("至少留一个角色，没有提。", "不在了就：/名册 撤 "+e.Title)
	case needs && e.Unit == "":
		return handlers.Refuse("书记和社工要写在哪个居民区，没有提。", "例：/名册 加 li-hua 荷塘社工 社工 荷塘")
	case len([]rune(e.Title)) > 12:
		return handlers.Refuse("职务最多12个字，没有提。", "例：荷塘社工")
	}
	if other, ok := named(p.plain, e.Title); ok && other.UserID != id {
		return handlers.Refusef("加个号，例："+e.Title+"二", "已经有一位“%s”，没有提。", e.Title)
	}
	return nil
}

// alter is 改 谁 角色|职务|居民区 …
func (p *planner) alter(rest string) (*plan, error) {
	who, rest, ok := leading(p.plain, rest)
	key, value, _ := strings.Cut(rest, " ")
	value = strings.TrimSpace(value)
	if !ok || value == "" || !slices.Contains([]string{"角色", "职务", "居民区"}, key) {
		return nil, handlers.Refuse("改谁的什么？没有提。", "例：/名册 改 管理办 角色 科室、联络员；职务、居民区也一样")
	}
	e := handlers.EditPerson(who)
	var err error
	switch key {
	case "角色":
		if e.Roles, err = roles(split(value)); err != nil {
			return nil, err
		}
	case "职务":
		e.Title = value
	case "居民区":
		if e.Unit = ""; value != "无" {
			if e.Unit, err = p.unit(value); err != nil {
				return nil, err
			}
		}
	}
	if err := p.sound(who.UserID, e); err != nil {
		return nil, err
	}
	out := p.begin(fmt.Sprintf("改 %s：%s %s", who.Title, key, value), who.UserID)
	if key == "角色" {
		out.what += fmt.Sprintf("（原%s）", joined(who.Roles))
	}
	out.edits.put(p.yaml, handlers.PeopleOverlay, who.UserID, e)
	return out, nil
}

// remove is 撤 谁.
func (p *planner) remove(rest string) (*plan, error) {
	who, tail, ok := leading(p.plain, rest)
	if !ok || tail != "" {
		return nil, handlers.Refusef("例：/名册 撤 梅园社工", "名册里没有“%s”，没有提。", handlers.Quote(rest))
	}
	out := p.begin("撤 "+who.Title, who.UserID)
	out.edits.put(p.yaml, handlers.PeopleOverlay, who.UserID, handlers.PersonEdit{Title: who.Title, Gone: true})
	return out, nil
}

// addChat is 加群 群名 种类.
func (p *planner) addChat(rest string) (*plan, error) {
	words := strings.Fields(rest)
	kinds := make([]string, 0, len(config.ChatKinds()))
	for _, k := range config.ChatKinds() {
		kinds = append(kinds, string(k))
	}
	if len(words) != 2 || !slices.Contains(kinds, words[1]) || len([]rune(words[0])) > 12 {
		return nil, handlers.Refuse("要写群名和种类，没有提。", "种类有："+strings.Join(kinds, "、")+"；例：/名册 加群 善后组群 工作组")
	}
	if slices.ContainsFunc(p.plain.Chats, func(c config.Chat) bool { return c.Name == words[0] }) {
		return nil, handlers.Refusef("换一个群用它：/绑定", "已经有叫“%s”的群，没有提。", words[0])
	}
	out := p.begin("加群 " + words[0] + "（" + words[1] + "）")
	out.warns = []string{"同意后在群里发：@我 /绑定。要我主动说话，还要在配置里写群机器人"}
	out.edits.put(p.yaml, handlers.RoomOverlay, words[0], handlers.ChatEdit{Kind: config.ChatKind(words[1])})
	return out, nil
}

// removeChat is 撤群 群名.
func (p *planner) removeChat(rest string) (*plan, error) {
	i := slices.IndexFunc(p.plain.Chats, func(c config.Chat) bool { return c.Name == rest })
	if i < 0 {
		return nil, handlers.Refusef("看有哪些：/名册 群", "没有叫“%s”的群，没有提。", handlers.Quote(rest))
	}
	out := p.begin("撤群 " + rest)
	out.edits.put(p.yaml, handlers.RoomOverlay, rest, handlers.ChatEdit{Kind: p.plain.Chats[i].Kind, Gone: true})
	return out, nil
}

// move is 移 居民区 片区.
func (p *planner) move(rest string) (*plan, error) {
	words := strings.Fields(strings.Replace(rest, "到", " ", 1))
	if len(words) != 2 {
		return nil, handlers.Refuse("哪个居民区移到哪个片区？没有提。", "例：/名册 移 桂香 二片")
	}
	unit, err := p.unit(words[0])
	if err != nil {
		return nil, err
	}
	from, _ := p.plain.AreaOf(unit)
	i := slices.IndexFunc(p.plain.Areas, func(a config.Area) bool { return a.Name == words[1] })
	switch {
	case i < 0:
		return nil, handlers.Refusef("看有哪些：/片", "没有片区“%s”，没有提。", handlers.Quote(words[1]))
	case from.Name == words[1]:
		return nil, handlers.Refusef("看：/片 "+words[1], "%s本来就在%s，没有提。", unit, words[1])
	case len(from.Committees) == 1:
		return nil, handlers.Refusef("先移一个进来。", "%s只剩%s了，没有提。", from.Name, unit)
	}
	to := p.plain.Areas[i]
	out := p.begin(fmt.Sprintf("移 %s：%s → %s", unit, from.Name, to.Name), from.Liaison, to.Liaison)
	if from.Name != "" {
		e := handlers.EditArea(from)
		e.Committees = slices.DeleteFunc(e.Committees, func(u string) bool { return u == unit })
		out.edits.put(p.yaml, handlers.AreaOverlay, from.Name, e)
	}
	e := handlers.EditArea(to)
	e.Committees = append(e.Committees, unit)
	out.edits.put(p.yaml, handlers.AreaOverlay, to.Name, e)
	return out, nil
}

// places is 加门, 撤门, 加小区, 撤小区, 加别名, 撤别名 of a committee.
func (p *planner) places(verb, rest string) (*plan, error) {
	add, what := strings.HasPrefix(verb, "加"), strings.TrimLeft(verb, "加撤")
	words := strings.Fields(rest)
	if len(words) < 2 {
		return nil, handlers.Refusef("例：/名册 加门 彩虹花苑 西门；/名册 加小区 梅园 新苑 南门；/名册 加别名 梅园 老梅园", "%s哪里的什么？没有提。", verb)
	}
	first, second := words[0], words[1]
	var u config.Committee
	at := -1
	for _, c := range p.plain.Committees {
		if i := slices.IndexFunc(c.Compounds, func(x config.Compound) bool { return x.Name == first }); what == "门" && i >= 0 {
			u, at = c, i
		}
	}
	if what != "门" {
		name, err := p.unit(first)
		if err != nil {
			return nil, err
		}
		u, _ = p.plain.Committee(name)
		at = slices.IndexFunc(u.Compounds, func(x config.Compound) bool { return x.Name == second })
	} else if at < 0 {
		return nil, handlers.Refusef("写小区的名称，例：/名册 加门 彩虹花苑 西门", "没有小区“%s”，没有提。", handlers.Quote(first))
	}
	e := handlers.EditUnit(u)
	var has bool
	switch what {
	case "门":
		gates := &e.Compounds[at].Gates
		if has = slices.Contains(*gates, second); add {
			*gates = append(*gates, second)
		} else {
			*gates = slices.DeleteFunc(*gates, func(g string) bool { return g == second })
		}
	case "小区":
		if has = at >= 0; add && !has {
			e.Compounds = append(e.Compounds, handlers.EditedQuarter{Name: second, Gates: split(strings.Join(words[2:], " "))})
		} else if has && !add {
			e.Compounds = slices.Delete(e.Compounds, at, at+1)
		}
	case "别名":
		if has = slices.Contains(e.Aliases, second); add {
			e.Aliases = append(e.Aliases, second)
		} else {
			e.Aliases = slices.DeleteFunc(e.Aliases, func(a string) bool { return a == second })
		}
	}
	if has == add {
		return nil, handlers.Refusef("看这个居民区：/名册 "+u.Name, "%s%s“%s”，没有提。", first, map[bool]string{true: "已经有", false: "没有"}[has], handlers.Quote(second))
	}
	if other, taken := p.plain.Committee(second); taken && add && what == "别名" {
		return nil, handlers.Refusef("换一个叫法。", "“%s”已经是%s，没有提。", second, other.Name)
	}
	if len([]rune(second)) > 12 {
		return nil, handlers.Refusef("短一点。", "“%s”太长，没有提。", handlers.Quote(second))
	}
	out := p.begin(verb + " " + strings.Join(words, " "))
	if !add && what == "小区" && len(u.Compounds[at].Houses) > 0 {
		out.warns = append(out.warns, fmt.Sprintf("%s登记了%d户，撤了就不在底册里", second, u.Compounds[at].Households()))
	}
	out.edits.put(p.yaml, handlers.UnitOverlay, u.Name, e)
	return out, nil
}

// weigh adds what follows from a plan, and refuses what would leave the street without
// anybody to administer it.
func (p *planner) weigh(out *plan) error {
	next, err := handlers.Overlaid(p.plain, out.edits)
	if err != nil {
		return err
	}
	has := func(s *config.Street, role config.Role) int {
		n := 0
		for _, x := range s.People {
			if x.Has(role) {
				n++
			}
		}
		return n
	}
	if has(next, config.RoleAdmin) == 0 {
		return handlers.Refuse("这样就没有管理员了，没有提。", "先加一位：/名册 改 谁 角色 …、管理员")
	}
	for _, c := range next.Committees {
		secretary := func(s *config.Street) bool {
			return slices.ContainsFunc(s.People, func(x config.Person) bool { return x.Unit == c.Name && x.Has(config.RoleSecretary) })
		}
		if secretary(p.plain) && !secretary(next) {
			out.warns = append(out.warns, c.Name+"就没有书记了，催报没人收到")
		}
	}
	for _, a := range next.Areas {
		for _, id := range []string{a.Liaison, a.Leader} {
			before, was := p.plain.Person(id)
			after, is := next.Person(id)
			held := was && before.Has(config.RoleLiaison, config.RoleAreaLeader, config.RoleLeader)
			if held && (!is || !after.Has(config.RoleLiaison, config.RoleAreaLeader, config.RoleLeader)) {
				out.warns = append(out.warns, a.Name+"就缺人了，请接着定：/片 "+a.Name)
			}
		}
	}
	slices.Sort(out.warns)
	out.warns = slices.Compact(out.warns)
	return nil
}

// fields are the cells a plan writes, in order: kind and field.
func (e edits) fields() [][2]string {
	var out [][2]string
	for _, kind := range slices.Sorted(maps.Keys(e)) {
		for _, field := range slices.Sorted(maps.Keys(e[kind])) {
			out = append(out, [2]string{kind, field})
		}
	}
	return out
}
