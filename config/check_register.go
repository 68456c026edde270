package config

import (
	"fmt"
	"slices"
	"strings"
)

// checkRegisters proves the registers of a pack: every name means something, every state
// has an owner, a way in and a way out, and no word stands for two commands.
func checkRegisters(r *reader, p *Pack) {
	names := newNames(r, "册子")
	words := newNames(r, "命令")
	for _, f := range p.Forms {
		for _, w := range append([]string{f.Name}, f.Aliases...) {
			words.owner[w] = f.Name
		}
	}
	for i, g := range p.Registers {
		names.add(g.Name, "registers.%d.name", i)
		for j, a := range g.Aliases {
			names.alias(g.Name, a, "registers.%d.aliases.%d", i, j)
		}
		for j, a := range g.Acts {
			words.add(a.Name, "registers.%d.commands.%d.name", i, j)
			for k, w := range a.Aliases {
				words.alias(a.Name, w, "registers.%d.commands.%d.aliases.%d", i, j, k)
			}
		}
		c := &registerCheck{reader: r, pack: p, g: g, at: i}
		c.expand()
		c.fields()
		c.machine()
		c.rules()
		c.acts()
	}
	for i, v := range p.Views {
		checkView(r, p, v, i, words)
	}
}

// registerCheck goes through one register.
type registerCheck struct {
	*reader
	pack *Pack
	g    *Register
	at   int // its place in the pack
}

// place is where a part of the register was written.
func (c *registerCheck) place(format string, args ...any) Place {
	return c.placeOf("registers.%d.%s", c.at, fmt.Sprintf(format, args...))
}

func (c *registerCheck) say(where Place, mend, format string, args ...any) {
	c.problem(where, fmt.Sprintf(format, args...), mend)
}

// expand makes fields of the items of the register's checklist.
func (c *registerCheck) expand() {
	if c.g.List == "" {
		return
	}
	list := c.pack.Cases.List(c.g.List)
	if list == nil {
		var all []string
		for _, l := range c.pack.Cases.Lists {
			all = append(all, l.Name)
		}
		c.say(c.place("checklist"), meant(c.g.List, all), "没有检查单“%s”", c.g.List)
		return
	}
	for _, it := range list.Items {
		if c.g.Field(it.Name) == nil {
			c.g.Fields = append(c.g.Fields, &Field{Name: it.Name, Aliases: it.Aliases, Kind: KindBool, Max: 1, Optional: true, Class: c.g.Class, Case: it.Type, Place: it.Place})
		}
	}
}

func (c *registerCheck) fields() {
	words := newNames(c.reader, "字段")
	for j, f := range c.g.Fields {
		at := fmt.Sprintf("registers.%d.fields.%d", c.at, j)
		words.add(f.Name, "%s.name", at)
		for k, a := range f.Aliases {
			words.alias(f.Name, a, "%s.aliases.%d", at, k)
		}
		if slices.Contains(ReservedNames(), f.Name) || strings.HasPrefix(f.Name, Before) {
			c.say(c.place("fields.%d.name", j), "换一个名称", "“%s”另有用处，不能当字段名", f.Name)
		}
		if f.Class < c.g.Class && c.g.Class >= "C2" {
			f.Class = c.g.Class
		}
		if f.Recent != "" {
			c.count(c.place("fields.%d.recent", j), f.Recent)
		}
		if f.Say != "" && !strings.Contains(f.Say, "{"+NameValue+"}") {
			c.say(c.place("fields.%d.say", j), "写成 约{"+NameValue+"}天 这样", "“%s”的 say 里没有数", f.Name)
		}
		if f.Derive != nil {
			c.names(c.place("fields.%d.derive", j), f.Derive.Names())
			c.earlier(f, j)
		}
		if f.Derive != nil && !f.Number() {
			c.say(c.place("fields.%d.derive", j), "去掉 derive", "“%s”是文字，不能计算", f.Name)
		}
	}
	for j, name := range c.g.Key.With {
		if f := c.g.Field(name); f == nil {
			c.say(c.place("key.with.%d", j), meant(name, registerFields(c.g)), "没有字段“%s”", name)
		} else if f.Derive != nil {
			c.say(c.place("key.with.%d", j), "换一个要人填的字段", "“%s”是算出来的，不能当户头", name)
		}
	}
}

// earlier keeps computed fields from resting on themselves: each names only those before it.
func (c *registerCheck) earlier(f *Field, j int) {
	for _, later := range c.g.Fields[j:] {
		if later.Derive != nil && slices.Contains(f.Derive.Names(), later.Name) {
			c.say(c.place("fields.%d.derive", j), "把“"+later.Name+"”写在前面，或改算式", "“%s”要用还没算的“%s”", f.Name, later.Name)
		}
	}
}

// machine proves the states: one beginning, none out of reach, none without a way out or an
// owner.
func (c *registerCheck) machine() {
	words := newNames(c.reader, "状态")
	var initial *State
	for j, s := range c.g.States {
		at := fmt.Sprintf("registers.%d.states.%d", c.at, j)
		words.add(s.Name, "%s.name", at)
		for k, a := range s.Aliases {
			words.alias(s.Name, a, "%s.aliases.%d", at, k)
		}
		if s.Initial && initial != nil {
			c.say(s.Place, "只留一个 initial", "“%s”和“%s”都是起点", initial.Name, s.Name)
		} else if s.Initial {
			initial = s
		}
		if len(s.Owner) == 0 && !s.Final && s.Name != "" {
			c.say(s.Place, "补上 owner: [社工] 这样的一项", "状态“%s”没有人管", s.Name)
		}
	}
	for j, m := range c.g.Moves {
		for _, from := range m.From {
			if from != "*" {
				c.state(c.place("moves.%d.from", j), from)
			}
		}
		c.state(c.place("moves.%d.to", j), m.To)
		for _, a := range m.On {
			c.act(c.place("moves.%d.on", j), a)
		}
		if m.After != nil {
			c.names(c.place("moves.%d.after", j), m.After.Names())
		}
		c.yes(c.place("moves.%d.unless", j), m.Unless)
		c.yes(c.place("moves.%d.proof", j), m.Proof)
	}
	if len(c.g.States) == 0 {
		return
	}
	if initial == nil {
		c.say(c.place("states"), "给其中一个写上 initial: true", "“%s”没有起点", c.g.Name)
		return
	}
	seen := map[string]bool{initial.Name: true}
	for queue := []string{initial.Name}; len(queue) > 0; queue = queue[1:] {
		for _, to := range c.g.Exits(queue[0]) {
			if !seen[to] {
				seen[to] = true
				queue = append(queue, to)
			}
		}
	}
	for _, s := range c.g.States {
		switch {
		case s.Name == "":
		case !seen[s.Name]:
			c.say(s.Place, "在 moves 里加一条到“"+s.Name+"”的路，或去掉它", "从“%s”出发到不了状态“%s”", initial.Name, s.Name)
		case !s.Final && len(c.g.Exits(s.Name)) == 0:
			c.say(s.Place, "在 moves 里加一条出路，或写上 final: true", "状态“%s”进得去、出不来", s.Name)
		}
	}
}

// rules checks what the register computes, limits, follows and counts.
func (c *registerCheck) rules() {
	for j, x := range c.g.Checks {
		c.rule(c.place("checks.%d.rule", j), x.Rule)
		c.template(c.place("checks.%d.say", j), x.Say)
		c.template(c.place("checks.%d.fix", j), x.Fix)
	}
	limits := newNames(c.reader, "时限")
	for j, l := range c.g.Limits {
		limits.add(l.Name, "registers.%d.limits.%d.name", c.at, j)
		c.limit(l, j)
	}
	for j, f := range c.g.Follows {
		c.follow(f, j)
	}
	for j, a := range c.g.Apart {
		if f := c.field(c.place("apart.%d.field", j), a.Field); f != nil && f.Kind != KindRange {
			c.say(c.place("apart.%d.field", j), "这里只能写 kind: range 的字段", "“%s”不是号段", a.Field)
		}
		c.within(a.Within, "apart.%d.within", j)
	}
	for j, q := range c.g.Quotas {
		if q.Sum != "" {
			c.count(c.place("quotas.%d.sum", j), q.Sum)
		}
		c.states(q.In, "quotas.%d.in", j)
		c.within(q.Within, "quotas.%d.within", j)
		c.template(c.place("quotas.%d.say", j), q.Say)
	}
	for j, n := range c.g.Numbers {
		c.field(c.place("numbers.%d.field", j), n.Field)
		c.within(n.Within, "numbers.%d.within", j)
	}
	tallies := newNames(c.reader, "数")
	for j, t := range c.g.Tallies {
		tallies.add(t.Name, "registers.%d.tallies.%d.name", c.at, j)
		if t.Sum != "" {
			c.count(c.place("tallies.%d.sum", j), t.Sum)
		}
		c.states(t.In, "tallies.%d.in", j)
		c.states(t.Into, "tallies.%d.into", j)
		c.states(t.From, "tallies.%d.from", j)
		for _, a := range t.On {
			c.act(c.place("tallies.%d.on", j), a)
		}
		c.rule(c.place("tallies.%d.when", j), t.When)
		c.feeds(t, j)
	}
}

func (c *registerCheck) limit(l *Limit, j int) {
	c.states(l.In, "limits.%d.in", j)
	kinds := 0
	for _, on := range []bool{l.After > 0, l.On != nil, l.Every > 0} {
		if on {
			kinds++
		}
	}
	if kinds != 1 {
		c.say(l.Place, "写 after: 48h、on: 满日 或 every: 7 中的一个", "时限“%s”要说清从什么时候算", l.Name)
	}
	if l.On != nil {
		c.names(c.place("limits.%d.on", j), l.On.Names())
	}
	for _, a := range l.Acts {
		c.act(c.place("limits.%d.acts", j), a)
	}
	c.rule(c.place("limits.%d.when", j), l.When)
	c.rule(c.place("limits.%d.unless", j), l.Unless)
	if l.Then != "" {
		c.state(c.place("limits.%d.then", j), l.Then)
		if len(l.In) == 0 {
			c.say(l.Place, "写上 in: [状态]", "时限“%s”自动转状态，要说从哪些状态", l.Name)
		}
	}
	if l.Then == "" && l.Case == "" && len(l.Tell) == 0 {
		c.say(l.Place, "写 tell、then 或 case", "时限“%s”到了没有人知道", l.Name)
	}
	c.caseType(c.place("limits.%d.case", j), l.Case)
	c.template(c.place("limits.%d.say", j), l.Say)
}

func (c *registerCheck) follow(f *Follow, j int) {
	if a := c.act(c.place("follow.%d.command", j), f.Act); a != nil && a.Follow != f.Name {
		c.say(c.place("follow.%d.command", j), "在命令“"+a.Name+"”里写 follow: "+f.Name, "命令“%s”不记“%s”", a.Name, f.Name)
	}
	if f.Field != "" {
		c.field(c.place("follow.%d.field", j), f.Field)
	}
	c.states(f.In, "follow.%d.in", j)
	if f.Until != nil {
		c.names(c.place("follow.%d.until", j), f.Until.Names())
	} else if len(f.In) == 0 {
		c.say(f.Place, "写 until 或 in", "“%s”没有说到什么时候为止", f.Name)
	}
	for k, s := range f.Slots {
		if s.By <= s.From || k > 0 && s.From < f.Slots[k-1].From {
			c.say(c.place("follow.%d.times.%d", j, k), "从早到晚写，by 晚于 from", "“%s”的时间%s–%s不对", s.Name, s.From, s.By)
		}
	}
}

func (c *registerCheck) feeds(t *Tally, j int) {
	if t.Form == "" {
		return
	}
	at := c.place("tallies.%d.feeds", j)
	form := c.pack.Form(t.Form)
	if form == nil {
		c.say(at, meant(t.Form, formNames(c.pack)), "没有表单“%s”", t.Form)
		return
	}
	x := form.Field(t.Field)
	if x == nil {
		c.say(at, meant(t.Field, fieldNames(form)), "表单“%s”没有字段“%s”", form.Name, t.Field)
		return
	}
	t.Form, t.Field, t.Health = form.Name, x.Name, t.Health || x.Health
}

func (c *registerCheck) acts() {
	for j, a := range c.g.Acts {
		if a.Behind != "" && c.pack.Form(a.Behind) == nil {
			c.say(c.place("commands.%d.behind", j), meant(a.Behind, formNames(c.pack)), "没有表单“%s”", a.Behind)
		}
		for k, name := range append(slices.Clone(a.Takes), a.Need...) {
			key, n := "takes", k
			if k >= len(a.Takes) {
				key, n = "need", k-len(a.Takes)
			}
			if f := c.field(c.place("commands.%d.%s.%d", j, key, n), name); f != nil && f.Derive != nil {
				c.say(c.place("commands.%d.%s.%d", j, key, n), "去掉", "“%s”是算出来的，不用填", name)
			}
		}
		for k, q := range a.Ask {
			c.field(c.place("commands.%d.ask.%d.field", j, k), q.Field)
			c.rule(c.place("commands.%d.ask.%d.when", j, k), q.When)
		}
		for k, name := range a.Clear {
			c.field(c.place("commands.%d.clear.%d", j, k), name)
		}
		c.rule(c.place("commands.%d.clear_when", j), a.ClearWhen)
		c.states(a.Stay, "commands.%d.stay", j)
		for _, name := range a.Drop {
			c.field(c.place("commands.%d.drop", j), name)
		}
		for _, s := range a.Set {
			if s.Expr != nil {
				c.names(c.place("commands.%d.set.%s", j, s.Field), s.Expr.Names())
			}
		}
		for k, t := range a.Turns {
			at := c.place("commands.%d.to.%d.to", j, k)
			c.rule(c.place("commands.%d.to.%d.when", j, k), t.When)
			if s := c.state(at, t.To); s != nil && !s.Initial && !c.reached(s.Name, a.Name) {
				c.say(at, "在 moves 里加一条", "没有一条 moves 让“%s”到得了“%s”", a.Name, s.Name)
			}
		}
		if a.Picks && len(c.g.States) == 0 {
			c.say(c.place("commands.%d.picks", j), "去掉 picks，或写 states", "“%s”没有状态可选", c.g.Name)
		}
		if a.Follow != "" && c.g.Follow(a.Follow) == nil {
			c.say(c.place("commands.%d.follow", j), "先在 follow 里写", "没有跟踪“%s”", a.Follow)
		}
		if a.Check && c.g.List == "" {
			c.say(c.place("commands.%d.check", j), "在册子上写 checklist", "“%s”没有检查单", c.g.Name)
		}
		if a.Each != "" && !slices.Contains(c.g.Key.With, a.Each) {
			c.say(c.place("commands.%d.each", j), "写 key 的 with 里有的字段", "“%s”不在户头里，一行不能写几个", a.Each)
		}
		for k, x := range a.Alarms {
			c.alarm(x, j, k)
		}
		if a.Draw != nil {
			c.field(c.place("commands.%d.draw.number", j), a.Draw.Number)
			c.field(c.place("commands.%d.draw.round", j), a.Draw.Round)
			c.states(a.Draw.In, "commands.%d.draw.in", j)
		}
		for k, x := range a.Passes {
			c.pass(x, a, j, k)
		}
		c.template(c.place("commands.%d.reply", j), a.Reply)
	}
}

func (c *registerCheck) alarm(x *Alarm, j, k int) {
	if x.From == 0 && x.Below == 0 && x.When == nil && len(x.Words) == 0 {
		c.say(x.Place, "写 field 和 from、below，或 when、words", "这一条没说什么时候报警")
	}
	c.rule(c.place("commands.%d.alarms.%d.when", j, k), x.When)
	c.caseType(c.place("commands.%d.alarms.%d.case", j, k), x.Case)
	if x.To != "" {
		c.state(c.place("commands.%d.alarms.%d.to", j, k), x.To)
	}
	c.template(c.place("commands.%d.alarms.%d.text", j, k), x.Text)
	c.template(c.place("commands.%d.alarms.%d.say", j, k), x.Say)
	c.template(c.place("commands.%d.alarms.%d.query", j, k), x.Query)
	c.template(c.place("commands.%d.alarms.%d.prompt", j, k), x.Prompt)
}

// pass checks what an act hands on: the other register is about the same places.
func (c *registerCheck) pass(x Pass, a *Act, j, k int) {
	at := c.place("commands.%d.passes.%d.to", j, k)
	other := c.pack.Register(x.Register)
	if other == nil || other.Act(x.Act) == nil {
		c.say(at, "写成 册子.命令，两样都要有", "没有“%s.%s”", x.Register, x.Act)
		return
	}
	if other.Key.Of != c.g.Key.Of || !slices.Equal(other.Key.With, c.g.Key.With) || other.Sealed() != c.g.Sealed() {
		c.say(at, "两本册子的 key 要一样", "“%s”和“%s”的户头不一样", c.g.Name, other.Name)
	}
	if !slices.Contains(a.Takes, x.From) {
		c.say(c.place("commands.%d.passes.%d.from", j, k), meant(x.From, a.Takes), "“%s”不读“%s”", a.Name, x.From)
	}
	if f := other.Field(x.Field); f == nil || !f.Stored() {
		c.say(c.place("commands.%d.passes.%d.field", j, k), meant(x.Field, registerFields(other)), "“%s”没有字段“%s”", other.Name, x.Field)
	}
	for i, name := range x.In {
		if other.State(name) == nil {
			c.say(c.place("commands.%d.passes.%d.in.%d", j, k, i), meant(name, stateNames(other)), "没有状态“%s”", name)
		}
	}
}

// reached reports whether an act can bring some entry into a state.
func (c *registerCheck) reached(state, act string) bool {
	return slices.ContainsFunc(c.g.Moves, func(m *Move) bool {
		return m.To == state && (len(m.On) == 0 || slices.Contains(m.On, act))
	})
}
