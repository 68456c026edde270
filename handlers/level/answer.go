package level

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/store"
)

// replies is who has answered what a level asks.
type replies struct {
	all     []string // the units, in their order
	missing []string // those that have not
	cannot  []string // of these, those that say they cannot
}

// replies counts the answers that came in since the level began.
func (f *Family) replies(ctx context.Context, m *matter, ask config.Ask) (replies, error) {
	form := m.pack.FormOn(ask.Form, m.Day)
	if form == nil {
		return replies{}, fmt.Errorf("level of %s asks for %s: %w", m.pack.Name, ask.Form, errNoForm)
	}
	b := m.Read()
	var reads []func() ([]handlers.Filed, error)
	for day := m.Street.Day(m.alert.Began()); day <= m.Day && len(reads) < 8; day = day.Add(1) {
		reads = append(reads, f.tally(b, form, day))
	}
	if err := b.Run(ctx); err != nil {
		return replies{}, fmt.Errorf("read answers %s: %w", ask.Form, err)
	}
	said := map[string]bool{} // by unit: true = it is there
	for _, read := range reads {
		filed, err := read()
		if err != nil {
			return replies{}, err
		}
		for _, one := range filed {
			if !one.At.Before(m.alert.Began()) {
				said[one.Unit] = !ask.Declined(form, one.Values)
			}
		}
	}
	var out replies
	for _, u := range m.Dir.Units(m.Street) {
		out.all = append(out.all, u.Name)
		there, answered := said[u.Name]
		if !there {
			out.missing = append(out.missing, u.Name)
		}
		if answered && !there {
			out.cannot = append(out.cannot, u.Name)
		}
	}
	return out, nil
}

// within is what of it the caller may hear: a liaison the own units.
func (r replies) within(c *handlers.Call) replies {
	if !c.Person.Has(config.RoleLiaison) {
		return r
	}
	own := c.Dir.UnitsUnder(c.Street, c.Person)
	outside := func(u string) bool { return !slices.Contains(own, u) }
	return replies{slices.DeleteFunc(r.all, outside), slices.DeleteFunc(r.missing, outside), r.cannot}
}

// line is 应答17/19，还没：文苑、站前（到不了）.
func (r replies) line(form string) string {
	line := fmt.Sprintf("%s%d/%d", form, len(r.all)-len(r.missing), len(r.all))
	if len(r.missing) == 0 {
		return line
	}
	return line + "，还没：" + r.names(r.missing)
}

// names are units, those that cannot marked.
func (r replies) names(units []string) string {
	var out []string
	for _, u := range units {
		if slices.Contains(r.cannot, u) {
			u += "（来不了）"
		}
		out = append(out, u)
	}
	return strings.Join(out, "、")
}

// askID names the due item about an ask: which pack, the how manieth level, which form, and
// how many have been called about it.
func askID(pack string, n int, form string, called int) string {
	return fmt.Sprintf("%s|%d|%s|%d", pack, n, form, called)
}

// unanswered is the end of the time to answer: who has not is asked again, and the next of
// the chain hears of it.
func (f *Family) unanswered(ctx context.Context, it *handlers.Item) (handlers.Outcome, error) {
	parts := strings.Split(it.ID, "|")
	if len(parts) != 4 {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	n, err := strconv.Atoi(parts[1])
	called, err2 := strconv.Atoi(parts[3])
	m, err3 := running(ctx, &it.Desk, parts[0])
	switch {
	case err3 != nil:
		return handlers.Outcome{}, err3
	case err != nil || err2 != nil || m.alert.N != n:
		return handlers.Outcome{}, handlers.ErrNothing // the level is another by now
	}
	ask, ok := m.ask(parts[2])
	if !ok {
		return handlers.Outcome{}, handlers.ErrNothing
	}
	r, err := f.replies(ctx, m, ask)
	if err != nil {
		return handlers.Outcome{}, err
	}
	out := handlers.Outcome{Require: []store.Guard{m.guard()}}
	if len(r.missing) == 0 {
		if called == 0 {
			out.Pushes = m.inDuty(fmt.Sprintf("%s：%s，都应了。", m.name(m.alert.Step), r.line(ask.Form)), handlers.Notice)
		}
		return out, nil
	}
	if out.Pushes, err = f.again(ctx, m, ask, r); err != nil {
		return handlers.Outcome{}, err
	}
	if called < len(ask.Chain) {
		to, err := f.reach(ctx, m, ask.Chain[called], r.missing)
		if err != nil {
			return handlers.Outcome{}, err
		}
		for _, id := range slices.Sorted(maps.Keys(to)) {
			out.Pushes = append(out.Pushes, handlers.PushAt(handlers.ToPerson(id), handlers.Emergency, handlers.Say(m.call(ask, r, to[id], called)), it.At))
		}
		if called == 0 {
			out.Pushes = append(out.Pushes, m.inDuty(fmt.Sprintf("%s：过了%s，%s", m.name(m.alert.Step), within(ask.Within), r.line(ask.Form)), handlers.Emergency)...)
		}
		if called+1 < len(ask.Chain) {
			out.Changes = append(out.Changes, store.DueAt(askKind, askID(m.pack.Name, n, ask.Form, called+1), it.At.Add(ask.Within)))
		}
	}
	return out, nil
}

// ask is what the change to the level asks by a form.
func (m *matter) ask(form string) (config.Ask, bool) {
	asks := m.asks()
	i := slices.IndexFunc(asks, func(a config.Ask) bool { return a.Form == form })
	if i < 0 {
		return config.Ask{}, false
	}
	return asks[i], true
}

// again asks the units that have not answered once more.
func (f *Family) again(ctx context.Context, m *matter, ask config.Ask, r replies) ([]store.Push, error) {
	absent, err := f.absent(ctx, m.Desk)
	if err != nil {
		return nil, err
	}
	kind := handlers.Nudge
	if len(ask.Chain) > 0 {
		kind = handlers.Emergency
	}
	form := m.pack.FormOn(ask.Form, m.Day)
	var out []store.Push
	for _, unit := range r.missing {
		if slices.Contains(r.cannot, unit) {
			continue
		}
		people, err := m.answerers(unit, ask, absent)
		if err != nil {
			return nil, err
		}
		for _, p := range people {
			out = append(out, handlers.PushAt(handlers.ToPerson(p.UserID), kind, handlers.Say(fmt.Sprintf("%s，还没收到您的%s，请回：%s", m.name(m.alert.Step), ask.Form, strings.TrimPrefix(example(form, ""), "/"))), m.At))
		}
	}
	return out, nil
}

// call is what one of the chain hears about the units that are theirs to call.
func (m *matter) call(ask config.Ask, r replies, units []string, called int) string {
	form := m.pack.FormOn(ask.Form, m.Day)
	how := fmt.Sprintf("请打电话；打通了代报：%s", example(form, units[0]))
	if called > 0 && called == len(ask.Chain)-1 {
		how = "电话也没人接的，请派人上门看一看。"
	}
	return fmt.Sprintf("%s：%d个居民区没%s：%s。%s", m.name(m.alert.Step), len(units), ask.Form, r.names(units), how)
}

// example is a line to copy, for a unit by its own people or, with its name, by others: /应答
// 到, /应答 站前 到, /灾后 站前 ….
func example(form *config.Form, unit string) string {
	fields := form.Asked()
	switch sole := len(fields) == 1 && len(fields[0].Options) > 0; {
	case sole && unit == "":
		return "/" + form.Name + " " + fields[0].Example
	case sole:
		return "/" + form.Name + " " + unit + " " + fields[0].Example
	case unit == "":
		return form.Example()
	}
	return "/" + form.Name + " " + unit + " …"
}

// reach is who of a role hears about which units: a liaison and an area's leader of their
// own, anybody else of all.
func (f *Family) reach(ctx context.Context, m *matter, role config.Role, units []string) (map[string][]string, error) {
	out := map[string][]string{}
	switch role {
	case config.RoleLiaison, config.RoleAreaLeader:
		for _, u := range units {
			area, _ := m.Street.AreaOf(u)
			id := area.Liaison
			if role == config.RoleAreaLeader {
				id = area.Leader
			}
			if id != "" {
				out[id] = append(out[id], u)
			}
		}
	case config.RoleDutyDesk:
		ids, err := f.desk(ctx, m.Desk)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			out[id] = units
		}
	default:
		for _, p := range m.Dir.PeopleOf(m.Street, role) {
			out[p.UserID] = units
		}
	}
	return out, nil
}

// inDuty says something in the duty desk's group, which may hear who is missing.
func (m *matter) inDuty(text string, kind handlers.PushKind) []store.Push {
	var out []store.Push
	for _, chat := range m.Dir.ChatsOf(m.Street, config.ChatDutyDesk) {
		out = append(out, handlers.PushAt(handlers.ToChat(chat.Name), kind, handlers.Say(text), m.At))
	}
	return out
}

// answerers is who is asked for a unit: those with the first of the form's roles that
// somebody has who does not rest. In an alarm who rests is asked where there is nobody else.
func (m *matter) answerers(unit string, ask config.Ask, absent map[string]bool) ([]config.Person, error) {
	form := m.pack.FormOn(ask.Form, m.Day)
	if form == nil {
		return nil, fmt.Errorf("level of %s asks for %s: %w", m.pack.Name, ask.Form, errNoForm)
	}
	for _, role := range form.Who {
		people := slices.DeleteFunc(slices.Clone(m.Dir.InUnit(m.Street, unit, role)), func(p config.Person) bool { return absent[p.UserID] })
		if len(people) > 0 {
			return people, nil
		}
	}
	return m.Dir.InUnit(m.Street, unit, form.Who...), nil
}

// absent reads who rests.
func (f *Family) absent(ctx context.Context, d *handlers.Desk) (map[string]bool, error) {
	if f.Away == nil {
		return nil, nil
	}
	b := d.Read()
	read := f.Away(d, b)
	if err := b.Run(ctx); err != nil {
		return nil, fmt.Errorf("read who rests: %w", err)
	}
	return read()
}

// Dues is what the caller's unit has been asked and has not answered. It implements
// handlers.AskDues.
func (f *Family) Dues(ctx context.Context, c *handlers.Call) ([]handlers.Due, error) {
	var out []handlers.Due
	for _, p := range c.Packs() {
		if p.Levels == nil || c.Person.Unit == "" {
			continue
		}
		m := &matter{&c.Desk, p, p.Levels, c.Dir.Alert(c.Street, p.Name)}
		if m.alert.N == 0 {
			continue
		}
		for _, ask := range m.asks() {
			form := p.FormOn(ask.Form, c.Day)
			until := m.alert.Began().Add(ask.Within)
			if form == nil || !c.Person.Has(form.Who...) || m.alert.Step == "" && c.At.After(until.Add(ask.Within)) {
				continue
			}
			r, err := f.replies(ctx, m, ask)
			if err != nil {
				return nil, err
			}
			if slices.Contains(r.missing, c.Person.Unit) && !slices.Contains(r.cannot, c.Person.Unit) {
				out = append(out, handlers.Due{Text: fmt.Sprintf("%s（%s前）", ask.Form, m.clock(until)), Line: example(form, "")})
			}
		}
	}
	return out, nil
}
