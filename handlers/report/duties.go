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

// The recipes of pushes that are rendered when their turn comes: who has filed by then
// hears nothing.
const (
	recipeRemind = "report.remind"
	recipeNudge  = "report.nudge"
)

// on finds the duty's form among the pack's sheets.
func (f *Family) on(m *handlers.Moment) (*sheet, error) {
	form := m.Pack.Form(m.Duty.Form)
	if form == nil {
		return nil, fmt.Errorf("duty %s: pack %s has no form %q", m.Duty.Name(), m.Pack.Name, m.Duty.Form)
	}
	return f.sheet(m.Street, m.Pack, form), nil
}

// remindChat says once, in the group, what concerns everybody.
func (f *Family) remindChat(_ context.Context, m *handlers.Moment) (handlers.Outcome, error) {
	sh, err := f.on(m)
	if err != nil {
		return handlers.Outcome{}, err
	}
	var out handlers.Outcome
	for _, chat := range m.Dir.ChatsOf(m.Street, m.Duty.Chat) {
		out.Pushes = append(out.Pushes, handlers.PushRecipe(handlers.ToChat(chat.Name), handlers.Reminder, recipeRemind,
			map[string]string{"form": sh.form.Name, "day": string(m.Day)}, m.At))
	}
	return out, nil
}

func (f *Family) renderRemind(ctx context.Context, s *handlers.Serving) (handlers.Content, error) {
	sh, day, err := f.serving(s)
	if err != nil {
		return handlers.Content{}, err
	}
	g, err := sh.gap(ctx, &s.Desk, day)
	if err != nil {
		return handlers.Content{}, err
	}
	if len(g.missing) == 0 {
		return handlers.Content{}, &handlers.Moot{Why: "都报了"}
	}
	return handlers.Say(fmt.Sprintf("%s%s截止，已收%d/%d，@我或私聊回一行", sh.form.Name, sh.form.Cutoff, g.due-len(g.missing), g.due)), nil
}

// nudge asks each missing unit in private.
func (f *Family) nudge(ctx context.Context, m *handlers.Moment) (handlers.Outcome, error) {
	sh, err := f.on(m)
	if err != nil {
		return handlers.Outcome{}, err
	}
	g, err := sh.gap(ctx, &m.Desk, m.Day)
	if err != nil {
		return handlers.Outcome{}, err
	}
	var out handlers.Outcome
	for _, unit := range g.missing {
		people := m.Dir.InUnit(m.Street, unit, config.RoleSecretary)
		if len(people) == 0 {
			people = m.Dir.InUnit(m.Street, unit, sh.form.Who...)
		}
		for _, p := range people {
			push := handlers.PushRecipe(handlers.ToPerson(p.UserID), handlers.Nudge, recipeNudge,
				map[string]string{"form": sh.form.Name, "day": string(m.Day), "unit": unit}, m.At)
			out.Pushes = append(out.Pushes, push)
		}
	}
	return out, nil
}

func (f *Family) renderNudge(ctx context.Context, s *handlers.Serving) (handlers.Content, error) {
	sh, day, err := f.serving(s)
	if err != nil {
		return handlers.Content{}, err
	}
	unit, ok := s.Dir.Unit(s.Street, s.Args["unit"])
	if !ok {
		return handlers.Content{}, &handlers.Moot{Why: "居民区已不在名单里"}
	}
	c := &handlers.Call{Desk: s.Desk, Person: config.Person{UserID: strings.TrimPrefix(string(s.To), "user:"), Unit: unit.Name}}
	fl, err := f.load(ctx, c, sh, day, unit)
	if err != nil {
		return handlers.Content{}, err
	}
	if fl.today.Filed() {
		return handlers.Content{}, &handlers.Moot{Why: "已经报了"}
	}
	return handlers.Say(strings.Join(fl.state(), "\n")), nil
}

// missing tells the duty desk who has not filed, and each liaison about their own.
func (f *Family) missing(ctx context.Context, m *handlers.Moment) (handlers.Outcome, error) {
	sh, err := f.on(m)
	if err != nil {
		return handlers.Outcome{}, err
	}
	g, err := sh.gap(ctx, &m.Desk, m.Day)
	if err != nil {
		return handlers.Outcome{}, err
	}
	var out handlers.Outcome
	for _, chat := range m.Dir.ChatsOf(m.Street, m.Duty.Chat) {
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToChat(chat.Name), handlers.Notice,
			handlers.Say(fmt.Sprintf("【%s】%s", m.Day.Label(), g.line())), m.At))
	}
	byLiaison := map[string][]string{}
	for _, unit := range g.missing {
		if l := m.Dir.Liaison(m.Street, unit); l != "" {
			byLiaison[l] = append(byLiaison[l], unit)
		}
	}
	for _, l := range sortedKeys(byLiaison) {
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(l), handlers.Nudge, handlers.Say(fmt.Sprintf(
			"您联系的居民区里，%s还没报：%s。有难处请帮一把；要代报，发：/%s 居民区名 …", sh.form.Name, strings.Join(byLiaison[l], "、"), sh.form.Name)), m.At))
	}
	return out, nil
}

func (f *Family) serving(s *handlers.Serving) (*sheet, config.Day, error) {
	day, err := config.ParseDay(s.Args["day"])
	if err != nil {
		return nil, "", fmt.Errorf("recipe: %w", err)
	}
	for _, run := range s.Street.Runs {
		if form := run.Pack.Form(s.Args["form"]); form != nil {
			return f.sheet(s.Street, run.Pack, form), day, nil
		}
	}
	return nil, "", &handlers.Moot{Why: "这张表已不在用"}
}

func sortedKeys(m map[string][]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// Tally reads every unit's report of a form and day, for the digest. It implements
// handlers.Tally: the reads join the batch; call the result after the batch has run.
func (f *Family) Tally(b *store.Batch, form *config.Form, day config.Day) func() ([]handlers.Filed, error) {
	now := b.All(store.Reports(form.Name, string(day)))
	prev := b.All(store.Reports(form.Name, string(day.Add(-1))))
	return func() ([]handlers.Filed, error) {
		out := make([]handlers.Filed, 0, len(*now))
		for unit, cell := range *now {
			r, err := decode(form, cell)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", unit, err)
			}
			p, err := decode(form, (*prev)[unit])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", unit, err)
			}
			fl := &filing{sh: &sheet{form: form}, prev: p}
			_, soft := fl.check(r.Values)
			out = append(out, handlers.Filed{
				Unit: unit, Values: r.Values, Late: r.has(flagLate), Corrected: r.has(flagFixed),
				Unbalanced: soft != nil && !r.has(flagKept), Kept: r.has(flagKept),
			})
		}
		return out, nil
	}
}

// detail is /帮助 日报: the form with an example.
func detail(form *config.Form) string {
	var parts []string
	for _, x := range form.Fields {
		name := x.Name
		if x.Unit != "" {
			name += "(" + x.Unit + ")"
		}
		if x.Optional {
			name += "(可不写)"
		}
		parts = append(parts, name)
	}
	lines := []string{
		fmt.Sprintf("%s：%s，%s截止", form.Name, strings.Join(parts, " "), form.Cutoff),
		"照这样发：" + form.Example(),
	}
	var short []string
	if form.Zero {
		short = append(short, "没有新情况：/零报")
	}
	if form.Same {
		short = append(short, "和昨天一样："+"/"+form.Name+" 同昨")
	}
	return strings.Join(append(lines, append(short, "报错了：/改 标签 数字")...), "\n")
}
