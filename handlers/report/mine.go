package report

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// mine is /我的: what is due from me today, and what I sent.
func (f *Family) mine(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
	var lines []string
	if unit, ok := c.Dir.Unit(c.Street, c.Person.Unit); ok {
		sheets, err := f.asked(ctx, &c.Desk, f.mustFile(&c.Desk, c.Person))
		if err != nil {
			return handlers.Outcome{}, err
		}
		for _, sh := range sheets {
			for _, r := range sh.reporters(unit) {
				fl, err := f.loadOf(ctx, c, sh, sh.period(&c.Desk, c.Day, 0), r)
				if err != nil {
					return handlers.Outcome{}, err
				}
				lines = append(lines, fl.state()...)
			}
		}
	}
	if len(lines) == 0 {
		lines = []string{"今天没有要您报的。"}
	}
	others, err := f.others(ctx, c)
	if err != nil {
		return handlers.Outcome{}, err
	}
	lines = append(lines, others...)
	full := strings.Join(lines, "\n")
	if c.Private() {
		return handlers.Answer(full), nil
	}
	out := handlers.Answer("已私信您。")
	out.Pushes = []store.Push{c.PrivateHalf(full, nil)}
	return out, nil
}

// mostOthers is how many of the other families' dues /我的 names.
const mostOthers = 6

// others are what waits for the caller elsewhere: notices to be done, cases in his hands.
func (f *Family) others(ctx context.Context, c *handlers.Call) ([]string, error) {
	var lines []string
	for _, ask := range f.Others {
		dues, err := ask(ctx, c)
		if err != nil {
			return nil, err
		}
		for _, d := range dues {
			lines = append(lines, d.Text+"，回："+d.Line)
		}
	}
	if n := len(lines); n > mostOthers {
		lines = append(lines[:mostOthers], fmt.Sprintf("还有%d件，看：/问题", n-mostOthers))
	}
	if len(lines) > 0 {
		lines = append([]string{"等您办的："}, lines...)
	}
	return lines, nil
}

// state is where one report stands, for the person who owes it.
func (fl *filing) state() []string {
	form := fl.sh.form
	if fl.today.Filed() {
		how := fl.today.At.In(fl.Street.Location).Format("15:04")
		if fl.today.has(flagCarried) {
			how = "没变化，沿用；有变化请报"
		}
		return []string{
			fmt.Sprintf("%s 已收 %s（%s）", form.Name, fl.number(), how),
			fl.figures(fl.today, nil),
		}
	}
	if fl.settled() {
		return []string{fmt.Sprintf("%s 要的数%s里都有，不用报", form.Name, fl.lenders())}
	}
	due := form.Name + " 还没报，" + fl.cutoff() + "截止"
	if fl.late() {
		due = form.Name + " 还没报，已过" + fl.cutoff() + "，现在报算补报"
	}
	if fl.draft.of(fl) {
		q, _ := fl.question(fl.draft)
		if fading(fl.draft) {
			return []string{due, q}
		}
		return []string{due, "报了一半，" + q}
	}
	lines := []string{due, "照这样发：" + fl.copyLine()}
	if form.Zero {
		lines = append(lines, "没有新情况就回："+fl.zeroLine())
	}
	return lines
}

// dues is what the caller still owes today, for the welcome.
func (f *Family) dues(ctx context.Context, c *handlers.Call) ([]handlers.Due, error) {
	unit, ok := c.Dir.Unit(c.Street, c.Person.Unit)
	if !ok {
		return nil, nil
	}
	sheets, err := f.asked(ctx, &c.Desk, f.mustFile(&c.Desk, c.Person))
	if err != nil {
		return nil, err
	}
	var out []handlers.Due
	for _, sh := range sheets {
		for _, r := range sh.reporters(unit) {
			fl, err := f.loadOf(ctx, c, sh, sh.period(&c.Desk, c.Day, 0), r)
			if err != nil {
				return nil, err
			}
			if fl.settled() {
				continue
			}
			out = append(out, handlers.Due{Text: fmt.Sprintf("%s（%s截止）", sh.form.Name, fl.cutoff()), Line: fl.copyLine()})
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
	absent, err := f.absent(ctx, &c.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	var lines []string
	sheets, err := f.asked(ctx, &c.Desk, f.active(&c.Desk))
	if err != nil {
		return handlers.Outcome{}, err
	}
	for _, sh := range sheets {
		if !sh.form.Due(c.Day) {
			continue
		}
		gap, err := sh.gap(ctx, &c.Desk, sh.period(&c.Desk, c.Day, 0))
		if err != nil {
			return handlers.Outcome{}, err
		}
		lines = append(lines, gap.within(scope).excused(&c.Desk, absent).line())
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
	all     []reporter // who file it, in the units' fixed order
	missing []reporter // those of them who have not
	resting int        // those who have not and are not named, because they rest today
}

func (sh *sheet) gap(ctx context.Context, d *handlers.Desk, p config.Period) (gap, error) {
	b := d.Read()
	filed := b.All(store.Reports(sh.form.Name, p.Key()))
	borrowed := sh.borrowAll(b, d.Street, p.Day, time.Time{})
	if err := b.Run(ctx); err != nil {
		return gap{}, fmt.Errorf("read reports %s: %w", sh.form.Name, err)
	}
	lent, err := borrowed()
	if err != nil {
		return gap{}, err
	}
	g := gap{form: sh.form}
	for _, r := range sh.everybody(d) {
		g.all = append(g.all, r)
		if cell, ok := (*filed)[r.key()]; (!ok || withdrawn(cell)) && !sh.covered(lent[r.key()]) {
			g.missing = append(g.missing, r)
		}
	}
	return g, nil
}

// within narrows a gap to some units; nil means all.
func (g gap) within(units []string) gap {
	if units == nil {
		return g
	}
	outside := func(r reporter) bool { return !slices.Contains(units, r.unit.Name) }
	g.all = slices.DeleteFunc(slices.Clone(g.all), outside)
	g.missing = slices.DeleteFunc(slices.Clone(g.missing), outside)
	return g
}

// names are those who have not filed, as people say them.
func (g gap) names() []string {
	var out []string
	for _, r := range g.missing {
		out = append(out, r.name())
	}
	return out
}

func (g gap) line() string {
	due := len(g.all)
	if g.resting > 0 {
		line := fmt.Sprintf("%s %d/%d", g.form.Name, due-len(g.missing)-g.resting, due)
		if len(g.missing) > 0 {
			line += fmt.Sprintf("，未报%d：%s", len(g.missing), strings.Join(g.names(), "、"))
		}
		return line + fmt.Sprintf("；另%d个今天轮休，不催", g.resting)
	}
	if len(g.missing) == 0 {
		return fmt.Sprintf("%s %d/%d，都报了。", g.form.Name, due, due)
	}
	return fmt.Sprintf("%s %d/%d，未报%d：%s", g.form.Name, due-len(g.missing), due, len(g.missing), strings.Join(g.names(), "、"))
}
