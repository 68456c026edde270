package report

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// reviews are the commands of who accepts reports or returns them, if the street has a form
// that wants it.
func (f *Family) reviews(s *config.Street) []handlers.Command {
	var who []config.Role
	example := ""
	for _, sh := range f.all(s) {
		if r := sh.form.Review; r != "" {
			if !slices.Contains(who, r) {
				who = append(who, r)
			}
			example = s.Committees[0].Name + " " + sh.form.Name
		}
	}
	if len(who) == 0 {
		return nil
	}
	return []handlers.Command{
		{Name: "核", Aliases: []string{"核过", "通过"}, Roles: who, Summary: "核过一份表", Usage: "/核 居民区 表", Example: "/核 " + example, Run: f.accept},
		{Name: "退", Aliases: []string{"退回"}, Roles: who, Summary: "退回一份表", Usage: "/退 居民区 表 原因", Example: "/退 " + example + " 和昨天差太多", Run: f.giveBack},
	}
}

// accept is /核 梅园 日报; bare, it lists what waits.
func (f *Family) accept(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	if strings.TrimSpace(c.Rest) == "" {
		return f.waiting(ctx, c)
	}
	fl, _, err := f.reviewed(ctx, c)
	if err != nil {
		return handlers.Outcome{}, err
	}
	r := fl.today
	if r.has(flagAccepted) {
		return handlers.Answer(fmt.Sprintf("%s%s已经核过了。", fl.from.name(), fl.sh.form.Name)), nil
	}
	r.Flags = with(r.Flags, flagAccepted)
	out := fl.store(r, nil, "")
	out.Reply = handlers.Say("已核 " + fl.title())
	return out, nil
}

// giveBack is /退 梅园 日报 原因: the report is open again, and who filed it is told why.
func (f *Family) giveBack(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	fl, reason, err := f.reviewed(ctx, c)
	switch {
	case err != nil:
		return handlers.Outcome{}, err
	case reason == "":
		return handlers.Outcome{}, handlers.Refuse("退回要写一句原因，报的人会看到。", "例：/退 "+fl.from.name()+" "+fl.sh.form.Name+" 和昨天差太多")
	case utf8.RuneCountInString(reason) > longestReason:
		return handlers.Outcome{}, handlers.Refusef("请写短一点再发。", "原因最多%d个字。", longestReason)
	}
	by := fl.today.By
	out := fl.takeBack(c, "退回："+reason)
	out.Reply = handlers.Say(fmt.Sprintf("已退回 %s，已告诉报的人。", fl.title()))
	text := fmt.Sprintf("%s的%s退回来了：%s\n请改好再报一次，照这样发：%s", fl.from.name(), fl.sh.form.Name, reason,
		fl.sh.form.Name+" "+strings.TrimSpace(fl.from.part+" "+fl.sh.line(fl.today.Values, nil)))
	out.Pushes = append(out.Pushes, handlers.Sealed(handlers.PushAt(handlers.ToPerson(by), handlers.Reply, handlers.Say(text), c.At), fl.sh.pack))
	return out, nil
}

// reviewed finds the report that a reviewer names, and what else the line says.
func (f *Family) reviewed(ctx context.Context, c *handlers.Call) (fl *filing, rest string, err error) {
	units := make([]syntax.Word, 0, len(c.Street.Committees))
	for _, u := range c.Dir.Units(c.Street) {
		units = append(units, syntax.Word{Name: u.Name, Aliases: u.Aliases})
	}
	name, rest, ok := syntax.Unit(c.Rest, units)
	unit, _ := c.Dir.Unit(c.Street, name)
	if !ok {
		return nil, "", handlers.Refuse("请写上是哪个居民区的。", "看有哪些要核，发：核")
	}
	for _, sh := range f.active(&c.Desk) {
		form, after, _ := strings.Cut(rest, " ")
		if sh.form.Review == "" || !c.Person.Has(sh.form.Review) || !sh.form.Called(form) {
			continue
		}
		from := reporter{unit: unit}
		if sh.parts() {
			part, left, _ := strings.Cut(after, " ")
			from.part, after = part, left
		}
		if fl, err = f.loadOf(ctx, c, sh, sh.period(&c.Desk, c.Day, 0), from); err != nil {
			return nil, "", err
		}
		if !fl.today.Filed() {
			return nil, "", handlers.Refusef("看有哪些要核，发：核", "%s的%s还没有报。", fl.from.name(), sh.form.Name)
		}
		return fl, strings.TrimSpace(after), nil
	}
	return nil, "", handlers.Refuse("请写上是哪张表。", "看有哪些要核，发：核")
}

// waiting lists the reports that are in and not yet accepted.
func (f *Family) waiting(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	var lines []string
	for _, sh := range f.active(&c.Desk) {
		if sh.form.Review == "" || !c.Person.Has(sh.form.Review) {
			continue
		}
		b := c.Read()
		cells := b.All(store.Reports(sh.form.Name, sh.period(&c.Desk, c.Day, 0).Key()))
		if err := b.Run(ctx); err != nil {
			return handlers.Outcome{}, fmt.Errorf("read reports to review: %w", err)
		}
		var names []string
		for _, one := range sh.everybody(&c.Desk) {
			r, err := decode(sh.form, (*cells)[one.key()])
			if err != nil {
				return handlers.Outcome{}, err
			}
			if r.Filed() && !r.has(flagAccepted) {
				names = append(names, one.name())
			}
		}
		if len(names) > 0 {
			lines = append(lines, fmt.Sprintf("%s待核%d：%s", sh.form.Name, len(names), strings.Join(names, "、")))
		}
	}
	if len(lines) == 0 {
		return handlers.Answer("没有要核的。"), nil
	}
	return handlers.Answer(strings.Join(lines, "\n")), nil
}
