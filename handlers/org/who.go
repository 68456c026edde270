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

// spot is a place people name, and how it lies in its committee.
type spot struct {
	name string // 188弄北门
	unit string
	area string // named itself
}

// spots are the places of a street that can be asked about, ready for syntax.Unit. A gate
// or a lane of the caller's own committee may go by its short name.
func spots(s *config.Street, own string) ([]syntax.Word, map[string]spot) {
	var words []syntax.Word
	all := map[string]spot{}
	add := func(x spot, aliases ...string) {
		if _, taken := all[x.name]; !taken {
			all[x.name] = x
			words = append(words, syntax.Word{Name: x.name, Aliases: aliases})
		}
	}
	for _, c := range s.Committees {
		add(spot{name: c.Name, unit: c.Name}, c.Aliases...)
	}
	for _, c := range s.Committees {
		for _, x := range c.AllSites() {
			name, short, aliases := x.Name, x.Aliases, x.Aliases
			if x.Kind == config.SiteBlock {
				name, short = c.Name+x.Name, []string{x.Name}
			}
			if x.Kind == config.SiteBlock || x.Kind == config.SiteGate {
				aliases = nil
				for _, word := range short {
					if aliases = append(aliases, c.Name+word); c.Name == own {
						aliases = append(aliases, word)
					}
				}
			}
			add(spot{name: name, unit: c.Name}, aliases...)
		}
		for _, x := range c.Compounds {
			add(spot{name: x.Name, unit: c.Name})
		}
		for _, x := range c.Lanes {
			add(spot{name: x.Name, unit: c.Name})
		}
	}
	for _, a := range s.Areas {
		add(spot{name: a.Name, area: a.Name})
	}
	return words, all
}

// place finds the place a line names; without one it is the caller's own committee.
func place(c *handlers.Call, line string) (spot, bool) {
	words, all := spots(c.Street, c.Person.Unit)
	if name, _, ok := syntax.Unit(line, words); ok {
		return all[name], true
	}
	return spot{}, false
}

// who is /谁管 188弄北门: from the gate to who may be asked, in posts.
func (f *Family) who(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	line := strings.TrimSpace(c.Rest)
	x, ok := place(c, line)
	switch {
	case ok:
	case line == "" && c.Person.Unit != "":
		x = spot{name: c.Person.Unit, unit: c.Person.Unit}
	case line == "":
		return handlers.Outcome{}, handlers.Refuse("要问哪里？", "例：/谁管 "+c.Street.Committees[0].Name)
	default:
		return handlers.Outcome{}, notFound(line)
	}
	return f.answer(ctx, c, x)
}

func notFound(line string) error {
	return handlers.Refusef("写居民区、小区、弄，或小区加门，例：/谁管 188弄北门", "没有找到“%s”。", handlers.Quote(line))
}

// questions are how people ask it without the command.
var questions = []string{"谁管", "谁联系", "归谁", "谁负责", "联络员是谁", "联系人是谁", "谁是联络员", "找哪个联络员"}

// asked takes 车站谁联系的啊: a line that names a place and asks who.
func (f *Family) asked(ctx context.Context, c *handlers.Call) (handlers.Outcome, bool, error) {
	line := syntax.Normalise(c.Rest)
	if len([]rune(line)) > 30 || !slices.ContainsFunc(questions, func(q string) bool { return strings.Contains(line, q) }) {
		return handlers.Outcome{}, false, nil
	}
	x, ok := place(c, line)
	switch {
	case ok:
	case len([]rune(line)) > 12: // it asks something else
		return handlers.Outcome{}, false, nil
	default:
		return handlers.Outcome{}, true, notFound(line)
	}
	out, err := f.answer(ctx, c, x)
	return out, true, err
}

// answer leads from a place to its liaison. Where there is none, the party office hears it.
func (f *Family) answer(ctx context.Context, c *handlers.Call, x spot) (handlers.Outcome, error) {
	path := []string{x.name}
	area, ok := config.Area{}, false
	for _, a := range c.Dir.Plain(c.Street).Areas {
		if a.Name == x.area || x.unit != "" && slices.Contains(a.Committees, x.unit) {
			area, ok = a, true
		}
	}
	if x.unit != "" {
		if x.unit == x.name {
			path = nil
		}
		unit := x.unit + "居民区"
		if s := c.Dir.InUnit(c.Street, x.unit, config.RoleSecretary); len(s) > 0 {
			unit += "（" + titles(s) + "）"
		}
		path = append(path, unit)
	}
	if !ok {
		return handlers.Answer(strings.Join(append(path, "还没有分片区，找值班室"), " → ")), nil
	}
	if x.area != "" {
		path = nil
	}
	path = append(path, fmt.Sprintf("%s（片区领导：%s）", area.Name, holder(&c.Desk, area, config.PostLeader)), "联络员："+holder(&c.Desk, area, config.PostLiaison))
	out := handlers.Answer(strings.Join(path, " → "))
	if !active(&c.Desk, area) {
		b := c.Read()
		add := f.alarm(&c.Desk, b)
		if err := b.Run(ctx); err != nil {
			return handlers.Outcome{}, fmt.Errorf("read vacancies: %w", err)
		}
		more := add()
		out.Reply.Text += "\n已告诉党政办，急事先找片区领导。"
		out.Changes, out.Pushes, out.Audit = more.Changes, more.Pushes, more.Audit
	}
	return out, nil
}

// holder is who holds a post of an area today, in words; area is as it is written.
func holder(d *handlers.Desk, area config.Area, post config.AreaPost) string {
	id, regular := area.On(d.Day).Liaison, area.Liaison
	if post == config.PostLeader {
		id, regular = area.On(d.Day).Leader, area.Leader
	}
	p, ok := d.Street.Person(id)
	if !ok || post == config.PostLiaison && !p.Has(config.RoleLiaison) {
		return "暂缺"
	}
	t, substitute := area.Term(post, d.Day)
	if !substitute || t.To == "" || id == regular {
		return p.Title
	}
	return fmt.Sprintf("%s（代%s，到%s）", p.Title, title(d, regular), t.To.Label())
}

// active reports whether an area has a liaison today.
func active(d *handlers.Desk, area config.Area) bool {
	p, ok := d.Street.Person(area.On(d.Day).Liaison)
	return ok && p.Has(config.RoleLiaison)
}

// vacancies holds the areas whose missing liaison the party office has been told of: field
// = area, value = the day.
var vacancies = store.Records("org-vacant")

const dueVacant = "org-vacant"

// alarm joins the reading of what was told to a batch. The result, called after the batch
// has run, tells the party office once of each area without a liaison, and forgets those
// that have one again.
func (f *Family) alarm(d *handlers.Desk, b *store.Batch) func() handlers.Outcome {
	cells := b.All(vacancies)
	return func() handlers.Outcome {
		var (
			out  handlers.Outcome
			news []string
		)
		for _, a := range d.Dir.Plain(d.Street).Areas {
			cell := (*cells)[a.Name]
			switch {
			case active(d, a) && cell.Rev > 0:
				out.Changes = append(out.Changes, store.Delete(vacancies, a.Name, cell.Rev))
			case !active(d, a) && cell.Rev == 0:
				out.Changes = append(out.Changes, store.Put(vacancies, a.Name, 0, string(d.Day)))
				news = append(news, fmt.Sprintf("%s（%s）", a.Name, strings.Join(a.Committees, "、")))
			}
		}
		if len(out.Changes) > 0 {
			out.Audit = handlers.Audit{Record: "片区/联络员"}
		}
		if len(news) == 0 {
			return out
		}
		to := people(d, []config.Role{config.RoleParty})
		if len(to) == 0 {
			to = people(d, []config.Role{config.RoleAdmin})
		}
		text := "【片区】没有联络员：" + strings.Join(news, "；") + "\n请定一位，发：/片 片区 联络员 谁"
		for _, p := range to {
			out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(p.UserID), handlers.CaseCard, handlers.Say(text), d.At))
		}
		return out
	}
}

// morning looks every day: a term may have ended in the night.
func (f *Family) morning(ctx context.Context, m *handlers.Moment) (handlers.Outcome, error) {
	return f.vacant(ctx, &m.Desk)
}

// vacancyDue looks after a change of the book.
func (f *Family) vacancyDue(ctx context.Context, it *handlers.Item) (handlers.Outcome, error) {
	return f.vacant(ctx, &it.Desk)
}

func (f *Family) vacant(ctx context.Context, d *handlers.Desk) (handlers.Outcome, error) {
	b := d.Read()
	add := f.alarm(d, b)
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read vacancies: %w", err)
	}
	out := add()
	if len(out.Changes) == 0 {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	return out, nil
}
