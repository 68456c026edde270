package tables

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

// export is /导: 卫健日报, 卫健日报 昨天, 日报 2.10-2.13. The file goes to the asker alone,
// by the app, for a callback cannot carry one; who took which table is audited.
func (f *Family) export(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	text := syntax.Normalise(c.Rest)
	names := Names(c.Street)
	name := ""
	for _, n := range names {
		if strings.HasPrefix(text, syntax.Normalise(n)) && len(n) > len(name) {
			name = n
		}
	}
	if name == "" {
		menu := "可以导：" + strings.Join(names, "、")
		if text == "" {
			return handlers.Answer(menu + "\n例：/导 " + names[0] + " 昨天"), nil
		}
		word, _, _ := strings.Cut(text, " ")
		return handlers.Outcome{}, handlers.Refusef(menu, "没有叫“%s”的表。", handlers.Quote(word))
	}
	first, last, given, err := days(&c.Desk, strings.TrimPrefix(text, syntax.Normalise(name)))
	if err != nil {
		return handlers.Outcome{}, err
	}
	table, err := f.Fill(ctx, &c.Desk, name, first, last)
	if errors.Is(err, ErrNoTable) && !given { // its pack or form is over: the last day it had
		return handlers.Outcome{}, handlers.Refusef("请写上日期，例：/导 "+name+" 2.10", "今天没有“%s”这张表。", name)
	} else if errors.Is(err, ErrNoTable) {
		return handlers.Outcome{}, handlers.Refusef("请换一天。", "%s没有“%s”这张表。", when(&c.Desk, first), name)
	} else if err != nil {
		return handlers.Outcome{}, err
	}
	out := handlers.Answer(fmt.Sprintf("%s做好了，马上在应用里发给您。", table.title()))
	args := map[string]string{"tables": name, "first": string(first), "last": string(last)}
	out.Pushes = []store.Push{handlers.PushRecipe(handlers.ToPerson(c.Person.UserID), handlers.Reply, handlers.RecipeWorkbook, args, c.At)}
	out.Audit = handlers.Audit{Record: "导出/" + name + "/" + string(first) + "/" + string(last)}
	return out, nil
}

// render is the workbook, filled when its turn to be sent has come: with what is there then,
// and with the rows of the units whose figures the person may hear by then.
func (f *Family) render(ctx context.Context, s *handlers.Serving) (handlers.Content, error) {
	userid := strings.TrimPrefix(string(s.To), "user:")
	p, _, known := s.Dir.Person(userid)
	units := reach(&s.Desk, p)
	if !known || len(units) == 0 {
		return handlers.Content{}, &handlers.Moot{Why: "不再能导出"}
	}
	first, err := config.ParseDay(s.Args["first"])
	if err != nil {
		return handlers.Content{}, fmt.Errorf("recipe: %w", err)
	}
	last, err := config.ParseDay(s.Args["last"])
	if err != nil {
		return handlers.Content{}, fmt.Errorf("recipe: %w", err)
	}
	var filled []Table
	for _, name := range strings.Split(s.Args["tables"], "\n") {
		table, err := f.fill(ctx, &s.Desk, name, first, last, units)
		if errors.Is(err, ErrNoTable) {
			continue
		} else if err != nil {
			return handlers.Content{}, err
		}
		filled = append(filled, table)
	}
	if len(filled) == 0 {
		return handlers.Content{}, &handlers.Moot{Why: "这张表已不在用"}
	}
	data, err := Workbook(p.Title, s.At.In(s.Street.Location), filled...)
	if err != nil {
		return handlers.Content{}, err
	}
	name, title := filled[0].Name, filled[0].title()
	if n := len(filled); n > 1 {
		name += fmt.Sprintf("等%d张", n)
		title += fmt.Sprintf("等%d张表", n)
	}
	name += " " + string(first)
	if first != last {
		name += "至" + string(last)
	}
	return handlers.Content{Text: title, File: &handlers.File{Name: name + ".xlsx", Data: data}}, nil
}

// Names lists the tables of a street: the offices' own, then each form as it is.
func Names(s *config.Street) []string {
	var out, forms []string
	for _, run := range s.Runs {
		for _, e := range run.Pack.Exports {
			out = append(out, e.Name)
		}
		for _, form := range run.Pack.Forms {
			if byCommittee(form) {
				forms = append(forms, form.Name)
			}
		}
	}
	var names []string
	for _, n := range append(out, forms...) {
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

// ErrNoTable says that no pack running on those days has a table of that name.
var ErrNoTable = errors.New("no such table on these days")

// Fill fills the table of that name for the days from first to last, both included.
func (f *Family) Fill(ctx context.Context, d *handlers.Desk, name string, first, last config.Day) (Table, error) {
	return f.fill(ctx, d, name, first, last, nil)
}

// fill is Fill with the rows of some units only; nil = all.
func (f *Family) fill(ctx context.Context, d *handlers.Desk, name string, first, last config.Day, only []string) (Table, error) {
	layout := find(d.Street, name, first, last)
	if layout == nil {
		return Table{}, fmt.Errorf("table %s: %w", name, ErrNoTable)
	}
	wanted := span(first, last)
	var items []string
	for _, c := range layout.Columns {
		items = append(items, c.Item)
	}
	read, err := f.gather(ctx, d, wanted, items)
	if err != nil {
		return Table{}, err
	}
	t := Table{Name: layout.Name, Corner: layout.Corner, Columns: layout.Columns}
	units := slices.DeleteFunc(unitNames(d, layout.Order), func(u string) bool { return only != nil && !slices.Contains(only, u) })
	for _, day := range wanted {
		t.Days = append(t.Days, fillDay(layout, units, day, read[day]))
	}
	return t, nil
}

// find is the layout of a table that some day between has: an office's own, or a form's.
func find(s *config.Street, name string, first, last config.Day) *config.Export {
	for _, day := range span(first, last) {
		for _, p := range s.Active(day) {
			if e := p.Export(name); e != nil {
				return e
			}
			for _, form := range p.Forms {
				if form.Name == name && byCommittee(form) && form.InForce(day) {
					return plain(form)
				}
			}
		}
	}
	return nil
}

// plain is a form's own layout: its fields in its order. Household codes stay away.
func plain(form *config.Form) *config.Export {
	e := &config.Export{Name: form.Name, Office: form.Owner, Corner: "居民区", Order: config.OrderOrdinal}
	for _, x := range form.Fields {
		if x.Kind != config.KindHouse {
			e.Columns = append(e.Columns, config.Column{Header: x.Name, Item: x.Item, Unit: x.Unit})
		}
	}
	return e
}

// fillDay fills a day's rows and its totals.
func fillDay(layout *config.Export, units []string, day config.Day, read itemFigures) Day {
	out := Day{Day: day, Units: len(units)}
	for _, u := range units {
		row := Row{Unit: u}
		for _, c := range layout.Columns {
			g := read[c.Item]
			cell := Cell{}
			if n, ok := g.nums[u]; ok {
				cell = number(g.field, n)
			} else if text, ok := g.texts[u]; ok {
				cell = Cell{Text: text}
			}
			row.Cells = append(row.Cells, cell)
		}
		out.Rows = append(out.Rows, row)
	}
	for _, c := range layout.Columns {
		g := read[c.Item]
		total, base := Cell{}, g.count(units)
		if g.field != nil && g.field.Sums() && base > 0 {
			n, _ := g.sum(units)
			total = number(g.field, n)
		}
		out.Totals, out.Base = append(out.Totals, total), append(out.Base, base)
	}
	return out
}

// number is a value as a cell: what can be counted with is a number.
func number(x *config.Field, n int) Cell {
	if !x.Sums() && x.Kind != config.KindPercent {
		return Cell{Text: x.Format(n)}
	}
	return Cell{Number: true, N: n, Places: x.Places}
}
