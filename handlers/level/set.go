package level

import (
	"cmp"
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

// raise asks for the second yes to a level, or to its end. A level that holds already is
// only said again.
func (f *Family) raise(ctx context.Context, c *handlers.Call, m *matter, text string) (handlers.Outcome, error) {
	w := m.levels.Word
	if !c.Person.Has(m.levels.Who...) {
		return handlers.Outcome{}, handlers.Refusef("现在几级，发：/"+w, "%s由%s定。", w, roles(m.levels.Who))
	}
	step, source, ok := m.read(text)
	switch {
	case !ok:
		return handlers.Outcome{}, handlers.Refusef(m.example(), "是哪一级？有%s，或解除。", strings.Join(m.steps(), "、"))
	case !slices.ContainsFunc(m.levels.Sources, func(s string) bool { return strings.Contains(source, syntax.Normalise(s)) }):
		return handlers.Outcome{}, handlers.Refusef(m.example(), "是哪里发的？写上%s和几点，还没有定。", strings.Join(m.levels.Sources, "、"))
	case step == m.alert.Step && step == "":
		return handlers.Outcome{}, handlers.Refusef(m.example(), "现在没有%s，不用解除。", w)
	}
	source = handlers.Clip(source, 40)
	if step == m.alert.Step {
		m.alert.Held, m.alert.Source, m.alert.Asked = c.At.Unix(), source, nil
		out := m.outcome()
		out.Changes = append(out.Changes, store.DueAt(holdKind, m.pack.Name, c.At.Add(m.levels.Hold)))
		out.Reply = handlers.Say(fmt.Sprintf("已记：还是%s。", m.name(step)))
		return out, nil
	}
	m.alert.Asked = &handlers.Raising{Step: step, By: c.Person.UserID, Source: source, At: c.At.Unix()}
	out := m.outcome()
	seconds := m.seconds(c.Person.UserID)
	if len(seconds) == 0 {
		out.Reply = handlers.Say(fmt.Sprintf("要定：%s。依据：%s\n还没有定。对就发：/%s 确认", m.name(step), source, w))
		return out, nil
	}
	var names []string
	for _, p := range seconds {
		names = append(names, p.Title)
		text := fmt.Sprintf("%s要定：%s（现在%s）。依据：%s", c.Person.Title, m.name(step), m.now(), source)
		out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(p.UserID), handlers.Emergency, handlers.Content{
			Text: text + fmt.Sprintf("\n对就回：/%s 确认；不对：/%s 退回", w, w),
			Card: &handlers.Card{
				Task: fmt.Sprintf("level-%s-%d", m.pack.Name, m.alert.Rev+1), Title: m.name(step), Desc: "等您确认", Body: text,
				Buttons: []handlers.Button{{Text: "确认", Line: "/" + w + " 确认", Primary: true}, {Text: "退回", Line: "/" + w + " 退回"}},
			},
		}, c.At))
	}
	out.Reply = handlers.Say(fmt.Sprintf("要定：%s。依据：%s\n还没有定，已请%s确认（一位就行）。", m.name(step), source, strings.Join(names, "、")))
	return out, nil
}

// read takes a level and the authority's signal from a line: 升到II 市气象台 15:40.
func (m *matter) read(text string) (step, source string, ok bool) {
	for _, verb := range []string{"升到", "升为", "降到", "降为", "调到", "定为", "改为", "定"} {
		if rest, cut := strings.CutPrefix(text, verb); cut {
			text = strings.TrimSpace(rest)
			break
		}
	}
	for _, word := range []string{"解除", "结束", "撤销"} {
		if rest, cut := strings.CutPrefix(text, word); cut {
			return "", strings.TrimSpace(rest), true
		}
	}
	most := 0
	for _, l := range m.levels.Steps {
		for _, word := range slices.Concat([]string{l.Name, l.Title}, l.Aliases) {
			word = strings.ToUpper(syntax.Normalise(word))
			if n := len(word); n > most && strings.HasPrefix(strings.ToUpper(text), word) {
				most, step = n, l.Name
			}
		}
	}
	if most == 0 {
		return "", "", false
	}
	source = text[most:]
	for _, word := range []string{"级", "色", "预警", "响应", " "} {
		source = strings.TrimPrefix(source, word)
	}
	return step, strings.TrimSpace(source), true
}

// steps are the levels as they may be typed.
func (m *matter) steps() []string {
	var out []string
	for _, l := range m.levels.Steps {
		out = append(out, l.Name)
	}
	return out
}

func (m *matter) example() string {
	return fmt.Sprintf("例：/%s %s %s 15:40发布", m.levels.Word, m.levels.Steps[0].Name, m.levels.Sources[0])
}

// now is the level that holds: 没有, Ⅲ级.
func (m *matter) now() string {
	if m.alert.Step == "" {
		return "没有" + m.levels.Word
	}
	if l := m.levels.Step(m.alert.Step); l != nil && l.Title == "" {
		return l.Name
	}
	return m.alert.Step + "级"
}

// seconds are the people who may say the second yes to what somebody wants.
func (m *matter) seconds(but string) []config.Person {
	var out []config.Person
	for _, role := range m.levels.Second {
		for _, p := range m.Dir.PeopleOf(m.Street, role) {
			if p.UserID != but && !slices.ContainsFunc(out, func(x config.Person) bool { return x.UserID == p.UserID }) {
				out = append(out, p)
			}
		}
	}
	return out
}

// waiting is what waits for the caller's yes, or why nothing does.
func (m *matter) waiting(c *handlers.Call) (*handlers.Raising, error) {
	q := m.alert.Asked
	if q == nil || c.At.Sub(time.Unix(q.At, 0)) > patience {
		return nil, handlers.Refusef(m.example(), "没有等确认的%s。", m.levels.Word)
	}
	seconds := m.seconds(q.By)
	if len(seconds) == 0 && q.By == c.Person.UserID {
		return q, nil
	}
	if !slices.ContainsFunc(seconds, func(p config.Person) bool { return p.UserID == c.Person.UserID }) {
		return nil, handlers.Refusef("请另一位发：/"+m.levels.Word+" 确认", "要另一位%s来确认。", roles(m.levels.Second))
	}
	return q, nil
}

// sendBack is /预警 退回: nothing changes, and who asked hears it.
func (m *matter) sendBack(c *handlers.Call) (handlers.Outcome, error) {
	q, err := m.waiting(c)
	if err != nil {
		return handlers.Outcome{}, err
	}
	m.alert.Asked = nil
	out := m.outcome()
	out.Reply = handlers.Say(fmt.Sprintf("退回了，还是%s。", m.now()))
	out.Pushes = []store.Push{handlers.PushAt(handlers.ToPerson(q.By), handlers.Emergency, handlers.Say(fmt.Sprintf("%s退回了“%s”，还是%s。请核对后再发。", c.Person.Title, m.name(q.Step), m.now())), c.At)}
	return out, nil
}

// confirm is /预警 确认: the level begins, or is over.
func (f *Family) confirm(ctx context.Context, c *handlers.Call, m *matter) (handlers.Outcome, error) {
	q, err := m.waiting(c)
	if err != nil {
		return handlers.Outcome{}, err
	}
	m.alert.Was = m.alert.Step
	m.alert.Step, m.alert.Since, m.alert.Held = q.Step, c.At.Unix(), c.At.Unix()
	m.alert.By, m.alert.Second, m.alert.Source, m.alert.Asked = q.By, c.Person.UserID, q.Source, nil
	m.alert.N++
	out := m.outcome()
	hold := store.DueAt(holdKind, m.pack.Name, c.At.Add(m.levels.Hold))
	if q.Step == "" {
		hold = store.DueDone(holdKind, m.pack.Name)
	}
	out.Changes = append(out.Changes, hold)
	asks := m.asks()
	for _, ask := range asks {
		out.Changes = append(out.Changes, store.DueAt(askKind, askID(m.pack.Name, m.alert.N, ask.Form, 0), c.At.Add(ask.Within)))
	}
	pushes, told, err := f.begin(ctx, m, asks, c.Person.UserID)
	if err != nil {
		return handlers.Outcome{}, err
	}
	out.Pushes = pushes
	reply := fmt.Sprintf("%s，%s起。", m.name(q.Step), c.At.In(c.Street.Location).Format("15:04"))
	if told > 0 {
		reply += fmt.Sprintf("已请%d个居民区%s内回%s。", told, within(asks[0].Within), asks[0].Form)
	}
	out.Reply = handlers.Say(strings.Join(append([]string{reply}, m.paces()...), "\n"))
	return out, nil
}

// asks is what units are asked by the change to the level that holds: going up, what each
// level on the way asks, a form once and at the latest level's terms; going down, nothing;
// when it is over, what the end asks.
func (m *matter) asks() []config.Ask {
	if m.alert.Step == "" {
		return m.levels.Lifted.Asks
	}
	var out []config.Ask
	for _, l := range m.levels.Steps {
		if !m.levels.Above(l.Name, m.alert.Was) || m.levels.Above(l.Name, m.alert.Step) {
			continue
		}
		for _, a := range l.Asks {
			out = append(slices.DeleteFunc(out, func(b config.Ask) bool { return a.Form == b.Form }), a)
		}
	}
	slices.SortStableFunc(out, func(a, b config.Ask) int { return cmp.Compare(a.Within, b.Within) })
	return out
}

// paces are the rhythms of the level that holds, one a line.
func (m *matter) paces() []string {
	var out []string
	if l := m.levels.Step(m.alert.Step); l != nil {
		for _, p := range l.Paces {
			out = append(out, p.Form+"："+rhythm(p))
		}
	}
	return out
}

// begin tells everybody once in the group, and each unit alone what it is asked. told is how
// many units there are to answer.
func (f *Family) begin(ctx context.Context, m *matter, asks []config.Ask, but string) (out []store.Push, told int, err error) {
	say := m.levels.Lifted.Say
	if l := m.levels.Step(m.alert.Step); l != nil {
		say = l.Say
	}
	head := fmt.Sprintf("【%s】%s。%s", m.name(m.alert.Step), m.alert.Source, say)
	text := strings.Join(append([]string{head}, m.paces()...), "\n")
	kinds := []config.ChatKind{m.levels.Chat, config.ChatLeaders, config.ChatDutyDesk}
	for i, kind := range kinds {
		if slices.Index(kinds, kind) != i {
			continue
		}
		for _, chat := range m.Dir.ChatsOf(m.Street, kind) {
			out = append(out, handlers.PushAt(handlers.ToChat(chat.Name), handlers.Emergency, handlers.Say(text), m.At))
		}
	}
	if m.alert.By != but {
		out = append(out, handlers.PushAt(handlers.ToPerson(m.alert.By), handlers.Emergency, handlers.Say(m.name(m.alert.Step)+"，确认了。"), m.At))
	}
	if len(asks) == 0 {
		return out, 0, nil
	}
	absent, err := f.absent(ctx, m.Desk)
	if err != nil {
		return nil, 0, err
	}
	for _, unit := range m.Dir.Units(m.Street) {
		people, err := m.answerers(unit.Name, asks[0], absent)
		if err != nil {
			return nil, 0, err
		}
		if len(people) > 0 {
			told++
		}
		for _, p := range people {
			out = append(out, handlers.PushAt(handlers.ToPerson(p.UserID), handlers.Emergency, m.card(asks), m.At))
		}
	}
	return out, told, nil
}

// card is what a unit hears: the level, and what to answer until when, with a button for
// each answer where the form is a single choice.
func (m *matter) card(asks []config.Ask) handlers.Content {
	lines := []string{fmt.Sprintf("【%s】%s", m.name(m.alert.Step), m.alert.Source)}
	var buttons []handlers.Button
	for i, a := range asks {
		form := m.pack.FormOn(a.Form, m.Day)
		if form == nil {
			continue
		}
		lines = append(lines, fmt.Sprintf("请%s内回：%s", within(a.Within), strings.TrimPrefix(example(form, ""), "/")))
		if fields := form.Asked(); i == 0 && len(fields) == 1 {
			for _, o := range fields[0].Options {
				buttons = append(buttons, handlers.Button{Text: o.Name, Line: "/" + form.Name + " " + o.Name, Primary: len(buttons) == 0})
			}
		}
	}
	out := handlers.Say(strings.Join(lines, "\n"))
	if len(buttons) > 0 && len(buttons) <= 6 {
		out.Card = &handlers.Card{
			Task: fmt.Sprintf("level-%s-%d-%s", m.pack.Name, m.alert.N, "a"), Title: m.name(m.alert.Step), Desc: fmt.Sprintf("%s内回%s", within(asks[0].Within), asks[0].Form),
			Body: strings.Join(lines[1:], "\n"), Buttons: buttons,
		}
	}
	return out
}

// roles are roles as they are said.
func roles(list []config.Role) string {
	var out []string
	for _, r := range list {
		out = append(out, string(r))
	}
	return strings.Join(out, "、")
}
