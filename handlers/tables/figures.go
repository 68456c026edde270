package tables

import (
	"context"
	"fmt"
	"slices"

	"juwei/config"
	"juwei/handlers"
)

// figures are what was reported of one data item on one day, by unit. An item that several
// forms ask has one figure for each unit: the first form's that has it.
type figures struct {
	field *config.Field // how the values are written; nil: nobody asked for the item that day
	nums  map[string]int
	texts map[string]string
}

// sum adds up; only fields that Sums have one.
func (g figures) sum(units []string) (n, base int) {
	for _, u := range units {
		if v, ok := g.nums[u]; ok {
			n += v
			base++
		}
	}
	return n, base
}

// count is how many of the units gave a value.
func (g figures) count(units []string) int {
	n := 0
	for _, u := range units {
		_, num := g.nums[u]
		_, text := g.texts[u]
		if num || text {
			n++
		}
	}
	return n
}

// sheaf is the figures of several items and days.
type sheaf map[config.Day]itemFigures

// itemFigures are one day's figures by item.
type itemFigures map[string]figures

// gather reads items of some days in one round trip.
func (f *Family) gather(ctx context.Context, d *handlers.Desk, days []config.Day, items []string) (sheaf, error) {
	type read struct {
		day   config.Day
		form  *config.Form
		filed func() ([]handlers.Filed, error)
		texts func() (map[string]map[string]string, error)
	}
	var reads []read
	b := d.Read()
	for _, day := range days {
		for _, form := range asked(d.Street, day, items) {
			r := read{day: day, form: form, filed: f.tally(b, form, day)}
			if slices.ContainsFunc(form.Fields, func(x *config.Field) bool { return !x.Number() && slices.Contains(items, x.Item) }) {
				r.texts = f.words(b, form, day)
			}
			reads = append(reads, r)
		}
	}
	if err := b.Run(ctx); err != nil {
		return nil, fmt.Errorf("read figures: %w", err)
	}
	out := sheaf{}
	for _, day := range days {
		out[day] = itemFigures{}
	}
	for _, r := range reads {
		filed, err := r.filed()
		if err != nil {
			return nil, err
		}
		var texts map[string]map[string]string
		if r.texts != nil {
			if texts, err = r.texts(); err != nil {
				return nil, err
			}
		}
		for _, x := range r.form.Fields {
			if slices.Contains(items, x.Item) {
				out[r.day].add(r.form, x, filed, texts)
			}
		}
	}
	return out, nil
}

// asked lists the forms in force on a day that ask the committees for one of the items.
func asked(s *config.Street, day config.Day, items []string) []*config.Form {
	var out []*config.Form
	for _, p := range s.Active(day) {
		for _, form := range p.Forms {
			if byCommittee(form) && form.InForce(day) && slices.ContainsFunc(form.Fields, func(x *config.Field) bool { return slices.Contains(items, x.Item) }) {
				out = append(out, form)
			}
		}
	}
	return out
}

// byCommittee reports whether each committee files the form once: a table has a row for it.
func byCommittee(form *config.Form) bool { return form.By == "" || form.By == config.ByCommittee }

func (m itemFigures) add(form *config.Form, x *config.Field, filed []handlers.Filed, texts map[string]map[string]string) {
	g := m[x.Item]
	if g.field == nil {
		g = figures{field: x, nums: map[string]int{}, texts: map[string]string{}}
	}
	for _, r := range filed {
		n, ok := form.Get(func(name string) (int, bool) { n, ok := r.Values[name]; return n, ok })(x.Name) // derived fields too
		if _, taken := g.nums[r.Unit]; ok && !taken && x.Number() {
			g.nums[r.Unit] = n
		}
		text := texts[r.Unit][x.Name]
		if _, taken := g.texts[r.Unit]; text != "" && !taken && !x.Number() {
			g.texts[r.Unit] = text
		}
	}
	m[x.Item] = g
}

// unitNames are the names of a street's committees in the order wanted.
func unitNames(d *handlers.Desk, order config.Order) []string {
	all := slices.Clone(d.Dir.Units(d.Street))
	switch order {
	case config.OrderOrdinal:
		slices.SortStableFunc(all, func(a, b config.Committee) int { return a.Ordinal - b.Ordinal })
	case config.OrderArea:
		rank := map[string]int{}
		for i, a := range d.Street.Areas {
			for _, u := range a.Committees {
				rank[u] = i + 1
			}
		}
		slices.SortStableFunc(all, func(a, b config.Committee) int { return rank[a.Name] - rank[b.Name] })
	}
	var out []string
	for _, u := range all {
		out = append(out, u.Name)
	}
	return out
}

// span lists the days from first to last.
func span(first, last config.Day) []config.Day {
	var out []config.Day
	for d := first; d <= last; d = d.Add(1) {
		out = append(out, d)
	}
	return out
}
