package org

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// group is a task group: it has an end, and is asked about before it (card S25). Members
// are posts: a userid of the street's, or words like 司法所1人.
type group struct {
	Head    string     `json:"h"`
	Members []string   `json:"m,omitempty"`
	From    config.Day `json:"f"`
	To      config.Day `json:"t"`
	Chat    string     `json:"c,omitempty"` // a chat's name
	Over    bool       `json:"o,omitempty"` // ended

	name string
	rev  int
}

// groups holds them: field = name.
var groups = store.Records("group")

const (
	dueGroup                = "group"
	longest                 = 30 // days a group may last without being renewed
	before                  = 3  // days before the end its head is asked
	mostHands               = 20 // members
	askAt      config.Clock = 9 * 60
	groupLines              = 8
)

func (g group) encode() string {
	body, err := json.Marshal(g)
	if err != nil {
		panic("org: group does not encode: " + err.Error())
	}
	return string(body)
}

// put writes the group and sets when it speaks next.
func (g group) put(s *config.Street, today config.Day) []store.Change {
	due := store.DueDone(dueGroup, g.name)
	if at := g.next(s, today); !at.IsZero() && !g.Over {
		due = store.DueAt(dueGroup, g.name, at)
	}
	return []store.Change{store.Put(groups, g.name, g.rev, g.encode()), due}
}

// next is the morning of the question before the end, or after that the one after the end.
func (g group) next(s *config.Street, today config.Day) time.Time {
	if ask := g.To.Add(-before); ask > today {
		return s.At(ask, askAt)
	}
	return s.At(g.To.Add(1), askAt)
}

func readGroups(ctx context.Context, d *handlers.Desk) (map[string]group, error) {
	b := d.Read()
	cells := b.All(groups)
	if err := b.Run(ctx); err != nil {
		return nil, fmt.Errorf("read groups: %w", err)
	}
	out := map[string]group{}
	for name, cell := range *cells {
		g := group{name: name, rev: cell.Rev}
		if err := json.Unmarshal([]byte(cell.Value), &g); err != nil {
			return nil, fmt.Errorf("decode group %s: %w", name, err)
		}
		out[name] = g
	}
	return out, nil
}

// verbs are what can be said behind a group's name.
var verbs = []string{"有谁", "组长", "续", "撤", "解散", "加", "减", "群", "至", "到"}

// group is /组 with whatever follows.
func (f *Family) group(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	all, err := readGroups(ctx, &c.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	line := strings.TrimRight(strings.TrimSpace(c.Rest), "？?。 ")
	if line == "" {
		return listGroups(c, all), nil
	}
	name, verb, rest := splitGroup(line, all)
	g, known := all[name]
	known = known && !g.Over
	switch {
	case !known && (verb == "至" || verb == "到"):
		return f.found(c, name, rest, all[name].rev)
	case !known:
		return handlers.Outcome{}, handlers.Refusef("有哪些：/组；成立一个：/组 "+handlers.Quote(name)+" 至"+c.Day.Add(14).Label(), "没有小组“%s”。", handlers.Quote(name))
	case verb == "" || verb == "有谁":
		return handlers.Answer(g.page(&c.Desk)), nil
	}
	if !c.Person.Has(founder...) && g.Head != c.Person.UserID {
		return handlers.Outcome{}, handlers.Refusef("看有谁：/组 "+g.name+" 有谁", "%s由组长%s来改，没有改。", g.name, title(&c.Desk, g.Head))
	}
	said, err := f.change(c, &g, verb, rest)
	if err != nil {
		return handlers.Outcome{}, err
	}
	out := handlers.Answer(said)
	out.Changes = g.put(c.Street, c.Day)
	out.Audit = handlers.Audit{Record: "小组/" + g.name, Rev: g.rev + 1, Values: g.encode()}
	if verb == "组长" && g.Head != c.Person.UserID {
		out.Pushes = []store.Push{handlers.PushAt(handlers.ToPerson(g.Head), handlers.CaseCard,
			handlers.Say(fmt.Sprintf("【小组】%s请您当组长，到%s。看有谁：/组 %s 有谁", g.name, g.To.Label(), g.name)), c.At)}
	}
	return out, nil
}

// splitGroup takes a line apart: 园区楼宇组有谁. Names that are there go first.
func splitGroup(line string, all map[string]group) (name, verb, rest string) {
	for _, n := range slices.SortedFunc(maps.Keys(all), func(a, b string) int { return len(b) - len(a) }) {
		if after, ok := strings.CutPrefix(line, n); ok {
			name, line = n, strings.TrimSpace(after)
			break
		}
	}
	if name == "" {
		if i := strings.IndexAny(line, " "); i > 0 {
			name, line = line[:i], strings.TrimSpace(line[i:])
		} else if i := strings.Index(line, "组"); i > 0 {
			name, line = line[:i+len("组")], line[i+len("组"):]
		} else {
			name, line = line, ""
		}
	}
	for _, v := range verbs {
		if after, ok := strings.CutPrefix(line, v); ok {
			return name, v, strings.TrimSpace(after)
		}
	}
	if line != "" {
		return name, "?", line
	}
	return name, "", ""
}

// found makes a group. Its head is who makes it, until 组长 says another.
func (f *Family) found(c *handlers.Call, name, end string, rev int) (handlers.Outcome, error) {
	if !c.Person.Has(founder...) {
		return handlers.Outcome{}, handlers.Refuse("小组由指挥部来成立，没有成立。", "看有哪些：/组")
	}
	if n := len([]rune(name)); n < 2 || n > 12 {
		return handlers.Outcome{}, handlers.Refuse("组名2到12个字，没有成立。", "例：/组 善后组 至"+c.Day.Add(14).Label())
	}
	_, to, err := days(c, "至"+end, longest, "/组 "+name)
	if err != nil {
		return handlers.Outcome{}, err
	}
	g := group{Head: c.Person.UserID, From: c.Day, To: to, name: name, rev: rev}
	for _, chat := range c.Street.Chats {
		if chat.Name == name || chat.Name == name+"群" {
			g.Chat = chat.Name
		}
	}
	out := handlers.Answer(fmt.Sprintf("%s成立了，到%s，组长：%s。\n加人：/组 %s 加 司法所1人；换组长：/组 %s 组长 管理办", name, to.Label(), c.Person.Title, name, name))
	out.Changes = g.put(c.Street, c.Day)
	out.Audit = handlers.Audit{Record: "小组/" + name, Rev: rev + 1, Values: g.encode()}
	return out, nil
}

// change is what a verb does to a group; what is said about it comes back.
func (f *Family) change(c *handlers.Call, g *group, verb, rest string) (string, error) {
	example := "例：/组 " + g.name + " 加 司法所1人"
	switch verb {
	case "加", "减":
		list := strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune("、,，和 ", r) })
		if len(list) == 0 {
			return "", handlers.Refusef(example, "%s谁？没有改。", verb)
		}
		for _, word := range list {
			if len([]rune(word)) > 12 {
				return "", handlers.Refusef(example, "“%s”太长，写职务或单位，没有改。", handlers.Quote(word))
			}
			if p, ok := named(c.Street, word); ok {
				word = p.UserID
			}
			has := slices.Contains(g.Members, word)
			switch {
			case verb == "加" && !has && word != g.Head:
				g.Members = append(g.Members, word)
			case verb == "减" && !has:
				return "", handlers.Refusef("看有谁：/组 "+g.name+" 有谁", "%s里没有“%s”，没有改。", g.name, handlers.Quote(word))
			case verb == "减":
				g.Members = slices.DeleteFunc(g.Members, func(m string) bool { return m == word })
			}
		}
		if len(g.Members) > mostHands {
			return "", handlers.Refusef("人多了就分成两个组。", "一个小组最多%d项，没有改。", mostHands)
		}
		return g.page(&c.Desk), nil
	case "组长":
		p, ok := named(c.Street, rest)
		if !ok {
			return "", handlers.Refusef("例：/组 "+g.name+" 组长 管理办", "名册里没有“%s”，没有改。", handlers.Quote(rest))
		}
		g.Head = p.UserID
		g.Members = slices.DeleteFunc(g.Members, func(m string) bool { return m == p.UserID })
		return g.page(&c.Desk), nil
	case "群":
		chat, ok := c.Dir.ChatNamed(c.Street, rest)
		if !ok {
			return "", handlers.Refusef("看有哪些群：/名册", "没有叫“%s”的群，没有改。", handlers.Quote(rest))
		}
		g.Chat = chat.Name
		return fmt.Sprintf("%s的群是%s，到期会在那里说一声。", g.name, chat.Name), nil
	case "续", "至", "到":
		_, to, err := days(c, "至"+strings.TrimLeft(rest, "至到 "), longest, "/组 "+g.name+" 续")
		if err != nil {
			return "", err
		}
		g.To = to
		return fmt.Sprintf("%s续到%s，到时再问您。", g.name, to.Label()), nil
	case "撤", "解散":
		g.Over = true
		return fmt.Sprintf("%s已撤，不再问了。群也可以解散了。", g.name), nil
	}
	return "", handlers.Refusef("可以发：/组 "+g.name+" 有谁，加、减、组长、群、续、撤", "“%s”没看懂，没有改。", handlers.Quote(rest))
}

// page is one group in full.
func (g group) page(d *handlers.Desk) string {
	var list []string
	for _, m := range g.Members {
		if p, ok := d.Street.Person(m); ok {
			m = p.Title
		}
		list = append(list, m)
	}
	if len(list) == 0 {
		list = []string{"还没有人"}
	}
	return fmt.Sprintf("%s（%s到%s）组长：%s\n组员：%s", g.name, g.From.Label(), g.To.Label(), title(d, g.Head), strings.Join(list, "、"))
}

// sortedGroups are all groups by name.
func sortedGroups(all map[string]group) []group {
	var out []group
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, all[name])
	}
	return out
}

func listGroups(c *handlers.Call, all map[string]group) handlers.Outcome {
	var lines []string
	for _, g := range sortedGroups(all) {
		if !g.Over {
			lines = append(lines, fmt.Sprintf("%s 到%s，组长%s，组员%d项", g.name, g.To.Label(), title(&c.Desk, g.Head), len(g.Members)))
		}
	}
	if len(lines) == 0 {
		return handlers.Answer("现在没有工作小组。\n成立一个：/组 善后组 至" + c.Day.Add(14).Label())
	}
	if more := len(lines) - groupLines; more > 0 {
		lines = append(lines[:groupLines], fmt.Sprintf("还有%d个", more))
	}
	return handlers.Answer(strings.Join(append(lines, "看有谁：/组 组名 有谁"), "\n"))
}

// groupDue asks the head three days before the end, and after it tells the group's chat once.
func (f *Family) groupDue(ctx context.Context, it *handlers.Item) (handlers.Outcome, error) {
	all, err := readGroups(ctx, &it.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	g, ok := all[it.ID]
	if !ok || g.Over {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	out := handlers.Outcome{Audit: handlers.Audit{Record: "小组/" + g.name, Rev: g.rev + 1}}
	if it.Day <= g.To {
		last := g.To.Add(14).Label()
		text := fmt.Sprintf("【小组】%s %s到期，续还是撤？\n续：/组 %s 续 至%s；撤：/组 %s 撤", g.name, g.To.Label(), g.name, last, g.name)
		out.Pushes = []store.Push{handlers.PushAt(handlers.ToPerson(g.Head), handlers.CaseCard, handlers.Content{Text: text, Card: &handlers.Card{
			Task: fmt.Sprintf("group-%d-%x", g.rev, g.name), Title: handlers.Clip(g.name+" "+g.To.Label()+"到期", 26), Body: "续还是撤？",
			Buttons: []handlers.Button{{Text: "续14天", Line: "/组 " + g.name + " 续 至" + last, Primary: true}, {Text: "撤", Line: "/组 " + g.name + " 撤"}},
		}}, it.At)}
		out.Changes = []store.Change{store.Put(groups, g.name, g.rev, g.encode()), store.DueAt(dueGroup, g.name, it.Street.At(g.To.Add(1), askAt))}
		return out, nil
	}
	g.Over = true
	out.Changes = []store.Change{store.Put(groups, g.name, g.rev, g.encode())}
	const end = "任务已结束，建议解散"
	if chat, ok := it.Dir.ChatNamed(it.Street, g.Chat); ok && chat.WebhookEnv != "" {
		out.Pushes = []store.Push{handlers.PushAt(handlers.ToChat(chat.Name), handlers.Notice, handlers.Say("【"+g.name+"】"+end+"。大家辛苦了。"), it.At)}
		return out, nil
	}
	out.Pushes = []store.Push{handlers.PushAt(handlers.ToPerson(g.Head), handlers.CaseCard, handlers.Say("【小组】"+g.name+end+"。群里我说不了话，请您在群里说一声。"), it.At)}
	return out, nil
}
