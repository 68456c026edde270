package org

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// longestTerm is for how many days somebody may stand in for somebody.
const longestTerm = 60

// area is /片 with whatever follows: the table, one area, another liaison or leader, a
// substitute. Whoever comes must have the role already: giving it takes a second person's
// yes, in /名册.
func (f *Family) area(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	line := strings.TrimSpace(c.Rest)
	if line == "" {
		return areas(c), nil
	}
	for _, a := range c.Dir.Plain(c.Street).Areas {
		if rest, ok := strings.CutPrefix(line, a.Name); ok {
			return f.areaPost(ctx, c, a, strings.TrimSpace(rest))
		}
	}
	if p, rest, ok := leading(c.Street, line); ok {
		for _, verb := range []string{"不代", "代"} {
			if after, found := strings.CutPrefix(rest, verb); found {
				return f.substitute(ctx, c, p, strings.TrimSpace(strings.TrimPrefix(after, "替")), verb == "代")
			}
		}
	}
	return handlers.Outcome{}, handlers.Refusef("看全部：/片；例：/片 三片 联络员 联络员一，/片 联络员一 代 联络员二 至2.20", "没有看懂“%s”，什么也没改。", handlers.Quote(line))
}

// areas is the whole table, a line each.
func areas(c *handlers.Call) handlers.Outcome {
	var lines []string
	for _, a := range c.Dir.Plain(c.Street).Areas {
		lines = append(lines, fmt.Sprintf("%s %d个居民区；领导：%s；联络员：%s", a.Name, len(a.Committees),
			holder(&c.Desk, a, config.PostLeader), holder(&c.Desk, a, config.PostLiaison)))
	}
	if len(lines) == 0 {
		return handlers.Answer("还没有分片区，请管理员写在配置里。")
	}
	return handlers.Answer(strings.Join(append(lines, "看一片：/片 "+c.Street.Areas[0].Name), "\n"))
}

// posts are the words for an area's posts.
var posts = map[string]config.AreaPost{"联络员": config.PostLiaison, "片区领导": config.PostLeader, "领导": config.PostLeader}

// areaPost is /片 三片 联络员 联络员一 [2.20起]; without more, the area in full.
func (f *Family) areaPost(ctx context.Context, c *handlers.Call, a config.Area, rest string) (handlers.Outcome, error) {
	if rest == "" {
		lines := []string{
			a.Name + "：" + strings.Join(a.Committees, "、"),
			"领导：" + holder(&c.Desk, a, config.PostLeader) + "；联络员：" + holder(&c.Desk, a, config.PostLiaison),
		}
		for _, t := range a.Terms {
			if t.From > c.Day {
				lines = append(lines, fmt.Sprintf("%s起%s：%s%s", t.From.Label(), t.Post, title(&c.Desk, t.Who), until(t)))
			}
		}
		return handlers.Answer(strings.Join(lines, "\n")), nil
	}
	post, word := config.AreaPost(""), ""
	for w, p := range posts {
		if strings.HasPrefix(rest, w) && len(w) > len(word) {
			post, word = p, w
		}
	}
	who := strings.TrimSpace(strings.TrimPrefix(rest, word))
	// 联络员一 begins like the post: /片 三片 联络员一 means the post as well.
	if p, _, ok := leading(c.Street, rest); ok && len(p.Title) > len(word) {
		who = rest
		if post = config.PostLeader; p.Has(config.RoleLiaison) {
			post = config.PostLiaison
		}
	}
	if err := mayKeep(c); err != nil {
		return handlers.Outcome{}, err
	}
	p, rest, ok := leading(c.Street, who)
	if post == "" || !ok {
		return handlers.Outcome{}, handlers.Refusef("例：/片 "+a.Name+" 联络员 联络员一；人先要在名册里：/名册", "%s换谁？没有改。", a.Name)
	}
	if err := fit(p, post); err != nil {
		return handlers.Outcome{}, err
	}
	from := c.Day
	if rest != "" {
		at, tail, ok := syntax.DateAhead(strings.TrimPrefix(rest, "从"), c.Day.Time(c.Street.Location))
		if !ok || strings.Trim(tail, "起开始 ") != "" {
			return handlers.Outcome{}, handlers.Refusef("例：/片 "+a.Name+" 联络员 "+p.Title+" 2.20起", "从哪天起？“%s”没看懂，没有改。", handlers.Quote(rest))
		}
		from = c.Street.Day(at)
	}
	now := a.On(c.Day)
	was := now.Liaison
	if post == config.PostLeader {
		was = now.Leader
	}
	if was == p.UserID && from == c.Day {
		return handlers.Answer(fmt.Sprintf("%s的%s本来就是%s。", a.Name, post, p.Title)), nil
	}
	e := handlers.EditArea(a)
	e.Terms = slices.DeleteFunc(e.Terms, func(t config.Term) bool {
		return t.Post == post && (t.To == "" || t.From >= from) || t.To != "" && t.To < c.Day
	})
	switch {
	case from > c.Day:
		e.Terms = append(e.Terms, config.Term{Post: post, Who: p.UserID, From: from})
	case post == config.PostLeader:
		e.Leader = p.UserID
	default:
		e.Liaison = p.UserID
	}
	if from == c.Day { // who comes for good ends what somebody stands in for
		e.Terms = slices.DeleteFunc(e.Terms, func(t config.Term) bool { return t.Post == post && t.Holds(c.Day) })
	}
	since := "今天起"
	if from > c.Day {
		since = from.Label() + "起"
	}
	what := fmt.Sprintf("%s的%s%s是%s（原%s）", a.Name, post, since, p.Title, strings.TrimPrefix(title(&c.Desk, was), "前"))
	return f.commitAreas(ctx, c, map[string]handlers.AreaEdit{a.Name: e}, what, p.UserID, was, e.Leader)
}

// substitute is /片 联络员一 代 联络员二 至2.20: in every area whose post the one holds, the
// other holds it for some days.
func (f *Family) substitute(ctx context.Context, c *handlers.Call, by config.Person, rest string, yes bool) (handlers.Outcome, error) {
	if err := mayKeep(c); err != nil {
		return handlers.Outcome{}, err
	}
	who, rest, ok := leading(c.Street, rest)
	if !ok || who.UserID == by.UserID {
		return handlers.Outcome{}, handlers.Refuse("代谁？没有改。", "例：/片 联络员一 代 联络员二 至2.20")
	}
	var from, to config.Day
	if yes {
		var err error
		if from, to, err = days(c, rest, longestTerm, "/片 "+by.Title+" 代 "+who.Title); err != nil {
			return handlers.Outcome{}, err
		}
	}
	edits := map[string]handlers.AreaEdit{}
	var names []string
	heard := []string{by.UserID, who.UserID}
	for _, a := range c.Dir.Plain(c.Street).Areas {
		e, touched := handlers.EditArea(a), false
		for post, id := range map[config.AreaPost]string{config.PostLiaison: a.Liaison, config.PostLeader: a.Leader} {
			if id != who.UserID {
				continue
			}
			if !yes {
				left := slices.DeleteFunc(slices.Clone(e.Terms), func(t config.Term) bool { return t.Post == post && t.Who == by.UserID && t.To >= c.Day })
				touched, e.Terms = touched || len(left) < len(e.Terms), left
				continue
			}
			if err := fit(by, post); err != nil {
				return handlers.Outcome{}, err
			}
			e.Terms = append(slices.DeleteFunc(e.Terms, func(t config.Term) bool { return t.To != "" && t.To < c.Day }),
				config.Term{Post: post, Who: by.UserID, From: from, To: to})
			touched = true
		}
		if touched {
			edits[a.Name], names = e, append(names, a.Name)
			heard = append(heard, a.Leader)
		}
	}
	if len(edits) == 0 {
		return handlers.Outcome{}, handlers.Refusef("看谁管哪片：/片", "%s没有片区要代，没有改。", who.Title)
	}
	what := fmt.Sprintf("%s：%s不再代%s", strings.Join(names, "、"), by.Title, who.Title)
	if yes {
		what = fmt.Sprintf("%s：%s代%s，%s到%s", strings.Join(names, "、"), by.Title, who.Title, from.Label(), to.Label())
	}
	return f.commitAreas(ctx, c, edits, what, heard...)
}

// commitAreas writes edits of areas and tells whom they concern.
func (f *Family) commitAreas(ctx context.Context, c *handlers.Call, edits map[string]handlers.AreaEdit, what string, to ...string) (handlers.Outcome, error) {
	b := c.Read()
	cells := map[string]*store.Cell{}
	for name := range edits {
		cells[name] = b.Cell(store.Overlay(handlers.AreaOverlay), name)
	}
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read areas: %w", err)
	}
	out := handlers.Answer(what + "。已告诉他们。")
	rev := 0
	for name, e := range edits {
		e.Was = handlers.Written(c.Dir.YAML(c.Street), handlers.AreaOverlay, name)
		out.Changes = append(out.Changes, store.Put(store.Overlay(handlers.AreaOverlay), name, cells[name].Rev, handlers.Print(e)))
		rev = max(rev, cells[name].Rev+1)
	}
	out.Changes = append(out.Changes, store.DueAt(dueVacant, "片区", c.At.Add(settling)))
	seen := map[string]bool{"": true, c.Person.UserID: true}
	for _, id := range to {
		if _, known := c.Street.Person(id); known && !seen[id] {
			seen[id] = true
			out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(id), handlers.CaseCard, handlers.Say("【片区】"+what+"。"), c.At))
		}
	}
	out.Audit = handlers.Audit{Record: "片区", Rev: rev, Values: what}
	out.Overlay = true
	return out, nil
}

// mayKeep refuses who may look but not change.
func mayKeep(c *handlers.Call) error {
	if c.Person.Has(keepers...) {
		return nil
	}
	return handlers.Refuse("片区由党政办和管理员来改，没有改。", "您可以看：/片")
}

// fit refuses who has not the role for a post.
func fit(p config.Person, post config.AreaPost) error {
	need := []config.Role{config.RoleLiaison}
	if post == config.PostLeader {
		need = []config.Role{config.RoleAreaLeader, config.RoleLeader}
	}
	if p.Has(need...) {
		return nil
	}
	roles := append(slices.Clone(p.Roles), need[0])
	return handlers.Refusef(fmt.Sprintf("先加角色，另一位同意后再发：/名册 改 %s 角色 %s", p.Title, joined(roles)), "%s还不是%s，没有改。", p.Title, need[0])
}

func until(t config.Term) string {
	if t.To == "" {
		return ""
	}
	return "，到" + t.To.Label()
}

// days reads 至2.20, 2.14至2.20 or 2.14到2.20: from today where no first day is given.
func days(c *handlers.Call, text string, most int, example string) (from, to config.Day, err error) {
	today := c.Day.Time(c.Street.Location)
	first, last, _ := strings.Cut(strings.NewReplacer("到", "至", "从", "", "起", "", "~", "至").Replace(text), "至")
	from = c.Day
	wrong := handlers.Refusef("例："+example+" 至"+c.Day.Add(min(7, most)).Label(), "到哪天？要写结束日，最多%d天，没有记。", most)
	if strings.TrimSpace(first) != "" {
		at, rest, ok := syntax.DateAhead(first, today)
		if !ok || strings.TrimSpace(rest) != "" {
			return "", "", wrong
		}
		from = c.Street.Day(at)
	}
	at, rest, ok := syntax.DateAhead(last, today)
	if to = c.Street.Day(at); !ok || strings.TrimSpace(rest) != "" || to < from || from.Add(most) < to {
		return "", "", wrong
	}
	return from, to, nil
}

func joined(roles []config.Role) string {
	var out []string
	for _, r := range roles {
		out = append(out, string(r))
	}
	return strings.Join(out, "、")
}
