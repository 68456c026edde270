package register

import (
	"context"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// worth is what an entry adds to a tally on a day.
func (b *book) worth(d *handlers.Desk, t *config.Tally, e *Entry, of config.Day) int {
	switch {
	case len(t.Into) == 0 && len(t.On) == 0 && e.Gone != "",
		len(t.In) > 0 && !slices.Contains(t.In, e.State),
		len(t.On) > 0 && !slices.ContainsFunc(t.On, func(a string) bool { done, ok := e.Did[a]; return ok && day(d.Street, done.At) == of }),
		len(t.Into) > 0 && !e.came(d, t, of),
		!b.figures(d, e, nil, target{}).holds(t.When):
		return 0
	case t.Sum == "":
		return 1
	}
	return e.Values[t.Sum]
}

// came reports whether the entry came into one of the tally's states that day and has not
// gone back since.
func (e *Entry) came(d *handlers.Desk, t *config.Tally, of config.Day) bool {
	first := ""
	for _, x := range e.Turns {
		if day(d.Street, x.At) != of {
			continue
		}
		if first == "" {
			first = x.From // where the day began
		}
		if slices.Contains(t.Into, x.To) && (len(t.From) == 0 || slices.Contains(t.From, first) || slices.Contains(t.From, x.From)) && !slices.Contains(t.Into, first) {
			return true
		}
	}
	return false
}

// was reports whether the entry has stood in one of the states, longer than while it was
// being entered.
func (e *Entry) was(states []string) bool {
	return slices.Contains(states, e.State) || slices.ContainsFunc(e.Turns, func(t Turn) bool { return t.At > e.Born && slices.Contains(states, t.From) })
}

// tally adds up a figure over entries: of the committees named, or of all. of is what it is
// out of: how many entries, or compounds, there are.
func (b *book) tally(d *handlers.Desk, t *config.Tally, all []*Entry, units []string, at config.Day) (n, of int) {
	if t.By == config.KeyCompound {
		return b.compounds(d, t, all, units, at)
	}
	for _, e := range all {
		if units != nil && !slices.Contains(units, e.Unit) {
			continue
		}
		n += b.worth(d, t, e, at)
		of++
	}
	return n, of
}

// compounds counts those in which the tally holds for every gate.
func (b *book) compounds(d *handlers.Desk, t *config.Tally, all []*Entry, units []string, at config.Day) (n, of int) {
	good := map[string]bool{}
	for _, e := range all {
		good[e.Key] = b.worth(d, t, e, at) > 0
	}
	for _, u := range d.Dir.Units(d.Street) {
		if units != nil && !slices.Contains(units, u.Name) {
			continue
		}
		for _, x := range u.Compounds {
			of++
			whole := len(x.Gates) > 0
			for _, g := range x.Gates {
				whole = whole && good[x.Name+g]
			}
			if b.Key.Of == config.KeyCompound {
				whole = good[x.Name]
			}
			if whole {
				n++
			}
		}
	}
	return n, of
}

// counts gives a receipt the figures of the street and the committee it names.
func (f *Family) counts(ctx context.Context, d *handlers.Desk, w *deed, g *figures) error {
	text := w.act.Reply
	if !strings.Contains(text, "{街道") && !strings.Contains(text, "{本居") {
		return nil
	}
	all, err := w.everything(ctx, d)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(e *Entry) bool { return e.field == w.now.field })
	all = append(all, w.now)
	g.count = func(name string) (int, int, bool) {
		var units []string
		base, whole := strings.CutPrefix(name, "街道")
		if !whole {
			base = strings.TrimPrefix(name, "本居")
			units = []string{w.now.Unit}
		}
		t := w.Tally(base)
		if t == nil {
			return 0, 0, false
		}
		n, of := w.tally(d, t, all, units, d.Day)
		return n, of, true
	}
	return nil
}

// Prefill is what the registers know of a form's figures for a committee's report of a day.
// A register that knows nothing of the committee says nothing. It implements handlers.Prefill.
func (f *Family) Prefill(d *handlers.Desk, b *store.Batch, form, unit string, day config.Day) func() (map[string]int, error) {
	type source struct {
		b     *book
		t     *config.Tally
		cells *map[string]store.Cell
	}
	var from []source
	tables := map[*book]*map[string]store.Cell{}
	if day == d.Day { // what an entry was yesterday nobody can ask it
		for _, k := range f.shelf.all(d) {
			for _, t := range k.Tallies {
				if t.Form != form {
					continue
				}
				if tables[k] == nil {
					tables[k] = b.All(k.entries())
				}
				from = append(from, source{k, t, tables[k]})
			}
		}
	}
	return func() (map[string]int, error) {
		out := map[string]int{}
		for _, s := range from {
			all, err := s.b.decodeAll(*s.cells)
			if err != nil {
				return nil, err
			}
			if !slices.ContainsFunc(all, func(e *Entry) bool { return e.Unit == unit }) {
				continue
			}
			if len(s.b.Key.With) > 0 && !slices.ContainsFunc(all, func(e *Entry) bool { return e.Unit == unit && s.b.figures(d, e, nil, target{}).holds(s.t.When) }) {
				continue // nobody keeps such a thing there: that is not 0 of it
			}
			n, _ := s.b.tally(d, s.t, all, []string{unit}, day)
			if n == 0 && len(s.t.In) > 0 && !slices.ContainsFunc(all, func(e *Entry) bool { return e.Unit == unit && e.was(s.t.In) }) {
				continue // the committee keeps no such entries: that there are none, the register does not know
			}
			out[s.t.Field] += n
		}
		return out, nil
	}
}

// Section is the part of a digest that says where a register stands: how many entries in
// each state, or its tallies where it has no states.
func (f *Family) section(q handlers.SectionQuery) handlers.SectionPart {
	var books []*book
	var cells []*map[string]store.Cell
	for _, r := range q.Pack.Registers {
		if q.Of == "" || r.Name == q.Of {
			k := f.shelf.of(q.Pack, r)
			books = append(books, k)
			cells = append(cells, q.Batch.All(k.entries()))
		}
	}
	return func() (handlers.Part, error) {
		part := handlers.Part{Class: "C1"}
		for i, k := range books {
			all, err := k.decodeAll(*cells[i])
			if err != nil {
				return part, err
			}
			if len(all) == 0 {
				continue
			}
			if slices.ContainsFunc(k.Tallies, func(t *config.Tally) bool { return t.Where }) {
				k.wants(q, &part, all)
				continue
			}
			if len(k.States) > 0 {
				for _, s := range k.States {
					if s.Health && q.Units != nil {
						continue // a health count is the street's as a whole
					}
					n, _ := k.tally(q.Desk, &config.Tally{In: []string{s.Name}}, all, q.Units, q.Day)
					part.Figures = append(part.Figures, handlers.Figure{Label: s.Name, N: n})
				}
				continue
			}
			for _, t := range k.Tallies {
				if t.Health && q.Units != nil || t.Form != "" { // what fills a form is said by the form
					continue
				}
				n, of := k.tally(q.Desk, t, all, q.Units, q.Day)
				if t.Sum != "" {
					of = 0
				}
				part.Figures = append(part.Figures, handlers.Figure{Label: t.Name, N: n, Of: of})
			}
		}
		return part, nil
	}
}
