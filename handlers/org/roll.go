package org

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

const rollDetail = "看：/名册，/名册 梅园，/名册 群\n" +
	"人：/名册 加 li-hua 荷塘社工 社工 荷塘；/名册 改 管理办 角色 科室、联络员；/名册 撤 梅园社工\n" +
	"群：/名册 加群 善后组群 工作组；/名册 撤群 善后组群\n" +
	"地方：/名册 移 桂香 二片；/名册 加门 彩虹花苑 西门；/名册 加小区 梅园 新苑 南门；/名册 加别名 梅园 老梅园（加换成撤就是去掉）\n" +
	"另一位同意才生效：/名册 准 1；写回配置：/名册 导出"

// roll is /名册 with whatever follows.
func (f *Family) roll(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if err := private(c, "/名册"); err != nil {
		return handlers.Outcome{}, err
	}
	line := strings.TrimSpace(c.Rest)
	verb, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch {
	case line == "":
		return f.overview(ctx, c)
	case strings.HasPrefix(line, "不准"):
		return f.decide(ctx, c, strings.TrimSpace(strings.TrimPrefix(line, "不准")), false)
	case strings.HasPrefix(line, "准"):
		return f.decide(ctx, c, strings.TrimSpace(strings.TrimPrefix(line, "准")), true)
	case verb == "导出":
		return f.export(c)
	}
	p := newPlanner(c)
	makers := map[string]func(string) (*plan, error){
		"加": p.add, "改": p.alter, "撤": p.remove, "加群": p.addChat, "撤群": p.removeChat, "移": p.move,
	}
	for _, what := range []string{"门", "小区", "别名"} {
		for _, v := range []string{"加" + what, "撤" + what} {
			makers[v] = func(rest string) (*plan, error) { return p.places(v, rest) }
		}
	}
	make, known := makers[verb]
	if !known {
		return show(c, p.plain, line)
	}
	if !c.Person.Has(keepers...) {
		return handlers.Outcome{}, handlers.Refuse("名册由管理员和党政办来提，您来准。", "看有哪些等着：/名册")
	}
	pl, err := make(rest)
	if err != nil {
		return handlers.Outcome{}, err
	}
	return f.propose(ctx, c, pl, "", "")
}

// show is /名册 群, /名册 梅园, /名册 梅园书记.
func show(c *handlers.Call, s *config.Street, word string) (handlers.Outcome, error) {
	if word == "群" {
		var lines []string
		for _, chat := range s.Chats {
			state := "已登记"
			if x, _ := c.Dir.ChatNamed(c.Street, chat.Name); x.ChatID == "" {
				state = "还没登记，在群里发：@我 /绑定"
			}
			lines = append(lines, fmt.Sprintf("%s（%s）%s", chat.Name, chat.Kind, state))
		}
		return handlers.Answer(strings.Join(lines, "\n")), nil
	}
	if u, ok := s.Committee(word); ok {
		var who, where []string
		for _, p := range s.People {
			if p.Unit == u.Name {
				who = append(who, fmt.Sprintf("%s（%s）", p.Title, joined(p.Roles)))
			}
		}
		for _, x := range u.Compounds {
			where = append(where, x.Name+" "+strings.Join(x.Gates, "、"))
		}
		return handlers.Answer(fmt.Sprintf("%s（也叫%s）\n人：%s\n小区：%s", u.Name, strings.Join(u.Aliases, "、"), strings.Join(who, "、"), strings.Join(where, "；"))), nil
	}
	if p, ok := named(s, word); ok {
		return handlers.Answer(fmt.Sprintf("%s（%s）账号%s%s", p.Title, joined(p.Roles), p.UserID, of(p.Unit))), nil
	}
	return handlers.Outcome{}, handlers.Refusef("看：/名册 梅园，/名册 群；改：帮助 名册", "名册里没有“%s”，也没看懂要改什么。", handlers.Quote(word))
}

// overview is /名册 alone: how many, what waits for a yes, what waits to be written back.
func (f *Family) overview(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	b := c.Read()
	read := handlers.ReadStandings(b, c.Dir.YAML(c.Street))
	cells := b.All(proposals)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read book: %w", err)
	}
	t, err := read()
	if err != nil {
		return handlers.Outcome{}, err
	}
	s := c.Dir.Plain(c.Street)
	lines := []string{fmt.Sprintf("%s：%d个居民区，%d人，%d个群，%d个片区", s.Name, len(s.Committees), len(s.People), len(s.Chats), len(s.Areas))}
	var open []proposal
	for field, cell := range *cells {
		if field == "n" {
			continue
		}
		p, err := decodeProposal(field, cell)
		if err != nil {
			return handlers.Outcome{}, err
		}
		if p.open(c.At) {
			open = append(open, p)
		}
	}
	slices.SortFunc(open, func(a, b proposal) int { return a.N - b.N })
	for _, p := range open[:min(len(open), 5)] {
		lines = append(lines, fmt.Sprintf("等人准：%s %s（%s提的）", p.name(), p.What, title(&c.Desk, p.By)))
	}
	if len(t.Waiting) > 0 {
		lines = append(lines, fmt.Sprintf("改过还没写回配置：%d处。写回：/名册 导出", len(t.Waiting)))
	}
	if len(t.Conflicts) > 0 {
		lines = append(lines, fmt.Sprintf("和配置对不上：%s。现在按这里的，请再改一次或改配置", strings.Join(t.Conflicts, "、")))
	}
	return handlers.Answer(strings.Join(append(lines, "怎么改，发：帮助 名册"), "\n")), nil
}

// export is /名册 导出: the street's file as it would be written now, to be put in the place
// of the old one.
func (f *Family) export(c *handlers.Call) (handlers.Outcome, error) {
	if !c.Person.Has(config.RoleAdmin) {
		return handlers.Outcome{}, handlers.Refuse("导出由管理员来做。", "请管理员私聊我发：/名册 导出")
	}
	out := handlers.Answer("好，文件马上发给您。")
	out.Pushes = []store.Push{handlers.PushRecipe(handlers.ToPerson(c.Person.UserID), handlers.Reply, recipeExport, map[string]string{"to": c.Person.UserID}, c.At)}
	out.Audit = handlers.Audit{Record: "名册/导出"}
	return out, nil
}

const recipeExport = "org.export"

// written is the file, as the book stands when its turn comes.
func (f *Family) written(_ context.Context, s *handlers.Serving) (handlers.Content, error) {
	if p, _, known := s.Dir.Person(s.Args["to"]); !known || !p.Has(config.RoleAdmin) {
		return handlers.Content{}, &handlers.Moot{Why: "不再是管理员"}
	}
	name := s.Street.Name + ".yaml"
	head := fmt.Sprintf("# %s导出，替换 streets/ 里这个街道的文件，再 bot check。原来的注释不在里面。\n", s.At.In(s.Street.Location).Format("2006-01-02 15:04"))
	return handlers.Content{
		Text: fmt.Sprintf("%s：替换配置目录 streets/ 里这个街道的文件，先 bot check，会自己生效。", name),
		File: &handlers.File{Name: name, Data: []byte(head + Written(&s.Desk).YAML())},
	}, nil
}

// Written is the desk's street as its file would be written now: the edits of the overlay
// and the groups bound in chat are in it.
func Written(d *handlers.Desk) *config.Street {
	out := *d.Dir.Plain(d.Street)
	out.Chats = slices.Clone(out.Chats)
	for i := range out.Chats {
		if x, ok := d.Dir.ChatNamed(&out, out.Chats[i].Name); ok {
			out.Chats[i].ChatID = x.ChatID
		}
	}
	return &out
}

// tidy forgets, every night, edits that the YAML says by now too: from then on the YAML
// alone is right.
func (f *Family) tidy(ctx context.Context, m *handlers.Moment) (handlers.Outcome, error) {
	b := m.Read()
	read := handlers.ReadStandings(b, m.Dir.YAML(m.Street))
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read overlay: %w", err)
	}
	t, err := read()
	if err != nil {
		return handlers.Outcome{}, err
	}
	if len(t.Settled) == 0 {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	return handlers.Outcome{Changes: t.Settled[:min(len(t.Settled), 200)], Audit: handlers.Audit{Record: "名册/已写回"}}, nil
}
