package register

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// wondered answers a sentence that asks for a view in words: 现在排摸了百分之几.
func (f *Family) wondered(ctx context.Context, c *handlers.Call, text string) (handlers.Outcome, bool, error) {
	for _, p := range c.Packs() {
		for _, v := range p.Views {
			if !c.Person.Has(v.Who...) || !slices.ContainsFunc(v.Asked, func(w string) bool { return strings.Contains(text, w) }) {
				continue
			}
			same := *c
			same.Rest = text
			out, err := f.look(ctx, &same, p, v)
			return out, true, err
		}
	}
	return handlers.Outcome{}, false, nil
}

// standing says how far a register without states has come: in the committees a line names,
// in the street without one.
func (b *book) standing(c *handlers.Call, all []*Entry) string {
	name, units := named(&c.Desk, c.Rest)
	if name == "" {
		name = "全街道"
	}
	return name + " " + b.figuresOf(&c.Desk, all, units)
}

// named finds the area or the committee that a line is about; nil units are the whole street.
func named(d *handlers.Desk, text string) (name string, units []string) {
	text = syntax.Normalise(text)
	var words []syntax.Word
	for _, u := range d.Dir.Units(d.Street) {
		words = append(words, syntax.Word{Name: u.Name, Aliases: u.Aliases})
	}
	for _, a := range d.Street.Areas {
		if strings.Contains(text, a.Name) {
			return a.Name, a.Committees
		}
	}
	if unit, _, ok := syntax.Unit(text, words); ok {
		return unit, []string{unit}
	}
	return "", nil
}

// shareDays is how far back a block's last report counts.
const shareDays = 7

// share is /覆盖: two figures of a form against each other, each part by its last report of a
// week, over the committees that are named, the caller's own, or the street.
func (f *Family) share(ctx context.Context, c *handlers.Call, p *config.Pack, v *config.View) (handlers.Outcome, error) {
	form := p.Form(v.Form)
	if form == nil || f.Tally == nil {
		return handlers.Outcome{}, noShare(v)
	}
	r := c.Read()
	var reads []func() ([]handlers.Filed, error)
	for back := range shareDays {
		reads = append(reads, f.Tally(r, form, c.Day.Add(-back)))
	}
	if err := r.Run(ctx); err != nil {
		return handlers.Outcome{}, fmt.Errorf("read %s: %w", form.Name, err)
	}
	last := map[string]handlers.Filed{}
	var order []string
	for _, read := range reads {
		filed, err := read()
		if err != nil {
			return handlers.Outcome{}, err
		}
		for _, x := range filed {
			if _, newer := last[x.Unit]; !newer {
				last[x.Unit] = x
				order = append(order, x.Unit)
			}
		}
	}
	slices.Sort(order)
	name, units := named(&c.Desk, c.Rest)
	switch {
	case name != "" && c.Person.Unit != "" && !slices.Contains(units, c.Person.Unit):
		return handlers.Outcome{}, handlers.Refusef("看自己的：/"+v.Name, "%s的数不归您看。", name)
	case name == "" && c.Person.Unit != "":
		name, units = c.Person.Unit, []string{c.Person.Unit}
	case name == "":
		if under := c.Dir.UnitsUnder(c.Street, c.Person); len(under) > 0 && !c.Person.Has(config.RoleLeader) {
			name, units = "您这几片", under
		}
	}
	over, under, parts, far, least := 0, 0, 0, "", 0
	for _, of := range order {
		x := last[of]
		unit, _, _ := strings.Cut(x.Unit, "/")
		if units != nil && !slices.Contains(units, unit) {
			continue
		}
		a, b := x.Values[v.Over], x.Values[v.Under]
		over, under, parts = over+a, under+b, parts+1
		if b-a > least {
			far, least = strings.ReplaceAll(x.Unit, "/", ""), b-a
		}
	}
	if under == 0 {
		return handlers.Outcome{}, noShare(v)
	}
	if name == "" {
		name = "全街道"
	}
	mille := (over*1000 + under/2) / under
	if over < under { // all but one are not all
		mille = min(mille, 999)
	}
	text := fmt.Sprintf("%s %d.%d%%（%s/%s，报了%d块）", name, mille/10, mille%10, thousands(over), thousands(under), parts)
	if least > 0 && c.Private() {
		text += fmt.Sprintf("。还差最多的：%s %s户。", far, thousands(least))
	}
	return handlers.Answer(text), nil
}

func noShare(v *config.View) error {
	return handlers.Refusef("等报了再看。", "%s还没有数。", v.Name)
}

// forecast is /预判: what is planned for the next days, added up.
func (f *Family) forecast(ctx context.Context, c *handlers.Call, b *book, v *config.View) (handlers.Outcome, error) {
	days := v.Days
	if n, ok := number(c.Rest); ok && n > 0 && n <= 31 {
		days = n
	}
	all, err := b.everything(ctx, &c.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	var units []string
	if !c.Person.Has(config.RoleLeader, config.RoleParty, config.RoleDutyDesk) { // sums, no household
		units = []string{}
		for _, u := range b.reach(&c.Desk, c.Person) {
			units = append(units, u.Name)
		}
	}
	first := c.Day.Add(1)
	sums := b.planned(&c.Desk, v, all, units, first, days)
	total := 0
	for _, n := range sums {
		total += n
	}
	var parts []string
	for i, n := range sums {
		mark := ""
		if 2*n*days > 3*total && days > 1 { // half as much again as on the mean day
			mark = "⚠"
		}
		parts = append(parts, fmt.Sprintf("%d日%s%s", first.Add(i).Time(time.UTC).Day(), thousands(n), mark))
	}
	head := v.Say
	if head == "" {
		head = v.Name
	}
	return handlers.Answer(fmt.Sprintf("%s %s，共%s。", head, strings.Join(parts, " "), thousands(total))), nil
}

// planned adds up what a forecast's view counts, day by day; nil units are the whole street.
func (b *book) planned(d *handlers.Desk, v *config.View, all []*Entry, units []string, first config.Day, days int) []int {
	sums := make([]int, days)
	for _, e := range all {
		n, ok := b.figures(d, e, nil, target{}).value(e, b.Field(v.Date))
		i := n - dayNumber(first)
		if !ok || i < 0 || i >= days || e.Gone != "" || len(v.In) > 0 && !slices.Contains(v.In, e.State) || units != nil && !slices.Contains(units, e.Unit) {
			continue
		}
		k := 1
		if known, said := e.Values[v.Sum]; said {
			k = known
		}
		sums[i] += k
	}
	return sums
}

// Planned adds up what the forecasts of the running packs expect, for the street. It
// implements handlers.Planned.
func (f *Family) Planned(d *handlers.Desk, b *store.Batch, first config.Day, days int) func() ([]int, error) {
	type source struct {
		*book
		view  *config.View
		cells *map[string]store.Cell
	}
	var from []source
	for _, p := range d.Packs() {
		for _, v := range p.Views {
			if v.Kind == config.ViewForecast {
				k := f.shelf.of(p, p.Register(v.Registers[0]))
				from = append(from, source{k, v, b.All(k.entries())})
			}
		}
	}
	return func() ([]int, error) {
		sums := make([]int, days)
		for _, s := range from {
			all, err := s.decodeAll(*s.cells)
			if err != nil {
				return nil, err
			}
			for i, n := range s.planned(d, s.view, all, nil, first, days) {
				sums[i] += n
			}
		}
		return sums, nil
	}
}

func number(text string) (int, bool) {
	n := 0
	for _, r := range text {
		if r < '0' || r > '9' {
			break
		}
		n = n*10 + int(r-'0')
	}
	return n, n > 0
}
