package report

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// mine is /我的: what is due from me today, and what I sent.
func (f *Family) mine(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	var lines []string
	if unit, ok := c.Dir.Unit(c.Street, c.Person.Unit); ok {
		for _, sh := range f.mustFile(&c.Desk, c.Person) {
			fl, err := f.load(ctx, c, sh, c.Day, unit)
			if err != nil {
				return handlers.Outcome{}, err
			}
			lines = append(lines, fl.state()...)
		}
	}
	if len(lines) == 0 {
		return handlers.Answer("今天没有要您报的。"), nil
	}
	full := strings.Join(lines, "\n")
	if c.Private() {
		return handlers.Answer(full), nil
	}
	out := handlers.Answer("已私信您。")
	out.Pushes = []store.Push{c.PrivateHalf(full, nil)}
	return out, nil
}

// state is where one report stands, for the person who owes it.
func (fl *filing) state() []string {
	form := fl.sh.form
	if fl.today.Filed() {
		return []string{
			fmt.Sprintf("%s 已收 %s（%s）", form.Name, fl.number(), fl.today.At.In(fl.Street.Location).Format("15:04")),
			fl.figures(fl.today, nil),
		}
	}
	due := form.Name + " 还没报，" + form.Cutoff.String() + "截止"
	if fl.late() {
		due = form.Name + " 还没报，已过" + form.Cutoff.String() + "，现在报算补报"
	}
	if fl.draft.rev > 0 && fl.draft.Form == form.Name && fl.draft.Day == fl.day && fl.draft.Unit == fl.unit.Name {
		q, _ := fl.question(fl.draft)
		return []string{due, "报了一半，" + q}
	}
	lines := []string{due, "照这样发：" + fl.copyLine()}
	if form.Zero {
		lines = append(lines, "没有新情况就回：零报")
	}
	return lines
}

// dues is what the caller still owes today, for the welcome.
func (f *Family) dues(ctx context.Context, c *handlers.Call) ([]handlers.Due, error) {
	unit, ok := c.Dir.Unit(c.Street, c.Person.Unit)
	if !ok {
		return nil, nil
	}
	var out []handlers.Due
	for _, sh := range f.mustFile(&c.Desk, c.Person) {
		fl, err := f.load(ctx, c, sh, c.Day, unit)
		if err != nil {
			return nil, err
		}
		if !fl.today.Filed() {
			out = append(out, handlers.Due{Text: fmt.Sprintf("%s（%s截止）", sh.form.Name, sh.form.Cutoff), Line: fl.copyLine()})
		}
	}
	return out, nil
}

// unfiled is /未报, for the duty desk (all units) and liaisons (their own).
func (f *Family) unfiled(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	scope := []string(nil)
	if !c.Person.Has(config.RoleDutyDesk) {
		scope = c.Dir.UnitsUnder(c.Street, c.Person)
	}
	var lines []string
	for _, sh := range f.active(&c.Desk) {
		gap, err := sh.gap(ctx, &c.Desk, c.Day)
		if err != nil {
			return handlers.Outcome{}, err
		}
		lines = append(lines, gap.within(scope).line())
	}
	if len(lines) == 0 {
		return handlers.Answer("今天没有要报的表。"), nil
	}
	full := strings.Join(lines, "\n")
	if c.Private() || c.Chat.Kind == config.ChatDutyDesk {
		return handlers.Answer(full), nil
	}
	out := handlers.Answer("名单已私信您。")
	out.Pushes = []store.Push{c.PrivateHalf(full, nil)}
	return out, nil
}

// gap is who has not filed a form.
type gap struct {
	form    *config.Form
	missing []string // in the units' fixed order
	due     int      // how many file it
}

func (sh *sheet) gap(ctx context.Context, d *handlers.Desk, day config.Day) (gap, error) {
	b := d.Read()
	filed := b.All(store.Reports(sh.form.Name, string(day)))
	if err := b.Run(ctx); err != nil {
		return gap{}, fmt.Errorf("read reports %s: %w", sh.form.Name, err)
	}
	g := gap{form: sh.form}
	for _, u := range d.Dir.Units(d.Street) {
		g.due++
		if _, ok := (*filed)[u.Name]; !ok {
			g.missing = append(g.missing, u.Name)
		}
	}
	return g, nil
}

// within narrows a gap to some units; nil means all.
func (g gap) within(units []string) gap {
	if units == nil {
		return g
	}
	g.due = len(units)
	g.missing = slices.DeleteFunc(slices.Clone(g.missing), func(u string) bool { return !slices.Contains(units, u) })
	return g
}

func (g gap) line() string {
	if len(g.missing) == 0 {
		return fmt.Sprintf("%s %d/%d，都报了。", g.form.Name, g.due, g.due)
	}
	return fmt.Sprintf("%s %d/%d，未报%d：%s", g.form.Name, g.due-len(g.missing), g.due, len(g.missing), strings.Join(g.missing, "、"))
}
