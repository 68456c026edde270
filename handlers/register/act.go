package register

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"juwei/config"
	"juwei/handlers"
	"juwei/handlers/syntax"
	"juwei/store"
)

// run is a command of a register: from the line to the receipt, or to the one question.
func (f *Family) run(ctx context.Context, c *handlers.Call, b *book, a *config.Act) (handlers.Outcome, error) {
	text := strings.TrimSpace(c.Rest)
	if b.placed() {
		units := b.reach(&c.Desk, c.Person)
		if b.nowhere(units) {
			return handlers.Outcome{}, handlers.Refusef("有的话，请管理员登记一下。", "%s没有登记这样的地方，用不着发 /%s。", units[0].Name, a.Name)
		}
		own := *a
		own.Example = b.own(units, a.Example)
		a = &own
	}
	if text == "" {
		return handlers.Outcome{}, handlers.Refusef("照这样发："+a.Example, "%s。还没有记。", a.Summary)
	}
	if a.Draw != nil {
		return f.lots(ctx, c, b, a, text)
	}
	if fw := b.Follow(a.Follow); fw != nil {
		if rest, ok := allOf(fw, text); ok {
			return f.fine(ctx, c, b, a, fw, rest)
		}
	}
	to, rest, err := b.find(c, b.reach(&c.Desk, c.Person), text, a.Example)
	if err != nil {
		return handlers.Outcome{}, err
	}
	if a.HandOver {
		return f.handOver(ctx, c, b, a, to, rest)
	}
	orders, err := b.understand(c, a, to, rest)
	if err != nil {
		return handlers.Outcome{}, err
	}
	return f.carry(ctx, c, b, a, orders)
}

// allOf reads the words that mean every entry: 全正常. rest is what stands before them.
func allOf(fw *config.Follow, text string) (rest string, ok bool) {
	text = strings.TrimRight(syntax.Normalise(text), " 。.!！,，")
	for _, w := range fw.All {
		if rest, ok := strings.CutSuffix(text, w); ok && !strings.ContainsAny(rest, "0123456789") {
			return strings.TrimSpace(rest), true
		}
	}
	return "", false
}

// understand reads what a line says of its target: one order, or one for each item it names.
func (b *book) understand(c *handlers.Call, a *config.Act, to target, text string) ([]order, error) {
	if a.Check {
		o, err := b.checklist(a, to, text)
		return []order{o}, err
	}
	r := b.acts[a.Name]
	text, why := reason(text)
	line := r.read.Read(text, c.Day.Time(c.Street.Location))
	if b.Key.Of == config.KeySpot {
		lead, _, _ := strings.Cut(line.Lead, " ")
		to.Key += lead
		to.Name, to.Masked, to.Line = to.Key, to.Key, to.Key
		if to.Key == "" {
			return nil, handlers.Refusef("例："+a.Example, "没看出是哪一处，什么也没记。%s", "请写上小区。")
		}
	}
	if len(line.Unknown) > 0 {
		return nil, handlers.Refusef("照这样写："+a.Example, "“%s”没看懂，什么也没记。", handlers.Quote(line.Unknown[0]))
	}
	base := order{Pack: b.pack.Name, Register: b.Name, Act: a.Name, To: to, Why: why}
	orders := []order{base}
	slot := -1
	for _, s := range line.Said {
		if s.Mark < 0 && a.Each != "" && r.slots[s.Slot].Name == a.Each {
			if _, begun := orders[len(orders)-1].Values[a.Each]; begun {
				orders = append(orders, base)
				slot = -1
			}
		}
		if err := b.hear(&orders[len(orders)-1], r, s, &slot); err != nil {
			return nil, err
		}
	}
	return orders, nil
}

// hear enters one thing said into an order.
func (b *book) hear(o *order, r *actReader, s syntax.Said, slot *int) error {
	if s.Mark >= 0 {
		switch m := r.marks[s.Mark]; m.kind {
		case markState:
			if o.Picked != "" && o.Picked != m.name {
				return handlers.Refusef("只写一个再发。", "“%s”和“%s”，是哪一个？什么也没记。", o.Picked, m.name)
			}
			o.Picked = m.name
		case markSlot:
			*slot = m.n
		case markFine:
			o.Fine = true
		case markTurn:
			o.Turn = m.n + 1
		case markAlarm:
			o.Alarms = append(o.Alarms, m.n)
		}
		return nil
	}
	x := r.slots[s.Slot]
	if fw := b.Follow(r.act.Follow); fw != nil && x.Name == fw.Field {
		o.Readings = append(o.Readings, reading{Slot: *slot, N: s.Int, Sure: s.Sure})
		return nil
	}
	if !x.Number() {
		if o.Texts == nil {
			o.Texts = map[string]string{}
		}
		o.Texts[x.Name] = s.Text
		return nil
	}
	n := s.Int
	switch x.Kind {
	case config.KindDate:
		n = config.Day(s.At.Format("2006-01-02")).Number()
	case config.KindRange:
		n = config.Span(s.From, s.To)
	}
	if o.Values == nil {
		o.Values = map[string]int{}
	}
	if old, twice := o.Values[x.Name]; twice && old != n {
		if !x.Many {
			return handlers.Refusef("只写一个再发。", "%s写了两个：%s和%s，什么也没记。", x.Name, x.Format(old), x.Format(n))
		}
		n = max(n, old)
	}
	o.Values[x.Name] = n
	return nil
}

// reason cuts off what is said behind 原因 or 因为; other words are not kept.
func reason(text string) (rest, why string) {
	for _, w := range []string{"原因", "因为"} {
		if rest, why, ok := strings.Cut(text, w); ok {
			return rest, handlers.Clip(strings.Trim(why, " ：:，,是\n"), 30)
		}
	}
	return text, ""
}

// checklist reads 5有缺2，登记本、测温.
func (b *book) checklist(a *config.Act, to target, text string) (order, error) {
	o := order{Pack: b.pack.Name, Register: b.Name, Act: a.Name, To: to, Checked: true}
	list := b.pack.Cases.List(b.List)
	var words []syntax.Word
	var names []string
	for _, it := range list.Items {
		words = append(words, syntax.Word{Name: it.Name, Aliases: it.Aliases})
		names = append(names, it.Name)
	}
	missing, ok := syntax.Checklist(text, words)
	if !ok {
		return o, handlers.Refusef("例："+a.Example+"，都有就发：/"+a.Name+" "+to.Line+" 全有", "缺哪几样没看懂，没有记。%s：%s。", list.Title, strings.Join(names, "、"))
	}
	o.Lacks = missing
	return o, nil
}

// deed is one order on its way.
type deed struct {
	bench
	verdict
	also   []store.Change // what its number costs
	guards []store.Guard  // what its number rests on
}

// carry decides the orders of one line and keeps them all, or asks the first question, or
// refuses them all.
func (f *Family) carry(ctx context.Context, c *handlers.Call, b *book, a *config.Act, orders []order) (handlers.Outcome, error) {
	var deeds []*deed
	for i := range orders {
		if err := f.rounds(ctx, c, b, &orders[i]); err != nil {
			return handlers.Outcome{}, err
		}
		if q := b.keyed(a, &orders[i]); q != nil {
			return f.ask(ctx, c, b, pending{Orders: orders, At: i, Question: *q})
		}
		w := &deed{bench: bench{book: b, d: &c.Desk, by: c.Person, act: a, o: orders[i]}}
		var err error
		if w.old, err = b.load(ctx, &c.Desk, b.key(&w.o), w.o.To.Unit); err != nil {
			return handlers.Outcome{}, err
		}
		if len(b.Apart)+len(b.Quotas) > 0 {
			if w.rest, err = b.others(ctx, &c.Desk, w.old.field); err != nil {
				return handlers.Outcome{}, err
			}
		}
		if err := f.number(ctx, c, w); err != nil {
			return handlers.Outcome{}, err
		}
		if w.verdict, err = w.decide(); err != nil {
			return handlers.Outcome{}, err
		}
		if w.ask != nil {
			return f.ask(ctx, c, b, pending{Orders: orders, At: i, Question: *w.ask})
		}
		if slices.ContainsFunc(deeds, func(x *deed) bool { return x.book == b && x.old.field == w.old.field }) {
			return handlers.Outcome{}, handlers.Refusef("合成一个数，或分两条发。", "%s写了两次，什么也没记。", b.thing(&w.o))
		}
		deeds = append(deeds, w)
		more, err := f.passed(ctx, c, w)
		if err != nil {
			return handlers.Outcome{}, err
		}
		deeds = append(deeds, more...)
	}
	return f.keep(ctx, c, b, a, deeds)
}

// others are all entries but one.
func (b *book) others(ctx context.Context, d *handlers.Desk, field string) ([]*Entry, error) {
	all, err := b.everything(ctx, d)
	return slices.DeleteFunc(all, func(e *Entry) bool { return e.field == field || e.Gone != "" }), err
}

// keyed asks for what the key needs besides the place.
func (b *book) keyed(a *config.Act, o *order) *question {
	for _, name := range b.Key.With {
		x := b.Field(name)
		if _, ok := o.Values[name]; !ok {
			for _, s := range a.Set {
				if s.Field == name && s.Default && s.Expr == nil {
					o.set(name, s.Const)
				}
			}
		}
		if _, ok := o.Values[name]; !ok && x.Number() || !x.Number() && o.Texts[name] == "" {
			return &question{Kind: askNeed, Fields: []string{name}, Text: fmt.Sprintf("还差：%s。回%s就行", name, wants(x))}
		}
	}
	return nil
}

// key is the entry's key: the place, and what else belongs to it.
func (b *book) key(o *order) string {
	key := o.To.Key
	for _, name := range b.Key.With {
		if x := b.Field(name); x.Number() {
			key += "|" + x.Format(o.Values[name])
		} else {
			key += "|" + o.Texts[name]
		}
	}
	return key
}

// keep makes the outcome of what was decided.
func (f *Family) keep(ctx context.Context, c *handlers.Call, b *book, a *config.Act, deeds []*deed) (handlers.Outcome, error) {
	var out handlers.Outcome
	var said []string
	var last *deed
	for _, w := range deeds {
		if w.now == nil {
			said = append(said, fmt.Sprintf("%s没有变（%s记的）。", w.o.To.Name, w.lastBy(w.old)))
			continue
		}
		if w.book == b {
			last = w
		}
		o := w.outcome(&c.Desk, w.now)
		out.Changes = append(append(out.Changes, o.Changes...), w.also...)
		out.Require = append(out.Require, w.guards...)
		out.Audit = o.Audit
		out.Touches = append(out.Touches, o.Touches...)
		out.Opens = append(out.Opens, w.opens...)
		out.Pushes = append(out.Pushes, w.queries()...)
		text, err := f.receipt(ctx, c, w)
		if err != nil {
			return out, err
		}
		said = append(said, text)
	}
	if len(deeds) > 0 {
		out.Read = b.understood(&deeds[0].o, "")
	}
	p, err := f.pending(ctx, c)
	if err != nil {
		return out, err
	}
	if last != nil && last.then != nil {
		q := pending{Orders: []order{{Pack: b.pack.Name, Register: b.Name, Act: a.Name, To: last.o.To, Values: keyValues(b, &last.o), Texts: keyTexts(b, &last.o), After: true}}, Question: *last.then, rev: p.rev}
		changes, err := f.remember(ctx, c, b, q)
		if err != nil {
			return out, err
		}
		out.Changes = append(out.Changes, changes...)
		said = append(said, last.then.Text)
	} else if p.rev > 0 {
		out.Changes = append(out.Changes, p.forget(c))
	}
	f.say(c, b, &out, deeds, strings.Join(said, "\n"))
	if b.Sealed() {
		out.Sealed = b.pack.Name
	}
	return out, nil
}

// understood is what was made of a line, for whoever tries one out.
func (b *book) understood(o *order, ask string) handlers.Understanding {
	u := handlers.Understanding{Unit: o.To.Unit, Values: map[string]any{}}
	for name, n := range o.Values {
		switch x := b.Field(name); x.Kind {
		case config.KindInt:
			u.Values[name] = n
		default:
			u.Values[name] = x.Format(n)
		}
	}
	for name, t := range o.Texts {
		u.Values[name] = t
	}
	if o.Picked != "" {
		u.Values[config.NameState] = o.Picked
	}
	if ask != "" {
		u.Asks = []string{ask}
	}
	return u
}

func keyValues(b *book, o *order) map[string]int {
	out := map[string]int{}
	for _, name := range b.Key.With {
		if n, ok := o.Values[name]; ok {
			out[name] = n
		}
	}
	return out
}

func keyTexts(b *book, o *order) map[string]string {
	out := map[string]string{}
	for _, name := range b.Key.With {
		if t, ok := o.Texts[name]; ok {
			out[name] = t
		}
	}
	return out
}

// say puts the receipt where it may be heard: in full 1:1; in a group the sealed ones only
// say that it was kept.
func (f *Family) say(c *handlers.Call, b *book, out *handlers.Outcome, deeds []*deed, text string) {
	if c.Private() || !b.Sealed() {
		out.Reply = handlers.Say(text)
		return
	}
	var short []string
	for _, w := range deeds {
		word := "已记"
		if slices.ContainsFunc(w.rang, func(a *config.Alarm) bool { return a.Case != "" }) {
			word = "异常1"
		}
		short = append(short, w.o.To.Masked+" "+word)
	}
	out.Reply = handlers.Say(strings.Join(short, "，") + "，已私信您")
	out.Pushes = append(out.Pushes, c.PrivateHalf(text+"\n请把群里那条撤回，下次私聊发给我。", b.pack))
}

// receipt is what the act says of one entry.
func (f *Family) receipt(ctx context.Context, c *handlers.Call, w *deed) (string, error) {
	g := w.figures(w.d, w.now, w.old, w.o.To)
	g.result, g.lacks = w.result, w.o.Lacks
	if w.now.field == "" {
		return "", errors.New("receipt: entry without a place")
	}
	if err := f.counts(ctx, &c.Desk, w, &g); err != nil {
		return "", err
	}
	lines := []string{g.say(w.act.Reply)}
	if w.o.After {
		lines[0] = w.o.To.Name + " " + strings.Join(w.now.Last.What, " ") + "，记好了。"
	}
	for _, a := range w.rang {
		if a.Say != "" {
			lines = append(lines, g.say(a.Say))
		}
	}
	if l := w.old.Last; w.old.rev > 0 && l.By != w.by.UserID && l.By != "-" && l.By != "" && w.d.At.Unix()-l.At < int64(recently.Seconds()) && !w.o.sure("change") && (l.Act == w.act.Name || len(w.act.Drop) == 0) {
		lines[0] += "（" + w.lastBy(w.old) + "也记过：" + strings.Join(l.What, " ") + "）"
	}
	return strings.Join(lines, "\n"), nil
}

// outcome is what every change of an entry comes to: the new version, its next moment, the
// line of the audit.
func (b *book) outcome(d *handlers.Desk, e *Entry) handlers.Outcome {
	out := handlers.Outcome{
		Changes: []store.Change{b.put(e)},
		Audit:   handlers.Audit{Unit: e.Unit, Record: b.record(e), Rev: e.rev + 1, Values: e.encode()},
	}
	if at := b.next(d, e); !at.IsZero() {
		out.Changes = append(out.Changes, store.DueAt(dueKind, b.path()+"/"+e.field, at))
	} else if e.rev > 0 {
		out.Changes = append(out.Changes, store.DueDone(dueKind, b.path()+"/"+e.field))
	}
	if b.Sealed() {
		out.Sealed = b.pack.Name
		out.Touches = b.touch("", e)
	}
	return out
}

// touch says for the trail which households an outcome shows or changes.
func (b *book) touch(purpose string, list ...*Entry) []handlers.Touch {
	if !b.Sealed() || len(list) == 0 {
		return nil
	}
	t := handlers.Touch{Pack: b.pack.Name, Purpose: purpose}
	for _, e := range list {
		t.Houses = append(t.Houses, e.Unit+" "+b.shown(e).Line)
	}
	return []handlers.Touch{t}
}

// record names an entry in the audit: by its place in the table, which of a sealed one is a
// keyed hash and says nothing once the key is gone.
func (b *book) record(e *Entry) string { return b.Name + "/" + e.field }

// fine records that all is well for every entry a follow-up runs for.
func (f *Family) fine(ctx context.Context, c *handlers.Call, b *book, a *config.Act, fw *config.Follow, rest string) (handlers.Outcome, error) {
	units := b.reach(&c.Desk, c.Person)
	if len(units) != 1 {
		var names []string
		for _, u := range units {
			if strings.Contains(rest, u.Name) {
				names = append(names, u.Name)
			}
		}
		if len(names) != 1 {
			return handlers.Outcome{}, handlers.Refusef("例：/"+a.Name+" 梅园 "+fw.All[0], "是哪个居民区？请写上名字，什么也没记。%s", "")
		}
		units = slices.DeleteFunc(slices.Clone(units), func(u config.Committee) bool { return u.Name != names[0] })
	}
	all, err := b.everything(ctx, &c.Desk)
	if err != nil {
		return handlers.Outcome{}, err
	}
	var out handlers.Outcome
	var touched []*Entry
	done, left := 0, 0
	slot := ""
	for _, e := range all {
		w := &bench{book: b, d: &c.Desk, by: c.Person, act: a, old: e}
		g := w.figures(w.d, e, nil, target{})
		if e.Unit != units[0].Name || !b.runs(g, fw) {
			continue
		}
		key := w.slotKey(fw, -1)
		slot = fw.Slots[int(key[len(key)-1]-'0')].Name
		if e.Round[fw.Name].Marks[key] != "" {
			continue // somebody has measured there
		}
		if done == most {
			left++
			continue
		}
		w.o = order{Pack: b.pack.Name, Register: b.Name, Act: a.Name, To: b.shown(e), Fine: true}
		v, err := w.decide()
		if err != nil {
			return out, err
		}
		done++
		touched = append(touched, v.now)
		o := b.outcome(&c.Desk, v.now)
		out.Changes = append(out.Changes, o.Changes...)
	}
	switch {
	case done == 0 && slot == "":
		return handlers.Outcome{}, handlers.Refusef("要登记的，发：/"+a.Name+" 户号 度数", "%s现在没有要%s的户。", units[0].Name, fw.Name)
	case done == 0:
		return handlers.Answer(slot + "都已经记过了，没有变。"), nil
	}
	text := fmt.Sprintf("%s%s%d户，都记%s（没报具体值）。", slot, fw.Name, done, fw.Fine[0])
	if left > 0 {
		text += fmt.Sprintf("还有%d户，请再发一次。", left)
	}
	out.Audit = handlers.Audit{Unit: units[0].Name, Record: b.Name + "/" + fw.All[0], Values: fmt.Sprint(done)}
	if b.Sealed() {
		out.Sealed, out.Touches = b.pack.Name, b.touch("", touched...)
	}
	if c.Private() || !b.Sealed() {
		out.Reply = handlers.Say(text)
		return out, nil
	}
	out.Reply = handlers.Say("已记，已私信您")
	out.Pushes = append(out.Pushes, c.PrivateHalf(text, b.pack))
	return out, nil
}

// most is how many entries one line may change: an act of the store holds 500 operations.
const most = 200
