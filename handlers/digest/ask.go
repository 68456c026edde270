package digest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// asked is what a line asks for.
type asked struct {
	scope *scope // an area or a committee that was named; nil = none was
	full  bool   // everything, not the first message only
	table bool   // the workbook
	rest  string // a date, or what was not understood
}

// parse reads a line behind 晨报 or 今日, in any order.
func parse(d *handlers.Desk, text string) asked {
	var a asked
	text = syntax.Normalise(text)
	var places []syntax.Word
	all := areas(d)
	for _, s := range all {
		places = append(places, syntax.Word{Name: s.name})
	}
	for _, u := range d.Dir.Units(d.Street) {
		places = append(places, syntax.Word{Name: u.Name, Aliases: u.Aliases})
		all = append(all, scope{name: u.Name, units: []string{u.Name}, base: 1, private: true})
	}
	name, rest, _ := syntax.Unit(text, places)
	if i := slices.IndexFunc(all, func(s scope) bool { return s.name == name }); i >= 0 && name != "" {
		a.scope, text = &all[i], rest
	}
	var left []string
	for _, word := range strings.Fields(text) {
		switch word {
		case "全", "全部", "全文":
			a.full = true
		case "表", "全表", "表格":
			a.table = true
		default:
			left = append(left, word)
		}
	}
	a.rest = strings.Join(left, " ")
	return a
}

// reach checks that a person may hear a digest here, and says whose it is: what the line
// names, else the street's for its readers, else what the person answers for. what is the
// command.
func reach(c *handlers.Call, a asked, what string) ([]scope, error) {
	reader := c.Person.Has(readers...)
	mine := areasOf(&c.Desk, c.Person)
	if c.Person.Unit != "" && c.Person.Has(config.RoleSecretary, config.RoleWorker) {
		mine = append(mine, scope{name: c.Person.Unit, units: []string{c.Person.Unit}, base: 1, private: true})
	}
	switch {
	case !c.Private() && (!reader || c.Chat.Kind != config.ChatLeaders):
		return nil, handlers.Refusef("请私聊我发：/"+what, "“%s”只在领导群和私聊里看。", what)
	case !c.Private() && a.scope != nil:
		return nil, handlers.Refuse("群里只说全街道的。", "片区和居民区的，请私聊我")
	case a.scope == nil && reader:
		return []scope{whole(&c.Desk)}, nil
	case a.scope == nil && len(mine) > 0:
		return mine, nil
	case a.scope == nil:
		return nil, handlers.Refusef("请管理员在 areas 里写上您", "名单里没有写您管哪里，没有您的“%s”。", what)
	case reader || within(*a.scope, mine):
		return []scope{*a.scope}, nil
	}
	return nil, handlers.Refusef("看自己的，发：/今日", "%s的不归您看。", a.scope.name)
}

// within reports whether all of a scope's committees lie in what a person answers for.
func within(s scope, mine []scope) bool {
	for _, u := range s.units {
		if !slices.ContainsFunc(mine, func(m scope) bool { return slices.Contains(m.units, u) }) {
			return false
		}
	}
	return true
}

// ask is /晨报: as it was said, or a look ahead when today's has not been said yet.
func (f *Family) ask(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	a := parse(&c.Desk, c.Rest)
	scopes, err := reach(c, a, morning.name)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if len(scopes[0].units) == 1 { // a committee has no morning of its own: what it has is today's
		return f.live(ctx, c, scopes)
	}
	day := c.Day
	if a.rest != "" {
		at, _, ok := syntax.Date(a.rest, c.Day.Time(c.Street.Location))
		if !ok {
			return handlers.Outcome{}, handlers.Refuse("没看懂是哪一天。", "例：/晨报 2.10")
		}
		day = c.Street.Day(at)
	}
	if a.table {
		return f.workbook(c, day)
	}
	packs := spokenOn(c.Street, day, "digest")
	b := c.Read()
	cells := make([]*store.Cell, len(packs))
	for i, p := range packs {
		cells[i] = b.Cell(store.Digests(), field(p, day))
	}
	if err := b.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read digest: %w", err)
	}
	var texts []string
	for i, p := range packs {
		d, err := openSaid(*cells[i])
		if err != nil {
			return handlers.Outcome{}, err
		}
		note := ""
		if cells[i].Rev == 0 {
			if day != c.Day || len(p.Digest) == 0 {
				continue
			}
			d, _, err = f.compose(ctx, &c.Desk, p, day.Add(-1), morning)
			if errors.Is(err, handlers.ErrNothing) {
				continue
			}
			if silent(ctx, err) {
				return handlers.Outcome{}, err
			}
			if err != nil { // Morning has told who can mend it
				return handlers.Outcome{}, handlers.Refuse("晨报没有做出来，管理员已经知道。", "要哪个数，可以先发：/数 新返")
			}
			note = "\n（预览，正式的按时发领导群）"
		}
		for _, sc := range scopes {
			s := d.saying
			if sc.units != nil {
				s = d.Areas[sc.name]
			}
			switch {
			case s.Text == "":
			case a.full:
				texts = append(texts, s.all())
			default:
				texts = append(texts, s.Text+note)
			}
		}
	}
	if len(texts) == 0 {
		return handlers.Outcome{}, handlers.Refusef("", "%s没有晨报。", day.Label())
	}
	return handlers.Answer(strings.Join(texts, "\n\n")), nil
}

// spokenOn are the packs that have a digest of a kind on a morning: those of the day
// before, and those that begin.
func spokenOn(s *config.Street, morning config.Day, do string) []*config.Pack {
	packs := s.Active(morning)
	for _, p := range s.Active(morning.Add(-1)) { // the morning after a pack's last day
		if !slices.Contains(packs, p) {
			packs = append(packs, p)
		}
	}
	return slices.DeleteFunc(packs, func(p *config.Pack) bool {
		return !slices.ContainsFunc(p.Duties, func(d *config.Duty) bool { return d.Do == do })
	})
}

// today is /今日: what has come in so far, of the street, an area or one's own committee.
func (f *Family) today(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	scopes, err := reach(c, parse(&c.Desk, c.Rest), soFar.name)
	if err != nil {
		return handlers.Outcome{}, err
	}
	return f.live(ctx, c, scopes)
}

// wondered answers 把今天的数发我看看 (card S43), a short line that names nothing else.
func (f *Family) wondered(ctx context.Context, c *handlers.Call) (handlers.Outcome, bool, error) {
	today, ok := c.Command("今日")
	text := []rune(syntax.Normalise(c.Rest))
	if !ok || len(text) > 16 || !strings.Contains(string(text), "今天的数") && !strings.Contains(string(text), "今天数据") {
		return handlers.Outcome{}, false, nil
	}
	asked := *c
	asked.Rest = ""
	out, err := today.Run(ctx, &asked)
	return out, true, err
}

func (f *Family) live(ctx context.Context, c *handlers.Call, scopes []scope) (handlers.Outcome, error) {
	var texts []string
	for _, p := range c.Packs() {
		if len(p.Digest) == 0 {
			continue
		}
		fs, err := f.gather(ctx, &c.Desk, p, c.Day, scopes)
		if err != nil {
			return handlers.Outcome{}, err
		}
		for _, sc := range scopes {
			texts = append(texts, pages(fit(f.page(&c.Desk, fs, sc, soFar).words(&c.Desk), "/今日").all()))
		}
	}
	if len(texts) == 0 {
		return handlers.Outcome{}, handlers.Refuse("今天没有在用的专项，没有数。", "看以前的，发：/晨报 2.10")
	}
	return handlers.Answer(strings.Join(texts, "\n\n")), nil
}

// workbook is /晨报 表: every committee's figures behind a morning, as a file to the asker
// alone.
func (f *Family) workbook(c *handlers.Call, day config.Day) (handlers.Outcome, error) {
	day = day.Add(-1)
	var names []string
	for _, p := range c.Street.Active(day) {
		for _, form := range spoken(p, day) {
			if (form.By == "" || form.By == config.ByCommittee) && !slices.Contains(names, form.Name) {
				names = append(names, form.Name)
			}
		}
	}
	if len(names) == 0 {
		return handlers.Outcome{}, handlers.Refusef("看别的日子，发：/晨报 表 2.10", "%s没有要报的表。", day.Label())
	}
	out := handlers.Answer(fmt.Sprintf("%s的表（%s）做好了，马上在应用里发给您。", day.Label(), strings.Join(names, "、")))
	args := map[string]string{"tables": strings.Join(names, "\n"), "first": string(day), "last": string(day)}
	out.Pushes = []store.Push{handlers.PushRecipe(handlers.ToPerson(c.Person.UserID), handlers.Reply, handlers.RecipeWorkbook, args, c.At)}
	out.Audit = handlers.Audit{Record: "晨报/表/" + string(day)}
	return out, nil
}
