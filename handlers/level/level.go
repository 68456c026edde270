// Package level keeps a pack's states of alarm, such as the four levels of a typhoon warning.
//
// In go lines like /预警 Ⅱ 市气象台 15:40 from who may set a level, and a second person's
// yes; out come the level itself (handlers.Alert, which the Directory holds), what everybody
// and every unit is told, and calls, one after the other, about who does not answer. The bot
// never sets a level, and never ends one. What a level asks is the pack's: config.Levels.
//
// Start at Family.command; begin, in set.go, is what happens when a level begins.
package level

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// The kinds of due items.
const (
	askKind  = "level-ask"  // a unit's time to answer is over
	holdKind = "level-hold" // it should be said again that the level holds
)

// patience is how long a level waits for its second yes.
const patience = 30 * time.Minute

// Family keeps levels. Its zero value is not usable: call New.
type Family struct {
	tally  handlers.Tally
	onDuty handlers.OnDuty
	Away   handlers.Away // who rests and is not asked; may be nil
}

// New makes the family. tally counts who has answered; onDuty says who has the duty desk,
// nil = its people in their order.
func New(tally handlers.Tally, onDuty handlers.OnDuty) *Family {
	return &Family{tally: tally, onDuty: onDuty}
}

// Handlers is what the family offers.
func (f *Family) Handlers() handlers.Family {
	return handlers.Family{
		Name:     "level",
		Office:   string(config.RoleDutyDesk),
		Commands: f.commands,
		DueItems: []handlers.DueItem{
			{Kind: askKind, Title: "没应答的", Run: f.unanswered},
			{Kind: holdKind, Title: "级别还在不在", Run: f.stillSo},
		},
		Sections: []handlers.Section{f.section()},
		Dues:     f.Dues,
	}
}

// commands are one for each word by which a pack of the street calls its levels.
func (f *Family) commands(s *config.Street) []handlers.Command {
	var out []handlers.Command
	for _, run := range s.Runs {
		l := run.Pack.Levels
		if l == nil || slices.ContainsFunc(out, func(c handlers.Command) bool { return c.Name == l.Word }) {
			continue
		}
		top := l.Steps[len(l.Steps)-1].Name
		out = append(out, handlers.Command{
			Name: l.Word, Aliases: l.Aliases, Slashed: true, Summary: "现在几级",
			Usage: "/" + l.Word, Example: "/" + l.Word,
			Detail: fmt.Sprintf("定级：/%s %s %s 几点发布\n解除：/%s 解除 %s 几点发布\n要另一位确认：/%s 确认", l.Word, top, l.Sources[0], l.Word, l.Sources[0], l.Word),
			Run:    f.command(l.Word),
		})
	}
	return out
}

// matter is a pack's levels and where they stand, on the desk of an occasion.
type matter struct {
	*handlers.Desk
	pack   *config.Pack
	levels *config.Levels
	alert  handlers.Alert
}

// open reads where the levels of a pack stand.
func open(ctx context.Context, d *handlers.Desk, p *config.Pack) (*matter, error) {
	b := d.Read()
	cell := b.Cell(handlers.Alerts(), p.Name)
	if err := b.Run(ctx); err != nil {
		return nil, fmt.Errorf("read level of %s: %w", p.Name, err)
	}
	a, err := handlers.OpenAlert(*cell)
	return &matter{d, p, p.Levels, a}, err
}

// command is /预警: how it stands; /预警 Ⅱ 市气象台 …, /预警 解除 …, /预警 确认, /预警 退回.
func (f *Family) command(word string) func(context.Context, *handlers.Call) (handlers.Outcome, error) {
	return func(ctx context.Context, c *handlers.Call) (handlers.Outcome, error) {
		i := slices.IndexFunc(c.Packs(), func(p *config.Pack) bool { return p.Levels != nil && p.Levels.Word == word })
		if i < 0 {
			return handlers.Outcome{}, handlers.Refusef("想看要报什么，发：我的", "%s现在不用。", word)
		}
		m, err := open(ctx, &c.Desk, c.Packs()[i])
		if err != nil {
			return handlers.Outcome{}, err
		}
		rest := strings.TrimSpace(c.Rest)
		switch verb, _, _ := strings.Cut(rest, " "); verb {
		case "":
			return f.show(ctx, c, m)
		case "确认", "同意", "是":
			return f.confirm(ctx, c, m)
		case "退回", "不对", "不同意":
			return m.sendBack(c)
		}
		return f.raise(ctx, c, m, rest)
	}
}

// name is a level as people say it: 预警Ⅱ级（橙色）.
func (m *matter) name(step string) string {
	l := m.levels.Step(step)
	switch {
	case l == nil:
		return m.levels.Word + "解除"
	case l.Title == "":
		return m.levels.Word + "：" + l.Name
	}
	return fmt.Sprintf("%s%s级（%s）", m.levels.Word, l.Name, l.Title)
}

// show says how it stands; who has not answered only to who is to call them.
func (f *Family) show(ctx context.Context, c *handlers.Call, m *matter) (handlers.Outcome, error) {
	w, a := m.levels.Word, m.alert
	if a.Step == "" {
		return handlers.Answer(fmt.Sprintf("现在没有%s。", w)), nil
	}
	lines := []string{fmt.Sprintf("%s，%s起。依据：%s", m.name(a.Step), m.clock(a.Began()), a.Source)}
	for _, p := range m.levels.Step(a.Step).Paces {
		lines = append(lines, p.Form+"："+rhythm(p))
	}
	if c.Private() && c.Person.Has(slices.Concat(m.levels.Who, m.levels.Second, []config.Role{config.RoleLiaison})...) {
		for _, ask := range m.asks() {
			r, err := f.replies(ctx, m, ask)
			if err != nil {
				return handlers.Outcome{}, err
			}
			lines = append(lines, r.within(c).line(ask.Form))
		}
	}
	return handlers.Answer(strings.Join(lines, "\n")), nil
}

// outcome is an outcome that keeps the alert.
func (m *matter) outcome() handlers.Outcome {
	body, err := json.Marshal(m.alert)
	if err != nil { // strings and numbers only
		panic("level: alert does not encode: " + err.Error())
	}
	return handlers.Outcome{
		Changes: []store.Change{store.PutKeep(handlers.Alerts(), m.pack.Name, m.alert.Rev, string(body), store.Records("level-log"))},
		Audit:   handlers.Audit{Record: m.levels.Word, Rev: m.alert.Rev + 1, Values: string(body)},
		Overlay: true,
	}
}

// guard holds an outcome to the alert it was decided on.
func (m *matter) guard() store.Guard {
	return store.Guard{Table: handlers.Alerts(), Field: m.pack.Name, Rev: m.alert.Rev}
}

// stillSo asks whether a level holds, each time nobody has said so for long.
func (f *Family) stillSo(ctx context.Context, it *handlers.Item) (handlers.Outcome, error) {
	m, err := running(ctx, &it.Desk, it.ID)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if m.alert.Step == "" {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	out := handlers.Outcome{Require: []store.Guard{m.guard()}, Changes: []store.Change{store.DueAt(holdKind, it.ID, it.At.Add(m.levels.Hold))}}
	to, err := f.desk(ctx, &it.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	held := it.At.Sub(time.Unix(m.alert.Held, 0)).Round(time.Hour)
	w := m.levels.Word
	text := fmt.Sprintf("%s到现在%d小时了，还是吗？还是就发：/%s %s %s 几点；解除了就发：/%s 解除 %s 几点", m.name(m.alert.Step), held/time.Hour, w, m.alert.Step, m.levels.Sources[0], w, m.levels.Sources[0])
	for _, id := range to {
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(id), handlers.CaseCard, handlers.Say(text), it.At))
	}
	return out, nil
}

// running opens the levels of a pack that runs at the desk's moment, by the pack's name.
func running(ctx context.Context, d *handlers.Desk, pack string) (*matter, error) {
	for _, p := range d.Packs() {
		if p.Name == pack && p.Levels != nil {
			return open(ctx, d, p)
		}
	}
	return nil, handlers.ErrNothing
}

// desk is who has the duty desk.
func (f *Family) desk(ctx context.Context, d *handlers.Desk) ([]string, error) {
	if f.onDuty != nil {
		if ids, err := f.onDuty(ctx, d); err != nil || len(ids) > 0 {
			return ids, err
		}
	}
	var out []string
	for _, p := range d.Dir.DutyDesk(d.Street) {
		out = append(out, p.UserID)
	}
	return out, nil
}

// clock is a moment as it is said: 16:02, of another day 2月13日16:02.
func (m *matter) clock(t time.Time) string {
	t = t.In(m.Street.Location)
	if day := m.Street.Day(t); day != m.Day {
		return day.Label() + t.Format("15:04")
	}
	return t.Format("15:04")
}

// rhythm is how often a form is filed: 09:00、17:00, or 每2小时一次.
func rhythm(p config.Pace) string {
	if n := len(p.At); n > 4 {
		return fmt.Sprintf("每%d小时一次", 24/n)
	}
	var clocks []string
	for _, c := range p.At {
		clocks = append(clocks, c.String())
	}
	return strings.Join(clocks, "、") + "报"
}

// within is a span as it is said: 5分钟, 12小时.
func within(d time.Duration) string {
	if d%time.Hour == 0 {
		return fmt.Sprintf("%d小时", d/time.Hour)
	}
	return fmt.Sprintf("%d分钟", d/time.Minute)
}

// section is `kind: level`: at which level the street stands, and how many have answered.
func (f *Family) section() handlers.Section {
	return handlers.Section{Kind: "level", Read: func(q handlers.SectionQuery) handlers.SectionPart {
		p := q.Pack
		if p.Levels == nil {
			return func() (handlers.Part, error) { return handlers.Part{}, nil }
		}
		cell := q.Batch.Cell(handlers.Alerts(), p.Name)
		return func() (handlers.Part, error) {
			a, err := handlers.OpenAlert(*cell)
			if err != nil || a.Step == "" {
				return handlers.Part{}, err
			}
			m := &matter{q.Desk, p, p.Levels, a}
			return handlers.Part{Class: "C0", Text: fmt.Sprintf("%s，%s起", strings.TrimLeft(strings.TrimPrefix(m.name(a.Step), p.Levels.Word), "："), m.clock(a.Began()))}, nil
		}
	}}
}

// errNoForm is a level that asks for a form its pack does not have that day.
var errNoForm = errors.New("no such form")
