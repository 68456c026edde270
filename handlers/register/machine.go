package register

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"juwei/config"
	"juwei/handlers"
)

// turn moves the entry to the state the line names, or the one the act leads to.
func (w *bench) turn(now, old *Entry) error {
	want := w.o.Picked
	f := w.figures(w.d, now, old, w.o.To)
	if want == "" && !slices.Contains(w.act.Stay, now.State) {
		for i, t := range w.act.Turns {
			if (len(t.Words) == 0 || w.o.Turn == i+1) && f.holds(t.When) {
				want = t.To
				break
			}
		}
	}
	if want == "" || want == now.State {
		return nil
	}
	if err := w.allowed(now, f, want); err != nil {
		return err
	}
	w.enter(now, want)
	return nil
}

// allowed refuses a move that the register does not know, or not yet, or not by this person.
func (w *bench) allowed(now *Entry, f figures, want string) error {
	name := w.o.To.Name
	move := w.Move(now.State, want, w.act.Name)
	if move == nil {
		var to []string
		for _, s := range w.States {
			if w.Move(now.State, s.Name, w.act.Name) != nil {
				to = append(to, s.Name)
			}
		}
		way := "现在只能等它自己变。"
		if len(to) > 0 {
			way = "可以变成：" + strings.Join(to, "、")
		}
		return handlers.Refusef(way, "%s现在是%s，不能变成%s，没有动。", name, w.called(now.State), w.called(want))
	}
	if len(move.By) > 0 && !w.by.Has(move.By...) {
		return handlers.Refusef("请告诉"+w.Owner+"或值班室。", "%s变成%s要由%s来定，没有动。", name, w.called(want), roles(move.By))
	}
	yes := func(field string) bool { return field != "" && now.Values[field] == 1 }
	if day := f.on(move.After); move.After != nil && !yes(move.Unless) && (day == "" || f.street.Day(f.at) < day) {
		if day == "" {
			return handlers.Refusef("看登记："+w.lookUp(w.o.To), "%s还缺%s，算不出哪天满，没有动。", name, strings.Join(w.roots(move.After), "、"))
		}
		way := ""
		if move.Unless != "" {
			way = fmt.Sprintf("如已经有%s，发：/%s %s 有%s", move.Unless, w.act.Name, w.lineFor(want), w.shortest(move.Unless))
		}
		return handlers.Refusef(way, "%s还差%d天（%s满），没有变%s。", name, dayNumber(day)-dayNumber(f.street.Day(f.at)), day.Label(), want)
	}
	if move.Proof != "" && !yes(move.Proof) {
		return handlers.Refusef(fmt.Sprintf("有了发：/%s %s 有%s", w.act.Name, w.lineFor(want), w.shortest(move.Proof)), "%s要有%s才能变%s，没有动。", name, move.Proof, want)
	}
	if move.Reason && w.o.Why == "" {
		return handlers.Refusef("例：/"+w.act.Name+" "+w.lineFor(want)+" 原因……", "%s变成%s要写一句原因，没有动。", name, want)
	}
	return nil
}

// lineFor is what the act's line names: the key, and the state where the act picks one.
func (w *bench) lineFor(want string) string {
	if w.act.Picks {
		return w.o.To.Line + " " + want
	}
	return w.o.To.Line
}

// called is a state with what it means: 蓝（外省返沪14天内）.
func (b *book) called(state string) string {
	if s := b.State(state); s != nil && s.Title != "" {
		return state + "（" + s.Title + "）"
	}
	return state
}

// roots are the asked fields an expression rests on.
func (b *book) roots(e *config.Expr) []string {
	var out []string
	for _, name := range e.Names() {
		x := b.Field(name)
		switch {
		case x == nil:
		case x.Derive != nil:
			out = append(out, b.roots(x.Derive)...)
		default:
			out = append(out, x.Name)
		}
	}
	return out
}

// shortest is the shortest word for a field.
func (b *book) shortest(field string) string {
	best := field
	for _, a := range b.Field(field).Aliases {
		if len(a) < len(best) {
			best = a
		}
	}
	return best
}

// enter puts the entry into a state.
func (w *bench) enter(now *Entry, want string) {
	now.Turns = append(now.Turns, Turn{At: w.d.At.Unix(), From: now.State, To: want})
	now.State, now.Since, now.Told = want, w.d.At.Unix(), nil
}

// check holds the entry against the register's rules, as far as they are about what the act
// has changed.
func (w *bench) check(now, old *Entry) (*question, error) {
	f := w.figures(w.d, now, old, w.o.To)
	for i, c := range w.Checks {
		if !w.touches(c.Rule, now, old) {
			continue
		}
		holds, known := c.Rule.Eval(f.get)
		if !known || holds {
			continue
		}
		what, way := f.say(c.Say), f.say(c.Fix)
		if c.Hard {
			if way == "" {
				way = "例：" + w.act.Example
			}
			return nil, handlers.Refuse(what, way)
		}
		if id := fmt.Sprintf("check/%d", i); !w.o.sure(id) {
			return &question{Kind: askSure, What: id, Text: what}, nil
		}
	}
	return nil, nil
}

// touches reports whether a rule names a figure that differs from before.
func (w *bench) touches(r *config.Rule, now, old *Entry) bool {
	differs := func(name string) bool {
		a, had := w.figures(w.d, now, old, w.o.To).get(name)
		b, has := w.figures(w.d, old, nil, w.o.To).get(name)
		return had != has || a != b
	}
	return slices.ContainsFunc(r.Names(), func(name string) bool {
		if base, ok := strings.CutPrefix(name, config.Before); ok && w.Field(name) == nil {
			name = base
		}
		return differs(name)
	})
}

// apart refuses a range that overlaps another entry's, and more than a quota allows.
func (w *bench) apart(now *Entry) error {
	for _, a := range w.Apart {
		span, ok := now.Values[a.Field]
		_, given := w.o.Values[a.Field]
		moment := w.momentary(a.Field)
		if !ok || moment && !given || !moment && span == w.old.Values[a.Field] {
			continue
		}
		from, to := config.Ends(span)
		taken := slices.Clone(w.old.Spans[a.Field])
		for _, e := range w.rest {
			if !w.alike(now, e, a.Within) || w.final(e.State) && e.State != now.State {
				continue
			}
			taken = append(taken, e.Spans[a.Field]...)
			if other, has := e.Values[a.Field]; has {
				taken = append(taken, other)
			}
		}
		if moment {
			if now.Spans == nil {
				now.Spans = map[string][]int{}
			}
			now.Spans[a.Field] = append(slices.Clone(now.Spans[a.Field]), span)
		}
		top := 0
		for _, other := range taken {
			_, t := config.Ends(other)
			top = max(top, t)
		}
		for _, other := range taken {
			if f, t := config.Ends(other); from <= t && f <= to {
				return handlers.Refusef("从"+fmt.Sprint(top+1)+"号往后没有人用，改了再发。", "%s%d-%d和已经登的%d-%d重了，什么也没记。", a.Field, from, to, f, t)
			}
		}
	}
	f := w.figures(w.d, now, w.old, w.o.To)
	for _, q := range w.Quotas {
		total := 0
		count := func(e *Entry) int {
			switch {
			case len(q.In) > 0 && !slices.Contains(q.In, e.State):
				return 0
			case q.Sum == "":
				return 1
			}
			return e.Values[q.Sum]
		}
		for _, e := range w.rest {
			if w.alike(now, e, q.Within) {
				total += count(e)
			}
		}
		if before := total; total+count(now) > q.Max && (w.old.rev == 0 || count(now) > count(w.old)) {
			f.left = fmt.Sprint(max(0, q.Max-before))
			return handlers.Refuse(f.say(q.Say), f.say(q.Fix))
		}
	}
	return nil
}

// alike reports whether two entries agree in the named fields.
func (w *bench) alike(a, b *Entry, within []string) bool {
	for _, name := range within {
		switch x := w.Field(name); {
		case name == config.OfUnit && a.Unit != b.Unit:
			return false
		case name == config.OfUnit:
		case x.Number() && a.Values[name] != b.Values[name], !x.Number() && a.Texts[name] != b.Texts[name]:
			return false
		}
	}
	return true
}

// alarm finds the figures about which somebody must hear at once.
func (w *bench) alarm(now, old *Entry, v *verdict) {
	f := w.figures(w.d, now, old, w.o.To)
	f.lacks, f.result = w.o.Lacks, ""
	was := w.figures(w.d, old, nil, w.o.To)
	source := func(part string) string { return w.Name + "/" + w.key(&w.o) + "/" + part }
	if w.Sealed() {
		source = func(part string) string { return w.Name + "/" + w.old.field + "/" + part }
	}
	if w.o.Checked {
		for _, it := range w.pack.Cases.List(w.List).Items {
			lacking := slices.Contains(w.o.Lacks, it.Name)
			if before, known := old.Values[it.Name]; lacking || known && before == 0 {
				m := handlers.Matter{Type: it.Type, Unit: w.o.To.Unit, Place: w.o.To.Name, Text: "缺" + it.Name, By: w.by.UserID, Source: source(it.Name)}
				if !lacking {
					m.Text, m.Over = it.Name+"有了", true
				}
				v.opens = append(v.opens, m)
			}
		}
	}
	for i, a := range w.act.Alarms {
		rings := slices.Contains(w.o.Alarms, i)
		over := false
		switch {
		case rings:
		case a.When != nil:
			rings = f.holds(a.When)
			over = !rings && old.rev > 0 && was.holds(a.When)
			rings = rings && !(a.Fresh && old.rev > 0 && was.holds(a.When))
		case a.Field != "":
			rings = slices.ContainsFunc(w.given(a.Field), func(n int) bool { return a.From > 0 && n >= a.From || a.Below > 0 && n < a.Below })
		}
		if !rings && !over {
			continue
		}
		if a.Case != "" {
			m := handlers.Matter{Type: a.Case, Unit: w.o.To.Unit, Text: f.say(a.Text), By: w.by.UserID, Source: source(fmt.Sprint(i)), Over: over}
			if over {
				m.Text = w.thing(&w.o) + "现在好了"
			}
			if m.Place = w.thing(&w.o); w.Key.Of == config.KeyUnit {
				m.Place = strings.TrimPrefix(m.Place, w.o.To.Unit)
			}
			if w.Sealed() { // two households are two matters
				m.Place = w.o.To.Masked
			}
			v.opens = append(v.opens, m)
		}
		if over {
			continue
		}
		v.rang = append(v.rang, a)
		if a.To != "" && a.To != now.State && w.Move(now.State, a.To, w.act.Name) != nil {
			w.enter(now, a.To)
		}
		if a.Recheck > 0 {
			now.Ask, now.Asking = w.d.At.Add(a.Recheck).Unix(), f.say(a.Prompt)
		}
	}
}

// given are the figures of a field that the line holds.
func (w *bench) given(field string) []int {
	var out []int
	if x := w.followed(); x != nil && x.Name == field {
		for _, r := range w.o.Readings {
			out = append(out, r.N)
		}
	}
	if n, ok := w.o.Values[field]; ok {
		out = append(out, n)
	}
	return out
}

// record enters a follow-up's readings under their day and slot.
func (w *bench) record(now *Entry, v *verdict) error {
	fw := w.Follow(w.act.Follow)
	if fw == nil {
		return nil
	}
	f := w.figures(w.d, now, w.old, w.o.To)
	if !w.runs(f, fw) {
		return handlers.Refusef("看登记："+w.lookUp(w.o.To), "%s不在%s（现在是%s），不用再记。", w.o.To.Name, fw.Name, w.called(now.State))
	}
	round := now.Round[fw.Name]
	if round.Marks == nil {
		round.Marks = map[string]string{}
	}
	if round.From == 0 {
		round.From = w.d.At.Unix()
	}
	x := w.followed()
	now.Ask, now.Asking = 0, ""
	by := map[string][]string{}
	var said []string
	last := -2
	for _, r := range w.o.Readings {
		key := w.slotKey(fw, r.Slot)
		by[key] = append(by[key], x.Format(r.N))
		if r.Slot >= 0 && r.Slot != last {
			said = append(said, fw.Slots[r.Slot].Name+x.Format(r.N))
		} else {
			said = append(said, x.Format(r.N))
		}
		last = r.Slot
		now.Values[x.Name] = max(now.Values[x.Name], r.N)
	}
	if len(w.o.Readings) > 0 {
		now.Values[x.Name] = slices.Max(w.given(x.Name))
	} else {
		by[w.slotKey(fw, -1)] = []string{fw.Fine[0]}
		said = []string{fw.Fine[0] + "（没报具体值）"}
	}
	for key, values := range by {
		round.Marks[key] = strings.Join(values, " ")
	}
	now.Round[fw.Name] = round
	v.result = strings.Join(said, " ")
	return nil
}

// slotKey is the day and slot a reading belongs to; one that has not begun today was
// yesterday's.
func (w *bench) slotKey(fw *config.Follow, slot int) string {
	at := w.d.At.In(w.d.Street.Location)
	c := config.Clock(at.Hour()*60 + at.Minute())
	day := w.d.Day
	if slot < 0 {
		slot = fw.Slot(c)
	} else if fw.Slots[slot].From > c {
		day = day.Add(-1)
	}
	return markKey(day, slot)
}

func markKey(d config.Day, slot int) string { return fmt.Sprintf("%s/%d", d, slot) }

// runs reports whether a follow-up is going on for the entry.
func (b *book) runs(f figures, w *config.Follow) bool {
	if f.now.rev == 0 && f.now.Born == 0 || f.now.Gone != "" || len(w.In) > 0 && !slices.Contains(w.In, f.now.State) {
		return false
	}
	if w.Until == nil {
		return true
	}
	until := f.on(w.Until)
	return until != "" && f.street.Day(f.at) < until
}

// settle starts, restarts and stops the follow-ups.
func (w *bench) settle(now, old *Entry) {
	f, was := w.figures(w.d, now, old, w.o.To), w.figures(w.d, old, nil, w.o.To)
	for _, fw := range w.Follows {
		r, going := now.Round[fw.Name]
		switch {
		case !w.runs(f, fw):
			delete(now.Round, fw.Name)
		case !going:
			now.Round[fw.Name] = Round{From: w.d.At.Unix()}
		case old.rev > 0 && f.begun(fw, r) != was.begun(fw, r): // a new exposure
			now.Round[fw.Name] = Round{From: w.d.At.Unix()}
		}
	}
	if len(now.Round) == 0 {
		now.Ask, now.Asking = 0, ""
	}
}

// lacking lists the slots of today that are overdue for an entry.
func (b *book) lacking(f figures, w *config.Follow) []config.FollowSlot {
	r, going := f.now.Round[w.Name]
	if !going || !b.runs(f, w) {
		return nil
	}
	today := f.street.Day(f.at)
	var out []config.FollowSlot
	for i, s := range w.Slots {
		by := f.street.At(today, s.By)
		if by.After(f.at) || !time.Unix(r.From, 0).Before(by) || r.Marks[markKey(today, i)] != "" {
			continue
		}
		out = append(out, s)
	}
	return out
}

func roles(list []config.Role) string {
	var out []string
	for _, r := range list {
		out = append(out, string(r))
	}
	return strings.Join(out, "、")
}
