package report

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"juwei/config"
	"juwei/handlers"
)

// The recipes of pushes that are rendered when their turn comes: who has filed by then
// hears nothing.
const (
	recipeRemind = "report.remind"
	recipeNudge  = "report.nudge"
)

// on finds the duty's form among the pack's sheets.
func (f *Family) on(ctx context.Context, m *handlers.Moment) (*sheet, error) {
	if m.Pack.Form(m.Duty.Form) == nil {
		return nil, fmt.Errorf("duty %s: pack %s has no form %q", m.Duty.Name(), m.Pack.Name, m.Duty.Form)
	}
	form := m.Pack.FormOn(m.Duty.Form, m.Day)
	if form == nil {
		return nil, handlers.ErrNothing // it has ended
	}
	if form = pace(&m.Desk, m.Pack, form); form.Paced() && !form.Required {
		return nil, handlers.ErrNothing // no level holds
	}
	open, err := f.asked(ctx, &m.Desk, []*sheet{f.sheet(m.Street, m.Pack, form)})
	if err != nil || len(open) == 0 {
		return nil, cmp.Or(err, handlers.ErrNothing) // between two rounds
	}
	return open[0], nil
}

// args name what a recipe is about.
func (sh *sheet) args(p config.Period) map[string]string {
	args := map[string]string{"form": sh.form.Name, "day": string(p.Day)}
	if p.Slot > 0 {
		args["slot"] = strconv.Itoa(p.Slot)
	}
	return args
}

// remindChat says once, in the group, what concerns everybody.
func (f *Family) remindChat(ctx context.Context, m *handlers.Moment) (handlers.Outcome, error) {
	sh, err := f.on(ctx, m)
	if err != nil {
		return handlers.Outcome{}, err
	}
	period := sh.periodAt(m.Street, m.Day, m.Slot)
	if !sh.soon(m, period) {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	out := handlers.Outcome{Loads: []handlers.Load{{Office: sh.form.Owner}}}
	for _, chat := range m.Dir.ChatsOf(m.Street, m.Duty.Chat) {
		out.Pushes = append(out.Pushes, handlers.PushRecipe(handlers.ToChat(chat.Name), handlers.Reminder, recipeRemind, sh.args(period), m.At))
	}
	return out, nil
}

func (f *Family) renderRemind(ctx context.Context, s *handlers.Serving) (handlers.Content, error) {
	sh, p, err := f.serving(s)
	if err != nil {
		return handlers.Content{}, err
	}
	g, err := sh.gap(ctx, &s.Desk, p)
	if err != nil {
		return handlers.Content{}, err
	}
	if len(g.missing) == 0 {
		return handlers.Content{}, &handlers.Moot{Why: "都报了"}
	}
	fl := &filing{Desk: &s.Desk, sh: sh, period: p, day: p.Day}
	text := fmt.Sprintf("%s%s截止，已收%d/%d，@我或私聊回一行", sh.form.Name, fl.cutoff(), len(g.all)-len(g.missing), len(g.all))
	if change := sh.form.Changes(); change != "" && sh.form.From == p.Day {
		text += fmt.Sprintf("\n%s从今天起有变：%s", sh.form.Name, change)
	}
	return handlers.Say(text), nil
}

// nudge asks each missing unit in private.
func (f *Family) nudge(ctx context.Context, m *handlers.Moment) (handlers.Outcome, error) {
	sh, err := f.on(ctx, m)
	if err != nil {
		return handlers.Outcome{}, err
	}
	period := sh.periodAt(m.Street, m.Day, m.Slot)
	if !sh.soon(m, period) {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	g, err := sh.gap(ctx, &m.Desk, period)
	if err != nil {
		return handlers.Outcome{}, err
	}
	absent, err := f.absent(ctx, &m.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	out := handlers.Outcome{Loads: []handlers.Load{{Office: sh.form.Owner}}}
	for _, r := range g.missing {
		for _, p := range sh.nudged(&m.Desk, r.unit.Name, absent) {
			args := sh.args(period)
			args["unit"] = r.key()
			push := handlers.PushRecipe(handlers.ToPerson(p.UserID), sh.loud(m, handlers.Nudge), recipeNudge, args, m.At)
			out.Pushes = append(out.Pushes, push)
		}
	}
	return out, nil
}

func (f *Family) renderNudge(ctx context.Context, s *handlers.Serving) (handlers.Content, error) {
	sh, p, err := f.serving(s)
	if err != nil {
		return handlers.Content{}, err
	}
	from, ok := reporterOf(&s.Desk, s.Args["unit"])
	if !ok {
		return handlers.Content{}, &handlers.Moot{Why: "居民区已不在名单里"}
	}
	c := &handlers.Call{Desk: s.Desk, Person: config.Person{UserID: strings.TrimPrefix(string(s.To), "user:"), Unit: from.unit.Name}}
	fl, err := f.loadOf(ctx, c, sh, p, from)
	if err != nil {
		return handlers.Content{}, err
	}
	if fl.settled() {
		return handlers.Content{}, &handlers.Moot{Why: "已经报了"}
	}
	return handlers.Say(strings.Join(fl.state(), "\n")), nil
}

// missing tells the duty desk who has not filed, and each liaison about their own.
func (f *Family) missing(ctx context.Context, m *handlers.Moment) (handlers.Outcome, error) {
	sh, err := f.on(ctx, m)
	if err != nil {
		return handlers.Outcome{}, err
	}
	period := sh.lastAt(m.Street, m.Day, m.Slot)
	if !sh.over(m, period) {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	g, err := sh.gap(ctx, &m.Desk, period)
	if err != nil {
		return handlers.Outcome{}, err
	}
	absent, err := f.absent(ctx, &m.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	g = g.excused(&m.Desk, absent)
	out := handlers.Outcome{Loads: []handlers.Load{{Office: sh.form.Owner}}}
	for _, chat := range m.Dir.ChatsOf(m.Street, m.Duty.Chat) {
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToChat(chat.Name), sh.loud(m, handlers.Notice),
			handlers.Say(fmt.Sprintf("【%s】%s", sh.dated(period), g.line())), m.At))
	}
	byLiaison := map[string][]string{}
	for _, r := range g.missing {
		if l := m.Dir.Liaison(m.Street, r.unit.Name); l != "" {
			byLiaison[l] = append(byLiaison[l], r.name())
		}
	}
	for _, l := range slices.Sorted(maps.Keys(byLiaison)) {
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(l), sh.loud(m, handlers.Nudge), handlers.Say(fmt.Sprintf(
			"您联系的居民区里，%s还没报：%s。有难处请帮一把；要代报，发：/%s 居民区名 …", sh.form.Name, strings.Join(byLiaison[l], "、"), sh.form.Name)), m.At))
	}
	return out, nil
}

func (f *Family) serving(s *handlers.Serving) (*sheet, config.Period, error) {
	var p config.Period
	var err error
	if p.Day, err = config.ParseDay(s.Args["day"]); err != nil {
		return nil, p, fmt.Errorf("recipe: %w", err)
	}
	if slot := s.Args["slot"]; slot != "" {
		if p.Slot, err = strconv.Atoi(slot); err != nil {
			return nil, p, fmt.Errorf("recipe: slot: %w", err)
		}
	}
	for _, run := range s.Street.Runs {
		if form := run.Pack.FormOn(s.Args["form"], p.Day); form != nil {
			return f.sheet(s.Street, run.Pack, pace(&s.Desk, run.Pack, form)), p, nil
		}
	}
	return nil, p, &handlers.Moot{Why: "这张表已不在用"}
}

// when says until when a form is filed: 17:00截止, 每周二、周五17:00截止, 有情况就报.
func when(form *config.Form) string {
	if form.Every == config.EveryEvent {
		return "有情况就报"
	}
	if form.Paced() {
		return "按级别的钟点报，没有预警不用报"
	}
	var clocks []string
	for i, c := range form.Cutoffs {
		clocks = append(clocks, form.Shifts[i]+c.String())
	}
	if len(clocks) == 0 {
		clocks = []string{form.Cutoff.String()}
	}
	day := ""
	if form.Every == config.EveryWeek {
		var days []string
		for _, w := range form.Weekdays {
			days = append(days, "周"+string([]rune("日一二三四五六")[w]))
		}
		day = "每" + strings.Join(days, "、")
	}
	return day + strings.Join(clocks, "、") + "截止"
}

// detail is /帮助 日报: the form with an example.
func detail(form *config.Form) string {
	var parts []string
	for _, x := range form.Asked() {
		name := x.Name
		if x.Kind == config.KindEnum {
			name += "(" + wants(x) + ")"
		} else if x.Unit != "" {
			name += "(" + x.Unit + ")"
		}
		if x.Optional || x.Default != nil {
			name += "(可不写)"
		}
		parts = append(parts, name)
	}
	lines := []string{
		fmt.Sprintf("%s：%s，%s", form.Name, strings.Join(parts, " "), when(form)),
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
